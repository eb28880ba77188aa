//! Other incomes and expenses, and what the household declares beyond the registers.
//! Leaves wages and the laws over any answers to their own files.

use crate::bounds::{Bounds, Figure};
use crate::dates::Months;
use crate::facts::{CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, IMPLAUSIBLE_RECORD, RENT_UNKNOWN};
use crate::household::{DeclaredIncome, Household};
use crate::money::Fen;
use crate::record::*;
use crate::testing::*;

use RecordType as T;

pub(super) fn income(kind: IncomeKind, from: &str, until: &str, fen: i64) -> RecordBody {
    RecordBody::Income(Income {
        kind,
        payer_name: Default::default(),
        payer_credit_code: "C1".into(),
        from: date(from),
        until: date(until),
        gross: Fen(fen),
        deductions: None,
        nature: None,
    })
}

pub(super) fn pension(fen: i64, basic: Option<i64>, from: &str) -> RecordBody {
    RecordBody::Pension(Pension {
        kind: PensionKind::Resident,
        monthly_amount: Fen(fen),
        basic_part: basic.map(Fen),
        from: Some(date(from)),
        until: None,
    })
}

fn lease(number: &str, rent: Option<i64>) -> RecordBody {
    RecordBody::Land(Land {
        kind: LandKind::Farmland,
        contract_number: number.into(),
        area_centimu: None,
        leased_out: true,
        annual_rent: rent.map(Fen),
    })
}

fn bill(total: i64, reimbursed: i64, own: i64) -> RecordBody {
    RecordBody::MedicalExpense(MedicalExpense {
        paid_on: date("2026-10-03"),
        total: Fen(total),
        reimbursed: Some(Fen(reimbursed)),
        own_cost_in_scope: Fen(own),
    })
}

fn figure_of(household: &Household, said: &[Said], fact: Fact, months: u32) -> Figure {
    ask(household, said, |f| {
        f.figure(fact, None, Months::before(as_of(), months)).as_ref().clone()
    })
}

pub(super) fn figure(said: &[Said], fact: Fact, months: u32) -> Figure {
    figure_of(&checked(family()), said, fact, months)
}

fn declares(incomes: &[(&str, &str, i64)]) -> Household {
    let mut input = family();
    for (from, until, fen) in incomes {
        input.members[0].incomes.push(DeclaredIncome {
            kind: IncomeKind::Business,
            amount: Fen(*fen),
            from: date(from),
            until: date(until),
        });
    }
    checked(input)
}

pub(super) const TRANSFER: Fact = Fact::Income(IncomeKind::Transfer);
const PROPERTY: Fact = Fact::Income(IncomeKind::Property);
const BUSINESS: Fact = Fact::Income(IncomeKind::Business);

#[test]
fn a_copy_of_a_record_elsewhere_changes_no_bound() {
    let own = || {
        vec![
            pension(90_000, None, "2026-01"),
            income(IncomeKind::Transfer, "2026-10", "2026-10", 500),
        ]
    };
    let one = [says("a", &[T::Pension, T::Income], own())];
    let two = [
        says("a", &[T::Pension, T::Income], own()),
        says("b", &[T::Pension, T::Income], vec![own().swap_remove(0)]),
    ];
    for months in [1, 12] {
        assert_eq!(
            figure(&one, TRANSFER, months).bounds,
            figure(&two, TRANSFER, months).bounds
        );
    }
}

/// One shop under its old number at one register and its new code at another, or without any: it earned once, or perhaps twice.
#[test]
fn the_same_amount_elsewhere_under_another_payer_is_perhaps_the_same() {
    let of = |code: &str, fen: i64| {
        let mut body = income(IncomeKind::Business, "2026-10", "2026-10", fen);
        if let RecordBody::Income(body) = &mut body {
            body.payer_credit_code = code.into();
        }
        body
    };
    let two = |first: RecordBody, second: RecordBody| {
        let said = [
            says("a", &[T::Income], vec![first]),
            says("b", &[T::Income], vec![second]),
        ];
        figure(&said, BUSINESS, 1)
    };
    for (first, second) in [("C1", "C2"), ("C1", ""), ("", "C1"), ("", "")] {
        let doubtful = two(of(first, 90_000), of(second, 90_000));
        assert_eq!(doubtful.bounds, Bounds::between(90_000, 180_000), "{first} {second}");
        assert_eq!(doubtful.open, [DOUBTFUL_MATCH]);
    }
    assert_eq!(two(of("C1", 90_000), of("C1", 90_000)).bounds, Bounds::exactly(90_000));
    assert_eq!(two(of("C1", 90_000), of("C2", 90_001)).bounds, Bounds::exactly(180_001));
    // One register that lists two payers means two, and so does its copy.
    let both = || vec![of("C1", 90_000), of("C2", 90_000)];
    let said = [says("a", &[T::Income], both()), says("b", &[T::Income], both())];
    assert_eq!(figure(&said[..1], BUSINESS, 1).bounds, Bounds::exactly(180_000));
    assert_eq!(figure(&said, BUSINESS, 1).bounds, Bounds::exactly(180_000));
}

