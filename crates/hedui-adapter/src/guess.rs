//! A first mapping for a source that nobody has described yet: which column is what, by names and forms. Whoever connects the department
//! checks it; everything that was assumed is said.
//! Leaves looking at the source to `source::inspect` and writing it down to `begin`.

mod codes;
#[cfg(test)]
pub(crate) mod tests;
mod words;

use hedui_core::RecordType;

use crate::mapping::{DateFormat, Field, FieldKind, fields};
use crate::source::inspect::{ColumnShape, Shape, TableShape};

/// A guessed mapping.
#[derive(Clone, Debug)]
pub struct Guess {
    /// What the rows are.
    pub record_type: RecordType,
    /// Column of the resident ID.
    pub id_number: String,
    /// Column of the name.
    pub name: Option<String>,
    /// Column of the department's own key.
    pub reference: Option<String>,
    /// Where the fields come from, in the order of the record.
    pub fields: Vec<(Field, From)>,
    /// What was assumed, and what stays open: for whoever checks it. Names columns, codes and fields, never a person's value.
    pub notes: Vec<String>,
}

/// Where a field comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// A column.
    Column {
        /// Its name.
        column: String,
        /// Codes of the source and our words.
        codes: Vec<(String, String)>,
        /// How dates are written.
        format: Option<DateFormat>,
        /// The unit of an amount or area, where it is not the kind's own.
        unit: Option<&'static str>,
    },
    /// The same for every row.
    Value(String),
}

/// Why no mapping can be guessed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GuessError {
    /// No column looks like a resident ID.
    #[error("no column holds resident IDs; name it: --map id_number=COLUMN. Columns: {columns}")]
    NoIdNumber {
        /// All of them.
        columns: String,
    },
    /// A record cannot do without a field that no column looks like.
    #[error(
        "a {record_type} cannot do without {field}, and no column looks like it; name it: --map {field}=COLUMN, or choose another type with --records. Columns: {columns}"
    )]
    NoColumn {
        /// The type.
        record_type: &'static str,
        /// The field.
        field: &'static str,
        /// The columns that are left.
        columns: String,
    },
    /// No type of record has a name in common with the columns.
    #[error("no type of record fits these columns; choose one with --records. Columns: {columns}")]
    NoType {
        /// All of them.
        columns: String,
    },
    /// `--map` names a column or a field that is not there.
    #[error("--map {field}={column}: {problem}")]
    BadMap {
        /// The field.
        field: String,
        /// The column.
        column: String,
        /// What is wrong.
        problem: &'static str,
    },
}

/// A column that was named by hand for a field.
pub type Named = (String, String);

/// A word that registers write, as this crate knows it.
pub(crate) fn known_word(text: &str) -> Option<&'static str> {
    let all = codes::CODES.iter().flat_map(|(_, _, codes)| codes.iter());
    all.map(|(code, _)| *code)
        .find(|code| *code == text && !code.is_ascii())
}

