//! Rechecks: the named departments asked again in a new verification that otherwise rests on the earlier answers.
//! Leaves finding those answers to `reuse` and telling the differences to `difference`.

use std::sync::Arc;
use std::time::Duration;

use dashmap::mapref::entry::Entry;
use hedui_core::{DepartmentId, FieldError, RecordType};
use hedui_evidence::{CaseId, FrameKind, IndexKey};

use crate::broker::Broker;
use crate::core::{Core, InForce};
use crate::difference::{Difference, differences};
use crate::error::BrokerError;
use crate::request::{Completion, Conflict, Create, Prepared, Recheck, Request};
use crate::retention::{Officer, RetentionRefusal, RetentionState, retention_key, standing_of};
use crate::run::{State, Verification};

impl Broker {
    /// Asks departments again in a new verification that otherwise rests on the kept answers, and waits for its end.
    pub async fn recheck(
        &self,
        case: CaseId,
        departments: Vec<String>,
        request_id: Option<String>,
        caller: String,
        actor: String,
    ) -> Result<(Verification, Vec<Difference>), BrokerError> {
        let officer = Officer {
            caller: &caller,
            person: &actor,
        };
        let pending = Pending::of(self.core(), case).await?;
        let before = self.refuse_frozen(case, self.peek(case).await, officer).await?;
        let Some(old) = before.report.filter(|_| before.state == State::Succeeded) else {
            return Err(BrokerError::WrongState(
                "only a verification that has ended with a verdict can be rechecked",
            ));
        };
        let departments = self.known_departments(departments)?;
        let stored = self.stored_request(case).await?;
        let request = Request {
            as_of: Some(stored.as_of),
            actor,
            completion: Completion::AllDepartments,
            recheck: Some(Recheck {
                of: case.to_string(),
                departments,
                answered: Vec::new(),
            }),
            ..stored.request
        };
        let create = Create {
            request,
            request_id,
            conflict: Conflict::RunBoth,
            caller,
            validate_only: false,
        };
        let broker = self.clone();
        // In a task of its own: a caller who goes away must not leave a recheck that its case knows nothing of.
        let begun = tokio::spawn(async move { broker.begin_recheck(pending, create, None).await });
        let lost = Err(BrokerError::Internal("a recheck ended without a word"));
        let created = begun.await.unwrap_or(lost)?;
        let longest = Duration::from_millis(u64::from(crate::request::MAX_DEADLINE_MS));
        let after = self.wait(created.case, longest).await?;
        let found = match after.report.as_ref().filter(|_| after.state == State::Succeeded) {
            Some(new) => differences(old.open()?, new.open()?),
            None => Vec::new(),
        };
        Ok((after, found))
    }

    /// Begins the new verification, and keeps at the old one that it was read for it.
    pub(crate) async fn begin_recheck(
        &self,
        pending: Pending,
        create: Create,
        key: Option<IndexKey>,
    ) -> Result<Verification, BrokerError> {
        let core = self.core();
        let district = create.request.district_code.clone();
        let (caller, person) = (create.caller.clone(), create.request.actor.clone());
        let before_ms = core.clock.now_ms();
        let created = match key {
            Some(key) => self.create_as(create, Some(key)).await?,
            None => self.create(create).await?,
        };
        // What changed shows what the earlier report said: a reading of it. One by which something new has begun begins the periods of
        // the case anew, so it stands among what is looked at for them; hearing of the same recheck again does not.
        let is_new = created.created_at_ms >= before_ms;
        let found_by = is_new.then(|| retention_key(core, pending.case));
        let by = (caller.as_str(), person.as_str());
        self.note_access_by(&district, pending.case, "recheck", by, found_by.into_iter().collect())
            .await?;
        Ok(created)
    }

    /// A recheck rests on the answers of an earlier verification, so it must be about the same household, programmes and date.
    pub(crate) async fn rechecks_the_same(&self, recheck: &Recheck, request: &Request) -> Result<(), BrokerError> {
        let case = CaseId::from_hex(&recheck.of).ok_or(BrokerError::NotFound)?;
        let stored = self.stored_request(case).await?;
        let of = &stored.request;
        // A job looks at one programme of an earlier verification.
        let is_of_these = |programme| of.programmes.contains(programme);
        let programmes = match &request.reevaluates {
            Some(job) if job.of == recheck.of => request.programmes.iter().all(is_of_these),
            _ => of.programmes == request.programmes,
        };
        let same = of.district_code == request.district_code
            && of.household == request.household
            && programmes
            && request.as_of == Some(stored.as_of);
        if same {
            return Ok(());
        }
        let message = "a recheck is about the same household, programmes, district and date";
        Err(BrokerError::Invalid(vec![FieldError::new(
            "recheck.of",
            "RECHECK_OF_ANOTHER",
            message,
        )]))
    }

