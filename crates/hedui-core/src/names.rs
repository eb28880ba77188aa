//! Short names that stand for things configured elsewhere: departments, programmes, districts.
//! Leaves what they refer to to the catalogue and the policy packs.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is 1 to 63 characters: lower-case letters, digits and hyphens, a letter first, no hyphen last")]
pub struct NameError;

fn checked(text: &str) -> Result<Arc<str>, NameError> {
    let bytes = text.as_bytes();
    let good = (1..=63).contains(&bytes.len())
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|b| *b != b'-')
        && bytes
            .iter()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-');
    if good { Ok(Arc::from(text)) } else { Err(NameError) }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the characters: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`.
            pub fn new(text: &str) -> Result<Self, NameError> {
                checked(text).map(Self)
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::new(&text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

name!(
    /// A department, for example `traffic-police`.
    DepartmentId
);
name!(
    /// A programme of assistance, for example `dibao`. Also the purpose for which is asked.
    ProgrammeId
);

/// The id of a leaf, as reports name it: 16 random bytes, lower-case hexadecimal for people.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeafId(pub [u8; 16]);

impl std::fmt::Display for LeafId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::fmt::Debug for LeafId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LeafId({self})")
    }
}

impl serde::Serialize for LeafId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for LeafId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<LeafId, D::Error> {
        struct Bytes;

        impl serde::de::Visitor<'_> for Bytes {
            type Value = LeafId;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("16 bytes, or 32 hexadecimal digits")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<LeafId, E> {
                let mut id = [0u8; 16];
                let digits = text.as_bytes().chunks_exact(2);
                let is_hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
                for (byte, pair) in id.iter_mut().zip(digits) {
                    let pair = std::str::from_utf8(pair).ok().filter(|_| is_hex);
                    let read = pair.and_then(|pair| u8::from_str_radix(pair, 16).ok());
                    *byte = read.ok_or_else(|| E::invalid_value(serde::de::Unexpected::Other("text"), &self))?;
                }
                if is_hex {
                    Ok(LeafId(id))
                } else {
                    Err(E::invalid_length(text.len(), &self))
                }
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<LeafId, E> {
                let id = bytes.try_into().map_err(|_| E::invalid_length(bytes.len(), &self))?;
                Ok(LeafId(id))
            }
        }

        if deserializer.is_human_readable() {
            return deserializer.deserialize_str(Bytes);
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
