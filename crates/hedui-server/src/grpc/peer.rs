//! `DepartmentService` of this broker: another hedui asks it as it asks a department, and gets signed answers.
//! Leaves what a peer may be told to the broker; here is who is a peer, and the forms of the wire.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use hedui_adapter::serve::timeout_of;
use hedui_adapter::wire::{Signer, decode_forward, decode_query, encode_answer};
use hedui_broker::{Broker, PeerQuestion};
use hedui_core::{DepartmentId, RecordType};
use hedui_proto::department as pb;
use hedui_proto::department::department_service_server::DepartmentService;
use prost::Message as _;
use tokio_stream::Stream;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::config::Role;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::status::{refusal, status};

/// How this broker answers other ones.
pub struct Answering {
    /// What it is called among brokers: the name of its logs.
    pub own: String,
    /// Signs its answers.
    pub signer: Signer,
}

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    answering: Answering,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>, answering: Answering) -> Service {
        Service {
            broker,
            callers,
            answering,
        }
    }

    /// The departments that a peer may put questions to.
    fn departments(&self, caller: &Known) -> Vec<DepartmentId> {
        let registry = self.broker.registry();
        let ids = registry.profiles().iter().map(|profile| profile.id.clone());
        ids.filter(|id| caller.of_department(id).is_ok()).collect()
    }
}

#[tonic::async_trait]
impl DepartmentService for Service {
    type QueryStreamStream = Pin<Box<dyn Stream<Item = Result<pb::QueryStreamResponse, Status>> + Send>>;

    async fn describe(&self, request: Request<pb::DescribeRequest>) -> Result<Response<pb::DescribeResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Peer)?;
        let departments = self.departments(&caller);
        let registry = self.broker.registry();
        let asked = registry
            .profiles()
            .iter()
            .filter(|profile| departments.contains(&profile.id));
        let mut types: Vec<RecordType> = asked.flat_map(|profile| profile.record_types.iter().copied()).collect();
        types.sort_unstable();
        types.dedup();
        Ok(Response::new(pb::DescribeResponse {
            department: self.answering.own.clone(),
            protocol_versions: vec!["v1".to_owned()],
            // Numbers of the wire begin with 1.
            record_types: types.iter().map(|of| *of as i32 + 1).collect(),
            lookup_keys: vec![pb::LookupKey::IdNumber.into()],
            checks: vec!["peer".to_owned()],
            signing_key: self.answering.signer.public_key().to_vec().into(),
            build: env!("CARGO_PKG_VERSION").to_owned(),
            ..Default::default()
        }))
    }

    async fn check(&self, request: Request<pb::CheckRequest>) -> Result<Response<pb::CheckResponse>, Status> {
        self.callers.check(request.metadata(), Role::Peer)?;
        let check = request.into_inner().check;
        let known = check.is_empty() || check == "peer";
        let (outcome, message) = match (known, self.broker.ready()) {
            (false, _) => (pb::CheckOutcome::Fail, "there is no such check".to_owned()),
            (true, Ok(())) => (pb::CheckOutcome::Pass, "questions are answered and kept".to_owned()),
            (true, Err(error)) => (pb::CheckOutcome::Fail, error.reason().to_owned()),
        };
        let result = pb::CheckResult {
            check: if check.is_empty() { "peer".to_owned() } else { check },
            outcome: outcome.into(),
            message,
        };
        Ok(Response::new(pb::CheckResponse { results: vec![result] }))
    }

    async fn query(&self, request: Request<pb::QueryRequest>) -> Result<Response<pb::QueryResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Peer)?;
        let timeout = timeout_of(request.metadata());
        let bytes = Bytes::from(request.into_inner().encode_to_vec());
        let wrong = |field: &str| {
            let en = format!("the question is malformed: {field}");
            refusal(Code::InvalidArgument, "INVALID_REQUEST", &en, "询问有误")
        };
        let query = decode_query(&bytes).map_err(|error| wrong(error.field))?;
        let forward = decode_forward(&bytes).map_err(|error| wrong(error.field))?;
        let asked_as = DepartmentId::new(&forward.asked_as).map_err(|_| wrong("asked_as"))?;
        if forward.hops.is_empty() {
            return Err(wrong("hops"));
        }
        if hedui_ids::DivisionCode::parse(&query.district_code).is_none() {
            return Err(wrong("district_code"));
        }
        caller.in_district(&query.district_code)?;
        let departments = self.departments(&caller);
        let (asked, district) = (query.clone(), query.district_code.clone());
        let question = PeerQuestion {
            caller: &caller.id,
            own: &self.answering.own,
            district: &district,
            departments: &departments,
            query,
            forward,
            bytes,
            // What is told must still arrive.
            timeout: timeout.saturating_sub(timeout / 8),
        };
        let answers = self.broker.answer_peer(question).await.map_err(|e| status(&e))?;
        let answer = encode_answer(&asked, &answers);
        let signed = self.answering.signer.sign(&asked_as, &asked.query_id, &answer);
        let lost = |_| status(&hedui_broker::BrokerError::Internal("an answer does not encode"));
        Ok(Response::new(pb::QueryResponse::decode(signed).map_err(lost)?))
    }

    async fn query_stream(
        &self,
        request: Request<Streaming<pb::QueryStreamRequest>>,
    ) -> Result<Response<Self::QueryStreamStream>, Status> {
        self.callers.check(request.metadata(), Role::Peer)?;
        Err(Status::unimplemented(
            "another hedui is asked with one call per household",
        ))
    }
}
