//! Plugins over HTTP: our own server and the Python kit's, with tokens and over TLS.
//! Leaves what answers mean to `meaning`.

use std::path::Path;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::*;
use crate::adapter::{Adapter as _, CheckResult, Outcome, Signed};
use crate::manifest::{JsonService, Manifest, Secret, TlsFiles, Variables};
use crate::port::tests as port;
use crate::samples::{Person, TypedAdapter};
use crate::serve::{DepartmentServer, json_router, serve_json_on};
use crate::testing::{Tls, description};
use crate::wire::{Signer, decode_answer, encode_query};

fn department() -> TypedAdapter {
    let nobody: [Person; 0] = [];
    TypedAdapter::new(description(), nobody)
}

fn service(endpoint: &str) -> JsonService {
    JsonService {
        endpoint: endpoint.to_owned(),
        ..JsonService::default()
    }
}

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn our_own_server_keeps_the_protocol_over_http() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let serving = serve_json_on(Arc::new(department()), listener).await.unwrap();
    let exchange = HttpExchange::listening(&service(&serving.endpoint()), MOST).unwrap();
    let reports = kit(Arc::new(exchange), Bounds::default()).await;
    assert_eq!(failed(&reports), vec![]);
    serving.shutdown().await;
}

#[tokio::test]
async fn over_http_a_question_is_answered_as_in_one_grpc_call() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let json = serve_json_on(Arc::new(port::Scripted), listener).await.unwrap();
    let exchange = Arc::new(HttpExchange::open(&service(&json.endpoint()), MOST).unwrap());
    let d = description();
    let over_http = ExchangePort::new(d.department.clone(), exchange, d.limits);
    let grpc = crate::serve::serve(Arc::new(port::Scripted)).await.unwrap();
    let over_grpc = crate::port::UnaryPort::open(d.department, &grpc.endpoint(), d.limits).unwrap();
    for what in ["fine", "fail", "panic", "silent"] {
        let limit = Duration::from_millis(if what == "silent" { 300 } else { 10_000 });
        let (http, call) = (
            port::once(&over_http, port::ask(what, limit)).await,
            port::once(&over_grpc, port::ask(what, limit)).await,
        );
        assert_eq!(port::reason(&http), port::reason(&call), "{what}");
        let query = port::ask(what, limit).query;
        assert_eq!(http.answers(&query), call.answers(&query), "{what}");
    }
}

#[tokio::test]
async fn a_department_that_signs_signs_in_json_too() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let signed = Signed {
        adapter: department(),
        signer: Signer::new("2026", &[7; 32]),
    };
    let serving = serve_json_on(Arc::new(signed), listener).await.unwrap();
    let exchange = HttpExchange::open(&service(&serving.endpoint()), MOST).unwrap();
    let described = exchange.call(&Call::Describe, LIMIT).await.ok().unwrap();
    let description = crate::wire::decode_description(&described).unwrap();
    let pin = hedui_core::PinnedKey {
        id: "2026".to_owned(),
        public_key: blake3::Hash::from_slice(&description.signing_key)
            .unwrap()
            .to_hex()
            .to_string(),
    };
    let query = query(2);
    let bytes = exchange
        .call(&Call::Query(encode_query(&query)), LIMIT)
        .await
        .ok()
        .unwrap();
    let held = crate::wire::check_signature(&bytes, &description.department, std::slice::from_ref(&pin));
    assert_eq!(held, Ok(()));
    assert!(decode_answer(&bytes, &query).iter().all(|a| a.state.is_answer()));
}

/// What the self-tests of a department with these pinned keys say of its key.
async fn told_of_key(endpoint: &str, pinned: &[[u8; 32]]) -> Option<CheckResult> {
    let pins: String = pinned
        .iter()
        .map(|secret| blake3::Hash::from_bytes(Signer::new("", secret).public_key()).to_hex())
        .enumerate()
        .map(|(i, key)| format!("[[signing_key]]\nid = \"k{i}\"\npublic_key = \"{key}\"\n"))
        .collect();
    let text = format!(
        "id = \"testing\"\nname = {{ zh = \"测\", en = \"T\" }}\nverifies = {{ zh = \"地\", en = \"land\" }}\nrecord_types = [\"land\"]\n\
         lookup_keys = [\"id_number\"]\nfreshness = \"24h\"\ndeadline = \"1s\"\n\
         limits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 1000 }}\n{pins}\
         [connector]\nkind = \"json\"\nendpoint = \"{endpoint}\"\n"
    );
    let manifest = Manifest::parse(&text, &Variables::new()).unwrap();
    let department = ExchangeAdapter::new(&manifest, open(&manifest).unwrap());
    let results = department.check(None).await;
    assert!(
        results
            .iter()
            .any(|r| r.check == "source" && r.outcome == Outcome::Pass),
        "{results:?}"
    );
    results.into_iter().find(|r| r.check == "signing-key")
}

