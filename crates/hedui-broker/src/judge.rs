//! Judging: answers read, consolidated, contradicted, judged by the packs. Pure but for reading replies.
//! Leaves waiting to `fan_out` and keeping to `evidence`.

use hedui_adapter::port::Reply;
use hedui_adapter::reason::{Reason, cause_of};
use hedui_adapter::wire::{check_due, check_signature, decode_answer, whole};
use hedui_core::answer::{AnswerState, Failure, FailureClass, FailureOrigin, Query, SubjectAnswer, Unreachable};
use hedui_core::facts::Standing;
use hedui_core::facts::{DepartmentAnswers, Fact, Facts};
use hedui_core::finding::{conflicts_of_interest, findings, long_past, opening, unasked_for, unregistered};
use hedui_core::plan::{Intent, PlannedDepartment};
use hedui_core::record::{IncomeKind, RecordType};
use hedui_core::report::{DepartmentLine, FIGURE_MONTHS, NamedFigure, REPORT_VERSION, Report, SubjectLine};
use hedui_core::{DepartmentProfile, Figure, Finding, Months, Official, Outcome, Tolerances, Truth, Verdict};
use hedui_policy::{Pack, PackSet};
use smol_str::SmolStr;

use crate::before::Before;
use crate::clock::civil_date;
use crate::collector::Arrived;
use crate::core::Core;
use crate::drift::Drifts;
use crate::fan_out::Questions;
use crate::request::Prepared;
use crate::reuse::{Kept, question_of};
use crate::run::Run;

/// One department's answers and what the report says of them.
pub(crate) struct Read {
    pub answers: Vec<SubjectAnswer>,
    pub line: DepartmentLine,
}

/// When a department was asked and what of it was kept.
pub(crate) struct Asking<'a> {
    pub started_at_ms: i64,
    pub kept: &'a [Option<Kept>],
    pub query_id: &'a str,
    /// The verification that asked the same question first, if its answers are shared.
    pub leader: Option<&'a str>,
    /// Whether the authorization was in force when departments were to be asked; if not, none was.
    pub live: bool,
}

/// Reads every department's reply into one answer per member.
pub(crate) fn read(
    profiles: &[DepartmentProfile],
    prepared: &Prepared,
    questions: &Questions,
    arrived: &[Option<Arrived>],
    asking: &Asking<'_>,
) -> Vec<Read> {
    profiles
        .iter()
        .zip(&prepared.plan.departments)
        .map(|(profile, planned)| {
            let arrived = arrived.get(planned.index).and_then(Option::as_ref);
            read_one(profile, planned, questions, arrived, asking)
        })
        .collect()
}

fn read_one(
    profile: &DepartmentProfile,
    planned: &PlannedDepartment,
    questions: &Questions,
    arrived: Option<&Arrived>,
    asking: &Asking<'_>,
) -> Read {
    let kept = asking.kept.get(planned.index).and_then(Option::as_ref);
    let asked = questions.of(planned).filter(|_| planned.is_asked() && asking.live);
    let said = asked.map(|question| match arrived {
        Some(arrived) => match unsigned(profile, &arrived.reply) {
            Some(reason) => whole(&question.query, cause_of(&reason), &reason),
            None => {
                let mut said = subjects(&question.query, &arrived.reply, kept.is_some(), asking);
                check_due(&mut said, arrived.at_ms);
                said
            }
        },
        None => not_waited_for(&question.query),
    });
    let answers = placed(planned, said.unwrap_or_default(), asking.live);
    let line = DepartmentLine {
        department: profile.id.clone(),
        evidence: None,
        asked_at_ms: kept.map_or(if asked.is_some() { asking.started_at_ms } else { 0 }, |k| {
            k.asked_at_ms
        }),
        answered_at_ms: arrived.map_or(0, |a| a.at_ms),
        kept: kept.is_some(),
        kept_from: kept.map(|k| k.from.clone()).unwrap_or_default(),
        arrival: arrived.map_or(0, |a| a.arrival),
        subjects: answers.iter().map(subject_line).collect(),
    };
    Read { answers, line }
}

