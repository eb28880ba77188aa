//! Policies: what they accept against a count by hand, what spoils a checkpoint, and every mistake with its line.
//! Leaves inclusion to `proof/tests.rs`.

use proptest::prelude::*;

use super::*;
use crate::checkpoint::CheckpointError;
use crate::cosignature::CosigningKey;
use crate::fixture::{Log, ORIGIN, TIME, log_key, witness};
use crate::note::SigningKey;

/// The specification's example: two of three X and one of three Y.
fn two_levels() -> String {
    let mut text = format!(
        "# two levels\n\n log\t{}  https://log.example/ \n",
        log_key().verifier()
    );
    for at in 0..6 {
        text += &format!("witness W{at} {} https://w{at}.example\n", witness(at).verifier());
    }
    text + "group X 2 W0 W1 W2\ngroup Y any W3 W4 W5\n   # both\ngroup X-and-Y all X Y\nquorum X-and-Y\n"
}

fn parse(text: &str) -> Policy {
    Policy::parse(text.as_bytes()).unwrap()
}

#[test]
fn the_two_levels_of_the_specification_count_as_by_hand() {
    let policy = parse(&two_levels());
    let log = Log::new(5);
    for set in 0_u8..64 {
        let signers: Vec<u8> = (0..6).filter(|at| set >> at & 1 == 1).collect();
        let verdict = policy.satisfied_by(log.signed(5, &signers).to_string().as_bytes());
        let x = signers.iter().filter(|at| **at < 3).count();
        let names: Vec<String> = signers.iter().map(|at| format!("W{at}")).collect();
        if x >= 2 && signers.len() > x {
            let satisfied = verdict.unwrap();
            assert_eq!(satisfied.log, log_key().verifier());
            assert_eq!(satisfied.checkpoint.size, 5);
            let heard: Vec<&String> = satisfied.witnesses.iter().map(|signed| &signed.witness).collect();
            assert_eq!(heard, names.iter().collect::<Vec<_>>());
            assert_eq!(satisfied.witnesses[0].time, TIME);
            assert_eq!(satisfied.witnesses[0].key, witness(signers[0]).name());
        } else {
            let quorum = "X-and-Y".to_owned();
            assert_eq!(verdict, Err(PolicyFailure::Quorum { quorum, signed: names }));
        }
    }
}

#[test]
fn a_checkpoint_is_refused_for_what_is_wrong_with_it() {
    let log = Log::new(5);
    let good = log.signed(5, &[0]);
    let key = log_key().verifier();
    let none = parse(&format!("log {key}\nquorum none\n"));
    let judge = |policy: &Policy, note: &Note| policy.satisfied_by(note.to_string().as_bytes());
    assert!(judge(&none, &good).unwrap().witnesses.is_empty());
    let origin = ORIGIN.to_owned();

    let nobody = parse("quorum none\n");
    let unknown = PolicyFailure::UnknownLog { origin: origin.clone() };
    assert_eq!(judge(&nobody, &good), Err(unknown));

    let mut unsigned = Note::unsigned(good.text()).unwrap();
    unsigned
        .push_signature(&witness(0).sign(good.text(), TIME).unwrap())
        .unwrap();
    let not_signed = PolicyFailure::NotSignedByLog { origin };
    assert_eq!(judge(&none, &unsigned), Err(not_signed.clone()));

    // Another known log does not speak for this one.
    let other = SigningKey::from_seed("other.example", [7; 32]).unwrap();
    let both = parse(&format!("log {key}\nlog {}\nquorum none\n", other.verifier()));
    let mut by_other = Note::unsigned(good.text()).unwrap();
    by_other.push_signature(&other.sign(good.text())).unwrap();
    assert_eq!(judge(&both, &by_other), Err(not_signed));

    // One false signature in the name of a known witness spoils a note that would do without it.
    let any = parse(&format!(
        "log {key}\nwitness A {}\nquorum none\n",
        witness(0).verifier()
    ));
    let mut spoilt = log.signed(5, &[]);
    spoilt
        .push_signature(&witness(0).sign(&log.text(4), TIME).unwrap())
        .unwrap();
    assert_eq!(judge(&any, &spoilt).unwrap_err().code(), "BAD_SIGNATURE");
    assert!(judge(&none, &spoilt).is_ok(), "an unknown key's signature is ignored");

    let mut no_checkpoint = Note::unsigned("text\n").unwrap();
    no_checkpoint.push_signature(&log_key().sign("text\n")).unwrap();
    let failure = PolicyFailure::Checkpoint(CheckpointError::Size);
    assert_eq!(judge(&none, &no_checkpoint), Err(failure));
    assert_eq!(none.satisfied_by(b"").unwrap_err().code(), "NOTE_WITHOUT_SIGNATURES");
    assert_eq!(none.signed_by_log(good.to_string().as_bytes()).unwrap().size, 5);
}

#[test]
fn a_log_may_have_two_keys_while_one_replaces_the_other() {
    let new = SigningKey::from_seed(ORIGIN, [8; 32]).unwrap();
    let policy = parse(&format!(
        "log {}\nlog {}\nquorum none\n",
        log_key().verifier(),
        new.verifier()
    ));
    let log = Log::new(2);
    let mut note = Note::unsigned(&log.text(2)).unwrap();
    note.push_signature(&new.sign(note.text())).unwrap();
    let satisfied = policy.satisfied_by(note.to_string().as_bytes()).unwrap();
    assert_eq!(satisfied.log, new.verifier());
}

