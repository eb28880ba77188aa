//! `hedui tasks list|show|answer|confirm`: the questions that wait for the people of an office, and their answers in a form.
//! Leaves the form to the department kit, and what an answer must be to the server.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use hedui_adapter::people::form;
use hedui_adapter::wire::{decode_query, encode_answer};
use hedui_core::Query;
use hedui_proto::department::{QueryResponse, ResultState, SubjectResult};
use hedui_proto::task as wire;
use prost::Message as _;
use serde_json::{Value, json};

use super::adapter::input;
use super::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use super::json::word;
use super::table::{Column, table};
use super::{Answer, CliError, Context, Exit, Lang, Output, values};

/// Largest form.
const MAX_FORM_BYTES: u64 = 1 << 20;
/// Most pages that are read: 20,000 tasks.
const MAX_PAGES: usize = 100;
const PAGE_SIZE: i32 = 200;

/// What can be done with tasks.
#[derive(Debug, Subcommand)]
pub enum TasksCommand {
    /// List an office's tasks: those that wait, the most urgent first.
    List(ListArgs),
    /// Show a task, or write the form to fill in.
    Show(ShowArgs),
    /// Answer a task with a form that was filled in.
    Answer(AnswerArgs),
    /// Confirm what another person has answered.
    Confirm(ConfirmArgs),
}

/// Arguments of `hedui tasks list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The office.
    #[arg(long, value_name = "ID")]
    department: String,
    /// Answered and closed ones too.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui tasks show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// `verifications/{id}/tasks/{department}`, or the id with `--department`.
    name: String,
    /// The office, where the name does not say it.
    #[arg(long, value_name = "ID")]
    department: Option<String>,
    /// Print the form to fill in. It holds the numbers and names of persons: keep it as you keep files.
    #[arg(long)]
    form: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui tasks answer`.
#[derive(Debug, Args)]
pub struct AnswerArgs {
    /// `verifications/{id}/tasks/{department}`; the form names it too.
    name: Option<String>,
    /// The form, filled in; `-` for stdin.
    #[arg(long, value_name = "FILE")]
    form: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui tasks confirm`.
#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// `verifications/{id}/tasks/{department}`, or the id with `--department`.
    name: String,
    /// The office, where the name does not say it.
    #[arg(long, value_name = "ID")]
    department: Option<String>,
    /// The answer that is confirmed, as `show` names it.
    #[arg(long, value_name = "EVIDENCE")]
    answer: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs one.
pub async fn run(command: TasksCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        TasksCommand::List(arguments) => list(arguments, context).await,
        TasksCommand::Show(arguments) => show(arguments, context).await,
        TasksCommand::Answer(arguments) => answer(arguments, context).await,
        TasksCommand::Confirm(arguments) => confirm(arguments, context).await,
    }
}

/// The name of a task, from the same or its parts.
fn task_name(name: &str, department: Option<&str>) -> String {
    let name = match name.starts_with("verifications/") {
        true => name.to_owned(),
        false => format!("verifications/{name}"),
    };
    match department {
        Some(department) if !name.contains("/tasks/") => format!("{name}/tasks/{department}"),
        _ => name,
    }
}

