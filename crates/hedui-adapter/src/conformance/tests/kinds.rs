//! Every kind of connector that holds rows keeps the whole protocol, each on a real source: files, databases, servers, services.
//! Leaves gRPC, programs and JSON over HTTP, which are checked where they are spoken, and the shipped folders to `shipped`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::super::{Level, Outcome, run};
use super::samples;
use crate::adapter::{LookupKey, MappedAdapter};
use crate::manifest::{Manifest, Secret, SftpLogin};
use crate::mapping::Row;
use crate::samples::database::{Database, Kind, redirect};
use crate::samples::sftp::SftpServer;
use crate::samples::{SampleRow, materialise};
use crate::serve::serve;
use crate::source::tests::manifest;
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
    let adapter = MappedAdapter::open_with(&manifest, Arc::new(|| 1_561_939_200_000_i64)).unwrap();
    let serving = serve(Arc::new(adapter)).await.unwrap();
    let reports = run(&serving.endpoint(), &samples(), Level::Full, Arc::new(|_| 0))
        .await
        .unwrap();
    serving.shutdown().await;
    assert_eq!(reports.len(), 21, "{kind}");
    let wrong: Vec<_> = reports.iter().filter(|r| r.outcome == Outcome::Failed).collect();
    assert!(wrong.is_empty(), "{kind}: {wrong:?}");
    let left: BTreeSet<&str> = reports
        .iter()
        .filter(|r| r.outcome == Outcome::Skipped)
        .map(|r| r.name)
        .collect();
    assert_eq!(
        left,
        BTreeSet::from(["signatures"]),
        "{kind}: a source of rows signs nothing"
    );
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
    let values = server.values().unwrap();
    let value = |key: &str| values.iter().find(|(name, _)| *name == key).unwrap().1.clone();
    let connector = format!(
        "kind = \"csv\", path = \"{}/t.csv\", encoding = \"gb18030\", key_column = \"who\", settle = \"0s\", max_age = \"36500d\", \
         sftp = {{ host = \"{}\", port = {}, user = \"{}\", host_key = \"{}\", key = \"${{data}}\" }}",
        dir.path().display(),
        value("host"),
        value("port"),
        value("user"),
        value("host_key"),
    );
    let mut manifest = manifest(&connector, Path::new("a key"));
    let file = manifest.connector.file_mut().unwrap();
    file.server.as_mut().unwrap().login = SftpLogin::Key(Secret::new(value("key")));
    keeps("sftp", &manifest).await;
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
