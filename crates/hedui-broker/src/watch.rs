//! Watching: a snapshot, each department as it answers, heartbeats, the end. Resumable by sequence, while it runs and after.
//! Leaves the stream on the wire to the server.

use std::sync::Arc;
use std::time::Duration;

use hedui_core::report::DepartmentLine;
use hedui_evidence::CaseId;
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::error::BrokerError;
use crate::run::{Run, State, Verification};

/// Time without news after which a heartbeat is sent.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// Events waiting for a slow watcher; beyond them the broker waits for it, never the verification.
const QUEUE: usize = 64;

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    /// Rises by one with each answered department and the end; a snapshot or heartbeat repeats the one before.
    pub sequence: i64,
    /// When, milliseconds since 1970.
    pub time_ms: i64,
    /// What.
    pub kind: EventKind,
}

/// What an event says.
#[derive(Clone, Debug)]
pub enum EventKind {
    /// The verification as it is.
    Snapshot(Box<Verification>),
    /// One department has answered or been given up.
    Answered {
        /// Its line of the report.
        line: Box<DepartmentLine>,
        /// How many have answered or been given up so far.
        answered: u32,
        /// How many were asked.
        asked: u32,
    },
    /// Nothing new.
    Heartbeat {
        /// How many have answered or been given up so far.
        answered: u32,
        /// How many were asked.
        asked: u32,
    },
    /// The end.
    Completed(Box<Verification>),
}

impl Broker {
    /// Follows a verification from after a sequence; the stream ends after `Completed`.
    pub async fn watch(&self, case: CaseId, after: i64) -> Result<mpsc::Receiver<Event>, BrokerError> {
        let (events, receiver) = mpsc::channel(QUEUE);
        let run = self.core().running.get(&case).map(|r| Arc::clone(&r));
        let broker = self.clone();
        match run {
            Some(run) => {
                tokio::spawn(async move { follow(&broker, &run, after, events).await });
            }
            None => {
                let ended = self.peek(case).await?;
                tokio::spawn(async move { replay(&broker, ended, after, events).await });
            }
        }
        Ok(receiver)
    }
}

type Events = mpsc::Sender<Event>;

/// Follows a run. Returns when the watcher has gone or the end was sent.
async fn follow(broker: &Broker, run: &Run, after: i64, events: Events) {
    let mut progress = run.collector.progress();
    let mut state = run.state.subscribe();
    let mut sent = after.max(0);
    let snapshot = run.snapshot();
    let asked = snapshot.asked;
    let first = EventKind::Snapshot(Box::new(snapshot));
    if send(broker, &events, sent, first).await.is_err() {
        return;
    }
    loop {
        let ended = state.borrow_and_update().state != State::Running;
        progress.borrow_and_update();
        for line in run.lines() {
            let sequence = i64::from(line.arrival);
            if sequence > sent {
                sent = sequence;
                let kind = EventKind::Answered {
                    answered: line.arrival,
                    asked,
                    line: Box::new(line),
                };
                if send(broker, &events, sequence, kind).await.is_err() {
                    return;
                }
            }
        }
        if ended {
            if let Some(sequence) = completed(run.collector.arrivals(), after) {
                let kind = EventKind::Completed(Box::new(run.snapshot()));
                let _ = send(broker, &events, sequence, kind).await;
            }
            return;
        }
        tokio::select! {
            _ = progress.changed() => {}
            _ = state.changed() => {}
            () = events.closed() => return,
            () = tokio::time::sleep(HEARTBEAT) => {
                let kind = EventKind::Heartbeat { answered: run.collector.arrivals(), asked };
                if send(broker, &events, sent, kind).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// The sequence of the end for a watcher who has seen what came up to `after`; none for one who has seen the end. Whoever has seen more
/// than there is in the end, as the verification was interrupted and run again or left no report, is told of it all the same.
fn completed(arrivals: u32, after: i64) -> Option<i64> {
    let sequence = i64::from(arrivals) + 1;
    (sequence != after).then(|| sequence.max(after.saturating_add(1)))
}

/// Tells an ended verification again.
async fn replay(broker: &Broker, ended: Verification, after: i64, events: Events) {
    let asked = ended.asked;
    let first = EventKind::Snapshot(Box::new(ended.clone()));
    if send(broker, &events, after.max(0), first).await.is_err() {
        return;
    }
    let report = ended.report.as_ref().and_then(|kept| kept.open().ok());
    let mut lines: Vec<DepartmentLine> = report.map(|r| r.departments.clone()).unwrap_or_default();
    let arrivals = lines.iter().map(|l| l.arrival).max().unwrap_or(0);
    lines.retain(|l| i64::from(l.arrival) > after);
    lines.sort_by_key(|l| l.arrival);
    for line in lines {
        let (sequence, at) = (i64::from(line.arrival), line.answered_at_ms);
        let kind = EventKind::Answered {
            answered: line.arrival,
            asked,
            line: Box::new(line),
        };
        if events
            .send(Event {
                sequence,
                time_ms: at,
                kind,
            })
            .await
            .is_err()
        {
            return;
        }
    }
    if let Some(sequence) = completed(arrivals, after) {
        let time_ms = ended.ended_at_ms.unwrap_or(ended.created_at_ms);
        let _ = events
            .send(Event {
                sequence,
                time_ms,
                kind: EventKind::Completed(Box::new(ended)),
            })
            .await;
    }
}

async fn send(broker: &Broker, events: &Events, sequence: i64, kind: EventKind) -> Result<(), ()> {
    let time_ms = broker.clock().now_ms();
    events
        .send(Event {
            sequence,
            time_ms,
            kind,
        })
        .await
        .map_err(|_| ())
}
