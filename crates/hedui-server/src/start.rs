//! Starting a broker from a configuration: keys, store, packs, catalogue, one port per department.
//! Leaves reading the configuration to `config` and the lifetime of the process to `serve` and `demo`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use ed25519_dalek::VerifyingKey;
use hedui_adapter::wire::Signer;
use hedui_broker::clock::{Clock, SystemClock};
use hedui_broker::{Broker, Entropy, Parts, Registry, Settings, StaffRegister};
use hedui_core::finding::unregistered;
use hedui_core::{RecordType, Tolerances};
use hedui_evidence::{
    DistrictLogs, EvidenceStore, KeyRing, KeySource, LogKey, LogOptions, LogWitness, MasterKey, MemoryStore,
    PROMISED_WITHIN_MS, Progress, SegmentOptions, SegmentStore, Witnesses, holds_evidence,
};
use hedui_policy::PackSet;
use tokio::net::TcpListener;

use crate::catalogue::Live;
use crate::config::{Config, Store, StoreKind};
use crate::drift::{DriftFile, Keeping};
use crate::follow::{Following, follow};
use crate::grpc::caller::Callers;
use crate::grpc::peer::Answering;
use crate::grpc::tasks::tell_unconfirmable;
use crate::grpc::{self, Listening};
use crate::scrub::Scrubbing;
use crate::shell::quoted;
use crate::witnesses::Asking;

/// A broker that serves.
pub struct Started {
    /// The broker.
    pub broker: Broker,
    /// Its catalogue.
    pub live: Arc<Live>,
    /// Its listener.
    pub listening: Listening,
    /// How many interrupted verifications were taken up again.
    pub resumed: usize,
    /// The task that asks the witnesses.
    pub asking: Asking,
    following: Following,
    counting: Keeping,
    scrubbing: Option<Scrubbing>,
}

impl Started {
    /// Takes no new work, waits for what is under way, stops. Returns how many verifications had to be left for the next start.
    pub async fn stop(self, patience: std::time::Duration) -> anyhow::Result<usize> {
        let left = self.broker.close(patience).await;
        tokio::time::timeout(patience, self.listening.stop())
            .await
            .unwrap_or(Ok(()))?;
        if let Some(scrubbing) = self.scrubbing {
            scrubbing.stop().await;
        }
        self.counting.stop().await;
        // What was promised last is covered before the process ends.
        self.following.stop().await?;
        self.asking.stop().await;
        Ok(left)
    }
}

/// Seed of the process's randomness, from the machine.
pub fn seed() -> [u8; 32] {
    rand::random()
}

/// Starts everything that a configuration says. `tell` gets progress for people.
pub async fn start(config: Config, tell: &mut (dyn FnMut(String) + Send)) -> anyhow::Result<Started> {
    start_at(config, Arc::new(SystemClock), tell).await
}

