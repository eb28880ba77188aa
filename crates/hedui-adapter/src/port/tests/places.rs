//! How many questions of a port are under way and how many wait.
//! Leaves what the ports do in their places to `contract`.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::*;

fn places(concurrent: u32) -> Places {
    Places::of(&crate::adapter::Limits {
        max_concurrent_queries: concurrent,
        ..description().limits
    })
}

fn in_time() -> (Instant, Reason) {
    (Instant::now() + LONG, Reason::DeadlineExceeded)
}

#[tokio::test]
async fn as_many_run_as_are_declared_others_wait_and_beyond_them_the_department_is_overloaded() {
    const QUEUE: u32 = 1_024;
    let (places, sink) = (places(3), Arc::new(Collect::default()));
    let (gate, begun, running, most) = (
        Arc::new(Semaphore::new(0)),
        Arc::new(Semaphore::new(0)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let ask = |slot: u32| {
        let (gate, begun) = (gate.clone(), begun.clone());
        let (running, most) = (running.clone(), most.clone());
        places.ask(in_time(), ReplyTo::new(sink.clone(), slot), async move {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            begun.add_permits(1);
            gate.acquire().await.unwrap().forget();
            running.fetch_sub(1, Ordering::SeqCst);
            Reply::Wire(Bytes::new())
        });
    };
    (0..QUEUE + 5).for_each(ask);
    let refused = sink.all(5).await;
    assert!(refused.values().all(|reply| reason(reply) == Some(Reason::Overloaded)));
    assert!((QUEUE..QUEUE + 5).all(|slot| refused.contains_key(&slot)));
    begun.acquire_many(3).await.unwrap().forget();
    gate.add_permits(QUEUE as usize);
    let replies = sink.all(QUEUE as usize + 5).await;
    assert!((0..QUEUE).all(|slot| matches!(replies[&slot], Reply::Wire(_))));
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn what_is_not_done_in_time_is_late_for_its_reason_and_gives_its_place_back() {
    // None declared is one.
    let (places, sink) = (places(0), Arc::new(Collect::default()));
    for (slot, late) in [(0, Reason::SourceTimeout), (1, Reason::DeadlineExceeded)] {
        let deadline = Instant::now() + Duration::from_millis(20);
        let never = std::future::pending();
        places.ask((deadline, late), ReplyTo::new(sink.clone(), slot), never);
    }
    let replies = sink.all(2).await;
    assert_eq!(reason(&replies[&0]), Some(Reason::SourceTimeout));
    assert_eq!(reason(&replies[&1]), Some(Reason::DeadlineExceeded));
    let done = std::future::ready(Reply::Wire(Bytes::new()));
    places.ask(in_time(), ReplyTo::new(sink.clone(), 2), done);
    assert!(matches!(sink.all(3).await[&2], Reply::Wire(_)));
}
