//! Destroying the keys that shred frames name: in place, durable before it is reported, and completed by the next opening.
//! Left to others: appending the shred frame (`committer`), which records it may name (`crate::shred`), who may ask for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::committer::Published;
use super::format::segment_name;
use super::lookup::Lookup;
use super::reader::LogReader;
use super::walk::{Findings, MOST_FINDINGS, unreadable};
use crate::disk::Disk;
use crate::error::{ShredRefusal, StoreError};
use crate::frame::{Frame, FrameKind, KEY_SLOT_BYTES, KeySlot, KeySlots, KeyState, key_slots, shred_frames};
use crate::ids::{CaseId, EvidenceId};
use crate::index::LookupKey;
use crate::shred::ShredTargets;
use crate::store::{MAX_PAGE, Position, corrupt};

/// Up to where all shred frames are carried out, in the store's folder. Losing it costs carrying all of them out again.
pub(super) const STATE_FILE: &str = "SHRED";
const VERSION: &str = "hedui-shred-v1";
/// More than the text ever takes.
const MOST_BYTES: usize = 256;

/// So many places, or shred frames, are destroyed at once: each segment is synced once for all of them, and an interruption costs
/// no more than these. Few in tests, so that they reach several.
const MOST_PLACES: usize = if cfg!(test) { 6 } else { 1 << 16 };
const MOST_FRAMES: usize = if cfg!(test) { 5 } else { 1 << 14 };

/// Carries shred frames out, one at a time.
pub(crate) struct Shredder {
    disk: Arc<dyn Disk>,
    lookup: Arc<Lookup>,
    published: Arc<Published>,
    store_id: [u8; 16],
    /// Every shred frame that begins before this is carried out, durably. Whoever holds it keeps keys from being destroyed.
    done: Mutex<Position>,
    /// How many wait for it to destroy keys.
    waiting: AtomicUsize,
    /// How many calls are on their way, from before their frame is appended.
    calls: AtomicUsize,
}

