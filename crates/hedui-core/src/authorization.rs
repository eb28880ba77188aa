//! Authorization: each adult signs, a guardian for the incapable; what is signed becomes a `Scope`, and without a `Scope` there is no plan.
//! Leaves checking electronic signatures to the caller, who holds the keys.

use hedui_ids::ResidentId;
use serde::{Deserialize, Serialize};

use crate::dates::Date;
use crate::household::{ADULT_AGE, FieldError, Household, Member, ids_date};
use crate::names::{DepartmentId, NameError, ProgrammeId};

mod others;
#[cfg(test)]
pub(crate) mod tests;

use others::{Others, besides, both};

/// Most authorizations in one request: one per member and one more each, for guardians.
pub const MAX_AUTHORIZATIONS: usize = 40;
/// Most wards, programmes or departments in one letter: more than any district has of each.
pub const MAX_LETTER_ITEMS: usize = 200;

/// How the letter was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Signature {
    /// By hand, on paper, before a window clerk.
    Paper {
        /// SHA-256 of the scanned letter, hexadecimal.
        scan_sha256: String,
        /// The clerk's staff number.
        witnessed_by: String,
    },
    /// By a signing service that the district trusts: Ed25519 over `Authorization::canonical`.
    Electronic {
        /// The service's key.
        key_id: String,
        /// Signature, hexadecimal.
        signature: String,
    },
}

/// The event that ended an authorization before its date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When.
    pub on: Date,
    /// Withdrawal, end of aid, change of members.
    pub event: EndEvent,
}

/// What ends an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndEvent {
    /// The signer withdrew it.
    Withdrawn,
    /// The aid it was given for ended.
    AidEnded,
    /// The household changed.
    MembersChanged,
}

/// A signed letter as the request states it, unchecked.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorizationInput {
    /// The letter's own number.
    pub authorization_id: String,
    /// Who signed.
    pub signer_id_number: String,
    /// For whom besides: minors and incapable members under guardianship.
    #[serde(default)]
    pub on_behalf_of: Vec<String>,
    /// For which programmes.
    pub programmes: Vec<String>,
    /// At which departments; empty for all.
    #[serde(default)]
    pub departments: Vec<String>,
    /// When signed; in force from that day.
    pub signed_on: Date,
    /// Last day in force; open where none, as it ends by event.
    #[serde(default)]
    pub valid_until: Option<Date>,
    /// First day that departments may look back to; a year before the verification where none.
    #[serde(default)]
    pub period_from: Option<Date>,
    /// The event that ended it, if any.
    #[serde(default)]
    pub ended: Option<Ended>,
    /// The signature.
    pub signature: Signature,
}

/// A letter with its identifiers checked.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    id: String,
    signer: ResidentId,
    on_behalf_of: Vec<ResidentId>,
    programmes: Vec<ProgrammeId>,
    departments: Vec<DepartmentId>,
    input: AuthorizationInput,
}

impl Authorization {
    /// The bytes that an electronic signature signs and that the digest in every evidence leaf covers: version line, then one
    /// field a line, lists comma separated, in the order below.
    pub fn canonical(&self) -> Vec<u8> {
        let list = |items: &mut dyn Iterator<Item = &str>| items.collect::<Vec<_>>().join(",");
        let day = |d: Option<Date>| d.map(|d| d.to_string()).unwrap_or_default();
        format!(
            "hedui-authorization-v1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n",
            self.id,
            self.signer.expose(),
            list(&mut self.on_behalf_of.iter().map(|i| i.expose())),
            list(&mut self.programmes.iter().map(ProgrammeId::as_str)),
            list(&mut self.departments.iter().map(DepartmentId::as_str)),
            self.input.signed_on,
            day(self.input.valid_until),
            day(self.input.period_from),
        )
        .into_bytes()
    }

    /// How it was signed.
    pub fn signature(&self) -> &Signature {
        &self.input.signature
    }
}

