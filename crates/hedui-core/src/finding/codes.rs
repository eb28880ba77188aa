//! The codes of findings: one list, which documents and tests are held against.
//! Leaves what each means, and when it is found, to the files that find it.

use super::{CONFLICT_OF_INTEREST, DEPARTMENT_DRIFTS, HELP_UNCONFIRMED, LONG_PAST, MEMBERS_UNCONFIRMED, NO_REGISTER};

/// The codes of all findings that a verification can have, but for those that compare it with the one before. Only ever added to.
pub const FINDINGS: &[&str] = &[
    "DECEASED_MEMBER",
    "REGISTRATION_CANCELLED",
    "MEMBER_UNKNOWN",
    "NO_ADULT",
    "IN_ANOTHER_HOUSEHOLD",
    "UNDECLARED_SPOUSE",
    "ASSISTANCE_ELSEWHERE",
    NO_REGISTER,
    DEPARTMENT_DRIFTS,
    CONFLICT_OF_INTEREST,
    "ANSWER_NOT_AUTHENTIC",
    "IDENTITY_MISMATCH",
    "MARRIAGE_ENDED",
    "ASSISTANCE_DRAWN",
    "BUSINESS_REGISTRATION",
    "PUBLIC_SALARY",
    "DECLARED_DIFFERS",
    "INCOME_UNDECLARED",
    "CONFLICTING_SOURCES",
    "DOUBTFUL_MATCH",
    "WAGE_UNKNOWN",
    "UNCORROBORATED_WAGE",
    "WAGE_NOT_DECLARED_YET",
    "RENT_UNKNOWN",
    "IMPLAUSIBLE_RECORD",
    "ASSISTANCE_TWICE",
    "ASSISTANCE_LOST",
    MEMBERS_UNCONFIRMED,
    HELP_UNCONFIRMED,
    "MEMBER_MOVED_OUT",
    "ASSISTANCE_PLACE_UNKNOWN",
    "PARENT_OUTSIDE",
    LONG_PAST,
];
