//! `hedui serve`: the broker as a service, until it is told to stop.
//! Leaves starting to `start`; here are the runtime, the signals and the last words.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::config::Config;
use crate::start::{Started, start};

/// The runtime that a number of threads asks for: one thread runs everything itself, which costs least per verification.
pub fn runtime(threads: usize) -> std::io::Result<tokio::runtime::Runtime> {
    let threads = if threads == 0 {
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
    } else {
        threads
    };
    if threads == 1 {
        // Whoever the store or a judging thread has woken comes first: a group of verifications that goes on together then asks together,
        // in one frame for each department, and answers are read in as few.
        tokio::runtime::Builder::new_current_thread()
            .global_queue_interval(1)
            .enable_all()
            .build()
    } else {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(threads)
            .enable_all()
            .build()
    }
}

/// Serves until interrupted or terminated; what is under way then may end first.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    let drain = config.server.drain;
    let mut tell = |line: String| tracing::info!("{line}");
    let started = start(config, &mut tell).await?;
    tracing::info!(
        address = %started.listening.address,
        departments = started.broker.registry().departments().len(),
        resumed = started.resumed,
        "serving"
    );
    until_interrupted(&started).await?;
    stop(started, drain).await
}

/// Reads the catalogue again at every SIGHUP, until the first SIGINT or SIGTERM.
async fn until_interrupted(started: &Started) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let reloads = async {
        while hangup.recv().await.is_some() {
            match started.live.reload(&started.broker, false).await {
                Ok(changes) => tracing::info!(
                    added = changes.added.len(),
                    removed = changes.removed.len(),
                    changed = changes.changed.len(),
                    "the catalogue was read again"
                ),
                Err(problem) => tracing::error!(%problem, "the catalogue in force stays"),
            }
        }
        std::future::pending().await
    };
    tokio::select! {
        interrupted = interrupted() => interrupted,
        never = reloads => never,
    }
}

/// Resolves at the first SIGINT or SIGTERM.
pub async fn interrupted() -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

async fn stop(started: Started, drain: Duration) -> anyhow::Result<()> {
    tracing::info!("stopping: waiting for verifications under way; interrupt again to leave them for the next start");
    tokio::select! {
        left = started.stop(drain) => {
            let left = left?;
            if left > 0 {
                tracing::warn!(left, "left for the next start");
            }
        }
        again = interrupted() => again?,
    }
    Ok(())
}
