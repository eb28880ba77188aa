//! Departments that an annual review waits for: whoever is paused, closed or failing now would only leave every household open.
//! Leaves the pace of the job, and what to do while it waits, to `run`.

use std::time::Duration;

use hedui_adapter::gate::{OfficeHours, next_common};
use hedui_adapter::reason::Reason;
use hedui_core::household::Residence;
use hedui_core::{DepartmentId, RecordType};

use super::LiveJob;
use super::job::{Reevaluation, ReevaluationKind};
use crate::broker::Broker;
use crate::core::Core;

/// Between two looks while a department cannot be asked.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Between two looks while one only has enough to do.
const BREATH: Duration = Duration::from_millis(100);

/// A department that a job waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Which.
    pub department: DepartmentId,
    /// `DEPARTMENT_PAUSED`, `OUTSIDE_HOURS` or `BREAKER_OPEN`.
    pub reason: &'static str,
    /// When it can be asked again, milliseconds since 1970 UTC, as far as that is known.
    pub until_ms: Option<i64>,
}

/// How the wait before a household ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// Everybody can be asked.
    Ready,
    /// Everybody can be asked again: the first household goes alone, since nobody knows yet whether they answer.
    Again,
    /// The job was told to stop.
    Stopped,
}

/// Waits until every department that the job needs can be asked, and says meanwhile whom it waits for.
pub(super) async fn wait(
    broker: &Broker,
    live: &LiveJob,
    job: &Reevaluation,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Waited {
    if job.with_silence || job.kind != ReevaluationKind::AnnualReview {
        return Waited::Ready;
    }
    let core = broker.core();
    let needed = needed(core, job);
    let mut waited = Waited::Ready;
    loop {
        if is_stopped() {
            return Waited::Stopped;
        }
        let awaited = awaited(core, &needed);
        let is_awaited = !awaited.is_empty();
        live.state.send_if_modified(|job| {
            let differs = job.awaiting != awaited;
            job.awaiting = awaited;
            differs
        });
        if is_awaited {
            waited = Waited::Again;
            tokio::time::sleep(LOOK_AGAIN).await;
        } else if is_at_ease(core, &needed) {
            return waited;
        } else {
            tokio::time::sleep(BREATH).await;
        }
    }
}

/// What the programme's packs of the district need to know today.
fn needed(core: &Core, job: &Reevaluation) -> Vec<RecordType> {
    let today = core.clock.today();
    let select = |residence| core.packs.select(&job.district, &job.programme, residence, today, None);
    let packs = [select(Residence::Urban), select(Residence::Rural)];
    packs
        .into_iter()
        .flatten()
        .flat_map(|pack| pack.needs().to_vec())
        .collect()
}

/// Whom a job that needs these has to wait for.
fn awaited(core: &Core, needed: &[RecordType]) -> Vec<Awaited> {
    let now_ms = core.clock.now_ms();
    let in_force = core.in_force();
    let holders = in_force
        .registry
        .departments()
        .iter()
        .filter(|d| d.profile.record_types.iter().any(|t| needed.contains(t)));
    let (mut found, mut hours) = (Vec::new(), Vec::new());
    for department in holders {
        let mut tell = |reason: Reason, until_ms| {
            found.push(Awaited {
                department: department.profile.id.clone(),
                reason: reason.word(),
                until_ms,
            });
        };
        if core.pauses.holds(&department.profile.id) {
            tell(Reason::DepartmentPaused, None);
        } else if let Some(until_ms) = department.failing_until_ms(now_ms) {
            tell(Reason::BreakerOpen, Some(until_ms));
        }
        if let Some(of) = department.hours() {
            hours.push((department.profile.id.clone(), of));
        }
    }
    found.extend(closed(&hours, now_ms));
    found.sort_by(|a, b| a.department.cmp(&b.department));
    found.dedup_by(|later, earlier| later.department == earlier.department);
    found
}

/// Those that are closed now, where a time will come at which all are open. Where none will come, waiting would help nobody.
fn closed(hours: &[(DepartmentId, OfficeHours)], now_ms: i64) -> Vec<Awaited> {
    let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    let all: Vec<OfficeHours> = hours.iter().map(|(_, hours)| hours.clone()).collect();
    let Some(common) = next_common(&all, now).filter(|common| *common > now) else {
        return Vec::new();
    };
    let closed = hours.iter().filter(|(_, hours)| !hours.is_open(now));
    closed
        .map(|(department, _)| Awaited {
            department: department.clone(),
            reason: Reason::OutsideHours.word(),
            until_ms: i64::try_from(common.as_millis()).ok(),
        })
        .collect()
}

fn is_at_ease(core: &Core, needed: &[RecordType]) -> bool {
    let now_ms = core.clock.now_ms();
    let in_force = core.in_force();
    let mut holders = in_force.registry.departments().iter();
    holders.all(|d| !d.profile.record_types.iter().any(|t| needed.contains(t)) || d.is_at_ease(now_ms))
}
