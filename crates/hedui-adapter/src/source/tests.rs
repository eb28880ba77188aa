//! Connectors on real sources: what cannot be read is a failure with a place, never "no record", and never a value of the source.

mod damaged;
mod databases;
mod dbf;
mod doubted;
mod drops;
mod emptied;
#[cfg(feature = "connector-odbc")]
mod odbc;
mod pages;
mod replies;
mod sampled;
pub(crate) mod sftp;
mod web;

use std::path::Path;
use std::time::Duration;

use hedui_core::{AnswerState, Record, SubjectAnswer};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;
use tokio::time::Instant;

use crate::adapter::{Adapter as _, MappedAdapter};
use crate::catalogue::Catalogue;
use crate::manifest::{Connector, Manifest, Variables};
use crate::mapping::{FieldKind, FieldSource, Mapping};
use crate::samples::{SampleServer, materialise, sample_row};
use crate::testing::{query, record_of, subject};

pub(crate) fn manifest(connector: &str, dir: &Path) -> Manifest {
    let text = format!(
        r#"
id = "subsidies"
name = {{ zh = "补贴", en = "Subsidies" }}
verifies = {{ zh = "补贴", en = "subsidies" }}
record_types = ["subsidy"]
lookup_keys = ["id_number"]
freshness = "0s"
deadline = "3s"
limits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}
connector = {{ {connector} }}
identity = {{ id_number = "who", name = "name" }}
[[record]]
type = "subsidy"
fields = {{ project = "what", amount = "amount", paid_on = "day" }}
[source]
tables = [ {{ name = "t", columns = ["who", "name", "what", "amount", "day"] }} ]
"#
    );
    let variables = Variables::from([("data".to_owned(), dir.display().to_string())]);
    Manifest::parse(&text, &variables).unwrap()
}

async fn ask(manifest: &Manifest, patience: Duration) -> SubjectAnswer {
    ask_again(&MappedAdapter::open(manifest).unwrap(), patience).await
}

async fn ask_again(adapter: &MappedAdapter, patience: Duration) -> SubjectAnswer {
    match adapter.query(&query(1), Instant::now() + patience).await {
        Ok(answers) => answers.into_iter().next().unwrap(),
        Err(failure) => SubjectAnswer::unreachable(0, crate::reason::cause_of(&failure), failure),
    }
}

fn reason(answer: &SubjectAnswer) -> &str {
    answer
        .failure
        .as_ref()
        .map_or(answer.state.code(), |failure| &failure.reason)
}

const LONG: Duration = Duration::from_secs(10);
const CSV: &str = "kind = \"csv\", path = \"${data}/t.csv\", encoding = \"gb18030\", key_column = \"who\"";

fn line(id: &str, rest: &str) -> Vec<u8> {
    encoding_rs::GB18030
        .encode(&format!("{id},{},{rest}\n", subject(0).name))
        .0
        .into_owned()
}

async fn csv(lines: &[Vec<u8>]) -> SubjectAnswer {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = b"who,name,what,amount,day\n".to_vec();
    bytes.extend(lines.concat());
    std::fs::write(dir.path().join("t.csv"), bytes).unwrap();
    ask(&manifest(CSV, dir.path()), LONG).await
}

#[tokio::test]
async fn a_text_file_with_a_damaged_place_fails_whom_it_may_concern() {
    let id = subject(0).id;
    let good = line(id.expose(), "退耕还林,12.50,2019-03-01");
    assert!(matches!(
        csv(std::slice::from_ref(&good)).await.state,
        AnswerState::Found { .. }
    ));
    let other = b"110101199003077774,n,p,1,2019-03-01\n".to_vec();
    assert_eq!(csv(&[other]).await.state, AnswerState::NoRecord);
    // 0xFF begins no character of GB18030.
    let with = |at: &str, bytes: &[u8]| -> Vec<u8> { [at.as_bytes(), bytes, b",n,p,1,2019-03-01\n"].concat() };
    assert_eq!(
        reason(&csv(&[with("51170", b"\xFF")]).await),
        "SOURCE_UNREADABLE",
        "whose line it is cannot be told"
    );
    let other = [b"110101199003077774,\xFF,p,1,2019\n".to_vec(), good.clone()];
    assert!(
        matches!(csv(&other).await.state, AnswerState::Found { .. }),
        "a damaged cell of somebody else"
    );
    let mut damaged = good.clone();
    let comma = damaged.iter().rposition(|b| *b == b',').unwrap();
    damaged.insert(comma + 1, 0xFF);
    assert_eq!(reason(&csv(&[good.clone(), damaged]).await), "ROW_UNREADABLE");
    let wide = [good.clone(), line("110101199003077774", "a,b,1,2019")];
    let answer = csv(&wide).await;
    assert_eq!(reason(&answer), "SOURCE_UNREADABLE");
    assert!(answer.failure.unwrap().message.contains("line 3"));
}

