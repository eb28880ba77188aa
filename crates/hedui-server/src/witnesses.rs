//! Asking witnesses to cosign the checkpoints of our logs, beside all other work, and how each of them stands.
//! Leaves one question and its answer to `ask`, publishing to `hedui-evidence`, being a witness to `witness`.
//!
//! Rounds, one after the other: every log's newest checkpoint goes to all witnesses at once, so that they cosign the same one. What comes
//! back is put to it at once. No verification waits for any of this.

mod ask;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use futures::StreamExt as _;
use hedui_evidence::{DistrictLogs, LogError, LogName};
use hedui_log::checkpoint::Checkpoint;
use hedui_log::cosignature;
use hedui_log::note::Note;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::config;
use ask::{AskError, Cosigned, Peer};

/// Questions under way at once.
const MAX_AT_ONCE: usize = 16;
/// A witness that failed is asked again after 1, 2, 4, ... and at most so many seconds.
const LONGEST_PAUSE_S: u64 = 60;
/// What the last round of a process may take.
const LAST_ROUND: Duration = Duration::from_secs(3);

/// How a witness stands with a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The witness, as the settings call it.
    pub witness: String,
    /// Leaves that the last checkpoint covers which it cosigned; 0 before the first.
    pub size: u64,
    /// When it cosigned that: seconds since 1970 UTC, by its own clock; 0 before the first.
    pub time: u64,
    /// Why it has not cosigned the newest; none when it has, or has not been asked yet.
    pub error: Option<String>,
}

/// How every witness stands with every log; to be shared.
#[derive(Clone, Debug, Default)]
pub struct Standings(Arc<Mutex<BTreeMap<LogName, Vec<Standing>>>>);

impl Standings {
    /// The witnesses of a log, in the order of the settings.
    pub fn of(&self, log: &LogName) -> Vec<Standing> {
        let standings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        standings.get(log).cloned().unwrap_or_default()
    }

    fn set(&self, log: &LogName, standings: Vec<Standing>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(log.clone(), standings);
    }
}

