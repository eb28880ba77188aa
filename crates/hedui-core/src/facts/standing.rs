//! Where a person stands in the registers at the date: registered here, married, at which school, with which disability, drawing what.
//! Leaves what follows from it to the policy packs, and numbers (grades, ages, incomes) to the files beside it.

use hedui_ids::{DivisionCode, Divisions, Lookup};
use smol_str::SmolStr;

use super::matching::stands_on;
use super::{CONFLICTING_SOURCES, Facts, Found, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN};
use crate::bounds::insert_sorted;
use crate::dates::{Date, Month, Months, PartialDate};
use crate::household::ids_date;
use crate::names::{DepartmentId, ProgrammeId};
use crate::part::{Aspect, Because, Part, Treatment};
use crate::record::{
    Assistance, AssistancePeriod, AssistanceStatus, DisabilityKind, RecordBody, RecordType, Registration,
    RegistrationStatus, SchoolStage,
};
use crate::verdict::Truth;

/// What is asked of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// Registered in a division, or in one that lies in it.
    RegisteredIn(DivisionCode),
    /// Married.
    Married,
    /// Attends a school of a stage.
    Attends(SchoolStage),
    /// Has a certificate of a kind of disability, of whatever grade.
    Disabled(DisabilityKind),
    /// Draws assistance of a programme.
    Draws(&'a ProgrammeId),
    /// Received assistance of a programme in the months of a window or since then until the date, whether it is over or not.
    Received(&'a ProgrammeId, Months),
}

/// The answer, on three truths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Open where a register is silent or does not tell: never "no" for want of an answer.
    pub truth: Truth,
    /// Departments that could change it, sorted.
    pub missing: Vec<DepartmentId>,
    /// Other reasons why it is open: codes, sorted.
    pub open: Vec<SmolStr>,
    /// Records behind it.
    pub parts: Vec<Part>,
}

/// What one record says of a question.
enum Says {
    Yes,
    /// For this reason it does not tell.
    Perhaps(Because, &'static str),
    No(Because),
}

impl Facts<'_> {
    /// Where a member stands, or whether any of those who count does where `subject` is `None`.
    pub fn standing(&self, standing: Standing<'_>, subject: Option<u32>) -> Condition {
        let mut all = Condition {
            truth: Truth::Fails,
            missing: Vec::new(),
            open: Vec::new(),
            parts: Vec::new(),
        };
        let (mut is_yes, mut is_open) = (false, false);
        for ordinal in self.subjects(subject) {
            let one = self.of_member(standing, ordinal);
            is_yes |= one.truth == Truth::Holds;
            is_open |= one.truth == Truth::Open;
            all.parts.extend(one.parts);
            one.missing.into_iter().for_each(|d| insert_sorted(&mut all.missing, d));
            one.open.into_iter().for_each(|code| insert_sorted(&mut all.open, code));
        }
        all.truth = match (is_yes, is_open) {
            (true, _) => Truth::Holds,
            (false, true) => Truth::Open,
            (false, false) => Truth::Fails,
        };
        if all.truth == Truth::Holds {
            // One who stands so settles it for all.
            all.missing.clear();
            all.open.clear();
        }
        all
    }

    fn of_member(&self, standing: Standing<'_>, ordinal: u32) -> Condition {
        if standing == Standing::Married {
            return self.married(ordinal);
        }
        let of = match standing {
            Standing::RegisteredIn(_) => RecordType::Registration,
            Standing::Married => RecordType::Marriage,
            Standing::Attends(_) => RecordType::Enrolment,
            Standing::Disabled(_) => RecordType::Disability,
            Standing::Draws(_) | Standing::Received(..) => RecordType::Assistance,
        };
        let mut condition = Condition {
            truth: Truth::Fails,
            missing: self.unsettled(&[of], Some(ordinal)),
            open: Vec::new(),
            parts: Vec::new(),
        };
        let mut is_yes = false;
        for found in self.records(of, Some(ordinal)) {
            let Some(says) = self.says(standing, found) else {
                continue;
            };
            let treatment = match says {
                Says::Yes => {
                    is_yes = true;
                    Treatment::Counted
                }
                Says::Perhaps(why, code) => {
                    insert_sorted(&mut condition.open, SmolStr::new_static(code));
                    Treatment::Uncertain { why }
                }
                Says::No(rule) => Treatment::Disregarded { rule },
            };
            condition.parts.push(found.part(Aspect::Whole, 1, treatment));
        }
        if is_yes {
            // A register that shows it settles it, whatever the others would say.
            condition.truth = Truth::Holds;
            condition.missing.clear();
            condition.open.clear();
        } else if !condition.missing.is_empty() || !condition.open.is_empty() {
            condition.truth = Truth::Open;
        }
        condition
    }

