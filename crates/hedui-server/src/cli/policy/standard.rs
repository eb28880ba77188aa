//! `hedui policy standard`: the livelihood standard from yearbook data, the alternatives side by side.
//! Leaves the calculation to `hedui_policy::standard`.

use std::path::PathBuf;

use clap::Args;
use hedui_core::household::Residence;
use hedui_policy::standard::{Alternative, Standards, TEMPLATE, Yearbook};
use serde_json::{Value, json};

use super::read;
use crate::cli::json::mistake;
use crate::cli::table::{Column, paragraph, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy standard`.
#[derive(Debug, Args)]
pub struct StandardArgs {
    /// The data file; `--template` prints one.
    #[arg(value_name = "FILE", required_unless_present = "template")]
    file: Option<PathBuf>,
    /// Print a data file with every key, filled with Da'an's figures of 2014.
    #[arg(long, conflicts_with = "file")]
    template: bool,
}

/// Runs `hedui policy standard`.
pub(super) fn run(arguments: &StandardArgs, context: &Context) -> Result<Answer, CliError> {
    let Some(path) = &arguments.file else {
        return Ok(Answer::success(TEMPLATE.to_owned()));
    };
    let name = path.display().to_string();
    let yearbook = match Yearbook::parse(&name, &read(path)?) {
        Ok(yearbook) => yearbook,
        Err(mistakes) if context.output == Output::Json => {
            let found: Vec<Value> = mistakes.0.iter().map(mistake).collect();
            return Answer::json(&json!({ "mistakes": found }), Exit::BadInput);
        }
        Err(mistakes) => {
            return Ok(Answer {
                text: format!("{mistakes}\n"),
                exit: Exit::BadInput,
            });
        }
    };
    let standards = yearbook
        .standards()
        .ok_or_else(|| CliError::Usage(format!("{name}: a number is too large to be reckoned with")))?;
    match context.output {
        Output::Json => Answer::json(&as_json(&standards), Exit::Success),
        Output::Table => Ok(Answer::success(render(&standards, context))),
    }
}

fn as_json(standards: &Standards) -> Value {
    let alternative = |a: &Alternative| {
        json!({
            "name": a.name,
            "title": { "zh": a.title.zh, "en": a.title.en },
            "numbers": a.numbers,
            "yuan_per_person_year": a.yearly.to_string(),
            "yuan_per_person_month": a.monthly.to_string(),
            "is_floor": a.is_floor,
            "reference": a.reference,
        })
    };
    json!({
        "year": standards.year,
        "residence": standards.residence.map(|r| match r {
            Residence::Urban => "urban",
            Residence::Rural => "rural",
        }),
        "result_yuan_per_person_year": standards.result.to_string(),
        "raised_by": standards.raised_by,
        "current_yuan_per_person_year": standards.current.map(|c| c.to_string()),
        "alternatives": standards.alternatives.iter().map(alternative).collect::<Vec<_>>(),
        "reference": standards.reference,
    })
}

fn render(standards: &Standards, context: &Context) -> String {
    let (lang, width) = (context.lang, context.width);
    let whom = match standards.residence {
        Some(Residence::Urban) => lang.pick("城市", "urban"),
        Some(Residence::Rural) => lang.pick("农村", "rural"),
        None => lang.pick("城乡统一", "urban and rural alike"),
    };
    let year = standards.year;
    let mut text = lang.pick(
        format!("{year} 年最低生活保障标准测算（{whom}）\n\n"),
        format!("Minimum livelihood standard of {year}, {whom}\n\n"),
    );
    let headers = [
        (lang.pick("方法", "way"), Column::Text),
        (lang.pick("元/人·年", "yuan/year"), Column::Number),
        (lang.pick("元/人·月", "a month"), Column::Number),
        (lang.pick("计算", "calculation"), Column::Text),
    ];
    let rows = standards.alternatives.iter().map(|a| {
        let floor = if a.is_floor { " *" } else { "" };
        vec![
            format!("{}{floor}", lang.choose(&a.title.zh, &a.title.en)),
            a.yearly.to_string(),
            a.monthly.to_string(),
            a.numbers.clone(),
        ]
    });
    text.push_str(&table(&headers, rows.collect(), 0, width));
    let result = standards.result;
    let raised = standards
        .alternatives
        .iter()
        .find(|a| Some(a.name) == standards.raised_by);
    let why = match raised {
        Some(floor) => {
            let title = lang.choose(&floor.title.zh, &floor.title.en);
            lang.pick(
                format!("，按底线（{title}）提高"),
                format!(", raised by a floor: {title}"),
            )
        }
        None => String::new(),
    };
    let before = match standards.current {
        Some(current) => lang.pick(format!("；现行 {current} 元"), format!("; in force: {current}")),
        None => String::new(),
    };
    let line = lang.pick(
        format!(
            "结果：每人每年 {result} 元{why}{before}。* 为标准不得低于的底线。来源：{}",
            standards.reference
        ),
        format!(
            "Result: {result} yuan per person and year{why}{before}. * marks what it is never below. Figures: {}",
            standards.reference
        ),
    );
    text.push('\n');
    text.push_str(&paragraph(&line, 0, width));
    text
}
