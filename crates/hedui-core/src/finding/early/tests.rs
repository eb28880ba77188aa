//! Early warnings: nothing changed tells nothing, silence tells nothing, order never matters, and each change is told.
//! Leaves figures to their own tests.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::AnswerState;
use crate::household::Household;
use crate::record::RecordType as T;
use crate::testing::*;

fn warnings(then: (&Household, &[Said]), now: (&Household, &[Said])) -> Vec<Finding> {
    ask(then.0, then.1, |before| {
        ask(now.0, now.1, |after| {
            early_warnings(before, after, EarlyWarnings::default())
        })
    })
}

fn reversed(said: &[Said]) -> Vec<Said> {
    let mut other = said.to_vec();
    other.reverse();
    for answer in other.iter_mut().flat_map(|department| &mut department.subjects) {
        if let AnswerState::Found { records } = &mut answer.state {
            records.reverse();
        }
    }
    other
}

proptest! {
    #[test]
    fn two_sets_that_say_the_same_tell_nothing_in_whatever_order(household in any_household(), said in any_said()) {
        prop_assert_eq!(warnings((&household, &said), (&household, &said)), []);
        prop_assert_eq!(warnings((&household, &said), (&household, &reversed(&said))), []);
    }

    #[test]
    fn departments_that_fall_silent_tell_nothing(household in any_household(), said in any_said()) {
        let mut silenced = said.clone();
        for answer in silenced.iter_mut().flat_map(|department| &mut department.subjects) {
            answer.state = SILENCE;
        }
        prop_assert_eq!(warnings((&household, &said), (&household, &silenced)), []);
    }

    #[test]
    fn order_never_matters(household in any_household(), then in any_said(), now in any_said()) {
        let as_said = warnings((&household, &then), (&household, &now));
        let otherwise = warnings((&household, &reversed(&then)), (&household, &reversed(&now)));
        let codes = |found: &[Finding]| found.iter().map(|f| (f.code.clone(), f.subject)).collect::<Vec<_>>();
        prop_assert_eq!(codes(&as_said), codes(&otherwise));
    }
}

fn body(value: serde_json::Value) -> RecordBody {
    serde_json::from_value(value).unwrap()
}

/// What a change of one register's records about the applicant tells.
fn change(types: &[T], then: &[serde_json::Value], now: &[serde_json::Value]) -> Vec<Finding> {
    let household = checked(family());
    let of = |records: &[serde_json::Value]| vec![says("register", types, records.iter().cloned().map(body).collect())];
    warnings((&household, &of(then)), (&household, &of(now)))
}

fn codes(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|f| f.code.as_str()).collect()
}

#[test]
fn each_change_is_told_with_its_record_and_department() {
    let car =
        |plate: &str| json!({"type": "vehicle", "plate": plate, "kind": "car", "usage": "private", "status": "normal"});
    let flat = |unit: &str, kind: &str| json!({"type": "real_estate", "unit_number": unit, "kind": kind});
    let shop = json!({"type": "business", "credit_code": "X", "role": "sole_trader", "status": "active"});
    let job = |from: &str| json!({"type": "employment", "status": "employed", "employer_name": "厂", "from": from});
    let registered = json!({"type": "registration", "status": "active", "division_code": "511703"});
    let dead =
        json!({"type": "registration", "status": "cancelled", "division_code": "511703", "deceased_on": "2026-10-02"});
    let help = |place: &str| json!({"type": "assistance", "programme": "dibao", "amount": 100, "period": "monthly", "division_code": place, "status": "drawing"});
    type Row = (
        &'static [T],
        Vec<serde_json::Value>,
        Vec<serde_json::Value>,
        &'static str,
        usize,
    );
    let rows: Vec<Row> = vec![
        (&[T::Vehicle], vec![], vec![car("川A1")], "NEW_VEHICLE", 1),
        // One sold and another bought: as many as before, and new all the same.
        (&[T::Vehicle], vec![car("川A1")], vec![car("川A2")], "NEW_VEHICLE", 1),
        (
            &[T::RealEstate],
            vec![flat("1", "dwelling")],
            vec![flat("2", "dwelling"), flat("1", "dwelling")],
            "NEW_DWELLING",
            1,
        ),
        (&[T::RealEstate], vec![], vec![flat("3", "shop")], "NEW_REAL_ESTATE", 1),
        (&[T::Business], vec![], vec![shop], "NEW_BUSINESS", 1),
        (&[T::Employment], vec![], vec![job("2026-09")], "NEW_JOB", 1),
        (&[T::Registration], vec![registered], vec![dead], "MEMBER_DIED", 1),
        (
            &[T::Assistance],
            vec![help("511703")],
            vec![help("511703"), help("511702")],
            "NEW_ASSISTANCE",
            1,
        ),
    ];
    for (types, then, now, code, parts) in rows {
        let found = change(types, &then, &now);
        assert_eq!(codes(&found), [code]);
        assert_eq!((found[0].parts.len(), found[0].departments.len()), (parts, 1), "{code}");
        assert!(!found[0].message.zh.is_empty() && !found[0].message.en.is_empty());
        // The other way about nothing of the kind is new.
        assert!(
            !codes(&change(types, &now, &then)).contains(&code) || then.len() == now.len(),
            "{code}"
        );
    }
}

