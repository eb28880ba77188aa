//! A disk in memory that writes down everything done to it, so that power can be cut after any operation.
//! Left to others: what a store promises across such a cut (`segment::power_cuts`).

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

use super::Disk;

/// What a disk writes at once: between two syncs each of these may be old or new on its own.
const SECTOR: u64 = 512;

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
    SyncDir,
    Remove(String),
    /// The test's own mark, such as the id of an acknowledged frame.
    Mark([u8; 16]),
}

#[derive(Debug, Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    ops: Vec<Op>,
}

/// See the module's text. Failures are scheduled by counting down calls.
#[derive(Debug, Default)]
pub(crate) struct SimDisk {
    /// The files the log of operations starts from: all of it durable.
    base: BTreeMap<String, Vec<u8>>,
    state: Mutex<State>,
    locked: Arc<AtomicBool>,
    /// How many bytes fit on the disk.
    pub(crate) capacity: AtomicU64,
    /// The sync with this number, counted from 1, fails; 0 for none.
    pub(crate) fail_sync: AtomicU64,
    /// The same for truncations.
    pub(crate) fail_truncate: AtomicU64,
    /// Every sync passes this gate: a test that holds it keeps the committer from finishing.
    pub(crate) gate: Mutex<()>,
}

struct Lock(Arc<AtomicBool>);

impl Drop for Lock {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl SimDisk {
    pub(crate) fn new() -> Self {
        Self::with_files(BTreeMap::new())
    }

    pub(crate) fn with_files(files: BTreeMap<String, Vec<u8>>) -> Self {
        let state = Mutex::new(State {
            files: files.clone(),
            ops: Vec::new(),
        });
        Self {
            base: files,
            state,
            capacity: AtomicU64::new(u64::MAX),
            ..Self::default()
        }
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.state.lock().unwrap().files.clone()
    }

    pub(crate) fn ops(&self) -> Vec<Op> {
        self.state.lock().unwrap().ops.clone()
    }

    pub(crate) fn mark(&self, mark: [u8; 16]) {
        self.state.lock().unwrap().ops.push(Op::Mark(mark));
    }

    /// Changes one byte behind everybody's back.
    pub(crate) fn flip(&self, name: &str, at: usize) {
        self.state.lock().unwrap().files.get_mut(name).unwrap()[at] ^= 0x10;
    }

