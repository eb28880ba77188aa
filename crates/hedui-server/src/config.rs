//! The settings of hedui: defaults, then a TOML file, then the environment, then flags; resolved into one checked value.
//! Leaves opening what the settings name (store, key, catalogue, packs) to `serve`, and flags to the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hedui_broker::RetentionPeriods;
use hedui_core::DepartmentId;
use hedui_core::drift::DriftLimits;
use hedui_core::finding::EarlyWarnings;
use hedui_log::note::VerifierKey;

mod access;
mod contradictions;
mod forms;
mod hint;
mod kinds;
mod layers;
pub mod logging;
mod mistake;
mod origin;
mod raw;
mod read;
mod resolve;
mod units;
mod unknown;
mod witness;

pub use layers::read_environment;
pub use mistake::{ConfigErrorKind, ConfigErrors, Mistake};
pub use origin::{Loaded, Origin, Position, Setting};
pub use witness::WitnessConfig;

/// Who every caller is where no callers are configured. No configured caller may have this id.
pub const LOCAL_CALLER: &str = "local";

/// All settings, checked. `Config::default()` is what `hedui` runs with when nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The gRPC server.
    pub server: Server,
    /// Where evidence is kept.
    pub store: Store,
    /// How the evidence is made provable.
    pub transparency: Transparency,
    /// Who is watched by whom.
    pub supervision: Supervision,
    /// Which departments there are.
    pub catalogue: Catalogue,
    /// Which policy packs there are.
    pub policy: Policy,
    /// How verifications run.
    pub verification: Verification,
    /// How long cases are read and kept.
    pub retention: RetentionPeriods,
    /// When departments no longer answer as they used to.
    pub drift: DriftLimits,
    /// Signing services whose electronic signatures of letters count.
    pub signing_keys: Vec<SigningKey>,
    /// Who may call. Empty only on a loopback address; then everyone is [`LOCAL_CALLER`] with all roles.
    pub callers: Vec<Caller>,
    /// What is logged, and how.
    pub log: Log,
}

/// The gRPC server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it listens; port 0 takes any free one.
    pub listen: SocketAddr,
    /// Worker threads; 0 is one per core.
    pub threads: usize,
    /// Whether clients may ask for the protocol's description.
    pub reflection: bool,
    /// The largest request, in bytes.
    pub max_request_bytes: usize,
    /// How many calls one connection may have under way.
    pub max_streams: u32,
    /// How long calls under way may take to end after a stop was asked for.
    pub drain: Duration,
}

impl Default for Server {
    fn default() -> Server {
        Server {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 7_311)),
            threads: 0,
            reflection: true,
            max_request_bytes: 1 << 20,
            max_streams: 1_024,
            drain: Duration::from_secs(20),
        }
    }
}

/// What keeps the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreKind {
    /// Segment files and their index in a directory.
    Segments,
    /// Memory: gone when the process ends. For trials.
    Memory,
}

/// Where evidence is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// What keeps it.
    pub kind: StoreKind,
    /// The directory of the segments.
    pub directory: PathBuf,
    /// A segment is closed before it grows beyond this, in bytes.
    pub segment_bytes: u64,
    /// The master key that wraps all others.
    pub key_file: PathBuf,
    /// Whether a missing key file is made, with mode 0600, at the first start.
    pub create_key: bool,
    /// A program whose standard output is the master key, in place of the key file: for key stores and hardware.
    pub key_command: Option<Vec<String>>,
    /// How many bytes a second of finished segments are read again, to find damage before it is needed; 0 for never.
    pub scrub_bytes_per_second: u64,
}

impl Store {
    /// Where the master key lies when nothing is said.
    pub(crate) fn key_file_in(directory: &Path) -> PathBuf {
        directory.join("master.key")
    }
}

impl Default for Store {
    fn default() -> Store {
        let directory = PathBuf::from("hedui-data");
        Store {
            kind: StoreKind::Segments,
            key_file: Store::key_file_in(&directory),
            directory,
            segment_bytes: 256 << 20,
            create_key: true,
            key_command: None,
            scrub_bytes_per_second: 8 << 20,
        }
    }
}

/// How the evidence is made provable: the logs of districts and years, and their checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transparency {
    /// What every log's origin begins with: a name that the operator owns, without scheme.
    pub name: String,
    /// The secret of which the logs' signing keys follow.
    pub key_file: PathBuf,
    /// How often checkpoints are signed, where there is anything new.
    pub checkpoint_every: Duration,
    /// Who is asked to cosign them.
    pub witnesses: Vec<Witness>,
    /// How many of them must have cosigned what auditors are given.
    pub quorum: usize,
}

/// A witness that checkpoints are shown to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What policies call it.
    pub name: String,
    /// Its submission prefix, without `/add-checkpoint` and without a slash at the end.
    pub url: String,
    /// The key that it cosigns with.
    pub key: VerifierKey,
}

impl Transparency {
    /// Where the secret lies when nothing is said.
    pub(crate) fn key_file_in(directory: &Path) -> PathBuf {
        directory.join("log.key")
    }
}

