//! An office without a system as a plugin: its questions are put off as in production, written as forms, filled in by somebody at once, and read again.
//! Leaves the rules of the protocol to the checks, and keeping tasks, second persons and late answers to the broker.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{AnswerState, Failure, Query, RecordType, Subject, SubjectAnswer};
use hedui_ids::{Date, DivisionCode, ResidentId};
use tokio::time::Instant;
use toml::{Table, Value};

use super::folder::{PATIENCE, RARE_NAME, canary, nobody};
use super::report::{Finding, of};
use super::{CheckReport, Level, Samples};
use crate::adapter::{Adapter, CheckResult, Description};
use crate::clock::Clock;
use crate::manifest::{Manifest, ManifestError};
use crate::mapping::{FieldKind, fields};
use crate::people::PeopleAdapter;
use crate::people::form::Task;
use crate::port::Jitter;
use crate::reason::Reason;
use crate::serve::serve;

/// No promise is made for longer.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Whoever fills in the forms of an office.
pub(crate) trait Worker: Send + Sync {
    /// The form as it is handed in. Knows of the question what the form says.
    fn fill(&self, form: &str) -> Option<String>;
}

/// Whom the clerk's register holds: by number, under a name.
pub(crate) struct Clerk {
    /// Numbers with the name that each is registered under.
    pub(crate) known: Vec<(String, String)>,
    /// What is on record of everybody in it.
    pub(crate) holds: Vec<RecordType>,
    /// Whether only the threshold is told.
    pub(crate) threshold_only: bool,
}

impl Worker for Clerk {
    fn fill(&self, form: &str) -> Option<String> {
        let mut form: Table = form.parse().ok()?;
        for person in form.get_mut("person")?.as_array_mut()? {
            let person = person.as_table_mut()?;
            let number = person.get("id_number")?.as_str()?;
            let registered = self.known.iter().find(|(known, _)| known == number);
            let word = match registered {
                None => "no_record",
                Some((_, name)) if person.get("name")?.as_str()? != name => "other_name",
                Some(_) if self.threshold_only => "over_limit",
                Some(_) => "found",
            };
            person.insert("answer".to_owned(), word.into());
            if word == "found" {
                let records: Vec<Value> = self.holds.iter().map(|of| Value::Table(record(*of))).collect();
                person.insert("record".to_owned(), records.into());
            }
        }
        Some(form.to_string())
    }
}

/// A record as it is written into a form, with every field but numbers of other people.
fn record(of: RecordType) -> Table {
    let mut record = Table::new();
    record.insert("type".to_owned(), of.word().into());
    record.insert("reference".to_owned(), "T-1".into());
    let written = fields(of).iter().filter(|field| !field.name.ends_with("id_number"));
    record.extend(written.map(|field| {
        let value = match field.kind {
            FieldKind::Text => Value::from("T1"),
            FieldKind::Money => Value::from("1234.50"),
            FieldKind::Date => Value::from("2019-05-03"),
            FieldKind::Word(words) => Value::from(words().first().copied().unwrap_or_default()),
            FieldKind::SquareMetres => Value::from("86.5"),
            FieldKind::Mu => Value::from("3.25"),
            FieldKind::Number(low, _) => Value::from(i64::from(low)),
            FieldKind::Flag => Value::from(true),
        };
        (field.name.to_owned(), value)
    }));
    record
}

/// An office and who fills in its forms.
pub(crate) struct Office {
    people: PeopleAdapter,
    threshold_only: bool,
    worker: Box<dyn Worker>,
}

impl Office {
    /// The office of a manifest.
    ///
    /// # Errors
    /// `SOURCE_MISSING` where the manifest describes no people.
    pub(crate) fn open(manifest: &Manifest, clock: Arc<dyn Clock>, worker: Box<dyn Worker>) -> Result<Office, Failure> {
        Ok(Office {
            people: PeopleAdapter::open(manifest, clock)?,
            threshold_only: manifest.threshold_only,
            worker,
        })
    }
}

#[async_trait]
impl Adapter for Office {
    fn describe(&self) -> Description {
        self.people.describe()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        self.people.check(name).await
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.people.query(query, deadline).await?;
        let held = self.people.describe().record_types.into_iter();
        let asked = held.filter(|of| query.record_types.is_empty() || query.record_types.contains(of));
        // A form names everybody once.
        let mut persons: Vec<Subject> = Vec::new();
        for subject in &query.subjects {
            if !persons.iter().any(|known| known.id == subject.id) {
                persons.push(subject.clone());
            }
        }
        let query_of_form = Query {
            record_types: asked.collect(),
            subjects: persons,
            ..query.clone()
        };
        let task = Task {
            name: "verifications/00000000000000000000000000000000/tasks/conformance",
            query: &query_of_form,
            threshold_only: self.threshold_only,
        };
        let filled = self.worker.fill(&task.write());
        let filled = filled.ok_or_else(|| Reason::MalformedAnswer.failure_at("the form cannot be filled in"))?;
        let mistakes = |_| Reason::MalformedAnswer.failure_at("the form that was handed in has mistakes");
        let answers = task.read(&filled).map_err(mistakes)?;
        let by_person = query_of_form.subjects.iter().zip(&answers);
        let answered = query.subjects.iter().filter_map(|subject| {
            let (_, answer) = by_person.clone().find(|(person, _)| person.id == subject.id)?;
            Some(SubjectAnswer {
                ordinal: subject.ordinal,
                ..answer.clone()
            })
        });
        Ok(answered.collect())
    }
}

