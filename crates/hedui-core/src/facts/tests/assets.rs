//! Accounts, thresholds and the provident fund.
//! Leaves the laws over any answers to the parent.

use crate::answer::AnswerState;
use crate::bounds::{Bounds, Figure};
use crate::dates::Months;
use crate::facts::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN};
use crate::money::Fen;
use crate::record::*;
use crate::testing::*;

use RecordType as T;

fn deposit(bank: &str, account: &str, fen: i64, on: Option<&str>) -> RecordBody {
    RecordBody::FinancialAsset(FinancialAsset {
        kind: FinancialAssetKind::Deposit,
        institution: bank.into(),
        account_reference: account.into(),
        balance: Fen(fen),
        balance_on: on.map(date),
    })
}

fn bank(name: &str, bodies: Vec<RecordBody>) -> Said {
    says(name, &[T::FinancialAsset], bodies)
}

fn limits(name: &str, state: AnswerState) -> Said {
    said(
        name,
        &[T::FinancialAsset],
        vec![state, AnswerState::NoRecord, AnswerState::NoRecord],
    )
}

fn assets(said: &[Said]) -> Figure {
    let household = checked(family());
    ask(&household, said, |f| {
        f.figure(Fact::FinancialAssets, None, Months::before(as_of(), 1))
            .as_ref()
            .clone()
    })
}

const DAY: Option<&str> = Some("2026-11-20");

#[test]
fn an_account_seen_twice_counts_once_and_the_newest_day_decides() {
    let said = [
        bank("a", vec![deposit("农商", "1", 500, DAY)]),
        bank("b", vec![deposit("农商", "1", 500, DAY)]),
    ];
    assert_eq!(assets(&said).bounds, Bounds::exactly(500));
    let said = [
        bank("a", vec![deposit("农商", "1", 500, DAY)]),
        bank("b", vec![deposit("农商", "1", 900, Some("2026-10-01"))]),
    ];
    assert_eq!(assets(&said).bounds, Bounds::exactly(500));
}

#[test]
fn an_account_without_a_number_is_perhaps_another_registers_account() {
    let numbered = || bank("a", vec![deposit("农商", "1", 3_600, DAY)]);
    for (fen, day, bounds) in [
        (3_601, Some("2026-11-19"), Bounds::between(3_601, 7_201)),
        (100, DAY, Bounds::between(3_600, 3_700)),
        (9_000, None, Bounds::between(9_000, 12_600)),
    ] {
        let figure = assets(&[numbered(), bank("b", vec![deposit("城商", "", fen, day)])]);
        assert_eq!(
            (figure.bounds, figure.open),
            (bounds, vec![DOUBTFUL_MATCH.into()]),
            "{fen}"
        );
    }
    // One register lists nothing twice.
    let two = vec![deposit("农商", "1", 3_600, DAY), deposit("农商", "", 500, DAY)];
    assert_eq!(assets(&[bank("a", two)]).bounds, Bounds::exactly(4_100));
}

#[test]
fn several_records_of_one_number_in_one_register_may_be_several_deposits() {
    for day in [DAY, Some("2026-10-01"), None] {
        let listed = vec![deposit("农商", "1", 900, DAY), deposit("农商", "1", 700, day)];
        let figure = assets(&[bank("a", listed)]);
        assert_eq!(figure.bounds.hi, Some(1_600), "{day:?}");
        assert!(figure.bounds.lo <= Some(900) && !figure.open.is_empty(), "{day:?}");
    }
}

#[test]
fn balances_of_one_day_or_of_no_day_that_differ_are_all_possible() {
    for on in [DAY, None, Some("2026"), Some("1970-01-01")] {
        let said = [
            bank("a", vec![deposit("农商", "1", 500, DAY)]),
            bank("b", vec![deposit("农商", "1", 90_000, on)]),
        ];
        let figure = assets(&said);
        assert_eq!(figure.bounds, Bounds::between(500, 90_000), "{on:?}");
        assert_eq!(figure.open, [CONFLICTING_SOURCES]);
    }
}

#[test]
fn a_balance_of_a_later_day_tells_nothing_of_this_one() {
    for yuan in [0, 90_000] {
        let alone = assets(&[bank("a", vec![deposit("农商", "1", yuan, Some("2206-01-01"))])]);
        assert_eq!(alone.bounds, Bounds::NON_NEGATIVE);
        assert_eq!(alone.open, [PERIOD_UNCERTAIN]);
        let said = [
            bank("a", vec![deposit("农商", "1", yuan, Some("2206-01-01"))]),
            bank("b", vec![deposit("农商", "2", 500, DAY)]),
        ];
        assert_eq!(
            assets(&said).bounds,
            Bounds {
                lo: Some(500),
                hi: None
            }
        );
    }
}

