//! Codes are stable, distinct and read back; a sealed part is the part.
//! Leaves what parts mean to the tests of facts.

use proptest::prelude::*;

use super::*;

/// A list as reports hold it.
#[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
struct List(#[serde(with = "sealed")] Vec<Part>);

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

fn part() -> impl Strategy<Value = Part> {
    let parts = (
        any::<u32>(),
        prop::sample::select(Aspect::ALL),
        any::<i64>(),
        treatment(),
    );
    parts.prop_map(|(source, aspect, amount, treatment)| Part {
        source,
        aspect,
        amount,
        treatment,
    })
}

#[test]
fn the_sealed_form_is_the_documented_one() {
    let parts = vec![
        Part {
            source: 300,
            aspect: Aspect::Balance,
            amount: -2,
            treatment: Treatment::Counted,
        },
        Part {
            source: 1,
            aspect: Aspect::Whole,
            amount: 150,
            treatment: Treatment::Duplicate {
                of: 200,
                by: Because::UnitNumber,
            },
        },
    ];
    let text = serde_json::to_string(&List(parts)).unwrap();
    assert_eq!(text, "[172,2,2,3,0,1,0,172,2,1,36,200,1]");
}

proptest! {
    #[test]
    fn sealed_parts_are_the_parts_in_every_format(parts in prop::collection::vec(part(), 0..20)) {
        let list = List(parts);
        let text = serde_json::to_string(&list).unwrap();
        prop_assert_eq!(&serde_json::from_str::<List>(&text).unwrap(), &list);
        let bytes = rmp_serde::to_vec(&list).unwrap();
        prop_assert_eq!(&rmp_serde::from_slice::<List>(&bytes).unwrap(), &list);
    }

    #[test]
    fn a_list_with_an_unknown_code_or_a_torn_end_is_refused(aspect in 200u8.., treatment in 5u8.., because in 200u8.., list in part()) {
        for bytes in [vec![1, aspect, 5, 0], vec![1, 0, 5, treatment], vec![1, 0, 5, 2, because], vec![0xFF; 12]] {
            let read = serde_json::from_str::<List>(&format!("{bytes:?}"));
            prop_assert!(read.is_err());
        }
        let text = serde_json::to_string(&List(vec![list])).unwrap();
        let torn = text.rsplit_once(',').unwrap().0.to_owned() + "]";
        prop_assert!(serde_json::from_str::<List>(&torn).is_err());
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let read = serde_json::from_str::<List>(&format!("{bytes:?}"));
        prop_assert!(read.is_err() || read.unwrap().0.len() <= bytes.len());
    }
}