/// Somebody in the clerk's register: born on a day that no case uses.
fn registered() -> Option<Subject> {
    let birth = Date::new(1971, 3, 17)?;
    Some(Subject {
        ordinal: 0,
        id: ResidentId::compose(DivisionCode::parse("511703")?, birth, 997)?,
        name: "测试甲".to_owned(),
    })
}

/// A question about one person.
fn about(person: Subject) -> Option<Query> {
    Some(Query {
        subjects: vec![person],
        ..nobody()?
    })
}

/// Runs the checks against the office of a manifest, with a clerk who knows one person and fills in every form at once.
///
/// # Errors
/// Mistakes that only opening the office shows.
pub(super) async fn run(
    manifest: &Manifest,
    level: Level,
    jitter: Arc<dyn Jitter>,
    clock: Arc<dyn Clock>,
) -> Result<Vec<CheckReport>, Vec<ManifestError>> {
    let left = |name, rule, why: &str| of(name, rule, Ok(Some(why.to_owned())));
    let mut reports = vec![
        left(
            "cases",
            "every case comes out as expected",
            "people answer: there is no source that could be made out of cases",
        ),
        of(
            "promise",
            "everybody's answer is promised for a time to come",
            promise(manifest, &clock).await,
        ),
    ];
    match protocol(manifest, level, jitter, &clock).await {
        Ok(kept) => reports.extend(kept),
        Err(problem) => reports.push(of("plugin", "the department can be served", Err(problem))),
    }
    if level == Level::Full {
        reports.push(of(
            "source-names",
            "a person with rare characters in the name is found",
            rare_name(manifest, &clock).await,
        ));
    }
    reports.push(left(
        "wrong-config",
        "a wrong configuration fails its self-test, and nobody has no record",
        "people answer: there is no place and no column that could be wrong",
    ));
    reports.push(left(
        "real-source",
        "the department's own source can be read and has every column",
        "people answer: there is no source to read",
    ));
    Ok(reports)
}

/// What the office says before anybody has looked.
async fn promise(manifest: &Manifest, clock: &Arc<dyn Clock>) -> Finding {
    let office = PeopleAdapter::open(manifest, clock.clone()).map_err(|failure| failure.message)?;
    let question = nobody().ok_or("nobody can be invented")?;
    let now = clock.now_ms();
    let answers = office.query(&question, Instant::now() + PATIENCE).await;
    let answers = answers.map_err(|failure| failure.reason)?;
    let longest = now.saturating_add(i64::try_from(LONGEST.as_millis()).unwrap_or(i64::MAX));
    let kept = |answer: &SubjectAnswer| {
        let due = answer.due_at_ms.unwrap_or(now);
        answer.state == AnswerState::Pending && due > now && due <= longest
    };
    if answers.len() == question.subjects.len() && answers.iter().all(kept) {
        Ok(None)
    } else {
        Err("somebody's answer is not promised, or for no time to come within a year".to_owned())
    }
}

/// An office whose clerk knows a person.
fn office(manifest: &Manifest, clock: &Arc<dyn Clock>, known: &Subject) -> Result<Office, String> {
    let clerk = Clerk {
        known: vec![(known.id.expose().to_owned(), known.name.clone())],
        holds: manifest.record_types.clone(),
        threshold_only: manifest.threshold_only,
    };
    Office::open(manifest, clock.clone(), Box::new(clerk)).map_err(|failure| failure.message)
}

/// The checks of the protocol, against the office served as a plugin.
async fn protocol(
    manifest: &Manifest,
    level: Level,
    jitter: Arc<dyn Jitter>,
    clock: &Arc<dyn Clock>,
) -> Result<Vec<CheckReport>, String> {
    let known = registered().ok_or("nobody can be invented")?;
    let samples = Samples {
        known: about(known.clone()).ok_or("the question cannot be made")?,
        unknown: canary().ok_or("nobody can be invented")?,
        pinned: Vec::new(),
    };
    let office = office(manifest, clock, &known)?;
    let serving = serve(Arc::new(office)).await.map_err(|_| "no port can be bound")?;
    let reports = super::run(&serving.endpoint(), &samples, level, jitter).await;
    serving.shutdown().await;
    reports.map_err(|failure| failure.message)
}

/// A rare name, written into a form and read from it again.
async fn rare_name(manifest: &Manifest, clock: &Arc<dyn Clock>) -> Finding {
    let person = Subject {
        name: RARE_NAME.to_owned(),
        ..registered().ok_or("nobody can be invented")?
    };
    let office = office(manifest, clock, &person)?;
    let question = about(person).ok_or("the question cannot be made")?;
    let answers = office.query(&question, Instant::now() + PATIENCE).await;
    let answers = answers.map_err(|failure| failure.reason)?;
    match answers.first().map(|answer| &answer.state) {
        Some(AnswerState::Found { .. } | AnswerState::OverLimit { .. }) => Ok(None),
        Some(state) => Err(format!("answered {}", state.code())),
        None => Err("nobody is answered".to_owned()),
    }
}
