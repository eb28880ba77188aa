//! A department's folder as a plugin: its source is made out of its cases, served, and checked like any other; then its configuration is made wrong.
//! Leaves the rules of the protocol to the checks, and the department's own source to one self-test that only reads it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hedui_core::{AnswerState, Subject};
use hedui_ids::{Date, DivisionCode, ResidentId};
use tokio::time::Instant;

use super::report::{Finding, of};
use super::{CheckReport, Level, Samples};
use crate::adapter::{Adapter, MappedAdapter};
use crate::cases::{Case, adapter, database, query};
use crate::clock::Clock;
use crate::exchange::{self, ExchangeAdapter};
use crate::manifest::{Connector, Manifest, ManifestError, Variables};
use crate::mapping::{FieldSource, Mapping};
use crate::port::Jitter;
use crate::samples::database::{Database, redirect};
use crate::samples::{SampleServer, relocated};
use crate::serve::serve;

/// How long a source that is made wrong may take to say so.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// A name with characters of four bytes and the dot of names of minorities.
pub(super) const RARE_NAME: &str = "𠮷丽·䶮";

/// Runs every check against the folder of a department; sources are made below `dir`, which must be empty or not there. The clock is for the
/// department's own source, where its questions are signed.
///
/// # Errors
/// Mistakes in the manifest or the cases.
pub async fn run(
    manifest_text: &str,
    cases_text: &str,
    given: &Variables,
    dir: &Path,
    level: Level,
    jitter: Arc<dyn Jitter>,
    clock: Arc<dyn Clock>,
) -> Result<Vec<CheckReport>, Vec<ManifestError>> {
    let mut variables = Manifest::placeholders(manifest_text);
    variables.extend(given.clone());
    let manifest = Manifest::parse(manifest_text, &variables)?;
    if manifest.connector.people().is_some() {
        return super::office::run(&manifest, level, jitter, clock).await;
    }
    if manifest.connector.is_answered_elsewhere() {
        let why = "another hedui answers it: there is no source that could be made out of cases".to_owned();
        return Ok(vec![of("cases", "every case comes out as expected", Ok(Some(why)))]);
    }
    let cases = crate::cases::parse(cases_text)?;
    let mut reports = vec![of(
        "cases",
        "every case comes out as expected",
        all_cases(manifest_text, cases_text, dir).await,
    )];
    let server = SampleServer::start().await;
    let server = server.map_err(|error| vec![ManifestError::new("sample server", error.to_string())])?;
    let database = database(&manifest, &dir.join("kit-server")).await?;
    let folder = Folder {
        manifest: &manifest,
        dir,
        server: &server,
        database: database.as_ref(),
    };
    let known = cases.iter().find(|c| c.expect.state == "FOUND").or(cases.first());
    let Some(known) = known else { return Ok(reports) };
    match folder.protocol(known, level, jitter).await {
        Ok(kept) => reports.extend(kept),
        Err(problem) => reports.push(of("plugin", "the department can be served", Err(problem))),
    }
    if level == Level::Full {
        reports.push(of(
            "source-names",
            "a person with rare characters in the name is found",
            folder.rare_name(known).await,
        ));
    }
    reports.push(of(
        "wrong-config",
        "a wrong configuration fails its self-test, and nobody has no record",
        folder.wrong_config().await,
    ));
    if let Connector::Http(http) = &manifest.connector {
        reports.push(of(
            "error-answers",
            "an error that a web service answers is never no record",
            super::errors::told_apart(&folder.at("errors"), http, &server).await,
        ));
    }
    reports.push(of(
        "real-source",
        "the department's own source can be read and has every column",
        real_source(manifest_text, given, clock).await,
    ));
    Ok(reports)
}

async fn all_cases(manifest: &str, cases: &str, dir: &Path) -> Finding {
    let reports = crate::cases::run(manifest, cases, &dir.join("cases")).await;
    let reports = reports.map_err(|mistakes| mistakes.first().map_or(String::new(), ToString::to_string))?;
    let failed: Vec<String> = reports
        .iter()
        .filter(|r| !r.passed)
        .map(|r| format!("{}: {}", r.name, r.message))
        .collect();
    if failed.is_empty() {
        Ok(None)
    } else {
        Err(failed.join("; "))
    }
}

