//! Files in which a person stands under a number that is damaged, together with others, or that is no number: never "no record" of that person.
//! Leaves masked and rounded numbers, which may be anybody's, to the tests of drops.

use std::path::Path;

use hedui_core::{AnswerState, SubjectAnswer};
use tokio::time::Instant;

use super::emptied::{HEADER, STRANGER, connectors, put};
use super::replies::{connector, service};
use super::{LONG, ask, manifest, reason};
use crate::adapter::{Adapter as _, MappedAdapter};
use crate::testing::{query, subject};

/// The answers about two people of a file with these numbers and names, besides a stranger's line.
async fn said(kind: &str, connector: &str, lines: &[(&str, &str)], named: bool) -> Vec<SubjectAnswer> {
    let dir = tempfile::tempdir().unwrap();
    let mut rows = vec![HEADER, STRANGER];
    rows.extend(lines.iter().map(|(who, name)| [*who, *name, "p", "1", "2019-03-01"]));
    put(kind, dir.path(), &rows);
    asked(connector, dir.path(), named).await
}

async fn asked(connector: &str, dir: &Path, named: bool) -> Vec<SubjectAnswer> {
    let mut manifest = manifest(connector, dir);
    if !named {
        manifest.mapping.as_mut().unwrap().identity.name = None;
    }
    let adapter = MappedAdapter::open(&manifest).unwrap();
    match adapter.query(&query(2), Instant::now() + LONG).await {
        Ok(answers) => answers,
        Err(failure) => vec![SubjectAnswer::unreachable(0, crate::reason::cause_of(&failure), failure); 2],
    }
}

fn reasons(answers: &[SubjectAnswer]) -> [&str; 2] {
    [reason(&answers[0]), reason(&answers[1])]
}

/// The numbers of the first two people, in the form of 18.
fn numbers() -> (String, String) {
    (subject(0).id.expose().to_owned(), subject(1).id.expose().to_owned())
}

const UNREAD: &str = "ROW_UNREADABLE";
const NONE: &str = "NO_RECORD";

