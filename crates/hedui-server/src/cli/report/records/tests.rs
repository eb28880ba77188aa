//! Every label and reason that a server can write is read in Chinese: a paper for a court in Chinese has no English left in it.
//! Leaves the labels themselves to `hedui_core::source`.

use hedui_core::record::*;

use super::*;

fn is_chinese(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_alphabetic())
}

/// The labels of `hedui_core::source`, of every kind of record with each of its words.
fn labels() -> Vec<(&'static str, String)> {
    let mut all = Vec::new();
    let mut add = |of: RecordType, label: String| all.push((of.word(), label));
    let day = "2026-10-01";
    for one in [
        (RecordType::Registration, "household registration"),
        (RecordType::Marriage, "marriage in force"),
        (RecordType::ProvidentFund, "provident fund"),
        (RecordType::Employment, "employment"),
        (RecordType::Employment, "unemployment benefit a month"),
        (RecordType::SocialInsurance, "social insurance"),
        (RecordType::PublicPayroll, "public salary a month"),
        (RecordType::MedicalExpense, "medical bill of 2026-10"),
        (RecordType::Subsidy, "subsidy of 2026"),
        (RecordType::Assistance, "draws another programme, once"),
    ] {
        add(one.0, one.1.to_owned());
    }
    for status in MarriageStatus::ALL {
        add(RecordType::Marriage, format!("marriage {}", status.word()));
    }
    for usage in VehicleUse::ALL {
        for kind in VehicleKind::ALL {
            for status in VehicleStatus::ALL {
                let label = format!("{} {}, {}", usage.word(), kind.word(), status.word());
                add(RecordType::Vehicle, label);
            }
        }
    }
    for kind in RealEstateKind::ALL {
        add(RecordType::RealEstate, format!("{}, share 1/2", kind.word()));
    }
    for kind in FinancialAssetKind::ALL {
        add(RecordType::FinancialAsset, kind.word().to_owned());
        add(RecordType::FinancialAsset, format!("{} on {day}", kind.word()));
    }
    for kind in PensionKind::ALL {
        add(RecordType::Pension, format!("{} pension a month", kind.word()));
    }
    for what in ["wage", "business income", "property income", "transfer income"] {
        add(RecordType::Income, format!("{what} 2026-09 to 2026-10"));
    }
    for role in BusinessRole::ALL {
        for status in BusinessStatus::ALL {
            add(RecordType::Business, format!("{}, {}", role.word(), status.word()));
        }
    }
    for kind in LandKind::ALL {
        add(RecordType::Land, format!("rent of {} a year", kind.word()));
    }
    for stage in SchoolStage::ALL {
        add(RecordType::Enrolment, format!("enrolment {}", stage.word()));
    }
    for kind in DisabilityKind::ALL {
        add(RecordType::Disability, format!("disability {} grade 2", kind.word()));
    }
    for period in AssistancePeriod::ALL {
        add(RecordType::Assistance, format!("draws dibao, {}", period.word()));
    }
    all
}

#[test]
fn every_record_has_a_label_in_chinese_whatever_side_of_it_is_shown() {
    let known = |id: &str| (id == "dibao").then(|| "最低生活保障".to_owned());
    let all = labels();
    for of in RecordType::ALL {
        assert!(all.iter().any(|(word, _)| *word == of.word()), "{of:?}");
    }
    for (of, text) in &all {
        let read = label(text, of, known).unwrap_or_else(|| panic!("{of}: {text}"));
        assert!(is_chinese(&read), "{text}: {read}");
        for side in Aspect::ALL.iter().filter(|side| **side != Aspect::Whole) {
            let with_side = label(&format!("{text}: {}", side.text()), of, known).unwrap();
            assert_eq!(with_side, format!("{read}：{}", aspect(*side)));
            assert_eq!(label(side.text(), "", known).as_deref(), Some(aspect(*side)));
        }
    }
}

#[test]
fn what_papers_state_is_told_in_chinese() {
    let nothing = |_: &str| None;
    for word in Circumstance::ALL {
        let text = format!("stated: {} since 2024-05-01 until 2026-01-01, number 2", word.word());
        let read = label(&text, "", nothing).unwrap();
        assert!(
            read.contains(word.title().0) && read.ends_with("，自 2024-05-01，至 2026-01-01，2"),
            "{read}"
        );
        assert!(label(&format!("stated: {}", word.word()), "", nothing).is_some());
    }
    for relation in hedui_core::household::Relation::ALL
        .iter()
        .filter(|r| r.word() != "applicant")
    {
        let text = format!(
            "stated supporter: {}, household of 2, unable to support",
            relation.word()
        );
        let read = label(&text, "", nothing).unwrap();
        assert!(is_chinese(&read) && read.ends_with("家庭 2 人，无赡养能力"), "{read}");
    }
}

#[test]
fn every_reason_is_told_in_chinese_and_no_two_are_the_same() {
    let mut read: Vec<&str> = Because::ALL.iter().map(|one| because(one.text()).unwrap()).collect();
    assert!(read.iter().all(|text| is_chinese(text)));
    read.sort_unstable();
    read.dedup();
    assert_eq!(read.len(), Because::ALL.len());
}

#[test]
fn what_is_not_known_here_is_left_as_it_is() {
    for (text, of) in [
        ("wealth of 2030", "vehicle"),
        ("", "vehicle"),
        ("a new thing", ""),
        ("x", "new_type"),
    ] {
        assert_eq!(label(text, of, |_| None), None, "{text}");
    }
    assert_eq!(because("a new reason"), None);
}
