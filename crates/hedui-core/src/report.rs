//! The verification report: who was asked what, what they said, what it adds up to, what contradicts it, and the verdicts.
//! Leaves rendering to whoever shows it; this form is what is sealed as evidence, so its fields only grow.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::answer::Failure;
use crate::bounds::Figure;
use crate::circumstance::StatedCircumstance;
use crate::dates::{Date, PartialDate};
use crate::finding::Finding;
use crate::household::{Declared, Household, Relation, Residence};
use crate::names::{DepartmentId, LeafId, ProgrammeId};
use crate::part::Part;
use crate::source::{Origin, Source};
use crate::verdict::Verdict;

mod sealed;
#[cfg(test)]
mod tests;

/// Version of the sealed form.
pub const REPORT_VERSION: u32 = 4;

/// A member, as the report shows them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportMember {
    /// Position in the household.
    pub ordinal: u32,
    /// Name as stated.
    pub name: String,
    /// Resident ID, masked.
    pub id_masked: String,
    /// Relation to the applicant.
    pub relation: Relation,
    /// Completed years.
    pub age: u32,
    /// What papers state of them.
    #[serde(default)]
    pub circumstances: Vec<StatedCircumstance>,
}

/// Only the position: the name is personal.
impl std::fmt::Debug for ReportMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ReportMember({})", self.ordinal)
    }
}

/// What one department said of one member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectLine {
    /// Position of the member.
    pub ordinal: u32,
    /// Code of the state: `FOUND`, `UNREACHABLE:timeout`.
    pub state: SmolStr,
    /// Number of records.
    pub records: u32,
    /// Of which day the department's data is.
    pub data_on: Option<PartialDate>,
    /// Why, where it is not an answer.
    pub failure: Option<Failure>,
    /// Notes on data quality.
    pub notes: Vec<String>,
    /// Until when a pending answer is promised, milliseconds since 1970 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at_ms: Option<i64>,
}

/// One department's line of the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepartmentLine {
    /// The department.
    pub department: DepartmentId,
    /// The leaf of the answer; none where nothing was asked.
    pub evidence: Option<LeafId>,
    /// When asked, milliseconds since 1970.
    pub asked_at_ms: i64,
    /// When answered or given up, milliseconds since 1970. Of a kept answer: when it was first given.
    pub answered_at_ms: i64,
    /// Whether an answer kept from an earlier verification was used.
    pub kept: bool,
    /// Evidence of the verification that the kept answer is from.
    pub kept_from: String,
    /// Position in the order of arrival, from 1; 0 where nothing was asked.
    pub arrival: u32,
    /// One line per member.
    #[serde(with = "sealed")]
    pub subjects: Vec<SubjectLine>,
}

/// A named figure with its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedFigure {
    /// Name, for example `assets.financial`.
    pub name: SmolStr,
    /// `fen`, `pieces`, `persons`, `months`.
    pub unit: SmolStr,
    /// The figure.
    pub figure: Figure,
}

/// Over how many months before the date incomes and expenses are shown.
pub const FIGURE_MONTHS: u32 = 12;

impl NamedFigure {
    /// Over how many months before the date it is; 0 where it is what there is at the date.
    pub fn months(&self) -> u32 {
        let is_over_time = ["income.", "expense."].iter().any(|of| self.name.starts_with(of));
        if is_over_time { FIGURE_MONTHS } else { 0 }
    }
}

/// The report of one verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this form.
    pub version: u32,
    /// The verification, hexadecimal.
    pub verification: String,
    /// GB/T 2260 code of the district.
    pub district_code: String,
    /// Programmes asked for.
    pub programmes: Vec<ProgrammeId>,
    /// The date that it is about.
    pub as_of: Date,
    /// Which standard applies.
    pub residence: Residence,
    /// Who lives together.
    pub members: Vec<ReportMember>,
    /// What they state to own.
    pub declared: Declared,
    /// What each department said, in the order of the catalogue.
    pub departments: Vec<DepartmentLine>,
    /// What it adds up to.
    pub figures: Vec<NamedFigure>,
    /// What contradicts it.
    pub findings: Vec<Finding>,
    /// One per programme.
    pub verdicts: Vec<Verdict>,
    /// Whether every department that was asked has been waited for; false after an early return.
    pub complete: bool,
    /// Warnings about the request that refuse nothing: `field: reason`.
    pub warnings: Vec<String>,
    /// Where the records and declarations are that figures, findings and calculations rest on, by ascending id.
    #[serde(with = "crate::source::sealed")]
    pub origins: Vec<Origin>,
    /// BLAKE3 of the kept rules beside the packs (which department holds what, tolerances), 64 hexadecimal digits; empty before version 4.
    #[serde(default)]
    pub rules: SmolStr,
    /// What the same evidence says of the district's other programmes, as far as the letters let it be looked at for them, those left out whose limits
    /// it exceeds and those that the household draws already. Without conditions and calculation.
    #[serde(default)]
    pub also: Vec<Verdict>,
    /// What papers state of the household.
    #[serde(default)]
    pub circumstances: Vec<StatedCircumstance>,
    /// The origins as a reader sees them. The records are sealed with their answers; whoever shows the report looks them up there.
    #[serde(skip)]
    pub sources: Vec<Source>,
}

impl Report {
    /// The source with an id.
    pub fn source(&self, id: u32) -> Option<&Source> {
        let at = self.sources.binary_search_by_key(&id, |source| source.id).ok()?;
        self.sources.get(at)
    }

    /// Every part of every figure, finding and calculation.
    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        let figures = self.figures.iter().flat_map(|f| &f.figure.parts);
        let findings = self.findings.iter().flat_map(|f| &f.parts);
        let traces = self.verdicts.iter().flat_map(|v| &v.trace).flat_map(|s| &s.parts);
        figures.chain(findings).chain(traces)
    }

    /// The members as the report shows them.
    pub fn members(household: &Household) -> Vec<ReportMember> {
        household
            .members
            .iter()
            .zip(0u32..)
            .map(|(member, ordinal)| ReportMember {
                ordinal,
                name: member.name.clone(),
                id_masked: member.id.masked().to_string(),
                relation: member.relation,
                age: member.age,
                circumstances: member.circumstances.clone(),
            })
            .collect()
    }
}
