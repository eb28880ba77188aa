//! The dependencies that a Cargo.toml names, as far as the arrows between crates need them.
//! Leaves everything else of the format to cargo, which has accepted the file before this runs.

/// One dependency of a crate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// Name of the package, which is not the key where it is renamed.
    pub(crate) package: String,
    /// Line, from 1.
    pub(crate) line: usize,
}

/// What is linked into the crate or its build script: not what only its tests use.
pub(crate) fn dependencies(text: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut section = Section::Other;
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[') {
            section = Section::of(header.split(']').next().unwrap_or_default());
            if let Section::One(package) = &section {
                found.push(Dependency {
                    package: package.clone(),
                    line: number + 1,
                });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else {
            continue;
        };
        match &section {
            Section::Table => {
                let key = key.trim().trim_matches('"');
                let name = key.split('.').next().unwrap_or(key);
                let package = renamed(value).unwrap_or(name).to_owned();
                found.push(Dependency {
                    package,
                    line: number + 1,
                });
            }
            Section::One(_) if key.trim() == "package" => {
                if let Some(last) = found.last_mut() {
                    last.package = value.trim().trim_matches('"').to_owned();
                }
            }
            Section::One(_) | Section::Other => {}
        }
    }
    found
}

/// What the lines under a header are about.
enum Section {
    /// One dependency per line.
    Table,
    /// `[dependencies.name]`: the lines describe one.
    One(String),
    Other,
}

impl Section {
    /// `dependencies`, `build-dependencies`, and the same under `target.'cfg(...)'.`.
    fn of(header: &str) -> Self {
        let header = header.trim();
        for table in ["build-dependencies", "dependencies"] {
            let Some(place) = header.rfind(table) else { continue };
            let (before, rest) = header.split_at(place);
            if !(before.is_empty() || (before.starts_with("target.") && before.ends_with('.'))) {
                continue;
            }
            return match rest.strip_prefix(table).and_then(|name| name.strip_prefix('.')) {
                Some(name) => Self::One(name.trim_matches('"').to_owned()),
                None => Self::Table,
            };
        }
        Self::Other
    }
}

/// The package in `{ package = "name", ... }`.
fn renamed(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("package")?;
    rest.trim_start()
        .strip_prefix('=')?
        .trim_start()
        .strip_prefix('"')?
        .split('"')
        .next()
}
