//! The laws of long calls: few at a time, all waited for.

use tonic_types::StatusExt;

use super::*;

#[tokio::test]
async fn there_are_so_many_places_and_each_that_is_given_back_is_free() {
    let calls = LongCalls::default();
    let mut places: Vec<LongCall> = (0..LONG_CALLS).map(|_| calls.place().unwrap()).collect();
    let refused = calls.clone().place().unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "AUDIT_BUSY");
    places.pop();
    calls.place().unwrap();
}

#[tokio::test]
async fn the_end_waits_for_every_call_and_lets_none_begin() {
    let calls = LongCalls::default();
    let place = calls.place().unwrap();
    let waiting = tokio::spawn({
        let calls = calls.clone();
        async move { calls.ended().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    drop(place);
    waiting.await.unwrap();
    assert_eq!(calls.place().unwrap_err().code(), Code::ResourceExhausted);
}
