//! Retention: frozen cases, holds, destruction by two persons, expiries; against a model where orders come in any order.
//! Leaves what the store does to keys to `hedui-evidence`, and roles to the server.

use hedui_core::Date;
use hedui_evidence::{EvidenceStore, FrameKind, LeafKind};
use proptest::prelude::*;

use super::support::*;
use crate::{
    BrokerError, CaseId, Counts, Create, Expiry, ExpiryAsk, Officer, RetentionPeriods, RetentionState, Settings, State,
};

pub const YEAR_MS: i64 = 366 * DAY_MS;
pub const FIRST: Officer<'static> = Officer {
    caller: "archive",
    person: "0017",
};
pub const SECOND: Officer<'static> = Officer {
    caller: "archive-lead",
    person: "0018",
};
pub const SCHEDULE: &str = "川民发〔2026〕12号";

fn quick() -> World {
    let retention = RetentionPeriods {
        expiry_per_second: 1_000,
        ..RetentionPeriods::default()
    };
    World::with(Differently {
        settings: Settings {
            retention,
            ..Settings::default()
        },
        ..Differently::default()
    })
}

/// The words of the leaves of a case that are orders or refusals.
pub async fn orders(world: &World, case: CaseId) -> Vec<String> {
    let frames = world.memory.case(case).await.unwrap();
    let leaves = frames.into_iter().flat_map(|frame| frame.leaves);
    let is_order = |kind| matches!(kind, LeafKind::Review | LeafKind::Denial | LeafKind::Shred);
    leaves
        .filter(|leaf| is_order(leaf.kind))
        .map(|leaf| leaf.outcome.to_string())
        .collect()
}

pub async fn destroy(world: &World, case: CaseId) {
    let broker = &world.broker;
    broker
        .request_shred(case, (SCHEDULE, "PIPL 47(1)4"), FIRST)
        .await
        .unwrap();
    let standing = broker.approve_shred(case, SECOND).await.unwrap();
    assert_eq!(standing.state, RetentionState::Shredded);
}

#[tokio::test(start_paused = true)]
async fn a_case_is_frozen_a_year_after_its_verdict_and_read_in_disputes_only() {
    let world = quick();
    let ended = world.verify(request()).await;
    world.clock.advance(365 * DAY_MS - 1);
    world.broker.get(ended.case, "window", "clerk").await.unwrap();
    world.clock.advance(1);
    let refused = world.broker.get(ended.case, "window", "clerk").await;
    assert_eq!(reason(refused), "CASE_FROZEN");
    assert_eq!(orders(&world, ended.case).await, ["CASE_FROZEN"]);
    let listed = world.broker.list(DISTRICT, None, 10).await.unwrap().verifications;
    assert_eq!(listed[0].state, State::Frozen);
    assert!(listed[0].verdicts.is_empty() && listed[0].report.is_none());
    let nothing = world.broker.get_in_dispute(ended.case, " ", FIRST).await.unwrap_err();
    assert_eq!(nothing.fields()[0].reason, "REASON_MISSING");
    let why = "申诉：申请人对结论有异议";
    let read = world.broker.get_in_dispute(ended.case, why, FIRST).await.unwrap();
    assert_eq!(report(&read).verdicts, report(&ended).verdicts);
    // The reason is kept, and sealed.
    assert_eq!(world.frames(ended.case).await.last(), Some(&FrameKind::Access));
    let opened = world.broker.case(ended.case, true, "audit", "1").await.unwrap();
    assert_eq!(opened.last().unwrap().record.as_deref(), Some(why.as_bytes()));
    let bytes = world.bytes().await;
    assert!(!bytes.windows(why.len()).any(|window| window == why.as_bytes()));
    // Neither a recheck nor the same request again is a way around it.
    let again = world.broker.recheck(
        ended.case,
        vec!["bank".to_owned()],
        None,
        "window".into(),
        "clerk".into(),
    );
    assert_eq!(reason(again.await), "CASE_FROZEN");
}

