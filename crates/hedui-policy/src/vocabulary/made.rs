//! Words that are made of others: what papers state (`has.in_prison`), schools and disabilities by kind, assistance by programme.
//! Leaves the fixed words to the parent.

use hedui_core::circumstance::{Circumstance, Detail, Of};
use hedui_core::names::ProgrammeId;
use hedui_core::record::{DisabilityKind, RecordType, SchoolStage};

use super::{Scope, Source, Standing, Word};
use crate::unit::Unit;

/// What of a stated circumstance a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Said {
    /// Whether it stands at the date.
    Has,
    /// Its number.
    Number,
    /// Its amount in the twelve months before the date.
    Amount,
    /// Completed years since its first day.
    Years,
    /// Completed months since its first day.
    Months,
}

impl Said {
    /// Every one with what stands before the circumstance's word, and its unit; `None` for a condition.
    const ALL: [(Said, &'static str, Option<Unit>); 5] = [
        (Said::Has, "has", None),
        (Said::Number, "number", Some(Unit::RATIO)),
        (Said::Amount, "amount", Some(Unit::YUAN_PER_YEAR)),
        (Said::Years, "years_since", Some(Unit::YEARS)),
        (Said::Months, "months_since", Some(Unit::MONTHS)),
    ];

    /// Whether a circumstance carries it.
    fn fits(self, circumstance: Circumstance) -> bool {
        match self {
            Said::Has => true,
            Said::Number => circumstance.number().is_some(),
            Said::Amount => circumstance.amount() != Detail::Never,
            Said::Years | Said::Months => circumstance.since() != Detail::Never,
        }
    }
}

/// `has.in_prison`, `number.care_need` and the like, as far as the circumstance is stated of those whom the formula speaks of and carries it.
pub(super) fn stated(name: &str, of: Of) -> Option<Word> {
    let (before, rest) = name.split_once('.')?;
    let (said, _, unit) = Said::ALL.into_iter().find(|(_, word, _)| *word == before)?;
    let circumstance = Circumstance::from_word(rest).filter(|c| c.of() == of && said.fits(*c))?;
    Some(Word {
        name: circumstance.word(),
        title: circumstance.title(),
        source: Source::Stated(circumstance, said),
        unit,
        needs: &[],
    })
}

/// `stage.compulsory`, `disabled.mental` and the like.
pub(super) fn standing(name: &str) -> Option<Word> {
    let condition = |standing, title, of: &'static [RecordType]| Word {
        name: match standing {
            Standing::Attends(_) => "stage.WORD",
            _ => "disabled.WORD",
        },
        title,
        source: Source::Standing(standing),
        unit: None,
        needs: of,
    };
    let (before, word) = name.split_once('.')?;
    match before {
        "stage" => {
            let stage = SchoolStage::from_word(word)?;
            Some(condition(
                Standing::Attends(stage),
                title_of_stage(stage),
                &[RecordType::Enrolment],
            ))
        }
        "disabled" => {
            let kind = DisabilityKind::from_word(word)?;
            Some(condition(
                Standing::Disabled(kind),
                title_of_kind(kind),
                &[RecordType::Disability],
            ))
        }
        _ => None,
    }
}

fn title_of_stage(stage: SchoolStage) -> (&'static str, &'static str) {
    match stage {
        SchoolStage::Preschool => ("在园幼儿", "in kindergarten"),
        SchoolStage::Compulsory => ("义务教育在读", "in compulsory school"),
        SchoolStage::SeniorSecondary => ("普通高中在读", "in senior secondary school"),
        SchoolStage::Vocational => ("中等职业在读", "in vocational secondary school"),
        SchoolStage::Undergraduate => ("本专科在读", "in undergraduate study"),
        SchoolStage::Postgraduate => ("研究生在读", "in postgraduate study"),
    }
}

fn title_of_kind(kind: DisabilityKind) -> (&'static str, &'static str) {
    match kind {
        DisabilityKind::Vision => ("视力残疾", "disability of sight"),
        DisabilityKind::Hearing => ("听力残疾", "disability of hearing"),
        DisabilityKind::Speech => ("言语残疾", "disability of speech"),
        DisabilityKind::Physical => ("肢体残疾", "physical disability"),
        DisabilityKind::Intellectual => ("智力残疾", "intellectual disability"),
        DisabilityKind::Mental => ("精神残疾", "mental disability"),
        DisabilityKind::Multiple => ("多重残疾", "multiple disability"),
    }
}

/// What of a programme's help a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Help {
    /// Whether it is drawn at the date.
    Draws,
    /// Whether it was received in the months of a window, or since.
    Received,
}

/// The programme of `draws.low_income` or `received.low_income`: its id, with hyphens where a formula writes `_`.
pub(crate) fn help(name: &str) -> Option<(Scope, Help, ProgrammeId)> {
    let (scope, rest) = match name.strip_prefix("member.") {
        Some(rest) => (Scope::Member, rest),
        None => (Scope::Household, name),
    };
    let (help, programme) = match rest.split_once('.')? {
        ("draws", programme) => (Help::Draws, programme),
        ("received", programme) => (Help::Received, programme),
        _ => return None,
    };
    let id = ProgrammeId::new(&programme.replace('_', "-")).ok()?;
    Some((scope, help, id))
}

/// Every word that a circumstance gives to formulas.
pub(super) fn words_of(circumstance: Circumstance) -> impl Iterator<Item = String> {
    let before = match circumstance.of() {
        Of::Member => "member.",
        Of::Household => "",
    };
    let all = Said::ALL.into_iter().filter(move |(said, ..)| said.fits(circumstance));
    all.map(move |(_, word, _)| format!("{before}{word}.{}", circumstance.word()))
}
