//! `AuditService`: the calls of those who supervise.
//! Leaves reading and noting the reading to the broker.

use std::sync::Arc;

use hedui_broker::{
    Broker, BrokerError, CaseLeaf, CaseProof, Consulted, ErrorKind, LogState, MisuseReport, Officer, Overseen,
    PersonAccess,
};
use hedui_evidence::{CaseId, DistrictLogs, Draw, Drawn, Export, Exported, LeafKind, LogName, LogStatus, Verified};
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_server::AuditService;
use tonic::{Code, Request, Response, Status};

use crate::config::Role;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::long_calls::{LongCalls, Replies, beside, whole};
use crate::grpc::status::{district_invalid, refusal, status};
use crate::grpc::to_proto::{name, timestamp};
use crate::grpc::verification::case;
use crate::witnesses::{Standing, Standings};

mod recompute;

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    logs: Arc<DistrictLogs>,
    standings: Standings,
    long: LongCalls,
}

/// Who reads evidence: auditors, and the dispute role with a stated reason.
const READERS: [Role; 2] = [Role::Auditor, Role::Dispute];

impl Service {
    /// Over a broker, its logs and how their witnesses stand.
    pub fn new(
        broker: Broker,
        callers: Arc<Callers>,
        (logs, standings): (Arc<DistrictLogs>, Standings),
        long: LongCalls,
    ) -> Service {
        Service {
            broker,
            callers,
            logs,
            standings,
            long,
        }
    }

    /// Whether a caller may read a case; asked before anything is opened. In a dispute the reason is kept.
    async fn may_read(&self, case: CaseId, caller: &Known, (reason, person): (&str, &str)) -> Result<(), Status> {
        let district = self.broker.district_of(case).await.map_err(|e| status(&e))?;
        caller.in_district(&district)?;
        if caller.has(Role::Auditor) && reason.is_empty() {
            return Ok(());
        }
        let caller = &caller.id;
        let noted = self.broker.note_dispute(case, reason, Officer { caller, person });
        noted.await.map_err(|e| status(&e))
    }

    fn log(&self, state: LogState) -> pb::Log {
        let next = LogName {
            district: state.log.district.clone(),
            year: state.log.year.saturating_add(1),
        };
        pb::Log {
            name: state.log.to_string(),
            origin: state.origin,
            size: state.size,
            checkpoint: state.checkpoint.unwrap_or_default(),
            verifier_key: state.verifier_key,
            witnesses: self.standings.of(&state.log).into_iter().map(witness).collect(),
            // It follows from the same secret and a name of the same form: what failed here would have failed for this year's.
            next_verifier_key: self.logs.verifier_key(&next).unwrap_or_default(),
        }
    }
}

#[tonic::async_trait]
impl AuditService for Service {
    async fn get_case(&self, request: Request<pb::GetCaseRequest>) -> Result<Response<pb::GetCaseResponse>, Status> {
        let caller = self.callers.check_any(request.metadata(), &READERS)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.may_read(case, &caller, (&message.reason, &message.actor)).await?;
        let leaves = self
            .broker
            .case(case, message.open_records, &caller.id, &message.actor)
            .await
            .map_err(|e| status(&e))?;
        let leaves = leaves.into_iter().map(leaf).collect();
        Ok(Response::new(pb::GetCaseResponse {
            name: name(case),
            leaves,
        }))
    }

