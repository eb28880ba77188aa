//! `VerificationService`: the calls of district centres. Each handler recognises the caller, converts, calls the broker, converts back.
//! Leaves every decision to the broker.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hedui_broker::{Broker, BrokerError, CaseId, Officer, RetentionRefusal};
use hedui_core::FieldError;
use hedui_proto::verification as pb;
use hedui_proto::verification::verification_service_server::VerificationService;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Code, Request, Response, Status, Streaming};

use crate::config::Role;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::operations::DepartmentNames;
use crate::grpc::status::{code, district_invalid, refusal, status};
use crate::grpc::to_proto::{View, event, verification_for};
use crate::grpc::{from_proto, page};

/// Longest wait of one call.
const MAX_WAIT: Duration = Duration::from_secs(600);
/// Wait where the request says nothing.
const DEFAULT_WAIT: Duration = Duration::from_secs(60);
/// Verifications of one stream under way at once; further requests wait in the stream.
const STREAM_CONCURRENCY: usize = 1_024;

/// The service.
#[derive(Clone)]
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    names: Arc<DepartmentNames>,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>, names: Arc<DepartmentNames>) -> Service {
        Service { broker, callers, names }
    }

    async fn create(
        &self,
        message: pb::CreateVerificationRequest,
        caller: &Known,
    ) -> Result<pb::Verification, Refused> {
        caller.in_district(&message.district_code).map_err(Refused::Server)?;
        let wait = message.wait.as_ref().map(duration);
        let create =
            from_proto::create(message, caller.id.clone()).map_err(|e| Refused::Broker(BrokerError::Invalid(e)))?;
        let validate_only = create.validate_only;
        let mut created = Box::pin(self.broker.create(create)).await.map_err(Refused::Broker)?;
        if let (Some(wait), false) = (wait, validate_only) {
            created = self
                .broker
                .wait(created.case, wait.min(MAX_WAIT))
                .await
                .map_err(Refused::Broker)?;
        }
        let mut message = verification_for(caller, &created, View::Basic, &self.names);
        if validate_only {
            message.name.clear();
        }
        Ok(message)
    }
}

impl Service {
    /// A verification as a caller may see it. Looking it up is evidence.
    async fn read(&self, case: CaseId, caller: &Known, actor: &str, view: View) -> Result<pb::Verification, Status> {
        self.in_its_district(case, caller).await?;
        let found = match view {
            View::Basic => self.broker.get(case, &caller.id, actor).await,
            View::Full => self.broker.get_whole(case, &caller.id, actor).await,
        };
        let found = found.map_err(|e| status(&e))?;
        if let (View::Full, Some(report)) = (view, &found.report) {
            // A report that cannot be opened is an error, never left out in silence.
            report.open().map_err(|e| status(&e))?;
        }
        Ok(verification_for(caller, &found, view, &self.names))
    }

    /// A verification as the dispute role may see it, also a frozen one. Looking it up and the reason are evidence.
    async fn read_in_dispute(
        &self,
        case: CaseId,
        caller: &Known,
        message: &pb::GetVerificationRequest,
        view: View,
    ) -> Result<pb::Verification, Status> {
        self.in_its_district(case, caller).await?;
        let officer = Officer {
            caller: &caller.id,
            person: &message.actor,
        };
        let found = self.broker.get_in_dispute(case, &message.reason, officer).await;
        let found = found.map_err(|e| status(&e))?;
        if let (View::Full, Some(report)) = (view, &found.report) {
            report.open().map_err(|e| status(&e))?;
        }
        Ok(verification_for(caller, &found, view, &self.names))
    }

    /// Checks that a verification is of a district of the caller, before anything else is said of it: not even that it is frozen.
    async fn in_its_district(&self, case: CaseId, caller: &Known) -> Result<(), Status> {
        let district = self.broker.district_of(case).await.map_err(|e| status(&e))?;
        caller.in_district(&district)
    }

    /// Checks that a caller may act on a verification: it must be of a district of theirs. Looking it up is evidence.
    async fn may_act(&self, case: CaseId, caller: &Known, actor: &str) -> Result<(), Status> {
        if caller.is_limited() {
            self.in_its_district(case, caller).await?;
            self.broker.get(case, &caller.id, actor).await.map_err(|e| status(&e))?;
        }
        Ok(())
    }
}

/// Why a request was refused, before it is given its form.
enum Refused {
    Server(Status),
    Broker(BrokerError),
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Status {
        match refused {
            Refused::Server(status) => status,
            Refused::Broker(error) => status(&error),
        }
    }
}

