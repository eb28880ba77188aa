//! Declared income: what the household says it earns counts on its word as far as no register explains it.
//! Leaves what registers show to `income` and `wage`.

use std::collections::BTreeMap;

use super::income::found;
use super::matching::months_of;
use super::members::Members;
use super::{DECLARED_OWNER, DECLARED_PERIOD, Fact, Facts};
use crate::bounds::{Bounds, Figure};
use crate::dates::{Month, Months};
use crate::part::{Aspect, Because, Part, Treatment};
use crate::record::IncomeKind;

fn declared(kind: IncomeKind) -> Aspect {
    match kind {
        IncomeKind::Wage => Aspect::WageDeclared,
        IncomeKind::Business => Aspect::BusinessDeclared,
        IncomeKind::Property => Aspect::PropertyDeclared,
        IncomeKind::Transfer => Aspect::TransferDeclared,
    }
}

fn unexplained_aspect(kind: IncomeKind) -> Aspect {
    match kind {
        IncomeKind::Wage => Aspect::WageBeyond,
        IncomeKind::Business => Aspect::BusinessBeyond,
        IncomeKind::Property => Aspect::PropertyBeyond,
        IncomeKind::Transfer => Aspect::TransferBeyond,
    }
}

/// Opens the upper end of a count or sum of property by what the whole household declares beyond its registers: it may be of those who
/// count, but nothing proves it.
pub(super) fn open_by_others(all: &Facts<'_>, fact: Fact, window: Months, figure: &mut Figure) {
    if !matches!(
        fact,
        Fact::FinancialAssets | Fact::Dwellings | Fact::Vehicles | Fact::Businesses
    ) {
        return;
    }
    let whole = all.figure(fact, None, window);
    let beyond = whole.parts.iter().filter(|p| p.aspect == Aspect::BeyondRegisters);
    for part in beyond {
        figure.bounds = figure.bounds.plus(Bounds::between(0, part.amount));
        figure.open_by(DECLARED_OWNER);
        figure.parts.push(Part {
            treatment: Treatment::Uncertain {
                why: Because::OwnerNotStated,
            },
            ..*part
        });
    }
}

/// What one member declares of a kind for one period.
struct Declaration {
    months: Months,
    amount: i64,
}

/// How much of a declaration registers leave unexplained: at least and at most.
struct Beyond {
    least: i64,
    most: i64,
}

/// Counts what a member declares beyond what the registers show for the same months. `figure` holds what they show in the window.
///
/// What is declared for months within the window counts; what is declared for more months than the window may have been earned in it or
/// not. A register's amount explains one declaration only.
pub(super) fn add_declared(
    facts: &Facts<'_>,
    kind: IncomeKind,
    ordinal: u32,
    scope: Members,
    window: Months,
    figure: &mut Figure,
) {
    let declarations = declarations(facts, kind, ordinal);
    let registers = figure.bounds;
    let (mut stated, mut least, mut most, mut outside) = (0i64, 0i64, 0i64, 0i64);
    let mut is_one_window = true;
    for (index, declaration) in declarations.iter().enumerate() {
        let Some(both) = declaration.months.intersect(window) else {
            continue;
        };
        let explained = found(facts, kind, ordinal, scope, declaration.months).bounds;
        let beyond = unexplained(declaration, explained, declarations.get(..index).unwrap_or(&[]));
        if both == declaration.months {
            is_one_window &= declaration.months == window;
            stated = stated.saturating_add(declaration.amount);
            least = least.saturating_add(beyond.least);
            most = most.saturating_add(beyond.most);
        } else if beyond.most > 0 {
            outside = outside.saturating_add(beyond.most);
            let mut part = facts.declared(ordinal, declared(kind), beyond.most);
            part.treatment = Treatment::Uncertain {
                why: Because::DeclaredLonger,
            };
            figure.parts.push(part);
            figure.open_by(DECLARED_PERIOD);
        }
    }
    let lo = registers.lo.unwrap_or(0).saturating_add(least).max(stated);
    // Declared for just these months: the true sum is the greater of the two. Otherwise what no register certainly explains adds.
    let hi = registers.hi.and_then(|hi| {
        if is_one_window {
            Some(hi.max(stated))
        } else {
            hi.checked_add(most)
        }
    });
    let beyond = lo.saturating_sub(registers.lo.unwrap_or(0));
    if beyond > 0 {
        figure
            .parts
            .push(facts.declared(ordinal, unexplained_aspect(kind), beyond));
    }
    if !is_one_window && most > least && hi.is_some() {
        figure.open_by(DECLARED_PERIOD);
    }
    figure.bounds = Bounds {
        lo: Some(lo),
        hi: hi.map(|hi| hi.max(lo)),
    }
    .plus(Bounds::between(0, outside));
}

/// Declarations of a kind, those for the same months summed, in the order of their months.
fn declarations(facts: &Facts<'_>, kind: IncomeKind, ordinal: u32) -> Vec<Declaration> {
    let mut by_months: BTreeMap<(Month, Month), i64> = BTreeMap::new();
    let member = facts.household.members.get(ordinal as usize);
    for declared in member.iter().flat_map(|m| &m.incomes).filter(|d| d.kind == kind) {
        let months = months_of(declared.from, declared.until);
        let sum = by_months.entry((months.from, months.until)).or_default();
        *sum = sum.saturating_add(declared.amount.0.max(0));
    }
    let mut all: Vec<Declaration> = by_months
        .into_iter()
        .map(|((from, until), amount)| Declaration {
            months: Months { from, until },
            amount,
        })
        .collect();
    // Short periods first: what is declared most exactly is explained first.
    all.sort_by_key(|d| d.months.len());
    all
}

/// What registers leave unexplained of a declaration, when `earlier` ones may have used up what they show.
fn unexplained(declaration: &Declaration, explained: Bounds, earlier: &[Declaration]) -> Beyond {
    let used = earlier
        .iter()
        .filter(|e| e.months.intersect(declaration.months).is_some())
        .fold(0i64, |sum, e| sum.saturating_add(e.amount));
    let certain = explained.lo.unwrap_or(0).saturating_sub(used).max(0);
    Beyond {
        least: explained
            .hi
            .map_or(0, |hi| declaration.amount.saturating_sub(hi).max(0)),
        most: declaration.amount.saturating_sub(certain).max(0),
    }
}
