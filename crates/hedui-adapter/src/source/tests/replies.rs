//! Answers of web services that are errors: none of them is ever "no record", whatever stands beside the rows.
//! Leaves damaged answers to the tests of all connectors and of XML.

use std::path::Path;

use axum::http::{StatusCode, header::CONTENT_TYPE};
use axum::response::IntoResponse as _;
use hedui_core::SubjectAnswer;
use proptest::prelude::*;

use super::{LONG, ask, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter, Outcome};
use crate::manifest::Manifest;
use crate::testing::subject;

/// A service that answers every question with the same bytes.
pub(super) async fn service(content: &'static str, status: u16, answer: String) -> String {
    let status = StatusCode::from_u16(status).unwrap();
    let handler = move || async move { (status, [(CONTENT_TYPE, content)], answer).into_response() };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    format!("http://{address}/")
}

pub(super) fn connector(url: &str, rest: &str) -> Manifest {
    let rows = if rest.contains("rows =") {
        ""
    } else {
        ", rows = \"$.data[*]\""
    };
    manifest(
        &format!("kind = \"http\", url = \"{url}\"{rows}{rest}"),
        Path::new("/nowhere"),
    )
}

async fn json(rest: &str, answer: &str) -> SubjectAnswer {
    let url = service("application/json", 200, answer.to_owned()).await;
    ask(&connector(&url, rest), LONG).await
}

/// A row of the person asked about, without some of its columns.
pub(super) fn row(without: &[&str]) -> String {
    let person = subject(0);
    let cells = [
        ("who", person.id.expose()),
        ("name", &person.name),
        ("what", "p"),
        ("amount", "1"),
        ("day", "2019-03-01"),
    ];
    let cells = cells.iter().filter(|(name, _)| !without.contains(name));
    let cells: Vec<String> = cells.map(|(name, text)| format!("\"{name}\": \"{text}\"")).collect();
    format!("{{{}}}", cells.join(", "))
}

const SUCCESS: &str = r#", success = { path = "$.code", equals = [200, "0"], no_record = [404] }"#;

