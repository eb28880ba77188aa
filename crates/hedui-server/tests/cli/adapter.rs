//! `hedui adapter` as whoever connects a department uses it: a folder checked, begun, tried, tested.
//! Leaves what a manifest means to the crate of departments.

use std::os::unix::fs::PermissionsExt as _;

use hedui_adapter::samples::database::{Database, Kind};

use crate::run::run;

/// The folder of the traffic police, with some texts of the manifest replaced.
fn department(changes: &[(&str, &str)]) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("traffic-police");
    std::fs::create_dir(&path).unwrap();
    let bundled = hedui_adapter::Catalogue::bundled_folders();
    let bundled = bundled.iter().find(|f| f.name == "traffic-police").unwrap();
    let mut manifest = bundled.manifest.clone();
    for (from, to) in changes {
        assert!(manifest.contains(from), "{from}");
        manifest = manifest.replacen(from, to, 1);
    }
    std::fs::write(path.join("department.toml"), manifest).unwrap();
    std::fs::write(path.join("cases.toml"), &bundled.cases).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[tokio::test]
async fn the_shipped_departments_have_no_mistake() {
    let told = run(&["adapter", "lint"]).await;
    assert_eq!(told.code, 0, "{told:?}");
    let count = hedui_adapter::Catalogue::bundled_folders().len();
    assert_eq!(told.stdout, format!("{count} department(s), no mistake\n"));
}

#[tokio::test]
async fn all_mistakes_of_a_folder_are_told_with_line_column_and_a_hint() {
    let (folder, path) = department(&[
        ("freshness = \"24h\"", "freshness = \"24\""),
        ("max_subjects", "max_subject"),
        ("type = \"vehicle\"", "type = \"vehicel\""),
    ]);
    std::fs::write(
        format!("{path}/cases.toml"),
        "[[case]]\nname = \"x\"\nask = { id_number = \"1\", name = \"甲\" }\n",
    )
    .unwrap();
    let told = run(&["adapter", "lint", &path]).await;
    assert_eq!(told.code, 3, "{told:?}");
    for line in [
        "department.toml:8:13: TYPE_WRONG: freshness: must be a duration",
        "department.toml:13:1: KEY_UNKNOWN: limits.max_subject: is not known here (hint: did you mean `max_subjects`?)",
        "record[0].type: \"vehicel\" is no type of record (hint: did you mean `vehicle`?)",
        "cases.toml:3:21: VALUE_INVALID: case[0].ask.id_number: is no resident ID",
        "cases.toml:1:1: KEY_MISSING: case[0].expect: is missing",
    ] {
        assert!(told.stdout.contains(line), "{line}\n{}", told.stdout);
    }
    // The folder above holds the same department, under the same names.
    let above = run(&["--output", "json", "adapter", "lint", folder.path().to_str().unwrap()]).await;
    assert_eq!(
        above.json()["mistakes"].as_array().unwrap().len(),
        told.stdout.lines().count() - 1
    );
    assert_eq!(above.json()["departments"], 1);
}

#[tokio::test]
async fn a_folder_that_is_none_and_a_variable_that_is_none_are_told() {
    let empty = tempfile::tempdir().unwrap();
    let told = run(&["adapter", "lint", empty.path().to_str().unwrap()]).await;
    assert_eq!(told.code, 3, "{told:?}");
    assert!(told.stderr.contains("no department.toml"), "{told:?}");
    assert_eq!(run(&["adapter", "lint", "--set", "data"]).await.code, 2);
}

/// The Python kit of departments.
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/sdk-python");

