//! Descriptions and self-tests on the wire, through the generated types: they are rare.
//! Leaves questions and answers to their own files.

use std::time::Duration;

use bytes::Bytes;
use hedui_core::{DepartmentId, RecordType};
use hedui_proto::department as p;
use prost::Message as _;

use super::records::word;
use crate::adapter::{CheckResult, Description, Limits, LookupKey, Outcome};

/// The bytes of a `DescribeResponse`.
pub fn encode_description(description: &Description) -> Bytes {
    let d = description;
    let message = p::DescribeResponse {
        department: d.department.as_str().to_owned(),
        name_zh: d.name_zh.clone(),
        name_en: d.name_en.clone(),
        protocol_versions: d.protocol_versions.clone(),
        record_types: d.record_types.iter().map(|t| *t as i32 + 1).collect(),
        lookup_keys: d.lookup_keys.iter().map(|key| *key as i32 + 1).collect(),
        limits: Some(p::Limits {
            max_subjects: d.limits.max_subjects,
            max_concurrent_queries: d.limits.max_concurrent_queries,
            max_response_bytes: d.limits.max_response_bytes,
        }),
        freshness_seconds: i64::try_from(d.freshness.as_secs()).unwrap_or(i64::MAX),
        checks: d.checks.clone(),
        signing_key: Bytes::from(d.signing_key.clone()),
        build: d.build.clone(),
    };
    Bytes::from(message.encode_to_vec())
}

/// Reads a `DescribeResponse`; `None` where it is not one, names no department or states no limits. Types and keys of later versions of the protocol are passed over.
pub fn decode_description(bytes: &[u8]) -> Option<Description> {
    let d = p::DescribeResponse::decode(bytes).ok()?;
    let limits = d.limits?;
    let number = |n: &i32| u64::try_from(*n).ok();
    Some(Description {
        department: DepartmentId::new(&d.department).ok()?,
        name_zh: d.name_zh,
        name_en: d.name_en,
        protocol_versions: d.protocol_versions,
        record_types: d
            .record_types
            .iter()
            .filter_map(|n| word(RecordType::ALL, number(n)?))
            .collect(),
        lookup_keys: d
            .lookup_keys
            .iter()
            .filter_map(|n| word(LookupKey::ALL, number(n)?))
            .collect(),
        limits: Limits {
            max_subjects: limits.max_subjects,
            max_concurrent_queries: limits.max_concurrent_queries,
            max_response_bytes: limits.max_response_bytes,
        },
        freshness: Duration::from_secs(u64::try_from(d.freshness_seconds).ok()?),
        checks: d.checks,
        signing_key: d.signing_key.to_vec(),
        build: d.build,
    })
}

/// The bytes of a `CheckResponse`.
pub fn encode_checks(results: &[CheckResult]) -> Bytes {
    let results = results.iter().map(|result| p::CheckResult {
        check: result.check.clone(),
        outcome: result.outcome as i32 + 1,
        message: result.message.clone(),
    });
    Bytes::from(
        p::CheckResponse {
            results: results.collect(),
        }
        .encode_to_vec(),
    )
}

/// Reads a `CheckResponse`; an outcome that is not known counts as failed.
pub fn decode_checks(bytes: &[u8]) -> Option<Vec<CheckResult>> {
    let response = p::CheckResponse::decode(bytes).ok()?;
    let outcome = |n: i32| match n {
        1 => Outcome::Pass,
        2 => Outcome::Warn,
        _ => Outcome::Fail,
    };
    let results = response.results.into_iter();
    Some(
        results
            .map(|r| CheckResult {
                check: r.check,
                outcome: outcome(r.outcome),
                message: r.message,
            })
            .collect(),
    )
}

/// The self-test that a `CheckRequest` names; empty for all.
pub(crate) fn decode_check_request(bytes: &[u8]) -> Option<String> {
    p::CheckRequest::decode(bytes).ok().map(|request| request.check)
}
