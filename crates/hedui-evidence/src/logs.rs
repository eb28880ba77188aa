//! The transparency logs: one Merkle log per district and year over the leaves of the durable frames, in their order, with signed
//! checkpoints. Left to others: the formats (`hedui-log`), when to follow and asking witnesses (the server).
//!
//! Everything here follows from the segments and can be made again from them, but for one thing: what was signed. A log that has
//! become shorter than its last checkpoint, or another one, signs nothing any more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use hedui_log::checkpoint::Checkpoint;
use hedui_log::merkle::{Hash, leaf_hash, root_of};
use tokio::sync::Mutex;

use crate::error::ErrorKind;
use crate::ids::FrameId;
use crate::leaf::Leaf;
use crate::store::{EvidenceStore, HashedFrame, MAX_PAGE, Position};

mod cosign;
mod error;
mod export;
mod folder;
mod key;
mod name;
mod nodes;
mod promise;
mod proof;
mod sample;
mod state;
mod tree;

#[cfg(test)]
mod tests;

pub use cosign::{LogWitness, MAX_WITNESSES, Witnesses};
pub use error::LogError;
pub use export::{Export, Exported, SEALED_FOLDER};
pub use key::{LogKey, LogSigner, WitnessKey};
pub use name::LogName;
pub use promise::{Promise, ToPromise};
pub use proof::{Disclosure, Proved};
pub use sample::{Draw, Drawn, Sample};

use folder::{Files, TileFile, Written};
use nodes::TileNodes;
use promise::MAX_LEAVES;
use tree::{FrameAt, Tree};

/// What an operator sets.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// What every log's origin begins with, a name that the operator owns: `evidence.example.gov.cn` gives
    /// `evidence.example.gov.cn/511703/2026`.
    pub name: String,
    /// Where tiles and checkpoints lie; nowhere but in memory where none.
    pub folder: Option<PathBuf>,
    /// A leaf is promised to be covered by a checkpoint within so many milliseconds.
    pub promised_within_ms: i64,
}

impl LogOptions {
    /// Whether logs can be called this. Errors: [`LogError::Name`].
    pub fn check_name(name: &str) -> Result<(), LogError> {
        key::check_name(name)
    }
}

/// A minute: sixty times what following takes.
pub const PROMISED_WITHIN_MS: i64 = 60_000;

/// How the logs are doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogStatus {
    /// Every durable frame before this is covered by a checkpoint.
    pub covered: Position,
    /// When the store was last followed to its end, in milliseconds since 1970 UTC; none before the first time.
    pub followed_at_ms: Option<i64>,
    /// Some promise was not kept in time, since the process began.
    pub late: bool,
    /// Why nothing is signed any more.
    pub halted: Option<String>,
    /// The same as one of [`LogError::HALT_CODES`].
    pub halt_code: Option<&'static str>,
}

/// All logs of a store.
#[derive(Debug)]
pub struct DistrictLogs {
    options: LogOptions,
    key: LogKey,
    witnesses: Witnesses,
    files: Files,
    state: Mutex<State>,
    status: std::sync::Mutex<LogStatus>,
}

#[derive(Debug, Default)]
struct State {
    next: Position,
    /// The last frame that was read: what the store must still hold for the rest to be of use.
    last: Option<(Position, FrameId)>,
    /// What is written cannot be used: all is made again from the store.
    again: bool,
    trees: BTreeMap<LogName, Tree>,
    /// Set once the folder has been read.
    opened: bool,
}

/// What following the store once did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Followed {
    /// Frames read.
    pub frames: u64,
    /// Leaves appended to logs.
    pub leaves: u64,
    /// Checkpoints signed.
    pub checkpoints: u64,
}

impl DistrictLogs {
    /// Logs over a store. Nothing is read before [`DistrictLogs::follow`].
    pub fn new(options: LogOptions, key: LogKey) -> Result<DistrictLogs, LogError> {
        key::check_name(&options.name)?;
        Ok(DistrictLogs {
            files: Files::at(options.folder.clone()),
            options,
            key,
            witnesses: Witnesses::default(),
            state: Mutex::default(),
            status: std::sync::Mutex::default(),
        })
    }

