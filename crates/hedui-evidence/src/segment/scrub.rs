//! The scrub: reads finished segments again and again, slowly, and names what is damaged before anybody needs it.
//! Left to others: when to run it and whom to tell (the server), repair (a backup's copy of the segment).

use std::sync::Arc;
use std::time::Duration;

use super::committer::Published;
use super::format::segment_name;
use super::key_check::{Fault, KeyCheck};
use super::lookup::Lookup;
use super::reader::LogReader;
use super::shred::Shredder;
use super::walk::{Damage, Findings, Walk, finished_end};
use super::{SegmentStore, scrub_state};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::ids::FrameId;
use crate::index::LookupKey;
use crate::store::{Entry, Position, Verified};

/// Where a scrub keeps how far it is, in the store's folder. Losing it costs a round from the beginning.
pub(super) const STATE_FILE: &str = "SCRUB";
/// After so many bytes a scrub writes down where it is: what a restart reads again.
const REMEMBER_BYTES: u64 = 64 << 20;
/// How many steps a second a paced scrub makes, at least and at most so large.
const STEPS_A_SECOND: u64 = 10;
const LEAST_STEP: u64 = 64 << 10;
const LARGEST_STEP: u64 = 4 << 20;

/// How far a round of the scrub is and what it found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ScrubReport {
    /// Where it goes on.
    pub place: Position,
    /// Bytes of finished segments behind it.
    pub done_bytes: u64,
    /// Bytes of all finished segments, as far as there are any by now.
    pub total_bytes: u64,
    /// What was read and is whole.
    pub verified: Verified,
    /// The first thousand findings.
    pub damage: Vec<Damage>,
    /// How many findings there are in all.
    pub damaged: u64,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubStep {
    /// How much it read.
    pub read_bytes: u64,
    /// The round is complete: the report is final, and the next step begins another round.
    pub done: bool,
}

/// One scrub of a store. It reads through descriptors of the disk and takes no lock that appends need.
pub struct Scrub {
    disk: Arc<dyn Disk>,
    lookup: Arc<Lookup>,
    published: Arc<Published>,
    shredder: Arc<Shredder>,
    store_id: [u8; 16],
    remembers: bool,
    walk: Option<Walk>,
    place: scrub_state::Place,
    findings: Findings,
    done: bool,
    unremembered: u64,
}

impl std::fmt::Debug for Scrub {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Scrub({:?})", self.place)
    }
}

impl SegmentStore {
    /// A scrub that goes on where the last one in this folder stopped. Blocking.
    #[must_use]
    pub fn scrub(&self) -> Scrub {
        let state = scrub_state::read(&*self.disk);
        let (place, findings) = state.unwrap_or_default();
        Scrub {
            disk: Arc::clone(&self.disk),
            lookup: Arc::clone(&self.lookup),
            published: Arc::clone(&self.published),
            shredder: Arc::clone(&self.shredder),
            store_id: self.store_id,
            remembers: self.queue.is_some(),
            walk: None,
            place,
            findings,
            done: false,
            unremembered: 0,
        }
    }
}

impl Scrub {
    /// Writes down where it is as soon as it can, whatever is due: for an orderly end.
    pub fn pause(&mut self) {
        while self.walk.as_ref().is_some_and(|walk| walk.resumable().is_none()) {
            self.step(1);
        }
        self.unremembered = REMEMBER_BYTES;
        self.remember();
    }

    /// Reads about `budget_bytes` of finished segments (at least one record) and checks header, lengths, groups, CRCs,
    /// fields, that a leaf states each ciphertext, and that shred frames name what is destroyed and nothing else. Damage is no error, nor is what cannot be read: the report names
    /// both. Blocking.
    pub fn step(&mut self, budget_bytes: u64) -> ScrubStep {
        if self.done {
            (self.done, self.place, self.findings) = (false, scrub_state::Place::default(), Findings::default());
        }
        let mut read_bytes = 0;
        while read_bytes < budget_bytes.max(1) {
            let Some(mut walk) = self.current() else {
                self.done = true;
                break;
            };
            let lookup = &self.lookup;
            let known = |id: FrameId, at| matches!(lookup.newest(LookupKey::Frame(id)), Ok(Some(found)) if found == at);
            let (published, shredder) = (&self.published, &self.shredder);
            let keys = KeyCheck {
                lookup,
                reader: LogReader {
                    disk: Arc::clone(&self.disk),
                    tail: published.tail(),
                },
                shredded_before: shredder.done(),
            };
            read_bytes += walk.step(&mut self.findings, &known, &mut |entry, findings| {
                look(&keys, entry, findings)
            });
            if walk.is_done() {
                self.place = scrub_state::Place::segment(self.place.segment + 1);
            } else {
                if let Some((offset, sequence)) = walk.resumable() {
                    (self.place.offset, self.place.sequence) = (offset, sequence);
                }
                self.walk = Some(walk);
            }
        }
        self.unremembered += read_bytes;
        self.remember();
        let done = self.done;
        ScrubStep { read_bytes, done }
    }

