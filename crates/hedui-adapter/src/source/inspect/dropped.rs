//! Files that a department drops, seen before there is a manifest: their names, the pattern that they follow, and the newest of them.
//! Leaves what stands in the file to `inspect`, and which file is in force later to `file`.

use std::time::Duration;

use hedui_core::Failure;
use tokio::time::timeout;

use crate::manifest::{FileAt, NamePattern, SftpServer};
use crate::reason::Reason;
use crate::source::file::{Local, Sftp, Shelf, newest};

/// What marks a file as complete, where a department does so.
const MARKS: [&str; 5] = [".done", ".ok", ".fin", ".finished", ".complete"];

/// The newest file of a place.
#[derive(Debug)]
pub struct Dropped {
    /// Its name.
    pub name: String,
    /// What stands in it.
    pub bytes: Vec<u8>,
    /// Of a folder: the pattern that was given, or that its name follows.
    pub pattern: Option<String>,
    /// The ending of the file that says that it is complete, where one stands beside it.
    pub done: Option<String>,
}

/// Fetches a file, or the newest of a folder whose name ends so, or fits a pattern.
///
/// # Errors
/// There is no such, the pattern is none, or the place cannot be looked at by then.
pub async fn dropped(
    server: Option<&SftpServer>,
    place: Place<'_>,
    endings: &[&str],
    patience: Duration,
) -> Result<Dropped, Failure> {
    let at = match &place {
        Place::File(path) => FileAt::Path((*path).to_owned()),
        Place::Folder(folder, _) => FileAt::Folder((*folder).to_owned(), NamePattern::default()),
    };
    let shelf: Box<dyn Shelf> = match server {
        Some(server) => Box::new(Sftp::new(server, at, None)?),
        None => Box::new(Local::new(at, None)),
    };
    let looked = timeout(patience, fetch(&*shelf, &place, endings)).await;
    shelf.leave().await;
    looked.unwrap_or_else(|_| Err(Reason::SourceTimeout.failure()))
}

/// Where to look.
#[derive(Clone, Copy, Debug)]
pub enum Place<'p> {
    /// One file.
    File(&'p str),
    /// A folder, with the pattern of the names where it is known.
    Folder(&'p str, Option<&'p str>),
}

async fn fetch(shelf: &dyn Shelf, place: &Place<'_>, endings: &[&str]) -> Result<Dropped, Failure> {
    let missing = |what: &'static str| Reason::SourceMissing.failure_at(what);
    let files = shelf.files().await?;
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    let (pattern, candidates) = match place {
        Place::File(_) => (None, newest(files, None, None)),
        Place::Folder(_, Some(text)) => {
            let pattern = NamePattern::parse(text)
                .map_err(|mistake| Reason::SourceMissing.failure_at(format_args!("the pattern {mistake}")))?;
            ((Some((*text).to_owned())), newest(files, Some(&pattern), None))
        }
        Place::Folder(..) => {
            let fits = |name: &str| {
                !name.starts_with(['.', '~']) && endings.iter().any(|end| name.to_ascii_lowercase().ends_with(end))
            };
            let known: Vec<_> = files.into_iter().filter(|file| fits(&file.name)).collect();
            let last = newest(known.clone(), None, None).into_iter().next();
            let last = last.ok_or_else(|| missing("a file of this kind in the folder"))?;
            let text = NamePattern::of(&last.seen.name);
            let pattern = NamePattern::parse(&text).map_err(|_| missing("a pattern of the names"))?;
            (Some(text), newest(known, Some(&pattern), None))
        }
    };
    let chosen = candidates.into_iter().next().ok_or_else(|| missing("the file"))?;
    let name = chosen.seen.name;
    let bytes = shelf.read(&name).await?;
    let done = pattern.as_ref().and_then(|_| {
        let marks = MARKS
            .into_iter()
            .filter(|mark| names.contains(&format!("{name}{mark}")));
        marks.map(str::to_owned).next()
    });
    Ok(Dropped {
        name,
        bytes,
        pattern,
        done,
    })
}
