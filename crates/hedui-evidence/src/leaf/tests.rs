//! The leaf's encoding: golden bytes, one encoding per leaf, limits.
//! Left to others: leaves inside frames (`frame`).

use proptest::prelude::*;

use smol_str::SmolStr;

use super::*;

fn golden() -> Leaf {
    Leaf {
        kind: LeafKind::Answer,
        evidence_id: EvidenceId([0x11; 16]),
        case: CaseId([0x22; 16]),
        district: "511703".into(),
        department: "housing".into(),
        purpose: "dibao".into(),
        asked_at_ms: 1_763_773_200_000,
        answered_at_ms: 1_763_773_200_250,
        outcome: "FOUND".into(),
        ciphertext_digest: [0x33; 32],
        commitment: [0x44; 32],
        authorization: [0x55; 32],
        actor: "v-7".into(),
        rests_on: vec![EvidenceId([0x66; 16])],
    }
}

/// Written by hand from the table in README.md, not by the encoder.
fn golden_bytes() -> Vec<u8> {
    let mut bytes = vec![1, 2];
    bytes.extend([0x11; 16]);
    bytes.extend([0x22; 16]);
    bytes.extend([0x00, 0x00, 0x01, 0x9A, 0xA9, 0x13, 0x36, 0x80]);
    bytes.extend([0x00, 0x00, 0x01, 0x9A, 0xA9, 0x13, 0x37, 0x7A]);
    bytes.extend([0x33; 32]);
    bytes.extend([0x44; 32]);
    bytes.extend([0x55; 32]);
    bytes.extend(b"\x00\x06511703");
    bytes.extend(b"\x00\x07housing");
    bytes.extend(b"\x00\x05dibao");
    bytes.extend(b"\x00\x05FOUND");
    bytes.extend(b"\x00\x03v-7");
    bytes.extend([0x00, 0x01]);
    bytes.extend([0x66; 16]);
    bytes
}

#[test]
fn version_1_is_these_bytes_for_ever() {
    assert_eq!(golden().encode().unwrap(), golden_bytes());
    assert_eq!(Leaf::decode(&golden_bytes()).unwrap(), golden());
}

#[test]
fn kinds_keep_their_codes() {
    let codes: Vec<u8> = LeafKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, (1..=10).collect::<Vec<_>>());
    for code in 0..=u8::MAX {
        assert_eq!(
            LeafKind::from_code(code).map(LeafKind::code),
            (1..=10).contains(&code).then_some(code)
        );
    }
}

#[test]
fn no_prefix_and_no_longer_text_is_a_leaf() {
    let bytes = golden_bytes();
    for end in 0..bytes.len() {
        assert!(Leaf::decode(&bytes[..end]).is_err(), "cut at {end}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(Leaf::decode(&longer), Err(CodecError::Trailing(1)));
    let mut next = bytes.clone();
    next[0] = 2;
    assert_eq!(Leaf::decode(&next), Err(CodecError::Version { what: "leaf", found: 2 }));
    next = bytes;
    next[1] = 77;
    assert_eq!(
        Leaf::decode(&next),
        Err(CodecError::Code {
            what: "leaf kind",
            found: 77
        })
    );
}

#[test]
fn the_largest_leaf_fits_and_the_next_does_not() {
    let text = SmolStr::new("x".repeat(MAX_TEXT_BYTES));
    let largest = Leaf {
        district: text.clone(),
        department: text.clone(),
        purpose: text.clone(),
        outcome: text.clone(),
        actor: text.clone(),
        rests_on: vec![EvidenceId([9; 16]); MAX_RESTS_ON],
        ..golden()
    };
    let bytes = largest.encode().unwrap();
    assert!(bytes.len() <= MAX_LEAF_BYTES);
    assert_eq!(Leaf::decode(&bytes).unwrap(), largest);
    let one_more = Leaf {
        rests_on: vec![EvidenceId([9; 16]); MAX_RESTS_ON + 1],
        ..golden()
    };
    assert!(matches!(
        one_more.encode(),
        Err(CodecError::TooLarge {
            what: "leaf rests_on",
            ..
        })
    ));
    let longer = Leaf {
        outcome: SmolStr::new("x".repeat(MAX_TEXT_BYTES + 1)),
        ..golden()
    };
    assert!(matches!(
        longer.encode(),
        Err(CodecError::TooLarge {
            what: "leaf outcome",
            ..
        })
    ));
}

fn leaves() -> impl Strategy<Value = Leaf> {
    let texts = prop::array::uniform5("\\PC{0,20}");
    let kinds = prop::sample::select(LeafKind::ALL.to_vec());
    let rests_on = prop::collection::vec(any::<[u8; 16]>().prop_map(EvidenceId), 0..5);
    (
        kinds,
        any::<([u8; 16], [u8; 16], i64, i64)>(),
        any::<[[u8; 32]; 3]>(),
        texts,
        rests_on,
    )
        .prop_map(
            |(
                kind,
                (id, case, asked_at_ms, answered_at_ms),
                hashes,
                [district, department, purpose, outcome, actor],
                on,
            )| {
                let [ciphertext_digest, commitment, authorization] = hashes;
                let (evidence_id, case, rests_on) = (EvidenceId(id), CaseId(case), on);
                Leaf {
                    kind,
                    evidence_id,
                    case,
                    district: district.into(),
                    department: department.into(),
                    purpose: purpose.into(),
                    asked_at_ms,
                    answered_at_ms,
                    outcome: outcome.into(),
                    ciphertext_digest,
                    commitment,
                    authorization,
                    actor: actor.into(),
                    rests_on,
                }
            },
        )
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(leaf in leaves()) {
        let bytes = leaf.encode().unwrap();
        prop_assert_eq!(leaf.encoded_bytes(), bytes.len());
        prop_assert_eq!(Leaf::decode(&bytes).unwrap(), leaf);
    }

    #[test]
    fn whatever_decodes_is_the_only_encoding(leaf in leaves(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut bytes = leaf.encode().unwrap();
        let at = at.index(bytes.len());
        bytes[at] = to;
        if let Ok(other) = Leaf::decode(&bytes) {
            prop_assert_eq!(other.encode().unwrap(), bytes);
        }
    }
}
