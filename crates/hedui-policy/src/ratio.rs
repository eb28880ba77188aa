//! Exact rational numbers on `i128`, checked: an operation that does not fit says so and never wraps.
//! Leaves what an overflow means for a verdict to `interval`, which widens.

use std::cmp::Ordering;
use std::fmt;

#[cfg(test)]
mod tests;

/// Most decimals that are written out; a longer or endless decimal is written as a fraction.
const MAX_DECIMALS: usize = 12;
/// Most digits that are read: with a denominator of a power of ten both parts stay far inside `i128`.
const MAX_DIGITS: usize = 30;

/// An exact fraction in lowest terms, the denominator positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: i128,
    den: i128,
}

/// How a value is brought to a multiple of a step. Every mode is monotone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundMode {
    /// To the nearest, halves away from zero (四舍五入).
    HalfUp,
    /// To the nearest, halves to the even multiple.
    HalfEven,
    /// Towards zero: fractions are dropped.
    Down,
    /// Away from zero: fractions become a whole (见角进元).
    Up,
}

impl RoundMode {
    /// The word used in packs.
    pub fn word(self) -> &'static str {
        match self {
            RoundMode::HalfUp => "half_up",
            RoundMode::HalfEven => "half_even",
            RoundMode::Down => "down",
            RoundMode::Up => "up",
        }
    }

    /// The mode of a word.
    pub fn from_word(word: &str) -> Option<RoundMode> {
        [RoundMode::HalfUp, RoundMode::HalfEven, RoundMode::Down, RoundMode::Up]
            .into_iter()
            .find(|m| m.word() == word)
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    match (u64::try_from(a), u64::try_from(b)) {
        // Division of 128 bits is a library call; nearly all money fits 64.
        (Ok(a), Ok(b)) => u128::from(gcd64(a, b)),
        _ if b == 0 => a,
        _ => gcd(b, a % b),
    }
}

fn gcd64(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Ratio = Ratio::whole(0);
    /// One.
    pub const ONE: Ratio = Ratio::whole(1);

    /// A whole number.
    pub const fn whole(value: i64) -> Ratio {
        // Lossless; `From` is not usable in a constant.
        Ratio {
            num: value as i128,
            den: 1,
        }
    }

    /// `num / den` in lowest terms; `None` when `den` is zero or a part does not fit.
    pub fn new(num: i128, den: i128) -> Option<Ratio> {
        if den == 0 {
            return None;
        }
        if den == 1 {
            return Some(Ratio { num, den });
        }
        let common = gcd(num.unsigned_abs(), den.unsigned_abs());
        let magnitude = i128::try_from(num.unsigned_abs() / common).ok()?;
        let reduced = i128::try_from(den.unsigned_abs() / common).ok()?;
        let negative = (num < 0) != (den < 0);
        Some(Ratio {
            num: if negative { -magnitude } else { magnitude },
            den: reduced,
        })
    }

    /// Numerator, with the sign.
    pub fn num(self) -> i128 {
        self.num
    }

    /// Denominator, positive.
    pub fn den(self) -> i128 {
        self.den
    }

    /// -1, 0 or 1.
    pub fn signum(self) -> i128 {
        self.num.signum()
    }

    /// The sum.
    pub fn checked_add(self, other: Ratio) -> Option<Ratio> {
        if self.den == other.den {
            return Ratio::new(self.num.checked_add(other.num)?, self.den);
        }
        let left = self.num.checked_mul(other.den)?;
        let right = other.num.checked_mul(self.den)?;
        Ratio::new(left.checked_add(right)?, self.den.checked_mul(other.den)?)
    }

    /// The difference.
    pub fn checked_sub(self, other: Ratio) -> Option<Ratio> {
        self.checked_add(other.checked_neg()?)
    }

    /// The opposite.
    pub fn checked_neg(self) -> Option<Ratio> {
        Some(Ratio {
            num: self.num.checked_neg()?,
            den: self.den,
        })
    }

    /// The product. Shared factors are taken out first, so that it overflows only when the result does.
    pub fn checked_mul(self, other: Ratio) -> Option<Ratio> {
        let a = Ratio::new(self.num, other.den)?;
        let b = Ratio::new(other.num, self.den)?;
        Some(Ratio {
            num: a.num.checked_mul(b.num)?,
            den: a.den.checked_mul(b.den)?,
        })
    }

    /// One divided by it; `None` for zero.
    pub fn recip(self) -> Option<Ratio> {
        Ratio::new(self.den, self.num)
    }

    /// The greatest whole number not above it.
    pub fn floor(self) -> i128 {
        self.num.div_euclid(self.den)
    }

    /// The least whole number not below it; `None` when it does not fit.
    pub fn ceil(self) -> Option<i128> {
        let floor = self.floor();
        if self.den == 1 {
            Some(floor)
        } else {
            floor.checked_add(1)
        }
    }

    /// The multiple of `step` (above zero) that `mode` says.
    pub fn round(self, step: Ratio, mode: RoundMode) -> Option<Ratio> {
        let steps = self.checked_mul(step.recip()?)?;
        let magnitude = Ratio {
            num: steps.num.checked_abs()?,
            den: steps.den,
        };
        let whole = magnitude.floor();
        let rest = magnitude.checked_sub(Ratio { num: whole, den: 1 })?;
        let half = rest.cmp(&Ratio { num: 1, den: 2 });
        let up = match mode {
            RoundMode::Down => false,
            RoundMode::Up => rest.num != 0,
            RoundMode::HalfUp => half != Ordering::Less,
            RoundMode::HalfEven => half == Ordering::Greater || (half == Ordering::Equal && whole % 2 == 1),
        };
        let whole = if up { whole.checked_add(1)? } else { whole };
        let signed = if steps.num < 0 { whole.checked_neg()? } else { whole };
        Ratio { num: signed, den: 1 }.checked_mul(step)
    }

    /// Reads `3600`, `-0.25`, `1/3`, with `_` between digits; no exponent, at most 30 digits a part.
    pub fn parse(text: &str) -> Option<Ratio> {
        if let Some((num, den)) = text.split_once('/') {
            return Ratio::parse(num.trim())?.checked_mul(Ratio::parse(den.trim())?.recip()?);
        }
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (digits, ""),
        };
        if !whole.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (mut num, mut den, mut read) = (0i128, 1i128, 0usize);
        for (i, byte) in whole.bytes().chain(fraction.bytes()).enumerate() {
            match byte {
                b'_' => continue,
                b'0'..=b'9' if read < MAX_DIGITS => read += 1,
                _ => return None,
            }
            num = num.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
            if i >= whole.len() {
                den = den.checked_mul(10)?;
            }
        }
        Ratio::new(if negative { -num } else { num }, den)
    }
}

