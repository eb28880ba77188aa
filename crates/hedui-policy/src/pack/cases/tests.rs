//! Mistakes of cases: each with its place, its reason and a hint, all at once, and only where they are mistakes.

use crate::Pack;
use crate::testing::PackText;

const CASE: &str = r#"[[case]]
name = "one"
title = { zh = "例", en = "case" }
on = "2026-06-15"
facts = { dwellings = 1 }
circumstances = [{ word = "urgent_need", number = 2 }]
[[case.member]]
relation = "applicant"
sex = "male"
birth = "1980-01-01"
disability = { kind = "speech", grade = 2 }
facts = { "income.wage" = 400.50, registered_here = true, "draws.dibao" = { silent = "welfare" } }
circumstances = [{ word = "in_prison", since = 2020-01-01 }]
[[case.supporter]]
relation = "child"
persons = 3
monthly_income = 4_000
[case.expect]
outcome = "inconclusive"
band = "low"
amount = { from = 0, to = 500 }
steps = { wage = [400.5], total = 400.5 }
fails = []
open = ["help"]
departments = ["welfare"]
"#;

fn pack(case: &str) -> Result<Pack, Vec<(usize, &'static str, String)>> {
    let rules = PackText::new()
        .windows("wage = \"prior_month\"")
        .section(
            "[household]\ncounts = \"not member.has.in_prison or member.disability_grade > 0\"\nreference = \"a law\"",
        )
        .section("[support]\nformula = \"supporter.income\"\nreference = \"a law\"")
        .parameter("limit", "500", "yuan/month")
        .parameter("home", "1", "pieces")
        .step("member", "wage", "yuan/month", "member.income.wage")
        .step("household", "total", "yuan/month", "sum(wage)")
        .test(
            "income",
            "income",
            "total < limit and income.imputed_support < 9 * limit",
        )
        .test("property", "homes", "dwellings <= home and has.urgent_need")
        .test(
            "person",
            "help",
            "not draws.dibao and count(member.registered_here) > 0",
        )
        .item("band", "low", "formula = \"total < limit\"")
        .amount("limit - total");
    let text = rules.text();
    let before = text.lines().count();
    Pack::parse("p.toml", &format!("{text}{case}")).map_err(|mistakes| {
        let of = |m: crate::Mistake| (m.line - before, m.reason, m.hint.unwrap_or_default());
        mistakes.0.into_iter().map(of).collect()
    })
}

#[test]
fn a_case_with_every_key_is_read() {
    let pack = pack(CASE).map_err(|m| format!("{m:?}")).unwrap();
    assert_eq!(pack.cases.len(), 1);
}

