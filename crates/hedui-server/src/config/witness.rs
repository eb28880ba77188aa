//! The settings of `hedui witness`: defaults, then a TOML file, then flags; one checked value.
//! Leaves the broker's settings to `resolve`, and opening what is named here to `witness`.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use hedui_log::note::VerifierKey;

use super::forms::{ADDRESS, KEY_NAME, LOG_KEY};
use super::kinds::{FilePath, ListOf, Switch};
use super::read::{Reader, Section};
use super::{ConfigErrors, Log, layers, resolve};

/// All settings of a witness, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessConfig {
    /// What its key is called: in every cosignature, in every auditor's policy.
    pub name: String,
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Where it keeps what it cosigned last of each log.
    pub directory: PathBuf,
    /// The secret of its key.
    pub key_file: PathBuf,
    /// Whether a missing key file is made, with mode 0600, at the first start.
    pub create_key: bool,
    /// The keys of the logs that it witnesses; a key's name is its log's origin.
    pub logs: Vec<VerifierKey>,
    /// What is logged, and how.
    pub log: Log,
}

impl WitnessConfig {
    /// Reads and checks every setting: defaults, then `file`, then `flags` (dotted keys such as `witness.listen`). Relative paths in
    /// the file are relative to its folder.
    ///
    /// # Errors
    /// Every mistake at once.
    pub fn load(file: Option<&Path>, flags: &[(String, String)]) -> Result<WitnessConfig, ConfigErrors> {
        // No environment: on a machine with a broker too, its variables would be mistakes here.
        let layers = layers::merge(file, &BTreeMap::new(), flags);
        let mut reader = Reader::new(layers.report);
        let mut root = Section::root(layers.root);
        let mut section = root.section(&mut reader, "witness");
        let name = section.required(&mut reader, "name", &KEY_NAME);
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 7_312));
        let listen = section.value(&mut reader, "listen", &ADDRESS, listen).value;
        let directory = PathBuf::from("hedui-witness");
        let directory = section.value(&mut reader, "directory", &FilePath, directory).value;
        let key_file = directory.join("witness.key");
        let key_file = section.value(&mut reader, "key_file", &FilePath, key_file).value;
        let create_key = section.value(&mut reader, "create_key", &Switch, true).value;
        let logs = section.optional(&mut reader, "logs", &ListOf(LOG_KEY), "(none)");
        section.end(&mut reader);
        let log = resolve::log(&mut root, &mut reader);
        root.end(&mut reader);
        let (report, _) = reader.finish();
        report.finish()?;
        Ok(WitnessConfig {
            // Where it is missing, that has been reported.
            name: name.map(|name| name.value).unwrap_or_default(),
            listen,
            directory,
            key_file,
            create_key,
            logs: logs.unwrap_or_default(),
            log,
        })
    }
}
