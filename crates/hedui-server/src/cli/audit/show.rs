//! `hedui audit show`: the evidence of a verification, as the server gives it; this reading becomes evidence itself.
//! Leaves proving it without trust in the server to `proof` and `hedui-verify`.

use clap::Args;
use hedui_proto::audit as wire;

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed, verification_name};
use crate::cli::lang::Lang;
use crate::cli::record::readable;
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};

/// Arguments of `hedui audit show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// `verifications/{id}`, or the id.
    case: String,
    /// Also open the sealed records; they hold personal data.
    #[arg(long)]
    open: bool,
    /// Why it is read in a dispute: the dispute role must state it; sealed.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit show`.
pub async fn run(arguments: ShowArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::GetCaseRequest {
        name: verification_name(&arguments.case),
        actor: client.actor.clone(),
        open_records: arguments.open,
        reason: arguments.reason,
    };
    let response = client.audit().get_case(timed(request, CALL_TIMEOUT)).await;
    let case = response.map_err(|status| client.refusal(&status))?.into_inner();
    let damaged = case.leaves.iter().any(|leaf| leaf.intact == Some(false));
    let exit = if damaged { Exit::Internal } else { Exit::Success };
    match context.output {
        Output::Json => Answer::json(&json::case(&case), exit),
        Output::Table => Ok(Answer {
            text: render(&case, context),
            exit,
        }),
    }
}

fn render(case: &wire::GetCaseResponse, context: &Context) -> String {
    let lang = context.lang;
    let mut before = "";
    let rows = case.leaves.iter().map(|leaf| {
        // Nearly every leaf of a case is of the same actor: named where it changes.
        let actor = if leaf.actor == before { "" } else { &leaf.actor };
        before = &leaf.actor;
        let time = leaf.answered_at.as_ref().or(leaf.asked_at.as_ref());
        vec![
            leaf.kind.clone(),
            leaf.evidence.chars().take(8).collect(),
            departments(&leaf.department, lang),
            outcome(&leaf.outcome),
            time.map(values::clock).unwrap_or_default(),
            sealed(leaf, lang).to_owned(),
            actor.to_owned(),
        ]
    });
    let headers = [
        (lang.pick("类别", "kind"), Column::Whole),
        (lang.pick("证据", "evidence"), Column::Whole),
        (lang.pick("部门", "department"), Column::Text),
        (lang.pick("结果", "outcome"), Column::Text),
        (lang.pick("时间", "time"), Column::Whole),
        (lang.pick("完整性", "sealed"), Column::Whole),
        (lang.pick("经办", "actor"), Column::Text),
    ];
    let mut text = format!("{}\n\n", case.name);
    text.push_str(&table(&headers, rows.collect(), 0, context.width));
    for leaf in case.leaves.iter().filter(|leaf| !leaf.record.is_empty()) {
        text.push_str(&format!("\n{} {} {}\n", leaf.kind, leaf.department, leaf.evidence));
        // Already laid out; a paragraph would fold its indentation away.
        for line in readable(&leaf.kind, &leaf.record).lines() {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

/// The states of the members, equal neighbours once: `FOUND, NO_RECORD x2`. Never cut within a word, so that a state can be searched for.
fn outcome(listed: &str) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for state in listed.split(',') {
        match groups.last_mut() {
            Some((last, count)) if *last == state => *count += 1,
            _ => groups.push((state, 1)),
        }
    }
    let words = groups.iter().map(|(state, count)| match count {
        1 => (*state).to_owned(),
        _ => format!("{state} x{count}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// One department by its id; of several how many: the list stands in the JSON form.
fn departments(listed: &str, lang: Lang) -> String {
    match listed.split(',').count() {
        1 => listed.to_owned(),
        several => format!("{several} {}", lang.pick("个部门", "departments")),
    }
}

fn sealed(leaf: &wire::Leaf, lang: Lang) -> &'static str {
    match leaf.intact {
        Some(true) if leaf.destroyed => lang.pick("已销毁", "destroyed"),
        Some(true) => lang.pick("相符", "intact"),
        Some(false) => lang.pick("!! 不符", "!! DAMAGED"),
        None => "-",
    }
}
