//! One contract for every database: the same named checks on SQLite, and on PostgreSQL and MariaDB servers that the test starts.
//! Leaves the text of queries to the scanner's own tests.

use std::time::Duration;

use hedui_core::{AnswerState, FailureClass, Query, RecordBody, SubjectAnswer};
use tokio::time::Instant;

use super::{LONG, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter, Outcome};
use crate::manifest::{Connector, DatabaseConnector, Manifest, Secret};
use crate::mapping::Value;
use crate::samples::database::{Database, Kind, ServerTls, client_tls};
use crate::testing::{certificates, query, subject};

/// A database under test.
enum Bench {
    Sqlite(tempfile::TempDir),
    Server(Kind, Database),
}

const SHORT: Duration = Duration::from_millis(300);
const FIND: &str = "SELECT * FROM t WHERE who = :id_number";

impl Bench {
    async fn run(&self, statements: &str) {
        match self {
            Bench::Sqlite(dir) => {
                let connection = rusqlite::Connection::open(dir.path().join("t.sqlite")).unwrap();
                connection.execute_batch(statements).unwrap();
            }
            Bench::Server(_, server) => server.run(statements).await.unwrap(),
        }
    }

    fn manifest(&self, query: &str) -> Manifest {
        let dir = std::path::Path::new("/nowhere");
        let mut manifest = manifest("kind = \"sqlite\", path = \"p\", query = \"SELECT :id_number\"", dir);
        let query = query.to_owned();
        manifest.connector = match self {
            Bench::Sqlite(dir) => Connector::Sqlite {
                path: dir.path().join("t.sqlite").display().to_string(),
                query,
                sample: Vec::new(),
            },
            Bench::Server(Kind::Postgres, server) => Connector::Postgres(server.connector(&query)),
            Bench::Server(Kind::Mariadb, server) => Connector::Mysql(server.connector(&query)),
        };
        manifest
    }

    fn with(&self, query: &str, change: impl FnOnce(&mut DatabaseConnector)) -> Manifest {
        let mut manifest = self.manifest(query);
        if let Connector::Postgres(connector) | Connector::Mysql(connector) = &mut manifest.connector {
            change(connector);
        }
        manifest
    }

    /// The rows that a query gives for the first person, as they reach the mapping.
    async fn rows(&self, query: &str) -> Vec<crate::mapping::Row> {
        let mut manifest = self.manifest(query);
        let mut mapping = manifest.mapping.take().unwrap();
        mapping.identity.name = None;
        mapping.records.clear();
        let source = crate::source::open(&manifest, &mapping, None).unwrap().unwrap();
        let found = source.rows(&[subject(0)], Instant::now() + LONG).await.unwrap();
        found.into_iter().next().unwrap().unwrap().rows
    }

    /// Tables `t` of subsidies and `n` of the numbers 0 to 101.
    async fn tables(&self) {
        let wide = if matches!(self, Bench::Server(Kind::Mariadb, _)) {
            " CHARACTER SET utf8mb4"
        } else {
            ""
        };
        let numbers: Vec<String> = (0..=101).map(|n| format!("({n})")).collect();
        let (id, name) = (subject(0).id, subject(0).name);
        let id = id.expose();
        self.run(&format!(
            "DROP TABLE IF EXISTS t; DROP TABLE IF EXISTS n;
             CREATE TABLE t (who VARCHAR(20), name VARCHAR(80), what VARCHAR(300), amount NUMERIC(14,2), day DATE){wide};
             CREATE TABLE n (i INTEGER);
             INSERT INTO n VALUES {};
             INSERT INTO t VALUES ('{id}', '{name}', '退耕还林𠮷䶮', 12.50, '2019-03-01');
             INSERT INTO t VALUES ('110101199003077774', '他人', 'x', 1, '2019-03-01');",
            numbers.join(", ")
        ))
        .await;
    }
}

async fn ask(manifest: &Manifest, query: &Query, patience: Duration) -> SubjectAnswer {
    let adapter = MappedAdapter::open(manifest).unwrap();
    answer(&adapter, query, patience).await
}

