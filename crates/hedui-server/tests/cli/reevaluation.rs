//! `hedui policy reevaluate` on a district with real sources: a standard raised on a day, a car bought, jobs listed and shown.
//! Leaves crashes and the reasons why a household is not judged to the broker's tests.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use hedui_adapter::Catalogue;
use hedui_adapter::serve::Serving;
use hedui_broker::clock::ManualClock;
use hedui_core::{Date, RecordType};
use hedui_policy::PackSet;
use hedui_proto::verification as wire;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use hedui_server::cli::{convert, values};
use hedui_server::config::Config;
use hedui_server::start::{Started, start_at};
use hedui_sim::population::Settings;
use hedui_sim::{Population, Sources, generate};
use serde_json::Value;

use crate::run::{Ran, run};

const HOUSEHOLDS: u32 = 40;
const TODAY: Date = Date::constant(2026, 11, 20);
/// Noon in Shanghai on that day, and a day.
const NOON_MS: i64 = 1_795_320_000_000 - 2 * DAY_MS;
const DAY_MS: i64 = 86_400_000;

/// Dachuan's Dibao packs until November, and with standards four times as high from December on.
fn packs(folder: &Path) {
    let from = "valid_from = \"2018-01-01\"";
    for file in PackSet::bundled_files() {
        let name = file.name.replace('/', "-");
        let Some(value) = [
            ("dibao-urban", "value = 520", "2080"),
            ("dibao-rural", "value = 330", "1320"),
        ]
        .into_iter()
        .find(|(kind, ..)| file.name.contains("dachuan") && file.name.contains(kind)) else {
            continue;
        };
        let (_, old, new) = value;
        assert!(file.text.contains(from) && file.text.contains(old), "{name}");
        let until = file.text.replace(from, &format!("{from}\nvalid_to = \"2026-11-30\""));
        std::fs::write(folder.join(&name), until).unwrap();
        // Without its cases: their days lie before it is in force.
        let rules = file.text.split("[[case]]").next().unwrap_or_default();
        let raised = rules
            .replace(from, "valid_from = \"2026-12-01\"")
            .replace("version = \"1\"", "version = \"2\"")
            .replace(old, &format!("value = {new}"));
        std::fs::write(folder.join(format!("raised-{name}")), raised).unwrap();
    }
}

/// A broker over the sources of a population.
struct Running {
    started: Started,
    _sources: Sources,
    _plugins: Vec<Serving>,
}

impl Running {
    async fn of(population: &Population, folder: &Path, (sources, now_ms): (&str, i64)) -> Running {
        let sources = hedui_sim::sources::write(population, &Catalogue::bundled_folders(), &folder.join(sources))
            .await
            .unwrap();
        let mut variables = sources.variables.clone();
        let mut plugins = Vec::new();
        for data in &sources.plugins {
            let plugin = hedui_sim::plugin::start(data.department.as_str(), &data.file)
                .await
                .unwrap();
            variables.insert(data.variable.clone(), plugin.endpoint());
            plugins.push(plugin);
        }
        let mut config = Config::default();
        config.server.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        config.store.directory = folder.join("store");
        config.store.key_file = folder.join("store/master.key");
        config.transparency.key_file = folder.join("store/log.key");
        config.catalogue.variables = variables;
        config.policy.directory = Some(folder.join("packs"));
        let clock = Arc::new(ManualClock::at(now_ms));
        Running {
            started: start_at(config, clock, &mut |_| {}).await.unwrap(),
            _sources: sources,
            _plugins: plugins,
        }
    }

    fn address(&self) -> String {
        format!("http://{}", self.started.listening.address)
    }

    async fn stop(self) {
        self.started.stop(std::time::Duration::from_secs(10)).await.unwrap();
    }

    /// `hedui policy ...` of an official.
    async fn policy(&self, arguments: &[&str]) -> Ran {
        let address = self.address();
        let mut all = vec!["--output", "json", "policy"];
        all.extend_from_slice(arguments);
        all.extend_from_slice(&["--server", &address, "--actor", "0031"]);
        run(&all).await
    }

    async fn verify_all(&self, population: &Population) {
        let client = VerificationServiceClient::connect(self.address()).await.unwrap();
        for truth in &population.households {
            let request = wire::CreateVerificationRequest {
                district_code: "511703".into(),
                household: Some(convert::household(&truth.household)),
                programmes: vec!["dibao".into()],
                authorizations: truth.authorizations.iter().map(convert::authorization).collect(),
                as_of: Some(values::date_of(TODAY)),
                actor: "clerk-7".into(),
                wait: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
                ..Default::default()
            };
            let created = client.clone().create_verification(request).await.unwrap().into_inner();
            let state = created.verification.unwrap().state();
            assert_eq!(state, wire::VerificationState::Succeeded);
        }
    }
}

/// Gives the first member of a household a copy of a car that somebody else has.
fn buy_a_car(population: &mut Population, number: usize) {
    let is_car = |record: &hedui_core::Record| {
        let body = serde_json::to_value(&record.body).unwrap();
        record.body.record_type() == RecordType::Vehicle && body["kind"] == "car" && body["usage"] == "private"
    };
    let police = hedui_core::DepartmentId::new("traffic-police").unwrap();
    let mut car = population
        .held_by(&police)
        .flat_map(|person| &person.records)
        .find(|record| is_car(record))
        .unwrap()
        .clone();
    let mut body = serde_json::to_value(&car.body).unwrap();
    body["plate"] = "川S7K321".into();
    body["identification_number"] = "LSVAA49J132047371".into();
    body["status"] = "normal".into();
    car.body = serde_json::from_value(body).unwrap();
    car.reference = "bought-1".into();
    let truth = &mut population.households[number];
    // How departments know the person, from any of them.
    let id = truth.household.members[0].id_number.clone();
    let mut person = truth
        .records
        .values()
        .flatten()
        .find(|person| person.id.expose() == id && person.registered_id == id && person.name == person.registered_name)
        .unwrap()
        .clone();
    person.records = vec![car];
    let held = truth.records.entry(police).or_default();
    held.retain(|known| known.id != person.id);
    held.push(person);
}