#[test]
fn a_number_of_which_a_part_is_shown_is_perhaps_any_other_departments() {
    let of = |number: &str, yuan| deposit("农商", number, yuan, DAY);
    let masks = [
        "6222****1234",
        "6222＊＊＊＊1234",
        "6222xxxx1234",
        "●●●●1234",
        "6222####1234",
        "6222XX1234",
        "尾号1234",
        "6222...1234",
    ];
    let damaged = [
        "6222____1234",
        "6222----1234",
        "6222……1234",
        "6.22200E+15",
        "6222000000000000",
    ];
    for shown in masks.into_iter().chain(damaged) {
        let said = [
            bank("a", vec![of("6222000011111234", 500)]),
            bank("b", vec![of(shown, 500)]),
        ];
        let figure = assets(&said);
        assert_eq!(figure.bounds, Bounds::between(500, 1_000), "{shown}");
        assert_eq!(figure.open, [DOUBTFUL_MATCH]);
        // In one register the shown part tells accounts apart, and days of one account.
        let own = vec![
            of(shown, 500),
            of("6222****9999", 700),
            deposit("农商", shown, 300, Some("2020-01-01")),
        ];
        assert_eq!(
            assets(&[bank("a", own)]).bounds,
            Bounds::between(1_200, 1_500),
            "{shown}"
        );
    }
}

#[test]
fn zeros_that_a_spreadsheet_drops_make_no_second_account() {
    let said = [
        bank("a", vec![deposit("农商", "0012300", 500, DAY)]),
        bank("b", vec![deposit("农商", "12300", 500, DAY)]),
    ];
    assert_eq!(assets(&said).bounds, Bounds::exactly(500));
}

#[test]
fn equal_accounts_without_numbers_of_two_members_may_be_one_that_they_share() {
    let of = |yuan| found(vec![deposit("农商", "", yuan, DAY)]);
    let two = |a, b| {
        let said = [said("a", &[T::FinancialAsset], vec![of(a), of(b), found(vec![])])];
        assets(&said).bounds
    };
    assert_eq!(two(500, 700), Bounds::exactly(1_200));
    assert_eq!(two(500, 500), Bounds::between(500, 1_000));
}

#[test]
fn equal_numbers_at_two_banks_are_perhaps_two_accounts() {
    let said = [
        bank("a", vec![deposit("农商", "1", 500, DAY)]),
        bank("b", vec![deposit("工行", "1", 900, DAY)]),
    ];
    let figure = assets(&said);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(500, 1_400), vec![DOUBTFUL_MATCH.into()])
    );
}

#[test]
fn an_overdraft_takes_nothing_from_other_accounts_and_leaves_open_what_there_is() {
    let said = [bank(
        "a",
        vec![deposit("农商", "1", 500, DAY), deposit("农商", "2", -400, DAY)],
    )];
    let figure = assets(&said);
    assert_eq!(
        figure.bounds,
        Bounds {
            lo: Some(500),
            hi: None
        }
    );
    assert_eq!(figure.open, [IMPLAUSIBLE_RECORD]);
    // Nor does it replace what another register has.
    let said = [
        bank("a", vec![deposit("农商", "1", 500, Some("2026-01-01"))]),
        bank("b", vec![deposit("农商", "1", -1, DAY)]),
    ];
    assert_eq!(assets(&said).bounds.hi, None);
}

#[test]
fn a_newer_balance_elsewhere_replaces_none_of_several_deposits_on_one_card() {
    let card = |yuan, on| deposit("农商", "6222000011111234", yuan, Some(on));
    let said = [
        bank("a", vec![card(100, "2026-10-01"), card(200_000, "2026-10-01")]),
        bank("b", vec![card(100, "2026-10-15")]),
    ];
    let figure = assets(&said);
    assert_eq!(figure.bounds, Bounds::between(100, 200_100));
    assert!(!figure.open.is_empty());
}

