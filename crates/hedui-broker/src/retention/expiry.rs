//! Expiry: everything in a district whose period has ended, counted, approved by a second person, destroyed case by case.
//! Leaves destroying one case to `shred`, and what an expiry is to `expiry_job`.
//!
//! Nothing says how far a run is but the cases themselves: one that was interrupted goes on by finding destroyed what is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hedui_core::{Date, FieldError};
use hedui_evidence::{CaseId, Frame, IndexKey, Position, StoreError};
use jiff::Span;
use tokio::sync::OwnedMutexGuard;

use super::expiry_job::{
    Counts, EXPIRY_APPROVED, EXPIRY_DONE, EXPIRY_REQUESTED, EXPIRY_STARTED, EXPIRY_STOPPED, EXPIRY_WITHDRAWN, Expiry,
    ExpiryProgress, expiry_of,
};
use super::order::{Order, refused};
use super::shred::{Destruction, keys_left, may_go};
use super::standing::standing_of;
use super::words::check;
use super::{Basis, Officer, RetentionRefusal, Standing, midnight_ms};
use crate::broker::Broker;
use crate::case::list_key;
use crate::clock::civil_date;
use crate::core::Core;
use crate::error::{BrokerError, ErrorKind};
use crate::evidence::denials_key;
use crate::peer::peer_key;

/// Cases of one page. A whole page from after the day ends the walk: clocks that went back a little lose nothing.
const PAGE: usize = 256;
/// Cases between two words of progress.
const TELL_EVERY: u64 = 16;
/// A count rests so long between two words of progress, about as long as it reads: verifications need the same disk.
const COUNT_PAUSE: Duration = Duration::from_millis(5);
/// Most expiries that are listed.
const LISTED: usize = 50;

/// The place of the one expiry that may run. Whoever stops the broker waits until it is given back.
#[derive(Debug)]
pub struct ExpiryPlace {
    _held: OwnedMutexGuard<()>,
}

/// What an expiry is asked to destroy.
#[derive(Clone, Copy, Debug)]
pub struct ExpiryAsk<'a> {
    /// The district, six digits.
    pub district: &'a str,
    /// Only cases whose periods began before this day; everything that is due today where none.
    pub before: Option<Date>,
    /// What it rests on.
    pub legal_reference: &'a str,
    /// Only count.
    pub dry_run: bool,
}

impl Broker {
    /// Counts what an expiry would destroy and, unless that is all, asks for it. `tell` hears how far counting is and says whether to go on.
    ///
    /// Errors: texts that are wrong; [`RetentionRefusal::NoRequest`] where counting was stopped.
    pub async fn request_expiry(
        &self,
        ask: ExpiryAsk<'_>,
        officer: Officer<'_>,
        tell: ExpiryProgress<'_>,
    ) -> Result<Expiry, BrokerError> {
        // What is only counted rests on nothing yet; a text that is given must be one all the same.
        let is_needed = !ask.dry_run || !ask.legal_reference.is_empty();
        let reference = [("legal_reference", ask.legal_reference)];
        check(officer, if is_needed { &reference } else { &[] }, None)?;
        let core = self.core();
        let today = core.clock.today();
        let kept = Span::new().years(core.settings.retention.keep_years);
        let before = ask.before.unwrap_or_else(|| today.saturating_sub(kept));
        if before > today {
            let message = "a day up to today";
            let mistake = FieldError::new("before", "BEFORE_INVALID", message);
            return Err(BrokerError::Invalid(vec![mistake]));
        }
        let mut walk = Walk::new(core, ask.district, before);
        let mut counts = Counts::default();
        while let Some(met) = walk.next(core).await? {
            let found = match met {
                Met::Unreadable => Found::Failed,
                Met::Case(case) => look(core, case, before, None).await?,
            };
            note(&mut counts, found);
            if core.closing.load(Ordering::SeqCst) {
                return Err(BrokerError::ShuttingDown);
            }
            if counts.cases.is_multiple_of(TELL_EVERY) {
                if !tell(counts) {
                    return Err(RetentionRefusal::NoRequest.into());
                }
                tokio::time::sleep(COUNT_PAUSE).await;
            }
        }
        let id = match ask.dry_run {
            true => CaseId::default(),
            false => CaseId::random(&mut core.entropy.fork()),
        };
        let mut order = Order::review(
            core,
            ask.district,
            id,
            officer,
            format!("{EXPIRY_REQUESTED}:{before}:{}", counts.text()),
        );
        order.reference = ask.legal_reference;
        order.index.push(expiries_key(core, ask.district));
        if !ask.dry_run {
            order.give(core).await?;
            return self.expiry(id).await;
        }
        let frame = order.frame(core).await?;
        Expiry::tried(&frame)
    }

