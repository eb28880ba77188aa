//! The verification before: what was known of a household when it was verified last, for a re-evaluation to be compared with.
//! Leaves the comparison of facts to `hedui_core::finding::early_warnings`, and jobs to `reevaluation`.

use hedui_core::answer::SubjectAnswer;
use hedui_core::facts::{DepartmentAnswers, Facts};
use hedui_core::finding::{EARLY_WARNINGS, EarlyWarnings, LONG_PAST, early_warnings};
use hedui_core::household::Household;
use hedui_core::part::Part;
use hedui_core::verdict::{Amount, Per, Text};
use hedui_core::{
    Date, DepartmentId, DepartmentProfile, Fen, Finding, Outcome, RecordType, Tolerances, Treatment, Verdict, Weight,
};
use hedui_evidence::{CaseId, FrameKind};
use hedui_policy::{Near, Pack};
use smol_str::{SmolStr, format_smolstr};

use crate::broker::Broker;
use crate::case::unreadable;
use crate::core::Core;
use crate::error::{BrokerError, ErrorKind};
use crate::request::{Prepared, Reevaluates};
use crate::retention::RetentionState;

use std::sync::Arc;

/// Names the verification before, the job and the packs' day.
pub(crate) const REEVALUATED: &str = "REEVALUATED";
/// The outcome is another one than before.
pub(crate) const OUTCOME_CHANGED: &str = "OUTCOME_CHANGED";
/// The amount is another one than before.
pub(crate) const AMOUNT_CHANGED: &str = "AMOUNT_CHANGED";
/// Silence or doubt leaves open what was settled before.
pub(crate) const UNCHANGED_UNTIL_REVIEWED: &str = "UNCHANGED_UNTIL_REVIEWED";
/// The verification before cannot be read any more: nothing was compared.
const BEFORE_UNREADABLE: &str = "BEFORE_UNREADABLE";

/// The codes of findings that come of comparing with the verification before, beside early warnings.
pub const COMPARED: &[&str] = &[
    REEVALUATED,
    OUTCOME_CHANGED,
    AMOUNT_CHANGED,
    UNCHANGED_UNTIL_REVIEWED,
    BEFORE_UNREADABLE,
];

/// Whether a finding came of comparing with the verification before.
pub(crate) fn is_compared(code: &str) -> bool {
    COMPARED.contains(&code) || EARLY_WARNINGS.iter().any(|(warning, _)| *warning == code)
}

/// What was known before, and why it is looked at again.
pub(crate) struct Before {
    job: Reevaluates,
    limits: EarlyWarnings,
    known: Option<Known>,
}

struct Known {
    departments: Vec<DepartmentProfile>,
    household: Household,
    as_of: Date,
    asked_for: Vec<RecordType>,
    answers: Vec<Vec<SubjectAnswer>>,
    verdicts: Vec<Verdict>,
    long_past: Option<Finding>,
}

/// What a re-evaluation is to be compared with; none for any other verification.
pub(crate) async fn before(core: &Arc<Core>, prepared: &Prepared) -> Result<Option<Before>, BrokerError> {
    let Some(job) = &prepared.stored.request.reevaluates else {
        return Ok(None);
    };
    let known = match known(core, &job.of).await {
        Ok(known) => Some(known),
        // Destroyed or damaged meanwhile: what is known now is judged all the same.
        Err(error) if unreadable(&error) || is_gone(&error) => None,
        Err(error) => return Err(error),
    };
    Ok(Some(Before {
        job: job.clone(),
        limits: core.settings.early_warnings,
        known,
    }))
}

fn is_gone(error: &BrokerError) -> bool {
    let kinds = [ErrorKind::NotFound, ErrorKind::FailedPrecondition, ErrorKind::DataLoss];
    kinds.contains(&error.kind())
}

