//! Steps: a failure stops, names itself and says what to do.

use super::*;

#[test]
fn a_failed_step_names_itself_its_cause_and_what_to_do() {
    let mut steps = Steps::default();
    let error = steps
        .run("format", "run the formatter", || bail!("two files differ"))
        .unwrap_err()
        .to_string();
    for part in ["format failed", "two files differ", "run the formatter"] {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
    assert!(steps.passed.is_empty());
}

#[test]
fn a_step_passes_exactly_when_its_command_does() {
    assert!(succeed(&mut Command::new("true")).is_ok());
    let failed = succeed(Command::new("false").arg("argument")).unwrap_err().to_string();
    assert!(
        failed.contains("false argument"),
        "{failed:?} does not name the command"
    );
    assert!(succeed(&mut Command::new("hedui-no-such-program")).is_err());
}

#[test]
fn output_is_given_only_by_a_command_that_succeeds() {
    assert_eq!(output(Command::new("echo").arg("found")), Some("found\n".to_owned()));
    assert_eq!(output(&mut Command::new("false")), None);
    assert_eq!(output(&mut Command::new("hedui-no-such-program")), None);
}

#[test]
fn what_is_left_out_is_remembered_to_the_end() {
    let mut steps = Steps::default();
    steps
        .run_what_can("dependencies", "look", || Ok(vec!["advisories".to_owned()]))
        .unwrap();
    steps.run_what_can("other", "look", || Ok(vec![])).unwrap();
    assert_eq!(steps.left_out, ["advisories"]);
    assert_eq!(steps.passed.len(), 2);
    assert!(steps.run_what_can("third", "look", || bail!("broken")).is_err());
}
