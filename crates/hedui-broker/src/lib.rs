//! The broker: one household in, every department asked, everything kept, one explained verdict out.
//! Leaves gRPC, HTML, configuration files and the command line to the server, and knows departments only by their manifests.

mod archive;
mod audit;
mod before;
mod broker;
mod case;
mod catalogue;
mod claim;
pub mod clock;
mod collector;
mod core;
mod describe;
mod difference;
mod drift;
mod entropy;
mod error;
mod evidence;
mod fan_out;
mod filing;
mod gauge;
mod judge;
mod kept_report;
mod latest;
mod meter;
mod pause;
mod peer;
mod pipeline;
mod prepare;
mod promises;
mod recheck;
mod recompute;
mod reevaluation;
mod registry;
mod request;
mod resume;
mod retention;
mod reuse;
mod rules;
mod run;
mod simulate;
mod staff;
mod supervision;
mod tasks;
mod watch;
mod workers;

#[cfg(test)]
mod tests;

pub use audit::{CaseProof, LogState};
pub use before::COMPARED;
pub use broker::{Broker, Parts};
pub use case::{CaseLeaf, Page};
pub use core::Settings;
pub use difference::Difference;
pub use drift::AcceptedDrift;
pub use entropy::Entropy;
pub use error::{BrokerError, ErrorKind};
pub use evidence::outcome_code;
pub use gauge::Gauge;
pub use hedui_evidence::CaseId;
pub use kept_report::KeptReport;
pub use latest::{HouseholdKey, HouseholdsOf, Latest, LatestPage, LatestState, MAX_HOUSEHOLDS};
pub use meter::{Meter, Step};
pub use pause::Pause;
pub use peer::PeerQuestion;
pub use recompute::{FiledAgain, Recomputed};
pub use reevaluation::{
    Awaited, HOUSEHOLD_RESULTS, JobProgress, JobState, Reevaluation, ReevaluationAsk, ReevaluationCounts,
    ReevaluationKind, Reviewed, ReviewedPage,
};
pub use registry::{Fared, Registered, Registry};
pub use request::{AnsweredTask, Completion, Conflict, Create, MAX_DEADLINE_MS, Recheck, Reevaluates, Request, Reuse};
pub use retention::{
    Basis, Counts, Destroyed, Expiry, ExpiryAsk, ExpiryPlace, ExpiryProgress, Hold, Officer, RetentionPeriods,
    RetentionRefusal, RetentionState, ShredRequest, Standing,
};
pub use run::{Promised, State, Verification};
pub use simulate::{FiledHousehold, Gathered, PackChoice, SimulateAsk, Simulated};
pub use staff::{StaffMember, StaffRegister, resident_id};
pub use supervision::{Consulted, MisuseReport, Overseen, PersonAccess};
pub use tasks::{OpenedTask, Task, TaskPage, TaskRefusal, TaskState};
pub use watch::{Event, EventKind};
