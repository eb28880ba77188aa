//! The commands around a verification: show, list, cancel, recheck, departments, audit, metrics.

use hedui_proto::verification::*;
use hedui_proto::{audit, operations};

use crate::fake::{Fake, Script};
use crate::run::run;
use crate::sample;
use crate::verify::script;

#[tokio::test]
async fn show_takes_the_id_alone() {
    let fake = Fake::start(script()).await;
    let ran = run(&[
        "show",
        "7f3a91c2",
        "--server",
        &fake.address,
        "--actor",
        "auditor",
        "--output",
        "json",
    ])
    .await;
    assert_eq!(ran.code, 11);
    assert_eq!(
        ran.json()["report"]["departments"][0]["subjects"][0]["state"],
        "UNREACHABLE"
    );
    fake.asked(|asked| {
        assert_eq!(asked.read[0].name, "verifications/7f3a91c2");
        assert_eq!(asked.read[0].actor, "auditor");
    });
}

fn named(name: &str) -> Verification {
    Verification {
        name: format!("verifications/{name}"),
        report: None,
        ..sample::verification()
    }
}

#[tokio::test]
async fn a_list_says_that_there_is_more_and_all_reads_it() {
    let pages = vec![vec![named("a"), named("b")], vec![named("c")]];
    let fake = Fake::start(Script { pages, ..script() }).await;
    let one = run(&[
        "list",
        "--district",
        "511703",
        "--server",
        &fake.address,
        "--page-size",
        "2",
    ])
    .await;
    assert_eq!(one.code, 0, "{one:?}");
    assert!(
        one.stdout.contains("\nb  ") && one.stdout.contains("--page-token 1"),
        "{}",
        one.stdout
    );
    assert!(!one.stdout.contains("\nc  "));
    let all = run(&[
        "list",
        "--district",
        "511703",
        "--server",
        &fake.address,
        "--all",
        "--output",
        "json",
    ])
    .await;
    assert_eq!(all.json()["verifications"].as_array().unwrap().len(), 3);
    assert_eq!(all.json()["next_page_token"], "");
    let tokens = fake.asked(|asked| asked.listed.iter().map(|l| l.page_token.clone()).collect::<Vec<_>>());
    assert_eq!(tokens, ["", "", "1"]);
}

#[tokio::test]
async fn cancelling_says_what_became_of_it() {
    let read = Verification {
        state: VerificationState::Cancelled.into(),
        ..named("a")
    };
    let fake = Fake::start(Script { read, ..script() }).await;
    let ran = run(&["cancel", "a", "--server", &fake.address]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (0, "verifications/a: cancelled\n"));
}

#[tokio::test]
async fn a_recheck_prints_the_differences_first_and_the_whole_new_report() {
    let difference = |subject: &str, before: &str, after: &str| Difference {
        subject: subject.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    };
    let fake = Fake::start(Script {
        differences: vec![
            difference(
                "department/housing/0",
                "UNREACHABLE:timeout, 0 record(s)",
                "FOUND, 1 record(s)",
            ),
            difference("figure/dwellings", "[0, inf] pieces", "1 pieces"),
            difference("figure/income.wage", "68780 fen", "[70000, inf] fen"),
            difference("finding/NOT_KNOWN_HERE", "", "present"),
            difference("verdict/dibao", "INCONCLUSIVE", "EXCEEDS"),
            difference("amount/dibao", "[0, 26400] fen", ""),
            difference("of_tomorrow/x", "a", "b"),
        ],
        ..script()
    })
    .await;
    let ran = run(&[
        "recheck",
        "a",
        "--department",
        "housing",
        "taxation",
        "--server",
        &fake.address,
    ])
    .await;
    assert_eq!(ran.code, 11, "{ran:?}");
    let (first, report) = ran.stdout.split_at(ran.stdout.find("== ").unwrap());
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let first = words(first);
    for line in [
        "NO ANSWER (too late)",
        "+ 1 record",
        "dwellings unknown 1",
        "wages, net 687.80 yuan at least 700.00 yuan",
        "NOT_KNOWN_HERE not found found",
        "INCONCLUSIVE EXCEEDS",
        "0.00 to 264.00 yuan -",
        "of_tomorrow/x a b",
    ] {
        assert!(first.contains(line), "{line}\n{first}");
    }
    for raw in ["fen", "inf]", "pieces", "figure/", "department/"] {
        assert!(!first.contains(raw), "{raw}\n{first}");
    }
    let shown = hedui_server::cli::report::render(&sample::verification(), hedui_server::cli::Lang::En, 100);
    assert_eq!(report, shown);
    assert_eq!(
        fake.asked(|asked| asked.rechecked[0].departments.clone()),
        ["housing", "taxation"]
    );
}

