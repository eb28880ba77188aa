//! The restore drill: proves that a backup can be opened, that every frame and leaf in it is whole, and that it holds what its manifest says.
//! Left to others: restoring for use (copy the segments into an empty folder and open it), alarms.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use super::backup::CopyProgress;
use super::digest::SegmentDigest;
use super::format::segment_name;
use super::key_check::{Fault, KeyCheck};
use super::manifest::{MANIFEST_FILE, Manifest, Part};
use super::walk::{Findings, MOST_FINDINGS, Walk};
use super::{SegmentOptions, SegmentStore};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::index::LookupKey;
use crate::store::{Entry, Position, Verified};

/// How much is copied at a time.
const STEP_BYTES: usize = 1 << 20;

/// In what way a backup is not what its manifest says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mismatch {
    /// A file is missing or cannot be read.
    Missing,
    /// A file is shorter than the manifest says.
    TooShort,
    /// A file holds other bytes.
    OtherBytes,
    /// A frame or a group is damaged that was whole when the backup was made.
    Damaged,
    /// The files do not open as a store.
    NotAStore,
    /// There are more or fewer frames, leaves or sealed records.
    Counts,
    /// The last acknowledged frame does not stand, or is not found, where it should be.
    LastFrame,
    /// Keys are gone that no shred frame of their case names.
    KeysGone,
    /// Keys are there that a shred frame names which was carried out before the backup was made.
    KeysBack,
}

impl Mismatch {
    /// Every mismatch.
    pub const ALL: [Self; 9] = [
        Self::Missing,
        Self::TooShort,
        Self::OtherBytes,
        Self::Damaged,
        Self::NotAStore,
        Self::Counts,
        Self::LastFrame,
        Self::KeysGone,
        Self::KeysBack,
    ];

    /// A word that never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Missing => "MISSING",
            Self::TooShort => "TOO_SHORT",
            Self::OtherBytes => "OTHER_BYTES",
            Self::Damaged => "DAMAGED",
            Self::NotAStore => "NOT_A_STORE",
            Self::Counts => "COUNTS",
            Self::LastFrame => "LAST_FRAME",
            Self::KeysGone => "KEYS_GONE",
            Self::KeysBack => "KEYS_BACK",
        }
    }
}

/// One thing that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The kind.
    pub mismatch: Mismatch,
    /// Where, and how.
    pub text: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.mismatch.code(), self.text)
    }
}

/// What a drill found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DrillReport {
    /// When the backup was made, in milliseconds since 1970 UTC.
    pub made_ms: i64,
    /// Where its log ends.
    pub end: Position,
    /// What the manifest says it holds.
    pub stated: Verified,
    /// What was read and is whole.
    pub found: Verified,
    /// Findings that the manifest admits: the store was damaged before it was copied.
    pub damaged_before: u64,
    /// What does not fit, of each kind the first thousand; empty when the backup is good.
    pub differences: Vec<Difference>,
}

impl DrillReport {
    /// Whether the store can be restored from this backup, whole.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differences.is_empty()
    }

    fn add(&mut self, mismatch: Mismatch, text: impl Into<String>) {
        let text = text.into();
        let so_far = self.differences.iter().filter(|one| one.mismatch == mismatch).count();
        if so_far >= MOST_FINDINGS {
            return;
        }
        self.differences.push(Difference { mismatch, text });
    }
}

/// Restores a backup into an empty scratch folder, checks it there, and removes what it copied. Nothing in the backup's
/// folder is written. Needs as much room as the backup takes. Blocking.
/// Errors: what keeps the drill from being held at all: `Foreign` (no manifest, a damaged one, a scratch folder that is
/// not empty), `Full`, `Io`. A bad backup is not an error but a report with differences.
pub fn restore_drill(
    backup: &Path,
    scratch: &Path,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<DrillReport, StoreError> {
    let foreign = |reason: String| StoreError::Foreign { reason };
    let manifest = Manifest::read(backup)?
        .ok_or_else(|| foreign(format!("there is no {MANIFEST_FILE} in {}", backup.display())))?;
    fs::create_dir_all(scratch).map_err(StoreError::io("making the scratch folder"))?;
    let mut inside = fs::read_dir(scratch).map_err(StoreError::io("listing the scratch folder"))?;
    if inside.next().is_some() {
        return Err(foreign(format!(
            "the scratch folder {} is not empty",
            scratch.display()
        )));
    }
    let mut report = DrillReport {
        made_ms: manifest.made_ms,
        end: manifest.end(),
        stated: manifest.verified(),
        damaged_before: manifest.parts.iter().map(|part| part.damaged).sum(),
        ..DrillReport::default()
    };
    let held = hold(&manifest, (backup, scratch), &mut report, progress);
    // Also after a failure: nothing of the evidence stays lying about.
    for part in &manifest.parts {
        let removed = fs::remove_file(scratch.join(segment_name(part.number)));
        if let Err(error) = removed.as_ref()
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, segment = part.number, "a drill's copy could not be removed");
        }
    }
    held.map(|()| report)
}

