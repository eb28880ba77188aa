//! Laws of departments at full speed, seen through the generated client and the kit's own reader.

use std::collections::HashMap;

use hedui_adapter::wire;
use hedui_core::{AnswerState, Date, ProgrammeId, Query, Subject};
use hedui_ids::{DivisionCode, ResidentId};
use hedui_proto::department as p;
use hedui_proto::department::department_service_client::DepartmentServiceClient;
use proptest::prelude::*;
use prost::Message as _;
use tokio::time::Instant;
use tokio_stream::StreamExt as _;
use tonic::transport::Channel;

use super::scan::Question;
use super::*;

fn settings(count: usize) -> FastSettings {
    FastSettings {
        count,
        seed: 5,
        think_ms: None,
        faults: Faults::default(),
        districts: Vec::new(),
    }
}

fn query(number: u64, people: u16) -> Query {
    let as_of = Date::new(2019, 6, 18).unwrap();
    let birth = hedui_ids::Date::new(1980, 1, 1).unwrap();
    let division = DivisionCode::parse("511703").unwrap();
    Query {
        query_id: format!("query-{number}"),
        purpose: ProgrammeId::new("dibao").unwrap(),
        district_code: "511703".into(),
        authorization_digest: [9; 32],
        as_of,
        period_from: as_of,
        period_until: as_of,
        subjects: (0..people)
            .map(|n| Subject {
                ordinal: n.into(),
                id: ResidentId::compose(division, birth, 500 + n).unwrap(),
                name: format!("某{n}"),
            })
            .collect(),
        record_types: Vec::new(),
    }
}

fn stream_query(id: u64, query: &Query) -> p::StreamQuery {
    let query = p::QueryRequest::decode(wire::encode_query(query)).unwrap();
    p::StreamQuery {
        id,
        timeout_ms: 1000,
        query: Some(query),
    }
}

async fn client(address: &FastAddress) -> DepartmentServiceClient<Channel> {
    DepartmentServiceClient::connect(address.address.clone()).await.unwrap()
}

/// Asks all questions in frames of ten and gives the outcomes by id, until `expected` have come.
async fn ask(address: &FastAddress, queries: &[Query], expected: usize) -> HashMap<u64, p::stream_answer::Outcome> {
    let frames: Vec<p::QueryStreamRequest> = queries
        .chunks(10)
        .enumerate()
        .map(|(chunk, queries)| p::QueryStreamRequest {
            queries: (0u64..)
                .zip(queries)
                .map(|(n, q)| stream_query(chunk as u64 * 10 + n, q))
                .collect(),
            cancelled: Vec::new(),
        })
        .collect();
    let mut client = client(address).await;
    let mut stream = client
        .query_stream(tokio_stream::iter(frames))
        .await
        .unwrap()
        .into_inner();
    let mut outcomes = HashMap::new();
    while outcomes.len() < expected
        && let Some(frame) = stream.next().await
    {
        for answer in frame.unwrap().answers {
            let before = outcomes.insert(answer.id, answer.outcome.unwrap());
            assert!(before.is_none(), "one answer a question");
        }
    }
    outcomes
}

