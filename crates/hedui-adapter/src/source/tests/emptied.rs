//! Files in which nobody stands: an export that failed, a column of something else. Nobody has no record in them.
//! Leaves single lines that are nobody's to the tests of drops.

use std::path::Path;

use super::{LONG, ask, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter, Outcome};
use crate::manifest::Manifest;
use crate::samples::materialise;

pub(super) const HEADER: [&str; 5] = ["who", "name", "what", "amount", "day"];
pub(super) const STRANGER: [&str; 5] = ["110101199003077774", "n", "p", "1", "2019-03-01"];

/// The connectors that read files of rows, as a manifest writes them.
pub(super) fn connectors(rest: &str) -> [(&'static str, String); 3] {
    [
        (
            "csv",
            format!("kind = \"csv\", path = \"${{data}}/t.csv\", key_column = \"who\"{rest}"),
        ),
        (
            "excel",
            format!("kind = \"excel\", path = \"${{data}}/t.xlsx\", sheet = \"S\", key_column = \"who\"{rest}"),
        ),
        (
            "dbf",
            format!("kind = \"dbf\", path = \"${{data}}/t.dbf\", encoding = \"utf-8\", key_column = \"who\"{rest}"),
        ),
    ]
}

/// The file of a connector with these lines, the first of which is the header.
pub(super) fn put(kind: &str, dir: &Path, lines: &[[&str; 5]]) {
    match kind {
        "csv" => {
            let lines: Vec<String> = lines.iter().map(|line| line.join(",") + "\n").collect();
            std::fs::write(dir.join("t.csv"), lines.concat()).unwrap();
        }
        "excel" => {
            let mut workbook = rust_xlsxwriter::Workbook::new();
            let page = workbook.add_worksheet();
            page.set_name("S").unwrap();
            for (row, line) in (0..).zip(lines) {
                for (column, text) in (0..).zip(line) {
                    page.write_string(row, column, *text).unwrap();
                }
            }
            workbook.save(dir.join("t.xlsx")).unwrap();
        }
        _ => std::fs::write(dir.join("t.dbf"), table(lines)).unwrap(),
    }
}

/// How wide every column of the dBASE table is.
const WIDTH: usize = 60;

/// A dBASE table.
fn table(lines: &[[&str; 5]]) -> Vec<u8> {
    let rows = &lines[1..];
    let mut bytes = vec![3, 119, 1, 1];
    bytes.extend(u32::try_from(rows.len()).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(33 + 32 * HEADER.len()).unwrap().to_le_bytes());
    bytes.extend(u16::try_from(1 + WIDTH * HEADER.len()).unwrap().to_le_bytes());
    bytes.resize(32, 0);
    for name in lines[0] {
        let mut field = name.as_bytes().to_vec();
        field.resize(11, 0);
        field.extend([b'C', 0, 0, 0, 0, u8::try_from(WIDTH).unwrap()]);
        field.resize(32, 0);
        bytes.extend(field);
    }
    bytes.push(0x0D);
    for row in rows {
        bytes.push(b' ');
        for text in row {
            let mut cell = text.as_bytes().to_vec();
            cell.resize(WIDTH, b' ');
            bytes.extend(cell);
        }
    }
    bytes.push(0x1A);
    bytes
}

/// What is said of the person asked about, of whom no row ever is, and how the self-test comes out.
async fn said(manifest: &Manifest) -> (String, String, Outcome) {
    let answer = ask(manifest, LONG).await;
    let message = answer.failure.as_ref().map_or_else(String::new, |f| f.message.clone());
    let checked = MappedAdapter::open(manifest).unwrap().check(None).await;
    (reason(&answer).to_owned(), message, checked[0].outcome)
}

#[tokio::test]
async fn a_file_with_a_header_and_nobody_below_it_is_a_failure_unless_it_may_be_so() {
    for (kind, connector) in connectors("") {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&connector, dir.path());
        for (lines, blank) in [
            (vec![HEADER], "no rows"),
            (vec![HEADER, [""; 5], [" "; 5]], "blank rows"),
        ] {
            put(kind, dir.path(), &lines);
            let (reason, message, outcome) = said(&manifest).await;
            assert_eq!(
                (reason.as_str(), outcome),
                ("SOURCE_EMPTY", Outcome::Fail),
                "{kind}, {blank}"
            );
            assert!(message.contains("may_be_empty = true"), "{message}");
        }
        put(kind, dir.path(), &[HEADER, STRANGER]);
        assert_eq!(said(&manifest).await.0, "NO_RECORD", "{kind}");
    }
    for (kind, connector) in connectors(", may_be_empty = true") {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&connector, dir.path());
        put(kind, dir.path(), &[HEADER]);
        let (reason, _, outcome) = said(&manifest).await;
        assert_eq!((reason.as_str(), outcome), ("NO_RECORD", Outcome::Pass), "{kind}");
        // What may have no rows must have a header all the same.
        put(kind, dir.path(), &[["other", "name", "what", "amount", "day"]]);
        assert_eq!(said(&manifest).await.0, "SOURCE_MISSING", "{kind}");
    }
}

#[tokio::test]
async fn a_file_without_a_header_is_no_empty_list_whatever_it_may_be() {
    for (kind, connector) in connectors(", may_be_empty = true") {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&connector, dir.path());
        match kind {
            "csv" => std::fs::write(dir.path().join("t.csv"), "\n\n").unwrap(),
            "excel" => put(kind, dir.path(), &[]),
            _ => std::fs::write(dir.path().join("t.dbf"), "").unwrap(),
        }
        let (reason, _, outcome) = said(&manifest).await;
        assert_eq!(
            (reason.as_str(), outcome),
            ("SOURCE_UNREADABLE", Outcome::Fail),
            "{kind}"
        );
    }
}

/// Serial numbers, names, numbers that lost a digit in every row: whoever stands in the file is not found by any number.
#[tokio::test]
async fn a_file_in_which_no_row_has_an_id_number_is_a_failure_even_with_quarantine() {
    let of = |who| [who, "n", "p", "1", "2019-03-01"];
    for rest in ["", ", quarantine = true", ", quarantine = true, may_be_empty = true"] {
        for (kind, connector) in connectors(rest) {
            let dir = tempfile::tempdir().unwrap();
            let manifest = manifest(&connector, dir.path());
            for who in [
                "1",
                "A12345678",
                "zhang",
                "11010119900307777",
                "5.1E+17",
                "1101**********7774",
            ] {
                put(kind, dir.path(), &[HEADER, of(who), of(who)]);
                let (reason, message, outcome) = said(&manifest).await;
                assert_eq!(
                    (reason.as_str(), outcome),
                    ("SOURCE_UNREADABLE", Outcome::Fail),
                    "{kind} {rest} {who}"
                );
                assert!(!message.contains(who) || who == "1", "{message}");
            }
            for who in [
                "110101199003077774",
                "110101900307777",
                "11010119900307777x",
                "1101-0119 9003077774",
            ] {
                put(kind, dir.path(), &[HEADER, of("A12345678"), of(who)]);
                assert!(
                    !["SOURCE_EMPTY", "SOURCE_UNREADABLE"].contains(&said(&manifest).await.0.as_str()),
                    "{who}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_sample_without_people_holds_somebody_invented() {
    for (kind, connector) in connectors("") {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(&connector, dir.path());
        materialise(&manifest, &[]).unwrap();
        let (reason, _, outcome) = said(&manifest).await;
        assert_eq!((reason.as_str(), outcome), ("NO_RECORD", Outcome::Pass), "{kind}");
    }
}
