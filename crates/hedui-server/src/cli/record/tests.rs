//! Every kind of record is shown in words; a report's packed lists are written out; odd bytes are shown as they are.
//! Leaves opening records to the tests of the whole system.

use hedui_core::part::{Aspect, Because, Part, Treatment};
use hedui_core::report::{DepartmentLine, NamedFigure, SubjectLine};
use hedui_core::source::{Origin, RecordAt};
use hedui_core::{Bounds, DepartmentId, Figure, LeafId, RecordType, Report};
use prost::Message as _;

use super::readable;

fn sealed() -> Vec<u8> {
    let copy = Part {
        source: 3,
        aspect: Aspect::Balance,
        amount: 120_000,
        treatment: Treatment::Duplicate {
            of: 2,
            by: Because::AccountReference,
        },
    };
    let figure = Figure {
        bounds: Bounds::exactly(120_000),
        missing: Vec::new(),
        open: Vec::new(),
        parts: vec![copy],
    };
    let record = RecordAt {
        department: 7,
        record_type: RecordType::FinancialAsset,
        nth: 0,
    };
    let report = Report {
        version: hedui_core::report::REPORT_VERSION,
        verification: "00".repeat(16),
        district_code: "511703".to_owned(),
        programmes: Vec::new(),
        as_of: hedui_core::Date::new(2026, 11, 22).unwrap(),
        residence: hedui_core::household::Residence::Urban,
        members: Vec::new(),
        declared: Default::default(),
        departments: vec![DepartmentLine {
            department: DepartmentId::new("tax").unwrap(),
            evidence: Some(LeafId([0xAB; 16])),
            asked_at_ms: 1,
            answered_at_ms: 2,
            kept: false,
            kept_from: String::new(),
            arrival: 1,
            subjects: vec![SubjectLine {
                ordinal: 0,
                state: "UNREACHABLE:timeout".into(),
                records: 0,
                data_on: None,
                failure: None,
                notes: vec!["slow".to_owned()],
                due_at_ms: None,
            }],
        }],
        figures: vec![NamedFigure {
            name: "assets.financial".into(),
            unit: "fen".into(),
            figure,
        }],
        findings: Vec::new(),
        verdicts: Vec::new(),
        complete: true,
        warnings: Vec::new(),
        origins: vec![Origin {
            id: 3,
            subject: 1,
            record: Some(record),
            paper: None,
        }],
        also: Vec::new(),
        rules: "0".repeat(64).into(),
        circumstances: Vec::new(),
        sources: Vec::new(),
    };
    rmp_serde::to_vec(&report).unwrap()
}

#[test]
fn a_report_is_shown_with_its_parts_and_where_their_records_stand() {
    let shown: serde_json::Value = serde_json::from_str(&readable("VERDICT", &sealed())).unwrap();
    let part = &shown["figures"][0]["figure"]["parts"][0];
    assert_eq!(part["because"], "account reference");
    assert_eq!(part["of"], 2);
    assert_eq!(part["amount"], 120_000);
    assert_eq!(shown["origins"][0]["record_type"], "financial_asset");
    assert_eq!(shown["origins"][0]["department"], 7);
    let line = &shown["departments"][0];
    assert_eq!(line["evidence"], "ab".repeat(16));
    assert_eq!(line["subjects"][0]["state"], "UNREACHABLE:timeout");
    assert_eq!(line["subjects"][0]["notes"][0], "slow");
}

#[test]
fn a_request_is_shown_as_json_and_an_answer_field_by_field() {
    assert!(readable("ASKED", b"{\"version\":1}").contains("\"version\": 1"));
    let answer = hedui_proto::department::QueryResponse {
        query_id: "abc".to_owned(),
        ..Default::default()
    };
    assert!(readable("ANSWER", &answer.encode_to_vec()).contains("query_id: \"abc\""));
}

#[test]
fn what_is_none_of_the_forms_is_shown_as_it_is() {
    for kind in ["ASKED", "VERDICT", "DENIAL"] {
        assert_eq!(readable(kind, "记录".as_bytes()), "记录");
    }
}
