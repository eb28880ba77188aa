//! What a question to another hedui carries besides: through whom it came, and what the letters allow.
//! Leaves the question itself to `query`, and whether it may be answered to whoever is asked.

use bytes::Bytes;
use hedui_core::forward::{Forward, ForwardedLetter, MAX_HOPS, MAX_LETTERS};
use hedui_core::{Date, PartialDate, Query};

use super::query::{InvalidQuery, encode_query};
use super::reader::Reader;
use super::records::Field as _;
use super::values::date;
use super::writer::Writer;

/// Longest name of a broker or a department, most programmes or departments of a letter, most persons that one is about.
const MAX_NAME_BYTES: usize = 253;
const MAX_ITEMS: usize = hedui_core::authorization::MAX_LETTER_ITEMS;

/// The bytes of a `QueryRequest` to another hedui.
pub fn encode_forwarded(query: &Query, forward: &Forward) -> Bytes {
    let mut out = Writer::with_capacity(64 + 96 * forward.letters.len());
    for hop in &forward.hops {
        out.embedded(10, hop.as_bytes());
    }
    for letter in &forward.letters {
        out.message(11, |out| write_letter(letter, out));
    }
    out.text(12, &forward.asked_as);
    // Fields in the order of their numbers: these are the last.
    let mut bytes = encode_query(query).to_vec();
    bytes.extend_from_slice(&out.into_vec());
    Bytes::from(bytes)
}

fn write_letter(letter: &ForwardedLetter, out: &mut Writer) {
    out.bytes(1, &letter.digest);
    out.packed(2, letter.about.iter().map(|ordinal| u64::from(*ordinal)));
    for programme in &letter.programmes {
        out.embedded(3, programme.as_bytes());
    }
    for department in &letter.departments {
        out.embedded(4, department.as_bytes());
    }
    PartialDate::from(letter.signed_on).write(5, out);
    letter.valid_until.map(PartialDate::from).write(6, out);
    letter.period_from.map(PartialDate::from).write(7, out);
}

/// Reads what a `QueryRequest` carries besides the question; empty where it is no question of another hedui.
///
/// # Errors
/// The first field that is malformed, or is more than any question has.
pub fn decode_forward(bytes: &[u8]) -> Result<Forward, InvalidQuery> {
    let invalid = |field| InvalidQuery { field };
    let mut forward = Forward::default();
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next().map_err(|_| invalid("(message)"))? {
        match number {
            // One more than allowed is kept, so that it is told apart from a broken question.
            10 if forward.hops.len() <= MAX_HOPS => {
                let hop = wire.text().ok().filter(|hop| hop.len() <= MAX_NAME_BYTES);
                forward.hops.push(hop.ok_or(invalid("hops"))?.to_owned());
            }
            10 => return Err(invalid("hops")),
            11 if forward.letters.len() < MAX_LETTERS => {
                let letter = wire.bytes().ok().and_then(letter);
                forward.letters.push(letter.ok_or(invalid("letters"))?);
            }
            11 => return Err(invalid("letters")),
            12 => {
                let name = wire.text().ok().filter(|name| name.len() <= MAX_NAME_BYTES);
                name.ok_or(invalid("asked_as"))?.clone_into(&mut forward.asked_as);
            }
            _ => {}
        }
    }
    Ok(forward)
}

fn letter(bytes: &[u8]) -> Option<ForwardedLetter> {
    let (mut digest, mut about, mut programmes, mut departments) = (None, Vec::new(), Vec::new(), Vec::new());
    let (mut signed_on, mut valid_until, mut period_from) = (None, None, None);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next().ok()? {
        match number {
            1 => digest = Some(wire.bytes().ok()?.try_into().ok()?),
            2 => {
                let mut sound = true;
                wire.numbers(|ordinal| match u32::try_from(ordinal) {
                    Ok(ordinal) if about.len() < MAX_ITEMS => about.push(ordinal),
                    _ => sound = false,
                })
                .ok()?;
                sound.then_some(())?;
            }
            3 => programmes.push(named(wire.text().ok()?)?),
            4 => departments.push(named(wire.text().ok()?)?),
            5 => signed_on = Some(day(date(wire).ok()?)?),
            6 => valid_until = Some(day(date(wire).ok()?)?),
            7 => period_from = Some(day(date(wire).ok()?)?),
            _ => {}
        }
        (programmes.len() <= MAX_ITEMS && departments.len() <= MAX_ITEMS).then_some(())?;
    }
    Some(ForwardedLetter {
        digest: digest?,
        about,
        programmes,
        departments,
        signed_on: signed_on?,
        valid_until,
        period_from,
    })
}

fn named(text: &str) -> Option<String> {
    (!text.is_empty() && text.len() <= MAX_NAME_BYTES).then(|| text.to_owned())
}

/// A whole day.
fn day(date: PartialDate) -> Option<Date> {
    (date.day() != 0).then(|| date.first_day())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::query;
    use crate::wire::decode_query;

    fn any_day() -> impl Strategy<Value = Date> {
        (1990i16..2100, 1i8..=12, 1i8..=28).prop_map(|(y, m, d)| Date::new(y, m, d).unwrap())
    }

    prop_compose! {
        fn any_letter()(
            digest in any::<[u8; 32]>(),
            about in proptest::collection::vec(0u32..30, 0..5),
            programmes in proptest::collection::vec("[a-z-]{1,20}", 0..4),
            departments in proptest::collection::vec("[a-z-]{1,20}", 0..4),
            signed_on in any_day(),
            valid_until in proptest::option::of(any_day()),
            period_from in proptest::option::of(any_day()),
        ) -> ForwardedLetter {
            ForwardedLetter { digest, about, programmes, departments, signed_on, valid_until, period_from }
        }
    }

    proptest! {
        #[test]
        fn what_is_forwarded_comes_back_and_hides_nothing_of_the_question(
            hops in proptest::collection::vec("[a-z.]{1,20}", 0..=MAX_HOPS),
            letters in proptest::collection::vec(any_letter(), 0..4),
            asked_as in "[a-z-]{0,20}",
        ) {
            let (query, forward) = (query(3), Forward { hops, letters, asked_as });
            let bytes = encode_forwarded(&query, &forward);
            prop_assert_eq!(decode_forward(&bytes).unwrap(), forward);
            prop_assert_eq!(decode_query(&bytes).unwrap(), query);
        }

        #[test]
        fn whatever_arrives_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(forward) = decode_forward(&bytes) {
                prop_assert!(forward.hops.len() <= MAX_HOPS + 1 && forward.letters.len() <= MAX_LETTERS);
            }
        }
    }
}
