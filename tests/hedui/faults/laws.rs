//! What must come of a fault, and what must hold whatever is faulty.
//! Leaves making the faults to `plugin`.

use std::collections::{BTreeMap, BTreeSet};

use hedui_proto::audit as audit_pb;
use hedui_proto::verification as pb;
use hedui_proto::verification::{AnswerState as State, UnreachableCause as Cause};

use super::bench::{Bench, STARTED, logged, streamed};
use super::plugin::Fault;

/// Faults of the departments that have one.
pub type Faults<'a> = BTreeMap<&'a str, Fault>;

/// Whom a fault keeps from being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Everybody,
    First,
}

/// What stands in the report instead of an answer.
#[derive(Clone, Debug)]
pub struct Instead {
    pub who: Who,
    pub state: State,
    pub cause: Cause,
    /// One of these; empty for none.
    pub reasons: &'static [&'static str],
}

/// What the report shows of a fault; nothing where the true answer is there all the same. The words are those of the table of reasons
/// in `hedui-adapter`, also for what the broker's own timer ends.
pub fn instead(fault: Fault, stream: bool) -> Option<Instead> {
    use Fault as F;
    let unreachable = |who, cause, reasons| {
        Some(Instead {
            who,
            state: State::Unreachable,
            cause,
            reasons,
        })
    };
    let whole = |reasons| unreachable(Who::Everybody, Cause::Failed, reasons);
    let first = |reasons| unreachable(Who::First, Cause::Failed, reasons);
    match (fault, stream) {
        (F::Garbage, _) | (F::NotTheProtocol | F::Empty, true) => whole(&["MALFORMED_ANSWER"]),
        (F::NotTheProtocol | F::Dies, false) => whole(&["PLUGIN_ERROR"]),
        (F::Dies, true) => whole(&["CONNECTION_LOST"]),
        (F::TooLarge, _) => whole(&["SOURCE_TOO_LARGE"]),
        // No byte at all is an answer to no question.
        (F::OtherQuery, _) | (F::Empty, false) => whole(&["WRONG_QUERY"]),
        (F::Late | F::OnlyUnasked, _) => unreachable(Who::Everybody, Cause::Timeout, &["DEADLINE_EXCEEDED"]),
        (F::Status, _) => unreachable(Who::Everybody, Cause::Refused, &["PLUGIN_REFUSED"]),
        (F::Failure, _) => whole(&["SOURCE_UNAVAILABLE"]),
        (F::OtherPerson, _) => first(&["WRONG_SUBJECT"]),
        (F::OtherName, _) => Some(Instead {
            who: Who::First,
            state: State::IdentityMismatch,
            cause: Cause::Unspecified,
            reasons: &[],
        }),
        (F::Twice, _) => first(&["SUBJECT_TWICE"]),
        (F::LeftOut, _) => first(&["SUBJECT_MISSING"]),
        (F::FoundNothing, _) => first(&["FOUND_WITHOUT_RECORDS"]),
        (F::NoKind, _) => first(&["UNKNOWN_RECORD"]),
        (F::RecordsBesideNoRecord | F::FailureBesideFound, _) => first(&["CONTRADICTORY_ANSWER"]),
        (F::UnknownState, _) => first(&["UNKNOWN_STATE"]),
        (F::ForeignMoney, _) => first(&["ODD_MONEY"]),
        (F::Exchanged, _) => whole(&["WRONG_QUERY"]),
        (F::ExchangedInDisguise, _) => whole(&["WRONG_SUBJECT", "SUBJECT_MISSING"]),
        (F::AnsweredTwice | F::Unasked | F::Notes | F::NewerRecord | F::FurtherPersons | F::Lie, _) => None,
    }
}

/// Whether a fault ends the stream, and with it every other question on it.
pub fn ends_stream(fault: Fault) -> bool {
    matches!(fault, Fault::NotTheProtocol | Fault::Dies | Fault::Status)
}

fn report(verification: &pb::Verification) -> &pb::Report {
    verification.report.as_ref().expect("a report")
}

fn line<'a>(verification: &'a pb::Verification, department: &str) -> &'a pb::DepartmentResult {
    let mut lines = report(verification).departments.iter();
    lines.find(|l| l.department == department).expect("a line")
}

