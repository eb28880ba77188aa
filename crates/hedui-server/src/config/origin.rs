//! Where each setting came from, for `hedui config` and for whoever finds later that a setting does not fit.
//! Leaves what the settings mean to `config`.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use hedui_core::DepartmentId;

use super::mistake::Report;
use super::{Config, ConfigErrors, hint};

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// Where a value came from. A later variant overrides an earlier one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// Nothing was said.
    Default,
    /// The configuration file.
    File {
        /// As it was named.
        path: Arc<Path>,
        /// `None` for the file as a whole.
        position: Option<Position>,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// A flag, by its dotted key.
    Flag(String),
}

/// `default`, `hedui.toml:3:9`, `environment HEDUI__SERVER__LISTEN`, `flag server.listen`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File {
                path,
                position: Some(at),
            } => write!(f, "{}:{}:{}", path.display(), at.line, at.column),
            Origin::File { path, position: None } => write!(f, "{}", path.display()),
            Origin::Environment(variable) => write!(f, "environment {variable}"),
            Origin::Flag(key) => write!(f, "flag {key}"),
        }
    }
}

/// One resolved setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Dotted, for example `server.listen` or `callers[0].roles`.
    pub key: String,
    /// As the file would say it without its quotes; hidden where it may be a secret.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// The configuration, and where every part of it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// The settings.
    pub config: Config,
    /// The same settings one by one, in a fixed order.
    pub origins: Vec<Setting>,
}

impl Loaded {
    /// Where a setting came from, by its dotted key.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.origins
            .iter()
            .find(|setting| setting.key == key)
            .map(|setting| &setting.origin)
    }

    /// Checks the departments that the configuration names against those of the catalogue, once that is read.
    ///
    /// # Errors
    /// Every department that is listed or overridden and is not in `known`, with where it stands.
    pub fn check_departments(&self, known: &[&DepartmentId]) -> Result<(), ConfigErrors> {
        let mut report = Report::default();
        let mut check = |id: &str, key: &str, prefix: bool| {
            if known.iter().any(|department| department.as_str() == id) {
                return;
            }
            let setting = self
                .origins
                .iter()
                .find(|s| if prefix { s.key.starts_with(key) } else { s.key == key });
            let origin = setting.map_or(Origin::Default, |setting| setting.origin.clone());
            let message = format!("the catalogue has no department `{id}`");
            let hint =
                hint::nearest(id, known.iter().map(|id| id.as_str())).map(|near| format!("did you mean `{near}`?"));
            report.add(&origin, key.trim_end_matches('.'), "DEPARTMENT_UNKNOWN", message, hint);
        };
        for id in self.config.catalogue.departments.iter().flatten() {
            check(id, "catalogue.departments", false);
        }
        for id in self.config.catalogue.overrides.keys() {
            check(id.as_str(), &format!("catalogue.overrides.{id}."), true);
        }
        report.finish()
    }
}
