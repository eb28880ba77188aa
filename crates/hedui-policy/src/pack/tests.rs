//! Laws of loading: a good pack loads, every mistake is named with its line and column, all of them at once.

use super::Pack;
use crate::mistake::Mistake;
use crate::testing::PackText;
use crate::vocabulary;

/// A small good pack; tests break single lines of it.
const GOOD: &str = r#"[pack]
id = "dibao-somewhere"
version = "1"
programme = "dibao"
jurisdiction = "511703"
title = { zh = "低保", en = "Dibao" }
valid_from = "2018-01-01"
reference = "a law"

[windows]
wage = "prior_month"
property = "twelve_months"
transfer = { months = 3 }

[[parameter]]
name = "standard"
title = { zh = "标准", en = "standard" }
value = 520.50
unit = "yuan/person/month"
reference = "a law"

[[table]]
name = "age_coefficient"
title = { zh = "年龄", en = "age" }
by = "age"
unit = "ratio"
default = 0
rows = [{ from = 18, to = 60, value = 1 }, { from = 60, value = 0.5 }]
reference = "a law"

[[step]]
name = "workers"
title = { zh = "劳动力", en = "workers" }
scope = "household"
unit = "ratio"
formula = "sum(age_coefficient)"
reference = "a law"

[[step]]
name = "income"
title = { zh = "收入", en = "income" }
scope = "household"
unit = "yuan/month"
formula = "income.wage + income.property / months_per_year + income.transfer / window.transfer"
reference = "a law"

[[test]]
name = "income"
title = { zh = "收入", en = "income" }
kind = "income"
formula = "income < standard * persons and workers < 9"
reference = "a law"

[amount]
title = { zh = "金额", en = "amount" }
formula = "standard * persons - income"
per = "month"
round = { to = "0.01", mode = "half_up" }
reference = "a law"
"#;

fn mistakes(text: &str) -> Vec<Mistake> {
    Pack::parse("p.toml", text).expect_err("the pack has a mistake").0
}

/// The only mistake after replacing `from` by `to`, as `line:column REASON`, and its text.
fn broken(from: &str, to: &str) -> (String, String) {
    assert!(GOOD.contains(from), "{from}");
    let found = mistakes(&GOOD.replacen(from, to, 1));
    let [only] = found.as_slice() else {
        panic!("not one mistake: {found:#?}")
    };
    (
        format!("{}:{} {}", only.line, only.column, only.reason),
        only.to_string(),
    )
}

/// The first of several mistakes, where later lines rest on the broken one.
fn first(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let found = mistakes(&GOOD.replacen(from, to, 1));
    format!("{}:{} {}", found[0].line, found[0].column, found[0].reason)
}

fn place(from: &str, to: &str) -> String {
    broken(from, to).0
}

#[test]
fn a_good_pack_loads() {
    let pack = Pack::parse("p.toml", GOOD).map_err(|m| m.to_string()).unwrap();
    assert_eq!(
        (pack.id(), pack.version(), pack.jurisdiction()),
        ("dibao-somewhere", "1", "511703")
    );
    assert_eq!(pack.digest(), blake3::hash(GOOD.as_bytes()).to_hex().as_str());
    assert_eq!(pack.needs().len(), hedui_core::record::RecordType::ALL.len());
    assert!(pack.assumptions().is_empty());
}

#[test]
fn adding_a_month_to_a_year_is_told_with_its_place_and_what_to_do() {
    let (at, text) = broken(" / months_per_year", "");
    assert_eq!(at, "44:12 UNIT_MISMATCH");
    assert!(text.starts_with("p.toml:44:12: UNIT_MISMATCH: cannot add yuan/month and yuan/year (hint: multiply or divide by months_per_year"), "{text}");
}

