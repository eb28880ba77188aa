//! The port of a plugin over one long-lived stream that carries all households: the cheap way (about a thirtieth of a call each).
//! Leaves the household's deadline to the sink; a reply that nobody waits for any more is passed over there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hedui_core::{DepartmentId, Failure, Query};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::ReceiverStream;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Endpoint;
use tonic::{Request, Streaming};

use super::{Ask, Jitter, Outgoing, Port, Raw, Reply, ReplyTo, endpoint, failure_of};
use crate::adapter::Limits;
use crate::reason::Reason;
use crate::wire::{StreamQuery, Streamed, answers};

/// Questions that wait for the writer; beyond them the department is overloaded.
const QUEUE: usize = 1_024;
/// Questions in one frame: some tens of kilobytes.
const MAX_BATCH: usize = 128;
/// Questions under way; when it is reached those past their time are given up.
const MAX_PENDING: usize = 4_096;
/// Frames between the writer and the transport: when the plugin does not read, questions wait in the queue, not here.
const FRAMES: usize = 4;
/// A frame holds as many answers as were ready; so many times the limit of one.
const ANSWERS_PER_FRAME: usize = 16;
/// How long opening the stream may take.
const OPEN_TIMEOUT: Duration = Duration::from_secs(3);
/// First and longest wait before the next attempt to connect; between them it doubles, plus up to as much again by chance.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A plugin asked over one stream.
pub struct StreamPort {
    id: DepartmentId,
    queue: mpsc::Sender<Waiting>,
}

struct Waiting {
    ask: Ask,
    deadline: Instant,
    reply: ReplyTo,
}

impl StreamPort {
    /// The port of a plugin at `http://host:port`; connects when first asked. Starts its task on the current tokio runtime; the task ends
    /// when the port is dropped.
    ///
    /// # Errors
    /// The endpoint is no address.
    pub fn open(
        id: DepartmentId,
        address: &str,
        limits: Limits,
        jitter: Arc<dyn Jitter>,
    ) -> Result<StreamPort, Failure> {
        let endpoint = endpoint(address)?;
        let (queue, waiting) = mpsc::channel(QUEUE);
        let max_answer = limits.max_response_bytes as usize;
        tokio::spawn(run(
            Link {
                endpoint,
                max_answer,
                jitter,
                failures: 0,
                not_before: None,
                next_id: 0,
            },
            waiting,
        ));
        Ok(StreamPort { id, queue })
    }
}

impl Port for StreamPort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let deadline = Instant::now() + ask.timeout;
        if let Err(full) = self.queue.try_send(Waiting { ask, deadline, reply }) {
            let (reason, waiting) = match full {
                mpsc::error::TrySendError::Full(waiting) => (Reason::Overloaded, waiting),
                mpsc::error::TrySendError::Closed(waiting) => (Reason::ConnectionLost, waiting),
            };
            waiting.reply.send(Reply::failed(reason));
        }
    }
}

/// The connection and what is known of its past.
struct Link {
    endpoint: Endpoint,
    max_answer: usize,
    jitter: Arc<dyn Jitter>,
    failures: u32,
    not_before: Option<Instant>,
    next_id: u64,
}

/// Opens a stream whenever there is a question and none is open.
async fn run(mut link: Link, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        if link.not_before.is_some_and(|moment| Instant::now() < moment) {
            first.reply.send(Reply::failed(Reason::ConnectFailed));
            continue;
        }
        let mut pending = Pending::default();
        let failure = session(&mut link, first, &mut queue, &mut pending).await;
        pending.fail(&failure);
        // Whatever waited meanwhile learns it at once as well, so that the broker can report instead of waiting.
        while let Ok(waiting) = queue.try_recv() {
            waiting.reply.send(Reply::failure(failure.clone()));
        }
        link.wait_longer();
    }
}

impl Link {
    fn wait_longer(&mut self) {
        let doubled = FIRST_WAIT.saturating_mul(1 << self.failures.min(10)).min(LONGEST_WAIT);
        let chance = self
            .jitter
            .below(u64::try_from(doubled.as_millis()).unwrap_or(1).max(1));
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + doubled + Duration::from_millis(chance));
    }

    fn frame(&mut self, batch: &mut Vec<Waiting>, pending: &mut Pending) -> Vec<StreamQuery> {
        let mut frame = Vec::with_capacity(batch.len());
        for waiting in batch.drain(..) {
            if !pending.has_room() {
                waiting.reply.send(Reply::failed(Reason::Overloaded));
                continue;
            }
            let id = self.next_id;
            self.next_id += 1;
            let left = waiting.deadline.saturating_duration_since(Instant::now());
            let timeout_ms = u32::try_from(left.as_millis()).unwrap_or(u32::MAX).max(1);
            frame.push(StreamQuery {
                id,
                timeout_ms,
                query: waiting.ask.encoded,
            });
            let asked = Asked {
                query: waiting.ask.query,
                deadline: waiting.deadline,
                reply: waiting.reply,
            };
            pending.by_id.insert(id, asked);
        }
        frame
    }
}

