//! The port of a plugin that speaks proto3-JSON: as many questions at once as it declares, the others wait.
//! Leaves the way there to the exchange.

use std::sync::Arc;

use hedui_core::DepartmentId;
use tokio::time::Instant;

use super::{Call, Exchange};
use crate::adapter::Limits;
use crate::port::{Ask, Places, Port, Reply, ReplyTo};
use crate::reason::Reason;

/// A plugin behind an exchange.
pub struct ExchangePort {
    id: DepartmentId,
    exchange: Arc<dyn Exchange>,
    places: Places,
}

impl ExchangePort {
    /// The port of an exchange.
    pub fn new(id: DepartmentId, exchange: Arc<dyn Exchange>, limits: Limits) -> ExchangePort {
        ExchangePort {
            id,
            exchange,
            places: Places::of(&limits),
        }
    }
}

impl Port for ExchangePort {
    fn id(&self) -> &DepartmentId {
        &self.id
    }

    fn ask(&self, ask: Ask, reply: ReplyTo) {
        let exchange = self.exchange.clone();
        let deadline = Instant::now() + ask.timeout;
        self.places
            .ask((deadline, Reason::DeadlineExceeded), reply, async move {
                // What waited for a place has less time than it began with.
                let left = deadline.saturating_duration_since(Instant::now());
                match exchange.call(&Call::Query(ask.encoded), left).await {
                    Ok(bytes) => Reply::Wire(bytes),
                    Err(unanswered) => Reply::failure(unanswered.about(&ask.query)),
                }
            });
    }
}
