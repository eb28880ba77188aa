//! Wages: one job once, in the months it was earned, never by one contribution register alone.
//! Leaves the laws over any answers to the parent.

use crate::bounds::Bounds;
use crate::dates::Months;
use crate::facts::{
    CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, PERIOD_UNCERTAIN, UNCORROBORATED_WAGE, WAGE_NOT_DECLARED_YET,
    WAGE_UNKNOWN,
};
use crate::money::Fen;
use crate::part::Treatment;
use crate::record::*;
use crate::testing::*;

use RecordType as T;

fn paid(code: &str, from: &str, until: &str, yuan: i64) -> RecordBody {
    RecordBody::Income(Income {
        kind: IncomeKind::Wage,
        payer_name: "甲公司".into(),
        payer_credit_code: code.into(),
        from: date(from),
        until: date(until),
        gross: Fen(yuan * 100),
        deductions: None,
        nature: None,
    })
}

fn insured(code: &str, name: &str, yuan: Option<i64>) -> RecordBody {
    RecordBody::SocialInsurance(SocialInsurance {
        employer_name: name.into(),
        employer_credit_code: code.into(),
        monthly_base: yuan.map(|y| Fen(y * 100)),
        paid_from: Some(date("2026-01")),
        paid_until: None,
    })
}

fn fund(code: &str, yuan: i64) -> RecordBody {
    RecordBody::ProvidentFund(ProvidentFund {
        employer_name: Default::default(),
        employer_credit_code: code.into(),
        monthly_base: Some(Fen(yuan * 100)),
        monthly_contribution: None,
        balance: Fen(0),
        loan_balance: None,
        paid_from: Some(date("2026-01")),
        paid_until: None,
    })
}

fn job(status: EmploymentStatus, from: &str, until: Option<&str>) -> RecordBody {
    RecordBody::Employment(Employment {
        status,
        employer_name: "甲公司".into(),
        employer_credit_code: "C1".into(),
        from: Some(date(from)),
        until: until.map(date),
        monthly_benefit: None,
    })
}

fn tax(bodies: Vec<RecordBody>) -> Said {
    says("taxation", &[T::Income], bodies)
}

fn insurance(bodies: Vec<RecordBody>) -> Said {
    says("social-insurance", &[T::SocialInsurance, T::Pension], bodies)
}

fn housing_fund(bodies: Vec<RecordBody>) -> Said {
    says("provident-fund", &[T::ProvidentFund], bodies)
}

fn wage(said: &[Said], months: u32) -> crate::bounds::Figure {
    let household = checked(family());
    ask(&household, said, |f| {
        f.figure(Fact::Income(IncomeKind::Wage), None, Months::before(as_of(), months))
            .as_ref()
            .clone()
    })
}

const YUAN: i64 = 100;

#[test]
fn an_amount_whose_months_are_open_does_not_vanish_in_a_smaller_one_of_the_same_job() {
    // The period is reversed: up to 1,100 yuan in whatever months.
    let open = says("d-b", &[T::Income], vec![paid("C2", "2026-05", "2024", 1_100)]);
    let wages = |said: &[Said]| {
        ask(&checked(family()), said, |facts| {
            let year = Months::before(as_of(), 12);
            facts.figure(Fact::Income(IncomeKind::Wage), None, year).bounds
        })
    };
    assert_eq!(wages(std::slice::from_ref(&open)), Bounds::between(0, 110_000));
    let certain = says("d-a", &[T::Income], vec![paid("C2", "2026-07", "2026-10", 1_000)]);
    assert_eq!(wages(&[certain, open]), Bounds::between(100_000, 110_000));
}

