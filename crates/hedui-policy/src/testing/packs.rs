//! Packs for tests: a head and whatever rules a test is about, each with a title and a reference, so that a test writes only what matters to it.
//! Leaves packs of which places in the file are tested to these tests, which need to see every line.

use crate::Pack;

/// What every rule of these packs carries besides its own lines.
const RULE: &str = "title = { zh = \"规则\", en = \"rule\" }\nreference = \"a law\"\n";

/// The text of a pack of programme `dibao` in 511703 from 2018 on.
pub(crate) struct PackText(String);

impl PackText {
    /// A pack without any rule.
    pub fn new() -> PackText {
        let head = "id = \"p\"\nversion = \"1\"\nprogramme = \"dibao\"\njurisdiction = \"511703\"\nvalid_from = \"2018-01-01\"\n";
        PackText(format!("[pack]\n{head}{RULE}"))
    }

    /// Whole sections, as they stand.
    pub fn section(mut self, text: &str) -> PackText {
        self.0.push_str(text);
        self.0.push('\n');
        self
    }

    /// `[windows]` with these lines.
    pub fn windows(self, lines: &str) -> PackText {
        self.section(&format!("[windows]\n{lines}"))
    }

    /// `[[kind]]` with a name, lines of its own, a title and a reference.
    pub fn item(self, kind: &str, name: &str, lines: &str) -> PackText {
        self.section(&format!("[[{kind}]]\nname = \"{name}\"\n{lines}\n{RULE}"))
    }

    pub fn parameter(self, name: &str, value: &str, unit: &str) -> PackText {
        self.item("parameter", name, &format!("value = {value}\nunit = \"{unit}\""))
    }

    /// A step of the household, or of each member.
    pub fn step(self, scope: &str, name: &str, unit: &str, formula: &str) -> PackText {
        let lines = format!("scope = \"{scope}\"\nunit = \"{unit}\"\nformula = \"{formula}\"");
        self.item("step", name, &lines)
    }

    pub fn test(self, kind: &str, name: &str, formula: &str) -> PackText {
        self.item("test", name, &format!("kind = \"{kind}\"\nformula = \"{formula}\""))
    }

    /// The amount a month, rounded to fen.
    pub fn amount(self, formula: &str) -> PackText {
        let round = "round = { to = \"0.01\", mode = \"half_up\" }";
        self.section(&format!(
            "[amount]\nformula = \"{formula}\"\nper = \"month\"\n{round}\n{RULE}"
        ))
    }

    /// As it stands so far.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The pack, or the reasons of its mistakes.
    pub fn load(&self) -> Result<Pack, Vec<&'static str>> {
        Pack::parse("p.toml", &self.0).map_err(|m| m.0.into_iter().map(|m| m.reason).collect())
    }

    /// The pack, which has no mistake.
    pub fn pack(&self) -> Pack {
        Pack::parse("p.toml", &self.0).map_err(|m| m.to_string()).unwrap()
    }
}
