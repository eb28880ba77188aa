//! Tables that are emptied and filled while questions come.
//! Leaves forms of numbers to the tests of connectors.

use super::*;
use crate::adapter::Limits;
use crate::source::sql::query::{Dialect, bound, unbound};
use crate::source::sql::sqlite::Sqlite;
use crate::testing::person;

const LONG: Duration = Duration::from_secs(20);

/// A table of numbers, with its sample.
fn sampled(path: &str) -> Sampled {
    let limits = Limits {
        max_subjects: 20,
        max_concurrent_queries: 4,
        max_response_bytes: 100_000,
    };
    let query = bound("SELECT who FROM t WHERE who = :id_number", Dialect::Sqlite).unwrap();
    let sample = unbound("SELECT who FROM t LIMIT 200", Dialect::Sqlite).unwrap();
    let parameters = query.parameters.clone();
    let source = |query| Box::new(Sqlite::of(path, query, Vec::new(), limits)) as Box<dyn Source>;
    Sampled::new(source(query), vec![source(sample)], parameters)
}

/// Why records of somebody who is not there may be missing.
async fn doubt(sampled: &Sampled) -> Option<String> {
    let found = sampled
        .rows(&[subject(person(7))], Instant::now() + LONG)
        .await
        .unwrap();
    found[0]
        .as_ref()
        .unwrap()
        .doubt
        .as_ref()
        .map(|failure| failure.reason.clone())
}

#[tokio::test]
async fn a_table_that_is_emptied_is_noticed_at_the_next_look_and_one_that_is_filled_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.sqlite");
    let run = |statements: &str| {
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(statements)
            .unwrap()
    };
    let fill = format!("INSERT INTO t VALUES ('{}')", person(1).expose());
    run("CREATE TABLE t (who TEXT)");
    let mut looks = sampled(path.to_str().unwrap());
    looks.counts = Duration::ZERO;
    for (statements, expected) in [
        ("", Some("SOURCE_EMPTY")),
        (fill.as_str(), None),
        ("DELETE FROM t", Some("SOURCE_EMPTY")),
        (fill.as_str(), None),
        ("UPDATE t SET who = who || ' '", Some("SOURCE_UNREADABLE")),
    ] {
        run(statements);
        assert_eq!(doubt(&looks).await.as_deref(), expected, "{statements}");
    }
    // A look counts for a while, and one that failed does not.
    run("DELETE FROM t");
    let counting = sampled(path.to_str().unwrap());
    assert_eq!(doubt(&counting).await.as_deref(), Some("SOURCE_EMPTY"));
    run(&fill);
    assert_eq!(doubt(&counting).await, None);
    run("DELETE FROM t");
    assert_eq!(doubt(&counting).await, None);
}

#[tokio::test]
async fn many_questions_at_once_all_learn_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.sqlite");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (who TEXT)")
        .unwrap();
    let looks = sampled(path.to_str().unwrap());
    let said = futures::future::join_all((0..16).map(|_| doubt(&looks))).await;
    assert!(
        said.iter().all(|reason| reason.as_deref() == Some("SOURCE_EMPTY")),
        "{said:?}"
    );
}
