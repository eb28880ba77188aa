//! The thread that writes: whatever is queued becomes one group, one write, one sync; then every waiter is told.
//! Left to others: encoding (the caller's thread), files (`log`), filing in the index (`indexer`).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::followed::Followed;
use super::indexer::Due;
use super::log::{Failure, Log};
use super::lookup::{Gathered, Lookup};
use super::refusing::Refusing;
use crate::backlog::Backlog;
use crate::error::StoreError;
use crate::ids::FrameId;
use crate::index::{Filed, IdMap, LookupKey, Watermark};
use crate::store::{Position, Receipt};
use crate::tell::{Tell, Teller};

/// A group is closed at this size, so that the first in it does not wait for too many others.
const MAX_GROUP_BYTES: usize = 16 << 20;
/// And at this many frames.
const MAX_GROUP_FRAMES: usize = 1_024;
/// A group is kept open for others while jobs wait for the processor, in such steps: a sync costs the same for one frame as for many, whoever is
/// told together goes on together, and most could not go on sooner anyway. Where nothing waits, the processor would only stand idle.
const GATHER_STEP: Duration = Duration::from_millis(if cfg!(test) { 0 } else { 1 });
/// At most so many of them: verifications take seconds, so that nobody notices.
const GATHER_STEPS: usize = 4;
/// How many frame ids the committer remembers. A caller looked its id up before queuing; only what was committed
/// since then can have been missed, and that is among these unless more than this many frames passed it by.
/// Small in tests, so that they reach the other case.
const REMEMBERED_IDS: usize = if cfg!(test) { 32 } else { 16_384 };

/// One frame on its way.
pub(crate) struct Request {
    pub(crate) id: FrameId,
    pub(crate) record: Vec<u8>,
    pub(crate) keys: Vec<LookupKey>,
    /// How many frames had been committed when the caller looked its id up.
    pub(crate) seen: u64,
    pub(crate) reply: oneshot::Sender<Result<Receipt, StoreError>>,
}

/// What the committer is asked to do.
pub(crate) enum Work {
    Append(Request),
    /// Resume if the log is broken and it is time: asked by whoever wants to know how the store is doing.
    Resume,
}

/// What the committer publishes.
pub(crate) struct Published {
    pub(crate) tail: RwLock<Position>,
    pub(crate) refusing: Refusing,
    /// Frames committed since the store was opened.
    pub(crate) committed: AtomicU64,
    /// Groups committed since the store was opened.
    pub(crate) groups: AtomicU64,
    /// The leaves of what was committed last.
    pub(crate) followed: Followed,
    /// What waits for the processor.
    pub(crate) backlog: Backlog,
    /// Tells callers that their frames are durable.
    pub(crate) teller: Teller,
}

impl Published {
    /// The end of the durable log.
    pub(crate) fn tail(&self) -> Position {
        *self.tail.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What becomes durable together.
struct Group {
    frames: Vec<Request>,
    bytes: usize,
}

impl Group {
    fn of(first: Request) -> Group {
        let bytes = first.record.len();
        let frames = vec![first];
        Group { frames, bytes }
    }

    fn is_full(&self) -> bool {
        self.frames.len() >= MAX_GROUP_FRAMES || self.bytes >= MAX_GROUP_BYTES
    }

    /// Takes what is queued, as far as there is room.
    fn fill(&mut self, queue: &mut mpsc::Receiver<Work>) {
        while !self.is_full() {
            let next = match queue.try_recv() {
                Ok(Work::Append(next)) => next,
                Ok(Work::Resume) => continue,
                Err(_) => break,
            };
            self.bytes += next.record.len();
            self.frames.push(next);
        }
    }
}

#[derive(Default)]
struct Remembered {
    order: VecDeque<FrameId>,
    positions: IdMap<FrameId, Position>,
}

impl Remembered {
    fn add(&mut self, id: FrameId, position: Position) {
        self.order.push_back(id);
        self.positions.insert(id, position);
        if self.order.len() > REMEMBERED_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.positions.remove(&oldest);
        }
    }
}

pub(crate) struct Committer {
    pub(crate) log: Log,
    pub(crate) lookup: Arc<Lookup>,
    pub(crate) published: Arc<Published>,
    pub(crate) due: SyncSender<Due>,
    remembered: Remembered,
}

impl Committer {
    pub(crate) fn new(log: Log, lookup: Arc<Lookup>, published: Arc<Published>, due: SyncSender<Due>) -> Self {
        Self {
            log,
            lookup,
            published,
            due,
            remembered: Remembered::default(),
        }
    }

    /// Commits groups until every sender is gone and the queue is empty. While one group is being synced the next one gathers by itself;
    /// while the processor has more to do anyway it also waits a moment for more.
    pub(crate) fn run(mut self, mut queue: mpsc::Receiver<Work>) {
        while let Some(first) = queue.blocking_recv() {
            self.resume_if_due();
            let Work::Append(first) = first else { continue };
            let mut group = Group::of(first);
            group.fill(&mut queue);
            for _ in 0..GATHER_STEPS {
                if group.is_full() || !self.published.backlog.is_there() {
                    break;
                }
                // An early end does no harm.
                std::thread::park_timeout(GATHER_STEP);
                group.fill(&mut queue);
            }
            self.commit(group.frames);
        }
    }

