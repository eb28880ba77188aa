//! Marriages by number, by name and without either: which end is whose.
//! Leaves the plain cases to the parent's tests.

use super::super::{Tolerances, findings};
use super::*;
use crate::household::HouseholdInput;
use crate::names::ProgrammeId;
use crate::record::{Registration, RegistrationStatus};
use crate::testing::*;

use MarriageStatus::{Divorced, Married, Widowed};
use RecordType as T;

fn marriage(status: MarriageStatus, (number, name): (&str, &str), on: &str) -> RecordBody {
    RecordBody::Marriage(Marriage {
        status,
        spouse_id_number: number.into(),
        spouse_name: name.into(),
        registered_on: (!on.is_empty()).then(|| date(on)),
    })
}

fn booklet(spouse: &str) -> RecordBody {
    RecordBody::Registration(Registration {
        spouse_id_number: spouse.into(),
        ..registration(RegistrationStatus::Active)
    })
}

/// What one register says of the first member and of the second, and that it has nothing of a third.
fn civil(first: Vec<RecordBody>, second: Vec<RecordBody>) -> Said {
    said(
        "civil-affairs",
        &[T::Marriage],
        vec![found(first), found(second), found(vec![])],
    )
}

fn told(input: HouseholdInput, said: &[Said]) -> Vec<(String, Option<u32>)> {
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    let all = ask(&checked(input), said, |facts| {
        findings(facts, &programmes, "511703", Tolerances::default())
    });
    let all = all.into_iter().map(|f| (f.code.to_string(), f.subject));
    all.filter(|(code, _)| code != "MEMBER_UNKNOWN").collect()
}

fn undeclared(ordinal: u32) -> Vec<(String, Option<u32>)> {
    vec![("UNDECLARED_SPOUSE".to_owned(), Some(ordinal))]
}

fn nothing() -> Vec<(String, Option<u32>)> {
    Vec::new()
}

/// A parent with a child.
fn alone() -> HouseholdInput {
    let mut input = family();
    input.members.remove(1);
    input
}

/// What is told of a parent alone of whom these marriages, and perhaps an old booklet, are on record.
fn of_alone(marriages: Vec<RecordBody>, booklet_names: &str) -> Vec<(String, Option<u32>)> {
    let mut marriages = civil(marriages, vec![]);
    let mut people = says("police", &[T::Registration], vec![booklet(booklet_names)]);
    marriages.subjects.truncate(2);
    people.subjects.truncate(2);
    told(alone(), &[marriages, people])
}

const FORMER: &str = "外人";

#[test]
fn an_end_is_that_of_the_marriage_with_the_same_number_or_without_one_the_same_name() {
    let (former, another) = (id(1985, 7), id(1986, 8));
    let (both, number, name) = ((&*former, FORMER), (&*former, ""), ("", FORMER));
    let ends = |began, ended, booklet: &str| {
        let records = vec![
            marriage(Married, began, "2005-01-01"),
            marriage(Divorced, ended, "2015-01-01"),
        ];
        of_alone(records, booklet)
    };
    for (began, ended) in [
        (both, both),
        (both, number),
        (number, both),
        (both, name),
        (name, both),
        (name, ("", " 外 人")),
        (both, ("", "外 人")),
    ] {
        assert_eq!(ends(began, ended, ""), nothing(), "{began:?} {ended:?}");
    }
    // The booklet names whom the register of marriages has divorced by name alone.
    assert_eq!(ends(both, name, &former), nothing());
    assert_eq!(ends(both, name, &another), undeclared(0));
    for (began, ended) in [
        (both, (&*another, FORMER)),
        (both, ("", "他人")),
        (number, name),
        (name, number),
        (both, ("", "外*")),
        (both, ("护照", FORMER)),
        (("护照", FORMER), ("护照", "他人")),
    ] {
        assert_eq!(ends(began, ended, ""), undeclared(0), "{began:?} {ended:?}");
    }
    // One made since is another, or the same anew.
    for again in [both, name, (&*another, FORMER)] {
        let records = vec![
            marriage(Married, both, "2005-01-01"),
            marriage(Divorced, name, "2015-01-01"),
            marriage(Married, again, "2018-01-01"),
        ];
        assert_eq!(of_alone(records, ""), undeclared(0), "{again:?}");
    }
}

