//! What does a query through a connector cost, against the bare driver in the same run: SQLite, a folder of CSV, HTTP with JSON, PostgreSQL?
//! Leaves the way from a department to a verdict to `verification`. Both read the same rows of the same source; every answer is checked first.

mod connectors {
    pub mod bare;
    pub mod register;
}

use std::future::Future;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use hedui_adapter::samples::database::{Database, Kind, redirect};
use hedui_adapter::samples::{SampleServer, materialise};
use hedui_adapter::{Adapter as _, Manifest, MappedAdapter};
use hedui_core::{Query, Subject};

use connectors::bare;
use connectors::register::{self, NOW, QUERY, Register, RowTexts, manifest};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// More than any query here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much is measured.
struct Effort {
    persons: u32,
    /// Each asks about every household once, the bare driver and the connector by turns.
    rounds: usize,
    /// Times that the files of a folder are read whole.
    loads: usize,
}

fn main() -> anyhow::Result<()> {
    let full = std::env::args().any(|a| a == "--bench");
    let effort = if full {
        Effort {
            persons: 6_000,
            rounds: 9,
            loads: 9,
        }
    } else {
        Effort {
            persons: 30,
            rounds: 1,
            loads: 1,
        }
    };
    // As the server has it: others do the drivers' work while one waits.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(measure(&effort))
}

async fn measure(effort: &Effort) -> anyhow::Result<()> {
    let register = Register::of(effort.persons)?;
    let dir = tempfile::tempdir()?;
    let (persons, households) = (effort.persons, register.queries.len());
    println!(
        "{persons} persons with {} rows each, {households} households",
        register::ROWS
    );
    sqlite(&register, effort, dir.path()).await?;
    csv(&register, effort, dir.path()).await?;
    http(&register, effort).await?;
    postgres(&register, effort, &dir.path().join("server")).await
}

/// The statement prepared once, on the thread that asks.
async fn sqlite(register: &Register, effort: &Effort, dir: &Path) -> anyhow::Result<()> {
    let connector = format!(
        "kind = \"sqlite\", path = \"{}/t.sqlite\", query = \"{QUERY}\"",
        dir.display()
    );
    let manifest = manifest(&connector)?;
    materialise(&manifest, &register.rows)?;
    let connection = rusqlite::Connection::open(dir.join("t.sqlite"))?;
    let mut statement = connection.prepare(&bare::numbered(QUERY, '?'))?;
    let bare = async |subjects: &[Subject]| bare::sqlite(&mut statement, subjects);
    compare("sqlite", register, effort, &open(&manifest)?, bare).await
}

/// The rows in memory under the numbers, as any reader of the file would hold them; and how long it takes until they are there.
async fn csv(register: &Register, effort: &Effort, dir: &Path) -> anyhow::Result<()> {
    let folder = dir.join("drop");
    std::fs::create_dir(&folder)?;
    let connector = format!(
        "kind = \"csv\", folder = \"{}\", pattern = \"t_{{yyyymmdd}}.csv\", settle = \"0s\", max_age = \"40d\", key_column = \"who\"",
        folder.display()
    );
    let manifest = manifest(&connector)?;
    materialise(&manifest, &register.rows)?;
    let file = std::fs::read_dir(&folder)?
        .next()
        .context("a file in the folder")??
        .path();
    let held = bare::csv(&file)?;
    let bare = async |subjects: &[Subject]| Ok(bare::of_csv(&held, subjects));
    compare("csv", register, effort, &open(&manifest)?, bare).await?;
    let first = register.queries.first().context("a household")?;
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..effort.loads {
        floor.push(timed(async { Ok(black_box(bare::csv(&file)?).len()) }).await?);
        ours.push(timed(async { asked(&open(&manifest)?, first).await.map(black_box) }).await?);
    }
    print("load_ratio_csv", 1, floor, ours);
    Ok(())
}

/// A client of the same library that asks for all members at once and takes the rows out of the JSON.
async fn http(register: &Register, effort: &Effort) -> anyhow::Result<()> {
    let server = SampleServer::start().await?;
    let address = format!("{}/aid?id=", server.url());
    let connector = format!("kind = \"http\", url = \"{address}{{{{ id_number }}}}\", rows = \"$.data.rows[*]\"");
    let manifest = manifest(&connector)?;
    server.put(&manifest, &register.rows)?;
    let adapter = open(&manifest)?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let bare = async |subjects: &[Subject]| bare::http(&client, &address, subjects).await;
    compare("http", register, effort, &adapter, bare).await
}

