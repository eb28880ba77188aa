//! Resuming: what a crash interrupted is run again, or ends durably with the reason why it cannot.
//! Leaves running to `pipeline`.

use std::collections::HashMap;
use std::sync::Arc;

use hedui_evidence::{CaseId, Frame, FrameKind, Position};

use crate::broker::{Broker, finish};
use crate::case::{request_in, unreadable};
use crate::claim::{Place, Release};
use crate::core::{Core, InForce};
use crate::error::BrokerError;
use crate::evidence;
use crate::prepare::prepare_stored;
use crate::request::{MAX_DEADLINE_MS, Prepared, StoredRequest};
use crate::retention::RetentionState;
use crate::run::Begun;

impl Broker {
    /// Runs again what a crash interrupted: every recent `ASKED` frame without an end. Returns how many. What cannot be run any more,
    /// as its letters have ended or its request cannot be read, ends durably with the reason.
    pub async fn resume(&self) -> Result<usize, BrokerError> {
        let core = self.core();
        // A key that is only not loaded must not pass for one that was destroyed.
        core.keys.load(core.store.as_ref()).await?;
        let mut resumed = 0;
        let in_force = core.in_force();
        for frame in unfinished(core).await? {
            if core.running.contains_key(&frame.case) {
                continue;
            }
            let prepared = match request_in(core, &frame) {
                // Also where a disk that failed has left its keys: nobody is asked about a household whose case was to be destroyed.
                Ok(_) if self.is_gone(frame.case).await? => Err("REQUEST_NO_LONGER_VALID"),
                Ok(stored) if self.rests_on_nothing(&stored).await? => Err("REQUEST_NO_LONGER_VALID"),
                Ok(stored) => prepare_stored(core, &in_force, stored).map_err(|(error, _)| no_longer(&error)),
                Err(error) if unreadable(&error) => Err("REQUEST_UNREADABLE"),
                Err(error) => return Err(error),
            };
            match prepared {
                Ok(prepared) => {
                    self.run_again(frame.case, (prepared, Arc::clone(&in_force)));
                    resumed += 1;
                }
                Err(reason) => self.end_unrun(&frame, reason).await,
            }
        }
        Ok(resumed)
    }

    /// Whether it rechecks a case that has been destroyed meanwhile.
    async fn rests_on_nothing(&self, stored: &StoredRequest) -> Result<bool, BrokerError> {
        let of = stored.request.recheck.as_ref();
        let Some(of) = of.and_then(|recheck| CaseId::from_hex(&recheck.of)) else {
            return Ok(false);
        };
        self.is_gone(of).await
    }

    /// Whether a case has been destroyed, or is not there: of a store that was cut.
    async fn is_gone(&self, case: CaseId) -> Result<bool, BrokerError> {
        match self.retention(case).await {
            Ok(standing) => Ok(standing.state == RetentionState::Shredded),
            Err(BrokerError::NotFound) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn run_again(&self, case: CaseId, prepared: (Prepared, Arc<InForce>)) {
        let core = self.core();
        let run = Arc::new(self.run(case, prepared, None, Begun::Durable));
        // What was under way before the crash is not refused for being too much.
        let release = Release::of(core, &run, Place::beyond(core));
        if run.prepared.stored.request.recheck.is_none() {
            core.households.entry(run.household).or_default().push(Arc::clone(&run));
        }
        core.running.insert(case, run);
        tokio::spawn(async move { finish(&release.core, &release.run).await });
    }

    /// Ends a verification that cannot be run any more. Where even that cannot be kept now, the next start tries again.
    async fn end_unrun(&self, asked: &Frame, reason: &'static str) {
        let frame = evidence::never_run(self.core(), asked, reason);
        match self.core().store.append(frame).await {
            Ok(_) => tracing::warn!(case = %asked.case, reason, "an interrupted verification cannot be run any more"),
            Err(error) => {
                let error = BrokerError::from(error);
                tracing::error!(case = %asked.case, reason = error.reason(), "an interrupted verification could not be ended");
            }
        }
    }
}

/// Why a request that was kept can no longer be run.
fn no_longer(error: &BrokerError) -> &'static str {
    match error {
        BrokerError::NotAuthorized(_) => "AUTHORIZATION_ENDED",
        _ => "REQUEST_NO_LONGER_VALID",
    }
}

/// The `ASKED` frames without an ending frame that a crash can have left, in the order of asking.
async fn unfinished(core: &Core) -> Result<Vec<Frame>, BrokerError> {
    let mut from = earliest_under_way(core).await?;
    let mut open: HashMap<CaseId, Position> = HashMap::new();
    loop {
        let page = core.store.scan(from, hedui_evidence::MAX_PAGE).await?;
        for entry in &page.entries {
            match entry.head.kind {
                FrameKind::Asked => {
                    open.insert(entry.head.case, entry.position);
                }
                FrameKind::Verdict => {
                    open.remove(&entry.head.case);
                }
                _ => {}
            }
        }
        from = page.next;
        if page.at_end {
            break;
        }
    }
    let mut positions: Vec<Position> = open.into_values().collect();
    positions.sort_unstable();
    let mut unfinished = Vec::with_capacity(positions.len());
    for position in positions {
        unfinished.push(core.store.read(position).await?);
    }
    Ok(unfinished)
}

/// Where to begin to look: the segment before the newest, or an earlier one when the newest began less than the longest
/// verification ago, so that one asked in it may still have been under way.
async fn earliest_under_way(core: &Core) -> Result<Position, BrokerError> {
    /// Beside the longest wait: a minute for everything else.
    const LONGEST_MS: i64 = MAX_DEADLINE_MS as i64 + 60_000;
    let mut segment = core.store.status().await?.end.segment;
    let mut newest = None;
    while segment > 0 {
        let begins = Position { segment, offset: 0 };
        let first = core
            .store
            .scan(begins, 1)
            .await?
            .entries
            .first()
            .map(|e| e.head.time_ms);
        if let (Some(first), Some(newest)) = (first, newest)
            && first < i64::saturating_sub(newest, LONGEST_MS)
        {
            return Ok(begins);
        }
        newest = newest.or(first);
        segment -= 1;
    }
    Ok(Position::START)
}
