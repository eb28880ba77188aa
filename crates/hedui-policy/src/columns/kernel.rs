//! The operations of a pack for one shape of chunk, without those that nobody reads, sharing memory; and running them.
//! Leaves where they come from to `lower`.

use super::build::Build;
use super::chunk::{Chunk, Verdicts};
use super::ops::{Between, Byte, Given, Num, Op, Registers, TILE};
use super::outcome::{self, Bands, FAILS, HOLDS, NO_BAND};

/// Operations and where their results are read.
#[derive(Debug)]
pub(super) struct Kernel {
    ops: Vec<Op>,
    numbers: usize,
    bytes: usize,
    tests: Vec<Byte>,
    bands: Vec<(Byte, bool)>,
    amount: Option<Between>,
    /// Greatest amount of money in a column, in fen.
    pub money: i64,
}

/// What an operation reads and writes.
struct Parts<'a> {
    to: Written<'a>,
    numbers: Vec<&'a mut Num>,
    bytes: Vec<&'a mut Byte>,
}

enum Written<'a> {
    Number(&'a mut usize),
    Byte(&'a mut usize),
}

fn between(of: &mut Between) -> (Vec<&mut Num>, Vec<&mut Byte>) {
    let flags = of.lo_open.iter_mut().chain(&mut of.hi_open).collect();
    (vec![&mut of.lo, &mut of.hi], flags)
}

fn parts(op: &mut Op) -> Parts<'_> {
    use Written as W;
    let (to, numbers, bytes) = match op {
        Op::Linear(to, terms, _) => (
            W::Number(to),
            terms.iter_mut().map(|(num, _)| num).collect(),
            Vec::new(),
        ),
        Op::Multiply(to, a, b) | Op::Least(to, a, b) | Op::Greatest(to, a, b) => {
            (W::Number(to), vec![a, b], Vec::new())
        }
        Op::Lookup(to, byte, _) => (W::Number(to), Vec::new(), vec![byte]),
        Op::Choose(to, byte, nums) => (W::Number(to), nums.iter_mut().collect(), vec![byte]),
        Op::Round(to, num, ..) => (W::Number(to), vec![num], Vec::new()),
        Op::Tally(to, num, byte, _) => (W::Number(to), vec![num], vec![byte]),
        Op::Below(to, of, _) | Op::IsZero(to, of) => {
            let (numbers, bytes) = between(of);
            (W::Byte(to), numbers, bytes)
        }
        Op::NonZero(to, num) => (W::Byte(to), vec![num], Vec::new()),
        Op::And(to, a, b) | Op::Or(to, a, b) | Op::Agree(to, a, b) => (W::Byte(to), Vec::new(), vec![a, b]),
        Op::Not(to, byte) => (W::Byte(to), Vec::new(), vec![byte]),
        Op::ChooseByte(to, byte, bytes) => {
            let all = std::iter::once(byte).chain(bytes).collect();
            (W::Byte(to), Vec::new(), all)
        }
    };
    Parts { to, numbers, bytes }
}

/// Places that hold results now, and which of them are free again.
#[derive(Default)]
struct Places {
    /// Of each result its place.
    of: Vec<Option<usize>>,
    /// The last operation that reads each result; `usize::MAX` where it is read at the end.
    last: Vec<Option<usize>>,
    free: Vec<usize>,
    used: usize,
}

impl Places {
    fn new(results: usize) -> Places {
        Places {
            of: vec![None; results],
            last: vec![None; results],
            ..Places::default()
        }
    }

    fn read(&mut self, result: usize, by: usize) {
        if let Some(last) = self.last.get_mut(result) {
            *last = (*last).max(Some(by));
        }
    }

    fn is_read(&self, result: usize) -> bool {
        self.last.get(result).copied().flatten().is_some()
    }

    fn take(&mut self, result: usize) -> usize {
        let place = self.free.pop().unwrap_or_else(|| {
            self.used += 1;
            self.used - 1
        });
        if let Some(of) = self.of.get_mut(result) {
            *of = Some(place);
        }
        place
    }

    fn place(&self, result: usize) -> usize {
        self.of.get(result).copied().flatten().unwrap_or(0)
    }

    /// Gives back the places of what was read for the last time.
    fn release(&mut self, results: &[usize], by: usize) {
        let mut done: Vec<usize> = results.to_vec();
        done.sort_unstable();
        done.dedup();
        for result in done {
            if self.last.get(result).copied().flatten() == Some(by) {
                self.free.extend(self.of.get(result).copied().flatten());
            }
        }
    }
}

fn made(num: &Num) -> Option<usize> {
    if let Num::Made(at) = num { Some(*at) } else { None }
}

fn made_byte(byte: &Byte) -> Option<usize> {
    if let Byte::Made(at) = byte { Some(*at) } else { None }
}

impl Kernel {
    pub(super) fn new(
        build: Build,
        tests: Vec<Byte>,
        bands: Vec<(Byte, bool)>,
        amount: Option<Between>,
        money: i64,
    ) -> Kernel {
        let mut kernel = Kernel {
            ops: build.ops,
            numbers: 0,
            bytes: 0,
            tests,
            bands,
            amount,
            money,
        };
        kernel.share(build.numbers, build.bytes);
        kernel
    }

    /// Every place where results are read at the end.
    fn outputs(&mut self) -> (Vec<&mut Num>, Vec<&mut Byte>) {
        let (numbers, mut bytes) = self.amount.as_mut().map(between).unwrap_or_default();
        bytes.extend(&mut self.tests);
        bytes.extend(self.bands.iter_mut().map(|(byte, _)| byte));
        (numbers, bytes)
    }

