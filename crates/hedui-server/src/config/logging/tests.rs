//! Laws of the log, on a writer that keeps the lines.
//! Leaves the process-wide set-up to whoever starts a process.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use super::super::{Log, LogFormat};
use super::{LoggingError, filter, subscriber};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What two lines, one of information and one for debugging, leave in the log.
fn logged(format: LogFormat, filter: &str) -> String {
    let kept = Kept::default();
    let writer = kept.clone();
    let log = Log {
        format,
        filter: filter.to_owned(),
    };
    let subscriber = subscriber(&log, move || writer.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, || {
        tracing::info!(departments = 27, "started");
        tracing::debug!("detail");
    });
    let bytes = kept.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_filter_decides_which_lines_are_written() {
    assert_eq!(logged(LogFormat::Text, "info").lines().count(), 1);
    assert_eq!(logged(LogFormat::Text, "debug").lines().count(), 2);
    assert_eq!(logged(LogFormat::Text, "warn").lines().count(), 0);
    assert_eq!(
        logged(LogFormat::Text, &format!("warn,{}=info", module_path!()))
            .lines()
            .count(),
        1
    );
}

#[test]
fn a_text_line_has_no_escapes() {
    let text = logged(LogFormat::Text, "info");
    assert!(
        text.contains("INFO") && text.contains("started") && text.contains("departments=27"),
        "{text}"
    );
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn a_json_line_is_one_object_with_its_fields() {
    let text = logged(LogFormat::Json, "info");
    let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
    assert_eq!(
        (&line["level"], &line["message"], &line["departments"]),
        (&"INFO".into(), &"started".into(), &27.into())
    );
}

#[test]
fn a_misspelt_level_is_no_filter() {
    for good in [
        "info",
        "INFO",
        "off",
        "warn,hedui_broker=debug",
        "hedui_server",
        "error,[span]=trace",
        "info,",
    ] {
        assert!(filter(good).is_some(), "{good}");
    }
    for bad in ["", " ", "inof", "Inf", "warn,debgu", "hedui=louder"] {
        assert!(filter(bad).is_none(), "{bad}");
    }
}

#[test]
fn a_log_with_a_wrong_filter_is_not_set_up() {
    let log = Log {
        format: LogFormat::Text,
        filter: "hedui=louder".to_owned(),
    };
    assert!(matches!(subscriber(&log, io::sink), Err(LoggingError::Filter(filter)) if filter == "hedui=louder"));
}
