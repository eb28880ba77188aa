//! The guess agrees with what people wrote for the shipped departments, and says what it does not know.

use super::*;
use crate::catalogue::Catalogue;
use crate::manifest::Manifest;
use crate::source::inspect::Gathering;

/// A table whose columns hold these values.
pub(crate) fn table(columns: &[(&str, &[&str])]) -> TableShape {
    let columns = columns.iter().map(|(name, values)| {
        let mut gathering = Gathering::default();
        values.iter().for_each(|value| gathering.see(value));
        ColumnShape {
            name: (*name).to_owned(),
            shape: gathering.shape(),
        }
    });
    TableShape {
        name: "t".to_owned(),
        columns: columns.collect(),
        rows_seen: 3,
    }
}

fn column(guess: &Guess, field: &str) -> Option<String> {
    guess
        .fields
        .iter()
        .find(|(f, _)| f.name == field)
        .and_then(|(_, from)| match from {
            From::Column { column, .. } => Some(column.clone()),
            From::Value(_) => None,
        })
}

/// For every shipped department with one section: same identity, and of the columns that a person mapped, most are guessed alike.
#[test]
fn the_guess_agrees_with_the_shipped_manifests() {
    let (mut agreed, mut mapped, mut departments) = (0, 0, 0);
    let mut wrong = Vec::new();
    for folder in Catalogue::bundled_folders() {
        let manifest = Manifest::parse(&folder.manifest, &Manifest::placeholders(&folder.manifest)).unwrap();
        let (Some(mapping), [source]) = (&manifest.mapping, manifest.source.as_slice()) else {
            continue;
        };
        let [section] = mapping.records.as_slice() else {
            continue;
        };
        if manifest.connector.is_plugin() {
            continue;
        }
        departments += 1;
        let cases = crate::cases::parse(&folder.cases).unwrap();
        let rows: Vec<_> = cases.iter().flat_map(|case| &case.rows).collect();
        let columns: Vec<(&str, Vec<&str>)> = source
            .columns
            .iter()
            .map(|name| {
                let cells = rows
                    .iter()
                    .flat_map(|row| row.row.cells().filter(|(c, _)| c == name).map(|(_, text)| text));
                (name.as_str(), cells.collect())
            })
            .collect();
        let columns: Vec<(&str, &[&str])> = columns.iter().map(|(name, cells)| (*name, cells.as_slice())).collect();
        // What no name tells, somebody would have to say.
        let named: Vec<Named> = section
            .fields
            .iter()
            .filter_map(|f| match &f.source {
                crate::mapping::FieldSource::Column(column, _) if f.field.required => {
                    Some((f.field.name.to_owned(), column.clone()))
                }
                _ => None,
            })
            .filter(|(_, column)| source.columns.contains(column))
            .collect();
        // A programme is the same for all rows of such an office, and stands in no column.
        let Ok(guess) = guess(&table(&columns), Some(section.record_type), &named) else {
            continue;
        };
        if guess.id_number != mapping.identity.id_number || guess.name != mapping.identity.name {
            wrong.push(format!("{}: {} {:?}", folder.name, guess.id_number, guess.name));
        }
        for field in &section.fields {
            if let crate::mapping::FieldSource::Column(wanted, _) = &field.source
                && !field.field.required
            {
                mapped += 1;
                agreed += usize::from(column(&guess, field.field.name).as_ref() == Some(wanted));
            }
        }
    }
    assert!(departments >= 15, "{departments}");
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(agreed * 4 >= mapped * 3, "{agreed} of {mapped} columns");
}

const IDS: &[&str] = &["511703198406129811", "11010519491231002X"];

#[test]
fn a_register_of_vehicles_is_recognised_in_three_ways_of_naming() {
    let chinese = table(&[
        ("序号", &["1", "2"]),
        ("身份证号", IDS),
        ("所有人", &["测试甲", "测试乙"]),
        ("号牌号码", &["川S00001"]),
        ("车辆类型", &["小型轿车", "摩托车"]),
        ("使用性质", &["非营运"]),
        ("状态", &["正常"]),
        ("初次登记日期", &["2017/3/15"]),
        ("评估价值（万元）", &["7.58"]),
    ]);
    let pinyin = table(&[
        ("xh", &["1", "2"]),
        ("sfzmhm", IDS),
        ("syr", &["测试甲"]),
        ("hphm", &["川S00001"]),
        ("cllx", &["K3", "M1"]),
        ("syxz", &["A"]),
        ("zt", &["A", "E"]),
        ("ccdjrq", &["20170315"]),
        ("pgjz_wan", &["7.58"]),
    ]);
    let english = table(&[
        ("record_no", &["1", "2"]),
        ("id_number", IDS),
        ("owner_name", &["测试甲"]),
        ("plate_no", &["川S00001"]),
        ("vehicle_kind", &["CAR", "BUS"]),
        ("usage", &["private"]),
        ("status", &["normal"]),
        ("registered_on", &["2017-03-15"]),
        ("value", &["75800.00"]),
    ]);
    for source in [chinese, pinyin, english] {
        let guess = guess(&source, None, &[]).unwrap();
        let names: Vec<&str> = source.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(guess.record_type, RecordType::Vehicle, "{names:?}");
        assert_eq!(
            (guess.id_number.as_str(), guess.name.as_deref()),
            (names[1], Some(names[2]))
        );
        assert_eq!(guess.reference.as_deref(), Some(names[0]));
        for (field, at) in [
            ("plate", 3),
            ("kind", 4),
            ("usage", 5),
            ("status", 6),
            ("registered_on", 7),
            ("value", 8),
        ] {
            assert_eq!(column(&guess, field).as_deref(), Some(names[at]), "{field}");
        }
    }
}

#[test]
fn what_is_not_known_is_said_and_never_made_up() {
    let source = table(&[("sfzh", IDS), ("cllx", &["K3", "Z9"]), ("zt", &["A"]), ("syxz", &["A"])]);
    let guessed = guess(&source, Some(RecordType::Vehicle), &[]).unwrap();
    assert!(
        guessed.notes.iter().any(|note| note.contains("Z9")),
        "{:?}",
        guessed.notes
    );
    assert!(
        guessed.notes.iter().any(|note| note.contains("name")),
        "{:?}",
        guessed.notes
    );
    let without = table(&[("a", &["x y z"]), ("b", &["1"])]);
    assert!(matches!(guess(&without, None, &[]), Err(GuessError::NoIdNumber { .. })));
    let only_id = table(&[("sfzh", IDS), ("备注", &["一些文字"])]);
    assert!(matches!(guess(&only_id, None, &[]), Err(GuessError::NoType { .. })));
    let money = guess(&only_id, Some(RecordType::FinancialAsset), &[]).unwrap_err();
    assert!(money.to_string().contains("--map balance=COLUMN"), "{money}");
    let bad = guess(
        &source,
        Some(RecordType::Vehicle),
        &[("plate".to_owned(), "nowhere".to_owned())],
    );
    assert!(matches!(bad, Err(GuessError::BadMap { .. })));
}

#[test]
fn a_spouses_number_is_not_the_persons() {
    let source = table(&[("posfzh", IDS), ("sfzh", IDS), ("hyzt", &["已婚"])]);
    let guess = guess(&source, None, &[]).unwrap();
    assert_eq!(guess.id_number, "sfzh");
    assert_eq!(guess.record_type, RecordType::Marriage);
    assert_eq!(column(&guess, "spouse_id_number").as_deref(), Some("posfzh"));
}