    /// The origin line of a log.
    #[must_use]
    pub fn origin(&self, log: &LogName) -> String {
        format!("{}/{log}", self.options.name)
    }

    /// The public key of a log, in the form of C2SP signed-note: what auditors put into their policy files.
    pub fn verifier_key(&self, log: &LogName) -> Result<String, LogError> {
        Ok(self.signer(log)?.verifier_key())
    }

    fn signer(&self, log: &LogName) -> Result<Arc<LogSigner>, LogError> {
        self.key.signer(&self.origin(log))
    }

    /// How the logs are doing.
    #[must_use]
    pub fn status(&self, now_ms: i64) -> LogStatus {
        let mut status = self.lock_status().clone();
        // Also when following hangs, and cannot say so.
        status.late |= self.is_late(&status, now_ms);
        status
    }

    /// Whether what became durable after the last following has waited too long.
    fn is_late(&self, status: &LogStatus, now_ms: i64) -> bool {
        let since = status.followed_at_ms;
        since.is_some_and(|since| now_ms.saturating_sub(since) > self.options.promised_within_ms)
    }

    fn lock_status(&self) -> std::sync::MutexGuard<'_, LogStatus> {
        self.status.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Appends the leaves of all frames that have become durable, and signs a checkpoint of every log that grew. `tell` gets the
    /// number of frames read so far, for the long first following of a store whose logs have to be made again.
    ///
    /// Errors: the store's; [`LogError::Forked`] and [`LogError::Shortened`], after which nothing is signed until a person has looked.
    pub async fn follow(
        &self,
        store: &dyn EvidenceStore,
        now_ms: i64,
        tell: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Followed, LogError> {
        if let Some(reason) = &self.lock_status().halted {
            return Err(LogError::Halted { reason: reason.clone() });
        }
        let mut state = self.state.lock().await;
        let followed = self.follow_locked(&mut state, store, tell).await;
        let mut status = self.lock_status();
        match &followed {
            Ok(_) => {
                *status = LogStatus {
                    covered: state.next,
                    followed_at_ms: Some(now_ms),
                    // What is covered only now was promised earlier; that stays known.
                    late: status.late || self.is_late(&status, now_ms),
                    halted: None,
                    halt_code: None,
                };
            }
            Err(error) => {
                // What was drained for writing is read anew from what is written.
                state.opened = false;
                // From the first failure on somebody waits, even if nothing was ever followed.
                status.followed_at_ms.get_or_insert(now_ms);
                status.late |= self.is_late(&status, now_ms);
                if error.halts() {
                    status.halted = Some(error.to_string());
                    status.halt_code = error.halt_code();
                }
            }
        }
        followed
    }

    async fn follow_locked(
        &self,
        state: &mut State,
        store: &dyn EvidenceStore,
        tell: &mut (dyn FnMut(u64) + Send),
    ) -> Result<Followed, LogError> {
        if !state.opened {
            self.open(state, store).await?;
        }
        let mut followed = Followed::default();
        loop {
            let page = store.hashed(state.next, MAX_PAGE).await?;
            for frame in &page.frames {
                take(state, frame);
                followed.leaves += frame.leaves.len() as u64;
                followed.frames += 1;
            }
            state.next = page.next;
            tell(followed.frames);
            if page.at_end {
                break;
            }
            // Full tiles do not pile up in memory while a long log is made again.
            state.write_finished(&self.files).await?;
        }
        followed.checkpoints = self.publish(state).await?;
        Ok(followed)
    }

    /// Reads what the folder holds; what cannot be used, or is of another store or another course of events, is made again from the store.
    async fn open(&self, state: &mut State, store: &dyn EvidenceStore) -> Result<(), LogError> {
        let files = self.files.clone();
        let again = state.again;
        let (read, known) = blocking(move || {
            let read = if again { None } else { folder::open(&files)? };
            Ok((read, folder::known(&files)?))
        })
        .await?;
        *state = State::default();
        match read {
            Some(read) if holds(store, &read).await? => {
                (state.next, state.last, state.trees) = (read.next, read.last, read.trees);
            }
            // Every log that was ever signed, so that one the store has lost is noticed.
            _ => state.trees = known.into_iter().map(|log| (log, Tree::default())).collect(),
        }
        state.opened = true;
        Ok(())
    }

    /// Writes tiles, then signs and publishes the checkpoints of logs that grew.
    async fn publish(&self, state: &mut State) -> Result<u64, LogError> {
        let State { next, last, trees, .. } = state;
        let mut due = Vec::new();
        for (log, tree) in trees.iter().filter(|(_, tree)| tree.has_grown() || !tree.checked) {
            due.push(Due {
                origin: self.origin(log),
                signer: self.signer(log)?,
                log: log.clone(),
                size: tree.size(),
                root: tree.root(),
                has_grown: tree.has_grown(),
                checked: tree.checked,
            });
        }
        if due.is_empty() {
            return Ok(0);
        }
        let mut written = Written {
            tiles: trees
                .iter_mut()
                .filter(|(_, tree)| tree.has_grown())
                .flat_map(|(log, tree)| tree.tiles(log))
                .collect(),
            frames: trees.iter_mut().map(|(log, tree)| tree.new_frames(log)).collect(),
            sizes: trees.iter().map(|(log, tree)| tree.summary(log)).collect(),
            next: *next,
            last: *last,
            checkpoints: Vec::with_capacity(due.len()),
            await_witnesses: self.witnesses.quorum() > 0,
        };
        let files = self.files.clone();
        let signed = blocking(move || {
            folder::write_tiles(&files, &std::mem::take(&mut written.tiles))?;
            for due in due {
                if !due.checked {
                    due.check(&files)?;
                }
                if due.has_grown {
                    written.checkpoints.push((due.log.clone(), due.sign()?));
                }
            }
            folder::write(&files, &written)?;
            Ok(written.checkpoints.len() as u64)
        })
        .await?;
        trees.values_mut().for_each(Tree::published);
        Ok(signed)
    }

    /// Where the frames of a log begin, in order.
    async fn frames(&self, log: &LogName) -> Vec<FrameAt> {
        let state = self.state.lock().await;
        state
            .trees
            .get(log)
            .map(|tree| tree.frames().to_vec())
            .unwrap_or_default()
    }

    /// Whether there is such a log.
    pub async fn has(&self, log: &LogName) -> bool {
        self.state.lock().await.trees.contains_key(log)
    }

    /// A tile that a proof needs is gone: the next following makes everything again.
    async fn again_after<T>(&self, result: Result<T, LogError>) -> Result<T, LogError> {
        if matches!(result, Err(LogError::Folder { .. })) {
            let mut state = self.state.lock().await;
            (state.opened, state.again) = (false, true);
        }
        result
    }

    /// Every log with leaves, and how many.
    pub async fn logs(&self) -> Vec<(LogName, u64)> {
        let state = self.state.lock().await;
        state
            .trees
            .iter()
            .map(|(log, tree)| (log.clone(), tree.size()))
            .collect()
    }

    /// Whether promises can be made. To be asked before anything is begun that ends with one.
    ///
    /// Errors: [`LogError::Halted`], when nothing is signed any more; [`LogError::Late`], when earlier promises are not being kept.
    pub fn check(&self, now_ms: i64) -> Result<(), LogError> {
        let status = self.lock_status();
        match &status.halted {
            Some(reason) => Err(LogError::Halted { reason: reason.clone() }),
            None if self.is_late(&status, now_ms) => Err(LogError::Late),
            None => Ok(()),
        }
    }

    /// A leaf of a frame as it can be promised: to be covered by a checkpoint in time, reckoned from the frame's own. Errors: [`LogError::Leaf`],
    /// when the leaf does not encode.
    pub fn to_promise(&self, leaf: &Leaf, time_ms: i64) -> Result<ToPromise, LogError> {
        Ok(ToPromise {
            log: LogName::of(&leaf.district, time_ms),
            hash: leaf_hash(&leaf.encode().map_err(LogError::Leaf)?),
            until_ms: time_ms.saturating_add(self.options.promised_within_ms),
        })
    }

    /// Promises each leaf, with one signature for those of one log (up to 64 leaves): one costs some twenty microseconds. None for a leaf
    /// whose time has passed: then there is a proof, and a promise made afterwards would only accuse. Errors: those of [`DistrictLogs::check`].
    pub fn promise(&self, leaves: &[ToPromise], now_ms: i64) -> Result<Vec<Option<Promise>>, LogError> {
        self.check(now_ms)?;
        let mut by_log: BTreeMap<&LogName, Vec<usize>> = BTreeMap::new();
        for (at, leaf) in leaves.iter().enumerate().filter(|(_, leaf)| leaf.until_ms >= now_ms) {
            by_log.entry(&leaf.log).or_default().push(at);
        }
        let mut promises = vec![None; leaves.len()];
        for (log, those) in by_log {
            let (signer, origin) = (self.signer(log)?, self.origin(log));
            for together in those.chunks(MAX_LEAVES) {
                let promise = Promise::sign(&signer, &origin, together.iter().filter_map(|at| leaves.get(*at)));
                for at in together {
                    if let Some(place) = promises.get_mut(*at) {
                        *place = Some(promise.clone());
                    }
                }
            }
        }
        Ok(promises)
    }
}

impl State {
    /// Writes the tiles that have become full.
    async fn write_finished(&mut self, files: &Files) -> Result<(), LogError> {
        let tiles: Vec<TileFile> = self
            .trees
            .iter_mut()
            .flat_map(|(log, tree)| tree.finished(log))
            .collect();
        let files = files.clone();
        blocking(move || folder::write_tiles(&files, &tiles)).await
    }
}

/// A log whose checkpoint is due.
struct Due {
    log: LogName,
    origin: String,
    signer: Arc<LogSigner>,
    size: u64,
    root: Hash,
    has_grown: bool,
    checked: bool,
}

impl Due {
    fn sign(&self) -> Result<String, LogError> {
        let checkpoint = Checkpoint::new(&self.origin, self.size, self.root).map_err(LogError::name)?;
        self.signer.sign_note(&checkpoint.to_string())
    }

