//! Laws of the witness's connections: every answer as the specification has it, and nobody holds one by being slow or endless.
//! Leaves what is cosigned to the tests above.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::serve::{Patience, Running, serve};
use super::*;

async fn serving(log: &TestLog, patience: Patience) -> Running {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    serve(open(log, &Arc::default()), listener, patience).unwrap()
}

/// Sends bytes and reads until the server closes.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A server that has seen enough may close before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

/// Status, media type and body of one request.
async fn ask(address: SocketAddr, method: &str, path: &str, body: &str) -> (u16, String, String) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = raw(address, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: "));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, kind.unwrap_or_default().to_owned(), body.to_owned())
}

#[tokio::test]
async fn every_answer_is_that_of_the_specification() {
    let log = TestLog::honest(20);
    let running = serving(&log, Patience::default()).await;
    let post = |body: String| async move { ask(running.address, "POST", "/add-checkpoint", &body).await };
    let monitor = format!("/{}/checkpoint", file_of(ORIGIN));
    assert_eq!(ask(running.address, "GET", &monitor, "").await.0, 404);

    let (status, _, line) = post(log.request(0, 7).to_string()).await;
    assert_eq!(status, 200);
    let mut note = Note::unsigned(log.request(0, 7).note().text()).unwrap();
    note.push_signature(&line).unwrap();
    assert!(line.ends_with('\n') && cosignature::verify(&note, &key().verifier()).is_ok());

    let (status, kind, body) = post(log.request(0, 9).to_string()).await;
    assert_eq!((status, kind.as_str(), body.as_str()), (409, "text/x.tlog.size", "7\n"));

    let fork = TestLog::new(ORIGIN, 20, 3);
    let unknown = TestLog::new("other.example", 20, 30);
    let mut unsigned = log.request(7, 9).to_string();
    // The last character before the padding: the signature is another one.
    let at = unsigned.len() - 6;
    let other = if unsigned.as_bytes()[at] == b'A' { "B" } else { "A" };
    unsigned.replace_range(at..=at, other);
    for (request, status, code) in [
        (log.request(9, 7).to_string(), 400, "OLD_ABOVE_NEW"),
        ("old 07\n".to_owned(), 400, "REQUEST_OLD_SIZE"),
        (String::new(), 400, "REQUEST_OLD_SIZE"),
        (unknown.request(0, 3).to_string(), 404, "UNKNOWN_ORIGIN"),
        (unsigned, 403, "BAD_SIGNATURE"),
        (fork.request(7, 9).to_string(), 422, ""),
        (fork.request(7, 7).to_string(), 422, ""),
    ] {
        let (found, _, body) = post(request).await;
        assert_eq!(found, status, "{body}");
        assert!(body.starts_with(code) && body.contains(": "), "{body}");
    }
    assert_eq!(ask(running.address, "GET", "/add-checkpoint", "").await.0, 405);
    assert_eq!(ask(running.address, "POST", "/other", "").await.0, 404);
    let (status, _, kept) = ask(running.address, "GET", &monitor, "").await;
    assert_eq!(status, 200);
    assert!(
        Note::parse(kept.as_bytes())
            .unwrap()
            .verified_by(&key().verifier())
            .is_ok()
    );
    running.stop().await.unwrap();
}

#[tokio::test]
async fn endless_and_slow_requests_are_ended() {
    let log = TestLog::honest(5);
    let short = Duration::from_millis(50);
    let patience = Patience {
        head: short,
        body: short,
        connection: Duration::from_secs(60),
        last_words: short,
    };
    let running = serving(&log, patience).await;
    let head = "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\n";
    // More than any request, said beforehand and not said beforehand.
    let declared = format!("{head}content-length: 99999999\r\n\r\n{}", "x".repeat(200_000));
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    let endless = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(8));
    for bytes in [declared, endless] {
        let answer = raw(running.address, bytes.as_bytes()).await;
        assert!(answer.is_empty() || answer.contains(" 413 "), "{answer}");
    }
    // A body that does not come, a head that does not end, nothing at all.
    let answer = raw(
        running.address,
        format!("{head}content-length: 10\r\n\r\nold").as_bytes(),
    )
    .await;
    assert!(
        answer.contains(" 408 ") && answer.contains("REQUEST_TOO_SLOW"),
        "{answer}"
    );
    for bytes in [head, ""] {
        let answer = raw(running.address, bytes.as_bytes()).await;
        assert!(!answer.contains(" 200 "), "{answer}");
    }
    let many = format!("{head}{}", "x: y\r\n".repeat(10_000));
    let answer = raw(running.address, many.as_bytes()).await;
    assert!(answer.is_empty() || answer.contains(" 431 "), "{answer}");
    // It serves all the same.
    let (status, ..) = ask(
        running.address,
        "POST",
        "/add-checkpoint",
        &log.request(0, 5).to_string(),
    )
    .await;
    assert_eq!(status, 200);
    running.stop().await.unwrap();
}

#[tokio::test]
async fn more_connections_than_places_wait_for_one() {
    let log = TestLog::honest(5);
    let patience = Patience {
        head: Duration::from_millis(300),
        ..Patience::default()
    };
    let running = serving(&log, patience).await;
    let mut silent = Vec::new();
    for _ in 0..300 {
        silent.push(TcpStream::connect(running.address).await.unwrap());
    }
    // Those who say nothing lose their places, and whoever has something to say gets one.
    let (status, ..) = ask(
        running.address,
        "POST",
        "/add-checkpoint",
        &log.request(0, 5).to_string(),
    )
    .await;
    assert_eq!(status, 200);
    drop(silent);
    running.stop().await.unwrap();
}
