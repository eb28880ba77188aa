//! The leaves of what was committed last, by their hashes, for whoever follows the log: hashed where the bytes are at hand, and not read back.
//! Left to others: everything older, which is read from the disk (`reader`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::store::{HashedFrame, HashedPage, Position};

/// Most hashes that are kept: some seconds of the busiest centre, 16 MiB. Whoever is further behind reads the disk. Small in tests, so that
/// they reach both.
const MOST_HASHES: usize = if cfg!(test) { 64 } else { 512 << 10 };

/// One frame.
struct Kept {
    /// Where the log ended before it.
    from: Position,
    frame: HashedFrame,
    /// Where it ends.
    next: Position,
}

#[derive(Default)]
struct Frames {
    kept: VecDeque<Kept>,
    hashes: usize,
}

/// Frames without a gap, up to the end of the log.
#[derive(Default)]
pub(crate) struct Followed {
    /// Whether anybody has ever asked; nothing is kept before.
    is_followed: AtomicBool,
    frames: Mutex<Frames>,
}

impl Followed {
    fn lock(&self) -> MutexGuard<'_, Frames> {
        // Whole frames come and go; a panic in between leaves nothing half done.
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the leaves of a group that has just been committed: its records with their positions, and where the log ended before it.
    pub(crate) fn add(&self, mut from: Position, group: impl Iterator<Item = (Position, Bytes)>) {
        if !self.is_followed.load(Ordering::Acquire) {
            return;
        }
        for (position, record) in group {
            let next = Position {
                offset: position.offset + record.len() as u64,
                ..position
            };
            let Ok(frame) = HashedFrame::of(position, &record) else {
                // Never: it was made here. The disk says what it is; what is kept must be without a gap.
                *self.lock() = Frames::default();
                return;
            };
            let mut frames = self.lock();
            frames.hashes += frame.leaves.len();
            frames.kept.push_back(Kept { from, frame, next });
            while frames.hashes > MOST_HASHES {
                frames.drop_first();
            }
            from = next;
        }
    }

    /// The frames from a position on, if all of them are kept; what stands before it is let go.
    pub(crate) fn page(&self, from: Position, limit: usize, tail: Position) -> Option<HashedPage> {
        self.is_followed.store(true, Ordering::Release);
        let mut frames = self.lock();
        while frames.kept.front().is_some_and(|kept| kept.next <= from) {
            frames.drop_first();
        }
        let first = frames.kept.front()?;
        if from < first.from || from > first.frame.position {
            return None;
        }
        // The end may have been read before the last group was kept.
        let seen = frames
            .kept
            .iter()
            .take_while(|kept| kept.next <= tail)
            .take(limit.max(1));
        let mut page = HashedPage {
            frames: Vec::new(),
            next: from,
            at_end: false,
        };
        for kept in seen {
            page.frames.push(kept.frame.clone());
            page.next = kept.next;
        }
        page.at_end = page.next >= tail;
        // The last group is told of before it is kept: until then the disk has more.
        (page.at_end || page.frames.len() >= limit.max(1)).then_some(page)
    }
}

impl Frames {
    fn drop_first(&mut self) {
        if let Some(first) = self.kept.pop_front() {
            self.hashes = self.hashes.saturating_sub(first.frame.leaves.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;
    use crate::contract::sample_frame;
    use crate::ids::CaseId;

    fn record(seed: u64) -> Bytes {
        let mut rng = StdRng::seed_from_u64(seed);
        Bytes::from(sample_frame(&mut rng, CaseId([1; 16]), &[], 20).encode().unwrap())
    }

    fn place(offset: usize) -> Position {
        Position {
            segment: 1,
            offset: offset as u64,
        }
    }

    /// Adds records one after another, each in a group of its own behind a header of 24 bytes; gives their positions and the end.
    fn add(followed: &Followed, records: &[Bytes]) -> (Vec<Position>, Position) {
        let (mut end, mut positions) = (56, Vec::new());
        for record in records {
            let at = place(end + 24);
            followed.add(place(end), std::iter::once((at, record.clone())));
            end += 24 + record.len();
            positions.push(at);
        }
        (positions, place(end))
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let followed = Followed::default();
        let (_, end) = add(&followed, &[record(1)]);
        assert!(followed.page(place(56), 10, end).is_none());
        // From now on.
        let (positions, end) = add(&followed, &[record(2)]);
        let page = followed.page(place(56), 10, end).unwrap();
        assert_eq!(page.frames.iter().map(|f| f.position).collect::<Vec<_>>(), positions);
        assert!(page.at_end);
    }

    #[test]
    fn a_place_before_or_within_what_is_kept_is_read_from_the_disk() {
        let followed = Followed::default();
        assert!(followed.page(place(56), 1, place(56)).is_none());
        let (positions, end) = add(&followed, &[record(1), record(2), record(3)]);
        assert!(followed.page(place(0), 10, end).is_none(), "something may stand before");
        let first = followed.page(place(56), 1, end).unwrap();
        assert_eq!((first.frames.len(), first.at_end), (1, false));
        let rest = followed.page(first.next, 10, end).unwrap();
        assert_eq!(
            rest.frames.iter().map(|f| f.position).collect::<Vec<_>>(),
            positions[1..]
        );
        assert!(
            followed
                .page(place(positions[2].offset as usize + 1), 10, end)
                .is_none(),
            "within a frame"
        );
        assert!(
            followed.page(end, 10, end).is_none(),
            "nothing is there yet: the disk says so too"
        );
    }

    #[test]
    fn what_is_not_published_is_not_shown() {
        let followed = Followed::default();
        assert!(followed.page(place(56), 1, place(56)).is_none());
        let first = record(1);
        let published = place(56 + 24 + first.len());
        let (positions, end) = add(&followed, &[first, record(2)]);
        let page = followed.page(place(56), 10, published).unwrap();
        assert_eq!((page.frames.len(), page.at_end), (1, true));
        assert_eq!(page.next, published);
        assert_eq!(followed.page(place(56), 10, end).unwrap().frames.len(), positions.len());
    }

    #[test]
    fn what_is_published_and_not_kept_yet_is_read_from_the_disk() {
        let followed = Followed::default();
        assert!(followed.page(place(56), 1, place(56)).is_none());
        let (_, end) = add(&followed, &[record(1), record(2)]);
        let published = place(end.offset as usize + 1_000);
        assert!(followed.page(place(56), 3, published).is_none());
        let page = followed.page(place(56), 2, published).unwrap();
        assert_eq!((page.frames.len(), page.at_end, page.next), (2, false, end));
    }

    #[test]
    fn only_so_much_is_kept() {
        let followed = Followed::default();
        assert!(followed.page(place(56), 1, place(56)).is_none());
        let records: Vec<Bytes> = (0..20).map(record).collect();
        let (positions, end) = add(&followed, &records);
        assert!(followed.page(place(56), 10, end).is_none(), "the first are gone");
        let page = followed.page(positions[19], 10, end).unwrap();
        assert_eq!(page.frames.len(), 1);
        assert!(followed.lock().hashes <= MOST_HASHES);
    }
}