struct Folder<'f> {
    manifest: &'f Manifest,
    dir: &'f Path,
    server: &'f SampleServer,
    /// The server of a department whose source is a database.
    database: Option<&'f Database>,
}

impl Folder<'_> {
    fn at(&self, name: &str) -> Manifest {
        let mut manifest = relocated(self.manifest.clone(), &self.dir.join(name), self.server);
        if let Some(database) = self.database {
            redirect(&mut manifest, database);
        }
        manifest
    }

    /// The department with the rows of a case in a source of its own.
    async fn department(&self, name: &str, case: &Case) -> Result<Box<dyn Adapter>, String> {
        let manifest = self.at(name);
        if let Some(database) = self.database {
            let filled = database.fill(&manifest, &case.rows).await;
            filled.map_err(|error| error.to_string())?;
        }
        adapter(&manifest, case, self.server)
    }

    /// The checks of the protocol, against the department served as a plugin with the rows of one case.
    async fn protocol(&self, known: &Case, level: Level, jitter: Arc<dyn Jitter>) -> Result<Vec<CheckReport>, String> {
        let department: Arc<dyn Adapter> = Arc::from(self.department("protocol", known).await?);
        let samples = Samples {
            known: query(known).ok_or("the question cannot be made")?,
            unknown: canary().ok_or("nobody can be invented")?,
            pinned: Vec::new(),
        };
        let serving = serve(department).await.map_err(|_| "no port can be bound")?;
        let reports = super::run(&serving.endpoint(), &samples, level, jitter).await;
        serving.shutdown().await;
        reports.map_err(|failure| failure.message)
    }

    /// The row of a known person under a rare name, written into the source and found there again.
    async fn rare_name(&self, known: &Case) -> Finding {
        let Some(column) = self.manifest.mapping.as_ref().and_then(|m| m.identity.name.clone()) else {
            return Ok(Some("the mapping has no column of names".to_owned()));
        };
        if known.expect.state != "FOUND" {
            return Ok(Some("no case finds anybody".to_owned()));
        }
        let mut case = known.clone();
        RARE_NAME.clone_into(&mut case.person);
        for row in &mut case.rows {
            row.row.set(&column, RARE_NAME);
        }
        let department = self.department("names", &case).await?;
        let question = query(&case).ok_or("the question cannot be made")?;
        let answers = department.query(&question, Instant::now() + PATIENCE).await;
        let answers = answers.map_err(|failure| failure.reason)?;
        match answers.first().map(|answer| &answer.state) {
            Some(AnswerState::Found { .. }) => Ok(None),
            Some(state) => Err(format!("answered {}", state.code())),
            None => Err("nobody is answered".to_owned()),
        }
    }

    /// Each way to make the configuration wrong.
    async fn wrong_config(&self) -> Finding {
        let Some(mapping) = &self.manifest.mapping else {
            return Ok(Some("a plugin has a configuration of its own".to_owned()));
        };
        let mut tried = 0;
        for (what, wrong) in self.wrong(mapping) {
            let Ok(department) = MappedAdapter::open(&wrong) else {
                tried += 1;
                continue;
            };
            tried += 1;
            let results = department.check(Some("source")).await;
            let failed = results
                .iter()
                .any(|r| r.check == "source" && r.outcome == crate::adapter::Outcome::Fail);
            if !failed {
                return Err(format!("{what}: the self-test passes"));
            }
            let question = nobody().ok_or("nobody can be invented")?;
            let answers = department.query(&question, Instant::now() + PATIENCE).await;
            if answers.is_ok_and(|answers| answers.iter().any(|a| a.state.is_answer())) {
                return Err(format!("{what}: somebody is answered"));
            }
        }
        if tried == 0 {
            return Ok(Some(
                "this connector has nothing that could be made wrong here".to_owned(),
            ));
        }
        Ok(None)
    }

    fn wrong(&self, mapping: &Mapping) -> Vec<(&'static str, Manifest)> {
        const NOWHERE: &str = "hedui_no_such_name";
        let mut all = Vec::new();
        let mut elsewhere = self.at("wrong");
        let is_file = match &mut elsewhere.connector {
            Connector::Sqlite { path, .. } => {
                path.push_str(NOWHERE);
                true
            }
            Connector::Csv { file, .. } | Connector::Excel { file, .. } | Connector::Dbf { file, .. } => {
                file.path_mut().push_str(NOWHERE);
                true
            }
            Connector::Postgres(database) | Connector::Mysql(database) => {
                database.port = 1;
                true
            }
            Connector::Http(http) => {
                // Nothing listens on the port for tests of the network's own plumbing.
                http.url = "http://127.0.0.1:1/".to_owned();
                false
            }
            _ => return all,
        };
        all.push(("another place", elsewhere));
        if is_file {
            let mut renamed = self.at("protocol");
            let mut mapping = mapping.clone();
            let columns = mapping.records.iter_mut().flat_map(|r| &mut r.fields);
            // A source may lack the column of an optional field.
            let column = columns.filter(|f| !f.optional).filter_map(|f| match &mut f.source {
                FieldSource::Column(column, _) => Some(column),
                FieldSource::Constant(_) => None,
            });
            match column.into_iter().next() {
                Some(column) => NOWHERE.clone_into(column),
                None => NOWHERE.clone_into(&mut mapping.identity.id_number),
            }
            renamed.mapping = Some(mapping);
            all.push(("another column", renamed));
        }
        all
    }
}

