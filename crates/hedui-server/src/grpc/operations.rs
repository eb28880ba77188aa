//! `OperationsService`: the calls of operators: the catalogue, who answers, where the time goes.
//! Leaves asking and counting to the broker.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use hedui_adapter::Adapter;
use hedui_adapter::catalogue::CatalogueError;
use hedui_adapter::gate::BreakerState;
use hedui_adapter::manifest::Secret;
use hedui_adapter::wire::check_published;
use hedui_broker::{Broker, BrokerError, Fared, Gauge, Pause, Registered, Step};
use hedui_core::drift::Drift;
use hedui_core::{DepartmentId, FieldError, PinnedKey};
use hedui_proto::department as department_wire;
use hedui_proto::department::department_service_client::DepartmentServiceClient;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_server::OperationsService;
use tonic::metadata::AsciiMetadataValue;
use tonic::{Code, Request, Response, Status};

use crate::catalogue::{CatalogueProblem, Live};
use crate::config::Role;
use crate::drift::DriftFile;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::long_calls::{LongCalls, Replies};
use crate::grpc::simulate;
use crate::grpc::status::{refusal, refusal_of, status};
use crate::grpc::tasks::tell_unconfirmable;
use crate::grpc::to_proto::timestamp;

/// What the catalogue says of the departments beyond what the broker needs; replaced whole when the catalogue is read again.
#[derive(Debug, Default)]
pub struct DepartmentNames(RwLock<BTreeMap<DepartmentId, Arc<Described>>>);

/// One department as people read of it.
#[derive(Debug, Default)]
pub struct Described {
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// What it verifies, Chinese.
    pub verifies_zh: String,
    /// What it verifies, English.
    pub verifies_en: String,
    /// Kind of connector.
    pub connector: String,
}

impl DepartmentNames {
    /// Describes these departments and no others from now on.
    pub fn replace(&self, described: BTreeMap<DepartmentId, Arc<Described>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = described;
    }

    fn get(&self, id: &DepartmentId) -> Option<Arc<Described>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Chinese and English name of a department; its id where the catalogue no longer has it.
    pub fn of(&self, id: &DepartmentId) -> (String, String) {
        self.get(id)
            .map_or_else(|| (id.to_string(), id.to_string()), |d| (d.zh.clone(), d.en.clone()))
    }
}

/// Who may try packs on a district's households: the result names nobody.
const SIMULATING: [Role; 2] = [Role::Operator, Role::Auditor];

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    live: Arc<Live>,
    drifts: DriftFile,
    long: LongCalls,
}

impl Service {
    /// Over a broker.
    pub fn new(
        broker: Broker,
        callers: Arc<Callers>,
        (live, drifts): (Arc<Live>, DriftFile),
        long: LongCalls,
    ) -> Service {
        Service {
            broker,
            callers,
            live,
            drifts,
            long,
        }
    }

    /// An operator whose word counts in every district: what they change here changes verdicts everywhere.
    fn everywhere(&self, metadata: &tonic::metadata::MetadataMap) -> Result<Known, Status> {
        let caller = self.callers.check(metadata, Role::Operator)?;
        if caller.is_limited() {
            let (zh, en) = (
                "此操作影响所有地区，本账号仅限部分地区",
                "this changes verdicts of every district, and this caller may act in some only",
            );
            return Err(refusal(Code::PermissionDenied, "DISTRICT_NOT_ALLOWED", en, zh));
        }
        Ok(caller)
    }

    /// A department that a request names.
    ///
    /// Errors: it is none, or one that the catalogue does not hold.
    fn named(&self, name: &str) -> Result<DepartmentId, Status> {
        let id = DepartmentId::new(name).ok();
        id.filter(|id| self.broker.registry().position(id).is_some())
            .ok_or_else(|| {
                let (zh, en) = ("没有此部门", "there is no such department; see `hedui departments`");
                refusal(Code::NotFound, "UNKNOWN_DEPARTMENT", en, zh)
            })
    }

    fn one(&self, id: &DepartmentId) -> Option<pb::Department> {
        let registry = self.broker.registry();
        let registered = registry.departments().get(registry.position(id)?)?;
        Some(self.department(registered, self.broker.pauses().get(id)))
    }

    fn department(&self, registered: &Registered, pause: Option<&Pause>) -> pb::Department {
        let (drifts, accepted) = self.broker.drifts_of(&registered.profile.id);
        pb::Department {
            drifts: drifts.iter().map(drift).collect(),
            accepted_drift: accepted.map(|accepted| pb::AcceptedDrift {
                reason: accepted.reason,
                by: accepted.by,
                at: Some(timestamp(accepted.at_ms)),
            }),
            ..department(registered, &self.live.names, pause)
        }
    }
}

