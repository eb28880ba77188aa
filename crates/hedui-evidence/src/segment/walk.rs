//! Reading one segment from end to end, record by record, past whatever is damaged, and saying what that is.
//! Left to others: which segments, how fast and when (`scrub`, `backup`).

use std::fmt;
use std::sync::Arc;

use super::format::{BadHeader, GROUP_HEADER, GroupHeader, SEGMENT_HEADER, SegmentHeader, segment_name};
use super::reader::{LogReader, SCAN_WINDOW, Window};
use super::recover::later_group;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::frame::{RECORD_PREFIX, Whole, record_is_whole, record_length};
use crate::ids::FrameId;
use crate::store::{Entry, Position, Verified, corrupt, verify_entry};

/// Where a frame's id stands in its record: behind length, CRC and version.
const ID_AT: usize = RECORD_PREFIX + 1;
/// How many findings are kept one by one; a disk that is all noise must not fill the memory.
pub(super) const MOST_FINDINGS: usize = 1_000;

/// Bytes that are not what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Where it begins, as exactly as can be told: a frame's position, a group's header, or the end that does not fit.
    pub at: Position,
    /// The frame that stood there, if that is known.
    pub frame: Option<FrameId>,
    /// What does not fit. One line.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.at)?;
        if let Some(frame) = self.frame {
            write!(out, ", frame {frame}")?;
        }
        write!(out, ": {}", self.reason)
    }
}

/// What was read, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Findings {
    pub(super) verified: Verified,
    /// The first so many.
    pub(super) damage: Vec<Damage>,
    /// How many in all.
    pub(super) damaged: u64,
}

impl Findings {
    pub(super) fn add(&mut self, at: Position, frame: Option<FrameId>, reason: impl Into<String>) {
        let reason = reason.into();
        self.push(Damage { at, frame, reason });
    }

    pub(super) fn push(&mut self, damage: Damage) {
        self.damaged += 1;
        if self.damage.len() < MOST_FINDINGS {
            self.damage.push(damage);
        }
    }
}

/// The group that is being walked.
struct Group {
    end: u64,
    left: u32,
}

/// A segment on its way from end to end.
pub(super) struct Walk {
    reader: LogReader,
    number: u64,
    /// Where it ends.
    end: u64,
    at: u64,
    /// The number of the last group.
    sequence: u64,
    group: Option<Group>,
    window: Option<Window>,
    last: Option<(Position, FrameId)>,
}

impl Walk {
    /// From the beginning of a segment to `end`. Looks at its header.
    pub(super) fn begin(
        disk: &Arc<dyn Disk>,
        (number, end, store_id): (u64, u64, [u8; 16]),
        findings: &mut Findings,
    ) -> Self {
        let mut walk = Self::resume(disk, (number, end), (SEGMENT_HEADER, 0));
        let reason = match header(&**disk, number) {
            Ok(Ok(header)) if header.number == number && header.store_id == store_id => {
                walk.sequence = header.first_group.saturating_sub(1);
                return walk;
            }
            Ok(Ok(_)) => "it says that it is another segment".to_owned(),
            Ok(Err(_)) => "its header is damaged".to_owned(),
            Err(error) => unreadable(&error),
        };
        findings.add(walk.place(0), None, reason);
        walk
    }

    /// From the beginning of a group that an earlier walk came to, with the number of the group before it.
    pub(super) fn resume(disk: &Arc<dyn Disk>, (number, end): (u64, u64), (at, sequence): (u64, u64)) -> Self {
        let tail = Position {
            segment: number,
            offset: end,
        };
        Self {
            reader: LogReader {
                disk: Arc::clone(disk),
                tail,
            },
            number,
            end,
            at,
            sequence,
            group: None,
            window: None,
            last: None,
        }
    }

