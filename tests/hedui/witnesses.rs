//! A broker and its witnesses together: what auditors are given, witnesses that fail or lie, evidence restored from an older copy.
//! Leaves the laws of a witness to `hedui-server`, those of publishing to `hedui-evidence`.

use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use hedui_broker::clock::Clock as _;
use hedui_evidence::{DistrictLogs, LogKey, LogName, LogOptions, PROMISED_WITHIN_MS};
use hedui_log::cosignature::CosigningKey;
use hedui_log::note::{Note, VerifierKey};
use hedui_log::policy::Policy;
use hedui_log::proof::TlogProof;
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_server::config::{Config, Log, Witness, WitnessConfig};
use hedui_server::witness::{Running, start_at};
use tonic::Code;

use crate::support::{ClockOfTests, District, files_below, settings};

const SECRET: [u8; 32] = [0x5a; 32];

/// The key of the district's log of this year, which the district makes of the secret too.
fn log_key() -> VerifierKey {
    let options = LogOptions {
        name: Config::default().transparency.name,
        folder: None,
        promised_within_ms: PROMISED_WITHIN_MS,
    };
    let logs = DistrictLogs::new(options, LogKey::from_bytes(SECRET)).unwrap();
    let this_year = LogName::of("511703", ClockOfTests.now_ms());
    logs.verifier_key(&this_year).unwrap().parse().unwrap()
}

/// A witness with a folder of its own.
struct Bureau {
    config: WitnessConfig,
    running: Option<Running>,
    _folder: tempfile::TempDir,
}

impl Bureau {
    async fn open(name: &str) -> Bureau {
        let folder = tempfile::tempdir().unwrap();
        let mut config = WitnessConfig {
            name: format!("{name}.example"),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            directory: folder.path().join("state"),
            key_file: folder.path().join("witness.key"),
            create_key: true,
            logs: vec![log_key()],
            log: Log::default(),
        };
        let running = start_at(&config, Arc::new(ClockOfTests)).await.unwrap();
        // From here on it is found where it was.
        config.listen = running.address;
        Bureau {
            config,
            running: Some(running),
            _folder: folder,
        }
    }

    fn settings(&self, name: &str) -> Witness {
        let running = self.running.as_ref().unwrap();
        Witness {
            name: name.to_owned(),
            url: format!("http://{}", running.address),
            key: running.verifier.clone(),
        }
    }

    async fn close(&mut self) {
        self.running.take().unwrap().stop().await.unwrap();
    }

    async fn open_again(&mut self) {
        self.running = Some(start_at(&self.config, Arc::new(ClockOfTests)).await.unwrap());
    }
}

/// A district whose log has the key above, with these witnesses.
async fn district(seed: u64, witnesses: Vec<Witness>, quorum: usize) -> District {
    let population = hedui_sim::generate(&settings(seed, 50)).unwrap();
    District::of(population, |config| {
        let file = &config.transparency.key_file;
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(file).unwrap();
        let hex: String = SECRET.iter().map(|byte| format!("{byte:02x}")).collect();
        std::io::Write::write_all(&mut file, format!("hedui-log-key-v1:{hex}\n").as_bytes()).unwrap();
        config.transparency.witnesses = witnesses;
        config.transparency.quorum = quorum;
    })
    .await
}

/// Signs what is durable and shows it to the witnesses.
async fn follow_and_ask(district: &District) {
    let started = district.started.as_ref().unwrap();
    started.broker.follow_logs(&mut |_| ()).await.unwrap();
    started.asking.round().await;
}

async fn logs(district: &District) -> pb::ListLogsResponse {
    let mut audit = AuditServiceClient::connect(district.address()).await.unwrap();
    // The packs in use have logs of their jurisdictions.
    let request = pb::ListLogsRequest {
        district_code: "511703".to_owned(),
    };
    audit.list_logs(request).await.unwrap().into_inner()
}

async fn log(district: &District) -> pb::Log {
    let logs = logs(district).await;
    assert!(!logs.late && logs.halted.is_empty());
    logs.logs[0].clone()
}

/// The word of a witness's problem; empty when all is well.
fn problem(log: &pb::Log, name: &str) -> String {
    let witness = log.witnesses.iter().find(|witness| witness.name == name).unwrap();
    witness.error.split(':').next().unwrap().to_owned()
}

async fn proofs(district: &District, name: &str) -> Result<pb::GetProofsResponse, tonic::Status> {
    let mut audit = AuditServiceClient::connect(district.address()).await.unwrap();
    let request = pb::GetProofsRequest {
        name: name.to_owned(),
        actor: "auditor-1".to_owned(),
        open_records: false,
        ..Default::default()
    };
    Ok(audit.get_proofs(request).await?.into_inner())
}

