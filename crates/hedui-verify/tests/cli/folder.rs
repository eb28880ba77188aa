//! `hedui-verify log`: a whole log, spoilt in every kind of file.
//! Leaves single proofs to `proof`.

use std::fs;

use hedui_log::merkle::leaf_hash;
use hedui_log::policy::Policy;
use hedui_log::tile::{encode_entries, tiles_of};
use hedui_verify::folder::{Progress, check};
use hedui_verify::{Report, Value};
use proptest::prelude::*;

use crate::fixture::{self, Log, entry, export, root_at, signed};
use crate::{Place, change};

const ASK: [&str; 4] = ["log", "log", "--policy", "policy"];

fn place(size: u64) -> (Place, Log) {
    let place = Place::new();
    let log = export(&place.path("log"), size).unwrap();
    (place, log)
}

/// The reason of a false answer, and the files it names.
fn reason(place: &Place, arguments: &[&str]) -> (String, Vec<String>) {
    let (code, json) = place.ask(arguments);
    assert_eq!((code, &json["verdict"]), (1, &false.into()), "{json}");
    let problems = json["problems"].as_array().cloned().unwrap_or_default();
    let files = problems
        .iter()
        .map(|problem| problem["file"].as_str().unwrap().to_owned());
    (json["reason"].as_str().unwrap().to_owned(), files.collect())
}

fn named(code: &str, file: &str) -> (String, Vec<String>) {
    (code.to_owned(), vec![file.to_owned()])
}

