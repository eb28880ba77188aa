//! The catalogue while the broker runs: its manifests read, their departments opened, read again without a restart, paused and resumed.
//! Leaves what a verification does with the departments to the broker, and who may change them to the service.

mod pauses;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use hedui_adapter::catalogue::CatalogueError;
use hedui_adapter::exchange::{self, ExchangeAdapter, ExchangePort};
use hedui_adapter::manifest::TlsFiles;
use hedui_adapter::port::{self, AdapterPort, Jitter, PeerPort, Port};
use hedui_adapter::{Adapter, Catalogue, Connector, Folder, Manifest, MappedAdapter, PeopleAdapter};
use hedui_broker::clock::Clock;
use hedui_broker::{Broker, BrokerError, Entropy, Pause, Registered, Registry};
use hedui_core::verdict::Text;
use hedui_core::{DepartmentId, DepartmentProfile, Failure};

use crate::config;
use crate::grpc::operations::{Checker, Checks, DepartmentNames, Described};
use pauses::PauseFile;

/// Why a catalogue is not put in force.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueProblem {
    /// Its folder cannot be read.
    #[error("cannot read the catalogue in {place}: {reason}")]
    Folder {
        /// Where.
        place: String,
        /// What the system says.
        reason: String,
    },
    /// The configuration names departments that it does not hold.
    #[error("catalogue.departments names what the catalogue does not hold: {0}")]
    Unknown(String),
    /// Its manifests have mistakes: all of them, each with its department and place.
    #[error("the catalogue has {} mistake(s):\n{}", .0.len(), listed(.0))]
    Mistakes(Vec<CatalogueError>),
    /// A department cannot be opened.
    #[error("department {department}: {} ({})", failure.message, failure.reason)]
    Department {
        /// Which.
        department: DepartmentId,
        /// Why.
        failure: Failure,
    },
    /// The archive cannot take what it would judge by.
    #[error(transparent)]
    Archive(#[from] BrokerError),
}

fn listed(mistakes: &[CatalogueError]) -> String {
    let lines: Vec<String> = mistakes.iter().map(|m| format!("  {m}")).collect();
    lines.join("\n")
}

/// The catalogue that a configuration names: its folders, without those switched off.
///
/// # Errors
/// Everything that [`CatalogueProblem`] tells but opening and archiving.
pub fn read(config: &config::Catalogue) -> Result<Catalogue, CatalogueProblem> {
    loaded(&folders(config)?, config)
}

fn loaded(folders: &[Folder], config: &config::Catalogue) -> Result<Catalogue, CatalogueProblem> {
    Catalogue::load(folders, &config.variables).map_err(CatalogueProblem::Mistakes)
}

/// Every department that a catalogue has a folder for: also those that are not listed or switched off, whatever is missing for them.
///
/// # Errors
/// The folder cannot be read.
pub fn known(config: &config::Catalogue) -> Result<Vec<DepartmentId>, CatalogueProblem> {
    let folders = all_folders(config)?;
    // A folder whose name is none is a mistake of its manifest.
    Ok(folders.iter().filter_map(|f| DepartmentId::new(&f.name).ok()).collect())
}

fn all_folders(config: &config::Catalogue) -> Result<Vec<Folder>, CatalogueProblem> {
    match &config.directory {
        None => Ok(Catalogue::bundled_folders()),
        Some(directory) => Catalogue::folders(directory).map_err(|error| CatalogueProblem::Folder {
            place: directory.display().to_string(),
            reason: error.to_string(),
        }),
    }
}

fn folders(config: &config::Catalogue) -> Result<Vec<Folder>, CatalogueProblem> {
    let mut folders = all_folders(config)?;
    if let Some(only) = &config.departments {
        let is_there = |id: &str| folders.iter().any(|f| f.name == id);
        let unknown: Vec<&str> = only.iter().map(String::as_str).filter(|id| !is_there(id)).collect();
        if !unknown.is_empty() {
            return Err(CatalogueProblem::Unknown(unknown.join(", ")));
        }
        folders.retain(|f| only.contains(&f.name));
    }
    let is_off =
        |(id, o): (&DepartmentId, &config::Override), name: &str| id.as_str() == name && o.enabled == Some(false);
    folders.retain(|f| !config.overrides.iter().any(|entry| is_off(entry, &f.name)));
    Ok(folders)
}

/// One department, opened: kept over a reload that does not change it, with its connections and how it has fared.
#[derive(Clone)]
struct Opened {
    /// The text of its manifest. What else it depends on stands in the configuration, which is read once, and in the files below.
    text: String,
    /// What stood in its files for TLS when it was opened.
    tls: Option<[u8; 32]>,
    described: Arc<Described>,
    registered: Arc<Registered>,
    checker: Arc<Checker>,
}

