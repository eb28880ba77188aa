//! What a witness must never forget, as files: one small one per log, replaced whole and durably.
//! Leaves what is in them, and when they are written, to the parent module.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hedui_log::note::MAX_NOTE_BYTES;

use super::WitnessError;

/// The file that is locked while a witness works: two on one folder would each cosign behind the other's back.
const LOCK_FILE: &str = "LOCK";

/// The few file operations that keeping a state needs, so that a disk that fails can stand in for the real one.
pub trait Folder: Send + Sync + 'static {
    /// The whole of a file; none where there is none.
    ///
    /// # Errors
    /// The disk's.
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>>;

    /// Writes what shall replace a file beside it, durably.
    ///
    /// # Errors
    /// The disk's; the file itself is as it was.
    fn prepare(&self, file: &str, bytes: &[u8]) -> io::Result<()>;

    /// Puts what was prepared in the file's place, durably.
    ///
    /// # Errors
    /// The disk's; the file may be the old one or the new one.
    fn replace(&self, file: &str) -> io::Result<()>;
}

/// Why a state was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It is certain that nothing has changed; a full disk, for example.
    #[error("{0}")]
    Unchanged(io::Error),
    /// Old or new: only reading it again after a restart tells.
    #[error("{0}")]
    Unknown(io::Error),
}

impl KeepError {
    /// Whether what was kept before is certainly still there.
    pub fn is_unchanged(&self) -> bool {
        matches!(self, KeepError::Unchanged(_))
    }
}

/// Replaces a file whole; it is durable once this returns.
pub(super) fn keep(folder: &dyn Folder, file: &str, bytes: &[u8]) -> Result<(), KeepError> {
    folder.prepare(file, bytes).map_err(KeepError::Unchanged)?;
    folder.replace(file).map_err(KeepError::Unknown)
}

/// A folder of the file system, for one witness alone.
#[derive(Debug)]
pub struct DiskFolder {
    path: PathBuf,
    /// Open, and therefore locked, for as long as this lives.
    _lock: File,
}

impl DiskFolder {
    /// Opens a folder, making it with mode 0700 where it is missing.
    ///
    /// # Errors
    /// The disk's; another witness that works in it.
    pub fn open(path: &Path) -> Result<DiskFolder, WitnessError> {
        let failed = |reason: String| WitnessError::Folder {
            place: path.display().to_string(),
            reason,
        };
        let open = || -> io::Result<File> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(path)?;
            // The folder's own name must outlive a power cut as well.
            if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                File::open(parent)?.sync_all()?;
            }
            let lock = path.join(LOCK_FILE);
            OpenOptions::new().create(true).truncate(false).write(true).open(lock)
        };
        let lock = open().map_err(|error| failed(error.to_string()))?;
        match lock.try_lock() {
            Ok(()) => Ok(DiskFolder {
                path: path.to_path_buf(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(failed("another witness works in it".to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error.to_string())),
        }
    }

    fn new_of(&self, file: &str) -> PathBuf {
        self.path.join(format!("{file}.new"))
    }
}

impl Folder for DiskFolder {
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        let open = match File::open(self.path.join(file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            open => open?,
        };
        let mut bytes = Vec::new();
        // One byte more than any note, so that a longer one is noticed.
        open.take(MAX_NOTE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    fn prepare(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut new = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(self.new_of(file))?;
        new.write_all(bytes)?;
        new.sync_all()
    }

    fn replace(&self, file: &str) -> io::Result<()> {
        fs::rename(self.new_of(file), self.path.join(file))?;
        File::open(&self.path)?.sync_all()
    }
}
