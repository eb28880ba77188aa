//! The program from outside: logs made by the test, true, then spoilt in every kind of file, and the named reason.
//! Leaves formats and proofs to the tests of `hedui-log`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    missing_docs,
    reason = "a test stops where it fails"
)]

mod evidence;
mod fixture;
mod folder;
mod proof;
mod sealed;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A folder with a policy in it, gone at the end of the test.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write("policy", fixture::policy().as_bytes());
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fixture::write(self.0.path(), name, bytes).unwrap();
    }

    /// Runs the program here.
    fn run(&self, arguments: &[&str]) -> Output {
        let program = env!("CARGO_BIN_EXE_hedui-verify");
        let mut command = Command::new(program);
        command.current_dir(self.0.path()).args(arguments).output().unwrap()
    }

    /// Runs it and gives the exit code and the answer as JSON.
    fn ask(&self, arguments: &[&str]) -> (i32, serde_json::Value) {
        let output = self.run(&[arguments, &["--output", "json"]].concat());
        let json = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), json)
    }
}

/// Changes the file and returns what it held.
fn change(path: &Path, edit: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let before = fs::read(path).unwrap();
    let mut bytes = before.clone();
    edit(&mut bytes);
    assert_ne!(bytes, before);
    fs::write(path, bytes).unwrap();
    before
}

#[test]
fn help_says_what_a_reader_without_readme_needs() {
    let place = Place::new();
    for (arguments, words) in [
        (
            vec!["--help"],
            vec!["evidence", "proof", "log", "Exit code", "quorum", "true", "no network"],
        ),
        (
            vec!["proof", "--help"],
            vec!["--policy", "--entry", "--leaf-hash", "--output"],
        ),
        (vec!["log", "--help"], vec!["--policy", "--since", "tile/entries"]),
    ] {
        let output = place.run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        let text = String::from_utf8(output.stdout).unwrap();
        for word in words {
            assert!(text.contains(word), "{arguments:?} does not speak of {word}");
        }
    }
}

#[test]
fn what_cannot_be_checked_ends_with_two_and_no_verdict() {
    let place = Place::new();
    place.write("bad-policy", b"# first\nquorum nobody\n");
    place.write("entry", b"x");
    place.write("proof", b"x");
    let cases = [
        vec![],
        vec!["proof"],
        vec!["prove", "proof"],
        vec!["proof", "proof", "--policy", "policy"],
        vec!["proof", "proof", "--entry", "entry"],
        vec!["proof", "proof", "--policy", "policy", "--leaf-hash", "short"],
        vec![
            "proof",
            "proof",
            "--policy",
            "policy",
            "--entry",
            "entry",
            "--leaf-hash",
            "x",
        ],
        vec!["proof", "absent", "--policy", "policy", "--entry", "entry"],
        vec!["proof", "proof", "--policy", "absent", "--entry", "entry"],
        vec!["proof", "proof", "--policy", "policy", "--entry", "absent"],
        vec!["proof", "proof", "--policy", "bad-policy", "--entry", "entry"],
        vec!["log", "absent", "--policy", "policy"],
        vec!["log", ".", "--policy", "absent"],
    ];
    for arguments in cases {
        let output = place.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
    }
    let output = place.run(&["log", ".", "--policy", "bad-policy"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("line 2") && said.contains("POLICY_NAME_UNDEFINED"),
        "{said}"
    );
}