    /// The files as a power cut after the first `count` operations leaves them: whatever was synced is there; of what
    /// was not, each sector and each length and each name may be old, new, or noise, independent of all others.
    pub(crate) fn after_power_cut(&self, count: usize, rng: &mut StdRng) -> BTreeMap<String, Vec<u8>> {
        let mut now = self.base.clone();
        let mut durable: BTreeMap<String, Vec<u8>> = self.base.clone();
        let mut named: BTreeMap<String, bool> = self.base.keys().map(|name| (name.clone(), true)).collect();
        for op in self.ops().into_iter().take(count) {
            match op {
                Op::Create(name) => drop(now.insert(name, Vec::new())),
                Op::Write { name, at, bytes } => put(now.get_mut(&name).unwrap(), at, &bytes),
                Op::Truncate { name, length } => now.get_mut(&name).unwrap().truncate(usize::try_from(length).unwrap()),
                Op::Sync(name) => drop(durable.insert(name.clone(), now[&name].clone())),
                Op::SyncDir => named = now.keys().map(|name| (name.clone(), true)).collect(),
                Op::Remove(name) => drop(now.remove(&name)),
                Op::Mark(_) => {}
            }
        }
        let mut left = BTreeMap::new();
        let names: std::collections::BTreeSet<_> = now.keys().chain(named.keys()).cloned().collect();
        for name in names {
            // A name that was neither made nor removed durably is there or not.
            let certain = now.contains_key(&name) == named.contains_key(&name);
            if !certain && rng.random() {
                continue;
            }
            let old = durable.get(&name).cloned().unwrap_or_default();
            let new = now.get(&name).cloned().unwrap_or_else(|| old.clone());
            left.insert(name, torn(&old, &new, rng));
        }
        left
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
fn torn(old: &[u8], new: &[u8], rng: &mut StdRng) -> Vec<u8> {
    if old == new {
        return old.to_vec();
    }
    let length = match rng.random_range(0..4) {
        0 => old.len(),
        1 => new.len(),
        _ => rng.random_range(old.len().min(new.len())..=old.len().max(new.len())),
    };
    // Whole runs get one fate now and then, so that all-new and all-old files occur among the patchworks.
    let odds = rng.random_range(0..=4u32);
    let mut file = vec![0u8; length];
    for start in (0..length).step_by(SECTOR as usize) {
        let end = (start + SECTOR as usize).min(length);
        let part = |from: &[u8]| {
            from.get(start.min(from.len())..end.min(from.len()))
                .unwrap_or_default()
                .to_vec()
        };
        let (mut was, is) = (part(old), part(new));
        if was == is || rng.random_ratio(odds, 4) {
            was = is;
        } else if was.is_empty() && rng.random_ratio(1, 4) {
            was = vec![0; end - start];
            rng.fill_bytes(&mut was);
        }
        file[start..start + was.len()].copy_from_slice(&was);
    }
    file
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
        let mut state = self.state.lock().unwrap();
        let used: u64 = state.files.values().map(|file| file.len() as u64).sum();
        let room = self.capacity.load(Ordering::SeqCst).saturating_sub(used);
        let fits = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        let file = state.files.get_mut(name).ok_or(io::ErrorKind::NotFound)?;
        assert_eq!(file.len() as u64, at, "segments are only ever appended to");
        put(file, at, &bytes[..fits]);
        state.ops.push(Op::Write {
            name: name.to_owned(),
            at,
            bytes: bytes[..fits].to_vec(),
        });
        if fits < bytes.len() {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }

    fn sync(&self, name: &str) -> io::Result<()> {
        let _through = self.gate.lock().unwrap();
        let mut state = self.state.lock().unwrap();
        if due(&self.fail_sync) {
            return Err(io::Error::other("simulated failure of the disk"));
        }
        state.ops.push(Op::Sync(name.to_owned()));
        Ok(())
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.state.lock().unwrap().ops.push(Op::SyncDir);
        Ok(())
    }

    fn truncate(&self, name: &str, length: u64) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        if due(&self.fail_truncate) {
            return Err(io::Error::other("simulated failure of the disk"));
        }
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

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.files.remove(name).ok_or(io::ErrorKind::NotFound)?;
        state.ops.push(Op::Remove(name.to_owned()));
        Ok(())
    }
}

/// Counts a scheduled failure down and says whether it is due now.
fn due(countdown: &AtomicU64) -> bool {
    countdown.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) == Ok(1)
}

#[test]
fn a_cut_keeps_what_was_synced_and_can_lose_or_tear_the_rest() {
    let disk = SimDisk::new();
    disk.create("a").unwrap();
    disk.append("a", 0, &[&[1; 1_500], &[], &[1; 500]]).unwrap();
    disk.sync("a").unwrap();
    disk.sync_dir().unwrap();
    disk.append("a", 2_000, &[&[2; 2_000]]).unwrap();
    let (mut lost, mut kept, mut torn) = (0, 0, 0);
    for seed in 0..200 {
        let files = disk.after_power_cut(disk.ops().len(), &mut StdRng::seed_from_u64(seed));
        assert_eq!(files["a"][..2_000], [1; 2_000], "synced bytes stay");
        match &files["a"][2_000..] {
            [] => lost += 1,
            all if *all == [2; 2_000] => kept += 1,
            _ => torn += 1,
        }
    }
    assert!(lost > 10 && kept > 10 && torn > 10, "{lost} {kept} {torn}");
    assert!(
        disk.after_power_cut(2, &mut StdRng::seed_from_u64(3)).len() <= 1,
        "an unsynced name may vanish"
    );
}