/// One stream from its opening to its end; gives the reason of the end.
async fn session(
    link: &mut Link,
    first: Waiting,
    queue: &mut mpsc::Receiver<Waiting>,
    pending: &mut Pending,
) -> Failure {
    let mut batch = vec![first];
    gather(queue, &mut batch).await;
    let (frames, sent) = mpsc::channel::<Outgoing>(FRAMES);
    let frame = link.frame(&mut batch, pending);
    // Some plugins send no header before they have read a question: the first frame goes out with the opening.
    if frames.try_send(Outgoing::Queries(frame)).is_err() {
        return Reason::ConnectFailed.failure();
    }
    let mut inbound = match timeout(OPEN_TIMEOUT, open(link, sent)).await {
        Ok(Ok(inbound)) => inbound,
        Ok(Err(failure)) => return failure,
        Err(_) => return Reason::ConnectFailed.failure(),
    };
    let mut outgoing = Vec::new();
    loop {
        tokio::select! {
            biased;
            message = inbound.message() => match message {
                Ok(Some(frame)) => {
                    if let Err(reason) = pending.dispatch(&frame, link.max_answer) {
                        return reason.failure();
                    }
                    link.failures = 0;
                }
                Ok(None) => return Reason::ConnectionLost.failure(),
                Err(status) => return lost(&status),
            },
            permit = frames.reserve(), if !outgoing.is_empty() => match permit {
                Ok(permit) => permit.send(Outgoing::Queries(std::mem::take(&mut outgoing))),
                Err(_) => return Reason::ConnectionLost.failure(),
            },
            count = queue.recv_many(&mut batch, MAX_BATCH), if outgoing.is_empty() => {
                if count == 0 {
                    // The port was dropped: nobody asks any more; what is under way is given up.
                    return Reason::ReplyLost.failure();
                }
                gather(queue, &mut batch).await;
                outgoing = link.frame(&mut batch, pending);
            }
        }
    }
}

/// Lets whoever is ready to ask do so, then takes what is there: many households share a frame, none waits for a timer.
async fn gather(queue: &mut mpsc::Receiver<Waiting>, batch: &mut Vec<Waiting>) {
    tokio::task::yield_now().await;
    while batch.len() < MAX_BATCH {
        match queue.try_recv() {
            Ok(waiting) => batch.push(waiting),
            Err(_) => return,
        }
    }
}

async fn open(link: &Link, sent: mpsc::Receiver<Outgoing>) -> Result<Streaming<Bytes>, Failure> {
    let channel = link
        .endpoint
        .connect()
        .await
        .map_err(|_| Reason::ConnectFailed.failure())?;
    let mut client = Grpc::new(channel).max_decoding_message_size(link.max_answer.saturating_mul(ANSWERS_PER_FRAME));
    client.ready().await.map_err(|_| Reason::ConnectFailed.failure())?;
    let path = PathAndQuery::from_static("/hedui.department.v1.DepartmentService/QueryStream");
    let response = client
        .streaming(Request::new(ReceiverStream::new(sent)), path, Raw)
        .await;
    response
        .map(tonic::Response::into_inner)
        .map_err(|status| lost(&status))
}

/// Why a stream ended: transports report a broken connection under several codes.
fn lost(status: &tonic::Status) -> Failure {
    match status.code() {
        tonic::Code::Unknown | tonic::Code::Cancelled | tonic::Code::Internal => Reason::ConnectionLost.failure(),
        // Each question on the stream has a deadline of its own; the stream has none.
        _ => failure_of(status, false),
    }
}

/// The questions under way.
#[derive(Default)]
struct Pending {
    by_id: HashMap<u64, Asked>,
}

struct Asked {
    query: Arc<Query>,
    deadline: Instant,
    reply: ReplyTo,
}

impl Pending {
    /// Room for one more, if need be by giving up those past their time: a silent plugin must not fill the memory.
    fn has_room(&mut self) -> bool {
        if self.by_id.len() >= MAX_PENDING {
            let now = Instant::now();
            for (_, late) in self.by_id.extract_if(|_, asked| asked.deadline <= now) {
                late.reply.send(Reply::failed(Reason::DeadlineExceeded));
            }
        }
        self.by_id.len() < MAX_PENDING
    }

    /// Hands each answer to whoever asked; an id that is not, or no longer, under way is passed over.
    fn dispatch(&mut self, frame: &Bytes, max_answer: usize) -> Result<(), Reason> {
        answers(frame, |answer| {
            let Some(asked) = self.by_id.remove(&answer.id) else {
                return;
            };
            asked.reply.send(match answer.outcome {
                Some(Streamed::Response(bytes)) if bytes.len() > max_answer => Reply::failed(Reason::SourceTooLarge),
                Some(Streamed::Response(bytes)) => Reply::Wire(bytes),
                Some(Streamed::Failure(bytes)) => Reply::failure(Streamed::failure(&bytes, &asked.query)),
                None => Reply::failed(Reason::MalformedAnswer),
            });
        })
    }

    fn fail(&mut self, failure: &Failure) {
        for (_, asked) in self.by_id.drain() {
            asked.reply.send(Reply::failure(failure.clone()));
        }
    }
}