/// The same with a clock of its own: for tests of what takes years.
pub async fn start_at(
    config: Config,
    clock: Arc<dyn Clock>,
    tell: &mut (dyn FnMut(String) + Send),
) -> anyhow::Result<Started> {
    let listener = prepare(&config).await?;
    let entropy = Entropy::from_seed(seed());
    let (store, keys, scrubbing) = open_store(&config, &entropy, tell).await?;
    let (logs, answering) = open_logs(&config, &entropy)?;
    let folder = (config.store.kind == StoreKind::Segments).then(|| config.store.directory.clone());
    let (live, registry) = Live::open(
        config.catalogue.clone(),
        &config.transparency.name,
        &entropy,
        (&clock, folder.clone()),
    )?;
    let live = Arc::new(live);
    let packs = packs(config.policy.directory.as_deref())?;
    let callers = Callers::new(config.callers.clone());
    tell_gaps(&packs, &registry, &callers);
    let settings = settings(&config)?;
    let broker = Broker::new(Parts {
        registry,
        packs,
        store,
        keys,
        logs: Arc::clone(&logs),
        clock,
        entropy,
        settings,
    });
    live.pause_again(&broker)?;
    let drifts = DriftFile::new(folder);
    drifts.go_on(&broker);
    // Before anything is verified: logs that cannot be continued must not be promised in. Reading goes on without them.
    if let Err(error) = follow(&broker).await {
        tracing::error!(reason = error.reason(), %error, "the transparency logs cannot be followed; nothing is verified");
    }
    let following = Following::start(broker.clone(), config.transparency.checkpoint_every);
    keep_packs(&broker).await?;
    let asking = Asking::start(
        Arc::clone(&logs),
        &config.transparency.witnesses,
        config.transparency.checkpoint_every,
    )?;
    let resumed = go_on(&broker).await?;
    let options = grpc::Options {
        max_request_bytes: config.server.max_request_bytes,
        max_streams: config.server.max_streams,
        reflection: config.server.reflection,
        callers,
        answering,
        live: Arc::clone(&live),
        drifts: drifts.clone(),
        logs,
        standings: asking.standings(),
    };
    let counting = Keeping::start(broker.clone(), drifts);
    let listening = grpc::listen(broker.clone(), listener, options).await?;
    Ok(Started {
        broker,
        live,
        listening,
        resumed,
        asking,
        following,
        counting,
        scrubbing,
    })
}

/// What may be missing is told before anything is opened or made.
async fn prepare(config: &Config) -> anyhow::Result<TcpListener> {
    need_key_files(config)?;
    bind(config.server.listen).await
}

async fn bind(address: std::net::SocketAddr) -> anyhow::Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    bound.with_context(|| format!("cannot listen on {address}; is another hedui running there?"))
}

/// Keeps the packs that verdicts will rest on.
async fn keep_packs(broker: &Broker) -> anyhow::Result<()> {
    let archived = broker.archive_packs().await?;
    if archived > 0 {
        tracing::info!(archived, "kept the policy packs in use");
    }
    Ok(())
}

/// Takes up what was interrupted: verifications, whose number is given, and what goes on beyond one: answers of offices that were not looked at, re-evaluations.
async fn go_on(broker: &Broker) -> anyhow::Result<usize> {
    let resumed = broker.resume().await?;
    let answered = broker.resume_tasks().await?;
    if answered > 0 {
        tracing::debug!(answered, "looked at the answers of offices");
    }
    let jobs = broker.resume_reevaluations().await?;
    if jobs > 0 {
        tracing::info!(jobs, "re-evaluations go on");
    }
    Ok(resumed)
}

/// Says once what is easier to mend before the first clerk asks why: what programmes need and nobody holds, so that they can qualify nobody; and offices whose
/// answers nobody can confirm.
fn tell_gaps(packs: &PackSet, registry: &Registry, callers: &Callers) {
    tell_unconfirmable(registry, callers);
    let mut needs: Vec<RecordType> = packs
        .packs()
        .iter()
        .flat_map(|pack| pack.needs().iter().copied())
        .collect();
    needs.sort_unstable();
    needs.dedup();
    for finding in unregistered(&needs, registry.profiles()) {
        tracing::warn!(code = finding.code.as_str(), "{}", finding.message.en);
    }
}

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let verification = &config.verification;
    let mut signing_keys = Vec::with_capacity(config.signing_keys.len());
    for key in &config.signing_keys {
        let public = VerifyingKey::from_bytes(&key.public_key)
            .with_context(|| format!("signing key {}: not an Ed25519 public key", key.id))?;
        signing_keys.push((key.id.clone(), public));
    }
    let staff = match &config.supervision.staff_file {
        Some(path) => crate::staff::read(path, SystemClock.today())?,
        None => StaffRegister::default(),
    };
    Ok(Settings {
        staff: Arc::new(staff),
        deadline_ms: u32::try_from(verification.deadline.as_millis()).unwrap_or(u32::MAX),
        max_running: verification.max_running,
        tolerances: Tolerances {
            wage_percent: verification.wage_tolerance_percent,
            declared_percent: verification.declared_tolerance_percent,
        },
        early_warnings: verification.early_warnings,
        drift: config.drift,
        signing_keys,
        retention: config.retention,
    })
}

