//! Proof files: one by another implementation, every flipped byte of it, every refused form.
//! Leaves paths in large trees to `merkle/tests.rs`.

use proptest::prelude::*;

use super::*;
use crate::fixture::{Log, PROOF, TIME, VKEYS, entry};
use crate::merkle::inclusion_proof;

fn policy(quorum: &str) -> Policy {
    let [log, audit, notary] = VKEYS;
    let text = format!("log {log}\nwitness A {audit}\nwitness N {notary}\ngroup both all A N\nquorum {quorum}\n");
    Policy::parse(text.as_bytes()).unwrap()
}

#[test]
fn a_proof_of_another_implementation_holds_for_its_entry_alone() {
    let proof = TlogProof::parse(PROOF.as_bytes()).unwrap();
    assert_eq!((proof.index, proof.path.len()), (6, 4));
    assert_eq!(proof.extra.as_deref(), Some(b"salt".as_slice()));
    assert_eq!(proof.to_string(), PROOF);
    let verified = proof.verify_entry(&entry(6), &policy("both")).unwrap();
    assert_eq!((verified.index, verified.leaf), (6, leaf_hash(&entry(6))));
    assert_eq!(verified.satisfied.checkpoint.size, 11);
    let times: Vec<u64> = verified.satisfied.witnesses.iter().map(|signed| signed.time).collect();
    assert_eq!(times, [TIME, TIME + 60]);
    for other in (0..11).filter(|index| *index != 6) {
        let refused = proof.verify_entry(&entry(other), &policy("both"));
        assert_eq!(refused, Err(ProofError::WrongRoot.into()));
    }
    let log = Log::new(11);
    let made = TlogProof {
        extra: Some(b"salt".to_vec()),
        index: 6,
        path: inclusion_proof(6, 11, &log).unwrap(),
        checkpoint: log.signed(11, &[0, 1]).to_string(),
    };
    assert_eq!(made.to_string(), PROOF);
}

#[test]
fn a_flipped_bit_anywhere_but_in_the_extra_data_is_noticed() {
    let policy = policy("both");
    let extra = PROOF.find("extra ").unwrap() + 6..PROOF.find("index").unwrap() - 1;
    for at in (0..PROOF.len()).filter(|at| !extra.contains(at)) {
        // The lowest bit, the one between small and capital letters, the one that leaves ASCII.
        for bit in [0, 5, 7] {
            let mut bytes = PROOF.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(proof) = TlogProof::parse(&bytes) else { continue };
            assert_eq!(
                proof.to_string().as_bytes(),
                bytes,
                "one spelling: byte {at}, bit {bit}"
            );
            let holds = proof.verify_entry(&entry(6), &policy).is_ok();
            assert!(!holds, "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn forms_that_are_not_proofs_are_named() {
    let replaced = |from: &str, to: &str| {
        assert!(PROOF.contains(from));
        TlogProof::parse(PROOF.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    let hash = "3QN52DrH8WTn7qMM3O+1dQglTEj3Zq/M09l2Nl4yjMw=\n";
    assert_eq!(replaced("@v1", "@v2"), TlogProofError::Header);
    assert_eq!(replaced("extra c2FsdA==\n", "extra \n"), TlogProofError::Extra);
    assert_eq!(replaced("extra c2FsdA==\n", "extra c2FsdA\n"), TlogProofError::Extra);
    assert_eq!(replaced("extra c2FsdA==\n", "extra\n"), TlogProofError::Extra);
    assert_eq!(
        replaced("extra c2FsdA==\n", "other c2FsdA==\n"),
        TlogProofError::Index { line: 2 }
    );
    assert_eq!(replaced("index 6\n", "index 06\n"), TlogProofError::Index { line: 3 });
    assert_eq!(replaced("index 6\n", ""), TlogProofError::Index { line: 3 });
    assert_eq!(replaced(hash, "x\n"), TlogProofError::Hash { line: 5 });
    assert_eq!(replaced(hash, &hash.repeat(70)), TlogProofError::PathTooLong);
    assert_eq!(replaced("\n\nlog", "\nlog"), TlogProofError::Hash { line: 8 });
    assert_eq!(replaced("\n11\n", "\n011\n"), CheckpointError::Size.into());
    assert_eq!(replaced("\n\n\u{2014}", "\n\u{2014}"), NoteError::NoSignatures.into());
    let cut = &PROOF[..PROOF.find("\n\nlog").unwrap() + 1];
    assert_eq!(TlogProof::parse(cut.as_bytes()), Err(TlogProofError::NoCheckpoint));
    assert_eq!(TlogProof::parse(b""), Err(TlogProofError::Header));
    assert_eq!(
        TlogProof::parse(b"c2sp.org/tlog-proof@v1\n\xFF"),
        Err(TlogProofError::NotUtf8)
    );
    let bytes = MAX_PROOF_BYTES + 1;
    assert_eq!(
        TlogProof::parse(&vec![b'a'; bytes]),
        Err(TlogProofError::TooLong { bytes })
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_entry_of_every_tree_has_a_proof_that_holds(size in 1_u64..=200, pick in any::<u64>(), extra in any::<Option<[u8; 3]>>()) {
        let (index, log) = (pick % size, Log::new(size));
        let path = inclusion_proof(index, size, &log).unwrap();
        let checkpoint = log.signed(size, &[1]).to_string();
        let proof = TlogProof { extra: extra.map(|bytes| bytes.to_vec()), index, path, checkpoint };
        let read: TlogProof = proof.to_string().parse().unwrap();
        prop_assert_eq!(&read, &proof);
        prop_assert!(read.verify_entry(&entry(index), &policy("N")).is_ok());
        let unmet = read.verify_entry(&entry(index), &policy("both")).unwrap_err();
        prop_assert_eq!(unmet.code(), "QUORUM_NOT_MET");
    }
}
