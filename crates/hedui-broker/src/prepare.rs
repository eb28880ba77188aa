//! Preparing: every check that needs no department. Household, programmes, letters, packs, plan; all mistakes at once.
//! Leaves what is refused for want of authorization to be kept as evidence by the caller.

use ed25519_dalek::{Signature as Ed25519, Verifier};
use hedui_core::authorization::{Authorization, Scope, Signature, authorize};
use hedui_core::household::Household;
use hedui_core::record::RecordType;
use hedui_core::{Date, FieldError, Plan, ProgrammeId};
use hedui_policy::SelectError;

use crate::core::{Core, InForce};
use crate::error::BrokerError;
use crate::request::{MAX_LABEL_BYTES, MAX_PROGRAMMES, Prepared, Request, StoredRequest};

/// Checks a new request.
pub(crate) fn prepare(
    core: &Core,
    in_force: &InForce,
    request: Request,
    caller: &str,
) -> Result<Prepared, (BrokerError, Box<StoredRequest>)> {
    let mut salt = [0u8; 32];
    rand::Rng::fill_bytes(&mut core.entropy.fork(), &mut salt);
    let stored = StoredRequest {
        version: 1,
        as_of: request.as_of.unwrap_or_else(|| core.clock.today()),
        request,
        caller: caller.to_owned(),
        created_at_ms: core.clock.now_ms(),
        authorization_salt: salt,
    };
    prepare_stored(core, in_force, stored)
}

/// Checks a request that was kept: to run it again after a crash.
pub(crate) fn prepare_stored(
    core: &Core,
    in_force: &InForce,
    stored: StoredRequest,
) -> Result<Prepared, (BrokerError, Box<StoredRequest>)> {
    let refuse = |error, stored: &StoredRequest| (error, Box::new(stored.clone()));
    let request = &stored.request;
    let mut errors = labels(request);
    errors.extend(dates(request, stored.as_of, core.clock.today()));
    let programmes = programmes(request, &mut errors);
    let household = match Household::check(request.household.clone(), stored.as_of) {
        Ok(household) => Some(household),
        Err(mistakes) => {
            errors.extend(mistakes);
            None
        }
    };
    errors.extend(household.as_ref().and_then(|household| elsewhere(household, request)));
    let packs = packs(core, &stored, &programmes, &mut errors);
    let (Some(household), Some(purpose), true) = (household, programmes.first().cloned(), errors.is_empty()) else {
        return Err(refuse(BrokerError::Invalid(errors), &stored));
    };
    let valid = |letter: &Authorization| signed_by_trusted_key(core, letter);
    let today = core.clock.today();
    let scope = authorize(
        &household,
        &request.authorizations,
        &programmes,
        stored.as_of,
        today,
        &valid,
    );
    let scope = match scope {
        Ok(scope) => scope,
        Err(mistakes) => return Err(refuse(BrokerError::NotAuthorized(mistakes), &stored)),
    };
    let judging = packs.iter().filter_map(|p| core.packs.packs().get(*p));
    let mut needs: Vec<RecordType> = judging.flat_map(|p| p.needs().iter().copied()).collect();
    needs.sort_unstable();
    needs.dedup();
    let plan = Plan::new(&scope, household.members.len(), in_force.registry.profiles(), &needs);
    let authorization_digest = *blake3::keyed_hash(&stored.authorization_salt, scope.canonical()).as_bytes();
    let others = others(core, &stored, &scope);
    Ok(Prepared {
        stored,
        household,
        scope,
        programmes,
        purpose,
        packs,
        others,
        plan,
        authorization_digest,
    })
}

/// The mistake of a town in another district than the one that verifies.
fn elsewhere(household: &Household, request: &Request) -> Option<FieldError> {
    let district = hedui_ids::DivisionCode::parse(&request.district_code)?;
    let town = household.town?;
    let is_here = town.district().is_some_and(|code| district.contains(code));
    let message = "the code of a town begins with that of the district that verifies";
    (!is_here).then(|| FieldError::new("household.town", "TOWN_NOT_IN_DISTRICT", message))
}

/// The packs that judge, one per programme, by their positions in the set.
fn packs(core: &Core, stored: &StoredRequest, programmes: &[ProgrammeId], errors: &mut Vec<FieldError>) -> Vec<usize> {
    let request = &stored.request;
    let mut packs = Vec::with_capacity(programmes.len());
    for (i, programme) in programmes.iter().enumerate() {
        let residence = request.household.residence;
        let variant = request.policy_variant.as_deref();
        match core
            .packs
            .select(&request.district_code, programme, residence, stored.rules_on(), variant)
        {
            Ok(pack) => packs.extend(core.packs.packs().iter().position(|p| std::ptr::eq(p, pack))),
            Err(error) => errors.push(FieldError::new(
                if error.reason() == "UNKNOWN_DISTRICT" {
                    "district_code".to_owned()
                } else {
                    format!("programmes[{i}]")
                },
                error.reason(),
                without_what_was_written(&error),
            )),
        }
    }
    packs
}

