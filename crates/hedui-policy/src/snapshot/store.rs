//! Files of many snapshots: each behind its length (little endian, four bytes).
//! Leaves the bytes of one to `encode`, and sealing, checksums and where they are kept to the caller.

use std::io::{Read, Write};

use super::{MAX_SNAPSHOT_BYTES, Snapshot, SnapshotError};

/// Writes snapshots one after another.
#[derive(Debug)]
pub struct SnapshotWriter<W: Write> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> SnapshotWriter<W> {
    /// Writes to a sink, which should be buffered.
    pub fn new(sink: W) -> SnapshotWriter<W> {
        SnapshotWriter {
            sink,
            buffer: Vec::new(),
        }
    }

    /// Writes one.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, snapshot: &Snapshot) -> std::io::Result<()> {
        self.buffer.clear();
        self.buffer.extend([0; 4]);
        snapshot.encode_to(&mut self.buffer);
        let length = u32::try_from(self.buffer.len() - 4).unwrap_or(u32::MAX);
        if let Some(head) = self.buffer.first_chunk_mut::<4>() {
            *head = length.to_le_bytes();
        }
        self.sink.write_all(&self.buffer)
    }

    /// The sink, with everything written.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// Reads snapshots that were written one after another, with no more memory than a block of them takes.
#[derive(Debug)]
pub struct SnapshotReader<R: Read> {
    source: R,
    /// Bytes of the next block that were read with the last one.
    ahead: Vec<u8>,
}

/// Several encoded snapshots.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Where each ends; they follow each other.
    ends: Vec<usize>,
}

impl Block {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of some of them, by position.
    pub(crate) fn rows(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = &[u8]> {
        rows.filter_map(|row| {
            let start = match row.checked_sub(1) {
                Some(before) => *self.ends.get(before)?,
                None => 0,
            };
            self.bytes.get(start + 4..*self.ends.get(row)?)
        })
    }
}

/// Bytes of a block: large enough to be shared by several threads, small enough not to matter.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

impl<R: Read> SnapshotReader<R> {
    /// Reads from a source, which need not be buffered.
    pub fn new(source: R) -> SnapshotReader<R> {
        SnapshotReader {
            source,
            ahead: Vec::new(),
        }
    }

    /// The next snapshots, into the memory of an earlier block; none at the end of the source.
    pub(crate) fn read_block(&mut self, block: &mut Block) -> Result<(), SnapshotError> {
        block.ends.clear();
        block.bytes.clear();
        block.bytes.append(&mut self.ahead);
        let room = u64::try_from(BLOCK_BYTES - block.bytes.len().min(BLOCK_BYTES)).unwrap_or(0);
        let limited = (&mut self.source).take(room);
        let read = { limited }.read_to_end(&mut block.bytes);
        read.map_err(|error| SnapshotError::Unreadable(error.kind()))?;
        let mut end = 0;
        while let Some(head) = block.bytes.get(end..).and_then(|rest| rest.first_chunk::<4>()) {
            let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
            if length > MAX_SNAPSHOT_BYTES {
                return Err(SnapshotError::TooMany {
                    field: "snapshot",
                    limit: MAX_SNAPSHOT_BYTES,
                });
            }
            if end + 4 + length > block.bytes.len() {
                break;
            }
            end += 4 + length;
            block.ends.push(end);
        }
        self.ahead.extend_from_slice(block.bytes.get(end..).unwrap_or_default());
        // A block is longer than the longest snapshot, so that one which is not whole was cut off by the end of the source.
        if block.ends.is_empty() && !self.ahead.is_empty() {
            return Err(SnapshotError::Truncated);
        }
        Ok(())
    }
}