/// As names are compared: lower case, letters and digits only, the last part of a nested name, what stands in parentheses left out.
fn plain(name: &str) -> String {
    let last = name.rsplit('.').next().unwrap_or(name);
    let before = last.split(['（', '(']).next().unwrap_or(last);
    before
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// How well a column's name says one of these; 0 for not at all.
fn likeness(column: &str, names: &[&str]) -> usize {
    let column = plain(column);
    let one = |(rank, name): (usize, &&str)| {
        let name = plain(name);
        let telling = if name.is_ascii() {
            name.len() >= 4
        } else {
            name.chars().count() >= 2
        };
        match () {
            () if column == name => 1_000 - rank,
            () if telling && column.contains(&name) => 100 + name.chars().count(),
            () => 0,
        }
    };
    names.iter().enumerate().map(one).max().unwrap_or(0)
}

fn all(columns: &[ColumnShape]) -> String {
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    names.join(", ")
}

/// How well a column fits a field, by name and form.
fn fit(column: &ColumnShape, record_type: RecordType, field: Field) -> usize {
    let form = match (field.kind, &column.shape) {
        (_, Shape::Empty) => true,
        (FieldKind::Text, shape) => *shape != Shape::IdNumber || field.name.ends_with("id_number"),
        (FieldKind::Date, shape) => matches!(shape, Shape::Date(_)),
        (FieldKind::Money | FieldKind::SquareMetres | FieldKind::Mu, shape) => numeric(shape),
        (FieldKind::Number(..), Shape::Words(_)) => true,
        (FieldKind::Number(..), shape) => numeric(shape),
        (FieldKind::Word(_) | FieldKind::Flag, shape) => {
            matches!(shape, Shape::Codes(_) | Shape::Words(_) | Shape::Text | Shape::Integer)
        }
    };
    if !form {
        return 0;
    }
    let names = words::FIELDS
        .iter()
        .filter(|(of, name, _)| of.is_none_or(|of| of == record_type) && *name == field.name)
        .map(|(of, _, names)| match likeness(&column.name, names) {
            0 => 0,
            like => like * 2 + usize::from(of.is_some()),
        })
        .max()
        .unwrap_or(0);
    names.max(likeness(&column.name, &[field.name]) * 2)
}

fn numeric(shape: &Shape) -> bool {
    match shape {
        Shape::Integer | Shape::Decimal => true,
        Shape::Codes(codes) => codes.iter().all(|code| code.bytes().all(|b| b.is_ascii_digit())),
        // 201905 is a month, and an amount.
        Shape::Date(DateFormat::Compact | DateFormat::CompactMonth) => true,
        _ => false,
    }
}

/// The type of record that most columns speak of.
fn likely_type(columns: &[ColumnShape]) -> Option<RecordType> {
    let score = |of: RecordType| -> usize {
        let best = fields(of).iter().map(|field| {
            let best = columns.iter().map(|column| fit(column, of, *field)).max().unwrap_or(0);
            // A column that only this type has says more than a date, and an amount that is missing speaks against it.
            match (best, field.required) {
                (0, true) if matches!(field.kind, FieldKind::Word(_)) => 0,
                (best, required) => best * (1 + usize::from(required)) + best % 2 * 500,
            }
        });
        best.sum()
    };
    let scored = RecordType::ALL.iter().map(|of| (score(*of), *of));
    let lacks = |of: RecordType| {
        let without = |field: &&Field| field.required && !matches!(field.kind, FieldKind::Word(_));
        let missing = |field: &Field| columns.iter().all(|column| fit(column, of, *field) == 0);
        fields(of).iter().filter(without).any(missing)
    };
    let best = scored.filter(|(score, of)| *score > 0 && !lacks(*of));
    best.max_by_key(|(score, of)| (*score, std::cmp::Reverse(*of as u32)))
        .map(|(_, of)| of)
}

/// A mapping of a table's columns to a type of record, the likeliest where none is given. `named` are columns that somebody named.
///
/// # Errors
/// The table holds nobody's ID, or nothing that a record could be made of.
pub fn guess(table: &TableShape, wanted: Option<RecordType>, named: &[Named]) -> Result<Guess, GuessError> {
    let columns = table.columns.as_slice();
    for (field, column) in named {
        let problem = if !columns.iter().any(|c| c.name == *column) {
            "the source has no such column"
        } else if wanted.is_some_and(|of| !known_field(of, field)) {
            "the record has no such field (identity: id_number, name; the key: reference)"
        } else {
            continue;
        };
        let (field, column) = (field.clone(), column.clone());
        return Err(GuessError::BadMap { field, column, problem });
    }
    let by_hand = |field: &str| named.iter().find(|(f, _)| f == field).map(|(_, column)| column.clone());
    let id_number = by_hand("id_number").or_else(|| id_column(columns));
    let id_number = id_number.ok_or_else(|| GuessError::NoIdNumber { columns: all(columns) })?;
    let mut left: Vec<&ColumnShape> = columns.iter().filter(|c| c.name != id_number).collect();
    let name = by_hand("name_of_person").or_else(|| best_name(&left, words::NAME));
    left.retain(|c| Some(&c.name) != name.as_ref());
    let record_type = wanted.or_else(|| likely_type(&left.iter().map(|c| (*c).clone()).collect::<Vec<_>>()));
    let record_type = record_type.ok_or_else(|| GuessError::NoType { columns: all(columns) })?;
    let mut guess = Guess {
        record_type,
        id_number,
        name,
        reference: None,
        fields: Vec::new(),
        notes: Vec::new(),
    };
    let chosen = assign(&left, record_type, named);
    left.retain(|c| !chosen.iter().any(|(_, column)| column.name == c.name));
    guess.reference = by_hand("reference").or_else(|| best_name(&left, words::REFERENCE));
    left.retain(|c| Some(&c.name) != guess.reference.as_ref());
    for field in fields(record_type) {
        match chosen.iter().find(|(name, _)| *name == field.name) {
            Some((_, column)) => {
                let from = read(column, record_type, *field, &mut guess.notes);
                guess.fields.push((*field, from));
            }
            None if field.required => {
                let value = assumed(*field).ok_or_else(|| GuessError::NoColumn {
                    record_type: record_type.word(),
                    field: field.name,
                    columns: left.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", "),
                })?;
                guess.notes.push(format!(
                    "{}: no column looks like it; every row counts as {value:?}",
                    field.name
                ));
                guess.fields.push((*field, From::Value(value)));
            }
            None => {}
        }
    }
    if guess.name.is_none() {
        guess
            .notes
            .push("no column looks like a name: nobody notices an ID under another name".to_owned());
    }
    if !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|c| c.name.as_str()).collect();
        guess.notes.push(format!("not used: {}", names.join(", ")));
    }
    Ok(guess)
}

