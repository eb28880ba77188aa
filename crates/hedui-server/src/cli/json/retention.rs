//! The JSON form of retention: how a case is kept, and expiries.
//! Leaves what they mean to `proto/hedui/retention/v1`.

use hedui_proto::retention as wire;
use serde::Serialize;

use crate::cli::values;

/// How a case is kept.
#[derive(Debug, Serialize)]
pub struct Retention {
    name: String,
    /// `ACTIVE`, `FROZEN`, `SHREDDED`.
    state: String,
    frozen_from: Option<String>,
    frozen_by_hand: bool,
    kept_until: Option<String>,
    holds: Vec<Hold>,
    request: Option<Request>,
    destroyed: Option<Destroyed>,
}

#[derive(Debug, Serialize)]
struct Hold {
    reference: String,
    placed_at: Option<String>,
    actor: String,
}

#[derive(Debug, Serialize)]
struct Request {
    requested_at: Option<String>,
    expires_at: Option<String>,
    actor: String,
    legal_reference: String,
    erasure_basis: String,
}

#[derive(Debug, Serialize)]
struct Destroyed {
    destroyed_at: Option<String>,
    actor: String,
    legal_reference: String,
    erasure_basis: String,
    expiry: String,
    records: u64,
}

/// An expiry.
#[derive(Debug, Serialize)]
pub struct Expiry {
    /// Empty of one that was only counted.
    id: String,
    district_code: String,
    before: Option<String>,
    legal_reference: String,
    requested_by: String,
    requested_at: Option<String>,
    approved_by: String,
    approved_at: Option<String>,
    expires_at: Option<String>,
    withdrawn: bool,
    done_at: Option<String>,
    counts: Counts,
}

#[derive(Debug, Serialize)]
struct Counts {
    cases: u64,
    due: u64,
    destroyed: u64,
    gone: u64,
    held: u64,
    kept: u64,
    failed: u64,
}

/// The expiries of a district.
#[derive(Debug, Serialize)]
pub struct Expiries {
    expiries: Vec<Expiry>,
}

fn time(at: &Option<prost_types::Timestamp>) -> Option<String> {
    at.as_ref().map(values::rfc3339)
}

/// How a case is kept.
pub fn retention(found: &wire::Retention) -> Retention {
    let state = found.state().as_str_name();
    let hold = |hold: &wire::Hold| Hold {
        reference: hold.reference.clone(),
        placed_at: time(&hold.placed_at),
        actor: hold.actor.clone(),
    };
    let request = found.request.as_ref().map(|request| Request {
        requested_at: time(&request.requested_at),
        expires_at: time(&request.expires_at),
        actor: request.actor.clone(),
        legal_reference: request.legal_reference.clone(),
        erasure_basis: request.erasure_basis.clone(),
    });
    let destroyed = found.destroyed.as_ref().map(|destroyed| Destroyed {
        destroyed_at: time(&destroyed.destroyed_at),
        actor: destroyed.actor.clone(),
        legal_reference: destroyed.legal_reference.clone(),
        erasure_basis: destroyed.erasure_basis.clone(),
        expiry: destroyed.expiry.clone(),
        records: destroyed.records,
    });
    Retention {
        name: found.name.clone(),
        state: state.trim_start_matches("RETENTION_STATE_").to_owned(),
        frozen_from: time(&found.frozen_from),
        frozen_by_hand: found.frozen_by_hand,
        kept_until: found.kept_until.as_ref().map(values::date),
        holds: found.holds.iter().map(hold).collect(),
        request,
        destroyed,
    }
}

/// An expiry.
pub fn expiry(found: &wire::Expiry) -> Expiry {
    let counts = found.counts.unwrap_or_default();
    Expiry {
        id: found.id.clone(),
        district_code: found.district_code.clone(),
        before: found.before.as_ref().map(values::date),
        legal_reference: found.legal_reference.clone(),
        requested_by: found.requested_by.clone(),
        requested_at: time(&found.requested_at),
        approved_by: found.approved_by.clone(),
        approved_at: time(&found.approved_at),
        expires_at: time(&found.expires_at),
        withdrawn: found.withdrawn,
        done_at: time(&found.done_at),
        counts: Counts {
            cases: counts.cases,
            due: counts.due,
            destroyed: counts.destroyed,
            gone: counts.gone,
            held: counts.held,
            kept: counts.kept,
            failed: counts.failed,
        },
    }
}

/// The expiries of a district.
pub fn expiries(found: &[wire::Expiry]) -> Expiries {
    Expiries {
        expiries: found.iter().map(expiry).collect(),
    }
}
