//! A password or key: given as a variable, shown to the one who connects, and nowhere else.
//! Leaves where the variables come from to the configuration.

/// A password or key; `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes the text.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(text.into())
    }

    /// The text, for whoever connects.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Only that there is one.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}
