//! `${variables}` in texts of a manifest.
//! Leaves which texts may have some to the sections.

use super::Variables;

/// The text with the values of its variables.
///
/// # Errors
/// A variable that is not given, or is not closed; every such place once.
pub fn substituted(text: &str, variables: &Variables) -> Result<String, String> {
    let (text, problems) = substitute(text, variables);
    if problems.is_empty() {
        Ok(text)
    } else {
        Err(problems.join("; "))
    }
}

/// The text as far as its variables are given, and what is wrong with the others.
pub(super) fn substitute(text: &str, variables: &Variables) -> (String, Vec<String>) {
    let mut out = String::with_capacity(text.len());
    let mut problems = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            problems.push("a ${ is not closed".to_owned());
            return (out, problems);
        };
        match variables.get(name) {
            Some(value) => out.push_str(value),
            None => problems.push(format!("variable ${{{name}}} is not given")),
        }
        rest = after;
    }
    out.push_str(rest);
    (out, problems)
}
