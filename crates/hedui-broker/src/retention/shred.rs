//! Destruction of a case by two persons: requested by one, approved by another. Keys and salts go, leaves and proofs stay.
//! Leaves destroying the keys durably to the store, and many cases at once to `expiry`.

use std::collections::HashSet;

use hedui_core::Date;
use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, FrameKind, Leaf, LeafKind, MAX_PAGE, Sealed};

use super::holds::still_runs;
use super::order::{Order, refused};
use super::standing::{is_running, standing_of};
use super::words::{SHRED_REQUESTED, SHRED_WITHDRAWN, SHREDDED, check};
use super::{Basis, Destroyed, Officer, RetentionRefusal, Standing, retention_key};
use crate::broker::Broker;
use crate::core::Core;
use crate::error::{BrokerError, ErrorKind};

/// How many records one leaf names: as many as fit.
const RECORDS_PER_LEAF: usize = 3_700;

impl Broker {
    /// Asks for the destruction of a case. `erasure_basis` is the provision that orders it before its period has ended; empty where the period
    /// has. The same request again, while it is open, changes nothing.
    ///
    /// Errors: texts that are wrong; whatever blocks the destruction. Refusals are kept as evidence.
    pub async fn request_shred(
        &self,
        case: CaseId,
        (legal_reference, erasure_basis): (&str, &str),
        officer: Officer<'_>,
    ) -> Result<Standing, BrokerError> {
        let mut references = vec![("legal_reference", legal_reference)];
        references.extend(Some(("erasure_basis", erasure_basis)).filter(|(_, text)| !text.is_empty()));
        check(officer, &references, None)?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        let basis = Basis::of(erasure_basis);
        if let Some(open) = &standing.request {
            let same = open.actor == officer.actor() && open.legal_reference == legal_reference && open.basis == basis;
            return match same {
                true => Ok(standing),
                false => Err(RetentionRefusal::AlreadyRequested.into()),
            };
        }
        if let Err(error) = may_go(core, case, &standing, &basis) {
            if is_our_trouble(&error) {
                return Err(error);
            }
            return refused(core, (&begun.district, case), officer, "request of destruction", error).await;
        }
        let outcome = basis.outcome(SHRED_REQUESTED, None);
        let order = Order {
            reference: legal_reference,
            ..Order::review(core, &begun.district, case, officer, outcome)
        };
        order.give(core).await?;
        self.retention(case).await
    }

    /// Takes an open request back.
    ///
    /// Errors: [`RetentionRefusal::NoRequest`].
    pub async fn withdraw_shred(&self, case: CaseId, officer: Officer<'_>) -> Result<Standing, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        let Some(request) = standing.request else {
            return Err(RetentionRefusal::NoRequest.into());
        };
        let order = Order {
            reference: &request.legal_reference,
            rests_on: vec![request.evidence_id],
            ..Order::review(core, &begun.district, case, officer, SHRED_WITHDRAWN.to_owned())
        };
        order.give(core).await?;
        self.retention(case).await
    }

    /// Approves an open request of somebody else, and destroys every sealed record of the case. Whoever approved it may call again and is told
    /// the same.
    ///
    /// Errors: [`RetentionRefusal::SecondPersonNeeded`] for the person or the caller that requested it; whatever blocks the destruction by
    /// now. Refusals are kept as evidence.
    pub async fn approve_shred(&self, case: CaseId, officer: Officer<'_>) -> Result<Standing, BrokerError> {
        check(officer, &[], None)?;
        let broker = self.clone();
        let (caller, person) = (officer.caller.to_owned(), officer.person.to_owned());
        // In a task of its own: a caller who goes away must not leave a case that is called destroyed with its keys in place.
        let approved = tokio::spawn(async move {
            let (caller, person) = (caller.as_str(), person.as_str());
            broker.approve_to_the_end(case, Officer { caller, person }).await
        });
        let lost = Err(BrokerError::Internal("an approval ended without a word"));
        approved.await.unwrap_or(lost)
    }

    async fn approve_to_the_end(&self, case: CaseId, officer: Officer<'_>) -> Result<Standing, BrokerError> {
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        if let Some(destroyed) = &standing.destroyed {
            if destroyed.actor != officer.actor() {
                return Err(RetentionRefusal::Shredded.into());
            }
            // The disk may have failed between keeping that the keys go and their going.
            Destruction::of(destroyed, officer).carry_out(core, &begun).await?;
            return Ok(standing);
        }
        let Some(request) = &standing.request else {
            return Err(RetentionRefusal::NoRequest.into());
        };
        let allowed = match officer.is_another_than(&request.actor) {
            true => may_go(core, case, &standing, &request.basis),
            false => Err(RetentionRefusal::SecondPersonNeeded.into()),
        };
        if let Err(error) = allowed {
            if is_our_trouble(&error) {
                return Err(error);
            }
            return refused(core, (&begun.district, case), officer, "approval of destruction", error).await;
        }
        let destruction = Destruction {
            officer,
            legal_reference: &request.legal_reference,
            basis: &request.basis,
            expiry: None,
        };
        destruction.carry_out(core, &begun).await?;
        self.retention(case).await
    }
}

/// Whether nothing is to be held against whoever asked: the logs cannot be continued. It is no refusal, and not kept as one.
fn is_our_trouble(error: &BrokerError) -> bool {
    error.kind() == ErrorKind::Unavailable
}

