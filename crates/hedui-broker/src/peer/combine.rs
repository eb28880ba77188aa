//! One word per person out of what several departments said of them. Pure.
//! Leaves asking them to the parent.

use bytes::Bytes;
use hedui_adapter::port::Reply;
use hedui_adapter::wire::{check_due, check_signature, decode_answer, whole};
use hedui_adapter::{Reason, Settled, cause_of};
use hedui_core::{AnswerState, DepartmentId, DepartmentProfile, PartialDate, Query, Record, SubjectAnswer};

use super::cause;

/// What one department said.
pub(super) struct Said {
    pub department: DepartmentId,
    /// The bytes of its answer, if it gave one.
    pub bytes: Option<Bytes>,
    pub answers: Vec<SubjectAnswer>,
    pub answered_at_ms: i64,
}

impl Said {
    /// From its reply. One that is not signed as its department signs counts as none, and is kept all the same.
    pub fn of(
        department: DepartmentId,
        query: &Query,
        reply: Reply,
        profile: Option<&DepartmentProfile>,
        answered_at_ms: i64,
    ) -> Said {
        let bytes = match &reply {
            Reply::Wire(bytes) | Reply::Answers(_, bytes) => Some(bytes.clone()),
            Reply::Failed(..) => None,
        };
        let unsigned = match (&reply, profile) {
            (Reply::Wire(bytes), Some(profile)) => check_signature(bytes, &profile.id, &profile.signing_keys).err(),
            _ => None,
        };
        let mut answers = match (unsigned, reply) {
            (Some(reason), _) => whole(query, cause(reason), &reason.failure()),
            (None, Reply::Wire(bytes)) => decode_answer(&bytes, query),
            (None, Reply::Answers(answers, _)) => answers,
            (None, Reply::Failed(cause, failure)) => whole(query, cause, &failure),
        };
        check_due(&mut answers, answered_at_ms);
        Said {
            department,
            bytes,
            answers,
            answered_at_ms,
        }
    }

    fn about(&self, ordinal: u32) -> Option<&SubjectAnswer> {
        self.answers.iter().find(|answer| answer.ordinal == ordinal)
    }
}

/// How a reply counts for its department's gate.
pub(super) fn settled(reply: &Reply) -> Settled {
    match reply {
        Reply::Failed(..) => Settled::Failed,
        Reply::Wire(_) | Reply::Answers(..) => Settled::Answered,
    }
}

/// What all of them together say of a person. "No record" only where each of them says so, and what was found only where each of them has said what it
/// knows: of a register that is silent nobody may believe that it has nothing.
pub(super) fn combined(ordinal: u32, said: &[Said]) -> SubjectAnswer {
    let mut records: Vec<Record> = Vec::new();
    let mut notes: Vec<String> = Vec::new();
    let mut oldest: Option<PartialDate> = None;
    let (mut silent, mut later, mut due) = (Vec::new(), false, None);
    let (mut mismatch, mut not_authorized, mut threshold) = (false, false, None);
    for one in said {
        let Some(answer) = one.about(ordinal) else {
            silent.push(one.department.as_str());
            continue;
        };
        notes.extend(answer.notes.iter().cloned());
        oldest = match (oldest, answer.data_on) {
            (Some(before), Some(on)) => Some(before.min(on)),
            (before, on) => before.or(on),
        };
        match &answer.state {
            AnswerState::Found { records: found } => records.extend(found.iter().cloned()),
            AnswerState::NoRecord => {}
            AnswerState::Pending => (later, due) = (true, due.max(answer.due_at_ms)),
            AnswerState::IdentityMismatch => mismatch = true,
            AnswerState::NotAuthorized => not_authorized = true,
            AnswerState::OverLimit { .. } | AnswerState::WithinLimit { .. } => threshold = Some(answer.state.clone()),
            AnswerState::NotAsked | AnswerState::Unreachable { .. } => silent.push(one.department.as_str()),
        }
    }
    let of = |state| SubjectAnswer {
        data_on: oldest,
        notes: notes.clone(),
        ..SubjectAnswer::of(ordinal, state)
    };
    let incomplete = |why: &str| {
        let failure = Reason::PeerIncomplete.failure_at(why);
        SubjectAnswer::unreachable(ordinal, cause_of(&failure), failure)
    };
    match (silent.is_empty(), threshold) {
        (false, _) => incomplete(&silent.join(", ")),
        _ if said.is_empty() => incomplete("nobody was asked"),
        _ if not_authorized => of(AnswerState::NotAuthorized),
        _ if mismatch => of(AnswerState::IdentityMismatch),
        _ if later => SubjectAnswer {
            due_at_ms: due,
            ..of(AnswerState::Pending)
        },
        // A threshold says nothing of what other departments hold; only alone it stands for the answer.
        (true, Some(state)) if said.len() == 1 => of(state),
        (true, Some(_)) => incomplete("a department tells only whether a threshold is passed"),
        (true, None) if records.is_empty() => of(AnswerState::NoRecord),
        (true, None) => of(AnswerState::Found { records }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use hedui_core::Unreachable;
    use hedui_core::answer::Failure;

    fn said(name: usize, state: AnswerState) -> Said {
        let answer = match state {
            AnswerState::Unreachable { cause } => {
                SubjectAnswer::unreachable(0, cause, Failure::clone(&Reason::SourceTimeout.failure()))
            }
            state => SubjectAnswer::of(0, state),
        };
        Said {
            department: DepartmentId::new(&format!("d{name}")).unwrap(),
            bytes: None,
            answers: vec![answer],
            answered_at_ms: 0,
        }
    }

    fn any_state() -> impl Strategy<Value = AnswerState> {
        prop_oneof![
            3 => Just(AnswerState::NoRecord),
            2 => Just(AnswerState::Found { records: vec![crate::tests::support::car()] }),
            1 => Just(AnswerState::Pending),
            1 => Just(AnswerState::IdentityMismatch),
            1 => Just(AnswerState::NotAuthorized),
            1 => Just(AnswerState::OverLimit { limit: None }),
            1 => Just(AnswerState::WithinLimit { limit: None }),
            1 => Just(AnswerState::Unreachable { cause: Unreachable::Timeout }),
            1 => Just(AnswerState::NotAsked),
        ]
    }

    proptest! {
        #[test]
        fn nothing_is_known_of_a_person_unless_everybody_has_said_what_they_know(
            states in proptest::collection::vec(any_state(), 0..5)
        ) {
            let all: Vec<Said> = states.iter().enumerate().map(|(n, s)| said(n, s.clone())).collect();
            let one = combined(0, &all).state;
            let knows = |s: &AnswerState| matches!(s, AnswerState::NoRecord | AnswerState::Found { .. });
            prop_assert_eq!(one.is_known(), !states.is_empty() && states.iter().all(knows), "{:?} of {:?}", one, states);
            if one == AnswerState::NoRecord {
                prop_assert!(states.iter().all(|s| *s == AnswerState::NoRecord));
            }
            if let AnswerState::Found { records } = &one {
                prop_assert_eq!(records.len(), states.iter().filter(|s| matches!(s, AnswerState::Found { .. })).count());
            }
            // Somebody who was not asked about is never answered for.
            let nobody = matches!(combined(1, &all).state, AnswerState::Unreachable { .. });
            prop_assert!(nobody);
        }
    }
}