#[tokio::test]
async fn a_file_in_another_encoding_or_without_a_column_is_no_source() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest(CSV, dir.path());
    assert_eq!(reason(&ask(&manifest, LONG).await), "SOURCE_MISSING");
    std::fs::write(dir.path().join("t.csv"), "who,name,what,amount\n").unwrap();
    let answer = ask(&manifest, LONG).await;
    assert_eq!(reason(&answer), "SOURCE_MISSING");
    assert!(answer.failure.unwrap().message.contains("column day"));
    std::fs::write(dir.path().join("t.csv"), b"\xFF\xFE\x00w").unwrap();
    assert!(ask(&manifest, LONG).await.failure.is_some());
}

#[tokio::test]
async fn a_file_that_changes_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest(CSV, dir.path());
    materialise(&manifest, &[]).unwrap();
    let adapter = MappedAdapter::open(&manifest).unwrap();
    let first = adapter.query(&query(1), Instant::now() + LONG).await.unwrap();
    assert_eq!(first[0].state, AnswerState::NoRecord);
    let mut bytes = std::fs::read(dir.path().join("t.csv")).unwrap();
    bytes.extend(line(subject(0).id.expose(), "p,1,2019-03-01"));
    std::fs::write(dir.path().join("t.csv"), bytes).unwrap();
    let second = adapter.query(&query(1), Instant::now() + LONG).await.unwrap();
    assert!(matches!(second[0].state, AnswerState::Found { .. }));
}

#[tokio::test]
async fn an_id_kept_as_a_number_in_a_workbook_is_no_other_id() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest(
        "kind = \"excel\", path = \"${data}/t.xlsx\", sheet = \"S\", key_column = \"who\"",
        dir.path(),
    );
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let page = workbook.add_worksheet();
    page.set_name("S").unwrap();
    for (column, name) in (0..).zip(["who", "name", "what", "amount", "day"]) {
        page.write_string(0, column, name).unwrap();
    }
    page.write_number(1, 0, 511_703_198_406_129_811_f64).unwrap();
    workbook.save(dir.path().join("t.xlsx")).unwrap();
    let answer = ask(&manifest, LONG).await;
    assert_eq!(reason(&answer), "SOURCE_UNREADABLE");
    assert!(answer.failure.unwrap().message.contains("line 2"));
    std::fs::write(dir.path().join("t.xlsx"), b"no workbook").unwrap();
    assert_eq!(reason(&ask(&manifest, LONG).await), "SOURCE_UNREADABLE");
}

fn sqlite(query: &str, dir: &Path) -> Manifest {
    let connector = format!("kind = \"sqlite\", path = \"${{data}}/t.sqlite\", query = \"{query}\"");
    let manifest = manifest(&connector, dir);
    materialise(&manifest, &[]).unwrap();
    manifest
}

