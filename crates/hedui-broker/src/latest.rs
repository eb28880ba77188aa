//! The latest verification of each household of a district: who has been verified, and which verification counts today.
//! Leaves what is done with it to re-evaluation and simulation, and how a case is kept to `retention`.
//!
//! The same household is the same applicant in the same district: members are born, marry and die, the file goes on. It is known by
//! a keyed digest, never by a number. Households come in the order in which each was first asked about, which no later verification
//! changes: whoever goes on from a place meets nobody twice and leaves nobody out.

use hedui_core::{Date, ProgrammeId};
use hedui_evidence::{CaseId, Frame, FrameKind, IndexKey, LeafKind, Position};

use crate::broker::Broker;
use crate::case::{list_key, request_in};
use crate::clock::civil_date;
use crate::core::Core;
use crate::error::{BrokerError, ErrorKind};
use crate::retention::{RetentionState, standing};

/// Positions of one look into the index.
const PAGE: usize = 256;
/// Most households of one page.
pub const MAX_HOUSEHOLDS: usize = 1_000;

/// Which households of a district.
#[derive(Clone, Copy, Debug)]
pub struct HouseholdsOf<'a> {
    /// GB/T 2260 code of the district.
    pub district: &'a str,
    /// Only verifications for this programme; for any where none.
    pub programme: Option<&'a ProgrammeId>,
    /// Only verifications that were asked for before this place of the log: as it was then. All where none.
    pub before: Option<Position>,
}

/// A household, known by a keyed digest of its applicant's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HouseholdKey(pub [u8; 16]);

/// What the latest verification of a household is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatestState {
    /// It has verdicts, and may be read.
    Released,
    /// It has verdicts, and is kept for disputes and audits only.
    Frozen,
    /// It had verdicts; its keys are destroyed. An older one does not take its place.
    Destroyed,
    /// No verification of the household has ended with verdicts.
    Never,
    /// What is kept of the household cannot be read; the server's log says where.
    Unreadable,
}

/// The latest verification of a household. Of those with verdicts, the one about the latest date; of several about the same date
/// (rechecks), the one asked for last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latest {
    /// The household.
    pub household: HouseholdKey,
    /// Where it was first asked about: the place to go on from.
    pub first: Position,
    /// What the verification is.
    pub state: LatestState,
    /// The verification; none where there never was one with verdicts.
    pub case: Option<CaseId>,
    /// A verification of it that has been asked for and has not ended.
    pub under_way: Option<CaseId>,
}

/// A page of households.
#[derive(Clone, Debug, Default)]
pub struct LatestPage {
    /// The households, in the order in which each was first asked about.
    pub households: Vec<Latest>,
    /// What the next page goes on after; none on the last.
    pub next: Option<Position>,
}

impl Broker {
    /// The latest verification of each household, of those first asked about after a place. Opens nothing but the dates of requests
    /// of households that were verified more than once.
    pub async fn latest(
        &self,
        of: HouseholdsOf<'_>,
        after: Option<Position>,
        limit: usize,
    ) -> Result<LatestPage, BrokerError> {
        let core = self.core();
        let limit = limit.clamp(1, MAX_HOUSEHOLDS);
        let mut households = Households::of(core, of, after);
        let mut page = LatestPage::default();
        while let Some(found) = households.next(core).await? {
            page.households.push(found);
            if page.households.len() == limit {
                page.next = page.households.last().map(|last| last.first);
                break;
            }
        }
        Ok(page)
    }
}

/// Goes through the households of a district, one at a time.
pub(crate) struct Households<'a> {
    of: HouseholdsOf<'a>,
    list: IndexKey,
    after: Option<Position>,
    page: std::vec::IntoIter<Position>,
    last: bool,
}

