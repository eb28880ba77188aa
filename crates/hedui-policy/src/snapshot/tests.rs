//! Snapshots come back from their bytes, have one encoding, keep it over versions, and never panic on any bytes.
//! Leaves judging them to `columns`.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::facts::Fact;
use hedui_core::record::{DisabilityKind, IncomeKind};
use hedui_core::verdict::Truth;
use hedui_ids::Sex;
use proptest::prelude::*;

use super::*;
use crate::testing::{Case, shipped};

fn bounds() -> impl Strategy<Value = Bounds> {
    let end = prop_oneof![any::<i64>(), -5i64..5, Just(i64::MAX), Just(i64::MIN)];
    (end.clone(), end, any::<(bool, bool)>()).prop_map(|(a, b, (lo, hi))| Bounds {
        lo: lo.then_some(a.min(b)),
        hi: hi.then_some(a.max(b)),
    })
}

fn needs() -> impl Strategy<Value = Needs> {
    let facts = [
        Fact::Income(IncomeKind::Wage),
        Fact::Vehicles,
        Fact::CasualWorkMonths,
        Fact::BasicPension,
    ];
    let key = (prop::sample::select(facts.to_vec()), 0u8..61).prop_map(|(fact, months)| FigureKey { fact, months });
    let keys = prop::collection::vec(key, 0..6);
    (keys.clone(), keys).prop_map(|(household, member)| Needs::new(household, member).unwrap())
}

fn person() -> impl Strategy<Value = Person> {
    let birth = (1900u16..2030, 1u8..13, 1u8..29).prop_map(|(y, m, d)| hedui_ids::Date::new(y, m, d).unwrap());
    let known = prop::option::of((prop::sample::select(DisabilityKind::ALL.to_vec()), 1u8..5));
    let truth = prop::sample::select(vec![Truth::Holds, Truth::Fails, Truth::Open]);
    (birth, any::<(bool, bool)>(), known, truth).prop_map(|(birth, (female, is_open), known, student)| Person {
        birth,
        sex: if female { Sex::Female } else { Sex::Male },
        student,
        disability: Disability { known, is_open },
    })
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    (needs(), prop::collection::vec(person(), 0..5), 1i16..9999).prop_flat_map(|(needs, members, year)| {
        let figures = prop::collection::vec(bounds(), needs.household().len());
        let of_members = prop::collection::vec(bounds(), needs.member().len() * members.len());
        let composition = prop::sample::select(vec![Composition::Settled, Composition::Open, Composition::MembersOpen]);
        (figures, of_members, composition).prop_map(move |(figures, of_members, composition)| {
            let as_of = Date::new(year, 2, 28).unwrap();
            Snapshot::new(
                &Arc::new(needs.clone()),
                as_of,
                composition,
                figures,
                members.clone(),
                of_members,
            )
            .unwrap()
        })
    })
}

