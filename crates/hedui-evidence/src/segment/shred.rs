//! Destroying the keys that shred frames name: in place, durable before it is reported, and completed by the next opening.
//! Left to others: appending the shred frame (`committer`), which records it may name (`crate::shred`), who may ask for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::committer::Published;
use super::format::segment_name;
use super::lookup::Lookup;
use super::reader::LogReader;
use crate::disk::Disk;
use crate::error::{ShredRefusal, StoreError};
use crate::frame::{Frame, FrameKind, KEY_SLOT_BYTES, KeySlots, KeyState, key_slots, shred_frames};
use crate::ids::CaseId;
use crate::index::LookupKey;
use crate::shred::ShredTargets;
use crate::store::{MAX_PAGE, Position, corrupt};

/// Up to where all shred frames are carried out, in the store's folder. Losing it costs carrying all of them out again.
pub(super) const STATE_FILE: &str = "SHRED";
const VERSION: &str = "hedui-shred-v1";
/// More than the text ever takes.
const MOST_BYTES: usize = 256;

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
        self.each_of_case(frame.case, None, &mut |_, kind, slots| targets.meet(kind, &slots))?;
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
        if self.calls.load(Ordering::Acquire) == 1
            && let Err(error) = self.advance(&mut done, position, true)
        {
            tracing::warn!(%error, "not every shred frame before is carried out and written down; the next opening does so");
        }
        Ok(destroyed)
    }

    /// Carries out whatever an earlier process did not finish. Errors: the store's; nothing may be served after one.
    pub(super) fn complete(&self) -> Result<(), StoreError> {
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        self.advance(&mut done, self.published.tail(), false)
    }

    /// Carries out every shred frame from `done` to `last`, in order, and writes down that they are; `last` itself may be
    /// carried out already.
    fn advance(&self, done: &mut Position, last: Position, already: bool) -> Result<(), StoreError> {
        let before = *done;
        let result = self.each_shred_frame(*done, &mut |position, frame| {
            if position > last {
                return Ok(());
            }
            if position < last || !already {
                self.destroy(position, frame)?;
            }
            *done = after(position);
            Ok(())
        });
        if *done > before {
            write_state(&*self.disk, self.store_id, *done).map_err(StoreError::io("writing down what is shredded"))?;
        }
        result
    }

    /// The segments in which shred frames from `from` on destroyed keys.
    pub(super) fn touched_since(&self, from: Position) -> Result<BTreeSet<u64>, StoreError> {
        let mut touched = BTreeSet::new();
        self.each_shred_frame(from, &mut |position, frame| {
            touched.extend(self.slots_of(position, frame)?.0.into_keys());
            Ok(())
        })?;
        Ok(touched)
    }

    fn each_shred_frame(
        &self,
        from: Position,
        take: &mut dyn FnMut(Position, &Frame) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let key = LookupKey::Found(shred_frames());
        let mut after = before(from);
        loop {
            let page = self.lookup.page(key, after, MAX_PAGE)?;
            for position in &page {
                let frame = self.reader().read(*position)?;
                // A caller may file other frames under this key as well.
                if frame.kind == FrameKind::Shred {
                    take(*position, &frame)?;
                }
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
            self.disk
                .erase(&segment_name(segment), &places)
                .map_err(StoreError::io("destroying keys"))?;
        }
        Ok(records)
    }

    /// Where the keys stand that a shred frame names: of each segment the places, as beginning and length; and how many
    /// of them are not destroyed yet.
    fn slots_of(&self, position: Position, frame: &Frame) -> Result<(Places, usize), StoreError> {
        let named = frame.named_for_shredding();
        let (mut places, mut records) = (Places::new(), 0);
        self.each_of_case(frame.case, Some(position), &mut |at, kind, slots| {
            let KeySlots::AtTheEnd(slots) = slots else {
                return Ok(());
            };
            if kind == FrameKind::Key {
                return Ok(());
            }
            for slot in slots.iter().filter(|slot| named.contains(&slot.evidence_id)) {
                records += usize::from(slot.state != KeyState::Destroyed);
                let place = (at.offset + slot.at as u64, KEY_SLOT_BYTES as u64);
                add(places.entry(at.segment).or_default(), place);
            }
            Ok(())
        })?;
        Ok((places, records))
    }

    /// Looks at the keys of every frame of a case, up to `end`, whatever state they are in.
    fn each_of_case(
        &self,
        case: CaseId,
        end: Option<Position>,
        take: &mut dyn FnMut(Position, FrameKind, KeySlots) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let reader = self.reader();
        let mut after = None;
        loop {
            let page = self.lookup.page(LookupKey::Case(case), after, MAX_PAGE)?;
            for position in page.iter().copied().filter(|at| end.is_none_or(|end| *at < end)) {
                let record = reader.record(position)?;
                let (kind, slots) = key_slots(&record).map_err(|error| corrupt(position, &error))?;
                take(position, kind, slots)?;
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

/// Of each segment, beginning and length of what is overwritten.
type Places = BTreeMap<u64, Vec<(u64, u64)>>;

/// Puts a place behind the others; one that follows the last at once is made one with it.
fn add(places: &mut Vec<(u64, u64)>, (at, length): (u64, u64)) {
    match places.last_mut() {
        Some((last, so_far)) if *last + *so_far == at => *so_far += length,
        _ => places.push((at, length)),
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