#[test]
fn a_card_and_its_account_are_perhaps_one() {
    let of = |bank_of: &str, number: &str, yuan| bank(bank_of, vec![deposit("农商", number, yuan, DAY)]);
    let said = [of("a", "6222000011111234", 500), of("b", "2010000098765432", 500)];
    assert_eq!(assets(&said).bounds, Bounds::between(500, 1_000));
    let said = [of("a", "6222000011111234", 500), of("b", "2010000098765432", 501)];
    assert_eq!(assets(&said).bounds, Bounds::exactly(1_001));
    // The end of a number that another register has.
    let said = [of("a", "6222000011111234", 500), of("b", "1234", 700)];
    assert_eq!(assets(&said).bounds, Bounds::between(700, 1_200));
}

#[test]
fn a_threshold_is_a_bound_and_never_a_zero() {
    let known = || bank("a", vec![deposit("农商", "1", 500, DAY)]);
    for (state, bounds) in [
        (
            AnswerState::WithinLimit {
                limit: Some(Fen(2_000)),
            },
            Bounds::between(500, 2_500),
        ),
        (
            AnswerState::WithinLimit { limit: None },
            Bounds {
                lo: Some(500),
                hi: None,
            },
        ),
        (
            AnswerState::OverLimit {
                limit: Some(Fen(2_000)),
            },
            Bounds {
                lo: Some(2_001),
                hi: None,
            },
        ),
        (
            AnswerState::OverLimit { limit: None },
            Bounds {
                lo: Some(500),
                hi: None,
            },
        ),
    ] {
        let figure = assets(&[known(), limits("b", state.clone())]);
        assert_eq!(figure.bounds, bounds, "{}", state.code());
        assert_eq!(figure.missing.len(), 1);
    }
}

#[test]
fn money_above_two_thresholds_may_be_the_same_money() {
    let over = |name: &str, fen| limits(name, AnswerState::OverLimit { limit: Some(Fen(fen)) });
    let figure = assets(&[over("a", 2_000), over("b", 3_000)]);
    assert_eq!(
        figure.bounds,
        Bounds {
            lo: Some(3_001),
            hi: None
        }
    );
}

#[test]
fn what_the_household_declares_stands_even_when_every_bank_is_silent() {
    let mut input = family();
    input.declared.financial_assets = Some(Fen(7_000));
    let household = checked(input);
    let said = [silent("a", &[T::FinancialAsset])];
    let figure = ask(&household, &said, |f| {
        f.figure(Fact::FinancialAssets, None, Months::before(as_of(), 1))
            .as_ref()
            .clone()
    });
    assert_eq!(
        figure.bounds,
        Bounds {
            lo: Some(7_000),
            hi: None
        }
    );
}

#[test]
fn a_fund_balance_and_its_copy_count_once() {
    let account = |fen| {
        RecordBody::ProvidentFund(ProvidentFund {
            employer_name: Default::default(),
            employer_credit_code: "C1".into(),
            monthly_base: None,
            monthly_contribution: None,
            balance: Fen(fen),
            loan_balance: None,
            paid_from: None,
            paid_until: None,
        })
    };
    let sum = |second| {
        let household = checked(family());
        let said = [
            says("a", &[T::ProvidentFund], vec![account(900)]),
            says("b", &[T::ProvidentFund], vec![account(second)]),
        ];
        ask(&household, &said, |f| {
            f.figure(Fact::ProvidentFundBalance, None, Months::before(as_of(), 1))
                .bounds
        })
    };
    assert_eq!(sum(900), Bounds::exactly(900));
    assert_eq!(sum(700), Bounds::between(700, 900));
}

#[test]
fn equal_deposits_whose_records_are_called_by_their_passbook_may_be_several() {
    let row = |reference: &str, number: &str| crate::record::Record {
        reference: reference.into(),
        body: deposit("农商", number, 600_000, DAY),
    };
    let twice = |reference: &str, number: &str| {
        let records = vec![row(reference, number), row(reference, number)];
        let states = vec![AnswerState::Found { records }, found(vec![]), found(vec![])];
        assets(&[said("a", &[T::FinancialAsset], states)])
    };
    let number = "88120120012345678";
    for (reference, written) in [
        (number, number),
        ("8812 0120 0123 45678", number),
        ("8812****5678", "8812****5678"),
    ] {
        let figure = twice(reference, written);
        assert_eq!(figure.bounds, Bounds::between(600_000, 1_200_000), "{reference}");
        assert!(!figure.open.is_empty());
    }
    // Under a name of its own it is one row handed over twice.
    assert_eq!(twice("r-17", number).bounds, Bounds::exactly(600_000));
    assert_eq!(twice("8812", number).bounds, Bounds::exactly(600_000));
}

