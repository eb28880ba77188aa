//! No path of one machine and no host of one registry: the repository builds anywhere.
//! Leaves which registry cargo uses to the machine's own configuration, and which is allowed to `.deny.toml`.

use super::{Finding, Tree, tree::is_test};

const PATHS: &str = "machine-path";
const HOSTS: &str = "registry-host";

/// First folders of paths that exist on somebody's machine only.
const MACHINE_FOLDERS: [&str; 5] = ["home", "root", "work", "Users", "tmp"];

/// Parts of host names that stand for a copy of a registry, or the way to one.
const REGISTRY_HOSTS: [&str; 6] = ["crates.io", "mirror", "registry", "proxy", "artifactory", "nexus"];

/// Host names that are nobody's: example addresses (RFC 2606), and the page of a crate for people.
const NOBODYS: [&str; 5] = ["crates.io", "localhost", ".example", ".test", ".invalid"];

/// The one source of crates, as the lock file writes it.
const CRATES_IO: &str = "\"registry+https://github.com/rust-lang/crates.io-index\"";

/// Looks at every line of text.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| !path.contains(".min.")) {
        for (number, line) in text.lines().enumerate() {
            if path == "Cargo.lock" {
                findings.extend(foreign_source(line).map(|source| {
                    Finding::at(
                        HOSTS,
                        path,
                        number + 1,
                        format!("comes from elsewhere than crates.io: {source}"),
                    )
                }));
                continue;
            }
            if !is_test(path) {
                findings.extend(machine_paths(path, line).map(|folder| {
                    Finding::at(PATHS, path, number + 1, format!("/{folder}/ is a path of one machine"))
                }));
            }
            findings.extend(registry_hosts(line).map(|host| {
                Finding::at(
                    HOSTS,
                    path,
                    number + 1,
                    format!("{host} belongs into the machine's own configuration"),
                )
            }));
            if path.starts_with(".cargo/") && (line.starts_with("[source") || line.starts_with("[registr")) {
                findings.push(Finding::at(
                    HOSTS,
                    path,
                    number + 1,
                    "a registry belongs into the machine's own configuration",
                ));
            }
        }
    }
    findings
}

fn foreign_source(line: &str) -> Option<&str> {
    line.strip_prefix("source = ").filter(|source| *source != CRATES_IO)
}

/// Machine folders named in a line. The folder for temporary files may stand in prose, but not in code.
fn machine_paths<'a>(path: &str, line: &'a str) -> impl Iterator<Item = &'static str> + 'a {
    let is_code = path.ends_with(".rs");
    MACHINE_FOLDERS.into_iter().filter(move |folder| {
        let wanted = format!("/{folder}/");
        (is_code || *folder != "tmp") && line.match_indices(&wanted).any(|(place, _)| begins_path(line, place))
    })
}

/// Whether the slash at `place` begins a path rather than continuing one.
fn begins_path(line: &str, place: usize) -> bool {
    let before = line.get(..place).unwrap_or_default();
    let file_address = before.ends_with("file://");
    file_address || !before.ends_with(|character: char| character.is_alphanumeric() || "._-/}~)*>".contains(character))
}

fn registry_hosts(line: &str) -> impl Iterator<Item = &str> {
    line.split("://").skip(1).filter_map(|rest| {
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && !".-".contains(character));
        let host = rest.get(..end.unwrap_or(rest.len()))?;
        let nobodys = NOBODYS
            .iter()
            .any(|name| host == *name || (name.starts_with('.') && host.ends_with(name)));
        (!nobodys && REGISTRY_HOSTS.iter().any(|part| host.contains(part))).then_some(host)
    })
}
