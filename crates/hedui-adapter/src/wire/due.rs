//! Until when a pending answer is promised: whether such a time can be meant.
//! Leaves reading it to `answer`, and what becomes of tasks that are late to the broker.

use hedui_core::{AnswerState, SubjectAnswer};

use crate::reason::{Reason, cause_of};

/// No answer is promised for later than this: who waits a year for an answer waits for none.
const LONGEST_MS: i64 = 366 * 86_400_000;

/// Makes those answers a failure that are promised for a time that was over when the answer came, in milliseconds since 1970, or for more than a year
/// later. A promise without a time stays one.
pub fn check_due(answers: &mut [SubjectAnswer], answered_at_ms: i64) {
    for answer in answers {
        let Some(due) = answer.due_at_ms.filter(|_| answer.state == AnswerState::Pending) else {
            continue;
        };
        if due <= answered_at_ms || due > answered_at_ms.saturating_add(LONGEST_MS) {
            let failure = Reason::DueAtImplausible.failure();
            *answer = SubjectAnswer::unreachable(answer.ordinal, cause_of(&failure), failure);
        }
    }
}
