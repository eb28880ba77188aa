//! After a thousand households nothing that the broker keeps, publishes or logs names any of them: not as text, and not as a hash that
//! trying all numbers would reverse.
//! Leaves what is sealed to whoever has the key.

use std::collections::BTreeMap;
use std::path::Path;

use aho_corasick::{AhoCorasick, MatchKind};
use futures::StreamExt as _;
use hedui_core::record::RecordBody;
use hedui_ids::ResidentId;
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_sim::Population;
use sha2::Digest as _;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};

use crate::support::{District, Lines};

const HOUSEHOLDS: u32 = 1_000;
/// Of a hash this many bytes are searched for: what is cut shorter cannot be told from chance by whoever tries all numbers either.
const HASH_BYTES: usize = 12;

/// What must not be found, and what it is.
#[derive(Default)]
struct Secrets(BTreeMap<Vec<u8>, String>);

impl Secrets {
    /// Where two are the same, as a member's ID and a father's, the first name of it stays.
    fn insert(&mut self, bytes: Vec<u8>, what: &str) {
        self.0.entry(bytes).or_insert_with(|| what.to_owned());
    }

    fn text(&mut self, what: &str, text: &str) {
        // Shorter ones stand in other words by chance.
        if text.len() >= 6 {
            self.insert(text.as_bytes().to_vec(), what);
            self.insert(text.to_lowercase().into_bytes(), what);
        }
    }

    /// A text, and its hashes as bytes and in hex: unsalted, they give an enumerable number away.
    fn hashed(&mut self, what: &str, text: &str) {
        self.text(what, text);
        for (hash, name) in [
            (sha2::Sha256::digest(text).to_vec(), "SHA-256"),
            (sha2::Sha512::digest(text).to_vec(), "SHA-512"),
            (blake3::hash(text.as_bytes()).as_bytes().to_vec(), "BLAKE3"),
        ] {
            let what = format!("{name} of {what}");
            let hash = &hash[..HASH_BYTES];
            let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
            self.insert(hash.to_vec(), &what);
            self.insert(hex.clone().into_bytes(), &what);
            self.insert(hex.to_uppercase().into_bytes(), &what);
        }
    }

    fn of(population: &Population) -> Secrets {
        let mut secrets = Secrets::default();
        for truth in &population.households {
            for member in &truth.household.members {
                secrets.hashed("an ID", &member.id_number);
                secrets.text("a name", &member.name);
                let parsed = ResidentId::parse(&member.id_number, hedui_ids::Date::new(2026, 11, 22).unwrap());
                if let Some(old) = parsed.ok().and_then(|p| p.id.legacy_15()) {
                    secrets.hashed("an ID of fifteen digits", old.expose());
                }
            }
            for records in truth.records.values().flatten() {
                for record in &records.records {
                    match &record.body {
                        RecordBody::Vehicle(b) => {
                            secrets.hashed("a plate", &b.plate);
                            secrets.hashed("a vehicle's number", &b.identification_number);
                        }
                        RecordBody::FinancialAsset(b) => secrets.hashed("an account", &b.account_reference),
                        RecordBody::RealEstate(b) => secrets.hashed("a dwelling's number", &b.unit_number),
                        RecordBody::Registration(b) => {
                            secrets.hashed("a booklet", &b.household_number);
                            secrets.hashed("a father's ID", &b.father_id_number);
                            secrets.hashed("a mother's ID", &b.mother_id_number);
                        }
                        RecordBody::Marriage(b) => secrets.hashed("a spouse's ID", &b.spouse_id_number),
                        _ => {}
                    }
                }
            }
        }
        secrets
    }

    /// Searches stretches of bytes.
    fn search(&self) -> Search<'_> {
        let patterns: Vec<&Vec<u8>> = self.0.keys().collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .unwrap();
        Search {
            secrets: self,
            automaton,
        }
    }
}

struct Search<'a> {
    secrets: &'a Secrets,
    automaton: AhoCorasick,
}

impl Search<'_> {
    fn find(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.automaton.find(bytes)?;
        self.secrets
            .0
            .values()
            .nth(found.pattern().as_usize())
            .map(String::as_str)
    }

    fn absent(&self, place: &str, bytes: &[u8]) {
        if let Some(what) = self.find(bytes) {
            panic!("{what} stands in {place}");
        }
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    all
}

