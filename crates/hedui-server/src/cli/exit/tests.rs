//! Laws of the exit codes.

use proptest::prelude::*;

use super::*;

const OUTCOMES: [Outcome; 4] = [
    Outcome::Unspecified,
    Outcome::Qualifies,
    Outcome::Exceeds,
    Outcome::Inconclusive,
];

#[test]
fn every_status_has_its_documented_code() {
    let table = [
        (Code::Ok, 0),
        (Code::Cancelled, 5),
        (Code::Unknown, 1),
        (Code::InvalidArgument, 3),
        (Code::DeadlineExceeded, 5),
        (Code::NotFound, 3),
        (Code::AlreadyExists, 4),
        (Code::PermissionDenied, 4),
        (Code::ResourceExhausted, 5),
        (Code::FailedPrecondition, 4),
        (Code::Aborted, 4),
        (Code::OutOfRange, 3),
        (Code::Unimplemented, 1),
        (Code::Internal, 1),
        (Code::Unavailable, 5),
        (Code::DataLoss, 1),
        (Code::Unauthenticated, 4),
    ];
    for (code, number) in table {
        assert_eq!(Exit::of_status(code, false).number(), number, "{code:?}");
    }
    assert_eq!(Exit::of_status(Code::InvalidArgument, true), Exit::Refused);
}

#[test]
fn a_verification_without_verdict_never_looks_like_success() {
    for state in [
        VerificationState::Unspecified,
        VerificationState::Running,
        VerificationState::Succeeded,
        VerificationState::Cancelled,
        VerificationState::Failed,
    ] {
        let verification = Verification {
            state: state.into(),
            ..Default::default()
        };
        assert_ne!(Exit::of_verification(&verification), Exit::Success, "{state:?}");
    }
}

#[test]
fn help_and_readme_list_every_code() {
    let readme = include_str!("../../../README.md");
    let help = Exit::help();
    for (exit, meaning) in Exit::MEANINGS {
        assert!(help.contains(&format!("{:>3}  {meaning}", exit.number())));
        assert!(
            readme.contains(&format!("| {} | {meaning} |", exit.number())),
            "{exit:?} is not in the README"
        );
    }
}

proptest! {
    #[test]
    fn several_programmes_come_to_the_worst_in_any_order(picks in prop::collection::vec(0_usize..4, 1..6)) {
        let outcomes: Vec<Outcome> = picks.iter().map(|pick| OUTCOMES[*pick]).collect();
        let expected = if outcomes.iter().any(|o| matches!(o, Outcome::Inconclusive | Outcome::Unspecified)) {
            Exit::Inconclusive
        } else if outcomes.contains(&Outcome::Exceeds) {
            Exit::Exceeds
        } else {
            Exit::Success
        };
        prop_assert_eq!(Exit::of_outcomes(outcomes.iter().copied()), expected);
        prop_assert_eq!(Exit::of_outcomes(outcomes.into_iter().rev()), expected);
    }
}
