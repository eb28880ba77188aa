//! Payers: whether the incomes that two departments state alike are of one payer under two names.
//! Leaves equal names and codes to `income`, and employers to `wage`.

use std::collections::BTreeSet;

use smol_str::SmolStr;

use crate::dates::Month;
use crate::record::TransferNature;

/// What is stated: first and last month and net amount, and of what nature it is.
pub(super) type Stated = ((Month, Month, i64), Option<TransferNature>);

/// One record.
pub(super) struct Payment<'a> {
    /// The department.
    pub rank: u16,
    /// The payer's code; empty where it is not on record.
    pub number: &'a SmolStr,
    pub stated: Stated,
}

/// Which payments another department states to the fen for the same months under another payer or none, in the order given. Where a department has
/// both payers they are two.
pub(super) fn perhaps_elsewhere(payments: &[Payment<'_>]) -> Vec<bool> {
    let mut found = vec![false; payments.len()];
    let several = payments
        .iter()
        .any(|one| payments.first().is_some_and(|first| first.rank != one.rank));
    if !several {
        return found;
    }
    let mut order: Vec<(usize, &Payment<'_>)> = payments.iter().enumerate().filter(|(_, p)| p.stated.0.2 > 0).collect();
    order.sort_by_key(|(_, payment)| (payment.stated, payment.rank));
    for alike in order.chunk_by(|a, b| a.1.stated == b.1.stated) {
        let departments: Vec<(u16, BTreeSet<&SmolStr>)> = alike
            .chunk_by(|a, b| a.1.rank == b.1.rank)
            .filter_map(|own| {
                Some((
                    own.first()?.1.rank,
                    own.iter().map(|(_, payment)| payment.number).collect(),
                ))
            })
            .collect();
        for (own, numbers) in &departments {
            // Departments that name a payer here, or none, whom this one does not.
            let others: Vec<&BTreeSet<&SmolStr>> = departments
                .iter()
                .filter(|(rank, theirs)| rank != own && theirs.iter().any(|n| n.is_empty() || !numbers.contains(n)))
                .map(|(_, theirs)| theirs)
                .collect();
            for (at, payment) in alike.iter().filter(|(_, payment)| payment.rank == *own) {
                let is_elsewhere = others
                    .iter()
                    .any(|theirs| payment.number.is_empty() || !theirs.contains(payment.number));
                if let Some(found) = found.get_mut(*at) {
                    *found = is_elsewhere;
                }
            }
        }
    }
    found
}
