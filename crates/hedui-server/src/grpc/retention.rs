//! `RetentionService`: the calls of records officers.
//! Leaves every rule of retention to the broker; here is who has which role, and the forms of the wire.

use std::sync::Arc;

use hedui_broker::{Basis, Broker, BrokerError, Counts, Expiry, ExpiryAsk, Officer, RetentionState, Standing};
use hedui_core::{Date, FieldError};
use hedui_evidence::CaseId;
use hedui_proto::gtype;
use hedui_proto::retention as pb;
use hedui_proto::retention::retention_service_server::RetentionService;
use tonic::{Request, Response, Status};

use crate::config::Role;
use crate::grpc::audit::district;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::long_calls::{LongCalls, Replies, beside};
use crate::grpc::status::status;
use crate::grpc::to_proto::{date, name, timestamp};
use crate::grpc::verification::case;

/// Who may see where a case stands.
pub const SEEING: [Role; 3] = [Role::Auditor, Role::Dispute, Role::Archivist];
/// Who places and releases holds: not those who destroy.
const HOLDING: [Role; 2] = [Role::Auditor, Role::Dispute];
/// Who decides about destruction.
const DECIDING: [Role; 1] = [Role::Archivist];

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    long: LongCalls,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>, long: LongCalls) -> Service {
        Service { broker, callers, long }
    }

    /// The case of a call, whose caller has one of the roles in the case's district.
    async fn allowed<T>(
        &self,
        request: Request<T>,
        roles: &[Role],
        name: fn(&T) -> &str,
    ) -> Result<(T, CaseId, Known), Status> {
        let caller = self.callers.check_any(request.metadata(), roles)?;
        let message = request.into_inner();
        let case = case(name(&message))?;
        let district = self.broker.district_of(case).await.map_err(|e| status(&e))?;
        caller.in_district(&district)?;
        Ok((message, case, caller))
    }
}

/// Who acts.
fn officer<'o>(caller: &'o Known, person: &'o str) -> Officer<'o> {
    Officer {
        caller: &caller.id,
        person,
    }
}

/// How a case stands now, or why not.
fn told(case: CaseId, result: Result<Standing, BrokerError>) -> Result<Option<pb::Retention>, Status> {
    let found = result.map_err(|e| status(&e))?;
    Ok(Some(standing(case, &found)))
}

#[cfg(test)]
mod tests;

#[tonic::async_trait]
impl RetentionService for Service {
    async fn get_retention(
        &self,
        request: Request<pb::GetRetentionRequest>,
    ) -> Result<Response<pb::GetRetentionResponse>, Status> {
        let (_, case, _) = self.allowed(request, &SEEING, |m| &m.name).await?;
        let retention = told(case, self.broker.retention(case).await)?;
        Ok(Response::new(pb::GetRetentionResponse { retention }))
    }