#[test]
fn a_card_and_its_account_of_other_days_or_keepers_in_two_spellings_are_perhaps_one() {
    let (card, account) = ("6214590012345678901", "88120120012345678");
    let two = |(keeper, fen, on): (&str, i64, Option<&str>), (other, more, later): (&str, i64, Option<&str>)| {
        let said = [
            bank("finance-office", vec![deposit(keeper, card, fen, on)]),
            bank("rural-commercial-bank", vec![deposit(other, account, more, later)]),
        ];
        let figure = assets(&said);
        assert_eq!(figure.open.is_empty(), figure.bounds.is_exact(), "{keeper} {other}");
        let mut turned = said.to_vec();
        turned.reverse();
        assert_eq!(assets(&turned).bounds, figure.bounds);
        figure.bounds
    };
    let (may, june) = (Some("2018-05-31"), Some("2018-06-14"));
    let (least, most) = (800_000, 801_200);
    let (open, newer) = (
        Bounds::between(least, least + most),
        Bounds::between(most, least + most),
    );
    for keepers in [
        ("农商", "农商"),
        ("农商", ""),
        ("达川农商银行", "四川农村商业银行达川支行"),
        ("农商", "农村商业银行"),
    ] {
        assert_eq!(
            two((keepers.0, least, may), (keepers.1, most, june)),
            newer,
            "{keepers:?}"
        );
        assert_eq!(
            two((keepers.0, least, may), (keepers.1, most, None)),
            open,
            "{keepers:?}"
        );
        let equal = two((keepers.0, least, may), (keepers.1, least, may));
        assert_eq!(equal, Bounds::between(least, 2 * least), "{keepers:?}");
        // Of one day balances that differ are of two accounts.
        let apart = two((keepers.0, least, may), (keepers.1, most, may));
        assert_eq!(apart, Bounds::exactly(least + most), "{keepers:?}");
    }
    // What was paid in and out between the days: the newer balance is sure.
    assert_eq!(
        two(("农商", 5_000, may), ("农商", 90_000, june)),
        Bounds::between(90_000, 95_000)
    );
    assert_eq!(
        two(("农商", 90_000, may), ("农商", 5_000, june)),
        Bounds::between(5_000, 95_000)
    );
    // Another bank's money is other money.
    assert_eq!(
        two(("工行", least, may), ("建行", least, may)),
        Bounds::exactly(2 * least)
    );
    assert_eq!(
        two(("农商", 5_000, may), ("工商银行", 90_000, june)),
        Bounds::exactly(95_000)
    );
}

#[test]
fn one_departments_accounts_stay_several_whatever_card_another_has() {
    let of = |number: &str, fen, on| deposit("农商", number, fen, Some(on));
    let own = || {
        bank(
            "bank",
            vec![
                of("88120120012345678", 8_800, "2026-06-14"),
                of("88120120012345679", 20_000, "2026-06-14"),
            ],
        )
    };
    let card = |on| bank("finance", vec![of("6214590012345678901", 800, on)]);
    // One of them may be the card, with as much as that shows.
    assert_eq!(
        assets(&[own(), card("2026-07-01")]).bounds,
        Bounds::between(9_600, 29_600)
    );
    assert_eq!(
        assets(&[own(), card("2026-05-31")]).bounds,
        Bounds::between(28_800, 29_600)
    );
    // A department that lists both tells them apart, whoever repeats that.
    let both = |name: &str, on| {
        bank(
            name,
            vec![of("88120120012345678", 8_800, on), of("6214590012345678901", 800, on)],
        )
    };
    let said = [both("bank", "2026-06-14"), both("finance", "2026-07-01")];
    assert_eq!(assets(&said).bounds, Bounds::exactly(9_600));
    // Unless they are equal.
    let equal = |name: &str| {
        bank(
            name,
            vec![
                of("88120120012345678", 800, "2026-07-01"),
                of("6214590012345678901", 800, "2026-07-01"),
            ],
        )
    };
    assert_eq!(
        assets(&[equal("bank"), equal("finance")]).bounds,
        Bounds::between(800, 1_600)
    );
    // One number at two banks, and an older balance of another number.
    let said = [
        bank("a", vec![deposit("农商", "1", 500, Some("2026-01-01"))]),
        bank("b", vec![deposit("工行", "1", 900, DAY)]),
        bank("c", vec![deposit("工行", "2", 100, Some("2026-01-01"))]),
    ];
    assert_eq!(assets(&said).bounds, Bounds::between(500, 1_500));
}
