//! Laws of reading a witness's answer: only a true cosignature of the configured key counts, whatever else is sent.
//! Leaves rounds and publishing to the tests of the whole.

use hedui_log::cosignature::CosigningKey;
use hedui_log::merkle::leaf_hash;
use proptest::prelude::*;

use super::*;

const TEXT_SIZE: u64 = 42;

fn key(at: u8) -> CosigningKey {
    CosigningKey::from_seed(&format!("w{at}.example"), [at; 32]).unwrap()
}

fn text() -> String {
    let root = leaf_hash(b"root");
    Checkpoint::new("log.example", TEXT_SIZE, root).unwrap().to_string()
}

fn peer(at: u8) -> Peer {
    Peer {
        name: "w".to_owned(),
        url: "http://127.0.0.1:1".to_owned(),
        key: key(at).verifier(),
        client: ask::client().unwrap(),
        is_down: AtomicBool::new(false),
    }
}

#[test]
fn the_line_of_the_configured_key_is_found_among_others() {
    let (ours, other) = (key(1).sign(&text(), 7).unwrap(), key(2).sign(&text(), 8).unwrap());
    let peer = peer(1);
    for answer in [ours.clone(), format!("{other}{ours}"), format!("{ours}{other}")] {
        let found = peer.cosignature(&text(), answer.as_bytes()).unwrap();
        assert_eq!((found.line.as_str(), found.time), (ours.as_str(), 7));
    }
    // One false signature in its name spoils the answer.
    let false_line = key(1).sign(&text().replacen("log", "lag", 1), 7).unwrap();
    let spoilt = peer
        .cosignature(&text(), format!("{ours}{false_line}").as_bytes())
        .unwrap_err();
    assert_eq!(spoilt.code(), "WITNESS_FALSE_SIGNATURE");
    assert_eq!(
        peer.cosignature(&text(), other.as_bytes()).unwrap_err().code(),
        "WITNESS_OTHER_KEY"
    );
}

proptest! {
    #[test]
    fn a_changed_answer_is_never_taken(at in 0..200usize, to in any::<u8>(), cut in 0..200usize) {
        let ours = key(1).sign(&text(), 7).unwrap();
        let mut changed = ours.clone().into_bytes();
        let at = at % changed.len();
        // A line without its newline is the same line.
        prop_assume!(changed[at] != to && at + 1 < changed.len());
        changed[at] = to;
        let peer = peer(1);
        prop_assert!(peer.cosignature(&text(), &changed).is_err());
        let cut = cut % (ours.len() - 1);
        prop_assert!(peer.cosignature(&text(), &ours.as_bytes()[..cut]).is_err());
    }

    #[test]
    fn a_conflict_is_one_number_in_one_spelling(size in any::<u64>(), ours in any::<u64>(), text in "\\PC{0,6}\n?") {
        let read = ask::conflict(format!("{size}\n").as_bytes(), ours);
        if size > ours {
            prop_assert_eq!(read, Err(AskError::Ahead { theirs: size, ours }));
        } else {
            prop_assert_eq!(read, Ok(size));
        }
        for wrong in [format!("{size}"), format!("0{size}\n"), format!("+{size}\n"), format!("{size}\n\n")] {
            prop_assert_eq!(ask::conflict(wrong.as_bytes(), u64::MAX).unwrap_err().code(), "WITNESS_ANSWER_UNREADABLE");
        }
        let number = text.strip_suffix('\n').is_some_and(|text| text.parse::<u64>().is_ok_and(|n| n.to_string() == text));
        prop_assert_eq!(ask::conflict(text.as_bytes(), u64::MAX).is_ok(), number);
    }

    #[test]
    fn what_a_witness_says_is_shown_short_and_without_control_characters(answer in prop::collection::vec(any::<u8>(), 0..300)) {
        let shown = ask::shown(&answer);
        prop_assert!(shown.chars().count() <= 80 && !shown.chars().any(char::is_control));
    }
}

#[test]
fn a_witness_that_fails_is_asked_ever_less_often_and_never_given_up() {
    let start = Instant::now();
    let (mut pause, mut waits) = (Pause::default(), Vec::new());
    assert!(pause.is_over(start));
    for _ in 0..40 {
        pause.longer(start);
        waits.push(pause.until.unwrap().duration_since(start).as_secs());
    }
    assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(waits[8..].iter().all(|wait| *wait == 60));
}
