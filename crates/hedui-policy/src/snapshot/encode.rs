//! The bytes of a snapshot, version 2: each value has one encoding, so that equal snapshots have equal bytes.
//! Leaves files of many to `store`, and sealing them to the caller.
//!
//! A snapshot: version (2); what it holds (bit 0: a rule of who counts, bit 1: supporters), the digest of the rule where there is one (16
//! bytes); keys of the household's figures (count, then each), keys of the members' figures (the same); year (little endian, two bytes), month,
//! day; composition (0 settled, 1 open, 2 members open, 3 who counts open); number of members; the household's figures; then each member: year
//! of birth, month, day, traits (bit 0 female, bits 1-2 student: 0 fails, 1 open, 2 holds; bit 3 disability open), disability (0 none, else
//! kind * 8 + grade), figures; where it holds supporters their number, then each: relation, whether unable, persons and income as numbers.
//! A key: the code of what is read, what belongs to it (a division: its number, little endian, three bytes; a programme: length and text; a
//! stage, a kind, a circumstance and what of it: codes), months. A figure: 0 for nothing; 1 and a number for exact; 2 and two numbers for
//! bounds; 3 and a number for "from"; 4 and a number for "up to"; 5 for anything. A number is a zigzag varint as in protobuf.

use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::household::MAX_MEMBERS;
use hedui_core::names::ProgrammeId;
use hedui_core::supporter::MAX_SUPPORTERS;
use hedui_core::verdict::Truth;
use hedui_ids::{DivisionCode, Sex};

use super::rule::{DIGEST_BYTES, Rule};
use super::{Composition, Disability, FigureKey, MAX_FIGURES, Needs, Person, Reading, Snapshot, Supporter};
use super::{SnapshotError, codes};

const VERSION: u8 = 2;
/// Bits of what a snapshot holds.
const HAS_RULE: u8 = 1;
const HAS_SUPPORTERS: u8 = 2;

/// What a snapshot holds, as it begins with it.
pub(super) fn needs(
    household: &[FigureKey],
    member: &[FigureKey],
    supporters: bool,
    rule: Option<[u8; DIGEST_BYTES]>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(32 + 4 * (household.len() + member.len()));
    let bit = |is_there, bit| if is_there { bit } else { 0 };
    out.push(bit(rule.is_some(), HAS_RULE) | bit(supporters, HAS_SUPPORTERS));
    out.extend(rule.into_iter().flatten());
    for keys in [household, member] {
        // Counts fit a byte by the limit of figures.
        out.push(u8::try_from(keys.len()).unwrap_or(u8::MAX));
        keys.iter().for_each(|key| out.extend(self::key(key)));
    }
    out
}

/// A key, which is also what keys are sorted by.
pub(super) fn key(key: &FigureKey) -> Vec<u8> {
    let mut out = vec![codes::of_reading(&key.reading)];
    match &key.reading {
        Reading::Fact(_) | Reading::NewJobMonths | Reading::Married => {}
        // Six digits fit three bytes.
        Reading::RegisteredIn(place) => out.extend(place.number().to_le_bytes().iter().take(3)),
        Reading::Attends(stage) => out.push(codes::of_stage(*stage)),
        Reading::Disabled(kind) => out.push(codes::of_kind(*kind)),
        Reading::Draws(programme) | Reading::Received(programme) => {
            let text = programme.as_str().as_bytes();
            // An id has at most 63 characters.
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.extend(text);
        }
        Reading::Stated(circumstance, said) => {
            out.extend([codes::of_circumstance(*circumstance), codes::of_said(*said)]);
        }
    }
    out.push(key.months);
    out
}

/// The digest of the rule in encoded needs, without reading the rest.
pub(super) fn rule_in(bytes: &[u8]) -> Option<Option<[u8; DIGEST_BYTES]>> {
    let (version, rest) = bytes.split_first()?;
    let (holds, rest) = rest.split_first()?;
    if *version != VERSION {
        return None;
    }
    if holds & HAS_RULE == 0 {
        return Some(None);
    }
    rest.first_chunk().map(|digest| Some(*digest))
}

