//! Scrubbing: finished segments are read again and again at a bounded rate, so that damage is found before it is needed.
//! Leaves reading to the store, and mending to a person with a backup.

use std::sync::Arc;
use std::time::Duration;

use hedui_evidence::SegmentStore;
use tokio::task::JoinHandle;

/// Between two rounds: the disk has other things to do, and damage is rare.
const REST: Duration = Duration::from_secs(24 * 3_600);

/// A task that scrubs until it is stopped; the next one goes on nearby.
pub struct Scrubbing(JoinHandle<()>);

impl Scrubbing {
    /// Scrubs a store at a rate. Each damage is logged when it is found, the round when it ends.
    pub fn start(store: Arc<SegmentStore>, bytes_per_second: u64) -> Scrubbing {
        Scrubbing(tokio::spawn(async move {
            loop {
                let mut told = 0;
                let mut tell = |report: &hedui_evidence::ScrubReport| {
                    for damage in report.damage.iter().skip(told) {
                        let (segment, offset) = (damage.at.segment, damage.at.offset);
                        let frame = damage.frame.map(|frame| frame.to_string());
                        tracing::error!(segment, offset, frame, reason = %damage.reason, "the evidence is damaged; restore this segment from a backup");
                    }
                    told = report.damage.len();
                };
                match store.scrub().run(bytes_per_second, &mut tell).await {
                    Ok(report) if report.total_bytes > 0 => {
                        tracing::info!(
                            bytes = report.done_bytes,
                            frames = report.verified.frames,
                            damaged = report.damaged,
                            "scrubbed the finished segments"
                        );
                    }
                    Ok(_) => {}
                    Err(error) => tracing::error!(%error, "scrubbing stopped; it goes on tomorrow"),
                }
                tokio::time::sleep(REST).await;
            }
        }))
    }
}

impl Scrubbing {
    /// Ends the task, and lets go of the store before it returns.
    pub async fn stop(self) {
        self.0.abort();
        // It was told to end: that it did is all there is to hear.
        let _ = self.0.await;
    }
}