#[test]
fn an_end_that_is_perhaps_before_the_marriage_ends_nothing() {
    let former = id(1985, 7);
    let who = (&*former, FORMER);
    for end in [Divorced, Widowed] {
        for (began, ended) in [
            ("2020-09-01", "2020"),
            ("2020-09-01", "2020-09"),
            ("2020-09-01", "2020-09-01"),
            ("2020-09", "2020-09-30"),
            ("2020", "2020-12-31"),
            ("2020", "2020"),
        ] {
            let records = vec![marriage(Married, who, began), marriage(end, who, ended)];
            assert_eq!(of_alone(records.clone(), ""), undeclared(0), "{began} {ended}");
            let turned = records.into_iter().rev().collect();
            assert_eq!(of_alone(turned, ""), undeclared(0), "{began} {ended}");
        }
        for (began, ended) in [("2020-09-01", "2021"), ("2020", "2021-01-01"), ("2020-08", "2020-09")] {
            let records = vec![marriage(Married, who, began), marriage(end, who, ended)];
            assert_eq!(of_alone(records, ""), nothing(), "{began} {ended}");
        }
    }
}

#[test]
fn an_end_after_the_date_that_is_judged_is_none_yet() {
    let (former, wife) = (id(1985, 7), id(1982, 2));
    let (who, nobody) = ((&*former, FORMER), ("", ""));
    for end in [Divorced, Widowed] {
        let with = |who, on: &str| vec![marriage(Married, who, "2005-01-01"), marriage(end, who, on)];
        assert_eq!(of_alone(with(who, "2026-11-22"), ""), nothing());
        assert_eq!(of_alone(with(nobody, "2026-11-22"), ""), nothing());
        for on in ["2026-11-23", "2026-12", "2027"] {
            assert_eq!(of_alone(with(who, on), ""), undeclared(0), "{on}");
            assert_eq!(of_alone(with(nobody, on), ""), undeclared(0), "{on}");
            // A register that has only what is in force now.
            assert_eq!(of_alone(vec![marriage(end, who, on)], ""), undeclared(0));
            assert_eq!(of_alone(vec![marriage(end, nobody, on)], ""), undeclared(0));
            let began = || marriage(Married, (&wife, ""), "2005-01-01");
            for ended in [(&*wife, ""), nobody] {
                let first = vec![began(), marriage(end, ended, on)];
                assert_eq!(told(family(), &[civil(first, vec![])]), nothing(), "{on}");
            }
            // One that ended before it, and another since.
            let parted = marriage(Divorced, who, "2015-01-01");
            let others = with(who, "2026-11-22")
                .into_iter()
                .chain([parted, marriage(end, ("", "他人"), on)]);
            assert_eq!(of_alone(others.collect(), ""), undeclared(0));
        }
    }
}

#[test]
fn an_end_that_names_nobody_is_that_of_the_only_marriage_before_it() {
    let (former, present) = (id(1985, 7), id(1986, 8));
    let (one, two, nobody) = ((&*former, FORMER), (&*present, "他人"), ("", ""));
    for end in [Divorced, Widowed] {
        let ended = |on: &str| marriage(end, nobody, on);
        for began in [one, ("", FORMER), nobody] {
            let began = || marriage(Married, began, "2005-01-01");
            assert_eq!(of_alone(vec![began(), ended("2015-01-01")], ""), nothing());
            // Not later, on no day, on one that stands for none, or perhaps before.
            for on in ["2005-01-01", "2004-06-01", "", "1900-01-01", "2005"] {
                assert_eq!(of_alone(vec![began(), ended(on)], ""), undeclared(0), "{on}");
            }
        }
        let began = |who, on: &str| marriage(Married, who, on);
        assert_eq!(
            of_alone(vec![began(one, "2005-01-01"), ended("2015-01-01")], &former),
            nothing()
        );
        assert_eq!(
            of_alone(vec![began(one, ""), ended("2015-01-01")], ""),
            undeclared(0),
            "a marriage without a day"
        );
        // Two in force: nobody knows which has ended. One of them by its name: the other.
        let two_of_them = || vec![began(one, "2005-01-01"), began(two, "2010-01-01")];
        let with = |more| two_of_them().into_iter().chain([more]).collect();
        assert_eq!(of_alone(with(ended("2015-01-01")), ""), undeclared(0));
        let mut all: Vec<RecordBody> = with(marriage(end, one, "2008-01-01"));
        assert_eq!(of_alone(all.clone(), ""), undeclared(0));
        all.push(ended("2015-01-01"));
        assert_eq!(of_alone(all, ""), nothing());
        // Two registers of one marriage, and one made since the end.
        let again = vec![
            began(one, "2005-01-01"),
            began(("", FORMER), "2005-01"),
            ended("2015-01-01"),
        ];
        assert_eq!(of_alone(again.clone(), ""), nothing());
        let since = again.into_iter().chain([began(one, "2018-01-01")]).collect();
        assert_eq!(of_alone(since, ""), undeclared(0));
    }
}

