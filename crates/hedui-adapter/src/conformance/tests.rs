//! The kit passes a good plugin and finds each kind of bad one.

use std::sync::Arc;

use async_trait::async_trait;
use hedui_core::{Failure, Query, SubjectAnswer};
use tokio::time::Instant;

use super::*;
use crate::adapter::{Adapter, CheckResult, Description, Outcome};
use crate::samples::{Person, TypedAdapter};
use crate::serve::serve;
use crate::testing::{description, query, subject};

fn samples() -> Samples {
    Samples {
        known: query(2),
        unknown: subject(3),
    }
}

fn good() -> TypedAdapter {
    let land = hedui_core::record::Land {
        kind: hedui_core::record::LandKind::Farmland,
        contract_number: "A1".into(),
        area_centimu: Some(320),
        leased_out: false,
        annual_rent: None,
    };
    let record = hedui_core::Record {
        reference: "A1".into(),
        body: hedui_core::RecordBody::Land(land),
    };
    let person = subject(0);
    let person = Person {
        id_number: person.id.expose().to_owned(),
        name: person.name,
        records: vec![record],
    };
    TypedAdapter::new(description(), [person])
}

async fn failed(adapter: Arc<dyn Adapter>) -> Vec<&'static str> {
    let serving = serve(adapter).await.unwrap();
    let reports = run(&serving.endpoint(), &samples(), Arc::new(|_| 0)).await.unwrap();
    assert_eq!(reports.len(), 12);
    reports.into_iter().filter(|r| !r.passed).map(|r| r.name).collect()
}

#[tokio::test]
async fn a_good_plugin_passes_every_check() {
    assert_eq!(failed(Arc::new(good())).await, Vec::<&str>::new());
}

/// A plugin with one fault.
struct Bad(&'static str, TypedAdapter, std::sync::atomic::AtomicU32);

#[async_trait]
impl Adapter for Bad {
    fn describe(&self) -> Description {
        let count = self.2.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut description = self.1.describe();
        if self.0 == "describe" {
            description.build = count.to_string();
        }
        description
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let mut results = self.1.check(name).await;
        if self.0 == "check" {
            results[0].outcome = Outcome::Fail;
        }
        results
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        let count = self.2.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut answers = self.1.query(query, deadline).await?;
        match self.0 {
            "unstable" => answers[0].notes.push(count.to_string()),
            "short" => answers.truncate(1),
            "chatty" => {
                let person = &query.subjects[0];
                let message = format!("no row for {}", person.id.expose());
                return Err(Failure {
                    message,
                    ..crate::reason::Reason::SourceError.failure()
                });
            }
            _ => {}
        }
        Ok(answers)
    }
}

#[tokio::test]
async fn each_kind_of_fault_is_found() {
    for (fault, check) in [
        ("describe", "the description is stable and complete"),
        ("check", "the self-tests pass"),
        ("unstable", "the same query id gives the same answer"),
        ("short", "everybody asked about is answered"),
        ("chatty", "a person it cannot know has no record"),
        ("chatty", "no error text holds the id or name asked with"),
    ] {
        let found = failed(Arc::new(Bad(fault, good(), Default::default()))).await;
        assert!(found.contains(&check), "{fault}: {found:?}");
    }
}

#[tokio::test]
async fn a_plugin_that_is_not_there_fails_every_check_that_needs_an_answer() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let reports = run(&endpoint, &samples(), Arc::new(|_| 0)).await.unwrap();
    let passed: Vec<_> = reports.iter().filter(|r| r.passed).map(|r| r.name).collect();
    assert_eq!(passed, vec!["no error text holds the id or name asked with"]);
}
