//! Answers of web services that are a page of the rows: none of them is taken for the whole.
//! Leaves errors and damaged answers to the tests of replies.

use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use axum::response::IntoResponse as _;
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::replies::{connector, row, service};
use super::{LONG, ask, manifest, reason};
use crate::manifest::{Connector, HttpConnector};

/// The connector of a manifest whose rows stand there.
fn http(rest: &str) -> HttpConnector {
    let manifest = connector("http://127.0.0.1:1/", rest);
    let Connector::Http(http) = manifest.connector else {
        panic!("another connector")
    };
    *http
}

/// How many rows an answer gives, or why none.
fn said(rest: &str, answer: &Json) -> Result<usize, String> {
    let rows = super::super::http::rows_of(answer, &http(rest));
    rows.map(|rows| rows.len()).map_err(|failure| failure.reason)
}

fn part() -> Result<usize, String> {
    Err("SOURCE_INCOMPLETE".to_owned())
}

#[test]
fn a_total_that_is_more_than_the_rows_is_a_part_wherever_it_stands() {
    let two = json!([{"who": "1"}, {"who": "2"}]);
    for name in [
        "total",
        "totalCount",
        "total_count",
        "TotalElements",
        "totalRecords",
        "total-records",
        "recordsTotal",
        "recordsFiltered",
        "totalSize",
        "totalRow",
        "total_num",
        "count",
        "records",
        "numFound",
        "rowCount",
        "@odata.count",
        "总条数",
    ] {
        for (number, expected) in [
            (json!(3), part()),
            (json!("3"), part()),
            (json!(3.0), part()),
            (json!("1,203"), part()),
            (json!({"value": 3, "relation": "eq"}), part()),
            (json!(2), Ok(2)),
            (json!("2"), Ok(2)),
            (json!(0), Ok(2)),
            (json!(-1), Ok(2)),
            (json!("many"), Ok(2)),
            (json!(null), Ok(2)),
            (json!([3]), Ok(2)),
        ] {
            assert_eq!(
                said("", &json!({"data": two, name: number})),
                expected,
                "{name} {number}"
            );
        }
    }
    let deep = ", rows = \"$.a.b.rows[*]\"";
    for answer in [
        json!({"a": {"b": {"rows": two, "total": 3}}}),
        json!({"a": {"b": {"rows": two}, "page": 1, "total": 3}}),
        json!({"a": {"b": {"rows": two}}, "totalCount": 3}),
    ] {
        assert_eq!(said(deep, &answer), part(), "{answer}");
    }
    for answer in [
        // Not on the way to the rows: it counts something else.
        json!({"a": {"b": {"rows": two, "other": {"total": 3}}}}),
        json!({"a": {"b": {"rows": two}}, "shards": {"total": 5}}),
        // What the row itself says is its own affair.
        json!({"a": {"b": {"rows": [{"total": 300, "pages": 7, "hasMore": true}, {"count": 9}]}}}),
        json!({"a": {"b": {"rows": two}}, "count": 200}),
        json!({"a": {"b": {"rows": two, "recordsTotal": 90_000, "recordsFiltered": 2}}}),
    ] {
        assert_eq!(said(deep, &answer), Ok(2), "{answer}");
    }
    // An empty list is no "no record" where the service counts some.
    assert_eq!(said("", &json!({"data": [], "total": 1})), part());
    assert_eq!(
        said(", empty_is_null = true", &json!({"data": null, "total": 1})),
        part()
    );
    assert_eq!(said("", &json!({"data": [], "total": 0})), Ok(0));
}

#[test]
fn what_says_that_there_are_more_rows_is_a_part() {
    let with = |fields: Json| {
        let mut answer = json!({"data": [{"who": "1"}, {"who": "2"}]});
        answer
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        answer
    };
    for fields in [
        json!({"hasMore": true}),
        json!({"has_more": "true"}),
        json!({"hasNext": 1}),
        json!({"has_next_page": true}),
        json!({"hasMore": true, "total": 2}),
        json!({"truncated": true}),
        json!({"last": false}),
        json!({"isLastPage": false, "pageNum": 1}),
        json!({"pages": 2}),
        json!({"totalPages": "7"}),
        json!({"next": "https://x/rows?page=2", "previous": null}),
        json!({"nextPageToken": "abc"}),
        json!({"@odata.nextLink": "/rows?$skip=2"}),
        json!({"pageSize": 2}),
        json!({"page_size": "2", "pageNo": 1}),
    ] {
        assert_eq!(said("", &with(fields.clone())), part(), "{fields}");
        let nested = json!({"result": with(fields.clone())});
        assert_eq!(said(", rows = \"$.result.data[*]\"", &nested), part(), "{fields}");
    }
    for fields in [
        json!({"hasMore": false}),
        json!({"last": true, "totalElements": 2, "totalPages": 1, "size": 2}),
        // As old releases of a much used library write it.
        json!({"isLastPage": false, "hasNextPage": false, "total": 2, "pages": 1, "pageSize": 2, "nextPage": 0}),
        json!({"next": null, "count": 2}),
        json!({"next": "", "nextPageToken": ""}),
        json!({"pageSize": 10}),
        json!({"pageSize": 2, "total": 2}),
        json!({"pageSize": 2, "hasNext": false}),
        json!({"last": 0, "pages": [1, 2]}),
        json!({"pages": 0}),
    ] {
        assert_eq!(said("", &with(fields.clone())), Ok(2), "{fields}");
    }
}

