//! The district that is simulated: its code, plates, towns and the standard against which its people are poor.
//! Leaves the rules that decide to the policy packs: a standard here only says what incomes to draw.

use hedui_core::Fen;
use hedui_core::household::Residence;
use hedui_ids::{DivisionCode, Divisions, Lookup};

use crate::error::SimError;

/// A district as far as the simulation knows it.
#[derive(Clone, Debug)]
pub struct Place {
    /// GB/T 2260 code.
    pub code: DivisionCode,
    /// The code as text.
    pub code_text: String,
    /// Chinese name.
    pub name: String,
    /// First two characters of its number plates.
    pub plate: &'static str,
    /// Monthly Dibao standard a head, urban.
    pub urban: Fen,
    /// Monthly Dibao standard a head, rural.
    pub rural: Fen,
}

/// The pilots: code, plate, urban and rural standard in yuan a month.
const PILOTS: &[(&str, &str, i64, i64)] = &[
    ("511703", "川S", 520, 330),
    ("220882", "吉G", 480, 300),
    ("150102", "蒙A", 670, 468),
    ("320582", "苏E", 945, 945),
];

impl Place {
    /// A pilot, or any other district with ordinary standards.
    pub fn of(code: &str) -> Result<Place, SimError> {
        let parsed = DivisionCode::parse(code).ok_or_else(|| SimError::District(code.to_owned()))?;
        let (plate, urban, rural) = PILOTS
            .iter()
            .find(|pilot| pilot.0 == code)
            .map_or(("京A", 600, 400), |pilot| (pilot.1, pilot.2, pilot.3));
        let name = match Divisions::bundled().lookup(parsed) {
            Lookup::Listed(rows) => rows.last().map(|row| row.name_zh.to_string()),
            _ => None,
        };
        Ok(Place {
            code: parsed,
            code_text: code.to_owned(),
            name: name.unwrap_or_else(|| format!("{code}区")),
            plate,
            urban: Fen(urban * 100),
            rural: Fen(rural * 100),
        })
    }

    /// Code of the street or township where a household of a number lives.
    pub(crate) fn town(&self, residence: Residence, number: u32) -> String {
        let township = match residence {
            Residence::Urban => 1 + number % 2,
            Residence::Rural => 101 + number % 3,
        };
        format!("{}{township:03}", self.code_text)
    }

    /// Another pilot, from which a migrant household may come.
    pub(crate) fn elsewhere(&self, draw: usize) -> Result<Place, SimError> {
        let others: Vec<&str> = PILOTS.iter().map(|p| p.0).filter(|c| *c != self.code_text).collect();
        let code = others.get(draw % others.len().max(1)).copied().unwrap_or("511703");
        Place::of(code)
    }
}
