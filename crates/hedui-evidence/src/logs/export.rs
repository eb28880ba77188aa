//! Exporting a log: the tiles with their entries, the sealed records, the checkpoint and a policy file, as a folder that `hedui-verify`
//! accepts. Left to others: where the folder goes, who may have it.
//!
//! Wrapped keys are left out on purpose: an export must not outlive a later destruction of keys.

use std::collections::BTreeMap;

use hedui_log::tile::{Level, TilePath, encode_entries, tiles_of};

use super::folder::Files;
use super::proof::size_of;
use super::tree::{FrameAt, TILE_WIDTH};
use super::{DistrictLogs, LogError, LogName, blocking};
use crate::codec::CodecError;
use crate::frame::{Frame, MAX_FRAME_BYTES};
use crate::ids::EvidenceId;
use crate::leaf::Leaf;
use crate::store::EvidenceStore;

/// The folder of sealed records within an export; its name is the version of their form.
pub const SEALED_FOLDER: &str = "evidence-v1";

/// The most bytes that one [`Exported`] of sealed records holds: a bundle of them has no limit of its own.
const PIECE_BYTES: usize = 1 << 20;

/// What an export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Export {
    /// The sealed records too.
    pub sealed: bool,
    /// So many full bundles are there already, from an export that was interrupted: they never change.
    pub skip_bundles: u64,
}

/// One file of an export, or a piece of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Path within the folder.
    pub path: String,
    /// Where in the file the bytes belong: 0 begins a file, anything else goes on with the one that was given last.
    pub offset: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Exported {
    fn whole(path: impl ToString, bytes: Vec<u8>) -> Exported {
        let (path, offset) = (path.to_string(), 0);
        Exported { path, offset, bytes }
    }
}

type Give<'a> = dyn FnMut(Exported) -> bool + Send + 'a;

impl DistrictLogs {
    /// Gives every file of a log, as of the newest checkpoint that its policy accepts: `policy` first, so that whoever goes on
    /// with an export knows it for the same log's; sealed records and entries read from the store, hash tiles, and `checkpoint` last. `give` is asked whether to go on.
    ///
    /// Errors: [`LogError::NotIncluded`] for a log without a checkpoint; the store's.
    pub async fn export(
        &self,
        store: &dyn EvidenceStore,
        log: &LogName,
        what: Export,
        give: &mut Give<'_>,
    ) -> Result<u64, LogError> {
        let checkpoint = self.checkpoint(log).await?.ok_or(LogError::NotIncluded)?;
        let size = size_of(&checkpoint, log)?;
        let frames = self.frames(log).await;
        let policy = self.policy(log)?.into_bytes();
        if !give(Exported::whole("policy", policy)) {
            return Ok(size);
        }
        let bundles = Bundles::begin(size, what, give);
        if !bundles.export(store, &frames).await? {
            return Ok(size);
        }
        for path in tiles_of(size).filter(|path| path.level != Level::Entries) {
            let (files, name, wanted) = (self.files.clone(), log.clone(), path);
            let bytes = self
                .again_after(blocking(move || hash_tile(&files, &name, &wanted)).await)
                .await?;
            if !give(Exported::whole(path, bytes)) {
                return Ok(size);
            }
        }
        give(Exported::whole("checkpoint", checkpoint.into_bytes()));
        Ok(size)
    }
}

/// The bundles of entries and of sealed records, growing side by side.
struct Bundles<'a, 'b> {
    /// Entries to export.
    size: u64,
    /// The next entry.
    next: u64,
    sealed: bool,
    entries: Vec<Vec<u8>>,
    /// Of the bundle of sealed records what was not given yet, and how much was.
    piece: Vec<u8>,
    given: u64,
    give: &'a mut Give<'b>,
}

impl<'a, 'b> Bundles<'a, 'b> {
    fn begin(size: u64, what: Export, give: &'a mut Give<'b>) -> Bundles<'a, 'b> {
        let width = TILE_WIDTH as u64;
        Bundles {
            size,
            next: what.skip_bundles.min(size / width) * width,
            sealed: what.sealed,
            entries: Vec::with_capacity(TILE_WIDTH),
            piece: Vec::new(),
            given: 0,
            give,
        }
    }

