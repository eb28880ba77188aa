//! Laws of the layers: the later wins, and every setting knows where it came from.
//! Leaves what is refused to `mistakes`.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::{Config, LogFormat, Origin, Position, Role, StoreKind};
use super::{Folder, OTHER_TOKEN, TOKEN, from_file, load, pairs, variables};

#[test]
fn with_nothing_said_everything_is_the_default() {
    let loaded = Config::load(None, &variables(&[]), &[]).unwrap();
    assert_eq!(loaded.config, Config::default());
    assert!(loaded.origins.iter().all(|setting| setting.origin == Origin::Default));
    assert!(!loaded.config.authenticates());
    assert_eq!(from_file(""), Config::default());
}

#[test]
fn the_defaults_are_as_documented() {
    let config = Config::default();
    assert_eq!(config.server.listen, SocketAddr::from(([127, 0, 0, 1], 7_311)));
    assert_eq!(config.store.key_file, PathBuf::from("hedui-data/master.key"));
    assert_eq!(
        (config.store.kind, config.store.segment_bytes),
        (StoreKind::Segments, 268_435_456)
    );
    assert_eq!(
        (config.server.max_request_bytes, config.server.drain),
        (1_048_576, Duration::from_secs(20))
    );
}

/// Every subset of the layers: the highest that speaks wins, and is named.
#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    for said in 0..8_u8 {
        let [file, environment, flag] = [said & 1 != 0, said & 2 != 0, said & 4 != 0];
        let text = if file { "[server]\nthreads = 1" } else { "" };
        let environment = if environment {
            &[("HEDUI__SERVER__THREADS", "2")][..]
        } else {
            &[]
        };
        let flags = if flag { &[("server.threads", "3")][..] } else { &[] };
        let loaded = load(text, environment, flags).unwrap();
        let (threads, origin) = (loaded.config.server.threads, loaded.origin("server.threads").unwrap());
        match said {
            4.. => assert_eq!((threads, origin), (3, &Origin::Flag("server.threads".to_owned()))),
            2.. => assert_eq!(
                (threads, origin),
                (2, &Origin::Environment("HEDUI__SERVER__THREADS".to_owned()))
            ),
            1 => {
                assert_eq!(threads, 1);
                let at = Some(Position { line: 2, column: 11 });
                assert!(
                    matches!(origin, Origin::File { position, .. } if *position == at),
                    "{origin:?}"
                );
            }
            0 => assert_eq!((threads, origin), (0, &Origin::Default)),
        }
    }
}

#[test]
fn a_layer_that_says_one_thing_leaves_the_others_as_they_are() {
    let text = "[server]\nthreads = 1\nreflection = false\n[catalogue.overrides.housing]\ndeadline = \"2s\"";
    let environment = [
        ("HEDUI__SERVER__THREADS", "2"),
        ("HEDUI__CATALOGUE__OVERRIDES__HOUSING__ENABLED", "false"),
    ];
    let config = load(text, &environment, &[]).unwrap().config;
    assert_eq!((config.server.threads, config.server.reflection), (2, false));
    let housing = config.catalogue.overrides.values().next().unwrap();
    assert_eq!(
        (housing.enabled, housing.deadline),
        (Some(false), Some(Duration::from_secs(2)))
    );
}