#[tokio::test(start_paused = true)]
async fn a_recheck_begins_the_periods_anew() {
    let world = quick();
    let ended = world.verify(request()).await;
    world.clock.advance(2 * DAY_MS);
    let before = world.broker.retention(ended.case).await.unwrap();
    let recheck = world.broker.recheck(
        ended.case,
        vec!["bank".to_owned()],
        None,
        "window".into(),
        "clerk".into(),
    );
    recheck.await.unwrap();
    let after = world.broker.retention(ended.case).await.unwrap();
    assert_eq!(after.last_at_ms - before.last_at_ms, 2 * DAY_MS);
    // Reading it does not.
    world.clock.advance(DAY_MS);
    world.broker.get(ended.case, "window", "clerk").await.unwrap();
    assert_eq!(world.broker.retention(ended.case).await.unwrap(), after);
}

#[tokio::test(start_paused = true)]
async fn a_recheck_that_fails_or_was_made_before_begins_nothing_anew() {
    let world = quick();
    let ended = world.verify(request()).await;
    let again = async || {
        let (named, id) = (vec!["bank".to_owned()], Some("r-1".to_owned()));
        let recheck = world
            .broker
            .recheck(ended.case, named, id, "window".into(), "clerk".into());
        recheck.await.map(|(found, _)| found.case)
    };
    world.clock.advance(DAY_MS);
    let first = again().await.unwrap();
    let before = world.broker.retention(ended.case).await.unwrap();
    world.clock.advance(DAY_MS);
    // The same id finds the same recheck. It is a reading, kept as one.
    assert_eq!(again().await.unwrap(), first);
    let frames = [
        FrameKind::Asked,
        FrameKind::Verdict,
        FrameKind::Access,
        FrameKind::Access,
    ];
    assert_eq!(world.frames(ended.case).await, frames);
    assert_eq!(world.broker.retention(ended.case).await.unwrap(), before);
    world.clock.advance(3 * DAY_MS);
    let named = vec!["bank".to_owned()];
    let late = world
        .broker
        .recheck(ended.case, named, None, "window".into(), "clerk".into());
    assert_eq!(reason(late.await), "NOT_AUTHORIZED");
    assert_eq!(world.broker.retention(ended.case).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn answers_of_a_frozen_or_destroyed_case_serve_nobody() {
    for destroyed in [false, true] {
        let world = quick();
        let first = world.verify(request()).await;
        if destroyed {
            destroy(&world, first.case).await;
        } else {
            world.broker.freeze(first.case, "purpose ended", FIRST).await.unwrap();
        }
        let before = world.questions();
        let second = world.verify(request()).await;
        assert_eq!(world.questions(), before + DEPARTMENTS.len());
        assert!(report(&second).departments.iter().all(|line| !line.kept));
    }
}

#[tokio::test(start_paused = true)]
async fn destroying_a_case_takes_nothing_from_one_that_used_its_answers_again() {
    let world = quick();
    world
        .department("housing")
        .does(|ask| Act::Now(holds(&ask.query, &[flat(1)])));
    let first = world.verify(request()).await;
    let second = world.verify(request()).await;
    let kept: Vec<_> = report(&second).departments.iter().filter(|line| line.kept).collect();
    assert!(kept.len() >= 9 && kept.iter().all(|line| line.kept_from == first.case.to_string()));
    let before = world.broker.case(second.case, true, "audit", "1").await.unwrap();
    destroy(&world, first.case).await;
    let after = world.broker.case(second.case, true, "audit", "1").await.unwrap();
    let records = |leaves: &[crate::CaseLeaf]| -> Vec<Option<Vec<u8>>> {
        leaves
            .iter()
            .take(before.len())
            .map(|leaf| leaf.record.clone())
            .collect()
    };
    assert_eq!(records(&after), records(&before));
    let whole = world.broker.get_whole(second.case, "window", "clerk").await.unwrap();
    assert_eq!(report(&whole).sources.len(), report(&whole).origins.len());
    // And of the first nothing can be opened: neither the request nor an answer nor the report.
    let gone = world.broker.case(first.case, true, "audit", "1").await.unwrap();
    assert!(
        gone.iter()
            .all(|leaf| leaf.record.is_none() && leaf.intact != Some(false))
    );
    let sealed = gone.iter().filter(|leaf| leaf.leaf.ciphertext_digest != [0; 32]);
    assert!(sealed.clone().count() >= 11 && sealed.clone().all(|leaf| leaf.destroyed && leaf.intact == Some(true)));
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_case_says_when_and_why_and_nothing_else_also_after_a_restart() {
    let world = quick();
    let asked = || Create {
        request_id: Some("r-1".to_owned()),
        ..create(request())
    };
    let case = world.broker.create(asked()).await.unwrap().case;
    world.end(case).await;
    destroy(&world, case).await;
    let world = world.restarted(3).await;
    let found = world.broker.get(case, "window", "clerk").await.unwrap();
    assert_eq!(found.state, State::Shredded);
    assert!(found.report.is_none() && found.verdicts.is_empty() && found.promise.is_none());
    let standing = found.retention.unwrap();
    let destroyed = standing.destroyed.as_ref().unwrap();
    assert_eq!(destroyed.legal_reference, SCHEDULE);
    assert_eq!(
        (destroyed.at_ms, destroyed.actor.as_str()),
        (NOON_MS, "archive-lead/0018")
    );
    // The same call with the same id finds the same, and asks nobody.
    let again = world.broker.create(asked()).await.unwrap();
    assert_eq!((again.case, again.state, world.questions()), (case, State::Shredded, 0));
    assert_eq!(
        world.broker.list(DISTRICT, None, 10).await.unwrap().verifications[0].state,
        State::Shredded
    );
    // What supervises goes on: who looked the person up, every sum, every proof.
    let accesses = world
        .broker
        .access_log(&id(1980, 1), ("audit", "1"), &|_| true)
        .await
        .unwrap();
    assert!(
        accesses
            .iter()
            .any(|access| access.kind == LeafKind::Shred && access.case == case)
    );
    assert!(accesses.iter().any(|access| access.kind == LeafKind::Asked));
    world
        .broker
        .verify_evidence(("audit", "1"), &mut |_| true)
        .await
        .unwrap();
    world.broker.follow_logs(&mut |_| ()).await.unwrap();
    let proofs = world.broker.proofs(case, true, "audit", "1").await.unwrap();
    assert!(proofs.iter().all(|proof| proof.record.is_none()));
    // Whoever approved it may hear it again; nobody else decides anything about it.
    world.broker.approve_shred(case, SECOND).await.unwrap();
    assert_eq!(reason(world.broker.approve_shred(case, FIRST).await), "CASE_SHREDDED");
    assert_eq!(
        reason(world.broker.place_hold(case, ("a", "b"), FIRST).await),
        "CASE_SHREDDED"
    );
    let recheck = world
        .broker
        .recheck(case, vec!["bank".into()], None, "w".into(), "c".into());
    assert_eq!(reason(recheck.await), "CASE_SHREDDED");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_destroyed_like_any_other() {
    let world = quick();
    let mut unsigned = request();
    unsigned.authorizations.clear();
    assert_eq!(reason(world.broker.create(create(unsigned)).await), "NOT_AUTHORIZED");
    let page = world.memory.scan(hedui_evidence::Position::START, 100).await.unwrap();
    let denial = page
        .entries
        .iter()
        .find(|entry| entry.head.kind == FrameKind::Denial)
        .unwrap();
    let case = denial.head.case;
    destroy(&world, case).await;
    let frames = world.memory.case(case).await.unwrap();
    assert!(
        frames
            .iter()
            .flat_map(|frame| &frame.sealed)
            .all(hedui_evidence::Sealed::is_shredded)
    );
}

#[tokio::test(start_paused = true)]
async fn a_running_case_is_neither_frozen_nor_destroyed() {
    let world = quick();
    world.department("bank").holds();
    let case = world.begin(request()).await;
    settle().await;
    assert_eq!(reason(world.broker.freeze(case, "why", FIRST).await), "WRONG_STATE");
    let request = world.broker.request_shred(case, (SCHEDULE, "PIPL 47"), FIRST).await;
    assert_eq!(reason(request), "WRONG_STATE");
    world.department("bank").replies(nothing);
    assert_eq!(world.end(case).await.state, State::Succeeded);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// What stands in the log for ever names nobody: no number that could be a person's, a telephone's or an account's.
    #[test]
    fn a_reference_with_a_long_number_is_refused(before in "[^0-9]{0,5}", digits in "[0-9]{11,18}", wide in any::<bool>()) {
        let number: String = digits.chars().map(|c| match wide {
            true => char::from_u32(u32::from(c) - u32::from('0') + 0xFF10).unwrap(),
            false => c,
        }).collect();
        let world = quick();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let error = runtime.block_on(world.broker.place_hold(CaseId::default(), (&format!("{before}{number}"), "why"), FIRST));
        let error = error.unwrap_err();
        prop_assert!(matches!(error, BrokerError::Invalid(_)), "{error}");
        prop_assert!(!error.fields().is_empty() && error.fields().iter().all(|field| !field.message.contains(&number)));
    }
}

/// An order that somebody gives.
#[derive(Clone, Copy, Debug)]
enum Step {
    Hold(usize),
    Release(usize),
    Request(usize, bool),
    Approve(usize),
    Withdraw,
    Days(i64),
    /// With the seed of the next process.
    Restart(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..2usize).prop_map(Step::Hold),
        (0..2usize).prop_map(Step::Release),
        ((0..4usize), any::<bool>()).prop_map(|(who, ordered)| Step::Request(who, ordered)),
        (0..4usize).prop_map(Step::Approve),
        (0..4usize).prop_map(Step::Approve),
        Just(Step::Withdraw),
        prop_oneof![Just(20), Just(400), Just(1_000)].prop_map(Step::Days),
        Just(Step::Restart(0)),
    ];
    proptest::collection::vec(step, 1..24)
}

/// Two callers, two names: only the first and the last are two persons apart.
const STAFF: [Officer<'static>; 4] = [
    Officer {
        caller: "a",
        person: "1",
    },
    Officer {
        caller: "a",
        person: "2",
    },
    Officer {
        caller: "b",
        person: "1",
    },
    Officer {
        caller: "b",
        person: "2",
    },
];

/// What the rules say, written a second time and without leaves.
#[derive(Default)]
struct Model {
    day: i64,
    holds: [bool; 2],
    request: Option<(usize, bool, i64)>,
    shredded_by: Option<usize>,
}

impl Model {
    fn due(&self) -> bool {
        // 22 November 2031 is the last day.
        self.day > 1_826
    }

    fn blocked(&self, ordered: bool) -> Option<&'static str> {
        if self.holds.contains(&true) {
            return Some("LEGAL_HOLD");
        }
        (!ordered && !self.due()).then_some("RETENTION_RUNNING")
    }

    fn step(&mut self, step: Step) -> Option<&'static str> {
        self.request = self.request.filter(|(.., day)| self.day < day + 30);
        let gone = self.shredded_by.is_some();
        match step {
            Step::Days(days) => self.day += days,
            Step::Restart(_) => {}
            Step::Withdraw if self.request.take().is_some() => {}
            Step::Withdraw => return Some("NO_SHRED_REQUEST"),
            Step::Approve(who) if gone => return (self.shredded_by != Some(who)).then_some("CASE_SHREDDED"),
            Step::Hold(_) | Step::Release(_) | Step::Request(..) if gone => return Some("CASE_SHREDDED"),
            Step::Hold(at) => self.holds[at] = true,
            Step::Release(at) if self.holds[at] => self.holds[at] = false,
            Step::Release(_) => return Some("NO_HOLD"),
            Step::Request(who, ordered) => match self.request {
                Some((by, was, _)) => return ((by, was) != (who, ordered)).then_some("SHRED_REQUESTED"),
                None => {
                    if let Some(reason) = self.blocked(ordered) {
                        return Some(reason);
                    }
                    self.request = Some((who, ordered, self.day));
                }
            },
            Step::Approve(who) => {
                let Some((by, ordered, _)) = self.request else {
                    return Some("NO_SHRED_REQUEST");
                };
                // Another caller and another name: the other corner of the square.
                if who != 3 - by {
                    return Some("SECOND_PERSON_NEEDED");
                }
                if let Some(reason) = self.blocked(ordered) {
                    return Some(reason);
                }
                self.shredded_by = Some(who);
                self.request = None;
            }
        }
        None
    }

    fn state(&self) -> RetentionState {
        match (self.shredded_by, self.day >= 365) {
            (Some(_), _) => RetentionState::Shredded,
            (None, true) => RetentionState::Frozen,
            (None, false) => RetentionState::Active,
        }
    }
}

async fn give(world: &mut World, case: CaseId, step: Step) -> Option<&'static str> {
    let broker = &world.broker;
    let result = match step {
        Step::Hold(at) => broker.place_hold(case, (["h-0", "h-1"][at], "why"), STAFF[0]).await,
        Step::Release(at) => broker.release_hold(case, (["h-0", "h-1"][at], "why"), STAFF[1]).await,
        Step::Request(who, ordered) => {
            let basis = if ordered { "PIPL 47(1)4" } else { "" };
            broker.request_shred(case, (SCHEDULE, basis), STAFF[who]).await
        }
        Step::Approve(who) => broker.approve_shred(case, STAFF[who]).await,
        Step::Withdraw => broker.withdraw_shred(case, STAFF[0]).await,
        Step::Days(days) => {
            world.clock.advance(days * DAY_MS);
            return None;
        }
        Step::Restart(seed) => {
            *world = world.restarted(seed).await;
            return None;
        }
    };
    result.err().map(|error| error.reason())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whatever orders come in whatever order: each is allowed or refused as the rules say, and the leaves alone tell where the case stands.
    #[test]
    fn orders_do_what_the_rules_say(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = quick();
            let case = world.verify(request()).await.case;
            let mut model = Model::default();
            for (step, at) in steps.into_iter().zip(20u8..) {
                let expected = model.step(step);
                // No two processes draw the same numbers.
                let step = match step {
                    Step::Restart(_) => Step::Restart(at),
                    other => other,
                };
                prop_assert_eq!(give(&mut world, case, step).await, expected, "{:?}", step);
                let standing = world.broker.retention(case).await.unwrap();
                prop_assert_eq!(standing.state, model.state());
                prop_assert_eq!(standing.holds.len(), model.holds.iter().filter(|held| **held).count());
                prop_assert_eq!(standing.is_due(crate::clock::civil_date(world.broker.clock().now_ms())), model.due());
                let frames = world.memory.case(case).await.unwrap();
                let gone = frames.iter().flat_map(|frame| &frame.sealed).all(hedui_evidence::Sealed::is_shredded);
                prop_assert_eq!(gone, model.shredded_by.is_some());
            }
            Ok(())
        })?;
    }
}