/// All of them.
type All = BTreeMap<DepartmentId, Opened>;

/// What a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Departments that were not there before.
    pub added: Vec<DepartmentId>,
    /// Departments that are no longer there.
    pub removed: Vec<DepartmentId>,
    /// Departments whose manifest, or what the configuration says of them, is another.
    pub changed: Vec<DepartmentId>,
    /// How many are as they were.
    pub unchanged: usize,
}

/// The catalogue in force.
pub struct Live {
    config: config::Catalogue,
    own: String,
    jitter: Arc<dyn Jitter>,
    clock: Arc<dyn hedui_adapter::Clock>,
    opened: Mutex<Arc<All>>,
    pauses: PauseFile,
    /// Reloads and pauses are made one at a time.
    turn: tokio::sync::Mutex<()>,
    /// What people read of the departments.
    pub names: Arc<DepartmentNames>,
    /// How their self-tests are run.
    pub checks: Arc<Checks>,
}

impl Live {
    /// Reads and opens the catalogue of a configuration; `own` is what this broker is called among brokers; pauses are kept in the given folder, where there is one.
    ///
    /// # Errors
    /// A catalogue that cannot be read or opened; kept pauses that cannot be read: who was paused must not be asked by accident.
    pub fn open(
        config: config::Catalogue,
        own: &str,
        entropy: &Entropy,
        (clock, folder): (&Arc<dyn Clock>, Option<PathBuf>),
    ) -> anyhow::Result<(Live, Registry)> {
        let chance = Mutex::new(entropy.fork());
        let jitter: Arc<dyn Jitter> = Arc::new(move |bound: u64| {
            let mut rng = chance.lock().unwrap_or_else(PoisonError::into_inner);
            rand::RngExt::random_range(&mut *rng, 0..bound.max(1))
        });
        let clock = Arc::clone(clock);
        let live = Live {
            clock: Arc::new(move || clock.now_ms()),
            pauses: PauseFile::new(folder),
            config,
            own: own.to_owned(),
            jitter,
            opened: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            names: Arc::default(),
            checks: Arc::default(),
        };
        let opened = live.all(&All::new())?;
        let registry = registry(&opened);
        live.publish(opened);
        Ok((live, registry))
    }