#[test]
fn a_unit_is_checked_wherever_a_value_goes() {
    assert_eq!(
        place("income < standard * persons", "income < standard"),
        "51:12 UNIT_MISMATCH"
    );
    assert_eq!(place("workers < 9", "workers < persons"), "51:44 UNIT_MISMATCH");
    assert_eq!(
        first("unit = \"yuan/month\"", "unit = \"yuan/year\""),
        "44:12 UNIT_MISMATCH"
    );
    assert_eq!(place("per = \"month\"", "per = \"year\""), "56:12 UNIT_MISMATCH");
    assert_eq!(
        place("standard * persons - income\"", "if(workers < 9, income, standard)\""),
        "56:12 UNIT_MISMATCH"
    );
    assert_eq!(
        place("standard * persons - income\"", "max(income, persons)\""),
        "56:12 UNIT_MISMATCH"
    );
    assert_eq!(
        place("unit = \"yuan/person/month\"", "unit = \"rmb\""),
        "19:8 UNIT_UNKNOWN"
    );
}

#[test]
fn zero_fits_every_unit_and_no_other_number_does() {
    let with = |limit: &str| GOOD.replacen("workers < 9", &format!("vehicles <= {limit} and workers < 9"), 1);
    assert!(Pack::parse("p.toml", &with("0")).is_ok());
    assert_eq!(mistakes(&with("1"))[0].reason, "UNIT_MISMATCH");
}

#[test]
fn a_condition_is_no_number_and_a_number_no_condition() {
    assert_eq!(place("workers < 9", "workers"), "51:44 CONDITION_EXPECTED");
    assert_eq!(
        place("income < standard * persons and workers < 9", "income"),
        "51:12 CONDITION_EXPECTED"
    );
    assert_eq!(
        place("sum(age_coefficient)", "sum(member.minor)"),
        "36:16 NUMBER_EXPECTED"
    );
    assert_eq!(
        place("standard * persons - income\"", "income < 0\""),
        "56:12 NUMBER_EXPECTED"
    );
}

#[test]
fn names_must_be_known_and_stand_above() {
    let (at, text) = broken("income < standard", "income < standart");
    assert_eq!(at, "51:21 NAME_UNKNOWN");
    assert!(text.ends_with("(hint: did you mean `standard`?)"), "{text}");
    assert_eq!(place("income.wage +", "income.wages +"), "44:12 NAME_UNKNOWN");
    assert_eq!(
        place("sum(age_coefficient)", "sum(age_coefficient) + 0 * income"),
        "36:39 FORWARD_REFERENCE"
    );
}

#[test]
fn steps_that_need_each_other_are_refused() {
    let (at, text) = broken("income.wage + income.property", "income + income.property");
    assert_eq!(at, "44:12 CYCLE");
    assert!(
        text.contains("`income` needs `income`: no step may rest on itself"),
        "{text}"
    );
    // Once for the circle, at its first step, and by way of a third.
    let two = GOOD.replacen("sum(age_coefficient)", "sum(age_coefficient) + income / income", 1);
    let two = two.replacen("income.wage +", "workers * income.wage +", 1);
    let told: Vec<String> = mistakes(&two).iter().map(ToString::to_string).collect();
    assert!(
        !told.is_empty() && told.iter().all(|told| told.contains(":36:") && told.contains("CYCLE")),
        "{told:#?}"
    );
    assert!(
        told[0].contains("`workers` needs `income`, which needs `workers`"),
        "{told:#?}"
    );
    let third = "[[step]]\nname = \"third\"\ntitle = { zh = \"三\", en = \"third\" }\nscope = \"household\"\nunit = \"ratio\"\n\
                 formula = \"workers\"\nreference = \"a law\"\n\n[[test]]";
    let three = two
        .replacen("workers * income.wage", "third * income.wage", 1)
        .replacen("[[test]]", third, 1);
    let told = mistakes(&three);
    assert_eq!((told[0].reason, told[0].line), ("CYCLE", 36));
    assert!(
        told[0]
            .message
            .contains("`income`, which needs `third`, which needs `workers`"),
        "{}",
        told[0].message
    );
    // What stands below without needing it is only in the wrong order.
    assert!(
        told.iter()
            .any(|mistake| mistake.reason == "FORWARD_REFERENCE" && mistake.line == 44),
        "{told:#?}"
    );
}

