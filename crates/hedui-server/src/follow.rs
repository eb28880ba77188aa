//! Following the store into the transparency logs: every second or so, on a thread of its own, for as long as the broker serves.
//! Leaves what is appended and signed to the broker.

use std::time::Duration;

use hedui_broker::{Broker, BrokerError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

/// Frames between two lines of progress, while the logs of a large store are made again.
const TELL_EVERY: u64 = 100_000;

/// A task that follows.
pub struct Following {
    broker: Broker,
    end: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Following {
    /// Follows every so often. A failure is logged once, when it begins, and tried again at the next turn.
    pub fn start(broker: Broker, every: Duration) -> Following {
        let (end, mut ended) = oneshot::channel();
        let followed = broker.clone();
        let task = tokio::spawn(async move {
            let mut turns = tokio::time::interval(every);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let (mut failing, mut was_late) = (false, false);
            loop {
                tokio::select! {
                    _ = turns.tick() => {}
                    _ = &mut ended => return,
                }
                match follow(&followed).await {
                    Ok(()) if failing => {
                        failing = false;
                        tracing::info!("the transparency logs are followed again");
                    }
                    Ok(()) => {}
                    Err(error) => {
                        if !failing {
                            tracing::error!(reason = error.reason(), %error, "the transparency logs cannot be followed");
                        }
                        failing = true;
                    }
                }
                let status = followed.log_status();
                // It stays so until the process ends: said once.
                if status.late && !std::mem::replace(&mut was_late, status.late) {
                    tracing::error!(
                        followed_at_ms = status.followed_at_ms,
                        "a promise of inclusion was not kept in time"
                    );
                }
            }
        });
        Following { broker, end, task }
    }

    /// Ends the task after one last turn. That nothing can be signed is no reason not to stop.
    pub async fn stop(self) -> anyhow::Result<()> {
        // It may have ended with the runtime.
        let _ = self.end.send(());
        self.task.await?;
        if let Err(error) = follow(&self.broker).await {
            tracing::error!(reason = error.reason(), %error, "the last frames are covered after the next start");
        }
        Ok(())
    }
}

/// Follows once, beside the runtime's threads: reading and hashing a second's worth of frames would hold up everybody who asks.
pub async fn follow(broker: &Broker) -> Result<(), BrokerError> {
    let (broker, runtime) = (broker.clone(), tokio::runtime::Handle::current());
    let mut told = 0;
    let mut tell = move |frames: u64| {
        if frames / TELL_EVERY > told {
            told = frames / TELL_EVERY;
            tracing::info!(frames, "making the transparency logs again");
        }
    };
    let followed = tokio::task::spawn_blocking(move || runtime.block_on(broker.follow_logs(&mut tell))).await;
    followed
        .map_err(|_| BrokerError::Internal("following the logs panicked"))?
        .map(|_| ())
}