#[test]
fn a_job_seen_by_three_registers_is_one_job() {
    let said = [
        tax(vec![paid("C1", "2026-10", "2026-10", 3_000)]),
        insurance(vec![insured("c1 ", "甲公司", Some(2_800))]),
        housing_fund(vec![fund("C1", 3_100)]),
    ];
    let figure = wage(&said, 1);
    assert_eq!(figure.bounds, Bounds::exactly(3_000 * YUAN));
    assert!(figure.open.is_empty());
    let copies = figure
        .parts
        .iter()
        .filter(|p| matches!(p.treatment, Treatment::Duplicate { .. }))
        .count();
    assert_eq!(copies, 2);
}

#[test]
fn two_jobs_are_two_jobs() {
    let said = [tax(vec![
        paid("C1", "2026-10", "2026-10", 3_000),
        paid("C2", "2026-10", "2026-10", 500),
    ])];
    assert_eq!(wage(&said, 1).bounds, Bounds::exactly(3_500 * YUAN));
}

#[test]
fn sources_within_the_tolerance_keep_the_payers_amount_and_beyond_it_the_hull() {
    for (base, bounds) in [
        (2_400, Bounds::exactly(300_000)),
        (2_399, Bounds::between(239_900, 300_000)),
        (3_750, Bounds::exactly(300_000)),
        (3_751, Bounds::between(300_000, 375_100)),
    ] {
        let said = [
            tax(vec![paid("C1", "2026-10", "2026-10", 3_000)]),
            insurance(vec![insured("C1", "", Some(base))]),
        ];
        let figure = wage(&said, 1);
        assert_eq!(figure.bounds, bounds, "base {base}");
        assert_eq!(figure.open.contains(&CONFLICTING_SOURCES.into()), !bounds.is_exact());
    }
}

/// A cleaner of 2,100 yuan a month is insured on the floor of 4,246 by every register: that is no wage that could refuse her.
#[test]
fn contribution_registers_prove_no_wage_however_many_agree() {
    let base = || insured("C1", "", Some(4_246));
    let copy = says("city", &[T::SocialInsurance], vec![base()]);
    for said in [
        vec![tax(vec![]), insurance(vec![base()])],
        vec![
            tax(vec![]),
            insurance(vec![base()]),
            housing_fund(vec![fund("C1", 4_246)]),
        ],
        vec![tax(vec![]), insurance(vec![base()]), copy],
    ] {
        let figure = wage(&said, 1);
        assert_eq!(figure.bounds, Bounds::between(0, 424_600));
        assert_eq!(figure.open, [UNCORROBORATED_WAGE]);
        let duplicates = figure
            .parts
            .iter()
            .filter(|p| matches!(p.treatment, Treatment::Duplicate { .. }));
        assert_eq!(duplicates.count(), figure.parts.len() - 1);
    }
    // Of two that differ neither is taken for the other.
    let said = [insurance(vec![base()]), housing_fund(vec![fund("C1", 2_100)])];
    let figure = wage(&said, 1);
    assert_eq!(figure.bounds, Bounds::between(0, 424_600));
    assert_eq!(figure.open, [CONFLICTING_SOURCES, UNCORROBORATED_WAGE]);
}

#[test]
fn two_contribution_registers_prove_nothing_while_the_payers_register_is_silent() {
    let said = [
        silent("taxation", &[T::Income]),
        insurance(vec![insured("C1", "", Some(9_000))]),
        housing_fund(vec![fund("C1", 9_000)]),
    ];
    let figure = wage(&said, 1);
    assert_eq!(figure.bounds, Bounds::NON_NEGATIVE);
    assert_eq!(figure.missing.len(), 1);
}

#[test]
fn a_wage_counts_in_the_months_it_was_earned_and_in_no_other() {
    let said = [tax(vec![paid("C1", "2026-03", "2026-05", 9_000)])];
    assert_eq!(wage(&said, 3).bounds, Bounds::ZERO, "earned before the window");
    assert_eq!(
        wage(&said, 12).bounds,
        Bounds::exactly(9_000 * YUAN),
        "earned within the window"
    );
}

