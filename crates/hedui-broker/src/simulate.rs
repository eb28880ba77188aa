//! Simulation: a pack tried on the latest verification of each household of a district, before anybody is judged by it.
//! Leaves judging and adding up to `hedui-policy`, and finding the households to `latest`. Nothing is concluded and nobody's verdict changes.

use std::borrow::Cow;
use std::sync::Arc;

use hedui_core::{FieldError, ProgrammeId};
use hedui_evidence::{CaseId, Frame, FrameKind};
use hedui_policy::{Filed, Needs, Outside, Pack, Row, Simulation, Tally, Terms};

use crate::broker::Broker;
use crate::case::unreadable;
use crate::error::BrokerError;
use crate::evidence::{access, actor};
use crate::filing::{filed_in, wanted};
use crate::latest::{Households, HouseholdsOf, Latest, LatestState};
use crate::prepare::label;
use crate::retention::Officer;

/// Households that are judged at a time.
const BLOCK: usize = 1_024;

/// A pack of a simulation.
#[derive(Clone, Debug)]
pub enum PackChoice {
    /// One that is known here.
    Known {
        /// Its id.
        id: String,
        /// Its version.
        version: String,
    },
    /// One that is only to be tried.
    Text {
        /// What mistakes call it.
        name: String,
        /// The file.
        text: String,
    },
}

/// What is to be simulated.
#[derive(Clone, Debug)]
pub struct SimulateAsk {
    /// GB/T 2260 code of the district.
    pub district: String,
    /// The pack in force.
    pub from: PackChoice,
    /// The pack to be tried.
    pub to: PackChoice,
    /// How; the district of the terms is left alone.
    pub terms: Terms,
    /// What for; stands in the log.
    pub purpose: String,
}

/// How the households of a district were found. Each is in exactly one but for the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Households whose latest verification was looked at.
    pub households: u64,
    /// Taken as they were filed.
    pub filed: u64,
    /// Taken out of the kept answers, since nothing, or too little, was filed.
    pub again: u64,
    /// Kept for disputes and audits only: not read.
    pub frozen: u64,
    /// Destroyed.
    pub destroyed: u64,
    /// Never ended with verdicts.
    pub never: u64,
    /// Could not be read; the log of the server names them.
    pub unreadable: u64,
}

impl Gathered {
    fn text(&self) -> String {
        let Gathered {
            households,
            filed,
            again,
            ..
        } = self;
        format!("households={households},filed={filed},again={again}")
    }
}

/// Told while a simulation runs; says whether to go on.
pub type SimulationProgress<'t> = &'t mut (dyn FnMut(Gathered) -> bool + Send);

/// What a simulation came to.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Counts, sums, towns.
    pub tally: Tally,
    /// How the households were found.
    pub gathered: Gathered,
    /// Both packs: in force, tried.
    pub packs: [Pack; 2],
}

/// What is filed of a household, with its verification.
pub type FiledHousehold = (CaseId, Vec<u8>);

impl Broker {
    /// Tries a pack on the latest verification of each household of a district. One access entry, with the counts, is durable before anything
    /// is returned, also where somebody stopped it.
    ///
    /// Errors: mistakes of the packs, all of them; a district in which the pack in force judges nobody, or that has no household of the
    /// programme here; [`BrokerError::ShuttingDown`] where it was stopped.
    pub async fn simulate(
        &self,
        ask: &SimulateAsk,
        officer: Officer<'_>,
        tell: SimulationProgress<'_>,
    ) -> Result<Simulated, BrokerError> {
        let (from, to) = self.packs_to_compare(ask)?;
        let mut mistakes = label("actor", officer.person);
        mistakes.extend(label("purpose", &ask.purpose));
        mistakes.extend(self.elsewhere(&from, &ask.district));
        if !mistakes.is_empty() {
            return Err(BrokerError::Invalid(mistakes));
        }
        let simulation = Simulation::new(&from, &to, ask.terms)
            .map_err(|error| BrokerError::Invalid(vec![FieldError::new("to", error.reason(), error.to_string())]))?;
        let mut gathered = Gathered::default();
        let judged = self.gather(&simulation, ask, (&mut gathered, tell)).await;
        let named = |pack: &Pack| {
            format!(
                "{}@{} {}",
                pack.id(),
                pack.version(),
                pack.digest().get(..16).unwrap_or_default()
            )
        };
        let why = format!("simulation of {} to {}: {}", named(&from), named(&to), ask.purpose);
        self.note_job(&ask.district, &why, &gathered, officer).await?;
        match judged? {
            // Frozen and destroyed households are a result: the report counts them.
            Some(tally) if tally.is_about_nobody() && (gathered.households == 0 || !tally.outside.is_empty()) => {
                Err(nobody(&ask.district, from.programme(), gathered.households))
            }
            Some(tally) => Ok(Simulated {
                tally,
                gathered,
                packs: [from.into_owned(), to.into_owned()],
            }),
            None => Err(BrokerError::ShuttingDown),
        }
    }

