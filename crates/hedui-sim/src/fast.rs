//! Departments at full speed, for load: each on a port of its own, answering with prebuilt bodies and next to no work: anything of
//! anybody, or what is true of the people of synthetic districts.
//! Leaves real sources to `sources`.

mod answer;
mod bodies;
mod held;
mod scan;
mod service;
mod stream;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hedui_adapter::{Catalogue, CheckResult, Description, Manifest, Outcome, Variables, wire};
use hedui_core::{DepartmentId, FailureClass, FailureOrigin};
use prost::Message as _;
use serde::Serialize;
use tokio::sync::watch;
use tokio::time::Duration;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::error::SimError;
use crate::population::{self, Dice};
use held::{Bodies, People};
use service::FastService;
pub use service::Raw;

/// Window of one stream, and of one connection: a frame of answers fits into it.
const WINDOW_BYTES: u32 = 4 << 20;
/// Most departments of one process.
const MAX_DEPARTMENTS: usize = 1_000;

/// What goes wrong, in thousandths of the streamed questions, drawn from the seed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Answered with a transient failure.
    pub fail_permille: u32,
    /// Answered for another person.
    pub stranger_permille: u32,
    /// Never answered.
    pub silent_permille: u32,
}

/// What to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastSettings {
    /// How many departments; those of the catalogue, then further ones like them.
    pub count: usize,
    /// Seed of bodies, thinking times and faults.
    pub seed: u64,
    /// Least and most milliseconds of thinking before an answer; none for at once.
    pub think_ms: Option<(u32, u32)>,
    /// What goes wrong.
    pub faults: Faults,
    /// Districts whose people the departments know and nobody else; without any, everybody has some records everywhere.
    pub districts: Vec<population::Settings>,
}

/// Where a simulated department listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FastAddress {
    /// Its id.
    pub department: DepartmentId,
    /// `http://127.0.0.1:port`.
    pub address: String,
}

/// Running departments; they end when this is dropped.
pub struct FastDepartments {
    addresses: Vec<FastAddress>,
    end: watch::Sender<()>,
}

impl FastDepartments {
    /// Where they listen, in the order of the catalogue.
    pub fn addresses(&self) -> &[FastAddress] {
        &self.addresses
    }

    /// One line of JSON: `{"departments":[{"department":...,"address":...}]}`.
    pub fn line(&self) -> String {
        serde_json::json!({ "departments": self.addresses }).to_string()
    }

    /// Stops accepting; streams that are open end with their connections.
    pub fn stop(self) {
        drop(self.end);
    }
}

/// A department: everything its answers are made of.
struct Department {
    bodies: Bodies,
    failure: Bytes,
    description: Bytes,
    checks: Bytes,
    think_ms: Option<(u32, u32)>,
    faults: Faults,
    seed: u64,
}

impl Department {
    /// Waits for the time of one unary question.
    async fn think(&self, turn: u64) {
        if let Some((low, high)) = self.think_ms {
            let millis = Dice::seeded(self.seed, turn).range(low.into(), high.into());
            tokio::time::sleep(Duration::from_millis(u64::try_from(millis).unwrap_or(0))).await;
        }
    }
}

/// Starts departments on free ports of 127.0.0.1.
pub async fn start(settings: &FastSettings) -> Result<FastDepartments, SimError> {
    if settings.count == 0 || settings.count > MAX_DEPARTMENTS {
        return Err(SimError::Argument(format!(
            "the number of departments is 1 to {MAX_DEPARTMENTS}"
        )));
    }
    if settings.think_ms.is_some_and(|(low, high)| low > high) {
        return Err(SimError::Argument(
            "the least time to think is longer than the most".to_owned(),
        ));
    }
    let (end, ended) = watch::channel(());
    let mut addresses = Vec::with_capacity(settings.count);
    let mut people = held::people(&settings.districts)?;
    for (number, description) in (0u64..).zip(descriptions(settings.count)?) {
        let known = people.remove(&description.department);
        let department = department(settings, &description, number, known)?;
        let address = serve(department, ended.clone()).await?;
        addresses.push(FastAddress {
            department: description.department,
            address: format!("http://{address}"),
        });
    }
    Ok(FastDepartments { addresses, end })
}

