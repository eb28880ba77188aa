//! The calculator against the source's two years, its floors, and files with mistakes.

use super::*;

fn reckon(text: &str) -> Standards {
    Yearbook::parse("data.toml", text)
        .expect("it reads")
        .standards()
        .expect("it fits")
}

fn reasons(text: &str) -> Vec<(usize, &'static str)> {
    let mistakes = Yearbook::parse("data.toml", text).expect_err("it has mistakes");
    mistakes.0.iter().map(|m| (m.line, m.reason)).collect()
}

fn of(standards: &Standards, name: &str) -> Ratio {
    standards
        .alternatives
        .iter()
        .find(|a| a.name == name)
        .expect("it is there")
        .yearly
}

fn data(extra: &str) -> String {
    format!(
        "[yearbook]\nyear = 2015\nresidence = \"rural\"\nreference = \"yearbook\"\n[consumption]\n\
         two_no_worries = 2700.13\nthree_guarantees = 3301.64\nothers = 1342.02\n{extra}"
    )
}

#[test]
fn the_two_years_of_the_source_come_out() {
    let of_2014 = reckon(TEMPLATE);
    assert_eq!((of_2014.year, of_2014.result), (2016, Ratio::from(2962)));
    let of_2015 = reckon(&data(""));
    assert_eq!((of_2015.year, of_2015.result), (2017, Ratio::from(3494)));
    assert_eq!(of(&of_2015, "low_income_200"), Ratio::from(6988));
    let monthly = of_2015.alternatives.first().expect("one").monthly;
    assert_eq!(monthly.to_string(), "291.17");
}

#[test]
fn categories_make_the_same_groups() {
    let text = data("").replace("two_no_worries = 2700.13", "food = 2000\nclothing = 700.13");
    assert_eq!(reckon(&text).result, Ratio::from(3494));
}

#[test]
fn the_highest_floor_that_applies_raises_the_result() {
    let floors =
        "[floors]\npoverty_line = 3000\nprovincial_median = { urban = 90000, rural = 12000, merged = 50000 }\n";
    let raised = reckon(&data(floors));
    assert_eq!(
        (raised.result, raised.raised_by),
        (Ratio::from(3600), Some("floor_rural"))
    );
    // The floors for others are shown, and raise nothing.
    assert_eq!(of(&raised, "floor_urban"), Ratio::from(18_000));
    let line = reckon(&data("[floors]\npoverty_line = 3494.5\n"));
    assert_eq!(
        (line.result.to_string().as_str(), line.raised_by),
        ("3494.5", Some("poverty_line"))
    );
    let equal = reckon(&data("[floors]\npoverty_line = 3494\n"));
    assert_eq!((equal.result, equal.raised_by), (Ratio::from(3494), None));
}

#[test]
fn every_mistake_is_told_with_its_line() {
    assert_eq!(
        reasons("x = 1"),
        [(1, "KEY_MISSING"), (1, "KEY_MISSING"), (1, "KEY_UNKNOWN")]
    );
    assert_eq!(reasons("[yearbook"), [(1, "TOML_SYNTAX")]);
    assert_eq!(reasons(&data("food = 1\n")), [(6, "VALUE_INVALID")]);
    assert_eq!(
        reasons(&data("").replace("others = 1342.02\n", "other = -1\n")),
        [(5, "KEY_MISSING"), (5, "KEY_MISSING"), (8, "VALUE_NEGATIVE")]
    );
    assert_eq!(reasons(&data("[shares]\nothers = 1.1\n")), [(10, "VALUE_INVALID")]);
    assert_eq!(reasons(&data("").replace("2015", "15")), [(2, "VALUE_INVALID")]);
    assert_eq!(
        reasons(&data("").replace("\"rural\"", "\"both\"")),
        [(3, "VALUE_INVALID")]
    );
}

#[test]
fn numbers_beyond_reckoning_are_no_panic() {
    let huge = data("").replace("2700.13", "999999999999999999999999999999");
    let read = Yearbook::parse("data.toml", &huge).expect("it reads");
    // Whether it fits or not: an answer, never a wrapped number.
    if let Some(standards) = read.standards() {
        assert!(standards.result >= Ratio::parse("999999999999999999999999999999").expect("a number"));
    }
}
