//! Takes out of the facts of a verification what packs read of those who count.
//! Leaves what is taken to `keys` and who counts to `evaluate::composition`.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Months;
use hedui_core::facts::{Condition, Facts, Members, Settled, Standing};
use hedui_core::record::DisabilityKind;
use hedui_core::verdict::Truth;
use smol_str::SmolStr;

use super::{Composition, Disability, FigureKey, Needs, Person, Reading, Snapshot, SnapshotError};
use crate::program::Said;

impl Snapshot {
    /// Takes what `needs` names out of the facts of a verification, of those who count by the rule of the needs; `composition_open` as for
    /// [`Pack::evaluate`](crate::Pack::evaluate). Where a department leaves open who counts, the snapshot says so and is about everybody.
    ///
    /// # Errors
    /// `RuleUnknown` where the needs come from a stored snapshot, which names its rule but does not hold it; else as [`Snapshot::new`].
    pub fn of_facts(
        facts: &Facts<'_>,
        composition_open: &[SmolStr],
        needs: &Arc<Needs>,
    ) -> Result<Snapshot, SnapshotError> {
        let sets = match needs.rule() {
            None => vec![facts.members()],
            Some(rule) => rule.pack().ok_or(SnapshotError::RuleUnknown)?.who_counts(facts),
        };
        let composition = Composition::of(composition_open);
        match sets.as_slice() {
            [set] if *set != facts.members() => of_members(&facts.restricted(*set), *set, composition, needs),
            [set] => of_members(facts, *set, composition, needs),
            _ => of_members(facts, facts.members(), Composition::CountOpen, needs),
        }
    }
}

fn of_members(
    facts: &Facts<'_>,
    set: Members,
    composition: Composition,
    needs: &Arc<Needs>,
) -> Result<Snapshot, SnapshotError> {
    let figures = needs.household().iter().map(|key| figure(facts, key, None)).collect();
    let (mut members, mut member_figures) = (Vec::new(), Vec::new());
    let counted = facts.household.members.iter().zip(0u32..);
    for (member, subject) in counted.filter(|(_, subject)| set.contains(*subject)) {
        members.push(Person {
            birth: member.id.birth_date(),
            sex: member.id.sex(),
            student: student(&facts.student(subject)),
            disability: disability(&facts.disability(subject)),
        });
        member_figures.extend(needs.member().iter().map(|key| figure(facts, key, Some(subject))));
    }
    let supporters = needs.supporters().then(|| facts.household.supporters.iter());
    let supporters = supporters.into_iter().flatten().map(super::Supporter::of).collect();
    let snapshot = Snapshot::new(needs, facts.as_of, composition, figures, members, member_figures)?;
    snapshot.with_supporters(supporters)
}

fn figure(facts: &Facts<'_>, key: &FigureKey, subject: Option<u32>) -> Bounds {
    let standing = |standing| condition(&facts.standing(standing, subject));
    match &key.reading {
        Reading::Fact(fact) => {
            let window = Months::before(facts.as_of, u32::from(key.months));
            facts.figure(*fact, subject, window).bounds
        }
        // Of a household nobody asks for it.
        Reading::NewJobMonths => subject.map_or(Bounds { lo: None, hi: None }, |subject| {
            facts.new_job_months(subject).bounds
        }),
        Reading::RegisteredIn(place) => standing(Standing::RegisteredIn(*place)),
        Reading::Married => standing(Standing::Married),
        Reading::Attends(stage) => standing(Standing::Attends(*stage)),
        Reading::Disabled(kind) => standing(Standing::Disabled(*kind)),
        Reading::Draws(programme) => standing(Standing::Draws(programme)),
        Reading::Received(programme) => {
            let window = Months::before(facts.as_of, u32::from(key.months));
            standing(Standing::Received(programme, window))
        }
        Reading::Stated(circumstance, said) => {
            let stated = facts.stated(*circumstance, subject);
            Bounds::exactly(match said {
                Said::Has => i64::from(stated.holds),
                Said::Number => i64::from(stated.number),
                Said::Amount => stated.amount,
                Said::Years => i64::from(stated.years),
                Said::Months => i64::from(stated.months),
            })
        }
    }
}

fn condition(condition: &Condition) -> Bounds {
    match condition.truth {
        Truth::Fails => Bounds::exactly(0),
        Truth::Open => Bounds::between(0, 1),
        Truth::Holds => Bounds::exactly(1),
    }
}

/// A register that shows schooling settles it; silence leaves only "not a student" open.
fn student(settled: &Settled<bool>) -> Truth {
    match (settled.value, settled.missing.is_empty()) {
        (true, _) => Truth::Holds,
        (false, true) => Truth::Fails,
        (false, false) => Truth::Open,
    }
}

fn disability(settled: &Settled<Option<(DisabilityKind, u32)>>) -> Disability {
    Disability {
        known: settled
            .value
            .and_then(|(kind, grade)| u8::try_from(grade).ok().map(|grade| (kind, grade))),
        is_open: !settled.missing.is_empty(),
    }
}