#[test]
fn a_wage_of_which_more_than_half_or_less_than_nothing_is_deducted_is_open() {
    let of = |gross: i64, deductions: i64| match paid("E1", "2026-10", "2026-10", gross) {
        RecordBody::Income(body) => RecordBody::Income(Income {
            deductions: Some(Fen(deductions * 100)),
            ..body
        }),
        other => other,
    };
    for (gross, deductions, bounds) in [
        (2_000, 100, Bounds::exactly(190_000)),
        (2_000, 1_000, Bounds::exactly(100_000)),
        // The 5,000 yuan a month that the tax leaves free are no deduction from a wage.
        (2_000, 1_001, Bounds::between(0, 200_000)),
        (5_000, 5_000, Bounds::between(0, 500_000)),
        (2_000, 2_200, Bounds::between(0, 200_000)),
        (2_000, -1_900, Bounds::between(0, 200_000)),
    ] {
        let figure = wage(&[tax(vec![of(gross, deductions)])], 1);
        assert_eq!(figure.bounds, bounds, "{gross} less {deductions}");
        assert_eq!(figure.bounds.is_exact(), figure.open.is_empty());
    }
}

#[test]
fn one_employer_under_codes_of_two_generations_or_a_shortened_name_may_be_one_job() {
    let named = |code: &str, name: &str, yuan: i64| match paid(code, "2026-10", "2026-10", yuan) {
        RecordBody::Income(body) => RecordBody::Income(Income {
            payer_name: name.into(),
            ..body
        }),
        other => other,
    };
    let payroll = |code: &str, name: &str, yuan: i64| {
        let body = RecordBody::PublicPayroll(PublicPayroll {
            unit_name: name.into(),
            unit_credit_code: code.into(),
            monthly_amount: Fen(yuan * 100),
            from: Some(date("2020-01")),
            until: None,
        });
        says("fiscal-payroll", &[T::PublicPayroll], vec![body])
    };
    let full = "达川区瑞丰物业管理有限公司";
    let code = "91511703000000019G";
    for (other, name, expected) in [
        ("000000019", full, Bounds::between(80_000, 90_000)),
        ("00000001-9", "瑞丰", Bounds::between(80_000, 90_000)),
        ("511703000000019", "", Bounds::between(80_000, 90_000)),
        ("000000010", full, Bounds::between(90_000, 170_000)),
        ("", "瑞丰物业", Bounds::between(80_000, 170_000)),
        ("", "", Bounds::between(80_000, 170_000)),
        ("000000027", "达川区第三小学", Bounds::exactly(170_000)),
        ("", "达川区第三小学", Bounds::exactly(170_000)),
    ] {
        let figure = wage(&[tax(vec![named(code, full, 800)]), payroll(other, name, 900)], 1);
        assert_eq!(figure.bounds, expected, "{other} {name}");
        assert_eq!(figure.bounds.is_exact(), figure.open.is_empty());
    }
    // What one register lists twice are two wages of one job, or one and its correction.
    let two = vec![named(code, full, 800), named("000000019", full, 900)];
    assert_eq!(wage(&[tax(two)], 1).bounds, Bounds::between(90_000, 170_000));
}

#[test]
fn a_period_beyond_the_window_is_never_spread() {
    let said = [tax(vec![paid("C1", "2026-01", "2026-10", 30_000)])];
    let figure = wage(&said, 1);
    assert_eq!(figure.bounds, Bounds::between(0, 30_000 * YUAN));
    assert_eq!(figure.open, [PERIOD_UNCERTAIN]);
}

#[test]
fn a_period_that_ends_before_it_begins_hides_nothing() {
    let said = [tax(vec![paid("C1", "2026-10", "2026-03", 30_000)])];
    assert_eq!(wage(&said, 1).bounds, Bounds::between(0, 30_000 * YUAN));
}

