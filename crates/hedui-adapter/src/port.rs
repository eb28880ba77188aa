//! What the broker calls: one question in, exactly one reply out, whatever happens in between.
//! Leaves the household's deadline to the caller's one timer, and concurrency limits and breakers to `gate`.

mod adapter;
mod codec;
mod fault;
mod peer;
mod places;
mod stream;
#[cfg(test)]
pub(crate) mod tests;
mod unary;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hedui_core::forward::Forward;
use hedui_core::{DepartmentId, Failure, Query, SubjectAnswer, Unreachable};

use crate::manifest::{Connector, Manifest};
use crate::reason::{Reason, cause_of};

pub use adapter::AdapterPort;
pub(crate) use adapter::one_each;
pub(crate) use codec::{Outgoing, Raw};
pub use fault::{Fault, FaultPlan, FaultPort};
pub use peer::PeerPort;
pub(crate) use places::Places;
pub use stream::StreamPort;
pub use unary::UnaryPort;
pub(crate) use unary::{endpoint, failure_of};

/// A question to one department.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The question.
    pub query: Arc<Query>,
    /// The same as a serialized `QueryRequest`: encoded once per household and shared by all departments.
    pub encoded: Bytes,
    /// Time left.
    pub timeout: Duration,
    /// What the letters allow, and through whom the question came: for departments that are another hedui.
    pub forward: Option<Arc<Forward>>,
}

/// What came of a question.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A serialized `QueryResponse`, exactly as the department sent it.
    Wire(Bytes),
    /// The answers of a department in this process, and their canonical wire form, which is kept as evidence.
    Answers(Vec<SubjectAnswer>, Bytes),
    /// None, for everybody.
    Failed(Unreachable, Failure),
}

impl Reply {
    /// The failure that a reason stands for.
    pub fn failed(reason: Reason) -> Reply {
        Reply::failure(reason.failure())
    }

    /// A failure, with the cause that its reason implies.
    pub fn failure(failure: Failure) -> Reply {
        Reply::Failed(cause_of(&failure), failure)
    }

    /// The answers for each person of the query.
    pub fn answers(self, query: &Query) -> Vec<SubjectAnswer> {
        match self {
            Reply::Wire(bytes) => crate::wire::decode_answer(&bytes, query),
            Reply::Answers(answers, _) => answers,
            Reply::Failed(cause, failure) => crate::wire::whole(query, cause, &failure),
        }
    }
}

/// Where the replies of one household arrive.
pub trait ReplySink: Send + Sync {
    /// The reply for a slot. Called once per [`ReplyTo`]; the sink passes over what comes after its deadline. Must not block.
    fn reply(&self, slot: u32, reply: Reply);
}

/// The way back for one reply. Dropped unused it replies itself, so that no question stays open.
pub struct ReplyTo {
    sink: Option<Arc<dyn ReplySink>>,
    slot: u32,
}

impl ReplyTo {
    /// A way back to a slot of a sink.
    pub fn new(sink: Arc<dyn ReplySink>, slot: u32) -> ReplyTo {
        ReplyTo { sink: Some(sink), slot }
    }

    /// Replies.
    pub fn send(mut self, reply: Reply) {
        if let Some(sink) = self.sink.take() {
            sink.reply(self.slot, reply);
        }
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        if let Some(sink) = self.sink.take() {
            sink.reply(self.slot, Reply::failed(Reason::ReplyLost));
        }
    }
}

impl std::fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReplyTo({})", self.slot)
    }
}

/// A department as the broker sees it.
pub trait Port: Send + Sync {
    /// Which department.
    fn id(&self) -> &DepartmentId;

    /// Asks. Returns at once; the reply comes through `reply`, exactly once. Called within a tokio runtime.
    fn ask(&self, ask: Ask, reply: ReplyTo);
}

/// A source of chance that the caller seeds: spreads reconnections.
pub trait Jitter: Send + Sync {
    /// A number below `bound` (which is at least 1).
    fn below(&self, bound: u64) -> u64;
}

impl<F: Fn(u64) -> u64 + Send + Sync> Jitter for F {
    fn below(&self, bound: u64) -> u64 {
        self(bound)
    }
}

/// The port of a manifest: its source in this process, or its plugin over gRPC. Must be called within a tokio runtime.
///
/// # Errors
/// A source that cannot be set up, or an endpoint that is none.
pub fn open(manifest: &Manifest, jitter: Arc<dyn Jitter>) -> Result<Arc<dyn Port>, Failure> {
    let (id, limits) = (manifest.id.clone(), manifest.limits);
    Ok(match &manifest.connector {
        Connector::Grpc { endpoint, stream: true } => Arc::new(StreamPort::open(id, endpoint, limits, jitter)?),
        Connector::Grpc {
            endpoint,
            stream: false,
        } => Arc::new(UnaryPort::open(id, endpoint, limits)?),
        Connector::Exec(_) | Connector::Json(_) => {
            let exchange = crate::exchange::open(manifest)?;
            Arc::new(crate::exchange::ExchangePort::new(id, exchange, limits))
        }
        // Nobody has said what this broker is called.
        Connector::Peer(peer) => {
            let what = (limits, manifest.record_types.clone());
            Arc::new(PeerPort::open(id, peer, "", what)?)
        }
        _ => {
            let adapter = crate::adapter::MappedAdapter::open(manifest)?;
            Arc::new(AdapterPort::new(Arc::new(adapter)))
        }
    })
}
