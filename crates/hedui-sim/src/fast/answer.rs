//! One answer of a simulated department: prebuilt bodies behind the echoes of the question.
//! Leaves when it is given, and over what, to `stream` and `service`.

use bytes::{BufMut as _, Bytes, BytesMut};

use super::held::Bodies;
use super::scan::{Field, Fields, Malformed, put_head, put_slice, put_varint, slice_len, varint_len};

/// More persons than any department takes.
const MAX_SUBJECTS: usize = 32;

/// What goes wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// The department says that it could not find out, and that asking again may help.
    Failure,
    /// The department answers for somebody else.
    Stranger,
    /// The department never answers.
    Silence,
}

/// What an answer echoes.
struct Echo<'a> {
    query_id: &'a [u8],
    subjects: [(u64, &'a [u8]); MAX_SUBJECTS],
    count: usize,
}

/// Finds query id (1) and of each subject (8) ordinal (1) and id (2).
fn echo(query: &[u8]) -> Result<Echo<'_>, Malformed> {
    let mut echo = Echo {
        query_id: b"",
        subjects: [(0, &b""[..]); MAX_SUBJECTS],
        count: 0,
    };
    let mut fields = Fields(query);
    while let Some(field) = fields.next()? {
        match field {
            (1, Field::Slice(id)) => echo.query_id = id,
            (8, Field::Slice(subject)) => {
                let slot = echo.subjects.get_mut(echo.count).ok_or(Malformed)?;
                let mut inner = Fields(subject);
                while let Some(field) = inner.next()? {
                    match field {
                        (1, Field::Number(ordinal)) => slot.0 = ordinal,
                        (2, Field::Slice(id)) => slot.1 = id,
                        _ => {}
                    }
                }
                echo.count += 1;
            }
            _ => {}
        }
    }
    Ok(echo)
}

/// Bytes of a `SubjectResult` with this body.
fn result_len(ordinal: u64, id: &[u8], body: &Bytes) -> usize {
    let ordinal = if ordinal == 0 { 0 } else { 1 + varint_len(ordinal) };
    ordinal + slice_len(id.len()) + body.len()
}

/// Appends a `StreamAnswer` as field 1 of a frame; without `id` a bare `QueryResponse`.
///
/// `turn` picks the bodies, so that one turn gives the same bytes again.
pub(super) fn put(
    out: &mut BytesMut,
    id: Option<u64>,
    query: &[u8],
    bodies: &Bodies,
    turn: usize,
    stranger: bool,
) -> Result<(), Malformed> {
    let echo = echo(query)?;
    let subjects = echo.subjects.get(..echo.count).unwrap_or_default();
    let results = subjects
        .iter()
        .enumerate()
        .filter_map(|(n, (ordinal, id))| Some((*ordinal, *id, bodies.of(turn + n, id)?)));
    let response: usize = slice_len(echo.query_id.len())
        + results
            .clone()
            .map(|(ordinal, id, body)| slice_len(result_len(ordinal, id, body)))
            .sum::<usize>();
    if let Some(id) = id {
        put_head(out, 1, 1 + varint_len(id) + slice_len(response));
        out.put_u8(0x08);
        put_varint(out, id);
        put_head(out, 2, response);
    }
    put_slice(out, 1, echo.query_id);
    for (ordinal, id, body) in results {
        put_head(out, 2, result_len(ordinal, id, body));
        if ordinal != 0 {
            out.put_u8(0x08);
            put_varint(out, ordinal);
        }
        put_slice(out, 2, id);
        if stranger && let Some(last) = out.last_mut() {
            *last = if *last == b'0' { b'1' } else { b'0' };
        }
        out.put_slice(body);
    }
    Ok(())
}

/// Appends a `StreamAnswer` with a failure; `failure` is a serialized `Failure`.
pub(super) fn put_failure(out: &mut BytesMut, id: u64, failure: &[u8]) {
    put_head(out, 1, 1 + varint_len(id) + slice_len(failure.len()));
    out.put_u8(0x08);
    put_varint(out, id);
    put_slice(out, 3, failure);
}
