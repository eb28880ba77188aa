//! Forms are told without keeping values, and each kind of source shows the same table.

use proptest::prelude::*;

use super::*;
use crate::manifest::DatabaseConnector;
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

#[tokio::test]
async fn a_server_shows_the_tables_that_an_account_may_read_and_one_of_them() {
    use crate::manifest::Secret;
    use crate::samples::database::{Database, Kind};
    use crate::source::inspect::server::{Server, table, tables};

    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
    let dir = tempfile::tempdir().unwrap();
    for (kind, server, quote) in [
        (Kind::Postgres, Server::Postgres, '"'),
        (Kind::Mariadb, Server::Mysql, '`'),
    ] {
        let database = Database::start(kind, &dir.path().join(format!("{kind:?}")), None).unwrap();
        let q = |name: &str| format!("{quote}{name}{quote}");
        let statements = format!(
            "CREATE SCHEMA xq{texts}; CREATE TABLE xq.{order} ({from} CHAR(18), {name} VARCHAR(20), day DATE, amount NUMERIC(12, 2)); \
             INSERT INTO xq.{order} VALUES ('511703198406129811', '测试甲', '2019-05-03', 7.50), ('11010519491231002X', '测试乙', NULL, 12.00); \
             CREATE TABLE {empty} (a INT, {upper} INT); CREATE VIEW seen AS SELECT * FROM xq.{order}; CREATE TABLE {dotted} (a INT)",
            texts = if kind == Kind::Mariadb {
                " CHARACTER SET utf8mb4"
            } else {
                ""
            },
            order = q("order"),
            from = q("from"),
            name = q("姓名"),
            empty = q("Empty"),
            upper = q("B'\\b"),
            dotted = q("a.b"),
        );
        database.run(&statements).await.unwrap();
        let connector = database.connector("");
        let mut names = tables(server, &connector, PATIENCE).await.unwrap();
        names.sort();
        assert_eq!(names, ["Empty", "seen", "xq.order"], "{kind:?}");
        for name in ["xq.order", "seen"] {
            let shape = table(server, &connector, name, PATIENCE).await.unwrap();
            let columns: Vec<(&str, &Shape)> = shape.columns.iter().map(|c| (c.name.as_str(), &c.shape)).collect();
            assert_eq!(
                columns,
                [
                    ("from", &Shape::IdNumber),
                    ("姓名", &Shape::Text),
                    ("day", &Shape::Date(DateFormat::Dashed)),
                    ("amount", &Shape::Decimal),
                ],
                "{kind:?} {name}"
            );
            assert_eq!(shape.rows_seen, 2);
        }
        let empty = table(server, &connector, "Empty", PATIENCE).await.unwrap();
        let columns: Vec<&str> = empty.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!((columns, empty.rows_seen), (vec!["a", "B'\\b"], 0), "{kind:?}");

        let stranger = DatabaseConnector {
            password: Secret::new("another"),
            ..connector.clone()
        };
        let refused = tables(server, &stranger, PATIENCE).await.unwrap_err();
        assert_eq!(refused.reason, "SOURCE_REFUSED", "{kind:?}");
        let missing = table(server, &connector, "xq.nowhere", PATIENCE).await.unwrap_err();
        assert_eq!(missing.reason, "SOURCE_MISSING", "{kind:?}");
    }
}

#[test]
fn a_dbase_table_shows_its_columns_in_either_encoding() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("d.dbf");
    assert_eq!(dbf(&path, None).unwrap_err().reason, "SOURCE_MISSING");
    for (encoding, name, told) in [
        (TextEncoding::Gb18030, "测试甲", TextEncoding::Gb18030),
        (TextEncoding::Utf8, "测试甲", TextEncoding::Utf8),
        // Nothing tells them apart: what offices write.
        (TextEncoding::Utf8, "x", TextEncoding::Gb18030),
    ] {
        let word = if encoding == TextEncoding::Utf8 {
            "utf-8"
        } else {
            "gb18030"
        };
        let connector =
            format!("kind = \"dbf\", path = \"${{data}}/d.dbf\", encoding = \"{word}\", key_column = \"who\"");
        let manifest = crate::source::tests::manifest(&connector, dir.path());
        let mut row = Row::new();
        for (column, text) in [("who", "511703198406129811"), ("name", name), ("day", "2019-05-03")] {
            row.set(column, text);
        }
        crate::samples::materialise(&manifest, &[crate::samples::SampleRow { table: None, row }]).unwrap();
        let (found, tables) = dbf(&path, None).unwrap();
        assert_eq!(found, told, "{word} {name}");
        let shapes: Vec<&Shape> = tables[0].columns.iter().map(|c| &c.shape).collect();
        let day = Shape::Date(DateFormat::Dashed);
        assert_eq!((shapes[0], shapes[4]), (&Shape::IdNumber, &day));
        assert_eq!(dbf(&path, Some(encoding)).unwrap().0, encoding);
    }
    std::fs::write(&path, "no table at all, however long it may be").unwrap();
    assert_eq!(dbf(&path, None).unwrap_err().reason, "SOURCE_UNREADABLE");
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

/// A manifest that is begun from what a driver shows finds whom its table holds.
#[cfg(feature = "connector-odbc")]
#[tokio::test]
async fn odbc_tables_are_seen_as_the_driver_names_them_and_what_is_begun_answers() {
    use crate::adapter::{Adapter as _, MappedAdapter};
    use crate::begin::{Begin, BeginConnector, begin};
    use crate::manifest::{Manifest, OdbcConnector, Variables};
    use crate::testing::query;
    use std::time::Duration;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("register.sqlite");
    let asked = query(2);
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(&format!(
            "CREATE TABLE \"Jdc\" (xh TEXT, sfzmhm TEXT, syr TEXT, hphm TEXT, cllx TEXT, zt TEXT, ccdjrq TEXT, \"order\" INTEGER, \"Pgjz\" TEXT);
             INSERT INTO \"Jdc\" VALUES ('V1', '{}', '{}', 'A1', 'K3', 'A', '20170315', 1, '7.58');
             CREATE TABLE other (a INT)",
            asked.subjects[0].id.expose(),
            asked.subjects[0].name,
        ))
        .unwrap();
    drop(database);
    let connector = OdbcConnector {
        connection: format!("Driver=SQLite3;Database={}", path.display()),
        user: None,
        password: None,
        query: String::new(),
        sample: Vec::new(),
    };
    let patience = Duration::from_secs(20);
    let mut names = odbc::tables(&connector, patience).await.unwrap();
    names.sort();
    assert_eq!(names, ["Jdc", "other"]);
    assert!(odbc::table(&connector, "nowhere", patience).await.is_err());
    let table = odbc::table(&connector, "Jdc", patience).await.unwrap();
    assert_eq!((table.columns.len(), table.rows_seen), (9, 1));
    let begun = begin(&Begin {
        id: "vehicles".to_owned(),
        name_zh: "车管".to_owned(),
        name_en: "Vehicles".to_owned(),
        connector: BeginConnector::Odbc(connector),
        table,
        records: Some(hedui_core::RecordType::Vehicle),
        named: Vec::new(),
    })
    .unwrap();
    let manifest = Manifest::parse(&begun.manifest, &Variables::new()).unwrap();
    let department = MappedAdapter::open(&manifest).unwrap();
    let answers = department.query(&asked, Instant::now() + patience).await.unwrap();
    assert!(
        matches!(&answers[0].state, hedui_core::AnswerState::Found { records } if records.len() == 1),
        "{answers:?}"
    );
    assert_eq!(answers[1].state, hedui_core::AnswerState::NoRecord);
}
