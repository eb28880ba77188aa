//! The data of a plugin: one person a line, as JSON, with typed records.
//! Leaves answering from it to `plugin`.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use hedui_core::Record;
use serde::{Deserialize, Serialize};

use crate::error::SimError;

/// Longest line: a person with some thousand records.
const MAX_LINE_BYTES: u64 = 4 << 20;

/// What the department holds of one person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldPerson {
    /// 18 characters.
    pub id_number: String,
    /// The name as the department keeps it.
    pub name: String,
    /// The records.
    pub records: Vec<Record>,
}

/// Only how many records.
impl std::fmt::Debug for HeldPerson {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HeldPerson({} records)", self.records.len())
    }
}

/// Writes people over whatever stands in the file; how many records they have.
pub fn write(file: &Path, people: impl IntoIterator<Item = HeldPerson>) -> Result<usize, SimError> {
    let failed = |source: std::io::Error| SimError::Io {
        what: "writing the data of a plugin".into(),
        source,
    };
    let mut out = BufWriter::new(File::create(file).map_err(failed)?);
    let mut records = 0;
    for person in people {
        records += person.records.len();
        serde_json::to_writer(&mut out, &person).map_err(|error| failed(error.into()))?;
        out.write_all(b"\n").map_err(failed)?;
    }
    out.flush().map_err(failed)?;
    Ok(records)
}

/// Reads people back.
pub fn read(file: &Path) -> Result<Vec<HeldPerson>, SimError> {
    let failed = |source: std::io::Error| SimError::Io {
        what: "reading the data of a plugin".into(),
        source,
    };
    let mut lines = BufReader::new(File::open(file).map_err(failed)?);
    let mut people = Vec::new();
    let mut line = String::new();
    loop {
        line.clear();
        let read = lines
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_line(&mut line)
            .map_err(failed)?;
        if read == 0 {
            return Ok(people);
        }
        // The error of the JSON reader could quote the data.
        let broken = |_| failed(std::io::Error::other(format!("line {} is no person", people.len() + 1)));
        people.push(serde_json::from_str(&line).map_err(broken)?);
    }
}