#[test]
fn a_small_pension_elsewhere_does_not_hide_the_great_one() {
    let said = [
        says("a", &[T::Pension], vec![pension(10, None, "2026-01")]),
        says("b", &[T::Pension], vec![pension(300_000, None, "2026-01")]),
    ];
    let figure = figure(&said, TRANSFER, 1);
    assert_eq!(figure.bounds, Bounds::between(10, 300_010));
    assert_eq!(figure.open, [DOUBTFUL_MATCH]);
}

#[test]
fn a_pension_whose_first_month_is_unknown_is_open_for_the_months_in_doubt() {
    let said = [says("a", &[T::Pension], vec![pension(1_000, None, "2026")])];
    assert_eq!(figure(&said, TRANSFER, 12).bounds, Bounds::between(0, 10_000));
}

#[test]
fn the_basic_pension_is_never_more_than_the_pension_and_nothing_while_that_is_in_doubt() {
    let said = [says("a", &[T::Pension], vec![pension(20_000, Some(99_000), "2026-01")])];
    assert_eq!(figure(&said, Fact::BasicPension, 1).bounds, Bounds::exactly(20_000));
    let said = [
        says("a", &[T::Pension], vec![pension(20_000, Some(10_000), "2026-01")]),
        silent("b", &[T::Pension]),
    ];
    assert_eq!(figure(&said, Fact::BasicPension, 1).bounds, Bounds::ZERO);
}

#[test]
fn transfers_on_the_households_word_may_be_the_basic_pension_of_a_silent_register() {
    let mut input = family();
    let month = date("2026-10");
    input.members[0].incomes.push(DeclaredIncome {
        kind: IncomeKind::Transfer,
        amount: Fen(12_000),
        from: month,
        until: month,
    });
    let household = checked(input);
    let said = [silent("social-insurance", &[T::Pension])];
    assert_eq!(figure_of(&household, &said, TRANSFER, 1).bounds.lo, Some(12_000));
    assert_eq!(
        figure_of(&household, &said, Fact::BasicPension, 1).bounds,
        Bounds::between(0, 12_000)
    );
}

#[test]
fn a_contract_that_both_spouses_are_registered_with_is_one_rent() {
    let said = [said(
        "agriculture",
        &[T::Land],
        vec![
            found(vec![lease("L1", Some(320_000))]),
            found(vec![lease("L1", Some(320_000))]),
            found(vec![]),
        ],
    )];
    assert_eq!(figure(&said, PROPERTY, 12).bounds, Bounds::exactly(320_000));
    assert_eq!(
        figure(&said, PROPERTY, 1).bounds,
        Bounds::between(0, 320_000),
        "a yearly rent is not spread"
    );
}

#[test]
fn land_leased_out_for_an_unknown_rent_is_open() {
    let figure = figure(
        &[says("agriculture", &[T::Land], vec![lease("L1", None)])],
        PROPERTY,
        12,
    );
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::NON_NEGATIVE, vec![RENT_UNKNOWN.into()])
    );
}

#[test]
fn a_rent_without_a_lease_may_be_one() {
    let of = |leased_out, rent: i64| match lease("L1", Some(rent)) {
        RecordBody::Land(body) => says(
            "agriculture",
            &[T::Land],
            vec![RecordBody::Land(Land { leased_out, ..body })],
        ),
        _ => unreachable!(),
    };
    for (leased_out, rent, bounds) in [
        (true, 5_000, Bounds::exactly(5_000)),
        (false, 5_000, Bounds::between(0, 5_000)),
        (false, 0, Bounds::ZERO),
    ] {
        let figure = figure(&[of(leased_out, rent)], PROPERTY, 12);
        assert_eq!(figure.bounds, bounds, "{leased_out} {rent}");
        assert_eq!(figure.bounds.is_exact(), figure.open.is_empty());
    }
}

#[test]
fn a_negative_amount_leaves_open_what_there_is() {
    let said = [says(
        "taxation",
        &[T::Income],
        vec![
            income(IncomeKind::Business, "2026-10", "2026-10", 5_000),
            income(IncomeKind::Business, "2026-10", "2026-10", -5_000),
        ],
    )];
    let figure = figure(&said, BUSINESS, 1);
    assert_eq!(figure.bounds, Bounds { lo: Some(0), hi: None });
    assert!(figure.open.contains(&IMPLAUSIBLE_RECORD.into()));
}

#[test]
fn a_bill_that_two_registers_may_share_lowers_income_once() {
    let said = [
        says("a", &[T::MedicalExpense], vec![bill(900, 500, 400)]),
        says("b", &[T::MedicalExpense], vec![bill(900, 500, 400)]),
    ];
    assert_eq!(
        figure(&said, Fact::MedicalOwnCost, 12).bounds,
        Bounds::between(400, 800)
    );
}

#[test]
fn a_bill_that_contradicts_itself_proves_no_cost() {
    let said = [says("a", &[T::MedicalExpense], vec![bill(900, 800, 400)])];
    assert_eq!(figure(&said, Fact::MedicalOwnCost, 12).bounds, Bounds::between(0, 400));
}

