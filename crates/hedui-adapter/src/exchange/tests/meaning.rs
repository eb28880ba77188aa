//! JSON and bytes mean the same: every answer survives the way through JSON, its signature included.
//! Leaves the ways there to `lines` and `web`.

use hedui_core::{DepartmentId, PinnedKey};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::testing::answered;
use crate::wire::{Signer, check_signature, decode_answer, encode_answer, encode_query};

const SECRET: [u8; 32] = [7; 32];

fn bank() -> DepartmentId {
    DepartmentId::new("bank").unwrap()
}

fn pinned() -> Vec<PinnedKey> {
    let key = Signer::new("2026", &SECRET).public_key();
    vec![PinnedKey {
        id: "2026".to_owned(),
        public_key: blake3::Hash::from_bytes(key).to_hex().to_string(),
    }]
}

proptest! {
    #[test]
    fn every_question_and_answer_survives_the_way_through_json((query, answers) in answered()) {
        let asked = encode_query(&query);
        let json = Call::Query(asked.clone()).request().ok().unwrap();
        prop_assert_eq!(from_json(Message::QueryRequest, &json).unwrap(), asked.clone());
        let plain = encode_answer(&query, &answers);
        // As text, because that is what travels.
        let text = to_json(Message::QueryResponse, &plain).unwrap().to_string();
        let json: Json = serde_json::from_str(&text).unwrap();
        let bytes = Call::Query(asked).answer(&json, usize::MAX).ok().unwrap();
        prop_assert_eq!(decode_answer(&bytes, &query), decode_answer(&plain, &query));
        prop_assert!(text.len() <= most_json(plain.len()), "{} bytes are {} of JSON", plain.len(), text.len());
    }

    #[test]
    fn a_signed_answer_holds_after_the_way_through_json_and_no_letter_of_it_can_be_changed(
        (query, answers) in answered(),
        at in any::<prop::sample::Index>(),
    ) {
        let signed = Signer::new("2026", &SECRET).sign(&bank(), &query.query_id, &encode_answer(&query, &answers));
        let mut json = to_json(Message::QueryResponse, &signed).unwrap();
        let call = Call::Query(encode_query(&query));
        let bytes = call.answer(&json, usize::MAX).ok().unwrap();
        prop_assert_eq!(check_signature(&bytes, &bank(), &pinned()), Ok(()));
        prop_assert_eq!(decode_answer(&bytes, &query), answers);
        // One letter of the base64 changed, not at its padded end.
        let mut text = json["signedAnswer"].as_str().unwrap().as_bytes().to_vec();
        let at = at.index(text.len() - 4);
        text[at] = if text[at] == b'A' { b'B' } else { b'A' };
        json["signedAnswer"] = Json::from(String::from_utf8(text).unwrap());
        let bytes = call.answer(&json, usize::MAX).ok().unwrap();
        prop_assert_eq!(check_signature(&bytes, &bank(), &pinned()), Err(Reason::SignatureInvalid));
    }
}

