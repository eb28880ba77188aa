//! What a household really earns and owns, written to the registers that see it and declared as it is.
//! Leaves what it hides to `cheats` and what is odd about it to `oddities`.

use hedui_core::household::{DeclaredIncome, Relation, Residence};
use hedui_core::record::*;
use hedui_core::{Fen, Month, PartialDate};
use hedui_ids::ResidentId;

use super::draft::Draft;
use super::ledger::Job;
use super::people::Person;
use super::truth::Standing;
use crate::error::SimError;

/// Basic old-age pension of residents a month, in fen (the national minimum of 2018 was 88 yuan; Sichuan paid 105).
const BASIC_PENSION: i64 = 10_500;
/// Local rate of casual work a month, in fen (Da'an, 2018).
const CASUAL_RATE: i64 = 200_000;
/// Least wage that a formal job pays, in fen; below it people live on casual work.
const LEAST_WAGE: i64 = 20_000;

/// What an ordinary household of the standing earns, in fen a month for all members.
pub(crate) fn live(draft: &mut Draft<'_>, target: Standing) -> Result<(), SimError> {
    let persons = i64::try_from(draft.members.len()).unwrap_or(1);
    let standard = draft.standard().0;
    let share = match target {
        Standing::Below => draft.dice.range(25, 85),
        Standing::Near => draft.dice.range(91, 99),
        Standing::Above => draft.dice.range(135, 320),
    };
    let goal = standard * persons * share / 100;
    let mut monthly = pensions(draft) + land(draft) + grants(draft);
    monthly += casual(draft, goal - monthly, target);
    monthly += wages(draft, goal - monthly)?;
    if target == Standing::Above {
        monthly += support(draft, goal - monthly);
    }
    draft.monthly_income = Fen(monthly);
    super::needs::befall(draft);
    dwelling(draft);
    savings(draft);
    Ok(())
}

/// People from sixty draw the residents' pension; its basic part is the same for all.
fn pensions(draft: &mut Draft<'_>) -> i64 {
    let year = draft.months();
    let mut monthly = 0;
    for ordinal in 0..draft.members.len() {
        let gone = draft.is_gone(ordinal);
        let Some((member, mut scribe)) = draft.member(ordinal) else {
            continue;
        };
        if member.age < 60 || gone {
            continue;
        }
        let amount = BASIC_PENSION + scribe.dice.range(0, 15) * 100;
        let born = member.id.birth_date();
        let from = i16::try_from(born.year() + 60)
            .ok()
            .and_then(|y| PartialDate::new(y.max(2009), i8::try_from(born.month()).unwrap_or(1), 0))
            .filter(|first| year.first().is_some_and(|start| first < start));
        let pension = Pension {
            kind: PensionKind::Resident,
            monthly_amount: Fen(amount),
            basic_part: Some(Fen(BASIC_PENSION)),
            from: from.or(year.first().copied()),
            until: None,
        };
        scribe.at("social-insurance", member, RecordBody::Pension(pension));
        draft.declare(ordinal, IncomeKind::Transfer, amount * 12);
        monthly += amount;
    }
    monthly
}

/// Rural households hold a contract; two in five lease it out. Some hold a forest right.
fn land(draft: &mut Draft<'_>) -> i64 {
    if draft.residence != Residence::Rural {
        return 0;
    }
    let persons = i64::try_from(draft.members.len()).unwrap_or(1);
    let place = draft.place.code_text.clone();
    let Some((head, mut scribe)) = draft.member(0) else {
        return 0;
    };
    let mu = scribe.dice.range(60, 140) * persons;
    let leased = scribe.dice.percent(40);
    let rent = if leased {
        (mu * scribe.dice.range(180, 320) / 100) * 100
    } else {
        0
    };
    let land = Land {
        kind: LandKind::Farmland,
        contract_number: scribe.numbers.contract(&place).into(),
        area_centimu: Some(mu),
        leased_out: leased,
        annual_rent: leased.then_some(Fen(rent)),
    };
    scribe.at("agriculture", head, RecordBody::Land(land));
    if scribe.dice.percent(18) {
        let forest = Land {
            kind: LandKind::Forest,
            contract_number: scribe.numbers.contract(&place).into(),
            area_centimu: Some(scribe.dice.range(100, 900)),
            leased_out: false,
            annual_rent: None,
        };
        scribe.at("forestry", head, RecordBody::Land(forest));
    }
    if rent > 0 {
        draft.declare(0, IncomeKind::Property, rent);
    }
    rent / 12
}

