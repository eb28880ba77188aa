//! The logs' folder: tiles and checkpoints as C2SP tlog-tiles lays them out, and what lets the logs go on after a restart.
//! Left to others: what the trees hold (`tree`), signing.
//!
//! `DISTRICT/YEAR/{checkpoint,tile/...}` can be served as it is. `DISTRICT/YEAR/signed` is a checkpoint that waits for witnesses,
//! `DISTRICT/YEAR/frames` says where each frame's leaves begin (24 bytes a frame: first leaf, segment, offset), `state` how far the
//! store was read. All but the two checkpoints can be made again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use hedui_log::checkpoint::Checkpoint;
use hedui_log::merkle::{Hash, Nodes};
use hedui_log::note::Note;

use super::nodes::TileNodes;
use super::state::{Kept, StateFile, parse_state, state_text};
use super::tree::{FrameAt, TILE_LEVELS, TILE_WIDTH, Tree, tile_path};
use super::{LogError, LogName};
use crate::ids::FrameId;
use crate::store::Position;

const STATE: &str = "state";
/// What is published.
const CHECKPOINT: &str = "checkpoint";
/// What waits for witnesses.
const SIGNED: &str = "signed";
const FRAME_BYTES: usize = 24;

/// One tile to write.
#[derive(Debug)]
pub(super) struct TileFile {
    path: String,
    bytes: Vec<u8>,
}

impl TileFile {
    pub fn of(log: &LogName, level: u8, index: u64, hashes: &[Hash]) -> TileFile {
        TileFile {
            path: format!("{log}/{}", tile_path(level, index, hashes.len())),
            bytes: hashes.iter().flat_map(|hash| hash.0).collect(),
        }
    }
}

/// What one publishing writes.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub tiles: Vec<TileFile>,
    /// Of every log how many frames were there before, and those that are new.
    pub frames: Vec<(LogName, usize, Vec<FrameAt>)>,
    /// Size, number of frames and root of every log.
    pub sizes: Vec<(LogName, u64, usize, Hash)>,
    /// Signed, in order.
    pub checkpoints: Vec<(LogName, String)>,
    /// Whether they are published only once witnesses have cosigned them.
    pub await_witnesses: bool,
    pub next: Position,
    /// The last frame that was read.
    pub last: Option<(Position, FrameId)>,
}

/// Files, on a disk or in memory.
#[derive(Debug, Clone)]
pub(super) enum Files {
    Disk(PathBuf),
    Memory(Arc<Mutex<BTreeMap<String, Vec<u8>>>>),
}

impl Default for Files {
    fn default() -> Files {
        Files::Memory(Arc::default())
    }
}

fn failed(path: &str) -> impl FnOnce(std::io::Error) -> LogError {
    let path = path.to_owned();
    move |error| LogError::Folder {
        reason: format!("{path}: {error}"),
    }
}

impl Files {
    pub fn at(folder: Option<PathBuf>) -> Files {
        folder.map_or_else(Files::default, Files::Disk)
    }

    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, LogError> {
        match self {
            Files::Memory(files) => Ok(files.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned()),
            Files::Disk(folder) => match std::fs::read(folder.join(path)) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(failed(path)(error)),
            },
        }
    }

    /// Writes a file whole or not at all; `durably` also against a power cut.
    fn write(&self, path: &str, bytes: &[u8], durably: bool) -> Result<(), LogError> {
        match self {
            Files::Memory(files) => {
                let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                files.insert(path.to_owned(), bytes.to_vec());
                Ok(())
            }
            Files::Disk(folder) => replace(&folder.join(path), bytes, durably).map_err(failed(path)),
        }
    }

    /// Writes at a place in a file and leaves nothing behind it.
    fn write_tail(&self, path: &str, at: usize, bytes: &[u8]) -> Result<(), LogError> {
        match self {
            Files::Memory(files) => {
                let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                let file = files.entry(path.to_owned()).or_default();
                file.truncate(at);
                file.extend_from_slice(bytes);
                Ok(())
            }
            Files::Disk(folder) => {
                let path_on_disk = folder.join(path);
                let write = || -> std::io::Result<()> {
                    make_folder(&path_on_disk)?;
                    let mut file = std::fs::OpenOptions::new()
                        .create(true)
                        .truncate(false)
                        .write(true)
                        .open(&path_on_disk)?;
                    file.set_len(at as u64)?;
                    std::io::Seek::seek(&mut file, std::io::SeekFrom::End(0))?;
                    file.write_all(bytes)
                };
                write().map_err(failed(path))
            }
        }
    }

    /// Removes a file or a folder with what is in it; one that is not there is no error.
    fn remove(&self, path: &str) -> Result<(), LogError> {
        match self {
            Files::Memory(files) => {
                let below = format!("{path}/");
                let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                files.retain(|name, _| name != path && !name.starts_with(&below));
                Ok(())
            }
            Files::Disk(folder) => {
                let path_on_disk = folder.join(path);
                let removed = if path_on_disk.is_dir() {
                    std::fs::remove_dir_all(&path_on_disk)
                } else {
                    std::fs::remove_file(&path_on_disk)
                };
                match removed {
                    Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(path)(error)),
                    _ => Ok(()),
                }
            }
        }
    }

    /// The hash tile of a log, full or, where there is none, at least as wide as asked for: a checkpoint that waited for witnesses is
    /// older than the tiles, and of a folder that was made again only the newest are there.
    pub fn tile(&self, log: &LogName, level: u8, index: u64, width: usize) -> Result<Option<Vec<u8>>, LogError> {
        let full = format!("{log}/{}", tile_path(level, index, TILE_WIDTH));
        if let Some(full) = self.read(&full)? {
            return Ok(Some(full));
        }
        if let Some(exact) = self.read(&format!("{log}/{}", tile_path(level, index, width)))? {
            return Ok(Some(exact));
        }
        let wider = self.names(&format!("{full}.p"))?;
        let wider = wider.iter().filter_map(|name| name.parse::<usize>().ok());
        if let Some(wider) = wider.filter(|wider| *wider > width && *wider < TILE_WIDTH).min()
            && let Some(tile) = self.read(&format!("{log}/{}", tile_path(level, index, wider)))?
        {
            return Ok(Some(tile));
        }
        // It may have become full while we looked.
        self.read(&full)
    }

    /// The names in a folder; none where there is no such folder.
    fn names(&self, path: &str) -> Result<Vec<String>, LogError> {
        match self {
            Files::Memory(files) => {
                let below = format!("{path}/");
                let files = files.lock().unwrap_or_else(PoisonError::into_inner);
                let names = files.keys().filter_map(|name| name.strip_prefix(&below));
                Ok(names.map(str::to_owned).collect())
            }
            Files::Disk(folder) => match std::fs::read_dir(folder.join(path)) {
                Ok(entries) => Ok(entries
                    .flatten()
                    .filter_map(|entry| entry.file_name().into_string().ok())
                    .collect()),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(error) => Err(failed(path)(error)),
            },
        }
    }
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), std::fs::create_dir_all)
}

