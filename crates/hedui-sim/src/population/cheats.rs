//! What the dishonest few hide, in amounts beyond any pilot's limits, and the records that give it away.
//! Leaves finding it to the verification.

use hedui_core::Fen;
use hedui_core::household::Relation;
use hedui_core::record::*;

use super::draft::Draft;
use super::economy::{asset, job};
use super::ledger::Trace;
use super::people::{Cradle, Person, other};
use super::truth::CheatKind;
use crate::error::SimError;

/// One thing to hide, now and then two; each kind equally often.
pub(crate) fn draw(draft: &mut Draft<'_>) -> Vec<CheatKind> {
    let [first, others @ ..] = CheatKind::ALL;
    let mut kinds = vec![draft.dice.pick(first, &others)];
    if draft.dice.percent(15) {
        let second = draft.dice.pick(first, &others);
        if !kinds.contains(&second) {
            kinds.push(second);
        }
    }
    kinds
}

/// Makes the spouse who will not be declared, with a good job.
pub(crate) fn hidden_spouse(draft: &mut Draft<'_>) -> Result<Person, SimError> {
    let (sex, age) = draft
        .members
        .first()
        .map_or((hedui_ids::Sex::Male, 40), |head| (other(head.sex), head.age));
    let Draft {
        dice,
        numbers,
        home,
        as_of,
        ..
    } = draft;
    let mut cradle = Cradle {
        dice,
        numbers,
        division: home.code,
        as_of: *as_of,
    };
    let spouse = cradle.anyone(Relation::Spouse, sex, age.max(24))?;
    let pay = draft.dice.range(600, 1400) * 1000;
    let job = job(draft, pay, false, true)?;
    draft.scribe().job(&spouse, &job);
    draft.monthly_income = Fen(draft.monthly_income.0 + pay);
    Ok(spouse)
}

/// Hides one thing of the applicant; a spouse is hidden at registration.
pub(crate) fn hide(draft: &mut Draft<'_>, kind: CheatKind) -> Result<(), SimError> {
    let traces = match kind {
        CheatKind::Car => car(draft),
        CheatKind::SecondFlat => flat(draft),
        CheatKind::Business => business(draft)?,
        CheatKind::Deposits => deposits(draft),
        CheatKind::UndeclaredSpouse => return Ok(()),
    };
    draft.caught(kind, 0, traces);
    Ok(())
}

/// A vehicle of the household's place; value in ten thousands of yuan.
pub(crate) fn vehicle(draft: &mut Draft<'_>, kind: VehicleKind, least: i64, most: i64) -> Vehicle {
    let registered = draft.day_ago(100, 3000);
    Vehicle {
        plate: draft.numbers.plate(draft.place).into(),
        identification_number: draft.numbers.vin().into(),
        kind,
        usage: VehicleUse::Private,
        status: VehicleStatus::Normal,
        registered_on: Some(registered),
        value: Some(Fen(draft.dice.range(least * 100, most * 100) * 10_000)),
    }
}

fn car(draft: &mut Draft<'_>) -> Vec<Trace> {
    let car = vehicle(draft, VehicleKind::Car, 6, 30);
    draft
        .member(0)
        .map(|(head, mut scribe)| scribe.vehicle(head, car))
        .unwrap_or_default()
}

fn flat(draft: &mut Draft<'_>) -> Vec<Trace> {
    let unit = draft.unit(RealEstateKind::Dwelling, 70, 140, 25, 120);
    draft
        .member(0)
        .map(|(head, mut scribe)| scribe.real_estate(head, unit, true))
        .unwrap_or_default()
}

fn business(draft: &mut Draft<'_>) -> Result<Vec<Trace>, SimError> {
    let company = draft.dice.percent(50);
    let gross = draft.dice.range(70, 400) * 10_000;
    let mut traces = trade(draft, company, gross)?;
    // The registration comes first: it is what the household hides.
    traces.rotate_right(1);
    draft.monthly_income = Fen(draft.monthly_income.0 + gross);
    Ok(traces)
}

/// A shop or company with its monthly turnover at the tax office; the registration is the last trace.
pub(crate) fn trade(draft: &mut Draft<'_>, company: bool, gross: i64) -> Result<Vec<Trace>, SimError> {
    let registered = draft.day_ago(400, 4000);
    let kind = if company { "91" } else { "92" };
    let credit_code = draft.numbers.credit_code(kind, &draft.place.code_text)?;
    let capital = if company {
        draft.dice.range(20, 300)
    } else {
        draft.dice.range(1, 5)
    };
    let name = format!(
        "{}{}{}",
        draft.place.name,
        draft.dice.pick("旺角", &["顺发", "好运来", "川味", "诚信"]),
        if company { "商贸有限公司" } else { "经营部" }
    );
    let role = match company {
        true => draft
            .dice
            .pick(BusinessRole::LegalRepresentative, &[BusinessRole::Shareholder]),
        false => BusinessRole::SoleTrader,
    };
    let months = draft.months();
    let Some((head, mut scribe)) = draft.member(0) else {
        return Ok(Vec::new());
    };
    let mut traces = Vec::new();
    for month in months {
        let income = Income {
            kind: IncomeKind::Business,
            payer_name: name.clone().into(),
            payer_credit_code: credit_code.clone().into(),
            from: month,
            until: month,
            gross: Fen(gross),
            deductions: None,
            nature: None,
        };
        traces.push(scribe.at("taxation", head, RecordBody::Income(income)));
    }
    let part = Business {
        credit_code: credit_code.into(),
        name: name.into(),
        role,
        status: BusinessStatus::Active,
        capital: Some(Fen(capital * 1_000_000)),
        registered_on: Some(registered),
    };
    traces.push(scribe.at("commerce", head, RecordBody::Business(part)));
    Ok(traces)
}

fn deposits(draft: &mut Draft<'_>) -> Vec<Trace> {
    let yesterday = draft.day_ago(1, 1);
    let accounts = draft.dice.range(1, 3);
    let Some((head, mut scribe)) = draft.member(0) else {
        return Vec::new();
    };
    let mut traces = Vec::new();
    for n in 0..accounts {
        let balance = scribe.dice.range(12_000_000, 60_000_000);
        let account = scribe.numbers.account();
        // The first one at the bank that joined, further ones wherever.
        let (at, bank, kind) = match n {
            0 => ("rural-commercial-bank", "农村商业银行", FinancialAssetKind::Deposit),
            _ => (
                "finance-office",
                "市内其他机构",
                scribe.dice.pick(
                    FinancialAssetKind::Deposit,
                    &[
                        FinancialAssetKind::Security,
                        FinancialAssetKind::WealthProduct,
                        FinancialAssetKind::Fund,
                    ],
                ),
            ),
        };
        traces.extend(scribe.asset(head, at, asset(kind, bank, account, balance, yesterday), n == 0));
    }
    traces
}
