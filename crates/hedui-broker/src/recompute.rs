//! Recomputing: a verdict reckoned again from its evidence, the archived packs and the archived rules, and compared byte for byte.
//! Leaves judging to `judge`, which judged the first time too, and what an auditor sees of it to the server.

use std::sync::Arc;

use hedui_adapter::port::Reply;
use hedui_core::answer::{Failure, Unreachable};
use hedui_core::authorization::{Authorization, authorize};
use hedui_core::finding::{DEPARTMENT_DRIFTS, LONG_PAST};
use hedui_core::household::Household;
use hedui_core::record::RecordType;
use hedui_core::report::DepartmentLine;
use hedui_core::{CONFLICT_OF_INTEREST, Facts, Plan, ProgrammeId, Report, Verdict};
use hedui_evidence::{CaseId, Frame, FrameKind};
use hedui_policy::{Filed, Needs, PackFile, PackSet, Snapshot};
use smol_str::SmolStr;

use crate::before;
use crate::broker::Broker;
use crate::case::{report_in, request_in};
use crate::clock::civil_date;
use crate::collector::Arrived;
use crate::core::Core;
use crate::difference::{Difference, differences};
use crate::error::BrokerError;
use crate::fan_out::Questions;
use crate::filing::{filed_in, take};
use crate::judge::{self, Asking, Conflicts, Judging, Read};
use crate::kept_report::KeptReport;
use crate::request::{Prepared, StoredRequest};
use crate::retention::{RetentionRefusal, RetentionState};
use crate::reuse::{Kept, answer_leaf, open, question_of};
use crate::rules::Rules;

const NO_VERDICT: BrokerError = BrokerError::WrongState("it has no verdict that could be reckoned again");

/// What recomputing a verdict came to.
#[derive(Debug)]
pub struct Recomputed {
    /// Whether the report came out with the same bytes.
    pub same: bool,
    /// BLAKE3 of the report that was kept, and of the one reckoned now.
    pub digests: [blake3::Hash; 2],
    /// What is different, as people see it; may be empty where bytes differ.
    pub differences: Vec<Difference>,
    /// The packs that judged: id, version, digest.
    pub packs: Vec<(String, String, String)>,
    /// Digest of the rules beside the packs; empty for a report from before they were kept: then today's were taken.
    pub rules: String,
    /// How many answers were read again.
    pub answers: usize,
    /// Whether what was filed of the household for later packs comes out again.
    pub filed: FiledAgain,
}

/// What was filed beside a verdict, against what is taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FiledAgain {
    /// Nothing was filed: the verification is from before it was done.
    Nothing,
    /// The same bytes.
    Same,
    /// Other bytes.
    Different,
    /// It was taken by a rule of who counts that no pack has any more, neither those that judged nor those in force.
    RuleUnknown,
}

impl Broker {
    /// Reckons a verdict again. The reading is durable evidence before anything is returned.
    ///
    /// A conflict of interest is taken over as it was found, as the staff register of that day is not kept; and so is what a re-evaluation found
    /// by comparing with the verification before it, which may be gone.
    /// Errors: [`BrokerError::NotFound`], [`BrokerError::WrongState`] where there is no verdict, [`BrokerError::Damaged`] where something that it
    /// rests on is missing, [`RetentionRefusal::Shredded`] for a case that was destroyed.
    pub async fn recompute(&self, case: CaseId, caller: &str, person: &str) -> Result<Recomputed, BrokerError> {
        let core = self.core();
        let asked = core
            .frame_of(case, FrameKind::Asked)
            .await?
            .ok_or(BrokerError::NotFound)?;
        let why = "a verdict recomputed";
        self.note_access(&asked.district, case, why, caller, person).await?;
        // Its keys may still be there, where a disk failed.
        if self.retention(case).await?.state == RetentionState::Shredded {
            return Err(RetentionRefusal::Shredded.into());
        }
        let material = self.material(&asked).await?;
        let (kept, report) = (&material.kept, material.kept.open()?);
        let filed = filed_in(core, &material.frame)?;
        let (new, answers, taken) = material.again(core)?.judge(|facts, open| {
            let filed = filed.as_deref()?;
            Some(filed_again(
                filed,
                &material.prepared,
                (facts, open),
                &material.packs,
                &core.packs,
            ))
        })?;
        let new = KeptReport::of(&new)?;
        Ok(Recomputed {
            same: new.form() == kept.form(),
            digests: [blake3::hash(kept.form()), blake3::hash(new.form())],
            differences: differences(report, new.open()?),
            packs: report
                .verdicts
                .iter()
                .map(|v| {
                    (
                        v.pack.id.to_string(),
                        v.pack.version.to_string(),
                        v.pack.digest.to_string(),
                    )
                })
                .collect(),
            rules: report.rules.to_string(),
            answers,
            filed: taken.unwrap_or(FiledAgain::Nothing),
        })
    }

