//! Differences between two reports of one household: what a recheck changed.
//! Leaves asking again to `broker`.

use hedui_core::{Bounds, Report};

use crate::evidence::outcome_code;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `department/housing/0`, `figure/dwellings`, `finding/UNDECLARED_SPOUSE`, `verdict/dibao`.
    pub subject: String,
    /// Before; empty where there was nothing.
    pub before: String,
    /// After; empty where there is nothing.
    pub after: String,
}

/// What is different, by department, figure, finding, verdict.
pub fn differences(old: &Report, new: &Report) -> Vec<Difference> {
    let (before, after) = (facets(old), facets(new));
    let mut found = Vec::new();
    for (subject, was) in &before {
        let is = after
            .iter()
            .find(|(s, _)| s == subject)
            .map(|(_, v)| v.clone())
            .unwrap_or_default();
        if *was != is {
            found.push(Difference {
                subject: subject.clone(),
                before: was.clone(),
                after: is,
            });
        }
    }
    for (subject, is) in after {
        if !before.iter().any(|(s, _)| *s == subject) {
            found.push(Difference {
                subject,
                before: String::new(),
                after: is,
            });
        }
    }
    found
}

/// What can differ, each under its name.
fn facets(report: &Report) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in &report.departments {
        for subject in &line.subjects {
            let value = format!("{}, {} record(s)", subject.state, subject.records);
            all.push((format!("department/{}/{}", line.department, subject.ordinal), value));
        }
    }
    for named in &report.figures {
        all.push((
            format!("figure/{}", named.name),
            format!("{} {}", bounds(named.figure.bounds), named.unit),
        ));
    }
    for finding in &report.findings {
        let whom = finding.subject.map(|s| format!("/{s}")).unwrap_or_default();
        let name = format!("finding/{}{whom}", finding.code);
        if !all.iter().any(|(n, _)| *n == name) {
            all.push((name, "present".to_owned()));
        }
    }
    for verdict in &report.verdicts {
        all.push((
            format!("verdict/{}", verdict.programme),
            outcome_code(verdict.outcome).to_owned(),
        ));
        if let Some(amount) = &verdict.amount {
            let value = bounds(Bounds {
                lo: Some(amount.lo),
                hi: amount.hi,
            });
            all.push((format!("amount/{}", verdict.programme), format!("{value} fen")));
        }
    }
    all
}

fn bounds(bounds: Bounds) -> String {
    let end = |value: Option<i64>, open: &str| value.map_or_else(|| open.to_owned(), |v| v.to_string());
    if bounds.is_exact() {
        end(bounds.lo, "")
    } else {
        format!("[{}, {}]", end(bounds.lo, "-inf"), end(bounds.hi, "inf"))
    }
}
