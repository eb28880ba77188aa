//! Several rows to one record: the property that nothing is invented, and what is said of what was left out.
//! Leaves the reading of single rows to the tests beside.

use hedui_core::{AnswerState, RecordBody, SubjectAnswer};
use proptest::prelude::*;

use crate::manifest::{Manifest, Variables};
use crate::mapping::{Mapping, Row};
use crate::testing::subject;

fn manifest(record_type: &str, record: &str) -> Result<Manifest, Vec<String>> {
    let text = format!(
        "id = \"a\"\nname = {{ zh = \"a\", en = \"a\" }}\nverifies = {{ zh = \"a\", en = \"a\" }}\nrecord_types = [\"{record_type}\"]\nlookup_keys = [\"id_number\"]\n\
         freshness = \"0s\"\ndeadline = \"3s\"\nlimits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 100000 }}\n\
         connector = {{ kind = \"csv\", path = \"a\", key_column = \"who\" }}\nidentity = {{ id_number = \"who\" }}\n[[record]]\ntype = \"{record_type}\"\n{record}\n"
    );
    Manifest::parse(&text, &Variables::new()).map_err(|found| found.into_iter().map(|m| m.to_string()).collect())
}

fn mapping(record_type: &str, record: &str) -> Mapping {
    manifest(record_type, record).unwrap().mapping.unwrap()
}

/// Contributions as offices keep them: one row a month.
fn contributions() -> Mapping {
    mapping(
        "social_insurance",
        "group_by = [\"firm\"]\nreference = \"account\"\nnewest_by = { column = \"month\", format = \"yyyymm\" }\n[record.fields]\nemployer_name = \"firm\"\n\
         monthly_base = { column = \"base\", take = \"newest\" }\npaid_from = { column = \"month\", format = \"yyyymm\", take = \"min\" }\n\
         paid_until = { column = \"month\", format = \"yyyymm\", take = \"max\" }",
    )
}

fn row(cells: &[(&str, String)]) -> Row {
    let mut row = Row::new();
    row.set("who", subject(0).id.expose());
    for (name, text) in cells {
        row.set(name, text.as_str());
    }
    row
}

fn month(firm: &str, month: &str, base: &str) -> Row {
    let texts = [("firm", firm), ("month", month), ("base", base), ("account", firm)];
    row(&texts.map(|(name, text)| (name, text.to_owned())))
}

fn read(mapping: &Mapping, rows: &[Row]) -> SubjectAnswer {
    mapping.read(rows, &subject(0), &[])
}