    /// Whether the log still holds what was last signed of it, before this process.
    fn check(&self, files: &Files) -> Result<(), LogError> {
        for last in folder::signed(files, &self.log)? {
            self.check_against(files, &last)?;
        }
        Ok(())
    }

    fn check_against(&self, files: &Files, signed: &folder::Signed) -> Result<(), LogError> {
        if signed.origin != self.origin || !self.signer.has_signed(&signed.note) {
            return Err(LogError::OtherKey {
                reason: format!("the last checkpoint of {} is by {}", self.log, signed.origin),
            });
        }
        if signed.size > self.size {
            return Err(LogError::Shortened {
                reason: format!(
                    "{} was signed with {} leaves and has {}",
                    self.log, signed.size, self.size
                ),
            });
        }
        let nodes = TileNodes {
            files,
            log: &self.log,
            size: self.size,
        };
        if root_of(signed.size, &nodes)? == signed.root {
            Ok(())
        } else {
            Err(LogError::Forked {
                reason: format!("{} is not what was signed at {} leaves", self.log, signed.size),
            })
        }
    }
}

/// Whether the store still holds what was read last: otherwise it was restored, cut, or is another one.
async fn holds(store: &dyn EvidenceStore, read: &folder::Read) -> Result<bool, LogError> {
    let Some((position, id)) = read.last else {
        return Ok(read.trees.is_empty());
    };
    match store.read(position).await {
        Ok(frame) => Ok(frame.id == id),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Corrupt) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Appends a frame's leaves to its log.
fn take(state: &mut State, frame: &HashedFrame) {
    let log = LogName::of(&frame.district, frame.time_ms);
    let tree = state.trees.entry(log).or_default();
    state.last = Some((frame.position, frame.id));
    tree.begin_frame(frame.position);
    for leaf in &frame.leaves {
        tree.append(*leaf);
    }
}

/// Runs file work beside the runtime's threads.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(LogError::Folder {
            reason: "writing the logs ended without a word".to_owned(),
        })
    })
}
