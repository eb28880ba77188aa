//! The kit passes good plugins, and each deliberately broken one fails exactly the check of the rule that it breaks.

mod broken;
mod kinds;
mod shipped;

use std::sync::Arc;

use super::*;
use crate::samples::{Person, TypedAdapter};
use crate::serve::serve;
use crate::testing::{description, query, subject};

fn samples() -> Samples {
    let mut unknown = subject(3);
    unknown.name = "欧阳探测".to_owned();
    Samples {
        known: query(2),
        unknown,
        pinned: Vec::new(),
    }
}

fn good() -> TypedAdapter {
    let land = hedui_core::record::Land {
        kind: hedui_core::record::LandKind::Farmland,
        contract_number: "A1".into(),
        area_centimu: Some(320),
        leased_out: true,
        annual_rent: Some(hedui_core::Fen(12_300)),
    };
    let record = hedui_core::Record {
        reference: "A1".into(),
        body: hedui_core::RecordBody::Land(land),
    };
    let person = subject(0);
    let person = Person {
        id_number: person.id.expose().to_owned(),
        name: person.name,
        records: vec![record],
    };
    let mut description = description();
    description.lookup_keys.push(crate::adapter::LookupKey::Name);
    TypedAdapter::new(description, [person])
}

fn failed(reports: &[CheckReport]) -> Vec<&'static str> {
    reports
        .iter()
        .filter(|r| r.outcome == Outcome::Failed)
        .map(|r| r.name)
        .collect()
}

#[tokio::test]
async fn a_good_plugin_passes_every_check_and_none_is_left_out() {
    let signed = crate::adapter::Signed {
        adapter: good(),
        signer: crate::wire::Signer::new("2026", &[7; 32]),
    };
    let serving = serve(Arc::new(signed)).await.unwrap();
    let reports = run(&serving.endpoint(), &samples(), Level::Full, Arc::new(|_| 0))
        .await
        .unwrap();
    assert!(reports.iter().all(|r| r.outcome == Outcome::Passed), "{reports:?}");
    assert_eq!(reports.len(), 21);
    let core = run(&serving.endpoint(), &samples(), Level::Core, Arc::new(|_| 0))
        .await
        .unwrap();
    assert_eq!(core.len(), 10);
}

#[tokio::test]
async fn a_plugin_that_is_not_there_passes_no_check_that_needs_an_answer() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let reports = run(&endpoint, &samples(), Level::Core, Arc::new(|_| 0)).await.unwrap();
    let passed: Vec<_> = reports
        .iter()
        .filter(|r| r.outcome == Outcome::Passed)
        .map(|r| r.name)
        .collect();
    assert_eq!(passed, vec!["no-identity"]);
}

fn pin(secret: u8) -> hedui_core::PinnedKey {
    let key = crate::wire::Signer::new("2026", &[secret; 32]).public_key();
    hedui_core::PinnedKey {
        id: "2026".to_owned(),
        public_key: blake3::Hash::from_bytes(key).to_hex().to_string(),
    }
}

#[tokio::test]
async fn a_pinned_key_is_published_and_signed_under_or_the_check_of_signatures_fails() {
    let signed = crate::adapter::Signed {
        adapter: good(),
        signer: crate::wire::Signer::new("2026", &[7; 32]),
    };
    let signs = serve(Arc::new(signed)).await.unwrap();
    let plain = serve(Arc::new(good())).await.unwrap();
    for (serving, pinned, wrong) in [
        (&signs, vec![pin(7)], None),
        (&signs, vec![pin(6), pin(7)], Some("SIGNATURE_INVALID")),
        (&signs, vec![pin(6)], Some("is not pinned")),
        (&plain, vec![pin(7)], Some("none is published")),
        (&plain, vec![], None),
    ] {
        let samples = Samples {
            pinned: pinned.clone(),
            ..samples()
        };
        let reports = run(&serving.endpoint(), &samples, Level::Core, Arc::new(|_| 0))
            .await
            .unwrap();
        let signatures = reports.iter().find(|r| r.name == "signatures").unwrap();
        match wrong {
            None => assert_eq!(failed(&reports), Vec::<&str>::new(), "{pinned:?}"),
            Some(wrong) => {
                assert_eq!(failed(&reports), vec!["signatures"], "{pinned:?}");
                assert!(signatures.message.contains(wrong), "{signatures:?}");
            }
        }
    }
}
