//! One meaning over every transport: what plugins say in JSON, over lines and over HTTP, is what the same plugins say in gRPC.
//! Leaves single checks of the protocol to the conformance kit, which runs here over both ways.

mod faults;
mod lines;
mod meaning;
mod over_grpc;
mod web;

use std::sync::Arc;

use super::*;
use crate::conformance::{Bounds, CheckReport, Level, Outcome as Kept, Samples, run_on};
use crate::manifest::{Program, Secret};
use crate::testing::{query, subject};

/// The Python kit.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/sdk-python");
const MOST: u32 = 1 << 20;

fn samples() -> Samples {
    let mut unknown = subject(3);
    unknown.name = "欧阳探测".to_owned();
    Samples {
        known: query(2),
        unknown,
        pinned: Vec::new(),
    }
}

async fn kit(exchange: Arc<dyn Exchange>, bounds: Bounds) -> Vec<CheckReport> {
    run_on(&ExchangeProbe(exchange), &samples(), Level::Full, bounds).await
}

fn failed(reports: &[CheckReport]) -> Vec<(&'static str, &str)> {
    let failed = reports.iter().filter(|r| r.outcome == Kept::Failed);
    failed.map(|r| (r.name, r.message.as_str())).collect()
}

fn program(command: &[&str]) -> Program {
    Program {
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        environment: Vec::new(),
    }
}

/// A script of the Python kit.
fn python(script: &str, arguments: &[&str]) -> Program {
    let command = [&["python3", "-c", script], arguments].concat();
    Program {
        // Compiled files in the catalogue's folder would make this crate be built again.
        environment: [
            ("PYTHONPATH", format!("{SDK}/src")),
            ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
        .to_vec(),
        ..program(&command)
    }
}

fn reason(unanswered: Unanswered) -> String {
    unanswered.about(&query(2)).reason
}

#[test]
fn a_log_is_told_without_numbers_and_names() {
    let told = scrub::scrubbed("Error at line 12: no row for 511703198406129811 张建国\t11010519491231002X");
    assert!(told.contains("Error at line 12"), "{told}");
    for personal in ["511703198406129811", "张建国", "110105"] {
        assert!(!told.contains(personal), "{told}");
    }
}
