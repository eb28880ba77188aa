//! Words and records survive being written and read, and nothing unknown is read.
//! Leaves what records mean to the figures.

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;
use crate::testing::any_body;

fn words<T: Copy + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned>(
    all: &[T],
    word: fn(T) -> &'static str,
    from_word: fn(&str) -> Option<T>,
) {
    for value in all {
        let json = format!("\"{}\"", word(*value));
        assert_eq!(serde_json::to_string(value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *value);
        assert_eq!(from_word(word(*value)), Some(*value));
    }
    assert_eq!(from_word("no such word"), None);
    assert!(serde_json::from_str::<T>("\"no such word\"").is_err());
}

#[test]
fn every_word_is_the_serde_name() {
    macro_rules! check {
        ($($name:ident),+ $(,)?) => { $(words($name::ALL, $name::word, $name::from_word);)+ };
    }
    check!(
        RecordType,
        RegistrationStatus,
        RegistrationClass,
        MarriageStatus,
        VehicleKind,
        VehicleUse,
        VehicleStatus,
        RealEstateKind,
        FinancialAssetKind,
        EmploymentStatus,
        PensionKind,
        IncomeKind,
        BusinessRole,
        BusinessStatus,
        LandKind,
        SchoolStage,
        DisabilityKind,
        AssistancePeriod,
        AssistanceStatus,
    );
}

proptest! {
    #[test]
    fn a_record_reads_back_as_itself_and_refuses_an_unknown_field(body in any_body()) {
        let record = Record { reference: "r1".into(), body };
        let mut json = serde_json::to_value(&record).unwrap();
        prop_assert_eq!(&serde_json::from_value::<Record>(json.clone()).unwrap(), &record);
        prop_assert_eq!(json["type"].as_str(), Some(record.body.record_type().word()));
        json["surprise"] = 1.into();
        prop_assert!(serde_json::from_value::<Record>(json).is_err());
    }
}

#[test]
fn a_record_in_debug_output_shows_its_type_only() {
    let body = RecordBody::Marriage(Marriage {
        status: MarriageStatus::Married,
        spouse_id_number: crate::testing::id(1980, 1).into(),
        spouse_name: "测试甲".into(),
        registered_on: None,
    });
    assert_eq!(format!("{body:?}"), "marriage(..)");
}
