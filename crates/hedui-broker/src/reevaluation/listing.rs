//! The households of a re-evaluation, one by one: which verification follows which, what changed, or why it was not judged.
//! Leaves going through them to `run`. What is shown of a household is read from its verifications, and gone with them.

use std::sync::Arc;

use hedui_core::finding::{EARLY_WARNINGS, LONG_PAST};
use hedui_core::{Finding, Verdict};
use hedui_evidence::{CaseId, Position};

use super::job::{Entry, batch_in, job_of};
use crate::before::is_compared;
use crate::broker::Broker;
use crate::case::unreadable;
use crate::error::{BrokerError, ErrorKind};
use crate::retention::{Officer, check, retention_key};
use crate::run::State;

/// Frames of one look.
const PAGE: usize = 64;

/// One household of a job.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The verification before; none where there is none with verdicts.
    pub of: Option<CaseId>,
    /// The new verification.
    pub case: Option<CaseId>,
    /// `JUDGED`, or why not.
    pub result: String,
    /// More exactly.
    pub reasons: Vec<String>,
    /// The verdict before, without its calculation; none where it cannot be read any more.
    pub before: Option<Verdict>,
    /// The verdict now.
    pub after: Option<Verdict>,
    /// What a person must see of the difference, early warnings among it; and that the day is long past.
    pub findings: Vec<Finding>,
}

impl Reviewed {
    /// Whether somebody is to look: it changed, was not judged, is not certain, is about a day long past, or carries a warning.
    pub fn is_to_be_looked_at(&self) -> bool {
        let is_warning = |code: &str| code == LONG_PAST || EARLY_WARNINGS.iter().any(|(warning, _)| code == *warning);
        let warned = |finding: &Finding| is_warning(&finding.code);
        let outcome = |verdict: &Option<Verdict>| verdict.as_ref().map(|v| (v.outcome, v.amount.clone()));
        let open = self
            .after
            .as_ref()
            .is_some_and(|v| v.outcome == hedui_core::Outcome::Inconclusive);
        self.result != super::household::JUDGED
            || open
            || outcome(&self.before) != outcome(&self.after)
            || self.findings.iter().any(warned)
    }
}

/// A page of a job's households.
#[derive(Debug, Default)]
pub struct ReviewedPage {
    /// The households of one batch, in their order.
    pub households: Vec<Reviewed>,
    /// What the next page goes on after; none on the last.
    pub next: Option<Position>,
}

impl Broker {
    /// The households of a job, a batch at a time, as far as it is. The reading is durable evidence before anything is returned.
    ///
    /// Errors: [`BrokerError::ReevaluationNotFound`].
    pub async fn reviewed(
        &self,
        id: CaseId,
        after: Option<Position>,
        officer: Officer<'_>,
    ) -> Result<ReviewedPage, BrokerError> {
        check(officer, &[], None)?;
        let core = self.core();
        let job = job_of(core, id).await?;
        let key = retention_key(core, id);
        let mut after = after;
        loop {
            let page = core.store.find_page(key, after, PAGE).await?;
            for position in &page {
                after = Some(*position);
                let Some(batch) = batch_in(core, &core.store.read(*position).await?)? else {
                    continue;
                };
                let why = "households of a re-evaluation";
                self.note_access(&job.district, id, why, officer.caller, officer.person)
                    .await?;
                let mut households = Vec::with_capacity(batch.households.len());
                for entry in batch.households {
                    households.push(self.reviewed_one(&job.programme, entry).await?);
                }
                return Ok(ReviewedPage {
                    households,
                    next: after,
                });
            }
            if page.len() < PAGE {
                return Ok(ReviewedPage::default());
            }
        }
    }

    async fn reviewed_one(&self, programme: &hedui_core::ProgrammeId, entry: Entry) -> Result<Reviewed, BrokerError> {
        let case = |text: &Option<String>| text.as_deref().and_then(CaseId::from_hex);
        let mut reviewed = Reviewed {
            of: case(&entry.of),
            case: case(&entry.case),
            result: entry.result,
            reasons: entry.reasons,
            before: None,
            after: None,
            findings: Vec::new(),
        };
        if let Some((verdicts, _)) = self.verdicts_of(reviewed.of).await? {
            reviewed.before = verdicts.iter().find(|v| v.programme == *programme).cloned();
        }
        if let Some((verdicts, findings)) = self.verdicts_of(reviewed.case).await? {
            reviewed.after = verdicts.iter().find(|v| v.programme == *programme).cloned();
            reviewed.findings = findings;
        }
        Ok(reviewed)
    }

    /// The verdicts of a case and what came of comparing it; none where it is frozen, destroyed or damaged.
    async fn verdicts_of(&self, case: Option<CaseId>) -> Result<Option<(Arc<[Verdict]>, Vec<Finding>)>, BrokerError> {
        let Some(case) = case else {
            return Ok(None);
        };
        let found = match self.peek(case).await {
            Ok(found) if found.state == State::Succeeded => found,
            Ok(_) | Err(BrokerError::Retention(_)) => return Ok(None),
            Err(error) if unreadable(&error) || error.kind() == ErrorKind::DataLoss => return Ok(None),
            Err(error) => return Err(error),
        };
        let findings = match &found.report {
            Some(report) => report
                .open()?
                .findings
                .iter()
                .filter(|f| is_compared(&f.code) || f.code == LONG_PAST)
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        Ok(Some((found.verdicts, findings)))
    }
}
