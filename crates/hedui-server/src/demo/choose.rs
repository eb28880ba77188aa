//! Which households the demo shows: one that qualifies, one that hides something, one for the departments switched off.
//! Leaves who they are to the simulator.

use anyhow::Context as _;
use hedui_proto::verification as pb;
use hedui_sim::Population;
use hedui_sim::population::{CheatKind, Standing, Truth};

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
    /// Hides wealth, so that what is on record exceeds a limit; an undeclared spouse alone only where the district has nothing else.
    pub hides: Chosen,
    /// Honest and below the standard; verified while departments are silent.
    pub in_the_dark: Chosen,
}

/// Chooses by what is true of them.
pub fn choose(population: &Population) -> anyhow::Result<Three> {
    let plain = |t: &&Truth| t.cheats.is_empty() && t.oddities.is_empty() && t.standing == Standing::Below;
    let all = || population.households.iter();
    let mut poor = larger_first(all().filter(plain)).into_iter();
    let mut hiding = larger_first(all().filter(|t| !t.cheats.is_empty()));
    hiding.sort_by_key(|t| !is_plainly_wealthy(t));
    let hides = hiding.into_iter().next();
    let pick = |t: Option<&Truth>| t.cloned().map(|truth| Chosen { truth });
    Ok(Three {
        qualifies: pick(poor.next()).context("the district has too few poor households; ask for more --households")?,
        in_the_dark: pick(poor.next())
            .context("the district has too few poor households; ask for more --households")?,
        hides: pick(hides).context("nobody in this district hides anything; ask for more --households")?,
    })
}

/// Whether it hides things beyond the limits and nothing that a person must settle first, so that the verdict is `EXCEEDS`.
fn is_plainly_wealthy(truth: &Truth) -> bool {
    let hides = |kind: CheatKind| truth.cheats.iter().any(|cheat| cheat.kind == kind);
    (hides(CheatKind::Car) || hides(CheatKind::Deposits))
        && !hides(CheatKind::UndeclaredSpouse)
        && truth.oddities.is_empty()
}

/// Households of three and more show more, so they come first; a small district may have none.
fn larger_first<'a>(households: impl Iterator<Item = &'a Truth>) -> Vec<&'a Truth> {
    let mut households: Vec<&Truth> = households.collect();
    // Stable: otherwise the order of the district.
    households.sort_by_key(|t| t.household.members.len() < 3);
    households
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
            // The folder may be that of a demo that was killed: what it had begun goes on, perhaps of this household.
            conflict_policy: pb::ConflictPolicy::RunBoth.into(),
            ..convert::request(&self.file(district))
        }
    }
}

#[cfg(test)]
mod tests {
    use hedui_sim::population::{Settings, generate};

    use super::{Three, choose, is_plainly_wealthy};

    fn three(seed: u64, households: u32) -> Three {
        let settings = Settings {
            seed,
            district: "511703".to_owned(),
            households,
            as_of: hedui_core::Date::new(2026, 11, 22).unwrap(),
            programmes: vec!["dibao".to_owned()],
        };
        choose(&generate(&settings).unwrap()).unwrap()
    }

    #[test]
    fn who_hides_something_is_shown_to_exceed() {
        // Of some of these seeds the first who hides anything hides no more than a spouse, which leaves the verdict open.
        for seed in 0..12 {
            assert!(is_plainly_wealthy(&three(seed, 500).hides.truth), "seed {seed}");
        }
    }

    #[test]
    fn what_another_demo_has_begun_is_not_in_the_way() {
        let request = three(1, 50).qualifies.request("511703");
        assert_eq!(request.conflict_policy(), super::pb::ConflictPolicy::RunBoth);
    }

    #[test]
    fn the_smallest_district_has_households_to_show() {
        for seed in 0..40 {
            let three = three(seed, 50);
            assert!(!three.hides.truth.cheats.is_empty());
            assert!(three.qualifies.truth.cheats.is_empty() && three.in_the_dark.truth.cheats.is_empty());
        }
    }
}
