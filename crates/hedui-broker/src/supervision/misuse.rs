//! What looks like misuse: the indicators by which the Dutch Suwinet's abuse became visible, per official and per person looked up.
//! Leaves judging it to people: a busy office and a curious one can look alike.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use hedui_evidence::{CaseId, Frame, FrameKind, IndexKey};
use smol_str::SmolStr;

use super::person_key;
use crate::clock::SHANGHAI_MS;
use crate::core::Core;

/// How many of the most consulted persons are shown.
const SHOWN: usize = 20;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Office hours as the Suwinet reports draw them: 6:00 to 19:00 on weekdays. Public holidays are not known here.
const OFFICE_HOURS: std::ops::Range<i64> = 6..19;

/// What one official did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overseen {
    /// The office, and behind a slash the official.
    pub actor: String,
    /// Verifications begun.
    pub lookups: u64,
    /// Readings of verifications and of the log.
    pub readings: u64,
    /// Of those, readings of what somebody else had begun.
    pub readings_of_others: u64,
    /// Readings that belong to no case: exports, reports, checks.
    pub without_case: u64,
    /// Refused for want of authorization.
    pub denials: u64,
    /// Look-ups and readings outside office hours.
    pub out_of_hours: u64,
    /// Different persons looked up.
    pub persons: u64,
    /// Look-ups of officials of the staff register, other than this one.
    pub colleagues: u64,
    /// Look-ups of this official's own person or relatives.
    pub own_family: u64,
}

/// A person who was looked up by many, or often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consulted {
    /// The first eight digits of what the index knows the person by: the same in every report of this installation, and nothing else.
    pub token: String,
    /// Verifications of households that the person is in.
    pub lookups: u64,
    /// Different officials who began them.
    pub officials: u64,
    /// One of the cases, for looking into it.
    pub case: CaseId,
}

/// The report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MisuseReport {
    /// By official, those with most look-ups and readings first.
    pub officials: Vec<Overseen>,
    /// The persons looked up by most officials, then most often.
    pub most_consulted: Vec<Consulted>,
}

/// What is known of a person while frames are read.
#[derive(Default)]
struct Person {
    lookups: u64,
    officials: BTreeSet<SmolStr>,
    case: CaseId,
}

/// What is known of an official while frames are read.
#[derive(Default)]
struct Tally {
    overseen: Overseen,
    persons: HashSet<IndexKey>,
}

/// Gathers the report from frames in the order of the log.
#[derive(Default)]
pub(super) struct Gathering {
    officials: BTreeMap<SmolStr, Tally>,
    persons: HashMap<IndexKey, Person>,
    /// Who began each case.
    began: HashMap<CaseId, SmolStr>,
    /// Whose person each key of the staff register is, by actor.
    staff: HashMap<IndexKey, Vec<String>>,
    /// Whose relatives.
    relatives: HashMap<IndexKey, Vec<String>>,
}

impl Gathering {
    pub fn new(core: &Core) -> Gathering {
        let mut gathering = Gathering::default();
        for member in core.settings.staff.members() {
            let own = gathering.staff.entry(person_key(core, &member.id)).or_default();
            own.push(member.actor.clone());
            for relative in &member.relatives {
                let of = gathering.relatives.entry(person_key(core, relative)).or_default();
                of.push(member.actor.clone());
            }
        }
        gathering
    }

    /// Takes a frame; one outside the time asked for only tells who began its case.
    pub fn take(&mut self, frame: &Frame, persons: &[IndexKey], counts: bool) {
        let Some(leaf) = frame.leaves.first() else { return };
        let actor = leaf.actor.clone();
        if frame.kind == FrameKind::Asked {
            self.began.insert(frame.case, actor.clone());
        }
        if !counts {
            return;
        }
        let belongs = |of: Option<&Vec<String>>| of.is_some_and(|of| of.iter().any(|name| is_actor(name, &actor)));
        let family = persons
            .iter()
            .any(|key| belongs(self.staff.get(key)) || belongs(self.relatives.get(key)));
        let is_other = |key: &IndexKey| self.staff.contains_key(key) && !belongs(self.staff.get(key));
        let colleague = persons.iter().any(is_other);
        let tally = self.officials.entry(actor.clone()).or_default();
        tally.overseen.out_of_hours += u64::from(is_out_of_hours(leaf.asked_at_ms));
        match frame.kind {
            FrameKind::Asked => {
                tally.overseen.lookups += 1;
                tally.persons.extend(persons);
                tally.overseen.own_family += u64::from(family);
                tally.overseen.colleagues += u64::from(colleague);
                for key in persons {
                    let person = self.persons.entry(*key).or_default();
                    person.lookups += 1;
                    person.officials.insert(actor.clone());
                    person.case = frame.case;
                }
            }
            // Trying counts as well.
            FrameKind::Denial => {
                tally.overseen.denials += 1;
                tally.overseen.own_family += u64::from(family);
                tally.overseen.colleagues += u64::from(colleague);
            }
            _ => {
                tally.overseen.readings += 1;
                if frame.case == CaseId::default() {
                    tally.overseen.without_case += 1;
                } else if self.began.get(&frame.case).is_some_and(|began| *began != actor) {
                    tally.overseen.readings_of_others += 1;
                }
            }
        }
    }

    pub fn report(self) -> MisuseReport {
        let tallies = self.officials.into_iter().map(|(actor, tally)| Overseen {
            actor: actor.to_string(),
            persons: tally.persons.len() as u64,
            ..tally.overseen
        });
        let mut officials: Vec<Overseen> = tallies.collect();
        officials.sort_by_key(|o| std::cmp::Reverse(o.lookups + o.readings));
        let mut consulted: Vec<(IndexKey, Person)> = self.persons.into_iter().filter(|(_, p)| p.lookups > 1).collect();
        consulted.sort_by_key(|(key, p)| (std::cmp::Reverse((p.officials.len(), p.lookups)), *key));
        let most_consulted = consulted.into_iter().take(SHOWN).map(|(key, person)| Consulted {
            token: key.to_string().chars().take(8).collect(),
            lookups: person.lookups,
            officials: person.officials.len() as u64,
            case: person.case,
        });
        MisuseReport {
            officials,
            most_consulted: most_consulted.collect(),
        }
    }
}

/// Whether a name of the staff register is the actor of a leaf: `window/0042`, or `0042` of any office.
fn is_actor(name: &str, actor: &str) -> bool {
    name == actor || (!name.contains('/') && actor.split_once('/').is_some_and(|(_, person)| person == name))
}

/// Outside office hours in Shanghai: before 6:00, from 19:00, on Saturdays and Sundays.
fn is_out_of_hours(at_ms: i64) -> bool {
    let local = at_ms.saturating_add(SHANGHAI_MS);
    // 1 January 1970 was a Thursday: day 0 is 4 of a week that begins on Sunday.
    let weekday = (local.div_euclid(DAY_MS) + 4).rem_euclid(7);
    let hour = local.rem_euclid(DAY_MS) / HOUR_MS;
    matches!(weekday, 0 | 6) || !OFFICE_HOURS.contains(&hour)
}

#[cfg(test)]
mod tests;
