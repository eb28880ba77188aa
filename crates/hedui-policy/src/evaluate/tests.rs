//! Laws of judging: the pilots' worked examples, both sides of every border, and silence that never refuses.

mod borders;
mod composition;
mod disregards;
mod enclosure;
mod golden;
mod property;
mod shipped;
mod silence;
mod support;
