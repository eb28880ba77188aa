//! Words that say that work is unfinished, or that a test does not test.
//! Leaves panics and prints to clippy.

use super::source::{Source, has_word};
use super::{Finding, Tree};

const RULE: &str = "word";

/// Work that is left belongs into the tracker, where it has an owner.
const MARKERS: [&str; 3] = ["TODO", "FIXME", "XXX"];

/// What code never says, and what to do instead.
const BANNED: [(&str, &str); 5] = [
    ("todo!", "finish it or leave it out"),
    ("unimplemented!", "finish it or leave it out"),
    ("dbg!", "use tracing"),
    ("#[ignore", "repair the test or delete it"),
    ("thread::sleep", "wait for the event; time is an argument"),
];

/// Looks at code and comments of Rust files, and at every other text.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources() {
        findings.extend(markers(path, source.comments.iter().map(String::as_str)));
        findings.extend(banned(path, source));
        findings.extend(ignored_examples(path, source));
    }
    for (path, text) in tree.texts().filter(|(path, _)| is_prose(path)) {
        findings.extend(markers(path, text.lines()));
    }
    findings
}

/// Text of ours other than Rust. Data and what others wrote is exempt.
fn is_prose(path: &str) -> bool {
    let data = [".rs", ".csv", ".lock", ".svg", ".snap", ".proptest-regressions"];
    path != "LICENSE" && !path.contains(".min.") && !data.iter().any(|ending| path.ends_with(ending))
}

fn markers<'a>(path: &str, lines: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in lines.enumerate() {
        for marker in MARKERS.iter().filter(|marker| has_word(line, marker)) {
            findings.push(Finding::at(
                RULE,
                path,
                number + 1,
                format!("{marker}: put it into the tracker, or do it"),
            ));
        }
    }
    findings
}

fn banned(path: &str, source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in source.code.iter().enumerate() {
        for (word, instead) in BANNED {
            if begins_word(line, word) {
                findings.push(Finding::at(RULE, path, number + 1, format!("`{word}`: {instead}")));
            }
        }
    }
    findings
}

/// Whether `word` stands in `line` and is not the end of a longer word.
fn begins_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(place, _)| {
        let before = line.get(..place).and_then(|text| text.chars().next_back());
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

/// Examples in documentation that the compiler is told not to look at.
fn ignored_examples(path: &str, source: &Source) -> Vec<Finding> {
    let fence = |line: &&String| {
        line.split_once("```")
            .is_some_and(|(_, attributes)| has_word(attributes, "ignore"))
    };
    let numbered = source.comments.iter().enumerate();
    numbered
        .filter(|(_, line)| fence(line))
        .map(|(number, _)| {
            Finding::at(
                RULE,
                path,
                number + 1,
                "an ignored example rots: let it compile, or call it text",
            )
        })
        .collect()
}
