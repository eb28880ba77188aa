//! A file that a department drops from time to time, held in memory with an index by id, and replaced when a newer one was read whole.
//! Leaves where files lie to `shelf`, their form to `sheet`, their rows to `table`, and the meaning of the columns to the mapping.

mod doubt;
mod sftp;
mod shelf;
mod table;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hedui_core::{Failure, FailureClass, PartialDate, Subject};
use tokio::time::{Instant, timeout_at};

use super::sheet::Format;
use super::{Found, Source};
use crate::clock::Clock;
use crate::manifest::{FileAt, FileConnector};
use crate::mapping::Mapping;
use crate::reason::Reason;

pub(super) use sftp::Sftp;
pub use sftp::is_host_key;
use shelf::{Candidate, Seen};
pub(super) use shelf::{Local, Shelf, bytes, newest};
use table::{Table, Wanted};

/// Of so many of the newest files one must be readable: older ones are not gone through.
const MAX_TRIED: usize = 5;

/// Of files smaller than this the size changes with a few people.
const SMALL_BYTES: u64 = 16 << 10;

/// Asia/Shanghai is ahead of UTC by this, without summer time.
const CHINA_MS: i64 = 8 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// A source in files.
pub(super) struct File {
    shared: Arc<Shared>,
    /// Who holds it looks for a newer file; the others go on with the one in force.
    turn: Arc<tokio::sync::Mutex<()>>,
}

struct Shared {
    shelf: Box<dyn Shelf>,
    connector: FileConnector,
    format: Arc<Format>,
    wanted: Arc<Wanted>,
    clock: Option<Arc<dyn Clock>>,
    state: Mutex<State>,
}

/// A file that was read whole.
struct Held {
    seen: Seen,
    dated: Option<PartialDate>,
    table: Table,
}

#[derive(Clone, Default)]
struct State {
    in_force: Option<Arc<Held>>,
    /// Why there is none, or no newer one.
    trouble: Option<Failure>,
    /// A file that cannot be read need not be read again until it changes.
    refused: Option<(Seen, Failure)>,
    looked_ms: Option<i64>,
    /// The file that was taken last, also where it is in force no more.
    taken: Option<Seen>,
}

impl File {
    pub(super) fn new(
        connector: &FileConnector,
        format: Format,
        mapping: &Mapping,
        clock: Option<Arc<dyn Clock>>,
    ) -> Result<File, Failure> {
        if connector.needs_clock() && clock.is_none() {
            return Err(Reason::SourceMissing.failure_at("max_age and settle need a clock"));
        }
        let (at, done) = (connector.at.clone(), connector.done.clone());
        let shelf: Box<dyn Shelf> = match &connector.server {
            Some(server) => Box::new(Sftp::new(server, at, done)?),
            None => Box::new(Local::new(at, done)),
        };
        Ok(File::on(shelf, connector, format, mapping, clock))
    }

    /// Of files that lie on a shelf.
    fn on(
        shelf: Box<dyn Shelf>,
        connector: &FileConnector,
        format: Format,
        mapping: &Mapping,
        clock: Option<Arc<dyn Clock>>,
    ) -> File {
        let wanted = Wanted {
            key_column: connector.key_column.clone(),
            name_column: mapping.identity.name.clone(),
            columns: mapping.every_column(),
            spellings: connector.spellings.clone(),
            quarantine: connector.quarantine,
            may_be_empty: connector.may_be_empty,
            data_on: mapping.data_on.clone(),
        };
        let shared = Shared {
            shelf,
            connector: connector.clone(),
            format: Arc::new(format),
            wanted: Arc::new(wanted),
            clock,
            state: Mutex::default(),
        };
        File {
            shared: Arc::new(shared),
            turn: Arc::default(),
        }
    }

