//! `ReevaluationService`: the calls by which a district looks at all its households again.
//! Leaves every rule of a job to the broker; here is who has which role, and the forms of the wire.

use std::sync::Arc;

use hedui_broker::{
    Awaited, Broker, BrokerError, CaseId, JobState, Officer, Reevaluation, ReevaluationAsk, ReevaluationCounts,
    ReevaluationKind, Reviewed,
};
use hedui_core::{FieldError, Finding, Weight};
use hedui_proto::reevaluation as pb;
use hedui_proto::reevaluation::reevaluation_service_server::ReevaluationService;
use hedui_proto::verification as wire;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::WatchStream;
use tonic::{Request, Response, Status};

use crate::config::Role;
use crate::grpc::audit::district;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::long_calls::{LongCalls, Replies, beside};
use crate::grpc::page;
use crate::grpc::retention::day_of;
use crate::grpc::status::status;
use crate::grpc::to_proto::{date, name, timestamp, verdict};

/// Who begins jobs and reads what they found of households.
const VERIFYING: [Role; 1] = [Role::Verifier];
/// Who ends jobs and lets them go on.
const RUNNING: [Role; 2] = [Role::Verifier, Role::Operator];
/// Who sees how far jobs are.
const SEEING: [Role; 3] = [Role::Verifier, Role::Operator, Role::Auditor];
/// Verifications in a second where the request says nothing: a few per cent of what a broker does, so that windows notice nothing.
const DEFAULT_RATE: u32 = 10;

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    long: LongCalls,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>, long: LongCalls) -> Service {
        Service { broker, callers, long }
    }

    /// The job of a call, whose caller has one of the roles in the job's district.
    async fn allowed<T>(
        &self,
        request: Request<T>,
        roles: &[Role],
        id: fn(&T) -> &str,
    ) -> Result<(T, Reevaluation, Known), Status> {
        let caller = self.callers.check_any(request.metadata(), roles)?;
        let message = request.into_inner();
        let id = id(&message);
        let found = CaseId::from_hex(id).filter(|_| id.len() == 32);
        let found = found.ok_or(BrokerError::ReevaluationNotFound).map_err(|e| status(&e))?;
        let job = self.broker.reevaluation(found).await.map_err(|e| status(&e))?;
        caller.in_district(&job.district)?;
        Ok((message, job, caller))
    }
}

fn officer<'o>(caller: &'o Known, person: &'o str) -> Officer<'o> {
    Officer {
        caller: &caller.id,
        person,
    }
}

fn told(job: Result<Reevaluation, BrokerError>) -> Result<Option<pb::Reevaluation>, Status> {
    job.map(|job| Some(reevaluation(&job))).map_err(|e| status(&e))
}

#[tonic::async_trait]
impl ReevaluationService for Service {
    type CreateReevaluationStream = Replies<pb::CreateReevaluationResponse>;

    async fn create_reevaluation(
        &self,
        request: Request<pb::CreateReevaluationRequest>,
    ) -> Result<Response<Self::CreateReevaluationStream>, Status> {
        let caller = self.callers.check_any(request.metadata(), &VERIFYING)?;
        let message = request.into_inner();
        caller.in_district(&message.district_code)?;
        let kind = kind(&message)?;
        let place = message.dry_run.then(|| self.long.place()).transpose()?;
        let broker = self.broker.clone();
        Ok(Response::new(beside(move |replies| async move {
            let (_place, broker) = (place, broker);
            let ask = ReevaluationAsk {
                district: &message.district_code,
                programme: &message.programme,
                kind,
                rate_per_second: match message.rate_per_second {
                    0 => DEFAULT_RATE,
                    rate => rate,
                },
                with_silence: message.with_silence,
            };
            let officer = officer(&caller, &message.actor);
            let mut tell = |counted: &ReevaluationCounts| {
                let counts = Some(counts(counted));
                let step = pb::CreateReevaluationResponse {
                    counts,
                    reevaluation: None,
                };
                replies.blocking_send(Ok(step)).is_ok()
            };
            let job = match message.dry_run {
                true => broker.try_reevaluation(ask, officer, &mut tell).await,
                false => broker.reevaluate(ask, officer).await,
            };
            let job = job.map_err(|e| status(&e))?;
            let end = pb::CreateReevaluationResponse {
                counts: Some(counts(&job.counts)),
                reevaluation: Some(reevaluation(&job)),
            };
            // Whoever has gone away finds it in the list.
            let _ = replies.blocking_send(Ok(end));
            Ok(())
        })))
    }