/// Every kind of setting can be said in the environment and by a flag, and means the same as in the file.
#[test]
fn every_layer_can_say_every_kind_of_setting() {
    let callers = format!(
        "[{{ id = \"a\", token_sha256 = \"{TOKEN}\", roles = [\"auditor\", \"peer\"], districts = [\"511703\"], departments = [\"housing\"] }}]"
    );
    let keys = format!("[{{ id = \"k\", public_key = \"{OTHER_TOKEN}\" }}]");
    let witnesses = format!(
        "[{{ name = \"w\", url = \"http://w.example/\", key = \"{}\" }}]",
        super::witness_key(1)
    );
    let file = format!(
        "callers = {callers}\nsigning_keys = {keys}\n[server]\nlisten = \"[::]:1\"\nthreads = 0x10\nreflection = false\n\
         max_request_bytes = 65_536\nmax_streams = 7\ndrain = \"0s\"\n\
         [store]\nkind = \"memory\"\ndirectory = \"/d\"\nsegment_bytes = \"1MiB\"\nkey_file = \"/k\"\ncreate_key = false\n\
         key_command = [\"kms\", \"get\"]\nscrub_bytes_per_second = \"1MiB\"\n\
         [transparency]\nname = \"evidence.example\"\nkey_file = \"/l\"\ncheckpoint_every = \"2s\"\nquorum = 1\n\
         witnesses = {witnesses}\n\
         [supervision]\nstaff_file = \"/s\"\n\
         [catalogue]\ndirectory = \"/a\"\ndepartments = [\"housing\", \"traffic-police\"]\nvariables.two_words = \"v\"\n\
         overrides.traffic-police.freshness = \"7d\"\n[policy]\ndirectory = \"/p\"\n[verification]\ndeadline = \"500ms\"\n\
         max_running = 1\nwage_tolerance_percent = 0\ndeclared_tolerance_percent = 100\n\
         warn_illness_percent = 250\nwarn_line_percent = 0\n\
         [retention]\nkeep_years = 7\nfreeze_after_days = 90\nexpiry_per_second = 5\n\
         [drift]\nblock_persons = 50\nblocks = 1\nshare_points = 100\namount_times = 10\n[log]\nformat = \"json\"\nfilter = \"warn\""
    );
    let said = [
        ("callers", callers.as_str()),
        ("signing_keys", &keys),
        ("server.listen", "[::]:1"),
        ("server.threads", "16"),
        ("server.reflection", "false"),
        ("server.max_request_bytes", "64KiB"),
        ("server.max_streams", "7"),
        ("server.drain", "0s"),
        ("store.kind", "memory"),
        ("store.directory", "/d"),
        ("store.segment_bytes", "1048576"),
        ("store.key_file", "/k"),
        ("store.create_key", "false"),
        ("store.key_command", "kms, get"),
        ("store.scrub_bytes_per_second", "1MiB"),
        ("transparency.name", "evidence.example"),
        ("transparency.key_file", "/l"),
        ("transparency.checkpoint_every", "2000ms"),
        ("transparency.quorum", "1"),
        ("transparency.witnesses", &witnesses),
        ("supervision.staff_file", "/s"),
        ("catalogue.directory", "/a"),
        ("catalogue.departments", "housing, traffic-police"),
        ("catalogue.variables.two_words", "v"),
        ("catalogue.overrides.traffic-police.freshness", "7d"),
        ("policy.directory", "/p"),
        ("verification.deadline", "500ms"),
        ("verification.max_running", "1"),
        ("verification.wage_tolerance_percent", "0"),
        ("verification.declared_tolerance_percent", "100"),
        ("verification.warn_illness_percent", "250"),
        ("verification.warn_line_percent", "0"),
        ("retention.keep_years", "7"),
        ("retention.freeze_after_days", "90"),
        ("retention.expiry_per_second", "5"),
        ("drift.block_persons", "50"),
        ("drift.blocks", "1"),
        ("drift.share_points", "100"),
        ("drift.amount_times", "10"),
        ("log.format", "json"),
        ("log.filter", "warn"),
    ];
    let names = said.map(|(key, value)| {
        let name = key.to_uppercase().replace('.', "__").replace('-', "_");
        (format!("HEDUI__{name}"), value.to_owned())
    });
    let by_file = load(&file, &[], &[]).unwrap();
    let by_environment = Config::load(None, &names.into_iter().collect(), &[]).unwrap();
    let by_flags = Config::load(None, &variables(&[]), &pairs(&said)).unwrap();
    assert_eq!(by_file.config, by_environment.config);
    assert_eq!(by_file.config, by_flags.config);

    let config = by_file.config;
    assert_eq!(
        (
            config.server.threads,
            config.server.max_request_bytes,
            config.log.format
        ),
        (16, 65_536, LogFormat::Json)
    );
    assert_eq!(config.callers[0].roles, [Role::Auditor, Role::Peer]);
    assert_eq!(config.callers[0].token_sha256[..2], [0xba, 0x78]);
    // Nothing was left at its default: `said` is all there is, so that no kind is forgotten here.
    let unsaid: Vec<_> = by_flags
        .origins
        .iter()
        .filter(|setting| setting.origin == Origin::Default)
        .collect();
    let keys: Vec<_> = unsaid.iter().map(|setting| setting.key.as_str()).collect();
    let rest = ["deadline", "enabled"].map(|key| format!("catalogue.overrides.traffic-police.{key}"));
    assert!(keys.iter().all(|key| rest.contains(&(*key).to_owned())), "{keys:?}");
}

