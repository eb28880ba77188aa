//! Laws of the arguments; the running programs are tested from outside, in `tests/`.

use super::*;
use crate::error::ErrorKind;

#[test]
fn thinking_times_are_two_numbers() {
    assert_eq!(think("5..50"), Ok((5, 50)));
    assert!(think("5").is_err() && think("a..b").is_err() && think("..").is_err());
}

#[test]
fn wrong_arguments_are_usage_errors_before_anything_starts() {
    let kinds = [
        plugin_main(["--department", "housing"]).unwrap_err().kind(),
        departments_main(["--count", "none"]).unwrap_err().kind(),
        departments_main(["--count", "0"]).unwrap_err().kind(),
        departments_main(["--think-ms", "9..1"]).unwrap_err().kind(),
        plugin_main(["--department", "nobody", "--data", "x"])
            .unwrap_err()
            .kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Usage; 5]);
    let missing = plugin_main(["--department", "rural-commercial-bank", "--data", "/nonexistent/people"]);
    assert_eq!(missing.unwrap_err().kind(), ErrorKind::Io);
}