    /// What a record says; `None` where it is about something else.
    fn says(&self, standing: Standing<'_>, found: &Found<'_>) -> Option<Says> {
        let at = |from, until| match stands_on(from, until, self.as_of) {
            Some(true) => Says::Yes,
            Some(false) => Says::No(Because::NotAtDate),
            None => Says::Perhaps(Because::MonthUnknown, PERIOD_UNCERTAIN),
        };
        match (standing, &found.record.body) {
            (Standing::RegisteredIn(place), RecordBody::Registration(body)) => {
                Some(registered(body, place, self.as_of))
            }
            (Standing::Attends(stage), RecordBody::Enrolment(body)) if body.stage == stage => {
                Some(at(body.from, body.until))
            }
            (Standing::Disabled(kind), RecordBody::Disability(body)) if body.kind == kind => {
                Some(if (1..=4).contains(&body.grade) {
                    at(body.issued_on, None)
                } else {
                    Says::Perhaps(Because::NoSuchGrade, IMPLAUSIBLE_RECORD)
                })
            }
            (Standing::Draws(programme), RecordBody::Assistance(body)) if draws(body, programme) => {
                Some(match body.status {
                    AssistanceStatus::Drawing => at(body.from, body.until),
                    AssistanceStatus::Ended => Says::No(Because::NotAtDate),
                })
            }
            (Standing::Received(programme, window), RecordBody::Assistance(body)) if draws(body, programme) => {
                Some(received(body, window, self.as_of))
            }
            _ => None,
        }
    }

    /// A registered marriage of which no register says that it has ended. Another register of marriages can always say so: while one is
    /// silent it is open.
    fn married(&self, ordinal: u32) -> Condition {
        let missing = self.unsettled(&[RecordType::Marriage], Some(ordinal));
        let (in_force, ended) = crate::finding::marriages(self, ordinal);
        // A marriage whose spouse no register names, or without a day, may be the one that has ended.
        let is_doubtful = !ended.is_empty() && in_force.iter().all(|(_, is_sure)| !is_sure);
        let truth = match (missing.is_empty(), in_force.is_empty()) {
            (false, _) => Truth::Open,
            (true, false) if is_doubtful => Truth::Open,
            (true, false) => Truth::Holds,
            (true, true) => Truth::Fails,
        };
        let mut open = Vec::new();
        if missing.is_empty() && truth == Truth::Open {
            open.push(SmolStr::new_static(CONFLICTING_SOURCES));
        }
        let rule = Because::NotAtDate;
        let counted = in_force
            .iter()
            .map(|(found, _)| found.part(Aspect::Whole, 1, Treatment::Counted));
        let over = ended
            .iter()
            .map(|found| found.part(Aspect::Whole, 1, Treatment::Disregarded { rule }));
        Condition {
            truth,
            missing,
            open,
            parts: counted.chain(over).collect(),
        }
    }
}

/// Registers write divisions with six digits, or with twelve down to the village: the first six decide.
fn registered(body: &Registration, place: DivisionCode, as_of: Date) -> Says {
    if body.status != RegistrationStatus::Active {
        return Says::No(Because::NoLongerRegistered);
    }
    let code = body.division_code.trim().get(..6).and_then(DivisionCode::parse);
    match code {
        // The nation holds every division.
        Some(code) if place.number() == 0 || place.contains(code) => Says::Yes,
        Some(code) if !may_lie_in(code, place, as_of) => Says::No(Because::RegisteredElsewhere),
        _ => Says::Perhaps(Because::PlaceUnknown, IMPLAUSIBLE_RECORD),
    }
}

/// Whether a code of which the digits say another place may mean this one: it holds this one, and does not say which part of it is meant; it is
/// the code of nothing; or it is in use no more, and nobody knows here what became of it, but that it is in the same province.
fn may_lie_in(code: DivisionCode, place: DivisionCode, as_of: Date) -> bool {
    if code.contains(place) {
        return true;
    }
    let today = ids_date(as_of);
    let is_over = |last: Option<hedui_ids::Date>| last.zip(today).is_some_and(|(last, today)| last < today);
    match Divisions::bundled().lookup(code) {
        Lookup::Listed(rows) => code.province() == place.province() && rows.iter().all(|row| is_over(row.valid_to)),
        Lookup::Unlisted => code.province() == place.province(),
        Lookup::UnknownProvince => true,
        Lookup::NotCovered => false,
    }
}

/// Departments write programmes by their ids; other texts mean programmes that packs do not know.
fn draws(body: &Assistance, programme: &ProgrammeId) -> bool {
    body.programme.trim() == programme.as_str()
}

/// Whether help was received from the first month of a window until the date. Help paid once is paid on its first day. Of help that has ended
/// nobody knows when, unless the register says so: its last day may have been any since the first.
fn received(body: &Assistance, window: Months, as_of: Date) -> Says {
    let perhaps = Says::Perhaps(Because::MonthUnknown, PERIOD_UNCERTAIN);
    let lies_within = |day: PartialDate| Month::of(day.first_day()) >= window.from;
    let last = match body.period {
        AssistancePeriod::Once => body.until.or(body.from),
        AssistancePeriod::Monthly | AssistancePeriod::Yearly => body.until,
    };
    if body.from.is_some_and(|from| from.first_day() > as_of) {
        return Says::No(Because::NotAtDate);
    }
    if last.is_some_and(|last| last.ends_nothing() || body.from.is_some_and(|from| from.is_after(last))) {
        return perhaps;
    }
    if last.is_some_and(|last| Month::of(last.last_day()) < window.from) {
        return Says::No(Because::OutsideMonths);
    }
    let is_drawn = body.status == AssistanceStatus::Drawing && last.is_none_or(|last| last.last_day() > as_of);
    let was_drawn = last.is_some_and(|last| lies_within(last) && last.first_day() <= as_of);
    if is_drawn || was_drawn || body.from.is_some_and(lies_within) {
        Says::Yes
    } else {
        perhaps
    }
}
