//! No Rust file is longer than a reader can hold in the head.
//! Leaves functions to `functions`, and where to cut to a person.

use super::{Finding, Tree, tree::is_test};

const RULE: &str = "file-length";

/// Beyond this a file holds two ideas. Aim for 300.
const MAX_LINES: usize = 500;

/// Tests are lists of cases: they are looked up, not read from top to bottom.
const MAX_TEST_LINES: usize = 1_000;

/// Counts the lines of every Rust file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    tree.sources()
        .filter_map(|(path, source)| {
            let limit = if is_test(path) { MAX_TEST_LINES } else { MAX_LINES };
            let lines = source.code.len();
            (lines > limit).then(|| Finding::whole(RULE, path, format!("has {lines} lines, the limit is {limit}")))
        })
        .collect()
}