fn put_number(value: i64, out: &mut Vec<u8>) {
    let mut rest = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while rest >= 0x80 {
        out.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn put_figure(figure: Bounds, out: &mut Vec<u8>) {
    match (figure.lo, figure.hi) {
        (Some(0), Some(0)) => out.push(0),
        (Some(lo), Some(hi)) if lo == hi => {
            out.push(1);
            put_number(lo, out);
        }
        (Some(lo), Some(hi)) => {
            out.push(2);
            put_number(lo, out);
            put_number(hi, out);
        }
        (Some(lo), None) => {
            out.push(3);
            put_number(lo, out);
        }
        (None, Some(hi)) => {
            out.push(4);
            put_number(hi, out);
        }
        (None, None) => out.push(5),
    }
}

fn put_day(year: u16, month: u8, day: u8, out: &mut Vec<u8>) {
    out.extend(year.to_le_bytes());
    out.extend([month, day]);
}

impl Snapshot {
    /// Appends its bytes.
    pub fn encode_to(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        out.extend_from_slice(self.needs.code());
        let day = self.as_of;
        put_day(
            day.year().unsigned_abs(),
            day.month().unsigned_abs(),
            day.day().unsigned_abs(),
            out,
        );
        out.push(self.composition as u8);
        out.push(u8::try_from(self.members.len()).unwrap_or(u8::MAX));
        for figure in &self.figures {
            put_figure(*figure, out);
        }
        let per_member = self.needs.member().len();
        for (at, person) in self.members.iter().enumerate() {
            put_day(person.birth.year(), person.birth.month(), person.birth.day(), out);
            let student = match person.student {
                Truth::Fails => 0,
                Truth::Open => 1,
                Truth::Holds => 2,
            };
            let female = u8::from(person.sex == Sex::Female);
            out.push(female | student << 1 | u8::from(person.disability.is_open) << 3);
            out.push(
                person
                    .disability
                    .known
                    .map_or(0, |(kind, grade)| codes::of_kind(kind) * 8 + grade),
            );
            for figure in self.member_figures.iter().skip(at * per_member).take(per_member) {
                put_figure(*figure, out);
            }
        }
        if self.needs.supporters() {
            out.push(u8::try_from(self.supporters.len()).unwrap_or(u8::MAX));
            for supporter in &self.supporters {
                out.extend([codes::of_relation(supporter.relation), u8::from(supporter.unable)]);
                put_number(i64::from(supporter.persons), out);
                put_number(supporter.monthly_income, out);
            }
        }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.encode_to(&mut out);
        out
    }

    /// Reads the bytes of one snapshot, all of them.
    ///
    /// # Errors
    /// `VersionUnknown`, `Malformed`, `TooMany`.
    pub fn decode(bytes: &[u8]) -> Result<Snapshot, SnapshotError> {
        let mut snapshot = Snapshot::blank();
        snapshot.decode_into(bytes)?;
        Ok(snapshot)
    }

    /// About nobody: a place to decode into.
    pub(crate) fn blank() -> Snapshot {
        Snapshot {
            as_of: Date::MIN,
            composition: Composition::Settled,
            needs: Arc::new(Needs::default()),
            figures: Vec::new(),
            members: Vec::new(),
            member_figures: Vec::new(),
            supporters: Vec::new(),
        }
    }

    /// As [`Snapshot::decode`] into the memory of another; after an error that one's content has no meaning.
    ///
    /// # Errors
    /// As [`Snapshot::decode`].
    pub fn decode_into(&mut self, bytes: &[u8]) -> Result<(), SnapshotError> {
        let mut bytes = Bytes(bytes);
        let found = bytes.byte("version")?;
        if found != VERSION {
            return Err(SnapshotError::VersionUnknown { found });
        }
        // Nearly every snapshot holds the same figures as the one before.
        match bytes.0.strip_prefix(self.needs.code()) {
            Some(rest) => bytes.0 = rest,
            None => self.needs = Arc::new(bytes.needs()?),
        }
        let (year, month, day) = bytes.day("as_of")?;
        let malformed = |field| SnapshotError::Malformed { field };
        let year = i16::try_from(year).ok().filter(|year| *year > 0);
        self.as_of = year
            .zip(i8::try_from(month).ok())
            .zip(i8::try_from(day).ok())
            .and_then(|((year, month), day)| Date::new(year, month, day).ok())
            .ok_or(malformed("as_of"))?;
        self.composition = match bytes.byte("composition")? {
            0 => Composition::Settled,
            1 => Composition::Open,
            2 => Composition::MembersOpen,
            3 => Composition::CountOpen,
            _ => return Err(malformed("composition")),
        };
        let members = usize::from(bytes.byte("members")?);
        if members > MAX_MEMBERS {
            return Err(SnapshotError::TooMany {
                field: "members",
                limit: MAX_MEMBERS,
            });
        }
        self.figures.clear();
        for key in self.needs.household() {
            self.figures.push(bytes.figure(key)?);
        }
        self.members.clear();
        self.member_figures.clear();
        for _ in 0..members {
            self.members.push(bytes.person()?);
            for key in self.needs.member() {
                self.member_figures.push(bytes.figure(key)?);
            }
        }
        self.supporters.clear();
        if self.needs.supporters() {
            bytes.supporters(&mut self.supporters)?;
        }
        if bytes.0.is_empty() {
            Ok(())
        } else {
            Err(malformed("end"))
        }
    }
}

/// What is left to read.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self, field: &'static str) -> Result<u8, SnapshotError> {
        let (first, rest) = self.0.split_first().ok_or(SnapshotError::Malformed { field })?;
        self.0 = rest;
        Ok(*first)
    }

    fn day(&mut self, field: &'static str) -> Result<(u16, u8, u8), SnapshotError> {
        let year = u16::from_le_bytes([self.byte(field)?, self.byte(field)?]);
        Ok((year, self.byte(field)?, self.byte(field)?))
    }

    /// The shortest form only, so that a value has one encoding.
    fn number(&mut self) -> Result<i64, SnapshotError> {
        let malformed = SnapshotError::Malformed { field: "figure" };
        let (mut value, mut shift) = (0u64, 0u32);
        loop {
            let byte = self.byte("figure")?;
            if shift == 63 && byte > 1 {
                return Err(malformed);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(malformed);
                }
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
            shift += 7;
            if shift > 63 {
                return Err(malformed);
            }
        }
    }

    fn figure(&mut self, key: &FigureKey) -> Result<Bounds, SnapshotError> {
        let figure = self.bounds()?;
        if key.reading.admits(figure) {
            Ok(figure)
        } else {
            Err(SnapshotError::Malformed { field: "condition" })
        }
    }

    fn supporters(&mut self, into: &mut Vec<Supporter>) -> Result<(), SnapshotError> {
        let malformed = || SnapshotError::Malformed { field: "supporter" };
        let count = usize::from(self.byte("supporter")?);
        if count > MAX_SUPPORTERS {
            return Err(SnapshotError::TooMany {
                field: "supporters",
                limit: MAX_SUPPORTERS,
            });
        }
        for _ in 0..count {
            let relation = codes::relation(self.byte("supporter")?).ok_or_else(malformed)?;
            let unable = match self.byte("supporter")? {
                0 => false,
                1 => true,
                _ => return Err(malformed()),
            };
            into.push(Supporter {
                relation,
                unable,
                persons: u32::try_from(self.number()?).map_err(|_| malformed())?,
                monthly_income: self.number()?,
            });
        }
        Ok(())
    }

    fn bounds(&mut self) -> Result<Bounds, SnapshotError> {
        let malformed = Err(SnapshotError::Malformed { field: "figure" });
        Ok(match self.byte("figure")? {
            0 => Bounds::ZERO,
            1 => match self.number()? {
                0 => return malformed,
                value => Bounds::exactly(value),
            },
            2 => match (self.number()?, self.number()?) {
                (lo, hi) if lo < hi => Bounds::between(lo, hi),
                _ => return malformed,
            },
            3 => Bounds {
                lo: Some(self.number()?),
                hi: None,
            },
            4 => Bounds {
                lo: None,
                hi: Some(self.number()?),
            },
            5 => Bounds { lo: None, hi: None },
            _ => return malformed,
        })
    }

    fn person(&mut self) -> Result<Person, SnapshotError> {
        let malformed = |field| SnapshotError::Malformed { field };
        let (year, month, day) = self.day("birth")?;
        let birth = hedui_ids::Date::new(year, month, day).ok_or(malformed("birth"))?;
        let traits = self.byte("traits")?;
        let student = match (traits >> 1) & 3 {
            0 => Truth::Fails,
            1 => Truth::Open,
            2 => Truth::Holds,
            _ => return Err(malformed("traits")),
        };
        if traits >> 4 != 0 {
            return Err(malformed("traits"));
        }
        let known = match self.byte("disability")? {
            0 => None,
            code => {
                let kind = codes::kind(code / 8).ok_or(malformed("disability"))?;
                let grade = Some(code % 8).filter(|grade| (1..=4).contains(grade));
                Some((kind, grade.ok_or(malformed("disability"))?))
            }
        };
        Ok(Person {
            birth,
            sex: if traits & 1 == 1 { Sex::Female } else { Sex::Male },
            student,
            disability: Disability {
                known,
                is_open: traits & 8 != 0,
            },
        })
    }

    fn needs(&mut self) -> Result<Needs, SnapshotError> {
        let malformed = SnapshotError::Malformed { field: "keys" };
        let before = self.0;
        let holds = self.byte("keys")?;
        if holds & !(HAS_RULE | HAS_SUPPORTERS) != 0 {
            return Err(malformed);
        }
        let mut rule = None;
        if holds & HAS_RULE != 0 {
            let (digest, rest) = self.0.split_first_chunk().ok_or_else(|| malformed.clone())?;
            (rule, self.0) = (Some(Rule::known_by(*digest)), rest);
        }
        let mut lists = [Vec::new(), Vec::new()];
        for keys in &mut lists {
            let count = usize::from(self.byte("keys")?);
            if count > MAX_FIGURES {
                return Err(malformed);
            }
            for _ in 0..count {
                keys.push(self.key()?.ok_or_else(|| malformed.clone())?);
            }
        }
        let [household, member] = lists;
        let read = before.len() - self.0.len();
        let needs = Needs::with(household, member, holds & HAS_SUPPORTERS != 0, rule)?;
        // Sorted and each once, or it would be another encoding of the same.
        if before.get(..read) == Some(needs.code()) {
            Ok(needs)
        } else {
            Err(malformed)
        }
    }

    /// A key; none where its code means nothing.
    fn key(&mut self) -> Result<Option<FigureKey>, SnapshotError> {
        let mut byte = || self.byte("keys");
        let reading = match byte()? {
            codes::NEW_JOB_MONTHS => Some(Reading::NewJobMonths),
            codes::REGISTERED_IN => {
                let number = u32::from_le_bytes([byte()?, byte()?, byte()?, 0]);
                DivisionCode::new(number).map(Reading::RegisteredIn)
            }
            codes::MARRIED => Some(Reading::Married),
            codes::ATTENDS => codes::stage(byte()?).map(Reading::Attends),
            codes::DISABLED => codes::kind(byte()?).map(Reading::Disabled),
            of @ (codes::DRAWS | codes::RECEIVED) => {
                let length = usize::from(byte()?);
                let malformed = SnapshotError::Malformed { field: "keys" };
                let (text, rest) = self.0.split_at_checked(length).ok_or(malformed)?;
                self.0 = rest;
                let programme = std::str::from_utf8(text).ok();
                let programme = programme.and_then(|text| ProgrammeId::new(text).ok());
                programme.map(if of == codes::DRAWS {
                    Reading::Draws
                } else {
                    Reading::Received
                })
            }
            codes::STATED => {
                let (circumstance, said) = (codes::circumstance(byte()?), codes::said(byte()?));
                circumstance
                    .zip(said)
                    .map(|(circumstance, said)| Reading::Stated(circumstance, said))
            }
            fact => codes::fact(fact).map(Reading::Fact),
        };
        let months = self.byte("keys")?;
        Ok(reading.map(|reading| FigureKey { reading, months }))
    }
}
