//! What a promise names, by whom it is signed and until when.
//! Leaves whether it is kept to the laws beside it.

use hedui_log::note::Note;

use super::*;

#[test]
fn a_promise_is_signed_by_the_log_and_names_the_leaves_and_the_moment() {
    let logs = logs(None);
    let mut rng = StdRng::seed_from_u64(11);
    let mut leaf = |district: &str, time_ms| {
        let leaf = frame(&mut rng, district, time_ms, 1).leaves[0].clone();
        let hash = leaf_hash(&leaf.encode().unwrap());
        (hash, logs.to_promise(&leaf, time_ms).unwrap())
    };
    let here: Vec<_> = (0..70).map(|n| leaf("511703", NOW + n)).collect();
    let there = leaf("360830", NOW);
    let passed = leaf("511703", NOW - PROMISED_WITHIN_MS - 1);
    let mut all: Vec<ToPromise> = here.iter().map(|(_, one)| one.clone()).collect();
    all.insert(3, there.1.clone());
    all.insert(40, passed.1);
    let mut promises = logs.promise(&all, NOW).unwrap();
    assert_eq!(promises.remove(40), None);
    let elsewhere = promises.remove(3).unwrap();
    let text = |district: &str, until_ms: i64, hashes: &mut dyn Iterator<Item = &Hash>| {
        let hashes: String = hashes.map(|hash| format!("{hash}\n")).collect();
        format!("hedui-inclusion-promise/v2\nevidence.example/{district}/2026\n{until_ms}\n{hashes}")
    };
    let check = |promise: &Promise, log: &str, expected: &str| {
        let note = Note::parse(promise.as_str().as_bytes()).unwrap();
        let key = logs.verifier_key(&LogName::of(log, NOW)).unwrap();
        assert!(note.verified_by(&key.parse().unwrap()).is_ok());
        assert_eq!(note.text(), expected);
        // Another year has another key.
        let next_year = logs.verifier_key(&LogName::of(log, NOW + 366 * 86_400_000)).unwrap();
        assert!(note.verified_by(&next_year.parse().unwrap()).is_err());
    };
    let until = NOW + PROMISED_WITHIN_MS;
    check(
        &elsewhere,
        "360830",
        &text("360830", until, &mut std::iter::once(&there.0)),
    );
    // As many as one promise names, by the latest of their moments; the others have one of their own.
    let first = text("511703", until + 63, &mut here[..64].iter().map(|(hash, _)| hash));
    let second = text("511703", until + 69, &mut here[64..].iter().map(|(hash, _)| hash));
    for (at, promise) in promises.iter().flatten().enumerate() {
        check(promise, "511703", if at < 64 { &first } else { &second });
        assert_eq!(promise.until_ms, until + if at < 64 { 63 } else { 69 });
    }
    assert_eq!(promises.iter().flatten().count(), 70);
}
