//! A synthetic district whose truth is known, its departments as real sources, and departments at full speed for load.
//! Leaves asking to the broker and reading sources to the adapter; nothing of it is needed in production.

pub mod error;
pub mod population;

pub use error::{ErrorKind, SimError};
pub use population::{Population, Settings, generate};
