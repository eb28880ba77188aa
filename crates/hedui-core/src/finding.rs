//! Findings: what contradicts the application or another register. Each names its records; none refuses anything.
//! Leaves figures to `facts` and consequences beyond "who is judged is open" to people.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::answer::AnswerState;
use crate::bounds::Figure;
use crate::dates::{Month, Months};
use crate::facts::{DepartmentAnswers, Fact, Facts};
use crate::names::{DepartmentId, ProgrammeId};
use crate::part::{Part, Treatment};
use crate::record::IncomeKind;
use crate::verdict::Text;

mod codes;
mod early;
mod help;
mod interest;
mod life;
mod parent;
mod past;
mod register;
mod spouse;
#[cfg(test)]
mod tests;
mod unheard;

pub use codes::FINDINGS;
pub use early::{EARLY_WARNINGS, EarlyWarnings, early_warnings};
pub use interest::{CONFLICT_OF_INTEREST, Official, conflicts_of_interest};
pub use past::{LONG_PAST, LONG_PAST_DAYS, long_past};
pub use register::{NO_REGISTER, unregistered};
pub use unheard::{HELP_UNCONFIRMED, MEMBERS_UNCONFIRMED, unasked_for, unheard_of};

pub(crate) use spouse::marriages;
use spouse::spouse;

/// Codes of the findings that leave every outcome open: how many members a household has, and so every figure per head, or a register that
/// is missing or silent, whose records may speak for the household as well as against it.
pub const MEMBERS_OPEN: &[&str] = &[
    "DECEASED_MEMBER",
    "REGISTRATION_CANCELLED",
    "MEMBER_MOVED_OUT",
    "NO_ADULT",
    "UNDECLARED_SPOUSE",
    NO_REGISTER,
    DEPARTMENT_DRIFTS,
    MEMBERS_UNCONFIRMED,
];

/// A department that was asked does not answer as it used to: what it said may speak for the household as well as against it.
pub const DEPARTMENT_DRIFTS: &str = "DEPARTMENT_DRIFTS";

/// What a finding does to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// To know.
    Note,
    /// To look into; the figures already show it.
    Attention,
    /// Leaves open who is being judged, or would pay twice: no verdict can be `QUALIFIES` until a person has settled it.
    OpensVerdict,
}

/// Something that a person must see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable code, for example `UNDECLARED_SPOUSE`.
    pub code: SmolStr,
    /// What it does.
    pub weight: Weight,
    /// Position of the member, where it is about one.
    pub subject: Option<u32>,
    /// Departments whose records it rests on, sorted.
    pub departments: Vec<DepartmentId>,
    /// For people; holds no personal data.
    pub message: Text,
    /// Records behind it.
    #[serde(with = "crate::part::sealed")]
    pub parts: Vec<Part>,
}

/// How far two statements may differ before it becomes a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerances {
    /// Between two registers of one wage, in per cent of the greater.
    pub wage_percent: u8,
    /// Between what is declared and what is found, in per cent of what is declared.
    pub declared_percent: u8,
}

impl Default for Tolerances {
    /// A fifth between wage registers, since contribution bases lag behind pay; a tenth between declared and found.
    fn default() -> Tolerances {
        Tolerances {
            wage_percent: 20,
            declared_percent: 10,
        }
    }
}

/// Everything that a person must see, in a fixed order: by member, then household.
pub fn findings(
    facts: &Facts<'_>,
    programmes: &[ProgrammeId],
    district_code: &str,
    tolerances: Tolerances,
) -> Vec<Finding> {
    let mut all = Vec::new();
    for ordinal in facts.subjects(None) {
        identity(facts, ordinal, &mut all);
        life::life(facts, ordinal, &mut all);
        spouse(facts, ordinal, &mut all);
        parent::outside(facts, ordinal, &mut all);
        help::assistance(facts, ordinal, programmes, district_code, &mut all);
        help::twice_or_lost(facts, ordinal, district_code, &mut all);
        roles(facts, ordinal, &mut all);
        declared_incomes(facts, ordinal, tolerances, &mut all);
    }
    life::of_age(facts, &mut all);
    life::elsewhere(facts, &mut all);
    declared_property(facts, tolerances, &mut all);
    disagreements(facts, &mut all);
    signatures(facts, &mut all);
    unheard::unheard(facts, &mut all);
    all
}

/// Reasons for which an answer is refused because it cannot be shown to be the department's own.
pub const SIGNATURE_REASONS: &[&str] = &["SIGNATURE_MISSING", "SIGNATURE_KEY_UNKNOWN", "SIGNATURE_INVALID"];

