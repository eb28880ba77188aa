//! Sealing: what opens, what does not and why, and that nothing shows through.
//! Left to others: key files and key frames (`keys`).

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

const RECORD: &[u8] = b"one flat, 61 square metres, registered 2009";

fn sealer(secret: u8) -> Sealer {
    Sealer::new(&[secret; 32], "511703").unwrap()
}

fn plain(id: u8) -> Plain<'static> {
    Plain {
        evidence_id: EvidenceId([id; 16]),
        department: "housing",
        kind: LeafKind::Answer,
        plaintext: RECORD,
    }
}

fn subject(id: u8) -> Subject<'static> {
    Subject {
        evidence_id: EvidenceId([id; 16]),
        district: "511703",
        department: "housing",
        kind: LeafKind::Answer,
    }
}

fn seal_one(secret: u8, seed: u64) -> (Sealed, Digests) {
    sealer(secret)
        .seal(&[plain(1)], &mut StdRng::seed_from_u64(seed))
        .unwrap()
        .remove(0)
}

#[test]
fn what_was_sealed_opens_with_its_salt_and_its_digests() {
    let batch: Vec<_> = (0..28).map(plain).collect();
    let sealed = sealer(1).seal(&batch, &mut StdRng::seed_from_u64(1)).unwrap();
    assert_eq!(sealed.len(), batch.len());
    for (id, (record, digests)) in sealed.iter().enumerate() {
        let opened = sealer(1).open(record, &subject(u8::try_from(id).unwrap())).unwrap();
        assert_eq!(opened.plaintext(), RECORD);
        assert_eq!(opened.commitment(), digests.commitment);
        assert_eq!(commitment(&opened.salt(), RECORD), digests.commitment);
        assert_eq!(ciphertext_digest(&record.ciphertext), digests.ciphertext_digest);
        assert_eq!(record.ciphertext.len(), SALT_BYTES + RECORD.len() + TAG_BYTES);
    }
    let empty = Plain {
        plaintext: b"",
        ..plain(3)
    };
    let (record, _) = sealer(1)
        .seal(&[empty], &mut StdRng::seed_from_u64(2))
        .unwrap()
        .remove(0);
    assert_eq!(sealer(1).open(&record, &subject(3)).unwrap().plaintext(), b"");
}

/// The expected bytes were computed with OpenSSL 3 from the table in README.md: key 00 to 1f, salt 20 to 3f, nonce 40 to 4b.
#[test]
fn a_sealed_record_is_these_bytes_for_ever() {
    let mut draws = Draws {
        drawn: Zeroizing::new((0..DRAW_BYTES).map(|at| u8::try_from(at).unwrap()).collect()),
        taken: 0,
        aad: Vec::new(),
    };
    let mut ciphertext = Vec::new();
    let keyed = sealer(1).seal_one(&plain(1), &mut draws, &mut ciphertext).unwrap();
    assert!(
        sealer(1).seal_one(&plain(2), &mut draws, &mut Vec::new()).is_err(),
        "no draw serves twice"
    );
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert_eq!(
        hex(&ciphertext),
        "2e9d97fd9109a59a2081831e3401bfb6e27264601cb45618b8a789b8f9c263692131839c4c9ed9721fe347c4e1bd183bc875\
         24c6141432d735c513063805298d9a1b5b78f4b570d0e3b9eab3c8d6e42988c2f002c5bb1cdbe36f7b"
    );
    assert_eq!(
        hex(&keyed.wrapped_key),
        "404142434445464748494a4bb58490a958ba55bf33ff73925f5fa35ec1321cf588768d430b092f090703d91a10704c4a271a\
         3a84a0df7c4e16c48948"
    );
}

#[test]
fn the_same_record_never_looks_the_same_twice() {
    let batch = [plain(1), plain(1)];
    let sealed = sealer(1).seal(&batch, &mut StdRng::seed_from_u64(3)).unwrap();
    let [(a, a_digests), (b, b_digests)] = [&sealed[0], &sealed[1]];
    assert_ne!(a.ciphertext, b.ciphertext);
    assert_ne!(a.wrapped_key, b.wrapped_key);
    assert_ne!(a_digests.commitment, b_digests.commitment);
    assert_eq!(seal_one(1, 4), seal_one(1, 4), "but one seed replays a run");
}

