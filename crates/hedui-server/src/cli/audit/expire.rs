//! `hedui audit expire ...`: everything in a district whose period has ended, counted, approved by a second person, destroyed with progress.
//! Leaves single cases to `retention`. Ctrl-C loses nothing: run it again.

use clap::{Args, Subcommand};
use hedui_core::Date;
use hedui_proto::retention as wire;
use tonic::{Request, Streaming};

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use crate::cli::progress::Progress;
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};

/// `hedui audit expire ...`
#[derive(Debug, Subcommand)]
pub enum ExpireCommand {
    /// Count what is due in a district, and ask for its destruction; open for 30 days.
    Request(RequestArgs),
    /// Approve somebody else's expiry. It destroys nothing before it is run.
    Approve(IdArgs),
    /// Take an expiry back.
    Withdraw(IdArgs),
    /// Destroy what an approved expiry is about. Cannot be undone; Ctrl-C stops it, and run again it goes on.
    Run(IdArgs),
    /// List the newest expiries of a district.
    List(ListArgs),
}

/// Arguments of `hedui audit expire request`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: String,
    /// Only cases whose periods began before this day.
    #[arg(long, value_name = "DAY", required_unless_present = "due", conflicts_with = "due")]
    before: Option<Date>,
    /// Everything that is due today.
    #[arg(long)]
    due: bool,
    /// What it rests on: the retention schedule. It stands in the log for ever. Nothing rests on it with --dry-run.
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    legal_reference: Option<String>,
    /// Only count: nothing is asked for, and nothing changes.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// One expiry.
#[derive(Debug, Args)]
pub struct IdArgs {
    /// The id that `request` printed.
    id: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui audit expire list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Cases between two lines of progress.
const TELL_EVERY: u64 = 1_000;

/// Runs `hedui audit expire ...`.
pub async fn run(command: ExpireCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        ExpireCommand::Request(arguments) => request(arguments, context).await,
        ExpireCommand::Run(arguments) => carry_out(arguments, context).await,
        ExpireCommand::Approve(arguments) => {
            let client = Client::connect(&arguments.server).await?;
            let request = wire::ApproveExpiryRequest {
                id: arguments.id,
                actor: client.actor.clone(),
            };
            let response = client.retention().approve_expiry(timed(request, CALL_TIMEOUT)).await;
            let response = response.map_err(|status| client.refusal(&status))?;
            answer(&response.into_inner().expiry.unwrap_or_default(), context)
        }
        ExpireCommand::Withdraw(arguments) => {
            let client = Client::connect(&arguments.server).await?;
            let request = wire::WithdrawExpiryRequest {
                id: arguments.id,
                actor: client.actor.clone(),
            };
            let response = client.retention().withdraw_expiry(timed(request, CALL_TIMEOUT)).await;
            let response = response.map_err(|status| client.refusal(&status))?;
            answer(&response.into_inner().expiry.unwrap_or_default(), context)
        }
        ExpireCommand::List(arguments) => {
            let client = Client::connect(&arguments.server).await?;
            let district_code = arguments.district;
            let request = wire::ListExpiriesRequest { district_code };
            let response = client.retention().list_expiries(timed(request, CALL_TIMEOUT)).await;
            let response = response.map_err(|status| client.refusal(&status))?;
            let found = response.into_inner().expiries;
            match context.output {
                Output::Json => Answer::json(&json::expiries(&found), Exit::Success),
                Output::Table => Ok(Answer::success(render(&found, context))),
            }
        }
    }
}

async fn request(arguments: RequestArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::RequestExpiryRequest {
        district_code: arguments.district,
        before: arguments.before.map(values::date_of),
        legal_reference: arguments.legal_reference.unwrap_or_default(),
        dry_run: arguments.dry_run,
        actor: client.actor.clone(),
    });
    let response = client.retention().request_expiry(request).await;
    let steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let step = |step: wire::RequestExpiryResponse| (step.counts, step.expiry);
    let asked = follow(steps, step, &client, context).await?;
    answer(&asked, context)
}

