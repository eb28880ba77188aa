//! The basic livelihood standard reckoned from a yearbook: the method of Da'an, the national floors, the low-income lines, side by side.
//! Leaves deciding on one to the government that sets it, and printing to the caller.

use hedui_core::household::Residence;
use hedui_core::verdict::Text;

use crate::mistake::Mistakes;
use crate::pack::source::{Located, Section, Source, parse};
use crate::ratio::{Ratio, RoundMode};

#[cfg(test)]
mod tests;

/// Years between the figures and the standard that rests on them.
const YEARS_AHEAD: u32 = 2;
/// Months in a year.
const MONTHS: Ratio = Ratio::whole(12);

/// A data file with every key, filled with Da'an's figures of 2014.
pub const TEMPLATE: &str = include_str!("standard/template.toml");

/// The eight categories of consumption of the yearbook, by the group that counts them together.
const CATEGORIES: [(&str, &[&str]); 3] = [
    ("two_no_worries", &["food", "clothing"]),
    (
        "three_guarantees",
        &["housing", "education_culture_entertainment", "medical"],
    ),
    ("others", &["household_goods", "transport_communication", "other"]),
];

/// What of each group counts where the file does not say: Da'an's shares.
const SHARES: [(i64, i64); 3] = [(1, 1), (1, 5), (1, 10)];

const DAAN: &str = "EU-China SPRP, Component 3, Pilot Site Volume, July 2019, Da'an: setting the standard";
const GUAN: &str = "Guan Xinping, 2017: proposals for a national floor and a low-income standard";

/// One way to a standard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alternative {
    /// Stable name, for example `consumption`.
    pub name: &'static str,
    /// For people.
    pub title: Text,
    /// The calculation with its numbers; empty for a figure that was given.
    pub numbers: String,
    /// Yuan per person and year.
    pub yearly: Ratio,
    /// Yuan per person and month, rounded to the fen, halves up.
    pub monthly: Ratio,
    /// Where the method comes from.
    pub reference: String,
    /// Whether it is one of the floors under the standard.
    pub is_floor: bool,
}

/// Everything that a data file leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standards {
    /// For which year.
    pub year: u32,
    /// For whom; `None` for urban and rural alike.
    pub residence: Option<Residence>,
    /// The ways, in a fixed order.
    pub alternatives: Vec<Alternative>,
    /// What comes out: the consumption method, raised to the highest floor that applies. Yuan per person and year.
    pub result: Ratio,
    /// The floor that raised it, by name; `None` where the method stands by itself.
    pub raised_by: Option<&'static str>,
    /// The standard now in force, where the file states it. Yuan per person and year.
    pub current: Option<Ratio>,
    /// Where the figures stand.
    pub reference: String,
}

/// The figures of a data file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Yearbook {
    year: u32,
    residence: Option<Residence>,
    reference: String,
    /// Yuan per person and year, by group.
    groups: [Ratio; 3],
    shares: [Ratio; 3],
    poverty_line: Option<Ratio>,
    medians: [Option<Ratio>; 3],
    current: Option<Ratio>,
}

/// Key in the file, name, numerator and denominator of the share, titles.
type Floor = (&'static str, &'static str, (i64, i64), (&'static str, &'static str));

/// Floors as a share of last year's provincial median disposable income.
const FLOORS: [Floor; 3] = [
    (
        "urban",
        "floor_urban",
        (1, 5),
        ("城市低保标准底线（中位收入的20%）", "floor, urban: 20 % of the median"),
    ),
    (
        "rural",
        "floor_rural",
        (3, 10),
        ("农村低保标准底线（中位收入的30%）", "floor, rural: 30 % of the median"),
    ),
    (
        "merged",
        "floor_merged",
        (1, 4),
        ("城乡统一标准底线（中位收入的25%）", "floor, merged: 25 % of the median"),
    ),
];

impl Yearbook {
    /// Reads a data file. `file` is what mistakes call it.
    ///
    /// # Errors
    /// Every mistake of the file, with line and column.
    pub fn parse(file: &str, text: &str) -> Result<Yearbook, Mistakes> {
        parse(file, text, "the file", read)
    }

