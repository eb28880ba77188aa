//! The rule of who counts that snapshots are taken by, and its digest, so that those of one rule are never judged by another.
//! Leaves running it to `evaluate::composition`.

use std::fmt::Write as _;
use std::sync::Arc;

use hedui_ids::Sex;

use super::codes;
use crate::pack::{Composition, Pack};
use crate::program::{Filling, Formula, Place, Rows, Scope, Standing, Table};
use crate::ratio::Ratio;

/// Bytes of a digest: enough that no two rules ever meet.
pub(crate) const DIGEST_BYTES: usize = 16;
/// What is digested, and in which form: another form is another version.
const CONTEXT: &str = "hedui who counts 1";

/// A rule of who counts.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    digest: [u8; DIGEST_BYTES],
    /// A pack that has it; none where it was read with a snapshot.
    pack: Option<Arc<Pack>>,
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.digest == other.digest
    }
}

impl Rule {
    /// The rule of a pack; `None` where everybody counts.
    pub(super) fn of(pack: &Pack) -> Option<Rule> {
        let rules = pack.composition.as_ref()?;
        Some(Rule {
            digest: digest(pack, rules),
            pack: Some(Arc::new(pack.clone())),
        })
    }

    /// A rule of which only the digest is known.
    pub(super) fn known_by(digest: [u8; DIGEST_BYTES]) -> Rule {
        Rule { digest, pack: None }
    }

    pub(super) fn digest(&self) -> [u8; DIGEST_BYTES] {
        self.digest
    }

    /// A pack that has it, where one is known.
    pub(super) fn pack(&self) -> Option<&Pack> {
        self.pack.as_deref()
    }
}

/// Over the formulas as written and every value that their names stand for: two packs that count the same people in the same words agree.
fn digest(pack: &Pack, rules: &Composition) -> [u8; DIGEST_BYTES] {
    let written = |rule: &Option<(_, Formula)>| rule.as_ref().map(|(_, formula)| formula.text.to_string());
    let mut lines: Vec<String> = Vec::new();
    for (scope, at) in &rules.uses {
        let (before, place) = match scope {
            Scope::Household => ("household", pack.household.get(*at)),
            Scope::Member => ("member", pack.member.get(*at)),
        };
        lines.extend(place.map(|place| format!("{before} {} {}", place.name, meaning(pack, place))));
    }
    // In which order a pack meets its names means nothing.
    lines.sort_unstable();
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    for rule in [&rules.counts, &rules.alone] {
        // With its length, so that no two lists have the same bytes.
        let text = written(rule).unwrap_or_default();
        hasher
            .update(&(text.len() as u64).to_le_bytes())
            .update(text.as_bytes());
    }
    for line in lines {
        hasher
            .update(&(line.len() as u64).to_le_bytes())
            .update(line.as_bytes());
    }
    let mut digest = [0; DIGEST_BYTES];
    hasher.finalize_xof().fill(&mut digest);
    digest
}

fn fraction(value: Ratio) -> String {
    format!("{}/{}", value.num(), value.den())
}

/// What a name stands for beyond what it says itself.
fn meaning(pack: &Pack, place: &Place) -> String {
    match &place.filling {
        Filling::Fixed(value) => fraction(*value),
        Filling::Dated(otherwise, periods) => {
            let mut text = fraction(*otherwise);
            for period in periods {
                let day = |day: Option<hedui_core::dates::Date>| day.map(|day| day.to_string()).unwrap_or_default();
                let (from, to) = (day(period.from), day(period.to));
                let _ = write!(text, " {from}..{to}={}", fraction(period.value));
            }
            text
        }
        Filling::Figure { months, .. } | Filling::Received(_, months) => format!("over {months}"),
        Filling::Standing(Standing::RegisteredHere) => pack.head.jurisdiction_text.to_string(),
        Filling::Table(at) => pack.tables.get(*at).map(rows).unwrap_or_default(),
        // The name says it all.
        Filling::Standing(Standing::Married | Standing::Attends(_) | Standing::Disabled(_))
        | Filling::Persons
        | Filling::Age
        | Filling::DisabilityGrade
        | Filling::Student
        | Filling::Minor
        | Filling::NewJobMonths
        | Filling::Female
        | Filling::Draws(_)
        | Filling::Stated(..)
        | Filling::Supporter(_)
        | Filling::Step => String::new(),
    }
}

fn rows(table: &Table) -> String {
    let mut text = fraction(table.default);
    match &table.rows {
        Rows::Age(rows) => {
            for (from, to, value) in rows {
                let to = to.map(|to| to.to_string()).unwrap_or_default();
                let _ = write!(text, " {from}..{to}={}", fraction(*value));
            }
        }
        Rows::Sex(rows) => {
            for (sex, value) in rows {
                let _ = write!(text, " {}={}", u8::from(*sex == Sex::Female), fraction(*value));
            }
        }
        Rows::Disability(rows) => {
            for (kind, grade, value) in rows {
                let _ = write!(text, " {}.{grade}={}", kind.map_or(0, codes::of_kind), fraction(*value));
            }
        }
    }
    text
}