    /// The file in force. Who finds that it is time to look waits for the outcome, but where a file is in force only for half of the time
    /// that there is; the looking goes on for whoever asks next.
    async fn current(&self, deadline: Instant) -> Result<State, Failure> {
        let in_force = self.shared.state().in_force.is_some();
        if !in_force || self.shared.is_due() {
            let late = || Reason::SourceTimeout.failure();
            match self.turn.clone().try_lock_owned() {
                Ok(turn) => {
                    let shared = self.shared.clone();
                    let looking = tokio::spawn(async move {
                        shared.look().await;
                        drop(turn);
                    });
                    let now = Instant::now();
                    let half = now + deadline.saturating_duration_since(now) / 2;
                    match timeout_at(if in_force { half } else { deadline }, looking).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) => return Err(Reason::ConnectorPanicked.failure()),
                        Err(_) if in_force => self.shared.still_stands(deadline).await?,
                        Err(_) => return Err(late()),
                    }
                }
                // Somebody is looking already, and may have looked before this question came.
                Err(_) if in_force => self.shared.still_stands(deadline).await?,
                Err(_) => {
                    drop(timeout_at(deadline, self.turn.lock()).await.map_err(|_| late())?);
                    self.shared.still_stands(deadline).await?;
                }
            }
        }
        Ok(self.shared.state())
    }
}

impl State {
    fn held(&self) -> Result<&Arc<Held>, Failure> {
        let none = || Reason::SourceUnavailable.failure();
        self.in_force
            .as_ref()
            .ok_or_else(|| self.trouble.clone().unwrap_or_else(none))
    }
}

#[async_trait]
impl Source for File {
    async fn rows(&self, subjects: &[Subject], deadline: Instant) -> Result<Found, Failure> {
        let state = self.current(deadline).await?;
        let held = state.held()?;
        self.shared.check_age(held)?;
        let find = |subject: &Subject| {
            let mut found = held.table.find(subject)?;
            found.data_on = found.data_on.or(held.dated);
            if let Some(trouble) = &state.trouble {
                found
                    .notes
                    .push(format!("a newer file could not be taken: {}", trouble.reason));
            }
            Ok(found)
        };
        Ok(subjects.iter().map(find).collect())
    }

    async fn check(&self) -> Result<(), Failure> {
        let turn = self.turn.lock().await;
        self.shared.look().await;
        drop(turn);
        let state = self.shared.state();
        let held = state.held()?;
        self.shared.check_age(held)?;
        state.trouble.clone().map_or(Ok(()), Err)
    }
}

/// What a look at the shelf came to.
struct Look {
    in_force: Option<Arc<Held>>,
    trouble: Option<Failure>,
}

fn is_of_size(failure: &Failure) -> bool {
    failure.reason == Reason::SourceShrunk.word()
}

impl Shared {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn now_ms(&self) -> Option<i64> {
        self.clock.as_ref().map(|clock| clock.now_ms())
    }

    /// Whether it is time to look again; a clock that was set back does not put that off.
    fn is_due(&self) -> bool {
        let refresh = i64::try_from(self.connector.refresh.as_millis()).unwrap_or(i64::MAX);
        match (self.now_ms(), self.state().looked_ms) {
            (Some(now), Some(looked)) => now < looked || now - looked >= refresh,
            _ => true,
        }
    }

    async fn look(&self) {
        let before = self.state();
        let look = self.find(&before).await;
        self.shelf.leave().await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = &look.in_force {
            state.taken = Some(held.seen.clone());
        }
        state.in_force = look.in_force;
        state.trouble = look.trouble;
        state.looked_ms = self.now_ms();
    }

    fn in_folder(&self) -> bool {
        matches!(self.connector.at, FileAt::Folder(..))
    }

    /// A single file of this machine is what it is now; any other may be looked at again later.
    fn may_stay(&self) -> bool {
        self.in_folder() || self.connector.server.is_some()
    }