async fn answer(adapter: &MappedAdapter, query: &Query, patience: Duration) -> SubjectAnswer {
    match adapter.query(query, Instant::now() + patience).await {
        Ok(answers) => answers.into_iter().next().unwrap(),
        Err(failure) => SubjectAnswer::unreachable(0, crate::reason::cause_of(&failure), failure),
    }
}

fn named(name: &str) -> Query {
    let mut query = query(1);
    query.subjects[0].name = name.to_owned();
    query
}

/// What came of each named check; the test names all that went wrong at once.
struct Report(Vec<String>);

impl Report {
    fn expect(&mut self, check: &str, got: &SubjectAnswer, wanted: &str) {
        if reason(got) != wanted {
            self.0.push(format!(
                "{check}: expected {wanted}, got {} {:?}",
                reason(got),
                got.failure
            ));
        }
    }

    fn holds(&mut self, check: &str, holds: bool) {
        if !holds {
            self.0.push(check.to_owned());
        }
    }
}

/// The checks that every database passes.
async fn contract(bench: &Bench) {
    let mut report = Report(Vec::new());
    bench.tables().await;
    people(bench, &mut report).await;
    text_stays_text(bench, &mut report).await;
    limits(bench, &mut report).await;
    refusals(bench, &mut report).await;
    assert!(report.0.is_empty(), "{}", report.0.join("\n"));
}

async fn people(bench: &Bench, report: &mut Report) {
    let found = ask(&bench.manifest(FIND), &query(1), LONG).await;
    report.expect("found", &found, "FOUND");
    if let AnswerState::Found { records } = &found.state {
        let right = matches!(&records[..], [record] if matches!(&record.body,
            RecordBody::Subsidy(subsidy) if subsidy.amount.0 == 1_250
                && subsidy.project == "退耕还林𠮷䶮"
                && subsidy.paid_on.to_string() == "2019-03-01"));
        report.holds(&format!("found as it is: {records:?}"), right);
    }
    let mut other = query(2);
    other.subjects.remove(0);
    report.expect("none", &ask(&bench.manifest(FIND), &other, LONG).await, "NO_RECORD");
    let both = "SELECT * FROM t WHERE who = :id_number OR who = '110101199003077774'";
    let left_out = ask(&bench.manifest(both), &query(1), LONG).await;
    report.expect("other person's row left out", &left_out, "FOUND");
    report.holds("other person's row noted", left_out.notes.len() == 1);
    report.expect(
        "name mismatch",
        &ask(&bench.manifest(FIND), &named("别人"), LONG).await,
        "IDENTITY_MISMATCH",
    );
    let null = "SELECT who, name, NULL AS what, amount, day FROM t WHERE who = :id_number OR who = :legacy_id_number";
    report.expect(
        "nothing in an optional column",
        &ask(&bench.manifest(null), &query(1), LONG).await,
        "FOUND",
    );
    let null = "SELECT who, name, what, NULL AS amount, day FROM t WHERE who = :id_number";
    report.expect(
        "nothing in a required column",
        &ask(&bench.manifest(null), &query(1), LONG).await,
        "ROW_UNREADABLE",
    );
    let adapter = MappedAdapter::open(&bench.manifest(FIND)).unwrap();
    let many = futures::future::join_all((0..12).map(|_| answer(&adapter, &ASKED, LONG))).await;
    report.holds(
        "more at once than connections",
        many.iter().all(|answer| *answer == found),
    );
    let three = adapter.query(&query(3), Instant::now() + LONG).await.unwrap();
    let codes: Vec<_> = three.iter().map(|answer| answer.state.code()).collect();
    report.holds("a household in one query", codes == ["FOUND", "NO_RECORD", "NO_RECORD"]);
}

static ASKED: std::sync::LazyLock<Query> = std::sync::LazyLock::new(|| query(1));

