//! Units as types: a unit is how often yuan, persons, months, years, pieces and square metres are multiplied or divided in it, and whether an
//! amount is gross: then it is never added to or compared with a net one.
//! Leaves which value has which unit to the vocabulary and the packs.

use std::fmt;

#[cfg(test)]
mod tests;

/// The words of a unit: in the singular as divisors, in the plural for people, in the order of the exponents.
const WORDS: [(&str, &str); 6] = [
    ("yuan", "yuan"),
    ("person", "persons"),
    ("month", "months"),
    ("year", "years"),
    ("piece", "pieces"),
    ("sqm", "sqm"),
];

/// What stands behind the unit of an amount before anything was taken off. Without it an amount is net, or has nothing to take off.
const GROSS: &str = "gross";

/// A unit as exponents of yuan, person, month, year, piece and square metre, and of gross, which is a dimension like these: half of a gross
/// amount is gross, and of two gross amounts the ratio is a pure number. Equal exponents, equal unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Unit([i8; 7]);

impl Unit {
    /// A pure number.
    pub const RATIO: Unit = Unit([0; 7]);
    /// Money at a date, or of an unnamed period.
    pub const YUAN: Unit = Unit([1, 0, 0, 0, 0, 0, 0]);
    /// Money a month.
    pub const YUAN_PER_MONTH: Unit = Unit([1, 0, -1, 0, 0, 0, 0]);
    /// Money a year.
    pub const YUAN_PER_YEAR: Unit = Unit([1, 0, 0, -1, 0, 0, 0]);
    /// People.
    pub const PERSONS: Unit = Unit([0, 1, 0, 0, 0, 0, 0]);
    /// Months.
    pub const MONTHS: Unit = Unit([0, 0, 1, 0, 0, 0, 0]);
    /// Years, of age too.
    pub const YEARS: Unit = Unit([0, 0, 0, 1, 0, 0, 0]);
    /// Months in a year.
    pub const MONTHS_PER_YEAR: Unit = Unit([0, 0, 1, -1, 0, 0, 0]);
    /// Square metres.
    pub const SQUARE_METRES: Unit = Unit([0, 0, 0, 0, 0, 1, 0]);
    /// What makes an amount gross.
    const GROSS: Unit = Unit([0, 0, 0, 0, 0, 0, 1]);
    /// Things counted.
    pub const PIECES: Unit = Unit([0, 0, 0, 0, 1, 0, 0]);

    fn combine(self, other: Unit, sign: i8) -> Option<Unit> {
        let mut exponents = self.0;
        for (a, b) in exponents.iter_mut().zip(other.0) {
            *a = a.checked_add(b.checked_mul(sign)?)?;
        }
        Some(Unit(exponents))
    }

    /// The unit of a product; `None` when an exponent leaves -128 to 127.
    pub fn times(self, other: Unit) -> Option<Unit> {
        self.combine(other, 1)
    }

    /// The unit of a quotient; `None` when an exponent leaves -128 to 127.
    pub fn per(self, other: Unit) -> Option<Unit> {
        self.combine(other, -1)
    }

    /// Reads `yuan/person/month`, `persons`, `ratio`, `months/year`, `1/month`: one word or 1, then divisors; singular and plural are the same.
    /// Behind money ` gross` may stand: `yuan/month gross`.
    pub fn parse(text: &str) -> Option<Unit> {
        if let Some(net) = text.strip_suffix(GROSS) {
            let net = net.strip_suffix(char::is_whitespace).and_then(Unit::parse)?;
            return net
                .is_money()
                .then(|| net.times(Unit::GROSS))
                .flatten()
                .filter(|unit| unit.is_gross());
        }
        let mut parts = text.split('/').map(str::trim);
        let mut unit = match parts.next()? {
            "ratio" | "1" => Unit::RATIO,
            word => Unit::word(word)?,
        };
        for word in parts {
            unit = unit.per(Unit::word(word)?)?;
        }
        Some(unit)
    }

