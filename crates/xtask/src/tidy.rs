//! The house rules, each as a pure function from the repository's files to findings.
//! Leaves to clippy and cargo-deny what they can see; here stands what only this project asks for.

mod adapters;
mod allow;
mod arrows;
mod finding;
mod functions;
mod heads;
mod lengths;
mod manifest;
mod places;
mod protocols;
mod purity;
mod readmes;
mod source;
mod top_level;
mod tree;
mod words;

pub use finding::Finding;
pub use tree::Tree;

/// Every breach of every rule that no allowance covers, ordered by place.
pub fn check(tree: &Tree) -> Vec<Finding> {
    check_but(tree, allow::ALLOWED)
}

/// The same with other allowances: a fixture has none.
fn check_but(tree: &Tree, allowed: &[allow::Allowance]) -> Vec<Finding> {
    let rules = [
        top_level::check,
        readmes::check,
        heads::check,
        lengths::check,
        functions::check,
        words::check,
        places::check,
        arrows::check,
        purity::check,
        adapters::check,
        protocols::check,
    ];
    let found = rules.iter().flat_map(|rule| rule(tree)).collect();
    let mut findings = allow::apply(found, allowed);
    findings.sort();
    findings
}

#[cfg(test)]
mod tests;
