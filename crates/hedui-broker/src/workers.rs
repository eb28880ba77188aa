//! Work for the processor beside the thread of the network: a few threads that stay on it while there is some.
//! Leaves what the work is to the caller.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::error::BrokerError;

type Job = Box<dyn FnOnce() + Send>;

/// Jobs of each thread that wait when nothing more should be started, and when it may go on.
const FULL: usize = 32;
const ROOM: usize = 16;

struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that take jobs from the queue at this moment.
    at_work: usize,
    /// Those who wait for room; some only while the queue is full.
    held: Option<Vec<oneshot::Sender<()>>>,
}

/// Runs jobs in their order on threads of the blocking pool. A thread that has begun goes on until the queue is empty: the code and the
/// memory that it works with stay near, where a thread of its own for each job would find both cold.
pub(crate) struct Workers {
    queue: Arc<Mutex<Queue>>,
    most: usize,
}

impl Workers {
    /// As many threads at once as there are processors: the network and the store need a part of one, and whenever they wait the rest of it
    /// would stand idle. They are waked before those that have run for long.
    pub fn on_all_processors() -> Workers {
        Workers::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    fn new(most: usize) -> Workers {
        let queue = Queue {
            jobs: VecDeque::new(),
            at_work: 0,
            held: None,
        };
        Workers {
            queue: Arc::new(Mutex::new(queue)),
            most: most.max(1),
        }
    }

    /// Waits while far more jobs are waiting than the threads are about to take. Whoever starts what ends in a job asks first: work
    /// that could not be finished soon anyway then starts together with its neighbours, so that questions share writes, and its
    /// answers do not grow cold in the queue.
    pub async fn room(&self) {
        let (tell, told) = oneshot::channel();
        match &mut lock(&self.queue).held {
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
        let job: Job = Box::new(move || {
            let _ = tell.send(job());
        });
        let begins = {
            let mut queue = lock(&self.queue);
            queue.jobs.push_back(job);
            if queue.jobs.len() >= FULL * self.most && queue.held.is_none() {
                queue.held = Some(Vec::new());
            }
            let begins = queue.at_work < self.most;
            queue.at_work += usize::from(begins);
            begins
        };
        if begins {
            let queue = Arc::clone(&self.queue);
            let room = ROOM * self.most;
            tokio::task::spawn_blocking(move || work(&queue, room));
        }
        told.await
            .map_err(|_| BrokerError::Internal("work on the processor ended without a word"))
    }
}

/// Takes jobs until there are none; says when there is room again for `room` of them.
fn work(queue: &Mutex<Queue>, room: usize) {
    loop {
        let (job, held) = {
            let mut queue = lock(queue);
            let Some(job) = queue.jobs.pop_front() else {
                queue.at_work -= 1;
                return;
            };
            let held = (queue.jobs.len() <= room).then(|| queue.held.take()).flatten();
            (job, held)
        };
        for waiting in held.into_iter().flatten() {
            let _ = waiting.send(());
        }
        // One job that panics must not take those behind it along; dropping it tells whoever waits.
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("work on the processor panicked");
        }
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    // Nothing that can panic runs under the lock.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