/// The kit in Python writes the bytes that it signs itself.
#[test]
fn what_the_python_kit_signs_means_what_the_same_answer_means_in_json() {
    let mut runner = TestRunner::deterministic();
    let mut asked = Vec::new();
    let mut lines = String::new();
    for _ in 0..200 {
        let (query, answers) = answered().new_tree(&mut runner).unwrap().current();
        let json = to_json(Message::QueryResponse, &encode_answer(&query, &answers)).unwrap();
        lines.push_str(&format!("{json}\n"));
        asked.push((from_json(Message::QueryResponse, &json).unwrap(), query));
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("answers");
    std::fs::write(&file, lines).unwrap();
    let script = "import json, sys\nfrom hedui_department.wire import RESPONSE, encoded\nfor line in sys.stdin.buffer: print(encoded(RESPONSE, json.loads(line)).hex())";
    let told = std::process::Command::new("python3")
        .args(["-B", "-c", script])
        .env("PYTHONPATH", format!("{SDK}/src"))
        .stdin(std::fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.lines().count(), asked.len());
    for (line, (bytes, query)) in told.lines().zip(asked) {
        let digits = (0..line.len()).step_by(2);
        let written: Vec<u8> = digits
            .map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(decode_answer(&written.into(), &query), decode_answer(&bytes, &query));
    }
}

#[test]
fn what_a_plugin_says_of_a_failure_is_kept_without_whom_was_asked_about() {
    let query = query(2);
    let name = &query.subjects[0].name;
    let json = serde_json::json!({
        "class": "FAILURE_CLASS_TRANSIENT", "origin": "FAILURE_ORIGIN_DEPARTMENT",
        "reason": "DATABASE_LOCKED", "message": format!("no row for {name}"),
    });
    let failure = said(&json).about(&query);
    assert_eq!(failure.reason, "DATABASE_LOCKED");
    assert!(!failure.message.contains(name.as_str()), "{}", failure.message);
    let told = said(&serde_json::json!({ "reason": "DATABASE_LOCKED", "message": "try at 8:00" }));
    assert_eq!(told.clone().about(&query).message, "try at 8:00");
    assert_ne!(
        told.about_nobody().message,
        "try at 8:00",
        "of whom this speaks nobody knows"
    );
    assert_eq!(reason(said(&serde_json::json!({ "reason": 5 }))), "MALFORMED_ANSWER");
}

#[test]
fn an_answer_beyond_its_limit_or_of_another_form_is_a_failure() {
    let call = Call::Query(encode_query(&query(1)));
    let json = serde_json::json!({ "queryId": "q-1", "results": [] });
    assert!(call.answer(&json, 5).is_ok());
    assert_eq!(reason(call.answer(&json, 4).unwrap_err()), "SOURCE_TOO_LARGE");
    for other in [
        serde_json::json!([]),
        serde_json::json!("text"),
        serde_json::json!({ "queryId": 7 }),
        serde_json::json!({ "results": [{ "ordinal": -1 }] }),
        serde_json::json!({ "signedAnswer": "not base64 at all!" }),
    ] {
        let reason = reason(call.answer(&other, 1_000).unwrap_err());
        assert_eq!(reason, "MALFORMED_ANSWER", "{other}");
    }
    // A state that is none is that person's failure, as in bytes.
    let rich = serde_json::json!({ "queryId": "q-1", "results": [{ "idNumber": query(1).subjects[0].id.expose(), "state": "RESULT_STATE_RICH" }] });
    let answers = decode_answer(&call.answer(&rich, 1_000).ok().unwrap(), &query(1));
    assert_eq!(answers[0].failure.as_ref().unwrap().reason, "UNKNOWN_STATE");
    // A later version may say more.
    let more = serde_json::json!({ "queryId": "q-1", "mood": "good", "results": [] });
    assert_eq!(call.answer(&more, 100).ok(), call.answer(&json, 100).ok());
}

/// A pending answer that is promised for a time, as a plugin writes it.
fn promised(query: &hedui_core::Query, due: &Json) -> Result<Vec<hedui_core::SubjectAnswer>, Failure> {
    let results = query.subjects.iter().map(|subject| {
        serde_json::json!({ "ordinal": subject.ordinal, "idNumber": subject.id.expose(), "state": "RESULT_STATE_PENDING", "dueAt": due })
    });
    let json = serde_json::json!({ "queryId": query.query_id, "results": results.collect::<Vec<_>>() });
    let call = Call::Query(encode_query(query));
    let bytes = call
        .answer(&json, usize::MAX)
        .map_err(|unanswered| unanswered.about(query))?;
    Ok(decode_answer(&bytes, query))
}

#[test]
fn a_due_time_is_a_moment_of_rfc_3339_or_the_answer_is_refused_by_its_place() {
    let query = crate::testing::query(2);
    let due_at_ms = 1_795_312_800_000;
    for good in [
        "2026-11-22T10:00:00+08:00",
        "2026-11-22T02:00:00Z",
        "2026-11-22T02:00:00.000000000Z",
        "2026-11-21T21:00:00-05:00",
    ] {
        let answers = promised(&query, &Json::from(good)).unwrap();
        assert!(
            answers.iter().all(|a| a.due_at_ms == Some(due_at_ms)),
            "{good}: {answers:?}"
        );
    }
    // Promised for no certain time.
    assert!(
        promised(&query, &Json::Null)
            .unwrap()
            .iter()
            .all(|a| a.due_at_ms.is_none())
    );
    let id = query.subjects[0].id.expose();
    for bad in [
        "2026-11-22T10:00:00",
        "2026-11-22 ",
        "2026-11-22",
        "2026-02-30T10:00:00Z",
        "2026-11-22T25:00:00Z",
        "2026-11-22T10:00:00+08:00[Asia/Shanghai]",
        "20261122T100000Z",
        "1795312800",
        "soon",
        "",
        id,
    ] {
        let failure = promised(&query, &Json::from(bad)).unwrap_err();
        assert_eq!(failure.reason, "IMPOSSIBLE_DATE", "{bad:?}: {failure:?}");
        assert!(failure.message.ends_with("results[0].dueAt"), "{bad:?}: {failure:?}");
        assert!(bad.is_empty() || !failure.message.contains(bad), "{failure:?}");
    }
    for bad in [
        Json::from(1_795_312_800),
        Json::from(true),
        serde_json::json!({ "seconds": 1_795_312_800 }),
    ] {
        assert_eq!(promised(&query, &bad).unwrap_err().reason, "IMPOSSIBLE_DATE", "{bad}");
    }
    // A moment that can be written, and is before 1970.
    let answers = promised(&query, &Json::from("1969-12-31T23:59:59Z")).unwrap();
    assert!(
        answers
            .iter()
            .all(|a| a.failure.as_ref().is_some_and(|f| f.reason == "IMPOSSIBLE_DATE"))
    );
}
