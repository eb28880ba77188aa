//! What can change while the broker runs: which departments there are, and which of them are paused.
//! Leaves reading manifests, and keeping pauses over a restart, to whoever starts the broker.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use hedui_core::DepartmentId;

use crate::archive::keep_rules;
use crate::broker::Broker;
use crate::core::InForce;
use crate::error::BrokerError;
use crate::pause::Pause;
use crate::registry::Registry;

impl Broker {
    /// Puts other departments in force for verifications that begin from now on; those under way go on with what they began with. What the
    /// new ones are is archived first, so that every verdict can be recomputed. To be called one at a time.
    ///
    /// Errors: the archive cannot be written; then nothing has changed.
    pub async fn replace_departments(&self, registry: Registry) -> Result<(), BrokerError> {
        let core = self.core();
        let in_force = Arc::new(InForce::new(registry, core.settings.tolerances));
        keep_rules(core, &in_force.rules).await?;
        *core.in_force.write().unwrap_or_else(PoisonError::into_inner) = in_force;
        Ok(())
    }

    /// The departments that are paused, and why.
    pub fn pauses(&self) -> BTreeMap<DepartmentId, Pause> {
        self.core().pauses.all()
    }

    /// Pauses exactly these departments from now on. Who is paused is not asked: every question ends with `DEPARTMENT_PAUSED`, which leaves
    /// verdicts open where they need the department. Kept answers serve within their freshness.
    pub fn set_pauses(&self, pauses: BTreeMap<DepartmentId, Pause>) {
        self.core().pauses.set(pauses);
    }
}
