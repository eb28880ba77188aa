//! Simulation: whoever was destroyed is counted and leaves no trace in what comes out, also where a snapshot of the household was filed before.
//! Leaves judging and adding up to `hedui-policy`, and the calls to the server.

use hedui_core::ProgrammeId;
use hedui_evidence::{EvidenceStore as _, FrameKind};
use hedui_policy::{PackSet, Tally, Terms};

use super::retention::{FIRST, SECOND, destroy};
use super::support::*;
use crate::{BrokerError, CaseId, Gathered, PackChoice, SimulateAsk, Simulated, State};

/// Dachuan's urban Dibao with a hundred yuan more.
fn raised() -> PackChoice {
    let files = PackSet::bundled_files();
    let urban = files
        .iter()
        .find(|f| f.name.contains("dachuan") && f.name.contains("dibao-urban"));
    let rules = urban.unwrap().text.split("[[case]]").next().unwrap();
    PackChoice::Text {
        name: "raised.toml".to_owned(),
        text: rules
            .replace("version = \"1\"", "version = \"2\"")
            .replace("value = 520", "value = 620"),
    }
}

async fn simulate(world: &World) -> Simulated {
    let ask = SimulateAsk {
        district: DISTRICT.to_owned(),
        from: PackChoice::Known {
            id: "dibao-dachuan-urban".to_owned(),
            version: "1".to_owned(),
        },
        to: raised(),
        terms: Terms::default(),
        purpose: String::new(),
    };
    world.broker.simulate(&ask, FIRST, &mut |_| true).await.unwrap()
}

/// Cases of which something is filed, and how they were found.
async fn filed(world: &World) -> (Vec<CaseId>, Gathered) {
    let programme = ProgrammeId::new("dibao").unwrap();
    let mut found = Vec::new();
    let mut give = |_: Gathered, block: Vec<(CaseId, Vec<u8>)>| {
        found.extend(block.into_iter().map(|(case, _)| case));
        true
    };
    let gathered = world
        .broker
        .filed_households((DISTRICT, &programme, "a study"), SECOND, &mut give)
        .await;
    (found, gathered.unwrap())
}

async fn verified(families: &[u16]) -> (World, Vec<CaseId>) {
    let world = World::new();
    world.broker.archive_packs().await.unwrap();
    let mut cases = Vec::new();
    for n in families {
        let ended = world.verify(family(*n)).await;
        assert_eq!(ended.state, State::Succeeded);
        cases.push(ended.case);
    }
    (world, cases)
}

/// Everything but which verifications are named.
fn sums(tally: &Tally) -> Tally {
    let mut sums = tally.clone();
    sums.losers.clear();
    sums.gainers.clear();
    sums
}

#[tokio::test(start_paused = true)]
async fn a_household_that_was_destroyed_after_it_was_filed_is_counted_and_gives_no_row() {
    let (world, cases) = verified(&[0, 1, 2, 3]).await;
    let all = Gathered {
        households: 4,
        filed: 4,
        ..Gathered::default()
    };
    let before = simulate(&world).await;
    assert_eq!((before.gathered, filed(&world).await), (all, (cases.clone(), all)));
    let named = |simulated: &Simulated| {
        let mut named: Vec<_> = simulated.tally.gainers.iter().map(|moved| moved.reference).collect();
        named.sort_unstable();
        named
    };
    let ids = |cases: &[CaseId]| {
        let mut ids: Vec<_> = cases.iter().map(|case| case.0).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(named(&before), ids(&cases));

    destroy(&world, cases[2]).await;
    // Its leaf stays for ever; what was filed under it is gone with the case's key.
    let frames = world.memory.case(cases[2]).await.unwrap();
    assert!(frames.iter().any(|frame| frame.kind == FrameKind::Verdict));
    let left = [cases[0], cases[1], cases[3]];
    let without = Gathered {
        filed: 3,
        destroyed: 1,
        ..all
    };
    let (never, _) = verified(&[0, 1, 3]).await;
    let never = simulate(&never).await;
    for world in [&world, &world.restarted(8).await] {
        let after = simulate(world).await;
        assert_eq!(after.gathered, without);
        assert_eq!(named(&after), ids(&left));
        // The counts and sums are those of a district that never knew the household.
        assert_eq!(sums(&after.tally), sums(&never.tally));
        assert_ne!(sums(&after.tally), sums(&before.tally));
        assert_eq!(filed(world).await, (left.to_vec(), without));
    }
}

/// What the request would be told: fields and reasons.
fn refused<T>(result: Result<T, BrokerError>) -> Vec<(String, String)> {
    let error = result.err().unwrap();
    let fields = error.fields().iter();
    fields.map(|f| (f.field.to_string(), f.reason.to_string())).collect()
}

#[tokio::test(start_paused = true)]
async fn where_nobody_was_verified_there_is_no_result_of_zeros() {
    let (world, _) = verified(&[0]).await;
    let told = |field: &str, reason: &str| vec![(field.to_owned(), reason.to_owned())];
    let try_on = async |district: &str, from: &str, town: Option<&str>| {
        let known = |id: &str| PackChoice::Known {
            id: id.to_owned(),
            version: "1".to_owned(),
        };
        let ask = SimulateAsk {
            district: district.to_owned(),
            from: known(from),
            to: known(from),
            terms: Terms {
                town: town.and_then(hedui_core::Town::parse),
                ..Terms::default()
            },
            purpose: String::new(),
        };
        world.broker.simulate(&ask, FIRST, &mut |_| true).await
    };
    let urban = "dibao-dachuan-urban";
    assert!(try_on(DISTRICT, urban, None).await.is_ok());
    assert_eq!(
        refused(try_on("999999", urban, None).await),
        told("district_code", "UNKNOWN_DISTRICT")
    );
    assert_eq!(
        refused(try_on("220882", urban, None).await),
        told("district_code", "UNKNOWN_DISTRICT")
    );
    // A district with packs, where nobody was verified; one of another residence; a town without anybody.
    let nobody = told("district_code", "NO_HOUSEHOLDS");
    assert_eq!(refused(try_on("220882", "dibao-daan-urban", None).await), nobody);
    assert_eq!(refused(try_on(DISTRICT, "dibao-dachuan-rural", None).await), nobody);
    assert_eq!(refused(try_on(DISTRICT, urban, Some("511703999")).await), nobody);

    let export = async |district: &str, programme: &str| {
        let programme = ProgrammeId::new(programme).unwrap();
        let ask = (district, &programme, "a study");
        world.broker.filed_households(ask, SECOND, &mut |_, _| true).await
    };
    assert!(export(DISTRICT, "dibao").await.is_ok());
    assert_eq!(
        refused(export(DISTRICT, "nosuch").await),
        told("programme", "UNKNOWN_PROGRAMME")
    );
    assert_eq!(
        refused(export("220882", "legal-aid").await),
        told("district_code", "UNKNOWN_DISTRICT")
    );
    assert_eq!(refused(export(DISTRICT, "legal-aid").await), nobody);
}
