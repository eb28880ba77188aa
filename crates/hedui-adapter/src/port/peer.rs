//! The port of another hedui: asked with one call per household, with what the letters allow and through whom the question came.
//! Leaves whether the peer may be believed to its signature, and whether it answers to the peer.

use std::time::Duration;

use hedui_core::forward::{Forward, MAX_HOPS};
use hedui_core::{DepartmentId, Failure, Query, RecordType};
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::{Ask, Outgoing, Places, Port, Raw, Reply, ReplyTo, endpoint, failure_of};
use crate::adapter::Limits;
use crate::manifest::Peer;
use crate::reason::Reason;
use crate::wire::encode_forwarded;

/// Another hedui, asked call by call.
pub struct PeerPort {
    id: DepartmentId,
    /// What this broker is called among brokers.
    own: String,
    token: Option<MetadataValue<Ascii>>,
    record_types: Vec<RecordType>,
    client: Grpc<Channel>,
    places: Places,
}

impl PeerPort {
    /// The port of a peer; connects when first asked. `own` is what this broker is called among brokers.
    ///
    /// # Errors
    /// The endpoint is no address, or the token no token.
    pub fn open(
        id: DepartmentId,
        peer: &Peer,
        own: &str,
        (limits, record_types): (Limits, Vec<RecordType>),
    ) -> Result<PeerPort, Failure> {
        let channel = endpoint(&peer.endpoint)?.connect_lazy();
        let bearer = |token: &str| {
            let value = MetadataValue::try_from(format!("Bearer {token}"));
            value.map_err(|_| Reason::SourceMissing.failure_at("the token is not printable ASCII"))
        };
        let token = match &peer.token {
            None => None,
            Some(token) => {
                let mut value = bearer(token.expose())?;
                value.set_sensitive(true);
                Some(value)
            }
        };
        Ok(PeerPort {
            id,
            own: own.to_owned(),
            token,
            record_types,
            client: Grpc::new(channel).max_decoding_message_size(limits.max_response_bytes as usize),
            places: Places::of(&limits),
        })
    }

    /// The question as the peer gets it: only the types that it is asked for, and through whom it comes.
    fn question(&self, query: &Query, forward: Option<&Forward>) -> Result<(Query, Forward), Reason> {
        let asked = &query.record_types;
        let held = self.record_types.iter().copied();
        let types: Vec<RecordType> = held.filter(|of| asked.is_empty() || asked.contains(of)).collect();
        if types.is_empty() {
            return Err(Reason::RecordTypesNotHeld);
        }
        let mut forward = forward.cloned().unwrap_or_default();
        if forward.hops.contains(&self.own) {
            return Err(Reason::PeerLoop);
        }
        if forward.hops.len() >= MAX_HOPS {
            return Err(Reason::PeerTooFar);
        }
        forward.hops.push(self.own.clone());
        forward.asked_as = self.id.as_str().to_owned();
        let query = Query {
            record_types: types,
            ..query.clone()
        };
        Ok((query, forward))
    }
}

impl Port for PeerPort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let (query, forward) = match self.question(&ask.query, ask.forward.as_deref()) {
            Ok(question) => question,
            Err(reason) => return reply.send(Reply::failed(reason)),
        };
        let (client, token) = (self.client.clone(), self.token.clone());
        let deadline = Instant::now() + ask.timeout;
        self.places
            .ask((deadline, Reason::DeadlineExceeded), reply, async move {
                let mut request = Request::new(Outgoing::Encoded(encode_forwarded(&query, &forward)));
                if let Some(token) = token {
                    request.metadata_mut().insert("authorization", token);
                }
                call(client, request, deadline).await
            });
    }
}

/// The time that a peer has of ours: shorter at every hop, so that whoever waits hears which of its departments was silent instead of nothing.
fn shortened(left: Duration) -> Duration {
    left.saturating_sub(left / 8)
}

async fn call(mut client: Grpc<Channel>, mut request: Request<Outgoing>, deadline: Instant) -> Reply {
    let left = || deadline.saturating_duration_since(Instant::now());
    if client.ready().await.is_err() {
        return Reply::failed(Reason::ConnectFailed);
    }
    request.set_timeout(shortened(left()));
    let path = PathAndQuery::from_static("/hedui.department.v1.DepartmentService/Query");
    match client.unary(request, path, Raw).await {
        Ok(response) => Reply::Wire(response.into_inner()),
        Err(status) => Reply::failure(refused(&status, left().is_zero())),
    }
}

fn refused(status: &Status, time_is_over: bool) -> Failure {
    match status.code() {
        Code::Unauthenticated => Reason::PluginRefused.failure(),
        _ => failure_of(status, time_is_over),
    }
}
