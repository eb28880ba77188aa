//! Re-evaluation: a new standard on kept evidence, an annual review, early warnings; crashes at every step; who is not judged and why.
//! Leaves the comparison of facts to `hedui-core`, and calls to the server.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hedui_adapter::port::Ask;
use hedui_core::finding::{LONG_PAST, LONG_PAST_DAYS};
use hedui_core::{Outcome, Record};
use hedui_evidence::{EvidenceStore, FrameKind, KeyRing, MasterKey, MemoryStore, StoreError};
use hedui_policy::{PackFile, PackSet};
use jiff::ToSpan as _;

use super::catalogue::without;
use super::hooked::Hooked;
use super::retention::{FIRST, SCHEDULE, SECOND, YEAR_MS};
use super::support::*;
use crate::clock::ManualClock;
use crate::{
    Broker, CaseId, FiledAgain, JobState, Officer, Reevaluation, ReevaluationAsk, ReevaluationCounts, ReevaluationKind,
    Registry, Request, Reviewed, State,
};

pub(super) const OFFICE: Officer<'static> = Officer {
    caller: "district-centre",
    person: "0031",
};
const NEW: ReevaluationKind = ReevaluationKind::NewStandard {
    on: hedui_core::Date::constant(2026, 12, 1),
};

/// Dachuan's urban pack until November, and from December on with a standard of 620.
fn raised() -> PackSet {
    static READ: OnceLock<PackSet> = OnceLock::new();
    READ.get_or_init(read_raised).clone()
}

fn read_raised() -> PackSet {
    let mut files = PackSet::bundled_files();
    let urban = files
        .iter_mut()
        .find(|f| f.name.contains("dachuan") && f.name.contains("dibao-urban"))
        .unwrap();
    let from = "valid_from = \"2018-01-01\"";
    // Without its cases: their days lie before it is in force.
    let rules = urban.text.split("[[case]]").next().unwrap_or_default();
    let new = rules
        .replace(from, "valid_from = \"2026-12-01\"")
        .replace("version = \"1\"", "version = \"2\"")
        .replace("value = 520", "value = 620");
    urban.text = urban.text.replace(from, &format!("{from}\nvalid_to = \"2026-11-30\""));
    files.push(PackFile {
        name: "raised.toml".to_owned(),
        text: new,
    });
    PackSet::load(files).unwrap()
}

fn differently(seed: u8) -> Differently {
    Differently {
        packs: raised,
        seed: [seed; 32],
        ..Differently::default()
    }
}

fn over(memory: &Arc<MemoryStore>, store: Arc<dyn EvidenceStore>, clock: &Arc<ManualClock>, seed: u8) -> World {
    let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
    let world = World::over(Arc::clone(memory), store, Arc::clone(clock), keys, differently(seed));
    script(&world);
    world
}

pub(super) fn world() -> World {
    let world = World::with(differently(7));
    script(&world);
    world
}

/// A family whose letters last.
fn lasting(n: u16) -> Request {
    let mut request = family(n);
    for letter in &mut request.authorizations {
        letter.valid_until = Some(date(2027, 10, 31));
    }
    request
}

/// Which family a question is about.
fn family_of(ask: &Ask) -> u16 {
    let asked = ask.query.subjects[0].id.expose();
    (0..40).find(|n| id(1980, 3 * n + 1) == asked).unwrap()
}

/// The family's wage of October, so that a person of the nth has 500 + 20 n yuan; and of November.
fn wages(n: u16) -> Vec<Record> {
    let month = |month: &str, reference: &str| {
        serde_json::from_value(
            serde_json::json!({"reference": reference, "type": "income", "kind": "wage", "payer_name": "厂",
            "gross": 300 * (500 + 20 * i64::from(n)), "from": month, "until": month}),
        )
        .unwrap()
    };
    vec![month("2026-10", "w10"), month("2026-11", "w11")]
}

fn script(world: &World) {
    let tax = world.department("tax");
    tax.does(|ask| Act::Now(holds(&ask.query, &wages(family_of(ask)))));
}

pub(super) async fn verify_all(world: &World, families: u16) -> Vec<CaseId> {
    world.broker.archive_packs().await.unwrap();
    let mut cases = Vec::new();
    for n in 0..families {
        let ended = world.verify(lasting(n)).await;
        assert_eq!(ended.state, State::Succeeded);
        cases.push(ended.case);
    }
    cases
}

pub(super) fn ask(kind: ReevaluationKind) -> ReevaluationAsk<'static> {
    ReevaluationAsk {
        district: DISTRICT,
        programme: "dibao",
        kind,
        rate_per_second: 100,
        with_silence: false,
    }
}