    /// For a question that goes on with the file in force without a look of its own: one that was taken away answers nothing any more.
    async fn still_stands(&self, deadline: Instant) -> Result<(), Failure> {
        if self.may_stay() {
            return Ok(());
        }
        let late = |_| Reason::SourceTimeout.failure();
        if !timeout_at(deadline, self.candidates()).await.map_err(late)??.is_empty() {
            return Ok(());
        }
        Err(Reason::SourceMissing.failure_at("the file"))
    }

    /// The newest file that is complete and can be read; while there is no such, the one in force stays it as long as it stands there.
    async fn find(&self, before: &State) -> Look {
        let (held, may_stay) = (before.in_force.clone(), self.may_stay());
        let candidates = match self.candidates().await {
            Ok(candidates) => candidates,
            // What cannot be looked at may be there unchanged.
            Err(failure) => {
                return Look {
                    in_force: held.filter(|_| may_stay),
                    trouble: Some(failure),
                };
            }
        };
        let (mut trouble, mut waiting, mut tried) = (None, None, 0);
        for (nth, candidate) in candidates.iter().enumerate() {
            if tried == MAX_TRIED {
                break;
            }
            if let Some(held) = held.as_ref().filter(|held| held.seen == candidate.seen) {
                return Look {
                    in_force: Some(held.clone()),
                    trouble,
                };
            }
            let older = candidates.get(nth + 1..).unwrap_or_default();
            let loaded = self.take(candidate, before, older).await;
            // One that is refused for its size was not gone through.
            tried += usize::from(!loaded.as_ref().is_err_and(is_of_size));
            match loaded {
                Ok(loaded) => {
                    return Look {
                        in_force: Some(Arc::new(loaded)),
                        trouble,
                    };
                }
                // It is written now, or changed while it was read.
                Err(failure) if failure.class == FailureClass::Transient => {
                    waiting.get_or_insert(failure);
                }
                Err(failure) => {
                    trouble.get_or_insert(failure);
                }
            }
            // What is in force is replaced in its place, not by an older file.
            if held.as_ref().is_some_and(|held| held.seen.name == candidate.seen.name) {
                break;
            }
        }
        if waiting.is_none()
            && let Some(loaded) = self.of_another_form(&candidates, before, trouble.as_ref()).await
        {
            return Look {
                in_force: Some(Arc::new(loaded)),
                trouble: None,
            };
        }
        let stands = |held: &Arc<Held>| candidates.iter().any(|c| c.seen.name == held.seen.name);
        let stays = held.filter(|held| stands(held) && (may_stay || trouble.is_none()));
        if stays.is_none() {
            trouble = trouble.or(waiting).or_else(|| Some(self.missing()));
        }
        Look {
            in_force: stays,
            trouble,
        }
    }

    fn missing(&self) -> Failure {
        Reason::SourceMissing.failure_at(if self.in_folder() {
            "a file that fits the pattern"
        } else {
            "the file"
        })
    }

    async fn candidates(&self) -> Result<Vec<Candidate>, Failure> {
        let files = self.shelf.files().await?;
        let done = self.connector.done.as_deref();
        Ok(match &self.connector.at {
            FileAt::Folder(_, pattern) => newest(files, Some(pattern), done),
            FileAt::Path(path) => {
                let name = path.rsplit('/').next().unwrap_or(path).to_owned();
                let mut found = newest(files, None, done);
                found.retain(|candidate| candidate.seen.name == name);
                found
            }
        })
    }

    fn is_complete(&self, candidate: &Candidate) -> bool {
        if self.connector.done.is_some() {
            return candidate.marked;
        }
        let settle = i64::try_from(self.connector.settle.as_millis()).unwrap_or(i64::MAX);
        settle == 0
            || self
                .now_ms()
                .is_some_and(|now| now.saturating_sub(candidate.seen.written) >= settle)
    }

    async fn take(&self, candidate: &Candidate, before: &State, older: &[Candidate]) -> Result<Held, Failure> {
        if !self.is_complete(candidate) {
            return Err(Reason::SourceUnavailable.failure_at("the file is still being written"));
        }
        if self.is_shrunk(candidate, before.taken.as_ref(), older) {
            return Err(Reason::SourceShrunk
                .failure_at("have it exported again, or write may_shrink = true where it may be so"));
        }
        self.load(candidate, before).await
    }

