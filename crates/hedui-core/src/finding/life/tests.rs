//! Who is known, who has moved away and who has died, with a household that is in order beside each.
//! Leaves the findings of before to the parent's tests.

use super::super::{MEMBERS_OPEN, Tolerances, findings};
use super::*;
use crate::answer::AnswerState;
use crate::dates::PartialDate;
use crate::money::Fen;
use crate::names::ProgrammeId;
use crate::record::*;
use crate::testing::*;

use RecordType as T;
use RegistrationStatus::{Active, Cancelled, MovedOut};

const PEOPLE: &[T] = &[T::Registration, T::Assistance, T::Marriage];

fn entry(status: RegistrationStatus, deceased_on: Option<PartialDate>) -> RecordBody {
    RecordBody::Registration(Registration {
        deceased_on,
        ..registration(status)
    })
}

fn helped() -> RecordBody {
    RecordBody::Assistance(Assistance {
        programme: "medical".into(),
        amount: Fen(100),
        period: AssistancePeriod::Once,
        from: Some(date("2020-01-01")),
        until: None,
        division_code: "511703".into(),
        status: AssistanceStatus::Ended,
    })
}

fn divorced() -> RecordBody {
    RecordBody::Marriage(Marriage {
        status: MarriageStatus::Divorced,
        spouse_id_number: Default::default(),
        spouse_name: "外人".into(),
        registered_on: Some(date("2015-01-01")),
    })
}

/// A register that has all three registered, but for what it says of the first.
fn register(name: &str, first: AnswerState) -> Said {
    let active = || found(vec![entry(Active, None)]);
    said(name, PEOPLE, vec![first, active(), active()])
}

/// What another register says of the first, and that it has nothing of the others.
fn other(first: Vec<RecordBody>) -> Said {
    says("hometown", PEOPLE, first)
}

fn told_for(asked: &[RecordType], said: &[Said]) -> Vec<(String, Weight)> {
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    let found = ask_for(&checked(family()), said, asked, |facts| {
        findings(facts, &programmes, "511703", Tolerances::default())
    });
    found.into_iter().map(|f| (f.code.to_string(), f.weight)).collect()
}

fn told(said: &[Said]) -> Vec<(String, Weight)> {
    told_for(RecordType::ALL, said)
}

fn opens(code: &str) -> Vec<(String, Weight)> {
    vec![(code.to_owned(), Weight::OpensVerdict)]
}

fn nothing() -> Vec<(String, Weight)> {
    Vec::new()
}

#[test]
fn whom_a_register_has_without_a_registration_it_does_not_know() {
    for records in [vec![helped()], vec![divorced()], vec![helped(), divorced()]] {
        let unknown = opens("MEMBER_UNKNOWN");
        assert_eq!(told(&[register("police", found(records.clone()))]), unknown);
        let police = register("police", AnswerState::NoRecord);
        assert_eq!(told(&[other(records.clone()), police]), unknown);
        // Whom one register knows is known, whatever another has of them.
        let police = register("police", found(vec![entry(Active, None)]));
        assert_eq!(told(&[other(records.clone()), police]), nothing());
        let mut known = records.clone();
        known.push(entry(Active, None));
        assert_eq!(told(&[register("police", found(known))]), nothing());
        // A register that has not answered may know them, and one that was not asked for registrations has said nothing of them.
        let police = silent("police", &[T::Registration]);
        assert_eq!(told(&[other(records.clone()), police]), opens("MEMBERS_UNCONFIRMED"));
        let helps_alone = told_for(&[T::Assistance], &[register("police", found(records))]);
        assert_eq!(helps_alone, nothing());
    }
}

#[test]
fn whose_registrations_have_all_moved_is_told_with_them() {
    let gone = || entry(MovedOut, None);
    assert_eq!(
        told(&[register("police", found(vec![gone()]))]),
        opens("MEMBER_MOVED_OUT")
    );
    assert_eq!(
        told(&[other(vec![gone()]), register("police", found(vec![gone(), helped()]))]),
        opens("MEMBER_MOVED_OUT")
    );
    // Moved from there to here, from here to there, and within one register.
    let here = || entry(Active, None);
    assert_eq!(
        told(&[other(vec![gone()]), register("police", found(vec![here()]))]),
        nothing()
    );
    assert_eq!(
        told(&[other(vec![here()]), register("police", found(vec![gone()]))]),
        nothing()
    );
    assert_eq!(told(&[register("police", found(vec![gone(), here()]))]), nothing());
    // Where it may stand nobody has said, or it was struck off there.
    let silent = silent("hometown", &[T::Registration]);
    assert_eq!(
        told(&[silent, register("police", found(vec![gone()]))]),
        opens("MEMBERS_UNCONFIRMED")
    );
    assert_eq!(
        told(&[
            other(vec![entry(Cancelled, None)]),
            register("police", found(vec![gone()]))
        ]),
        opens("REGISTRATION_CANCELLED")
    );
    assert!(MEMBERS_OPEN.contains(&"MEMBER_MOVED_OUT") && !MEMBERS_OPEN.contains(&"MEMBER_UNKNOWN"));
}

#[test]
fn a_day_that_stands_for_none_tells_of_no_death() {
    let of = |status, on: &str| told(&[register("police", found(vec![entry(status, Some(date(on)))]))]);
    for none in ["1900-01-01", "0001-01-01", "1970-01-01", "1969-12-31"] {
        assert_eq!(of(Active, none), nothing(), "{none}");
        // What the status says stands.
        assert_eq!(of(Cancelled, none), opens("REGISTRATION_CANCELLED"), "{none}");
        assert_eq!(of(MovedOut, none), opens("MEMBER_MOVED_OUT"), "{none}");
    }
    for day in ["1970-01-02", "2019-02-14", "2026"] {
        assert_eq!(of(Active, day), opens("DECEASED_MEMBER"), "{day}");
    }
}
