//! The top level is given: nothing is added to it, and nothing of it is missing.
//! Leaves what stands in the folders to the other rules.

use super::{Finding, Tree};

const RULE: &str = "top-level";

/// Folders end in a slash. Besides these only dot-files.
const GIVEN: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "adapters/",
    "benches/",
    "crates/",
    "deploy/",
    "proto/",
    "tests/",
];

/// Compares what is there with what is given.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let there = tree.entries("");
    let added = there
        .iter()
        .filter(|name| !name.starts_with('.') && !GIVEN.contains(&name.as_str()))
        .map(|name| {
            Finding::whole(
                RULE,
                name,
                "does not belong at the top level: move it into one of the folders",
            )
        });
    let missing = GIVEN
        .iter()
        .filter(|name| !there.iter().any(|entry| entry == *name))
        .map(|name| Finding::whole(RULE, name, "is missing at the top level"));
    added.chain(missing).collect()
}
