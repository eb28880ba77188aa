//! What a clerk reads says what the verdict says: nothing is rounded over a border, nothing is lost.
//! Leaves the layout to the tests of the report.

use hedui_policy::ratio::Ratio;
use proptest::prelude::*;

use super::*;

#[test]
fn names_are_told_by_their_titles_and_signs_as_on_paper() {
    let titled = |pairs: &[(&'static str, &'static str)]| -> Titles<'static> {
        pairs
            .iter()
            .map(|(name, title)| (*name, Cow::Borrowed(*title)))
            .collect()
    };
    let titles = titled(&[
        ("income.wage", "wages, net"),
        ("persons", "members"),
        ("standard", "the standard"),
    ]);
    let read = |text: &str| formula(text, &titles, Lang::En);
    assert_eq!(
        read("income.wage / persons <= standard"),
        "[wages, net] ÷ [members] ≤ [the standard]"
    );
    assert_eq!(read("max(0, income.wage * 2)"), "the greatest of (0, [wages, net] × 2)");
    // A name that nobody titled, and one that begins like another.
    assert_eq!(read("income.wages + persons2"), "income.wages + persons2");
    let zh = titled(&[("income.wage", "工资性收入"), ("persons", "人数")]);
    assert_eq!(
        formula(
            "round(income.wage / persons, 0.1, half_up) != 0 and not member.minor",
            &zh,
            Lang::Zh
        ),
        "取整(「工资性收入」 ÷ 「人数」, 0.1, 四舍五入) ≠ 0 且 非 member.minor"
    );
}

#[test]
fn numbers_are_decimals_and_open_ends_are_words() {
    let read = |text: &str| numbers(text, Lang::En);
    assert_eq!(read("(4361/15) < 520"), "290.7333… < 520");
    assert_eq!(read("520 - (-1/3)"), "520 - (-0.3333…)");
    assert_eq!(read("[0, inf] <= 1"), "(unknown) ≤ 1");
    assert_eq!(read("[476.97, inf] / 3"), "(at least 476.97) ÷ 3");
    assert_eq!(read("[1/3, 7] + [-inf, 2]"), "(0.3333… to 7) + (at most 2)");
    assert_eq!(read("not (fails or holds) and open"), "not (no or yes) and open");
    assert_eq!(read("(1000 / 4)"), "(1000 ÷ 4)");
    assert_eq!(numbers("max(0, [0, inf]) == 1", Lang::Zh), "取较大(0, (不明)) = 1");
}

#[test]
fn values_have_units_in_words() {
    let told = |value: &str, unit: &str| [quantity(value, unit, Lang::Zh), quantity(value, unit, Lang::En)];
    assert_eq!(
        told("4361/15", "yuan/person/month"),
        [
            "290.7333… 元/人/月（准确值 4361/15）",
            "290.7333… yuan/person/month (exactly 4361/15)"
        ]
    );
    assert_eq!(
        told("[158.99, inf]", "yuan"),
        ["至少 158.99 元", "at least 158.99 yuan"]
    );
    assert_eq!(told("[0, inf]", "pieces"), ["不明", "unknown"]);
    assert_eq!(told("fails", "condition"), ["否", "no"]);
    assert_eq!(told("24", "months"), ["24 个月", "24 months"]);
    assert_eq!(told("1", "pieces"), ["1", "1"]);
    assert_eq!(
        told("2000", "yuan/month gross"),
        ["2000 元/月（扣减前）", "2000 yuan/month, before deductions"]
    );
}

proptest! {
    /// A fraction below a limit is never shown as the limit, nor one above it as less: it is cut off, and the mark says that more follows.
    #[test]
    fn a_decimal_is_cut_off_towards_zero(top in -1_000_000_000i64..1_000_000_000, bottom in 1i64..10_000) {
        let exact = Ratio::new(i128::from(top), i128::from(bottom)).unwrap();
        let text = exact.to_string();
        let Some(shown) = decimal(&text) else {
            prop_assert!(!text.contains('/'), "{}", text);
            return Ok(());
        };
        prop_assert_eq!(shown.starts_with('-'), top < 0);
        let read = Ratio::parse(shown.trim_start_matches('-').trim_end_matches('…')).unwrap();
        let size = if top < 0 { exact.checked_neg().unwrap() } else { exact };
        let off = size.checked_sub(read).unwrap();
        prop_assert!(off.signum() >= 0 && off < Ratio::parse("0.0001").unwrap(), "{} as {}", text, shown);
        prop_assert_eq!(off.signum() == 0, !shown.ends_with('…'), "{} as {}", text, shown);
    }

    /// Whatever a server sends is read without an end and without a panic.
    #[test]
    fn any_text_is_read(text in "\\PC{0,60}|[-a-z0-9_.()\\[\\]/*+<>=!, ]{0,60}", value in "[-0-9/inf,\\[\\] ]{0,20}") {
        let titles = Titles::from([("a", Cow::Borrowed("A"))]);
        for lang in [Lang::Zh, Lang::En] {
            formula(&text, &titles, lang);
            numbers(&text, lang);
            quantity(&value, &text, lang);
        }
    }
}