impl<'a> Households<'a> {
    /// Those first asked about after a place.
    pub fn of(core: &Core, of: HouseholdsOf<'a>, after: Option<Position>) -> Households<'a> {
        Households {
            of,
            list: list_key(core, of.district),
            after,
            page: Vec::new().into_iter(),
            last: false,
        }
    }

    /// The next household.
    pub async fn next(&mut self, core: &Core) -> Result<Option<Latest>, BrokerError> {
        loop {
            for position in self.page.by_ref() {
                if self.of.before.is_some_and(|before| position >= before) {
                    return Ok(None);
                }
                if let Some(found) = begun_at(core, self.of, position).await? {
                    return Ok(Some(found));
                }
            }
            if self.last {
                return Ok(None);
            }
            let page = core.store.find_page(self.list, self.after, PAGE).await?;
            self.last = page.len() < PAGE;
            self.after = page.last().copied().or(self.after);
            self.page = page.into_iter();
        }
    }
}

/// The household that was first asked about at a place; none where it was asked about before, or for other programmes.
async fn begun_at(core: &Core, of: HouseholdsOf<'_>, position: Position) -> Result<Option<Latest>, BrokerError> {
    let asked = match core.store.read(position).await.map_err(BrokerError::from) {
        Ok(asked) => asked,
        Err(error) => return unreadable(position, error).map(|()| Some(Latest::unreadable(position))),
    };
    let Some(applicant) = applicant(&asked) else {
        return Ok(None);
    };
    if !is_for(core, of, &asked) {
        return Ok(None);
    }
    let mut gathered = Gathered::default();
    let (mut after, mut first) = (None, None);
    loop {
        let page = core.store.find_page(applicant, after, PAGE).await?;
        for at in &page {
            if of.before.is_some_and(|before| *at >= before) {
                break;
            }
            let asked = match core.store.read(*at).await.map_err(BrokerError::from) {
                Ok(asked) => asked,
                Err(error) => {
                    unreadable(*at, error)?;
                    continue;
                }
            };
            if self::applicant(&asked) != Some(applicant) || !is_for(core, of, &asked) {
                continue;
            }
            if *first.get_or_insert(*at) != position {
                return Ok(None);
            }
            gathered.take(core, asked).await?;
        }
        after = page.last().copied().or(after);
        if page.len() < PAGE {
            return gathered.found(core, position, applicant).await.map(Some);
        }
    }
}

/// The applicant that an `ASKED` frame is about, as the index knows them: filed behind the district's list, before the other members.
fn applicant(frame: &Frame) -> Option<IndexKey> {
    let key = frame.index.get(1).copied();
    key.filter(|key| frame.kind == FrameKind::Asked && key.0 != frame.id.0)
}

/// Whether a verification is of the district and for the programme.
fn is_for(core: &Core, of: HouseholdsOf<'_>, asked: &Frame) -> bool {
    let Some(programme) = of.programme.map(ProgrammeId::as_str) else {
        return asked.district == of.district;
    };
    let purpose = asked
        .leaves
        .first()
        .map(|leaf| leaf.purpose.as_str())
        .unwrap_or_default();
    let named = match purpose.contains(' ') {
        false => purpose.split(',').any(|word| word == programme),
        // Too many for a leaf, which says only how many.
        true => request_in(core, asked).is_ok_and(|stored| stored.request.programmes.iter().any(|p| p == programme)),
    };
    asked.district == of.district && named
}

/// Passes over one frame that is damaged, and names where it stands; any other error ends the walk.
fn unreadable(position: Position, error: BrokerError) -> Result<(), BrokerError> {
    if error.kind() != ErrorKind::DataLoss {
        return Err(error);
    }
    let Position { segment, offset } = position;
    tracing::error!(segment, offset, reason = error.reason(), "a household cannot be read");
    Ok(())
}

/// The verifications of one household, as far as they have been read.
#[derive(Default)]
struct Gathered {
    /// The one that counts so far.
    best: Option<(Frame, Frame)>,
    under_way: Option<CaseId>,
}

impl Gathered {
    /// Takes the next one in the order of asking.
    async fn take(&mut self, core: &Core, asked: Frame) -> Result<(), BrokerError> {
        match core.frame_of(asked.case, FrameKind::Verdict).await {
            Ok(Some(ended)) if has_verdicts(&ended) => {
                let older = self
                    .best
                    .as_ref()
                    .is_some_and(|(best, _)| as_of(core, &asked) < as_of(core, best));
                if !older {
                    self.best = Some((asked, ended));
                }
            }
            Ok(Some(_)) => {}
            Ok(None) => self.under_way = Some(asked.case),
            Err(error) if error.kind() == ErrorKind::DataLoss => {
                tracing::error!(case = %asked.case, reason = error.reason(), "a household cannot be read");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    async fn found(self, core: &Core, first: Position, applicant: IndexKey) -> Result<Latest, BrokerError> {
        let state = match &self.best {
            None => LatestState::Never,
            Some((asked, ended)) => match standing(core, asked, Some(ended.time_ms)).await?.state {
                RetentionState::Active => LatestState::Released,
                RetentionState::Frozen => LatestState::Frozen,
                RetentionState::Shredded => LatestState::Destroyed,
            },
        };
        Ok(Latest {
            // Not the key that the person's look-ups are filed under: who is told of a household cannot look it up as a person.
            household: HouseholdKey(core.keys.index_key("household identity", &[&applicant.0]).0),
            first,
            state,
            case: self.best.as_ref().map(|(asked, _)| asked.case),
            under_way: self.under_way,
        })
    }
}

impl Latest {
    /// Where a frame stands that cannot be read: of which household, only somebody who repairs it can say.
    fn unreadable(first: Position) -> Latest {
        Latest {
            household: HouseholdKey([0; 16]),
            first,
            state: LatestState::Unreadable,
            case: None,
            under_way: None,
        }
    }
}

/// Whether an ending frame released verdicts.
fn has_verdicts(ended: &Frame) -> bool {
    let leaf = ended.leaves.iter().find(|leaf| leaf.kind == LeafKind::Verdict);
    leaf.is_some_and(|leaf| leaf.outcome != "CANCELLED" && !leaf.outcome.starts_with("FAILED:"))
}

/// The date that a verification is about; of one that cannot be opened any more, the day on which it was asked for.
fn as_of(core: &Core, asked: &Frame) -> Date {
    request_in(core, asked).map_or_else(|_| civil_date(asked.time_ms), |stored| stored.as_of)
}
