//! `OperationsService`: the calls of operators: the catalogue, who answers, where the time goes.
//! Leaves asking and counting to the broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_adapter::Adapter;
use hedui_adapter::gate::BreakerState;
use hedui_broker::{Broker, Gauge, Registered, Step};
use hedui_core::DepartmentId;
use hedui_proto::department as department_wire;
use hedui_proto::department::department_service_client::DepartmentServiceClient;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_server::OperationsService;
use tonic::{Request, Response, Status};

use crate::config::Role;
use crate::grpc::caller::Callers;
use crate::grpc::long_calls::{LongCalls, Replies};
use crate::grpc::simulate;
use crate::grpc::to_proto::timestamp;

/// What the catalogue says of the departments beyond what the broker needs.
#[derive(Debug, Default)]
pub struct DepartmentNames(BTreeMap<DepartmentId, Described>);

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
    /// From descriptions by department.
    pub fn new(described: BTreeMap<DepartmentId, Described>) -> DepartmentNames {
        DepartmentNames(described)
    }

    /// Chinese and English name of a department; its id where the catalogue no longer has it.
    pub fn of<'a>(&'a self, id: &'a DepartmentId) -> (&'a str, &'a str) {
        self.0
            .get(id)
            .map_or((id.as_str(), id.as_str()), |d| (d.zh.as_str(), d.en.as_str()))
    }
}

/// Who may try packs on a district's households: the result names nobody.
const SIMULATING: [Role; 2] = [Role::Operator, Role::Auditor];

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
    names: Arc<DepartmentNames>,
    checks: Checks,
    long: LongCalls,
}

impl Service {
    /// Over a broker.
    pub fn new(
        broker: Broker,
        callers: Arc<Callers>,
        names: Arc<DepartmentNames>,
        (checks, long): (Checks, LongCalls),
    ) -> Service {
        Service {
            broker,
            callers,
            names,
            checks,
            long,
        }
    }
}

#[tonic::async_trait]
impl OperationsService for Service {
    async fn list_departments(
        &self,
        request: Request<pb::ListDepartmentsRequest>,
    ) -> Result<Response<pb::ListDepartmentsResponse>, Status> {
        self.callers.check(request.metadata(), Role::Operator)?;
        let check = request.into_inner().check;
        let mut departments = Vec::new();
        for registered in self.broker.registry().departments() {
            departments.push(department(registered, &self.names));
        }
        if check {
            let checks =
                futures::future::join_all(self.broker.registry().departments().iter().map(|d| self.checks.run(d)))
                    .await;
            for (department, checks) in departments.iter_mut().zip(checks) {
                department.checks = checks;
            }
        }
        Ok(Response::new(pb::ListDepartmentsResponse { departments }))
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

fn gauge(gauge: Gauge) -> pb::Gauge {
    pb::Gauge {
        name: gauge.name.to_owned(),
        reason: gauge.reason.to_owned(),
        value: gauge.is_set.into(),
    }
}

fn department(registered: &Registered, names: &DepartmentNames) -> pb::Department {
    let (profile, fared) = (&registered.profile, registered.fared());
    let health = match fared.breaker {
        BreakerState::Open { .. } | BreakerState::HalfOpen { .. } => pb::DepartmentHealth::BreakerOpen,
        BreakerState::Closed { failures } if failures > 0 => pb::DepartmentHealth::Failing,
        BreakerState::Closed { .. } if fared.answered > 0 => pb::DepartmentHealth::Answering,
        BreakerState::Closed { .. } => pb::DepartmentHealth::Unknown,
    };
    let described = names.0.get(&profile.id);
    let text = |of: fn(&Described) -> &String| described.map(of).cloned().unwrap_or_default();
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
        health: health.into(),
        asked: fared.asked,
        answered: fared.answered,
        failed: fared.failed,
        last_answer: fared.last_answer_ms.map(timestamp),
        checks: Vec::new(),
    }
}

/// How a department's own tests are run.
pub enum Checker {
    /// In this process.
    Local(Arc<dyn Adapter>),
    /// By a plugin at this address.
    Plugin(String),
}

/// The checkers of all departments.
#[derive(Default)]
pub struct Checks(BTreeMap<DepartmentId, Checker>);

impl Checks {
    /// From checkers by department.
    pub fn new(checkers: BTreeMap<DepartmentId, Checker>) -> Checks {
        Checks(checkers)
    }

    /// Runs a department's own tests within its deadline: one line each, no personal data.
    async fn run(&self, registered: &Registered) -> Vec<String> {
        let limit = std::time::Duration::from_millis(registered.profile.deadline_ms.into());
        let tests = async {
            match self.0.get(&registered.profile.id) {
                Some(Checker::Local(adapter)) => adapter.check(None).await.iter().map(local_line).collect(),
                Some(Checker::Plugin(address)) => plugin_lines(address).await,
                None => Vec::new(),
            }
        };
        let late = || vec!["FAIL: no answer to the self-tests within the department's deadline".to_owned()];
        tokio::time::timeout(limit, tests).await.unwrap_or_else(|_| late())
    }
}

fn local_line(result: &hedui_adapter::CheckResult) -> String {
    let word = match result.outcome {
        hedui_adapter::Outcome::Pass => "PASS",
        hedui_adapter::Outcome::Warn => "WARN",
        hedui_adapter::Outcome::Fail => "FAIL",
    };
    format!("{word} {}: {}", result.check, result.message)
}

async fn plugin_lines(address: &str) -> Vec<String> {
    let unreachable = || vec!["FAIL: the plugin cannot be reached".to_owned()];
    let Ok(mut client) = DepartmentServiceClient::connect(address.to_owned()).await else {
        return unreachable();
    };
    let Ok(response) = client
        .check(department_wire::CheckRequest { check: String::new() })
        .await
    else {
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
    response.into_inner().results.iter().map(line).collect()
}