fn not_kept(error: &std::io::Error) -> Status {
    tracing::error!(%error, "paused departments cannot be kept");
    let (zh, en) = ("无法保存，未作更改", "this cannot be kept on disk; nothing has changed");
    refusal(Code::Unavailable, "PAUSE_NOT_KEPT", en, zh)
}

/// Why a catalogue is not put in force, with every mistake as a field of its own.
fn problem(problem: &CatalogueProblem) -> Status {
    let fields: Vec<FieldError> = match problem {
        CatalogueProblem::Archive(error) => return status(error),
        CatalogueProblem::Mistakes(mistakes) => {
            let field = |m: &CatalogueError| {
                FieldError::new(
                    format!("{}.{}", m.folder, m.mistake.path),
                    "MANIFEST_INVALID",
                    m.mistake.message.clone(),
                )
            };
            mistakes.iter().map(field).collect()
        }
        other => vec![FieldError::new("catalogue", "CATALOGUE_UNREADABLE", other.to_string())],
    };
    let (zh, en) = (
        "部门目录有误，未作更改",
        "the catalogue has mistakes; the one in force stays",
    );
    refusal_of(Code::InvalidArgument, "CATALOGUE_INVALID", en, zh, &fields)
}

#[tonic::async_trait]
impl OperationsService for Service {
    async fn list_departments(
        &self,
        request: Request<pb::ListDepartmentsRequest>,
    ) -> Result<Response<pb::ListDepartmentsResponse>, Status> {
        self.callers.check(request.metadata(), Role::Operator)?;
        let check = request.into_inner().check;
        let (registry, pauses) = (self.broker.registry(), self.broker.pauses());
        // Before anything is said of their health: a self-test says it too.
        let mut checks = Vec::new();
        if check {
            let each = registry.departments().iter().map(|d| self.live.checks.run(d));
            checks = futures::future::join_all(each).await;
        }
        let mut checks = checks.into_iter();
        let departments = registry.departments().iter().map(|registered| pb::Department {
            checks: checks.next().unwrap_or_default(),
            ..self.department(registered, pauses.get(&registered.profile.id))
        });
        let departments = departments.collect();
        Ok(Response::new(pb::ListDepartmentsResponse { departments }))
    }

    async fn reload_catalogue(
        &self,
        request: Request<pb::ReloadCatalogueRequest>,
    ) -> Result<Response<pb::ReloadCatalogueResponse>, Status> {
        let caller = self.everywhere(request.metadata())?;
        let validate_only = request.into_inner().validate_only;
        let changes = self.live.reload(&self.broker, validate_only).await;
        let changes = changes.map_err(|error| problem(&error))?;
        if !validate_only {
            tracing::info!(
                caller = caller.id,
                added = changes.added.len(),
                removed = changes.removed.len(),
                changed = changes.changed.len(),
                "the catalogue was read again"
            );
            tell_unconfirmable(&self.broker.registry(), &self.callers);
        }
        let ids = |ids: &[DepartmentId]| ids.iter().map(ToString::to_string).collect();
        Ok(Response::new(pb::ReloadCatalogueResponse {
            added: ids(&changes.added),
            removed: ids(&changes.removed),
            changed: ids(&changes.changed),
            unchanged: u32::try_from(changes.unchanged).unwrap_or(u32::MAX),
        }))
    }

    async fn pause_department(
        &self,
        request: Request<pb::PauseDepartmentRequest>,
    ) -> Result<Response<pb::PauseDepartmentResponse>, Status> {
        let caller = self.everywhere(request.metadata())?;
        let request = request.into_inner();
        let id = self.named(&request.department)?;
        let pause = Pause::new(&request.reason, caller.id, self.broker.clock().now_ms());
        let pause = pause.map_err(|errors| status(&BrokerError::Invalid(errors)))?;
        let told = pause.clone();
        let kept = self.live.pause(&self.broker, id.clone(), pause).await;
        kept.map_err(|error| not_kept(&error))?;
        tracing::warn!(department = id.as_str(), by = told.by, reason = told.reason, "paused");
        Ok(Response::new(pb::PauseDepartmentResponse {
            department: self.one(&id),
        }))
    }

    async fn resume_department(
        &self,
        request: Request<pb::ResumeDepartmentRequest>,
    ) -> Result<Response<pb::ResumeDepartmentResponse>, Status> {
        let caller = self.everywhere(request.metadata())?;
        let name = request.into_inner().department;
        // One that has left the catalogue meanwhile may come back.
        let paused = DepartmentId::new(&name)
            .ok()
            .filter(|id| self.broker.pauses().contains_key(id));
        let id = paused.map_or_else(|| self.named(&name), Ok)?;
        let was = self.live.unpause(&self.broker, &id).await;
        if was.map_err(|error| not_kept(&error))? {
            tracing::info!(department = id.as_str(), by = caller.id, "asked again");
        }
        Ok(Response::new(pb::ResumeDepartmentResponse {
            department: self.one(&id),
        }))
    }