/// The departments that may be asked about a member.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Reach {
    All,
    These(Vec<DepartmentId>),
}

/// The programme that stands in a letter for every other one: the household wishes to be told what else it is entitled to (联合救助).
pub const JOINT_ASSISTANCE: &str = "joint-assistance";

/// What has been authorized, checked. The only way to a `Plan`.
#[derive(Clone, PartialEq, Eq)]
pub struct Scope {
    programmes: Vec<ProgrammeId>,
    others: Others,
    members: Vec<Reach>,
    period_from: Date,
    in_force_from: Date,
    in_force_until: Option<Date>,
    canonical: Vec<u8>,
}

impl Scope {
    /// Whether a department may be asked about a member.
    pub fn allows(&self, ordinal: u32, department: &DepartmentId) -> bool {
        match self.members.get(ordinal as usize) {
            None => false,
            Some(Reach::All) => true,
            Some(Reach::These(list)) => list.contains(department),
        }
    }

    /// Whether it is in force on a day. Checked again whenever a department is about to be asked or a kept answer to be used.
    pub fn is_live(&self, today: Date) -> bool {
        self.in_force_from <= today && self.in_force_until.is_none_or(|until| today <= until)
    }

    /// Programmes that it is for.
    pub fn programmes(&self) -> &[ProgrammeId] {
        &self.programmes
    }

    /// Whether the letters of every member let what departments say for the programmes asked for be looked at for another one too.
    pub fn is_for_also(&self, programme: &ProgrammeId) -> bool {
        match &self.others {
            Others::All => !self.programmes.contains(programme),
            Others::These(others) => others.contains(programme),
        }
    }

    /// Whether there may be any such programme.
    pub fn is_for_others(&self) -> bool {
        self.others != Others::These(Vec::new())
    }

    /// First day that departments may look back to.
    pub fn period_from(&self) -> Date {
        self.period_from
    }

    /// Canonical bytes of all letters behind it, for the salted digest in the evidence.
    pub fn canonical(&self) -> &[u8] {
        &self.canonical
    }
}

/// Nothing but its size.
impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scope({} members)", self.members.len())
    }
}

