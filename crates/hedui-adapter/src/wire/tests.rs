//! The wire: identity over it, agreement with the generated code and the descriptors, and that nothing wrong passes for "no record".

use bytes::Bytes;
use hedui_core::{AnswerState, RecordType, SubjectAnswer, Unreachable};
use hedui_proto::{department as p, gtype};
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::reason::Reason;
use crate::testing::{answered, person, query, subject};

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same((query, answers) in answered()) {
        let bytes = encode_answer(&query, &answers);
        prop_assert_eq!(decode_answer(&bytes, &query), answers);
    }

    #[test]
    fn what_is_written_is_what_the_generated_code_writes((query, answers) in answered()) {
        let bytes = encode_answer(&query, &answers);
        let message = p::QueryResponse::decode(bytes.clone()).unwrap();
        prop_assert_eq!(Bytes::from(message.encode_to_vec()), bytes);
        let asked = encode_query(&query);
        let message = p::QueryRequest::decode(asked.clone()).unwrap();
        prop_assert_eq!(Bytes::from(message.encode_to_vec()), asked.clone());
        prop_assert_eq!(decode_query(&asked).unwrap(), query);
    }

    #[test]
    fn a_cut_or_changed_answer_gives_one_answer_per_person_and_no_cut_one_says_no_record(
        (query, answers) in answered(), cut in any::<prop::sample::Index>(), bit in 0u32..8,
    ) {
        let bytes = encode_answer(&query, &answers);
        let at = cut.index(bytes.len());
        for (before, after) in answers.iter().zip(decode_answer(&bytes.slice(..at), &query)) {
            let failed = matches!(after.state, AnswerState::Unreachable { cause: Unreachable::Failed });
            prop_assert!(failed || after == *before);
        }
        let mut changed = bytes.to_vec();
        changed[at] ^= 1 << bit;
        let read = decode_answer(&Bytes::from(changed), &query);
        let ordinals: Vec<u32> = read.iter().map(|a| a.ordinal).collect();
        prop_assert_eq!(ordinals, query.subjects.iter().map(|s| s.ordinal).collect::<Vec<_>>());
    }

    #[test]
    fn arbitrary_bytes_give_one_failure_per_person(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let query = query(3);
        let read = decode_answer(&Bytes::from(bytes), &query);
        prop_assert_eq!(read.len(), 3);
        for answer in read {
            prop_assert!(matches!(answer.state, AnswerState::Unreachable { .. }), "{:?}", answer);
        }
    }

    #[test]
    fn records_of_types_not_asked_for_are_left_out((query, answers) in answered(), kept in 0usize..18) {
        let bytes = encode_answer(&query, &answers);
        let mut query = query;
        query.record_types = vec![RecordType::ALL[kept]];
        for (before, after) in answers.iter().zip(decode_answer(&bytes, &query)) {
            match (&before.state, &after.state) {
                (AnswerState::Found { records: all }, AnswerState::Found { records }) => {
                    let asked: Vec<_> = all.iter().filter(|r| query.record_types.contains(&r.body.record_type())).cloned().collect();
                    prop_assert_eq!(records, &asked);
                }
                (AnswerState::Found { records: all }, AnswerState::NoRecord) => {
                    prop_assert!(all.iter().all(|r| !query.record_types.contains(&r.body.record_type())));
                    prop_assert!(!after.notes.is_empty(), "not in silence");
                }
                (before, after) => prop_assert_eq!(before, after),
            }
        }
    }
}

