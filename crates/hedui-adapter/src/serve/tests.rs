//! The server ends when told, although a stream is open, and says why a question is refused.

use std::sync::Arc;
use std::time::Duration;

use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use super::*;
use crate::adapter::Signed;
use crate::port::{Outgoing, Port as _, ReplyTo, StreamPort, endpoint, tests as port};
use crate::testing::description;
use crate::wire::Signer;

#[tokio::test]
async fn shutting_down_ends_an_open_stream_and_answers_what_is_under_way() {
    let serving = serve(Arc::new(port::Scripted)).await.unwrap();
    let d = description();
    let stream = StreamPort::open(d.department, &serving.endpoint(), d.limits, port::no_jitter()).unwrap();
    assert!(port::reason(&port::once(&stream, port::ask("fine", port::LONG)).await).is_none());
    let sink = Arc::new(port::Collect::default());
    stream.ask(port::ask("silent", port::LONG), ReplyTo::new(sink.clone(), 0));
    assert!(port::reason(&port::once(&stream, port::ask("fine", port::LONG)).await).is_none());
    tokio::time::timeout(Duration::from_secs(10), serving.shutdown())
        .await
        .expect("the server does not end");
    assert!(port::reason(&sink.all(1).await[&0]).is_some());
}

#[tokio::test]
async fn a_malformed_question_names_its_field_and_a_failing_source_its_reason() {
    let serving = serve(Arc::new(port::Scripted)).await.unwrap();
    let call = async |message: bytes::Bytes| {
        let mut client = Grpc::new(endpoint(&serving.endpoint()).unwrap().connect_lazy());
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/hedui.department.v1.DepartmentService/Query");
        client
            .unary(Request::new(Outgoing::Encoded(message)), path, Raw)
            .await
            .map(tonic::Response::into_inner)
    };
    let status = call(bytes::Bytes::new()).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(status.get_details_error_info().unwrap().reason, "INVALID_REQUEST");
    assert_eq!(
        status.get_details_bad_request().unwrap().field_violations[0].field,
        "as_of"
    );
    let status = call(port::ask("fail", port::LONG).encoded).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(status.get_details_error_info().unwrap().reason, "SOURCE_UNAVAILABLE");
    assert!(call(port::ask("fine", port::LONG).encoded).await.is_ok());
}

#[tokio::test]
async fn a_plugin_that_signs_says_so_and_its_answers_hold_under_the_key_it_publishes() {
    let signed = Signed {
        adapter: port::Scripted,
        signer: Signer::new("2026", &[7; 32]),
    };
    let serving = serve(Arc::new(signed)).await.unwrap();
    let d = description();
    let key = {
        let mut client = Grpc::new(endpoint(&serving.endpoint()).unwrap().connect_lazy());
        client.ready().await.unwrap();
        let path = PathAndQuery::from_static("/hedui.department.v1.DepartmentService/Describe");
        let nothing = Request::new(Outgoing::Encoded(bytes::Bytes::new()));
        let said = client.unary(nothing, path, Raw).await.unwrap().into_inner();
        crate::wire::decode_description(&said).unwrap().signing_key
    };
    let digits = blake3::Hash::from_slice(&key).unwrap().to_hex().to_string();
    let pinned = [hedui_core::PinnedKey {
        id: "2026".to_owned(),
        public_key: digits,
    }];
    let stream = StreamPort::open(d.department.clone(), &serving.endpoint(), d.limits, port::no_jitter()).unwrap();
    let ask = port::ask("fine", port::LONG);
    let query = Arc::clone(&ask.query);
    let reply = port::once(&stream, ask).await;
    let crate::port::Reply::Wire(bytes) = &reply else {
        panic!("{reply:?}");
    };
    assert_eq!(crate::wire::check_signature(bytes, &d.department, &pinned), Ok(()));
    assert!(reply.answers(&query).iter().all(|a| a.state.is_answer()));
}
