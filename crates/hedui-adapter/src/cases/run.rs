//! Running the cases of a department, each on a source of its own.
//! Leaves reading them to `parse`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hedui_core::{AnswerState, Date, ProgrammeId, Query, Record, Subject, SubjectAnswer};
use serde_json::{Map, Value as Json};
use tokio::sync::oneshot;

use super::{Case, CaseReport, Expect};
use crate::adapter::{Adapter, MappedAdapter};
use crate::manifest::{Connector, Manifest, ManifestError, Variables};
use crate::mapping::{Row, Value};
use crate::port::{AdapterPort, Ask, Port, Reply, ReplySink, ReplyTo, StreamPort, UnaryPort};
use crate::samples::database::{Database, kind_of, redirect};
use crate::samples::{Memory, Person, SampleServer, TypedAdapter, materialise, relocated};
use crate::serve::serve;
use crate::wire::encode_query;

/// More than any connector needs for one person on one machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs the cases of a department; sources are made below `dir`, which must be empty or not there.
///
/// # Errors
/// Mistakes in the manifest or the cases. A case that fails, or whose source cannot be made, is a report.
pub async fn run(manifest: &str, cases: &str, dir: &Path) -> Result<Vec<CaseReport>, Vec<ManifestError>> {
    let cases = super::parse(cases)?;
    let server = SampleServer::start().await;
    let server = server.map_err(|error| vec![ManifestError::new("sample server", error.to_string())])?;
    let parsed = Manifest::parse(manifest, &variables(manifest, dir, &server))?;
    let database = database(&parsed, &dir.join("server")).await?;
    let mut reports = Vec::with_capacity(cases.len());
    for (number, case) in cases.iter().enumerate() {
        let folder = dir.join(number.to_string());
        let variables = variables(manifest, &folder, &server);
        let mut manifest = relocated(Manifest::parse(manifest, &variables)?, &folder, &server);
        let filled = match &database {
            None => Ok(()),
            Some(database) => {
                redirect(&mut manifest, database);
                database.fill(&manifest, &case.rows).await
            }
        };
        let asked = match filled {
            Ok(()) => ask(&manifest, case, &server).await,
            Err(error) => Err(error.to_string()),
        };
        let outcome = match asked {
            Ok(answer) => compare(&answer, &case.expect),
            Err(problem) => Err(problem),
        };
        let (passed, message) = match outcome {
            Ok(()) => (true, "as expected".to_owned()),
            Err(message) => (false, message),
        };
        reports.push(CaseReport {
            name: case.name.clone(),
            passed,
            message,
        });
    }
    Ok(reports)
}

/// The database server of the machine that the connector needs, if it needs one.
pub(crate) async fn database(manifest: &Manifest, folder: &Path) -> Result<Option<Database>, Vec<ManifestError>> {
    let Some(kind) = kind_of(manifest) else {
        return Ok(None);
    };
    let folder = folder.to_owned();
    let started = tokio::task::spawn_blocking(move || Database::start(kind, &folder, None)).await;
    let mistake = |message: String| vec![ManifestError::new("sample database", message)];
    match started {
        Ok(Ok(database)) => Ok(Some(database)),
        Ok(Err(error)) => Err(mistake(error.to_string())),
        Err(_) => Err(mistake("the server could not be started".to_owned())),
    }
}

/// `${data}` is the case's folder, `${http}` the sample server; a plugin's endpoint is given when it runs.
fn variables(manifest: &str, folder: &Path, server: &SampleServer) -> Variables {
    let value = |name: &str| match name {
        "data" => folder.display().to_string(),
        "http" => server.url(),
        // A database connector's own values are put in once its server runs.
        name if name.ends_with("port") => "1".to_owned(),
        _ => "http://127.0.0.1:1".to_owned(),
    };
    Manifest::variables(manifest)
        .into_iter()
        .map(|name| (name.clone(), value(&name)))
        .collect()
}