    fn place(&self, offset: u64) -> Position {
        Position {
            segment: self.number,
            offset,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.at >= self.end
    }

    /// The last whole frame it came by.
    pub(super) fn last(&self) -> Option<(Position, FrameId)> {
        self.last
    }

    /// Where it stands, if it can be resumed there: between two groups.
    pub(super) fn resumable(&self) -> Option<(u64, u64)> {
        self.group.is_none().then_some((self.at, self.sequence))
    }

    /// Goes on by a group's header or a record, and says how many bytes that was. `is_known` says whether the log has a
    /// frame at a place: only then is a damaged record's id trusted. What cannot be read is a finding like any other.
    /// `look` is shown every frame that is whole by itself.
    pub(super) fn step(
        &mut self,
        findings: &mut Findings,
        is_known: &dyn Fn(FrameId, Position) -> bool,
        look: &mut dyn FnMut(&Entry, &mut Findings),
    ) -> u64 {
        let from = self.at;
        match self.group.take() {
            Some(group) => self.record(group, findings, is_known, look),
            None => self.begin_group(findings),
        }
        self.at - from
    }

    fn begin_group(&mut self, findings: &mut Findings) {
        let read = self.get(self.at, GROUP_HEADER);
        let bytes = read.as_deref().unwrap_or_default();
        let header = GroupHeader::decode(bytes).filter(|group| group.sequence > self.sequence);
        let start = self.at + GROUP_HEADER;
        let end = |group: &GroupHeader| start + u64::from(group.length);
        if let Some(group) = header.filter(|group| end(group) <= self.end) {
            self.sequence = group.sequence;
            self.at = start;
            self.group = Some(Group {
                end: end(&group),
                left: group.count,
            });
            return;
        }
        let name = segment_name(self.number);
        let next = later_group(&*self.reader.disk, &name, self.at + 1, self.end, self.sequence);
        let what = match &read {
            Ok(_) => "a group's header is damaged".to_owned(),
            Err(error) => unreadable(error),
        };
        let reason = match next {
            Ok(Some(next)) => format!("{what}; what stood in the group is not read, up to byte {next}"),
            _ => format!("{what}; the rest of the segment is not read"),
        };
        findings.add(self.place(self.at), None, reason);
        self.at = next.ok().flatten().unwrap_or(self.end);
    }

    fn record(
        &mut self,
        mut group: Group,
        findings: &mut Findings,
        is_known: &dyn Fn(FrameId, Position) -> bool,
        look: &mut dyn FnMut(&Entry, &mut Findings),
    ) {
        let at = self.place(self.at);
        if group.left == 0 || self.at >= group.end {
            findings.add(at, None, "a group does not hold as many records as its header says");
            self.at = group.end;
            return;
        }
        let start = self.get(self.at, (ID_AT + 16) as u64);
        let bytes = start.as_deref().unwrap_or_default();
        let claimed = bytes.get(ID_AT..).and_then(|id| id.first_chunk()).copied().map(FrameId);
        let frame = claimed.filter(|id| is_known(*id, at));
        let length = bytes.first_chunk::<RECORD_PREFIX>().and_then(record_length);
        let length = length
            .map(|length| length as u64)
            .filter(|length| self.at + length <= group.end);
        let Some(length) = length else {
            let what = start.err().map(|error| unreadable(&error));
            let what = what.unwrap_or_else(|| "a record's length is damaged".to_owned());
            findings.add(at, frame, format!("{what}; the rest of its group is not read"));
            self.at = group.end;
            return;
        };
        // A length that still fits may be what is damaged: then the next record does not fit either.
        let mut verified = findings.verified;
        let mut damaged = true;
        match self
            .get(self.at, length)
            .and_then(|bytes| check(at, bytes, &mut verified))
        {
            Ok(entry) => {
                findings.verified = verified;
                self.last = Some((at, entry.head.id));
                damaged = false;
                look(&entry, findings);
            }
            Err(StoreError::Corrupt { reason, .. }) => findings.add(at, frame, reason),
            Err(error) => findings.add(at, frame, unreadable(&error)),
        }
        group.left -= 1;
        // Behind the last of a group nothing else can stand, whatever a damaged length says.
        let misled = group.left == 0 && damaged;
        self.at = if misled { group.end } else { self.at + length };
        // The end of a group is where the next begins: its last record ends it at once.
        if group.left > 0 || self.at < group.end {
            self.group = Some(group);
        }
    }

    fn get(&mut self, at: u64, count: u64) -> Result<bytes::Bytes, StoreError> {
        if let Some(mut window) = self.window.take() {
            let bytes = self.reader.get(&mut window, at, count, self.end, SCAN_WINDOW);
            if bytes.is_ok() {
                self.window = Some(window);
                return bytes;
            }
        }
        // What lies behind may be what cannot be read: then as little as is needed.
        let window = self.reader.window(self.number, at, SCAN_WINDOW, self.end);
        let mut window = window.or_else(|_| self.reader.window(self.number, at, count, self.end))?;
        let bytes = self.reader.get(&mut window, at, count, self.end, 0);
        self.window = Some(window);
        bytes
    }
}

/// Everything that can be said of a record by itself, without keys.
fn check(at: Position, record: bytes::Bytes, verified: &mut Verified) -> Result<Entry, StoreError> {
    if record_is_whole(&record) == Whole::No {
        let Position { segment, offset } = at;
        let reason = "these bytes are not what was written".to_owned();
        return Err(StoreError::Corrupt {
            segment,
            offset,
            reason,
        });
    }
    let entry = Entry::new(at, record).map_err(|error| corrupt(at, &error))?;
    verify_entry(&entry, verified)?;
    Ok(entry)
}

pub(super) fn unreadable(error: &StoreError) -> String {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("cannot be read: {error}{cause}")
}

/// A segment's header, or why there is none.
pub(super) fn header(disk: &dyn Disk, number: u64) -> Result<Result<SegmentHeader, BadHeader>, StoreError> {
    let mut bytes = [0u8; SEGMENT_HEADER as usize];
    let read = disk
        .read(&segment_name(number), 0, &mut bytes)
        .map_err(StoreError::io("reading a segment's header"))?;
    Ok(SegmentHeader::decode(bytes.get(..read).unwrap_or_default()))
}

/// Where a finished segment ends to be read, and what does not fit about its length; none when it cannot be read at all.
pub(super) fn finished_end(disk: &dyn Disk, number: u64, findings: &mut Findings) -> Option<u64> {
    let at = |offset| Position {
        segment: number,
        offset,
    };
    let length = match disk.len(&segment_name(number)) {
        Ok(length) => length,
        Err(error) => {
            findings.add(at(0), None, format!("the file cannot be read: {error}"));
            return None;
        }
    };
    let Ok(Ok(next)) = header(disk, number + 1) else {
        // That is said when its turn comes.
        return Some(length);
    };
    let stated = next.previous_end;
    if stated != length {
        let reason = format!("it is {length} bytes long, the next segment says {stated}");
        findings.add(at(stated.min(length)), None, reason);
    }
    Some(stated.min(length))
}
