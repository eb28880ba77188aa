//! Bad requests: a clear error, a stable reason, the field, no personal data, the server alive.
//! Leaves departments that misbehave to the contract of the ports and to `durability`.

use hedui_proto::verification as pb;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::support::District;

/// Sends a request that must be refused, and checks that the refusal tells nobody's number or name.
async fn refused(district: &District, request: pb::CreateVerificationRequest) -> (Status, Vec<(String, String)>) {
    let people: Vec<(String, String)> = request
        .household
        .iter()
        .flat_map(|h| h.members.iter().map(|m| (m.id_number.clone(), m.name.clone())))
        .collect();
    let status = district.client.clone().create_verification(request).await.unwrap_err();
    let text = format!("{status:?}");
    for (id, name) in people {
        assert!(
            id.len() < 6 || !text.contains(&id),
            "the refusal holds an ID number: {}",
            status.message()
        );
        assert!(
            name.chars().count() < 2 || !text.contains(&name),
            "the refusal holds a name: {}",
            status.message()
        );
    }
    let fields = status
        .get_details_bad_request()
        .map(|b| b.field_violations)
        .unwrap_or_default();
    (status, fields.into_iter().map(|f| (f.field, f.description)).collect())
}

fn stated(word: &str, document: &str) -> pb::Circumstance {
    pb::Circumstance {
        word: word.into(),
        document: document.into(),
        ..Default::default()
    }
}

