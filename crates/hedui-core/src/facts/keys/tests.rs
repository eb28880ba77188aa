//! The short ways to a key lead to the same form as the rules.
//! Leaves what keys decide to the tests of figures.

use proptest::prelude::*;
use smol_str::SmolStr;

use super::{by_the_rules, key};

proptest! {
    #[test]
    fn the_short_ways_lead_where_the_rules_do(
        text in prop_oneof!["[0-9A-Za-z]{0,45}", "[\\u{4E00}-\\u{9FFF}a-zA-Z0-9]{0,30}", "[!-~\\u{4000}-\\u{9FFF}]{0,12}", "[ A-Za-z0-9\\u{3000}\\u{FF21}\\u{FF41}李張·]{0,20}", ".{0,12}"],
    ) {
        prop_assert_eq!(key(&SmolStr::new(&text)), by_the_rules(&text));
    }
}
