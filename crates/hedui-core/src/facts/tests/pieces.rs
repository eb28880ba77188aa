//! Flats, vehicles and businesses: each once, and open where registers disagree.
//! Leaves the laws over any answers to the parent.

use crate::bounds::{Bounds, Figure};
use crate::dates::Months;
use crate::facts::{AREA_UNKNOWN, CONFLICTING_SOURCES, DOUBTFUL_MATCH, Fact, IMPLAUSIBLE_RECORD, PERIOD_UNCERTAIN};
use crate::record::*;
use crate::testing::*;

use RecordType as T;

fn flat(unit: &str, share: (u32, u32), disposed: Option<&str>) -> RecordBody {
    RecordBody::RealEstate(RealEstate {
        unit_number: unit.into(),
        address: "一号".into(),
        kind: RealEstateKind::Dwelling,
        area_centiares: None,
        share_numerator: share.0,
        share_denominator: share.1,
        acquired_on: None,
        disposed_on: disposed.map(date),
        price: None,
    })
}

fn placed(unit: &str, address: &str) -> RecordBody {
    match flat(unit, (1, 1), None) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            address: address.into(),
            ..body
        }),
        other => other,
    }
}

fn car(number: &str, usage: VehicleUse, status: VehicleStatus) -> RecordBody {
    RecordBody::Vehicle(Vehicle {
        plate: "川S12345".into(),
        identification_number: number.into(),
        kind: VehicleKind::Car,
        usage,
        status,
        registered_on: None,
        value: None,
    })
}

fn shop(role: BusinessRole) -> RecordBody {
    RecordBody::Business(Business {
        credit_code: "C1".into(),
        name: Default::default(),
        role,
        status: BusinessStatus::Active,
        capital: None,
        registered_on: None,
    })
}

fn figure(said: &[Said], fact: Fact) -> Figure {
    let household = checked(family());
    ask(&household, said, |f| {
        f.figure(fact, None, Months::before(as_of(), 1)).as_ref().clone()
    })
}

fn homes(said: &[Said]) -> Figure {
    figure(said, Fact::Dwellings)
}

fn housing(bodies: Vec<RecordBody>) -> Said {
    says("housing", &[T::RealEstate], bodies)
}

fn city(bodies: Vec<RecordBody>) -> Said {
    says("city", &[T::RealEstate, T::Vehicle], bodies)
}

const WHOLE: (u32, u32) = (1, 1);

#[test]
fn two_flats_are_two_and_one_flat_seen_twice_is_one() {
    let two = [housing(vec![placed("U1", "一号"), placed("U2", "二号")])];
    assert_eq!(homes(&two).bounds, Bounds::exactly(2));
    let one = [
        housing(vec![flat("U1", WHOLE, None)]),
        city(vec![flat(" u1", WHOLE, None)]),
    ];
    assert_eq!(homes(&one).bounds, Bounds::exactly(1));
}

#[test]
fn half_shares_of_husband_and_wife_are_one_flat_and_his_sale_does_not_undo_hers() {
    for sold in [None, Some("2020-05-01")] {
        let answers = vec![
            found(vec![flat("U1", (1, 2), sold)]),
            found(vec![flat("U1", (1, 2), None)]),
            found(vec![]),
        ];
        assert_eq!(
            homes(&[said("housing", &[T::RealEstate], answers)]).bounds,
            Bounds::exactly(1)
        );
    }
}

#[test]
fn a_share_of_nothing_hides_no_flat() {
    let figure = homes(&[housing(vec![flat("U1", (0, 0), None)])]);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(0, 1), vec![IMPLAUSIBLE_RECORD.into()])
    );
    assert_eq!(
        homes(&[housing(vec![flat("U1", (3, 2), None)])]).bounds,
        Bounds::exactly(1)
    );
    assert_eq!(homes(&[housing(vec![flat("U1", (0, 1), None)])]).bounds, Bounds::ZERO);
}