#[test]
fn a_marriage_that_names_nobody_is_with_the_stated_spouse_who_has_one_too() {
    let (husband, wife, stranger) = (id(1980, 1), id(1982, 2), id(1986, 8));
    let unnamed = || marriage(Married, ("", ""), "2005-01-01");
    let told = |first: Vec<RecordBody>, second: Vec<RecordBody>| told(family(), &[civil(first, second)]);
    for (husbands, wifes) in [
        (("", ""), ("", "")),
        (("", ""), (&*husband, "")),
        (("", ""), ("", "测试乙")),
        ((&*wife, ""), ("", "")),
        ((&*wife, ""), (&*husband, "")),
    ] {
        let both = told(
            vec![marriage(Married, husbands, "2005-01-01")],
            vec![marriage(Married, wifes, "2005-01-01")],
        );
        assert_eq!(both, nothing(), "{husbands:?} {wifes:?}");
    }
    // She has none; hers has ended, with him or with another; she is another's.
    assert_eq!(told(vec![unnamed()], vec![]), undeclared(0));
    let divorce = |who: (&str, &str)| marriage(Divorced, who, "2015-01-01");
    for who in [("", ""), (&*stranger, "")] {
        let told = told(vec![unnamed()], vec![divorce(who)]);
        assert_eq!(
            told,
            [undeclared(0), vec![("MARRIAGE_ENDED".to_owned(), Some(1))]].concat()
        );
    }
    let ended = told(vec![unnamed()], vec![unnamed(), divorce(("", ""))]);
    assert_eq!(
        ended,
        [undeclared(0), vec![("MARRIAGE_ENDED".to_owned(), Some(1))]].concat()
    );
    let anothers = told(vec![unnamed()], vec![marriage(Married, (&*stranger, ""), "2005-01-01")]);
    assert_eq!(anothers, [undeclared(0), undeclared(1)].concat());
    // And the other way round: hers names nobody, and he has none.
    assert_eq!(told(vec![], vec![unnamed()]), undeclared(1));
}

#[test]
fn of_a_stated_spouse_of_whom_no_register_has_told_no_marriage_is_missed() {
    let open = vec![("MEMBERS_UNCONFIRMED".to_owned(), None)];
    let husbands = |of_wife| {
        let unnamed = found(vec![marriage(Married, ("", ""), "2005-01-01")]);
        said("civil-affairs", &[T::Marriage], vec![unnamed, of_wife, found(vec![])])
    };
    assert_eq!(told(family(), &[husbands(SILENCE)]), open);
    // Another register that has none of hers does not speak for the one that is silent; the one that has his does.
    let other = || said("other", &[T::Marriage], vec![found(vec![]); 3]);
    assert_eq!(told(family(), &[husbands(SILENCE), other()]), open);
    assert_eq!(told(family(), &[husbands(found(vec![])), other()]), undeclared(0));
    let elsewhere = silent("elsewhere", &[T::Marriage]);
    assert_eq!(
        told(family(), &[husbands(found(vec![])), elsewhere]),
        [undeclared(0), open].concat()
    );
    // Another register has hers.
    let wifes = vec![
        found(vec![]),
        found(vec![marriage(Married, ("", "测试乙"), "2005-01-01")]),
        found(vec![]),
    ];
    let wifes = said("other", &[T::Marriage], wifes);
    assert_eq!(told(family(), &[husbands(found(vec![])), wifes]), nothing());
}

#[test]
fn a_marriage_that_names_nobody_is_told_in_other_words_than_one_that_names_somebody() {
    let message = |input: HouseholdInput, first: Vec<RecordBody>| {
        let mut register = civil(first, vec![]);
        register.subjects.truncate(input.members.len());
        ask(&checked(input), &[register], |facts| {
            let mut all = Vec::new();
            spouse(facts, 0, &mut all);
            all.into_iter().map(|f| f.message.en.to_string()).collect::<String>()
        })
    };
    let stranger = id(1986, 8);
    let unnamed = || marriage(Married, ("", ""), "2005-01-01");
    let named = || marriage(Married, (&*stranger, ""), "2005-01-01");
    assert!(message(family(), vec![unnamed()]).contains("certificate"));
    for told in [
        message(family(), vec![named()]),
        message(family(), vec![unnamed(), named()]),
        message(alone(), vec![unnamed()]),
    ] {
        assert!(told.contains("not among the members"));
    }
}

fn ended() -> Vec<(String, Option<u32>)> {
    vec![("MARRIAGE_ENDED".to_owned(), Some(1))]
}

