//! Cosignatures against those that another implementation wrote, and every flipped byte of one.
//! Leaves quorums to `policy/tests.rs`.

use super::*;
use crate::fixture::{Log, PROOF, TIME, VKEYS, log_key, witness};
use crate::proof::TlogProof;

#[test]
fn cosignatures_are_byte_for_byte_those_of_another_implementation() {
    let proof = TlogProof::parse(PROOF.as_bytes()).unwrap();
    let theirs = Note::parse(proof.checkpoint.as_bytes()).unwrap();
    let ours = Log::new(11).signed(11, &[0, 1]);
    assert_eq!(ours.to_string(), theirs.to_string());
    for (at, time) in [(0, TIME), (1, TIME + 60)] {
        let key = VerifierKey::parse(VKEYS[usize::from(at) + 1]).unwrap();
        assert_eq!(key, witness(at).verifier());
        assert_eq!(verify(&theirs, &key), Ok(time));
    }
}

#[test]
fn the_example_of_the_specification_has_its_time() {
    let text = "example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
";
    let note = Note::parse(text.as_bytes()).unwrap();
    let signature = &note.signatures()[0];
    assert_eq!(signature.id(), 0x8d66_cf3f);
    let (time, raw) = split(signature.bytes()).unwrap();
    assert_eq!((time, raw.len()), (1_679_315_147, 64));
    let signed = message(note.text(), time);
    assert!(signed.starts_with("cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsU"));
    assert!(signed.ends_with("xq2I=\n"));
}

#[test]
fn a_flipped_byte_of_a_cosignature_or_its_time_is_noticed() {
    let (log, key) = (Log::new(3), witness(0));
    let note = log.signed(3, &[0]);
    assert_eq!(verify(&note, &key.verifier()), Ok(TIME));
    let good = note.signatures()[1].bytes().to_vec();
    let forged = |bytes: &[u8]| {
        let mut note = Note::unsigned(note.text()).unwrap();
        note.push_signature(&key.0.line(bytes)).unwrap();
        verify(&note, &key.verifier())
    };
    assert_eq!(forged(&good), Ok(TIME));
    let bad = NoteError::BadSignature {
        name: key.name().to_owned(),
    };
    for at in 0..good.len() {
        let mut bytes = good.clone();
        bytes[at] ^= 0x80;
        assert_eq!(forged(&bytes), Err(bad.clone().into()), "byte {at}");
    }
    for length in [1, 7, 8, 71] {
        assert_eq!(forged(&good[..length]), Err(bad.clone().into()));
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert_eq!(forged(&longer), Err(bad.clone().into()));
    // A signature that is true, over a time that none may state.
    for (time, verdict) in [(MAX_TIME, Ok(MAX_TIME)), (MAX_TIME + 1, Err(bad.into()))] {
        let raw = key.0.sign_raw(message(note.text(), time).as_bytes());
        let bytes = [time.to_be_bytes().as_slice(), &raw].concat();
        assert_eq!(forged(&bytes), verdict);
    }
    // The same signature does not hold for another tree.
    let mut other = Note::unsigned(&log.text(2)).unwrap();
    other.push_signature(&key.0.line(&good)).unwrap();
    assert!(verify(&other, &key.verifier()).is_err());
}

#[test]
fn of_several_times_the_earliest_counts() {
    let (log, key) = (Log::new(3), witness(0));
    for times in [[TIME, TIME + 5], [TIME + 5, TIME]] {
        let mut note = Note::unsigned(&log.text(3)).unwrap();
        for time in times {
            note.push_signature(&key.sign(&log.text(3), time).unwrap()).unwrap();
        }
        assert_eq!(verify(&note, &key.verifier()), Ok(TIME));
    }
}

#[test]
fn what_cannot_be_stated_is_refused() {
    let (text, key) = (Log::new(3).text(3), witness(0));
    for time in [0, MAX_TIME + 1, u64::MAX] {
        assert_eq!(key.sign(&text, time), Err(CosignatureError::Time(time)));
    }
    assert!(key.sign(&text, MAX_TIME).is_ok());
    assert_eq!(key.sign("text\n", TIME), Err(CheckpointError::Size.into()));
    // A log's signature is no cosignature.
    let note = Log::new(3).signed(3, &[]);
    let log = log_key().verifier();
    assert_eq!(verify(&note, &log), Err(CosignatureError::Kind(log.name().to_owned())));
}