    /// What the verdict of a case was made of.
    ///
    /// Errors: as those of `recompute`.
    pub(crate) async fn material(&self, asked: &Frame) -> Result<Material, BrokerError> {
        let core = self.core();
        let frame = core.frame_of(asked.case, FrameKind::Verdict).await?.ok_or(NO_VERDICT)?;
        let kept = report_in(core, &frame)?.ok_or(NO_VERDICT)?;
        let report = kept.open()?;
        if report.verdicts.is_empty() {
            return Err(NO_VERDICT);
        }
        let rules = self.rules_of(report).await?;
        let packs = self.packs_of(report).await?;
        let stored = request_in(core, asked)?;
        let prepared = prepared(stored, report, &rules, &packs)?;
        Ok(Material {
            frame,
            kept,
            rules,
            packs,
            prepared,
        })
    }

    /// What would be filed of a verification, out of its evidence: what some packs read, or those of the district where none are named. None where
    /// nothing can be taken.
    ///
    /// Errors: as those of `recompute`. Leaves no trace: that is the caller's to do.
    pub(crate) async fn file_again(
        &self,
        asked: &Frame,
        wanted: Option<&[Arc<Needs>]>,
    ) -> Result<Option<Vec<u8>>, BrokerError> {
        let core = self.core();
        let material = self.material(asked).await?;
        let prepared = &material.prepared;
        let (_, _, filed) = material.again(core)?.judge(|facts, open| match wanted {
            Some(wanted) => take(prepared, facts, open, wanted),
            None => take(prepared, facts, open, &core.filings.wanted(&core.packs, prepared)),
        })?;
        Ok(filed)
    }

    async fn rules_of(&self, report: &Report) -> Result<Rules, BrokerError> {
        if report.rules.is_empty() {
            let core = self.core();
            return Ok(Rules::new(
                core.in_force().registry.profiles(),
                core.settings.tolerances,
            ));
        }
        let text = self.archived(&report.rules).await?;
        Rules::read(&text.ok_or(BrokerError::Damaged(
            "the rules that a verdict names are not in the archive",
        ))?)
    }

    async fn packs_of(&self, report: &Report) -> Result<PackSet, BrokerError> {
        let mut files: Vec<PackFile> = Vec::with_capacity(report.verdicts.len());
        for verdict in report.verdicts.iter().chain(&report.also) {
            let digest = verdict.pack.digest.as_str();
            if files.iter().any(|file| file.name == digest) {
                continue;
            }
            let text = self.archived(digest).await?;
            let text = text.ok_or(BrokerError::Damaged(
                "a pack that a verdict names is not in the archive",
            ))?;
            files.push(PackFile {
                name: digest.to_owned(),
                text,
            });
        }
        PackSet::load(files).map_err(|_| BrokerError::Damaged("an archived pack does not load in this version"))
    }
}