/// A call on its way.
pub(super) struct Call(Arc<Shredder>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shredder {
    pub(super) fn new(disk: Arc<dyn Disk>, lookup: Arc<Lookup>, published: Arc<Published>, store_id: [u8; 16]) -> Self {
        let tail = published.tail();
        // One from before the log was cut, or of another store, says nothing.
        let done = read_state(&*disk, store_id).filter(|done| *done <= tail);
        Self {
            disk,
            lookup,
            published,
            store_id,
            done: Mutex::new(done.unwrap_or(Position::START)),
            waiting: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        }
    }

    /// Says that a shred frame is about to be appended.
    pub(super) fn call(self: &Arc<Self>) -> Call {
        self.calls.fetch_add(1, Ordering::AcqRel);
        Call(Arc::clone(self))
    }

    /// Keeps keys from being destroyed until the guard is dropped, so that files can be copied: up to the position in it all
    /// shred frames are carried out. Those who wait to destroy keys come first: a backup takes this again and again.
    pub(super) fn pause(&self) -> MutexGuard<'_, Position> {
        while self.waiting.load(Ordering::Acquire) > 0 {
            std::thread::yield_now();
        }
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to where every shred frame is carried out, durably. Waits for one that is being carried out.
    pub(super) fn done(&self) -> Position {
        *self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a shred frame can be carried out. Errors: `ShredRefused`.
    pub(super) fn check(&self, frame: &Frame) -> Result<(), StoreError> {
        let mut targets = ShredTargets::of(frame)?;
        self.each_of_case(frame.case, None, &mut |_, found| {
            let (kind, slots) = found?;
            targets.meet(kind, &slots)
        })?;
        targets.check_all_met()
    }

    /// Carries out the durable shred frame at `position`, says how many records were readable before, and writes down how
    /// far all shred frames are. Errors: `ShredRefused` when another frame stands there; `ShredUnfinished`.
    pub(super) fn carry_out(&self, position: Position, _call: &Call) -> Result<usize, StoreError> {
        let frame = self.reader().read(position).map_err(|error| unfinished(&error))?;
        if frame.kind != FrameKind::Shred {
            return Err(StoreError::ShredRefused(ShredRefusal::IdTaken));
        }
        self.waiting.fetch_add(1, Ordering::AcqRel);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::AcqRel);
        let destroyed = self.destroy(position, &frame).map_err(|error| unfinished(&error))?;
        // Other calls carry out their own frames. With none on its way all frames before this one are done, or their calls
        // were given up: then that is done for them.
        if self.calls.load(Ordering::Acquire) == 1 {
            let before = self.advance(&mut done, position, true, &mut |_| ());
            let problem = before.map_or_else(
                |error| Some(error.to_string()),
                |unfinished| unfinished.damage.first().map(ToString::to_string),
            );
            if let Some(problem) = problem {
                tracing::warn!(%problem, "not every shred frame before is carried out; the next opening goes on");
            }
        }
        Ok(destroyed)
    }

    /// Carries out whatever an earlier process did not finish, as far as it can be, and says what kept it from doing all. `tell`
    /// hears now and then how many frames that were. Errors: the index's.
    pub(super) fn complete(&self, tell: &mut dyn FnMut(u64)) -> Result<Findings, StoreError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        self.advance(&mut done, self.published.tail(), false, tell)
    }

    /// Carries out every shred frame from `done` to `last`, many at a time, so that each segment is synced once for all of them, and
    /// writes down how far that is; `last` itself may be carried out already. What cannot be done is named, and `done` stays
    /// before it; the frames behind it are carried out all the same.
    fn advance(
        &self,
        done: &mut Position,
        last: Position,
        already: bool,
        tell: &mut dyn FnMut(u64),
    ) -> Result<Findings, StoreError> {
        let (mut unfinished, mut frames) = (Findings::default(), 0);
        let mut batch = Batch::from(*done);
        self.each_shred_frame(*done, &mut |position, frame| {
            if position > last {
                return Ok(());
            }
            if position < last || !already {
                match frame {
                    Ok(frame) => self.gather(position, &frame, &mut batch, &mut unfinished)?,
                    Err(error) => unfinished.add(position, None, unreadable(&error)),
                }
                frames += 1;
            }
            if unfinished.damaged == 0 {
                batch.reaches = after(position);
            }
            if batch.count >= MOST_PLACES || batch.frames >= MOST_FRAMES {
                self.flush(&mut batch, done, &mut unfinished);
                tell(frames);
            }
            Ok(())
        })?;
        self.flush(&mut batch, done, &mut unfinished);
        if frames > 0 {
            tell(frames);
        }
        Ok(unfinished)
    }

    /// Adds the places that a shred frame names. A frame of its case that cannot be read stands in the way unless all of them are
    /// found elsewhere.
    fn gather(
        &self,
        position: Position,
        frame: &Frame,
        batch: &mut Batch,
        unfinished: &mut Findings,
    ) -> Result<(), StoreError> {
        let named = frame.named_for_shredding();
        let (mut missing, mut unread) = (named.clone(), Vec::new());
        self.each_of_case(frame.case, Some(position), &mut |at, found| {
            match found {
                Ok((kind, slots)) => {
                    for (record, place) in named_slots(at, kind, &slots, &named) {
                        missing.remove(&record);
                        batch.count += usize::from(add(batch.places.entry(at.segment).or_default(), place));
                    }
                }
                Err(error) => {
                    if unread.len() < MOST_FINDINGS {
                        unread.push((at, unreadable(&error)));
                    }
                }
            }
            Ok(())
        })?;
        batch.frames += 1;
        if !missing.is_empty() {
            for (at, reason) in unread {
                unfinished.add(at, None, reason);
            }
        }
        Ok(())
    }

    /// Destroys what was gathered and writes down how far that is. That a place cannot be written down is no reason to stop: the next
    /// opening begins further back.
    fn flush(&self, batch: &mut Batch, done: &mut Position, unfinished: &mut Findings) {
        let full = std::mem::replace(batch, Batch::from(batch.reaches));
        let mut all = true;
        for (segment, places) in full.places {
            if let Err(error) = self.erase(segment, &places) {
                let offset = places.first().map_or(0, |(at, _)| *at);
                unfinished.add(Position { segment, offset }, None, unreadable(&error));
                all = false;
            }
        }
        if !all {
            batch.reaches = *done;
            return;
        }
        if full.reaches > *done {
            *done = full.reaches;
            if let Err(error) = write_state(&*self.disk, self.store_id, *done) {
                tracing::warn!(%error, "how far keys are destroyed could not be written down; the next opening does it again");
            }
        }
    }

    /// The segments in which shred frames from `from` on destroyed keys.
    pub(super) fn touched_since(&self, from: Position) -> Result<BTreeSet<u64>, StoreError> {
        let mut touched = BTreeSet::new();
        self.each_shred_frame(from, &mut |position, frame| {
            touched.extend(self.slots_of(position, &frame?)?.0.into_keys());
            Ok(())
        })?;
        Ok(touched)
    }

    fn each_shred_frame(
        &self,
        from: Position,
        take: &mut dyn FnMut(Position, Result<Frame, StoreError>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = LookupKey::Found(shred_frames());
        let mut after = before(from);
        loop {
            let page = self.lookup.page(key, after, MAX_PAGE)?;
            for position in &page {
                let frame = self.reader().read(*position);
                // A caller may file other frames under this key as well.
                if frame.as_ref().is_ok_and(|frame| frame.kind != FrameKind::Shred) {
                    continue;
                }
                take(*position, frame)?;
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                return Ok(());
            }
        }
    }

    /// Destroys what a shred frame names, durably, and says how many records were readable before. Also what looks destroyed already: it may stand in memory only.
    fn destroy(&self, position: Position, frame: &Frame) -> Result<usize, StoreError> {
        let (places, records) = self.slots_of(position, frame)?;
        for (segment, places) in places {
            self.erase(segment, &places)?;
        }
        Ok(records)
    }

    /// Overwrites places of a segment, durably. Where it may not be written and all of them are zeros on the disk, that is done.
    fn erase(&self, segment: u64, places: &[(u64, u64)]) -> Result<(), StoreError> {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem};
        let name = segment_name(segment);
        match self.disk.erase(&name, places) {
            Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => {
                match self.are_zeros(&name, places) {
                    Ok(true) => Ok(()),
                    _ => Err(StoreError::io("destroying keys")(error)),
                }
            }
            erased => erased.map_err(StoreError::io("destroying keys")),
        }
    }

    /// Whether places are zeros on the disk, not in memory alone.
    fn are_zeros(&self, name: &str, places: &[(u64, u64)]) -> std::io::Result<bool> {
        self.disk.sync(name)?;
        self.disk.forget_pages(name);
        let mut buffer = [0u8; 4_096];
        for &(at, length) in places {
            let (mut at, end) = (at, at + length);
            while at < end {
                let want = usize::try_from(end - at).unwrap_or(usize::MAX).min(buffer.len());
                let piece = buffer.get_mut(..want).unwrap_or_default();
                let read = self.disk.read(name, at, piece)?;
                if read == 0 || piece.iter().take(read).any(|byte| *byte != 0) {
                    return Ok(false);
                }
                at += read as u64;
            }
        }
        Ok(true)
    }

    /// Where the keys stand that a shred frame names: of each segment the places, as beginning and length; and how many
    /// of them are not destroyed yet.
    fn slots_of(&self, position: Position, frame: &Frame) -> Result<(Places, usize), StoreError> {
        let named = frame.named_for_shredding();
        let (mut places, mut records) = (Places::new(), 0);
        self.each_of_case(frame.case, Some(position), &mut |at, found| {
            let (kind, slots) = found?;
            for (_, place) in named_slots(at, kind, &slots, &named) {
                add(places.entry(at.segment).or_default(), place);
            }
            records += readable(kind, &slots, &named);
            Ok(())
        })?;
        Ok((places, records))
    }

    /// Looks at the keys of every frame of a case, up to `end`, whatever state they are in.
    fn each_of_case(
        &self,
        case: CaseId,
        end: Option<Position>,
        take: &mut dyn FnMut(Position, Keys) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let mut after = None;
        loop {
            let page = self.lookup.page(LookupKey::Case(case), after, MAX_PAGE)?;
            for position in page.iter().copied().filter(|at| end.is_none_or(|end| *at < end)) {
                let record = reader.record(position);
                take(
                    position,
                    record.and_then(|record| key_slots(&record).map_err(|error| corrupt(position, &error))),
                )?;
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE || end.is_some_and(|end| after >= Some(end)) {
                return Ok(());
            }
        }
    }

    /// The log as it is now.
    fn reader(&self) -> LogReader {
        LogReader {
            disk: Arc::clone(&self.disk),
            tail: self.published.tail(),
        }
    }
}

/// Kind and keys of a frame, or why it cannot be read.
type Keys = Result<(FrameKind, KeySlots), StoreError>;

/// Of each segment, beginning and length of what is overwritten.
type Places = BTreeMap<u64, Vec<(u64, u64)>>;

/// What is destroyed at once.
struct Batch {
    places: Places,
    /// How many places.
    count: usize,
    /// How many shred frames.
    frames: usize,
    /// Once they are destroyed every shred frame before this is carried out.
    reaches: Position,
}

impl Batch {
    fn from(reaches: Position) -> Self {
        Self {
            places: Places::new(),
            count: 0,
            frames: 0,
            reaches,
        }
    }
}

/// The named ones among the keys of a frame, if they can be destroyed.
fn named_of<'a>(
    kind: FrameKind,
    slots: &'a KeySlots,
    named: &'a BTreeSet<EvidenceId>,
) -> impl Iterator<Item = &'a KeySlot> {
    let slots = match slots {
        KeySlots::AtTheEnd(slots) if kind != FrameKind::Key => slots.as_slice(),
        _ => &[],
    };
    slots.iter().filter(|slot| named.contains(&slot.evidence_id))
}

