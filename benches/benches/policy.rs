//! How fast are a province's households judged again? The compiled pack against the same rules written by hand, in one run; and from a file.
//! Leaves judging with a trace to `judging`.

mod policy {
    pub mod by_hand;
    pub mod households;
}

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use hedui_core::{Date, Outcome};
use hedui_policy::{Columns, Needs, PackSet, PreparedVerdicts, Snapshot, SnapshotWriter, When};

use policy::by_hand::{Arrays, Said, agree};
use policy::households::Households;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PACK: &str = "dibao-daan-rural-capacity-index";
/// Of a thousand households on bounds.
const OPEN_PER_MILLE: u64 = 100;
/// Every so manieth household judged from the file is judged on exact fractions too.
const CHECKED: u64 = 1_009;

/// How much is measured.
struct Size {
    households: u64,
    rounds: usize,
    rejudged: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let full = arguments.iter().any(|a| a == "--bench");
    let number = |flag: &str, otherwise: u64| {
        let at = arguments.iter().position(|a| a == flag);
        let given = at.and_then(|at| arguments.get(at + 1)?.parse().ok());
        given.unwrap_or(otherwise)
    };
    let (households, rounds, rejudged) = if full {
        (1_000_000, 9, 10_000_000)
    } else {
        (5_000, 1, 20_000)
    };
    let size = Size {
        households: number("--households", households),
        rounds: usize::try_from(number("--rounds", rounds))?.max(1),
        rejudged: number("--rejudge", rejudged),
    };
    let day = Date::new(2018, 6, 15)?;
    let packs = PackSet::bundled().map_err(|mistakes| anyhow::anyhow!("{mistakes}"))?;
    let pack = packs.get(PACK, "1").context("the pack")?;
    let columns = Columns::new(pack)?;
    // First, so that the peak of memory is that of streaming. Snapshots hold what all packs of the programme read that count the same people.
    let rule = columns.needs().rule_digest();
    let mut alike = Vec::new();
    for other in packs
        .packs()
        .iter()
        .filter(|other| other.programme() == pack.programme())
    {
        if Needs::of_packs([other])?.rule_digest() == rule {
            alike.push(other);
        }
    }
    let all = Needs::of_packs(alike)?;
    rejudge(&columns, &Households::new(all, day, OPEN_PER_MILLE), size.rejudged)?;
    let needs = Needs::of_packs([pack])?;
    for open in [0, OPEN_PER_MILLE] {
        compare(&columns, &Households::new(needs.clone(), day, open), &size, day, open)?;
    }
    Ok(())
}

#[allow(clippy::disallowed_methods)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed().as_secs_f64())
}

/// Seconds that pass, and seconds of processors: on a machine that does other work at the same time only the latter tell.
#[derive(Clone, Copy, Default)]
struct Took {
    wall: f64,
    processor: f64,
}

#[allow(clippy::float_arithmetic)]
fn on<T: Send>(pool: &rayon::ThreadPool, work: impl FnOnce() -> T + Send) -> (T, Took) {
    let before = processor_seconds(pool);
    let (result, wall) = timed(|| pool.install(work));
    let processor = processor_seconds(pool) - before;
    (result, Took { wall, processor })
}

/// What the threads of a pool have run so far, where the system tells it.
#[allow(clippy::float_arithmetic)]
fn processor_seconds(pool: &rayon::ThreadPool) -> f64 {
    let each = pool.broadcast(|_| {
        let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        told.split_whitespace().next()?.parse::<f64>().ok()
    });
    each.into_iter().flatten().sum::<f64>() / 1e9
}