fn has(fields: &[(String, String)], field: &str, reason: &str) -> bool {
    fields.iter().any(|(f, d)| f == field && d.contains(reason))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_has_its_field_and_reason_and_leaves_the_server_alive() {
    let district = District::generate(20, 60).await;
    type Spoil = fn(&mut pb::CreateVerificationRequest);
    let cases: &[(Spoil, &str, &str)] = &[
        (|r| r.household = None, "household", "REQUIRED"),
        (
            |r| r.household.as_mut().unwrap().members.clear(),
            "household.members",
            "NO_MEMBERS",
        ),
        (
            |r| r.household.as_mut().unwrap().members[0].id_number = "110105194912310021".into(),
            "household.members[0].id_number",
            "ID_CHECK_DIGIT",
        ),
        (
            |r| r.household.as_mut().unwrap().members[0].id_number = "511703".into(),
            "household.members[0].id_number",
            "ID_LENGTH",
        ),
        (
            |r| r.household.as_mut().unwrap().members[0].name = "  ".into(),
            "household.members[0].name",
            "NAME_EMPTY",
        ),
        (
            |r| r.household.as_mut().unwrap().members[0].relation = 99,
            "household.members[0].relation",
            "REQUIRED",
        ),
        (
            |r| r.household.as_mut().unwrap().residence = 0,
            "household.residence",
            "REQUIRED",
        ),
        (
            |r| {
                let members = &mut r.household.as_mut().unwrap().members;
                let twin = pb::Member {
                    relation: pb::Relation::Other.into(),
                    ..members[0].clone()
                };
                members.push(twin);
            },
            "household.members[",
            "MEMBER_TWICE",
        ),
        (
            |r| {
                let members = &mut r.household.as_mut().unwrap().members;
                let one = members[0].clone();
                members.extend(std::iter::repeat_n(one, 30));
            },
            "household.members",
            "TOO_MANY_MEMBERS",
        ),
        (
            |r| r.household.as_mut().unwrap().circumstances = vec![stated("in_jail", "a")],
            "household.circumstances[0].word",
            "UNKNOWN_CIRCUMSTANCE",
        ),
        (
            |r| r.household.as_mut().unwrap().members[0].circumstances = vec![stated("renting", "a")],
            "household.members[0].circumstances[0].word",
            "CIRCUMSTANCE_OF_HOUSEHOLD",
        ),
        (
            |r| r.household.as_mut().unwrap().circumstances = vec![stated("renting", "110105194912310021")],
            "household.circumstances[0].document",
            "DOCUMENT_HOLDS_ID_NUMBER",
        ),
        (
            |r| r.household.as_mut().unwrap().supporters = vec![pb::Supporter::default()],
            "household.supporters[0].relation",
            "REQUIRED",
        ),
        (
            |r| r.programmes = vec!["free-money".into()],
            "programmes[0]",
            "UNKNOWN_PROGRAMME",
        ),
        (|r| r.programmes.clear(), "programmes", "NO_PROGRAMME"),
        (|r| r.district_code = "999999".into(), "district_code", ""),
        (
            |r| r.district_code = "Dachuan".into(),
            "district_code",
            "DISTRICT_INVALID",
        ),
        (
            |r| {
                r.as_of = Some(hedui_proto::gtype::Date {
                    year: 2_999,
                    month: 1,
                    day: 1,
                })
            },
            "as_of",
            "DATE_IN_FUTURE",
        ),
        (
            |r| {
                r.as_of = Some(hedui_proto::gtype::Date {
                    year: 2026,
                    month: 2,
                    day: 30,
                })
            },
            "as_of",
            "DATE_INVALID",
        ),
        (|r| r.actor = "511703199001011234".into(), "actor", "ACTOR_IS_ID_NUMBER"),
        (
            |r| r.request_id = "no spaces please".into(),
            "request_id",
            "REQUEST_ID_INVALID",
        ),
        (|r| r.completion = 77, "completion", "UNKNOWN_VALUE"),
    ];
    for (spoil, field, reason) in cases {
        let mut request = district.request(0);
        spoil(&mut request);
        let (status, fields) = refused(&district, request).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{field} {reason}: {status:?}");
        assert_eq!(status.get_details_error_info().unwrap().domain, "hedui");
        assert!(
            status
                .get_details_localized_message()
                .is_some_and(|m| m.locale == "zh-CN")
        );
        let found =
            has(&fields, field, reason) || fields.iter().any(|(f, d)| f.starts_with(field) && d.contains(reason));
        assert!(found, "expected {field} {reason}, found {fields:?}");
    }
    let good = district.verify(0).await;
    assert_eq!(
        good.state(),
        pb::VerificationState::Succeeded,
        "the server is not well any more"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_must_be_there_in_force_and_signed() {
    let district = District::generate(21, 60).await;
    type Spoil = fn(&mut pb::Authorization);
    let cases: &[(Spoil, &str)] = &[
        (
            |a| {
                a.valid_until = Some(hedui_proto::gtype::Date {
                    year: 2025,
                    month: 1,
                    day: 1,
                })
            },
            "AUTHORIZATION_EXPIRED",
        ),
        (
            |a| {
                a.signed_on = Some(hedui_proto::gtype::Date {
                    year: 2999,
                    month: 1,
                    day: 1,
                })
            },
            "AUTHORIZATION_NOT_YET_VALID",
        ),
        (
            |a| {
                a.ended_on = Some(hedui_proto::gtype::Date {
                    year: 2026,
                    month: 1,
                    day: 1,
                });
                a.end_event = pb::EndEvent::Withdrawn.into();
            },
            "AUTHORIZATION_ENDED",
        ),
        (|a| a.programmes = vec!["legal-aid".into()], "PROGRAMME_NOT_AUTHORIZED"),
        (
            |a| {
                a.signature = Some(pb::authorization::Signature::Electronic(pb::ElectronicSignature {
                    key_id: "nobody".into(),
                    signature: "00".repeat(64),
                }));
            },
            "AUTHORIZATION_SIGNATURE_INVALID",
        ),
    ];
    for (spoil, reason) in cases {
        let mut request = district.request(0);
        request.authorizations.iter_mut().for_each(spoil);
        let (status, fields) = refused(&district, request).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{reason}: {status:?}");
        assert!(
            fields.iter().any(|(_, d)| d.contains(reason)),
            "expected {reason}, found {fields:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_request_is_refused_and_the_server_goes_on() {
    let district = District::generate(22, 50).await;
    let request = pb::CreateVerificationRequest {
        request_id: "x".repeat(3 << 20),
        ..district.request(0)
    };
    let refused = district.client.clone().create_verification(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused:?}");
    assert_eq!(district.verify(0).await.state(), pb::VerificationState::Succeeded);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_that_nobody_knows_is_never_repeated() {
    let district = District::generate(27, 50).await;
    for written in ["511703199108265019", "王小明 51170319910826"] {
        let request = pb::CreateVerificationRequest {
            policy_variant: written.into(),
            ..district.request(0)
        };
        let (status, fields) = refused(&district, request).await;
        assert!(has(&fields, "programmes[0]", "UNKNOWN_VARIANT"), "{fields:?}");
        let told = format!("{} {fields:?}", status.message());
        assert!(!told.contains("51170319910826") && !told.contains("王小明"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_a_district_that_cannot_be_is_refused() {
    let district = District::generate(28, 50).await;
    for code in ["abc", "", "5117", "5117031", "５１１７０３"] {
        let request = pb::ListVerificationsRequest {
            district_code: code.into(),
            ..Default::default()
        };
        let refused = district.client.clone().list_verifications(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{code}");
        assert_eq!(refused.get_details_error_info().unwrap().reason, "DISTRICT_INVALID");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_are_none_are_refused() {
    let district = District::generate(23, 50).await;
    for (name, code) in [
        ("verifications/zz", Code::InvalidArgument),
        ("", Code::InvalidArgument),
        ("verifications/00000000000000000000000000000000", Code::NotFound),
    ] {
        let request = pb::GetVerificationRequest {
            name: name.into(),
            ..Default::default()
        };
        let refused = district.client.clone().get_verification(request).await.unwrap_err();
        assert_eq!(refused.code(), code, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_cannot_be_verified_twice_at_once_unless_asked_for() {
    let district = District::generate(24, 50).await;
    let create = |policy: pb::ConflictPolicy| {
        let mut client = district.client.clone();
        let request = pb::CreateVerificationRequest {
            conflict_policy: policy.into(),
            ..district.request(0)
        };
        async move {
            client
                .create_verification(request)
                .await
                .map(|r| r.into_inner().verification.unwrap())
        }
    };
    let many = futures::future::join_all((0..12).map(|_| create(pb::ConflictPolicy::Fail))).await;
    let refusals: Vec<&Status> = many.iter().filter_map(|r| r.as_ref().err()).collect();
    assert!(many.iter().any(Result::is_ok), "nobody got through");
    for refusal in refusals {
        assert_eq!(refusal.code(), Code::AlreadyExists);
        let info = refusal.get_details_error_info().unwrap();
        assert_eq!(info.reason, "VERIFICATION_RUNNING");
        assert!(info.metadata["verification"].starts_with("verifications/"));
    }
    let many = futures::future::join_all((0..12).map(|_| create(pb::ConflictPolicy::UseExisting))).await;
    assert!(many.iter().all(Result::is_ok), "{many:?}");
}