/// Reads the department's own source, where its variables are given.
async fn real_source(manifest: &str, given: &Variables, clock: Arc<dyn Clock>) -> Finding {
    let missing: Vec<String> = Manifest::variables(manifest)
        .into_iter()
        .filter(|name| !given.contains_key(name))
        .collect();
    if !missing.is_empty() {
        let missing = missing.join(", ");
        return Ok(Some(format!("no value given by --set-file or --set for {missing}")));
    }
    let manifest = Manifest::parse(manifest, given).map_err(|_| "the manifest has mistakes with these variables")?;
    let department: Box<dyn Adapter> = match &manifest.connector {
        Connector::Grpc { .. } => return Ok(Some("a plugin: name its endpoint instead of the folder".to_owned())),
        Connector::Exec(_) | Connector::Json(_) => {
            let exchange = exchange::open(&manifest).map_err(|failure| failure.message)?;
            Box::new(ExchangeAdapter::new(&manifest, exchange))
        }
        Connector::People(_) => return Ok(Some("people answer: there is no source to read".to_owned())),
        _ => Box::new(MappedAdapter::open_with(&manifest, clock).map_err(|failure| failure.message)?),
    };
    let results = department.check(None).await;
    let failed = results.iter().find(|r| r.outcome == crate::adapter::Outcome::Fail);
    failed.map_or(Ok(None), |result| Err(format!("{}: {}", result.check, result.message)))
}

/// Somebody whom no source can know: born on a day that no case uses.
pub fn canary() -> Option<Subject> {
    let birth = Date::new(1971, 3, 17)?;
    Some(Subject {
        ordinal: 0,
        id: ResidentId::compose(DivisionCode::parse("511703")?, birth, 998)?,
        name: "欧阳探测".to_owned(),
    })
}

/// A question about that somebody.
pub fn nobody() -> Option<hedui_core::Query> {
    let as_of = hedui_core::Date::new(2019, 7, 1).ok()?;
    Some(hedui_core::Query {
        query_id: "conformance".to_owned(),
        purpose: hedui_core::ProgrammeId::new("dibao").ok()?,
        district_code: "511703".to_owned(),
        authorization_digest: [0; 32],
        as_of,
        period_from: hedui_core::Date::new(2018, 7, 1).ok()?,
        period_until: as_of,
        subjects: vec![canary()?],
        record_types: Vec::new(),
    })
}
