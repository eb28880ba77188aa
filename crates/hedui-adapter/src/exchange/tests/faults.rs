//! Programs and services with one fault each: the kit finds it over lines and over HTTP, by exactly the check of the rule.
//! Leaves the faults that only gRPC can have to the kit's own tests.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::*;
use crate::manifest::JsonService;

/// What is wrong, and the check that finds it over lines and over HTTP.
const FAULTS: &[(&str, &str, &str)] = &[
    ("none", "", ""),
    ("knows everybody", "unknown-person", "unknown-person"),
    ("counts in tenths of a fen", "whole-fen", "whole-fen"),
    ("does not look at names", "name", "name"),
    ("cannot take rare characters", "rare-names", "rare-names"),
    ("leaves out the second person", "everybody", "everybody"),
    ("answers another question", "unknown-person", "unknown-person"),
    ("refuses unknown fields", "unknown-fields", "unknown-fields"),
    ("repeats who was asked about in a failure", "no-identity", "no-identity"),
    // What a service prints stays on its own machine.
    ("prints whom it looks for", "no-identity", ""),
    ("logs whom it looks for", "no-identity", ""),
    // One program dies for everybody who asks meanwhile; a service's machine has a supervisor of its own.
    ("dies of questions that are taken back", "cancel", ""),
];

const BOUNDS: Bounds = Bounds {
    patience: Duration::from_secs(15),
    overrun: Duration::from_millis(700),
};

fn faulty(fault: &str, more: &[&str]) -> Program {
    let known = subject(0);
    let arguments = [&[fault, known.id.expose(), known.name.as_str()], more].concat();
    python(include_str!("faults.py"), &arguments)
}

#[tokio::test]
async fn each_broken_program_fails_exactly_the_check_of_its_fault() {
    for (fault, check, _) in FAULTS {
        let exchange = LinesExchange::listening(&faulty(fault, &[]), MOST).unwrap();
        let reports = kit(Arc::new(exchange), BOUNDS).await;
        let names: Vec<&str> = failed(&reports).iter().map(|(name, _)| *name).collect();
        let wanted: Vec<&str> = Some(*check).into_iter().filter(|check| !check.is_empty()).collect();
        assert_eq!(names, wanted, "{fault}: {reports:?}");
    }
}

/// The same department as a service; it ends when the child is dropped.
async fn service(fault: &str) -> (JsonService, Child) {
    let program = faulty(fault, &["serve"]);
    let (name, arguments) = program.command.split_first().unwrap();
    let mut command = Command::new(name);
    command
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    for (name, value) in &program.environment {
        command.env(name, value.expose());
    }
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap();
    let service = JsonService {
        endpoint: format!("http://127.0.0.1:{port}"),
        ..JsonService::default()
    };
    (service, child)
}

#[tokio::test]
async fn each_broken_service_fails_exactly_the_check_of_its_fault() {
    for (fault, lines, check) in FAULTS {
        if check.is_empty() && !lines.is_empty() {
            continue;
        }
        let (service, _child) = service(fault).await;
        let exchange = HttpExchange::listening(&service, MOST).unwrap();
        let reports = kit(Arc::new(exchange), BOUNDS).await;
        let names: Vec<&str> = failed(&reports).iter().map(|(name, _)| *name).collect();
        let wanted: Vec<&str> = Some(*check).into_iter().filter(|check| !check.is_empty()).collect();
        assert_eq!(names, wanted, "{fault}: {reports:?}");
    }
}
