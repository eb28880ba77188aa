//! The server crate: the command line of `hedui`, and the service that it talks to.
//! Leaves domain rules to the crates below; here requests are carried, and answers shown.

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod demo;
mod drift;
mod follow;
pub mod grpc;
pub mod host;
mod packs;
mod scrub;
pub mod serve;
mod shell;
mod simulation;
mod staff;
pub mod start;
pub mod upkeep;
pub mod witness;
pub mod witnesses;
