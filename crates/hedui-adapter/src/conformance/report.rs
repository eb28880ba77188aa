//! How checks went.
//! Leaves running them to the checks, and how they are printed to the command line.

/// How one check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The rule is kept.
    Passed,
    /// It is broken.
    Failed,
    /// It cannot be tried here; the message says why.
    Skipped,
}

impl Outcome {
    /// The word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "PASSED",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "SKIPPED",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// Its name: stable.
    pub name: &'static str,
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// Whether the rule is kept.
    pub outcome: Outcome,
    /// What was found; no personal data.
    pub message: String,
}

/// What a check found: nothing, why it cannot be tried, or what is wrong.
pub(super) type Finding = Result<Option<String>, String>;

/// The report of a check.
pub(super) fn of(name: &'static str, rule: &'static str, finding: Finding) -> CheckReport {
    let (outcome, message) = match finding {
        Ok(None) => (Outcome::Passed, "kept".to_owned()),
        Ok(Some(why)) => (Outcome::Skipped, why),
        Err(what) => (Outcome::Failed, what),
    };
    CheckReport {
        name,
        rule,
        outcome,
        message,
    }
}
