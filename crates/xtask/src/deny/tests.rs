//! The dependency checks: one version of the tool counts, and a leftover is not taken for a database.

use super::*;

#[test]
fn only_the_wanted_version_of_the_tool_counts() {
    assert!(is_wanted(&format!("cargo-deny {VERSION}\n")));
    for other in [
        "cargo-deny 0.1.0",
        "cargo-deny",
        "",
        "cargo-audit 0.20.2",
        "cargo-deny 0.20.21",
    ] {
        assert!(!is_wanted(other), "{other:?} was taken for the tool");
    }
}

#[test]
fn cargo_home_goes_before_home() {
    let both = database_below(Some("a".into()), Some("b".into()));
    assert_eq!(both, Path::new("a/advisory-dbs"));
    assert_eq!(
        database_below(None, Some("b".into())),
        Path::new("b/.cargo/advisory-dbs")
    );
}

#[test]
fn the_lock_file_of_a_failed_fetch_is_not_a_database() {
    let folder = std::env::temp_dir().join(format!("hedui-xtask-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("db.lock"), "").unwrap();
    let with_file_only = holds_folder(&folder);
    fs::create_dir_all(folder.join("advisory-db")).unwrap();
    let with_folder = holds_folder(&folder);
    fs::remove_dir_all(&folder).unwrap();
    assert!(!with_file_only);
    assert!(with_folder);
    assert!(!holds_folder(&folder));
}
