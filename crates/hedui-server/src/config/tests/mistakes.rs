//! Laws of mistakes: each kind is found, where it stands, with what to do; and all of them at once.
//! Leaves what may not be repeated to `secrets`.

use std::path::Path;

use hedui_core::DepartmentId;

use super::super::{Config, ConfigErrorKind};
use super::{Folder, OTHER_TOKEN, TOKEN, load, mistakes, variables};

/// The mistakes of a file alone.
fn of_file(text: &str) -> Vec<String> {
    mistakes(load(text, &[], &[]))
}

fn hint_of(text: &str) -> String {
    load(text, &[], &[]).unwrap_err().0.remove(0).hint.unwrap()
}

fn caller(id: &str, token: &str) -> String {
    format!("[[callers]]\nid = \"{id}\"\ntoken_sha256 = \"{token}\"\nroles = [\"verifier\"]\n")
}

/// One of each kind in every layer: nothing hides behind anything else.
#[test]
fn all_mistakes_of_all_layers_are_reported_at_once_and_in_order() {
    let text = "colour = 1\n\
                [server]\n\
                lisen = \"127.0.0.1:1\"\n\
                threads = \"4\"\n\
                listen = \"localhost:1\"\n\
                drain = 20\n\
                [store]\n\
                kind = \"segment\"\n\
                segment_bytes = \"64KiB\"\n\
                [catalogue]\n\
                departments = [\"housing\", \"taxation\", \"housing\", \"Taxes\"]\n\
                [catalogue.overrides.traffic-police]\n\
                dead_line = \"3s\"\n\
                [[callers]]\n\
                id = \"a\"\n\
                roles = []\n\
                [[signing_keys]]\n\
                id = \"k k\"\n\
                public_key = \"12\"\n";
    let environment = [
        ("HEDUI_SERVER__LISTEN", "x"),
        ("HEDUI__LOG__FILTER", "inof"),
        ("HEDUI__SERVER__PORT", "1"),
    ];
    let flags = [("verification.wage_tolerance_percent", "101"), ("verification", "x")];
    assert_eq!(
        mistakes(load(text, &environment, &flags)),
        [
            "1:1 KEY_UNKNOWN colour",
            "3:1 KEY_UNKNOWN server.lisen",
            "4:11 TYPE_WRONG server.threads",
            "5:10 VALUE_WRONG server.listen",
            "6:9 TYPE_WRONG server.drain",
            "8:8 VALUE_WRONG store.kind",
            "9:17 VALUE_WRONG store.segment_bytes",
            "11:39 LISTED_TWICE catalogue.departments",
            "11:50 VALUE_WRONG catalogue.departments",
            "13:1 KEY_UNKNOWN catalogue.overrides.traffic-police.dead_line",
            "14:1 KEY_MISSING callers[0].token_sha256",
            "16:9 VALUE_WRONG callers[0].roles",
            "18:6 VALUE_WRONG signing_keys[0].id",
            "19:14 VALUE_WRONG signing_keys[0].public_key",
            "HEDUI_SERVER__LISTEN KEY_UNKNOWN ",
            "HEDUI__LOG__FILTER VALUE_WRONG log.filter",
            "HEDUI__SERVER__PORT KEY_UNKNOWN server.port",
            "flag TYPE_WRONG verification",
            "flag VALUE_WRONG verification.wage_tolerance_percent",
        ]
    );
}

