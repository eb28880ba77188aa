//! Filing: what packs read of a verified household, kept sealed beside its verdict, so that packs that come later can be tried on it.
//! Leaves taking snapshots to `hedui-policy`, sealing to `evidence`, and trying packs to `simulate`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hedui_core::{Facts, ProgrammeId};
use hedui_evidence::{Frame, LeafKind};
use hedui_ids::DivisionCode;
use hedui_policy::{Filed, MAX_SNAPSHOTS, Needs, PackSet, Snapshot};
use smol_str::SmolStr;

use crate::case::open;
use crate::core::Core;
use crate::error::BrokerError;
use crate::request::Prepared;

/// Districts whose needs are at hand, and lists of programmes of each; beyond it is begun anew.
const MAX_DISTRICTS: usize = 256;
const MAX_LISTS: usize = 64;

/// What is read of one household: a list for each rule of who counts.
pub(crate) type Wanted = Arc<[Arc<Needs>]>;

/// What the packs of each district's programmes read, found once and kept.
#[derive(Default)]
pub(crate) struct Filings {
    known: Mutex<HashMap<SmolStr, Vec<Known>>>,
}

struct Known {
    programmes: Vec<ProgrammeId>,
    variant: Option<String>,
    wanted: Wanted,
}

impl Filings {
    /// What every pack reads that may judge a verified household's programmes in its district at some time. Of the nation's options only the one
    /// that was asked for: others are tried on the kept answers.
    pub fn wanted(&self, packs: &PackSet, prepared: &Prepared) -> Wanted {
        let request = &prepared.stored.request;
        let (district, programmes) = (request.district_code.as_str(), &prepared.programmes);
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |known: &&Known| known.programmes == *programmes && known.variant == request.policy_variant;
        let found = known()
            .get(district)
            .and_then(|lists| lists.iter().find(is_it))
            .map(|known| Arc::clone(&known.wanted));
        if let Some(found) = found {
            return found;
        }
        // Outside the lock: reading a few packs takes longer than anybody should wait for.
        let wanted = wanted(packs.of_programmes(district, programmes, request.policy_variant.as_deref()));
        let mut known = known();
        if known.len() >= MAX_DISTRICTS && !known.contains_key(district) {
            known.clear();
        }
        let lists = known.entry(SmolStr::new(district)).or_default();
        if lists.len() >= MAX_LISTS {
            lists.clear();
        }
        lists.push(Known {
            programmes: programmes.clone(),
            variant: request.policy_variant.clone(),
            wanted: Arc::clone(&wanted),
        });
        wanted
    }
}

/// What some packs read.
pub(crate) fn wanted<'p>(packs: impl IntoIterator<Item = &'p hedui_policy::Pack>) -> Wanted {
    let groups = Needs::groups(packs).into_iter().take(MAX_SNAPSHOTS);
    groups.map(Arc::new).collect()
}

/// What is filed of a household. None where nothing of it can be: then a simulation says that it has nothing of it.
pub(crate) fn take(
    prepared: &Prepared,
    facts: &Facts<'_>,
    composition_open: &[SmolStr],
    wanted: &[Arc<Needs>],
) -> Option<Vec<u8>> {
    let snapshots = wanted
        .iter()
        .filter_map(|needs| Snapshot::of_facts(facts, composition_open, needs).ok());
    let snapshots: Vec<Snapshot> = snapshots.collect();
    if snapshots.is_empty() {
        return None;
    }
    let place = (
        DivisionCode::parse(&prepared.stored.request.district_code)?,
        prepared.household.residence,
        prepared.household.town,
    );
    Filed::encode(place, &prepared.programmes, &snapshots).ok()
}

/// What was filed in a frame that ends a verification; none in one from before snapshots were filed.
pub(crate) fn filed_in(core: &Core, frame: &Frame) -> Result<Option<Vec<u8>>, BrokerError> {
    let Some(leaf) = frame.leaves.iter().find(|leaf| leaf.kind == LeafKind::Snapshot) else {
        return Ok(None);
    };
    let opened = open(core, frame, leaf)?.ok_or(BrokerError::Damaged("a SNAPSHOT leaf without its record"))?;
    Ok(Some(opened.plaintext().to_vec()))
}
