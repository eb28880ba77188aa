//! A made-up verification that holds every kind of thing a report can show. Shared by the tests of the library and of the program.

use hedui_proto::gtype::{Date, Money};
use hedui_proto::verification::*;
use prost_types::Timestamp;

const START: i64 = 1_795_312_980;

fn at(millis: i64) -> Option<Timestamp> {
    Some(Timestamp {
        seconds: START + millis / 1000,
        nanos: i32::try_from(millis % 1000).unwrap() * 1_000_000,
    })
}

fn date(year: i32, month: i32, day: i32) -> Option<Date> {
    Some(Date { year, month, day })
}

fn yuan(units: i64) -> Option<Money> {
    Some(Money {
        currency_code: "CNY".to_owned(),
        units,
        nanos: 0,
    })
}

fn member(ordinal: u32, name: &str, masked: &str, relation: Relation, age: u32) -> ReportMember {
    ReportMember {
        ordinal,
        name: name.to_owned(),
        obfuscated_id_number: masked.to_owned(),
        relation: relation.into(),
        age,
        circumstances: Vec::new(),
    }
}

fn circumstance(word: &str, document: &str) -> Circumstance {
    Circumstance {
        word: word.to_owned(),
        since: date(2026, 3, 1),
        until: None,
        amount: yuan(12_000).filter(|_| word.ends_with("expense")),
        number: word.ends_with("need").then_some(2),
        document: document.to_owned(),
    }
}

fn said(ordinal: u32, state: AnswerState, records: u32) -> SubjectResult {
    SubjectResult {
        ordinal,
        state: state.into(),
        records,
        ..Default::default()
    }
}

fn department(id: &str, zh: &str, en: &str, millis: i64, subjects: Vec<SubjectResult>) -> DepartmentResult {
    DepartmentResult {
        department: id.to_owned(),
        name_zh: zh.to_owned(),
        name_en: en.to_owned(),
        subjects,
        asked_at: at(0),
        answered_at: at(millis),
        evidence: format!("{id}-evidence"),
        ..Default::default()
    }
}

fn part(department: &str, reference: &str, label: &str, amount: i64, treatment: &str, because: &str) -> Part {
    Part {
        subject: 1,
        department: department.to_owned(),
        record_type: "income".to_owned(),
        reference: reference.to_owned(),
        label: label.to_owned(),
        amount,
        treatment: treatment.to_owned(),
        because: because.to_owned(),
    }
}

fn departments() -> Vec<DepartmentResult> {
    use AnswerState as A;
    let all = |state| vec![said(0, state, 0), said(1, state, 0), said(2, state, 0)];
    let mut housing = department(
        "housing",
        "达川区房产管理局",
        "District Housing Management Bureau",
        3_000,
        all(A::Unreachable),
    );
    for subject in &mut housing.subjects {
        subject.cause = UnreachableCause::Timeout.into();
        subject.failure_reason = "SOURCE_TIMEOUT".to_owned();
        subject.failure_message = "no answer within 3 seconds".to_owned();
    }
    let mut taxation = department(
        "taxation",
        "达川区地方税务局",
        "District Local Taxation Bureau",
        842,
        vec![said(0, A::NoRecord, 0), said(1, A::Found, 2), said(2, A::NotAsked, 0)],
    );
    taxation.subjects[1].data_on = date(2026, 11, 0);
    taxation.subjects[1].notes = vec!["one amount without a month was left out".to_owned()];
    let mut civil = department(
        "civil-affairs",
        "达川区民政局",
        "District Civil Affairs Bureau",
        -86_400_000,
        all(A::NoRecord),
    );
    civil.kept = true;
    vec![
        housing,
        taxation,
        department(
            "traffic-police",
            "市交警支队二大队",
            "Second Brigade, Municipal Traffic Police",
            311,
            all(A::NoRecord),
        ),
        department(
            "rural-commercial-bank",
            "农村商业银行",
            "Rural Commercial Bank",
            97,
            vec![
                said(0, A::WithinLimit, 0),
                said(1, A::OverLimit, 0),
                said(2, A::IdentityMismatch, 0),
            ],
        ),
        department(
            "forestry",
            "达川区林业局",
            "District Forestry Bureau",
            15,
            all(A::Pending),
        ),
        department(
            "commerce",
            "达川区工商局",
            "District Bureau of Commerce",
            20,
            all(A::NotAuthorized),
        ),
        civil,
    ]
}

