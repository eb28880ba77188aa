//! Retention through the running server and on disk: roles, holds, two persons, what is left of a destroyed case, expiries.
//! Leaves the rules in every order to the broker's own tests, and what happens to keys to `hedui-evidence`.

use std::sync::Arc;

use hedui_log::policy::Policy;
use hedui_proto::audit as audit_pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::retention as pb;
use hedui_proto::retention::retention_service_client::RetentionServiceClient;
use hedui_proto::verification as wire;
use hedui_proto::verification::verification_service_client::VerificationServiceClient;
use hedui_server::config::{Caller, Role};
use hedui_sim::generate;
use sha2::{Digest as _, Sha256};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::support::{District, settings};

const SCHEDULE: &str = "川民发〔2026〕12号";
const YEAR_MS: i64 = 366 * 86_400_000;

type Bearer = Arc<dyn Fn(Request<()>) -> Result<Request<()>, Status> + Send + Sync>;

/// Sends a token with every call.
#[derive(Clone)]
struct As(Bearer);

impl tonic::service::Interceptor for As {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        (self.0)(request)
    }
}

/// The channel of a caller, whose token is its id.
async fn channel(district: &District, id: &'static str) -> InterceptedService<Channel, As> {
    let channel = Channel::from_shared(district.address())
        .unwrap()
        .connect()
        .await
        .unwrap();
    let bearer = move |mut request: Request<()>| {
        let token = format!("Bearer {id}").parse().unwrap();
        request.metadata_mut().insert("authorization", token);
        Ok(request)
    };
    InterceptedService::new(channel, As(Arc::new(bearer)))
}

async fn retention(district: &District, id: &'static str) -> RetentionServiceClient<InterceptedService<Channel, As>> {
    RetentionServiceClient::new(channel(district, id).await)
}

async fn audit(district: &District, id: &'static str) -> AuditServiceClient<InterceptedService<Channel, As>> {
    AuditServiceClient::new(channel(district, id).await).max_decoding_message_size(64 << 20)
}

async fn district(seed: u64, households: u32) -> District {
    let callers = [
        ("window", Role::Verifier),
        ("disputes", Role::Dispute),
        ("bureau", Role::Auditor),
        ("archive", Role::Archivist),
        ("archive-lead", Role::Archivist),
    ];
    let caller = |id: &str, role, district: &str| Caller {
        id: id.to_owned(),
        token_sha256: Sha256::digest(id.as_bytes()).into(),
        roles: vec![role],
        districts: Some(vec![district.to_owned()]),
        departments: Vec::new(),
    };
    let mut callers = callers.map(|(id, role)| caller(id, role, "511703")).to_vec();
    callers.push(caller("elsewhere", Role::Verifier, "110101"));
    let population = generate(&settings(seed, households)).unwrap();
    District::of(population, |config| {
        config.callers = callers;
        config.retention.expiry_per_second = 200;
    })
    .await
}

/// Verifies a household as the window, under a request id.
async fn verify(district: &District, number: usize) -> wire::Verification {
    let mut client = VerificationServiceClient::new(channel(district, "window").await);
    let request = wire::CreateVerificationRequest {
        request_id: format!("request-{number}"),
        wait: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        ..district.request(number)
    };
    let created = client.create_verification(request).await.unwrap().into_inner();
    created.verification.unwrap()
}

async fn read(
    district: &District,
    id: &'static str,
    (name, reason): (&str, &str),
) -> Result<wire::Verification, Status> {
    let mut client = VerificationServiceClient::new(channel(district, id).await);
    let request = wire::GetVerificationRequest {
        name: name.to_owned(),
        actor: "1".to_owned(),
        reason: reason.to_owned(),
        ..Default::default()
    };
    Ok(client
        .get_verification(request)
        .await?
        .into_inner()
        .verification
        .unwrap())
}

fn reason<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    let details = tonic_types::StatusExt::get_details_error_info(&status).unwrap();
    (status.code(), details.reason)
}

