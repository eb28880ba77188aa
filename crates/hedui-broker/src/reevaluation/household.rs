//! One household of a re-evaluation: whether it may be judged again, its new verification, what is different.
//! Leaves which households there are to `run`, and the verification to the broker's ordinary way.

use std::time::Duration;

use hedui_core::finding::EARLY_WARNINGS;
use hedui_core::{FieldError, Outcome};
use hedui_evidence::{CaseId, FrameKind, IndexKey};

use super::job::{Entry, Reevaluation, ReevaluationKind};
use crate::before::{AMOUNT_CHANGED, OUTCOME_CHANGED};
use crate::broker::Broker;
use crate::case::{report_in, unreadable};
use crate::core::Core;
use crate::error::{BrokerError, ErrorKind};
use crate::latest::{HouseholdKey, Latest, LatestState};
use crate::recheck::Pending;
use crate::request::{Completion, Conflict, Create, MAX_DEADLINE_MS, Recheck, Reevaluates, Request, Reuse};
use crate::retention::RetentionRefusal;
use crate::run::{State, Verification};

/// Judged again.
pub(super) const JUDGED: &str = "JUDGED";
/// The letters have ended, or somebody must sign who did not.
pub(super) const NEEDS_NEW_SIGNATURE: &str = "NEEDS_NEW_SIGNATURE";
/// Today's rules refuse the request.
pub(super) const REQUEST_NO_LONGER_VALID: &str = "REQUEST_NO_LONGER_VALID";
/// No verification of it ever ended with verdicts.
pub(super) const NO_VERDICT: &str = "NO_VERDICT";
/// It was verified, and no verdict came of it.
pub(super) const NOT_CONCLUDED: &str = "NOT_CONCLUDED";
/// Frozen: for disputes and audits only.
const CASE_FROZEN: &str = "CASE_FROZEN";
/// Its keys are destroyed.
const CASE_SHREDDED: &str = "CASE_SHREDDED";
/// What is kept of it cannot be read.
const EVIDENCE_DAMAGED: &str = "EVIDENCE_DAMAGED";
/// Everything that can become of a household.
pub const HOUSEHOLD_RESULTS: &[&str] = &[
    JUDGED,
    NEEDS_NEW_SIGNATURE,
    REQUEST_NO_LONGER_VALID,
    NO_VERDICT,
    NOT_CONCLUDED,
    CASE_FROZEN,
    CASE_SHREDDED,
    EVIDENCE_DAMAGED,
];
/// The wait where there is no place among the verifications under way.
const SOON_AGAIN: Duration = Duration::from_secs(1);
/// Most reasons that are kept of one household.
const MAX_REASONS: usize = 16;

/// What became of a household.
pub(super) struct Outcomes {
    pub entry: Entry,
    /// Set where it was judged.
    pub change: Option<Change>,
}

/// What is different for a household that was judged again.
#[derive(Debug, Default)]
pub(super) struct Change {
    pub changed: bool,
    pub newly_qualifies: bool,
    pub newly_exceeds: bool,
    pub inconclusive: bool,
    /// Codes of early warnings, each once.
    pub warnings: Vec<String>,
}

/// What a household's verification is found by, and is kept only once under.
fn key(core: &Core, job: &Reevaluation, household: HouseholdKey) -> IndexKey {
    core.keys.index_key("reevaluation of", &[&job.id.0, &household.0])
}

