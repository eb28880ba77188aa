//! The form in which an office answers: written for one question, with the fields of the types of record that it may speak of, and read again.
//! Leaves whether the answer is taken to the broker; it reads every answer once more from the wire, by the rules for all departments.

use hedui_core::{
    AnswerState, PartialDate, Query, Record, RecordBody, RecordType, Subject, SubjectAnswer, Unreachable,
};
use serde_json::{Map, Value as Json};
use toml::Value;

use crate::manifest::{Fields, ManifestError, Mistakes, document};
use crate::mapping::{Codec, Field, FieldKind, fields, key};
use crate::reason::Reason;

/// More records of one person than an office writes down by hand.
const MAX_RECORDS: usize = 200;

/// What an office can say of a person, with what the form calls it.
const WORDS: &[(&str, &str)] = &[
    ("found", "有记录：列于下方 (records below)"),
    ("no_record", "查无记录 (looked up, none on record)"),
    (
        "other_name",
        "该号码登记在他人名下 (the number is there under another name)",
    ),
    ("cannot_tell", "无法查明 (could not be found out: counts as no answer)"),
];
/// The same of an office that tells only whether a threshold is passed.
const THRESHOLD_WORDS: &[(&str, &str)] = &[
    ("over_limit", "超过限额 (over the threshold)"),
    ("within_limit", "未超限额 (within the threshold)"),
    ("no_record", "查无记录 (looked up, none on record)"),
    (
        "other_name",
        "该号码登记在他人名下 (the number is there under another name)",
    ),
    ("cannot_tell", "无法查明 (could not be found out: counts as no answer)"),
];

/// A question as an office is asked it.
pub struct Task<'t> {
    /// Its name.
    pub name: &'t str,
    /// The question; its types of record are those that may be spoken of.
    pub query: &'t Query,
    /// Whether only the threshold is asked for.
    pub threshold_only: bool,
}

impl Task<'_> {
    fn words(&self) -> &'static [(&'static str, &'static str)] {
        if self.threshold_only { THRESHOLD_WORDS } else { WORDS }
    }

    /// The form to fill in. Holds numbers and names of the persons asked about.
    pub fn write(&self) -> String {
        let mut out = String::from(
            "# 填写每人的 answer，有记录的按文末的样式逐条列出，然后交回：hedui tasks answer --form 本文件\n",
        );
        out.push_str(
            "# Fill in every `answer`, list records as shown at the end, then: hedui tasks answer --form THIS_FILE\n",
        );
        for (word, what) in self.words() {
            out.push_str(&format!("#   {word:<13} {what}\n"));
        }
        let query = self.query;
        out.push_str(&format!(
            "# 用途 purpose: {}   日期 as of: {}   期间 period: {} .. {}\n\n",
            query.purpose, query.as_of, query.period_from, query.period_until
        ));
        out.push_str(&format!("task = {}\n", quoted(self.name)));
        for subject in &query.subjects {
            out.push_str(&format!(
                "\n[[person]]\nid_number = {}\nname = {}\nanswer = \"\"\n# data_on = {}\n",
                quoted(subject.id.expose()),
                quoted(&subject.name),
                query.as_of
            ));
        }
        if !self.threshold_only {
            query.record_types.iter().for_each(|of| template(*of, &mut out));
        }
        out
    }

    /// Reads a form that was filled in: one answer per person of the question, in their order.
    ///
    /// # Errors
    /// Every mistake with its place. None repeats what stands in the form.
    pub fn read(&self, text: &str) -> Result<Vec<SubjectAnswer>, Vec<ManifestError>> {
        let table = document(text)?;
        let mistakes = Mistakes::default();
        let answers = self.answers(Fields::new(table, &mistakes));
        let mistakes = mistakes.placed(text);
        if mistakes.is_empty() {
            Ok(answers)
        } else {
            Err(mistakes)
        }
    }

    fn answers(&self, mut top: Fields<'_>) -> Vec<SubjectAnswer> {
        if top.required_text("task") != self.name {
            top.mistake("task", "is another task than this one");
        }
        let mut found: Vec<Option<SubjectAnswer>> = vec![None; self.query.subjects.len()];
        for mut person in top.tables("person") {
            let id = key(&person.required_text("id_number"));
            let at = self.query.subjects.iter().position(|s| s.id.expose() == id);
            let slot = at.and_then(|at| Some((self.query.subjects.get(at)?, found.get_mut(at)?)));
            match slot {
                None => person.mistake("id_number", "is nobody whom the task asks about"),
                Some((_, Some(_))) => person.mistake("id_number", "stands twice"),
                Some((subject, slot)) => {
                    *slot = Some(self.person(&mut person, subject));
                    person.finish();
                }
            }
        }
        if found.iter().any(Option::is_none) {
            top.mistake("person", "must stand once for everybody whom the task asks about");
        }
        top.finish();
        found.into_iter().flatten().collect()
    }

    fn person(&self, person: &mut Fields<'_>, subject: &Subject) -> SubjectAnswer {
        // For whoever fills it in; the number says whom it is about.
        person.raw("name");
        let data_on = date(person, "data_on");
        let limit = person.raw("limit").map(|value| match scalar(value) {
            Some(Scalar::Text(text)) => Codec::default().read(FieldKind::Money, &text).ok(),
            _ => None,
        });
        let limit = match limit {
            None => None,
            Some(Some(fen)) if self.threshold_only => fen.as_i64().map(hedui_core::Fen),
            Some(_) => {
                person.mistake(
                    "limit",
                    "must be yuan in quotes, of an office that tells only the threshold",
                );
                None
            }
        };
        let listed = person.tables("record");
        let count = listed.len();
        if count > MAX_RECORDS {
            person.mistake("record", format!("more than {MAX_RECORDS} of one person"));
        }
        let listed = listed.into_iter().take(MAX_RECORDS);
        let records: Vec<Record> = listed.filter_map(|record| self.record(record, subject)).collect();
        let word = person.any_text("answer").unwrap_or_default();
        let is_word = self.words().iter().any(|(known, _)| *known == word);
        if !is_word {
            let known: Vec<&str> = self.words().iter().map(|(word, _)| *word).collect();
            person.mistake("answer", format!("must be one of {}", known.join(", ")));
        } else if (word == "found") == (count == 0) {
            person.mistake("answer", "must be \"found\" where records are listed, and only there");
        }
        let state = match word.as_str() {
            "found" => AnswerState::Found { records },
            "no_record" => AnswerState::NoRecord,
            "other_name" => AnswerState::IdentityMismatch,
            "over_limit" => AnswerState::OverLimit { limit },
            "within_limit" => AnswerState::WithinLimit { limit },
            _ => {
                let failure = Reason::OfficeCannotTell.failure();
                return SubjectAnswer::unreachable(subject.ordinal, Unreachable::Failed, failure);
            }
        };
        SubjectAnswer {
            data_on,
            ..SubjectAnswer::of(subject.ordinal, state)
        }
    }

    fn record(&self, mut record: Fields<'_>, subject: &Subject) -> Option<Record> {
        let word = record.required_text("type");
        let types = &self.query.record_types;
        let Some(of) = RecordType::from_word(&word).filter(|of| types.contains(of)) else {
            let known: Vec<&str> = types.iter().map(|t| t.word()).collect();
            record.mistake("type", format!("must be one of {}", known.join(", ")));
            return None;
        };
        let reference = record.any_text("reference").unwrap_or_default();
        if reference.contains(subject.id.expose()) || (!subject.name.is_empty() && reference.contains(&subject.name)) {
            record.mistake("reference", "stands in reports: no number and no name of a person");
        }
        let mut json = Map::new();
        json.insert("type".to_owned(), Json::from(word.clone()));
        for field in fields(of) {
            if let Some(value) = value(&mut record, *field) {
                json.insert(field.name.to_owned(), value);
            }
        }
        let body = serde_json::from_value::<RecordBody>(Json::Object(json)).ok();
        let sound = body.filter(crate::mapping::sound);
        if sound.is_none() {
            record.mistake(
                "",
                "is no whole record: see what is required, and that shares are at most the whole",
            );
        }
        record.finish();
        Some(Record {
            reference: reference.into(),
            body: sound?,
        })
    }
}