/// Answers that are not signed as the department signs: somebody may stand between, so a person must see it, not only the operator.
fn signatures(facts: &Facts<'_>, all: &mut Vec<Finding>) {
    let is_unsigned = |d: &&DepartmentAnswers<'_>| {
        let mut failures = d.subjects.iter().filter_map(|s| s.failure.as_ref());
        failures.any(|f| SIGNATURE_REASONS.contains(&f.reason.as_str()))
    };
    for department in facts.departments.iter().filter(is_unsigned) {
        push(
            facts,
            all,
            "ANSWER_NOT_AUTHENTIC",
            Weight::Attention,
            None,
            Vec::new(),
            "该部门答复的签名无法确认，未予采用",
            "the department's answer is not signed as it must be; it is not used",
        );
        if let Some(finding) = all.last_mut() {
            finding.departments.push(department.profile.id.clone());
        }
    }
}

#[allow(clippy::too_many_arguments)]
fn push(
    facts: &Facts<'_>,
    all: &mut Vec<Finding>,
    code: &'static str,
    weight: Weight,
    subject: Option<u32>,
    parts: Vec<Part>,
    zh: &'static str,
    en: &'static str,
) {
    debug_assert!(
        FINDINGS.contains(&code) || EARLY_WARNINGS.iter().any(|(warning, _)| *warning == code),
        "{code} stands in no list"
    );
    let mut departments: Vec<DepartmentId> = Vec::new();
    for part in &parts {
        if let Some(department) = facts.department_of(part.source)
            && !departments.contains(department)
        {
            departments.push(department.clone());
        }
    }
    departments.sort();
    all.push(Finding {
        code: SmolStr::new_static(code),
        weight,
        subject,
        departments,
        message: Text::fixed(zh, en),
        parts,
    });
}

/// The ID is in a register under another name.
fn identity(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    for department in facts.departments {
        if department.answer(ordinal) == Some(&AnswerState::IdentityMismatch) {
            push(
                facts,
                all,
                "IDENTITY_MISMATCH",
                Weight::Attention,
                Some(ordinal),
                Vec::new(),
                "该部门登记的姓名与申请不一致，其记录不能计入",
                "the department has this ID under another name; its records are not counted as this person's",
            );
            if let Some(finding) = all.last_mut() {
                finding.departments.push(department.profile.id.clone());
            }
        }
    }
}

/// The parts of a figure that shows something.
fn counted(figure: &Figure) -> Option<Vec<Part>> {
    let counts = |p: &Part| matches!(p.treatment, Treatment::Counted | Treatment::Uncertain { .. });
    let shows = figure.bounds.hi != Some(0) && figure.parts.iter().any(counts);
    shows.then(|| figure.parts.clone())
}

/// Company or shop, public salary.
fn roles(facts: &Facts<'_>, ordinal: u32, all: &mut Vec<Finding>) {
    let now = Months::before(facts.as_of, 1);
    if let Some(parts) = counted(&facts.figure(Fact::Businesses, Some(ordinal), now)) {
        let (zh, en) = (
            "该成员有在营企业或个体登记",
            "a company or shop in operation is registered for this member",
        );
        push(
            facts,
            all,
            "BUSINESS_REGISTRATION",
            Weight::Attention,
            Some(ordinal),
            parts,
            zh,
            en,
        );
    }
    if let Some(parts) = counted(&facts.figure(Fact::PublicPayroll, Some(ordinal), now)) {
        let (zh, en) = ("该成员为财政供养人员", "this member draws a public salary");
        push(
            facts,
            all,
            "PUBLIC_SALARY",
            Weight::Attention,
            Some(ordinal),
            parts,
            zh,
            en,
        );
    }
}

/// Whether `found` passes `declared` by more than the tolerance.
fn exceeds(found: i64, declared: i64, percent: u8) -> bool {
    i128::from(found) * 100 > i128::from(declared) * (100 + i128::from(percent))
}

fn declared_incomes(facts: &Facts<'_>, ordinal: u32, tolerances: Tolerances, all: &mut Vec<Finding>) {
    // Compared over the month before the date for what is declared by month, and only where something can be known.
    let Some(member) = facts.household.members.get(ordinal as usize) else {
        return;
    };
    for kind in IncomeKind::ALL {
        let periods: BTreeSet<(Month, Month)> = member
            .incomes
            .iter()
            .filter(|d| d.kind == *kind)
            .map(|d| (d.from.first_month(), d.until.last_month()))
            .collect();
        for (from, until) in periods {
            let months = Months { from, until };
            let figure = facts.figure(Fact::Income(*kind), Some(ordinal), months);
            let same: i64 = member
                .incomes
                .iter()
                .filter(|d| d.kind == *kind)
                .filter(|d| d.from.first_month() >= months.from && d.until.last_month() <= months.until)
                .fold(0, |sum, d| sum.saturating_add(d.amount.0));
            if figure
                .bounds
                .lo
                .is_some_and(|found| exceeds(found, same, tolerances.declared_percent))
            {
                let (zh, en) = (
                    "查得收入高于申报",
                    "more income is found than was declared for the same months",
                );
                push(
                    facts,
                    all,
                    "DECLARED_DIFFERS",
                    Weight::Attention,
                    Some(ordinal),
                    figure.parts.clone(),
                    zh,
                    en,
                );
            }
        }
        let undeclared = !member.incomes.iter().any(|d| d.kind == *kind);
        if undeclared && *kind != IncomeKind::Transfer {
            let figure = facts.figure(Fact::Income(*kind), Some(ordinal), Months::before(facts.as_of, 1));
            if figure.bounds.lo.is_some_and(|found| found > 0) {
                let (zh, en) = ("查得未申报的收入", "income is found of a kind that was not declared");
                push(
                    facts,
                    all,
                    "INCOME_UNDECLARED",
                    Weight::Attention,
                    Some(ordinal),
                    figure.parts.clone(),
                    zh,
                    en,
                );
            }
        }
    }
}

