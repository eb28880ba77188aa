//! What an interrupted export has is counted as far as it is whole, and what the log may have outgrown is removed.
//! Leaves the export itself to `tests/hedui/transparency.rs`.

use clap::Parser;

use super::{ExportArgs, begin, check_same_log, wire};
use crate::cli::audit::folder::Folder;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    export: ExportArgs,
}

fn arguments(out: &std::path::Path, more: &[&str]) -> ExportArgs {
    let line = [&["export", "511703/2026", "--out", out.to_str().unwrap()], more].concat();
    Line::try_parse_from(line).unwrap_or_else(|e| panic!("{e}")).export
}

#[test]
fn an_interrupted_export_goes_on_behind_its_last_whole_bundle() {
    let place = tempfile::tempdir().unwrap();
    let write = |path: &str| {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, b"x").unwrap();
    };
    let resumed = |more: &[&str]| begin(&arguments(place.path(), &[&["--resume"], more].concat()));
    assert_eq!(resumed(&["--without-sealed"]).unwrap().1, 0);
    for bundle in ["000", "001", "002", "004"] {
        write(&format!("tile/entries/{bundle}"));
    }
    assert_eq!(resumed(&["--without-sealed"]).unwrap().1, 3);
    for bundle in ["000", "001"] {
        write(&format!("evidence-v1/{bundle}"));
    }
    write("evidence-v1/002.p/7");
    write("tile/entries/002.p/7");
    write("tile/0/002.p/7");
    assert_eq!(resumed(&[]).unwrap().1, 2);
    let has = |path: &str| place.path().join(path).exists();
    assert!(!has("evidence-v1/002.p") && !has("tile/entries/002.p") && has("tile/0/002.p/7"));
    // It was begun with sealed records, or is whole, or was not to be gone on with.
    assert!(resumed(&["--without-sealed"]).is_err());
    assert!(begin(&arguments(place.path(), &[])).is_err());
    write("checkpoint");
    assert!(resumed(&[]).is_err());
}

#[test]
fn an_export_goes_on_in_a_folder_of_the_same_log_only() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = Folder::make(place.path()).unwrap();
    let first = |path: &str, content: &str| wire::ExportLogResponse {
        path: path.to_owned(),
        content: content.as_bytes().to_vec().into(),
        ..Default::default()
    };
    let coming = first("policy", "log a/511703/2026+1+k\nquorum none\n");
    // Nothing that counts is there.
    check_same_log(&folder, &coming, 0).unwrap();
    assert!(check_same_log(&folder, &coming, 1).is_err());
    assert!(check_same_log(&folder, &first("tile/entries/000", ""), 0).is_err());
    for (there, same) in [
        ("log a/511703/2026+1+k\nquorum none\n", true),
        ("log a/511703/2026+1+k\nwitness w 1\nquorum w\n", true),
        ("log a/511704/2026+1+k\nquorum none\n", false),
        ("log a/511703/2026+1+other\nquorum none\n", false),
        ("", false),
    ] {
        folder.write("policy", there.as_bytes()).unwrap();
        for bundles in [0, 3] {
            let checked = check_same_log(&folder, &coming, bundles);
            assert_eq!(checked.is_ok(), same, "{there}");
        }
    }
}

#[test]
fn bundles_are_named_as_tiles_are() {
    for (index, name) in [(0, "000"), (999, "999"), (1_234, "x001/234")] {
        assert_eq!(super::full_bundle("evidence-v1", index), format!("evidence-v1/{name}"));
        assert_eq!(
            super::full_bundle("tile/entries", index),
            format!("tile/entries/{name}")
        );
    }
}
