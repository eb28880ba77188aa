//! Laws of comparing names.
//! Leaves similar names alone: these laws say what may be called the same, nothing fuzzy.

use std::{format, string::String};

use proptest::prelude::*;

use super::{Match, has_private_use, normalise, same};

/// Names and things like names, from all corners of the rules.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        "[张王李赵买热提阿卜杜拉]{1,4}",
        "[买热提]{1,3}[·•.‧・﹒．][阿卜杜拉]{1,3}",
        "[A-Za-zＡ-ｚ .]{1,12}",
        "[张王\u{E900}\u{F0001}李]{1,3}",
        "[张王 \u{3000}\u{200B}*?□a.]{0,5}",
        any::<String>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn normalising_twice_changes_nothing(name in names()) {
        let form = normalise(&name);
        prop_assert_eq!(normalise(&form), form);
    }

    #[test]
    fn comparing_is_symmetric(a in names(), b in names()) {
        prop_assert_eq!(same(&a, &b), same(&b, &a));
    }

    #[test]
    fn names_with_one_form_are_never_different_and_with_two_never_the_same(a in names(), b in names()) {
        let equal = normalise(&a) == normalise(&b);
        match same(&a, &b) {
            Match::Same | Match::SameAfterNormalising => prop_assert!(equal),
            Match::Different => prop_assert!(!equal && !has_private_use(&normalise(&a)) && !has_private_use(&normalise(&b))),
            Match::Doubtful => {}
        }
    }

    #[test]
    fn a_name_is_the_same_as_itself_in_any_typing(name in "[张王李赵]{2,4}|[买热]{2}·[阿卜]{2}", pad in "[ \u{3000}\u{200B}]{1,3}") {
        prop_assert_eq!(same(&name, &name), Match::Same);
        prop_assert_eq!(same(&name, &format!("{pad}{name}{pad}")), Match::SameAfterNormalising);
    }
}

#[test]
fn separators_are_one() {
    for point in ['.', '•', '‧', '・', '﹒', '．', '･', '∙'] {
        assert_eq!(
            same("买买提·阿卜杜拉", &format!("买买提{point}阿卜杜拉")),
            Match::SameAfterNormalising,
            "{point}"
        );
    }
    assert_eq!(
        same("买买提·阿卜杜拉", "买买提 · 阿卜杜拉"),
        Match::SameAfterNormalising
    );
    assert_eq!(same("买买提·阿卜杜拉", "买买提阿卜杜拉"), Match::Different);
}

#[test]
fn padding_inside_han_names_vanishes_but_latin_words_stay_apart() {
    assert_eq!(same("张　三", "张三"), Match::SameAfterNormalising);
    assert_eq!(normalise("  ＪＯＨＮ   Smith "), "john smith");
    assert_eq!(same("JOHN SMITH", "John Smith"), Match::SameAfterNormalising);
    assert_eq!(same("JOHNSMITH", "John Smith"), Match::Different);
    assert_eq!(normalise("J. Smith Jr."), "j·smith jr");
}

#[test]
fn different_names_are_different() {
    assert_eq!(same("张三", "张四"), Match::Different);
    assert_eq!(same("张三", "张三丰"), Match::Different);
}

#[test]
fn private_use_characters_raise_doubt_not_difference() {
    assert_eq!(same("王\u{E900}", "王䶮"), Match::Doubtful);
    assert_eq!(same("王\u{E900}", "王\u{E900}"), Match::Same);
    assert!(has_private_use("王\u{100000}") && !has_private_use("王䶮"));
}

#[test]
fn masked_lost_and_missing_names_prove_nothing() {
    for name in ["张*", "张＊", "张?", "张？", "张□", "张〓", "张\u{FFFD}", "", " "] {
        assert_eq!(same(name, "张三"), Match::Doubtful, "{name}");
        assert_eq!(same(name, name), Match::Doubtful, "{name}");
    }
}

#[test]
fn a_private_code_that_is_known_is_the_character_that_it_stood_for() {
    assert_eq!(same("王\u{E863}", "王䶮"), Match::SameAfterNormalising);
    assert_eq!(same("王\u{E863}", "王\u{E863}"), Match::Same);
    assert_eq!(same("王\u{E863}", "李䶮"), Match::Different);
    assert_eq!(super::encoded('王'), '王');
    let edges = ['\u{E814}', '\u{E865}'];
    assert!(edges.iter().all(|c| super::encoded(*c) == *c));
}