fn hold(
    manifest: &Manifest,
    (backup, scratch): (&Path, &Path),
    report: &mut DrillReport,
    progress: &mut dyn FnMut(CopyProgress),
) -> Result<(), StoreError> {
    let (total_bytes, mut done_bytes) = (manifest.parts.iter().map(|part| part.length).sum(), 0);
    let mut linked = BTreeSet::new();
    for part in &manifest.parts {
        progress(CopyProgress {
            segment: part.number,
            done_bytes,
            total_bytes,
        });
        if restore(part, (backup, scratch), report)? {
            linked.insert(part.number);
        }
        done_bytes += part.length;
    }
    let options = SegmentOptions {
        read_only: true,
        ..SegmentOptions::new(manifest.store_id)
    };
    // Builds its index from nothing, as a restored store does.
    let store = match SegmentStore::open(scratch, &options, &mut |_| ()) {
        Ok(store) => Some(store),
        Err(error) => {
            report.add(Mismatch::NotAStore, error.to_string());
            None
        }
    };
    if let Some(store) = &store {
        check_end(store, manifest, report);
    }
    check_frames(scratch, manifest, (store.as_ref(), &linked), report)
}

/// Copies what the manifest names of one file, compares it, and says whether the file has a second name. A longer file is one that
/// a backup was about to replace.
fn restore(part: &Part, (backup, scratch): (&Path, &Path), report: &mut DrillReport) -> Result<bool, StoreError> {
    let name = segment_name(part.number);
    let mut from = match File::open(backup.join(&name)) {
        Ok(file) => file.take(part.length),
        Err(error) => {
            report.add(Mismatch::Missing, format!("{name}: {error}"));
            return Ok(false);
        }
    };
    let linked = from.get_ref().metadata().is_ok_and(|metadata| metadata.nlink() > 1);
    let mut to = File::create_new(scratch.join(&name)).map_err(StoreError::io("making a drill's copy"))?;
    let (mut hasher, mut length, mut buffer) = (SegmentDigest::new(), 0, vec![0u8; STEP_BYTES]);
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                report.add(Mismatch::Missing, format!("{name} at byte {length}: {error}"));
                return Ok(linked);
            }
        };
        let bytes = buffer.get(..read).unwrap_or_default();
        hasher.update(bytes);
        to.write_all(bytes).map_err(StoreError::io("writing a drill's copy"))?;
        length += read as u64;
    }
    if length < part.length {
        let text = format!("{name} has {length} bytes, the manifest says {}", part.length);
        report.add(Mismatch::TooShort, text);
    } else if hasher.digest() != part.digest {
        report.add(
            Mismatch::OtherBytes,
            format!("{name} has another digest than the manifest says"),
        );
    }
    Ok(linked)
}

/// The log ends where it should, with the frame that was acknowledged last, and a look-up finds it.
fn check_end(store: &SegmentStore, manifest: &Manifest, report: &mut DrillReport) {
    if store.tail() != manifest.end() {
        let text = format!("the log ends at {}, the manifest says {}", store.tail(), manifest.end());
        report.add(Mismatch::LastFrame, text);
    }
    let Some((position, id)) = manifest.last() else { return };
    match store.reader().read(position) {
        Ok(frame) if frame.id == id => {}
        Ok(frame) => report.add(
            Mismatch::LastFrame,
            format!("{position} has frame {}, not {id}", frame.id),
        ),
        Err(error) => report.add(Mismatch::LastFrame, format!("{position}: {error}")),
    }
    match store.lookup.newest(LookupKey::Frame(id)) {
        Ok(Some(found)) if found == position => {}
        found => report.add(Mismatch::LastFrame, format!("looking frame {id} up gives {found:?}")),
    }
}

/// Which keys of a frame are destroyed without being named, or named without being destroyed.
fn look(keys: &KeyCheck<'_>, entry: &Entry, linked: &BTreeSet<u64>, report: &mut DrillReport) {
    match keys.look(entry) {
        Ok(found) => {
            for (fault, damage) in found {
                match fault {
                    Fault::Gone if linked.contains(&damage.at.segment) => {}
                    Fault::Gone => report.add(Mismatch::KeysGone, damage.to_string()),
                    Fault::Back => report.add(Mismatch::KeysBack, damage.to_string()),
                }
            }
        }
        Err(error) => report.add(
            Mismatch::KeysGone,
            format!("{}: cannot be told: {error}", entry.position),
        ),
    }
}

/// Every frame and leaf, as far as there are any, and, where the files open as a store, which keys are destroyed. A file that the
/// store has as well, under its own name, may have lost keys to shred frames behind the backup's end: the store's scrub looks at it.
fn check_frames(
    scratch: &Path,
    manifest: &Manifest,
    (store, linked): (Option<&SegmentStore>, &BTreeSet<u64>),
    report: &mut DrillReport,
) -> Result<(), StoreError> {
    let disk = crate::disk::RealDisk::open(scratch, false).map_err(StoreError::io("opening the scratch folder"))?;
    let disk: Arc<dyn Disk> = Arc::new(disk);
    let mut found = Findings::default();
    let keys = store.map(|store| KeyCheck {
        lookup: &store.lookup,
        reader: store.reader(),
        shredded_before: manifest.shredded,
    });
    for part in &manifest.parts {
        let length = disk.len(&segment_name(part.number)).unwrap_or(0);
        let mut findings = Findings {
            verified: found.verified,
            ..Findings::default()
        };
        let end = length.min(part.length);
        let mut walk = Walk::begin(&disk, (part.number, end, manifest.store_id), &mut findings);
        while !walk.is_done() {
            walk.step(&mut findings, &|_, _| true, &mut |entry, _| {
                if let Some(keys) = &keys {
                    look(keys, entry, linked, report);
                }
            });
        }
        found.verified = findings.verified;
        if findings.damaged > part.damaged {
            for damage in &findings.damage {
                report.add(Mismatch::Damaged, damage.to_string());
            }
        }
    }
    report.found = found.verified;
    if report.found != report.stated {
        let text = format!("found {:?}, the manifest says {:?}", report.found, report.stated);
        report.add(Mismatch::Counts, text);
    }
    Ok(())
}