#[test]
fn names_are_defined_once_and_are_not_words_of_the_language() {
    assert_eq!(first("name = \"workers\"", "name = \"standard\""), "32:8 NAME_TWICE");
    assert_eq!(first("name = \"workers\"", "name = \"persons\""), "32:8 NAME_RESERVED");
    assert_eq!(first("name = \"workers\"", "name = \"sum\""), "32:8 NAME_RESERVED");
    assert_eq!(first("name = \"workers\"", "name = \"Workers\""), "32:8 NAME_INVALID");
}

#[test]
fn members_and_household_are_kept_apart() {
    assert_eq!(place("sum(age_coefficient)", "age_coefficient"), "36:12 SCOPE_WRONG");
    let member = GOOD.replacen(
        "scope = \"household\"\nunit = \"ratio\"",
        "scope = \"member\"\nunit = \"ratio\"",
        1,
    );
    assert_eq!(mistakes(&member)[0].reason, "SCOPE_WRONG");
}

#[test]
fn a_standard_is_not_negative() {
    assert_eq!(place("value = 520.50", "value = -520.50"), "18:9 VALUE_NEGATIVE");
    assert_eq!(
        place("to = 60, value = 1 }", "to = 60, value = -1 }"),
        "28:39 VALUE_NEGATIVE"
    );
}

#[test]
fn numbers_are_exact_or_refused() {
    assert_eq!(place("value = 520.50", "value = 5.2e2"), "18:9 TYPE_WRONG");
    assert_eq!(place("value = 520.50", "value = \"much\""), "18:9 TYPE_WRONG");
    assert!(Pack::parse("p.toml", &GOOD.replacen("520.50", "\"1041/2\"", 1)).is_ok());
}

#[test]
fn dates_exist_and_run_forward() {
    assert_eq!(place("\"2018-01-01\"", "\"2018-02-30\""), "7:14 DATE_INVALID");
    assert!(Pack::parse("p.toml", &GOOD.replacen("\"2018-01-01\"", "2018-01-01", 1)).is_ok());
    assert_eq!(
        place("\"2018-01-01\"", "\"2018-01-01\"\nvalid_to = \"2017-12-31\""),
        "8:12 PERIOD_REVERSED"
    );
}

#[test]
fn periods_of_a_parameter_do_not_overlap() {
    let with = |rows: &str| format!("value = 520.50\nperiods = [{rows}]");
    let one = r#"{ from = "2020-01-01", to = "2020-12-31", value = 1 }"#;
    assert!(Pack::parse("p.toml", &GOOD.replacen("value = 520.50", &with(one), 1)).is_ok());
    let two = format!("{one}, {{ from = \"2020-12-31\", value = 2 }}");
    assert_eq!(place("value = 520.50", &with(&two)), "19:67 ROWS_OVERLAP");
    let reversed = r#"{ from = "2020-01-01", to = "2019-01-01", value = 1 }"#;
    assert_eq!(place("value = 520.50", &with(reversed)), "19:12 PERIOD_REVERSED");
}

#[test]
fn ages_fit_one_row() {
    assert_eq!(place("from = 60, value", "from = 59, value"), "28:44 ROWS_OVERLAP");
    assert_eq!(place("from = 18, to = 60", "from = 60, to = 60"), "28:9 VALUE_INVALID");
}

#[test]
fn windows_are_stated_where_they_are_needed() {
    let (at, text) = broken("wage = \"prior_month\"\n", "");
    assert_eq!(at, "43:12 WINDOW_MISSING");
    assert!(text.contains("add `wage = \"prior_month\"`"));
    assert_eq!(place("\"twelve_months\"", "\"last_year\""), "12:12 VALUE_INVALID");
    assert_eq!(place("{ months = 3 }", "{ months = 61 }"), "13:12 VALUE_INVALID");
}