    /// Approves an expiry of somebody else. It destroys nothing before it is run.
    ///
    /// Errors: [`RetentionRefusal::SecondPersonNeeded`], [`RetentionRefusal::NoRequest`]. Refusals are kept as evidence.
    pub async fn approve_expiry(&self, id: CaseId, officer: Officer<'_>) -> Result<Expiry, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let expiry = expiry_of(core, id).await?;
        if expiry.approved_by.as_ref() == Some(&officer.actor()) {
            return Ok(expiry);
        }
        if !expiry.is_open(core.clock.now_ms()) || expiry.approved_by.is_some() {
            return Err(RetentionRefusal::NoRequest.into());
        }
        if !officer.is_another_than(&expiry.requested_by) {
            let error = RetentionRefusal::SecondPersonNeeded.into();
            return refused(core, (&expiry.district, id), officer, "approval of an expiry", error).await;
        }
        order(core, &expiry, officer, EXPIRY_APPROVED.to_owned()).await?;
        self.expiry(id).await
    }

    /// Takes an expiry back; what it has destroyed stays destroyed.
    ///
    /// Errors: [`RetentionRefusal::NoRequest`].
    pub async fn withdraw_expiry(&self, id: CaseId, officer: Officer<'_>) -> Result<Expiry, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let expiry = expiry_of(core, id).await?;
        if !expiry.is_open(core.clock.now_ms()) {
            return Err(RetentionRefusal::NoRequest.into());
        }
        order(core, &expiry, officer, EXPIRY_WITHDRAWN.to_owned()).await?;
        self.expiry(id).await
    }

    /// The place to run an expiry.
    ///
    /// Errors: [`RetentionRefusal::ExpiryRunning`].
    pub fn expiry_place(&self) -> Result<ExpiryPlace, BrokerError> {
        match Arc::clone(&self.core().expiring).try_lock_owned() {
            Ok(held) => Ok(ExpiryPlace { _held: held }),
            Err(_) => Err(RetentionRefusal::ExpiryRunning.into()),
        }
    }

    /// Destroys what an approved expiry is about, case by case, at the pace that is set. `tell` hears how far it is and says whether to go on;
    /// run again, it goes on. Holds, periods and whether it was withdrawn count as they are when a case's turn comes.
    ///
    /// Errors: [`RetentionRefusal::NotApproved`].
    pub async fn run_expiry(
        &self,
        _place: &ExpiryPlace,
        id: CaseId,
        officer: Officer<'_>,
        tell: ExpiryProgress<'_>,
    ) -> Result<Expiry, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let expiry = expiry_of(core, id).await?;
        if expiry.done_at_ms.is_some() {
            return Ok(expiry);
        }
        if expiry.approved_by.is_none() || !expiry.is_open(core.clock.now_ms()) {
            return Err(RetentionRefusal::NotApproved.into());
        }
        order(core, &expiry, officer, EXPIRY_STARTED.to_owned()).await?;
        let mut counts = Counts::default();
        let ended = self.carry_out(&expiry, &mut counts, tell).await;
        let whole = matches!(ended, Ok(true));
        let noted = last_word(core, &expiry, officer, counts, whole).await;
        if let (Err(_), Err(error)) = (&ended, &noted) {
            tracing::error!(expiry = %id, reason = error.reason(), "that an expiry stopped could not be kept");
        }
        ended?;
        noted?;
        self.expiry(id).await
    }

    /// An expiry.
    ///
    /// Errors: [`BrokerError::NotFound`].
    pub async fn expiry(&self, id: CaseId) -> Result<Expiry, BrokerError> {
        expiry_of(self.core(), id).await
    }

    /// The newest expiries of a district.
    pub async fn expiries(&self, district: &str) -> Result<Vec<Expiry>, BrokerError> {
        let core = self.core();
        let positions = core
            .store
            .find_before(expiries_key(core, district), None, LISTED)
            .await?;
        let mut found = Vec::with_capacity(positions.len());
        for position in positions {
            found.push(expiry_of(core, core.store.read(position).await?.case).await?);
        }
        Ok(found)
    }

    /// Goes through the cases and counts them, also those before an error; `false` when it was told to stop.
    async fn carry_out(
        &self,
        expiry: &Expiry,
        counts: &mut Counts,
        tell: ExpiryProgress<'_>,
    ) -> Result<bool, BrokerError> {
        let core = self.core();
        let pause = Duration::from_micros(1_000_000 / u64::from(core.settings.retention.expiry_per_second.max(1)));
        let mut walk = Walk::new(core, &expiry.district, expiry.before);
        while let Some(met) = walk.next(core).await? {
            let found = match met {
                Met::Unreadable => Found::Failed,
                Met::Case(case) => match deal_with(core, case, expiry).await? {
                    Dealt::Withdrawn => return Ok(false),
                    Dealt::Looked(found) => found,
                    Dealt::Destroyed(found) => {
                        // Verifications need the same disk.
                        tokio::time::sleep(pause).await;
                        found
                    }
                },
            };
            note(counts, found);
            let stopped = core.closing.load(Ordering::SeqCst);
            if stopped || (counts.cases.is_multiple_of(TELL_EVERY) && !tell(*counts)) {
                return Ok(false);
            }
        }
        tell(*counts);
        Ok(true)
    }
}