fn refused(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

async fn case(
    district: &District,
    id: &'static str,
    name: &str,
    reason: &str,
) -> Result<audit_pb::GetCaseResponse, Status> {
    let request = audit_pb::GetCaseRequest {
        name: name.to_owned(),
        actor: "auditor-1".to_owned(),
        open_records: true,
        reason: reason.to_owned(),
    };
    Ok(audit(district, id).await.get_case(request).await?.into_inner())
}

async fn proofs(district: &District, name: &str) -> audit_pb::GetProofsResponse {
    let broker = &district.started.as_ref().unwrap().broker;
    broker.follow_logs(&mut |_| ()).await.unwrap();
    let request = audit_pb::GetProofsRequest {
        name: name.to_owned(),
        actor: "auditor-1".to_owned(),
        open_records: true,
        ..Default::default()
    };
    let proofs = audit(district, "bureau").await.get_proofs(request).await;
    proofs.unwrap().into_inner()
}

/// Checks proofs with the auditor's own program.
fn check(proofs: &audit_pb::GetProofsResponse) {
    let policy = Policy::parse(proofs.policy.as_bytes()).unwrap();
    assert!(proofs.proofs.len() > 20);
    for found in &proofs.proofs {
        let records = hedui_verify::Records {
            opened: Some(&found.record[..]).filter(|bytes| !bytes.is_empty()),
            sealed: Some(&found.ciphertext[..]).filter(|bytes| !bytes.is_empty()),
        };
        let report = hedui_verify::check_evidence(found.proof.as_bytes(), records, &policy);
        assert!(report.verdict, "{} {report}", found.kind);
    }
}

async fn hold(district: &District, id: &'static str, name: &str) -> Result<pb::Retention, Status> {
    let request = pb::PlaceHoldRequest {
        name: name.to_owned(),
        reference: "(2026)川1703行初12号".to_owned(),
        reason: "行政诉讼".to_owned(),
        actor: "0031".to_owned(),
    };
    let held = retention(district, id).await.place_hold(request).await?;
    Ok(held.into_inner().retention.unwrap())
}

async fn request_shred(district: &District, name: &str, basis: &str) -> Result<pb::Retention, Status> {
    let request = pb::RequestShredRequest {
        name: name.to_owned(),
        legal_reference: SCHEDULE.to_owned(),
        erasure_basis: basis.to_owned(),
        actor: "0017".to_owned(),
    };
    let asked = retention(district, "archive").await.request_shred(request).await?;
    Ok(asked.into_inner().retention.unwrap())
}

async fn approve_shred(
    district: &District,
    id: &'static str,
    name: &str,
    actor: &str,
) -> Result<pb::Retention, Status> {
    let request = pb::ApproveShredRequest {
        name: name.to_owned(),
        actor: actor.to_owned(),
    };
    let approved = retention(district, id).await.approve_shred(request).await?;
    Ok(approved.into_inner().retention.unwrap())
}

#[tokio::test]
async fn a_frozen_case_is_for_disputes_and_audits_only() {
    let district = district(31, 50).await;
    let name = verify(&district, 0).await.name;
    let before = read(&district, "window", (&name, "")).await.unwrap();
    // Who disputes says why, always.
    let nothing = read(&district, "disputes", (&name, "")).await;
    assert_eq!(reason(nothing), refused(Code::InvalidArgument, "INVALID_REQUEST"));
    let order = pb::FreezeCaseRequest {
        name: name.clone(),
        reason: "aid has ended".to_owned(),
        actor: "0017".to_owned(),
    };
    let by_clerk = retention(&district, "window").await.freeze_case(order.clone()).await;
    assert_eq!(reason(by_clerk), refused(Code::PermissionDenied, "ROLE_MISSING"));
    let frozen = retention(&district, "archive").await.freeze_case(order).await.unwrap();
    let frozen = frozen.into_inner().retention.unwrap();
    assert!(frozen.state() == pb::RetentionState::Frozen && frozen.frozen_by_hand);

    let by_clerk = read(&district, "window", (&name, "I am curious")).await;
    assert_eq!(reason(by_clerk), refused(Code::PermissionDenied, "CASE_FROZEN"));
    // Of another district nobody hears even that it is frozen, and nothing of the attempt is kept at the case.
    let mut elsewhere = VerificationServiceClient::new(channel(&district, "elsewhere").await);
    let foreign = refused(Code::PermissionDenied, "DISTRICT_NOT_ALLOWED");
    let wait = wire::WaitVerificationRequest {
        name: name.clone(),
        ..Default::default()
    };
    let watch = wire::WatchVerificationRequest {
        name: name.clone(),
        ..Default::default()
    };
    let cancel = wire::CancelVerificationRequest {
        name: name.clone(),
        ..Default::default()
    };
    assert_eq!(reason(read(&district, "elsewhere", (&name, "")).await), foreign);
    assert_eq!(reason(elsewhere.wait_verification(wait.clone()).await), foreign);
    assert_eq!(reason(elsewhere.watch_verification(watch).await.map(|_| ())), foreign);
    assert_eq!(reason(elsewhere.cancel_verification(cancel).await), foreign);
    let mut window = VerificationServiceClient::new(channel(&district, "window").await);
    let waited = window.wait_verification(wait).await;
    assert_eq!(reason(waited), refused(Code::PermissionDenied, "CASE_FROZEN"));
    let again = wire::CreateVerificationRequest {
        request_id: "request-0".to_owned(),
        ..district.request(0)
    };
    let again = window.create_verification(again).await;
    assert_eq!(reason(again), refused(Code::PermissionDenied, "CASE_FROZEN"));
    let list = wire::ListVerificationsRequest {
        district_code: "511703".to_owned(),
        ..Default::default()
    };
    let listed = window
        .list_verifications(list)
        .await
        .unwrap()
        .into_inner()
        .verifications;
    assert!(listed[0].state() == wire::VerificationState::Frozen && listed[0].verdicts.is_empty());

    let disputed = read(&district, "disputes", (&name, "appeal of the applicant"))
        .await
        .unwrap();
    assert_eq!((disputed.report, disputed.verdicts), (before.report, before.verdicts));
    // The evidence too, and all of it leaves its traces: three refusals, the readings with their reasons.
    case(&district, "disputes", &name, "appeal of the applicant")
        .await
        .unwrap();
    let leaves = case(&district, "bureau", &name, "").await.unwrap().leaves;
    let denials = leaves
        .iter()
        .filter(|leaf| leaf.kind == "DENIAL" && leaf.outcome == "CASE_FROZEN");
    assert_eq!(denials.clone().count(), 3);
    assert!(denials.into_iter().all(|leaf| leaf.actor.starts_with("window")));
    let reasons = leaves
        .iter()
        .filter(|leaf| leaf.kind == "ACCESS" && &leaf.record[..] == b"appeal of the applicant");
    assert_eq!(reasons.count(), 2);
}

#[tokio::test]
async fn two_persons_destroy_a_case_and_its_proofs_outlive_it() {
    let mut district = district(32, 50).await;
    let name = verify(&district, 0).await.name;
    let other = verify(&district, 1).await.name;
    let earlier = proofs(&district, &name).await;
    check(&earlier);
    let not_due = request_shred(&district, &name, "").await;
    assert_eq!(reason(not_due), refused(Code::FailedPrecondition, "RETENTION_RUNNING"));
    // Who destroys places no holds, so that nobody lifts the one in the way.
    let by_archive = hold(&district, "archive", &name).await;
    assert_eq!(reason(by_archive), refused(Code::PermissionDenied, "ROLE_MISSING"));
    let held = hold(&district, "disputes", &name).await.unwrap();
    let basis = "PIPL 47(1)(4)";
    let blocked = request_shred(&district, &name, basis).await;
    assert_eq!(reason(blocked), refused(Code::FailedPrecondition, "LEGAL_HOLD"));
    let release = pb::ReleaseHoldRequest {
        name: name.clone(),
        reference: held.holds[0].reference.clone(),
        reason: "judgment is final".to_owned(),
        actor: "0031".to_owned(),
    };
    retention(&district, "disputes")
        .await
        .release_hold(release)
        .await
        .unwrap();
    request_shred(&district, &name, basis).await.unwrap();
    // Neither the same caller under another name nor the same name from another caller.
    for (id, actor) in [("archive", "0017"), ("archive", "0018"), ("archive-lead", "0017")] {
        let alone = approve_shred(&district, id, &name, actor).await;
        assert_eq!(reason(alone), refused(Code::PermissionDenied, "SECOND_PERSON_NEEDED"));
    }
    let done = approve_shred(&district, "archive-lead", &name, "0018").await.unwrap();
    let records = done.destroyed.unwrap().records;
    assert!(records > 20, "{records}");

    district.restart().await;
    let found = read(&district, "window", (&name, "")).await.unwrap();
    assert_eq!(found.state(), wire::VerificationState::Shredded);
    assert!(found.report.is_none() && found.verdicts.is_empty());
    // When, for the window; by whom and on what ground, for those who may ask.
    let told = found.retention.unwrap().destroyed.unwrap();
    assert!(told.destroyed_at.is_some());
    assert_eq!(
        (told.legal_reference.as_str(), told.actor.as_str(), told.records),
        ("", "", 0)
    );
    let ask = pb::GetRetentionRequest { name: name.clone() };
    let whole = retention(&district, "bureau").await.get_retention(ask).await.unwrap();
    let destroyed = whole.into_inner().retention.unwrap().destroyed.unwrap();
    assert_eq!(
        (destroyed.legal_reference.as_str(), destroyed.erasure_basis.as_str()),
        (SCHEDULE, basis)
    );
    let again = verify(&district, 0).await;
    assert_eq!(
        (again.name.as_str(), again.state()),
        (name.as_str(), wire::VerificationState::Shredded)
    );

    // Nothing opens any more, and nothing of it is damaged.
    let leaves = case(&district, "bureau", &name, "").await.unwrap().leaves;
    assert!(
        leaves
            .iter()
            .all(|leaf| leaf.record.is_empty() && leaf.intact != Some(false))
    );
    assert_eq!(leaves.iter().filter(|leaf| leaf.destroyed).count() as u64, records);
    let named: usize = leaves
        .iter()
        .filter(|l| l.kind == "SHRED")
        .map(|l| l.rests_on.len())
        .sum();
    assert_eq!(named as u64, records);
    // Proofs from before, with what was opened then; and new ones, which open nothing.
    check(&earlier);
    let later = proofs(&district, &name).await;
    check(&later);
    assert!(later.proofs.iter().all(|proof| proof.record.is_empty()));
    assert!(later.proofs.iter().any(|proof| proof.kind == "SHRED"));
    let kept = case(&district, "bureau", &other, "").await.unwrap().leaves;
    assert!(
        kept.iter()
            .any(|leaf| leaf.kind == "VERDICT" && !leaf.record.is_empty())
    );
    assert!(kept.iter().all(|leaf| !leaf.destroyed));
}

/// Runs an expiry until so many cases have been looked at, then goes away.
async fn run(district: &District, id: &str, until: u64) -> Option<pb::Expiry> {
    let request = pb::RunExpiryRequest {
        id: id.to_owned(),
        actor: "0017".to_owned(),
    };
    let mut steps = retention(district, "archive")
        .await
        .run_expiry(request)
        .await
        .unwrap()
        .into_inner();
    while let Some(step) = steps.message().await.unwrap() {
        if step.expiry.is_some() || step.counts.unwrap().cases >= until {
            return step.expiry;
        }
    }
    None
}

#[tokio::test]
async fn an_expiry_goes_on_after_its_caller_went_away_and_the_server_stopped() {
    let mut district = district(33, 60).await;
    let mut names = Vec::new();
    for number in 0..40 {
        names.push(verify(&district, number).await.name);
    }
    let held = names[0].clone();
    hold(&district, "bureau", &held).await.unwrap();
    let now = district.started.as_ref().unwrap().broker.clock().now_ms();
    district.restart_at(now + 6 * YEAR_MS).await;

    let request = pb::RequestExpiryRequest {
        district_code: "511703".to_owned(),
        legal_reference: SCHEDULE.to_owned(),
        actor: "0017".to_owned(),
        ..Default::default()
    };
    let mut steps = retention(&district, "archive")
        .await
        .request_expiry(request)
        .await
        .unwrap()
        .into_inner();
    let mut asked = None;
    while let Some(step) = steps.message().await.unwrap() {
        asked = step.expiry.or(asked);
    }
    let asked = asked.unwrap();
    let counts = asked.counts.unwrap();
    assert_eq!((counts.cases, counts.due, counts.held), (40, 39, 1));
    let approve = pb::ApproveExpiryRequest {
        id: asked.id.clone(),
        actor: "0018".to_owned(),
    };
    retention(&district, "archive-lead")
        .await
        .approve_expiry(approve)
        .await
        .unwrap();

    run(&district, &asked.id, 16).await;
    district.restart_at(now + 6 * YEAR_MS).await;
    let done = run(&district, &asked.id, u64::MAX).await.unwrap();
    assert!(done.done_at.is_some());
    let counts = done.counts.unwrap();
    assert_eq!(
        (counts.destroyed, counts.held, counts.due, counts.failed),
        (39, 1, 0, 0)
    );
    for name in &names {
        let leaves = case(&district, "bureau", name, "").await.unwrap().leaves;
        let opened = leaves.iter().filter(|leaf| !leaf.record.is_empty()).count();
        assert_eq!(opened > 20, *name == held, "{name}");
    }
    // All of it fits, and the expiry's own leaves are proved as any other's.
    let expiry = format!("verifications/{}", asked.id);
    let leaves = case(&district, "bureau", &expiry, "").await.unwrap().leaves;
    let words: Vec<&str> = leaves
        .iter()
        .map(|leaf| leaf.outcome.split(':').next().unwrap())
        .collect();
    assert_eq!((words[0], words[1]), ("EXPIRY_REQUESTED", "EXPIRY_APPROVED"));
    assert!(words.contains(&"EXPIRY_DONE"));
}
