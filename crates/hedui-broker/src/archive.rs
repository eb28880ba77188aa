//! The archive: every policy pack that ever judged is kept whole, and which departments held what, so that a verdict can be reckoned again years later.
//! Leaves reckoning it to `recompute`.

use hedui_evidence::{CaseId, EvidenceId, Frame, FrameId, FrameKind, IndexKey, LeafKind};
use smol_str::{SmolStr, format_smolstr};

use crate::broker::Broker;
use crate::core::Core;
use crate::error::BrokerError;
use crate::evidence::{self, Common, sealed};
use crate::rules::KeptRules;

/// What a pack is found by. The digest is of a public text; the key is keyed all the same, as every index key is.
fn pack_key(core: &Core, digest: &str) -> IndexKey {
    core.keys.index_key("pack", &[digest.as_bytes()])
}

impl Broker {
    /// Keeps every pack in use that is not kept yet: its text sealed, and a `PACK` leaf that names it by id, version and BLAKE3 in the log of its
    /// jurisdiction; and likewise departments and tolerances as `rules`, in the log of the nation. To be called before anything is verified.
    /// Returns how many were new.
    pub async fn archive_packs(&self) -> Result<usize, BrokerError> {
        let core = self.core();
        let mut new = usize::from(keep_rules(core, &core.in_force().rules).await?);
        for pack in core.packs.packs() {
            let pack = Archived {
                district: pack.jurisdiction(),
                name: format_smolstr!("{}@{}", pack.id(), pack.version()),
                digest: pack.digest(),
                text: pack.text(),
            };
            new += usize::from(keep(core, &pack).await?);
        }
        Ok(new)
    }

    /// A text that was in use once, a pack or rules, by the digest that its verdicts name.
    pub async fn archived(&self, digest: &str) -> Result<Option<String>, BrokerError> {
        let core = self.core();
        let Some(position) = core.store.newest(pack_key(core, digest)).await? else {
            return Ok(None);
        };
        let frame = core.store.read(position).await?;
        let leaf = frame
            .leaves
            .first()
            .ok_or(BrokerError::Damaged("a pack without its leaf"))?;
        let opened = crate::case::open(core, &frame, leaf)?.ok_or(BrokerError::Damaged("a pack without its text"))?;
        let text = opened.plaintext();
        if blake3::hash(text).to_hex().as_str() != digest {
            return Err(BrokerError::Damaged("a pack is not the one that its digest names"));
        }
        String::from_utf8(text.to_vec())
            .map(Some)
            .map_err(|_| BrokerError::Damaged("a pack that is no text"))
    }
}

/// Keeps departments and tolerances, before anything is judged by them; says whether they are new.
pub(crate) async fn keep_rules(core: &Core, rules: &KeptRules) -> Result<bool, BrokerError> {
    let rules = Archived {
        district: NATION,
        name: "rules@1".into(),
        digest: &rules.digest,
        text: &rules.text,
    };
    keep(core, &rules).await
}

/// What belongs to no district.
const NATION: &str = "000000";

/// A text for the archive.
struct Archived<'a> {
    /// In whose log it stands.
    district: &'a str,
    /// Id and version.
    name: SmolStr,
    /// BLAKE3 of the text, 64 hexadecimal digits.
    digest: &'a str,
    text: &'a str,
}

/// Keeps a text that is not kept yet, and says whether it is new.
async fn keep(core: &Core, archived: &Archived<'_>) -> Result<bool, BrokerError> {
    let key = pack_key(core, archived.digest);
    if core.store.newest(key).await?.is_some() {
        return Ok(false);
    }
    // The key becomes the frame's id: of two processes that start at the same time one keeps it.
    let frame = archive_frame(core, archived, key).await?;
    Ok(!core.store.append(frame).await?.duplicate)
}

async fn archive_frame(core: &Core, archived: &Archived<'_>, key: IndexKey) -> Result<Frame, BrokerError> {
    let now = core.clock.now_ms();
    let district = archived.district;
    let sealer = evidence::sealer(core, district, now).await?;
    let mut rng = core.entropy.fork();
    let common = Common {
        case: CaseId::default(),
        district: SmolStr::new(district),
        purpose: archived.name.clone(),
        actor: SmolStr::default(),
        authorization: [0; 32],
    };
    let mut frame = evidence::empty_frame(FrameId(key.0), FrameKind::Pack, &common, now, vec![key]);
    let outcome = format_smolstr!("IN_USE:{}", archived.digest);
    let mut leaf = common.leaf(
        LeafKind::Pack,
        EvidenceId::random(&mut rng),
        SmolStr::default(),
        outcome,
    );
    leaf.answered_at_ms = now;
    sealed(&sealer, &mut rng, leaf, archived.text.as_bytes(), &mut frame)?;
    Ok(frame)
}