/// The names and numbers in the descriptors are those of the domain's own types.
#[test]
fn numbers_and_words_are_those_of_the_descriptors() {
    let set = prost_types::FileDescriptorSet::decode(hedui_proto::DESCRIPTORS).unwrap();
    let file = set
        .file
        .iter()
        .find(|f| f.name() == "hedui/department/v1/records.proto")
        .unwrap();
    let mut tables = 0;
    for (message, fields) in super::records::tables() {
        let described = file.message_type.iter().find(|m| m.name() == message).unwrap();
        let names: Vec<(i32, &str)> = described.field.iter().map(|f| (f.number(), f.name())).collect();
        assert_eq!(names, fields, "{message}");
        tables += 1;
    }
    assert_eq!(tables, RecordType::ALL.len());
    let record = file.message_type.iter().find(|m| m.name() == "Record").unwrap();
    for record_type in RecordType::ALL {
        let field = record
            .field
            .iter()
            .find(|f| f.number() == *record_type as i32 + 2)
            .unwrap();
        assert_eq!(field.name(), record_type.word());
    }
    let mut vocabularies = super::records::vocabulary_tables();
    vocabularies.push(("RecordType", RecordType::ALL.iter().map(|t| t.word()).collect()));
    for (name, words) in vocabularies {
        let described = file.enum_type.iter().find(|e| e.name() == name).unwrap();
        let prefix: String = name
            .chars()
            .flat_map(|c| {
                if c.is_uppercase() {
                    vec!['_', c]
                } else {
                    vec![c.to_ascii_uppercase()]
                }
            })
            .collect();
        let expected: Vec<(i32, String)> = (1..)
            .zip(words)
            .map(|(n, word)| (n, format!("{}_{}", &prefix[1..], word.to_uppercase())))
            .collect();
        let values = described.value.iter().filter(|v| v.number() != 0);
        assert_eq!(
            values.map(|v| (v.number(), v.name().to_owned())).collect::<Vec<_>>(),
            expected,
            "{name}"
        );
    }
}

fn result(ordinal: u32) -> p::SubjectResult {
    p::SubjectResult {
        ordinal,
        id_number: subject(ordinal).id.expose().to_owned(),
        state: p::ResultState::NoRecord as i32,
        ..Default::default()
    }
}

fn land(rent: Option<gtype::Money>) -> p::Record {
    let land = p::Land {
        kind: 1,
        annual_rent: rent,
        ..Default::default()
    };
    p::Record {
        reference: "L".to_owned(),
        kind: Some(p::record::Kind::Land(land)),
    }
}

fn read(results: Vec<p::SubjectResult>) -> Vec<SubjectAnswer> {
    let response = p::QueryResponse {
        query_id: "q-1".to_owned(),
        results,
        ..Default::default()
    };
    decode_answer(&Bytes::from(response.encode_to_vec()), &query(2))
}

fn reason(answer: &SubjectAnswer) -> Option<Reason> {
    Reason::from_word(&answer.failure.as_ref()?.reason)
}

/// The second person's answer stays as it is, whatever is wrong with the first.
fn spoiled(change: impl FnOnce(&mut p::SubjectResult)) -> Option<Reason> {
    let mut first = result(0);
    change(&mut first);
    let answers = read(vec![first, result(1)]);
    assert_eq!(answers[1].state, AnswerState::NoRecord);
    reason(&answers[0])
}

