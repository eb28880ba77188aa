//! The collector of one household: every department replies into its slot, and the household wakes once.
//! Leaves who is asked and what an answer means to `fan_out` and the adapter.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hedui_adapter::port::{Reply, ReplySink};
use hedui_adapter::{Permit, Reason, Settled};
use hedui_core::{Failure, FailureClass, FailureOrigin, Unreachable};
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::registry::Registry;

/// A reply in its slot.
#[derive(Clone)]
pub(crate) struct Arrived {
    /// What came.
    pub reply: Reply,
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// Position in the order of arrival, from 1.
    pub arrival: u32,
}

/// One department of the household.
enum Slot {
    /// Nothing is asked there.
    Empty,
    /// Asked and not yet answered.
    Waiting { permit: Option<Permit> },
    /// Settled for this household.
    Done { arrived: Arrived },
    /// Asked, and no longer waited for.
    Left,
}

/// Others who asked the same question and wait for the same reply.
struct Follower {
    slot: u32,
    sink: Arc<Collector>,
}

struct State {
    slots: Vec<Slot>,
    followers: Vec<Follower>,
    waiting: usize,
    arrivals: u32,
}

/// Collects the replies of one household.
pub(crate) struct Collector {
    state: Mutex<State>,
    changed: Notify,
    /// That something has arrived: what watchers follow.
    progress: watch::Sender<()>,
    /// Wake at every reply, not only at the last: for early returns.
    eager: bool,
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
}

