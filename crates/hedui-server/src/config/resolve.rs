//! Which settings there are, of which kind, within which bounds: from the tree of all layers to the configuration.
//! Leaves what two settings say to each other to `contradictions`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use hedui_broker::RetentionPeriods;
use hedui_core::DepartmentId;
use hedui_core::drift::DriftLimits;
use hedui_core::finding::EarlyWarnings;
use hedui_evidence::MAX_WITNESSES;

use super::contradictions::{self, Given, GivenWitness};
use super::forms::{ADDRESS, COMMAND_WORD, DEPARTMENT, LOG_FILTER, LOG_NAME, VARIABLE};
use super::kinds::{Bytes, Choice, FilePath, ListOf, Span, Switch, Whole};
use super::layers::Layers;
use super::read::{Found, Reader, Section};
use super::{
    Catalogue, Config, ConfigErrors, Loaded, Log, LogFormat, Override, Policy, Server, Store, StoreKind, Supervision,
    Transparency, Verification, access,
};

/// No verification and no stop takes longer; a clerk has gone home by then.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// Departments whose data ages in years exist; an answer older than this is never right to use again.
const LONGEST_FRESHNESS: Duration = Duration::from_secs(366 * 86_400);
/// Whoever was promised inclusion waits a minute at most.
const LONGEST_CHECKPOINT: Duration = Duration::from_secs(5);
/// The smallest segment: below it a store would consist of file headers.
const MIN_SEGMENT_BYTES: u64 = 1 << 20;
/// The largest segment: it is read in one go when an index is rebuilt.
const MAX_SEGMENT_BYTES: u64 = 16 << 30;
/// No disk of today reads faster.
const MAX_SCRUB: u64 = 16 << 30;
/// A case that nobody needs for a decision any more is frozen within ten years.
const MAX_FREEZE_DAYS: u32 = 3_660;
/// Longer is for archives, not for personal data.
const MAX_KEEP_YEARS: u16 = 100;
/// No disk of today destroys faster.
const MAX_EXPIRY_PACE: u32 = 10_000;
/// The smallest limit of a request: a household of one with its letter.
const MIN_REQUEST_BYTES: u64 = 4 << 10;
/// The largest limit of a request, which each call under way may take of the memory.
const MAX_REQUEST_BYTES: u64 = 64 << 20;

/// Reads everything, so that every mistake is found; gives the configuration if there is none.
pub(super) fn resolve(layers: Layers) -> Result<Loaded, ConfigErrors> {
    let layers_complete = layers.complete;
    let mut reader = Reader::new(layers.report);
    let mut root = Section::root(layers.root);
    let (server, listen) = server(&mut root, &mut reader);
    let store = store(&mut root, &mut reader);
    let (mut transparency, witnesses, quorum) = transparency(&mut root, &mut reader, &store);
    let supervision = supervision(&mut root, &mut reader);
    let (catalogue, overridden) = catalogue(&mut root, &mut reader);
    let policy = policy(&mut root, &mut reader);
    let verification = verification(&mut root, &mut reader);
    let retention = retention(&mut root, &mut reader);
    let drift = drift(&mut root, &mut reader);
    let keys = access::signing_keys(&mut root, &mut reader);
    let (callers, callers_given) = access::callers(&mut root, &mut reader);
    let log = log(&mut root, &mut reader);
    root.end(&mut reader);

    let (mut report, origins) = reader.finish();
    report.append(contradictions::find(&Given {
        listen: &listen,
        callers: &callers,
        callers_missing: layers_complete && !callers_given,
        signing_keys: &keys,
        witnesses: &witnesses,
        quorum: &quorum,
        complete: layers_complete,
        departments: catalogue.departments.as_deref(),
        overridden: &overridden,
    }));
    report.finish()?;
    transparency.witnesses = witnesses.into_iter().map(|given| given.witness).collect();
    let signing_keys = keys.into_iter().map(|given| given.key).collect();
    let callers = callers.into_iter().map(|given| given.caller).collect();
    let config = Config {
        server,
        store,
        transparency,
        supervision,
        catalogue,
        policy,
        verification,
        retention,
        drift,
        signing_keys,
        callers,
        log,
    };
    Ok(Loaded { config, origins })
}

fn server(root: &mut Section, reader: &mut Reader) -> (Server, Found<SocketAddr>) {
    let default = Server::default();
    let mut section = root.section(reader, "server");
    let listen = section.value(reader, "listen", &ADDRESS, default.listen);
    let request_bytes = Bytes {
        min: MIN_REQUEST_BYTES,
        max: MAX_REQUEST_BYTES,
    };
    let server = Server {
        listen: listen.value,
        threads: section
            .value(reader, "threads", &Whole { min: 0, max: 1_024 }, default.threads)
            .value,
        reflection: section.value(reader, "reflection", &Switch, default.reflection).value,
        max_request_bytes: section
            .value(
                reader,
                "max_request_bytes",
                &request_bytes,
                default.max_request_bytes as u64,
            )
            .value
            .try_into()
            .unwrap_or(usize::MAX),
        max_streams: section
            .value(
                reader,
                "max_streams",
                &Whole { min: 1, max: 65_536 },
                default.max_streams,
            )
            .value,
        drain: section
            .value(
                reader,
                "drain",
                &Span {
                    min: Duration::ZERO,
                    max: LONGEST_WAIT,
                },
                default.drain,
            )
            .value,
    };
    section.end(reader);
    (server, listen)
}

