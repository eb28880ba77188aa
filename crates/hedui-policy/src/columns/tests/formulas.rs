//! Any formula: random packs judged by columns as by exact fractions.
//! Leaves formulas that a pilot uses to `agreement`.

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::households::{Kind, household, needs_of};
use crate::pack::Pack;
use crate::snapshot::Snapshot;
use crate::{Columns, When};

/// Formulas in pure numbers over parameters, figures and members.
fn formulas() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "a",
        "b",
        "(count(member.minor) / person)",
        "(count(member.student) / person)",
        "sum(member.disability_grade)",
        "sum(share)",
        "mean(share)",
        "(vehicles / piece)",
        "(dwellings / piece)",
        "(income.wage / yuan_a_year)",
        "(assets.financial / yuan)",
        "2",
        "0.3",
        "7",
        "0",
    ]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 20, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner);
        let comparisons = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        let joins = prop::sample::select(vec!["and", "or", "and not", "or not"]);
        prop_oneof![
            4 => (pair.clone(), prop::sample::select(vec!["+", "-", "*"])).prop_map(|((a, b), op)| format!("({a} {op} {b})")),
            1 => pair.clone().prop_map(|(a, _)| format!("({a} / b)")),
            2 => (pair.clone(), prop::sample::select(vec!["min", "max"])).prop_map(|((a, b), f)| format!("{f}({a}, {b})")),
            1 => pair.clone().prop_map(|(a, _)| format!("(-{a})")),
            1 => three.clone().prop_map(|(a, b, c)| format!("clamp({a}, {b}, {c})")),
            2 => (three, pair, comparisons, joins)
                .prop_map(|((a, b, c), (d, e), op, join)| format!("if({a} {op} {b} {join} {d} < {e}, {c}, {a})")),
        ]
    })
}

const TITLE: &str = "title = { zh = \"x\", en = \"x\" }\nreference = \"r\"\n";

/// A pack of one step, two tests, two bands and an amount; `None` where the formula is too long or divides by nothing.
fn pack(formula: &str, round: &str) -> Option<Pack> {
    let parameter = |name: &str, unit: &str, value: &str| {
        format!("[[parameter]]\nname = \"{name}\"\nunit = \"{unit}\"\n{value}\n{TITLE}")
    };
    let text = format!(
        "[pack]\nid = \"p\"\nversion = \"1\"\nprogramme = \"p\"\njurisdiction = \"000000\"\nvalid_from = \"2018-01-01\"\n{TITLE}\
         [windows]\nwage = \"twelve_months\"\n\
         {}{}{}{}{}{}{}\
         [[table]]\nname = \"share\"\nby = \"disability\"\nunit = \"ratio\"\ndefault = 1\n\
         rows = [{{ kind = \"mental\", grade = 1, value = 0.2 }}, {{ grade = 2, value = \"1/3\" }}]\n{TITLE}\
         [[step]]\nname = \"x\"\nscope = \"household\"\nunit = \"ratio\"\nformula = \"{formula}\"\n{round}\n{TITLE}\
         [[test]]\nname = \"t\"\nkind = \"income\"\nformula = \"x < 40 or sum(member.age) < 90 * year\"\n{TITLE}\
         [[test]]\nname = \"u\"\nkind = \"income\"\nformula = \"x + a + b != 12\"\n{TITLE}\
         [[band]]\nname = \"low\"\nformula = \"x <= 3\"\n{TITLE}\
         [[band]]\nname = \"high\"\nformula = \"x > 5.5\"\nqualifies = false\n{TITLE}\
         [amount]\nformula = \"x * yuan\"\nper = \"once\"\nround = {{ to = \"0.03\", mode = \"half_even\" }}\n{TITLE}",
        parameter(
            "a",
            "ratio",
            "value = 3\nperiods = [{ from = \"2020-01-01\", to = \"2022-06-30\", value = 0 }]"
        ),
        parameter(
            "b",
            "ratio",
            "value = 0.7\nperiods = [{ from = \"2021-05-01\", value = 5 }]"
        ),
        parameter("yuan", "yuan", "value = 1"),
        parameter("piece", "pieces", "value = 1"),
        parameter("year", "years", "value = 1"),
        parameter("person", "persons", "value = 1"),
        parameter("yuan_a_year", "yuan/year", "value = 1"),
    );
    match Pack::parse("p.toml", &text) {
        Ok(pack) => Some(pack),
        Err(mistakes) => {
            let known = ["DIVISION_BY_ZERO", "LIMIT", "FORMULA_SYNTAX", "UNUSED"];
            assert!(mistakes.0.iter().all(|m| known.contains(&m.reason)), "{mistakes}");
            None
        }
    }
}

proptest! {
    // Each case compiles a pack for many sizes and times.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn columns_judge_any_formula_as_exact_fractions_do(
        (text, also) in (formulas(), formulas()),
        round in prop::sample::select(vec!["", "round = { to = \"0.1\", mode = \"half_up\" }", "round = { to = \"7\", mode = \"half_even\" }",
            "round = { to = \"1/3\", mode = \"up\" }", "round = { to = \"2\", mode = \"down\" }"]),
        seed: u64,
    ) {
        // Every parameter and table is used, as packs must.
        let text = format!("{text} + {also} * 0 + 0 * (a + b + sum(share) + vehicles / piece + income.wage / yuan_a_year)");
        let Some(pack) = pack(&text, round) else { return Ok(()) };
        let columns = Columns::new(&pack).unwrap();
        let needs = needs_of(&pack);
        for kind in [Kind::Settled, Kind::OnBounds, Kind::Wild] {
            let snapshots: Vec<Snapshot> = (0..12).map(|n| household(seed.wrapping_add(n), &needs, kind)).collect();
            let judged = columns.judge_all(&snapshots, When::OwnDate).unwrap();
            for (snapshot, judged) in snapshots.iter().zip(judged) {
                prop_assert_eq!(judged, columns.judge_exactly(snapshot, When::OwnDate).unwrap(), "{:?}", snapshot);
            }
        }
    }
}

#[test]
fn random_formulas_do_have_columns_more_often_than_not() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let day = hedui_core::dates::Date::new(2018, 6, 15).unwrap();
    let (mut read, mut settled, mut open) = (0, 0, 0);
    for _ in 0..100 {
        let text = formulas().new_tree(&mut runner).unwrap().current();
        let used = "0 * (a + b + sum(share) + vehicles / piece + income.wage / yuan_a_year)";
        let Some(pack) = pack(&format!("{text} + {used}"), "") else {
            continue;
        };
        let has = Columns::new(&pack).unwrap().has_columns(3, day);
        (read, settled, open) = (read + 1, settled + usize::from(has[0]), open + usize::from(has[1]));
    }
    assert!(settled * 2 > read && open * 2 > read, "{read} {settled} {open}");
}
