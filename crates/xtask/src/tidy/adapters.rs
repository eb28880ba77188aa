//! Every department is a description and cases: both files are there. Kits for departments' programs stand beside them.
//! Leaves what they say to the adapter crate, whose tests load and run all of them.

use super::{Finding, Tree};

const RULE: &str = "adapter";

/// Looks into every folder of `adapters/`.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree
        .folders("adapters/")
        .iter()
        .filter(|folder| !folder.starts_with("sdk-"))
    {
        for name in ["department.toml", "cases.toml"] {
            let path = format!("adapters/{folder}/{name}");
            if !tree.has(&path) {
                findings.push(Finding::whole(
                    RULE,
                    &path,
                    "is missing: a department has a description and cases",
                ));
            }
        }
    }
    findings
}
