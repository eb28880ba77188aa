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
        "yuan gross",
        "yuan/person/month gross",
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
        "gross",
        "yuangross",
        "yuan gross gross",
        "months gross",
        "ratio gross",
        "gross yuan",
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

#[test]
fn gross_stays_gross_until_something_is_taken_off() {
    let unit = |text| Unit::parse(text).unwrap();
    let gross = unit("yuan/month gross");
    assert_eq!(gross.per(Unit::PERSONS), Some(unit("yuan/person/month gross")));
    assert_eq!(gross.times(Unit::MONTHS_PER_YEAR), Some(unit("yuan/year gross")));
    assert_eq!(gross.net(), Some(Unit::YUAN_PER_MONTH));
    assert_eq!(Unit::YUAN_PER_MONTH.net(), None);
    assert_ne!(gross, Unit::YUAN_PER_MONTH);
    assert_eq!(gross.per(gross), Some(Unit::RATIO));
    // What part of a gross amount a net one is tells nothing that a formula may use.
    assert_eq!(gross.per(Unit::YUAN_PER_MONTH).unwrap().to_string(), "ratio gross");
    assert_eq!(gross.times(gross).unwrap().net(), None);
    assert!(gross.conversion_hint(Unit::YUAN_PER_MONTH).unwrap().contains("net_of"));
}
