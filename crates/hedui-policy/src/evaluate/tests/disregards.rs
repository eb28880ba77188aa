//! Income that rules leave out: scholarships and the like by their nature, a new job's wage for a time.

use hedui_core::household::DeclaredIncome;
use hedui_core::money::Fen;
use hedui_core::record::{self, IncomeKind, RecordBody, TransferNature};
use hedui_core::verdict::Outcome;

use crate::Pack;
use crate::testing::{Case, PackText};

const DATE: &str = "2026-11-22";

fn pack() -> Pack {
    PackText::new()
        .windows("wage = \"prior_month\"\ntransfer = \"prior_month\"")
        .parameter("standard", "500", "yuan/month")
        .parameter("trial", "6", "months")
        .step(
            "member",
            "wage",
            "yuan/month",
            "if(member.new_job_months < trial, 0.5, 1) * member.income.wage",
        )
        .step(
            "household",
            "transfers",
            "yuan/month",
            "max(0, income.transfer - income.transfer.scholarship - income.transfer.honour)",
        )
        .test("income", "income", "sum(wage) + transfers < standard")
        .pack()
}

fn transfer(case: &mut Case, yuan: i64, nature: Option<TransferNature>) {
    let month = "2026-10".parse().unwrap();
    let body = record::Income {
        kind: IncomeKind::Transfer,
        payer_name: format!("payer {yuan}").into(),
        payer_credit_code: Default::default(),
        from: month,
        until: month,
        gross: Fen(yuan * 100),
        deductions: None,
        nature,
    };
    case.found("taxation", 0, RecordBody::Income(body));
}

fn declares(case: &mut Case, yuan: i64) {
    let month = "2026-10".parse().unwrap();
    case.household.members[0].incomes.push(DeclaredIncome {
        kind: IncomeKind::Transfer,
        amount: Fen(yuan * 100),
        from: month,
        until: month,
    });
}

fn judged(change: impl Fn(&mut Case)) -> Outcome {
    let mut case = Case::single(DATE);
    change(&mut case);
    case.judge(&pack()).outcome
}

#[test]
fn a_transfer_is_left_out_by_its_nature() {
    use TransferNature::{Honour, Other, Scholarship, Support};
    let of = |yuan, nature| judged(|c| transfer(c, yuan, nature));
    assert_eq!(of(9_000, Some(Scholarship)), Outcome::Qualifies);
    assert_eq!(of(9_000, Some(Honour)), Outcome::Qualifies);
    for nature in [Some(Support), Some(Other), None] {
        assert_eq!(
            (of(499, nature), of(500, nature)),
            (Outcome::Qualifies, Outcome::Exceeds)
        );
    }
    // Beside a scholarship the rest counts as it would alone.
    let beside = |yuan| {
        judged(|c| {
            transfer(c, 9_000, Some(Scholarship));
            transfer(c, yuan, None);
        })
    };
    assert_eq!((beside(499), beside(500)), (Outcome::Qualifies, Outcome::Exceeds));
}

#[test]
fn what_a_silent_register_may_call_a_scholarship_never_exceeds_and_a_pension_still_does() {
    let silent = |change: &dyn Fn(&mut Case)| {
        judged(|c| {
            change(c);
            c.silence("taxation");
        })
    };
    assert_eq!(silent(&|c| declares(c, 600)), Outcome::Inconclusive);
    assert_eq!(judged(|c| declares(c, 600)), Outcome::Exceeds);
    // The declared sum is the scholarship that the register then shows.
    let explained = judged(|c| {
        declares(c, 600);
        transfer(c, 600, Some(TransferNature::Scholarship));
    });
    assert_eq!(explained, Outcome::Qualifies);
    assert_eq!(silent(&|c| c.pension(0, 60_000, 0)), Outcome::Exceeds);
}

#[test]
fn a_pension_in_two_kinds_of_register_counts_once_at_least_and_twice_at_most() {
    let twofold = |declared: i64, pension: i64| {
        judged(|c| {
            transfer(c, declared, Some(TransferNature::Pension));
            if pension > 0 {
                c.pension(0, pension * 100, 0);
            }
        })
    };
    assert_eq!(twofold(200, 200), Outcome::Qualifies);
    assert_eq!(twofold(300, 200), Outcome::Inconclusive);
    assert_eq!(twofold(300, 500), Outcome::Exceeds);
    assert_eq!(twofold(500, 0), Outcome::Exceeds);
    assert_eq!(twofold(499, 0), Outcome::Qualifies);
}

fn employed(case: &mut Case, since: Option<&str>) {
    let body = record::Employment {
        status: record::EmploymentStatus::Employed,
        employer_name: "某公司".into(),
        employer_credit_code: Default::default(),
        from: since.map(|s| s.parse().unwrap()),
        until: None,
        monthly_benefit: None,
    };
    case.found("employment", 0, RecordBody::Employment(body));
}

#[test]
fn the_wage_of_a_new_job_counts_half_until_its_months_are_complete() {
    // 900 a month: half of it is below the standard, all of it is not.
    let since = |days: &[Option<&str>]| {
        judged(|c| {
            let body = record::Income {
                kind: IncomeKind::Wage,
                payer_name: "某公司".into(),
                payer_credit_code: Default::default(),
                from: "2026-10".parse().unwrap(),
                until: "2026-10".parse().unwrap(),
                gross: Fen(90_000),
                deductions: None,
                nature: None,
            };
            c.found("taxation", 0, RecordBody::Income(body));
            days.iter().for_each(|day| employed(c, *day));
        })
    };
    assert_eq!(since(&[Some("2026-05-23")]), Outcome::Qualifies);
    assert_eq!(since(&[Some("2026-05-22")]), Outcome::Exceeds);
    assert_eq!(since(&[Some("2026-05")]), Outcome::Inconclusive);
    assert_eq!(since(&[Some("2026-04")]), Outcome::Exceeds);
    assert_eq!(since(&[Some("2026-09-01"), Some("2020-01-01")]), Outcome::Inconclusive);
    assert_eq!(since(&[]), Outcome::Inconclusive);
}
