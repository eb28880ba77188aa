//! Households, answers and figures for tests, built by hand.
//! Leaves realistic populations to `hedui-sim`.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::LazyLock;

use hedui_core::answer::{AnswerState, SubjectAnswer, Unreachable};
use hedui_core::dates::{Date, PartialDate};
use hedui_core::facts::{DepartmentAnswers, Facts};
use hedui_core::household::{Declared, Household, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::money::Fen;
use hedui_core::names::DepartmentId;
use hedui_core::plan::DepartmentProfile;
use hedui_core::record::{self, IncomeKind, Record, RecordBody, RecordType};
use hedui_core::verdict::{Text, Verdict};
use hedui_ids::{DivisionCode, ResidentId, Sex};

use crate::{Pack, PackSet};

mod packs;

pub(crate) use packs::PackText;

/// A date from `YYYY-MM-DD`.
pub(crate) fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn partial(text: &str) -> PartialDate {
    text.parse().unwrap()
}

/// A department that holds some types of record, and what it says of each member.
pub(crate) struct Department {
    pub profile: DepartmentProfile,
    pub answers: Vec<SubjectAnswer>,
}

/// A household and its departments, from which facts are borrowed.
pub(crate) struct Case {
    pub as_of: Date,
    pub household: Household,
    pub departments: Vec<Department>,
}

/// A member by sex, birth and months of casual work.
pub(crate) fn member(sex: Sex, birth: &str, relation: Relation, casual: u32, order: u16) -> MemberInput {
    let birth = hedui_ids::Date::parse_iso(birth).unwrap();
    let sequence = order * 2 + u16::from(sex == Sex::Male);
    let id = ResidentId::compose(DivisionCode::parse("220882").unwrap(), birth, sequence).unwrap();
    MemberInput {
        id_number: id.expose().to_owned(),
        name: "某人".into(),
        relation,
        incapable: false,
        incomes: Vec::new(),
        casual_work_months: casual,
        circumstances: Vec::new(),
    }
}

/// A department that has no record of anybody.
fn without_records(id: &str, types: &[RecordType], persons: usize) -> Department {
    Department {
        profile: DepartmentProfile {
            id: DepartmentId::new(id).unwrap(),
            name: Text::default(),
            record_types: types.to_vec(),
            deadline_ms: 1_000,
            freshness_ms: 0,
            threshold_only: false,
            signing_keys: Vec::new(),
        },
        answers: (0..persons)
            .map(|i| SubjectAnswer::of(i as u32, AnswerState::NoRecord))
            .collect(),
    }
}

impl Case {
    /// One more department, which has no record of anybody yet.
    pub fn ask(&mut self, department: &str, types: &[RecordType]) {
        let persons = self.household.members.len();
        self.departments.push(without_records(department, types, persons));
        self.departments.sort_by(|a, b| a.profile.id.cmp(&b.profile.id));
    }

    /// A household about which every department says that it has no record.
    pub fn new(as_of: &str, members: Vec<MemberInput>) -> Case {
        let as_of = day(as_of);
        let input = HouseholdInput {
            residence: Residence::Rural,
            members,
            declared: Declared::default(),
            circumstances: Vec::new(),
            supporters: Vec::new(),
            town: None,
        };
        let household = Household::check(input, as_of).expect("the test's household is well formed");
        let persons = household.members.len();
        let mut departments: Vec<Department> = [
            ("agriculture", &[RecordType::Land, RecordType::Subsidy][..]),
            ("commerce", &[RecordType::Business]),
            ("disabled-federation", &[RecordType::Disability]),
            ("education", &[RecordType::Enrolment]),
            ("employment", &[RecordType::Employment]),
            ("finance-office", &[RecordType::FinancialAsset]),
            ("fiscal-payroll", &[RecordType::PublicPayroll]),
            ("housing", &[RecordType::RealEstate]),
            ("medical-insurance", &[RecordType::MedicalExpense]),
            ("provident-fund", &[RecordType::ProvidentFund]),
            ("social-insurance", &[RecordType::SocialInsurance, RecordType::Pension]),
            ("taxation", &[RecordType::Income]),
            ("traffic-police", &[RecordType::Vehicle]),
        ]
        .into_iter()
        .map(|(id, types)| without_records(id, types, persons))
        .collect();
        departments.sort_by(|a, b| a.profile.id.cmp(&b.profile.id));
        Case {
            as_of,
            household,
            departments,
        }
    }

    /// The man, wife and daughter of the pilot's worked example.
    pub fn daan() -> Case {
        let mut case = Case::new(
            "2018-06-15",
            vec![
                member(Sex::Male, "1983-03-01", Relation::Applicant, 0, 1),
                member(Sex::Female, "1985-02-01", Relation::Spouse, 3, 2),
                member(Sex::Female, "2008-01-01", Relation::Child, 0, 3),
            ],
        );
        let disability = record::Disability {
            kind: record::DisabilityKind::Speech,
            grade: 2,
            certificate_number: Default::default(),
            issued_on: None,
        };
        case.found("disabled-federation", 0, RecordBody::Disability(disability));
        let land = record::Land {
            kind: record::LandKind::Farmland,
            contract_number: "C1".into(),
            area_centimu: Some(1_000),
            leased_out: true,
            annual_rent: Some(Fen(320_000)),
        };
        case.found("agriculture", 0, RecordBody::Land(land));
        case
    }

    /// One man of 30 without any record.
    pub fn single(as_of: &str) -> Case {
        Case::new(as_of, vec![member(Sex::Male, "1988-01-01", Relation::Applicant, 0, 1)])
    }

    fn answer(&mut self, department: &str, subject: u32) -> &mut SubjectAnswer {
        let department = self
            .departments
            .iter_mut()
            .find(|d| d.profile.id.as_str() == department)
            .unwrap();
        department.answers.get_mut(subject as usize).unwrap()
    }

    /// Adds a record to an answer.
    pub fn found(&mut self, department: &str, subject: u32, body: RecordBody) {
        let answer = self.answer(department, subject);
        let mut records = match &answer.state {
            AnswerState::Found { records } => records.clone(),
            _ => Vec::new(),
        };
        records.push(Record {
            reference: format!("R{}", records.len() + 1).into(),
            body,
        });
        answer.state = AnswerState::Found { records };
    }

    /// Income of a kind over a period, in fen.
    pub fn income(&mut self, subject: u32, kind: IncomeKind, from: &str, until: &str, fen: i64) {
        let body = record::Income {
            kind,
            payer_name: format!("payer {fen} {from}").into(),
            payer_credit_code: Default::default(),
            from: partial(from),
            until: partial(until),
            gross: Fen(fen),
            deductions: None,
            nature: None,
        };
        self.found("taxation", subject, RecordBody::Income(body));
    }

    /// A deposit in fen.
    pub fn deposit(&mut self, subject: u32, fen: i64) {
        let body = record::FinancialAsset {
            kind: record::FinancialAssetKind::Deposit,
            institution: Default::default(),
            account_reference: Default::default(),
            balance: Fen(fen),
            balance_on: None,
        };
        self.found("finance-office", subject, RecordBody::FinancialAsset(body));
    }

    /// A dwelling by its unit number.
    pub fn dwelling(&mut self, subject: u32, unit: &str) {
        self.dwelling_of(subject, unit, None);
    }

    /// A dwelling by its unit number, and its area in hundredths of a square metre.
    pub fn dwelling_of(&mut self, subject: u32, unit: &str, area_centiares: Option<i64>) {
        let body = record::RealEstate {
            unit_number: unit.into(),
            address: Default::default(),
            kind: record::RealEstateKind::Dwelling,
            area_centiares,
            share_numerator: 1,
            share_denominator: 1,
            acquired_on: None,
            disposed_on: None,
            price: None,
        };
        self.found("housing", subject, RecordBody::RealEstate(body));
    }

    /// A pension a month, with its basic part, in fen.
    pub fn pension(&mut self, subject: u32, monthly: i64, basic: i64) {
        let body = record::Pension {
            kind: record::PensionKind::Resident,
            monthly_amount: Fen(monthly),
            basic_part: Some(Fen(basic)),
            from: None,
            until: None,
        };
        self.found("social-insurance", subject, RecordBody::Pension(body));
    }

    /// Makes a department fall silent about everybody.
    pub fn silence(&mut self, department: &str) {
        let department = self
            .departments
            .iter_mut()
            .find(|d| d.profile.id.as_str() == department)
            .unwrap();
        for (i, answer) in department.answers.iter_mut().enumerate() {
            *answer = SubjectAnswer::of(
                i as u32,
                AnswerState::Unreachable {
                    cause: Unreachable::Timeout,
                },
            );
        }
    }

    /// Lends the facts.
    pub fn with_facts<T>(&self, run: impl FnOnce(&Facts<'_>) -> T) -> T {
        let departments: Vec<DepartmentAnswers<'_>> = self
            .departments
            .iter()
            .map(|d| DepartmentAnswers {
                profile: &d.profile,
                subjects: &d.answers,
            })
            .collect();
        run(&Facts::new(&self.household, self.as_of, &departments, 10))
    }

    /// The verdict of a pack.
    pub fn judge(&self, pack: &Pack) -> Verdict {
        self.with_facts(|facts| pack.evaluate(facts, &[]))
    }
}

/// A shipped pack by its id.
pub(crate) fn shipped(id: &str) -> &'static Pack {
    static SET: LazyLock<PackSet> = LazyLock::new(|| {
        let set = PackSet::bundled().map_err(|mistakes| mistakes.to_string());
        set.expect("the shipped packs load")
    });
    SET.packs().iter().find(|p| p.id() == id).expect("the pack is shipped")
}

/// The value of a step in a trace; of the first member where there are several.
pub(crate) fn traced<'v>(verdict: &'v Verdict, name: &str, subject: Option<u32>) -> &'v str {
    &verdict
        .trace
        .iter()
        .find(|s| s.name == name && s.subject == subject)
        .unwrap()
        .value
}