fn declared_property(facts: &Facts<'_>, tolerances: Tolerances, all: &mut Vec<Finding>) {
    let declared = &facts.household.declared;
    let count = |n: Option<u32>| n.map(i64::from);
    let rows = [
        (
            Fact::FinancialAssets,
            declared.financial_assets.map(|f| f.0),
            tolerances.declared_percent,
            "查得金融资产多于申报",
            "more financial assets found than declared",
        ),
        (
            Fact::Dwellings,
            count(declared.dwellings),
            0,
            "查得住房多于申报",
            "more dwellings found than declared",
        ),
        (
            Fact::Vehicles,
            count(declared.vehicles),
            0,
            "查得机动车多于申报",
            "more vehicles found than declared",
        ),
        (
            Fact::Businesses,
            count(declared.businesses),
            0,
            "查得企业或个体登记多于申报",
            "more businesses found than declared",
        ),
    ];
    for (fact, declared, percent, zh, en) in rows {
        let Some(declared) = declared else { continue };
        let figure = facts.figure(fact, None, Months::before(facts.as_of, 1));
        if figure.bounds.lo.is_some_and(|found| exceeds(found, declared, percent)) {
            let parts = figure.parts.clone();
            push(facts, all, "DECLARED_DIFFERS", Weight::Attention, None, parts, zh, en);
        }
    }
}

/// Registers that disagree, and matches in doubt.
fn disagreements(facts: &Facts<'_>, all: &mut Vec<Finding>) {
    let year = Months::before(facts.as_of, 12);
    let household = [
        Fact::FinancialAssets,
        Fact::Dwellings,
        Fact::OtherRealEstate,
        Fact::Vehicles,
        Fact::CommercialVehicles,
        Fact::Businesses,
    ];
    let incomes = facts.subjects(None).into_iter().flat_map(|ordinal| {
        IncomeKind::ALL
            .iter()
            .map(move |kind| (Fact::Income(*kind), Some(ordinal)))
    });
    for (fact, subject) in incomes.chain(household.into_iter().map(|f| (f, None))) {
        let figure = facts.figure(fact, subject, year);
        for open in &figure.open {
            let Some((code, zh, en)) = DISAGREEMENTS.iter().find(|(code, ..)| code == open) else {
                continue;
            };
            let doubtful = figure
                .parts
                .iter()
                .filter(|p| !matches!(p.treatment, Treatment::Disregarded { .. }))
                .copied()
                .collect();
            push(facts, all, code, Weight::Attention, subject, doubtful, zh, en);
        }
    }
}

/// What registers that disagree, and records in doubt, are called.
const DISAGREEMENTS: &[(&str, &str, &str)] = &[
    (
        "CONFLICTING_SOURCES",
        "各部门记录不一致",
        "registers disagree about the same thing",
    ),
    (
        "DOUBTFUL_MATCH",
        "两条记录是否同一事项存疑",
        "two records may or may not be the same thing",
    ),
    (
        "UNCORROBORATED_WAGE",
        "仅有缴费基数、无发薪记录",
        "only a contribution base suggests a wage; no payer declares one",
    ),
    (
        "RENT_UNKNOWN",
        "有出租土地、无租金记录",
        "land is leased out and no rent is on record",
    ),
    (
        "IMPLAUSIBLE_RECORD",
        "部门记录本身不合理，需向该部门核实",
        "a record cannot be true as it stands; ask the department",
    ),
    (
        "WAGE_UNKNOWN",
        "有就业登记、无工资记录",
        "a job is registered and no wage is on record",
    ),
    (
        "WAGE_NOT_DECLARED_YET",
        "按月领取的工资上月无记录，可能尚未申报，申报期过后重新核对，或以上月末为基准日核对",
        "a wage paid month after month has no record of last month and may not be declared yet: verify again later, or as of the last day of that month",
    ),
];

/// Codes of the findings that leave open who is being judged, sorted, each once.
pub fn opening(findings: &[Finding]) -> Vec<SmolStr> {
    let mut codes: Vec<SmolStr> = findings
        .iter()
        .filter(|f| f.weight == Weight::OpensVerdict)
        .map(|f| f.code.clone())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}
