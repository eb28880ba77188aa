//! A report as a verification keeps it: in its sealed form, opened for whoever reads it. Most callers want the verdicts only, and a report
//! is hundreds of small pieces of memory.
//! Leaves sealing to `evidence` and the texts of its sources to `describe`.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use hedui_core::Report;

use crate::error::BrokerError;

/// Room for the sealed form of a report that is not extraordinary.
const ROOM: usize = 32 << 10;

/// A report, opened at the first look.
#[derive(Clone)]
pub struct KeptReport {
    form: Bytes,
    opened: OnceLock<Arc<Report>>,
}

impl KeptReport {
    /// Of a report that has just been made.
    pub(crate) fn of(report: &Report) -> Result<KeptReport, BrokerError> {
        let mut form = Vec::with_capacity(ROOM);
        rmp_serde::encode::write(&mut form, report)
            .map_err(|_| BrokerError::Internal("a report does not serialise"))?;
        Ok(KeptReport {
            form: Bytes::from(form),
            opened: OnceLock::new(),
        })
    }

    /// Of one that was kept, opened at once.
    pub(crate) fn read(form: &[u8]) -> Result<KeptReport, BrokerError> {
        let report: Report =
            rmp_serde::from_slice(form).map_err(|_| BrokerError::Damaged("a kept report does not decode"))?;
        Ok(KeptReport {
            form: Bytes::copy_from_slice(form),
            opened: OnceLock::from(Arc::new(report)),
        })
    }

    /// The same report with the texts of its sources.
    pub(crate) fn described(&self, report: Report) -> KeptReport {
        KeptReport {
            form: self.form.clone(),
            opened: OnceLock::from(Arc::new(report)),
        }
    }

    /// The sealed form.
    pub(crate) fn form(&self) -> &Bytes {
        &self.form
    }

    /// The report. Errors: its form does not decode, which none does that was made or read here.
    pub fn open(&self) -> Result<&Report, BrokerError> {
        if let Some(report) = self.opened.get() {
            return Ok(report);
        }
        let report =
            rmp_serde::from_slice(&self.form).map_err(|_| BrokerError::Internal("a report does not decode"))?;
        Ok(self.opened.get_or_init(|| Arc::new(report)))
    }
}

/// The same form is the same report: texts of sources are looked up, not kept.
impl PartialEq for KeptReport {
    fn eq(&self, other: &KeptReport) -> bool {
        self.form == other.form
    }
}

impl Eq for KeptReport {}

impl std::fmt::Debug for KeptReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeptReport({} bytes)", self.form.len())
    }
}
