//! The transparency logs through the running server: promises, proofs, exports, and what supervision sees.
//! Leaves the laws of the logs to `hedui-evidence` and the formats to `hedui-log`.

use std::collections::{BTreeMap, BTreeSet};

use hedui_core::record::{RecordBody, Registration};
use hedui_log::merkle::{Frontier, leaf_hash};
use hedui_log::note::Note;
use hedui_log::policy::Policy;
use hedui_log::proof::TlogProof;
use hedui_log::tile::{Level, parse_entries};
use hedui_proto::audit as pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::operations::GetMetricsRequest;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as wire;
use hedui_sim::population::Truth;
use tonic::transport::Channel;

use crate::support::{District, settings, verify};

const ACTOR: &str = "auditor-1";

async fn audit(district: &District) -> AuditServiceClient<Channel> {
    AuditServiceClient::connect(district.address()).await.unwrap()
}

/// Covers everything durable by checkpoints.
async fn follow(district: &District) {
    let broker = &district.started.as_ref().unwrap().broker;
    broker.follow_logs(&mut |_| ()).await.unwrap();
}

async fn proofs(district: &District, name: &str, open_records: bool) -> pb::GetProofsResponse {
    let request = pb::GetProofsRequest {
        name: name.to_owned(),
        actor: ACTOR.to_owned(),
        open_records,
        ..Default::default()
    };
    audit(district).await.get_proofs(request).await.unwrap().into_inner()
}

async fn log(district: &District) -> pb::Log {
    let request = pb::ListLogsRequest {
        district_code: "511703".to_owned(),
    };
    let listed = audit(district).await.list_logs(request).await.unwrap().into_inner();
    assert!(!listed.late && listed.halted.is_empty());
    listed.logs[0].clone()
}

#[tokio::test]
async fn a_promise_comes_with_the_verdict_and_is_kept() {
    let district = District::generate(11, 50).await;
    let ended = district.verify(0).await;
    // Whoever reads it later gets the same.
    let again = crate::support::read(&district.client, &ended.name).await;
    assert_eq!(again.inclusion_promise, ended.inclusion_promise);
    let promise = Note::parse(ended.inclusion_promise.as_bytes()).unwrap();
    follow(&district).await;
    let log = log(&district).await;
    promise.verified_by(&log.verifier_key.parse().unwrap()).unwrap();
    let mut lines = promise.text().lines();
    assert_eq!(lines.next(), Some("hedui-inclusion-promise/v2"));
    assert_eq!(lines.next(), Some(log.origin.as_str()));
    assert!(lines.next().unwrap().parse::<i64>().unwrap() > 0);
    // Nothing else became durable with it.
    let promised = lines.next().unwrap();
    assert_eq!(lines.next(), None);
    let proofs = proofs(&district, &ended.name, false).await;
    let policy = Policy::parse(proofs.policy.as_bytes()).unwrap();
    let verdict = proofs.proofs.iter().find(|p| p.kind == "VERDICT").unwrap();
    let proof: TlogProof = verdict.proof.parse().unwrap();
    // Behind version and salt stands the leaf itself.
    let leaf = &proof.extra.as_ref().unwrap()[33..];
    assert_eq!(leaf_hash(leaf).to_string(), promised);
    proof.verify_entry(leaf, &policy).unwrap();
}

