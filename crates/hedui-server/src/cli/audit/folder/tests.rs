//! A folder holds whole files only, and nothing outside it.
//! Leaves what an export consists of to `hedui-evidence`.

use std::fs;

use super::Folder;

#[test]
fn a_file_in_pieces_appears_when_it_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = Folder::make(&place.path().join("new")).unwrap();
    let at = |path: &str| place.path().join("new").join(path);
    folder.piece("a/b", 0, b"one ").unwrap();
    folder.piece("a/b", 4, b"two").unwrap();
    assert!(!folder.has("a/b"));
    folder.piece("c", 0, b"").unwrap();
    assert_eq!(fs::read(at("a/b")).unwrap(), b"one two");
    assert!(!folder.has("c"));
    folder.finish().unwrap();
    assert_eq!(fs::read(at("c")).unwrap(), b"");
    assert_eq!(fs::read_dir(at("")).unwrap().count(), 2);
}

#[test]
fn a_piece_that_does_not_go_on_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = Folder::make(place.path()).unwrap();
    assert!(folder.piece("a", 3, b"x").is_err());
    folder.piece("a", 0, b"abc").unwrap();
    for (path, offset) in [("a", 2), ("a", 4), ("b", 3)] {
        assert!(folder.piece(path, offset, b"x").is_err(), "{path} {offset}");
    }
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = Folder::make(&place.path().join("in")).unwrap();
    for path in ["../out", "/out", "a/../../out", "", "a//b", "./a", "a\\b"] {
        assert!(folder.write(path, b"x").is_err(), "{path}");
        assert!(folder.remove(path).is_err(), "{path}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(place.path().join("in")).unwrap().count(), 0);
}

#[test]
fn a_new_result_wants_an_empty_folder_and_a_resumed_one_an_unfinished() {
    let place = tempfile::tempdir().unwrap();
    let mut folder = Folder::make(place.path()).unwrap();
    folder.write("first", b"x").unwrap();
    folder.piece("second", 0, b"half").unwrap();
    drop(folder);
    assert!(Folder::make(place.path()).is_err());
    let mut folder = Folder::resume(place.path(), "last").unwrap();
    assert!(folder.has("first") && !folder.has("second"));
    // What was half written is written over.
    folder.write("second", b"x").unwrap();
    folder.write("last", b"x").unwrap();
    assert_eq!(fs::read(place.path().join("second")).unwrap(), b"x");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 3);
    assert!(Folder::resume(place.path(), "last").is_err());
}
