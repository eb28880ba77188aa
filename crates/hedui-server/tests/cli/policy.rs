//! `hedui policy` as officials use it: a pack begun, broken, checked; the standard reckoned.

use crate::run::run;

/// A folder with one file in it.
fn folder(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[tokio::test]
async fn a_new_pack_passes_the_check_and_a_slip_is_told_with_its_place_and_a_hint() {
    let begun = run(&[
        "policy",
        "new",
        "dibao-x",
        "--jurisdiction",
        "511703",
        "--residence",
        "rural",
    ])
    .await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let (_kept, path) = folder("x.toml", &begun.stdout);
    assert_eq!(run(&["policy", "check", &path]).await.code, 0);

    let slip = "per_capita_income < standard";
    let (_kept, path) = folder(
        "x.toml",
        &begun.stdout.replace(slip, "per_capita_income < monthly_income"),
    );
    let line = begun.stdout.lines().position(|l| l.contains(slip)).unwrap() + 1;
    let told = run(&["policy", "check", &path]).await;
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.stdout.contains(&format!(":{line}:12: UNIT_MISMATCH")), "{told:?}");
    assert!(told.stdout.contains("hint: multiply or divide by persons"), "{told:?}");
    let json = run(&["--output", "json", "policy", "check", &path]).await.json();
    assert_eq!(json["mistakes"][0]["line"], line);
    assert_eq!(json["mistakes"][0]["reason"], "UNIT_MISMATCH");
}

#[tokio::test]
async fn all_mistakes_of_a_folder_come_at_once_and_contradictions_between_files_too() {
    let begun = run(&["policy", "new", "dibao-x", "--jurisdiction", "511703"])
        .await
        .stdout;
    let (kept, _) = folder("a.toml", &begun);
    std::fs::write(kept.path().join("b.toml"), &begun).unwrap();
    std::fs::write(kept.path().join("c.toml"), "[pack]\nid = 5\n").unwrap();
    let told = run(&["--output", "json", "policy", "check", kept.path().to_str().unwrap()]).await;
    assert_eq!(told.code, 3, "{told:?}");
    let reasons: Vec<String> = told.json()["mistakes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["reason"].as_str().unwrap().to_owned())
        .collect();
    assert!(reasons.iter().any(|r| r == "TYPE_WRONG"), "{reasons:?}");
    assert!(reasons.iter().any(|r| r == "PACK_TWICE"), "{reasons:?}");
}

#[tokio::test]
async fn what_is_not_there_is_told() {
    let empty = tempfile::tempdir().unwrap();
    for path in ["/nowhere/x.toml", empty.path().to_str().unwrap()] {
        let told = run(&["policy", "check", path]).await;
        assert_eq!(told.code, 3, "{told:?}");
        assert!(told.stderr.contains(path), "{told:?}");
    }
    assert_eq!(run(&["policy", "new", "A B", "--jurisdiction", "5"]).await.code, 3);
}

#[tokio::test]
async fn the_shipped_packs_are_listed_by_what_is_in_force() {
    let all = run(&["--output", "json", "policy", "list"]).await.json();
    let here = run(&["--output", "json", "policy", "list", "--district", "511703"])
        .await
        .json();
    let count = |value: &serde_json::Value| value.as_array().unwrap().len();
    assert!(count(&here) > 0 && count(&here) < count(&all));
    for pack in here.as_array().unwrap() {
        let place = pack["jurisdiction"].as_str().unwrap();
        assert!(["511703", "511700", "510000", "000000"].contains(&place), "{place}");
    }
    assert_eq!(run(&["policy", "list", "--district", "51"]).await.code, 2);
}

#[tokio::test]
async fn packs_with_mistakes_are_bad_input_of_every_command_that_needs_them() {
    let (_kept, path) = folder("x.toml", "[pack]\nid = 5\n");
    let told = run(&["--output", "json", "policy", "list", &path]).await;
    assert_eq!(told.code, 3, "{told:?}");
    let error = told.error();
    let mistakes = error["error"]["field_violations"].as_array().unwrap();
    let of_id = mistakes.iter().find(|m| m["reason"] == "TYPE_WRONG").unwrap();
    assert_eq!(
        (of_id["line"].as_u64(), of_id["field"].as_str()),
        (Some(2), Some(path.as_str()))
    );
}

#[tokio::test]
async fn the_standard_comes_out_of_its_template() {
    let template = run(&["policy", "standard", "--template"]).await;
    let (_kept, path) = folder("yearbook.toml", &template.stdout);
    let json = run(&["--output", "json", "policy", "standard", &path]).await.json();
    assert_eq!(json["year"], 2016);
    assert_eq!(json["result_yuan_per_person_year"], "2962");
    let table = run(&["policy", "standard", &path]).await;
    assert!(table.stdout.contains("2962"), "{table:?}");
    let (_kept, path) = folder(
        "yearbook.toml",
        &template.stdout.replace("others = 899.80", "others = -1"),
    );
    let told = run(&["policy", "standard", &path]).await;
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.stdout.contains("VALUE_NEGATIVE"), "{told:?}");
}

#[tokio::test]
async fn the_cases_of_packs_are_judged_and_a_difference_is_shown_step_by_step() {
    let shipped = run(&["--output", "json", "policy", "test"]).await;
    assert_eq!(shipped.code, 0, "{shipped:?}");
    let shipped = shipped.json();
    assert!(shipped["cases"].as_array().unwrap().len() > 100, "{shipped}");
    assert_eq!(shipped["failed"], 0);

    let begun = run(&["policy", "new", "dibao-x", "--jurisdiction", "511703"])
        .await
        .stdout;
    let (_kept, path) = folder("x.toml", &begun);
    let told = run(&["policy", "test", &path]).await;
    assert_eq!(told.code, 0, "{told:?}");
    assert!(
        told.stdout.contains("1 pack(s), 2 case(s), 0 failed; 0 pack(s)"),
        "{told:?}"
    );

    let (_kept, path) = folder("x.toml", &begun.replacen("value = 500", "value = 501", 1));
    let told = run(&["policy", "test", &path]).await;
    assert_eq!(told.code, 1, "{told:?}");
    for part in [
        "FAIL",
        "below_the_standard",
        "equal_to_the_standard",
        "0.01",
        "1.01",
        "2 failed",
    ] {
        assert!(told.stdout.contains(part), "{part}: {told:?}");
    }
    let json = run(&["--output", "json", "policy", "test", &path]).await;
    assert_eq!(json.code, 1);
    let difference = &json.json()["cases"][0]["differences"][0];
    let of = |key: &str| difference[key].as_str().unwrap().to_owned();
    assert_eq!(
        (of("what"), of("expected"), of("found")),
        ("amount".into(), "0.01".into(), "1.01".into())
    );
    let junit = run(&["policy", "test", "--junit", &path]).await;
    assert_eq!(junit.code, 1);
    assert!(
        junit
            .stdout
            .contains("<testsuite name=\"dibao-x 1\" tests=\"2\" failures=\"2\" skipped=\"0\">"),
        "{junit:?}"
    );
    assert!(
        junit
            .stdout
            .contains("<failure message=\"amount: expected 0.01, found 1.01\"/>"),
        "{junit:?}"
    );

    let (_kept, path) = folder("x.toml", &begun.replacen("\"income.wage\" = 500", "vehicle = 1", 1));
    let told = run(&["policy", "test", &path]).await;
    assert_eq!(told.code, 3, "{told:?}");
    assert!(
        told.stderr.contains("FACT_UNREAD") && told.stderr.contains("`vehicles`"),
        "{told:?}"
    );
}