#[test]
fn an_area_is_open_by_whatever_any_record_of_the_flat_says() {
    let sized = |unit, share, area| match flat(unit, share, None) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            area_centiares: area,
            ..body
        }),
        other => other,
    };
    let area = |said: &[Said]| {
        let figure = figure(said, Fact::DwellingArea);
        (figure.bounds, figure.open)
    };
    let conflict = vec![CONFLICTING_SOURCES.into()];
    let unknown = vec![AREA_UNKNOWN.into()];
    let open = Bounds::NON_NEGATIVE;
    let (mine, nothing) = (sized("U1", WHOLE, Some(6_000)), (0, 1));
    for (other, expected) in [
        (sized("U1", WHOLE, Some(6_000)), (Bounds::exactly(6_000), vec![])),
        (
            sized("U1", WHOLE, Some(5_000)),
            (Bounds::between(5_000, 6_000), conflict.clone()),
        ),
        (sized("U1", WHOLE, None), (open, unknown.clone())),
        (
            sized("U1", nothing, Some(5_000)),
            (Bounds::between(5_000, 6_000), conflict),
        ),
        (sized("U1", nothing, None), (open, unknown)),
        // A flat of which they have nothing may have any size.
        (sized("U2", nothing, None), (Bounds::exactly(6_000), vec![])),
    ] {
        assert_eq!(
            area(&[housing(vec![mine.clone(), other.clone()])]),
            expected,
            "{other:?}"
        );
    }
}

#[test]
fn one_unit_of_two_kinds_is_open_and_never_two_things() {
    let unit = |unit: &str, kind| match flat(unit, WHOLE, None) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate { kind, ..body }),
        other => other,
    };
    let found = |said: &[Said], fact| {
        let figure = figure(said, fact);
        (figure.bounds, figure.open)
    };
    let (dwelling, shop) = (RealEstateKind::Dwelling, RealEstateKind::Shop);
    let conflict = || vec![CONFLICTING_SOURCES.into()];
    let said = [housing(vec![unit("U1", dwelling)]), city(vec![unit("U1", shop)])];
    for fact in [Fact::Dwellings, Fact::OtherRealEstate] {
        assert_eq!(found(&said, fact), (Bounds::between(0, 1), conflict()), "{fact:?}");
    }
    // Without a number the address tells that it may be the same.
    let said = [housing(vec![unit("U1", dwelling)]), city(vec![unit("", shop)])];
    for fact in [Fact::Dwellings, Fact::OtherRealEstate] {
        assert_eq!(
            found(&said, fact),
            (Bounds::between(0, 1), vec![DOUBTFUL_MATCH.into()]),
            "{fact:?}"
        );
    }
    let said = [housing(vec![unit("U1", dwelling)]), city(vec![unit("U2", shop)])];
    for fact in [Fact::Dwellings, Fact::OtherRealEstate] {
        assert_eq!(found(&said, fact).0, Bounds::between(0, 1), "one place, two registers");
    }
    let said = [housing(vec![unit("U1", dwelling), unit("U2", shop)])];
    for fact in [Fact::Dwellings, Fact::OtherRealEstate] {
        assert_eq!(
            found(&said, fact),
            (Bounds::exactly(1), vec![]),
            "two units of one register are two"
        );
    }
    let said = [
        housing(vec![unit("U1", dwelling)]),
        city(vec![unit("U1", RealEstateKind::Homestead)]),
    ];
    assert_eq!(found(&said, Fact::Dwellings), (Bounds::between(0, 1), conflict()));
    assert_eq!(found(&said, Fact::OtherRealEstate).0, Bounds::ZERO);
}

#[test]
fn numbers_are_compared_without_what_stands_between_their_parts() {
    let number = "511703001001GB00001F00000001";
    let said = |one: &str, other: &str| {
        homes(&[
            housing(vec![flat(one, WHOLE, None)]),
            city(vec![flat(other, WHOLE, None)]),
        ])
    };
    for other in [
        "511703-001001-GB00001-F00000001",
        "511703 001001 gb00001 f00000001",
        "511703/001001.GB00001_F00000001",
    ] {
        assert_eq!(said(number, other).bounds, Bounds::exactly(1), "{other}");
    }
    // Where they have no number it is not the same one: the address decides, as if nothing stood there.
    for none in ["无", "-", "000", "不详", " * "] {
        assert_eq!(said(none, none).bounds, said("", "").bounds, "{none}");
    }
    assert_eq!(said("无", "无").bounds, Bounds::between(1, 2));
}

