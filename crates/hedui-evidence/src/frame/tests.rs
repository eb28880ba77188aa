//! The frame's record: golden bytes, what damage it notices, limits.
//! Left to others: records in segments (`segment`).

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::envelope::{KEY_COUNT_AT, VERSION_KEYS_INSIDE};
use super::*;
use crate::contract::sample_frame;

fn golden() -> Frame {
    Frame {
        id: FrameId([0xA1; 16]),
        kind: FrameKind::Verdict,
        district: "511703".to_owned(),
        case: CaseId([0x22; 16]),
        time_ms: 1_763_773_200_300,
        index: vec![IndexKey([0xB1; 16]), IndexKey([0xB2; 16])],
        leaves: vec![Leaf {
            kind: crate::LeafKind::Verdict,
            evidence_id: EvidenceId([0x11; 16]),
            case: CaseId([0x22; 16]),
            district: Default::default(),
            department: Default::default(),
            purpose: Default::default(),
            asked_at_ms: 1,
            answered_at_ms: -1,
            outcome: Default::default(),
            ciphertext_digest: [0x33; 32],
            commitment: [0x44; 32],
            authorization: [0x55; 32],
            actor: Default::default(),
            rests_on: Vec::new(),
        }],
        sealed: vec![Sealed {
            evidence_id: EvidenceId([0x11; 16]),
            period_key: KeyId([0x77; 16]),
            wrapped_key: [0x88; WRAPPED_KEY_BYTES],
            ciphertext: vec![0x99; 5],
        }],
    }
}

/// The body, written by hand from the table in README.md.
fn golden_body(version: u8) -> Vec<u8> {
    let mut body = vec![0xA1; 16];
    body.push(2);
    body.extend([0x22; 16]);
    body.extend([0x00, 0x00, 0x01, 0x9A, 0xA9, 0x13, 0x37, 0xAC]);
    if version == 4 {
        body.extend([0x00, 0x01]);
    }
    body.extend(b"\x00\x06511703");
    body.extend([0x00, 0x02]);
    body.extend([0xB1; 16]);
    body.extend([0xB2; 16]);
    body.extend([0x00, 0x01]);
    body.extend([0x00, 0x9E]);
    body.extend([1, 3]);
    body.extend([0x11; 16]);
    body.extend([0x22; 16]);
    body.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    body.extend([0xFF; 8]);
    body.extend([0x33; 32]);
    body.extend([0x44; 32]);
    body.extend([0x55; 32]);
    body.extend([0; 12]);
    if version == 3 {
        body.extend([0x00, 0x01]);
    }
    body.extend([0x11; 16]);
    body.extend([0x77; 16]);
    if version == 3 {
        body.extend([0x88; 60]);
    }
    body.extend([0, 0, 0, 5]);
    body.extend([0x99; 5]);
    body
}

/// CRC-32 (IEEE 802.3), bit by bit: an oracle that shares nothing with the library used.
fn slow_crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

/// A record of this version with whatever stands behind what its CRC covers.
fn golden_with(version: u8, keys: &[u8]) -> Vec<u8> {
    let covered = [&[version], golden_body(version).as_slice()].concat();
    let length = u32::try_from(covered.len() + keys.len()).unwrap().to_be_bytes();
    let crc = slow_crc(&[length.as_slice(), &covered].concat()).to_be_bytes();
    [length.as_slice(), &crc, &covered, keys].concat()
}

/// The wrapped key and its check: the CRC of its number, 0, and itself.
fn golden_key() -> Vec<u8> {
    let mut numbered = vec![0, 0];
    numbered.extend([0x88; 60]);
    [&[0x88; 60], slow_crc(&numbered).to_be_bytes().as_slice()].concat()
}

fn golden_record() -> Vec<u8> {
    golden_with(4, &golden_key())
}

#[test]
fn version_4_is_these_bytes_for_ever() {
    assert_eq!(golden().encode().unwrap(), golden_record());
    assert_eq!(Frame::decode(&golden_record()).unwrap(), golden());
    assert_eq!(slow_crc(b"123456789"), 0xCBF4_3926, "the check value of CRC-32");
    assert_eq!(golden_record()[..4], [0x00, 0x00, 0x01, 0x61]);
}

#[test]
fn version_3_is_read_for_ever() {
    let record = golden_with(3, &[]);
    assert_eq!(record[..8], [0x00, 0x00, 0x01, 0x5D, 0x88, 0xB1, 0x68, 0xC5]);
    assert_eq!(Frame::decode(&record).unwrap(), golden());
    assert_eq!(Frame::decode_head(&record).unwrap().id, golden().id);
    assert_eq!(Frame::leaf_bytes(&Bytes::from(record.clone())).unwrap().len(), 1);
    assert_eq!(
        key_slots(&record).unwrap().1,
        KeySlots::Inside(vec![EvidenceId([0x11; 16])])
    );
    for bit in 0..record.len() * 8 {
        let mut damaged = record.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::decode(&damaged).is_err(), "bit {bit}");
        assert_eq!(record_is_whole(&damaged), Whole::No, "bit {bit}");
    }
}