async fn text_stays_text(bench: &Bench, report: &mut Report) {
    let by_name = bench.manifest("SELECT * FROM t WHERE who = :id_number AND name = :name");
    for name in [
        "𠮷䶮·卡德尔",
        "'; DROP TABLE t; --",
        "a\\' OR 1=1 -- ",
        "$1 ? :name %s \"q\" `b`",
    ] {
        report.expect(
            &format!("{name} is data"),
            &ask(&by_name, &named(name), LONG).await,
            "NO_RECORD",
        );
        let doubled = name.replace('\'', "''");
        let escaped = match bench {
            Bench::Server(Kind::Mariadb, _) => doubled.replace('\\', "\\\\"),
            _ => doubled,
        };
        let id = subject(0).id;
        bench
            .run(&format!(
                "INSERT INTO t VALUES ('{}', '{escaped}', 'x', 1, '2019-03-01');",
                id.expose()
            ))
            .await;
        report.expect(
            &format!("{name} is found"),
            &ask(&by_name, &named(name), LONG).await,
            "FOUND",
        );
        bench.run(&format!("DELETE FROM t WHERE name = '{escaped}';")).await;
    }
}

async fn limits(bench: &Bench, report: &mut Report) {
    let many = "SELECT t.* FROM t, n a, n b WHERE who = :id_number";
    let mut manifest = bench.manifest(many);
    manifest.limits.max_response_bytes = 64 << 20;
    report.expect("row limit", &ask(&manifest, &query(1), LONG).await, "SOURCE_TOO_LARGE");
    manifest.limits.max_response_bytes = 10_000;
    let adapter = MappedAdapter::open(&manifest).unwrap();
    let large = answer(&adapter, &query(1), LONG).await;
    report.expect("byte limit", &large, "SOURCE_TOO_LARGE");
    report.holds(
        "byte limit is named",
        large.failure.is_some_and(|f| f.message.ends_with("bytes")),
    );
    let slow = match bench {
        Bench::Sqlite(_) => {
            "WITH RECURSIVE s(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM s) SELECT t.* FROM s, t WHERE i < 0 AND who = :id_number"
        }
        Bench::Server(Kind::Postgres, _) => "SELECT t.* FROM t WHERE who = :id_number AND pg_sleep(60) IS NOT NULL",
        Bench::Server(Kind::Mariadb, _) => "SELECT t.* FROM t WHERE who = :id_number AND sleep(60) = 0",
    };
    // With a single connection, the second question needs the first to be gone.
    let mut manifest = bench.manifest(slow);
    manifest.limits.max_concurrent_queries = 1;
    let adapter = MappedAdapter::open(&manifest).unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        report.expect(
            "slow query",
            &answer(&adapter, &query(1), SHORT).await,
            "SOURCE_TIMEOUT",
        );
        report.holds(
            "slow query ends by its deadline",
            begun.elapsed() < Duration::from_secs(5),
        );
    }
    // The server's own limit, where nobody is there to cancel.
    if matches!(bench, Bench::Server(..)) {
        manifest.deadline = SHORT;
        report.expect(
            "the server's limit",
            &ask(&manifest, &query(1), LONG).await,
            "SOURCE_TIMEOUT",
        );
    }
}

async fn refusals(bench: &Bench, report: &mut Report) {
    for (query_text, wanted) in [
        ("SELECT * FROM u WHERE who = :id_number", "SOURCE_MISSING"),
        ("SELECT who, name FROM t WHERE who = :id_number", "SOURCE_MISSING"),
        ("SELECT nothing, t.* FROM t WHERE who = :id_number", "SOURCE_MISSING"),
        (
            "DELETE FROM t WHERE who = :id_number RETURNING who, name, what, amount, day",
            "SOURCE_REFUSED",
        ),
    ] {
        let manifest = bench.manifest(query_text);
        let refused = ask(&manifest, &query(1), LONG).await;
        report.expect(query_text, &refused, wanted);
        report.holds(
            query_text,
            refused.failure.is_some_and(|f| f.class == FailureClass::Config),
        );
        let checked = MappedAdapter::open(&manifest).unwrap().check(None).await;
        report.holds(
            &format!("the self-test of {query_text}"),
            checked[0].outcome == Outcome::Fail,
        );
    }
    report.expect(
        "nothing was written",
        &ask(&bench.manifest(FIND), &query(1), LONG).await,
        "FOUND",
    );
    let checked = MappedAdapter::open(&bench.manifest(FIND)).unwrap().check(None).await;
    report.holds(
        &format!("the self-test: {}", checked[0].message),
        checked[0].outcome == Outcome::Pass,
    );
    if matches!(bench, Bench::Sqlite(_)) {
        return;
    }
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let refused = ask(&bench.with(FIND, |c| c.port = closed), &query(1), LONG).await;
    report.expect("nobody listens", &refused, "SOURCE_UNAVAILABLE");
    report.holds(
        "nobody listens now",
        refused.failure.is_some_and(|f| f.class == FailureClass::Transient),
    );
    for wrong in [
        bench.with(FIND, |c| c.password = Secret::new("canary-5519")),
        bench.with(FIND, |c| c.user = "canary-5519".to_owned()),
    ] {
        let refused = ask(&wrong, &query(1), LONG).await;
        report.expect("wrong login", &refused, "SOURCE_REFUSED");
        report.holds(
            "wrong login is not told",
            !format!("{refused:?}").contains("canary-5519"),
        );
    }
    let secret = bench.with(FIND, |c| c.password = Secret::new("canary-5519"));
    report.holds("no password in Debug", !format!("{secret:?}").contains("canary-5519"));
    let missing = ask(
        &bench.with(FIND, |c| c.database = "elsewhere".to_owned()),
        &query(1),
        LONG,
    )
    .await;
    report.expect("no such database", &missing, "SOURCE_MISSING");
}