/// Grants for grain and forest, once a year.
fn grants(draft: &mut Draft<'_>) -> i64 {
    if draft.residence != Residence::Rural || !draft.dice.percent(50) {
        return 0;
    }
    let paid_on = draft.day_ago(20, 330);
    let Some((head, mut scribe)) = draft.member(0) else {
        return 0;
    };
    let amount = scribe.dice.range(60, 240) * 100;
    let (department, project) = scribe.dice.pick(
        ("agriculture", "耕地地力保护补贴"),
        &[
            ("agriculture", "种粮补贴"),
            ("forestry", "退耕还林补助"),
            ("agriculture", "养殖补贴"),
        ],
    );
    let grant = Subsidy {
        project: project.into(),
        amount: Fen(amount),
        paid_on,
    };
    scribe.at(department, head, RecordBody::Subsidy(grant));
    // A grant is income from the farm, for the whole farming year.
    draft.declare(0, IncomeKind::Business, amount);
    amount / 12
}

/// Some poor households live on a month or two of casual work, which no register sees.
fn casual(draft: &mut Draft<'_>, missing: i64, target: Standing) -> i64 {
    let months = missing * 12 / CASUAL_RATE;
    if target != Standing::Below || months < 1 || !draft.dice.percent(35) {
        return 0;
    }
    let months = months.min(4);
    let Some(worker) = draft.members.iter().position(Person::of_working_age) else {
        return 0;
    };
    draft.casual(worker, u32::try_from(months).unwrap_or(0));
    months * CASUAL_RATE / 12
}

/// One or two members earn what is missing.
fn wages(draft: &mut Draft<'_>, missing: i64) -> Result<i64, SimError> {
    let workers: Vec<usize> = (0..draft.members.len())
        .filter(|i| {
            draft
                .members
                .get(*i)
                .is_some_and(|m| m.of_working_age() && m.relation != Relation::Child)
        })
        .collect();
    let Some(first) = workers.first().copied() else {
        return Ok(0);
    };
    let two = workers.len() > 1 && missing > 160_000 && draft.dice.percent(60);
    let parts = if two {
        vec![
            (first, missing * 6 / 10),
            (workers.get(1).copied().unwrap_or(first), missing * 4 / 10),
        ]
    } else {
        vec![(first, missing)]
    };
    let mut earned = 0;
    for (ordinal, net) in parts {
        if net < LEAST_WAGE {
            jobless(draft, ordinal);
            continue;
        }
        let public = net < 190_000 && draft.dice.percent(35);
        let fund = net > 250_000 && draft.dice.percent(60);
        let job = job(draft, net, public, fund)?;
        earned += employ(draft, ordinal, &job);
    }
    Ok(earned)
}

/// A job that pays about `net` fen a month after deductions, never more.
pub(crate) fn job(draft: &mut Draft<'_>, net: i64, public: bool, fund: bool) -> Result<Job, SimError> {
    // Whole tens of yuan, rounded down; public-welfare posts are paid net.
    let deducted = if public { 0 } else { draft.dice.pick(0, &[0, 2, 8]) };
    let gross = net * 100 / (100 - deducted) / 1000 * 1000;
    let held = if draft.dice.percent(15) {
        draft.dice.range(2, 9)
    } else {
        draft.dice.range(13, 160)
    };
    let months = draft.months();
    let skip = months.len().saturating_sub(usize::try_from(held).unwrap_or(0));
    let months: Vec<PartialDate> = months.into_iter().skip(skip).collect();
    let since = month_date(Month::of(draft.as_of).plus(-i32::try_from(held).unwrap_or(12)));
    let kind = if public { "12" } else { "91" };
    let credit_code = draft.numbers.credit_code(kind, &draft.place.code_text)?;
    let name = &draft.place.name;
    let employer = match public {
        true => format!(
            "{name}{}人民政府",
            draft.dice.pick("南外镇", &["石桥镇", "管村镇", "百节镇", "赵家镇"])
        ),
        false => format!(
            "{name}{}{}有限公司",
            draft.dice.pick("兴达", &["宏远", "永盛", "金桥", "瑞丰", "华康"]),
            draft
                .dice
                .pick("建材", &["食品", "物业管理", "服装", "环卫服务", "机械"])
        ),
    };
    let deductions = (deducted > 0).then_some(gross * deducted / 100);
    let since = since.or(months.first().copied()).ok_or(SimError::AsOf)?;
    Ok(Job {
        employer,
        credit_code,
        gross,
        deductions,
        months,
        since,
        public,
        fund,
    })
}

/// Gives a member a job, honestly declared; what it brings a month.
fn employ(draft: &mut Draft<'_>, ordinal: usize, job: &Job) -> i64 {
    let net = job.gross - job.deductions.unwrap_or(0);
    if let Some((member, mut scribe)) = draft.member(ordinal) {
        scribe.job(member, job);
    }
    if let (Some(from), Some(until)) = (job.months.first().copied(), job.months.last().copied()) {
        let amount = net * i64::try_from(job.months.len()).unwrap_or(0);
        draft.declare_period(
            ordinal,
            DeclaredIncome {
                kind: IncomeKind::Wage,
                amount: Fen(amount),
                from,
                until,
            },
        );
    }
    net
}

