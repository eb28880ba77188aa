//! End-to-end tests live in `hedui/`; this library is empty.
//! Leaves everything to them.
