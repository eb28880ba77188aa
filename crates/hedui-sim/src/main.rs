//! `hedui-sim`: simulated departments as processes.
//! Leaves everything but the choice of the command and the exit code to the library: 2 for wrong arguments, 1 for the rest.

use std::process::ExitCode;

use hedui_sim::{ErrorKind, SimError, departments_main, plugin_main};

const USAGE: &str = "usage: hedui-sim departments [--count 27] [--seed 1] [--think-ms 5..50] [--threads 1] [--fail-permille 0] ...\n       hedui-sim plugin --department ID --data FILE [--catalogue DIR]";

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let command = args.next().unwrap_or_default();
    let result = match command.to_str() {
        Some("departments") => departments_main(args),
        Some("plugin") => plugin_main(args),
        _ => Err(SimError::Argument(USAGE.to_owned())),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(if error.kind() == ErrorKind::Usage { 2 } else { 1 })
        }
    }
}
