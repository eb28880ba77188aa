//! The floor: a server that takes the same requests over the same stream, asks the same departments over the same multiplexed streams,
//! and does nothing with the answers but count their bytes.
//! Leaves everything that hedui is for out, on purpose.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hedui_adapter::port::{Ask, Port, Reply, ReplySink, ReplyTo, StreamPort};
use hedui_adapter::wire::encode_query;
use hedui_core::{Date, DepartmentId, ProgrammeId, Query, RecordType, Subject};
use hedui_ids::ResidentId;
use hedui_proto::verification as pb;
use hedui_proto::verification::verification_service_server::{VerificationService, VerificationServiceServer};
use tokio::sync::{mpsc, oneshot};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::process::{Department, until_parent_ends};
use super::server::LIMITS;

/// One household's replies: the last one wakes it.
struct Gather {
    left: AtomicUsize,
    bytes: AtomicUsize,
    done: Mutex<Option<oneshot::Sender<usize>>>,
}

impl ReplySink for Gather {
    fn reply(&self, _slot: u32, reply: Reply) {
        if let Reply::Wire(bytes) = reply {
            self.bytes.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1
            && let Some(done) = self.done.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            let _ = done.send(self.bytes.load(Ordering::Relaxed));
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
    async fn one(&self, message: pb::VerifyStreamRequest) -> Result<pb::VerifyStreamResponse, Status> {
        let request = message.request.unwrap_or_default();
        let query = query(&request, message.tag, self.today).ok_or_else(|| Status::invalid_argument("no household"))?;
        let encoded = encode_query(&query);
        let query = Arc::new(query);
        let (done, gathered) = oneshot::channel();
        let gather = Arc::new(Gather {
            left: AtomicUsize::new(self.ports.len()),
            bytes: AtomicUsize::new(0),
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
        let bytes = gathered.await.map_err(|_| Status::internal("a reply was lost"))?;
        let departments = u32::try_from(self.ports.len()).unwrap_or(u32::MAX);
        let verification = pb::Verification {
            name: format!("verifications/{bytes}"),
            departments_asked: departments,
            departments_answered: departments,
            ..Default::default()
        };
        let outcome = Some(pb::verify_stream_response::Outcome::Verification(verification));
        Ok(pb::VerifyStreamResponse {
            tag: message.tag,
            outcome,
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

type Replies = Pin<Box<dyn Stream<Item = Result<pb::VerifyStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl VerificationService for Floor {
    type VerifyStreamStream = Replies;

    async fn verify_stream(
        &self,
        request: Request<Streaming<pb::VerifyStreamRequest>>,
    ) -> Result<Response<Replies>, Status> {
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
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver).map(|r| r))))
    }

    type WatchVerificationStream = Pin<Box<dyn Stream<Item = Result<pb::WatchVerificationResponse, Status>> + Send>>;

    async fn watch_verification(
        &self,
        _: Request<pb::WatchVerificationRequest>,
    ) -> Result<Response<Self::WatchVerificationStream>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn create_verification(
        &self,
        _: Request<pb::CreateVerificationRequest>,
    ) -> Result<Response<pb::CreateVerificationResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn get_verification(
        &self,
        _: Request<pb::GetVerificationRequest>,
    ) -> Result<Response<pb::GetVerificationResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn list_verifications(
        &self,
        _: Request<pb::ListVerificationsRequest>,
    ) -> Result<Response<pb::ListVerificationsResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn wait_verification(
        &self,
        _: Request<pb::WaitVerificationRequest>,
    ) -> Result<Response<pb::WaitVerificationResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn cancel_verification(
        &self,
        _: Request<pb::CancelVerificationRequest>,
    ) -> Result<Response<pb::CancelVerificationResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
    }

    async fn recheck_departments(
        &self,
        _: Request<pb::RecheckDepartmentsRequest>,
    ) -> Result<Response<pb::RecheckDepartmentsResponse>, Status> {
        Err(Status::unimplemented("the floor only fans out"))
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
        let service = VerificationServiceServer::new(Floor {
            ports: Arc::new(ports),
            today: super::super::today()?,
        });
        tonic::transport::Server::builder()
            .tcp_nodelay(true)
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(4 << 20)
            .add_service(service)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), until_parent_ends())
            .await?;
        Ok(())
    })
}
