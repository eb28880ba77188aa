//! Files of variables are read whole or refused, and no message repeats what stands in them.
//! Leaves the commands that take them to `tests/cli`.

use clap::Parser;

use super::*;

const SECRET: &str = "p'w\\\"d-7f3a";

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    variables: VariableArgs,
}

/// A file of this text that its owner alone can read.
fn file(folder: &tempfile::TempDir, name: &str, text: &[u8]) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

fn given(arguments: &[&str]) -> Result<Variables, CliError> {
    let line = ["adapter"].iter().chain(arguments);
    Line::try_parse_from(line).unwrap().variables.given()
}

/// The field, reason and line of each mistake.
fn mistakes(error: &CliError) -> Vec<(&str, &str, Option<usize>)> {
    let CliError::Input { mistakes, .. } = error else {
        panic!("{error}");
    };
    let told = mistakes.iter();
    told.map(|m| (m.field.as_str(), m.reason.as_str(), m.line)).collect()
}

#[test]
fn the_last_file_counts_and_a_value_of_the_line_counts_more() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("# of the register\npassword = \"{SECRET}\"\ndata = '/srv'\nhttp = \"a\"\n");
    let first = file(&folder, "first.toml", text.as_bytes());
    let second = file(&folder, "second.toml", b"data = \"/other\"\nhttp = \"b\"\n");
    let values = given(&["--set", "http=c", "--set-file", &first, "--set-file", &second]).unwrap();
    let expected = [("data", "/other"), ("http", "c"), ("password", "p'w\"d-7f3a")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(values, Variables::from(expected));
    assert!(given(&[]).unwrap().is_empty());
}

#[test]
fn a_file_that_others_can_use_is_refused_until_it_is_closed_to_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "v.toml", b"a = \"b\"");
    for mode in [0o640, 0o604, 0o620, 0o601] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let error = given(&["--set-file", &path]).unwrap_err();
        assert_eq!(mistakes(&error), [("--set-file", "FILE_OPEN_TO_OTHERS", None)]);
        assert!(error.text(crate::cli::Lang::En).contains("chmod 600"), "{error}");
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(given(&["--set-file", &path]).unwrap().len(), 1);
    }
}

#[test]
fn every_mistake_is_named_with_its_line_and_no_value_is_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let large = vec![b'#'; 1 << 21];
    let number = format!("a = \"{SECRET}\"\nb = 7312345\nc = \"d\"\n[d]\ne = \"{SECRET}\"\n");
    let plain = format!("a = \"b\"\npassword = {SECRET}\n");
    let twice = format!("a = \"{SECRET}\"\na = \"{SECRET}\"\n");
    for (text, expected) in [
        (
            number.as_bytes(),
            vec![("b", "TYPE_WRONG", Some(2)), ("d", "TYPE_WRONG", Some(4))],
        ),
        (plain.as_bytes(), vec![("--set-file", "TOML_SYNTAX", Some(2))]),
        (twice.as_bytes(), vec![("--set-file", "TOML_SYNTAX", Some(2))]),
        (b"a = \"\xFF\"", vec![("--set-file", "TOML_SYNTAX", None)]),
        (&large, vec![("--set-file", "FILE_TOO_LARGE", None)]),
    ] {
        let error = given(&["--set-file", &file(&folder, "v.toml", text)]).unwrap_err();
        assert_eq!(mistakes(&error), expected);
        let said = format!("{error:?}{}{}", error.text(crate::cli::Lang::En), error.json());
        assert!(!said.contains("7f3a") && !said.contains("7312345"), "{said}");
    }
    let nowhere = given(&["--set-file", "/nowhere/v.toml"]).unwrap_err();
    assert!(matches!(nowhere, CliError::Read { .. }), "{nowhere}");
}