    async fn get_reevaluation(
        &self,
        request: Request<pb::GetReevaluationRequest>,
    ) -> Result<Response<pb::GetReevaluationResponse>, Status> {
        let (_, job, _) = self.allowed(request, &SEEING, |m| &m.id).await?;
        let reevaluation = told(Ok(job))?;
        Ok(Response::new(pb::GetReevaluationResponse { reevaluation }))
    }

    async fn list_reevaluations(
        &self,
        request: Request<pb::ListReevaluationsRequest>,
    ) -> Result<Response<pb::ListReevaluationsResponse>, Status> {
        let caller = self.callers.check_any(request.metadata(), &SEEING)?;
        let message = request.into_inner();
        let code = district(&message.district_code)?.unwrap_or_default();
        caller.in_district(code)?;
        if code.is_empty() {
            let message = "name the district, six digits by GB/T 2260";
            return Err(invalid("district_code", "DISTRICT_INVALID", message));
        }
        let found = self.broker.reevaluations(code).await.map_err(|e| status(&e))?;
        let reevaluations = found.iter().map(reevaluation).collect();
        Ok(Response::new(pb::ListReevaluationsResponse { reevaluations }))
    }

    type WatchReevaluationStream = Replies<pb::WatchReevaluationResponse>;

    async fn watch_reevaluation(
        &self,
        request: Request<pb::WatchReevaluationRequest>,
    ) -> Result<Response<Self::WatchReevaluationStream>, Status> {
        let (_, job, _) = self.allowed(request, &SEEING, |m| &m.id).await?;
        let step = |job: Reevaluation| {
            Ok(pb::WatchReevaluationResponse {
                reevaluation: Some(reevaluation(&job)),
            })
        };
        Ok(Response::new(match self.broker.watch_reevaluation(job.id) {
            // Its sender goes with the job, and the stream with its sender.
            Some(state) => Box::pin(WatchStream::new(state).map(step)),
            None => Box::pin(tokio_stream::once(step(job))),
        }))
    }

    async fn resume_reevaluation(
        &self,
        request: Request<pb::ResumeReevaluationRequest>,
    ) -> Result<Response<pb::ResumeReevaluationResponse>, Status> {
        let (message, job, caller) = self.allowed(request, &RUNNING, |m| &m.id).await?;
        let officer = officer(&caller, &message.actor);
        let reevaluation = told(self.broker.resume_reevaluation(job.id, officer).await)?;
        Ok(Response::new(pb::ResumeReevaluationResponse { reevaluation }))
    }

    async fn cancel_reevaluation(
        &self,
        request: Request<pb::CancelReevaluationRequest>,
    ) -> Result<Response<pb::CancelReevaluationResponse>, Status> {
        let (message, job, caller) = self.allowed(request, &RUNNING, |m| &m.id).await?;
        let officer = officer(&caller, &message.actor);
        let reevaluation = told(self.broker.cancel_reevaluation(job.id, officer).await)?;
        Ok(Response::new(pb::CancelReevaluationResponse { reevaluation }))
    }

    async fn list_reevaluated_households(
        &self,
        request: Request<pb::ListReevaluatedHouseholdsRequest>,
    ) -> Result<Response<pb::ListReevaluatedHouseholdsResponse>, Status> {
        let (message, job, caller) = self.allowed(request, &VERIFYING, |m| &m.id).await?;
        let list = job.id.to_string();
        let after = page::read(&message.page_token, &list)?;
        let officer = officer(&caller, &message.actor);
        let found = self.broker.reviewed(job.id, after, officer).await;
        let found = found.map_err(|e| status(&e))?;
        Ok(Response::new(pb::ListReevaluatedHouseholdsResponse {
            households: found.households.iter().map(household).collect(),
            next_page_token: found.next.map(|at| page::write(at, &list)).unwrap_or_default(),
        }))
    }
}

fn invalid(field: &str, reason: &str, message: &str) -> Status {
    status(&BrokerError::Invalid(vec![FieldError::new(field, reason, message)]))
}

