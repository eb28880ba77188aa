//! The command line of the project's own tasks: `cargo xtask test`, `lint`, `tidy`, `help`.
//! What the tasks do stands in the library.

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use xtask::{Outcome, Settings, Task};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let task = match Task::parse(&arguments) {
        Ok(task) => task,
        Err(message) => {
            let _ = writeln!(stderr(), "{message}\n\n{}", xtask::HELP);
            return ExitCode::from(2);
        }
    };
    if task == Task::Help {
        let _ = writeln!(stdout(), "{}", xtask::HELP);
        return ExitCode::SUCCESS;
    }
    let ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    match xtask::run(&task, &Settings { ci }) {
        Ok(Outcome::Passed) => ExitCode::SUCCESS,
        // The tests have said everything themselves: their closing lines stay the last ones.
        Ok(Outcome::TestsFailed) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(stderr(), "\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
