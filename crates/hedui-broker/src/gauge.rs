//! Gauges: whether something is refused just now, or somebody should look, each with a reason that never changes.
//! Leaves publishing them to the server, and the words of what failed to the health and the log.

use std::sync::atomic::Ordering;

use hedui_core::drift::DriftKind;
use hedui_evidence::{LogError, RefusalReason};

use crate::broker::Broker;

/// Reasons for which nothing is verified, beyond those of the store.
const LOGS_HALTED: &str = "LOGS_HALTED";
const LOGS_LATE: &str = "LOGS_LATE";
const SHUTTING_DOWN: &str = "SHUTTING_DOWN";

/// One gauge: a name, a reason as its label, and whether it is so now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gauge {
    /// What is or is not: `appends_refused`, `verifications_refused`, `logs_halted`, `logs_late`, `departments_drift`.
    pub name: &'static str,
    /// Why: a word that never changes.
    pub reason: &'static str,
    /// Whether it is so.
    pub is_set: bool,
}

impl Broker {
    /// Every gauge, those at rest too, so that an alarm can be made before it is needed. Without a look at a disk.
    pub fn gauges(&self) -> Vec<Gauge> {
        let core = self.core();
        let now_ms = core.clock.now_ms();
        let refusal = core.store.refusing().map(|refusal| refusal.reason.code());
        let promise = core.logs.check(now_ms);
        let logs = core.logs.status(now_ms);
        let gauge = |name, reason, is_set| Gauge { name, reason, is_set };

        let mut gauges = Vec::new();
        for name in ["appends_refused", "verifications_refused"] {
            let reasons = RefusalReason::ALL.iter().map(|reason| reason.code());
            gauges.extend(reasons.map(|reason| gauge(name, reason, refusal == Some(reason))));
        }
        let verifications = "verifications_refused";
        let is_halted = matches!(promise, Err(LogError::Halted { .. }));
        gauges.push(gauge(verifications, LOGS_HALTED, is_halted));
        gauges.push(gauge(verifications, LOGS_LATE, matches!(promise, Err(LogError::Late))));
        let is_closing = core.closing.load(Ordering::SeqCst);
        gauges.push(gauge(verifications, SHUTTING_DOWN, is_closing));
        let halts = LogError::HALT_CODES.into_iter();
        gauges.extend(halts.map(|code| gauge("logs_halted", code, logs.halt_code == Some(code))));
        // It stays so until the process ends: a promise that was not kept cannot be kept any more.
        gauges.push(gauge("logs_late", "PROMISE_NOT_KEPT", logs.late));
        let kinds = [DriftKind::NoRecordShare, DriftKind::Amounts, DriftKind::Stale];
        gauges.extend(kinds.map(|kind| gauge("departments_drift", kind.word(), self.any_drift(kind))));
        gauges
    }
}
