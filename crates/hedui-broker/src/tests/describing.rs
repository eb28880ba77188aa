//! What a reader is told of the records behind a report: everything where the answers can be read, the places alone where not.
//! Leaves what a source says to the core.

use hedui_core::Circumstance;
use hedui_evidence::FrameKind;

use super::support::*;
use crate::describe::sources;

#[tokio::test(start_paused = true)]
async fn a_request_that_would_be_refused_today_hides_no_report_only_the_texts_of_its_records() {
    let world = World::new();
    world
        .department("vehicles")
        .does(|ask| Act::Now(holds(&ask.query, &[car()])));
    world
        .department("housing")
        .does(|ask| Act::Now(holds(&ask.query, &[flat(1)])));
    let ended = world.verify(request()).await;
    let (core, report) = (world.broker.core(), report(&ended));
    let frame = core.frame_of(ended.case, FrameKind::Verdict).await.unwrap().unwrap();
    let mut stored = world.broker.stored_request(ended.case).await.unwrap();

    let told = sources(core, &stored, &frame, report);
    assert!(!told.is_empty() && told.iter().all(|s| !s.label.is_empty()));
    assert!(told.iter().any(|s| s.reference == "v1") && told.iter().any(|s| s.reference == "h1"));
    // What the broker hands out is the same.
    let whole = world.broker.get_whole(ended.case, "caller", "").await.unwrap();
    assert_eq!(whole.report.as_ref().unwrap().open().unwrap().sources, told);
    let brief = world.broker.get(ended.case, "caller", "").await.unwrap();
    assert!(brief.report.as_ref().unwrap().open().unwrap().sources.is_empty());
    assert_eq!(brief.report, whole.report);

    // What papers state stands in the report as it was stated.
    let mut stating = request();
    stating.household.members[1].circumstances = vec![paper(Circumstance::InPrison, "判决书 12")];
    stating.household.circumstances = vec![paper(Circumstance::UrgentNeed, "社区证明")];
    let stated = world.verify(stating.clone()).await;
    let stated = super::support::report(&stated).clone();
    assert_eq!(
        stated.members[1].circumstances,
        stating.household.members[1].circumstances
    );
    assert_eq!(stated.circumstances, stating.household.circumstances);

    // As if a later version no longer took such a household.
    stored.request.household.members.clear();
    let bare = sources(core, &stored, &frame, report);
    let places = |sources: &[hedui_core::Source]| -> Vec<_> {
        let place = |s: &hedui_core::Source| (s.id, s.subject, s.department.clone(), s.record_type);
        sources.iter().map(place).collect()
    };
    assert_eq!(places(&bare), places(&told));
    assert!(bare.iter().all(|s| s.reference.is_empty()));
}