/// On what is judged, of a request.
fn kind(message: &pb::CreateReevaluationRequest) -> Result<ReevaluationKind, Status> {
    match (message.kind(), &message.rules_on) {
        (pb::ReevaluationKind::NewStandard, Some(day)) => match day_of(day) {
            Some(on) => Ok(ReevaluationKind::NewStandard { on }),
            None => Err(invalid("rules_on", "DATE_INVALID", "a whole date of the calendar")),
        },
        (pb::ReevaluationKind::NewStandard, None) => Err(invalid("rules_on", "REQUIRED", "the day whose packs judge")),
        (pb::ReevaluationKind::AnnualReview, None) => Ok(ReevaluationKind::AnnualReview),
        (pb::ReevaluationKind::AnnualReview, Some(_)) => {
            let message = "leave it out: an annual review is judged by the packs of the day";
            Err(invalid("rules_on", "NOT_FOR_THIS_KIND", message))
        }
        (pb::ReevaluationKind::Unspecified, _) => {
            Err(invalid("kind", "REQUIRED", "a new standard, or an annual review"))
        }
    }
}

fn counts(counts: &ReevaluationCounts) -> pb::ReevaluationCounts {
    pb::ReevaluationCounts {
        households: counts.households,
        judged: counts.judged,
        needs_signature: counts.needs_signature,
        closed: counts.closed,
        without_verdict: counts.without_verdict,
        failed: counts.failed,
        changed: counts.changed,
        newly_qualify: counts.newly_qualify,
        newly_exceed: counts.newly_exceed,
        inconclusive: counts.inconclusive,
        warned: counts.warned,
    }
}

fn reevaluation(job: &Reevaluation) -> pb::Reevaluation {
    let (kind, rules_on) = match job.kind {
        ReevaluationKind::NewStandard { on } => (pb::ReevaluationKind::NewStandard, Some(date(on))),
        ReevaluationKind::AnnualReview => (pb::ReevaluationKind::AnnualReview, None),
    };
    let state = match job.state {
        JobState::Running => pb::ReevaluationState::Running,
        JobState::Stopped => pb::ReevaluationState::Stopped,
        JobState::Cancelled => pb::ReevaluationState::Cancelled,
        JobState::Done => pb::ReevaluationState::Done,
        JobState::Tried => pb::ReevaluationState::Tried,
    };
    let warnings = job.warnings.iter().map(|(code, households)| pb::WarningCount {
        code: code.clone(),
        households: *households,
    });
    pb::Reevaluation {
        id: Some(job.id)
            .filter(|id| *id != CaseId::default())
            .map(|id| id.to_string())
            .unwrap_or_default(),
        district_code: job.district.clone(),
        programme: job.programme.to_string(),
        kind: kind.into(),
        rules_on,
        rate_per_second: job.rate_per_second,
        requested_by: job.requested_by.clone(),
        requested_at: Some(timestamp(job.requested_at_ms)),
        state: state.into(),
        ended_at: job.ended_at_ms.map(timestamp),
        total: job.total,
        counts: Some(counts(&job.counts)),
        warnings: warnings.collect(),
        awaiting: job.awaiting.iter().map(awaited).collect(),
        with_silence: job.with_silence,
    }
}

fn awaited(found: &Awaited) -> pb::AwaitedDepartment {
    pb::AwaitedDepartment {
        department: found.department.to_string(),
        reason: found.reason.to_owned(),
        until: found.until_ms.map(timestamp),
    }
}

fn household(found: &Reviewed) -> pb::ReevaluatedHousehold {
    pb::ReevaluatedHousehold {
        before_name: found.of.map(name).unwrap_or_default(),
        name: found.case.map(name).unwrap_or_default(),
        result: found.result.clone(),
        reasons: found.reasons.clone(),
        before: found.before.as_ref().map(|v| verdict(v, None)),
        after: found.after.as_ref().map(|v| verdict(v, None)),
        findings: found.findings.iter().map(finding).collect(),
        to_look_at: found.is_to_be_looked_at(),
    }
}

/// A finding without its records, which the household's own report shows.
fn finding(found: &Finding) -> wire::Finding {
    let weight = match found.weight {
        Weight::Note => wire::FindingWeight::Note,
        Weight::Attention => wire::FindingWeight::Attention,
        Weight::OpensVerdict => wire::FindingWeight::OpensVerdict,
    };
    wire::Finding {
        code: found.code.to_string(),
        weight: weight.into(),
        subject: found.subject,
        departments: found.departments.iter().map(ToString::to_string).collect(),
        message_zh: found.message.zh.to_string(),
        message_en: found.message.en.to_string(),
        parts: Vec::new(),
    }
}
