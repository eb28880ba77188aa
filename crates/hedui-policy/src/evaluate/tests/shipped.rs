//! Laws of the shipped packs: every border on both sides, silence that never refuses, records asked for only where a rule reads them.
//! Leaves the figures of Dibao's worked examples to `golden` and the ways of choosing a pack to `set`.

use std::collections::{BTreeMap, BTreeSet};

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::record::RecordType;
use hedui_core::verdict::Outcome;

use crate::testing::{day, shipped};
use crate::{Pack, PackFile, PackSet};

mod rows;
mod rows_elsewhere;
mod words;

use words::{DATE, household, told};

const PACKS_README: &str = include_str!("../../../packs/README.md");
/// Who lives together is checked for income rules also where no formula asks for it: an undeclared spouse is a finding.
const COMPOSITION: [RecordType; 2] = [RecordType::Registration, RecordType::Marriage];
const RESIDENCES: [Residence; 2] = [Residence::Urban, Residence::Rural];

/// Pack, household in words, what the verdict tells.
type Row = (&'static str, &'static str, &'static str);

fn all_rows() -> impl Iterator<Item = &'static Row> {
    rows::DACHUAN.iter().chain(rows_elsewhere::ROWS)
}

#[test]
fn every_row_is_judged_as_it_says() {
    let wrong: Vec<String> = all_rows()
        .map(|(id, words, expected)| {
            (
                id,
                words,
                expected,
                told(&household(shipped(id), words).judge(shipped(id))),
            )
        })
        .filter(|(_, _, expected, told)| told != *expected)
        .map(|(id, words, expected, told)| format!("{id}: {words:?} is told {told:?}, not {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_shipped_pack_has_a_row_that_qualifies_and_one_that_does_not() {
    let mut seen: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, _, expected) in all_rows() {
        let outcome = expected.split(' ').next().unwrap();
        seen.entry(id).or_default().insert(outcome);
    }
    for pack in PackSet::bundled().unwrap().packs() {
        let outcomes = seen.get(pack.id()).cloned().unwrap_or_default();
        assert!(
            outcomes.contains("qualifies") && outcomes.contains("exceeds"),
            "{}: {outcomes:?}",
            pack.id()
        );
    }
}

/// Of every row and every department that the pack asks: silence only opens, and never grants or refuses.
#[test]
fn a_department_that_falls_silent_refuses_nobody() {
    for (id, words, _) in all_rows() {
        let pack = shipped(id);
        let case = household(pack, words);
        let before = case.judge(pack).outcome;
        let holds = |types: &[RecordType]| types.iter().any(|of| pack.needs().contains(of));
        let asked = case.departments.iter().filter(|d| holds(&d.profile.record_types));
        for department in asked.map(|d| d.profile.id.as_str()) {
            let mut case = household(pack, words);
            case.silence(department);
            let after = case.judge(pack).outcome;
            assert!(
                after == before || after == Outcome::Inconclusive,
                "{id}: {words:?} without {department}: {before:?} became {after:?}"
            );
        }
    }
}

/// Where everybody is silent only papers and declarations can decide, and they refuse nobody whom the registers would not refuse.
#[test]
fn total_silence_refuses_nobody_who_qualifies() {
    for (id, words, expected) in all_rows().filter(|(_, _, expected)| expected.starts_with("qualifies")) {
        let pack = shipped(id);
        let mut case = household(pack, words);
        let all: Vec<String> = case.departments.iter().map(|d| d.profile.id.to_string()).collect();
        all.iter().for_each(|department| case.silence(department));
        let verdict = case.judge(pack);
        assert_ne!(verdict.outcome, Outcome::Exceeds, "{id}: {words:?}, {expected}");
        if pack.needs().is_empty() {
            assert_eq!(
                verdict.outcome,
                Outcome::Qualifies,
                "{id}: {words:?}, which papers alone settle"
            );
        }
    }
}

/// Without one of its record types a pack does not load: purpose limitation. The first packs of Dibao also ask for what findings read.
#[test]
fn a_pack_asks_for_no_record_that_no_rule_reads() {
    for file in PackSet::bundled_files() {
        let pack = Pack::parse(&file.name, &file.text).unwrap();
        if pack.programme().as_str() == "dibao" && pack.jurisdiction() != "000000" {
            continue;
        }
        let has_income = pack.needs().contains(&RecordType::Income);
        for of in pack
            .needs()
            .iter()
            .filter(|of| !(has_income && COMPOSITION.contains(of)))
        {
            assert_eq!(
                reasons_without(&file, *of),
                BTreeSet::from(["NEEDS_MISSING"]),
                "{}: {}",
                file.name,
                of.word()
            );
        }
    }
}

/// Each type of record that a pack asks for changes a verdict or an amount in some row: the rows test every register that a rule reads.
#[test]
fn every_record_that_a_pack_asks_for_matters_in_a_row() {
    let mut idle: BTreeMap<&str, BTreeSet<RecordType>> = BTreeMap::new();
    for (id, words, _) in all_rows() {
        let pack = shipped(id);
        let before = told(&household(pack, words).judge(pack));
        let idle = idle.entry(id).or_insert_with(|| pack.needs().iter().copied().collect());
        idle.retain(|of| {
            let mut case = household(pack, words);
            let holders = case.departments.iter().filter(|d| d.profile.record_types.contains(of));
            let holders: Vec<String> = holders.map(|d| d.profile.id.to_string()).collect();
            holders.iter().for_each(|department| case.silence(department));
            told(&case.judge(pack)) == before
        });
    }
    for (id, mut idle) in idle {
        let pack = shipped(id);
        if pack.programme().as_str() == "dibao" && pack.jurisdiction() != "000000" {
            continue;
        }
        if pack.needs().contains(&RecordType::Income) {
            idle.retain(|of| !COMPOSITION.contains(of));
        }
        assert!(idle.is_empty(), "{id}: {idle:?}");
    }
}

/// Why a pack does not load whose `needs` leave out a type of record.
fn reasons_without(file: &PackFile, of: RecordType) -> BTreeSet<&'static str> {
    let word = format!("\"{}\"", of.word());
    let (before, rest) = file.text.split_once("needs = [").unwrap();
    let (needs, after) = rest.split_once(']').unwrap();
    let kept: Vec<&str> = needs
        .split(',')
        .map(str::trim)
        .filter(|n| !n.is_empty() && *n != word)
        .collect();
    let text = format!("{before}needs = [{}]{after}", kept.join(", "));
    assert_ne!(
        text.replace(char::is_whitespace, "").len(),
        file.text.replace(char::is_whitespace, "").len()
    );
    let mistakes = Pack::parse(&file.name, &text).err().map(|m| m.0).unwrap_or_default();
    mistakes.into_iter().map(|m| m.reason).collect()
}