#[test]
fn what_has_no_number_is_perhaps_what_another_register_has_one_for() {
    let at = |unit: &str, address: &str| match flat(unit, WHOLE, None) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            address: address.into(),
            ..body
        }),
        other => other,
    };
    let numbered = || housing(vec![at("U1", "达川区1号")]);
    for address in ["", "达川区1号1单元", "达川区1号"] {
        let figure = homes(&[numbered(), city(vec![at("", address)])]);
        assert_eq!(
            (figure.bounds, figure.open),
            (Bounds::between(1, 2), vec![DOUBTFUL_MATCH.into()]),
            "{address}"
        );
    }
    // One register knows what it lists: two rows are two, and two of each of three registers are two at least.
    let two = || vec![at("U1", "一号"), at("", "二号")];
    assert_eq!(homes(&[housing(two())]).bounds, Bounds::exactly(2));
    let figure = homes(&[housing(two()), city(vec![at("", "三号"), at("", "四号")])]);
    assert_eq!(figure.bounds, Bounds::between(2, 4));
    let apart = homes(&[housing(vec![at("U1", "一号")]), city(vec![at("U2", "二号")])]);
    assert_eq!(apart.bounds, Bounds::exactly(2));
}

#[test]
fn one_address_under_two_numbers_of_two_registers_may_be_one_flat() {
    let said = [
        housing(vec![flat("U1", WHOLE, None)]),
        city(vec![flat("川(2010)达川区不动产权第0012345号", WHOLE, None)]),
    ];
    let figure = homes(&said);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(1, 2), vec![DOUBTFUL_MATCH.into()])
    );
    // What one register lists at one place under the numbers of two certificates is perhaps one, and under two of whole units two.
    let two = |one: &str, other: &str| homes(&[housing(vec![flat(one, WHOLE, None), flat(other, WHOLE, None)])]).bounds;
    assert_eq!(two("房权证0012", "共有证0034"), Bounds::between(1, 2));
    let (first, second) = ("511703001001GB00001F00000001", "511703001001GB00001F00000002");
    assert_eq!(two(first, second), Bounds::exactly(2));
    // An address with and without the district is one.
    let said = [
        housing(vec![placed("U1", "西环路12号3-501")]),
        city(vec![placed("U2", "四川省达川区西环路12号3-501")]),
    ];
    assert_eq!(homes(&said).bounds, Bounds::between(1, 2));
    // Sold under the new number, and the other register still has the old one.
    let said = [
        housing(vec![flat("U1", WHOLE, Some("2020-05-01")), placed("U3", "三号")]),
        city(vec![flat("U2", WHOLE, None)]),
    ];
    assert_eq!(homes(&said).bounds, Bounds::between(1, 2));
    // Or one without number and place.
    let said = [
        housing(vec![flat("U1", WHOLE, Some("2020-05-01")), placed("U3", "三号")]),
        city(vec![placed("", ""), placed("", "")]),
    ];
    assert_eq!(homes(&said).bounds, Bounds::between(1, 3));
}

#[test]
fn a_flat_given_up_on_or_before_the_day_is_no_longer_owned() {
    for (on, bounds) in [
        ("2026-11-22", Bounds::ZERO),
        ("2026-11-23", Bounds::exactly(1)),
        ("2026", Bounds::between(0, 1)),
        ("2025", Bounds::ZERO),
    ] {
        assert_eq!(
            homes(&[housing(vec![flat("U1", WHOLE, Some(on))])]).bounds,
            bounds,
            "{on}"
        );
    }
}