/// One connection, the statement prepared once, the questions about all members sent together.
async fn postgres(register: &Register, effort: &Effort, folder: &Path) -> anyhow::Result<()> {
    let connector = format!(
        "kind = \"postgres\", host = \"h\", database = \"d\", user = \"u\", password = \"${{password}}\", query = \"{QUERY}\""
    );
    let mut manifest = manifest(&connector)?;
    let server = Database::start(Kind::Postgres, folder, None)?;
    redirect(&mut manifest, &server);
    server.fill(&manifest, &register.rows).await?;
    server.run("CREATE INDEX by_who ON t (who); ANALYZE t").await?;
    let (client, line) = bare::connect(&server).await?;
    let statement = client.prepare(&bare::numbered(QUERY, '$')).await?;
    let bare = async |subjects: &[Subject]| bare::postgres(&client, &statement, subjects).await;
    compare("postgres", register, effort, &open(&manifest)?, bare).await?;
    drop(client);
    line.await??;
    Ok(())
}

fn open(manifest: &Manifest) -> anyhow::Result<MappedAdapter> {
    let adapter = MappedAdapter::open_with(manifest, Arc::new(|| NOW));
    adapter.map_err(|failure| anyhow::anyhow!("{failure:?}"))
}

/// How many records there are of a household; one of nobody is a failure.
async fn asked(adapter: &MappedAdapter, query: &Query) -> anyhow::Result<usize> {
    let answers = adapter.query(query, tokio::time::Instant::now() + PATIENCE).await;
    let answers = answers.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    let records = answers.iter().map(register::records);
    records.map(|records| records.map(<[_]>::len)).sum()
}

/// Checks what both say of every household, then measures them by turns.
async fn compare(
    name: &str,
    register: &Register,
    effort: &Effort,
    adapter: &MappedAdapter,
    mut bare: impl AsyncFnMut(&[Subject]) -> anyhow::Result<Vec<RowTexts>>,
) -> anyhow::Result<()> {
    for query in &register.queries {
        let given = bare(&query.subjects).await?;
        ensure!(
            register.is_held(&query.subjects, given),
            "{name}: the bare driver reads other rows"
        );
        let answers = adapter.query(query, tokio::time::Instant::now() + PATIENCE).await;
        let answers = answers.map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
        ensure!(
            register.is_answered(&query.subjects, &answers)?,
            "{name}: the connector says something else"
        );
    }
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        let plainly = async {
            let mut rows = 0;
            for query in &register.queries {
                rows += black_box(bare(&query.subjects).await?).len();
            }
            Ok(rows)
        };
        floor.push(timed(plainly).await?);
        let mapped = async {
            let mut records = 0;
            for query in &register.queries {
                records += black_box(asked(adapter, query).await?);
            }
            Ok(records)
        };
        ours.push(timed(mapped).await?);
    }
    print(&format!("overhead_ratio_{name}"), register.queries.len(), floor, ours);
    Ok(())
}

/// Nanoseconds.
#[allow(clippy::disallowed_methods)]
async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<u128> {
    let start = std::time::Instant::now();
    work.await?;
    Ok(start.elapsed().as_nanos())
}

/// The ratio of the medians, and both in hundredths of a microsecond a time.
fn print(name: &str, times: usize, floor: Vec<u128>, ours: Vec<u128>) {
    let median = |mut rounds: Vec<u128>| {
        rounds.sort_unstable();
        rounds.get(rounds.len() / 2).copied().unwrap_or_default().max(1)
    };
    let (floor, ours) = (median(floor), median(ours));
    let hundredths = |n: u128| format!("{}.{:02}", n / 100, n % 100);
    let each = |ns: u128| hundredths(ns / 10 / (times as u128).max(1));
    let ratio = hundredths(ours * 100 / floor);
    println!(
        "{name}={ratio} (bare {} us, through the connector {} us)",
        each(floor),
        each(ours)
    );
}