#[tokio::test]
async fn every_department_answers_each_question_with_its_echoes_and_its_types_in_the_measured_size() {
    let departments = start(&settings(30)).await.unwrap();
    assert_eq!(departments.addresses().len(), 30);
    let queries: Vec<Query> = (0..40).map(|n| query(n, 3)).collect();
    let mut sizes: Vec<(usize, DepartmentId)> = Vec::new();
    for address in departments.addresses() {
        let mut client = client(address).await;
        let description = client.describe(p::DescribeRequest {}).await.unwrap().into_inner();
        assert_eq!(description.department, address.department.as_str());
        let outcomes = ask(address, &queries, queries.len()).await;
        assert_eq!(outcomes.len(), queries.len());
        for (number, query) in (0u64..).zip(&queries) {
            let p::stream_answer::Outcome::Response(response) = &outcomes[&number] else {
                panic!("a failure")
            };
            let bytes = bytes::Bytes::from(response.encode_to_vec());
            sizes.push((bytes.len(), address.department.clone()));
            let answers = wire::decode_answer(&bytes, query);
            let mut records = 0;
            for answer in answers {
                let AnswerState::Found { records: found } = answer.state else {
                    panic!("{}", answer.state.code())
                };
                for record in &found {
                    let of = record.body.record_type() as i32 + 1;
                    assert!(description.record_types.contains(&of), "{}", address.department);
                }
                records += found.len();
            }
            assert!((6..=14).contains(&records), "{records} records");
        }
    }
    let strange: Vec<_> = sizes
        .iter()
        .filter(|(bytes, _)| !(420..=1000).contains(bytes))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn departments_that_know_a_district_say_of_each_person_what_they_hold_and_of_others_that_there_is_no_record() {
    let district = |seed| population::Settings {
        seed,
        district: "511703".into(),
        households: 30,
        as_of: Date::new(2026, 11, 20).unwrap(),
        programmes: Vec::new(),
    };
    let settings = FastSettings {
        districts: vec![district(3), district(4)],
        ..settings(28)
    };
    let mut question = query(1, 1);
    for (turn, settings_of) in settings.districts.iter().enumerate() {
        let population = population::generate(settings_of).unwrap();
        for truth in &population.households {
            let members = truth.household.members.iter().zip(0u32..);
            let day = hedui_ids::Date::new(2026, 11, 20).unwrap();
            let subjects = members.map(|(member, ordinal)| Subject {
                ordinal,
                id: ResidentId::parse(&member.id_number, day).unwrap().id,
                name: member.name.clone(),
            });
            question.subjects = subjects.collect();
            let said = answers(&settings, &wire::encode_query(&question), turn).unwrap();
            assert_eq!(said.len(), 28);
            for (description, bytes) in said {
                let of = wire::decode_answer(&bytes, &question);
                for (answer, subject) in of.iter().zip(&question.subjects) {
                    match (&answer.state, truth.of(&description.department, &subject.id)) {
                        (AnswerState::Found { records }, Some(held)) => assert_eq!(*records, held.records),
                        (AnswerState::NoRecord, None) => {}
                        (state, held) => panic!("{}: {held:?}", state.code()),
                    }
                }
            }
            if truth.number == 2 {
                break;
            }
        }
    }
    let said = answers(&settings, &wire::encode_query(&query(2, 3)), 0).unwrap();
    for (_, bytes) in said {
        let of = wire::decode_answer(&bytes, &query(2, 3));
        assert!(of.len() == 3 && of.iter().all(|a| a.state == AnswerState::NoRecord));
    }
}

#[tokio::test]
async fn a_unary_question_gets_an_answer_of_the_same_form() {
    let departments = start(&FastSettings {
        think_ms: Some((1, 3)),
        ..settings(2)
    })
    .await
    .unwrap();
    let mut client = client(&departments.addresses()[1]).await;
    for people in [1, 3, 6] {
        let query = query(77, people);
        let request = p::QueryRequest::decode(wire::encode_query(&query)).unwrap();
        let response = client.query(request).await.unwrap().into_inner();
        let answers = wire::decode_answer(&response.encode_to_vec().into(), &query);
        assert_eq!(answers.len(), usize::from(people));
        assert!(answers.iter().all(|a| matches!(a.state, AnswerState::Found { .. })));
    }
    let check = client.check(p::CheckRequest::default()).await.unwrap().into_inner();
    assert_eq!(check.results.len(), 1);
}

#[tokio::test]
async fn thinking_delays_answers_and_loses_none() {
    let departments = start(&FastSettings {
        think_ms: Some((5, 25)),
        ..settings(1)
    })
    .await
    .unwrap();
    let queries: Vec<Query> = (0..300).map(|n| query(n, 2)).collect();
    let begun = Instant::now();
    let outcomes = ask(&departments.addresses()[0], &queries, queries.len()).await;
    assert_eq!(outcomes.len(), queries.len());
    assert!(begun.elapsed() >= Duration::from_millis(5));
}

#[tokio::test]
async fn faults_come_as_often_as_asked_for_and_one_seed_repeats_them() {
    let faults = Faults {
        fail_permille: 200,
        stranger_permille: 100,
        silent_permille: 100,
    };
    let queries: Vec<Query> = (0..500).map(|n| query(n, 2)).collect();
    let mut runs = Vec::new();
    for _ in 0..2 {
        let departments = start(&FastSettings { faults, ..settings(1) }).await.unwrap();
        // The questions end, so the stream ends after the last answer: silence needs no waiting.
        let outcomes = ask(&departments.addresses()[0], &queries, queries.len()).await;
        let mut kinds: Vec<(u64, &str)> = outcomes
            .iter()
            .map(|(id, outcome)| match outcome {
                p::stream_answer::Outcome::Failure(failure) => {
                    assert_eq!(failure.class, p::FailureClass::Transient as i32);
                    (*id, "failure")
                }
                p::stream_answer::Outcome::Response(response) => {
                    let query = &queries[usize::try_from(*id).unwrap()];
                    let answers = wire::decode_answer(&response.encode_to_vec().into(), query);
                    let found = answers.iter().all(|a| matches!(a.state, AnswerState::Found { .. }));
                    (*id, if found { "found" } else { "stranger" })
                }
            })
            .collect();
        kinds.sort_unstable();
        runs.push(kinds);
    }
    assert_eq!(runs[0], runs[1]);
    let count = |kind: &str| runs[0].iter().filter(|(_, k)| *k == kind).count();
    let silent = queries.len() - runs[0].len();
    for (found, expected) in [(count("failure"), 100), (count("stranger"), 50), (silent, 50)] {
        assert!(
            (expected / 2..=expected * 2).contains(&found),
            "{found} of about {expected}"
        );
    }
}

#[tokio::test]
async fn a_frame_that_is_no_frame_ends_the_stream_with_an_error() {
    let too_many = query(1, 40);
    let departments = start(&settings(1)).await.unwrap();
    let mut client = client(&departments.addresses()[0]).await;
    let frame = p::QueryStreamRequest {
        queries: vec![stream_query(1, &too_many)],
        cancelled: Vec::new(),
    };
    let mut stream = client
        .query_stream(tokio_stream::iter([frame]))
        .await
        .unwrap()
        .into_inner();
    let status = stream.next().await.unwrap().unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);
}

