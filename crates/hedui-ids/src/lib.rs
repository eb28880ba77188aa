//! Chinese identifiers: resident ID (GB 11643), unified social credit code (GB 32100), division code (GB/T 2260), plate (GA 36), names.
//! Leaves to others: whether a number was really issued, to whom, and where it is registered today. Only a department knows that.
//!
//! Three habits run through the crate.
//! * **Normalise, then validate.** People type full-width digits, a multiplication sign for `X` and spaces; each parser says what it repairs.
//! * **Refuse only what is impossible.** Whatever is merely odd (an unlisted division, sequence 000) is a warning beside a usable value.
//! * **Nothing personal leaks.** [`ResidentId`], [`LegacyId`], [`CreditCode`] and [`Plate`] have no `Display` and a masked `Debug`;
//!   errors carry a stable reason and at most a position, never the text that was typed.
//!
//! There is no clock: "today" is always an argument (the civil date in Asia/Shanghai).
//!
//! ```
//! use hedui_ids::{Date, ResidentId, Sex};
//! let today = Date::new(2026, 11, 22).unwrap();
//! let parsed = ResidentId::parse("８１００００ 19940823 0021", today)?;
//! assert_eq!(parsed.id.sex(), Sex::Female);
//! assert_eq!(parsed.id.age_on(today), Some(32));
//! assert_eq!(parsed.id.masked(), "810000**********21");
//! assert!(parsed.was_normalised());
//! # Ok::<(), hedui_ids::IdError>(())
//! ```
#![no_std]

extern crate alloc;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
#[cfg(test)]
extern crate std;

mod bundled;
mod credit;
mod date;
mod division;
mod divisions;
mod error;
pub mod name;
mod plate;
mod resident;
mod text;
#[cfg(test)]
mod typing;

pub use credit::{CreditCode, CreditCodeKind, CreditCodeWarning, ParsedCreditCode, Registrar};
pub use date::Date;
pub use division::{DivisionCode, DivisionLevel};
pub use divisions::{CsvMistake, Division, Divisions, DivisionsError, Lookup};
pub use error::IdError;
pub use plate::{Plate, PlateKind};
pub use resident::{IdKind, IdWarning, LegacyId, Parsed, ResidentId, Sex};