/// The table of the packs' README: department, programme, "full" or "eligibility only".
fn listed() -> Vec<(&'static str, &'static str, &'static str)> {
    let lines = PACKS_README
        .lines()
        .filter(|line| line.starts_with("| ") && line.contains('`'));
    let cells = lines.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .filter(|cells| cells[1].parse::<u32>().is_ok())
        .map(|cells| (cells[2], cells[3].trim_matches('`'), cells[5]))
        .collect()
}

#[test]
fn all_forty_programmes_of_dachuan_are_judged_for_town_and_country() {
    let set = PackSet::bundled().unwrap();
    let listed = listed();
    assert_eq!(listed.len(), 40);
    assert_eq!(
        listed.iter().map(|(of, ..)| of).collect::<BTreeSet<_>>().len(),
        12,
        "departments"
    );
    let mut judged = BTreeSet::new();
    for (_, programme, extent) in listed {
        let programme = ProgrammeId::new(programme).unwrap();
        for residence in RESIDENCES {
            let pack = set.select("511703", &programme, residence, day(DATE), None).unwrap();
            assert_eq!(pack.jurisdiction(), "511703", "{programme}");
            assert_eq!(
                extent == "full",
                pack.amount.is_some(),
                "{programme} is said to be {extent}"
            );
            judged.insert(pack.id());
        }
        assert!(judged.len() <= 42, "{programme}");
    }
    let of_dachuan = set
        .packs()
        .iter()
        .filter(|p| p.jurisdiction() == "511703")
        .map(Pack::id);
    assert_eq!(
        judged,
        of_dachuan.collect(),
        "every pack of Dachuan is one of the forty"
    );
}

#[test]
fn a_pack_that_pays_no_amount_says_that_it_is_not_modelled() {
    for pack in PackSet::bundled()
        .unwrap()
        .packs()
        .iter()
        .filter(|p| p.amount.is_none())
    {
        let says = pack
            .assumptions()
            .iter()
            .any(|a| a.en.starts_with("Not modelled: the amount") && a.zh.starts_with("未建模：金额"));
        assert!(says, "{}", pack.id());
    }
}

/// An option of the nation judges only where it is named: not a district with packs, not one without.
#[test]
fn an_option_of_the_nation_is_never_taken_by_default() {
    let set = PackSet::bundled().unwrap();
    let options: Vec<&Pack> = set.packs().iter().filter(|p| p.jurisdiction() == "000000").collect();
    assert!(options.len() >= 7 && options.iter().all(|p| p.variant().is_some()));
    for option in &options {
        for residence in RESIDENCES {
            for district in ["511703", "220882", "150102", "320582", "110101"] {
                let of = |variant| set.select(district, option.programme(), residence, day(DATE), variant);
                assert!(
                    of(None).map_or(true, |p| p.jurisdiction() != "000000"),
                    "{district}: {}",
                    option.id()
                );
                if option.residence().is_none_or(|r| r == residence) {
                    assert_eq!(of(option.variant()).unwrap().id(), option.id());
                }
            }
        }
    }
}

#[test]
fn the_caps_of_xincheng_change_with_the_reform() {
    let set = PackSet::bundled().unwrap();
    let programme = ProgrammeId::new("temporary-assistance").unwrap();
    let of = |residence, date: &str| {
        set.select("150102", &programme, residence, day(date), None)
            .unwrap()
            .id()
    };
    assert_eq!(
        of(Residence::Urban, "2017-12-31"),
        "temporary-assistance-xincheng-urban-before-reform"
    );
    assert_eq!(
        of(Residence::Rural, "2017-12-31"),
        "temporary-assistance-xincheng-rural-before-reform"
    );
    assert_eq!(of(Residence::Urban, "2018-01-01"), "temporary-assistance-xincheng");
    assert_eq!(of(Residence::Rural, "2018-01-01"), "temporary-assistance-xincheng");
}