impl Refused {
    /// As one reply of a stream.
    fn message(self) -> pb::RequestError {
        match self {
            Refused::Server(status) => pb::RequestError {
                code: status.code() as i32,
                reason: "REFUSED".to_owned(),
                message: status.message().to_owned(),
                field_violations: Vec::new(),
            },
            Refused::Broker(error) => pb::RequestError {
                code: code(error.kind()) as i32,
                reason: error.reason().to_owned(),
                message: error.to_string(),
                field_violations: error.fields().iter().map(violation).collect(),
            },
        }
    }
}

fn violation(field: &FieldError) -> pb::FieldViolation {
    pb::FieldViolation {
        field: field.field.clone(),
        reason: field.reason.clone(),
        description: field.message.clone(),
    }
}

/// A duration of the wire; nothing where negative.
fn duration(d: &prost_types::Duration) -> Duration {
    Duration::new(
        u64::try_from(d.seconds).unwrap_or(0),
        u32::try_from(d.nanos).unwrap_or(0),
    )
}

/// The case of a resource name.
pub fn case(name: &str) -> Result<CaseId, Status> {
    let id = name.strip_prefix("verifications/").unwrap_or(name);
    CaseId::from_hex(id).ok_or_else(|| {
        let (zh, en) = (
            "编号格式有误：32位十六进制数",
            "an id is 32 hexadecimal digits; that of a verification may stand behind `verifications/`",
        );
        refusal(Code::InvalidArgument, "NAME_INVALID", en, zh)
    })
}

fn view(value: i32, default: View) -> View {
    match pb::View::try_from(value) {
        Ok(pb::View::Basic) => View::Basic,
        Ok(pb::View::Full) => View::Full,
        _ => default,
    }
}

