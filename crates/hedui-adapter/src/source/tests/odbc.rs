//! A real driver (SQLite's) behind the driver manager: exact texts, limits, time, nothing written, and no text of the driver passed on.
//! Leaves other drivers to those who have them.

use std::path::Path;
use std::time::Duration;

use hedui_core::AnswerState;

use super::{LONG, ask, manifest, reason};
use crate::manifest::{Connector, Manifest, OdbcConnector, Secret};
use crate::testing::subject;

fn department(dir: &Path, query: &str) -> Manifest {
    let connector =
        format!("kind = \"odbc\", connection = \"Driver=SQLite3;Database=${{data}}/t.sqlite\", query = \"{query}\"");
    manifest(&connector, dir)
}

fn filled(dir: &Path) {
    let person = subject(0);
    let database = rusqlite::Connection::open(dir.join("t.sqlite")).unwrap();
    database
        .execute_batch("CREATE TABLE t (who TEXT, name TEXT, what TEXT, amount NUMERIC, day DATE)")
        .unwrap();
    let mut insert = database.prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?)").unwrap();
    for (who, name, amount) in [
        (person.id.expose(), person.name.as_str(), "12.5"),
        ("110101199003077774", "n", "1"),
    ] {
        insert
            .execute((who, name, "退耕还林·𠮷", amount, "2019-03-01"))
            .unwrap();
    }
}

const QUERY: &str = "SELECT who, name, what, amount, day FROM t WHERE who IN (:id_number, :legacy_id_number)";

#[tokio::test]
async fn rows_come_through_a_driver_with_bound_parameters() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let answer = ask(&department(dir.path(), QUERY), LONG).await;
    let AnswerState::Found { records } = &answer.state else {
        panic!("{answer:?}")
    };
    let hedui_core::RecordBody::Subsidy(found) = &records[0].body else {
        panic!()
    };
    assert_eq!((found.amount.0, found.project.as_str()), (1_250, "退耕还林·𠮷"));
    let nobody = QUERY.replace(":id_number, :legacy_id_number", "'x', :id_number || 'x'");
    assert_eq!(reason(&ask(&department(dir.path(), &nobody), LONG).await), "NO_RECORD");
    let named = QUERY.replace(
        "who IN (:id_number, :legacy_id_number)",
        "who = :id_number AND name = :name",
    );
    assert_eq!(reason(&ask(&department(dir.path(), &named), LONG).await), "FOUND");
}

#[tokio::test]
async fn what_fails_behind_a_driver_is_a_failure_and_never_no_record() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let long = QUERY.replace("what,", "hex(zeroblob(40000)) AS what,");
    let many = QUERY
        .replace("what,", "hex(zeroblob(30000)) AS what,")
        .replace("FROM t", "FROM (SELECT a.* FROM t a, t b, t c)");
    for (query, expected) in [
        (
            QUERY.replace("FROM t", "FROM u"),
            vec!["SOURCE_MISSING", "SOURCE_ERROR"],
        ),
        (QUERY.replace("what, ", ""), vec!["SOURCE_MISSING"]),
        (long, vec!["SOURCE_TOO_LARGE"]),
        (many, vec!["SOURCE_TOO_LARGE"]),
    ] {
        let answer = ask(&department(dir.path(), &query), LONG).await;
        assert!(expected.contains(&reason(&answer)), "{query}: {answer:?}");
        assert!(!format!("{answer:?}").contains(subject(0).id.expose()));
    }
    let endless = "SELECT t.* FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) AS i FROM n) m, t WHERE m.i < 0 AND who = :id_number";
    let answer = ask(&department(dir.path(), endless), Duration::from_millis(20)).await;
    assert_eq!(answer.state.code(), "UNREACHABLE:timeout");
    let mut elsewhere = department(dir.path(), QUERY);
    if let Connector::Odbc(odbc) = &mut elsewhere.connector {
        odbc.connection = "Driver=hedui-none;Database=x".to_owned();
        odbc.password = Some(Secret::new("secret-93"));
    }
    let answer = ask(&elsewhere, LONG).await;
    assert!(
        matches!(reason(&answer), "SOURCE_MISSING" | "SOURCE_ERROR"),
        "{answer:?}"
    );
    assert!(!format!("{answer:?} {elsewhere:?}").contains("secret-93"));
}

#[test]
fn a_password_cannot_add_to_what_the_driver_is_told_and_stands_in_no_manifest() {
    let connector = OdbcConnector {
        connection: "DSN=a;".to_owned(),
        user: Some("u".to_owned()),
        password: Some(Secret::new("p};Server=x{")),
        query: String::new(),
        sample: Vec::new(),
    };
    assert_eq!(connector.connection_string(), "DSN=a;UID={u};PWD={p}};Server=x{}");
}
