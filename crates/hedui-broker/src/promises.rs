//! Promises of inclusion for verifications that became durable together: one signature for all of them.
//! Leaves what a promise says to `hedui-evidence`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hedui_evidence::{DistrictLogs, LogError, ToPromise};
use tokio::sync::oneshot;

/// A verdict that waits to be promised.
struct Waiting {
    leaf: ToPromise,
    tell: oneshot::Sender<Option<Arc<str>>>,
}

/// Those who wait: whoever comes first signs for all who come before it goes on.
#[derive(Default)]
pub(crate) struct Promises {
    waiting: Mutex<Vec<Waiting>>,
}

impl Promises {
    /// The promise of a durable verdict. None where nothing can be promised now: the verdict stands all the same.
    pub async fn make(&self, logs: &DistrictLogs, leaf: ToPromise, now_ms: i64) -> Option<Arc<str>> {
        let (tell, told) = oneshot::channel();
        let leads = {
            let mut waiting = self.lock();
            waiting.push(Waiting {
                leaf: leaf.clone(),
                tell,
            });
            waiting.len() == 1
        };
        if leads {
            let turn = Turn(Some(self));
            // Whoever became durable in the same group is about to come here.
            tokio::task::yield_now().await;
            sign(logs, turn.take(), now_ms);
        }
        match told.await {
            Ok(promise) => promise,
            // Whoever was to sign did not come to it.
            Err(_) => one(logs, leaf, now_ms),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiting>> {
        // Only ever pushed to and taken as a whole.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of the first. One that ends before it signs lets go of those who wait, so that each signs for itself and another may be first.
struct Turn<'a>(Option<&'a Promises>);

impl Turn<'_> {
    fn take(mut self) -> Vec<Waiting> {
        self.taken()
    }

    fn taken(&mut self) -> Vec<Waiting> {
        self.0
            .take()
            .map(|all| std::mem::take(&mut *all.lock()))
            .unwrap_or_default()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        drop(self.taken());
    }
}

fn sign(logs: &DistrictLogs, waiting: Vec<Waiting>, now_ms: i64) {
    let (leaves, tell): (Vec<ToPromise>, Vec<_>) = waiting.into_iter().map(|w| (w.leaf, w.tell)).unzip();
    for (tell, promise) in tell.into_iter().zip(promised(logs, &leaves, now_ms)) {
        // Who went away does not want it.
        let _ = tell.send(promise);
    }
}

/// The promise of one durable verdict alone, for whoever reads of it later.
pub(crate) fn one(logs: &DistrictLogs, leaf: ToPromise, now_ms: i64) -> Option<Arc<str>> {
    promised(logs, &[leaf], now_ms).pop().flatten()
}

fn promised(logs: &DistrictLogs, leaves: &[ToPromise], now_ms: i64) -> Vec<Option<Arc<str>>> {
    match logs.promise(leaves, now_ms) {
        Ok(promises) => promises
            .into_iter()
            .map(|promise| promise.map(|promise| Arc::clone(promise.note())))
            .collect(),
        Err(LogError::Halted { .. } | LogError::Late) => vec![None; leaves.len()],
        Err(error) => {
            tracing::error!(%error, "durable verdicts could not be promised");
            vec![None; leaves.len()]
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use hedui_evidence::{CaseId, EvidenceId, Leaf, LeafKind, LogKey, LogOptions};

    use super::*;

    const NOW: i64 = 1_795_000_000_000;

    fn logs() -> DistrictLogs {
        let options = LogOptions {
            name: "evidence.example".to_owned(),
            folder: None,
            promised_within_ms: 60_000,
        };
        DistrictLogs::new(options, LogKey::from_bytes([7; 32])).unwrap()
    }

    fn leaf(logs: &DistrictLogs, number: u8) -> ToPromise {
        let leaf = Leaf {
            kind: LeafKind::Verdict,
            evidence_id: EvidenceId([number; 16]),
            case: CaseId([number; 16]),
            district: "511703".into(),
            department: "".into(),
            purpose: "dibao".into(),
            asked_at_ms: NOW,
            answered_at_ms: NOW,
            outcome: "".into(),
            ciphertext_digest: [0; 32],
            commitment: [0; 32],
            authorization: [0; 32],
            actor: "".into(),
            rests_on: Vec::new(),
        };
        logs.to_promise(&leaf, NOW).unwrap()
    }

    #[tokio::test]
    async fn who_comes_together_shares_one_promise_and_who_comes_later_has_another() {
        let (logs, promises) = (logs(), Promises::default());
        let make = |number| promises.make(&logs, leaf(&logs, number), NOW);
        let together = join_all((0..5).map(make)).await;
        let first = together[0].clone().unwrap();
        assert!(together.iter().flatten().all(|promise| Arc::ptr_eq(promise, &first)));
        assert_eq!(
            (together.iter().flatten().count(), first.lines().count()),
            (5, 3 + 5 + 2)
        );
        let later = make(9).await.unwrap();
        assert_eq!(later.lines().count(), 3 + 1 + 2);
        assert_eq!(Some(&later), one(&logs, leaf(&logs, 9), NOW).as_ref());
    }

    #[tokio::test]
    async fn who_was_to_sign_and_went_away_leaves_nobody_waiting() {
        let (logs, promises) = (logs(), Promises::default());
        let make = |number| promises.make(&logs, leaf(&logs, number), NOW);
        let mut first = Box::pin(make(0));
        assert!(futures::poll!(first.as_mut()).is_pending());
        let mut second = Box::pin(make(1));
        assert!(futures::poll!(second.as_mut()).is_pending());
        drop(first);
        assert_eq!(second.await, one(&logs, leaf(&logs, 1), NOW));
        assert_eq!(make(2).await, one(&logs, leaf(&logs, 2), NOW));
    }

    #[tokio::test]
    async fn a_verdict_whose_time_has_passed_gets_none_and_its_neighbours_theirs() {
        let (logs, promises) = (logs(), Promises::default());
        let passed = promises.make(&logs, leaf(&logs, 0), NOW + 60_001).await;
        assert_eq!(passed, None);
        assert!(promises.make(&logs, leaf(&logs, 0), NOW + 60_000).await.is_some());
    }
}
