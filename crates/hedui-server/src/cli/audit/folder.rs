//! The folder that a result is written into: empty before, or an export that was interrupted; a file stands there whole or not at all.
//! Leaves what is written to the commands.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::CliError;

#[cfg(test)]
mod tests;

/// The file that is being written, until it is whole.
const UNFINISHED: &str = ".unfinished";

/// A folder for a result, and the file in it that is being written. Files are readable by their owner only: what auditors take away may hold
/// personal data.
#[derive(Debug)]
pub struct Folder {
    at: PathBuf,
    unfinished: Option<Unfinished>,
}

#[derive(Debug)]
struct Unfinished {
    path: String,
    file: File,
    length: u64,
}

impl Folder {
    /// One that did not exist, or was empty, so that files of two results never mix.
    pub fn make(path: &Path) -> Result<Folder, CliError> {
        fs::create_dir_all(path)?;
        if fs::read_dir(path)?.next().is_some() {
            let message = format!("{} is not empty; name a new folder with --out", path.display());
            return Err(CliError::Usage(message));
        }
        Ok(Folder::at(path))
    }

    /// One that an interrupted result left behind: without the file that is written last.
    pub fn resume(path: &Path, last: &str) -> Result<Folder, CliError> {
        if path.join(last).exists() {
            let message = format!("{} is whole already; name a new folder with --out", path.display());
            return Err(CliError::Usage(message));
        }
        fs::create_dir_all(path)?;
        Ok(Folder::at(path))
    }

    fn at(path: &Path) -> Folder {
        Folder {
            at: path.to_path_buf(),
            unfinished: None,
        }
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.at.join(path).exists()
    }

    /// What a file holds; none where there is no such file.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>, CliError> {
        match fs::read(inside(&self.at, path)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes a folder within; one that is not there is no error.
    pub fn remove(&self, path: &str) -> Result<(), CliError> {
        match fs::remove_dir_all(inside(&self.at, path)?) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Writes a whole file.
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), CliError> {
        self.piece(path, 0, bytes)?;
        self.finish()
    }

    /// Writes a piece: at 0 it begins a file, which ends the one before; elsewhere it goes on where that one ends.
    ///
    /// Errors: the file system's; a path that leaves the folder, a piece that does not go on.
    pub fn piece(&mut self, path: &str, offset: u64, bytes: &[u8]) -> Result<(), CliError> {
        if offset == 0 {
            self.finish()?;
            inside(&self.at, path)?;
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(true).mode(0o600);
            self.unfinished = Some(Unfinished {
                path: path.to_owned(),
                file: options.open(self.at.join(UNFINISHED))?,
                length: 0,
            });
        }
        let unfinished = self.unfinished.as_mut();
        let Some(unfinished) = unfinished.filter(|one| one.path == path && one.length == offset) else {
            let reason = "the server sent a piece that does not go on where the file ends";
            return Err(CliError::Internal(reason.to_owned()));
        };
        unfinished.file.write_all(bytes)?;
        unfinished.length += bytes.len() as u64;
        Ok(())
    }

    /// Puts the file that was being written into its place.
    pub fn finish(&mut self) -> Result<(), CliError> {
        let Some(Unfinished { path, file, .. }) = self.unfinished.take() else {
            return Ok(());
        };
        // Its name must not outlive its content in a power cut: then it would count as whole.
        file.sync_all()?;
        let path = inside(&self.at, &path)?;
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        Ok(fs::rename(self.at.join(UNFINISHED), path)?)
    }
}

/// A path within a folder. Errors: it would lead out of it.
fn inside(folder: &Path, path: &str) -> Result<PathBuf, CliError> {
    let is_word = |word: &str| !word.is_empty() && word != "." && word != ".." && !word.contains('\\');
    if path.split('/').all(is_word) {
        return Ok(folder.join(path));
    }
    Err(CliError::Internal(
        "the server named a file outside the folder".to_owned(),
    ))
}
