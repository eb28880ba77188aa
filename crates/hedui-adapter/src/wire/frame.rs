//! The frames of a stream: many questions, or many answers, each with the id by which they belong together.
//! Leaves the questions and answers themselves unread: they stay slices of the frame.

use bytes::{BufMut, Bytes};
use hedui_core::{Failure, Query};

use super::answer::{read_failure, write_failure};
use super::reader::{Fault, Reader};
use super::writer::Writer;

/// A question on a stream.
pub(crate) struct StreamQuery {
    pub(crate) id: u64,
    pub(crate) timeout_ms: u32,
    pub(crate) query: Bytes,
}

/// What came back for a question.
pub(crate) enum Streamed {
    /// A serialized `QueryResponse`, exactly as sent.
    Response(Bytes),
    /// A serialized `Failure`.
    Failure(Bytes),
}

/// An answer on a stream.
pub(crate) struct StreamAnswer {
    pub(crate) id: u64,
    /// None where it holds neither an answer nor a failure.
    pub(crate) outcome: Option<Streamed>,
}

impl Streamed {
    /// The failure that bytes of a stream say, as far as they can be read.
    pub(crate) fn failure(bytes: &[u8], query: &Query) -> Failure {
        read_failure(bytes, query).unwrap_or_else(Fault::failure)
    }
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

fn put_varint(out: &mut impl BufMut, mut value: u64) {
    while value >= 0x80 {
        out.put_u8((value & 0x7F) as u8 | 0x80);
        value >>= 7;
    }
    out.put_u8(value as u8);
}

/// Appends one question to a `QueryStreamRequest`: the shared bytes of the question are copied once, into the frame.
pub(crate) fn write_query(query: &StreamQuery, out: &mut impl BufMut) {
    let (id, timeout, length) = (query.id, u64::from(query.timeout_ms), query.query.len() as u64);
    let body = 1 + varint_len(id) + 1 + varint_len(timeout) + 1 + varint_len(length) + query.query.len();
    out.put_u8(0x0A);
    put_varint(out, body as u64);
    out.put_u8(0x08);
    put_varint(out, id);
    out.put_u8(0x10);
    put_varint(out, timeout);
    out.put_u8(0x1A);
    put_varint(out, length);
    out.put_slice(&query.query);
}

/// Appends one answer to a `QueryStreamResponse`.
pub(crate) fn write_answer(id: u64, outcome: &Result<Bytes, Failure>, out: &mut Writer) {
    out.message(1, |out| {
        out.varint(1, id);
        match outcome {
            Ok(response) => out.embedded(2, response),
            Err(failure) => write_failure(failure, 3, out),
        }
    });
}

/// The answers of a `QueryStreamResponse`, as slices of it.
pub(crate) fn answers(frame: &Bytes, mut each: impl FnMut(StreamAnswer)) -> Result<(), Fault> {
    let mut reader = Reader::new(frame);
    while let Some((number, wire)) = reader.next()? {
        if number != 1 {
            continue;
        }
        let mut answer = StreamAnswer { id: 0, outcome: None };
        let mut fields = Reader::new(wire.bytes()?);
        while let Some((number, wire)) = fields.next()? {
            match number {
                1 => answer.id = wire.varint()?,
                2 => answer.outcome = Some(Streamed::Response(frame.slice_ref(wire.bytes()?))),
                3 => answer.outcome = Some(Streamed::Failure(frame.slice_ref(wire.bytes()?))),
                _ => {}
            }
        }
        each(answer);
    }
    Ok(())
}

/// The questions of a `QueryStreamRequest`, as slices of it, and the ids of those no longer wanted.
pub(crate) fn queries(
    frame: &Bytes,
    mut each: impl FnMut(StreamQuery),
    mut cancelled: impl FnMut(u64),
) -> Result<(), Fault> {
    let mut reader = Reader::new(frame);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => {
                let mut query = StreamQuery {
                    id: 0,
                    timeout_ms: 0,
                    query: Bytes::new(),
                };
                let mut fields = Reader::new(wire.bytes()?);
                while let Some((number, wire)) = fields.next()? {
                    match number {
                        1 => query.id = wire.varint()?,
                        2 => query.timeout_ms = u32::try_from(wire.varint()?).unwrap_or(u32::MAX),
                        3 => query.query = frame.slice_ref(wire.bytes()?),
                        _ => {}
                    }
                }
                each(query);
            }
            2 => wire.numbers(&mut cancelled)?,
            _ => {}
        }
    }
    Ok(())
}
