//! Amounts and dates: nearly all stand on the wire in one form, which is read at once; any other is read field by field.
//! Leaves which field of a record holds one to `records`.

use hedui_core::{Fen, PartialDate};

use super::reader::{Fault, Reader, Wire};

/// `google.type.Money`: CNY, whole fen.
pub(super) fn money(wire: Wire<'_>) -> Result<Fen, Fault> {
    let bytes = wire.bytes()?;
    usual_money(bytes).map_or_else(|| any_money(bytes), Ok)
}

fn any_money(bytes: &[u8]) -> Result<Fen, Fault> {
    let (mut cny, mut units, mut nanos) = (false, 0i64, 0i64);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => cny = wire.bytes()? == b"CNY",
            2 => units = wire.signed()?,
            3 => nanos = wire.signed()?,
            _ => {}
        }
    }
    let whole = nanos % NANOS_PER_FEN == 0 && nanos.abs() < 100 * NANOS_PER_FEN;
    let signs = units == 0 || nanos == 0 || (units < 0) == (nanos < 0);
    if !cny || !whole || !signs {
        return Err(Fault::OddMoney);
    }
    let fen = units
        .checked_mul(100)
        .and_then(|fen| fen.checked_add(nanos / NANOS_PER_FEN));
    fen.map(Fen).ok_or(Fault::OddMoney)
}

pub(super) const NANOS_PER_FEN: i64 = 10_000_000;

/// An amount as nearly everybody writes it: some positive yuan, and fen where there are any, each once and in the order of their numbers. None
/// for any other, also where it is wrong.
fn usual_money(bytes: &[u8]) -> Option<Fen> {
    let (units, rest) = small_number(bytes.strip_prefix(b"\x0A\x03CNY\x10")?)?;
    let (nanos, rest) = match rest {
        [0x18, rest @ ..] => small_number(rest)?,
        _ => (0, rest),
    };
    let is_whole = rest.is_empty() && nanos % NANOS_PER_FEN == 0 && nanos < 100 * NANOS_PER_FEN;
    // Five bytes hold 35 bits, which a hundredfold stays far within an amount.
    (is_whole && units > 0).then_some(Fen(units * 100 + nanos / NANOS_PER_FEN))
}

/// A varint of at most five bytes, and what follows it.
fn small_number(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= i64::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

/// `google.type.Date`: month and day may be 0.
pub(super) fn date(wire: Wire<'_>) -> Result<PartialDate, Fault> {
    let bytes = wire.bytes()?;
    usual_date(bytes).map_or_else(|| any_date(bytes), Ok)
}

fn any_date(bytes: &[u8]) -> Result<PartialDate, Fault> {
    let (mut year, mut month, mut day) = (0, 0, 0);
    let mut reader = Reader::new(bytes);
    while let Some((number, wire)) = reader.next()? {
        match number {
            1 => year = wire.signed()?,
            2 => month = wire.signed()?,
            3 => day = wire.signed()?,
            _ => {}
        }
    }
    let date = match (year.try_into(), month.try_into(), day.try_into()) {
        (Ok(year), Ok(month), Ok(day)) => PartialDate::new(year, month, day),
        _ => None,
    };
    date.ok_or(Fault::ImpossibleDate)
}

/// A whole date from the year 128 on, as nearly everybody writes it. None for any other, also where it is wrong.
fn usual_date(bytes: &[u8]) -> Option<PartialDate> {
    match *bytes {
        [
            0x08,
            low @ 0x80..=0xFF,
            high @ 0..=0x7F,
            0x10,
            month @ 1..=0x7F,
            0x18,
            day @ 1..=0x7F,
        ] => {
            let year = i16::from(low & 0x7F) | i16::from(high) << 7;
            PartialDate::new(year, month.cast_signed(), day.cast_signed())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::writer::Writer;
    use super::*;

    /// A few bytes of the fields of a message of numbers, most of them right.
    fn fields() -> impl Strategy<Value = Vec<u8>> {
        let number = prop_oneof![
            4 => 0..100_000u64,
            1 => (0..100u64).prop_map(|fen| fen * 10_000_000),
            1 => any::<u64>(),
        ];
        let field = (1..4u32, number).prop_map(|(number, value)| {
            let mut out = Writer::default();
            out.signed(number, value.cast_signed());
            out.into_vec()
        });
        let odd = prop::collection::vec(any::<u8>(), 0..3);
        prop::collection::vec(prop_oneof![8 => field, 1 => odd], 0..4).prop_map(|fields| fields.concat())
    }

    proptest! {
        #[test]
        fn the_usual_way_reads_what_any_way_reads_or_nothing(
            units in -5..200_000_000_000i64, fen in 0..100i64,
            year in 0..10_001i64, month in -1..14i64, day in -1..33i64, fields in fields(),
        ) {
            let mut amount = Writer::default();
            amount.text(1, "CNY");
            let begun = amount.into_vec();
            let mut rest = Writer::default();
            rest.signed(2, units);
            rest.signed(3, fen * NANOS_PER_FEN);
            let whole = [begun.as_slice(), &rest.into_vec()].concat();
            for bytes in [&whole, &[begun.as_slice(), &fields].concat(), &fields] {
                if let Some(usual) = usual_money(bytes) {
                    prop_assert_eq!(any_money(bytes), Ok(usual));
                }
            }
            prop_assert_eq!(usual_money(&whole).is_some(), (1..1 << 35).contains(&units));
            let mut date = Writer::default();
            date.signed(1, year);
            date.signed(2, month);
            date.signed(3, day);
            let whole = date.into_vec();
            for bytes in [&whole, &fields] {
                if let Some(usual) = usual_date(bytes) {
                    prop_assert_eq!(any_date(bytes), Ok(usual));
                }
            }
            let exists = any_date(&whole).is_ok();
            prop_assert_eq!(usual_date(&whole).is_some(), exists && year >= 128 && month > 0 && day > 0);
        }
    }
}
