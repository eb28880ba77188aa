//! Requests and decisions: the specification's example, the order of its checks, and any log against a model.
//! Leaves the proofs themselves to `merkle/tests.rs`.

use proptest::prelude::*;

use super::*;
use crate::fixture::{Log, ORIGIN, log_key, witness};
use crate::merkle::consistency_proof;
use crate::note::SigningKey;

const EXAMPLE: &str = "old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
\u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
";

#[test]
fn the_example_of_the_specification_is_read_and_written() {
    let request = AddCheckpoint::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!((request.old(), request.proof().len()), (20_852_014, 4));
    assert_eq!(request.checkpoint().size, 20_852_163);
    assert_eq!(request.note().signatures().len(), 2);
    assert_eq!(request.to_string(), EXAMPLE);
    assert_eq!(decide(None, &request, &[log_key().verifier()]), Decision::UnknownOrigin);
}

#[test]
fn bodies_that_are_not_requests_are_named() {
    let replaced = |from: &str, to: &str| {
        assert!(EXAMPLE.contains(from));
        AddCheckpoint::parse(EXAMPLE.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    for old in [
        "",
        "old 020852014\n",
        "old  1\n",
        "old -1\n",
        "new 1\n",
        "old 1 \n",
        "old 18446744073709551616\n",
    ] {
        assert_eq!(replaced("old 20852014\n", old), RequestError::Old, "{old:?}");
    }
    let hash = "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n";
    assert_eq!(replaced(hash, "jrJZ\n"), RequestError::Hash { line: 3 });
    assert_eq!(replaced(hash, &hash.repeat(61)), RequestError::TooManyHashes);
    let most = EXAMPLE.replacen(hash, &hash.repeat(60), 1);
    assert_eq!(
        AddCheckpoint::parse(most.as_bytes()).unwrap().proof().len(),
        MAX_PROOF_LINES
    );
    assert_eq!(replaced("\n\nexample", "\nexample"), RequestError::Hash { line: 6 });
    assert_eq!(replaced("\n20852163", "\n020852163"), CheckpointError::Size.into());
    assert_eq!(AddCheckpoint::parse(b"old 1\n"), Err(RequestError::NoCheckpoint));
    assert_eq!(AddCheckpoint::parse(b"old 1\n\n"), Err(NoteError::NoSignatures.into()));
    assert_eq!(AddCheckpoint::parse(b"\xFF"), Err(RequestError::NotUtf8));
    let bytes = MAX_REQUEST_BYTES + 1;
    assert_eq!(
        AddCheckpoint::parse(&vec![b'a'; bytes]),
        Err(RequestError::TooLong { bytes })
    );
    let unsigned = Note::unsigned(&Log::new(1).text(1)).unwrap();
    assert_eq!(
        AddCheckpoint::new(0, Vec::new(), unsigned),
        Err(NoteError::NoSignatures.into())
    );
}

/// A request of the fixture's log, from `old` to `new`, with the true proof.
fn request(log: &Log, old: u64, new: u64) -> AddCheckpoint {
    let proof = if old <= new {
        consistency_proof(old, new, log).unwrap()
    } else {
        Vec::new()
    };
    AddCheckpoint::new(old, proof, log.signed(new, &[])).unwrap()
}

#[test]
fn checks_come_in_the_order_of_the_specification() {
    let log = Log::new(20);
    let keys = [log_key().verifier()];
    let state = (7, log.root(7));
    let other = SigningKey::from_seed("other.example", [7; 32]).unwrap();
    // Everything is wrong with this one; repairing it step by step shows each check in turn.
    let text = log.text(5);
    let mut note = Note::unsigned(&text).unwrap();
    note.push_signature(&other.sign(&text)).unwrap();
    let wrong = AddCheckpoint::new(9, vec![Hash([1; 32])], note.clone()).unwrap();
    assert_eq!(decide(Some(&state), &wrong, &[other.verifier()]).status(), 404);
    let absent = decide(Some(&state), &wrong, &keys);
    assert_eq!((absent.status(), absent.code()), (403, "SIGNATURE_ABSENT"));
    note.push_signature(&log_key().sign("something else\n")).unwrap();
    note.push_signature(&log_key().sign(&text)).unwrap();
    let wrong = AddCheckpoint::new(9, vec![Hash([1; 32])], note).unwrap();
    let bad = decide(Some(&state), &wrong, &keys);
    assert_eq!((bad.status(), bad.code()), (403, "BAD_SIGNATURE"));
    let wrong = AddCheckpoint::new(9, vec![Hash([1; 32])], log.signed(5, &[])).unwrap();
    assert_eq!(decide(Some(&state), &wrong, &keys), Decision::OldAboveNew);
    assert_eq!(Decision::OldAboveNew.status(), 400);
    let wrong = AddCheckpoint::new(5, vec![Hash([1; 32])], log.signed(9, &[])).unwrap();
    let conflict = decide(Some(&state), &wrong, &keys);
    assert_eq!((conflict.status(), conflict.body().unwrap().as_str()), (409, "7\n"));
    let wrong = AddCheckpoint::new(7, vec![Hash([1; 32])], log.signed(9, &[])).unwrap();
    assert_eq!(decide(Some(&state), &wrong, &keys).status(), 422);
    let decision = decide(Some(&state), &request(&log, 7, 9), &keys);
    assert_eq!(
        decision,
        Decision::Cosign {
            size: 9,
            root: log.root(9)
        }
    );
    assert_eq!((decision.status(), decision.body()), (200, None));
}

#[test]
fn a_client_that_knows_nothing_learns_the_size() {
    let log = Log::new(9);
    let keys = [log_key().verifier()];
    let first = request(&log, 0, 4);
    assert_eq!(decide(None, &first, &keys).status(), 200);
    assert_eq!(
        decide(Some(&(4, log.root(4))), &first, &keys),
        Decision::Conflict { size: 4 }
    );
    // And the other way round: a witness that lost its state says so.
    assert_eq!(
        decide(None, &request(&log, 4, 9), &keys),
        Decision::Conflict { size: 0 }
    );
}

#[test]
fn an_empty_tree_has_one_root_and_needs_no_proof() {
    let log = Log::new(3);
    let keys = [log_key().verifier()];
    assert_eq!(decide(None, &request(&log, 0, 0), &keys).status(), 200);
    let proof = vec![log.root(1)];
    let superfluous = AddCheckpoint::new(0, proof, log.signed(3, &[])).unwrap();
    assert_eq!(decide(None, &superfluous, &keys).status(), 422);
    let text = Checkpoint::new(ORIGIN, 0, log.root(3)).unwrap().to_string();
    let mut note = Note::unsigned(&text).unwrap();
    note.push_signature(&log_key().sign(&text)).unwrap();
    let wrong = AddCheckpoint::new(0, Vec::new(), note).unwrap();
    assert_eq!(
        decide(None, &wrong, &keys),
        Decision::Inconsistent(ProofError::WrongNewRoot)
    );
}

#[test]
fn a_log_that_forks_at_the_same_size_is_found_out() {
    let log = Log::new(5);
    let keys = [log_key().verifier()];
    let again = request(&log, 5, 5);
    assert_eq!(decide(Some(&(5, log.root(5))), &again, &keys).status(), 200);
    assert_eq!(decide(Some(&(5, log.root(4))), &again, &keys).status(), 422);
}

#[test]
fn a_cosignature_of_a_decision_is_read_by_the_log() {
    let (log, key) = (Log::new(5), witness(0));
    let request = request(&log, 0, 5);
    assert_eq!(decide(None, &request, &[log_key().verifier()]).status(), 200);
    let mut note = request.note().clone();
    note.push_signature(&key.sign(note.text(), 1_763_773_200).unwrap())
        .unwrap();
    assert_eq!(crate::cosignature::verify(&note, &key.verifier()), Ok(1_763_773_200));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_witness_follows_any_history_of_one_log_and_no_other(sizes in prop::collection::vec((0_u64..80, 0_u64..80), 1..12)) {
        let log = Log::new(80);
        let keys = [log_key().verifier()];
        let mut state: Option<(u64, Hash)> = None;
        for (old, new) in sizes {
            let last = state.map_or(0, |(size, _)| size);
            let decision = decide(state.as_ref(), &request(&log, old, new), &keys);
            let expected = match (old, new) {
                _ if old > new => 400,
                _ if old != last => 409,
                _ => 200,
            };
            prop_assert_eq!(decision.status(), expected);
            if let Decision::Cosign { size, root } = decision {
                prop_assert!(size >= last);
                prop_assert_eq!(root, log.root(size));
                state = Some((size, root));
            }
            // The next step from here is taken, and from another past it is not.
            let last = state.map_or(0, |(size, _)| size);
            let next = request(&log, last, 80);
            prop_assert_eq!(decide(state.as_ref(), &next, &keys).status(), 200);
            if last > 0 {
                let forked = (last, Hash([3; 32]));
                prop_assert_eq!(decide(Some(&forked), &next, &keys).status(), 422);
            }
        }
    }

    #[test]
    fn any_octets_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>()) {
        let mut body = EXAMPLE.as_bytes().to_vec();
        let from = at.index(body.len());
        let _ = body.splice(from.., bytes);
        if let Ok(request) = AddCheckpoint::parse(&body) {
            prop_assert_eq!(request.to_string().into_bytes(), body);
        }
    }
}
