//! Evidence, logs, proofs and what supervision finds, in JSON.
//! Leaves verifications to `json.rs`.

use hedui_proto::audit;
use serde::Serialize;

use super::super::values;

/// The evidence of a verification.
#[derive(Debug, Serialize)]
pub struct Case {
    name: String,
    leaves: Vec<Leaf>,
}

#[derive(Debug, Serialize)]
struct Leaf {
    kind: String,
    evidence: String,
    district: String,
    department: String,
    purpose: String,
    asked_at: Option<String>,
    answered_at: Option<String>,
    outcome: String,
    /// Hexadecimal, as the two below.
    ciphertext_digest: String,
    commitment: String,
    authorization: String,
    actor: String,
    rests_on: Vec<String>,
    segment: u64,
    offset: u64,
    /// The opened record: text where it is UTF-8, else hexadecimal; `null` where it was not asked for.
    record: Option<String>,
    intact: Option<bool>,
    /// Whether its key was destroyed.
    destroyed: bool,
}

/// The transparency logs.
#[derive(Debug, Serialize)]
pub struct Logs {
    logs: Vec<Log>,
    late: bool,
    /// Empty when all is well.
    halted: String,
    /// How many witnesses must have cosigned what is published.
    quorum: u32,
}

#[derive(Debug, Serialize)]
struct Log {
    name: String,
    origin: String,
    size: u64,
    checkpoint: String,
    verifier_key: String,
    /// Of the district's log of the next year.
    next_verifier_key: String,
    witnesses: Vec<Witness>,
}

#[derive(Debug, Serialize)]
struct Witness {
    name: String,
    size: u64,
    cosigned_at: Option<String>,
    /// Empty when all is well.
    error: String,
}

/// Proofs that were written.
#[derive(Debug, Serialize)]
pub struct Proofs {
    name: String,
    proofs: Vec<Proof>,
}

#[derive(Debug, Serialize)]
struct Proof {
    /// What its files begin with.
    file: String,
    kind: String,
    evidence: String,
    department: String,
    log: String,
    index: u64,
}

/// Who looked a person up.
#[derive(Debug, Serialize)]
pub struct Accesses {
    accesses: Vec<Access>,
}

#[derive(Debug, Serialize)]
struct Access {
    verification: String,
    kind: String,
    time: Option<String>,
    district: String,
    purpose: String,
    departments: Vec<String>,
    actor: String,
}

/// What looks like misuse.
#[derive(Debug, Serialize)]
pub struct Misuse {
    officials: Vec<Official>,
    most_consulted: Vec<Consulted>,
}

#[derive(Debug, Serialize)]
struct Official {
    actor: String,
    lookups: u64,
    readings: u64,
    readings_of_others: u64,
    without_case: u64,
    denials: u64,
    out_of_hours: u64,
    persons: u64,
    colleagues: u64,
    own_family: u64,
}

#[derive(Debug, Serialize)]
struct Consulted {
    token: String,
    lookups: u64,
    officials: u64,
    verification: String,
}

/// A sample.
#[derive(Debug, Serialize)]
pub struct Sample {
    checkpoint: String,
    population: u64,
    drawn: Vec<Drawn>,
}

#[derive(Debug, Serialize)]
struct Drawn {
    verification: String,
    evidence: String,
    index: u64,
}

/// A check of everything.
#[derive(Debug, Serialize)]
pub struct Checked {
    frames: u64,
    leaves: u64,
    sealed: u64,
    bytes: u64,
    done: bool,
    /// Empty while all is well.
    damage: String,
}

/// The evidence of a verification.
pub fn case(case: &audit::GetCaseResponse) -> Case {
    Case {
        name: case.name.clone(),
        leaves: case.leaves.iter().map(leaf).collect(),
    }
}

