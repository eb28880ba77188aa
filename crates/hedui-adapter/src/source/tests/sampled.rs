//! Queries that are tried on samples: a table that was emptied, and a column in another form than the query asks for, are never "no record".
//! Leaves everything else that databases do to their contract.

use std::path::Path;
use std::time::Duration;

use hedui_core::SubjectAnswer;

use super::{LONG, ask, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter, Outcome};
use crate::manifest::{Connector, Manifest};
use crate::samples::database::{Database, Kind};
use crate::samples::materialise;
use crate::testing::{person, subject};

const QUERY: &str = "SELECT * FROM t WHERE who IN (:id_number, :legacy_id_number)";
const SAMPLE: &str = "SELECT who FROM t LIMIT 200";

/// Somebody whose number ends with an X, and others.
fn numbers() -> (String, Vec<String>) {
    let all: Vec<String> = (0..40).map(|n| person(n).expose().to_owned()).collect();
    let (with_x, others): (Vec<String>, Vec<String>) = all.into_iter().partition(|id| id.ends_with('X'));
    (with_x[0].clone(), others)
}

fn on_sqlite(query: &str, sample: &str, dir: &Path) -> Manifest {
    let text = format!("kind = \"sqlite\", path = \"${{data}}/t.sqlite\", query = \"{query}\", sample = {sample}");
    manifest(&text, dir)
}

fn run(dir: &Path, statements: &str) {
    let database = rusqlite::Connection::open(dir.join("t.sqlite")).unwrap();
    database.execute_batch(statements).unwrap();
}

/// A table of such a column with these values, as SQL writes them.
fn table(column: &str, values: &[String]) -> String {
    let rows: Vec<String> = values
        .iter()
        .map(|value| format!("({value}, 'n', 'p', '1', '2019-03-01')"))
        .collect();
    let insert = if rows.is_empty() {
        String::new()
    } else {
        format!("INSERT INTO t VALUES {};", rows.join(", "))
    };
    format!(
        "DROP TABLE IF EXISTS t; CREATE TABLE t (who {column}, name VARCHAR(80), what VARCHAR(80), amount VARCHAR(20), day VARCHAR(20)); {insert}"
    )
}

fn quoted(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!("'{text}'")).collect()
}

/// What is said of somebody who is not in the table, and the words of the self-test where it fails.
async fn said(manifest: &Manifest) -> (SubjectAnswer, Option<String>) {
    let answer = ask(manifest, LONG).await;
    let checked = MappedAdapter::open(manifest).unwrap().check(None).await.remove(0);
    let failed = (checked.outcome == Outcome::Fail).then_some(checked.message);
    let texts = format!("{failed:?} {answer:?}");
    let longest = texts
        .split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0);
    assert!(longest < 6, "no number stands in {texts}");
    (answer, failed)
}

struct Try {
    values: Vec<String>,
    /// How the self-test says it; nothing where it passes.
    told: Option<&'static str>,
    /// What is said of somebody else.
    answered: &'static str,
}

/// What every database tells of a column of text.
fn tries() -> Vec<Try> {
    let (x, others) = numbers();
    let (a, b) = (others[0].as_str(), others[1].as_str());
    let legacy = person(0).legacy_15().unwrap();
    let (lower, blank, hyphens) = (
        x.to_lowercase(),
        format!("{} {}", &a[..6], &a[6..]),
        format!("{}-{}", &a[..6], &a[6..]),
    );
    let wide: String = a
        .chars()
        .map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap())
        .collect();
    let trying = |values: &[&str], told, answered| Try {
        values: quoted(values),
        told,
        answered,
    };
    vec![
        trying(&[a, b, &x, legacy.expose()], None, "NO_RECORD"),
        trying(&[], Some("no rows"), "SOURCE_EMPTY"),
        trying(&[&lower], Some("1 with a small x"), "SOURCE_UNREADABLE"),
        // One row is to be mended; the others are found.
        trying(&[a, b, &lower], Some("1 with a small x"), "NO_RECORD"),
        trying(&[&blank], Some("1 with blanks"), "SOURCE_UNREADABLE"),
        trying(&[&hyphens, &wide, b], Some("2 with blanks, hyphens"), "NO_RECORD"),
        trying(&["5117**********9811"], Some("1 that are masked"), "SOURCE_UNREADABLE"),
        trying(&["5.11703E+17", a], Some("1 that were rounded"), "NO_RECORD"),
        trying(&["", "", "", a], Some("3 that are empty"), "NO_RECORD"),
        trying(&["", a, b], None, "NO_RECORD"),
        trying(&["1", "2", "3"], Some("none of the 3 values"), "SOURCE_UNREADABLE"),
        trying(
            &["A12345678", "zhang"],
            Some("none of the 2 values"),
            "SOURCE_UNREADABLE",
        ),
        trying(&["A12345678", a], None, "NO_RECORD"),
    ]
}