/// The request as it was prepared then: the letters were found good, and are not judged again.
fn prepared(stored: StoredRequest, report: &Report, rules: &Rules, packs: &PackSet) -> Result<Prepared, BrokerError> {
    const CHANGED: BrokerError = BrokerError::Damaged("the kept request is refused by this version");
    let household = Household::check(stored.request.household.clone(), stored.as_of).map_err(|_| CHANGED)?;
    let programmes: Result<Vec<ProgrammeId>, _> =
        stored.request.programmes.iter().map(|p| ProgrammeId::new(p)).collect();
    let programmes = programmes.map_err(|_| CHANGED)?;
    let then = civil_date(stored.created_at_ms);
    let good = |_: &Authorization| true;
    let letters = &stored.request.authorizations;
    let scope = authorize(&household, letters, &programmes, stored.as_of, then, &good).map_err(|_| CHANGED)?;
    let position = |digest: &str| packs.packs().iter().position(|pack| pack.digest() == digest);
    let positions = |verdicts: &[Verdict]| -> Result<Vec<usize>, BrokerError> {
        let found: Option<Vec<usize>> = verdicts.iter().map(|v| position(&v.pack.digest)).collect();
        found.ok_or(BrokerError::Damaged("an archived pack is another one"))
    };
    let (judging, others) = (positions(&report.verdicts)?, positions(&report.also)?);
    let mut needs: Vec<RecordType> = Vec::new();
    for pack in judging.iter().filter_map(|at| packs.packs().get(*at)) {
        needs.extend_from_slice(pack.needs());
    }
    let plan = Plan::new(&scope, household.members.len(), &rules.departments, &needs);
    let authorization_digest = *blake3::keyed_hash(&stored.authorization_salt, scope.canonical()).as_bytes();
    Ok(Prepared {
        purpose: programmes.first().cloned().ok_or(CHANGED)?,
        stored,
        household,
        scope,
        programmes,
        packs: judging,
        others,
        plan,
        authorization_digest,
    })
}

/// What was filed, taken again by its own needs. A rule of who counts is looked for in the packs that judged, then in those in force.
fn filed_again(
    filed: &[u8],
    prepared: &Prepared,
    (facts, open): (&Facts<'_>, &[SmolStr]),
    judged: &PackSet,
    now: &PackSet,
) -> FiledAgain {
    let Ok(snapshots) = Filed::read(filed) else {
        return FiledAgain::Different;
    };
    let mut wanted: Vec<Arc<Needs>> = Vec::new();
    for bytes in snapshots.snapshots() {
        let Ok(snapshot) = Snapshot::decode(bytes) else {
            return FiledAgain::Different;
        };
        let packs = judged.packs().iter().chain(now.packs());
        let Some(needs) = snapshot.needs().with_rule_of(packs) else {
            return FiledAgain::RuleUnknown;
        };
        wanted.push(Arc::new(needs));
    }
    match take(prepared, facts, open, &wanted) {
        Some(again) if again == filed => FiledAgain::Same,
        _ => FiledAgain::Different,
    }
}

/// What a verdict was made of, opened.
pub(crate) struct Material {
    frame: Frame,
    pub kept: KeptReport,
    pub rules: Rules,
    packs: PackSet,
    pub prepared: Prepared,
}

impl Material {
    /// Ready to be judged again.
    fn again<'a>(&'a self, core: &'a Core) -> Result<Again<'a>, BrokerError> {
        Ok(Again {
            core,
            frame: &self.frame,
            report: self.kept.open()?,
            rules: &self.rules,
            packs: &self.packs,
            prepared: &self.prepared,
        })
    }

    /// What the departments said, as it was read then.
    pub fn read(&self, core: &Core) -> Result<Vec<Read>, BrokerError> {
        self.again(core)?.read().map(|(read, _)| read)
    }
}

/// Everything that a second judgement needs.
struct Again<'a> {
    core: &'a Core,
    frame: &'a Frame,
    report: &'a Report,
    rules: &'a Rules,
    packs: &'a PackSet,
    prepared: &'a Prepared,
}

