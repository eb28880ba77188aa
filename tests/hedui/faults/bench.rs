//! A district some of whose departments are plugins with faults, and what it logs.
//! Leaves the faults to `plugin` and what must hold to `laws`.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

use hedui_adapter::manifest::Variables;
use hedui_adapter::{Catalogue, Folder, Manifest};
use hedui_proto::audit as audit_pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::verification as pb;
use hedui_sim::generate;
use hedui_sim::population::{Standing, Truth};
use tonic::transport::Channel;

use super::line::Line;
use super::plugin::{MAX_RESPONSE_BYTES, Plugin};
use crate::support::{District, settings, verify};

/// The departments that are plugins here: whether they are asked over a stream, and their time. Each can leave a verdict open alone.
pub const DEPARTMENTS: [(&str, bool, &str); 4] = [
    ("housing", true, "2s"),
    ("traffic-police", false, "2s"),
    ("finance-office", true, "9s"),
    ("taxation", false, "9s"),
];

/// Whether a department is asked over a stream.
pub fn streamed(department: &str) -> bool {
    DEPARTMENTS.iter().any(|(id, stream, _)| *id == department && *stream)
}

/// A district whose plugins can have faults.
pub struct Bench {
    pub district: District,
    pub plugins: BTreeMap<&'static str, Plugin>,
    pub lines: BTreeMap<&'static str, Line>,
    auditor: AuditServiceClient<Channel>,
}

/// The manifest of a department, asked through a plugin instead.
fn as_plugin(folder: &mut Folder, stream: bool, deadline: &str) {
    let mut manifest: toml::Table = toml::from_str(&folder.manifest).unwrap();
    for mapping in ["identity", "record", "source", "data_on"] {
        manifest.remove(mapping);
    }
    let changes = format!(
        "deadline = '{deadline}'\n\
         limits = {{ max_subjects = 20, max_concurrent_queries = 64, max_response_bytes = {MAX_RESPONSE_BYTES} }}\n\
         breaker = {{ failures = 1000, retry_after = '1s' }}\n\
         connector = {{ kind = 'grpc', endpoint = 'http://${{plugin_{}}}', stream = {stream} }}",
        folder.name
    );
    manifest.extend(toml::from_str::<toml::Table>(&changes).unwrap());
    folder.manifest = toml::to_string(&manifest).unwrap();
}

impl Bench {
    /// Generates, starts the plugins, writes the catalogue, starts the broker.
    pub async fn start(seed: u64, households: u32) -> Bench {
        logged();
        let population = generate(&settings(seed, households)).unwrap();
        let mut folders = Catalogue::bundled_folders();
        let (mut plugins, mut lines, mut running) = (BTreeMap::new(), BTreeMap::new(), Variables::new());
        for (id, stream, deadline) in DEPARTMENTS {
            let folder = folders.iter_mut().find(|f| f.name == id).unwrap();
            as_plugin(folder, stream, deadline);
            let variable = format!("plugin_{id}");
            let nowhere = Variables::from([(variable.clone(), "127.0.0.1:1".to_owned())]);
            let manifest = Manifest::parse(&folder.manifest, &nowhere).unwrap();
            let plugin = Plugin::start(&population, &manifest).await;
            let line = Line::to(plugin.address()).await;
            running.insert(variable, line.address().to_owned());
            plugins.insert(id, plugin);
            lines.insert(id, line);
        }
        let catalogue = tempfile::tempdir().unwrap();
        for folder in &folders {
            let path = catalogue.path().join(&folder.name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("department.toml"), &folder.manifest).unwrap();
        }
        let district = District::with_plugins(population, &folders, &running, |config| {
            config.catalogue.directory = Some(catalogue.path().to_path_buf());
        })
        .await;
        let auditor = AuditServiceClient::connect(district.address()).await.unwrap();
        Bench {
            district,
            plugins,
            lines,
            auditor,
        }
    }

    /// The first honest household of more than one person that is below the standard and is not odd: with all answers it qualifies.
    pub fn plain(&self) -> usize {
        self.first(|t| t.cheats.is_empty() && t.standing == Standing::Below)
    }

    /// The first household of more than one person that is not odd and of which something holds.
    pub fn first(&self, holds: impl Fn(&Truth) -> bool) -> usize {
        let wanted = |t: &Truth| t.oddities.is_empty() && t.household.members.len() > 1 && holds(t);
        self.district.population.households.iter().position(wanted).unwrap()
    }

    /// The number by which plugins know a household.
    pub fn key(&self, number: usize) -> &str {
        &self.district.population.households[number].household.members[0].id_number
    }

    /// A request that no kept answer serves.
    pub fn request(&self, number: usize) -> pb::CreateVerificationRequest {
        pb::CreateVerificationRequest {
            reuse: pb::Reuse::Never.into(),
            ..self.district.request(number)
        }
    }

    /// Verifies a household with nothing kept.
    pub async fn verify(&self, number: usize) -> pb::Verification {
        verify(&self.district.client, self.request(number)).await
    }

    /// Verifies a household whose plugins are well until all of them answer: after a broken connection a stream is not opened again
    /// at once. No answer given meanwhile may be taken for another.
    pub async fn verify_until_well(&self, number: usize) -> pb::Verification {
        let well = async {
            loop {
                let found = self.verify(number).await;
                let subjects = found
                    .report
                    .iter()
                    .flat_map(|r| &r.departments)
                    .flat_map(|d| &d.subjects);
                if subjects.filter(|s| s.state() == pb::AnswerState::Unreachable).count() == 0 {
                    return found;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(30), well)
            .await
            .expect("a department that is well again is not asked again")
    }

    /// The evidence of a verification, opened.
    pub async fn leaves(&self, name: &str) -> Vec<audit_pb::Leaf> {
        let request = audit_pb::GetCaseRequest {
            name: name.to_owned(),
            actor: "auditor-1".into(),
            open_records: true,
            ..Default::default()
        };
        self.auditor
            .clone()
            .get_case(request)
            .await
            .unwrap()
            .into_inner()
            .leaves
    }

    /// The numbers and names of a household's members, as they stand and without check digit.
    pub fn personal(&self, number: usize) -> Vec<String> {
        let members = &self.district.population.households[number].household.members;
        members
            .iter()
            .flat_map(|m| [m.id_number[..17].to_owned(), m.name.clone()])
            .collect()
    }
}

/// The first line of the log, by which it is known to be one.
pub const STARTED: &str = "the log is being kept";

/// The log of this process, as the server writes it; everything of hedui's own.
pub fn logged() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let writer = log.clone();
        let filter = "info,hedui_adapter=trace,hedui_broker=trace,hedui_server=trace,hedui_evidence=trace";
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
            .with_ansi(false)
            .with_writer(move || writer.clone())
            .try_init()
            .expect("nobody else sets up the log of the tests");
        tracing::info!("{STARTED}");
        log
    })
}

/// What was logged.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
