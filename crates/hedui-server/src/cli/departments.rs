//! `hedui departments` and `hedui metrics`: what an operator asks a server.
//! Leaves everything about people to the other commands.

mod change;

use clap::Args;
use hedui_proto::operations as wire;

use super::client::{CALL_TIMEOUT, Client, DEPARTMENTS_TIMEOUT, ServerArgs, timed};
use super::lang::Lang;
use super::table::{Column, table};
use super::{Answer, CliError, Context, Exit, Output, json, values};

/// Arguments of `hedui departments`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DepartmentsArgs {
    #[command(subcommand)]
    change: Option<change::ChangeCommand>,
    #[command(flatten)]
    list: ListArgs,
}

/// What a list of the departments takes.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also run each department's self-tests; exit 5 when one does not answer or a test fails.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui departments` and what stands below it.
pub async fn run(arguments: DepartmentsArgs, context: &Context) -> Result<Answer, CliError> {
    match arguments.change {
        Some(command) => change::run(command, context).await,
        None => list(arguments.list, context).await,
    }
}

/// Arguments of `hedui metrics`.
#[derive(Debug, Args)]
pub struct MetricsArgs {
    #[command(flatten)]
    server: ServerArgs,
}

/// Lists the departments.
pub async fn list(arguments: ListArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let limit = if arguments.check {
        DEPARTMENTS_TIMEOUT
    } else {
        CALL_TIMEOUT
    };
    let request = wire::ListDepartmentsRequest { check: arguments.check };
    let response = client.operations().list_departments(timed(request, limit)).await;
    let response = response.map_err(|status| client.refusal(&status))?.into_inner();
    let failing = response.departments.iter().any(|department| {
        matches!(
            department.health(),
            wire::DepartmentHealth::Failing | wire::DepartmentHealth::BreakerOpen
        ) || department.checks.iter().any(|check| check.starts_with("FAIL"))
    });
    let exit = if arguments.check && failing {
        Exit::Unavailable
    } else {
        Exit::Success
    };
    match context.output {
        Output::Json => Answer::json(&json::departments(&response.departments), exit),
        Output::Table => Ok(Answer {
            text: render(&response.departments, context),
            exit,
        }),
    }
}

fn render(departments: &[wire::Department], context: &Context) -> String {
    let lang = context.lang;
    let rows = departments.iter().map(|department| {
        let mut name = lang.choose(&department.name_zh, &department.name_en).to_owned();
        let verifies = lang.choose(&department.verifies_zh, &department.verifies_en);
        if !verifies.is_empty() {
            name.push_str(&format!("\n  {verifies}"));
        }
        if let Some(pause) = &department.pause {
            let (by, reason) = (&pause.by, &pause.reason);
            name.push_str(&lang.pick(
                format!("\n  * {by} 暂停：{reason}"),
                format!("\n  * paused by {by}: {reason}"),
            ));
        }
        for drift in &department.drifts {
            name.push_str(&format!("\n  * {}", drifts(drift, lang)));
        }
        for check in &department.checks {
            name.push_str(&format!("\n  * {check}"));
        }
        vec![
            department.id.clone(),
            health(department.health(), lang).to_owned(),
            format!("{}/{}", department.answered, department.asked),
            department.connector.clone(),
            name,
        ]
    });
    let headers = [
        ("id", Column::Whole),
        (lang.pick("状态", "health"), Column::Whole),
        (lang.pick("已答/已询", "answered"), Column::Number),
        (lang.pick("接入", "by"), Column::Whole),
        (lang.pick("部门", "department"), Column::Text),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

/// How a department does not answer as it used to.
fn drifts(drift: &wire::Drift, lang: Lang) -> String {
    let since = drift.since.as_ref().map(values::clock).unwrap_or_default();
    let (kind, field) = (&drift.kind, &drift.field);
    let figure = |value: i64| match field.as_str() {
        "" => format!("{value}/1000"),
        _ => values::yuan_of_fen(value),
    };
    let (before, now) = (figure(drift.before), figure(drift.now));
    lang.pick(
        format!("!! 异常变化 {kind} {field} {before} -> {now}，自 {since}"),
        format!("!! DRIFTS {kind} {field} {before} -> {now} since {since}"),
    )
}

fn health(health: wire::DepartmentHealth, lang: Lang) -> &'static str {
    match health {
        wire::DepartmentHealth::Answering => lang.pick("正常", "answering"),
        wire::DepartmentHealth::Failing => lang.pick("!! 异常", "!! FAILING"),
        wire::DepartmentHealth::BreakerOpen => lang.pick("!! 暂停查询", "!! NOT ASKED"),
        wire::DepartmentHealth::Paused => lang.pick("!! 已暂停", "!! PAUSED"),
        wire::DepartmentHealth::Unknown | wire::DepartmentHealth::Unspecified => lang.pick("未知", "unknown"),
    }
}

/// Runs `hedui metrics`.
pub async fn metrics(arguments: MetricsArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let response = client
        .operations()
        .get_metrics(timed(wire::GetMetricsRequest {}, CALL_TIMEOUT))
        .await;
    let metrics = response.map_err(|status| client.refusal(&status))?.into_inner();
    if context.output == Output::Json {
        return Answer::json(&json::metrics(&metrics), Exit::Success);
    }
    let lang = context.lang;
    let rows = metrics.steps.iter().map(|step| {
        let mean = step.total_ns.checked_div(step.count).unwrap_or(0);
        vec![
            step.name.clone(),
            values::grouped(&step.count.to_string()),
            micros(step.total_ns),
            micros(mean),
        ]
    });
    let headers = [
        (lang.pick("步骤", "step"), Column::Whole),
        (lang.pick("次数", "count"), Column::Number),
        (lang.pick("合计 µs", "total µs"), Column::Number),
        (lang.pick("平均 µs", "mean µs"), Column::Number),
    ];
    let count = metrics.verifications;
    let mut text = lang.pick(
        format!("已完成核对 {count} 次\n"),
        format!("{count} verifications ended\n"),
    );
    // What is at rest is for programs.
    for gauge in metrics.gauges.iter().filter(|gauge| gauge.value > 0) {
        text.push_str(&format!("!! {}: {}\n", gauge.name, gauge.reason));
    }
    text.push_str(&table(&headers, rows.collect(), 0, context.width));
    Ok(Answer::success(text))
}

/// Nanoseconds as microseconds with one decimal.
fn micros(nanos: u64) -> String {
    values::grouped(&format!("{}.{}", nanos / 1_000, nanos % 1_000 / 100))
}
