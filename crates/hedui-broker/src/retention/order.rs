//! Orders as frames: a leaf that says what was ordered, by whom and on what ground, with the reason sealed behind it.
//! Leaves when an order is allowed to those who give it.

use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, FrameKind, IndexKey, LeafKind};
use smol_str::SmolStr;

use super::Officer;
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, Common, empty_frame};

/// What is ordered.
pub(crate) struct Order<'o> {
    pub kind: (FrameKind, LeafKind),
    pub district: &'o str,
    pub case: CaseId,
    pub officer: Officer<'o>,
    /// The document that it refers to; stands in the leaf.
    pub reference: &'o str,
    pub outcome: String,
    /// Why; sealed, and destroyed with the case.
    pub reason: Option<&'o str>,
    pub rests_on: Vec<EvidenceId>,
    pub index: Vec<IndexKey>,
}

impl<'o> Order<'o> {
    /// A person's order about a case.
    pub fn review(core: &Core, district: &'o str, case: CaseId, officer: Officer<'o>, outcome: String) -> Order<'o> {
        Order {
            kind: (FrameKind::Review, LeafKind::Review),
            district,
            case,
            officer,
            reference: "",
            outcome,
            reason: None,
            rests_on: Vec::new(),
            index: vec![super::retention_key(core, case)],
        }
    }

    /// Its frame.
    pub async fn frame(self, core: &Core) -> Result<Frame, BrokerError> {
        let now = core.clock.now_ms();
        let mut rng = core.entropy.fork();
        let common = Common {
            case: self.case,
            district: SmolStr::new(self.district),
            purpose: SmolStr::new(self.reference),
            actor: self.officer.actor().into(),
            authorization: [0; 32],
        };
        let (frame_kind, leaf_kind) = self.kind;
        let mut frame = empty_frame(FrameId::random(&mut rng), frame_kind, &common, now, self.index);
        let mut leaf = common.leaf(
            leaf_kind,
            EvidenceId::random(&mut rng),
            SmolStr::default(),
            self.outcome,
        );
        (leaf.asked_at_ms, leaf.answered_at_ms) = (now, now);
        leaf.rests_on = self.rests_on;
        match self.reason {
            None => frame.leaves.push(leaf),
            Some(reason) => {
                let sealer = evidence::sealer(core, self.district, now).await?;
                evidence::sealed(&sealer, &mut rng, leaf, reason.as_bytes(), &mut frame)?;
            }
        }
        Ok(frame)
    }

    /// Makes it durable.
    pub async fn give(self, core: &Core) -> Result<(), BrokerError> {
        let frame = self.frame(core).await?;
        core.store.append(frame).await?;
        Ok(())
    }
}

/// Keeps the refusal of an order, or of a reading, as evidence, and passes the error on.
pub(super) async fn refused<T>(
    core: &Core,
    (district, case): (&str, CaseId),
    officer: Officer<'_>,
    what: &str,
    error: BrokerError,
) -> Result<T, BrokerError> {
    let denial = Order {
        kind: (FrameKind::Denial, LeafKind::Denial),
        reference: what,
        // Found with its case only: it is about no further person.
        index: Vec::new(),
        ..Order::review(core, district, case, officer, error.reason().to_owned())
    };
    denial.give(core).await?;
    Err(error)
}