    /// Drops operations that nobody reads, and lets results share places whose content is no longer needed.
    fn share(&mut self, numbers: usize, bytes: usize) {
        let (mut of_numbers, mut of_bytes) = (Places::new(numbers), Places::new(bytes));
        let (out_numbers, out_bytes) = self.outputs();
        let ends = out_numbers.iter().filter_map(|num| made(num));
        ends.for_each(|at| of_numbers.read(at, usize::MAX));
        let ends = out_bytes.iter().filter_map(|byte| made_byte(byte));
        ends.for_each(|at| of_bytes.read(at, usize::MAX));
        let mut ops: Vec<Op> = std::mem::take(&mut self.ops);
        for (by, op) in ops.iter_mut().enumerate().rev() {
            let parts = parts(op);
            let is_read = match &parts.to {
                Written::Number(to) => of_numbers.is_read(**to),
                Written::Byte(to) => of_bytes.is_read(**to),
            };
            if is_read {
                let numbers = parts.numbers.iter().filter_map(|num| made(num));
                numbers.for_each(|at| of_numbers.read(at, by));
                let bytes = parts.bytes.iter().filter_map(|byte| made_byte(byte));
                bytes.for_each(|at| of_bytes.read(at, by));
            }
        }
        for (by, mut op) in ops.into_iter().enumerate() {
            let parts = parts(&mut op);
            let read_numbers: Vec<usize> = parts.numbers.iter().filter_map(|num| made(num)).collect();
            let read_bytes: Vec<usize> = parts.bytes.iter().filter_map(|byte| made_byte(byte)).collect();
            for num in parts.numbers {
                place_number(num, &of_numbers);
            }
            for byte in parts.bytes {
                place_byte(byte, &of_bytes);
            }
            // The result's place is taken before those of its operands are given back: no operation reads what it writes.
            let is_read = match parts.to {
                Written::Number(to) => of_numbers.is_read(*to).then(|| *to = of_numbers.take(*to)),
                Written::Byte(to) => of_bytes.is_read(*to).then(|| *to = of_bytes.take(*to)),
            };
            if is_read.is_some() {
                of_numbers.release(&read_numbers, by);
                of_bytes.release(&read_bytes, by);
                self.ops.push(op);
            }
        }
        let (out_numbers, out_bytes) = self.outputs();
        out_numbers.into_iter().for_each(|num| place_number(num, &of_numbers));
        out_bytes.into_iter().for_each(|byte| place_byte(byte, &of_bytes));
        (self.numbers, self.bytes) = (of_numbers.used, of_bytes.used);
    }

    /// Judges every household of a chunk.
    pub(super) fn run(&self, chunk: &Chunk, registers: &mut Registers, verdicts: &mut Verdicts) {
        registers.reserve(self.numbers, self.bytes);
        verdicts.clear();
        let mut from = 0;
        while from < chunk.len() {
            let given = chunk.given(from, TILE.min(chunk.len() - from));
            for op in &self.ops {
                registers.run(op, &given);
            }
            self.read(registers, &given, chunk, verdicts);
            from += given.rows;
        }
    }

    /// Outcome, band and amount of a tile.
    fn read(&self, registers: &Registers, given: &Given<'_>, chunk: &Chunk, verdicts: &mut Verdicts) {
        let (mut least, mut truth) = ([HOLDS; TILE], [0; TILE]);
        for test in &self.tests {
            registers.read_bytes(*test, given, &mut truth);
            least
                .iter_mut()
                .zip(truth)
                .for_each(|(least, truth)| *least = (*least).min(truth));
        }
        let mut band = [NO_BAND; TILE];
        if !self.bands.is_empty() {
            let mut met = [Bands::START; TILE];
            for (at, (byte, qualifies)) in (0u8..).zip(&self.bands) {
                registers.read_bytes(*byte, given, &mut truth);
                met.iter_mut()
                    .zip(truth)
                    .for_each(|(met, truth)| met.meet(at, truth, *qualifies));
            }
            for ((met, band), least) in met.iter().zip(&mut band).zip(&mut least) {
                let (truth, only) = met.end();
                *band = if *least == FAILS { NO_BAND } else { only };
                *least = (*least).min(truth);
            }
        }
        let composition = chunk.composition(given.from, given.rows);
        let combined = least
            .iter()
            .zip(composition)
            .map(|(least, composition)| outcome::combine(*least, *composition));
        verdicts.outcome.extend(combined);
        verdicts.band.extend(band.iter().take(given.rows));
        self.read_amount(registers, given, verdicts);
    }

    fn read_amount(&self, registers: &Registers, given: &Given<'_>, verdicts: &mut Verdicts) {
        let Some(amount) = self.amount else { return };
        let start = verdicts.lo.len();
        for (column, end, open, value) in [
            (&mut verdicts.lo, amount.lo, amount.lo_open, 0),
            (&mut verdicts.hi, amount.hi, amount.hi_open, i64::MAX),
        ] {
            column.resize(start + given.rows, 0);
            let column = column.get_mut(start..).unwrap_or_default();
            registers.read_numbers(end, given, column);
            let Some(open) = open else { continue };
            let mut flags = [0; TILE];
            registers.read_bytes(open, given, &mut flags);
            for (end, open) in column.iter_mut().zip(flags) {
                *end = if open == 1 { value } else { *end };
            }
        }
    }
}

fn place_number(num: &mut Num, places: &Places) {
    if let Num::Made(at) = num {
        *at = places.place(*at);
    }
}

fn place_byte(byte: &mut Byte, places: &Places) {
    if let Byte::Made(at) = byte {
        *at = places.place(*at);
    }
}