async fn known(core: &Arc<Core>, of: &str) -> Result<Known, BrokerError> {
    let case = CaseId::from_hex(of).ok_or(BrokerError::NotFound)?;
    let broker = Broker::of(core);
    if broker.retention(case).await?.state == RetentionState::Shredded {
        return Err(BrokerError::NotFound);
    }
    let asked = core
        .frame_of(case, FrameKind::Asked)
        .await?
        .ok_or(BrokerError::NotFound)?;
    let material = broker.material(&asked).await?;
    let answers = material.read(core)?.into_iter().map(|read| read.answers).collect();
    let report = material.kept.open()?;
    let verdicts = report.verdicts.iter().map(Verdict::brief).collect();
    let long_past = report.findings.iter().find(|f| f.code == LONG_PAST).cloned();
    Ok(Known {
        departments: material.rules.departments,
        asked_for: material.prepared.plan.record_types,
        household: material.prepared.household,
        as_of: material.prepared.stored.as_of,
        answers,
        verdicts,
        long_past,
    })
}

impl Before {
    /// That the day was long past when the household was verified on it, where the same day is judged by other rules.
    pub fn long_past(&self) -> Option<&Finding> {
        self.known
            .as_ref()?
            .long_past
            .as_ref()
            .filter(|_| self.job.rules_on.is_some())
    }

    /// What a person must see of the difference: which verification this follows, what changed in the verdicts, early warnings.
    pub fn compared(&self, now: &Facts<'_>, judged: &[(&Pack, Verdict)], tolerances: Tolerances) -> Vec<Finding> {
        let mut found = vec![self.names(judged)];
        let Some(known) = &self.known else {
            let text = Text::fixed(
                "前次核对的材料已不可读，未作比较",
                "the verification before cannot be read any more: nothing was compared",
            );
            found.push(finding(BEFORE_UNREADABLE, Weight::Attention, text, Vec::new()));
            return found;
        };
        for (_, verdict) in judged {
            let was = known.verdicts.iter().find(|was| was.programme == verdict.programme);
            found.extend(was.into_iter().flat_map(|was| changes(was, verdict)));
        }
        let departments: Vec<DepartmentAnswers<'_>> = known
            .departments
            .iter()
            .zip(&known.answers)
            .map(|(profile, subjects)| DepartmentAnswers { profile, subjects })
            .collect();
        let then = Facts::asked_for(
            &known.household,
            known.as_of,
            &departments,
            tolerances.wage_percent,
            &known.asked_for,
        );
        found.extend(early_warnings(&then, now, self.limits));
        let risen = found.iter().any(|finding| finding.code == "ILLNESS_COSTS_RISEN");
        for (pack, verdict) in judged {
            if let Some(near) = pack.near_line(verdict, self.limits.line_percent) {
                found.extend(near_findings(now, verdict, &near, (risen, self.limits.line_percent)));
            }
        }
        found
    }

    fn names(&self, judged: &[(&Pack, Verdict)]) -> Finding {
        let packs: Vec<String> = judged
            .iter()
            .map(|(pack, _)| format!("{}@{}", pack.id(), pack.version()))
            .collect();
        let (of, job, packs) = (&self.job.of, &self.job.job, packs.join(", "));
        let text = match self.job.rules_on {
            Some(on) => Text {
                zh: format_smolstr!(
                    "前次核对 {of} 的材料按 {on} 施行的规则（{packs}）重新评定，未询问任何部门；任务 {job}"
                ),
                en: format_smolstr!(
                    "the kept evidence of {of} judged by the rules in force on {on} ({packs}); nobody was asked; job {job}"
                ),
            },
            None => Text {
                zh: format_smolstr!("前次核对 {of} 的年度复核（{packs}）；任务 {job}"),
                en: format_smolstr!("annual review of {of} ({packs}); job {job}"),
            },
        };
        finding(REEVALUATED, Weight::Note, text, Vec::new())
    }
}

fn finding(code: &'static str, weight: Weight, message: Text, departments: Vec<DepartmentId>) -> Finding {
    Finding {
        code: SmolStr::new_static(code),
        weight,
        subject: None,
        departments,
        message,
        parts: Vec::new(),
    }
}

