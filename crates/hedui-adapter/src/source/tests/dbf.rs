//! dBASE tables: what was written is read, and what is damaged is a failure, never "no record".

use proptest::prelude::*;

use super::{LONG, ask, manifest, reason};
use crate::mapping::Value;
use crate::samples::{SampleRow, materialise};
use crate::testing::subject;

const DBF: &str = "kind = \"dbf\", path = \"${data}/t.dbf\", key_column = \"who\"";

/// A table of FoxPro by hand: the key and one column of each kind.
fn typed() -> Vec<u8> {
    let id = subject(0).id;
    let name = encoding_rs::GB18030.encode(&subject(0).name).0.into_owned();
    let mut fields: Vec<(&str, u8, u8, Vec<u8>)> = vec![
        ("who", b'C', 0, id.expose().as_bytes().to_vec()),
        ("name", b'C', 0, [name, b"   ".to_vec()].concat()),
        ("what", b'C', 0, b"x\0\0".to_vec()),
        ("amount", b'N', 2, b"   1234567890.12".to_vec()),
        ("day", b'D', 0, b"20190301".to_vec()),
        ("flag", b'L', 0, b"T".to_vec()),
        ("whole", b'I', 0, (-7_i32).to_le_bytes().to_vec()),
        ("money", b'Y', 4, (-12_345_678_i64).to_le_bytes().to_vec()),
        ("real", b'B', 2, 0.1_f64.to_le_bytes().to_vec()),
        ("full", b'N', 0, b"****".to_vec()),
        (
            "moment",
            b'T',
            0,
            [2_458_544_i32.to_le_bytes(), 0_i32.to_le_bytes()].concat(),
        ),
        ("memo", b'M', 0, b"0000000001".to_vec()),
        ("none", b'D', 0, b"        ".to_vec()),
    ];
    let mut bytes = vec![0x30, 119, 1, 1];
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend(u16::try_from(33 + 32 * fields.len()).unwrap().to_le_bytes());
    let length = 1 + fields.iter().map(|field| field.3.len()).sum::<usize>();
    bytes.extend(u16::try_from(length).unwrap().to_le_bytes());
    bytes.resize(32, 0);
    for (name, kind, decimals, value) in &fields {
        let mut field = name.as_bytes().to_vec();
        field.resize(11, 0);
        field.extend([*kind, 0, 0, 0, 0, u8::try_from(value.len()).unwrap(), *decimals]);
        field.resize(32, 0);
        bytes.extend(field);
    }
    bytes.push(0x0D);
    for mark in [b'*', b' '] {
        bytes.push(mark);
        fields.iter_mut().for_each(|field| bytes.extend(&field.3));
    }
    bytes
}

#[tokio::test]
async fn every_kind_of_field_gives_its_exact_text_and_deleted_rows_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("t.dbf"), typed()).unwrap();
    let manifest = manifest(DBF, dir.path());
    let mapping = manifest.mapping.clone().unwrap();
    let source = crate::source::open(&manifest, &mapping, None).unwrap().unwrap();
    let deadline = tokio::time::Instant::now() + LONG;
    let found = source
        .rows(&[subject(0)], deadline)
        .await
        .unwrap()
        .remove(0)
        .unwrap()
        .rows;
    assert_eq!(found.len(), 1);
    for (column, expected) in [
        ("name", Some(subject(0).name.as_str())),
        ("what", Some("x")),
        ("amount", Some("1234567890.12")),
        ("day", Some("20190301")),
        ("flag", Some("true")),
        ("whole", Some("-7")),
        ("money", Some("-1234.5678")),
        ("real", Some("0.1")),
        ("full", None),
        ("moment", Some("2019-03-01")),
        ("memo", None),
        ("none", Some("")),
    ] {
        let got = match found[0].get(column) {
            Value::Text(text) => Some(text),
            Value::Empty => Some(""),
            Value::Unreadable => None,
        };
        assert_eq!(got, expected, "{column}");
    }
}

#[tokio::test]
async fn a_table_that_was_cut_off_or_changed_is_no_empty_table() {
    let dir = tempfile::tempdir().unwrap();
    let manifest = manifest(DBF, dir.path());
    let whole = typed();
    let first = 33 + 32 * 13;
    for (bytes, why) in [
        (whole[..whole.len() - 1].to_vec(), "the last byte is missing"),
        (whole[..40].to_vec(), "half a header"),
        (Vec::new(), "nothing"),
        (b"who,name\n".to_vec(), "another format"),
        (
            [&whole[..first], b"?", &whole[first + 1..]].concat(),
            "a row without a mark",
        ),
    ] {
        std::fs::write(dir.path().join("t.dbf"), &bytes).unwrap();
        assert_eq!(reason(&ask(&manifest, LONG).await), "SOURCE_UNREADABLE", "{why}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(whats in prop::collection::vec("[a-z一-龥䶮]{0,12}", 0..8)) {
        let dir = tempfile::tempdir().unwrap();
        let manifest = manifest(DBF, dir.path());
        let rows: Vec<SampleRow> = whats.iter().map(|what| {
            let mut row = crate::mapping::Row::new();
            for (column, text) in [("who", subject(0).id.expose()), ("what", what), ("amount", "1")] {
                row.set(column, text);
            }
            SampleRow { table: None, row }
        }).collect();
        materialise(&manifest, &rows).unwrap();
        let mapping = manifest.mapping.clone().unwrap();
        let source = crate::source::open(&manifest, &mapping, None).unwrap().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(async {
            source.rows(&[subject(0)], tokio::time::Instant::now() + LONG).await.unwrap().remove(0).unwrap()
        });
        let read: Vec<&str> = found.rows.iter().map(|row| match row.get("what") {
            Value::Text(text) => text,
            _ => "",
        }).collect();
        prop_assert_eq!(read, whats.iter().map(String::as_str).collect::<Vec<_>>());
    }

    #[test]
    fn any_bytes_are_a_table_or_a_failure(bytes in prop::collection::vec(any::<u8>(), 0..200), count in 0u32..3) {
        let dir = tempfile::tempdir().unwrap();
        let mut whole = typed();
        whole[4..8].copy_from_slice(&count.to_le_bytes());
        for (at, byte) in bytes.chunks(2).filter_map(|pair| Some((pair[0], *pair.get(1)?))) {
            whole[usize::from(at)] = byte;
        }
        std::fs::write(dir.path().join("t.dbf"), whole).unwrap();
        let manifest = manifest(DBF, dir.path());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(ask(&manifest, LONG));
        prop_assert_ne!(reason(&answer), "CONNECTOR_PANICKED");
    }
}