#[tokio::test]
async fn departments_that_fail_their_checks_end_with_unavailable() {
    let department = |health: operations::DepartmentHealth| operations::Department {
        id: "housing".to_owned(),
        name_en: "District Housing Management Bureau".to_owned(),
        health: health.into(),
        checks: vec!["connect: FAIL no route".to_owned()],
        ..Default::default()
    };
    for (health, code, word) in [
        (operations::DepartmentHealth::Answering, 0, "answering"),
        (operations::DepartmentHealth::Failing, 5, "FAILING"),
        (operations::DepartmentHealth::BreakerOpen, 5, "NOT ASKED"),
    ] {
        let fake = Fake::start(Script {
            departments: vec![department(health)],
            ..script()
        })
        .await;
        let ran = run(&["departments", "--check", "--server", &fake.address]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(
            ran.stdout.contains(word) && ran.stdout.contains("no route"),
            "{}",
            ran.stdout
        );
        assert_eq!(run(&["departments", "--server", &fake.address]).await.code, 0);
    }
}

#[tokio::test]
async fn damaged_evidence_is_never_a_success() {
    let leaf = |intact| audit::Leaf {
        kind: "ANSWER".to_owned(),
        department: "housing".to_owned(),
        intact,
        record: "{\"a\":1}".into(),
        ..Default::default()
    };
    for (intact, code) in [(None, 0), (Some(true), 0), (Some(false), 1)] {
        let fake = Fake::start(Script {
            leaves: vec![leaf(Some(true)), leaf(intact)],
            ..script()
        })
        .await;
        let ran = run(&["audit", "show", "a", "--open", "--server", &fake.address]).await;
        assert_eq!(ran.code, code, "{ran:?}");
        assert!(ran.stdout.contains("{\"a\":1}"));
        assert!(fake.asked(|asked| asked.cases[0].open_records && asked.cases[0].name == "verifications/a"));
    }
}

#[tokio::test]
async fn metrics_show_the_mean_of_each_step() {
    let fake = Fake::start(script()).await;
    let ran = run(&["metrics", "--server", &fake.address]).await;
    assert_eq!(ran.code, 0);
    assert!(
        ran.stdout.contains("fan_out") && ran.stdout.contains("2,500.0"),
        "{}",
        ran.stdout
    );
    // What is refused stands out, what is not is for programs.
    assert!(ran.stdout.contains("!! appends_refused: NO_ROOM"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("LOG_FAILED"));
    let ran = run(&["metrics", "--server", &fake.address, "--output", "json"]).await;
    let gauges = ran.json()["gauges"].clone();
    assert_eq!(gauges.as_array().unwrap().len(), 2);
    assert_eq!(
        (&gauges[0]["reason"], &gauges[0]["value"]),
        (&"NO_ROOM".into(), &1.into())
    );
}

#[tokio::test]
async fn the_catalogue_is_read_again_and_a_department_paused_and_resumed() {
    let fake = Fake::start(script()).await;
    let server = ["--server", fake.address.as_str()];
    let ran = run(&[&["departments", "reload", "--dry-run", "--output", "json"], &server[..]].concat()).await;
    assert_eq!((ran.code, ran.json()["unchanged"].as_u64()), (0, Some(26)));
    assert_eq!(ran.json()["dry_run"], true);
    let ran = run(&[&["departments", "reload"], &server[..]].concat()).await;
    assert!(
        ran.stdout.contains("added tobacco\nchanged housing\n27 departments"),
        "{}",
        ran.stdout
    );
    let ran = run(&[
        &["departments", "pause", "housing", "--reason", "moving house"],
        &server[..],
    ]
    .concat())
    .await;
    assert!(
        ran.stdout.contains("PAUSED") && ran.stdout.contains("paused by operator-1: moving house"),
        "{}",
        ran.stdout
    );
    let ran = run(&[&["departments", "resume", "housing", "--output", "json"], &server[..]].concat()).await;
    assert_eq!(
        (ran.json()[0]["id"].as_str(), ran.json()[0]["pause"].is_null()),
        (Some("housing"), true)
    );
    // A pause without a reason is none.
    assert_eq!(
        run(&[&["departments", "pause", "housing"], &server[..]].concat())
            .await
            .code,
        2
    );
}

#[tokio::test]
async fn a_service_looks_at_the_departments_that_are_named_and_says_each_mistake_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = format!("store.directory={}", dir.path().join("made").display());
    let ran = run(&[
        "serve",
        "--set",
        "server.listen=127.0.0.1:0",
        "--set",
        &store,
        "--set",
        "catalogue.departments=commerce,taxation",
    ])
    .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("the catalogue: 2 mistake(s)"), "{}", ran.stderr);
    for department in ["commerce", "taxation"] {
        let line = format!("  {department}: connector.url: variable ${{http}} is not given (CATALOGUE_INVALID)\n");
        assert!(ran.stderr.contains(&line), "{}", ran.stderr);
    }
    assert!(!dir.path().join("made").exists());
}

#[tokio::test]
async fn mistakes_in_settings_are_bad_input_and_not_a_wrong_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let (wrong, missing) = (dir.path().join("wrong.toml"), dir.path().join("missing.toml"));
    std::fs::write(&wrong, "[server]\nlistn = 1\n").unwrap();
    for command in ["serve", "config"] {
        for (file, text) in [(&wrong, "KEY_UNKNOWN"), (&missing, "missing.toml")] {
            let ran = run(&[command, "--config", file.to_str().unwrap()]).await;
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
            assert!(ran.stderr.contains(text), "{}", ran.stderr);
        }
    }
}
