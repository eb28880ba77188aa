//! The records of the protocol, read and written straight from and to `hedui_core::record`: one table of field numbers for both directions.
//! Leaves what surrounds them to `answer`. The numbers are those of `records.proto`; tests compare with the generated code.

use hedui_core::record as r;
use hedui_core::{Fen, PartialDate, Record, RecordBody, RecordType};
use smol_str::SmolStr;

use super::reader::{Fault, Reader, Wire};
use super::values::{NANOS_PER_FEN, date, money};
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

/// A message of fields, which is what a record says.
trait Message: Sized {
    /// Reads it to where it stays: a record is some two hundred bytes, which nobody moves again.
    fn read(bytes: &[u8], reference: &str, into: &mut Vec<Record>) -> Result<(), Fault>;
    fn write(&self, out: &mut Writer);
}

macro_rules! messages {
    ($($name:ident { $($number:literal $field:ident),+ $(,)? })+) => { $(
        impl Message for r::$name {
            fn read(bytes: &[u8], reference: &str, into: &mut Vec<Record>) -> Result<(), Fault> {
                $(let mut $field = Reading::new();)+
                let mut reader = Reader::new(bytes);
                while let Some((number, wire)) = reader.next()? {
                    match number {
                        $($number => $field.read(wire)?,)+
                        _ => {}
                    }
                }
                $(let $field = $field.done()?;)+
                into.push(Record {
                    reference: reference.into(),
                    body: RecordBody::$name(Self { $($field),+ }),
                });
                Ok(())
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

    /// Reads the record to the end of others.
    pub(super) fn read(&self, into: &mut Vec<Record>) -> Result<(), Fault> {
        let (kind, bytes) = self.kind.ok_or(Fault::UnknownRecord)?;
        read(kind, bytes, self.reference, into)?;
        into.last_mut().map_or(Ok(()), |record| sound(&mut record.body))
    }
}

macro_rules! bodies {
    ($($name:ident)+) => {
        fn read(kind: RecordType, bytes: &[u8], reference: &str, into: &mut Vec<Record>) -> Result<(), Fault> {
            match kind { $(RecordType::$name => r::$name::read(bytes, reference, into)),+ }
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
