//! `TaskService`: the calls of the people of offices without a system.
//! Leaves what an answer must be to the broker; here is who belongs to which office, and the forms of the wire.

use std::sync::Arc;

use hedui_adapter::wire::{encode_answer, encode_query};
use hedui_broker::{Broker, BrokerError, CaseId, Officer, Registry, Task, TaskRefusal, TaskState};
use hedui_core::DepartmentId;
use hedui_evidence::EvidenceId;
use hedui_proto::department::{QueryRequest, QueryResponse};
use hedui_proto::task as pb;
use hedui_proto::task::task_service_server::TaskService;
use prost::Message as _;
use tonic::{Code, Request, Response, Status};

use crate::config::Role;
use crate::grpc::caller::{Callers, Known};
use crate::grpc::page;
use crate::grpc::status::{refusal, status};
use crate::grpc::to_proto::timestamp;

/// Most tasks of a page.
const MOST: usize = 200;

/// The service.
pub struct Service {
    broker: Broker,
    callers: Arc<Callers>,
}

impl Service {
    /// Over a broker.
    pub fn new(broker: Broker, callers: Arc<Callers>) -> Service {
        Service { broker, callers }
    }

    /// Whether the catalogue has a department.
    fn knows(&self, department: &DepartmentId) -> bool {
        let registry = self.broker.registry();
        registry.departments().iter().any(|d| d.profile.id == *department)
    }

    /// The task of a call, whose caller belongs to the office and may act in the task's district.
    async fn allowed<T>(&self, request: Request<T>, name: fn(&T) -> &str) -> Result<(T, Place, Known), Status> {
        let caller = self.callers.check(request.metadata(), Role::Office)?;
        let message = request.into_inner();
        let place = place(name(&message))?;
        caller.of_department(&place.department)?;
        let district = self.broker.district_of(place.case).await;
        let district = district.map_err(|error| match error {
            BrokerError::NotFound => status(&TaskRefusal::NotFound.into()),
            error => status(&error),
        })?;
        caller.in_district(&district)?;
        Ok((message, place, caller))
    }
}

/// Says of which offices no answer can be used: a second person must confirm it, and no second caller may. Easier to mend before the first answer waits.
pub fn tell_unconfirmable(registry: &Registry, callers: &Callers) {
    for department in unconfirmable(registry, callers) {
        let why = match callers.are_told_apart() {
            true => "fewer than two callers have the role office and name it, in one district",
            false => "no callers are configured, so that nobody can be told from anybody else",
        };
        tracing::warn!(
            department = department.as_str(),
            why,
            "two_persons: no answer of this office can be confirmed, and none counts; add [[callers]], one for each person"
        );
    }
}

/// The offices whose answers nobody could confirm.
fn unconfirmable<'r>(registry: &'r Registry, callers: &Callers) -> impl Iterator<Item = &'r DepartmentId> {
    let two = registry
        .departments()
        .iter()
        .filter(|d| d.people.as_ref().is_some_and(|people| people.two_persons));
    two.map(|department| &department.profile.id)
        .filter(|id| !callers.are_two_of(id))
}

/// Why an answer is not confirmed; where callers are not told apart, nobody can confirm any, and that is said.
fn unconfirmed(error: &BrokerError, callers: &Callers) -> Status {
    let second = TaskRefusal::SecondPersonNeeded.reason();
    if error.reason() != second || callers.are_told_apart() {
        return status(error);
    }
    let (zh, en) = (
        "须由另一账号的另一人员复核；此处未配置 [[callers]]，无法区分人员，任何人都不能复核",
        "a second person must confirm with the token of another caller, and here no [[callers]] are configured: nobody can be told from anybody else, so nobody can confirm",
    );
    refusal(Code::PermissionDenied, second, en, zh)
}

/// Which task.
struct Place {
    case: CaseId,
    department: DepartmentId,
}

/// `verifications/{id}/tasks/{department}`.
fn place(name: &str) -> Result<Place, Status> {
    let (zh, en) = (
        "待办名称无效",
        "a task's name is verifications/, 32 hexadecimal digits, /tasks/ and the department",
    );
    let invalid = || refusal(Code::InvalidArgument, "NAME_INVALID", en, zh);
    let rest = name.strip_prefix("verifications/").ok_or_else(invalid)?;
    let (id, department) = rest.split_once("/tasks/").ok_or_else(invalid)?;
    let case = CaseId::from_hex(id).filter(|_| id.len() == 32).ok_or_else(invalid)?;
    let department = DepartmentId::new(department).map_err(|_| invalid())?;
    Ok(Place { case, department })
}

fn officer<'o>(caller: &'o Known, person: &'o str) -> Officer<'o> {
    Officer {
        caller: &caller.id,
        person,
    }
}

