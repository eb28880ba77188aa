//! Answers: what one department said of one person, in exactly one of the states of design 3.1.
//! Leaves asking to the broker and adding up to `facts`.

use serde::{Deserialize, Serialize};

use crate::dates::{Date, PartialDate};
use crate::money::Fen;
use crate::record::Record;

/// Why a department could not be reached, or could not find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unreachable {
    /// No answer by its deadline.
    Timeout,
    /// Refused the connection or the call.
    Refused,
    /// Answered with a failure, or with something that is not an answer.
    Failed,
    /// Not asked now because it has failed repeatedly.
    Breaker,
    /// The verification was cancelled before it answered.
    Cancelled,
}

/// What one department said of one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AnswerState {
    /// It holds these records (at least one).
    Found {
        /// The records, in the department's order.
        records: Vec<Record>,
    },
    /// It holds none.
    NoRecord,
    /// It says only that its threshold is passed.
    OverLimit {
        /// The threshold.
        limit: Option<Fen>,
    },
    /// It says only that its threshold is not passed. Not a zero.
    WithinLimit {
        /// The threshold.
        limit: Option<Fen>,
    },
    /// It holds the ID under another name.
    IdentityMismatch,
    /// It, or the broker before asking, found no authorization.
    NotAuthorized,
    /// The purpose does not need it.
    NotAsked,
    /// It will answer later.
    Pending,
    /// It could not be reached or could not find out.
    Unreachable {
        /// How.
        cause: Unreachable,
    },
}

impl AnswerState {
    /// Every code. Sealed reports and counters name states by their place: only ever add, at the end.
    pub const CODES: [&'static str; 13] = [
        "FOUND",
        "NO_RECORD",
        "OVER_LIMIT",
        "WITHIN_LIMIT",
        "IDENTITY_MISMATCH",
        "NOT_AUTHORIZED",
        "NOT_ASKED",
        "PENDING",
        "UNREACHABLE:timeout",
        "UNREACHABLE:refused",
        "UNREACHABLE:failed",
        "UNREACHABLE:breaker",
        "UNREACHABLE:cancelled",
    ];

    /// Whether the answer settles what the department knows of the person. Everything else leaves its figures open.
    pub fn is_known(&self) -> bool {
        match self {
            // Found without a record is a promise, not an answer.
            AnswerState::Found { records } => !records.is_empty(),
            AnswerState::NoRecord => true,
            _ => false,
        }
    }

    /// Whether the department said anything about the person at all.
    pub fn is_answer(&self) -> bool {
        !matches!(
            self,
            AnswerState::Unreachable { .. } | AnswerState::NotAsked | AnswerState::Pending
        )
    }

    /// Stable code for reports, logs and evidence leaves: `FOUND`, `UNREACHABLE:timeout`.
    pub fn code(&self) -> &'static str {
        match self {
            AnswerState::Found { .. } => "FOUND",
            AnswerState::NoRecord => "NO_RECORD",
            AnswerState::OverLimit { .. } => "OVER_LIMIT",
            AnswerState::WithinLimit { .. } => "WITHIN_LIMIT",
            AnswerState::IdentityMismatch => "IDENTITY_MISMATCH",
            AnswerState::NotAuthorized => "NOT_AUTHORIZED",
            AnswerState::NotAsked => "NOT_ASKED",
            AnswerState::Pending => "PENDING",
            AnswerState::Unreachable {
                cause: Unreachable::Timeout,
            } => "UNREACHABLE:timeout",
            AnswerState::Unreachable {
                cause: Unreachable::Refused,
            } => "UNREACHABLE:refused",
            AnswerState::Unreachable {
                cause: Unreachable::Failed,
            } => "UNREACHABLE:failed",
            AnswerState::Unreachable {
                cause: Unreachable::Breaker,
            } => "UNREACHABLE:breaker",
            AnswerState::Unreachable {
                cause: Unreachable::Cancelled,
            } => "UNREACHABLE:cancelled",
        }
    }
}

/// Who has to act on a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// An operator: something is set up wrongly.
    Config,
    /// Nobody but time: asking again may help.
    Transient,
    /// A programmer or the department: asking again will not help.
    System,
}

/// Where a failure arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureOrigin {
    /// In the department's own system.
    Department,
    /// In the adapter that speaks to it.
    Adapter,
    /// In hedui.
    Broker,
}

/// Why an answer is not one. Holds no personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Who has to act.
    pub class: FailureClass,
    /// Where it arose.
    pub origin: FailureOrigin,
    /// Stable reason, for example `SOURCE_TIMEOUT`.
    pub reason: String,
    /// For people.
    pub message: String,
}

/// The answer of one department for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectAnswer {
    /// Position of the person in the household.
    pub ordinal: u32,
    /// What it said.
    pub state: AnswerState,
    /// Of which day its data is.
    pub data_on: Option<PartialDate>,
    /// Why, where it is not an answer.
    pub failure: Option<Failure>,
    /// Notes on data quality.
    pub notes: Vec<String>,
    /// Until when a pending answer is promised, milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at_ms: Option<i64>,
}

impl SubjectAnswer {
    /// An answer that only has a state.
    pub fn of(ordinal: u32, state: AnswerState) -> SubjectAnswer {
        SubjectAnswer {
            ordinal,
            state,
            data_on: None,
            failure: None,
            notes: Vec::new(),
            due_at_ms: None,
        }
    }

    /// No answer, with its reason.
    pub fn unreachable(ordinal: u32, cause: Unreachable, failure: Failure) -> SubjectAnswer {
        SubjectAnswer {
            failure: Some(failure),
            ..SubjectAnswer::of(ordinal, AnswerState::Unreachable { cause })
        }
    }
}

/// A person as a department is asked about them.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// Position in the household.
    pub ordinal: u32,
    /// Resident ID.
    pub id: hedui_ids::ResidentId,
    /// Name as the household stated it.
    pub name: String,
}

/// Only the position.
impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({})", self.ordinal)
    }
}

/// One question to departments: all persons of one household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The same id asks the same question.
    pub query_id: String,
    /// The programme on whose behalf is asked.
    pub purpose: crate::names::ProgrammeId,
    /// GB/T 2260 code of the district that asks.
    pub district_code: String,
    /// Salted BLAKE3 digest of the authorization.
    pub authorization_digest: [u8; 32],
    /// The date that the verification is about.
    pub as_of: Date,
    /// First day of the period that the authorization opens.
    pub period_from: Date,
    /// Last day of it.
    pub period_until: Date,
    /// Whom about.
    pub subjects: Vec<Subject>,
    /// Types of record that the purpose needs; empty for all that the department holds.
    pub record_types: Vec<crate::record::RecordType>,
}
