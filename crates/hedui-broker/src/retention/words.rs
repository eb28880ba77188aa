//! The texts of orders: who gives them, what they refer to, why; and the words by which leaves remember them.
//! Leaves what an order does to `holds`, `shred` and `expiry`.

use hedui_core::FieldError;
use hedui_evidence::CaseId;

use super::Basis;
use crate::error::BrokerError;
use crate::evidence::actor;
use crate::prepare::label;

/// Longest reference, in bytes: it stands in a leaf for ever.
const MAX_REFERENCE_BYTES: usize = 240;
/// Longest reason, in bytes. It is sealed.
const MAX_REASON_BYTES: usize = 2_000;
/// So many digits in a row may be a telephone number, a bank account or a resident ID.
const PERSONAL_DIGITS: usize = 11;

pub(super) const FROZEN: &str = "RETENTION_FROZEN";
pub(super) const HOLD_PLACED: &str = "HOLD_PLACED";
pub(super) const HOLD_RELEASED: &str = "HOLD_RELEASED";
pub(super) const SHRED_REQUESTED: &str = "SHRED_REQUESTED";
pub(super) const SHRED_WITHDRAWN: &str = "SHRED_WITHDRAWN";
pub(super) const SHREDDED: &str = "SHREDDED";

/// Who gives an order. That the caller is who it says rests on its token; that the official is, on the caller's word alone. Hence two callers
/// are needed where two persons are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Officer<'o> {
    /// The authenticated caller.
    pub caller: &'o str,
    /// The official, as the caller names them.
    pub person: &'o str,
}

impl Officer<'_> {
    /// As leaves name them.
    pub(crate) fn actor(&self) -> String {
        actor(self.caller, self.person)
    }

    /// Whether this is somebody else than the actor of a leaf: another caller's token, and another name.
    pub(crate) fn is_another_than(&self, first: &str) -> bool {
        let (caller, person) = first.split_once('/').unwrap_or((first, ""));
        let name = |text: &str| text.trim().to_lowercase();
        caller != self.caller && name(person) != name(self.person)
    }

    /// What is wrong with the name: orders are given by somebody.
    fn mistakes(&self) -> Vec<FieldError> {
        if self.person.trim().is_empty() {
            let message = "name the official by staff number: an order is given by somebody";
            return vec![FieldError::new("actor", "ACTOR_MISSING", message)];
        }
        label("actor", self.person)
    }
}

/// The mistakes of a text that stands in a leaf in the clear and can never be taken back.
fn reference(field: &'static str, text: &str) -> Option<FieldError> {
    if text.trim().is_empty() {
        let message = "state the document that this rests on, by number or article";
        return Some(FieldError::new(field, "REFERENCE_MISSING", message));
    }
    if text.len() > MAX_REFERENCE_BYTES || text.chars().any(char::is_control) {
        let message = format!("at most {MAX_REFERENCE_BYTES} bytes and no control characters");
        return Some(FieldError::new(field, "REFERENCE_INVALID", message));
    }
    let mut runs = text.split(|c: char| !c.is_numeric());
    if runs.any(|run| run.chars().count() >= PERSONAL_DIGITS) {
        let message = "this text stands in the log for ever: no numbers of persons, telephones or accounts";
        return Some(FieldError::new(field, "REFERENCE_PERSONAL", message));
    }
    None
}

/// The mistakes of a text that is sealed.
fn reason(text: &str) -> Option<FieldError> {
    if text.trim().is_empty() {
        return Some(FieldError::new("reason", "REASON_MISSING", "state why"));
    }
    if text.len() > MAX_REASON_BYTES || text.chars().any(|c| c.is_control() && c != '\n') {
        let message = format!("at most {MAX_REASON_BYTES} bytes and no control characters");
        return Some(FieldError::new("reason", "REASON_INVALID", message));
    }
    None
}

/// Checks the texts of an order: references by field, and the reason where one is asked for.
///
/// Errors: all mistakes at once.
pub(crate) fn check(
    officer: Officer<'_>,
    references: &[(&'static str, &str)],
    why: Option<&str>,
) -> Result<(), BrokerError> {
    let mut mistakes = officer.mistakes();
    mistakes.extend(references.iter().filter_map(|(field, text)| reference(field, text)));
    mistakes.extend(why.and_then(reason));
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(BrokerError::Invalid(mistakes))
    }
}

impl Basis {
    /// From the provision that a request names, if any.
    pub(super) fn of(erasure_basis: &str) -> Basis {
        match erasure_basis {
            "" => Basis::PeriodEnded,
            provision => Basis::OrderedByLaw(provision.to_owned()),
        }
    }

    /// Its word in a leaf, behind another.
    pub(super) fn outcome(&self, word: &str, expiry: Option<CaseId>) -> String {
        match (self, expiry) {
            (Basis::OrderedByLaw(provision), _) => format!("{word}:ORDERED_BY_LAW:{provision}"),
            (Basis::PeriodEnded, Some(expiry)) => format!("{word}:PERIOD_ENDED:{expiry}"),
            (Basis::PeriodEnded, None) => format!("{word}:PERIOD_ENDED"),
        }
    }

    /// From what stands behind the word.
    pub(super) fn read(rest: &str) -> Option<(Basis, Option<CaseId>)> {
        let (word, behind) = rest.split_once(':').unwrap_or((rest, ""));
        match word {
            "ORDERED_BY_LAW" => Some((Basis::OrderedByLaw(behind.to_owned()), None)),
            "PERIOD_ENDED" => Some((Basis::PeriodEnded, CaseId::from_hex(behind))),
            _ => None,
        }
    }
}