#[test]
fn an_amount_says_how_it_is_rounded() {
    assert_eq!(
        place("round = { to = \"0.01\", mode = \"half_up\" }\n", ""),
        "54:1 KEY_MISSING"
    );
    assert_eq!(place("to = \"0.01\"", "to = \"0.001\""), "54:1 VALUE_INVALID");
    assert_eq!(place("to = \"0.01\"", "to = 0"), "58:16 VALUE_INVALID");
    assert_eq!(place("half_up", "nearest"), "58:31 VALUE_INVALID");
}

#[test]
fn keys_are_known_and_present() {
    let (at, text) = broken(
        "scope = \"household\"\nunit = \"ratio\"",
        "scoop = \"household\"\nscope = \"household\"\nunit = \"ratio\"",
    );
    assert_eq!(at, "34:1 KEY_UNKNOWN");
    assert!(text.contains("did you mean `scope`?"), "{text}");
    assert_eq!(place("kind = \"income\"\n", ""), "47:1 KEY_MISSING");
    assert_eq!(place("kind = \"income\"", "kind = 1"), "50:8 TYPE_WRONG");
    assert_eq!(
        place("jurisdiction = \"511703\"", "jurisdiction = \"Dachuan\""),
        "5:16 VALUE_INVALID"
    );
}

#[test]
fn a_rule_names_its_law_or_its_assumption() {
    let (from, to) = (
        "formula = \"sum(age_coefficient)\"\nreference = \"a law\"",
        "formula = \"sum(age_coefficient)\"\n",
    );
    assert_eq!(place(from, to), "31:1 KEY_MISSING");
    let assumed = format!("{to}assumption = {{ zh = \"假设\", en = \"assumed\" }}");
    let pack = Pack::parse("p.toml", &GOOD.replacen(from, &assumed, 1)).unwrap();
    assert_eq!(pack.assumptions()[0].en, "assumed");
}

#[test]
fn a_parameter_that_nothing_uses_is_a_mistake() {
    assert_eq!(place("sum(age_coefficient)", "0"), "23:8 UNUSED");
}

#[test]
fn facts_are_asked_for_before_they_are_used() {
    let needs = "reference = \"a law\"\nneeds = [\"income\", \"land\"]\n\n[windows]";
    let found = mistakes(&GOOD.replacen("reference = \"a law\"\n\n[windows]", needs, 1));
    assert!(
        found
            .iter()
            .all(|m| m.reason == "NEEDS_MISSING" && m.line == 9 && m.column == 9),
        "{found:#?}"
    );
    let word = "reference = \"a law\"\nneeds = [\"incom\"]\n\n[windows]";
    let found = mistakes(&GOOD.replacen("reference = \"a law\"\n\n[windows]", word, 1));
    assert_eq!(
        (found[0].reason, found[0].hint.as_deref()),
        ("VALUE_INVALID", Some("did you mean `income`?"))
    );
}

/// A rate of casual work that its source gives gross, and what comes off.
fn with_gross(formula: &str) -> Vec<(&'static str, String)> {
    let text = PackText::new()
        .windows("wage = \"prior_month\"\nproperty = \"twelve_months\"")
        .parameter("rate", "2_000", "yuan/month gross")
        .parameter("contributions", "300", "yuan/month")
        .parameter("tax", "10", "yuan/month gross")
        .parameter("standard", "500", "yuan/person/month")
        .test(
            "income",
            "income",
            &format!("{formula} and rate > tax and contributions < standard * persons"),
        )
        .text()
        .to_owned();
    let found = Pack::parse("p.toml", &text)
        .err()
        .map(|mistakes| mistakes.0)
        .unwrap_or_default();
    found
        .into_iter()
        .map(|m| (m.reason, m.hint.unwrap_or_default()))
        .collect()
}