/// Checks every proof of a case under the policy that came with it, and says how many witnesses cosigned.
async fn prove(district: &District, name: &str) -> usize {
    let proofs = proofs(district, name).await.unwrap();
    let policy = Policy::parse(proofs.policy.as_bytes()).unwrap();
    assert!(proofs.proofs.len() > 20);
    let mut cosigned = usize::MAX;
    for found in &proofs.proofs {
        let proof: TlogProof = found.proof.parse().unwrap();
        let leaf = &proof.extra.as_ref().unwrap()[33..];
        let verified = proof.verify_entry(leaf, &policy).unwrap();
        cosigned = cosigned.min(verified.satisfied.witnesses.len());
    }
    cosigned
}

#[tokio::test]
async fn cosignatures_arrive_and_a_proof_holds_under_the_exported_policy() {
    let (audit, notary) = (Bureau::open("audit").await, Bureau::open("notary").await);
    let witnesses = vec![audit.settings("audit"), notary.settings("notary")];
    let district = district(21, witnesses, 2).await;
    let ended = district.verify(0).await;
    follow_and_ask(&district).await;
    assert_eq!(prove(&district, &ended.name).await, 2);

    follow_and_ask(&district).await;
    let listed = logs(&district).await;
    assert_eq!(listed.quorum, 2);
    let log = &listed.logs[0];
    assert_eq!(log.verifier_key, log_key().to_string());
    let next: VerifierKey = log.next_verifier_key.parse().unwrap();
    assert!(next.name() != log.origin && next.name().starts_with("hedui.local/511703/"));
    for witness in &log.witnesses {
        assert_eq!((witness.size, witness.error.as_str()), (log.size, ""));
        assert!(witness.cosigned_at.unwrap().seconds > 1_700_000_000);
    }
    // What lies in the folder, to be served as it is, is the same.
    let folder = district.config.store.directory.join("logs").join(&log.name);
    assert_eq!(
        std::fs::read_to_string(folder.join("checkpoint")).unwrap(),
        log.checkpoint
    );
    // A policy of one's own that asks for both accepts it too.
    let own = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup both all a b\nquorum both\n",
        log_key(),
        audit.running.as_ref().unwrap().verifier,
        notary.running.as_ref().unwrap().verifier
    );
    let own = Policy::parse(own.as_bytes()).unwrap();
    assert!(own.satisfied_by(log.checkpoint.as_bytes()).is_ok());
    // The whole export comes with it.
    let mut client = AuditServiceClient::connect(district.address()).await.unwrap();
    let request = pb::ExportLogRequest {
        log: log.name.clone(),
        actor: "auditor-1".to_owned(),
        ..Default::default()
    };
    let mut files = client.export_log(request).await.unwrap().into_inner();
    let mut last = pb::ExportLogResponse::default();
    while let Some(file) = files.message().await.unwrap() {
        last = file;
    }
    assert_eq!(last.path, "checkpoint");
    assert!(own.satisfied_by(&last.content).is_ok());
}

#[tokio::test]
async fn while_a_required_witness_is_away_verifications_go_on_and_earlier_proofs_hold() {
    let (audit, mut notary) = (Bureau::open("audit").await, Bureau::open("notary").await);
    let witnesses = vec![audit.settings("audit"), notary.settings("notary")];
    let mut district = district(22, witnesses, 2).await;
    let first = district.verify(0).await;
    follow_and_ask(&district).await;
    let before = log(&district).await;
    assert_eq!(before.witnesses[0].size, before.witnesses[1].size);

    notary.close().await;
    let second = district.verify(1).await;
    follow_and_ask(&district).await;
    let during = log(&district).await;
    assert_eq!(during.checkpoint, before.checkpoint);
    assert_eq!(
        (problem(&during, "audit").as_str(), problem(&during, "notary").as_str()),
        ("", "WITNESS_UNREACHABLE")
    );
    assert!(during.witnesses[0].size > during.witnesses[1].size);
    assert_eq!(prove(&district, &first.name).await, 2);
    let refused = proofs(&district, &second.name).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);

    // Also after a restart, with the witness still away.
    district.restart().await;
    follow_and_ask(&district).await;
    assert_eq!(prove(&district, &first.name).await, 2);
    assert_eq!(problem(&log(&district).await, "notary"), "WITNESS_UNREACHABLE");

    notary.open_again().await;
    follow_and_ask(&district).await;
    let after = log(&district).await;
    assert_eq!(
        (problem(&after, "audit").as_str(), problem(&after, "notary").as_str()),
        ("", "")
    );
    assert_eq!(prove(&district, &second.name).await, 2);
}

