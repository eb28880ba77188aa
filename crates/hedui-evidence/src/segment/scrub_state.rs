//! Where a scrub is, as a small text in the store's folder.
//! Left to others: scrubbing (`scrub`). A text that is damaged or of another version counts as none.

use std::fmt::Write;

use super::scrub::STATE_FILE;
use super::walk::{Damage, Findings, MOST_FINDINGS};
use crate::disk::Disk;
use crate::ids::FrameId;
use crate::store::{Position, Verified};

const VERSION: &str = "hedui-scrub-v1";
/// More than the largest number of findings takes.
const MOST_BYTES: usize = 1 << 20;

/// The beginning of a group in a finished segment, with the number of the group before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) segment: u64,
    /// 0 when the segment has not been begun.
    pub(super) offset: u64,
    pub(super) sequence: u64,
}

impl Place {
    pub(super) fn segment(segment: u64) -> Self {
        let (offset, sequence) = (0, 0);
        Self {
            segment,
            offset,
            sequence,
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self::segment(1)
    }
}

/// Writes it down. What the findings hold of a group that is not behind yet is found again.
pub(super) fn write(disk: &dyn Disk, place: Place, findings: &Findings) -> std::io::Result<()> {
    disk.replace(STATE_FILE, encode(place, findings).as_bytes())
}

/// Reads it back.
pub(super) fn read(disk: &dyn Disk) -> Option<(Place, Findings)> {
    let length = usize::try_from(disk.len(STATE_FILE).ok()?).ok()?;
    let mut bytes = vec![0u8; length.min(MOST_BYTES)];
    disk.read(STATE_FILE, 0, &mut bytes).ok()?;
    decode(std::str::from_utf8(&bytes).ok()?)
}

fn encode(place: Place, findings: &Findings) -> String {
    let Verified {
        frames,
        leaves,
        sealed,
        bytes,
    } = findings.verified;
    let (segment, offset, sequence) = (place.segment, place.offset, place.sequence);
    let mut text = format!(
        "{VERSION} {segment} {offset} {sequence} {frames} {leaves} {sealed} {bytes} {}\n",
        findings.damaged
    );
    for Damage { at, frame, reason } in &findings.damage {
        let frame = frame.map_or_else(|| "-".to_owned(), |frame| frame.to_string());
        let (segment, offset) = (at.segment, at.offset);
        // Writing to a string does not fail.
        let _ = writeln!(text, "{segment} {offset} {frame} {}", reason.replace('\n', " "));
    }
    let crc = crc32fast::hash(text.as_bytes());
    let _ = writeln!(text, "crc {crc}");
    text
}

fn decode(text: &str) -> Option<(Place, Findings)> {
    let (covered, crc) = text.trim_end().rsplit_once("\ncrc ")?;
    let covered = format!("{covered}\n");
    if crc.parse() != Ok(crc32fast::hash(covered.as_bytes())) {
        return None;
    }
    let mut lines = covered.lines();
    let (version, numbers) = lines.next()?.split_once(' ')?;
    let numbers: Vec<u64> = numbers.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[segment, offset, sequence, frames, leaves, sealed, bytes, damaged] = numbers.as_slice() else {
        return None;
    };
    let damage: Option<Vec<Damage>> = lines.take(MOST_FINDINGS).map(finding).collect();
    let place = Place {
        segment: segment.max(1),
        offset,
        sequence,
    };
    let verified = Verified {
        frames,
        leaves,
        sealed,
        bytes,
    };
    let findings = Findings {
        verified,
        damage: damage?,
        damaged,
    };
    (version == VERSION).then_some((place, findings))
}

fn finding(line: &str) -> Option<Damage> {
    let mut parts = line.splitn(4, ' ');
    let at = Position {
        segment: parts.next()?.parse().ok()?,
        offset: parts.next()?.parse().ok()?,
    };
    let frame = match parts.next()? {
        "-" => None,
        hex => Some(FrameId::from_hex(hex)?),
    };
    let reason = parts.next()?.to_owned();
    Some(Damage { at, frame, reason })
}
