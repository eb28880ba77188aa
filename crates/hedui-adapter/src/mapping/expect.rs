//! Which columns a source must give: all that the mapping reads, but those that it may leave out.
//! Leaves finding them to the connectors. A column that vanished must not look like a register without entries.

use super::{DataOn, FieldMapping, FieldSource, Mapping, RecordMapping, Row};

impl FieldMapping {
    /// The column that it is read from, if it may not be left out.
    fn expected(&self) -> Option<&str> {
        match &self.source {
            FieldSource::Column(column, _) if !self.optional => Some(column),
            _ => None,
        }
    }
}

impl RecordMapping {
    fn when_column(&self) -> Option<&str> {
        self.when.as_ref().map(|(column, _)| column.as_str())
    }

    /// What its rows must have, beside the column of `when`.
    fn expected(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter_map(FieldMapping::expected);
        let group = self.group.iter().flat_map(|group| {
            let newest = group.newest_by.iter().map(|(column, _)| column);
            group.by.iter().chain(newest).map(String::as_str)
        });
        self.reference.as_deref().into_iter().chain(group).chain(fields)
    }
}

impl Mapping {
    /// What every row has, whichever section it fits.
    fn general(&self) -> Vec<&str> {
        let mut columns = vec![self.identity.id_number.as_str()];
        columns.extend(self.identity.name.as_deref());
        if let Some(DataOn::Column(column, _)) = &self.data_on {
            columns.push(column);
        }
        columns.extend(self.threshold.as_ref().map(|t| t.column.as_str()));
        columns
    }

    /// Every column that the source must have, once each, in the order of the manifest.
    pub fn columns(&self) -> Vec<&str> {
        let mut columns = self.general();
        for record in &self.records {
            columns.extend(record.when_column());
            columns.extend(record.expected());
        }
        columns.extend(self.ignored.iter().map(|(column, _)| column.as_str()));
        let mut seen = std::collections::HashSet::new();
        columns.retain(|column| seen.insert(*column));
        columns
    }

    /// Every column that is read, once each, and whether the source must have it.
    pub(crate) fn every_column(&self) -> Vec<(String, bool)> {
        let mut columns: Vec<(String, bool)> = self.columns().into_iter().map(|c| (c.to_owned(), true)).collect();
        for field in self.records.iter().flat_map(|record| &record.fields) {
            if let FieldSource::Column(column, _) = &field.source
                && !columns.iter().any(|(known, _)| known == column)
            {
                columns.push((column.clone(), false));
            }
        }
        columns
    }

    /// A column that no row has that should have it, for sources that name the columns in every row. Rows of one section need not have the
    /// columns of another; a row that fits none must at least have what tells so.
    pub fn missing_in(&self, rows: &[Row]) -> Option<&str> {
        let nowhere = |rows: &[&Row], column: &str| !rows.is_empty() && !rows.iter().any(|row| row.has(column));
        let all: Vec<&Row> = rows.iter().collect();
        if let Some(column) = self.general().into_iter().find(|column| nowhere(&all, column)) {
            return Some(column);
        }
        let fits = |row: &Row, section: &RecordMapping| section.fits(row).unwrap_or(true);
        for section in &self.records {
            let rows: Vec<&Row> = all.iter().copied().filter(|row| fits(row, section)).collect();
            if let Some(column) = section.expected().find(|column| nowhere(&rows, column)) {
                return Some(column);
            }
        }
        let strange: Vec<&Row> = all
            .iter()
            .copied()
            .filter(|row| !self.records.iter().any(|section| fits(row, section)))
            .collect();
        let mut whens = self.records.iter().filter_map(RecordMapping::when_column);
        whens.find(|column| strange.iter().any(|row| !row.has(column)))
    }
}
