//! Supervision: who looked at whom. The access log of a person, and what looks like misuse, read without opening any record.
//! Leaves proofs to `audit`, the staff register's file to the server.

use hedui_evidence::{CaseId, Entry, Frame, FrameKind, IndexKey, LeafKind, MAX_PAGE, Position};
use hedui_ids::ResidentId;

use crate::broker::Broker;
use crate::core::Core;
use crate::error::BrokerError;
use crate::staff::resident_id;

mod misuse;

pub use misuse::{Consulted, MisuseReport, Overseen};

/// What a person's look-ups are found by.
pub(crate) fn person_key(core: &Core, id: &ResidentId) -> IndexKey {
    core.keys.index_key("person", &[id.as_bytes()])
}

/// The persons that an `ASKED` or a `DENIAL` frame is about, as the index knows them. Its keys are the district's list, then one per member,
/// then the request id's, which is also the frame's id. Frames of before persons were filed have none.
fn persons(entry: &Entry) -> impl Iterator<Item = IndexKey> + '_ {
    let request = IndexKey(entry.head.id.0);
    entry
        .head
        .index
        .iter()
        .skip(1)
        .copied()
        .filter(move |key| *key != request)
}

/// One look-up of a person, or one reading of what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonAccess {
    /// The verification.
    pub case: CaseId,
    /// What happened: asked, read, refused, destroyed, reviewed.
    pub kind: LeafKind,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Division code of the district.
    pub district: String,
    /// The programmes of a look-up, the reason of a reading.
    pub purpose: String,
    /// The departments that were asked, of a look-up.
    pub departments: String,
    /// The office, and behind a slash the official.
    pub actor: String,
}

impl Broker {
    /// Every look-up of a person and every reading of it, oldest first. This reading is durable evidence before anything is returned.
    ///
    /// Errors: [`BrokerError::Invalid`] for a number that is none.
    pub async fn access_log(
        &self,
        id_number: &str,
        (caller, person): (&str, &str),
        may_see: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<PersonAccess>, BrokerError> {
        let core = self.core();
        let id = resident_id(id_number, core.clock.today()).map_err(|wrong| BrokerError::Invalid(vec![wrong]))?;
        self.note_access("", CaseId::default(), "access log of a person", caller, person)
            .await?;
        let mut cases: Vec<CaseId> = Vec::new();
        for position in core.store.find(person_key(core, &id)).await? {
            let asked = core.store.read(position).await?;
            if may_see(&asked.district) && !cases.contains(&asked.case) {
                cases.push(asked.case);
            }
        }
        let mut accesses = Vec::new();
        for case in cases {
            for frame in core.store.case(case).await? {
                accesses.extend(accesses_in(&frame));
            }
        }
        accesses.sort_by_key(|access| access.at_ms);
        Ok(accesses)
    }

    /// What looks like misuse between two moments in milliseconds since 1970 UTC, in one district or in all. Opens no record; becomes
    /// evidence itself. `tell` hears how many frames have been read and says whether to go on.
    pub async fn misuse(
        &self,
        district: Option<&str>,
        (from_ms, until_ms): (i64, i64),
        (caller, person): (&str, &str),
        tell: &mut (dyn FnMut(u64) -> bool + Send),
    ) -> Result<MisuseReport, BrokerError> {
        let core = self.core();
        let place = district.unwrap_or_default();
        self.note_access(place, CaseId::default(), "report of misuse", caller, person)
            .await?;
        let mut gathering = misuse::Gathering::new(core);
        let (mut from, mut frames) = (Position::START, 0u64);
        loop {
            let page = core.store.scan(from, MAX_PAGE).await?;
            for entry in &page.entries {
                let head = &entry.head;
                let is_of_interest = matches!(head.kind, FrameKind::Asked | FrameKind::Access | FrameKind::Denial);
                if !is_of_interest || district.is_some_and(|district| district != head.district) {
                    continue;
                }
                let persons: Vec<IndexKey> = match head.kind {
                    FrameKind::Asked | FrameKind::Denial => persons(entry).collect(),
                    _ => Vec::new(),
                };
                let counts = (from_ms..until_ms).contains(&head.time_ms);
                gathering.take(&entry.frame()?, &persons, counts);
            }
            frames += page.entries.len() as u64;
            from = page.next;
            if page.at_end || !tell(frames) {
                return Ok(gathering.report());
            }
        }
    }
}

/// What a frame says of who looked.
fn accesses_in(frame: &Frame) -> Vec<PersonAccess> {
    let is_told = |kind: LeafKind| {
        !matches!(
            kind,
            LeafKind::Answer | LeafKind::Verdict | LeafKind::Key | LeafKind::Pack
        )
    };
    let leaves = frame.leaves.iter().filter(|leaf| is_told(leaf.kind));
    leaves
        .map(|leaf| PersonAccess {
            case: frame.case,
            kind: leaf.kind,
            at_ms: leaf.asked_at_ms,
            district: frame.district.clone(),
            purpose: leaf.purpose.to_string(),
            departments: leaf.department.to_string(),
            actor: leaf.actor.to_string(),
        })
        .collect()
}
