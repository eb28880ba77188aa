//! Laws of the hints.
//! Leaves where they are used to `config::tests`.

use super::{nearest, slips};

/// The definition, without the table.
fn by_definition(from: &[char], to: &[char]) -> usize {
    let ([a, from_rest @ ..], [b, to_rest @ ..]) = (from, to) else {
        return from.len().max(to.len());
    };
    let replaced = usize::from(a != b) + by_definition(from_rest, to_rest);
    let deleted = 1 + by_definition(from_rest, to);
    let inserted = 1 + by_definition(from, to_rest);
    let exchanged = match (from, to) {
        ([a, b, from_rest @ ..], [c, d, to_rest @ ..]) if a == d && b == c => 1 + by_definition(from_rest, to_rest),
        _ => usize::MAX,
    };
    replaced.min(deleted).min(inserted).min(exchanged)
}

proptest::proptest! {
    #[test]
    fn slips_are_counted_as_defined(from in "[a-c核]{0,6}", to in "[a-c核]{0,6}") {
        let chars = |text: &str| text.chars().collect::<Vec<_>>();
        proptest::prop_assert_eq!(slips(&from, &to), by_definition(&chars(&from), &chars(&to)));
    }
}

#[test]
fn a_near_name_is_hinted_and_a_far_one_is_not() {
    let names = ["listen", "threads", "drain"];
    assert_eq!(nearest("lisen", names.into_iter()), Some("listen"));
    assert_eq!(nearest("drian", names.into_iter()), Some("drain"));
    assert_eq!(nearest("colour", names.into_iter()), None);
    assert_eq!(nearest(&"x".repeat(65), names.into_iter()), None);
    assert_eq!(nearest("listen", [].into_iter()), None);
}
