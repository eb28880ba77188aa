//! `hedui verify`: sends a household, follows the departments, prints the report, and ends with the verdict's exit code.
//! Leaves reading the file to `file.rs`, following to `follow.rs` and the report to `report.rs`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hedui_core::Date;
use hedui_proto::verification as wire;

use super::client::{CALL_TIMEOUT, Client, ServerArgs, timed};
use super::error::Mistake;
use super::file::HouseholdFile;
use super::follow::{self, Patience};
use super::progress::Progress;
use super::refusal::Refusal;
use super::{Answer, CliError, Context, Exit, Output, convert, printable, show, values};

/// How often a request is sent again whose connection broke: about six seconds, in which a server is started again.
const CREATE_AGAIN: u32 = 5;

/// Arguments of `hedui verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The household and its letters, .toml or .json.
    #[arg(long, value_name = "FILE")]
    household: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
    /// Programme to verify for, several times for several; instead of those in the file.
    #[arg(long = "programme", value_name = "ID")]
    programmes: Vec<String>,
    /// GB/T 2260 code of the district that verifies; instead of the one in the file.
    #[arg(long, value_name = "CODE")]
    district: Option<String>,
    /// The date that the verification is about; today where left out.
    #[arg(long, value_name = "DATE")]
    as_of: Option<Date>,
    /// When it ends: after all departments, or as soon as no missing one could change an outcome.
    #[arg(long, value_enum, default_value = "all")]
    completion: Completion,
    /// Whether answers kept from an earlier verification may be used.
    #[arg(long, value_enum, default_value = "fresh")]
    reuse: Reuse,
    /// What happens when the same household is being verified already.
    #[arg(long, value_enum, default_value = "fail")]
    conflict: Conflict,
    /// Longest time for all departments together, for example 10s.
    #[arg(long, value_name = "TIME", value_parser = values::parse_duration)]
    deadline: Option<Duration>,
    /// Variant of the policy packs, for example capacity-index.
    #[arg(long, value_name = "V", default_value = "")]
    policy_variant: String,
    /// The same id starts nothing twice: it returns the verification that it started.
    #[arg(long, value_name = "UUID")]
    request_id: Option<String>,
    /// Check everything and start nothing.
    #[arg(long)]
    validate_only: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Completion {
    All,
    Final,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Reuse {
    Fresh,
    Never,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Conflict {
    /// It is refused.
    Fail,
    /// The running one is followed.
    UseExisting,
    /// A second one is started.
    RunBoth,
}

/// Runs `hedui verify`.
pub async fn run(arguments: VerifyArgs, context: &Context) -> Result<Answer, CliError> {
    let (mut file, lines) = HouseholdFile::load(&arguments.household)?;
    override_file(&mut file, &arguments)?;
    let request = request(&arguments, &file, context);
    let client = Client::connect(&arguments.server).await?;
    let created = create(&client, &request, context).await.map_err(|mut refusal| {
        refusal.locate(|field| lines.of(field));
        if refusal.may_pass() && arguments.request_id.is_none() {
            // Whether it was started is unknown; the same id finds out without starting a second one.
            eprintln!("request id: {}", request.request_id);
        }
        refusal
    })?;
    let verification = created.verification.unwrap_or_default();
    if arguments.validate_only {
        return valid(&verification, context);
    }
    let name = verification.name.clone();
    if !follow::has_ended(&verification) {
        watch(&client, &name, context)
            .await
            .map_err(|error| error.about(&name))?;
    }
    let read = show::read(&client, &name, "").await;
    let verification = read.map_err(|error| error.about(&name))?;
    show::answer(&verification, context)
}

/// Starts it. Where the connection breaks nobody knows whether it was started: the same id is sent again, which starts nothing twice.
async fn create(
    client: &Client,
    request: &wire::CreateVerificationRequest,
    context: &Context,
) -> Result<wire::CreateVerificationResponse, Refusal> {
    let patience = Patience::default();
    let mut wait = patience.first;
    let mut attempts = 0;
    loop {
        let mut verifications = client.verification();
        let created = verifications.create_verification(timed(request.clone(), CALL_TIMEOUT));
        let refusal = match created.await {
            Ok(response) => return Ok(response.into_inner()),
            Err(status) => client.refusal(&status),
        };
        attempts += 1;
        if attempts > CREATE_AGAIN || !refusal.is_broken() {
            return Err(refusal);
        }
        let pause = values::elapsed(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        eprintln!(
            "{}",
            printable(&context.lang.pick(
                format!(
                    "与服务端的连接中断（{}），{pause} 后以同一请求编号重试",
                    refusal.message
                ),
                format!(
                    "the connection broke ({}), asking again in {pause} with the same request id",
                    refusal.message
                ),
            ))
        );
        tokio::time::sleep(wait).await;
        wait = wait.saturating_mul(2).min(patience.longest);
    }
}

/// Follows to the end. The first Ctrl-C says how to come back, the second one leaves.
async fn watch(client: &Client, name: &str, context: &Context) -> Result<(), CliError> {
    let lang = context.lang;
    let around = &context.surroundings;
    let progress = Progress::new(lang, around.stderr_is_terminal && !around.no_colour);
    progress.say(&lang.pick(format!("已开始核对 {name}"), format!("started {name}")));
    let following = follow::follow(client, name, Patience::default(), &progress);
    tokio::pin!(following);
    let mut told = false;
    let ended = loop {
        tokio::select! {
            ended = &mut following => break ended.map(|_| ()),
            _ = tokio::signal::ctrl_c() => {
                if told {
                    break Err(CliError::Interrupted);
                }
                told = true;
                progress.say(&lang.pick(
                    format!("核对在服务端继续进行，可用 `hedui show {name}` 查看结果；再按一次 Ctrl-C 退出"),
                    format!("the verification runs on; see it with `hedui show {name}`; Ctrl-C again leaves"),
                ));
            }
        }
    };
    progress.finish();
    ended
}

fn valid(verification: &wire::Verification, context: &Context) -> Result<Answer, CliError> {
    match context.output {
        Output::Json => Answer::json(&super::json::verification(verification), Exit::Success),
        Output::Table => Ok(Answer::success(
            context
                .lang
                .pick(
                    "请求有效；未查询任何部门\n",
                    "the request is valid; no department was asked\n",
                )
                .to_owned(),
        )),
    }
}

/// Flags go before the file; what neither states is missing.
fn override_file(file: &mut HouseholdFile, arguments: &VerifyArgs) -> Result<(), CliError> {
    if let Some(district) = &arguments.district {
        file.district.clone_from(district);
    }
    if !arguments.programmes.is_empty() {
        file.programmes.clone_from(&arguments.programmes);
    }
    file.as_of = arguments.as_of.or(file.as_of);
    let mut mistakes = Vec::new();
    for (empty, field, message) in [
        (
            file.district.is_empty(),
            "district",
            "state it in the file or with --district",
        ),
        (
            file.programmes.is_empty(),
            "programmes",
            "state at least one in the file or with --programme",
        ),
    ] {
        if empty {
            mistakes.push(Mistake {
                line: None,
                field: field.to_owned(),
                reason: "MISSING".to_owned(),
                message: message.to_owned(),
            });
        }
    }
    if mistakes.is_empty() {
        return Ok(());
    }
    let what = arguments.household.display().to_string();
    Err(CliError::Input { what, mistakes })
}

/// The file's request with the choices of the command line.
fn request(arguments: &VerifyArgs, file: &HouseholdFile, context: &Context) -> wire::CreateVerificationRequest {
    let request_id = arguments.request_id.clone();
    wire::CreateVerificationRequest {
        request_id: request_id.unwrap_or_else(|| uuid(context.surroundings.request_id)),
        conflict_policy: match arguments.conflict {
            Conflict::Fail => wire::ConflictPolicy::Fail,
            Conflict::UseExisting => wire::ConflictPolicy::UseExisting,
            Conflict::RunBoth => wire::ConflictPolicy::RunBoth,
        }
        .into(),
        validate_only: arguments.validate_only,
        completion: match arguments.completion {
            Completion::All => wire::Completion::AllDepartments,
            Completion::Final => wire::Completion::VerdictFinal,
        }
        .into(),
        reuse: match arguments.reuse {
            Reuse::Fresh => wire::Reuse::Fresh,
            Reuse::Never => wire::Reuse::Never,
        }
        .into(),
        deadline: arguments.deadline.map(values::duration_of),
        policy_variant: arguments.policy_variant.clone(),
        actor: arguments.server.actor().to_owned(),
        ..convert::request(file)
    }
}

/// A random UUID (RFC 9562, version 4) of sixteen random bytes.
pub fn uuid(mut bytes: [u8; 16]) -> String {
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut bytes;
    *version = *version & 0x0F | 0x40;
    *variant = *variant & 0x3F | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let part = |from, until| hex.get(from..until).unwrap_or_default();
    format!(
        "{}-{}-{}-{}-{}",
        part(0, 8),
        part(8, 12),
        part(12, 16),
        part(16, 20),
        part(20, 32)
    )
}
