//! What settings say against each other.
//! Leaves every setting by itself to `kinds` and `resolve`.

use std::net::SocketAddr;

use hedui_core::DepartmentId;
use hedui_evidence::MAX_WITNESSES;

use super::mistake::Report;
use super::origin::Origin;
use super::read::Found;
use super::{Caller, LOCAL_CALLER, Role, SigningKey, Witness, hint};

/// SHA-256 of nothing.
const EMPTY_SHA256: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41,
    0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// A caller, with where its id and its token stand.
pub(super) struct GivenCaller {
    pub caller: Caller,
    pub id_at: Origin,
    pub token_at: Origin,
}

/// A signing key, with where its id stands.
pub(super) struct GivenKey {
    pub key: SigningKey,
    pub id_at: Origin,
}

/// A witness, with where its name and its key stand.
pub(super) struct GivenWitness {
    pub witness: Witness,
    pub name_at: Origin,
    pub key_at: Origin,
}

/// What is looked at together.
pub(super) struct Given<'g> {
    pub listen: &'g Found<SocketAddr>,
    pub callers: &'g [GivenCaller],
    /// Whether it is certain that there are none.
    pub callers_missing: bool,
    pub signing_keys: &'g [GivenKey],
    pub witnesses: &'g [GivenWitness],
    pub quorum: &'g Found<usize>,
    /// Whether all that was given could be read.
    pub complete: bool,
    pub departments: Option<&'g [String]>,
    pub overridden: &'g [Found<DepartmentId>],
}

/// Every contradiction.
pub(super) fn find(given: &Given<'_>) -> Report {
    let mut report = Report::default();
    open_to_others(given, &mut report);
    callers(given.callers, &mut report);
    for (at, key) in given.signing_keys.iter().enumerate() {
        if given
            .signing_keys
            .iter()
            .take(at)
            .any(|other| other.key.id == key.key.id)
        {
            let message = format!("two signing keys have the id `{}`: give each its own", key.key.id);
            report.add(&key.id_at, &format!("signing_keys[{at}].id"), "ID_TWICE", message, None);
        }
    }
    overridden(given, &mut report);
    witnesses(given, &mut report);
    report
}

/// Without callers everyone may do everything: never on an address that others reach.
fn open_to_others(given: &Given<'_>, report: &mut Report) {
    let address = given.listen.value.ip().to_canonical();
    if given.callers_missing && !address.is_loopback() {
        let message = format!(
            "`server.listen` is {}, which others can reach, and no callers are configured: add [[callers]], or listen on 127.0.0.1",
            given.listen.value
        );
        report.add(&given.listen.origin, "server.listen", "CALLERS_MISSING", message, None);
    }
}

fn callers(callers: &[GivenCaller], report: &mut Report) {
    for (at, given) in callers.iter().enumerate() {
        let id = &given.caller.id;
        let id_key = format!("callers[{at}].id");
        let token_key = format!("callers[{at}].token_sha256");
        let before = || callers.iter().take(at);
        if id == LOCAL_CALLER {
            let message = format!("the id `{id}` means whoever calls where no callers are configured: choose another");
            report.add(&given.id_at, &id_key, "ID_RESERVED", message, None);
        }
        let named = |role: &Role| matches!(role, Role::Office | Role::Peer);
        let needed = given.caller.roles.iter().any(named);
        if needed == given.caller.departments.is_empty() {
            let key = format!("callers[{at}].departments");
            let message = match needed {
                true => format!("`{key}` is missing: the roles `office` and `peer` are for departments by name"),
                false => format!("`{key}` is for the roles `office` and `peer`: add the role, or drop it"),
            };
            report.add(&given.id_at, &key, "DEPARTMENTS_OF_ROLE", message, None);
        }
        if before().any(|other| other.caller.id == *id) {
            let message = format!("two callers have the id `{id}`: give each its own");
            report.add(&given.id_at, &id_key, "ID_TWICE", message, None);
        }
        if given.caller.token_sha256 == EMPTY_SHA256 {
            let message = format!("`{token_key}` is the hash of an empty token: hash the token itself");
            report.add(&given.token_at, &token_key, "TOKEN_EMPTY", message, None);
        } else if let Some(other) = before().find(|other| other.caller.token_sha256 == given.caller.token_sha256) {
            let message = format!(
                "callers `{}` and `{id}` have the same token: give each its own",
                other.caller.id
            );
            report.add(&given.token_at, &token_key, "TOKEN_TWICE", message, None);
        }
    }
}

/// What no policy could say: two witnesses of a name or a key, more required than there are.
fn witnesses(given: &Given<'_>, report: &mut Report) {
    for (at, this) in given.witnesses.iter().enumerate() {
        let name = &this.witness.name;
        let before = || given.witnesses.iter().take(at).map(|other| &other.witness);
        let name_key = format!("transparency.witnesses[{at}].name");
        if name == "none" {
            let message = "the name `none` stands for no witness at all: choose another";
            report.add(&this.name_at, &name_key, "ID_RESERVED", message, None);
        }
        if before().any(|other| other.name == *name) {
            let message = format!("two witnesses have the name `{name}`: give each its own");
            report.add(&this.name_at, &name_key, "ID_TWICE", message, None);
        }
        if let Some(other) = before().find(|other| other.key.public() == this.witness.key.public()) {
            let message = format!(
                "witnesses `{}` and `{name}` have the same key: it would count twice",
                other.name
            );
            let key = format!("transparency.witnesses[{at}].key");
            report.add(&this.key_at, &key, "KEY_TWICE", message, None);
        }
        if at == MAX_WITNESSES {
            let message = format!("there may be {MAX_WITNESSES} witnesses at most");
            report.add(&this.name_at, "transparency.witnesses", "TOO_MANY", message, None);
        }
    }
    let (quorum, there) = (given.quorum.value, given.witnesses.len());
    if given.complete && quorum > there {
        let message = format!(
            "`transparency.quorum` is {quorum}, and {there} witnesses are configured: nothing would ever be proved"
        );
        report.add(
            &given.quorum.origin,
            "transparency.quorum",
            "QUORUM_UNREACHABLE",
            message,
            None,
        );
    }
}

/// An override of a department that is not among those to be asked does nothing; its name is probably wrong.
fn overridden(given: &Given<'_>, report: &mut Report) {
    let Some(departments) = given.departments else { return };
    for department in given.overridden {
        let id = department.value.as_str();
        if departments.iter().any(|listed| listed == id) {
            continue;
        }
        let message =
            format!("`{id}` is overridden but not listed in `catalogue.departments`: list it, or drop the override");
        let near = hint::nearest(id, departments.iter().map(String::as_str));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        report.add(
            &department.origin,
            &format!("catalogue.overrides.{id}"),
            "OVERRIDE_UNUSED",
            message,
            hint,
        );
    }
}
