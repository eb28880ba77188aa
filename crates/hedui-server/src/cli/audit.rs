//! `hedui audit ...`: what auditors do against a running server. Every reading becomes evidence itself.
//! Leaves checking without the server to `hedui-verify`.

use clap::Subcommand;

use super::{Answer, CliError, Context};

mod access;
mod check;
mod expire;
mod export;
mod folder;
mod logs;
mod misuse;
mod proof;
mod recompute;
pub mod retention;
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
    /// Write a whole log with its sealed records as a folder, for `hedui-verify log`.
    Export(export::ExportArgs),
    /// Reckon a verdict again from its evidence and the archived packs; exit 1 when it is not the same byte for byte.
    Recompute(recompute::RecomputeArgs),
    /// Have the server read every frame and check every sum and digest; exit 1 at the first that does not fit.
    Check(check::CheckArgs),
    /// Print how a case is kept: frozen from when, kept up to when, on hold, waiting for destruction, destroyed.
    Retention(retention::CaseArgs),
    /// Freeze a case before its time, as its purpose has ended.
    Freeze(retention::FreezeArgs),
    /// Place a legal hold: the case is not destroyed before it is released.
    Hold(retention::HoldArgs),
    /// Release a legal hold.
    Release(retention::HoldArgs),
    /// Destroy a case, by two persons.
    #[command(subcommand)]
    Shred(retention::ShredCommand),
    /// Destroy everything in a district whose period has ended, by two persons.
    #[command(subcommand)]
    Expire(expire::ExpireCommand),
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
        AuditCommand::Retention(arguments) => retention::retention(arguments, context).await,
        AuditCommand::Freeze(arguments) => retention::freeze(arguments, context).await,
        AuditCommand::Hold(arguments) => retention::hold(arguments, context).await,
        AuditCommand::Release(arguments) => retention::release(arguments, context).await,
        AuditCommand::Shred(command) => retention::shred(command, context).await,
        AuditCommand::Expire(command) => expire::run(command, context).await,
    }
}
