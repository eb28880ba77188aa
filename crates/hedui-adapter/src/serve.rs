//! Any adapter as a department's plugin: `hedui.department.v1.DepartmentService` and `grpc.health.v1` on a port.
//! Leaves answering to the adapter, and certificates to whoever stands in front.

mod handlers;
mod json;
mod lines;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::adapter::Adapter;
use crate::port::Raw;

pub use handlers::timeout_of;
#[cfg(test)]
pub(crate) use json::json_router;
pub use json::serve_json_on;
pub use lines::{serve_lines, serve_stdio};

/// The largest request or frame of requests, 4 MiB.
const MAX_REQUEST_BYTES: usize = 4 << 20;

/// The domain of the reasons in errors.
const DOMAIN: &str = "hedui.department.v1";

/// The service of a department.
#[derive(Clone)]
pub struct DepartmentServer {
    pub(crate) adapter: Arc<dyn Adapter>,
    /// Queries that run at once, over all connections.
    pub(crate) running: Arc<Semaphore>,
    /// Ends the streams, which would otherwise last for ever.
    pub(crate) closing: watch::Receiver<bool>,
}

impl DepartmentServer {
    /// The service of an adapter; its streams end when `closing` becomes true or its sender is dropped.
    pub fn new(adapter: Arc<dyn Adapter>, closing: watch::Receiver<bool>) -> DepartmentServer {
        let concurrent = (adapter.describe().limits.max_concurrent_queries as usize).clamp(1, 10_000);
        DepartmentServer {
            adapter,
            running: Arc::new(Semaphore::new(concurrent)),
            closing,
        }
    }
}

impl NamedService for DepartmentServer {
    const NAME: &'static str = "hedui.department.v1.DepartmentService";
}

impl Service<http::Request<Body>> for DepartmentServer {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let server = self.clone();
        let mut grpc = Grpc::new(Raw).max_decoding_message_size(MAX_REQUEST_BYTES);
        Box::pin(async move {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
            Ok(match method.as_str() {
                "Query" => grpc.unary(handlers::Query(server), request).await,
                "QueryStream" => grpc.streaming(handlers::QueryStream(server), request).await,
                "Describe" => grpc.unary(handlers::Describe(server), request).await,
                "Check" => grpc.unary(handlers::Check(server), request).await,
                _ => tonic::Status::unimplemented("no such method").into_http(),
            })
        })
    }
}

/// A department that is being served.
pub struct Serving {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Serving {
    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:port`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends streams, lets calls finish, and waits for that.
    pub async fn shutdown(self) {
        // Without a receiver the server has ended already.
        let _ = self.closing.send(true);
        let _ = self.task.await;
    }
}

/// Serves an adapter on a free port of 127.0.0.1; dropping the result ends it as `shutdown` does.
///
/// # Errors
/// No port can be bound.
pub async fn serve(adapter: Arc<dyn Adapter>) -> std::io::Result<Serving> {
    serve_on(adapter, TcpListener::bind(("127.0.0.1", 0)).await?).await
}

/// Serves an adapter on a listener.
///
/// # Errors
/// The listener has no address.
pub async fn serve_on(adapter: Arc<dyn Adapter>, listener: TcpListener) -> std::io::Result<Serving> {
    let address = listener.local_addr()?;
    let (closing, closed) = watch::channel(false);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<DepartmentServer>().await;
    let service = DepartmentServer::new(adapter, closed.clone());
    let task = tokio::spawn(async move {
        let router = Server::builder().add_service(health).add_service(service);
        // Of a listener of one's own the builder's setting is ignored: small answers would wait for the broker's acknowledgement, 40 ms.
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let served = router.serve_with_incoming_shutdown(incoming, ended(closed)).await;
        if served.is_err() {
            tracing::error!("the department's server ended with an error");
        }
    });
    Ok(Serving { address, closing, task })
}

/// Waits until the server is to end.
pub(crate) async fn ended(mut closed: watch::Receiver<bool>) {
    // An error means that the sender is gone, which ends the server as well.
    let _ = closed.wait_for(|closing| *closing).await;
}
