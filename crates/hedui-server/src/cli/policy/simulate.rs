//! `hedui policy simulate`: a pack tried on verified households before it is in force, by a server or on a file of snapshots.
//! Leaves judging to `hedui_policy`; how the result looks to `render`, `csv` and `chart`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use clap::{Args, ValueEnum};
use hedui_core::{Date, Fen, Town};
use hedui_ids::DivisionCode;
use hedui_policy::{FiledReader, Little, Pack, PackSet, Simulation, Terms};
use hedui_proto::operations as wire;
use tonic::Request;

use super::in_pack;
use crate::cli::client::{Client, ServerArgs};
use crate::cli::error::Mistake;
use crate::cli::lang::Lang;
use crate::cli::progress::Progress;
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};
use crate::simulation::simulation;

mod chart;
mod csv;
pub(super) mod figures;
mod render;
#[cfg(test)]
mod tests;

/// Households between two lines of progress.
const TELL_EVERY: u64 = 100_000;

/// Arguments of `hedui policy simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The pack in force: ID@VERSION, or a pack file.
    #[arg(long, value_name = "PACK")]
    from: String,
    /// The pack to be tried: ID@VERSION, or a pack file that is in force nowhere yet.
    #[arg(long, value_name = "PACK")]
    to: String,
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE", required_unless_present = "snapshots")]
    district: Option<DistrictArg>,
    /// Only households of this township (9 digits) or village (12); villages of a township are then told apart.
    #[arg(long, value_name = "CODE", value_parser = town)]
    town: Option<Town>,
    /// The day whose parameters and ages count; of each household that of its verification where left out.
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Which tables to print; both where left out.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// A change of so many yuan a month is about the same.
    #[arg(long, value_name = "YUAN", default_value = "1", value_parser = yuan)]
    little_yuan: Fen,
    /// So is a change of so many percent of what was paid before, with up to two decimals.
    #[arg(long, value_name = "PERCENT", default_value = "1", value_parser = percent)]
    little_percent: u32,
    /// How many verifications of those who gain and lose most are named, at most 100.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=100))]
    references: u32,
    /// Write the counts and sums to a CSV file.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Begin the CSV file with a byte-order mark, so that Excel reads it as UTF-8.
    #[arg(long, requires = "csv")]
    bom: bool,
    /// Write a chart to an SVG file.
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Try it on a file that `hedui policy snapshots` wrote, without a server.
    #[arg(long, value_name = "FILE")]
    snapshots: Option<PathBuf>,
    /// With --snapshots: where packs by ID@VERSION are found; those compiled in where left out.
    #[arg(long, value_name = "PATH", requires = "snapshots")]
    packs: Vec<PathBuf>,
    /// What for; it stands in the log with the counts.
    #[arg(long, value_name = "TEXT", default_value = "")]
    purpose: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// A district's code.
pub(super) type DistrictArg = String;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum By {
    /// By township, or by village of one.
    Town,
    /// By kind of household.
    Type,
}

fn town(text: &str) -> Result<Town, String> {
    Town::parse(text).ok_or_else(|| "nine digits of a township, or twelve of a village".to_owned())
}

fn yuan(text: &str) -> Result<Fen, String> {
    let wrong = || "yuan with at most two decimals, not negative".to_owned();
    hundredths(text).map(Fen).ok_or_else(wrong)
}

fn percent(text: &str) -> Result<u32, String> {
    let points = hundredths(text).and_then(|points| u32::try_from(points).ok());
    points
        .filter(|points| *points <= 10_000)
        .ok_or_else(|| "0 to 100 with at most two decimals".to_owned())
}

