//! Departments on the sources that real ones have: the report is the same, wherever a department keeps its rows.
//! Leaves what each connector promises by itself to its crate.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use axum::body::Bytes;
use hedui_adapter::catalogue::{Catalogue, Folder};
use hedui_adapter::manifest::{Connector, Variables};
use hedui_adapter::mapping::Row;
use hedui_adapter::samples::database::{Database, Kind};
use hedui_adapter::samples::sftp::SftpServer;
use hedui_adapter::samples::{SampleRow, materialise};
use hedui_adapter::{Manifest, wire};
use hedui_core::household::{MemberInput, ids_date};
use hedui_core::{AnswerState, Date, DepartmentId, ProgrammeId, Query, Subject};
use hedui_ids::ResidentId;
use hedui_proto::audit as audit_pb;
use hedui_proto::audit::audit_service_client::AuditServiceClient;
use hedui_proto::department::QueryResponse;
use hedui_proto::verification as pb;
use hedui_sim::generate;
use hedui_sim::population::{Settings, Truth};
use prost::Message as _;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{District, TODAY, settings, unhurried};

const SEED: u64 = 41;

/// Programmes that between them have need of what each of the departments below holds.
const PROGRAMMES: [&str; 3] = ["dibao", "senior-secondary-grant", "disabled-home-care"];

/// What must not depend on where the rows are kept: everything but names, times and evidence.
pub(crate) fn said(verification: &pb::Verification) -> (Vec<pb::Verdict>, Vec<pb::NamedFigure>, Vec<Vec<String>>) {
    let report = verification.report.as_ref().unwrap();
    let answers = |d: &pb::DepartmentResult| {
        let of = |s: &pb::SubjectResult| {
            format!(
                "{} {} {:?} {} {}",
                d.department,
                s.ordinal,
                s.state(),
                s.records,
                s.cause().as_str_name()
            )
        };
        d.subjects.iter().map(of).collect()
    };
    let mut departments: Vec<Vec<String>> = report.departments.iter().map(answers).collect();
    departments.sort();
    (
        verification.verdicts.clone(),
        crate::support::figures(verification),
        departments,
    )
}

/// Of which days a department's answers are, where it gave some.
fn days(verification: &pb::Verification, department: &str) -> Vec<Option<(i32, i32, i32)>> {
    let report = verification.report.as_ref().unwrap();
    let asked = report.departments.iter().filter(|d| d.department == department);
    let answered = asked
        .flat_map(|d| &d.subjects)
        .filter(|s| matches!(s.state(), pb::AnswerState::Found | pb::AnswerState::NoRecord));
    answered
        .map(|s| s.data_on.map(|day| (day.year, day.month, day.day)))
        .collect()
}

/// Asks for all of the programmes.
async fn verify(district: &District, number: usize) -> pb::Verification {
    let request = pb::CreateVerificationRequest {
        programmes: PROGRAMMES.map(str::to_owned).to_vec(),
        ..district.request(number)
    };
    crate::support::verify(&district.client, request).await
}

/// What departments answered, as it was kept.
async fn kept(district: &District, verification: &pb::Verification) -> Vec<(String, Bytes)> {
    let request = audit_pb::GetCaseRequest {
        name: verification.name.clone(),
        actor: "auditor-1".into(),
        open_records: true,
        ..Default::default()
    };
    let mut auditor = AuditServiceClient::connect(district.address()).await.unwrap();
    let leaves = auditor.get_case(request).await.unwrap().into_inner().leaves;
    let answers = leaves.into_iter().filter(|leaf| leaf.kind == "ANSWER");
    answers.map(|leaf| (leaf.department, leaf.record)).collect()
}

/// How many records of its members a department found, every one as the district really has it.
fn true_records(truth: &Truth, department: &str, answer: &Bytes) -> usize {
    let member = |(ordinal, m): (u32, &MemberInput)| Subject {
        ordinal,
        id: ResidentId::parse(&m.id_number, ids_date(TODAY).unwrap()).unwrap().id,
        name: m.name.clone(),
    };
    let query = Query {
        query_id: QueryResponse::decode(answer.clone()).unwrap().query_id,
        purpose: ProgrammeId::new("dibao").unwrap(),
        district_code: "511703".to_owned(),
        authorization_digest: [0; 32],
        as_of: TODAY,
        period_from: Date::constant(2025, 11, 20),
        period_until: TODAY,
        subjects: (0u32..).zip(&truth.household.members).map(member).collect(),
        record_types: Vec::new(),
    };
    let department = DepartmentId::new(department).unwrap();
    let mut found = 0;
    for (subject, answer) in query.subjects.iter().zip(wire::decode_answer(answer, &query)) {
        let context = format!("{department}, household {}, member {}", truth.number, subject.ordinal);
        match (truth.of(&department, &subject.id), answer.state) {
            (None, AnswerState::NoRecord) => {}
            // Known under an old name.
            (Some(held), AnswerState::IdentityMismatch) => assert_ne!(held.registered_name, subject.name, "{context}"),
            (Some(held), AnswerState::Found { mut records }) => {
                let mut expected = held.records.clone();
                expected.sort_by(|a, b| a.reference.cmp(&b.reference));
                records.sort_by(|a, b| a.reference.cmp(&b.reference));
                assert!(records == expected, "{context}: records differ");
                found += records.len();
            }
            (_, other) => panic!("{context}: {}", other.code()),
        }
    }
    found
}

