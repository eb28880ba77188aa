//! A disk in memory that writes down everything done to it, so that power can be cut after any operation, and that fails when told to.
//! Left to others: what a store promises across such a cut (`segment::power_cuts`) or failure (`segment::outages`).

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::Disk;

mod inode;
mod tamper;
mod tests;

use inode::{Inode, SECTOR, part};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// One thing done to the disk, or one thing the test wants to remember at this point.
#[derive(Debug, Clone)]
pub(crate) enum Op {
    Create(String),
    Write {
        name: String,
        at: u64,
        bytes: Vec<u8>,
    },
    Truncate {
        name: String,
        length: u64,
    },
    Sync(String),
    /// What was not durable is from now on taken for clean, whether it reached the disk or not.
    FailedSync(String),
    SyncDir,
    Remove(String),
    Finish(String),
    /// Durable at once, as a whole.
    Replace {
        name: String,
        bytes: Vec<u8>,
    },
    /// The test's own mark, such as the id of an acknowledged frame.
    Mark([u8; 16]),
}

/// Which calls fail, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Nothing fails.
    None,
    /// Every write, sync, truncation and change of names fails with this error.
    All(ErrorKind),
    /// Writes fail half way.
    Writes,
    /// Only syncs of files fail.
    Syncs,
    /// Each call fails once in so many, with errors of any kind.
    OneIn(u32),
}

#[derive(Debug, Default)]
struct State {
    files: Files,
    finished: BTreeSet<String>,
    ops: Vec<Op>,
}

/// See the module's text. Failures are scheduled by counting down calls, or last until the outage ends.
#[derive(Debug)]
pub(crate) struct SimDisk {
    /// The files the log of operations starts from: all of it durable.
    base: Files,
    base_finished: BTreeSet<String>,
    state: Mutex<State>,
    locked: Arc<AtomicBool>,
    /// How many bytes fit on the disk.
    pub(crate) capacity: AtomicU64,
    /// The sync with this number, counted from 1, fails; 0 for none.
    pub(crate) fail_sync: AtomicU64,
    /// The same for truncations.
    pub(crate) fail_truncate: AtomicU64,
    /// Whether small files cannot be put into their places.
    pub(crate) fail_replace: AtomicBool,
    /// A file that belongs to somebody else: nothing in it can be erased.
    pub(crate) foreign: Mutex<Option<String>>,
    /// Every sync passes this gate: a test that holds it keeps the committer from finishing.
    pub(crate) gate: Mutex<()>,
    outage: Mutex<(Outage, StdRng)>,
}

struct Lock(Arc<AtomicBool>);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// What a power cut leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) files: Files,
    /// Those whose mode says that they are complete.
    pub(crate) finished: BTreeSet<String>,
}

impl SimDisk {
    pub(crate) fn new() -> Self {
        Self::with_files(BTreeMap::new())
    }

    pub(crate) fn with_files(files: Files) -> Self {
        Self::after(Left {
            files,
            finished: BTreeSet::new(),
        })
    }

    /// A disk as a cut has left it.
    pub(crate) fn after(Left { files, finished }: Left) -> Self {
        Self {
            base: files.clone(),
            base_finished: finished.clone(),
            state: Mutex::new(State {
                files,
                finished,
                ops: Vec::new(),
            }),
            locked: Arc::default(),
            capacity: AtomicU64::new(u64::MAX),
            fail_sync: AtomicU64::default(),
            fail_truncate: AtomicU64::default(),
            fail_replace: AtomicBool::default(),
            foreign: Mutex::default(),
            gate: Mutex::default(),
            outage: Mutex::new((Outage::None, StdRng::seed_from_u64(0))),
        }
    }

    pub(crate) fn files(&self) -> Files {
        self.state.lock().unwrap().files.clone()
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.state.lock().unwrap().ops.clone()
    }

    pub(crate) fn mark(&self, mark: [u8; 16]) {
        self.state.lock().unwrap().ops.push(Op::Mark(mark));
    }

    /// From now on calls fail like this; `Outage::None` ends it.
    pub(crate) fn set_outage(&self, outage: Outage, seed: u64) {
        *self.outage.lock().unwrap() = (outage, StdRng::seed_from_u64(seed));
    }

    fn fails(&self, kind: Call) -> Option<io::Error> {
        let (outage, rng) = &mut *self.outage.lock().unwrap();
        match (*outage, kind) {
            (Outage::All(kind), _) => Some(kind.into()),
            (Outage::Writes, Call::Write) | (Outage::Syncs, Call::Sync) => Some(io::Error::other("simulated failure")),
            (Outage::OneIn(odds), _) if rng.random_ratio(1, odds) => {
                let kinds = [ErrorKind::Other, ErrorKind::StorageFull, ErrorKind::ReadOnlyFilesystem];
                Some(kinds[rng.random_range(0..kinds.len())].into())
            }
            _ => None,
        }
    }

