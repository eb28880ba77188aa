//! The identifiers of the store: random or keyed, never derived from a person without a key.
//! Left to others: drawing them at the right moment and deriving index keys (`keys`).

use std::fmt;

use rand::CryptoRng;

/// Writes bytes as lower-case hex.
pub(crate) fn write_hex(bytes: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
    bytes.iter().try_for_each(|byte| {
        out.write_char(digit(byte >> 4))?;
        out.write_char(digit(byte & 0xF))
    })
}

/// Reads exactly `N` bytes of hex, either case; `None` when it is anything else.
pub(crate) fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let mut value = 0u32;
        for digit in pair {
            value = value * 16 + char::from(*digit).to_digit(16)?;
        }
        *byte = u8::try_from(value).ok()?;
    }
    Some(bytes)
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// Draws a fresh random value.
            pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
                let mut bytes = [0u8; $bytes];
                rng.fill_bytes(&mut bytes);
                Self(bytes)
            }

            /// Reads what `Display` writes; `None` for anything else.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                read_hex(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(concat!(stringify!($name), "("))?;
                write_hex(&self.0, out)?;
                out.write_str(")")
            }
        }
    };
}

identifier!(
    /// One verification of one household. Random: nothing about a person can be read from it.
    CaseId, 16
);
identifier!(
    /// One leaf and, where there is one, the sealed record it vouches for. Random.
    EvidenceId, 16
);
identifier!(
    /// Makes an append idempotent: the store keeps the first frame with an id and answers for it ever after.
    FrameId, 16
);
identifier!(
    /// What an index finds a frame by: a keyed hash, made by `KeyRing::index_key`.
    IndexKey, 16
);
identifier!(
    /// Names a key by a fingerprint of the key itself, so a key under a wrong name is noticed.
    KeyId, 16
);
identifier!(
    /// A stable stand-in for something enumerable (a resident ID): a keyed hash, made by `KeyRing::pseudonym`.
    Pseudonym, 32
);
