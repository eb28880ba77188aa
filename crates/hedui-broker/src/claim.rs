//! Claims: a run's place among those under way, its household, its entry in the registers, and how it lets go of them.
//! Leaves running to `pipeline` and what is returned to a caller whose household is taken to `broker`.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dashmap::mapref::entry::Entry;

use crate::core::Core;
use crate::error::BrokerError;
use crate::request::Conflict;
use crate::run::{Begun, Run, State};

/// What became of an attempt to take a household.
pub(crate) enum Claim {
    Taken(Release),
    /// Another run has it, and serves instead of this one.
    Held(Arc<Run>),
}

/// Takes the household for a run, or says which run has it.
pub(crate) fn claim(core: &Arc<Core>, run: &Arc<Run>, conflict: Conflict) -> Result<Claim, BrokerError> {
    let place = Place::take(core)?;
    {
        let mut runs = core.households.entry(run.household).or_default();
        let mut under_way = runs.iter().filter(|r| r.is_running());
        let other = under_way.clone().find(|r| same_id(r, run)).or_else(|| match conflict {
            Conflict::RunBoth => None,
            Conflict::Fail | Conflict::UseExisting => under_way.next(),
        });
        if let Some(other) = other.map(Arc::clone) {
            return match conflict {
                _ if same_id(&other, run) => Ok(Claim::Held(other)),
                Conflict::UseExisting if serves(&other, run) => Ok(Claim::Held(other)),
                _ => Err(BrokerError::Running(other.case.to_string())),
            };
        }
        if run.prepared.stored.request.recheck.is_none() {
            runs.push(Arc::clone(run));
        }
    }
    let release = Release::of(core, run, place);
    core.running.insert(run.case, Arc::clone(run));
    // After the insertion: either `close` sees this run, or this run sees it.
    if core.closing.load(Ordering::SeqCst) {
        return Err(BrokerError::ShuttingDown);
    }
    Ok(Claim::Taken(release))
}

/// Whether two runs come from the same request id.
pub(crate) fn same_id(one: &Run, other: &Run) -> bool {
    one.request_key.is_some() && one.request_key == other.request_key
}

/// Whether a run of the same household and programmes may stand for another: about the same date, under the same rules, in the same
/// district.
fn serves(running: &Run, wanted: &Run) -> bool {
    let (one, other) = (&running.prepared.stored, &wanted.prepared.stored);
    one.as_of == other.as_of
        && one.request.district_code == other.request.district_code
        && one.request.policy_variant == other.request.policy_variant
}

/// A place among the verifications under way.
pub(crate) struct Place(Arc<Core>);

impl Place {
    /// Takes a place if there is one.
    fn take(core: &Arc<Core>) -> Result<Place, BrokerError> {
        let most = core.settings.max_running;
        let more = |n: usize| (n < most).then(|| n + 1);
        match core.admitted.fetch_update(Ordering::SeqCst, Ordering::SeqCst, more) {
            Ok(_) => Ok(Place(Arc::clone(core))),
            Err(_) => Err(BrokerError::Busy),
        }
    }

    /// Takes one also where there is none: what was under way before a crash is not refused for being too much.
    pub fn beyond(core: &Arc<Core>) -> Place {
        core.admitted.fetch_add(1, Ordering::SeqCst);
        Place(Arc::clone(core))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.admitted.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Lets go of a run however its task ends, a panic included.
pub(crate) struct Release {
    pub core: Arc<Core>,
    pub run: Arc<Run>,
    _place: Place,
}

impl Release {
    /// Of a run that has its place.
    pub fn of(core: &Arc<Core>, run: &Arc<Run>, place: Place) -> Release {
        Release {
            core: Arc::clone(core),
            run: Arc::clone(run),
            _place: place,
        }
    }
}

impl Drop for Release {
    fn drop(&mut self) {
        let (core, run) = (&self.core, &self.run);
        run.collector.leave();
        core.questions
            .remove_if(&run.question, |_, leader| leader.case == run.case);
        if let Entry::Occupied(mut runs) = core.households.entry(run.household) {
            runs.get_mut().retain(|r| r.case != run.case);
            if runs.get().is_empty() {
                runs.remove();
            }
        }
        run.state.send_if_modified(|verification| {
            let lost = verification.state == State::Running;
            if lost {
                verification.state = State::Failed;
                verification.failure = Some("INTERNAL".to_owned());
            }
            lost
        });
        core.running.remove(&run.case);
        // Last: whoever waits for it tries again and must find the household free.
        run.set_begun(Begun::Never);
    }
}
