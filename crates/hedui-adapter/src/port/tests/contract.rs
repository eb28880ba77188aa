//! One suite for every port.
//! Leaves plugins that break the protocol to `rogue`.

use super::*;
use crate::exchange::{ExchangePort, HttpExchange, LinesExchange};
use crate::serve::{Serving, serve};

struct Subject {
    port: Arc<dyn Port>,
    _serving: Option<Serving>,
}

async fn in_process() -> Subject {
    Subject {
        port: Arc::new(AdapterPort::new(Arc::new(Scripted))),
        _serving: None,
    }
}

async fn stream() -> Subject {
    let serving = serve(Arc::new(Scripted)).await.unwrap();
    let d = description();
    let port = StreamPort::open(d.department, &serving.endpoint(), d.limits, no_jitter()).unwrap();
    Subject {
        port: Arc::new(port),
        _serving: Some(serving),
    }
}

async fn unary() -> Subject {
    let serving = serve(Arc::new(Scripted)).await.unwrap();
    let d = description();
    let port = UnaryPort::open(d.department, &serving.endpoint(), d.limits).unwrap();
    Subject {
        port: Arc::new(port),
        _serving: Some(serving),
    }
}

async fn http() -> Subject {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let serving = crate::serve::serve_json_on(Arc::new(Scripted), listener).await.unwrap();
    let d = description();
    let service = crate::manifest::JsonService {
        endpoint: serving.endpoint(),
        ..Default::default()
    };
    let exchange = HttpExchange::open(&service, d.limits.max_response_bytes).unwrap();
    Subject {
        port: Arc::new(ExchangePort::new(d.department, Arc::new(exchange), d.limits)),
        _serving: Some(serving),
    }
}

/// The same department as a program of its own.
async fn lines() -> Subject {
    let command = ["python3", "-c", include_str!("scripted.py")].map(str::to_owned);
    let program = crate::manifest::Program {
        command: command.to_vec(),
        environment: Vec::new(),
    };
    let d = description();
    let exchange = LinesExchange::open(&program, d.limits.max_response_bytes).unwrap();
    Subject {
        port: Arc::new(ExchangePort::new(d.department, Arc::new(exchange), d.limits)),
        _serving: None,
    }
}

macro_rules! contract {
    ($($law:ident)+) => {
        mod in_process_port { $(#[tokio::test] async fn $law() { super::$law(super::in_process().await).await })+ }
        mod stream_port { $(#[tokio::test] async fn $law() { super::$law(super::stream().await).await })+ }
        mod unary_port { $(#[tokio::test] async fn $law() { super::$law(super::unary().await).await })+ }
        mod http_port { $(#[tokio::test] async fn $law() { super::$law(super::http().await).await })+ }
        mod lines_port { $(#[tokio::test] async fn $law() { super::$law(super::lines().await).await })+ }
    };
}
contract! {
    every_question_gets_its_own_answer
    a_failure_keeps_its_reason
    a_panic_fails_one_question_only
    a_silent_department_is_given_up_in_time
    a_person_left_out_is_a_failure_of_that_person
    more_persons_than_allowed_are_answered_by_the_adapter_alone
}

async fn every_question_gets_its_own_answer(subject: Subject) {
    let sink = Arc::new(Collect::default());
    let ids: Vec<String> = (0..300).map(|i| format!("{}-{i}", ["now", "late"][i % 2])).collect();
    let asks: Vec<Ask> = ids.iter().map(|id| ask(id, LONG)).collect();
    for (slot, ask) in (0u32..).zip(&asks) {
        subject.port.ask(ask.clone(), ReplyTo::new(sink.clone(), slot));
    }
    let mut replies = sink.all(asks.len()).await;
    for (slot, ask) in (0u32..).zip(&asks) {
        let answers = replies.remove(&slot).unwrap().answers(&ask.query);
        assert_eq!(answers.len(), 2);
        assert_eq!(answers[0].notes, vec![ask.query.query_id.clone()]);
        assert!(answers.iter().all(|a| a.state == AnswerState::NoRecord));
    }
}

async fn a_failure_keeps_its_reason(subject: Subject) {
    let reply = once(&*subject.port, ask("fail", LONG)).await;
    assert_eq!(reason(&reply), Some(Reason::SourceUnavailable));
}

async fn a_panic_fails_one_question_only(subject: Subject) {
    let reply = once(&*subject.port, ask("panic", LONG)).await;
    assert_eq!(reason(&reply), Some(Reason::ConnectorPanicked));
    let fine = ask("fine", LONG);
    let answers = once(&*subject.port, fine.clone()).await.answers(&fine.query);
    assert!(answers.iter().all(|a| a.state == AnswerState::NoRecord));
}

async fn a_silent_department_is_given_up_in_time(subject: Subject) {
    let reply = once(&*subject.port, ask("silent", Duration::from_millis(30))).await;
    assert!(matches!(reply, Reply::Failed(Unreachable::Timeout, _)), "{reply:?}");
}

async fn a_person_left_out_is_a_failure_of_that_person(subject: Subject) {
    let short = ask("short", LONG);
    let answers = once(&*subject.port, short.clone()).await.answers(&short.query);
    assert_eq!(answers[0].state, AnswerState::NoRecord);
    assert_eq!(answers[1].failure.as_ref().unwrap().reason, "SUBJECT_MISSING");
}

async fn more_persons_than_allowed_are_answered_by_the_adapter_alone(subject: Subject) {
    // The ports pass the question on as it is; here the scripted department takes any number.
    let many = Query {
        query_id: "many".to_owned(),
        ..query(25)
    };
    let encoded = crate::wire::encode_query(&many);
    let ask = Ask {
        query: Arc::new(many),
        encoded,
        timeout: LONG,
        forward: None,
    };
    let answers = once(&*subject.port, ask.clone()).await.answers(&ask.query);
    assert_eq!(answers.len(), 25);
}
