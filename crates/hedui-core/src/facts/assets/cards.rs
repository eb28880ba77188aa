//! Cards and accounts: numbers of two departments that are perhaps one account, and how much is sure all the same.
//! Leaves the records of one number, and those without one, to the parent.

use super::{Balance, by_account, is_later, is_older, least};
use crate::facts::Facts;

/// So many records are few enough to compare each with all.
const FEW: usize = 64;

/// A number with what it is perhaps the same as.
struct Account {
    /// How much it surely holds, were it no other.
    least: i64,
    /// The departments that list it, sorted.
    ranks: Vec<u16>,
    /// Others of another department that are perhaps this: which, and how much this holds then.
    others: Vec<(usize, i64)>,
}

/// All numbers, in their order.
pub(super) struct Cards(Vec<Account>);

impl Cards {
    /// Compares the accounts of each number with those of every other.
    pub(super) fn of(facts: &Facts<'_>, numbers: &[&[Balance<'_>]]) -> Cards {
        let is_few = numbers.iter().map(|account| account.len()).sum::<usize>() <= FEW;
        let numbers = if is_few { numbers } else { &[] };
        let accounts = numbers.iter().enumerate().map(|(at, account)| {
            let mut ranks: Vec<u16> = account.iter().map(|(found, _)| found.rank).collect();
            ranks.sort_unstable();
            ranks.dedup();
            let others = numbers.iter().enumerate().filter(|(other, _)| *other != at);
            let alike = others.filter(|(_, other)| is_perhaps_card(facts, account, other));
            let others = alike.map(|(other, records)| (other, least_as_one(facts, account, records)));
            Account {
                least: surely(facts, account),
                ranks,
                others: others.collect(),
            }
        });
        Cards(accounts.collect())
    }

    /// How much of a number is sure at most, where it is perhaps another: nothing where that has the lesser number and counts instead.
    pub(super) fn most_surely(&self, at: usize) -> Option<i64> {
        let others = &self.0.get(at)?.others;
        if others.iter().any(|(other, _)| *other < at) {
            return Some(0);
        }
        others.iter().map(|(_, both)| *both).min()
    }

    /// How much there is surely by the list of the one department that lists most: its numbers are several accounts, of which every number of
    /// another department replaces the balance of one at most.
    pub(super) fn listed(&self) -> i64 {
        let mut ranks: Vec<u16> = self.0.iter().flat_map(|account| &account.ranks).copied().collect();
        ranks.sort_unstable();
        ranks.dedup();
        let sums = ranks.into_iter().map(|rank| {
            let is_own = |account: &Account| account.ranks.contains(&rank);
            // A card that it lists beside its account counts with it.
            let is_second = |at: usize, account: &Account| {
                let mut others = account.others.iter().map(|(other, _)| *other);
                others.any(|other| other < at && self.0.get(other).is_some_and(is_own))
            };
            let numbered = || self.0.iter().enumerate();
            let own = || {
                numbered()
                    .filter(|(at, a)| is_own(a) && !is_second(*at, a))
                    .map(|(_, a)| a)
            };
            let all = own().map(|account| account.least).fold(0, i64::saturating_add);
            let mut lost = vec![0i64; self.0.len()];
            for account in own() {
                for (other, both) in &account.others {
                    if let Some(lost) = lost.get_mut(*other) {
                        *lost = account.least.saturating_sub(*both).max(*lost);
                    }
                }
            }
            all.saturating_sub(lost.into_iter().fold(0, i64::saturating_add))
        });
        sums.max().unwrap_or(0).max(0)
    }
}

/// How much a number surely holds: of several kinds or keepers the least.
fn surely(facts: &Facts<'_>, records: &[Balance<'_>]) -> i64 {
    let accounts = records.chunk_by(|a, b| by_account(facts, a, b).is_eq());
    accounts.map(|account| least(facts, account)).min().unwrap_or(0)
}

/// How much of a number is sure where another is the same: as much as both show, or as it shows where the other is older, or of a day too late.
fn least_as_one(facts: &Facts<'_>, own: &[Balance<'_>], other: &[Balance<'_>]) -> i64 {
    let is_replaced =
        |(_, body): &Balance<'_>| is_later(body, facts) || own.iter().any(|(_, new)| is_older(body, new, facts));
    let least = surely(facts, own);
    if other.iter().all(is_replaced) {
        least
    } else {
        least.min(surely(facts, other))
    }
}

/// Whether two numbers are perhaps of a card and its account: of one kind, at two departments, at what may be one keeper.
fn is_perhaps_card(facts: &Facts<'_>, one: &[Balance<'_>], other: &[Balance<'_>]) -> bool {
    let is_listed_with = |a: &Balance<'_>| other.iter().any(|b| a.0.rank == b.0.rank);
    // A department that lists both tells them apart, unless they are equal.
    let are_apart = one.iter().any(is_listed_with);
    let is_same = |a: &Balance<'_>, b: &Balance<'_>| {
        a.0.rank != b.0.rank && a.1.kind == b.1.kind && {
            let (x, y) = (facts.keys(a.0).alias.as_str(), facts.keys(b.0).alias.as_str());
            let is_moved = !are_apart && !is_of_one_day(a, b);
            let is_near = a.1.balance == b.1.balance || is_moved && is_about(a.1.balance.0, b.1.balance.0);
            let is_dated = a.1.balance_on.is_some() && b.1.balance_on.is_some();
            is_near && is_perhaps_keeper(x, y) || is_moved && is_dated && x == y && !x.is_empty()
        }
    };
    one.iter().any(|a| other.iter().any(|b| is_same(a, b)))
}

/// Whether two balances are of one day for certain: then they are of two accounts where they differ.
fn is_of_one_day(a: &Balance<'_>, b: &Balance<'_>) -> bool {
    let day = |body: &Balance<'_>| body.1.balance_on.filter(|on| on.day() != 0 && !on.ends_nothing());
    day(a).zip(day(b)).is_some_and(|(a, b)| a == b)
}

/// Whether two balances differ by two per cent of the greater at most: interest, or a bill of a few days.
fn is_about(a: i64, b: i64) -> bool {
    a.abs_diff(b).saturating_mul(50) <= a.max(b).max(0).unsigned_abs()
}

/// Whether two names may mean one keeper: one is missing, or says nothing that is not in the other.
fn is_perhaps_keeper(a: &str, b: &str) -> bool {
    const OF_ANY: &str = "中国银行股份有限责任公司支分省市县区";
    let is_in = |a: &str, b: &str| a.chars().all(|c| OF_ANY.contains(c) || b.contains(c));
    a == b || is_in(a, b) || is_in(b, a)
}
