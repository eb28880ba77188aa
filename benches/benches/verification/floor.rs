//! The floor: a server that takes the same requests over the same stream, asks the same departments over the same multiplexed streams,
//! and hands what they said to the caller, unread: the bare broker that the goal was set by.
//! Leaves everything that hedui is for out, on purpose.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hedui_adapter::port::{Ask, Port, Reply, ReplySink, ReplyTo, StreamPort};
use hedui_adapter::wire::encode_query;
use hedui_core::{Date, DepartmentId, ProgrammeId, Query, RecordType, Subject};
use hedui_ids::ResidentId;
use hedui_proto::verification as pb;
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use super::process::{Department, until_parent_ends};
use super::server::LIMITS;

/// One household's replies: the last one wakes it.
struct Gather {
    left: AtomicUsize,
    answers: Mutex<Vec<Bytes>>,
    done: Mutex<Option<oneshot::Sender<Vec<Bytes>>>>,
}

impl ReplySink for Gather {
    fn reply(&self, _slot: u32, reply: Reply) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Reply::Wire(bytes) = reply {
            answers.push(bytes);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _ = done.send(std::mem::take(&mut *answers));
        }
    }
}

#[derive(Clone)]
struct Floor {
    ports: Arc<Vec<StreamPort>>,
    /// The day that a question is asked on.
    today: Date,
}

impl Floor {
    async fn one(&self, message: pb::VerifyStreamRequest) -> Result<HandedOver, Status> {
        let request = message.request.unwrap_or_default();
        let query = query(&request, message.tag, self.today).ok_or_else(|| Status::invalid_argument("no household"))?;
        let encoded = encode_query(&query);
        let query = Arc::new(query);
        let (done, gathered) = oneshot::channel();
        let gather = Arc::new(Gather {
            left: AtomicUsize::new(self.ports.len()),
            answers: Mutex::new(Vec::with_capacity(self.ports.len())),
            done: Mutex::new(Some(done)),
        });
        for (slot, port) in (0u32..).zip(self.ports.iter()) {
            let sink: Arc<dyn ReplySink> = Arc::clone(&gather) as Arc<dyn ReplySink>;
            let ask = Ask {
                query: Arc::clone(&query),
                encoded: Bytes::clone(&encoded),
                timeout: Duration::from_secs(10),
                forward: None,
            };
            port.ask(ask, ReplyTo::new(sink, slot));
        }
        let answers = gathered.await.map_err(|_| Status::internal("a reply was lost"))?;
        let verification = pb::Verification {
            name: format!("verifications/{}", message.tag),
            departments_asked: u32::try_from(self.ports.len()).unwrap_or(u32::MAX),
            departments_answered: u32::try_from(answers.len()).unwrap_or(u32::MAX),
            ..Default::default()
        };
        Ok(HandedOver {
            tag: message.tag,
            verification: Some(verification),
            answers,
        })
    }
}

/// The question of a request, unchecked.
fn query(request: &pb::CreateVerificationRequest, tag: u64, day: Date) -> Option<Query> {
    let today = hedui_core::household::ids_date(day)?;
    let household = request.household.as_ref()?;
    let subjects = household.members.iter().zip(0u32..).map(|(member, ordinal)| {
        let id = ResidentId::parse(&member.id_number, today).ok()?.id;
        Some(Subject {
            ordinal,
            id,
            name: member.name.clone(),
        })
    });
    Some(Query {
        query_id: format!("{tag:032x}"),
        purpose: ProgrammeId::new("dibao").ok()?,
        district_code: request.district_code.clone(),
        authorization_digest: [0; 32],
        as_of: day,
        period_from: day,
        period_until: day,
        subjects: subjects.collect::<Option<Vec<_>>>()?,
        record_types: RecordType::ALL.to_vec(),
    })
}

/// A caller sees the message of the real server, and skips what it does not know.
#[derive(Clone, PartialEq, prost::Message)]
struct HandedOver {
    #[prost(uint64, tag = "1")]
    tag: u64,
    #[prost(message, optional, tag = "2")]
    verification: Option<pb::Verification>,
    /// What the departments said, as they said it.
    #[prost(bytes = "bytes", repeated, tag = "1000")]
    answers: Vec<Bytes>,
}

type Replies = ReceiverStream<Result<HandedOver, Status>>;

impl NamedService for Floor {
    const NAME: &'static str = "hedui.verification.v1.VerificationService";
}

/// The one call that is measured.
impl Service<http::Request<Body>> for Floor {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let floor = self.clone();
        let codec = tonic_prost::ProstCodec::<HandedOver, pb::VerifyStreamRequest>::default();
        Box::pin(async move { Ok(Grpc::new(codec).streaming(floor, request).await) })
    }
}

impl StreamingService<pb::VerifyStreamRequest> for Floor {
    type Response = HandedOver;
    type ResponseStream = Replies;
    type Future = BoxFuture<Response<Replies>, Status>;

    fn call(&mut self, request: Request<Streaming<pb::VerifyStreamRequest>>) -> Self::Future {
        let (replies, receiver) = mpsc::channel(1_024);
        let (floor, mut requests) = (self.clone(), request.into_inner());
        tokio::spawn(async move {
            while let Ok(Some(message)) = requests.message().await {
                let (floor, replies) = (floor.clone(), replies.clone());
                tokio::spawn(async move {
                    let _ = replies.send(floor.one(message).await).await;
                });
            }
        });
        Box::pin(async move { Ok(Response::new(ReceiverStream::new(receiver))) })
    }
}

/// Serves until the parent ends.
pub fn run(departments: &[Department]) -> anyhow::Result<()> {
    // One thread, as the fastest bare broker that was measured.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ports = Vec::with_capacity(departments.len());
        for department in departments {
            let id = DepartmentId::new(&department.department)?;
            let port = StreamPort::open(id, &department.address, LIMITS, Arc::new(|_: u64| 0));
            ports.push(port.map_err(|f| anyhow::anyhow!("{}: {}", f.reason, f.message))?);
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("http://{}", listener.local_addr()?);
        let service = Floor {
            ports: Arc::new(ports),
            today: super::super::today()?,
        };
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tonic::transport::Server::builder()
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .add_service(service)
            .serve_with_incoming_shutdown(incoming, until_parent_ends())
            .await?;
        Ok(())
    })
}
