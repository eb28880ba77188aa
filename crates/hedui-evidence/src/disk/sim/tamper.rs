//! What happens to files behind the store's back: changed bytes, copies put into their place, other lengths.
//! Left to others: failures and power cuts (`sim`).

use super::{SimDisk, put};

impl SimDisk {
    /// Changes one byte behind everybody's back.
    pub(crate) fn flip(&self, name: &str, at: usize) {
        self.state.lock().unwrap().files.get_mut(name).unwrap()[at] ^= 0x10;
    }

    /// Puts bytes over the beginning of a file, as a copy does that is put in its place.
    pub(crate) fn overwrite(&self, name: &str, bytes: &[u8]) {
        put(self.state.lock().unwrap().files.get_mut(name).unwrap(), 0, bytes);
    }

    /// Puts bytes behind the end of a file, or takes some away.
    pub(crate) fn resize(&self, name: &str, length: usize) {
        self.state
            .lock()
            .unwrap()
            .files
            .get_mut(name)
            .unwrap()
            .resize(length, 0);
    }
}
