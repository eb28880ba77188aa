//! Snapshots come back from their bytes, have one encoding, keep it over versions, and never panic on any bytes.
//! Leaves judging them to `columns`.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::circumstance::Circumstance;
use hedui_core::dates::Date;
use hedui_core::facts::Fact;
use hedui_core::names::ProgrammeId;
use hedui_core::record::{DisabilityKind, IncomeKind, SchoolStage, TransferNature};
use hedui_core::verdict::Truth;
use hedui_ids::{DivisionCode, Sex};
use proptest::prelude::*;

use super::*;
use crate::testing::{Case, shipped};
use crate::{Pack, Said};

fn bounds() -> impl Strategy<Value = Bounds> {
    let end = prop_oneof![any::<i64>(), -5i64..5, Just(i64::MAX), Just(i64::MIN)];
    (end.clone(), end, any::<(bool, bool)>()).prop_map(|(a, b, (lo, hi))| Bounds {
        lo: lo.then_some(a.min(b)),
        hi: hi.then_some(a.max(b)),
    })
}

fn readings() -> Vec<Reading> {
    vec![
        Reading::Fact(Fact::Income(IncomeKind::Wage)),
        Reading::Fact(Fact::Vehicles),
        Reading::Fact(Fact::CasualWorkMonths),
        Reading::Fact(Fact::BasicPension),
        Reading::Fact(Fact::Transfer(TransferNature::Honour)),
        Reading::NewJobMonths,
        Reading::Married,
        Reading::RegisteredIn(DivisionCode::parse("511703").unwrap()),
        Reading::RegisteredIn(DivisionCode::parse("220882").unwrap()),
        Reading::Attends(SchoolStage::Compulsory),
        Reading::Disabled(DisabilityKind::Mental),
        Reading::Draws(ProgrammeId::new("low-income").unwrap()),
        Reading::Draws(ProgrammeId::new("dibao").unwrap()),
        Reading::Received(ProgrammeId::new("dibao").unwrap()),
        Reading::Stated(Circumstance::InPrison, Said::Has),
        Reading::Stated(Circumstance::CareNeed, Said::Number),
    ]
}

fn needs() -> impl Strategy<Value = Needs> {
    let key = (prop::sample::select(readings()), 0u8..61).prop_map(|(reading, months)| FigureKey { reading, months });
    let keys = prop::collection::vec(key, 0..6);
    let rule = prop::option::of(any::<[u8; 16]>().prop_map(rule::Rule::known_by));
    (keys.clone(), keys, any::<bool>(), rule)
        .prop_map(|(household, member, supporters, rule)| Needs::with(household, member, supporters, rule).unwrap())
}

/// Figures of these keys; conditions are 0, 1 or between.
fn figures(keys: Vec<FigureKey>) -> impl Strategy<Value = Vec<Bounds>> {
    let truths = [Bounds::exactly(0), Bounds::exactly(1), Bounds::between(0, 1)];
    let of = move |key: FigureKey| match key.reading.is_condition() {
        true => prop::sample::select(truths.to_vec()).boxed(),
        false => bounds().boxed(),
    };
    keys.into_iter().map(of).collect::<Vec<_>>()
}

fn supporters(are_held: bool) -> impl Strategy<Value = Vec<Supporter>> {
    let one = (
        prop::sample::select(Relation::ALL.to_vec()),
        any::<u32>(),
        any::<i64>(),
        any::<bool>(),
    );
    let one = one.prop_map(|(relation, persons, monthly_income, unable)| Supporter {
        relation,
        persons,
        monthly_income,
        unable,
    });
    prop::collection::vec(one, if are_held { 0..4 } else { 0..1 })
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
        let of_household = figures(needs.household().to_vec());
        let of_members = figures(vec![needs.member(); members.len()].concat());
        let composition = prop::sample::select(vec![
            Composition::Settled,
            Composition::Open,
            Composition::MembersOpen,
            Composition::CountOpen,
        ]);
        let all = (of_household, of_members, composition, supporters(needs.supporters()));
        all.prop_map(move |(figures, of_members, composition, supporters)| {
            let as_of = Date::new(year, 2, 28).unwrap();
            let needs = Arc::new(needs.clone());
            Snapshot::new(&needs, as_of, composition, figures, members.clone(), of_members)
                .and_then(|snapshot| snapshot.with_supporters(supporters))
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
            *first %= 4;
        }
        if let Ok(read) = Snapshot::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }
}

