//! What a form holds is what is read from it, and whatever is wrong in one is told with its place; until when an office promises an answer.
//! Leaves whether an answer is taken to the broker's tests.

use proptest::prelude::*;

use std::sync::Arc;
use std::time::Duration;

use super::form::Task;
use super::{PeopleAdapter, Promise};
use crate::adapter::Adapter as _;
use crate::gate::{Gate, OfficeHours};
use crate::manifest::{Manifest, Variables};
use crate::mapping::{Codec, FieldKind, fields};
use crate::testing::{query, record};
use hedui_core::{AnswerState, Query, RecordType, SubjectAnswer};

fn task(query: &Query) -> Task<'_> {
    Task {
        name: "verifications/00/tasks/street-office",
        query,
        threshold_only: false,
    }
}

fn asked(people: u32) -> Query {
    Query {
        record_types: RecordType::ALL.to_vec(),
        ..query(people)
    }
}

/// A form filled in by the schema alone.
fn filled(task: &Task<'_>, answers: &[SubjectAnswer]) -> String {
    let mut text = format!("task = {:?}\n", task.name);
    for (subject, answer) in task.query.subjects.iter().zip(answers) {
        let word = match &answer.state {
            AnswerState::Found { .. } => "found",
            AnswerState::NoRecord => "no_record",
            AnswerState::IdentityMismatch => "other_name",
            _ => "cannot_tell",
        };
        text.push_str(&format!(
            "[[person]]\nid_number = {:?}\nanswer = {word:?}\n",
            subject.id.expose()
        ));
        let AnswerState::Found { records } = &answer.state else {
            continue;
        };
        for record in records {
            let json = serde_json::to_value(record).unwrap();
            text.push_str(&format!(
                "[[person.record]]\ntype = {:?}\n",
                record.body.record_type().word()
            ));
            text.push_str(&format!(
                "reference = {}\n",
                toml::Value::String(record.reference.to_string())
            ));
            for field in fields(record.body.record_type()) {
                let value = &json[field.name];
                let written = Codec::default().write(field.kind, value);
                if value.is_null() || written.is_empty() {
                    continue;
                }
                text.push_str(&match field.kind {
                    FieldKind::Number(..) | FieldKind::Flag => format!("{} = {value}\n", field.name),
                    _ => format!("{} = {}\n", field.name, toml::Value::String(written)),
                });
            }
        }
    }
    text
}

fn state() -> impl Strategy<Value = AnswerState> {
    let trimmed = |record: &hedui_core::Record| {
        // A form's texts have no blanks at their ends, as those of every source.
        let json = serde_json::to_value(record).unwrap();
        json.as_object()
            .unwrap()
            .values()
            .all(|v| v.as_str().is_none_or(|text| text == text.trim()))
    };
    prop_oneof![
        4 => proptest::collection::vec(record().prop_filter("trimmed", trimmed), 1..4).prop_map(|records| AnswerState::Found { records }),
        1 => Just(AnswerState::NoRecord),
        1 => Just(AnswerState::IdentityMismatch),
    ]
}

proptest! {
    #[test]
    fn a_form_that_is_filled_in_says_what_was_meant(states in proptest::collection::vec(state(), 1..4)) {
        let query = asked(u32::try_from(states.len()).unwrap());
        let answers: Vec<SubjectAnswer> = query
            .subjects
            .iter()
            .zip(states)
            .map(|(subject, state)| SubjectAnswer::of(subject.ordinal, state))
            .collect();
        let text = filled(&task(&query), &answers);
        prop_assert_eq!(task(&query).read(&text).map_err(|m| format!("{m:?}\n{text}")), Ok(answers));
    }

    #[test]
    fn no_form_panics_and_no_mistake_repeats_it(text in ".{0,200}", garbled in any::<prop::sample::Index>(), put in "\\PC") {
        let query = asked(1);
        let _ = task(&query).read(&text);
        let mut form = task(&query).write();
        let at = garbled.index(form.len());
        if form.is_char_boundary(at) {
            form.insert_str(at, &put);
        }
        for mistake in task(&query).read(&form).err().unwrap_or_default() {
            prop_assert!(!mistake.to_string().contains(query.subjects[0].id.expose()));
        }
    }
}

#[test]
fn an_empty_form_is_refused_until_everybody_is_answered() {
    let query = asked(2);
    let form = task(&query).write();
    let mistakes = task(&query).read(&form).unwrap_err();
    assert_eq!(mistakes.iter().filter(|m| m.path.ends_with("answer")).count(), 2);
    assert!(mistakes.iter().all(|m| m.place.unwrap().line > 1));
    let done = form.replace("answer = \"\"", "answer = \"no_record\"");
    let read = task(&query).read(&done).unwrap();
    assert!(read.iter().all(|a| a.state == AnswerState::NoRecord));
    // Every template in it becomes a record, once its required fields are there.
    for of in RecordType::ALL {
        assert!(form.contains(&format!("# type = \"{}\"", of.word())));
    }
}

