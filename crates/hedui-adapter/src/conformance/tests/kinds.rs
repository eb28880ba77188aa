//! Every kind of connector that holds rows keeps the whole protocol, each on a real source: files, databases, servers, services.
//! Leaves gRPC, programs and JSON over HTTP, which are checked where they are spoken, and the shipped folders to `shipped`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::super::office::{Clerk, Office, Worker};
use super::super::{CheckReport, Level, Outcome, folder, run};
use super::samples;
use crate::adapter::{Adapter, LookupKey, MappedAdapter};
use crate::manifest::{Manifest, Variables};
use crate::mapping::Row;
use crate::samples::database::{Database, Kind, redirect};
use crate::samples::sftp::SftpServer;
use crate::samples::{SampleRow, materialise};
use crate::serve::serve;
use crate::source::tests::manifest;
use crate::source::tests::sftp::on_server;
use crate::testing::subject;

/// The rows of the people whom the kit is told of.
fn rows() -> Vec<SampleRow> {
    let of = |number: u32| {
        let person = subject(number);
        let mut row = Row::new();
        for (column, text) in [
            ("who", person.id.expose()),
            ("name", person.name.as_str()),
            ("what", "退耕还林"),
            ("amount", "12.50"),
            ("day", "2019-03-01"),
        ] {
            row.set(column, text);
        }
        SampleRow { table: None, row }
    };
    vec![of(0), of(1)]
}

/// The department served as a plugin passes every check; only what it does not claim is left out.
async fn keeps(kind: &str, manifest: &Manifest) {
    let manifest = Manifest {
        lookup_keys: vec![LookupKey::IdNumber, LookupKey::LegacyIdNumber, LookupKey::Name],
        ..manifest.clone()
    };
    let adapter = MappedAdapter::open_with(&manifest, Arc::new(|| NOW_MS)).unwrap();
    let reports = checked(Arc::new(adapter)).await;
    assert_eq!(reports.len(), 21, "{kind}");
    assert_eq!(named(&reports, Outcome::Failed), BTreeSet::new(), "{kind}: {reports:?}");
    assert_eq!(
        named(&reports, Outcome::Skipped),
        BTreeSet::from(["signatures"]),
        "{kind}: a source of rows signs nothing"
    );
}

const NOW_MS: i64 = 1_561_939_200_000;

/// What the whole kit says of a department that is served as a plugin.
async fn checked(adapter: Arc<dyn Adapter>) -> Vec<CheckReport> {
    let serving = serve(adapter).await.unwrap();
    let reports = run(&serving.endpoint(), &samples(), Level::Full, Arc::new(|_| 0)).await;
    serving.shutdown().await;
    reports.unwrap()
}

/// The checks that came out so.
fn named(reports: &[CheckReport], outcome: Outcome) -> BTreeSet<&'static str> {
    reports
        .iter()
        .filter(|r| r.outcome == outcome)
        .map(|r| r.name)
        .collect()
}

const QUERY: &str = "SELECT * FROM t WHERE who IN (:id_number, :legacy_id_number)";

