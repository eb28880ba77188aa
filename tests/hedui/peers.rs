//! Brokers that ask each other: the same verdicts as from a department, nothing made of anybody's silence, no circle without an end.
//! Leaves the laws of combining and of forwarded letters to their crates.

use std::path::Path;

use hedui_adapter::Catalogue;
use hedui_adapter::wire::{check_signature, decode_answer, encode_forwarded, encode_query};
use hedui_core::forward::{Forward, ForwardedLetter, MAX_HOPS};
use hedui_core::{AnswerState, DepartmentId, PinnedKey, ProgrammeId, Query, RecordType, Subject};
use hedui_proto::department as wire;
use hedui_proto::department::department_service_client::DepartmentServiceClient;
use hedui_proto::operations::ReloadCatalogueRequest;
use hedui_proto::operations::operations_service_client::OperationsServiceClient;
use hedui_proto::verification as pb;
use hedui_server::config::{Caller, Config, Role};
use hedui_sim::{Population, generate};
use prost::Message as _;
use sha2::{Digest as _, Sha256};
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::support::{Away, District, TODAY, settings};

/// What is asked through a peer; it stands for the city's centre at both ends.
const CENTRE: &str = "municipal-verification-center";
const SEED: u64 = 47;

fn caller(id: &str, roles: &[Role], departments: &[&str]) -> Caller {
    Caller {
        id: id.to_owned(),
        token_sha256: Sha256::digest(id.as_bytes()).into(),
        roles: roles.to_vec(),
        districts: None,
        departments: departments.iter().map(|d| (*d).to_owned()).collect(),
    }
}

fn by<T>(id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let token = format!("Bearer {id}").parse().unwrap();
    request.metadata_mut().insert("authorization", token);
    request
}

/// The bundled catalogue in a folder, with a peer for the city's centre where one is named.
fn catalogue(directory: &Path, peer: Option<(&str, &str)>) {
    for folder in Catalogue::bundled_folders() {
        let path = directory.join(&folder.name);
        std::fs::create_dir_all(&path).unwrap();
        let manifest = match peer {
            Some((endpoint, key)) if folder.name == CENTRE => {
                let (before, _) = folder.manifest.split_once("[connector]").unwrap();
                format!(
                    "{before}[connector]\nkind = \"peer\"\nendpoint = \"{endpoint}\"\ntoken = \"${{peer_token}}\"\n\
                     [[signing_key]]\nid = \"peer\"\npublic_key = \"{key}\"\n"
                )
            }
            _ => folder.manifest,
        };
        std::fs::write(path.join("department.toml"), manifest).unwrap();
    }
}

/// A broker with a name of its own, that a peer may ask about some departments.
async fn broker(
    population: &Population,
    name: &str,
    (folder, open): (&Path, &[&str]),
    change: impl FnOnce(&mut Config),
) -> District {
    let callers = vec![
        caller("window", &[Role::Verifier, Role::Operator], &[]),
        caller("peer", &[Role::Peer], open),
    ];
    District::of(population.clone(), |config| {
        config.transparency.name = name.to_owned();
        config.catalogue.directory = Some(folder.to_owned());
        config
            .catalogue
            .variables
            .insert("peer_token".to_owned(), "peer".to_owned());
        config.callers = callers;
        change(config);
    })
    .await
}

async fn service(district: &District) -> DepartmentServiceClient<Channel> {
    DepartmentServiceClient::connect(district.address()).await.unwrap()
}