async fn ask(manifest: &Manifest, case: &Case, server: &SampleServer) -> Result<SubjectAnswer, String> {
    let query = Arc::new(query(case).ok_or("the question cannot be made")?);
    let adapter: Arc<dyn Adapter> = Arc::from(adapter(manifest, case, server)?);
    let answers = match &manifest.connector {
        Connector::Grpc { stream, .. } => over_the_wire(manifest, adapter, *stream, &query).await?,
        _ => port(Arc::new(AdapterPort::new(adapter)), &query).await?,
    };
    answers
        .into_iter()
        .next()
        .ok_or_else(|| "the connector gives no answer".to_owned())
}

/// Serves the department as a plugin and asks it as the broker would.
async fn over_the_wire(
    manifest: &Manifest,
    adapter: Arc<dyn Adapter>,
    stream: bool,
    query: &Arc<Query>,
) -> Result<Vec<SubjectAnswer>, String> {
    let serving = serve(adapter).await.map_err(|_| "no port can be bound")?;
    let (id, limits, endpoint) = (manifest.id.clone(), manifest.limits, serving.endpoint());
    let opened: Result<Arc<dyn Port>, _> = if stream {
        StreamPort::open(id, &endpoint, limits, Arc::new(|_| 0)).map(|port| Arc::new(port) as Arc<dyn Port>)
    } else {
        UnaryPort::open(id, &endpoint, limits).map(|port| Arc::new(port) as Arc<dyn Port>)
    };
    let answers = port(opened.map_err(|failure| failure.message)?, query).await;
    serving.shutdown().await;
    answers
}

async fn port(port: Arc<dyn Port>, query: &Arc<Query>) -> Result<Vec<SubjectAnswer>, String> {
    let (sender, receiver) = oneshot::channel();
    let ask = Ask {
        query: query.clone(),
        encoded: encode_query(query),
        timeout: PATIENCE,
        forward: None,
    };
    port.ask(ask, ReplyTo::new(Arc::new(One(Mutex::new(Some(sender)))), 0));
    let reply: Reply = receiver.await.map_err(|_| "the port gives no reply")?;
    Ok(reply.answers(query))
}

/// A sink for one reply.
struct One(Mutex<Option<oneshot::Sender<Reply>>>);

impl ReplySink for One {
    fn reply(&self, _slot: u32, reply: Reply) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The runner waits until a reply comes.
            let _ = sender.send(reply);
        }
    }
}

/// The question of a case.
pub(crate) fn query(case: &Case) -> Option<Query> {
    let as_of = Date::new(2019, 7, 1).ok()?;
    Some(Query {
        query_id: "case".to_owned(),
        purpose: ProgrammeId::new("dibao").ok()?,
        district_code: "511703".to_owned(),
        authorization_digest: [0; 32],
        as_of,
        period_from: Date::new(2018, 7, 1).ok()?,
        period_until: as_of,
        subjects: vec![Subject {
            ordinal: 0,
            id: case.id,
            name: case.person.clone(),
        }],
        record_types: Vec::new(),
    })
}

/// The department with the rows of a case in its source.
pub(crate) fn adapter(manifest: &Manifest, case: &Case, server: &SampleServer) -> Result<Box<dyn Adapter>, String> {
    match (&manifest.connector, &manifest.mapping) {
        (plugin, None) if plugin.is_plugin() => Ok(Box::new(TypedAdapter::new(manifest.describe(), people(case)?))),
        // No database can be made behind a driver: its rows are read from memory, and only the query is not tried.
        (other, Some(mapping)) if other.is_plugin() || matches!(other, Connector::Odbc(_)) => {
            let rows = Memory::new(mapping, case.rows.iter().map(|row| row.row.clone()));
            Ok(Box::new(MappedAdapter::new(
                manifest.describe(),
                mapping.clone(),
                Box::new(rows),
            )))
        }
        (connector, _) => {
            let made = match connector {
                Connector::Http(_) => server.put(manifest, &case.rows),
                // Filled before.
                Connector::Postgres(_) | Connector::Mysql(_) => Ok(()),
                _ => materialise(manifest, &case.rows),
            };
            made.map_err(|error| error.to_string())?;
            let adapter = MappedAdapter::open(manifest).map_err(|failure| failure.message)?;
            Ok(Box::new(adapter))
        }
    }
}