    async fn list_logs(&self, request: Request<pb::ListLogsRequest>) -> Result<Response<pb::ListLogsResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let district = district(&message.district_code)?;
        if let Some(district) = district {
            caller.in_district(district)?;
        }
        let logs = self.broker.logs(district).await.map_err(|e| status(&e))?;
        let logs = logs
            .into_iter()
            .filter(|l| caller.in_district(&l.log.district).is_ok())
            .map(|state| self.log(state));
        let LogStatus { late, halted, .. } = self.broker.log_status();
        Ok(Response::new(pb::ListLogsResponse {
            logs: logs.collect(),
            late,
            halted: halted.unwrap_or_default(),
            quorum: u32::try_from(self.logs.witnesses().quorum()).unwrap_or(u32::MAX),
        }))
    }

    async fn get_proofs(
        &self,
        request: Request<pb::GetProofsRequest>,
    ) -> Result<Response<pb::GetProofsResponse>, Status> {
        let caller = self.callers.check_any(request.metadata(), &READERS)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.may_read(case, &caller, (&message.reason, &message.actor)).await?;
        let proofs = self
            .broker
            .proofs(case, message.open_records, &caller.id, &message.actor)
            .await
            .map_err(|e| status(&e))?;
        let mut logs: Vec<&LogName> = proofs.iter().map(|proof| &proof.log).collect();
        logs.dedup();
        let policy = self.broker.log_policy(&logs).map_err(|e| status(&e))?;
        Ok(Response::new(pb::GetProofsResponse {
            name: name(case),
            policy,
            proofs: proofs.into_iter().map(proof).collect(),
        }))
    }

    async fn recompute_verification(
        &self,
        request: Request<pb::RecomputeVerificationRequest>,
    ) -> Result<Response<pb::RecomputeVerificationResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.may_read(case, &caller, ("", &message.actor)).await?;
        let recomputed = self.broker.recompute(case, &caller.id, &message.actor).await;
        Ok(Response::new(recompute::response(
            case,
            recomputed.map_err(|e| status(&e))?,
        )))
    }

    async fn get_person_access(
        &self,
        request: Request<pb::GetPersonAccessRequest>,
    ) -> Result<Response<pb::GetPersonAccessResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let may_see = |district: &str| caller.in_district(district).is_ok();
        let accesses = self
            .broker
            .access_log(&message.id_number, (&caller.id, &message.actor), &may_see)
            .await
            .map_err(|e| status(&e))?;
        let accesses = accesses.into_iter().map(access).collect();
        Ok(Response::new(pb::GetPersonAccessResponse { accesses }))
    }

    async fn get_misuse(
        &self,
        request: Request<pb::GetMisuseRequest>,
    ) -> Result<Response<pb::GetMisuseResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        district(&message.district_code)?;
        // Without a district it is about all of them.
        caller.in_district(&message.district_code)?;
        let place = self.long.place()?;
        let moment = |at: Option<prost_types::Timestamp>, otherwise: i64| at.map_or(otherwise, |at| millis(&at));
        let between = (moment(message.from, i64::MIN), moment(message.until, i64::MAX));
        let (broker, runtime) = (self.broker.clone(), tokio::runtime::Handle::current());
        let (id, district, actor) = (caller.id.clone(), message.district_code, message.actor);
        let report = tokio::task::spawn_blocking(move || {
            let (_place, broker) = (place, broker);
            let district = Some(district.as_str()).filter(|district| !district.is_empty());
            let found =
                runtime.block_on(broker.misuse(district, between, (&id, &actor), &mut |_| !broker.is_closing()));
            // One that was cut short is no report.
            if broker.is_closing() {
                return Err(BrokerError::ShuttingDown);
            }
            found
        });
        let report = report
            .await
            .map_err(|_| Status::internal("the report ended without a word"))?;
        let MisuseReport {
            officials,
            most_consulted,
        } = report.map_err(|e| status(&e))?;
        Ok(Response::new(pb::GetMisuseResponse {
            officials: officials.into_iter().map(official).collect(),
            most_consulted: most_consulted.into_iter().map(consulted).collect(),
        }))
    }

    async fn draw_sample(
        &self,
        request: Request<pb::DrawSampleRequest>,
    ) -> Result<Response<pb::DrawSampleResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let log = log_name(&message.log)?;
        caller.in_district(&log.district)?;
        let draw = Draw {
            checkpoint: Some(message.checkpoint).filter(|note| !note.is_empty()),
            outcome: message.outcome,
            // Beyond what a percentage can be it is refused where the percentage is.
            percent: u8::try_from(message.percent).unwrap_or(u8::MAX),
            public_text: message.public_text,
        };
        let (broker, runtime) = (self.broker.clone(), tokio::runtime::Handle::current());
        let (id, actor) = (caller.id.clone(), message.actor);
        let place = self.long.place()?;
        let drawn = tokio::task::spawn_blocking(move || {
            let (_place, broker) = (place, broker);
            runtime.block_on(broker.sample(&log, &draw, (&id, &actor)))
        });
        let drawn = drawn
            .await
            .map_err(|_| Status::internal("drawing ended without a word"))?;
        let sample = drawn.map_err(|e| status(&e))?;
        let one = |drawn: Drawn| pb::Drawn {
            verification: name(drawn.case),
            evidence: drawn.evidence_id.to_string(),
            index: drawn.index,
        };
        Ok(Response::new(pb::DrawSampleResponse {
            checkpoint: sample.checkpoint,
            population: sample.population,
            drawn: sample.drawn.into_iter().map(one).collect(),
        }))
    }

    type ExportLogStream = Replies<pb::ExportLogResponse>;

    async fn export_log(
        &self,
        request: Request<pb::ExportLogRequest>,
    ) -> Result<Response<Self::ExportLogStream>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let log = log_name(&message.log)?;
        caller.in_district(&log.district)?;
        let (broker, id) = (self.broker.clone(), caller.id.clone());
        let place = self.long.place()?;
        let what = Export {
            sealed: message.include_sealed,
            skip_bundles: message.skip_bundles,
        };
        Ok(Response::new(beside(move |replies| async move {
            let (_place, broker) = (place, broker);
            let mut cut = false;
            let mut give = |file: Exported| {
                let Exported { path, offset, bytes } = file;
                let content = bytes.into();
                let response = pb::ExportLogResponse { path, content, offset };
                cut = broker.is_closing();
                !cut && replies.blocking_send(Ok(response)).is_ok()
            };
            let given = broker.export_log(&log, what, (&id, &message.actor), &mut give).await;
            given.map_err(|e| status(&e))?;
            // Half a log must not look like a whole one.
            whole(cut)
        })))
    }

    type VerifyEvidenceStream = Replies<pb::VerifyEvidenceResponse>;

    async fn verify_evidence(
        &self,
        request: Request<pb::VerifyEvidenceRequest>,
    ) -> Result<Response<Self::VerifyEvidenceStream>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        // It is about all districts.
        caller.in_district("")?;
        let message = request.into_inner();
        let (broker, id, place) = (self.broker.clone(), caller.id.clone(), self.long.place()?);
        Ok(Response::new(beside(|replies| async move {
            let (_place, broker) = (place, broker);
            let (mut last, mut cut) = (Verified::default(), false);
            let mut tell = |verified: Verified| {
                last = verified;
                cut = broker.is_closing();
                !cut && replies
                    .blocking_send(Ok(verified_so_far(verified, false, String::new())))
                    .is_ok()
            };
            let checked = broker.verify_evidence((&id, &message.actor), &mut tell).await;
            whole(cut)?;
            let end = match checked {
                Ok(verified) => verified_so_far(verified, true, String::new()),
                // Where it does not fit is the answer, not an error of the call.
                Err(error) if error.kind() == ErrorKind::DataLoss => verified_so_far(last, true, error.to_string()),
                Err(error) => return Err(status(&error)),
            };
            // Whoever has gone away does not want to know.
            let _ = replies.blocking_send(Ok(end));
            Ok(())
        })))
    }
}