/// What a selection says, but for a text that was written freely: it may be anything, also somebody's number or name.
fn without_what_was_written(error: &SelectError) -> String {
    match error {
        SelectError::UnknownVariant {
            programme, district, ..
        } => format!("no pack of {programme} in {district} has this variant; see `hedui policy list`"),
        other => other.to_string(),
    }
}

/// The packs of the district's other programmes, as far as the letters go. Nothing more is asked for their sake.
fn others(core: &Core, stored: &StoredRequest, scope: &Scope) -> Vec<usize> {
    if !scope.is_for_others() {
        return Vec::new();
    }
    let request = &stored.request;
    let packs = core
        .packs
        .in_force(&request.district_code, request.household.residence, stored.rules_on());
    let others = packs.into_iter().filter(|pack| scope.is_for_also(pack.programme()));
    others
        .filter_map(|pack| core.packs.packs().iter().position(|p| std::ptr::eq(p, pack)))
        .collect()
}

/// Texts that become part of leaves: short, printable.
fn labels(request: &Request) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let variant = request.policy_variant.as_deref().unwrap_or_default();
    errors.extend(label("actor", &request.actor));
    errors.extend(label("policy_variant", variant));
    if hedui_ids::DivisionCode::parse(&request.district_code).is_none() {
        errors.push(FieldError::new(
            "district_code",
            "DISTRICT_INVALID",
            "six digits by GB/T 2260, for example 511703",
        ));
    }
    errors
}

/// The mistakes of a text that is written into leaves in the clear: short, printable, no identifier of a person.
pub(crate) fn label(field: &'static str, text: &str) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if text.len() > MAX_LABEL_BYTES || text.chars().any(char::is_control) {
        let message = format!("at most {MAX_LABEL_BYTES} bytes and no control characters");
        errors.push(FieldError::new(field, "LABEL_INVALID", message));
    }
    if holds_id_number(text) {
        let message = "an ID number may not stand here; officials are named by staff number";
        errors.push(FieldError::new(field, "ACTOR_IS_ID_NUMBER", message));
    }
    errors
}

/// Whether a text holds fifteen or more digits in a row, of whatever width.
fn holds_id_number(text: &str) -> bool {
    text.split(|c: char| !c.is_numeric())
        .any(|run| run.chars().count() >= 15)
}

fn dates(request: &Request, as_of: Date, today: Date) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if as_of > today {
        errors.push(FieldError::new(
            "as_of",
            "DATE_IN_FUTURE",
            "a verification is about today or an earlier day",
        ));
    }
    if request.deadline_ms == Some(0) {
        errors.push(FieldError::new(
            "deadline",
            "DEADLINE_ZERO",
            "leave it out for the default, or give a positive time",
        ));
    }
    errors
}

fn programmes(request: &Request, errors: &mut Vec<FieldError>) -> Vec<ProgrammeId> {
    if request.programmes.is_empty() {
        errors.push(FieldError::new(
            "programmes",
            "NO_PROGRAMME",
            "name at least one programme, for example dibao",
        ));
    }
    if request.programmes.len() > MAX_PROGRAMMES {
        let message = format!("at most {MAX_PROGRAMMES} programmes in one request");
        errors.push(FieldError::new("programmes", "TOO_MANY_PROGRAMMES", message));
        return Vec::new();
    }
    let mut programmes: Vec<ProgrammeId> = Vec::new();
    for (i, text) in request.programmes.iter().enumerate() {
        match ProgrammeId::new(text) {
            Ok(programme) if programmes.contains(&programme) => {
                errors.push(FieldError::new(
                    format!("programmes[{i}]"),
                    "PROGRAMME_TWICE",
                    "named twice",
                ));
            }
            Ok(programme) => programmes.push(programme),
            Err(error) => {
                errors.push(FieldError::new(
                    format!("programmes[{i}]"),
                    "UNKNOWN_PROGRAMME",
                    error.to_string(),
                ));
            }
        }
    }
    programmes
}

fn signed_by_trusted_key(core: &Core, letter: &Authorization) -> bool {
    let Signature::Electronic { key_id, signature } = letter.signature() else {
        return false;
    };
    let Some((_, key)) = core.settings.signing_keys.iter().find(|(id, _)| id == key_id) else {
        return false;
    };
    let Some(bytes) = from_hex64(signature) else {
        return false;
    };
    key.verify(&letter.canonical(), &Ed25519::from_bytes(&bytes)).is_ok()
}

fn from_hex64(text: &str) -> Option<[u8; 64]> {
    let digits = text.as_bytes();
    if digits.len() != 128 {
        return None;
    }
    let mut bytes = [0u8; 64];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}
