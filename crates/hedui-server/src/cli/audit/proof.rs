//! `hedui audit proof`: proofs of a verification's leaves as files that anybody can check without the server.
//! Leaves checking them to `hedui-verify evidence`.

use std::path::PathBuf;

use clap::Args;
use hedui_proto::audit as wire;

use super::folder::Folder;
use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed, verification_name};
use crate::cli::{Answer, CliError, Context, Exit, Output, json};

/// Arguments of `hedui audit proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    /// `verifications/{id}`, or the id.
    case: String,
    /// The folder to write into; it must be empty or not exist.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Also open the sealed records, and disclose the salts that prove them; they hold personal data.
    #[arg(long)]
    open: bool,
    /// Why it is read in a dispute: the dispute role must state it; sealed.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit proof`. Of every leaf: `YEAR-INDEX-KIND-DEPARTMENT.tlog-proof` and, where something is sealed, `.sealed` and with `--open`
/// `.record`; and `policy`, which trusts the log's own key.
pub async fn run(arguments: ProofArgs, context: &Context) -> Result<Answer, CliError> {
    let mut folder = Folder::make(&arguments.out)?;
    let client = Client::connect(&arguments.server).await?;
    let request = wire::GetProofsRequest {
        name: verification_name(&arguments.case),
        actor: client.actor.clone(),
        open_records: arguments.open,
        reason: arguments.reason.clone(),
    };
    let response = client.audit().get_proofs(timed(request, CALL_TIMEOUT)).await;
    let proofs = response.map_err(|status| client.refusal(&status))?.into_inner();
    let mut files = Vec::new();
    for proof in &proofs.proofs {
        let stem = stem(proof);
        folder.write(&format!("{stem}.tlog-proof"), proof.proof.as_bytes())?;
        for (kind, bytes) in [("sealed", &proof.ciphertext), ("record", &proof.record)] {
            if !bytes.is_empty() {
                folder.write(&format!("{stem}.{kind}"), bytes)?;
            }
        }
        files.push(stem);
    }
    folder.write("policy", proofs.policy.as_bytes())?;
    match context.output {
        Output::Json => Answer::json(&json::proofs(&proofs, &files), Exit::Success),
        Output::Table => {
            let (count, out) = (files.len(), arguments.out.display());
            let first = files.first().map_or("N-KIND", String::as_str);
            Ok(Answer::success(context.lang.pick(
                format!("{out}：{count} 份证明。无需服务端即可查验：\n  hedui-verify evidence {out}/{first}.tlog-proof --policy {out}/policy\n"),
                format!(
                    "{out}: {count} proofs. To check one without the server:\n  hedui-verify evidence {out}/{first}.tlog-proof --policy {out}/policy\n"
                ),
            )))
        }
    }
}

/// The name of a leaf's files: year and index in its log, kind and department. A case that is read in January has leaves in two logs. Departments' ids are letters, digits and hyphens; a list of them names none.
fn stem(proof: &wire::Proof) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let department = Some(proof.department.as_str()).filter(|d| !d.is_empty() && d.chars().all(plain));
    let year = proof.log.rsplit('/').next().unwrap_or_default();
    match department {
        Some(department) => format!("{year}-{}-{}-{department}", proof.index, proof.kind),
        None => format!("{year}-{}-{}", proof.index, proof.kind),
    }
}