fn known_field(of: RecordType, field: &str) -> bool {
    ["id_number", "name_of_person", "reference"].contains(&field) || fields(of).iter().any(|f| f.name == field)
}

fn about_others(column: &str) -> bool {
    let column = plain(column);
    words::OTHERS
        .iter()
        .any(|other| column.starts_with(other) && column.len() > other.len())
}

fn id_column(columns: &[ColumnShape]) -> Option<String> {
    let own = |c: &&ColumnShape| !about_others(&c.name);
    let by_form = columns.iter().filter(own).filter(|c| c.shape == Shape::IdNumber);
    let by_form = by_form.rev().max_by_key(|c| likeness(&c.name, words::ID_NUMBER));
    let by_name = || {
        let empty = columns
            .iter()
            .filter(own)
            .filter(|c| matches!(c.shape, Shape::Empty | Shape::Text));
        let named = empty
            .map(|c| (likeness(&c.name, words::ID_NUMBER), c))
            .filter(|(score, _)| *score > 0);
        named.max_by_key(|(score, _)| *score).map(|(_, c)| c)
    };
    by_form.or_else(by_name).map(|c| c.name.clone())
}

fn best_name(columns: &[&ColumnShape], names: &[&str]) -> Option<String> {
    let own = columns
        .iter()
        .filter(|c| !about_others(&c.name) && c.shape != Shape::IdNumber);
    let scored = own
        .map(|c| (likeness(&c.name, names), *c))
        .filter(|(score, _)| *score > 0);
    scored.max_by_key(|(score, _)| *score).map(|(_, c)| c.name.clone())
}

/// Each column for at most one field, the surest first.
fn assign<'c>(columns: &[&'c ColumnShape], of: RecordType, named: &[Named]) -> Vec<(&'static str, &'c ColumnShape)> {
    let mut pairs: Vec<(usize, usize, usize)> = Vec::new();
    for (f, field) in fields(of).iter().enumerate() {
        for (c, column) in columns.iter().enumerate() {
            let by_hand = named
                .iter()
                .any(|(name, column_name)| name == field.name && *column_name == column.name);
            let score = if by_hand { usize::MAX } else { fit(column, of, *field) };
            if score > 0 {
                pairs.push((score, f, c));
            }
        }
    }
    pairs.sort_by_key(|(score, f, c)| (std::cmp::Reverse(*score), *f, *c));
    let mut chosen: Vec<(&'static str, &'c ColumnShape)> = Vec::new();
    for (_, f, c) in pairs {
        if let (Some(field), Some(column)) = (fields(of).get(f), columns.get(c))
            && !chosen
                .iter()
                .any(|(name, taken)| *name == field.name || taken.name == column.name)
        {
            chosen.push((field.name, column));
        }
    }
    chosen
}

