//! Drift: whether a department still answers as it used to. Counts of what it said, in blocks; the newest block against those before it.
//! Leaves when a block is looked at, and what follows from a drift, to whoever asks departments. Pure: counts only, nothing of any person.
//!
//! What drifts in practice: a column that is mapped wrongly after a change finds nobody any more; a file in fen is read as yuan; a drop that nobody renews.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use smol_str::{SmolStr, format_smolstr};

use crate::answer::{AnswerState, SubjectAnswer};
use crate::dates::Date;
use crate::finding::{DEPARTMENT_DRIFTS, Finding, Weight};
use crate::names::DepartmentId;
use crate::verdict::Text;

mod amounts;

use amounts::{Counts, amounts};

/// Buckets of amounts: quarters of a decade of fen, up to 10^18, and nothing at all.
const BUCKETS: usize = 4 * 19 + 1;

/// When a change is a drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftLimits {
    /// Persons of a block. Fewer make one household's accident a drift; more let a district be judged wrongly for longer.
    pub block_persons: u32,
    /// Blocks that are remembered: the yardstick follows slow changes of who applies, over thousands of persons.
    pub blocks: u32,
    /// By how many of a hundred persons the share without a record must change. Who applies changes with the seasons, by less than that.
    pub share_points: u32,
    /// By how many times amounts must change in the middle. Wages, balances and prices do not change by fifty between two weeks; units do, by 100 or 10,000.
    pub amount_times: u32,
}

impl Default for DriftLimits {
    fn default() -> DriftLimits {
        DriftLimits {
            block_persons: 200,
            blocks: 20,
            share_points: 25,
            amount_times: 50,
        }
    }
}

/// How a department has drifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DriftKind {
    /// Of many more, or many fewer, persons than before it has no record.
    NoRecordShare,
    /// Its amounts are many times what they were, or a small part of it.
    Amounts,
    /// Its data is older than it promises.
    Stale,
}

impl DriftKind {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            DriftKind::NoRecordShare => "NO_RECORD_SHARE",
            DriftKind::Amounts => "AMOUNTS",
            DriftKind::Stale => "STALE",
        }
    }

    /// Whether what it says is in doubt, so that a verdict must not rest on it without a person.
    pub fn is_doubt(self) -> bool {
        // Old data says how old it is, in every report.
        !matches!(self, DriftKind::Stale)
    }
}

/// A drift of a department.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// What kind.
    pub kind: DriftKind,
    /// The field of money, for example `income.gross`; empty where it is about persons.
    pub field: String,
    /// What was usual: persons of a thousand; or amounts in the middle, in fen, as the lower end of a quarter of a decade.
    pub before: i64,
    /// What it is now.
    pub now: i64,
    /// Since when, milliseconds since 1970 UTC.
    pub since_ms: i64,
}

/// What some persons' answers come to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Block {
    persons: u64,
    no_record: u64,
    dated: u64,
    stale: u64,
    amounts: Counts,
}

impl Block {
    fn take(&mut self, answer: &SubjectAnswer, today: Date, promised_days: i64) {
        let records = match &answer.state {
            AnswerState::Found { records } => records.as_slice(),
            AnswerState::NoRecord => &[],
            // Whoever says nothing, or only whether a threshold is passed, is followed elsewhere.
            _ => return,
        };
        self.persons += 1;
        self.no_record += u64::from(records.is_empty());
        if let Some(on) = answer.data_on {
            self.dated += 1;
            let age = today.duration_since(on.last_day()).as_hours() / 24;
            self.stale += u64::from(age > promised_days);
        }
        for (field, fen) in records.iter().flat_map(amounts) {
            self.amounts.count(field, bucket(fen.0));
        }
    }

    fn add(&mut self, other: &Block) {
        self.persons += other.persons;
        self.no_record += other.no_record;
        self.dated += other.dated;
        self.stale += other.stale;
        self.amounts.add(&other.amounts);
    }
}