#[test]
fn a_destroyed_key_leaves_everything_else_as_it_was() {
    let record = golden_with(4, &[0; 64]);
    let mut shredded = golden();
    shredded.sealed[0].wrapped_key = [0; 60];
    assert_eq!(Frame::decode(&record).unwrap(), shredded);
    assert!(shredded.sealed[0].is_shredded() && !golden().sealed[0].is_shredded());
    assert_eq!(
        shredded.encode().unwrap(),
        record,
        "it is the same record but for the key"
    );
    let (before, after) = (Bytes::from(golden_record()), Bytes::from(record));
    assert_eq!(Frame::leaf_bytes(&before).unwrap(), Frame::leaf_bytes(&after).unwrap());
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_key_that_is_half_overwritten_is_recognised_and_found() {
    let at = golden_record().len() - 64;
    for mask in [
        1u64,
        1 << 63,
        0xFFFF,
        0xFFFF << 48,
        u64::MAX >> 1,
        u64::MAX << 1,
        0x0FFF_FFFF_FFFF_FFFF,
    ] {
        let mut record = golden_record();
        (0..64)
            .filter(|byte| mask >> byte & 1 == 1)
            .for_each(|byte| record[at + byte] = 0);
        assert_eq!(record_is_whole(&record), Whole::ButKeys, "{mask:x}");
        assert_eq!(Frame::decode(&record), Err(CodecError::WrappedKey));
        assert_eq!(Frame::decode_head(&record), Err(CodecError::WrappedKey));
        let evidence_id = EvidenceId([0x11; 16]);
        let state = KeyState::Neither;
        assert_eq!(
            key_slots(&record).unwrap().1,
            KeySlots::AtTheEnd(vec![KeySlot { evidence_id, at, state }])
        );
    }
}

#[test]
fn keys_that_changed_places_are_noticed() {
    let mut frame = golden();
    let mut other = frame.sealed[0].clone();
    other.wrapped_key = [0x89; 60];
    frame.sealed.push(other);
    let mut record = frame.encode().unwrap();
    let at = record.len() - 128;
    let (one, two) = record[at..].split_at_mut(64);
    one.swap_with_slice(two);
    assert_eq!(Frame::decode(&record), Err(CodecError::WrappedKey));
}

#[test]
fn the_head_is_read_without_the_rest() {
    let (head, frame) = (Frame::decode_head(&golden_record()).unwrap(), golden());
    assert_eq!(
        (head.id, head.kind, head.case, head.time_ms),
        (frame.id, frame.kind, frame.case, frame.time_ms)
    );
    assert_eq!((head.district, head.index), (frame.district, frame.index));
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let record = golden_record();
    for bit in 0..record.len() * 8 {
        let mut damaged = record.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Frame::decode(&damaged).is_err(), "bit {bit}");
        assert!(Frame::decode_head(&damaged).is_err(), "bit {bit}, head only");
    }
}

#[test]
fn no_part_of_a_record_is_a_record() {
    let record = golden_record();
    for end in 0..record.len() {
        assert!(Frame::decode(&record[..end]).is_err(), "cut at {end}");
    }
    assert!(Frame::decode(&[record.as_slice(), &[0]].concat()).is_err());
}

#[test]
fn too_many_parts_are_refused() {
    let many = Frame {
        leaves: vec![golden().leaves[0].clone(); MAX_PARTS + 1],
        ..golden()
    };
    assert!(matches!(
        many.encode(),
        Err(CodecError::TooLarge {
            what: "frame leaves",
            ..
        })
    ));
    let sealed = Sealed {
        ciphertext: vec![0; MAX_FRAME_BYTES],
        ..golden().sealed[0].clone()
    };
    let heavy = Frame {
        sealed: vec![sealed],
        ..golden()
    };
    assert!(matches!(
        heavy.encode(),
        Err(CodecError::TooLarge { what: "frame", .. })
    ));
}

#[test]
fn kinds_keep_their_codes() {
    let codes: Vec<u8> = FrameKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, (1..=8).collect::<Vec<_>>());
    assert!(
        FrameKind::ALL
            .iter()
            .all(|kind| FrameKind::from_code(kind.code()) == Some(*kind))
    );
    assert_eq!((FrameKind::from_code(0), FrameKind::from_code(9)), (None, None));
}

/// A frame as a store from before shredding holds it.
pub(crate) fn record_of_version_3(frame: &Frame) -> Record {
    let mut body = vec![VERSION_KEYS_INSIDE];
    frame.encode_head(frame.sealed.len(), &mut body).unwrap();
    // The number of keys does not stand in this head.
    body.drain(KEY_COUNT_AT..KEY_COUNT_AT + 2);
    put_count(&mut body, "leaves", frame.leaves.len(), MAX_PARTS).unwrap();
    for leaf in &frame.leaves {
        encode_leaf(leaf, &mut body).unwrap();
    }
    put_count(&mut body, "sealed", frame.sealed.len(), MAX_PARTS).unwrap();
    for sealed in &frame.sealed {
        let at = body.len() + 32;
        encode_sealed(sealed, &mut body).unwrap();
        body.splice(at..at, sealed.wrapped_key);
    }
    let prefix = record_prefix(&body, 0).unwrap();
    Record {
        bytes: [prefix.as_slice(), &body].concat(),
        ..frame.record().unwrap()
    }
}

#[test]
fn the_helper_for_version_3_writes_its_golden_bytes() {
    assert_eq!(record_of_version_3(&golden()).bytes, golden_with(3, &[]));
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(seed in any::<u64>(), records in 0usize..12, keys in 0usize..5) {
        let mut rng = StdRng::seed_from_u64(seed);
        let index: Vec<_> = (0..keys).map(|_| IndexKey::random(&mut rng)).collect();
        let case = CaseId::random(&mut rng);
        let frame = sample_frame(&mut rng, case, &index, records);
        let record = frame.encode().unwrap();
        prop_assert_eq!(frame.encoded_bytes(), record.len(), "the buffer is made for exactly this record");
        prop_assert_eq!(Frame::decode(&record).unwrap(), frame);
    }
}
