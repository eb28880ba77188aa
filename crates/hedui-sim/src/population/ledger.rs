//! Which department learns of which fact: one method per kind of fact, so that the same flat, job or car reaches all registers that hold it.
//! Leaves deciding who owns and earns what to `economy`, `cheats` and `oddities`.

use std::collections::BTreeMap;

use hedui_core::record::*;
use hedui_core::{DepartmentId, Fen, PartialDate, Record};
use hedui_ids::ResidentId;

use super::dice::Dice;
use super::names;
use super::numbers::Numbers;
use super::people::Person;
use super::truth::PersonRecords;

/// Registers that still keep some people under the 15-digit number.
const LEGACY: &[&str] = &[
    "traffic-police",
    "medical-insurance",
    "housing",
    "forestry",
    "social-insurance",
    "agriculture",
];

/// Department and reference of a record.
pub(crate) type Trace = (&'static str, String);

/// What the departments hold of the people around one household.
#[derive(Default)]
pub(crate) struct Ledger {
    departments: BTreeMap<&'static str, Vec<PersonRecords>>,
}

impl Ledger {
    /// Adds a record of a person at a department, and says where it stands.
    pub(crate) fn add(
        &mut self,
        department: &'static str,
        person: &Person,
        body: RecordBody,
        numbers: &mut Numbers,
        dice: &mut Dice,
    ) -> Trace {
        let reference = numbers.reference(department);
        let record = Record {
            reference: reference.clone().into(),
            body,
        };
        let people = self.departments.entry(department).or_default();
        match people.iter_mut().find(|held| held.id == person.id) {
            Some(held) => held.records.push(record),
            None => people.push(PersonRecords {
                id: person.id,
                registered_id: registered_id(department, &person.id, dice),
                name: person.name.clone(),
                registered_name: match dice.permille(8) {
                    true => names::sloppy(dice, &person.name),
                    false => person.name.clone(),
                },
                records: vec![record],
            }),
        }
        (department, reference)
    }

    /// Makes a department know a person by another name.
    pub(crate) fn rename(&mut self, department: &'static str, id: &ResidentId, name: String) {
        let people = self.departments.entry(department).or_default();
        if let Some(held) = people.iter_mut().find(|held| held.id == *id) {
            held.registered_name = name;
        }
    }

    /// The finished ledger under department ids.
    pub(crate) fn into_departments(self) -> BTreeMap<DepartmentId, Vec<PersonRecords>> {
        self.departments
            .into_iter()
            .filter_map(|(id, people)| DepartmentId::new(id).ok().map(|id| (id, people)))
            .collect()
    }
}

fn registered_id(department: &str, id: &ResidentId, dice: &mut Dice) -> String {
    match id.legacy_15() {
        Some(legacy) if LEGACY.contains(&department) && dice.percent(6) => legacy.expose().to_owned(),
        _ => id.expose().to_owned(),
    }
}

/// A job with its twelve months of pay.
pub(crate) struct Job {
    pub(crate) employer: String,
    pub(crate) credit_code: String,
    /// Pay a month in fen, before deductions.
    pub(crate) gross: i64,
    /// Tax and insurance a month in fen.
    pub(crate) deductions: Option<i64>,
    /// Months of it within the last twelve, oldest first.
    pub(crate) months: Vec<PartialDate>,
    /// First month of the job.
    pub(crate) since: PartialDate,
    /// Paid from the public budget.
    pub(crate) public: bool,
    /// The employer pays into the provident fund.
    pub(crate) fund: bool,
}

/// Writes facts into the ledger; borrowed for one household.
pub(crate) struct Scribe<'a> {
    pub(crate) ledger: &'a mut Ledger,
    pub(crate) numbers: &'a mut Numbers,
    pub(crate) dice: &'a mut Dice,
}

impl Scribe<'_> {
    /// One record at one department.
    pub(crate) fn at(&mut self, department: &'static str, person: &Person, body: RecordBody) -> Trace {
        self.ledger.add(department, person, body, self.numbers, self.dice)
    }

    /// A job: each month at the tax office, the contributions, the employment, the public payroll.
    pub(crate) fn job(&mut self, person: &Person, job: &Job) {
        for month in &job.months {
            let income = Income {
                kind: IncomeKind::Wage,
                payer_name: job.employer.clone().into(),
                payer_credit_code: job.credit_code.clone().into(),
                from: *month,
                until: *month,
                gross: Fen(job.gross),
                deductions: job.deductions.map(Fen),
                nature: None,
            };
            self.at("taxation", person, RecordBody::Income(income));
        }
        let insured = SocialInsurance {
            employer_name: job.employer.clone().into(),
            employer_credit_code: job.credit_code.clone().into(),
            monthly_base: Some(Fen(job.gross)),
            paid_from: Some(job.since),
            paid_until: None,
        };
        self.at("social-insurance", person, RecordBody::SocialInsurance(insured));
        let employed = Employment {
            status: EmploymentStatus::Employed,
            employer_name: job.employer.clone().into(),
            employer_credit_code: job.credit_code.clone().into(),
            from: Some(job.since),
            until: None,
            monthly_benefit: None,
        };
        self.at("employment", person, RecordBody::Employment(employed));
        if job.public {
            let payroll = PublicPayroll {
                unit_name: job.employer.clone().into(),
                unit_credit_code: job.credit_code.clone().into(),
                monthly_amount: Fen(job.gross),
                from: Some(job.since),
                until: None,
            };
            self.at("fiscal-payroll", person, RecordBody::PublicPayroll(payroll));
        }
        if job.fund {
            let contribution = job.gross / 1000 * 120;
            let fund = ProvidentFund {
                employer_name: job.employer.clone().into(),
                employer_credit_code: job.credit_code.clone().into(),
                monthly_base: Some(Fen(job.gross)),
                monthly_contribution: Some(Fen(contribution)),
                balance: Fen(contribution * i64::try_from(job.months.len()).unwrap_or(0)),
                loan_balance: None,
                paid_from: Some(job.since),
                paid_until: None,
            };
            self.at("provident-fund", person, RecordBody::ProvidentFund(fund));
        }
    }

    /// A flat or house: the housing office, and in most cases the city centre under the same unit number.
    pub(crate) fn real_estate(&mut self, person: &Person, unit: RealEstate, city: bool) -> Vec<Trace> {
        let mut traces = vec![self.at("housing", person, RecordBody::RealEstate(unit.clone()))];
        if city {
            traces.push(self.at("municipal-verification-center", person, RecordBody::RealEstate(unit)));
        }
        traces
    }

    /// A vehicle: the police, the city centre, and the transport office where it is operated, under the same identification number.
    pub(crate) fn vehicle(&mut self, person: &Person, vehicle: Vehicle) -> Vec<Trace> {
        let mut traces = vec![self.at("traffic-police", person, RecordBody::Vehicle(vehicle.clone()))];
        if vehicle.usage == VehicleUse::Commercial {
            traces.push(self.at("transport", person, RecordBody::Vehicle(vehicle.clone())));
        }
        traces.push(self.at("municipal-verification-center", person, RecordBody::Vehicle(vehicle)));
        traces
    }

    /// An account: the bank that keeps it, and in part of the cases the city centre under the same account number.
    pub(crate) fn asset(&mut self, person: &Person, at: &'static str, asset: FinancialAsset, city: bool) -> Vec<Trace> {
        let mut traces = vec![self.at(at, person, RecordBody::FinancialAsset(asset.clone()))];
        if city {
            traces.push(self.at(
                "municipal-verification-center",
                person,
                RecordBody::FinancialAsset(asset),
            ));
        }
        traces
    }
}
