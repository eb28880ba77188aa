//! `AuditService`: the calls of those who supervise.
//! Leaves reading and noting the reading to the broker.

use std::sync::Arc;

use hedui_broker::{Broker, CaseLeaf};
use hedui_evidence::LeafKind;
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_server::AuditService;
use tonic::{Request, Response, Status};

use crate::config::Role;
use crate::grpc::caller::Callers;
use crate::grpc::status::status;
use crate::grpc::to_proto::{name, timestamp};
use crate::grpc::verification::case;

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>) -> Service {
        Service { broker, callers }
    }
}

#[tonic::async_trait]
impl AuditService for Service {
    async fn get_case(&self, request: Request<pb::GetCaseRequest>) -> Result<Response<pb::GetCaseResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        let leaves = self
            .broker
            .case(case, message.open_records, &caller.id, &message.actor)
            .await
            .map_err(|e| status(&e))?;
        if let Some(first) = leaves.first() {
            caller.in_district(&first.leaf.district)?;
        }
        let leaves = leaves.into_iter().map(leaf).collect();
        Ok(Response::new(pb::GetCaseResponse {
            name: name(case),
            leaves,
        }))
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
        _ => "UNKNOWN",
    }
}

fn leaf(found: CaseLeaf) -> pb::Leaf {
    let CaseLeaf {
        leaf,
        position,
        record,
        intact,
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
    }
}
