//! The records of the protocol, read and written straight from and to `hedui_core::record`: one table of field numbers for both directions.
//! Leaves what surrounds them to `answer`. The numbers are those of `records.proto`; tests compare with the generated code.

use hedui_core::record as r;
use hedui_core::{Fen, PartialDate, Record, RecordBody, RecordType};
use smol_str::SmolStr;

use super::reader::{Fault, Reader, Wire};
use super::writer::Writer;

/// A field: what is gathered while its message is read, and what it is in the end.
pub(super) trait Field: Sized {
    type Raw: Default;
    fn read(raw: &mut Self::Raw, wire: Wire<'_>) -> Result<(), Fault>;
    fn done(raw: Self::Raw) -> Result<Self, Fault>;
    fn write(&self, number: u32, out: &mut Writer);
}

/// A field being read; what it becomes is inferred from where it goes.
struct Reading<T: Field>(T::Raw);

impl<T: Field> Reading<T> {
    #[inline(always)]
    fn new() -> Reading<T> {
        Reading(T::Raw::default())
    }

    #[inline(always)]
    fn read(&mut self, wire: Wire<'_>) -> Result<(), Fault> {
        T::read(&mut self.0, wire)
    }

    #[inline(always)]
    fn done(self) -> Result<T, Fault> {
        T::done(self.0)
    }
}

impl Field for SmolStr {
    type Raw = SmolStr;

    #[inline(always)]
    fn read(raw: &mut SmolStr, wire: Wire<'_>) -> Result<(), Fault> {
        *raw = SmolStr::new(wire.text()?);
        Ok(())
    }

    #[inline(always)]
    fn done(raw: SmolStr) -> Result<SmolStr, Fault> {
        Ok(raw)
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.text(number, self);
    }
}

impl Field for bool {
    type Raw = bool;

    #[inline(always)]
    fn read(raw: &mut bool, wire: Wire<'_>) -> Result<(), Fault> {
        *raw = wire.varint()? != 0;
        Ok(())
    }

    #[inline(always)]
    fn done(raw: bool) -> Result<bool, Fault> {
        Ok(raw)
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.varint(number, u64::from(*self));
    }
}

impl Field for u32 {
    type Raw = u32;

    #[inline(always)]
    fn read(raw: &mut u32, wire: Wire<'_>) -> Result<(), Fault> {
        *raw = u32::try_from(wire.varint()?).map_err(|_| Fault::ImpossibleNumber)?;
        Ok(())
    }

    #[inline(always)]
    fn done(raw: u32) -> Result<u32, Fault> {
        Ok(raw)
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.varint(number, u64::from(*self));
    }
}

/// An area: 0 on the wire is an unknown one.
impl Field for Option<i64> {
    type Raw = i64;

    #[inline(always)]
    fn read(raw: &mut i64, wire: Wire<'_>) -> Result<(), Fault> {
        *raw = wire.signed()?;
        Ok(())
    }

    #[inline(always)]
    fn done(raw: i64) -> Result<Option<i64>, Fault> {
        match raw {
            0 => Ok(None),
            1.. => Ok(Some(raw)),
            _ => Err(Fault::ImpossibleNumber),
        }
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.signed(number, self.unwrap_or(0));
    }
}

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

const NANOS_PER_FEN: i64 = 10_000_000;

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

impl Field for Fen {
    type Raw = Option<Fen>;

    #[inline(always)]
    fn read(raw: &mut Option<Fen>, wire: Wire<'_>) -> Result<(), Fault> {
        once(raw, money(wire)?)
    }

    #[inline(always)]
    fn done(raw: Option<Fen>) -> Result<Fen, Fault> {
        raw.ok_or(Fault::OddMoney)
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.message(number, |out| {
            out.text(1, "CNY");
            out.signed(2, self.0 / 100);
            out.signed(3, self.0 % 100 * NANOS_PER_FEN);
        });
    }
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

impl Field for PartialDate {
    type Raw = Option<PartialDate>;

    #[inline(always)]
    fn read(raw: &mut Option<PartialDate>, wire: Wire<'_>) -> Result<(), Fault> {
        once(raw, date(wire)?)
    }

