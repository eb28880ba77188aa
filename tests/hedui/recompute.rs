//! Verdicts reckoned again through the running server: real sources of every kind, some of them silent, before and after a restart.
//! Leaves the laws on single answers to the tests of the broker.

use std::collections::BTreeSet;

use hedui_core::DepartmentId;
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::verification as wire;

use crate::support::{Away, District, outcome};

async fn recompute(district: &District, name: &str) -> pb::RecomputeVerificationResponse {
    let mut audit = AuditServiceClient::connect(district.address()).await.unwrap();
    let request = pb::RecomputeVerificationRequest {
        name: name.to_owned(),
        actor: "auditor-1".to_owned(),
    };
    audit.recompute_verification(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn every_verdict_comes_out_again_byte_for_byte_also_after_a_restart() {
    let mut district = District::generate(31, 60).await;
    let files = district.files();
    let silent: BTreeSet<&DepartmentId> = files.keys().step_by(5).collect();
    let mut ended: Vec<wire::Verification> = Vec::new();
    for number in 0..20 {
        ended.push(district.verify(number).await);
    }
    {
        let _away = Away::these(silent.iter().map(|d| &files[*d]));
        for number in 20..26 {
            ended.push(district.verify(number).await);
        }
    }
    // A second look, with kept answers.
    ended.push(district.verify(0).await);
    let outcomes: BTreeSet<i32> = ended.iter().map(|v| outcome(v).into()).collect();
    assert!(outcomes.len() > 1, "every household came to the same: {outcomes:?}");
    let mut digests = BTreeSet::new();
    for verification in &ended {
        let again = recompute(&district, &verification.name).await;
        assert!(again.same, "{}: {:?}", verification.name, again.differences);
        assert_eq!(again.differences, []);
        assert_eq!(again.packs[0].digest, verification.verdicts[0].pack_digest);
        assert!(again.answers > 0 && !again.rules_digest.is_empty());
        digests.insert(again.kept_digest);
    }
    assert_eq!(digests.len(), ended.len());
    district.restart().await;
    for verification in &ended {
        let again = recompute(&district, &verification.name).await;
        assert!(
            again.same && digests.contains(&again.recomputed_digest),
            "{}",
            verification.name
        );
    }
}