#[test]
fn what_is_wrong_with_one_person_is_a_failure_of_that_person_only() {
    use p::ResultState as S;
    let found = |record: p::Record| {
        move |r: &mut p::SubjectResult| {
            r.state = S::Found as i32;
            r.records = vec![record];
        }
    };
    assert_eq!(spoiled(|_| ()), None);
    assert_eq!(
        spoiled(|r| r.id_number = person(999).expose().to_owned()),
        Some(Reason::WrongSubject)
    );
    assert_eq!(spoiled(|r| r.id_number.clear()), Some(Reason::WrongSubject));
    assert_eq!(spoiled(|r| r.state = 0), Some(Reason::UnknownState));
    assert_eq!(spoiled(|r| r.state = 77), Some(Reason::UnknownState));
    assert_eq!(
        spoiled(|r| r.state = S::Found as i32),
        Some(Reason::FoundWithoutRecords)
    );
    assert_eq!(
        spoiled(|r| r.records = vec![land(None)]),
        Some(Reason::ContradictoryAnswer)
    );
    assert_eq!(
        spoiled(|r| r.failure = Some(p::Failure::default())),
        Some(Reason::ContradictoryAnswer)
    );
    assert_eq!(spoiled(|r| r.state = S::Failed as i32), Some(Reason::DepartmentFailure));
    assert_eq!(spoiled(found(p::Record::default())), Some(Reason::UnknownRecord));
    let odd = |units, nanos, currency: &str| gtype::Money {
        currency_code: currency.to_owned(),
        units,
        nanos,
    };
    for money in [
        odd(1, 1, "CNY"),
        odd(1, -10_000_000, "CNY"),
        odd(0, 1_000_000_000, "CNY"),
        odd(1, 0, "USD"),
        odd(1, 0, ""),
        odd(i64::MAX, 0, "CNY"),
    ] {
        assert_eq!(spoiled(found(land(Some(money)))), Some(Reason::OddMoney));
    }
    let subsidy = |date| {
        let subsidy = p::Subsidy {
            amount: Some(odd(1, 0, "CNY")),
            paid_on: date,
            ..Default::default()
        };
        found(p::Record {
            reference: String::new(),
            kind: Some(p::record::Kind::Subsidy(subsidy)),
        })
    };
    let date = |year, month, day| Some(gtype::Date { year, month, day });
    for wrong in [
        None,
        date(2019, 2, 29),
        date(2019, 13, 0),
        date(2019, 0, 5),
        date(0, 1, 1),
        date(70_000, 1, 1),
        date(2019, -1, 1),
    ] {
        assert_eq!(spoiled(subsidy(wrong)), Some(Reason::ImpossibleDate));
    }
    assert_eq!(spoiled(subsidy(date(2020, 2, 29))), None);
    let disability = p::Disability {
        kind: 99,
        grade: 2,
        ..Default::default()
    };
    let record = |disability| p::Record {
        reference: String::new(),
        kind: Some(p::record::Kind::Disability(disability)),
    };
    assert_eq!(spoiled(found(record(disability.clone()))), Some(Reason::UnknownCode));
    assert_eq!(
        spoiled(found(record(p::Disability {
            kind: 1,
            grade: 5,
            ..disability
        }))),
        Some(Reason::ImpossibleNumber)
    );
}

#[test]
fn a_missing_or_doubled_person_fails_and_an_answer_to_another_question_fails_everybody() {
    let answers = read(vec![result(1)]);
    assert_eq!(reason(&answers[0]), Some(Reason::SubjectMissing));
    assert_eq!(answers[1].state, AnswerState::NoRecord);
    let answers = read(vec![result(1), result(0), result(0), result(0)]);
    assert_eq!(reason(&answers[0]), Some(Reason::SubjectTwice));
    assert_eq!(answers[1].state, AnswerState::NoRecord);
    let other = p::QueryResponse {
        query_id: "q-2".to_owned(),
        results: vec![result(0), result(1)],
        ..Default::default()
    };
    for answer in decode_answer(&Bytes::from(other.encode_to_vec()), &query(2)) {
        assert_eq!(reason(&answer), Some(Reason::WrongQuery));
    }
}

#[test]
fn another_registered_name_is_a_mismatch_and_another_spelling_is_a_note() {
    let named = |name: &str| {
        let mut first = result(0);
        first.registered_name = name.to_owned();
        read(vec![first, result(1)]).remove(0)
    };
    assert_eq!(named("别人").state, AnswerState::IdentityMismatch);
    assert_eq!(named(&subject(0).name).notes.len(), 0);
    let spaced = named(&format!(" {}", subject(0).name));
    assert_eq!((spaced.state, spaced.notes.len()), (AnswerState::NoRecord, 1));
}

#[test]
fn unknown_fields_and_newer_records_beside_the_asked_ones_are_passed_over() {
    let mut bytes = p::QueryResponse {
        query_id: "q-1".to_owned(),
        results: vec![result(0), result(1)],
        ..Default::default()
    }
    .encode_to_vec();
    // Field 500 as text, varint, 4 and 8 bytes.
    for extra in [
        &[0xA2, 0x1F, 0x01, 0x41][..],
        &[0xA0, 0x1F, 0x05],
        &[0xA5, 0x1F, 1, 2, 3, 4],
        &[0xA1, 0x1F, 1, 2, 3, 4, 5, 6, 7, 8],
    ] {
        bytes.extend_from_slice(extra);
    }
    for answer in decode_answer(&Bytes::from(bytes), &query(2)) {
        assert_eq!(answer.state, AnswerState::NoRecord);
    }
    // Kind 90: a type of record of a later version.
    let newer = [
        &b"\x0A\x03q-1\x12\x1F\x12\x12"[..],
        subject(0).id.as_bytes(),
        b"\x18\x01\x22\x07\x0A\x01R\xD2\x05\x01\x00",
    ]
    .concat();
    let mut narrow = query(1);
    narrow.record_types = vec![RecordType::Land];
    let answer = decode_answer(&Bytes::from(newer.clone()), &narrow).remove(0);
    assert_eq!((answer.state, answer.notes.len()), (AnswerState::NoRecord, 1));
    let answer = decode_answer(&Bytes::from(newer), &query(1)).remove(0);
    assert_eq!(reason(&answer), Some(Reason::UnknownRecord));
}

