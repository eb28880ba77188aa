//! Tasks: an office's people answer later; nothing is lost, nobody is asked twice, and nothing is made of their silence.
//! Leaves forms to the department kit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hedui_adapter::wire::encode_answer;
use hedui_core::{AnswerState, DepartmentId, Outcome, Query, SubjectAnswer};
use hedui_evidence::{EvidenceStore, FrameKind, KeyRing, LeafKind, MasterKey, StoreError};

use super::hooked::Hooked;
use super::support::*;
use crate::retention::Officer;
use crate::{CaseId, Task, TaskState, Verification};

const ANNA: Officer<'static> = Officer {
    caller: "street-1",
    person: "S-01",
};
const BELA: Officer<'static> = Officer {
    caller: "street-2",
    person: "S-02",
};
const DUE_MS: i64 = NOON_MS + 3 * DAY_MS;

fn office() -> DepartmentId {
    DepartmentId::new("land").unwrap()
}

fn with_people(two_persons: bool) -> Differently {
    Differently {
        people: vec![("land", two_persons), ("tax", false)],
        ..Differently::default()
    }
}

/// The office promises an answer, as the department kit's adapter does.
fn promises(world: &World, name: &str) {
    promises_for(world, name, DUE_MS);
}

fn promises_for(world: &World, name: &str, due_at_ms: i64) {
    world.department(name).does(move |ask| {
        let promised = |s: &hedui_core::Subject| SubjectAnswer {
            due_at_ms: Some(due_at_ms),
            ..SubjectAnswer::of(s.ordinal, AnswerState::Pending)
        };
        let answers: Vec<SubjectAnswer> = ask.query.subjects.iter().map(promised).collect();
        Act::Now(hedui_adapter::port::Reply::Wire(encode_answer(&ask.query, &answers)))
    });
}

async fn world(two_persons: bool) -> World {
    let world = World::with(with_people(two_persons));
    // As every start does: what a verdict rests on is kept.
    world.broker.archive_packs().await.unwrap();
    promises(&world, "land");
    world
}

/// Another process over the same store.
async fn restarted(before: &World, two_persons: bool) -> World {
    let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
    keys.load(before.memory.as_ref()).await.unwrap();
    let store: Arc<dyn EvidenceStore> = Arc::<hedui_evidence::MemoryStore>::clone(&before.memory);
    let differently = Differently {
        seed: [77; 32],
        ..with_people(two_persons)
    };
    let (memory, clock) = (Arc::clone(&before.memory), Arc::clone(&before.clock));
    World::over(memory, store, clock, keys, differently)
}

async fn open_tasks(world: &World) -> Vec<Task> {
    world.broker.tasks(&office(), false, None, 50).await.unwrap().tasks
}

/// The bytes of an answer with one state for everybody.
async fn said(world: &World, case: CaseId, state: AnswerState) -> Vec<u8> {
    let query: Query = world.broker.open_task(case, &office(), ANNA).await.unwrap().query;
    let of = |s: &hedui_core::Subject| SubjectAnswer::of(s.ordinal, state.clone());
    encode_answer(&query, &query.subjects.iter().map(of).collect::<Vec<_>>()).to_vec()
}

/// Every verification of the district but the first, newest first, once it has ended.
async fn later(world: &World, first: &Verification) -> Vec<Verification> {
    let listed = world.broker.list(DISTRICT, None, 100).await.unwrap().verifications;
    let mut found = Vec::new();
    for verification in listed.iter().filter(|v| v.case != first.case) {
        found.push(world.end(verification.case).await);
    }
    found
}

