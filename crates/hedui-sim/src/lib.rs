//! A synthetic district whose truth is known, its departments as real sources, and departments at full speed for load.
//! Leaves asking to the broker and reading sources to the adapter; nothing of it is needed in production.

mod commands;
pub mod error;
pub mod fast;
pub mod people_file;
pub mod plugin;
pub mod population;
pub mod sources;

pub use commands::{departments_main, plugin_main};
pub use error::{ErrorKind, SimError};
pub use population::{Population, Settings, generate};
pub use sources::{PluginData, Sources};
