//! What is filed comes back from its bytes, has one encoding, and no bytes make reading it panic.
//! Leaves the snapshots in it to `snapshot`.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::Needs;
use crate::testing::{Case, shipped};

fn snapshots() -> Vec<Snapshot> {
    let pack = shipped("dibao-daan-rural");
    let needs = Arc::new(Needs::of_packs([pack]).unwrap());
    let take = |case: &Case| case.with_facts(|facts| Snapshot::of_facts(facts, &[], &needs).unwrap());
    vec![take(&Case::daan()), take(&Case::single("2018-06-01"))]
}

fn programmes() -> impl Strategy<Value = Vec<ProgrammeId>> {
    let ids =
        ["dibao", "low-income", "extreme-poverty", "temporary-assistance"].map(|id| ProgrammeId::new(id).unwrap());
    prop::sample::subsequence(ids.to_vec(), 0..=4).prop_shuffle()
}

proptest! {
    #[test]
    fn what_is_filed_comes_back(
        number in 0u32..1_000_000,
        rural in any::<bool>(),
        town in prop::option::of((1u64..1_000, 0u64..1_000)),
        programmes in programmes(),
        count in 0usize..=2,
    ) {
        let district = DivisionCode::new(number).unwrap();
        let residence = if rural { Residence::Rural } else { Residence::Urban };
        let town = town.map(|(town, village)| Town::new((u64::from(number) * 1_000 + town) * 1_000 + village).unwrap());
        let snapshots: Vec<Snapshot> = snapshots().into_iter().take(count).collect();
        let bytes = Filed::encode((district, residence, town), &programmes, &snapshots).unwrap();
        let read = Filed::read(&bytes).unwrap();
        prop_assert_eq!((read.district, read.residence, read.town), (district, residence, town));
        let mut sorted: Vec<&str> = programmes.iter().map(ProgrammeId::as_str).collect();
        sorted.sort_unstable();
        prop_assert_eq!(read.programmes().collect::<Vec<_>>(), sorted);
        let back: Vec<Snapshot> = read.snapshots().map(|bytes| Snapshot::decode(bytes).unwrap()).collect();
        prop_assert_eq!(back, snapshots);
        for end in 0..bytes.len() {
            prop_assert!(Filed::read(&bytes[..end]).is_err());
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert_eq!(Filed::read(&longer), Err(SnapshotError::Malformed { field: "end" }));
    }

    #[test]
    fn no_bytes_panic_and_none_has_two_meanings(at in 0usize..400, value in any::<u8>(), noise in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Filed::read(&noise);
        let district = DivisionCode::parse("220882").unwrap();
        let programmes = [ProgrammeId::new("dibao").unwrap()];
        let mut bytes = Filed::encode((district, Residence::Rural, None), &programmes, &snapshots()).unwrap();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(read) = Filed::read(&bytes) {
            let programmes: Vec<ProgrammeId> = read.programmes().map(|id| ProgrammeId::new(id).unwrap()).collect();
            let decoded: Result<Vec<Snapshot>, _> = read.snapshots().map(Snapshot::decode).collect();
            if let Ok(snapshots) = decoded {
                let again = Filed::encode((read.district, read.residence, read.town), &programmes, &snapshots);
                prop_assert_eq!(again.unwrap(), bytes);
            }
        }
    }
}
