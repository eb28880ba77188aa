//! The four methods of a department's service.
//! Leaves the listener to `serve` and what stands in messages to `wire`.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::stream::{BoxStream, StreamExt as _};
use hedui_core::{Failure, FailureClass};
use hedui_proto::department as p;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};
use tonic::codegen::BoxFuture;
use tonic::server::{StreamingService, UnaryService};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::{DepartmentServer, ended};
use crate::port::{Outgoing, one_each};
use crate::reason::Reason;
use crate::wire::{self, StreamQuery, Writer};

/// Where nobody says how long they wait.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
/// Answers that wait for the transport.
const READY: usize = 256;
/// A frame is sent when it holds so much.
const FRAME_BYTES: usize = 64 << 10;
/// Questions under way on one stream.
pub(super) const MAX_UNDER_WAY: usize = 4_096;

type Reply = BoxFuture<Response<Outgoing>, Status>;

pub(super) struct Describe(pub(super) DepartmentServer);
pub(super) struct Check(pub(super) DepartmentServer);
pub(super) struct Query(pub(super) DepartmentServer);
pub(super) struct QueryStream(pub(super) DepartmentServer);

impl UnaryService<Bytes> for Describe {
    type Response = Outgoing;
    type Future = Reply;

    fn call(&mut self, _: Request<Bytes>) -> Reply {
        let description = wire::encode_description(&self.0.adapter.describe());
        Box::pin(async move { Ok(Response::new(Outgoing::Encoded(description))) })
    }
}

impl UnaryService<Bytes> for Check {
    type Response = Outgoing;
    type Future = Reply;

    fn call(&mut self, request: Request<Bytes>) -> Reply {
        let adapter = self.0.adapter.clone();
        Box::pin(async move {
            let request = p::CheckRequest::decode(request.into_inner());
            let check = request.map_err(|_| invalid("check"))?.check;
            let name = Some(check.as_str()).filter(|name| !name.is_empty());
            let results = wire::encode_checks(&adapter.check(name).await);
            Ok(Response::new(Outgoing::Encoded(results)))
        })
    }
}

impl UnaryService<Bytes> for Query {
    type Response = Outgoing;
    type Future = Reply;

    fn call(&mut self, request: Request<Bytes>) -> Reply {
        let server = self.0.clone();
        Box::pin(async move {
            let deadline = Instant::now() + timeout_of(request.metadata());
            // The place of the mistake is said here; a stream has only reasons.
            wire::decode_query(request.get_ref()).map_err(|error| invalid(error.field))?;
            let answer = answer(&server, request.get_ref(), deadline).await;
            answer
                .map(|bytes| Response::new(Outgoing::Encoded(bytes)))
                .map_err(|failure| status(&failure))
        })
    }
}

/// How long whoever asks waits.
pub fn timeout_of(metadata: &tonic::metadata::MetadataMap) -> Duration {
    let value = metadata.get("grpc-timeout").and_then(|value| value.to_str().ok());
    value.and_then(grpc_timeout).unwrap_or(DEFAULT_TIMEOUT)
}

/// `grpc-timeout`: at most eight digits and a unit.
fn grpc_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// The answer to one question, within the server's limit and the asker's time; a panic of the adapter is a failure of that question.
pub(super) async fn answer(server: &DepartmentServer, request: &[u8], deadline: Instant) -> Result<Bytes, Failure> {
    let query = wire::decode_query(request).map_err(|error| Reason::InvalidRequest.failure_at(error))?;
    let work = async {
        let _running = server.running.acquire().await;
        server.adapter.query(&query, deadline).await
    };
    match timeout_at(deadline, AssertUnwindSafe(work).catch_unwind()).await {
        Err(_) => Err(Reason::DeadlineExceeded.failure()),
        Ok(Err(_)) => Err(Reason::ConnectorPanicked.failure()),
        Ok(Ok(Err(failure))) => Err(failure),
        Ok(Ok(Ok(answers))) => {
            let answer = wire::encode_answer(&query, &one_each(&query, answers));
            Ok(match server.adapter.signer() {
                Some(signer) => signer.sign(&server.adapter.describe().department, &query.query_id, &answer),
                None => answer,
            })
        }
    }
}

fn invalid(field: &'static str) -> Status {
    let failure = Reason::InvalidRequest.failure();
    let mut details = ErrorDetails::with_error_info(failure.reason, super::DOMAIN, HashMap::new());
    details.add_bad_request_violation(field, "missing or malformed");
    Status::with_error_details(Code::InvalidArgument, failure.message, details)
}

