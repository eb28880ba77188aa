//! The fixed words that formulas may use besides their own: facts about the household and its members, with units and titles.
//! Leaves what the figures are to `hedui_core::facts`. The table in the crate's README is kept equal to this one by a test.

use hedui_core::circumstance::{Circumstance, Detail, Of};
use hedui_core::facts::Fact;
use hedui_core::record::{IncomeKind, RecordType};

use crate::ratio::Ratio;
use crate::unit::Unit;

/// About whom a formula or a word speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The household as a whole.
    Household,
    /// One member; the formula is made once for each.
    Member,
}

/// The incomes and expenses that are counted over months of a pack's choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WindowOf {
    Wage,
    Business,
    Property,
    Transfer,
    Medical,
}

impl WindowOf {
    /// Every one with the key under `[windows]`.
    pub(crate) const ALL: [(WindowOf, &'static str); 5] = [
        (WindowOf::Wage, "wage"),
        (WindowOf::Business, "business"),
        (WindowOf::Property, "property"),
        (WindowOf::Transfer, "transfer"),
        (WindowOf::Medical, "medical"),
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
    /// What papers state.
    Stated(Circumstance, Said),
    /// The same everywhere.
    Constant(Ratio),
}

/// What of a stated circumstance a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Whether it stands at the date.
    Has,
    /// Its number.
    Number,
    /// Its amount in the twelve months before the date.
    Amount,
    /// Completed years since its first day.
    Years,
    /// Completed months since its first day.
    Months,
}

impl Said {
    /// Every one with what stands before the circumstance's word, and its unit; `None` for a condition.
    const ALL: [(Said, &'static str, Option<Unit>); 5] = [
        (Said::Has, "has", None),
        (Said::Number, "number", Some(Unit::RATIO)),
        (Said::Amount, "amount", Some(Unit::YUAN_PER_YEAR)),
        (Said::Years, "years_since", Some(Unit::YEARS)),
        (Said::Months, "months_since", Some(Unit::MONTHS)),
    ];

    /// Whether a circumstance carries it.
    fn fits(self, circumstance: Circumstance) -> bool {
        match self {
            Said::Has => true,
            Said::Number => circumstance.number().is_some(),
            Said::Amount => circumstance.amount() != Detail::Never,
            Said::Years | Said::Months => circumstance.since() != Detail::Never,
        }
    }
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
pub(crate) const FIGURES: [Word; 15] = [
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
        "other_real_estate",
        ("非住宅房屋", "shops, garages and offices"),
        Source::Figure(Fact::OtherRealEstate),
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
pub(crate) const MEMBER: [Word; 4] = [
    word("age", ("周岁", "completed years"), Source::Age, Unit::YEARS, &[]),
    word(
        "disability_grade",
        ("残疾等级（无为0）", "grade of disability (0 for none)"),
        Source::DisabilityGrade,
        Unit::RATIO,
        &[T::Disability],
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
];

/// The word of a name in a formula, and about whom it speaks.
pub(crate) fn lookup(name: &str) -> Option<(Scope, Word)> {
    let find = |words: &'static [Word], name: &str| words.iter().find(|w| w.name == name).copied();
    match name.strip_prefix("member.") {
        Some(rest) => find(&FIGURES, rest)
            .or_else(|| find(&MEMBER, rest))
            .or_else(|| stated(rest, Of::Member))
            .map(|w| (Scope::Member, w)),
        None => find(&FIGURES, name)
            .or_else(|| find(&HOUSEHOLD, name))
            .or_else(|| stated(name, Of::Household))
            .map(|w| (Scope::Household, w)),
    }
}

/// `has.in_prison`, `number.care_need` and the like, as far as the circumstance is stated of those whom the formula speaks of and carries it.
fn stated(name: &str, of: Of) -> Option<Word> {
    let (before, rest) = name.split_once('.')?;
    let (said, _, unit) = Said::ALL.into_iter().find(|(_, word, _)| *word == before)?;
    let circumstance = Circumstance::from_word(rest).filter(|c| c.of() == of && said.fits(*c))?;
    Some(Word {
        name: circumstance.word(),
        title: circumstance.title(),
        source: Source::Stated(circumstance, said),
        unit,
        needs: &[],
    })
}

/// Every word that a circumstance gives to formulas.
fn words_of(circumstance: Circumstance) -> impl Iterator<Item = String> {
    let before = match circumstance.of() {
        Of::Member => "member.",
        Of::Household => "",
    };
    let all = Said::ALL.into_iter().filter(move |(said, ..)| said.fits(circumstance));
    all.map(move |(_, word, _)| format!("{before}{word}.{}", circumstance.word()))
}

/// Every name that formulas may use without defining it, for hints and documentation.
pub fn fact_names() -> Vec<String> {
    let plain = FIGURES.iter().chain(&HOUSEHOLD).map(|w| w.name.to_owned());
    let windows = WindowOf::ALL.iter().map(|(_, word)| format!("window.{word}"));
    let members = FIGURES.iter().chain(&MEMBER).map(|w| format!("member.{}", w.name));
    let stated = Circumstance::ALL.iter().copied().flat_map(words_of);
    plain.chain(windows).chain(members).chain(stated).collect()
}
