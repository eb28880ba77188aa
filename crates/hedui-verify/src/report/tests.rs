//! Reports say the same in both forms, whatever a log calls itself.
//! Leaves what is reported to the tests of the program.

use proptest::prelude::*;

use super::*;

proptest! {
    #[test]
    fn json_is_read_as_it_was_meant(text in any::<String>(), number in any::<u64>()) {
        let parts = Value::Parts(vec![("one", Value::Text(text.clone())), ("two", Value::Number(number))]);
        let list = Value::List(vec![parts, Value::Number(1)]);
        let report = Report::refuted("CODE", &text).with("list", list).with("none", Value::List(Vec::new()));
        let read: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        prop_assert_eq!(&read["verdict"], false);
        prop_assert_eq!(&read["reason"], "CODE");
        prop_assert_eq!(&read["explanation"], &text);
        prop_assert_eq!(&read["list"][0]["one"], &text);
        prop_assert_eq!(&read["list"][0]["two"], number);
        prop_assert_eq!(&read["list"][1], 1);
        prop_assert_eq!(read["none"].as_array().unwrap().len(), 0);
    }

    #[test]
    fn no_text_adds_a_line_of_its_own(text in any::<String>()) {
        let shown = Report::proved().text("origin", &text).number("size", 1).to_string();
        prop_assert_eq!(shown.lines().count(), 3);
        prop_assert!(shown.starts_with("true\norigin: "));
        let deceives = shown.contains(['\u{1b}', '\u{202e}', '\r']);
        prop_assert!(!deceives);
    }
}

#[test]
fn what_could_deceive_a_terminal_is_escaped() {
    let report = Report::proved().text("origin", "a\u{1b}[2J\u{202e}b\u{85}");
    assert_eq!(report.to_string(), "true\norigin: a\\u{1b}[2J\\u{202e}b\\u{85}\n");
    assert_eq!(
        report.to_json(),
        r#"{"verdict":true,"origin":"a\u001b[2J\u202eb\u0085"}"#
    );
}