/// A district that a caller names: none, or six digits. Nothing else may become part of leaves and paths.
pub(super) fn district(text: &str) -> Result<Option<&str>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    if hedui_ids::DivisionCode::parse(text).is_some() {
        return Ok(Some(text));
    }
    Err(district_invalid())
}

fn log_name(text: &str) -> Result<LogName, Status> {
    LogName::parse(text).ok_or_else(|| {
        let (zh, en) = (
            "日志名称应为地区与年份，如 511703/2026",
            "a log is a district and a year, for example 511703/2026",
        );
        refusal(Code::InvalidArgument, "LOG_INVALID", en, zh)
    })
}

fn verified_so_far(verified: Verified, done: bool, damage: String) -> pb::VerifyEvidenceResponse {
    pb::VerifyEvidenceResponse {
        frames: verified.frames,
        leaves: verified.leaves,
        sealed: verified.sealed,
        bytes: verified.bytes,
        done,
        damage,
    }
}

fn witness(standing: Standing) -> pb::Witness {
    let ms = i64::try_from(standing.time).unwrap_or(i64::MAX).saturating_mul(1_000);
    pb::Witness {
        name: standing.witness,
        size: standing.size,
        cosigned_at: (standing.time > 0).then(|| timestamp(ms)),
        error: standing.error.unwrap_or_default(),
    }
}