/// One answer per member, each at its ordinal. What a department says of a member whom nobody asked about is not looked at.
fn placed(planned: &PlannedDepartment, said: Vec<SubjectAnswer>, live: bool) -> Vec<SubjectAnswer> {
    let is_asked = |intent: &Intent| live && *intent == Intent::Ask;
    let in_place = said.len() == planned.intents.len() && said.iter().zip(0u32..).all(|(a, at)| a.ordinal == at);
    if in_place && planned.intents.iter().all(is_asked) {
        // Nearly always: everybody was asked about, and everybody is in the answer.
        return said;
    }
    let mut slots: Vec<Option<SubjectAnswer>> = Vec::new();
    slots.resize_with(planned.intents.len(), || None);
    for answer in said {
        if let Some(slot) = slots.get_mut(answer.ordinal as usize) {
            *slot = Some(answer);
        }
    }
    let intents = planned.intents.iter().zip(slots).zip(0u32..);
    let answers = intents.map(|((intent, said), ordinal)| match intent {
        Intent::Ask if live => said.unwrap_or_else(|| missing(ordinal)),
        Intent::Ask | Intent::NotAuthorized => SubjectAnswer::of(ordinal, AnswerState::NotAuthorized),
        Intent::NotAsked => SubjectAnswer::of(ordinal, AnswerState::NotAsked),
    });
    answers.collect()
}

/// Why a reply cannot be the department's own, where its answers must be signed. Its bytes are kept as evidence all the same.
fn unsigned(profile: &DepartmentProfile, reply: &Reply) -> Option<Failure> {
    match reply {
        Reply::Wire(bytes) => check_signature(bytes, &profile.id, &profile.signing_keys)
            .err()
            .map(Reason::failure),
        // The answers of this process's own connectors are signed by nobody; a manifest that says otherwise is refused.
        Reply::Answers(..) | Reply::Failed(..) => None,
    }
}

/// What a reply says of each member asked about.
fn subjects(query: &Query, reply: &Reply, kept: bool, asking: &Asking<'_>) -> Vec<SubjectAnswer> {
    match reply {
        Reply::Wire(bytes) => {
            // A kept answer, or one that another verification asked for at the same time, carries that verification's id.
            let asked_as = if kept || asking.leader.is_some() {
                question_of(bytes)
            } else {
                None
            };
            match asked_as {
                Some(id) if id != asking.query_id && (kept || asking.leader == Some(id.as_str())) => {
                    let mut original = query.clone();
                    original.query_id = id;
                    decode_answer(bytes, &original)
                }
                _ => decode_answer(bytes, query),
            }
        }
        Reply::Answers(answers, _) => answers.clone(),
        Reply::Failed(cause, failure) => query
            .subjects
            .iter()
            .map(|s| SubjectAnswer::unreachable(s.ordinal, *cause, failure.clone()))
            .collect(),
    }
}

/// After an early return: asked, and not waited for.
fn not_waited_for(query: &Query) -> Vec<SubjectAnswer> {
    query
        .subjects
        .iter()
        .map(|s| SubjectAnswer::of(s.ordinal, AnswerState::Pending))
        .collect()
}

fn missing(ordinal: u32) -> SubjectAnswer {
    let failure = Failure {
        class: FailureClass::System,
        origin: FailureOrigin::Adapter,
        reason: "SUBJECT_MISSING".to_owned(),
        message: "the department's answer leaves this member out".to_owned(),
    };
    SubjectAnswer::unreachable(ordinal, Unreachable::Failed, failure)
}

fn subject_line(answer: &SubjectAnswer) -> SubjectLine {
    let records = match &answer.state {
        AnswerState::Found { records } => u32::try_from(records.len()).unwrap_or(u32::MAX),
        _ => 0,
    };
    SubjectLine {
        ordinal: answer.ordinal,
        state: SmolStr::new_static(answer.state.code()),
        records,
        data_on: answer.data_on,
        failure: answer.failure.clone(),
        notes: answer.notes.clone(),
        due_at_ms: answer.due_at_ms,
    }
}

/// Conflicts of interest of the official who asks.
pub(crate) enum Conflicts<'a> {
    /// To be looked for, if the staff register knows the official; with what is in doubt of the departments.
    Of(Option<Official<'a>>, &'a Drifts),
    /// As they were found when it was judged first, with what was found by comparing with a verification before it.
    Found(Vec<Finding>),
}

/// What a household is judged by.
pub(crate) struct Judging<'a> {
    /// The departments, in the order of the catalogue.
    pub departments: &'a [DepartmentProfile],
    pub tolerances: Tolerances,
    /// The set in which the prepared request's packs have their positions.
    pub packs: &'a PackSet,
    /// The digest under which departments and tolerances are kept.
    pub rules: &'a SmolStr,
    pub conflicts: Conflicts<'a>,
    /// What was known when the household was verified before.
    pub before: Option<&'a Before>,
}

