//! What reaches the disk: no person in the clear, nor reversibly hashed.
//! Leaves crashes of the process to `hedui-server/tests/crash.rs` and power cuts to `hedui-evidence`.

use hedui_proto::verification as pb;

use crate::support::{District, files_below};

/// Whether a text of a person occurs in bytes.
fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|w| w == needle)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_holds_nobody_in_the_clear() {
    let mut district = District::generate(30, 60).await;
    for number in 0..40 {
        let ended = district.verify(number).await;
        assert_eq!(ended.state(), pb::VerificationState::Succeeded);
    }
    district.stop().await;
    let mut needles: Vec<Vec<u8>> = Vec::new();
    for truth in district.population.households.iter().take(40) {
        for member in &truth.household.members {
            let id = member.id_number.as_bytes();
            needles.push(id.to_vec());
            needles.push(blake3::hash(id).as_bytes().to_vec());
            needles.push(blake3::hash(id).to_hex().as_bytes().to_vec());
            // Names of two characters are too short to be looked for in ciphertext; longer ones cannot occur by chance.
            if member.name.len() >= 9 {
                needles.push(member.name.as_bytes().to_vec());
            }
        }
    }
    let mut looked_at = 0;
    for file in files_below(&district.config.store.directory) {
        let bytes = std::fs::read(&file).unwrap();
        looked_at += bytes.len();
        for needle in &needles {
            assert!(!holds(&bytes, needle), "{} holds a person", file.display());
        }
    }
    assert!(
        looked_at > 500_000,
        "the store is too small to tell anything: {looked_at} bytes"
    );
}
