//! How a plugin is reached by the checks: messages in and out as bytes, and everything that it says besides.
//! Leaves what must come back to `checks`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::{DepartmentId, Failure, Query};
use tokio::sync::oneshot;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use super::MAX_BYTES;
use crate::adapter::Limits;
use crate::port::{Ask, Jitter, Outgoing, Port as _, Raw, Reply, ReplySink, ReplyTo, StreamPort, endpoint};
use crate::reason::Reason;
use crate::wire::encode_query;

/// For calls that are no questions.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a plugin says instead of an answer.
#[derive(Clone, Debug)]
pub struct Said {
    /// The class of error, in the codes of gRPC.
    pub code: Code,
    /// The stable reason, where one is given.
    pub reason: Option<String>,
    /// All its text: message, details, metadata.
    pub text: Vec<u8>,
}

impl Said {
    /// An error of the way there, which says nothing.
    pub fn of(code: Code) -> Said {
        Said {
            code,
            reason: None,
            text: Vec::new(),
        }
    }
}

/// A way to a plugin. Messages are those of `hedui.department.v1`, whatever the way makes of them.
#[async_trait]
pub trait Probe: Send + Sync {
    /// A `DescribeResponse`.
    async fn describe(&self) -> Result<Bytes, Said>;

    /// A `CheckResponse` of all self-tests.
    async fn check(&self) -> Result<Bytes, Said>;

    /// Whether it says that it serves; `None` where this way knows no such question.
    async fn health(&self) -> Option<Result<bool, Said>>;

    /// A `QueryResponse` to a `QueryRequest`. A probe that is dropped while it waits has cancelled the question.
    async fn query(&self, message: Bytes, limit: Duration) -> Result<Bytes, Said>;

    /// What the long-lived stream answers; `None` where this way has none.
    async fn stream(&self, query: Arc<Query>, limit: Duration) -> Option<Reply>;

    /// What it said besides answers so far: metadata, what a child process wrote to its log.
    fn besides(&self) -> Vec<u8>;
}

/// A plugin that speaks gRPC.
pub struct GrpcProbe {
    client: Grpc<Channel>,
    stream: StreamPort,
    metadata: Mutex<Vec<u8>>,
}

impl GrpcProbe {
    /// A way to `http://host:port`; connects when first asked.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn open(address: &str, jitter: Arc<dyn Jitter>) -> Result<GrpcProbe, Failure> {
        let channel = endpoint(address)?.connect_lazy();
        let limits = Limits {
            max_subjects: 1,
            max_concurrent_queries: 1,
            max_response_bytes: MAX_BYTES,
        };
        let id = DepartmentId::new("conformance").map_err(|_| Reason::InvalidRequest.failure())?;
        Ok(GrpcProbe {
            client: Grpc::new(channel).max_decoding_message_size(MAX_BYTES as usize),
            stream: StreamPort::open(id, address, limits, jitter)?,
            metadata: Mutex::default(),
        })
    }

    async fn call(&self, method: &'static str, message: Bytes, limit: Duration) -> Result<Bytes, Said> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|_| Said::of(Code::Unavailable))?;
        let mut request = Request::new(Outgoing::Encoded(message));
        request.set_timeout(limit);
        let response = client.unary(request, PathAndQuery::from_static(method), Raw).await;
        let response = response.map_err(|status| said(&status))?;
        let mut metadata = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        // Enough to find whom a chatty plugin speaks of.
        if metadata.len() < 1 << 20 {
            metadata.extend(texts(response.metadata()));
        }
        drop(metadata);
        Ok(response.into_inner())
    }
}

fn texts(metadata: &tonic::metadata::MetadataMap) -> Vec<u8> {
    let headers = metadata.clone().into_headers();
    let each = headers
        .iter()
        .flat_map(|(name, value)| [name.as_str().as_bytes(), b"=", value.as_bytes(), b"\n"].concat());
    each.collect()
}

fn said(status: &Status) -> Said {
    Said {
        code: status.code(),
        reason: status.get_details_error_info().map(|info| info.reason),
        text: [status.message().as_bytes(), status.details(), &texts(status.metadata())].concat(),
    }
}

#[async_trait]
impl Probe for GrpcProbe {
    async fn describe(&self) -> Result<Bytes, Said> {
        self.call(
            "/hedui.department.v1.DepartmentService/Describe",
            Bytes::new(),
            PATIENCE,
        )
        .await
    }

    async fn check(&self) -> Result<Bytes, Said> {
        self.call("/hedui.department.v1.DepartmentService/Check", Bytes::new(), PATIENCE)
            .await
    }

    async fn health(&self) -> Option<Result<bool, Said>> {
        let answer = self.call("/grpc.health.v1.Health/Check", Bytes::new(), PATIENCE).await;
        // HealthCheckResponse { status: SERVING }
        Some(answer.map(|bytes| bytes.as_ref() == [0x08, 0x01]))
    }

    async fn query(&self, message: Bytes, limit: Duration) -> Result<Bytes, Said> {
        self.call("/hedui.department.v1.DepartmentService/Query", message, limit)
            .await
    }

    async fn stream(&self, query: Arc<Query>, limit: Duration) -> Option<Reply> {
        let (sender, receiver) = oneshot::channel();
        let ask = Ask {
            encoded: encode_query(&query),
            query,
            timeout: limit,
            forward: None,
        };
        self.stream
            .ask(ask, ReplyTo::new(Arc::new(One(Mutex::new(Some(sender)))), 0));
        let silent = || Reply::failed(Reason::DeadlineExceeded);
        Some(match timeout(limit, receiver).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => Reply::failed(Reason::ReplyLost),
            Err(_) => silent(),
        })
    }

    fn besides(&self) -> Vec<u8> {
        self.metadata.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A sink for one reply.
struct One(Mutex<Option<oneshot::Sender<Reply>>>);

impl ReplySink for One {
    fn reply(&self, _slot: u32, reply: Reply) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Whoever waited may have given up.
            let _ = sender.send(reply);
        }
    }
}
