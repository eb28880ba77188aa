//! Why a task is not shown or not answered.
//! Leaves mistakes in what was answered to `answer`.

use crate::error::ErrorKind;

/// Why not. No refusal says anything of whom the task is about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskRefusal {
    /// No such task.
    #[error("there is no such task")]
    NotFound,
    /// It will not be answered any more.
    #[error("this task is closed and needs no answer any more: {0}")]
    Closed(String),
    /// It is answered already.
    #[error("this task has been answered; an answer is not changed. Ask the department again with a recheck")]
    Answered,
    /// There is no answer that a second person could confirm, or another one than that.
    #[error("there is no such answer to confirm; look at the task again")]
    NothingToConfirm,
    /// The same person, or the same caller.
    #[error("a second person must confirm: another official, with the token of another caller")]
    SecondPersonNeeded,
}

impl TaskRefusal {
    /// What kind of error it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            TaskRefusal::NotFound => ErrorKind::NotFound,
            TaskRefusal::SecondPersonNeeded => ErrorKind::PermissionDenied,
            TaskRefusal::Closed(_) | TaskRefusal::Answered | TaskRefusal::NothingToConfirm => {
                ErrorKind::FailedPrecondition
            }
        }
    }

    /// Stable reason, as in the table of `proto/README.md`.
    pub fn reason(&self) -> &'static str {
        match self {
            TaskRefusal::NotFound => "TASK_NOT_FOUND",
            TaskRefusal::Closed(_) => "TASK_CLOSED",
            TaskRefusal::Answered => "TASK_ANSWERED",
            TaskRefusal::NothingToConfirm => "NOTHING_TO_CONFIRM",
            TaskRefusal::SecondPersonNeeded => "SECOND_PERSON_NEEDED",
        }
    }
}
