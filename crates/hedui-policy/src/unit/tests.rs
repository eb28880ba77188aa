//! Laws of units.

use super::Unit;

#[test]
fn a_unit_reads_back_as_it_is_written() {
    for text in [
        "yuan",
        "yuan/month",
        "yuan/year",
        "yuan/person/month",
        "yuan/person/year",
        "persons",
        "months",
        "years",
        "pieces",
        "ratio",
        "months/year",
        "1/month",
        "pieces/person",
        "sqm",
        "sqm/person",
    ] {
        assert_eq!(Unit::parse(text).unwrap().to_string(), text);
    }
}

#[test]
fn the_order_of_divisors_and_the_plural_do_not_matter() {
    assert_eq!(Unit::parse("yuan/month/person"), Unit::parse("yuan/person/month"));
    assert_eq!(Unit::parse("person"), Unit::parse("persons"));
    assert_eq!(Unit::parse("month / year"), Unit::parse("months/year"));
}

#[test]
fn what_is_no_unit_is_refused() {
    for text in [
        "",
        "/",
        "yuan/",
        "rmb",
        "yuan*month",
        "yuan per month",
        "ratio/ratio",
        "Yuan",
    ] {
        assert_eq!(Unit::parse(text), None, "{text}");
    }
}

#[test]
fn months_per_year_converts_a_month_into_a_year() {
    assert_eq!(
        Unit::YUAN_PER_MONTH.times(Unit::MONTHS_PER_YEAR),
        Some(Unit::YUAN_PER_YEAR)
    );
    assert_eq!(
        Unit::YUAN_PER_YEAR.per(Unit::MONTHS_PER_YEAR),
        Some(Unit::YUAN_PER_MONTH)
    );
}

#[test]
fn powers_that_do_not_fit_are_no_unit() {
    let mut unit = Unit::YUAN;
    let mut steps = 0;
    while let Some(next) = unit.times(unit) {
        unit = next;
        steps += 1;
    }
    assert_eq!(steps, 6);
}

#[test]
fn a_month_against_a_year_is_explained() {
    assert!(
        Unit::YUAN_PER_MONTH
            .conversion_hint(Unit::YUAN_PER_YEAR)
            .unwrap()
            .contains("months_per_year")
    );
    assert!(
        Unit::YUAN
            .conversion_hint(Unit::parse("yuan/person").unwrap())
            .unwrap()
            .contains("persons")
    );
    assert!(
        Unit::PIECES
            .conversion_hint(Unit::RATIO)
            .unwrap()
            .contains("[[parameter]]")
    );
}