#[test]
fn assistance_is_shown_and_not_counted() {
    let aid = RecordBody::Assistance(Assistance {
        programme: "dibao".into(),
        amount: Fen(30_000),
        period: AssistancePeriod::Monthly,
        from: None,
        until: None,
        division_code: Default::default(),
        status: AssistanceStatus::Drawing,
    });
    let figure = figure(&[says("civil-affairs", &[T::Assistance], vec![aid])], TRANSFER, 12);
    assert_eq!((figure.bounds, figure.parts.len()), (Bounds::ZERO, 1));
}

#[test]
fn what_is_declared_beyond_the_registers_counts_on_its_word() {
    let said = [says(
        "taxation",
        &[T::Income],
        vec![income(IncomeKind::Business, "2026-10", "2026-10", 2_000)],
    )];
    let household = declares(&[("2026-10", "2026-10", 3_000)]);
    assert_eq!(figure_of(&household, &said, BUSINESS, 1).bounds, Bounds::exactly(3_000));
    let household = declares(&[("2026-10", "2026-10", 1_000)]);
    assert_eq!(figure_of(&household, &said, BUSINESS, 1).bounds, Bounds::exactly(2_000));
}

#[test]
fn what_is_declared_for_other_months_adds_to_what_is_found() {
    let said = [says(
        "taxation",
        &[T::Income],
        vec![income(IncomeKind::Business, "2026-06", "2026-06", 3_000)],
    )];
    let household = declares(&[("2026-01", "2026-01", 3_000)]);
    assert_eq!(
        figure_of(&household, &said, BUSINESS, 12).bounds,
        Bounds::exactly(6_000)
    );
}

#[test]
fn a_declaration_for_more_months_opens_only_what_no_register_explains() {
    let said = [says(
        "taxation",
        &[T::Income],
        vec![income(IncomeKind::Business, "2026-03", "2026-03", 9_000)],
    )];
    for (declared, hi) in [(10_000, 1_000), (9_000, 0), (4_000, 0)] {
        let household = declares(&[("2026-01", "2026-10", declared)]);
        assert_eq!(
            figure_of(&household, &said, BUSINESS, 1).bounds,
            Bounds::between(0, hi),
            "declared {declared}"
        );
    }
}

#[test]
fn one_registers_amount_explains_one_declaration() {
    let said = [says(
        "taxation",
        &[T::Income],
        vec![income(IncomeKind::Business, "2026-03", "2026-03", 9_000)],
    )];
    let household = declares(&[("2026-01", "2026-10", 9_000), ("2026-01", "2026-10", 9_000)]);
    assert_eq!(
        figure_of(&household, &said, BUSINESS, 1).bounds,
        Bounds::between(0, 9_000)
    );
    let household = declares(&[("2026-01", "2026-10", 9_000), ("2026-02", "2026-10", 9_000)]);
    assert_eq!(
        figure_of(&household, &said, BUSINESS, 1).bounds,
        Bounds::between(0, 9_000)
    );
}

#[test]
fn a_row_handed_over_twice_is_one_row_and_two_equal_rows_are_perhaps_two() {
    let mut said = says(
        "taxation",
        &[T::Income],
        vec![
            income(IncomeKind::Business, "2026-10", "2026-10", 2_000),
            income(IncomeKind::Business, "2026-10", "2026-10", 2_000),
        ],
    );
    assert_eq!(
        figure(std::slice::from_ref(&said), BUSINESS, 1).bounds,
        Bounds::between(2_000, 4_000)
    );
    if let crate::AnswerState::Found { records } = &mut said.subjects[0].state {
        records[1].reference = records[0].reference.clone();
    }
    assert_eq!(figure(&[said], BUSINESS, 1).bounds, Bounds::exactly(2_000));
}

#[test]
fn among_very_many_rows_one_handed_over_twice_is_still_one() {
    // Fifty thousand rows: comparing each with all the others would take minutes.
    let row = |n: i64| income(IncomeKind::Business, "2026-10", "2026-10", n % 1_000);
    let mut said = says("taxation", &[T::Income], (0..50_000).map(row).collect());
    let crate::AnswerState::Found { records } = &mut said.subjects[0].state else {
        panic!("nothing found");
    };
    // Every reference fifty times; under the first one row differs, so that it stands for two.
    for (at, record) in records.iter_mut().enumerate() {
        record.reference = format!("r{}", at % 1_000).into();
    }
    records[0].body = row(7);
    let filed = ask(&checked(family()), &[said], |facts| {
        facts.records(T::Income, None).len()
    });
    assert_eq!(filed, 1_001);
}

#[test]
fn grants_and_bills_that_two_registers_write_a_day_apart_are_perhaps_one() {
    let grant = |project: &str, on: &str| {
        RecordBody::Subsidy(Subsidy {
            project: project.into(),
            amount: Fen(900),
            paid_on: date(on),
        })
    };
    let of = |department: &str, project: &str, on: &str| says(department, &[T::Subsidy], vec![grant(project, on)]);
    for (project, on, expected) in [
        ("耕地地力保护补贴", "2026-06-02", Bounds::between(900, 1_800)),
        ("种粮补贴", "2026-07-31", Bounds::between(900, 1_800)),
        ("种粮补贴", "2026-09-01", Bounds::exactly(1_800)),
    ] {
        let said = [
            of("agriculture", "耕地地力保护补贴", "2026-06-01"),
            of("finance", project, on),
        ];
        assert_eq!(figure(&said, BUSINESS, 12).bounds, expected, "{project} {on}");
    }
    let of = |day: &str| match bill(900, 500, 400) {
        RecordBody::MedicalExpense(body) => RecordBody::MedicalExpense(MedicalExpense {
            paid_on: date(day),
            ..body
        }),
        other => other,
    };
    let said = [
        says("a", &[T::MedicalExpense], vec![of("2026-09-30")]),
        says("b", &[T::MedicalExpense], vec![of("2026-10-01")]),
    ];
    assert_eq!(
        figure(&said, Fact::MedicalOwnCost, 12).bounds,
        Bounds::between(400, 800)
    );
}

