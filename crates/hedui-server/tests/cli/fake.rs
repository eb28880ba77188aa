//! A server that says what a test tells it to, and keeps what it was asked.
//! Leaves everything that a real one does to the real one.

use std::pin::Pin;
use std::sync::{Arc, Mutex};

use futures::Stream;
use hedui_proto::audit::audit_service_server::{AuditService, AuditServiceServer};
use hedui_proto::operations::operations_service_server::{OperationsService, OperationsServiceServer};
use hedui_proto::verification::verification_service_server::{VerificationService, VerificationServiceServer};
use hedui_proto::verification::*;
use hedui_proto::{audit, operations};
use tonic::{Request, Response, Status};

/// One stream of events; after the last one it breaks, ends or stays open.
#[derive(Clone)]
pub struct Watch {
    pub events: Vec<WatchVerificationResponse>,
    pub then: Then,
}

#[derive(Clone)]
pub enum Then {
    End,
    Break(Status),
    StayOpen,
}

/// What the server says.
#[derive(Clone)]
pub struct Script {
    pub created: Result<Verification, Status>,
    pub read: Verification,
    /// In place of it.
    pub read_fails: Option<Status>,
    /// One for each time that the verification is watched; the last one again and again.
    pub watches: Vec<Watch>,
    /// Pages of a list.
    pub pages: Vec<Vec<Verification>>,
    pub differences: Vec<Difference>,
    pub departments: Vec<operations::Department>,
    pub leaves: Vec<audit::Leaf>,
}

/// What the server was asked.
#[derive(Default)]
pub struct Asked {
    pub created: Vec<CreateVerificationRequest>,
    pub watched: Vec<WatchVerificationRequest>,
    pub read: Vec<GetVerificationRequest>,
    pub listed: Vec<ListVerificationsRequest>,
    pub rechecked: Vec<RecheckDepartmentsRequest>,
    pub cases: Vec<audit::GetCaseRequest>,
    pub tokens: Vec<String>,
}

#[derive(Clone)]
pub struct Fake {
    pub address: String,
    script: Script,
    asked: Arc<Mutex<Asked>>,
}

impl Fake {
    /// Starts it on a free port; it ends with the test.
    pub async fn start(script: Script) -> Fake {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let fake = Fake {
            address,
            script,
            asked: Arc::default(),
        };
        let server = tonic::transport::Server::builder()
            .add_service(VerificationServiceServer::new(fake.clone()))
            .add_service(AuditServiceServer::new(fake.clone()))
            .add_service(OperationsServiceServer::new(fake.clone()));
        let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(server.serve_with_incoming(incoming));
        fake
    }

    /// What it was asked so far.
    pub fn asked<T>(&self, look: impl FnOnce(&Asked) -> T) -> T {
        look(&self.asked.lock().unwrap())
    }

    fn note(&self, note: impl FnOnce(&mut Asked)) {
        note(&mut self.asked.lock().unwrap());
    }

    fn see<T>(&self, request: &Request<T>) {
        let token = request
            .metadata()
            .get("authorization")
            .map(|value| value.to_str().unwrap().to_owned());
        self.note(|asked| asked.tokens.push(token.unwrap_or_default()));
    }
}

type Events = Pin<Box<dyn Stream<Item = Result<WatchVerificationResponse, Status>> + Send>>;
type Replies = Pin<Box<dyn Stream<Item = Result<VerifyStreamResponse, Status>> + Send>>;

#[tonic::async_trait]
impl VerificationService for Fake {
    async fn create_verification(
        &self,
        request: Request<CreateVerificationRequest>,
    ) -> Result<Response<CreateVerificationResponse>, Status> {
        self.see(&request);
        self.note(|asked| asked.created.push(request.into_inner()));
        let verification = Some(self.script.created.clone()?);
        Ok(Response::new(CreateVerificationResponse { verification }))
    }

    async fn get_verification(
        &self,
        request: Request<GetVerificationRequest>,
    ) -> Result<Response<GetVerificationResponse>, Status> {
        self.see(&request);
        self.note(|asked| asked.read.push(request.into_inner()));
        if let Some(status) = self.script.read_fails.clone() {
            return Err(status);
        }
        let verification = Some(self.script.read.clone());
        Ok(Response::new(GetVerificationResponse { verification }))
    }

