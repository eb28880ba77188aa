//! A department that no longer answers as it used to opens verdicts until somebody has looked; counts go on over a restart.
//! Leaves when a change is a drift to `hedui_core::drift`.

use hedui_core::drift::DriftLimits;
use hedui_core::{DepartmentId, Finding, Outcome};

use super::support::*;
use crate::{Settings, Verification};

fn world() -> World {
    World::with(Differently {
        settings: Settings {
            drift: DriftLimits {
                block_persons: 30,
                ..DriftLimits::default()
            },
            ..Settings::default()
        },
        ..Differently::default()
    })
}

fn vehicles() -> DepartmentId {
    DepartmentId::new("vehicles").unwrap()
}

fn drifting(verification: &Verification) -> Vec<Finding> {
    let findings = report(verification).findings.iter();
    findings.filter(|f| f.code == "DEPARTMENT_DRIFTS").cloned().collect()
}

/// A register of vehicles that knew nobody's for forty households and knows everybody's for ten.
async fn drifted() -> World {
    let world = world();
    world.broker.archive_packs().await.unwrap();
    for n in 0..40 {
        let verification = world.verify(family(n)).await;
        assert_eq!(drifting(&verification), []);
        assert_eq!(outcome(&verification), Outcome::Qualifies);
    }
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    for n in 40..49 {
        let verification = world.verify(family(n)).await;
        assert_eq!(
            (drifting(&verification), outcome(&verification)),
            (Vec::new(), Outcome::Exceeds)
        );
    }
    world
}

#[tokio::test(start_paused = true)]
async fn what_a_drifting_department_says_neither_grants_nor_refuses_until_somebody_has_looked() {
    let world = drifted().await;
    // The household that fills the block is judged with what was found.
    let tenth = world.verify(family(49)).await;
    let found = drifting(&tenth);
    assert_eq!(
        found.iter().map(|f| f.departments.clone()).collect::<Vec<_>>(),
        [vec![vehicles()]]
    );
    assert_eq!(outcome(&tenth), Outcome::Inconclusive);
    let (drifts, accepted) = world.broker.drifts_of(&vehicles());
    assert_eq!(
        drifts
            .iter()
            .map(|d| (d.kind.word(), d.before, d.now))
            .collect::<Vec<_>>(),
        [("NO_RECORD_SHARE", 1_000, 666)]
    );
    assert_eq!(accepted, None);
    let alarm = |world: &World| {
        let gauges = world.broker.gauges();
        let set = gauges.iter().filter(|g| g.name == "departments_drift" && g.is_set);
        set.map(|g| g.reason).collect::<Vec<_>>()
    };
    assert_eq!(alarm(&world), ["NO_RECORD_SHARE"]);
    // As it was judged, also when it is reckoned again: after somebody has looked, too.
    assert_eq!(
        reason(world.broker.accept_drift(&vehicles(), "", "op")),
        "INVALID_REQUEST"
    );
    assert_eq!(
        reason(world.broker.accept_drift(&vehicles(), "11010519491231002X", "op")),
        "INVALID_REQUEST"
    );
    assert!(
        world
            .broker
            .accept_drift(&vehicles(), "a new register was loaded", "op")
            .unwrap()
    );
    assert!(!world.broker.accept_drift(&vehicles(), "again", "op").unwrap());
    assert!(world.broker.recompute(tenth.case, "audit", "a").await.unwrap().same);
    let after = world.verify(family(50)).await;
    assert_eq!((drifting(&after), outcome(&after)), (Vec::new(), Outcome::Exceeds));
    assert_eq!(alarm(&world), Vec::<&str>::new());
    assert_eq!(
        world.broker.drifts_of(&vehicles()).1.unwrap().reason,
        "a new register was loaded"
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_forgets_neither_what_was_usual_nor_what_drifts_nor_who_accepted_it() {
    let before = drifted().await;
    let counts = before.broker.drift_counts();
    // Counts only: nobody's name, number or amount.
    let text = String::from_utf8(counts.clone()).unwrap();
    assert!(!text.contains("测试") && !text.contains("1980"));
    let after = world();
    assert!(after.broker.set_drift_counts(&counts));
    after
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    assert_eq!(drifting(&after.verify(family(49)).await).len(), 1);
    assert!(after.broker.accept_drift(&vehicles(), "looked at", "op").unwrap());
    let kept = after.broker.drift_counts();
    let last = world();
    assert!(last.broker.set_drift_counts(&kept));
    assert_eq!(last.broker.drifts_of(&vehicles()), after.broker.drifts_of(&vehicles()));
    assert!(!last.broker.set_drift_counts(b"{}"));
}
