//! The reader against bytes typed from the documented form, and against every way to spoil them.

use proptest::prelude::*;

use super::*;

/// A leaf by its documented places.
fn bytes(kind: u8, texts: [&str; 5], rests_on: usize) -> Vec<u8> {
    let mut leaf = vec![1, kind];
    leaf.extend([0xE0; 16]);
    leaf.extend([0xCA; 16]);
    leaf.extend(1_795_000_000_000i64.to_be_bytes());
    leaf.extend((-1i64).to_be_bytes());
    leaf.extend([0xD1; 32]);
    leaf.extend([0xC0; 32]);
    leaf.extend([0xA0; 32]);
    for text in texts {
        leaf.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
        leaf.extend(text.as_bytes());
    }
    leaf.extend(u16::try_from(rests_on).unwrap().to_be_bytes());
    leaf.extend(std::iter::repeat_n([0x07; 16], rests_on).flatten());
    leaf
}

#[test]
fn every_field_is_read_from_its_documented_place() {
    let bytes = bytes(2, ["511703", "housing", "dibao", "FOUND,NO_RECORD", "window/0042"], 2);
    let leaf = Leaf::read(&bytes).unwrap();
    assert_eq!(
        (leaf.kind, leaf.evidence, leaf.case),
        ("ANSWER", [0xE0; 16], [0xCA; 16])
    );
    assert_eq!((leaf.asked_at_ms, leaf.answered_at_ms), (1_795_000_000_000, -1));
    assert_eq!(
        (leaf.ciphertext_digest, leaf.commitment, leaf.authorization),
        ([0xD1; 32], [0xC0; 32], [0xA0; 32])
    );
    let texts = [
        &leaf.district,
        &leaf.department,
        &leaf.purpose,
        &leaf.outcome,
        &leaf.actor,
    ];
    assert_eq!(texts, ["511703", "housing", "dibao", "FOUND,NO_RECORD", "window/0042"]);
    assert_eq!(leaf.rests_on, [[0x07; 16]; 2]);
}

#[test]
fn what_is_no_leaf_of_version_1_is_named() {
    let good = bytes(1, ["a", "", "", "", ""], 0);
    let change = |at: usize, to: u8| {
        let mut bytes = good.clone();
        bytes[at] = to;
        Leaf::read(&bytes).unwrap_err()
    };
    assert_eq!(change(0, 2), LeafError::Version(2));
    assert_eq!(change(1, 0), LeafError::Kind(0));
    assert_eq!(change(1, 11), LeafError::Kind(11));
    assert_eq!(change(148, 0xFF), LeafError::Text("district"));
    assert_eq!(
        Leaf::read(&[good.as_slice(), &[0]].concat()),
        Err(LeafError::Trailing(1))
    );
    for cut in 0..good.len() {
        assert!(matches!(Leaf::read(&good[..cut]), Err(LeafError::Short(_))), "{cut}");
    }
    let long = "x".repeat(MAX_TEXT_BYTES + 1);
    assert_eq!(
        Leaf::read(&bytes(1, ["", "", "", &long, ""], 0)),
        Err(LeafError::Text("outcome"))
    );
    assert_eq!(
        Leaf::read(&bytes(1, [""; 5], MAX_RESTS_ON + 1)),
        Err(LeafError::TooMany)
    );
    assert!(Leaf::read(&bytes(9, [""; 5], MAX_RESTS_ON)).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(noise in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Leaf::read(&noise);
        let mut almost = vec![1, 2];
        almost.extend(noise);
        let _ = Leaf::read(&almost);
    }
}