/// What nobody registers keeps the verdict open again, and the new verdict is reckoned again byte for byte, also once somebody registers it.
#[tokio::test(start_paused = true)]
async fn a_register_that_nobody_held_stays_open_and_comes_out_again() {
    let world = world();
    let whole = world.broker.registry();
    world.broker.replace_departments(without(&world, "bank")).await.unwrap();
    let before = verify_all(&world, 2).await;
    world.clock.advance(12 * DAY_MS);
    let done = run(&world, NEW).await;
    assert_eq!((done.counts.judged, done.counts.inconclusive), (2, 2));
    let found = reviewed(&world.broker, done.id).await;
    let all = Registry::of(whole.departments().to_vec());
    world.broker.replace_departments(all).await.unwrap();
    for (case, one) in before.iter().zip(&found) {
        let after = one.case.unwrap();
        for case in [*case, after] {
            let ended = world.broker.peek(case).await.unwrap();
            let told = report(&ended).findings.iter().filter(|f| f.code == "NO_REGISTER");
            assert_eq!((told.count(), outcome(&ended)), (1, Outcome::Inconclusive));
            let again = world.broker.recompute(case, "audit", "1").await.unwrap();
            assert!(again.same, "{:?}", again.differences);
            assert_eq!((again.digests[0], again.filed), (again.digests[1], FiledAgain::Same));
        }
        assert_eq!(one.after.as_ref().unwrap().pack.version.as_str(), "2");
    }
}

/// Chosen because the household was poorer then: a new standard judges that day again, and says no less of it. A person who asks again is told as anybody.
#[tokio::test(start_paused = true)]
async fn a_day_long_past_stays_named_under_a_new_standard() {
    let world = world();
    world.broker.archive_packs().await.unwrap();
    let far = date(2026, 11, 22).saturating_sub((LONG_PAST_DAYS + 1).days());
    let (mut near, mut long_ago) = (lasting(0), lasting(1));
    near.as_of = None;
    long_ago.as_of = Some(far);
    for request in [near, long_ago] {
        assert_eq!(world.verify(request).await.state, State::Succeeded);
    }
    world.clock.advance(12 * DAY_MS);
    let first = run(&world, NEW).await;
    // And what the job said is handed on by the next one.
    world.clock.advance(200 * DAY_MS);
    let second = run(&world, NEW).await;
    for job in [first, second] {
        let found = reviewed(&world.broker, job.id).await;
        let named = found
            .iter()
            .map(|one| codes(one).iter().filter(|c| **c == LONG_PAST).count());
        assert_eq!(named.collect::<Vec<_>>(), [0, 1]);
        for one in &found {
            let again = world.broker.recompute(one.case.unwrap(), "audit", "1").await.unwrap();
            assert!(again.same, "{:?}", again.differences);
        }
    }
}

/// Waits until a job runs no more.
pub(super) async fn rest(broker: &Broker, id: CaseId) -> Reevaluation {
    if let Some(mut state) = broker.watch_reevaluation(id) {
        let _ = state.wait_for(|job| job.state != JobState::Running).await;
    }
    broker.reevaluation(id).await.unwrap()
}

async fn run(world: &World, kind: ReevaluationKind) -> Reevaluation {
    let job = world.broker.reevaluate(ask(kind), OFFICE).await.unwrap();
    let done = rest(&world.broker, job.id).await;
    assert_eq!(done.state, JobState::Done);
    done
}

async fn reviewed(broker: &Broker, id: CaseId) -> Vec<Reviewed> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = broker.reviewed(id, after, OFFICE).await.unwrap();
        all.extend(page.households);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

