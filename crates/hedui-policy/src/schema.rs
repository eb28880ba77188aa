//! The JSON Schema of packs, for editors: the keys, what each takes, which must be there.
//! Leaves names, units, dates and formulas to the check, which reads the file itself.

/// Draft 2020-12. A first line `#:schema pack.schema.json` in a pack tells editors with TOML support where it is.
pub const SCHEMA: &str = include_str!("schema/pack.schema.json");
