//! Whoever implements a protocol reads only the `.proto` file: every service, call, message and enum says what it is.
//! Leaves names and numbering to the protocol compiler, and the table of reasons to its own test.

use super::{Finding, Tree};

const RULE: &str = "protocol-comment";

/// Looks at every protocol file.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts().filter(|(path, _)| path.ends_with(".proto")) {
        let mut above = "";
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if let Some((keyword, name)) = declaration(line)
                && !above.starts_with("//")
            {
                let message = format!("{keyword} {name} has no comment on the line above");
                findings.push(Finding::at(RULE, path, number + 1, message));
            }
            above = line;
        }
    }
    findings
}

/// The keyword and the name, where the line declares something that needs a comment.
fn declaration(line: &str) -> Option<(&str, &str)> {
    let (keyword, rest) = line.split_once(' ')?;
    let opens = match keyword {
        "service" | "message" | "enum" => '{',
        "rpc" => '(',
        _ => return None,
    };
    let (name, _) = rest.split_once(opens)?;
    Some((keyword, name.trim()))
}
