//! `hedui policy list`: the packs of a folder or those compiled in.
//! Leaves which one judges a household to `PackSet::select`.

use std::path::PathBuf;

use clap::Args;
use hedui_core::household::Residence;
use hedui_policy::Pack;
use serde_json::{Value, json};

use super::load;
use crate::cli::table::paragraph;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Files, or folders of .toml files; the packs compiled in where left out.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only packs that are in force in this district: its own, its city's, its province's, the nation's (GB/T 2260).
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// Only packs of this programme.
    #[arg(long, value_name = "ID")]
    programme: Option<String>,
}

/// Runs `hedui policy list`.
pub(super) fn run(arguments: &ListArgs, context: &Context) -> Result<Answer, CliError> {
    let packs = load(&arguments.paths)?;
    let in_force = |pack: &&Pack| match &arguments.district {
        Some(district) => packs.levels(district).iter().any(|level| level == pack.jurisdiction()),
        None => true,
    };
    if let Some(district) = &arguments.district
        && packs.levels(district).is_empty()
    {
        return Err(CliError::Usage(
            "--district is six digits of GB/T 2260, for example 511703".to_owned(),
        ));
    }
    let of_programme = |pack: &&Pack| {
        arguments
            .programme
            .as_deref()
            .is_none_or(|wanted| pack.programme().as_str() == wanted)
    };
    let found: Vec<&Pack> = packs.packs().iter().filter(in_force).filter(of_programme).collect();
    if context.output == Output::Json {
        let listed: Vec<Value> = found.iter().map(|pack| as_json(pack)).collect();
        return Answer::json(&listed, Exit::Success);
    }
    Ok(Answer::success(found.iter().map(|pack| entry(pack, context)).collect()))
}

/// Two lines: what it is, and its title.
fn entry(pack: &Pack, context: &Context) -> String {
    let lang = context.lang;
    let whom = match pack.residence() {
        Some(Residence::Urban) => lang.pick("城市", "urban"),
        Some(Residence::Rural) => lang.pick("农村", "rural"),
        None => lang.pick("城乡", "urban and rural"),
    };
    let (from, id, version, place) = (pack.valid_from(), pack.id(), pack.version(), pack.jurisdiction());
    let until = match pack.valid_to() {
        Some(day) => lang.pick(format!("至 {day}"), format!(" to {day}")),
        None => lang.pick("起".to_owned(), String::new()),
    };
    let since = lang.pick("", "from ");
    let title = paragraph(lang.choose(&pack.title().zh, &pack.title().en), 4, context.width);
    format!("{id} {version}  {place}  {whom}  {since}{from}{until}\n{title}")
}

fn as_json(pack: &Pack) -> Value {
    json!({
        "id": pack.id(),
        "version": pack.version(),
        "digest": pack.digest(),
        "programme": pack.programme().as_str(),
        "jurisdiction": pack.jurisdiction(),
        "residence": pack.residence().map(|r| match r {
            Residence::Urban => "urban",
            Residence::Rural => "rural",
        }),
        "variant": pack.variant(),
        "title": { "zh": pack.title().zh, "en": pack.title().en },
        "valid_from": pack.valid_from().to_string(),
        "valid_to": pack.valid_to().map(|day| day.to_string()),
        "reference": pack.law(),
        "needs": pack.needs().iter().map(|of| of.word()).collect::<Vec<_>>(),
        "assumptions": pack.assumptions().iter().map(|a| json!({ "zh": a.zh, "en": a.en })).collect::<Vec<_>>(),
    })
}
