//! Plugins that break the protocol, die, or are not there.
//! Leaves well-behaved departments to `contract`.

use std::convert::Infallible;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, StreamExt as _};
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Request, Response, Status, Streaming};

use super::*;
use crate::wire::{Writer, encode_answer, queries, write_answer};

type Script = fn(Vec<(u64, Query)>) -> Vec<Result<Bytes, Status>>;

/// A plugin that answers each frame of questions with the frames of a script.
#[derive(Clone)]
struct Rogue(Script);

impl NamedService for Rogue {
    const NAME: &'static str = "hedui.department.v1.DepartmentService";
}

impl Service<http::Request<Body>> for Rogue {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let rogue = self.clone();
        Box::pin(async move { Ok(Grpc::new(Raw).streaming(rogue, request).await) })
    }
}

impl StreamingService<Bytes> for Rogue {
    type Response = Outgoing;
    type ResponseStream = BoxStream<'static, Result<Outgoing, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let script = self.0;
        let frames = request.into_inner().flat_map(move |frame| {
            let mut asked = Vec::new();
            if let Ok(frame) = frame {
                let each =
                    |q: crate::wire::StreamQuery| asked.push((q.id, crate::wire::decode_query(&q.query).unwrap()));
                queries(&frame, each, |_| ()).unwrap();
            }
            futures::stream::iter(script(asked).into_iter().map(|frame| frame.map(Outgoing::Encoded)))
        });
        Box::pin(async move { Ok(Response::new(frames.boxed())) })
    }
}

async fn rogue(script: Script) -> StreamPort {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    let router = tonic::transport::Server::builder().add_service(Rogue(script));
    tokio::spawn(router.serve_with_incoming(incoming));
    let d = description();
    StreamPort::open(d.department, &address, d.limits, no_jitter()).unwrap()
}

fn good(query: &Query) -> Bytes {
    let answers: Vec<_> = query
        .subjects
        .iter()
        .map(|s| SubjectAnswer::of(s.ordinal, AnswerState::NoRecord))
        .collect();
    encode_answer(query, &answers)
}

fn frame(answers: &[(u64, Bytes)]) -> Result<Bytes, Status> {
    let mut out = Writer::default();
    for (id, bytes) in answers {
        write_answer(*id, &Ok(bytes.clone()), &mut out);
    }
    Ok(Bytes::from(out.into_vec()))
}

/// Asks so many questions at once and gives the replies in order.
async fn many(port: &dyn Port, count: u32) -> Vec<(Ask, Reply)> {
    let sink = Arc::new(Collect::default());
    let asks: Vec<Ask> = (0..count).map(|i| ask(&format!("q-{i}"), LONG)).collect();
    for (slot, ask) in (0u32..).zip(&asks) {
        port.ask(ask.clone(), ReplyTo::new(sink.clone(), slot));
    }
    let mut replies = sink.all(asks.len()).await;
    (0u32..)
        .zip(asks)
        .map(|(slot, ask)| (ask, replies.remove(&slot).unwrap()))
        .collect()
}

#[tokio::test]
async fn doubled_late_and_unknown_ids_are_passed_over() {
    let port = rogue(|asked| {
        let mut answers: Vec<(u64, Bytes)> = asked.iter().rev().map(|(id, q)| (*id, good(q))).collect();
        answers.push((9_999_999, Bytes::from_static(b"nobody asked")));
        // Twice, the second time as garbage.
        vec![
            frame(&answers),
            frame(
                &asked
                    .iter()
                    .map(|(id, _)| (*id, Bytes::from_static(b"again")))
                    .collect::<Vec<_>>(),
            ),
        ]
    })
    .await;
    for _ in 0..3 {
        for (ask, reply) in many(&port, 50).await {
            assert!(
                reply
                    .answers(&ask.query)
                    .iter()
                    .all(|a| a.state == AnswerState::NoRecord)
            );
        }
    }
}

#[tokio::test]
async fn the_reply_is_exactly_what_the_department_sent() {
    let port = rogue(|asked| vec![frame(&asked.iter().map(|(id, q)| (*id, good(q))).collect::<Vec<_>>())]).await;
    for (ask, reply) in many(&port, 20).await {
        assert!(matches!(reply, Reply::Wire(bytes) if bytes == good(&ask.query)));
    }
}

#[tokio::test]
async fn a_frame_that_is_none_fails_what_is_under_way() {
    let port = rogue(|_| vec![Ok(Bytes::from_static(&[0xFF, 0xFF, 0xFF]))]).await;
    for (_, reply) in many(&port, 20).await {
        assert_eq!(reason(&reply), Some(Reason::MalformedAnswer));
    }
}