#[test]
fn plots_of_one_contract_with_equal_rents_are_perhaps_two_rents() {
    let land = |area| match lease("C1", Some(5_000)) {
        RecordBody::Land(body) => RecordBody::Land(Land {
            area_centimu: Some(area),
            ..body
        }),
        other => other,
    };
    let both = |mine: Vec<RecordBody>, theirs: Vec<RecordBody>| {
        let states = vec![found(mine), found(theirs), found(vec![])];
        figure(&[said("agriculture", &[T::Land], states)], PROPERTY, 12)
    };
    assert_eq!(both(vec![land(200)], vec![land(200)]).bounds, Bounds::exactly(5_000));
    for two in [
        both(vec![land(200), land(300)], vec![]),
        both(vec![land(200)], vec![land(300)]),
    ] {
        assert_eq!(two.bounds, Bounds::between(5_000, 10_000));
        assert_eq!(two.open, [DOUBTFUL_MATCH]);
    }
}

#[test]
fn a_day_that_stands_for_none_ends_no_pension() {
    let pension = RecordBody::Pension(Pension {
        kind: PensionKind::Employee,
        monthly_amount: Fen(3_000),
        basic_part: None,
        from: None,
        until: Some(date("1970-01-01")),
    });
    let figure = figure(&[says("social-insurance", &[T::Pension], vec![pension])], TRANSFER, 1);
    assert_eq!(figure.bounds, Bounds::between(0, 3_000));
    assert_eq!(figure.open, [IMPLAUSIBLE_RECORD]);
}

#[test]
fn rows_of_one_register_for_the_same_months_are_certain_for_the_greatest() {
    let pensions = |rows: &[(i64, &str)]| {
        let rows = rows.iter().map(|(fen, from)| pension(*fen, None, from)).collect();
        figure(&[says("social-insurance", &[T::Pension], rows)], TRANSFER, 1)
    };
    let raised = pensions(&[(340, "2019-01"), (350, "2024-01")]);
    assert_eq!(raised.bounds, Bounds::between(350, 690));
    assert_eq!(raised.open, [crate::facts::PERIOD_UNCERTAIN]);
    let year = |rows: Vec<RecordBody>| figure(&[says("taxation", &[T::Income], rows)], BUSINESS, 12);
    let month = |month: &str, fen| income(IncomeKind::Business, month, month, fen);
    assert_eq!(
        year(vec![month("2026-09", 300), month("2026-10", 400)]).bounds,
        Bounds::exactly(700)
    );
    let whole = income(IncomeKind::Business, "2025-11", "2026-10", 700);
    let twice = year(vec![month("2026-09", 300), whole, month("2026-10", 400)]);
    assert_eq!(twice.bounds, Bounds::between(700, 1_400));
}

#[test]
fn a_transfer_that_is_not_named_is_perhaps_the_pension() {
    let transfer = |fen, nature| match income(IncomeKind::Transfer, "2026-10", "2026-10", fen) {
        RecordBody::Income(body) => RecordBody::Income(Income { nature, ..body }),
        other => other,
    };
    let both = |fen, nature| {
        let said = [
            says("social-insurance", &[T::Pension], vec![pension(400, None, "2020-01")]),
            says("taxation", &[T::Income], vec![transfer(fen, nature)]),
        ];
        figure(&said, TRANSFER, 1).bounds
    };
    assert_eq!(both(400, None), Bounds::between(400, 800));
    assert_eq!(both(100, None), Bounds::exactly(500));
    assert_eq!(both(400, Some(TransferNature::Support)), Bounds::exactly(800));
    // One payer's transfer that one register names and another does not is one.
    let support = |nature| vec![transfer(400, nature)];
    let said = [
        says("a", &[T::Income], support(Some(TransferNature::Support))),
        says("b", &[T::Income], support(None)),
    ];
    assert_eq!(figure(&said, TRANSFER, 1).bounds, Bounds::exactly(400));
    // Under another kind of pension too.
    let kind = |kind| match pension(400, None, "2020-01") {
        RecordBody::Pension(body) => RecordBody::Pension(Pension { kind, ..body }),
        other => other,
    };
    let said = [
        says("a", &[T::Pension], vec![kind(PensionKind::Resident)]),
        says("b", &[T::Pension], vec![kind(PensionKind::Employee)]),
    ];
    assert_eq!(figure(&said, TRANSFER, 1).bounds, Bounds::between(400, 800));
}

