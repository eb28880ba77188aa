//! What a plugin says besides its answers: kept for the conformance kit, and only for it, because it may name anybody.
//! Leaves looking through it to the kit.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Enough to find whom a chatty plugin speaks of.
const MAX_BYTES: usize = 1 << 20;

/// The end of what was said; nothing where nobody listens.
pub(super) struct Besides {
    listens: bool,
    said: Mutex<VecDeque<u8>>,
}

impl Besides {
    pub(super) fn new(listens: bool) -> Besides {
        Besides {
            listens,
            said: Mutex::default(),
        }
    }

    pub(super) fn hear(&self, text: &[u8]) {
        if !self.listens {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend(text);
        let over = said.len().saturating_sub(MAX_BYTES);
        said.drain(..over);
    }

    pub(super) fn all(&self) -> Vec<u8> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().copied().collect()
    }
}
