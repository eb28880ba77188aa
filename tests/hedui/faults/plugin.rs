//! A department's plugin that answers truly, until a test says which fault it has for which household.
//! Leaves what must come of each fault to `laws`.

use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::StreamExt as _;
use hedui_adapter::samples::{Person, TypedAdapter};
use hedui_adapter::{Adapter as _, wire};
use hedui_core::{DepartmentId, Query};
use hedui_proto::department as pb;
use hedui_proto::gtype;
use hedui_sim::Population;
use hedui_sim::fast::Raw;
use prost::Message as _;
use prost::bytes::{BufMut as _, Bytes};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{Grpc, NamedService, StreamingService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

/// The largest answer that the manifests of these tests allow.
pub const MAX_RESPONSE_BYTES: usize = 65_536;
/// A record type that this version of the protocol does not know.
const NEWER_FIELD: u32 = 999;

/// What a plugin does instead of answering truly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// Bytes that are no answer, in a frame that is one.
    Garbage,
    /// Where streamed, a frame that is none; else a web page instead of a call's end.
    NotTheProtocol,
    /// More bytes than the manifest allows.
    TooLarge,
    /// An answer to another question.
    OtherQuery,
    /// Nothing before the test lets it go; then the worst that could be said.
    Late,
    /// Only an answer to a question that nobody asked.
    OnlyUnasked,
    /// The call or stream ends when the question has been read.
    Dies,
    /// A status with the person's name and number.
    Status,
    /// A failure with the person's name and number: of the question where streamed, else of every person.
    Failure,
    /// An answer that is neither an answer nor a failure.
    Empty,
    /// The first person is somebody else, with the worst that could be said.
    OtherPerson,
    /// The first person is there, under another name, with the worst that could be said.
    OtherName,
    /// The first person twice, differently.
    Twice,
    /// The first person is left out.
    LeftOut,
    /// The first person is found without a record.
    FoundNothing,
    /// The first person's record is of no type.
    NoKind,
    /// The first person has no record, and here they are.
    RecordsBesideNoRecord,
    /// The first person is found, and could not be found out.
    FailureBesideFound,
    /// The first person's state is a number that is none.
    UnknownState,
    /// The first person's record has an amount in dollars.
    ForeignMoney,
    /// Two answers: the true one, then the worst that could be said under the same id.
    AnsweredTwice,
    /// The true answer, between answers to questions that nobody asked.
    Unasked,
    /// The true answer with notes that hold names and numbers.
    Notes,
    /// The true answer and a record of a type that is not known yet.
    NewerRecord,
    /// The true answer and the worst that could be said about persons nobody asked about.
    FurtherPersons,
    /// A well-formed answer with the worst that could be said of everybody: no fault that could be noticed.
    Lie,
    /// Where streamed, the answers of two questions are exchanged.
    Exchanged,
    /// The same, each under the id of the question that it is taken for.
    ExchangedInDisguise,
}

impl Fault {
    /// Every fault of one answer that can be noticed, or has no effect.
    pub const ALL: &[Fault] = &[
        Fault::Garbage,
        Fault::NotTheProtocol,
        Fault::TooLarge,
        Fault::OtherQuery,
        Fault::Late,
        Fault::OnlyUnasked,
        Fault::Dies,
        Fault::Status,
        Fault::Failure,
        Fault::Empty,
        Fault::OtherPerson,
        Fault::OtherName,
        Fault::Twice,
        Fault::LeftOut,
        Fault::FoundNothing,
        Fault::NoKind,
        Fault::RecordsBesideNoRecord,
        Fault::FailureBesideFound,
        Fault::UnknownState,
        Fault::ForeignMoney,
        Fault::AnsweredTwice,
        Fault::Unasked,
        Fault::Notes,
        Fault::NewerRecord,
        Fault::FurtherPersons,
    ];
}

/// A running plugin; a clone is the same one.
#[derive(Clone)]
pub struct Plugin(Arc<State>);