/// Verifies everybody, some of them with mistakes that name them, and gives every error text.
async fn live(district: &District) -> Vec<String> {
    let numbers = 0..HOUSEHOLDS as usize;
    let errors = futures::stream::iter(numbers).map(|number| async move {
        let mut client = district.client.clone();
        let mut texts = Vec::new();
        if number % 20 == 7 {
            // A wrong last digit, a member twice, no letter.
            let mut wrong = district.request(number);
            let household = wrong.household.as_mut().unwrap();
            let id = household.members[0].id_number.clone();
            match number % 3 {
                0 => {
                    household.members[0].id_number =
                        format!("{}{}", &id[..17], if id.ends_with('1') { '2' } else { '1' })
                }
                1 => household.members.push(household.members[0].clone()),
                _ => wrong.authorizations.clear(),
            }
            let status = client.create_verification(wrong).await.unwrap_err();
            texts.push(format!("{status:?} {}", String::from_utf8_lossy(status.details())));
        }
        district.verify(number).await;
        texts
    });
    errors.buffer_unordered(32).concat().await
}

#[tokio::test]
async fn nothing_that_is_kept_published_or_logged_names_anybody() {
    let lines = Lines::default();
    let writer = lines.clone();
    // Ours at every level; the transport's own at the finest hold what it carries.
    let ours = tracing_subscriber::filter::Targets::new().with_target("hedui", tracing::Level::TRACE);
    let written = tracing_subscriber::fmt::layer().with_writer(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(written.with_filter(ours));
    // Of this thread, on which everything runs but files.
    let _logged = tracing::subscriber::set_default(subscriber);
    tracing::trace!(target: "hedui_tests", "lines arrive");
    let mut district = District::generate(1_726, HOUSEHOLDS).await;
    let secrets = Secrets::of(&district.population);
    let search = secrets.search();
    // It finds what is there.
    let (id, plate) = (
        &district.population.households[0].household.members[0].id_number,
        sha2::Sha256::digest,
    );
    assert_eq!(search.find(format!("x{id}y").as_bytes()), Some("an ID"));
    assert_eq!(search.find(&plate(id)), Some("SHA-256 of an ID"));

    let errors = live(&district).await;
    assert!(errors.len() > 40);
    for text in &errors {
        search.absent("an error", text.as_bytes());
    }
    let started = district.started.as_ref().unwrap();
    started.broker.follow_logs(&mut |_| ()).await.unwrap();

    // What is given away: logs with their entries and sealed records, proofs, counters.
    let mut audit = AuditServiceClient::connect(district.address()).await.unwrap();
    let logs = audit
        .list_logs(pb::ListLogsRequest::default())
        .await
        .unwrap()
        .into_inner()
        .logs;
    let mut published = 0;
    for log in logs {
        let request = pb::ExportLogRequest {
            log: log.name,
            actor: "auditor-1".into(),
            include_sealed: true,
            skip_bundles: 0,
        };
        let mut files = audit.export_log(request).await.unwrap().into_inner();
        while let Some(file) = files.message().await.unwrap() {
            published += file.content.len();
            search.absent(&file.path, &file.content);
        }
    }
    assert!(published > 5_000_000, "{published}");
    let misuse = audit
        .get_misuse(pb::GetMisuseRequest::default())
        .await
        .unwrap()
        .into_inner();
    search.absent("the report of misuse", format!("{misuse:?}").as_bytes());
    let mut operations = OperationsServiceClient::connect(district.address()).await.unwrap();
    let metrics = operations
        .get_metrics(hedui_proto::operations::GetMetricsRequest {})
        .await
        .unwrap();
    search.absent("the counters", format!("{metrics:?}").as_bytes());
    let departments = operations
        .list_departments(hedui_proto::operations::ListDepartmentsRequest::default())
        .await;
    search.absent("the departments", format!("{departments:?}").as_bytes());

    // What is kept: segments, index, tiles, states.
    district.stop().await;
    let mut kept = 0;
    for (place, bytes) in files(&district.config.store.directory) {
        kept += bytes.len();
        search.absent(&place, &bytes);
    }
    assert!(kept > 20_000_000, "{kept}");
    let logged = lines.0.lock().unwrap();
    assert!(String::from_utf8_lossy(&logged).contains("lines arrive"));
    search.absent("the log of the process", &logged);
}