#[test]
fn the_manifest_says_where_the_total_stands_or_that_there_is_none() {
    let rows = json!([{"who": "1"}, {"who": "2"}]);
    let at = ", total = \"$.head.n\"";
    for (answer, expected) in [
        (json!({"head": {"n": 2}, "data": rows}), Ok(2)),
        (json!({"head": {"n": 3}, "data": rows}), part()),
        (json!({"head": {"n": "2"}, "data": rows, "total": 90_000}), Ok(2)),
        (json!({"head": {"n": 0}, "data": []}), Ok(0)),
        (json!({"head": {"n": 1}, "data": []}), part()),
        (json!({"head": {}, "data": []}), Err("SOURCE_UNREADABLE".to_owned())),
        (
            json!({"head": {"n": null}, "data": rows}),
            Err("SOURCE_UNREADABLE".to_owned()),
        ),
        (json!({"head": {"n": 2}, "data": rows, "hasMore": true}), part()),
    ] {
        assert_eq!(said(at, &answer), expected, "{answer}");
    }
    // Yuan, or the people of the whole register.
    let none = ", total = \"none\"";
    assert_eq!(
        said(
            none,
            &json!({"data": rows, "total": 35_000, "pages": 12, "pageSize": 2})
        ),
        Ok(2)
    );
    assert_eq!(said(none, &json!({"data": rows, "hasMore": true})), part());
    let mistakes = std::panic::catch_unwind(|| connector("http://127.0.0.1:1/", ", total = \"head.n\""));
    assert!(mistakes.is_err(), "no JSONPath");
}

/// One answer may hold several lists, and one total of them all.
#[test]
fn rows_are_counted_below_whatever_the_total_stands_in() {
    let rest = ", rows = \"$.people[*].rows[*]\"";
    let answer = |first: u64, second: u64, all: u64| {
        json!({"total": all, "people": [
            {"rows": [{"who": "1"}], "total": first},
            {"rows": [{"who": "1"}, {"who": "1"}], "total": second},
        ]})
    };
    assert_eq!(said(rest, &answer(1, 2, 3)), Ok(3));
    assert_eq!(said(rest, &answer(2, 2, 3)), part());
    assert_eq!(said(rest, &answer(1, 3, 3)), part());
    assert_eq!(said(rest, &answer(1, 2, 4)), part());
    // Rows chosen by a condition came with the others of their list.
    let chosen = ", rows = \"$.rows[?@.kind == 'a']\"";
    let answer = |total: u64| json!({"total": total, "rows": [{"kind": "a"}, {"kind": "b"}]});
    assert_eq!(said(chosen, &answer(2)), Ok(1));
    assert_eq!(said(chosen, &answer(3)), part());
}

#[tokio::test]
async fn xml_counts_in_attributes_and_elements() {
    let rest = ", rows = \"$.answer.list.row[*]\"";
    let person = crate::testing::subject(0);
    let row = format!(
        "<row><who>{}</who><name>{}</name><what>p</what><amount>1</amount><day>2019-03-01</day></row>",
        person.id.expose(),
        person.name
    );
    for (answer, expected) in [
        (format!("<answer><total>1</total><list>{row}</list></answer>"), "FOUND"),
        (
            format!("<answer><total>2</total><list>{row}</list></answer>"),
            "SOURCE_INCOMPLETE",
        ),
        (
            format!("<answer><total>2</total><list>{row}{row}</list></answer>"),
            "FOUND",
        ),
        (
            format!("<answer><list count=\"2\">{row}</list></answer>"),
            "SOURCE_INCOMPLETE",
        ),
        (
            format!("<answer><list total=\"3\">{row}{row}</list></answer>"),
            "SOURCE_INCOMPLETE",
        ),
        (
            format!("<answer><hasMore>true</hasMore><list>{row}</list></answer>"),
            "SOURCE_INCOMPLETE",
        ),
        ("<answer><total>0</total><list/></answer>".to_owned(), "NO_RECORD"),
        (
            "<answer><total>1</total><list/></answer>".to_owned(),
            "SOURCE_INCOMPLETE",
        ),
    ] {
        let url = service("text/xml; charset=utf-8", 200, answer.clone()).await;
        assert_eq!(reason(&ask(&connector(&url, rest), LONG).await), expected, "{answer}");
    }
}

