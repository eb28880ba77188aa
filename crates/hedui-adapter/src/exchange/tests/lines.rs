//! Child processes over lines: the Python kit, and programs that do what programs do: die, print, hang, say too much.
//! Leaves what answers mean to `meaning`.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

use super::*;
use crate::manifest::Secret;
use crate::serve::serve_lines;
use crate::wire::{decode_description, encode_query};

const LIMIT: Duration = Duration::from_secs(10);

fn named(name: &str) -> String {
    format!("{{\"department\": \"{name}\", \"limits\": {{}}}}")
}

/// A program that answers every line, without looking at it, with what the Python expression says.
fn answering(expression: &str) -> Program {
    let script = format!(
        "import json, os, sys\nfor line in sys.stdin:\n    q = json.loads(line)\n    if 'cancel' not in q:\n        print({expression}, flush=True)\n"
    );
    program(&["python3", "-c", &script])
}

async fn describe(exchange: &LinesExchange, limit: Duration) -> Result<String, String> {
    let bytes = exchange.call(&Call::Describe, limit).await.map_err(reason)?;
    Ok(decode_description(&bytes).unwrap().department.as_str().to_owned())
}

#[tokio::test]
async fn the_template_of_the_python_kit_keeps_the_protocol() {
    let script = std::fs::read_to_string(format!("{SDK}/template/plugin.py")).unwrap();
    let exchange = LinesExchange::listening(&python(&script, &[]), MOST).unwrap();
    let reports = kit(Arc::new(exchange), Bounds::default()).await;
    assert_eq!(failed(&reports), vec![]);
}

#[tokio::test]
async fn a_program_that_is_not_there_or_says_nothing_is_a_failure_in_time() {
    for (command, reasons) in [
        (&["hedui-no-such-program"][..], &["CONNECT_FAILED"][..]),
        (&["true"], &["CONNECTION_LOST"]),
        (&["cat"], &["MALFORMED_ANSWER"]),
        (&["tail", "-f", "/dev/null"], &["DEADLINE_EXCEEDED"]),
    ] {
        let exchange = LinesExchange::open(&program(command), MOST).unwrap();
        let limit = if reasons[0] == "DEADLINE_EXCEEDED" {
            Duration::from_millis(300)
        } else {
            LIMIT
        };
        let failure = reason(exchange.call(&Call::Describe, limit).await.unwrap_err());
        assert!(reasons.contains(&failure.as_str()), "{command:?}: {failure}");
    }
    assert!(LinesExchange::open(&program(&[]), MOST).is_err());
}

#[tokio::test]
async fn answers_find_whoever_asked_in_whatever_order_they_come() {
    // Keeps everything until the last question is there, then answers backwards, with ids as numbers and stray words between.
    let script = "import json, sys\nall = [json.loads(sys.stdin.readline()) for _ in range(50)]\nfor q in reversed(all):\n    \
                  print('starting up...')\n    \
                  print(json.dumps({'id': int(q['id']), 'answer': {'department': q['check']['check'], 'limits': {}}}), flush=True)\n";
    let exchange = LinesExchange::open(&program(&["python3", "-c", script]), MOST).unwrap();
    let calls = (0..50).map(|i| {
        let exchange = &exchange;
        async move {
            // A self-test's name travels; the answer is only read as what was asked for.
            let line = exchange.call(&Call::Check(format!("check-{i}")), LIMIT).await;
            line.map(|_| i).map_err(reason)
        }
    });
    let answered: BTreeSet<i32> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answered.len(), 50);
}

#[tokio::test]
async fn a_program_that_waits_until_its_answers_are_read_holds_nobody_up() {
    // Both pipes are full long before the last question: who only writes, or only reads, waits for ever.
    let answer = format!(
        "json.dumps({{'id': q['id'], 'answer': {{'nameZh': 'x' * 9000, **{}}}}})",
        named("d")
    );
    let exchange = LinesExchange::open(&answering(&answer), MOST).unwrap();
    let long = Call::Check("y".repeat(9_000));
    let answers = join_all((0..200).map(|_| exchange.call(&long, LIMIT))).await;
    assert!(answers.into_iter().all(|answer| answer.is_ok()));
}

