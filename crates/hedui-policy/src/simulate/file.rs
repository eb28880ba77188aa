//! Files of many filed households, for a province that is judged without a server; a file that was cut off or changed is refused.
//! Leaves what is filed of one to `filed`, and keeping the file from others to whoever writes it: it holds births.
//!
//! The form: the line `hedui-snapshots-v1`; each household behind its length (little endian, four bytes): its verification (16 bytes) and what is
//! filed; then four zeros, the number of households (little endian, eight bytes), and the BLAKE3 of all that stands between the line and the zeros.

use std::io::{Read, Write};

use super::SimulationError;
use super::run::Row;
use crate::filed::MAX_SNAPSHOTS;
use crate::snapshot::MAX_SNAPSHOT_BYTES;

const HEAD: &[u8] = b"hedui-snapshots-v1\n";
/// Longest household: every snapshot and every programme at its longest.
const MAX_ROW_BYTES: usize = 64 * 1024 + MAX_SNAPSHOTS * MAX_SNAPSHOT_BYTES;
/// Bytes of a block: longer than any household, and enough for several threads.
const BLOCK_BYTES: usize = 8 * 1024 * 1024;
/// Number of households and digest.
const FOOT_BYTES: usize = 8 + 32;

/// What is wrong with a file of households.
#[derive(Debug, thiserror::Error)]
pub enum FiledFileError {
    /// It does not begin as one.
    #[error("no file of snapshots: it does not begin with `hedui-snapshots-v1`")]
    NoSnapshots,
    /// It ends too early.
    #[error("the file ends after {households} households without its last line: it was cut off")]
    Truncated {
        /// How many were read.
        households: u64,
    },
    /// Something else stands in it than was written.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What does not fit.
        what: &'static str,
    },
    /// It could not be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A household in it cannot be judged.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
}

impl FiledFileError {
    /// Stable reason for callers.
    pub fn reason(&self) -> &'static str {
        match self {
            FiledFileError::NoSnapshots => "SNAPSHOTS_FILE_FORMAT",
            FiledFileError::Truncated { .. } => "SNAPSHOTS_FILE_TRUNCATED",
            FiledFileError::Damaged { .. } => "SNAPSHOTS_FILE_DAMAGED",
            FiledFileError::Unreadable(_) => "SNAPSHOTS_FILE_UNREADABLE",
            FiledFileError::Simulation(error) => error.reason(),
        }
    }
}

/// Writes filed households one after another.
#[derive(Debug)]
pub struct FiledWriter<W: Write> {
    sink: W,
    hasher: blake3::Hasher,
    households: u64,
}

impl<W: Write> FiledWriter<W> {
    /// Writes to a sink, which should be buffered.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn new(mut sink: W) -> std::io::Result<FiledWriter<W>> {
        sink.write_all(HEAD)?;
        Ok(FiledWriter {
            sink,
            hasher: blake3::Hasher::new(),
            households: 0,
        })
    }

    /// Writes one.
    ///
    /// # Errors
    /// Those of the sink; `InvalidInput` for what is longer than anything that can be filed.
    pub fn write(&mut self, row: Row<'_>) -> std::io::Result<()> {
        let length = row.reference.len() + row.filed.len();
        if length > MAX_ROW_BYTES {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let head = u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
        for part in [head.as_slice(), &row.reference, row.filed] {
            self.hasher.update(part);
            self.sink.write_all(part)?;
        }
        self.households += 1;
        Ok(())
    }

    /// The sink, with everything written, and how many households there are.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> std::io::Result<(W, u64)> {
        self.sink.write_all(&[0; 4])?;
        self.sink.write_all(&self.households.to_le_bytes())?;
        self.sink.write_all(self.hasher.finalize().as_bytes())?;
        self.sink.flush()?;
        Ok((self.sink, self.households))
    }
}

/// Several households.
#[derive(Debug, Default)]
pub(super) struct FiledBlock {
    bytes: Vec<u8>,
    /// Where each ends; they follow each other.
    ends: Vec<usize>,
}