impl Expiry {
    /// What a count that was only tried found.
    fn tried(frame: &Frame) -> Result<Expiry, BrokerError> {
        let leaf = frame.leaves.first();
        let found = leaf.and_then(Expiry::of_leaf);
        found.ok_or(BrokerError::Internal("an expiry does not read back"))
    }
}

/// What became of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Due,
    Destroyed,
    Gone,
    Held,
    Kept,
    Failed,
}

fn note(counts: &mut Counts, found: Found) {
    let slot = match found {
        Found::Due => &mut counts.due,
        Found::Destroyed => &mut counts.destroyed,
        Found::Gone => &mut counts.gone,
        Found::Held => &mut counts.held,
        Found::Kept => &mut counts.kept,
        Found::Failed => &mut counts.failed,
    };
    *slot += 1;
    counts.cases += 1;
}

/// What a case is to an expiry. One that cannot be read stops no other.
async fn look(core: &Core, case: CaseId, before: Date, expiry: Option<CaseId>) -> Result<Found, BrokerError> {
    match standing_of(core, case).await {
        Ok((_, standing)) => judge(core, case, &standing, before, expiry),
        Err(error) => failed(case, error),
    }
}

fn judge(
    core: &Core,
    case: CaseId,
    standing: &Standing,
    before: Date,
    expiry: Option<CaseId>,
) -> Result<Found, BrokerError> {
    if let Some(destroyed) = &standing.destroyed {
        let ours = expiry.is_some() && destroyed.expiry == expiry;
        return Ok(if ours { Found::Destroyed } else { Found::Gone });
    }
    if civil_date(standing.last_at_ms) >= before {
        // It began before the day; what came later keeps it.
        return Ok(Found::Kept);
    }
    match may_go(core, case, standing, &Basis::PeriodEnded) {
        Ok(()) => Ok(Found::Due),
        Err(BrokerError::Retention(RetentionRefusal::OnHold(_))) => Ok(Found::Held),
        Err(BrokerError::Retention(_) | BrokerError::WrongState(_)) => Ok(Found::Kept),
        // Nothing about this case: no case may go now.
        Err(error) => Err(error),
    }
}

/// What a run did about a case.
enum Dealt {
    /// Nothing but to look.
    Looked(Found),
    /// It was its turn, whatever came of it.
    Destroyed(Found),
    /// Nothing: the expiry itself was withdrawn.
    Withdrawn,
}

/// Destroys one case if it is due, or what is left of its keys.
async fn deal_with(core: &Core, case: CaseId, expiry: &Expiry) -> Result<Dealt, BrokerError> {
    let found = look(core, case, expiry.before, Some(expiry.id)).await?;
    let is_due = match found {
        Found::Due => true,
        Found::Destroyed => match keys_left(core, case).await {
            Ok(left) => left,
            Err(error) => return failed(case, error).map(Dealt::Looked),
        },
        _ => false,
    };
    if is_due {
        destroy(core, case, expiry).await
    } else {
        Ok(Dealt::Looked(found))
    }
}

