//! Households in a few words, for rows of tests: "born:1946-11-22 draws:dibao silent:housing". A number before a word names the member: "1.wage:500".
//! Leaves what follows from them to the rows.

use hedui_core::answer::{AnswerState, SubjectAnswer};
use hedui_core::circumstance::{Circumstance, Of, StatedCircumstance};
use hedui_core::household::Relation;
use hedui_core::money::Fen;
use hedui_core::names::DepartmentId;
use hedui_core::plan::DepartmentProfile;
use hedui_core::record::{self, IncomeKind, RecordBody, RecordType};
use hedui_core::supporter::Supporter;
use hedui_core::verdict::{Outcome, Per, Text, Verdict};
use hedui_ids::Sex;

use crate::Pack;
use crate::testing::{Case, Department, day, member};

/// The date of a household that names none.
pub(super) const DATE: &str = "2026-11-22";
/// A man of working age.
const BORN: &str = "1980-01-01";
/// Where people are registered whom a pack of the nation judges.
const ANYWHERE: &str = "511703";

/// The household: one man of 46, registered where the pack is in force, of whom no register knows more; and what the words say.
pub(super) fn household(pack: &Pack, words: &str) -> Case {
    let values = |key: &str| {
        let words = words.split_whitespace().filter_map(|word| word.split_once(':'));
        let found: Vec<&str> = words.filter(|(k, _)| *k == key).map(|(_, value)| value).collect();
        found
    };
    let applicant = values("born").first().copied().unwrap_or(BORN);
    let mut members = vec![member(Sex::Male, applicant, Relation::Applicant, 0, 1)];
    let others = (2..).zip(values("plus"));
    members.extend(others.map(|(order, born)| member(Sex::Male, born, Relation::Sibling, 0, order)));
    let mut case = Case::new(values("on").first().copied().unwrap_or(DATE), members);
    let persons = case.household.members.len() as u32;
    add(
        &mut case,
        "civil-affairs",
        &[RecordType::Assistance, RecordType::Marriage],
    );
    add(&mut case, "public-security", &[RecordType::Registration]);
    let (here, elsewhere) = match pack.jurisdiction() {
        "000000" => (ANYWHERE, "110101"),
        here => (here, "110101"),
    };
    for subject in 0..persons {
        let is_elsewhere = |word| word == format!("{subject}.elsewhere") || (subject == 0 && word == "elsewhere");
        let place = if words.split_whitespace().any(is_elsewhere) {
            elsewhere
        } else {
            here
        };
        registered(&mut case, subject, place);
    }
    for word in words.split_whitespace().filter(|word| !word.ends_with("elsewhere")) {
        let (subject, rest) = word
            .split_once('.')
            .filter(|(n, _)| n.len() == 1)
            .unwrap_or(("0", word));
        let (key, value) = rest.split_once(':').unwrap_or((rest, ""));
        say(&mut case, subject.parse().unwrap(), key, value);
    }
    case
}

/// A department that `Case` does not have by itself.
fn add(case: &mut Case, id: &str, types: &[RecordType]) {
    case.departments.retain(|d| d.profile.id.as_str() != id);
    let profile = DepartmentProfile {
        id: DepartmentId::new(id).unwrap(),
        name: Text::default(),
        record_types: types.to_vec(),
        deadline_ms: 1_000,
        freshness_ms: 0,
        threshold_only: false,
        signing_keys: Vec::new(),
    };
    let subjects = 0..case.household.members.len() as u32;
    let answers = subjects.map(|i| SubjectAnswer::of(i, AnswerState::NoRecord)).collect();
    case.departments.push(Department { profile, answers });
    case.departments.sort_by(|a, b| a.profile.id.cmp(&b.profile.id));
}

fn registered(case: &mut Case, subject: u32, place: &str) {
    let body = record::Registration {
        household_number: Default::default(),
        division_code: place.into(),
        address: Default::default(),
        status: record::RegistrationStatus::Active,
        deceased_on: None,
        spouse_id_number: Default::default(),
        father_id_number: Default::default(),
        mother_id_number: Default::default(),
        class: None,
    };
    case.found("public-security", subject, RecordBody::Registration(body));
}

/// What one word says of a member, or of the household.
fn say(case: &mut Case, subject: u32, key: &str, value: &str) {
    let fen = || value.parse::<i64>().unwrap() * 100;
    let month = case
        .as_of
        .first_of_month()
        .yesterday()
        .unwrap()
        .strftime("%Y-%m")
        .to_string();
    match key {
        "on" | "born" | "plus" => {}
        "silent" => case.silence(value),
        "wage" => case.income(subject, IncomeKind::Wage, &month, &month, fen()),
        "deposit" => case.deposit(subject, fen()),
        "dwellings" => (0..fen() / 100).for_each(|i| case.dwelling(subject, &format!("U{i}"))),
        "pension" => case.pension(subject, fen(), 0),
        "basic-pension" => case.pension(subject, fen(), fen()),
        "transfer" => transfer(case, subject, &month, value),
        "medical" => medical(case, subject, &month, fen()),
        "draws" | "drew" => drawn(case, subject, value, key == "draws"),
        "disabled" => disabled(case, subject, value),
        "studies" => studies(case, subject, value),
        "supporter" => supported(case, value, false),
        "unable-supporter" => supported(case, value, true),
        "payroll" => on_payroll(case, subject),
        "has" => state(case, subject, value),
        _ => panic!("no word {key:?}"),
    }
}

