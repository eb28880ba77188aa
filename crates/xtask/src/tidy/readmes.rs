//! Every folder at the top level and every crate explains itself in a README.md of its own.
//! Leaves what it says to its readers, beyond that it has a title.

use super::{Finding, Tree};

const RULE: &str = "readme";

/// Looks into every folder that a newcomer meets first.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let top = tree.folders("").into_iter().filter(|name| !name.starts_with('.'));
    let crates = tree.folders("crates/").into_iter().map(|name| format!("crates/{name}"));
    top.chain(crates)
        .filter_map(|folder| {
            let path = format!("{folder}/README.md");
            match tree.text(&path) {
                None => Some(Finding::whole(RULE, &path, "is missing: say what the folder is for")),
                Some(text) if !text.starts_with("# ") => {
                    Some(Finding::at(RULE, &path, 1, "begins with `# ` and a title"))
                }
                Some(_) => None,
            }
        })
        .collect()
}