#[test]
fn a_thing_is_known_by_any_of_its_records_in_whatever_order() {
    let car = |number: &str, plate: &str| json!({"type": "vehicle", "identification_number": number, "plate": plate, "kind": "car", "usage": "private", "status": "normal"});
    let then = [car("", "川S1")];
    let (first, second) = (car("LSVAG2180E2100001", "川S2"), car("LSVAG2180E2100001", "川S1"));
    for now in [[first.clone(), second.clone()], [second, first.clone()]] {
        assert_eq!(codes(&change(&[T::Vehicle], &then, &now)), [""; 0]);
    }
    assert_eq!(codes(&change(&[T::Vehicle], &then, &[first])), ["NEW_VEHICLE"]);
}

#[test]
fn who_left_school_or_came_of_age_is_told() {
    let pupil = json!({"type": "enrolment", "school": "校", "stage": "senior_secondary", "from": "2024-09-01", "full_time": true});
    let pupil = [pupil];
    let left = change(&[T::Enrolment], &pupil, &[]);
    assert_eq!(codes(&left), ["LEFT_SCHOOL"]);
    assert_eq!(left[0].departments[0].as_str(), "register");
    assert_eq!(codes(&change(&[T::Enrolment], &[], &pupil)), [""; 0]);

    let grown = |year| {
        let mut input = family();
        input.members[2].id_number = id(year, 3);
        checked(input)
    };
    let then = grown(2009);
    // The same person a year older: the earlier verification was about an earlier day.
    let earlier = Household::check(
        {
            let mut input = family();
            input.members[2].id_number = id(2008, 3);
            input
        },
        jiff::civil::date(2026, 5, 31),
    );
    assert_eq!(
        codes(&warnings((&earlier.unwrap(), &[]), (&grown(2008), &[]))),
        ["CAME_OF_AGE"]
    );
    // Another child is another person.
    assert_eq!(codes(&warnings((&then, &[]), (&grown(2008), &[]))), [""; 0]);
}

#[test]
fn illness_is_told_beyond_the_share_and_only_where_it_is_certain() {
    let bill = |own: i64| json!({"type": "medical_expense", "paid_on": "2026-06-01", "total": 9_000_000, "own_cost_in_scope": own});
    let of = |then: i64, now: i64| change(&[T::MedicalExpense], &[bill(then)], &[bill(now)]);
    assert_eq!(codes(&of(100_000, 150_000)), [""; 0]);
    let found = of(100_000, 150_001);
    assert_eq!(codes(&found), ["ILLNESS_COSTS_RISEN"]);
    assert!(found[0].message.zh.contains("1000元") && found[0].message.zh.contains("1500.01元"));
    assert_eq!(codes(&of(150_001, 100_000)), [""; 0]);
    assert_eq!(
        codes(&change(&[T::MedicalExpense], &[], &[bill(1)])),
        ["ILLNESS_COSTS_RISEN"]
    );
    // A register that did not answer then may have known of as much.
    let household = checked(family());
    let now = [says("register", &[T::MedicalExpense], vec![body(bill(150_001))])];
    let silent = [silent("register", &[T::MedicalExpense])];
    assert_eq!(codes(&warnings((&household, &silent), (&household, &now))), [""; 0]);
}
