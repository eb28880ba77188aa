//! `hedui audit misuse`: what looks like misuse, over a stretch of days.
//! Leaves judging it to people: a busy office and a curious one can look alike.

use clap::Args;
use hedui_core::Date;
use hedui_proto::audit as wire;
use tonic::Request;

use crate::cli::client::{Client, ServerArgs};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output, json};

/// Arguments of `hedui audit misuse`.
#[derive(Debug, Args)]
pub struct MisuseArgs {
    /// First day, such as 2026-11-01; 30 days before today where not given.
    #[arg(long, value_name = "DAY")]
    from: Option<Date>,
    /// Last day; today where not given.
    #[arg(long, value_name = "DAY")]
    until: Option<Date>,
    /// Only this district (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Runs `hedui audit misuse`.
pub async fn run(arguments: MisuseArgs, context: &Context) -> Result<Answer, CliError> {
    let today = context.surroundings.today();
    let until = arguments.until.unwrap_or(today);
    let before = || until.saturating_sub(jiff::Span::new().days(30));
    let from = arguments.from.unwrap_or_else(before);
    if from > until {
        return Err(CliError::Usage(format!("--from {from} is after --until {until}")));
    }
    let client = Client::connect(&arguments.server).await?;
    let request = Request::new(wire::GetMisuseRequest {
        district_code: arguments.district.unwrap_or_default(),
        from: Some(midnight(from)?),
        until: Some(midnight(until.saturating_add(jiff::Span::new().days(1)))?),
        actor: client.actor.clone(),
    });
    let response = client.audit().get_misuse(request).await;
    let report = response.map_err(|status| client.refusal(&status))?.into_inner();
    match context.output {
        Output::Json => Answer::json(&json::misuse(&report), Exit::Success),
        Output::Table => Ok(Answer::success(render(&report, context))),
    }
}

/// The moment at which a day begins in China, which has had one offset and no summer time since 1991.
fn midnight(day: Date) -> Result<prost_types::Timestamp, CliError> {
    let offset = jiff::tz::Offset::constant(8);
    let moment = offset
        .to_timestamp(day.at(0, 0, 0, 0))
        .map_err(|_| CliError::Usage(format!("{day} is out of range")))?;
    Ok(prost_types::Timestamp {
        seconds: moment.as_second(),
        nanos: 0,
    })
}

fn render(report: &wire::GetMisuseResponse, context: &Context) -> String {
    let lang = context.lang;
    let rows = report.officials.iter().map(|official| {
        let counts = [
            official.lookups,
            official.persons,
            official.readings,
            official.readings_of_others,
            official.without_case,
            official.out_of_hours,
            official.colleagues,
            official.own_family,
            official.denials,
        ];
        let counts = counts
            .iter()
            .map(|count| if *count == 0 { "-".to_owned() } else { count.to_string() });
        std::iter::once(official.actor.clone()).chain(counts).collect()
    });
    let headers = [
        (lang.pick("经办", "official"), Column::Text),
        (lang.pick("查询", "asked"), Column::Whole),
        (lang.pick("人数", "people"), Column::Whole),
        (lang.pick("查阅", "read"), Column::Whole),
        (lang.pick("他人案件", "others'"), Column::Whole),
        (lang.pick("无案件", "no case"), Column::Whole),
        (lang.pick("非工作时间", "off-hours"), Column::Whole),
        (lang.pick("同事", "staff"), Column::Whole),
        (lang.pick("亲属", "family"), Column::Whole),
        (lang.pick("被拒", "refused"), Column::Whole),
    ];
    let mut text = table(&headers, rows.collect(), 0, context.width);
    if !report.most_consulted.is_empty() {
        let rows = report.most_consulted.iter().map(|person| {
            vec![
                person.token.clone(),
                person.lookups.to_string(),
                person.officials.to_string(),
                person.verification.clone(),
            ]
        });
        let headers = [
            (lang.pick("被查最多者", "most consulted"), Column::Whole),
            (lang.pick("查询", "lookups"), Column::Whole),
            (lang.pick("经办人数", "officials"), Column::Whole),
            (lang.pick("其一", "one of them"), Column::Text),
        ];
        text.push('\n');
        text.push_str(&table(&headers, rows.collect(), 0, context.width));
    }
    text.push_str(lang.pick(
        "\n他人案件：查阅他人发起的核对。无案件：导出、报告、查验。非工作时间：6 点前、19 点后、周末。同事、亲属：被查询者在册，或为经办人近亲属。\n",
        "\nothers': read what somebody else had begun. no case: exports, reports, checks. off-hours: before 6, from 19, weekends.\n\
         staff, family: looked up people of the staff register, or their own family.\n",
    ));
    text
}