#[tokio::test]
async fn several_numbers_or_a_number_with_a_word_in_one_cell_are_a_failure_of_each_of_them() {
    let (a, s) = numbers();
    let legacy = subject(0).id.legacy_15().unwrap().expose().to_owned();
    let o = a.replace('0', "O");
    for (kind, connector) in connectors("") {
        for (key, expected) in [
            (format!("{a}、{s}"), [UNREAD, UNREAD]),
            (format!("{a};{s}"), [UNREAD, UNREAD]),
            (format!("{a} {s}"), [UNREAD, UNREAD]),
            (format!("{a}/{s}"), [UNREAD, UNREAD]),
            (format!("{legacy}、{s}"), [UNREAD, UNREAD]),
            (format!("身份证{a}"), [UNREAD, NONE]),
            (format!("{a}(户主)"), [UNREAD, NONE]),
            (format!("ID {a}"), [UNREAD, NONE]),
            (format!("{}.{}.{}", &a[..6], &a[6..14], &a[14..]), [UNREAD, NONE]),
            (o.clone(), [UNREAD, NONE]),
            ("110101199003077774、110101900307777".to_owned(), [NONE, NONE]),
        ] {
            // Whose name stands there says nothing of the others.
            for name in ["测试甲", "测试甲、测试乙", "张三", ""] {
                for named in [true, false] {
                    let answers = said(kind, &connector, &[(&key, name)], named).await;
                    assert_eq!(reasons(&answers), expected, "{kind} {key} {name}");
                    let texts = format!("{:?}", answers[0].failure);
                    assert!(!texts.contains(&a) && (expected[0] == NONE || texts.contains("line 3") || kind == "dbf"));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_number_with_one_digit_amiss_is_a_failure_unless_the_name_is_anothers() {
    let (a, _) = numbers();
    let csv = &connectors("")[0].1;
    let two_off = format!("{}97{}", &a[..9], &a[11..]);
    let turned = format!("{}{}{}{}", &a[..14], &a[15..16], &a[14..15], &a[16..]);
    assert_ne!(turned, a);
    // Key, and what is said where the name is the person's, nobody's, another's.
    for (key, same, open) in [
        (a[..17].to_owned(), UNREAD, UNREAD),
        (a[1..].to_owned(), UNREAD, UNREAD),
        (format!("{}{}", &a[..7], &a[8..]), UNREAD, UNREAD),
        (a[..16].to_owned(), UNREAD, UNREAD),
        (a[..15].to_owned(), UNREAD, UNREAD),
        (format!("{}1{}", &a[..7], &a[7..]), UNREAD, UNREAD),
        (format!("{}7{}", &a[..16], &a[17..]), UNREAD, UNREAD),
        (format!("{}l{}", &a[..7], &a[8..]), UNREAD, UNREAD),
        (turned, UNREAD, UNREAD),
        (two_off, UNREAD, NONE),
        ("511703198406139".to_owned(), NONE, NONE),
    ] {
        for (name, named, expected) in [
            ("测试甲", true, same),
            ("", true, open),
            ("测*", true, open),
            ("测试甲", false, open),
            ("张三", true, NONE),
        ] {
            let answers = said("csv", csv, &[(&key, name)], named).await;
            assert_eq!(reason(&answers[0]), expected, "{key} {name} {named}");
        }
    }
    // Whoever has a whole number is nobody else, however like it is.
    let twin = crate::testing::person(902);
    let answers = said("csv", csv, &[(twin.expose(), "测试甲")], true).await;
    assert_eq!(reasons(&answers), [NONE, NONE]);
    // What is found under the whole number is not all that there may be.
    let answers = said("csv", csv, &[(&a, "测试甲"), (&a[..17], "测试甲")], true).await;
    assert_eq!(reason(&answers[0]), UNREAD);
}

/// A person born in 2010 whose number lost its end looks like one of 15.
#[tokio::test]
async fn a_number_cut_off_after_fifteen_digits_is_a_failure_even_where_it_looks_whole() {
    let birth = hedui_ids::Date::new(2010, 12, 1).unwrap();
    let division = hedui_ids::DivisionCode::parse("511703").unwrap();
    let child = hedui_ids::ResidentId::compose(division, birth, 101).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let csv = &connectors("")[0].1;
    let manifest = manifest(csv, dir.path());
    for (name, expected) in [("测试甲", UNREAD), ("张三", NONE)] {
        put(
            "csv",
            dir.path(),
            &[HEADER, STRANGER, [&child.expose()[..15], name, "p", "1", "2019-03-01"]],
        );
        let mut query = query(1);
        query.subjects[0].id = child;
        let adapter = MappedAdapter::open(&manifest).unwrap();
        let answers = adapter.query(&query, Instant::now() + LONG).await.unwrap();
        assert_eq!(reason(&answers[0]), expected, "{name}");
    }
}

#[tokio::test]
async fn a_word_in_the_place_of_a_number_leaves_open_whoever_has_the_name() {
    const OPEN: &str = "SOURCE_UNREADABLE";
    for (kind, connector) in connectors("") {
        for word in ["无", "不详", "NULL", "0", "同上", "户主", "尾号0011", "7", "19840612"] {
            let answers = said(kind, &connector, &[(word, "测试甲")], true).await;
            assert_eq!(reasons(&answers), [OPEN, NONE], "{kind} {word}");
            let message = answers[0].failure.as_ref().unwrap().message.clone();
            assert!(message.contains("is cannot be told"), "{message}");
            // Who is found stays found, with a note.
            let answers = said(kind, &connector, &[(word, " 测试甲 "), (&numbers().0, "测试甲")], true).await;
            assert!(matches!(answers[0].state, AnswerState::Found { .. }), "{word}");
            assert!(answers[0].notes.iter().any(|note| note.contains("line")), "{word}");
        }
        // Without a name such a line is as one without a number; words that mean no missing number are remarks.
        for (word, expected) in [
            ("无", OPEN),
            ("0", OPEN),
            ("NULL", OPEN),
            ("制表人", NONE),
            ("E12345678", NONE),
        ] {
            assert_eq!(
                reasons(&said(kind, &connector, &[(word, "")], true).await),
                [expected; 2],
                "{word}"
            );
            let nameless = said(kind, &connector, &[(word, "测试甲")], false).await;
            assert_eq!(reasons(&nameless), [expected; 2], "{word}");
        }
    }
    let quarantined = &connectors(", quarantine = true")[0].1;
    let answers = said("csv", quarantined, &[("无", ""), (&numbers().0, "测试甲")], true).await;
    assert_eq!(reasons(&answers), ["FOUND", OPEN]);
}

#[tokio::test]
async fn a_line_of_sums_is_nobodys() {
    for (kind, connector) in connectors("") {
        for (who, name) in [
            ("合计", ""),
            ("总 计：", ""),
            ("", "合计"),
            ("0", "小计"),
            ("TOTAL", ""),
            ("合计", "测试甲"),
        ] {
            for named in [true, false] {
                let answers = said(kind, &connector, &[(who, name)], named).await;
                assert_eq!(reasons(&answers), [NONE, NONE], "{kind} {who} {name} {named}");
            }
        }
    }
    let csv = &connectors("")[0].1;
    let dir = tempfile::tempdir().unwrap();
    put(
        "csv",
        dir.path(),
        &[HEADER, STRANGER, ["", "测试甲", "合计", "1", "2019-03-01"]],
    );
    assert_eq!(
        reasons(&asked(csv, dir.path(), true).await),
        ["SOURCE_UNREADABLE"; 2],
        "of a person"
    );
}

#[tokio::test]
async fn what_a_service_says_of_a_damaged_number_is_no_no_record_either() {
    let (a, s) = numbers();
    let row = |who: &str, name: &str| {
        format!("{{\"who\":\"{who}\",\"name\":\"{name}\",\"what\":\"p\",\"amount\":\"1\",\"day\":\"2019-03-01\"}}")
    };
    let mine = row(&a, "测试甲");
    for (who, name, expected) in [
        (a[..17].to_owned(), "测试甲", UNREAD),
        (a[..16].to_owned(), "测试甲", UNREAD),
        (format!("{a}0"), "测试甲", UNREAD),
        (format!("{a}、{s}"), "测试甲", UNREAD),
        (a.replace('0', "O"), "测试甲", UNREAD),
        ("无".to_owned(), "测试甲", UNREAD),
        ("无".to_owned(), "", UNREAD),
        ("无".to_owned(), "张三", "FOUND"),
        ("110101199003077774".to_owned(), "张三", "FOUND"),
        ("E12345678".to_owned(), "张三", "FOUND"),
    ] {
        let answer = format!("{{\"data\":[{mine},{}]}}", row(&who, name));
        let url = service("application/json", 200, answer).await;
        assert_eq!(reason(&ask(&connector(&url, ""), LONG).await), expected, "{who} {name}");
        let url = service("application/json", 200, format!("{{\"data\":[{}]}}", row(&who, name))).await;
        assert_eq!(
            reason(&ask(&connector(&url, ""), LONG).await),
            UNREAD,
            "{who} {name} alone"
        );
    }
}

/// As many damaged numbers as are looked through, and more.
#[tokio::test]
async fn a_file_of_damaged_numbers_is_answered_in_time_and_fails_where_there_are_too_many() {
    let csv = &connectors("")[0].1;
    for (lines, expected) in [(100_000_u64, NONE), (100_001, "SOURCE_UNREADABLE")] {
        let dir = tempfile::tempdir().unwrap();
        let mut text = HEADER.join(",") + "\n" + &STRANGER.join(",") + "\n";
        for number in 0..lines {
            text += &format!("{},n,p,1,2019-03-01\n", 11_010_119_000_000_000 + number);
        }
        std::fs::write(dir.path().join("t.csv"), text).unwrap();
        assert_eq!(reasons(&asked(csv, dir.path(), true).await), [expected; 2]);
    }
}
