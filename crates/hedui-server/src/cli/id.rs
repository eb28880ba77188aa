//! `hedui id check`: verdicts on resident IDs and unified social credit codes, without any server.
//! Leaves the rules to `hedui_ids`; a number is never echoed, only its masked form.

use std::io::Read as _;

use clap::{Args, Subcommand, ValueEnum};
use hedui_core::household::ids_date;
use hedui_ids::{CreditCode, IdError, IdKind, ResidentId};
use serde::Serialize;

use super::error::Mistake;
use super::table::{Column, table};
use super::{Answer, CliError, Context, Exit, Output};

/// Most bytes read from stdin: about 800,000 numbers.
const MAX_STDIN_BYTES: u64 = 16 * 1024 * 1024;

/// `hedui id ...`
#[derive(Debug, Subcommand)]
pub enum IdCommand {
    /// Check numbers: exit 0 when all are valid, else 3.
    Check(CheckArgs),
}

/// Arguments of `hedui id check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Numbers, or `-` to read one a line from stdin (others on this machine can see a command line).
    #[arg(required = true, value_name = "ID")]
    numbers: Vec<String>,
    /// What the numbers are.
    #[arg(long, value_enum, default_value = "auto")]
    kind: WantedKind,
    /// The day by which birth dates are judged; today where left out.
    #[arg(long, value_name = "DATE")]
    as_of: Option<hedui_core::Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WantedKind {
    /// Told from the number.
    Auto,
    /// Resident ID (GB 11643), permits and foreign cards of the same form.
    Resident,
    /// Unified social credit code (GB 32100).
    Credit,
}

/// What a number was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Resident ID, or a number of the same form.
    ResidentId,
    /// Unified social credit code.
    CreditCode,
}

/// The verdict on one number. The keys are stable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether it can be a real number.
    pub valid: bool,
    /// What it was taken for.
    pub kind: Kind,
    /// Stable reason where it is not valid, for example `CHECK_DIGIT`; `null` where it is.
    pub reason: Option<&'static str>,
    /// Stable reasons of what is odd about a valid number.
    pub warnings: Vec<&'static str>,
    /// The number with its middle hidden.
    pub masked: String,
    /// Who is given such a number: `resident`, `permit_hong_kong`, ...; `null` for organisations and invalid numbers.
    pub holder: Option<&'static str>,
    /// What is wrong, for people; `null` where nothing is.
    pub message: Option<String>,
}

/// Runs `hedui id ...`.
pub fn run(command: IdCommand, context: &Context) -> Result<Answer, CliError> {
    let IdCommand::Check(arguments) = command;
    let as_of = arguments.as_of.unwrap_or_else(|| context.surroundings.today());
    let as_of = ids_date(as_of).ok_or_else(|| CliError::Usage("--as-of lies before the year 1".to_owned()))?;
    let mut verdicts = Vec::new();
    for number in &arguments.numbers {
        if number == "-" {
            for line in read_stdin()?.lines().filter(|line| !line.trim().is_empty()) {
                verdicts.push(check(line, arguments.kind, as_of));
            }
        } else {
            verdicts.push(check(number, arguments.kind, as_of));
        }
    }
    let exit = if verdicts.iter().all(|v| v.valid) {
        Exit::Success
    } else {
        Exit::BadInput
    };
    match context.output {
        Output::Json => Answer::json(&verdicts, exit),
        Output::Table => Ok(Answer {
            text: render(&verdicts, context),
            exit,
        }),
    }
}

fn read_stdin() -> Result<String, CliError> {
    let mut bytes = Vec::new();
    let mut stdin = std::io::stdin().lock().take(MAX_STDIN_BYTES + 1);
    stdin.read_to_end(&mut bytes).map_err(|source| CliError::Read {
        path: "-".into(),
        source,
    })?;
    let wrong = |reason: &str, message: &str| {
        Err(CliError::Input {
            what: "standard input".to_owned(),
            mistakes: vec![Mistake {
                line: None,
                field: "stdin".to_owned(),
                reason: reason.to_owned(),
                message: message.to_owned(),
            }],
        })
    };
    if bytes.len() as u64 > MAX_STDIN_BYTES {
        return wrong("TOO_LARGE", "more than 16 MiB; split the list");
    }
    match String::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => wrong("EMPTY", "there is no number; write one a line"),
        Ok(text) => Ok(text),
        Err(_) => wrong(
            "NOT_UTF8",
            "the list is not UTF-8; convert it first, for example with iconv",
        ),
    }
}