#[tokio::test]
async fn an_answer_with_neither_answer_nor_failure_is_malformed() {
    let port = rogue(|asked| {
        let mut out = Writer::default();
        for (id, _) in asked {
            out.message(1, |out| out.varint(1, id));
        }
        vec![Ok(Bytes::from(out.into_vec()))]
    })
    .await;
    // The first id on a stream is 0, which has no bytes of its own: it must be told from an absent answer as well.
    for (_, reply) in many(&port, 5).await {
        assert_eq!(reason(&reply), Some(Reason::MalformedAnswer));
    }
}

#[tokio::test]
async fn a_stream_that_ends_with_a_status_fails_what_is_under_way_without_its_text() {
    let port = rogue(|_| vec![Err(Status::permission_denied("no access for 张三 511703198406129811"))]).await;
    for (_, reply) in many(&port, 20).await {
        assert_eq!(reason(&reply), Some(Reason::PluginRefused));
        assert!(!format!("{reply:?}").contains("张三"));
    }
}

#[tokio::test]
async fn nobody_there_is_a_refusal_at_once() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let d = description();
    let streaming = StreamPort::open(d.department.clone(), &address, d.limits, no_jitter()).unwrap();
    let calling = UnaryPort::open(d.department, &address, d.limits).unwrap();
    for port in [&streaming as &dyn Port, &calling] {
        for (_, reply) in many(port, 20).await {
            assert!(matches!(reply, Reply::Failed(Unreachable::Refused, _)), "{reply:?}");
        }
    }
}

#[tokio::test]
async fn something_that_is_no_plugin_is_a_failure() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let d = description();
    let port = StreamPort::open(d.department, &address, d.limits, no_jitter()).unwrap();
    for (_, reply) in many(&port, 20).await {
        assert!(reason(&reply).is_some());
    }
}

#[tokio::test]
async fn a_plugin_that_dies_fails_what_is_under_way_and_its_successor_is_found() {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    // A runtime of its own: ending it ends every connection at once, as the death of a process does.
    let start = |listener: std::net::TcpListener| {
        let started = std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            let serving = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                crate::serve::serve_on(Arc::new(Scripted), listener).await.unwrap()
            });
            (runtime, serving)
        });
        started.join().unwrap()
    };
    // The port stays taken while nobody answers on it, so that nobody else gets it.
    let kept = listener.try_clone().unwrap();
    let (runtime, serving) = start(listener);
    let d = description();
    let address = format!("http://{address}");
    let streaming = StreamPort::open(d.department.clone(), &address, d.limits, no_jitter()).unwrap();
    let calling = UnaryPort::open(d.department, &address, d.limits).unwrap();
    let sink = Arc::new(Collect::default());
    for (port, slots) in [(&streaming as &dyn Port, 0..10), (&calling, 10..20)] {
        assert!(reason(&once(port, ask("fine", LONG)).await).is_none());
        for slot in slots {
            port.ask(ask("silent", LONG), ReplyTo::new(sink.clone(), slot));
        }
        // The answer to a later question shows that the silent ones have been sent.
        assert!(reason(&once(port, ask("fine", LONG)).await).is_none());
    }
    runtime.shutdown_background();
    drop(serving);
    for (slot, reply) in sink.all(20).await {
        assert_eq!(reason(&reply), Some(Reason::ConnectionLost), "{slot}");
    }
    let (runtime, _serving) = start(kept);
    for port in [&streaming as &dyn Port, &calling] {
        let found = async {
            while reason(&once(port, ask("fine", LONG)).await).is_some() {
                tokio::task::yield_now().await;
            }
        };
        let found = tokio::time::timeout(LONG, found).await;
        found.expect("the successor is not found");
    }
    runtime.shutdown_background();
}

#[tokio::test]
async fn a_connection_that_closes_is_neither_silence_nor_an_error_of_the_plugin() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        // In turn: closed at once, after a few bytes of a question, and with bytes that no protocol has.
        for turn in 0.. {
            let (mut socket, _) = listener.accept().await.unwrap();
            if turn % 3 > 0 {
                let _ = socket.read(&mut [0; 64]).await;
            }
            if turn % 3 > 1 {
                let _ = socket.write_all(&[0xA5; 256]).await;
            }
        }
    });
    let d = description();
    let port = UnaryPort::open(d.department, &address, d.limits).unwrap();
    for _ in 0..30 {
        for (_, reply) in many(&port, 5).await {
            let reason = reason(&reply);
            let lost = matches!(reason, Some(Reason::ConnectionLost | Reason::ConnectFailed));
            assert!(lost, "{reason:?}");
        }
    }
}