/// A task that asks.
pub struct Asking {
    standings: Standings,
    now: mpsc::Sender<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Asking {
    /// Asks every so often. Logs and settings must know the same witnesses.
    ///
    /// # Errors
    /// No HTTP client can be made.
    pub fn start(logs: Arc<DistrictLogs>, witnesses: &[config::Witness], every: Duration) -> anyhow::Result<Asking> {
        let client = ask::client().context("no client for witnesses can be made")?;
        let peers = witnesses.iter().map(|witness| {
            Arc::new(Peer {
                name: witness.name.clone(),
                url: format!("{}/add-checkpoint", witness.url),
                key: witness.key.clone(),
                client: client.clone(),
                is_down: AtomicBool::new(false),
            })
        });
        let standings = Standings::default();
        let asker = Asker {
            logs,
            pauses: vec![Pause::default(); witnesses.len()],
            peers: peers.collect(),
            tracks: BTreeMap::new(),
            standings: standings.clone(),
        };
        let (now, asked) = mpsc::channel(4);
        let task = tokio::spawn(asker.run(asked, every));
        Ok(Asking { standings, now, task })
    }

    /// How the witnesses stand.
    pub fn standings(&self) -> Standings {
        self.standings.clone()
    }

    /// Asks all that have not cosigned the newest checkpoints, also those that failed a moment ago, and returns when all have answered.
    pub async fn round(&self) {
        let (done, wait) = oneshot::channel();
        // A task that has ended asks nobody any more.
        if self.now.send(done).await.is_ok() {
            let _ = wait.await;
        }
    }

    /// Ends after one last round, so that what was signed last is cosigned, where the witnesses answer.
    pub async fn stop(self) {
        let _ = tokio::time::timeout(LAST_ROUND, self.round()).await;
        let Asking { now, mut task, .. } = self;
        drop(now);
        if tokio::time::timeout(LAST_ROUND, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// When to ask again.
#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    failures: u32,
    until: Option<Instant>,
}

impl Pause {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    fn longer(&mut self, now: Instant) {
        let seconds = 1u64
            .checked_shl(self.failures)
            .unwrap_or(LONGEST_PAUSE_S)
            .min(LONGEST_PAUSE_S);
        self.failures = self.failures.saturating_add(1).min(16);
        self.until = now.checked_add(Duration::from_secs(seconds));
    }
}

/// What is being cosigned of a log, and by whom.
struct Track {
    candidate: Arc<Candidate>,
    asked: Vec<Asked>,
}

/// A checkpoint that all witnesses are asked for.
struct Candidate {
    note: Note,
    size: u64,
}

/// One witness, one log.
#[derive(Default)]
struct Asked {
    size: u64,
    time: u64,
    /// Whether it has cosigned the candidate.
    done: bool,
    /// Its signature line.
    line: Option<String>,
    error: Option<AskError>,
    pause: Pause,
}

struct Asker {
    logs: Arc<DistrictLogs>,
    peers: Vec<Arc<Peer>>,
    /// Of each witness, as a whole.
    pauses: Vec<Pause>,
    tracks: BTreeMap<LogName, Track>,
    standings: Standings,
}

impl Asker {
    async fn run(mut self, mut asked: mpsc::Receiver<oneshot::Sender<()>>, every: Duration) {
        let mut turns = tokio::time::interval(every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            let done = tokio::select! {
                _ = turns.tick() => None,
                done = asked.recv() => match done {
                    Some(done) => Some(done),
                    None => return,
                },
            };
            match self.round(done.is_some()).await {
                Ok(()) => failing = false,
                Err(error) => {
                    if !failing {
                        tracing::error!(%error, "checkpoints cannot be shown to witnesses");
                    }
                    failing = true;
                }
            }
            if let Some(done) = done {
                // Whoever asked may have gone away.
                let _ = done.send(());
            }
        }
    }

    /// Asks everybody who is due. `all` asks also those that are being spared.
    async fn round(&mut self, all: bool) -> Result<(), LogError> {
        for (log, size) in self.logs.logs().await {
            self.renew(&log, size).await?;
        }
        let now = Instant::now();
        let mut questions = Vec::new();
        for (log, track) in &self.tracks {
            for (at, asked) in track.asked.iter().enumerate() {
                let (Some(peer), Some(pause)) = (self.peers.get(at), self.pauses.get(at)) else {
                    continue;
                };
                if !asked.done && (all || (asked.pause.is_over(now) && pause.is_over(now))) {
                    questions.push((
                        log.clone(),
                        at,
                        Arc::clone(peer),
                        Arc::clone(&track.candidate),
                        asked.size,
                    ));
                }
            }
        }
        self.peers
            .iter()
            .for_each(|peer| peer.is_down.store(false, Ordering::Relaxed));
        let logs = Arc::clone(&self.logs);
        let answers = questions.into_iter().map(|(log, at, peer, candidate, old)| {
            let logs = Arc::clone(&logs);
            async move {
                let answer = peer.ask(&logs, &log, &candidate.note, candidate.size, old).await;
                (log, at, answer)
            }
        });
        let mut answers = futures::stream::iter(answers).buffer_unordered(MAX_AT_ONCE);
        while let Some((log, at, answer)) = answers.next().await {
            self.take(&log, at, answer).await?;
        }
        Ok(())
    }

    /// Takes the newest checkpoint of a log of that size as the one to be cosigned, if it is another one.
    async fn renew(&mut self, log: &LogName, size: u64) -> Result<(), LogError> {
        if self.tracks.get(log).is_some_and(|track| track.candidate.size == size) {
            return Ok(());
        }
        let Some((note, size)) = parsed(self.logs.newest_signed(log).await?) else {
            return Ok(());
        };
        let candidate = Arc::new(Candidate { note, size });
        match self.tracks.get_mut(log) {
            Some(track) if track.candidate.size == size => {}
            Some(track) => {
                for asked in &mut track.asked {
                    (asked.done, asked.line) = (false, None);
                }
                track.candidate = candidate;
            }
            None => {
                let published = parsed(self.logs.checkpoint(log).await?);
                let asked = self.peers.iter().map(|peer| before(peer, published.as_ref()));
                let asked = asked.collect();
                self.tracks.insert(log.clone(), Track { candidate, asked });
            }
        }
        self.show(log);
        Ok(())
    }

    /// Takes an answer: a cosignature to the checkpoint, anything else to those who operate this.
    async fn take(&mut self, log: &LogName, at: usize, answer: Result<Cosigned, AskError>) -> Result<(), LogError> {
        let now = Instant::now();
        let (Some(track), Some(peer), Some(pause)) =
            (self.tracks.get_mut(log), self.peers.get(at), self.pauses.get_mut(at))
        else {
            return Ok(());
        };
        let Some(asked) = track.asked.get_mut(at) else {
            return Ok(());
        };
        match &answer {
            Err(AskError::Spared) => {
                asked.error.get_or_insert(AskError::Spared);
                self.show(log);
                return Ok(());
            }
            Err(error) if error.is_unreachable() => {
                if pause.failures == 0 {
                    tracing::warn!(witness = peer.name, %error, "a witness cannot be reached");
                }
                // Once a round: of all logs the first to fail.
                if !peer.is_down.swap(true, Ordering::Relaxed) {
                    pause.longer(now);
                }
            }
            _ => {
                if pause.failures > 0 {
                    tracing::info!(witness = peer.name, "a witness can be reached again");
                }
                *pause = Pause::default();
            }
        }
        match answer {
            Ok(Cosigned { line, time }) => {
                if asked.error.as_ref().is_some_and(|error| !error.is_unreachable()) {
                    tracing::info!(witness = peer.name, %log, "a witness cosigns again");
                }
                let size = track.candidate.size;
                *asked = Asked {
                    size,
                    time,
                    done: true,
                    line: Some(line),
                    ..Asked::default()
                };
                let lines: Vec<String> = track.asked.iter().filter_map(|asked| asked.line.clone()).collect();
                let note = track.candidate.note.to_string();
                self.logs.cosigned(log, &note, &lines).await?;
            }
            Err(error) => {
                let is_new = asked.error.as_ref().map(AskError::code) != Some(error.code());
                if !error.is_unreachable() {
                    asked.pause.longer(now);
                    if is_new {
                        tracing::error!(witness = peer.name, %log, reason = error.code(), %error, "a witness does not cosign");
                    }
                }
                asked.error = Some(error);
            }
        }
        self.show(log);
        Ok(())
    }

    fn show(&self, log: &LogName) {
        let Some(track) = self.tracks.get(log) else { return };
        let standing = |(peer, asked): (&Arc<Peer>, &Asked)| Standing {
            witness: peer.name.clone(),
            size: asked.size,
            time: asked.time,
            error: asked.error.as_ref().map(|error| format!("{}: {error}", error.code())),
        };
        let standings = self.peers.iter().zip(&track.asked).map(standing).collect();
        self.standings.set(log, standings);
    }
}

/// A checkpoint in a note, and its size. What cannot be read is complained of where logs are followed.
fn parsed(note: Option<String>) -> Option<(Note, u64)> {
    let note = Note::parse(note?.as_bytes()).ok()?;
    let size = Checkpoint::parse(note.text()).ok()?.size;
    Some((note, size))
}

/// What a witness is known to have cosigned before this process. It is asked all the same: if this is an older copy of the evidence, only
/// the witness knows.
fn before(peer: &Peer, published: Option<&(Note, u64)>) -> Asked {
    let cosigned = published.and_then(|(note, size)| Some((*size, cosignature::verify(note, &peer.key).ok()?)));
    let (size, time) = cosigned.unwrap_or_default();
    Asked {
        size,
        time,
        ..Asked::default()
    }
}
