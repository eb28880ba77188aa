//! The table of failure reasons: every failure that this crate makes has one of these words, a class, an origin and a fixed text.
//! Leaves what a failure means for a verdict to the domain; texts hold no personal data because they are constants.

use hedui_core::{Failure, FailureClass, FailureOrigin, Unreachable};

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $class:ident, $origin:ident, $text:literal;)+) => {
        /// Why something is not an answer. Words are stable: they are only ever added.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[$doc])* $variant),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &[Reason] = &[$(Reason::$variant),+];

            /// The stable word, for example `SOURCE_TIMEOUT`.
            pub const fn word(self) -> &'static str {
                match self { $(Reason::$variant => $word),+ }
            }

            /// Who has to act.
            pub const fn class(self) -> FailureClass {
                match self { $(Reason::$variant => FailureClass::$class),+ }
            }

            /// Where it arose.
            pub const fn origin(self) -> FailureOrigin {
                match self { $(Reason::$variant => FailureOrigin::$origin),+ }
            }

            /// What people are told.
            pub const fn text(self) -> &'static str {
                match self { $(Reason::$variant => $text),+ }
            }
        }
    };
}

reasons! {
    /// The source did not answer before the deadline.
    SourceTimeout = "SOURCE_TIMEOUT", Transient, Department, "the department's source did not answer in time";
    /// The source cannot be reached now.
    SourceUnavailable = "SOURCE_UNAVAILABLE", Transient, Department, "the department's source cannot be reached";
    /// The source does not let us in.
    SourceRefused = "SOURCE_REFUSED", Config, Department, "the department's source refuses the adapter";
    /// File, sheet, table or column is not there.
    SourceMissing = "SOURCE_MISSING", Config, Adapter, "the source, or a part of it that the manifest names, is not there";
    /// The source answered with an error of its own.
    SourceError = "SOURCE_ERROR", System, Department, "the department's source reports an error";
    /// The source is damaged, or is not what the manifest says.
    SourceUnreadable = "SOURCE_UNREADABLE", System, Department, "the source cannot be read as the manifest describes it";
    /// The source is, or answers with, more than the limits allow.
    SourceTooLarge = "SOURCE_TOO_LARGE", System, Department, "the source gives more than the limits allow";
    /// The newest data is older than the manifest allows.
    SourceOutdated = "SOURCE_OUTDATED", System, Department, "the department's newest data is older than it may be";
    /// The source says itself that there are more rows than it sent.
    SourceIncomplete = "SOURCE_INCOMPLETE", System, Department, "the department's source sent a part of the rows only";
    /// The source holds nobody: an export that failed leaves the same behind as a department without people.
    SourceEmpty = "SOURCE_EMPTY", System, Department, "the department's source holds nobody at all, as after an export that failed";
    /// The newest file is far smaller than the one before it: an export that broke off leaves the same behind as a department that forgot most people.
    SourceShrunk = "SOURCE_SHRUNK", System, Department, "the department's newest file is less than half as large as the one before it, as after an export that broke off";
    /// A row of the person lacks, or has unreadably, something that its record cannot do without.
    RowUnreadable = "ROW_UNREADABLE", System, Department, "a row of this person cannot be read";
    /// The query names no type of record that the department holds.
    RecordTypesNotHeld = "RECORD_TYPES_NOT_HELD", Config, Broker, "the department holds none of the types of record asked for";
    /// The query names more persons than the department takes.
    TooManySubjects = "TOO_MANY_SUBJECTS", Config, Broker, "more persons than the department takes in one query";
    /// The request is not one of the protocol.
    InvalidRequest = "INVALID_REQUEST", Config, Broker, "the request is malformed";
    /// Too many questions are waiting already.
    Overloaded = "OVERLOADED", Transient, Adapter, "too many questions are waiting for this department";
    /// No connection to the plugin.
    ConnectFailed = "CONNECT_FAILED", Transient, Adapter, "the department's plugin cannot be reached";
    /// The connection broke while the question was under way.
    ConnectionLost = "CONNECTION_LOST", Transient, Adapter, "the connection broke before the answer came";
    /// The plugin ended the call with a status that says it may work later.
    PluginUnavailable = "PLUGIN_UNAVAILABLE", Transient, Department, "the department's plugin is not available";
    /// The plugin refuses the call.
    PluginRefused = "PLUGIN_REFUSED", Config, Department, "the department's plugin refuses the call";
    /// The plugin ended the call with an error.
    PluginError = "PLUGIN_ERROR", System, Department, "the department's plugin reports an error";
    /// No answer before the deadline.
    DeadlineExceeded = "DEADLINE_EXCEEDED", Transient, Department, "no answer before the deadline";
    /// The adapter dropped the question.
    ReplyLost = "REPLY_LOST", System, Adapter, "the adapter dropped the question unanswered";
    /// The connector failed in a way that its code did not foresee.
    ConnectorPanicked = "CONNECTOR_PANICKED", System, Adapter, "the connector failed unexpectedly";
    /// The department failed repeatedly and is left alone for a while.
    BreakerOpen = "BREAKER_OPEN", Transient, Broker, "the department failed repeatedly and is not asked for a while";
    /// An operator has paused the department.
    DepartmentPaused = "DEPARTMENT_PAUSED", Transient, Broker, "the department is paused by an operator";
    /// As many questions as the department takes are under way.
    ConcurrencyLimit = "CONCURRENCY_LIMIT", Transient, Broker, "as many questions as the department takes are under way";
    /// As many questions as the department takes in a second were asked.
    RateLimit = "RATE_LIMIT", Transient, Broker, "as many questions as the department takes in a second were asked";
    /// The department takes no questions at this hour.
    OutsideHours = "OUTSIDE_HOURS", Transient, Broker, "the department takes no questions outside its office hours";
    /// The bytes are not an answer.
    MalformedAnswer = "MALFORMED_ANSWER", System, Department, "the answer is not one of the protocol";
    /// The answer is to another question.
    WrongQuery = "WRONG_QUERY", System, Department, "the answer is to another question";
    /// A person asked about is not in the answer.
    SubjectMissing = "SUBJECT_MISSING", System, Department, "the answer leaves this person out";
    /// A person asked about is in the answer more than once.
    SubjectTwice = "SUBJECT_TWICE", System, Department, "the answer speaks of this person more than once";
    /// The answer echoes another person's id.
    WrongSubject = "WRONG_SUBJECT", System, Department, "the answer is about another person";
    /// The answer does not say in which state it is, or in one that is not known.
    UnknownState = "UNKNOWN_STATE", System, Department, "the answer does not say whether there are records";
    /// FOUND without any record.
    FoundWithoutRecords = "FOUND_WITHOUT_RECORDS", System, Department, "the answer says found and brings no record";
    /// Records, or a failure, beside a state that excludes them.
    ContradictoryAnswer = "CONTRADICTORY_ANSWER", System, Department, "the answer contradicts itself";
    /// A record without a kind that is known.
    UnknownRecord = "UNKNOWN_RECORD", System, Department, "the answer holds a record of no known type";
    /// A code that is not of the protocol, or a missing one that the record cannot do without.
    UnknownCode = "UNKNOWN_CODE", System, Department, "the answer holds an unknown or missing code";
    /// Not whole fen in CNY.
    OddMoney = "ODD_MONEY", System, Department, "the answer holds an amount that is missing or not whole fen in CNY";
    /// A date that does not exist.
    ImpossibleDate = "IMPOSSIBLE_DATE", System, Department, "the answer holds a date that is missing or does not exist";
    /// Promised for a time that is over, or for more than a year later.
    DueAtImplausible = "DUE_AT_IMPLAUSIBLE", System, Department, "the answer is promised for a time that is over, or more than a year away";
    /// A number outside what it can be (share, grade, area).
    ImpossibleNumber = "IMPOSSIBLE_NUMBER", System, Department, "the answer holds a number that cannot be";
    /// The department's answers must be signed, and this one is not.
    SignatureMissing = "SIGNATURE_MISSING", Config, Department, "the answer is not signed, though the department signs its answers";
    /// Signed under a key that no operator has pinned.
    SignatureKeyUnknown = "SIGNATURE_KEY_UNKNOWN", Config, Department, "the answer is signed under a key that is not pinned for the department";
    /// The signature is not one of the pinned key over this answer.
    SignatureInvalid = "SIGNATURE_INVALID", System, Department, "the signature of the answer does not hold";
    /// The question came back to a broker that has passed it on.
    PeerLoop = "PEER_LOOP", Config, Broker, "the question came back to a broker that it has passed: the brokers ask each other in a circle";
    /// The question has passed as many brokers as it may.
    PeerTooFar = "PEER_TOO_FAR", Config, Broker, "the question has passed as many brokers as it may";
    /// One of the peer's departments was silent: what the others said is not the whole.
    PeerIncomplete = "PEER_INCOMPLETE", Transient, Department, "a department behind the peer did not answer";
    /// The people of an office looked and could not find out.
    OfficeCannotTell = "OFFICE_CANNOT_TELL", System, Department, "the office could not find out";
    /// The department reports a failure without a usable reason.
    DepartmentFailure = "DEPARTMENT_FAILURE", System, Department, "the department could not find out";
}

