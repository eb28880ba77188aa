//! The bytes of snapshots, version 1, and files of many: each value has one encoding, so that equal snapshots have equal bytes.
//! Leaves sealing, checksums and where they are kept to the caller.
//!
//! A snapshot: version (1); keys of the household's figures (count, then fact and months of each), keys of the members' figures
//! (the same); year (little endian, two bytes), month, day; composition (0 settled, 1 open, 2 members open); number of members;
//! the household's figures; then each member: year of birth, month, day, traits (bit 0 female, bits 1-2 student: 0 fails, 1 open,
//! 2 holds; bit 3 disability open), disability (0 none, else kind * 8 + grade), figures. A figure: 0 for nothing; 1 and a number
//! for exact; 2 and two numbers for bounds; 3 and a number for "from"; 4 and a number for "up to"; 5 for anything. A number is a
//! zigzag varint as in protobuf. A file: each snapshot behind its length (little endian, four bytes).

use std::io::{Read, Write};
use std::sync::Arc;

use hedui_core::bounds::Bounds;
use hedui_core::dates::Date;
use hedui_core::household::MAX_MEMBERS;
use hedui_core::verdict::Truth;
use hedui_ids::Sex;

use super::{Composition, Disability, FigureKey, MAX_FIGURES, MAX_SNAPSHOT_BYTES, Needs, Person, Snapshot};
use super::{SnapshotError, codes};

const VERSION: u8 = 1;

/// The keys as a snapshot begins with them. Counts fit a byte by the limit of figures.
pub(super) fn keys(household: &[FigureKey], member: &[FigureKey]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + 2 * (household.len() + member.len()));
    for keys in [household, member] {
        out.push(u8::try_from(keys.len()).unwrap_or(u8::MAX));
        for key in keys {
            out.extend([codes::of_fact(key.fact), key.months]);
        }
    }
    out
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
        out.extend_from_slice(&self.needs.code);
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
        let per_member = self.needs.member.len();
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
        match bytes.0.strip_prefix(self.needs.code.as_slice()) {
            Some(rest) if !self.needs.code.is_empty() => bytes.0 = rest,
            _ => self.needs = Arc::new(bytes.needs()?),
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
        for _ in 0..self.needs.household.len() {
            self.figures.push(bytes.figure()?);
        }
        self.members.clear();
        self.member_figures.clear();
        for _ in 0..members {
            self.members.push(bytes.person()?);
            for _ in 0..self.needs.member.len() {
                self.member_figures.push(bytes.figure()?);
            }
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

    fn figure(&mut self) -> Result<Bounds, SnapshotError> {
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
        let mut lists = [Vec::new(), Vec::new()];
        let malformed = SnapshotError::Malformed { field: "keys" };
        for keys in &mut lists {
            let count = usize::from(self.byte("keys")?);
            if count > MAX_FIGURES {
                return Err(malformed);
            }
            for _ in 0..count {
                let fact = codes::fact(self.byte("keys")?).ok_or_else(|| malformed.clone())?;
                let months = self.byte("keys")?;
                keys.push(FigureKey { fact, months });
            }
        }
        let [household, member] = lists;
        let code = keys(&household, &member);
        let needs = Needs::new(household, member)?;
        // Sorted and each once, or it would be another encoding of the same.
        if needs.code == code { Ok(needs) } else { Err(malformed) }
    }
}

/// Writes snapshots one after another.
#[derive(Debug)]
pub struct SnapshotWriter<W: Write> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> SnapshotWriter<W> {
    /// Writes to a sink, which should be buffered.
    pub fn new(sink: W) -> SnapshotWriter<W> {
        SnapshotWriter {
            sink,
            buffer: Vec::new(),
        }
    }

    /// Writes one.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write(&mut self, snapshot: &Snapshot) -> std::io::Result<()> {
        self.buffer.clear();
        self.buffer.extend([0; 4]);
        snapshot.encode_to(&mut self.buffer);
        let length = u32::try_from(self.buffer.len() - 4).unwrap_or(u32::MAX);
        if let Some(head) = self.buffer.first_chunk_mut::<4>() {
            *head = length.to_le_bytes();
        }
        self.sink.write_all(&self.buffer)
    }

    /// The sink, with everything written.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// Reads snapshots that were written one after another, with no more memory than a block of them takes.
#[derive(Debug)]
pub struct SnapshotReader<R: Read> {
    source: R,
    /// Bytes of the next block that were read with the last one.
    ahead: Vec<u8>,
}

/// Several encoded snapshots.
#[derive(Debug, Default)]
pub(crate) struct Block {
    bytes: Vec<u8>,
    /// Where each ends; they follow each other.
    ends: Vec<usize>,
}

impl Block {
    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The bytes of some of them, by position.
    pub(crate) fn rows(&self, rows: std::ops::Range<usize>) -> impl Iterator<Item = &[u8]> {
        rows.filter_map(|row| {
            let start = match row.checked_sub(1) {
                Some(before) => *self.ends.get(before)?,
                None => 0,
            };
            self.bytes.get(start + 4..*self.ends.get(row)?)
        })
    }
}

/// Bytes of a block: large enough to be shared by several threads, small enough not to matter.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

impl<R: Read> SnapshotReader<R> {
    /// Reads from a source, which need not be buffered.
    pub fn new(source: R) -> SnapshotReader<R> {
        SnapshotReader {
            source,
            ahead: Vec::new(),
        }
    }

    /// The next snapshots, into the memory of an earlier block; none at the end of the source.
    pub(crate) fn read_block(&mut self, block: &mut Block) -> Result<(), SnapshotError> {
        block.ends.clear();
        block.bytes.clear();
        block.bytes.append(&mut self.ahead);
        let room = u64::try_from(BLOCK_BYTES - block.bytes.len().min(BLOCK_BYTES)).unwrap_or(0);
        let limited = (&mut self.source).take(room);
        let read = { limited }.read_to_end(&mut block.bytes);
        read.map_err(|error| SnapshotError::Unreadable(error.kind()))?;
        let mut end = 0;
        while let Some(head) = block.bytes.get(end..).and_then(|rest| rest.first_chunk::<4>()) {
            let length = usize::try_from(u32::from_le_bytes(*head)).unwrap_or(usize::MAX);
            if length > MAX_SNAPSHOT_BYTES {
                return Err(SnapshotError::TooMany {
                    field: "snapshot",
                    limit: MAX_SNAPSHOT_BYTES,
                });
            }
            if end + 4 + length > block.bytes.len() {
                break;
            }
            end += 4 + length;
            block.ends.push(end);
        }
        self.ahead.extend_from_slice(block.bytes.get(end..).unwrap_or_default());
        // A block is longer than the longest snapshot, so that one which is not whole was cut off by the end of the source.
        if block.ends.is_empty() && !self.ahead.is_empty() {
            return Err(SnapshotError::Truncated);
        }
        Ok(())
    }
}