#[tokio::test(flavor = "multi_thread")]
async fn files_of_every_form_keep_the_protocol_whether_dropped_here_or_on_a_server() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, connector) in [
        ("sqlite", format!("kind = \"sqlite\", path = \"${{data}}/t.sqlite\", query = \"{QUERY}\"")),
        ("csv", "kind = \"csv\", path = \"${data}/t.csv\", encoding = \"gb18030\", key_column = \"who\"".to_owned()),
        ("excel", "kind = \"excel\", path = \"${data}/t.xlsx\", sheet = \"t\", key_column = \"who\"".to_owned()),
        ("dbf", "kind = \"dbf\", path = \"${data}/t.dbf\", key_column = \"who\"".to_owned()),
        (
            "folder",
            "kind = \"csv\", folder = \"${data}\", pattern = \"t_{yyyymmdd}.csv\", settle = \"0s\", max_age = \"40d\", key_column = \"who\""
                .to_owned(),
        ),
    ] {
        let manifest = manifest(&connector, dir.path());
        materialise(&manifest, &rows()).unwrap();
        keeps(kind, &manifest).await;
    }
    let server = SftpServer::start(&dir.path().join("server")).unwrap();
    let connector = format!(
        "kind = \"csv\", path = \"{}/t.csv\", encoding = \"gb18030\", key_column = \"who\", settle = \"0s\", max_age = \"36500d\"",
        dir.path().display(),
    );
    keeps("sftp", &on_server(&connector, &server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn database_servers_keep_the_protocol() {
    let dir = tempfile::tempdir().unwrap();
    for (kind, word) in [(Kind::Postgres, "postgres"), (Kind::Mariadb, "mysql")] {
        let server = Database::start(kind, &dir.path().join(word), None).unwrap();
        let connector = format!(
            "kind = \"{word}\", host = \"h\", database = \"d\", user = \"u\", password = \"${{data}}\", query = \"{QUERY}\""
        );
        let mut manifest = manifest(&connector, dir.path());
        redirect(&mut manifest, &server);
        server.fill(&manifest, &rows()).await.unwrap();
        keeps(word, &manifest).await;
    }
}

/// A SOAP service in GB2312 that knows the same people.
async fn soap() -> String {
    let answer = |body: bytes::Bytes| async move {
        let asked = String::from_utf8(body.to_vec()).unwrap();
        let asked: Vec<&str> = asked.split(['<', '>']).collect();
        let mut found = String::new();
        for row in rows() {
            let cells: Vec<(&str, &str)> = row.row.cells().collect();
            if asked.contains(&cells[0].1) {
                let cells = cells.iter().map(|(name, text)| format!("<n:{name}>{text}</n:{name}>"));
                found.push_str(&format!("<n:row>{}</n:row>", cells.collect::<String>()));
            }
        }
        let envelope = format!(
            "<?xml version=\"1.0\" encoding=\"GB2312\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <n:answer xmlns:n=\"urn:aid\"><n:rows>{found}</n:rows></n:answer></s:Body></s:Envelope>"
        );
        let bytes = encoding_rs::GB18030.encode(&envelope).0.into_owned();
        ([("content-type", "text/xml; charset=gb2312")], bytes)
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    format!("http://{address}/aid")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_soap_service_keeps_the_protocol() {
    let connector = format!(
        "kind = \"http\", url = \"{}\", method = \"POST\", headers = {{ Content-Type = \"text/xml\" }}, \
         body = \"<q><id>{{{{ id_number }}}}</id><id>{{{{ legacy_id_number }}}}</id></q>\", rows = \"$.Envelope.Body.answer.rows.row[*]\"",
        soap().await
    );
    keeps("soap", &manifest(&connector, Path::new("/nowhere"))).await;
}

/// The manifest of an office, with some lines of its own.
fn office(more: &str) -> String {
    format!(
        r#"
id = "street-office"
name = {{ zh = "街道办", en = "Street office" }}
verifies = {{ zh = "全部", en = "everything" }}
lookup_keys = ["id_number", "name"]
freshness = "24h"
deadline = "3s"
limits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}
{more}
"#
    )
}

fn everything() -> String {
    let all: Vec<&str> = hedui_core::RecordType::ALL.iter().map(|of| of.word()).collect();
    format!("record_types = {all:?}\nconnector = {{ kind = \"people\", answer_within = \"3d\" }}")
}

async fn of_folder(manifest: &str) -> Vec<CheckReport> {
    let (dir, none) = (tempfile::tempdir().unwrap(), Variables::new());
    let clock = Arc::new(|| NOW_MS);
    let reports = folder::run(manifest, "", &none, dir.path(), Level::Full, Arc::new(|_| 0), clock);
    reports.await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_whose_people_fill_in_forms_keeps_the_protocol() {
    // What a source of rows would have beyond the protocol is not there, and nobody signs.
    let never = ["cases", "wrong-config", "real-source", "signatures"];
    let reports = of_folder(&office(&everything())).await;
    assert_eq!(reports.len(), 26);
    assert_eq!(named(&reports, Outcome::Failed), BTreeSet::new(), "{reports:?}");
    assert_eq!(named(&reports, Outcome::Skipped), BTreeSet::from(never));
    assert!(
        reports
            .iter()
            .all(|r| r.outcome != Outcome::Skipped || r.message.contains("people answer") || r.name == "signatures")
    );
    // An office that tells only whether a threshold is passed has no records that another name could be put to.
    let threshold = "record_types = [\"financial_asset\"]\nthreshold_only = true\nconnector = { kind = \"people\", answer_within = \"2h\" }";
    let reports = of_folder(&office(threshold)).await;
    assert_eq!(named(&reports, Outcome::Failed), BTreeSet::new(), "{reports:?}");
    let mut left = BTreeSet::from(never);
    left.insert("name");
    assert_eq!(named(&reports, Outcome::Skipped), left);
}

/// Somebody who fills in a form as a clerk does, and then changes it.
struct Otherwise(Clerk, fn(String) -> String);

impl Worker for Otherwise {
    fn fill(&self, form: &str) -> Option<String> {
        self.0.fill(form).map(self.1)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_breaks_a_rule_fails_the_check_of_it() {
    let manifest = Manifest::parse(&office(&everything()), &Variables::new()).unwrap();
    let failed = async |otherwise: fn(String) -> String| {
        let known = samples().known.subjects;
        let clerk = Clerk {
            known: known
                .iter()
                .map(|s| (s.id.expose().to_owned(), s.name.clone()))
                .collect(),
            holds: manifest.record_types.clone(),
            threshold_only: false,
        };
        let worker = Box::new(Otherwise(clerk, otherwise));
        let office = Office::open(&manifest, Arc::new(|| NOW_MS), worker).unwrap();
        named(&checked(Arc::new(office)).await, Outcome::Failed)
    };
    assert_eq!(failed(|form| form).await, BTreeSet::new());
    // Names are not looked at.
    assert_eq!(
        failed(|form| form.replace("\"other_name\"", "\"no_record\"")).await,
        BTreeSet::from(["name"])
    );
    // What could not be found out of those who are not on record.
    let silent = failed(|form| form.replace("\"no_record\"", "\"cannot_tell\"")).await;
    assert!(
        silent.contains("unknown-person") && !silent.contains("everybody"),
        "{silent:?}"
    );
    // A form that was left as it came.
    let empty = failed(|form| form.replace("\"found\"", "\"\"")).await;
    assert!(
        empty.contains("everybody") && !empty.contains("unknown-person"),
        "{empty:?}"
    );
}

#[cfg(feature = "connector-odbc")]
#[tokio::test(flavor = "multi_thread")]
async fn a_database_behind_an_odbc_driver_keeps_the_protocol() {
    let dir = tempfile::tempdir().unwrap();
    let connector = format!("kind = \"sqlite\", path = \"${{data}}/t.sqlite\", query = \"{QUERY}\"");
    materialise(&manifest(&connector, dir.path()), &rows()).unwrap();
    let connector =
        format!("kind = \"odbc\", connection = \"Driver=SQLite3;Database=${{data}}/t.sqlite\", query = \"{QUERY}\"");
    keeps("odbc", &manifest(&connector, dir.path())).await;
}
