//! Exporting a log: the tiles with their entries, the checkpoint and a policy file, as a folder that `hedui-verify` accepts.
//! Left to others: the sealed records beside it, where the folder goes.

use hedui_log::tile::{Level, TilePath, encode_entries, tiles_of};

use super::folder::Files;
use super::proof::size_of;
use super::tree::{FrameAt, TILE_WIDTH};
use super::{DistrictLogs, LogError, LogName, blocking};
use crate::store::EvidenceStore;

/// One file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Path within the folder.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl DistrictLogs {
    /// Gives every file of a log, as of the newest checkpoint that its policy accepts: entries read from the store, hash tiles, `policy`, and `checkpoint` last.
    /// `give` is asked whether to go on.
    ///
    /// Errors: [`LogError::NotIncluded`] for a log without a checkpoint; the store's.
    pub async fn export(
        &self,
        store: &dyn EvidenceStore,
        log: &LogName,
        give: &mut (dyn FnMut(Exported) -> bool + Send),
    ) -> Result<u64, LogError> {
        let checkpoint = self.checkpoint(log).await?.ok_or(LogError::NotIncluded)?;
        let size = size_of(&checkpoint, log)?;
        let frames = self.frames(log).await;
        if !self.entries(store, &frames, size, give).await? {
            return Ok(size);
        }
        for path in tiles_of(size).filter(|path| path.level != Level::Entries) {
            let (files, name, wanted) = (self.files.clone(), log.clone(), path);
            let bytes = self
                .again_after(blocking(move || hash_tile(&files, &name, &wanted)).await)
                .await?;
            let path = path.to_string();
            if !give(Exported { path, bytes }) {
                return Ok(size);
            }
        }
        let policy = self.policy(log)?.into_bytes();
        let path = "policy".to_owned();
        if give(Exported { path, bytes: policy }) {
            let (path, bytes) = ("checkpoint".to_owned(), checkpoint.into_bytes());
            give(Exported { path, bytes });
        }
        Ok(size)
    }

    /// The bundles of entries. `false` when asked to stop.
    async fn entries(
        &self,
        store: &dyn EvidenceStore,
        frames: &[FrameAt],
        size: u64,
        give: &mut (dyn FnMut(Exported) -> bool + Send),
    ) -> Result<bool, LogError> {
        let mut bundle: Vec<Vec<u8>> = Vec::with_capacity(TILE_WIDTH);
        let mut done = 0u64;
        for frame in frames {
            for leaf in &store.read(frame.position).await?.leaves {
                if done == size {
                    break;
                }
                bundle.push(leaf.encode().map_err(LogError::Leaf)?);
                done += 1;
                if bundle.len() == TILE_WIDTH && !give(entries_tile(done, &mut bundle)?) {
                    return Ok(false);
                }
            }
        }
        Ok(bundle.is_empty() || give(entries_tile(done, &mut bundle)?))
    }
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
    Ok(Exported {
        path: path.to_string(),
        bytes,
    })
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
