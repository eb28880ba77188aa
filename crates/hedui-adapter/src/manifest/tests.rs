//! Manifests: every mistake is found at once, and nothing unknown passes.

use super::*;

const GOOD: &str = r#"
id = "land"
name = { zh = "地", en = "Land" }
verifies = { zh = "地", en = "land" }
record_types = ["land"]
lookup_keys = ["id_number"]
freshness = "24h"
deadline = "1500ms"
[limits]
max_subjects = 20
max_concurrent_queries = 4
max_response_bytes = 1000
[connector]
kind = "sqlite"
path = "${data}/land.sqlite"
query = "SELECT id, who, kind FROM land WHERE who = :id_number"
[identity]
id_number = "who"
[[record]]
type = "land"
reference = "id"
[record.fields]
kind = { column = "kind", codes = { 1 = "farmland" } }
"#;

fn variables() -> Variables {
    Variables::from([("data".to_owned(), "/data".to_owned())])
}

fn mistakes(text: &str) -> Vec<String> {
    let found = Manifest::parse(text, &variables()).err().unwrap_or_default();
    found.into_iter().map(|mistake| mistake.path).collect()
}

#[test]
fn a_good_manifest_is_read_as_it_stands() {
    let manifest = Manifest::parse(GOOD, &variables()).unwrap();
    assert_eq!(manifest.deadline, Duration::from_millis(1_500));
    assert_eq!(manifest.freshness, Duration::from_secs(86_400));
    assert_eq!(manifest.breaker, BreakerLimits::default());
    assert!(matches!(manifest.connector, Connector::Sqlite { ref path, .. } if path == "/data/land.sqlite"));
    assert_eq!(manifest.mapping.unwrap().columns(), vec!["who", "id", "kind"]);
    assert_eq!(Manifest::variables(GOOD), vec!["data"]);
}

