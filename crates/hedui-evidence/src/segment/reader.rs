//! Reading the durable log: one frame by its position, or a stretch of it in order. Every record's CRC is checked.
//! Left to others: finding positions (`lookup`), writing (`log`).

use std::sync::Arc;

use bytes::Bytes;

use super::format::{GROUP_HEADER, GROUP_MAGIC, GroupHeader, SEGMENT_HEADER, segment_name};
use crate::codec::CodecError;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::frame::{Frame, RECORD_PREFIX, Whole, record_is_whole, record_length};
use crate::store::{Entry, MAX_PAGE, MAX_PAGE_BYTES, Page, Position, corrupt};

/// What is read first of a frame at a known position: most frames are smaller, so that one read is enough.
const FRAME_WINDOW: u64 = 48 << 10;
/// What a scan reads at a time.
pub(super) const SCAN_WINDOW: u64 = 1 << 20;

/// The log up to an end that was durable when the reader was made.
pub(crate) struct LogReader {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) tail: Position,
}

/// A stretch of one segment held in memory.
pub(super) struct Window {
    segment: u64,
    start: u64,
    bytes: Bytes,
}

/// What stands at a place.
enum Here {
    Group,
    Record(Bytes),
    Neither,
}

impl LogReader {
    /// The frame that begins at `position`.
    pub(crate) fn read(&self, position: Position) -> Result<Frame, StoreError> {
        Frame::decode(&self.record(position)?).map_err(|error| corrupt(position, &error))
    }

    /// The record that begins at `position`, whatever state its wrapped keys are in.
    pub(super) fn record(&self, position: Position) -> Result<Bytes, StoreError> {
        let Position { segment, offset } = position;
        let missing = || StoreError::NotFound { segment, offset };
        let end = self.segment_end(segment)?.ok_or_else(missing)?;
        if offset < SEGMENT_HEADER || offset >= end {
            return Err(missing());
        }
        let mut window = self.window(segment, offset, FRAME_WINDOW, end)?;
        if let Here::Record(record) = self.look(&mut window, offset, end, FRAME_WINDOW)? {
            return Ok(record);
        }
        // Either nobody was ever told this position, or the frame there is damaged: the groups know which.
        if self.first_record_from(segment, offset, end)? == offset {
            Err(broken(position))
        } else {
            Err(missing())
        }
    }

    /// The log from the first frame at or after `from`.
    pub(crate) fn scan(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        self.scan_with(from, limit, &Entry::new)
    }

    /// The same, over frames whose wrapped keys are in any state: before what power interrupted is finished.
    pub(super) fn scan_with_any_keys(&self, from: Position, limit: usize) -> Result<Page, StoreError> {
        self.scan_with(from, limit, &Entry::with_any_keys)
    }

    fn scan_with(
        &self,
        from: Position,
        limit: usize,
        entry: &dyn Fn(Position, Bytes) -> Result<Entry, CodecError>,
    ) -> Result<Page, StoreError> {
        let mut page = Page {
            entries: Vec::new(),
            next: from,
            at_end: from >= self.tail,
        };
        let mut at = from.max(Position {
            segment: 1,
            offset: SEGMENT_HEADER,
        });
        at.offset = at.offset.max(SEGMENT_HEADER);
        let (mut bytes, mut window) = (0, None::<Window>);
        while at < self.tail && page.entries.len() < limit.clamp(1, MAX_PAGE) && bytes < MAX_PAGE_BYTES {
            let end = self.segment_end(at.segment)?.unwrap_or(0);
            if at.offset >= end {
                at = Position {
                    segment: at.segment + 1,
                    offset: SEGMENT_HEADER,
                };
                continue;
            }
            let mut here = match window.take() {
                Some(window) if window.segment == at.segment => window,
                _ => self.window(at.segment, at.offset, SCAN_WINDOW, end)?,
            };
            match self.look(&mut here, at.offset, end, SCAN_WINDOW)? {
                Here::Group => at.offset += GROUP_HEADER,
                Here::Record(record) => {
                    let length = record.len();
                    page.entries
                        .push(entry(at, record).map_err(|error| corrupt(at, &error))?);
                    bytes += length;
                    at.offset += length as u64;
                }
                // What was read so far is handed out; the next page begins with the damage.
                Here::Neither if !page.entries.is_empty() => break,
                Here::Neither => {
                    let next = self.first_record_from(at.segment, at.offset, end)?;
                    if next == at.offset {
                        return Err(broken(at));
                    }
                    at.offset = next;
                }
            }
            window = Some(here);
        }
        page.next = at.max(from);
        page.at_end = page.next >= self.tail;
        Ok(page)
    }