/// How a column is read as a field.
fn read(column: &ColumnShape, of: RecordType, field: Field, notes: &mut Vec<String>) -> From {
    let mut codes = Vec::new();
    let (mut format, mut unit) = (None, None);
    match (field.kind, &column.shape) {
        (FieldKind::Date, Shape::Date(seen)) => format = Some(*seen),
        (FieldKind::Date, _) => notes.push(format!(
            "{}: no date was seen in {}; YYYY-MM-DD is assumed",
            field.name, column.name
        )),
        (FieldKind::Money, _) => unit = money_unit(&column.name, field.name, notes),
        (FieldKind::Word(_) | FieldKind::Flag | FieldKind::Number(..), Shape::Codes(seen) | Shape::Words(seen)) => {
            codes = coded(of, field, seen, &column.name, notes);
        }
        (FieldKind::Word(_), _) => {
            codes = known_codes(of, field);
            notes.push(format!(
                "{}: the codes of {} were not seen; what a code does not list makes the answer a failure",
                field.name, column.name
            ));
        }
        _ => {}
    }
    let column = column.name.clone();
    From::Column {
        column,
        codes,
        format,
        unit,
    }
}

fn money_unit(column: &str, field: &str, notes: &mut Vec<String>) -> Option<&'static str> {
    let lower = column.to_lowercase();
    if lower.contains('万') || lower.ends_with("wan") {
        return Some("wan_yuan");
    }
    if lower.ends_with("fen") || lower.contains("（分）") || lower.contains("(分)") {
        return Some("fen");
    }
    if !lower.contains('元') && !lower.contains("yuan") {
        notes.push(format!("{field}: {column} is taken to be in yuan"));
    }
    None
}

fn known_codes(of: RecordType, field: Field) -> Vec<(String, String)> {
    let listed = codes::CODES
        .iter()
        .filter(|(t, name, _)| *t == of && *name == field.name);
    listed
        .flat_map(|(_, _, codes)| codes.iter())
        .map(|(code, word)| ((*code).to_owned(), (*word).to_owned()))
        .collect()
}

/// The words for the codes that were seen; those that nobody knows are said.
fn coded(
    of: RecordType,
    field: Field,
    seen: &[String],
    column: &str,
    notes: &mut Vec<String>,
) -> Vec<(String, String)> {
    let known = known_codes(of, field);
    let vocabulary = match field.kind {
        FieldKind::Word(words) => words(),
        FieldKind::Flag => vec!["true", "false", "1", "0"],
        _ => Vec::new(),
    };
    let is_plain = |code: &str| match field.kind {
        FieldKind::Number(low, high) => code.parse::<u32>().is_ok_and(|n| (low..=high).contains(&n)),
        _ => vocabulary.contains(&code),
    };
    if seen.iter().all(|code| is_plain(code)) {
        return Vec::new();
    }
    let mut codes = Vec::new();
    let mut unknown = Vec::new();
    for code in seen {
        let word = known.iter().find(|(c, _)| c == code).map(|(_, word)| word.clone());
        let word = word.or_else(|| {
            vocabulary
                .iter()
                .find(|w| **w == code.to_lowercase())
                .map(|w| (*w).to_owned())
        });
        match word {
            Some(word) => codes.push((code.clone(), word)),
            None => unknown.push(code.as_str()),
        }
    }
    if !unknown.is_empty() {
        notes.push(format!(
            "{}: {column} also holds {}; say what they mean, rows with them make the answer a failure",
            field.name,
            unknown.join(", ")
        ));
    }
    codes
}

/// What a register without the column means.
fn assumed(field: Field) -> Option<String> {
    let FieldKind::Word(words) = field.kind else {
        return None;
    };
    let words = words();
    let found = codes::ASSUMED.iter().find(|word| words.contains(*word));
    found.or(words.first()).map(|word| (*word).to_owned())
}
