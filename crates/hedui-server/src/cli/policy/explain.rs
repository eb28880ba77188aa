//! `hedui policy explain`: why a verdict is what it is, condition by condition down to the records; or a draft of the written reasons.
//! Leaves the wording to `report`.

use clap::Args;
use hedui_proto::verification::Verification;
use serde_json::json;

use crate::cli::client::{Client, ServerArgs, verification_name};
use crate::cli::{Answer, CliError, Context, Exit, Output, json as forms, report, show};

/// Arguments of `hedui policy explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// `verifications/{id}`, or the id.
    name: String,
    /// Only this programme.
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
    /// A draft of the written reasons of a refusal; there is one only for a verdict that exceeds.
    #[arg(long)]
    draft: bool,
    /// Why a frozen case is read, by the dispute role; becomes evidence.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui policy explain`.
pub(super) async fn run(arguments: ExplainArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let verification = show::read(&client, &verification_name(&arguments.name), &arguments.reason).await?;
    let programme = arguments.programme.as_deref();
    if let Some(wanted) = programme
        && !verification.verdicts.iter().any(|verdict| verdict.programme == wanted)
    {
        let judged: Vec<&str> = verification.verdicts.iter().map(|v| v.programme.as_str()).collect();
        let judged = judged.join(", ");
        return Err(CliError::Usage(format!(
            "the verification has no verdict on {wanted}; it has: {judged}"
        )));
    }
    if arguments.draft {
        return draft(&verification, programme, context);
    }
    let width = usize::from(context.width);
    match context.output {
        Output::Json => Answer::json(&forms::verification(&verification), Exit::Success),
        Output::Table => Ok(Answer::success(report::explain(
            &verification,
            programme,
            context.lang,
            width,
        ))),
    }
}

fn draft(verification: &Verification, programme: Option<&str>, context: &Context) -> Result<Answer, CliError> {
    let lang = context.lang;
    let Some(text) = report::draft(verification, programme, lang, usize::from(context.width)) else {
        let nothing = lang.pick(
            "没有超出条件的结论：尚无定论或符合条件的，不能作为不予批准的理由。\n",
            "No verdict exceeds a limit: an open verdict, or one that qualifies, can be no reason for a refusal.\n",
        );
        return match context.output {
            Output::Json => Answer::json(&json!({ "reason": "NOTHING_EXCEEDED", "draft": null }), Exit::Refused),
            Output::Table => Ok(Answer {
                text: nothing.to_owned(),
                exit: Exit::Refused,
            }),
        };
    };
    match context.output {
        Output::Json => Answer::json(&json!({ "draft": text }), Exit::Success),
        Output::Table => Ok(Answer::success(text)),
    }
}