    /// Reckons every alternative. `None` when a number is too large to be reckoned with.
    pub fn standards(&self) -> Option<Standards> {
        let mut alternatives = vec![self.consumption()?];
        if let Some(line) = self.poverty_line {
            let title = ("现行扶贫标准", "poverty line in force");
            alternatives.push(alternative(
                "poverty_line",
                title,
                String::new(),
                line,
                &self.reference,
                true,
            )?);
        }
        for ((key, name, (num, den), title), median) in FLOORS.into_iter().zip(self.medians) {
            let Some(median) = median else { continue };
            let share = Ratio::new(num.into(), den.into())?;
            let yearly = median.checked_mul(share)?;
            let numbers = format!("{median} × {share}");
            alternatives.push(alternative(name, title, numbers, yearly, GUAN, self.is_for(key))?);
        }
        let method = alternatives.first()?.yearly;
        let highest = alternatives.iter().filter(|a| a.is_floor).max_by_key(|a| a.yearly);
        let (result, raised_by) = match highest {
            Some(floor) if floor.yearly > method => (floor.yearly, Some(floor.name)),
            _ => (method, None),
        };
        for (name, title, (num, den)) in [
            (
                "low_income_150",
                ("低收入家庭线（低保标准的150%）", "low-income line, 150 %"),
                (3, 2),
            ),
            (
                "low_income_200",
                ("低收入家庭线（低保标准的200%）", "low-income line, 200 %"),
                (2, 1),
            ),
        ] {
            let factor = Ratio::new(num, den)?;
            let numbers = format!("{result} × {factor}");
            alternatives.push(alternative(
                name,
                title,
                numbers,
                result.checked_mul(factor)?,
                GUAN,
                false,
            )?);
        }
        Some(Standards {
            year: self.year.checked_add(YEARS_AHEAD)?,
            residence: self.residence,
            alternatives,
            result,
            raised_by,
            current: self.current,
            reference: self.reference.clone(),
        })
    }

    /// The weighted consumption of the yearbook, fractions of a yuan dropped.
    fn consumption(&self) -> Option<Alternative> {
        let (mut sum, mut numbers) = (Ratio::ZERO, String::new());
        for (group, share) in self.groups.into_iter().zip(self.shares) {
            sum = sum.checked_add(group.checked_mul(share)?)?;
            let plus = if numbers.is_empty() { "" } else { " + " };
            numbers.push_str(&format!("{plus}{group} × {share}"));
        }
        let yearly = sum.round(Ratio::ONE, RoundMode::Down)?;
        let title = (
            "消费支出加权法（两不愁、三保障、其他）",
            "weighted consumption of the yearbook",
        );
        alternative("consumption", title, numbers, yearly, DAAN, false)
    }

    /// Whether the floor of a kind of residence is one under this standard.
    fn is_for(&self, key: &str) -> bool {
        match self.residence {
            Some(Residence::Urban) => key == "urban",
            Some(Residence::Rural) => key == "rural",
            None => key == "merged",
        }
    }
}

fn alternative(
    name: &'static str,
    (zh, en): (&'static str, &'static str),
    numbers: String,
    yearly: Ratio,
    reference: &str,
    is_floor: bool,
) -> Option<Alternative> {
    let fen = Ratio::new(1, 100)?;
    let monthly = yearly.checked_mul(MONTHS.recip()?)?.round(fen, RoundMode::HalfUp)?;
    Some(Alternative {
        name,
        title: Text {
            zh: zh.into(),
            en: en.into(),
        },
        numbers,
        yearly,
        monthly,
        reference: reference.to_owned(),
        is_floor,
    })
}

fn read<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<Yearbook> {
    let head = required(source, root, "yearbook").map(|mut section| {
        let year = section.opt_whole(source, "year");
        if year.is_none() && section.take("year").is_none() {
            source.mistake(section.at(), "KEY_MISSING", "`yearbook` has no `year`");
        }
        let year = year.filter(|year| {
            let real = (1949..=9999).contains(&year.value);
            if !real {
                source.mistake(year.at, "VALUE_INVALID", "the year of the figures, for example 2014");
            }
            real
        });
        let residence = residence(source, &mut section);
        let reference = section.text(source, "reference");
        section.end(source);
        (year, residence, reference)
    });
    let groups = required(source, root, "consumption").and_then(|section| consumption(source, section));
    let shares = shares(source, root);
    let (poverty_line, medians) = floors(source, root);
    let current = root.opt_section(source, "current").and_then(|mut section| {
        let standard = amount(source, &mut section, "standard");
        section.end(source);
        standard
    });
    let (year, residence, reference) = head?;
    Some(Yearbook {
        year: year?.value,
        residence: residence?,
        reference: reference?.value,
        groups: groups?,
        shares: shares?,
        poverty_line,
        medians,
        current,
    })
}