    pub(crate) fn resume_if_due(&mut self) {
        if !self.published.refusing.is_due() {
            return;
        }
        match self.log.heal() {
            Ok(()) => {
                self.published.refusing.over();
                tracing::info!(segment = self.log.tail.segment, "the evidence log takes appends again");
            }
            Err(reason) => {
                self.published.refusing.broken(&reason);
            }
        }
    }

    pub(crate) fn commit(&mut self, requests: Vec<Request>) {
        let mut fresh: Vec<Request> = Vec::with_capacity(requests.len());
        let mut first_of: IdMap<FrameId, usize> = IdMap::default();
        let mut repeats: Vec<(usize, Request)> = Vec::new();
        for request in requests {
            match (self.known(&request), first_of.get(&request.id)) {
                (Err(error), _) => reply(request, Err(error)),
                (Ok(Some(position)), _) => reply(request, Ok(Receipt::new(position, true))),
                (Ok(None), Some(first)) => repeats.push((*first, request)),
                (Ok(None), None) => {
                    first_of.insert(request.id, fresh.len());
                    fresh.push(request);
                }
            }
        }
        if fresh.is_empty() {
            return;
        }
        let records: Vec<&[u8]> = fresh.iter().map(|request| request.record.as_slice()).collect();
        let before = self.log.tail;
        match self.log.append_group(&records) {
            Ok(positions) => self.acknowledge(fresh, repeats, (before, &positions)),
            Err(failure) => self.refuse(
                fresh.into_iter().chain(repeats.into_iter().map(|(_, repeat)| repeat)),
                &failure,
            ),
        }
    }

    /// Where a frame with this id stands already, if the caller can have missed it.
    fn known(&self, request: &Request) -> Result<Option<Position>, StoreError> {
        if let Some(position) = self.remembered.positions.get(&request.id) {
            return Ok(Some(*position));
        }
        let passed = self
            .published
            .committed
            .load(Ordering::Acquire)
            .saturating_sub(request.seen);
        if passed > REMEMBERED_IDS as u64 {
            return self.lookup.newest(LookupKey::Frame(request.id));
        }
        self.lookup.check().map(|()| None)
    }

    fn acknowledge(
        &mut self,
        fresh: Vec<Request>,
        repeats: Vec<(usize, Request)>,
        (before, positions): (Position, &[Position]),
    ) {
        let watermark = Watermark {
            end: self.log.tail,
            last: fresh
                .last()
                .zip(positions.last())
                .map(|(request, position)| (*position, request.id)),
        };
        let bytes = fresh.iter().map(|request| request.record.len() as u64).sum();
        let mut filed: Vec<Filed> = Vec::with_capacity(fresh.len());
        let mut replies = Vec::with_capacity(fresh.len());
        let mut records = Vec::with_capacity(fresh.len());
        for (request, position) in fresh.into_iter().zip(positions) {
            let Request {
                id,
                record,
                keys,
                reply,
                ..
            } = request;
            self.remembered.add(id, *position);
            filed.push((*position, keys));
            let receipt = Receipt::new(*position, false);
            // A caller that gave up waiting has its frame all the same.
            let tell: Tell = Box::new(move || drop(reply.send(Ok(receipt))));
            replies.push(tell);
            records.push((*position, Bytes::from(record)));
        }
        // Readable first, findable next, acknowledged then: whoever finds a frame can read it, whoever is told of it finds it.
        let frames = filed.len() as u64;
        *self.published.tail.write().unwrap_or_else(PoisonError::into_inner) = self.log.tail;
        let gathered = self.lookup.show(filed, watermark, bytes);
        self.published.refusing.over();
        self.published.committed.fetch_add(frames, Ordering::AcqRel);
        self.published.groups.fetch_add(1, Ordering::Relaxed);
        for (first, request) in repeats {
            if let Some(position) = positions.get(first) {
                reply(request, Ok(Receipt::new(*position, true)));
            }
        }
        self.published.teller.tell(replies);
        // Nobody waits for this.
        self.published.followed.add(before, records.into_iter());
        let gone = match gathered {
            Gathered::Little => false,
            // One that is told already will find this too.
            Gathered::Due => matches!(self.due.try_send(Due), Err(TrySendError::Disconnected(_))),
            Gathered::TooMuch => self.due.send(Due).is_err(),
        };
        if gone {
            self.lookup.fail("the indexing thread is gone");
        }
    }

    fn refuse(&mut self, requests: impl Iterator<Item = Request>, failure: &Failure) {
        let refusing = &self.published.refusing;
        match failure {
            Failure::Full { doing } => drop(refusing.full(&format!("no room left while {doing}"))),
            // It waits for its next attempt already.
            Failure::Refused { .. } if refusing.is_broken() => {}
            Failure::Refused { reason } | Failure::Unknown { reason } => {
                if refusing.broken(reason) {
                    tracing::error!(%reason, "the evidence log failed; appends are refused until it can be written again");
                }
            }
        }
        for request in requests {
            let error = match failure {
                Failure::Full { doing } => StoreError::Full { doing },
                Failure::Refused { reason } => StoreError::Refused { reason: reason.clone() },
                Failure::Unknown { reason } => StoreError::Unknown { reason: reason.clone() },
            };
            reply(request, Err(error));
        }
    }
}

fn reply(request: Request, result: Result<Receipt, StoreError>) {
    // A caller that gave up waiting does not want to know.
    let _ = request.reply.send(result);
}
