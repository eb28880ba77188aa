//! The command line: every task has one spelling, and a mistake never runs anything.

use super::*;

fn parse(line: &str) -> Result<Task, String> {
    Task::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

#[test]
fn every_task_in_the_help_is_understood() {
    assert_eq!(parse("test"), Ok(Task::Test(vec![])));
    assert_eq!(parse("lint"), Ok(Task::Lint));
    assert_eq!(parse("tidy"), Ok(Task::Tidy));
    assert_eq!(parse("help"), Ok(Task::Help));
    for line in HELP
        .lines()
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
    {
        let name = line.split_whitespace().next().unwrap();
        assert!(
            parse(name).is_ok(),
            "the help names a task that is not understood: {name}"
        );
    }
}

#[test]
fn what_follows_the_dashes_reaches_the_tests_unchanged() {
    let wanted = vec!["merkle".to_owned(), "--nocapture".to_owned(), "--".to_owned()];
    assert_eq!(parse("test -- merkle --nocapture --"), Ok(Task::Test(wanted)));
    assert_eq!(parse("test --"), Ok(Task::Test(vec![])));
}

#[test]
fn a_mistake_on_the_command_line_is_refused_and_named() {
    for (line, named) in [
        ("", "which"),
        ("tset", "tset"),
        ("test merkle", "merkle"),
        ("tidy now", "now"),
    ] {
        let message = parse(line).unwrap_err();
        assert!(message.contains(named), "{line:?} gave {message:?}");
    }
}

#[test]
fn the_repository_is_the_folder_that_holds_this_crate() {
    let root = repository().unwrap();
    assert!(root.join("crates/xtask/src/task/tests.rs").is_file());
}