/// Destroys one case, unless something blocks it by now.
async fn destroy(core: &Core, case: CaseId, expiry: &Expiry) -> Result<Dealt, BrokerError> {
    let _turn = core.retention_turn.lock().await;
    if expiry_of(core, expiry.id).await?.withdrawn {
        return Ok(Dealt::Withdrawn);
    }
    let destroyed = async {
        let (begun, standing) = standing_of(core, case).await?;
        let found = judge(core, case, &standing, expiry.before, Some(expiry.id))?;
        // A run that was cut short by a failing disk may have left keys of a case that is destroyed.
        if found != Found::Due && found != Found::Destroyed {
            return Ok(found);
        }
        let approved = expiry.approved_by.as_deref().unwrap_or_default();
        let (caller, person) = approved.split_once('/').unwrap_or((approved, ""));
        let destruction = Destruction {
            officer: Officer { caller, person },
            legal_reference: &expiry.legal_reference,
            basis: &Basis::PeriodEnded,
            expiry: Some(expiry.id),
        };
        destruction.carry_out(core, &begun).await?;
        Ok(Found::Destroyed)
    };
    match destroyed.await {
        Ok(found) => Ok(Dealt::Destroyed(found)),
        Err(error) => failed(case, error).map(Dealt::Destroyed),
    }
}

/// A case that is damaged is counted and named in the server's log; a store that cannot be used ends the run.
fn failed(case: CaseId, error: BrokerError) -> Result<Found, BrokerError> {
    let only_this = matches!(error, BrokerError::Store(StoreError::ShredRefused(_)));
    if error.kind() != ErrorKind::DataLoss && !only_this {
        return Err(error);
    }
    tracing::error!(%case, reason = error.reason(), "an expiry cannot read a case");
    Ok(Found::Failed)
}

/// Keeps how a run ended.
async fn last_word(
    core: &Core,
    expiry: &Expiry,
    officer: Officer<'_>,
    counts: Counts,
    whole: bool,
) -> Result<(), BrokerError> {
    let _turn = core.retention_turn.lock().await;
    // One that is withdrawn while it runs was not gone through, also where nothing was left to destroy.
    let whole = whole && !expiry_of(core, expiry.id).await?.withdrawn;
    let word = if whole { EXPIRY_DONE } else { EXPIRY_STOPPED };
    order(core, expiry, officer, format!("{word}:{}", counts.text())).await
}

/// An order about an expiry.
async fn order(core: &Core, expiry: &Expiry, officer: Officer<'_>, outcome: String) -> Result<(), BrokerError> {
    let order = Order {
        reference: &expiry.legal_reference,
        rests_on: vec![expiry.request],
        ..Order::review(core, &expiry.district, expiry.id, officer, outcome)
    };
    order.give(core).await
}

fn expiries_key(core: &Core, district: &str) -> IndexKey {
    core.keys.index_key("expiries", &[district.as_bytes()])
}

/// What stands next in a district.
enum Met {
    Case(CaseId),
    /// A frame that cannot be read: of which case it is, only somebody who repairs it can say.
    Unreadable,
}

/// The cases of a district that began before a day, page by page: verifications, then refusals for want of authorization.
struct Walk {
    keys: Vec<IndexKey>,
    after: Option<Position>,
    page: std::vec::IntoIter<Position>,
    /// Whether anything on the page began before the day.
    earlier: bool,
    /// Whether the page was the last of its key.
    last: bool,
    before_ms: i64,
}

impl Walk {
    fn new(core: &Core, district: &str, before: Date) -> Walk {
        Walk {
            // The last is walked first.
            keys: vec![
                denials_key(core, district),
                peer_key(core, district),
                list_key(core, district),
            ],
            after: None,
            page: Vec::new().into_iter(),
            earlier: true,
            last: false,
            before_ms: midnight_ms(before),
        }
    }

    /// The next case that began before the day. One damaged frame stops nothing: the server's log names where it stands.
    async fn next(&mut self, core: &Core) -> Result<Option<Met>, BrokerError> {
        loop {
            for position in self.page.by_ref() {
                match core.store.read(position).await.map_err(BrokerError::from) {
                    Ok(begun) if begun.time_ms < self.before_ms => {
                        self.earlier = true;
                        return Ok(Some(Met::Case(begun.case)));
                    }
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::DataLoss => {
                        let Position { segment, offset } = position;
                        tracing::error!(segment, offset, reason = error.reason(), "an expiry cannot read a case");
                        return Ok(Some(Met::Unreadable));
                    }
                    Err(error) => return Err(error),
                }
            }
            if self.last || !std::mem::replace(&mut self.earlier, false) {
                self.keys.pop();
                (self.after, self.last) = (None, false);
            }
            let Some(key) = self.keys.last() else {
                return Ok(None);
            };
            let page = core.store.find_page(*key, self.after, PAGE).await?;
            self.last = page.len() < PAGE;
            self.after = page.last().copied().or(self.after);
            self.page = page.into_iter();
        }
    }
}
