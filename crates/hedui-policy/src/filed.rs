//! What is filed of a verified household beside its verdict: where it lives, what it was verified for, and its snapshots.
//! Leaves sealing it, and finding it again, to the caller. Holds no name and no number of a person, but births: seal it like an answer.
//!
//! The bytes, version 1: version; residence (0 urban, 1 rural); the district (its number, little endian, three bytes); the town (the number of
//! twelve digits, little endian, five bytes, 0 for none); the programmes (count, then each: length and text, ascending); the snapshots (count,
//! then each: length, little endian, four bytes, and its bytes).

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::town::Town;
use hedui_ids::DivisionCode;

use crate::snapshot::{MAX_SNAPSHOT_BYTES, Snapshot, SnapshotError};

#[cfg(test)]
mod tests;

const VERSION: u8 = 1;
/// Most snapshots of one household: one for each rule of who counts.
pub const MAX_SNAPSHOTS: usize = 16;

/// What is filed of a household, over bytes that are kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filed<'a> {
    /// The district that verified it.
    pub district: DivisionCode,
    /// Which standard applies.
    pub residence: Residence,
    /// Where in the district it lives, where that was stated.
    pub town: Option<Town>,
    programmes: &'a [u8],
    snapshots: &'a [u8],
}

impl<'a> Filed<'a> {
    /// The bytes of what is to be filed.
    ///
    /// # Errors
    /// `TooMany` beyond [`MAX_SNAPSHOTS`] or 255 programmes.
    pub fn encode(
        (district, residence, town): (DivisionCode, Residence, Option<Town>),
        programmes: &[ProgrammeId],
        snapshots: &[Snapshot],
    ) -> Result<Vec<u8>, SnapshotError> {
        let too_many = |field, limit| SnapshotError::TooMany { field, limit };
        let mut sorted: Vec<&ProgrammeId> = programmes.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let count = u8::try_from(sorted.len()).map_err(|_| too_many("programmes", 255))?;
        if snapshots.len() > MAX_SNAPSHOTS {
            return Err(too_many("snapshots", MAX_SNAPSHOTS));
        }
        let mut out = Vec::with_capacity(64 + 192 * snapshots.len());
        out.extend([VERSION, u8::from(residence == Residence::Rural)]);
        out.extend(district.number().to_le_bytes().iter().take(3));
        out.extend(town.map_or(0, Town::number).to_le_bytes().iter().take(5));
        out.push(count);
        for programme in sorted {
            let text = programme.as_str().as_bytes();
            // An id has at most 63 characters.
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.extend(text);
        }
        out.push(u8::try_from(snapshots.len()).unwrap_or(u8::MAX));
        for snapshot in snapshots {
            let head = out.len();
            out.extend([0; 4]);
            snapshot.encode_to(&mut out);
            let length = u32::try_from(out.len() - head - 4).unwrap_or(u32::MAX);
            if let Some(slot) = out.get_mut(head..head + 4) {
                slot.copy_from_slice(&length.to_le_bytes());
            }
        }
        Ok(out)
    }

    /// Reads the bytes, all of them; the snapshots themselves are read when they are wanted.
    ///
    /// # Errors
    /// `VersionUnknown`, `Malformed`, `TooMany`.
    pub fn read(bytes: &'a [u8]) -> Result<Filed<'a>, SnapshotError> {
        let mut rest = Rest(bytes);
        let found = rest.byte("version")?;
        if found != VERSION {
            return Err(SnapshotError::VersionUnknown { found });
        }
        let malformed = |field| SnapshotError::Malformed { field };
        let residence = match rest.byte("residence")? {
            0 => Residence::Urban,
            1 => Residence::Rural,
            _ => return Err(malformed("residence")),
        };
        let district = rest.number::<3>("district")?;
        let district = u32::try_from(district).ok().and_then(DivisionCode::new);
        let town = match rest.number::<5>("town")? {
            0 => None,
            number => Some(Town::new(number).ok_or(malformed("town"))?),
        };
        let programmes = rest.0;
        let mut before: Option<&[u8]> = None;
        for _ in 0..rest.byte("programmes")? {
            let length = usize::from(rest.byte("programmes")?);
            let text = rest.take(length, "programmes")?;
            // Ascending, or it would be another encoding of the same.
            let is_id = std::str::from_utf8(text).is_ok_and(|text| ProgrammeId::new(text).is_ok());
            if !is_id || before.is_some_and(|before| before >= text) {
                return Err(malformed("programmes"));
            }
            before = Some(text);
        }
        let programmes = programmes.get(..programmes.len() - rest.0.len()).unwrap_or_default();
        let snapshots = rest.0;
        let count = usize::from(rest.byte("snapshots")?);
        if count > MAX_SNAPSHOTS {
            let (field, limit) = ("snapshots", MAX_SNAPSHOTS);
            return Err(SnapshotError::TooMany { field, limit });
        }
        for _ in 0..count {
            let length = rest.number::<4>("snapshots")?;
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > MAX_SNAPSHOT_BYTES {
                let (field, limit) = ("snapshot", MAX_SNAPSHOT_BYTES);
                return Err(SnapshotError::TooMany { field, limit });
            }
            rest.take(length, "snapshots")?;
        }
        if !rest.0.is_empty() {
            return Err(malformed("end"));
        }
        Ok(Filed {
            district: district.ok_or(malformed("district"))?,
            residence,
            town,
            programmes,
            snapshots,
        })
    }

    /// The ids of the programmes that it was verified for, ascending.
    pub fn programmes(&self) -> impl Iterator<Item = &'a str> {
        let mut rest = Rest(self.programmes.get(1..).unwrap_or_default());
        std::iter::from_fn(move || {
            let length = usize::from(rest.byte("programmes").ok()?);
            std::str::from_utf8(rest.take(length, "programmes").ok()?).ok()
        })
    }

    /// The bytes of each snapshot.
    pub fn snapshots(&self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Rest(self.snapshots.get(1..).unwrap_or_default());
        std::iter::from_fn(move || {
            let length = rest.number::<4>("snapshots").ok()?;
            rest.take(usize::try_from(length).ok()?, "snapshots").ok()
        })
    }
}

/// What is left to read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize, field: &'static str) -> Result<&'a [u8], SnapshotError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(SnapshotError::Malformed { field })?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self, field: &'static str) -> Result<u8, SnapshotError> {
        let taken = self.take(1, field)?;
        taken.first().copied().ok_or(SnapshotError::Malformed { field })
    }

    /// A number of so many bytes, little endian.
    fn number<const N: usize>(&mut self, field: &'static str) -> Result<u64, SnapshotError> {
        let bytes = self.take(N, field)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}