    /// What is filed of every household of a district, of its latest verification for a programme. The access entry is durable before anything is given.
    ///
    /// Errors: a programme that no pack here has, or none of the district; a district without a household of it; [`BrokerError::ShuttingDown`]
    /// where it was stopped.
    pub async fn filed_households(
        &self,
        (district, programme, purpose): (&str, &ProgrammeId, &str),
        officer: Officer<'_>,
        give: &mut (dyn FnMut(Gathered, Vec<FiledHousehold>) -> bool + Send),
    ) -> Result<Gathered, BrokerError> {
        let mut mistakes = label("actor", officer.person);
        mistakes.extend(label("purpose", purpose));
        mistakes.extend(self.unknown_here(district, programme));
        if !mistakes.is_empty() {
            return Err(BrokerError::Invalid(mistakes));
        }
        let core = self.core();
        let why = format!("snapshots of all households for {programme}: {purpose}");
        self.note_access(district, CaseId::default(), &why, officer.caller, officer.person)
            .await?;
        let mut gathered = Gathered::default();
        let mut households = Households::of(core, households_of(district, programme), None);
        let mut block = Vec::new();
        while let Some(found) = households.next(core).await? {
            block.extend(self.filed_of(&found, None, &mut gathered).await?);
            if block.len() >= BLOCK {
                let full = std::mem::take(&mut block);
                if self.is_closing() || !give(gathered, full) {
                    return Err(BrokerError::ShuttingDown);
                }
            }
        }
        if gathered.households == 0 {
            return Err(nobody(district, programme, 0));
        }
        if give(gathered, block) {
            Ok(gathered)
        } else {
            Err(BrokerError::ShuttingDown)
        }
    }

    /// The mistake of a district whose households a pack does not judge.
    fn elsewhere(&self, pack: &Pack, district: &str) -> Option<FieldError> {
        let levels = self.core().packs.levels(district);
        let place = pack.jurisdiction();
        (!levels.iter().any(|level| level == place)).then(|| {
            let message = format!("{} is of {place}, so it judges nobody in this district", pack.id());
            FieldError::new("district_code", "UNKNOWN_DISTRICT", message)
        })
    }

    /// The mistake of a programme that no pack here has, or of a district in which none has it. Options of the nation count: they may have judged.
    fn unknown_here(&self, district: &str, programme: &ProgrammeId) -> Option<FieldError> {
        let packs = &self.core().packs;
        let mut known = packs
            .packs()
            .iter()
            .filter(|pack| pack.programme() == programme)
            .peekable();
        if known.peek().is_none() {
            let message = "no pack here has this programme; `hedui policy list` shows those there are";
            return Some(FieldError::new("programme", "UNKNOWN_PROGRAMME", message));
        }
        let levels = packs.levels(district);
        let is_here = |pack: &Pack| levels.iter().any(|level| level == pack.jurisdiction());
        (!known.any(is_here)).then(|| {
            let message = "no pack of this programme is of the district, or of what it belongs to";
            FieldError::new("district_code", "UNKNOWN_DISTRICT", message)
        })
    }

    /// Both packs, or all their mistakes.
    fn packs_to_compare(&self, ask: &SimulateAsk) -> Result<(Cow<'_, Pack>, Cow<'_, Pack>), BrokerError> {
        let (mut mistakes, mut packs) = (Vec::new(), Vec::new());
        for (field, choice) in [("from", &ask.from), ("to", &ask.to)] {
            match choice {
                PackChoice::Known { id, version } => match self.core().packs.get(id, version) {
                    Some(pack) => packs.push(Cow::Borrowed(pack)),
                    None => {
                        let message =
                            "no pack of this id and version is known here; `hedui policy list` shows those there are";
                        mistakes.push(FieldError::new(field, "PACK_UNKNOWN", message));
                    }
                },
                PackChoice::Text { name, text } => match Pack::parse(name, text) {
                    Ok(pack) => packs.push(Cow::Owned(pack)),
                    Err(found) => mistakes.extend(found.0.iter().map(|mistake| {
                        let message = format!("{mistake}");
                        FieldError::new(format!("{field}.file"), mistake.reason, message)
                    })),
                },
            }
        }
        match (packs.pop(), packs.pop()) {
            (Some(to), Some(from)) if mistakes.is_empty() => Ok((from, to)),
            _ => Err(BrokerError::Invalid(mistakes)),
        }
    }

