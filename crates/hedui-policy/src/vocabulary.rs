//! The fixed words that formulas may use besides their own: facts about the household and its members, with units and titles.
//! Leaves what the figures are to `hedui_core::facts`. The table in the crate's README is kept equal to this one by a test.

use hedui_core::circumstance::{Circumstance, Detail, Of};
use hedui_core::facts::Fact;
use hedui_core::names::ProgrammeId;
use hedui_core::record::{DisabilityKind, IncomeKind, RecordType, SchoolStage, TransferNature};

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
pub(crate) const FIGURES: [Word; 23] = [
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

/// `stage.compulsory`, `disabled.mental` and the like.
fn standing(name: &str) -> Option<Word> {
    let condition = |standing, title, of: &'static [RecordType]| Word {
        name: match standing {
            Standing::Attends(_) => "stage.WORD",
            _ => "disabled.WORD",
        },
        title,
        source: Source::Standing(standing),
        unit: None,
        needs: of,
    };
    let (before, word) = name.split_once('.')?;
    match before {
        "stage" => {
            let stage = SchoolStage::from_word(word)?;
            Some(condition(
                Standing::Attends(stage),
                title_of_stage(stage),
                &[T::Enrolment],
            ))
        }
        "disabled" => {
            let kind = DisabilityKind::from_word(word)?;
            Some(condition(
                Standing::Disabled(kind),
                title_of_kind(kind),
                &[T::Disability],
            ))
        }
        _ => None,
    }
}

fn title_of_stage(stage: SchoolStage) -> (&'static str, &'static str) {
    match stage {
        SchoolStage::Preschool => ("在园幼儿", "in kindergarten"),
        SchoolStage::Compulsory => ("义务教育在读", "in compulsory school"),
        SchoolStage::SeniorSecondary => ("普通高中在读", "in senior secondary school"),
        SchoolStage::Vocational => ("中等职业在读", "in vocational secondary school"),
        SchoolStage::Undergraduate => ("本专科在读", "in undergraduate study"),
        SchoolStage::Postgraduate => ("研究生在读", "in postgraduate study"),
    }
}

fn title_of_kind(kind: DisabilityKind) -> (&'static str, &'static str) {
    match kind {
        DisabilityKind::Vision => ("视力残疾", "disability of sight"),
        DisabilityKind::Hearing => ("听力残疾", "disability of hearing"),
        DisabilityKind::Speech => ("言语残疾", "disability of speech"),
        DisabilityKind::Physical => ("肢体残疾", "physical disability"),
        DisabilityKind::Intellectual => ("智力残疾", "intellectual disability"),
        DisabilityKind::Mental => ("精神残疾", "mental disability"),
        DisabilityKind::Multiple => ("多重残疾", "multiple disability"),
    }
}

/// The programme of `draws.low_income`: its id, with hyphens where a formula writes `_`.
pub(crate) fn drawn(name: &str) -> Option<(Scope, ProgrammeId)> {
    let (scope, rest) = match name.strip_prefix("member.") {
        Some(rest) => (Scope::Member, rest),
        None => (Scope::Household, name),
    };
    let programme = rest.strip_prefix("draws.")?;
    let id = ProgrammeId::new(&programme.replace('_', "-")).ok()?;
    Some((scope, id))
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
    let stages = SchoolStage::ALL.iter().map(|s| format!("member.stage.{}", s.word()));
    let kinds = DisabilityKind::ALL
        .iter()
        .map(|k| format!("member.disabled.{}", k.word()));
    plain
        .chain(windows)
        .chain(members)
        .chain(stages)
        .chain(kinds)
        .chain(stated)
        .collect()
}