fn outcome(household: &Value, when: &str) -> String {
    household[when]["outcome"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_raised_standard_brings_entrants_and_a_bought_car_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("packs")).unwrap();
    packs(&folder.path().join("packs"));
    let mut population = generate(&Settings {
        seed: 11,
        district: "511703".into(),
        households: HOUSEHOLDS,
        as_of: TODAY,
        programmes: vec!["dibao".into()],
    })
    .unwrap();
    let first = Running::of(&population, folder.path(), ("sources", NOON_MS)).await;
    first.verify_all(&population).await;
    first.stop().await;

    // The new standard, once it is in force: counted, then judged on what is kept.
    let later = Running::of(&population, folder.path(), ("sources-2", NOON_MS + 12 * DAY_MS)).await;
    let ask = [
        "reevaluate",
        "--district",
        "511703",
        "--programme",
        "dibao",
        "--rate",
        "1000",
    ];
    let new_standard = [&ask[..], &["--new-standard", "--on", "2026-12-01"]].concat();
    let tried = later.policy(&[&new_standard[..], &["--dry-run"]].concat()).await;
    assert_eq!(tried.code, 0, "{tried:?}");
    assert_eq!(tried.json()["state"], "TRIED");
    assert_eq!(tried.json()["counts"]["households"], HOUSEHOLDS);
    let done = later.policy(&new_standard).await;
    assert_eq!(done.code, 0, "{done:?}");
    let done = done.json();
    assert_eq!(
        (&done["state"], &done["kind"]),
        (&"DONE".into(), &"NEW_STANDARD".into())
    );
    assert_eq!(done["counts"]["judged"], tried.json()["counts"]["judged"]);
    let id = done["id"].as_str().unwrap();
    let shown = later.policy(&["job", id, "--households", "all"]).await.json();
    let households = shown["households"].as_array().unwrap().clone();
    assert_eq!(households.len(), HOUSEHOLDS as usize);
    let became = |to: &str| {
        let is = |h: &&Value| h["result"] == "JUDGED" && outcome(h, "before") != to && outcome(h, "after") == to;
        households.iter().filter(is).count()
    };
    assert!(became("QUALIFIES") > 0, "{shown}");
    assert_eq!(
        (done["counts"]["newly_qualify"].as_u64(), became("EXCEEDS")),
        (Some(became("QUALIFIES") as u64), 0)
    );
    for household in households.iter().filter(|h| h["result"] == "JUDGED") {
        assert_eq!(household["after"]["pack_version"], "2");
        // Whose outcome is another one is looked at.
        let same = household["before"]["outcome"] == household["after"]["outcome"];
        assert!(same || household["to_look_at"] == true, "{household}");
    }
    let entrant = households
        .iter()
        .find(|h| h["result"] == "JUDGED" && outcome(h, "after") == "QUALIFIES")
        .unwrap();
    let name = entrant["name"].as_str().unwrap();
    let address = later.address();
    let again = run(&["audit", "recompute", name, "--server", &address, "--actor", "a"]).await;
    assert_eq!(again.code, 0, "{again:?}");
    later.stop().await;

    // The annual review: one of those who qualify has bought a car.
    let number = households
        .iter()
        .position(|h| h["result"] == "JUDGED" && outcome(h, "after") == "QUALIFIES")
        .unwrap();
    buy_a_car(&mut population, number);
    let review = Running::of(&population, folder.path(), ("sources-3", NOON_MS + 13 * DAY_MS)).await;
    let done = review.policy(&[&ask[..], &["--annual-review"]].concat()).await;
    assert_eq!(done.code, 0, "{done:?}");
    let done = done.json();
    assert_eq!(done["warnings"]["NEW_VEHICLE"], 1, "{done}");
    let id = done["id"].as_str().unwrap();
    let shown = review.policy(&["job", id, "--households"]).await.json();
    let households = shown["households"].as_array().unwrap();
    let warned: Vec<&Value> = households
        .iter()
        .filter(|h| {
            h["findings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|f| f["code"] == "NEW_VEHICLE")
        })
        .collect();
    assert_eq!(warned.len(), 1);
    assert_eq!(warned[0]["before_name"], name);
    assert_eq!(
        (outcome(warned[0], "before"), outcome(warned[0], "after")),
        ("QUALIFIES".into(), "EXCEEDS".into())
    );

    let listed = review.policy(&["jobs", "--district", "511703"]).await.json();
    let states: Vec<&Value> = listed["reevaluations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|job| &job["state"])
        .collect();
    assert_eq!(states, ["DONE", "DONE"]);
    // As people read it.
    let address = review.address();
    let table = run(&[
        "policy",
        "job",
        id,
        "--households",
        "--server",
        &address,
        "--actor",
        "0031",
    ])
    .await;
    assert!(
        table.stdout.contains("NEW_VEHICLE") && table.stdout.contains("done"),
        "{table:?}"
    );
    let ended = review.policy(&["job", id, "--cancel"]).await;
    assert_eq!(
        (ended.code, &ended.error()["error"]["reason"]),
        (4, &"REEVALUATION_ENDED".into())
    );
    let unknown = review.policy(&["job", "0123456789abcdef0123456789abcdef"]).await;
    assert_eq!(unknown.error()["error"]["reason"], "REEVALUATION_NOT_FOUND");
    review.stop().await;
}