/// The same, with the place of each, as beginning and length.
fn named_slots<'a>(
    at: Position,
    kind: FrameKind,
    slots: &'a KeySlots,
    named: &'a BTreeSet<EvidenceId>,
) -> impl Iterator<Item = (EvidenceId, (u64, u64))> {
    let place = move |slot: &KeySlot| (at.offset + slot.at as u64, KEY_SLOT_BYTES as u64);
    named_of(kind, slots, named).map(move |slot| (slot.evidence_id, place(slot)))
}

/// How many of them are not destroyed yet.
fn readable(kind: FrameKind, slots: &KeySlots, named: &BTreeSet<EvidenceId>) -> usize {
    named_of(kind, slots, named)
        .filter(|slot| slot.state != KeyState::Destroyed)
        .count()
}

/// Puts a place behind the others, and says so; one that follows the last at once is made one with it.
fn add(places: &mut Vec<(u64, u64)>, (at, length): (u64, u64)) -> bool {
    match places.last_mut() {
        Some((last, so_far)) if *last + *so_far == at => {
            *so_far += length;
            false
        }
        _ => {
            places.push((at, length));
            true
        }
    }
}

/// For a failure after the frame was durable.
pub(super) fn unfinished(error: &StoreError) -> StoreError {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    StoreError::ShredUnfinished {
        reason: format!("{error}{cause}"),
    }
}

