//! Whether the rows of an answer are all that there are: a service that sends pages says so beside the rows, above them, or in a header.
//! Leaves finding the rows to `reply`. No page but the first is ever asked for, so an answer that is a page is a failure.

use std::ptr;

use hedui_core::Failure;
use jsonpath_rust::JsonPath as _;
use reqwest::header::{HeaderMap, LINK};
use serde_json::{Map, Value as Json};

use crate::manifest::RowTotal;
use crate::reason::Reason;

/// Names of the number of all rows, beside their list or above it; in lower case, without marks between the words.
const TOTALS: &[&str] = &[
    "total",
    "totalcount",
    "totalelements",
    "totalhits",
    "totalitems",
    "totalnum",
    "totalnumber",
    "totalrecord",
    "totalrecords",
    "totalresults",
    "totalrow",
    "totalrows",
    "totalsize",
    "recordstotal",
    "recordsfiltered",
    "recordcount",
    "rowcount",
    "numfound",
    "odata.count",
    "zjls",
    "zts",
    "总数",
    "总条数",
    "总记录数",
    "记录总数",
];
/// Names that mean the same right beside the list only: higher up they count something else.
const COUNTS: &[&str] = &["count", "records"];
/// Names of the number of pages.
const PAGES: &[&str] = &["pages", "pagecount", "totalpage", "totalpages"];
/// Names of how many rows a page holds: one that is full may have a next one.
const PAGE_SIZES: &[&str] = &["pagesize", "perpage", "limit"];
/// Names of a yes to there being more.
const MORE: &[&str] = &[
    "hasmore",
    "hasnext",
    "hasnextpage",
    "havemore",
    "truncated",
    "istruncated",
    "partial",
    "incomplete",
    "incompleteresults",
];
/// Names of a no to this being the last page.
const LAST: &[&str] = &["last", "islast", "lastpage", "islastpage"];
/// Names of where the next page begins.
const NEXT: &[&str] = &["nextlink", "odata.nextlink", "nextpagetoken", "nextcursor", "nexttoken"];
/// Headers with the number of all rows.
const TOTAL_HEADERS: &[&str] = &["x-total-count", "x-total"];

/// The lists of rows in an answer.
pub(super) struct Lists<'j> {
    /// What holds rows: lists, or single rows.
    pub(super) rows: Vec<&'j Json>,
    /// What holds the lists, where an empty list is not there.
    pub(super) holders: Vec<&'j Json>,
}

fn part(of: impl std::fmt::Display) -> Failure {
    Reason::SourceIncomplete.failure_at(format_args!(
        "{of}: ask for all rows at once, by the size of a page in url or body; where this counts something else, write total = \"none\""
    ))
}

/// Whether the answer says that there are more rows than it holds.
///
/// # Errors
/// It does, or does not say how many there are where the manifest says that it does.
pub(super) fn check(tree: &Json, lists: &Lists<'_>, total: &RowTotal) -> Result<(), Failure> {
    let mut seen = Seen {
        lists,
        total,
        full: None,
        settled: false,
    };
    let received = seen.below(tree)?.unwrap_or(0);
    if let RowTotal::At(path) = total {
        let silent = || Reason::SourceUnreadable.failure_at("the answer does not say how many rows there are (total)");
        let said = tree
            .query(path)
            .map_err(|_| Reason::SourceError.failure_at("total path"))?;
        let numbers: Option<Vec<u64>> = said.into_iter().map(whole).collect();
        let numbers = numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(silent)?;
        if numbers.into_iter().fold(0, u64::saturating_add) > received as u64 {
            return Err(part(format_args!("{received} rows were sent, and total is more")));
        }
    }
    match seen.full {
        Some(name) if !seen.settled => Err(part(format_args!(
            "a page is full ({name}), and nothing says that it is the last"
        ))),
        _ => Ok(()),
    }
}

/// What was seen on the way to the lists.
struct Seen<'s, 'j> {
    lists: &'s Lists<'j>,
    total: &'s RowTotal,
    /// By which name a page is full.
    full: Option<&'static str>,
    /// Whether something says that there are no more rows.
    settled: bool,
}

impl Seen<'_, '_> {
    /// How many rows stand in a part of the answer; none where no list of them can. What stands in rows is their own affair.
    fn below(&mut self, part: &Json) -> Result<Option<usize>, Failure> {
        if self.lists.rows.iter().any(|rows| ptr::eq(*rows, part)) {
            return Ok(Some(match part {
                Json::Array(rows) => rows.len(),
                Json::Null => 0,
                _ => 1,
            }));
        }
        let mut count = self
            .lists
            .holders
            .iter()
            .any(|holder| ptr::eq(*holder, part))
            .then_some(0);
        let mut beside = count.is_some();
        match part {
            // Rows that were chosen out of a list came with the others.
            Json::Array(items) if items.iter().any(|item| item.is_object() && self.is_row(item)) => {
                count = Some(items.len())
            }
            Json::Array(items) => {
                for item in items {
                    count = added(count, self.below(item)?);
                }
            }
            Json::Object(fields) => {
                for value in fields.values() {
                    beside |= self.is_row(value);
                    count = added(count, self.below(value)?);
                }
                if let Some(received) = count {
                    self.object(fields, received as u64, beside)?;
                }
            }
            _ => {}
        }
        Ok(count)
    }

    fn is_row(&self, part: &Json) -> bool {
        self.lists.rows.iter().any(|rows| ptr::eq(*rows, part))
    }

