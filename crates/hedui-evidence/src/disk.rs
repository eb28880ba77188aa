//! The few file operations a store needs, so that a simulated disk can stand in for the real one.
//! Left to others: what the bytes mean (`segment`), what a power cut does (`disk::sim`).

use std::any::Any;
use std::collections::HashMap;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

mod direct;
#[cfg(test)]
pub(crate) mod sim;

use direct::Direct;

/// How many files stay open at once: far below the usual limit of 1,024 descriptors of a process.
const MAX_OPEN_FILES: usize = 128;
/// How many pieces of memory one system call writes (IOV_MAX of Linux).
const MOST_SLICES: usize = 1_024;
/// Of a file that is complete: everybody who could read it can, nobody can write it.
const FINISHED_MODE: u32 = 0o444;
/// Of a complete file while it is opened to be erased in: its owner alone can write it. If power goes then, the next start
/// finishes it again.
const ERASING_MODE: u32 = 0o644;
/// What is written over a place, piece by piece.
const ZEROS: [u8; 4_096] = [0; 4_096];
/// The bits that let somebody write.
const WRITABLE: u32 = 0o222;
/// The file that is locked while a store is open.
const LOCK_FILE: &str = "LOCK";

/// One folder of files. Blocking; every call may fail; nothing is durable before its `sync` has returned.
pub trait Disk: Send + Sync + 'static {
    /// Where it is, for messages.
    fn place(&self) -> String;

    /// Takes the folder for one handle alone, until the result is dropped. `WouldBlock` when somebody else has it.
    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>>;

    /// The names of all files, in no particular order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Makes an empty file; `AlreadyExists` when there is one. Its name is durable after `sync_dir`.
    fn create(&self, name: &str) -> io::Result<()>;

    /// The length of a file in bytes.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// Writes `parts` one after the other at `at`, the present end of the file. On error any part of them may have been
    /// written. One caller at a time.
    fn append(&self, name: &str, at: u64, parts: &[&[u8]]) -> io::Result<()>;

    /// Makes everything written to the file durable (fdatasync). After an error nothing may be assumed about it.
    fn sync(&self, name: &str) -> io::Result<()>;

    /// Makes created and removed names durable.
    fn sync_dir(&self) -> io::Result<()>;

    /// Cuts the file to `length`.
    fn truncate(&self, name: &str, length: u64) -> io::Result<()>;

    /// Fills `buffer` from `at` as far as the file reaches and says how far that was.
    fn read(&self, name: &str, at: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes zeros over places inside a file, each given as beginning and length, and makes that durable before it returns.
    /// The one way in which a finished file changes: it is finished before and after. A read of this disk meets each place
    /// as it was or all zeros. On error each may be either, or half of both.
    fn erase(&self, name: &str, places: &[(u64, u64)]) -> io::Result<()>;

    /// Removes a file.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Forgets whatever is held open of a file: what is done to it next is done through a fresh descriptor.
    fn let_go(&self, name: &str);

    /// Asks that the next reading of a file comes from the disk rather than from memory. Best effort.
    fn forget_pages(&self, name: &str);

    /// Takes the right to write a file from everybody: it is complete and never changes again.
    fn finish(&self, name: &str) -> io::Result<()>;

    /// Whether [`Disk::finish`] has been called on a file.
    fn is_finished(&self, name: &str) -> io::Result<bool>;

    /// Puts a small file in the place of whatever has this name, as a whole.
    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Gives a file a second name outside this folder, without copying it. Errors: also when that cannot be done.
    fn link(&self, name: &str, to: &Path) -> io::Result<()>;
}

/// A folder of the file system.
#[derive(Debug)]
pub struct RealDisk {
    dir: PathBuf,
    open: Mutex<HashMap<String, Arc<File>>>,
    direct: Mutex<Direct>,
    /// Held to write while a place is erased, to read by everybody who reads.
    erasing: RwLock<()>,
}

