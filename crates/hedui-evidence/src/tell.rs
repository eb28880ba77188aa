//! Telling those who wait, from a thread outside their runtime: each wake from there is a call of the system, and mostly takes the processor away from
//! the thread that calls. So one task beside them is waked for many.
//! Leaves what is told, and when it is worth gathering, to the caller.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use tokio::runtime::{Handle, Id};
use tokio::sync::mpsc;

/// Tells one who waits. It must not wait itself.
pub type Tell = Box<dyn FnOnce() + Send>;

/// Gatherings on their way at once; whoever finds no room tells by itself.
const ON_THEIR_WAY: usize = 64;

/// Hands over what is to be told. Whoever is about to wait says so with [`ready`](Teller::ready); any thread may [`tell`](Teller::tell). Those who wait at one time
/// share one runtime that is driven: what is on its way when that one ends is told to nobody, whose waiting then ends with an error.
#[derive(Default)]
pub struct Teller {
    task: Mutex<Option<(Id, mpsc::Sender<Vec<Tell>>)>>,
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Teller")
    }
}

impl Teller {
    /// Sees that there is a task that tells, on the runtime of the caller: another one may have stopped. It ends with this value, with its runtime,
    /// or when another one takes its place.
    pub fn ready(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let is_there = |(on, task): &(Id, mpsc::Sender<_>)| *on == runtime.id() && !task.is_closed();
        if !task.as_ref().is_some_and(is_there) {
            let (sender, mut told) = mpsc::channel::<Vec<Tell>>(ON_THEIR_WAY);
            runtime.spawn(async move {
                while let Some(tells) = told.recv().await {
                    tells.into_iter().for_each(|tell| tell());
                }
            });
            *task = Some((runtime.id(), sender));
        }
    }

    /// Tells all of them, soon. Where no task can, at once and from here.
    pub fn tell(&self, tells: Vec<Tell>) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let untold = match task {
            Some((_, task)) => task.try_send(tells).err().map(mpsc::error::TrySendError::into_inner),
            None => Some(tells),
        };
        untold.into_iter().flatten().for_each(|tell| tell());
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn waiting(many: usize) -> (Vec<Tell>, Vec<oneshot::Receiver<usize>>) {
        let each = (0..many).map(|n| {
            let (tell, told) = oneshot::channel();
            let tell: Tell = Box::new(move || {
                let _ = tell.send(n);
            });
            (tell, told)
        });
        each.unzip()
    }

    #[test]
    fn everybody_is_told_with_a_runtime_without_one_and_after_it_is_gone() {
        let teller = Teller::default();
        // Runtimes that nobody drives any more, but that are still there.
        let mut stopped = Vec::new();
        for round in 0..4 {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (tells, told) = waiting(3);
            if round == 1 {
                teller.tell(tells);
                assert_eq!(told.into_iter().map(|t| t.blocking_recv().unwrap()).sum::<usize>(), 3);
                continue;
            }
            runtime.block_on(async {
                teller.ready();
                std::thread::scope(|scope| scope.spawn(|| teller.tell(tells)).join().unwrap());
                for (n, told) in told.into_iter().enumerate() {
                    assert_eq!(told.await, Ok(n));
                }
            });
            if round == 2 {
                stopped.push(runtime);
            }
        }
    }

    #[test]
    fn whoever_finds_no_room_tells_by_itself() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let teller = Teller::default();
        // The task never runs: nobody drives the runtime.
        runtime.block_on(async { teller.ready() });
        let mut all = Vec::new();
        for _ in 0..=ON_THEIR_WAY {
            let (tells, told) = waiting(1);
            teller.tell(tells);
            all.extend(told);
        }
        assert_eq!(all.pop().unwrap().try_recv(), Ok(0));
        assert!(all.pop().unwrap().try_recv().is_err());
        drop(runtime);
        // What was on its way when the runtime ended is not told, and says so; what comes later is.
        assert!(all.pop().unwrap().blocking_recv().is_err());
        let (tells, mut told) = waiting(1);
        teller.tell(tells);
        assert_eq!(told.pop().unwrap().try_recv(), Ok(0));
    }
}
