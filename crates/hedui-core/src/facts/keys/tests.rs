//! The short ways to a key lead to the same form as the rules.
//! Leaves what keys decide to the tests of figures.

use proptest::prelude::*;
use smol_str::SmolStr;

use super::{by_the_rules, identifying_number, key, number_by_the_rules, organisation, organisation_by_the_rules};

proptest! {
    #[test]
    fn the_short_ways_lead_where_the_rules_do(
        text in prop_oneof!["[0-9A-Za-z]{0,45}", "[\\u{4E00}-\\u{9FFF}a-zA-Z0-9]{0,30}", "[!-~\\u{4000}-\\u{9FFF}]{0,12}", "[ A-Za-z0-9\\u{3000}\\u{FF21}\\u{FF41}李張·]{0,20}", ".{0,12}"],
    ) {
        prop_assert_eq!(key(&SmolStr::new(&text)), by_the_rules(&text));
    }

    #[test]
    fn ordinary_numbers_are_what_the_rules_make_of_them(
        text in prop_oneof![
            "[0-9A-Za-z]{0,36}", "[0-9]{5,21}", "[0-9]{10,16}0{5,7}", "[0-9A-HJ-NPQRTUWXY]{18}", "[0-9]{15}", "[Aa1]{6,9}", "[0-9]{4}[xX*]{2,8}[0-9]{0,4}",
            "0?1?2?3?4?5?6?7?8?9?0?", "[0-9A-F-]{6,20}",
        ],
    ) {
        let text = SmolStr::new(&text);
        prop_assert_eq!(identifying_number(&text), number_by_the_rules(&text));
        prop_assert_eq!(organisation(&text), organisation_by_the_rules(&text));
    }
}
