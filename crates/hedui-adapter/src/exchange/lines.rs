//! A child process that answers proto3-JSON, one object a line: the way of a short script beside the broker.
//! Leaves what the answers mean to `wire`. The child is ended when this is dropped, and started again when it dies.

mod child;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::Failure;
use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::besides::Besides;
use super::{Call, Exchange, Unanswered, said};
use crate::manifest::Program;
use crate::reason::Reason;

/// Lines that wait for the child to read them.
const MAX_UNREAD: usize = 256;

/// A child process that answers lines.
pub struct LinesExchange {
    shared: Arc<Shared>,
    orders: mpsc::Sender<Order>,
    next: AtomicU64,
    supervisor: AbortHandle,
}

/// What the supervisor and the calls share.
struct Shared {
    program: Program,
    most: usize,
    besides: Besides,
}

/// What the child is told.
enum Order {
    Ask {
        id: u64,
        line: String,
        answer: oneshot::Sender<Result<Json, Reason>>,
    },
    Cancel(u64),
}

impl LinesExchange {
    /// A program whose answers may have `most` bytes; it is started when it is first asked. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `SOURCE_MISSING`: no program is named.
    pub fn open(program: &Program, most: u32) -> Result<LinesExchange, Failure> {
        LinesExchange::with(program, most, Besides::new(false))
    }

    /// The same, keeping what is said besides answers.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn listening(program: &Program, most: u32) -> Result<LinesExchange, Failure> {
        LinesExchange::with(program, most, Besides::new(true))
    }

    fn with(program: &Program, most: u32, besides: Besides) -> Result<LinesExchange, Failure> {
        if program.command.first().is_none_or(String::is_empty) {
            return Err(Reason::SourceMissing.failure_at("no program is named"));
        }
        let shared = Arc::new(Shared {
            program: program.clone(),
            most: most as usize,
            besides,
        });
        let (orders, received) = mpsc::channel(MAX_UNREAD);
        let supervisor = tokio::spawn(child::supervise(shared.clone(), received)).abort_handle();
        Ok(LinesExchange {
            shared,
            orders,
            next: AtomicU64::new(1),
            supervisor,
        })
    }
}

impl Drop for LinesExchange {
    fn drop(&mut self) {
        // The child goes with its supervisor.
        self.supervisor.abort();
    }
}

/// Tells the child that nobody waits any more, unless the answer came.
struct Waiting<'o> {
    orders: &'o mpsc::Sender<Order>,
    id: u64,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.answered {
            // A child that reads nothing will not read this either.
            let _ = self.orders.try_send(Order::Cancel(self.id));
        }
    }
}

#[async_trait]
impl Exchange for LinesExchange {
    async fn call(&self, call: &Call, limit: Duration) -> Result<Bytes, Unanswered> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX).max(1);
        let line = json!({ "id": id.to_string(), "timeoutMs": timeout_ms, (call.word()): call.request()? });
        let (answer, answered) = oneshot::channel();
        let order = Order::Ask {
            id,
            line: format!("{line}\n"),
            answer,
        };
        let mut waiting = Waiting {
            orders: &self.orders,
            id,
            answered: false,
        };
        let work = async {
            let sent = self.orders.send(order).await;
            sent.map_err(|_| Reason::ConnectionLost)?;
            answered.await.unwrap_or(Err(Reason::ConnectionLost))
        };
        let line = timeout(limit, work).await.map_err(|_| Reason::DeadlineExceeded)??;
        waiting.answered = true;
        match (line.get("failure"), line.get("answer")) {
            (Some(failure), _) => Err(said(failure)),
            (None, Some(answer)) => call.answer(answer, self.shared.most),
            (None, None) => Err(Reason::MalformedAnswer.into()),
        }
    }

    fn besides(&self) -> Vec<u8> {
        self.shared.besides.all()
    }
}
