//! The household file of `hedui verify`: TOML or JSON, unknown keys refused, all mistakes at once, each with its line (TOML) and field.
//! Leaves the rules about households and letters to the server, and the wire form to `convert.rs`.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::household::{Declared, DeclaredIncome, MemberInput};
use hedui_core::{AuthorizationInput, Date, HouseholdInput, Signature, Supporter, authorization};

use super::error::{CliError, Mistake};

mod document;
mod reading;

use document::{Node, Value};
use reading::{Fields, Reading};

/// Largest file: a household of twenty with all letters is below a tenth of it.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// A household file that was read.
#[derive(Clone, PartialEq, Eq)]
pub struct HouseholdFile {
    /// GB/T 2260 code of the district that verifies; empty where not stated.
    pub district: String,
    /// Programme ids, if stated.
    pub programmes: Vec<String>,
    /// The date that the verification is about, if stated.
    pub as_of: Option<Date>,
    /// Who lives together and what they declare.
    pub household: HouseholdInput,
    /// The signed letters.
    pub authorizations: Vec<AuthorizationInput>,
}

/// Only the sizes.
impl std::fmt::Debug for HouseholdFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (members, letters) = (self.household.members.len(), self.authorizations.len());
        write!(f, "HouseholdFile({members} members, {letters} authorizations)")
    }
}

/// Where each field of a file stands, by its path as the protocol names it. Empty for JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, usize>);

impl Lines {
    /// The line of a field, or of the nearest thing around it.
    pub fn of(&self, field: &str) -> Option<usize> {
        let mut path = field;
        loop {
            if let Some(line) = self.0.get(path) {
                return Some(*line);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}

impl HouseholdFile {
    /// Reads a file; its format is told from the ending.
    pub fn load(path: &Path) -> Result<(HouseholdFile, Lines), CliError> {
        let unreadable = |source| CliError::Read {
            path: path.to_owned(),
            source,
        };
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .map_err(unreadable)?
            .take(MAX_FILE_BYTES + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        let wrong = |mistakes| CliError::Input {
            what: path.display().to_string(),
            mistakes,
        };
        // Before the text: what was read may end within a character.
        if bytes.len() as u64 > MAX_FILE_BYTES {
            let message = format!("larger than {MAX_FILE_BYTES} bytes; one file holds one household");
            return Err(wrong(vec![document::mistake(None, "TOO_LARGE", message)]));
        }
        let Ok(text) = String::from_utf8(bytes) else {
            let message = "the file is not UTF-8; convert it first, for example with iconv".to_owned();
            return Err(wrong(vec![document::mistake(None, "NOT_UTF8", message)]));
        };
        match path.extension().and_then(|ending| ending.to_str()) {
            Some("toml") => HouseholdFile::from_toml(&text).map_err(wrong),
            Some("json") => HouseholdFile::from_json(&text).map_err(wrong),
            _ => Err(wrong(vec![document::mistake(
                None,
                "FILE_FORMAT",
                "name the file .toml or .json, so that its format is known".to_owned(),
            )])),
        }
    }

    /// Reads TOML.
    pub fn from_toml(text: &str) -> Result<(HouseholdFile, Lines), Vec<Mistake>> {
        HouseholdFile::read(&document::toml(text)?)
    }

    /// Reads JSON.
    pub fn from_json(text: &str) -> Result<(HouseholdFile, Lines), Vec<Mistake>> {
        HouseholdFile::read(&document::json(text)?)
    }

    /// Writes TOML that `from_toml` reads back. Amounts become yuan in quotes.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut household = toml::Value::try_from(&self.household)?;
        write_amounts_in_yuan(&mut household);
        let mut table = toml::Table::new();
        if !self.district.is_empty() {
            table.insert("district".to_owned(), self.district.clone().into());
        }
        table.insert("programmes".to_owned(), self.programmes.clone().into());
        if let Some(as_of) = self.as_of {
            table.insert("as_of".to_owned(), as_of.to_string().into());
        }
        table.insert("household".to_owned(), household);
        table.insert("authorization".to_owned(), toml::Value::try_from(&self.authorizations)?);
        toml::to_string(&table)
    }

    fn read(document: &Node) -> Result<(HouseholdFile, Lines), Vec<Mistake>> {
        let mut reading = Reading::default();
        let file = read_file(document, &mut reading);
        match file {
            Some(file) if reading.mistakes.is_empty() => Ok((file, Lines(reading.lines))),
            _ => {
                let mut mistakes = reading.mistakes;
                mistakes.sort_by_key(|mistake| mistake.line.unwrap_or(usize::MAX));
                Err(mistakes)
            }
        }
    }
}

/// The domain's serde form has fen; a file has yuan in quotes, which nobody takes for fen.
fn write_amounts_in_yuan(value: &mut toml::Value) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                match value {
                    toml::Value::Integer(fen)
                        if matches!(key.as_str(), "amount" | "financial_assets" | "monthly_income") =>
                    {
                        *value = toml::Value::String(hedui_core::Fen(*fen).to_string());
                    }
                    other => write_amounts_in_yuan(other),
                }
            }
        }
        toml::Value::Array(items) => items.iter_mut().for_each(write_amounts_in_yuan),
        _ => {}
    }
}

