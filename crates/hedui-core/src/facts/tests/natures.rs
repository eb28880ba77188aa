//! Of what nature a transfer is, where registers differ about it.
//! Leaves every other doubt about incomes to `incomes`.

use super::incomes::{TRANSFER, figure, income, pension};
use crate::bounds::Bounds;
use crate::facts::{DOUBTFUL_MATCH, Fact};
use crate::record::*;
use crate::testing::*;

use RecordType as T;

/// What one register calls a pension and another support is one payment of which it is not certain what it is.
#[test]
fn a_payment_that_one_register_calls_a_pension_and_another_support_counts_once_for_certain() {
    let of = |nature: TransferNature| {
        let mut body = income(IncomeKind::Transfer, "2026-10", "2026-10", 300_000);
        if let RecordBody::Income(body) = &mut body {
            body.nature = Some(nature);
        }
        vec![body]
    };
    for other in [TransferNature::Support, TransferNature::GovernmentRelief] {
        for named in [TransferNature::Pension, TransferNature::InsuranceBenefit] {
            let said = [says("a", &[T::Income], of(named)), says("b", &[T::Income], of(other))];
            let transfers = figure(&said, TRANSFER, 1);
            assert_eq!(
                transfers.bounds,
                Bounds::between(300_000, 600_000),
                "{named:?} {other:?}"
            );
            assert_eq!(transfers.open, [DOUBTFUL_MATCH]);
            assert_eq!(figure(&said, Fact::Transfer(other), 1).bounds.lo, Some(0));
        }
    }
    let both = || [of(TransferNature::Pension), of(TransferNature::Support)].concat();
    let said = [says("a", &[T::Income], both())];
    assert_eq!(figure(&said, TRANSFER, 1).bounds, Bounds::exactly(600_000));
}

#[test]
fn a_basic_part_that_another_register_denies_is_not_certain() {
    let said = |first: Option<i64>, second: Option<i64>| {
        let of = |id: &str, basic| says(id, &[T::Pension], vec![pension(300_000, basic, "2026-01")]);
        figure(&[of("a", first), of("b", second)], Fact::BasicPension, 1).bounds
    };
    assert_eq!(said(Some(200_000), Some(200_000)), Bounds::exactly(200_000));
    assert_eq!(said(Some(200_000), Some(0)), Bounds::between(0, 200_000));
    // Who leaves it out denies nothing.
    assert_eq!(said(Some(200_000), None), Bounds::exactly(200_000));
}
