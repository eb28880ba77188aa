//! The gauges say what is refused and why, as long as it is so, and agree with what callers are told.
//! Leaves publishing them to the server.

use std::collections::BTreeSet;

use hedui_evidence::{EvidenceStore as _, PROMISED_WITHIN_MS, RefusalReason};

use super::support::*;

/// The names and reasons that are set.
fn set(world: &World) -> Vec<(&'static str, &'static str)> {
    let gauges = world.broker.gauges();
    let labels: BTreeSet<_> = gauges.iter().map(|gauge| (gauge.name, gauge.reason)).collect();
    // Every gauge is there at any time, once: the store's reasons twice, three more for verifications, four of the logs,
    // three of departments.
    let all = 2 * RefusalReason::ALL.len() + 10;
    assert_eq!((labels.len(), gauges.len()), (all, all));
    let set: Vec<_> = gauges.iter().filter(|gauge| gauge.is_set).collect();
    let refused = set.iter().any(|gauge| gauge.name == "verifications_refused");
    assert_eq!(refused, world.broker.ready().is_err());
    set.iter().map(|gauge| (gauge.name, gauge.reason)).collect()
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_refuses_appends_and_verifications_until_there_is_room() {
    let world = World::new();
    assert_eq!(set(&world), []);
    world.memory.set_full(true);
    let both = [("appends_refused", "NO_ROOM"), ("verifications_refused", "NO_ROOM")];
    assert_eq!(
        world.memory.refusing().map(|refusal| refusal.reason.code()),
        Some("NO_ROOM")
    );
    assert_eq!(set(&world), both);
    world.memory.set_full(false);
    assert_eq!(set(&world), []);
    world.verify(request()).await;
}

#[tokio::test(start_paused = true)]
async fn a_promise_that_was_not_kept_stays_on_the_gauges_after_verifications_go_on() {
    let world = World::new();
    world.broker.follow_logs(&mut |_| ()).await.unwrap();
    world.clock.advance(PROMISED_WITHIN_MS + 1);
    let late = ("logs_late", "PROMISE_NOT_KEPT");
    assert_eq!(set(&world), [("verifications_refused", "LOGS_LATE"), late]);
    assert_eq!(
        reason(world.broker.create(create(request())).await),
        "EVIDENCE_LOG_UNAVAILABLE"
    );
    world.broker.follow_logs(&mut |_| ()).await.unwrap();
    assert_eq!(set(&world), [late]);
}