proptest! {
    #[test]
    fn a_snapshot_comes_back_from_its_bytes(first in snapshots(), second in snapshots()) {
        let mut read = Snapshot::decode(&first.encode()).unwrap();
        prop_assert_eq!(&read, &first);
        // Into the memory of another, with the same figures or not.
        read.decode_into(&second.encode()).unwrap();
        prop_assert_eq!(&read, &second);
        read.decode_into(&second.encode()).unwrap();
        prop_assert_eq!(read, second);
    }

    #[test]
    fn whatever_bytes_are_read_are_written_again_the_same(snapshot in snapshots(), at: prop::sample::Index, byte: u8, cut: bool) {
        let mut bytes = snapshot.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if cut {
            bytes.truncate(at);
        }
        match Snapshot::decode(&bytes) {
            Ok(read) => prop_assert_eq!(read.encode(), bytes),
            Err(error) => prop_assert!(error.reason().starts_with("SNAPSHOT_")),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Some(first) = bytes.first_mut() {
            *first %= 3;
        }
        if let Ok(read) = Snapshot::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}

/// The bytes of version 1, for ever: a stored snapshot must be readable as long as there is an archive.
#[test]
fn version_1_keeps_its_bytes() {
    let key = |fact, months| FigureKey { fact, months };
    let household = vec![
        key(Fact::FinancialAssets, 0),
        key(Fact::Income(IncomeKind::Wage), 12),
        key(Fact::Income(IncomeKind::Wage), 1),
        key(Fact::Dwellings, 0),
        key(Fact::Vehicles, 0),
        key(Fact::Businesses, 0),
    ];
    let needs = Arc::new(Needs::new(household, vec![key(Fact::CasualWorkMonths, 0)]).unwrap());
    let figures = vec![
        Bounds::exactly(0),
        Bounds::exactly(360_000),
        Bounds::between(-1, 63),
        Bounds::NON_NEGATIVE,
        Bounds { lo: None, hi: Some(2) },
        Bounds { lo: None, hi: None },
    ];
    let person = Person {
        birth: hedui_ids::Date::new(1983, 3, 1).unwrap(),
        sex: Sex::Female,
        student: Truth::Open,
        disability: Disability {
            known: Some((DisabilityKind::Speech, 2)),
            is_open: true,
        },
    };
    let as_of = Date::new(2018, 6, 15).unwrap();
    let months = vec![Bounds::exactly(3)];
    let snapshot = Snapshot::new(&needs, as_of, Composition::MembersOpen, figures, vec![person], months).unwrap();
    let expected = [
        &[1][..],
        &[6, 1, 1, 1, 12, 7, 0, 9, 0, 11, 0, 13, 0, 1, 15, 0],
        &[0xE2, 0x07, 6, 15, 2, 1],
        &[0, 1, 0x80, 0xF9, 0x2B, 2, 1, 126, 3, 0, 4, 4, 5],
        &[0xBF, 0x07, 3, 1, 0b1011, 3 * 8 + 2, 1, 6],
    ];
    assert_eq!(snapshot.encode(), expected.concat());
    assert_eq!(Snapshot::decode(&expected.concat()), Ok(snapshot));
}

#[test]
fn a_snapshot_of_facts_holds_what_was_found_and_nobodys_name() {
    let case = Case::daan();
    let pack = shipped("dibao-daan-rural-capacity-index");
    let needs = Arc::new(Needs::of_packs([pack]).unwrap());
    let snapshot = case.with_facts(|facts| Snapshot::of_facts(facts, &[], &needs)).unwrap();
    let rent = FigureKey {
        fact: Fact::Income(IncomeKind::Property),
        months: 12,
    };
    assert_eq!(snapshot.figure(rent), Some(Bounds::exactly(320_000)));
    let casual = FigureKey {
        fact: Fact::CasualWorkMonths,
        months: 0,
    };
    assert_eq!(
        [0, 1, 2].map(|m| snapshot.member_figure(m, casual)),
        [0, 3, 0].map(|m| Some(Bounds::exactly(m)))
    );
    let disabilities: Vec<_> = snapshot.members().iter().map(|p| p.disability.known).collect();
    assert_eq!(disabilities, [Some((DisabilityKind::Speech, 2)), None, None]);
    assert_eq!(
        snapshot
            .members()
            .iter()
            .map(|p| p.age_on(case.as_of))
            .collect::<Vec<_>>(),
        [35, 33, 10]
    );
    assert_eq!(Composition::of(&["UNDECLARED_SPOUSE".into()]), Composition::MembersOpen);
    // Names and numbers would be found as they stand.
    let bytes = snapshot.encode();
    for member in &case.household.members {
        for text in [member.name.as_str(), member.id.expose()] {
            assert!(!bytes.windows(text.len()).any(|part| part == text.as_bytes()));
        }
    }
    assert!(bytes.len() < 110, "{} bytes", bytes.len());
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason() {
    let needs = Arc::new(
        Needs::new(
            vec![FigureKey {
                fact: Fact::Vehicles,
                months: 0,
            }],
            Vec::new(),
        )
        .unwrap(),
    );
    let day = Date::new(2018, 6, 15).unwrap();
    let make = |figures| Snapshot::new(&needs, day, Composition::Settled, figures, Vec::new(), Vec::new());
    assert_eq!(make(Vec::new()).unwrap_err().reason(), "SNAPSHOT_FIGURES_MISMATCH");
    assert_eq!(
        make(vec![Bounds::between(2, 1)]).unwrap_err().reason(),
        "SNAPSHOT_MALFORMED"
    );
    let keys = (0..=u8::MAX)
        .map(|months| FigureKey {
            fact: Fact::Vehicles,
            months,
        })
        .collect();
    assert_eq!(Needs::new(keys, Vec::new()).unwrap_err().reason(), "SNAPSHOT_LIMIT");
}
