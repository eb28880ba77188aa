//! `hedui id check` as scripts use it.

use std::process::Stdio;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use crate::run::{command, run};

#[tokio::test]
async fn verdicts_come_in_the_order_given() {
    let numbers = ["11010519491231002x", "9144030071526726XG", "110105194912310021"];
    let ran = run(&[
        "id",
        "check",
        "--as-of",
        "2026-11-22",
        "--output",
        "json",
        numbers[0],
        numbers[1],
        numbers[2],
    ])
    .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert_eq!(
        ran.json(),
        json!([
            {"valid": true, "kind": "resident_id", "reason": null, "warnings": ["NORMALISED"],
             "masked": "110105**********2X", "holder": "resident", "message": null},
            {"valid": true, "kind": "credit_code", "reason": null, "warnings": [],
             "masked": "91440300********XG", "holder": null, "message": null},
            {"valid": false, "kind": "resident_id", "reason": "CHECK_DIGIT", "warnings": [],
             "masked": "110105**********21", "holder": null, "message": "the check character does not fit"},
        ])
    );
    for number in numbers {
        assert!(!ran.stdout.contains(number));
    }
}

#[tokio::test]
async fn all_valid_is_success() {
    let ran = run(&["id", "check", "11010519491231002X"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("valid"));
}

#[tokio::test]
async fn a_dash_reads_lines_from_stdin() {
    let mut child = command(&["id", "check", "--output", "json", "-"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin
        .write_all(b"11010519491231002X\n\n9144030071526726XG\nx\n")
        .await
        .unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let verdicts: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let valid: Vec<_> = verdicts
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["valid"].as_bool().unwrap())
        .collect();
    assert_eq!(valid, [true, true, false]);
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test]
async fn an_empty_list_is_no_list_of_valid_numbers() {
    // `run` gives nothing on stdin.
    let ran = run(&["id", "check", "-"]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("EMPTY"), "{}", ran.stderr);
}

#[tokio::test]
async fn usage_mistakes_end_with_2_and_help_with_0() {
    assert_eq!(run(&["id", "check"]).await.code, 2);
    assert_eq!(run(&["nonsense"]).await.code, 2);
    assert_eq!(
        run(&["list", "--district", "511703", "--server", "https://example.org"])
            .await
            .code,
        2
    );
    let help = run(&["--help"]).await;
    assert_eq!(help.code, 0);
    assert!(help.stdout.contains("Exit codes:"));
}

#[tokio::test]
async fn the_locale_chooses_the_language_and_a_flag_overrides_it() {
    let mut chinese = command(&["id", "check", "11010519491231002X"]);
    chinese.env("LC_ALL", "zh_CN.UTF-8");
    assert!(crate::run::ended(chinese).await.stdout.contains("有效"));
    let mut english = command(&["id", "check", "--lang", "en", "11010519491231002X"]);
    english.env("LC_ALL", "zh_CN.UTF-8");
    assert!(crate::run::ended(english).await.stdout.contains("valid"));
}
