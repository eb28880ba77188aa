//! Invented people, records and questions for the tests of this crate.
//! Leaves what is shown with them to the tests.

mod tls;

use std::time::Duration;

use hedui_core::{
    AnswerState, Date, DepartmentId, Failure, Fen, PartialDate, ProgrammeId, Query, Record, RecordType, Subject,
    SubjectAnswer,
};
use hedui_ids::ResidentId;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use crate::adapter::{Description, Limits, LookupKey};
use crate::mapping::{Field, FieldKind, fields};

pub(crate) use tls::Tls;

pub(crate) fn person(sequence: u16) -> ResidentId {
    let birth = hedui_ids::Date::new(1984, 6, 12).unwrap();
    let division = hedui_ids::DivisionCode::parse("511703").unwrap();
    ResidentId::compose(division, birth, sequence).unwrap()
}

pub(crate) fn subject(ordinal: u32) -> Subject {
    Subject {
        ordinal,
        id: person(900 + ordinal as u16),
        name: format!("测试{}", ["甲", "乙", "丙", "丁"][ordinal as usize % 4]),
    }
}

pub(crate) fn query(people: u32) -> Query {
    Query {
        query_id: "q-1".to_owned(),
        purpose: ProgrammeId::new("dibao").unwrap(),
        district_code: "511703".to_owned(),
        authorization_digest: [7; 32],
        as_of: Date::new(2019, 7, 1).unwrap(),
        period_from: Date::new(2018, 7, 1).unwrap(),
        period_until: Date::new(2019, 6, 30).unwrap(),
        subjects: (0..people).map(subject).collect(),
        record_types: Vec::new(),
    }
}

pub(crate) fn description() -> Description {
    Description {
        department: DepartmentId::new("testing").unwrap(),
        name_zh: "测试".to_owned(),
        name_en: "Testing".to_owned(),
        protocol_versions: vec!["v1".to_owned()],
        record_types: RecordType::ALL.to_vec(),
        lookup_keys: vec![LookupKey::IdNumber],
        limits: Limits {
            max_subjects: 20,
            max_concurrent_queries: 16,
            max_response_bytes: 1 << 20,
        },
        freshness: Duration::from_secs(3_600),
        checks: vec!["source".to_owned()],
        signing_key: Vec::new(),
        build: "0".to_owned(),
    }
}

pub(crate) fn partial_date() -> impl Strategy<Value = PartialDate> {
    (1900i16..2100, 0i8..=12, 0i8..=31).prop_filter_map("no such day", |(y, m, d)| {
        PartialDate::new(y, m, if m == 0 { 0 } else { d })
    })
}

fn field_value(field: Field) -> BoxedStrategy<Json> {
    let some: BoxedStrategy<Json> = match field.kind {
        FieldKind::Text => "[A-Za-z0-9一-龥·]{1,12}".prop_map(Json::from).boxed(),
        FieldKind::Money => any::<i64>().prop_map(|fen| Json::from(fen / 1_000)).boxed(),
        FieldKind::Date => partial_date().prop_map(|date| Json::from(date.to_string())).boxed(),
        FieldKind::Word(words) => proptest::sample::select(words()).prop_map(Json::from).boxed(),
        FieldKind::SquareMetres | FieldKind::Mu => (1i64..1_000_000_000).prop_map(Json::from).boxed(),
        FieldKind::Number(low, high) => (low..=high.min(1_000)).prop_map(Json::from).boxed(),
        FieldKind::Flag => any::<bool>().prop_map(Json::from).boxed(),
    };
    if field.required {
        some
    } else {
        prop_oneof![1 => Just(Json::Null), 3 => some].boxed()
    }
}

pub(crate) fn record_of(record_type: RecordType) -> BoxedStrategy<Record> {
    let values: Vec<BoxedStrategy<Json>> = fields(record_type).iter().map(|f| field_value(*f)).collect();
    let record = ("[A-Z0-9-]{1,12}", values).prop_map(move |(reference, values)| {
        let mut json = Map::new();
        json.insert("reference".to_owned(), Json::from(reference));
        json.insert("type".to_owned(), Json::from(record_type.word()));
        for (field, value) in fields(record_type).iter().zip(values) {
            if !value.is_null() {
                json.insert(field.name.to_owned(), value);
            }
        }
        // A share is at most the whole.
        let part = json.get("share_numerator").and_then(Json::as_u64).unwrap_or(1);
        if json.get("share_denominator").and_then(Json::as_u64).unwrap_or(1) < part {
            json.insert("share_denominator".to_owned(), Json::from(part));
        }
        serde_json::from_value(Json::Object(json)).unwrap()
    });
    record.boxed()
}

pub(crate) fn record() -> impl Strategy<Value = Record> {
    proptest::sample::select(RecordType::ALL.to_vec()).prop_flat_map(record_of)
}

fn state() -> impl Strategy<Value = (AnswerState, Option<Failure>)> {
    let limit = || proptest::option::of((0i64..1_000_000_000).prop_map(Fen));
    let failures = proptest::sample::select(crate::reason::Reason::ALL.to_vec()).prop_map(|reason| {
        let failure = reason.failure();
        (
            AnswerState::Unreachable {
                cause: crate::reason::cause_of(&failure),
            },
            Some(failure),
        )
    });
    let plain = prop_oneof![
        4 => vec(record(), 1..6).prop_map(|records| AnswerState::Found { records }),
        1 => Just(AnswerState::NoRecord),
        1 => limit().prop_map(|limit| AnswerState::OverLimit { limit }),
        1 => limit().prop_map(|limit| AnswerState::WithinLimit { limit }),
        1 => Just(AnswerState::IdentityMismatch),
        1 => Just(AnswerState::NotAuthorized),
        1 => Just(AnswerState::Pending),
    ];
    prop_oneof![8 => plain.prop_map(|state| (state, None)), 1 => failures]
}

pub(crate) fn answer(ordinal: u32) -> impl Strategy<Value = SubjectAnswer> {
    let notes = vec("[a-z ]{1,30}", 0..3);
    // Whole seconds, and only of what is pending.
    let due = proptest::option::of((0i64..4_000_000_000).prop_map(|seconds| seconds * 1_000));
    (state(), proptest::option::of(partial_date()), notes, due).prop_map(
        move |((state, failure), data_on, notes, due)| SubjectAnswer {
            ordinal,
            due_at_ms: due.filter(|_| state == AnswerState::Pending),
            state,
            data_on,
            failure,
            notes,
        },
    )
}

/// A question about one to four people and its answers.
pub(crate) fn answered() -> impl Strategy<Value = (Query, Vec<SubjectAnswer>)> {
    (1u32..=4).prop_flat_map(|people| {
        let answers: Vec<_> = (0..people).map(|ordinal| answer(ordinal).boxed()).collect();
        answers.prop_map(move |answers| (query(people), answers))
    })
}

/// Certificates of a server and of a client by one authority (`ca.pem`), and another authority (`other.pem`).
pub(crate) fn certificates(dir: &std::path::Path) {
    let issuer = |name: &str| {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        std::fs::write(dir.join(name), certificate.pem()).unwrap();
        rcgen::Issuer::new(params, key)
    };
    let authority = issuer("ca.pem");
    issuer("other.pem");
    for name in ["server", "client"] {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        std::fs::write(dir.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(dir.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}
