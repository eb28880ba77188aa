//! What a snapshot holds: which figures of the household and of each member, by which rule of who counts, and whether supporters.
//! Leaves the rule itself to `rule` and the numbers by which keys are stored to `codes`.

use hedui_core::bounds::Bounds;
use hedui_core::circumstance::Circumstance;
use hedui_core::facts::Fact;
use hedui_core::names::ProgrammeId;
use hedui_core::record::{DisabilityKind, SchoolStage};
use hedui_ids::DivisionCode;

use super::rule::Rule;
use super::{MAX_FIGURES, SnapshotError, encode};
use crate::pack::Pack;
use crate::program::{Code, Filling, Place, Said, Scope, Standing};

/// Stated amounts are in fen and reckoned in yuan.
const FEN_PER_YUAN: i128 = 100;

/// Something that packs read of a household or of a member, as a whole number within bounds; a condition as 0, 1 or between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reading {
    /// A figure of what the departments answered.
    Fact(Fact),
    /// Completed months since the present job of a member began.
    NewJobMonths,
    /// Condition: registered in a division.
    RegisteredIn(DivisionCode),
    /// Condition: married.
    Married,
    /// Condition: attends a school of a stage.
    Attends(SchoolStage),
    /// Condition: has a certificate of a kind of disability.
    Disabled(DisabilityKind),
    /// Condition: draws assistance of a programme.
    Draws(ProgrammeId),
    /// Condition: received assistance of a programme in the months of the key, or since.
    Received(ProgrammeId),
    /// What papers state; amounts in fen.
    Stated(Circumstance, Said),
}

impl Reading {
    /// Whether it is a condition.
    pub fn is_condition(&self) -> bool {
        match self {
            Reading::Fact(_) | Reading::NewJobMonths => false,
            Reading::RegisteredIn(_)
            | Reading::Married
            | Reading::Attends(_)
            | Reading::Disabled(_)
            | Reading::Draws(_)
            | Reading::Received(_) => true,
            Reading::Stated(_, said) => *said == Said::Has,
        }
    }

    /// Whether bounds can be those of it: conditions are 0, 1 or open between them.
    pub(crate) fn admits(&self, figure: Bounds) -> bool {
        let truths = [Bounds::exactly(0), Bounds::exactly(1), Bounds::between(0, 1)];
        !self.is_condition() || truths.contains(&figure)
    }
}

/// A figure that packs read, over so many whole months before the month of the date, 0 at the date.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FigureKey {
    /// What is read.
    pub reading: Reading,
    /// Months of its window; 0 at the date.
    pub months: u8,
}

impl FigureKey {
    /// A fact over so many months.
    pub fn of_fact(fact: Fact, months: u8) -> FigureKey {
        let reading = Reading::Fact(fact);
        FigureKey { reading, months }
    }

    /// What stands at the date.
    pub fn at_date(reading: Reading) -> FigureKey {
        FigureKey { reading, months: 0 }
    }
}

/// What a snapshot holds: figures sorted, each once; the rule of who counts; whether supporters.
#[derive(Clone, Debug)]
pub struct Needs {
    household: Vec<FigureKey>,
    member: Vec<FigureKey>,
    supporters: bool,
    rule: Option<Rule>,
    /// As a snapshot begins with them.
    code: Vec<u8>,
}

/// The code tells everything but the text of the rule, of which it holds the digest.
impl PartialEq for Needs {
    fn eq(&self, other: &Needs) -> bool {
        self.code == other.code
    }
}

impl Eq for Needs {}

impl Default for Needs {
    fn default() -> Needs {
        Needs::sorted(Vec::new(), Vec::new(), false, None)
    }
}

impl Needs {
    /// Figures of the household and of each member, where everybody counts.
    ///
    /// # Errors
    /// `TooMany` beyond [`MAX_FIGURES`] of either.
    pub fn new(household: Vec<FigureKey>, member: Vec<FigureKey>) -> Result<Needs, SnapshotError> {
        Needs::with(household, member, false, None)
    }

    pub(super) fn with(
        mut household: Vec<FigureKey>,
        mut member: Vec<FigureKey>,
        supporters: bool,
        rule: Option<Rule>,
    ) -> Result<Needs, SnapshotError> {
        for (keys, field) in [(&mut household, "figures"), (&mut member, "member_figures")] {
            keys.sort_by_cached_key(encode::key);
            keys.dedup();
            if keys.len() > MAX_FIGURES {
                let limit = MAX_FIGURES;
                return Err(SnapshotError::TooMany { field, limit });
            }
        }
        Ok(Needs::sorted(household, member, supporters, rule))
    }