impl From<i64> for Ratio {
    fn from(value: i64) -> Ratio {
        Ratio::whole(value)
    }
}

/// Exact at every size: whole parts first, then the reciprocals of the rests, which shrink as in Euclid's algorithm.
impl Ord for Ratio {
    fn cmp(&self, other: &Ratio) -> Ordering {
        if self.den == other.den {
            return self.num.cmp(&other.num);
        }
        if let (Some(left), Some(right)) = (self.num.checked_mul(other.den), other.num.checked_mul(self.den)) {
            return left.cmp(&right);
        }
        let (mut a, mut b) = (*self, *other);
        loop {
            let (wa, wb) = (a.floor(), b.floor());
            let (ra, rb) = (a.num.rem_euclid(a.den), b.num.rem_euclid(b.den));
            match wa.cmp(&wb) {
                Ordering::Equal if ra == 0 || rb == 0 => return ra.signum().cmp(&rb.signum()),
                // Between fractions below one the greater has the smaller reciprocal: swap the sides.
                Ordering::Equal => (a, b) = (Ratio { num: b.den, den: rb }, Ratio { num: a.den, den: ra }),
                different => return different,
            }
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Ratio) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ratio {
    /// Appends `3600`, `-0.25`, or `9200/3` where the decimal does not end. Traces are made of these: no formatter is involved.
    pub fn write_to(self, text: &mut String) {
        if self.num < 0 {
            text.push('-');
        }
        let magnitude = self.num.unsigned_abs();
        let scaled = self.decimals().and_then(|(power, decimals)| {
            let factor = u128::from(power) / self.den.unsigned_abs();
            Some((magnitude.checked_mul(factor)?, u128::from(power), decimals))
        });
        match scaled {
            Some((scaled, _, 0)) => push_digits(text, scaled, 1),
            Some((scaled, power, decimals)) => {
                push_digits(text, scaled / power, 1);
                text.push('.');
                push_digits(text, scaled % power, decimals);
            }
            None => {
                push_digits(text, magnitude, 1);
                text.push('/');
                push_digits(text, self.den.unsigned_abs(), 1);
            }
        }
    }

    /// The power of ten that the denominator divides, and its exponent, where the decimal ends early enough.
    fn decimals(self) -> Option<(u64, usize)> {
        let den = u64::try_from(self.den).ok()?;
        let mut power = 1u64;
        for decimals in 0..=MAX_DECIMALS {
            if power.is_multiple_of(den) {
                return Some((power, decimals));
            }
            power = power.checked_mul(10)?;
        }
        None
    }
}

/// Appends a number with at least so many digits.
fn push_digits(text: &mut String, number: u128, least: usize) {
    // 39 digits hold every u128.
    let mut digits = [b'0'; 39];
    let mut used = 0;
    let mut large = number;
    let mut rest = loop {
        match u64::try_from(large) {
            Ok(small) => break small,
            Err(_) => {
                if let Some(digit) = digits.iter_mut().rev().nth(used) {
                    *digit = b'0' + (large % 10) as u8;
                }
                large /= 10;
                used += 1;
            }
        }
    };
    for digit in digits.iter_mut().rev().skip(used) {
        if rest == 0 {
            break;
        }
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
    }
    let shown = used.max(least).min(digits.len());
    let written = digits.get(digits.len() - shown..).unwrap_or_default();
    text.push_str(std::str::from_utf8(written).unwrap_or_default());
}

/// As [`Ratio::write_to`].
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.write_to(&mut text);
        f.write_str(&text)
    }
}
