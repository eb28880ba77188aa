//! Errors of the broker: one small kind for those who map them, a stable reason, field violations, no personal data.
//! Leaves their form on the wire to the server.

use hedui_core::FieldError;
use hedui_evidence::{LogError, StoreError};

use crate::retention::RetentionRefusal;
use crate::tasks::TaskRefusal;

/// What kind of error it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is wrong; see the fields.
    InvalidArgument,
    /// There is no such verification.
    NotFound,
    /// The caller or the household's letters do not allow it.
    PermissionDenied,
    /// Something already exists or runs.
    AlreadyExists,
    /// Not in this state.
    FailedPrecondition,
    /// Too much at once; try later.
    ResourceExhausted,
    /// Evidence cannot be kept now, so nothing is verified.
    Unavailable,
    /// The stored evidence is damaged.
    DataLoss,
    /// A mistake of ours.
    Internal,
}

/// Why the broker did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// The request is wrong.
    #[error("the request has {} mistake(s)", .0.len())]
    Invalid(Vec<FieldError>),
    /// The letters do not authorize it. Kept as evidence.
    #[error("the household's authorization does not allow this verification: {} mistake(s)", .0.len())]
    NotAuthorized(Vec<FieldError>),
    /// The same request id came with another request.
    #[error("this request_id was used for a different request; choose a new one")]
    RequestIdReused,
    /// The household is being verified for the same programmes.
    #[error(
        "this household is already being verified for these programmes; wait for it, or ask with conflict_policy USE_EXISTING"
    )]
    Running(String),
    /// No such verification.
    #[error("there is no such verification here")]
    NotFound,
    /// It has ended, so it cannot be cancelled; or it runs, so it cannot be rechecked.
    #[error("the verification is not in a state for this: {0}")]
    WrongState(&'static str),
    /// Too many at once.
    #[error("too many verifications are running; try again shortly")]
    Busy,
    /// Shutting down.
    #[error("the broker is shutting down; try again shortly")]
    ShuttingDown,
    /// The store.
    #[error("evidence cannot be kept or read: {0}")]
    Store(#[from] StoreError),
    /// The logs over it.
    #[error("{0}")]
    Log(#[source] LogError),
    /// The case is frozen, destroyed, on hold; or an order about it is not allowed.
    #[error(transparent)]
    Retention(#[from] RetentionRefusal),
    /// A task that is not shown or not answered.
    #[error(transparent)]
    Task(#[from] TaskRefusal),
    /// A re-evaluation of the district is under way, or too many are.
    #[error("a re-evaluation of this district is under way: {0}")]
    ReevaluationRunning(String),
    /// There is nothing to resume or cancel.
    #[error("this re-evaluation has ended")]
    ReevaluationEnded,
    /// No such re-evaluation.
    #[error("there is no such re-evaluation here")]
    ReevaluationNotFound,
    /// Stored evidence that does not decode.
    #[error("stored evidence of this verification is damaged: {0}")]
    Damaged(&'static str),
    /// A mistake of ours.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

impl From<LogError> for BrokerError {
    fn from(error: LogError) -> BrokerError {
        match error {
            LogError::Store(error) => BrokerError::Store(error),
            other => BrokerError::Log(other),
        }
    }
}

impl BrokerError {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        use hedui_evidence::ErrorKind as Evidence;
        match self {
            BrokerError::Invalid(_) | BrokerError::RequestIdReused => ErrorKind::InvalidArgument,
            BrokerError::NotAuthorized(_) => ErrorKind::PermissionDenied,
            BrokerError::Running(_) => ErrorKind::AlreadyExists,
            BrokerError::NotFound | BrokerError::ReevaluationNotFound => ErrorKind::NotFound,
            BrokerError::ReevaluationEnded => ErrorKind::FailedPrecondition,
            BrokerError::ReevaluationRunning(_) => ErrorKind::ResourceExhausted,
            BrokerError::WrongState(_) => ErrorKind::FailedPrecondition,
            BrokerError::Busy => ErrorKind::ResourceExhausted,
            BrokerError::ShuttingDown => ErrorKind::Unavailable,
            BrokerError::Retention(refusal) => refusal.kind(),
            BrokerError::Task(refusal) => refusal.kind(),
            BrokerError::Damaged(_) => ErrorKind::DataLoss,
            BrokerError::Internal(_) => ErrorKind::Internal,
            BrokerError::Store(error) => match error.kind() {
                Evidence::Shredded => ErrorKind::FailedPrecondition,
                Evidence::Corrupt | Evidence::Tampered => ErrorKind::DataLoss,
                _ => ErrorKind::Unavailable,
            },
            BrokerError::Log(LogError::NotIncluded) => ErrorKind::FailedPrecondition,
            BrokerError::Log(LogError::Name { .. }) => ErrorKind::InvalidArgument,
            BrokerError::Log(_) => ErrorKind::Unavailable,
        }
    }

    /// Stable reason, as in the table of `proto/README.md`.
    pub fn reason(&self) -> &'static str {
        match self {
            BrokerError::Invalid(_) => "INVALID_REQUEST",
            BrokerError::NotAuthorized(_) => "NOT_AUTHORIZED",
            BrokerError::RequestIdReused => "REQUEST_ID_REUSED",
            BrokerError::Running(_) => "VERIFICATION_RUNNING",
            BrokerError::NotFound => "VERIFICATION_NOT_FOUND",
            BrokerError::WrongState(_) => "WRONG_STATE",
            BrokerError::Busy => "TOO_MANY_VERIFICATIONS",
            BrokerError::ShuttingDown => "SHUTTING_DOWN",
            BrokerError::Store(StoreError::Shredded(_)) => "CASE_SHREDDED",
            BrokerError::Store(_) => "EVIDENCE_UNAVAILABLE",
            BrokerError::Log(LogError::NotIncluded) => "NOT_YET_IN_LOG",
            BrokerError::Log(LogError::Name { .. }) => "LOG_REQUEST_INVALID",
            BrokerError::Log(_) => "EVIDENCE_LOG_UNAVAILABLE",
            BrokerError::Retention(refusal) => refusal.reason(),
            BrokerError::Task(refusal) => refusal.reason(),
            BrokerError::ReevaluationRunning(_) => "REEVALUATION_RUNNING",
            BrokerError::ReevaluationEnded => "REEVALUATION_ENDED",
            BrokerError::ReevaluationNotFound => "REEVALUATION_NOT_FOUND",
            BrokerError::Damaged(_) => "EVIDENCE_DAMAGED",
            BrokerError::Internal(_) => "INTERNAL",
        }
    }

    /// Every reason that `reason` can give, for the test of the documented table.
    pub const REASONS: &[&str] = &[
        "INVALID_REQUEST",
        "NOT_AUTHORIZED",
        "REQUEST_ID_REUSED",
        "VERIFICATION_RUNNING",
        "VERIFICATION_NOT_FOUND",
        "WRONG_STATE",
        "TOO_MANY_VERIFICATIONS",
        "SHUTTING_DOWN",
        "EVIDENCE_UNAVAILABLE",
        "NOT_YET_IN_LOG",
        "LOG_REQUEST_INVALID",
        "EVIDENCE_LOG_UNAVAILABLE",
        "CASE_FROZEN",
        "CASE_SHREDDED",
        "LEGAL_HOLD",
        "RETENTION_RUNNING",
        "SECOND_PERSON_NEEDED",
        "NO_SHRED_REQUEST",
        "SHRED_REQUESTED",
        "NO_HOLD",
        "EXPIRY_NOT_APPROVED",
        "EXPIRY_RUNNING",
        "TASK_NOT_FOUND",
        "TASK_CLOSED",
        "TASK_ANSWERED",
        "NOTHING_TO_CONFIRM",
        "REEVALUATION_RUNNING",
        "REEVALUATION_ENDED",
        "REEVALUATION_NOT_FOUND",
        "EVIDENCE_DAMAGED",
        "INTERNAL",
    ];

    /// Mistakes by field, where there are any.
    pub fn fields(&self) -> &[FieldError] {
        match self {
            BrokerError::Invalid(fields) | BrokerError::NotAuthorized(fields) => fields,
            _ => &[],
        }
    }
}