/// The key that a broker publishes, as an operator pins it.
async fn key(district: &District) -> String {
    let described = service(district)
        .await
        .describe(by("peer", wire::DescribeRequest {}))
        .await
        .unwrap()
        .into_inner();
    described.signing_key.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn verify(district: &District, number: usize) -> pb::Verification {
    let request = pb::CreateVerificationRequest {
        wait: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..district.request(number)
    };
    let mut client = district.client.clone();
    let created = client
        .create_verification(by("window", request))
        .await
        .unwrap()
        .into_inner();
    let wait = pb::WaitVerificationRequest {
        name: created.verification.unwrap().name,
        view: pb::View::Full.into(),
        ..Default::default()
    };
    let ended = client.wait_verification(by("window", wait)).await.unwrap().into_inner();
    ended.verification.unwrap()
}

fn centre(verification: &pb::Verification) -> Vec<pb::SubjectResult> {
    let departments = &verification.report.as_ref().unwrap().departments;
    departments
        .iter()
        .find(|d| d.department == CENTRE)
        .unwrap()
        .subjects
        .clone()
}

fn said(verification: &pb::Verification) -> (Vec<pb::Verdict>, Vec<pb::NamedFigure>, Vec<(i32, u32)>) {
    let subjects = centre(verification).iter().map(|s| (s.state, s.records)).collect();
    (
        verification.verdicts.clone(),
        crate::support::figures(verification),
        subjects,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_behind_another_broker_gives_the_same_verdicts_and_its_silence_is_never_nothing() {
    let population = generate(&settings(SEED, 12)).unwrap();
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    catalogue(there.path(), None);
    // Vehicles are known to two departments behind the peer.
    let city = broker(
        &population,
        "city.example",
        (there.path(), &[CENTRE, "traffic-police"]),
        |_| {},
    )
    .await;
    catalogue(here.path(), Some((&city.address(), &key(&city).await)));
    let district = broker(&population, "district.example", (here.path(), &[CENTRE]), |_| {}).await;
    let plain = District::of(population.clone(), |_| {}).await;

    let alone = tempfile::tempdir().unwrap();
    catalogue(alone.path(), None);
    let only_centre = broker(&population, "only.example", (alone.path(), &[CENTRE]), |_| {}).await;
    let near = tempfile::tempdir().unwrap();
    catalogue(near.path(), Some((&only_centre.address(), &key(&only_centre).await)));
    let through = broker(&population, "through.example", (near.path(), &[CENTRE]), |_| {}).await;
    let mut found = 0;
    for number in 0..population.households.len() {
        let (straight, round) = (plain.verify(number).await, verify(&through, number).await);
        assert_eq!(said(&straight), said(&round), "household {number} of seed {SEED}");
        found += centre(&round)
            .iter()
            .filter(|s| s.state() == pb::AnswerState::Found)
            .count();
    }
    assert!(found > 0, "the centre knows nobody: nothing was compared");

    let silent = city
        .files()
        .into_iter()
        .find(|(id, _)| id.as_str() == "traffic-police")
        .unwrap()
        .1;
    for number in 0..population.households.len() {
        let _away = Away::these([&silent]);
        let verification = verify(&district, number).await;
        for subject in centre(&verification) {
            assert_eq!(subject.state(), pb::AnswerState::Unreachable);
            assert_eq!(subject.failure_reason, "PEER_INCOMPLETE");
            assert!(subject.failure_message.contains("traffic-police"));
        }
        assert_ne!(verification.verdicts[0].outcome(), pb::Outcome::Qualifies);
    }
}

/// A ring of brokers, each of which asks the one before it about the city's centre.
async fn ring(length: usize) {
    let population = generate(&settings(SEED, 3)).unwrap();
    let all = &[CENTRE];
    let first_folder = tempfile::tempdir().unwrap();
    catalogue(first_folder.path(), None);
    let mut folders = Vec::new();
    let mut brokers = vec![broker(&population, "ring0.example", (first_folder.path(), all), |_| {}).await];
    for at in 1..length {
        let before = &brokers[at - 1];
        let folder = tempfile::tempdir().unwrap();
        catalogue(folder.path(), Some((&before.address(), &key(before).await)));
        brokers.push(broker(&population, &format!("ring{at}.example"), (folder.path(), all), |_| {}).await);
        folders.push(folder);
    }
    let last = brokers.last().unwrap();
    catalogue(first_folder.path(), Some((&last.address(), &key(last).await)));
    let mut operations = OperationsServiceClient::connect(brokers[0].address()).await.unwrap();
    operations
        .reload_catalogue(by("window", ReloadCatalogueRequest::default()))
        .await
        .unwrap();
    for asking in &brokers {
        let verification = verify(asking, 0).await;
        for subject in centre(&verification) {
            assert_eq!(subject.state(), pb::AnswerState::Unreachable);
            assert_eq!(subject.failure_reason, "PEER_INCOMPLETE");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_two_brokers_ends_at_once_and_says_nothing_of_anybody() {
    ring(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_circle_of_three_brokers_ends_at_once_and_says_nothing_of_anybody() {
    ring(3).await;
}

/// What a peer is asked, and what it says: signed, about everybody, as `decode_answer` reads it.
async fn ask(
    district: &District,
    query: &Query,
    forward: &Forward,
) -> Result<Vec<(AnswerState, String)>, tonic::Status> {
    let message = wire::QueryRequest::decode(encode_forwarded(query, forward)).unwrap();
    let answer = service(district).await.query(by("peer", message)).await?.into_inner();
    let bytes = axum::body::Bytes::from(answer.encode_to_vec());
    let pinned = PinnedKey {
        id: "peer".to_owned(),
        public_key: key(district).await,
    };
    check_signature(&bytes, &DepartmentId::new(&forward.asked_as).unwrap(), &[pinned]).unwrap();
    let read = decode_answer(&bytes, query).into_iter();
    Ok(read
        .map(|a| (a.state, a.failure.map(|f| f.reason).unwrap_or_default()))
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_goes_by_its_own_rules() {
    let population = generate(&settings(SEED, 3)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    catalogue(folder.path(), None);
    let city = broker(&population, "city.example", (folder.path(), &[CENTRE]), |_| {}).await;
    let household = hedui_core::household::Household::check(population.households[0].household.clone(), TODAY).unwrap();
    let subjects: Vec<Subject> = household
        .members
        .iter()
        .zip(0u32..)
        .map(|(member, ordinal)| Subject {
            ordinal,
            id: member.id,
            name: member.name.clone(),
        })
        .collect();
    let year_ago = hedui_core::Date::new(TODAY.year() - 1, TODAY.month(), TODAY.day()).unwrap();
    let query = Query {
        query_id: "q-1".to_owned(),
        purpose: ProgrammeId::new("dibao").unwrap(),
        district_code: "511703".to_owned(),
        authorization_digest: [7; 32],
        as_of: TODAY,
        period_from: year_ago,
        period_until: TODAY,
        subjects,
        record_types: vec![RecordType::Vehicle],
    };
    let letter = ForwardedLetter {
        digest: [1; 32],
        about: query.subjects.iter().map(|s| s.ordinal).collect(),
        programmes: vec!["dibao".to_owned()],
        departments: vec!["the-city".to_owned()],
        signed_on: TODAY,
        valid_until: None,
        period_from: None,
    };
    let forward = Forward {
        hops: vec!["district.example".to_owned()],
        letters: vec![letter.clone()],
        asked_as: "the-city".to_owned(),
    };
    let good = ask(&city, &query, &forward).await.unwrap();
    assert!(good.iter().all(|(state, _)| state.is_known()), "{good:?}");
    // The same question again: the same answer, whatever has become of its department.
    assert_eq!(ask(&city, &query, &forward).await.unwrap(), good);

    let without = |name: &str| Query {
        query_id: name.to_owned(),
        ..query.clone()
    };
    let refused = |forward: Forward, name: &'static str| {
        let (city, query) = (&city, without(name));
        async move { ask(city, &query, &forward).await.unwrap() }
    };
    // No letter, one for another department, one about somebody else only.
    let none = Forward {
        letters: Vec::new(),
        ..forward.clone()
    };
    let elsewhere = Forward {
        asked_as: "the-town".to_owned(),
        ..forward.clone()
    };
    for (forward, name) in [(none, "q-2"), (elsewhere, "q-3")] {
        let said = refused(forward, name).await;
        assert!(
            said.iter().all(|(state, _)| *state == AnswerState::NotAuthorized),
            "{said:?}"
        );
    }
    let first = Forward {
        letters: vec![ForwardedLetter {
            about: vec![0],
            ..letter
        }],
        ..forward.clone()
    };
    let said = refused(first, "q-4").await;
    assert!(
        said[0].0.is_known() && said[1..].iter().all(|(state, _)| *state == AnswerState::NotAuthorized),
        "{said:?}"
    );
    // Circles and distances.
    let circle = Forward {
        hops: vec!["city.example".to_owned()],
        ..forward.clone()
    };
    assert!(
        refused(circle, "q-5")
            .await
            .iter()
            .all(|(_, reason)| reason == "PEER_LOOP")
    );
    let far = Forward {
        hops: (0..=MAX_HOPS).map(|n| format!("{n}.example")).collect(),
        ..forward.clone()
    };
    assert!(
        refused(far, "q-6")
            .await
            .iter()
            .all(|(_, reason)| reason == "PEER_TOO_FAR")
    );
    // A type that nobody whom this peer may ask holds.
    let pensions = Query {
        record_types: vec![RecordType::Vehicle, RecordType::Pension],
        ..without("q-7")
    };
    let said = ask(&city, &pensions, &forward).await.unwrap();
    assert!(
        said.iter().all(|(_, reason)| reason == "RECORD_TYPES_NOT_HELD"),
        "{said:?}"
    );

    // Who is no peer, and what is no question of a peer.
    let message = wire::QueryRequest::decode(encode_forwarded(&query, &forward)).unwrap();
    let stranger = service(&city).await.query(by("window", message)).await.unwrap_err();
    assert_eq!(
        (
            stranger.code(),
            stranger.get_details_error_info().unwrap().reason.as_str()
        ),
        (Code::PermissionDenied, "ROLE_MISSING")
    );
    let plain = wire::QueryRequest::decode(encode_query(&query)).unwrap();
    assert_eq!(
        service(&city).await.query(by("peer", plain)).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