fn check(text: &str, wanted: WantedKind, as_of: hedui_ids::Date) -> Verdict {
    match wanted {
        WantedKind::Resident => resident(text, as_of),
        WantedKind::Credit => credit(text),
        WantedKind::Auto => {
            let (as_resident, as_credit) = (resident(text, as_of), credit(text));
            match (as_resident.valid, as_credit.valid) {
                (true, _) => as_resident,
                (false, true) => as_credit,
                (false, false) if as_resident.reason == Some(IdError::ForeignCard15.reason()) => as_resident,
                (false, false) if looks_like_credit_code(text) => as_credit,
                (false, false) => as_resident,
            }
        }
    }
}

/// Of a number that is neither: letters before the last place are only in credit codes, and so are 9s in front without a
/// century where a birth year would stand.
fn looks_like_credit_code(text: &str) -> bool {
    let kept = kept(text);
    let Some((_, before_last)) = kept.split_last() else {
        return false;
    };
    let letters = before_last.iter().any(char::is_ascii_alphabetic);
    let century: String = kept.iter().skip(6).take(2).collect();
    letters || (kept.first() == Some(&'9') && century != "19" && century != "20")
}

/// The characters of a typed number without blanks and hyphens, full-width ones folded.
fn kept(text: &str) -> Vec<char> {
    let fold = |c: char| match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.chars()
        .map(fold)
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

fn resident(text: &str, as_of: hedui_ids::Date) -> Verdict {
    match ResidentId::parse(text, as_of) {
        Ok(parsed) => Verdict {
            valid: true,
            kind: Kind::ResidentId,
            reason: None,
            warnings: parsed.warnings.iter().map(|warning| warning.reason()).collect(),
            masked: parsed.id.masked(),
            holder: Some(holder(parsed.id.kind())),
            message: None,
        },
        Err(error) => invalid(text, Kind::ResidentId, error),
    }
}

fn credit(text: &str) -> Verdict {
    match CreditCode::parse(text) {
        Ok(parsed) => Verdict {
            valid: true,
            kind: Kind::CreditCode,
            reason: None,
            warnings: parsed.warnings.iter().map(|warning| warning.reason()).collect(),
            masked: parsed.code.masked(),
            holder: None,
            message: None,
        },
        Err(error) => invalid(text, Kind::CreditCode, error),
    }
}

fn invalid(text: &str, kind: Kind, error: IdError) -> Verdict {
    Verdict {
        valid: false,
        kind,
        reason: Some(error.reason()),
        warnings: Vec::new(),
        masked: mask(text),
        holder: None,
        message: Some(error.to_string()),
    }
}

/// Enough to find the entry again in a list, too little to read the number: division and last two, as for valid numbers;
/// only asterisks for anything shorter than a number, and for whatever is no letter or digit.
fn mask(text: &str) -> String {
    let kept = kept(text);
    let length = kept.len();
    let shown = |(index, c): (usize, &char)| {
        let open = length >= 15 && (index < 6 || index + 2 >= length);
        if open && c.is_ascii_alphanumeric() { *c } else { '*' }
    };
    // Long rubbish is cut: its length says enough.
    if length > 24 {
        return format!("*** ({length})");
    }
    kept.iter().enumerate().map(shown).collect()
}

fn holder(kind: IdKind) -> &'static str {
    match kind {
        IdKind::Resident => "resident",
        IdKind::PermitHongKong => "permit_hong_kong",
        IdKind::PermitMacao => "permit_macao",
        IdKind::PermitTaiwan => "permit_taiwan",
        IdKind::ForeignPermanentResident => "foreign_permanent_resident",
    }
}

fn render(verdicts: &[Verdict], context: &Context) -> String {
    let lang = context.lang;
    let rows = verdicts.iter().zip(1..).map(|(verdict, number)| {
        let kind = match verdict.kind {
            Kind::ResidentId => lang.pick("居民身份号码", "resident ID"),
            Kind::CreditCode => lang.pick("统一社会信用代码", "credit code"),
        };
        let remark = match (&verdict.reason, &verdict.message) {
            (Some(reason), Some(message)) => format!("{reason}: {message}"),
            _ => verdict.warnings.join(", "),
        };
        vec![
            number.to_string(),
            verdict.masked.clone(),
            kind.to_owned(),
            if verdict.valid {
                lang.pick("有效", "valid")
            } else {
                lang.pick("无效", "INVALID")
            }
            .to_owned(),
            remark,
        ]
    });
    let headers = [
        ("#", Column::Number),
        (lang.pick("号码", "number"), Column::Whole),
        (lang.pick("类别", "kind"), Column::Whole),
        (lang.pick("结论", "verdict"), Column::Whole),
        (lang.pick("原因或提示", "reason or warnings"), Column::Text),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

#[cfg(test)]
mod tests;