/// Departments that did not answer for somebody whom they were asked about.
pub fn unheard(verification: &pb::Verification) -> BTreeSet<&str> {
    let open = |s: &pb::SubjectResult| matches!(s.state(), State::Unreachable | State::IdentityMismatch);
    let lines = report(verification).departments.iter();
    lines
        .filter(|l| l.subjects.iter().any(open))
        .map(|l| l.department.as_str())
        .collect()
}

/// Checks a department's line against the true one: what the fault puts in place of an answer, and true answers for everybody else.
pub fn check_line(found: &pb::Verification, truth: &pb::Verification, department: &str, fault: Option<Fault>) {
    let (is, was) = (line(found, department), line(truth, department));
    assert_eq!(is.subjects.len(), was.subjects.len(), "{department}");
    let instead = fault.and_then(|fault| instead(fault, streamed(department)));
    let asked = was.subjects.iter().position(|s| s.state() != State::NotAsked);
    for (at, (is, was)) in is.subjects.iter().zip(&was.subjects).enumerate() {
        let affected = instead
            .as_ref()
            .filter(|instead| was.state() != State::NotAsked && (instead.who == Who::Everybody || Some(at) == asked));
        let place = format!("{department}, {fault:?}, person {at}: {is:?}");
        let Some(instead) = affected else {
            // Notes may be added to a true answer; nothing else may differ.
            let same = pb::SubjectResult {
                notes: was.notes.clone(),
                ..is.clone()
            };
            assert_eq!(&same, was, "{place}");
            continue;
        };
        assert_eq!((is.state(), is.cause()), (instead.state, instead.cause), "{place}");
        assert_eq!(is.records, 0, "{place}");
        let reason = is.failure_reason.as_str();
        assert!(
            instead.reasons.contains(&reason) || instead.reasons.is_empty() && reason.is_empty(),
            "{place}"
        );
        assert_eq!(is.failure_message.is_empty(), reason.is_empty(), "{place}");
    }
}

/// Whether nobody was answered for because the connection that carried the question was lost to another one.
pub fn lost_to_another(found: &pb::Verification, department: &str) -> bool {
    const REASONS: [&str; 4] = [
        "CONNECTION_LOST",
        "CONNECT_FAILED",
        "MALFORMED_ANSWER",
        "PLUGIN_REFUSED",
    ];
    let mut asked = line(found, department)
        .subjects
        .iter()
        .filter(|s| s.state() != State::NotAsked);
    asked.all(|s| s.state() == State::Unreachable && REASONS.contains(&s.failure_reason.as_str()))
}

/// What must hold of any verification beside a true one of the same household, whatever is faulty.
pub fn check_whole(found: &pb::Verification, truth: &pb::Verification) {
    let unheard = unheard(found);
    assert_eq!(found.state(), pb::VerificationState::Succeeded, "{unheard:?}");
    assert!(report(found).complete, "every department is waited for");
    assert_eq!(found.departments_asked, truth.departments_asked);
    let lines = report(found).departments.iter();
    let silent = lines.filter(|l| l.subjects.iter().any(|s| s.state() == State::Unreachable));
    assert_eq!(
        found.departments_answered as usize + silent.count(),
        found.departments_asked as usize
    );
    check_figures(found, truth, &unheard);
    for (is, was) in found.verdicts.iter().zip(&truth.verdicts) {
        let place = format!("{unheard:?}: {is:?}");
        if unheard.is_empty() {
            assert_eq!(is, was);
        } else if is.outcome() != was.outcome() {
            assert_eq!(is.outcome(), pb::Outcome::Inconclusive, "{place}");
            assert!(!is.undecided_by.is_empty(), "nobody is named: {place}");
        }
        let named: BTreeSet<&str> = is.undecided_by.iter().map(String::as_str).collect();
        assert!(
            named.is_subset(&unheard),
            "departments that answered are named: {place}"
        );
    }
    assert_eq!(found.verdicts.len(), truth.verdicts.len());
}

