//! Retention: how long a case may be read, how long it is kept, what blocks its destruction, and where it stands now.
//! Leaves who has which role to the server, and destroying keys to the store.
//!
//! Where a case stands follows from its leaves: the index only says where they are.

use hedui_core::Date;
use hedui_evidence::{CaseId, EvidenceId, IndexKey};
use jiff::Span;

use crate::clock::{SHANGHAI_MS, civil_date};
use crate::core::Core;

mod dispute;
mod expiry;
mod expiry_job;
mod holds;
mod order;
mod refusal;
mod shred;
mod standing;
mod words;

pub use expiry::{ExpiryAsk, ExpiryPlace};
pub use expiry_job::{Counts, Expiry, ExpiryProgress};
pub(crate) use order::Order;
pub use refusal::RetentionRefusal;
pub(crate) use shred::named_for_destruction;
pub(crate) use standing::{standing, standing_of};
pub use words::Officer;
pub(crate) use words::check;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// For how long a request of destruction may be approved, and an approved expiry run.
const REQUEST_DAYS: i64 = 30;

/// The periods. That records of processing are kept for three years at least is article 56 of the Personal Information Protection Law; the
/// other figures are assumptions, to be replaced by the district's own retention schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPeriods {
    /// Days after its verdict from which a case is frozen.
    pub freeze_after_days: u32,
    /// Years after its verdict for which a case is kept whole.
    pub keep_years: u16,
    /// How many cases an expiry destroys in a second at most.
    pub expiry_per_second: u32,
}

impl RetentionPeriods {
    /// The fewest years that a case is kept: article 56 of the Personal Information Protection Law.
    pub const LEAST_YEARS: u16 = 3;
}

impl Default for RetentionPeriods {
    fn default() -> RetentionPeriods {
        RetentionPeriods {
            freeze_after_days: 365,
            keep_years: 5,
            expiry_per_second: 50,
        }
    }
}

/// In which state a case is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionState {
    /// Whoever may verify in its district may read it.
    Active,
    /// Stored and nothing else (Personal Information Protection Law, article 47): read in disputes and audits only.
    Frozen,
    /// Keys and salts are destroyed. That it was, and what was asked of whom, stays provable.
    Shredded,
}

/// Why a case is destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Its period has ended.
    PeriodEnded,
    /// The law orders it, whatever the period: the provision.
    OrderedByLaw(String),
}

/// A legal hold: while there is one, a case is not destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The court case, dispute or audit that it is for.
    pub reference: String,
    /// When it was placed, milliseconds since 1970 UTC.
    pub placed_at_ms: i64,
    /// The office, and behind a slash the official.
    pub actor: String,
}

/// A request of destruction that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShredRequest {
    /// Its leaf.
    pub evidence_id: EvidenceId,
    /// When it was made, milliseconds since 1970 UTC.
    pub requested_at_ms: i64,
    /// From when on it may not be approved any more.
    pub expires_at_ms: i64,
    /// The office, and behind a slash the official.
    pub actor: String,
    /// What it rests on: the retention schedule, an order.
    pub legal_reference: String,
    /// Why.
    pub basis: Basis,
}

/// That a case was destroyed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destroyed {
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// What it rests on.
    pub legal_reference: String,
    /// Why.
    pub basis: Basis,
    /// The expiry of which it was part.
    pub expiry: Option<CaseId>,
    /// The second person: the office, and behind a slash the official.
    pub actor: String,
    /// How many sealed records.
    pub records: u64,
}

/// Where a case stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: RetentionState,
    /// The district that the case belongs to.
    pub district: String,
    /// What the periods are reckoned from: the verdict, or the newest recheck of it, or, without a verdict, the question.
    pub last_at_ms: i64,
    /// From when on it is frozen, by age or by hand.
    pub frozen_from_ms: i64,
    /// Whether somebody ordered it to be frozen.
    pub frozen_by_hand: bool,
    /// The last day on which it must be kept.
    pub kept_until: Date,
    /// What blocks its destruction.
    pub holds: Vec<Hold>,
    /// A request that can be approved.
    pub request: Option<ShredRequest>,
    /// Set once destroyed.
    pub destroyed: Option<Destroyed>,
}

impl Standing {
    /// Whether the period has ended on a day.
    pub fn is_due(&self, today: Date) -> bool {
        today > self.kept_until
    }
}

/// What the orders about a case are found by.
pub(crate) fn retention_key(core: &Core, case: CaseId) -> IndexKey {
    core.keys.index_key("retention", &[&case.0])
}

/// The last day of a period of years from a moment.
fn kept_until(last_at_ms: i64, years: u16) -> Date {
    civil_date(last_at_ms).saturating_add(Span::new().years(years))
}

/// The moment at which a day begins in Shanghai.
fn midnight_ms(day: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    let days = epoch.until(day).map_or(0, |span| i64::from(span.get_days()));
    days.saturating_mul(DAY_MS).saturating_sub(SHANGHAI_MS)
}