#[test]
fn registers_that_disagree_leave_a_flat_open_and_so_does_a_silent_one() {
    let said = [
        housing(vec![flat("U1", WHOLE, None)]),
        city(vec![flat("U1", WHOLE, Some("2020-05-01"))]),
    ];
    let figure = homes(&said);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(0, 1), vec![CONFLICTING_SOURCES.into()])
    );
    let said = [housing(vec![flat("U1", WHOLE, None)]), silent("city", &[T::RealEstate])];
    assert_eq!(homes(&said).bounds, Bounds::NON_NEGATIVE);
}

#[test]
fn a_flat_without_a_number_is_perhaps_the_one_at_the_same_address() {
    let said = [
        housing(vec![flat("U1", WHOLE, None)]),
        city(vec![flat("", WHOLE, None)]),
    ];
    let figure = homes(&said);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(1, 2), vec![DOUBTFUL_MATCH.into()])
    );
}

#[test]
fn a_vehicle_private_at_the_police_and_commercial_at_transport_is_one_commercial_vehicle() {
    let said = [
        says(
            "police",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Private, VehicleStatus::Normal)],
        ),
        says(
            "transport",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Commercial, VehicleStatus::Normal)],
        ),
    ];
    assert_eq!(figure(&said, Fact::Vehicles).bounds, Bounds::ZERO);
    assert_eq!(figure(&said, Fact::CommercialVehicles).bounds, Bounds::exactly(1));
}

#[test]
fn a_register_that_is_silent_about_one_member_could_still_call_anothers_car_commercial() {
    let private = || car("V1", VehicleUse::Private, VehicleStatus::Normal);
    let states = |other| vec![found(vec![private()]), other, found(vec![])];
    let commercial = found(vec![car("V1", VehicleUse::Commercial, VehicleStatus::Normal)]);
    let both = [said("police", &[T::Vehicle], states(commercial))];
    for fact in [Fact::Vehicles, Fact::CommercialVehicles] {
        // One register has it under both uses.
        let figure = figure(&both, fact);
        assert_eq!(figure.bounds, Bounds::between(0, 1));
        assert_eq!(figure.open, [CONFLICTING_SOURCES]);
    }
    let silent = figure(&[said("police", &[T::Vehicle], states(SILENCE))], Fact::Vehicles);
    assert_eq!(silent.bounds, Bounds::NON_NEGATIVE);
}

#[test]
fn an_operation_that_has_ended_hides_no_private_car() {
    let said = [
        says(
            "police",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Private, VehicleStatus::Normal)],
        ),
        says(
            "transport",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Commercial, VehicleStatus::Transferred)],
        ),
    ];
    assert_eq!(figure(&said, Fact::Vehicles).bounds, Bounds::exactly(1));
}

#[test]
fn scrapped_in_one_register_and_normal_in_another_is_open() {
    let said = [
        says(
            "police",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Private, VehicleStatus::Scrapped)],
        ),
        says(
            "city",
            &[T::Vehicle],
            vec![car("V1", VehicleUse::Private, VehicleStatus::Normal)],
        ),
    ];
    let figure = figure(&said, Fact::Vehicles);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(0, 1), vec![CONFLICTING_SOURCES.into()])
    );
}

#[test]
fn a_shareholder_who_is_an_officer_too_is_a_shareholder() {
    let both = vec![shop(BusinessRole::Officer), shop(BusinessRole::Shareholder)];
    let count = |bodies| figure(&[says("commerce", &[T::Business], bodies)], Fact::Businesses).bounds;
    assert_eq!(count(both), Bounds::exactly(1));
    assert_eq!(count(vec![shop(BusinessRole::Officer)]), Bounds::ZERO);
}

#[test]
fn a_future_salary_is_not_drawn_and_a_public_salary_counts_members() {
    let pay = |from: &str| {
        RecordBody::PublicPayroll(PublicPayroll {
            unit_name: Default::default(),
            unit_credit_code: "C1".into(),
            monthly_amount: crate::Fen(500_000),
            from: Some(date(from)),
            until: None,
        })
    };
    let count = |from: &str| {
        figure(
            &[says("payroll", &[T::PublicPayroll], vec![pay(from), pay(from)])],
            Fact::PublicPayroll,
        )
        .bounds
    };
    assert_eq!(count("2026-12"), Bounds::ZERO);
    assert_eq!(count("2026-01"), Bounds::exactly(1));
    assert_eq!(
        figure(&[silent("payroll", &[T::PublicPayroll])], Fact::PublicPayroll).bounds,
        Bounds::between(0, 3)
    );
}

