//! Laws of cases: those of the shipped packs pass and would notice a changed rule; given facts are judged as records that say the same.

use hedui_core::dates::Months;
use hedui_core::facts::Fact;
use hedui_core::household::Relation;
use hedui_core::record::IncomeKind;
use hedui_core::verdict::{Outcome, Verdict};
use hedui_ids::Sex;
use proptest::prelude::*;

use crate::testing::{Case, PackText, member, shipped};
use crate::{Pack, PackSet};

mod borders;

fn differences(pack: &Pack) -> Vec<String> {
    let of_case = |case: super::CaseResult<'_>| {
        let name = case.name.to_owned();
        let lines = case.differences.into_iter();
        let line = move |d: super::Difference| format!("{name}: {} is {}, not {}", d.what, d.found, d.expected);
        lines.map(line).collect::<Vec<_>>()
    };
    pack.run_cases().flat_map(of_case).collect()
}

#[test]
fn the_cases_of_every_shipped_pack_pass() {
    for pack in PackSet::bundled().unwrap().packs() {
        assert_eq!(differences(pack), [""; 0], "{}", pack.id());
    }
}

/// A standard that is one yuan higher, an age one year higher, a rate one yuan higher: somebody must notice.
#[test]
fn a_changed_rule_is_noticed_by_a_case() {
    let rules = [
        ("dibao-dachuan-urban", "value = 520", "value = 521"),
        ("dibao-dachuan-rural", "value = 330", "value = 329"),
        (
            "dibao-dachuan-rural",
            "name = \"max_dwellings\"\ntitle",
            "name = \"max_dwellings\"\ntitle",
        ),
        ("dibao-daan-rural", "value = 3_600", "value = 3_601"),
        ("dibao-daan-rural-capacity-index", "to = \"0.1\"", "to = \"0.01\""),
        ("dibao-daan-rural-capacity-index-25", "value = 0.25", "value = 0.4"),
        (
            "extreme-poverty-dachuan-rural",
            "member.age >= old_age",
            "member.age > old_age",
        ),
        ("senior-subsidy-dachuan", "from = 80, to = 90", "from = 81, to = 90"),
        (
            "fire-rebuilding-dachuan",
            "member.disability_grade <= severe_grade",
            "member.disability_grade < severe_grade",
        ),
        ("low-income-medical-zhangjiagang", "value = 0.75", "value = 0.8"),
    ];
    for (id, from, to) in rules {
        let text = shipped(id).text();
        assert!(text.contains(from), "{id}: {from}");
        let changed = Pack::parse(id, &text.replacen(from, to, 1))
            .map_err(|m| m.to_string())
            .unwrap();
        assert_eq!(differences(&changed).is_empty(), from == to, "{id}: {to}");
    }
}

fn cased(case: &str) -> Pack {
    PackText::new()
        .windows("wage = \"prior_month\"\nproperty = \"twelve_months\"")
        .section("[household]\ncounts = \"not member.student\"\nreference = \"a law\"")
        .parameter("standard", "500", "yuan/person/month")
        .parameter("home", "1", "pieces")
        .step(
            "member",
            "own",
            "yuan/month",
            "member.income.wage + member.income.property / months_per_year",
        )
        .step("household", "per_head", "yuan/person/month", "sum(own) / persons")
        .test("income", "income", "per_head < standard")
        .test("property", "homes", "dwellings <= home")
        .test("person", "help", "not draws.dibao")
        .item("band", "low", "formula = \"per_head < 2 * standard\"")
        .amount("max(0, standard - per_head) * persons")
        .section(case)
        .pack()
}

/// Two members, with facts of each and what is expected.
fn couple(first: &str, second: &str, expect: &str) -> Pack {
    let who = |relation: &str, sex: &str| {
        format!("[[case.member]]\nrelation = \"{relation}\"\nsex = \"{sex}\"\nbirth = \"1980-01-01\"\n")
    };
    let title = "title = { zh = \"例\", en = \"case\" }\non = \"2026-06-15\"\n";
    cased(&format!(
        "[[case]]\nname = \"one\"\n{title}{}facts = {{ {first} }}\n{}facts = {{ {second} }}\n[case.expect]\n{expect}\n",
        who("applicant", "male"),
        who("spouse", "female"),
    ))
}