#[test]
fn what_registers_name_differently_is_not_certain_to_be_left_out() {
    use TransferNature::{GovernmentRelief, Honour, Pension as OldAge, Support};
    let paid = |payer: &str, month: &str, fen, nature| match income(IncomeKind::Transfer, month, month, fen) {
        RecordBody::Income(body) => RecordBody::Income(Income {
            payer_credit_code: payer.into(),
            nature,
            ..body
        }),
        other => other,
    };
    let now = |fen, nature| paid("C1", "2026-10", fen, Some(nature));
    let relief = |said: &[Said]| {
        let [there, back]: [Vec<Said>; 2] = [said.to_vec(), said.iter().rev().cloned().collect()];
        let of = |said: &[Said]| {
            let figure = figure(said, Fact::Transfer(GovernmentRelief), 1);
            (figure.bounds, figure.open.contains(&CONFLICTING_SOURCES.into()))
        };
        assert_eq!(of(&there), of(&back));
        of(said)
    };
    let says = |name, bodies| says(name, &[T::Income], bodies);
    let open = |hi| (Bounds::between(0, hi), true);
    let certain = |fen| (Bounds::exactly(fen), false);
    let a = |more: Vec<RecordBody>| says("a", [vec![now(300, GovernmentRelief)], more].concat());
    for other in [Support, Honour, TransferNature::Other] {
        let b = || says("b", vec![now(300, other)]);
        assert_eq!(relief(&[a(vec![]), b()]), open(300));
        // However many say the one or the other.
        assert_eq!(
            relief(&[a(vec![]), b(), says("c", vec![now(300, GovernmentRelief)])]),
            open(300)
        );
        assert_eq!(relief(&[a(vec![]), b(), says("c", vec![now(300, other)])]), open(300));
        assert_eq!(figure(&[a(vec![]), b()], TRANSFER, 1).bounds, Bounds::exactly(300));
        // One that has both has two payments; what else is paid is as certain as before.
        assert_eq!(relief(&[a(vec![now(300, other)]), b()]), certain(300));
        assert_eq!(
            relief(&[a(vec![]), says("b", vec![now(300, other), now(300, GovernmentRelief)])]),
            certain(300)
        );
        let more = paid("C2", "2026-10", 50, Some(GovernmentRelief));
        assert_eq!(relief(&[a(vec![more]), b()]), (Bounds::between(50, 350), true));
    }
    assert_eq!(relief(&[a(vec![]), says("b", vec![now(300, OldAge)])]), open(300));
    // One name or none, another amount, month or payer.
    let not_the_same = [
        now(300, GovernmentRelief),
        paid("C1", "2026-10", 300, None),
        now(400, Support),
        paid("C1", "2026-09", 300, Some(Support)),
        paid("C2", "2026-10", 300, Some(Support)),
    ];
    for body in not_the_same {
        assert_eq!(relief(&[a(vec![]), says("b", vec![body])]), certain(300));
    }
    // Out of the window nothing is contested.
    let before = |nature| paid("C1", "2025-10", 900, Some(nature));
    assert_eq!(
        relief(&[a(vec![before(GovernmentRelief)]), says("b", vec![before(Support)])]),
        certain(300)
    );
}

#[test]
fn equal_rents_of_two_registers_or_members_are_perhaps_one() {
    let land = |number: &str| lease(number, Some(5_000));
    let two = [
        says("agriculture", &[T::Land], vec![land("HT1")]),
        says("forestry", &[T::Land], vec![land("")]),
    ];
    assert_eq!(figure(&two, PROPERTY, 12).bounds, Bounds::between(5_000, 10_000));
    let couple = vec![found(vec![land("")]), found(vec![land("")]), found(vec![])];
    assert_eq!(
        figure(&[said("agriculture", &[T::Land], couple)], PROPERTY, 12).bounds,
        Bounds::between(5_000, 10_000)
    );
    let own = [says("agriculture", &[T::Land], vec![land("HT1"), land("HT2")])];
    assert_eq!(figure(&own, PROPERTY, 12).bounds, Bounds::exactly(10_000));
}

#[test]
fn a_bill_with_and_without_what_was_paid_for_it_is_one() {
    let said = [
        says("health", &[T::MedicalExpense], vec![bill(1_000, 0, 1_000)]),
        says("medical-insurance", &[T::MedicalExpense], vec![bill(1_000, 700, 300)]),
    ];
    assert_eq!(
        figure(&said, Fact::MedicalOwnCost, 12).bounds,
        Bounds::between(300, 1_300)
    );
    let reversed = [says(
        "health",
        &[T::MedicalExpense],
        vec![bill(1_000, 0, 1_000), bill(-1_000, 0, -1_000)],
    )];
    assert_eq!(figure(&reversed, Fact::MedicalOwnCost, 12).bounds.lo, Some(0));
}

/// A business of the first member, by payer and months.
fn earned(payer: &str, from: &str, until: &str, fen: i64) -> RecordBody {
    match income(IncomeKind::Business, from, until, fen) {
        RecordBody::Income(body) => RecordBody::Income(Income {
            payer_credit_code: payer.into(),
            ..body
        }),
        other => other,
    }
}