impl Reason {
    /// The failure with its fixed text.
    pub fn failure(self) -> Failure {
        Failure {
            class: self.class(),
            origin: self.origin(),
            reason: self.word().to_owned(),
            message: self.text().to_owned(),
        }
    }

    /// The failure with a place or number added. `detail` must hold nothing that a source or a person wrote: line numbers, status
    /// codes, names of fields and columns.
    pub fn failure_at(self, detail: impl std::fmt::Display) -> Failure {
        Failure {
            message: format!("{}: {detail}", self.text()),
            ..self.failure()
        }
    }

    /// The reason of a word.
    pub fn from_word(word: &str) -> Option<Reason> {
        Reason::ALL.iter().copied().find(|r| r.word() == word)
    }
}

/// How a failure counts: as silence, as a refusal, or as a failed attempt.
pub fn cause_of(failure: &Failure) -> Unreachable {
    match Reason::from_word(&failure.reason) {
        Some(Reason::SourceTimeout | Reason::DeadlineExceeded) => Unreachable::Timeout,
        Some(
            Reason::SourceRefused
            | Reason::PluginRefused
            | Reason::Overloaded
            | Reason::ConcurrencyLimit
            | Reason::RateLimit
            | Reason::OutsideHours
            | Reason::ConnectFailed
            | Reason::PluginUnavailable
            | Reason::DepartmentPaused
            | Reason::PeerLoop
            | Reason::PeerTooFar
            | Reason::SignatureMissing
            | Reason::SignatureKeyUnknown
            | Reason::SignatureInvalid,
        ) => Unreachable::Refused,
        Some(Reason::BreakerOpen) => Unreachable::Breaker,
        _ => Unreachable::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_one_upper_case_word_and_no_word_stands_twice() {
        let mut words: Vec<_> = Reason::ALL.iter().map(|r| r.word()).collect();
        for word in &words {
            assert!(crate::wire::is_reason_word(word), "{word}");
            assert_eq!(Reason::from_word(word).map(Reason::word), Some(*word));
        }
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
