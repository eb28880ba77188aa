//! The fixed words that formulas may use besides their own: facts about the household and its members, with units and titles.
//! Leaves what the figures are to `hedui_core::facts`. The table in the crate's README is kept equal to this one by a test.

use hedui_core::circumstance::{Circumstance, Of};
use hedui_core::facts::Fact;
use hedui_core::record::{DisabilityKind, IncomeKind, RecordType, SchoolStage, TransferNature};

use crate::ratio::Ratio;
use crate::unit::Unit;

mod made;

pub use made::Said;
pub(crate) use made::{Help, help};
use made::{standing, stated, words_of};

/// About whom a formula or a word speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The household as a whole.
    Household,
    /// One member; the formula is made once for each.
    Member,
}

/// What is counted over months of a pack's choice: incomes, expenses, what was given up, help that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowOf {
    Wage,
    Business,
    Property,
    Transfer,
    Medical,
    GivenUp,
    Received,
}

impl WindowOf {
    /// Every one with the key under `[windows]`.
    pub(crate) const ALL: [(WindowOf, &'static str); 7] = [
        (WindowOf::Wage, "wage"),
        (WindowOf::Business, "business"),
        (WindowOf::Property, "property"),
        (WindowOf::Transfer, "transfer"),
        (WindowOf::Medical, "medical"),
        (WindowOf::GivenUp, "given_up"),
        (WindowOf::Received, "received"),
    ];

    /// Its key.
    pub(crate) fn word(self) -> &'static str {
        Self::ALL
            .into_iter()
            .find(|(of, _)| *of == self)
            .map_or("", |(_, word)| word)
    }
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A figure at the date.
    Figure(Fact),
    /// A figure over a window of months.
    Windowed(Fact, WindowOf),
    /// Number of members.
    Persons,
    /// Completed years of a member.
    Age,
    /// Grade of the most severe disability, 1 to 4; 0 for none.
    DisabilityGrade,
    /// Whether a member studies full time, up to bachelor.
    Student,
    /// Whether a member is under 18.
    Minor,
    /// Completed months since the present job of a member began.
    NewJobMonths,
    /// Whether a member is a woman or girl.
    Female,
    /// Where a member stands in the registers.
    Standing(Standing),
    /// What papers state.
    Stated(Circumstance, Said),
    /// The same everywhere.
    Constant(Ratio),
}

/// Where a member stands in the registers; here is where the pack is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    RegisteredHere,
    Married,
    Attends(SchoolStage),
    Disabled(DisabilityKind),
}

/// A word of the vocabulary.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word {
    /// As formulas write it; about a member with `member.` before it.
    pub name: &'static str,
    /// Title in Chinese and English.
    pub title: (&'static str, &'static str),
    /// Where it comes from.
    pub source: Source,
    /// Unit, except where a window decides it; `None` for a condition.
    pub unit: Option<Unit>,
    /// Record types without which it stays open.
    pub needs: &'static [RecordType],
}

const fn word(
    name: &'static str,
    title: (&'static str, &'static str),
    source: Source,
    unit: Unit,
    needs: &'static [RecordType],
) -> Word {
    Word {
        name,
        title,
        source,
        unit: Some(unit),
        needs,
    }
}

use RecordType as T;

