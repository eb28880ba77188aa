//! One breach of one rule at one place.
//! Leaves the rules to their own files.

use std::fmt;

/// A breach, as it is shown to a person. Ordered by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Path from the repository's root, with forward slashes.
    pub path: String,
    /// Line, from 1; 0 where the finding is about the whole file or folder.
    pub line: usize,
    /// Short name of the rule, as allowances use it.
    pub rule: &'static str,
    /// What is wrong, and where it is not plain, what to do.
    pub message: String,
}

impl Finding {
    /// A finding about a whole file or folder.
    pub(crate) fn whole(rule: &'static str, path: &str, message: impl Into<String>) -> Self {
        Self::at(rule, path, 0, message)
    }

    /// A finding at one line, from 1.
    pub(crate) fn at(rule: &'static str, path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            rule,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(formatter, "{}: {} [{}]", self.path, self.message, self.rule),
            line => write!(formatter, "{}:{line}: {} [{}]", self.path, self.message, self.rule),
        }
    }
}