#[tokio::test]
async fn a_program_that_dies_is_started_again_and_left_alone_for_longer_each_time() {
    let answer = format!("json.dumps({{'id': q['id'], 'answer': {}}})) or os._exit(1", named("d"));
    let exchange = LinesExchange::open(&answering(&answer), MOST).unwrap();
    // Who asks while it is left alone is told so at once.
    let mut refused = 0;
    for _ in 0..3 {
        loop {
            match describe(&exchange, LIMIT).await {
                Ok(name) => break assert_eq!(name, "d"),
                Err(reason) => assert!(
                    ["CONNECT_FAILED", "CONNECTION_LOST"].contains(&reason.as_str()),
                    "{reason}"
                ),
            }
            refused += 1;
            tokio::task::yield_now().await;
        }
    }
    assert!(refused > 0);
    // One that never answers: the second start comes after 200 ms, the third after 400 more.
    let exchange = LinesExchange::open(&program(&["false"]), MOST).unwrap();
    let (began, mut starts) = (Instant::now(), 0);
    while starts < 3 {
        match describe(&exchange, LIMIT).await.unwrap_err().as_str() {
            "CONNECT_FAILED" => tokio::task::yield_now().await,
            "CONNECTION_LOST" => starts += 1,
            other => panic!("{other}"),
        }
    }
    assert!(began.elapsed() >= Duration::from_millis(600), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_line_beyond_the_limit_is_a_failure_and_never_fills_the_memory() {
    let large = "json.dumps({'id': q['id'], 'answer': {'nameZh': 'x' * 3000000}})";
    let exchange = LinesExchange::open(&answering(large), 1_000).unwrap();
    assert_eq!(describe(&exchange, LIMIT).await.unwrap_err(), "SOURCE_TOO_LARGE");
    let exchange = LinesExchange::open(&program(&["cat", "/dev/zero"]), 1_000).unwrap();
    assert_eq!(describe(&exchange, LIMIT).await.unwrap_err(), "SOURCE_TOO_LARGE");
}

#[tokio::test]
async fn who_stops_waiting_tells_the_program_so() {
    // Answers each second question with what it has heard so far.
    let script = "import json, sys\nheard = ''\nfor line in sys.stdin:\n    q = json.loads(line)\n    \
                  heard += 'c' if 'cancel' in q else 'q'\n    \
                  if 'check' in q:\n        print(json.dumps({'id': q['id'], 'answer': {'results': [{'check': heard}]}}), flush=True)\n";
    let exchange = LinesExchange::open(&program(&["python3", "-c", script]), MOST).unwrap();
    let late = exchange.call(&Call::Describe, Duration::from_millis(100)).await;
    assert_eq!(reason(late.unwrap_err()), "DEADLINE_EXCEEDED");
    let bytes = exchange.call(&Call::Check(String::new()), LIMIT).await.ok().unwrap();
    let heard = crate::wire::decode_checks(&bytes).unwrap();
    assert_eq!(heard[0].check, "qcq");
}

#[tokio::test]
async fn a_program_sees_its_own_environment_and_not_ours() {
    let seen = "json.dumps({'id': q['id'], 'answer': {'department': 'd', 'limits': {}, 'checks': sorted(os.environ)}})";
    let program = Program {
        environment: vec![("REGISTER_PASSWORD".to_owned(), Secret::new("pw-77"))],
        ..answering(seen)
    };
    assert!(!format!("{program:?}").contains("pw-77"));
    let exchange = LinesExchange::open(&program, MOST).unwrap();
    let bytes = exchange.call(&Call::Describe, LIMIT).await.ok().unwrap();
    let names = decode_description(&bytes).unwrap().checks;
    assert!(names.iter().any(|name| name == "REGISTER_PASSWORD"), "{names:?}");
    // Cargo gives every test this one.
    assert!(std::env::vars_os().any(|(name, _)| name == "CARGO_MANIFEST_DIR"));
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");
}

#[tokio::test]
async fn the_program_and_what_it_started_end_with_the_exchange() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    // The grandchild holds a connection and reads nothing.
    let hold =
        "import socket, sys\ns = socket.create_connection(('127.0.0.1', int(sys.argv[1])))\ns.sendall(b'x')\ns.recv(1)";
    let script = format!("python3 -c \"{hold}\" {port} <&- & wait");
    let exchange = LinesExchange::open(&program(&["sh", "-c", &script]), MOST).unwrap();
    let (asked, accepted) = tokio::join!(
        exchange.call(&Call::Describe, Duration::from_millis(100)),
        timeout(LIMIT, listener.accept())
    );
    assert!(asked.is_err());
    let (mut held, _) = accepted.unwrap().unwrap();
    assert_eq!(held.read_u8().await.unwrap(), b'x');
    drop(exchange);
    let ended = timeout(LIMIT, held.read_u8()).await.expect("it goes on");
    assert!(ended.is_err());
}

#[tokio::test]
async fn what_a_program_prints_besides_is_heard_by_the_kit_alone() {
    let chatty = format!(
        "print('to the output') or print('to the log', file=sys.stderr, flush=True) or json.dumps({{'id': q['id'], 'answer': {}}})",
        named("d")
    );
    let listens = LinesExchange::listening(&answering(&chatty), MOST).unwrap();
    let deaf = LinesExchange::open(&answering(&chatty), MOST).unwrap();
    for exchange in [&listens, &deaf] {
        assert_eq!(describe(exchange, LIMIT).await.unwrap(), "d");
    }
    let heard = async {
        while !String::from_utf8(listens.besides()).unwrap().contains("to the log") {
            describe(&listens, LIMIT).await.unwrap();
        }
    };
    timeout(LIMIT, heard).await.expect("the log is not heard");
    assert!(String::from_utf8(listens.besides()).unwrap().contains("to the output"));
    assert_eq!(deaf.besides(), b"");
}

#[tokio::test]
async fn lines_that_are_no_questions_are_passed_over() {
    let query = serde_json::json!({ "id": "9", "query": Call::Query(encode_query(&query(1))).request().ok() });
    let input =
        format!("no json\n[]\n{{\"describe\":{{}}}}\n{{\"id\":\"7\",\"describe\":{{}}}}\n{{\"id\":\"8\"}}\n{query}\n");
    let (output, mut answers) = tokio::io::duplex(1 << 16);
    serve_lines(Arc::new(crate::port::tests::Scripted), input.as_bytes(), output)
        .await
        .unwrap();
    let mut text = String::new();
    answers.read_to_string(&mut text).await.unwrap();
    let mut answers: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    answers.sort_by_key(|answer| answer["id"].as_str().unwrap().to_owned());
    let ids: Vec<&str> = answers.iter().map(|a| a["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["7", "8", "9"]);
    assert_eq!(answers[1]["failure"]["reason"], "INVALID_REQUEST");
    assert_eq!(answers[2]["answer"]["results"][0]["state"], "RESULT_STATE_NO_RECORD");
}
