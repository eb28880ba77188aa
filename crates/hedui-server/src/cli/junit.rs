//! JUnit XML, as continuous integration reads it: suites of cases that passed, failed or could not be tried.
//! Leaves running them to the commands. Well-formed whatever the texts hold; what XML has no character for is replaced.

use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// How a case went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// As it should.
    Passed,
    /// Otherwise: what was found in a line, and more about it, which may be empty.
    Failed { message: String, about: String },
    /// It was not tried, and why.
    Skipped(String),
}

/// One case.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub name: String,
    pub went: Went,
}

/// Cases that belong together.
#[derive(Clone, Debug)]
pub(super) struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

/// One document with all suites.
pub(super) fn document(name: &str, suites: &[Suite]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\">\n",
        escaped(name)
    );
    for suite in suites {
        let name = escaped(&suite.name);
        let count = |is: fn(&Went) -> bool| suite.cases.iter().filter(|case| is(&case.went)).count();
        let failures = count(|went| matches!(went, Went::Failed { .. }));
        let skipped = count(|went| matches!(went, Went::Skipped(_)));
        let tests = suite.cases.len();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" skipped=\"{skipped}\">"
        );
        for case in &suite.cases {
            let head = format!("    <testcase classname=\"{name}\" name=\"{}\"", escaped(&case.name));
            let _ = match &case.went {
                Went::Passed => writeln!(text, "{head}/>"),
                Went::Failed { message, about } if about.is_empty() => writeln!(
                    text,
                    "{head}>\n      <failure message=\"{}\"/>\n    </testcase>",
                    escaped(message)
                ),
                Went::Failed { message, about } => writeln!(
                    text,
                    "{head}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                    escaped(message),
                    escaped(about)
                ),
                Went::Skipped(why) => writeln!(
                    text,
                    "{head}>\n      <skipped message=\"{}\"/>\n    </testcase>",
                    escaped(why)
                ),
            };
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

/// Text in XML 1.0, in an attribute or between tags: marks escaped, ends of lines as spaces, characters that XML has not replaced.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\r' | '\t' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}') => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}
