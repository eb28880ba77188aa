//! Follows a verification to its end over a watch stream, and takes the stream up again where it broke.
//! Leaves showing what happens to a `Watcher`, and what the end means to the caller.

use std::time::Duration;

use hedui_proto::verification::watch_verification_response::Event;
use hedui_proto::verification::{DepartmentAnswered, Verification, VerificationState, WatchVerificationRequest};

use super::CliError;
use super::client::Client;
use super::refusal::Refusal;

/// How patiently a broken stream is taken up again.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Wait before the first new attempt; doubles each time.
    pub first: Duration,
    /// Longest wait between two attempts.
    pub longest: Duration,
    /// Attempts in a row without any event before giving up.
    pub attempts: u32,
    /// Longest silence of a stream: the server sends heartbeats far more often.
    pub silence: Duration,
}

impl Default for Patience {
    /// Gives up after about half a minute without a server.
    fn default() -> Patience {
        Patience {
            first: Duration::from_millis(200),
            longest: Duration::from_secs(5),
            attempts: 10,
            silence: Duration::from_secs(60),
        }
    }
}

/// Sees a verification proceed.
pub trait Watcher {
    /// The state when following began, or began again.
    fn snapshot(&self, verification: &Verification);
    /// One more department has answered, or its time is over.
    fn answered(&self, event: &DepartmentAnswered);
    /// So many of so many have answered.
    fn heartbeat(&self, answered: u32, asked: u32);
    /// The stream broke and is taken up again after a wait.
    fn broken(&self, why: &Refusal, wait: Duration);
}

/// How one stream ended.
enum Ended {
    /// The verification has ended.
    Done(Box<Verification>),
    /// The stream broke; whether anything was seen on it before.
    Broken { why: Refusal, progressed: bool },
}

/// Follows until the verification has ended.
pub async fn follow(
    client: &Client,
    name: &str,
    patience: Patience,
    watcher: &dyn Watcher,
) -> Result<Verification, CliError> {
    let mut after_sequence = 0;
    let mut failures = 0;
    let mut wait = patience.first;
    loop {
        match follow_once(client, name, &mut after_sequence, patience.silence, watcher).await {
            Ended::Done(verification) => return Ok(*verification),
            Ended::Broken { why, progressed } => {
                if progressed {
                    (failures, wait) = (0, patience.first);
                }
                failures += 1;
                if failures > patience.attempts || !why.may_pass() {
                    return Err(why.into());
                }
                watcher.broken(&why, wait);
                tokio::time::sleep(wait).await;
                wait = wait.saturating_mul(2).min(patience.longest);
            }
        }
    }
}

async fn follow_once(
    client: &Client,
    name: &str,
    after_sequence: &mut i64,
    silence: Duration,
    watcher: &dyn Watcher,
) -> Ended {
    let mut progressed = false;
    let request = WatchVerificationRequest {
        name: name.to_owned(),
        after_sequence: *after_sequence,
        actor: client.actor.clone(),
    };
    let mut verifications = client.verification();
    let opened = tokio::time::timeout(silence, verifications.watch_verification(request));
    let mut stream = match opened.await {
        Ok(Ok(response)) => response.into_inner(),
        Ok(Err(status)) => {
            return Ended::Broken {
                why: client.refusal(&status),
                progressed,
            };
        }
        Err(_) => {
            return Ended::Broken {
                why: silent(client),
                progressed,
            };
        }
    };
    loop {
        let response = match tokio::time::timeout(silence, stream.message()).await {
            Ok(Ok(Some(response))) => response,
            Ok(Ok(None)) => {
                let why = Refusal::unreachable(&client.server, "the server ended the stream early");
                return Ended::Broken { why, progressed };
            }
            Ok(Err(status)) => {
                return Ended::Broken {
                    why: client.refusal(&status),
                    progressed,
                };
            }
            Err(_) => {
                return Ended::Broken {
                    why: silent(client),
                    progressed,
                };
            }
        };
        progressed = true;
        *after_sequence = response.sequence.max(*after_sequence);
        match response.event {
            Some(Event::Completed(verification)) => return Ended::Done(Box::new(verification)),
            Some(Event::Snapshot(verification)) => {
                watcher.snapshot(&verification);
                if has_ended(&verification) {
                    return Ended::Done(Box::new(verification));
                }
            }
            Some(Event::DepartmentAnswered(event)) => watcher.answered(&event),
            Some(Event::Heartbeat(heartbeat)) => watcher.heartbeat(heartbeat.answered, heartbeat.asked),
            // An event of a later version of the protocol.
            None => {}
        }
    }
}

/// Whether nothing more will happen to it.
pub fn has_ended(verification: &Verification) -> bool {
    !matches!(
        verification.state(),
        VerificationState::Running | VerificationState::Unspecified
    )
}

fn silent(client: &Client) -> Refusal {
    Refusal::unreachable(&client.server, "the server fell silent")
}