/// The bucket of an amount: four to a decade.
fn bucket(fen: i64) -> usize {
    let amount = fen.unsigned_abs();
    let Some(decade) = amount.checked_ilog10() else {
        return BUCKETS - 1;
    };
    let decade = decade as usize;
    // Three digits are enough to tell the quarter.
    let scaled = match DECADES.get(decade.wrapping_sub(2)) {
        Some(scale) => amount / scale,
        None => amount * 10u64.pow(2u32.saturating_sub(u32::try_from(decade).unwrap_or(2))),
    };
    let quarter = usize::from(scaled >= 178) + usize::from(scaled >= 316) + usize::from(scaled >= 562);
    (4 * decade + quarter).min(BUCKETS - 2)
}

/// Powers of ten: raising them anew for every amount takes longer than all else here.
const DECADES: [u64; 17] = {
    let mut scale = 1;
    let mut decades = [1; 17];
    let mut rest = decades.as_mut_slice();
    while let Some((first, behind)) = rest.split_first_mut() {
        *first = scale;
        scale *= 10;
        rest = behind;
    }
    decades
};

/// The lower end of a bucket, in fen.
fn lower_end(bucket: usize) -> i64 {
    const QUARTERS: [i64; 4] = [100, 178, 316, 562];
    let quarter = QUARTERS.get(bucket % 4).copied().unwrap_or(100);
    let scale = 10i64
        .checked_pow(u32::try_from(bucket / 4).unwrap_or(0))
        .unwrap_or(i64::MAX);
    quarter.saturating_mul(scale) / 100
}

/// The bucket in the middle of those that hold an amount, and how many there are.
fn middle(buckets: &[u32; BUCKETS]) -> Option<(usize, u64)> {
    let held = buckets.get(..BUCKETS - 1)?;
    let count: u64 = held.iter().copied().map(u64::from).sum();
    let mut before = 0;
    for (bucket, here) in held.iter().enumerate() {
        before += u64::from(*here);
        if count > 0 && 2 * before >= count {
            return Some((bucket, count));
        }
    }
    None
}

/// What is known of how a department answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habit {
    now: Block,
    before: VecDeque<Block>,
    drifts: Vec<Drift>,
}

impl Habit {
    /// Takes one household's answers. `promised_days` is how old the department's data may be. Returns the drifts that have begun with them.
    pub fn take(
        &mut self,
        limits: DriftLimits,
        answers: &[SubjectAnswer],
        (today, now_ms): (Date, i64),
        promised_days: i64,
    ) -> Vec<Drift> {
        answers
            .iter()
            .for_each(|answer| self.now.take(answer, today, promised_days));
        if self.now.persons < u64::from(limits.block_persons) {
            return Vec::new();
        }
        let block = std::mem::take(&mut self.now);
        let mut usual = Block::default();
        self.before.iter().for_each(|before| usual.add(before));
        let mut found = found(limits, &usual, &block, now_ms);
        // Since when it has drifted, not since when it was looked at again.
        for drift in &mut found {
            let same = |d: &&Drift| d.kind == drift.kind && d.field == drift.field;
            if let Some(before) = self.drifts.iter().find(same) {
                drift.since_ms = before.since_ms;
            }
        }
        let begun = found.iter().filter(|d| d.since_ms == now_ms).cloned().collect();
        self.drifts = found;
        // What is in doubt is no yardstick.
        if self.drifts.iter().all(|drift| !drift.kind.is_doubt()) {
            self.before.push_back(block);
            while self.before.len() > limits.blocks.max(1) as usize {
                self.before.pop_front();
            }
        }
        begun
    }

    /// How it drifts now.
    pub fn drifts(&self) -> &[Drift] {
        &self.drifts
    }

    /// Takes what it says now as usual: somebody has looked. Everything before is forgotten.
    pub fn accept(&mut self) {
        self.drifts.clear();
        self.before.clear();
    }
}