/// Takes the place and runs.
pub async fn carry_out(
    broker: &crate::Broker,
    id: CaseId,
    officer: Officer<'_>,
    tell: crate::ExpiryProgress<'_>,
) -> Result<Expiry, BrokerError> {
    let place = broker.expiry_place()?;
    broker.run_expiry(&place, id, officer, tell).await
}

pub async fn expiry(world: &World) -> Expiry {
    let ask = ExpiryAsk {
        district: DISTRICT,
        before: None,
        legal_reference: SCHEDULE,
        dry_run: false,
    };
    world.broker.request_expiry(ask, FIRST, &mut |_| true).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_expiry_destroys_what_is_due_and_nothing_else() {
    let world = quick();
    let mut due = Vec::new();
    for n in 0..3 {
        due.push(world.verify(family(n)).await.case);
    }
    let held = world.verify(family(3)).await.case;
    world
        .broker
        .place_hold(held, ("court 12", "a suit"), FIRST)
        .await
        .unwrap();
    let destroyed = world.verify(family(4)).await.case;
    destroy(&world, destroyed).await;
    let mut unsigned = request();
    unsigned.authorizations.clear();
    assert_eq!(reason(world.broker.create(create(unsigned)).await), "NOT_AUTHORIZED");
    let rechecked = world.verify(family(5)).await.case;
    world.clock.advance(2 * DAY_MS);
    let recheck = world
        .broker
        .recheck(rechecked, vec!["bank".into()], None, "w".into(), "c".into());
    recheck.await.unwrap();
    // Five years and a day after the others: those are due, and what began two days after them is not.
    world.clock.advance(1_825 * DAY_MS);

    let ask = ExpiryAsk {
        district: DISTRICT,
        before: None,
        legal_reference: SCHEDULE,
        dry_run: true,
    };
    let tried = world.broker.request_expiry(ask, FIRST, &mut |_| true).await.unwrap();
    // What is only counted rests on nothing; what is asked for does, and a text must be one in both.
    let on = async |legal_reference: &'static str, dry_run: bool| {
        let ask = ExpiryAsk {
            legal_reference,
            dry_run,
            ..ask
        };
        world.broker.request_expiry(ask, FIRST, &mut |_| true).await
    };
    assert_eq!(on("", true).await.unwrap().counts, tried.counts);
    for (text, dry_run) in [("", false), ("13800138000", true)] {
        assert_eq!(
            on(text, dry_run).await.unwrap_err().fields()[0].field,
            "legal_reference"
        );
    }
    assert!(world.broker.expiries(DISTRICT).await.unwrap().is_empty());
    let counted = Counts {
        cases: 7,
        due: 4,
        gone: 1,
        held: 1,
        kept: 1,
        ..Counts::default()
    };
    assert_eq!(tried.counts, counted);
    let asked = expiry(&world).await;
    assert_eq!(asked.counts, counted);
    let run = carry_out(&world.broker, asked.id, SECOND, &mut |_| true).await;
    assert_eq!(reason(run), "EXPIRY_NOT_APPROVED");
    assert_eq!(
        reason(world.broker.approve_expiry(asked.id, FIRST).await),
        "SECOND_PERSON_NEEDED"
    );
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    let done = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
    let counts = Counts {
        due: 0,
        destroyed: 4,
        ..counted
    };
    assert_eq!(done.counts, counts);
    for case in due {
        let standing = world.broker.retention(case).await.unwrap();
        assert_eq!(standing.destroyed.unwrap().expiry, Some(asked.id));
    }
    assert_eq!(
        world.broker.retention(held).await.unwrap().state,
        RetentionState::Frozen
    );
    // Its leaves tell the whole story, and running it again changes none of it.
    let words = orders(&world, asked.id).await;
    let words: Vec<&str> = words.iter().map(|word| word.split(':').next().unwrap()).collect();
    let story = [
        "EXPIRY_REQUESTED",
        "SECOND_PERSON_NEEDED",
        "EXPIRY_APPROVED",
        "EXPIRY_STARTED",
        "EXPIRY_DONE",
    ];
    assert_eq!(words, story);
    assert_eq!(
        carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap(),
        done
    );
    assert_eq!(world.broker.expiries(DISTRICT).await.unwrap(), [done]);
}