/// Judges one household again, or says why not; none where the broker closes before it has begun.
///
/// Errors: only where evidence can be neither kept nor read, so that no other household could be judged either.
pub(super) async fn reevaluate(
    broker: &Broker,
    job: &Reevaluation,
    latest: &Latest,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Outcomes>, BrokerError> {
    let core = broker.core();
    let key = key(core, job, latest.household);
    if let Some(position) = core.store.newest(key).await? {
        // Begun before an interruption: it is the one that counts.
        let case = core.store.read(position).await?.case;
        return ended(broker, job, latest, case).await.map(Some);
    }
    let Some(of) = latest.case.filter(|_| latest.state == LatestState::Released) else {
        return Ok(Some(closed(latest)));
    };
    match begin(broker, job, of, key, is_cancelled).await {
        Ok(Some(case)) => ended(broker, job, latest, case).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => not_judged(latest, error).map(Some),
    }
}

/// What would become of a household, with nothing begun.
pub(super) async fn look(broker: &Broker, job: &Reevaluation, latest: &Latest) -> Result<Outcomes, BrokerError> {
    let Some(of) = latest.case.filter(|_| latest.state == LatestState::Released) else {
        return Ok(closed(latest));
    };
    let tried = async {
        let create = Create {
            validate_only: true,
            ..create(broker, job, of).await?
        };
        broker.create_as(create, None).await
    };
    match tried.await {
        Ok(_) => Ok(Outcomes {
            entry: entry(latest, None, JUDGED, Vec::new()),
            change: None,
        }),
        Err(error) => not_judged(latest, error),
    }
}

/// Begins the verification; none where the broker closes or the job ends first.
async fn begin(
    broker: &Broker,
    job: &Reevaluation,
    of: CaseId,
    key: IndexKey,
    is_cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Option<CaseId>, BrokerError> {
    let core = broker.core();
    // Nobody destroys the evidence in between.
    let _pending = Pending::of(core, of).await?;
    loop {
        let create = create(broker, job, of).await?;
        let tried = Create {
            validate_only: true,
            request: create.request.clone(),
            request_id: None,
            caller: create.caller.clone(),
            ..create
        };
        // Tried first: that a letter has ended is told of in the job, and is no attempt to look somebody up.
        broker.create_as(tried, None).await?;
        let officer = job.officer();
        let why = format!("re-evaluation {}", job.id);
        broker
            .note_access(&job.district, of, &why, officer.caller, officer.person)
            .await?;
        match broker.create_as(create, Some(key)).await {
            Ok(begun) => return Ok(Some(begun.case)),
            Err(BrokerError::ShuttingDown) => return Ok(None),
            // The work of the day comes first.
            Err(BrokerError::Busy) if is_cancelled() || broker.is_closing() => return Ok(None),
            Err(BrokerError::Busy) => tokio::time::sleep(SOON_AGAIN).await,
            Err(error) => return Err(error),
        }
    }
}

/// The request of a household's re-evaluation.
async fn create(broker: &Broker, job: &Reevaluation, of: CaseId) -> Result<Create, BrokerError> {
    let stored = broker.stored_request(of).await?;
    let officer = job.officer();
    let (as_of, recheck, rules_on) = match job.kind {
        ReevaluationKind::AnnualReview => (broker.core().clock.today(), None, None),
        ReevaluationKind::NewStandard { on } => {
            // What was said then is about the months before that date: only the rules are those of another day.
            let nobody = Recheck {
                of: of.to_string(),
                departments: Vec::new(),
                answered: Vec::new(),
            };
            (stored.as_of, Some(nobody), Some(on))
        }
    };
    let request = Request {
        as_of: Some(as_of),
        programmes: vec![job.programme.to_string()],
        completion: Completion::AllDepartments,
        reuse: Reuse::Fresh,
        actor: officer.person.to_owned(),
        recheck,
        reevaluates: Some(Reevaluates {
            of: of.to_string(),
            job: job.id.to_string(),
            rules_on,
        }),
        ..stored.request
    };
    Ok(Create {
        request,
        request_id: None,
        conflict: Conflict::RunBoth,
        caller: officer.caller.to_owned(),
        validate_only: false,
    })
}

fn entry(latest: &Latest, case: Option<CaseId>, result: &str, reasons: Vec<String>) -> Entry {
    Entry {
        of: latest.case.map(|of| of.to_string()),
        case: case.map(|case| case.to_string()),
        result: result.to_owned(),
        reasons,
    }
}

fn without(latest: &Latest, result: &str, reasons: Vec<String>) -> Outcomes {
    Outcomes {
        entry: entry(latest, None, result, reasons),
        change: None,
    }
}

/// A household of which nothing may be used, or nothing is there.
fn closed(latest: &Latest) -> Outcomes {
    let result = match latest.state {
        LatestState::Frozen => CASE_FROZEN,
        LatestState::Destroyed => CASE_SHREDDED,
        LatestState::Unreadable => EVIDENCE_DAMAGED,
        LatestState::Never | LatestState::Released => NO_VERDICT,
    };
    without(latest, result, Vec::new())
}

/// Why a household could not be judged again. What says that no household can be ends the run.
fn not_judged(latest: &Latest, error: BrokerError) -> Result<Outcomes, BrokerError> {
    let reasons = |fields: &[FieldError]| {
        let mut reasons: Vec<String> = fields.iter().map(|field| field.reason.clone()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        reasons.truncate(MAX_REASONS);
        reasons
    };
    match &error {
        BrokerError::NotAuthorized(fields) => Ok(without(latest, NEEDS_NEW_SIGNATURE, reasons(fields))),
        BrokerError::Invalid(fields) => Ok(without(latest, REQUEST_NO_LONGER_VALID, reasons(fields))),
        BrokerError::Retention(RetentionRefusal::Frozen) => Ok(without(latest, CASE_FROZEN, Vec::new())),
        BrokerError::Retention(RetentionRefusal::Shredded) => Ok(without(latest, CASE_SHREDDED, Vec::new())),
        _ if unreadable(&error) || error.kind() == ErrorKind::DataLoss => {
            Ok(without(latest, EVIDENCE_DAMAGED, Vec::new()))
        }
        _ => Err(error),
    }
}

/// Waits for the end of a household's verification, and compares it with the one before.
async fn ended(broker: &Broker, job: &Reevaluation, latest: &Latest, case: CaseId) -> Result<Outcomes, BrokerError> {
    let longest = Duration::from_millis(u64::from(MAX_DEADLINE_MS) + 60_000);
    let ended = match broker.wait(case, longest).await {
        Ok(ended) => ended,
        Err(error) => return not_judged(latest, error),
    };
    if ended.state != State::Succeeded {
        let why = ended.failure.unwrap_or_else(|| ended.state.code().to_owned());
        let result = match why.as_str() {
            "AUTHORIZATION_ENDED" => NEEDS_NEW_SIGNATURE,
            _ => NOT_CONCLUDED,
        };
        return Ok(Outcomes {
            entry: entry(latest, Some(case), result, vec![why]),
            change: None,
        });
    }
    let before = outcome_before(broker.core(), job, latest).await?;
    Ok(Outcomes {
        entry: entry(latest, Some(case), JUDGED, Vec::new()),
        change: Some(change(&ended, job, before)?),
    })
}

/// What the verification before said; none where it cannot be read any more.
async fn outcome_before(core: &Core, job: &Reevaluation, latest: &Latest) -> Result<Option<Outcome>, BrokerError> {
    let Some(of) = latest.case else {
        return Ok(None);
    };
    let read = async {
        let frame = core.frame_of(of, FrameKind::Verdict).await?;
        let report = frame
            .as_ref()
            .map(|frame| report_in(core, frame))
            .transpose()?
            .flatten();
        let Some(report) = report else {
            return Ok(None);
        };
        let verdicts = &report.open()?.verdicts;
        Ok(verdicts
            .iter()
            .find(|v| v.programme == job.programme)
            .map(|v| v.outcome))
    };
    match read.await {
        Err(error) if unreadable(&error) || error.kind() == ErrorKind::DataLoss => Ok(None),
        other => other,
    }
}

/// What is different, from the report's own findings.
fn change(ended: &Verification, job: &Reevaluation, before: Option<Outcome>) -> Result<Change, BrokerError> {
    let Some(report) = &ended.report else {
        return Ok(Change::default());
    };
    let report = report.open()?;
    let now = report
        .verdicts
        .iter()
        .find(|v| v.programme == job.programme)
        .map(|v| v.outcome);
    let became = |outcome| now == Some(outcome) && before.is_some_and(|before| before != outcome);
    let mut warnings: Vec<String> = Vec::new();
    for finding in &report.findings {
        let is_warning = EARLY_WARNINGS.iter().any(|(code, _)| finding.code == *code);
        if is_warning && !warnings.iter().any(|known| *known == finding.code) {
            warnings.push(finding.code.to_string());
        }
    }
    Ok(Change {
        changed: report
            .findings
            .iter()
            .any(|f| f.code == OUTCOME_CHANGED || f.code == AMOUNT_CHANGED),
        newly_qualifies: became(Outcome::Qualifies),
        newly_exceeds: became(Outcome::Exceeds),
        inconclusive: now == Some(Outcome::Inconclusive),
        warnings,
    })
}
