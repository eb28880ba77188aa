//! `hedui demo`: a synthetic district whose departments are real sources, verified over the broker's own gRPC port.
//! Leaves the district and its sources to `hedui-sim`, the broker to `start`, and the printing of reports to `cli::report`.

mod choose;
mod district;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use hedui_core::household::Residence;
use hedui_proto::verification as pb;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::refusal::Refusal;
use crate::cli::{Exit, Lang};
use crate::config::Config;
use crate::demo::choose::{Chosen, choose};
use crate::demo::district::District;
use crate::shell::quoted;
use crate::start::{Started, packs, start};

/// The programme that households are verified for.
const PROGRAMME: &str = "dibao";
/// Port on which the demo listens when it is free: the one that clients call by default.
const PORT: u16 = 7311;

/// A synthetic district, verified before your eyes.
#[derive(Args, Clone, Debug)]
pub struct DemoArgs {
    /// Households of the district.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    pub households: u32,
    /// Seed of the district: the same seed makes the same people.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Division code of the district; one that a policy pack for Dibao is for, see `hedui policy list`.
    #[arg(long, default_value = "511703")]
    pub district: String,
    /// Port to listen on; where left out 7311, or another free one where that is taken.
    #[arg(long)]
    pub port: Option<u16>,
    /// Folder for the sources and the store; a temporary one, removed at the end, where left out.
    #[arg(long)]
    pub directory: Option<PathBuf>,
    /// Folder of department manifests instead of those compiled in.
    #[arg(long)]
    pub adapters: Option<PathBuf>,
    /// End after the three reports instead of serving on.
    #[arg(long)]
    pub once: bool,
}

/// How results are shown.
#[derive(Clone, Copy, Debug)]
pub struct Show {
    /// Language of the reports.
    pub lang: Lang,
    /// Columns.
    pub width: u16,
}

/// Nobody reads what the demo prints any more.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads on")]
struct NobodyReads;

/// Prints, as every command does; ends the demo where nobody reads any more.
fn say(text: &str) -> anyhow::Result<()> {
    if crate::cli::write(&format!("{text}\n"))? {
        return Ok(());
    }
    Err(NobodyReads.into())
}

/// Whatever ends the demo from outside: Ctrl-C, a stop, a terminal that is closed.
struct Signals([Signal; 3]);

impl Signals {
    /// Waits for them from now on: none ends the process by itself any more.
    fn new() -> std::io::Result<Signals> {
        let [interrupt, terminate, hangup] =
            [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Signals([interrupt?, terminate?, hangup?]))
    }

    /// Resolves at the first one, also where it came before this was called.
    async fn any(&mut self) {
        let Signals([interrupt, terminate, hangup]) = self;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

/// Runs the demo to its end.
pub async fn demo(args: DemoArgs, show: Show, today: hedui_core::Date) -> anyhow::Result<Exit> {
    check_district(&args.district, today)?;
    let listen = free_address(args.port).await?;
    // Before the folder is made, or a signal would leave it behind.
    let mut signals = Signals::new()?;
    let built = tokio::select! {
        built = District::build(&args, today) => built,
        // What was begun is dropped: the folder goes, and the processes of the plugins.
        () = signals.any() => return Ok(Exit::Interrupted),
    };
    let mut district = built?;
    let config = config(&args, &district, listen);
    let started = start(config, &mut |line| eprintln!("  {line}")).await?;
    if args.port.is_none() && listen.port() != PORT {
        let port = started.listening.address.port();
        eprintln!("port {PORT} is taken; listening on {port}");
    }
    let result = tokio::select! {
        shown = present(&args, show, &mut district, &started) => shown.map(|()| Exit::Success),
        () = signals.any() => Ok(Exit::Interrupted),
    };
    let result = match result {
        Ok(Exit::Success) if !args.once => serve(&started, &mut signals).await,
        other => other,
    };
    // Where it ended in between.
    let back = district.switch_on();
    let ended = started.stop(Duration::from_secs(5)).await;
    district.end().await;
    let exit = match result {
        Err(error) if error.is::<NobodyReads>() => Exit::Success,
        other => other?,
    };
    ended?;
    back?;
    Ok(exit)
}

/// Serves on until somebody ends it.
async fn serve(started: &Started, signals: &mut Signals) -> anyhow::Result<Exit> {
    say(&format!(
        "Serving on http://{} until Ctrl-C.",
        started.listening.address
    ))?;
    signals.any().await;
    Ok(Exit::Success)
}

/// Checks that some pack judges there, before a district is invented in vain.
fn check_district(code: &str, today: hedui_core::Date) -> anyhow::Result<()> {
    let packs = packs(None)?;
    let programme = hedui_core::ProgrammeId::new(PROGRAMME).map_err(|e| anyhow::anyhow!("{e}"))?;
    let judged = |code: &str| {
        packs
            .select(code, &programme, Residence::Urban, today, None)
            .map(|_| ())
    };
    judged(code).map_err(|error| {
        let of_programme = packs.packs().iter().filter(|pack| *pack.programme() == programme);
        let mut known: Vec<&str> = of_programme
            .map(|pack| pack.jurisdiction())
            .filter(|code| judged(code).is_ok())
            .collect();
        known.sort_unstable();
        known.dedup();
        anyhow::anyhow!("--district: {error}; the demo knows {}", known.join(", "))
    })
}

/// Where to listen: at the port that was asked for or nowhere; at the usual one, or any that is free.
async fn free_address(port: Option<u16>) -> anyhow::Result<SocketAddr> {
    let wanted = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(PORT)));
    match (tokio::net::TcpListener::bind(wanted).await, port) {
        (Ok(_), _) => Ok(wanted),
        (Err(error), Some(port)) => Err(anyhow::anyhow!(
            "--port: port {port} is taken ({error}); name another one, or leave it out for any that is free"
        )),
        (Err(_), None) => Ok(SocketAddr::from(([127, 0, 0, 1], 0))),
    }
}