impl Default for Transparency {
    fn default() -> Transparency {
        Transparency {
            name: "hedui.local".to_owned(),
            key_file: Transparency::key_file_in(&Store::default().directory),
            checkpoint_every: Duration::from_secs(1),
            witnesses: Vec::new(),
            quorum: 0,
        }
    }
}

/// What supervision needs to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supervision {
    /// The staff register: who works with the system, with their own number and those of their close relatives.
    pub staff_file: Option<PathBuf>,
}

/// Which departments there are. Its `Debug` leaves the values of the variables out: they may hold credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The folder of the departments' folders; `None` for the catalogue that is compiled in.
    pub directory: Option<PathBuf>,
    /// What `${name}` stands for in the manifests.
    pub variables: BTreeMap<String, String>,
    /// Only these departments, where given. Their ids are well formed; whether they exist is [`Loaded::check_departments`].
    pub departments: Option<Vec<String>>,
    /// What differs from the manifests here.
    pub overrides: BTreeMap<DepartmentId, Override>,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue")
            .field("directory", &self.directory)
            .field("variables", &self.variables.keys())
            .field("departments", &self.departments)
            .field("overrides", &self.overrides)
            .finish()
    }
}

/// What differs from a department's manifest here; `None` leaves it as it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Override {
    /// Whether it is asked at all.
    pub enabled: Option<bool>,
    /// How long it may take to answer.
    pub deadline: Option<Duration>,
    /// For how long its answer may be used again.
    pub freshness: Option<Duration>,
}

/// Which policy packs there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The folder of the packs; `None` for those that are compiled in.
    pub directory: Option<PathBuf>,
}

/// How verifications run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Longest time for all departments of one verification, where the request says nothing.
    pub deadline: Duration,
    /// Most verifications under way at once.
    pub max_running: usize,
    /// How far two registers of one wage may differ before it is a finding, in per cent of the greater.
    pub wage_tolerance_percent: u8,
    /// How far the declared may differ from the found before it is a finding, in per cent of the declared.
    pub declared_tolerance_percent: u8,
    /// What a re-evaluation warns of.
    pub early_warnings: EarlyWarnings,
}

impl Default for Verification {
    fn default() -> Verification {
        Verification {
            deadline: Duration::from_secs(10),
            max_running: 4_096,
            wage_tolerance_percent: 20,
            declared_tolerance_percent: 10,
            early_warnings: EarlyWarnings::default(),
        }
    }
}

/// A signing service that the district trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// As `key_id` of an electronic signature names it.
    pub id: String,
    /// Ed25519. That it is a point of the curve is for whoever verifies with it.
    pub public_key: [u8; 32],
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Create verifications and read their reports.
    Verifier,
    /// Read proofs, samples and the access log.
    Auditor,
    /// See the departments' health, reload packs, run simulations.
    Operator,
    /// Read single cases in disputes, also frozen ones, with a stated reason; place and release legal holds.
    Dispute,
    /// Freeze cases, request and approve their destruction.
    Archivist,
    /// Answer for offices without a system: those that `departments` names.
    Office,
    /// Another hedui, that asks those departments which `departments` names.
    Peer,
}

impl Role {
    /// Every role with its name in the file.
    pub const ALL: [(&'static str, Role); 7] = [
        ("verifier", Role::Verifier),
        ("auditor", Role::Auditor),
        ("operator", Role::Operator),
        ("dispute", Role::Dispute),
        ("archivist", Role::Archivist),
        ("office", Role::Office),
        ("peer", Role::Peer),
    ];
}

/// Who may call. Its `Debug` masks the hash: whoever has it can try tokens against it without being seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// As access entries name it.
    pub id: String,
    /// SHA-256 of the bearer token. The token itself is in no file of hedui.
    pub token_sha256: [u8; 32],
    /// What it may do; at least one.
    pub roles: Vec<Role>,
    /// The districts (GB/T 2260) it may act for; `None` for all.
    pub districts: Option<Vec<String>>,
    /// The departments that it answers for, with the role office; that it may ask, with the role peer.
    pub departments: Vec<String>,
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("id", &self.id)
            .field("token_sha256", &format_args!("{}", forms::HIDDEN))
            .field("roles", &self.roles)
            .field("districts", &self.districts)
            .field("departments", &self.departments)
            .finish()
    }
}

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// How a line is written.
    pub format: LogFormat,
    /// Which lines, in the syntax of `tracing_subscriber::EnvFilter`: `info`, `warn,hedui_broker=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Log {
        Log {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

impl Config {
    /// Reads and checks every setting: defaults, then `file`, then `environment` (names such as `HEDUI__SERVER__LISTEN`, see
    /// [`read_environment`]), then `flags` (dotted keys such as `server.listen`). Relative paths in the file are relative to its folder.
    ///
    /// # Errors
    /// Every mistake in every layer at once, also in values that a higher layer replaces.
    pub fn load(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
        flags: &[(String, String)],
    ) -> Result<Loaded, ConfigErrors> {
        let layers = layers::merge(file, environment, flags);
        resolve::resolve(layers)
    }

    /// Whether callers must prove who they are. If not, everyone is [`LOCAL_CALLER`] with all roles, on a loopback address.
    pub fn authenticates(&self) -> bool {
        !self.callers.is_empty()
    }
}

#[cfg(test)]
mod tests;