impl RealDisk {
    /// Opens a folder, making it first when it is missing and `make` is set.
    pub fn open(dir: &Path, make: bool) -> io::Result<Self> {
        if make {
            fs::create_dir_all(dir)?;
            // The folder's own name must outlive a power cut as well.
            if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                File::open(parent)?.sync_all()?;
            }
        }
        let dir = fs::canonicalize(dir)?;
        Ok(Self {
            dir,
            open: Mutex::default(),
            direct: Mutex::default(),
            erasing: RwLock::default(),
        })
    }

    fn file(&self, name: &str) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(name) {
            return Ok(Arc::clone(file));
        }
        let path = self.dir.join(name);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .or_else(|error| match error.kind() {
                // An auditor may be allowed to read only.
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => File::open(&path),
                _ => Err(error),
            })?;
        let file = Arc::new(file);
        if open.len() >= MAX_OPEN_FILES {
            open.clear();
        }
        open.insert(name.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// A file opened for writing by a descriptor of its own: what goes wrong with it is told here, and not kept from
    /// whoever appends through another. A finished file is writable for the moment of opening only.
    fn open_to_erase(&self, name: &str) -> io::Result<File> {
        let path = self.dir.join(name);
        let open = || OpenOptions::new().write(true).open(&path);
        if !self.is_finished(name)? {
            return open();
        }
        fs::set_permissions(&path, Permissions::from_mode(ERASING_MODE))?;
        let file = open();
        fs::set_permissions(&path, Permissions::from_mode(FINISHED_MODE))?;
        file
    }
}

impl Disk for RealDisk {
    fn place(&self) -> String {
        self.dir.display().to_string()
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        let path = self.dir.join(LOCK_FILE);
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.extend(entry.file_name().into_string());
            }
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(self.dir.join(name))
            .map(drop)
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        Ok(self.file(name)?.metadata()?.len())
    }

    fn append(&self, name: &str, at: u64, parts: &[&[u8]]) -> io::Result<()> {
        let file = self.file(name)?;
        let mut direct = self.direct.lock().unwrap_or_else(PoisonError::into_inner);
        if direct.takes(parts.iter().map(|part| part.len()).sum()) {
            return direct.append((&self.dir, name), &file, at, parts);
        }
        // Reads name their place, so that the file's own belongs to whoever writes.
        (&*file).seek(SeekFrom::Start(at))?;
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut rest = slices.as_mut_slice();
        // Nothing to write is no progress either.
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            let some = rest.get(..MOST_SLICES).unwrap_or(rest);
            match (&*file).write_vectored(some) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => IoSlice::advance_slices(&mut rest, count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        self.file(name)?.sync_data()
    }

    fn sync_dir(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        self.file(name)?.set_len(length)
    }

    fn read(&self, name: &str, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.file(name)?;
        let _whole = self.erasing.read().unwrap_or_else(PoisonError::into_inner);
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match file.read_at(rest, at + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    fn erase(&self, name: &str, places: &[(u64, u64)]) -> io::Result<()> {
        let file = self.open_to_erase(name)?;
        let length = file.metadata()?.len();
        for &(at, count) in places {
            let end = at.checked_add(count).filter(|end| *end <= length);
            let end = end.ok_or(io::ErrorKind::UnexpectedEof)?;
            let _alone = self.erasing.write().unwrap_or_else(PoisonError::into_inner);
            let mut at = at;
            while at < end {
                let count = (end - at).min(ZEROS.len() as u64);
                let zeros = ZEROS.get(..usize::try_from(count).unwrap_or(0)).unwrap_or_default();
                file.write_all_at(zeros, at)?;
                at += count;
            }
        }
        file.sync_data()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.let_go(name);
        fs::remove_file(self.dir.join(name))
    }

    fn let_go(&self, name: &str) {
        self.direct.lock().unwrap_or_else(PoisonError::into_inner).let_go(name);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn forget_pages(&self, name: &str) {
        use rustix::fs::{Advice, fadvise};
        if let Ok(file) = self.file(name) {
            let _ = fadvise(&*file, 0, None, Advice::DontNeed);
        }
    }

    fn finish(&self, name: &str) -> io::Result<()> {
        fs::set_permissions(self.dir.join(name), Permissions::from_mode(FINISHED_MODE))?;
        // Whoever still holds it open for writing could go on.
        self.let_go(name);
        Ok(())
    }

    fn is_finished(&self, name: &str) -> io::Result<bool> {
        // The mode, not an attempt: the superuser may write whatever the mode says.
        Ok(fs::metadata(self.dir.join(name))?.permissions().mode() & WRITABLE == 0)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        replace_file(&self.dir, name, bytes)
    }

    fn link(&self, name: &str, to: &Path) -> io::Result<()> {
        fs::hard_link(self.dir.join(name), to)
    }
}

/// Writes a file beside its place, makes it durable and moves it there: whoever looks finds the old one or the new one.
pub(crate) fn replace_file(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = dir.join(format!("{name}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(beside, dir.join(name))?;
    File::open(dir)?.sync_all()
}
