//! Reads what a pack says about itself: id, place, people, time, records that it needs.
//! Leaves the rules to `read` and `compile`.

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_core::record::RecordType;
use hedui_core::verdict::PackRef;
use hedui_ids::DivisionCode;
use toml::de::DeValue;

use super::Head;
use super::source::{Section, Source};

/// `[pack]`; `None` after a mistake.
pub(super) fn read<'a>(source: &mut Source<'a>, root: &mut Section<'_, 'a>) -> Option<Head> {
    let Some(mut pack) = root.opt_section(source, "pack") else {
        source.mistake(0, "KEY_MISSING", "the file has no [pack]");
        return None;
    };
    let id = identifier(source, &mut pack, "id");
    let version = pack.text(source, "version");
    let programme = identifier(source, &mut pack, "programme");
    let jurisdiction = pack.text(source, "jurisdiction");
    let residence = residence(source, &mut pack);
    let variant = pack
        .take("variant")
        .is_some()
        .then(|| identifier(source, &mut pack, "variant"));
    let title = pack.title(source, "title");
    let valid_from = pack.date(source, "valid_from");
    let valid_to = pack.opt_date(source, "valid_to");
    let law = pack.text(source, "reference");
    let needs_at = pack.take("needs").map_or(0, |value| value.span().start);
    let needs = needs(source, &mut pack);
    pack.end(source);
    if let (Some(from), Some(to)) = (&valid_from, &valid_to)
        && to.value < from.value
    {
        source.mistake(to.at, "PERIOD_REVERSED", "the pack ends before it begins");
    }
    let jurisdiction = jurisdiction?;
    let Some(code) = DivisionCode::parse(&jurisdiction.value) else {
        let message = "jurisdiction is six digits of GB/T 2260, or 000000 for the nation";
        source.mistake(jurisdiction.at, "VALUE_INVALID", message);
        return None;
    };
    let digest = blake3::hash(source.text.as_bytes()).to_hex().to_string();
    let valid_from = valid_from?;
    Some(Head {
        file: source.file.to_owned(),
        text: source.text.into(),
        at: source.position(valid_from.at),
        reference: PackRef {
            id: id?.into(),
            version: version?.value.into(),
            digest: digest.into(),
        },
        programme: ProgrammeId::new(&programme?).ok()?,
        jurisdiction: code,
        jurisdiction_text: jurisdiction.value.into(),
        residence: residence?,
        variant: variant.map_or(Some(None), |v| v.map(Some))?,
        title: title?,
        valid_from: valid_from.value,
        valid_to: valid_to.map(|d| d.value),
        law: law?.value,
        needs: needs?,
        needs_at,
    })
}

/// An id: lower-case letters, digits, hyphens.
fn identifier(source: &mut Source<'_>, section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let text = section.text(source, key)?;
    match ProgrammeId::new(&text.value) {
        Ok(id) => Some(id.as_str().to_owned()),
        Err(error) => {
            source.mistake(text.at, "NAME_INVALID", format!("`{key}`: {error}"));
            None
        }
    }
}

/// Outer `None` for a mistake.
fn residence(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Option<Residence>> {
    if section.take("residence").is_none() {
        return Some(None);
    }
    let text = section.opt_text(source, "residence")?;
    match text.value.as_str() {
        "urban" => Some(Some(Residence::Urban)),
        "rural" => Some(Some(Residence::Rural)),
        _ => {
            source.mistake(
                text.at,
                "VALUE_INVALID",
                "residence is urban or rural; leave it out for both",
            );
            None
        }
    }
}

/// Record types; all where the key is left out.
fn needs(source: &mut Source<'_>, section: &mut Section<'_, '_>) -> Option<Vec<RecordType>> {
    let Some(value) = section.take("needs") else {
        return Some(RecordType::ALL.to_vec());
    };
    let words = match value.get_ref() {
        DeValue::Array(words) => words,
        _ => {
            source.mistake(value.span().start, "TYPE_WRONG", "`needs` is a list of record types");
            return None;
        }
    };
    let mut found = Vec::new();
    let mut whole = true;
    for word in words.iter() {
        match word.get_ref().as_str().and_then(RecordType::from_word) {
            Some(of) => found.push(of),
            None => {
                whole = false;
                let hint = word
                    .get_ref()
                    .as_str()
                    .and_then(|w| hedui_toml::hint::nearest(w, RecordType::ALL.iter().map(|t| t.word())));
                source.mistake_with(word.span().start, "VALUE_INVALID", "not a type of record", hint);
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    whole.then_some(found)
}