#[tokio::test]
async fn every_leaf_of_a_case_is_proved_and_opened_records_fit_their_commitments() {
    let district = District::generate(12, 50).await;
    let ended = district.verify(3).await;
    follow(&district).await;
    let proofs = proofs(&district, &ended.name, true).await;
    let policy = Policy::parse(proofs.policy.as_bytes()).unwrap();
    let mut kinds = BTreeMap::new();
    for found in &proofs.proofs {
        *kinds.entry(found.kind.as_str()).or_insert(0) += 1;
        let proof: TlogProof = found.proof.parse().unwrap();
        let extra = proof.extra.clone().unwrap();
        let (salt, leaf) = (&extra[1..33], &extra[33..]);
        assert_eq!(proof.verify_entry(leaf, &policy).unwrap().index, found.index);
        // The auditor's own program comes to the same, and to the words that were kept.
        let records = hedui_verify::Records {
            opened: Some(&found.record[..]).filter(|bytes| !bytes.is_empty()),
            sealed: Some(&found.ciphertext[..]).filter(|bytes| !bytes.is_empty()),
        };
        let report = hedui_verify::check_evidence(found.proof.as_bytes(), records, &policy);
        assert!(report.verdict, "{report}");
        assert_eq!(
            report.part("kind"),
            Some(&hedui_verify::Value::Text(found.kind.clone()))
        );
        assert_eq!(
            report.part("department"),
            Some(&hedui_verify::Value::Text(found.department.clone()))
        );
        if found.ciphertext.is_empty() {
            continue;
        }
        // By the documented places: the ciphertext's digest at 50, the commitment at 82.
        assert_eq!(&leaf[50..82], blake3::hash(&found.ciphertext).as_bytes());
        let commitment = blake3::keyed_hash(salt.try_into().unwrap(), &found.record);
        assert_eq!(&leaf[82..114], commitment.as_bytes());
    }
    assert_eq!((kinds["ASKED"], kinds["VERDICT"]), (1, 1));
    assert!(kinds["ANSWER"] >= 20, "{kinds:?}");
    // Unopened, nothing that opens a commitment is given away.
    let closed = self::proofs(&district, &ended.name, false).await;
    for found in &closed.proofs {
        let proof: TlogProof = found.proof.parse().unwrap();
        assert!(found.record.is_empty() && proof.extra.unwrap()[1..33] == [0; 32]);
    }
}

#[tokio::test]
async fn an_exported_log_has_the_root_that_was_signed_and_survives_a_restart() {
    let mut district = District::generate(13, 50).await;
    for number in 0..12 {
        district.verify(number).await;
    }
    follow(&district).await;
    let before = log(&district).await;
    district.restart().await;
    district.verify(12).await;
    follow(&district).await;
    let after = log(&district).await;
    assert_eq!(after.verifier_key, before.verifier_key);
    assert!(after.size > before.size);

    let folder = tempfile::tempdir().unwrap();
    export(&district, &after.name, folder.path()).await;
    let checkpoint = std::fs::read_to_string(folder.path().join("checkpoint")).unwrap();
    let (mut tree, mut roots) = (Frontier::default(), BTreeMap::new());
    for path in hedui_log::tile::tiles_of(after.size).filter(|path| path.level == Level::Entries) {
        let bundle = std::fs::read(folder.path().join(path.to_string())).unwrap();
        for entry in parse_entries(&bundle, path.width).unwrap() {
            tree.append(leaf_hash(entry), |_, _, _| ());
            roots.insert(tree.size(), tree.root());
        }
    }
    let lines = |note: &str| note.lines().skip(1).take(2).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&checkpoint), [tree.size().to_string(), tree.root().to_string()]);
    // The auditor's own program finds it whole, and a continuation of what was signed before the restart.
    let policy = hedui_verify::read_policy(&folder.path().join("policy")).unwrap();
    let since = folder.path().join("earlier");
    std::fs::write(&since, &before.checkpoint).unwrap();
    let report = hedui_verify::folder::check(folder.path(), &policy, Some(&since), |_| ()).unwrap();
    assert!(report.verdict, "{report}");
    // What was signed before the restart is a beginning of it.
    let earlier = lines(&before.checkpoint);
    let size: u64 = earlier[0].parse().unwrap();
    assert_eq!(roots[&size].to_string(), earlier[1]);
}