    fn word(word: &str) -> Option<Unit> {
        let position = WORDS.iter().position(|(one, many)| word == *one || word == *many)?;
        let mut exponents = [0; 7];
        *exponents.get_mut(position)? = 1;
        Some(Unit(exponents))
    }

    /// How far it is from a pure number.
    fn size(self) -> u32 {
        self.0.iter().map(|exponent| u32::from(exponent.unsigned_abs())).sum()
    }

    /// Whether it is money, perhaps divided by something.
    pub fn is_money(self) -> bool {
        let Unit([yuan, ..]) = self;
        yuan == 1
    }

    /// Whether it is an amount of which nothing was taken off yet.
    pub fn is_gross(self) -> bool {
        let Unit([.., gross]) = self;
        gross == 1
    }

    /// The same amount once everything is taken off that must be; `None` where it is not gross.
    pub fn net(self) -> Option<Unit> {
        self.is_gross().then(|| self.per(Unit::GROSS)).flatten()
    }

    /// A hint for two units that do not fit, where a usual slip explains it, or several at once: yearly income of the household against a monthly
    /// standard of a person.
    pub fn conversion_hint(self, other: Unit) -> Option<String> {
        let between = self.per(other)?;
        if let Some(slips) = slips(between) {
            return Some(slips);
        }
        let either = |unit: Unit| between == unit || Some(between) == Unit::RATIO.per(unit);
        let hint = if either(Unit::MONTHS) {
            "multiply or divide by a parameter in months, for example a limit of 24 months of the standard"
        } else if either(Unit::YEARS) {
            "multiply or divide by a parameter in years, for example a limit of 1 year of the standard"
        } else if self == Unit::RATIO || other == Unit::RATIO {
            "a bare number is a ratio; put the figure into a [[parameter]] with its unit"
        } else {
            return None;
        };
        Some(hint.to_owned())
    }
}

/// The usual slips, and what mends each.
const SLIPS: [(Unit, &str); 3] = [
    (
        Unit::GROSS,
        "one amount is gross, the other net; take off what comes off: net_of(gross, deductions)",
    ),
    (
        Unit::MONTHS_PER_YEAR,
        "multiply or divide by months_per_year (12 months/year) to convert between months and years",
    ),
    (
        Unit::PERSONS,
        "multiply or divide by persons to convert between the household and one person",
    ),
];

/// The slips that lie between two units, each made once at most; none where they do not explain it.
fn slips(between: Unit) -> Option<String> {
    let mut left = between;
    let mut found = Vec::new();
    for (slip, mend) in SLIPS {
        let [up, down] = [left.per(slip)?, left.times(slip)?];
        if let Some(nearer) = [up, down].into_iter().find(|unit| unit.size() < left.size()) {
            left = nearer;
            found.push(mend);
        }
    }
    (left == Unit::RATIO && !found.is_empty()).then(|| found.join("; "))
}

/// `yuan/person/month`, `persons`, `months/year`, `ratio`, `yuan/month gross`.
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (exponent, (_, many)) in self.0.into_iter().zip(WORDS) {
            for _ in 0..exponent.max(0) {
                f.write_str(if first { "" } else { "*" })?;
                f.write_str(many)?;
                first = false;
            }
        }
        if first {
            f.write_str(if self.0.iter().take(WORDS.len()).all(|exponent| *exponent == 0) {
                "ratio"
            } else {
                "1"
            })?;
        }
        for (exponent, (one, _)) in self.0.into_iter().zip(WORDS) {
            for _ in exponent.min(0)..0 {
                write!(f, "/{one}")?;
            }
        }
        match self.0 {
            [.., 0] => Ok(()),
            [.., 1] => write!(f, " {GROSS}"),
            [.., power] => write!(f, " {GROSS}^{power}"),
        }
    }
}
