//! The first line of every Rust file says what the file is for.
//! Leaves whether the sentence is good to a person.

use super::{Finding, Tree};

const RULE: &str = "first-line";

/// Looks at the first line of every Rust file, tests and build scripts too.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources()
        .filter(|(_, source)| {
            let first = source.comments.first().map(String::as_str).unwrap_or_default();
            first
                .strip_prefix("//!")
                .is_none_or(|purpose| purpose.trim().is_empty())
        })
        .map(|(path, _)| Finding::at(RULE, path, 1, "begins with `//!` and what the file is for"))
        .collect()
}
