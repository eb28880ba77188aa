//! Reading a frozen case in a dispute, with a stated reason; and what becomes of everybody else who tries.
//! Leaves who has the role to the server.

use hedui_evidence::{CaseId, FrameKind, LeafKind};

use super::order::{Order, refused};
use super::standing::standing_of;
use super::words::check;
use super::{Officer, RetentionRefusal, RetentionState};
use crate::broker::Broker;
use crate::error::BrokerError;
use crate::run::Verification;

/// What the leaf of such a reading says.
const IN_A_DISPUTE: &str = "read in a dispute";

impl Broker {
    /// Reads one case, also a frozen one, with what the records behind its report say. The reading and its reason are durable evidence before
    /// anything is returned.
    ///
    /// Errors: a reason that is missing or wrong.
    pub async fn get_in_dispute(
        &self,
        case: CaseId,
        reason: &str,
        officer: Officer<'_>,
    ) -> Result<Verification, BrokerError> {
        self.note_dispute(case, reason, officer).await?;
        let mut found = self.peek_frozen(case).await?;
        self.describe(case, &mut found).await?;
        Ok(found)
    }

    /// Makes it durable that a case is looked at in a dispute, and why: before its evidence is read.
    ///
    /// Errors: a reason that is missing or wrong.
    pub async fn note_dispute(&self, case: CaseId, reason: &str, officer: Officer<'_>) -> Result<(), BrokerError> {
        check(officer, &[], Some(reason))?;
        let core = self.core();
        let _turn = core.retention_turn.lock().await;
        let (begun, standing) = standing_of(core, case).await?;
        let order = Order {
            kind: (FrameKind::Access, LeafKind::Access),
            reference: IN_A_DISPUTE,
            // Nothing new is sealed in a case that was destroyed.
            reason: Some(reason).filter(|_| standing.state != RetentionState::Shredded),
            index: Vec::new(),
            ..Order::review(core, &begun.district, case, officer, "READ".to_owned())
        };
        order.give(core).await
    }

    /// Keeps it as evidence when somebody tried to read a case that is frozen; passes on every result.
    pub(crate) async fn refuse_frozen<T>(
        &self,
        case: CaseId,
        result: Result<T, BrokerError>,
        officer: Officer<'_>,
    ) -> Result<T, BrokerError> {
        match result {
            Err(error @ BrokerError::Retention(RetentionRefusal::Frozen)) => {
                let district = self.district_of(case).await?;
                refused(self.core(), (&district, case), officer, "read of a frozen case", error).await
            }
            other => other,
        }
    }
}
