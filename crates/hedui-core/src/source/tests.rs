//! Sources name every record that a part rests on, say what it is, and hold no personal data.
//! Leaves what parts add up to to the tests of facts.

use proptest::prelude::*;

use crate::dates::Months;
use crate::part::{Aspect, Treatment};
use crate::record::RecordType;
use crate::source::{Origin, RecordAt};
use crate::testing::*;

proptest! {
    /// Whatever a figure rests on can be looked up, at the department and of the member that the record is of.
    #[test]
    fn every_part_has_its_source(household in any_household(), said in any_said(), window in windows()) {
        for fact in all_facts() {
            let (figure, sources, departments) = ask(&household, &said, |f| {
                let figure = f.figure(fact, None, window);
                let sources = f.sources(&figure.parts);
                let departments: Vec<_> = figure.parts.iter().map(|p| f.department_of(p.source).cloned()).collect();
                (figure, sources, departments)
            });
            prop_assert!(sources.is_sorted_by(|a, b| a.id < b.id));
            prop_assert!(sources.iter().all(|s| s.record_type.is_none() || !s.label.is_empty()), "a record that is not found again");
            for (part, department) in figure.parts.iter().zip(departments) {
                let source = sources.iter().find(|s| s.id == part.source).unwrap();
                prop_assert_eq!(&source.department, &department);
                prop_assert_eq!(source.department.is_none(), source.record_type.is_none());
                prop_assert!(!source.label_of(part).is_empty());
                prop_assert!((source.subject as usize) < household.members.len());
                if let Treatment::Duplicate { of, .. } = part.treatment {
                    let original = sources.iter().find(|s| s.id == of).unwrap();
                    prop_assert_eq!(original.department.is_some(), source.department.is_some());
                }
            }
            let named = |id: u32| figure.parts.iter().any(|p| {
                p.source == id || matches!(p.treatment, Treatment::Duplicate { of, .. } if of == id)
            });
            prop_assert!(sources.iter().all(|s| named(s.id)), "a source that nothing rests on");
        }
    }
}

/// A list as reports hold it.
#[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
struct List(#[serde(with = "super::sealed")] Vec<Origin>);

fn origin() -> impl Strategy<Value = Origin> {
    let record = (any::<u32>(), prop::sample::select(RecordType::ALL), any::<u32>());
    let record = proptest::option::of(record.prop_map(|(department, record_type, nth)| RecordAt {
        department: department.min(u32::MAX - 2),
        record_type,
        nth,
    }));
    let paper = proptest::option::of(any::<u32>());
    (any::<u32>(), any::<u32>(), record, paper).prop_map(|(id, subject, record, paper)| Origin {
        id,
        subject,
        record,
        // A record is no paper.
        paper: paper.filter(|_| record.is_none()),
    })
}

proptest! {
    #[test]
    fn sealed_origins_are_the_origins(origins in proptest::collection::vec(origin(), 0..20)) {
        let list = List(origins);
        let bytes = rmp_serde::to_vec(&list).unwrap();
        prop_assert_eq!(&rmp_serde::from_slice::<List>(&bytes).unwrap(), &list);
        let text = serde_json::to_string(&list).unwrap();
        prop_assert_eq!(&serde_json::from_str::<List>(&text).unwrap(), &list);
    }

    #[test]
    fn no_bytes_make_reading_origins_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        let read = serde_json::from_str::<List>(&format!("{bytes:?}"));
        prop_assert!(read.is_err() || read.unwrap().0.len() <= bytes.len());
    }
}

#[test]
fn the_sealed_form_is_the_documented_one() {
    let origins = vec![
        Origin {
            id: 300,
            subject: 2,
            record: Some(RecordAt {
                department: 4,
                record_type: RecordType::Vehicle,
                nth: 1,
            }),
            paper: None,
        },
        Origin {
            id: 301,
            subject: 0,
            record: None,
            paper: None,
        },
        Origin {
            id: 302,
            subject: 1,
            record: None,
            paper: Some(3),
        },
    ];
    let text = serde_json::to_string(&List(origins)).unwrap();
    assert_eq!(text, "[172,2,2,5,2,1,173,2,0,0,174,2,1,255,255,255,255,15,3]");
}

#[test]
fn a_declaration_is_labelled_by_what_it_declares() {
    let mut input = family();
    input.declared.vehicles = Some(2);
    let household = checked(input);
    let said = [silent("police", &[RecordType::Vehicle])];
    let (labels, subjects) = ask(&household, &said, |f| {
        let figure = f.figure(crate::facts::Fact::Vehicles, None, Months::before(as_of(), 1));
        let sources = f.sources(&figure.parts);
        let labels: Vec<_> = figure.parts.iter().zip(&sources).map(|(p, s)| s.label_of(p)).collect();
        (labels, sources.iter().map(|s| s.subject).collect::<Vec<_>>())
    });
    assert_eq!(labels, [Aspect::BeyondRegisters.text()]);
    assert_eq!(subjects, [0]);
}