fn leaf(l: &audit::Leaf) -> Leaf {
    let record = || std::str::from_utf8(&l.record).map_or_else(|_| hex(&l.record), str::to_owned);
    Leaf {
        kind: l.kind.clone(),
        evidence: l.evidence.clone(),
        district: l.district.clone(),
        department: l.department.clone(),
        purpose: l.purpose.clone(),
        asked_at: l.asked_at.as_ref().map(values::rfc3339),
        answered_at: l.answered_at.as_ref().map(values::rfc3339),
        outcome: l.outcome.clone(),
        ciphertext_digest: hex(&l.ciphertext_digest),
        commitment: hex(&l.commitment),
        authorization: hex(&l.authorization),
        actor: l.actor.clone(),
        rests_on: l.rests_on.clone(),
        segment: l.segment,
        offset: l.offset,
        record: (!l.record.is_empty()).then(record),
        intact: l.intact,
        destroyed: l.destroyed,
    }
}

/// The logs.
pub fn logs(logs: &audit::ListLogsResponse) -> Logs {
    let log = |l: &audit::Log| Log {
        name: l.name.clone(),
        origin: l.origin.clone(),
        size: l.size,
        checkpoint: l.checkpoint.clone(),
        verifier_key: l.verifier_key.clone(),
        next_verifier_key: l.next_verifier_key.clone(),
        witnesses: l.witnesses.iter().map(witness).collect(),
    };
    Logs {
        logs: logs.logs.iter().map(log).collect(),
        late: logs.late,
        halted: logs.halted.clone(),
        quorum: logs.quorum,
    }
}

fn witness(witness: &audit::Witness) -> Witness {
    Witness {
        name: witness.name.clone(),
        size: witness.size,
        cosigned_at: witness.cosigned_at.as_ref().map(values::rfc3339),
        error: witness.error.clone(),
    }
}

/// Proofs that were written, each with the name that its files begin with.
pub fn proofs(proofs: &audit::GetProofsResponse, files: &[String]) -> Proofs {
    let proof = |(p, file): (&audit::Proof, &String)| Proof {
        file: file.clone(),
        kind: p.kind.clone(),
        evidence: p.evidence.clone(),
        department: p.department.clone(),
        log: p.log.clone(),
        index: p.index,
    };
    Proofs {
        name: proofs.name.clone(),
        proofs: proofs.proofs.iter().zip(files).map(proof).collect(),
    }
}

/// Who looked a person up.
pub fn access(log: &audit::GetPersonAccessResponse) -> Accesses {
    let access = |a: &audit::PersonAccess| Access {
        verification: a.verification.clone(),
        kind: a.kind.clone(),
        time: a.time.as_ref().map(values::rfc3339),
        district: a.district.clone(),
        purpose: a.purpose.clone(),
        departments: a.departments.clone(),
        actor: a.actor.clone(),
    };
    Accesses {
        accesses: log.accesses.iter().map(access).collect(),
    }
}

/// What looks like misuse.
pub fn misuse(report: &audit::GetMisuseResponse) -> Misuse {
    let official = |o: &audit::Official| Official {
        actor: o.actor.clone(),
        lookups: o.lookups,
        readings: o.readings,
        readings_of_others: o.readings_of_others,
        without_case: o.without_case,
        denials: o.denials,
        out_of_hours: o.out_of_hours,
        persons: o.persons,
        colleagues: o.colleagues,
        own_family: o.own_family,
    };
    let consulted = |c: &audit::Consulted| Consulted {
        token: c.token.clone(),
        lookups: c.lookups,
        officials: c.officials,
        verification: c.verification.clone(),
    };
    Misuse {
        officials: report.officials.iter().map(official).collect(),
        most_consulted: report.most_consulted.iter().map(consulted).collect(),
    }
}

/// A sample.
pub fn sample(sample: &audit::DrawSampleResponse) -> Sample {
    let drawn = |d: &audit::Drawn| Drawn {
        verification: d.verification.clone(),
        evidence: d.evidence.clone(),
        index: d.index,
    };
    Sample {
        checkpoint: sample.checkpoint.clone(),
        population: sample.population,
        drawn: sample.drawn.iter().map(drawn).collect(),
    }
}

/// What a check of everything came to.
pub fn checked(step: &audit::VerifyEvidenceResponse) -> Checked {
    Checked {
        frames: step.frames,
        leaves: step.leaves,
        sealed: step.sealed,
        bytes: step.bytes,
        done: step.done,
        damage: step.damage.clone(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
