//! What a status without details is taken for.

use super::*;

fn refusal(code: Code, reason: &str) -> Refusal {
    Refusal {
        code,
        reason: reason.to_owned(),
        ..Refusal::unreachable("http://127.0.0.1:7311", "broken pipe")
    }
}

#[test]
fn a_broken_connection_is_a_server_out_of_reach() {
    for code in [Code::Unknown, Code::Internal, Code::Cancelled, Code::Unavailable] {
        let broken = refusal(code, "");
        assert_eq!(broken.exit(), Exit::Unavailable, "{code:?}");
        assert!(broken.may_pass(), "{code:?}");
    }
}

#[test]
fn what_the_server_says_with_a_reason_is_its_answer() {
    for code in [Code::Unknown, Code::Internal] {
        let said = refusal(code, "INTERNAL");
        assert_eq!(said.exit(), Exit::Internal, "{code:?}");
        assert!(!said.may_pass() && !said.is_broken(), "{code:?}");
    }
}

#[test]
fn another_program_at_the_port_does_not_become_a_server_by_waiting() {
    let other = Refusal::no_server("http://127.0.0.1:7311", "frame with invalid size");
    assert_eq!(other.exit(), Exit::Unavailable);
    assert!(!other.may_pass() && !other.is_broken());
}