    /// `false` when asked to stop.
    async fn export(mut self, store: &dyn EvidenceStore, frames: &[FrameAt]) -> Result<bool, LogError> {
        // The frame that holds the next entry begins at or before it.
        let from = frames
            .partition_point(|frame| frame.first <= self.next)
            .saturating_sub(1);
        for frame_at in frames.get(from..).unwrap_or_default() {
            if self.next == self.size {
                break;
            }
            let frame = store.read(frame_at.position).await?;
            let sealed = by_leaf(&frame);
            for (leaf, index) in frame.leaves.iter().zip(frame_at.first..self.size) {
                if index < self.next {
                    continue;
                }
                let ciphertext = sealed.get(&leaf.evidence_id).copied().unwrap_or_default();
                if !self.push(leaf, ciphertext)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn push(&mut self, leaf: &Leaf, ciphertext: &[u8]) -> Result<bool, LogError> {
        self.entries.push(leaf.encode().map_err(LogError::Leaf)?);
        self.next += 1;
        if self.sealed {
            put_sealed(&mut self.piece, ciphertext)?;
        }
        let is_last = self.entries.len() == TILE_WIDTH || self.next == self.size;
        if (is_last || self.piece.len() >= PIECE_BYTES) && !self.give_sealed(is_last) {
            return Ok(false);
        }
        Ok(!is_last || (self.give)(entries_tile(self.next, &mut self.entries)?))
    }

    /// Gives what has gathered of the bundle of sealed records.
    fn give_sealed(&mut self, is_last: bool) -> bool {
        let path = sealed_path(&self.path());
        let piece = std::mem::take(&mut self.piece);
        for bytes in piece.chunks(PIECE_BYTES) {
            let (path, offset, bytes) = (path.clone(), self.given, bytes.to_vec());
            self.given += bytes.len() as u64;
            if !(self.give)(Exported { path, offset, bytes }) {
                return false;
            }
        }
        if is_last {
            self.given = 0;
        }
        true
    }

    /// The bundle that the last entry belongs to, as wide as it will be.
    fn path(&self) -> TilePath {
        let (index, full) = (self.next.saturating_sub(1) / TILE_WIDTH as u64, TILE_WIDTH as u64);
        let width = (self.size - index * full).min(full);
        TilePath {
            level: Level::Entries,
            index,
            width: u16::try_from(width).unwrap_or(u16::MAX),
        }
    }
}

/// The ciphertexts of a frame by the leaf that vouches for each.
fn by_leaf(frame: &Frame) -> BTreeMap<EvidenceId, &[u8]> {
    let sealed = frame.sealed.iter();
    sealed
        .map(|sealed| (sealed.evidence_id, sealed.ciphertext.as_slice()))
        .collect()
}

/// A length in four bytes, big-endian, and the ciphertext; a length of 0 where there is none.
fn put_sealed(bundle: &mut Vec<u8>, ciphertext: &[u8]) -> Result<(), LogError> {
    let found = ciphertext.len();
    let length = u32::try_from(found).map_err(|_| {
        LogError::Leaf(CodecError::TooLarge {
            what: "ciphertext",
            found,
            limit: MAX_FRAME_BYTES,
        })
    })?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(ciphertext);
    Ok(())
}

/// Where the sealed records of a bundle of entries stand: `evidence-v1/x001/234` beside `tile/entries/x001/234`.
fn sealed_path(entries: &TilePath) -> String {
    let entries = entries.to_string();
    let number = entries.strip_prefix("tile/entries").unwrap_or(&entries);
    format!("{SEALED_FOLDER}{number}")
}

/// The bundle that ends at an entry.
fn entries_tile(end: u64, bundle: &mut Vec<Vec<u8>>) -> Result<Exported, LogError> {
    let path = TilePath {
        level: Level::Entries,
        index: (end - 1) / TILE_WIDTH as u64,
        width: u16::try_from(bundle.len()).unwrap_or(u16::MAX),
    };
    let bytes = encode_entries(bundle.iter()).map_err(LogError::name)?;
    bundle.clear();
    Ok(Exported::whole(path, bytes))
}

fn hash_tile(files: &Files, log: &LogName, path: &TilePath) -> Result<Vec<u8>, LogError> {
    let Level::Hashes(level) = path.level else {
        return Err(LogError::NotIncluded);
    };
    let width = usize::from(path.width);
    let tile = files.tile(log, level, path.index, width)?;
    let tile = tile.ok_or_else(|| LogError::Folder {
        reason: format!("{log}/{path} is missing; it will be made again"),
    })?;
    // A tile that has grown since begins with the narrower one.
    tile.get(..width * 32)
        .map(<[u8]>::to_vec)
        .ok_or_else(|| LogError::Folder {
            reason: format!("{log}/{path} is too short"),
        })
}
