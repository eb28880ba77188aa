//! Codes are stable, distinct and read back; a sealed part is the part.
//! Leaves what parts mean to the tests of facts.

use proptest::prelude::*;

use super::*;

#[test]
fn every_code_is_its_own_and_reads_back() {
    for (at, because) in Because::ALL.iter().enumerate() {
        assert_eq!(Because::from_code(because.code()), Some(*because));
        // Codes are numbered in order, so that a new one is visibly new.
        assert_eq!(usize::from(because.code()), at + 1);
        assert!(!because.text().is_empty());
    }
    for (at, aspect) in Aspect::ALL.iter().enumerate() {
        assert_eq!(Aspect::from_code(aspect.code()), Some(*aspect));
        assert_eq!(usize::from(aspect.code()), at);
    }
}

fn treatment() -> impl Strategy<Value = Treatment> {
    let because = || prop::sample::select(Because::ALL);
    prop_oneof![
        Just(Treatment::Counted),
        Just(Treatment::Declared),
        (any::<u32>(), because()).prop_map(|(of, by)| Treatment::Duplicate { of, by }),
        because().prop_map(|rule| Treatment::Disregarded { rule }),
        because().prop_map(|why| Treatment::Uncertain { why }),
    ]
}

proptest! {
    #[test]
    fn a_sealed_part_is_the_part(
        source in any::<u32>(), aspect in prop::sample::select(Aspect::ALL), amount in any::<i64>(), treatment in treatment(),
    ) {
        let part = Part { source, aspect, amount, treatment };
        let text = serde_json::to_string(&part).unwrap();
        prop_assert_eq!(serde_json::from_str::<Part>(&text).unwrap(), part);
    }

    #[test]
    fn a_part_with_an_unknown_code_is_refused(aspect in 200u8.., treatment in 5u8.., because in 200u8..) {
        for text in [
            format!("[1,{aspect},5,0,0,0]"),
            format!("[1,0,5,{treatment},0,0]"),
            format!("[1,0,5,2,{because},0]"),
        ] {
            prop_assert!(serde_json::from_str::<Part>(&text).is_err());
        }
    }
}
