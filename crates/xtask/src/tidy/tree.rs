//! The repository's files, read once before any rule looks at them.
//! Leaves every judgement to the rules; knows only which files are tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::source::{self, Source};

/// Folders at the root that hold no text of ours.
const SKIPPED: [&str; 2] = [".git", "target"];

/// Larger files are data; a rule about words would only find chance in them.
const MAX_TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Every file below the root, by its path with forward slashes.
#[derive(Debug, Default)]
pub struct Tree {
    files: BTreeMap<String, File>,
}

/// One file.
#[derive(Debug)]
pub(crate) struct File {
    /// `None` for what is not text.
    pub(crate) text: Option<String>,
    /// For Rust files, the text without comments and strings.
    pub(crate) source: Option<Source>,
}

impl Tree {
    /// Reads all files below a folder. Symbolic links are not followed.
    pub fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.read_folder(root, "")?;
        Ok(tree)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", folder.display()))?;
            let kind = entry.file_type()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if prefix.is_empty() && SKIPPED.contains(&name.as_str()) {
                continue;
            }
            let path = format!("{prefix}{name}");
            if kind.is_dir() {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file() {
                let small = entry.metadata()?.len() <= MAX_TEXT_BYTES;
                let bytes = if small { fs::read(entry.path())? } else { vec![0] };
                let text = if bytes.contains(&0) {
                    None
                } else {
                    String::from_utf8(bytes).ok()
                };
                self.add(path, text);
            }
        }
        Ok(())
    }

    /// A tree out of paths and texts, for the tests of the rules.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (path, text) in files {
            tree.add((*path).to_owned(), Some((*text).to_owned()));
        }
        tree
    }

    fn add(&mut self, path: String, text: Option<String>) {
        let source = text.as_deref().filter(|_| path.ends_with(".rs")).map(source::split);
        self.files.insert(path, File { text, source });
    }

    /// All files, by path.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &File)> {
        self.files.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// All files that are text, by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files()
            .filter_map(|(path, file)| Some((path, file.text.as_deref()?)))
    }

    /// All Rust files, by path.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &Source)> {
        self.files()
            .filter_map(|(path, file)| Some((path, file.source.as_ref()?)))
    }

    /// The text of one file.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.text.as_deref()
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Names of what stands directly in a folder, given as "" or "crates/"; folders end in a slash. Sorted.
    pub(crate) fn entries(&self, folder: &str) -> Vec<String> {
        let below = self.files.keys().filter_map(|path| path.strip_prefix(folder));
        let mut names: Vec<String> = below
            .map(|rest| match rest.split_once('/') {
                Some((name, _)) => format!("{name}/"),
                None => rest.to_owned(),
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// Names of the folders directly in a folder, without slashes.
    pub(crate) fn folders(&self, folder: &str) -> Vec<String> {
        self.entries(folder)
            .iter()
            .filter_map(|name| name.strip_suffix('/'))
            .map(str::to_owned)
            .collect()
    }
}

/// Whether a Rust file holds tests or what they share: `tests.rs`, `testing.rs`, `something_tests.rs`, or anything in a
/// folder `tests` or `testing`.
pub(crate) fn is_test(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    ["tests.rs", "testing.rs"].contains(&name)
        || name.ends_with("_tests.rs")
        || parts.any(|folder| ["tests", "testing"].contains(&folder))
}