    /// Checks that what is kept of an earlier verification says all that is needed now: a department that has left the catalogue would be
    /// passed over, and one that was not asked for something would seem to have nothing of it.
    ///
    /// Errors: `DEPARTMENT_GONE`, `NOT_ASKED_THEN`.
    pub(crate) async fn rests_on_what_was_asked(
        &self,
        recheck: &Recheck,
        prepared: &Prepared,
        in_force: &InForce,
    ) -> Result<(), BrokerError> {
        let case = CaseId::from_hex(&recheck.of).ok_or(BrokerError::NotFound)?;
        let asked = self.core().frame_of(case, FrameKind::Asked).await?;
        let material = match self.material(&asked.ok_or(BrokerError::NotFound)?).await {
            Ok(material) => material,
            // It ended without a verdict, or by rules that are not in the archive: nothing is known that could be compared.
            Err(BrokerError::WrongState(_) | BrokerError::Damaged(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        let (then, now) = (&material.prepared.plan, &prepared.plan);
        let refused = |reason, department: &DepartmentId, message: &str| {
            let message = format!("{department} {message}; verify the household anew");
            Err(BrokerError::Invalid(vec![FieldError::new(
                "recheck.of",
                reason,
                message,
            )]))
        };
        for planned in then.departments.iter().filter(|d| d.is_asked()) {
            let Some(was) = material.rules.departments.get(planned.index) else {
                continue;
            };
            if in_force.registry.position(&was.id).is_none() {
                return refused("DEPARTMENT_GONE", &was.id, "was asked then and has left the catalogue");
            }
        }
        for planned in now.departments.iter().filter(|d| d.is_asked()) {
            let Some(profile) = in_force.registry.profiles().get(planned.index) else {
                continue;
            };
            if recheck.departments.contains(&profile.id) {
                continue;
            }
            let was = material.rules.departments.iter().find(|was| was.id == profile.id);
            let said =
                |t: &RecordType| then.record_types.contains(t) && was.is_some_and(|w| w.record_types.contains(t));
            let needed = profile.record_types.iter().filter(|t| now.record_types.contains(t));
            // One that is new was silent then, and is shown as such.
            if was.is_some() && !needed.clone().all(said) {
                return refused(
                    "NOT_ASKED_THEN",
                    &profile.id,
                    "was not asked for all that is needed now",
                );
            }
        }
        Ok(())
    }

    fn known_departments(&self, departments: Vec<String>) -> Result<Vec<DepartmentId>, BrokerError> {
        let mut errors = Vec::new();
        let mut known = Vec::new();
        let registry = self.registry();
        if departments.is_empty() {
            errors.push(FieldError::new(
                "departments",
                "NO_DEPARTMENT",
                "name at least one department to ask again",
            ));
        }
        for (i, text) in departments.iter().enumerate() {
            match DepartmentId::new(text)
                .ok()
                .filter(|id| registry.position(id).is_some())
            {
                Some(id) => known.push(id),
                None => {
                    let message = "there is no such department; see `hedui departments`";
                    errors.push(FieldError::new(
                        format!("departments[{i}]"),
                        "UNKNOWN_DEPARTMENT",
                        message,
                    ));
                }
            }
        }
        if errors.is_empty() {
            Ok(known)
        } else {
            Err(BrokerError::Invalid(errors))
        }
    }
}

/// That a recheck of a case is about to begin: until it is let go of, the case is not destroyed.
pub(crate) struct Pending {
    core: Arc<Core>,
    case: CaseId,
}

impl Pending {
    /// Of a case that has not been destroyed.
    ///
    /// Errors: [`BrokerError::NotFound`], [`RetentionRefusal::Shredded`].
    pub async fn of(core: &Arc<Core>, case: CaseId) -> Result<Pending, BrokerError> {
        // Nobody decides about the case in between.
        let _turn = core.retention_turn.lock().await;
        let (_, standing) = standing_of(core, case).await?;
        if standing.state == RetentionState::Shredded {
            return Err(RetentionRefusal::Shredded.into());
        }
        *core.rechecking.entry(case).or_default() += 1;
        let core = Arc::clone(core);
        Ok(Pending { core, case })
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Entry::Occupied(mut pending) = self.core.rechecking.entry(self.case) {
            *pending.get_mut() -= 1;
            if *pending.get() == 0 {
                pending.remove();
            }
        }
    }
}