    async fn freeze_case(
        &self,
        request: Request<pb::FreezeCaseRequest>,
    ) -> Result<Response<pb::FreezeCaseResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &DECIDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let retention = told(case, self.broker.freeze(case, &message.reason, officer).await)?;
        Ok(Response::new(pb::FreezeCaseResponse { retention }))
    }

    async fn place_hold(
        &self,
        request: Request<pb::PlaceHoldRequest>,
    ) -> Result<Response<pb::PlaceHoldResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &HOLDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let texts = (message.reference.as_str(), message.reason.as_str());
        let retention = told(case, self.broker.place_hold(case, texts, officer).await)?;
        Ok(Response::new(pb::PlaceHoldResponse { retention }))
    }

    async fn release_hold(
        &self,
        request: Request<pb::ReleaseHoldRequest>,
    ) -> Result<Response<pb::ReleaseHoldResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &HOLDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let texts = (message.reference.as_str(), message.reason.as_str());
        let retention = told(case, self.broker.release_hold(case, texts, officer).await)?;
        Ok(Response::new(pb::ReleaseHoldResponse { retention }))
    }

    async fn request_shred(
        &self,
        request: Request<pb::RequestShredRequest>,
    ) -> Result<Response<pb::RequestShredResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &DECIDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let texts = (message.legal_reference.as_str(), message.erasure_basis.as_str());
        let retention = told(case, self.broker.request_shred(case, texts, officer).await)?;
        Ok(Response::new(pb::RequestShredResponse { retention }))
    }

    async fn withdraw_shred(
        &self,
        request: Request<pb::WithdrawShredRequest>,
    ) -> Result<Response<pb::WithdrawShredResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &DECIDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let retention = told(case, self.broker.withdraw_shred(case, officer).await)?;
        Ok(Response::new(pb::WithdrawShredResponse { retention }))
    }

    async fn approve_shred(
        &self,
        request: Request<pb::ApproveShredRequest>,
    ) -> Result<Response<pb::ApproveShredResponse>, Status> {
        let (message, case, caller) = self.allowed(request, &DECIDING, |m| &m.name).await?;
        let officer = officer(&caller, &message.actor);
        let retention = told(case, self.broker.approve_shred(case, officer).await)?;
        Ok(Response::new(pb::ApproveShredResponse { retention }))
    }

    type RequestExpiryStream = Replies<pb::RequestExpiryResponse>;

    async fn request_expiry(
        &self,
        request: Request<pb::RequestExpiryRequest>,
    ) -> Result<Response<Self::RequestExpiryStream>, Status> {
        let caller = self.callers.check_any(request.metadata(), &DECIDING)?;
        let message = request.into_inner();
        let code = district(&message.district_code)?.unwrap_or_default().to_owned();
        caller.in_district(&code)?;
        if code.is_empty() {
            let message = "name the district whose cases expire, six digits by GB/T 2260";
            return Err(invalid(FieldError::new("district_code", "DISTRICT_INVALID", message)));
        }
        let before = match &message.before {
            Some(day) => Some(day_of(day).ok_or_else(|| {
                invalid(FieldError::new(
                    "before",
                    "BEFORE_INVALID",
                    "a whole date of the calendar",
                ))
            })?),
            None => None,
        };
        let (place, broker) = (self.long.place()?, self.broker.clone());
        Ok(Response::new(beside(move |replies| async move {
            let (_place, broker) = (place, broker);
            let ask = ExpiryAsk {
                district: &code,
                before,
                legal_reference: &message.legal_reference,
                dry_run: message.dry_run,
            };
            let mut tell = |counted: Counts| {
                let counts = Some(counts(counted));
                let step = pb::RequestExpiryResponse { counts, expiry: None };
                replies.blocking_send(Ok(step)).is_ok()
            };
            let asked = broker
                .request_expiry(ask, officer(&caller, &message.actor), &mut tell)
                .await;
            let asked = asked.map_err(|e| status(&e))?;
            let end = pb::RequestExpiryResponse {
                counts: Some(counts(asked.counts)),
                expiry: Some(expiry(&asked)),
            };
            // Whoever has gone away finds it in the list.
            let _ = replies.blocking_send(Ok(end));
            Ok(())
        })))
    }

    async fn approve_expiry(
        &self,
        request: Request<pb::ApproveExpiryRequest>,
    ) -> Result<Response<pb::ApproveExpiryResponse>, Status> {
        let (message, id, caller) = self.allowed(request, &DECIDING, |m| &m.id).await?;
        let approved = self.broker.approve_expiry(id, officer(&caller, &message.actor)).await;
        let expiry = Some(expiry(&approved.map_err(|e| status(&e))?));
        Ok(Response::new(pb::ApproveExpiryResponse { expiry }))
    }

    async fn withdraw_expiry(
        &self,
        request: Request<pb::WithdrawExpiryRequest>,
    ) -> Result<Response<pb::WithdrawExpiryResponse>, Status> {
        let (message, id, caller) = self.allowed(request, &DECIDING, |m| &m.id).await?;
        let withdrawn = self.broker.withdraw_expiry(id, officer(&caller, &message.actor)).await;
        let expiry = Some(expiry(&withdrawn.map_err(|e| status(&e))?));
        Ok(Response::new(pb::WithdrawExpiryResponse { expiry }))
    }

    type RunExpiryStream = Replies<pb::RunExpiryResponse>;

    async fn run_expiry(
        &self,
        request: Request<pb::RunExpiryRequest>,
    ) -> Result<Response<Self::RunExpiryStream>, Status> {
        let (message, id, caller) = self.allowed(request, &DECIDING, |m| &m.id).await?;
        let place = self.broker.expiry_place().map_err(|e| status(&e))?;
        let broker = self.broker.clone();
        Ok(Response::new(beside(move |replies| async move {
            // Given back after everything else was let go of.
            let place = place;
            let broker = broker;
            let mut tell = |counted: Counts| {
                let counts = Some(counts(counted));
                let step = pb::RunExpiryResponse { counts, expiry: None };
                replies.blocking_send(Ok(step)).is_ok()
            };
            let run = broker
                .run_expiry(&place, id, officer(&caller, &message.actor), &mut tell)
                .await;
            let run = run.map_err(|e| status(&e))?;
            let end = pb::RunExpiryResponse {
                counts: Some(counts(run.counts)),
                expiry: Some(expiry(&run)),
            };
            // Whoever has gone away runs it again and hears the same.
            let _ = replies.blocking_send(Ok(end));
            Ok(())
        })))
    }

    async fn list_expiries(
        &self,
        request: Request<pb::ListExpiriesRequest>,
    ) -> Result<Response<pb::ListExpiriesResponse>, Status> {
        let roles = [Role::Archivist, Role::Auditor];
        let caller = self.callers.check_any(request.metadata(), &roles)?;
        let message = request.into_inner();
        let code = district(&message.district_code)?.unwrap_or_default();
        caller.in_district(code)?;
        let found = self.broker.expiries(code).await.map_err(|e| status(&e))?;
        let expiries = found.iter().map(expiry).collect();
        Ok(Response::new(pb::ListExpiriesResponse { expiries }))
    }
}

