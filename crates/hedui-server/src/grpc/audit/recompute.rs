//! What recomputing a verdict came to, on the wire.
//! Leaves recomputing to the broker.

use hedui_broker::{FiledAgain, Recomputed};
use hedui_evidence::CaseId;
use hedui_proto::audit as pb;

use crate::grpc::to_proto::name;

pub(super) fn response(case: CaseId, recomputed: Recomputed) -> pb::RecomputeVerificationResponse {
    let [kept, now] = recomputed.digests;
    let differences = recomputed.differences.into_iter().map(|d| pb::RecomputeDifference {
        subject: d.subject,
        kept: d.before,
        recomputed: d.after,
    });
    let packs = recomputed
        .packs
        .into_iter()
        .map(|(id, version, digest)| pb::ArchivedPack { id, version, digest });
    pb::RecomputeVerificationResponse {
        name: name(case),
        same: recomputed.same,
        kept_digest: kept.to_string(),
        recomputed_digest: now.to_string(),
        differences: differences.collect(),
        packs: packs.collect(),
        rules_digest: recomputed.rules,
        answers: u32::try_from(recomputed.answers).unwrap_or(u32::MAX),
        filed_snapshots: match recomputed.filed {
            FiledAgain::Nothing => pb::FiledSnapshots::None,
            FiledAgain::Same => pb::FiledSnapshots::Same,
            FiledAgain::Different => pb::FiledSnapshots::Different,
            FiledAgain::RuleUnknown => pb::FiledSnapshots::RuleUnknown,
        }
        .into(),
    }
}
