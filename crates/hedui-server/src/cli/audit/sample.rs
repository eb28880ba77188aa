//! `hedui audit sample`: which verdicts are looked at again, drawn so that nobody can pick.
//! Leaves drawing the same without the server to `hedui-verify sample`.

use std::path::PathBuf;

use clap::Args;
use hedui_proto::audit as wire;
use tonic::Request;

use crate::cli::client::{Client, ServerArgs};
use crate::cli::{Answer, CliError, Context, Exit, Output, json};

/// Arguments of `hedui audit sample`.
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// The log: district and year, for example `511703/2026`.
    log: String,
    /// The outcome of the verdicts that count.
    #[arg(long, default_value = "dibao:QUALIFIES", value_name = "PROGRAMME:OUTCOME")]
    outcome: String,
    /// How many of a hundred.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=100))]
    percent: u32,
    /// A checkpoint of the log that was published before; the newest where not given.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// A text that became public after the checkpoint, such as a lottery's numbers of a day named before.
    #[arg(long = "with", default_value = "", value_name = "TEXT")]
    public_text: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit sample`.
pub async fn run(arguments: SampleArgs, context: &Context) -> Result<Answer, CliError> {
    let checkpoint = match &arguments.checkpoint {
        Some(path) => std::fs::read_to_string(path).map_err(|source| CliError::Read {
            path: path.clone(),
            source,
        })?,
        None => String::new(),
    };
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::DrawSampleRequest {
        log: arguments.log,
        checkpoint,
        outcome: arguments.outcome,
        percent: arguments.percent,
        public_text: arguments.public_text,
        actor: client.actor.clone(),
    });
    let response = client.audit().draw_sample(request).await;
    let sample = response.map_err(|status| client.refusal(&status))?.into_inner();
    match context.output {
        Output::Json => Answer::json(&json::sample(&sample), Exit::Success),
        Output::Table => {
            let (drawn, of) = (sample.drawn.len(), sample.population);
            let mut text = context.lang.pick(
                format!("{of} 份结论中抽取 {drawn} 份：\n"),
                format!("{drawn} of {of} verdicts were drawn:\n"),
            );
            for one in &sample.drawn {
                text.push_str(&format!("{}\n", one.verification));
            }
            text.push_str(context.lang.pick("\n依据检查点：\n", "\nby the checkpoint:\n"));
            text.push_str(&sample.checkpoint);
            Ok(Answer::success(text))
        }
    }
}