    async fn list_verifications(
        &self,
        request: Request<ListVerificationsRequest>,
    ) -> Result<Response<ListVerificationsResponse>, Status> {
        let request = request.into_inner();
        let page: usize = request.page_token.parse().unwrap_or(0);
        self.note(|asked| asked.listed.push(request));
        let next = page + 1;
        let next_page_token = if next < self.script.pages.len() {
            next.to_string()
        } else {
            String::new()
        };
        let verifications = self.script.pages[page].clone();
        Ok(Response::new(ListVerificationsResponse {
            verifications,
            next_page_token,
        }))
    }

    async fn wait_verification(
        &self,
        _: Request<WaitVerificationRequest>,
    ) -> Result<Response<WaitVerificationResponse>, Status> {
        Err(Status::unimplemented("the client follows"))
    }

    type WatchVerificationStream = Events;

    async fn watch_verification(&self, request: Request<WatchVerificationRequest>) -> Result<Response<Events>, Status> {
        let mut time = 0;
        self.note(|asked| {
            time = asked.watched.len();
            asked.watched.push(request.into_inner());
        });
        let watch = self.script.watches[time.min(self.script.watches.len() - 1)].clone();
        let events = futures::stream::iter(watch.events.into_iter().map(Ok));
        let stream: Events = match watch.then {
            Then::End => Box::pin(events),
            Then::Break(status) => Box::pin(futures::StreamExt::chain(events, futures::stream::iter([Err(status)]))),
            Then::StayOpen => Box::pin(futures::StreamExt::chain(events, futures::stream::pending())),
        };
        Ok(Response::new(stream))
    }

    async fn cancel_verification(
        &self,
        _: Request<CancelVerificationRequest>,
    ) -> Result<Response<CancelVerificationResponse>, Status> {
        let verification = Some(self.script.read.clone());
        Ok(Response::new(CancelVerificationResponse { verification }))
    }

    async fn recheck_departments(
        &self,
        request: Request<RecheckDepartmentsRequest>,
    ) -> Result<Response<RecheckDepartmentsResponse>, Status> {
        self.note(|asked| asked.rechecked.push(request.into_inner()));
        // As the real one: without the report, which is read by name.
        let verification = Verification {
            report: None,
            ..self.script.read.clone()
        };
        Ok(Response::new(RecheckDepartmentsResponse {
            verification: Some(verification),
            differences: self.script.differences.clone(),
        }))
    }

    type VerifyStreamStream = Replies;

    async fn verify_stream(
        &self,
        _: Request<tonic::Streaming<VerifyStreamRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Err(Status::unimplemented("the client does not stream"))
    }
}

#[tonic::async_trait]
impl AuditService for Fake {
    async fn get_case(
        &self,
        request: Request<audit::GetCaseRequest>,
    ) -> Result<Response<audit::GetCaseResponse>, Status> {
        let request = request.into_inner();
        let name = request.name.clone();
        self.note(|asked| asked.cases.push(request));
        let leaves = self.script.leaves.clone();
        Ok(Response::new(audit::GetCaseResponse { name, leaves }))
    }

    async fn list_logs(&self, _: Request<audit::ListLogsRequest>) -> Result<Response<audit::ListLogsResponse>, Status> {
        Err(against_the_real_server())
    }

    async fn get_proofs(
        &self,
        _: Request<audit::GetProofsRequest>,
    ) -> Result<Response<audit::GetProofsResponse>, Status> {
        Err(against_the_real_server())
    }

    async fn recompute_verification(
        &self,
        _: Request<audit::RecomputeVerificationRequest>,
    ) -> Result<Response<audit::RecomputeVerificationResponse>, Status> {
        Err(against_the_real_server())
    }

    async fn get_person_access(
        &self,
        _: Request<audit::GetPersonAccessRequest>,
    ) -> Result<Response<audit::GetPersonAccessResponse>, Status> {
        Err(against_the_real_server())
    }

    async fn get_misuse(
        &self,
        _: Request<audit::GetMisuseRequest>,
    ) -> Result<Response<audit::GetMisuseResponse>, Status> {
        Err(against_the_real_server())
    }

    async fn draw_sample(
        &self,
        _: Request<audit::DrawSampleRequest>,
    ) -> Result<Response<audit::DrawSampleResponse>, Status> {
        Err(against_the_real_server())
    }

    type ExportLogStream = Pin<Box<dyn Stream<Item = Result<audit::ExportLogResponse, Status>> + Send>>;

