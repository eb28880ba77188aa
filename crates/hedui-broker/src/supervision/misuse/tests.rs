//! Office hours by the calendar, and the tallies of the report of misuse.

use hedui_evidence::{EvidenceId, FrameId, Leaf, LeafKind};

use super::*;

/// Monday 23 November 2026, 12:00 in Shanghai.
const NOON: i64 = 1_795_406_400_000;

#[test]
fn office_hours_are_six_to_seven_on_weekdays_in_shanghai() {
    let at = |days: i64, hours: i64| NOON + days * DAY_MS + (hours - 12) * HOUR_MS;
    for (days, hours, out) in [
        (0, 6, false),
        (0, 18, false),
        (0, 5, true),
        (0, 19, true),
        (4, 12, false),
        (5, 12, true),
        (6, 12, true),
        (7, 12, false),
        (-1, 12, true),
    ] {
        assert_eq!(is_out_of_hours(at(days, hours)), out, "{days} {hours}");
    }
}

fn frame(kind: FrameKind, case: u8, actor: &str, at_ms: i64) -> Frame {
    let leaf = Leaf {
        kind: LeafKind::Asked,
        evidence_id: EvidenceId([1; 16]),
        case: CaseId([case; 16]),
        district: "511703".into(),
        department: SmolStr::default(),
        purpose: "dibao".into(),
        asked_at_ms: at_ms,
        answered_at_ms: 0,
        outcome: "ASKED".into(),
        ciphertext_digest: [0; 32],
        commitment: [0; 32],
        authorization: [0; 32],
        actor: actor.into(),
        rests_on: Vec::new(),
    };
    Frame {
        id: FrameId([case; 16]),
        kind,
        district: "511703".to_owned(),
        case: CaseId([case; 16]),
        time_ms: at_ms,
        index: Vec::new(),
        leaves: vec![leaf],
        sealed: Vec::new(),
    }
}

fn key(n: u8) -> IndexKey {
    IndexKey([n; 16])
}

#[test]
fn each_indicator_counts_what_its_name_says() {
    let mut gathering = Gathering::default();
    gathering.staff.insert(key(1), vec!["0042".to_owned()]);
    gathering.staff.insert(key(2), vec!["town/0043".to_owned()]);
    gathering.relatives.insert(key(3), vec!["0042".to_owned()]);
    let night = NOON + 10 * HOUR_MS;
    // Own family, a colleague, a stranger; the second at night.
    gathering.take(
        &frame(FrameKind::Asked, 1, "window/0042", NOON),
        &[key(3), key(9)],
        true,
    );
    gathering.take(&frame(FrameKind::Asked, 2, "window/0042", night), &[key(2)], true);
    gathering.take(&frame(FrameKind::Asked, 3, "window/0050", NOON), &[key(9)], true);
    // Before the time asked for: only who began it counts.
    gathering.take(&frame(FrameKind::Asked, 4, "window/0051", NOON), &[key(9)], false);
    // Readings: an own case, somebody else's twice, none.
    for (case, actor) in [
        (1, "window/0042"),
        (3, "window/0042"),
        (4, "window/0042"),
        (0, "auditor"),
    ] {
        gathering.take(&frame(FrameKind::Access, case, actor, NOON), &[], true);
    }
    gathering.take(&frame(FrameKind::Denial, 5, "window/0050", NOON), &[], true);
    // The same number at another office is another official.
    gathering.take(&frame(FrameKind::Asked, 6, "town/0043", NOON), &[key(2)], true);
    let report = gathering.report();
    let of = |actor: &str| report.officials.iter().find(|o| o.actor == actor).unwrap().clone();
    let clerk = Overseen {
        actor: "window/0042".to_owned(),
        lookups: 2,
        readings: 3,
        readings_of_others: 2,
        without_case: 0,
        denials: 0,
        out_of_hours: 1,
        persons: 3,
        colleagues: 1,
        own_family: 1,
    };
    assert_eq!(of("window/0042"), clerk);
    assert_eq!(report.officials[0], clerk);
    assert_eq!((of("window/0050").lookups, of("window/0050").denials), (1, 1));
    assert_eq!((of("auditor").readings, of("auditor").without_case), (1, 1));
    assert_eq!((of("town/0043").own_family, of("town/0043").colleagues), (1, 0));
    let seen: Vec<(u64, u64)> = report.most_consulted.iter().map(|c| (c.officials, c.lookups)).collect();
    assert_eq!(seen, [(2, 2), (2, 2)]);
    assert!(report.most_consulted.iter().all(|c| c.token.len() == 8));
}
