//! `hedui verify` against a server that answers, breaks, refuses, or is not there.

use hedui_proto::verification::watch_verification_response::Event;
use hedui_proto::verification::*;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt as _};

use crate::fake::{Fake, Script, Then, Watch};
use crate::run::{HOUSEHOLD, command, ended, run};
use crate::sample;

fn running() -> Verification {
    Verification {
        name: "verifications/7f3a91c2".to_owned(),
        state: VerificationState::Running.into(),
        departments_asked: 7,
        ..Default::default()
    }
}

fn event(sequence: i64, event: Event) -> WatchVerificationResponse {
    WatchVerificationResponse {
        sequence,
        event_time: None,
        event: Some(event),
    }
}

/// The department at a place of the sample, answered.
fn answered(sequence: i64, place: usize) -> WatchVerificationResponse {
    let result = sample::verification().report.unwrap().departments[place].clone();
    let answered = u32::try_from(sequence).unwrap();
    event(
        sequence,
        Event::DepartmentAnswered(DepartmentAnswered {
            result: Some(result),
            answered,
            asked: 7,
        }),
    )
}

fn basic() -> Verification {
    Verification {
        report: None,
        ..sample::verification()
    }
}

pub fn script() -> Script {
    Script {
        created: Ok(running()),
        read: sample::verification(),
        read_fails: None,
        watches: vec![Watch {
            events: vec![
                event(0, Event::Snapshot(running())),
                answered(1, 0),
                event(2, Event::Completed(basic())),
            ],
            then: Then::End,
        }],
        pages: Vec::new(),
        differences: Vec::new(),
        departments: Vec::new(),
        leaves: Vec::new(),
    }
}

async fn verify(fake: &Fake, more: &[&str]) -> crate::run::Ran {
    let mut arguments = vec!["verify", "--household", HOUSEHOLD, "--server", &fake.address];
    arguments.extend(more);
    run(&arguments).await
}

/// A verification of the sample with only these programmes.
fn only(programmes: &[&str]) -> Verification {
    let mut verification = sample::verification();
    verification
        .verdicts
        .retain(|v| programmes.contains(&v.programme.as_str()));
    verification
}

