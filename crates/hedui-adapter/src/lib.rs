//! The department kit: manifests, connectors, the protocol's client and server, and what keeps a department from harming the others.
//! Leaves households, plans, evidence and verdicts to the broker, which this crate does not know.

pub mod adapter;
pub mod answering;
pub mod catalogue;
pub mod clock;
pub mod conformance;
pub mod exchange;
pub mod gate;
pub mod guess;
pub mod manifest;
pub mod mapping;
pub mod people;
pub mod port;
pub mod reason;
pub mod serve;
pub mod source;
pub mod wire;

pub use adapter::{Adapter, CheckResult, Description, Limits, LookupKey, MappedAdapter, Outcome, Signed};
pub use catalogue::{Catalogue, CatalogueError, Folder};
pub use clock::Clock;
pub use gate::{Gate, Permit, Refused, Settled};
pub use manifest::{Connector, Manifest, ManifestError, Variables};
pub use mapping::{Mapping, Row};
pub use people::{People, PeopleAdapter, Promise};
pub use port::{AdapterPort, Ask, FaultPort, Jitter, Port, Reply, ReplySink, ReplyTo, StreamPort, UnaryPort};
pub use reason::{Reason, cause_of};
#[cfg(any(test, feature = "samples"))]
pub mod begin;
#[cfg(any(test, feature = "samples"))]
pub mod cases;
#[cfg(any(test, feature = "samples"))]
pub mod lint;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
#[cfg(test)]
mod testing;