/// Rows of a department without mapping are typed: `id_number`, `name`, and a record in the form of expectations.
fn people(case: &Case) -> Result<Vec<Person>, String> {
    let mut people: Vec<Person> = Vec::new();
    for row in &case.rows {
        let text = |column| match row.row.get(column) {
            Value::Text(text) => text.to_owned(),
            _ => String::new(),
        };
        let (id_number, name) = (text("id_number"), text("name"));
        let record = typed(&row.row).ok_or("a typed row is no record")?;
        match people.iter_mut().find(|person| person.id_number == id_number) {
            Some(person) => person.records.push(record),
            None => people.push(Person {
                id_number,
                name,
                records: vec![record],
            }),
        }
    }
    Ok(people)
}

/// A record out of cells: numbers and flags are tried as such where the text is no value of the field.
fn typed(row: &Row) -> Option<Record> {
    let mut json = Map::new();
    for (column, text) in row
        .cells()
        .filter(|(column, _)| !["id_number", "name"].contains(column))
    {
        json.insert(column.to_owned(), Json::from(text));
    }
    let record_type = hedui_core::RecordType::from_word(json.get("type")?.as_str()?)?;
    json.entry("reference").or_insert(Json::from(""));
    for field in crate::mapping::fields(record_type) {
        use crate::mapping::FieldKind::{Date, Flag, Text, Word};
        if let Some(value) = json.get_mut(field.name)
            && !matches!(field.kind, Text | Date | Word(_) | Flag)
        {
            *value = Json::from(value.as_str()?.parse::<i64>().ok()?);
        } else if let Some(value) = json.get_mut(field.name)
            && matches!(field.kind, Flag)
        {
            *value = Json::from(value.as_str()? == "true");
        }
    }
    serde_json::from_value(Json::Object(json)).ok()
}

fn compare(answer: &SubjectAnswer, expect: &Expect) -> Result<(), String> {
    let state = match &answer.state {
        AnswerState::Unreachable { .. } => "FAILED",
        state => state.code(),
    };
    let reason = answer.failure.as_ref().map(|failure| failure.reason.as_str());
    if state != expect.state || (expect.reason.is_some() && expect.reason.as_deref() != reason) {
        let wanted = [Some(expect.state.as_str()), expect.reason.as_deref()];
        let message = answer.failure.as_ref().map_or("", |failure| failure.message.as_str());
        let wanted: Vec<&str> = wanted.into_iter().flatten().collect();
        return Err(format!(
            "expected {}, got {state} {} {message}",
            wanted.join(" "),
            reason.unwrap_or_default()
        ));
    }
    if let Some(notes) = expect.notes.filter(|notes| *notes != answer.notes.len()) {
        return Err(format!("expected {notes} notes, got {:?}", answer.notes));
    }
    let Some(wanted) = &expect.records else {
        return Ok(());
    };
    let records = match &answer.state {
        AnswerState::Found { records } => records.as_slice(),
        _ => &[],
    };
    if records.len() != wanted.len() {
        return Err(format!("expected {} records, got {}", wanted.len(), records.len()));
    }
    for (i, (record, wanted)) in records.iter().zip(wanted).enumerate() {
        let json = serde_json::to_value(record).map_err(|_| "a record cannot be shown")?;
        for (field, value) in wanted {
            if json.get(field) != Some(value) {
                let got = json.get(field).map_or("no such field".to_owned(), Json::to_string);
                return Err(format!("record {i}, {field}: expected {value}, got {got}"));
            }
        }
    }
    Ok(())
}