fn access(found: PersonAccess) -> pb::PersonAccess {
    let departments = found.departments.split(',').filter(|d| !d.is_empty());
    pb::PersonAccess {
        verification: name(found.case),
        kind: kind(found.kind).to_owned(),
        time: Some(timestamp(found.at_ms)),
        departments: departments.map(str::to_owned).collect(),
        district: found.district,
        purpose: found.purpose,
        actor: found.actor,
    }
}

fn official(found: Overseen) -> pb::Official {
    pb::Official {
        actor: found.actor,
        lookups: found.lookups,
        readings: found.readings,
        readings_of_others: found.readings_of_others,
        without_case: found.without_case,
        denials: found.denials,
        out_of_hours: found.out_of_hours,
        persons: found.persons,
        colleagues: found.colleagues,
        own_family: found.own_family,
    }
}

fn consulted(found: Consulted) -> pb::Consulted {
    pb::Consulted {
        token: found.token,
        lookups: found.lookups,
        officials: found.officials,
        verification: name(found.case),
    }
}

fn millis(at: &prost_types::Timestamp) -> i64 {
    at.seconds
        .saturating_mul(1_000)
        .saturating_add(i64::from(at.nanos) / 1_000_000)
}

fn proof(found: CaseProof) -> pb::Proof {
    pb::Proof {
        kind: kind(found.kind).to_owned(),
        evidence: found.evidence_id.to_string(),
        department: found.department,
        log: found.log.to_string(),
        index: found.index,
        proof: found.proof,
        record: found.record.unwrap_or_default().into(),
        ciphertext: found.ciphertext.unwrap_or_default().into(),
    }
}

/// The word of a kind of leaf.
fn kind(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::Asked => "ASKED",
        LeafKind::Answer => "ANSWER",
        LeafKind::Verdict => "VERDICT",
        LeafKind::Access => "ACCESS",
        LeafKind::Denial => "DENIAL",
        LeafKind::Shred => "SHRED",
        LeafKind::Pack => "PACK",
        LeafKind::Key => "KEY",
        LeafKind::Review => "REVIEW",
        LeafKind::Snapshot => "SNAPSHOT",
        _ => "UNKNOWN",
    }
}

fn leaf(found: CaseLeaf) -> pb::Leaf {
    let CaseLeaf {
        leaf,
        position,
        record,
        intact,
        destroyed,
    } = found;
    let moment = |ms: i64| (ms != 0).then(|| timestamp(ms));
    pb::Leaf {
        kind: kind(leaf.kind).to_owned(),
        evidence: leaf.evidence_id.to_string(),
        district: leaf.district.into(),
        department: leaf.department.into(),
        purpose: leaf.purpose.into(),
        asked_at: moment(leaf.asked_at_ms),
        answered_at: moment(leaf.answered_at_ms),
        outcome: leaf.outcome.into(),
        ciphertext_digest: leaf.ciphertext_digest.to_vec().into(),
        commitment: leaf.commitment.to_vec().into(),
        authorization: leaf.authorization.to_vec().into(),
        actor: leaf.actor.into(),
        rests_on: leaf.rests_on.iter().map(ToString::to_string).collect(),
        segment: position.segment,
        offset: position.offset,
        record: record.unwrap_or_default().into(),
        intact,
        destroyed,
    }
}
