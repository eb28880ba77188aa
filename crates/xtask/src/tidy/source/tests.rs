//! Splitting: the two views and the literals make up the file, whatever is nested in what.

use super::*;

fn code(text: &str) -> String {
    split(text).code.join("\n")
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn strings_characters_and_comments_are_not_code() {
    for (text, wanted) in [
        ("let a = \"{ // \\\" }\"; b", "let a = ; b"),
        ("let a = r#\"{ \" }\"#; b", "let a = ; b"),
        ("let a = br\"\\\"; b", "let a = ; b"),
        ("let a = '{'; let b = '\\''; c", "let a = ; let b = ; c"),
        ("fn f<'a>(x: &'a str) { }", "fn f<'a>(x: &'a str) { }"),
        ("a /* { /* } */ { */ b", "a b"),
        ("a // { b\nc", "a c"),
        (
            "let colour = \"x\"; for r in \"y\".chars() {}",
            "let colour = ; for r in .chars() {}",
        ),
        ("match x { 'a'..='z' => 1, _ => 2 }", "match x { ..= => 1, _ => 2 }"),
        ("a /**/ b", "a b"),
    ] {
        assert_eq!(squeezed(&code(text)), wanted, "in {text:?}");
    }
}

#[test]
fn comments_are_the_comments_only() {
    let split = split("//! head\nlet a = \"// no\"; // yes\n/* more */ b");
    assert_eq!(
        split.comments.iter().map(|line| squeezed(line)).collect::<Vec<_>>(),
        ["//! head", "// yes", "/* more */"]
    );
}

#[test]
fn every_view_has_every_line_of_the_file() {
    for text in [
        "",
        "a",
        "a\n",
        "\"two\nlines\"\nb\n",
        "/* two\nlines */\nb",
        "r#\"open",
        "\"open\n\n",
        "/* open\n\nb",
        "'",
    ] {
        let split = split(text);
        assert_eq!(split.code.len(), text.lines().count(), "{text:?}");
        assert_eq!(split.comments.len(), text.lines().count(), "{text:?}");
    }
}

#[test]
fn this_very_file_keeps_its_braces_balanced() {
    let code = code(include_str!("tests.rs"));
    assert_eq!(code.matches('{').count(), code.matches('}').count());
}

#[test]
fn a_word_is_not_found_inside_another() {
    assert!(has_word("use std::time::Instant;", "Instant"));
    assert!(!has_word("use Instantly;", "Instant"));
    assert!(!has_word("an_Instant", "Instant"));
    assert!(has_word("人Instant", "Instant") == has_word("aInstant", "Instant"));
    assert!(has_word("Instantly, or Instant", "Instant"));
}
