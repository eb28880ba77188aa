//! The port of a plugin that is asked with one call per household: for plugins without streams, and for comparing.
//! Leaves the cheaper way, one stream for all households, to `stream`.

use std::time::Duration;

use hedui_core::{DepartmentId, Failure};
use tokio::time::Instant;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, ConnectError, Request, Status, TimeoutExpired};
use tonic_types::StatusExt as _;

use super::{Ask, Outgoing, Places, Port, Raw, Reply, ReplyTo};
use crate::adapter::Limits;
use crate::reason::Reason;

/// Longer than any connection within a province takes.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How often an idle connection is tried, so that a dead one is noticed before the next household.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// So long before our own deadline the plugin's timer may already have rung: the time left is rounded down on the wire.
const ROUNDING: Duration = Duration::from_millis(10);

/// A plugin asked call by call.
pub struct UnaryPort {
    id: DepartmentId,
    client: Grpc<Channel>,
    places: Places,
}

/// The endpoint of a plugin.
pub(crate) fn endpoint(address: &str) -> Result<Endpoint, Failure> {
    let endpoint = Endpoint::from_shared(address.to_owned());
    let endpoint = endpoint.map_err(|_| Reason::SourceMissing.failure_at("the endpoint is no address"))?;
    Ok(endpoint
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true))
}

impl UnaryPort {
    /// The port of a plugin at `http://host:port`; connects when first asked.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn open(id: DepartmentId, address: &str, limits: Limits) -> Result<UnaryPort, Failure> {
        let client =
            Grpc::new(endpoint(address)?.connect_lazy()).max_decoding_message_size(limits.max_response_bytes as usize);
        Ok(UnaryPort {
            id,
            client,
            places: Places::of(&limits),
        })
    }
}

impl Port for UnaryPort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let deadline = Instant::now() + ask.timeout;
        let work = query(self.client.clone(), ask, deadline);
        self.places.ask((deadline, Reason::DeadlineExceeded), reply, work);
    }
}

async fn query(mut client: Grpc<Channel>, ask: Ask, deadline: Instant) -> Reply {
    let left = || deadline.saturating_duration_since(Instant::now());
    if client.ready().await.is_err() {
        return Reply::failed(Reason::ConnectFailed);
    }
    let mut request = Request::new(Outgoing::Encoded(ask.encoded));
    // What waited for a place or a connection has less time than it began with.
    request.set_timeout(left());
    let path = PathAndQuery::from_static("/hedui.department.v1.DepartmentService/Query");
    match client.unary(request, path, Raw).await {
        Ok(response) => Reply::Wire(response.into_inner()),
        Err(status) => Reply::failure(failure_of(&status, left() <= ROUNDING)),
    }
}

/// The failure that a status stands for; `time_is_over` by our own timer. Its text is not passed on: it may hold anything.
pub(crate) fn failure_of(status: &Status, time_is_over: bool) -> Failure {
    let named = status
        .get_details_error_info()
        .and_then(|info| Reason::from_word(&info.reason));
    let reason = named.unwrap_or_else(|| match (status.code(), broken(status)) {
        // Servers report with either code that the time is over; but a plugin may cancel a call for reasons of its own, and the transport
        // reports so a connection that closed.
        (Code::Cancelled, _) if time_is_over => Reason::DeadlineExceeded,
        (Code::ResourceExhausted, _) => Reason::Overloaded,
        (Code::PermissionDenied, _) => Reason::PluginRefused,
        (_, Some(reason)) => reason,
        (Code::DeadlineExceeded, None) => Reason::DeadlineExceeded,
        (Code::Unavailable, None) => Reason::PluginUnavailable,
        (Code::Unauthenticated | Code::Unimplemented | Code::FailedPrecondition, None) => Reason::PluginRefused,
        (Code::InvalidArgument, None) => Reason::InvalidRequest,
        (Code::OutOfRange, None) => Reason::SourceTooLarge,
        (_, None) => Reason::PluginError,
    });
    reason.failure()
}

/// What happened to the call on its way, nothing if the plugin itself sent the status: only the transport's own have an error as source.
fn broken(status: &Status) -> Option<Reason> {
    let first = std::error::Error::source(status)?;
    let chain = || std::iter::successors(Some(first), |error| error.source());
    Some(if chain().any(|error| error.is::<TimeoutExpired>()) {
        Reason::DeadlineExceeded
    } else if chain().any(|error| error.is::<ConnectError>()) {
        Reason::ConnectFailed
    } else {
        Reason::ConnectionLost
    })
}
