//! The file of the staff register: TOML, readable by its owner only, because it holds numbers of persons.
//! Leaves what follows from it to the broker.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use hedui_broker::{StaffMember, StaffRegister, resident_id};
use hedui_core::Date;
use serde::Deserialize;

/// A larger file is no list of a district's officials.
const MAX_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    staff: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    actor: String,
    id_number: String,
    #[serde(default)]
    relatives: Vec<String>,
}

/// Reads the register. Errors name entries by position and actor, never a number.
pub fn read(path: &Path, today: Date) -> anyhow::Result<StaffRegister> {
    let place = path.display();
    let meta = std::fs::metadata(path).with_context(|| format!("cannot read the staff register {place}"))?;
    let mode = meta.permissions().mode() & 0o7777;
    anyhow::ensure!(
        mode & 0o077 == 0,
        "the staff register {place} has mode {mode:04o}, others can read it; run: chmod 600 on it"
    );
    anyhow::ensure!(
        meta.len() <= MAX_BYTES,
        "the staff register {place} is larger than 16 MiB"
    );
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read the staff register {place}"))?;
    parse(&text, today).with_context(|| format!("the staff register {place}"))
}

fn parse(text: &str, today: Date) -> anyhow::Result<StaffRegister> {
    // The parser's own message would repeat the line, and with it a number.
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let says = error.message();
        let says = if says.bytes().filter(u8::is_ascii_digit).count() < 6 {
            says
        } else {
            "a text in quotes is wanted"
        };
        anyhow::anyhow!("line {}: {says}", line.unwrap_or(1))
    })?;
    let mut mistakes = Vec::new();
    let mut members: Vec<StaffMember> = Vec::with_capacity(file.staff.len());
    for (at, entry) in file.staff.iter().enumerate() {
        let mut id = |field: &str, text: &str| {
            resident_id(text, today)
                .map_err(|wrong| mistakes.push(format!("staff[{at}].{field}: {} ({})", wrong.message, wrong.reason)))
                .ok()
        };
        let own = id("id_number", &entry.id_number);
        let relatives: Vec<_> = (0..)
            .zip(&entry.relatives)
            .filter_map(|(n, text)| id(&format!("relatives[{n}]"), text))
            .collect();
        if entry.actor.trim().is_empty() {
            mistakes.push(format!("staff[{at}].actor: name the official as requests do"));
        } else if members.iter().any(|m| m.actor == entry.actor) {
            mistakes.push(format!("staff[{at}].actor: `{}` stands there twice", entry.actor));
        }
        if let Some(id) = own {
            members.push(StaffMember {
                actor: entry.actor.clone(),
                id,
                relatives,
            });
        }
    }
    anyhow::ensure!(
        mistakes.is_empty(),
        "{} mistake(s):\n  {}",
        mistakes.len(),
        mistakes.join("\n  ")
    );
    Ok(StaffRegister::new(members))
}

#[cfg(test)]
mod tests;