#[tonic::async_trait]
impl TaskService for Service {
    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        let caller = self.callers.check(request.metadata(), Role::Office)?;
        let message = request.into_inner();
        let department = DepartmentId::new(&message.department).map_err(|_| unknown_department())?;
        caller.of_department(&department)?;
        let list = format!("tasks/{department}/{}", message.all);
        let before = page::read(&message.page_token, &list)?;
        let size = page::size(message.page_size)?.min(MOST);
        let found = self.broker.tasks(&department, message.all, before, size).await;
        let found = found.map_err(|e| status(&e))?;
        // Of an office that has left the catalogue tasks may be there still.
        if found.tasks.is_empty() && found.next.is_none() && message.page_token.is_empty() && !self.knows(&department) {
            return Err(unknown_department());
        }
        let tasks = found
            .tasks
            .iter()
            .filter(|task| caller.in_district(&task.district).is_ok());
        Ok(Response::new(pb::ListTasksResponse {
            tasks: tasks.map(self::task).collect(),
            next_page_token: found.next.map(|next| page::write(next, &list)).unwrap_or_default(),
        }))
    }

    async fn get_task(&self, request: Request<pb::GetTaskRequest>) -> Result<Response<pb::GetTaskResponse>, Status> {
        let (message, place, caller) = self.allowed(request, |m| &m.name).await?;
        let opened = self
            .broker
            .open_task(place.case, &place.department, officer(&caller, &message.actor))
            .await
            .map_err(|e| status(&e))?;
        let lost = |_| status(&BrokerError::Internal("a question does not encode"));
        let query = QueryRequest::decode(encode_query(&opened.query)).map_err(lost)?;
        let (draft_evidence, draft) = match &opened.draft {
            None => (String::new(), Vec::new()),
            Some((evidence, answers)) => {
                let answer = QueryResponse::decode(encode_answer(&opened.query, answers)).map_err(lost)?;
                (evidence.to_string(), answer.results)
            }
        };
        Ok(Response::new(pb::GetTaskResponse {
            task: Some(task(&opened.task)),
            query: Some(query),
            threshold_only: opened.threshold_only,
            two_persons: opened.two_persons,
            draft,
            draft_evidence,
        }))
    }

    async fn answer_task(
        &self,
        request: Request<pb::AnswerTaskRequest>,
    ) -> Result<Response<pb::AnswerTaskResponse>, Status> {
        let (message, place, caller) = self.allowed(request, |m| &m.name).await?;
        let answer = QueryResponse {
            results: message.results,
            ..QueryResponse::default()
        };
        let bytes = answer.encode_to_vec();
        let said = self
            .broker
            .answer_task(place.case, &place.department, &bytes, officer(&caller, &message.actor))
            .await
            .map_err(|e| status(&e))?;
        Ok(Response::new(pb::AnswerTaskResponse {
            task: Some(task(&said)),
        }))
    }

    async fn confirm_task(
        &self,
        request: Request<pb::ConfirmTaskRequest>,
    ) -> Result<Response<pb::ConfirmTaskResponse>, Status> {
        let (message, place, caller) = self.allowed(request, |m| &m.name).await?;
        let draft = EvidenceId::from_hex(&message.draft_evidence);
        let draft = draft.ok_or_else(|| status(&TaskRefusal::NothingToConfirm.into()))?;
        let confirmed = self
            .broker
            .confirm_task(place.case, &place.department, draft, officer(&caller, &message.actor))
            .await
            .map_err(|e| unconfirmed(&e, &self.callers))?;
        Ok(Response::new(pb::ConfirmTaskResponse {
            task: Some(task(&confirmed)),
        }))
    }
}

fn unknown_department() -> Status {
    let (zh, en) = ("没有此部门", "there is no such department; see `hedui departments`");
    refusal(Code::NotFound, "UNKNOWN_DEPARTMENT", en, zh)
}

fn task(task: &Task) -> pb::Task {
    let (state, closed_reason) = match &task.state {
        TaskState::Open => (pb::TaskState::Open, ""),
        TaskState::ToConfirm => (pb::TaskState::ToConfirm, ""),
        TaskState::Answered => (pb::TaskState::Answered, ""),
        TaskState::Closed(reason) => (pb::TaskState::Closed, reason.as_str()),
    };
    pb::Task {
        name: format!("verifications/{}/tasks/{}", task.case, task.department),
        department: task.department.to_string(),
        district_code: task.district.clone(),
        purpose: task.purpose.clone(),
        asked_at: Some(timestamp(task.asked_at_ms)),
        due_at: task.due_at_ms.map(timestamp),
        state: state.into(),
        late: task.late,
        closed_reason: closed_reason.to_owned(),
        answered_by: task.answered_by.clone().unwrap_or_default(),
        confirmed_by: task.confirmed_by.clone().unwrap_or_default(),
        settled_at: task.settled_at_ms.map(timestamp),
    }
}