/// The value of one field, read as a department's source is.
fn value(record: &mut Fields<'_>, field: Field) -> Option<Json> {
    let Some(value) = record.raw(field.name) else {
        if field.required {
            record.missing(field.name);
        }
        return None;
    };
    let read = match (scalar(value), field.kind) {
        // A bare number could be meant as fen, or as hundredths.
        (Some(Scalar::Number(_)), FieldKind::Money | FieldKind::SquareMetres | FieldKind::Mu) => None,
        (Some(Scalar::Text(text) | Scalar::Number(text)), kind) => match text.trim() {
            "" if !field.required => return None,
            text => Codec::default().read(kind, text).ok(),
        },
        (None, _) => None,
    };
    if read.is_none() {
        record.mistake(field.name, format!("must be {}", expected(field.kind)));
    }
    read
}

fn date(person: &mut Fields<'_>, name: &str) -> Option<PartialDate> {
    let read = match scalar(person.raw(name)?) {
        Some(Scalar::Text(text) | Scalar::Number(text)) => text.parse::<PartialDate>().ok(),
        None => None,
    };
    if read.is_none() {
        person.mistake(name, format!("must be {}", expected(FieldKind::Date)));
    }
    read
}

enum Scalar {
    Text(String),
    Number(String),
}

fn scalar(value: Value) -> Option<Scalar> {
    match value {
        Value::String(text) => Some(Scalar::Text(text)),
        Value::Datetime(moment) => Some(Scalar::Text(moment.to_string())),
        Value::Boolean(flag) => Some(Scalar::Text(flag.to_string())),
        Value::Integer(number) => Some(Scalar::Number(number.to_string())),
        _ => None,
    }
}

/// What a field of a kind takes, in words.
fn expected(kind: FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".to_owned(),
        FieldKind::Money => "yuan in quotes, for example \"1234.50\"".to_owned(),
        FieldKind::Date => "a date: 2026-11-22, or \"2026-11\", or \"2026\"".to_owned(),
        FieldKind::Word(words) => format!("one of {}", words().join(", ")),
        FieldKind::SquareMetres => "square metres in quotes, for example \"86.5\"".to_owned(),
        FieldKind::Mu => "mu in quotes, for example \"3.25\"".to_owned(),
        FieldKind::Number(low, u32::MAX) => format!("a whole number from {low}"),
        FieldKind::Number(low, high) => format!("a whole number from {low} to {high}"),
        FieldKind::Flag => "true or false".to_owned(),
    }
}

/// A record to copy, as comments.
fn template(of: RecordType, out: &mut String) {
    out.push_str(&format!(
        "\n# [[person.record]]\n# type = \"{}\"\n# reference = \"\"\n",
        of.word()
    ));
    for field in fields(of) {
        let need = if field.required { "必填 required: " } else { "" };
        out.push_str(&format!("# {} =    # {need}{}\n", field.name, expected(field.kind)));
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