/// The same department with another connector, on one list of rows where it had several tables.
fn moved(folder: &Folder, connector: &str) -> Folder {
    let (before, rest) = folder.manifest.split_once("[connector]").unwrap();
    let (_, after) = rest.split_once("[identity]").unwrap();
    let (records, source) = after.split_once("[source]").unwrap();
    let mut source = source.to_owned();
    let mut lines: Vec<&str> = records.lines().collect();
    let several = lines.len();
    lines.retain(|line| !line.starts_with("table = "));
    if lines.len() < several {
        let columns: Vec<String> = columns(&folder.name).iter().map(|name| format!("\"{name}\"")).collect();
        source = format!(
            "\ntables = [ {{ name = \"list\", columns = [{}] }} ]\n",
            columns.join(", ")
        );
    }
    let records = lines.join("\n");
    Folder {
        manifest: format!("{before}[connector]\n{connector}\n[identity]{records}\n[source]{source}"),
        ..folder.clone()
    }
}

/// A shipped department on SQLite, and its query about everybody instead of one person.
fn of_everybody(department: &str) -> (Manifest, String) {
    let folders = Catalogue::bundled_folders();
    let folder = folders.iter().find(|folder| folder.name == department).unwrap();
    let variables = Variables::from([("data".to_owned(), String::new())]);
    let manifest = Manifest::parse(&folder.manifest, &variables).unwrap();
    let Connector::Sqlite { query, .. } = &manifest.connector else {
        panic!("{department} is not on SQLite");
    };
    let mut parts = query.split("WHERE ");
    let mut everybody = parts.next().unwrap().to_owned();
    for part in parts {
        everybody.push_str(part.split_once(')').unwrap().1);
    }
    (manifest, everybody)
}

/// The columns of the list of rows that a department's query gives.
fn columns(department: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let (manifest, query) = of_everybody(department);
    for table in manifest.source {
        let create = format!("CREATE TABLE {} ({})", table.name, table.columns.join(", "));
        connection.execute(&create, []).unwrap();
    }
    let statement = connection.prepare(&query).unwrap();
    statement.column_names().map(str::to_owned).collect()
}

/// The rows that a department's own query gives, of everybody, out of the SQLite file that was made for it.
fn rows(data: &Path, department: &str) -> Vec<SampleRow> {
    let connection = rusqlite::Connection::open(data.join(format!("{department}.sqlite"))).unwrap();
    let mut statement = connection.prepare(&of_everybody(department).1).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = statement.query_map([], |found| {
        let mut row = Row::new();
        for (index, name) in names.iter().enumerate() {
            row.set(name, found.get::<_, Option<String>>(index)?.unwrap_or_default());
        }
        Ok(SampleRow { table: None, row })
    });
    let rows: Vec<SampleRow> = read.unwrap().collect::<Result<_, _>>().unwrap();
    assert!(!rows.is_empty(), "{department} holds nothing to compare");
    rows
}

