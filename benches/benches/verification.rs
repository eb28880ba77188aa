//! What does everything that hedui does beyond asking cost? The real server against a bare broker over the same streams, in one run.
//! Leaves single steps to the server's own counters, which it prints; the load comes from a process of its own.

mod verification {
    pub mod floor;
    pub mod load;
    pub mod process;
    pub mod server;
}

use std::path::Path;
use std::process::ExitCode;

use verification::load::Load;
use verification::process::{Cpu, Known, Role, Roles};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Departments, persons and their sizes as in the measurements that the goal was set by.
pub const DEPARTMENTS: usize = 27;
/// Persons of a household.
pub const PERSONS: usize = 3;
/// Verifications in flight, where nothing else is said.
const IN_FLIGHT: usize = 128;

/// How much is measured.
struct Size {
    /// Verifications of one round.
    verifications: usize,
    /// Rounds, alternating; the medians count.
    rounds: usize,
    /// Verifications in flight.
    in_flight: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(role) = Role::of(&arguments) {
        return exit(role.run());
    }
    let full = arguments.iter().any(|a| a == "--bench");
    let (verifications, rounds) = if full { (8_000, 5) } else { (200, 1) };
    let number = |flag: &str| {
        let at = arguments.iter().position(|a| a == flag)?;
        arguments.get(at + 1)?.parse::<usize>().ok().filter(|n| *n > 0)
    };
    let size = Size {
        verifications: number("--verifications").unwrap_or(verifications),
        rounds: number("--rounds").unwrap_or(rounds),
        in_flight: number("--in-flight").unwrap_or(IN_FLIGHT),
    };
    let dense_only = arguments.iter().any(|a| a == "--dense");
    exit(measure_all(&size, dense_only))
}

/// Of a district's households about every fifth is of three persons.
const HOUSEHOLDS_PER_VERIFICATION: usize = 6;

/// What a district is like, and then departments that say far more than any does; or only these.
fn measure_all(size: &Size, dense_only: bool) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let mut of_district = None;
    if !dense_only {
        let districts = Known::Districts {
            districts: u32::try_from(size.rounds + 1)?,
            households: u32::try_from(size.verifications * HOUSEHOLDS_PER_VERIFICATION + 100)?,
            as_of: today()?,
        };
        println!("== what departments know of a synthetic district's households ==");
        of_district = Some(measure(size, districts, folder.path())?);
        println!();
    }
    println!("== two to five records of everybody at every department ==");
    let ratio = measure(size, Known::Anything, folder.path())?;
    println!();
    if let Some(of_district) = of_district {
        println!("ratio_to_floor_of_a_district={of_district:.2}");
    }
    println!("ratio_to_floor={ratio:.2}");
    Ok(())
}

/// Today at China Standard Time: a verification is about today or an earlier day.
#[allow(clippy::disallowed_methods)]
fn today() -> anyhow::Result<hedui_core::Date> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let days = i32::try_from((since.as_secs() + 8 * 3_600) / 86_400)?;
    Ok(hedui_core::Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(days))?)
}

fn exit(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("verification bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One round of one server.
struct Round {
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    server_us: f64,
    departments_us: f64,
}

#[allow(clippy::float_arithmetic)]
fn measure(size: &Size, known: Known, folder: &Path) -> anyhow::Result<f64> {
    let roles = Roles::start(known, folder)?;
    let mut floors = Vec::new();
    let mut reals = Vec::new();
    // One round each that is not counted: connections, keys, caches.
    let warm = (size.verifications / 10).max(20);
    round(&roles, known, Role::Floor, (warm, 0), size.in_flight)?;
    round(&roles, known, Role::Server, (warm, 0), size.in_flight)?;
    for n in 0..size.rounds {
        let which = (size.verifications, n + 1);
        floors.push(round(&roles, known, Role::Floor, which, size.in_flight)?);
        reals.push(round(&roles, known, Role::Server, which, size.in_flight)?);
    }
    println!(
        "{DEPARTMENTS} departments, {PERSONS} persons, {} in flight, {} x {} verifications",
        size.in_flight, size.rounds, size.verifications
    );
    print_rounds("floor: a bare broker, answers handed over unread", &floors);
    print_rounds("hedui: authorized, consolidated, judged, sealed, durable", &reals);
    println!("\ntime by step of one verification (asked, wait, turn and commit are mostly waiting):");
    for (step, us) in roles.steps()? {
        println!("  {step:<10} {us:>9.1} us");
    }
    let floor = median(floors.iter().map(|r| r.per_second));
    let real = median(reals.iter().map(|r| r.per_second));
    Ok(real / floor)
}

#[allow(clippy::float_arithmetic)]
fn round(
    roles: &Roles,
    known: Known,
    role: Role,
    (verifications, number): (usize, usize),
    in_flight: usize,
) -> anyhow::Result<Round> {
    let before = (roles.cpu(role)?, roles.cpu(Role::Departments)?);
    let load = Load {
        address: roles.address(role),
        verifications,
        in_flight,
        round: number,
        role,
        known,
    };
    let done = load.run()?;
    let after = (roles.cpu(role)?, roles.cpu(Role::Departments)?);
    let each = |from: Cpu, to: Cpu| to.since_us(from) / verifications as f64;
    Ok(Round {
        per_second: verifications as f64 / done.seconds,
        p50_ms: done.p50_ms,
        p99_ms: done.p99_ms,
        server_us: each(before.0, after.0),
        departments_us: each(before.1, after.1),
    })
}

fn print_rounds(what: &str, rounds: &[Round]) {
    println!("\n{what}");
    println!("  verifications/s {:>9.0}", median(rounds.iter().map(|r| r.per_second)));
    println!(
        "  p50 / p99       {:>9.2} / {:.2} ms",
        median(rounds.iter().map(|r| r.p50_ms)),
        median(rounds.iter().map(|r| r.p99_ms))
    );
    println!(
        "  server CPU      {:>9.0} us per verification",
        median(rounds.iter().map(|r| r.server_us))
    );
    println!(
        "  departments CPU {:>9.0} us per verification",
        median(rounds.iter().map(|r| r.departments_us))
    );
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0)
}
