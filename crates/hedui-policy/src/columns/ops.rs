//! Operations on columns of whole numbers and of truths: simple loops over slices, one household an element, no branch that depends on data.
//! Leaves which operations a pack needs to `lower` and which memory they share to `kernel`.

use super::divide::{Divisor, Multiple};

/// Households that run through all operations at a time: few enough that all columns in use stay in the processor's nearest cache.
pub(super) const TILE: usize = 256;

/// Where numbers are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Num {
    /// The result of an operation.
    Made(usize),
    /// A column of the chunk.
    Given(usize),
    Constant(i64),
}

/// Where truths, flags and small codes are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Byte {
    Made(usize),
    Given(usize),
    Constant(u8),
}

/// One operation; the first field is where its result goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// The sum of the multiples of some columns and a constant.
    Linear(usize, Vec<(Num, i64)>, i64),
    Multiply(usize, Num, Num),
    Least(usize, Num, Num),
    Greatest(usize, Num, Num),
    /// A number for each code.
    Lookup(usize, Byte, Box<[i64; 256]>),
    /// By truth: where it fails, is open, holds.
    Choose(usize, Byte, [Num; 3]),
    /// The first column plus a factor, in whole steps.
    Round(usize, Num, Multiple, Divisor),
    /// 1 where a truth is at least so much, else 0, added to a column.
    Tally(usize, Num, Byte, u8),
    /// Whether a number is below a limit; it lies between two columns, of which each may be open.
    Below(usize, Between, i64),
    /// Whether a number is zero.
    IsZero(usize, Between),
    /// 1 where it is not zero.
    NonZero(usize, Num),
    And(usize, Byte, Byte),
    Or(usize, Byte, Byte),
    Not(usize, Byte),
    ChooseByte(usize, Byte, [Byte; 3]),
    /// Where one is known settled, what another truth is: the same where two are equal, else open.
    Agree(usize, Byte, Byte),
}

/// A number within bounds: its columns, and flags of 1 where an end is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Between {
    pub lo: Num,
    pub hi: Num,
    pub lo_open: Option<Byte>,
    pub hi_open: Option<Byte>,
}

/// The columns that operations make.
#[derive(Debug, Default)]
pub(super) struct Registers {
    numbers: Vec<Vec<i64>>,
    bytes: Vec<Vec<u8>>,
}

/// A tile's view of the columns of a chunk.
pub(super) struct Given<'a> {
    pub numbers: &'a [Vec<i64>],
    pub bytes: &'a [Vec<u8>],
    /// The first household and how many.
    pub from: usize,
    pub rows: usize,
}

/// A column or the same for all.
enum Operand<'a, T> {
    Column(&'a [T]),
    Constant(T),
}

impl<'a> Given<'a> {
    fn number(&self, at: usize) -> &'a [i64] {
        let column = self.numbers.get(at).map(Vec::as_slice).unwrap_or_default();
        column.get(self.from..self.from + self.rows).unwrap_or_default()
    }

    fn byte(&self, at: usize) -> &'a [u8] {
        let column = self.bytes.get(at).map(Vec::as_slice).unwrap_or_default();
        column.get(self.from..self.from + self.rows).unwrap_or_default()
    }
}

impl Registers {
    /// Makes room; what is there stays.
    pub(super) fn reserve(&mut self, numbers: usize, bytes: usize) {
        self.numbers.resize(numbers.max(self.numbers.len()), vec![0; TILE]);
        self.bytes.resize(bytes.max(self.bytes.len()), vec![0; TILE]);
    }

    fn number<'a>(&'a self, num: Num, given: &Given<'a>) -> Operand<'a, i64> {
        match num {
            Num::Made(at) => Operand::Column(
                self.numbers
                    .get(at)
                    .and_then(|c| c.get(..given.rows))
                    .unwrap_or_default(),
            ),
            Num::Given(at) => Operand::Column(given.number(at)),
            Num::Constant(value) => Operand::Constant(value),
        }
    }

    fn byte<'a>(&'a self, byte: Byte, given: &Given<'a>) -> Operand<'a, u8> {
        match byte {
            Byte::Made(at) => Operand::Column(self.bytes.get(at).and_then(|c| c.get(..given.rows)).unwrap_or_default()),
            Byte::Given(at) => Operand::Column(given.byte(at)),
            Byte::Constant(value) => Operand::Constant(value),
        }
    }

    /// A column as it is to be read outside.
    pub(super) fn read_numbers(&self, num: Num, given: &Given<'_>, into: &mut [i64]) {
        copy(&self.number(num, given), into);
    }

    /// A column of truths as it is to be read outside.
    pub(super) fn read_bytes(&self, byte: Byte, given: &Given<'_>, into: &mut [u8]) {
        copy(&self.byte(byte, given), into);
    }