    #[inline(always)]
    fn done(raw: Option<PartialDate>) -> Result<PartialDate, Fault> {
        raw.ok_or(Fault::ImpossibleDate)
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.message(number, |out| {
            out.signed(1, self.year().into());
            out.signed(2, self.month().into());
            out.signed(3, self.day().into());
        });
    }
}

/// A message field that stands twice would be merged by one reader and replaced by another: refused.
fn once<T>(raw: &mut Option<T>, value: T) -> Result<(), Fault> {
    match raw.replace(value) {
        None => Ok(()),
        Some(_) => Err(Fault::MalformedAnswer),
    }
}

macro_rules! optional {
    ($($type:ty),+) => { $(
        impl Field for Option<$type> {
            type Raw = Option<$type>;

            #[inline(always)]
            fn read(raw: &mut Option<$type>, wire: Wire<'_>) -> Result<(), Fault> {
                <$type>::read(raw, wire)
            }

            #[inline(always)]
            fn done(raw: Option<$type>) -> Result<Option<$type>, Fault> {
                Ok(raw)
            }

            fn write(&self, number: u32, out: &mut Writer) {
                if let Some(value) = self {
                    value.write(number, out);
                }
            }
        }
    )+ };
}
optional!(Fen, PartialDate);

/// Vocabularies: number 1 is the first word, 0 is none.
macro_rules! vocabularies {
    ($($name:ident),+ $(,)?) => { $(
        impl Field for r::$name {
            type Raw = u64;

            #[inline(always)]
            fn read(raw: &mut u64, wire: Wire<'_>) -> Result<(), Fault> {
                *raw = wire.varint()?;
                Ok(())
            }

            #[inline(always)]
            fn done(raw: u64) -> Result<Self, Fault> {
                word(Self::ALL, raw).ok_or(Fault::UnknownCode)
            }

            fn write(&self, number: u32, out: &mut Writer) {
                out.varint(number, *self as u64 + 1);
            }
        }
    )+

        /// The words of every vocabulary in the order of their numbers, for comparing with the descriptors.
        #[cfg(test)]
        pub(super) fn vocabulary_tables() -> Vec<(&'static str, Vec<&'static str>)> {
            vec![$((stringify!($name), r::$name::ALL.iter().map(|v| v.word()).collect())),+]
        }
    };
}
vocabularies! {
    RegistrationStatus, MarriageStatus, VehicleKind, VehicleUse, VehicleStatus, RealEstateKind, FinancialAssetKind,
    EmploymentStatus, PensionKind, IncomeKind, BusinessRole, BusinessStatus, LandKind, SchoolStage, DisabilityKind,
    AssistancePeriod, AssistanceStatus,
}

/// The word of a number, from 1.
#[inline]
pub(super) fn word<T: Copy>(all: &[T], number: u64) -> Option<T> {
    all.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// Words that may be left out: the number 0.
macro_rules! optional_words {
    ($($name:ident),+) => { $(
impl Field for Option<r::$name> {
    type Raw = u64;

    #[inline(always)]
    fn read(raw: &mut u64, wire: Wire<'_>) -> Result<(), Fault> {
        *raw = wire.varint()?;
        Ok(())
    }

    #[inline(always)]
    fn done(raw: u64) -> Result<Self, Fault> {
        match raw {
            0 => Ok(None),
            number => word(r::$name::ALL, number)
                .map(Some)
                .ok_or(Fault::UnknownCode),
        }
    }

    fn write(&self, number: u32, out: &mut Writer) {
        out.varint(number, self.map_or(0, |word| word as u64 + 1));
    }
}
    )+ };
}
optional_words!(RegistrationClass, TransferNature);

/// A message of fields.
trait Message: Sized {
    fn read(bytes: &[u8]) -> Result<Self, Fault>;
    fn write(&self, out: &mut Writer);
}

macro_rules! messages {
    ($($name:ident { $($number:literal $field:ident),+ $(,)? })+) => { $(
        impl Message for r::$name {
            fn read(bytes: &[u8]) -> Result<Self, Fault> {
                $(let mut $field = Reading::new();)+
                let mut reader = Reader::new(bytes);
                while let Some((number, wire)) = reader.next()? {
                    match number {
                        $($number => $field.read(wire)?,)+
                        _ => {}
                    }
                }
                Ok(Self { $($field: $field.done()?),+ })
            }

            fn write(&self, out: &mut Writer) {
                $(self.$field.write($number, out);)+
            }
        }
    )+

        /// The numbers and names of every message's fields, for comparing with the descriptors.
        #[cfg(test)]
        pub(super) fn tables() -> Vec<(&'static str, Vec<(i32, &'static str)>)> {
            vec![$((stringify!($name), vec![$(($number, stringify!($field))),+])),+]
        }
    };
}
messages! {
    Registration {
        1 household_number, 2 division_code, 3 address, 4 status, 5 deceased_on, 6 spouse_id_number, 7 class,
        8 father_id_number, 9 mother_id_number,
    }
    Marriage { 1 status, 2 spouse_id_number, 3 spouse_name, 4 registered_on }
    Vehicle { 1 plate, 2 identification_number, 3 kind, 4 usage, 5 status, 6 registered_on, 7 value }
    RealEstate {
        1 unit_number, 2 address, 3 kind, 4 area_centiares, 5 share_numerator, 6 share_denominator, 7 acquired_on,
        8 disposed_on, 9 price,
    }
    FinancialAsset { 1 kind, 2 institution, 3 account_reference, 4 balance, 5 balance_on }
    ProvidentFund {
        1 employer_name, 2 employer_credit_code, 3 monthly_base, 4 monthly_contribution, 5 balance, 6 loan_balance,
        7 paid_from, 8 paid_until,
    }
    Employment { 1 status, 2 employer_name, 3 employer_credit_code, 4 from, 5 until, 6 monthly_benefit }
    SocialInsurance { 1 employer_name, 2 employer_credit_code, 3 monthly_base, 4 paid_from, 5 paid_until }
    Pension { 1 kind, 2 monthly_amount, 3 basic_part, 4 from, 5 until }
    Income { 1 kind, 2 payer_name, 3 payer_credit_code, 4 from, 5 until, 6 gross, 7 deductions, 8 nature }
    MedicalExpense { 1 paid_on, 2 total, 3 reimbursed, 4 own_cost_in_scope }
    Business { 1 credit_code, 2 name, 3 role, 4 status, 5 capital, 6 registered_on }
    PublicPayroll { 1 unit_name, 2 unit_credit_code, 3 monthly_amount, 4 from, 5 until }
    Land { 1 kind, 2 contract_number, 3 area_centimu, 4 leased_out, 5 annual_rent }
    Subsidy { 1 project, 2 amount, 3 paid_on }
    Enrolment { 1 school, 2 stage, 3 from, 4 until, 5 full_time }
    Disability { 1 kind, 2 grade, 3 certificate_number, 4 issued_on }
    Assistance { 1 programme, 2 amount, 3 period, 4 from, 5 until, 6 division_code, 7 status }
}

/// The numbers of the kinds of record follow those of the types: `registration = 2` is type 1.
const FIRST_KIND: u64 = 2;

/// A record that was not read yet: its reference, and its kind with the bytes.
pub(super) struct RawRecord<'a> {
    reference: &'a str,
    kind: Option<(RecordType, &'a [u8])>,
    newer: bool,
}

/// The type of a record, if it is known.
pub(super) enum Kind {
    /// Known.
    Of(RecordType),
    /// Of a later version of the protocol.
    Newer,
    /// None at all.
    Missing,
}

impl<'a> RawRecord<'a> {
    /// Finds reference and kind without reading further.
    pub(super) fn find(bytes: &'a [u8]) -> Result<RawRecord<'a>, Fault> {
        let mut record = RawRecord {
            reference: "",
            kind: None,
            newer: false,
        };
        let mut reader = Reader::new(bytes);
        while let Some((number, wire)) = reader.next()? {
            if number == 1 {
                record.reference = wire.text()?;
                continue;
            }
            match (word(RecordType::ALL, u64::from(number) + 1 - FIRST_KIND), record.kind) {
                (Some(kind), None) => record.kind = Some((kind, wire.bytes()?)),
                (Some(_), Some(_)) => return Err(Fault::ContradictoryAnswer),
                (None, _) => record.newer = true,
            }
        }
        Ok(record)
    }

    pub(super) fn kind(&self) -> Kind {
        match (&self.kind, self.newer) {
            (Some((kind, _)), _) => Kind::Of(*kind),
            (None, true) => Kind::Newer,
            (None, false) => Kind::Missing,
        }
    }

    pub(super) fn read(self) -> Result<Record, Fault> {
        let (kind, bytes) = self.kind.ok_or(Fault::UnknownRecord)?;
        Ok(Record {
            reference: self.reference.into(),
            body: body(kind, bytes)?,
        })
    }
}

macro_rules! bodies {
    ($($name:ident)+) => {
        fn body(kind: RecordType, bytes: &[u8]) -> Result<RecordBody, Fault> {
            let mut body = match kind { $(RecordType::$name => RecordBody::$name(r::$name::read(bytes)?)),+ };
            sound(&mut body)?;
            Ok(body)
        }

        fn write_body(body: &RecordBody, out: &mut Writer) {
            match body { $(RecordBody::$name(body) => body.write(out)),+ }
        }
    };
}
bodies!(Registration Marriage Vehicle RealEstate FinancialAsset ProvidentFund Employment SocialInsurance Pension Income
    MedicalExpense Business PublicPayroll Land Subsidy Enrolment Disability Assistance);

/// Numbers that only make sense within limits; a share that is left out is the whole.
fn sound(body: &mut RecordBody) -> Result<(), Fault> {
    match body {
        RecordBody::RealEstate(estate) => {
            if (estate.share_numerator, estate.share_denominator) == (0, 0) {
                (estate.share_numerator, estate.share_denominator) = (1, 1);
            }
            let share = 1..=estate.share_denominator;
            if share.contains(&estate.share_numerator) {
                Ok(())
            } else {
                Err(Fault::ImpossibleNumber)
            }
        }
        RecordBody::Disability(disability) if !(1..=4).contains(&disability.grade) => Err(Fault::ImpossibleNumber),
        _ => Ok(()),
    }
}

/// Writes a record as field `number` of its answer.
pub(super) fn write_record(record: &Record, number: u32, out: &mut Writer) {
    out.message(number, |out| {
        out.text(1, &record.reference);
        let kind = record.body.record_type() as u32 + FIRST_KIND as u32;
        out.message(kind, |out| write_body(&record.body, out));
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
