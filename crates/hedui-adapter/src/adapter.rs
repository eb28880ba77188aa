//! The trait that a department inside this process implements, what it says of itself, and the adapter made of a manifest.
//! Leaves streams, limits and breakers to `port` and `gate`.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hedui_core::{AnswerState, DepartmentId, Failure, Query, RecordType, SubjectAnswer};
use tokio::time::Instant;

use crate::clock::Clock;
use crate::manifest::Manifest;
use crate::mapping::{Mapping, Row};
use crate::reason::{Reason, cause_of};
use crate::source::{self, Rows, Source};
use crate::wire::Signer;

/// By what a person can be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LookupKey {
    /// Resident ID, 18 characters.
    IdNumber,
    /// Its 15-digit form.
    LegacyIdNumber,
    /// Name.
    Name,
}

impl LookupKey {
    /// Every key, in the order of the protocol.
    pub const ALL: &[LookupKey] = &[LookupKey::IdNumber, LookupKey::LegacyIdNumber, LookupKey::Name];

    /// The word in manifests.
    pub const fn word(self) -> &'static str {
        match self {
            LookupKey::IdNumber => "id_number",
            LookupKey::LegacyIdNumber => "legacy_id_number",
            LookupKey::Name => "name",
        }
    }

    /// The key of a word.
    pub fn from_word(word: &str) -> Option<LookupKey> {
        LookupKey::ALL.iter().copied().find(|key| key.word() == word)
    }
}

/// How much a department can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Persons in one query.
    pub max_subjects: u32,
    /// Queries at once.
    pub max_concurrent_queries: u32,
    /// Bytes of one answer.
    pub max_response_bytes: u32,
}

/// What a department says of itself; stable between calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its id.
    pub department: DepartmentId,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// Versions of the protocol that it speaks.
    pub protocol_versions: Vec<String>,
    /// What it holds.
    pub record_types: Vec<RecordType>,
    /// What it is searched by.
    pub lookup_keys: Vec<LookupKey>,
    /// How much it can take.
    pub limits: Limits,
    /// For how long an answer may be used again; zero for never.
    pub freshness: Duration,
    /// Names of its self-tests.
    pub checks: Vec<String>,
    /// Ed25519 public key of signed answers; empty where they are not signed.
    pub signing_key: Vec<u8>,
    /// Version of its build.
    pub build: String,
}

/// Outcome of a self-test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Usable, but look at it.
    Warn,
    /// Not usable.
    Fail,
}

/// One self-test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckResult {
    /// Its name.
    pub check: String,
    /// How it went.
    pub outcome: Outcome,
    /// What was found and what to do; no personal data.
    pub message: String,
}

/// A department inside this process.
#[async_trait]
pub trait Adapter: Send + Sync {
    /// What it says of itself.
    fn describe(&self) -> Description;

    /// Runs one self-test, or all of them; a name that is not known gives one failed result.
    async fn check(&self, name: Option<&str>) -> Vec<CheckResult>;

    /// The answers for all persons of the query, one each, in their order.
    ///
    /// # Errors
    /// A failure that concerns them all; that of a single person stands in their answer. No text holds personal data.
    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure>;

    /// Signs its answers where they are served; none where they are not signed.
    fn signer(&self) -> Option<&Signer> {
        None
    }
}

/// An adapter whose answers are signed.
pub struct Signed<A> {
    /// Who answers.
    pub adapter: A,
    /// Who signs.
    pub signer: Signer,
}

#[async_trait]
impl<A: Adapter> Adapter for Signed<A> {
    fn describe(&self) -> Description {
        Description {
            signing_key: self.signer.public_key().to_vec(),
            ..self.adapter.describe()
        }
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        self.adapter.check(name).await
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.adapter.query(query, deadline).await
    }

    fn signer(&self) -> Option<&Signer> {
        Some(&self.signer)
    }
}

/// The adapter made of a manifest: a source of rows and a mapping.
pub struct MappedAdapter {
    description: Description,
    mapping: Mapping,
    source: Box<dyn Source>,
}

