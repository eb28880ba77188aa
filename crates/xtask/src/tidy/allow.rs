//! The breaches that are allowed, each with its reason. An allowance that covers nothing is itself a breach.
//! Leaves the rules to their own files; none of them knows an exception.

use super::Finding;

/// One allowed breach.
#[derive(Debug)]
pub(crate) struct Allowance {
    /// Name of the rule.
    pub(crate) rule: &'static str,
    /// The file, in full.
    pub(crate) path: &'static str,
    /// A part of the finding's message that tells it from others in the same file.
    pub(crate) message: &'static str,
    /// Why it is better so.
    pub(crate) reason: &'static str,
}

/// Keep it short: a rule with many exceptions is a wrong rule.
pub(crate) const ALLOWED: &[Allowance] = &[Allowance {
    rule: "function-length",
    path: "crates/hedui-adapter/src/mapping/schema.rs",
    message: "`fields`",
    reason: "a flat table of the fields of every type of record: nothing to follow, and one match keeps it exhaustive",
}];

/// Drops what is allowed and adds the allowances that are of no use.
pub(crate) fn apply(mut found: Vec<Finding>, allowed: &[Allowance]) -> Vec<Finding> {
    for allowance in allowed {
        let before = found.len();
        found.retain(|finding| !covers(allowance, finding));
        if found.len() == before {
            let message = format!(
                "nothing is left to allow here ({}): take it out of tidy/allow.rs",
                allowance.reason
            );
            found.push(Finding::whole("allowance", allowance.path, message));
        } else if allowance.reason.trim().is_empty() {
            found.push(Finding::whole(
                "allowance",
                allowance.path,
                "an allowance needs a reason",
            ));
        }
    }
    found
}

fn covers(allowance: &Allowance, finding: &Finding) -> bool {
    finding.rule == allowance.rule && finding.path == allowance.path && finding.message.contains(allowance.message)
}