/// Whether nothing blocks the destruction of a case, but for the second person.
///
/// Errors: what blocks it; [`BrokerError::Log`] while the logs cannot be continued.
pub(super) fn may_go(core: &Core, case: CaseId, standing: &Standing, basis: &Basis) -> Result<(), BrokerError> {
    if standing.destroyed.is_some() {
        return Err(RetentionRefusal::Shredded.into());
    }
    // What is destroyed cannot be looked at again: that it was must be provable first.
    core.logs.check(core.clock.now_ms())?;
    if is_running(core, case) || is_rechecked(core, case) {
        return Err(still_runs());
    }
    if let Some(hold) = standing.holds.first() {
        return Err(RetentionRefusal::OnHold(hold.reference.clone()).into());
    }
    let today: Date = core.clock.today();
    if *basis == Basis::PeriodEnded && !standing.is_due(today) {
        return Err(RetentionRefusal::PeriodRunning(standing.kept_until).into());
    }
    Ok(())
}

/// Whether a recheck of a case is under way, or about to be: it reads the case's answers, and seals its own copies of them.
fn is_rechecked(core: &Core, case: CaseId) -> bool {
    if core.rechecking.contains_key(&case) {
        return true;
    }
    let case = case.to_string();
    core.running.iter().any(|run| {
        let recheck = run.prepared.stored.request.recheck.as_ref();
        recheck.is_some_and(|recheck| recheck.of == case)
    })
}

/// A destruction that two persons have decided.
pub(super) struct Destruction<'d> {
    /// The second of them.
    pub officer: Officer<'d>,
    pub legal_reference: &'d str,
    pub basis: &'d Basis,
    /// The expiry that it is part of.
    pub expiry: Option<CaseId>,
}

impl<'d> Destruction<'d> {
    /// One that is kept, to be carried out again.
    pub fn of(destroyed: &'d Destroyed, officer: Officer<'d>) -> Destruction<'d> {
        Destruction {
            officer,
            legal_reference: &destroyed.legal_reference,
            basis: &destroyed.basis,
            expiry: destroyed.expiry,
        }
    }

    /// Destroys every sealed record of a case: the request, the answers, the report, the reasons of orders. An answer that was used again stands
    /// in every case of its own under its own key: destroying one takes nothing from another.
    pub async fn carry_out(&self, core: &Core, begun: &Frame) -> Result<usize, BrokerError> {
        let records = sealed_of(core, begun.case).await?;
        let outcome = self.basis.outcome(SHREDDED, self.expiry);
        let order = Order {
            kind: (FrameKind::Shred, LeafKind::Shred),
            reference: self.legal_reference,
            ..Order::review(core, &begun.district, begun.case, self.officer, outcome)
        };
        let mut frame = order.frame(core).await?;
        // A case is destroyed once: whoever comes second destroys the same again.
        frame.id = FrameId(core.keys.index_key("shred", &[&begun.case.0]).0);
        let mut rng = core.entropy.fork();
        let leaves = std::mem::take(&mut frame.leaves);
        for (leaf, some) in leaves.iter().cycle().zip(records.chunks(RECORDS_PER_LEAF)) {
            let mut leaf = leaf.clone();
            leaf.evidence_id = EvidenceId::random(&mut rng);
            leaf.rests_on = some.to_vec();
            frame.leaves.push(leaf);
        }
        Ok(core.store.shred(frame).await?.records)
    }
}

/// Whether any record of a case that is destroyed could still be opened: the disk failed in between.
pub(super) async fn keys_left(core: &Core, case: CaseId) -> Result<bool, BrokerError> {
    let mut after = None;
    loop {
        let page = core.store.case_page(case, after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            if frame.kind == FrameKind::Shred {
                // What comes after it, it does not name.
                return Ok(false);
            }
            if !frame.sealed.iter().all(Sealed::is_shredded) {
                return Ok(true);
            }
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return Ok(false);
        }
    }
}

/// The records of a case that a destruction names. Nobody opens them, whether the store has reached their keys yet or not.
pub(crate) async fn named_for_destruction(core: &Core, case: CaseId) -> Result<HashSet<EvidenceId>, BrokerError> {
    let mut named = HashSet::new();
    let mut after = None;
    loop {
        let page = core.store.find_page(retention_key(core, case), after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            let is_shred = |leaf: &&Leaf| leaf.case == case && leaf.kind == LeafKind::Shred;
            named.extend(
                frame
                    .leaves
                    .iter()
                    .filter(is_shred)
                    .flat_map(|leaf| leaf.rests_on.iter().copied()),
            );
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return Ok(named);
        }
    }
}

/// The sealed records of a case.
async fn sealed_of(core: &Core, case: CaseId) -> Result<Vec<EvidenceId>, BrokerError> {
    let mut records = Vec::new();
    let mut after = None;
    loop {
        let page = core.store.case_page(case, after, MAX_PAGE).await?;
        for position in &page {
            let frame = core.store.read(*position).await?;
            records.extend(frame.sealed.iter().map(|sealed| sealed.evidence_id));
        }
        after = page.last().copied();
        if page.len() < MAX_PAGE {
            return Ok(records);
        }
    }
}