fn read_file(document: &Node, reading: &mut Reading) -> Option<HouseholdFile> {
    const KEYS: &[&str] = &["district", "programmes", "as_of", "household", "authorization"];
    let mut fields = Fields::open(document, "", KEYS, reading)?;
    // The path on the right is the protocol's, so that the server's mistakes find their line.
    let district = fields.as_path("district", "district_code").text(reading);
    let programmes = fields.at("programmes").texts(reading);
    let as_of = fields.at("as_of").date(reading);
    let household = fields.at("household").required(reading).table(reading, read_household);
    let authorizations = fields
        .as_path("authorization", "authorizations")
        .tables(reading, read_authorization);
    Some(HouseholdFile {
        district: district.unwrap_or_default(),
        programmes: programmes.unwrap_or_default(),
        as_of,
        household: household?,
        authorizations: authorizations.unwrap_or_default(),
    })
}

fn read_household(node: &Node, path: &str, reading: &mut Reading) -> Option<HouseholdInput> {
    const KEYS: &[&str] = &[
        "residence",
        "members",
        "declared",
        "circumstances",
        "supporters",
        "town",
    ];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    let residence = fields.at("residence").required(reading).word(reading, "urban, rural");
    let members = fields.at("members").required(reading).tables(reading, read_member);
    let declared = fields.at("declared").table(reading, read_declared);
    let circumstances = fields.at("circumstances").tables(reading, read_circumstance);
    let supporters = fields.at("supporters").tables(reading, read_supporter);
    let town = fields.at("town").text(reading);
    Some(HouseholdInput {
        residence: residence?,
        members: members?,
        declared: declared.unwrap_or_default(),
        circumstances: circumstances.unwrap_or_default(),
        supporters: supporters.unwrap_or_default(),
        town,
    })
}

fn read_supporter(node: &Node, path: &str, reading: &mut Reading) -> Option<Supporter> {
    const KEYS: &[&str] = &["relation", "persons", "monthly_income", "unable", "document"];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    let relation = fields.at("relation").required(reading).word(reading, RELATIONS);
    let persons = fields.at("persons").required(reading).count(reading);
    let monthly_income = fields.at("monthly_income").required(reading).yuan(reading);
    let unable = fields.at("unable").boolean(reading);
    let document = fields.at("document").required(reading).text(reading);
    Some(Supporter {
        relation: relation?,
        persons: persons?,
        monthly_income: monthly_income?,
        unable: unable.unwrap_or(false),
        document: document?,
    })
}

const RELATIONS: &str = "applicant, spouse, child, parent, grandparent, grandchild, sibling, other";

fn read_member(node: &Node, path: &str, reading: &mut Reading) -> Option<MemberInput> {
    const KEYS: &[&str] = &[
        "id_number",
        "name",
        "relation",
        "incapable",
        "incomes",
        "casual_work_months",
        "circumstances",
    ];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    let id_number = fields.at("id_number").required(reading).text(reading);
    let name = fields.at("name").required(reading).text(reading);
    let relation = fields.at("relation").required(reading).word(reading, RELATIONS);
    let incapable = fields.at("incapable").boolean(reading);
    let incomes = fields.at("incomes").tables(reading, read_income);
    let casual_work_months = fields.at("casual_work_months").count(reading);
    let circumstances = fields.at("circumstances").tables(reading, read_circumstance);
    Some(MemberInput {
        id_number: id_number?,
        name: name?,
        relation: relation?,
        incapable: incapable.unwrap_or(false),
        incomes: incomes.unwrap_or_default(),
        casual_work_months: casual_work_months.unwrap_or(0),
        circumstances: circumstances.unwrap_or_default(),
    })
}