#[test]
fn a_wage_of_other_months_does_not_settle_a_job_of_this_one() {
    let said = [
        tax(vec![paid("C1", "2026-03", "2026-03", 3_000)]),
        says(
            "employment",
            &[T::Employment],
            vec![job(EmploymentStatus::Employed, "2026-01", None)],
        ),
    ];
    let figure = wage(&said, 1);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::NON_NEGATIVE, vec![WAGE_UNKNOWN.into()])
    );
}

#[test]
fn a_contribution_without_its_base_shows_a_job_of_unknown_wage() {
    let figure = wage(&[insurance(vec![insured("C1", "甲公司", None)])], 1);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::NON_NEGATIVE, vec![WAGE_UNKNOWN.into()])
    );
}

#[test]
fn a_job_that_was_left_counts_until_it_was_left() {
    let left = |until| {
        let said = [says(
            "employment",
            &[T::Employment],
            vec![job(EmploymentStatus::Left, "2025-01", until)],
        )];
        wage(&said, 12).bounds
    };
    assert_eq!(left(Some("2026-06")), Bounds::NON_NEGATIVE);
    assert_eq!(left(Some("2025-06")), Bounds::ZERO);
    assert_eq!(left(None), Bounds::ZERO);
}

#[test]
fn an_employer_known_by_name_only_is_perhaps_the_one_known_by_code() {
    let said = [
        tax(vec![paid("C1", "2026-10", "2026-10", 3_000)]),
        says("city", &[T::Income], vec![paid("", "2026-10", "2026-10", 3_000)]),
    ];
    let figure = wage(&said, 1);
    assert_eq!(figure.bounds, Bounds::between(3_000 * YUAN, 6_000 * YUAN));
    assert_eq!(figure.open, [DOUBTFUL_MATCH]);
}

#[test]
fn what_a_payer_takes_back_leaves_the_wage_open_whatever_else_is_stated() {
    let rows = |amounts: &[i64]| {
        tax(amounts
            .iter()
            .map(|yuan| paid("C1", "2026-10", "2026-10", *yuan))
            .collect())
    };
    for said in [
        vec![rows(&[100, -9_000])],
        vec![rows(&[5_000, -5_000, 300])],
        vec![
            rows(&[-9_000]),
            insurance(vec![insured("C1", "甲公司", Some(600))]),
            housing_fund(vec![fund("C1", 600)]),
        ],
    ] {
        let figure = wage(&said, 1);
        assert_eq!(figure.bounds, Bounds::NON_NEGATIVE);
        assert!(!figure.open.is_empty());
    }
}

#[test]
fn of_two_payers_statements_the_departments_name_decides_nothing() {
    let of = |department: &str, yuan| says(department, &[T::Income], vec![paid("C1", "2026-10", "2026-10", yuan)]);
    for (a, b) in [(640, 760), (760, 640)] {
        let figure = wage(&[of("d-a", a), of("d-b", b)], 1);
        assert_eq!(figure.bounds, Bounds::between(640 * YUAN, 760 * YUAN));
        assert_eq!(figure.open, [CONFLICTING_SOURCES]);
    }
}

#[test]
fn one_base_for_every_insurance_is_one_and_no_employer_is_no_job() {
    let rows = (0..5).map(|_| insured("C1", "甲公司", Some(600))).collect();
    let said = [tax(vec![paid("C1", "2026-10", "2026-10", 600)]), insurance(rows)];
    assert_eq!(wage(&said, 1).bounds, Bounds::exactly(600 * YUAN));
    let own = [insurance(vec![insured("", "灵活就业人员", Some(4_000))])];
    assert_eq!(wage(&own, 1).bounds, Bounds::ZERO);
    let office = [insurance(vec![insured("", "灵活就业服务有限公司", Some(4_000))])];
    assert_eq!(wage(&office, 1).bounds, Bounds::between(0, 4_000 * YUAN));
}

