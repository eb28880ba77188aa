//! The pure domain of economic-status verification: money, households, authorization, plans, answers, facts, findings, verdicts.
//! Never awaits and never reads a clock, randomness, files or the network; whatever it needs of them is an argument.

pub mod answer;
pub mod authorization;
mod blob;
pub mod bounds;
pub mod circumstance;
pub mod dates;
pub mod drift;
pub mod facts;
pub mod finding;
pub mod forward;
pub mod household;
pub mod money;
pub mod names;
pub mod part;
pub mod plan;
pub mod record;
pub mod report;
pub mod source;
pub mod supporter;
pub mod town;
pub mod verdict;

#[cfg(test)]
mod testing;

pub use answer::{AnswerState, Failure, FailureClass, FailureOrigin, Query, Subject, SubjectAnswer, Unreachable};
pub use authorization::{AuthorizationInput, Scope, Signature, authorize};
pub use bounds::{Bounds, Figure};
pub use circumstance::{Circumstance, StatedCircumstance};
pub use dates::{Date, Month, Months, PartialDate};
pub use facts::{DepartmentAnswers, Fact, Facts};
pub use finding::{CONFLICT_OF_INTEREST, Finding, Official, Tolerances, Weight, conflicts_of_interest, findings};
pub use household::{FieldError, Household, HouseholdInput};
pub use money::Fen;
pub use names::{DepartmentId, LeafId, ProgrammeId};
pub use part::{Part, Treatment};
pub use plan::{DepartmentProfile, Intent, PinnedKey, Plan};
pub use record::{Record, RecordBody, RecordType};
pub use report::Report;
pub use source::{Origin, Source};
pub use supporter::Supporter;
pub use town::Town;
pub use verdict::{Outcome, Truth, Verdict};