impl Again<'_> {
    /// The answers as they were read then, and how many departments gave one.
    fn read(&self) -> Result<(Vec<Read>, usize), BrokerError> {
        let case = &self.report.verification;
        let questions = Questions::new(self.prepared, case);
        let arrived: Result<Vec<Option<Arrived>>, BrokerError> =
            self.report.departments.iter().map(|line| self.arrived(line)).collect();
        let arrived = arrived?;
        let kept: Vec<Option<Kept>> = self.report.departments.iter().map(kept).collect();
        let fresh = |line: &&DepartmentLine| !line.kept && line.asked_at_ms != 0;
        let started = self.report.departments.iter().find(fresh);
        let asking = Asking {
            started_at_ms: started.map_or(0, |line| line.asked_at_ms),
            kept: &kept,
            query_id: case,
            leader: None,
            live: true,
        };
        let leader = self.leader(&arrived);
        let asking = Asking {
            leader: leader.as_deref(),
            ..asking
        };
        let read = judge::read(&self.rules.departments, self.prepared, &questions, &arrived, &asking);
        let gave = |arrived: &&Arrived| matches!(arrived.reply, Reply::Wire(_));
        Ok((read, arrived.iter().flatten().filter(gave).count()))
    }

    /// The report as it comes out now, how many answers it was made of, and what else is taken out of the same facts.
    fn judge<T>(&self, take: impl FnOnce(&Facts<'_>, &[SmolStr]) -> T) -> Result<(Report, usize, T), BrokerError> {
        let (read, answers) = self.read()?;
        let case = &self.report.verification;
        let judging = Judging {
            departments: &self.rules.departments,
            tolerances: self.rules.tolerances(),
            packs: self.packs,
            rules: &self.report.rules,
            conflicts: Conflicts::Found(self.carried()),
            // It may be gone: what was found by comparing with it is taken over.
            before: None,
        };
        let (mut report, taken) = judge::judge_and(&judging, self.prepared, case, (read, self.report.complete), take);
        // Which leaf holds an answer was drawn by lot.
        for (line, was) in report.departments.iter_mut().zip(&self.report.departments) {
            line.evidence = was.evidence;
        }
        Ok((report, answers, taken))
    }

    /// What came from a department: its bytes where they were kept, else the failure that the report states. An answer that cannot be opened is
    /// an error: it must not look like one that never came.
    fn arrived(&self, line: &DepartmentLine) -> Result<Option<Arrived>, BrokerError> {
        if line.arrival == 0 {
            return Ok(None);
        }
        let bytes = match answer_leaf(self.frame, &line.department) {
            Some(leaf) => open(self.core, self.frame, leaf)?,
            None => None,
        };
        let reply = match (bytes, failure(line)) {
            (Some(bytes), _) => Reply::Wire(bytes),
            (None, Some((cause, failure))) => Reply::Failed(cause, failure),
            (None, None) => {
                return Err(BrokerError::Damaged(
                    "an answer that the report counts is not in its frame",
                ));
            }
        };
        Ok(Some(Arrived {
            reply,
            at_ms: line.answered_at_ms,
            arrival: line.arrival,
        }))
    }

    /// The verification whose question was shared, if one was: the answers that were not kept carry its id.
    fn leader(&self, arrived: &[Option<Arrived>]) -> Option<String> {
        let lines = self
            .report
            .departments
            .iter()
            .zip(arrived)
            .filter(|(line, _)| !line.kept);
        let mut ids = lines.filter_map(|(_, arrived)| match &arrived.as_ref()?.reply {
            Reply::Wire(bytes) => question_of(bytes),
            Reply::Answers(..) | Reply::Failed(..) => None,
        });
        ids.find(|id| *id != self.report.verification)
    }

    /// Findings that rest on more than the evidence of this case: conflicts of interest, departments in doubt, comparisons with a verification
    /// before it, and what a job took over from that.
    fn carried(&self) -> Vec<hedui_core::Finding> {
        let on_more = [CONFLICT_OF_INTEREST, DEPARTMENT_DRIFTS];
        let is_taken_over = |code: &str| code == LONG_PAST && self.prepared.stored.request.is_judged_again();
        let is_carried = |f: &&hedui_core::Finding| {
            on_more.contains(&f.code.as_str()) || before::is_compared(&f.code) || is_taken_over(&f.code)
        };
        self.report.findings.iter().filter(is_carried).cloned().collect()
    }
}

/// The failure that a line states for everybody who was asked about.
fn failure(line: &DepartmentLine) -> Option<(Unreachable, Failure)> {
    let failed = line.subjects.iter().find(|subject| subject.failure.is_some())?;
    let causes = [
        Unreachable::Timeout,
        Unreachable::Refused,
        Unreachable::Failed,
        Unreachable::Breaker,
        Unreachable::Cancelled,
    ];
    let code = |cause: &Unreachable| hedui_core::AnswerState::Unreachable { cause: *cause }.code() == failed.state;
    Some((causes.into_iter().find(code)?, failed.failure.clone()?))
}

/// A kept answer's times; the answer itself stands in the frame.
fn kept(line: &DepartmentLine) -> Option<Kept> {
    line.kept.then(|| Kept {
        reply: None,
        asked_at_ms: line.asked_at_ms,
        answered_at_ms: line.answered_at_ms,
        from: line.kept_from.clone(),
    })
}
