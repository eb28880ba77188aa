//! `OperationsService`: the calls of operators: the catalogue, who answers, where the time goes.
//! Leaves asking and counting to the broker.

use std::collections::BTreeMap;
use std::sync::Arc;

use hedui_adapter::gate::Health;
use hedui_broker::{Broker, Step};
use hedui_core::DepartmentId;
use hedui_proto::operations as pb;
use hedui_proto::operations::operations_service_server::OperationsService;
use tonic::{Request, Response, Status};

use crate::config::Role;
use crate::grpc::caller::Callers;
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
        self.0.get(id).map_or((id.as_str(), id.as_str()), |d| (d.zh.as_str(), d.en.as_str()))
    }
}

/// The service.
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
}