/// A text about a name and a number.
pub type Words = fn(&str, &str) -> String;

struct State {
    department: String,
    truth: TypedAdapter,
    address: Mutex<String>,
    /// By the number of the household's first person.
    faults: Mutex<HashMap<String, Fault>>,
    /// The bytes of the last answer to each question.
    sent: Mutex<BTreeMap<String, Bytes>>,
    asked: watch::Sender<u64>,
    /// What it says where it may say anything, of a name and a number.
    words: Mutex<Words>,
    /// The first of two questions whose answers are to be exchanged.
    exchanged: Mutex<Option<(u64, pb::QueryResponse)>>,
    /// Answers that are held back.
    held: watch::Sender<u64>,
    released: watch::Sender<bool>,
}

/// Counts an answer that is held back for as long as it lives: a call may be dropped while it waits.
struct Held(Plugin);

impl Held {
    fn new(plugin: &Plugin) -> Held {
        plugin.0.held.send_modify(|n| *n += 1);
        Held(plugin.clone())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.held.send_modify(|n| *n -= 1);
    }
}

impl Plugin {
    /// Serves what a department holds of a population on a free port of 127.0.0.1.
    pub async fn start(population: &Population, manifest: &hedui_adapter::Manifest) -> Plugin {
        let id: DepartmentId = manifest.id.clone();
        let people = population.held_by(&id).map(|person| Person {
            id_number: person.id.expose().to_owned(),
            name: person.registered_name.clone(),
            records: person.records.clone(),
        });
        let plugin = Plugin(Arc::new(State {
            department: id.to_string(),
            truth: TypedAdapter::new(manifest.describe(), people),
            address: Mutex::default(),
            faults: Mutex::default(),
            sent: Mutex::default(),
            asked: watch::Sender::new(0),
            words: Mutex::new(|name, id| format!("no access to {name} {id}")),
            exchanged: Mutex::default(),
            held: watch::Sender::new(0),
            released: watch::Sender::new(true),
        }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        *plugin.0.address.lock().unwrap() = listener.local_addr().unwrap().to_string();
        let router = tonic::transport::Server::builder().add_service(plugin.clone());
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(router.serve_with_incoming(incoming));
        plugin
    }

    /// `127.0.0.1:port`.
    pub fn address(&self) -> String {
        self.0.address.lock().unwrap().clone()
    }

    /// From now on it has a fault for the household of a first person.
    pub fn fault(&self, first: &str, fault: Fault) {
        self.0.faults.lock().unwrap().insert(first.to_owned(), fault);
        if matches!(fault, Fault::Late) {
            self.0.released.send_replace(false);
        }
    }

    /// From now on it says this where it may say anything.
    pub fn say(&self, words: Words) {
        *self.0.words.lock().unwrap() = words;
    }

    /// From now on it answers truly.
    pub fn heal(&self) {
        self.0.faults.lock().unwrap().clear();
    }

    /// Sends what it held back, and waits until that is on its way: what it answers afterwards comes after it.
    pub async fn release(&self) {
        self.0.released.send_replace(true);
        self.0.held.subscribe().wait_for(|n| *n == 0).await.unwrap();
    }

    /// Waits until it has been asked so often in all.
    pub async fn was_asked(&self, times: u64) {
        let mut asked = self.0.asked.subscribe();
        asked.wait_for(|n| *n >= times).await.unwrap();
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        *self.0.asked.borrow()
    }

    /// The bytes of the last answer to a question.
    pub fn sent(&self, query_id: &str) -> Option<Bytes> {
        self.0.sent.lock().unwrap().get(query_id).cloned()
    }

    fn fault_of(&self, query: &Query) -> Option<Fault> {
        let first = query.subjects.first()?.id.expose();
        self.0.faults.lock().unwrap().get(first).copied()
    }

    async fn truth(&self, query: &Query) -> pb::QueryResponse {
        let answers = self.0.truth.query(query, tokio::time::Instant::now()).await.unwrap();
        pb::QueryResponse::decode(wire::encode_answer(query, &answers)).unwrap()
    }

    /// A text that no report, status or log may hold.
    fn personal(&self, query: &Query) -> String {
        let (subject, words) = (&query.subjects[0], *self.0.words.lock().unwrap());
        words(&subject.name, subject.id.expose())
    }

    /// The bytes of the answer with a fault in it.
    async fn answer(&self, query: &Query, fault: Option<Fault>) -> Bytes {
        let mut response = self.truth(query).await;
        if let Some(fault) = fault {
            self.spoil(&mut response, query, fault);
        }
        let mut bytes = response.encode_to_vec();
        match fault {
            // A length that runs beyond the end.
            Some(Fault::Garbage) => bytes.extend_from_slice(&[0x12, 0x7F, 0x08]),
            Some(Fault::NewerRecord) => bytes = with_newer_record(&response),
            _ => {}
        }
        let bytes = Bytes::from(bytes);
        let id = query.query_id.clone();
        self.0.sent.lock().unwrap().insert(id, bytes.clone());
        bytes
    }

    fn spoil(&self, response: &mut pb::QueryResponse, query: &Query, fault: Fault) {
        let personal = self.personal(query);
        let worst = || worst(&self.0.department);
        let first = &mut response.results[0];
        let found = i32::from(pb::ResultState::Found);
        match fault {
            Fault::TooLarge => first.notes.push("x".repeat(MAX_RESPONSE_BYTES)),
            Fault::OtherQuery => response.query_id = format!("{}0", response.query_id),
            Fault::Late | Fault::Lie => {
                for result in &mut response.results {
                    (result.state, result.records) = (found, worst());
                }
            }
            Fault::OtherPerson => {
                first.id_number = "110105194912310021".to_owned();
                (first.state, first.records) = (found, worst());
            }
            Fault::OtherName => {
                first.registered_name = "欧阳某某".to_owned();
                (first.state, first.records) = (found, worst());
            }
            Fault::Twice => {
                let mut again = first.clone();
                (again.state, again.records) = (found, worst());
                response.results.push(again);
            }
            Fault::LeftOut => {
                response.results.remove(0);
            }
            Fault::FoundNothing => (first.state, first.records) = (found, Vec::new()),
            Fault::NoKind => {
                let none = pb::Record {
                    reference: "r-1".into(),
                    kind: None,
                };
                (first.state, first.records) = (found, vec![none]);
            }
            Fault::RecordsBesideNoRecord => {
                (first.state, first.records) = (pb::ResultState::NoRecord.into(), worst());
            }
            Fault::FailureBesideFound => {
                (first.state, first.records) = (found, worst());
                first.failure = Some(failure(&personal));
            }
            Fault::UnknownState => (first.state, first.records) = (77, Vec::new()),
            Fault::ForeignMoney => {
                let mut records = worst();
                for record in &mut records {
                    in_dollars(record);
                }
                (first.state, first.records) = (found, records);
            }
            Fault::Failure => {
                for result in &mut response.results {
                    (result.state, result.records) = (pb::ResultState::Failed.into(), Vec::new());
                    result.failure = Some(failure(&personal));
                }
            }
            Fault::Notes => first.notes = vec![personal.clone(), "amounts are those of October".to_owned(), personal],
            Fault::FurtherPersons => {
                for ordinal in 90..95 {
                    response.results.push(pb::SubjectResult {
                        ordinal,
                        id_number: query.subjects[0].id.expose().to_owned(),
                        state: found,
                        records: worst(),
                        ..Default::default()
                    });
                }
            }
            _ => {}
        }
    }
}

fn failure(personal: &str) -> pb::Failure {
    pb::Failure {
        class: pb::FailureClass::Transient.into(),
        origin: pb::FailureOrigin::Department.into(),
        reason: "SOURCE_UNAVAILABLE".to_owned(),
        message: personal.to_owned(),
    }
}

fn money(yuan: i64) -> Option<gtype::Money> {
    Some(gtype::Money {
        currency_code: "CNY".to_owned(),
        units: yuan,
        nanos: 0,
    })
}

fn day(year: i32, month: i32, day: i32) -> Option<gtype::Date> {
    Some(gtype::Date { year, month, day })
}

/// Records after which nobody gets assistance, of the type that a department holds.
pub fn worst(department: &str) -> Vec<pb::Record> {
    let kind = |number: u32| match department {
        "traffic-police" => pb::record::Kind::Vehicle(pb::Vehicle {
            plate: format!("川S1234{number}"),
            identification_number: format!("LSVAA4180E210000{number}"),
            kind: pb::VehicleKind::Car.into(),
            usage: pb::VehicleUse::Private.into(),
            status: pb::VehicleStatus::Normal.into(),
            registered_on: day(2024, 3, 1),
            value: money(400_000),
        }),
        "housing" => pb::record::Kind::RealEstate(pb::RealEstate {
            unit_number: format!("511703-9-{number}"),
            address: "达川区".into(),
            kind: pb::RealEstateKind::Dwelling.into(),
            area_centiares: 12_000,
            share_numerator: 1,
            share_denominator: 1,
            acquired_on: day(2020, 1, 1),
            disposed_on: None,
            price: money(900_000),
        }),
        "finance-office" => pb::record::Kind::FinancialAsset(pb::FinancialAsset {
            kind: pb::FinancialAssetKind::Deposit.into(),
            institution: "农商银行".into(),
            account_reference: format!("a-{number}"),
            balance: money(5_000_000),
            balance_on: day(2026, 11, 1),
        }),
        "taxation" => pb::record::Kind::Income(pb::Income {
            kind: pb::IncomeKind::Wage.into(),
            payer_name: "某公司".into(),
            payer_credit_code: String::new(),
            from: day(2026, 8 + i32::try_from(number).unwrap(), 0),
            until: day(2026, 8 + i32::try_from(number).unwrap(), 0),
            gross: money(900_000),
            deductions: None,
            nature: pb::TransferNature::Unspecified.into(),
        }),
        other => panic!("nothing bad is known of {other}"),
    };
    let record = |number| pb::Record {
        reference: format!("worst-{number}"),
        kind: Some(kind(number)),
    };
    (0..3).map(record).collect()
}

fn in_dollars(record: &mut pb::Record) {
    let amount = match record.kind.as_mut() {
        Some(pb::record::Kind::Vehicle(v)) => &mut v.value,
        Some(pb::record::Kind::RealEstate(r)) => &mut r.price,
        Some(pb::record::Kind::FinancialAsset(f)) => &mut f.balance,
        Some(pb::record::Kind::Income(i)) => &mut i.gross,
        _ => return,
    };
    amount.as_mut().unwrap().currency_code = "USD".to_owned();
}

/// The bytes of an answer whose first person also has a record of a type that is not known yet.
fn with_newer_record(response: &pb::QueryResponse) -> Vec<u8> {
    use prost::encoding::{WireType, encode_key, encode_varint};
    let embedded = |number: u32, bytes: &[u8], out: &mut Vec<u8>| {
        encode_key(number, WireType::LengthDelimited, out);
        encode_varint(bytes.len() as u64, out);
        out.put_slice(bytes);
    };
    let mut out = Vec::new();
    embedded(1, response.query_id.as_bytes(), &mut out);
    for (number, result) in response.results.iter().enumerate() {
        let mut result = result.clone();
        let mut record = Vec::new();
        if number == 0 {
            result.state = pb::ResultState::Found.into();
            embedded(1, b"newer-1", &mut record);
            embedded(NEWER_FIELD, b"", &mut record);
        }
        let mut bytes = result.encode_to_vec();
        if number == 0 {
            embedded(4, &record, &mut bytes);
        }
        embedded(2, &bytes, &mut out);
    }
    out
}

/// What leaves on a stream.
enum Out {
    Frame(Bytes),
    Fail(Status),
    End,
}

fn frame(answers: Vec<(u64, Option<Bytes>)>) -> Out {
    use prost::encoding::{WireType, encode_key, encode_varint};
    let mut out = Vec::new();
    for (id, response) in answers {
        let mut answer = Vec::new();
        encode_key(1, WireType::Varint, &mut answer);
        encode_varint(id, &mut answer);
        if let Some(response) = response {
            encode_key(2, WireType::LengthDelimited, &mut answer);
            encode_varint(response.len() as u64, &mut answer);
            answer.put_slice(&response);
        }
        encode_key(1, WireType::LengthDelimited, &mut out);
        encode_varint(answer.len() as u64, &mut out);
        out.put_slice(&answer);
    }
    Out::Frame(out.into())
}

impl Plugin {
    /// Everything that a question on a stream is answered with.
    async fn streamed(self, id: u64, query: Query, out: mpsc::Sender<Out>) {
        let fault = self.fault_of(&query);
        self.0.asked.send_modify(|n| *n += 1);
        let unasked = |bytes: &Bytes| vec![(id + 1_000_000, Some(bytes.clone()))];
        let _held = (fault == Some(Fault::Late)).then(|| Held::new(&self));
        if fault == Some(Fault::Late) {
            self.0.released.subscribe().wait_for(|r| *r).await.unwrap();
        }
        let bytes = self.answer(&query, fault).await;
        let frames = match fault {
            Some(Fault::NotTheProtocol) => vec![Out::Frame(Bytes::from_static(&[0xFF; 7]))],
            Some(Fault::OnlyUnasked) => vec![frame(unasked(&bytes))],
            Some(Fault::Dies) => vec![Out::End],
            Some(Fault::Status) => vec![Out::Fail(status(&self.personal(&query)))],
            Some(Fault::Failure) => {
                let answer = pb::StreamAnswer {
                    id,
                    outcome: Some(pb::stream_answer::Outcome::Failure(failure(&self.personal(&query)))),
                };
                let response = pb::QueryStreamResponse { answers: vec![answer] };
                vec![Out::Frame(response.encode_to_vec().into())]
            }
            Some(Fault::Empty) => vec![frame(vec![(id, None)])],
            Some(Fault::AnsweredTwice) => {
                let again = self.answer(&query, Some(Fault::Lie)).await;
                self.0.sent.lock().unwrap().insert(query.query_id, bytes.clone());
                vec![
                    frame(vec![(id, Some(bytes)), (id, Some(again.clone()))]),
                    frame(vec![(id, Some(again))]),
                ]
            }
            Some(fault @ (Fault::Exchanged | Fault::ExchangedInDisguise)) => {
                let mine = self.truth(&query).await;
                self.exchange(id, mine, fault).into_iter().collect()
            }
            Some(Fault::Unasked) => vec![frame(unasked(&bytes)), frame(vec![(id, Some(bytes))])],
            _ => vec![frame(vec![(id, Some(bytes))])],
        };
        for frame in frames {
            // Nobody reads any more: the asker is gone.
            let _ = out.send(frame).await;
        }
    }

    /// Keeps the first of two answers; at the second gives each to the asker of the other.
    fn exchange(&self, id: u64, mine: pb::QueryResponse, fault: Fault) -> Option<Out> {
        let mut waiting = self.0.exchanged.lock().unwrap();
        let Some((other, theirs)) = waiting.take() else {
            *waiting = Some((id, mine));
            return None;
        };
        let (my_query, their_query) = (mine.query_id.clone(), theirs.query_id.clone());
        let (mut to_me, mut to_them) = (theirs, mine);
        if fault == Fault::ExchangedInDisguise {
            std::mem::swap(&mut to_me.query_id, &mut to_them.query_id);
        }
        let (to_me, to_them) = (Bytes::from(to_me.encode_to_vec()), Bytes::from(to_them.encode_to_vec()));
        let mut sent = self.0.sent.lock().unwrap();
        sent.insert(my_query, to_me.clone());
        sent.insert(their_query, to_them.clone());
        Some(frame(vec![(id, Some(to_me)), (other, Some(to_them))]))
    }

    /// The answer to a call.
    async fn called(self, query: Query) -> Result<Response<Bytes>, Status> {
        let fault = self.fault_of(&query);
        self.0.asked.send_modify(|n| *n += 1);
        let _held = matches!(fault, Some(Fault::Late | Fault::OnlyUnasked)).then(|| Held::new(&self));
        match fault {
            Some(Fault::Late) => {
                self.0.released.subscribe().wait_for(|r| *r).await.unwrap();
            }
            // A call has no other question to answer: it stays silent.
            Some(Fault::OnlyUnasked) => std::future::pending().await,
            Some(Fault::Status) => return Err(status(&self.personal(&query))),
            _ => {}
        }
        let mut response = Response::new(match fault {
            Some(Fault::Empty) => Bytes::new(),
            _ => self.answer(&query, fault).await,
        });
        if let Some(Fault::Dies | Fault::NotTheProtocol) = fault {
            response.metadata_mut().insert(
                BROKEN,
                if fault == Some(Fault::Dies) { "end" } else { "page" }.parse().unwrap(),
            );
        }
        Ok(response)
    }
}

/// Marks a response that is to be replaced by something that is none.
const BROKEN: &str = "x-broken";

/// A status that says whom it is about, wherever a status can say something.
fn status(personal: &str) -> Status {
    let bytes = Bytes::copy_from_slice(personal.as_bytes());
    let mut status = Status::with_details(tonic::Code::PermissionDenied, personal, bytes);
    let value = tonic::metadata::MetadataValue::from_bytes(personal.as_bytes());
    status.metadata_mut().insert_bin("x-person-bin", value);
    status
}

impl NamedService for Plugin {
    const NAME: &'static str = "hedui.department.v1.DepartmentService";
}

impl Service<http::Request<Body>> for Plugin {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<http::Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let plugin = self.clone();
        Box::pin(async move {
            let streamed = request.uri().path().ends_with("/QueryStream");
            let response = match streamed {
                true => Grpc::new(Raw).streaming(plugin, request).await,
                false => Grpc::new(Raw).unary(plugin, request).await,
            };
            let broken = response.headers().get(BROKEN).map(|v| v.as_bytes().to_vec());
            Ok(match broken.as_deref() {
                Some(b"end") => http::Response::new(Body::empty()),
                Some(_) => http::Response::builder()
                    .header("content-type", "text/html")
                    .body(Body::new("<html>please log in</html>".to_owned()))
                    .unwrap(),
                None => response,
            })
        })
    }
}

impl UnaryService<Bytes> for Plugin {
    type Response = Bytes;
    type Future = BoxFuture<Response<Bytes>, Status>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let query = wire::decode_query(&request.into_inner()).unwrap();
        Box::pin(self.clone().called(query))
    }
}

impl StreamingService<Bytes> for Plugin {
    type Response = Bytes;
    type ResponseStream = futures::stream::BoxStream<'static, Result<Bytes, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<Bytes>>) -> Self::Future {
        let plugin = self.clone();
        let (out, frames) = mpsc::channel(64);
        tokio::spawn(async move {
            let mut questions = request.into_inner();
            while let Ok(Some(bytes)) = questions.message().await {
                for asked in pb::QueryStreamRequest::decode(bytes).unwrap().queries {
                    let query = wire::decode_query(&asked.query.unwrap().encode_to_vec()).unwrap();
                    tokio::spawn(plugin.clone().streamed(asked.id, query, out.clone()));
                }
            }
        });
        let frames = ReceiverStream::new(frames)
            .take_while(|out| futures::future::ready(!matches!(out, Out::End)))
            .map(|out| match out {
                Out::Frame(bytes) => Ok(bytes),
                Out::Fail(status) => Err(status),
                Out::End => Ok(Bytes::new()),
            });
        Box::pin(async move { Ok(Response::new(frames.boxed())) })
    }
}