/// Holds what is said against what is expected.
async fn holds(one: &Try, manifest: &Manifest) {
    let (answer, failed) = said(manifest).await;
    let what = format!("{} values: {failed:?} {answer:?}", one.values.len());
    match one.told {
        None => assert_eq!(failed, None, "{what}"),
        Some(told) => assert!(failed.is_some_and(|message| message.contains(told)), "{told}: {what}"),
    }
    assert_eq!(reason(&answer), one.answered, "{what}");
}

#[tokio::test]
async fn a_column_in_another_form_than_the_query_asks_for_fails_the_self_test() {
    for one in tries() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), &table("VARCHAR(40)", &one.values));
        holds(&one, &on_sqlite(QUERY, &format!("\"{SAMPLE}\""), dir.path())).await;
    }
    // Without :legacy_id_number nobody is found by fifteen digits.
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        &table("TEXT", &quoted(&[person(0).legacy_15().unwrap().expose()])),
    );
    let query = "SELECT * FROM t WHERE who = :id_number";
    let (answer, failed) = said(&on_sqlite(query, &format!("\"{SAMPLE}\""), dir.path())).await;
    assert_eq!(reason(&answer), "SOURCE_UNREADABLE");
    assert!(failed.unwrap().contains("1 of 15 digits"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_told_by_database_servers() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, wide) in [(Kind::Postgres, ""), (Kind::Mariadb, " CHARACTER SET utf8mb4")] {
        let server = Database::start(kind, &dir.path().join(format!("{kind:?}")), None).unwrap();
        let mut manifest = manifest(
            "kind = \"sqlite\", path = \"p\", query = \"SELECT :id_number\"",
            dir.path(),
        );
        let mut connector = server.connector(QUERY);
        connector.sample = vec![SAMPLE.to_owned()];
        manifest.connector = match kind {
            Kind::Postgres => Connector::Postgres(connector),
            Kind::Mariadb => Connector::Mysql(connector),
        };
        for one in tries() {
            server
                .run(&table(&format!("VARCHAR(40){wide}"), &one.values))
                .await
                .unwrap();
            holds(&one, &manifest).await;
        }
        let (_, others) = numbers();
        server
            .run(&table(
                if kind == Kind::Postgres {
                    "BYTEA"
                } else {
                    "VARBINARY(40)"
                },
                &quoted(&[&others[0]]),
            ))
            .await
            .unwrap();
        let (answer, failed) = said(&manifest).await;
        assert!(
            answer.failure.is_some() && failed.is_some(),
            "{kind:?}: {answer:?} {failed:?}"
        );
        server.run("DROP TABLE t").await.unwrap();
        assert_eq!(reason(&said(&manifest).await.0), "SOURCE_MISSING", "{kind:?}");
    }
}

/// Of these the text is right, and only asking shows that nobody is found.
#[tokio::test]
async fn numbers_that_are_no_text_are_found_out_by_asking_for_them() {
    let (_, others) = numbers();
    let blob = |id: &str| format!("CAST('{id}' AS BLOB)");
    for (column, values, query, told, answered) in [
        // A column without a type keeps what it is given, and compares it as it is.
        (
            "",
            vec![others[0].clone()],
            QUERY,
            Some("finds nothing of 1 of 1"),
            "SOURCE_UNREADABLE",
        ),
        (
            "",
            vec![others[0].clone(), format!("'{}'", others[1])],
            QUERY,
            Some("finds nothing of 1 of 2"),
            "NO_RECORD",
        ),
        ("INTEGER", vec![others[0].clone()], QUERY, None, "NO_RECORD"),
        (
            "BLOB",
            vec![blob(&others[0])],
            QUERY,
            Some("1 that are no text"),
            "SOURCE_UNREADABLE",
        ),
        (
            "",
            vec![others[0].clone()],
            "SELECT * FROM t WHERE CAST(who AS TEXT) IN (:id_number, :legacy_id_number)",
            None,
            "NO_RECORD",
        ),
        (
            "TEXT",
            quoted(&[&others[0], &others[1]]),
            "SELECT * FROM t WHERE who IN (:id_number) AND what = 'q'",
            Some("the conditions and joins"),
            "SOURCE_UNREADABLE",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), &table(column, &values));
        let one = Try { values, told, answered };
        holds(&one, &on_sqlite(query, &format!("\"{SAMPLE}\""), dir.path())).await;
    }
}

