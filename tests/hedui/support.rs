//! What the tests share: a district with real sources, a broker that serves it, a client, and ways to make departments fall silent.
//! Leaves what is checked to the tests.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hedui_adapter::manifest::{Connector, Variables};
use hedui_adapter::serve::Serving;
use hedui_adapter::{Catalogue, Folder};
use hedui_broker::clock::{Clock, SystemClock};
use hedui_core::{AuthorizationInput, Date, DepartmentId, HouseholdInput};
use hedui_proto::verification as pb;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use hedui_server::cli::{Exit, Surroundings, convert};
use hedui_server::config::Config;
use hedui_server::start::{Started, start_at};
use hedui_sim::population::Settings;
use hedui_sim::{Population, Sources, generate};
use tonic::transport::Channel;

/// The date on which the synthetic districts apply.
pub const TODAY: Date = Date::constant(2026, 11, 20);

/// A clock that began at noon of that day when the tests did: whatever day it is outside, people are as old here as when they were made up.
pub struct ClockOfTests;

/// Noon of `TODAY` in China, in milliseconds since 1970 UTC.
const NOON_MS: i64 = 1_795_147_200_000;

impl Clock for ClockOfTests {
    fn now_ms(&self) -> i64 {
        NOON_MS + i64::try_from(self.monotonic_ns() / 1_000_000).unwrap()
    }

    fn monotonic_ns(&self) -> u64 {
        SystemClock.monotonic_ns()
    }
}

/// A district with real sources and a broker that serves it.
pub struct District {
    pub population: Population,
    pub started: Option<Started>,
    pub client: VerificationServiceClient<Channel>,
    pub config: Config,
    pub folder: tempfile::TempDir,
    _sources: Sources,
    _plugins: Vec<Serving>,
}

/// A district of a seed and a size.
pub fn settings(seed: u64, households: u32) -> Settings {
    Settings {
        seed,
        district: "511703".into(),
        households,
        as_of: TODAY,
        programmes: vec!["dibao".into()],
    }
}

/// All the time that departments need.
pub fn unhurried(config: &mut Config) {
    config.verification.deadline = Duration::from_mins(5);
    for folder in Catalogue::bundled_folders() {
        let id = DepartmentId::new(&folder.name).unwrap();
        config.catalogue.overrides.entry(id).or_default().deadline = Some(Duration::from_mins(1));
    }
}

impl District {
    /// Generates, writes, starts.
    pub async fn generate(seed: u64, households: u32) -> District {
        District::of(generate(&settings(seed, households)).unwrap(), |_| {}).await
    }

    /// The same whose departments have all the time they need: for what is true of answers, however busy the machine is.
    pub async fn unhurried(seed: u64, households: u32) -> District {
        District::of(generate(&settings(seed, households)).unwrap(), unhurried).await
    }

    /// Writes and starts a population; `change` may alter the configuration.
    pub async fn of(population: Population, change: impl FnOnce(&mut Config)) -> District {
        District::with_plugins(population, &Catalogue::bundled_folders(), &Variables::new(), change).await
    }

    /// The same with the folders of a catalogue, some of whose plugins run already: `running` gives the variables of their addresses.
    pub async fn with_plugins(
        population: Population,
        folders: &[Folder],
        running: &Variables,
        change: impl FnOnce(&mut Config),
    ) -> District {
        let folder = tempfile::tempdir().unwrap();
        let sources = hedui_sim::sources::write(&population, folders, &folder.path().join("sources"))
            .await
            .unwrap();
        let mut variables: Variables = sources.variables.clone();
        variables.extend(running.clone());
        let mut plugins = Vec::new();
        for data in sources.plugins.iter().filter(|p| !running.contains_key(&p.variable)) {
            let plugin = hedui_sim::plugin::start(data.department.as_str(), &data.file)
                .await
                .unwrap();
            variables.insert(data.variable.clone(), plugin.endpoint());
            plugins.push(plugin);
        }
        let mut config = Config::default();
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.store.directory = folder.path().join("store");
        config.store.key_file = folder.path().join("store/master.key");
        config.transparency.key_file = folder.path().join("store/log.key");
        config.catalogue.variables = variables;
        change(&mut config);
        let started = start_at(config.clone(), Arc::new(ClockOfTests), &mut |_| {})
            .await
            .unwrap();
        let client = client(&started).await;
        District {
            population,
            started: Some(started),
            client,
            config,
            folder,
            _sources: sources,
            _plugins: plugins,
        }
    }

