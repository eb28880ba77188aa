//! What a store finds when it is opened: which segments there are, and where the durable log ends.
//! Left to others: the index (`segment`), reading frames (`reader`).

use std::sync::Arc;

use super::Progress;
use super::format::{BadHeader, GROUP_HEADER, GROUP_MAGIC, GroupHeader, SEGMENT_HEADER, SegmentHeader};
use super::format::{segment_name, segment_number};
use super::log::{Log, create_segment, finish};
use super::reader::LogReader;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::frame::{RECORD_PREFIX, Whole, record_is_whole, record_length, some_key_is_zero};
use crate::store::Position;

/// How much is read when looking for a later group, which mostly begins at once, and at most at a time.
const STEP_BYTES: (u64, u64) = (GROUP_HEADER, 1 << 20);

/// How to recover.
pub(crate) struct Wanted {
    pub(crate) new_store_id: [u8; 16],
    pub(crate) segment_bytes: u64,
    pub(crate) read_only: bool,
}

/// What recovery found, beside the log itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Found {
    /// Bytes of a torn, never acknowledged group that were cut (or, reading only, passed over).
    pub(crate) torn_bytes: u64,
    /// Frames of durable groups with a wrapped key that is neither whole nor destroyed: power may have gone while it was
    /// being destroyed. Whoever has finished that checks them again.
    pub(crate) half_keys: Vec<Position>,
}

/// How many such frames are passed over: the keys of one case are destroyed at a time.
pub(super) const MOST_HALF_KEYS: usize = 4_096;

/// Checks frames again that were passed over, now that all keys are destroyed that are to be.
pub(super) fn check_keys(reader: &LogReader, half_keys: &[Position]) -> Result<(), StoreError> {
    half_keys
        .iter()
        .try_for_each(|position| reader.read(*position).map(drop))
}

/// Opens the log: makes it when there is none, checks that the segments belong together, cuts a torn tail.
pub(crate) fn recover(
    disk: Arc<dyn Disk>,
    wanted: &Wanted,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Log, Found), StoreError> {
    let numbers = segments(&*disk)?;
    let Some(last) = numbers.last().copied() else {
        if wanted.read_only {
            return Err(StoreError::Foreign {
                reason: "there are no segments here".to_owned(),
            });
        }
        return first_segment(disk, wanted);
    };
    let (headers, last_is_torn) = headers(&*disk, last)?;
    let Some(header) = headers.last().copied() else {
        if wanted.read_only {
            return Err(StoreError::Foreign {
                reason: "its only segment was never finished".to_owned(),
            });
        }
        // The very first segment was being made when power went: nothing was ever kept in it.
        disk.remove(&segment_name(last))
            .map_err(StoreError::io("removing an unfinished segment"))?;
        return first_segment(disk, wanted);
    };
    let mut found = Found::default();
    let (end, sequence) = end_of(&*disk, &header, &mut found, progress)?;
    let length = measured(&*disk, &segment_name(header.number))?;
    found.torn_bytes = length - end;
    if last_is_torn && found.torn_bytes > 0 {
        return Err(damaged(
            header.number,
            end,
            "a segment that another one follows ends in a torn group",
        ));
    }
    let tail = Position {
        segment: header.number,
        offset: end,
    };
    // The file after it may be gone: one that held nothing yet is made anew when the disk fails, and power can go between.
    let closed = disk
        .is_finished(&segment_name(header.number))
        .map_err(StoreError::io("reading a segment's mode"))?;
    if closed && found.torn_bytes > 0 {
        return Err(damaged(header.number, end, "a finished segment ends in a torn group"));
    }
    if !wanted.read_only {
        finish_all_before(&*disk, header.number)?;
        if last_is_torn {
            disk.remove(&segment_name(last))
                .map_err(StoreError::io("removing an unfinished segment"))?;
        }
        settle(&*disk, tail, found.torn_bytes)?;
    }
    let group = (sequence + 1, header.previous_end);
    let mut log = Log::new(disk, header.store_id, tail, group, wanted.segment_bytes);
    log.closed = closed;
    Ok((log, found))
}

/// Makes every segment unwritable that another one follows. Power may have gone before it was, or a copy lost it.
fn finish_all_before(disk: &dyn Disk, number: u64) -> Result<(), StoreError> {
    for number in 1..number {
        let finished = disk.is_finished(&segment_name(number));
        if !finished.map_err(StoreError::io("reading a segment's mode"))? {
            finish(disk, number);
        }
    }
    Ok(())
}

