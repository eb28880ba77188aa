//! The thread that files durable frames in the index, behind the committer.
//! Left to others: what happens when it falls behind (the bounded queue makes the committer wait).

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use super::lookup::Lookup;
use crate::index::{Filed, Watermark};

/// How many frames go into the index in one batch.
const BATCH_FRAMES: usize = 1_024;

/// The frames of one group, and where the log ended behind it.
pub(crate) struct Job {
    pub(crate) filed: Vec<Filed>,
    pub(crate) watermark: Watermark,
}

/// Files jobs until the committer is gone. After a failure it goes on emptying the queue, so that nobody waits.
pub(crate) fn run(jobs: &Receiver<Job>, lookup: &Arc<Lookup>) {
    while let Ok(Job {
        mut filed,
        mut watermark,
    }) = jobs.recv()
    {
        while filed.len() < BATCH_FRAMES {
            let Ok(next) = jobs.try_recv() else { break };
            filed.extend(next.filed);
            watermark = next.watermark;
        }
        if lookup.check().is_err() {
            continue;
        }
        match lookup.index().put(&filed, watermark) {
            Ok(()) => lookup.indexed(&filed),
            Err(error) => {
                tracing::error!(reason = %error, "the index failed; look-ups and appends are refused until the store is opened again");
                lookup.fail(&error.reason);
            }
        }
    }
    if lookup.check().is_ok()
        && let Err(error) = lookup.index().flush()
    {
        tracing::warn!(reason = %error, "the index was not flushed; it is completed at the next start");
    }
}
