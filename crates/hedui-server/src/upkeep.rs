//! `hedui store ...`: backup of a running store, the drill of restoring it, another master key. No server is asked: the files are enough.
//! Leaves copying and checking to `hedui-evidence`, where backups lie to the operator.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use hedui_evidence::{
    BackupOptions, BackupReport, CopyProgress, DrillReport, KeyRing, KeySource, MasterKey, Rotated, SegmentOptions,
    SegmentStore, restore_drill,
};
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::cli::lang::Lang;
use crate::cli::progress::Progress;
use crate::cli::{Answer, CliError, Context, Exit, Output};
use crate::config::{Config, StoreKind};
use crate::host::SettingsArgs;

/// The folder of the segments within a backup.
const SEGMENTS: &str = "segments";
/// The folder of the signed checkpoints within a backup.
const CHECKPOINTS: &str = "checkpoints";

/// `hedui store ...`
#[derive(Debug, Subcommand)]
pub enum StoreCommand {
    /// Copy the store while it runs; into the same folder again, only what is new.
    Backup(BackupArgs),
    /// Exchange the master key, with the server stopped: every key is wrapped anew, the old one is of no use afterwards.
    RotateKey(RotateArgs),
    /// Restore a backup into a scratch folder, check every frame there, and remove it again; exit 1 when anything does not fit.
    Drill(DrillArgs),
}

/// Arguments of `hedui store backup`.
#[derive(Args, Debug)]
pub struct BackupArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The folder of the backup; it may hold an earlier one of the same store.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Link finished segments instead of copying them, where both folders are on one disk: a backup against mistakes, not against the disk.
    #[arg(long)]
    link: bool,
}

/// Arguments of `hedui store rotate-key`.
#[derive(Args, Debug)]
pub struct RotateArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    /// The file of the new key; made with mode 0600 when there is none.
    #[arg(long, value_name = "FILE")]
    new_key_file: PathBuf,
}

/// Arguments of `hedui store drill`.
#[derive(Args, Debug)]
pub struct DrillArgs {
    /// The folder of the backup; nothing in it is changed.
    backup: PathBuf,
    /// Where to restore it: an empty folder, or none yet. Needs as much room as the backup takes.
    #[arg(long, value_name = "FOLDER")]
    scratch: PathBuf,
}

/// Runs a command to its end.
pub fn run(command: StoreCommand, context: &Context) -> Result<Answer, CliError> {
    match command {
        StoreCommand::Backup(arguments) => backup(&arguments, context),
        StoreCommand::RotateKey(arguments) => rotate(&arguments, context),
        StoreCommand::Drill(arguments) => drill(&arguments, context),
    }
}

fn backup(arguments: &BackupArgs, context: &Context) -> Result<Answer, CliError> {
    let config = arguments.settings.load()?.config;
    if config.store.kind == StoreKind::Memory {
        return Err(CliError::Usage(
            "store.kind is memory: there is nothing to copy".to_owned(),
        ));
    }
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    // Checkpoints first: a log may be longer than the checkpoint beside it, never shorter.
    let checkpoints = copy_checkpoints(&config, &arguments.out)?;
    let mut options = SegmentOptions::new([0; 16]);
    options.read_only = true;
    let host = |error: hedui_evidence::StoreError| CliError::Host(error.to_string());
    let store = SegmentStore::open(&config.store.directory, &options, &mut |_| ()).map_err(host)?;
    let options = BackupOptions {
        made_ms: context.surroundings.now.as_millisecond(),
        link: arguments.link,
    };
    let mut told = Told::default();
    let report = store
        .backup(&arguments.out.join(SEGMENTS), &options, &mut |step| {
            told.tell(&progress, context.lang, step)
        })
        .map_err(host)?;
    progress.finish();
    let exit = if report.damage.is_empty() {
        Exit::Success
    } else {
        Exit::Internal
    };
    match context.output {
        Output::Json => Answer::json(&backup_json(&report, checkpoints), exit),
        Output::Table => Ok(Answer {
            text: backup_text(&report, checkpoints, context.lang),
            exit,
        }),
    }
}

/// Copies what was signed, `logs/DISTRICT/YEAR/checkpoint`, and says how many there are.
fn copy_checkpoints(config: &Config, out: &Path) -> Result<u64, CliError> {
    let logs = config.store.directory.join("logs");
    let mut copied = 0;
    for district in folders(&logs)? {
        for year in folders(&logs.join(&district))? {
            let to = out.join(CHECKPOINTS).join(&district).join(&year);
            // The published one, and the one that still waits for witnesses: both were signed.
            for name in ["checkpoint", "signed"] {
                let from = logs.join(&district).join(&year).join(name);
                if from.exists() {
                    std::fs::create_dir_all(&to)?;
                    let new = to.join(format!("{name}.new"));
                    std::fs::copy(from, &new)?;
                    std::fs::File::open(&new)?.sync_all()?;
                    std::fs::rename(new, to.join(name))?;
                    copied += u64::from(name == "checkpoint");
                }
            }
        }
    }
    Ok(copied)
}

/// The names of the folders in a folder; none where there is no such folder.
fn folders(folder: &Path) -> Result<Vec<std::ffi::OsString>, CliError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name());
        }
    }
    names.sort();
    Ok(names)
}