#[test]
fn declared_pieces_raise_what_is_found() {
    let mut input = family();
    input.declared.dwellings = Some(2);
    let household = checked(input);
    let ask_homes = |said: &[Said]| {
        ask(&household, said, |f| {
            f.figure(Fact::Dwellings, None, Months::before(as_of(), 1))
                .as_ref()
                .clone()
        })
    };
    assert_eq!(
        ask_homes(&[housing(vec![flat("U1", WHOLE, None)])]).bounds,
        Bounds::exactly(2)
    );
    assert_eq!(
        ask_homes(&[silent("housing", &[T::RealEstate])]).bounds,
        Bounds { lo: Some(2), hi: None }
    );
}

#[test]
fn an_absurd_grade_is_no_disability_and_leaves_the_register_unsettled() {
    let certificate = |grade| {
        RecordBody::Disability(Disability {
            kind: DisabilityKind::Speech,
            grade,
            certificate_number: Default::default(),
            issued_on: None,
        })
    };
    let household = checked(family());
    let settled = |grades: &[u32]| {
        let said = [says(
            "federation",
            &[T::Disability],
            grades.iter().map(|g| certificate(*g)).collect(),
        )];
        ask(&household, &said, |f| f.disability(0))
    };
    let absurd = settled(&[0, 3]);
    assert_eq!(
        (absurd.value, absurd.missing.len()),
        (Some((DisabilityKind::Speech, 3)), 1)
    );
    let sound = settled(&[2, 3]);
    assert_eq!(
        (sound.value, sound.missing.len()),
        (Some((DisabilityKind::Speech, 2)), 0)
    );
}

#[test]
fn an_answer_in_another_members_place_is_no_answer() {
    let mut said = housing(vec![flat("U1", WHOLE, None)]);
    said.subjects.swap(0, 1);
    let figure = homes(&[said]);
    assert_eq!((figure.bounds, figure.missing.len()), (Bounds::NON_NEGATIVE, 1));
}

#[test]
fn one_number_at_two_places_of_one_register_is_perhaps_two_flats() {
    let at = |address: &str| placed("510001", address);
    let two = figure(
        &[says("housing", &[T::RealEstate], vec![at("一号"), at("二号")])],
        Fact::Dwellings,
    );
    assert_eq!(two.bounds, Bounds::between(1, 2));
    assert_eq!(two.open, [DOUBTFUL_MATCH]);
    // Two registers write one address in two ways, and husband and wife are shown with the same place.
    let registers = [
        says("housing", &[T::RealEstate], vec![at("一号")]),
        says("other", &[T::RealEstate], vec![at("二号")]),
    ];
    assert_eq!(figure(&registers, Fact::Dwellings).bounds, Bounds::exactly(1));
    // But not of another size.
    let sized = |address: &str, area| match placed("51347", address) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            area_centiares: Some(area),
            ..body
        }),
        other => other,
    };
    for (other, expected) in [(14_500, Bounds::between(1, 2)), (8_100, Bounds::exactly(1))] {
        let registers = [
            says("housing", &[T::RealEstate], vec![sized("一号", 8_000)]),
            says("other", &[T::RealEstate], vec![sized("二号", other)]),
        ];
        assert_eq!(figure(&registers, Fact::Dwellings).bounds, expected, "{other}");
    }
    let states = vec![found(vec![at("一号")]), found(vec![at("一号")]), found(vec![])];
    let couple = [said("housing", &[T::RealEstate], states)];
    assert_eq!(figure(&couple, Fact::Dwellings).bounds, Bounds::exactly(1));
}