#[test]
fn what_nobody_names_the_payer_of_is_certain_once_for_the_same_months() {
    let quarters = |payer: &str| {
        vec![
            earned(payer, "2025-11", "2026-01", 2_000),
            earned(payer, "2026-02", "2026-04", 2_000),
            earned(payer, "2026-05", "2026-07", 2_000),
        ]
    };
    let settled = |payer: &str| {
        let mut rows = quarters(payer);
        rows.push(earned(payer, "2025-11", "2026-07", 6_000));
        rows
    };
    let of = |name: &str, rows: Vec<RecordBody>| says(name, &[T::Income], rows);
    for payer in ["", "C1"] {
        let once = figure(&[of("taxation", settled(payer))], BUSINESS, 12);
        assert_eq!(once.bounds, Bounds::between(6_000, 12_000), "{payer}");
        assert_eq!(once.open, [crate::facts::PERIOD_UNCERTAIN]);
        let corrected = vec![
            earned(payer, "2026-01", "2026-06", 12_000),
            earned(payer, "2026-01", "2026-06", 10_000),
        ];
        let corrected = figure(&[of("taxation", corrected)], BUSINESS, 12);
        assert_eq!(corrected.bounds, Bounds::between(12_000, 22_000), "{payer}");
        // Other months add up.
        let apart = figure(&[of("taxation", quarters(payer))], BUSINESS, 12);
        assert_eq!(apart.bounds, Bounds::exactly(6_000), "{payer}");
        // The settlement once more elsewhere, under any name, proves no second one.
        for other in ["", "C2"] {
            let copy = || vec![earned(other, "2025-11", "2026-07", 6_000)];
            let said = [
                of("market", copy()),
                of("taxation", settled(payer)),
                of("urban", copy()),
            ];
            for said in [&said[..2], &said[1..], &said] {
                assert_eq!(figure(said, BUSINESS, 12).bounds.lo, Some(6_000), "{payer} {other}");
            }
            let twice = [of("market", settled(other)), of("taxation", settled(payer))];
            assert_eq!(figure(&twice, BUSINESS, 12).bounds.lo, Some(6_000), "{payer} {other}");
        }
    }
    // Different amounts of two departments that name no payer are two.
    let two = [
        of("market", vec![earned("", "2026-10", "2026-10", 900)]),
        of("taxation", vec![earned("", "2026-10", "2026-10", 500)]),
    ];
    assert_eq!(figure(&two, BUSINESS, 1).bounds, Bounds::exactly(1_400));
}

#[test]
fn transfers_of_two_natures_are_two_though_nobody_names_their_payers() {
    let transfer = |fen, nature| match earned("", "2026-10", "2026-10", fen) {
        RecordBody::Income(body) => RecordBody::Income(Income {
            kind: IncomeKind::Transfer,
            nature,
            ..body
        }),
        other => other,
    };
    let of = |first, second| {
        let rows = vec![transfer(400, first), transfer(300, second)];
        figure(&[says("civil-affairs", &[T::Income], rows)], TRANSFER, 1).bounds
    };
    let (support, honour) = (Some(TransferNature::Support), Some(TransferNature::Honour));
    assert_eq!(of(support, honour), Bounds::exactly(700));
    assert_eq!(of(support, None), Bounds::between(400, 700));
}

/// An income of another kind, of a payer.
fn paid(kind: IncomeKind, payer: &str, from: &str, until: &str, fen: i64) -> RecordBody {
    match earned(payer, from, until, fen) {
        RecordBody::Income(body) => RecordBody::Income(Income { kind, ..body }),
        other => other,
    }
}

#[test]
fn a_rent_or_a_grant_that_its_payer_states_too_is_perhaps_one() {
    let rent = |from, until, fen| paid(IncomeKind::Property, "C1", from, until, fen);
    let leased = |rows: Vec<RecordBody>| {
        let said = [
            says("agriculture", &[T::Land], vec![lease("HT1", Some(320_000))]),
            says("taxation", &[T::Income], rows),
        ];
        figure(&said, PROPERTY, 12)
    };
    let once = leased(vec![rent("2025-11", "2026-10", 320_000)]);
    assert_eq!(once.bounds, Bounds::between(320_000, 640_000));
    assert_eq!(once.open, [DOUBTFUL_MATCH]);
    // By the half year, one half of it before the months that count; by the quarter; and a flat let beside it, which is another rent.
    let halves = vec![rent("2025-07", "2025-12", 160_000), rent("2026-01", "2026-06", 160_000)];
    assert_eq!(leased(halves).bounds, Bounds::between(320_000, 640_000));
    let flat = paid(IncomeKind::Property, "C2", "2026-01", "2026-06", 900_000);
    let mut quarters = vec![flat];
    quarters.extend(["2025-11", "2026-02", "2026-05", "2026-08"].map(|month| rent(month, month, 80_000)));
    assert_eq!(leased(quarters).bounds, Bounds::between(1_220_000, 1_540_000));
    assert_eq!(
        leased(vec![rent("2025-11", "2026-10", 500_000)]).bounds,
        Bounds::exactly(820_000)
    );
    let grant = |fen| {
        RecordBody::Subsidy(Subsidy {
            project: "耕地地力保护补贴".into(),
            amount: Fen(fen),
            paid_on: date("2026-06-01"),
        })
    };
    let granted = |grants: Vec<RecordBody>, fen| {
        let said = [
            says("agriculture", &[T::Subsidy], grants),
            says("taxation", &[T::Income], vec![earned("C1", "2026-06", "2026-06", fen)]),
        ];
        figure(&said, BUSINESS, 12).bounds
    };
    assert_eq!(granted(vec![grant(1_500)], 1_500), Bounds::between(1_500, 3_000));
    assert_eq!(
        granted(vec![grant(1_500), grant(700)], 2_200),
        Bounds::between(2_200, 4_400)
    );
    assert_eq!(
        granted(vec![grant(1_500), grant(700)], 700),
        Bounds::between(2_200, 2_900)
    );
    assert_eq!(granted(vec![grant(1_500)], 9_000), Bounds::exactly(10_500));
}

