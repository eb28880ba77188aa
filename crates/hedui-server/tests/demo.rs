//! `hedui demo --once` as a newcomer runs it.
//! Leaves what the reports say to the tests of rendering and of the packs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::process::Command;

fn demo(arguments: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_hedui"))
        .arg("demo")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn the_demo_shows_three_reports_and_how_to_go_on() {
    let (code, out, err) = demo(&["--once", "--households", "200", "--port", "0", "--lang", "en"]);
    assert_eq!(code, Some(0), "{out}\n{err}");
    let reports: Vec<&str> = out.split("\n=== ").skip(1).collect();
    assert_eq!(reports.len(), 4, "three reports and how to go on: {out}");
    assert!(
        reports[2].contains("no answer") || reports[2].contains("No answer") || reports[2].contains("NO ANSWER"),
        "{}",
        reports[2]
    );
    assert!(
        reports[3].contains(" verify --server http://127.0.0.1:"),
        "{}",
        reports[3]
    );
    for department in ["traffic-police", "finance-office"] {
        assert!(out.contains(department), "{department} is not named");
    }
}

#[test]
fn the_demo_is_the_same_for_the_same_seed() {
    let households = |out: &str| -> Vec<String> {
        out.lines()
            .filter(|l| l.contains("********"))
            .map(str::to_owned)
            .collect()
    };
    let first = demo(&[
        "--once",
        "--households",
        "150",
        "--seed",
        "5",
        "--port",
        "0",
        "--lang",
        "zh",
    ]);
    let second = demo(&[
        "--once",
        "--households",
        "150",
        "--seed",
        "5",
        "--port",
        "0",
        "--lang",
        "zh",
    ]);
    assert!(!households(&first.1).is_empty(), "{}", first.1);
    assert_eq!(households(&first.1), households(&second.1));
}