    /// A result is taken out while it is written, so that the others can be read; no operation reads what it writes.
    fn make_number(&mut self, to: usize, given: &Given<'_>, make: impl FnOnce(&Registers, &mut [i64])) {
        let mut column = self.numbers.get_mut(to).map(std::mem::take).unwrap_or_default();
        make(self, column.get_mut(..given.rows).unwrap_or_default());
        if let Some(slot) = self.numbers.get_mut(to) {
            *slot = column;
        }
    }

    fn make_byte(&mut self, to: usize, given: &Given<'_>, make: impl FnOnce(&Registers, &mut [u8])) {
        let mut column = self.bytes.get_mut(to).map(std::mem::take).unwrap_or_default();
        make(self, column.get_mut(..given.rows).unwrap_or_default());
        if let Some(slot) = self.bytes.get_mut(to) {
            *slot = column;
        }
    }

    /// Runs one operation on a tile.
    pub(super) fn run(&mut self, op: &Op, given: &Given<'_>) {
        match op {
            Op::Linear(to, terms, constant) => self.make_number(*to, given, |all, to| {
                to.fill(*constant);
                for (num, factor) in terms {
                    add(to, &all.number(*num, given), *factor);
                }
            }),
            Op::Multiply(to, a, b) => self.two(*to, *a, *b, given, |a, b| a * b),
            Op::Least(to, a, b) => self.two(*to, *a, *b, given, i64::min),
            Op::Greatest(to, a, b) => self.two(*to, *a, *b, given, i64::max),
            Op::Lookup(to, index, table) => self.make_number(*to, given, |all, to| {
                let value = |code: u8| table.get(usize::from(code)).copied().unwrap_or(0);
                each(to, &all.byte(*index, given), value);
            }),
            Op::Choose(to, truth, [fails, open, holds]) => self.make_number(*to, given, |all, to| {
                let truth = all.byte(*truth, given);
                copy(&all.number(*open, given), to);
                pick(to, &truth, &all.number(*fails, given), 0);
                pick(to, &truth, &all.number(*holds, given), 2);
            }),
            Op::Round(to, from, multiple, divisor) => {
                self.make_number(*to, given, |all, to| match all.number(*from, given) {
                    Operand::Column(from) => multiple.column(*divisor, from.iter().copied(), to),
                    Operand::Constant(value) => to.fill(multiple.steps(value, *divisor)),
                })
            }
            Op::Tally(to, so_far, truth, least) => self.make_number(*to, given, |all, to| {
                copy(&all.number(*so_far, given), to);
                if let Operand::Column(truths) = all.byte(*truth, given) {
                    for (to, truth) in to.iter_mut().zip(truths) {
                        *to += i64::from(truth >= least);
                    }
                }
            }),
            Op::Below(..) | Op::IsZero(..) | Op::NonZero(..) => self.compare(op, given),
            Op::And(to, a, b) => self.two_bytes(*to, *a, *b, given, u8::min),
            Op::Or(to, a, b) => self.two_bytes(*to, *a, *b, given, u8::max),
            Op::Agree(to, a, b) => self.two_bytes(*to, *a, *b, given, |a, b| if a == b { a } else { 1 }),
            Op::Not(to, of) => self.make_byte(*to, given, |all, to| each(to, &all.byte(*of, given), |truth| 2 - truth)),
            Op::ChooseByte(to, truth, [fails, open, holds]) => self.make_byte(*to, given, |all, to| {
                let truth = all.byte(*truth, given);
                copy(&all.byte(*open, given), to);
                pick(to, &truth, &all.byte(*fails, given), 0);
                pick(to, &truth, &all.byte(*holds, given), 2);
            }),
        }
    }

    fn compare(&mut self, op: &Op, given: &Given<'_>) {
        match op {
            Op::Below(to, of, limit) if of.lo == of.hi => self.make_byte(*to, given, |all, to| {
                each(to, &all.number(of.hi, given), |value| u8::from(value < *limit) * 2);
            }),
            // 1, one more where even the greatest is below, one less where not even the least is.
            Op::Below(to, of, limit) => self.make_byte(*to, given, |all, to| {
                to.fill(1);
                all.mark(to, of.hi, of.hi_open, given, |hi| u8::from(hi < *limit));
                all.mark(to, of.lo, of.lo_open, given, |lo| u8::from(lo >= *limit).wrapping_neg());
            }),
            // 1, one more where both ends are zero, which each shows by half of it, one less where one end is beyond.
            Op::IsZero(to, of) => self.make_byte(*to, given, |all, to| {
                to.fill(4);
                all.mark(to, of.lo, of.lo_open, given, |lo| match lo.signum() {
                    0 => 2,
                    1 => 4u8.wrapping_neg(),
                    _ => 0,
                });
                all.mark(to, of.hi, of.hi_open, given, |hi| match hi.signum() {
                    0 => 2,
                    -1 => 4u8.wrapping_neg(),
                    _ => 0,
                });
                for truth in to {
                    // Above zero at the least, or below at the most: 0 or 2. Both ends zero: 8. One or none: 6, 4.
                    *truth = match *truth {
                        8.. => 2,
                        4..8 => 1,
                        _ => 0,
                    };
                }
            }),
            Op::NonZero(to, of) => self.make_byte(*to, given, |all, to| {
                each(to, &all.number(*of, given), |value| u8::from(value != 0));
            }),
            _ => {}
        }
    }

