//! Counters of each step of a verification, so that a benchmark can say where the time goes.
//! Leaves publishing them to the server.

use std::sync::atomic::{AtomicU64, Ordering};

/// The steps of a verification, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Step {
    /// Checking the household, the letters, the programmes; planning.
    Prepare,
    /// Until the `ASKED` frame is durable.
    Asked,
    /// Looking for kept answers.
    Reuse,
    /// Encoding the question and handing it to the departments: processor time of the broker only.
    Send,
    /// From the first question to the last answer: mostly waiting.
    Wait,
    /// Until a processor is free to judge: waiting.
    Turn,
    /// Reading the answers.
    Decode,
    /// Consolidating, finding, judging.
    Judge,
    /// Serialising the report.
    Report,
    /// Sealing and hashing.
    Seal,
    /// Until the verdict frame is durable: mostly waiting.
    Commit,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Step; 11] = [
        Step::Prepare,
        Step::Asked,
        Step::Reuse,
        Step::Send,
        Step::Wait,
        Step::Turn,
        Step::Decode,
        Step::Judge,
        Step::Report,
        Step::Seal,
        Step::Commit,
    ];

    /// Name in metrics and benchmarks.
    pub fn name(self) -> &'static str {
        match self {
            Step::Prepare => "prepare",
            Step::Asked => "asked",
            Step::Reuse => "reuse",
            Step::Send => "send",
            Step::Wait => "wait",
            Step::Turn => "turn",
            Step::Decode => "decode",
            Step::Judge => "judge",
            Step::Report => "report",
            Step::Seal => "seal",
            Step::Commit => "commit",
        }
    }
}

/// How often and how long each step ran.
#[derive(Debug, Default)]
pub struct Meter {
    steps: [(AtomicU64, AtomicU64); Step::ALL.len()],
}

impl Meter {
    /// Notes one run of a step.
    pub fn note(&self, step: Step, ns: u64) {
        if let Some((count, total)) = self.steps.get(step as usize) {
            count.fetch_add(1, Ordering::Relaxed);
            total.fetch_add(ns, Ordering::Relaxed);
        }
    }

    /// Runs of a step and the nanoseconds in it, all together.
    pub fn read(&self, step: Step) -> (u64, u64) {
        self.steps.get(step as usize).map_or((0, 0), |(count, total)| {
            (count.load(Ordering::Relaxed), total.load(Ordering::Relaxed))
        })
    }
}