fn rotate(arguments: &RotateArgs, context: &Context) -> Result<Answer, CliError> {
    let store = arguments.settings.load()?.config.store;
    if store.kind == StoreKind::Memory {
        return Err(CliError::Usage(
            "store.kind is memory: there is no key to exchange".to_owned(),
        ));
    }
    let host = |error: hedui_evidence::StoreError| CliError::Host(error.to_string());
    let mut rng = StdRng::from_seed(crate::start::seed());
    let old = match store.key_command {
        Some(command) => KeySource::command(command).read(),
        None => MasterKey::read(&store.key_file),
    };
    let old = old.map_err(host)?;
    let new = MasterKey::read_or_create(&arguments.new_key_file, &mut rng).map_err(host)?;
    let mut options = SegmentOptions::new([0; 16]);
    options.segment_bytes = store.segment_bytes;
    let now_ms = context.surroundings.now.as_millisecond();
    let runtime = crate::serve::runtime(1)?;
    let rotated = runtime.block_on(async {
        let opened = SegmentStore::open(&store.directory, &options, &mut |_| ())?;
        let ring = KeyRing::new(old);
        ring.load(&opened).await?;
        ring.rotate(&opened, new, now_ms, &mut rng).await
    });
    let Rotated {
        from,
        to,
        wrapped,
        already,
    } = rotated.map_err(host)?;
    let place = arguments.new_key_file.display();
    match context.output {
        Output::Json => {
            let value = serde_json::json!({ "from": from.to_string(), "to": to.to_string(), "wrapped": wrapped, "already": already });
            Answer::json(&value, Exit::Success)
        }
        Output::Table => Ok(Answer::success(context.lang.pick(
            format!("已重新封装 {wrapped} 把密钥（此前 {already} 把）。请将 store.key_file 改为 {place}，并另处备份；旧密钥 {from} 不再可用\n"),
            format!(
                "{wrapped} keys wrapped anew ({already} were already). Point store.key_file to {place} and keep a copy elsewhere; the old key {from} is of no \
                 use any more\n"
            ),
        ))),
    }
}

fn drill(arguments: &DrillArgs, context: &Context) -> Result<Answer, CliError> {
    let progress = Progress::new(context.lang, context.surroundings.stderr_is_terminal);
    let mut told = Told::default();
    let backup = arguments.backup.join(SEGMENTS);
    let report = restore_drill(&backup, &arguments.scratch, &mut |step| {
        told.tell(&progress, context.lang, step)
    });
    progress.finish();
    let report = report.map_err(|error| CliError::Host(error.to_string()))?;
    let exit = if report.is_good() {
        Exit::Success
    } else {
        Exit::Internal
    };
    match context.output {
        Output::Json => Answer::json(&drill_json(&report), exit),
        Output::Table => Ok(Answer {
            text: drill_text(&report, context.lang),
            exit,
        }),
    }
}

/// Which gigabyte was told last.
#[derive(Default)]
struct Told(u64);

impl Told {
    fn tell(&mut self, progress: &Progress, lang: Lang, step: CopyProgress) {
        let gigabytes = step.done_bytes >> 30;
        if gigabytes > self.0 {
            self.0 = gigabytes;
            let total = step.total_bytes >> 30;
            progress.say(&lang.pick(
                format!("{gigabytes} / {total} GiB"),
                format!("{gigabytes} of {total} GiB"),
            ));
        }
    }
}

fn backup_text(report: &BackupReport, checkpoints: u64, lang: Lang) -> String {
    let BackupReport {
        verified,
        copied,
        linked,
        skipped,
        ..
    } = report;
    let mut text = lang.pick(
        format!(
            "{} 帧、{} 叶；复制 {copied} 段，链接 {linked} 段，已有 {skipped} 段；检查点 {checkpoints} 份\n",
            verified.frames, verified.leaves
        ),
        format!(
            "{} frames, {} leaves; segments: {copied} copied, {linked} linked, {skipped} there already; {checkpoints} checkpoints\n",
            verified.frames, verified.leaves
        ),
    );
    for damage in &report.damage {
        text.push_str(&format!("!! {}\n", describe(damage)));
    }
    text
}

fn drill_text(report: &DrillReport, lang: Lang) -> String {
    let found = &report.found;
    let mut text = lang.pick(
        format!(
            "{} 帧、{} 叶、{} 份密封记录已恢复并查验\n",
            found.frames, found.leaves, found.sealed
        ),
        format!(
            "{} frames, {} leaves, {} sealed records were restored and checked\n",
            found.frames, found.leaves, found.sealed
        ),
    );
    for difference in &report.differences {
        text.push_str(&format!("!! {difference}\n"));
    }
    if report.is_good() {
        text.push_str(lang.pick("备份完好\n", "the backup is good\n"));
    }
    text
}

fn describe(damage: &hedui_evidence::Damage) -> String {
    let frame = damage.frame.map(|frame| format!(", frame {frame}")).unwrap_or_default();
    format!(
        "segment {}, byte {}{frame}: {}",
        damage.at.segment, damage.at.offset, damage.reason
    )
}

fn backup_json(report: &BackupReport, checkpoints: u64) -> serde_json::Value {
    serde_json::json!({
        "frames": report.verified.frames,
        "leaves": report.verified.leaves,
        "sealed": report.verified.sealed,
        "copied": report.copied,
        "linked": report.linked,
        "skipped": report.skipped,
        "checkpoints": checkpoints,
        "damage": report.damage.iter().map(describe).collect::<Vec<_>>(),
    })
}

fn drill_json(report: &DrillReport) -> serde_json::Value {
    serde_json::json!({
        "frames": report.found.frames,
        "leaves": report.found.leaves,
        "sealed": report.found.sealed,
        "good": report.is_good(),
        "differences": report.differences.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
