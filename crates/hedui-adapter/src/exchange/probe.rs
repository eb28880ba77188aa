//! The conformance kit's way to a plugin that speaks proto3-JSON.
//! Leaves the checks to `conformance`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::Query;
use hedui_proto::department as p;
use prost::Message as _;
use tokio::time::timeout;
use tonic::Code;

use super::{Call, Exchange, Unanswered};
use crate::conformance::{Probe, Said};
use crate::port::Reply;
use crate::reason::Reason;

/// For calls that are no questions.
const PATIENCE: Duration = Duration::from_secs(15);

/// A probe over an exchange that listens.
pub struct ExchangeProbe(pub Arc<dyn Exchange>);

/// The codes of gRPC are the kit's words for what a failure is.
fn said(unanswered: Unanswered) -> Said {
    let (reason, text) = match unanswered {
        Unanswered::Broke(failure) => (failure.reason, failure.message.into_bytes()),
        Unanswered::Said(bytes) => {
            let failure = p::Failure::decode(bytes.clone()).unwrap_or_default();
            (failure.reason, bytes.to_vec())
        }
    };
    let code = match Reason::from_word(&reason) {
        Some(Reason::InvalidRequest | Reason::TooManySubjects) => Code::InvalidArgument,
        Some(Reason::DeadlineExceeded | Reason::SourceTimeout) => Code::DeadlineExceeded,
        Some(Reason::Overloaded | Reason::ConcurrencyLimit) => Code::ResourceExhausted,
        Some(Reason::ConnectFailed | Reason::ConnectionLost | Reason::PluginUnavailable) => Code::Unavailable,
        Some(Reason::PluginRefused) => Code::PermissionDenied,
        _ => Code::Internal,
    };
    Said {
        code,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        text,
    }
}

#[async_trait]
impl Probe for ExchangeProbe {
    async fn describe(&self) -> Result<Bytes, Said> {
        self.0.call(&Call::Describe, PATIENCE).await.map_err(said)
    }

    async fn check(&self) -> Result<Bytes, Said> {
        let all = Call::Check(String::new());
        self.0.call(&all, PATIENCE).await.map_err(said)
    }

    async fn health(&self) -> Option<Result<bool, Said>> {
        None
    }

    async fn query(&self, message: Bytes, limit: Duration) -> Result<Bytes, Said> {
        let call = Call::Query(message);
        let answer = timeout(limit, self.0.call(&call, limit)).await;
        answer
            .unwrap_or_else(|_| Err(Reason::DeadlineExceeded.into()))
            .map_err(said)
    }

    async fn stream(&self, _: Arc<Query>, _: Duration) -> Option<Reply> {
        None
    }

    fn besides(&self) -> Vec<u8> {
        self.0.besides()
    }
}
