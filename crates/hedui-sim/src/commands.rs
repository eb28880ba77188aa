//! The programs of this crate as functions, so that another binary can be them in a child process: `plugin_main`, `departments_main`.
//! Leaves the exit code to the binary. Both print where they listen as the first line on stdout and stop when stdin is closed.

#[cfg(test)]
mod tests;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use clap::Parser;
use hedui_adapter::Catalogue;
use hedui_core::Date;

use crate::error::SimError;
use crate::fast::{self, FastSettings, Faults};
use crate::plugin;
use crate::population;

/// One department's own program, answering from a file of people.
#[derive(Debug, Parser)]
#[command(name = "plugin", no_binary_name = true)]
struct PluginArgs {
    /// Department id, for example rural-commercial-bank.
    #[arg(long)]
    department: String,
    /// File of people, one JSON object a line.
    #[arg(long)]
    data: PathBuf,
    /// Directory of manifests in place of the compiled-in catalogue.
    #[arg(long)]
    catalogue: Option<PathBuf>,
}

/// Departments at full speed, each on a port of its own.
#[derive(Debug, Parser)]
#[command(name = "departments", no_binary_name = true)]
struct DepartmentsArgs {
    /// How many departments.
    #[arg(long, default_value_t = 27)]
    count: usize,
    /// Seed of bodies, thinking times and faults.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Milliseconds of thinking before an answer, least and most: 5..50.
    #[arg(long, value_parser = think)]
    think_ms: Option<(u32, u32)>,
    /// Questions in a thousand that fail.
    #[arg(long, default_value_t = 0)]
    fail_permille: u32,
    /// Questions in a thousand that are answered for another person.
    #[arg(long, default_value_t = 0)]
    stranger_permille: u32,
    /// Questions in a thousand that are never answered.
    #[arg(long, default_value_t = 0)]
    silent_permille: u32,
    /// Threads that answer.
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// Know the people of this many synthetic districts, of the seeds from `--seed` on, and nobody else. Without it, everybody has some
    /// records everywhere.
    #[arg(long, default_value_t = 0, requires = "as_of")]
    districts: u32,
    /// Households of each of these districts.
    #[arg(long, default_value_t = 500)]
    households: u32,
    /// The day on which they apply, for example 2026-11-20.
    #[arg(long, value_parser = day)]
    as_of: Option<Date>,
    /// GB/T 2260 code of these districts.
    #[arg(long, default_value = "511703")]
    district: String,
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|_| "a day, for example 2026-11-20".to_owned())
}

impl DepartmentsArgs {
    /// The districts whose people the departments know.
    fn districts(&self) -> Vec<population::Settings> {
        let seeds = (0..u64::from(self.districts)).map(|n| self.seed.wrapping_add(n));
        let of = |(seed, as_of)| population::Settings {
            seed,
            district: self.district.clone(),
            households: self.households,
            as_of,
            programmes: Vec::new(),
        };
        seeds
            .zip(std::iter::repeat(self.as_of))
            .filter_map(|(seed, day)| Some(of((seed, day?))))
            .collect()
    }
}

fn think(text: &str) -> Result<(u32, u32), String> {
    let wrong = || "two numbers of milliseconds, for example 5..50".to_owned();
    let (low, high) = text.split_once("..").ok_or_else(wrong)?;
    let number = |part: &str| part.trim().parse::<u32>().map_err(|_| wrong());
    Ok((number(low)?, number(high)?))
}

fn usage(error: &clap::Error) -> SimError {
    SimError::Argument(error.to_string())
}

/// Runs one department's plugin; `args` without the name of the program. Prints its address, stops when stdin is closed.
///
/// Starts a runtime of its own: call it from a thread without one.
pub fn plugin_main<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> Result<(), SimError> {
    let args = PluginArgs::try_parse_from(args).map_err(|error| usage(&error))?;
    runtime(1)?.block_on(async {
        let folders = match &args.catalogue {
            None => Catalogue::bundled_folders(),
            Some(directory) => Catalogue::folders(directory).map_err(|source| SimError::Io {
                what: "reading the catalogue".into(),
                source,
            })?,
        };
        let serving = plugin::start_as(plugin::description(&folders, &args.department)?, &args.data).await?;
        print_line(&serving.endpoint())?;
        stdin_closed().await;
        serving.shutdown().await;
        Ok(())
    })
}

/// Runs departments at full speed; `args` without the name of the program. Prints one line of JSON with their addresses, stops when
/// stdin is closed.
///
/// Starts a runtime of its own: call it from a thread without one.
pub fn departments_main<A: Into<OsString> + Clone>(args: impl IntoIterator<Item = A>) -> Result<(), SimError> {
    let args = DepartmentsArgs::try_parse_from(args).map_err(|error| usage(&error))?;
    let settings = FastSettings {
        count: args.count,
        seed: args.seed,
        think_ms: args.think_ms,
        faults: Faults {
            fail_permille: args.fail_permille,
            stranger_permille: args.stranger_permille,
            silent_permille: args.silent_permille,
        },
        districts: args.districts(),
    };
    runtime(args.threads)?.block_on(async {
        let departments = fast::start(&settings).await?;
        print_line(&departments.line())?;
        stdin_closed().await;
        departments.stop();
        Ok(())
    })
}

fn runtime(threads: usize) -> Result<tokio::runtime::Runtime, SimError> {
    let mut builder = match threads {
        0 | 1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    builder
        .worker_threads(threads.clamp(1, 256))
        .enable_all()
        .build()
        .map_err(|source| SimError::Io {
            what: "starting the runtime".into(),
            source,
        })
}

/// The first line is what the parent process waits for.
fn print_line(line: &str) -> Result<(), SimError> {
    let mut out = std::io::stdout().lock();
    let written = writeln!(out, "{line}").and_then(|()| out.flush());
    written.map_err(|source| SimError::Io {
        what: "writing to stdout".into(),
        source,
    })
}

/// Waits until whoever started this process has closed its end, or has ended.
async fn stdin_closed() {
    let (tell, told) = tokio::sync::oneshot::channel();
    // A thread of its own, because reading stdin cannot be cancelled and must not keep the runtime from ending.
    std::thread::spawn(move || {
        let mut buffer = [0u8; 256];
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut buffer), Ok(read) if read > 0) {}
        // Nobody listens any more where the process is ending anyway.
        let _ = tell.send(());
    });
    // An error means that the thread is gone, which is the same news.
    let _ = told.await;
}