fn required<'d, 'a>(source: &mut Source<'a>, root: &mut Section<'d, 'a>, key: &'static str) -> Option<Section<'d, 'a>> {
    if root.take(key).is_none() {
        source.mistake(0, "KEY_MISSING", format!("the file has no [{key}]"));
        return None;
    }
    root.opt_section(source, key)
}

/// Outer `None` for a mistake.
fn residence(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Option<Residence>> {
    if section.take("residence").is_none() {
        return Some(None);
    }
    let text: Located<String> = section.opt_text(source, "residence")?;
    match text.value.as_str() {
        "urban" => Some(Some(Residence::Urban)),
        "rural" => Some(Some(Residence::Rural)),
        _ => {
            let message = "residence is urban or rural; leave it out for both";
            source.mistake(text.at, "VALUE_INVALID", message);
            None
        }
    }
}

/// An amount from zero that may be left out.
fn amount(source: &mut Source<'_>, section: &mut Section<'_, '_>, key: &'static str) -> Option<Ratio> {
    section.take(key)?;
    let number = section.number(source, key)?;
    if number.value.signum() < 0 {
        source.mistake(
            number.at,
            "VALUE_NEGATIVE",
            format!("`{key}` is negative; it is an amount in yuan"),
        );
        return None;
    }
    Some(number.value)
}

/// Each group as it stands, or as the sum of all its categories.
fn consumption<'a>(source: &mut Source<'a>, mut section: Section<'_, 'a>) -> Option<[Ratio; 3]> {
    let mut groups = [None; 3];
    for (slot, (group, categories)) in groups.iter_mut().zip(CATEGORIES) {
        let whole = section.take(group).map(|value| value.span().start);
        let parts = categories.iter().filter(|key| section.take(key).is_some()).count();
        match (whole, parts) {
            (Some(at), 1..) => {
                let message = format!(
                    "`{group}` is the sum of {}; state the one or the others",
                    categories.join(", ")
                );
                source.mistake(at, "VALUE_INVALID", message);
            }
            (Some(_), 0) => *slot = amount(source, &mut section, group),
            (None, _) => *slot = sum(source, &mut section, group, categories),
        }
    }
    section.end(source);
    let [a, b, c] = groups;
    Some([a?, b?, c?])
}

fn sum(
    source: &mut Source<'_>,
    section: &mut Section<'_, '_>,
    group: &str,
    categories: &'static [&'static str],
) -> Option<Ratio> {
    let mut total = Some(Ratio::ZERO);
    for key in categories {
        if section.take(key).is_none() {
            let message = format!("`consumption` has neither `{group}` nor `{key}`");
            source.mistake(section.at(), "KEY_MISSING", message);
        }
        let part = amount(source, section, key);
        total = total.zip(part).and_then(|(sum, part)| sum.checked_add(part));
    }
    total
}

/// `[shares]`: what of each group counts, 0 to 1; Da'an's where left out.
fn shares<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<[Ratio; 3]> {
    let mut shares = [Ratio::ZERO; 3];
    let mut section = match root.take("shares") {
        Some(_) => Some(root.opt_section(source, "shares")?),
        None => None,
    };
    let mut whole = true;
    for ((slot, (key, _)), (num, den)) in shares.iter_mut().zip(CATEGORIES).zip(SHARES) {
        *slot = Ratio::new(num.into(), den.into())?;
        let Some(section) = section.as_mut() else { continue };
        if section.take(key).is_none() {
            continue;
        }
        match section.number(source, key) {
            Some(share) if share.value.signum() >= 0 && share.value <= Ratio::ONE => *slot = share.value,
            Some(share) => {
                source.mistake(
                    share.at,
                    "VALUE_INVALID",
                    format!("the share of `{key}` lies between 0 and 1"),
                );
                whole = false;
            }
            None => whole = false,
        }
    }
    if let Some(section) = section {
        section.end(source);
    }
    whole.then_some(shares)
}

/// `[floors]`: the poverty line, and the medians of the province.
fn floors<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> (Option<Ratio>, [Option<Ratio>; 3]) {
    let mut medians = [None; 3];
    let Some(mut section) = root.opt_section(source, "floors") else {
        return (None, medians);
    };
    let poverty_line = amount(source, &mut section, "poverty_line");
    if let Some(mut inner) = section.opt_section(source, "provincial_median") {
        for (slot, (key, ..)) in medians.iter_mut().zip(FLOORS) {
            *slot = amount(source, &mut inner, key);
        }
        inner.end(source);
    }
    section.end(source);
    (poverty_line, medians)
}