#[test]
fn each_single_mistake_is_found_at_its_place() {
    for (from, to, path) in [
        ("id = \"land\"", "id = \"Land\"", "id"),
        ("freshness = \"24h\"", "freshness = \"24\"", "freshness"),
        ("deadline = \"1500ms\"", "deadline = \"0s\"", "deadline"),
        ("deadline = \"1500ms\"", "", "deadline"),
        (
            "record_types = [\"land\"]",
            "record_types = [\"land\", \"car\"]",
            "record_types",
        ),
        (
            "record_types = [\"land\"]",
            "record_types = [\"land\", \"income\"]",
            "record_types",
        ),
        ("record_types = [\"land\"]", "record_types = [\"income\"]", "record"),
        (
            "lookup_keys = [\"id_number\"]",
            "lookup_keys = [\"name\"]",
            "lookup_keys",
        ),
        ("max_subjects = 20", "max_subjects = 0", "limits.max_subjects"),
        ("max_subjects = 20", "max_subject = 20", "limits.max_subject"),
        ("${data}", "${date}", "connector.path"),
        ("${data}", "${data", "connector.path"),
        (":id_number", ":name", "connector.query"),
        ("kind = \"sqlite\"", "kind = \"oracle\"", "connector.kind"),
        (
            "kind = \"sqlite\"",
            "kind = \"sqlite\"\nsheet = \"S\"",
            "connector.sheet",
        ),
        ("id_number = \"who\"", "name = \"who\"", "identity.id_number"),
        ("type = \"land\"", "type = \"lands\"", "record[0].type"),
        ("1 = \"farmland\"", "1 = \"farm\"", "record[0].fields.kind.codes"),
        ("kind = { column", "kinds = { column", "record[0].fields.kinds"),
        (
            "kind = { column = \"kind\", codes = { 1 = \"farmland\" } }",
            "",
            "record[0].fields.kind",
        ),
        (
            "kind = { column = \"kind\", codes",
            "kind = { column = \"kind\", unit = \"mu\", codes",
            "record[0].fields.kind.unit",
        ),
        (
            "kind = { column = \"kind\", codes",
            "kind = { column = \"kind\", format = \"yyyy\", codes",
            "record[0].fields.kind.format",
        ),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let found = mistakes(&GOOD.replacen(from, to, 1));
        assert!(found.iter().any(|p| p == path), "{to}: {found:?}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_and_syntax_with_its_line() {
    let text = GOOD
        .replace("id = \"land\"", "id = \"\"")
        .replace("24h", "x")
        .replace("max_subjects = 20", "")
        .replace("sqlite\"\npath", "sqlite\"\nextra");
    let found = mistakes(&text);
    for path in [
        "id",
        "freshness",
        "limits.max_subjects",
        "connector.path",
        "connector.extra",
    ] {
        assert!(found.iter().any(|p| p == path), "{path}: {found:?}");
    }
    assert_eq!(mistakes("id = \"a\"\nname = ["), vec!["line 2, column 9"]);
}

#[test]
fn a_department_that_answers_thresholds_only_has_a_threshold_and_no_records() {
    let threshold = "[threshold]\ncolumn = \"over\"\nover = [\"Y\"]\nwithin = [\"N\"]\nlimit = \"50000\"\n";
    let only = GOOD.replace("[limits]", "threshold_only = true\n[limits]");
    assert!(mistakes(&only).contains(&"threshold".to_owned()));
    assert!(mistakes(&format!("{only}{threshold}")).contains(&"record".to_owned()));
    assert!(mistakes(&format!("{GOOD}{threshold}")).contains(&"threshold".to_owned()));
    let records = only.find("[[record]]").unwrap();
    assert_eq!(
        mistakes(&format!("{}{threshold}", &only[..records])),
        Vec::<String>::new()
    );
}

/// The good manifest with another connector.
fn with_connector(connector: &str) -> String {
    let (before, rest) = GOOD.split_once("[connector]").unwrap();
    let (_, after) = rest.split_once("[identity]").unwrap();
    format!("{before}[connector]\n{connector}\n[identity]{after}")
}

#[test]
fn a_database_needs_a_query_that_can_be_bound_and_a_secret_that_does_not_stand_there() {
    const DATABASE: &str = r#"
kind = "postgres"
host = "${host}"
port = "${port}"
database = "land"
user = "hedui"
password = "${password}"
query = "SELECT id, who, kind FROM land WHERE who = :id_number"
tls = { ca = "/ca.pem" }
"#;
    let mut variables = variables();
    for (name, value) in [("host", "10.1.2.3"), ("port", "5433"), ("password", "canary")] {
        variables.insert(name.to_owned(), value.to_owned());
    }
    let manifest = Manifest::parse(&with_connector(DATABASE), &variables).unwrap();
    assert!(!format!("{manifest:?}").contains("canary"));
    let Connector::Postgres(database) = manifest.connector else {
        panic!("another connector");
    };
    assert_eq!((database.port, database.password.expose()), (5_433, "canary"));
    for (from, to, path) in [
        ("\"${password}\"", "\"literal\"", "connector.password"),
        ("\"${password}\"", "\"a${password}\"", "connector.password"),
        ("\"${port}\"", "\"70000\"", "connector.port"),
        ("\"${port}\"", "0", "connector.port"),
        (":id_number", ":id", "connector.query"),
        (":id_number", ":name", "connector.query"),
        ("WHERE who = :id_number", "-- :id_number", "connector.query"),
        ("land WHERE", "land; SELECT", "connector.query"),
        ("ca = \"/ca.pem\"", "", "connector.tls.ca"),
        ("ca =", "key = \"/k.pem\", ca =", "connector.tls"),
        ("user = \"hedui\"", "", "connector.user"),
    ] {
        assert!(DATABASE.contains(from), "{from}");
        let text = with_connector(&DATABASE.replace(from, to));
        let found = Manifest::parse(&text, &variables).err().unwrap_or_default();
        let paths: Vec<&str> = found.iter().map(|mistake| mistake.path.as_str()).collect();
        assert_eq!(paths, [path], "{from} -> {to}");
    }
}

#[test]
fn pinned_keys_are_read_for_plugins_and_refused_for_anything_else() {
    let plugin = GOOD.split("[connector]").next().unwrap().to_owned()
        + "[connector]\nkind = \"grpc\"\nendpoint = \"http://127.0.0.1:1\"\nstream = true\n";
    // The public key of the first test of RFC 8032.
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let pin = |id: &str, key: &str| format!("[[signing_key]]\nid = \"{id}\"\npublic_key = \"{key}\"\n");
    let two = plugin.clone() + &pin("2025", key) + &pin("2026", &key.to_ascii_uppercase());
    let manifest = Manifest::parse(&two, &variables()).unwrap();
    let read: Vec<(&str, &str)> = manifest
        .signing_keys
        .iter()
        .map(|k| (k.id.as_str(), k.public_key.as_str()))
        .collect();
    assert_eq!(read, [("2025", key), ("2026", key)]);
    for (text, wrong) in [
        (plugin.clone() + &pin("2026", "d75a"), "signing_key[0].public_key"),
        (plugin.clone() + &pin("key of 2026", key), "signing_key[0].id"),
        (
            plugin.clone() + &pin("2026", key) + &pin("2026", key),
            "signing_key[1].id",
        ),
        (GOOD.to_owned() + &pin("2026", key), "signing_key"),
    ] {
        let found = mistakes(&text);
        assert!(found.len() == 1 && found[0].starts_with(wrong), "{wrong}: {found:?}");
    }
}

#[test]
fn every_mistake_has_its_line_and_column_a_reason_and_where_a_slip_explains_it_a_hint() {
    for (from, to, reason, hint) in [
        ("freshness = \"24h\"", "freshness = \"24\"", "TYPE_WRONG", None),
        (
            "deadline = \"1500ms\"",
            "dedline = \"1s\"",
            "KEY_UNKNOWN",
            Some("deadline"),
        ),
        (
            "record_types = [\"land\"]",
            "record_types = [\"lnad\"]",
            "VALUE_INVALID",
            Some("land"),
        ),
        ("kind = \"sqlite\"", "kind = \"sqlit\"", "VALUE_INVALID", Some("sqlite")),
        ("type = \"land\"", "type = \"lend\"", "VALUE_INVALID", Some("land")),
        ("kind = { column", "knd = { column", "KEY_UNKNOWN", Some("kind")),
        (
            "max_subjects = 20",
            "max_subject = 20",
            "KEY_UNKNOWN",
            Some("max_subjects"),
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        let line = text.lines().position(|line| line.contains(to)).unwrap() + 1;
        let found = Manifest::parse(&text, &variables()).unwrap_err();
        let hint = hint.map(|name| format!("did you mean `{name}`?"));
        let told = found
            .iter()
            .find(|m| m.reason == reason && m.hint == hint && m.place.is_some_and(|place| place.line == line));
        assert!(told.is_some(), "{to}: {found:?}");
        assert!(found.iter().all(|m| m.place.is_some()), "{found:?}");
    }
}

#[test]
fn office_hours_and_rate_are_read_and_every_mistake_in_them_is_found() {
    let with = |hours: &str| {
        let limits = "max_response_bytes = 1000\n";
        GOOD.replace(limits, &format!("{limits}per_second = 20\n[hours]\n{hours}\n"))
    };
    let good =
        "mon = \"08:30-12:00, 14:00-24:00\"\nholidays = [\"1970-01-02\"]\ndays = { 1970-01-03 = \"00:00-00:01\" }";
    let pace = Manifest::parse(&with(good), &variables()).unwrap().pace;
    assert_eq!(pace.per_second, Some(20));
    let hours = pace.hours.unwrap();
    assert_eq!(hours.week[0], [(510, 720), (840, 1_440)]);
    assert!(hours.week[1..].iter().all(Vec::is_empty));
    assert_eq!(
        hours.days.into_iter().collect::<Vec<_>>(),
        [(1, Vec::new()), (2, vec![(0, 1)])]
    );
    for (text, path) in [
        ("", "hours"),
        ("mon = \"8:30-12:00\"", "hours.mon"),
        ("mon = \"12:00-08:30\"", "hours.mon"),
        ("mon = \"08:30-24:01\"", "hours.mon"),
        ("mon = \"08:30-12:00, 11:00-13:00\"", "hours.mon"),
        ("mon = \"08:30-12:00\"\nholidays = [\"2026-02-30\"]", "hours.holidays"),
        (
            "mon = \"08:30-12:00\"\ndays = { soon = \"08:30-12:00\" }",
            "hours.days.soon",
        ),
        (
            "mon = \"08:30-12:00\"\nholidays = [\"2026-10-01\"]\ndays = { 2026-10-01 = \"08:30-12:00\" }",
            "hours.days.2026-10-01",
        ),
        ("mon = \"08:30-12:00\"\nmonday = 1", "hours.monday"),
    ] {
        assert!(
            mistakes(&with(text)).contains(&path.to_owned()),
            "{text}: {:?}",
            mistakes(&with(text))
        );
    }
}

#[test]
fn mistakes_stand_in_the_order_of_the_file_and_all_of_the_syntax_at_once() {
    let text = GOOD
        .replace("id = \"land\"", "id = 5")
        .replace("type = \"land\"", "")
        .replace("24h", "x");
    let found = Manifest::parse(&text, &variables()).unwrap_err();
    assert!(found.len() >= 3);
    assert!(found.is_sorted_by_key(|m| m.place), "{found:?}");
    let syntax = Manifest::parse("id = \nname = {\n", &variables()).unwrap_err();
    assert!(
        syntax.len() >= 2 && syntax.iter().all(|m| m.reason == "TOML_SYNTAX"),
        "{syntax:?}"
    );
}

#[test]
fn what_a_web_service_is_shown_is_secret_and_tls_needs_its_address() {
    const SERVICE: &str = r#"
kind = "http"
url = "https://h/q?id={{ id_number }}"
rows = "$.rows[*]"
format = "xml"
bearer = "${token}"
tls = { ca = "/ca.pem", certificate = "/c.pem", key = "/k.pem" }
sign = { key = "${key}", key_id = "a" }
"#;
    let mut variables = variables();
    variables.insert("token".to_owned(), "canary".to_owned());
    variables.insert("key".to_owned(), "canary".to_owned());
    let manifest = Manifest::parse(&with_connector(SERVICE), &variables).unwrap();
    assert!(!format!("{manifest:?}").contains("canary"));
    let Connector::Http(http) = manifest.connector else {
        panic!("another connector");
    };
    assert_eq!(http.format, ReplyFormat::Xml);
    assert_eq!(http.sign.unwrap().key_id, Some(("X-Key-Id".to_owned(), "a".to_owned())));
    for (from, to, path) in [
        ("\"xml\"", "\"soap\"", "connector.format"),
        ("https://", "http://", "connector.tls"),
        ("\"${token}\"", "\"literal\"", "connector.bearer"),
        ("\"${key}\"", "\"literal\"", "connector.sign.key"),
        ("key_id = \"a\"", "header = \"a b\"", "connector.sign.header"),
        ("certificate = \"/c.pem\", ", "", "connector.tls"),
    ] {
        assert!(SERVICE.contains(from), "{from}");
        let text = with_connector(&SERVICE.replace(from, to));
        let found = Manifest::parse(&text, &variables).err().unwrap_or_default();
        assert!(
            found.iter().any(|mistake| mistake.path == path),
            "{from} -> {to}: {found:?}"
        );
    }
}

/// A plugin's manifest with another connector.
fn plugin(connector: &str) -> String {
    let (head, _) = GOOD.split_once("[connector]").unwrap();
    format!("{head}[connector]\n{connector}")
}

#[test]
fn programs_and_services_that_speak_the_protocol_are_read_and_their_secrets_hidden() {
    let mut given = variables();
    given.insert("secret".to_owned(), "token-77".to_owned());
    let exec = plugin(
        "kind = \"exec\"\ncommand = [\"python3\", \"${data}/plugin.py\"]\nenvironment = { PASSWORD = \"${secret}\" }\n",
    );
    let manifest = Manifest::parse(&exec, &given).unwrap();
    let Connector::Exec(program) = &manifest.connector else {
        panic!("{manifest:?}");
    };
    assert_eq!(program.command, ["python3", "/data/plugin.py"]);
    assert_eq!(program.environment[0].1.expose(), "token-77");
    assert!(manifest.connector.is_plugin() && !format!("{manifest:?}").contains("token-77"));
    let json = plugin(
        "kind = \"json\"\nendpoint = \"https://land.example\"\nbearer = \"${secret}\"\ntls = { ca = \"${data}/ca.pem\" }\n",
    );
    let manifest = Manifest::parse(&json, &given).unwrap();
    let Connector::Json(service) = &manifest.connector else {
        panic!("{manifest:?}");
    };
    assert_eq!(service.tls.as_ref().unwrap().ca.as_deref(), Some("/data/ca.pem"));
    assert_eq!(service.bearer.as_ref().unwrap().expose(), "token-77");
    assert!(!format!("{manifest:?}").contains("token-77"));
}

#[test]
fn each_mistake_of_a_plugins_connector_is_found_at_its_place() {
    for (connector, path) in [
        ("kind = \"exec\"", "connector.command"),
        ("kind = \"exec\"\ncommand = []", "connector.command"),
        ("kind = \"exec\"\ncommand = [\"\"]", "connector.command"),
        ("kind = \"exec\"\ncommand = \"python3\"", "connector.command"),
        ("kind = \"exec\"\ncommand = [\"a\", \"${none}\"]", "connector.command"),
        (
            "kind = \"exec\"\ncommand = [\"a\"]\nenvironment = { \"A B\" = \"x\" }",
            "connector.environment",
        ),
        ("kind = \"exec\"\ncommand = [\"a\"]\nstream = true", "connector.stream"),
        ("kind = \"json\"", "connector.endpoint"),
        ("kind = \"json\"\nendpoint = \"land.example\"", "connector.endpoint"),
        (
            "kind = \"json\"\nendpoint = \"http://a\"\nbearer = \"plain\"",
            "connector.bearer",
        ),
        (
            "kind = \"json\"\nendpoint = \"http://a\"\ntls = { ca = \"x\" }",
            "connector.tls",
        ),
    ] {
        assert!(
            mistakes(&plugin(connector)).contains(&path.to_owned()),
            "{connector}: {:?}",
            mistakes(&plugin(connector))
        );
    }
}
