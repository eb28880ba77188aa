//! `hedui audit retention|freeze|hold|release|shred`: how a case is kept, what blocks its destruction, and its destruction by two persons.
//! Leaves many cases at once to `expire`, and every rule to the server.

use clap::{Args, Subcommand};
use hedui_proto::retention as wire;

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed, verification_name};
use crate::cli::lang::Lang;
use crate::cli::table::paragraph;
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};

/// One case.
#[derive(Debug, Args)]
pub struct CaseArgs {
    /// `verifications/{id}`, or the id.
    case: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui audit freeze`.
#[derive(Debug, Args)]
pub struct FreezeArgs {
    #[command(flatten)]
    case: CaseArgs,
    /// Why its purpose has ended; sealed.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// Arguments of `hedui audit hold` and `release`.
#[derive(Debug, Args)]
pub struct HoldArgs {
    #[command(flatten)]
    case: CaseArgs,
    /// The court case, dispute or audit; it stands in the log for ever, so no names and no numbers of persons.
    #[arg(long, value_name = "TEXT")]
    reference: String,
    /// Why; sealed, and destroyed with the case.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// `hedui audit shred ...`
#[derive(Debug, Subcommand)]
pub enum ShredCommand {
    /// Ask for the destruction of a case; open for 30 days.
    Request(ShredArgs),
    /// Take the request back.
    Withdraw(CaseArgs),
    /// Approve somebody else's request, and destroy the case. Cannot be undone.
    Approve(CaseArgs),
}

/// Arguments of `hedui audit shred request`.
#[derive(Debug, Args)]
pub struct ShredArgs {
    #[command(flatten)]
    case: CaseArgs,
    /// What it rests on: the retention schedule, an order. It stands in the log for ever.
    #[arg(long, value_name = "TEXT")]
    legal_reference: String,
    /// The provision that orders an erasure before the period has ended; left out where it has.
    #[arg(long, value_name = "TEXT", default_value = "")]
    erasure_basis: String,
}

/// Runs `hedui audit retention`.
pub async fn retention(arguments: CaseArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let name = verification_name(&arguments.case);
    let request = wire::GetRetentionRequest { name };
    let response = client.retention().get_retention(timed(request, CALL_TIMEOUT)).await;
    let response = response.map_err(|status| client.refusal(&status))?;
    answer(response.into_inner().retention, context)
}

/// Runs `hedui audit freeze`.
pub async fn freeze(arguments: FreezeArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.case.server).await?;
    let request = wire::FreezeCaseRequest {
        name: verification_name(&arguments.case.case),
        reason: arguments.reason,
        actor: client.actor.clone(),
    };
    let response = client.retention().freeze_case(timed(request, CALL_TIMEOUT)).await;
    let response = response.map_err(|status| client.refusal(&status))?;
    answer(response.into_inner().retention, context)
}

/// Runs `hedui audit hold`.
pub async fn hold(arguments: HoldArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.case.server).await?;
    let request = wire::PlaceHoldRequest {
        name: verification_name(&arguments.case.case),
        reference: arguments.reference,
        reason: arguments.reason,
        actor: client.actor.clone(),
    };
    let response = client.retention().place_hold(timed(request, CALL_TIMEOUT)).await;
    let response = response.map_err(|status| client.refusal(&status))?;
    answer(response.into_inner().retention, context)
}

/// Runs `hedui audit release`.
pub async fn release(arguments: HoldArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.case.server).await?;
    let request = wire::ReleaseHoldRequest {
        name: verification_name(&arguments.case.case),
        reference: arguments.reference,
        reason: arguments.reason,
        actor: client.actor.clone(),
    };
    let response = client.retention().release_hold(timed(request, CALL_TIMEOUT)).await;
    let response = response.map_err(|status| client.refusal(&status))?;
    answer(response.into_inner().retention, context)
}

/// Runs `hedui audit shred ...`.
pub async fn shred(command: ShredCommand, context: &Context) -> Result<Answer, CliError> {
    let now = match command {
        ShredCommand::Request(arguments) => {
            let client = Client::connect(&arguments.case.server).await?;
            let request = wire::RequestShredRequest {
                name: verification_name(&arguments.case.case),
                legal_reference: arguments.legal_reference,
                erasure_basis: arguments.erasure_basis,
                actor: client.actor.clone(),
            };
            let response = client.retention().request_shred(timed(request, CALL_TIMEOUT)).await;
            response
                .map_err(|status| client.refusal(&status))?
                .into_inner()
                .retention
        }
        ShredCommand::Withdraw(arguments) => {
            let client = Client::connect(&arguments.server).await?;
            let request = wire::WithdrawShredRequest {
                name: verification_name(&arguments.case),
                actor: client.actor.clone(),
            };
            let response = client.retention().withdraw_shred(timed(request, CALL_TIMEOUT)).await;
            response
                .map_err(|status| client.refusal(&status))?
                .into_inner()
                .retention
        }
        ShredCommand::Approve(arguments) => {
            let client = Client::connect(&arguments.server).await?;
            let request = wire::ApproveShredRequest {
                name: verification_name(&arguments.case),
                actor: client.actor.clone(),
            };
            let response = client.retention().approve_shred(timed(request, CALL_TIMEOUT)).await;
            response
                .map_err(|status| client.refusal(&status))?
                .into_inner()
                .retention
        }
    };
    answer(now, context)
}

fn answer(found: Option<wire::Retention>, context: &Context) -> Result<Answer, CliError> {
    let found = found.unwrap_or_default();
    match context.output {
        Output::Json => Answer::json(&json::retention(&found), Exit::Success),
        Output::Table => {
            let width = context.width;
            let lines = lines(&found, context.lang);
            let text: String = lines.iter().map(|line| paragraph(line, 0, width)).collect();
            Ok(Answer::success(text))
        }
    }
}

/// How a case is kept, line by line: for `show` too.
pub fn lines(found: &wire::Retention, lang: Lang) -> Vec<String> {
    let clock = |at: &Option<prost_types::Timestamp>| at.as_ref().map(values::clock).unwrap_or_default();
    let frozen = clock(&found.frozen_from);
    let until = found.kept_until.as_ref().map(values::date).unwrap_or_default();
    let mut lines = vec![found.name.clone()];
    lines.push(match found.state() {
        wire::RetentionState::Shredded => lang
            .pick(
                "!! 已销毁：任何人不能再查阅",
                "!! Destroyed: nobody can read what it held.",
            )
            .to_owned(),
        wire::RetentionState::Frozen => lang.pick(
            format!("自 {frozen} 封存，仅限争议处理与审计查阅；保存至 {until}"),
            format!("Frozen since {frozen}: for disputes and audits only; to be kept up to {until}."),
        ),
        _ => lang.pick(
            format!("自 {frozen} 起封存；保存至 {until}"),
            format!("To be frozen on {frozen}, to be kept up to {until}."),
        ),
    });
    if let Some(destroyed) = &found.destroyed {
        let (at, by, on) = (
            clock(&destroyed.destroyed_at),
            &destroyed.actor,
            &destroyed.legal_reference,
        );
        let basis = &destroyed.erasure_basis;
        let basis = if basis.is_empty() {
            String::new()
        } else {
            format!(" ({basis})")
        };
        let records = destroyed.records;
        // Who decided it is told to those only who may ask how cases are kept.
        lines.push(match by.is_empty() {
            true => lang.pick(format!("销毁于 {at}"), format!("On {at}.")),
            false => lang.pick(
                format!("{at} 由 {by} 批准，依据 {on}{basis}，{records} 份密封记录"),
                format!("On {at}, approved by {by}, on the ground of {on}{basis}: {records} sealed records."),
            ),
        });
    }
    for hold in &found.holds {
        let (at, by, what) = (clock(&hold.placed_at), &hold.actor, &hold.reference);
        lines.push(lang.pick(
            format!("保全：{what}（{by}，{at}）"),
            format!("On hold: {what} ({by}, {at})."),
        ));
    }
    if let Some(request) = &found.request {
        let (by, what, until) = (&request.actor, &request.legal_reference, clock(&request.expires_at));
        lines.push(lang.pick(
            format!("待另一人批准销毁：{what}（{by}），{until} 前有效"),
            format!("Waits for a second person up to {until}: destruction on the ground of {what} ({by})."),
        ));
    }
    lines
}
