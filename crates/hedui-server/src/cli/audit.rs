//! `hedui audit ...`: what auditors do against a running server. Every reading becomes evidence itself.
//! Leaves checking without the server to `hedui-verify`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use super::{Answer, CliError, Context};

mod access;
mod check;
mod export;
mod logs;
mod misuse;
mod proof;
mod recompute;
mod sample;
mod show;

/// `hedui audit ...`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Print the evidence of a verification; exit 1 when a sealed record does not fit its digests.
    Show(show::ShowArgs),
    /// Write proofs of a verification's leaves, for `hedui-verify evidence`.
    Proof(proof::ProofArgs),
    /// Print who looked a person up and who read what was found: what the person may be told.
    Access(access::AccessArgs),
    /// Print what looks like misuse, per official and per person looked up.
    Misuse(misuse::MisuseArgs),
    /// List the transparency logs, one per district and year.
    Logs(logs::LogsArgs),
    /// Draw a random sample of verdicts that nobody can pick; `hedui-verify sample` draws the same.
    Sample(sample::SampleArgs),
    /// Write a whole log as a folder, for `hedui-verify log`.
    Export(export::ExportArgs),
    /// Reckon a verdict again from its evidence and the archived packs; exit 1 when it is not the same byte for byte.
    Recompute(recompute::RecomputeArgs),
    /// Have the server read every frame and check every sum and digest; exit 1 at the first that does not fit.
    Check(check::CheckArgs),
}

/// Runs `hedui audit ...`.
pub async fn run(command: AuditCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        AuditCommand::Show(arguments) => show::run(arguments, context).await,
        AuditCommand::Proof(arguments) => proof::run(arguments, context).await,
        AuditCommand::Access(arguments) => access::run(arguments, context).await,
        AuditCommand::Misuse(arguments) => misuse::run(arguments, context).await,
        AuditCommand::Logs(arguments) => logs::run(arguments, context).await,
        AuditCommand::Sample(arguments) => sample::run(arguments, context).await,
        AuditCommand::Export(arguments) => export::run(arguments, context).await,
        AuditCommand::Recompute(arguments) => recompute::run(arguments, context).await,
        AuditCommand::Check(arguments) => check::run(arguments, context).await,
    }
}

/// A folder that is made for a result: it must not exist, or be empty, so that files of two results never mix.
struct Folder(PathBuf);

impl Folder {
    fn make(path: &Path) -> Result<Folder, CliError> {
        std::fs::create_dir_all(path)?;
        if std::fs::read_dir(path)?.next().is_some() {
            let message = format!("{} is not empty; name a new folder with --out", path.display());
            return Err(CliError::Usage(message));
        }
        Ok(Folder(path.to_path_buf()))
    }

    /// Writes a file readable by its owner only: what auditors take away may hold personal data. A path that leaves the folder is refused.
    fn write(&self, path: &str, bytes: &[u8]) -> Result<(), CliError> {
        use std::os::unix::fs::OpenOptionsExt as _;

        let inside = |word: &str| !word.is_empty() && word != "." && word != ".." && !word.contains('\\');
        if !path.split('/').all(inside) {
            return Err(CliError::Internal(
                "the server named a file outside the folder".to_owned(),
            ));
        }
        let path = self.0.join(path);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
        Ok(file.write_all(bytes)?)
    }
}