#[test]
fn gross_and_net_are_never_mixed() {
    for mixed in [
        "income.wage + rate < standard * persons",
        "rate < standard * persons",
        "rate / persons < standard",
        "max(income.wage, rate) > 0",
        "if(persons > persons, rate, income.wage) > 0",
        "income.property / months_per_year - rate > 0",
        "rate * months_per_year == income.property",
        "rate / income.wage > 1",
        "net_of(rate, tax) < standard * persons",
        "net_of(income.wage, contributions) > 0",
        "net_of(net_of(rate, contributions), contributions) > 0",
        "net_of(rate * months_per_year, contributions) > 0",
    ] {
        let found = with_gross(mixed);
        assert!(matches!(found.as_slice(), [("UNIT_MISMATCH", _)]), "{mixed}: {found:?}");
    }
    for hinted in [
        "income.wage + rate < standard * persons",
        "rate < contributions",
        "net_of(rate, tax) < contributions",
    ] {
        let found = with_gross(hinted);
        assert!(found[0].1.contains("net_of(gross, deductions)"), "{hinted}: {found:?}");
    }
    for kept_apart in [
        "income.wage + net_of(rate, contributions) < standard * persons",
        "net_of((rate - tax) / persons, contributions / persons) < standard",
        "rate / tax > 1",
        "net_of(rate, 0) > 0",
        "net_of(0.5 * rate * months_per_year, income.property) > 0",
    ] {
        assert_eq!(with_gross(kept_apart), [], "{kept_apart}");
    }
}