/// The demo's configuration: the defaults, the district's sources.
fn config(args: &DemoArgs, district: &District, listen: SocketAddr) -> Config {
    let mut config = Config::default();
    config.server.listen = listen;
    config.store.directory = district.directory().join("store");
    config.store.key_file = config.store.directory.join("master.key");
    config.transparency.key_file = config.store.directory.join("log.key");
    config.catalogue.directory.clone_from(&args.adapters);
    config.catalogue.variables = district.variables();
    config
}

async fn present(args: &DemoArgs, show: Show, district: &mut District, started: &Started) -> anyhow::Result<()> {
    let server = format!("http://{}", started.listening.address);
    let mut client = client(&server).await?;
    let chosen = choose(district.population())?;
    say(&intro(district, started, &server))?;

    let report = verify(&mut client, &chosen.qualifies, &args.district).await?;
    print_report(1, "a household in need, telling the truth", &report, show)?;
    let report = verify(&mut client, &chosen.hides, &args.district).await?;
    print_report(2, "a household that hides something", &report, show)?;
    let off = district.switch_off()?;
    let report = verify(&mut client, &chosen.in_the_dark, &args.district).await?;
    district.switch_on()?;
    print_report(
        3,
        &format!(
            "a household in need, with two departments switched off ({})",
            off.join(", ")
        ),
        &report,
        show,
    )?;

    let file = district.write_household(&chosen)?;
    if args.once {
        // The server is gone with the demo, and a temporary folder too.
        return say(&outro_once(args)?);
    }
    say(&outro(&server, &args.district, &file)?)
}

type Client = pb::verification_service_client::VerificationServiceClient<tonic::transport::Channel>;

async fn client(server: &str) -> anyhow::Result<Client> {
    Client::connect(server.to_owned())
        .await
        .context("the demo's own server does not answer")
}

/// Verifies one household as a window clerk's system would: create, wait, read.
async fn verify(client: &mut Client, household: &Chosen, district: &str) -> anyhow::Result<pb::Verification> {
    let request = household.request(district);
    let created = client
        .create_verification(request)
        .await
        .map_err(refused)?
        .into_inner()
        .verification
        .unwrap_or_default();
    let wait = pb::WaitVerificationRequest {
        name: created.name.clone(),
        view: pb::View::Full.into(),
        ..Default::default()
    };
    Ok(client
        .wait_verification(wait)
        .await
        .map_err(refused)?
        .into_inner()
        .verification
        .unwrap_or_default())
}

/// What the server says, with every field that it names.
fn refused(status: tonic::Status) -> anyhow::Error {
    let mut text = status.message().to_owned();
    for violation in Refusal::of(&status, "").violations {
        text.push_str(&format!("\n  {}: {}", violation.field, violation.description));
    }
    anyhow::anyhow!(text)
}

fn print_report(number: u8, what: &str, report: &pb::Verification, show: Show) -> anyhow::Result<()> {
    let text = crate::cli::report::render(report, show.lang, usize::from(show.width));
    say(&format!(
        "\n=== {number} of 3: {what} ===\n\n{}",
        crate::cli::printable(&text)
    ))
}

fn intro(district: &District, started: &Started, server: &str) -> String {
    format!(
        "hedui demo: {} synthetic households; {} departments as real sources ({}); broker on {server}.\nEverybody and everything here is invented; the departments are simulated, the path through them is real.",
        district.population().households.len(),
        started.broker.registry().departments().len(),
        district.kinds(),
    )
}

/// How to go on by oneself: lines for a shell that stands in whatever folder.
fn outro(server: &str, district: &str, file: &Path) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("where this program stands")?;
    let file = std::path::absolute(file).with_context(|| format!("where {} stands", file.display()))?;
    let (program, file) = (quoted(&program), quoted(&file));
    Ok(format!(
        "\n=== now you ===\n\nVerify a household yourself, in another terminal (edit the file and see what changes):\n\n  {program} verify --server {server} --household {file}\n\nLook around:\n\n  {program} departments --server {server}\n  {program} list --server {server} --district {district}\n\nTake the proofs of a verification to somebody who trusts nobody here (hedui-verify checks them):\n\n  {program} audit proof VERIFICATION --out FOLDER --server {server}\n"
    ))
}

/// How to have the same district again, and its server for as long as one likes.
fn outro_once(args: &DemoArgs) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("where this program stands")?;
    let (households, seed) = (args.households, args.seed);
    let mut line = format!("{} demo --households {households} --seed {seed}", quoted(&program));
    line.push_str(&format!(" --district {}", args.district));
    for (flag, folder) in [("--directory", &args.directory), ("--adapters", &args.adapters)] {
        if let Some(folder) = folder {
            let folder = std::path::absolute(folder).with_context(|| format!("where {} stands", folder.display()))?;
            line.push_str(&format!(" {flag} {}", quoted(&folder)));
        }
    }
    Ok(format!(
        "\n=== now you ===\n\nThis server ends here (--once). One that stays, with the same people, and says how to verify a household yourself:\n\n  {line}\n"
    ))
}
