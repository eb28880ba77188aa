//! `hedui audit recompute`: a verdict reckoned again from its evidence and the archive, compared byte for byte.
//! Leaves recomputing to the server; the digests are those of the sealed report, which `hedui audit proof --open` takes away.

use clap::Args;
use hedui_proto::audit as wire;
use serde_json::{Value, json};

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed, verification_name};
use crate::cli::table::{Column, paragraph, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui audit recompute`.
#[derive(Debug, Args)]
pub struct RecomputeArgs {
    /// `verifications/{id}`, or the id.
    name: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit recompute`.
pub async fn run(arguments: RecomputeArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::RecomputeVerificationRequest {
        name: verification_name(&arguments.name),
        actor: client.actor.clone(),
    };
    let response = client
        .audit()
        .recompute_verification(timed(request, CALL_TIMEOUT))
        .await;
    let recomputed = response.map_err(|status| client.refusal(&status))?.into_inner();
    let same = recomputed.same && recomputed.filed_snapshots() != wire::FiledSnapshots::Different;
    let exit = if same { Exit::Success } else { Exit::Internal };
    match context.output {
        Output::Json => Answer::json(&as_json(&recomputed), exit),
        Output::Table => Ok(Answer {
            text: render(&recomputed, context),
            exit,
        }),
    }
}

fn as_json(recomputed: &wire::RecomputeVerificationResponse) -> Value {
    json!({
        "name": recomputed.name,
        "same": recomputed.same,
        "kept_digest": recomputed.kept_digest,
        "recomputed_digest": recomputed.recomputed_digest,
        "differences": recomputed.differences.iter().map(|d| json!({
            "subject": d.subject,
            "kept": d.kept,
            "recomputed": d.recomputed,
        })).collect::<Vec<_>>(),
        "packs": recomputed.packs.iter().map(|pack| json!({
            "id": pack.id,
            "version": pack.version,
            "digest": pack.digest,
        })).collect::<Vec<_>>(),
        "rules_digest": recomputed.rules_digest,
        "answers": recomputed.answers,
        "filed_snapshots": recomputed.filed_snapshots().as_str_name().trim_start_matches("FILED_SNAPSHOTS_"),
    })
}

fn render(recomputed: &wire::RecomputeVerificationResponse, context: &Context) -> String {
    let (lang, width) = (context.lang, context.width);
    let (answers, kept, now) = (
        recomputed.answers,
        &recomputed.kept_digest,
        &recomputed.recomputed_digest,
    );
    let mut text = if recomputed.same {
        lang.pick(
            format!("重新计算结果与原报告逐字节一致：{answers} 份答复，摘要 {kept}\n"),
            format!("the same byte for byte, from {answers} answers: {kept}\n"),
        )
    } else {
        lang.pick(
            format!("!! 重新计算结果与原报告不一致：原 {kept}，现 {now}\n"),
            format!("!! not the same: kept {kept}, reckoned now {now}\n"),
        )
    };
    text.push_str(&paragraph(filed(recomputed.filed_snapshots(), context), 0, width));
    for pack in &recomputed.packs {
        let line = format!("{} {} {}", pack.id, pack.version, pack.digest);
        text.push_str(&paragraph(&format!("{} {line}", lang.pick("政策包", "pack")), 0, width));
    }
    let rules = if recomputed.rules_digest.is_empty() {
        lang.pick(
            "旧版报告未注明部门目录与容差，按现行的计算",
            "the report is from before departments and tolerances were kept: those in force now were taken",
        )
    } else {
        &recomputed.rules_digest
    };
    text.push_str(&paragraph(
        &format!("{} {rules}", lang.pick("部门目录与容差", "rules")),
        0,
        width,
    ));
    if !recomputed.differences.is_empty() {
        let rows = recomputed
            .differences
            .iter()
            .map(|d| vec![d.subject.clone(), d.kept.clone(), d.recomputed.clone()]);
        let headers = [
            (lang.pick("项目", "what"), Column::Text),
            (lang.pick("原报告", "kept"), Column::Text),
            (lang.pick("重新计算", "now"), Column::Text),
        ];
        text.push_str(&table(&headers, rows.collect(), 0, width));
    }
    text
}

/// What was filed for later packs, in a sentence.
fn filed(filed: wire::FiledSnapshots, context: &Context) -> &'static str {
    let lang = context.lang;
    match filed {
        wire::FiledSnapshots::Same => lang.pick(
            "随结论存档的测算数据重新提取后一致",
            "what was filed beside the verdict for later packs comes out the same",
        ),
        wire::FiledSnapshots::Different => lang.pick(
            "!! 随结论存档的测算数据与重新提取的不一致",
            "!! what was filed beside the verdict for later packs comes out differently",
        ),
        wire::FiledSnapshots::RuleUnknown => lang.pick(
            "测算数据按现已没有的计人规则提取，无法重新提取",
            "what was filed for later packs was taken by a rule of who counts that no pack has any more",
        ),
        wire::FiledSnapshots::None | wire::FiledSnapshots::Unspecified => lang.pick(
            "未存档测算数据（核对早于该功能）",
            "nothing was filed for later packs: the verification is from before that",
        ),
    }
}