/// Facts about the household and, with `member.` before the name, about one member.
pub(crate) const FIGURES: [Word; 25] = [
    word(
        "income.wage",
        ("工资性收入", "wages, net"),
        Source::Windowed(Fact::Income(IncomeKind::Wage), WindowOf::Wage),
        Unit::YUAN,
        &[
            T::Income,
            T::PublicPayroll,
            T::SocialInsurance,
            T::ProvidentFund,
            T::Employment,
        ],
    ),
    word(
        "income.business",
        ("经营净收入", "business income, net"),
        Source::Windowed(Fact::Income(IncomeKind::Business), WindowOf::Business),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.property",
        ("财产净收入", "income from property, net"),
        Source::Windowed(Fact::Income(IncomeKind::Property), WindowOf::Property),
        Unit::YUAN,
        &[T::Income, T::Land],
    ),
    word(
        "income.transfer",
        ("转移净收入", "transfers, net"),
        Source::Windowed(Fact::Income(IncomeKind::Transfer), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income, T::Pension, T::Employment, T::Subsidy],
    ),
    word(
        "income.basic_pension",
        (
            "其中：城乡居民基础养老金",
            "of the transfers, the basic pension of residents",
        ),
        Source::Windowed(Fact::BasicPension, WindowOf::Transfer),
        Unit::YUAN,
        &[T::Pension],
    ),
    word(
        "income.transfer.pension",
        ("其中：养老金等", "of the transfers, pensions"),
        Source::Windowed(Fact::Transfer(TransferNature::Pension), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income, T::Pension],
    ),
    word(
        "income.transfer.scholarship",
        ("其中：奖助学金", "of the transfers, scholarships"),
        Source::Windowed(Fact::Transfer(TransferNature::Scholarship), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.transfer.honour",
        (
            "其中：荣誉、奖励和优待抚恤",
            "of the transfers, honours, awards and special care allowances",
        ),
        Source::Windowed(Fact::Transfer(TransferNature::Honour), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.transfer.government_relief",
        ("其中：政府救助", "of the transfers, government relief"),
        Source::Windowed(Fact::Transfer(TransferNature::GovernmentRelief), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.transfer.seniority_allowance",
        ("其中：高龄津贴", "of the transfers, allowances for old age"),
        Source::Windowed(Fact::Transfer(TransferNature::SeniorityAllowance), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.transfer.support",
        ("其中：赡养、抚养、扶养费", "of the transfers, support from relatives"),
        Source::Windowed(Fact::Transfer(TransferNature::Support), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "income.transfer.insurance_benefit",
        ("其中：保险待遇", "of the transfers, insurance benefits"),
        Source::Windowed(Fact::Transfer(TransferNature::InsuranceBenefit), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income, T::Employment],
    ),
    word(
        "income.transfer.other",
        ("其中：其他转移", "of the transfers, others"),
        Source::Windowed(Fact::Transfer(TransferNature::Other), WindowOf::Transfer),
        Unit::YUAN,
        &[T::Income],
    ),
    word(
        "expense.medical",
        ("政策范围内自负医疗费用", "medical cost borne within the policy's scope"),
        Source::Windowed(Fact::MedicalOwnCost, WindowOf::Medical),
        Unit::YUAN,
        &[T::MedicalExpense],
    ),
    word(
        "assets.financial",
        ("金融资产", "financial assets"),
        Source::Figure(Fact::FinancialAssets),
        Unit::YUAN,
        &[T::FinancialAsset],
    ),
    word(
        "assets.provident_fund",
        ("住房公积金余额", "housing provident fund balance"),
        Source::Figure(Fact::ProvidentFundBalance),
        Unit::YUAN,
        &[T::ProvidentFund],
    ),
    word(
        "dwellings",
        ("住房套数", "dwellings"),
        Source::Figure(Fact::Dwellings),
        Unit::PIECES,
        &[T::RealEstate],
    ),
    word(
        "dwelling_area",
        ("住房面积", "area of the dwellings"),
        Source::Figure(Fact::DwellingArea),
        Unit::SQUARE_METRES,
        &[T::RealEstate],
    ),
    word(
        "other_real_estate",
        ("非住宅房屋", "shops, garages and offices"),
        Source::Figure(Fact::OtherRealEstate),
        Unit::PIECES,
        &[T::RealEstate],
    ),
    word(
        "real_estate_given_up",
        ("近年处置的不动产", "real estate given up in recent months"),
        Source::Windowed(Fact::RealEstateGivenUp, WindowOf::GivenUp),
        Unit::PIECES,
        &[T::RealEstate],
    ),
    word(
        "vehicles",
        ("受限自用车辆", "limited private vehicles"),
        Source::Figure(Fact::Vehicles),
        Unit::PIECES,
        &[T::Vehicle],
    ),
    word(
        "commercial_vehicles",
        ("营运车船", "vehicles and ships in commercial operation"),
        Source::Figure(Fact::CommercialVehicles),
        Unit::PIECES,
        &[T::Vehicle],
    ),
    word(
        "businesses",
        ("在营市场主体", "businesses in operation"),
        Source::Figure(Fact::Businesses),
        Unit::PIECES,
        &[T::Business],
    ),
    word(
        "public_payroll",
        ("财政供养人员", "members on a public payroll"),
        Source::Figure(Fact::PublicPayroll),
        Unit::PERSONS,
        &[T::PublicPayroll],
    ),
    word(
        "casual_work_months",
        ("零工月数", "months of casual work in a year"),
        Source::Figure(Fact::CasualWorkMonths),
        Unit::MONTHS_PER_YEAR,
        &[],
    ),
];

/// Words about the household only.
pub(crate) const HOUSEHOLD: [Word; 2] = [
    word(
        "persons",
        ("共同生活家庭成员人数", "members of the household"),
        Source::Persons,
        Unit::PERSONS,
        &[],
    ),
    word(
        "months_per_year",
        ("每年月数", "months in a year"),
        Source::Constant(Ratio::whole(12)),
        Unit::MONTHS_PER_YEAR,
        &[],
    ),
];

/// Words about a member only, after `member.`.
pub(crate) const MEMBER: [Word; 8] = [
    word("age", ("周岁", "completed years"), Source::Age, Unit::YEARS, &[]),
    word(
        "disability_grade",
        ("残疾等级（无为0）", "grade of disability (0 for none)"),
        Source::DisabilityGrade,
        Unit::RATIO,
        &[T::Disability],
    ),
    word(
        "new_job_months",
        ("现职已满月数", "completed months of the present job"),
        Source::NewJobMonths,
        Unit::MONTHS,
        &[T::Employment],
    ),
    Word {
        name: "student",
        title: ("在读学生", "full-time student"),
        source: Source::Student,
        unit: None,
        needs: &[T::Enrolment],
    },
    Word {
        name: "minor",
        title: ("未成年人", "under 18"),
        source: Source::Minor,
        unit: None,
        needs: &[],
    },
    Word {
        name: "female",
        title: ("女性", "woman or girl"),
        source: Source::Female,
        unit: None,
        needs: &[],
    },
    Word {
        name: "registered_here",
        title: ("本地户籍", "registered here"),
        source: Source::Standing(Standing::RegisteredHere),
        unit: None,
        needs: &[T::Registration],
    },
    Word {
        name: "married",
        title: ("已婚", "married"),
        source: Source::Standing(Standing::Married),
        unit: None,
        needs: &[T::Marriage],
    },
];

/// Name and titles of the sum of imputed support, where a pack has a `[support]`.
pub(crate) const IMPUTED_SUPPORT: (&str, &str, &str) = (
    "income.imputed_support",
    "推定赡养、抚养、扶养费合计",
    "imputed support, all relatives together",
);

/// The word of a name in a formula, and about whom it speaks.
pub(crate) fn lookup(name: &str) -> Option<(Scope, Word)> {
    let find = |words: &'static [Word], name: &str| words.iter().find(|w| w.name == name).copied();
    match name.strip_prefix("member.") {
        Some(rest) => find(&FIGURES, rest)
            .or_else(|| find(&MEMBER, rest))
            .or_else(|| standing(rest))
            .or_else(|| stated(rest, Of::Member))
            .map(|w| (Scope::Member, w)),
        None => find(&FIGURES, name)
            .or_else(|| find(&HOUSEHOLD, name))
            .or_else(|| stated(name, Of::Household))
            .map(|w| (Scope::Household, w)),
    }
}

/// Every name that formulas may use without defining it, for hints and documentation.
pub fn fact_names() -> Vec<String> {
    let plain = FIGURES.iter().chain(&HOUSEHOLD).map(|w| w.name.to_owned());
    let windows = WindowOf::ALL.iter().map(|(_, word)| format!("window.{word}"));
    let members = FIGURES.iter().chain(&MEMBER).map(|w| format!("member.{}", w.name));
    let stated = Circumstance::ALL.iter().copied().flat_map(words_of);
    let stages = SchoolStage::ALL.iter().map(|s| format!("member.stage.{}", s.word()));
    let kinds = DisabilityKind::ALL
        .iter()
        .map(|k| format!("member.disabled.{}", k.word()));
    plain
        .chain([IMPUTED_SUPPORT.0.to_owned()])
        .chain(windows)
        .chain(members)
        .chain(stages)
        .chain(kinds)
        .chain(stated)
        .collect()
}