#[test]
fn a_passed_deadline_is_told_from_a_lost_connection_and_from_what_the_plugin_says() {
    use tonic::{ConnectError, TimeoutExpired};
    let transport = |error: Box<dyn std::error::Error + Send + Sync>| Status::from_error(error);
    let broken = || Box::new(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    let text = || "no access for 张三 511703198406129811";
    for (status, early, late) in [
        // What the transport says.
        (
            transport(Box::new(TimeoutExpired(()))),
            Reason::DeadlineExceeded,
            Reason::DeadlineExceeded,
        ),
        (transport(broken()), Reason::ConnectionLost, Reason::ConnectionLost),
        (
            transport(Box::new(ConnectError(broken()))),
            Reason::ConnectFailed,
            Reason::ConnectFailed,
        ),
        // What the plugin says.
        (Status::cancelled(text()), Reason::PluginError, Reason::DeadlineExceeded),
        (
            Status::deadline_exceeded(text()),
            Reason::DeadlineExceeded,
            Reason::DeadlineExceeded,
        ),
        (Status::unknown(text()), Reason::PluginError, Reason::PluginError),
        (
            Status::unavailable(text()),
            Reason::PluginUnavailable,
            Reason::PluginUnavailable,
        ),
        (
            Status::unauthenticated(text()),
            Reason::PluginRefused,
            Reason::PluginRefused,
        ),
    ] {
        assert_eq!(failure_of(&status, false), early.failure(), "{:?}", status.code());
        assert_eq!(failure_of(&status, true), late.failure(), "{:?}", status.code());
    }
}

#[tokio::test]
async fn beyond_the_queue_a_question_is_refused_and_the_others_are_answered() {
    let port = rogue(|asked| vec![frame(&asked.iter().map(|(id, q)| (*id, good(q))).collect::<Vec<_>>())]).await;
    // Nothing else runs on this thread while the questions are put in.
    let replies = many(&port, 3_000).await;
    let overloaded = replies
        .iter()
        .filter(|(_, r)| reason(r) == Some(Reason::Overloaded))
        .count();
    let answered = replies.iter().filter(|(_, r)| matches!(r, Reply::Wire(_))).count();
    assert_eq!((overloaded, answered), (3_000 - 1_024, 1_024));
}

#[tokio::test]
async fn dropping_the_port_answers_what_is_open() {
    let port = rogue(|_| Vec::new()).await;
    let sink = Arc::new(Collect::default());
    for slot in 0..10 {
        port.ask(ask("any", LONG), ReplyTo::new(sink.clone(), slot));
    }
    drop(port);
    for reply in sink.all(10).await.into_values() {
        assert!(matches!(reply, Reply::Failed(..)));
    }
}

#[tokio::test]
async fn every_fault_on_purpose_gives_one_reply_and_never_another_persons_answer() {
    let inner: Arc<dyn Port> = Arc::new(AdapterPort::new(Arc::new(Scripted)));
    let faults = [
        Fault::Delay(Duration::from_millis(1)),
        Fault::Failure,
        Fault::Garbage,
        Fault::Twice,
        Fault::WrongPerson,
        Fault::Truncated,
    ];
    let plan = FaultPlan {
        faults: faults.map(|fault| (140, fault)).to_vec(),
    };
    let states = |seed| {
        let port = FaultPort::new(inner.clone(), plan.clone(), seed);
        async move {
            let replies = many(&port, 200).await;
            replies
                .into_iter()
                .map(|(ask, reply)| reply.answers(&ask.query))
                .collect::<Vec<_>>()
        }
    };
    let first = states(5).await;
    for answers in &first {
        assert_eq!(answers.len(), 2);
        // Both persons hold no record, so whatever is not a failure must say that.
        assert!(
            answers
                .iter()
                .all(|a| matches!(a.state, AnswerState::NoRecord | AnswerState::Unreachable { .. }))
        );
    }
    let failed = |all: &Vec<Vec<SubjectAnswer>>| all.iter().filter(|a| a[0].state != AnswerState::NoRecord).count();
    assert!((80..190).contains(&failed(&first)), "{}", failed(&first));
    assert_eq!(first, states(5).await, "the same seed gives the same faults");
}