fn figures() -> Vec<NamedFigure> {
    let figure = |name: &str, unit: &str, lo, hi| NamedFigure {
        name: name.to_owned(),
        unit: unit.to_owned(),
        bounds: Some(Bounds { lo, hi }),
        ..Default::default()
    };
    let mut wage = figure("income.wage", "fen", Some(245_050), Some(245_050));
    (wage.months, wage.answered_at) = (12, at(842));
    wage.parts = vec![
        part("taxation", "T-88", "wage 2026-10", 245_050, "counted", ""),
        part(
            "social-insurance",
            "S-12",
            "contribution base 2026-10",
            240_000,
            "duplicate",
            "taxation T-88 (payer_credit_code)",
        ),
        part(
            "taxation",
            "T-91",
            "bonus 2026-10",
            30_000,
            "disregarded",
            "one-off-bonus",
        ),
    ];
    let mut dwellings = figure("dwellings", "pieces", Some(0), None);
    dwellings.missing = vec!["housing".to_owned()];
    let mut assets = figure("assets.financial", "fen", Some(123_456_700), None);
    assets.missing = vec!["rural-commercial-bank".to_owned()];
    assets.open = vec!["DOUBTFUL_MATCH".to_owned()];
    (assets.kept, assets.answered_at) = (true, at(-172_800_000));
    let mut declared = part("", "", "deposit as stated", 123_456_700, "declared", "");
    declared.subject = 0;
    assets.parts = vec![
        declared,
        part(
            "finance-office",
            "A-1",
            "deposit",
            5_000,
            "uncertain",
            "account number incomplete",
        ),
    ];
    vec![
        wage,
        dwellings,
        assets,
        figure("casual_work_months", "months", Some(3), Some(3)),
    ]
}

fn findings() -> Vec<Finding> {
    let finding = |code: &str, weight: FindingWeight, subject, zh: &str, en: &str| Finding {
        code: code.to_owned(),
        weight: weight.into(),
        subject,
        message_zh: zh.to_owned(),
        message_en: en.to_owned(),
        ..Default::default()
    };
    let mut mismatch = finding(
        "IDENTITY_MISMATCH",
        FindingWeight::Attention,
        Some(2),
        "该部门登记的姓名与申请不一致",
        "the department has this ID under another name",
    );
    mismatch.departments = vec!["rural-commercial-bank".to_owned()];
    let mut spouse = finding(
        "UNDECLARED_SPOUSE",
        FindingWeight::OpensVerdict,
        Some(0),
        "婚姻登记有配偶未列入家庭成员",
        "marriage registration names a spouse who is not among the members",
    );
    spouse.parts = vec![part("civil-affairs", "HY-5", "marriage in force", 1, "counted", "")];
    vec![mismatch, spouse]
}