/// `honour=300`.
fn transfer(case: &mut Case, subject: u32, month: &str, value: &str) {
    let (nature, yuan) = value.split_once('=').unwrap();
    let body = record::Income {
        kind: IncomeKind::Transfer,
        payer_name: "payer".into(),
        payer_credit_code: Default::default(),
        from: month.parse().unwrap(),
        until: month.parse().unwrap(),
        gross: Fen(yuan.parse::<i64>().unwrap() * 100),
        deductions: None,
        nature: Some(record::TransferNature::from_word(nature).unwrap()),
    };
    case.found("taxation", subject, RecordBody::Income(body));
}

fn medical(case: &mut Case, subject: u32, month: &str, fen: i64) {
    let body = record::MedicalExpense {
        paid_on: month.parse().unwrap(),
        total: Fen(fen),
        reimbursed: None,
        own_cost_in_scope: Fen(fen),
    };
    case.found("medical-insurance", subject, RecordBody::MedicalExpense(body));
}

fn drawn(case: &mut Case, subject: u32, programme: &str, is_drawing: bool) {
    let body = record::Assistance {
        programme: programme.into(),
        amount: Fen(100),
        period: record::AssistancePeriod::Monthly,
        from: None,
        until: None,
        division_code: Default::default(),
        status: if is_drawing {
            record::AssistanceStatus::Drawing
        } else {
            record::AssistanceStatus::Ended
        },
    };
    case.found("civil-affairs", subject, RecordBody::Assistance(body));
}

/// `mental2`: kind and grade.
fn disabled(case: &mut Case, subject: u32, value: &str) {
    let (kind, grade) = value.split_at(value.len() - 1);
    let body = record::Disability {
        kind: record::DisabilityKind::from_word(kind).unwrap(),
        grade: grade.parse().unwrap(),
        certificate_number: Default::default(),
        issued_on: None,
    };
    case.found("disabled-federation", subject, RecordBody::Disability(body));
}

fn studies(case: &mut Case, subject: u32, stage: &str) {
    let body = record::Enrolment {
        school: Default::default(),
        stage: record::SchoolStage::from_word(stage).unwrap(),
        from: None,
        until: None,
        full_time: true,
    };
    case.found("education", subject, RecordBody::Enrolment(body));
}

/// `child=2000`: a relative elsewhere alone in the household, and the yuan a month.
fn supported(case: &mut Case, value: &str, unable: bool) {
    let (relation, yuan) = value.split_once('=').unwrap();
    case.household.supporters.push(Supporter {
        relation: *Relation::ALL.iter().find(|r| r.word() == relation).unwrap(),
        persons: 1,
        monthly_income: Fen(yuan.parse::<i64>().unwrap() * 100),
        unable,
        document: "证明".to_owned(),
    });
}

fn on_payroll(case: &mut Case, subject: u32) {
    let body = record::PublicPayroll {
        unit_name: "unit".into(),
        unit_credit_code: Default::default(),
        monthly_amount: Fen(100_000),
        from: None,
        until: None,
    };
    case.found("fiscal-payroll", subject, RecordBody::PublicPayroll(body));
}

/// `leukaemia=3`, `new_resident@2026-05-22`: the number or, where the word carries none, the yuan a year; and the first day.
fn state(case: &mut Case, subject: u32, value: &str) {
    let (rest, since) = value
        .split_once('@')
        .map_or((value, None), |(rest, since)| (rest, Some(day(since))));
    let (word, number) = rest
        .split_once('=')
        .map_or((rest, None), |(word, n)| (word, Some(n.parse::<u32>().unwrap())));
    let word = Circumstance::from_word(word).unwrap();
    let is_number = word.number().is_some();
    assert_eq!(
        number.is_some(),
        is_number || word.amount() != hedui_core::circumstance::Detail::Never,
        "{value}"
    );
    let stated = StatedCircumstance {
        word,
        since,
        until: None,
        amount: number.filter(|_| !is_number).map(|yuan| Fen(i64::from(yuan) * 100)),
        number: number.filter(|_| is_number),
        document: "证明".to_owned(),
    };
    match word.of() {
        Of::Household => case.household.circumstances.push(stated),
        Of::Member => case.household.members[subject as usize].circumstances.push(stated),
    }
}

/// "qualifies 500 once", "open 0..60 month", "exceeds": yuan, with fen where they are not whole.
pub(super) fn told(verdict: &Verdict) -> String {
    let outcome = match verdict.outcome {
        Outcome::Qualifies => "qualifies",
        Outcome::Exceeds => "exceeds",
        Outcome::Inconclusive => "open",
    };
    let yuan = |fen: i64| {
        if fen % 100 == 0 {
            (fen / 100).to_string()
        } else {
            format!("{}.{:02}", fen / 100, fen % 100)
        }
    };
    let Some(amount) = &verdict.amount else {
        return outcome.to_owned();
    };
    let bounds = match amount.hi {
        Some(hi) if hi == amount.lo => yuan(hi),
        Some(hi) => format!("{}..{}", yuan(amount.lo), yuan(hi)),
        None => format!("{}..", yuan(amount.lo)),
    };
    let per = match amount.per {
        Per::Month => "month",
        Per::Year => "year",
        Per::Once => "once",
    };
    format!("{outcome} {bounds} {per}")
}
