//! The thread that files durable frames in the index, behind the committer, many at a time.
//! Left to others: when enough has gathered (`lookup`), whether an index can be trusted (`catch_up`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::IndexOpener;
use super::catch_up::{CaughtUp, open_index};
use super::committer::Published;
use super::lookup::Lookup;
use super::reader::LogReader;
use crate::disk::Disk;

/// Says that enough has gathered to be filed.
pub(crate) struct Due;

/// After so long without a word an index that failed is opened again. Rebuilding a large one takes minutes, and the
/// disk may still be full: there is no hurry.
const RETRY: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 5_000 });

/// What an index can be opened again with.
pub(crate) struct Reopen {
    pub(crate) opener: Box<dyn IndexOpener + Send>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) store_id: [u8; 16],
    pub(crate) published: Arc<Published>,
    /// The store is being closed: no rebuilding any more.
    pub(crate) closing: Arc<AtomicBool>,
}

/// Files what has gathered whenever it is told to, and at the end. After a failure it opens the index again, or builds
/// it anew from the segments, until that works: then look-ups and appends resume.
pub(crate) fn run(due: &Receiver<Due>, lookup: &Arc<Lookup>, mut reopen: Reopen) {
    loop {
        let word = if lookup.check().is_ok() {
            due.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            due.recv_timeout(RETRY)
        };
        match word {
            Err(RecvTimeoutError::Disconnected) => break,
            Ok(Due) | Err(RecvTimeoutError::Timeout) if lookup.check().is_err() => reopen.attempt(lookup),
            Ok(Due) | Err(RecvTimeoutError::Timeout) => file(lookup),
        }
    }
    file(lookup);
    if lookup.check().is_ok()
        && let Err(error) = lookup.index().flush()
    {
        tracing::warn!(reason = %error, "the index was not flushed; it is completed at the next start");
    }
}

impl Reopen {
    fn attempt(&mut self, lookup: &Arc<Lookup>) {
        lookup.let_go();
        // Everything that was ever shown is durable before this end.
        let reader = LogReader {
            disk: Arc::clone(&self.disk),
            tail: self.published.tail(),
        };
        let closing = Arc::clone(&self.closing);
        let stop = move || closing.load(Ordering::Acquire);
        match open_index(&mut *self.opener, &reader, self.store_id, (&mut |_| (), &stop)) {
            Ok(CaughtUp { index, opening, .. }) => {
                tracing::info!(frames = opening.indexed_frames, "the index works again");
                lookup.replace(Arc::from(index), reader.tail);
            }
            Err(error) => tracing::warn!(%error, "the index could not be opened again"),
        }
    }
}

pub(crate) fn file(lookup: &Arc<Lookup>) {
    if lookup.check().is_err() {
        return;
    }
    let Some(recent) = lookup.take() else { return };
    match lookup.index().put(&recent.filed, recent.watermark) {
        Ok(()) => lookup.indexed(),
        Err(error) => {
            tracing::error!(reason = %error, "the index failed; look-ups and appends are refused until it works again");
            lookup.fail(&error.reason);
        }
    }
}
