//! Benchmarks live in `benches/`; this library is empty.
//! Leaves everything to them.