    fn sorted(household: Vec<FigureKey>, member: Vec<FigureKey>, supporters: bool, rule: Option<Rule>) -> Needs {
        let code = encode::needs(&household, &member, supporters, rule.as_ref().map(Rule::digest));
        Needs {
            household,
            member,
            supporters,
            rule,
            code,
        }
    }

    /// Everything that some packs read, of those who count by their rule. Without a pack: nothing.
    ///
    /// # Errors
    /// `RulesDiffer` where two packs do not count the same people, `TooMany` beyond [`MAX_FIGURES`].
    pub fn of_packs<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> Result<Needs, SnapshotError> {
        let (mut household, mut member, mut supporters) = (Vec::new(), Vec::new(), false);
        let mut first: Option<(&Pack, Option<Rule>)> = None;
        for pack in packs {
            let rule = Rule::of(pack);
            match &first {
                None => first = Some((pack, rule)),
                Some((_, of_first)) if *of_first == rule => {}
                Some((other, _)) => {
                    let named = |pack: &Pack| format!("{} version {}", pack.id(), pack.version());
                    return Err(SnapshotError::RulesDiffer {
                        first: named(other),
                        second: named(pack),
                    });
                }
            }
            let read = Read::of(pack);
            let keys = |places: &[Place], is_read: &[bool]| -> Vec<FigureKey> {
                let read = places.iter().zip(is_read).filter(|(_, is_read)| **is_read);
                read.filter_map(|(place, _)| key(place, pack)).collect()
            };
            household.extend(keys(&pack.household, &read.household));
            member.extend(keys(&pack.member, &read.member));
            supporters |= pack.support.is_some();
        }
        Needs::with(household, member, supporters, first.and_then(|(_, rule)| rule))
    }

    /// What some packs read, together for those that count the same people: as few as there are rules, unless they read more than one snapshot
    /// holds. A pack that alone reads more is left out. In the order of the packs.
    pub fn groups<'p>(packs: impl IntoIterator<Item = &'p Pack>) -> Vec<Needs> {
        let mut groups: Vec<(Vec<&'p Pack>, Needs)> = Vec::new();
        for pack in packs {
            let Ok(own) = Needs::of_packs([pack]) else {
                continue;
            };
            let with_it = |(packs, _): &mut (Vec<&'p Pack>, Needs)| {
                let both = Needs::of_packs(packs.iter().copied().chain([pack])).ok()?;
                packs.push(pack);
                Some((std::mem::take(packs), both))
            };
            let joined = groups.iter_mut().find_map(|group| {
                let joined = with_it(group)?;
                *group = joined;
                Some(())
            });
            if joined.is_none() {
                groups.push((vec![pack], own));
            }
        }
        groups.into_iter().map(|(_, needs)| needs).collect()
    }

    /// The same with the rule of who counts that some pack has: a stored snapshot only names it. `None` where none of them has it.
    pub fn with_rule_of<'p>(&self, packs: impl IntoIterator<Item = &'p Pack>) -> Option<Needs> {
        let Some(rule) = &self.rule else {
            return Some(self.clone());
        };
        let rule = packs.into_iter().filter_map(Rule::of).find(|known| known == rule)?;
        Some(Needs {
            rule: Some(rule),
            ..self.clone()
        })
    }

    /// Figures of the household as a whole, in the order of a snapshot's.
    pub fn household(&self) -> &[FigureKey] {
        &self.household
    }

    /// Figures of each member, in the order of a snapshot's.
    pub fn member(&self) -> &[FigureKey] {
        &self.member
    }

    /// Whether what is stated of supporters is held.
    pub fn supporters(&self) -> bool {
        self.supporters
    }

    /// Digest of the rule by which members count; `None` where everybody does.
    pub fn rule_digest(&self) -> Option<[u8; 16]> {
        self.rule.as_ref().map(Rule::digest)
    }

    pub(super) fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    pub(super) fn code(&self) -> &[u8] {
        &self.code
    }

    /// Whether snapshots with these needs hold all that others name, of the same people.
    pub(crate) fn cover(&self, wanted: &Needs) -> Result<(), SnapshotError> {
        if self.rule != wanted.rule {
            return Err(SnapshotError::OtherRule);
        }
        for (member, wanted, held) in [
            (false, &wanted.household, &self.household),
            (true, &wanted.member, &self.member),
        ] {
            if let Some(missing) = wanted.iter().find(|key| !held.contains(key)) {
                return Err(SnapshotError::FigureMissing {
                    reading: missing.reading.clone(),
                    months: missing.months,
                    member,
                });
            }
        }
        if wanted.supporters && !self.supporters {
            return Err(SnapshotError::SupportersMissing);
        }
        Ok(())
    }

    /// The same rule with other figures.
    #[cfg(test)]
    pub(crate) fn with_figures(&self, household: Vec<FigureKey>, member: Vec<FigureKey>) -> Needs {
        Needs::with(household, member, self.supporters, self.rule.clone()).unwrap_or_default()
    }
}