    /// Every household of the district, judged block by block. None where somebody stopped it.
    async fn gather(
        &self,
        simulation: &Simulation<'_>,
        ask: &SimulateAsk,
        (gathered, tell): (&mut Gathered, SimulationProgress<'_>),
    ) -> Result<Option<Tally>, BrokerError> {
        let core = self.core();
        let programme = simulation.packs()[0].programme().clone();
        let mut households = Households::of(core, households_of(&ask.district, &programme), None);
        let mut tally = Tally::new(simulation.terms().references);
        let mut block: Vec<FiledHousehold> = Vec::new();
        let fold = |block: &[FiledHousehold], tally: &mut Tally| {
            let rows = block.iter().map(|(case, filed)| Row {
                reference: case.0,
                filed,
            });
            let folded = simulation.fold(&rows.collect::<Vec<_>>());
            folded
                .and_then(|part| tally.merge(part))
                .map_err(|_| BrokerError::Damaged("what was filed of a household cannot be judged"))
        };
        while let Some(found) = households.next(core).await? {
            block.extend(self.filed_of(&found, Some(simulation), gathered).await?);
            if gathered.households.is_multiple_of(BLOCK as u64) && (self.is_closing() || !tell(*gathered)) {
                return Ok(None);
            }
            if block.len() >= BLOCK {
                fold(&block, &mut tally)?;
                block.clear();
            }
        }
        fold(&block, &mut tally)?;
        Ok(tell(*gathered).then_some(tally))
    }

    /// What is filed of a household, for a simulation or for any. None where it may not or cannot be read, which is counted.
    async fn filed_of(
        &self,
        found: &Latest,
        simulation: Option<&Simulation<'_>>,
        gathered: &mut Gathered,
    ) -> Result<Option<FiledHousehold>, BrokerError> {
        gathered.households += 1;
        let (state, case) = (found.state, found.case);
        let count = match (state, case) {
            (LatestState::Released, Some(case)) => match self.filed_of_case(case, simulation).await {
                Ok(Some((filed, again))) => {
                    *(if again {
                        &mut gathered.again
                    } else {
                        &mut gathered.filed
                    }) += 1;
                    return Ok(Some((case, filed)));
                }
                Ok(None) => &mut gathered.unreadable,
                Err(error) if unreadable(&error) => {
                    tracing::error!(%case, reason = error.reason(), "a household cannot be read");
                    &mut gathered.unreadable
                }
                Err(error) => return Err(error),
            },
            (LatestState::Frozen, _) => &mut gathered.frozen,
            (LatestState::Destroyed, _) => &mut gathered.destroyed,
            (LatestState::Never, _) => &mut gathered.never,
            (LatestState::Unreadable | LatestState::Released, _) => &mut gathered.unreadable,
        };
        *count += 1;
        Ok(None)
    }

    /// As it was filed, where that is enough; else out of the kept answers.
    async fn filed_of_case(
        &self,
        case: CaseId,
        simulation: Option<&Simulation<'_>>,
    ) -> Result<Option<(Vec<u8>, bool)>, BrokerError> {
        const LOST: BrokerError = BrokerError::Damaged("a case without its frames");
        let core = self.core();
        let ended: Frame = core.frame_of(case, FrameKind::Verdict).await?.ok_or(LOST)?;
        if let Some(filed) = filed_in(core, &ended)? {
            let is_enough = Filed::read(&filed).is_ok_and(|read| match simulation {
                // Whom it is not about need not be read again.
                Some(simulation) => {
                    simulation.is_about(&read).is_err_and(|_: Outside| true) || simulation.covers(&read).is_ok()
                }
                None => true,
            });
            if is_enough {
                return Ok(Some((filed, false)));
            }
        }
        let asked = core.frame_of(case, FrameKind::Asked).await?.ok_or(LOST)?;
        let wanted: Option<Arc<[Arc<Needs>]>> = simulation.map(|simulation| wanted(simulation.packs()));
        let filed = self.file_again(&asked, wanted.as_deref()).await?;
        Ok(filed.map(|filed| (filed, true)))
    }

    /// One access entry for the whole job.
    async fn note_job(
        &self,
        district: &str,
        why: &str,
        gathered: &Gathered,
        officer: Officer<'_>,
    ) -> Result<(), BrokerError> {
        let core = self.core();
        let who = actor(officer.caller, officer.person);
        let mut frame = access(core, district, CaseId::default(), why, who);
        for leaf in &mut frame.leaves {
            leaf.outcome = format!("READ:{}", gathered.text()).into();
        }
        core.store.append(frame).await?;
        Ok(())
    }
}

/// Zeros would look like a result.
fn nobody(district: &str, programme: &ProgrammeId, looked_at: u64) -> BrokerError {
    let message = match looked_at {
        0 => format!("no household of {district} was verified for {programme} here: there is nothing to look at"),
        _ => format!(
            "none of the {looked_at} household(s) of {district} that were verified for {programme} is of the residence and place asked for"
        ),
    };
    BrokerError::Invalid(vec![FieldError::new("district_code", "NO_HOUSEHOLDS", message)])
}

fn households_of<'a>(district: &'a str, programme: &'a ProgrammeId) -> HouseholdsOf<'a> {
    HouseholdsOf {
        district,
        programme: Some(programme),
        before: None,
    }
}