fn dead(ordinal: u32) -> Vec<(String, Option<u32>)> {
    vec![("DECEASED_MEMBER".to_owned(), Some(ordinal))]
}

#[test]
fn the_end_of_the_stated_marriage_is_told_from_the_record_of_either() {
    let (husband, wife, former) = (id(1980, 1), id(1982, 2), id(1985, 7));
    let told = |first: Vec<RecordBody>, second: Vec<RecordBody>| told(family(), &[civil(first, second)]);
    let with = |status, number: &str, on: &str| marriage(status, (number, ""), on);
    let wed = |on| with(Married, &wife, on);
    for on in ["2024-01-01", ""] {
        let divorced = || with(Divorced, &wife, on);
        assert_eq!(told(vec![divorced()], vec![]), ended());
        let both = told(
            vec![wed("2005-01-01"), divorced()],
            vec![with(Married, &husband, "2005-01-01")],
        );
        assert_eq!(both, ended());
        assert_eq!(told(vec![divorced()], vec![with(Divorced, &husband, on)]), ended());
        // Of the one who has died it is told whatever else there is, and the other way round.
        let widowed = || with(Widowed, &wife, on);
        assert_eq!(told(vec![widowed()], vec![]), dead(1));
        let both = told(
            vec![wed("2005-01-01"), widowed()],
            vec![with(Married, &husband, "2005-01-01")],
        );
        assert_eq!(both, dead(1));
        assert_eq!(
            told(vec![], vec![with(Widowed, &husband, on)]),
            [dead(0), ended()].concat()
        );
    }
    // By name, and by an end that names nobody of the marriage that does.
    assert_eq!(
        told(vec![marriage(Widowed, ("", "测试丙"), "2024-01-01")], vec![]),
        dead(1)
    );
    assert_eq!(
        told(vec![marriage(Divorced, ("", "测试丙"), "2024-01-01")], vec![]),
        ended()
    );
    assert_eq!(
        told(vec![wed("2005-01-01"), with(Widowed, "", "2024-01-01")], vec![]),
        dead(1)
    );
    assert_eq!(
        told(vec![wed("2005-01-01"), with(Divorced, "", "2024-01-01")], vec![]),
        ended()
    );
    // Perhaps before the marriage.
    for on in ["2005", "2005-01-01"] {
        assert_eq!(
            told(vec![wed("2005-01-01"), with(Divorced, &wife, on)], vec![]),
            ended()
        );
    }
    // From somebody else, or before the marriage, or of the two who have married anew, by the record of either.
    for status in [Divorced, Widowed] {
        let of = |number, on| with(status, number, on);
        assert_eq!(told(vec![of(&former, "2003-01-01")], vec![]), nothing());
        assert_eq!(told(vec![of("", "2003-01-01")], vec![]), nothing());
        assert_eq!(told(vec![of("", "2003-01-01"), wed("2005-01-01")], vec![]), nothing());
        let anew = || vec![wed("2000-01-01"), of(&wife, "2003-01-01")];
        assert_eq!(told([anew(), vec![wed("2005-01-01")]].concat(), vec![]), nothing());
        assert_eq!(told(anew(), vec![with(Married, &husband, "2005-01-01")]), nothing());
        let unnamed = || marriage(Married, ("", ""), "2005-01-01");
        assert_eq!(told([anew(), vec![unnamed()]].concat(), vec![unnamed()]), nothing());
        let hers = vec![of(&husband, "2003-01-01")];
        assert_eq!(told(vec![wed("2005-01-01")], hers), nothing());
    }
}

#[test]
fn a_widow_of_any_member_leaves_the_household_open() {
    use crate::household::Relation;
    let mut input = family();
    input.members[0].relation = Relation::Parent;
    input.members[1].relation = Relation::Parent;
    input.members[2] = member(2001, 3, Relation::Applicant);
    let (father, mother) = (id(1980, 1), id(1982, 2));
    let of = |first, second| told(input.clone(), &[civil(first, second)]);
    assert_eq!(
        of(vec![], vec![marriage(Widowed, (&father, ""), "2024-01-01")]),
        dead(0)
    );
    assert_eq!(
        of(vec![marriage(Widowed, (&mother, ""), "2024-01-01")], vec![]),
        dead(1)
    );
    // What comes after the date that is judged has not happened, and a child of that name was nobody's spouse.
    assert_eq!(
        of(vec![marriage(Widowed, (&mother, ""), "2026-11-23")], vec![]),
        nothing()
    );
    let of_child = vec![marriage(Widowed, ("", "测试丁"), "2024-01-01")];
    assert_eq!(told(family(), &[civil(of_child, vec![])]), nothing());
}