    async fn export_log(&self, _: Request<audit::ExportLogRequest>) -> Result<Response<Self::ExportLogStream>, Status> {
        Err(against_the_real_server())
    }

    type VerifyEvidenceStream = Pin<Box<dyn Stream<Item = Result<audit::VerifyEvidenceResponse, Status>> + Send>>;

    async fn verify_evidence(
        &self,
        _: Request<audit::VerifyEvidenceRequest>,
    ) -> Result<Response<Self::VerifyEvidenceStream>, Status> {
        Err(against_the_real_server())
    }
}

/// What rests on real evidence has its tests where there is some.
fn against_the_real_server() -> Status {
    Status::unimplemented("tested against the real server")
}

#[tonic::async_trait]
impl OperationsService for Fake {
    async fn list_departments(
        &self,
        _: Request<operations::ListDepartmentsRequest>,
    ) -> Result<Response<operations::ListDepartmentsResponse>, Status> {
        let departments = self.script.departments.clone();
        Ok(Response::new(operations::ListDepartmentsResponse { departments }))
    }

    async fn reload_catalogue(
        &self,
        request: Request<operations::ReloadCatalogueRequest>,
    ) -> Result<Response<operations::ReloadCatalogueResponse>, Status> {
        let unchanged = if request.into_inner().validate_only { 26 } else { 27 };
        Ok(Response::new(operations::ReloadCatalogueResponse {
            added: vec!["tobacco".to_owned()],
            removed: Vec::new(),
            changed: vec!["housing".to_owned()],
            unchanged,
        }))
    }

    async fn pause_department(
        &self,
        request: Request<operations::PauseDepartmentRequest>,
    ) -> Result<Response<operations::PauseDepartmentResponse>, Status> {
        let request = request.into_inner();
        let department = operations::Department {
            id: request.department,
            health: operations::DepartmentHealth::Paused.into(),
            pause: Some(operations::Pause {
                reason: request.reason,
                by: "operator-1".to_owned(),
                since: None,
            }),
            ..Default::default()
        };
        Ok(Response::new(operations::PauseDepartmentResponse {
            department: Some(department),
        }))
    }

    async fn resume_department(
        &self,
        request: Request<operations::ResumeDepartmentRequest>,
    ) -> Result<Response<operations::ResumeDepartmentResponse>, Status> {
        let department = operations::Department {
            id: request.into_inner().department,
            ..Default::default()
        };
        Ok(Response::new(operations::ResumeDepartmentResponse {
            department: Some(department),
        }))
    }

    async fn accept_drift(
        &self,
        request: Request<operations::AcceptDriftRequest>,
    ) -> Result<Response<operations::AcceptDriftResponse>, Status> {
        let department = operations::Department {
            id: request.into_inner().department,
            ..Default::default()
        };
        Ok(Response::new(operations::AcceptDriftResponse {
            department: Some(department),
        }))
    }

    async fn get_metrics(
        &self,
        _: Request<operations::GetMetricsRequest>,
    ) -> Result<Response<operations::GetMetricsResponse>, Status> {
        let step = operations::Step {
            name: "fan_out".to_owned(),
            count: 4,
            total_ns: 10_000_000,
        };
        let gauge = |reason: &str, value| operations::Gauge {
            name: "appends_refused".to_owned(),
            reason: reason.to_owned(),
            value,
        };
        Ok(Response::new(operations::GetMetricsResponse {
            verifications: 4,
            steps: vec![step],
            gauges: vec![gauge("NO_ROOM", 1), gauge("LOG_FAILED", 0)],
        }))
    }

    type SimulatePolicyStream = Pin<Box<dyn Stream<Item = Result<operations::SimulatePolicyResponse, Status>> + Send>>;

    async fn simulate_policy(
        &self,
        _: Request<operations::SimulatePolicyRequest>,
    ) -> Result<Response<Self::SimulatePolicyStream>, Status> {
        Err(against_the_real_server())
    }

    type ExportSnapshotsStream =
        Pin<Box<dyn Stream<Item = Result<operations::ExportSnapshotsResponse, Status>> + Send>>;

    async fn export_snapshots(
        &self,
        _: Request<operations::ExportSnapshotsRequest>,
    ) -> Result<Response<Self::ExportSnapshotsStream>, Status> {
        Err(against_the_real_server())
    }
}