#[test]
fn one_payers_transfers_that_are_not_named_are_perhaps_the_pension_whatever_others_pay() {
    let untold = |payer, from, until, fen| paid(IncomeKind::Transfer, payer, from, until, fen);
    let both = |rows: Vec<RecordBody>, months| {
        let said = [
            says("social-insurance", &[T::Pension], vec![pension(1_000, None, "2020-01")]),
            says("taxation", &[T::Income], rows),
        ];
        figure(&said, TRANSFER, months)
    };
    let two = both(
        vec![
            untold("C1", "2026-10", "2026-10", 1_000),
            untold("C2", "2026-10", "2026-10", 300),
        ],
        1,
    );
    assert_eq!(two.bounds, Bounds::between(1_300, 2_300));
    assert_eq!(two.open, [DOUBTFUL_MATCH]);
    // By the quarter, of which the first began before the months that count.
    let quarters = [
        ("2025-10", "2025-12"),
        ("2026-01", "2026-03"),
        ("2026-04", "2026-06"),
        ("2026-07", "2026-09"),
    ];
    let mut rows: Vec<RecordBody> = quarters.map(|(from, until)| untold("C1", from, until, 3_000)).into();
    rows.push(untold("C2", "2026-02", "2026-02", 9_000));
    assert_eq!(both(rows, 12).bounds.lo, Some(21_000));
    let small = both(vec![untold("C2", "2026-10", "2026-10", 300)], 1);
    assert_eq!(small.bounds, Bounds::exactly(1_300));
}

#[test]
fn a_pension_of_two_kinds_that_is_nearly_the_same_is_perhaps_one() {
    let of = |department: &str, kind, fen| match pension(fen, None, "2020-01") {
        RecordBody::Pension(body) => says(
            department,
            &[T::Pension],
            vec![RecordBody::Pension(Pension { kind, ..body })],
        ),
        _ => unreachable!(),
    };
    let employee = |department: &str| of(department, PensionKind::Employee, 1_200);
    for (fen, expected) in [
        (1_210, Bounds::between(1_200, 2_410)),
        (1_300, Bounds::exactly(2_500)),
        (150, Bounds::exactly(1_350)),
    ] {
        let two = [employee("a"), of("b", PensionKind::Resident, fen)];
        assert_eq!(figure(&two, TRANSFER, 1).bounds, expected, "{fen}");
        let three = [employee("a"), of("b", PensionKind::Resident, fen), employee("c")];
        assert_eq!(figure(&three, TRANSFER, 1).bounds.lo, expected.lo, "{fen}");
    }
}

#[test]
fn a_benefit_without_an_end_proves_nothing_after_two_years() {
    let benefit = |from: &str, until: Option<&str>| {
        RecordBody::Employment(Employment {
            status: EmploymentStatus::Unemployed,
            employer_name: Default::default(),
            employer_credit_code: Default::default(),
            from: Some(date(from)),
            until: until.map(date),
            monthly_benefit: Some(Fen(900)),
        })
    };
    let of = |from, until, months| {
        let said = [says("employment", &[T::Employment], vec![benefit(from, until)])];
        figure(&said, TRANSFER, months)
    };
    let old = of("2012-03", None, 12);
    assert_eq!(old.bounds, Bounds::between(0, 10_800));
    assert_eq!(old.open, [crate::facts::PERIOD_UNCERTAIN]);
    assert_eq!(of("2012-03", Some("2026-12"), 12).bounds, Bounds::exactly(10_800));
    assert_eq!(of("2025-01", None, 12).bounds, Bounds::exactly(10_800));
    // Two years end with July: nine of the twelve months before November.
    assert_eq!(of("2024-08", None, 12).bounds, Bounds::between(8_100, 10_800));
}

