//! What auditors get: proofs, whole logs, a check of everything. Every one of these readings becomes evidence itself.
//! Leaves the case file to `case`, the proofs themselves to `hedui-evidence`.

use hedui_evidence::{
    CaseId, Draw, EvidenceId, Export, Exported, Followed, LeafKind, LogError, LogName, LogStatus, MAX_PAGE, Position,
    Sample, Verified, verify_entry, verify_keys,
};

use crate::broker::Broker;
use crate::case::open;
use crate::error::BrokerError;
use crate::retention::named_for_destruction;

/// One log, as it is.
#[derive(Debug)]
pub struct LogState {
    /// Which.
    pub log: LogName,
    /// First line of its checkpoints.
    pub origin: String,
    /// Leaves in it.
    pub size: u64,
    /// The newest signed checkpoint; none before the first.
    pub checkpoint: Option<String>,
    /// The public key that signs it.
    pub verifier_key: String,
}

/// A leaf of a case that stands in a log.
#[derive(Debug)]
pub struct CaseProof {
    /// Its kind.
    pub kind: LeafKind,
    /// Its id.
    pub evidence_id: EvidenceId,
    /// Who answered; empty where no department took part.
    pub department: String,
    /// The log.
    pub log: LogName,
    /// Index of the leaf.
    pub index: u64,
    /// The file (C2SP tlog-proof).
    pub proof: String,
    /// The opened record, where asked for and sealed.
    pub record: Option<Vec<u8>>,
    /// The sealed record.
    pub ciphertext: Option<Vec<u8>>,
}

impl Broker {
    /// Appends what has become durable to the logs and signs checkpoints. To be called every second or so, by one at a time.
    pub async fn follow_logs(&self, tell: &mut (dyn FnMut(u64) + Send)) -> Result<Followed, BrokerError> {
        let core = self.core();
        Ok(core.logs.follow(core.store.as_ref(), core.clock.now_ms(), tell).await?)
    }

    /// How the logs are doing.
    pub fn log_status(&self) -> LogStatus {
        self.core().logs.status(self.core().clock.now_ms())
    }

    /// Every log of a district, or of all where none is named.
    pub async fn logs(&self, district: Option<&str>) -> Result<Vec<LogState>, BrokerError> {
        let logs = &self.core().logs;
        let mut states = Vec::new();
        for (log, size) in logs.logs().await {
            if district.is_some_and(|district| district != log.district) {
                continue;
            }
            states.push(LogState {
                origin: logs.origin(&log),
                size,
                checkpoint: logs.checkpoint(&log).await?,
                verifier_key: logs.verifier_key(&log)?,
                log,
            });
        }
        Ok(states)
    }

    /// A policy file that trusts the keys of logs.
    pub fn log_policy(&self, logs: &[&LogName]) -> Result<String, BrokerError> {
        Ok(self.core().logs.policy_of(logs)?)
    }

    /// The district of a case, without leaving a trace: for those who check who may read it.
    ///
    /// Errors: [`BrokerError::NotFound`], also for what belongs to no case.
    pub async fn district_of(&self, case: CaseId) -> Result<String, BrokerError> {
        let store = &self.core().store;
        let first = store.case_page(case, None, 1).await?.first().copied();
        match first {
            Some(position) if case != CaseId::default() => Ok(store.read(position).await?.district),
            _ => Err(BrokerError::NotFound),
        }
    }