async fn over_tls(bench: &Bench, dir: &std::path::Path) {
    let tls = |ca: &str| client_tls(&dir.join(ca), &dir.join("client.pem"), &dir.join("client.key"));
    let right = bench.with(FIND, |c| c.tls = Some(tls("ca.pem")));
    assert_eq!(reason(&ask(&right, &query(1), LONG).await), "FOUND");
    let stranger = bench.with(FIND, |c| c.tls = Some(tls("other.pem")));
    assert_eq!(reason(&ask(&stranger, &query(1), LONG).await), "SOURCE_REFUSED");
    if matches!(bench, Bench::Server(Kind::Postgres, _)) {
        let mut files = tls("ca.pem");
        files.client = None;
        let without = bench.with(FIND, |c| c.tls = Some(files));
        assert_eq!(
            reason(&ask(&without, &query(1), LONG).await),
            "SOURCE_REFUSED",
            "the server wants a certificate"
        );
    }
}

fn start(kind: Kind, dir: &std::path::Path) -> Bench {
    certificates(dir);
    let tls = ServerTls {
        certificate: dir.join("server.pem"),
        key: dir.join("server.key"),
        ca: dir.join("ca.pem"),
    };
    Bench::Server(kind, Database::start(kind, &dir.join("server"), Some(&tls)).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_contract() {
    contract(&Bench::Sqlite(tempfile::tempdir().unwrap())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_the_contract() {
    let dir = open_folder();
    let bench = start(Kind::Postgres, dir.path());
    contract(&bench).await;
    over_tls(&bench, dir.path()).await;
    values(&bench, POSTGRES_VALUES).await;
    decimals(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mariadb_keeps_the_contract() {
    let dir = open_folder();
    let bench = start(Kind::Mariadb, dir.path());
    contract(&bench).await;
    over_tls(&bench, dir.path()).await;
    values(&bench, MARIADB_VALUES).await;
}

/// A folder that the server's user may pass through.
fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    dir
}

/// Expressions and the text that must come; `None` for what cannot be read, the empty text for no value.
type Values = &'static [(&'static str, Option<&'static str>)];

const POSTGRES_VALUES: Values = &[
    ("NULL::date", Some("")),
    ("true", Some("true")),
    ("false", Some("false")),
    ("(-32768)::int2", Some("-32768")),
    ("2147483647::int4", Some("2147483647")),
    ("511703198406129811::int8", Some("511703198406129811")),
    ("0.1::float8", Some("0.1")),
    ("0.1::float4", Some("0.1")),
    ("511703198406129811::float8", None),
    ("'NaN'::float4", None),
    ("'NaN'::numeric", None),
    ("'2019-03-01'::date", Some("2019-03-01")),
    ("'infinity'::date", None),
    ("'-infinity'::timestamp", None),
    ("'0044-03-15 BC'::date", None),
    ("'1984-06-12 23:59:59.9'::timestamp", Some("1984-06-12 23:59:59")),
    ("'2019-02-28 17:00:00+00'::timestamptz", Some("2019-03-01 01:00:00")),
    ("'2019-02-28 17:00:00+00'::timestamptz::date", Some("2019-03-01")),
    (
        "to_char('2019-02-28 17:00:00+00'::timestamptz, 'YYYY-MM-DD')",
        Some("2019-03-01"),
    ),
    ("'ab'::char(6)", Some("ab")),
    ("' ab '::text", Some("ab")),
    ("'𠮷䶮'::varchar(10)", Some("𠮷䶮")),
    ("'\\xff00'::bytea", None),
    ("ARRAY[1, 2]", None),
    ("'{\"a\": 1}'::json", Some("{\"a\": 1}")),
    (
        "'6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid",
        Some("6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    ),
    ("'active'::state", Some("active")),
    ("'07'::code", Some("07")),
];

const MARIADB_VALUES: Values = &[
    ("NULL", Some("")),
    ("TRUE", Some("1")),
    ("CAST(511703198406129811 AS SIGNED)", Some("511703198406129811")),
    ("CAST(18446744073709551615 AS UNSIGNED)", Some("18446744073709551615")),
    (
        "CAST('12345678901234567890.123400' AS DECIMAL(40,6))",
        Some("12345678901234567890.123400"),
    ),
    ("CAST(0.1 AS DOUBLE)", Some("0.1")),
    ("CAST(0.1 AS FLOAT)", Some("0.1")),
    ("CAST(511703198406129811 AS DOUBLE)", None),
    ("CAST('2019-03-01' AS DATE)", Some("2019-03-01")),
    ("CAST('1984-06-12 23:59:59' AS DATETIME)", Some("1984-06-12 23:59:59")),
    // 2019-02-28 17:00 UTC.
    ("FROM_UNIXTIME(1551373200)", Some("2019-03-01 01:00:00")),
    (
        "CAST(FROM_UNIXTIME(1551373200) AS CHAR(19))",
        Some("2019-03-01 01:00:00"),
    ),
    ("CAST('12:30:00' AS TIME)", None),
    ("CAST('𠮷䶮' AS CHAR(10))", Some("𠮷䶮")),
    ("CAST('ab' AS BINARY)", None),
    ("x'ff00'", None),
    ("b'1' + 0", Some("1")),
];

async fn values(bench: &Bench, values: Values) {
    if matches!(bench, Bench::Server(Kind::Postgres, _)) {
        bench
            .run("CREATE TYPE state AS ENUM ('active', 'closed'); CREATE DOMAIN code AS char(4);")
            .await;
    }
    let columns = values
        .iter()
        .enumerate()
        .map(|(i, (value, _))| format!("{value} AS v{i}"));
    let columns: Vec<String> = columns.collect();
    let rows = bench
        .rows(&format!(
            "SELECT t.who, {} FROM t WHERE who = :id_number",
            columns.join(", ")
        ))
        .await;
    for (i, (expression, expected)) in values.iter().enumerate() {
        let got = match rows[0].get(&format!("v{i}")) {
            Value::Empty => Some(""),
            Value::Text(text) => Some(text),
            Value::Unreadable => None,
        };
        assert_eq!(got, *expected, "{expression}");
    }
}

/// Amounts against the server's own text of them.
async fn decimals(bench: &Bench) {
    use proptest::strategy::{Strategy as _, ValueTree as _};
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let number = proptest::string::string_regex("-?[0-9]{1,20}(\\.[0-9]{1,14})?").unwrap();
    let mut numbers: Vec<String> = (0..300)
        .map(|_| number.new_tree(&mut runner).unwrap().current())
        .collect();
    numbers.extend(
        [
            "0",
            "0.0000",
            "10000",
            "100000000.00001",
            "0.00001",
            "9999.9999",
            "-0.10",
        ]
        .map(str::to_owned),
    );
    let list: Vec<String> = numbers.iter().map(|n| format!("({n}::numeric, '{n}')")).collect();
    let query = format!(
        "SELECT :id_number::text AS who, v.n, v.n::text AS s FROM (VALUES {}) AS v(n, t) WHERE :id_number::text <> ''",
        list.join(", ")
    );
    let rows = bench.rows(&query).await;
    assert_eq!(rows.len(), numbers.len());
    for row in &rows {
        assert!(row.get("n") == row.get("s"), "{row:?}");
    }
}