impl FiledBlock {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        let mut start = 0;
        let rows = self.ends.iter().filter_map(|end| {
            let row = self.bytes.get(start + 4..*end);
            start = *end;
            let (reference, filed) = row?.split_first_chunk()?;
            Some(Row {
                reference: *reference,
                filed,
            })
        });
        rows.collect()
    }
}

/// Reads filed households, with no more memory than two blocks of them take.
#[derive(Debug)]
pub struct FiledReader<R: Read> {
    source: R,
    hasher: blake3::Hasher,
    households: u64,
    /// Bytes of the next block that were read with the last one.
    ahead: Vec<u8>,
    ended: bool,
}

impl<R: Read> FiledReader<R> {
    /// Reads from a source, which need not be buffered.
    ///
    /// # Errors
    /// `NoSnapshots`, `Unreadable`.
    pub fn new(mut source: R) -> Result<FiledReader<R>, FiledFileError> {
        let mut head = Vec::with_capacity(HEAD.len());
        source.by_ref().take(HEAD.len() as u64).read_to_end(&mut head)?;
        if head != HEAD {
            return Err(FiledFileError::NoSnapshots);
        }
        Ok(FiledReader {
            source,
            hasher: blake3::Hasher::new(),
            households: 0,
            ahead: Vec::new(),
            ended: false,
        })
    }

    /// How many households have been read.
    pub fn households(&self) -> u64 {
        self.households
    }

    /// The next households; none at the end of the file, whose number and digest have then been found to be right.
    pub(super) fn read_block(&mut self) -> Result<FiledBlock, FiledFileError> {
        let mut block = FiledBlock::default();
        if self.ended {
            return Ok(block);
        }
        block.bytes = std::mem::take(&mut self.ahead);
        let room = u64::try_from(BLOCK_BYTES - block.bytes.len().min(BLOCK_BYTES)).unwrap_or(0);
        self.source.by_ref().take(room).read_to_end(&mut block.bytes)?;
        let mut end = 0;
        while let Some(head) = block.bytes.get(end..).and_then(|rest| rest.first_chunk::<4>()) {
            let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
            if length == 0 {
                self.hasher.update(block.bytes.get(..end).unwrap_or_default());
                self.households += u64::try_from(block.ends.len()).unwrap_or(u64::MAX);
                self.check_foot(block.bytes.get(end + 4..).unwrap_or_default())?;
                return Ok(block);
            }
            if !(16..=MAX_ROW_BYTES).contains(&length) {
                let what = "a household that is longer or shorter than any can be";
                return Err(FiledFileError::Damaged { what });
            }
            if end + 4 + length > block.bytes.len() {
                break;
            }
            end += 4 + length;
            block.ends.push(end);
        }
        self.ahead.extend_from_slice(block.bytes.get(end..).unwrap_or_default());
        block.bytes.truncate(end);
        self.hasher.update(&block.bytes);
        self.households += u64::try_from(block.ends.len()).unwrap_or(u64::MAX);
        if block.ends.is_empty() {
            let households = self.households;
            return Err(FiledFileError::Truncated { households });
        }
        Ok(block)
    }

    /// What stands behind the last household; a part of it may have been read.
    fn check_foot(&mut self, begun: &[u8]) -> Result<(), FiledFileError> {
        let mut foot = begun.to_vec();
        // One byte more would be too many.
        let rest = (FOOT_BYTES + 1).saturating_sub(foot.len());
        self.source.by_ref().take(rest as u64).read_to_end(&mut foot)?;
        let households = self.households;
        if foot.len() < FOOT_BYTES {
            return Err(FiledFileError::Truncated { households });
        }
        let damaged = |what| Err(FiledFileError::Damaged { what });
        let (number, digest) = foot.split_at(8);
        if number != households.to_le_bytes() {
            return damaged("another number of households than its last line says");
        }
        if digest != self.hasher.finalize().as_bytes() {
            return damaged("its digest is another one, or something stands behind it");
        }
        self.ended = true;
        Ok(())
    }
}
