//! The project's own tasks: one order of steps that decides whether a change is good, and the house rules as a test.
//! Leaves compiling, linting and testing to cargo and its tools; it only calls them, in order, and says what to do.

mod deny;
mod machine;
mod python;
mod step;
mod task;
pub mod tidy;

pub use task::{HELP, Outcome, Settings, Task, run};
