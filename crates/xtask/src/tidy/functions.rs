//! Functions fit a screen. Counts braces; tests are exempt.
//! Leaves how deep and how tangled a function is to clippy and to a person.

use super::{Finding, Tree, tree::is_test};

const RULE: &str = "function-length";

/// From the line of `fn` to that of the closing brace.
const MAX_LINES: usize = 70;

/// Measures every function with a body.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, source) in tree.sources().filter(|(path, _)| !is_test(path)) {
        let code = source.code.join("\n");
        for (place, name) in functions(&code) {
            let lines = length(code.get(place..).unwrap_or_default());
            if lines > MAX_LINES {
                let line = code.get(..place).unwrap_or_default().matches('\n').count() + 1;
                let message = format!("`{name}` has {lines} lines, the limit is {MAX_LINES}");
                findings.push(Finding::at(RULE, path, line, message));
            }
        }
    }
    findings
}

/// Where each `fn name` begins. A function pointer type has no name.
fn functions(code: &str) -> impl Iterator<Item = (usize, &str)> {
    code.match_indices("fn ").filter_map(|(place, _)| {
        let before = code.get(..place)?.chars().next_back();
        if before.is_some_and(|character| character.is_alphanumeric() || character == '_') {
            return None;
        }
        let rest = code.get(place + 3..)?;
        let end = rest.find(|character: char| !character.is_alphanumeric() && character != '_')?;
        let name = rest.get(..end)?;
        (!name.is_empty()).then_some((place, name))
    })
}

/// Lines of a function from here to the end of its body; 0 where it has none.
fn length(function: &str) -> usize {
    let (mut groups, mut braces, mut lines) = (0_usize, 0_usize, 1_usize);
    for character in function.chars() {
        match character {
            '\n' => lines += 1,
            '(' | '[' => groups += 1,
            ')' | ']' => groups = groups.saturating_sub(1),
            // A declaration ends here; the semicolon of `[u8; 32]` stands in a group.
            ';' if braces == 0 && groups == 0 => return 0,
            '{' => braces += 1,
            '}' if braces <= 1 => return lines,
            '}' => braces -= 1,
            _ => {}
        }
    }
    0
}
