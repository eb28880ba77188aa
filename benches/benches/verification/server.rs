//! The real server: the whole broker on a durable store, its departments being the simulated ones.
//! Leaves everything but the catalogue to the defaults.

use anyhow::Context as _;
use hedui_adapter::{Catalogue, Limits, Manifest, Variables};
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_server::config::Config;
use hedui_server::serve::runtime;
use hedui_server::start::start;

use super::process::{Department, until_parent_ends};

/// What a simulated department takes.
pub const LIMITS: Limits = Limits {
    max_subjects: 20,
    max_concurrent_queries: 4_096,
    max_response_bytes: 1 << 20,
};

/// Serves until the parent ends.
pub fn run(departments: &[Department]) -> anyhow::Result<()> {
    // The parent removes it when everything is measured: ext4 passes over the places of files removed in the last minutes one by one, and
    // the next server would pay for the files of this one.
    let folder = tempfile::tempdir()?.keep();
    let adapters = folder.join("adapters");
    for department in departments {
        let folder = adapters.join(&department.department);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join("department.toml"), manifest(department)?)?;
    }
    let mut config = Config::default();
    config.server.listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    config.store.directory = folder.join("store");
    config.store.key_file = config.store.directory.join("master.key");
    config.transparency.key_file = config.store.directory.join("log.key");
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

/// The manifest of a simulated department: what the catalogue's department holds, asked over a stream.
fn manifest(department: &Department) -> anyhow::Result<String> {
    let id = &department.department;
    let folders = Catalogue::bundled_folders();
    let folder = folders
        .iter()
        .find(|f| f.name == *id)
        .with_context(|| format!("{id} is not in the catalogue"))?;
    let names = Manifest::variables(&folder.manifest).into_iter();
    let stand_ins: Variables = names.map(|name| (name, "http://127.0.0.1:1".to_owned())).collect();
    let real = Manifest::parse(&folder.manifest, &stand_ins).map_err(|m| anyhow::anyhow!("{id}: {m:?}"))?;
    // Every department also holds assistance, so that the purpose needs all of them: the floor asks all of them too.
    let mut types: Vec<String> = real.record_types.iter().map(|t| format!("\"{}\"", t.word())).collect();
    if !types.iter().any(|t| t == "\"assistance\"") {
        types.push("\"assistance\"".to_owned());
    }
    Ok(format!(
        "id = \"{id}\"\nname = {{ zh = \"{}\", en = \"{}\" }}\nverifies = {{ zh = \"模拟\", en = \"simulated\" }}\n\
         record_types = [{}]\nlookup_keys = [\"id_number\"]\nfreshness = \"24h\"\ndeadline = \"10s\"\n\n[limits]\nmax_subjects = 20\n\
         max_concurrent_queries = 4096\nmax_response_bytes = 1048576\n\n[connector]\nkind = \"grpc\"\nendpoint = \"{}\"\nstream = true\n",
        real.name.zh,
        real.name.en,
        types.join(", "),
        department.address,
    ))
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
