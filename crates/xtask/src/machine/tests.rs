//! The machine: what is there is not installed again, and installing never asks a question.

use super::*;

#[test]
fn a_program_that_is_there_makes_its_package_unnecessary() {
    // This test was linked, so a C compiler is there.
    assert!(is_there(&PACKAGES[0]));
    let absent = Package {
        name: "hedui-no-such-package",
        program: Some("hedui-no-such-program"),
        needed_for: "nothing",
    };
    assert!(!is_there(&absent));
}

#[test]
fn installing_never_asks_and_goes_through_sudo_only_for_others_than_root() {
    for (root_user, program) in [(true, "env"), (false, "sudo")] {
        let command = apt_get(root_user, &["install", "make"]);
        assert_eq!(command.get_program(), program);
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert!(words.contains(&"DEBIAN_FRONTEND=noninteractive".to_owned()));
        assert_eq!(words.last().map(String::as_str), Some("make"));
        assert_eq!(words.contains(&"--non-interactive".to_owned()), !root_user);
    }
}