fn bodies(answer: &SubjectAnswer) -> Vec<RecordBody> {
    match &answer.state {
        AnswerState::Found { records } => records.iter().map(|record| record.body.clone()).collect(),
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn one_row_a_month_makes_one_record_an_employer() {
    let rows = [
        month("乙", "201903", "7"),
        month("甲", "201902", "5"),
        month("甲", "201812", "4"),
        month("甲", "201901", "6"),
    ];
    let answer = read(&contributions(), &rows);
    let found = bodies(&answer);
    assert_eq!(found.len(), 2);
    let RecordBody::SocialInsurance(other) = &found[1] else {
        panic!()
    };
    assert_eq!(other.paid_from.unwrap().to_string(), "2018-12");
    assert_eq!(other.paid_until.unwrap().to_string(), "2019-02");
    assert_eq!(other.monthly_base.unwrap().0, 500, "of the newest month");
    assert_eq!(
        answer.notes,
        vec!["social_insurance: 3 rows were put together into one record".to_owned()]
    );
}

#[test]
fn what_is_left_out_is_noted_and_what_decides_a_group_must_be_readable() {
    let gap = [month("甲", "201812", "4"), month("甲", "201903", "4")];
    let answer = read(&contributions(), &gap);
    assert!(
        answer.notes.iter().any(|note| note.contains("2 months between")),
        "{:?}",
        answer.notes
    );
    // Two newest rows that disagree.
    let twice = [month("甲", "201903", "4"), month("甲", "201903", "5")];
    let answer = read(&contributions(), &twice);
    let RecordBody::SocialInsurance(found) = &bodies(&answer)[0] else {
        panic!()
    };
    assert_eq!(found.monthly_base, None);
    assert!(
        answer
            .notes
            .iter()
            .any(|note| note.contains("monthly_base: the rows say different things"))
    );
    for month in [month("甲", "", "4"), month("甲", "xx", "4")] {
        let answer = read(&contributions(), &[month]);
        assert_eq!(answer.failure.unwrap().reason, "ROW_UNREADABLE");
    }
    // References that differ are not chosen from.
    let mut other = month("甲", "201904", "4");
    other.set("account", "9");
    let answer = read(&contributions(), &[month("甲", "201903", "4"), other]);
    let AnswerState::Found { records } = &answer.state else {
        panic!()
    };
    assert_eq!(records[0].reference, "");
    assert!(answer.notes.iter().any(|note| note.starts_with("reference:")));
}

/// Pay as books keep it: several rows a month.
fn pay() -> Mapping {
    mapping(
        "income",
        "group_by = [\"month\", \"firm\"]\n[record.fields]\nkind = { value = \"wage\" }\npayer_name = \"firm\"\n\
         from = { column = \"month\", format = \"yyyymm\" }\nuntil = { column = \"month\", format = \"yyyymm\" }\ngross = { column = \"base\", take = \"sum\", unit = \"fen\" }\n\
         deductions = { column = \"account\", take = \"sum\", unit = \"fen\" }",
    )
}

#[test]
fn income_is_never_smeared_over_the_months_and_a_half_known_sum_is_none() {
    let smear = |record: &str| manifest("income", record).unwrap_err().join("\n");
    let mistakes = smear(
        "group_by = [\"firm\"]\n[record.fields]\nkind = { value = \"wage\" }\nfrom = { column = \"m\", take = \"min\" }\nuntil = { column = \"m\", take = \"max\" }\n\
         gross = { column = \"b\", take = \"sum\" }",
    );
    assert!(
        mistakes.contains("record[0].group_by") && mistakes.contains("earned"),
        "{mistakes}"
    );
    let half = [
        row(&[
            ("firm", "甲".into()),
            ("month", "201903".into()),
            ("base", "5".into()),
            ("account", "1".into()),
        ]),
        row(&[("firm", "甲".into()), ("month", "201903".into()), ("base", "6".into())]),
    ];
    let failure = read(&pay(), &half).failure.unwrap();
    assert_eq!(failure.reason, "ROW_UNREADABLE");
    assert!(failure.message.ends_with("income.deductions"), "{}", failure.message);
    let large = [i64::MAX, 1].map(|base| {
        row(&[
            ("firm", "甲".into()),
            ("month", "201903".into()),
            ("base", base.to_string()),
        ])
    });
    assert_eq!(
        read(&pay(), &large).failure.unwrap().reason,
        "ROW_UNREADABLE",
        "no sum that wraps"
    );
}

#[test]
fn mistakes_in_the_keys_of_groups_are_named() {
    let amount = "\n[record.fields]\npaid_on = \"d\"\namount = ";
    for (record, expected) in [
        (
            format!("group_by = []{amount}{{ column = \"a\", take = \"sum\" }}"),
            None,
        ),
        (
            format!("{}{{ column = \"a\", take = \"sum\" }}", amount.trim_start()),
            Some("take needs group_by"),
        ),
        (
            format!("group_by = []{amount}{{ column = \"a\", take = \"newest\" }}"),
            Some("newest_by"),
        ),
        (
            format!("group_by = []{amount}{{ column = \"a\", take = \"list\" }}"),
            Some("list for texts"),
        ),
        (
            format!("group_by = []{amount}{{ column = \"a\", take = \"some\" }}"),
            Some("must be one of"),
        ),
        (
            format!("newest_by = {{ column = \"m\" }}{amount}\"a\""),
            Some("needs group_by"),
        ),
        (
            format!("group_by = []\nnewest_by = {{ column = \"m\" }}{amount}\"a\""),
            Some("is not used"),
        ),
    ] {
        let found = manifest("subsidy", &record).err();
        match expected {
            None => assert_eq!(found, None, "{record}"),
            Some(text) => assert!(found.unwrap().join("\n").contains(text), "{record}"),
        }
    }
}

proptest! {
    /// The oracle sums by month and firm on its own; the order of the rows changes nothing.
    #[test]
    fn every_fen_is_in_the_record_of_its_month(
        rows in prop::collection::vec((0u8..3, 1u8..4, -1_000i64..1_000), 1..12),
        turn in 0usize..12,
    ) {
        let mut wanted = std::collections::BTreeMap::new();
        for (firm, month, fen) in &rows {
            *wanted.entry((format!("2019-{month:02}"), format!("f{firm}"))).or_insert(0i64) += fen;
        }
        let mut rows: Vec<Row> = rows
            .iter()
            .map(|(firm, month, fen)| row(&[
                ("firm", format!("f{firm}")),
                ("month", format!("2019{month:02}")),
                ("base", fen.to_string()),
                ("account", "0".to_owned()),
            ]))
            .collect();
        let turn = turn % rows.len();
        rows.rotate_left(turn);
        let found: std::collections::BTreeMap<_, _> = bodies(&read(&pay(), &rows))
            .iter()
            .map(|body| match body {
                RecordBody::Income(income) => {
                    assert_eq!(income.from, income.until);
                    ((income.from.to_string(), income.payer_name.to_string()), income.gross.0)
                }
                _ => panic!(),
            })
            .collect();
        prop_assert_eq!(found, wanted);
    }
}