#[tokio::test]
async fn the_self_tests_say_when_the_published_key_is_not_the_pinned_one() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let signed = Signed {
        adapter: department(),
        signer: Signer::new("2026", &[7; 32]),
    };
    let signs = serve_json_on(Arc::new(signed), listener).await.unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let plain = serve_json_on(Arc::new(department()), listener).await.unwrap();
    for (serving, pinned, wanted) in [
        (&signs, &[[6; 32], [7; 32]][..], Some(Outcome::Pass)),
        (&signs, &[[6; 32]], Some(Outcome::Fail)),
        (&signs, &[], Some(Outcome::Warn)),
        (&plain, &[[7; 32]], Some(Outcome::Fail)),
        (&plain, &[], None),
    ] {
        let told = told_of_key(&serving.endpoint(), pinned).await;
        assert_eq!(told.as_ref().map(|r| r.outcome), wanted, "{pinned:?}: {told:?}");
    }
}

/// Our own server over TLS, for clients with a certificate and a token.
async fn behind_tls(dir: &Path) -> (JsonService, watch::Sender<bool>) {
    let (port, listener) = Tls::with_clients(dir).await;
    let (closing, closed) = watch::channel(false);
    let guard = |request: axum::extract::Request, next: axum::middleware::Next| async move {
        match request.headers().get("authorization").map(|value| value.as_bytes()) {
            Some(b"Bearer token-77") => Ok(next.run(request).await),
            _ => Err(StatusCode::UNAUTHORIZED),
        }
    };
    let router = json_router(DepartmentServer::new(Arc::new(department()), closed));
    let router = router.layer(axum::middleware::from_fn(guard));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let file = |name: &str| dir.join(name).display().to_string();
    let service = JsonService {
        endpoint: format!("https://localhost:{port}/"),
        bearer: Some(Secret::new("token-77")),
        tls: Some(TlsFiles {
            ca: Some(file("ca.pem")),
            client: Some((file("client.pem"), file("client.key"))),
        }),
    };
    (service, closing)
}

#[tokio::test]
async fn over_tls_the_service_is_checked_and_certificate_and_token_are_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (service, _closing) = behind_tls(dir.path()).await;
    let ask = async |change: &dyn Fn(&mut JsonService)| {
        let mut service = service.clone();
        change(&mut service);
        let exchange = HttpExchange::open(&service, MOST).map_err(Unanswered::from)?;
        exchange.call(&Call::Query(encode_query(&query(1))), LIMIT).await
    };
    assert!(ask(&|_| {}).await.is_ok());
    let refused = async |change: &dyn Fn(&mut JsonService)| reason(ask(change).await.unwrap_err());
    let other = dir.path().join("other.pem").display().to_string();
    let tls = |service: &mut JsonService, change: &dyn Fn(&mut TlsFiles)| change(service.tls.as_mut().unwrap());
    assert_eq!(
        refused(&|s| tls(s, &|tls| tls.ca = Some(other.clone()))).await,
        "PLUGIN_REFUSED"
    );
    assert_eq!(refused(&|s| tls(s, &|tls| tls.client = None)).await, "PLUGIN_REFUSED");
    assert_eq!(refused(&|s| s.bearer = None).await, "PLUGIN_REFUSED");
    assert_eq!(
        refused(&|s| s.bearer = Some(Secret::new("other"))).await,
        "PLUGIN_REFUSED"
    );
    assert_eq!(
        refused(&|s| s.bearer = Some(Secret::new("two\nlines"))).await,
        "SOURCE_MISSING"
    );
    assert_eq!(
        refused(&|s| tls(s, &|tls| tls.ca = Some("/nowhere".to_owned()))).await,
        "SOURCE_MISSING"
    );
    assert_eq!(refused(&|s| s.tls = None).await, "PLUGIN_REFUSED");
}

#[tokio::test]
async fn a_service_that_does_not_speak_the_protocol_is_a_failure_with_its_reason() {
    let router = axum::Router::new()
        .route("/text/v1/query", axum::routing::post(async || "hello"))
        .route("/none/v1/query", axum::routing::post(async || "null"))
        .route(
            "/moved/v1/query",
            axum::routing::post(async || axum::response::Redirect::temporary("/text/v1/query")),
        )
        .route("/endless/v1/query", axum::routing::post(async || vec![b'['; 9 << 20]))
        .route(
            "/busy/v1/query",
            axum::routing::post(async || StatusCode::SERVICE_UNAVAILABLE),
        )
        .route("/late/v1/query", axum::routing::post(std::future::pending::<()>));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    for (place, wanted) in [
        ("text", "MALFORMED_ANSWER"),
        ("none", "MALFORMED_ANSWER"),
        ("moved", "PLUGIN_ERROR"),
        ("endless", "SOURCE_TOO_LARGE"),
        ("busy", "PLUGIN_UNAVAILABLE"),
        ("nowhere", "PLUGIN_REFUSED"),
        ("late", "DEADLINE_EXCEEDED"),
    ] {
        let exchange = HttpExchange::open(&service(&format!("http://{address}/{place}")), MOST).unwrap();
        let limit = if place == "late" {
            Duration::from_millis(300)
        } else {
            LIMIT
        };
        let answer = exchange.call(&Call::Query(encode_query(&query(1))), limit).await;
        assert_eq!(reason(answer.unwrap_err()), wanted, "{place}");
    }
    let nobody = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let gone = service(&format!("http://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    let exchange = HttpExchange::open(&gone, MOST).unwrap();
    let answer = exchange.call(&Call::Describe, LIMIT).await;
    assert_eq!(reason(answer.unwrap_err()), "CONNECT_FAILED");
}
