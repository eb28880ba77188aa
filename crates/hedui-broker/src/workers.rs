//! Work for the processor beside the thread of the network: a few threads that stay on it while there is some.
//! Leaves what the work is to the caller.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use hedui_evidence::{Backlog, Tell, Teller};
use tokio::sync::oneshot;

use crate::error::BrokerError;

/// Work, which gives what tells its result to whoever waits.
type Job = Box<dyn FnOnce() -> Tell + Send>;

/// Jobs of each thread that wait when nothing more should be started, and when it may go on.
const FULL: usize = 32;
const ROOM: usize = 16;
/// How long a thread waits for the next job before it goes back to its pool.
const LINGER: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 10 });
/// Results that are told together while more jobs wait: each telling is a call of the system and mostly takes the processor away.
const TOGETHER: usize = 4;

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that take jobs from the queue at this moment, or wait for one.
    at_work: usize,
    /// Those that wait, the last one to begin so last.
    idle: Vec<Thread>,
    /// Those who wait for room; some only while the queue is full.
    held: Option<Vec<oneshot::Sender<()>>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// How many jobs wait, for whoever wants to know without the lock.
    backlog: Backlog,
    teller: Teller,
}

/// Runs jobs in their order on threads of the blocking pool. One that has begun goes on until the queue has been empty for a while, and the next job goes
/// to the one that has waited for the shortest time: the code and the memory that it works with are near, where another one would find both cold.
pub(crate) struct Workers {
    shared: Arc<Shared>,
    most: usize,
}

impl Workers {
    /// As many threads at once as there are processors: the network and the store need a part of one, and whenever they wait the rest of it
    /// would stand idle. They are waked before those that have run for long. How many jobs wait for a thread is said in `backlog`.
    pub fn on_all_processors(backlog: Backlog) -> Workers {
        Workers::new(
            thread::available_parallelism().map_or(1, std::num::NonZero::get),
            backlog,
        )
    }

    fn new(most: usize, backlog: Backlog) -> Workers {
        Workers {
            shared: Arc::new(Shared {
                backlog,
                ..Shared::default()
            }),
            most: most.max(1),
        }
    }

    /// Waits while far more jobs are waiting than the threads are about to take. Whoever starts what ends in a job asks first: work
    /// that could not be finished soon anyway then starts together with its neighbours, so that questions share writes, and its
    /// answers do not grow cold in the queue.
    pub async fn room(&self) {
        let (tell, told) = oneshot::channel();
        match &mut lock(&self.shared.queue).held {
            None => return,
            Some(held) => held.push(tell),
        }
        let _ = told.await;
    }

    /// Runs one job and gives its result. Called within a tokio runtime. Whoever stops waiting does not stop the job.
    ///
    /// Errors: the job panicked.
    pub async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, BrokerError> {
        let (tell, told) = oneshot::channel();
        self.shared.teller.ready();
        self.begin(Box::new(move || {
            let result = job();
            Box::new(move || drop(tell.send(result)))
        }));
        told.await
            .map_err(|_| BrokerError::Internal("work on the processor ended without a word"))
    }

    fn begin(&self, job: Job) {
        let (waiting, begins) = {
            let mut queue = lock(&self.shared.queue);
            queue.jobs.push_back(job);
            if queue.jobs.len() >= FULL * self.most && queue.held.is_none() {
                queue.held = Some(Vec::new());
            }
            let waiting = queue.idle.pop();
            let begins = waiting.is_none() && queue.at_work < self.most;
            self.shared.backlog.set(
                queue
                    .jobs
                    .len()
                    .saturating_sub(usize::from(waiting.is_some() || begins)),
            );
            queue.at_work += usize::from(begins);
            (waiting, begins)
        };
        if let Some(thread) = waiting {
            thread.unpark();
        }
        if begins {
            let (shared, room) = (Arc::clone(&self.shared), ROOM * self.most);
            tokio::task::spawn_blocking(move || work(&shared, room));
        }
    }
}

/// What a thread does next.
enum Next {
    Job(Job, Vec<oneshot::Sender<()>>),
    Wait,
    End,
}

/// Takes jobs until none has come for a while; says when there is room again for `room` of them.
fn work(shared: &Shared, room: usize) {
    let me = thread::current();
    let mut done: Vec<Tell> = Vec::new();
    let mut has_waited = false;
    loop {
        let (next, is_time) = {
            let mut queue = lock(&shared.queue);
            // Nobody has waked it, if it still stands there.
            queue.idle.retain(|idle| idle.id() != me.id());
            let job = queue.jobs.pop_front();
            shared.backlog.set(queue.jobs.len());
            let is_time = !done.is_empty() && (job.is_none() || done.len() >= TOGETHER);
            let next = match job {
                Some(job) => {
                    let held = (queue.jobs.len() <= room).then(|| queue.held.take()).flatten();
                    Next::Job(job, held.unwrap_or_default())
                }
                None if has_waited => {
                    queue.at_work -= 1;
                    Next::End
                }
                None => {
                    queue.idle.push(me.clone());
                    Next::Wait
                }
            };
            (next, is_time)
        };
        if is_time {
            shared.teller.tell(std::mem::take(&mut done));
        }
        match next {
            Next::Job(job, held) => {
                has_waited = false;
                for waiting in held {
                    let _ = waiting.send(());
                }
                // One job that panics must not take those behind it along; dropping it tells whoever waits.
                match catch_unwind(AssertUnwindSafe(job)) {
                    Ok(tell) => done.push(tell),
                    Err(_) => tracing::error!("work on the processor panicked"),
                }
            }
            // An early end does no harm.
            Next::Wait => {
                thread::park_timeout(LINGER);
                has_waited = true;
            }
            Next::End => return,
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Nothing that can panic runs under the lock.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
