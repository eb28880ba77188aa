//! `hedui cancel` and `hedui recheck`: ends a verification, or asks departments again in a dispute.
//! Leaves the report to `report.rs`.

use clap::Args;
use hedui_proto::verification as wire;

use super::client::{CALL_TIMEOUT, Client, DEPARTMENTS_TIMEOUT, ServerArgs, timed, verification_name};
use super::report::words;
use super::{Answer, CliError, Context, Exit, Output, json, report, show, verify};

/// Arguments of `hedui cancel`.
#[derive(Debug, Args)]
pub struct CancelArgs {
    /// `verifications/{id}`, or the id.
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui recheck`.
#[derive(Debug, Args)]
pub struct RecheckArgs {
    /// `verifications/{id}`, or the id.
    name: String,
    /// Departments to ask again.
    #[arg(long = "department", value_name = "ID", required = true, num_args = 1..)]
    departments: Vec<String>,
    /// The same id starts nothing twice.
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui cancel`: exit 0 when it has been cancelled or had ended.
pub async fn cancel(arguments: CancelArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::CancelVerificationRequest {
        name: verification_name(&arguments.name),
        actor: client.actor.clone(),
    };
    let response = client
        .verification()
        .cancel_verification(timed(request, CALL_TIMEOUT))
        .await;
    let response = response.map_err(|status| client.refusal(&status))?.into_inner();
    let verification = response.verification.unwrap_or_default();
    match context.output {
        Output::Json => Answer::json(&json::verification(&verification), Exit::Success),
        Output::Table => Ok(Answer::success(format!(
            "{}: {}\n",
            verification.name,
            words::state(verification.state(), context.lang)
        ))),
    }
}

/// Runs `hedui recheck`: prints the new report with what is different; exit code as of the new verdicts.
pub async fn recheck(arguments: RecheckArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::RecheckDepartmentsRequest {
        name: verification_name(&arguments.name),
        departments: arguments.departments,
        actor: client.actor.clone(),
        request_id: arguments
            .request_id
            .unwrap_or_else(|| verify::uuid(context.surroundings.request_id)),
    };
    let response = client
        .verification()
        .recheck_departments(timed(request, DEPARTMENTS_TIMEOUT))
        .await;
    let response = response.map_err(|status| client.refusal(&status))?.into_inner();
    // The answer holds the verdicts only; the report is read as `hedui show` reads it.
    let name = response.verification.unwrap_or_default().name;
    let verification = show::read(&client, &name, "").await?;
    let exit = Exit::of_verification(&verification);
    match context.output {
        Output::Json => Answer::json(&json::recheck(&verification, &response.differences), exit),
        Output::Table => {
            let (lang, width) = (context.lang, usize::from(context.width));
            let text = report::differences(&verification, &response.differences, lang, width)
                + "\n"
                + &report::render(&verification, lang, width);
            Ok(Answer { text, exit })
        }
    }
}