    /// Pauses the departments that were paused before the restart.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn pause_again(&self, broker: &Broker) -> anyhow::Result<()> {
        let pauses = self.pauses.read().context("the file of paused departments")?;
        for (department, pause) in &pauses {
            tracing::warn!(
                department = department.as_str(),
                by = pause.by,
                reason = pause.reason,
                "paused"
            );
        }
        broker.set_pauses(pauses);
        Ok(())
    }

    /// Reads the catalogue again and puts it in force for verifications that begin from now on.
    ///
    /// # Errors
    /// What is wrong with it; then everything stays as it was.
    pub async fn reload(&self, broker: &Broker, validate_only: bool) -> Result<Changes, CatalogueProblem> {
        let _turn = self.turn.lock().await;
        let old = Arc::clone(&self.lock());
        let opened = self.all(&old)?;
        let changes = changes(&old, &opened);
        if !validate_only {
            broker.replace_departments(registry(&opened)).await?;
            self.publish(opened);
        }
        Ok(changes)
    }

    /// Pauses a department, durably.
    ///
    /// # Errors
    /// The disk's; nothing has changed then, as far as this process goes.
    pub async fn pause(&self, broker: &Broker, department: DepartmentId, pause: Pause) -> std::io::Result<()> {
        let _turn = self.turn.lock().await;
        let mut pauses = broker.pauses();
        pauses.insert(department, pause);
        self.pauses.write(&pauses)?;
        broker.set_pauses(pauses);
        Ok(())
    }

    /// Asks a paused department again from now on; false where it was not paused.
    ///
    /// # Errors
    /// The disk's.
    pub async fn unpause(&self, broker: &Broker, department: &DepartmentId) -> std::io::Result<bool> {
        let _turn = self.turn.lock().await;
        let mut pauses = broker.pauses();
        if pauses.remove(department).is_none() {
            return Ok(false);
        }
        self.pauses.write(&pauses)?;
        broker.set_pauses(pauses);
        Ok(true)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<All>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every department of the catalogue, opened anew where it is not as it was.
    fn all(&self, old: &All) -> Result<All, CatalogueProblem> {
        let folders = folders(&self.config)?;
        let mut all = All::new();
        for manifest in loaded(&folders, &self.config)?.manifests() {
            let folder = folders.iter().find(|f| f.name == manifest.id.as_str());
            let text = folder.map(|f| f.manifest.as_str()).unwrap_or_default();
            // Before they are read: what changes meanwhile is another content the next time.
            let tls = manifest.connector.tls().map(TlsFiles::digest);
            let opened = match old.get(&manifest.id) {
                Some(same) if same.text == text && same.tls == tls => same.clone(),
                _ => self
                    .open_one(manifest, text, tls)
                    .map_err(|failure| CatalogueProblem::Department {
                        department: manifest.id.clone(),
                        failure,
                    })?,
            };
            all.insert(manifest.id.clone(), opened);
        }
        Ok(all)
    }

    fn open_one(&self, manifest: &Manifest, text: &str, tls: Option<[u8; 32]>) -> Result<Opened, Failure> {
        let change = self.config.overrides.get(&manifest.id);
        let deadline = change.and_then(|o| o.deadline).unwrap_or(manifest.deadline);
        let freshness = change.and_then(|o| o.freshness).unwrap_or(manifest.freshness);
        let profile = DepartmentProfile {
            id: manifest.id.clone(),
            name: Text {
                zh: manifest.name.zh.as_str().into(),
                en: manifest.name.en.as_str().into(),
            },
            record_types: manifest.record_types.clone(),
            deadline_ms: u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX),
            freshness_ms: u64::try_from(freshness.as_millis()).unwrap_or(u64::MAX),
            threshold_only: manifest.threshold_only,
            signing_keys: manifest.signing_keys.clone(),
        };
        let (port, checker): (Arc<dyn Port>, Checker) = match &manifest.connector {
            Connector::Grpc { endpoint, .. } => (
                port::open(manifest, Arc::clone(&self.jitter))?,
                Checker::Plugin(endpoint.clone(), None),
            ),
            Connector::Peer(peer) => {
                let what = (manifest.limits, manifest.record_types.clone());
                (
                    Arc::new(PeerPort::open(manifest.id.clone(), peer, &self.own, what)?),
                    Checker::Plugin(peer.endpoint.clone(), peer.token.clone()),
                )
            }
            Connector::People(_) => {
                let adapter: Arc<dyn Adapter> = Arc::new(PeopleAdapter::open(manifest, Arc::clone(&self.clock))?);
                (
                    Arc::new(AdapterPort::new(Arc::clone(&adapter))),
                    Checker::Local(adapter),
                )
            }
            Connector::Exec(_) | Connector::Json(_) => {
                let exchange = exchange::open(manifest)?;
                let port = ExchangePort::new(manifest.id.clone(), Arc::clone(&exchange), manifest.limits);
                let adapter: Arc<dyn Adapter> = Arc::new(ExchangeAdapter::new(manifest, exchange));
                (Arc::new(port), Checker::Local(adapter))
            }
            _ => {
                let adapter: Arc<dyn Adapter> = Arc::new(MappedAdapter::open_with(manifest, Arc::clone(&self.clock))?);
                (
                    Arc::new(AdapterPort::new(Arc::clone(&adapter))),
                    Checker::Local(adapter),
                )
            }
        };
        Ok(Opened {
            text: text.to_owned(),
            tls,
            described: Arc::new(described(manifest)),
            registered: Arc::new(
                Registered::new(profile, port, manifest.breaker)
                    .read_by(text)
                    .paced(manifest.pace.clone())
                    .answered_by(manifest.connector.people().cloned())
                    .through_peer(matches!(manifest.connector, Connector::Peer(_))),
            ),
            checker: Arc::new(checker),
        })
    }

    /// Shows the departments to whoever reads of them.
    fn publish(&self, opened: All) {
        let described = opened.iter().map(|(id, o)| (id.clone(), Arc::clone(&o.described)));
        self.names.replace(described.collect());
        let checkers = opened.iter().map(|(id, o)| (id.clone(), Arc::clone(&o.checker)));
        self.checks.replace(checkers.collect());
        *self.lock() = Arc::new(opened);
    }
}

fn registry(opened: &All) -> Registry {
    Registry::of(opened.values().map(|o| Arc::clone(&o.registered)).collect())
}

fn changes(old: &All, new: &All) -> Changes {
    let mut changes = Changes::default();
    for (id, opened) in new {
        match old.get(id) {
            None => changes.added.push(id.clone()),
            Some(before) if Arc::ptr_eq(&before.registered, &opened.registered) => changes.unchanged += 1,
            Some(_) => changes.changed.push(id.clone()),
        }
    }
    changes.removed = old.keys().filter(|id| !new.contains_key(*id)).cloned().collect();
    changes
}

fn described(manifest: &Manifest) -> Described {
    Described {
        zh: manifest.name.zh.clone(),
        en: manifest.name.en.clone(),
        verifies_zh: manifest.verifies.zh.clone(),
        verifies_en: manifest.verifies.en.clone(),
        connector: manifest.connector.word().to_owned(),
    }
}

#[cfg(test)]
mod tests;
