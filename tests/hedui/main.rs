//! hedui from outside: through its services, its command line, its files. One binary, so that the workspace is linked once.
//! Leaves what one crate promises by itself to the tests beside its code.
// A helper of a test fails the test by panicking, as the test itself does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod bad_input;
mod connectors;
mod drift;
mod durability;
mod faults;
mod golden;
mod live;
mod offices;
mod path;
mod peers;
mod population;
mod privacy;
mod programs;
mod recompute;
mod reflection;
mod retention;
mod simulation;
mod support;
mod tables;
mod transparency;
mod witnesses;
