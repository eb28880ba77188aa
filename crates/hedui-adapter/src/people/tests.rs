//! What a form holds is what is read from it, and whatever is wrong in one is told with its place.
//! Leaves whether an answer is taken to the broker's tests.

use proptest::prelude::*;

use super::form::Task;
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
