//! The laws of the state that an expiry is shown in.

use proptest::prelude::*;

use super::*;
use crate::cli::{Lang, Surroundings};

fn context(now_s: i64) -> Context {
    Context {
        output: Output::Table,
        lang: Lang::En,
        width: 80,
        surroundings: Surroundings {
            now: jiff::Timestamp::from_second(now_s).unwrap(),
            request_id: [0; 16],
            locale: String::new(),
            no_colour: true,
            stdin_is_terminal: false,
            stdout_is_terminal: false,
            stderr_is_terminal: false,
        },
    }
}

proptest! {
    /// What can be approved or run is called so up to the moment it ends; what is done or withdrawn stays that.
    #[test]
    fn an_expiry_that_has_ended_is_never_shown_as_one_to_decide(
        now in 0..1_000i64, ends in 0..1_000i64, approved in any::<bool>(), withdrawn in any::<bool>(), done in any::<bool>(),
    ) {
        let moment = |seconds| Some(prost_types::Timestamp { seconds, nanos: 0 });
        let expiry = wire::Expiry {
            id: "ab".to_owned(),
            approved_by: if approved { "archive-lead/0018".to_owned() } else { String::new() },
            expires_at: moment(ends),
            withdrawn,
            done_at: moment(1).filter(|_| done),
            ..wire::Expiry::default()
        };
        let open = if approved { "to run" } else { "to approve" };
        let expected = match (done, withdrawn, now < ends) {
            (true, ..) => "done",
            (false, true, _) => "withdrawn",
            (false, false, true) => open,
            (false, false, false) => "expired",
        };
        prop_assert_eq!(state(&expiry, &context(now)), expected);
    }
}