/// A SOAP service of pupils; answers in GB2312.
async fn soap(rows: &[SampleRow]) -> String {
    let mut people: HashMap<String, String> = HashMap::new();
    for row in rows {
        let cells: String = row
            .row
            .cells()
            .map(|(name, text)| format!("<n:{name}>{text}</n:{name}>"))
            .collect();
        let id = row
            .row
            .cells()
            .find(|(name, _)| *name == "id_number")
            .unwrap()
            .1
            .to_owned();
        people
            .entry(id)
            .or_default()
            .push_str(&format!("<n:pupil>{cells}</n:pupil>"));
    }
    let people = Arc::new(people);
    let answer = move |body: Bytes| {
        let people = people.clone();
        async move {
            let asked = String::from_utf8(body.to_vec()).unwrap();
            let ids = asked.split(['<', '>']).filter_map(|word| people.get(word));
            let envelope = format!(
                "<?xml version=\"1.0\" encoding=\"GB2312\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\">\
                 <s:Body><n:answer xmlns:n=\"urn:pupils\"><n:pupils>{}</n:pupils></n:answer></s:Body></s:Envelope>",
                ids.cloned().collect::<String>()
            );
            ([("content-type", "text/xml; charset=gb2312")], gb18030(&envelope))
        }
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    format!("http://{address}/pupils")
}

fn gb18030(text: &str) -> Vec<u8> {
    encoding_rs::GB18030.encode(text).0.into_owned()
}

/// Certificates of a service and of its client, by one authority.
pub(crate) fn certificates(dir: &Path) {
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(dir.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let authority = rcgen::Issuer::new(params, key);
    for name in ["server", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(dir.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

/// A door over TLS, for clients with a certificate, before a service without.
async fn door(dir: &Path, service: String) -> u16 {
    let mut roots = rustls::RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(dir.join("ca.pem")).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = vec![CertificateDer::from_pem_file(dir.join("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), service.clone());
            tokio::spawn(async move {
                let mut outside = acceptor.accept(stream).await.unwrap();
                let mut inside = TcpStream::connect(service).await.unwrap();
                // Ends when either side does.
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    port
}

fn server(kind: Kind, variables: &mut Variables, name: &str, dir: &Path) -> Database {
    let server = Database::start(kind, &dir.join(name), None).unwrap();
    for (key, value) in server.values() {
        variables.insert(format!("{name}_{key}"), value);
    }
    server
}

fn database(kind: &str, name: &str, query: &str) -> String {
    let line = |key: &str| format!("{key} = \"${{{name}_{key}}}\"\n");
    let lines: String = ["host", "port", "database", "user", "password"].map(line).concat();
    format!("kind = \"{kind}\"\n{lines}query = \"{query}\"\n")
}

/// The day that stands in the names of files.
const DROPPED: &str = "20190630";

/// A text file in which every column has another name and another place; gives the names that it had.
fn respelled(from: &Path, to: &Path) -> Vec<String> {
    let bytes = std::fs::read(from).unwrap();
    let text = encoding_rs::GB18030.decode(&bytes).0.into_owned();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<&str>>());
    let header: Vec<String> = lines.next().unwrap().into_iter().map(str::to_owned).collect();
    let mut out: String = header
        .iter()
        .rev()
        .map(|name| format!("登记 {name}"))
        .collect::<Vec<_>>()
        .join(",");
    let mut rows = 0;
    for mut line in lines {
        assert_eq!(line.len(), header.len(), "a cell of the sample has a comma in it");
        line.reverse();
        out.push_str(&format!("\n{}", line.join(",")));
        rows += 1;
    }
    assert!(rows > 0, "{} holds nothing to compare", from.display());
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::write(to, gb18030(&out)).unwrap();
    header
}

/// The connector of a folder of such files.
fn folder(name: &str, header: &[String], key_column: &str, rest: &str) -> String {
    let spellings: Vec<String> = header
        .iter()
        .map(|name| format!("\"{name}\" = [\"登记{name}\"]"))
        .collect();
    format!(
        "kind = \"csv\"\nfolder = \"${{moved}}/{name}\"\npattern = \"{name}_{{yyyymmdd}}.csv\"\nmax_age = \"36500d\"\nencoding = \"gb18030\"\n\
         key_column = \"{key_column}\"\nspellings = {{ {} }}\n{rest}\n",
        spellings.join(", ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_the_same_wherever_the_departments_keep_their_rows() {
    use std::os::unix::fs::PermissionsExt as _;
    let population = generate(&Settings {
        programmes: PROGRAMMES.map(str::to_owned).to_vec(),
        ..settings(SEED, 40)
    })
    .unwrap();
    let plain = District::of(population.clone(), unhurried).await;
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    certificates(dir.path());
    let data = std::path::PathBuf::from(plain.config.catalogue.variables.get("data").unwrap());
    let http = plain.config.catalogue.variables.get("http").unwrap().clone();

    let mut variables = Variables::from([("moved".to_owned(), dir.path().display().to_string())]);
    let postgres = server(Kind::Postgres, &mut variables, "postgres", dir.path());
    let mariadb = server(Kind::Mariadb, &mut variables, "mariadb", dir.path());
    let pupils = rows(&data, "education");
    variables.insert("soap".to_owned(), soap(&pupils).await);
    let port = door(dir.path(), http.trim_start_matches("http://").to_owned()).await;
    variables.insert("https".to_owned(), format!("https://localhost:{port}"));

    let drop = |name: &str| dir.path().join(name).join(format!("{name}_{DROPPED}.csv"));
    let transport = respelled(&data.join("transport.csv"), &drop("transport"));
    std::fs::write(drop("transport").with_extension("csv.done"), "").unwrap();
    let forestry = respelled(&data.join("forestry.csv"), &drop("forestry"));
    let sftp = SftpServer::start(&dir.path().join("sftp")).unwrap();
    for (key, value) in sftp.values().unwrap() {
        variables.insert(format!("sftp_{key}"), value);
    }
    let login = "sftp = { host = \"${sftp_host}\", port = \"${sftp_port}\", user = \"${sftp_user}\", host_key = \"${sftp_host_key}\", key = \"${sftp_key}\" }";

    let columns = "SELECT * FROM nyxx WHERE cbfzjhm IN (:id_number, :legacy_id_number) ORDER BY id";
    let payroll = "SELECT * FROM czgy_ry WHERE sfzhm IN (:id_number, :legacy_id_number)";
    let connectors = HashMap::from([
        ("agriculture", database("postgres", "postgres", columns)),
        ("fiscal-payroll", database("mysql", "mariadb", payroll)),
        (
            "education",
            "kind = \"http\"\nurl = \"${soap}\"\nmethod = \"POST\"\nheaders = { Content-Type = \"text/xml\" }\n\
             body = \"<q><id>{{ id_number }}</id><id>{{ legacy_id_number }}</id></q>\"\n\
             rows = \"$.Envelope.Body.answer.pupils.pupil[*]\"\n"
                .to_owned(),
        ),
        (
            "disabled-federation",
            "kind = \"dbf\"\npath = \"${moved}/disabled.dbf\"\nkey_column = \"sfzh\"\n".to_owned(),
        ),
        (
            "housing",
            "kind = \"http\"\nurl = \"${https}/housing/query?sfzh={{ id_number }}&ysfzh={{ legacy_id_number }}\"\n\
             rows = \"$.data.rows[*]\"\nno_record_status = [404]\n\
             tls = { ca = \"${moved}/ca.pem\", certificate = \"${moved}/client.pem\", key = \"${moved}/client.key\" }\n"
                .to_owned(),
        ),
        (
            "transport",
            folder("transport", &transport, "证件号码", "done = \".done\""),
        ),
        (
            "forestry",
            folder(
                "forestry",
                &forestry,
                "身份证号码",
                &format!("settle = \"0s\"\n{login}"),
            ),
        ),
    ]);
    let elsewhere_kept: Vec<&str> = connectors.keys().copied().collect();
    let catalogue = dir.path().join("catalogue");
    for folder in Catalogue::bundled_folders() {
        let connector = connectors.get(folder.name.as_str());
        let folder = connector.map_or(folder.clone(), |connector| moved(&folder, connector));
        let path = catalogue.join(&folder.name);
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join("department.toml"), &folder.manifest).unwrap();
        if connector.is_none() {
            continue;
        }
        let manifest = Manifest::parse(&folder.manifest, &variables).unwrap();
        match folder.name.as_str() {
            "agriculture" => postgres.fill(&manifest, &rows(&data, "agriculture")).await.unwrap(),
            "fiscal-payroll" => mariadb.fill(&manifest, &rows(&data, "fiscal-payroll")).await.unwrap(),
            "disabled-federation" => materialise(&manifest, &rows(&data, "disabled-federation")).unwrap(),
            _ => {}
        }
    }
    let elsewhere = District::of(population, |config| {
        unhurried(config);
        config.catalogue.directory = Some(catalogue);
        config.catalogue.variables.extend(variables);
    })
    .await;
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for (number, truth) in elsewhere.population.households.iter().enumerate() {
        let (here, there) = (verify(&plain, number).await, verify(&elsewhere, number).await);
        assert_eq!(said(&here), said(&there), "household {number} of seed {SEED}");
        for (department, answer) in kept(&elsewhere, &there).await {
            *found.entry(department.clone()).or_default() += true_records(truth, &department, &answer);
        }
        for dropped in ["transport", "forestry"] {
            assert!(
                days(&there, dropped).iter().all(|day| *day == Some((2019, 6, 30))),
                "{dropped}"
            );
        }
    }
    for department in elsewhere_kept {
        assert!(found[department] > 0, "nobody is found by {department}: {found:?}");
    }
}
