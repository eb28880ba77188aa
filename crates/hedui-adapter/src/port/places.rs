//! The places of a port whose questions stand alone: so many are under way at once, the others wait, and each has one reply in its time.
//! Leaves how a department is asked to the ports, and limits that the broker keeps to `gate`.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::{Reply, ReplyTo};
use crate::adapter::Limits;
use crate::reason::Reason;

/// Questions that wait or run; beyond them a department is overloaded, not slow.
const MAX_WAITING: usize = 1_024;

/// The places of one port.
pub(crate) struct Places {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Places {
    /// As many as the department declares, at least one.
    pub(crate) fn of(limits: &Limits) -> Places {
        let concurrent = (limits.max_concurrent_queries as usize).clamp(1, MAX_WAITING);
        Places {
            running: Arc::new(Semaphore::new(concurrent)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
        }
    }

    /// Begins `work` once there is a place for it, and replies with what came of it, or with `late` at the deadline. Returns at once; where
    /// too many wait already the reply is `OVERLOADED`. Called within a tokio runtime.
    pub(crate) fn ask(
        &self,
        (deadline, late): (Instant, Reason),
        reply: ReplyTo,
        work: impl Future<Output = Reply> + Send + 'static,
    ) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            return reply.send(Reply::failed(Reason::Overloaded));
        };
        let running = self.running.clone();
        tokio::spawn(async move {
            let _place = place;
            let in_turn = async {
                let _running = running.acquire().await;
                work.await
            };
            let outcome = timeout_at(deadline, in_turn).await;
            reply.send(outcome.unwrap_or_else(|_| Reply::failed(late)));
        });
    }
}