/// Just behind the beginning of a frame.
fn after(position: Position) -> Position {
    let offset = position.offset + 1;
    Position { offset, ..position }
}

/// What a page begins after, for it to begin with `from`.
fn before(from: Position) -> Option<Position> {
    let offset = from.offset.checked_sub(1)?;
    Some(Position { offset, ..from })
}

fn write_state(disk: &dyn Disk, store_id: [u8; 16], done: Position) -> std::io::Result<()> {
    let store = crate::ids::FrameId(store_id);
    let text = format!("{VERSION} {store} {} {}\n", done.segment, done.offset);
    let crc = crc32fast::hash(text.as_bytes());
    disk.replace(STATE_FILE, format!("{text}crc {crc}\n").as_bytes())
}

/// None where there is none, or a damaged one, or that of another store.
fn read_state(disk: &dyn Disk, store_id: [u8; 16]) -> Option<Position> {
    let mut bytes = [0u8; MOST_BYTES];
    let read = disk.read(STATE_FILE, 0, &mut bytes).ok()?;
    let text = std::str::from_utf8(bytes.get(..read)?).ok()?;
    let (covered, crc) = text.trim_end().rsplit_once("\ncrc ")?;
    if crc.parse() != Ok(crc32fast::hash(format!("{covered}\n").as_bytes())) {
        return None;
    }
    let [version, store, segment, offset] = covered.split(' ').collect::<Vec<_>>().try_into().ok()?;
    let done = Position {
        segment: segment.parse().ok()?,
        offset: offset.parse().ok()?,
    };
    (version == VERSION && store == crate::ids::FrameId(store_id).to_string()).then_some(done)
}

#[cfg(test)]
mod tests;
