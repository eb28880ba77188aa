//! Laws of judging: the pilots' worked examples, both sides of every border, and silence that never refuses.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod golden;