#[tokio::test(start_paused = true)]
async fn an_expiry_that_is_stopped_goes_on_where_it_was_also_in_another_process() {
    let mut world = quick();
    for n in 0..40 {
        world.verify(family(n)).await;
    }
    world.clock.advance(6 * YEAR_MS);
    let counting = tokio::time::Instant::now();
    let asked = expiry(&world).await;
    // Counting alone leaves others their turn too.
    assert_ne!(counting.elapsed(), std::time::Duration::ZERO);
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    let mut destroyed = 0;
    for round in 1..=3u8 {
        let run = carry_out(&world.broker, asked.id, FIRST, &mut |counts| {
            counts.destroyed <= destroyed
        })
        .await
        .unwrap();
        // Each round finds what the ones before destroyed, and adds to it.
        assert!(run.counts.destroyed >= destroyed && run.counts.destroyed <= 40);
        destroyed = run.counts.destroyed;
        if round < 3 {
            assert_eq!((run.done_at_ms, run.counts.destroyed), (None, 16 * u64::from(round)));
        } else {
            assert_eq!((run.done_at_ms.is_some(), run.counts.destroyed), (true, 40));
        }
        world = world.restarted(round).await;
    }
    let page = world.memory.scan(hedui_evidence::Position::START, 1_024).await.unwrap();
    let shreds = page.entries.iter().filter(|entry| entry.head.kind == FrameKind::Shred);
    assert_eq!(shreds.count(), 40);
}

