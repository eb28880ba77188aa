//! The pure crates neither wait nor look outside: no clock, chance, files, network or environment in their sources.
//! Leaves their dependencies to `arrows`; their tests may read files.

use super::source::{Source, has_word};
use super::{Finding, Tree, tree::is_test};

const RULE: &str = "purity";

/// Folders of the pure crates' sources.
const PURE: [&str; 4] = [
    "crates/hedui-core/src/",
    "crates/hedui-log/src/",
    "crates/hedui-policy/src/",
    "crates/hedui-toml/src/",
];

/// The one file that may read a folder of packs: its name, up to the ending.
const LOADER_FOLDER: &str = "crates/hedui-policy/src/";

/// Words that stand for something outside.
const WORDS: [&str; 7] = ["tokio", "rand", "getrandom", "SystemTime", "Instant", "async", "await"];

/// Modules of the standard library that reach outside.
const MODULES: [&str; 5] = ["fs", "net", "env", "process", "thread"];

/// Looks at every source of the pure crates that is not a test.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut loaders = Vec::new();
    for (path, source) in tree.sources() {
        if !PURE.iter().any(|folder| path.starts_with(folder)) || is_test(path) {
            continue;
        }
        for (number, what) in outside(source) {
            if what == "std::fs" && is_loader(path) {
                loaders.push(path);
            } else {
                findings.push(Finding::at(
                    RULE,
                    path,
                    number,
                    format!("a pure crate has no `{what}`: take it as an argument"),
                ));
            }
        }
    }
    loaders.dedup();
    let extra = loaders.iter().skip(1);
    findings.extend(extra.map(|path| Finding::whole(RULE, path, "is a second file that reads packs: one is enough")));
    findings
}

fn is_loader(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    path.starts_with(LOADER_FOLDER) && name.starts_with("load")
}

/// What reaches outside, with its line from 1.
fn outside(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_group = false;
    for (index, line) in source.code.iter().enumerate() {
        found.extend(
            WORDS
                .iter()
                .filter(|word| has_word(line, word))
                .map(|word| (index + 1, (*word).to_owned())),
        );
        in_group = in_group || line.contains("std::{");
        for module in MODULES {
            let alone = has_word(line, &format!("std::{module}"));
            if alone || (in_group && has_word(line, module)) {
                found.push((index + 1, format!("std::{module}")));
            }
        }
        in_group = in_group && !line.contains(';');
    }
    found
}
