//! How fast are a province's households judged again? The compiled pack against the same rules written by hand, in one run; and from a file.
//! Leaves judging with a trace to `judging`.

mod policy {
    pub mod by_hand;
    pub mod households;
}

use std::fs::File;
use std::io::BufWriter;
use std::time::Instant;

use anyhow::{Context as _, ensure};
use hedui_core::household::Residence;
use hedui_core::{Date, Outcome, ProgrammeId, Town};
use hedui_ids::DivisionCode;
use hedui_policy::{
    Change, Columns, Filed, FiledReader, FiledWriter, Needs, PackSet, PreparedVerdicts, Row, Simulation, Snapshot,
    Tally, Terms, When,
};

use policy::by_hand::{Arrays, Said, agree};
use policy::households::Households;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PACK: &str = "dibao-daan-rural-capacity-index";
/// The pack that it would replace.
const IN_FORCE: &str = "dibao-daan-rural";
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
    let in_force = packs.get(IN_FORCE, "1").context("the pack in force")?;
    let simulation = Simulation::new(in_force, pack, Terms::default())?;
    rejudge(&simulation, &Households::new(all, day, OPEN_PER_MILLE), size.rejudged)?;
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

/// Writes a file of filed households, as `hedui policy snapshots` does, and judges it again as a stream under two packs.
#[allow(clippy::float_arithmetic)]
fn rejudge(simulation: &Simulation<'_>, of: &Households, count: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("snapshots");
    let file = File::create(&path)?;
    let mut writer = FiledWriter::new(BufWriter::new(file))?;
    for number in 0..count {
        let filed = filed(number, &of.household(number)?)?;
        writer.write(Row {
            reference: u128::from(number).to_be_bytes(),
            filed: &filed,
        })?;
    }
    let (file, written) = writer.finish()?;
    ensure!(written == count, "every household was written");
    file.into_inner()?.sync_all()?;
    let bytes = std::fs::metadata(&path)?.len();
    let before = peak_kib();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    let (tally, took) = on(&pool, || -> anyhow::Result<Tally> {
        let mut reader = FiledReader::new(File::open(&path)?)?;
        Ok(simulation.fold_file(&mut reader, |_| true)?)
    });
    let tally = tally?;
    ensure!(tally.households() == count, "every household was judged");
    check(simulation, of, count)?;
    println!(
        "rejudged={count} packs=2 bytes_each={} seconds={:.2} processor_seconds={:.2} households_per_second={:.0} towns={} peak_kib={} (before \
         reading {})",
        bytes / count.max(1),
        took.wall,
        took.processor,
        count as f64 / took.wall,
        tally.towns.len(),
        peak_kib().unwrap_or_default(),
        before.unwrap_or_default()
    );
    let named = Change::ALL
        .iter()
        .map(|change| format!("{change:?}={}", tally.total.of(*change)));
    println!("  {}", named.collect::<Vec<_>>().join(" "));
    Ok(())
}

/// Every so manieth household alone, and all of those together: the same is paid as on exact fractions.
fn check(simulation: &Simulation<'_>, of: &Households, count: u64) -> anyhow::Result<()> {
    let numbers: Vec<u64> = (0..count).filter(|number| number.is_multiple_of(CHECKED)).collect();
    let rows: Vec<Snapshot> = numbers
        .iter()
        .map(|n| of.household(*n))
        .collect::<anyhow::Result<_>>()?;
    let filed: Vec<Vec<u8>> = numbers
        .iter()
        .zip(&rows)
        .map(|(number, row)| filed(*number, row))
        .collect::<anyhow::Result<_>>()?;
    let filed: Vec<Row<'_>> = filed
        .iter()
        .map(|filed| Row {
            reference: [0; 16],
            filed,
        })
        .collect();
    let total = simulation.fold(&filed)?.total;
    for (pack, sum) in simulation.packs().into_iter().zip([total.before, total.after]) {
        let columns = Columns::new(pack)?;
        let mut least = 0i128;
        for row in &rows {
            let judged = columns.judge_exactly(row, When::OwnDate)?;
            if judged.outcome == Outcome::Qualifies {
                // Both packs pay by the year.
                least += judged.amount.map_or(0, |amount| i128::from(amount.lo));
            }
        }
        ensure!(least == sum.lo, "the sum of {} differs from exact fractions", pack.id());
    }
    Ok(())
}

/// What is filed of an invented household, in one of thirty townships.
fn filed(number: u64, snapshot: &Snapshot) -> anyhow::Result<Vec<u8>> {
    let district = DivisionCode::parse("220882").context("a district")?;
    let town = Town::new((220_882_101 + number % 30) * 1_000);
    let dibao = ProgrammeId::new("dibao").map_err(|error| anyhow::anyhow!("{error}"))?;
    let place = (district, Residence::Rural, town);
    Ok(Filed::encode(place, &[dibao], std::slice::from_ref(snapshot))?)
}

/// The most memory that this process ever held, where the system tells it.
fn peak_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