/// The status of a failure that concerns a whole question.
fn status(failure: &Failure) -> Status {
    let code = match (Reason::from_word(&failure.reason), failure.class) {
        (Some(Reason::InvalidRequest | Reason::TooManySubjects), _) => Code::InvalidArgument,
        (Some(Reason::SourceTimeout | Reason::DeadlineExceeded), _) => Code::DeadlineExceeded,
        (Some(Reason::Overloaded), _) => Code::ResourceExhausted,
        (_, FailureClass::Config) => Code::FailedPrecondition,
        (_, FailureClass::Transient) => Code::Unavailable,
        (_, FailureClass::System) => Code::Internal,
    };
    let details = ErrorDetails::with_error_info(failure.reason.as_str(), super::DOMAIN, HashMap::new());
    Status::with_error_details(code, failure.message.as_str(), details)
}

impl StreamingService<Bytes> for QueryStream {
    type Response = Outgoing;
    type ResponseStream = BoxStream<'static, Result<Outgoing, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let server = self.0.clone();
        Box::pin(async move {
            let (ready, answers) = mpsc::channel(READY);
            let closing = server.closing.clone();
            let reader = tokio::spawn(read(server, request.into_inner(), ready));
            let guard = AbortOnDrop(reader.abort_handle());
            let frames = futures::stream::unfold((answers, guard), |(mut answers, guard)| async move {
                frame(&mut answers).await.map(|frame| (frame, (answers, guard)))
            });
            Ok(Response::new(frames.take_until(ended(closing)).boxed()))
        })
    }
}

/// Ends a task when the stream that it serves is gone.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

type Ready = Result<(u64, Result<Bytes, Failure>), Status>;

/// Reads questions until the asker ends the stream; then lets those under way finish.
async fn read(server: DepartmentServer, mut inbound: Streaming<Bytes>, ready: mpsc::Sender<Ready>) {
    let server = Arc::new(server);
    let mut tasks = tokio::task::JoinSet::new();
    let mut under_way: HashMap<u64, AbortHandle> = HashMap::new();
    while let Ok(Some(frame)) = inbound.message().await {
        let (mut queries, mut cancelled) = (Vec::new(), Vec::new());
        if wire::queries(&frame, |query| queries.push(query), |id| cancelled.push(id)).is_err() {
            // Nobody can say which question was meant.
            let _ = ready.send(Err(invalid("queries"))).await;
            return;
        }
        while tasks.try_join_next().is_some() {}
        if under_way.len() > MAX_UNDER_WAY {
            under_way.retain(|_, task| !task.is_finished());
        }
        for query in queries {
            let id = query.id;
            if tasks.len() >= MAX_UNDER_WAY {
                let _ = ready.send(Ok((id, Err(Reason::Overloaded.failure())))).await;
                continue;
            }
            let mut work = Box::pin(one(server.clone(), query));
            // An adapter in memory answers at once: no task for it.
            match (&mut work).now_or_never() {
                Some(answer) => {
                    let _ = ready.send(Ok(answer)).await;
                }
                None => {
                    let ready = ready.clone();
                    let task = tasks.spawn(async move {
                        let _ = ready.send(Ok(work.await)).await;
                    });
                    under_way.insert(id, task);
                }
            }
        }
        for id in cancelled {
            if let Some(task) = under_way.remove(&id) {
                task.abort();
            }
        }
    }
    while tasks.join_next().await.is_some() {}
}

async fn one(server: Arc<DepartmentServer>, query: StreamQuery) -> (u64, Result<Bytes, Failure>) {
    let timeout = match query.timeout_ms {
        0 => DEFAULT_TIMEOUT,
        ms => Duration::from_millis(ms.into()),
    };
    (query.id, answer(&server, &query.query, Instant::now() + timeout).await)
}

/// The next frame: what is ready, after one yield so that more can be.
async fn frame(answers: &mut mpsc::Receiver<Ready>) -> Option<Result<Outgoing, Status>> {
    let mut next = Some(answers.recv().await?);
    tokio::task::yield_now().await;
    let mut out = Writer::default();
    while let Some(ready) = next {
        match ready {
            Ok((id, outcome)) => wire::write_answer(id, &outcome, &mut out),
            Err(status) => return Some(Err(status)),
        }
        next = if out.len() < FRAME_BYTES {
            answers.try_recv().ok()
        } else {
            None
        };
    }
    Some(Ok(Outgoing::Encoded(Bytes::from(out.into_vec()))))
}
