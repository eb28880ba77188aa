//! What opening a store is busy with and what it found; finishing the destructions that an earlier process did not.
//! Left to others: the order of opening (`segment`), each of its steps (`recover`, `catch_up`, `shred`).

use std::io;
use std::path::Path;

use super::format::{SEGMENT_HEADER, segment_number};
use super::walk::Damage;
use super::{SegmentStore, recover};
use crate::error::StoreError;
use crate::store::{Position, RefusalReason};

/// Whether a folder has segments with anything behind their headers. A start that went no further leaves one without.
///
/// # Errors
/// The folder cannot be read; one that is not there holds nothing.
pub fn holds_evidence(folder: &Path) -> io::Result<bool> {
    if !folder.exists() {
        return Ok(false);
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let is_segment = entry.file_name().to_str().and_then(segment_number).is_some();
        if is_segment && entry.metadata()?.len() > SEGMENT_HEADER {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What opening a store is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// Checking the last segment for a torn end.
    Checking {
        /// How far it is checked.
        done_bytes: u64,
        /// Its length.
        total_bytes: u64,
    },
    /// Filing frames in the index; all of them if it had to be rebuilt.
    Indexing {
        /// How many are filed so far.
        frames: u64,
        /// How many bytes of the log that was.
        done_bytes: u64,
        /// How many there are.
        total_bytes: u64,
    },
    /// Destroying keys that shred frames name and an earlier process did not, or that came back.
    Shredding {
        /// How many shred frames are carried out so far.
        frames: u64,
    },
}

/// What opening a store found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opening {
    /// Bytes of a torn group, acknowledged to nobody, that were cut.
    pub torn_bytes: u64,
    /// Why the index was rebuilt from the segments, if it was.
    pub index_rebuilt: Option<String>,
    /// Frames filed in the index while opening.
    pub indexed_frames: u64,
    /// What keeps shred frames from being carried out, the first thousand: frames of their cases that cannot be read, segments that
    /// cannot be written. Where there is any the store refuses appends.
    pub unfinished_shreds: Vec<Damage>,
}

impl SegmentStore {
    /// Carries out the shred frames that are not carried out yet. What cannot be done keeps appends out, not readers.
    pub(super) fn finish_shreds(
        &mut self,
        half_keys: &[Position],
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        let mut unfinished = self
            .shredder
            .complete(&mut |frames| progress(Progress::Shredding { frames }))?;
        match recover::check_keys(&self.reader(), half_keys) {
            // Half a key that no shred frame explains is damage of another kind.
            Err(error) if unfinished.damaged == 0 => return Err(error),
            Err(StoreError::Corrupt {
                segment,
                offset,
                reason,
            }) => unfinished.add(Position { segment, offset }, None, reason),
            Err(error) => return Err(error),
            Ok(()) => {}
        }
        if let Some(first) = unfinished.damage.first() {
            let count = unfinished.damaged;
            let text = format!("keys that shred frames name may still be there ({count} places); {first}");
            tracing::error!(%text, "not every shred frame could be carried out; appends are refused");
            self.published.refusing.hold(RefusalReason::ShredUnfinished, text);
        }
        self.opening.unfinished_shreds = unfinished.damage;
        Ok(())
    }
}
