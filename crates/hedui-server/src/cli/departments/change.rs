//! `hedui departments reload|pause|resume`: changes of the catalogue while the server runs.
//! Leaves what they do to verifications to the server.

use clap::{Args, Subcommand};
use hedui_proto::operations as wire;

use super::super::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use super::super::{Answer, CliError, Context, Exit, Output, json};

/// What can be changed.
#[derive(Debug, Subcommand)]
pub enum ChangeCommand {
    /// Read the manifests again; verifications that begin from then on go by them.
    Reload(ReloadArgs),
    /// Ask a department no more, until it is resumed.
    Pause(PauseArgs),
    /// Ask a paused department again.
    Resume(ResumeArgs),
    /// Take what a department says now as usual, after somebody has looked: verdicts rest on it again.
    AcceptDrift(AcceptDriftArgs),
}

/// Arguments of `hedui departments accept-drift`.
#[derive(Debug, Args)]
pub struct AcceptDriftArgs {
    /// Id of the department.
    department: String,
    /// Why, in one line; everybody who lists the departments reads it.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui departments reload`.
#[derive(Debug, Args)]
pub struct ReloadArgs {
    /// Only tell what would change.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui departments pause`.
#[derive(Debug, Args)]
pub struct PauseArgs {
    /// Id of the department.
    department: String,
    /// Why, in one line; everybody who lists the departments reads it.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui departments resume`.
#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// Id of the department.
    department: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs one.
pub async fn run(command: ChangeCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        ChangeCommand::Reload(arguments) => reload(arguments, context).await,
        ChangeCommand::Pause(arguments) => pause(arguments, context).await,
        ChangeCommand::Resume(arguments) => resume(arguments, context).await,
        ChangeCommand::AcceptDrift(arguments) => accept_drift(arguments, context).await,
    }
}

async fn reload(arguments: ReloadArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::ReloadCatalogueRequest {
        validate_only: arguments.dry_run,
    };
    let changes = client.operations().reload_catalogue(timed(request, CALL_TIMEOUT)).await;
    let changes = changes.map_err(|status| client.refusal(&status))?.into_inner();
    if context.output == Output::Json {
        return Answer::json(&json::changes(&changes, arguments.dry_run), Exit::Success);
    }
    let lang = context.lang;
    let mut text = String::new();
    for (ids, word) in [
        (&changes.added, lang.pick("新增", "added")),
        (&changes.removed, lang.pick("移除", "removed")),
        (&changes.changed, lang.pick("变更", "changed")),
    ] {
        ids.iter().for_each(|id| text.push_str(&format!("{word} {id}\n")));
    }
    let same = changes.unchanged;
    text.push_str(&lang.pick(
        format!("未变 {same} 个部门\n"),
        format!("{same} departments as they were\n"),
    ));
    if arguments.dry_run {
        text.push_str(lang.pick("仅试查，未生效\n", "only looked at; nothing has changed\n"));
    }
    Ok(Answer::success(text))
}

async fn pause(arguments: PauseArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::PauseDepartmentRequest {
        department: arguments.department,
        reason: arguments.reason,
    };
    let paused = client.operations().pause_department(timed(request, CALL_TIMEOUT)).await;
    let paused = paused.map_err(|status| client.refusal(&status))?.into_inner();
    told(paused.department.as_slice(), context)
}

async fn resume(arguments: ResumeArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::ResumeDepartmentRequest {
        department: arguments.department,
    };
    let resumed = client
        .operations()
        .resume_department(timed(request, CALL_TIMEOUT))
        .await;
    let resumed = resumed.map_err(|status| client.refusal(&status))?.into_inner();
    told(resumed.department.as_slice(), context)
}

async fn accept_drift(arguments: AcceptDriftArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::AcceptDriftRequest {
        department: arguments.department,
        reason: arguments.reason,
    };
    let accepted = client.operations().accept_drift(timed(request, CALL_TIMEOUT)).await;
    let accepted = accepted.map_err(|status| client.refusal(&status))?.into_inner();
    told(accepted.department.as_slice(), context)
}

fn told(departments: &[wire::Department], context: &Context) -> Result<Answer, CliError> {
    match context.output {
        Output::Json => Answer::json(&json::departments(departments), Exit::Success),
        Output::Table => Ok(Answer::success(super::render(departments, context))),
    }
}