#[test]
fn a_bill_that_two_registers_reckon_differently_or_one_has_twice_lowers_income_once() {
    let of = |name: &str, bills: &[(&str, i64, i64)]| {
        let bills = bills.iter().map(|(day, total, own)| {
            RecordBody::MedicalExpense(MedicalExpense {
                paid_on: date(day),
                total: Fen(*total),
                reimbursed: None,
                own_cost_in_scope: Fen(*own),
            })
        });
        says(name, &[T::MedicalExpense], bills.collect())
    };
    let cost = |said: &[Said]| figure(said, Fact::MedicalOwnCost, 12);
    let insured = of("medical-insurance", &[("2026-02-03", 12_000, 5_000)]);
    for (other, expected) in [
        // Of another total, and of another total on another day.
        (("2026-02-03", 12_600, 5_000), Bounds::between(5_000, 10_000)),
        (("2026-04-20", 12_600, 4_950), Bounds::between(4_950, 9_950)),
        // Long after, and equal to the fen.
        (("2026-05-03", 12_000, 5_000), Bounds::between(5_000, 10_000)),
        (("2026-05-03", 12_600, 5_000), Bounds::exactly(10_000)),
        (("2026-02-03", 30_000, 9_000), Bounds::exactly(14_000)),
    ] {
        let two = [of("health", &[other]), insured.clone()];
        assert_eq!(cost(&two).bounds, expected, "{other:?}");
        assert_eq!(cost(&two).bounds.is_exact(), cost(&two).open.is_empty());
        // Once more in a third register, which another row of its own does not prove to be two.
        let three = [
            two[0].clone(),
            insured.clone(),
            of("union", &[other, ("2026-09-01", 800, 700)]),
        ];
        assert_eq!(cost(&three).bounds.lo, expected.lo.map(|lo| lo + 700), "{other:?}");
    }
    let own = |bills: &[(&str, i64, i64)]| cost(&[of("health", bills)]).bounds;
    let same = |days: &[&'static str]| days.iter().map(|day| (*day, 900, 400)).collect::<Vec<_>>();
    assert_eq!(own(&same(&["2026-02-03", "2026-02-03"])), Bounds::between(400, 800));
    assert_eq!(own(&same(&["2026-02-03", "2026-04-01"])), Bounds::between(400, 800));
    assert_eq!(own(&same(&["2026-02-03", "2026-05-01"])), Bounds::exactly(800));
    assert_eq!(
        own(&[("2026-02-03", 900, 400), ("2026-02-03", 900, 300)]),
        Bounds::exactly(700)
    );
    // A treatment that goes on.
    let months = ["2026-02-03", "2026-03-03", "2026-04-03", "2026-05-03"];
    assert_eq!(own(&same(&months)), Bounds::exactly(1_600));
    assert_eq!(
        cost(&[of("health", &same(&months)), of("insurance", &same(&months))]).bounds,
        Bounds::between(1_600, 3_200)
    );
}

#[test]
fn what_a_register_shows_of_both_spouses_under_one_reference_is_perhaps_one() {
    let grant = || {
        RecordBody::Subsidy(Subsidy {
            project: "耕地地力保护补贴".into(),
            amount: Fen(1_500),
            paid_on: date("2026-06-01"),
        })
    };
    let rent = || paid(IncomeKind::Property, "C1", "2026-06", "2026-06", 800);
    let both = |name: &str, body: fn() -> RecordBody, of: T| {
        said(
            name,
            &[of],
            vec![found(vec![body()]), found(vec![body()]), found(vec![])],
        )
    };
    let grants = || both("agriculture", grant, T::Subsidy);
    let rents = |name: &str| both(name, rent, T::Income);
    let granted = figure(&[grants()], BUSINESS, 12);
    assert_eq!(granted.bounds, Bounds::between(1_500, 3_000));
    assert_eq!(granted.open, [DOUBTFUL_MATCH]);
    let let_out = figure(&[rents("taxation")], PROPERTY, 12);
    assert_eq!(let_out.bounds, Bounds::between(800, 1_600));
    // A copy elsewhere, of one of them or both, proves no second.
    for copy in [
        rents("a"),
        said(
            "a",
            &[T::Income],
            vec![found(vec![]), found(vec![rent()]), found(vec![])],
        ),
    ] {
        assert_eq!(
            figure(&[copy, rents("taxation")], PROPERTY, 12).bounds,
            Bounds::between(800, 1_600)
        );
    }
    // Each spouse's figure, and that of a household of one of them, is what it was.
    ask(&checked(family()), &[grants()], |facts| {
        let window = Months::before(as_of(), 12);
        for ordinal in [0, 1] {
            assert_eq!(
                facts.figure(BUSINESS, Some(ordinal), window).bounds,
                Bounds::exactly(1_500)
            );
            let alone = facts.restricted(crate::facts::Members::one(ordinal));
            assert_eq!(alone.figure(BUSINESS, None, window).bounds, Bounds::exactly(1_500));
        }
    });
    // Under two references they are two.
    let mut apart = grants();
    if let crate::AnswerState::Found { records } = &mut apart.subjects[1].state {
        records[0].reference = "another".into();
    }
    assert_eq!(figure(&[apart], BUSINESS, 12).bounds, Bounds::exactly(3_000));
    // What one of them has besides adds to it.
    let more = said(
        "agriculture",
        &[T::Subsidy],
        vec![
            found(vec![grant()]),
            found(vec![
                grant(),
                RecordBody::Subsidy(Subsidy {
                    project: "农机购置补贴".into(),
                    amount: Fen(9_000),
                    paid_on: date("2026-07-01"),
                }),
            ]),
            found(vec![]),
        ],
    );
    assert_eq!(figure(&[more], BUSINESS, 12).bounds, Bounds::between(10_500, 12_000));
}
