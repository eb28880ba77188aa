//! Codes of towns: what is one, and what lies in what.
//! Leaves where they are used to `household` and the simulation of packs.

use proptest::prelude::*;

use super::*;

#[test]
fn a_village_lies_in_its_township_and_in_no_other() {
    let town = |text| Town::parse(text).unwrap();
    assert!(town("511703101").contains(town("511703101206")));
    assert!(!town("511703101206").contains(town("511703101")));
    assert!(!town("511703102").contains(town("511703101206")));
    assert_eq!(town("511703101000"), town("511703101"));
    assert_eq!(town("511703101206").district(), DivisionCode::parse("511703"));
}

#[test]
fn what_is_no_code_is_refused() {
    for text in [
        "",
        "511703",
        "511703000",
        "511703000001",
        "51170310",
        "5117031012",
        "51170310a",
        "５11703101",
    ] {
        assert_eq!(Town::parse(text), None, "{text}");
    }
    assert_eq!(Town::new(u64::MAX), None);
}

proptest! {
    #[test]
    fn a_code_is_written_as_it_is_read(district in 0u64..1_000_000, township in 1u64..1_000, village in 0u64..1_000) {
        let town = Town::new((district * 1_000 + township) * 1_000 + village).unwrap();
        prop_assert_eq!(Town::parse(&town.to_string()), Some(town));
        prop_assert_eq!(Town::new(town.number()), Some(town));
        prop_assert!(town.township().contains(town));
        prop_assert_eq!(u64::from(town.district().unwrap().number()), district);
        prop_assert_eq!(town.to_string().len(), if village == 0 { 9 } else { 12 });
    }
}