#[test]
fn every_difference_is_named_with_what_was_expected_and_what_came_out() {
    let wage = "\"income.wage\" = 400";
    let told = |first: &str, expect: &str| differences(&couple(first, wage, expect));
    assert_eq!(
        told(wage, "outcome = \"qualifies\"\namount = 200\nband = \"low\""),
        [""; 0]
    );
    assert_eq!(
        told(wage, "outcome = \"exceeds\""),
        ["one: outcome is qualifies, not exceeds"]
    );
    assert_eq!(
        told(
            wage,
            "outcome = \"qualifies\"\namount = { from = 100, to = 200 }\nsteps = { per_head = 401, own = [400, \"away\"] }"
        ),
        [
            "one: own of member 2 is 400, not away",
            "one: per_head is 400, not 401",
            "one: amount is 200, not [100, 200]"
        ]
    );
    let homes = "dwellings = { from = 1, silent = \"housing\" }, \"draws.dibao\" = true";
    assert_eq!(
        told(
            homes,
            "outcome = \"exceeds\"\nfails = [\"homes\"]\nopen = []\ndepartments = [\"welfare\"]"
        ),
        [
            "one: fails is help, not homes",
            "one: open is homes, not none",
            "one: departments is none, not welfare"
        ]
    );
    assert_eq!(
        told(wage, "outcome = \"qualifies\"\namount = \"1/3\""),
        ["one: amount is 200, not 1/3"]
    );
}

#[test]
fn what_is_silent_is_open_and_names_its_department_and_bounds_are_kept() {
    let open = "outcome = \"inconclusive\"\nopen = [\"homes\"]\nfails = []\ndepartments = [\"housing\"]";
    for homes in [
        "{ silent = \"housing\" }",
        "{ from = 1, to = 2, silent = [\"housing\"] }",
    ] {
        assert_eq!(
            differences(&couple(&format!("dwellings = {homes}"), "", open)),
            [""; 0],
            "{homes}"
        );
    }
    let two = "outcome = \"exceeds\"\nfails = [\"homes\"]";
    assert_eq!(
        differences(&couple("dwellings = { from = 2, silent = \"housing\" }", "", two)),
        [""; 0]
    );
    // Each has one, or it is one that both own: what is said of the household stands.
    let each = couple("dwellings = 1", "dwellings = 1", two);
    assert_eq!(differences(&each), [""; 0]);
    let text = each
        .text()
        .replacen("[[case.member]]", "facts = { dwellings = 1 }\n[[case.member]]", 1);
    let shared = Pack::parse("p.toml", &text).map_err(|m| m.to_string()).unwrap();
    assert_eq!(
        differences(&shared),
        [
            "one: outcome is qualifies, not exceeds",
            "one: fails is none, not homes"
        ]
    );
    // Bounds that no department leaves open are uncertain by their record.
    let uncertain = "outcome = \"inconclusive\"\nsteps = { own = [{ from = 400, to = 600 }, 400] }\ndepartments = []";
    let told = couple(
        "\"income.wage\" = { from = 400, to = 600 }",
        "\"income.wage\" = 400",
        uncertain,
    );
    assert_eq!(differences(&told), [""; 0]);
    let verdict = told.run_cases().next().unwrap().verdict;
    assert_eq!(verdict.undecided_because, [crate::RECORD_UNCERTAIN]);
}

#[test]
fn who_does_not_count_is_away_and_who_may_not_count_leaves_it_open() {
    let wage = "\"income.wage\" = 900";
    let away = "outcome = \"qualifies\"\namount = 500\nsteps = { own = [0, \"away\"] }";
    assert_eq!(
        differences(&couple("", &format!("student = true, {wage}"), away)),
        [""; 0]
    );
    let open = "outcome = \"qualifies\"\namount = { from = 100, to = 500 }";
    let may = couple("", &format!("student = {{ silent = \"education\" }}, {wage}"), open);
    assert_eq!(differences(&may), [""; 0]);
}

