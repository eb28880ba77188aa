//! `hedui policy reevaluate`, `jobs`, `job`: all households of a district looked at again, as a job that the server runs by itself.
//! Leaves the job to the server, which goes on whatever becomes of this program; and its form in JSON to `json`.

use clap::{ArgGroup, Args, ValueEnum};
use hedui_core::Date;
use hedui_proto::reevaluation as wire;
use hedui_proto::reevaluation::ReevaluationState as State;
use hedui_proto::verification::Verdict;
use tonic::{Request, Streaming};

use crate::cli::client::{CALL_TIMEOUT, Client, DEPARTMENTS_TIMEOUT, ServerArgs, timed};
use crate::cli::progress::Progress;
use crate::cli::report::words;
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Lang, Output, json, values};

/// Households between two lines of progress.
const TELL_EVERY: u64 = 100;

/// Arguments of `hedui policy reevaluate`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("why").required(true).args(["new_standard", "annual_review"])))]
pub struct ReevaluateArgs {
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: String,
    /// The programme.
    #[arg(long, value_name = "ID")]
    programme: String,
    /// Judge the evidence that is kept by the packs in force on a day; nobody is asked.
    #[arg(long, requires = "on")]
    new_standard: bool,
    /// The day whose packs judge, up to today.
    #[arg(long, value_name = "DAY", requires = "new_standard")]
    on: Option<Date>,
    /// Ask the departments again under the letters.
    #[arg(long)]
    annual_review: bool,
    /// Only count who could be judged.
    #[arg(long)]
    dry_run: bool,
    /// Most verifications that begin in a second [default: 10].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// Do not wait for departments that are paused, closed or failing: what needs them stays open.
    #[arg(long, requires = "annual_review")]
    with_silence: bool,
    /// Return as soon as the job is durable.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui policy jobs`.
#[derive(Debug, Args)]
pub struct JobsArgs {
    /// The district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Which households are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Households {
    /// Those that somebody is to look at.
    Look,
    /// All.
    All,
}

/// Arguments of `hedui policy job`.
#[derive(Debug, Args)]
pub struct JobArgs {
    /// The id that `reevaluate` printed.
    id: String,
    /// Follow it until it runs no more.
    #[arg(long, conflicts_with_all = ["resume", "cancel"])]
    watch: bool,
    /// Go on with one that was interrupted.
    #[arg(long, conflicts_with = "cancel")]
    resume: bool,
    /// End it; what it has judged stays.
    #[arg(long)]
    cancel: bool,
    /// List the households too; this reading becomes evidence.
    #[arg(long, value_name = "WHICH", num_args = 0..=1, default_missing_value = "look")]
    households: Option<Households>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui policy reevaluate`.
pub(super) async fn begin(arguments: ReevaluateArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let kind = match arguments.annual_review {
        true => wire::ReevaluationKind::AnnualReview,
        false => wire::ReevaluationKind::NewStandard,
    };
    let request = Request::new(wire::CreateReevaluationRequest {
        district_code: arguments.district,
        programme: arguments.programme,
        kind: kind.into(),
        rules_on: arguments.on.map(values::date_of),
        // Zero is the server's own default.
        rate_per_second: arguments.rate.unwrap_or(0),
        dry_run: arguments.dry_run,
        actor: client.actor.clone(),
        with_silence: arguments.with_silence,
    });
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let response = client.reevaluation().create_reevaluation(request).await;
    let mut steps = response.map_err(|status| client.refusal(&status))?.into_inner();
    let (mut told, mut job) = (0, None);
    while let Some(step) = steps.message().await.map_err(|status| client.refusal(&status))? {
        say(&progress, context.lang, &step.counts.unwrap_or_default(), 0, &mut told);
        job = step.reevaluation.or(job);
    }
    let job = job.ok_or_else(|| CliError::Internal("the server ended without a word".to_owned()))?;
    if job.id.is_empty() || arguments.no_wait {
        progress.finish();
        return answer(&job, None, context);
    }
    let job = follow(&client, job, &progress, context).await?;
    answer(&job, None, context)
}

/// Runs `hedui policy jobs`.
pub(super) async fn list(arguments: JobsArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let district_code = arguments.district;
    let request = wire::ListReevaluationsRequest { district_code };
    let response = client
        .reevaluation()
        .list_reevaluations(timed(request, CALL_TIMEOUT))
        .await;
    let found = response
        .map_err(|status| client.refusal(&status))?
        .into_inner()
        .reevaluations;
    match context.output {
        Output::Json => Answer::json(&json::reevaluations(&found), Exit::Success),
        Output::Table => Ok(Answer::success(jobs(&found, context))),
    }
}

/// Runs `hedui policy job`.
pub(super) async fn one(arguments: JobArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let (id, actor) = (arguments.id.clone(), client.actor.clone());
    let mut calls = client.reevaluation();
    let job = if arguments.cancel {
        let request = timed(wire::CancelReevaluationRequest { id, actor }, DEPARTMENTS_TIMEOUT);
        calls
            .cancel_reevaluation(request)
            .await
            .map(|r| r.into_inner().reevaluation)
    } else if arguments.resume {
        let request = timed(wire::ResumeReevaluationRequest { id, actor }, CALL_TIMEOUT);
        calls
            .resume_reevaluation(request)
            .await
            .map(|r| r.into_inner().reevaluation)
    } else {
        let request = timed(wire::GetReevaluationRequest { id }, CALL_TIMEOUT);
        calls
            .get_reevaluation(request)
            .await
            .map(|r| r.into_inner().reevaluation)
    };
    let mut job = job.map_err(|status| client.refusal(&status))?.unwrap_or_default();
    if arguments.watch {
        let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
        job = follow(&client, job, &progress, context).await?;
    }
    let households = match arguments.households {
        Some(which) => Some(households(&client, &job.id, which).await?),
        None => None,
    };
    answer(&job, households, context)
}

/// Follows a job until it runs no more. Ctrl-C leaves it running, and says how to see it.
async fn follow(
    client: &Client,
    job: wire::Reevaluation,
    progress: &Progress,
    context: &Context,
) -> Result<wire::Reevaluation, CliError> {
    let lang = context.lang;
    let request = wire::WatchReevaluationRequest { id: job.id.clone() };
    let response = client.reevaluation().watch_reevaluation(Request::new(request)).await;
    let mut steps: Streaming<wire::WatchReevaluationResponse> =
        response.map_err(|status| client.refusal(&status))?.into_inner();
    let (mut told, mut last) = (0, job);
    loop {
        let step = tokio::select! {
            step = steps.message() => step.map_err(|status| client.refusal(&status))?,
            _ = tokio::signal::ctrl_c() => {
                let id = &last.id;
                progress.say(&lang.pick(
                    format!("任务仍在服务端运行：hedui policy job {id} --watch"),
                    format!("the job runs on at the server: hedui policy job {id} --watch"),
                ));
                progress.finish();
                return Err(CliError::Interrupted);
            }
        };
        let Some(job) = step.and_then(|step| step.reevaluation) else {
            break;
        };
        say(progress, lang, &job.counts.unwrap_or_default(), job.total, &mut told);
        if job.awaiting != last.awaiting && !job.awaiting.is_empty() {
            progress.say(&awaiting(&job, lang));
        }
        last = job;
    }
    progress.finish();
    Ok(last)
}

/// A line of progress, now and then.
fn say(progress: &Progress, lang: Lang, counts: &wire::ReevaluationCounts, total: u64, told: &mut u64) {
    if counts.households / TELL_EVERY <= *told {
        return;
    }
    *told = counts.households / TELL_EVERY;
    let of = if total > 0 { format!("/{total}") } else { String::new() };
    let (done, changed, warned) = (counts.households, counts.changed, counts.warned);
    progress.say(&lang.pick(
        format!("已看 {done}{of} 户，有变化 {changed} 户，预警 {warned} 户"),
        format!("{done}{of} households, {changed} changed, {warned} with a warning"),
    ));
}

/// All households of a job, or those to look at.
async fn households(client: &Client, id: &str, which: Households) -> Result<Vec<wire::ReevaluatedHousehold>, CliError> {
    let mut found = Vec::new();
    let mut page_token = String::new();
    loop {
        let request = wire::ListReevaluatedHouseholdsRequest {
            id: id.to_owned(),
            page_token,
            actor: client.actor.clone(),
        };
        let request = timed(request, CALL_TIMEOUT);
        let response = client.reevaluation().list_reevaluated_households(request).await;
        let page = response.map_err(|status| client.refusal(&status))?.into_inner();
        let wanted = |household: &wire::ReevaluatedHousehold| which == Households::All || household.to_look_at;
        found.extend(page.households.into_iter().filter(wanted));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

fn answer(
    job: &wire::Reevaluation,
    households: Option<Vec<wire::ReevaluatedHousehold>>,
    context: &Context,
) -> Result<Answer, CliError> {
    // A job that did not get through is no result yet.
    let exit = match job.state() {
        State::Stopped => Exit::Unavailable,
        _ => Exit::Success,
    };
    match context.output {
        Output::Json => Answer::json(&json::job(job, households.as_deref()), exit),
        Output::Table => {
            let mut text = whole(job, context);
            if !job.awaiting.is_empty() {
                text.push_str(&awaiting(job, context.lang));
                text.push('\n');
            }
            text.push_str(&warnings(job, context));
            match households.as_deref() {
                Some([]) => text.push_str(context.lang.pick("没有须看的户\n", "no household to list\n")),
                Some(households) => text.push_str(&rows(households, context)),
                None => {}
            }
            Ok(Answer { text, exit })
        }
    }
}

/// What a job is about, and how far it is: `dibao: annual review`, `120/?`.
fn about(job: &wire::Reevaluation, lang: Lang) -> (String, String) {
    let why = match (job.kind(), &job.rules_on) {
        (wire::ReevaluationKind::NewStandard, Some(on)) => {
            format!("{} {}", lang.pick("新标准", "new standard"), values::date(on))
        }
        _ => lang.pick("年度复核", "annual review").to_owned(),
    };
    let total = match job.total {
        0 => "?".to_owned(),
        total => total.to_string(),
    };
    let done = job.counts.unwrap_or_default().households;
    (format!("{}: {why}", job.programme), format!("{done}/{total}"))
}

/// A line for each job.
fn jobs(found: &[wire::Reevaluation], context: &Context) -> String {
    let lang = context.lang;
    if found.is_empty() {
        return lang
            .pick("该地区没有复核任务\n", "no re-evaluation of this district\n")
            .to_owned();
    }
    let rows = found.iter().map(|job| {
        let counts = job.counts.unwrap_or_default();
        let (about, done) = about(job, lang);
        let state = state(job.state(), lang).to_owned();
        let numbers = [counts.changed, counts.warned, counts.failed];
        let cells = [job.id.clone(), state, about, done];
        cells
            .into_iter()
            .chain(numbers.map(|count| count.to_string()))
            .collect()
    });
    let headers = [
        (lang.pick("编号", "id"), Column::Whole),
        (lang.pick("状态", "state"), Column::Whole),
        (lang.pick("依据", "about"), Column::Text),
        (lang.pick("户", "households"), Column::Whole),
        (lang.pick("有变化", "changed"), Column::Number),
        (lang.pick("预警", "warned"), Column::Number),
        (lang.pick("未成", "failed"), Column::Number),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

/// Whom a job waits for, in a line.
fn awaiting(job: &wire::Reevaluation, lang: Lang) -> String {
    let each = job.awaiting.iter().map(|awaited| {
        let until = awaited.until.as_ref().map(values::rfc3339);
        let until = until.map_or_else(String::new, |until| format!(" {} {until}", lang.pick("至", "until")));
        format!("{} ({}{until})", awaited.department, awaited.reason)
    });
    let each = each.collect::<Vec<_>>().join(", ");
    lang.pick(format!("等待部门：{each}"), format!("waiting for departments: {each}"))
}

/// One job with all its counts.
fn whole(job: &wire::Reevaluation, context: &Context) -> String {
    let lang = context.lang;
    let counts = job.counts.unwrap_or_default();
    let (about, done) = about(job, lang);
    let words = [
        (lang.pick("编号", "id"), job.id.clone()),
        (lang.pick("状态", "state"), state(job.state(), lang).to_owned()),
        (lang.pick("依据", "about"), about),
        (lang.pick("户", "households"), done),
    ];
    let numbers = [
        (lang.pick("已评定", "judged"), counts.judged),
        (lang.pick("有变化", "changed"), counts.changed),
        (lang.pick("新符合", "newly qualify"), counts.newly_qualify),
        (lang.pick("新超出", "newly exceed"), counts.newly_exceed),
        (lang.pick("未定", "inconclusive"), counts.inconclusive),
        (lang.pick("预警", "with an early warning"), counts.warned),
        (lang.pick("须重签", "letters to sign again"), counts.needs_signature),
        (
            lang.pick("无材料", "closed or without a verdict"),
            counts.closed + counts.without_verdict,
        ),
        (lang.pick("未成", "failed"), counts.failed),
    ];
    let numbers = numbers.map(|(label, count)| (label, count.to_string()));
    let rows = words.into_iter().chain(numbers).filter(|(_, value)| !value.is_empty());
    let rows = rows.map(|(label, value)| vec![label.to_owned(), value]).collect();
    let headers = [
        (lang.pick("复核任务", "re-evaluation"), Column::Whole),
        ("", Column::Whole),
    ];
    table(&headers, rows, 0, context.width)
}

fn state(state: State, lang: Lang) -> &'static str {
    match state {
        State::Running => lang.pick("进行中", "running"),
        State::Stopped => lang.pick("已中断", "stopped"),
        State::Cancelled => lang.pick("已取消", "cancelled"),
        State::Done => lang.pick("已完成", "done"),
        State::Tried => lang.pick("试算", "counted"),
        State::Unspecified => lang.pick("不明", "unknown"),
    }
}

/// How many households have each warning.
fn warnings(job: &wire::Reevaluation, context: &Context) -> String {
    if job.warnings.is_empty() {
        return String::new();
    }
    let rows = job
        .warnings
        .iter()
        .map(|warning| vec![warning.code.clone(), warning.households.to_string()]);
    let headers = [
        (context.lang.pick("预警", "early warning"), Column::Whole),
        (context.lang.pick("户", "households"), Column::Whole),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

fn rows(households: &[wire::ReevaluatedHousehold], context: &Context) -> String {
    let lang = context.lang;
    let rows = households.iter().map(|household| {
        let verdict = |verdict: &Option<Verdict>| verdict.as_ref().map_or_else(String::new, |v| said(v, lang));
        let findings = household.findings.iter().filter(|f| f.code != "REEVALUATED");
        let texts: Vec<String> = findings
            .map(|f| format!("{} ({})", lang.choose(&f.message_zh, &f.message_en), f.code))
            .collect();
        let result = match household.reasons.is_empty() {
            true => household.result.clone(),
            false => format!("{}: {}", household.result, household.reasons.join(", ")),
        };
        let name = if household.name.is_empty() {
            &household.before_name
        } else {
            &household.name
        };
        let name = name.strip_prefix("verifications/").unwrap_or(name);
        vec![
            name.to_owned(),
            result,
            verdict(&household.before),
            verdict(&household.after),
            texts.join("; "),
        ]
    });
    let headers = [
        (lang.pick("核对", "verification"), Column::Whole),
        (lang.pick("结果", "result"), Column::Text),
        (lang.pick("前次", "before"), Column::Text),
        (lang.pick("本次", "now"), Column::Text),
        (lang.pick("须看", "to look at"), Column::Text),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

/// A verdict in a few words.
fn said(verdict: &Verdict, lang: Lang) -> String {
    let outcome = words::outcome(verdict.outcome(), lang);
    match (&verdict.amount_least, &verdict.amount_most) {
        (Some(least), Some(most)) if least == most => format!("{outcome} {}", values::yuan(least)),
        (Some(least), _) => format!("{outcome} >= {}", values::yuan(least)),
        _ => outcome.to_owned(),
    }
}
