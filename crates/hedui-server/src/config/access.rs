//! The lists of who is trusted: callers, signing keys and witnesses.
//! Leaves what their entries say against each other to `contradictions`.

use super::contradictions::{GivenCaller, GivenKey, GivenWitness};
use super::forms::{DEPARTMENT, DISTRICT, IDENTIFIER, PUBLIC_KEY, TOKEN_HASH, WITNESS_KEY, WITNESS_URL};
use super::kinds::{Choice, ListOf};
use super::read::{Reader, Section};
use super::{Caller, Role, SigningKey, Witness};

/// The signing keys that can be read.
pub(super) fn signing_keys(root: &mut Section, reader: &mut Reader) -> Vec<GivenKey> {
    let mut keys = Vec::new();
    for mut section in root.items(reader, "signing_keys") {
        let id = section.required(reader, "id", &IDENTIFIER);
        let public_key = section.required(reader, "public_key", &PUBLIC_KEY);
        let live = section.live;
        section.end(reader);
        if let (Some(id), Some(public_key), true) = (id, public_key, live) {
            keys.push(GivenKey {
                key: SigningKey {
                    id: id.value,
                    public_key: public_key.value,
                },
                id_at: id.origin,
            });
        }
    }
    keys
}

/// The callers that can be read, and whether any were given in the layer that counts.
pub(super) fn callers(root: &mut Section, reader: &mut Reader) -> (Vec<GivenCaller>, bool) {
    let sections = root.items(reader, "callers");
    let given = sections.iter().any(|section| section.live);
    let mut callers = Vec::new();
    for mut section in sections {
        let id = section.required(reader, "id", &IDENTIFIER);
        let token = section.required(reader, "token_sha256", &TOKEN_HASH);
        let roles = section.required(reader, "roles", &ListOf(Choice(&Role::ALL)));
        let districts = section.optional(reader, "districts", &ListOf(DISTRICT), "(all)");
        let departments = section.optional(reader, "departments", &ListOf(DEPARTMENT), "(none)");
        let live = section.live;
        section.end(reader);
        if let (Some(id), Some(token), Some(roles), true) = (id, token, roles, live) {
            let caller = Caller {
                id: id.value,
                token_sha256: token.value,
                roles: roles.value,
                districts,
                departments: departments.unwrap_or_default(),
            };
            callers.push(GivenCaller {
                caller,
                id_at: id.origin,
                token_at: token.origin,
            });
        }
    }
    (callers, given)
}

/// The witnesses that can be read.
pub(super) fn witnesses(transparency: &mut Section, reader: &mut Reader) -> Vec<GivenWitness> {
    let mut witnesses = Vec::new();
    for mut section in transparency.items(reader, "witnesses") {
        let name = section.required(reader, "name", &IDENTIFIER);
        let url = section.required(reader, "url", &WITNESS_URL);
        let key = section.required(reader, "key", &WITNESS_KEY);
        let live = section.live;
        section.end(reader);
        if let (Some(name), Some(url), Some(key), true) = (name, url, key, live) {
            witnesses.push(GivenWitness {
                witness: Witness {
                    name: name.value,
                    url: url.value,
                    key: key.value,
                },
                name_at: name.origin,
                key_at: key.origin,
            });
        }
    }
    witnesses
}
