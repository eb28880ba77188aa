//! `hedui audit export`: a whole log with its sealed records as a folder, for `hedui-verify log`.
//! Leaves proofs of single verifications to `proof`.

use std::path::PathBuf;

use clap::Args;
use hedui_evidence::SEALED_FOLDER;
use hedui_log::tile::{Level, TILE_WIDTH, TilePath};
use hedui_proto::audit as wire;
use tonic::Request;

use super::folder::Folder;
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
    /// Leave out the sealed records: entries, tiles, policy and checkpoint only.
    #[arg(long)]
    without_sealed: bool,
    /// Go on in a folder where an export of the same log was interrupted.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Pieces between two lines of progress.
const TELL_EVERY: u64 = 1_000;
/// What is written last: a folder without it is not whole.
const CHECKPOINT: &str = "checkpoint";
/// What is written first: whose log it is.
const POLICY: &str = "policy";
/// Where entries lie.
const ENTRIES: &str = "tile/entries";

/// Runs `hedui audit export`.
pub async fn run(arguments: ExportArgs, context: &Context) -> Result<Answer, CliError> {
    let (mut folder, skip_bundles) = begin(&arguments)?;
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::ExportLogRequest {
        log: arguments.log.clone(),
        actor: client.actor.clone(),
        include_sealed: !arguments.without_sealed,
        skip_bundles,
    });
    let response = client.audit().export_log(request).await;
    let mut pieces = response.map_err(|status| client.refusal(&status))?.into_inner();
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let (mut count, mut files, mut bytes, mut size) = (0u64, 0u64, 0u64, String::new());
    while let Some(piece) = pieces.message().await.map_err(|status| client.refusal(&status))? {
        if count == 0 && arguments.resume {
            check_same_log(&folder, &piece, skip_bundles)?;
        }
        folder.piece(&piece.path, piece.offset, &piece.content)?;
        count += 1;
        files += u64::from(piece.offset == 0);
        bytes += piece.content.len() as u64;
        if piece.path == CHECKPOINT {
            let text = String::from_utf8_lossy(&piece.content);
            size = text.lines().nth(1).unwrap_or_default().to_owned();
        }
        if count % TELL_EVERY == 0 {
            let megabytes = bytes / 1_000_000;
            progress.say(&context.lang.pick(
                format!("已写 {files} 个文件，{megabytes} MB"),
                format!("{files} files written, {megabytes} MB"),
            ));
        }
    }
    progress.finish();
    if size.is_empty() {
        return Err(CliError::Host(context.lang.pick(
            "导出未完成：没有检查点；可用 --resume 继续".to_owned(),
            "the export is not whole: no checkpoint came; go on with --resume".to_owned(),
        )));
    }
    folder.finish()?;
    let (log, out) = (&arguments.log, arguments.out.display());
    Ok(Answer::success(context.lang.pick(
        format!("{log}：{size} 叶，{files} 个文件，在 {out}。无需服务端即可查验：\n  hedui-verify log {out} --policy {out}/policy\n"),
        format!("{log}: {size} leaves in {files} files in {out}. To check it without the server:\n  hedui-verify log {out} --policy {out}/policy\n"),
    )))
}

/// The folder, and how many full bundles of entries, and of sealed records if they are asked for, it holds already.
fn begin(arguments: &ExportArgs) -> Result<(Folder, u64), CliError> {
    if !arguments.resume {
        return Ok((Folder::make(&arguments.out)?, 0));
    }
    let folder = Folder::resume(&arguments.out, CHECKPOINT)?;
    if arguments.without_sealed && folder.has(SEALED_FOLDER) {
        let message = format!("{} was begun with sealed records", arguments.out.display());
        return Err(CliError::Usage(message));
    }
    let kinds: &[&str] = if arguments.without_sealed {
        &[ENTRIES]
    } else {
        &[ENTRIES, SEALED_FOLDER]
    };
    let mut bundles = 0u64;
    while kinds.iter().all(|kind| folder.has(&full_bundle(kind, bundles))) {
        bundles += 1;
    }
    // The log may have grown since: what was its last bundle then is no file of it now.
    for kind in kinds {
        folder.remove(&format!("{}.p", full_bundle(kind, bundles)))?;
    }
    Ok((folder, bundles))
}

/// Refuses to mix two logs in a folder: what is there must have been begun under the key of the log that comes. Who cosigns it may have
/// changed since.
fn check_same_log(folder: &Folder, first: &wire::ExportLogResponse, skip_bundles: u64) -> Result<(), CliError> {
    if first.path != POLICY {
        let reason = "the server does not say first whose log it sends; export into a new folder without --resume";
        return Err(CliError::Host(reason.to_owned()));
    }
    let log = |policy: &[u8]| policy.split(|byte| *byte == b'\n').next().map(<[u8]>::to_vec);
    match folder.read(POLICY)? {
        Some(there) if log(&there) == log(&first.content) => Ok(()),
        Some(_) => Err(CliError::Usage(
            "the folder holds an export of another log, or under another key; name a new folder with --out".to_owned(),
        )),
        None if skip_bundles == 0 => Ok(()),
        None => Err(CliError::Usage(
            "the folder does not say of which log it holds an export; name a new folder with --out".to_owned(),
        )),
    }
}

/// The name of a full bundle of entries, or of the sealed records beside it.
fn full_bundle(kind: &str, index: u64) -> String {
    let path = TilePath {
        level: Level::Entries,
        index,
        width: TILE_WIDTH,
    };
    path.to_string().replacen(ENTRIES, kind, 1)
}

#[cfg(test)]
mod tests;