#[test]
fn what_a_form_gets_wrong_is_told_by_field() {
    let query = Query {
        record_types: vec![RecordType::FinancialAsset],
        ..query(1)
    };
    let id = query.subjects[0].id.expose();
    let with = |rest: &str| {
        let text = format!("task = \"verifications/00/tasks/street-office\"\n[[person]]\nid_number = {id:?}\n{rest}");
        let mut paths: Vec<String> = task(&query)
            .read(&text)
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|m| m.path)
            .collect();
        paths.sort();
        paths
    };
    let record = "answer = \"found\"\n[[person.record]]\ntype = \"financial_asset\"\nkind = \"deposit\"\n";
    assert_eq!(with("answer = \"no_record\""), Vec::<String>::new());
    assert_eq!(with("answer = \"found\""), ["person[0].answer"]);
    assert_eq!(with("answer = \"over_limit\""), ["person[0].answer"]);
    assert_eq!(with("answer = \"no_record\"\nlimit = \"5\""), ["person[0].limit"]);
    assert_eq!(with("answer = \"no_record\"\nanswers = 1"), ["person[0].answers"]);
    assert_eq!(with(&format!("{record}balance = \"12.50\"")), Vec::<String>::new());
    // A bare number could be fen.
    assert_eq!(
        with(&format!("{record}balance = 1250")),
        ["person[0].record[0]", "person[0].record[0].balance"]
    );
    assert_eq!(with(record), ["person[0].record[0]", "person[0].record[0].balance"]);
    assert_eq!(
        with(&format!("{record}balance = \"1\"\nreference = \"A{id}\"")),
        ["person[0].record[0].reference"]
    );
    assert_eq!(
        with(&format!(
            "answer = \"no_record\"\n[[person]]\nid_number = {id:?}\nanswer = \"no_record\""
        )),
        ["person[1].id_number"]
    );
    let vehicle = "answer = \"found\"\n[[person.record]]\ntype = \"vehicle\"\n";
    assert_eq!(with(vehicle), ["person[0].record[0].type"]);
}

const MINUTE: Duration = Duration::from_secs(60);

/// A week with some open day, and single days that differ.
fn hours() -> impl Strategy<Value = OfficeHours> {
    let spans = || {
        let day = proptest::sample::subsequence(vec![0u16, 300, 510, 720, 840, 1_050, 1_440], 0..=4);
        day.prop_map(|times| times.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>())
    };
    let week = proptest::collection::vec(spans(), 7).prop_filter("open", |week| week.iter().any(|day| !day.is_empty()));
    let days = proptest::collection::btree_map(18_000u64..18_060, spans(), 0..12);
    (week, days).prop_map(|(week, days)| OfficeHours {
        week: week.try_into().unwrap(),
        days,
    })
}

/// Minutes since 1970 within the days that differ.
fn minute_of_asking() -> impl Strategy<Value = u64> {
    18_000u64 * 1_440..18_060 * 1_440
}

fn minutes(from: Duration, until: Duration) -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(from), |at| Some(*at + MINUTE)).take_while(move |at| *at < until)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_promise_in_hours_counts_the_minutes_in_which_the_office_is_open(
        hours in hours(), asked in minute_of_asking(), seconds in 0u64..60, within in 1u64..=600,
    ) {
        let promise = Promise::OfficeTime(MINUTE * u32::try_from(within).unwrap(), hours.clone());
        prop_assume!(promise.is_bounded());
        let now = Duration::from_secs(asked * 60 + seconds);
        let begins = Duration::from_secs((asked + u64::from(seconds > 0)) * 60);
        let due = promise.due(now);
        prop_assert!(due > now && due.as_secs().is_multiple_of(60));
        prop_assert_eq!(minutes(begins, due).filter(|at| hours.is_open(*at)).count() as u64, within);
        // Nor is it put off to when the office opens again.
        prop_assert!(hours.is_open(due - MINUTE));
        prop_assert!(promise.due(now + MINUTE) >= due);
    }

    #[test]
    fn a_promise_in_days_ends_when_the_office_closes_on_the_last_of_them(
        hours in hours(), asked in minute_of_asking(), days in 1u64..=12,
    ) {
        let promise = Promise::WorkingDays(days, hours.clone());
        prop_assume!(promise.is_bounded());
        let now = Duration::from_secs(asked * 60);
        let due = promise.due(now);
        let tomorrow = Duration::from_secs((OfficeHours::day_of(now) + 1) * 86_400 - 8 * 3_600);
        let open = || minutes(tomorrow, due).filter(|at| hours.is_open(*at));
        let on: std::collections::BTreeSet<u64> = open().map(OfficeHours::day_of).collect();
        prop_assert_eq!(on.len() as u64, days);
        prop_assert_eq!(open().last().map(|at| at + MINUTE), Some(due));
        // Nothing of that day is left.
        let last = OfficeHours::day_of(due - MINUTE);
        let rest = minutes(due, due + MINUTE * 1_440).filter(|at| OfficeHours::day_of(*at) == last);
        prop_assert!(rest.into_iter().all(|at| !hours.is_open(at)));
        prop_assert!(promise.due(now + MINUTE) >= due);
    }
}

