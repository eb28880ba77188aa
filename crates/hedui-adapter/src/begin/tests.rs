//! A begun folder has no mistake and passes its own cases, whatever kind of source it describes.

use super::*;
use crate::catalogue::Folder;
use crate::guess::tests::table;
use crate::manifest::{Secret, SftpLogin, Variables};

const IDS: &[&str] = &["511703198406129811", "11010519491231002X"];

fn vehicles() -> TableShape {
    table(&[
        ("编号", &["1", "2"]),
        ("身份证号", IDS),
        ("所有人", &["测试甲"]),
        ("车辆类型", &["小型轿车", "摩托车"]),
        ("状态", &["正常", "报废"]),
        ("初次登记日期", &["2017年3月15日"]),
        ("评估价值（万元）", &["7.58"]),
        ("from", &["x y"]),
    ])
}

fn server(server: Server) -> BeginConnector {
    let database = DatabaseConnector {
        host: "${host}".to_owned(),
        port: 5433,
        database: "register".to_owned(),
        user: "reader".to_owned(),
        password: Secret::new("${vehicles_password}"),
        tls: None,
        query: String::new(),
        sample: Vec::new(),
    };
    BeginConnector::Server(server, database)
}

/// Every kind of source with a table as such a source has it.
fn sources() -> Vec<(BeginConnector, TableShape)> {
    let mut all: Vec<(BeginConnector, TableShape)> = connectors().into_iter().map(|c| (c, vehicles())).collect();
    // Names of another schema, and names that each server reads otherwise unless they are quoted.
    let named = |name: &str| TableShape {
        name: name.to_owned(),
        ..vehicles()
    };
    all.push((server(Server::Postgres), named("登记.JDC")));
    all.push((server(Server::Mysql), named("dj.order")));
    // Names in a dBASE table have ten bytes.
    let dbf = BeginConnector::Dbf {
        file: "${data}/vehicles.dbf".to_owned().into(),
        encoding: TextEncoding::Gb18030,
    };
    let table = table(&[
        ("XH", &["1", "2"]),
        ("SFZH", IDS),
        ("XM", &["测试甲"]),
        ("CLLX", &["小型轿车", "摩托车"]),
        ("ZT", &["正常", "报废"]),
        ("DJRQ", &["20170315"]),
    ]);
    let table = TableShape {
        name: String::new(),
        ..table
    };
    all.push((dbf, table));
    all
}

fn connectors() -> Vec<BeginConnector> {
    let path = "${data}/vehicles.x".to_owned();
    let afar = BeginFile {
        at: "/srv/drops".to_owned(),
        dropped: Some(("vehicles_{yyyymmdd}.csv".to_owned(), Some(".done".to_owned()))),
        server: Some(SftpServer {
            host: "files.example".to_owned(),
            port: 22,
            user: "hedui".to_owned(),
            host_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ".to_owned(),
            login: SftpLogin::Key(Secret::new("${vehicles_key}")),
        }),
        max_age: Some("40d".to_owned()),
    };
    let soap = HttpConnector {
        url: "http://exchange.example/vehicles".to_owned(),
        post: true,
        body: Some("<q><id>{{ id_number }}</id><id>{{ legacy_id_number }}</id></q>".to_owned()),
        headers: vec![("Content-Type".to_owned(), "text/xml".to_owned())],
        rows: "$.Envelope.Body.answer.row[*]".to_owned(),
        success: None,
        total: crate::manifest::RowTotal::Usual,
        empty_is_null: false,
        no_record_status: Vec::new(),
        format: crate::manifest::ReplyFormat::Xml,
        tls: None,
        bearer: None,
        sign: None,
    };
    vec![
        BeginConnector::Csv {
            file: afar,
            encoding: TextEncoding::Utf8,
            delimiter: ',',
        },
        BeginConnector::Http(soap),
        BeginConnector::Odbc(OdbcConnector {
            connection: "Driver=DM8;Server=${host}".to_owned(),
            user: Some("reader".to_owned()),
            password: Some(Secret::new("${vehicles_password}")),
            query: String::new(),
            sample: Vec::new(),
        }),
        BeginConnector::Sqlite { path: path.clone() },
        BeginConnector::Csv {
            file: path.clone().into(),
            encoding: TextEncoding::Gb18030,
            delimiter: ';',
        },
        BeginConnector::Excel {
            file: "${data}/vehicles.xlsx".to_owned().into(),
        },
        BeginConnector::Http(HttpConnector {
            url: "http://exchange.example/vehicles?id={{ id }}".to_owned(),
            post: false,
            body: None,
            headers: vec![("authorization".to_owned(), "Bearer ${token}".to_owned())],
            rows: "$.data[*]".to_owned(),
            success: None,
            total: crate::manifest::RowTotal::Usual,
            empty_is_null: false,
            no_record_status: Vec::new(),
            format: crate::manifest::ReplyFormat::ByContentType,
            tls: None,
            bearer: None,
            sign: None,
        }),
    ]
}

fn wanted(connector: BeginConnector) -> Begin {
    Begin {
        id: "vehicles".to_owned(),
        name_zh: "测试\"局\"".to_owned(),
        name_en: "Test \\ Bureau".to_owned(),
        connector,
        table: vehicles(),
        records: None,
        named: Vec::new(),
    }
}

#[tokio::test]
async fn what_is_begun_has_no_mistake_and_answers_as_it_stands() {
    for (connector, table) in sources() {
        let wanted = Begin {
            table,
            // What the columns of the smallest table leave open.
            records: Some(RecordType::Vehicle),
            ..wanted(connector)
        };
        let begun = begin(&wanted).unwrap();
        let folder = Folder {
            name: "vehicles".to_owned(),
            manifest: begun.manifest.clone(),
            cases: begun.cases.clone(),
        };
        let manifest =
            crate::lint::lint(&folder, "", &Variables::new()).unwrap_or_else(|m| panic!("{m}\n{}", begun.manifest));
        assert_eq!(manifest.record_types, vec![RecordType::Vehicle]);
        let dir = tempfile::tempdir().unwrap();
        let reports = crate::cases::run(&begun.manifest, &begun.cases, dir.path())
            .await
            .unwrap();
        assert!(reports.len() >= 3);
        for report in reports {
            assert!(report.passed, "{:?}\n{}\n{}", report, begun.manifest, begun.cases);
        }
    }
}

#[test]
fn a_begun_manifest_is_short() {
    for (connector, table) in sources() {
        let records = Some(RecordType::Vehicle);
        let is_afar = matches!(&connector, BeginConnector::Csv { file, .. } if file.server.is_some());
        // Which folder, which names, how old, on which server.
        let most = if is_afar { 34 } else { 30 };
        let begun = begin(&Begin {
            table,
            records,
            ..wanted(connector)
        });
        let begun = begun.unwrap();
        let lines = begun.manifest.lines().filter(|line| !line.trim().is_empty()).count();
        assert!(lines <= most, "{lines}\n{}", begun.manifest);
    }
}

#[test]
fn an_id_of_another_form_is_told() {
    let bad = Begin {
        id: "Not An Id".to_owned(),
        ..wanted(connectors().remove(0))
    };
    assert!(matches!(begin(&bad), Err(BeginError::Manifest(_))));
}
