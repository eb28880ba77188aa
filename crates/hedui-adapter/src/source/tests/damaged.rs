//! Numbers that a spreadsheet has damaged, in the fields by which accounts, flats and companies are told apart: they are refused, not used.
//! Leaves the column that is searched to the tests of drops.

use std::path::Path;

use super::{LONG, ask, reason};
use crate::manifest::{Manifest, Variables};
use crate::testing::subject;

/// A department of one type of record, whose column `k` is this field; `rest` are the other fields, each of them a constant.
fn department(kind: &str, of: &str, field: &str, rest: &str, dir: &Path) -> Manifest {
    let connector = match kind {
        "csv" => "kind = \"csv\", path = \"${data}/t.csv\", key_column = \"who\"",
        _ => "kind = \"excel\", path = \"${data}/t.xlsx\", sheet = \"S\", key_column = \"who\"",
    };
    let text = format!(
        "id = \"d\"\nname = {{ zh = \"a\", en = \"a\" }}\nverifies = {{ zh = \"a\", en = \"a\" }}\nrecord_types = [\"{of}\"]\nlookup_keys = [\"id_number\"]\n\
         freshness = \"0s\"\ndeadline = \"3s\"\nlimits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}\n\
         connector = {{ {connector} }}\nidentity = {{ id_number = \"who\" }}\n[[record]]\ntype = \"{of}\"\nfields = {{ {field} = \"k\"{rest} }}\n"
    );
    let variables = Variables::from([("data".to_owned(), dir.display().to_string())]);
    Manifest::parse(&text, &variables).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// Types of record with a field by which two of them are told apart.
const KEYS: &[(&str, &str, &str)] = &[
    (
        "financial_asset",
        "account_reference",
        ", kind = { value = \"deposit\" }, balance = { value = 100 }",
    ),
    ("real_estate", "unit_number", ", kind = { value = \"dwelling\" }"),
    ("land", "contract_number", ", kind = { value = \"farmland\" }"),
    (
        "vehicle",
        "identification_number",
        ", kind = { value = \"car\" }, usage = { value = \"private\" }, status = { value = \"normal\" }",
    ),
    (
        "business",
        "credit_code",
        ", role = { value = \"shareholder\" }, status = { value = \"active\" }",
    ),
    ("social_insurance", "employer_credit_code", ""),
    ("marriage", "spouse_id_number", ", status = { value = \"married\" }"),
];

/// What is said of the person whose row has this text, or this number in a cell.
async fn said(kind: &str, key: &(&str, &str, &str), text: &str, number: Option<f64>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let who = subject(0).id;
    match kind {
        "csv" => std::fs::write(dir.path().join("t.csv"), format!("who,k\n{},{text}\n", who.expose())).unwrap(),
        _ => {
            let mut workbook = rust_xlsxwriter::Workbook::new();
            let page = workbook.add_worksheet();
            page.set_name("S").unwrap();
            for (row, column, text) in [(0, 0, "who"), (0, 1, "k"), (1, 0, who.expose()), (1, 1, text)] {
                page.write_string(row, column, text).unwrap();
            }
            if let Some(number) = number {
                page.write_number(1, 1, number).unwrap();
            }
            workbook.save(dir.path().join("t.xlsx")).unwrap();
        }
    }
    let (of, field, rest) = key;
    let answer = ask(&department(kind, of, field, rest, dir.path()), LONG).await;
    let texts = format!("{:?}", answer.failure);
    assert!(text.is_empty() || !texts.contains(text), "{texts}");
    reason(&answer).to_owned()
}

#[tokio::test]
async fn a_power_of_ten_is_no_number_of_an_account_a_flat_or_a_company() {
    for key in KEYS {
        for kind in ["csv", "excel"] {
            for damaged in ["6.22202E+18", "5.1e+17", "6E+18", "'6.22202E+18", "6.22202E18"] {
                assert_eq!(
                    said(kind, key, damaged, None).await,
                    "ROW_UNREADABLE",
                    "{kind} {} {damaged}",
                    key.1
                );
            }
            // Of a person's number any point or power is a trouble.
            let odd = ["A-2019-E.5", "12.5E", "3.2E+x", "..E+5"];
            let odd = if key.1.ends_with("id_number") {
                &odd[..0]
            } else {
                &odd[..]
            };
            for whole in ["6222021234567890123", "1E10", "E+3"].iter().chain(odd) {
                assert_eq!(said(kind, key, whole, None).await, "FOUND", "{kind} {} {whole}", key.1);
            }
        }
    }
}

#[tokio::test]
async fn a_number_of_more_than_fifteen_digits_in_a_cell_has_lost_some() {
    for key in KEYS {
        for (number, expected) in [
            (6_222_021_234_567_890_123_f64, "ROW_UNREADABLE"),
            (511_703_198_406_129_811_f64, "ROW_UNREADABLE"),
            (1e15, "ROW_UNREADABLE"),
            (-1e15, "ROW_UNREADABLE"),
            (999_999_999_999_999_f64, "FOUND"),
            (12_345.0, "FOUND"),
        ] {
            assert_eq!(
                said("excel", key, "", Some(number)).await,
                expected,
                "{} {number}",
                key.1
            );
        }
    }
}

#[tokio::test]
async fn eighteen_digits_that_were_rounded_are_no_spouse_and_no_company() {
    for key in KEYS {
        let expected = |fields: &[&str]| {
            if fields.contains(&key.1) {
                "ROW_UNREADABLE"
            } else {
                "FOUND"
            }
        };
        for (rounded, fields) in [
            ("511703198406129000", &["spouse_id_number"][..]),
            ("915117030000000000", &["credit_code", "employer_credit_code"]),
        ] {
            let of_this = fields.contains(&key.1);
            if of_this || !key.1.ends_with("id_number") && !key.1.ends_with("credit_code") {
                assert_eq!(
                    said("csv", key, rounded, None).await,
                    expected(fields),
                    "{} {rounded}",
                    key.1
                );
            }
        }
    }
}

/// Rows of several accounts whose numbers were rounded to the same are not one account; a reference that was rounded is none.
#[tokio::test]
async fn what_was_rounded_neither_puts_rows_together_nor_is_a_reference() {
    let dir = tempfile::tempdir().unwrap();
    let who = subject(0).id;
    let lines = format!("who,k\n{0},6.22202E+18\n{0},6.22202E+18\n", who.expose());
    std::fs::write(dir.path().join("t.csv"), lines).unwrap();
    let with = |rest: &str| {
        let mut manifest = department(
            "csv",
            "land",
            "annual_rent",
            ", kind = { value = \"farmland\" }",
            dir.path(),
        );
        let section = &mut manifest.mapping.as_mut().unwrap().records[0];
        section.fields.retain(|field| field.field.name == "kind");
        match rest {
            "group" => {
                section.group = Some(crate::mapping::Group {
                    by: vec!["k".to_owned()],
                    newest_by: None,
                });
            }
            _ => section.reference = Some("k".to_owned()),
        }
        manifest
    };
    assert_eq!(reason(&ask(&with("group"), LONG).await), "ROW_UNREADABLE");
    let answer = ask(&with("reference"), LONG).await;
    let hedui_core::AnswerState::Found { records } = &answer.state else {
        panic!("{answer:?}")
    };
    assert_eq!(records.len(), 2);
    assert!(
        records.iter().all(|record| record.reference.is_empty())
            && answer.notes.iter().any(|n| n.contains("reference"))
    );
}

/// Zeros in the place of a day are no day on which a flat was sold: they cannot be read, or stand for none.
#[tokio::test]
async fn a_zero_in_the_place_of_a_day_sells_no_flat() {
    for (format, zeros) in [
        (
            "yyyy-mm-dd",
            &[
                "0000-00-00",
                "0",
                "0001-01-01",
                "1900-01-00",
                "1970-01-01",
                "0001-01-01T00:00:00Z",
            ][..],
        ),
        (
            "yyyy-mm-dd",
            &[
                "1970-01-01 00:00:00",
                "1970-01-01T00:00:00Z",
                "1970-01",
                "1970",
                "1899-12-30",
            ],
        ),
        ("yyyy/mm/dd", &["0/0/0", "1900/1/0", "1899/12/31", "1970/1/1 8:00:00"]),
        ("yyyymmdd", &["00000000", "0", "19000100", "19700101", "18991230"]),
        ("yyyymm", &["000000", "0", "190000", "190001", "197001"]),
        ("yyyy-mm", &["0000-00", "0", "1900-01", "1970-01"]),
        ("yyyy年mm月dd日", &["0年0月0日", "1900年1月0日", "1970年1月1日"]),
        ("yyyy", &["0", "0000", "1900", "1970"]),
    ] {
        for zero in zeros {
            let dir = tempfile::tempdir().unwrap();
            let who = subject(0).id;
            std::fs::write(dir.path().join("t.csv"), format!("who,k\n{},{zero}\n", who.expose())).unwrap();
            let rest = format!(
                ", kind = {{ value = \"dwelling\" }}, disposed_on = {{ column = \"k\", format = \"{format}\" }}"
            );
            let answer = ask(&department("csv", "real_estate", "address", &rest, dir.path()), LONG).await;
            match &answer.state {
                hedui_core::AnswerState::Found { records } => {
                    let hedui_core::RecordBody::RealEstate(flat) = &records[0].body else {
                        panic!("another record")
                    };
                    let sold = flat.disposed_on;
                    assert!(sold.is_none_or(|on| on.stands_for_none()), "{format} {zero} {sold:?}");
                }
                _ => assert_eq!(reason(&answer), "ROW_UNREADABLE", "{format} {zero}"),
            }
        }
    }
}
