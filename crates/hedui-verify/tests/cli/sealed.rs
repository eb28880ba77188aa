//! `hedui-verify log` on a log with sealed records beside it: all there, some gone, and spoilt in every way.
//! Leaves the log itself to `folder`.

use std::fs;

use hedui_log::policy::Policy;
use hedui_verify::Value;
use hedui_verify::folder::check;
use proptest::prelude::*;

use crate::fixture::{self, Log, export_of, leaf};
use crate::{Place, change};

const ASK: [&str; 4] = ["log", "log", "--policy", "policy"];

/// The sealed record of an entry; every fifth entry vouches for none, and every seventh record is gone.
fn record(index: u64) -> Vec<u8> {
    format!("record {index} under a key")
        .repeat(1 + index as usize % 3)
        .into_bytes()
}

fn vouches(index: u64) -> bool {
    !index.is_multiple_of(5)
}

fn entry(index: u64) -> Vec<u8> {
    let digest = blake3::hash(&record(index)).into();
    leaf(if vouches(index) { digest } else { [0; 32] }, [1; 32])
}

/// Bundles of sealed records by their documented form.
fn write_records(place: &Place, size: u64) {
    for first in (0..size).step_by(256) {
        let width = (size - first).min(256);
        let mut bundle = Vec::new();
        for index in first..first + width {
            if vouches(index) && !index.is_multiple_of(7) {
                bundle.extend((record(index).len() as u32).to_be_bytes());
                bundle.extend(record(index));
            } else {
                bundle.extend([0; 4]);
            }
        }
        let part = if width < 256 {
            format!(".p/{width}")
        } else {
            String::new()
        };
        place.write(&format!("log/evidence-v1/{:03}{part}", first / 256), &bundle);
    }
}

fn place(size: u64) -> (Place, Log) {
    let place = Place::new();
    let log = export_of(&place.path("log"), size, entry).unwrap();
    write_records(&place, size);
    (place, log)
}

/// Reason, file and what is said of the first problem.
fn problem(place: &Place) -> (String, String, String) {
    let (code, json) = place.ask(&ASK);
    assert_eq!((code, &json["verdict"]), (1, &false.into()), "{json}");
    let first = &json["problems"][0];
    let text = |name: &str| first[name].as_str().unwrap().to_owned();
    assert_eq!(json["reason"], first["code"]);
    (text("code"), text("file"), text("what"))
}

#[test]
fn records_that_are_there_gone_and_never_were_are_counted() {
    for size in [0u64, 1, 255, 256, 257, 700] {
        let (place, _) = place(size);
        let (code, json) = place.ask(&ASK);
        assert_eq!(code, 0, "{size}: {json}");
        let count = |is: &dyn Fn(u64) -> bool| (0..size).filter(|index| is(*index)).count();
        if size > 0 {
            assert_eq!(json["sealed_records"], count(&|i| vouches(i) && !i.is_multiple_of(7)));
            assert_eq!(
                json["sealed_records_absent"],
                count(&|i| vouches(i) && i.is_multiple_of(7))
            );
            assert_eq!(json["nothing_sealed"], count(&|i| !vouches(i)));
        }
        assert_eq!(json["not_looked_at"], serde_json::json!([]));
        // Without any it is the same log.
        if size > 0 {
            fs::remove_dir_all(place.path("log/evidence-v1")).unwrap();
        }
        let (code, json) = place.ask(&ASK);
        assert_eq!((code, json.get("sealed_records")), (0, None), "{json}");
    }
}

#[test]
fn any_flipped_bit_is_found_and_its_bundle_named() {
    let (place, log) = place(300);
    let policy = Policy::parse(fixture::policy().as_bytes()).unwrap();
    let files = ["evidence-v1/000", "evidence-v1/001.p/44"];
    let pick = (0..2usize, any::<prop::sample::Index>(), 0..8);
    let law = |(file, at, bit): (usize, prop::sample::Index, i32)| {
        let path = log.folder.join(files[file]);
        let before = change(&path, |bytes| *at.get_mut(bytes) ^= 1_u8 << bit);
        let report = check(&log.folder, &policy, None, |_| ()).unwrap();
        fs::write(&path, before).unwrap();
        prop_assert!(!report.verdict);
        let Some(Value::Text(explanation)) = report.part("explanation") else {
            panic!("{report}");
        };
        prop_assert!(explanation.starts_with(files[file]), "{}", explanation);
        Ok(())
    };
    proptest!(ProptestConfig::with_cases(48), |(pick in pick)| law(pick)?);
    assert_eq!(place.ask(&ASK).0, 0, "all is as it was");
}

