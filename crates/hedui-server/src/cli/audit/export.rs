//! `hedui audit export`: a whole log as a folder of tiles, for `hedui-verify log`.
//! Leaves proofs of single verifications to `proof`.

use std::path::PathBuf;

use clap::Args;
use hedui_proto::audit as wire;
use tonic::Request;

use super::Folder;
use crate::cli::client::{Client, ServerArgs};
use crate::cli::progress::Progress;
use crate::cli::{Answer, CliError, Context};

/// Arguments of `hedui audit export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The log: district and year, for example `511703/2026`.
    log: String,
    /// The folder to write into; it must be empty or not exist.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

/// Files between two lines of progress.
const TELL_EVERY: u64 = 1_000;

/// Runs `hedui audit export`. The checkpoint is written last: a folder without one is not whole.
pub async fn run(arguments: ExportArgs, context: &Context) -> Result<Answer, CliError> {
    let folder = Folder::make(&arguments.out)?;
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::ExportLogRequest {
        log: arguments.log.clone(),
        actor: client.actor.clone(),
    });
    let response = client.audit().export_log(request).await;
    let mut files = response.map_err(|status| client.refusal(&status))?.into_inner();
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let (mut count, mut size) = (0u64, String::new());
    while let Some(file) = files.message().await.map_err(|status| client.refusal(&status))? {
        folder.write(&file.path, &file.content)?;
        count += 1;
        if file.path == "checkpoint" {
            let text = String::from_utf8_lossy(&file.content);
            size = text.lines().nth(1).unwrap_or_default().to_owned();
        }
        if count % TELL_EVERY == 0 {
            progress.say(
                &context
                    .lang
                    .pick(format!("已写 {count} 个文件"), format!("{count} files written")),
            );
        }
    }
    progress.finish();
    if size.is_empty() {
        return Err(CliError::Host(context.lang.pick(
            "导出未完成：没有检查点".to_owned(),
            "the export is not whole: no checkpoint came".to_owned(),
        )));
    }
    let (log, out) = (&arguments.log, arguments.out.display());
    Ok(Answer::success(context.lang.pick(
        format!("{log}：{size} 叶，{count} 个文件，在 {out}。无需服务端即可查验：\n  hedui-verify log {out} --policy {out}/policy\n"),
        format!("{log}: {size} leaves in {count} files in {out}. To check it without the server:\n  hedui-verify log {out} --policy {out}/policy\n"),
    )))
}