/// Cuts what is torn, and makes durable what is whole: after a killed process it may stand in memory only, and
/// nothing may be shown that a power cut could still take back.
fn settle(disk: &dyn Disk, tail: Position, torn_bytes: u64) -> Result<(), StoreError> {
    let name = segment_name(tail.segment);
    if torn_bytes > 0 {
        disk.truncate(&name, tail.offset)
            .map_err(StoreError::io("cutting a torn tail"))?;
    }
    disk.sync(&name).map_err(StoreError::io("syncing the last segment"))?;
    disk.sync_dir().map_err(StoreError::io("syncing the folder"))
}

fn first_segment(disk: Arc<dyn Disk>, wanted: &Wanted) -> Result<(Log, Found), StoreError> {
    let header = SegmentHeader {
        store_id: wanted.new_store_id,
        number: 1,
        first_group: 1,
        previous_end: 0,
    };
    create_segment(&*disk, &header).map_err(StoreError::io("beginning the first segment"))?;
    let tail = Position {
        segment: 1,
        offset: SEGMENT_HEADER,
    };
    Ok((
        Log::new(disk, wanted.new_store_id, tail, (1, 0), wanted.segment_bytes),
        Found::default(),
    ))
}

/// The numbers of all segments: 1 to the last, or it is named which one is missing.
fn segments(disk: &dyn Disk) -> Result<Vec<u64>, StoreError> {
    let names = disk.list().map_err(StoreError::io("listing segments"))?;
    let mut numbers: Vec<u64> = names.iter().filter_map(|name| segment_number(name)).collect();
    numbers.sort_unstable();
    for (expected, number) in (1..).zip(&numbers) {
        if expected != *number {
            return Err(damaged(expected, 0, "the file is missing"));
        }
    }
    Ok(numbers)
}

/// Reads and compares the headers of segments 1 to `last`. The last one may be unfinished: then its header is left
/// out and the flag is set.
fn headers(disk: &dyn Disk, last: u64) -> Result<(Vec<SegmentHeader>, bool), StoreError> {
    let mut headers: Vec<SegmentHeader> = Vec::new();
    for number in 1..=last {
        let name = segment_name(number);
        let mut bytes = [0u8; SEGMENT_HEADER as usize];
        let read = disk
            .read(&name, 0, &mut bytes)
            .map_err(StoreError::io("reading a segment's header"))?;
        let header = match SegmentHeader::decode(bytes.get(..read).unwrap_or_default()) {
            Ok(header) => header,
            Err(BadHeader::Version(version)) => {
                let reason = format!("segment {number} has version {version}");
                return Err(StoreError::Foreign { reason });
            }
            Err(BadHeader::Torn) => {
                let length = measured(disk, &name)?;
                // A header is durable before a group follows: a short file was being made, a long one is damaged.
                if number == last && length <= SEGMENT_HEADER {
                    return Ok((headers, true));
                }
                return Err(damaged(number, 0, "its header is damaged"));
            }
        };
        if header.number != number {
            return Err(damaged(number, 0, "it says that it is another segment"));
        }
        if let Some(previous) = headers.last() {
            if header.store_id != previous.store_id {
                let reason = format!("segment {number} belongs to another store");
                return Err(StoreError::Foreign { reason });
            }
            let length = measured(disk, &segment_name(number - 1))?;
            if header.previous_end != length {
                let reason = format!(
                    "it is {length} bytes long, the next segment says {}",
                    header.previous_end
                );
                return Err(damaged(number - 1, length.min(header.previous_end), &reason));
            }
        }
        headers.push(header);
    }
    Ok((headers, false))
}

/// The end of the last whole group of a segment, and its number.
fn end_of(
    disk: &dyn Disk,
    header: &SegmentHeader,
    found: &mut Found,
    progress: &mut dyn FnMut(Progress),
) -> Result<(u64, u64), StoreError> {
    let (number, name) = (header.number, segment_name(header.number));
    let length = measured(disk, &name)?;
    let (mut at, mut sequence) = (SEGMENT_HEADER, header.first_group.saturating_sub(1));
    while at < length {
        progress(Progress::Checking {
            done_bytes: at,
            total_bytes: length,
        });
        match group_at(disk, &name, at, length, sequence)? {
            Group::Whole { end, number } => (at, sequence) = (end, number),
            // A key is destroyed only once a later group, that of the shred frame, is durable. Without one this is torn: zeros are also
            // what stands where a file was made longer and what was written there is not durable yet. Measured anew, as whoever only
            // reads a store in use may have begun before the later group was written.
            Group::Shredded { end, number, half }
                if found.half_keys.len() + half.len() <= MOST_HALF_KEYS
                    && later_group(disk, &name, end, measured(disk, &name)?, number)?.is_some() =>
            {
                let segment = header.number;
                let half = half.into_iter().map(|offset| Position { segment, offset });
                found.half_keys.extend(half);
                (at, sequence) = (end, number);
            }
            torn => {
                let torn = torn.number();
                // The next group is begun only when this one is durable. If there is one, this was not torn by a
                // power cut: acknowledged frames were damaged, and cutting would destroy those behind them too.
                if let Some(later) = later_group(disk, &name, at + 1, length, torn.unwrap_or(sequence))? {
                    let reason = format!("a group is damaged that was durable: a later one begins at byte {later}");
                    return Err(damaged(number, at, &reason));
                }
                break;
            }
        }
    }
    progress(Progress::Checking {
        done_bytes: length,
        total_bytes: length,
    });
    Ok((at, sequence))
}