async fn list(arguments: ListArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let (mut tasks, mut page_token) = (Vec::new(), String::new());
    for _ in 0..MAX_PAGES {
        let request = wire::ListTasksRequest {
            department: arguments.department.clone(),
            all: arguments.all,
            page_size: PAGE_SIZE,
            page_token,
        };
        let page = client.tasks().list_tasks(timed(request, CALL_TIMEOUT)).await;
        let page = page.map_err(|status| client.refusal(&status))?.into_inner();
        tasks.extend(page.tasks);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let due = |task: &wire::Task| task.due_at.as_ref().map(|at| at.seconds);
    tasks.sort_by_key(|task| (due(task).is_none(), due(task)));
    if context.output == Output::Json {
        return Answer::json(&json!(tasks.iter().map(as_json).collect::<Vec<_>>()), Exit::Success);
    }
    Ok(Answer::success(render(&tasks, context)))
}

async fn show(arguments: ShowArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let opened = open(&client, task_name(&arguments.name, arguments.department.as_deref())).await?;
    let task = opened.task.clone().unwrap_or_default();
    if arguments.form {
        let query = question(&opened)?;
        let form = form::Task {
            name: &task.name,
            query: &query,
            threshold_only: opened.threshold_only,
        };
        return Ok(Answer::success(form.write()));
    }
    if context.output == Output::Json {
        return Answer::json(&opened_json(&task, &opened), Exit::Success);
    }
    let lang = context.lang;
    let mut text = render(std::slice::from_ref(&task), context);
    let query = opened.query.clone().unwrap_or_default();
    for subject in &query.subjects {
        text.push_str(&format!("  {}  {}\n", subject.id_number, subject.name));
    }
    if !opened.draft_evidence.is_empty() {
        text.push_str(&lang.pick(
            format!("待复核的答复 {}（{}）：\n", opened.draft_evidence, task.answered_by),
            format!("to be confirmed, {} by {}:\n", opened.draft_evidence, task.answered_by),
        ));
        opened
            .draft
            .iter()
            .for_each(|said| text.push_str(&draft(said, &query.subjects, lang)));
    }
    if opened.two_persons {
        text.push_str(lang.pick(
            "须另一人员以另一账号复核\n",
            "another person confirms, with another caller's token\n",
        ));
    }
    Ok(Answer::success(text))
}

async fn answer(arguments: AnswerArgs, context: &Context) -> Result<Answer, CliError> {
    let text = read(&arguments.form)?;
    let named = arguments.name.map(|name| task_name(&name, None));
    let name = match named.or_else(|| stated(&text)) {
        Some(name) => name,
        None => {
            return Err(CliError::Usage(
                "name the task: the form does not say `task = \"...\"`".to_owned(),
            ));
        }
    };
    let client = Client::connect(&arguments.server).await?;
    let opened = open(&client, name.clone()).await?;
    let query = question(&opened)?;
    let form = form::Task {
        name: &name,
        query: &query,
        threshold_only: opened.threshold_only,
    };
    let what = arguments.form.display().to_string();
    let answers = form.read(&text).map_err(|mistakes| input(&what, mistakes))?;
    let answer = QueryResponse::decode(encode_answer(&query, &answers)).map_err(lost)?;
    let request = wire::AnswerTaskRequest {
        name,
        results: answer.results,
        actor: client.actor.clone(),
    };
    let answered = client.tasks().answer_task(timed(request, CALL_TIMEOUT)).await;
    let answered = answered.map_err(|status| client.refusal(&status))?.into_inner();
    told(answered.task.unwrap_or_default(), context)
}

async fn confirm(arguments: ConfirmArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::ConfirmTaskRequest {
        name: task_name(&arguments.name, arguments.department.as_deref()),
        draft_evidence: arguments.answer,
        actor: client.actor.clone(),
    };
    let confirmed = client.tasks().confirm_task(timed(request, CALL_TIMEOUT)).await;
    let confirmed = confirmed.map_err(|status| client.refusal(&status))?.into_inner();
    told(confirmed.task.unwrap_or_default(), context)
}

async fn open(client: &Client, name: String) -> Result<wire::GetTaskResponse, CliError> {
    let request = wire::GetTaskRequest {
        name,
        actor: client.actor.clone(),
    };
    let opened = client.tasks().get_task(timed(request, CALL_TIMEOUT)).await;
    Ok(opened.map_err(|status| client.refusal(&status))?.into_inner())
}

fn question(opened: &wire::GetTaskResponse) -> Result<Query, CliError> {
    let query = opened.query.clone().unwrap_or_default();
    decode_query(&Bytes::from(query.encode_to_vec())).map_err(lost)
}

fn lost(_: impl std::error::Error) -> CliError {
    CliError::Internal("the server's answer cannot be read; use the same version of client and server".to_owned())
}

/// The form's text.
fn read(path: &Path) -> Result<String, CliError> {
    let unreadable = |source| CliError::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin()
            .lock()
            .take(MAX_FORM_BYTES + 1)
            .read_to_string(&mut text),
        false => std::fs::File::open(path).and_then(|file| file.take(MAX_FORM_BYTES + 1).read_to_string(&mut text)),
    };
    if read.map_err(unreadable)? as u64 > MAX_FORM_BYTES {
        return Err(unreadable(std::io::Error::from(std::io::ErrorKind::FileTooLarge)));
    }
    Ok(text)
}

/// The task that a form names.
fn stated(text: &str) -> Option<String> {
    let table: toml::Table = toml::from_str(text).ok()?;
    Some(table.get("task")?.as_str()?.to_owned())
}

fn told(task: wire::Task, context: &Context) -> Result<Answer, CliError> {
    match context.output {
        Output::Json => Answer::json(&as_json(&task), Exit::Success),
        Output::Table => Ok(Answer::success(render(&[task], context))),
    }
}