    /// Where a segment's durable bytes end; `None` when there is no such segment.
    fn segment_end(&self, segment: u64) -> Result<Option<u64>, StoreError> {
        if segment == 0 || segment > self.tail.segment {
            return Ok(None);
        }
        if segment == self.tail.segment {
            return Ok(Some(self.tail.offset));
        }
        self.disk
            .len(&segment_name(segment))
            .map(Some)
            .map_err(StoreError::io("measuring a segment"))
    }

    /// Bytes of the whole log, headers included.
    pub(crate) fn bytes(&self) -> Result<u64, StoreError> {
        self.bytes_from(Position::START)
    }

    /// Bytes of the log from a position to its end.
    pub(crate) fn bytes_from(&self, from: Position) -> Result<u64, StoreError> {
        let mut bytes = 0;
        for segment in from.segment.max(1)..=self.tail.segment {
            let skipped = if segment == from.segment { from.offset } else { 0 };
            bytes += self.segment_end(segment)?.unwrap_or(0).saturating_sub(skipped);
        }
        Ok(bytes)
    }

    pub(super) fn window(&self, segment: u64, start: u64, want: u64, end: u64) -> Result<Window, StoreError> {
        let count = want.min(end.saturating_sub(start));
        let mut bytes = vec![0u8; usize::try_from(count).unwrap_or(usize::MAX)];
        let name = segment_name(segment);
        let read = self
            .disk
            .read(&name, start, &mut bytes)
            .map_err(StoreError::io("reading a segment"))?;
        if read < bytes.len() {
            let offset = start + read as u64;
            return Err(StoreError::Corrupt {
                segment,
                offset,
                reason: "the file ends too early".to_owned(),
            });
        }
        Ok(Window {
            segment,
            start,
            bytes: Bytes::from(bytes),
        })
    }

    /// At least `count` bytes from `offset`, or as many as there are before `end`; moves the window where needed.
    pub(super) fn get(
        &self,
        window: &mut Window,
        offset: u64,
        count: u64,
        end: u64,
        step: u64,
    ) -> Result<Bytes, StoreError> {
        let count = count.min(end.saturating_sub(offset));
        let inside = |window: &Window| {
            let skip = usize::try_from(offset.checked_sub(window.start)?).ok()?;
            let until = skip.checked_add(usize::try_from(count).ok()?)?;
            (until <= window.bytes.len()).then(|| window.bytes.slice(skip..until))
        };
        if let Some(bytes) = inside(window) {
            return Ok(bytes);
        }
        *window = self.window(window.segment, offset, count.max(step), end)?;
        Ok(inside(window).unwrap_or_default())
    }

    fn look(&self, window: &mut Window, offset: u64, end: u64, step: u64) -> Result<Here, StoreError> {
        let start = self.get(window, offset, GROUP_HEADER, end, step)?;
        if start.starts_with(&GROUP_MAGIC) {
            let group = GroupHeader::decode(&start);
            let fits = group.is_some_and(|group| offset + GROUP_HEADER + u64::from(group.length) <= end);
            return Ok(if fits { Here::Group } else { Here::Neither });
        }
        let Some(length) = start.first_chunk::<RECORD_PREFIX>().and_then(record_length) else {
            return Ok(Here::Neither);
        };
        if offset + length as u64 > end {
            return Ok(Here::Neither);
        }
        let record = self.get(window, offset, length as u64, end, step)?;
        // A wrapped key that is damaged is said by whoever decodes the record.
        Ok(match record_is_whole(&record) {
            Whole::Yes | Whole::ButKeys => Here::Record(record),
            Whole::No => Here::Neither,
        })
    }

    /// Where the first record at or after `offset` begins (or the segment ends), told by walking the groups from the
    /// segment's beginning. Slow, and used only where something does not fit.
    fn first_record_from(&self, segment: u64, offset: u64, end: u64) -> Result<u64, StoreError> {
        let mut window = self.window(segment, SEGMENT_HEADER, SCAN_WINDOW, end)?;
        let mut at = SEGMENT_HEADER;
        while at < end {
            let header = self.get(&mut window, at, GROUP_HEADER, end, SCAN_WINDOW)?;
            let group = GroupHeader::decode(&header).ok_or_else(|| broken(Position { segment, offset: at }))?;
            let group_end = at + GROUP_HEADER + u64::from(group.length);
            let mut record = at + GROUP_HEADER;
            while offset < group_end && record < group_end {
                if record >= offset {
                    return Ok(record);
                }
                let prefix = self.get(&mut window, record, RECORD_PREFIX as u64, end, SCAN_WINDOW)?;
                let length = prefix.first_chunk::<RECORD_PREFIX>().and_then(record_length);
                record += length.ok_or_else(|| {
                    broken(Position {
                        segment,
                        offset: record,
                    })
                })? as u64;
            }
            at = group_end;
        }
        Ok(end)
    }
}

fn broken(at: Position) -> StoreError {
    let reason = "these bytes are not what was written".to_owned();
    StoreError::Corrupt {
        segment: at.segment,
        offset: at.offset,
        reason,
    }
}
