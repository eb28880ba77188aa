//! An expiry: what it is about, who decided it, how far it is; read from its leaves.
//! Leaves giving its orders and carrying it out to `expiry`.

use hedui_core::Date;
use hedui_evidence::{CaseId, EvidenceId, Leaf, LeafKind, MAX_PAGE};

use super::{DAY_MS, REQUEST_DAYS, retention_key};
use crate::core::Core;
use crate::error::BrokerError;

pub(super) const EXPIRY_REQUESTED: &str = "EXPIRY_REQUESTED";
pub(super) const EXPIRY_APPROVED: &str = "EXPIRY_APPROVED";
pub(super) const EXPIRY_WITHDRAWN: &str = "EXPIRY_WITHDRAWN";
pub(super) const EXPIRY_STARTED: &str = "EXPIRY_STARTED";
pub(super) const EXPIRY_STOPPED: &str = "EXPIRY_STOPPED";
pub(super) const EXPIRY_DONE: &str = "EXPIRY_DONE";

/// What was found of the cases that an expiry is about. Every case is in exactly one of the last six.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Looked at.
    pub cases: u64,
    /// Could be destroyed, and have not been.
    pub due: u64,
    /// Destroyed by this expiry.
    pub destroyed: u64,
    /// Destroyed by another order.
    pub gone: u64,
    /// Blocked by a hold.
    pub held: u64,
    /// Must be kept: still running, or their period has not ended.
    pub kept: u64,
    /// Could not be read; the log of the server names them.
    pub failed: u64,
}

/// Told while an expiry counts or runs.
pub type ExpiryProgress<'t> = &'t mut (dyn FnMut(Counts) -> bool + Send);

impl Counts {
    fn parts(&self) -> [(&'static str, u64); 7] {
        [
            ("cases", self.cases),
            ("due", self.due),
            ("destroyed", self.destroyed),
            ("gone", self.gone),
            ("held", self.held),
            ("kept", self.kept),
            ("failed", self.failed),
        ]
    }

    /// As a leaf remembers them: `cases=3,due=1,...`.
    pub(super) fn text(&self) -> String {
        let parts = self.parts().map(|(name, count)| format!("{name}={count}"));
        parts.join(",")
    }

    /// From what `text` gives.
    pub(super) fn read(text: &str) -> Option<Counts> {
        let mut counts = Counts::default();
        for part in text.split(',') {
            let (name, count) = part.split_once('=')?;
            let slot = match name {
                "cases" => &mut counts.cases,
                "due" => &mut counts.due,
                "destroyed" => &mut counts.destroyed,
                "gone" => &mut counts.gone,
                "held" => &mut counts.held,
                "kept" => &mut counts.kept,
                "failed" => &mut counts.failed,
                _ => return None,
            };
            *slot = count.parse().ok()?;
        }
        Some(counts)
    }
}

/// One expiry: the destruction of everything in a district whose period has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Its id; its own case, so that its leaves are shown and proved as any other's. All zeros of a count that was only tried.
    pub id: CaseId,
    /// The district.
    pub district: String,
    /// Only cases whose periods began before this day.
    pub before: Date,
    /// What it rests on.
    pub legal_reference: String,
    /// Who asked for it.
    pub requested_by: String,
    /// When, milliseconds since 1970 UTC.
    pub requested_at_ms: i64,
    /// Who approved it, once somebody has.
    pub approved_by: Option<String>,
    /// When, milliseconds since 1970 UTC; 0 before.
    pub approved_at_ms: i64,
    /// From when on it can be neither approved nor run any more.
    pub expires_at_ms: i64,
    /// Whether it was withdrawn.
    pub withdrawn: bool,
    /// When it had gone through all cases, milliseconds since 1970 UTC.
    pub done_at_ms: Option<i64>,
    /// What was found when it was asked for, and in the newest run that ended by itself.
    pub counts: Counts,
    /// The leaf by which it was asked for.
    pub(super) request: EvidenceId,
}

impl Expiry {
    /// From the leaf by which it was asked for.
    pub(super) fn of_leaf(leaf: &Leaf) -> Option<Expiry> {
        let rest = leaf.outcome.strip_prefix(EXPIRY_REQUESTED)?.strip_prefix(':')?;
        let (before, counts) = rest.split_once(':')?;
        Some(Expiry {
            id: leaf.case,
            district: leaf.district.to_string(),
            before: before.parse().ok()?,
            legal_reference: leaf.purpose.to_string(),
            requested_by: leaf.actor.to_string(),
            requested_at_ms: leaf.asked_at_ms,
            approved_by: None,
            approved_at_ms: 0,
            expires_at_ms: leaf.asked_at_ms.saturating_add(REQUEST_DAYS * DAY_MS),
            withdrawn: false,
            done_at_ms: None,
            counts: Counts::read(counts)?,
            request: leaf.evidence_id,
        })
    }

    fn take(&mut self, leaf: &Leaf, word: &str, rest: &str) {
        match word {
            EXPIRY_APPROVED => {
                self.approved_by = Some(leaf.actor.to_string());
                self.approved_at_ms = leaf.asked_at_ms;
                self.expires_at_ms = leaf.asked_at_ms.saturating_add(REQUEST_DAYS * DAY_MS);
            }
            EXPIRY_WITHDRAWN => self.withdrawn = true,
            EXPIRY_DONE | EXPIRY_STOPPED => {
                self.counts = Counts::read(rest).unwrap_or(self.counts);
                self.done_at_ms = Some(leaf.asked_at_ms).filter(|_| word == EXPIRY_DONE);
            }
            _ => {}
        }
    }

    /// Whether it can still be approved or run.
    pub fn is_open(&self, now_ms: i64) -> bool {
        !self.withdrawn && self.done_at_ms.is_none() && now_ms < self.expires_at_ms
    }
}

/// An expiry from its leaves.
///
/// Errors: [`BrokerError::NotFound`].
pub(super) async fn expiry_of(core: &Core, id: CaseId) -> Result<Expiry, BrokerError> {
    let key = retention_key(core, id);
    let (mut found, mut after): (Option<Expiry>, _) = (None, None);
    loop {
        let page = core.store.find_page(key, after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            let is_order = |leaf: &&Leaf| leaf.case == id && leaf.kind == LeafKind::Review;
            for leaf in frame.leaves.iter().filter(is_order) {
                let (word, rest) = leaf.outcome.split_once(':').unwrap_or((&leaf.outcome, ""));
                match &mut found {
                    None => found = Expiry::of_leaf(leaf),
                    Some(expiry) => expiry.take(leaf, word, rest),
                }
            }
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return found.ok_or(BrokerError::NotFound);
        }
    }
}