#[tokio::test]
async fn what_the_service_calls_an_error_is_a_failure_whatever_its_rows() {
    let found = row(&[]);
    for (answer, expected) in [
        (r#"{"code":200,"data":[]}"#.to_owned(), "NO_RECORD"),
        (r#"{"code":" 0 ","data":[]}"#.to_owned(), "NO_RECORD"),
        (format!("{{\"code\":\"200\",\"data\":[{found}]}}"), "FOUND"),
        (r#"{"code":404,"msg":"nobody"}"#.to_owned(), "NO_RECORD"),
        (r#"{"code":500,"data":null}"#.to_owned(), "SOURCE_ERROR"),
        (r#"{"code":500,"data":[]}"#.to_owned(), "SOURCE_ERROR"),
        (format!("{{\"code\":500,\"data\":[{found}]}}"), "SOURCE_ERROR"),
        (r#"{"code":200.0,"data":[]}"#.to_owned(), "SOURCE_ERROR"),
        (r#"{"code":null,"data":[]}"#.to_owned(), "SOURCE_ERROR"),
        (r#"{"code":[200],"data":[]}"#.to_owned(), "SOURCE_ERROR"),
        (r#"{"data":[]}"#.to_owned(), "SOURCE_UNREADABLE"),
        (r#"{"code":200,"data":null}"#.to_owned(), "SOURCE_UNREADABLE"),
        (r#"{"code":200}"#.to_owned(), "SOURCE_UNREADABLE"),
    ] {
        assert_eq!(reason(&json(SUCCESS, &answer).await), expected, "{answer}");
    }
}

/// A gateway that does not find the service answers with the same number.
#[tokio::test]
async fn not_found_is_no_record_only_where_the_service_says_so() {
    for (content, expected) in [
        ("application/json", "NO_RECORD"),
        ("application/problem+json; charset=utf-8", "NO_RECORD"),
        ("text/html", "SOURCE_MISSING"),
        ("text/plain", "SOURCE_MISSING"),
    ] {
        let url = service(content, 404, "{}".to_owned()).await;
        let answer = ask(&connector(&url, ", no_record_status = [404]"), LONG).await;
        assert_eq!(reason(&answer), expected, "{content}");
    }
}

/// Bodies that gateways and frameworks send for addresses that they do not know.
const LOST: &[&str] = &[
    r#"{"timestamp":"2019-07-01T00:00:00.000+00:00","status":404,"error":"Not Found","path":"/q"}"#,
    r#"{"timestamp":1561939200000,"path":"/q","message":"","requestId":"1a2b"}"#,
    r#"{"message":"no Route matched with those values"}"#,
    r#"{"message":"no Route matched with those values","request_id":"0a"}"#,
    r#"{"error_msg":"404 Route Not Found"}"#,
    r#"{"detail":"Not Found"}"#,
    r#"{"statusCode":404,"message":"Cannot GET /q","error":"Not Found"}"#,
    r#"{"statusCode":404,"message":"Resource not found"}"#,
    r#"{"type":"about:blank","title":"Not Found","status":404,"detail":"No static resource q.","instance":"/q"}"#,
    r#"{"error":{"code":404,"message":"Not found."}}"#,
    r#"{"code":404,"msg":"请求路径不存在，请检查"}"#,
    r#""404 page not found""#,
];

#[tokio::test]
async fn a_gateway_that_does_not_know_the_address_says_nothing_of_a_person_in_json_either() {
    for lost in LOST {
        let url = service("application/json", 404, (*lost).to_owned()).await;
        let manifest = connector(&url, ", no_record_status = [404]");
        let answer = ask(&manifest, LONG).await;
        assert_eq!(reason(&answer), "SOURCE_MISSING", "{lost}");
        assert!(answer.failure.unwrap().message.contains("address"), "{lost}");
        assert_eq!(checked(&manifest).await, Outcome::Fail, "{lost}");
    }
    let page = "<html><head><title>404 Not Found</title></head><body>nginx</body></html>";
    let url = service("application/xhtml+xml", 404, page.to_owned()).await;
    assert_eq!(
        reason(&ask(&connector(&url, ", no_record_status = [404]"), LONG).await),
        "SOURCE_MISSING"
    );
    for (body, expected) in [
        ("404 page not found", "SOURCE_UNREADABLE"),
        ("", "SOURCE_UNREADABLE"),
        (r#"{"code":404,"msg":"查无此人"}"#, "NO_RECORD"),
        (r#"{"code":"NO_PERSON","message":"person not found"}"#, "NO_RECORD"),
        (r#"{"data":[],"path":"/q","timestamp":1}"#, "NO_RECORD"),
        (r#"{"data":null}"#, "NO_RECORD"),
    ] {
        let url = service("application/json", 404, body.to_owned()).await;
        let answer = ask(&connector(&url, ", no_record_status = [404]"), LONG).await;
        assert_eq!(reason(&answer), expected, "{body}");
    }
    let url = service("application/json", 404, format!("{{\"data\":[{}]}}", row(&[]))).await;
    let answer = ask(&connector(&url, ", no_record_status = [404]"), LONG).await;
    assert_eq!(reason(&answer), "SOURCE_ERROR", "rows of a person who is not there");
}

/// What a manifest says of the answer counts before what it looks like.
#[tokio::test]
async fn a_service_that_says_how_it_means_404_is_believed() {
    let said =
        r#", no_record_status = [404], success = { path = "$.error", equals = ["none"], no_record = ["Not Found"] }"#;
    for (body, expected) in [
        (LOST[0].to_owned(), "NO_RECORD"),
        (LOST[2].to_owned(), "SOURCE_MISSING"),
        (
            format!("{{\"error\":\"none\",\"data\":[{}]}}", row(&[])),
            "SOURCE_ERROR",
        ),
    ] {
        let url = service("application/json", 404, body.clone()).await;
        assert_eq!(reason(&ask(&connector(&url, said), LONG).await), expected, "{body}");
    }
}

async fn checked(manifest: &Manifest) -> Outcome {
    let adapter = MappedAdapter::open(manifest).unwrap();
    adapter.check(None).await.remove(0).outcome
}

#[tokio::test]
async fn the_self_test_fails_where_the_address_is_not_known() {
    for (status, rest, expected) in [
        (200, "", Outcome::Pass),
        (400, "", Outcome::Pass),
        (422, "", Outcome::Pass),
        (404, "", Outcome::Fail),
        (405, "", Outcome::Fail),
        (410, "", Outcome::Fail),
        (302, "", Outcome::Fail),
        (401, "", Outcome::Fail),
        (503, "", Outcome::Fail),
        (404, ", no_record_status = [404]", Outcome::Pass),
        (410, ", no_record_status = [404]", Outcome::Fail),
    ] {
        let url = service("application/json", status, "{}".to_owned()).await;
        assert_eq!(checked(&connector(&url, rest)).await, expected, "{status} {rest}");
        // Without the person it is another address, of which nobody need know.
        let of_one = checked(&connector(&format!("{url}people/{{{{ id_number }}}}"), rest)).await;
        let unknown = [404, 405, 410].contains(&status);
        assert_eq!(
            of_one,
            if unknown { Outcome::Pass } else { expected },
            "{status} {rest}"
        );
    }
    let url = service("text/html", 404, "404".to_owned()).await;
    assert_eq!(
        checked(&connector(&url, ", no_record_status = [404]")).await,
        Outcome::Fail,
        "a page"
    );
}

#[tokio::test]
async fn null_is_an_empty_list_only_where_the_manifest_says_so() {
    let answer = r#"{"data":null}"#;
    assert_eq!(reason(&json("", answer).await), "SOURCE_UNREADABLE");
    assert_eq!(
        reason(&json(", empty_is_null = false", answer).await),
        "SOURCE_UNREADABLE"
    );
    assert_eq!(reason(&json(", empty_is_null = true", answer).await), "NO_RECORD");
    assert_eq!(
        reason(&json(", empty_is_null = true", r#"{"code":500}"#).await),
        "SOURCE_UNREADABLE"
    );
    assert_eq!(
        reason(&json(", empty_is_null = true", r#"{"data":[null]}"#).await),
        "SOURCE_UNREADABLE",
        "a row that is null is no empty list"
    );
}

#[tokio::test]
async fn an_element_without_rows_is_an_empty_list_where_it_is_empty_or_success_was_said() {
    let plain = ", rows = \"$.answer.list.row[*]\"";
    let said = r#", rows = "$.answer.list.row[*]", success = { path = "$.answer['@status']", equals = ["ok"] }"#;
    let null = r#", rows = "$.answer.list.row[*]", empty_is_null = true"#;
    let nil = "xmlns:i=\"http://www.w3.org/2001/XMLSchema-instance\" i:nil=\"true\"";
    for (rest, answer, expected) in [
        (plain, "<answer><list/></answer>".to_owned(), "NO_RECORD"),
        (plain, "<answer><list> </list></answer>".to_owned(), "NO_RECORD"),
        (
            plain,
            "<answer><list count=\"0\"/></answer>".to_owned(),
            "SOURCE_UNREADABLE",
        ),
        (
            plain,
            "<answer><list><error>1</error></list></answer>".to_owned(),
            "SOURCE_UNREADABLE",
        ),
        (
            plain,
            "<answer><code>500</code></answer>".to_owned(),
            "SOURCE_UNREADABLE",
        ),
        (plain, format!("<answer><list {nil}/></answer>"), "SOURCE_UNREADABLE"),
        (null, format!("<answer><list {nil}/></answer>"), "NO_RECORD"),
        (null, format!("<answer><list><row {nil}/></list></answer>"), "NO_RECORD"),
        (
            said,
            "<answer status=\"ok\"><list count=\"0\"/></answer>".to_owned(),
            "NO_RECORD",
        ),
        (
            said,
            "<answer status=\"failed\"><list/></answer>".to_owned(),
            "SOURCE_ERROR",
        ),
        (said, "<answer><list/></answer>".to_owned(), "SOURCE_UNREADABLE"),
    ] {
        let url = service("text/xml", 200, answer.clone()).await;
        assert_eq!(
            reason(&ask(&connector(&url, rest), LONG).await),
            expected,
            "{rest}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_column_that_no_row_has_is_a_failure_that_names_it() {
    let of = |rows: &[String]| format!("{{\"data\":[{}]}}", rows.join(", "));
    for column in ["who", "name", "what", "amount", "day"] {
        let answer = json("", &of(&[row(&[column]), row(&[column])])).await;
        assert_eq!(reason(&answer), "SOURCE_MISSING", "{column}");
        let message = answer.failure.unwrap().message;
        assert!(message.contains(&format!("column {column}")), "{message}");
    }
    let other = row(&[]).replace(subject(0).id.expose(), "110101199003077774");
    for column in ["name", "what"] {
        let answer = json("", &of(&[row(&[column]), other.clone()])).await;
        assert_eq!(reason(&answer), "FOUND", "{column}: one row has it");
    }
    assert_eq!(
        reason(&json("", "{\"data\":[{}]}").await),
        "SOURCE_MISSING",
        "an empty object"
    );
}

#[tokio::test]
async fn a_column_that_the_mapping_calls_optional_may_be_missing() {
    let url = service("application/json", 200, format!("{{\"data\":[{}]}}", row(&["what"]))).await;
    let mut manifest = connector(&url, "");
    assert_eq!(reason(&ask(&manifest, LONG).await), "SOURCE_MISSING");
    for field in &mut manifest.mapping.as_mut().unwrap().records[0].fields {
        field.optional = field.field.name == "project";
    }
    assert_eq!(reason(&ask(&manifest, LONG).await), "FOUND");
}

#[tokio::test]
async fn a_row_without_the_column_that_tells_its_kind_is_no_row_of_another_kind() {
    let url = service("application/json", 200, format!("{{\"data\":[{}]}}", row(&[]))).await;
    let mut manifest = connector(&url, "");
    let records = &mut manifest.mapping.as_mut().unwrap().records;
    records[0].when = Some(("kind".to_owned(), "1".to_owned()));
    let answer = ask(&manifest, LONG).await;
    assert_eq!(reason(&answer), "SOURCE_MISSING");
    assert!(answer.failure.unwrap().message.contains("column kind"));
    let mapping = manifest.mapping.as_mut().unwrap();
    mapping.records[0].when = Some(("what".to_owned(), "other".to_owned()));
    assert_eq!(
        reason(&ask(&manifest, LONG).await),
        "ROW_UNREADABLE",
        "of a kind that nobody has described"
    );
    manifest.mapping.as_mut().unwrap().ignored = vec![("what".to_owned(), "p".to_owned())];
    assert_eq!(
        reason(&ask(&manifest, LONG).await),
        "NO_RECORD",
        "a row of another kind"
    );
}

/// Any answer of a few keys and values that services use.
fn any_answer() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        prop_oneof![Just(0), Just(200), Just(404), Just(500)].prop_map(Into::into),
        "[a-c]{0,2}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::hash_map(
                prop_oneof![Just("code".to_owned()), Just("data".to_owned())],
                inner,
                0..3
            )
            .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    /// The oracle knows the shapes that are "no record", and nothing else of the code.
    #[test]
    fn only_a_success_with_an_empty_list_is_no_record(answer in any_answer()) {
        let manifest = connector("http://127.0.0.1:1/", SUCCESS);
        let crate::manifest::Connector::Http(http) = &manifest.connector else { unreachable!() };
        let rows = super::super::http::rows_of(&answer, http);
        let success = answer["code"] == 200 || answer["code"] == 0;
        let empty = success && answer["data"] == serde_json::json!([]);
        let none = empty || answer["code"] == 404;
        prop_assert_eq!(rows.is_ok_and(|rows| rows.is_empty()), none);
    }
}