/// What is different between two verdicts on one programme.
fn changes(was: &Verdict, is: &Verdict) -> Vec<Finding> {
    let mut found = Vec::new();
    if was.outcome != is.outcome {
        let ((was_zh, was_en), (is_zh, is_en)) = (outcome_words(was.outcome), outcome_words(is.outcome));
        let (title, programme) = (&is.title.zh, &is.programme);
        let text = Text {
            zh: format_smolstr!("{title}：{was_zh} → {is_zh}"),
            en: format_smolstr!("{programme}: {was_en} -> {is_en}"),
        };
        found.push(finding(
            OUTCOME_CHANGED,
            Weight::Attention,
            text,
            is.undecided_by.clone(),
        ));
    }
    if is.outcome == Outcome::Inconclusive {
        let text = Text::fixed(
            "部门未答复或存疑，本次不能得出结论；原结论在有人核实前不变",
            "inconclusive for want of answers or for doubt: what was decided stays unchanged until somebody looks",
        );
        found.push(finding(
            UNCHANGED_UNTIL_REVIEWED,
            Weight::Attention,
            text,
            is.undecided_by.clone(),
        ));
    } else if was.amount != is.amount {
        let (title, programme) = (&is.title.zh, &is.programme);
        let text = Text {
            zh: format_smolstr!(
                "{title}金额：{} → {}",
                amount(was.amount.as_ref(), true),
                amount(is.amount.as_ref(), true)
            ),
            en: format_smolstr!(
                "{programme}, amount: {} -> {}",
                amount(was.amount.as_ref(), false),
                amount(is.amount.as_ref(), false)
            ),
        };
        found.push(finding(AMOUNT_CHANGED, Weight::Attention, text, Vec::new()));
    }
    found
}

fn outcome_words(outcome: Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Qualifies => ("符合", "qualifies"),
        Outcome::Exceeds => ("超出", "exceeds"),
        Outcome::Inconclusive => ("不能得出结论", "inconclusive"),
    }
}

fn amount(amount: Option<&Amount>, zh: bool) -> String {
    let Some(amount) = amount else {
        return if zh { "无" } else { "none" }.to_owned();
    };
    let per = match (amount.per, zh) {
        (Per::Once, true) => "元",
        (Per::Once, false) => " yuan once",
        (Per::Month, true) => "元/月",
        (Per::Month, false) => " yuan/month",
        (Per::Year, true) => "元/年",
        (Per::Year, false) => " yuan/year",
    };
    match amount.hi {
        Some(hi) if hi == amount.lo => format!("{}{per}", Fen(hi)),
        Some(hi) => format!("{}-{}{per}", Fen(amount.lo), Fen(hi)),
        None => format!(">= {}{per}", Fen(amount.lo)),
    }
}

/// That an income is near the line, and whether illness may have put the household on the other side.
fn near_findings(facts: &Facts<'_>, verdict: &Verdict, near: &Near, (risen, percent): (bool, u8)) -> Vec<Finding> {
    let (income, line) = (&near.income, &near.line);
    let text = Text {
        zh: format_smolstr!("{}：收入 {income} 与标准 {line} 相差不超过{percent}%", verdict.title.zh),
        en: format_smolstr!(
            "{}: income {income} is within {percent} % of the line {line}",
            verdict.programme
        ),
    };
    let is_income = |step: &&hedui_core::verdict::TraceStep| step.name.starts_with("income.");
    let counts = |part: &&Part| matches!(part.treatment, Treatment::Counted | Treatment::Uncertain { .. });
    let steps = verdict.trace.iter().filter(is_income);
    let mut parts: Vec<Part> = Vec::new();
    for part in steps.flat_map(|step| &step.parts).filter(counts) {
        if !parts.iter().any(|known| known.source == part.source) {
            parts.push(*part);
        }
    }
    let mut departments: Vec<DepartmentId> = facts.departments_of(&parts);
    departments.sort();
    let mut near_line = finding("INCOME_NEAR_LINE", Weight::Attention, text, departments);
    near_line.parts = parts;
    let mut found = vec![near_line];
    if risen && near.is_beyond {
        let text = EARLY_WARNINGS.iter().find(|(code, _)| *code == "MAY_NEWLY_QUALIFY");
        let text = text.map(|(_, text)| text.clone()).unwrap_or_default();
        found.push(finding("MAY_NEWLY_QUALIFY", Weight::Attention, text, Vec::new()));
    }
    found
}
