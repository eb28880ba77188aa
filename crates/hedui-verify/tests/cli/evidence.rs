//! `hedui-verify evidence`: a leaf of a hedui log with its records, and every way in which they do not belong together.
//! Leaves proofs that fail for themselves to `proof`.

use hedui_log::merkle::{Frontier, leaf_hash};
use hedui_log::proof::TlogProof;

use crate::fixture::{self, signed};
use crate::{Place, change};

const ASK: [&str; 4] = ["evidence", "1-ANSWER-housing.tlog-proof", "--policy", "policy"];
const SALT: [u8; 32] = [0x5A; 32];
const RECORD: &[u8] = b"what the department said";
const SEALED: &[u8] = b"the same under a key";

fn leaf() -> Vec<u8> {
    let commitment = blake3::keyed_hash(&SALT, RECORD);
    fixture::leaf(blake3::hash(SEALED).into(), commitment.into())
}

fn proof(extra: Vec<u8>) -> String {
    let mut tree = Frontier::new();
    let before = leaf_hash(b"something else");
    for hash in [before, leaf_hash(&leaf())] {
        tree.append(hash, |_, _, _| ());
    }
    let proof = TlogProof {
        extra: Some(extra),
        index: 1,
        path: vec![before],
        checkpoint: signed(2, tree.root(), &[0, 1]),
    };
    proof.to_string()
}

fn disclosed(salt: [u8; 32]) -> Vec<u8> {
    [&[1][..], &salt, &leaf()].concat()
}

fn place() -> Place {
    let place = Place::new();
    place.write("1-ANSWER-housing.tlog-proof", proof(disclosed(SALT)).as_bytes());
    place.write("1-ANSWER-housing.record", RECORD);
    place.write("1-ANSWER-housing.sealed", SEALED);
    place
}

#[test]
fn evidence_is_described_and_the_records_beside_it_are_found_and_checked() {
    let place = place();
    let (code, json) = place.ask(&ASK);
    assert_eq!((code, &json["verdict"]), (0, &true.into()), "{json}");
    assert_eq!(json["fits_the_leaf"], serde_json::json!(["sealed record", "record"]));
    for (part, value) in [
        ("kind", "ANSWER"),
        ("district", "511703"),
        ("department", "housing"),
        ("purpose", "dibao"),
        ("outcome", "FOUND"),
        ("actor", "window/0042"),
        ("asked_at", "2025-11-22T01:00:00Z"),
        ("answered_at", "2025-11-22T01:00:01Z"),
    ] {
        assert_eq!(json[part], value, "{part}");
    }
    // Named elsewhere, or not there at all.
    std::fs::rename(place.path("1-ANSWER-housing.record"), place.path("r")).unwrap();
    std::fs::remove_file(place.path("1-ANSWER-housing.sealed")).unwrap();
    let (code, json) = place.ask(&[&ASK[..], &["--record", "r"]].concat());
    assert_eq!((code, &json["fits_the_leaf"]), (0, &serde_json::json!(["record"])));
    assert_eq!(place.ask(&ASK).1["fits_the_leaf"], serde_json::json!([]));
    assert_eq!(
        place.run(&[&ASK[..], &["--record", "gone"]].concat()).status.code(),
        Some(2)
    );
}

#[test]
fn whatever_does_not_belong_together_is_named() {
    let reason = |spoil: &dyn Fn(&Place)| {
        let place = place();
        spoil(&place);
        let (code, json) = place.ask(&ASK);
        assert_eq!((code, &json["verdict"]), (1, &false.into()));
        json["reason"].as_str().unwrap().to_owned()
    };
    let flip = |name: &'static str| move |place: &Place| drop(change(&place.path(name), |bytes| bytes[3] ^= 1));
    let write = |extra: Vec<u8>| {
        move |place: &Place| place.write("1-ANSWER-housing.tlog-proof", proof(extra.clone()).as_bytes())
    };
    assert_eq!(reason(&flip("1-ANSWER-housing.record")), "RECORD_DIFFERS");
    assert_eq!(reason(&flip("1-ANSWER-housing.sealed")), "SEALED_RECORD_DIFFERS");
    assert_eq!(reason(&write(disclosed([0; 32]))), "NO_SALT");
    let mut salt = SALT;
    salt[31] ^= 1;
    assert_eq!(reason(&write(disclosed(salt))), "RECORD_DIFFERS");
    assert_eq!(reason(&write(vec![2; 200])), "NO_LEAF");
    assert_eq!(reason(&write(vec![1; 20])), "NO_LEAF");
    let mut other = disclosed(SALT);
    // The outcome of the leaf: FOUND becomes GOUND.
    let at = other.windows(5).position(|five| five == b"FOUND").unwrap();
    other[at] += 1;
    assert_eq!(reason(&write(other)), "WRONG_ROOT");
    assert_eq!(reason(&flip("1-ANSWER-housing.tlog-proof")), "PROOF_FILE_HEADER");
}
