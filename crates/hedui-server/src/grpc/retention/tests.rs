//! The laws of what is told of retention, and to whom.

use hedui_broker::{Destroyed, Hold, ShredRequest};
use hedui_evidence::EvidenceId;

use super::*;

/// Everything that can be told, each text recognisable.
fn everything(state: RetentionState) -> Standing {
    Standing {
        state,
        district: "511703".to_owned(),
        last_at_ms: 1,
        frozen_from_ms: 2_000,
        frozen_by_hand: true,
        kept_until: Date::constant(2031, 11, 22),
        holds: vec![Hold {
            reference: "secret hold".to_owned(),
            placed_at_ms: 3_000,
            actor: "secret/holder".to_owned(),
        }],
        request: Some(ShredRequest {
            evidence_id: EvidenceId([1; 16]),
            requested_at_ms: 4_000,
            expires_at_ms: 5_000,
            actor: "secret/asker".to_owned(),
            legal_reference: "secret order".to_owned(),
            basis: Basis::OrderedByLaw("secret provision".to_owned()),
        }),
        destroyed: Some(Destroyed {
            at_ms: 6_000,
            legal_reference: "secret order".to_owned(),
            basis: Basis::OrderedByLaw("secret provision".to_owned()),
            expiry: Some(CaseId([2; 16])),
            actor: "secret/second".to_owned(),
            records: 12,
        }),
    }
}

#[test]
fn whoever_may_not_ask_is_told_state_and_dates_and_nobodys_name() {
    for state in [RetentionState::Active, RetentionState::Frozen, RetentionState::Shredded] {
        let found = everything(state);
        let (whole, outline) = (standing(CaseId([3; 16]), &found), outline(CaseId([3; 16]), &found));
        assert!(format!("{whole:?}").contains("secret"));
        assert!(!format!("{outline:?}").contains("secret"), "{outline:?}");
        assert_eq!(
            (&outline.name, outline.state, &outline.frozen_from, &outline.kept_until),
            (&whole.name, whole.state, &whole.frozen_from, &whole.kept_until)
        );
        assert!(outline.holds.is_empty() && outline.request.is_none() && !outline.frozen_by_hand);
        let at = pb::Destroyed {
            destroyed_at: Some(timestamp(6_000)),
            ..pb::Destroyed::default()
        };
        assert_eq!(outline.destroyed, Some(at));
    }
}
