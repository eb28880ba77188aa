//! The Python kit over gRPC: a real department of another language in the conformance kit, and the same answers as over lines.
//! Leaves what Python alone decides to the kit's own tests.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::*;
use crate::conformance::{GrpcProbe, Probe as _, run};
use crate::wire::{decode_answer, encode_query};

/// Debian's Python, which has Debian's grpcio.
const PYTHON: &str = "/usr/bin/python3";
/// Serves the department that a script makes of `answer`, and prints its port.
const SERVE: &str = "\nfrom hedui_department.grpc import server\nserving = server(department)\nprint(serving.port, flush=True)\nserving.wait()\n";
const DEPARTMENT: &str =
    "department = Department(\"my-department\", \"我的部门\", \"My department\", [\"vehicle\"], answer)";

/// The template of the kit, changed: a script that makes a department and serves nothing yet.
fn template(from: &str, to: &str) -> String {
    let script = std::fs::read_to_string(format!("{SDK}/template/plugin.py")).unwrap();
    assert!(script.contains(from), "{from}");
    let (before, _) = script.split_once("if __name__").unwrap();
    format!("{}\n{DEPARTMENT}", before.replace(from, to))
}

/// A script of the kit that serves gRPC, and its address; it ends when the child is dropped.
async fn served(script: &str) -> (Child, String) {
    let mut child = Command::new(PYTHON)
        .args(["-B", "-c", &format!("{script}{SERVE}")])
        .env("PYTHONPATH", format!("{SDK}/src"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    (child, format!("http://127.0.0.1:{port}"))
}

/// The person of the template's register, and somebody who is in none.
fn people() -> Samples {
    let mut known = query(2);
    let today = hedui_ids::Date::new(2026, 11, 22).unwrap();
    known.subjects[0].id = hedui_ids::ResidentId::parse("511703198406129811", today).unwrap().id;
    "张建国".clone_into(&mut known.subjects[0].name);
    Samples { known, ..samples() }
}

fn named(reports: &[CheckReport], outcome: Kept) -> BTreeSet<&'static str> {
    reports
        .iter()
        .filter(|r| r.outcome == outcome)
        .map(|r| r.name)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_kit_keeps_the_protocol_over_grpc() {
    let (plain, endpoint) = served(&template("", "")).await;
    let reports = run(&endpoint, &people(), Level::Full, Arc::new(|_| 0)).await.unwrap();
    assert_eq!(reports.len(), 21);
    assert_eq!(named(&reports, Kept::Failed), BTreeSet::new(), "{reports:?}");
    assert_eq!(
        named(&reports, Kept::Skipped),
        BTreeSet::from(["signatures"]),
        "it signs nothing"
    );
    drop(plain);

    let signer = "import dataclasses\nfrom hedui_department import Signer\n\
                  department = dataclasses.replace(department, signer=Signer(\"2026\", bytes([7] * 32)))";
    let (_signed, endpoint) = served(&format!("{}\n{signer}", template("", ""))).await;
    let key = crate::wire::Signer::new("2026", &[7; 32]).public_key();
    let pinned = |key: [u8; 32]| {
        vec![hedui_core::PinnedKey {
            id: "2026".to_owned(),
            public_key: blake3::Hash::from_bytes(key).to_hex().to_string(),
        }]
    };
    for (key, failed) in [(key, BTreeSet::new()), ([8; 32], BTreeSet::from(["signatures"]))] {
        let samples = Samples {
            pinned: pinned(key),
            ..people()
        };
        let reports = run(&endpoint, &samples, Level::Full, Arc::new(|_| 0)).await.unwrap();
        assert_eq!(named(&reports, Kept::Failed), failed, "{reports:?}");
        assert_eq!(named(&reports, Kept::Skipped), BTreeSet::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_in_python_that_breaks_a_rule_fails_the_check_of_it_over_grpc() {
    for (from, to, check) in [
        (", registered_name=of[0][0]", "", "name"),
        (
            "return no_record()",
            "raise RuntimeError(person.id_number)",
            "unknown-person",
        ),
        (
            "    of = rows",
            "    import uuid\n    of = [(person.name, str(uuid.uuid4()), \"A\", \"1.00\")] if person.ordinal == 0 else rows",
            "same-query",
        ),
    ] {
        let (_child, endpoint) = served(&template(from, to)).await;
        let reports = run(&endpoint, &people(), Level::Full, Arc::new(|_| 0)).await.unwrap();
        let failed = named(&reports, Kept::Failed);
        assert!(failed.contains(check), "{check}: {failed:?}");
        assert!(
            !failed.contains("no-identity"),
            "{check}: what went wrong is told without its person"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_streams_and_lines_of_the_python_kit_answer_alike() {
    let odd = [
        "if person.name == \"测试乙\":",
        "            from hedui_department import pending",
        "            return pending()",
        "        if person.name == \"测试丙\":",
        "            raise RuntimeError(person.name)",
        "        return no_record()",
    ];
    let script = template("return no_record()", &odd.join("\n"));
    let (_child, endpoint) = served(&script).await;
    let grpc = GrpcProbe::open(&endpoint, Arc::new(|_| 0)).unwrap();
    let lines = python(&format!("{script}\nserve_lines(department)"), &[]);
    let lines = ExchangeProbe(Arc::new(LinesExchange::listening(&lines, MOST).unwrap()));
    let limit = Duration::from_secs(20);
    let mut asked = people().known;
    asked.subjects.push(subject(2));
    let mut others = vec![asked.clone()];
    for (id, of) in [
        ("q-2", hedui_core::RecordType::Vehicle),
        ("q-3", hedui_core::RecordType::Land),
    ] {
        let query_id = id.to_owned();
        others.push(hedui_core::Query {
            query_id,
            record_types: vec![of],
            ..asked.clone()
        });
    }
    for query in others {
        let message = encode_query(&query);
        let said = (
            lines.query(message.clone(), limit).await,
            grpc.query(message, limit).await,
        );
        let streamed = grpc.stream(Arc::new(query.clone()), limit).await.unwrap();
        match said {
            (Ok(over_lines), Ok(over_grpc)) => {
                let answers = decode_answer(&over_lines, &query);
                assert_eq!(answers, decode_answer(&over_grpc, &query));
                assert_eq!(answers, streamed.answers(&query));
            }
            (Err(over_lines), Err(over_grpc)) => {
                assert_eq!(over_lines.reason, over_grpc.reason);
                let reasons: Vec<_> = streamed
                    .answers(&query)
                    .into_iter()
                    .map(|a| a.failure.unwrap().reason)
                    .collect();
                assert!(
                    reasons.iter().all(|reason| Some(reason) == over_grpc.reason.as_ref()),
                    "{reasons:?}"
                );
            }
            (over_lines, over_grpc) => panic!("{over_lines:?} {over_grpc:?}"),
        }
    }
}
