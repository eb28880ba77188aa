//! The processes of the benchmark: departments, floor, server. Each is this program again with a role.
//! Leaves what a role does to its own file.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::{floor, server};

/// What a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Simulated departments at full speed.
    Departments,
    /// A bare broker.
    Floor,
    /// The real server.
    Server,
}

const FLAG: &str = "--role";

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Departments => "departments",
            Role::Floor => "floor",
            Role::Server => "server",
        }
    }

    /// The role in the arguments of a child.
    pub fn of(arguments: &[String]) -> Option<Role> {
        let at = arguments.iter().position(|a| a == FLAG)?;
        let word = arguments.get(at + 1)?;
        [Role::Departments, Role::Floor, Role::Server]
            .into_iter()
            .find(|r| r.word() == word)
    }

    /// Plays the role until standard input ends.
    pub fn run(self) -> anyhow::Result<()> {
        match self {
            Role::Departments => departments(),
            Role::Floor => floor::run(&told()?),
            Role::Server => server::run(&told()?),
        }
    }
}

/// Seed of the simulated answers.
const SEED: u64 = 7;

/// A simulated department.
#[derive(Clone, Debug, serde::Deserialize, serde::Serialize)]
pub struct Department {
    /// Its id.
    pub department: String,
    /// `http://127.0.0.1:port`.
    pub address: String,
}

/// The line that the departments print.
#[derive(serde::Deserialize)]
struct Departments {
    departments: Vec<Department>,
}

/// What the simulated departments know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Of the people of synthetic districts, of this many households each, what is true; one district for each round.
    Districts {
        /// How many.
        districts: u32,
        /// Households of each.
        households: u32,
        /// The day on which they apply.
        as_of: hedui_core::Date,
    },
    /// Of everybody some records everywhere.
    Anything,
}

impl Known {
    /// The synthetic district of a round.
    pub fn district(self, round: usize) -> Option<hedui_sim::population::Settings> {
        let Known::Districts { households, as_of, .. } = self else {
            return None;
        };
        Some(hedui_sim::population::Settings {
            seed: SEED + u64::try_from(round).ok()?,
            district: "511703".to_owned(),
            households,
            as_of,
            programmes: vec!["dibao".to_owned()],
        })
    }
}

/// Starts the departments with what the first line of standard input says.
fn departments() -> anyhow::Result<()> {
    let arguments: Vec<String> = serde_json::from_str(&first_line()?)?;
    Ok(hedui_sim::departments_main(arguments)?)
}

/// The arguments of the departments.
fn arguments(known: Known) -> Vec<String> {
    let mut arguments = vec!["--count".to_owned(), super::super::DEPARTMENTS.to_string()];
    arguments.extend(["--seed".to_owned(), SEED.to_string()]);
    if let Known::Districts {
        districts,
        households,
        as_of,
    } = known
    {
        arguments.extend(["--districts".to_owned(), districts.to_string()]);
        arguments.extend(["--households".to_owned(), households.to_string()]);
        arguments.extend(["--as-of".to_owned(), as_of.to_string()]);
    }
    arguments
}

/// The departments, from the first line of standard input.
fn told() -> anyhow::Result<Vec<Department>> {
    Ok(serde_json::from_str::<Departments>(&first_line()?)?.departments)
}

fn first_line() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line)
}

/// Waits until standard input ends: the parent has gone or wants us gone.
pub async fn until_parent_ends() {
    let wait = tokio::task::spawn_blocking(|| {
        let mut rest = String::new();
        while std::io::stdin().lock().read_line(&mut rest).is_ok_and(|n| n > 0) {}
    });
    let _ = wait.await;
}

/// Processor time of a process.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    ticks: u64,
}

impl Cpu {
    /// Microseconds from an earlier reading to this one.
    #[allow(clippy::float_arithmetic)]
    pub fn since_us(self, earlier: Cpu) -> f64 {
        // Linux counts in hundredths of a second on every architecture that we run on.
        (self.ticks - earlier.ticks) as f64 * 10_000.0
    }
}

struct Process {
    child: Child,
    /// The address, or of the departments all of them.
    first_line: String,
    /// Kept open for as long as the process lives.
    _output: BufReader<std::process::ChildStdout>,
}

impl Process {
    fn start(role: Role, input: &str, folder: &Path) -> anyhow::Result<Process> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([FLAG, role.word()])
            .env("TMPDIR", folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting the {} process", role.word()))?;
        if let Some(stdin) = child.stdin.as_mut() {
            writeln!(stdin, "{input}")?;
        }
        let stdout = child.stdout.take().context("a child without output")?;
        let mut lines = BufReader::new(stdout);
        let mut address = String::new();
        lines.read_line(&mut address)?;
        anyhow::ensure!(!address.trim().is_empty(), "the {} process ended at once", role.word());
        Ok(Process {
            child,
            first_line: address.trim().to_owned(),
            _output: lines,
        })
    }

    fn cpu(&self) -> anyhow::Result<Cpu> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // After the name in parentheses: field 12 and 13 of the rest are user and system time.
        let rest = stat.rsplit(')').next().context("an odd stat line")?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |n: usize| {
            fields
                .get(n)
                .and_then(|f| f.parse::<u64>().ok())
                .context("an odd stat line")
        };
        Ok(Cpu {
            ticks: field(11)? + field(12)?,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The child ends by itself when its input does.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The three processes.
pub struct Roles {
    departments: Process,
    floor: Process,
    server: Process,
}

impl Roles {
    /// Starts them; the other two are told where the departments are. What they leave in the folder is the caller's to remove.
    pub fn start(known: Known, folder: &Path) -> anyhow::Result<Roles> {
        let departments = Process::start(Role::Departments, &serde_json::to_string(&arguments(known))?, folder)?;
        let floor = Process::start(Role::Floor, &departments.first_line, folder)?;
        let server = Process::start(Role::Server, &departments.first_line, folder)?;
        Ok(Roles {
            departments,
            floor,
            server,
        })
    }

    fn of(&self, role: Role) -> &Process {
        match role {
            Role::Departments => &self.departments,
            Role::Floor => &self.floor,
            Role::Server => &self.server,
        }
    }

    /// Where a role listens.
    pub fn address(&self, role: Role) -> String {
        self.of(role).first_line.clone()
    }

    /// Processor time of a role so far.
    pub fn cpu(&self, role: Role) -> anyhow::Result<Cpu> {
        self.of(role).cpu()
    }

    /// Mean time of each step in the server, in microseconds.
    pub fn steps(&self) -> anyhow::Result<Vec<(String, f64)>> {
        server::steps(&self.server.first_line)
    }
}
