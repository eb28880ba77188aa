//! Backup of a running store: finished segments by hard link or copy, the last one up to the durable end, and a manifest.
//! Left to others: proving that a copy can be restored (`drill`), where copies go and how many are kept.

use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use super::SegmentStore;
use super::digest::SegmentDigest;
use super::format::{SEGMENT_HEADER, segment_name};
use super::manifest::{MANIFEST_FILE, Manifest, Part};
use super::walk::{Damage, Findings, Walk};
use crate::disk::{Disk, RealDisk, replace_file};
use crate::error::StoreError;
use crate::ids::FrameId;
use crate::index::LookupKey;
use crate::store::{Position, Verified};

/// How much is copied at a time.
const STEP_BYTES: usize = 1 << 20;
/// A finished segment's copy is as unwritable as the segment.
const FINISHED_MODE: u32 = 0o444;

/// How a backup is made.
#[derive(Debug, Clone, Copy)]
pub struct BackupOptions {
    /// When it is made, in milliseconds since 1970 UTC; kept in the manifest.
    pub made_ms: i64,
    /// Give finished segments a second name instead of copying them, where both folders are on one file system. Quick,
    /// and proof against deletion only: one bad block is bad in both.
    pub link: bool,
}

/// How far a backup or a drill is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopyProgress {
    /// The segment it is busy with.
    pub segment: u64,
    /// Bytes behind it, of those it has to copy or read.
    pub done_bytes: u64,
    /// All of them.
    pub total_bytes: u64,
}

/// What a backup did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BackupReport {
    /// Where the log ended that was copied.
    pub end: Position,
    /// The last acknowledged frame in it.
    pub last: Option<(Position, FrameId)>,
    /// What the whole copy holds.
    pub verified: Verified,
    /// Segments copied byte by byte.
    pub copied: u64,
    /// Segments given a second name.
    pub linked: u64,
    /// Finished segments that were there already.
    pub skipped: u64,
    /// What is damaged in the segments that were copied now: they are kept as they are, as there is nothing better.
    pub damage: Vec<Damage>,
}

impl SegmentStore {
    /// Copies the store as it is now, while it runs, into a folder that holds nothing else; what an earlier backup of the
    /// same store left there is completed. Frames acknowledged before the call are in it, and the shred
    /// frame of every key that it finds destroyed. Blocking; takes no lock that
    /// appends need; keys are destroyed between two segments. What an earlier backup holds of segments in which keys were
    /// destroyed since is replaced. Until the new manifest is in place, the old one and what it names stay good.
    ///
    /// Errors: `Foreign` when the folder holds a backup of another store, of a later moment, or of another course of
    /// events; `Locked` when another backup is under way there; `Corrupt` when a segment is shorter than it was; `Full`; `Io`.
    pub fn backup(
        &self,
        into: &Path,
        options: &BackupOptions,
        progress: &mut dyn FnMut(CopyProgress),
    ) -> Result<BackupReport, StoreError> {
        let target = RealDisk::open(into, true).map_err(StoreError::io("opening the backup's folder"))?;
        if target.place() == self.disk.place() {
            return Err(foreign("a store is not backed up into its own folder"));
        }
        let _lock = super::lock(&target)?;
        let before = Manifest::read(into)?;
        let (mut end, mut finished) = self.backup_end()?;
        if let Some(before) = &before {
            check_same_store(before, self.store_id, end)?;
        }
        // Read before anything is copied: a shred frame behind it may be carried out before its turn comes, or after.
        let shredded = *self.shredder.pause();
        let touched = match &before {
            Some(before) => self.shredder.touched_since(before.shredded)?,
            None => BTreeSet::new(),
        };
        let mut job = Job {
            store: self,
            into,
            target: Arc::new(target),
            options,
            touched,
            report: BackupReport::default(),
        };
        let total_bytes = self.reader().bytes()?;
        let (mut parts, mut done_bytes, mut number) = (Vec::new(), 0, 0);
        while number < end.segment {
            number += 1;
            progress(CopyProgress {
                segment: number,
                done_bytes,
                total_bytes: total_bytes.max(done_bytes),
            });
            // A copy made while a key is being destroyed would hold half of it.
            let keys_stay = self.shredder.pause();
            if number == end.segment {
                // Keys may have been destroyed since that shred frames behind the end name: they belong to the backup, too.
                (end, finished) = self.backup_end()?;
            }
            let earlier = before.as_ref().and_then(|before| before.parts.get(parts.len()));
            let part = job.part(number, (end, finished), earlier)?;
            drop(keys_stay);
            done_bytes += part.length;
            parts.push(part);
        }
        let manifest = Manifest {
            store_id: self.store_id,
            made_ms: options.made_ms,
            shredded,
            parts,
        };
        // All files are durable before the manifest names them.
        job.target
            .sync_dir()
            .map_err(StoreError::io("syncing the backup's folder"))?;
        replace_file(into, MANIFEST_FILE, manifest.encode().as_bytes())
            .map_err(StoreError::io("writing the manifest"))?;
        Ok(BackupReport {
            end,
            last: manifest.last(),
            verified: manifest.verified(),
            ..job.report
        })
    }

