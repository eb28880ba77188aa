//! A source of rows in memory, searched by id like a file.
//! Leaves the meaning of the columns to the mapping.

use std::collections::HashMap;

use async_trait::async_trait;
use hedui_core::{Failure, Subject};
use tokio::time::Instant;

use crate::mapping::{Mapping, Row, Value, key};
use crate::source::{Found, Source};

/// Rows in memory.
pub struct Memory {
    by_id: HashMap<String, Vec<Row>>,
}

impl Memory {
    /// Indexes rows by the mapping's id column.
    pub fn new(mapping: &Mapping, rows: impl IntoIterator<Item = Row>) -> Memory {
        let mut by_id: HashMap<String, Vec<Row>> = HashMap::new();
        for row in rows {
            if let Value::Text(text) = row.get(&mapping.identity.id_number) {
                let id = key(text);
                by_id.entry(id).or_default().push(row);
            }
        }
        Memory { by_id }
    }
}

#[async_trait]
impl Source for Memory {
    async fn rows(&self, subjects: &[Subject], _deadline: Instant) -> Result<Found, Failure> {
        let find = |subject: &Subject| {
            let legacy = subject
                .id
                .legacy_15()
                .and_then(|legacy| self.by_id.get(legacy.expose()));
            let rows = self.by_id.get(subject.id.expose()).into_iter().chain(legacy).flatten();
            Ok(rows.cloned().collect::<Vec<Row>>().into())
        };
        Ok(subjects.iter().map(find).collect())
    }

    async fn check(&self) -> Result<(), Failure> {
        Ok(())
    }
}