impl Collector {
    /// Empty slots for all departments of a registry.
    pub fn new(registry: Arc<Registry>, clock: Arc<dyn Clock>, eager: bool) -> Collector {
        let slots = registry.departments().iter().map(|_| Slot::Empty).collect();
        Collector {
            state: Mutex::new(State {
                slots,
                followers: Vec::new(),
                waiting: 0,
                arrivals: 0,
            }),
            changed: Notify::new(),
            progress: watch::Sender::new(()),
            eager,
            registry,
            clock,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A reply is stored whole or not at all, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a slot before anything is asked, so that an early reply finds it. A slot that is open already gets the permit.
    pub fn expect(&self, index: usize, permit: Option<Permit>) {
        let mut state = self.lock();
        if let Some(slot) = state.slots.get_mut(index) {
            let was = std::mem::replace(slot, Slot::Waiting { permit });
            if !matches!(was, Slot::Waiting { .. }) {
                state.waiting += 1;
            }
        }
    }

    /// Puts an answer that was kept, or a refusal before asking, into a slot.
    pub fn put(&self, index: usize, reply: Reply, at_ms: i64) {
        let mut state = self.lock();
        state.arrivals += 1;
        let arrived = Arrived {
            reply,
            at_ms,
            arrival: state.arrivals,
        };
        if let Some(slot) = state.slots.get_mut(index) {
            let was = std::mem::replace(slot, Slot::Done { arrived });
            if matches!(was, Slot::Waiting { .. }) {
                state.waiting -= 1;
            }
        }
    }

    /// Tells watchers of what was put.
    pub fn tell(&self) {
        // Nearly nobody watches. Who begins to now looks after he has begun, and the arrivals were changed under their lock before this.
        if self.progress.receiver_count() > 0 {
            self.progress.send_replace(());
        }
    }

    /// Lets another household with the same question have this one's reply. `false` when the slot holds nothing to follow.
    pub fn follow(&self, index: usize, sink: &Arc<Collector>) -> bool {
        let mut state = self.lock();
        match state.slots.get(index) {
            Some(Slot::Waiting { .. }) => {
                let slot = u32::try_from(index).unwrap_or(u32::MAX);
                state.followers.push(Follower {
                    slot,
                    sink: Arc::clone(sink),
                });
                true
            }
            _ => false,
        }
    }

    /// How many slots are still waited for.
    pub fn waiting(&self) -> usize {
        self.lock().waiting
    }

    /// How many replies have arrived so far.
    pub fn arrivals(&self) -> u32 {
        self.lock().arrivals
    }

    /// Follows the replies as they arrive: changes with each, and has to be asked for before one looks.
    pub fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }

    /// Resolves at the next change, or at once when one came since the last call.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// What has arrived, by department; `None` where nothing is asked or still waited for.
    pub fn arrived(&self) -> Vec<Option<Arrived>> {
        let state = self.lock();
        let taken = state.slots.iter().map(|slot| match slot {
            Slot::Done { arrived } => Some(arrived.clone()),
            Slot::Empty | Slot::Waiting { .. } | Slot::Left => None,
        });
        taken.collect()
    }

    /// Gives up on the slots for which `over` holds, with a cause. A reply that comes later still counts for the gate and for
    /// followers, not for this household.
    pub fn give_up(&self, over: impl Fn(usize) -> bool, cause: Unreachable) {
        let now = self.clock.now_ms();
        let mut state = self.lock();
        let before = state.arrivals;
        for index in 0..state.slots.len() {
            let waiting = matches!(state.slots.get(index), Some(Slot::Waiting { .. }));
            if !waiting || !over(index) {
                continue;
            }
            state.arrivals += 1;
            state.waiting -= 1;
            let arrived = Arrived {
                reply: gave_up(cause),
                at_ms: now,
                arrival: state.arrivals,
            };
            if let Some(slot) = state.slots.get_mut(index) {
                let was = std::mem::replace(slot, Slot::Done { arrived });
                if let (Slot::Waiting { permit: Some(permit) }, Some(department)) =
                    (was, self.registry.departments().get(index))
                {
                    let timeout = cause == Unreachable::Timeout;
                    department.settled(permit, if timeout { Settled::Failed } else { Settled::Cancelled }, now);
                }
            }
        }
        let arrivals = state.arrivals;
        drop(state);
        if arrivals != before {
            self.tell();
            self.changed.notify_one();
        }
    }

    /// Waits no longer for what is still open, and says nothing of it. From now on nothing changes for this household; a later
    /// reply counts for followers only.
    pub fn leave(&self) {
        self.leave_if(|_| true);
    }

    /// The same, if no more than `seen` replies have arrived. `false` when more have, and nothing is changed then.
    pub fn leave_after(&self, seen: u32) -> bool {
        self.leave_if(|arrivals| arrivals == seen)
    }

    fn leave_if(&self, may: impl FnOnce(u32) -> bool) -> bool {
        let now = self.clock.now_ms();
        let mut permits = Vec::new();
        let mut state = self.lock();
        if !may(state.arrivals) {
            return false;
        }
        for (index, slot) in state.slots.iter_mut().enumerate() {
            if matches!(slot, Slot::Waiting { .. })
                && let Slot::Waiting { permit: Some(permit) } = std::mem::replace(slot, Slot::Left)
            {
                permits.push((index, permit));
            }
        }
        state.waiting = 0;
        drop(state);
        for (index, permit) in permits {
            if let Some(department) = self.registry.departments().get(index) {
                department.settled(permit, Settled::Cancelled, now);
            }
        }
        true
    }
}

/// What stands where a department's answer was given up.
pub(crate) fn gave_up(cause: Unreachable) -> Reply {
    let failure = match cause {
        Unreachable::Cancelled => Failure {
            class: FailureClass::Transient,
            origin: FailureOrigin::Broker,
            reason: "CANCELLED".to_owned(),
            message: "the verification was cancelled before the department answered".to_owned(),
        },
        // The same event has the same word, whether this timer or a port's saw it first.
        _ => Reason::DeadlineExceeded.failure(),
    };
    Reply::Failed(cause, failure)
}

impl ReplySink for Collector {
    fn reply(&self, slot: u32, reply: Reply) {
        let now = self.clock.now_ms();
        let index = slot as usize;
        let settled = match &reply {
            Reply::Failed(..) => Settled::Failed,
            Reply::Wire(_) | Reply::Answers(..) => Settled::Answered,
        };
        let mut state = self.lock();
        let followers: Vec<Follower> = if state.followers.is_empty() {
            Vec::new()
        } else {
            let (these, rest) = std::mem::take(&mut state.followers)
                .into_iter()
                .partition(|f: &Follower| f.slot == slot);
            state.followers = rest;
            these
        };
        let shared = (!followers.is_empty()).then(|| reply.clone());
        let mut wake = false;
        let mut settle = None;
        let mine = matches!(state.slots.get(index), Some(Slot::Waiting { .. }));
        if mine {
            state.arrivals += 1;
            state.waiting -= 1;
            let arrived = Arrived {
                reply,
                at_ms: now,
                arrival: state.arrivals,
            };
            wake = state.waiting == 0 || self.eager;
            if let Some(slot) = state.slots.get_mut(index)
                && let Slot::Waiting { permit } = std::mem::replace(slot, Slot::Done { arrived })
            {
                settle = permit;
            }
        }
        drop(state);
        if mine {
            self.tell();
        }
        if let (Some(permit), Some(department)) = (settle, self.registry.departments().get(index)) {
            department.settled(permit, settled, now);
        }
        for (follower, reply) in followers.iter().zip(shared.iter().cycle()) {
            follower.sink.reply(follower.slot, reply.clone());
        }
        if wake {
            self.changed.notify_one();
        }
    }
}