#[tokio::test]
async fn a_query_that_compares_what_the_sample_selects_passes() {
    let (x, others) = numbers();
    let odd = [
        format!("{} {}", &others[0][..6], &others[0][6..]),
        x.to_lowercase(),
        format!("{}-{}", &others[1][..6], &others[1][6..]),
    ];
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &table("TEXT", &quoted(&odd.each_ref().map(String::as_str))));
    let column = "UPPER(REPLACE(REPLACE(who, ' ', ''), '-', ''))";
    let query = format!("SELECT * FROM t WHERE {column} IN (:id_number, :legacy_id_number)");
    let (answer, failed) = said(&on_sqlite(&query, &format!("\"SELECT {column} FROM t\""), dir.path())).await;
    assert_eq!((reason(&answer), failed), ("NO_RECORD", None));
}

/// Each table has its own: what one of two has lost may be anybody's, also of those whom the other knows.
#[tokio::test]
async fn whoever_is_found_in_one_table_is_noted_where_the_other_is_empty() {
    let me = subject(0);
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &table("TEXT", &[]));
    run(
        dir.path(),
        &format!(
            "CREATE TABLE u AS SELECT * FROM t; INSERT INTO t VALUES ('{}', '{}', 'p', '1', '2019-03-01')",
            me.id.expose(),
            me.name
        ),
    );
    let query = "SELECT * FROM t WHERE who = :id_number UNION ALL SELECT * FROM u WHERE who = :id_number";
    let sample = "[\"SELECT who FROM t\", \"SELECT who FROM u\"]";
    let (answer, failed) = said(&on_sqlite(query, sample, dir.path())).await;
    assert_eq!(reason(&answer), "FOUND");
    assert!(
        answer.notes.iter().any(|note| note.contains("SOURCE_EMPTY")),
        "{answer:?}"
    );
    assert!(failed.unwrap().contains("no rows"));
}

#[tokio::test]
async fn a_sample_that_cannot_be_asked_leaves_no_record_unsaid() {
    let (_, others) = numbers();
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &table("TEXT", &quoted(&[&others[0]])));
    for (sample, expected) in [
        ("SELECT who FROM nowhere", "SOURCE_MISSING"),
        ("DELETE FROM t RETURNING who", "SOURCE_REFUSED"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
            "SOURCE_TOO_LARGE",
        ),
    ] {
        let (answer, failed) = said(&on_sqlite(QUERY, &format!("\"{sample}\""), dir.path())).await;
        assert_eq!(reason(&answer), expected, "{sample}");
        assert!(failed.is_some(), "{sample}");
    }
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 0";
    let manifest = on_sqlite(QUERY, &format!("\"{endless}\""), dir.path());
    assert_eq!(
        reason(&ask(&manifest, Duration::from_millis(300)).await),
        "SOURCE_TIMEOUT"
    );
}

#[test]
fn a_sample_is_a_query_about_nobody() {
    let dir = Path::new("/nowhere");
    for sample in [
        "\"SELECT who FROM t WHERE who = :id_number\"",
        "\"SELECT who FROM t; SELECT 1\"",
        "[\"SELECT who FROM t\", \"SELECT 'a FROM t\"]",
        "5",
    ] {
        let made = std::panic::catch_unwind(|| on_sqlite(QUERY, sample, dir));
        assert!(made.is_err(), "{sample}");
    }
    let made = on_sqlite(QUERY, "[\"SELECT who FROM t\", \"SELECT who FROM u\"]", dir);
    assert_eq!(made.connector.sample().map(<[String]>::len), Some(2));
}

#[tokio::test]
async fn a_made_database_holds_somebody_invented_in_every_sampled_table() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = on_sqlite(QUERY, &format!("\"{SAMPLE}\""), dir.path());
    materialise(&manifest, &[]).unwrap();
    let (answer, failed) = said(&manifest).await;
    assert_eq!((reason(&answer), failed), ("NO_RECORD", None));
}