/// A whole date of the wire.
pub fn day_of(day: &gtype::Date) -> Option<Date> {
    let (year, month) = (i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?);
    Date::new(year, month, i8::try_from(day.day).ok()?).ok()
}

fn invalid(mistake: FieldError) -> Status {
    status(&BrokerError::Invalid(vec![mistake]))
}

/// How a case is kept, on the wire.
pub fn standing(case: CaseId, found: &Standing) -> pb::Retention {
    let state = match found.state {
        RetentionState::Active => pb::RetentionState::Active,
        RetentionState::Frozen => pb::RetentionState::Frozen,
        RetentionState::Shredded => pb::RetentionState::Shredded,
    };
    let hold = |hold: &hedui_broker::Hold| pb::Hold {
        reference: hold.reference.clone(),
        placed_at: Some(timestamp(hold.placed_at_ms)),
        actor: hold.actor.clone(),
    };
    let request = found.request.as_ref().map(|request| pb::ShredRequest {
        requested_at: Some(timestamp(request.requested_at_ms)),
        expires_at: Some(timestamp(request.expires_at_ms)),
        actor: request.actor.clone(),
        legal_reference: request.legal_reference.clone(),
        erasure_basis: provision(&request.basis),
    });
    let destroyed = found.destroyed.as_ref().map(|destroyed| pb::Destroyed {
        destroyed_at: Some(timestamp(destroyed.at_ms)),
        actor: destroyed.actor.clone(),
        legal_reference: destroyed.legal_reference.clone(),
        erasure_basis: provision(&destroyed.basis),
        expiry: destroyed.expiry.map(|id| id.to_string()).unwrap_or_default(),
        records: destroyed.records,
    });
    pb::Retention {
        name: name(case),
        state: state.into(),
        frozen_from: Some(timestamp(found.frozen_from_ms)),
        frozen_by_hand: found.frozen_by_hand,
        kept_until: Some(date(found.kept_until)),
        holds: found.holds.iter().map(hold).collect(),
        request,
        destroyed,
    }
}

/// The same for whoever may not ask for it: in which state, from when on, up to when. What blocks a destruction and who decided one names
/// court cases, disputes and officials, and is not for every window.
pub fn outline(case: CaseId, found: &Standing) -> pb::Retention {
    let whole = standing(case, found);
    let destroyed_at = |destroyed: pb::Destroyed| pb::Destroyed {
        destroyed_at: destroyed.destroyed_at,
        ..pb::Destroyed::default()
    };
    pb::Retention {
        name: whole.name,
        state: whole.state,
        frozen_from: whole.frozen_from,
        kept_until: whole.kept_until,
        destroyed: whole.destroyed.map(destroyed_at),
        ..pb::Retention::default()
    }
}

fn provision(basis: &Basis) -> String {
    match basis {
        Basis::PeriodEnded => String::new(),
        Basis::OrderedByLaw(provision) => provision.clone(),
    }
}

fn counts(counts: Counts) -> pb::ExpiryCounts {
    pb::ExpiryCounts {
        cases: counts.cases,
        due: counts.due,
        destroyed: counts.destroyed,
        gone: counts.gone,
        held: counts.held,
        kept: counts.kept,
        failed: counts.failed,
    }
}

fn expiry(found: &Expiry) -> pb::Expiry {
    pb::Expiry {
        id: Some(found.id)
            .filter(|id| *id != CaseId::default())
            .map(|id| id.to_string())
            .unwrap_or_default(),
        district_code: found.district.clone(),
        before: Some(date(found.before)),
        legal_reference: found.legal_reference.clone(),
        requested_by: found.requested_by.clone(),
        requested_at: Some(timestamp(found.requested_at_ms)),
        approved_by: found.approved_by.clone().unwrap_or_default(),
        approved_at: found.approved_by.as_ref().map(|_| timestamp(found.approved_at_ms)),
        expires_at: Some(timestamp(found.expires_at_ms)),
        withdrawn: found.withdrawn,
        done_at: found.done_at_ms.map(timestamp),
        counts: Some(counts(found.counts)),
    }
}
