//! `hedui audit access`: who looked a person up. By default what the person may be told: offices, not officials.
//! Leaves judging it to `misuse`.

use clap::Args;
use hedui_proto::audit as wire;

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};

/// Arguments of `hedui audit access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// The person's resident ID; `-` reads it from standard input, so that it stays out of the shell's history.
    id_number: String,
    /// Name the officials too: for the auditor, not for the person.
    #[arg(long)]
    officials: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit access`.
pub async fn run(arguments: AccessArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let id_number = match arguments.id_number.as_str() {
        "-" => std::io::read_to_string(std::io::stdin().lock())?.trim().to_owned(),
        given => given.to_owned(),
    };
    let request = wire::GetPersonAccessRequest {
        id_number,
        actor: client.actor.clone(),
    };
    let response = client.audit().get_person_access(timed(request, CALL_TIMEOUT)).await;
    let mut log = response.map_err(|status| client.refusal(&status))?.into_inner();
    if !arguments.officials {
        for access in &mut log.accesses {
            let office = access.actor.split('/').next().unwrap_or_default();
            access.actor = office.to_owned();
        }
    }
    match context.output {
        Output::Json => Answer::json(&json::access(&log), Exit::Success),
        Output::Table => Ok(Answer::success(render(&log, context))),
    }
}

fn render(log: &wire::GetPersonAccessResponse, context: &Context) -> String {
    let lang = context.lang;
    if log.accesses.is_empty() {
        return lang
            .pick("没有查询记录\n", "nobody has looked this person up\n")
            .to_owned();
    }
    let rows = log.accesses.iter().map(|access| {
        let what = match access.kind.as_str() {
            "ASKED" => lang.pick("查询各部门", "asked departments"),
            "ACCESS" => lang.pick("查阅", "read"),
            "DENIAL" => lang.pick("拒绝", "refused"),
            "SHRED" => lang.pick("销毁", "destroyed"),
            "REVIEW" => lang.pick("复核", "reviewed"),
            other => other,
        };
        let departments = match access.departments.len() {
            0 => String::new(),
            count => format!("{count}"),
        };
        vec![
            access.time.as_ref().map(values::clock).unwrap_or_default(),
            what.to_owned(),
            access.actor.clone(),
            access.purpose.clone(),
            departments,
        ]
    });
    let headers = [
        (lang.pick("时间", "time"), Column::Whole),
        (lang.pick("事项", "what"), Column::Whole),
        (lang.pick("经办", "by"), Column::Text),
        (lang.pick("用途", "what for"), Column::Text),
        (lang.pick("部门数", "departments"), Column::Whole),
    ];
    table(&headers, rows.collect(), 0, context.width)
}