#[tonic::async_trait]
impl VerificationService for Service {
    async fn create_verification(
        &self,
        request: Request<pb::CreateVerificationRequest>,
    ) -> Result<Response<pb::CreateVerificationResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let created = self.create(request.into_inner(), &caller).await?;
        Ok(Response::new(pb::CreateVerificationResponse {
            verification: Some(created),
        }))
    }

    async fn get_verification(
        &self,
        request: Request<pb::GetVerificationRequest>,
    ) -> Result<Response<pb::GetVerificationResponse>, Status> {
        let roles = [Role::Verifier, Role::Dispute];
        let caller = self.callers.check_any(request.metadata(), &roles)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        let view = view(message.view, View::Full);
        let in_dispute = caller.has(Role::Dispute) && (!message.reason.is_empty() || !caller.has(Role::Verifier));
        let found = if in_dispute {
            self.read_in_dispute(case, &caller, &message, view).await?
        } else {
            self.read(case, &caller, &message.actor, view).await?
        };
        Ok(Response::new(pb::GetVerificationResponse {
            verification: Some(found),
        }))
    }

    async fn list_verifications(
        &self,
        request: Request<pb::ListVerificationsRequest>,
    ) -> Result<Response<pb::ListVerificationsResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let message = request.into_inner();
        // An empty list of a district that cannot be would look like an answer.
        if hedui_ids::DivisionCode::parse(&message.district_code).is_none() {
            return Err(district_invalid());
        }
        caller.in_district(&message.district_code)?;
        let size = page::size(message.page_size)?;
        let before = page::read(&message.page_token, &message.district_code)?;
        let listed = self
            .broker
            .list(&message.district_code, before, size)
            .await
            .map_err(|e| status(&e))?;
        let next = listed
            .next
            .map(|p| page::write(p, &message.district_code))
            .unwrap_or_default();
        let verifications = listed
            .verifications
            .iter()
            .map(|v| verification_for(&caller, v, View::Basic, &self.names))
            .collect();
        Ok(Response::new(pb::ListVerificationsResponse {
            verifications,
            next_page_token: next,
        }))
    }

    async fn wait_verification(
        &self,
        request: Request<pb::WaitVerificationRequest>,
    ) -> Result<Response<pb::WaitVerificationResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.in_its_district(case, &caller).await?;
        let timeout = message.timeout.as_ref().map_or(DEFAULT_WAIT, duration).min(MAX_WAIT);
        match self.broker.wait(case, timeout).await {
            // Reading it says so, and keeps it as evidence.
            Err(BrokerError::Retention(RetentionRefusal::Frozen)) => {}
            waited => {
                waited.map_err(|e| status(&e))?;
            }
        }
        let found = self
            .read(case, &caller, &message.actor, view(message.view, View::Basic))
            .await?;
        Ok(Response::new(pb::WaitVerificationResponse {
            verification: Some(found),
        }))
    }

    type WatchVerificationStream = Pin<Box<dyn Stream<Item = Result<pb::WatchVerificationResponse, Status>> + Send>>;

    async fn watch_verification(
        &self,
        request: Request<pb::WatchVerificationRequest>,
    ) -> Result<Response<Self::WatchVerificationStream>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        if message.after_sequence < 0 {
            let (zh, en) = ("序号不能为负", "after_sequence is 0 or the last sequence seen");
            return Err(refusal(Code::InvalidArgument, "SEQUENCE_INVALID", en, zh));
        }
        self.in_its_district(case, &caller).await?;
        let read = self.broker.get(case, &caller.id, &message.actor).await;
        read.map_err(|e| status(&e))?;
        let events = self
            .broker
            .watch(case, message.after_sequence)
            .await
            .map_err(|e| status(&e))?;
        let names = Arc::clone(&self.names);
        let stream = ReceiverStream::new(events).map(move |e| Ok(event(e, &names)));
        Ok(Response::new(Box::pin(stream)))
    }

    async fn cancel_verification(
        &self,
        request: Request<pb::CancelVerificationRequest>,
    ) -> Result<Response<pb::CancelVerificationResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.may_act(case, &caller, &message.actor).await?;
        let ended = self.broker.cancel(case).await.map_err(|e| status(&e))?;
        let ended = verification_for(&caller, &ended, View::Basic, &self.names);
        Ok(Response::new(pb::CancelVerificationResponse {
            verification: Some(ended),
        }))
    }

    async fn recheck_departments(
        &self,
        request: Request<pb::RecheckDepartmentsRequest>,
    ) -> Result<Response<pb::RecheckDepartmentsResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let message = request.into_inner();
        let case = case(&message.name)?;
        self.may_act(case, &caller, &message.actor).await?;
        let request_id = Some(message.request_id).filter(|id| !id.is_empty());
        let (after, found) = self
            .broker
            .recheck(case, message.departments, request_id, caller.id.clone(), message.actor)
            .await
            .map_err(|e| status(&e))?;
        let differences = found
            .into_iter()
            .map(|d| pb::Difference {
                subject: d.subject,
                before: d.before,
                after: d.after,
            })
            .collect();
        let after = verification_for(&caller, &after, View::Basic, &self.names);
        Ok(Response::new(pb::RecheckDepartmentsResponse {
            verification: Some(after),
            differences,
        }))
    }

    type VerifyStreamStream = Pin<Box<dyn Stream<Item = Result<pb::VerifyStreamResponse, Status>> + Send>>;

    async fn verify_stream(
        &self,
        request: Request<Streaming<pb::VerifyStreamRequest>>,
    ) -> Result<Response<Self::VerifyStreamStream>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Verifier)?;
        let (replies, receiver) = tokio::sync::mpsc::channel(STREAM_CONCURRENCY);
        let service = self.clone();
        tokio::spawn(async move { service.stream(request.into_inner(), caller, replies).await });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

type Replies = tokio::sync::mpsc::Sender<Result<pb::VerifyStreamResponse, Status>>;

impl Service {
    /// Reads requests as long as there is room, and replies as they end.
    async fn stream(self, mut requests: Streaming<pb::VerifyStreamRequest>, caller: Known, replies: Replies) {
        let room = Arc::new(tokio::sync::Semaphore::new(STREAM_CONCURRENCY));
        loop {
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
                return;
            };
            let message = match requests.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return,
                Err(error) => {
                    let _ = replies.send(Err(error)).await;
                    return;
                }
            };
            let (service, caller, replies) = (self.clone(), caller.clone(), replies.clone());
            tokio::spawn(async move {
                let _permit = permit;
                // Boxed: what is handed to the runtime is copied there and back, and most of this is needed for a moment only.
                let reply = Box::pin(service.stream_one(message, &caller)).await;
                // The client may have gone; the verification is durable all the same.
                let _ = replies.send(Ok(reply)).await;
            });
        }
    }

    async fn stream_one(&self, message: pb::VerifyStreamRequest, caller: &Known) -> pb::VerifyStreamResponse {
        let mut request = message.request.unwrap_or_default();
        request
            .wait
            .get_or_insert(prost_types::Duration { seconds: 600, nanos: 0 });
        let outcome = match self.create(request, caller).await {
            Ok(created) => pb::verify_stream_response::Outcome::Verification(created),
            Err(refused) => pb::verify_stream_response::Outcome::Error(refused.message()),
        };
        pb::VerifyStreamResponse {
            tag: message.tag,
            outcome: Some(outcome),
        }
    }
}
