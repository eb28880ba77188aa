//! Signed answers: what is signed reads as it would unsigned, and whatever is changed is not the department's own.

use hedui_core::{AnswerState, DepartmentId, PinnedKey, Unreachable};
use hedui_proto::department as p;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::testing::answered;
use crate::wire::{decode_answer, encode_answer};

const SECRET: [u8; 32] = [7; 32];

fn bank() -> DepartmentId {
    DepartmentId::new("bank").unwrap()
}

fn pin(id: &str, secret: &[u8; 32]) -> PinnedKey {
    let key = Signer::new(id, secret).public_key();
    PinnedKey {
        id: id.to_owned(),
        public_key: blake3::Hash::from_bytes(key).to_hex().to_string(),
    }
}

fn all_failed(answers: &[hedui_core::SubjectAnswer]) -> bool {
    let failed = |s: &AnswerState| {
        matches!(
            s,
            AnswerState::Unreachable {
                cause: Unreachable::Failed
            }
        )
    };
    answers.iter().all(|a| failed(&a.state))
}

proptest! {
    #[test]
    fn a_signed_answer_holds_under_its_key_and_reads_as_the_unsigned_one((query, answers) in answered()) {
        let plain = encode_answer(&query, &answers);
        let bytes = Signer::new("2026", &SECRET).sign(&bank(), &query.query_id, &plain);
        prop_assert_eq!(decode_answer(&bytes, &query), answers);
        // Old and new key stand side by side while a department changes from one to the other.
        let pinned = [pin("2025", &[6; 32]), pin("2026", &SECRET)];
        prop_assert_eq!(check_signature(&bytes, &bank(), &pinned), Ok(()));
        prop_assert_eq!(check_signature(&bytes, &bank(), &[]), Ok(()));
        let other = DepartmentId::new("other-bank").unwrap();
        prop_assert_eq!(check_signature(&bytes, &other, &pinned), Err(Reason::SignatureInvalid));
        prop_assert_eq!(check_signature(&bytes, &bank(), &pinned[..1]), Err(Reason::SignatureKeyUnknown));
        prop_assert_eq!(check_signature(&bytes, &bank(), &[pin("2026", &[6; 32])]), Err(Reason::SignatureInvalid));
        prop_assert_eq!(check_signature(&plain, &bank(), &pinned), Err(Reason::SignatureMissing));
        // The generated code, which others use, sees the same.
        let message = p::QueryResponse::decode(bytes.clone()).unwrap();
        prop_assert_eq!((message.query_id, message.results.len()), (query.query_id, 0));
        prop_assert_eq!((message.signature.len(), &message.signed_answer), (64, &plain));
    }

    #[test]
    fn no_bit_of_a_signed_answer_can_be_changed_unseen(
        (query, answers) in answered(), at in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let bytes = Signer::new("2026", &SECRET).sign(&bank(), &query.query_id, &encode_answer(&query, &answers));
        let mut changed = bytes.to_vec();
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        let changed = Bytes::from(changed);
        // Beside the signed bytes stands only the id of the question, and a change of that makes it the answer to another question.
        if check_signature(&changed, &bank(), &[pin("2026", &SECRET)]).is_ok() {
            let read = decode_answer(&changed, &query);
            prop_assert!(read == answers || all_failed(&read), "{:?}", read);
        }
    }

    #[test]
    fn what_stands_beside_or_within_a_signed_answer_is_nobodys((query, answers) in answered()) {
        let plain = encode_answer(&query, &answers);
        let signer = Signer::new("2026", &SECRET);
        let signed = signer.sign(&bank(), &query.query_id, &plain);
        let mut beside = p::QueryResponse::decode(signed.clone()).unwrap();
        beside.results = p::QueryResponse::decode(plain).unwrap().results;
        prop_assert!(all_failed(&decode_answer(&Bytes::from(beside.encode_to_vec()), &query)));
        let within = signer.sign(&bank(), &query.query_id, &signed);
        prop_assert!(all_failed(&decode_answer(&within, &query)));
        let twice = [&signed[..], &signed[..]].concat();
        prop_assert_eq!(check_signature(&twice, &bank(), &[pin("2026", &SECRET)]), Err(Reason::MalformedAnswer));
    }
}

#[test]
fn a_key_under_which_anything_verifies_cannot_be_pinned() {
    // The neutral element, and a point of order two.
    for weak in ["01", "ec"] {
        let rest = if weak == "01" {
            "00".repeat(31)
        } else {
            format!("{}7f", "ff".repeat(30))
        };
        assert!(public_key(&format!("{weak}{rest}")).is_none(), "{weak}");
    }
    assert!(public_key(&pin("2026", &SECRET).public_key).is_some());
    assert!(public_key("2026").is_none());
}