async fn carry_out(arguments: IdArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::RunExpiryRequest {
        id: arguments.id,
        actor: client.actor.clone(),
    });
    let response = client.retention().run_expiry(request).await;
    let steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let step = |step: wire::RunExpiryResponse| (step.counts, step.expiry);
    let run = follow(steps, step, &client, context).await?;
    answer(&run, context)
}

/// Follows counting or running to its last message.
async fn follow<T>(
    mut steps: Streaming<T>,
    parts: impl Fn(T) -> (Option<wire::ExpiryCounts>, Option<wire::Expiry>),
    client: &Client,
    context: &Context,
) -> Result<wire::Expiry, CliError> {
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let (mut told, mut last) = (0, None);
    while let Some(step) = steps.message().await.map_err(|status| client.refusal(&status))? {
        let (counts, expiry) = parts(step);
        let counts = counts.unwrap_or_default();
        if counts.cases / TELL_EVERY > told {
            told = counts.cases / TELL_EVERY;
            let (cases, destroyed) = (counts.cases, counts.destroyed);
            progress.say(&context.lang.pick(
                format!("已看 {cases} 件，销毁 {destroyed} 件"),
                format!("{cases} cases looked at, {destroyed} destroyed"),
            ));
        }
        last = expiry.or(last);
    }
    progress.finish();
    last.ok_or_else(|| CliError::Internal("the server ended without a word".to_owned()))
}

fn answer(found: &wire::Expiry, context: &Context) -> Result<Answer, CliError> {
    let exit = match found.counts {
        Some(counts) if counts.failed > 0 => Exit::Internal,
        _ => Exit::Success,
    };
    match context.output {
        Output::Json => Answer::json(&json::expiry(found), exit),
        Output::Table => Ok(Answer {
            text: render(std::slice::from_ref(found), context),
            exit,
        }),
    }
}

fn render(found: &[wire::Expiry], context: &Context) -> String {
    let lang = context.lang;
    if found.is_empty() {
        return lang
            .pick("该地区没有到期销毁任务\n", "no expiry of this district\n")
            .to_owned();
    }
    let rows = found.iter().map(|expiry| {
        let counts = expiry.counts.unwrap_or_default();
        let counts = [
            counts.cases,
            counts.due,
            counts.destroyed,
            counts.gone,
            counts.held,
            counts.kept,
            counts.failed,
        ];
        let day = expiry.before.as_ref().map(values::date).unwrap_or_default();
        let cells = [expiry.id.clone(), state(expiry, context).to_owned(), day];
        cells.into_iter().chain(counts.map(|count| count.to_string())).collect()
    });
    let headers = [
        (lang.pick("编号", "id"), Column::Whole),
        (lang.pick("状态", "state"), Column::Text),
        (lang.pick("早于", "before"), Column::Whole),
        (lang.pick("案卷", "cases"), Column::Whole),
        (lang.pick("到期", "due"), Column::Whole),
        (lang.pick("已销毁", "destroyed"), Column::Whole),
        (lang.pick("此前已毁", "gone"), Column::Whole),
        (lang.pick("保全", "held"), Column::Whole),
        (lang.pick("须保存", "kept"), Column::Whole),
        (lang.pick("不可读", "failed"), Column::Whole),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

fn state(expiry: &wire::Expiry, context: &Context) -> &'static str {
    let lang = context.lang;
    let now = context.surroundings.now;
    let ends = |at: &prost_types::Timestamp| (at.seconds, at.nanos) <= (now.as_second(), now.subsec_nanosecond());
    if expiry.id.is_empty() {
        lang.pick("试算", "counted")
    } else if expiry.done_at.is_some() {
        lang.pick("已完成", "done")
    } else if expiry.withdrawn {
        lang.pick("已撤回", "withdrawn")
    } else if expiry.expires_at.as_ref().is_some_and(ends) {
        lang.pick("已过期", "expired")
    } else if expiry.approved_by.is_empty() {
        lang.pick("待批准", "to approve")
    } else {
        lang.pick("待执行", "to run")
    }
}

#[cfg(test)]
mod tests;
