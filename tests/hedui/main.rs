//! hedui from outside: through its services, its command line, its files. One binary, so that the workspace is linked once.
//! Leaves what one crate promises by itself to the tests beside its code.

mod bad_input;
mod durability;
mod golden;
mod path;
mod population;
mod support;
mod tables;