/// How a block differs from what is usual. Nothing is usual before a whole block is known.
fn found(limits: DriftLimits, usual: &Block, block: &Block, now_ms: i64) -> Vec<Drift> {
    let mut found = Vec::new();
    let drift = |kind, field: &str, before, now| Drift {
        kind,
        field: field.to_owned(),
        before,
        now,
        since_ms: now_ms,
    };
    let permille = |part: u64, whole: u64| i64::try_from(part * 1_000 / whole.max(1)).unwrap_or(i64::MAX);
    // More than half of what is dated: one late file of several is not the department.
    if block.dated > 0 && 2 * block.stale > block.dated {
        let now = permille(block.stale, block.dated);
        found.push(drift(DriftKind::Stale, "", permille(usual.stale, usual.dated), now));
    }
    if usual.persons == 0 {
        return found;
    }
    let (before, now) = (
        permille(usual.no_record, usual.persons),
        permille(block.no_record, block.persons),
    );
    let points = i64::from(limits.share_points) * 10;
    if (now - before).abs() >= points
        && is_beyond_chance((usual.no_record, usual.persons), (block.no_record, block.persons))
    {
        found.push(drift(DriftKind::NoRecordShare, "", before, now));
    }
    for (field, theirs) in block.amounts.iter() {
        let (Some((was, many)), Some((is, few))) = (usual.amounts.get(field).and_then(middle), middle(theirs)) else {
            continue;
        };
        // Of a handful of amounts the middle is anybody's.
        if few < FEWEST_AMOUNTS || many < FEWEST_AMOUNTS {
            continue;
        }
        let (low, high) = (lower_end(was.min(is)), lower_end(was.max(is)));
        if high / i64::from(limits.amount_times.max(1)) >= low {
            found.push(drift(DriftKind::Amounts, field.name(), lower_end(was), lower_end(is)));
        }
    }
    found
}

/// What a clerk must see where a verdict would rest on a department whose answers are in doubt: neither a grant nor a refusal is said until somebody has
/// looked.
pub fn drifting(department: &DepartmentId, drift: &Drift) -> Finding {
    let (before, now) = (drift.before, drift.now);
    let (zh, en) = match drift.kind {
        DriftKind::Amounts => (
            format_smolstr!("该部门近期答复的金额（{}）与以往相差悬殊，请先核实", drift.field),
            format_smolstr!(
                "the department's amounts ({}) are many times, or a small part of, what they used to be: settle that first",
                drift.field
            ),
        ),
        DriftKind::NoRecordShare | DriftKind::Stale => (
            format_smolstr!("该部门近期查无记录的比例异常（千分之{before}变为千分之{now}），请先核实"),
            format_smolstr!(
                "of a thousand persons the department used to have no record of {before}, and now of {now}: settle that first"
            ),
        ),
    };
    Finding {
        code: SmolStr::new_static(DEPARTMENT_DRIFTS),
        weight: Weight::OpensVerdict,
        subject: None,
        departments: vec![department.clone()],
        message: Text { zh, en },
        parts: Vec::new(),
    }
}

/// Amounts of a field without which nothing is said of it.
const FEWEST_AMOUNTS: u64 = 10;
/// Five standard deviations, squared: chance alone does that once in some millions of blocks.
const SIGMA_SQUARED: u128 = 25;

/// Whether two shares differ by more than chance: the test of two proportions, in whole numbers.
fn is_beyond_chance((part, whole): (u64, u64), (their_part, their_whole): (u64, u64)) -> bool {
    let (a, n, b, m) = (
        u128::from(part),
        u128::from(whole),
        u128::from(their_part),
        u128::from(their_whole),
    );
    let all = n + m;
    let pooled = a + b;
    let apart = (a * m).abs_diff(b * n);
    // (a/n - b/m)^2 >= 25 p (1 - p) (1/n + 1/m) with p = pooled / all, multiplied by n^2 m^2 all.
    let Some(left) = apart.checked_mul(apart).and_then(|square| square.checked_mul(all)) else {
        return true;
    };
    let right = SIGMA_SQUARED * pooled * (all - pooled) * n * m;
    left >= right
}

#[cfg(test)]
mod tests;
