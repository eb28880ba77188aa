//! Web services as departments have them: SOAP in the encodings that occur, and REST over TLS with certificates, tokens and signatures.
//! Leaves the single mistakes of JSON answers to the tests of all connectors.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse as _, Response};
use hedui_core::{AnswerState, SubjectAnswer};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{LONG, ask, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter};
use crate::manifest::{Connector, Manifest, Secret, Signing, TlsFiles};
use crate::testing::{Tls, query, subject};

/// A service that answers every question with the same bytes, and keeps the bodies of the questions.
async fn soap(content: &'static str, answer: Vec<u8>) -> (String, Arc<Mutex<Vec<String>>>) {
    let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = bodies.clone();
    let handler = move |body: Bytes| async move {
        kept.lock().unwrap().push(String::from_utf8(body.to_vec()).unwrap());
        ([(axum::http::header::CONTENT_TYPE, content)], answer)
    };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    (format!("http://{address}/service"), bodies)
}

fn soap_manifest(url: &str) -> Manifest {
    let connector = format!(
        r#"kind = "http", url = "{url}", method = "POST", headers = {{ Content-Type = "text/xml; charset=utf-8" }}, body = "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><q><id>{{{{ id_number }}}}</id><n>{{{{ name }}}}</n></q></e:Body></e:Envelope>", rows = "$.Envelope.Body.response.rows.row[*]""#
    );
    manifest(&connector, Path::new("/nowhere"))
}

fn envelope(declaration: &str, rows: &str) -> String {
    format!(
        "{declaration}<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <soap:Body><h:response xmlns:h=\"urn:h\">{rows}</h:response></soap:Body></soap:Envelope>"
    )
}

fn row(id: &str, what: &str) -> String {
    let name = subject(0).name;
    format!(
        "<h:row><h:who>{id}</h:who><h:name> {name} </h:name>{what}<h:amount>12.50</h:amount><day><![CDATA[2019-03-01]]></day></h:row>"
    )
}

async fn of(answer: impl Into<Vec<u8>>) -> SubjectAnswer {
    let (url, _) = soap("text/xml", answer.into()).await;
    ask(&soap_manifest(&url), LONG).await
}

#[tokio::test]
async fn a_soap_answer_is_read_by_local_names_in_every_number_of_rows() {
    let id = subject(0).id;
    let id = id.expose();
    let one = row(id, "<h:what>退耕还林</h:what>");
    for (rows, count) in [
        (String::from("<h:rows/>"), 0),
        (String::from("<h:rows></h:rows>"), 0),
        (format!("<h:rows>{one}</h:rows>"), 1),
        (format!("<h:rows>{one}{}</h:rows>", one.replace("h:row", "row")), 2),
        (format!("<h:rows>{}</h:rows>", row(id, "<h:what xsi:nil=\"true\"/>")), 1),
    ] {
        let answer = of(envelope("<?xml version=\"1.0\"?>", &rows)).await;
        match answer.state {
            AnswerState::NoRecord => assert_eq!(count, 0, "{rows}"),
            AnswerState::Found { ref records } => assert_eq!(records.len(), count, "{rows}"),
            _ => panic!("{rows}: {answer:?}"),
        }
    }
    let gbk = envelope(
        "<?xml version='1.0' encoding='GB2312'?>",
        &format!("<h:rows>{one}</h:rows>"),
    );
    let answer = of(encoding_rs::GB18030.encode(&gbk).0.into_owned()).await;
    let AnswerState::Found { records } = answer.state else {
        panic!("{answer:?}");
    };
    assert!(matches!(&records[0].body, hedui_core::RecordBody::Subsidy(subsidy) if subsidy.project == "退耕还林"));
}

#[tokio::test]
async fn an_xml_answer_that_is_not_the_one_described_is_no_empty_list() {
    let id = subject(0).id;
    let rows = format!("<h:rows>{}</h:rows>", row(id.expose(), ""));
    let bomb = "<!DOCTYPE e [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let deep = format!("{}{}", "<a>".repeat(5_000), "</a>".repeat(5_000));
    let mut damaged = envelope("<?xml version=\"1.0\"?>", &rows).into_bytes();
    let at = damaged.iter().rposition(|b| *b == b'5').unwrap();
    damaged[at] = 0xFF;
    for (answer, why) in [
        (envelope(bomb, &rows).into_bytes(), "a document type"),
        (
            envelope("<?xml version=\"1.0\" encoding=\"none-such\"?>", &rows).into_bytes(),
            "an unknown encoding",
        ),
        (damaged, "a damaged byte"),
        (envelope("", "<h:fault>db</h:fault>").into_bytes(), "no rows"),
        (
            envelope("", "<h:rows><h:row>text</h:row></h:rows>").into_bytes(),
            "a row of text",
        ),
        (envelope("", &deep).into_bytes(), "depth"),
        (
            envelope("", "<h:rows><h:row xsi:nil=\"true\"/></h:rows>").into_bytes(),
            "nil in place of a row",
        ),
        (
            envelope("", "<h:rows xsi:nil=\"true\"/>").into_bytes(),
            "nil in place of the rows",
        ),
        (
            envelope("", "<h:rows><code>500</code><message>db</message></h:rows>").into_bytes(),
            "an error where the rows should be",
        ),
        (
            envelope("", "<h:rows>db down</h:rows>").into_bytes(),
            "a text where the rows should be",
        ),
        (b"{\"a\": 1}".to_vec(), "JSON"),
        (Vec::new(), "nothing"),
        (b"<a><b></a>".to_vec(), "broken"),
    ] {
        assert_eq!(reason(&of(answer).await), "SOURCE_UNREADABLE", "{why}");
    }
}

