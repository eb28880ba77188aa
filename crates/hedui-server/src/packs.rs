//! Pack files on the disk: what `serve` judges by and `hedui policy` checks.
//! Leaves what stands in them to `hedui_policy`.

use std::io;
use std::path::{Path, PathBuf};

use hedui_policy::PackFile;

/// A file, or the `.toml` files of a folder and of the folders in it, sorted by path. A folder without any is an error: nobody means that.
///
/// # Errors
/// The path that cannot be read, and why.
pub fn read(path: &Path) -> Result<Vec<PackFile>, (PathBuf, io::Error)> {
    let mut paths = Vec::new();
    gather(path, &mut paths)?;
    paths.sort();
    if paths.is_empty() {
        let none = io::Error::new(io::ErrorKind::NotFound, "there is no .toml file in it");
        return Err((path.to_path_buf(), none));
    }
    let read = |path: PathBuf| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(PackFile {
            name: path.display().to_string(),
            text,
        }),
        Err(error) => Err((path, error)),
    };
    paths.into_iter().map(read).collect()
}

fn gather(path: &Path, paths: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    if !path.is_dir() {
        paths.push(path.to_path_buf());
        return Ok(());
    }
    let mut folders = vec![path.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let failed = |error| (folder.clone(), error);
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let (kind, path) = (entry.file_type().map_err(failed)?, entry.path());
            // A link to a folder could lead in circles.
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                paths.push(path);
            }
        }
    }
    Ok(())
}