    /// The files as a power cut after the first `count` operations leaves them: whatever was synced is there; of what
    /// was not, each sector and each length and each name may be old, new, or noise, independent of all others.
    pub(crate) fn after_power_cut(&self, count: usize, rng: &mut StdRng) -> Left {
        let mut inodes: Vec<Inode> = Vec::new();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for (name, bytes) in &self.base {
            names.insert(name.clone(), inodes.len());
            let (durable, now) = (bytes.clone(), bytes.clone());
            inodes.push(Inode {
                durable,
                now,
                lost: BTreeSet::new(),
            });
        }
        let (mut durable_names, mut finished) = (names.clone(), self.base_finished.clone());
        let mut replaced = Files::new();
        for op in self.state.lock().unwrap().ops.iter().take(count) {
            match op {
                Op::Create(name) => {
                    names.insert(name.clone(), inodes.len());
                    inodes.push(Inode::default());
                }
                Op::Write { name, at, bytes } => {
                    let inode = &mut inodes[names[name]];
                    put(&mut inode.now, *at, bytes);
                    // Written again is dirty again.
                    let at = usize::try_from(*at).unwrap();
                    (at / SECTOR..(at + bytes.len()).div_ceil(SECTOR)).for_each(|sector| {
                        inode.lost.remove(&sector);
                    });
                }
                Op::Truncate { name, length } => {
                    let inode = &mut inodes[names[name]];
                    inode.now.truncate(usize::try_from(*length).unwrap());
                    let kept = inode.now.len().div_ceil(SECTOR);
                    inode.lost.retain(|sector| *sector < kept);
                }
                Op::Sync(name) => inodes[names[name]].sync(),
                Op::FailedSync(name) => inodes[names[name]].fail_to_sync(rng),
                Op::SyncDir => durable_names.clone_from(&names),
                Op::Remove(name) => drop(names.remove(name)),
                // A mode is metadata that nobody syncs.
                Op::Finish(name) if rng.random() => drop(finished.insert(name.clone())),
                Op::Finish(_) => {}
                Op::Replace { name, bytes } => drop(replaced.insert(name.clone(), bytes.clone())),
                Op::Mark(_) => {}
            }
        }
        let all: BTreeSet<String> = names.keys().chain(durable_names.keys()).cloned().collect();
        let mut files = BTreeMap::new();
        for name in all {
            let (was, is) = (durable_names.get(&name), names.get(&name));
            // A name that was changed and not made durable is what it was or what it is.
            let inode = if was == is || rng.random() { is } else { was };
            if let Some(inode) = inode.map(|inode| &inodes[*inode]) {
                files.insert(name, torn(inode, rng));
            }
        }
        files.extend(replaced);
        let finished = finished.into_iter().filter(|name| files.contains_key(name)).collect();
        Left { files, finished }
    }
}

fn put(file: &mut Vec<u8>, at: u64, bytes: &[u8]) {
    let at = usize::try_from(at).unwrap();
    if file.len() < at + bytes.len() {
        file.resize(at + bytes.len(), 0);
    }
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Something between what was durable and what was written last.
fn torn(
    Inode {
        durable: old,
        now: new,
        lost,
    }: &Inode,
    rng: &mut StdRng,
) -> Vec<u8> {
    if old == new {
        return old.clone();
    }
    let length = match rng.random_range(0..4) {
        0 => old.len(),
        1 => new.len(),
        _ => rng.random_range(old.len().min(new.len())..=old.len().max(new.len())),
    };
    // Whole runs get one fate now and then, so that all-new and all-old files occur among the patchworks.
    let odds = rng.random_range(0..=4u32);
    let mut file = vec![0u8; length];
    for sector in 0..length.div_ceil(SECTOR) {
        let start = sector * SECTOR;
        let end = (start + SECTOR).min(length);
        let cut = |from: &[u8]| {
            part(from, sector)
                .iter()
                .take(end - start)
                .copied()
                .collect::<Vec<u8>>()
        };
        let (mut was, is) = (cut(old), cut(new));
        if was == is || (!lost.contains(&sector) && rng.random_ratio(odds, 4)) {
            was = is;
        } else if was.is_empty() && rng.random_ratio(1, 4) {
            was = vec![0; end - start];
            rng.fill_bytes(&mut was);
        } else if rng.random_ratio(1, 4) {
            // Even a sector can be torn, at any byte.
            let upto = rng.random_range(0..=is.len());
            if was.len() < upto {
                was.resize(upto, 0);
            }
            was[..upto].copy_from_slice(&is[..upto]);
        }
        file[start..start + was.len()].copy_from_slice(&was);
    }
    file
}

/// What can fail on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Write,
    Sync,
    Other,
}

impl Disk for SimDisk {
    fn place(&self) -> String {
        "a simulated disk".to_owned()
    }

    fn lock(&self) -> io::Result<Box<dyn Any + Send + Sync>> {
        match self.locked.swap(true, Ordering::SeqCst) {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(Box::new(Lock(Arc::clone(&self.locked)))),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.state.lock().unwrap().files.keys().cloned().collect())
    }

