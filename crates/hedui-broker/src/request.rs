//! Requests: what a district centre asks for, as it is kept sealed with the evidence, and as it is prepared to run.
//! Leaves where it came from (gRPC, stream, recheck) to the caller.

use hedui_core::authorization::AuthorizationInput;
use hedui_core::household::{Household, HouseholdInput};
use hedui_core::{Date, DepartmentId, Plan, ProgrammeId, Scope};
use serde::{Deserialize, Serialize};

/// Most programmes of one request.
pub const MAX_PROGRAMMES: usize = 40;
/// Longest time that one verification may take, in milliseconds: ten minutes.
pub const MAX_DEADLINE_MS: u32 = 600_000;
/// Longest actor, request id and variant, in bytes.
pub const MAX_LABEL_BYTES: usize = 128;

/// When a verification ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completion {
    /// When every department has answered or its time is over.
    #[default]
    AllDepartments,
    /// As soon as no missing department could change any outcome.
    VerdictFinal,
}

/// Whether answers kept from an earlier verification may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reuse {
    /// Within freshness, the same purpose and a live authorization.
    #[default]
    Fresh,
    /// Never.
    Never,
}

/// What happens when the household is already being verified for the same programmes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conflict {
    /// Refused.
    #[default]
    Fail,
    /// The running one is returned.
    UseExisting,
    /// A second one is started.
    RunBoth,
}

/// A recheck: the answers of an earlier verification but for the departments asked again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recheck {
    /// The earlier verification, hexadecimal.
    pub of: String,
    /// Departments asked again.
    pub departments: Vec<DepartmentId>,
    /// Offices whose people have answered since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answered: Vec<AnsweredTask>,
}

/// What an office's people have answered to an earlier verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnsweredTask {
    /// The verification that asked, hexadecimal.
    pub of: String,
    /// The office.
    pub department: DepartmentId,
}

/// A re-evaluation: an earlier verification of the household looked at again, as part of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reevaluates {
    /// The earlier verification, hexadecimal.
    pub of: String,
    /// The job, hexadecimal.
    pub job: String,
    /// The day whose packs judge, where that is not the date that the evidence is about.
    pub rules_on: Option<Date>,
}

/// What is asked for. Sealed into the `ASKED` frame, so its fields only grow.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// GB/T 2260 code of the district.
    pub district_code: String,
    /// The household as it applies.
    pub household: HouseholdInput,
    /// Programme ids.
    pub programmes: Vec<String>,
    /// The signed letters.
    pub authorizations: Vec<AuthorizationInput>,
    /// The date that it is about; today where none.
    pub as_of: Option<Date>,
    /// When it ends.
    pub completion: Completion,
    /// Whether kept answers may be used.
    pub reuse: Reuse,
    /// Longest time for all departments, in milliseconds; the broker's default where none.
    pub deadline_ms: Option<u32>,
    /// Variant of the policy packs.
    pub policy_variant: Option<String>,
    /// The clerk or system that asks.
    pub actor: String,
    /// Set for a recheck.
    #[serde(default)]
    pub recheck: Option<Recheck>,
    /// Set for a re-evaluation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reevaluates: Option<Reevaluates>,
}

impl Request {
    /// The earlier verification that this one rechecks; none where it is only looked at again as part of a job.
    pub(crate) fn rechecks(&self) -> Option<&str> {
        let recheck = self.recheck.as_ref().map(|recheck| recheck.of.as_str());
        recheck.filter(|of| self.reevaluates.as_ref().is_none_or(|r| r.of != *of))
    }

    /// Whether a job looks at a verification again, not a person.
    pub(crate) fn is_judged_again(&self) -> bool {
        self.reevaluates.is_some() && self.rechecks().is_none()
    }
}

/// A call that creates a verification.
pub struct Create {
    /// What is asked for.
    pub request: Request,
    /// Idempotency key of the caller; none makes every call new.
    pub request_id: Option<String>,
    /// What happens when the household is already being verified.
    pub conflict: Conflict,
    /// The authenticated caller; request ids are apart by caller.
    pub caller: String,
    /// Checks everything and starts nothing.
    pub validate_only: bool,
}

/// The sealed content of an `ASKED` frame: enough to run the verification again after a crash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredRequest {
    /// Version of this form.
    pub version: u32,
    /// What is asked for.
    pub request: Request,
    /// The authenticated caller.
    pub caller: String,
    /// The date that it is about.
    pub as_of: Date,
    /// When created, milliseconds since 1970.
    pub created_at_ms: i64,
    /// Salt of the authorization reference in the leaves.
    pub authorization_salt: [u8; 32],
}

impl StoredRequest {
    /// The day whose packs judge.
    pub fn rules_on(&self) -> Date {
        let other = self.request.reevaluates.as_ref().and_then(|r| r.rules_on);
        other.unwrap_or(self.as_of)
    }
}

/// A request that has been checked and may run.
pub(crate) struct Prepared {
    pub stored: StoredRequest,
    pub household: Household,
    pub scope: Scope,
    pub programmes: Vec<ProgrammeId>,
    /// The first of them: what departments are told is the purpose.
    pub purpose: ProgrammeId,
    /// Positions of the packs that judge, one per programme, in the set of packs.
    pub packs: Vec<usize>,
    /// Positions of the packs of other programmes that the same evidence may be looked at for.
    pub others: Vec<usize>,
    pub plan: Plan,
    pub authorization_digest: [u8; 32],
}
