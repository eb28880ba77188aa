//! `hedui audit check`: the server reads everything that it keeps and checks every sum and digest, with progress.
//! Leaves checking without trust in the server to `hedui-verify`.

use clap::Args;
use hedui_proto::audit as wire;
use tonic::Request;

use crate::cli::client::{Client, ServerArgs};
use crate::cli::progress::Progress;
use crate::cli::{Answer, CliError, Context, Exit, Output, json};

/// Arguments of `hedui audit check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    server: ServerArgs,
}

/// Bytes between two lines of progress: a gigabyte.
const TELL_EVERY: u64 = 1 << 30;

/// Runs `hedui audit check`.
pub async fn run(arguments: CheckArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::VerifyEvidenceRequest {
        actor: client.actor.clone(),
    });
    let response = client.audit().verify_evidence(request).await;
    let mut steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let (mut last, mut told) = (wire::VerifyEvidenceResponse::default(), 0);
    while let Some(step) = steps.message().await.map_err(|status| client.refusal(&status))? {
        if step.bytes / TELL_EVERY > told {
            told = step.bytes / TELL_EVERY;
            let frames = step.frames;
            progress.say(&context.lang.pick(
                format!("已查 {told} GiB，{frames} 帧"),
                format!("{told} GiB, {frames} frames"),
            ));
        }
        last = step;
    }
    progress.finish();
    let exit = if last.done && last.damage.is_empty() {
        Exit::Success
    } else {
        Exit::Internal
    };
    match context.output {
        Output::Json => Answer::json(&json::checked(&last), exit),
        Output::Table => Ok(Answer {
            text: render(&last, context),
            exit,
        }),
    }
}

fn render(last: &wire::VerifyEvidenceResponse, context: &Context) -> String {
    let wire::VerifyEvidenceResponse {
        frames,
        leaves,
        sealed,
        bytes,
        ..
    } = last;
    let mut text = context.lang.pick(
        format!("{frames} 帧、{leaves} 叶、{sealed} 份密封记录，共 {bytes} 字节\n"),
        format!("{frames} frames, {leaves} leaves, {sealed} sealed records, {bytes} bytes\n"),
    );
    text.push_str(&match (last.damage.as_str(), last.done) {
        ("", true) => context.lang.pick("全部相符\n", "all of it fits\n").to_owned(),
        ("", false) => context.lang.pick("未完成\n", "not finished\n").to_owned(),
        (damage, _) => format!("!! {damage}\n"),
    });
    text
}
