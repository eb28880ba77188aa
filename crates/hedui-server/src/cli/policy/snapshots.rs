//! `hedui policy snapshots`: what is filed of every household of a district in one file, to try packs on without a server.
//! Leaves judging to `simulate`. The file holds births and no names or numbers; it is made for its owner alone, and appears only when it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use clap::Args;
use hedui_policy::{FiledWriter, Row};
use hedui_proto::operations as wire;
use serde_json::json;
use tonic::Request;

use super::simulate::told;
use crate::cli::client::{Client, ServerArgs};
use crate::cli::progress::Progress;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy snapshots`.
#[derive(Debug, Args)]
pub struct SnapshotsArgs {
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: String,
    /// The latest verification of each household for this programme.
    #[arg(long, value_name = "ID", default_value = "dibao")]
    programme: String,
    /// The file; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What for; it stands in the log.
    #[arg(long, value_name = "TEXT", default_value = "")]
    purpose: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui policy snapshots`.
pub async fn run(arguments: SnapshotsArgs, context: &Context) -> Result<Answer, CliError> {
    let out = &arguments.out;
    if out.exists() {
        let path = out.display();
        return Err(CliError::Usage(format!(
            "--out: {path} is there already; name a new file"
        )));
    }
    let mut name = out.as_os_str().to_owned();
    name.push(".unfinished");
    let unfinished = PathBuf::from(name);
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600);
    // Before anything is asked for, since asking leaves its trace.
    let file = file
        .open(&unfinished)
        .map_err(|error| CliError::Usage(format!("--out: cannot write {}: {error}", unfinished.display())))?;
    let received = tokio::select! {
        received = receive(&arguments, file, context) => received,
        _ = tokio::signal::ctrl_c() => Err(CliError::Stopped),
    };
    let (gathered, households) = match received {
        Ok(received) => received,
        Err(error) => {
            // Births are left nowhere; where it never came to a file there is none.
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
    };
    fs::rename(&unfinished, out)?;
    let unreadable = gathered.unreadable;
    let exit = if unreadable > 0 { Exit::Internal } else { Exit::Success };
    let file = out.display().to_string();
    if context.output == Output::Json {
        let answer = json!({ "file": file, "households": households, "unreadable": unreadable });
        return Answer::json(&answer, exit);
    }
    let text = context.lang.pick(
        format!("{households} 户已写入 {file}（含出生日期，请按答复同等保管）；{unreadable} 户无法读取\n"),
        format!("{households} households written to {file} (with births: keep it like answers); {unreadable} could not be read\n"),
    );
    Ok(Answer { text, exit })
}

/// Writes what the server gives to a file, to its end. How the households were found, and how many there are.
async fn receive(arguments: &SnapshotsArgs, file: File, context: &Context) -> Result<(wire::Gathered, u64), CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::ExportSnapshotsRequest {
        district_code: arguments.district.clone(),
        programme: arguments.programme.clone(),
        purpose: arguments.purpose.clone(),
        actor: client.actor.clone(),
    });
    let response = client.operations().export_snapshots(request).await;
    let mut steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let mut writer = FiledWriter::new(BufWriter::new(file))?;
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let (mut gathered, mut whole) = (wire::Gathered::default(), false);
    while let Some(step) = steps.message().await.map_err(|status| client.refusal(&status))? {
        for household in &step.households {
            let nameless = |_| CliError::Internal("the server sent a household without a name".to_owned());
            let reference = household.verification.as_ref().try_into().map_err(nameless)?;
            let filed = &household.filed;
            writer.write(Row { reference, filed })?;
        }
        gathered = step.gathered.unwrap_or(gathered);
        whole = step.whole;
        if !whole {
            progress.say(&told(gathered.households, context.lang));
        }
    }
    progress.finish();
    if !whole {
        return Err(CliError::Internal("the server ended without a word".to_owned()));
    }
    let (sink, households) = writer.finish()?;
    // Its name must not outlive its content in a power cut: then it would count as whole.
    let file = sink.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok((gathered, households))
}