#[tokio::test]
async fn a_database_query_that_writes_lacks_a_column_or_never_ends_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    for (query, expected) in [
        ("SELECT * FROM t WHERE who = :id_number", "NO_RECORD"),
        ("SELECT who, name FROM t WHERE who = :id_number", "SOURCE_MISSING"),
        ("SELECT * FROM u WHERE who = :id_number", "SOURCE_MISSING"),
        ("DELETE FROM t WHERE who = :id_number RETURNING *", "SOURCE_REFUSED"),
        (
            "SELECT :id_number AS who, '' AS name, '' AS what, 1 AS amount, printf('%s', load_extension('x')) AS day",
            "SOURCE_ERROR",
        ),
    ] {
        assert_eq!(
            reason(&ask(&sqlite(query, dir.path()), LONG).await),
            expected,
            "{query}"
        );
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT t.* FROM n LEFT JOIN t ON i < 0 AND who = :id_number WHERE i < 0";
    let manifest = sqlite(endless, dir.path());
    let answer = ask(&manifest, Duration::from_millis(50)).await;
    assert_eq!(answer.state.code(), "UNREACHABLE:timeout");
    std::fs::write(dir.path().join("t.sqlite"), vec![b'x'; 5_000]).unwrap();
    assert_eq!(reason(&ask(&manifest, LONG).await), "SOURCE_UNREADABLE");
}

/// Broken in its place, as a copy over it does that is cut off, and mended in its place.
#[tokio::test]
async fn a_database_file_that_was_mended_answers_again() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = sqlite("SELECT * FROM t WHERE who = :id_number", dir.path());
    let path = dir.path().join("t.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let other = dir.path().join("other.sqlite");
    let database = rusqlite::Connection::open(&other).unwrap();
    database
        .execute_batch("CREATE TABLE other (a); CREATE TABLE more (b);")
        .unwrap();
    drop(database);
    let adapter = MappedAdapter::open(&manifest).unwrap();
    assert_eq!(reason(&ask_again(&adapter, LONG).await), "NO_RECORD");
    for broken in [
        std::fs::read(&other).unwrap(),
        whole[..whole.len() / 2].to_vec(),
        vec![b'x'; 5_000],
        vec![],
    ] {
        std::fs::write(&path, &broken).unwrap();
        for _ in 0..2 {
            let answer = ask_again(&adapter, LONG).await;
            assert!(answer.failure.is_some(), "{} bytes: {answer:?}", broken.len());
        }
        std::fs::write(&path, &whole).unwrap();
        let answer = ask_again(&adapter, LONG).await;
        assert_eq!(reason(&answer), "NO_RECORD", "{} bytes", broken.len());
    }
}

/// Two exports of one state count as many changes: a connection that has read the first would believe that nothing was changed.
#[tokio::test]
async fn a_database_file_that_is_written_over_is_read_anew() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = sqlite("SELECT * FROM t WHERE who = :id_number", dir.path());
    let path = dir.path().join("t.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let export = |who: &str| {
        let to = dir.path().join(who);
        std::fs::write(&to, &whole).unwrap();
        let row = (who, subject(0).name, "p", 1, "2019-03-01");
        let database = rusqlite::Connection::open(&to).unwrap();
        database
            .execute(
                "INSERT INTO t (who, name, what, amount, day) VALUES (?, ?, ?, ?, ?)",
                row,
            )
            .unwrap();
        drop(database);
        std::fs::read(to).unwrap()
    };
    let (other, own) = (export("110101199003077774"), export(subject(0).id.expose()));
    assert_eq!(other.len(), own.len());
    let adapter = MappedAdapter::open(&manifest).unwrap();
    for (bytes, expected) in [(&other, "NO_RECORD"), (&own, "FOUND"), (&other, "NO_RECORD")] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(reason(&ask_again(&adapter, LONG).await), expected);
    }
}