/// A decimal with at most two places, in hundredths.
fn hundredths(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let part: i64 = format!("{part:0<2}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(part)
}

/// Runs `hedui policy simulate`.
pub async fn run(arguments: SimulateArgs, context: &Context) -> Result<Answer, CliError> {
    for (flag, path) in [("csv", &arguments.csv), ("chart", &arguments.chart)] {
        // Told before the work, not after it.
        let folder = path.as_deref().and_then(Path::parent);
        if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
            let folder = folder.display();
            return Err(CliError::Usage(format!("--{flag}: there is no folder {folder}")));
        }
    }
    let looked_at = Arc::new(LookedAt::default());
    let simulated = async {
        match &arguments.snapshots {
            Some(file) => on_file(&arguments, file, context, &looked_at).await,
            None => on_server(&arguments, context, &looked_at).await,
        }
    };
    let simulation = tokio::select! {
        simulation = simulated => simulation?,
        // What the server does for a caller who goes away ends; nothing was written yet.
        _ = tokio::signal::ctrl_c() => {
            looked_at.stop.store(true, Ordering::Relaxed);
            eprintln!("{}", stopped(looked_at.households.load(Ordering::Relaxed), context));
            return Err(CliError::Stopped);
        }
    };
    let csv = arguments
        .csv
        .as_ref()
        .map(|path| (path, csv::csv(&simulation, arguments.bom)));
    let chart = arguments
        .chart
        .as_ref()
        .map(|path| (path, chart::svg(&simulation, context.lang)));
    for (path, text) in csv.into_iter().chain(chart) {
        write_whole(path, &text)?;
    }
    let lost = simulation.gathered.is_some_and(|gathered| gathered.unreadable > 0);
    let exit = if lost { Exit::Internal } else { Exit::Success };
    match context.output {
        Output::Json => Answer::json(&json::simulation(&simulation), exit),
        Output::Table => Ok(Answer {
            text: render::report(&simulation, arguments.by, context),
            exit,
        }),
    }
}

/// How far a simulation has come, and whether it is to stop.
#[derive(Default)]
struct LookedAt {
    households: AtomicU64,
    stop: AtomicBool,
}

fn stopped(households: u64, context: &Context) -> String {
    context.lang.pick(
        format!("已停止：看过 {households} 户，没有结果，未写任何文件"),
        format!("stopped after {households} households: there is no result, and no file was written"),
    )
}

/// Writes a file that is there whole or not at all: what was there before stays until then.
fn write_whole(path: &Path, text: &str) -> Result<(), CliError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let written = fs::write(&unfinished, text).and_then(|()| fs::rename(&unfinished, path));
    written.map_err(|error| {
        // Half of a table would look like one.
        let _ = fs::remove_file(&unfinished);
        CliError::Output(error)
    })
}

/// A pack as it is named: a file where it looks like one, else by id and version.
enum Named<'a> {
    File(&'a Path),
    Known(&'a str, &'a str),
}

fn named<'a>(flag: &str, text: &'a str) -> Result<Named<'a>, CliError> {
    let path = Path::new(text);
    if text.ends_with(".toml") || text.contains('/') {
        return Ok(Named::File(path));
    }
    match text.split_once('@') {
        Some((id, version)) if !id.is_empty() && !version.is_empty() => Ok(Named::Known(id, version)),
        _ => Err(CliError::Usage(format!(
            "--{flag}: name a pack by ID@VERSION, for example dibao-dachuan-urban@1, or a file ending in .toml"
        ))),
    }
}

async fn on_server(
    arguments: &SimulateArgs,
    context: &Context,
    looked_at: &LookedAt,
) -> Result<wire::Simulation, CliError> {
    let pack = |flag, text| -> Result<Option<wire::SimulatedPack>, CliError> {
        let pack = match named(flag, text)? {
            Named::Known(id, version) => wire::simulated_pack::Pack::Known(wire::PackName {
                id: id.to_owned(),
                version: version.to_owned(),
            }),
            Named::File(path) => {
                let text = super::read(path)?;
                // Mistakes are told before anything is sent, each with its line.
                parsed(path, &text)?;
                let name = path.display().to_string();
                wire::simulated_pack::Pack::File(wire::PackFile { name, text })
            }
        };
        Ok(Some(wire::SimulatedPack { pack: Some(pack) }))
    };
    let (from, to) = (pack("from", &arguments.from)?, pack("to", &arguments.to)?);
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::SimulatePolicyRequest {
        district_code: arguments.district.clone().unwrap_or_default(),
        from,
        to,
        town: arguments.town.map(|town| town.to_string()).unwrap_or_default(),
        on: arguments.on.map(values::date_of),
        little_a_month: Some(values::money_of(arguments.little_yuan)),
        little_basis_points: Some(arguments.little_percent),
        references: Some(arguments.references),
        purpose: arguments.purpose.clone(),
        actor: client.actor.clone(),
    });
    let response = client.operations().simulate_policy(request).await;
    let mut steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let mut last = None;
    while let Some(step) = steps.message().await.map_err(|status| client.refusal(&status))? {
        let gathered = step.gathered.unwrap_or_default();
        looked_at.households.store(gathered.households, Ordering::Relaxed);
        if step.simulation.is_none() {
            progress.say(&told(gathered.households, context.lang));
        }
        last = step.simulation.or(last);
    }
    progress.finish();
    last.ok_or_else(|| CliError::Internal("the server ended without a word".to_owned()))
}