    fn create(&self, name: &str) -> io::Result<()> {
        if let Some(error) = self.fails(Call::Other) {
            return Err(error);
        }
        let mut state = self.state.lock().unwrap();
        if state.files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        state.files.insert(name.to_owned(), Vec::new());
        state.ops.push(Op::Create(name.to_owned()));
        Ok(())
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let state = self.state.lock().unwrap();
        state
            .files
            .get(name)
            .map(|file| file.len() as u64)
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn append(&self, name: &str, at: u64, parts: &[&[u8]]) -> io::Result<()> {
        let bytes = parts.concat();
        let failure = self.fails(Call::Write);
        let mut state = self.state.lock().unwrap();
        assert!(!state.finished.contains(name), "a finished segment is never written");
        let used: u64 = state.files.values().map(|file| file.len() as u64).sum();
        let room = self.capacity.load(Ordering::SeqCst).saturating_sub(used);
        let mut fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        if let Some(error) = &failure {
            // A disk that became read-only takes nothing; another failure may come after any byte.
            fits = match error.kind() {
                ErrorKind::ReadOnlyFilesystem => 0,
                _ => fits.min(bytes.len() / 2),
            };
        }
        let file = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(file.len() as u64, at, "segments are only ever appended to");
        put(file, at, &bytes[..fits]);
        state.ops.push(Op::Write {
            name: name.to_owned(),
            at,
            bytes: bytes[..fits].to_vec(),
        });
        match failure {
            Some(error) => Err(error),
            None if fits < bytes.len() => Err(io::ErrorKind::StorageFull.into()),
            None => Ok(()),
        }
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let _through = self.gate.lock().unwrap();
        let failure = self.fails(Call::Sync);
        let mut state = self.state.lock().unwrap();
        if due(&self.fail_sync) || failure.is_some() {
            state.ops.push(Op::FailedSync(name.to_owned()));
            return Err(failure.unwrap_or_else(|| io::Error::other("simulated failure of the disk")));
        }
        state.ops.push(Op::Sync(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        if let Some(error) = self.fails(Call::Other) {
            return Err(error);
        }
        self.state.lock().unwrap().ops.push(Op::SyncDir);
        Ok(())
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let failure = self.fails(Call::Other);
        let mut state = self.state.lock().unwrap();
        if due(&self.fail_truncate) || failure.is_some() {
            return Err(failure.unwrap_or_else(|| io::Error::other("simulated failure of the disk")));
        }
        assert!(!state.finished.contains(name), "a finished segment is never cut");
        state
            .files
            .get_mut(name)
            .ok_or(io::ErrorKind::NotFound)?
            .truncate(usize::try_from(length).unwrap());
        state.ops.push(Op::Truncate {
            name: name.to_owned(),
            length,
        });
        Ok(())
    }

    fn read(&self, name: &str, at: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let state = self.state.lock().unwrap();
        let file = state.files.get(name).ok_or(io::ErrorKind::NotFound)?;
        let rest = file.get(usize::try_from(at).unwrap()..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn erase(&self, name: &str, places: &[(u64, u64)]) -> io::Result<()> {
        if self.foreign.lock().unwrap().as_deref() == Some(name) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        for &(at, count) in places {
            // A failure may come after any byte.
            let failure = self.fails(Call::Write);
            let written = usize::try_from(count).unwrap() / if failure.is_some() { 2 } else { 1 };
            let mut state = self.state.lock().unwrap();
            let file = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
            assert!(at + count <= file.len() as u64, "erasing changes no length");
            let bytes = vec![0; written];
            put(file, at, &bytes);
            state.ops.push(Op::Write {
                name: name.to_owned(),
                at,
                bytes,
            });
            if let Some(error) = failure {
                return Err(error);
            }
        }
        self.sync(name)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if let Some(error) = self.fails(Call::Other) {
            return Err(error);
        }
        let mut state = self.state.lock().unwrap();
        state.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.finished.remove(name);
        state.ops.push(Op::Remove(name.to_owned()));
        Ok(())
    }

    fn let_go(&self, _name: &str) {}

    fn forget_pages(&self, _name: &str) {}

    fn finish(&self, name: &str) -> io::Result<()> {
        if let Some(error) = self.fails(Call::Other) {
            return Err(error);
        }
        let mut state = self.state.lock().unwrap();
        state.finished.insert(name.to_owned());
        state.ops.push(Op::Finish(name.to_owned()));
        Ok(())
    }

    fn is_finished(&self, name: &str) -> io::Result<bool> {
        Ok(self.state.lock().unwrap().finished.contains(name))
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if self.fail_replace.load(Ordering::SeqCst) {
            return Err(ErrorKind::PermissionDenied.into());
        }
        if let Some(error) = self.fails(Call::Other) {
            return Err(error);
        }
        let (name, bytes) = (name.to_owned(), bytes.to_vec());
        let mut state = self.state.lock().unwrap();
        state.files.insert(name.clone(), bytes.clone());
        state.ops.push(Op::Replace { name, bytes });
        Ok(())
    }

    fn link(&self, _name: &str, _to: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

/// Counts a scheduled failure down and says whether it is due now.
fn due(countdown: &AtomicU64) -> bool {
    countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
}