    /// The durable end, and whether the segment there is finished. A last segment without a group may be made anew at any
    /// moment, and holds nothing: it is left out.
    fn backup_end(&self) -> Result<(Position, bool), StoreError> {
        let tail = self.tail();
        if tail.segment == 1 || tail.offset > SEGMENT_HEADER {
            return Ok((tail, false));
        }
        let segment = tail.segment - 1;
        let offset = self
            .disk
            .len(&segment_name(segment))
            .map_err(StoreError::io("measuring a segment"))?;
        Ok((Position { segment, offset }, true))
    }
}

fn foreign(reason: impl Into<String>) -> StoreError {
    StoreError::Foreign { reason: reason.into() }
}

fn check_same_store(before: &Manifest, store_id: [u8; 16], end: Position) -> Result<(), StoreError> {
    if before.store_id != store_id {
        return Err(foreign("the folder holds a backup of another store"));
    }
    if before.end() > end {
        let reason = format!("the backup goes to {}, the store only to {end}", before.end());
        return Err(foreign(reason));
    }
    Ok(())
}

struct Job<'a> {
    store: &'a SegmentStore,
    into: &'a Path,
    target: Arc<RealDisk>,
    options: &'a BackupOptions,
    /// Segments in which keys were destroyed since the earlier backup.
    touched: BTreeSet<u64>,
    report: BackupReport,
}