/// What every department would answer to a question (a serialized `QueryRequest`), without a port; `turn` picks the bodies.
///
/// # Errors
/// Bytes that are no question.
pub fn answers(settings: &FastSettings, query: &[u8], turn: usize) -> Result<Vec<(Description, Bytes)>, SimError> {
    let mut given = Vec::with_capacity(settings.count);
    let mut people = held::people(&settings.districts)?;
    for (number, description) in (0u64..).zip(descriptions(settings.count)?) {
        let department = department(settings, &description, number, people.remove(&description.department))?;
        let mut bytes = BytesMut::new();
        answer::put(&mut bytes, None, query, &department.bodies, turn, false)
            .map_err(|_| SimError::Argument("not a question".to_owned()))?;
        given.push((description, bytes.freeze()));
    }
    Ok(given)
}

/// The departments of the catalogue, each with what it holds; behind its end they begin again under numbered ids.
fn descriptions(count: usize) -> Result<Vec<Description>, SimError> {
    let mut known = Vec::new();
    for folder in Catalogue::bundled_folders() {
        let stand_in = |name: String| (name, "http://127.0.0.1:1".to_owned());
        let variables: Variables = Manifest::variables(&folder.manifest)
            .into_iter()
            .map(stand_in)
            .collect();
        let broken = |_| SimError::Source {
            department: folder.name.clone(),
            message: "the manifest has mistakes".into(),
        };
        known.push(
            Manifest::parse(&folder.manifest, &variables)
                .map_err(broken)?
                .describe(),
        );
    }
    if known.is_empty() {
        return Err(SimError::Exhausted("departments"));
    }
    let length = known.len();
    known
        .into_iter()
        .cycle()
        .zip(0..count)
        .map(|(mut description, number)| {
            if number >= length {
                let id = format!("{}-{}", description.department, number / length + 1);
                description.department = DepartmentId::new(&id).map_err(|_| SimError::Exhausted("department ids"))?;
            }
            Ok(description)
        })
        .collect()
}

fn department(
    settings: &FastSettings,
    description: &Description,
    number: u64,
    people: Option<People>,
) -> Result<Department, SimError> {
    let seed = settings.seed.wrapping_add(number.wrapping_mul(0x1000_0001));
    let failure = hedui_proto::department::Failure {
        class: FailureClass::Transient as i32 + 1,
        origin: FailureOrigin::Department as i32 + 1,
        reason: "SOURCE_BUSY".to_owned(),
        message: "simulated: the source is busy".to_owned(),
    };
    let check = CheckResult {
        check: "source".to_owned(),
        outcome: Outcome::Pass,
        message: "simulated".to_owned(),
    };
    let bodies = if settings.districts.is_empty() {
        Bodies::Any(bodies::make(
            &description.record_types,
            &mut Dice::seeded(seed, u64::MAX),
        )?)
    } else {
        Bodies::held(people.unwrap_or_default())?
    };
    Ok(Department {
        bodies,
        failure: failure.encode_to_vec().into(),
        description: wire::encode_description(description),
        checks: wire::encode_checks(&[check]),
        think_ms: settings.think_ms,
        faults: settings.faults,
        seed,
    })
}

async fn serve(department: Department, mut ended: watch::Receiver<()>) -> Result<SocketAddr, SimError> {
    let failed = |source| SimError::Io {
        what: "binding a port of 127.0.0.1".into(),
        source,
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter.set_serving::<FastService>().await;
    let server = Server::builder()
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .add_service(health)
        .add_service(FastService::new(Arc::new(department)));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(async move {
        let stop = async move {
            // Only the drop of the sender ends the wait.
            while ended.changed().await.is_ok() {}
        };
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stop).await {
            tracing::error!(%error, "a simulated department stopped");
        }
    });
    Ok(address)
}
