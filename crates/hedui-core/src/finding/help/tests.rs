//! Help of which a register does not say where it is drawn.
//! Leaves help here, elsewhere, twice and ended to the parent's tests.

use super::super::{MEMBERS_OPEN, Tolerances, findings, opening};
use super::*;
use crate::money::Fen;
use crate::record::AssistanceStatus;
use crate::testing::*;

use AssistanceStatus::{Drawing, Ended};

fn help(programme: &str, place: &str, status: AssistanceStatus) -> RecordBody {
    RecordBody::Assistance(Assistance {
        programme: programme.into(),
        amount: Fen(30_000),
        period: AssistancePeriod::Monthly,
        from: Some(date("2024-01-01")),
        until: None,
        division_code: place.into(),
        status,
    })
}

/// What is told of the first member by two registers.
fn told(one: Vec<RecordBody>, other: Vec<RecordBody>) -> Vec<String> {
    let said = [
        says("civil-affairs", &[RecordType::Assistance], one),
        says("hometown", &[RecordType::Assistance], other),
    ];
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    let all = ask(&checked(family()), &said, |facts| {
        findings(facts, &programmes, "511703", Tolerances::default())
    });
    all.into_iter().map(|f| f.code.into()).collect()
}

const UNPLACED: &str = "ASSISTANCE_PLACE_UNKNOWN";

#[test]
fn the_same_help_of_which_no_register_says_where_opens_the_verdict() {
    for nowhere in ["", " ", "\u{3000}"] {
        assert_eq!(told(vec![help("dibao", nowhere, Drawing)], vec![]), [UNPLACED]);
    }
    // Other help, and such as has ended.
    assert_eq!(told(vec![help("medical", "", Drawing)], vec![]), ["ASSISTANCE_DRAWN"]);
    assert_eq!(told(vec![help("dibao", "", Ended)], vec![]), ["ASSISTANCE_LOST"]);
    // Not this district, whatever it means.
    for place in ["5117", "通川区", "000000"] {
        let told = told(vec![help("dibao", place, Drawing)], vec![]);
        assert_eq!(told, ["ASSISTANCE_ELSEWHERE"], "{place}");
    }
    let said = [says("a", &[RecordType::Assistance], vec![help("dibao", "", Drawing)])];
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    let opens = ask(&checked(family()), &said, |facts| {
        opening(&findings(facts, &programmes, "511703", Tolerances::default()))
    });
    // Who exceeds without it exceeds.
    assert_eq!(opens, [UNPLACED]);
    assert!(!MEMBERS_OPEN.contains(&UNPLACED));
}

#[test]
fn who_is_known_to_draw_the_same_help_here_is_not_asked_where() {
    let nowhere = || vec![help("dibao", "", Drawing)];
    for here in ["511703", "511703102000"] {
        assert_eq!(told(vec![help("dibao", here, Drawing)], vec![]), ["ASSISTANCE_DRAWN"]);
        let both = told(vec![help("dibao", here, Drawing)], nowhere());
        assert_eq!(both, ["ASSISTANCE_DRAWN", "ASSISTANCE_TWICE"], "{here}");
    }
    // Help that has ended, other help, and help elsewhere do not say where this is drawn.
    let ended = told(vec![help("dibao", "511703", Ended)], nowhere());
    assert_eq!(ended, [UNPLACED]);
    let other = told(vec![help("medical", "511703", Drawing)], nowhere());
    assert_eq!(other, [UNPLACED, "ASSISTANCE_DRAWN"]);
    let elsewhere = told(vec![help("dibao", "510104", Drawing)], nowhere());
    assert_eq!(elsewhere, ["ASSISTANCE_ELSEWHERE", UNPLACED]);
}
