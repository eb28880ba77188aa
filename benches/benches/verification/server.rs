//! The real server: the whole broker on a durable store, its departments being the simulated ones.
//! Leaves everything but the catalogue to the defaults.

use hedui_adapter::Limits;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_server::config::Config;
use hedui_server::serve::runtime;
use hedui_server::start::start;

use super::process::until_parent_ends;

/// What a simulated department takes.
pub const LIMITS: Limits = Limits { max_subjects: 20, max_concurrent_queries: 4_096, max_response_bytes: 1 << 20 };

/// Serves until the parent ends.
pub fn run(addresses: &[String]) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let adapters = folder.path().join("adapters");
    for (n, address) in addresses.iter().enumerate() {
        let department = adapters.join(format!("department-{n}"));
        std::fs::create_dir_all(&department)?;
        std::fs::write(department.join("department.toml"), manifest(n, address))?;
    }
    let mut config = Config::default();
    config.server.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.store.directory = folder.path().join("store");
    config.store.key_file = config.store.directory.join("master.key");
    config.catalogue.directory = Some(adapters);
    // One thread for the broker, as for the floor; the store's own threads come on top.
    runtime(1)?.block_on(async {
        let started = start(config, &mut |_| {}).await?;
        println!("http://{}", started.listening.address);
        until_parent_ends().await;
        started.stop(std::time::Duration::from_secs(5)).await?;
        Ok(())
    })
}

/// Types of record of the simulated departments, a few each, so that every figure has its sources.
const TYPES: [&str; 9] = [
    "\"registration\", \"marriage\"",
    "\"vehicle\"",
    "\"real_estate\"",
    "\"financial_asset\"",
    "\"income\", \"public_payroll\"",
    "\"social_insurance\", \"pension\", \"provident_fund\", \"employment\"",
    "\"medical_expense\", \"disability\", \"enrolment\"",
    "\"business\", \"land\", \"subsidy\"",
    "\"assistance\"",
];

fn manifest(n: usize, address: &str) -> String {
    let types = TYPES.get(n % TYPES.len()).copied().unwrap_or_default();
    format!(
        "id = \"department-{n}\"\nname = {{ zh = \"部门{n}\", en = \"Department {n}\" }}\nverifies = {{ zh = \"模拟\", en = \"simulated\" }}\n\
         record_types = [{types}]\nlookup_keys = [\"id_number\"]\nfreshness = \"24h\"\ndeadline = \"10s\"\n\n[limits]\nmax_subjects = 20\n\
         max_concurrent_queries = 4096\nmax_response_bytes = 1048576\n\n[connector]\nkind = \"grpc\"\nendpoint = \"{address}\"\nstream = true\n"
    )
}

/// Mean time of each step, in microseconds.
#[allow(clippy::float_arithmetic)]
pub fn steps(address: &str) -> anyhow::Result<Vec<(String, f64)>> {
    runtime(1)?.block_on(async {
        let mut client = OperationsServiceClient::connect(address.to_owned()).await?;
        let metrics = client.get_metrics(pb::GetMetricsRequest {}).await?.into_inner();
        let mean = |s: pb::Step| (s.name, s.total_ns as f64 / 1_000.0 / (s.count.max(1)) as f64);
        Ok(metrics.steps.into_iter().map(mean).collect())
    })
}