#[tokio::test]
async fn a_program_is_tested_over_lines_and_a_broken_one_fails_its_check() {
    let path = format!("PYTHONPATH={SDK}/src");
    let template = format!("{SDK}/template/plugin.py");
    let test = [
        "--output",
        "json",
        "adapter",
        "test",
        "--known",
        "511703198406129811=张建国",
        "--",
    ];
    let python = ["env", &path, "PYTHONDONTWRITEBYTECODE=1", "python3"];
    let kept = run(&[&test[..], &python, &[&template]].concat()).await;
    assert_eq!(kept.code, 0, "{kept:?}");
    let checks = kept.json()[0]["checks"].as_array().unwrap().clone();
    assert!(
        checks.len() >= 20 && checks.iter().all(|check| check["outcome"] != "FAILED"),
        "{checks:?}"
    );
    let name = checks.iter().find(|check| check["name"] == "name").unwrap();
    assert_eq!(name["outcome"], "PASSED", "the known person is known");

    let script = std::fs::read_to_string(&template).unwrap().replace(
        "no_record()",
        "found(record(\"vehicle\", \"V1\", kind=\"car\", usage=\"private\", status=\"normal\"))",
    );
    let broken = run(&[&test[..], &python, &["-c", &script]].concat()).await;
    assert_eq!(broken.code, 1, "{broken:?}");
    let checks = broken.json()[0]["checks"].as_array().unwrap().clone();
    let failed: Vec<&str> = checks
        .iter()
        .filter(|c| c["outcome"] == "FAILED")
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(failed, ["unknown-person"]);
    let none = run(&["--output", "json", "adapter", "test", "--", "hedui-no-such-program"]).await;
    assert_eq!(none.code, 1, "{none:?}");
}

#[tokio::test]
async fn a_program_that_signs_is_tested_with_the_key_that_was_pinned() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("signing.key").display().to_string();
    let path = format!("PYTHONPATH={SDK}/src");
    // Debian's Python, for Debian's library.
    let python = ["env", &path, "PYTHONDONTWRITEBYTECODE=1", "/usr/bin/python3"];
    let made = std::process::Command::new(python[0])
        .args(&python[1..])
        .args(["-m", "hedui_department", "make-key", &key])
        .output()
        .unwrap();
    let made = String::from_utf8(made.stdout).unwrap();
    let public = made.trim().trim_start_matches("public_key = ").trim_matches('"');
    let template = std::fs::read_to_string(format!("{SDK}/template/plugin.py")).unwrap();
    let named = "[\"vehicle\"], answer";
    assert!(template.contains(named));
    let signer = format!("{named}, signer=__import__(\"hedui_department\").Signer.from_file(\"2026\", {key:?})");
    let script = template.replacen(named, &signer, 1);
    for (pinned, code) in [(format!("2026={public}"), 0), (format!("2026={}", "7".repeat(64)), 1)] {
        let test = [
            "--output",
            "json",
            "adapter",
            "test",
            "--known",
            "511703198406129811=张建国",
            "--pinned",
            &pinned,
            "--",
        ];
        let told = run(&[&test[..], &python, &["-c", &script]].concat()).await;
        assert_eq!(told.code, code, "{told:?}");
        let checks = told.json()[0]["checks"].as_array().unwrap().clone();
        let failed: Vec<&str> = checks
            .iter()
            .filter(|c| c["outcome"] == "FAILED")
            .map(|c| c["name"].as_str().unwrap())
            .collect();
        assert_eq!(failed, if code == 0 { vec![] } else { vec!["signatures"] });
        let signatures = checks.iter().find(|c| c["name"] == "signatures").unwrap();
        assert_eq!(signatures["outcome"], if code == 0 { "PASSED" } else { "FAILED" });
    }
}

#[tokio::test]
async fn a_service_that_speaks_json_is_tested_with_its_token() {
    use std::io::BufRead as _;
    let script = "import sys\nsys.path.insert(0, sys.argv[1])\nimport runpy\nfrom hedui_department.http import server\nfrom hedui_department import Department\n\
                  answer = runpy.run_path(sys.argv[2])['answer']\n\
                  s = server(Department('my-department', '部门', 'D', ['vehicle'], answer), token='token-77')\n\
                  print(s.server_address[1], flush=True)\ns.serve_forever()";
    let mut child = std::process::Command::new("python3")
        .args([
            "-B",
            "-c",
            script,
            &format!("{SDK}/src"),
            &format!("{SDK}/template/plugin.py"),
        ])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut port = String::new();
    std::io::BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut port)
        .unwrap();
    let endpoint = format!("http://127.0.0.1:{}", port.trim());
    let test = ["adapter", "test", &endpoint, "--speaks", "json"];
    let kept = run(&[&test[..], &["--bearer", "token-77"]].concat()).await;
    let refused = run(&test).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(kept.code, 0, "{kept:?}");
    assert_eq!(refused.code, 1, "{refused:?}");
}

