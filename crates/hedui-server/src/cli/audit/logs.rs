//! `hedui audit logs`: the transparency logs of the districts and years, with the keys that auditors put into their policy files.
//! Leaves the entries to `export`.

use clap::Args;
use hedui_proto::audit as wire;

use crate::cli::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output, json, values};

/// Arguments of `hedui audit logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only this district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit logs`; exit 1 when the logs are not being signed.
pub async fn run(arguments: LogsArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let request = wire::ListLogsRequest {
        district_code: arguments.district.unwrap_or_default(),
    };
    let response = client.audit().list_logs(timed(request, CALL_TIMEOUT)).await;
    let logs = response.map_err(|status| client.refusal(&status))?.into_inner();
    let well = logs.halted.is_empty() && !logs.late;
    let exit = if well { Exit::Success } else { Exit::Internal };
    match context.output {
        Output::Json => Answer::json(&json::logs(&logs), exit),
        Output::Table => Ok(Answer {
            text: render(&logs, context),
            exit,
        }),
    }
}

fn render(logs: &wire::ListLogsResponse, context: &Context) -> String {
    let lang = context.lang;
    let rows = logs.logs.iter().map(|log| {
        // The second line of a checkpoint is the number of leaves that it covers.
        let covered = log.checkpoint.lines().nth(1).unwrap_or("-").to_owned();
        vec![
            log.name.clone(),
            log.size.to_string(),
            covered,
            log.verifier_key.clone(),
        ]
    });
    let headers = [
        (lang.pick("日志", "log"), Column::Whole),
        (lang.pick("叶", "leaves"), Column::Whole),
        (lang.pick("已公布", "published"), Column::Whole),
        (lang.pick("公钥", "verifier key"), Column::Text),
    ];
    let mut text = table(&headers, rows.collect(), 0, context.width);
    text.push_str(&witnesses(logs, context));
    if !logs.halted.is_empty() {
        text.push_str(&format!("\n!! {}\n", logs.halted));
    } else if logs.late {
        let late = lang.pick(
            "!! 未在承诺时间内签署检查点",
            "!! no checkpoint was signed within the promised time",
        );
        text.push_str(&format!("\n{late}\n"));
    }
    text
}

/// How each witness stands with each log; nothing where there are none.
fn witnesses(logs: &wire::ListLogsResponse, context: &Context) -> String {
    let lang = context.lang;
    let standings = logs
        .logs
        .iter()
        .flat_map(|log| log.witnesses.iter().map(move |witness| (log, witness)));
    let rows: Vec<Vec<String>> = standings
        .map(|(log, witness)| {
            vec![
                log.name.clone(),
                witness.name.clone(),
                witness.size.to_string(),
                witness
                    .cosigned_at
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), values::rfc3339),
                witness.error.clone(),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::new();
    }
    let headers = [
        (lang.pick("日志", "log"), Column::Whole),
        (lang.pick("见证方", "witness"), Column::Whole),
        (lang.pick("已联署", "cosigned"), Column::Whole),
        (lang.pick("联署时间", "at"), Column::Whole),
        (lang.pick("问题", "problem"), Column::Text),
    ];
    let quorum = logs.quorum;
    let required = lang.pick(
        format!("公布需 {quorum} 个见证方联署"),
        format!("witnesses required before a checkpoint is published: {quorum}"),
    );
    format!("\n{}{required}\n", table(&headers, rows, 0, context.width))
}
