//! test helper
