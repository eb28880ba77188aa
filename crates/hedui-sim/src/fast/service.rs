//! The department protocol over HTTP/2 with messages as bare bytes.
//! Leaves what stands in the messages to `answer` and `stream`.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::{Request, Response, Status, Streaming};

use super::Department;
use super::answer::put;
use super::stream::Answers;

/// A codec that hands messages over as they are, in both directions.
#[derive(Clone, Copy, Default)]
pub struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Raw;
    type Decoder = Raw;

    fn encoder(&mut self) -> Raw {
        Raw
    }

    fn decoder(&mut self) -> Raw {
        Raw
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, out: &mut EncodeBuf<'_>) -> Result<(), Status> {
        out.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// One simulated department as a service.
#[derive(Clone)]
pub(super) struct FastService {
    department: Arc<Department>,
    asked: Arc<AtomicU64>,
}

impl FastService {
    pub(super) fn new(department: Arc<Department>) -> FastService {
        FastService {
            department,
            asked: Arc::default(),
        }
    }

    fn next(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }
}

impl NamedService for FastService {
    const NAME: &'static str = "hedui.department.v1.DepartmentService";
}

impl Service<http::Request<Body>> for FastService {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default();
            Ok(match method {
                "QueryStream" => Grpc::new(Raw).streaming(service, request).await,
                "Query" => Grpc::new(Raw).unary(service, request).await,
                "Describe" => {
                    Grpc::new(Raw)
                        .unary(Fixed(service.department.description.clone()), request)
                        .await
                }
                "Check" => {
                    Grpc::new(Raw)
                        .unary(Fixed(service.department.checks.clone()), request)
                        .await
                }
                _ => Status::unimplemented("the protocol has no such method").into_http(),
            })
        })
    }
}

impl StreamingService<Bytes> for FastService {
    type Response = Bytes;
    type ResponseStream = Answers;
    type Future = Ready<Result<Response<Answers>, Status>>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        ready(Ok(Response::new(Answers::new(
            request.into_inner(),
            self.department.clone(),
            self.next(),
        ))))
    }
}

impl UnaryService<Bytes> for FastService {
    type Response = Bytes;
    type Future = BoxFuture<Response<Bytes>, Status>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let (department, turn) = (self.department.clone(), self.next());
        Box::pin(async move {
            department.think(turn).await;
            let mut out = BytesMut::new();
            let turn = usize::try_from(turn).unwrap_or(0);
            put(&mut out, None, request.get_ref(), &department.bodies, turn, false)
                .map_err(|_| Status::invalid_argument("the question is no QueryRequest, or has too many subjects"))?;
            Ok(Response::new(out.freeze()))
        })
    }
}

/// A method that always answers the same.
struct Fixed(Bytes);

impl UnaryService<Bytes> for Fixed {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _request: Request<Bytes>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}