/// Which places of a pack are read once it is settled who counts. What only decides that is in no snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub household: Vec<bool>,
    pub member: Vec<bool>,
}

impl Read {
    pub(crate) fn of(pack: &Pack) -> Read {
        let mut read = Read {
            household: vec![false; pack.household.len()],
            member: vec![false; pack.member.len()],
        };
        let mut codes: Vec<&Code> = pack.steps.iter().map(|step| &step.formula.code).collect();
        codes.extend(pack.tests.iter().map(|test| &test.formula.code));
        codes.extend(pack.bands.iter().map(|band| &band.formula.code));
        codes.extend(pack.amount.iter().map(|amount| &amount.formula.code));
        codes.extend(pack.support.iter().map(|support| &support.formula.code));
        for code in codes {
            code.places(&mut |scope, place| {
                let places = match scope {
                    Scope::Household => &mut read.household,
                    Scope::Member => &mut read.member,
                };
                if let Some(is_read) = places.get_mut(place) {
                    *is_read = true;
                }
            });
        }
        read
    }
}

/// The figure that fills a place of a pack.
pub(crate) fn key(place: &Place, pack: &Pack) -> Option<FigureKey> {
    let reading = match &place.filling {
        Filling::Figure { fact, months, .. } => {
            // A window has at most 60 months.
            return Some(FigureKey::of_fact(*fact, u8::try_from(*months).unwrap_or(u8::MAX)));
        }
        Filling::Received(programme, months) => {
            return Some(FigureKey {
                reading: Reading::Received(programme.clone()),
                months: u8::try_from(*months).unwrap_or(u8::MAX),
            });
        }
        Filling::NewJobMonths => Reading::NewJobMonths,
        Filling::Standing(Standing::RegisteredHere) => Reading::RegisteredIn(pack.head.jurisdiction),
        Filling::Standing(Standing::Married) => Reading::Married,
        Filling::Standing(Standing::Attends(stage)) => Reading::Attends(*stage),
        Filling::Standing(Standing::Disabled(kind)) => Reading::Disabled(*kind),
        Filling::Draws(programme) => Reading::Draws(programme.clone()),
        Filling::Stated(circumstance, said) => Reading::Stated(*circumstance, *said),
        Filling::Fixed(_)
        | Filling::Dated(..)
        | Filling::Persons
        | Filling::Age
        | Filling::DisabilityGrade
        | Filling::Student
        | Filling::Minor
        | Filling::Female
        | Filling::Supporter(_)
        | Filling::Table(_)
        | Filling::Step => return None,
    };
    Some(FigureKey::at_date(reading))
}

/// What the whole numbers of a place's figure are divided by.
pub(crate) fn scale(filling: &Filling) -> i128 {
    match filling {
        Filling::Figure { scale, .. } => *scale,
        Filling::Stated(_, Said::Amount) => FEN_PER_YUAN,
        Filling::Stated(_, Said::Has | Said::Number | Said::Years | Said::Months)
        | Filling::NewJobMonths
        | Filling::Standing(_)
        | Filling::Draws(_)
        | Filling::Received(..)
        | Filling::Fixed(_)
        | Filling::Dated(..)
        | Filling::Persons
        | Filling::Age
        | Filling::DisabilityGrade
        | Filling::Student
        | Filling::Minor
        | Filling::Female
        | Filling::Supporter(_)
        | Filling::Table(_)
        | Filling::Step => 1,
    }
}