#[tokio::test(start_paused = true)]
async fn an_office_is_asked_once_and_its_answer_settles_what_was_open() {
    let world = world(false).await;
    let first = world.verify(request()).await;
    assert_eq!(states(report(&first), "land"), ["PENDING"; 3]);
    assert_eq!((first.promised.departments, first.promised.until_ms), (1, Some(DUE_MS)));
    // What an office may hold is unknown, and nothing else.
    assert_eq!(outcome(&first), Outcome::Inconclusive);
    let tasks = open_tasks(&world).await;
    assert_eq!(tasks.len(), 1);
    assert_eq!(
        (tasks[0].case, tasks[0].due_at_ms, tasks[0].late),
        (first.case, Some(DUE_MS), false)
    );
    let questions = world.questions();

    let opened = world.broker.open_task(first.case, &office(), ANNA).await.unwrap();
    assert_eq!(opened.query.query_id, first.case.to_string());
    assert_eq!(opened.query.subjects.len(), 3);
    assert_eq!(world.frames(first.case).await.last(), Some(&FrameKind::Access));

    let nothing = said(&world, first.case, AnswerState::NoRecord).await;
    let task = world
        .broker
        .answer_task(first.case, &office(), &nothing, ANNA)
        .await
        .unwrap();
    assert_eq!((task.state, task.late), (TaskState::Answered, false));
    assert_eq!(task.answered_by.as_deref(), Some("street-1/S-01"));
    let later = later(&world, &first).await;
    assert_eq!(later.len(), 1);
    assert_eq!(later[0].rechecks, Some(first.case.to_string()));
    assert_eq!(states(report(&later[0]), "land"), ["NO_RECORD"; 3]);
    assert_eq!(outcome(&later[0]), Outcome::Qualifies);
    assert_eq!(later[0].promised.departments, 0);
    let line = report(&later[0])
        .departments
        .iter()
        .find(|l| l.department == office())
        .unwrap()
        .clone();
    assert_eq!(line.kept_from, first.case.to_string());
    assert_eq!(world.questions(), questions, "somebody was asked again");
    assert_eq!(open_tasks(&world).await, []);
    // The verdict is reckoned again from its own evidence.
    assert!(world.broker.recompute(later[0].case, "audit", "a").await.unwrap().same);

    // The same answer again changes nothing; another one is refused.
    world
        .broker
        .answer_task(first.case, &office(), &nothing, ANNA)
        .await
        .unwrap();
    let other = said(&world, first.case, AnswerState::IdentityMismatch).await;
    assert_eq!(
        reason(world.broker.answer_task(first.case, &office(), &other, ANNA).await),
        "TASK_ANSWERED"
    );
    assert_eq!(
        world
            .broker
            .list(DISTRICT, None, 100)
            .await
            .unwrap()
            .verifications
            .len(),
        2
    );
    // The answer serves the household again within its freshness.
    let third = world.verify(request()).await;
    assert_eq!(states(report(&third), "land"), ["NO_RECORD"; 3]);
    assert_eq!(world.asked()["land"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_the_rules_for_departments_refuse_is_refused_of_people_too() {
    let world = world(false).await;
    let case = world.verify(request()).await.case;
    let frames = world.frames(case).await.len();
    for (state, why) in [
        (AnswerState::Pending, "STATE_NOT_ALLOWED"),
        (AnswerState::NotAuthorized, "STATE_NOT_ALLOWED"),
        (AnswerState::OverLimit { limit: None }, "STATE_NOT_ALLOWED"),
        (AnswerState::Found { records: Vec::new() }, "FOUND_WITHOUT_RECORDS"),
        // A car is not what this office holds.
        (AnswerState::Found { records: vec![car()] }, "RECORD_TYPE_NOT_ASKED"),
    ] {
        let bytes = said(&world, case, state).await;
        let refused = world
            .broker
            .answer_task(case, &office(), &bytes, ANNA)
            .await
            .unwrap_err();
        let fields: Vec<(&str, &str)> = refused
            .fields()
            .iter()
            .map(|f| (f.field.as_str(), f.reason.as_str()))
            .collect();
        assert_eq!(fields, [("results[0]", why), ("results[1]", why), ("results[2]", why)]);
    }
    let cut = said(&world, case, AnswerState::NoRecord).await;
    let refused = world
        .broker
        .answer_task(case, &office(), &cut[..cut.len() - 3], ANNA)
        .await;
    assert_eq!(reason(refused), "INVALID_REQUEST");
    assert_eq!(
        reason(world.broker.answer_task(case, &office(), b"", ANNA).await),
        "INVALID_REQUEST"
    );
    let nameless = Officer { person: " ", ..ANNA };
    assert_eq!(
        reason(world.broker.open_task(case, &office(), nameless).await),
        "INVALID_REQUEST"
    );
    let other = DepartmentId::new("bank").unwrap();
    assert_eq!(
        reason(world.broker.open_task(case, &other, ANNA).await),
        "TASK_NOT_FOUND"
    );
    let none = CaseId([3; 16]);
    assert_eq!(
        reason(world.broker.open_task(none, &office(), ANNA).await),
        "TASK_NOT_FOUND"
    );
    // Nothing was kept but the looks.
    let kept = &world.frames(case).await[frames..];
    assert!(kept.iter().all(|kind| *kind == FrameKind::Access));
    assert_eq!(open_tasks(&world).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_person_confirms_and_nobody_confirms_their_own() {
    let world = world(true).await;
    let first = world.verify(request()).await;
    let case = first.case;
    let bytes = said(&world, case, AnswerState::NoRecord).await;
    let task = world.broker.answer_task(case, &office(), &bytes, ANNA).await.unwrap();
    assert_eq!(task.state, TaskState::ToConfirm);
    assert_eq!(
        later(&world, &first).await.len(),
        0,
        "nothing is judged before it is confirmed"
    );
    let opened = world.broker.open_task(case, &office(), BELA).await.unwrap();
    let (draft, answers) = opened.draft.unwrap();
    assert!(answers.iter().all(|a| a.state == AnswerState::NoRecord));
    let same_name = Officer {
        caller: "street-2",
        person: " s-01 ",
    };
    let same_caller = Officer {
        caller: "street-1",
        person: "S-02",
    };
    for officer in [ANNA, same_name, same_caller] {
        let refused = world.broker.confirm_task(case, &office(), draft, officer).await;
        assert_eq!(reason(refused), "SECOND_PERSON_NEEDED");
    }
    // Who does not agree answers otherwise; then it is the first one's turn, and what they looked at before is no longer there.
    let mismatch = said(&world, case, AnswerState::IdentityMismatch).await;
    world
        .broker
        .answer_task(case, &office(), &mismatch, BELA)
        .await
        .unwrap();
    assert_eq!(
        reason(world.broker.confirm_task(case, &office(), draft, ANNA).await),
        "NOTHING_TO_CONFIRM"
    );
    let (draft, _) = world
        .broker
        .open_task(case, &office(), ANNA)
        .await
        .unwrap()
        .draft
        .unwrap();
    let task = world.broker.confirm_task(case, &office(), draft, ANNA).await.unwrap();
    assert_eq!(task.state, TaskState::Answered);
    assert_eq!(task.answered_by.as_deref(), Some("street-2/S-02"));
    assert_eq!(task.confirmed_by.as_deref(), Some("street-1/S-01"));
    let again = later(&world, &first).await;
    assert_eq!(states(report(&again[0]), "land"), ["IDENTITY_MISMATCH"; 3]);
    // Once more by the one who confirmed changes nothing, and by others is too late.
    world.broker.confirm_task(case, &office(), draft, ANNA).await.unwrap();
    assert_eq!(
        reason(world.broker.confirm_task(case, &office(), draft, BELA).await),
        "TASK_ANSWERED"
    );
    let leaves: Vec<LeafKind> = world
        .memory
        .case(case)
        .await
        .unwrap()
        .iter()
        .flat_map(|f| f.leaves.iter().map(|l| l.kind).collect::<Vec<_>>())
        .collect();
    assert_eq!(leaves.iter().filter(|k| **k == LeafKind::Review).count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_late_stays_unknown_and_may_still_be_answered() {
    let world = world(false).await;
    let mut lasting = request();
    for letter in &mut lasting.authorizations {
        letter.valid_until = None;
    }
    let first = world.verify(lasting).await;
    world.clock.advance(3 * DAY_MS + 1);
    let tasks = open_tasks(&world).await;
    assert!(tasks[0].late);
    assert_eq!(tasks[0].state, TaskState::Open);
    let read = world.broker.get(first.case, "centre", "c").await.unwrap();
    assert_eq!(states(report(&read), "land"), ["PENDING"; 3]);
    let bytes = said(&world, first.case, AnswerState::NoRecord).await;
    let task = world
        .broker
        .answer_task(first.case, &office(), &bytes, ANNA)
        .await
        .unwrap();
    assert!(task.late);
    assert_eq!(outcome(&later(&world, &first).await[0]), Outcome::Qualifies);
}

#[tokio::test(start_paused = true)]
async fn a_promise_for_a_time_that_cannot_be_meant_is_a_failure_and_no_task() {
    for (due_at_ms, plausible) in [
        (NOON_MS + 1, true),
        (NOON_MS + 366 * DAY_MS, true),
        (NOON_MS, false),
        (NOON_MS - DAY_MS, false),
        (NOON_MS + 366 * DAY_MS + 1_000, false),
    ] {
        let world = world(false).await;
        promises_for(&world, "land", due_at_ms);
        let first = world.verify(request()).await;
        let line = report(&first)
            .departments
            .iter()
            .find(|l| l.department == office())
            .unwrap();
        let reasons = line
            .subjects
            .iter()
            .map(|s| s.failure.as_ref().map(|f| f.reason.as_str()));
        let (state, reason, tasks) = match plausible {
            true => ("PENDING", None, 1),
            false => ("UNREACHABLE:failed", Some("DUE_AT_IMPLAUSIBLE"), 0),
        };
        assert_eq!(states(report(&first), "land"), [state; 3], "{due_at_ms}");
        assert_eq!(reasons.collect::<Vec<_>>(), [reason; 3], "{due_at_ms}");
        assert_eq!(first.promised.departments, tasks, "{due_at_ms}");
        assert_eq!(open_tasks(&world).await.len(), tasks as usize, "{due_at_ms}");
        // Never a refusal, and the same when it is reckoned again.
        assert_eq!(outcome(&first), Outcome::Inconclusive, "{due_at_ms}");
        assert!(
            world.broker.recompute(first.case, "audit", "a").await.unwrap().same,
            "{due_at_ms}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn letters_that_end_close_the_task_durably() {
    let world = world(false).await;
    let first = world.verify(request()).await;
    let bytes = said(&world, first.case, AnswerState::NoRecord).await;
    // The letters of these tests end three days later.
    world.clock.advance(4 * DAY_MS);
    assert_eq!(
        reason(world.broker.answer_task(first.case, &office(), &bytes, ANNA).await),
        "TASK_CLOSED"
    );
    assert_eq!(open_tasks(&world).await, []);
    let all = world.broker.tasks(&office(), true, None, 50).await.unwrap().tasks;
    assert_eq!(all[0].state, TaskState::Closed("AUTHORIZATION_ENDED".to_owned()));
    assert_eq!(
        reason(world.broker.open_task(first.case, &office(), ANNA).await),
        "TASK_CLOSED"
    );
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_a_later_request_states_as_withdrawn_closes_the_task() {
    let world = world(false).await;
    let first = world.verify(request()).await;
    let mut withdrawn = request();
    withdrawn.authorizations[0].ended = Some(hedui_core::authorization::Ended {
        on: world.broker.clock().today(),
        event: hedui_core::authorization::EndEvent::Withdrawn,
    });
    world.clock.advance(1);
    assert_eq!(reason(world.broker.create(create(withdrawn)).await), "NOT_AUTHORIZED");
    assert_eq!(
        reason(world.broker.open_task(first.case, &office(), ANNA).await),
        "TASK_CLOSED"
    );
    let all = world.broker.tasks(&office(), true, None, 50).await.unwrap().tasks;
    assert_eq!(all[0].state, TaskState::Closed("AUTHORIZATION_WITHDRAWN".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_case_takes_its_task_and_its_answer_with_it() {
    let world = world(true).await;
    let first = world.verify(request()).await;
    let bytes = said(&world, first.case, AnswerState::NoRecord).await;
    world
        .broker
        .answer_task(first.case, &office(), &bytes, ANNA)
        .await
        .unwrap();
    let erasure = ("schedule 1", "个人信息保护法第四十七条");
    world.broker.request_shred(first.case, erasure, ANNA).await.unwrap();
    world.broker.approve_shred(first.case, BELA).await.unwrap();
    assert_eq!(
        reason(world.broker.open_task(first.case, &office(), ANNA).await),
        "CASE_SHREDDED"
    );
    assert_eq!(
        reason(world.broker.answer_task(first.case, &office(), &bytes, BELA).await),
        "CASE_SHREDDED"
    );
    assert_eq!(open_tasks(&world).await, []);
    let frames = world.memory.case(first.case).await.unwrap();
    assert!(
        frames
            .iter()
            .flat_map(|f| &f.sealed)
            .all(hedui_evidence::Sealed::is_shredded)
    );
}

#[tokio::test(start_paused = true)]
async fn several_offices_and_rechecks_get_every_answer_once() {
    let world = world(false).await;
    promises(&world, "tax");
    let first = world.verify(request()).await;
    assert_eq!(first.promised.departments, 2);
    // A dispute meanwhile: its verification waits for both offices too.
    let named = vec!["vehicles".to_owned()];
    let dispute = world
        .broker
        .recheck(first.case, named, None, "centre".into(), "c".into())
        .await
        .unwrap()
        .0;
    let bytes = said(&world, first.case, AnswerState::NoRecord).await;
    world
        .broker
        .answer_task(first.case, &office(), &bytes, ANNA)
        .await
        .unwrap();
    assert_eq!(later(&world, &first).await.len(), 3);
    let tax = DepartmentId::new("tax").unwrap();
    let query = world.broker.open_task(first.case, &tax, ANNA).await.unwrap().query;
    let of = |s: &hedui_core::Subject| SubjectAnswer::of(s.ordinal, AnswerState::NoRecord);
    let bytes = encode_answer(&query, &query.subjects.iter().map(of).collect::<Vec<_>>());
    world.broker.answer_task(first.case, &tax, &bytes, ANNA).await.unwrap();
    let all = later(&world, &first).await;
    assert_eq!(all.len(), 5);
    for of in [first.case, dispute.case] {
        let last = all.iter().find(|v| v.rechecks == Some(of.to_string())).unwrap();
        assert_eq!(states(report(last), "land"), ["NO_RECORD"; 3]);
        assert_eq!(states(report(last), "tax"), ["NO_RECORD"; 3]);
    }
    assert_eq!(
        (world.asked()["land"], world.asked()["tax"], world.asked()["vehicles"]),
        (1, 1, 2)
    );
    assert_eq!(world.broker.resume_tasks().await.unwrap(), 2);
    assert_eq!(later(&world, &first).await.len(), 5, "nothing is judged twice");
}

/// Asks, answers and confirms over a store that fails at one append; what the office said is there in the end, once.
async fn interrupted_at(fails_at: usize) -> bool {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let world = {
        let memory = Arc::new(hedui_evidence::MemoryStore::new());
        let clock = Arc::new(crate::clock::ManualClock::at(NOON_MS));
        let store = Arc::new(Hooked {
            inner: Arc::clone(&memory),
            before: Box::new(move |_| match counted.fetch_add(1, Ordering::SeqCst) {
                n if n == fails_at => Err(StoreError::Refused {
                    reason: "a crash".to_owned(),
                }),
                _ => Ok(()),
            }),
        });
        let keys = Arc::new(KeyRing::new(MasterKey::from_bytes([9; 32])));
        World::over(memory, store, clock, keys, with_people(true))
    };
    promises(&world, "land");
    // Nothing is counted before the first question.
    count.store(usize::MAX / 2, Ordering::SeqCst);
    world.broker.archive_packs().await.unwrap();
    count.store(0, Ordering::SeqCst);
    let script = async |world: &World, case: CaseId| -> Result<(), crate::BrokerError> {
        let query = world.broker.open_task(case, &office(), ANNA).await?.query;
        let of = |s: &hedui_core::Subject| SubjectAnswer::of(s.ordinal, AnswerState::NoRecord);
        let bytes = encode_answer(&query, &query.subjects.iter().map(of).collect::<Vec<_>>());
        match world.broker.answer_task(case, &office(), &bytes, ANNA).await {
            Err(error) if error.reason() == "TASK_ANSWERED" => return Ok(()),
            answered => answered?,
        };
        let Some((draft, _)) = world.broker.open_task(case, &office(), BELA).await?.draft else {
            return Ok(());
        };
        world.broker.confirm_task(case, &office(), draft, BELA).await?;
        Ok(())
    };
    let begun = match world.broker.create(create(request())).await {
        Ok(begun) => world.broker.wait(begun.case, LONG).await.unwrap(),
        // Not even asked: there is nothing that could be lost.
        Err(_) => return false,
    };
    let first = script(&world, begun.case).await;
    // The process dies; the next one goes on with what is durable.
    let after = restarted(&world, true).await;
    promises(&after, "land");
    after.broker.resume().await.unwrap();
    after.end(begun.case).await;
    after.broker.resume_tasks().await.unwrap();
    let again = script(&after, begun.case).await;
    assert!(again.is_ok(), "{fails_at}: {again:?}");
    let first_verification = after.broker.peek(begun.case).await.unwrap();
    let judged = later(&after, &first_verification).await;
    assert_eq!(judged.len(), 1, "{fails_at}: judged {} times", judged.len());
    assert_eq!(states(report(&judged[0]), "land"), ["NO_RECORD"; 3], "{fails_at}");
    let all = after.broker.tasks(&office(), true, None, 50).await.unwrap().tasks;
    assert_eq!(all.len(), 1, "{fails_at}");
    assert_eq!(all[0].state, TaskState::Answered, "{fails_at}");
    first.is_err() || count.load(Ordering::SeqCst) > fails_at
}

#[tokio::test(start_paused = true)]
async fn whatever_append_a_crash_prevents_no_task_and_no_answer_is_lost_or_doubled() {
    let mut hit = 0;
    for fails_at in 0..16 {
        hit += usize::from(interrupted_at(fails_at).await);
    }
    // From the first question to the last verdict there are at least eight appends, and each of them was prevented once.
    assert!(hit >= 8, "{hit}");
}
