//! `hedui policy test`: the cases that packs carry, judged and compared with what is written beside them.
//! Leaves judging them to `hedui_policy`.

use std::path::PathBuf;

use clap::Args;
use hedui_policy::{CaseResult, Pack};
use serde_json::{Value, json};

use super::load;
use crate::cli::junit::{self, Case, Suite, Went};
use crate::cli::table::{Column, table};
use crate::cli::{Answer, CliError, Context, Exit, Output};

/// Arguments of `hedui policy test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Files, or folders of .toml files; the packs compiled in where left out.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Print JUnit XML, for continuous integration.
    #[arg(long)]
    junit: bool,
}

/// A pack with its cases, judged.
struct Tried<'p> {
    pack: &'p Pack,
    results: Vec<CaseResult<'p>>,
}

impl Tried<'_> {
    fn failed(&self) -> usize {
        self.results.iter().filter(|result| !result.passed()).count()
    }

    /// `dibao-somewhere 1`.
    fn name(&self) -> String {
        format!("{} {}", self.pack.id(), self.pack.version())
    }
}

/// Runs `hedui policy test`.
pub(super) fn run(arguments: &TestArgs, context: &Context) -> Result<Answer, CliError> {
    let packs = load(&arguments.paths)?;
    let tried: Vec<Tried<'_>> = packs
        .packs()
        .iter()
        .map(|pack| Tried {
            pack,
            results: pack.run_cases().collect(),
        })
        .collect();
    let failed: usize = tried.iter().map(Tried::failed).sum();
    let exit = if failed == 0 { Exit::Success } else { Exit::Internal };
    if arguments.junit {
        return Ok(Answer {
            text: junit::document("hedui policy test", &suites(&tried)),
            exit,
        });
    }
    if context.output == Output::Json {
        let cases: Vec<Value> = tried
            .iter()
            .flat_map(|one| one.results.iter().map(|result| as_json(one.pack, result)))
            .collect();
        let without: Vec<&str> = without_cases(&tried).map(Pack::id).collect();
        let whole = json!({ "packs": tried.len(), "failed": failed, "cases": cases, "packs_without_cases": without });
        return Answer::json(&whole, exit);
    }
    Ok(Answer {
        text: render(&tried, failed, context),
        exit,
    })
}

fn without_cases<'t>(tried: &'t [Tried<'_>]) -> impl Iterator<Item = &'t Pack> {
    tried.iter().filter(|one| one.results.is_empty()).map(|one| one.pack)
}

fn as_json(pack: &Pack, result: &CaseResult<'_>) -> Value {
    let differences = result.differences.iter().map(|difference| {
        json!({
            "what": difference.what.as_str(),
            "expected": difference.expected.as_str(),
            "found": difference.found.as_str(),
        })
    });
    json!({
        "pack": pack.id(),
        "version": pack.version(),
        "case": result.name,
        "title": { "zh": result.title.zh, "en": result.title.en },
        "passed": result.passed(),
        "differences": differences.collect::<Vec<_>>(),
    })
}

/// A line for each case, and one for each difference below it.
fn render(tried: &[Tried<'_>], failed: usize, context: &Context) -> String {
    let lang = context.lang;
    let headers = [
        (lang.pick("政策包", "pack"), Column::Text),
        (lang.pick("案例", "case"), Column::Text),
        (lang.pick("结果", "result"), Column::Text),
        (lang.pick("应为", "expected"), Column::Text),
        (lang.pick("实为", "found"), Column::Text),
    ];
    let mut rows: Vec<Vec<String>> = Vec::new();
    for one in tried {
        for result in &one.results {
            let is = if result.passed() {
                lang.pick("通过", "pass")
            } else {
                lang.pick("不符", "FAIL")
            };
            let blank = String::new;
            rows.push(vec![
                one.name(),
                result.name.to_owned(),
                is.to_owned(),
                blank(),
                blank(),
            ]);
            rows.extend(result.differences.iter().map(|difference| {
                let (expected, found) = (difference.expected.to_string(), difference.found.to_string());
                vec![blank(), blank(), difference.what.to_string(), expected, found]
            }));
        }
    }
    let cases: usize = tried.iter().map(|one| one.results.len()).sum();
    let (packs, without) = (tried.len(), without_cases(tried).count());
    let mut text = if rows.is_empty() {
        String::new()
    } else {
        format!("{}\n", table(&headers, rows, 0, context.width))
    };
    text.push_str(&lang.pick(
        format!("{packs} 个政策包，{cases} 个案例，{failed} 个不符；{without} 个政策包没有案例\n"),
        format!("{packs} pack(s), {cases} case(s), {failed} failed; {without} pack(s) without a case\n"),
    ));
    text
}

/// A suite for each pack with cases.
fn suites(tried: &[Tried<'_>]) -> Vec<Suite> {
    let with_cases = tried.iter().filter(|one| !one.results.is_empty());
    let suite = |one: &Tried<'_>| Suite {
        name: one.name(),
        cases: one.results.iter().map(junit_case).collect(),
    };
    with_cases.map(suite).collect()
}

fn junit_case(result: &CaseResult<'_>) -> Case {
    let lines = result.differences.iter();
    let lines = lines.map(|d| format!("{}: expected {}, found {}", d.what, d.expected, d.found));
    let went = match result.passed() {
        true => Went::Passed,
        false => Went::Failed {
            message: lines.collect::<Vec<_>>().join("; "),
            about: String::new(),
        },
    };
    let name = result.name.to_owned();
    Case { name, went }
}
