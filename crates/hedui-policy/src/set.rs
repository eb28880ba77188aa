//! All packs in force somewhere at some time, and which one answers a request.
//! Leaves reading directories to the caller: a set is made of texts, the compiled-in ones by default.

use std::collections::BTreeMap;

use hedui_core::dates::Date;
use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;
use hedui_ids::DivisionCode;
use include_dir::{Dir, include_dir};

use crate::mistake::{Mistake, Mistakes, SelectError};
use crate::pack::Pack;

#[cfg(test)]
mod tests;

/// The packs of the pilots, compiled in.
static BUNDLED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/packs");

/// Most packs of one set: forty programmes in a hundred jurisdictions, with room.
pub const MAX_PACKS: usize = 20_000;

/// The text of one pack file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    /// What mistakes call it, for example its path below the directory.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Packs, checked one by one and against each other. Immutable; share it behind an `Arc`.
#[derive(Clone, Debug, Default)]
pub struct PackSet {
    packs: Vec<Pack>,
}

impl PackSet {
    /// The files compiled in, by name.
    pub fn bundled_files() -> Vec<PackFile> {
        let mut files = Vec::new();
        collect(&BUNDLED, &mut files);
        files.sort_by(|a, b| a.name.cmp(&b.name));
        files
    }

    /// The packs compiled in.
    ///
    /// # Errors
    /// As [`PackSet::load`]; a test keeps it from happening.
    pub fn bundled() -> Result<PackSet, Mistakes> {
        PackSet::load(PackSet::bundled_files())
    }

    /// Reads packs from texts, in any order.
    ///
    /// # Errors
    /// Every mistake of every file, and of files that contradict each other.
    pub fn load(files: impl IntoIterator<Item = PackFile>) -> Result<PackSet, Mistakes> {
        let mut mistakes = Vec::new();
        let mut packs: Vec<Pack> = Vec::new();
        for file in files {
            match Pack::parse(&file.name, &file.text) {
                Ok(_) if packs.len() == MAX_PACKS => {
                    mistakes.push(mistake(
                        &file.name,
                        (1, 1),
                        "LIMIT",
                        format!("a set has at most {MAX_PACKS} packs"),
                    ));
                    break;
                }
                Ok(pack) => packs.push(pack),
                Err(found) => mistakes.extend(found.0),
            }
        }
        packs.sort_by(|a, b| {
            let key = |p: &Pack| {
                (
                    p.head.reference.id.clone(),
                    p.head.valid_from,
                    p.head.reference.version.clone(),
                )
            };
            key(a).cmp(&key(b)).then_with(|| a.head.file.cmp(&b.head.file))
        });
        contradictions(&packs, &mut mistakes);
        mistakes.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        if mistakes.is_empty() {
            Ok(PackSet { packs })
        } else {
            Err(Mistakes(mistakes))
        }
    }

    /// All packs, by id and validity.
    pub fn packs(&self) -> &[Pack] {
        &self.packs
    }

    /// A pack by id and version.
    pub fn get(&self, id: &str, version: &str) -> Option<&Pack> {
        self.packs.iter().find(|p| p.id() == id && p.version() == version)
    }

    /// The pack of every programme in a district that judges such a household on a date, variants left out, by programme.
    pub fn in_force(&self, district: &str, residence: Residence, as_of: Date) -> Vec<&Pack> {
        let mut programmes: Vec<&ProgrammeId> = self.packs.iter().map(Pack::programme).collect();
        programmes.sort_unstable();
        programmes.dedup();
        let select = |programme| self.select(district, programme, residence, as_of, None).ok();
        programmes.into_iter().filter_map(select).collect()
    }

    /// Every pack of some programmes that may judge in a district at some time: of itself, its city, its province, the nation, whatever its
    /// residence and dates. Of the nation's options only those of the variant.
    pub fn of_programmes(&self, district: &str, programmes: &[ProgrammeId], variant: Option<&str>) -> Vec<&Pack> {
        let levels = DivisionCode::parse(district).map_or_else(Vec::new, levels);
        let packs = self.packs.iter().filter(|pack| programmes.contains(pack.programme()));
        packs
            .filter(|pack| levels.contains(&pack.head.jurisdiction))
            .filter(|pack| !is_option(pack) || pack.variant() == variant)
            .collect()
    }

    /// The codes whose packs are in force in a district, nearest first: its own, its city's, its province's, the nation's. None for a text that is no code.
    pub fn levels(&self, district: &str) -> Vec<String> {
        let code = DivisionCode::parse(district);
        code.map_or_else(Vec::new, |code| levels(code).iter().map(ToString::to_string).collect())
    }