#[tokio::test]
async fn the_address_line_is_one_line_of_json() {
    let departments = start(&settings(3)).await.unwrap();
    let line = departments.line();
    assert!(!line.contains('\n'));
    let json: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(json["departments"].as_array().unwrap().len(), 3);
    assert!(
        json["departments"][0]["address"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:")
    );
}

proptest! {
    /// The hand-written scan and the generated code agree on every frame; no bytes make it panic.
    #[test]
    fn scanning_agrees_with_decoding(
        ids in proptest::collection::vec((any::<u64>(), 0u16..5), 0..6),
        cancelled in proptest::collection::vec(any::<u64>(), 0..5),
        noise in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let queries: Vec<p::StreamQuery> =
            ids.iter().map(|(id, people)| stream_query(*id, &query(*id, *people))).collect();
        let frame = p::QueryStreamRequest { queries: queries.clone(), cancelled: cancelled.clone() };
        let bytes = bytes::Bytes::from(frame.encode_to_vec());
        let (mut found, mut ended) = (Vec::new(), Vec::new());
        scan::frame(&bytes, |Question { id, query }| found.push((id, query)), |id| ended.push(id)).unwrap();
        prop_assert_eq!(ended, cancelled);
        prop_assert_eq!(found.len(), queries.len());
        for ((id, bytes), expected) in found.into_iter().zip(queries) {
            prop_assert_eq!(id, expected.id);
            prop_assert_eq!(p::QueryRequest::decode(bytes).unwrap(), expected.query.unwrap());
        }
        let noise = bytes::Bytes::from(noise);
        let mut out = bytes::BytesMut::new();
        let read = scan::frame(&noise, |q| { let _ = answer::put(&mut out, Some(q.id), &q.query, &Bodies::Any(Vec::new()), 0, true); }, |_| {});
        // The generated reader may be stricter (UTF-8, wire types), never more lenient about lengths.
        prop_assert!(read.is_ok() || p::QueryStreamRequest::decode(noise).is_err());
    }
}
