//! The process is killed under load: every verdict that was released is there afterwards with all its evidence, and what had been
//! asked is taken up again.
//! Leaves power cuts to `hedui-evidence`, which can drop what was not yet synced.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use futures::StreamExt as _;
use hedui_adapter::{Catalogue, Variables};
use hedui_broker::clock::{Clock as _, SystemClock};
use hedui_proto::audit::GetCaseRequest;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::verification as pb;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use hedui_server::cli::convert;
use hedui_sim::population::Settings;
use tonic::transport::Channel;

/// A broker in a process of its own.
struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(config: &Path) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hedui"))
            .args(["serve", "--config"])
            .arg(config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        let serving = loop {
            match lines.next() {
                Some(Ok(line)) if line.contains("\"serving\"") => break line,
                Some(Ok(line)) => said.push(line),
                _ => panic!("the broker ended: {said:?}"),
            }
        };
        // What it logs later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        let line: serde_json::Value = serde_json::from_str(&serving).unwrap();
        let address = line["address"].as_str().unwrap().parse().unwrap();
        Process { child, address }
    }

    async fn client(&self) -> VerificationServiceClient<Channel> {
        VerificationServiceClient::connect(format!("http://{}", self.address))
            .await
            .unwrap()
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

fn config(folder: &Path, variables: &Variables) -> std::path::PathBuf {
    let mut text = String::from(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\ndirectory = \"store\"\n[log]\nformat = \"json\"\n[catalogue.variables]\n",
    );
    for (name, value) in variables {
        text.push_str(&format!("{name} = {value:?}\n"));
    }
    let file = folder.join("hedui.toml");
    std::fs::write(&file, text).unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_broker_has_lost_nothing_that_it_released() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        seed: 99,
        district: "511703".into(),
        households: 200,
        // The process goes by the machine's clock, and whoever is of age by it signs.
        as_of: SystemClock.today(),
        programmes: vec!["dibao".into()],
    };
    let population = hedui_sim::generate(&settings).unwrap();
    let folders = Catalogue::bundled_folders();
    let sources = hedui_sim::sources::write(&population, &folders, &folder.path().join("sources"))
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
    let config = config(folder.path(), &variables);
    let mut broker = Process::start(&config);
    let mut released: Vec<pb::Verification> = Vec::new();
    let mut created: Vec<String> = Vec::new();
    for round in 0..3 {
        let client = broker.client().await;
        let requests =
            population
                .households
                .iter()
                .skip(round * 60)
                .take(60)
                .map(|truth| pb::CreateVerificationRequest {
                    district_code: "511703".into(),
                    household: Some(convert::household(&truth.household)),
                    programmes: vec!["dibao".into()],
                    authorizations: truth.authorizations.iter().map(convert::authorization).collect(),
                    as_of: Some(hedui_proto::gtype::Date {
                        year: 2026,
                        month: 11,
                        day: 20,
                    }),
                    ..Default::default()
                });
        let calls = requests.map(|request| {
            let mut client = client.clone();
            async move {
                let created = client
                    .create_verification(request)
                    .await
                    .ok()?
                    .into_inner()
                    .verification?;
                let wait = pb::WaitVerificationRequest {
                    name: created.name.clone(),
                    view: pb::View::Full.into(),
                    ..Default::default()
                };
                let ended = client
                    .wait_verification(wait)
                    .await
                    .ok()
                    .and_then(|r| r.into_inner().verification);
                Some((created.name, ended))
            }
        });
        let mut calls = futures::stream::iter(calls).buffer_unordered(24);
        let mut ended_in_this_round = 0;
        let mut process = Some(broker);
        while let Some(outcome) = calls.next().await {
            let Some((name, ended)) = outcome else { continue };
            created.push(name);
            if let Some(ended) = ended.filter(|v| v.state() == pb::VerificationState::Succeeded) {
                released.push(ended);
                ended_in_this_round += 1;
            }
            // In the middle of the load, at another point in each round.
            if ended_in_this_round >= 8 + 7 * round
                && let Some(process) = process.take()
            {
                process.kill();
            }
        }
        if let Some(process) = process.take() {
            process.kill();
        }
        broker = Process::start(&config);
    }
    assert!(
        released.len() >= 24,
        "too few verdicts were released to tell anything: {}",
        released.len()
    );
    let mut client = broker.client().await;
    let mut auditor = AuditServiceClient::connect(format!("http://{}", broker.address))
        .await
        .unwrap();
    for before in &released {
        let wait = pb::WaitVerificationRequest {
            name: before.name.clone(),
            view: pb::View::Full.into(),
            ..Default::default()
        };
        let after = client
            .wait_verification(wait)
            .await
            .unwrap()
            .into_inner()
            .verification
            .unwrap();
        assert_eq!(&after, before);
        let request = GetCaseRequest {
            name: before.name.clone(),
            actor: "auditor-1".into(),
            open_records: true,
            ..Default::default()
        };
        let leaves = auditor.get_case(request).await.unwrap().into_inner().leaves;
        assert_eq!(
            leaves.iter().filter(|l| l.kind == "ANSWER").count(),
            before.departments_asked as usize
        );
        assert!(leaves.iter().all(|l| l.intact != Some(false)));
    }
    for name in created {
        let wait = pb::WaitVerificationRequest {
            name: name.clone(),
            ..Default::default()
        };
        let after = client
            .wait_verification(wait)
            .await
            .unwrap()
            .into_inner()
            .verification
            .unwrap();
        assert_eq!(
            after.state(),
            pb::VerificationState::Succeeded,
            "{name} was asked and has no end"
        );
    }
    broker.kill();
}