enum Group {
    Whole {
        end: u64,
        number: u64,
    },
    /// Whole but for wrapped keys, of which some are zeros; or neither whole nor zeros, in the frames that begin at these bytes.
    Shredded {
        end: u64,
        number: u64,
        half: Vec<u64>,
    },
    /// The number, if the header at least is whole.
    Torn {
        number: Option<u64>,
    },
}

impl Group {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Whole { number, .. } | Self::Shredded { number, .. } => Some(*number),
            Self::Torn { number } => *number,
        }
    }
}

fn group_at(disk: &dyn Disk, name: &str, at: u64, length: u64, after: u64) -> Result<Group, StoreError> {
    let bytes = read_exactly(disk, name, at, GROUP_HEADER.min(length - at))?;
    let Some(group) = GroupHeader::decode(&bytes).filter(|group| group.sequence > after) else {
        return Ok(Group::Torn { number: None });
    };
    let start = at + GROUP_HEADER;
    let end = start + u64::from(group.length);
    if end > length {
        return Ok(Group::Torn {
            number: Some(group.sequence),
        });
    }
    let records = read_exactly(disk, name, start, u64::from(group.length))?;
    let number = group.sequence;
    Ok(match keys_of(&records, (start, group.count)) {
        None => Group::Torn { number: Some(number) },
        Some((half, some_are_zero)) if half.is_empty() && !some_are_zero => Group::Whole { end, number },
        Some((half, _)) => Group::Shredded { end, number, half },
    })
}

/// None unless the bytes are exactly `count` records with the right CRC; where those begin that have a wrapped key which is
/// neither whole nor destroyed, and whether any has one that is destroyed. Versions and codes do not matter here: what a later
/// build wrote is whole too and must not be cut.
fn keys_of(mut rest: &[u8], (mut at, count): (u64, u32)) -> Option<(Vec<u64>, bool)> {
    let (mut half, mut some_are_zero) = (Vec::new(), false);
    for _ in 0..count {
        let length = rest.first_chunk::<RECORD_PREFIX>().and_then(record_length)?;
        let (record, others) = rest.split_at_checked(length)?;
        match record_is_whole(record) {
            Whole::Yes => {}
            Whole::ButKeys => half.push(at),
            Whole::No => return None,
        }
        some_are_zero |= some_key_is_zero(record);
        at += length as u64;
        rest = others;
    }
    rest.is_empty().then_some((half, some_are_zero))
}

/// Where a group with a number above `after` begins at or behind `from` and before `length`, if one does.
pub(super) fn later_group(
    disk: &dyn Disk,
    name: &str,
    from: u64,
    length: u64,
    after: u64,
) -> Result<Option<u64>, StoreError> {
    let (mut at, mut step) = (from, STEP_BYTES.0);
    while at + GROUP_HEADER <= length {
        let bytes = read_exactly(disk, name, at, (step + GROUP_HEADER).min(length - at))?;
        for (offset, window) in (at..).zip(bytes.windows(GROUP_HEADER as usize)) {
            if window.starts_with(&GROUP_MAGIC) && GroupHeader::decode(window).is_some_and(|g| g.sequence > after) {
                return Ok(Some(offset));
            }
        }
        at += step;
        step = STEP_BYTES.1;
    }
    Ok(None)
}

fn measured(disk: &dyn Disk, name: &str) -> Result<u64, StoreError> {
    disk.len(name).map_err(StoreError::io("measuring a segment"))
}

fn read_exactly(disk: &dyn Disk, name: &str, at: u64, count: u64) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![0u8; usize::try_from(count).unwrap_or(usize::MAX)];
    let read = disk
        .read(name, at, &mut bytes)
        .map_err(StoreError::io("reading a segment"))?;
    bytes.truncate(read);
    Ok(bytes)
}

fn damaged(segment: u64, offset: u64, reason: &str) -> StoreError {
    StoreError::Corrupt {
        segment,
        offset,
        reason: reason.to_owned(),
    }
}