/// A witness that does not do as it should; the first part of the path says how.
async fn liar() -> SocketAddr {
    async fn answer(uri: axum::http::Uri, body: Bytes) -> Response {
        let note = std::str::from_utf8(&body).unwrap().split_once("\n\n").unwrap().1;
        let text = Note::parse(note.as_bytes()).unwrap().text().to_owned();
        match uri.path().split('/').nth(1).unwrap() {
            "garbage" => "hello".into_response(),
            "nothing" => StatusCode::OK.into_response(),
            "false" => {
                let other = text.replacen("511703", "511704", 1);
                lying_key("false").sign(&other, 1_795_000_000).unwrap().into_response()
            }
            "other-key" => lying_key("somebody")
                .sign(&text, 1_795_000_000)
                .unwrap()
                .into_response(),
            "endless" => {
                let more = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 4_096]));
                Body::from_stream(futures::stream::repeat_with(more)).into_response()
            }
            "no-size" => (StatusCode::CONFLICT, "a few\n").into_response(),
            "restless" => (StatusCode::CONFLICT, "1\n").into_response(),
            "unknown" => StatusCode::NOT_FOUND.into_response(),
            "away" => (StatusCode::FOUND, [("location", "http://127.0.0.1:1/")]).into_response(),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "\u{1b}[31mWITNESS_NOT_KEPT: no\n").into_response(),
        }
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = axum::Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn lying_key(name: &str) -> CosigningKey {
    let mut seed = [7; 32];
    seed[..name.len()].copy_from_slice(name.as_bytes());
    CosigningKey::from_seed(name, seed).unwrap()
}

#[tokio::test]
async fn witnesses_that_lie_are_named_and_change_nothing() {
    let problems = [
        ("garbage", "WITNESS_ANSWER_UNREADABLE"),
        ("nothing", "WITNESS_OTHER_KEY"),
        ("false", "WITNESS_FALSE_SIGNATURE"),
        ("other-key", "WITNESS_OTHER_KEY"),
        ("endless", "WITNESS_ANSWER_TOO_LONG"),
        ("no-size", "WITNESS_ANSWER_UNREADABLE"),
        ("restless", "WITNESS_RESTLESS"),
        ("unknown", "WITNESS_UNKNOWN_LOG"),
        ("away", "WITNESS_REFUSES"),
        ("broken", "WITNESS_REFUSES"),
    ];
    let (audit, liar) = (Bureau::open("audit").await, liar().await);
    let mut witnesses = vec![audit.settings("audit")];
    witnesses.extend(problems.iter().map(|(name, _)| Witness {
        name: (*name).to_owned(),
        url: format!("http://{liar}/{name}"),
        key: lying_key(name).verifier(),
    }));
    let district = district(23, witnesses, 1).await;
    let ended = district.verify(0).await;
    follow_and_ask(&district).await;
    let log = log(&district).await;
    assert_eq!(problem(&log, "audit"), "");
    for (name, expected) in problems {
        assert_eq!(problem(&log, name), expected, "{name}");
        let witness = log.witnesses.iter().find(|witness| witness.name == name).unwrap();
        assert!(witness.size == 0 && !witness.error.contains('\u{1b}'), "{witness:?}");
    }
    assert_eq!(prove(&district, &ended.name).await, 1);
}

fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}

#[tokio::test]
async fn evidence_restored_from_an_older_copy_is_found_out_by_the_witness() {
    let audit = Bureau::open("audit").await;
    let mut district = district(24, vec![audit.settings("audit")], 0).await;
    district.verify(0).await;
    follow_and_ask(&district).await;
    district.stop().await;
    // Everything, the checkpoints too: nothing on this machine can tell that it is old.
    let store = district.config.store.directory.clone();
    let older = tempfile::tempdir().unwrap();
    copy(&store, older.path());
    district.restart_stopped().await;
    district.verify(1).await;
    follow_and_ask(&district).await;
    let cosigned = log(&district).await.witnesses[0].size;
    district.stop().await;
    std::fs::remove_dir_all(&store).unwrap();
    copy(older.path(), &store);

    district.restart_stopped().await;
    follow_and_ask(&district).await;
    let shorter = log(&district).await;
    assert!(shorter.size < cosigned);
    assert_eq!(problem(&shorter, "audit"), "WITNESS_AHEAD");
    assert!(
        shorter.witnesses[0]
            .error
            .contains(&format!("cosigned {cosigned} leaves"))
    );
    // Continued beyond what the witness knows, it is another log.
    for number in 2..5 {
        district.verify(number).await;
    }
    follow_and_ask(&district).await;
    let other = log(&district).await;
    assert!(other.size > cosigned);
    assert_eq!(problem(&other, "audit"), "WITNESS_INCONSISTENT");
    // What is published without a required witness goes on: a witness cannot stop the broker.
    assert_eq!(other.checkpoint.lines().nth(1), Some(other.size.to_string().as_str()));
}