#[test]
fn what_has_neither_number_nor_place_is_perhaps_what_husband_and_wife_own_together() {
    let states = |mine: usize, theirs: usize| {
        let rows = |n| (0..n).map(|_| placed("", "")).collect();
        vec![found(rows(mine)), found(rows(theirs)), found(vec![])]
    };
    for (mine, theirs, expected) in [
        (1, 0, Bounds::exactly(1)),
        (2, 0, Bounds::exactly(2)),
        (1, 1, Bounds::between(1, 2)),
        (2, 1, Bounds::between(2, 3)),
    ] {
        let figure = figure(
            &[said("housing", &[T::RealEstate], states(mine, theirs))],
            Fact::Dwellings,
        );
        assert_eq!(figure.bounds, expected, "{mine} {theirs}");
        assert_eq!(figure.bounds.is_exact(), figure.open.is_empty());
    }
}

#[test]
fn a_day_that_stands_for_none_sells_no_flat() {
    for day in [
        "1970-01-01",
        "1970-01",
        "1970",
        "1969-12",
        "1900-01-01",
        "1899-12-30",
        "1904-01-01",
        "1901-12-13",
        "1980-01-01",
        "0001-01-01",
    ] {
        let sold = flat("510001", (1, 1), Some(day));
        for fact in [Fact::Dwellings, Fact::RealEstateGivenUp] {
            let figure = figure(&[says("housing", &[T::RealEstate], vec![sold.clone()])], fact);
            assert_eq!(figure.bounds, Bounds::between(0, 1), "{day}");
            assert_eq!(figure.open, [PERIOD_UNCERTAIN]);
        }
    }
}

#[test]
fn a_history_of_one_members_thing_is_open_and_not_one_more() {
    let figure = homes(&[housing(vec![
        flat("U1", WHOLE, None),
        flat("U1", WHOLE, Some("2020-05-01")),
    ])]);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(0, 1), vec![CONFLICTING_SOURCES.into()])
    );
    let cars = [VehicleStatus::Normal, VehicleStatus::Transferred].map(|status| car("V1", VehicleUse::Private, status));
    let figure = self::figure(&[says("police", &[T::Vehicle], cars.to_vec())], Fact::Vehicles);
    assert_eq!(figure.bounds, Bounds::between(0, 1));
}

#[test]
fn a_taxi_whose_numbers_are_written_in_two_ways_is_perhaps_no_private_car() {
    let of = |number: &str, plate: &str, usage| match car(number, usage, VehicleStatus::Normal) {
        RecordBody::Vehicle(body) => RecordBody::Vehicle(Vehicle {
            plate: plate.into(),
            ..body
        }),
        other => other,
    };
    let whole = "LSVAG2180E2100001";
    for (number, plate, expected) in [
        ("E2100001", "川S12345", Bounds::between(0, 1)),
        ("", "S12345", Bounds::between(0, 1)),
        ("", "", Bounds::between(0, 1)),
        ("LSVAG2180E2100002", "川S12345", Bounds::exactly(1)),
        ("E2100009", "川S99999", Bounds::exactly(1)),
    ] {
        let said = [
            says(
                "police",
                &[T::Vehicle],
                vec![of(whole, "川S12345", VehicleUse::Private)],
            ),
            says(
                "transport",
                &[T::Vehicle],
                vec![of(number, plate, VehicleUse::Commercial)],
            ),
        ];
        assert_eq!(figure(&said, Fact::Vehicles).bounds, expected, "{number} {plate}");
    }
}

fn measured(unit: &str, address: &str, area: Option<i64>) -> RecordBody {
    match placed(unit, address) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            area_centiares: area,
            acquired_on: Some(date("2015-03-02")),
            ..body
        }),
        other => other,
    }
}