#[test]
fn what_does_not_fit_is_named_with_its_entry() {
    let (place, _) = place(300);
    let file = "evidence-v1/001.p/44";
    let path = place.path("log").join(file);
    // Entry 256 vouches for a record, 4 bytes behind the beginning of the bundle.
    type Edit = fn(&mut Vec<u8>);
    let cases: [(Edit, &str, &str); 7] = [
        (|b| b[6] ^= 1, "SEALED_RECORD_DIFFERS", "entry 256:"),
        (|b| b.truncate(b.len() - 1), "SEALED_BUNDLE_SHORT", "entry 299:"),
        (|b| b.truncate(2), "SEALED_BUNDLE_SHORT", "entry 256:"),
        (|b| b.clear(), "SEALED_BUNDLE_SHORT", "entry 256:"),
        (
            |b| b[0] = 0xFF,
            "SEALED_BUNDLE_SHORT",
            "entry 256: the bundle ends within",
        ),
        (|b| b.push(0), "SEALED_BUNDLE_LONG", "44 entries"),
        // A record more than there are leaves.
        (|b| b.extend([0, 0, 0, 1, 9]), "SEALED_BUNDLE_LONG", "44 entries"),
    ];
    for (edit, code, what) in cases {
        let before = change(&path, edit);
        let found = problem(&place);
        assert_eq!((found.0.as_str(), found.1.as_str()), (code, file));
        assert!(found.2.contains(what), "{}", found.2);
        fs::write(&path, before).unwrap();
    }
    // A record where the leaf vouches for none: entry 0.
    let first = place.path("log/evidence-v1/000");
    let before = change(&first, |bytes| drop(bytes.splice(..4, [0, 0, 0, 1, 9])));
    let (code, file, what) = problem(&place);
    assert_eq!((code.as_str(), file.as_str()), ("SURPLUS_RECORD", "evidence-v1/000"));
    assert!(what.contains("entry 0:"), "{what}");
    fs::write(&first, before).unwrap();
    assert_eq!(place.ask(&ASK).0, 0, "all is as it was");
}

#[test]
fn missing_and_superfluous_bundles_are_named() {
    let (place, _) = place(300);
    for file in ["evidence-v1/000", "evidence-v1/001.p/44"] {
        let path = place.path("log").join(file);
        let before = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let (code, named, _) = problem(&place);
        assert_eq!((code.as_str(), named.as_str()), ("MISSING_FILE", file));
        fs::create_dir(&path).unwrap();
        assert_eq!(problem(&place).0, "NOT_A_FILE");
        fs::remove_dir(&path).unwrap();
        fs::write(&path, before).unwrap();
    }
    for file in ["001", "002", "001.p/43", "x000/001", "entries/000", "notes.txt"] {
        let file = format!("evidence-v1/{file}");
        place.write(&format!("log/{file}"), b"x");
        let (code, named, _) = problem(&place);
        assert_eq!((code, named), ("UNEXPECTED_FILE".to_owned(), file.clone()));
        fs::remove_file(place.path("log").join(file)).unwrap();
        let _ = fs::remove_dir(place.path("log/evidence-v1/x000"));
        let _ = fs::remove_dir(place.path("log/evidence-v1/entries"));
    }
    assert_eq!(place.ask(&ASK).0, 0, "all is as it was");
}

#[test]
fn records_beside_another_log_are_not_taken_for_evidence() {
    let place = Place::new();
    fixture::export(&place.path("log"), 3).unwrap();
    place.write("log/evidence-v1/000.p/3", &[0; 12]);
    let (code, _, what) = problem(&place);
    assert_eq!(code, "LEAF_VERSION");
    assert!(what.contains("entry 0:"), "{what}");
    // Whoever spoils an entry is not asked about its record.
    let (place, _) = self::place(3);
    change(&place.path("log/tile/entries/000.p/3"), |bytes| bytes[60] ^= 1);
    assert_eq!(problem(&place).0, "ENTRY_MISMATCH");
}