/// The verifications that were drawn, by the auditor's own program.
fn drawn(report: &hedui_verify::Report) -> Vec<(String, u64)> {
    let Some(hedui_verify::Value::List(drawn)) = report.part("verdict_drawn") else {
        panic!("{report}");
    };
    let one = |value: &hedui_verify::Value| match value {
        hedui_verify::Value::Parts(parts) => match (&parts[0].1, &parts[2].1) {
            (hedui_verify::Value::Text(case), hedui_verify::Value::Number(index)) => {
                (format!("verifications/{case}"), *index)
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    drawn.iter().map(one).collect()
}

#[tokio::test]
async fn a_sample_is_the_same_for_whoever_draws_it_and_another_for_another_checkpoint() {
    let district = District::generate(17, 50).await;
    for number in 0..30 {
        district.verify(number).await;
    }
    follow(&district).await;
    let earlier = log(&district).await;
    for number in 30..40 {
        district.verify(number).await;
    }
    follow(&district).await;
    let mut samples = Vec::new();
    for (checkpoint, percent, text) in [
        ("", 30u8, ""),
        ("", 100, ""),
        (&earlier.checkpoint, 30, ""),
        (&earlier.checkpoint, 30, "07 13 22"),
    ] {
        let request = pb::DrawSampleRequest {
            log: earlier.name.clone(),
            checkpoint: checkpoint.to_owned(),
            outcome: "dibao:QUALIFIES".to_owned(),
            percent: percent.into(),
            public_text: text.to_owned(),
            actor: ACTOR.to_owned(),
        };
        let sample = audit(&district).await.draw_sample(request).await.unwrap().into_inner();
        assert_eq!(
            sample.drawn.len() as u64,
            (sample.population * u64::from(percent)).div_ceil(100)
        );
        assert!(sample.population > 5, "{}", sample.population);
        samples.push((sample, percent, text));
    }
    // The log goes on growing, by these very readings: each sample names the checkpoint that it follows from.
    let folder = tempfile::tempdir().unwrap();
    export(&district, &earlier.name, folder.path()).await;
    let policy = hedui_verify::read_policy(&folder.path().join("policy")).unwrap();
    let mut seen = BTreeSet::new();
    for (sample, percent, text) in samples {
        let from = folder.path().join("before");
        std::fs::write(&from, &sample.checkpoint).unwrap();
        let draw = hedui_verify::Draw {
            outcome: "dibao:QUALIFIES",
            percent,
            public_text: text,
        };
        let report = hedui_verify::check_sample(folder.path(), &policy, Some(&from), &draw, |_| ()).unwrap();
        assert!(report.verdict, "{report}");
        let ours: Vec<(String, u64)> = sample.drawn.iter().map(|d| (d.verification.clone(), d.index)).collect();
        assert_eq!(ours, drawn(&report));
        seen.insert(ours);
    }
    // Other checkpoints, shares and texts draw others.
    assert_eq!(seen.len(), 4);

    let refuse = |checkpoint: String, percent: u32| {
        let log = earlier.name.clone();
        let client = audit(&district);
        async move {
            let request = pb::DrawSampleRequest {
                log,
                checkpoint,
                percent,
                outcome: "dibao:QUALIFIES".into(),
                ..Default::default()
            };
            client.await.draw_sample(request).await.unwrap_err()
        }
    };
    // Not a checkpoint of this log, or none at all, or no percentage.
    let forged = earlier.checkpoint.replacen("511703", "511704", 1);
    for (checkpoint, percent) in [
        (forged, 30),
        ("nonsense".to_owned(), 30),
        (String::new(), 0),
        (String::new(), 101),
        (String::new(), 300),
    ] {
        assert_eq!(refuse(checkpoint, percent).await.code(), tonic::Code::InvalidArgument);
    }
}

/// Writes an exported log with its sealed records into a folder.
async fn export(district: &District, log: &str, folder: &std::path::Path) {
    let request = pb::ExportLogRequest {
        log: log.to_owned(),
        actor: ACTOR.to_owned(),
        include_sealed: true,
        skip_bundles: 0,
    };
    let mut files = audit(district).await.export_log(request).await.unwrap().into_inner();
    while let Some(file) = files.message().await.unwrap() {
        let path = folder.join(&file.path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut options = std::fs::OpenOptions::new();
        let mut written = options.create(true).append(true).open(path).unwrap();
        assert_eq!(written.metadata().unwrap().len(), file.offset);
        std::io::Write::write_all(&mut written, &file.content).unwrap();
    }
}

/// A number that a report states.
fn number(report: &hedui_verify::Report, part: &str) -> u64 {
    match report.part(part) {
        Some(hedui_verify::Value::Number(number)) => *number,
        other => panic!("{part}: {other:?} in {report}"),
    }
}

#[tokio::test]
async fn an_exported_log_carries_its_sealed_records_and_one_that_was_changed_is_named() {
    let district = District::generate(18, 50).await;
    let case = district.verify(0).await;
    for number in 1..12 {
        district.verify(number).await;
    }
    follow(&district).await;
    let log = log(&district).await;
    let folder = tempfile::tempdir().unwrap();
    export(&district, &log.name, folder.path()).await;
    let policy = hedui_verify::read_policy(&folder.path().join("policy")).unwrap();
    let check = || hedui_verify::folder::check(folder.path(), &policy, None, |_| ()).unwrap();
    let report = check();
    assert!(report.verdict, "{report}");
    // Nothing was destroyed: every leaf that vouches for a record has it, and every leaf was looked at.
    let (there, gone) = (
        number(&report, "sealed_records"),
        number(&report, "sealed_records_absent"),
    );
    assert!(there > 240 && gone == 0, "{report}");
    assert_eq!(there + number(&report, "nothing_sealed"), number(&report, "size"));

    // What proofs give out sealed is here byte for byte, and nothing else: no wrapped key goes with it.
    let bundles = std::fs::read_dir(folder.path().join("evidence-v1")).unwrap();
    assert!(bundles.count() > 1);
    let bundle = folder.path().join("evidence-v1/000");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let (mut rest, mut records) = (&bytes[..], Vec::new());
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (record, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
        records.push(record.to_vec());
        rest = behind;
    }
    assert_eq!((rest.len(), records.len()), (0, 256));
    let proofs = proofs(&district, &case.name, false).await.proofs;
    assert!(proofs.len() > 20);
    for proof in proofs.iter().filter(|proof| proof.index < 256) {
        assert_eq!(records[proof.index as usize], proof.ciphertext, "{}", proof.index);
    }

    // One flipped bit in one record.
    let at = bytes.len() - 1;
    bytes[at] ^= 1;
    std::fs::write(&bundle, &bytes).unwrap();
    let report = check();
    assert!(!report.verdict);
    let explanation = report.part("explanation");
    let Some(hedui_verify::Value::Text(explanation)) = explanation else {
        panic!("{report}");
    };
    let (last, _) = records
        .iter()
        .enumerate()
        .rfind(|(_, record)| !record.is_empty())
        .unwrap();
    assert!(explanation.contains(&format!("entry {last}:")), "{explanation}");
}

#[tokio::test]
async fn a_log_that_was_shortened_stops_verifications_and_not_reading() {
    let mut district = District::generate(14, 50).await;
    let ended = district.verify(0).await;
    follow(&district).await;
    district.stop().await;
    // The evidence is replaced by an older copy: none at all. The checkpoints are where they were.
    let store = district.config.store.directory.clone();
    for entry in std::fs::read_dir(&store).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".key") && name != "logs" {
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.unwrap();
        }
    }
    district.restart_stopped().await;
    let mut client = district.client.clone();
    let refused = client.create_verification(district.request(1)).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
    let reason = tonic_types::StatusExt::get_details_error_info(&refused).unwrap().reason;
    assert_eq!(reason, "EVIDENCE_LOG_UNAVAILABLE");
    let listed = audit(&district)
        .await
        .list_logs(pb::ListLogsRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(listed.halted.contains("older copy"), "{}", listed.halted);
    let mut operations = OperationsServiceClient::connect(district.address()).await.unwrap();
    let metrics = operations.get_metrics(GetMetricsRequest {}).await.unwrap().into_inner();
    let set = metrics.gauges.iter().filter(|gauge| gauge.value > 0);
    let set: Vec<_> = set.map(|gauge| (gauge.name.as_str(), gauge.reason.as_str())).collect();
    assert_eq!(
        set,
        [("verifications_refused", "LOGS_HALTED"), ("logs_halted", "SHORTENED")]
    );
    // Whoever watches the health hears of it.
    let channel = Channel::from_shared(district.address())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel);
    let service = "hedui.verification.v1.VerificationService".to_owned();
    let mut states = health
        .watch(tonic_health::pb::HealthCheckRequest { service })
        .await
        .unwrap()
        .into_inner();
    let not_serving = tonic_health::pb::health_check_response::ServingStatus::NotServing;
    while states.message().await.unwrap().unwrap().status() != not_serving {}
    // Nothing of the old case is there, and that is said, not invented.
    let gone = client
        .get_verification(wire::GetVerificationRequest {
            name: ended.name,
            ..Default::default()
        })
        .await
        .unwrap_err();
    assert_eq!(gone.code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn checking_everything_finds_all_of_it_and_a_flipped_bit() {
    let mut district = District::generate(15, 50).await;
    for number in 0..3 {
        district.verify(number).await;
    }
    let check = |district: &District| {
        let address = district.address();
        async move {
            let mut audit = AuditServiceClient::connect(address).await.unwrap();
            let request = pb::VerifyEvidenceRequest {
                actor: ACTOR.to_owned(),
            };
            let mut steps = audit.verify_evidence(request).await.unwrap().into_inner();
            let mut last = pb::VerifyEvidenceResponse::default();
            while let Some(step) = steps.message().await.unwrap() {
                last = step;
            }
            last
        }
    };
    let well = check(&district).await;
    assert!(well.done && well.damage.is_empty(), "{}", well.damage);
    assert!(well.frames > 6 && well.sealed > 60, "{well:?}");

    // Frames of a further segment follow, so that the damage is not at the end of the log, where it would be cut as torn.
    district.stop().await;
    let segment = std::fs::read_dir(&district.config.store.directory)
        .unwrap()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .chain(
            std::fs::read_dir(district.config.store.directory.join("segments"))
                .into_iter()
                .flatten()
                .flatten()
                .map(|e| e.path()),
        )
        .find(|path| path.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    district.restart_stopped().await;
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    // In place: the server has the file open.
    std::io::Write::write_all(
        &mut std::fs::OpenOptions::new().write(true).open(&segment).unwrap(),
        &bytes,
    )
    .unwrap();
    let damaged = check(&district).await;
    assert!(damaged.damage.contains("segment"), "{damaged:?}");
}

#[tokio::test]
async fn a_person_can_be_told_who_looked_and_officials_who_look_too_much_stand_out() {
    let population = hedui_sim::generate(&settings(16, 50)).unwrap();
    let household = &population.households[2].household;
    let (person, other) = (
        household.members[0].id_number.clone(),
        &population.households[5].household.members[0],
    );
    let colleague = other.id_number.clone();
    let folder = tempfile::tempdir().unwrap();
    let staff = folder.path().join("staff.toml");
    // An official whose relative is in the second household, and a colleague who is in the fifth.
    let text = format!(
        "[[staff]]\nactor = \"clerk-7\"\nid_number = \"{}\"\nrelatives = [\"{person}\"]\n\
         [[staff]]\nactor = \"clerk-8\"\nid_number = \"{colleague}\"\n",
        population.households[9].household.members[0].id_number,
    );
    std::fs::write(&staff, text).unwrap();
    std::fs::set_permissions(&staff, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let district = District::of(population, |config| config.supervision.staff_file = Some(staff)).await;

    let own = district.verify(2).await;
    let report = own.report.as_ref().unwrap();
    let conflict = report
        .findings
        .iter()
        .find(|f| f.code == "CONFLICT_OF_INTEREST")
        .unwrap();
    assert_eq!(conflict.subject, Some(0));
    let second = district.verify(5).await;
    assert!(
        second
            .report
            .as_ref()
            .unwrap()
            .findings
            .iter()
            .all(|f| f.code != "CONFLICT_OF_INTEREST")
    );
    let mut elsewhere = district.request(2);
    elsewhere.actor = "clerk-9".to_owned();
    let again = verify(&district.client, elsewhere).await;
    assert!(
        again
            .report
            .unwrap()
            .findings
            .iter()
            .all(|f| f.code != "CONFLICT_OF_INTEREST")
    );

    // The conflict is a leaf of its own, in the log whatever becomes of the report.
    follow(&district).await;
    let proofs = proofs(&district, &own.name, false).await;
    assert!(proofs.proofs.iter().any(|p| p.kind == "REVIEW"));

    let mut audit = audit(&district).await;
    let request = pb::GetPersonAccessRequest {
        id_number: person.clone(),
        actor: ACTOR.to_owned(),
    };
    let log = audit.get_person_access(request).await.unwrap().into_inner().accesses;
    let asked: Vec<&pb::PersonAccess> = log.iter().filter(|a| a.kind == "ASKED").collect();
    assert_eq!(asked.len(), 2);
    assert!(asked[0].actor.ends_with("clerk-7") && asked[1].actor.ends_with("clerk-9"));
    assert!(asked[0].departments.len() > 20 && asked[0].purpose == "dibao");
    // The proofs were read, and that is told too.
    assert!(log.iter().any(|a| a.kind == "ACCESS" && a.actor.ends_with(ACTOR)));
    let nobody = pb::GetPersonAccessRequest {
        id_number: district.population.households[30].household.members[0]
            .id_number
            .clone(),
        actor: ACTOR.to_owned(),
    };
    assert!(
        audit
            .get_person_access(nobody)
            .await
            .unwrap()
            .into_inner()
            .accesses
            .is_empty()
    );
    let wrong = pb::GetPersonAccessRequest {
        id_number: format!("{}0", &person[..17]),
        actor: ACTOR.to_owned(),
    };
    let refused = audit.get_person_access(wrong).await;
    if let Err(refused) = refused {
        assert!(!refused.message().contains(&person[..15]), "{refused}");
    }

    let misuse = pb::GetMisuseRequest {
        actor: ACTOR.to_owned(),
        ..Default::default()
    };
    let report = audit.get_misuse(misuse).await.unwrap().into_inner();
    let of = |actor: &str| report.officials.iter().find(|o| o.actor.ends_with(actor)).unwrap();
    let clerk = of("clerk-7");
    assert_eq!((clerk.lookups, clerk.own_family, clerk.colleagues), (2, 1, 1));
    assert_eq!((of("clerk-9").lookups, of("clerk-9").own_family), (1, 0));
    assert!(of(ACTOR).readings_of_others >= 1);
    let top = &report.most_consulted[0];
    assert_eq!((top.lookups, top.officials), (2, 2));
    assert!(!format!("{report:?}").contains(&person[..15]));
}

/// A staff register of one official.
fn staff(folder: &std::path::Path, id_number: &str) -> std::path::PathBuf {
    let path = folder.join("staff.toml");
    std::fs::write(
        &path,
        format!("[[staff]]\nactor = \"clerk-7\"\nid_number = \"{id_number}\"\n"),
    )
    .unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    path
}

#[tokio::test]
async fn a_case_handled_by_a_parent_whom_registration_names_is_a_finding_and_a_leaf() {
    let population = hedui_sim::generate(&settings(19, 50)).unwrap();
    // The applicant handles the case: a member, by registration a parent or the spouse of others. The staff register knows of no relatives.
    type Names = fn(&Registration) -> [&str; 2];
    let (parents, spouse): (Names, Names) = (
        |b| [&b.father_id_number, &b.mother_id_number],
        |b| [&b.spouse_id_number, ""],
    );
    let named = |truth: &Truth, names: Names| -> BTreeSet<u32> {
        let applicant = &truth.household.members[0].id_number;
        let names_applicant = |record: &hedui_core::Record| match &record.body {
            RecordBody::Registration(body) => names(body).contains(&applicant.as_str()),
            _ => false,
        };
        let people = truth.records.values().flatten();
        let people = people.filter(|person| person.records.iter().any(names_applicant));
        let people: BTreeSet<&str> = people.map(|person| person.id.expose()).collect();
        let members = truth.household.members.iter().zip(0u32..);
        let named = members.filter(|(member, _)| people.contains(member.id_number.as_str()));
        named.map(|(_, ordinal)| ordinal).collect()
    };
    let has_child = |truth: &&Truth| !named(truth, parents).is_empty();
    let truth = population.households.iter().find(has_child).unwrap();
    let number = truth.number as usize;
    let mut expected = &named(truth, parents) | &named(truth, spouse);
    expected.insert(0);
    let folder = tempfile::tempdir().unwrap();
    let staff = staff(folder.path(), &truth.household.members[0].id_number);
    let district = District::of(population, |config| config.supervision.staff_file = Some(staff)).await;
    let ended = district.verify(number).await;
    let findings = ended.report.unwrap().findings;
    let conflicts = findings.iter().filter(|finding| finding.code == "CONFLICT_OF_INTEREST");
    let subjects: BTreeSet<u32> = conflicts.filter_map(|finding| finding.subject).collect();
    assert_eq!(subjects, expected);
    follow(&district).await;
    let proofs = proofs(&district, &ended.name, false).await;
    assert!(proofs.proofs.iter().any(|proof| proof.kind == "REVIEW"));
}

#[tokio::test]
async fn verdicts_that_become_durable_together_share_a_promise_that_names_each_of_them() {
    let district = District::generate(11, 50).await;
    let together = futures::future::join_all((0..12).map(|n| district.verify(n))).await;
    follow(&district).await;
    let key = log(&district).await.verifier_key.parse().unwrap();
    let mut named = BTreeMap::new();
    for ended in &together {
        let note = Note::parse(ended.inclusion_promise.as_bytes()).unwrap();
        note.verified_by(&key).unwrap();
        let proofs = proofs(&district, &ended.name, false).await;
        let verdict = proofs.proofs.iter().find(|p| p.kind == "VERDICT").unwrap();
        let proof: TlogProof = verdict.proof.parse().unwrap();
        let hash = leaf_hash(&proof.extra.as_ref().unwrap()[33..]).to_string();
        assert!(note.text().lines().skip(3).any(|line| line == hash));
        named.insert(hash, note.text().lines().count() - 3);
    }
    // Each verdict has a leaf of its own, and a promise names nobody but these.
    assert_eq!(named.len(), together.len());
    assert!(named.values().all(|count| (1..=together.len()).contains(count)));
}