fn read_circumstance(node: &Node, path: &str, reading: &mut Reading) -> Option<StatedCircumstance> {
    const KEYS: &[&str] = &["word", "since", "until", "amount", "number", "document"];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    let words: Vec<&str> = Circumstance::ALL.iter().map(|c| c.word()).collect();
    let word = fields.at("word").required(reading).word(reading, &words.join(", "));
    let since = fields.at("since").date(reading);
    let until = fields.at("until").date(reading);
    let amount = fields.at("amount").yuan(reading);
    let number = fields.at("number").count(reading);
    let document = fields.at("document").required(reading).text(reading);
    Some(StatedCircumstance {
        word: word?,
        since,
        until,
        amount,
        number,
        document: document?,
    })
}

fn read_income(node: &Node, path: &str, reading: &mut Reading) -> Option<DeclaredIncome> {
    const KINDS: &str = "wage, business, property, transfer";
    let mut fields = Fields::open(node, path, &["kind", "amount", "from", "until"], reading)?;
    let kind = fields.at("kind").required(reading).word(reading, KINDS);
    let amount = fields.at("amount").required(reading).yuan(reading);
    let from = fields.at("from").required(reading).partial_date(reading);
    let until = fields.at("until").required(reading).partial_date(reading);
    Some(DeclaredIncome {
        kind: kind?,
        amount: amount?,
        from: from?,
        until: until?,
    })
}

fn read_declared(node: &Node, path: &str, reading: &mut Reading) -> Option<Declared> {
    const KEYS: &[&str] = &["financial_assets", "dwellings", "vehicles", "businesses"];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    Some(Declared {
        financial_assets: fields.at("financial_assets").yuan(reading),
        dwellings: fields.at("dwellings").count(reading),
        vehicles: fields.at("vehicles").count(reading),
        businesses: fields.at("businesses").count(reading),
    })
}

fn read_authorization(node: &Node, path: &str, reading: &mut Reading) -> Option<AuthorizationInput> {
    const KEYS: &[&str] = &[
        "authorization_id",
        "signer_id_number",
        "on_behalf_of",
        "programmes",
        "departments",
        "signed_on",
        "valid_until",
        "period_from",
        "ended",
        "signature",
    ];
    let mut fields = Fields::open(node, path, KEYS, reading)?;
    let authorization_id = fields.at("authorization_id").required(reading).text(reading);
    let signer_id_number = fields.at("signer_id_number").required(reading).text(reading);
    let on_behalf_of = fields.at("on_behalf_of").texts(reading);
    let programmes = fields.at("programmes").required(reading).texts(reading);
    let departments = fields.at("departments").texts(reading);
    let signed_on = fields.at("signed_on").required(reading).date(reading);
    let valid_until = fields.at("valid_until").date(reading);
    let period_from = fields.at("period_from").date(reading);
    let ended = fields.at("ended").table(reading, read_ended);
    let signature = fields.at("signature").required(reading).table(reading, read_signature);
    Some(AuthorizationInput {
        authorization_id: authorization_id?,
        signer_id_number: signer_id_number?,
        on_behalf_of: on_behalf_of.unwrap_or_default(),
        programmes: programmes?,
        departments: departments.unwrap_or_default(),
        signed_on: signed_on?,
        valid_until,
        period_from,
        ended,
        signature: signature?,
    })
}

fn read_ended(node: &Node, path: &str, reading: &mut Reading) -> Option<authorization::Ended> {
    let mut fields = Fields::open(node, path, &["on", "event"], reading)?;
    let on = fields.at("on").required(reading).date(reading);
    let event = fields
        .at("event")
        .required(reading)
        .word(reading, "withdrawn, aid_ended, members_changed");
    Some(authorization::Ended { on: on?, event: event? })
}

fn read_signature(node: &Node, path: &str, reading: &mut Reading) -> Option<Signature> {
    let electronic =
        matches!(node.get("kind").map(|kind| &kind.value), Some(Value::Text(kind)) if kind == "electronic");
    if electronic {
        let mut fields = Fields::open(node, path, &["kind", "key_id", "signature"], reading)?;
        let key_id = fields.at("key_id").required(reading).text(reading);
        let signature = fields.at("signature").required(reading).text(reading);
        return Some(Signature::Electronic {
            key_id: key_id?,
            signature: signature?,
        });
    }
    let mut fields = Fields::open(node, path, &["kind", "scan_sha256", "witnessed_by"], reading)?;
    let kind: Option<PaperWord> = fields.at("kind").required(reading).word(reading, "paper, electronic");
    let scan_sha256 = fields.at("scan_sha256").required(reading).text(reading);
    let witnessed_by = fields.at("witnessed_by").required(reading).text(reading);
    kind?;
    Some(Signature::Paper {
        scan_sha256: scan_sha256?,
        witnessed_by: witnessed_by?,
    })
}

/// The word of a letter signed by hand.
#[derive(serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum PaperWord {
    Paper,
}

#[cfg(test)]
mod tests;
