//! Rechecks: the named departments asked again in a new verification that otherwise rests on the earlier answers.
//! Leaves finding those answers to `reuse` and telling the differences to `difference`.

use std::time::Duration;

use hedui_core::{DepartmentId, FieldError};
use hedui_evidence::CaseId;

use crate::broker::Broker;
use crate::difference::{Difference, differences};
use crate::error::BrokerError;
use crate::request::{Completion, Conflict, Create, Recheck, Request};
use crate::retention::{Officer, RetentionRefusal, retention_key};
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
        let before = self.refuse_frozen(case, self.peek(case).await, officer).await?;
        if before.state == State::Shredded {
            return Err(RetentionRefusal::Shredded.into());
        }
        let Some(old) = before.report.filter(|_| before.state == State::Succeeded) else {
            return Err(BrokerError::WrongState(
                "only a verification that has ended with a verdict can be rechecked",
            ));
        };
        let departments = self.known_departments(departments)?;
        let stored = self.stored_request(case).await?;
        // What changed shows what the earlier report said: a reading of it.
        // It begins the periods of the case anew, so it stands among what is looked at for them.
        let found_by = vec![retention_key(self.core(), case)];
        self.note_access_by(&before.district_code, case, "recheck", (&caller, &actor), found_by)
            .await?;
        let request = Request {
            as_of: Some(stored.as_of),
            actor,
            completion: Completion::AllDepartments,
            recheck: Some(Recheck {
                of: case.to_string(),
                departments,
            }),
            ..stored.request
        };
        let conflict = Conflict::RunBoth;
        let created = self
            .create(Create {
                request,
                request_id,
                conflict,
                caller,
                validate_only: false,
            })
            .await?;
        let longest = Duration::from_millis(u64::from(crate::request::MAX_DEADLINE_MS));
        let after = self.wait(created.case, longest).await?;
        let found = match after.report.as_ref().filter(|_| after.state == State::Succeeded) {
            Some(new) => differences(old.open()?, new.open()?),
            None => Vec::new(),
        };
        Ok((after, found))
    }

    /// A recheck rests on the answers of an earlier verification, so it must be about the same household, programmes and date.
    pub(crate) async fn rechecks_the_same(&self, recheck: &Recheck, request: &Request) -> Result<(), BrokerError> {
        let case = CaseId::from_hex(&recheck.of).ok_or(BrokerError::NotFound)?;
        let stored = self.stored_request(case).await?;
        let of = &stored.request;
        let same = of.district_code == request.district_code
            && of.household == request.household
            && of.programmes == request.programmes
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

    fn known_departments(&self, departments: Vec<String>) -> Result<Vec<DepartmentId>, BrokerError> {
        let mut errors = Vec::new();
        let mut known = Vec::new();
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
                .filter(|id| self.core().registry.position(id).is_some())
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