#[test]
fn every_setting_refuses_the_wrong_type_and_the_wrong_value() {
    let wrong_types = [
        "server = 1",
        "server.listen = 7311",
        "server.threads = 1.5",
        "server.reflection = \"true\"",
        "server.drain = 20",
        "server.max_request_bytes = true",
        "server.max_streams = \"1\"",
        "store.kind = 1",
        "store.directory = 1",
        "store.segment_bytes = 1.5",
        "store.key_file = []",
        "store.create_key = 1",
        "catalogue.directory = false",
        "catalogue.variables = []",
        "catalogue.variables.data = 1",
        "catalogue.departments = \"housing\"",
        "catalogue.departments = [1]",
        "catalogue.overrides = 1",
        "catalogue.overrides.housing = true",
        "catalogue.overrides.housing.enabled = \"no\"",
        "policy.directory = 2026-01-01",
        "verification.deadline = 10",
        "verification.max_running = \"9\"",
        "verification.wage_tolerance_percent = 0.2",
        "signing_keys = 1",
        "signing_keys = [1]",
        "callers = {}",
        "callers.id = \"a\"",
        "log.format = true",
        "log.filter = 1",
    ];
    for text in wrong_types {
        let found = of_file(text);
        assert!(
            found.len() == 1 && found[0].contains(" TYPE_WRONG "),
            "{text}: {found:?}"
        );
    }
    let wrong_values = [
        "server.listen = \"127.0.0.1\"",
        "server.threads = -1",
        "server.threads = 1025",
        "server.max_streams = 0",
        "server.max_request_bytes = 4095",
        "server.max_request_bytes = -1",
        "server.max_request_bytes = \"65MiB\"",
        "server.drain = \"601s\"",
        "store.kind = \"sled\"",
        "store.directory = \"\"",
        "store.key_file = \"a\\u0000b\"",
        "store.segment_bytes = 1048575",
        "store.segment_bytes = \"17GiB\"",
        "store.segment_bytes = \"256MB\"",
        "catalogue.variables.Data = \"x\"",
        "catalogue.variables.a__b = \"x\"",
        "catalogue.departments = []",
        "catalogue.departments = [\"Housing\"]",
        "catalogue.overrides.Housing.enabled = true",
        "catalogue.overrides.housing.deadline = \"0s\"",
        "catalogue.overrides.housing.freshness = \"367d\"",
        "verification.deadline = \"0s\"",
        "verification.deadline = \"10 s\"",
        "verification.max_running = 0",
        "verification.wage_tolerance_percent = 101",
        "verification.declared_tolerance_percent = 256",
        "verification.warn_illness_percent = 0",
        "log.format = \"xml\"",
        "log.filter = \"\"",
        "log.filter = \"hedui=louder\"",
    ];
    for text in wrong_values {
        let found = of_file(text);
        assert!(
            found.len() == 1 && found[0].contains(" VALUE_WRONG "),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn an_entry_of_a_list_refuses_what_is_missing_unknown_or_wrong_in_it() {
    assert_eq!(
        of_file("[[callers]]\n[[signing_keys]]"),
        [
            "1:1 KEY_MISSING callers[0].id",
            "1:1 KEY_MISSING callers[0].roles",
            "1:1 KEY_MISSING callers[0].token_sha256",
            "2:1 KEY_MISSING signing_keys[0].id",
            "2:1 KEY_MISSING signing_keys[0].public_key",
        ]
    );
    let text = format!(
        "{}districts = [\"51170\", \"511703\", \"511703\"]\ntoken = \"x\"\n",
        caller("a", TOKEN)
    );
    assert_eq!(
        of_file(&text),
        [
            "5:14 VALUE_WRONG callers[0].districts",
            "5:33 LISTED_TWICE callers[0].districts",
            "6:1 KEY_UNKNOWN callers[0].token",
        ]
    );
    let text = caller("a", TOKEN).replace("\"verifier\"", "\"verifier\", \"verifyer\", \"verifier\"");
    assert_eq!(
        of_file(&text),
        [
            "4:22 VALUE_WRONG callers[0].roles",
            "4:34 LISTED_TWICE callers[0].roles"
        ]
    );
}

#[test]
fn two_entries_may_not_share_what_tells_them_apart() {
    let text = format!("{}{}", caller("a", TOKEN), caller("a", OTHER_TOKEN));
    assert_eq!(of_file(&text), ["6:6 ID_TWICE callers[1].id"]);
    let text = format!("{}{}", caller("a", TOKEN), caller("b", &TOKEN.to_uppercase()));
    assert_eq!(of_file(&text), ["7:16 TOKEN_TWICE callers[1].token_sha256"]);
    let key = format!("[[signing_keys]]\nid = \"k\"\npublic_key = \"{TOKEN}\"\n");
    assert_eq!(of_file(&key.repeat(2)), ["5:6 ID_TWICE signing_keys[1].id"]);
}

#[test]
fn a_caller_may_not_be_called_local_nor_have_an_empty_token() {
    assert_eq!(of_file(&caller("local", TOKEN)), ["2:6 ID_RESERVED callers[0].id"]);
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(
        of_file(&caller("a", empty)),
        ["3:16 TOKEN_EMPTY callers[0].token_sha256"]
    );
}

#[test]
fn without_callers_no_address_that_others_reach_is_allowed() {
    for address in [
        "0.0.0.0:7311",
        "[::]:7311",
        "10.0.0.1:1",
        "[::ffff:10.0.0.1]:1",
        "8.8.8.8:1",
    ] {
        let found = of_file(&format!("[server]\nlisten = \"{address}\""));
        assert_eq!(found, ["2:10 CALLERS_MISSING server.listen"], "{address}");
    }
    let found = mistakes(load(
        "[server]\nlisten = \"127.0.0.1:1\"",
        &[("HEDUI__SERVER__LISTEN", "0.0.0.0:1")],
        &[],
    ));
    assert_eq!(found, ["HEDUI__SERVER__LISTEN CALLERS_MISSING server.listen"]);
    let found = mistakes(load(
        &caller("a", TOKEN),
        &[("HEDUI__CALLERS", "[]")],
        &[("server.listen", "0.0.0.0:1")],
    ));
    assert_eq!(found, ["flag CALLERS_MISSING server.listen"]);
}

/// A caller that cannot be read is a mistake of its own, and no reason to say that there is none.
#[test]
fn what_follows_from_another_mistake_is_not_reported() {
    let open = [("server.listen", "0.0.0.0:1")];
    let found = mistakes(load("callers = [{ id = \"a\" ", &[], &open));
    assert!(found.iter().all(|mistake| mistake.contains(" SYNTAX ")), "{found:?}");
    assert_eq!(
        mistakes(load("[[callers]]\nid = 1", &[], &open)),
        [
            "1:1 KEY_MISSING callers[0].roles",
            "1:1 KEY_MISSING callers[0].token_sha256",
            "2:6 TYPE_WRONG callers[0].id",
        ]
    );
    assert_eq!(
        mistakes(load("", &[("HEDUI__CALLERS", "[")], &open)),
        ["HEDUI__CALLERS SYNTAX callers"]
    );
    assert_eq!(mistakes(load("callers = 1", &[], &open)), ["1:11 TYPE_WRONG callers"]);
    let missing = Config::load(
        Some(Path::new("/nowhere/hedui.toml")),
        &variables(&[]),
        &super::pairs(&open),
    );
    assert_eq!(mistakes(missing), ["file FILE_UNREADABLE "]);
}

#[test]
fn an_override_of_a_department_that_is_not_listed_is_refused() {
    let text = "[catalogue]\ndepartments = [\"housing\", \"taxation\"]\n[catalogue.overrides.housng]\nenabled = false\n\
                [catalogue.overrides.taxation]\nenabled = false";
    assert_eq!(of_file(text), ["3:22 OVERRIDE_UNUSED catalogue.overrides.housng"]);
    assert_eq!(hint_of(text), "did you mean `housing`?");
}

#[test]
fn an_unknown_key_is_answered_with_what_was_probably_meant() {
    assert_eq!(hint_of("[server]\nlisen = 1"), "did you mean `server.listen`?");
    assert_eq!(hint_of("[sever]\nlisten = 1"), "did you mean `server`?");
    assert_eq!(hint_of("segment_bytes = 1"), "did you mean `store.segment_bytes`?");
    assert_eq!(hint_of("[log]\ncolour = 1"), "there are: format, filter");
    assert_eq!(hint_of("store.kind = \"segmenst\""), "did you mean \"segments\"?");
    assert_eq!(
        hint_of("catalogue.overrides.housing.enable = true"),
        "did you mean `catalogue.overrides.housing.enabled`?"
    );
    let hint = |variable: &str| load("", &[(variable, "1")], &[]).unwrap_err().0.remove(0).hint.unwrap();
    assert_eq!(hint("HEDUI__SERVER__LISEN"), "did you mean `HEDUI__SERVER__LISTEN`?");
    assert_eq!(
        hint("HEDUI__SERVER_LISTEN"),
        "there are: server, store, transparency, supervision, catalogue, policy, verification, retention, drift, signing_keys, callers, log"
    );
    assert_eq!(
        hint("HEDUI__CATALOGUE__OVERRIDES__TRAFFIC_POLICE__DEADLIN"),
        "did you mean `HEDUI__CATALOGUE__OVERRIDES__TRAFFIC_POLICE__DEADLINE`?"
    );
    assert_eq!(hint("HEDUI_SERVER__LISTEN"), "did you mean HEDUI__SERVER__LISTEN?");
}

/// The same unknown key in every layer is as many mistakes.
#[test]
fn an_unknown_key_is_reported_in_each_layer_that_has_it() {
    let found = mistakes(load(
        "[sever]\nthreads = 1",
        &[("HEDUI__SEVER__THREADS", "1")],
        &[("sever.threads", "1")],
    ));
    assert_eq!(
        found,
        [
            "1:2 KEY_UNKNOWN sever",
            "HEDUI__SEVER__THREADS KEY_UNKNOWN sever",
            "flag KEY_UNKNOWN sever"
        ]
    );
}

/// An override in the environment does not make the file right.
#[test]
fn a_wrong_value_is_reported_also_where_a_higher_layer_replaces_it() {
    let found = mistakes(load(
        "[server]\nthreads = \"x\"",
        &[("HEDUI__SERVER__THREADS", "y")],
        &[("server.threads", "3")],
    ));
    assert_eq!(
        found,
        [
            "2:11 TYPE_WRONG server.threads",
            "HEDUI__SERVER__THREADS VALUE_WRONG server.threads"
        ]
    );
    let found = mistakes(load("callers = [{ id = 1 }]", &[], &[("callers", "[]")]));
    assert_eq!(found.len(), 3, "{found:?}");
}

#[test]
fn one_layer_may_not_say_one_thing_twice() {
    let twice = [("HEDUI__SERVER__THREADS", "1"), ("HEDUI__SERVER__threads", "1")];
    assert_eq!(
        mistakes(load("", &twice, &[])),
        ["HEDUI__SERVER__threads KEY_TWICE server.threads"]
    );
    let twice = [("server.threads", "1"), ("server.threads", "2")];
    assert_eq!(mistakes(load("", &[], &twice)), ["flag KEY_TWICE server.threads"]);
    assert_eq!(of_file("[server]\nthreads = 1\nthreads = 2"), ["3:1 SYNTAX "]);
}

#[test]
fn one_mistake_is_reported_once() {
    let found = mistakes(load(
        "",
        &[("HEDUI__CATALOGUE__DEPARTMENTS", "housing,housing,housing")],
        &[],
    ));
    assert_eq!(
        found,
        ["HEDUI__CATALOGUE__DEPARTMENTS LISTED_TWICE catalogue.departments"]
    );
}

#[test]
fn a_value_and_a_table_may_not_stand_at_one_key() {
    assert_eq!(
        mistakes(load("server = 1", &[("HEDUI__SERVER__THREADS", "1")], &[])),
        ["1:10 TYPE_WRONG server"]
    );
    assert_eq!(
        mistakes(load("[server]", &[("HEDUI__SERVER", "1")], &[])),
        ["HEDUI__SERVER TYPE_WRONG server"]
    );
    assert_eq!(
        mistakes(load(
            "",
            &[("HEDUI__SERVER", "1"), ("HEDUI__SERVER__THREADS", "1")],
            &[]
        )),
        ["HEDUI__SERVER TYPE_WRONG server"]
    );
    assert_eq!(
        mistakes(load("", &[("HEDUI__CALLERS__0__ID", "a")], &[])),
        ["HEDUI__CALLERS__0__ID KEY_UNKNOWN callers.0.id"]
    );
}

#[test]
fn every_mistake_in_the_syntax_is_reported_with_those_of_the_other_layers() {
    let text = "[server]\nthreads = = 1\ndrain = \"20s\nreflection = tru\n[store]\n";
    let found = mistakes(load(text, &[], &[("server.threads", "x")]));
    let lines: Vec<&str> = found
        .iter()
        .filter(|line| line.contains(" SYNTAX "))
        .map(|line| &line[..1])
        .collect();
    assert_eq!(lines, ["2", "2", "3", "4"], "{found:?}");
    assert!(found.last().unwrap().starts_with("flag VALUE_WRONG"), "{found:?}");
}

#[test]
fn columns_count_characters() {
    assert_eq!(
        of_file("server = { drain = \"20s\", \"核对\" = 1, drian = 2 }"),
        ["1:27 KEY_UNKNOWN server.核对", "1:37 KEY_UNKNOWN server.drian"]
    );
}

#[test]
fn a_file_beyond_all_bounds_or_not_of_text_is_not_read() {
    let folder = Folder::with(&"#".repeat((1 << 20) + 1));
    assert_eq!(
        mistakes(Config::load(Some(&folder.file()), &variables(&[]), &[])),
        ["file FILE_UNREADABLE "]
    );
    let folder = Folder::with(&"#".repeat(1 << 20));
    assert!(Config::load(Some(&folder.file()), &variables(&[]), &[]).is_ok());
    std::fs::write(folder.file(), [0xff, 0xfe]).unwrap();
    assert_eq!(
        mistakes(Config::load(Some(&folder.file()), &variables(&[]), &[])),
        ["file FILE_UNREADABLE "]
    );
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused() {
    let found = mistakes(load("", &[("HEDUI__STORE__DIRECTORY", "a\u{fffd}b")], &[]));
    assert_eq!(found, ["HEDUI__STORE__DIRECTORY VALUE_WRONG store.directory"]);
}

#[test]
fn a_mistake_says_where_it_stands_what_is_wrong_and_what_to_do() {
    let folder = Folder::with("[server]\nlisen = 1\nthreads = 9999");
    let path = folder.file();
    let errors = Config::load(Some(&path), &variables(&[("HEDUI__LOG__FORMAT", "xml")]), &[]).unwrap_err();
    assert_eq!(errors.kind(), ConfigErrorKind::Config);
    assert_eq!(
        errors.to_string(),
        format!(
            "{path}:2:1: KEY_UNKNOWN: there is no setting `server.lisen` (hint: did you mean `server.listen`?)\n\
             {path}:3:11: VALUE_WRONG: `server.threads` must be a whole number from 0 to 1024, not `9999`\n\
             environment HEDUI__LOG__FORMAT: VALUE_WRONG: `log.format` must be \"text\" or \"json\", not `xml`",
            path = path.display()
        )
    );
}

#[test]
fn departments_that_the_catalogue_does_not_have_are_found_where_they_stand() {
    let text = "[catalogue]\ndepartments = [\"housing\", \"taxaton\"]\n[catalogue.overrides.taxaton]\nenabled = true";
    let loaded = load(text, &[], &[]).unwrap();
    let known = ["housing", "taxation"].map(|id| DepartmentId::new(id).unwrap());
    let errors = loaded
        .check_departments(&known.iter().collect::<Vec<_>>())
        .map(|()| loaded.clone());
    let hint = errors.as_ref().unwrap_err().0[0].hint.clone();
    assert_eq!(hint.as_deref(), Some("did you mean `taxation`?"));
    assert_eq!(
        mistakes(errors),
        [
            "2:15 DEPARTMENT_UNKNOWN catalogue.departments",
            "4:11 DEPARTMENT_UNKNOWN catalogue.overrides.taxaton",
        ]
    );
    let all = ["housing", "taxaton"].map(|id| DepartmentId::new(id).unwrap());
    assert_eq!(loaded.check_departments(&all.iter().collect::<Vec<_>>()), Ok(()));
}

proptest::proptest! {
    /// Whatever stands in the file, the environment and the flags: an answer, and an order of mistakes that does not depend on chance.
    #[test]
    fn no_input_makes_loading_panic(text in "(\\[?[a-z.]{1,9}\\]?( = (1|\"x\"|\\[|\\{|true))?\n){0,6}", name in "[A-Z_]{0,12}", value in ".{0,12}") {
        let variable = format!("HEDUI__{name}");
        let once = || load(&text, &[(&variable, &value)], &[(&name, &value)]).map_err(|errors| {
            errors.0.iter().map(|mistake| (mistake.key.clone(), mistake.reason)).collect::<Vec<_>>()
        });
        let (first, second) = (once(), once());
        proptest::prop_assert_eq!(first.is_ok(), second.is_ok());
        if let (Err(first), Err(second)) = (first, second) {
            proptest::prop_assert!(!first.is_empty());
            proptest::prop_assert_eq!(first, second);
        }
    }
}
