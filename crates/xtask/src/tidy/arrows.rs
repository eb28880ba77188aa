//! The arrows between crates: which of ours each may be built on, and what it must never see.
//! Leaves versions, licences and duplicates to cargo-deny.

use super::manifest::dependencies;
use super::{Finding, Tree};

const RULE: &str = "arrow";

/// What one crate may be built on.
struct Arrows {
    name: &'static str,
    /// Those of ours that it may use. Sorted from the bottom up.
    ours: &'static [&'static str],
    /// Others' crates: none at all, or all but these.
    others: Others,
}

enum Others {
    None,
    Not(&'static [&'static str]),
}

/// Everything that a server may see.
const ALL: &[&str] = &[
    "hedui-ids",
    "hedui-toml",
    "hedui-core",
    "hedui-policy",
    "hedui-proto",
    "hedui-adapter",
    "hedui-log",
    "hedui-evidence",
    "hedui-broker",
    "hedui-sim",
    "hedui-server",
];

/// What a pure crate must not be able to reach: waiting, and chance.
const IMPURE: &[&str] = &[
    "tokio",
    "tokio-stream",
    "futures",
    "async-trait",
    "rand",
    "getrandom",
    "tonic",
    "axum",
    "reqwest",
    "hyper",
];

/// From the bottom up; crates/README.md draws it.
const CRATES: &[Arrows] = &[
    Arrows {
        name: "hedui-ids",
        ours: &[],
        others: Others::None,
    },
    Arrows {
        name: "hedui-toml",
        ours: &[],
        others: Others::Not(IMPURE),
    },
    Arrows {
        name: "hedui-core",
        ours: &["hedui-ids"],
        others: Others::Not(IMPURE),
    },
    Arrows {
        name: "hedui-policy",
        ours: &["hedui-ids", "hedui-toml", "hedui-core"],
        others: Others::Not(IMPURE),
    },
    Arrows {
        name: "hedui-proto",
        ours: &[],
        others: Others::Not(&[]),
    },
    Arrows {
        name: "hedui-adapter",
        ours: &["hedui-ids", "hedui-toml", "hedui-core", "hedui-proto"],
        others: Others::Not(&[]),
    },
    Arrows {
        name: "hedui-log",
        ours: &[],
        others: Others::Not(IMPURE),
    },
    Arrows {
        name: "hedui-evidence",
        ours: &["hedui-log"],
        others: Others::Not(&["tonic", "axum"]),
    },
    Arrows {
        name: "hedui-broker",
        ours: &[
            "hedui-ids",
            "hedui-core",
            "hedui-policy",
            "hedui-proto",
            "hedui-adapter",
            "hedui-log",
            "hedui-evidence",
        ],
        others: Others::Not(&["tonic", "axum"]),
    },
    Arrows {
        name: "hedui-sim",
        ours: &[
            "hedui-ids",
            "hedui-core",
            "hedui-policy",
            "hedui-proto",
            "hedui-adapter",
            "hedui-log",
            "hedui-evidence",
            "hedui-broker",
        ],
        others: Others::Not(&[]),
    },
    Arrows {
        name: "hedui-server",
        ours: ALL,
        others: Others::Not(&[]),
    },
    Arrows {
        name: "hedui-verify",
        ours: &["hedui-log"],
        others: Others::Not(&["tokio", "tonic", "axum", "reqwest", "hyper"]),
    },
    // Built before anything else, by everybody: it stays small.
    Arrows {
        name: "xtask",
        ours: &[],
        others: Others::Not(&["tokio", "clap", "serde"]),
    },
];

/// Reads every crate's manifest. `benches/` and `tests/` stand above all crates and may use any.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in tree.folders("crates/") {
        let path = format!("crates/{folder}/Cargo.toml");
        let Some(text) = tree.text(&path) else {
            findings.push(Finding::whole(
                RULE,
                &path,
                "is missing: a folder in crates/ is a crate",
            ));
            continue;
        };
        match CRATES.iter().find(|arrows| arrows.name == folder) {
            Some(arrows) => findings.extend(forbidden(arrows, &path, text)),
            None => findings.push(Finding::whole(
                RULE,
                &path,
                "is a new crate: give it a row in tidy/arrows.rs",
            )),
        }
        if !text.lines().any(|line| line.trim() == format!("name = \"{folder}\"")) {
            findings.push(Finding::whole(RULE, &path, "the crate is not named as its folder"));
        }
    }
    findings
}

fn forbidden(arrows: &Arrows, path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for dependency in dependencies(text) {
        let name = dependency.package.as_str();
        let is_ours = name == "xtask" || name.starts_with("hedui-");
        let allowed = match &arrows.others {
            _ if is_ours => arrows.ours.contains(&name),
            Others::None => false,
            Others::Not(never) => !never.contains(&name),
        };
        if !allowed {
            let message = format!("{} must not be built on {name}", arrows.name);
            findings.push(Finding::at(RULE, path, dependency.line, message));
        }
    }
    findings
}