/// A register of vehicles as a department may have it.
fn register(folder: &std::path::Path) -> String {
    let path = folder.join("register.sqlite");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE jdc (xh TEXT, sfzmhm TEXT, syr TEXT, hphm TEXT, cllx TEXT, syxz TEXT, zt TEXT, ccdjrq TEXT, pgjz_wan REAL);
             INSERT INTO jdc VALUES ('V1', '511703198406129811', '张建国', '川S12345', 'K3', 'A', 'A', '20170315', 7.58);
             INSERT INTO jdc VALUES ('V2', '511703198406129811', '张建国', '川S54321', 'M1', 'A', 'A', '20170231', NULL);
             INSERT INTO jdc VALUES ('V3', '511703197903059821', '李秀英', '川S99999', 'K3', 'A', 'E', '20160101', 1.5);",
        )
        .unwrap();
    path.to_str().unwrap().to_owned()
}

/// A command of the transcript, and the lines that it prints among others.
fn transcript(readme: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let (_, rest) = readme.split_once("```console\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let mut commands: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for line in block.lines() {
        match line.strip_prefix("$ hedui ") {
            Some(command) => commands.push((command.split(' ').map(str::to_owned).collect(), Vec::new())),
            None => commands.last_mut().unwrap().1.push(line.to_owned()),
        }
    }
    commands
}

#[tokio::test]
async fn the_transcript_of_the_readme_connects_a_department_in_five_commands_and_thirty_lines() {
    let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/README.md"));
    let folder = tempfile::tempdir().unwrap();
    std::fs::rename(register(folder.path()), folder.path().join("vehicles.sqlite")).unwrap();
    let commands = transcript(readme);
    assert!((2..=5).contains(&commands.len()), "{commands:?}");
    for (arguments, lines) in commands {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut command = crate::run::command(&arguments);
        command.current_dir(folder.path());
        let told = crate::run::ended(command).await;
        assert_eq!(told.code, 0, "{arguments:?}: {told:?}");
        // Words, since the widths of columns are the terminal's.
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let printed = words(&told.stdout);
        for line in lines {
            assert!(
                printed.contains(&words(&line)),
                "{arguments:?} does not print {line:?}: {}",
                told.stdout
            );
        }
    }
    let manifest = std::fs::read_to_string(folder.path().join("vehicles/department.toml")).unwrap();
    let lines = manifest.lines().count();
    assert!(lines <= 30, "{lines} lines:\n{manifest}");
    assert!(
        readme.contains(&format!("the manifest has {lines} lines")),
        "{lines} lines"
    );
}

