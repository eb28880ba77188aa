//! Describing: what the records behind a report say of themselves, read from the sealed answers when somebody looks.
//! Leaves which records those are to the report, which seals where each stands, and noting the look-up to `case`.

use bytes::Bytes;
use hedui_adapter::wire::decode_answer;
use hedui_core::answer::{Query, Subject, SubjectAnswer};
use hedui_core::household::Household;
use hedui_core::names::DepartmentId;
use hedui_core::record::RecordType;
use hedui_core::{Origin, ProgrammeId, Report, Source};
use hedui_evidence::{CaseId, Frame, FrameKind};

use crate::broker::Broker;
use crate::core::Core;
use crate::error::BrokerError;
use crate::request::StoredRequest;
use crate::reuse::{answer_leaf, open, question_of};
use crate::run::Verification;

impl Broker {
    /// Fills in what a report's sources say of themselves. What cannot be opened any more stays without a text.
    pub(crate) async fn describe(&self, case: CaseId, found: &mut Verification) -> Result<(), BrokerError> {
        let core = self.core();
        let is_described = |r: &Report| r.origins.is_empty() || !r.sources.is_empty();
        let Some(kept) = &found.report else {
            return Ok(());
        };
        let report = kept.open()?;
        if is_described(report) {
            return Ok(());
        }
        let stored = self.stored_request(case).await?;
        let Some(frame) = core.frame_of(case, FrameKind::Verdict).await? else {
            return Ok(());
        };
        let mut report = Report::clone(report);
        report.sources = sources(core, &stored, &frame, &report);
        found.report = Some(kept.described(report));
        Ok(())
    }
}

/// The sources of a report, from the answers in its frame.
pub(crate) fn sources(core: &Core, stored: &StoredRequest, frame: &Frame, report: &Report) -> Vec<Source> {
    // A request that this version would refuse does not hide the report: only the texts of its records are left out.
    let household = Household::check(stored.request.household.clone(), stored.as_of).ok();
    let purpose = stored.request.programmes.first();
    let purpose = purpose.and_then(|p| ProgrammeId::new(p).ok());
    let (Some(household), Some(purpose)) = (household, purpose) else {
        return report.origins.iter().map(|origin| bare(origin, report)).collect();
    };
    let members = household.members.iter().zip(0u32..);
    let mut question = Query {
        query_id: String::new(),
        purpose,
        district_code: stored.request.district_code.clone(),
        authorization_digest: [0; 32],
        as_of: stored.as_of,
        period_from: stored.as_of,
        period_until: stored.as_of,
        subjects: members
            .map(|(member, ordinal)| Subject {
                ordinal,
                id: member.id,
                name: member.name.clone(),
            })
            .collect(),
        record_types: RecordType::ALL.to_vec(),
    };
    let answers: Vec<Vec<SubjectAnswer>> = report
        .departments
        .iter()
        .map(|line| said(core, frame, &line.department, &mut question))
        .collect();
    let described = report.origins.iter().map(|origin| {
        let said = origin.record.and_then(|at| answers.get(at.department as usize));
        let record = said.and_then(|said| origin.record(said));
        Source::of(origin, holder(origin, report), Some(&household), record)
    });
    described.collect()
}

/// A source of which only the place is told.
fn bare(origin: &Origin, report: &Report) -> Source {
    Source::of(origin, holder(origin, report), None, None)
}

/// The department whose record a source is.
fn holder<'a>(origin: &Origin, report: &'a Report) -> Option<&'a DepartmentId> {
    let line = report.departments.get(origin.record?.department as usize)?;
    Some(&line.department)
}

/// What a department said, as far as its answer can be opened and read.
fn said(core: &Core, frame: &Frame, department: &DepartmentId, question: &mut Query) -> Vec<SubjectAnswer> {
    let opened: Option<Bytes> = answer_leaf(frame, department).and_then(|leaf| open(core, frame, leaf).ok().flatten());
    let Some(bytes) = opened else { return Vec::new() };
    // A kept or shared answer carries the id of the verification that asked.
    question.query_id = question_of(&bytes).unwrap_or_default();
    decode_answer(&bytes, question)
}