/// The bytes of version 2, for ever: a stored snapshot must be readable as long as there is an archive.
#[test]
fn version_2_keeps_its_bytes() {
    let key = FigureKey::of_fact;
    let at_date = FigureKey::at_date;
    let household = vec![
        key(Fact::FinancialAssets, 0),
        key(Fact::Income(IncomeKind::Wage), 12),
        key(Fact::Income(IncomeKind::Wage), 1),
        key(Fact::Dwellings, 0),
        key(Fact::Vehicles, 0),
        key(Fact::Businesses, 0),
        at_date(Reading::Draws(ProgrammeId::new("dibao").unwrap())),
        at_date(Reading::Stated(Circumstance::UrgentNeed, Said::Number)),
    ];
    let member = vec![
        at_date(Reading::Attends(SchoolStage::Vocational)),
        at_date(Reading::RegisteredIn(DivisionCode::parse("511703").unwrap())),
        key(Fact::CasualWorkMonths, 0),
    ];
    let rule = rule::Rule::known_by(*b"0123456789abcdef");
    let needs = Arc::new(Needs::with(household, member, true, Some(rule)).unwrap());
    let figures = vec![
        Bounds::exactly(0),
        Bounds::exactly(360_000),
        Bounds::between(-1, 63),
        Bounds::NON_NEGATIVE,
        Bounds { lo: None, hi: Some(2) },
        Bounds { lo: None, hi: None },
        Bounds::between(0, 1),
        Bounds::exactly(3),
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
    let of_member = vec![Bounds::exactly(3), Bounds::exactly(1), Bounds::exactly(0)];
    let supporter = Supporter {
        relation: Relation::Child,
        persons: 4,
        monthly_income: 360_000,
        unable: true,
    };
    let snapshot = Snapshot::new(&needs, as_of, Composition::CountOpen, figures, vec![person], of_member).unwrap();
    let snapshot = snapshot.with_supporters(vec![supporter]).unwrap();
    let expected = [
        &[2, 0b11][..],
        b"0123456789abcdef",
        &[8, 1, 1, 1, 12, 7, 0, 9, 0, 11, 0, 13, 0],
        &[69, 5],
        b"dibao",
        &[0, 70, 36, 2, 0],
        &[3, 15, 0, 65, 0xD7, 0xCE, 0x07, 0, 67, 4, 0],
        &[0xE2, 0x07, 6, 15, 3, 1],
        &[0, 1, 0x80, 0xF9, 0x2B, 2, 1, 126, 3, 0, 4, 4, 5, 2, 0, 2, 1, 6],
        &[0xBF, 0x07, 3, 1, 0b1011, 3 * 8 + 2, 1, 6, 1, 2, 0],
        &[1, 3, 1, 8, 0x80, 0xF9, 0x2B],
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
    let rent = FigureKey::of_fact(Fact::Income(IncomeKind::Property), 12);
    assert_eq!(snapshot.figure(&rent), Some(Bounds::exactly(320_000)));
    let casual = FigureKey::of_fact(Fact::CasualWorkMonths, 0);
    assert_eq!(
        [0, 1, 2].map(|m| snapshot.member_figure(m, &casual)),
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
    let needs = Arc::new(Needs::new(vec![FigureKey::of_fact(Fact::Vehicles, 0)], Vec::new()).unwrap());
    let day = Date::new(2018, 6, 15).unwrap();
    let make = |figures| Snapshot::new(&needs, day, Composition::Settled, figures, Vec::new(), Vec::new());
    assert_eq!(make(Vec::new()).unwrap_err().reason(), "SNAPSHOT_FIGURES_MISMATCH");
    assert_eq!(
        make(vec![Bounds::between(2, 1)]).unwrap_err().reason(),
        "SNAPSHOT_MALFORMED"
    );
    let keys = (0..=u8::MAX)
        .map(|months| FigureKey::of_fact(Fact::Vehicles, months))
        .collect();
    assert_eq!(Needs::new(keys, Vec::new()).unwrap_err().reason(), "SNAPSHOT_LIMIT");
}

/// A pack whose rule of who counts rests on a formula, a parameter and a place.
fn ruled(counts: &str, years: u32, jurisdiction: &str, title: &str) -> Pack {
    let text = format!(
        "[pack]\nid = \"p\"\nversion = \"1\"\nprogramme = \"p\"\njurisdiction = \"{jurisdiction}\"\nvalid_from = \"2018-01-01\"\n{title}\
         [household]\ncounts = \"{counts}\"\nreference = \"r\"\n\
         [[parameter]]\nname = \"years\"\nunit = \"years\"\nvalue = {years}\n{title}\
         [[test]]\nname = \"t\"\nkind = \"income\"\nformula = \"dwellings <= 0 and years > 0\"\n{title}"
    );
    Pack::parse("p.toml", &text)
        .map_err(|mistakes| mistakes.to_string())
        .unwrap()
}

#[test]
fn two_packs_have_one_rule_only_if_they_count_the_same_people() {
    let title = "title = { zh = \"x\", en = \"x\" }\nreference = \"r\"\n";
    let other_words = "title = { zh = \"y\", en = \"y\" }\nreference = \"s\"\n";
    let (old, here) = ("member.age >= years", "member.registered_here and member.age >= years");
    let digest = |pack: &Pack| Needs::of_packs([pack]).unwrap().rule_digest().unwrap();
    let of = |counts, years, place| digest(&ruled(counts, years, place, title));
    assert_eq!(of(old, 3, "511703"), digest(&ruled(old, 3, "511703", other_words)));
    assert_eq!(of(old, 3, "511703"), of(old, 3, "220882"));
    assert_ne!(of(old, 3, "511703"), of(old, 4, "511703"));
    assert_ne!(of(old, 3, "511703"), of(here, 3, "511703"));
    assert_ne!(of(here, 3, "511703"), of(here, 3, "220882"));
    let (one, two) = (ruled(here, 3, "511703", title), ruled(here, 3, "220882", title));
    assert_eq!(
        Needs::of_packs([&one, &two]).unwrap_err().reason(),
        "SNAPSHOT_RULES_DIFFER"
    );
}

#[test]
fn a_stored_snapshot_names_its_rule_and_cannot_run_it() {
    let case = Case::daan();
    let needs = Arc::new(Needs::of_packs([shipped("dibao-daan-rural")]).unwrap());
    let snapshot = case.with_facts(|facts| Snapshot::of_facts(facts, &[], &needs)).unwrap();
    let stored = Snapshot::decode(&snapshot.encode()).unwrap();
    assert_eq!(stored.needs(), &*needs);
    let again = case.with_facts(|facts| Snapshot::of_facts(facts, &[], &stored.needs));
    assert_eq!(again, Err(SnapshotError::RuleUnknown));
}

#[test]
fn what_only_decides_who_counts_is_in_no_snapshot() {
    let needs = Needs::of_packs([shipped("dibao-daan-rural")]).unwrap();
    let is_stated = |key: &FigureKey| matches!(key.reading, Reading::Stated(..));
    assert!(!needs.household().iter().chain(needs.member()).any(is_stated));
}

#[test]
fn a_condition_is_nothing_but_true_false_or_open() {
    let married = FigureKey::at_date(Reading::Married);
    let needs = Arc::new(Needs::new(vec![married], Vec::new()).unwrap());
    let day = Date::new(2018, 6, 15).unwrap();
    for wrong in [
        Bounds::exactly(2),
        Bounds::exactly(-1),
        Bounds::NON_NEGATIVE,
        Bounds::between(0, 2),
    ] {
        let made = Snapshot::new(&needs, day, Composition::Settled, vec![wrong], Vec::new(), Vec::new());
        assert_eq!(made, Err(SnapshotError::Malformed { field: "condition" }));
        let right = Snapshot::new(
            &needs,
            day,
            Composition::Settled,
            vec![Bounds::exactly(1)],
            Vec::new(),
            Vec::new(),
        );
        let mut forged = right.unwrap();
        forged.figures = vec![wrong];
        assert_eq!(
            Snapshot::decode(&forged.encode()),
            Err(SnapshotError::Malformed { field: "condition" })
        );
    }
}
