//! The drivers without a connector: the least that a program must do to hold the rows of a household as texts.
//! No mapping, no limits, no notes, nobody else's rows looked for.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context as _;
use futures::TryStreamExt as _;
use hedui_adapter::samples::database::Database;
use hedui_core::Subject;
use serde_json::Value as Json;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls, Statement};

use super::register::RowTexts;

/// The query with the driver's own placeholders.
pub fn numbered(query: &str, sign: char) -> String {
    query
        .replace(":id_number", &format!("{sign}1"))
        .replace(":legacy_id_number", &format!("{sign}2"))
}

fn legacy(subject: &Subject) -> Option<String> {
    subject.id.legacy_15().map(|legacy| legacy.expose().to_owned())
}

/// One statement for every person.
pub fn sqlite(statement: &mut rusqlite::Statement<'_>, subjects: &[Subject]) -> anyhow::Result<Vec<RowTexts>> {
    let mut found = Vec::new();
    for subject in subjects {
        let rows = statement.query_map((subject.id.expose(), legacy(subject)), |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
        })?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// The rows of a file, by whom they are about.
pub type Held = HashMap<String, Vec<csv::StringRecord>>;

/// The file, read whole.
pub fn csv(path: &Path) -> anyhow::Result<Held> {
    let mut held = Held::new();
    for row in csv::Reader::from_path(path)?.into_records() {
        let row = row?;
        let who = row.get(0).context("a number")?.to_owned();
        held.entry(who).or_default().push(row);
    }
    Ok(held)
}

/// Their rows, copied.
pub fn of_csv(held: &Held, subjects: &[Subject]) -> Vec<RowTexts> {
    let mut found = Vec::new();
    for subject in subjects {
        let legacy = legacy(subject);
        let keys = [Some(subject.id.expose()), legacy.as_deref()];
        let rows = keys.into_iter().flatten().filter_map(|key| held.get(key)).flatten();
        found.extend(rows.map(|row| [0, 1, 2, 3, 4].map(|at| row.get(at).unwrap_or_default().to_owned())));
    }
    found
}

/// One request a person, all at once.
pub async fn http(client: &reqwest::Client, address: &str, subjects: &[Subject]) -> anyhow::Result<Vec<RowTexts>> {
    let ask = async |subject: &Subject| {
        let answer = client.get(format!("{address}{}", subject.id.expose())).send().await?;
        let body = answer.error_for_status()?.bytes().await?;
        let tree: Json = serde_json::from_slice(&body)?;
        let rows = tree.pointer("/data/rows").and_then(Json::as_array).context("rows")?;
        let text = |row: &Json, name: &str| row.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let texts = |row: &Json| ["who", "name", "what", "amount", "day"].map(|name| text(row, name));
        anyhow::Ok(rows.iter().map(texts).collect::<Vec<_>>())
    };
    let found = futures::future::try_join_all(subjects.iter().map(ask)).await?;
    Ok(found.concat())
}

/// A connection, and what drives it.
pub async fn connect(server: &Database) -> anyhow::Result<(Client, JoinHandle<Result<(), tokio_postgres::Error>>)> {
    let values = server.values();
    let value = |key: &str| {
        values
            .iter()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value.as_str())
    };
    let mut config = tokio_postgres::Config::new();
    config
        .host(value("host").context("a host")?)
        .port(value("port").context("a port")?.parse()?)
        .dbname(value("database").context("a database")?)
        .user(value("user").context("a user")?)
        .password(value("password").context("a password")?);
    let (client, line) = config.connect(NoTls).await?;
    Ok((client, tokio::spawn(line)))
}

/// One question a person, sent together.
pub async fn postgres(client: &Client, statement: &Statement, subjects: &[Subject]) -> anyhow::Result<Vec<RowTexts>> {
    let ask = async |subject: &Subject| {
        let values = [Some(subject.id.expose().to_owned()), legacy(subject)];
        let rows: Vec<tokio_postgres::Row> = client.query_raw(statement, &values).await?.try_collect().await?;
        let texts = rows
            .iter()
            .map(|row| [row.get(0), row.get(1), row.get(2), row.get(3), row.get(4)]);
        anyhow::Ok(texts.collect::<Vec<RowTexts>>())
    };
    let found = futures::future::try_join_all(subjects.iter().map(ask)).await?;
    Ok(found.concat())
}