#[tokio::test]
async fn the_head_of_an_answer_counts_too() {
    let answer = format!("{{\"data\":[{}]}}", row(&[]));
    for (status, name, value, rest, expected) in [
        (200, "x-total-count", "1", "", "FOUND"),
        (200, "x-total-count", "2", "", "SOURCE_INCOMPLETE"),
        (200, "x-total-count", "2", ", total = \"none\"", "FOUND"),
        (
            200,
            "link",
            "<https://x/?page=2>; rel=\"next\"",
            "",
            "SOURCE_INCOMPLETE",
        ),
        (200, "link", "<https://x/?page=0>; rel=\"prev\"", "", "FOUND"),
        (206, "x-other", "1", "", "SOURCE_INCOMPLETE"),
    ] {
        let body = answer.clone();
        let handler = move || async move {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
        };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
        let manifest = connector(&format!("http://{address}/"), rest);
        assert_eq!(reason(&ask(&manifest, LONG).await), expected, "{status} {name} {value}");
    }
}

#[tokio::test]
async fn a_sample_service_says_the_total_that_the_manifest_names() {
    let server = crate::samples::SampleServer::start().await.unwrap();
    let url = format!("{}/rows?id={{{{ id_number }}}}", server.url());
    let manifest = connector(&url, ", total = \"$.page.n\"");
    server.put(&manifest, &[]).unwrap();
    assert_eq!(reason(&ask(&manifest, LONG).await), "NO_RECORD");
    let unfit = connector(&url, ", total = \"$.page[0].n\"");
    assert!(server.put(&unfit, &[]).is_err());
}

/// Of several persons each is asked alone: the page of one is no failure of another.
#[tokio::test]
async fn a_part_of_ones_rows_is_no_failure_of_anothers() {
    use crate::adapter::{Adapter as _, MappedAdapter};
    let first = row(&[]);
    let handler = move |uri: axum::http::Uri| async move {
        let is_first = uri.path().contains(crate::testing::subject(0).id.expose());
        let answer = if is_first {
            format!("{{\"total\":4,\"data\":[{first}]}}")
        } else {
            "{\"total\":0,\"data\":[]}".to_owned()
        };
        ([(CONTENT_TYPE, "application/json")], answer).into_response()
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    let text = format!("kind = \"http\", url = \"http://{address}/{{{{ id_number }}}}\", rows = \"$.data[*]\"");
    let adapter = MappedAdapter::open(&manifest(&text, std::path::Path::new("/nowhere"))).unwrap();
    let question = crate::testing::query(2);
    let answers = adapter
        .query(&question, tokio::time::Instant::now() + LONG)
        .await
        .unwrap();
    let said: Vec<&str> = answers.iter().map(reason).collect();
    assert_eq!(said, ["SOURCE_INCOMPLETE", "NO_RECORD"]);
    let message = &answers[0].failure.as_ref().unwrap().message;
    assert!(
        message.contains("1 rows") && !message.contains(question.subjects[0].id.expose()),
        "{message}"
    );
}

proptest! {
    /// However deep the list stands and wherever above it the total, one that is more is a part, and any other number is not.
    #[test]
    fn a_total_counts_at_every_height(depth in 1usize..6, height in 0usize..6, rows in 0usize..5, total in 0usize..8) {
        let height = height.min(depth - 1);
        let mut answer = Json::Array(vec![json!({"who": "1"}); rows]);
        let mut path = String::new();
        for level in (0..depth).rev() {
            answer = json!({"part": answer, "code": 0});
            if level == height {
                answer["totalCount"] = json!(total);
            }
            path.push_str(".part");
        }
        let expected = if total > rows { part() } else { Ok(rows) };
        prop_assert_eq!(said(&format!(", rows = \"${path}[*]\""), &answer), expected);
    }
}