#[test]
fn each_mistake_is_told_at_its_line() {
    let told = |from: &str, to: &str| {
        assert!(CASE.contains(from), "{from}");
        let found = pack(&CASE.replacen(from, to, 1)).err().unwrap_or_default();
        found
            .into_iter()
            .map(|(line, reason, _)| format!("{line} {reason}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    for (from, to, wanted) in [
        ("name = \"one\"", "name = \"One\"", "2 NAME_INVALID"),
        ("name = \"one\"", "name = 1", "2 TYPE_WRONG"),
        ("on = \"2026-06-15\"", "on = \"2017-12-31\"", "4 DATE_OUTSIDE"),
        ("on = \"2026-06-15\"\n", "", "1 KEY_MISSING"),
        ("{ dwellings = 1 }", "{ dwellings = 1.5 }", "5 VALUE_INVALID"),
        ("{ dwellings = 1 }", "{ dwellings = -1 }", "5 VALUE_INVALID"),
        ("{ dwellings = 1 }", "{ dwellings = true }", "5 TYPE_WRONG"),
        ("{ dwellings = 1 }", "{ dwellings = \"many\" }", "5 TYPE_WRONG"),
        (
            "{ dwellings = 1 }",
            "{ dwellings = { from = 2, to = 1 } }",
            "5 VALUE_INVALID",
        ),
        ("{ dwellings = 1 }", "{ dwellings = {} }", "5 VALUE_INVALID"),
        (
            "{ dwellings = 1 }",
            "{ dwellings = { least = 1, silent = \"housing\" } }",
            "5 KEY_UNKNOWN",
        ),
        (
            "{ dwellings = 1 }",
            "{ dwellings = { silent = \"The Housing Office\" } }",
            "5 NAME_INVALID",
        ),
        ("{ dwellings = 1 }", "{ registered_here = true }", "5 FACT_UNREAD"),
        ("{ dwellings = 1 }", "{ vehicles = 1 }", "5 FACT_UNREAD"),
        ("{ dwellings = 1 }", "1", "5 TYPE_WRONG"),
        ("number = 2", "number = 4", "2 CASE_HOUSEHOLD"),
        ("\"urgent_need\", number = 2", "\"urgency\"", "6 VALUE_INVALID"),
        (
            "\"urgent_need\", number = 2",
            "\"fire_house_wholly_burnt\"",
            "6 FACT_UNREAD",
        ),
        ("\"applicant\"", "\"spouse\"", "2 CASE_HOUSEHOLD"),
        ("\"applicant\"", "\"father\"", "8 VALUE_INVALID"),
        ("\"male\"", "\"m\"", "9 VALUE_INVALID"),
        ("\"1980-01-01\"", "\"2026-06-16\"", "10 VALUE_INVALID"),
        ("\"1980-01-01\"", "\"1980-02-30\"", "10 DATE_INVALID"),
        ("grade = 2", "grade = 5", "11 VALUE_INVALID"),
        ("kind = \"speech\", grade = 2", "", "11 VALUE_INVALID"),
        (
            "\"income.wage\" = 400.50",
            "\"income.wage\" = 400.505",
            "12 VALUE_INVALID",
        ),
        ("\"income.wage\" = 400.50", "\"income.wage\" = false", "12 TYPE_WRONG"),
        ("registered_here = true", "registered_here = 1", "12 TYPE_WRONG"),
        (
            "registered_here = true",
            "registered_here = { from = 0 }",
            "12 TYPE_WRONG",
        ),
        ("registered_here = true", "married = true", "12 FACT_UNREAD"),
        ("\"in_prison\"", "\"declared_missing\"", "13 FACT_UNREAD"),
        ("since = 2020-01-01", "since = \"2020\"", "13 DATE_INVALID"),
        ("persons = 3", "persons = 0", "2 CASE_HOUSEHOLD"),
        ("persons = 3\n", "", "14 KEY_MISSING"),
        ("monthly_income = 4_000", "monthly_income = -1", "17 VALUE_INVALID"),
        ("outcome = \"inconclusive\"", "outcome = \"yes\"", "19 VALUE_INVALID"),
        ("band = \"low\"", "band = \"lower\"", "20 NAME_UNKNOWN"),
        ("amount = { from = 0, to = 500 }", "amount = true", "21 TYPE_WRONG"),
        ("wage = [400.5]", "wage = 400.5", "22 TYPE_WRONG"),
        ("wage = [400.5]", "wage = [400.5, 0]", "22 TYPE_WRONG"),
        ("wage = [400.5]", "wage = [true]", "22 TYPE_WRONG"),
        ("wage = [400.5]", "wage = [\"gone\"]", "22 TYPE_WRONG"),
        ("total = 400.5", "total = [400.5]", "22 TYPE_WRONG"),
        ("total = 400.5", "sum = 400.5", "22 NAME_UNKNOWN"),
        ("fails = []", "fails = [\"homeless\"]", "23 NAME_UNKNOWN"),
        ("fails = []", "fails = [1]", "23 TYPE_WRONG"),
        ("open = [\"help\"]", "open = \"helps\"", "24 NAME_UNKNOWN"),
        (
            "departments = [\"welfare\"]",
            "departments = [\"Wel fare\"]",
            "25 NAME_INVALID",
        ),
        (
            "departments = [\"welfare\"]",
            "department = [\"welfare\"]",
            "25 KEY_UNKNOWN",
        ),
    ] {
        assert_eq!(told(from, to), wanted, "{from} -> {to}");
    }
}

#[test]
fn a_hint_tells_how_a_fact_is_written() {
    let hint = |fact: &str| {
        let found = pack(&CASE.replacen("registered_here = true", fact, 1))
            .err()
            .unwrap_or_default();
        found.first().map(|(_, _, hint)| hint.clone()).unwrap_or_default()
    };
    assert_eq!(hint("age = 40"), "it follows from `birth` and `on`");
    assert!(hint("\"has.in_prison\" = true").starts_with("write circumstances"));
    assert!(hint("\"disabled.speech\" = true").starts_with("write disability"));
    assert!(hint("disability_grade = 2").starts_with("write disability"));
    assert_eq!(hint("\"member.dwellings\" = 2"), "write `dwellings` under the member");
    assert_eq!(hint("registered_her = true"), "did you mean `registered_here`?");
}

#[test]
fn all_mistakes_of_cases_are_told_at_once_and_with_those_of_rules() {
    let broken = CASE.replacen("sex = \"male\"", "sex = \"m\"", 1).replacen(
        "outcome = \"inconclusive\"",
        "outcome = \"yes\"",
        1,
    );
    let twice = format!("{broken}{CASE}[[test]]\nname = \"x\"\n");
    let found: Vec<&str> = pack(&twice).err().unwrap_or_default().iter().map(|m| m.1).collect();
    assert_eq!(found.iter().filter(|r| **r == "VALUE_INVALID").count(), 2, "{found:?}");
    assert!(
        found.contains(&"NAME_TWICE") && found.contains(&"KEY_MISSING"),
        "{found:?}"
    );
    let empty = pack("[[case]]\nname = \"x\"\n").err().unwrap_or_default();
    let keys: Vec<(usize, &str)> = empty.iter().map(|m| (m.0, m.1)).collect();
    assert_eq!(keys, [(1, "KEY_MISSING"); 4]);
    // A pack may have 200 cases.
    let many = "[[case]]\n".repeat(201);
    assert_eq!(pack(&many).err().unwrap_or_default()[0].1, "LIMIT");
}