#[tokio::test(start_paused = true)]
async fn a_hold_placed_while_an_expiry_runs_counts_for_what_has_not_had_its_turn() {
    let world = quick();
    let mut cases = Vec::new();
    for n in 0..33 {
        cases.push(world.verify(family(n)).await.case);
    }
    world.clock.advance(6 * YEAR_MS);
    let asked = expiry(&world).await;
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    let broker = world.broker.clone();
    let last = *cases.last().unwrap();
    let (told, mut hear) = tokio::sync::mpsc::channel(64);
    let running = tokio::spawn(async move {
        let mut tell = |counts: Counts| told.try_send(counts.cases).is_ok();
        carry_out(&broker, asked.id, FIRST, &mut tell).await
    });
    assert_eq!(hear.recv().await, Some(16));
    world
        .broker
        .place_hold(last, ("audit 7", "an audit"), FIRST)
        .await
        .unwrap();
    assert_eq!(reason(world.broker.expiry_place()), "EXPIRY_RUNNING");
    while hear.recv().await.is_some() {}
    let done = running.await.unwrap().unwrap();
    assert_eq!((done.counts.destroyed, done.counts.held), (32, 1));
    assert_eq!(
        world.broker.retention(last).await.unwrap().state,
        RetentionState::Frozen
    );
}

