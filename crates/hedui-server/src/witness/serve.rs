//! Starting a witness from its settings, and its connections: how many, how long each may take.
//! Leaves the routes to `http` and the settings to `config`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use hedui_broker::clock::{Clock, SystemClock};
use hedui_evidence::WitnessKey;
use hedui_log::cosignature::CosigningKey;
use hedui_log::note::VerifierKey;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::{DiskFolder, Witness, http};
use crate::config::WitnessConfig;

/// Logs keep one connection each; more than these wait to be accepted.
const MAX_CONNECTIONS: usize = 256;
/// The head of a request: a path and a few headers.
const MAX_HEAD_BYTES: usize = 16 << 10;
/// Before accepting is tried again, where the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For the head of a request, and between two requests of a connection.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// A connection is ended politely after this, so that nobody keeps one who does not read its answers.
    pub connection: Duration,
    /// What an ending connection may still take.
    pub last_words: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            head: Duration::from_secs(30),
            body: Duration::from_secs(10),
            connection: Duration::from_secs(600),
            last_words: Duration::from_secs(15),
        }
    }
}

/// A witness that serves.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its public key.
    pub verifier: VerifierKey,
    end: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Takes no new requests, ends those under way, gives the folder back.
    ///
    /// # Errors
    /// The task panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        // It may have ended with the runtime.
        let _ = self.end.send(true);
        Ok(self.task.await?)
    }
}

/// The key that the settings name; made at the first start unless they say not to.
///
/// # Errors
/// The key file's.
pub fn witness_key(config: &WitnessConfig) -> anyhow::Result<CosigningKey> {
    let secret = if config.create_key {
        if let Some(folder) = config.key_file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
        }
        WitnessKey::read_or_create(&config.key_file, &mut rand::rng())?
    } else {
        WitnessKey::read(&config.key_file)?
    };
    Ok(secret.cosigning(&config.name)?)
}

/// Starts a witness.
///
/// # Errors
/// The port, the key file, the folder, or a state in it.
pub async fn start(config: &WitnessConfig) -> anyhow::Result<Running> {
    start_at(config, Arc::new(SystemClock)).await
}

/// The same with a clock of its own, as brokers have one in tests.
///
/// # Errors
/// As above.
pub async fn start_at(config: &WitnessConfig, clock: Arc<dyn Clock>) -> anyhow::Result<Running> {
    let key = witness_key(config)?;
    let folder = Arc::new(DiskFolder::open(&config.directory)?);
    let witness = Arc::new(Witness::open(key, &config.logs, folder, clock)?);
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    serve(witness, listener, Patience::default())
}

/// Serves a witness on a port.
pub(super) fn serve(witness: Arc<Witness>, listener: TcpListener, patience: Patience) -> anyhow::Result<Running> {
    let address = listener.local_addr()?;
    let verifier = witness.verifier();
    let (end, ended) = watch::channel(false);
    let routes = http::routes(witness, patience.body);
    let task = tokio::spawn(accept(listener, routes, patience, ended));
    Ok(Running {
        address,
        verifier,
        end,
        task,
    })
}

async fn accept(listener: TcpListener, routes: Router, patience: Patience, mut ended: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let (place, accepted) = tokio::select! {
            _ = ended.changed() => break,
            next = next => match next {
                Some(next) => next,
                None => break,
            },
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, routes.clone(), patience, ended.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Every connection has heard of the end: when all places are free, none is left.
    let all = u32::try_from(MAX_CONNECTIONS).unwrap_or(u32::MAX);
    let _ = places.acquire_many(all).await;
}

async fn connection(stream: TcpStream, routes: Router, patience: Patience, mut ended: watch::Receiver<bool>) {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(MAX_HEAD_BYTES);
    let served = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::pin!(served);
    // How a connection ends is its client's affair.
    tokio::select! {
        _ = served.as_mut() => return,
        _ = tokio::time::sleep(patience.connection) => {}
        _ = ended.changed() => {}
    }
    served.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(patience.last_words, served).await;
}