#[test]
fn every_bit_of_a_sealed_record_is_guarded() {
    let (sealed, _) = seal_one(1, 5);
    for bit in 0..sealed.ciphertext.len() * 8 {
        let mut other = sealed.clone();
        other.ciphertext[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(
            sealer(1).open(&other, &subject(1)),
            Err(StoreError::Tampered("sealed record"))
        ));
    }
    for bit in 0..WRAPPED_KEY_BYTES * 8 {
        let mut other = sealed.clone();
        other.wrapped_key[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(
            sealer(1).open(&other, &subject(1)),
            Err(StoreError::Tampered("wrapped key"))
        ));
    }
    for length in 0..sealed.ciphertext.len() {
        let other = Sealed {
            ciphertext: sealed.ciphertext[..length].to_vec(),
            ..sealed.clone()
        };
        assert!(matches!(
            sealer(1).open(&other, &subject(1)),
            Err(StoreError::Tampered("sealed record"))
        ));
    }
}

#[test]
fn a_record_opens_only_as_what_it_was_sealed_as() {
    let (sealed, _) = seal_one(1, 6);
    let tampered = |subject: Subject<'_>| matches!(sealer(1).open(&sealed, &subject), Err(StoreError::Tampered(_)));
    assert!(!tampered(subject(1)));
    assert!(tampered(subject(2)));
    assert!(tampered(Subject {
        district: "511702",
        ..subject(1)
    }));
    assert!(tampered(Subject {
        department: "taxation",
        ..subject(1)
    }));
    assert!(tampered(Subject {
        kind: LeafKind::Verdict,
        ..subject(1)
    }));
    // A boundary moved between the two texts is another subject too.
    assert!(tampered(Subject {
        district: "511703h",
        department: "ousing",
        ..subject(1)
    }));
    let renamed = Sealed {
        evidence_id: EvidenceId([2; 16]),
        ..sealed.clone()
    };
    assert!(matches!(
        sealer(1).open(&renamed, &subject(2)),
        Err(StoreError::Tampered("wrapped key"))
    ));
}

#[test]
fn another_key_is_told_apart_from_tampering() {
    let (sealed, _) = seal_one(1, 7);
    let error = sealer(2).open(&sealed, &subject(1)).unwrap_err();
    let (right, wrong) = (sealer(1).id(), sealer(2).id());
    assert!(matches!(error, StoreError::WrongKey { needed, held } if needed == right && held == wrong));
    // Claiming the other key's name does not help.
    let relabelled = Sealed {
        period_key: wrong,
        ..sealed
    };
    assert!(matches!(
        sealer(2).open(&relabelled, &subject(1)),
        Err(StoreError::Tampered("wrapped key"))
    ));
}

#[test]
fn debug_shows_sizes_and_ids_only() {
    let (sealed, _) = seal_one(1, 8);
    let shown = format!(
        "{:?} {:?} {:?}",
        plain(1),
        sealer(1),
        sealer(1).open(&sealed, &subject(1)).unwrap()
    );
    assert!(!shown.contains("flat") && !shown.contains("111, 110, 101"), "{shown}");
}

#[test]
fn a_record_whose_key_was_destroyed_says_so_to_every_key() {
    let (mut sealed, digests) = seal_one(1, 9);
    assert!(!sealed.is_shredded() && sealer(1).open(&sealed, &subject(1)).is_ok());
    sealed.wrapped_key = [0; WRAPPED_KEY_BYTES];
    let shredded = |result: Result<Opened, StoreError>| matches!(result, Err(StoreError::Shredded(id)) if id == sealed.evidence_id);
    for secret in [1, 2] {
        assert!(
            shredded(sealer(secret).open(&sealed, &subject(1))),
            "also before the key is compared"
        );
        assert!(shredded(sealer(secret).open(&sealed, &subject(2))));
    }
    let ring = crate::KeyRing::new(crate::MasterKey::from_bytes([3; 32]));
    assert!(
        shredded(ring.open(&sealed, &subject(1))),
        "also where no key is at hand"
    );
    assert_eq!(
        StoreError::Shredded(sealed.evidence_id).kind(),
        crate::ErrorKind::Shredded
    );
    assert_eq!(
        ciphertext_digest(&sealed.ciphertext),
        digests.ciphertext_digest,
        "what the leaf states stays true"
    );
}
