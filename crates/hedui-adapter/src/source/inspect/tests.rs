//! Forms are told without keeping values, and each kind of source shows the same table.

use proptest::prelude::*;

use super::*;
use crate::mapping::DateFormat;

fn shape(values: &[&str]) -> Shape {
    let mut gathering = Gathering::default();
    values.iter().for_each(|value| gathering.see(value));
    gathering.shape()
}

#[test]
fn forms_are_told_apart() {
    for (values, wanted) in [
        (&["", " "][..], Shape::Empty),
        (
            &["511703198406129811", "511703840612981", "11010519491231002x"],
            Shape::IdNumber,
        ),
        (&["20190503", "20180000"], Shape::Date(DateFormat::Compact)),
        (&["2019-05-03", "2019-05"], Shape::Date(DateFormat::Dashed)),
        (&["2019/5/3"], Shape::Date(DateFormat::Slashed)),
        (&["201905"], Shape::Date(DateFormat::CompactMonth)),
        (&["2019年5月"], Shape::Date(DateFormat::Chinese)),
        (
            &["K3", "M1", "K3"],
            Shape::Codes(vec!["K3".to_owned(), "M1".to_owned()]),
        ),
        (
            &["正常", "报废"],
            Shape::Words(vec!["报废".to_owned(), "正常".to_owned()]),
        ),
        (&["120000", "98765"], Shape::Integer),
        (&["7.58", "-3", "12"], Shape::Decimal),
        (&["川S12345", "川S1"], Shape::Text),
    ] {
        assert_eq!(shape(values), wanted, "{values:?}");
    }
}

proptest! {
    /// Names and numbers of people come out of no shape.
    #[test]
    fn no_shape_holds_a_persons_name_or_number(names in proptest::collection::vec("[\u{4e00}-\u{9fa5}·]{2,4}", 1..20), sequence in 0u16..999) {
        let id = crate::testing::person(sequence);
        let texts: Vec<&str> = names.iter().map(String::as_str).chain([id.expose()]).collect();
        let told = format!("{:?}", shape(&texts));
        prop_assert!(!told.contains(id.expose()));
        for name in names.iter().filter(|name| crate::guess::known_word(name).is_none()) {
            prop_assert!(!told.contains(name.as_str()), "{}", told);
        }
    }
}

#[test]
fn a_database_shows_its_tables_and_views_and_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.sqlite");
    assert_eq!(sqlite(&path).unwrap_err().reason, "SOURCE_MISSING");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE \"登 记\" (sfzh TEXT, je REAL); INSERT INTO \"登 记\" VALUES ('511703198406129811', 7.5); CREATE VIEW v AS SELECT * FROM \"登 记\"; CREATE TABLE empty (a)")
        .unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let tables = sqlite(&path).unwrap();
    let names: Vec<&str> = tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(names, vec!["empty", "v", "登 记"]);
    let shapes: Vec<&Shape> = tables[2].columns.iter().map(|c| &c.shape).collect();
    assert_eq!(shapes, vec![&Shape::IdNumber, &Shape::Decimal]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    std::fs::write(&path, "no database at all, and long enough to be read as one").unwrap();
    assert_eq!(sqlite(&path).unwrap_err().reason, "SOURCE_UNREADABLE");
}

#[test]
fn a_text_file_in_another_encoding_or_with_another_mark_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.csv");
    std::fs::write(
        &path,
        encoding_rs::GB18030.encode("身份证号;金额\n511703198406129811;7\n").0,
    )
    .unwrap();
    assert!(csv(&path, TextEncoding::Utf8, b';').is_err());
    assert!(
        csv(&path, TextEncoding::Gb18030, b',')
            .unwrap_err()
            .message
            .contains("delimiter")
    );
    let tables = csv(&path, TextEncoding::Gb18030, b';').unwrap();
    assert_eq!(tables[0].columns[0].name, "身份证号");
    assert_eq!(tables[0].columns[0].shape, Shape::IdNumber);
}
