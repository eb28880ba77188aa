//! The wire form of questions and answers (`hedui.department.v1`): the only place where it is read and written.
//! Leaves transport to `port` and `serve`. Messages are read in place and straight into the domain's types, because a verification reads one
//! answer of every department; the generated types serve the tests as an independent reader and writer.

mod answer;
mod describe;
mod due;
mod forward;
mod frame;
mod json;
mod query;
mod reader;
mod records;
mod scrub;
mod signed;
mod values;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use answer::{NOT_ASKED_FOR, decode_answer, due_at_ms, encode_answer, whole};
pub(crate) use answer::{encode_failure, read_failure_of};
pub(crate) use describe::decode_check_request;
pub use describe::{decode_checks, decode_description, encode_checks, encode_description};
pub use due::check_due;
pub use forward::{decode_forward, encode_forwarded};
pub(crate) use frame::{StreamQuery, Streamed, answers, queries, write_answer, write_query};
pub(crate) use json::{Message, from_json, misplaced_due, to_json};
pub use query::{InvalidQuery, decode_query, encode_query};
pub use signed::{Signer, check_published, check_signature};
pub(crate) use signed::{check_under, public_key};
pub(crate) use writer::Writer;

/// Whether a text is a stable reason word: `[A-Z][A-Z0-9_]{0,62}`.
pub fn is_reason_word(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