    /// Proofs of every leaf of a case, in order; readings of it that no checkpoint covers yet are left out. Opening records needs the auditor's right, which the caller of
    /// this has checked. The reading is durable evidence before anything is returned.
    pub async fn proofs(
        &self,
        case: CaseId,
        open_records: bool,
        caller: &str,
        person: &str,
    ) -> Result<Vec<CaseProof>, BrokerError> {
        let core = self.core();
        let closed = named_for_destruction(core, case).await?;
        let mut proofs = Vec::new();
        let mut district = None;
        let mut after = None;
        loop {
            let page = core.store.case_page(case, after, MAX_PAGE).await?;
            for position in &page {
                let frame = core.store.read(*position).await?;
                for leaf in &frame.leaves {
                    // One that cannot be opened any more is proved all the same.
                    let opened = if open_records && !closed.contains(&leaf.evidence_id) {
                        open(core, &frame, leaf).ok().flatten()
                    } else {
                        None
                    };
                    let salt = opened.as_ref().map(hedui_evidence::Opened::salt);
                    let proved = core
                        .logs
                        .prove(core.store.as_ref(), *position, leaf.evidence_id, salt)
                        .await;
                    let proved = match proved {
                        // Somebody has just read the case: that is no reason to wait for what was asked for.
                        Err(LogError::NotIncluded) if leaf.kind == LeafKind::Access => continue,
                        proved => proved?,
                    };
                    let sealed = frame.sealed.iter().find(|s| s.evidence_id == leaf.evidence_id);
                    proofs.push(CaseProof {
                        kind: leaf.kind,
                        evidence_id: leaf.evidence_id,
                        department: leaf.department.to_string(),
                        log: proved.log,
                        index: proved.index,
                        proof: proved.proof,
                        record: opened.map(|opened| opened.plaintext().to_vec()),
                        ciphertext: sealed.map(|sealed| sealed.ciphertext.clone()),
                    });
                }
                district.get_or_insert(frame.district);
            }
            after = page.last().copied();
            if page.len() < MAX_PAGE {
                break;
            }
        }
        let district = district.ok_or(BrokerError::NotFound)?;
        let why = if open_records {
            "proofs of a case, records opened"
        } else {
            "proofs of a case"
        };
        self.note_access(&district, case, why, caller, person).await?;
        Ok(proofs)
    }

    /// Gives every file of a log as of its newest checkpoint; see `DistrictLogs::export`.
    pub async fn export_log(
        &self,
        log: &LogName,
        what: Export,
        (caller, person): (&str, &str),
        give: &mut (dyn FnMut(Exported) -> bool + Send),
    ) -> Result<u64, BrokerError> {
        let core = self.core();
        // One that is made up leaves no trace, and no log of its own.
        if !core.logs.has(log).await {
            return Err(LogError::NotIncluded.into());
        }
        let records = if what.sealed { ", with sealed records" } else { "" };
        let why = format!("export of log {log}{records}");
        self.note_access(&log.district, CaseId::default(), &why, caller, person)
            .await?;
        Ok(core.logs.export(core.store.as_ref(), log, what, give).await?)
    }

    /// Draws a sample of a log's verdicts; see `DistrictLogs::sample`.
    pub async fn sample(
        &self,
        log: &LogName,
        draw: &Draw,
        (caller, person): (&str, &str),
    ) -> Result<Sample, BrokerError> {
        let core = self.core();
        if !core.logs.has(log).await {
            return Err(LogError::NotIncluded.into());
        }
        let why = format!("sample of log {log}");
        self.note_access(&log.district, CaseId::default(), &why, caller, person)
            .await?;
        Ok(core.logs.sample(core.store.as_ref(), log, draw).await?)
    }

    /// Reads every frame and checks every sum and digest. `tell` hears how far it is and says whether to go on.
    ///
    /// Errors: the first place that does not fit.
    pub async fn verify_evidence(
        &self,
        (caller, person): (&str, &str),
        tell: &mut (dyn FnMut(Verified) -> bool + Send),
    ) -> Result<Verified, BrokerError> {
        let core = self.core();
        self.note_access("", CaseId::default(), "check of all evidence", caller, person)
            .await?;
        let mut verified = Verified::default();
        let mut from = Position::START;
        loop {
            let page = core.store.scan(from, MAX_PAGE).await?;
            for entry in &page.entries {
                verify_entry(entry, &mut verified)?;
                verify_keys(core.store.as_ref(), entry).await?;
            }
            from = page.next;
            if page.at_end || !tell(verified) {
                return Ok(verified);
            }
        }
    }
}
