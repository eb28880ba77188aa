//! The program `hedui`: reads the world (arguments, environment, clock, chance, terminal) once and hands it to the library.
//! Leaves everything else to `hedui_server`, so that all of it can be tested without a process.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use hedui_server::cli::{self, Surroundings};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the program reads its clock and environment, to hand them on as arguments"
)]
fn main() -> ExitCode {
    let variable = |name: &str| std::env::var(name).ok();
    let surroundings = Surroundings {
        now: jiff::Timestamp::now(),
        request_id: rand::random(),
        locale: ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|value| !value.is_empty()))
            .unwrap_or_default(),
        no_colour: variable("NO_COLOR").is_some_and(|value| !value.is_empty())
            || variable("TERM").is_some_and(|value| value == "dumb"),
        stdin_is_terminal: std::io::stdin().is_terminal(),
        stdout_is_terminal: std::io::stdout().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
    };
    cli::main(std::env::args_os(), &surroundings).code()
}
