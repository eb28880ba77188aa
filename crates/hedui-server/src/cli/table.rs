//! Tables and paragraphs that fit a width, with Chinese characters counted as two columns.
//! Leaves what stands in them to the callers. Rules are plain ASCII: line-drawing characters are two columns wide in some Chinese terminals.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle};

/// Narrowest width that is still respected; below it lines would be cut into syllables.
pub const MIN_WIDTH: u16 = 60;
/// Widest line; nobody reads longer ones.
pub const MAX_WIDTH: u16 = 400;

const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('-').junction('-'));

/// How a column behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Never wrapped: short codes and numbers.
    Whole,
    /// Never wrapped, numbers to the right.
    Number,
    /// Takes what is left, and wraps.
    Text,
}

/// A table with a header, no line longer than `width` as long as the whole columns leave room. Ends with a line feed.
pub fn table(headers: &[(&str, Column)], rows: Vec<Vec<String>>, indent: u16, width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(STYLE)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.max(MIN_WIDTH).saturating_sub(indent))
        .set_header(headers.iter().map(|(title, _)| *title))
        .add_rows(rows);
    for (column, (_, behaviour)) in table.column_iter_mut().zip(headers) {
        column.set_padding((0, 2));
        if *behaviour != Column::Text {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
        if *behaviour == Column::Number {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    indented(&table, indent)
}

/// A paragraph wrapped to `width`; continued lines stand under the first. Ends with a line feed.
pub fn paragraph(text: &str, indent: u16, width: u16) -> String {
    let mut table = Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width.max(MIN_WIDTH).saturating_sub(indent))
        .add_row([text]);
    for column in table.column_iter_mut() {
        column.set_padding((0, 0));
    }
    indented(&table, indent)
}

/// A paragraph with a mark before it, such as a bullet or a number; continued lines stand under the text.
pub fn item(mark: &str, text: &str, indent: u16, width: u16) -> String {
    let hang = u16::try_from(mark.chars().count() + 1).unwrap_or(2);
    let wrapped = paragraph(text, indent + hang, width);
    let start = " ".repeat(usize::from(indent));
    format!("{start}{mark} {}", wrapped.trim_start())
}

fn indented(table: &Table, indent: u16) -> String {
    let start = " ".repeat(usize::from(indent));
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(&start);
        text.push_str(line.trim_end());
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}