    /// Stops the broker and starts it again on the same store.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.restart_stopped().await;
    }

    /// Starts a stopped broker again on the same store.
    pub async fn restart_stopped(&mut self) {
        let started = start_at(self.config.clone(), Arc::new(ClockOfTests), &mut |_| {})
            .await
            .unwrap();
        self.client = client(&started).await;
        self.started = Some(started);
    }

    /// Stops the broker and starts it again on the same store, with a clock that stands at a moment.
    pub async fn restart_at(&mut self, ms: i64) {
        self.stop().await;
        let clock = std::sync::Arc::new(hedui_broker::clock::ManualClock::at(ms));
        let started = start_at(self.config.clone(), clock, &mut |_| {}).await;
        let started = started.unwrap();
        self.client = client(&started).await;
        self.started = Some(started);
    }

    /// Stops the broker.
    pub async fn stop(&mut self) {
        if let Some(started) = self.started.take() {
            started.stop(std::time::Duration::from_secs(10)).await.unwrap();
        }
    }

    pub fn address(&self) -> String {
        format!("http://{}", self.started.as_ref().unwrap().listening.address)
    }

    /// The request of a household of the population.
    pub fn request(&self, number: usize) -> pb::CreateVerificationRequest {
        let truth = &self.population.households[number];
        request(&truth.household, &truth.authorizations)
    }

    /// Verifies a household of the population to its end.
    pub async fn verify(&self, number: usize) -> pb::Verification {
        verify(&self.client, self.request(number)).await
    }

    /// The sources that can be moved away, by department: files only.
    pub fn files(&self) -> BTreeMap<DepartmentId, PathBuf> {
        let catalogue = Catalogue::load(&Catalogue::bundled_folders(), &self.config.catalogue.variables).unwrap();
        let file = |c: &Connector| match c {
            Connector::Sqlite { path, .. } => Some(PathBuf::from(path)),
            other => other.file().map(|file| PathBuf::from(file.path())),
        };
        catalogue
            .manifests()
            .iter()
            .filter_map(|m| Some((m.id.clone(), file(&m.connector)?)))
            .collect()
    }
}

pub async fn client(started: &Started) -> VerificationServiceClient<Channel> {
    VerificationServiceClient::connect(format!("http://{}", started.listening.address))
        .await
        .unwrap()
}

/// A request for Dibao in Dachuan.
pub fn request(household: &HouseholdInput, letters: &[AuthorizationInput]) -> pb::CreateVerificationRequest {
    pb::CreateVerificationRequest {
        district_code: "511703".into(),
        household: Some(convert::household(household)),
        programmes: vec!["dibao".into()],
        authorizations: letters.iter().map(convert::authorization).collect(),
        as_of: Some(google_date(TODAY)),
        actor: "clerk-7".into(),
        ..Default::default()
    }
}

pub fn google_date(date: Date) -> hedui_proto::gtype::Date {
    hedui_proto::gtype::Date {
        year: date.year().into(),
        month: date.month().into(),
        day: date.day().into(),
    }
}

/// Creates, waits, and reads the whole report.
pub async fn verify(
    client: &VerificationServiceClient<Channel>,
    request: pb::CreateVerificationRequest,
) -> pb::Verification {
    let mut client = client.clone();
    let created = client
        .create_verification(request)
        .await
        .unwrap()
        .into_inner()
        .verification
        .unwrap();
    read(&client, &created.name).await
}

/// Waits for the end and reads the whole report.
pub async fn read(client: &VerificationServiceClient<Channel>, name: &str) -> pb::Verification {
    let wait = pb::WaitVerificationRequest {
        name: name.into(),
        view: pb::View::Full.into(),
        ..Default::default()
    };
    let ended = client
        .clone()
        .wait_verification(wait)
        .await
        .unwrap()
        .into_inner()
        .verification
        .unwrap();
    assert_ne!(
        ended.state(),
        pb::VerificationState::Running,
        "the verification does not end"
    );
    ended
}

pub fn outcome(verification: &pb::Verification) -> pb::Outcome {
    verification.verdicts[0].outcome()
}

/// Moves sources away for as long as it lives.
pub struct Away(Vec<(PathBuf, PathBuf)>);

impl Away {
    pub fn these<'a>(files: impl IntoIterator<Item = &'a PathBuf>) -> Away {
        let away = files.into_iter().map(|path| {
            let away = path.with_extension("away");
            std::fs::rename(path, &away).unwrap();
            (path.clone(), away)
        });
        Away(away.collect())
    }
}

impl Drop for Away {
    fn drop(&mut self) {
        for (path, away) in &self.0 {
            std::fs::rename(away, path).unwrap();
        }
    }
}

/// Runs the command line beside the server's threads.
pub async fn hedui(arguments: Vec<String>) -> Exit {
    let run = move || {
        let surroundings = Surroundings {
            now: "2026-11-22T00:00:00Z".parse().unwrap(),
            request_id: [1; 16],
            locale: "en_US.UTF-8".to_owned(),
            no_colour: true,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
            stdin_is_terminal: false,
        };
        hedui_server::cli::main(arguments.into_iter().map(Into::into), &surroundings)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path)
            } else {
                found.push(path)
            }
        }
    }
    found
}

/// Where log lines go.
#[derive(Clone, Default)]
pub struct Lines(pub Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// What was written so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The figures of a report, without when the answers were given.
pub fn figures(verification: &pb::Verification) -> Vec<pb::NamedFigure> {
    let figures = verification.report.iter().flat_map(|report| &report.figures);
    let timeless = |figure: &pb::NamedFigure| pb::NamedFigure {
        kept: false,
        answered_at: None,
        ..figure.clone()
    };
    figures.map(timeless).collect()
}
