//! The counts of the drift watch as a file: read at the start, written every minute, after each acceptance and at the end.
//! Leaves what is counted to the broker. A crash loses a minute of counts, which no drift depends on.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use hedui_broker::Broker;
use tokio::sync::Mutex;

const FILE: &str = "drift.json";
const EVERY: Duration = Duration::from_secs(60);

/// The file in its folder; without a folder nothing outlives the process.
#[derive(Clone)]
pub struct DriftFile {
    folder: Option<PathBuf>,
    /// Written by one at a time.
    turn: Arc<Mutex<()>>,
}

impl DriftFile {
    /// In a folder, if there is one.
    pub fn new(folder: Option<PathBuf>) -> DriftFile {
        DriftFile {
            folder,
            turn: Arc::default(),
        }
    }

    /// Goes on with what was kept. Counts that cannot be read are told and begun anew: they are no reason not to verify.
    pub fn go_on(&self, broker: &Broker) {
        let Some(folder) = &self.folder else { return };
        let read = match fs::read(folder.join(FILE)) {
            Ok(bytes) => broker.set_drift_counts(&bytes),
            Err(error) if error.kind() == ErrorKind::NotFound => true,
            Err(_) => false,
        };
        if !read {
            tracing::error!(
                file = FILE,
                "the counts of the drift watch cannot be read; counting begins anew"
            );
        }
    }

    /// Keeps the counts.
    ///
    /// # Errors
    /// The disk's.
    pub async fn write(&self, broker: &Broker) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let _turn = self.turn.lock().await;
        let (path, new) = (folder.join(FILE), folder.join(format!("{FILE}.new")));
        let bytes = broker.drift_counts();
        let folder = folder.clone();
        let write = move || {
            let mut file = File::create(&new)?;
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(new, path)?;
            File::open(folder)?.sync_all()
        };
        tokio::task::spawn_blocking(write)
            .await
            .unwrap_or_else(|_| Err(ErrorKind::Other.into()))
    }
}

/// Writes the counts from time to time, until it is stopped.
pub struct Keeping {
    task: tokio::task::JoinHandle<()>,
    broker: Broker,
    file: DriftFile,
}

impl Keeping {
    /// Begins.
    pub fn start(broker: Broker, file: DriftFile) -> Keeping {
        let (counted, kept) = (broker.clone(), file.clone());
        let task = tokio::spawn(async move {
            let mut turns = tokio::time::interval(EVERY);
            turns.tick().await;
            loop {
                turns.tick().await;
                if let Err(error) = kept.write(&counted).await {
                    tracing::error!(%error, "the counts of the drift watch cannot be kept");
                }
            }
        });
        Keeping { task, broker, file }
    }

    /// Writes them a last time.
    pub async fn stop(self) {
        self.task.abort();
        if let Err(error) = self.file.write(&self.broker).await {
            tracing::error!(%error, "the counts of the drift watch cannot be kept");
        }
    }
}
