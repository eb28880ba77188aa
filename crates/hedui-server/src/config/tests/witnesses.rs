//! Laws of the settings around witnesses: the broker's list of them, and those of `hedui witness`.
//! Leaves the layers to `precedence`.

use std::path::Path;

use super::super::WitnessConfig;
use super::{Folder, from_file, load, mistakes, pairs, witness_key};

fn witness(name: &str, at: u8) -> String {
    format!(
        "[[transparency.witnesses]]\nname = \"{name}\"\nurl = \"https://{name}.example/w/\"\nkey = \"{}\"\n",
        witness_key(at)
    )
}

fn log_key(origin: &str) -> String {
    let key = hedui_log::note::SigningKey::from_seed(origin, [3; 32]).unwrap();
    key.verifier().to_string()
}

#[test]
fn witnesses_are_read_in_their_order() {
    let text = format!("[transparency]\nquorum = 2\n{}{}", witness("a", 1), witness("b", 2));
    let transparency = from_file(&text).transparency;
    assert_eq!(transparency.quorum, 2);
    let all: Vec<_> = transparency
        .witnesses
        .iter()
        .map(|w| (w.name.as_str(), w.url.as_str()))
        .collect();
    assert_eq!(all, [("a", "https://a.example/w"), ("b", "https://b.example/w")]);
    assert_eq!(transparency.witnesses[1].key.to_string(), witness_key(2));
}

#[test]
fn what_no_policy_could_say_is_refused() {
    let of = |text: String| mistakes(load(&text, &[], &[]));
    let twice = of(format!("{}{}", witness("a", 1), witness("a", 2)));
    assert_eq!(twice, ["6:8 ID_TWICE transparency.witnesses[1].name"]);
    let same_key = of(format!("{}{}", witness("a", 1), witness("b", 1)));
    assert_eq!(same_key, ["8:7 KEY_TWICE transparency.witnesses[1].key"]);
    assert_eq!(
        of(witness("none", 1)),
        ["2:8 ID_RESERVED transparency.witnesses[0].name"]
    );
    let unreachable = of(format!("[transparency]\nquorum = 2\n{}", witness("a", 1)));
    assert_eq!(unreachable, ["2:10 QUORUM_UNREACHABLE transparency.quorum"]);
    let many: String = (0..33).map(|at| witness(&format!("w{at}"), at)).collect();
    assert_eq!(of(many), ["130:8 TOO_MANY transparency.witnesses"]);
    for (from, to, key) in [
        ("https://a.example/w/", "ftp://a.example", "url"),
        ("https://a.example/w/", "https://user:word@a.example", "url"),
        ("https://a.example/w/", "https://a.example/?a=b", "url"),
        ("https://a.example/w/", "a.example", "url"),
        (witness_key(1).as_str(), "w1.example+00000000+AAAA", "key"),
        (witness_key(1).as_str(), log_key("w1.example").as_str(), "key"),
        ("\"a\"", "\"a b\"", "name"),
    ] {
        let found = of(witness("a", 1).replace(from, to));
        assert_eq!(found.len(), 1, "{to}: {found:?}");
        assert!(
            found[0].ends_with(&format!("VALUE_WRONG transparency.witnesses[0].{key}")),
            "{found:?}"
        );
    }
    let spelled = mistakes(load("", &[("HEDUI__TRANSPARENCY__WITNESSES__0__NAME", "a")], &[]));
    assert_eq!(spelled.len(), 1);
    assert!(spelled[0].contains("KEY_UNKNOWN"), "{spelled:?}");
}

/// What stands commented out in the example is right once its names are filled in.
#[test]
fn the_example_of_a_witness_is_right() {
    let example = include_str!("../../../examples/hedui.toml");
    let block = example
        .lines()
        .skip_while(|line| *line != "# [[transparency.witnesses]]");
    let lines = block
        .take_while(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim());
    let text: Vec<&str> = lines.collect();
    assert_eq!(
        from_file(&text.join("\n")).transparency.witnesses[0].name,
        "audit-bureau"
    );
}

fn of_witness(text: &str, flags: &[(&str, &str)]) -> Result<WitnessConfig, super::super::ConfigErrors> {
    let folder = Folder::with(text);
    WitnessConfig::load(Some(&folder.file()), &pairs(flags))
}

#[test]
fn a_witness_needs_a_name_and_takes_the_rest_from_file_and_flags() {
    let config = of_witness("[witness]\nname = \"w.example\"\n", &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:7312");
    assert_eq!(config.key_file, Path::new("hedui-witness/witness.key"));
    assert!(config.create_key && config.logs.is_empty());
    let (one, two) = (log_key("one.example/2026"), log_key("two.example/2026"));
    let said = [
        ("witness.name", "v.example"),
        ("witness.logs", &format!("{one},{two}")),
        ("witness.listen", "[::1]:0"),
    ];
    let config = of_witness("[witness]\nname = \"w.example\"\ndirectory = \"/d\"\n", &said).unwrap();
    assert_eq!((config.name.as_str(), config.logs.len()), ("v.example", 2));
    assert_eq!(config.key_file, Path::new("/d/witness.key"));

    assert_eq!(mistakes_of(of_witness("", &[])), ["KEY_MISSING witness.name"]);
    let text = format!(
        "[witness]\nname = \"a b\"\nlogs = [\"{one}\", \"{one}\", \"{}\"]\ncolour = 1\n[server]\nthreads = 1\n",
        witness_key(1)
    );
    let found = mistakes_of(of_witness(&text, &[]));
    assert_eq!(
        found,
        [
            "VALUE_WRONG witness.name",
            "LISTED_TWICE witness.logs",
            "VALUE_WRONG witness.logs",
            "KEY_UNKNOWN witness.colour",
            "KEY_UNKNOWN server"
        ]
    );
}

fn mistakes_of(loaded: Result<WitnessConfig, super::super::ConfigErrors>) -> Vec<String> {
    let mistakes = loaded.unwrap_err().0;
    mistakes
        .iter()
        .map(|mistake| format!("{} {}", mistake.reason, mistake.key))
        .collect()
}

#[test]
fn the_witness_of_the_deployment_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/hedui-witness.toml");
    let config = WitnessConfig::load(Some(&path), &[]).unwrap();
    assert_eq!(config.name, "witness.audit.example");
    assert!(!config.create_key);
}
