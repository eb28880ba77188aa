//! The thread that files durable frames in the index, behind the committer, many at a time.
//! Left to others: when enough has gathered (`lookup`), what happens when the index fails.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::lookup::Lookup;

/// Says that enough has gathered to be filed.
pub(crate) struct Due;

/// Files what has gathered whenever it is told to, and at the end. After a failure it goes on listening, so that
/// nobody waits.
pub(crate) fn run(due: &Receiver<Due>, lookup: &Arc<Lookup>) {
    while due.recv().is_ok() {
        file(lookup);
    }
    file(lookup);
    if lookup.check().is_ok()
        && let Err(error) = lookup.index().flush()
    {
        tracing::warn!(reason = %error, "the index was not flushed; it is completed at the next start");
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
            tracing::error!(reason = %error, "the index failed; look-ups and appends are refused until the store is opened again");
            lookup.fail(&error.reason);
        }
    }
}