#[tokio::test]
async fn a_web_answer_without_the_rows_part_is_no_empty_list() {
    use axum::response::IntoResponse as _;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = |uri: axum::http::Uri| async move {
        match uri.path() {
            "/empty" => r#"{"data":{"rows":[]}}"#.into_response(),
            "/error" => r#"{"code":500,"message":"db down"}"#.into_response(),
            "/text" => "<html>".into_response(),
            "/scalar" => r#"{"data":{"rows":[1]}}"#.into_response(),
            "/large" => "x".repeat(200_000).into_response(),
            "/away" => axum::response::Redirect::temporary("/empty").into_response(),
            "/login" => axum::http::StatusCode::UNAUTHORIZED.into_response(),
            "/busy" => axum::http::StatusCode::SERVICE_UNAVAILABLE.into_response(),
            "/slow" => std::future::pending().await,
            _ => axum::http::StatusCode::NOT_FOUND.into_response(),
        }
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    let dir = tempfile::tempdir().unwrap();
    for (path, expected) in [
        ("empty", "NO_RECORD"),
        ("error", "SOURCE_UNREADABLE"),
        ("text", "SOURCE_UNREADABLE"),
        ("scalar", "SOURCE_UNREADABLE"),
        ("large", "SOURCE_TOO_LARGE"),
        ("away", "SOURCE_ERROR"),
        ("login", "SOURCE_REFUSED"),
        ("busy", "SOURCE_UNAVAILABLE"),
        ("slow", "SOURCE_TIMEOUT"),
        ("gone", "SOURCE_MISSING"),
    ] {
        let connector = format!(
            "kind = \"http\", url = \"http://{address}/{path}?id={{{{ id_number }}}}\", rows = \"$.data.rows[*]\""
        );
        let patience = if path == "slow" {
            Duration::from_millis(50)
        } else {
            LONG
        };
        let answer = ask(&manifest(&connector, dir.path()), patience).await;
        assert_eq!(reason(&answer), expected, "{path}");
        assert!(
            !format!("{answer:?}").contains(subject(0).id.expose()),
            "no text holds the address"
        );
    }
}

/// A record whose coded texts (say, the programme) are among those that the source has codes for.
fn known_words(mapping: &Mapping, record: Record) -> Record {
    let mut json = serde_json::to_value(&record).unwrap();
    for section in mapping
        .records
        .iter()
        .filter(|s| s.record_type == record.body.record_type())
    {
        for field in &section.fields {
            if let (FieldSource::Column(_, codec), FieldKind::Text) = (&field.source, field.field.kind)
                && let Some((_, word)) = codec.codes.first()
            {
                json[field.field.name] = word.as_str().into();
            }
        }
    }
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn every_departments_source_gives_back_the_records_that_it_was_made_of() {
    let dir = tempfile::tempdir().unwrap();
    let server = SampleServer::start().await.unwrap();
    let variables = |text: &str| -> Variables {
        let value = |name: &str| {
            if name == "data" {
                dir.path().display().to_string()
            } else {
                server.url()
            }
        };
        Manifest::variables(text)
            .into_iter()
            .map(|name| (name.clone(), value(&name)))
            .collect()
    };
    let mut runner = TestRunner::deterministic();
    let person = subject(0);
    for folder in Catalogue::bundled_folders() {
        let manifest = Manifest::parse(&folder.manifest, &variables(&folder.manifest)).unwrap();
        let Some(mapping) = manifest.mapping.as_ref().filter(|m| m.threshold.is_none()) else {
            continue;
        };
        let mut expected = Vec::new();
        for record_type in &manifest.record_types {
            let drawn = (0..40).map(|_| record_of(*record_type).new_tree(&mut runner).unwrap().current());
            let drawn = drawn.map(|record| known_words(mapping, record));
            expected.extend(drawn.filter_map(|r| mapping.fit(&r, &person.id, &person.name)).take(3));
        }
        assert!(!expected.is_empty(), "{}", folder.name);
        let rows: Vec<_> = expected
            .iter()
            .map(|r| sample_row(&manifest, r, &person.id, &person.name).unwrap())
            .collect();
        match &manifest.connector {
            Connector::Http(_) => server.put(&manifest, &rows).unwrap(),
            _ => materialise(&manifest, &rows).unwrap(),
        }
        match ask(&manifest, LONG).await.state {
            AnswerState::Found { records } => {
                assert_eq!(records.len(), expected.len(), "{}", folder.name);
                for record in &expected {
                    assert!(
                        records.contains(record),
                        "{}: {}",
                        folder.name,
                        serde_json::to_string(record).unwrap()
                    );
                }
            }
            other => panic!("{}: {}", folder.name, other.code()),
        }
    }
}