fn store(root: &mut Section, reader: &mut Reader) -> Store {
    let default = Store::default();
    let mut section = root.section(reader, "store");
    let kinds = Choice(&[("segments", StoreKind::Segments), ("memory", StoreKind::Memory)]);
    let segment_bytes = Bytes {
        min: MIN_SEGMENT_BYTES,
        max: MAX_SEGMENT_BYTES,
    };
    let kind = section.value(reader, "kind", &kinds, default.kind).value;
    let directory = section.value(reader, "directory", &FilePath, default.directory).value;
    let store = Store {
        kind,
        segment_bytes: section
            .value(reader, "segment_bytes", &segment_bytes, default.segment_bytes)
            .value,
        key_file: section
            .value(reader, "key_file", &FilePath, Store::key_file_in(&directory))
            .value,
        create_key: section.value(reader, "create_key", &Switch, default.create_key).value,
        key_command: section.optional(reader, "key_command", &ListOf(COMMAND_WORD), "(none)"),
        scrub_bytes_per_second: section
            .value(
                reader,
                "scrub_bytes_per_second",
                &Bytes { min: 0, max: MAX_SCRUB },
                default.scrub_bytes_per_second,
            )
            .value,
        directory,
    };
    section.end(reader);
    store
}

/// The logs, every witness with where it stands, and how many are required.
fn transparency(
    root: &mut Section,
    reader: &mut Reader,
    store: &Store,
) -> (Transparency, Vec<GivenWitness>, Found<usize>) {
    let default = Transparency::default();
    let mut section = root.section(reader, "transparency");
    let every = Span {
        min: Duration::from_millis(100),
        max: LONGEST_CHECKPOINT,
    };
    let required = Whole {
        min: 0,
        max: MAX_WITNESSES,
    };
    let quorum = section.value(reader, "quorum", &required, default.quorum);
    let transparency = Transparency {
        name: section.value(reader, "name", &LOG_NAME, default.name).value,
        key_file: section
            .value(
                reader,
                "key_file",
                &FilePath,
                Transparency::key_file_in(&store.directory),
            )
            .value,
        checkpoint_every: section
            .value(reader, "checkpoint_every", &every, default.checkpoint_every)
            .value,
        witnesses: default.witnesses,
        quorum: quorum.value,
    };
    let witnesses = access::witnesses(&mut section, reader);
    section.end(reader);
    (transparency, witnesses, quorum)
}

fn drift(root: &mut Section, reader: &mut Reader) -> DriftLimits {
    let default = DriftLimits::default();
    let mut section = root.section(reader, "drift");
    let mut number = |key, min, max, default| section.value(reader, key, &Whole { min, max }, default).value;
    let drift = DriftLimits {
        // Below it the middle of amounts is anybody's.
        block_persons: number("block_persons", 50, 100_000, default.block_persons),
        blocks: number("blocks", 1, 1_000, default.blocks),
        share_points: number("share_points", 1, 100, default.share_points),
        amount_times: number("amount_times", 10, 1_000_000, default.amount_times),
    };
    section.end(reader);
    drift
}

fn supervision(root: &mut Section, reader: &mut Reader) -> Supervision {
    let mut section = root.section(reader, "supervision");
    let staff_file = section.optional(reader, "staff_file", &FilePath, "(none)");
    section.end(reader);
    Supervision { staff_file }
}

/// The catalogue, and every department that is overridden, each with where that stands.
fn catalogue(root: &mut Section, reader: &mut Reader) -> (Catalogue, Vec<Found<DepartmentId>>) {
    let mut section = root.section(reader, "catalogue");
    let directory = folder(&mut section, reader);
    let departments = section.optional(reader, "departments", &ListOf(DEPARTMENT), "(all)");
    let variables = variables(section.section(reader, "variables"), reader);
    let mut overrides = BTreeMap::new();
    let mut overridden = Vec::new();
    for (name, origin, inner) in section.section(reader, "overrides").named(reader) {
        let key = section.key(&format!("overrides.{name}"));
        let department = DepartmentId::new(&name);
        let differs = differs(inner, reader);
        match department {
            Ok(department) => {
                overrides.insert(department.clone(), differs);
                overridden.push(Found {
                    value: department,
                    origin,
                });
            }
            Err(reason) => reader
                .report
                .add(&origin, &key, "VALUE_WRONG", format!("`{key}`: {reason}"), None),
        }
    }
    section.end(reader);
    (
        Catalogue {
            directory,
            variables,
            departments,
            overrides,
        },
        overridden,
    )
}

