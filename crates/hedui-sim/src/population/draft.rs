//! A household in the making: its members, what they have declared so far, what the departments hold so far.
//! Leaves what happens to it to `economy`, `cheats` and `oddities`.

use hedui_core::authorization::{AuthorizationInput, Signature};
use hedui_core::household::{Declared, DeclaredIncome, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::record::*;
use hedui_core::{Date, Fen, Month, PartialDate};
use hedui_ids::{ResidentId, Sex};

use super::dice::Dice;
use super::economy::{month_date, registration};
use super::ledger::{Ledger, Scribe, Trace};
use super::numbers::Numbers;
use super::people::Person;
use super::place::Place;
use super::truth::{Cheat, CheatKind, Oddity};

/// What a member has declared.
#[derive(Clone, Default)]
struct Stated {
    incomes: Vec<DeclaredIncome>,
    casual_months: u32,
}

/// A household in the making.
pub(crate) struct Draft<'a> {
    pub(crate) place: &'a Place,
    /// Where it is registered.
    pub(crate) home: Place,
    pub(crate) as_of: Date,
    pub(crate) dice: Dice,
    pub(crate) numbers: &'a mut Numbers,
    pub(crate) residence: Residence,
    pub(crate) members: Vec<Person>,
    pub(crate) declared: Declared,
    pub(crate) monthly_income: Fen,
    /// A flat of its own is needed, so that another is the second one.
    pub(crate) must_own_flat: bool,
    /// Only half of the flat is its own.
    pub(crate) half_share: bool,
    /// The member who has died, and when.
    pub(crate) deceased: Option<(usize, PartialDate)>,
    pub(crate) cheats: Vec<Cheat>,
    pub(crate) oddities: Vec<Oddity>,
    pub(crate) ledger: Ledger,
    stated: Vec<Stated>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(place: &'a Place, as_of: Date, dice: Dice, numbers: &'a mut Numbers) -> Draft<'a> {
        Draft {
            place,
            home: place.clone(),
            as_of,
            dice,
            numbers,
            residence: Residence::Rural,
            members: Vec::new(),
            declared: Declared::default(),
            monthly_income: Fen::ZERO,
            must_own_flat: false,
            half_share: false,
            deceased: None,
            cheats: Vec::new(),
            oddities: Vec::new(),
            ledger: Ledger::default(),
            stated: Vec::new(),
        }
    }

    /// A member and the means to write about them.
    pub(crate) fn member(&mut self, ordinal: usize) -> Option<(&Person, Scribe<'_>)> {
        let scribe = Scribe {
            ledger: &mut self.ledger,
            numbers: self.numbers,
            dice: &mut self.dice,
        };
        self.members.get(ordinal).map(|person| (person, scribe))
    }

    /// The means to write about anybody.
    pub(crate) fn scribe(&mut self) -> Scribe<'_> {
        Scribe {
            ledger: &mut self.ledger,
            numbers: self.numbers,
            dice: &mut self.dice,
        }
    }

    /// Whether a member has died.
    pub(crate) fn is_gone(&self, ordinal: usize) -> bool {
        self.deceased.is_some_and(|(who, _)| who == ordinal)
    }

    /// Monthly standard a head.
    pub(crate) fn standard(&self) -> Fen {
        match self.residence {
            Residence::Urban => self.place.urban,
            Residence::Rural => self.place.rural,
        }
    }

    /// The twelve months before the month of the date, oldest first.
    pub(crate) fn months(&self) -> Vec<PartialDate> {
        let this = Month::of(self.as_of);
        (1..=12).rev().filter_map(|n| month_date(this.plus(-n))).collect()
    }

    /// A day so long before the date.
    pub(crate) fn day_ago(&mut self, least: i64, most: i64) -> PartialDate {
        let days = self.dice.range(least, most);
        self.as_of
            .checked_sub(jiff::Span::new().days(days))
            .unwrap_or(self.as_of)
            .into()
    }

    /// Changes what a member has declared.
    fn state(&mut self, ordinal: usize, change: impl FnOnce(&mut Stated)) {
        if self.stated.len() <= ordinal {
            self.stated.resize_with(ordinal + 1, Stated::default);
        }
        if let Some(stated) = self.stated.get_mut(ordinal) {
            change(stated);
        }
    }

    /// Declares an amount for the twelve months before the date.
    pub(crate) fn declare(&mut self, ordinal: usize, kind: IncomeKind, fen: i64) {
        let months = self.months();
        if let (Some(from), Some(until)) = (months.first().copied(), months.last().copied()) {
            self.declare_period(
                ordinal,
                DeclaredIncome {
                    kind,
                    amount: Fen(fen),
                    from,
                    until,
                },
            );
        }
    }

    /// Declares an amount for its own period; one of the same kind and period grows.
    pub(crate) fn declare_period(&mut self, ordinal: usize, income: DeclaredIncome) {
        self.state(ordinal, |stated| {
            let same = |d: &&mut DeclaredIncome| (d.kind, d.from, d.until) == (income.kind, income.from, income.until);
            match stated.incomes.iter_mut().find(same) {
                Some(earlier) => earlier.amount = Fen(earlier.amount.0.saturating_add(income.amount.0)),
                None => stated.incomes.push(income),
            }
        });
    }

    /// Declares casual work.
    pub(crate) fn casual(&mut self, ordinal: usize, months: u32) {
        self.state(ordinal, |stated| stated.casual_months = months);
    }

    /// A unit with whole or half share; area in square metres, price in ten thousands of yuan.
    pub(crate) fn unit(&mut self, kind: RealEstateKind, least: i64, most: i64, cheap: i64, dear: i64) -> RealEstate {
        let acquired = self.day_ago(800, 7000);
        let number = self.numbers.unit(&self.place.code_text);
        RealEstate {
            address: format!("{}{}号", self.place.name, self.numbers.running("address")).into(),
            unit_number: number.into(),
            kind,
            area_centiares: Some(self.dice.range(least * 100, most * 100)),
            share_numerator: 1,
            share_denominator: if self.half_share && kind == RealEstateKind::Dwelling {
                2
            } else {
                1
            },
            acquired_on: Some(acquired),
            disposed_on: None,
            // Hundreds of yuan, as registers that count in ten thousands keep two decimals.
            price: Some(Fen(self.dice.range(cheap * 100, dear * 100) * 10_000)),
        }
    }

    /// Writes down that a cheat shows in these records.
    pub(crate) fn caught(&mut self, kind: CheatKind, ordinal: usize, traces: Vec<Trace>) {
        let evidence = traces
            .into_iter()
            .filter_map(|(id, reference)| hedui_core::DepartmentId::new(id).ok().map(|id| (id, reference)))
            .collect();
        self.cheats.push(Cheat {
            kind,
            ordinal: u32::try_from(ordinal).unwrap_or(0),
            evidence,
        });
    }

    /// Registers the members and the marriage at the head; `hidden` is a spouse who is not a member.
    pub(crate) fn register(&mut self, hidden: Option<&Person>) -> Vec<Trace> {
        let booklet = self.numbers.booklet(&self.home.code_text);
        let address = format!(
            "{}{}村{}组",
            self.home.name,
            self.dice.range(1, 30),
            self.dice.range(1, 12)
        );
        let department = if self.home.code == self.place.code {
            "public-security"
        } else {
            "hometown"
        };
        let rural = self.residence == Residence::Rural;
        let couple = self.members.iter().position(|m| m.relation == Relation::Spouse);
        let (deceased, division) = (self.deceased, self.home.code_text.clone());
        let mut traces = Vec::new();
        for ordinal in 0..self.members.len() {
            let spouse: Option<ResidentId> = match (ordinal, couple, hidden) {
                (0, _, Some(hidden)) => Some(hidden.id),
                (0, Some(other), None) => self.members.get(other).map(|m| m.id),
                (o, Some(other), _) if o == other => self.members.first().map(|m| m.id),
                _ => None,
            };
            let mut entry = registration(&booklet, &division, &address, spouse.as_ref(), rural);
            if let Some((_, day)) = deceased.filter(|(who, _)| *who == ordinal) {
                entry.status = RegistrationStatus::Cancelled;
                entry.deceased_on = Some(day);
            }
            // The hometown's exchange tells nobody's parents.
            if department == "public-security" {
                let (father, mother) = parents(&self.members, ordinal);
                (entry.father_id_number, entry.mother_id_number) = (father.into(), mother.into());
            }
            let Some((member, mut scribe)) = self.member(ordinal) else {
                continue;
            };
            let trace = scribe.at(department, member, RecordBody::Registration(entry));
            if ordinal == 0 && hidden.is_some() {
                traces.push(trace);
            }
        }
        traces.extend(self.marry(couple, hidden));
        traces
    }

    fn marry(&mut self, couple: Option<usize>, hidden: Option<&Person>) -> Option<Trace> {
        let registered = self.day_ago(700, 6000);
        let entry = |status, spouse: Option<(&ResidentId, &str)>| {
            RecordBody::Marriage(Marriage {
                status,
                spouse_id_number: spouse.map(|s| s.0.expose().to_owned()).unwrap_or_default().into(),
                spouse_name: spouse.map(|s| s.1.to_owned()).unwrap_or_default().into(),
                registered_on: Some(registered),
            })
        };
        let Draft {
            members,
            ledger,
            numbers,
            dice,
            ..
        } = self;
        let mut scribe = Scribe { ledger, numbers, dice };
        let head = members.first()?;
        if let Some(spouse) = hidden {
            scribe.at(
                "civil-affairs",
                spouse,
                entry(MarriageStatus::Married, Some((&head.id, &head.name))),
            );
            let body = entry(MarriageStatus::Married, Some((&spouse.id, &spouse.name)));
            return Some(scribe.at("civil-affairs", head, body));
        }
        if let Some(spouse) = couple.and_then(|i| members.get(i)) {
            if scribe.dice.percent(92) {
                scribe.at(
                    "civil-affairs",
                    head,
                    entry(MarriageStatus::Married, Some((&spouse.id, &spouse.name))),
                );
                scribe.at(
                    "civil-affairs",
                    spouse,
                    entry(MarriageStatus::Married, Some((&head.id, &head.name))),
                );
            }
        } else if head.age >= 25 && scribe.dice.percent(45) {
            let status = scribe.dice.pick(MarriageStatus::Divorced, &[MarriageStatus::Widowed]);
            scribe.at("civil-affairs", head, entry(status, None));
        }
        None
    }

    /// The household as it applies, and its letters.
    pub(crate) fn application(
        &mut self,
        programmes: &[String],
        number: u32,
    ) -> (HouseholdInput, Vec<AuthorizationInput>) {
        let mut stated = std::mem::take(&mut self.stated);
        stated.resize_with(self.members.len(), Stated::default);
        let members: Vec<MemberInput> = self
            .members
            .iter()
            .zip(stated)
            .map(|(person, stated)| MemberInput {
                id_number: person.id.expose().to_owned(),
                name: person.name.clone(),
                relation: person.relation,
                incapable: person.incapable,
                incomes: stated.incomes,
                casual_work_months: stated.casual_months,
                circumstances: Vec::new(),
            })
            .collect();
        let input = HouseholdInput {
            residence: self.residence,
            members,
            declared: self.declared.clone(),
            circumstances: Vec::new(),
            supporters: Vec::new(),
            town: Some(self.place.town(self.residence, number)),
        };
        (input, self.letters(programmes, number))
    }

    fn letters(&mut self, programmes: &[String], number: u32) -> Vec<AuthorizationInput> {
        let signs = |m: &Person| m.age >= 18 && !m.incapable;
        let wards: Vec<String> = self
            .members
            .iter()
            .filter(|m| !signs(m))
            .map(|m| m.id.expose().to_owned())
            .collect();
        let mut wards = Some(wards);
        let mut letters = Vec::new();
        for (n, member) in self.members.iter().filter(|m| signs(m)).enumerate() {
            let scan: String = (0..4)
                .map(|_| format!("{:016x}", self.dice.range(0, i64::MAX)))
                .collect();
            letters.push(AuthorizationInput {
                authorization_id: format!("SQ{}{number:07}-{}", self.place.code_text, n + 1),
                signer_id_number: member.id.expose().to_owned(),
                // The first adult signs for those who cannot.
                on_behalf_of: wards.take().unwrap_or_default(),
                programmes: programmes.to_vec(),
                departments: Vec::new(),
                signed_on: self.as_of,
                valid_until: None,
                period_from: None,
                ended: None,
                signature: Signature::Paper {
                    scan_sha256: scan,
                    witnessed_by: format!("CK{:03}", number % 40 + 1),
                },
            });
        }
        letters
    }
}

/// Father and mother of a member, as far as they are members too; empty otherwise.
fn parents(members: &[Person], ordinal: usize) -> (String, String) {
    let among: &[Relation] = match members.get(ordinal).map(|member| member.relation) {
        Some(Relation::Child) => &[Relation::Applicant, Relation::Spouse],
        Some(Relation::Applicant) => &[Relation::Parent],
        _ => &[],
    };
    let one = |sex| {
        let is = |member: &&Person| member.sex == sex && among.contains(&member.relation);
        let id = members.iter().find(is).map(|member| member.id.expose().to_owned());
        id.unwrap_or_default()
    };
    (one(Sex::Male), one(Sex::Female))
}