#[tokio::test]
async fn the_report_goes_to_stdout_and_progress_to_stderr() {
    let fake = Fake::start(script()).await;
    let ran = verify(
        &fake,
        &["--actor", "window-07", "--deadline", "10s", "--completion", "final"],
    )
    .await;
    assert_eq!(ran.code, 11, "{ran:?}");
    assert_eq!(
        ran.stdout,
        hedui_server::cli::report::render(&sample::verification(), hedui_server::cli::Lang::En, 100)
    );
    assert!(ran.stderr.contains("started verifications/7f3a91c2"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("no answer: District Housing Management Bureau"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains('\u{1b}') && !ran.stdout.contains('\u{1b}'));
    fake.asked(|asked| {
        let request = &asked.created[0];
        assert_eq!(request.actor, "window-07");
        assert_eq!(request.request_id.len(), 36);
        assert_eq!(request.deadline.as_ref().map(|d| d.seconds), Some(10));
        assert_eq!(request.completion(), Completion::VerdictFinal);
        assert_eq!(request.reuse(), Reuse::Fresh);
        assert_eq!(request.household.as_ref().map(|h| h.members.len()), Some(3));
        assert_eq!(asked.read[0].view(), View::Full);
    });
}

#[tokio::test]
async fn the_exit_code_is_that_of_the_verdicts() {
    for (programmes, code) in [
        (&["seniors"][..], 0),
        (&["seniors", "temporary"], 10),
        (&["seniors", "temporary", "dibao"], 11),
    ] {
        let fake = Fake::start(Script {
            read: only(programmes),
            ..script()
        })
        .await;
        let ran = verify(&fake, &["--output", "json"]).await;
        assert_eq!(ran.code, code, "{programmes:?}");
        assert_eq!(ran.json()["verdicts"].as_array().unwrap().len(), programmes.len());
    }
}

#[tokio::test]
async fn a_broken_watch_is_taken_up_where_it_broke() {
    let watches = vec![
        Watch {
            events: vec![event(0, Event::Snapshot(running())), answered(1, 1), answered(2, 2)],
            then: Then::Break(Status::unavailable("going away")),
        },
        // Ends without the end: the client comes back once more.
        Watch {
            events: vec![answered(3, 3)],
            then: Then::End,
        },
        Watch {
            events: vec![event(4, Event::Completed(basic()))],
            then: Then::End,
        },
    ];
    let fake = Fake::start(Script { watches, ..script() }).await;
    let ran = verify(&fake, &[]).await;
    assert_eq!(ran.code, 11, "{ran:?}");
    let sequences = fake.asked(|asked| asked.watched.iter().map(|w| w.after_sequence).collect::<Vec<_>>());
    assert_eq!(sequences, [0, 2, 3]);
    assert_eq!(
        ran.stderr.matches("the verification runs on").count(),
        2,
        "{}",
        ran.stderr
    );
    assert_eq!(fake.asked(|asked| asked.created.len()), 1);
}

#[tokio::test]
async fn a_watch_that_the_server_forbids_is_not_tried_again() {
    let forbidden = Watch {
        events: Vec::new(),
        then: Then::Break(Status::permission_denied("not yours")),
    };
    let fake = Fake::start(Script {
        watches: vec![forbidden],
        ..script()
    })
    .await;
    let ran = verify(&fake, &[]).await;
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(fake.asked(|asked| asked.watched.len()), 1);
}

#[tokio::test]
async fn a_refused_request_shows_reason_fields_and_lines() {
    let mut details = ErrorDetails::new();
    details.set_error_info("NOT_AUTHORIZED", "hedui", std::collections::HashMap::new());
    details.set_localized_message("zh-CN", "家庭成员的核对授权不足");
    details.set_bad_request(vec![FieldViolation::new(
        "household.members[1]",
        "this adult's own signed authorization is needed (AUTHORIZATION_MISSING)",
    )]);
    let refused = Status::with_error_details(Code::PermissionDenied, "not authorized", details);
    let fake = Fake::start(Script {
        created: Err(refused),
        ..script()
    })
    .await;
    let ran = verify(&fake, &[]).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{ran:?}");
    let text = std::fs::read_to_string(HOUSEHOLD).unwrap();
    let members = text
        .lines()
        .enumerate()
        .filter(|(_, line)| *line == "[[household.members]]");
    let line = members.map(|(index, _)| index + 1).nth(1).unwrap();
    for part in [
        "NOT_AUTHORIZED",
        &format!("line {line}, household.members[1]"),
        "AUTHORIZATION_MISSING",
        "what to do",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(
        verify(&fake, &["--lang", "zh"])
            .await
            .stderr
            .contains("家庭成员的核对授权不足")
    );
    let error = verify(&fake, &["--output", "json"]).await.error();
    assert_eq!(error["error"]["reason"], "NOT_AUTHORIZED");
    assert_eq!(error["error"]["field_violations"][0]["line"], line);
    assert_eq!(error["exit_code"], 4);
}

#[tokio::test]
async fn a_verification_in_the_way_is_named() {
    let mut details = ErrorDetails::new();
    let metadata = [("verification".to_owned(), "verifications/other".to_owned())];
    details.set_error_info(
        "VERIFICATION_RUNNING",
        "hedui",
        metadata.into_iter().collect::<std::collections::HashMap<_, _>>(),
    );
    let refused = Status::with_error_details(Code::AlreadyExists, "it is being verified", details);
    let fake = Fake::start(Script {
        created: Err(refused),
        ..script()
    })
    .await;
    let ran = verify(&fake, &[]).await;
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("hedui show verifications/other"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_server_that_cannot_answer_now_leaves_the_request_id() {
    let fake = Fake::start(Script {
        created: Err(Status::unavailable("later")),
        ..script()
    })
    .await;
    let ran = verify(&fake, &[]).await;
    assert_eq!(ran.code, 5);
    let id = fake.asked(|asked| asked.created[0].request_id.clone());
    assert!(ran.stderr.contains(&id), "{}", ran.stderr);
}

/// A server that dies during the first call; afterwards `then` answers at its address, or nobody.
async fn dies_once(then: Option<&Fake>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let then = then.map(|fake| fake.address.replace("http://", ""));
    tokio::spawn(async move {
        let (mut first, _) = listener.accept().await.unwrap();
        // Its settings, as every server of HTTP/2 begins.
        first.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        let mut read = 0;
        // More than a connection begins with: the household is on its way.
        while read < 200 {
            read += first.read(&mut [0; 4096]).await.unwrap();
        }
        drop(first);
        let Some(then) = then else { return };
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = tokio::net::TcpStream::connect(&then).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    address
}

#[tokio::test]
async fn a_server_that_dies_during_the_call_is_asked_again_with_the_same_id() {
    let fake = Fake::start(script()).await;
    let address = dies_once(Some(&fake)).await;
    let ran = run(&["verify", "--household", HOUSEHOLD, "--server", &address]).await;
    assert_eq!(ran.code, 11, "{ran:?}");
    assert!(
        ran.stderr.contains("asking again in 0.200 s with the same request id"),
        "{}",
        ran.stderr
    );
    assert_eq!(fake.asked(|asked| asked.created.len()), 1);
}

#[tokio::test]
async fn a_server_that_dies_and_stays_away_is_unavailable_and_leaves_the_request_id() {
    let address = dies_once(None).await;
    let arguments = ["verify", "--household", HOUSEHOLD, "--server", &address];
    let ran = run(&[&arguments[..], &["--output", "json"]].concat()).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
    let error = ran.error();
    assert_eq!(error["error"]["reason"], "SERVER_UNREACHABLE");
    assert_eq!(
        (&error["error"]["status"], &error["exit_code"]),
        (&"UNAVAILABLE".into(), &5.into())
    );
    assert_eq!(ran.stderr.matches("\nrequest id: ").count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn an_answer_with_a_reason_is_not_asked_for_again() {
    let details = ErrorDetails::with_error_info("INTERNAL", "hedui", std::collections::HashMap::new());
    let refused = Status::with_error_details(Code::Internal, "a defect", details);
    let fake = Fake::start(Script {
        created: Err(refused),
        ..script()
    })
    .await;
    let ran = verify(&fake, &[]).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert_eq!(fake.asked(|asked| asked.created.len()), 1);
}

#[tokio::test]
async fn another_program_at_the_port_is_no_hedui_server() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = client.read(&mut [0; 24]).await;
                let answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = client.write_all(answer).await;
                // Open until the other side goes: what was sent would else be lost with the connection.
                while client.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
            });
        }
    });
    let arguments = ["verify", "--household", HOUSEHOLD, "--server", &address];
    let ran = run(&arguments).await;
    assert_eq!(ran.code, 5, "{ran:?}");
    for part in ["is no hedui server", "NO_HEDUI_SERVER", "another program listens there"] {
        assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
    }
    assert!(!ran.stderr.contains("asking again"), "{}", ran.stderr);
}

#[tokio::test]
async fn without_a_server_it_says_how_to_start_one() {
    // A port that was free a moment ago and that nobody listens on.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let server = format!("http://127.0.0.1:{port}");
    let mut with_environment = command(&["verify", "--household", HOUSEHOLD]);
    with_environment.env("HEDUI_SERVER", &server);
    let ran = ended(with_environment).await;
    assert_eq!((ran.code, ran.stdout.as_str()), (5, ""), "{ran:?}");
    assert!(
        ran.stderr.contains(&server) && ran.stderr.contains("hedui serve"),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_bad_file_never_reaches_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, "districts = \"511703\"\n").unwrap();
    let fake = Fake::start(script()).await;
    let ran = run(&[
        "verify",
        "--household",
        file.to_str().unwrap(),
        "--server",
        &fake.address,
    ])
    .await;
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(
        ran.stderr.contains("UNKNOWN_KEY") && ran.stderr.contains("household: this key is needed"),
        "{}",
        ran.stderr
    );
    assert!(fake.asked(|asked| asked.created.is_empty()));
}

#[tokio::test]
async fn flags_go_before_the_file() {
    let fake = Fake::start(script()).await;
    let more = [
        "--district",
        "220882",
        "--programme",
        "a",
        "--programme",
        "b",
        "--as-of",
        "2026-01-02",
        "--reuse",
        "never",
    ];
    verify(&fake, &more).await;
    fake.asked(|asked| {
        let request = &asked.created[0];
        assert_eq!(
            (request.district_code.as_str(), request.programmes.join(" ").as_str()),
            ("220882", "a b")
        );
        assert_eq!(
            request.as_of.as_ref().map(|d| (d.year, d.month, d.day)),
            Some((2026, 1, 2))
        );
        assert_eq!(request.reuse(), Reuse::Never);
    });
}

#[tokio::test]
async fn validating_only_starts_nothing() {
    let fake = Fake::start(Script {
        created: Ok(Verification::default()),
        ..script()
    })
    .await;
    let ran = verify(&fake, &["--validate-only"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.stdout.contains("no department was asked"));
    fake.asked(|asked| {
        assert!(asked.created[0].validate_only);
        assert!(asked.watched.is_empty() && asked.read.is_empty());
    });
}

#[tokio::test]
async fn the_token_goes_with_every_call_and_is_never_shown() {
    let fake = Fake::start(script()).await;
    let mut with_token = command(&["verify", "--household", HOUSEHOLD, "--server", &fake.address]);
    with_token.env("HEDUI_TOKEN", "secret-7");
    let ran = ended(with_token).await;
    assert_eq!(ran.code, 11);
    assert!(fake.asked(|asked| asked.tokens.iter().all(|token| token == "Bearer secret-7") && asked.tokens.len() == 2));
    let mut help = command(&["verify", "--help"]);
    help.env("HEDUI_TOKEN", "secret-7");
    assert!(!ended(help).await.stdout.contains("secret-7"));
}

#[tokio::test]
async fn the_first_interrupt_says_how_to_come_back_and_the_second_leaves() {
    let open = Watch {
        events: vec![event(0, Event::Snapshot(running()))],
        then: Then::StayOpen,
    };
    let fake = Fake::start(Script {
        watches: vec![open],
        ..script()
    })
    .await;
    let mut child = command(&["verify", "--household", HOUSEHOLD, "--server", &fake.address])
        .spawn()
        .unwrap();
    let process = child.id().unwrap().to_string();
    let interrupt = || {
        std::process::Command::new("kill")
            .args(["-INT", &process])
            .status()
            .unwrap()
    };
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut line = String::new();
    while !line.contains("started") {
        line = lines.next_line().await.unwrap().unwrap();
    }
    // Following and listening for interrupts begin in one step: once the server is watched, the program listens.
    let mut watched = 0;
    while watched == 0 {
        tokio::task::yield_now().await;
        watched = fake.asked(|asked| asked.watched.len());
    }
    interrupt();
    while !line.contains("hedui show verifications/7f3a91c2") {
        line = lines.next_line().await.unwrap().unwrap();
    }
    interrupt();
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
}

#[tokio::test]
async fn a_server_that_goes_away_leaves_the_name_to_ask_for_later() {
    let gone = Status::unavailable("stopping");
    let fake = Fake::start(Script {
        read_fails: Some(gone),
        ..script()
    })
    .await;
    for (lang, text) in [("en", "tells how it ended"), ("zh", "查看结果")] {
        let ran = verify(&fake, &["--lang", lang]).await;
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(
            ran.stderr.contains("`hedui show verifications/7f3a91c2`"),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(text), "{}", ran.stderr);
    }
    let ran = verify(&fake, &["--output", "json"]).await;
    assert_eq!(ran.error()["error"]["verification"], "verifications/7f3a91c2");
}