/// A store in use goes on with its own master key or not at all: a new one would open nothing, and lie in the old one's place.
fn need_own_key(store: &Store) -> anyhow::Result<()> {
    let file = &store.key_file;
    if store.key_command.is_some() || std::fs::exists(file).with_context(|| format!("{}", file.display()))? {
        return Ok(());
    }
    anyhow::ensure!(
        !holds_evidence(&store.directory).with_context(|| format!("{}", store.directory.display()))?,
        "the key file {} (store.key_file) is missing, and the store in {} holds evidence: put its own master key back there, from its copy in the \
         safe. No other key can read this evidence, so none is made",
        file.display(),
        store.directory.display(),
    );
    Ok(())
}

/// Says what to do where a key file is missing that is not made here, before a folder is made in vain.
fn need_key_files(config: &Config) -> anyhow::Result<()> {
    match (config.store.kind, config.store.create_key) {
        (StoreKind::Memory, _) => return Ok(()),
        (StoreKind::Segments, true) => return need_own_key(&config.store),
        (StoreKind::Segments, false) => {}
    }
    let master = config.store.key_command.is_none();
    let needed = [
        (master, &config.store.key_file, "store.key_file", "master"),
        (true, &config.transparency.key_file, "transparency.key_file", "log"),
    ];
    let mut missing = String::new();
    for (_, path, setting, kind) in needed.iter().filter(|(is_needed, ..)| *is_needed) {
        if std::fs::exists(path).with_context(|| format!("{setting}: {}", path.display()))? {
            continue;
        }
        let (file, name) = (path.display(), quoted(path));
        missing.push_str(&format!(
            "\n  {file} ({setting}); where it is new: ( umask 077; printf 'hedui-{kind}-key-v1:%s\\n' \"$(openssl rand -hex 32)\" > {name} )"
        ));
    }
    if missing.is_empty() {
        return Ok(());
    }
    // Systems empty this folder at every start.
    let is_for_the_unit = needed.iter().any(|(_, path, ..)| path.starts_with("/run"));
    let unit = if is_for_the_unit {
        "\nThe unit of deploy/ copies them to /run at each start: make them in /etc/hedui for it, as what is made in /run is gone after a restart."
    } else {
        ""
    };
    anyhow::bail!(
        "key files are missing, and none are made as store.create_key is false. Where this store has been in use, put its own keys back: \
         others cannot read its evidence.{missing}\nKeep copies in a safe.{unit}\nOr set store.create_key = true, and they are made at the \
         first start. See deploy/README.md, \"Install\"; `hedui demo` needs none"
    )
}

/// How many findings of an opening are told one by one.
const MOST_TOLD: usize = 20;

