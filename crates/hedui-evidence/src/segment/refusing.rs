//! Whether appends are refused, why, and when the next attempt to resume is due.
//! Left to others: the attempt itself (`heal`), who makes it (`committer`).

use std::sync::{OnceLock, PoisonError, RwLock};
use std::time::Duration;

use super::clock::Clock;
use crate::store::{Refusal, RefusalReason};

/// Between two attempts to resume. Whoever waits hardly notices a second, and a broken disk is not worn by one.
const RETRY: Duration = Duration::from_secs(1);

/// See the module's text.
pub(crate) struct Refusing {
    clock: Clock,
    state: RwLock<State>,
    /// For as long as the store is open, whatever becomes of the log.
    held: OnceLock<Refusal>,
}

#[derive(Default)]
struct State {
    refusal: Option<Refusal>,
    /// When the log may next be tried; none while it is not broken.
    retry_at: Option<Duration>,
}

impl Refusing {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            state: RwLock::default(),
            held: OnceLock::new(),
        }
    }

    /// Why appends are refused, if they are.
    pub(crate) fn why(&self) -> Option<Refusal> {
        self.held.get().cloned().or_else(|| self.read().refusal.clone())
    }

    /// Refuses appends until the store is opened again.
    pub(crate) fn hold(&self, reason: RefusalReason, text: String) {
        let _ = self.held.set(Refusal { reason, text });
    }

    /// Why an append is refused without being tried: for good, or the log is broken and the next attempt is not due.
    pub(crate) fn at_once(&self) -> Option<String> {
        if let Some(held) = self.held.get() {
            return Some(held.text.clone());
        }
        let state = self.read();
        let waiting = state.retry_at.is_some_and(|at| self.clock.now() < at);
        state.refusal.as_ref().filter(|_| waiting).map(|why| why.text.clone())
    }

    /// Whether the log is broken and an attempt is due.
    pub(crate) fn is_due(&self) -> bool {
        self.read().retry_at.is_some_and(|at| self.clock.now() >= at)
    }

    /// Whether the log is broken, due or not.
    pub(crate) fn is_broken(&self) -> bool {
        self.read().retry_at.is_some()
    }

    /// The log is broken. Says whether that is news.
    pub(crate) fn broken(&self, text: &str) -> bool {
        let retry_at = Some(self.clock.now() + RETRY);
        self.set(RefusalReason::LogFailed, text, retry_at)
    }

    /// There was no room for the last group. Every append is tried all the same.
    pub(crate) fn full(&self, text: &str) -> bool {
        self.set(RefusalReason::NoRoom, text, None)
    }

    /// Appends work.
    pub(crate) fn over(&self) {
        if self.read().refusal.is_some() {
            *self.state.write().unwrap_or_else(PoisonError::into_inner) = State::default();
        }
    }

    fn set(&self, reason: RefusalReason, text: &str, retry_at: Option<Duration>) -> bool {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let news = state.refusal.is_none();
        let text = text.to_owned();
        *state = State {
            refusal: Some(Refusal { reason, text }),
            retry_at,
        };
        news
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }
}
