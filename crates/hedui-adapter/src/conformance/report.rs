//! How checks went, for people and for programs.
//! Leaves running them to the checks.

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

/// The reports as JUnit XML, one suite: what continuous integration reads.
pub fn junit(suite: &str, reports: &[CheckReport]) -> String {
    let count = |outcome| reports.iter().filter(|r| r.outcome == outcome).count();
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
        escaped(suite),
        reports.len(),
        count(Outcome::Failed),
        count(Outcome::Skipped)
    );
    for report in reports {
        let head = format!(
            "    <testcase classname=\"{}\" name=\"{}\"",
            escaped(suite),
            escaped(report.name)
        );
        let message = escaped(&report.message);
        out.push_str(&match report.outcome {
            Outcome::Passed => format!("{head}/>\n"),
            Outcome::Failed => format!(
                "{head}>\n      <failure message=\"{message}\">{}</failure>\n    </testcase>\n",
                escaped(report.rule)
            ),
            Outcome::Skipped => format!("{head}>\n      <skipped message=\"{message}\"/>\n    </testcase>\n"),
        });
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Text in XML: marks escaped, characters that XML cannot hold replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
