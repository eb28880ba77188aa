//! One file of the disk in memory: what is durable of it, what stands in the cache, and what a failed sync has lost.
//! Left to others: names, operations, outages.

use std::collections::BTreeSet;

use rand::RngExt;
use rand::rngs::StdRng;

/// What a disk writes at once: between two syncs each of these may be old or new on its own.
pub(super) const SECTOR: usize = 512;

/// A file's bytes, whatever its name.
#[derive(Debug, Clone, Default)]
pub(super) struct Inode {
    pub durable: Vec<u8>,
    pub now: Vec<u8>,
    /// Sectors that the kernel takes for clean although they never reached the disk.
    pub lost: BTreeSet<usize>,
}

impl Inode {
    pub fn sync(&mut self) {
        let old = std::mem::replace(&mut self.durable, self.now.clone());
        for sector in &self.lost {
            put_back(&mut self.durable, &old, *sector);
        }
    }

    pub fn fail_to_sync(&mut self, rng: &mut StdRng) {
        let sectors = self.now.len().div_ceil(SECTOR);
        let dirty: Vec<usize> = (0..sectors)
            .filter(|sector| part(&self.now, *sector) != part(&self.durable, *sector))
            .collect();
        let all = rng.random_range(0..3);
        self.lost
            .extend(dirty.into_iter().filter(|_| all == 0 || (all == 1 && rng.random())));
        // Some of it may be there after all. The length is metadata: it comes with the next sync, or with luck.
        if rng.random() {
            self.sync();
        }
    }
}

/// What stands in a sector.
pub(super) fn part(bytes: &[u8], sector: usize) -> &[u8] {
    let start = (sector * SECTOR).min(bytes.len());
    &bytes[start..(start + SECTOR).min(bytes.len())]
}

/// The sector as it was, zeros where there was nothing.
pub(super) fn put_back(file: &mut [u8], old: &[u8], sector: usize) {
    let start = (sector * SECTOR).min(file.len());
    let end = (start + SECTOR).min(file.len());
    for (at, byte) in file[start..end].iter_mut().enumerate() {
        *byte = old.get(start + at).copied().unwrap_or(0);
    }
}