    async fn accept_drift(
        &self,
        request: Request<pb::AcceptDriftRequest>,
    ) -> Result<Response<pb::AcceptDriftResponse>, Status> {
        let caller = self.everywhere(request.metadata())?;
        let request = request.into_inner();
        let id = self.named(&request.department)?;
        let accepted = self.broker.accept_drift(&id, &request.reason, &caller.id);
        if !accepted.map_err(|error| status(&error))? {
            let (zh, en) = ("该部门没有异常变化", "this department answers as it used to");
            return Err(refusal(Code::FailedPrecondition, "NO_DRIFT", en, zh));
        }
        self.drifts
            .write(&self.broker)
            .await
            .map_err(|error| not_kept(&error))?;
        tracing::warn!(department = id.as_str(), by = caller.id, "a drift was accepted");
        Ok(Response::new(pb::AcceptDriftResponse {
            department: self.one(&id),
        }))
    }

    async fn get_metrics(
        &self,
        request: Request<pb::GetMetricsRequest>,
    ) -> Result<Response<pb::GetMetricsResponse>, Status> {
        self.callers.check(request.metadata(), Role::Operator)?;
        let meter = self.broker.meter();
        let steps = Step::ALL.into_iter().map(|step| {
            let (count, total_ns) = meter.read(step);
            pb::Step {
                name: step.name().to_owned(),
                count,
                total_ns,
            }
        });
        let verifications = meter.read(Step::Commit).0;
        Ok(Response::new(pb::GetMetricsResponse {
            verifications,
            steps: steps.collect(),
            gauges: self.broker.gauges().into_iter().map(gauge).collect(),
        }))
    }

    type SimulatePolicyStream = Replies<pb::SimulatePolicyResponse>;

    async fn simulate_policy(
        &self,
        request: Request<pb::SimulatePolicyRequest>,
    ) -> Result<Response<Self::SimulatePolicyStream>, Status> {
        let caller = self.callers.check_any(request.metadata(), &SIMULATING)?;
        let message = request.into_inner();
        let ask = simulate::ask(&message)?;
        caller.in_district(&ask.district)?;
        let place = self.long.place()?;
        let replies = simulate::run(self.broker.clone(), place, (ask, message.actor), caller);
        Ok(Response::new(replies))
    }

    type ExportSnapshotsStream = Replies<pb::ExportSnapshotsResponse>;

    async fn export_snapshots(
        &self,
        request: Request<pb::ExportSnapshotsRequest>,
    ) -> Result<Response<Self::ExportSnapshotsStream>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Auditor)?;
        let message = request.into_inner();
        caller.in_district(&message.district_code)?;
        let place = self.long.place()?;
        let replies = simulate::export(self.broker.clone(), place, message, caller)?;
        Ok(Response::new(replies))
    }
}

fn drift(drift: &Drift) -> pb::Drift {
    pb::Drift {
        kind: drift.kind.word().to_owned(),
        field: drift.field.clone(),
        before: drift.before,
        now: drift.now,
        since: Some(timestamp(drift.since_ms)),
    }
}

fn gauge(gauge: Gauge) -> pb::Gauge {
    pb::Gauge {
        name: gauge.name.to_owned(),
        reason: gauge.reason.to_owned(),
        value: gauge.is_set.into(),
    }
}

fn department(registered: &Registered, names: &DepartmentNames, pause: Option<&Pause>) -> pb::Department {
    let (profile, fared) = (&registered.profile, registered.fared());
    let described = names.get(&profile.id);
    let text = |of: fn(&Described) -> &String| described.as_deref().map(of).cloned().unwrap_or_default();
    pb::Department {
        id: profile.id.to_string(),
        name_zh: profile.name.zh.to_string(),
        name_en: profile.name.en.to_string(),
        verifies_zh: text(|d| &d.verifies_zh),
        verifies_en: text(|d| &d.verifies_en),
        record_types: profile.record_types.iter().map(|t| t.word().to_owned()).collect(),
        connector: text(|d| &d.connector),
        deadline_ms: profile.deadline_ms,
        freshness_ms: profile.freshness_ms,
        health: health(&fared, pause.is_some()).into(),
        asked: fared.asked,
        answered: fared.answered,
        failed: fared.failed,
        last_answer: fared.last_answer_ms.map(timestamp),
        checks: Vec::new(),
        pause: pause.map(|pause| pb::Pause {
            reason: pause.reason.clone(),
            by: pause.by.clone(),
            since: Some(timestamp(pause.since_ms)),
        }),
        drifts: Vec::new(),
        accepted_drift: None,
    }
}

