//! The bytes around frames in a segment file: its header, and the header of each group written at once.
//! Left to others: the frames themselves (`frame`), reading and writing files.

use crate::codec::Reader;

/// Bytes of a segment's header.
pub(crate) const SEGMENT_HEADER: u64 = 56;
/// Bytes of a group's header.
pub(crate) const GROUP_HEADER: u64 = 24;
const SEGMENT_MAGIC: [u8; 8] = *b"HEDUISEG";
/// The first byte never occurs in UTF-8 and is above any record's length, so a group begins like nothing else in a file.
pub(crate) const GROUP_MAGIC: [u8; 4] = [0xF5, b'G', b'R', b'P'];
const VERSION: u32 = 1;

/// Names a segment's file; the number is written so that names sort like numbers.
pub(crate) fn segment_name(number: u64) -> String {
    format!("{number:020}.seg")
}

/// The number in a segment's file name.
pub(crate) fn segment_number(name: &str) -> Option<u64> {
    let number = name.strip_suffix(".seg")?.parse().ok()?;
    (segment_name(number) == name).then_some(number)
}

/// What stands at the beginning of each segment file, durable before the first group follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// The same in all segments of a store.
    pub(crate) store_id: [u8; 16],
    /// From 1, without gaps.
    pub(crate) number: u64,
    /// The least number that its first group can have.
    pub(crate) first_group: u64,
    /// The length of the segment before it; 0 for the first.
    pub(crate) previous_end: u64,
}

/// Why bytes are not a segment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHeader {
    /// Torn or damaged.
    Torn,
    /// Whole, but of a version that this build does not know.
    Version(u32),
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(56);
        out.extend_from_slice(&SEGMENT_MAGIC);
        out.extend_from_slice(&VERSION.to_be_bytes());
        out.extend_from_slice(&self.store_id);
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.first_group.to_be_bytes());
        out.extend_from_slice(&self.previous_end.to_be_bytes());
        let crc = crc32fast::hash(&out);
        out.extend_from_slice(&crc.to_be_bytes());
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, BadHeader> {
        let (covered, crc) = bytes.split_last_chunk::<4>().ok_or(BadHeader::Torn)?;
        if crc32fast::hash(covered) != u32::from_be_bytes(*crc) {
            return Err(BadHeader::Torn);
        }
        let mut from = Reader::new(covered);
        let mut read = || {
            let magic: [u8; 8] = from.array("magic")?;
            let version = from.u32("version")?;
            let store_id = from.array("store id")?;
            let (number, first_group, previous_end) = (from.u64("number")?, from.u64("group")?, from.u64("previous")?);
            Ok::<_, crate::CodecError>((
                magic,
                version,
                Self {
                    store_id,
                    number,
                    first_group,
                    previous_end,
                },
            ))
        };
        match read() {
            Ok((SEGMENT_MAGIC, VERSION, header)) => Ok(header),
            Ok((SEGMENT_MAGIC, version, _)) => Err(BadHeader::Version(version)),
            _ => Err(BadHeader::Torn),
        }
    }
}

/// What stands before the records written and synced at once. A group is whole or it never was: its records were
/// acknowledged together, and the next group is begun only once this one is durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupHeader {
    /// Ascends strictly through the whole store.
    pub(crate) sequence: u64,
    /// Bytes of the records.
    pub(crate) length: u32,
    /// How many records.
    pub(crate) count: u32,
}

impl GroupHeader {
    pub(crate) fn encode(&self) -> [u8; 24] {
        let mut out = [0u8; 24];
        let (sequence, length, count) = (
            self.sequence.to_be_bytes(),
            self.length.to_be_bytes(),
            self.count.to_be_bytes(),
        );
        let covered = GROUP_MAGIC.iter().chain(&sequence).chain(&length).chain(&count);
        out.iter_mut().zip(covered).for_each(|(to, from)| *to = *from);
        if let Some((covered, crc)) = out.split_last_chunk_mut::<4>() {
            *crc = crc32fast::hash(covered).to_be_bytes();
        }
        out
    }

    /// `None` when these bytes do not begin a group.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let header: &[u8; 24] = bytes.first_chunk()?;
        let (covered, crc) = header.split_last_chunk::<4>()?;
        let mut from = Reader::new(covered);
        if from.array::<4>("magic").ok()? != GROUP_MAGIC || crc32fast::hash(covered) != u32::from_be_bytes(*crc) {
            return None;
        }
        let (sequence, length, count) = (
            from.u64("group").ok()?,
            from.u32("length").ok()?,
            from.u32("count").ok()?,
        );
        Some(Self {
            sequence,
            length,
            count,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CRC-32 (IEEE) as its definition says, bit by bit: another road to the same number.
    fn crc32_by_bits(bytes: &[u8]) -> u32 {
        let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        !bytes
            .iter()
            .fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
    }

    #[test]
    fn version_1_headers_are_these_bytes_for_ever() {
        let header = SegmentHeader {
            store_id: [0xAB; 16],
            number: 2,
            first_group: 7,
            previous_end: 0x1234,
        };
        let mut bytes = b"HEDUISEG\0\0\0\x01".to_vec();
        bytes.extend([0xAB; 16]);
        bytes.extend([
            0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0x12, 0x34,
        ]);
        let crc = crc32_by_bits(&bytes);
        bytes.extend(crc.to_be_bytes());
        assert_eq!(header.encode(), bytes);
        assert_eq!(header.encode().len() as u64, SEGMENT_HEADER);
        assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
        let group = GroupHeader {
            sequence: 7,
            length: 0x0102,
            count: 3,
        };
        let mut bytes = b"\xF5GRP\0\0\0\0\0\0\0\x07\0\0\x01\x02\0\0\0\x03".to_vec();
        let crc = crc32_by_bits(&bytes);
        bytes.extend(crc.to_be_bytes());
        assert_eq!(group.encode()[..], bytes);
        assert_eq!(group.encode().len() as u64, GROUP_HEADER);
        assert_eq!(GroupHeader::decode(&group.encode()), Some(group));
    }

    #[test]
    fn no_flipped_bit_is_a_header() {
        let header = SegmentHeader {
            store_id: [1; 16],
            number: 1,
            first_group: 1,
            previous_end: 0,
        }
        .encode();
        let group = GroupHeader {
            sequence: 1,
            length: 2,
            count: 1,
        }
        .encode();
        for bit in 0..header.len() * 8 {
            let mut damaged = header.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(SegmentHeader::decode(&damaged), Err(BadHeader::Torn), "bit {bit}");
        }
        for bit in 0..group.len() * 8 {
            let mut damaged = group;
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(GroupHeader::decode(&damaged), None, "bit {bit}");
        }
    }

    #[test]
    fn a_later_version_is_told_from_damage() {
        let mut bytes = SegmentHeader {
            store_id: [1; 16],
            number: 1,
            first_group: 1,
            previous_end: 0,
        }
        .encode();
        bytes[11] = 2;
        let crc = crc32fast::hash(&bytes[..52]).to_be_bytes();
        bytes[52..].copy_from_slice(&crc);
        assert_eq!(SegmentHeader::decode(&bytes), Err(BadHeader::Version(2)));
    }

    #[test]
    fn names_and_numbers_are_the_same_thing() {
        assert_eq!(segment_name(7), "00000000000000000007.seg");
        assert_eq!(segment_number("00000000000000000007.seg"), Some(7));
        for other in [
            "7.seg",
            "00000000000000000007",
            "LOCK",
            "0000000000000000000a.seg",
            "+0000000000000000007.seg",
        ] {
            assert_eq!(segment_number(other), None);
        }
    }
}