/// On the fifth of a month last month's wages are not declared yet: a job paid every month did not end with them, unless somebody says so.
#[test]
fn a_job_whose_last_month_may_not_be_declared_yet_is_open_above() {
    let months = |code: &str, months: &[&str]| tax(months.iter().map(|m| paid(code, m, m, 3_000)).collect());
    let (regular, whole) = (["2026-08", "2026-09"], ["2026-08", "2026-09", "2026-10"]);
    for window in [1, 3, 12] {
        let late = wage(&[months("C1", &regular)], window);
        let known = if window == 1 { 0 } else { 600_000 };
        assert_eq!(
            late.bounds,
            Bounds {
                lo: Some(known),
                hi: None
            },
            "{window}"
        );
        assert_eq!(late.open, [WAGE_NOT_DECLARED_YET]);
        assert_eq!(wage(&[months("C1", &whole)], window).open, [""; 0], "{window}");
    }
    // Another job's last month says nothing of this one; the same payer's name elsewhere does.
    let other = says("b", &[T::Income], vec![paid("C2", "2026-10", "2026-10", 3_000)]);
    assert!(
        wage(&[months("C9", &regular), other], 3)
            .open
            .contains(&DOUBTFUL_MATCH.into())
    );
    // What was paid once, or ended earlier, is not waited for; neither are months long declared.
    for ended in [&["2026-09"][..], &["2026-07", "2026-08"], &["2026-09", "2026-10"]] {
        assert_eq!(wage(&[months("C1", ended)], 3).open, [""; 0], "{ended:?}");
    }
    let registered = |body| vec![months("C1", &regular), says("employment", &[T::Employment], vec![body])];
    for gone in [
        job(EmploymentStatus::Left, "2020-01", Some("2026-09-30")),
        job(EmploymentStatus::Unemployed, "2026-10", None),
    ] {
        assert_eq!(wage(&registered(gone), 3).bounds, Bounds::exactly(600_000));
    }
    for here in [
        job(EmploymentStatus::Left, "2020-01", Some("2026-10-12")),
        job(EmploymentStatus::Left, "2020-01", Some("1970-01-01")),
        job(EmploymentStatus::Employed, "2020-01", None),
        job(EmploymentStatus::Unemployed, "2020-01", None),
    ] {
        assert!(wage(&registered(here), 3).open.contains(&WAGE_NOT_DECLARED_YET.into()));
    }
}

/// The fiscal year's first half at one register, the second at another: what the second knows of other months is not dropped.
#[test]
fn other_months_at_another_register_are_other_wages() {
    let first = || tax(vec![paid("C1", "2025-11", "2026-04", 9_000)]);
    let contributions = |from: &str, until: &str| {
        let mut body = insured("C1", "", Some(1_500));
        if let RecordBody::SocialInsurance(body) = &mut body {
            (body.paid_from, body.paid_until) = (Some(date(from)), Some(date(until)));
        }
        insurance(vec![body])
    };
    // Half a year beyond, of which a month may be that of the last wage.
    let figure = wage(&[first(), contributions("2026-05", "2026-10")], 12);
    assert_eq!(figure.bounds, Bounds::between(900_000, 900_000 + 5 * 150_000));
    assert_eq!(figure.open, [UNCORROBORATED_WAGE]);
    assert_eq!(
        wage(&[first(), contributions("2025-11", "2026-05")], 12).bounds,
        Bounds::exactly(900_000)
    );
    // Contributions of fewer months are no lower wage.
    let whole = || {
        tax(vec![
            paid("C1", "2025-11", "2026-07", 13_500),
            paid("C1", "2026-08", "2026-10", 4_500),
        ])
    };
    let figure = wage(&[whole(), contributions("2026-08", "2026-10")], 12);
    assert_eq!((figure.bounds, figure.open.len()), (Bounds::exactly(1_800_000), 0));
    // Two payers' statements: what each says is certain, and both are possible.
    let second = says("b", &[T::Income], vec![paid("C1", "2026-05", "2026-10", 14_000)]);
    for said in [[first(), second.clone()], [second.clone(), first()]] {
        let figure = wage(&said, 12);
        assert_eq!(figure.bounds, Bounds::between(1_400_000, 2_300_000));
        assert_eq!(figure.open, [CONFLICTING_SOURCES]);
    }
    // A payroll that nobody ended adds nothing for certain.
    let payroll = says(
        "payroll",
        &[T::PublicPayroll],
        vec![RecordBody::PublicPayroll(PublicPayroll {
            unit_name: Default::default(),
            unit_credit_code: "C1".into(),
            monthly_amount: Fen(150_000),
            from: Some(date("2025-11")),
            until: None,
        })],
    );
    assert_eq!(
        wage(&[first(), payroll.clone()], 12).bounds,
        Bounds::between(900_000, 1_800_000)
    );
    // And one that differs from a payer's statement of the same months leaves that open.
    assert_eq!(
        wage(&[first(), payroll, second], 12).bounds,
        Bounds::between(900_000, 2_300_000)
    );
}