/// What a silent department would have said is unknown, so a figure can only become wider; what the others said is there.
fn check_figures(found: &pb::Verification, truth: &pb::Verification, unheard: &BTreeSet<&str>) {
    let (is, was) = (crate::support::figures(found), crate::support::figures(truth));
    if unheard.is_empty() {
        assert_eq!(is, was);
    }
    assert_eq!(is.len(), was.len());
    for (is, was) in is.iter().zip(&was) {
        let place = format!("{unheard:?}: {is:?}, truly {was:?}");
        assert_eq!(is.name, was.name);
        let (wide, narrow) = (is.bounds.unwrap(), was.bounds.unwrap());
        let lower = wide.lo.is_none_or(|lo| narrow.lo.is_some_and(|n| lo <= n));
        let higher = wide.hi.is_none_or(|hi| narrow.hi.is_some_and(|n| hi >= n));
        assert!(lower && higher, "{place}");
        let sources = |figure: &pb::NamedFigure| -> BTreeSet<(u32, String, String)> {
            let parts = figure.parts.iter().filter(|p| !unheard.contains(p.department.as_str()));
            parts
                .map(|p| (p.subject, p.department.clone(), p.reference.clone()))
                .collect()
        };
        assert!(sources(is).is_superset(&sources(was)), "{place}");
        assert!(is.missing.iter().all(|d| unheard.contains(d.as_str())), "{place}");
    }
}

/// Every department that was asked has its leaf, with the states of the report and the very bytes that its plugin sent.
pub fn check_evidence(bench: &Bench, found: &pb::Verification, leaves: &[audit_pb::Leaf]) {
    let query_id = found.name.strip_prefix("verifications/").unwrap();
    for line in report(found).departments.iter().filter(|l| l.asked_at.is_some()) {
        let mut of = leaves
            .iter()
            .filter(|l| l.kind == "ANSWER" && l.department == line.department);
        let leaf = of.next().unwrap_or_else(|| panic!("{} has no leaf", line.department));
        assert!(of.next().is_none(), "{} has two leaves", line.department);
        assert_eq!(leaf.evidence, line.evidence);
        let states: Vec<String> = line
            .subjects
            .iter()
            .filter(|s| s.state() != State::NotAsked)
            .map(code)
            .collect();
        assert_eq!(leaf.outcome, states.join(","), "{}", line.department);
        let Some(plugin) = bench.plugins.get(line.department.as_str()) else {
            assert_eq!(leaf.intact, Some(true), "{}", line.department);
            continue;
        };
        // Only what was read as bytes of an answer is kept: an answer without end, or none, leaves the failure alone.
        if leaf.intact.is_some() {
            assert_eq!(leaf.intact, Some(true), "{}", line.department);
            let sent = plugin.sent(query_id).unwrap_or_default();
            assert_eq!(leaf.record, sent, "{}", line.department);
        } else {
            let unreachable = line
                .subjects
                .iter()
                .all(|s| s.state() != State::Found && s.state() != State::NoRecord);
            assert!(unreachable, "{} has said something that is not kept", line.department);
        }
    }
    let verdict = leaves.iter().find(|l| l.kind == "VERDICT").expect("a verdict leaf");
    assert_eq!(verdict.rests_on.len(), found.departments_asked as usize);
}

/// The code of a state in leaves.
fn code(subject: &pb::SubjectResult) -> String {
    let state = subject.state().as_str_name().trim_start_matches("ANSWER_STATE_");
    match subject.cause() {
        Cause::Unspecified => state.to_owned(),
        cause => {
            let cause = cause.as_str_name().trim_start_matches("UNREACHABLE_CAUSE_");
            format!("{state}:{}", cause.to_lowercase())
        }
    }
}

/// Nobody's number or name stands in what departments caused: lines, findings, verdicts, leaves, the operator's view, the log.
pub fn check_silence(bench: &Bench, number: usize, found: &pb::Verification, mut leaves: Vec<audit_pb::Leaf>) {
    let mut shown = found.clone();
    // The household's own names, as stated, head the report.
    shown.report.as_mut().unwrap().members.clear();
    leaves.iter_mut().for_each(|leaf| leaf.record.clear());
    let log = logged().text();
    assert!(log.contains(STARTED), "the log is not what is looked at");
    let texts = [
        ("report", format!("{shown:?}")),
        ("leaves", format!("{leaves:?}")),
        ("log", log),
    ];
    for (place, text) in texts {
        for personal in bench.personal(number) {
            assert!(
                !text.contains(&personal),
                "the {place} holds personal data of household {number}"
            );
        }
    }
}