fn render(tasks: &[wire::Task], context: &Context) -> String {
    let lang = context.lang;
    if tasks.is_empty() {
        return lang.pick("没有待办\n", "nothing waits here\n").to_owned();
    }
    let rows = tasks.iter().map(|task| {
        vec![
            task.name.trim_start_matches("verifications/").to_owned(),
            task.asked_at.as_ref().map(values::clock).unwrap_or_default(),
            task.due_at.as_ref().map(values::clock).unwrap_or_default(),
            state(task, lang),
            task.purpose.clone(),
        ]
    });
    let headers = [
        (lang.pick("待办", "task"), Column::Whole),
        (lang.pick("询问时间", "asked"), Column::Text),
        (lang.pick("答复期限", "answer by"), Column::Text),
        (lang.pick("状态", "state"), Column::Text),
        (lang.pick("用途", "purpose"), Column::Text),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

/// Where a task stands. What is overdue says that it still counts as no answer.
fn state(task: &wire::Task, lang: Lang) -> String {
    let who = |name: &str| {
        if name.is_empty() {
            String::new()
        } else {
            format!(" {name}")
        }
    };
    let word = match task.state() {
        wire::TaskState::Open => lang.pick("待答复", "open").to_owned(),
        wire::TaskState::ToConfirm => format!("{}{}", lang.pick("待复核", "to confirm"), who(&task.answered_by)),
        wire::TaskState::Answered => format!(
            "{}{}{}",
            lang.pick("已答复", "answered"),
            who(&task.answered_by),
            who(&task.confirmed_by)
        ),
        wire::TaskState::Closed => format!("{} {}", lang.pick("已关闭", "closed"), task.closed_reason),
        wire::TaskState::Unspecified => lang.pick("状态不明", "unknown state").to_owned(),
    };
    match task.late {
        true => format!("!! {} {word}", lang.pick("逾期", "LATE")),
        false => word,
    }
}

/// One person's line of an answer that waits to be confirmed.
fn draft(said: &SubjectResult, subjects: &[hedui_proto::department::Subject], lang: Lang) -> String {
    let subject = subjects.iter().find(|s| s.ordinal == said.ordinal);
    let name = subject.map(|s| s.name.as_str()).unwrap_or_default();
    let what = match said.state() {
        ResultState::Found => lang.pick(
            format!("{} 条记录", said.records.len()),
            format!("{} record(s)", said.records.len()),
        ),
        ResultState::NoRecord => lang.pick("查无记录", "none on record").to_owned(),
        ResultState::IdentityMismatch => lang.pick("登记在他人名下", "under another name").to_owned(),
        other => word(other.as_str_name(), "RESULT_STATE_"),
    };
    let mut text = format!("  {name}: {what}\n");
    for record in &said.records {
        text.push_str(&format!("    {record:?}\n"));
    }
    text
}

fn as_json(task: &wire::Task) -> Value {
    json!({
        "name": task.name,
        "department": task.department,
        "district_code": task.district_code,
        "purpose": task.purpose,
        "asked_at": task.asked_at.as_ref().map(values::rfc3339),
        "due_at": task.due_at.as_ref().map(values::rfc3339),
        "state": word(task.state().as_str_name(), "TASK_STATE_"),
        "late": task.late,
        "closed_reason": task.closed_reason,
        "answered_by": task.answered_by,
        "confirmed_by": task.confirmed_by,
        "settled_at": task.settled_at.as_ref().map(values::rfc3339),
    })
}

fn opened_json(task: &wire::Task, opened: &wire::GetTaskResponse) -> Value {
    let query = opened.query.clone().unwrap_or_default();
    let subject = |s: &hedui_proto::department::Subject| json!({ "ordinal": s.ordinal, "id_number": s.id_number, "name": s.name });
    let said = |s: &SubjectResult| {
        json!({
            "ordinal": s.ordinal,
            "state": word(s.state().as_str_name(), "RESULT_STATE_"),
            "records": s.records.len(),
        })
    };
    json!({
        "task": as_json(task),
        "subjects": query.subjects.iter().map(subject).collect::<Vec<_>>(),
        "threshold_only": opened.threshold_only,
        "two_persons": opened.two_persons,
        "draft": opened.draft.iter().map(said).collect::<Vec<_>>(),
        "draft_evidence": opened.draft_evidence,
    })
}
