//! The writing end of the log: one group of records, one write, one sync; a new segment when the last is full.
//! Left to others: who waits for a group (`committer`), what to do at start (`recover`), reading (`reader`).

use std::io;
use std::sync::Arc;

use super::format::{GROUP_HEADER, GroupHeader, SEGMENT_HEADER, SegmentHeader, segment_name};
use crate::disk::Disk;
use crate::store::Position;

/// So many durable bytes, and the system need not keep them in memory any longer: evidence is written once and rarely read, and would otherwise
/// take the place of everything else that is kept there, in memory that has to be found anew for every write.
/// Little in tests, so that they read what was let go of.
const FORGET_EVERY: u64 = if cfg!(test) { 4 << 10 } else { 32 << 20 };

/// Why a group was not acknowledged.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// No room: nothing of it can ever be found; the log goes on.
    Full { doing: &'static str },
    /// Nothing of it was written, and the log takes no more until it is healed.
    Refused { reason: String },
    /// It may or may not be found after a restart; the log takes no more until it is healed, and it is absent then.
    Unknown { reason: String },
}

/// The end of the log and what is needed to move it.
pub(crate) struct Log {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store_id: [u8; 16],
    /// The end of the durable log.
    pub(crate) tail: Position,
    pub(crate) next_group: u64,
    pub(crate) segment_bytes: u64,
    /// Where the segment before the last ends; 0 when there is none.
    pub(crate) previous_end: u64,
    /// The last segment is complete: the next group begins another.
    pub(crate) closed: bool,
    /// Set by a failure that leaves the file's state unknown, until the log is healed.
    pub(crate) broken: Option<String>,
    /// Durable bytes that the system may still keep in memory.
    remembered: u64,
}

impl Log {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        store_id: [u8; 16],
        tail: Position,
        (next_group, previous_end): (u64, u64),
        segment_bytes: u64,
    ) -> Self {
        Self {
            disk,
            store_id,
            tail,
            next_group,
            segment_bytes,
            previous_end,
            closed: false,
            broken: None,
            remembered: 0,
        }
    }

    /// Writes records as one group and returns their positions once they are durable.
    pub(crate) fn append_group(&mut self, records: &[&[u8]]) -> Result<Vec<Position>, Failure> {
        if let Some(reason) = &self.broken {
            return Err(Failure::Refused { reason: reason.clone() });
        }
        let bytes: usize = records.iter().map(|record| record.len()).sum();
        let (Ok(length), Ok(count)) = (u32::try_from(bytes), u32::try_from(records.len())) else {
            return Err(Failure::Full {
                doing: "forming a group",
            });
        };
        let written = GROUP_HEADER + bytes as u64;
        let full = self.tail.offset > SEGMENT_HEADER && self.tail.offset + written > self.segment_bytes;
        if full || self.closed {
            self.rotate()?;
        }
        let header = GroupHeader {
            sequence: self.next_group,
            length,
            count,
        };
        let header = header.encode();
        let mut parts: Vec<&[u8]> = Vec::with_capacity(records.len() + 1);
        parts.push(&header);
        let mut positions = Vec::with_capacity(records.len());
        let mut offset = self.tail.offset + GROUP_HEADER;
        for record in records {
            positions.push(Position { offset, ..self.tail });
            offset += record.len() as u64;
            parts.push(record);
        }
        // A number is never used twice, so the remains of a failed group cannot pass for a later one.
        self.next_group += 1;
        self.write_and_sync(&parts)?;
        self.tail.offset += written;
        self.remembered += written;
        if self.remembered >= FORGET_EVERY {
            self.remembered = 0;
            self.disk.forget_pages(&segment_name(self.tail.segment));
        }
        Ok(positions)
    }

    fn write_and_sync(&mut self, parts: &[&[u8]]) -> Result<(), Failure> {
        let name = segment_name(self.tail.segment);
        if let Err(error) = self.disk.append(&name, self.tail.offset, parts) {
            if takes_nothing(&error) {
                return Err(self.refused("writing", &error));
            }
            if !is_full(&error) {
                return Err(self.unknown("writing", &error));
            }
            // A group that is not whole is never recovered, and this one is not: nothing of it can be found.
            return match self
                .disk
                .truncate(&name, self.tail.offset)
                .and_then(|()| self.disk.sync(&name))
            {
                Ok(()) => Err(Failure::Full {
                    doing: "writing a group",
                }),
                Err(error) => Err(self.refused("cutting a group that did not fit", &error)),
            };
        }
        match self.disk.sync(&name) {
            Ok(()) => Ok(()),
            Err(error) => {
                // Never tried again: the kernel may have dropped the pages and report success next time. Cutting keeps
                // a restart from adopting pages that exist in memory only; if that fails too, nothing is worse. What
                // happens next is up to `heal`.
                let _ = self.disk.truncate(&name, self.tail.offset);
                Err(self.unknown("syncing", &error))
            }
        }
    }

    /// Begins the next segment. The last one is durable to its end already, and is never written again.
    fn rotate(&mut self) -> Result<(), Failure> {
        let number = self.tail.segment + 1;
        let (store_id, first_group, previous_end) = (self.store_id, self.next_group, self.tail.offset);
        let header = SegmentHeader {
            store_id,
            number,
            first_group,
            previous_end,
        };
        match create_segment(&*self.disk, &header) {
            Ok(()) => {
                self.entered(&header);
                Ok(())
            }
            Err(error) if is_full(&error) => {
                let name = segment_name(number);
                let removed = match self.disk.remove(&name) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => self.disk.sync_dir(),
                };
                match removed {
                    Ok(()) => Err(Failure::Full {
                        doing: "beginning a segment",
                    }),
                    Err(error) => Err(self.refused("removing a segment that did not fit", &error)),
                }
            }
            Err(error) => Err(self.refused("beginning a segment", &error)),
        }
    }

    /// Goes on in a segment that has just been made, and closes the one before it.
    pub(crate) fn entered(&mut self, header: &SegmentHeader) {
        self.tail = Position {
            segment: header.number,
            offset: SEGMENT_HEADER,
        };
        self.previous_end = header.previous_end;
        self.closed = false;
        if header.number > 1 {
            finish(&*self.disk, header.number - 1);
        }
    }

    fn refused(&mut self, doing: &str, error: &io::Error) -> Failure {
        let reason = format!("{doing} failed: {error}");
        self.broken = Some(reason.clone());
        Failure::Refused { reason }
    }

    fn unknown(&mut self, doing: &str, error: &io::Error) -> Failure {
        let reason = format!("{doing} failed: {error}");
        self.broken = Some(reason.clone());
        Failure::Unknown { reason }
    }
}

/// Makes a complete segment unwritable. Failing to is no reason to stop: the next start tries again.
pub(crate) fn finish(disk: &dyn Disk, number: u64) {
    let name = segment_name(number);
    if let Err(error) = disk.finish(&name) {
        tracing::warn!(segment = number, %error, "a finished segment could not be made read-only");
    }
}

/// Makes a segment with its header, durable with its name.
pub(crate) fn create_segment(disk: &dyn Disk, header: &SegmentHeader) -> io::Result<()> {
    let name = segment_name(header.number);
    disk.create(&name)?;
    disk.append(&name, 0, &[&header.encode()])?;
    disk.sync(&name)?;
    disk.sync_dir()
}

/// Whether a write with this error wrote nothing: the disk or the file takes no writes at all.
fn takes_nothing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotFound, PermissionDenied, ReadOnlyFilesystem};
    matches!(error.kind(), ReadOnlyFilesystem | PermissionDenied | NotFound)
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
