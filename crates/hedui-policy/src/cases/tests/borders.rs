//! Laws of the cases of shipped packs: both sides of every test, and no border and no condition of a formula that could be moved unnoticed.
//! Leaves what must come out of a household to the cases themselves.

use std::collections::BTreeSet;

use hedui_core::verdict::Truth;
use rayon::prelude::*;

use crate::{Pack, PackSet};

/// Each test of each pack holds in one case and fails in another, and what is paid is written down.
#[test]
fn every_shipped_pack_has_cases_on_both_sides_of_each_of_its_tests() {
    for pack in PackSet::bundled().unwrap().packs() {
        let results: Vec<_> = pack.run_cases().collect();
        let outcomes: BTreeSet<_> = results.iter().map(|r| format!("{:?}", r.verdict.outcome)).collect();
        assert!(outcomes.len() >= 2, "{}: {outcomes:?}", pack.id());
        for test in pack.tests.iter().map(|test| &test.rule.name) {
            let came = |truth| {
                let mut tests = results.iter().flat_map(|case| &case.verdict.tests);
                tests.any(|t| t.name == *test && t.result == truth)
            };
            assert!(came(Truth::Holds) && came(Truth::Fails), "{}: {test}", pack.id());
        }
        let is_paid = pack.cases.iter().any(|case| case.expect.amount.is_some());
        assert_eq!(is_paid, pack.amount.is_some(), "{}", pack.id());
    }
}

/// Changes that no household can tell apart: what is paid for the first two classes is the same, and a band that does not qualify is only told.
const SAME: [(&str, &str); 2] = [
    ("temporary-assistance-dachuan", "number.urgent_need > 2"),
    ("dibao-zhangjiagang", "per_capita_income <= low_income_factor"),
];

/// `<` instead of `<=`, a condition that always holds or never does, in any place of any formula: some case comes out otherwise.
#[test]
fn a_moved_border_or_a_dropped_condition_is_noticed_by_a_case() {
    let set = PackSet::bundled().unwrap();
    let changes: Vec<(&Pack, Change)> = set
        .packs()
        .iter()
        .flat_map(|pack| changes(pack.text()).into_iter().map(move |change| (pack, change)))
        .collect();
    assert!(changes.len() > 800, "{}", changes.len());
    let same = |pack: &Pack, change: &Change| {
        let mut known = SAME.iter();
        known.any(|(id, formula)| pack.id() == *id && change.formula.contains(formula))
    };
    let unnoticed: BTreeSet<String> = changes
        .par_iter()
        .filter(|(pack, change)| {
            let changed = Pack::parse(pack.id(), &change.text).map_err(|mistakes| mistakes.to_string());
            changed.unwrap().run_cases().all(|case| case.passed()) != same(pack, change)
        })
        .map(|(pack, change)| format!("{}: {}", pack.id(), change.formula))
        .collect();
    assert_eq!(unnoticed, BTreeSet::new());
}

/// A pack's text with one place changed, and the formula as it then reads.
struct Change {
    text: String,
    formula: String,
}

fn changes(text: &str) -> Vec<Change> {
    let rules = text.find("\n[[case]]").unwrap();
    let mut found = Vec::new();
    let mut at = 0;
    for line in text[..rules].split_inclusive('\n') {
        let begun = ["formula = \"", "counts = \"", "alone = \""].map(|key| line.strip_prefix(key));
        if let Some(rest) = begun.into_iter().flatten().next() {
            let formula = &rest[..rest.rfind('"').unwrap()];
            let start = at + line.len() - rest.len();
            found.extend(changed(formula).into_iter().map(|formula_now| Change {
                text: format!("{}{formula_now}{}", &text[..start], &text[start + formula.len()..]),
                formula: formula_now,
            }));
        }
        at += line.len();
    }
    found
}

/// A formula with each comparison moved by one step, and with each condition held and dropped.
fn changed(formula: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, sign) in formula.match_indices(['<', '>']) {
        let (before, after) = (&formula[..at], &formula[at + 1..]);
        found.push(match after.strip_prefix('=') {
            Some(after) => format!("{before}{sign}{after}"),
            None => format!("{before}{sign}={after}"),
        });
    }
    let of_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '.';
    let mut at = 0;
    for word in formula.split_inclusive(|c: char| !of_word(c)) {
        let name = word.trim_end_matches(|c: char| !of_word(c));
        if is_condition(name) {
            let (before, after) = (&formula[..at], &formula[at + name.len()..]);
            // What has a number, or began on a day, stands: without it these are 0.
            let stated = name.rsplit('.').next().unwrap();
            let follows = [format!("since.{stated}"), format!("number.{stated}")];
            if !follows.iter().any(|other| formula.contains(other)) {
                found.push(format!("{before}({name} or 0 <= 0){after}"));
            }
            found.push(format!("{before}({name} and 0 < 0){after}"));
        }
        at += word.len();
    }
    found
}

/// Words that hold or do not; the truths that steps give are changed where they are made.
fn is_condition(name: &str) -> bool {
    let name = name.strip_prefix("member.").unwrap_or(name);
    let begins = ["has.", "draws.", "received.", "stage.", "disabled."];
    let whole = ["registered_here", "student", "minor", "female", "married"];
    begins.iter().any(|before| name.starts_with(before)) || whole.contains(&name)
}
