//! `hedui policy new`: the beginning of a pack, which passes the check as it stands.
//! Leaves the form of packs to `hedui_policy`.

use clap::{Args, ValueEnum};
use hedui_core::Date;
use hedui_core::household::Residence;
use hedui_policy::template::{self, Begin};

use crate::cli::json::mistake;
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy new`.
#[derive(Debug, Args)]
pub struct NewArgs {
    /// Id of the pack, for example dibao-somewhere.
    #[arg(value_name = "ID")]
    id: String,
    /// Programme.
    #[arg(long, value_name = "ID", default_value = "dibao")]
    programme: String,
    /// GB/T 2260 code of the district, city or province; 000000 for the nation.
    #[arg(long, value_name = "CODE")]
    jurisdiction: String,
    /// For whom; left out: for both.
    #[arg(long, value_enum)]
    residence: Option<For>,
    /// First day of validity; today where left out.
    #[arg(long, value_name = "DATE")]
    valid_from: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum For {
    /// Urban households.
    Urban,
    /// Rural households.
    Rural,
}

/// Runs `hedui policy new`.
pub(super) fn run(arguments: &NewArgs, context: &Context) -> Result<Answer, CliError> {
    let begun = template::begin(&Begin {
        id: &arguments.id,
        programme: &arguments.programme,
        jurisdiction: &arguments.jurisdiction,
        residence: arguments.residence.map(|of| match of {
            For::Urban => Residence::Urban,
            For::Rural => Residence::Rural,
        }),
        valid_from: arguments.valid_from.unwrap_or_else(|| context.surroundings.today()),
    });
    match begun {
        Ok(text) => Ok(Answer::success(text)),
        Err(mistakes) if context.output == Output::Json => {
            let found: Vec<_> = mistakes.0.iter().map(mistake).collect();
            Answer::json(&serde_json::json!({ "mistakes": found }), Exit::BadInput)
        }
        // Lines and columns would be of a file that nobody has seen.
        Err(mistakes) => Ok(Answer {
            text: mistakes
                .0
                .iter()
                .map(|m| format!("{}: {}\n", m.reason, m.message))
                .collect(),
            exit: Exit::BadInput,
        }),
    }
}
