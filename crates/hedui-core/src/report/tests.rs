//! Members in a report are masked, and never named in debug output.
//! Leaves rendering to whoever shows it.

use super::*;
use crate::testing::{checked, family, id};

#[test]
fn members_are_listed_by_ordinal_with_masked_numbers() {
    let members = Report::members(&checked(family()));
    assert_eq!(members.iter().map(|m| m.ordinal).collect::<Vec<_>>(), [0, 1, 2]);
    let text = serde_json::to_string(&members).unwrap();
    for number in [id(1980, 1), id(1982, 2), id(2016, 3)] {
        assert!(
            !text.contains(&number) && !text.contains(&number[6..14]),
            "a birth date or number shows"
        );
    }
    assert_eq!(serde_json::from_str::<Vec<ReportMember>>(&text).unwrap(), members);
    assert_eq!(format!("{:?}", members[0]), "ReportMember(0)");
}
