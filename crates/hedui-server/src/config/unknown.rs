//! Keys that no setting has: where each stands, and what was probably meant.
//! Leaves finding them to `read`.

use super::hint;
use super::layers::spelled;
use super::mistake::Report;
use super::origin::Origin;
use super::raw::{Entry, Value};

/// A key that nobody takes.
pub(super) struct Unknown {
    pub origin: Origin,
    pub section: String,
    pub key: String,
    /// The keys that exist beside it.
    pub siblings: Vec<&'static str>,
}

impl Unknown {
    /// The dotted key of something in the same table.
    fn beside(&self, key: &str) -> String {
        if self.section.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.section)
        }
    }

    /// The nearest key beside it, or the same key elsewhere, or all keys beside it.
    fn meant(&self, known: &[String]) -> String {
        let near = hint::nearest(&self.key, self.siblings.iter().copied()).map(|near| self.beside(near));
        let same = |known: &&String| known.rsplit('.').next() == Some(self.key.as_str());
        match near.or_else(|| known.iter().find(same).cloned()) {
            Some(meant) => format!("did you mean `{}`?", spelled(&meant, &self.origin)),
            None => format!("there are: {}", self.siblings.join(", ")),
        }
    }
}

/// Reports them; `known` are the dotted keys of all settings.
pub(super) fn report(unknown: &[Unknown], known: &[String], report: &mut Report) {
    for unknown in unknown {
        let key = unknown.beside(&unknown.key);
        let message = format!("there is no setting `{}`", spelled(&key, &unknown.origin));
        report.add(
            &unknown.origin,
            &key,
            "KEY_UNKNOWN",
            message,
            Some(unknown.meant(known)),
        );
    }
}

/// Where a key stands: once in a file, however much is under it, and once for every variable and flag.
pub(super) fn places_of(entry: &Entry) -> Vec<Origin> {
    let mut places: Vec<Origin> = entry.node.layers().map(|layer| layer.origin.clone()).collect();
    if let Value::Table(table) = &entry.node.value {
        places.extend(table.values().flat_map(places_of));
    }
    places.retain(|origin| !matches!(origin, Origin::File { .. }));
    places.push(entry.key.clone());
    places.sort();
    places.dedup();
    places
}
