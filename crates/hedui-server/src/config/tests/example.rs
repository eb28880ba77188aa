//! Laws of the example file: it is right, and it names everything there is.
//! Leaves the rules themselves to its neighbours.

use std::path::Path;

use super::super::{Config, LogFormat, Role};
use super::{from_file, variables};

const EXAMPLE: &str = include_str!("../../../examples/hedui.toml");

#[test]
fn the_example_is_read_without_a_mistake() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hedui.toml");
    let config = Config::load(Some(&path), &variables(&[]), &[]).unwrap().config;
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.callers.len(), 2);
    assert_eq!(config.callers[1].roles, [Role::Auditor]);
    assert_eq!(config.catalogue.overrides.len(), 2);
}

/// Whoever takes the example over as it is must not trust somebody else's key.
#[test]
fn the_example_trusts_no_signing_key() {
    assert_eq!(from_file(EXAMPLE).signing_keys, []);
}

/// `# threads = 0    # worker threads` without its first sign.
fn uncommented(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("# ")?;
    let (key, _) = rest.split_once(" = ")?;
    key.bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        .then_some(rest)
}

/// Paths, departments, the staff register and a signing key commented out are examples, everything else is the default as the comment at the top promises.
#[test]
fn what_is_commented_out_is_the_default() {
    let sections = EXAMPLE.lines().filter_map(|line| {
        let section = line.starts_with('[') && !line.starts_with("[[");
        if section { Some(line) } else { uncommented(line) }
    });
    let kept: Vec<&str> = sections
        .filter(|line| {
            !line.starts_with("directory")
                && !line.starts_with("departments")
                && !line.starts_with("staff_file")
                && !line.starts_with("key_command")
        })
        .filter(|line| !line.starts_with("[catalogue.") && !line.starts_with("id") && !line.starts_with("public_key"))
        .collect();
    assert!(kept.len() > 12, "{kept:?}");
    assert_eq!(from_file(&kept.join("\n")), Config::default());
}

#[test]
fn every_setting_is_in_the_example() {
    let everything: String =
        EXAMPLE
            .lines()
            .map(|line| uncommented(line).unwrap_or(line))
            .fold(String::new(), |mut text, line| {
                text.push_str(line);
                text.push('\n');
                text
            });
    let table: toml::Table = everything.parse().unwrap();
    let origins = Config::load(None, &variables(&[]), &[]).unwrap().origins;
    assert!(origins.len() > 15);
    for setting in origins {
        let (section, key) = setting.key.split_once('.').unwrap();
        assert!(
            table[section].get(key).is_some(),
            "{} is not in the example",
            setting.key
        );
    }
}