pub(super) fn told(households: u64, lang: Lang) -> String {
    lang.pick(
        format!("已看 {households} 户"),
        format!("{households} households looked at"),
    )
}

/// A pack, or all its mistakes.
fn parsed(path: &Path, text: &str) -> Result<Pack, CliError> {
    let name = path.display().to_string();
    Pack::parse(&name, text).map_err(|mistakes| CliError::Input {
        what: name,
        mistakes: mistakes.0.iter().map(in_pack).collect(),
    })
}

async fn on_file(
    arguments: &SimulateArgs,
    file: &Path,
    context: &Context,
    looked_at: &Arc<LookedAt>,
) -> Result<wire::Simulation, CliError> {
    let known: PackSet = super::load(&arguments.packs)?;
    let pack = |flag: &str, text| match named(flag, text)? {
        Named::File(path) => parsed(path, &super::read(path)?),
        Named::Known(id, version) => known.get(id, version).cloned().ok_or_else(|| {
            let message = "no pack of this id and version; `hedui policy list` shows those there are";
            wrong(&format!("--{flag}"), "PACK_UNKNOWN", message.to_owned())
        }),
    };
    let (from, to) = (pack("from", &arguments.from)?, pack("to", &arguments.to)?);
    let district = match &arguments.district {
        None => None,
        Some(code) => Some(
            DivisionCode::parse(code)
                .ok_or_else(|| wrong("--district", "DISTRICT_INVALID", "six digits by GB/T 2260".to_owned()))?,
        ),
    };
    let terms = Terms {
        on: arguments.on,
        little: Little {
            monthly: arguments.little_yuan.0,
            basis_points: arguments.little_percent,
        },
        district,
        town: arguments.town,
        references: arguments.references as usize,
    };
    let (file, looked_at) = (file.to_owned(), Arc::clone(looked_at));
    let (lang, terminal) = (context.lang, context.surroundings.stderr_is_terminal);
    // Beside the thread that waits for Ctrl-C.
    let judging = tokio::task::spawn_blocking(move || {
        judge_file(
            &file,
            (&from, &to, terms),
            &looked_at,
            (lang, Progress::new(lang, terminal)),
        )
    });
    let ended = judging.await;
    ended.unwrap_or_else(|_| Err(CliError::Internal("judging the file broke off".to_owned())))
}

/// Judges the households of a file under both packs.
fn judge_file(
    file: &Path,
    (from, to, terms): (&Pack, &Pack, Terms),
    looked_at: &LookedAt,
    (lang, progress): (Lang, Progress),
) -> Result<wire::Simulation, CliError> {
    let simulated =
        Simulation::new(from, to, terms).map_err(|error| wrong("--to", error.reason(), error.to_string()))?;
    let opened = File::open(file).map_err(|source| CliError::Read {
        path: file.to_owned(),
        source,
    })?;
    let what = file.display().to_string();
    let broken = |error: hedui_policy::FiledFileError| wrong(&what, error.reason(), error.to_string());
    let mut reader = FiledReader::new(opened).map_err(broken)?;
    let mut said = 0;
    let tally = simulated.fold_file(&mut reader, |households| {
        looked_at.households.store(households, Ordering::Relaxed);
        if households / TELL_EVERY > said {
            said = households / TELL_EVERY;
            progress.say(&told(households, lang));
        }
        !looked_at.stop.load(Ordering::Relaxed)
    });
    progress.finish();
    let tally = tally.map_err(broken)?;
    if tally.is_about_nobody() {
        let message = "no household of the file is of the programme, residence and place asked for";
        return Err(wrong(&what, "NO_HOUSEHOLDS", message.to_owned()));
    }
    Ok(simulation(&tally, simulated.packs(), simulated.terms(), None))
}

/// One mistake of a flag or a file.
fn wrong(what: &str, reason: &str, message: String) -> CliError {
    CliError::Input {
        what: what.to_owned(),
        mistakes: vec![Mistake {
            line: None,
            field: what.to_owned(),
            reason: reason.to_owned(),
            message,
        }],
    }
}