    /// What an object that holds so many rows says of them; `beside` where it holds their list itself.
    fn object(&mut self, fields: &Map<String, Json>, received: u64, beside: bool) -> Result<(), Failure> {
        let named: Vec<(String, &Json)> = fields.iter().map(|(name, value)| (plain(name), value)).collect();
        for (name, value) in of(&named, MORE) {
            match flag(value) {
                Some(true) => return Err(part(format_args!("{name} says that there are more rows"))),
                said => self.settled |= said.is_some(),
            }
        }
        if *self.total == RowTotal::Nowhere {
            return Ok(());
        }
        let counted = match self.total {
            RowTotal::At(_) => true,
            _ => counted(&named, received, beside)?,
        };
        self.settled |= counted | pages(&named, counted)?;
        let full = |value: &Json| received > 0 && whole(value) == Some(received);
        let full = of(&named, PAGE_SIZES).find(|(_, value)| full(value));
        self.full = self.full.or(full.map(|(name, _)| name));
        Ok(())
    }
}

type Named<'j> = [(String, &'j Json)];

/// The fields that have one of these names.
fn of<'n, 'j>(
    named: &'n Named<'j>,
    names: &'static [&'static str],
) -> impl Iterator<Item = (&'static str, &'j Json)> + 'n {
    let known = |name: &str| names.iter().find(|known| **known == name).copied();
    named
        .iter()
        .filter_map(move |(name, value)| Some((known(name)?, *value)))
}

/// Whether a number of all rows stands there; a failure where it is more than these.
fn counted(named: &Named<'_>, received: u64, beside: bool) -> Result<bool, Failure> {
    // Of a table that was searched, the other is the whole.
    let searched = named.iter().any(|(name, _)| name == "recordsfiltered");
    let totals = of(named, TOTALS).filter(|(name, _)| !(searched && *name == "recordstotal"));
    let mut counted = false;
    for (name, value) in totals.chain(of(named, COUNTS).filter(|_| beside)) {
        let Some(said) = whole(value) else { continue };
        if said > received {
            return Err(part(format_args!("{received} rows were sent, and {name} is more")));
        }
        counted = true;
    }
    Ok(counted)
}

/// Whether it is said that no page follows; a failure where one does.
fn pages(named: &Named<'_>, counted: bool) -> Result<bool, Failure> {
    let mut settled = false;
    for (name, value) in of(named, PAGES) {
        let Some(said) = whole(value) else { continue };
        if said > 1 {
            return Err(part(format_args!("{name} is more than one")));
        }
        settled = true;
    }
    let token = |value: &Json| value.as_str().is_some_and(|text| !text.trim().is_empty());
    let is_address = |text: &str| text.starts_with(['/', '?']) || text.starts_with("http");
    let address = |value: &Json| value.as_str().is_some_and(is_address);
    let token = of(named, NEXT).find(|(_, value)| token(value));
    let address = of(named, &["next"]).find(|(_, value)| address(value));
    if let Some((name, _)) = token.or(address) {
        return Err(part(format_args!("{name} says where more rows are")));
    }
    // The number of the last page is no flag.
    for (name, value) in of(named, LAST).filter(|(_, value)| !value.is_number()) {
        match flag(value) {
            // Of no page at all some services say that it is not the last.
            Some(false) if !(counted || settled) => {
                return Err(part(format_args!("{name} says that there are more rows")));
            }
            said => settled |= said == Some(true),
        }
    }
    Ok(settled)
}

/// What the head of an answer says of its rows.
pub(super) struct Head {
    total: Option<u64>,
    part: Option<&'static str>,
}

impl Head {
    pub(super) fn of(status: u16, headers: &HeaderMap) -> Head {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let next = headers
            .get_all(LINK)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|link| {
                let link = link.to_ascii_lowercase();
                link.contains("rel=\"next\"") || link.contains("rel=next")
            });
        Head {
            total: TOTAL_HEADERS.iter().find_map(|name| text(name)?.trim().parse().ok()),
            part: match status {
                206 => Some("status 206"),
                _ if next => Some("the header Link says where more rows are"),
                _ => None,
            },
        }
    }

    /// # Errors
    /// It says that there are more rows than these.
    pub(super) fn check(&self, received: usize, total: &RowTotal) -> Result<(), Failure> {
        match (self.part, self.total) {
            _ if *total == RowTotal::Nowhere => Ok(()),
            (Some(what), _) => Err(part(what)),
            (None, Some(said)) if *total == RowTotal::Usual && said > received as u64 => Err(part(format_args!(
                "{received} rows were sent, and the header of the total says more"
            ))),
            _ => Ok(()),
        }
    }
}

fn added(count: Option<usize>, more: Option<usize>) -> Option<usize> {
    match (count, more) {
        (Some(count), Some(more)) => Some(count + more),
        (count, more) => count.or(more),
    }
}

/// A name without what services put between and before its words.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| !matches!(c, '_' | '-' | '@' | '$'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// A whole number, also as text, as an element beside attributes, or as search engines write it.
fn whole(value: &Json) -> Option<u64> {
    match value {
        Json::Number(number) => {
            let digits = number.to_string();
            digits.strip_suffix(".0").unwrap_or(&digits).parse().ok()
        }
        Json::String(text) => text.trim().replace([',', '，'], "").parse().ok(),
        Json::Object(fields) => fields
            .get("value")
            .or(fields.get("#text"))
            .filter(|v| !v.is_object())
            .and_then(whole),
        _ => None,
    }
}

fn flag(value: &Json) -> Option<bool> {
    let text = match value {
        Json::Bool(flag) => return Some(*flag),
        Json::Number(number) => number.to_string(),
        Json::String(text) => text.trim().to_ascii_lowercase(),
        _ => return None,
    };
    match text.as_str() {
        "true" | "1" | "y" | "yes" | "是" => Some(true),
        "false" | "0" | "n" | "no" | "否" => Some(false),
        _ => None,
    }
}
