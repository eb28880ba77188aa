//! A plugin as the checks call it: single calls with raw bytes, and one stream.
//! Leaves what must come back to `checks`.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hedui_core::{DepartmentId, Failure};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::adapter::Limits;
use crate::port::{Jitter, Outgoing, Raw, StreamPort, endpoint};
use crate::reason::Reason;

/// Larger than any answer that a limit allows.
const MAX_BYTES: u32 = 64 << 20;

pub(super) struct Plugin {
    client: Grpc<Channel>,
    pub(super) stream: StreamPort,
}

impl Plugin {
    pub(super) fn open(address: &str, jitter: Arc<dyn Jitter>) -> Result<Plugin, Failure> {
        let channel = endpoint(address)?.connect_lazy();
        let limits = Limits {
            max_subjects: 1,
            max_concurrent_queries: 1,
            max_response_bytes: MAX_BYTES,
        };
        let id = DepartmentId::new("conformance").map_err(|_| Reason::InvalidRequest.failure())?;
        let stream = StreamPort::open(id, address, limits, jitter)?;
        Ok(Plugin {
            client: Grpc::new(channel).max_decoding_message_size(MAX_BYTES as usize),
            stream,
        })
    }

    /// One call with raw bytes.
    pub(super) async fn call(&self, path: &'static str, message: Bytes, timeout: Duration) -> Result<Bytes, Status> {
        let mut client = self.client.clone();
        client.ready().await.map_err(|_| Status::unavailable("not reachable"))?;
        let mut request = Request::new(Outgoing::Encoded(message));
        request.set_timeout(timeout);
        let response = client.unary(request, PathAndQuery::from_static(path), Raw).await?;
        Ok(response.into_inner())
    }
}