#[test]
fn texts_of_departments_that_name_a_person_are_withheld() {
    let id = subject(0).id.expose().to_owned();
    for text in [
        format!("no row for {id}"),
        format!("{} unknown", subject(0).name),
        "card 622848000000000123".to_owned(),
    ] {
        let mut first = result(0);
        first.state = p::ResultState::Failed as i32;
        first.notes = vec![text.clone()];
        first.failure = Some(p::Failure {
            class: 2,
            origin: 1,
            reason: "SOURCE_TIMEOUT".to_owned(),
            message: text.clone(),
        });
        let answer = read(vec![first, result(1)]).remove(0);
        assert!(!format!("{answer:?}").contains(&text));
        assert_eq!(
            answer.state,
            AnswerState::Unreachable {
                cause: Unreachable::Timeout
            }
        );
    }
    let mut first = result(0);
    first.state = p::ResultState::Failed as i32;
    first.failure = Some(p::Failure {
        reason: id,
        ..Default::default()
    });
    assert_eq!(
        reason(&read(vec![first, result(1)])[0]),
        Some(Reason::DepartmentFailure)
    );
}

#[test]
fn a_request_names_the_field_that_is_wrong() {
    let good = p::QueryRequest::decode(encode_query(&query(2))).unwrap();
    let field = |change: &dyn Fn(&mut p::QueryRequest)| {
        let mut request = good.clone();
        change(&mut request);
        decode_query(&request.encode_to_vec()).err().map(|error| error.field)
    };
    assert_eq!(field(&|_| ()), None);
    assert_eq!(field(&|r| r.query_id.clear()), Some("query_id"));
    assert_eq!(field(&|r| r.purpose = "Not a name".to_owned()), Some("purpose"));
    assert_eq!(
        field(&|r| r.authorization_digest = Bytes::from_static(b"short")),
        Some("authorization_digest")
    );
    assert_eq!(field(&|r| r.as_of = None), Some("as_of"));
    assert_eq!(field(&|r| r.period_from.as_mut().unwrap().day = 0), Some("period_from"));
    assert_eq!(field(&|r| r.subjects.clear()), Some("subjects"));
    assert_eq!(field(&|r| r.subjects[1].ordinal = 0), Some("subjects"));
    assert_eq!(
        field(&|r| r.subjects[0].id_number = "510000199001010000".to_owned()),
        Some("subjects")
    );
    assert_eq!(field(&|r| r.record_types = vec![99]), Some("record_types"));
    assert_eq!(field(&|r| r.record_types = vec![99, 3]), None);
    assert_eq!(decode_query(b"\xFF").err().map(|error| error.field), Some("(message)"));
}

proptest! {
    #[test]
    fn a_promise_is_for_a_time_to_come_within_a_year_or_it_is_a_failure(
        (_, answers) in answered(), answered_at_ms in 0i64..4_000_000_000_000, days in -3i64..400,
    ) {
        let mut checked = answers.clone();
        for answer in checked.iter_mut().filter(|a| a.due_at_ms.is_some()) {
            answer.due_at_ms = Some(answered_at_ms + days * 86_400_000);
        }
        let promised = checked.clone();
        check_due(&mut checked, answered_at_ms);
        for (before, after) in promised.iter().zip(&checked) {
            let told = after.failure.as_ref().map_or("", |f| f.reason.as_str());
            match before.due_at_ms {
                Some(_) if !(1..=366).contains(&days) => {
                    prop_assert_eq!(told, "DUE_AT_IMPLAUSIBLE");
                    prop_assert!(!after.state.is_answer() && after.ordinal == before.ordinal);
                }
                _ => prop_assert_eq!(before, after),
            }
        }
    }
}