/// Out of work: now and then registered as such.
fn jobless(draft: &mut Draft<'_>, ordinal: usize) {
    let Some(from) = draft.months().into_iter().nth(5) else {
        return;
    };
    let Some((member, mut scribe)) = draft.member(ordinal) else {
        return;
    };
    if scribe.dice.percent(30) {
        let unemployed = Employment {
            status: EmploymentStatus::Unemployed,
            employer_name: Default::default(),
            employer_credit_code: Default::default(),
            from: Some(from),
            until: None,
            monthly_benefit: None,
        };
        scribe.at("employment", member, RecordBody::Employment(unemployed));
    }
}

/// What children elsewhere pay: no register sees it, the honest say it month by month.
fn support(draft: &mut Draft<'_>, missing: i64) -> i64 {
    if missing < LEAST_WAGE {
        return 0;
    }
    let amount = missing / 1000 * 1000 + 1000;
    for month in draft.months() {
        let income = DeclaredIncome {
            kind: IncomeKind::Transfer,
            amount: Fen(amount),
            from: month,
            until: month,
        };
        draft.declare_period(0, income);
    }
    amount
}

/// Three in four own the one dwelling they live in; rural ones often stand on a homestead.
fn dwelling(draft: &mut Draft<'_>) {
    let owned = draft.must_own_flat || draft.half_share || draft.dice.percent(75);
    if !owned {
        draft.declared.dwellings = Some(0);
        return;
    }
    let homestead =
        draft.residence == Residence::Rural && !draft.must_own_flat && !draft.half_share && draft.dice.percent(60);
    let kind = if homestead {
        RealEstateKind::Homestead
    } else {
        RealEstateKind::Dwelling
    };
    let unit = draft.unit(kind, 38, 95, 4, 18);
    let city = draft.dice.percent(80);
    if let Some((head, mut scribe)) = draft.member(0) {
        scribe.real_estate(head, unit, city);
    }
    draft.declared.dwellings = Some(u32::from(!homestead));
}

/// A little money in the bank, declared to the fen.
fn savings(draft: &mut Draft<'_>) {
    let mut total = 0;
    let yesterday = draft.day_ago(1, 1);
    for ordinal in 0..draft.members.len() {
        let gone = draft.is_gone(ordinal);
        let Some((member, mut scribe)) = draft.member(ordinal) else {
            continue;
        };
        if gone || member.age < 18 || !scribe.dice.percent(60) {
            continue;
        }
        let balance = scribe.dice.range(1_000, 90_000);
        let account = scribe.numbers.account();
        let deposit = asset(FinancialAssetKind::Deposit, "农村商业银行", account, balance, yesterday);
        let city = scribe.dice.percent(40);
        scribe.asset(member, "rural-commercial-bank", deposit, city);
        total += balance;
        if scribe.dice.percent(10) {
            let balance = scribe.dice.range(500, 40_000);
            let policy = scribe.numbers.policy();
            let kind = scribe.dice.pick(
                FinancialAssetKind::Deposit,
                &[FinancialAssetKind::Insurance, FinancialAssetKind::PaymentAccount],
            );
            scribe.asset(
                member,
                "finance-office",
                asset(kind, "市内其他机构", policy, balance, yesterday),
                false,
            );
            total += balance;
        }
    }
    draft.declared.financial_assets = Some(Fen(total));
    draft.declared.vehicles.get_or_insert(0);
    draft.declared.businesses.get_or_insert(0);
}

/// An account.
pub(crate) fn asset(kind: FinancialAssetKind, at: &str, account: String, fen: i64, on: PartialDate) -> FinancialAsset {
    FinancialAsset {
        kind,
        institution: at.into(),
        account_reference: account.into(),
        balance: Fen(fen),
        balance_on: Some(on),
    }
}

/// The first day of nothing: a month without its day.
pub(crate) fn month_date(month: Month) -> Option<PartialDate> {
    month.to_string().parse().ok()
}

/// Registration of a member.
pub(crate) fn registration(
    booklet: &str,
    division: &str,
    address: &str,
    spouse: Option<&ResidentId>,
    rural: bool,
) -> Registration {
    Registration {
        household_number: booklet.into(),
        division_code: division.into(),
        address: address.into(),
        status: RegistrationStatus::Active,
        deceased_on: None,
        spouse_id_number: spouse.map(|id| id.expose().to_owned()).unwrap_or_default().into(),
        class: Some(if rural {
            RegistrationClass::Rural
        } else {
            RegistrationClass::Urban
        }),
        father_id_number: Default::default(),
        mother_id_number: Default::default(),
    }
}
