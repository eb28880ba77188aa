//! The beginning of a pack: every section with a word on it, and rules that are marked as assumptions until the real ones stand there.
//! Leaves the file to the caller.

use hedui_core::dates::Date;
use hedui_core::household::Residence;

use crate::mistake::Mistakes;
use crate::pack::Pack;

/// What a new pack says about itself.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'a> {
    /// Id, for example `dibao-somewhere`.
    pub id: &'a str,
    /// Programme.
    pub programme: &'a str,
    /// GB/T 2260 code, `000000` for the nation.
    pub jurisdiction: &'a str,
    /// For whom; `None` for both.
    pub residence: Option<Residence>,
    /// First day of validity.
    pub valid_from: Date,
}

const TEXT: &str = include_str!("template/pack.toml");

/// The text of a pack that loads as it stands.
///
/// # Errors
/// What is wrong with what it says about itself.
pub fn begin(begin: &Begin<'_>) -> Result<String, Mistakes> {
    // Written as TOML text values, so that no text ends early.
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let residence = match begin.residence {
        Some(Residence::Urban) => "residence = \"urban\"",
        Some(Residence::Rural) => "residence = \"rural\"",
        None => "# residence = \"urban\"          # or \"rural\"; left out: both",
    };
    let text = TEXT
        .replace("@id", &quoted(begin.id))
        .replace("@programme", &quoted(begin.programme))
        .replace("@jurisdiction", &quoted(begin.jurisdiction))
        .replace("@residence", residence)
        .replace("@valid_from", &quoted(&begin.valid_from.to_string()));
    Pack::parse("the new pack", &text).map(|_| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(id: &'a str, jurisdiction: &'a str) -> Begin<'a> {
        Begin {
            id,
            programme: "dibao",
            jurisdiction,
            residence: Some(Residence::Rural),
            valid_from: "2026-01-01".parse().expect("a date"),
        }
    }

    #[test]
    fn a_new_pack_loads_and_says_what_was_asked_for() {
        let text = begin(&of("dibao-somewhere", "511703")).expect("it loads");
        let pack = Pack::parse("new.toml", &text).expect("it loads");
        assert_eq!((pack.id(), pack.jurisdiction()), ("dibao-somewhere", "511703"));
        assert_eq!(pack.residence(), Some(Residence::Rural));
        assert!(!text.contains('@'), "a place was not filled");
        assert!(
            !pack.assumptions().is_empty(),
            "rules that nobody has checked must say so"
        );
    }

    #[test]
    fn what_cannot_be_is_told() {
        let reasons = |begun: Result<String, Mistakes>| match begun {
            Ok(_) => Vec::new(),
            Err(mistakes) => mistakes.0.iter().map(|m| m.reason).collect::<Vec<_>>(),
        };
        assert_eq!(reasons(begin(&of("Dibao Somewhere", "511703"))), ["NAME_INVALID"]);
        assert_eq!(reasons(begin(&of("a\"b\nc", "511703"))), ["NAME_INVALID"]);
        assert_eq!(reasons(begin(&of("a", "5117"))), ["VALUE_INVALID"]);
    }
}