#[test]
fn one_month_of_pay_settles_no_year_of_a_job() {
    let employed = |from: &str| {
        says(
            "employment",
            &[T::Employment],
            vec![job(EmploymentStatus::Employed, from, None)],
        )
    };
    let once = || tax(vec![paid("C1", "2025-11", "2025-11", 2_000)]);
    let figure = wage(&[once(), employed("2015-01")], 12);
    assert_eq!(
        figure.bounds,
        Bounds {
            lo: Some(200_000),
            hi: None
        }
    );
    assert_eq!(figure.open, [WAGE_UNKNOWN]);
    // The first wage comes a month after the job began, and one may come late.
    let paid_in = |months: &[&str]| tax(months.iter().map(|m| paid("C1", m, m, 2_000)).collect());
    for months in [&["2026-08", "2026-09", "2026-10"][..], &["2026-08", "2026-10"]] {
        let figure = wage(&[paid_in(months), employed("2026-07")], 12);
        assert_eq!(figure.bounds, Bounds::exactly(200_000 * months.len() as i64));
    }
}

/// Neither register names the payer, or each writes a code of its own: perhaps one wage.
#[test]
fn payers_that_two_registers_do_not_tell_apart_are_perhaps_one() {
    let of = |code: &str, name: &str, yuan: i64| {
        let mut body = paid(code, "2026-10", "2026-10", yuan);
        if let RecordBody::Income(body) = &mut body {
            body.payer_name = name.into();
        }
        body
    };
    let two = |a: RecordBody, b: RecordBody| wage(&[tax(vec![a]), says("b", &[T::Income], vec![b])], 1);
    for (a, b) in [
        (of("", "", 900), of("", "", 900)),
        (of("", "达川区环卫所", 900), of("", "环卫所", 900)),
        (of("9151", "达川区环境卫生管理所", 900), of("305001", "区环卫所", 900)),
        (of("9151", "达川区环境卫生管理所", 900), of("305001", "区环卫所", 890)),
    ] {
        let figure = two(a, b);
        assert_eq!(
            (figure.bounds.lo, figure.bounds.hi > Some(178_000)),
            (Some(90_000), true)
        );
        assert_eq!(figure.open, [DOUBTFUL_MATCH]);
    }
    assert_eq!(
        two(of("", "环卫所", 900), of("", "砖厂", 900)).bounds,
        Bounds::exactly(180_000)
    );
    assert_eq!(
        two(of("1", "环卫所", 900), of("2", "砖厂", 700)).bounds,
        Bounds::exactly(160_000)
    );
    // A correction without a payer is the greater of the two for certain.
    let corrected = wage(&[tax(vec![of("", "", 1_500), of("", "", 1_600)])], 1);
    assert_eq!(corrected.bounds, Bounds::between(160_000, 310_000));
    assert_eq!(corrected.open, [PERIOD_UNCERTAIN]);
}