async fn open_store(
    config: &Config,
    entropy: &Entropy,
    tell: &mut (dyn FnMut(String) + Send),
) -> anyhow::Result<(Arc<dyn EvidenceStore>, Arc<KeyRing>, Option<Scrubbing>)> {
    let mut rng = entropy.fork();
    let mut scrub = None;
    let store: Arc<dyn EvidenceStore> = match config.store.kind {
        StoreKind::Memory => Arc::new(MemoryStore::default()),
        StoreKind::Segments => {
            std::fs::create_dir_all(&config.store.directory)
                .with_context(|| format!("cannot make the store's folder {}", config.store.directory.display()))?;
            let mut options = SegmentOptions::new(rand::RngExt::random(&mut rng));
            options.segment_bytes = config.store.segment_bytes;
            let store = SegmentStore::open(&config.store.directory, &options, &mut |step| tell(progress(step)))?;
            if let Some(why) = &store.opening().index_rebuilt {
                tell(format!("the index was rebuilt from the segments: {why}"));
            }
            if store.opening().torn_bytes > 0 {
                tell(format!(
                    "{} bytes of an unfinished write were cut",
                    store.opening().torn_bytes
                ));
            }
            let unfinished = &store.opening().unfinished_shreds;
            if !unfinished.is_empty() {
                tell("not every key that was to be destroyed certainly is; the store takes no evidence until it is opened without these:".to_owned());
                unfinished
                    .iter()
                    .take(MOST_TOLD)
                    .for_each(|damage| tell(format!("  {damage}")));
            }
            let store = Arc::new(store);
            let rate = config.store.scrub_bytes_per_second;
            scrub = (rate > 0).then(|| Scrubbing::start(Arc::clone(&store), rate));
            store
        }
    };
    let master = match (config.store.kind, config.store.create_key) {
        (StoreKind::Memory, _) => MasterKey::random(&mut rng),
        _ if config.store.key_command.is_some() => {
            let command = config.store.key_command.clone().unwrap_or_default();
            let source = KeySource::command(command);
            // The program may take its time; nothing else waits for it yet.
            tokio::task::spawn_blocking(move || source.read()).await??
        }
        (StoreKind::Segments, true) => MasterKey::read_or_create(&config.store.key_file, &mut rng)?,
        (StoreKind::Segments, false) => MasterKey::read(&config.store.key_file)?,
    };
    let keys = KeyRing::new(master);
    keys.load(store.as_ref()).await?;
    Ok((store, Arc::new(keys), scrub))
}

fn open_logs(config: &Config, entropy: &Entropy) -> anyhow::Result<(Arc<DistrictLogs>, Answering)> {
    let mut rng = entropy.fork();
    let key_file = &config.transparency.key_file;
    let (key, folder) = match (config.store.kind, config.store.create_key) {
        (StoreKind::Memory, _) => (LogKey::random(&mut rng), None),
        // A key that is lost is not replaced where something was signed with it: auditors would trust neither.
        (StoreKind::Segments, true) if !config.store.directory.join("logs").exists() => (
            LogKey::read_or_create(key_file, &mut rng)?,
            Some(config.store.directory.join("logs")),
        ),
        (StoreKind::Segments, _) => (LogKey::read(key_file)?, Some(config.store.directory.join("logs"))),
    };
    let answering = Answering {
        own: config.transparency.name.clone(),
        signer: Signer::new("peer", &key.answering_secret()),
    };
    let options = LogOptions {
        name: config.transparency.name.clone(),
        folder,
        promised_within_ms: PROMISED_WITHIN_MS,
    };
    let transparency = &config.transparency;
    let witnesses = transparency.witnesses.iter().map(|witness| LogWitness {
        name: witness.name.clone(),
        key: witness.key.clone(),
    });
    let witnesses = Witnesses::new(witnesses.collect(), transparency.quorum)?;
    let logs = DistrictLogs::new(options, key)?.with_witnesses(witnesses);
    Ok((Arc::new(logs), answering))
}

fn progress(step: Progress) -> String {
    match step {
        Progress::Checking {
            done_bytes,
            total_bytes,
        } => format!("checking the last segment: {done_bytes} of {total_bytes} bytes"),
        Progress::Indexing {
            frames,
            done_bytes,
            total_bytes,
        } => {
            format!("indexing: {frames} frames, {done_bytes} of {total_bytes} bytes")
        }
        Progress::Shredding { frames } => format!("finishing destructions: {frames} so far"),
        _ => "opening the store".to_owned(),
    }
}

/// The packs of a folder, or those compiled in.
pub fn packs(directory: Option<&Path>) -> anyhow::Result<PackSet> {
    let loaded = match directory {
        None => PackSet::bundled(),
        Some(directory) => PackSet::load(
            crate::packs::read(directory)
                .map_err(|(path, error)| anyhow::anyhow!("cannot read the packs in {}: {error}", path.display()))?,
        ),
    };
    loaded.map_err(|mistakes| anyhow::anyhow!("the policy packs have mistakes:\n{mistakes}"))
}

#[cfg(test)]
mod tests;