#[test]
fn every_mistake_has_its_line_and_its_name() {
    let (log, first, second) = (log_key().verifier(), witness(0).verifier(), witness(1).verifier());
    let same = CosigningKey::from_seed("elsewhere.example", [2; 32])
        .unwrap()
        .verifier();
    let same_log = SigningKey::from_seed("elsewhere.example", [1; 32]).unwrap().verifier();
    let witnesses = format!("witness A {first}\nwitness B {second}\n");
    let cases = [
        (String::new(), 1, "POLICY_NO_QUORUM"),
        ("# nothing\n".into(), 2, "POLICY_NO_QUORUM"),
        ("quorum none".into(), 1, "POLICY_UNFINISHED_LINE"),
        ("quorum none\r\n".into(), 1, "POLICY_CONTROL_CHARACTER"),
        ("quorum none\n# \u{7f}\n".into(), 2, "POLICY_CONTROL_CHARACTER"),
        ("quorum\n".into(), 1, "POLICY_FORM"),
        ("quorum none none\n".into(), 1, "POLICY_FORM"),
        ("quorum none\nquorum none\n".into(), 2, "POLICY_SECOND_QUORUM"),
        ("quorum A\n".into(), 1, "POLICY_NAME_UNDEFINED"),
        (format!("quorum A\n{witnesses}"), 1, "POLICY_NAME_UNDEFINED"),
        ("Log x\n".into(), 1, "POLICY_KEYWORD"),
        ("log\n".into(), 1, "POLICY_FORM"),
        ("log x\n".into(), 1, "KEY_FORMAT"),
        (format!("log {log} url more\n"), 1, "POLICY_FORM"),
        (format!("log {log}\nlog {log}\n"), 2, "POLICY_SAME_KEY"),
        (format!("log {log}\nlog {same_log}\n"), 2, "POLICY_SAME_KEY"),
        (format!("{witnesses}witness C {same}\n"), 3, "POLICY_SAME_KEY"),
        (format!("witness A {log}\n"), 1, "POLICY_WITNESS_KEY"),
        (format!("witness none {first}\n"), 1, "POLICY_NAME_NONE"),
        (
            format!("witness A {first}\nwitness A {second}\n"),
            2,
            "POLICY_NAME_TAKEN",
        ),
        (format!("witness {first}\n"), 1, "POLICY_FORM"),
        (format!("{witnesses}group A all B\n"), 3, "POLICY_NAME_TAKEN"),
        (format!("{witnesses}group none all B\n"), 3, "POLICY_NAME_NONE"),
        (format!("{witnesses}group G all none\n"), 3, "POLICY_NAME_NONE"),
        (format!("{witnesses}group G all\n"), 3, "POLICY_FORM"),
        (format!("{witnesses}group G all G\n"), 3, "POLICY_NAME_UNDEFINED"),
        (format!("{witnesses}group G 2 A A\n"), 3, "POLICY_MEMBER_TWICE"),
        (
            format!("{witnesses}group G any A\ngroup H all A B\n"),
            4,
            "POLICY_MEMBER_TWICE",
        ),
    ];
    for (text, line, code) in cases {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.code()), (line, code), "{text}");
    }
    for threshold in ["0", "3", "-1", "01", "ANY", "2.0", "18446744073709551616"] {
        let text = format!("{witnesses}group G {threshold} A B\n");
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.code()), (3, "POLICY_THRESHOLD"), "{threshold}");
        assert_eq!(error.mistake, PolicyMistake::Threshold { members: 2 });
    }
    let long = vec![b'#'; MAX_POLICY_BYTES + 1];
    assert_eq!(Policy::parse(&long).unwrap_err().code(), "POLICY_TOO_LONG");
}

#[test]
fn names_are_octets() {
    // The Kelvin sign is not the letter K, and a name need not be UTF-8.
    let (first, second) = (witness(0).verifier(), witness(1).verifier());
    let mut text = format!("witness K {first}\nwitness \u{212a} {second}\n").into_bytes();
    text.extend(b"group \xFF\xFE all K \xE2\x84\xAA\nquorum \xFF\xFE\n");
    let policy = Policy::parse(&text).unwrap();
    assert_eq!(policy.witnesses().len(), 2);
    assert_eq!(policy.witnesses()[1].name, "\u{212a}");
}

#[test]
fn thirty_two_of_each_and_many_more_are_read() {
    let mut text = String::new();
    for at in 0..40_u8 {
        let log = SigningKey::from_seed("many.example", [at + 100; 32]).unwrap();
        text += &format!(
            "log {}\nwitness w{at} {}\ngroup g{at} all w{at}\n",
            log.verifier(),
            witness(at).verifier()
        );
    }
    text += "quorum g39\n";
    let policy = parse(&text);
    assert_eq!((policy.logs().len(), policy.witnesses().len()), (40, 40));
}

proptest! {
    #[test]
    fn any_octets_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut text = two_levels().into_bytes();
        text.extend(bytes);
        if let Err(error) = Policy::parse(&text) {
            prop_assert!(error.line >= 15);
        }
    }
}
