//! What the registers are to say of an invented household, in the place of departments' answers: the cases that packs carry.
//! Leaves what follows from births, papers and supporters to the household itself.

use hedui_core::facts::{Facts, Members, Settled};
use hedui_core::names::DepartmentId;
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Truth;
use smol_str::SmolStr;

use super::known::{Known, Reasons};
use super::{RECORD_UNCERTAIN, facts};
use crate::interval::{self, Interval, Trouble};
use crate::program::{Filling, Place, Standing};
use crate::value::Value;

/// Kind and grade of the most severe disability on record, and who could show another.
pub(crate) type KnownDisability = Settled<Option<(DisabilityKind, u32)>>;

/// A value, and who leaves it open.
#[derive(Clone, Debug)]
pub(crate) struct GivenValue {
    pub value: Value,
    pub silent: Vec<DepartmentId>,
}

/// What the registers say of a member, by the words of formulas without `member.`.
#[derive(Clone, Debug)]
pub(crate) struct GivenMember {
    pub facts: Vec<(SmolStr, GivenValue)>,
    pub disability: Option<KnownDisability>,
}

/// What the registers say. Of whatever is left out they have no record.
#[derive(Clone, Debug)]
pub(crate) struct Given {
    /// Figures of all who count together, where they are not the sum of the members': one flat of two owners.
    pub household: Vec<(SmolStr, GivenValue)>,
    pub members: Vec<GivenMember>,
}

/// What a household is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Input<'f> {
    pub facts: &'f Facts<'f>,
    pub given: Option<&'f Given>,
}

impl<'f> Input<'f> {
    /// By what departments answered.
    pub fn of(facts: &'f Facts<'f>) -> Input<'f> {
        Input { facts, given: None }
    }

    /// The disability of a member.
    pub fn disability(&self, subject: u32) -> KnownDisability {
        let given = self.given.and_then(|given| given.members.get(subject as usize));
        match given.and_then(|member| member.disability.clone()) {
            Some(disability) => disability,
            None => self.facts.disability(subject),
        }
    }

    /// What is given for a place; `None` where nothing is.
    pub(super) fn fetch(&self, place: &Place, member: Option<usize>, reasons: &mut Reasons) -> Option<Known> {
        let given = self.given?;
        let one;
        let value = match (&place.filling, member) {
            (Filling::Standing(Standing::Disabled(kind)), Some(at)) => {
                one = disabled(given.members.get(at)?.disability.as_ref()?, *kind);
                &one
            }
            (_, Some(at)) => find(&given.members.get(at)?.facts, place.name.strip_prefix("member.")?)?,
            (_, None) => match find(&given.household, &place.name) {
                Some(value) => value,
                None => {
                    one = given.of_all(&place.name, self.facts.members())?;
                    &one
                }
            },
        };
        const UNCERTAIN: &[SmolStr] = &[SmolStr::new_static(RECORD_UNCERTAIN)];
        let open = if value.silent.is_empty() { UNCERTAIN } else { &[] };
        let causes = facts::causes(&value.silent, open, reasons);
        Some(Known::new(value.value, causes))
    }
}

impl Given {
    /// What the members who count have together: the sum, or whether any of them.
    fn of_all(&self, name: &str, members: Members) -> Option<GivenValue> {
        let of_members = members
            .into_iter()
            .filter_map(|member| self.members.get(member as usize));
        let found: Vec<&GivenValue> = of_members.filter_map(|member| find(&member.facts, name)).collect();
        let first = found.first()?;
        let value = match first.value {
            Value::Number(_) => {
                let mut trouble = Trouble::default();
                let add = |sum: Interval, one: &&GivenValue| sum.add(one.value.interval(), &mut trouble);
                Value::Number(found.iter().fold(Interval::ZERO, add))
            }
            Value::Condition(_) => {
                let any = |truth, one: &&GivenValue| interval::or(truth, one.value.truth());
                Value::Condition(found.iter().fold(Truth::Fails, any))
            }
        };
        let mut silent: Vec<DepartmentId> = found.iter().flat_map(|one| one.silent.iter().cloned()).collect();
        silent.sort();
        silent.dedup();
        Some(GivenValue { value, silent })
    }
}

fn find<'g>(facts: &'g [(SmolStr, GivenValue)], name: &str) -> Option<&'g GivenValue> {
    facts.iter().find(|(word, _)| word == name).map(|(_, value)| value)
}

/// Whether a member has a disability of a kind.
fn disabled(disability: &KnownDisability, kind: DisabilityKind) -> GivenValue {
    let truth = match disability.value {
        Some((of, _)) if of == kind => Truth::Holds,
        _ if disability.missing.is_empty() => Truth::Fails,
        _ => Truth::Open,
    };
    GivenValue {
        value: Value::Condition(truth),
        silent: disability.missing.clone(),
    }
}