#[tokio::test]
async fn a_department_is_begun_from_its_source_and_answers_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = register(folder.path());
    let before = std::fs::read(&path).unwrap();
    let out = folder.path().to_str().unwrap();
    let begin = [
        "adapter", "new", "vehicles", "--kind", "sqlite", "--path", &path, "--out", out,
    ];
    let begun = run(&begin).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    assert!(begun.stdout.contains("next: hedui adapter test"), "{begun:?}");
    let department = format!("{out}/vehicles");
    assert_eq!(run(&["adapter", "lint", &department]).await.code, 0);
    let again = run(&begin).await;
    assert_eq!(again.code, 3, "{again:?}");
    assert!(again.stderr.contains("DEPARTMENT_EXISTS"), "{again:?}");

    let person = ["--id-number", "511703198406129811", "--name", "张建国"];
    let mut dry_run = vec!["adapter", "dry-run", &department];
    dry_run.extend(person);
    let told = run(&dry_run).await;
    assert_eq!(told.code, 0, "{told:?}");
    for text in [
        "vehicles: FOUND",
        "row 1 -> FOUND",
        "川S12345",
        "7580000",
        "vehicle.registered_on: the value cannot be read and was left out",
    ] {
        assert!(told.stdout.contains(text), "{text}\n{}", told.stdout);
    }
    assert!(!told.stdout.contains("李秀英") && told.stderr.is_empty(), "{told:?}");
    let mut json = vec!["--output", "json"];
    json.extend(dry_run);
    let json = run(&json).await.json();
    assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    assert_eq!(json["answer"]["records"][0]["kind"], "car");
    assert_eq!(json["answer"]["records"][1]["kind"], "motorcycle");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_on_a_server_is_begun_from_one_of_its_tables_and_answers_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    for (kind, word) in [(Kind::Postgres, "postgres"), (Kind::Mariadb, "mysql")] {
        let server = Database::start(kind, &folder.path().join("server"), None).unwrap();
        let texts = if kind == Kind::Mariadb {
            " CHARACTER SET utf8mb4"
        } else {
            ""
        };
        let statements = format!(
            "CREATE SCHEMA dj{texts}; CREATE TABLE dj.jdc (xh VARCHAR(20), sfzmhm CHAR(18), syr VARCHAR(50), hphm VARCHAR(20), cllx VARCHAR(4), \
             syxz VARCHAR(1), zt VARCHAR(1), ccdjrq VARCHAR(8), pgjz_wan NUMERIC(10, 2)); \
             INSERT INTO dj.jdc VALUES ('V1', '511703198406129811', '张建国', '川S12345', 'K3', 'A', 'A', '20170315', 7.58), \
             ('V2', '511703198406129811', '张建国', '川S54321', 'M1', 'A', 'A', '20170231', NULL), \
             ('V3', '511703197903059821', '李秀英', '川S99999', 'K3', 'A', 'E', '20160101', 1.5); CREATE TABLE other (a INT)"
        );
        server.run(&statements).await.unwrap();
        let values: std::collections::HashMap<&str, String> = server.values().into_iter().collect();
        let id = format!("vehicles-{word}");
        let text = toml::Value::from(values["password"].as_str());
        let password = folder.path().join("password.toml").display().to_string();
        std::fs::write(&password, format!("vehicles_{word}_password = {text}\n")).unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o600)).unwrap();
        let begin = [
            "--output",
            "json",
            "adapter",
            "new",
            &id,
            "--kind",
            word,
            "--host",
            &values["host"],
            "--port",
            &values["port"],
            "--database",
            &values["database"],
            "--user",
            &values["user"],
            "--out",
            out,
        ];
        let table = ["--table", "dj.jdc"];
        let given = ["--set-file", &password];
        let plain = ["--password", &values["password"]];
        for (more, reason) in [
            (&[&table[..]][..], "VARIABLE_MISSING"),
            (&[&table[..], &plain], "SECRET_IN_PLAIN"),
            (
                &[&table[..], &["--set", "other=x", "--password", "${other}"]],
                "SOURCE_REFUSED",
            ),
            (&[&given[..]], "FLAG_MISSING"),
            (&[&given[..], &["--table", "dj.nowhere"]], "NO_TABLE"),
        ] {
            let told = run(&[&begin[..], &more.concat()].concat()).await;
            assert_eq!(told.code, 3, "{told:?}");
            let said = told.error()["error"]["field_violations"][0]["reason"].clone();
            assert_eq!(said, reason, "{told:?}");
            assert!(!told.stderr.contains(&values["password"]), "{told:?}");
        }
        let begun = run(&[&begin[..], &table, &given].concat()).await;
        assert_eq!(begun.code, 0, "{begun:?}");
        let department = format!("{out}/{id}");
        let manifest = std::fs::read_to_string(format!("{department}/department.toml")).unwrap();
        assert!(!manifest.contains(&values["password"]), "{manifest}");
        assert!(manifest.lines().count() <= 36, "{manifest}");
        let tested = run(&[&["--output", "json", "adapter", "test", &department], &given[..]].concat()).await;
        assert_eq!(tested.code, 0, "{tested:?}");
        let json = tested.json();
        let left = json[0]["checks"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|c| c["outcome"] != "PASSED");
        // Also the department's own source: its password is given.
        assert_eq!(
            left.map(|c| c["name"].as_str().unwrap()).collect::<Vec<_>>(),
            ["signatures"]
        );
        let person = [
            "adapter",
            "dry-run",
            &department,
            "--id-number",
            "511703198406129811",
            "--name",
            "张建国",
        ];
        let told = run(&[&person[..], &given].concat()).await;
        assert_eq!(told.code, 0, "{told:?}");
        for text in [
            ": FOUND",
            "川S12345",
            "7580000",
            "the value cannot be read and was left out",
        ] {
            assert!(told.stdout.contains(text), "{text}\n{}", told.stdout);
        }
    }
}