fn replace(path: &Path, bytes: &[u8], durably: bool) -> std::io::Result<()> {
    let new = path.with_extension("new");
    let mut file = match std::fs::File::create(&new) {
        // Of 256 tiles the first has to make their folder.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_folder(path)?;
            std::fs::File::create(&new)?
        }
        created => created?,
    };
    file.write_all(bytes)?;
    if durably {
        file.sync_all()?;
    }
    drop(file);
    std::fs::rename(&new, path)?;
    match path.parent() {
        Some(parent) if durably => std::fs::File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Writes what one publishing gives. Tiles first, then checkpoints, then the state: a checkpoint that was signed is never forgotten, and
/// what the state promises is there.
pub(super) fn write(files: &Files, written: &Written) -> Result<(), LogError> {
    write_tiles(files, &written.tiles)?;
    for (log, before, frames) in &written.frames {
        let mut bytes = Vec::with_capacity(frames.len() * FRAME_BYTES);
        for frame in frames {
            bytes.extend_from_slice(&frame.first.to_be_bytes());
            bytes.extend_from_slice(&frame.position.segment.to_be_bytes());
            bytes.extend_from_slice(&frame.position.offset.to_be_bytes());
        }
        if !bytes.is_empty() {
            files.write_tail(&format!("{log}/frames"), before * FRAME_BYTES, &bytes)?;
        }
    }
    for (log, checkpoint) in &written.checkpoints {
        let name = if written.await_witnesses { SIGNED } else { CHECKPOINT };
        files.write(&format!("{log}/{name}"), checkpoint.as_bytes(), true)?;
    }
    files.write(STATE, state_text(written).as_bytes(), true)
}

pub(super) fn write_tiles(files: &Files, tiles: &[TileFile]) -> Result<(), LogError> {
    for tile in tiles {
        match files.read(&tile.path)? {
            Some(there) if there == tile.bytes => {}
            // What a power cut left of it has another length.
            Some(there) if there.len() == tile.bytes.len() => {
                return Err(LogError::Forked {
                    reason: format!("{} is not what was hashed before", tile.path),
                });
            }
            _ => files.write(&tile.path, &tile.bytes, false)?,
        }
        if tile.bytes.len() == TILE_WIDTH * 32 {
            // The partial tiles that came before it, if any: whoever looks finds the full one first.
            files.remove(&format!("{}.p", tile.path))?;
        }
    }
    Ok(())
}

/// A checkpoint that the log signed.
pub(super) struct Signed {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
    /// With its signatures.
    pub note: String,
}

/// The checkpoints of a log, the newest first; of two of a size the published one, which may be cosigned.
pub(super) fn signed(files: &Files, log: &LogName) -> Result<Vec<Signed>, LogError> {
    let mut found = Vec::with_capacity(2);
    for name in [CHECKPOINT, SIGNED] {
        let unreadable = || LogError::Folder {
            reason: format!("{log}/{name} cannot be read; restore it, or the log cannot be continued"),
        };
        let Some(bytes) = files.read(&format!("{log}/{name}"))? else {
            continue;
        };
        let note = String::from_utf8(bytes).map_err(|_| unreadable())?;
        let parsed = Note::parse(note.as_bytes()).map_err(|_| unreadable())?;
        let Checkpoint { origin, size, root, .. } = Checkpoint::parse(parsed.text()).map_err(|_| unreadable())?;
        found.push(Signed {
            origin,
            size,
            root,
            note,
        });
    }
    found.sort_by_key(|signed| std::cmp::Reverse(signed.size));
    Ok(found)
}

/// Publishes a checkpoint, whole and durably.
pub(super) fn publish(files: &Files, log: &LogName, note: &str) -> Result<(), LogError> {
    files.write(&format!("{log}/{CHECKPOINT}"), note.as_bytes(), true)
}

/// How far the store was read, and the logs as they were then.
pub(super) struct Read {
    pub next: Position,
    pub last: Option<(Position, FrameId)>,
    pub trees: BTreeMap<LogName, Tree>,
}

/// What was written last; none when there is nothing usable.
pub(super) fn open(files: &Files) -> Result<Option<Read>, LogError> {
    let Some(text) = files.read(STATE)? else {
        return Ok(None);
    };
    let Some(StateFile { next, last, logs }) = std::str::from_utf8(&text).ok().and_then(parse_state) else {
        return Ok(None);
    };
    let mut trees = BTreeMap::new();
    for kept in logs {
        let Some(tree) = restore(files, &kept)? else {
            return Ok(None);
        };
        trees.insert(kept.log, tree);
    }
    Ok(Some(Read { next, last, trees }))
}

/// Every log of which the folder holds a checkpoint.
pub(super) fn known(files: &Files) -> Result<Vec<LogName>, LogError> {
    let names: Vec<String> = match files {
        Files::Memory(files) => {
            let files = files.lock().unwrap_or_else(PoisonError::into_inner);
            let logs = files.keys().filter_map(|path| path.strip_suffix("/checkpoint"));
            logs.map(str::to_owned).collect()
        }
        Files::Disk(folder) => {
            let mut names = Vec::new();
            for district in folders(folder)? {
                for year in folders(&folder.join(&district))? {
                    names.push(format!("{district}/{year}"));
                }
            }
            names
        }
    };
    let logs = names.iter().filter_map(|name| LogName::parse(name));
    let mut known = Vec::new();
    for log in logs {
        if !signed(files, &log)?.is_empty() {
            known.push(log);
        }
    }
    Ok(known)
}

/// The names of the folders in a folder; none where there is no such folder.
fn folders(folder: &Path) -> Result<Vec<String>, LogError> {
    let place = folder.display().to_string();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&place)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(failed(&place))?;
        if entry.file_type().map_err(failed(&place))?.is_dir() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort();
    Ok(names)
}

