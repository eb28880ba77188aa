//! `hedui demo --once` as a newcomer runs it.
//! Leaves what the reports say to the tests of rendering and of the packs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

fn demo(arguments: &[&str]) -> (Option<i32>, String, String) {
    demo_in(Path::new("."), arguments)
}

fn demo_in(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_hedui"))
        .arg("demo")
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (out.status.code(), text(&out.stdout), text(&out.stderr))
}

#[test]
fn the_demo_shows_three_reports_and_how_to_go_on() {
    // A folder that is named relative to where it was started, with a space in its name.
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().canonicalize().unwrap();
    // A seed of which the first who hides anything hides a spouse, and a district that is not the usual one.
    let given = [
        "--households",
        "200",
        "--seed",
        "6",
        "--district",
        "150102",
        "--directory",
        "my demo",
    ];
    let (code, out, err) = demo_in(
        &folder,
        &[&["--once", "--port", "0", "--lang", "en"][..], &given].concat(),
    );
    assert_eq!(code, Some(0), "{out}\n{err}");
    let reports: Vec<&str> = out.split("\n=== ").skip(1).collect();
    assert_eq!(reports.len(), 4, "three reports and how to go on: {out}");
    assert!(
        reports[2].contains("no answer") || reports[2].contains("No answer") || reports[2].contains("NO ANSWER"),
        "{}",
        reports[2]
    );
    assert!(reports[1].contains(": EXCEEDS"), "{}", reports[1]);
    // The server is gone: what is said is how to start one that stays, from whatever folder.
    let again = format!(
        " demo --households 200 --seed 6 --district 150102 --directory '{}/my demo'\n",
        folder.display()
    );
    assert!(reports[3].contains(&again), "{}", reports[3]);
    assert!(!reports[3].contains("http://"), "{}", reports[3]);
    for department in ["traffic-police", "finance-office"] {
        assert!(out.contains(department), "{department} is not named");
    }
}

#[test]
fn a_reader_that_goes_away_ends_the_demo_quietly() {
    let (reads, writes) = std::io::pipe().unwrap();
    drop(reads);
    let out = Command::new(env!("CARGO_BIN_EXE_hedui"))
        .args(["demo", "--port", "0", "--households", "50", "--lang", "en"])
        .stdout(writes)
        .output()
        .unwrap();
    let err = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(0), "{err}");
    assert!(!err.contains("panicked") && !err.contains("error"), "{err}");
}

/// A demo whose temporary folder is made in this one.
fn running_in(folder: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_hedui"))
        .args(["demo", "--port", "0", "--households", "500", "--lang", "en"])
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Sends a signal and waits for the end; the exit code.
fn ended_by(signal: &str, mut demo: Child) -> Option<i32> {
    let id = demo.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-s", signal, &id])
            .status()
            .unwrap()
            .success()
    );
    // Its reports are many; nobody reads them here.
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut demo.stdout.take().unwrap(), &mut rest).unwrap();
    demo.wait().unwrap().code()
}

fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_demo_that_is_ended_while_it_begins_leaves_no_folder() {
    for signal in ["INT", "HUP"] {
        let dir = tempfile::tempdir().unwrap();
        let demo = running_in(dir.path());
        while is_empty(dir.path()) {
            std::thread::yield_now();
        }
        assert_eq!(ended_by(signal, demo), Some(130), "{signal}");
        assert!(is_empty(dir.path()), "{signal}");
    }
}

/// Reads on until it serves; the address of its server.
fn address_of(demo: &mut Child) -> String {
    let mut lines = BufReader::new(demo.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("Serving on ") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "it ended before it served");
    }
    demo.stdout = Some(lines.into_inner());
    line.split(' ').nth(2).unwrap().to_owned()
}

#[test]
fn a_demo_whose_terminal_is_closed_ends_in_an_orderly_way() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = running_in(dir.path());
    address_of(&mut demo);
    assert_eq!(ended_by("HUP", demo), Some(0));
    assert!(is_empty(dir.path()));
}

#[test]
fn the_demos_server_counts_who_has_answered_and_knows_its_departments() {
    let dir = tempfile::tempdir().unwrap();
    let mut demo = running_in(dir.path());
    let server = address_of(&mut demo);
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_hedui"));
        command.args(arguments).args(["--server", &server, "--output", "json"]);
        let out = command.output().unwrap();
        (out.status.code(), out.stdout, String::from_utf8(out.stderr).unwrap())
    };
    let (code, list, err) = ask(&["list", "--district", "511703"]);
    assert_eq!(code, Some(0), "{err}");
    let list: serde_json::Value = serde_json::from_slice(&list).unwrap();
    let of = |key: &str| -> Vec<u64> {
        let all = list["verifications"].as_array().unwrap();
        all.iter().map(|v| v[key].as_u64().unwrap()).collect()
    };
    // Newest first: of the last one two departments were switched off.
    let (asked, answered) = (of("departments_asked"), of("departments_answered"));
    assert_eq!(answered, [asked[0] - 2, asked[1], asked[2]]);
    let (code, _, err) = ask(&["tasks", "list", "--department", "nosuch"]);
    assert_eq!(code, Some(3), "{err}");
    assert!(err.contains("UNKNOWN_DEPARTMENT"), "{err}");
    assert_eq!(ended_by("TERM", demo), Some(0));
}

#[test]
fn a_taken_port_is_told_and_one_that_was_asked_for_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (code, out, err) = demo_in(dir.path(), &["--once", "--port", &port, "--directory", "made"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains(&format!("port {port} is taken")), "{err}");
    assert!(!dir.path().join("made").exists());
    // Ours, or somebody else's already.
    let _usual = std::net::TcpListener::bind("127.0.0.1:7311");
    let (code, out, err) = demo_in(dir.path(), &["--once", "--households", "50", "--lang", "en"]);
    assert_eq!(code, Some(0), "{err}");
    let at = "port 7311 is taken; listening on ";
    let line = err.lines().find_map(|line| line.strip_prefix(at));
    let line = line.unwrap_or_else(|| panic!("{err}"));
    assert!(
        out.contains(&format!("broker on http://127.0.0.1:{line}.")),
        "{line}: {out}"
    );
}

#[test]
fn reports_for_programs_are_asked_of_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = demo_in(dir.path(), &["--once", "--output", "json", "--directory", "made"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
    let error: serde_json::Value = serde_json::from_str(&err).unwrap();
    assert_eq!(error["error"]["reason"], "USAGE");
    assert!(err.contains("hedui show NAME --output json"), "{err}");
    assert!(!dir.path().join("made").exists());
}

#[test]
fn a_full_disk_under_the_reports_is_told() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let out = Command::new(env!("CARGO_BIN_EXE_hedui"))
        .args(["demo", "--once", "--port", "0", "--households", "50", "--lang", "en"])
        .stdout(full)
        .output()
        .unwrap();
    let err = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{err}");
    assert!(
        err.contains("cannot write the result") && !err.contains("panicked"),
        "{err}"
    );
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

#[test]
fn a_district_that_no_pack_is_for_is_named_before_anything_is_made() {
    let dir = tempfile::tempdir().unwrap();
    for (district, text) in [("999999", "999999"), ("Dachuan", "six digits")] {
        let (code, out, err) = demo_in(dir.path(), &["--once", "--district", district, "--directory", "made"]);
        assert_ne!(code, Some(0), "{out}");
        assert!(
            err.contains("--district") && err.contains(text) && err.contains("511703"),
            "{err}"
        );
        assert!(!dir.path().join("made").exists());
    }
}
