//! Members in a report are masked, and never named in debug output.
//! Leaves rendering to whoever shows it.

use proptest::prelude::*;

use super::*;
use crate::answer::{AnswerState, FailureClass, FailureOrigin, Unreachable};
use crate::names::LeafId;
use crate::testing::{checked, family, id};

#[test]
fn members_are_listed_by_ordinal_with_masked_numbers() {
    let members = Report::members(&checked(family()));
    assert_eq!(members.iter().map(|m| m.ordinal).collect::<Vec<_>>(), [0, 1, 2]);
    let text = serde_json::to_string(&members).unwrap();
    for number in [id(1980, 1), id(1982, 2), id(2016, 3)] {
        assert!(
            !text.contains(&number) && !text.contains(&number[6..14]),
            "a birth date or number shows"
        );
    }
    assert_eq!(serde_json::from_str::<Vec<ReportMember>>(&text).unwrap(), members);
    assert_eq!(format!("{:?}", members[0]), "ReportMember(0)");
}

/// Every state that an answer can be in.
fn states() -> Vec<AnswerState> {
    let mut states = vec![
        AnswerState::Found { records: Vec::new() },
        AnswerState::NoRecord,
        AnswerState::OverLimit { limit: None },
        AnswerState::WithinLimit { limit: None },
        AnswerState::IdentityMismatch,
        AnswerState::NotAuthorized,
        AnswerState::NotAsked,
        AnswerState::Pending,
    ];
    let causes = [
        Unreachable::Timeout,
        Unreachable::Refused,
        Unreachable::Failed,
        Unreachable::Breaker,
        Unreachable::Cancelled,
    ];
    states.extend(causes.map(|cause| AnswerState::Unreachable { cause }));
    states
}

fn any_state() -> impl Strategy<Value = SmolStr> {
    let codes: Vec<SmolStr> = states().iter().map(|s| SmolStr::new_static(s.code())).collect();
    prop_oneof![4 => proptest::sample::select(codes), 1 => "[A-Z:a-z_]{0,40}".prop_map(SmolStr::new)]
}

fn any_failure() -> impl Strategy<Value = Failure> {
    let class = prop_oneof![
        Just(FailureClass::Config),
        Just(FailureClass::Transient),
        Just(FailureClass::System)
    ];
    let origin = prop_oneof![
        Just(FailureOrigin::Department),
        Just(FailureOrigin::Adapter),
        Just(FailureOrigin::Broker)
    ];
    (class, origin, "[A-Z_]{0,20}", ".{0,300}").prop_map(|(class, origin, reason, message)| Failure {
        class,
        origin,
        reason,
        message,
    })
}

fn any_day() -> impl Strategy<Value = PartialDate> {
    (1i16..9999, 0i8..=12, 0i8..=28)
        .prop_map(|(year, month, day)| PartialDate::new(year, month, if month == 0 { 0 } else { day }).unwrap())
}

prop_compose! {
    fn any_line()(
        (ordinal, records) in (any::<u32>(), any::<u32>()),
        state in any_state(),
        data_on in proptest::option::of(any_day()),
        failure in proptest::option::of(any_failure()),
        notes in proptest::collection::vec(".{0,30}", 0..3),
        due_at_ms in proptest::option::of(any::<i64>()),
    ) -> SubjectLine {
        SubjectLine { ordinal, state, records, data_on, failure, notes, due_at_ms }
    }
}

proptest! {
    #[test]
    fn a_departments_line_comes_back_as_it_was_sealed(
        subjects in proptest::collection::vec(any_line(), 0..5), leaf in proptest::option::of(any::<[u8; 16]>()),
    ) {
        let line = DepartmentLine {
            department: DepartmentId::new("tax").unwrap(),
            evidence: leaf.map(LeafId),
            asked_at_ms: 1,
            answered_at_ms: 2,
            kept: false,
            kept_from: String::new(),
            arrival: 3,
            subjects,
        };
        let sealed = rmp_serde::to_vec(&line).unwrap();
        prop_assert_eq!(rmp_serde::from_slice::<DepartmentLine>(&sealed).unwrap(), line);
    }

    #[test]
    fn lines_that_end_early_or_are_none_are_refused(line in any_line(), garbage in proptest::collection::vec(any::<u8>(), 0..40)) {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Lines(#[serde(with = "sealed")] Vec<SubjectLine>);

        #[derive(Serialize)]
        struct Raw<'a>(#[serde(serialize_with = "crate::blob::serialize")] &'a [u8]);

        #[derive(Deserialize)]
        struct Body(#[serde(deserialize_with = "bytes")] Vec<u8>);

        fn bytes<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
            crate::blob::deserialize(from, crate::blob::take_byte)
        }

        // Whatever is read is what would be written: nothing is made up.
        let read = rmp_serde::from_slice::<Lines>(&rmp_serde::to_vec(&Raw(&garbage)).unwrap());
        if let Ok(lines) = read {
            let again = rmp_serde::to_vec(&lines).unwrap();
            prop_assert_eq!(rmp_serde::from_slice::<Lines>(&again).unwrap(), lines);
        }
        let whole = rmp_serde::to_vec(&Lines(vec![line])).unwrap();
        let Body(bytes) = rmp_serde::from_slice(&whole).unwrap();
        for end in 1..bytes.len() {
            let cut = rmp_serde::to_vec(&Raw(&bytes[..end])).unwrap();
            prop_assert!(rmp_serde::from_slice::<Lines>(&cut).is_err());
        }
    }
}

#[test]
fn every_state_has_a_code_in_the_sealed_form() {
    for state in states() {
        let line = SubjectLine {
            ordinal: 0,
            state: SmolStr::new_static(state.code()),
            records: 0,
            data_on: None,
            failure: None,
            notes: Vec::new(),
            due_at_ms: None,
        };
        #[derive(Serialize)]
        struct Lines<'a>(#[serde(serialize_with = "sealed::serialize")] &'a [SubjectLine]);
        // Two headers, then ordinal, state, records, day and extras: a byte each.
        let sealed = rmp_serde::to_vec(&Lines(&[line])).unwrap();
        assert!(sealed.len() <= 8, "{} has no code", state.code());
    }
}
