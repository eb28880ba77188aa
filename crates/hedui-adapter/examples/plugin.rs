//! A department of its own in Rust: answers lines on standard input, or gRPC where a port is given.
//! Leaves the protocol to the kit. `hedui adapter test -- cargo run -q -p hedui-adapter --example plugin`

use std::sync::Arc;

use async_trait::async_trait;
use hedui_adapter::answering::registered;
use hedui_adapter::serve::{serve_on, serve_stdio};
use hedui_adapter::{Adapter, CheckResult, Description, Manifest, Outcome, Variables};
use hedui_core::record::{Record, RecordBody, Subsidy};
use hedui_core::{AnswerState, Date, Failure, Fen, Query, SubjectAnswer};
use tokio::time::Instant;

/// What the department says of itself is its manifest, which the broker's catalogue holds too.
const MANIFEST: &str = include_str!("plugin.toml");

struct Forestry(Description);

#[async_trait]
impl Adapter for Forestry {
    fn describe(&self) -> Description {
        self.0.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let check = name.unwrap_or("source").to_owned();
        let outcome = if check == "source" {
            Outcome::Pass
        } else {
            Outcome::Fail
        };
        let message = "a register of one person".to_owned();
        vec![CheckResult {
            check,
            outcome,
            message,
        }]
    }

    async fn query(&self, query: &Query, _: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.0.takes(query)?;
        let answer = |person: &hedui_core::Subject| {
            if person.id.expose() != "511703198406129811" {
                return SubjectAnswer::of(person.ordinal, AnswerState::NoRecord);
            }
            let subsidy = Subsidy {
                project: "退耕还林".into(),
                amount: Fen(12_500),
                paid_on: Date::constant(2019, 3, 1).into(),
            };
            let records = vec![Record {
                reference: "L1".into(),
                body: RecordBody::Subsidy(subsidy),
            }];
            registered(person, "张建国", records, &query.record_types)
        };
        Ok(query.subjects.iter().map(answer).collect())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let manifest = Manifest::parse(MANIFEST, &Variables::new()).map_err(|m| std::io::Error::other(format!("{m:?}")))?;
    let department = Arc::new(Forestry(manifest.describe()));
    match std::env::args().nth(1) {
        None => serve_stdio(department).await,
        Some(address) => {
            let _serving = serve_on(department, tokio::net::TcpListener::bind(address).await?).await?;
            tokio::signal::ctrl_c().await
        }
    }
}
