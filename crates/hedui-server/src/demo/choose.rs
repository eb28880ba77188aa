//! Which households the demo shows: one that qualifies, one that hides something, one for the departments switched off.
//! Leaves who they are to the simulator.

use anyhow::Context as _;
use hedui_proto::verification as pb;
use hedui_sim::Population;
use hedui_sim::population::{Standing, Truth};

use crate::cli::convert;
use crate::cli::file::HouseholdFile;

/// One household of the demo.
pub struct Chosen {
    truth: Truth,
}

/// The three households of the demo.
pub struct Three {
    /// Honest and below the standard.
    pub qualifies: Chosen,
    /// Hides wealth.
    pub hides: Chosen,
    /// Honest and below the standard; verified while departments are silent.
    pub in_the_dark: Chosen,
}

/// Chooses by what is true of them.
pub fn choose(population: &Population) -> anyhow::Result<Three> {
    let plain = |t: &&Truth| t.cheats.is_empty() && t.oddities.is_empty() && t.standing == Standing::Below;
    let several = |t: &&Truth| t.household.members.len() >= 3;
    let mut poor = population.households.iter().filter(plain).filter(several);
    let hides = population
        .households
        .iter()
        .filter(|t| !t.cheats.is_empty())
        .find(several);
    let pick = |t: Option<&Truth>| t.cloned().map(|truth| Chosen { truth });
    Ok(Three {
        qualifies: pick(poor.next()).context("the district has too few poor households; ask for more --households")?,
        in_the_dark: pick(poor.next())
            .context("the district has too few poor households; ask for more --households")?,
        hides: pick(hides).context("nobody in this district hides anything; ask for more --households")?,
    })
}

impl Chosen {
    /// The household as an application file.
    pub fn file(&self, district: &str) -> HouseholdFile {
        HouseholdFile {
            district: district.to_owned(),
            programmes: vec!["dibao".to_owned()],
            as_of: None,
            household: self.truth.household.clone(),
            authorizations: self.truth.authorizations.clone(),
        }
    }

    /// The household as a request.
    pub fn request(&self, district: &str) -> pb::CreateVerificationRequest {
        pb::CreateVerificationRequest {
            actor: "demo-clerk-1".to_owned(),
            ..convert::request(&self.file(district))
        }
    }
}
