//! Why an order about a case's retention, or a reading against it, is refused.
//! Leaves mistakes in the texts of an order to `words`.

use hedui_core::Date;

use crate::error::ErrorKind;

/// Why it is refused. No refusal says anything of what is in the case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetentionRefusal {
    /// It is stored and nothing else.
    #[error("this case is frozen: only disputes and audits may read it, and nothing may be built on it")]
    Frozen,
    /// Its keys are destroyed.
    #[error("this case has been destroyed: what it held can be read by nobody")]
    Shredded,
    /// A hold blocks it.
    #[error("a legal hold blocks the destruction of this case: {0}")]
    OnHold(String),
    /// The period has not ended.
    #[error("this case must be kept up to {0}; before, only an erasure that the law orders may destroy it")]
    PeriodRunning(Date),
    /// The same person, or the same caller.
    #[error("a second person must approve: another official, with the token of another caller")]
    SecondPersonNeeded,
    /// There is nothing to approve or to withdraw.
    #[error("no request of destruction is open here: none was made, or it was withdrawn, approved or has expired")]
    NoRequest,
    /// There is one already.
    #[error("a request of destruction is open already; approve or withdraw it")]
    AlreadyRequested,
    /// No such hold.
    #[error("no hold with this reference is on the case")]
    NoHold,
    /// The expiry has not been approved.
    #[error("this expiry has not been approved by a second person")]
    NotApproved,
    /// Another is running.
    #[error("an expiry is running; one runs at a time")]
    ExpiryRunning,
}

impl RetentionRefusal {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            RetentionRefusal::Frozen | RetentionRefusal::SecondPersonNeeded => ErrorKind::PermissionDenied,
            RetentionRefusal::AlreadyRequested => ErrorKind::AlreadyExists,
            RetentionRefusal::ExpiryRunning => ErrorKind::ResourceExhausted,
            RetentionRefusal::Shredded
            | RetentionRefusal::OnHold(_)
            | RetentionRefusal::PeriodRunning(_)
            | RetentionRefusal::NoRequest
            | RetentionRefusal::NoHold
            | RetentionRefusal::NotApproved => ErrorKind::FailedPrecondition,
        }
    }

    /// Stable reason, as in the table of `proto/README.md`.
    pub fn reason(&self) -> &'static str {
        match self {
            RetentionRefusal::Frozen => "CASE_FROZEN",
            RetentionRefusal::Shredded => "CASE_SHREDDED",
            RetentionRefusal::OnHold(_) => "LEGAL_HOLD",
            RetentionRefusal::PeriodRunning(_) => "RETENTION_RUNNING",
            RetentionRefusal::SecondPersonNeeded => "SECOND_PERSON_NEEDED",
            RetentionRefusal::NoRequest => "NO_SHRED_REQUEST",
            RetentionRefusal::AlreadyRequested => "SHRED_REQUESTED",
            RetentionRefusal::NoHold => "NO_HOLD",
            RetentionRefusal::NotApproved => "EXPIRY_NOT_APPROVED",
            RetentionRefusal::ExpiryRunning => "EXPIRY_RUNNING",
        }
    }
}