    /// The newest one that was refused for its size only, where after a start none of those that it was compared with can be read: they may be of
    /// another form.
    async fn of_another_form(
        &self,
        candidates: &[Candidate],
        before: &State,
        trouble: Option<&Failure>,
    ) -> Option<Held> {
        if before.taken.is_some() || !trouble.is_some_and(is_of_size) {
            return None;
        }
        let newest = candidates.iter().find(|c| self.is_complete(c))?;
        self.load(newest, before).await.ok()
    }

    /// Whether most of what the one before it held is missing: the one that was taken last, or, after a start and where that one was taken back, the
    /// largest of those before it.
    fn is_shrunk(&self, candidate: &Candidate, taken: Option<&Seen>, older: &[Candidate]) -> bool {
        let complete = older.iter().take(MAX_TRIED).filter(|older| self.is_complete(older));
        let largest = complete.map(|older| older.seen.bytes).max();
        let stands = |taken: &&Seen| {
            let is_there = taken.name == candidate.seen.name || older.iter().any(|c| c.seen.name == taken.name);
            // What was written before it was there before it: that one was taken back. What was cleared away is remembered.
            is_there || (largest.is_none() && candidate.seen.written >= taken.written)
        };
        let before = taken.filter(stands).map(|taken| taken.bytes).or(largest);
        let before = before.filter(|bytes| !self.connector.may_shrink && *bytes >= SMALL_BYTES);
        before.is_some_and(|bytes| candidate.seen.bytes < bytes / 2)
    }

    /// Reads a file whole. What changed meanwhile was not complete.
    async fn load(&self, candidate: &Candidate, before: &State) -> Result<Held, Failure> {
        if let Some((_, failure)) = before.refused.as_ref().filter(|(seen, _)| *seen == candidate.seen) {
            return Err(failure.clone());
        }
        let read = self.read(candidate).await;
        if let Err(failure) = &read
            && failure.class != FailureClass::Transient
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.refused = Some((candidate.seen.clone(), failure.clone()));
        }
        read
    }

    async fn read(&self, candidate: &Candidate) -> Result<Held, Failure> {
        let bytes = self.shelf.read(&candidate.seen.name).await?;
        let after = self.candidates().await?;
        if !after.iter().any(|now| now.seen == candidate.seen) {
            return Err(Reason::SourceUnavailable.failure_at("the file is being replaced"));
        }
        let (format, wanted) = (self.format.clone(), self.wanted.clone());
        let work = tokio::task::spawn_blocking(move || wanted.table(format.parse(bytes)?));
        let table = work
            .await
            .unwrap_or_else(|_| Err(Reason::ConnectorPanicked.failure()))?;
        Ok(Held {
            seen: candidate.seen.clone(),
            dated: candidate.dated,
            table,
        })
    }

    /// Data of a day is as old as that day is over; where no day is known, as the file is.
    fn check_age(&self, held: &Held) -> Result<(), Failure> {
        let (Some(max_age), Some(now)) = (self.connector.max_age, self.now_ms()) else {
            return Ok(());
        };
        let day = held.table.data_on.or(held.dated);
        let end_of_day = |day: PartialDate| {
            let days = day.last_day().since(jiff::civil::date(1970, 1, 1));
            let days = days.map_or(0, |span| i64::from(span.get_days()));
            (days + 1) * DAY_MS - CHINA_MS
        };
        let since = day.map_or(held.seen.written, end_of_day);
        if now.saturating_sub(since) <= i64::try_from(max_age.as_millis()).unwrap_or(i64::MAX) {
            return Ok(());
        }
        Err(match day {
            Some(day) => Reason::SourceOutdated.failure_at(format_args!("it is of {day}")),
            None => Reason::SourceOutdated.failure(),
        })
    }
}