#[tokio::test]
async fn a_department_of_dbase_tables_is_begun_and_answers_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let path = folder.path().join("JDC.DBF");
    // As FoxPro writes it: texts in GB18030, numbers in digits, days of eight, a row that is deleted.
    let fields: [(&[u8], u8, u8, u8); 7] = [
        (b"XH", b'C', 4, 0),
        (b"SFZMHM", b'C', 18, 0),
        (b"SYR", b'C', 10, 0),
        (b"HPHM", b'C', 10, 0),
        (b"CLLX", b'C', 2, 0),
        (b"CCDJRQ", b'D', 8, 0),
        (b"PGJZ_WAN", b'N', 8, 2),
    ];
    let rows = [
        (
            b' ',
            [
                "V1",
                "511703198406129811",
                "张建国",
                "川S12345",
                "K3",
                "20170315",
                "    7.58",
            ],
        ),
        (
            b'*',
            [
                "V2",
                "511703198406129811",
                "张建国",
                "川S54321",
                "M1",
                "20160101",
                "    1.00",
            ],
        ),
        (
            b' ',
            [
                "V3",
                "511703197903059821",
                "李秀英",
                "川S99999",
                "K3",
                "20160101",
                "    1.50",
            ],
        ),
    ];
    let width: u16 = 1 + fields.iter().map(|f| u16::from(f.2)).sum::<u16>();
    let mut bytes = vec![0x30, 119, 7, 1];
    bytes.extend(3u32.to_le_bytes());
    bytes.extend((33 + 32 * 7u16).to_le_bytes());
    bytes.extend(width.to_le_bytes());
    bytes.resize(32, 0);
    for (name, kind, width, decimals) in fields {
        let mut field = name.to_vec();
        field.resize(11, 0);
        field.extend([kind, 0, 0, 0, 0, width, decimals]);
        field.resize(32, 0);
        bytes.extend(field);
    }
    bytes.push(0x0D);
    for (mark, texts) in rows {
        bytes.push(mark);
        for (text, (_, _, width, _)) in texts.iter().zip(fields) {
            let mut text = encoding_rs::GB18030.encode(text).0.into_owned();
            text.resize(width.into(), b' ');
            bytes.extend(text);
        }
    }
    bytes.push(0x1A);
    std::fs::write(&path, bytes).unwrap();
    let begin = [
        "adapter",
        "new",
        "vehicles",
        "--kind",
        "dbf",
        "--path",
        path.to_str().unwrap(),
        "--records",
        "vehicle",
        "--out",
        out,
    ];
    let begun = run(&begin).await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let department = format!("{out}/vehicles");
    assert_eq!(run(&["adapter", "test", &department]).await.code, 0);
    let person = [
        "--output",
        "json",
        "adapter",
        "dry-run",
        &department,
        "--id-number",
        "511703198406129811",
        "--name",
        "张建国",
    ];
    let json = run(&person).await.json();
    let records = json["answer"]["records"].as_array().unwrap();
    assert_eq!(records.len(), 1, "the deleted row is not there: {json}");
    assert_eq!(
        (&records[0]["plate"], &records[0]["value"]),
        (&"川S12345".into(), &7_580_000.into())
    );
}