/// A log from its tiles; none when they do not give its root.
fn restore(files: &Files, kept: &Kept) -> Result<Option<Tree>, LogError> {
    let mut edges = Vec::new();
    let mut level = 0u8;
    loop {
        let hashes = kept.size.checked_shr(u32::from(TILE_LEVELS * level)).unwrap_or(0);
        if hashes == 0 {
            break;
        }
        let width = usize::try_from(hashes % TILE_WIDTH as u64).unwrap_or(0);
        let mut edge = Vec::with_capacity(TILE_WIDTH);
        if width > 0 {
            match files.tile(&kept.log, level, hashes / TILE_WIDTH as u64, width)? {
                Some(bytes) => edge.extend(bytes.as_chunks::<32>().0.iter().take(width).map(|hash| Hash(*hash))),
                None => return Ok(None),
            }
        }
        if edge.len() != width {
            return Ok(None);
        }
        edges.push(edge);
        level += 1;
        if level == 8 {
            break;
        }
    }
    let Some(frames) = read_frames(files, kept)? else {
        return Ok(None);
    };
    let nodes = TileNodes {
        files,
        log: &kept.log,
        size: kept.size,
    };
    let mut peaks = Vec::new();
    let mut before = 0u64;
    for level in (0u8..63).rev().filter(|level| kept.size >> level & 1 == 1) {
        match nodes.node(level, before >> level) {
            Ok(hash) => peaks.push(hash),
            Err(_) => return Ok(None),
        }
        before += 1 << level;
    }
    let tree = Tree::restore(kept.size, edges, peaks, frames);
    Ok(tree.filter(|tree| tree.root() == kept.root))
}

fn read_frames(files: &Files, kept: &Kept) -> Result<Option<Vec<FrameAt>>, LogError> {
    let bytes = files.read(&format!("{}/frames", kept.log))?.unwrap_or_default();
    let (chunks, _) = bytes.as_chunks::<FRAME_BYTES>();
    let number = |bytes: &[u8]| bytes.iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
    let frames: Vec<FrameAt> = chunks
        .iter()
        .take(kept.frames)
        .map(|chunk| FrameAt {
            first: number(&chunk[..8]),
            position: Position {
                segment: number(&chunk[8..16]),
                offset: number(&chunk[16..]),
            },
        })
        .collect();
    let ascending = frames.is_sorted_by(|a, b| a.position < b.position && a.first <= b.first);
    Ok((frames.len() == kept.frames && ascending).then_some(frames))
}