fn codes(reviewed: &Reviewed) -> Vec<&str> {
    reviewed.findings.iter().map(|f| f.code.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_new_standard_judges_kept_evidence_asks_nobody_and_says_what_changed() {
    let world = world();
    let before = verify_all(&world, 8).await;
    let asked = world.questions();
    world.clock.advance(12 * DAY_MS);
    let done = run(&world, NEW).await;
    assert_eq!(world.questions(), asked);
    // 520 to 600 were beyond the line of 520 and are below that of 620.
    let counts = ReevaluationCounts {
        households: 8,
        judged: 8,
        changed: 6,
        newly_qualify: 5,
        warned: done.counts.warned,
        ..ReevaluationCounts::default()
    };
    assert_eq!((done.counts, done.total), (counts, 8));
    let found = reviewed(&world.broker, done.id).await;
    assert_eq!(
        found.iter().map(|r| r.of).collect::<Vec<_>>(),
        before.iter().map(|c| Some(*c)).collect::<Vec<_>>()
    );
    for (n, one) in found.iter().enumerate() {
        let (was, is) = (one.before.as_ref().unwrap(), one.after.as_ref().unwrap());
        assert_eq!(was.outcome == Outcome::Qualifies, n < 1, "{n}");
        assert_eq!(is.outcome == Outcome::Qualifies, n < 6, "{n}");
        assert_eq!(is.pack.version.as_str(), "2");
        let near = (500 + 20 * n >= 558) && (500 + 20 * n <= 682);
        assert_eq!(codes(one).contains(&"INCOME_NEAR_LINE"), near, "{n}");
        let case = one.case.unwrap();
        let ended = world.broker.peek(case).await.unwrap();
        assert_eq!(ended.reevaluates.as_ref().unwrap().of, before[n].to_string());
        assert_eq!((ended.rechecks, ended.as_of), (None, date(2026, 11, 22)));
        // It is a verification like any other: its leaf names nobody who was asked, and its verdict is reckoned again byte for byte.
        let frames = world.memory.case(case).await.unwrap();
        assert_eq!(frames[0].leaves[0].department, "");
        assert!(world.broker.recompute(case, "audit", "1").await.unwrap().same);
    }
    let text = found[1].findings.iter().find(|f| f.code == "OUTCOME_CHANGED").unwrap();
    assert!(text.message.en.contains("exceeds -> qualifies"), "{text:?}");
    assert!(
        found[0]
            .findings
            .iter()
            .any(|f| f.message.zh.contains("60元/月 → 360元/月"))
    );
    // Judged anew they are what a single verification under the new rules says.
    let fresh = World::with(Differently {
        packs: || {
            let mut files = PackSet::bundled_files();
            for file in &mut files {
                if file.name.contains("dachuan") && file.name.contains("dibao-urban") {
                    file.text = file.text.replace("value = 520", "value = 620");
                }
            }
            PackSet::load(files).unwrap()
        },
        ..Differently::default()
    });
    script(&fresh);
    for (n, one) in (0u16..).zip(&found) {
        let single = fresh.verify(lasting(n)).await;
        let (single, after) = (&report(&single).verdicts[0], one.after.as_ref().unwrap());
        assert_eq!((single.outcome, &single.amount), (after.outcome, &after.amount));
        let whole = world.broker.peek(one.case.unwrap()).await.unwrap();
        assert_eq!(single.trace.len(), report(&whole).verdicts[0].trace.len());
        assert_eq!(single.tests, report(&whole).verdicts[0].tests);
    }
}

#[tokio::test(start_paused = true)]
async fn an_annual_review_asks_again_and_is_what_a_single_verification_says() {
    let world = world();
    verify_all(&world, 4).await;
    world.clock.advance(12 * DAY_MS);
    world.department("vehicles").does(|ask| {
        let bought = family_of(ask) == 0;
        Act::Now(if bought {
            holds(&ask.query, &[car()])
        } else {
            nothing(&ask.query)
        })
    });
    world.department("housing").does(|ask| match family_of(ask) {
        3 => Act::Drop,
        _ => Act::Now(nothing(&ask.query)),
    });
    let done = run(&world, ReevaluationKind::AnnualReview).await;
    let found = reviewed(&world.broker, done.id).await;
    assert_eq!(codes(&found[1])[0], "REEVALUATED");
    assert!(codes(&found[0]).contains(&"NEW_VEHICLE") && found[0].is_to_be_looked_at());
    assert_eq!(done.warnings.get("NEW_VEHICLE"), Some(&1));
    // Who bought a car exceeds, and is listed; silence takes nothing away.
    assert_eq!(found[3].after.as_ref().unwrap().outcome, Outcome::Inconclusive);
    let counts = done.counts;
    assert_eq!(
        (counts.newly_exceed, counts.newly_qualify, counts.inconclusive),
        (1, 2, 1)
    );
    for (n, one) in (0u16..).zip(&found).take(3) {
        let single = world.verify(lasting(n)).await;
        let whole = world.broker.peek(one.case.unwrap()).await.unwrap();
        assert_eq!(report(&single).verdicts, report(&whole).verdicts, "{n}");
        assert!(world.broker.recompute(whole.case, "audit", "1").await.unwrap().same);
    }
}

#[tokio::test(start_paused = true)]
async fn silence_leaves_a_household_as_it_was_until_somebody_looks() {
    let world = world();
    verify_all(&world, 1).await;
    world.clock.advance(12 * DAY_MS);
    world.department("housing").does(|_| Act::Drop);
    let done = run(&world, ReevaluationKind::AnnualReview).await;
    assert_eq!((done.counts.inconclusive, done.counts.newly_exceed), (1, 0));
    let found = reviewed(&world.broker, done.id).await;
    assert!(codes(&found[0]).contains(&"UNCHANGED_UNTIL_REVIEWED"));
    let finding = found[0]
        .findings
        .iter()
        .find(|f| f.code == "UNCHANGED_UNTIL_REVIEWED")
        .unwrap();
    assert_eq!(finding.departments[0].as_str(), "housing");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_be_judged_is_listed_with_the_reason_and_nobody_is_dropped() {
    let world = world();
    verify_all(&world, 1).await;
    world.verify(family(1)).await;
    let frozen = world.verify(lasting(2)).await.case;
    world.broker.freeze(frozen, "申诉", FIRST).await.unwrap();
    let destroyed = world.verify(lasting(3)).await.case;
    world
        .broker
        .request_shred(destroyed, (SCHEDULE, "PIPL 47(1)4"), FIRST)
        .await
        .unwrap();
    world.broker.approve_shred(destroyed, SECOND).await.unwrap();
    world.department("bank").holds();
    let cancelled = world.begin(lasting(4)).await;
    settle().await;
    world.broker.cancel(cancelled).await.unwrap();
    world.department("bank").does(|ask| Act::Now(nothing(&ask.query)));
    world.clock.advance(12 * DAY_MS);

    let frames = world.memory.status().await.unwrap().end;
    let mut tell = |_: &ReevaluationCounts| true;
    let tried = world
        .broker
        .try_reevaluation(ask(NEW), OFFICE, &mut tell)
        .await
        .unwrap();
    assert_eq!(
        world.memory.status().await.unwrap().end,
        frames,
        "counting leaves nothing"
    );
    let done = run(&world, NEW).await;
    let expected = ReevaluationCounts {
        households: 5,
        judged: 1,
        needs_signature: 1,
        closed: 2,
        without_verdict: 1,
        ..ReevaluationCounts::default()
    };
    assert_eq!(tried.counts, expected);
    let counts = ReevaluationCounts {
        changed: 0,
        warned: 0,
        ..done.counts
    };
    assert_eq!(counts, expected);
    let found = reviewed(&world.broker, done.id).await;
    let results: Vec<&str> = found.iter().map(|r| r.result.as_str()).collect();
    assert_eq!(
        results,
        [
            "JUDGED",
            "NEEDS_NEW_SIGNATURE",
            "CASE_FROZEN",
            "CASE_SHREDDED",
            "NO_VERDICT"
        ]
    );
    assert!(found.iter().skip(1).all(|r| r.case.is_none() && r.is_to_be_looked_at()));
    assert!(
        found[1]
            .reasons
            .iter()
            .all(|reason| reason.starts_with("AUTHORIZATION")),
        "{:?}",
        found[1].reasons
    );
}

/// A store whose appends fail from one on, as of a process that has been killed.
fn dying(memory: &Arc<MemoryStore>, after: usize) -> (Arc<dyn EvidenceStore>, Arc<AtomicUsize>) {
    let appends = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&appends);
    let store = Hooked {
        inner: Arc::clone(memory),
        before: Box::new(move |_| match count.fetch_add(1, Ordering::SeqCst) < after {
            true => Ok(()),
            false => Err(StoreError::Full { doing: "a test" }),
        }),
    };
    (Arc::new(store), appends)
}

#[tokio::test(start_paused = true)]
async fn a_crash_at_any_step_loses_no_household_and_judges_none_twice() {
    const FAMILIES: u16 = 3;
    let mut steps = usize::MAX;
    let mut crash = 1;
    while crash <= steps {
        for kind in [NEW, ReevaluationKind::AnnualReview] {
            let (memory, clock) = (Arc::new(MemoryStore::new()), Arc::new(ManualClock::at(NOON_MS)));
            let first = over(&memory, Arc::<MemoryStore>::clone(&memory), &clock, 7);
            verify_all(&first, FAMILIES).await;
            clock.advance(12 * DAY_MS);
            let (store, appends) = dying(&memory, crash);
            let dying = over(&memory, store, &clock, 8);
            dying.broker.core().keys.load(memory.as_ref()).await.unwrap();
            let job = dying.broker.reevaluate(ask(kind), OFFICE).await.unwrap();
            rest(&dying.broker, job.id).await;
            if steps == usize::MAX && crash > 1 && appends.load(Ordering::SeqCst) <= crash {
                // It came to its end before it could fail: every step has been tried.
                steps = crash;
            }

            let later = over(&memory, Arc::<MemoryStore>::clone(&memory), &clock, 9);
            later.broker.resume().await.unwrap();
            later.broker.resume_reevaluations().await.unwrap();
            let done = rest(&later.broker, job.id).await;
            assert_eq!(done.state, JobState::Done, "{crash}");
            assert_eq!((done.counts.households, done.counts.judged), (3, 3), "{crash}");
            assert_eq!(done.counts.newly_qualify, 2, "{crash}");
            let found = reviewed(&later.broker, job.id).await;
            let (of, new): (BTreeSet<_>, BTreeSet<_>) = found.iter().map(|r| (r.of, r.case)).unzip();
            assert_eq!((of.len(), new.len(), found.len()), (3, 3, 3), "{crash}");
            // In the log there is no other verification of the job either.
            let page = memory.scan(hedui_evidence::Position::START, 1_024).await.unwrap();
            let kinds = |kind| page.entries.iter().filter(|e| e.head.kind == kind).count();
            assert_eq!((kinds(FrameKind::Asked), kinds(FrameKind::Verdict)), (6, 6), "{crash}");
            assert_eq!(later.broker.resume_reevaluations().await.unwrap(), 0);
        }
        crash += 1;
    }
    assert!(steps > 8, "{steps}");
}

#[tokio::test(start_paused = true)]
async fn one_runs_in_a_district_and_can_be_ended() {
    let world = world();
    verify_all(&world, 3).await;
    world.clock.advance(12 * DAY_MS);
    world.department("bank").holds();
    let job = world
        .broker
        .reevaluate(ask(ReevaluationKind::AnnualReview), OFFICE)
        .await
        .unwrap();
    // Of tokio's clock: one household has begun.
    tokio::time::sleep(Duration::from_millis(15)).await;
    let second = world.broker.reevaluate(ask(NEW), OFFICE).await;
    assert_eq!(reason(second), "REEVALUATION_RUNNING");
    let broker = world.broker.clone();
    let ending = tokio::spawn(async move { broker.cancel_reevaluation(job.id, OFFICE).await });
    settle().await;
    world.department("bank").replies(nothing);
    assert_eq!(ending.await.unwrap().unwrap().state, JobState::Cancelled);
    // Whoever was judged before it ended is told of: no later job finds a difference.
    let begun = world.department("bank").asked().len() - 3;
    let ended = world.broker.reevaluation(job.id).await.unwrap();
    assert!(begun > 0);
    assert_eq!(usize::try_from(ended.counts.households), Ok(begun));
    assert_eq!(
        reason(world.broker.cancel_reevaluation(job.id, OFFICE).await),
        "REEVALUATION_ENDED"
    );
    assert_eq!(
        reason(world.broker.resume_reevaluation(job.id, OFFICE).await),
        "REEVALUATION_ENDED"
    );
    let nowhere = CaseId::default();
    assert_eq!(
        reason(world.broker.reevaluation(nowhere).await),
        "REEVALUATION_NOT_FOUND"
    );
    // What was begun under it stays, and another may begin.
    world.department("bank").does(|ask| Act::Now(nothing(&ask.query)));
    assert_eq!(run(&world, NEW).await.counts.households, 3);
    let listed = world.broker.reevaluations(DISTRICT).await.unwrap();
    assert_eq!(
        listed.iter().map(|job| job.state).collect::<Vec<_>>(),
        [JobState::Done, JobState::Cancelled]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_wrongly_is_told_by_field() {
    let world = world();
    let wrong = ReevaluationAsk {
        district: "5117",
        programme: "NO SUCH",
        kind: NEW,
        rate_per_second: 0,
        with_silence: false,
    };
    let error = world.broker.reevaluate(wrong, OFFICE).await.unwrap_err();
    let reasons: Vec<&str> = error.fields().iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "DISTRICT_INVALID",
            "RATE_INVALID",
            "DATE_IN_FUTURE",
            "UNKNOWN_PROGRAMME"
        ]
    );
    world.clock.advance(YEAR_MS);
    let unknown = ReevaluationAsk {
        programme: "no-such",
        ..ask(NEW)
    };
    let error = world.broker.reevaluate(unknown, OFFICE).await.unwrap_err();
    assert_eq!(error.fields()[0].reason, "UNKNOWN_PROGRAMME");
    let nobody = Officer { person: " ", ..OFFICE };
    let error = world.broker.reevaluate(ask(NEW), nobody).await.unwrap_err();
    assert_eq!(error.fields()[0].reason, "ACTOR_MISSING");
}
