//! `hedui adapter new` for sources that are not a file or a server of rows: watched folders, SFTP servers, SOAP services, ODBC drivers.
//! Leaves the other kinds to `adapter`. Every manifest that is written here is tested and asked as it stands.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use hedui_adapter::samples::sftp::SftpServer;

use crate::run::{Ran, run};

const NUMBER: &str = "511703198406129811";
const NAME: &str = "张建国";
const HEADER: &str = "编号,身份证号,所有人,号牌号码,车辆类型,使用性质,状态,初次登记日期";

/// A drop of vehicles in GB18030 with one car of the known person.
fn drop_file(folder: &Path, name: &str, plate: &str) {
    let text = format!(
        "{HEADER}\nV1,{NUMBER},{NAME},{plate},小型轿车,非营运,正常,20170315\nV2,511703197903059821,李秀英,川S99999,摩托车,非营运,报废,20160101\n"
    );
    let bytes = encoding_rs::GB18030.encode(&text).0.into_owned();
    std::fs::write(folder.join(name), bytes).unwrap();
}

/// Older than what a file must have rested to be complete.
fn rested(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    // 2026-11-01.
    file.set_modified(UNIX_EPOCH + Duration::from_secs(1_793_491_200))
        .unwrap();
}

fn reason(told: &Ran) -> String {
    assert_eq!(told.code, 3, "{told:?}");
    let error = told.error();
    error["error"]["field_violations"][0]["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The folder that was begun keeps the protocol, its own source included, and finds the known person.
async fn answers(department: &str, given: &[&str], plate: &str, left: &[&str]) {
    assert_eq!(run(&[&["adapter", "lint", department][..], &[]].concat()).await.code, 0);
    let tested = run(&[&["--output", "json", "adapter", "test", department], given].concat()).await;
    assert_eq!(tested.code, 0, "{tested:?}");
    let json = tested.json();
    let checks = json[0]["checks"].as_array().unwrap().iter();
    let skipped = checks
        .filter(|c| c["outcome"] != "PASSED")
        .map(|c| c["name"].as_str().unwrap());
    assert_eq!(skipped.collect::<Vec<_>>(), left, "{json}");
    let person = ["adapter", "dry-run", department, "--id-number", NUMBER, "--name", NAME];
    let told = run(&[&person[..], given].concat()).await;
    assert_eq!(told.code, 0, "{told:?}");
    for text in [": FOUND", plate] {
        assert!(told.stdout.contains(text), "{text}\n{}", told.stdout);
    }
    let nobody = [
        "adapter",
        "dry-run",
        department,
        "--id-number",
        "11010519491231002X",
        "--name",
        "王",
    ];
    let told = run(&[&nobody[..], given].concat()).await;
    assert!(told.stdout.contains(": NO_RECORD"), "{told:?}");
}

fn manifest(department: &str) -> String {
    std::fs::read_to_string(format!("{department}/department.toml")).unwrap()
}

#[tokio::test]
async fn a_watched_folder_is_begun_from_the_file_that_was_dropped_last() {
    let dir = tempfile::tempdir().unwrap();
    let drops = dir.path().join("drops");
    std::fs::create_dir(&drops).unwrap();
    let (folder, out) = (drops.to_str().unwrap(), dir.path().to_str().unwrap());
    let new = |id: &'static str| {
        [
            "--output", "json", "adapter", "new", id, "--kind", "csv", "--folder", folder, "--out", out,
        ]
    };
    assert_eq!(reason(&run(&new("empty")).await), "SOURCE_MISSING");
    drop_file(&drops, "vehicles_20260930.csv", "川S00001");
    drop_file(&drops, "vehicles_20261031.csv", "川S12345");
    std::fs::write(drops.join("vehicles_20261031.csv.done"), "").unwrap();
    std::fs::write(drops.join("README.txt.bak"), "no table").unwrap();
    assert_eq!(
        reason(&run(&[&new("x")[..], &["--pattern", "{day}.csv"]].concat()).await),
        "SOURCE_MISSING"
    );
    let begun = run(&[&new("vehicles")[..], &["--max-age", "36500d"]].concat()).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let department = format!("{out}/vehicles");
    let text = manifest(&department);
    for line in [
        &format!("folder = {folder:?}"),
        "pattern = \"vehicles_{yyyymmdd}.csv\"",
        "done = \".done\"",
        "max_age = \"36500d\"",
        "encoding = \"gb18030\"",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    answers(&department, &[], "川S12345", &["signatures"]).await;
    // A newer drop counts once it is complete.
    drop_file(&drops, "vehicles_20261130.csv", "川S77777");
    let person = ["adapter", "dry-run", &department, "--id-number", NUMBER, "--name", NAME];
    assert!(run(&person).await.stdout.contains("川S12345"));
    std::fs::write(drops.join("vehicles_20261130.csv.done"), "").unwrap();
    assert!(run(&person).await.stdout.contains("川S77777"));
    // Without a day in its name, and under another mark.
    let plain = dir.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    drop_file(&plain, "现有车辆.csv", "川S12345");
    std::fs::write(plain.join("现有车辆.csv.ok"), "").unwrap();
    let begin = [
        "adapter",
        "new",
        "plain-vehicles",
        "--kind",
        "csv",
        "--folder",
        plain.to_str().unwrap(),
        "--out",
        out,
    ];
    let begun = run(&begin).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(begun.stdout.contains("max_age = 40d was assumed"), "{begun:?}");
    answers(&format!("{out}/plain-vehicles"), &[], "川S12345", &["signatures"]).await;
}

#[tokio::test]
async fn a_file_on_a_server_is_begun_over_sftp_and_no_secret_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let server = SftpServer::start(&dir.path().join("server")).unwrap();
    let drops = dir.path().join("drops");
    std::fs::create_dir(&drops).unwrap();
    drop_file(&drops, "jdc_202610.csv", "川S12345");
    rested(&drops.join("jdc_202610.csv"));
    let values: std::collections::HashMap<&str, String> = server.values().unwrap().into_iter().collect();
    let (folder, out) = (drops.to_str().unwrap(), dir.path().to_str().unwrap());
    let path = format!("{folder}/jdc_202610.csv");
    let key = format!("vehicles_key={}", values["key"]);
    let begin = |more: &[&str]| {
        let to = [
            "--output",
            "json",
            "adapter",
            "new",
            "vehicles",
            "--kind",
            "csv",
            "--host",
            &values["host"],
            "--port",
            &values["port"],
        ];
        let user = ["--user", &values["user"], "--out", out, "--max-age", "36500d"];
        [&to[..], &user, more]
            .concat()
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<String>>()
    };
    let tried = async |more: &[&str]| {
        let words = begin(more);
        run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let (pinned, given) = (["--host-key", &values["host_key"]], ["--set", &key]);
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    let at = ["--path", &path];
    let secret = values["key"].lines().nth(1).unwrap();
    for (more, why) in [
        ([&at[..], &given].concat(), "FLAG_MISSING"),
        ([&at[..], &given, &["--host-key", "trust me"]].concat(), "VALUE_INVALID"),
        ([&at[..], &given, &["--host-key", other]].concat(), "SOURCE_REFUSED"),
        ([&at[..], &pinned].concat(), "VARIABLE_MISSING"),
        (
            [&at[..], &pinned, &["--password", "plain-88"]].concat(),
            "SECRET_IN_PLAIN",
        ),
        (
            [&at[..], &pinned, &["--key", &values["key"]]].concat(),
            "SECRET_IN_PLAIN",
        ),
        (
            [&["--path", "/nowhere/x.csv"][..], &pinned, &given].concat(),
            "SOURCE_MISSING",
        ),
    ] {
        let told = tried(&more).await;
        assert_eq!(reason(&told), why, "{told:?}");
        assert!(
            !told.stderr.contains(secret) && !told.stderr.contains("plain-88"),
            "{told:?}"
        );
    }
    assert!(!Path::new(out).join("vehicles").exists());
    let begun = tried(&[&at[..], &pinned, &given].concat()).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let department = format!("{out}/vehicles");
    let text = manifest(&department);
    assert!(
        text.contains("key = \"${vehicles_key}\"") && text.contains(&values["host_key"]),
        "{text}"
    );
    assert!(!text.contains(secret) && !begun.stdout.contains(secret));
    answers(&department, &given, "川S12345", &["signatures"]).await;
    // The newest of a folder there.
    std::fs::remove_dir_all(&department).unwrap();
    let begun = tried(&[&["--folder", folder][..], &pinned, &given].concat()).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(
        manifest(&department).contains("pattern = \"jdc_{yyyymm}.csv\""),
        "{}",
        manifest(&department)
    );
    answers(&department, &given, "川S12345", &["signatures"]).await;
}

/// A SOAP service in GB2312 that repeats the question before its rows, and knows one person.
async fn soap(content: &'static str) -> String {
    let answer = move |headers: axum::http::HeaderMap, body: String| async move {
        let row = "<n:row><n:xh>V1</n:xh><n:sfzmhm>511703198406129811</n:sfzmhm><n:syr>张建国</n:syr><n:hphm>川S12345</n:hphm>\
                   <n:cllx>小型轿车</n:cllx><n:zt>正常</n:zt><n:djrq>20170315</n:djrq></n:row>";
        let known = body.contains(NUMBER) && headers.get("soapaction").is_some_and(|action| action == "\"urn:find\"");
        let asked = body
            .split(['<', '>'])
            .find(|text| text.len() == 18)
            .unwrap_or_default()
            .to_owned();
        let envelope = format!(
            "<?xml version=\"1.0\" encoding=\"GB2312\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <n:answer xmlns:n=\"urn:dj\"><n:asked><n:id>{asked}</n:id></n:asked><n:rows>{}</n:rows></n:answer></s:Body></s:Envelope>",
            if known { row } else { "" }
        );
        (
            [("content-type", content)],
            encoding_rs::GB18030.encode(&envelope).0.into_owned(),
        )
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
    format!("http://{address}/dj")
}

#[tokio::test]
async fn a_soap_service_is_begun_from_what_it_answers_about_one_person() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let envelope = dir.path().join("question.xml");
    std::fs::write(&envelope, "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><find><id>{{ id_number }}</id><old>{{ legacy_id_number }}</old></find></e:Body></e:Envelope>").unwrap();
    let body = format!("@{}", envelope.display());
    for (id, content) in [
        ("vehicles", "text/xml; charset=gb2312"),
        ("vehicles-text", "text/plain"),
    ] {
        let url = soap(content).await;
        let new = [
            "--output",
            "json",
            "adapter",
            "new",
            id,
            "--kind",
            "soap",
            "--url",
            &url,
            "--out",
            out,
            "--action",
            "urn:find",
            "--records",
            "vehicle",
        ];
        assert_eq!(reason(&run(&new).await), "FLAG_MISSING");
        let asked = ["--body", &body, "--id-number"];
        let stranger = run(&[&new[..], &asked, &["11010519491231002X"]].concat()).await;
        assert_eq!(
            reason(&stranger),
            "SOURCE_MISSING",
            "only the question is repeated: {stranger:?}"
        );
        assert!(!stranger.stderr.contains("11010519491231002X"));
        assert_eq!(
            reason(&run(&[&new[..], &["--body", "@/nowhere", "--id-number", NUMBER]].concat()).await),
            "FILE_UNREADABLE"
        );
        let begun = run(&[&new[..], &asked, &[NUMBER, "--name", NAME]].concat()).await;
        assert_eq!(begun.code, 0, "{begun:?}");
        assert!(
            begun.json()["notes"]
                .to_string()
                .contains("$.Envelope.Body.answer.rows.row[*]"),
            "{begun:?}"
        );
        let department = format!("{out}/{id}");
        assert_eq!(
            manifest(&department).contains("format = \"xml\""),
            id == "vehicles-text"
        );
        let tested = run(&["--output", "json", "adapter", "test", &department]).await;
        assert_eq!(tested.code, 0, "{tested:?}");
        let person = ["adapter", "dry-run", &department, "--id-number", NUMBER, "--name", NAME];
        let told = run(&person).await;
        assert!(
            told.code == 0 && told.stdout.contains(": FOUND") && told.stdout.contains("川S12345"),
            "{told:?}"
        );
        let nobody = run(&[
            "adapter",
            "dry-run",
            &department,
            "--id-number",
            "11010519491231002X",
            "--name",
            "王",
        ])
        .await;
        assert!(nobody.stdout.contains(": NO_RECORD"), "{nobody:?}");
    }
    // What answers no XML is told by its reason.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(|| async { "sorry" })).await });
    let told = run(&[
        "--output",
        "json",
        "adapter",
        "new",
        "x",
        "--kind",
        "soap",
        "--url",
        &url,
        "--body",
        "<a/>",
        "--id-number",
        NUMBER,
        "--out",
        out,
    ])
    .await;
    assert_eq!(reason(&told), "SOURCE_UNREADABLE", "{told:?}");
}

#[cfg(feature = "connector-odbc")]
#[tokio::test]
async fn a_table_behind_an_odbc_driver_is_begun_as_the_driver_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let path = dir.path().join("register.sqlite");
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "CREATE TABLE Jdc (xh TEXT, sfzmhm TEXT, syr TEXT, hphm TEXT, cllx TEXT, zt TEXT, ccdjrq TEXT, \"order\" INTEGER);
             INSERT INTO Jdc VALUES ('V1', '511703198406129811', '张建国', '川S12345', 'K3', 'A', '20170315', 1);
             CREATE TABLE other (a INT)",
        )
        .unwrap();
    drop(database);
    let connection = format!("Driver=SQLite3;Database={}", path.display());
    let new = [
        "--output",
        "json",
        "adapter",
        "new",
        "vehicles",
        "--kind",
        "odbc",
        "--out",
        out,
        "--records",
        "vehicle",
    ];
    assert_eq!(reason(&run(&new).await), "FLAG_MISSING");
    assert_eq!(
        reason(&run(&[&new[..], &["--connection", "Driver=NoSuchDriver"]].concat()).await),
        "SOURCE_ERROR"
    );
    let to = ["--connection", &connection];
    assert_eq!(reason(&run(&[&new[..], &to].concat()).await), "FLAG_MISSING");
    assert_eq!(
        reason(&run(&[&new[..], &to, &["--table", "nowhere"]].concat()).await),
        "NO_TABLE"
    );
    let secret = ["--table", "Jdc", "--user", "reader", "--password", "plain-88"];
    let told = run(&[&new[..], &to, &secret].concat()).await;
    assert_eq!(reason(&told), "SECRET_IN_PLAIN");
    assert!(!told.stderr.contains("plain-88"));
    let begun = run(&[&new[..], &to, &["--table", "Jdc"]].concat()).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let department = format!("{out}/vehicles");
    let text = manifest(&department);
    assert!(text.contains("\\\"Jdc\\\"") || text.contains("\"Jdc\""), "{text}");
    answers(&department, &[], "川S12345", &["signatures", "wrong-config"]).await;
}

#[cfg(not(feature = "connector-odbc"))]
#[tokio::test]
async fn a_program_without_odbc_says_how_to_get_it() {
    let told = run(&[
        "--output",
        "json",
        "adapter",
        "new",
        "x",
        "--kind",
        "odbc",
        "--connection",
        "Driver=DM8",
    ])
    .await;
    assert_eq!(reason(&told), "ODBC_NOT_BUILT");
    assert!(told.stderr.contains("connector-odbc"), "{told:?}");
}
