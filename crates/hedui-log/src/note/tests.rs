//! Notes and keys: the specification's example, every flipped byte, every refused form.
//! Leaves cosignatures to `cosignature/tests.rs`.

use proptest::prelude::*;

use super::*;
use crate::fixture::{VKEYS, log_key};

const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const EXAMPLE: &str = "This is an example message.

\u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
";

#[test]
fn the_example_of_the_specification_verifies() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    assert_eq!(key.to_string(), EXAMPLE_KEY);
    assert_eq!(
        (key.name(), key.id(), key.kind()),
        ("example.com/foo", 0x530d_903a, KeyKind::Ed25519)
    );
    let note = Note::parse(EXAMPLE.as_bytes()).unwrap();
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_string(), EXAMPLE);
    let verified = note.verified_by(&key).unwrap();
    assert_eq!((verified.id, verified.time), (0x530d_903a, None));
    // The specification's other note has blank lines in its text.
    let poem = "Ognuno\n\n\u{e8} subito sera.\n\n\u{2014} quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let poem = Note::parse(poem.as_bytes()).unwrap();
    assert_eq!(poem.text(), "Ognuno\n\n\u{e8} subito sera.\n");
    let absent = NoteError::Absent {
        name: "example.com/foo".to_owned(),
    };
    assert_eq!(poem.verified_by(&key), Err(absent));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let key = VerifierKey::parse(EXAMPLE_KEY).unwrap();
    for at in 0..EXAMPLE.len() {
        for bit in 0..8 {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let verified = Note::parse(&bytes).and_then(|note| note.verified_by(&key));
            assert!(verified.is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_false_signature_in_a_known_name_is_not_an_absent_one() {
    let key = log_key();
    let verifier = key.verifier();
    let mut note = Note::unsigned("text\n").unwrap();
    let absent = NoteError::Absent {
        name: verifier.name().to_owned(),
    };
    assert_eq!(note.verified_by(&verifier), Err(absent.clone()));
    // The same name with another key has another ID: unknown, and ignored.
    let other = SigningKey::from_seed(key.name(), [9; 32]).unwrap();
    note.push_signature(&other.sign("something else\n")).unwrap();
    assert_eq!(note.verified_by(&verifier), Err(absent));
    note.push_signature(&key.sign("text\n")).unwrap();
    assert_eq!(note.verified_by(&verifier).unwrap().id, verifier.id());
    // A second one in the same name is checked too, and spoils the note.
    note.push_signature(&key.sign("another text\n")).unwrap();
    let bad = NoteError::BadSignature {
        name: verifier.name().to_owned(),
    };
    assert_eq!(note.verified_by(&verifier), Err(bad));
}

#[test]
fn forms_that_are_not_notes_are_named() {
    let line = EXAMPLE.lines().last().unwrap();
    let cases: Vec<(String, NoteError)> = vec![
        (String::new(), NoteError::NoSignatures),
        ("text\n".into(), NoteError::NoSignatures),
        ("text\n\n".into(), NoteError::NoSignatures),
        (format!("text\n{line}\n"), NoteError::NoSignatures),
        (format!("text\n\n{line}"), NoteError::NoSignatures),
        (
            format!("text\n\n{line}\n{line} \n"),
            NoteError::SignatureLine { line: 2 },
        ),
        (format!("text\n\n{line}\nmore\n"), NoteError::SignatureLine { line: 2 }),
        (format!("te\txt\n\n{line}\n"), NoteError::ControlCharacter),
        (format!("text\r\n\n{line}\n"), NoteError::ControlCharacter),
        (
            format!("text\n\n{}\n", line.replace('\u{2014}', "-")),
            NoteError::SignatureLine { line: 1 },
        ),
        (
            "text\n\n\u{2014} name AAAAAA==\n".into(),
            NoteError::SignatureLine { line: 1 },
        ),
        (
            "text\n\n\u{2014} na+me AAAAAAA=\n".into(),
            NoteError::SignatureLine { line: 1 },
        ),
        (
            "text\n\n\u{2014} na\u{3000}me AAAAAAA=\n".into(),
            NoteError::SignatureLine { line: 1 },
        ),
        (
            "text\n\n\u{2014}  AAAAAAA=\n".into(),
            NoteError::SignatureLine { line: 1 },
        ),
        (
            "text\n\n\u{2014} name AAAAAAA\n".into(),
            NoteError::SignatureLine { line: 1 },
        ),
    ];
    for (text, error) in cases {
        assert_eq!(Note::parse(text.as_bytes()), Err(error), "{text:?}");
    }
    assert_eq!(
        Note::parse(b"text\xFF\n\n\xE2\x80\x94 name AAAAAAA=\n"),
        Err(NoteError::NotUtf8)
    );
    assert!(Note::parse("text\n\n\u{2014} name AAAAAAA=\n".as_bytes()).is_ok());
}

#[test]
fn notes_have_limits() {
    let one = "\u{2014} name AAAAAAA=\n";
    let full = format!("text\n\n{}", one.repeat(MAX_SIGNATURES));
    let mut note = Note::parse(full.as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), MAX_SIGNATURES);
    assert_eq!(note.push_signature(one), Err(NoteError::TooManySignatures));
    let over = format!("{full}{one}");
    assert_eq!(Note::parse(over.as_bytes()), Err(NoteError::TooManySignatures));
    let bytes = MAX_NOTE_BYTES + 1;
    assert_eq!(Note::parse(&vec![b'a'; bytes]), Err(NoteError::TooLong { bytes }));
    assert_eq!(Note::unsigned(&"a".repeat(bytes)), Err(NoteError::TooLong { bytes }));
    assert_eq!(Note::unsigned("text"), Err(NoteError::Text));
    assert_eq!(Note::unsigned("te\0xt\n"), Err(NoteError::ControlCharacter));
    let mut note = Note::unsigned("text\n").unwrap();
    for line in [
        "",
        "\n",
        "x",
        "\u{2014} name AAAAAAA=\n\n",
        "\u{2014} a AAAAAAA=\n\u{2014} b AAAAAAA=\n",
    ] {
        assert_eq!(note.push_signature(line), Err(NoteError::SignatureLine { line: 1 }));
    }
}

#[test]
fn keys_that_are_none_are_named() {
    let [log, witness, _] = VKEYS;
    assert_eq!(VerifierKey::parse(witness).unwrap().kind(), KeyKind::CosignatureV1);
    let wrong_id = NoteError::KeyId {
        expected: 0x273f_08f3,
        found: 0x273f_08f4,
    };
    let cases = [
        ("", NoteError::KeyFormat),
        ("name", NoteError::KeyFormat),
        ("name+00000000", NoteError::KeyFormat),
        ("name+0000000+AQ==", NoteError::KeyFormat),
        ("name+0000000A+AQ==", NoteError::KeyFormat),
        ("name+00000000+", NoteError::KeyFormat),
        ("name+00000000+A Q=", NoteError::KeyFormat),
        ("name+00000000+AQ==", NoteError::KeyBytes),
        ("name+00000000+AgAA", NoteError::KeyKind { kind: 2 }),
        ("name+00000000+BgAA", NoteError::KeyKind { kind: 6 }),
        (
            "+273f08f3+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
            NoteError::KeyName,
        ),
        (
            "a b+273f08f3+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
            NoteError::KeyName,
        ),
        // The neutral element of the curve: everything verifies under it.
        (
            "name+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            NoteError::KeyBytes,
        ),
        // No point of the curve.
        (
            "name+00000000+AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            NoteError::KeyBytes,
        ),
    ];
    for (text, error) in cases {
        assert_eq!(VerifierKey::parse(text), Err(error), "{text}");
    }
    assert_eq!(VerifierKey::parse(&log.replace("08f3", "08f4")), Err(wrong_id));
    assert_eq!(log_key().verifier().to_string(), log);
    assert!(!format!("{:?}", log_key()).contains("AQEBAQ"), "the seed is not shown");
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{7}b"] {
        assert_eq!(SigningKey::from_seed(name, [1; 32]).unwrap_err(), NoteError::KeyName);
    }
}

/// Lines that often come close to a note.
const NEARLY_NOTES: &str = "([a-z\u{2014} +=\n]{0,12}\n\n)?(\u{2014} [a-z+]{0,3} [A-Za-z0-9+/=]{0,12}\n?){0,3}";

proptest! {
    #[test]
    fn what_is_signed_is_read_back_and_verifies(text in "([^\\x00-\\x1f]{0,30}\n){1,4}", seed in any::<[u8; 32]>()) {
        let key = SigningKey::from_seed("k.example/\u{6838}", seed).unwrap();
        let mut note = Note::unsigned(&text).unwrap();
        note.push_signature(&key.sign(&text)).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        prop_assert_eq!(&read, &note);
        prop_assert!(read.verified_by(&key.verifier()).is_ok());
        prop_assert_eq!(VerifierKey::parse(&key.verifier().to_string()), Ok(key.verifier()));
    }

    #[test]
    fn any_text_is_a_note_that_is_written_as_it_was_read_or_none(text in NEARLY_NOTES) {
        if let Ok(note) = Note::parse(text.as_bytes()) {
            prop_assert_eq!(note.to_string(), text);
        }
    }
}