/// How a department stands. Passed self-tests say that it is back, but not that it is asked again: its breaker waits for its time.
fn health(fared: &Fared, is_paused: bool) -> pb::DepartmentHealth {
    match fared.breaker {
        _ if is_paused => pb::DepartmentHealth::Paused,
        BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => pb::DepartmentHealth::BreakerOpen,
        BreakerState::Closed { .. } if fared.passed_check => pb::DepartmentHealth::Answering,
        BreakerState::Closed { failures } if failures > 0 => pb::DepartmentHealth::Failing,
        BreakerState::Closed { .. } if fared.answered > 0 => pb::DepartmentHealth::Answering,
        BreakerState::Closed { .. } => pb::DepartmentHealth::Unknown,
    }
}

/// How a department's own tests are run.
pub enum Checker {
    /// In this process.
    Local(Arc<dyn Adapter>),
    /// By a plugin at this address, with the token by which it knows us.
    Plugin(String, Option<Secret>),
}

/// The checkers of all departments; replaced whole when the catalogue is read again.
#[derive(Default)]
pub struct Checks(RwLock<BTreeMap<DepartmentId, Arc<Checker>>>);

impl Checks {
    /// Checks these departments and no others from now on.
    pub fn replace(&self, checkers: BTreeMap<DepartmentId, Arc<Checker>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = checkers;
    }

    fn get(&self, id: &DepartmentId) -> Option<Arc<Checker>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Runs a department's own tests within its deadline: one line each, no personal data.
    async fn run(&self, registered: &Registered) -> Vec<String> {
        let limit = std::time::Duration::from_millis(registered.profile.deadline_ms.into());
        let tests = async {
            match self.get(&registered.profile.id).as_deref() {
                Some(Checker::Local(adapter)) => adapter.check(None).await.iter().map(local_line).collect(),
                Some(Checker::Plugin(address, token)) => {
                    plugin_lines(address, token.as_ref(), &registered.profile.signing_keys).await
                }
                None => Vec::new(),
            }
        };
        let late = || vec!["FAIL: no answer to the self-tests within the department's deadline".to_owned()];
        let lines = tokio::time::timeout(limit, tests).await.unwrap_or_else(|_| late());
        // One without tests of its own has passed none.
        if !lines.is_empty() {
            registered.checked(!lines.iter().any(|line| line.starts_with("FAIL")));
        }
        lines
    }
}

fn local_line(result: &hedui_adapter::CheckResult) -> String {
    let word = match result.outcome {
        hedui_adapter::Outcome::Pass => "PASS",
        hedui_adapter::Outcome::Warn => "WARN",
        hedui_adapter::Outcome::Fail => "FAIL",
    };
    match result.message.as_str() {
        "" => format!("{word} {}", result.check),
        message => format!("{word} {}: {message}", result.check),
    }
}

/// A call in the name of whoever the token is of.
fn called_with<T>(message: T, token: Option<&AsciiMetadataValue>) -> Request<T> {
    let mut request = Request::new(message);
    if let Some(token) = token {
        request.metadata_mut().insert("authorization", token.clone());
    }
    request
}

async fn plugin_lines(address: &str, token: Option<&Secret>, pinned: &[PinnedKey]) -> Vec<String> {
    let unreachable = || vec!["FAIL: the plugin cannot be reached".to_owned()];
    let Ok(mut client) = DepartmentServiceClient::connect(address.to_owned()).await else {
        return unreachable();
    };
    let token = token.and_then(|token| format!("Bearer {}", token.expose()).parse().ok());
    let check = department_wire::CheckRequest { check: String::new() };
    let Ok(response) = client.check(called_with(check, token.as_ref())).await else {
        return unreachable();
    };
    let line = |r: &department_wire::CheckResult| {
        let word = match r.outcome() {
            department_wire::CheckOutcome::Pass => "PASS",
            department_wire::CheckOutcome::Warn => "WARN",
            _ => "FAIL",
        };
        // The plugin's own words are not passed on: only what our protocol says they may contain is known of them.
        format!("{word} {}", r.check)
    };
    let mut lines: Vec<String> = response.into_inner().results.iter().map(line).collect();
    let describe = department_wire::DescribeRequest {};
    if let Ok(described) = client.describe(called_with(describe, token.as_ref())).await {
        let key = check_published(&described.into_inner().signing_key, pinned);
        lines.extend(key.as_ref().map(local_line));
    }
    lines
}

#[cfg(test)]
mod tests;
