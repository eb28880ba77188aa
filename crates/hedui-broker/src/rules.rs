//! What a verdict rests on besides answers and packs: which department holds what, and how far statements may differ. A text with a digest that
//! every report names, kept in the archive, so that a verdict can be reckoned again when the catalogue has changed.
//! Leaves the packs to the archive, and judging to `judge`.

use hedui_core::{DepartmentProfile, Tolerances};
use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::error::BrokerError;

/// Version of the kept form.
const VERSION: u32 = 1;

/// The rules beside the packs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rules {
    version: u32,
    wage_percent: u8,
    declared_percent: u8,
    /// In the order of the catalogue.
    pub departments: Vec<DepartmentProfile>,
}

/// The rules in force, as they are kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptRules {
    /// JSON.
    pub text: String,
    /// BLAKE3 of the text, 64 hexadecimal digits.
    pub digest: SmolStr,
}

impl Rules {
    pub fn new(departments: &[DepartmentProfile], tolerances: Tolerances) -> Rules {
        Rules {
            version: VERSION,
            wage_percent: tolerances.wage_percent,
            declared_percent: tolerances.declared_percent,
            departments: departments.to_vec(),
        }
    }

    pub fn tolerances(&self) -> Tolerances {
        Tolerances {
            wage_percent: self.wage_percent,
            declared_percent: self.declared_percent,
        }
    }

    /// As they are kept.
    pub fn keep(&self) -> KeptRules {
        // Names and numbers: there is nothing in them that JSON could refuse.
        let text = serde_json::to_string(self).unwrap_or_default();
        let digest = SmolStr::new(blake3::hash(text.as_bytes()).to_hex().as_str());
        KeptRules { text, digest }
    }

    /// Of a kept text.
    pub fn read(text: &str) -> Result<Rules, BrokerError> {
        let rules: Rules = serde_json::from_str(text).map_err(|_| BrokerError::Damaged("kept rules do not decode"))?;
        if rules.version == VERSION {
            Ok(rules)
        } else {
            Err(BrokerError::Damaged(
                "kept rules are of a version that is not known here",
            ))
        }
    }
}
