//! Plugins with one fault each, as a probe sees them: a good one behind a layer that breaks one rule.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use hedui_core::Query;
use hedui_proto::department as p;
use prost::Message as _;
use tokio::sync::Semaphore;
use tonic::Code;

use super::super::*;
use super::{failed, good, samples};
use crate::port::Reply;
use crate::serve::{Serving, serve};

/// Every fault, and the one check that finds it.
const FAULTS: &[(&str, &str)] = &[
    ("says it does not serve", "health"),
    ("describes itself otherwise each time", "describe"),
    ("fails its self-test", "self-tests"),
    ("knows everybody", "unknown-person"),
    ("leaves out the second person", "everybody"),
    ("counts in tenths of a fen", "whole-fen"),
    ("answers otherwise the second time", "same-query"),
    ("publishes a key and signs nothing", "signatures"),
    ("answers any bytes", "malformed"),
    ("does not look at names", "name"),
    ("notes the position of a person", "order"),
    ("refuses unknown fields", "unknown-fields"),
    ("ignores its deadline", "deadline"),
    ("keeps the places of cancelled questions", "cancel"),
    ("takes any number of persons", "batch"),
    ("takes three questions at once", "concurrency"),
    ("refuses characters of four bytes", "rare-names"),
    ("breaks on a lower-case x", "id-forms"),
    ("promises small answers", "response-size"),
    ("streams something else", "stream"),
    ("repeats who was asked about in an error", "no-identity"),
    ("repeats who was asked about in its log", "no-identity"),
    ("repeats who was asked about in a self-test", "no-identity"),
];

struct Broken {
    fault: &'static str,
    good: GrpcProbe,
    calls: AtomicUsize,
    seen: Mutex<HashMap<String, usize>>,
    places: Semaphore,
}

impl Broken {
    fn is(&self, fault: &str) -> bool {
        self.fault == fault
    }
}

fn refused(code: Code, text: &str) -> Said {
    Said {
        code,
        reason: Some("REFUSED".to_owned()),
        text: text.as_bytes().to_vec(),
    }
}

fn changed(bytes: &Bytes, change: impl FnOnce(&mut p::QueryResponse)) -> Bytes {
    let mut response = p::QueryResponse::decode(bytes.clone()).unwrap();
    change(&mut response);
    Bytes::from(response.encode_to_vec())
}

#[async_trait]
impl Probe for Broken {
    async fn describe(&self) -> Result<Bytes, Said> {
        let mut description = p::DescribeResponse::decode(self.good.describe().await?).unwrap();
        if self.is("describes itself otherwise each time") {
            description.build = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
        }
        if self.is("publishes a key and signs nothing") {
            description.signing_key = Bytes::copy_from_slice(&crate::wire::Signer::new("2026", &[7; 32]).public_key());
        }
        if self.is("promises small answers") {
            description.limits.as_mut().unwrap().max_response_bytes = 8;
        }
        Ok(Bytes::from(description.encode_to_vec()))
    }

    async fn check(&self) -> Result<Bytes, Said> {
        let mut response = p::CheckResponse::decode(self.good.check().await?).unwrap();
        if self.is("fails its self-test") {
            response.results[0].outcome = 3;
        }
        if self.is("repeats who was asked about in a self-test") {
            response.results[0].message = format!("last asked about {}", samples().unknown.name);
        }
        Ok(Bytes::from(response.encode_to_vec()))
    }

    async fn health(&self) -> Option<Result<bool, Said>> {
        let serving = self.good.health().await?;
        Some(serving.map(|serving| serving && !self.is("says it does not serve")))
    }

    async fn query(&self, message: Bytes, limit: Duration) -> Result<Bytes, Said> {
        if self.is("ignores its deadline") && limit <= Duration::from_millis(1) {
            return std::future::pending().await;
        }
        let plain = p::QueryRequest::decode(message.clone()).unwrap();
        if self.is("refuses unknown fields") && plain.encode_to_vec() != message {
            return Err(refused(Code::InvalidArgument, ""));
        }
        let wide = |name: &str| name.chars().any(|c| c.len_utf8() == 4);
        if self.is("refuses characters of four bytes") && plain.subjects.iter().any(|s| wide(&s.name)) {
            return Err(refused(Code::InvalidArgument, ""));
        }
        if self.is("breaks on a lower-case x") && plain.subjects.iter().any(|s| s.id_number.ends_with('x')) {
            return Err(refused(Code::Internal, ""));
        }
        if self.is("keeps the places of cancelled questions") {
            let Ok(Ok(place)) = tokio::time::timeout(Duration::from_millis(300), self.places.acquire()).await else {
                return Err(refused(Code::DeadlineExceeded, ""));
            };
            place.forget();
            let answer = self.good.query(message, limit).await;
            self.places.add_permits(1);
            return answer;
        }
        let _place = match self.places.try_acquire() {
            Ok(place) => place,
            Err(_) => return Err(refused(Code::ResourceExhausted, "")),
        };
        if self.is("takes any number of persons") && plain.subjects.len() == 21 {
            return self.good.query(shortened(&plain), limit).await;
        }
        let answer = self.good.query(message, limit).await;
        match answer {
            Err(_)
                if self.is("answers any bytes")
                    && plain.subjects.len() <= 1
                    && plain.subjects.iter().all(|s| s.id_number.is_empty()) =>
            {
                Ok(Bytes::new())
            }
            Err(said) if self.is("repeats who was asked about in an error") => {
                let whom = plain.subjects.first().map_or(String::new(), |s| s.name.clone());
                Err(Said {
                    text: whom.into_bytes(),
                    ..said
                })
            }
            Err(said) => Err(said),
            Ok(bytes) => Ok(changed(&bytes, |response| self.alter(&plain, response))),
        }
    }

