//! The program `hedui-verify`: arguments in, the answer on standard output, an exit code.
//! Leaves every judgement to the library.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hedui_log::merkle::{Hash, leaf_hash};
use hedui_log::proof::MAX_PROOF_BYTES;
use hedui_verify::folder::{self, Progress};
use hedui_verify::{
    Draw, InputError, MAX_ENTRY_FILE_BYTES, MAX_RECORD_FILE_BYTES, Records, Report, check_evidence, check_proof,
    check_sample, read_bounded, read_policy,
};

/// Below so many entries a check is over before anybody wonders.
const REPORT_FROM: u64 = 200_000;

const ABOUT: &str = "Checks evidence of transparency logs offline: no network, no clock, no trust in who made it.

It reads the C2SP formats tlog-proof, tlog-tiles, tlog-checkpoint, tlog-cosignature (Ed25519) and tlog-policy with \
SHA-256, whoever wrote them. Whom to trust stands in the policy file alone; get it from somebody other than the log.";

const AFTER: &str = "The first line of the answer is `true` or `false`. After `true` follows what was proved; after \
`false` a `reason`, one stable word for programs, and an `explanation`.

Exit code: 0 true, 1 false, 2 nothing could be checked (wrong usage, unreadable file, mistake in the policy).

A policy file, one thing per line:
  log VKEY                        a log; the name in its key is the log's origin
  witness NAME VKEY               a witness
  group NAME all|any|NUMBER NAME...
  quorum NAME|none                which witness or group must have cosigned

What `true` means: the entry (or every entry of the folder) is in the log whose checkpoint a key of the policy signed, \
and witnesses of the quorum stated that they saw that checkpoint at the given times. It does not say that an entry is \
true, only that it was logged and has not been changed since.";

#[derive(Parser)]
#[command(name = "hedui-verify", version, about = ABOUT, after_help = AFTER, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t = Output::Text, global = true)]
    output: Output,
}

#[derive(Clone, Copy, ValueEnum)]
enum Output {
    /// Lines for people
    Text,
    /// One JSON object on one line
    Json,
}

#[derive(Subcommand)]
enum Command {
    /// Is this evidence of a hedui broker in its log, and are the records beside it the ones that were kept?
    Evidence(EvidenceArguments),
    /// Is this entry in a log that the policy trusts?
    Proof(ProofArguments),
    /// Which verdicts of this log are the random sample? Draws it again, so that nobody can pick
    Sample(SampleArguments),
    /// Is this folder the whole log, unchanged? Reads every entry and tile, and the sealed records of a hedui log
    Log(LogArguments),
}

#[derive(Args)]
struct EvidenceArguments {
    /// The proof, a .tlog-proof file as `hedui audit proof` writes it
    proof: PathBuf,
    /// The policy: which logs and witnesses to trust
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The opened record; otherwise the file beside the proof that ends in .record, if there is one
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// The sealed record; otherwise the file beside the proof that ends in .sealed, if there is one
    #[arg(long, value_name = "FILE")]
    sealed: Option<PathBuf>,
}

#[derive(Args)]
struct ProofArguments {
    /// The proof, a .tlog-proof file
    proof: PathBuf,
    /// The policy: which logs and witnesses to trust
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    #[command(flatten)]
    leaf: Leaf,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Leaf {
    /// The entry itself, byte for byte as it was logged
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// Or its hash, SHA-256 of a zero byte and the entry
    #[arg(long, value_name = "BASE64")]
    leaf_hash: Option<Hash>,
}

#[derive(Args)]
struct LogArguments {
    /// The folder: `checkpoint`, `tile/0/...`, `tile/entries/...`, of a hedui log `evidence-v1/...`
    folder: PathBuf,
    /// The policy: which logs and witnesses to trust
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// An earlier checkpoint of the same log, signed by it: nothing before it may have changed
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
}

#[derive(Args)]
struct SampleArguments {
    /// The folder of a hedui log, as `hedui audit export` writes it
    folder: PathBuf,
    /// The policy: which logs and witnesses to trust
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The outcome of the verdicts that count
    #[arg(long, default_value = "dibao:QUALIFIES", value_name = "PROGRAMME:OUTCOME")]
    outcome: String,
    /// How many of a hundred
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u8).range(1..=100))]
    percent: u8,
    /// The checkpoint that was published before, where it is not the folder's own
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The text that became public after the checkpoint
    #[arg(long = "with", default_value = "", value_name = "TEXT")]
    public_text: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = match &arguments.command {
        Command::Evidence(evidence) => run_evidence(evidence),
        Command::Proof(proof) => run_proof(proof),
        Command::Sample(sample) => run_sample(sample),
        Command::Log(log) => run_log(log),
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            say(&format!("hedui-verify: {error}"));
            return ExitCode::from(2);
        }
    };
    let text = match arguments.output {
        Output::Text => report.to_string(),
        Output::Json => report.to_json() + "\n",
    };
    // An answer that did not arrive is no answer.
    let mut out = io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        return ExitCode::from(2);
    }
    ExitCode::from(u8::from(!report.verdict))
}

fn run_evidence(arguments: &EvidenceArguments) -> Result<Report, InputError> {
    let policy = read_policy(&arguments.policy)?;
    let proof = read_bounded(&arguments.proof, MAX_PROOF_BYTES)?;
    let beside = |named: &Option<PathBuf>, extension: &str| {
        let path = match named {
            Some(path) => path.clone(),
            None => Some(arguments.proof.with_extension(extension)).filter(|path| path.exists())?,
        };
        Some(read_bounded(&path, MAX_RECORD_FILE_BYTES))
    };
    let opened = beside(&arguments.record, "record").transpose()?;
    let sealed = beside(&arguments.sealed, "sealed").transpose()?;
    let records = Records {
        opened: opened.as_deref(),
        sealed: sealed.as_deref(),
    };
    Ok(check_evidence(&proof, records, &policy))
}

fn run_proof(arguments: &ProofArguments) -> Result<Report, InputError> {
    let policy = read_policy(&arguments.policy)?;
    let leaf = match (&arguments.leaf.entry, arguments.leaf.leaf_hash) {
        (Some(entry), _) => leaf_hash(&read_bounded(entry, MAX_ENTRY_FILE_BYTES)?),
        (None, Some(hash)) => hash,
        // clap asks for one of the two; the hash of nothing would prove nothing.
        (None, None) => leaf_hash(&[]),
    };
    let proof = read_bounded(&arguments.proof, MAX_PROOF_BYTES)?;
    Ok(check_proof(&proof, &leaf, &policy))
}

fn run_log(arguments: &LogArguments) -> Result<Report, InputError> {
    let policy = read_policy(&arguments.policy)?;
    let since = arguments.since.as_deref();
    folder::check(&arguments.folder, &policy, since, tell)
}

fn tell(Progress { entries, of, sealed }: Progress) {
    if of >= REPORT_FROM {
        let what = if sealed {
            "entries, their sealed records"
        } else {
            "entries"
        };
        say(&format!("{entries} of {of} {what}"));
    }
}

fn run_sample(arguments: &SampleArguments) -> Result<Report, InputError> {
    let policy = read_policy(&arguments.policy)?;
    let draw = Draw {
        outcome: &arguments.outcome,
        percent: arguments.percent,
        public_text: &arguments.public_text,
    };
    let checkpoint = arguments.checkpoint.as_deref();
    check_sample(&arguments.folder, &policy, checkpoint, &draw, tell)
}

/// To standard error; whoever closed it does not want to know.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