#[tokio::test]
async fn what_keeps_a_department_from_being_begun_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = register(folder.path());
    let out = folder.path().to_str().unwrap();
    let new = |more: &'static [&'static str]| {
        let (path, out) = (path.clone(), out.to_owned());
        async move {
            let mut arguments = vec![
                "--output", "json", "adapter", "new", "x", "--path", &path, "--out", &out,
            ];
            arguments.extend(more);
            let told = run(&arguments).await;
            (
                told.code,
                told.error()["error"]["field_violations"][0]["reason"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned(),
            )
        }
    };
    for (more, reason) in [
        (&[][..], "FLAG_MISSING"),
        (&["--kind", "sqlite", "--table", "nowhere"][..], "NO_TABLE"),
        (&["--kind", "sqlite", "--records", "financial_asset"][..], "NO_COLUMN"),
        (
            &["--kind", "sqlite", "--records", "vehicle", "--map", "plate=nowhere"][..],
            "MAP_INVALID",
        ),
        (&["--kind", "excel"][..], "SOURCE_UNREADABLE"),
    ] {
        assert_eq!(new(more).await, (3, reason.to_owned()), "{more:?}");
    }
    assert!(!folder.path().join("x").exists());
    let nobody = run(&["adapter", "dry-run", out, "--id-number", "5", "--name", "x"]).await;
    assert_eq!(nobody.code, 3, "{nobody:?}");
}

#[tokio::test]
async fn a_begun_department_keeps_the_protocol_and_one_that_does_not_fails_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = register(folder.path());
    let out = folder.path().to_str().unwrap();
    let begun = run(&[
        "adapter", "new", "vehicles", "--kind", "sqlite", "--path", &path, "--out", out,
    ])
    .await;
    assert_eq!(begun.code, 0, "{begun:?}");
    let department = format!("{out}/vehicles");
    let tested = run(&["--output", "json", "adapter", "test", &department]).await;
    assert_eq!(tested.code, 0, "{tested:?}");
    let json = tested.json();
    let checks = json[0]["checks"].as_array().unwrap();
    let left: Vec<&serde_json::Value> = checks.iter().filter(|c| c["outcome"] != "PASSED").collect();
    // A source of rows signs nothing.
    assert!(checks.len() >= 24 && left.len() == 1, "{left:?}");
    assert_eq!(
        (&left[0]["name"], &left[0]["outcome"]),
        (&"signatures".into(), &"SKIPPED".into())
    );

    // The register loses a column: the folder is as it was, the department's own source is not.
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch("ALTER TABLE jdc DROP COLUMN hphm").unwrap();
    drop(connection);
    let told = run(&["adapter", "test", "--level", "core", "--junit", &department]).await;
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("failures=\"1\""), "{told:?}");
    assert!(told.stdout.contains("name=\"real-source\">"), "{told:?}");
    // Two departments are two suites of one document.
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../adapters/housing");
    let both = ["adapter", "test", "--level", "core", "--junit", &department, shipped];
    let told = run(&both).await;
    let read = roxmltree::Document::parse(&told.stdout).unwrap();
    assert_eq!(
        read.descendants().filter(|n| n.has_tag_name("testsuite")).count(),
        2,
        "{told:?}"
    );
}

#[tokio::test]
async fn a_plugin_that_is_not_there_fails() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let told = run(&["adapter", "test", "--level", "core", &endpoint]).await;
    assert_eq!(told.code, 1, "{told:?}");
    assert!(told.stdout.contains("!! FAILED"), "{told:?}");
}