#[test]
fn one_flat_whose_address_two_registers_write_in_two_ways_is_perhaps_one() {
    let unit = "511703001001GB00001F00010001";
    let whole = "达川区幸福路12号3幢2单元501室";
    let one = housing(vec![measured(unit, whole, Some(8_950))]);
    let other = |address: &str, area| city(vec![measured("房权证达字第12345号", address, area)]);
    let same = Some(8_950);
    for (address, area, expected) in [
        ("幸福路12号3栋2单元501", same, Bounds::between(1, 2)),
        (
            "四川省达州市达川区三里坪街道幸福路１２号３-２-501",
            Some(7_200),
            Bounds::between(1, 2),
        ),
        ("幸福路十二号三栋二单元五〇一", None, Bounds::between(1, 2)),
        ("幸福花园3栋2单元501", same, Bounds::between(1, 2)),
        ("幸福路12号3栋501", same, Bounds::between(1, 2)),
        ("幸福花园", same, Bounds::between(1, 2)),
        ("", same, Bounds::between(1, 2)),
        ("", None, Bounds::between(1, 2)),
        // Another size, another door, another house.
        ("", Some(12_000), Bounds::exactly(2)),
        ("幸福花园3栋2单元501", Some(12_000), Bounds::exactly(2)),
        ("幸福路12号3栋2单元502", same, Bounds::exactly(2)),
        ("幸福路12号2栋2单元501", same, Bounds::exactly(2)),
        ("朝阳路12号3栋2单元501", None, Bounds::exactly(2)),
    ] {
        let third = says("land", &[T::RealEstate], vec![measured(unit, whole, Some(8_950))]);
        for said in [
            vec![one.clone(), other(address, area)],
            vec![other(address, area), one.clone(), third.clone()],
        ] {
            let figure = homes(&said);
            assert_eq!(figure.bounds, expected, "{address} {area:?}");
            assert_eq!(figure.open.is_empty(), expected.is_exact(), "{address} {area:?}");
        }
    }
}

#[test]
fn one_without_an_address_is_perhaps_one_of_several_and_no_more() {
    let first = || measured("511703001001GB00001F00010001", "幸福路12号3幢2单元501室", Some(8_950));
    let second = || measured("511703001001GB00001F00010002", "朝阳路8号1幢1单元101室", Some(8_950));
    let bare = |unit: &str| measured(unit, "", Some(8_950));
    let both = || housing(vec![first(), second()]);
    assert_eq!(
        homes(&[both(), city(vec![bare("房权证1")])]).bounds,
        Bounds::between(2, 3)
    );
    let bares = || city(vec![bare("房权证1"), bare("房权证2"), bare("房权证3")]);
    assert_eq!(homes(&[both(), bares()]).bounds, Bounds::between(3, 5));
    // Sold under one number and of the same size: perhaps that one.
    let sold = match first() {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            disposed_on: Some(date("2020-05-01")),
            ..body
        }),
        other => other,
    };
    let figure = homes(&[housing(vec![sold]), city(vec![bare("房权证1")])]);
    assert_eq!(figure.bounds, Bounds::between(0, 1));
    assert_eq!(figure.open, [DOUBTFUL_MATCH]);
}

#[test]
fn what_husband_and_wife_have_under_a_certificate_each_is_perhaps_one_flat() {
    let half = |unit: &str, area| match measured(unit, "", area) {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            share_denominator: 2,
            ..body
        }),
        other => other,
    };
    let register =
        |name: &str, mine, theirs| said(name, &[T::RealEstate], vec![found(mine), found(theirs), found(vec![])]);
    let (mine, same) = (|| half("房权证12345", Some(8_950)), Some(8_950));
    let of_two = |theirs| homes(&[register("housing", vec![mine()], theirs)]);
    let figure = of_two(vec![half("共有证12346", same)]);
    assert_eq!(
        (figure.bounds, figure.open),
        (Bounds::between(1, 2), vec![DOUBTFUL_MATCH.into()])
    );
    assert_eq!(of_two(vec![half("共有证12346", None)]).bounds, Bounds::exactly(2));
    assert_eq!(of_two(vec![half("", same)]).bounds, Bounds::between(1, 2));
    assert_eq!(
        of_two(vec![half("共有证12346", Some(12_000))]).bounds,
        Bounds::exactly(2)
    );
    let two = vec![half("共有证12346", same), half("共有证12347", same)];
    assert_eq!(of_two(two).bounds, Bounds::between(2, 3));
    // Nothing but that the register leaves all else out makes no one flat of two.
    let since = measured("共有证12346", "", same);
    let other_day = match since {
        RecordBody::RealEstate(body) => RecordBody::RealEstate(RealEstate {
            acquired_on: Some(date("2018-01-05")),
            ..body
        }),
        other => other,
    };
    assert_eq!(of_two(vec![other_day]).bounds, Bounds::exactly(2));
    // What one of them has under both is two.
    let both = homes(&[register("housing", vec![mine(), half("共有证12346", same)], vec![])]);
    assert_eq!(both.bounds, Bounds::exactly(2));
    // Another register repeats both, and a third has the address.
    let copies = ["housing", "city"].map(|name| register(name, vec![mine()], vec![half("共有证12346", same)]));
    assert_eq!(homes(&copies).bounds, Bounds::between(1, 2));
    let placed = says(
        "land",
        &[T::RealEstate],
        vec![measured("房权证7", "幸福路12号3-2-501", same)],
    );
    let [first, second] = copies;
    assert_eq!(homes(&[first, placed, second]).bounds, Bounds::between(1, 3));
}