impl<'a> Judging<'a> {
    /// By what is in force now.
    pub fn now(core: &'a Core, run: &'a Run, before: Option<&'a Before>) -> Judging<'a> {
        let stored = &run.prepared.stored;
        Judging {
            departments: run.in_force.registry.profiles(),
            tolerances: core.settings.tolerances,
            packs: &core.packs,
            rules: &run.in_force.rules.digest,
            conflicts: Conflicts::Of(
                core.settings.staff.official(&stored.caller, &stored.request.actor),
                &core.drifts,
            ),
            before,
        }
    }
}

/// Judges what has been read.
pub(crate) fn judge(judging: &Judging<'_>, prepared: &Prepared, case: &str, read: Vec<Read>, complete: bool) -> Report {
    judge_and(judging, prepared, case, (read, complete), |_, _| ()).0
}

/// Judges what has been read, and takes something else out of the same facts, with the findings that leave a verdict open.
pub(crate) fn judge_and<T>(
    judging: &Judging<'_>,
    prepared: &Prepared,
    case: &str,
    (read, complete): (Vec<Read>, bool),
    take: impl FnOnce(&Facts<'_>, &[SmolStr]) -> T,
) -> (Report, T) {
    let drifting = match &judging.conflicts {
        Conflicts::Of(_, drifts) => drifts.findings(judging.departments, &read),
        Conflicts::Found(_) => Vec::new(),
    };
    let (answers, lines): (Vec<Vec<SubjectAnswer>>, Vec<DepartmentLine>) =
        read.into_iter().map(|r| (r.answers, r.line)).unzip();
    let departments: Vec<DepartmentAnswers<'_>> = judging
        .departments
        .iter()
        .zip(&answers)
        .map(|(profile, subjects)| DepartmentAnswers { profile, subjects })
        .collect();
    let facts = Facts::asked_for(
        &prepared.household,
        prepared.stored.as_of,
        &departments,
        judging.tolerances.wage_percent,
        &prepared.plan.record_types,
    );
    let request = &prepared.stored.request;
    let mut found = found(judging, prepared, &facts, drifting);
    let open = opening(&found);
    let packs = prepared.packs.iter().filter_map(|p| judging.packs.packs().get(*p));
    let judged: Vec<(&Pack, Verdict)> = packs.map(|pack| (pack, pack.evaluate(&facts, &open))).collect();
    if let Some(before) = judging.before {
        found.extend(before.compared(&facts, &judged, judging.tolerances));
    }
    let verdicts = judged.into_iter().map(|(_, verdict)| verdict).collect();
    let mut report = Report {
        version: REPORT_VERSION,
        verification: case.to_owned(),
        district_code: request.district_code.clone(),
        programmes: prepared.programmes.clone(),
        as_of: prepared.stored.as_of,
        residence: prepared.household.residence,
        members: Report::members(&prepared.household),
        declared: prepared.household.declared.clone(),
        figures: figures(&facts, &prepared.plan.record_types),
        departments: lines,
        findings: found,
        verdicts,
        complete,
        warnings: warnings(prepared),
        origins: Vec::new(),
        // Shared: its 64 digits do not fit in place.
        rules: judging.rules.clone(),
        also: also(judging, prepared, &facts, &open),
        circumstances: prepared.household.circumstances.clone(),
        sources: Vec::new(),
    };
    report.origins = facts.origins(report.parts());
    let taken = take(&facts, &open);
    (report, taken)
}

/// What a person must see of what was said, before any pack judges it.
fn found(judging: &Judging<'_>, prepared: &Prepared, facts: &Facts<'_>, drifting: Vec<Finding>) -> Vec<Finding> {
    let request = &prepared.stored.request;
    let mut found = findings(facts, &prepared.programmes, &request.district_code, judging.tolerances);
    // What nobody registers nobody could be asked: that is unknown, not nothing.
    found.extend(unregistered(&prepared.plan.record_types, judging.departments));
    // In front of what is carried over when this is computed again.
    found.extend(past(judging, prepared));
    match &judging.conflicts {
        Conflicts::Of(Some(official), _) => found.extend(conflicts_of_interest(facts, *official)),
        Conflicts::Of(None, _) => {}
        Conflicts::Found(conflicts) => found.extend_from_slice(conflicts),
    }
    found.extend(drifting);
    found
}

/// That the day is long past. A new standard is for days long past on purpose, but hands on what was said of the day before: chosen
/// badly, it is no better for being judged again.
fn past(judging: &Judging<'_>, prepared: &Prepared) -> Option<Finding> {
    let stored = &prepared.stored;
    if stored.request.is_judged_again() {
        return judging.before?.long_past().cloned();
    }
    long_past(stored.as_of, civil_date(stored.created_at_ms))
}

/// What is odd about the request and refuses nothing.
fn warnings(prepared: &Prepared) -> Vec<String> {
    let warnings = prepared.household.warnings.iter();
    warnings.map(|w| format!("{}: {}", w.field, w.reason)).collect()
}

/// What the evidence says of other programmes: where the household qualifies, or may. Who is shown to draw one already is not told of it;
/// a silent register shows nothing. What the purpose did not need nobody was asked for, and for who needs it that is open too.
fn also(judging: &Judging<'_>, prepared: &Prepared, facts: &Facts<'_>, open: &[SmolStr]) -> Vec<Verdict> {
    let packs = prepared.others.iter().filter_map(|p| judging.packs.packs().get(*p));
    let registered = packs.filter(|pack| unregistered(pack.needs(), judging.departments).is_empty());
    let new = registered.filter(|pack| facts.standing(Standing::Draws(pack.programme()), None).truth != Truth::Holds);
    let verdicts = new.map(|pack| {
        let unasked = unasked_for(facts, pack.needs()).map(SmolStr::new_static);
        let mut open: Vec<SmolStr> = open.iter().cloned().chain(unasked).collect();
        open.sort();
        open.dedup();
        pack.evaluate(facts, &open)
    });
    verdicts
        .filter(|verdict| verdict.outcome != Outcome::Exceeds)
        .map(|verdict| verdict.brief())
        .collect()
}

/// The types of record that departments hold who were asked and have not answered, given what arrived.
pub(crate) fn awaited(run: &Run, arrived: &[Option<Arrived>]) -> Vec<RecordType> {
    let planned = run.prepared.plan.departments.iter().filter(|d| d.is_asked());
    let open = planned.filter(|d| arrived.get(d.index).is_none_or(Option::is_none));
    let profiles = open.filter_map(|d| run.in_force.registry.profiles().get(d.index));
    profiles.flat_map(|p| p.record_types.iter().copied()).collect()
}

/// Whether no department that is still waited for could change any outcome: neither by an amount, which the bounds hold already, nor by a
/// finding that leaves a verdict open. Who belongs to the household decides about every outcome, assistance drawn elsewhere about a grant.
pub(crate) fn is_final(report: &Report, awaited: &[RecordType]) -> bool {
    let members_may_open = awaited.contains(&RecordType::Registration) || awaited.contains(&RecordType::Marriage);
    report.verdicts.iter().all(|verdict| match verdict.outcome {
        Outcome::Inconclusive => false,
        Outcome::Exceeds => !members_may_open,
        Outcome::Qualifies => !members_may_open && !awaited.contains(&RecordType::Assistance),
    })
}

/// The figures that every report shows: property at the date, incomes of the last twelve months.
fn figures(facts: &Facts<'_>, asked_for: &[RecordType]) -> Vec<NamedFigure> {
    const SHOWN: &[(Fact, &str, &str)] = &[
        (Fact::Income(IncomeKind::Wage), "income.wage", "fen"),
        (Fact::Income(IncomeKind::Business), "income.business", "fen"),
        (Fact::Income(IncomeKind::Property), "income.property", "fen"),
        (Fact::Income(IncomeKind::Transfer), "income.transfer", "fen"),
        (Fact::MedicalOwnCost, "expense.medical", "fen"),
        (Fact::FinancialAssets, "assets.financial", "fen"),
        (Fact::ProvidentFundBalance, "assets.provident_fund", "fen"),
        (Fact::Dwellings, "dwellings", "pieces"),
        (Fact::OtherRealEstate, "other_real_estate", "pieces"),
        (Fact::Vehicles, "vehicles", "pieces"),
        (Fact::CommercialVehicles, "commercial_vehicles", "pieces"),
        (Fact::Businesses, "businesses", "pieces"),
        (Fact::PublicPayroll, "public_payroll", "persons"),
    ];
    let year = Months::before(facts.as_of, FIGURE_MONTHS);
    // Medical bills are asked for only where a programme deducts them; the figure would otherwise always be open.
    let is_asked_for = |fact: &Fact| *fact != Fact::MedicalOwnCost || asked_for.contains(&RecordType::MedicalExpense);
    SHOWN
        .iter()
        .filter(|(fact, ..)| is_asked_for(fact))
        .map(|(fact, name, unit)| NamedFigure {
            name: SmolStr::new_static(name),
            unit: SmolStr::new_static(unit),
            figure: Figure::clone(&facts.figure(*fact, None, year)),
        })
        .collect()
}
