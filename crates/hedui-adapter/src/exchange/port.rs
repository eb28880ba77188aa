//! The port of a plugin that speaks proto3-JSON: as many questions at once as it declares, the others wait.
//! Leaves the way there to the exchange.

use std::sync::Arc;

use hedui_core::DepartmentId;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::{Call, Exchange};
use crate::adapter::Limits;
use crate::port::{Ask, Port, Reply, ReplyTo};
use crate::reason::Reason;

/// Questions that wait or run.
const MAX_WAITING: usize = 1_024;

/// A plugin behind an exchange.
pub struct ExchangePort {
    id: DepartmentId,
    exchange: Arc<dyn Exchange>,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl ExchangePort {
    /// The port of an exchange.
    pub fn new(id: DepartmentId, exchange: Arc<dyn Exchange>, limits: Limits) -> ExchangePort {
        let concurrent = (limits.max_concurrent_queries as usize).clamp(1, MAX_WAITING);
        ExchangePort {
            id,
            exchange,
            running: Arc::new(Semaphore::new(concurrent)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
        }
    }
}

impl Port for ExchangePort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let Ok(place) = self.waiting.clone().try_acquire_owned() else {
            return reply.send(Reply::failed(Reason::Overloaded));
        };
        let (exchange, running) = (self.exchange.clone(), self.running.clone());
        let deadline = Instant::now() + ask.timeout;
        tokio::spawn(async move {
            let _place = place;
            let work = async {
                let _running = running.acquire().await;
                // What waited for a place has less time than it began with.
                let left = deadline.saturating_duration_since(Instant::now());
                exchange.call(&Call::Query(ask.encoded), left).await
            };
            reply.send(match timeout_at(deadline, work).await {
                Err(_) => Reply::failed(Reason::DeadlineExceeded),
                Ok(Ok(bytes)) => Reply::Wire(bytes),
                Ok(Err(unanswered)) => Reply::failure(unanswered.about(&ask.query)),
            });
        });
    }
}
