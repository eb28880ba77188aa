//! Sets of members, by their position in the household: those whom a question is about.
//! Leaves who belongs to the household to the policy packs.

/// Members have one bit each; a household has far fewer (`household::MAX_MEMBERS`).
pub(super) const MEMBER_BITS: usize = 32;

/// Some members of a household.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Members(u32);

impl Members {
    /// Nobody.
    pub const NONE: Members = Members(0);

    /// The first so many.
    pub fn first(number: usize) -> Members {
        let all_but = MEMBER_BITS.saturating_sub(number);
        Members(
            u32::try_from(all_but)
                .ok()
                .and_then(|n| u32::MAX.checked_shr(n))
                .unwrap_or(0),
        )
    }

    /// One; nobody where no household has so many.
    pub fn one(ordinal: u32) -> Members {
        Members(1u32.checked_shl(ordinal).unwrap_or(0))
    }

    /// These and those.
    #[must_use]
    pub fn with(self, others: Members) -> Members {
        Members(self.0 | others.0)
    }

    /// Whether a member is among them.
    pub fn contains(self, ordinal: u32) -> bool {
        self.0 & Members::one(ordinal).0 != 0
    }

    /// How many.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// One bit each.
    pub(super) fn bits(self) -> u32 {
        self.0
    }
}

impl IntoIterator for Members {
    type Item = u32;
    type IntoIter = Ordinals;

    fn into_iter(self) -> Ordinals {
        Ordinals(self.0)
    }
}

/// The positions of members, ascending.
#[derive(Clone, Debug)]
pub struct Ordinals(u32);

impl Iterator for Ordinals {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let ordinal = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(ordinal)
    }
}