    async fn stream(&self, query: Arc<Query>, limit: Duration) -> Option<Reply> {
        let reply = self.good.stream(query.clone(), limit).await?;
        match reply {
            Reply::Wire(bytes) if self.is("streams something else") => Some(Reply::Wire(changed(&bytes, |response| {
                response.results[0].notes.push("streamed".to_owned());
            }))),
            Reply::Wire(bytes) => {
                let asked = p::QueryRequest::decode(crate::wire::encode_query(&query)).unwrap();
                Some(Reply::Wire(changed(&bytes, |response| self.alter(&asked, response))))
            }
            reply => Some(reply),
        }
    }

    fn besides(&self) -> Vec<u8> {
        let mut said = self.good.besides();
        if self.is("repeats who was asked about in its log") {
            said.extend_from_slice(format!("asked about {}", samples().unknown.id.expose()).as_bytes());
        }
        said
    }
}

/// The question without its last person.
fn shortened(query: &p::QueryRequest) -> Bytes {
    let mut query = query.clone();
    query.subjects.pop();
    Bytes::from(query.encode_to_vec())
}

impl Broken {
    fn alter(&self, asked: &p::QueryRequest, response: &mut p::QueryResponse) {
        let unknown = samples().unknown.id.expose().to_owned();
        match self.fault {
            "knows everybody" if asked.query_id == "conformance-unknown" => {
                response.results[0].state = p::ResultState::IdentityMismatch as i32;
            }
            "leaves out the second person" if asked.subjects.iter().all(|s| s.id_number != unknown) => {
                response.results.truncate(1);
            }
            "counts in tenths of a fen" => {
                let records = response.results.iter_mut().flat_map(|r| &mut r.records);
                for record in records {
                    if let Some(p::record::Kind::Land(land)) = &mut record.kind
                        && let Some(rent) = &mut land.annual_rent
                    {
                        rent.nanos += 1_000_000;
                    }
                }
            }
            "answers otherwise the second time" => {
                let mut seen = self.seen.lock().unwrap();
                let times = seen.entry(asked.query_id.clone()).or_default();
                for result in &mut response.results {
                    result.notes.push(times.to_string());
                }
                *times += 1;
            }
            "does not look at names" => {
                for result in &mut response.results {
                    if result.state == p::ResultState::IdentityMismatch as i32 {
                        result.state = p::ResultState::NoRecord as i32;
                    }
                }
            }
            "notes the position of a person" => {
                for (i, result) in response.results.iter_mut().enumerate() {
                    result.notes.push(i.to_string());
                }
            }
            _ => {}
        }
    }
}

async fn broken(fault: &'static str) -> (Broken, Serving) {
    let serving = serve(Arc::new(good())).await.unwrap();
    let good = GrpcProbe::open(&serving.endpoint(), Arc::new(|_| 0)).unwrap();
    let places = if fault == "takes three questions at once" {
        3
    } else {
        64
    };
    let broken = Broken {
        fault,
        good,
        calls: AtomicUsize::new(0),
        seen: Mutex::default(),
        places: Semaphore::new(if fault == "keeps the places of cancelled questions" {
            20
        } else {
            places
        }),
    };
    (broken, serving)
}

const BOUNDS: Bounds = Bounds {
    patience: Duration::from_secs(15),
    overrun: Duration::from_millis(700),
};

#[tokio::test]
async fn each_broken_plugin_fails_exactly_the_check_of_its_fault() {
    for (fault, check) in FAULTS {
        let (broken, _serving) = broken(fault).await;
        let reports = run_on(&broken, &samples(), Level::Full, BOUNDS).await;
        assert_eq!(failed(&reports), vec![*check], "{fault}: {reports:?}");
    }
}

#[tokio::test]
async fn every_check_finds_some_fault() {
    let (whole, _serving) = broken("none").await;
    let reports = run_on(&whole, &samples(), Level::Full, BOUNDS).await;
    assert_eq!(failed(&reports), Vec::<&str>::new(), "{reports:?}");
    for report in reports {
        assert!(
            FAULTS.iter().any(|(_, check)| *check == report.name),
            "no fault shows that {} can fail",
            report.name
        );
    }
}