#[test]
fn a_plate_is_one_with_and_without_its_colour() {
    let of = |number: &str, plate: &str, usage, status| match car(number, usage, status) {
        RecordBody::Vehicle(body) => RecordBody::Vehicle(Vehicle {
            plate: plate.into(),
            ..body
        }),
        other => other,
    };
    let (private, commercial) = (VehicleUse::Private, VehicleUse::Commercial);
    let whole = || of("LSVAG2180E2100001", "川S12345", private, VehicleStatus::Normal);
    let both = |other: RecordBody, fact| {
        let said = [
            says("police", &[T::Vehicle], vec![whole()]),
            says("transport", &[T::Vehicle], vec![other]),
        ];
        figure(&said, fact).bounds
    };
    let normal = VehicleStatus::Normal;
    for plate in [
        "川S12345黄",
        "川S12345(黄)",
        "川S12345（黄色）",
        "川S12345黄色",
        "川S12345_2",
        "川S12345蓝牌",
        "黄川S12345",
        "川S·12345 黄",
        "川S12345渐变绿",
    ] {
        assert_eq!(
            both(of("", plate, commercial, normal), Fact::Vehicles),
            Bounds::between(0, 1),
            "{plate}"
        );
        assert_eq!(
            both(of("", plate, private, normal), Fact::Vehicles),
            Bounds::between(1, 2),
            "{plate}"
        );
        let sold = of("", plate, private, VehicleStatus::Transferred);
        assert_eq!(both(sold, Fact::Vehicles), Bounds::between(0, 1), "{plate}");
    }
    for plate in ["川S12346黄", "川S12345挂", "川S123452"] {
        assert_eq!(
            both(of("E1", plate, commercial, normal), Fact::Vehicles),
            Bounds::exactly(1),
            "{plate}"
        );
    }
}

#[test]
fn a_running_number_of_two_registers_is_perhaps_two_flats_at_two_places() {
    let two = |number: &str, area, address: &str| {
        let said = [
            housing(vec![measured(number, "达川区幸福路12号", Some(8_950))]),
            city(vec![measured(number, address, area)]),
        ];
        let figure = homes(&said);
        assert_eq!(figure.open.is_empty(), figure.bounds.is_exact(), "{address}");
        figure.bounds
    };
    let elsewhere = "通川区朝阳路8号";
    assert_eq!(two("1024", None, elsewhere), Bounds::between(1, 2));
    // One size, one place in another way, or a number that is nobody's own.
    assert_eq!(two("1024", Some(8_950), elsewhere), Bounds::exactly(1));
    for address in ["幸福路12", "幸福小区12号", "朝阳路12号", "", "不详", "8号"] {
        assert_eq!(two("1024", None, address), Bounds::exactly(1), "{address}");
    }
    assert_eq!(two("房权证达字第0012345号", None, elsewhere), Bounds::exactly(1));
    assert_eq!(two("511703001001GB00001F00010001", None, elsewhere), Bounds::exactly(1));
}