#[test]
fn a_list_of_tables_is_replaced_as_a_whole() {
    let text = format!("[[callers]]\nid = \"a\"\ntoken_sha256 = \"{TOKEN}\"\nroles = [\"auditor\"]");
    let list = format!("[{{ id = \"b\", token_sha256 = \"{TOKEN}\", roles = [\"operator\"] }}]");
    let loaded = load(&text, &[("HEDUI__CALLERS", &list)], &[]).unwrap();
    let ids: Vec<_> = loaded.config.callers.iter().map(|caller| caller.id.as_str()).collect();
    assert_eq!(ids, ["b"]);
    assert_eq!(
        loaded.origin("callers[0].id"),
        Some(&Origin::Environment("HEDUI__CALLERS".to_owned()))
    );
    assert_eq!(
        loaded
            .origins
            .iter()
            .filter(|setting| setting.key == "callers[0].id")
            .count(),
        1
    );
}

#[test]
fn a_relative_path_in_the_file_starts_at_its_folder_and_elsewhere_at_the_working_directory() {
    let folder = Folder::with("store.directory = \"data\"\npolicy.directory = \"/packs\"");
    let environment = variables(&[("HEDUI__CATALOGUE__DIRECTORY", "adapters")]);
    let config = Config::load(Some(&folder.file()), &environment, &[]).unwrap().config;
    assert_eq!(config.store.directory, folder.folder.path().join("data"));
    assert_eq!(
        config.store.key_file,
        folder.folder.path().join("data/master.key"),
        "the key follows the directory"
    );
    assert_eq!(config.policy.directory.as_deref(), Some(Path::new("/packs")));
    assert_eq!(config.catalogue.directory.as_deref(), Some(Path::new("adapters")));
}

#[test]
fn variables_that_are_no_settings_are_passed_over() {
    let environment = variables(&[
        ("PATH", "/bin"),
        ("HEDUI_SERVER", "x"),
        ("HEDUI_CONFIG", "y"),
        ("OTHER__SERVER__LISTEN", "z"),
    ]);
    assert_eq!(Config::load(None, &environment, &[]).unwrap().config, Config::default());
}

#[test]
fn the_process_environment_is_read_for_hedui_only() {
    assert!(
        super::super::read_environment()
            .keys()
            .all(|name| name.starts_with("HEDUI_"))
    );
}

#[test]
fn without_callers_every_loopback_address_is_allowed() {
    for address in ["127.0.0.1:1", "127.9.9.9:0", "[::1]:7311", "[::ffff:127.0.0.1]:1"] {
        assert!(load("", &[], &[("server.listen", address)]).is_ok(), "{address}");
    }
}

#[test]
fn with_callers_every_address_is_allowed() {
    let text = format!(
        "server.listen = \"0.0.0.0:1\"\n[[callers]]\nid = \"a\"\ntoken_sha256 = \"{TOKEN}\"\nroles = [\"operator\"]\n\
         [[callers]]\nid = \"b\"\ntoken_sha256 = \"{OTHER_TOKEN}\"\nroles = [\"verifier\"]\ndistricts = [\"511703\", \"511702\"]"
    );
    let config = from_file(&text);
    assert!(config.authenticates());
    assert_eq!(config.callers[0].districts, None);
    assert_eq!(
        config.callers[1].districts,
        Some(vec!["511703".to_owned(), "511702".to_owned()])
    );
}
