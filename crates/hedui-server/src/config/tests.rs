//! Laws of the configuration as a whole; each file below takes one side of it.
//! Leaves units, hints and the log to the tests beside them.

mod example;
mod mistakes;
mod precedence;
mod retention;
mod secrets;
mod witnesses;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Config, ConfigErrors, Loaded};

/// SHA-256 of `abc` and of `abcd`, written by hand.
const TOKEN: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const OTHER_TOKEN: &str = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589";

/// The verifier key of a witness.
fn witness_key(at: u8) -> String {
    let key = hedui_log::cosignature::CosigningKey::from_seed(&format!("w{at}.example"), [at; 32]);
    key.unwrap().verifier().to_string()
}

/// A folder with a file of this text.
struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    fn with(text: &str) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("hedui.toml"), text).unwrap();
        Folder { folder }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("hedui.toml")
    }
}

/// Loads from a file of this text, variables and flags.
fn load(text: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    let folder = Folder::with(text);
    Config::load(Some(&folder.file()), &variables(environment), &pairs(flags))
}

fn variables(environment: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs(environment).into_iter().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

/// The settings of a file alone.
fn from_file(text: &str) -> Config {
    load(text, &[], &[]).unwrap().config
}

/// The mistakes, each as `line:column REASON key` or `variable REASON key` or `flag REASON key`.
fn mistakes(loaded: Result<Loaded, ConfigErrors>) -> Vec<String> {
    let place = |origin: &super::Origin| match origin {
        super::Origin::File { position: Some(at), .. } => format!("{}:{}", at.line, at.column),
        super::Origin::File { position: None, .. } => "file".to_owned(),
        super::Origin::Environment(variable) => variable.clone(),
        super::Origin::Flag(_) => "flag".to_owned(),
        super::Origin::Default => "default".to_owned(),
    };
    let errors = loaded.expect_err("mistakes").0;
    errors
        .iter()
        .map(|mistake| format!("{} {} {}", place(&mistake.origin), mistake.reason, mistake.key))
        .collect()
}
