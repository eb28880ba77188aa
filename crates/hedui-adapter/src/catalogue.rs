//! The catalogue: the manifests of all departments, compiled in or from a directory. Their number is never in code.
//! Leaves connecting to them to whoever runs them.

use std::path::Path;

use hedui_core::DepartmentId;
use include_dir::{Dir, include_dir};

use crate::manifest::{Manifest, ManifestError, Variables};

static BUNDLED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../adapters");

/// The file that makes a folder a department's.
const MANIFEST: &str = "department.toml";
const CASES: &str = "cases.toml";
/// Larger than any manifest that people write.
const MAX_TEXT_BYTES: u64 = 4 << 20;

/// The texts of one department's folder.
#[derive(Clone, Debug)]
pub struct Folder {
    /// Its name, which is the department's id.
    pub name: String,
    /// `department.toml`.
    pub manifest: String,
    /// `cases.toml`; empty where there is none.
    pub cases: String,
}

/// One mistake in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{folder}: {mistake}")]
pub struct CatalogueError {
    /// The department's folder.
    pub folder: String,
    /// What is wrong.
    pub mistake: ManifestError,
}

/// The manifests of all departments, sorted by id.
#[derive(Clone, Debug)]
pub struct Catalogue {
    manifests: Vec<Manifest>,
}

impl Catalogue {
    /// The folders that were compiled in, sorted by name.
    pub fn bundled_folders() -> Vec<Folder> {
        let text = |dir: &Dir<'_>, name: &str| dir.get_file(dir.path().join(name))?.contents_utf8().map(str::to_owned);
        let folders = BUNDLED.dirs().filter_map(|dir| {
            let name = dir.path().file_name()?.to_str()?.to_owned();
            Some(Folder {
                name,
                manifest: text(dir, MANIFEST)?,
                cases: text(dir, CASES).unwrap_or_default(),
            })
        });
        sorted(folders.collect())
    }

    /// The folders of a directory that hold a `department.toml`, sorted by name.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn folders(directory: &Path) -> std::io::Result<Vec<Folder>> {
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(directory)? {
            folders.extend(Catalogue::folder(&entry?.path())?);
        }
        Ok(sorted(folders))
    }

    /// The folder of one department; `None` where it holds no `department.toml`.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn folder(path: &Path) -> std::io::Result<Option<Folder>> {
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let (Some(name), true) = (name, path.join(MANIFEST).is_file()) else {
            return Ok(None);
        };
        let cases = path.join(CASES);
        let cases = if cases.is_file() { read(&cases)? } else { String::new() };
        let manifest = read(&path.join(MANIFEST))?;
        Ok(Some(Folder { name, manifest, cases }))
    }

    /// Reads the manifests of folders.
    ///
    /// # Errors
    /// Every mistake in every manifest, folders that are named otherwise than their department, ids that stand twice, and no department at all.
    pub fn load(folders: &[Folder], variables: &Variables) -> Result<Catalogue, Vec<CatalogueError>> {
        let mut mistakes = Vec::new();
        let mut manifests: Vec<Manifest> = Vec::new();
        let mistake = |folder: &str, path: &str, message: String| CatalogueError {
            folder: folder.to_owned(),
            mistake: ManifestError::new(path, message),
        };
        for folder in folders {
            match Manifest::parse(&folder.manifest, variables) {
                Err(found) => mistakes.extend(found.into_iter().map(|mistake| CatalogueError {
                    folder: folder.name.clone(),
                    mistake,
                })),
                Ok(manifest) => {
                    if manifest.id.as_str() != folder.name {
                        mistakes.push(mistake(&folder.name, "id", "must be the name of the folder".to_owned()));
                    }
                    if manifests.iter().any(|m| m.id == manifest.id) {
                        mistakes.push(mistake(&folder.name, "id", format!("{} stands twice", manifest.id)));
                    }
                    manifests.push(manifest);
                }
            }
        }
        if folders.is_empty() {
            mistakes.push(mistake("catalogue", MANIFEST, "there is no folder with one".to_owned()));
        }
        manifests.sort_by(|a, b| a.id.cmp(&b.id));
        if mistakes.is_empty() {
            Ok(Catalogue { manifests })
        } else {
            Err(mistakes)
        }
    }

    /// The manifests, sorted by id.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// The manifest of a department.
    pub fn get(&self, id: &DepartmentId) -> Option<&Manifest> {
        let found = self.manifests.binary_search_by(|manifest| manifest.id.cmp(id)).ok()?;
        self.manifests.get(found)
    }
}

fn sorted(mut folders: Vec<Folder>) -> Vec<Folder> {
    folders.sort_by(|a, b| a.name.cmp(&b.name));
    folders
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path)?
        .take(MAX_TEXT_BYTES + 1)
        .read_to_string(&mut text)?;
    if read as u64 > MAX_TEXT_BYTES {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge));
    }
    Ok(text)
}