/// A usual slip, wherever a value goes: file, line, column and what to do.
#[test]
fn mixed_units_are_told_with_their_place_and_a_hint() {
    const MONTHS: &str = "multiply or divide by months_per_year (12 months/year) to convert between months and years";
    const PERSONS: &str = "multiply or divide by persons to convert between the household and one person";
    const NET: &str = "one amount is gross, the other net; take off what comes off: net_of(gross, deductions)";
    let (compared, paid) = ("income < standard * persons", "standard * persons - income\"");
    let gross = [
        "520.50\nunit = \"yuan/person/month\"",
        "520.50\nunit = \"yuan/person/month gross\"",
    ];
    for (from, to, place, message, hints) in [
        // Added, compared, given by a step, paid.
        (
            " / months_per_year",
            "",
            "44:12",
            "cannot add yuan/month and yuan/year",
            vec![MONTHS],
        ),
        (
            compared,
            "income * months_per_year < standard * persons",
            "51:12",
            "cannot compare yuan/year and yuan/month",
            vec![MONTHS],
        ),
        (
            paid,
            "(standard * persons - income) * months_per_year\"",
            "56:12",
            "the amount is in yuan/month, but its formula gives yuan/year",
            vec![MONTHS],
        ),
        (
            compared,
            "income < standard",
            "51:12",
            "cannot compare yuan/month and yuan/person/month",
            vec![PERSONS],
        ),
        (
            paid,
            "standard - income / persons\"",
            "56:12",
            "the amount is in yuan/month, but its formula gives yuan/person/month",
            vec![PERSONS],
        ),
        (
            compared,
            "income * months_per_year < standard",
            "51:12",
            "cannot compare yuan/year and yuan/person/month",
            vec![MONTHS, PERSONS],
        ),
        (
            gross[0],
            gross[1],
            "51:12",
            "cannot compare yuan/month and yuan/month gross",
            vec![NET],
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = mistakes(&GOOD.replacen(from, to, 1));
        let wanted = format!("p.toml:{place}: UNIT_MISMATCH: {message} (hint: {})", hints.join("; "));
        assert_eq!(found[0].to_string(), wanted, "{to}");
    }
    let per_year = GOOD.replacen(gross[0], "520.50\nunit = \"yuan/person/year gross\"", 1);
    let all = format!("{NET}; {MONTHS}; {PERSONS}");
    let found = mistakes(&per_year.replacen(compared, "income < standard", 1));
    assert_eq!(found[0].hint.as_deref(), Some(all.as_str()));
    // What no slip explains has no hint that would mislead.
    assert_eq!(
        mistakes(&GOOD.replacen("workers < 9", "vehicles < persons", 1))[0].hint,
        None
    );
}

#[test]
fn a_net_amount_is_what_is_left_and_never_below_zero() {
    let left = |rate: &str| {
        let pack = PackText::new()
            .parameter("rate", rate, "yuan/month gross")
            .parameter("off", "300", "yuan/month")
            .step("household", "left", "yuan/month", "net_of(rate, off)")
            .test("income", "t", "left < off")
            .pack();
        let verdict = crate::testing::Case::single("2026-06-15").judge(&pack);
        crate::testing::traced(&verdict, "left", None).to_owned()
    };
    assert_eq!([left("301"), left("300"), left("299.99")], ["1", "0", "0"]);
}

#[test]
fn bad_toml_is_told_with_its_place() {
    let found = mistakes("[pack]\nid = \"x\nversion = 1\n");
    assert_eq!((found[0].line, found[0].reason), (2, "TOML_SYNTAX"), "{found:#?}");
    assert_eq!(mistakes("")[0].reason, "KEY_MISSING");
    assert_eq!(mistakes(&"#".repeat(super::MAX_PACK_BYTES + 1))[0].reason, "LIMIT");
}

#[test]
fn all_mistakes_of_a_file_are_told_at_once() {
    let text = GOOD
        .replacen("\"2018-01-01\"", "\"yesterday\"", 1)
        .replacen("520.50", "-1", 1)
        .replacen("sum(age_coefficient)", "sum(age_coefficient) +", 1)
        .replacen("income.property / months_per_year", "income.property", 1)
        .replacen("kind = \"income\"", "kind = \"wealth\"", 1)
        .replacen("mode = \"half_up\"", "mode = \"nearest\"", 1);
    let found: Vec<(usize, &str)> = mistakes(&text).iter().map(|m| (m.line, m.reason)).collect();
    let wanted = [
        (7, "DATE_INVALID"),
        (18, "VALUE_NEGATIVE"),
        (36, "FORMULA_SYNTAX"),
        (44, "UNIT_MISMATCH"),
        (50, "VALUE_INVALID"),
        (58, "VALUE_INVALID"),
    ];
    assert_eq!(found, wanted);
}

#[test]
fn the_place_in_a_formula_counts_characters_also_after_chinese_and_escapes() {
    let text = GOOD
        .replacen("formula = \"income <", "formula = '''\nincome <", 1)
        .replacen("workers < 9\"", "wrokers < 9'''", 1);
    let found = mistakes(&text);
    assert_eq!(
        (found[0].line, found[0].column, found[0].reason),
        (52, 33, "NAME_UNKNOWN")
    );
    let text = GOOD.replacen("\"sum(age_coefficient)\"", "\"sum(\\u0061ge_coefficients)\"", 1);
    assert_eq!((mistakes(&text)[0].line, mistakes(&text)[0].column), (36, 11));
}

#[test]
fn the_readme_lists_every_word_of_the_vocabulary() {
    let readme = include_str!("../../README.md");
    for name in vocabulary::fact_names() {
        // Words of circumstances stand in one table, in proto/README.md; this one tells how they are made.
        let stated = ["has.", "number.", "amount.", "years_since.", "months_since."];
        if let Some(start) = stated
            .iter()
            .find(|s| name.trim_start_matches("member.").starts_with(**s))
        {
            assert!(readme.contains(&format!("`{start}WORD`")), "{start}");
            continue;
        }
        assert!(
            readme.contains(&format!("`{name}`"))
                || readme.contains(&format!("`{}`", name.trim_start_matches("member."))),
            "{name}"
        );
    }
}

#[test]
fn the_pack_of_the_readme_loads() {
    let readme = include_str!("../../README.md");
    // The format, and a case of the same pack.
    let blocks = readme.split("```toml\n").skip(1).take(2);
    let text: String = blocks.filter_map(|block| block.split("```").next()).collect();
    let pack = Pack::parse("README.md", &text).map_err(|m| m.to_string()).unwrap();
    assert_eq!(pack.id(), "dibao-somewhere");
    let case = pack.run_cases().next().unwrap();
    assert_eq!(case.differences, []);
}