/// Checks the letters against the household: each member, each programme, in force today, validly signed. All mistakes at once.
///
/// `signature_is_valid` says whether an electronic signature is by a trusted key over the canonical bytes.
pub fn authorize(
    household: &Household,
    letters: &[AuthorizationInput],
    programmes: &[ProgrammeId],
    as_of: Date,
    today: Date,
    signature_is_valid: &dyn Fn(&Authorization) -> bool,
) -> Result<Scope, Vec<FieldError>> {
    let mut errors = Vec::new();
    if letters.len() > MAX_AUTHORIZATIONS {
        let message = format!("at most {MAX_AUTHORIZATIONS} authorizations in one request");
        return Err(vec![FieldError::new(
            "authorizations",
            "TOO_MANY_AUTHORIZATIONS",
            message,
        )]);
    }
    let mut live: Vec<Authorization> = Vec::with_capacity(letters.len());
    for (i, letter) in letters.iter().enumerate() {
        let field = format!("authorizations[{i}]");
        if let Some(letter) = read(letter, &field, today, &mut errors)
            && in_force(&letter, &field, today, &mut errors)
            && is_signed(&letter, &field, signature_is_valid, &mut errors)
        {
            live.push(letter);
        }
    }
    let mut members = Vec::with_capacity(household.members.len());
    let mut others = Others::All;
    for (ordinal, member) in household.members.iter().enumerate() {
        let covering: Vec<&Authorization> = live.iter().filter(|a| covers(a, member, household, today)).collect();
        match reach(&covering, programmes) {
            Ok(reach) => {
                others = both(others, besides(&covering, programmes, &reach));
                members.push(reach);
            }
            Err(reason) => errors.push(FieldError::new(
                format!("household.members[{ordinal}]"),
                reason,
                if signs(member, today) {
                    "this adult's own signed authorization for every programme asked for is needed"
                } else {
                    "a guardian's authorization on behalf of this member for every programme asked for is needed"
                },
            )),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let year_before = as_of.checked_sub(jiff::Span::new().years(1)).unwrap_or(as_of);
    Ok(Scope {
        programmes: programmes.to_vec(),
        others,
        members,
        period_from: live
            .iter()
            .map(|a| a.input.period_from.unwrap_or(year_before))
            .max()
            .unwrap_or(year_before),
        in_force_from: live.iter().map(|a| a.input.signed_on).max().unwrap_or(today),
        in_force_until: live.iter().filter_map(last_day).min(),
        canonical: live.iter().flat_map(Authorization::canonical).collect(),
    })
}

/// The last day on which a letter is in force: its date, or the day before an event already known to end it.
fn last_day(letter: &Authorization) -> Option<Date> {
    let eve = |ended: &Ended| ended.on.checked_sub(jiff::Span::new().days(1)).unwrap_or(Date::MIN);
    [letter.input.valid_until, letter.input.ended.as_ref().map(eve)]
        .into_iter()
        .flatten()
        .min()
}

/// Whether a member signs for themselves on the day of asking, which may be later than the date that the verification is about.
fn signs(member: &Member, today: Date) -> bool {
    let age = ids_date(today).and_then(|day| member.id.age_on(day));
    !member.incapable && age.map_or(member.age, u32::from) >= ADULT_AGE
}

/// Reads the identifiers of a letter.
fn read(input: &AuthorizationInput, field: &str, today: Date, errors: &mut Vec<FieldError>) -> Option<Authorization> {
    let before = errors.len();
    if input.authorization_id.trim().is_empty() || input.authorization_id.contains('\n') {
        errors.push(FieldError::new(
            format!("{field}.authorization_id"),
            "AUTHORIZATION_ID_INVALID",
            "state the number of the letter",
        ));
    }
    for (name, count) in [
        ("on_behalf_of", input.on_behalf_of.len()),
        ("programmes", input.programmes.len()),
        ("departments", input.departments.len()),
    ] {
        if count > MAX_LETTER_ITEMS {
            errors.push(FieldError::new(
                format!("{field}.{name}"),
                "TOO_MANY_ITEMS",
                format!("at most {MAX_LETTER_ITEMS} in one letter"),
            ));
            return None;
        }
    }
    let mut id = |text: &str, field: String| match ids_date(today).map(|day| ResidentId::parse(text, day)) {
        Some(Ok(parsed)) => Some(parsed.id),
        Some(Err(error)) => {
            errors.push(FieldError::new(
                field,
                format!("ID_{}", error.reason()),
                error.to_string(),
            ));
            None
        }
        None => None,
    };
    let signer = id(&input.signer_id_number, format!("{field}.signer_id_number"));
    let on_behalf_of: Vec<ResidentId> = input
        .on_behalf_of
        .iter()
        .enumerate()
        .filter_map(|(i, text)| id(text, format!("{field}.on_behalf_of[{i}]")))
        .collect();
    let programmes = names(
        &input.programmes,
        &format!("{field}.programmes"),
        ProgrammeId::new,
        errors,
    );
    let departments = names(
        &input.departments,
        &format!("{field}.departments"),
        DepartmentId::new,
        errors,
    );
    if errors.len() > before {
        return None;
    }
    Some(Authorization {
        id: input.authorization_id.trim().to_owned(),
        signer: signer?,
        on_behalf_of,
        programmes,
        departments,
        input: input.clone(),
    })
}

/// Reads a list of names, noting those that are none.
fn names<T>(
    texts: &[String],
    field: &str,
    read: impl Fn(&str) -> Result<T, NameError>,
    errors: &mut Vec<FieldError>,
) -> Vec<T> {
    let mut names = Vec::with_capacity(texts.len());
    for (i, text) in texts.iter().enumerate() {
        match read(text) {
            Ok(name) => names.push(name),
            Err(e) => errors.push(FieldError::new(format!("{field}[{i}]"), "NAME_INVALID", e.to_string())),
        }
    }
    names
}

fn in_force(letter: &Authorization, field: &str, today: Date, errors: &mut Vec<FieldError>) -> bool {
    let (reason, message, at) = if letter.input.signed_on > today {
        (
            "AUTHORIZATION_NOT_YET_VALID",
            "it is signed with a date after today",
            "signed_on",
        )
    } else if letter.input.ended.as_ref().is_some_and(|e| e.on <= today) {
        (
            "AUTHORIZATION_ENDED",
            "it has been withdrawn or ended by event; a new letter is needed",
            "ended",
        )
    } else if letter.input.valid_until.is_some_and(|until| until < today) {
        (
            "AUTHORIZATION_EXPIRED",
            "its last day has passed; a new letter is needed",
            "valid_until",
        )
    } else {
        return true;
    };
    errors.push(FieldError::new(format!("{field}.{at}"), reason, message));
    false
}

fn is_signed(
    letter: &Authorization,
    field: &str,
    signature_is_valid: &dyn Fn(&Authorization) -> bool,
    errors: &mut Vec<FieldError>,
) -> bool {
    let good = match &letter.input.signature {
        Signature::Paper {
            scan_sha256,
            witnessed_by,
        } => {
            scan_sha256.len() == 64
                && scan_sha256.bytes().all(|b| b.is_ascii_hexdigit())
                && !witnessed_by.trim().is_empty()
        }
        Signature::Electronic { .. } => signature_is_valid(letter),
    };
    if !good {
        errors.push(FieldError::new(
            format!("{field}.signature"),
            "AUTHORIZATION_SIGNATURE_INVALID",
            "a paper letter needs the SHA-256 of its scan and the witnessing clerk; an electronic one a signature by a trusted key",
        ));
    }
    good
}

/// Whether a letter speaks for a member: their own signature, or a guardian's for one who does not sign.
fn covers(letter: &Authorization, member: &Member, household: &Household, today: Date) -> bool {
    if signs(member, today) {
        return letter.signer == member.id;
    }
    if letter.signer == member.id || !letter.on_behalf_of.contains(&member.id) {
        return false;
    }
    match household.members.iter().find(|m| m.id == letter.signer) {
        Some(guardian) => signs(guardian, today),
        None => ids_date(today)
            .and_then(|d| letter.signer.age_on(d))
            .is_some_and(|age| u32::from(age) >= ADULT_AGE),
    }
}

/// The departments that the letters covering one member open for all programmes asked for.
fn reach(letters: &[&Authorization], programmes: &[ProgrammeId]) -> Result<Reach, &'static str> {
    if letters.is_empty() {
        return Err("AUTHORIZATION_MISSING");
    }
    let mut reach: Option<Reach> = None;
    for programme in programmes {
        let mut departments: Vec<DepartmentId> = Vec::new();
        let mut any = false;
        let mut all = false;
        for letter in letters.iter().filter(|l| is_for(l, programme)) {
            any = true;
            all |= letter.departments.is_empty();
            departments.extend(letter.departments.iter().cloned());
        }
        if !any {
            return Err("PROGRAMME_NOT_AUTHORIZED");
        }
        let this = if all { Reach::All } else { Reach::These(departments) };
        reach = Some(match (reach, this) {
            (None, this) | (Some(Reach::All), this) => this,
            (Some(before), Reach::All) => before,
            (Some(Reach::These(before)), Reach::These(now)) => {
                Reach::These(before.into_iter().filter(|d| now.contains(d)).collect())
            }
        });
    }
    reach.ok_or("PROGRAMME_NOT_AUTHORIZED")
}

/// Whether a letter is for a programme: by its name, or for all of them.
fn is_for(letter: &Authorization, programme: &ProgrammeId) -> bool {
    let named = |p: &ProgrammeId| p == programme || p.as_str() == JOINT_ASSISTANCE;
    letter.programmes.iter().any(named)
}