/// The case of a pack that says of each member what the facts of a household of the same births come to.
fn written(case: &Case, pack: &Pack) -> String {
    let words = [
        ("income.wage", Fact::Income(IncomeKind::Wage), 1),
        ("income.property", Fact::Income(IncomeKind::Property), 12),
        ("assets.financial", Fact::FinancialAssets, 0),
        ("dwellings", Fact::Dwellings, 0),
    ];
    let mut text = format!(
        "{}\n[[case]]\nname = \"same\"\ntitle = {{ zh = \"同\", en = \"same\" }}\non = \"{}\"\n",
        pack.text().split("\n[[case]]").next().unwrap(),
        case.as_of
    );
    case.with_facts(|facts| {
        for (person, ordinal) in case.household.members.iter().zip(0u32..) {
            let (relation, birth) = (person.relation.word(), person.id.birth_date());
            let sex = if person.id.sex() == Sex::Male { "male" } else { "female" };
            text.push_str(&format!(
                "[[case.member]]\nrelation = \"{relation}\"\nsex = \"{sex}\"\nbirth = \"{:04}-{:02}-{:02}\"\n[case.member.facts]\n",
                birth.year(),
                birth.month(),
                birth.day()
            ));
            for (word, fact, months) in words {
                let figure = facts.figure(fact, Some(ordinal), Months::before(facts.as_of, months));
                let value = figure.bounds.lo.filter(|_| figure.bounds.is_exact()).unwrap();
                let scale = if fact == Fact::Dwellings { 1 } else { 100 };
                text.push_str(&format!("\"{word}\" = \"{value}/{scale}\"\n"));
            }
        }
    });
    text.push_str("[case.expect]\noutcome = \"qualifies\"\n");
    text
}

/// Without what only records have.
fn reckoned(verdict: &Verdict) -> Vec<(String, Option<u32>, String, String)> {
    let lines = verdict.trace.iter();
    let shown = lines.map(|l| {
        (
            l.name.to_string(),
            l.subject,
            l.numbers.to_string(),
            l.value.to_string(),
        )
    });
    shown.collect()
}

proptest! {
    #[test]
    fn facts_that_are_given_are_judged_as_records_that_say_the_same(
        wages in prop::collection::vec(0i64..90_000, 2),
        land in 0i64..900_000,
        deposit in prop::sample::select(vec![0i64, 1_500_000, 1_584_000, 2_000_000]),
        homes in prop::collection::vec(0usize..2, 2),
    ) {
        let people = vec![
            member(Sex::Male, "1980-03-01", Relation::Applicant, 0, 1),
            member(Sex::Female, "1982-02-01", Relation::Spouse, 0, 2),
        ];
        let mut case = Case::new("2026-06-15", people);
        for (ordinal, fen) in (0u32..).zip(&wages) {
            case.income(ordinal, IncomeKind::Wage, "2026-05", "2026-05", *fen);
        }
        case.income(1, IncomeKind::Property, "2026-01", "2026-05", land);
        case.deposit(0, deposit);
        for (ordinal, count) in (0u32..).zip(&homes) {
            (0..*count).for_each(|nth| case.dwelling(ordinal, &format!("U{ordinal}{nth}")));
        }
        let pack = shipped("dibao-dachuan-rural");
        let text = written(&case, pack);
        let given = Pack::parse("p.toml", &text).map_err(|m| m.to_string()).unwrap();
        let by_case = given.run_cases().next().unwrap().verdict;
        let by_records = case.judge(pack);
        prop_assert_eq!(by_case.outcome, by_records.outcome);
        prop_assert_eq!(&by_case.amount, &by_records.amount);
        prop_assert_eq!(&by_case.tests, &by_records.tests);
        prop_assert_eq!(reckoned(&by_case), reckoned(&by_records));
        prop_assert_ne!(by_case.outcome, Outcome::Inconclusive);
    }
}