#[test]
fn logs_of_all_shapes_are_true() {
    for size in [0, 1, 255, 256, 257, 512, 700] {
        let (place, log) = place(size);
        let (code, json) = place.ask(&ASK);
        assert_eq!((code, &json["verdict"]), (0, &true.into()), "{size}: {json}");
        assert_eq!(
            (&json["size"], &json["root"]),
            (&size.into(), &log.root.to_string().into())
        );
        assert_eq!(json["witnesses"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_flipped_byte_in_any_file_names_that_file() {
    let (place, _) = place(700);
    let files = [
        ("tile/entries/000", "ENTRY_MISMATCH"),
        ("tile/entries/002.p/188", "ENTRY_MISMATCH"),
        ("tile/0/000", "TILE_MISMATCH"),
        ("tile/0/001", "TILE_MISMATCH"),
        ("tile/0/002.p/188", "TILE_MISMATCH"),
        ("tile/1/000.p/2", "TILE_MISMATCH"),
    ];
    for (file, code) in files {
        let path = place.path("log").join(file);
        // The last byte: within an entry, within a hash.
        let before = change(&path, |bytes| *bytes.last_mut().unwrap() ^= 0x40);
        assert_eq!(reason(&place, &ASK), named(code, file), "{file}");
        fs::write(&path, before).unwrap();
    }
    // A length within a bundle: the entries behind it cannot be told apart any more.
    let bundle = place.path("log/tile/entries/001");
    let before = change(&bundle, |bytes| bytes[1] ^= 1);
    assert_eq!(reason(&place, &ASK), named("BAD_BUNDLE", "tile/entries/001"));
    fs::write(&bundle, before).unwrap();
    let checkpoint = place.path("log/checkpoint");
    for (from, to, code) in [
        ("\n700\n", "\n701\n", "BAD_SIGNATURE"),
        ("log.example/district\n7", "log.example/other\n7", "UNKNOWN_LOG"),
        ("\n700\n", "\n0700\n", "CHECKPOINT_SIZE"),
        (
            "\u{2014} witness.example/w1",
            "\u{2014} witness.example/w2",
            "QUORUM_NOT_MET",
        ),
    ] {
        let before = fs::read_to_string(&checkpoint).unwrap();
        assert!(before.contains(from));
        fs::write(&checkpoint, before.replacen(from, to, 1)).unwrap();
        assert_eq!(reason(&place, &ASK).0, code);
        fs::write(&checkpoint, before).unwrap();
    }
    assert_eq!(place.ask(&ASK).0, 0, "all is as it was");
}

#[test]
fn an_operator_who_rewrites_entry_and_tile_is_found_out_by_the_root() {
    let (place, _) = place(300);
    let mut entries: Vec<Vec<u8>> = (256..300).map(entry).collect();
    entries[3] = b"nothing happened".to_vec();
    let bundle = encode_entries(&entries).unwrap();
    let hashes: Vec<u8> = entries.iter().flat_map(|entry| leaf_hash(entry).0).collect();
    place.write("log/tile/entries/001.p/44", &bundle);
    place.write("log/tile/0/001.p/44", &hashes);
    assert_eq!(reason(&place, &ASK), named("ROOT_MISMATCH", "checkpoint"));
}

#[test]
fn where_entries_and_tiles_are_both_spoilt_all_are_named() {
    let (place, _) = place(700);
    change(&place.path("log/tile/entries/000"), |bytes| {
        *bytes.last_mut().unwrap() ^= 1
    });
    change(&place.path("log/tile/0/001"), |bytes| bytes[0] ^= 1);
    let (code, files) = reason(&place, &ASK);
    assert_eq!(code, "ROOT_MISMATCH");
    for file in ["tile/entries/000", "tile/0/001"] {
        assert!(files.iter().any(|named| named == file), "{files:?}");
    }
}

#[test]
fn tiles_of_three_levels_are_compared() {
    let (_place, log) = place(65_792);
    let policy = Policy::parse(fixture::policy().as_bytes()).unwrap();
    let mut heard = Vec::new();
    let report = check(&log.folder, &policy, None, |progress| heard.push(progress)).unwrap();
    assert!(report.verdict, "{report}");
    let (entries, of, sealed) = (65_536, log.size, false);
    assert_eq!(heard, [Progress { entries, of, sealed }]);
    for file in ["tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"] {
        let path = log.folder.join(file);
        let before = change(&path, |bytes| bytes[31] ^= 1);
        let report = check(&log.folder, &policy, None, |_| ()).unwrap();
        assert_eq!((code(&report), files(&report)), ("TILE_MISMATCH", vec![file]));
        fs::write(&path, before).unwrap();
    }
}

fn code(report: &Report) -> &str {
    match report.part("reason") {
        Some(Value::Text(code)) => code,
        other => panic!("{other:?}"),
    }
}

fn files(report: &Report) -> Vec<&str> {
    let Some(Value::List(problems)) = report.part("problems") else {
        return Vec::new();
    };
    fn file(problem: &Value) -> &str {
        match problem {
            Value::Parts(parts) => match &parts[1].1 {
                Value::Text(file) => file.as_str(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
    problems.iter().map(file).collect()
}

#[test]
fn any_flipped_bit_in_any_file_is_found_and_the_file_named() {
    let (_place, log) = place(520);
    let policy = Policy::parse(fixture::policy().as_bytes()).unwrap();
    let mut names: Vec<String> = tiles_of(log.size).map(|path| path.to_string()).collect();
    names.push("checkpoint".to_owned());
    let pick = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8);
    let law = |(name, at, bit): (prop::sample::Index, prop::sample::Index, i32)| {
        let name = name.get(&names).as_str();
        let path = log.folder.join(name);
        let before = change(&path, |bytes| *at.get_mut(bytes) ^= 1_u8 << bit);
        let report = check(&log.folder, &policy, None, |_| ()).unwrap();
        fs::write(&path, before).unwrap();
        prop_assert!(!report.verdict);
        prop_assert!(name == "checkpoint" || files(&report) == [name], "{}: {}", name, report);
        Ok(())
    };
    proptest!(ProptestConfig::with_cases(64), |(pick in pick)| law(pick)?);
}

#[test]
fn missing_superfluous_and_wrongly_sized_files_are_named() {
    let (place, _) = place(700);
    let log = place.path("log");
    for file in [
        "checkpoint",
        "tile/entries/001",
        "tile/0/000",
        "tile/0/002.p/188",
        "tile/1/000.p/2",
    ] {
        let path = log.join(file);
        let before = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(reason(&place, &ASK), named("MISSING_FILE", file));
        fs::create_dir(&path).unwrap();
        assert_eq!(reason(&place, &ASK), named("NOT_A_FILE", file));
        fs::remove_dir(&path).unwrap();
        fs::write(&path, before).unwrap();
    }
    for file in ["tile/0/002.p/188", "tile/1/000.p/2"] {
        let path = log.join(file);
        for (cut, add) in [(1, 0), (0, 1)] {
            let before = change(&path, |bytes| bytes.resize(bytes.len() - cut + add, 0));
            assert_eq!(reason(&place, &ASK), named("WRONG_SIZE", file));
            fs::write(&path, before).unwrap();
        }
    }
    let superfluous = [
        "tile/0/003",
        "tile/0/002",
        "tile/0/002.p/189",
        "tile/2/000.p/1",
        "tile/1/000",
        "tile/entries/003.p/1",
        "tile/entries/x000/001",
        "tile/0/0",
        "tile/notes.txt",
        "tile/0/002.p/188.bak",
        "tile/64/000",
    ];
    for file in superfluous {
        place.write(&format!("log/{file}"), b"x");
        assert_eq!(reason(&place, &ASK), named("UNEXPECTED_FILE", file));
        fs::remove_file(log.join(file)).unwrap();
    }
    place.write("log/.state/lock", b"");
    let (code, json) = place.ask(&ASK);
    assert_eq!((code, &json["not_looked_at"][0]), (0, &".state".into()));
}

#[test]
fn without_entries_and_hashes_nothing_is_claimed_of_what_follows() {
    let (place, _) = place(700);
    fs::remove_file(place.path("log/tile/0/001")).unwrap();
    fs::remove_file(place.path("log/tile/entries/001")).unwrap();
    let (code, files) = reason(&place, &ASK);
    assert_eq!(code, "MISSING_FILE");
    assert_eq!(files, ["tile/entries/001", "tile/0/001", "tile"]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (place, _) = place(300);
    let file = place.path("log/tile/0/000");
    fs::rename(&file, place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path("elsewhere"), &file).unwrap();
    assert_eq!(reason(&place, &ASK).0, "NOT_A_FILE");
}

#[test]
fn partial_tiles_of_an_earlier_size_may_stand_there_if_they_are_true() {
    let (place, _) = place(700);
    let earlier = Place::new();
    export(&earlier.path("log"), 520).unwrap();
    let older = ["tile/0/002.p/8", "tile/entries/002.p/8"];
    for file in older {
        place.write(
            &format!("log/{file}"),
            &fs::read(earlier.path("log").join(file)).unwrap(),
        );
    }
    assert_eq!(place.ask(&ASK).0, 0);
    for file in older {
        let path = place.path("log").join(file);
        let before = change(&path, |bytes| *bytes.last_mut().unwrap() ^= 1);
        assert_eq!(reason(&place, &ASK), named("PARTIAL_MISMATCH", file));
        fs::write(&path, &before[..before.len() - 1]).unwrap();
        assert_eq!(reason(&place, &ASK), named("PARTIAL_MISMATCH", file));
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn an_earlier_checkpoint_holds_the_log_to_its_word() {
    let (place, log) = place(700);
    let ask = ["log", "log", "--policy", "policy", "--since", "earlier"];
    for size in [0, 1, 256, 300, 699, 700] {
        // The log's own signature suffices.
        place.write("earlier", signed(size, root_at(size), &[]).as_bytes());
        let (code, json) = place.ask(&ask);
        assert_eq!((code, &json["since_size"]), (0, &size.into()), "{json}");
    }
    for size in [0, 1, 300, 700] {
        place.write("earlier", signed(size, leaf_hash(b"another past"), &[]).as_bytes());
        assert_eq!(reason(&place, &ask), named("INCONSISTENT", "checkpoint"), "{size}");
    }
    place.write("earlier", signed(701, log.root, &[]).as_bytes());
    assert_eq!(reason(&place, &ask).0, "LOG_SHRANK");
    let forged = signed(300, root_at(300), &[]).replace("\n300\n", "\n299\n");
    place.write("earlier", forged.as_bytes());
    assert_eq!(reason(&place, &ask).0, "BAD_SIGNATURE");
    place.write(
        "earlier",
        signed(300, root_at(300), &[])
            .replace(fixture::ORIGIN, "other.example")
            .as_bytes(),
    );
    assert_eq!(reason(&place, &ask).0, "UNKNOWN_LOG");
    // A fork since then, in entries and in tiles: the root betrays it, and the past is still the same.
    place.write("earlier", signed(300, root_at(300), &[]).as_bytes());
    change(&place.path("log/tile/entries/002.p/188"), |bytes| {
        *bytes.last_mut().unwrap() ^= 1
    });
    assert_eq!(reason(&place, &ask), named("ENTRY_MISMATCH", "tile/entries/002.p/188"));
}
