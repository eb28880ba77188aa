//! Freezing by hand, legal holds, and where a case stands.
//! Leaves destruction to `shred`.

use hedui_evidence::CaseId;

use super::order::Order;
use super::standing::{is_running, standing_of};
use super::words::{FROZEN, HOLD_PLACED, HOLD_RELEASED, check};
use super::{Officer, RetentionRefusal, RetentionState, Standing};
use crate::broker::Broker;
use crate::error::BrokerError;

/// Most holds on one case: each is a court case, a dispute or an audit.
const MAX_HOLDS: usize = 64;

impl Broker {
    /// Where a case stands. Says nothing of what is in it, and leaves no trace.
    ///
    /// Errors: [`BrokerError::NotFound`].
    pub async fn retention(&self, case: CaseId) -> Result<Standing, BrokerError> {
        Ok(standing_of(self.core(), case).await?.1)
    }

    /// Freezes a case before its time, as its purpose has ended. One that is frozen already stays as it is.
    ///
    /// Errors: texts that are wrong; a case that runs or is destroyed.
    pub async fn freeze(&self, case: CaseId, reason: &str, officer: Officer<'_>) -> Result<Standing, BrokerError> {
        check(officer, &[], Some(reason))?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        match standing.state {
            RetentionState::Shredded => return Err(RetentionRefusal::Shredded.into()),
            RetentionState::Frozen => return Ok(standing),
            RetentionState::Active if is_running(core, case) => return Err(still_runs()),
            RetentionState::Active => {}
        }
        let mut order = Order::review(core, &begun.district, case, officer, FROZEN.to_owned());
        order.reason = Some(reason);
        order.give(core).await?;
        self.retention(case).await
    }

    /// Places a hold under a reference. One that is there already stays as it is.
    ///
    /// Errors: texts that are wrong; a case that is destroyed; more holds than anybody needs.
    pub async fn place_hold(
        &self,
        case: CaseId,
        (reference, reason): (&str, &str),
        officer: Officer<'_>,
    ) -> Result<Standing, BrokerError> {
        check(officer, &[("reference", reference)], Some(reason))?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        if standing.state == RetentionState::Shredded {
            return Err(RetentionRefusal::Shredded.into());
        }
        if standing.holds.iter().any(|hold| hold.reference == reference) {
            return Ok(standing);
        }
        if standing.holds.len() >= MAX_HOLDS {
            return Err(BrokerError::WrongState("it has as many holds as a case may have"));
        }
        let order = Order {
            reference,
            reason: Some(reason),
            ..Order::review(core, &begun.district, case, officer, HOLD_PLACED.to_owned())
        };
        order.give(core).await?;
        self.retention(case).await
    }

    /// Releases the hold of a reference.
    ///
    /// Errors: texts that are wrong; [`RetentionRefusal::NoHold`].
    pub async fn release_hold(
        &self,
        case: CaseId,
        (reference, reason): (&str, &str),
        officer: Officer<'_>,
    ) -> Result<Standing, BrokerError> {
        check(officer, &[("reference", reference)], Some(reason))?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        if standing.state == RetentionState::Shredded {
            return Err(RetentionRefusal::Shredded.into());
        }
        if !standing.holds.iter().any(|hold| hold.reference == reference) {
            return Err(RetentionRefusal::NoHold.into());
        }
        let order = Order {
            reference,
            reason: Some(reason),
            ..Order::review(core, &begun.district, case, officer, HOLD_RELEASED.to_owned())
        };
        order.give(core).await?;
        self.retention(case).await
    }
}

/// Nothing is decided about a case of which nobody knows yet what it will hold.
pub(super) fn still_runs() -> BrokerError {
    BrokerError::WrongState("it is still running, or a recheck of it is")
}