fn medians(of: &[Took]) -> Took {
    Took {
        wall: median(of.iter().map(|took| took.wall).collect()),
        processor: median(of.iter().map(|took| took.processor).collect()),
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or_default()
}

/// The loop by hand and the columns in turn, on one thread and on two; settled households for both.
#[allow(clippy::float_arithmetic)]
fn compare(columns: &Columns<'_>, of: &Households, size: &Size, day: Date, open: u64) -> anyhow::Result<()> {
    let rows: Vec<Snapshot> = (0..size.households)
        .map(|n| of.household(n))
        .collect::<anyhow::Result<_>>()?;
    let members: usize = rows.iter().map(|row| row.members().len()).sum();
    let arrays = Arrays::new(&rows, day)?;
    let mut said: Vec<Said> = vec![(0, 0); rows.len()];
    let prepared = columns.prepare(&rows, When::OwnDate)?;
    let mut verdicts = PreparedVerdicts::default();
    let mut before = Vec::new();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        let (mut by_hand, mut ours, mut from_rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut judged = Vec::new();
        // One round more, which is not counted.
        for round in 0..=size.rounds {
            let ((), loop_took) = on(&pool, || arrays.judge(&mut said));
            let ((), columns_took) = on(&pool, || prepared.judge(&mut verdicts));
            let (all, rows_took) = on(&pool, || columns.judge_all(&rows, When::OwnDate));
            judged = all?;
            if round > 0 {
                by_hand.push(loop_took);
                ours.push(columns_took);
                from_rows.push(rows_took);
            }
        }
        ensure!(
            prepared.in_order(&verdicts) == judged,
            "columns kept and columns filled agree"
        );
        ensure!(before.is_empty() || before == judged, "one thread and two agree");
        if open == 0 {
            ensure!(
                said.iter().zip(&judged).all(|(said, judged)| agree(*said, judged)),
                "the loop agrees"
            );
        }
        let count = rows.len() as f64;
        let qualify = judged
            .iter()
            .filter(|judged| judged.outcome == Outcome::Qualifies)
            .count();
        println!(
            "households={} members_each={:.3} qualify={:.2}% open={open}/1000 threads={threads} odd={}",
            rows.len(),
            members as f64 / count,
            100.0 * qualify as f64 / count,
            prepared.odd()
        );
        let floor = medians(&by_hand);
        for (name, took) in [
            ("loop by hand, settled", floor),
            ("columns", medians(&ours)),
            ("columns, filled from snapshots", medians(&from_rows)),
        ] {
            println!(
                "  {name:<32} {:>7.2} M households/s  {:>7.1} ns a household  ratio_to_loop={:.2}  processor {:>6.1} ns, \
                 ratio_to_loop={:.2}",
                count / took.wall / 1e6,
                took.wall * 1e9 / count,
                floor.wall / took.wall,
                took.processor * 1e9 / count,
                floor.processor / took.processor.max(1e-12)
            );
        }
        before = judged;
    }
    Ok(())
}

/// Writes a file of snapshots and judges it again as a stream.
#[allow(clippy::float_arithmetic)]
fn rejudge(columns: &Columns<'_>, of: &Households, count: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("snapshots");
    let mut writer = SnapshotWriter::new(BufWriter::new(File::create(&path)?));
    for number in 0..count {
        writer.write(&of.household(number)?)?;
    }
    let mut file = writer.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    drop(file);
    let bytes = std::fs::metadata(&path)?.len();
    let written = peak_kib();
    let (mut outcomes, mut wrong) = ([0u64; 3], 0);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let (judged, took) = on(&pool, || {
        columns
            .judge_stream(File::open(&path)?, When::OwnDate, |first, judged| {
                for (number, judged) in (first..).zip(judged) {
                    let at = match judged.outcome {
                        Outcome::Qualifies => 0,
                        Outcome::Exceeds => 1,
                        Outcome::Inconclusive => 2,
                    };
                    outcomes.iter_mut().skip(at).take(1).for_each(|count| *count += 1);
                    if number.is_multiple_of(CHECKED) {
                        let row = of.household(number).ok();
                        let exact = row.and_then(|row| columns.judge_exactly(&row, When::OwnDate).ok());
                        wrong += u64::from(exact.as_ref() != Some(judged));
                    }
                }
            })
            .map_err(anyhow::Error::from)
    });
    ensure!(
        judged? == count && wrong == 0,
        "{wrong} households differ from exact fractions"
    );
    println!(
        "rejudged={count} bytes_each={} seconds={:.2} processor_seconds={:.2} households_per_second={:.0} qualify/exceed/inconclusive={outcomes:?} \
         peak_kib={} (before reading {})",
        bytes / count.max(1),
        took.wall,
        took.processor,
        count as f64 / took.wall,
        peak_kib().unwrap_or_default(),
        written.unwrap_or_default()
    );
    Ok(())
}

/// The most memory that this process ever held, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
