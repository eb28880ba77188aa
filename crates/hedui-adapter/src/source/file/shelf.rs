//! Where files lie: what is there, and the bytes of one of them.
//! Leaves which of them is read to `file`.

use std::collections::HashMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use hedui_core::{Failure, PartialDate};

use crate::manifest::{FileAt, NamePattern};
use crate::reason::Reason;

/// The largest file that is read, 512 MiB: a district's drop has a few hundred thousand rows.
pub(in crate::source) const MAX_FILE_BYTES: u64 = 512 << 20;

/// More files than this in one folder nobody drops: it is another folder than was meant.
pub(super) const MAX_FILES: usize = 10_000;

/// A file as it was seen. Whatever changes in it, one of these does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::source) struct Seen {
    pub(in crate::source) name: String,
    /// Milliseconds since 1970 at which it was last written, by the clock of where it lies; with the nanoseconds, where they are known.
    pub(super) written: i64,
    pub(super) nanos: u32,
    pub(super) bytes: u64,
}

/// Where files lie.
#[async_trait]
pub(in crate::source) trait Shelf: Send + Sync {
    /// The files there; only the one where a single file is meant, nothing where it is not there.
    ///
    /// # Errors
    /// It cannot be looked at now.
    async fn files(&self) -> Result<Vec<Seen>, Failure>;

    /// The bytes of a file.
    ///
    /// # Errors
    /// It is gone, cannot be read, or is too large.
    async fn read(&self, name: &str) -> Result<Vec<u8>, Failure>;

    /// Nothing more is wanted for a while.
    async fn leave(&self) {}
}

/// A file as a candidate.
#[derive(Clone)]
pub(in crate::source) struct Candidate {
    pub(in crate::source) seen: Seen,
    /// The day in its name.
    pub(super) dated: Option<PartialDate>,
    /// Whether the file that says that it is complete stands beside it.
    pub(super) marked: bool,
}

/// The files that fit, the newest first: by the day in their names, else by when they were written.
pub(in crate::source) fn newest(files: Vec<Seen>, pattern: Option<&NamePattern>, done: Option<&str>) -> Vec<Candidate> {
    let marks: HashMap<String, (i64, u32)> = match done {
        Some(done) => {
            let mark = |file: &Seen| Some((file.name.strip_suffix(done)?.to_owned(), (file.written, file.nanos)));
            files.iter().filter_map(mark).collect()
        }
        None => HashMap::new(),
    };
    let fitting = files.into_iter().filter_map(|seen| {
        let dated = match pattern {
            Some(_) if done.is_some_and(|done| seen.name.ends_with(done)) => return None,
            Some(pattern) => pattern.read(&seen.name)?,
            None => None,
        };
        // A mark from before the file is that of the file before it.
        let marked = marks
            .get(&seen.name)
            .is_some_and(|mark| *mark >= (seen.written, seen.nanos));
        Some(Candidate { seen, dated, marked })
    });
    let mut fitting: Vec<Candidate> = fitting.collect();
    fitting.sort_by(|a, b| {
        let order = |c: &Candidate| (c.dated.map(PartialDate::last_day), c.seen.written, c.seen.nanos);
        order(b).cmp(&order(a)).then_with(|| b.seen.name.cmp(&a.seen.name))
    });
    fitting
}

/// Files of this machine.
pub(in crate::source) struct Local {
    at: FileAt,
    done: Option<String>,
}

impl Local {
    pub(in crate::source) fn new(at: FileAt, done: Option<String>) -> Local {
        Local { at, done }
    }

    fn path(&self, name: &str) -> PathBuf {
        match &self.at {
            FileAt::Path(path) => PathBuf::from(path),
            FileAt::Folder(folder, _) => Path::new(folder).join(name),
        }
    }
}

#[async_trait]
impl Shelf for Local {
    async fn files(&self) -> Result<Vec<Seen>, Failure> {
        let (at, done) = (self.at.clone(), self.done.clone());
        blocking(move || match at {
            FileAt::Path(path) => single(Path::new(&path), done.as_deref()),
            FileAt::Folder(folder, _) => all(Path::new(&folder)),
        })
        .await
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let path = self.path(name);
        blocking(move || bytes(&path)).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))
}

/// A file and its mark, where they are there.
fn single(path: &Path, done: Option<&str>) -> Result<Vec<Seen>, Failure> {
    let mut paths = vec![path.to_owned()];
    paths.extend(done.map(|done| PathBuf::from(format!("{}{done}", path.display()))));
    let mut found = Vec::new();
    for path in paths {
        match std::fs::metadata(&path) {
            Ok(metadata) => found.extend(seen(&path, &metadata)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(_) => return Err(Reason::SourceMissing.failure_at("the file")),
        }
    }
    Ok(found)
}

fn all(folder: &Path) -> Result<Vec<Seen>, Failure> {
    let missing = |_| Reason::SourceMissing.failure_at("the folder");
    let mut found = Vec::new();
    for (count, entry) in std::fs::read_dir(folder).map_err(missing)?.enumerate() {
        if count >= MAX_FILES {
            return Err(Reason::SourceTooLarge.failure_at("files in the folder"));
        }
        let path = entry.map_err(missing)?.path();
        // A file that went away meanwhile is not there; a link is what it leads to.
        if let Ok(metadata) = std::fs::metadata(&path)
            && metadata.is_file()
        {
            found.extend(seen(&path, &metadata));
        }
    }
    Ok(found)
}

fn seen(path: &Path, metadata: &std::fs::Metadata) -> Option<Seen> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
    Some(Seen {
        name: path.file_name()?.to_str()?.to_owned(),
        written: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        nanos: since.subsec_nanos(),
        bytes: metadata.len(),
    })
}

/// The bytes of a file, within the limit.
pub(in crate::source) fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let missing = |_| Reason::SourceMissing.failure_at("the file");
    let mut file = std::fs::File::open(path).map_err(missing)?;
    if file.metadata().map_err(missing)?.len() > MAX_FILE_BYTES {
        return Err(Reason::SourceTooLarge.failure_at("the file"));
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| Reason::SourceUnavailable.failure_at("the file"))?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Reason::SourceTooLarge.failure_at("the file"));
    }
    Ok(bytes)
}