#[tokio::test]
async fn a_name_with_markup_in_it_stays_a_name() {
    let (url, bodies) = soap("application/soap+xml", envelope("", "<h:rows/>").into_bytes()).await;
    let adapter = MappedAdapter::open(&soap_manifest(&url)).unwrap();
    for name in ["</n><id>1</id><n>", "a & b", "\"'<![CDATA[", "张·䶮𠮷"] {
        let mut query = query(1);
        query.subjects[0].name = name.to_owned();
        let answers = adapter.query(&query, Instant::now() + LONG).await.unwrap();
        assert_eq!(answers[0].state, AnswerState::NoRecord);
        let body = bodies.lock().unwrap().pop().unwrap();
        let sent = roxmltree::Document::parse(&body).unwrap();
        let texts = |tag: &str| -> Vec<String> {
            let found = sent.descendants().filter(|node| node.has_tag_name(tag));
            found.map(|node| node.text().unwrap_or_default().to_owned()).collect()
        };
        assert_eq!(
            (texts("n"), texts("id")),
            (vec![name.to_owned()], vec![query.subjects[0].id.expose().to_owned()])
        );
    }
}

type Seen = Arc<Mutex<Vec<(Method, Uri, HeaderMap, Bytes)>>>;

/// A REST service over TLS that wants certificates of the authority in `dir`.
async fn rest(dir: &Path) -> (u16, Seen) {
    let (port, listener) = Tls::with_clients(dir).await;
    let seen: Seen = Arc::default();
    let kept = seen.clone();
    let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        kept.lock().unwrap().push((method, uri, headers, body));
        r#"{"rows": []}"#.into_response() as Response
    };
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    (port, seen)
}

fn rest_manifest(port: u16, dir: &Path, change: impl FnOnce(&mut crate::manifest::HttpConnector)) -> Manifest {
    let text = |name: &str| dir.join(name).display().to_string();
    let connector = format!(
        r#"kind = "http", url = "https://localhost:{port}/p?id={{{{ id_number }}}}&n={{{{ name }}}}", method = "POST", body = "{{\"n\": \"{{{{ name }}}}\"}}", rows = "$.rows[*]""#
    );
    let mut manifest = manifest(&connector, dir);
    if let Connector::Http(http) = &mut manifest.connector {
        http.tls = Some(TlsFiles {
            ca: Some(text("ca.pem")),
            client: Some((text("client.pem"), text("client.key"))),
        });
        change(http);
    }
    manifest
}

#[tokio::test]
async fn a_service_over_tls_is_checked_and_wants_our_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let (port, seen) = rest(dir.path()).await;
    let text = |name: &str| dir.path().join(name).display().to_string();
    assert_eq!(
        reason(&ask(&rest_manifest(port, dir.path(), |_| {}), LONG).await),
        "NO_RECORD"
    );
    assert_eq!(seen.lock().unwrap().len(), 1);
    let files =
        |change: &dyn Fn(&mut TlsFiles)| rest_manifest(port, dir.path(), |http| change(http.tls.as_mut().unwrap()));
    let stranger = files(&|tls| tls.ca = Some(text("other.pem")));
    assert_eq!(reason(&ask(&stranger, LONG).await), "SOURCE_REFUSED");
    let nobody = files(&|tls| tls.client = None);
    assert_eq!(reason(&ask(&nobody, LONG).await), "SOURCE_REFUSED");
    assert_eq!(seen.lock().unwrap().len(), 1, "who is refused asks nothing");
    for missing in [
        files(&|tls| tls.ca = Some(text("none.pem"))),
        files(&|tls| tls.ca = Some(text("server.key"))),
        files(&|tls| tls.client = Some((text("client.pem"), text("none.key")))),
    ] {
        let failure = MappedAdapter::open(&missing).err().unwrap();
        assert_eq!(failure.reason, "SOURCE_MISSING");
        assert!(failure.message.contains("tls."), "{}", failure.message);
    }
}

#[tokio::test]
async fn a_signed_question_can_be_checked_by_whoever_has_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let (port, seen) = rest(dir.path()).await;
    let manifest = rest_manifest(port, dir.path(), |http| {
        http.bearer = Some(Secret::new("token-77"));
        http.sign = Some(Signing {
            key: Secret::new("shared-88"),
            header: "X-Signature".to_owned(),
            timestamp_header: "X-Timestamp".to_owned(),
            key_id: Some(("X-Key-Id".to_owned(), "hedui-1".to_owned())),
        });
    });
    assert!(!format!("{manifest:?}").contains("-77") && !format!("{manifest:?}").contains("-88"));
    assert_eq!(
        MappedAdapter::open(&manifest).err().unwrap().reason,
        "SOURCE_MISSING",
        "without a clock"
    );
    let adapter = MappedAdapter::open_with(&manifest, Arc::new(|| 1_561_939_200_999_i64)).unwrap();
    let answers = adapter.query(&query(1), Instant::now() + LONG).await.unwrap();
    assert_eq!(answers[0].state, AnswerState::NoRecord);
    let (method, uri, headers, body) = seen.lock().unwrap().pop().unwrap();
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap();
    assert_eq!(header("authorization"), "Bearer token-77");
    assert_eq!((header("x-timestamp"), header("x-key-id")), ("1561939200", "hedui-1"));
    let body_digest = ring::digest::digest(&ring::digest::SHA256, &body);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let target = uri.path_and_query().unwrap().as_str();
    let canonical = format!("{method}\n{target}\n1561939200\n{}", hex(body_digest.as_ref()));
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, b"shared-88");
    assert_eq!(
        header("x-signature"),
        hex(ring::hmac::sign(&key, canonical.as_bytes()).as_ref())
    );
}
