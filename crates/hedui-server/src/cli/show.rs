//! `hedui show` and `hedui list`: verifications as they are.
//! Leaves the report to `report.rs`.

use clap::Args;
use hedui_proto::verification as wire;

use super::client::{CALL_TIMEOUT, Client, ServerArgs, timed, verification_name};
use super::report::words;
use super::table::{Column, table};
use super::{Answer, CliError, Context, Exit, Lang, Output, json, report, values};

/// Most pages that `--all` reads: 50,000 verifications.
const MAX_PAGES: usize = 100;
/// The largest page that the protocol gives.
const MAX_PAGE_SIZE: i32 = 500;

/// Arguments of `hedui show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// `verifications/{id}`, or the id.
    name: String,
    /// Why it is read in a dispute: the dispute role must state it, and reads frozen cases too; sealed.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Arguments of `hedui list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// GB/T 2260 code of the district.
    #[arg(long, value_name = "CODE")]
    district: String,
    /// Every page, not only the first.
    #[arg(long, conflicts_with = "page_token")]
    all: bool,
    /// Verifications on a page.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i32).range(1..=i64::from(MAX_PAGE_SIZE)))]
    page_size: i32,
    /// Where the page before ended.
    #[arg(long, value_name = "TOKEN", default_value = "")]
    page_token: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Reads a verification with its report.
pub async fn read(client: &Client, name: &str, reason: &str) -> Result<wire::Verification, CliError> {
    let request = wire::GetVerificationRequest {
        name: name.to_owned(),
        view: wire::View::Full.into(),
        actor: client.actor.clone(),
        reason: reason.to_owned(),
    };
    let response = client
        .verification()
        .get_verification(timed(request, CALL_TIMEOUT))
        .await;
    let response = response.map_err(|status| client.refusal(&status))?;
    Ok(response.into_inner().verification.unwrap_or_default())
}

/// The report as a result, with the exit code of its verdicts.
pub fn answer(verification: &wire::Verification, context: &Context) -> Result<Answer, CliError> {
    let exit = Exit::of_verification(verification);
    match context.output {
        Output::Json => Answer::json(&json::verification(verification), exit),
        Output::Table => Ok(Answer {
            text: report::render(verification, context.lang, usize::from(context.width)),
            exit,
        }),
    }
}

/// Runs `hedui show`.
pub async fn show(arguments: ShowArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let verification = read(&client, &verification_name(&arguments.name), &arguments.reason).await?;
    answer(&verification, context)
}

/// Runs `hedui list`.
pub async fn list(arguments: ListArgs, context: &Context) -> Result<Answer, CliError> {
    let client = Client::connect(&arguments.server).await?;
    let mut page_token = arguments.page_token;
    let mut verifications = Vec::new();
    let pages = if arguments.all { MAX_PAGES } else { 1 };
    for _ in 0..pages {
        let request = wire::ListVerificationsRequest {
            district_code: arguments.district.clone(),
            page_size: if arguments.all {
                MAX_PAGE_SIZE
            } else {
                arguments.page_size
            },
            page_token,
        };
        let response = client
            .verification()
            .list_verifications(timed(request, CALL_TIMEOUT))
            .await;
        let page = response.map_err(|status| client.refusal(&status))?.into_inner();
        verifications.extend(page.verifications);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    match context.output {
        Output::Json => Answer::json(&json::list(&verifications, &page_token), Exit::Success),
        Output::Table => Ok(Answer::success(render(&verifications, &page_token, context))),
    }
}

/// How many of how many departments have answered, and what is still promised.
fn answered(verification: &wire::Verification, lang: Lang) -> String {
    let (answered, asked) = (verification.departments_answered, verification.departments_asked);
    let pending = verification.departments_pending;
    let until = verification
        .pending_until
        .as_ref()
        .map(values::clock)
        .unwrap_or_default();
    let day = until.get(..10).unwrap_or_default();
    match (pending, day) {
        (0, _) => format!("{answered}/{asked}"),
        (_, "") => lang.pick(
            format!("{answered}/{asked}\n待答 {pending}"),
            format!("{answered}/{asked}\n{pending} later"),
        ),
        _ => lang.pick(
            format!("{answered}/{asked}\n待答 {pending}\n至 {day}"),
            format!("{answered}/{asked}\n{pending} until\n{day}"),
        ),
    }
}

fn render(verifications: &[wire::Verification], page_token: &str, context: &Context) -> String {
    let lang = context.lang;
    let rows = verifications.iter().map(|verification| {
        let outcomes = verification.verdicts.iter().map(|verdict| {
            let outcome = words::outcome(verdict.outcome(), lang);
            format!("{}: {outcome}", verdict.programme)
        });
        let outcomes: Vec<String> = outcomes.collect();
        vec![
            // The id alone: every command takes it, and the room is for the outcomes.
            verification.name.trim_start_matches("verifications/").to_owned(),
            verification.create_time.as_ref().map(values::clock).unwrap_or_default(),
            words::state(verification.state(), lang).to_owned(),
            answered(verification, lang),
            if outcomes.is_empty() {
                verification.programmes.join(", ")
            } else {
                outcomes.join("\n")
            },
        ]
    });
    let headers = [
        (lang.pick("名称", "name"), Column::Whole),
        (lang.pick("创建时间", "created"), Column::Whole),
        (lang.pick("状态", "state"), Column::Whole),
        (lang.pick("部门", "answered"), Column::Number),
        (lang.pick("项目与结论", "programmes and verdicts"), Column::Text),
    ];
    let mut text = table(&headers, rows.collect(), 0, context.width);
    if !page_token.is_empty() {
        text.push_str(&lang.pick(
            format!("还有更多：--page-token {page_token}，或 --all\n"),
            format!("there are more: --page-token {page_token}, or --all\n"),
        ));
    }
    text
}