    /// The pack that judges: of the district itself, else of its city, its province, the nation, valid on the date.
    ///
    /// Without a variant the one that is none is taken; where only variants are valid on the date, the newest of them, if one is newest.
    /// A variant of the nation is an option and judges only where it is named.
    ///
    /// # Errors
    /// [`SelectError`], the first question that no pack answers.
    pub fn select(
        &self,
        district: &str,
        programme: &ProgrammeId,
        residence: Residence,
        as_of: Date,
        variant: Option<&str>,
    ) -> Result<&Pack, SelectError> {
        let code = DivisionCode::parse(district).ok_or(SelectError::DistrictInvalid)?;
        let of_programme: Vec<&Pack> = self.packs.iter().filter(|p| p.programme() == programme).collect();
        let place = || (programme.to_string(), district.to_owned());
        if of_programme.is_empty() {
            return Err(SelectError::UnknownProgramme(programme.to_string()));
        }
        let levels = levels(code);
        let (programme_text, district_text) = place();
        let here: Vec<&Pack> = of_programme
            .into_iter()
            .filter(|p| levels.contains(&p.head.jurisdiction))
            .filter(|p| variant.is_some() || !is_option(p))
            .collect();
        if here.is_empty() {
            return Err(SelectError::UnknownDistrict {
                programme: programme_text,
                district: district_text,
            });
        }
        let (programme, district) = (programme_text, district_text);
        let of_variant: Vec<&Pack> = here
            .into_iter()
            .filter(|p| variant.is_none() || p.variant() == variant)
            .collect();
        if of_variant.is_empty() {
            let variant = variant.unwrap_or_default().to_owned();
            return Err(SelectError::UnknownVariant {
                programme,
                district,
                variant,
            });
        }
        let fitting: Vec<&Pack> = of_variant
            .into_iter()
            .filter(|p| p.residence().is_none_or(|r| r == residence))
            .collect();
        if fitting.is_empty() {
            return Err(SelectError::NoPackForResidence { programme, district });
        }
        let valid: Vec<&Pack> = fitting.into_iter().filter(|p| p.valid_on(as_of)).collect();
        let nearest = levels.iter().find_map(|level| choose(&valid, *level));
        nearest.ok_or(SelectError::NoPackOnDate {
            programme,
            district,
            date: as_of.to_string(),
        })
    }
}

/// Whether it is a variant of the nation: a proposal that nobody has put in force, so that no district may come under it unasked.
fn is_option(pack: &Pack) -> bool {
    pack.head.jurisdiction.number() == 0 && pack.variant().is_some()
}

/// The district and what lies above it, nearest first; the nation is 000000.
fn levels(code: DivisionCode) -> Vec<DivisionCode> {
    let mut levels = vec![code];
    levels.extend(code.prefecture());
    levels.push(code.province());
    levels.extend(DivisionCode::new(0));
    levels
}

/// Of the packs of one jurisdiction: the one without a variant, else the newest, unless two are equally new.
fn choose<'p>(valid: &[&'p Pack], level: DivisionCode) -> Option<&'p Pack> {
    let at = || valid.iter().copied().filter(move |p| p.head.jurisdiction == level);
    if let Some(plain) = at().find(|p| p.variant().is_none()) {
        return Some(plain);
    }
    let newest = at().max_by_key(|p| p.valid_from())?;
    let rivals = at().filter(|p| p.valid_from() == newest.valid_from()).count();
    (rivals == 1).then_some(newest)
}

/// Two packs for the same place, programme, residence and variant must not be valid on the same day; an id and version stand once.
fn contradictions(packs: &[Pack], mistakes: &mut Vec<Mistake>) {
    let mut groups: BTreeMap<(&str, DivisionCode, Option<&str>), Vec<&Pack>> = BTreeMap::new();
    let mut versions: BTreeMap<(&str, &str), &Pack> = BTreeMap::new();
    for pack in packs {
        if let Some(other) = versions.insert((pack.id(), pack.version()), pack) {
            let message = format!(
                "{} version {} is also in {}",
                pack.id(),
                pack.version(),
                other.head.file
            );
            mistakes.push(mistake(&pack.head.file, (1, 1), "PACK_TWICE", message));
        }
        let key = (pack.programme().as_str(), pack.head.jurisdiction, pack.variant());
        let group = groups.entry(key).or_default();
        for other in group.iter().copied() {
            let residence = match (pack.residence(), other.residence()) {
                (Some(a), Some(b)) => a == b,
                _ => true,
            };
            let starts_in = |a: &Pack, b: &Pack| b.valid_on(a.valid_from());
            if residence && (starts_in(pack, other) || starts_in(other, pack)) {
                let message = format!(
                    "{} is valid on the same days as {} in {}, for the same people",
                    pack.id(),
                    other.id(),
                    other.head.file
                );
                mistakes.push(mistake(&pack.head.file, pack.head.at, "PACK_OVERLAP", message));
            }
        }
        group.push(pack);
    }
}

fn mistake(file: &str, at: (usize, usize), reason: &'static str, message: String) -> Mistake {
    Mistake {
        file: file.to_owned(),
        line: at.0,
        column: at.1,
        reason,
        message,
        hint: None,
    }
}

fn collect(dir: &Dir<'_>, files: &mut Vec<PackFile>) {
    for file in dir.files() {
        if file.path().extension().is_some_and(|e| e == "toml") {
            let name = file.path().to_string_lossy().replace('\\', "/");
            files.push(PackFile {
                name,
                text: String::from_utf8_lossy(file.contents()).into_owned(),
            });
        }
    }
    for inner in dir.dirs() {
        collect(inner, files);
    }
}