fn folder(section: &mut Section, reader: &mut Reader) -> Option<PathBuf> {
    section.optional(reader, "directory", &FilePath, "(compiled in)")
}

/// Names as the environment can say them: it does not know capitals, and two underscores separate.
fn variables(section: Section, reader: &mut Reader) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    let path = section.key("");
    for (name, found) in section.values(reader, &VARIABLE) {
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            && !name.contains("__");
        if good {
            variables.insert(name, found.value);
        } else {
            let key = format!("{path}{name}");
            let message =
                format!("`{key}`: a name is lower-case letters, digits and single underscores, a letter first");
            reader.report.add(&found.origin, &key, "VALUE_WRONG", message, None);
        }
    }
    variables
}

fn differs(mut section: Section, reader: &mut Reader) -> Override {
    let deadline = Span {
        min: Duration::from_millis(1),
        max: LONGEST_WAIT,
    };
    let freshness = Span {
        min: Duration::ZERO,
        max: LONGEST_FRESHNESS,
    };
    let absent = "(as in the manifest)";
    let differs = Override {
        enabled: section.optional(reader, "enabled", &Switch, absent),
        deadline: section.optional(reader, "deadline", &deadline, absent),
        freshness: section.optional(reader, "freshness", &freshness, absent),
    };
    section.end(reader);
    differs
}

fn policy(root: &mut Section, reader: &mut Reader) -> Policy {
    let mut section = root.section(reader, "policy");
    let directory = folder(&mut section, reader);
    section.end(reader);
    Policy { directory }
}

fn verification(root: &mut Section, reader: &mut Reader) -> Verification {
    let default = Verification::default();
    let mut section = root.section(reader, "verification");
    let deadline = Span {
        min: Duration::from_millis(1),
        max: LONGEST_WAIT,
    };
    let percent = Whole { min: 0, max: 100 };
    let warned = Whole { min: 1, max: 250 };
    let warnings = default.early_warnings;
    let tolerance =
        |section: &mut Section, reader: &mut Reader, key, default| section.value(reader, key, &percent, default).value;
    let verification = Verification {
        deadline: section.value(reader, "deadline", &deadline, default.deadline).value,
        max_running: section
            .value(
                reader,
                "max_running",
                &Whole { min: 1, max: 1_000_000 },
                default.max_running,
            )
            .value,
        wage_tolerance_percent: tolerance(
            &mut section,
            reader,
            "wage_tolerance_percent",
            default.wage_tolerance_percent,
        ),
        declared_tolerance_percent: tolerance(
            &mut section,
            reader,
            "declared_tolerance_percent",
            default.declared_tolerance_percent,
        ),
        early_warnings: EarlyWarnings {
            illness_percent: section
                .value(reader, "warn_illness_percent", &warned, warnings.illness_percent)
                .value,
            line_percent: section
                .value(reader, "warn_line_percent", &percent, warnings.line_percent)
                .value,
        },
    };
    section.end(reader);
    verification
}

/// The periods. Below three years the law forbids what the setting would order, and says so.
fn retention(root: &mut Section, reader: &mut Reader) -> RetentionPeriods {
    let default = RetentionPeriods::default();
    let mut section = root.section(reader, "retention");
    let days = Whole {
        min: 1,
        max: MAX_FREEZE_DAYS,
    };
    let paced = Whole {
        min: 1,
        max: MAX_EXPIRY_PACE,
    };
    let years = section.value(
        reader,
        "keep_years",
        &Whole {
            min: 0,
            max: MAX_KEEP_YEARS,
        },
        default.keep_years,
    );
    if years.value < RetentionPeriods::LEAST_YEARS {
        let key = section.key("keep_years");
        let message = format!(
            "`{key}` is {}: records of processing are kept for {} years at least (Personal Information Protection Law, article 56)",
            years.value,
            RetentionPeriods::LEAST_YEARS
        );
        reader.report.add(&years.origin, &key, "KEEP_TOO_SHORT", message, None);
    }
    let freeze = section.value(reader, "freeze_after_days", &days, default.freeze_after_days);
    if u64::from(freeze.value) > u64::from(years.value) * 365 {
        let key = section.key("freeze_after_days");
        let message = format!(
            "`{key}` is {}, longer than cases are kept: nothing would ever be frozen",
            freeze.value
        );
        reader
            .report
            .add(&freeze.origin, &key, "FREEZE_TOO_LATE", message, None);
    }
    let retention = RetentionPeriods {
        freeze_after_days: freeze.value,
        keep_years: years.value,
        expiry_per_second: section
            .value(reader, "expiry_per_second", &paced, default.expiry_per_second)
            .value,
    };
    section.end(reader);
    retention
}

pub(super) fn log(root: &mut Section, reader: &mut Reader) -> Log {
    let default = Log::default();
    let mut section = root.section(reader, "log");
    let formats = Choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    let log = Log {
        format: section.value(reader, "format", &formats, default.format).value,
        filter: section.value(reader, "filter", &LOG_FILTER, default.filter).value,
    };
    section.end(reader);
    log
}