    /// The segment that is being walked; none when all finished ones are behind.
    fn current(&mut self) -> Option<Walk> {
        if let Some(walk) = self.walk.take() {
            return Some(walk);
        }
        while self.place.segment < self.published.tail().segment {
            let (number, place) = (self.place.segment, self.place);
            let walk = if place.offset > 0 {
                // What does not fit about its length was said when it was begun.
                let end = finished_end(&*self.disk, number, &mut Findings::default());
                end.map(|end| Walk::resume(&self.disk, (number, end), (place.offset, place.sequence)))
            } else {
                self.disk.forget_pages(&segment_name(number));
                let end = finished_end(&*self.disk, number, &mut self.findings);
                end.map(|end| Walk::begin(&self.disk, (number, end, self.store_id), &mut self.findings))
            };
            if let Some(walk) = walk.filter(|walk| !walk.is_done()) {
                return Some(walk);
            }
            self.place = scrub_state::Place::segment(number + 1);
        }
        None
    }

    /// Writes down where it is, now and then. A finished round is remembered as its end: a scrub that is opened then
    /// goes on with what was finished since, and begins anew after that.
    fn remember(&mut self) {
        // Only between two groups do the findings end where the place begins.
        let resumable = self.walk.as_ref().is_none_or(|walk| walk.resumable().is_some());
        let due = self.done || self.unremembered >= REMEMBER_BYTES;
        if !self.remembers || !resumable || !due {
            return;
        }
        self.unremembered = 0;
        if let Err(error) = scrub_state::write(&*self.disk, self.place, &self.findings) {
            tracing::warn!(%error, "the scrub could not write down where it is");
        }
    }

    /// How far it is and what it found. Blocking.
    #[must_use]
    pub fn report(&self) -> ScrubReport {
        let last = self.published.tail().segment;
        let (mut done_bytes, mut total_bytes) = (0, 0);
        for number in 1..last {
            // A file that is gone is a finding, and has no bytes.
            let length = self.disk.len(&segment_name(number)).unwrap_or(0);
            total_bytes += length;
            done_bytes += match number.cmp(&self.place.segment) {
                std::cmp::Ordering::Less => length,
                std::cmp::Ordering::Equal => self.place.offset.min(length),
                std::cmp::Ordering::Greater => 0,
            };
        }
        let Findings {
            verified,
            damage,
            damaged,
        } = self.findings.clone();
        ScrubReport {
            place: Position {
                segment: self.place.segment,
                offset: self.place.offset,
            },
            done_bytes,
            total_bytes,
            verified,
            damage,
            damaged,
        }
    }

    /// Runs one round to its end at a bounded rate, telling how far it is after every step. May be dropped at any time;
    /// the next scrub goes on nearby. Errors: `Io`, if its thread ends.
    pub async fn run(
        mut self,
        bytes_per_second: u64,
        progress: &mut (dyn FnMut(&ScrubReport) + Send),
    ) -> Result<ScrubReport, StoreError> {
        let rate = bytes_per_second.max(1);
        let budget = (rate / STEPS_A_SECOND).clamp(LEAST_STEP, LARGEST_STEP);
        loop {
            let stepped = tokio::task::spawn_blocking(move || {
                let step = self.step(budget);
                let report = self.report();
                (self, step, report)
            });
            let (scrub, step, report) = stepped.await.map_err(|error| StoreError::Io {
                doing: "scrubbing in the background",
                source: error.into(),
            })?;
            self = scrub;
            progress(&report);
            if step.done {
                return Ok(report);
            }
            tokio::time::sleep(pause_after(step.read_bytes, rate)).await;
        }
    }
}

/// Names what does not fit about the keys of a frame.
fn look(keys: &KeyCheck<'_>, entry: &Entry, findings: &mut Findings) {
    let found = keys.look(entry).unwrap_or_else(|error| {
        let at = entry.position;
        let frame = Some(entry.head.id);
        let reason = format!("whether shred frames name the keys that are gone cannot be told: {error}");
        vec![(Fault::Gone, Damage { at, frame, reason })]
    });
    found.into_iter().for_each(|(_, damage)| findings.push(damage));
}

/// How long to wait after so many bytes for the rate to be kept.
fn pause_after(read_bytes: u64, bytes_per_second: u64) -> Duration {
    let micros = u128::from(read_bytes) * 1_000_000 / u128::from(bytes_per_second.max(1));
    Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