    /// Adds, around zero, what an end shows where it is not open.
    fn mark(&self, to: &mut [u8], end: Num, open: Option<Byte>, given: &Given<'_>, show: impl Fn(i64) -> u8) {
        let end = self.number(end, given);
        match open.map(|open| self.byte(open, given)) {
            None | Some(Operand::Constant(0)) => match end {
                Operand::Column(end) => {
                    for (to, end) in to.iter_mut().zip(end) {
                        *to = to.wrapping_add(show(*end));
                    }
                }
                Operand::Constant(end) => to.iter_mut().for_each(|to| *to = to.wrapping_add(show(end))),
            },
            Some(Operand::Constant(_)) => {}
            Some(Operand::Column(open)) => match end {
                Operand::Column(end) => {
                    for ((to, end), open) in to.iter_mut().zip(end).zip(open) {
                        *to = to.wrapping_add(show(*end) & open.wrapping_sub(1));
                    }
                }
                Operand::Constant(end) => {
                    for (to, open) in to.iter_mut().zip(open) {
                        *to = to.wrapping_add(show(end) & open.wrapping_sub(1));
                    }
                }
            },
        }
    }

    fn two(&mut self, to: usize, a: Num, b: Num, given: &Given<'_>, join: impl Fn(i64, i64) -> i64) {
        self.make_number(to, given, |all, to| {
            zip(to, &all.number(a, given), &all.number(b, given), join)
        });
    }

    fn two_bytes(&mut self, to: usize, a: Byte, b: Byte, given: &Given<'_>, join: impl Fn(u8, u8) -> u8) {
        self.make_byte(to, given, |all, to| {
            zip(to, &all.byte(a, given), &all.byte(b, given), join)
        });
    }
}

/// Adds a multiple of a column.
fn add(to: &mut [i64], from: &Operand<'_, i64>, factor: i64) {
    match (from, factor) {
        (Operand::Constant(value), _) => to.iter_mut().for_each(|to| *to += value * factor),
        (Operand::Column(from), 1) => to.iter_mut().zip(*from).for_each(|(to, from)| *to += from),
        (Operand::Column(from), -1) => to.iter_mut().zip(*from).for_each(|(to, from)| *to -= from),
        (Operand::Column(from), _) => to.iter_mut().zip(*from).for_each(|(to, from)| *to += from * factor),
    }
}

fn copy<T: Copy>(from: &Operand<'_, T>, to: &mut [T]) {
    match from {
        Operand::Column(from) => to.iter_mut().zip(*from).for_each(|(to, from)| *to = *from),
        Operand::Constant(value) => to.fill(*value),
    }
}

fn each<A: Copy, B: Copy>(to: &mut [B], from: &Operand<'_, A>, make: impl Fn(A) -> B) {
    match from {
        Operand::Column(from) => to.iter_mut().zip(*from).for_each(|(to, from)| *to = make(*from)),
        Operand::Constant(value) => to.fill(make(*value)),
    }
}

fn zip<T: Copy>(to: &mut [T], a: &Operand<'_, T>, b: &Operand<'_, T>, join: impl Fn(T, T) -> T) {
    match (a, b) {
        (Operand::Column(a), Operand::Column(b)) => {
            for ((to, a), b) in to.iter_mut().zip(*a).zip(*b) {
                *to = join(*a, *b);
            }
        }
        (Operand::Column(a), Operand::Constant(b)) => {
            to.iter_mut().zip(*a).for_each(|(to, a)| *to = join(*a, *b));
        }
        (Operand::Constant(a), Operand::Column(b)) => {
            to.iter_mut().zip(*b).for_each(|(to, b)| *to = join(*a, *b));
        }
        (Operand::Constant(a), Operand::Constant(b)) => to.fill(join(*a, *b)),
    }
}

/// Takes the elements whose truth is the one asked for.
fn pick<T: Copy>(to: &mut [T], truth: &Operand<'_, u8>, from: &Operand<'_, T>, wanted: u8) {
    let Operand::Column(truth) = truth else {
        if matches!(truth, Operand::Constant(truth) if *truth == wanted) {
            copy(from, to);
        }
        return;
    };
    match from {
        Operand::Column(from) => {
            for ((to, from), truth) in to.iter_mut().zip(*from).zip(*truth) {
                *to = if *truth == wanted { *from } else { *to };
            }
        }
        Operand::Constant(value) => {
            for (to, truth) in to.iter_mut().zip(*truth) {
                *to = if *truth == wanted { *value } else { *to };
            }
        }
    }
}