impl MappedAdapter {
    /// The adapter of a manifest; the source is opened when first asked.
    ///
    /// # Errors
    /// `SOURCE_MISSING` where the manifest has no mapping or is reached through a plugin.
    pub fn open(manifest: &Manifest) -> Result<MappedAdapter, Failure> {
        MappedAdapter::opened(manifest, None)
    }

    /// The same with a clock, which signed questions need.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(manifest: &Manifest, clock: Arc<dyn Clock>) -> Result<MappedAdapter, Failure> {
        MappedAdapter::opened(manifest, Some(clock))
    }

    fn opened(manifest: &Manifest, clock: Option<Arc<dyn Clock>>) -> Result<MappedAdapter, Failure> {
        let missing = || Reason::SourceMissing.failure_at("the manifest describes no source of rows");
        let mapping = manifest.mapping.clone().ok_or_else(missing)?;
        let source = source::open(manifest, &mapping, clock)?.ok_or_else(missing)?;
        Ok(MappedAdapter {
            description: manifest.describe(),
            mapping,
            source,
        })
    }

    /// The adapter of any source of rows.
    pub fn new(description: Description, mapping: Mapping, source: Box<dyn Source>) -> MappedAdapter {
        MappedAdapter {
            description,
            mapping,
            source,
        }
    }
}

impl MappedAdapter {
    /// How its rows are read.
    pub fn mapping(&self) -> &Mapping {
        &self.mapping
    }

    /// The rows of the first person of a question as the source gives them, for looking at.
    ///
    /// # Errors
    /// A failure of the source.
    pub async fn rows(&self, query: &Query, deadline: Instant) -> Result<Vec<Row>, Failure> {
        let first = query.subjects.get(..1).unwrap_or_default();
        self.source
            .rows(first, deadline)
            .await?
            .pop()
            .unwrap_or_else(|| Ok(Rows::default()))
            .map(|found| found.rows)
    }
}

/// What may be said of a person, knowing what is to be said of the source. Where rows of the person may be missing, neither "no record" nor
/// "within the limit" may.
fn concluded(mut answer: SubjectAnswer, found: Rows) -> SubjectAnswer {
    if !answer.state.is_answer() {
        return answer;
    }
    if let (AnswerState::NoRecord | AnswerState::WithinLimit { .. }, Some(doubt)) = (&answer.state, found.doubt) {
        return SubjectAnswer::unreachable(answer.ordinal, cause_of(&doubt), doubt);
    }
    answer.data_on = answer.data_on.or(found.data_on);
    answer.notes.extend(found.notes);
    answer
}

#[async_trait]
impl Adapter for MappedAdapter {
    fn describe(&self) -> Description {
        self.description.clone()
    }

    async fn check(&self, name: Option<&str>) -> Vec<CheckResult> {
        let check = name.unwrap_or("source").to_owned();
        if check != "source" {
            let message = "there is no such check".to_owned();
            return vec![CheckResult {
                check,
                outcome: Outcome::Fail,
                message,
            }];
        }
        let (outcome, message) = match self.source.check().await {
            Ok(()) => (
                Outcome::Pass,
                "the source can be read and has every column of the manifest".to_owned(),
            ),
            Err(failure) => (Outcome::Fail, failure.message),
        };
        vec![CheckResult {
            check,
            outcome,
            message,
        }]
    }

    async fn query(&self, query: &Query, deadline: Instant) -> Result<Vec<SubjectAnswer>, Failure> {
        self.description.takes(query)?;
        let asked = &query.record_types;
        let found = self.source.rows(&query.subjects, deadline).await?;
        let answers = query.subjects.iter().zip(found).map(|(subject, rows)| match rows {
            Ok(found) => concluded(self.mapping.read(&found.rows, subject, asked), found),
            Err(failure) => SubjectAnswer::unreachable(subject.ordinal, cause_of(&failure), failure),
        });
        Ok(answers.collect())
    }
}