/// The verdict that cannot be given yet.
fn inconclusive() -> Verdict {
    let income = Test {
        name: "income_below_standard".to_owned(),
        title_zh: "人均月收入低于标准".to_owned(),
        title_en: "monthly income per head below the standard".to_owned(),
        result: Truth::Holds.into(),
        formula: "per_capita_income < standard".to_owned(),
        numbers: "2450.50 / 3 = 816.83 < 945".to_owned(),
        reference: "Dachuan 2018, section 4".to_owned(),
        ..Default::default()
    };
    let property = Test {
        name: "dwellings_within_limit".to_owned(),
        title_zh: "住房不超过一套".to_owned(),
        title_en: "not more than one dwelling".to_owned(),
        result: Truth::Open.into(),
        numbers: "[0, inf] <= 1".to_owned(),
        assumption: true,
        missing: vec!["housing".to_owned()],
        ..Default::default()
    };
    let step = TraceStep {
        name: "per_capita_income".to_owned(),
        title_zh: "人均月收入".to_owned(),
        title_en: "monthly income per head".to_owned(),
        formula: "income / persons".to_owned(),
        numbers: "2450.50 / 3".to_owned(),
        value: "816.83".to_owned(),
        unit: "yuan/person/month".to_owned(),
        reference: "Dachuan 2018, section 4.2".to_owned(),
        parts: vec![part("taxation", "T-88", "wage 2026-10", 245_050, "counted", "")],
        ..Default::default()
    };
    let casual = TraceStep {
        name: "working_capacity".to_owned(),
        title_zh: "劳动能力指数".to_owned(),
        title_en: "working capacity".to_owned(),
        subject: Some(1),
        formula: "health * age * gender".to_owned(),
        value: "0.8".to_owned(),
        assumption: true,
        missing: vec!["housing".to_owned()],
        ..Default::default()
    };
    Verdict {
        programme: "dibao".to_owned(),
        title_zh: "最低生活保障".to_owned(),
        title_en: "Minimum livelihood guarantee".to_owned(),
        pack: "dibao-dachuan-urban".to_owned(),
        pack_version: "2018.1".to_owned(),
        pack_digest: "5d".repeat(32),
        as_of: date(2026, 11, 22),
        outcome: Outcome::Inconclusive.into(),
        amount_least: yuan(0),
        amount_most: yuan(1560),
        amount_period: AmountPeriod::Month.into(),
        tests: vec![income, property],
        trace: vec![step, casual],
        undecided_by: vec!["housing".to_owned(), "rural-commercial-bank".to_owned()],
        undecided_because: vec!["UNDECLARED_SPOUSE".to_owned()],
        assumptions: vec![Assumption {
            zh: "未列明的收入类别不计".to_owned(),
            en: "kinds of income that are not listed do not count".to_owned(),
        }],
        ..Default::default()
    }
}

fn exceeds() -> Verdict {
    let test = Test {
        title_zh: "无经营性车辆".to_owned(),
        title_en: "no vehicle in commercial operation".to_owned(),
        result: Truth::Fails.into(),
        numbers: "1 <= 0".to_owned(),
        ..Default::default()
    };
    Verdict {
        programme: "temporary".to_owned(),
        title_zh: "临时救助".to_owned(),
        title_en: "Temporary assistance".to_owned(),
        outcome: Outcome::Exceeds.into(),
        tests: vec![test],
        ..Default::default()
    }
}

fn qualifies() -> Verdict {
    Verdict {
        programme: "seniors".to_owned(),
        title_zh: "高龄津贴".to_owned(),
        title_en: "Senior-citizen subsidy".to_owned(),
        outcome: Outcome::Qualifies.into(),
        band: "80-89".to_owned(),
        amount_least: yuan(60),
        amount_most: yuan(60),
        amount_period: AmountPeriod::Month.into(),
        ..Default::default()
    }
}

/// An ended verification in the full view.
pub fn verification() -> Verification {
    Verification {
        name: "verifications/7f3a91c2".to_owned(),
        state: VerificationState::Succeeded.into(),
        district_code: "511703".to_owned(),
        programmes: vec!["dibao".to_owned(), "temporary".to_owned(), "seniors".to_owned()],
        create_time: at(0),
        end_time: at(3_020),
        as_of: date(2026, 11, 22),
        verdicts: vec![inconclusive(), exceeds(), qualifies()],
        departments_asked: 7,
        departments_answered: 7,
        report: Some(Report {
            members: vec![
                ReportMember {
                    circumstances: vec![circumstance("needs_care_expense", "护理合同 7")],
                    ..member(0, "测试甲", "201703**********37", Relation::Applicant, 42)
                },
                member(1, "测试乙", "201703**********2X", Relation::Spouse, 40),
                member(2, "买买提·阿卜杜拉", "201703**********41", Relation::Child, 10),
            ],
            residence: Residence::Urban.into(),
            departments: departments(),
            figures: figures(),
            findings: findings(),
            complete: true,
            warnings: vec!["household.members[1].id_number: ID_NORMALISED".to_owned()],
            also: vec![qualifies(), inconclusive()],
            circumstances: vec![circumstance("urgent_need", "社区证明")],
        }),
        ..Default::default()
    }
}