/// An office that is open on working days, with what its manifest says of answers.
fn with_hours(answer_within: &str, hours: &str) -> String {
    format!(
        r#"
id = "street-office"
name = {{ zh = "街道办", en = "Street office" }}
verifies = {{ zh = "补贴", en = "subsidies" }}
record_types = ["subsidy"]
lookup_keys = ["id_number"]
freshness = "24h"
deadline = "3s"
limits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}
connector = {{ kind = "people", answer_within = "{answer_within}" }}
{hours}
"#
    )
}

const HOURS: &str = r#"
[hours]
mon = "08:30-12:00, 14:00-17:30"
tue = "08:30-12:00, 14:00-17:30"
wed = "08:30-12:00, 14:00-17:30"
thu = "08:30-12:00, 14:00-17:30"
fri = "08:30-12:00, 14:00-17:30"
holidays = ["2026-10-01", "2026-10-02"]
days = { 2026-10-10 = "08:30-12:00" }
"#;

/// A moment in Asia/Shanghai, in milliseconds since 1970.
fn at(text: &str) -> i64 {
    let zoned: jiff::Timestamp = format!("{text}:00+08:00").parse().unwrap();
    zoned.as_millisecond()
}

#[tokio::test]
async fn a_question_at_closing_time_is_not_late_before_the_office_has_opened_again() {
    let none = Variables::new();
    for (within, asked, due) in [
        // Tuesday evening, the next morning; over a noon; over a week-end; before holidays; into a working Saturday.
        ("2h", "2026-11-24 17:30", "2026-11-25 10:30"),
        ("2h", "2026-11-24 17:29", "2026-11-25 10:29"),
        ("90m", "2026-11-24 11:00", "2026-11-24 14:30"),
        ("30m", "2026-11-24 17:00", "2026-11-24 17:30"),
        ("2h", "2026-11-27 17:00", "2026-11-30 10:00"),
        ("2h", "2026-11-28 03:00", "2026-11-30 10:30"),
        ("1h", "2026-09-30 17:30", "2026-10-05 09:30"),
        ("2h", "2026-10-09 17:30", "2026-10-10 10:30"),
        ("24h", "2026-11-24 08:30", "2026-11-27 11:30"),
        ("1d", "2026-11-24 17:30", "2026-11-25 17:30"),
        ("3d", "2026-11-26 09:00", "2026-12-01 17:30"),
        ("3d", "2026-11-28 09:00", "2026-12-02 17:30"),
        ("1d", "2026-10-09 09:00", "2026-10-10 12:00"),
    ] {
        let manifest = Manifest::parse(&with_hours(within, HOURS), &none).unwrap();
        let now = at(&asked.replace(' ', "T"));
        let office = PeopleAdapter::open(&manifest, Arc::new(move || now)).unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
        let answers = office.query(&query(2), deadline).await.unwrap();
        let expected = Some(at(&due.replace(' ', "T")));
        assert!(
            answers.iter().all(|a| a.due_at_ms == expected),
            "{within} {asked}: {answers:?}"
        );
        // A question may come at any hour: it waits.
        let mut gate = Gate::of(&manifest);
        assert!(
            gate.admit(Duration::from_millis(now.try_into().unwrap())).is_ok(),
            "{asked}"
        );
    }
    // Without office hours time passes by night too.
    let manifest = Manifest::parse(&with_hours("2h", ""), &none).unwrap();
    let office = PeopleAdapter::open(&manifest, Arc::new(|| at("2026-11-24T17:30"))).unwrap();
    let deadline = tokio::time::Instant::now() + Duration::from_secs(3);
    let answers = office.query(&query(1), deadline).await.unwrap();
    assert_eq!(answers[0].due_at_ms, Some(at("2026-11-24T19:30")));
}

#[test]
fn a_promise_that_its_office_hours_cannot_keep_is_refused_by_field() {
    let mondays = "[hours]\nmon = \"09:00-10:00\"";
    let paths = |within: &str, hours: &str| -> Vec<String> {
        let found = Manifest::parse(&with_hours(within, hours), &Variables::new()).err();
        found.unwrap_or_default().into_iter().map(|m| m.path).collect()
    };
    assert_eq!(paths("17d", mondays), Vec::<String>::new());
    assert_eq!(paths("18d", mondays), ["connector.answer_within"]);
    assert_eq!(paths("17h", mondays), Vec::<String>::new());
    assert_eq!(paths("18h", mondays), ["connector.answer_within"]);
    assert_eq!(paths("61d", HOURS), ["connector.answer_within"]);
    assert_eq!(paths("2h", "[hours]\nmon = \"10:00-09:00\""), ["hours", "hours.mon"]);
}
