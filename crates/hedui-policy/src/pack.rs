//! A policy pack: the rules of one programme in one place for one time, read, checked and compiled once.
//! Leaves choosing among packs to `set` and judging a household to `evaluate`.

use hedui_core::dates::Date;
use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::record::RecordType;
use hedui_core::verdict::{PackRef, Per, Text};
use hedui_ids::DivisionCode;
use smol_str::SmolStr;

use crate::cases::PackCase;
use crate::mistake::Mistakes;
use crate::program::{Formula, Place, Rounding, Scope, SupporterWord, Table};

mod cases;
pub(crate) mod check;
mod compile;
mod composition;
mod head;
mod names;
mod read;
pub(crate) mod source;
mod support;
mod tables;
#[cfg(test)]
mod tests;
mod values;

/// Most of each: parameters, tables, steps, tests, bands. The largest real rule book needs a tenth.
pub(crate) const MAX_ITEMS: usize = 200;
/// Largest pack file in bytes.
pub const MAX_PACK_BYTES: usize = 256 * 1024;

/// What a pack says about itself.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub file: String,
    /// The whole file.
    pub text: std::sync::Arc<str>,
    /// Line and column of the pack's validity, for mistakes that concern two packs.
    pub at: (usize, usize),
    pub reference: PackRef,
    pub programme: ProgrammeId,
    pub jurisdiction: DivisionCode,
    pub jurisdiction_text: SmolStr,
    pub residence: Option<Residence>,
    pub variant: Option<String>,
    pub title: Text,
    pub valid_from: Date,
    pub valid_to: Option<Date>,
    pub law: String,
    pub needs: Vec<RecordType>,
    /// Byte offset of `needs` in the file.
    pub needs_at: usize,
}

/// What every rule carries.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    pub name: SmolStr,
    pub title: Text,
    pub law: SmolStr,
    pub assumption: bool,
}

/// One step of the calculation; its name, title, unit and law stand at its place.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub scope: Scope,
    /// Its place in the values of its scope.
    pub place: usize,
    pub formula: Formula,
    pub round: Option<Rounding>,
}

/// What a test is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKind {
    /// Income.
    Income,
    /// Property.
    Property,
    /// The persons themselves.
    Person,
}

/// One condition.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub rule: Rule,
    pub kind: TestKind,
    pub formula: Formula,
}

/// One band of income.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub rule: Rule,
    pub formula: Formula,
    pub qualifies: bool,
}

/// What is paid.
#[derive(Clone, Debug)]
pub(crate) struct AmountRule {
    pub rule: Rule,
    pub per: Per,
    pub unit: SmolStr,
    pub formula: Formula,
    pub round: Rounding,
}

/// Who counts as a member.
#[derive(Clone, Debug)]
pub(crate) struct Composition {
    /// A condition of each member; all count where there is none.
    pub counts: Option<(Rule, Formula)>,
    /// A condition of the applicant: where it holds, only the applicant counts.
    pub alone: Option<(Rule, Formula)>,
    /// The places that both read.
    pub uses: Vec<(Scope, usize)>,
}

/// What support is imputed.
#[derive(Clone, Debug)]
pub(crate) struct Support {
    pub rule: Rule,
    /// For each supporter, in yuan a month.
    pub formula: Formula,
    /// The household's places that a supporter fills.
    pub uses: Vec<(usize, SupporterWord)>,
    /// The household's place of the sum.
    pub place: usize,
}

/// The rules of one programme in one place for one time. Immutable; share it behind a reference.
#[derive(Clone, Debug)]
pub struct Pack {
    pub(crate) head: Head,
    pub(crate) household: Vec<Place>,
    pub(crate) member: Vec<Place>,
    pub(crate) tables: Vec<Table>,
    pub(crate) composition: Option<Composition>,
    pub(crate) support: Option<Support>,
    pub(crate) steps: Vec<Step>,
    pub(crate) tests: Vec<Test>,
    pub(crate) bands: Vec<Band>,
    pub(crate) amount: Option<AmountRule>,
    pub(crate) assumptions: Vec<Text>,
    pub(crate) cases: Vec<PackCase>,
}

impl Pack {
    /// Reads, checks and compiles a pack file. `file` is what mistakes call it.
    ///
    /// # Errors
    /// Every mistake of the file, with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Pack, Mistakes> {
        compile::compile(file, text)
    }

    /// Id, for example `dibao-dachuan-urban`.
    pub fn id(&self) -> &str {
        &self.head.reference.id
    }

    /// Version of the id.
    pub fn version(&self) -> &str {
        &self.head.reference.version
    }

    /// BLAKE3 of the file's text, 64 hexadecimal digits.
    pub fn digest(&self) -> &str {
        &self.head.reference.digest
    }

    /// The file's text, as it was read.
    pub fn text(&self) -> &str {
        &self.head.text
    }

    /// Id, version and digest together, as verdicts name the pack.
    pub fn reference(&self) -> &PackRef {
        &self.head.reference
    }

    /// The programme.
    pub fn programme(&self) -> &ProgrammeId {
        &self.head.programme
    }

    /// Where it is in force: GB/T 2260 code of a district, city or province, `000000` for the nation.
    pub fn jurisdiction(&self) -> &str {
        &self.head.jurisdiction_text
    }

    /// For whom; `None` for urban and rural alike.
    pub fn residence(&self) -> Option<Residence> {
        self.head.residence
    }

    /// Name of the variant, where it is one.
    pub fn variant(&self) -> Option<&str> {
        self.head.variant.as_deref()
    }

    /// Name of the programme for people.
    pub fn title(&self) -> &Text {
        &self.head.title
    }

    /// First day of validity.
    pub fn valid_from(&self) -> Date {
        self.head.valid_from
    }

    /// Last day of validity, where it has one.
    pub fn valid_to(&self) -> Option<Date> {
        self.head.valid_to
    }

    /// Whether it is in force on a day.
    pub fn valid_on(&self, day: Date) -> bool {
        self.head.valid_from <= day && self.head.valid_to.is_none_or(|last| day <= last)
    }

    /// Law or paper of the pack as a whole.
    pub fn law(&self) -> &str {
        &self.head.law
    }

    /// Record types that it needs; departments that hold none of them need not be asked.
    pub fn needs(&self) -> &[RecordType] {
        &self.head.needs
    }

    /// What it assumes where its sources are silent.
    pub fn assumptions(&self) -> &[Text] {
        &self.assumptions
    }

    /// Name of a band by its position.
    pub fn band(&self, position: u8) -> Option<&str> {
        self.bands
            .get(usize::from(position))
            .map(|band| band.rule.name.as_str())
    }

    /// Name, title and kind of its tests, in order.
    pub fn tests(&self) -> impl Iterator<Item = (&str, &Text, TestKind)> {
        self.tests.iter().map(|t| (t.rule.name.as_str(), &t.rule.title, t.kind))
    }
}