#[tokio::test(start_paused = true)]
async fn an_expiry_that_is_withdrawn_while_it_runs_destroys_nothing_more() {
    let world = quick();
    for n in 0..33 {
        world.verify(family(n)).await;
    }
    world.clock.advance(6 * YEAR_MS);
    let asked = expiry(&world).await;
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    let broker = world.broker.clone();
    let (told, mut hear) = tokio::sync::mpsc::channel(64);
    let running = tokio::spawn(async move {
        let mut tell = |counts: Counts| told.try_send(counts.cases).is_ok();
        carry_out(&broker, asked.id, FIRST, &mut tell).await
    });
    assert_eq!(hear.recv().await, Some(16));
    world.broker.withdraw_expiry(asked.id, SECOND).await.unwrap();
    let ended = running.await.unwrap().unwrap();
    // The case that had its turn when it was withdrawn, and no other.
    assert!(ended.withdrawn && ended.done_at_ms.is_none(), "{ended:?}");
    assert!((16..=17).contains(&ended.counts.destroyed), "{ended:?}");
    let words = orders(&world, asked.id).await;
    let stopped = format!("EXPIRY_STOPPED:cases={}", ended.counts.cases);
    assert!(words.last().unwrap().starts_with(&stopped), "{words:?}");
    let page = world.memory.scan(hedui_evidence::Position::START, 1_024).await.unwrap();
    let shreds = page.entries.iter().filter(|entry| entry.head.kind == FrameKind::Shred);
    assert_eq!(shreds.count() as u64, ended.counts.destroyed);
    let again = carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await;
    assert_eq!(reason(again), "EXPIRY_NOT_APPROVED");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_destroyed_while_the_logs_cannot_be_continued() {
    let world = quick();
    let mut cases = Vec::new();
    for n in 0..3 {
        cases.push(world.verify(family(n)).await.case);
    }
    let broker = &world.broker;
    let ordered = (SCHEDULE, "PIPL 47(1)4");
    world.clock.advance(6 * YEAR_MS);
    let asked = expiry(&world).await;
    broker.approve_expiry(asked.id, SECOND).await.unwrap();
    broker.request_shred(cases[1], ordered, FIRST).await.unwrap();
    // Followed once and then no more: promises are not kept.
    broker.follow_logs(&mut |_| ()).await.unwrap();
    world.clock.advance(DAY_MS);
    let before = orders(&world, cases[1]).await;
    let run = carry_out(broker, asked.id, FIRST, &mut |_| true).await;
    assert_eq!(reason(run), "EVIDENCE_LOG_UNAVAILABLE");
    let approved = broker.approve_shred(cases[1], SECOND).await;
    assert_eq!(reason(approved), "EVIDENCE_LOG_UNAVAILABLE");
    let request = broker.request_shred(cases[2], ordered, FIRST).await;
    assert_eq!(reason(request), "EVIDENCE_LOG_UNAVAILABLE");
    // It is held against nobody.
    assert_eq!(orders(&world, cases[1]).await, before);
    for case in &cases {
        assert_eq!(broker.retention(*case).await.unwrap().state, RetentionState::Frozen);
    }
    broker.follow_logs(&mut |_| ()).await.unwrap();
    let done = carry_out(broker, asked.id, FIRST, &mut |_| true).await.unwrap();
    assert_eq!((done.counts.destroyed, done.counts.kept), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn an_expiry_of_a_day_leaves_what_came_after_it() {
    let world = quick();
    let old = world.verify(family(0)).await.case;
    world.clock.advance(DAY_MS);
    let young = world.verify(family(1)).await.case;
    world.clock.advance(6 * YEAR_MS);
    let ask = ExpiryAsk {
        district: DISTRICT,
        before: Some(Date::constant(2026, 11, 23)),
        legal_reference: SCHEDULE,
        dry_run: false,
    };
    let asked = world.broker.request_expiry(ask, FIRST, &mut |_| true).await.unwrap();
    world.broker.approve_expiry(asked.id, SECOND).await.unwrap();
    carry_out(&world.broker, asked.id, FIRST, &mut |_| true).await.unwrap();
    let state = async |case| world.broker.retention(case).await.unwrap().state;
    assert_eq!(
        (state(old).await, state(young).await),
        (RetentionState::Shredded, RetentionState::Frozen)
    );
    let tomorrow = ExpiryAsk {
        before: Some(Date::constant(2099, 1, 1)),
        ..ask
    };
    let refused = world
        .broker
        .request_expiry(tomorrow, FIRST, &mut |_| true)
        .await
        .unwrap_err();
    assert_eq!(refused.fields()[0].reason, "BEFORE_INVALID");
    world.clock.advance(31 * DAY_MS);
    assert_eq!(
        reason(
            world
                .broker
                .approve_expiry(asked.id, SECOND)
                .await
                .and(world.broker.withdraw_expiry(asked.id, SECOND).await)
        ),
        "NO_SHRED_REQUEST"
    );
}