impl Job<'_> {
    fn part(
        &mut self,
        number: u64,
        (end, last_is_finished): (Position, bool),
        earlier: Option<&Part>,
    ) -> Result<Part, StoreError> {
        let name = segment_name(number);
        let finished = number < end.segment || last_is_finished;
        let length = match number == end.segment {
            true => end.offset,
            false => self
                .store
                .disk
                .len(&name)
                .map_err(StoreError::io("measuring a segment"))?,
        };
        if let Some(earlier) = earlier {
            if earlier.length > length || (earlier.finished && earlier.length != length) {
                return Err(StoreError::Corrupt {
                    segment: number,
                    offset: length.min(earlier.length),
                    reason: format!("it is {length} bytes long, an earlier backup says {}", earlier.length),
                });
            }
            let there = self.target.len(&name).is_ok_and(|there| there == length);
            if earlier.finished && finished && there && !self.touched.contains(&number) {
                self.report.skipped += 1;
                return Ok(earlier.clone());
            }
        }
        let digest = self.bring(number, length, finished, earlier)?;
        let (findings, last) = self.examine(number, length);
        self.report.damage.extend(findings.damage);
        Ok(Part {
            number,
            length,
            finished,
            digest,
            verified: findings.verified,
            last,
            damaged: findings.damaged,
        })
    }

    /// Brings the first `length` bytes of a segment over, durable under its name, and returns their digest.
    fn bring(
        &mut self,
        number: u64,
        length: u64,
        finished: bool,
        earlier: Option<&Part>,
    ) -> Result<[u8; 32], StoreError> {
        let name = segment_name(number);
        let beside = self.into.join(format!("{name}.part"));
        // What an interrupted backup left.
        if beside.exists() {
            fs::remove_file(&beside).map_err(StoreError::io("removing an unfinished copy"))?;
        }
        let linked = finished && self.options.link && self.store.disk.link(&name, &beside).is_ok();
        let mut copy = match linked {
            true => None,
            false => Some(File::create_new(&beside).map_err(StoreError::io("making a copy"))?),
        };
        let digest = self.read_through(number, length, earlier, &mut |bytes| match &mut copy {
            Some(copy) => copy.write_all(bytes),
            None => Ok(()),
        })?;
        if let Some(copy) = copy {
            if finished {
                copy.set_permissions(Permissions::from_mode(FINISHED_MODE))
                    .map_err(StoreError::io("making a copy read-only"))?;
            }
            copy.sync_all().map_err(StoreError::io("syncing a copy"))?;
            self.report.copied += 1;
        } else {
            self.report.linked += 1;
        }
        fs::rename(&beside, self.into.join(&name)).map_err(StoreError::io("naming a copy"))?;
        self.target.let_go(&name);
        Ok(digest)
    }

    /// Reads a segment and hands it out piece by piece. What an earlier backup has of it must be how it begins.
    fn read_through(
        &self,
        number: u64,
        length: u64,
        earlier: Option<&Part>,
        take: &mut dyn FnMut(&[u8]) -> std::io::Result<()>,
    ) -> Result<[u8; 32], StoreError> {
        let (mut hasher, mut at) = (SegmentDigest::new(), 0);
        let mut buffer = vec![0u8; STEP_BYTES];
        while at < length {
            // A piece ends where the earlier backup ended.
            let border = earlier.map(|part| part.length).filter(|border| *border > at);
            let until = length.min(border.unwrap_or(length));
            let want = usize::try_from(until - at).unwrap_or(usize::MAX).min(STEP_BYTES);
            let read = match buffer.get_mut(..want) {
                Some(piece) => self.store.disk.read(&segment_name(number), at, piece),
                None => Ok(0),
            };
            let read = read.map_err(StoreError::io("reading a segment"))?;
            let bytes = buffer.get(..read).unwrap_or_default();
            if bytes.is_empty() {
                let reason = "the file ends too early".to_owned();
                return Err(StoreError::Corrupt {
                    segment: number,
                    offset: at,
                    reason,
                });
            }
            hasher.update(bytes);
            take(bytes).map_err(StoreError::io("writing a copy"))?;
            at += read as u64;
            if let Some(earlier) = earlier.filter(|part| part.length == at)
                && hasher.digest() != earlier.digest
            {
                let reason = format!("segment {number} does not begin as the backup of it does");
                return Err(foreign(reason));
            }
        }
        Ok(hasher.digest())
    }

    /// Reads the copy back, frame by frame.
    fn examine(&self, number: u64, length: u64) -> (Findings, Option<(Position, FrameId)>) {
        let lookup = &self.store.lookup;
        let known = |id: FrameId, at| matches!(lookup.newest(LookupKey::Frame(id)), Ok(Some(found)) if found == at);
        let target: Arc<dyn Disk> = Arc::<RealDisk>::clone(&self.target);
        let mut findings = Findings::default();
        let mut walk = Walk::begin(&target, (number, length, self.store.store_id), &mut findings);
        while !walk.is_done() {
            // What shred frames say of its keys is the scrub's and the drill's part.
            walk.step(&mut findings, &known, &mut |_, _| ());
        }
        (findings, walk.last())
    }
}

#[cfg(test)]
mod tests;
