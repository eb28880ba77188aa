//! Each finding with a case that makes it and one that does not; none repeats a number or a name.
//! Leaves figures to their own tests.

use proptest::prelude::*;

use super::*;
use crate::dates::PartialDate;
use crate::household::Relation;
use crate::household::{DeclaredIncome, Household, HouseholdInput};
use crate::money::Fen;
use crate::record::*;
use crate::testing::*;

use RecordType as T;

fn all_of(household: &Household, said: &[Said]) -> Vec<Finding> {
    let programmes = [ProgrammeId::new("dibao").unwrap()];
    ask(household, said, |facts| {
        findings(facts, &programmes, "511703", Tolerances::default())
    })
}

/// The codes, but for the one that nearly all answers here have: few of them register anybody.
fn codes_of(input: HouseholdInput, said: &[Said]) -> Vec<String> {
    let found = all_of(&checked(input), said).into_iter().map(|f| f.code.into());
    found.filter(|code: &String| code != "MEMBER_UNKNOWN").collect()
}

fn codes(said: &[Said]) -> Vec<String> {
    codes_of(family(), said)
}

fn civil(bodies: Vec<RecordBody>) -> Said {
    says("civil-affairs", &[T::Marriage, T::Registration, T::Assistance], bodies)
}

fn marriage(status: MarriageStatus, spouse: &str, name: &str, on: &str) -> RecordBody {
    RecordBody::Marriage(Marriage {
        status,
        spouse_id_number: spouse.into(),
        spouse_name: name.into(),
        registered_on: Some(date(on)),
    })
}

fn booklet(spouse: &str, deceased_on: Option<PartialDate>) -> RecordBody {
    registered(spouse, ["", ""], deceased_on)
}

fn registered(spouse: &str, [father, mother]: [&str; 2], deceased_on: Option<PartialDate>) -> RecordBody {
    RecordBody::Registration(Registration {
        household_number: Default::default(),
        division_code: "511703".into(),
        address: Default::default(),
        status: RegistrationStatus::Active,
        deceased_on,
        spouse_id_number: spouse.into(),
        class: None,
        father_id_number: father.into(),
        mother_id_number: mother.into(),
    })
}

use MarriageStatus::{Divorced, Married, Widowed};

#[test]
fn a_spouse_who_is_a_member_is_declared_whatever_the_form_of_the_number() {
    let full = hedui_ids::ResidentId::parse(&id(1982, 2), hedui_ids::Date::new(2026, 11, 22).unwrap())
        .unwrap()
        .id;
    let old = full.legacy_15().unwrap();
    for (number, name) in [(full.expose(), ""), (old.expose(), ""), ("", "测试丙")] {
        assert_eq!(
            codes(&[civil(vec![marriage(Married, number, name, "2005-01-01")])]),
            [""; 0],
            "{name}"
        );
    }
}

#[test]
fn a_spouse_who_is_no_member_is_found_by_marriage_and_by_booklet() {
    let stranger = id(1985, 7);
    for record in [
        marriage(Married, &stranger, "", "2005-01-01"),
        marriage(Married, "", "外人", "2005-01-01"),
        booklet(&stranger, None),
    ] {
        assert_eq!(codes(&[civil(vec![record])]), ["UNDECLARED_SPOUSE"]);
    }
    let mut single = family();
    single.members.remove(1);
    let unnamed = civil(vec![marriage(Married, "", "", "2005-01-01")]);
    assert_eq!(codes_of(single, &[unnamed]), ["UNDECLARED_SPOUSE"]);
}

#[test]
fn a_marriage_that_has_ended_since_names_nobody_and_one_made_since_does() {
    let (former, present) = (id(1985, 7), id(1986, 8));
    let began = |spouse: &str, on: &str| marriage(Married, spouse, "", on);
    let ended = || marriage(Divorced, &former, "", "2015-01-01");
    assert_eq!(
        codes(&[civil(vec![
            began(&former, "2005-01-01"),
            ended(),
            booklet(&former, None)
        ])]),
        [""; 0]
    );
    assert_eq!(
        codes(&[civil(vec![began(&former, "2018-01-01"), ended()])]),
        ["UNDECLARED_SPOUSE"]
    );
    assert_eq!(
        codes(&[civil(vec![ended(), booklet(&present, None)])]),
        ["UNDECLARED_SPOUSE"]
    );
}

#[test]
fn a_marriage_or_a_divorce_without_a_day_ends_nothing() {
    let former = id(1985, 7);
    let undated = |status| match marriage(status, &former, "", "2015-01-01") {
        RecordBody::Marriage(body) => RecordBody::Marriage(Marriage {
            registered_on: None,
            ..body
        }),
        other => other,
    };
    let dated = |status, on: &str| marriage(status, &former, "", on);
    for records in [
        vec![undated(Married), dated(Divorced, "2010-01-01")],
        vec![dated(Married, "2015-01-01"), undated(Divorced)],
    ] {
        assert_eq!(codes(&[civil(records)]), ["UNDECLARED_SPOUSE"]);
    }
}

#[test]
fn a_child_stated_as_spouse_stands_for_no_spouse_that_a_register_does_not_name() {
    let of_both = || found(vec![marriage(MarriageStatus::Married, "", "", "2019-01-01")]);
    let unnamed = said(
        "civil-affairs",
        &[T::Marriage],
        vec![of_both(), of_both(), found(vec![])],
    );
    assert_eq!(codes(std::slice::from_ref(&unnamed)), [""; 0]);
    let mut input = family();
    input.members[1].relation = Relation::Other;
    input.members[2].relation = Relation::Spouse;
    assert_eq!(codes_of(input, &[unnamed]), ["UNDECLARED_SPOUSE"; 2]);
}

#[test]
fn a_stated_spouse_whose_marriage_ended_is_told() {
    let of_spouse = |bodies| {
        let states = vec![found(vec![]), found(bodies), found(vec![])];
        codes(&[said("civil-affairs", &[T::Marriage], states)])
    };
    assert_eq!(
        of_spouse(vec![marriage(Widowed, &id(1985, 7), "", "2015-01-01")]),
        ["MARRIAGE_ENDED"]
    );
    let again = marriage(Married, &id(1980, 1), "", "2018-01-01");
    assert_eq!(
        of_spouse(vec![marriage(Widowed, &id(1985, 7), "", "2015-01-01"), again]),
        [""; 0]
    );
}

#[test]
fn a_member_registered_as_deceased_leaves_the_household_open() {
    let on = |text: &str| codes(&[civil(vec![booklet("", Some(date(text)))])]);
    assert_eq!(on("2026-11-22"), ["DECEASED_MEMBER"]);
    assert_eq!(on("2026-11-23"), [""; 0]);
}

#[test]
fn whoever_is_struck_off_or_known_to_nobody_is_told() {
    let status = |status| match booklet("", None) {
        RecordBody::Registration(body) => RecordBody::Registration(Registration { status, ..body }),
        other => other,
    };
    let (struck_off, active) = (
        status(RegistrationStatus::Cancelled),
        status(RegistrationStatus::Active),
    );
    let told = |said: &[Said]| {
        let found = all_of(&checked(family()), said);
        found
            .into_iter()
            .map(|f| (f.code.to_string(), f.subject))
            .collect::<Vec<_>>()
    };
    let unknown = |ordinal| ("MEMBER_UNKNOWN".to_owned(), Some(ordinal));
    assert_eq!(told(&[civil(vec![])]), [unknown(0), unknown(1), unknown(2)]);
    let weights = |said: &[Said]| {
        let found = all_of(&checked(family()), said).into_iter();
        found.map(|f| f.weight).collect::<BTreeSet<_>>()
    };
    // A family that nobody knows, and a child that nobody knows in a family that everybody knows.
    assert_eq!(weights(&[civil(vec![])]), [Weight::OpensVerdict].into());
    assert_eq!(weights(&[civil(vec![active.clone()])]), [Weight::OpensVerdict].into());
    assert_eq!(told(&[civil(vec![active.clone()])]), [unknown(1), unknown(2)]);
    assert_eq!(
        told(&[civil(vec![struck_off.clone()])]),
        [("REGISTRATION_CANCELLED".to_owned(), Some(0)), unknown(1), unknown(2)]
    );
    // Moved, and registered anew.
    let elsewhere = says("hometown", &[T::Registration], vec![active.clone()]);
    assert_eq!(told(&[civil(vec![struck_off]), elsewhere]), [unknown(1), unknown(2)]);
    // Who does not answer does not know nobody.
    let codes: Vec<String> = told(&[civil(vec![]), silent("hometown", &[T::Registration])])
        .into_iter()
        .map(|(code, _)| code)
        .collect();
    assert_eq!(codes, ["MEMBERS_UNCONFIRMED"]);
}

#[test]
fn a_member_in_another_household_of_the_same_register_is_told() {
    let of = |number: &str| match booklet("", None) {
        RecordBody::Registration(body) => found(vec![RecordBody::Registration(Registration {
            household_number: number.into(),
            ..body
        })]),
        _ => unreachable!(),
    };
    let register = |id: &str, numbers: [&str; 3]| said(id, &[T::Registration], numbers.map(of).into());
    let told = |said: &[Said]| {
        let found = all_of(&checked(family()), said).into_iter();
        found
            .map(|f| (f.code.to_string(), f.weight, f.subject))
            .collect::<Vec<_>>()
    };
    let elsewhere = |ordinal| ("IN_ANOTHER_HOUSEHOLD".to_owned(), Weight::Attention, Some(ordinal));
    assert_eq!(told(&[register("police", ["H1", "H1", "H1"])]), []);
    assert_eq!(told(&[register("police", ["H1", "H1", "H2"])]), [elsewhere(2)]);
    assert_eq!(told(&[register("police", ["H1", "", "H1"])]), []);
    // Another register numbers them in its own way.
    let hometown = said("hometown", &[T::Registration], vec![of("9"), of("9"), of("9")]);
    assert_eq!(
        told(&[register("police", ["H1", "H2", "H1"]), hometown]),
        [elsewhere(1)]
    );
}

#[test]
fn of_children_alone_a_person_settles_who_keeps_them() {
    let mut children = family();
    children.members.drain(..2);
    children.members[0].relation = crate::household::Relation::Applicant;
    let found = all_of(&checked(children), &[]);
    let opens: Vec<(&str, Weight)> = found.iter().map(|f| (f.code.as_str(), f.weight)).collect();
    assert_eq!(opens, [("NO_ADULT", Weight::OpensVerdict)]);
    assert!(MEMBERS_OPEN.contains(&"NO_ADULT"));
    assert_eq!(codes(&[]), [""; 0]);
}

#[test]
fn an_id_under_another_name_is_told_with_its_department() {
    let states = vec![
        AnswerState::IdentityMismatch,
        AnswerState::NoRecord,
        AnswerState::NoRecord,
    ];
    let found = all_of(&checked(family()), &[said("commerce", &[T::Business], states)]);
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].code.as_str(), found[0].departments[0].as_str()),
        ("IDENTITY_MISMATCH", "commerce")
    );
}

#[test]
fn the_same_assistance_elsewhere_is_told_from_help_here() {
    let aid = |programme: &str, place: &str, status, until: Option<&str>| {
        let record = RecordBody::Assistance(Assistance {
            programme: programme.into(),
            amount: Fen(30_000),
            period: AssistancePeriod::Monthly,
            from: None,
            until: until.map(date),
            division_code: place.into(),
            status,
        });
        codes(&[civil(vec![record])])
    };
    use AssistanceStatus::{Drawing, Ended};
    assert_eq!(aid("dibao", "510104", Drawing, None), ["ASSISTANCE_ELSEWHERE"]);
    assert_eq!(
        aid("dibao", "510104", Drawing, Some("1970-01-01")),
        ["ASSISTANCE_ELSEWHERE"]
    );
    assert_eq!(aid("dibao", "511703", Drawing, None), ["ASSISTANCE_DRAWN"]);
    assert_eq!(
        aid("dibao", "511703102000", Drawing, None),
        ["ASSISTANCE_DRAWN"],
        "a town of the district"
    );
    assert_eq!(aid("medical", "510104", Drawing, None), ["ASSISTANCE_DRAWN"]);
    assert_eq!(aid("dibao", "510104", Ended, None), ["ASSISTANCE_LOST"]);
    assert_eq!(aid("dibao", "510104", Drawing, Some("2026-10")), ["ASSISTANCE_LOST"]);
}

#[test]
fn help_that_is_drawn_twice_or_was_lost_is_told_with_its_records() {
    use AssistancePeriod::{Monthly, Once, Yearly};
    use AssistanceStatus::{Drawing, Ended};
    let told = |helps: &[(&str, &str, AssistancePeriod, AssistanceStatus, &str)]| {
        let record = |(programme, place, period, status, from): &(&str, &str, _, _, &str)| {
            RecordBody::Assistance(Assistance {
                programme: (*programme).into(),
                amount: Fen(30_000),
                period: *period,
                from: Some(date(from)),
                until: None,
                division_code: (*place).into(),
                status: *status,
            })
        };
        codes(&[civil(helps.iter().map(record).collect())])
    };
    let rent = ("rent-subsidy", "511703", Monthly, Drawing, "2024-01-01");
    let flat = ("public-rental-housing", "511703", Monthly, Drawing, "2024-01-01");
    assert_eq!(told(&[rent, flat]), ["ASSISTANCE_DRAWN"]);
    assert_eq!(told(&[rent, rent]), ["ASSISTANCE_DRAWN", "ASSISTANCE_TWICE"]);
    // Of another place it is another matter.
    assert_eq!(
        told(&[rent, ("rent-subsidy", "510104", Monthly, Drawing, "2024-01-01")]),
        ["ASSISTANCE_DRAWN"]
    );
    let ended = |period| ("rent-subsidy", "511703", period, Ended, "2023-01-01");
    assert_eq!(told(&[ended(Monthly)]), ["ASSISTANCE_LOST"]);
    assert_eq!(told(&[ended(Yearly), flat]), ["ASSISTANCE_DRAWN", "ASSISTANCE_LOST"]);
    // What is given once ends by itself; what went on under another record was not lost; what has not begun neither.
    assert_eq!(told(&[ended(Once)]), [""; 0]);
    assert_eq!(told(&[ended(Monthly), rent]), ["ASSISTANCE_DRAWN"]);
    assert_eq!(
        told(&[("rent-subsidy", "511703", Monthly, Ended, "2030-01-01")]),
        [""; 0]
    );
}

fn wage(from: &str, until: &str, fen: i64) -> Said {
    let record = RecordBody::Income(Income {
        kind: IncomeKind::Wage,
        payer_name: Default::default(),
        payer_credit_code: "C1".into(),
        from: date(from),
        until: date(until),
        gross: Fen(fen),
        deductions: None,
        nature: None,
    });
    says("taxation", &[T::Income], vec![record])
}

#[test]
fn more_than_declared_is_told_beyond_the_tolerance_and_once() {
    let declares = |fen: i64| {
        let mut input = family();
        let month = date("2026-10");
        let income = DeclaredIncome {
            kind: IncomeKind::Wage,
            amount: Fen(fen),
            from: month,
            until: month,
        };
        input.members[0].incomes = vec![
            income.clone(),
            DeclaredIncome {
                amount: Fen(0),
                ..income
            },
        ];
        input
    };
    assert_eq!(
        codes_of(declares(100_000), &[wage("2026-10", "2026-10", 110_000)]),
        [""; 0]
    );
    assert_eq!(
        codes_of(declares(100_000), &[wage("2026-10", "2026-10", 110_001)]),
        ["DECLARED_DIFFERS"]
    );
    assert_eq!(
        codes_of(declares(100_000), &[silent("taxation", &[T::Income])]),
        [""; 0]
    );
}

#[test]
fn income_of_a_kind_that_was_not_declared_is_told() {
    assert_eq!(codes(&[wage("2026-10", "2026-10", 100_000)]), ["INCOME_UNDECLARED"]);
    assert_eq!(codes(&[wage("2026-03", "2026-03", 100_000)]), [""; 0]);
}

#[test]
fn a_business_and_a_public_salary_are_told() {
    let shop = |status| {
        RecordBody::Business(Business {
            credit_code: "C1".into(),
            name: Default::default(),
            role: BusinessRole::SoleTrader,
            status,
            capital: None,
            registered_on: None,
        })
    };
    let commerce = |status| [says("commerce", &[T::Business], vec![shop(status)])];
    assert_eq!(codes(&commerce(BusinessStatus::Active)), ["BUSINESS_REGISTRATION"]);
    assert_eq!(codes(&commerce(BusinessStatus::Cancelled)), [""; 0]);
    let mut input = family();
    input.declared.businesses = Some(0);
    assert_eq!(
        codes_of(input, &commerce(BusinessStatus::Active)),
        ["BUSINESS_REGISTRATION", "DECLARED_DIFFERS"]
    );
    let pay = |until: &str| {
        let record = RecordBody::PublicPayroll(PublicPayroll {
            unit_name: Default::default(),
            unit_credit_code: "C1".into(),
            monthly_amount: Fen(500_000),
            from: Some(date("2020-01")),
            until: Some(date(until)),
        });
        codes(&[says("payroll", &[T::PublicPayroll], vec![record])])
    };
    assert!(pay("2027-01").contains(&"PUBLIC_SALARY".to_owned()));
    assert_eq!(pay("2020-06"), [""; 0]);
}

#[test]
fn registers_that_disagree_are_told() {
    let deposit = |name: &str, fen| {
        let record = RecordBody::FinancialAsset(FinancialAsset {
            kind: FinancialAssetKind::Deposit,
            institution: "农商".into(),
            account_reference: "1".into(),
            balance: Fen(fen),
            balance_on: None,
        });
        says(name, &[T::FinancialAsset], vec![record])
    };
    assert_eq!(codes(&[deposit("a", 5), deposit("b", 7)]), ["CONFLICTING_SOURCES"]);
    assert_eq!(codes(&[deposit("a", 5), deposit("b", 5)]), [""; 0]);
}

#[test]
fn only_what_leaves_the_household_open_opens_the_verdict() {
    let stranger = id(1985, 7);
    let said = [
        civil(vec![
            booklet(&stranger, Some(date("2020"))),
            marriage(Married, &stranger, "", "2005-01-01"),
        ]),
        wage("2026-10", "2026-10", 100_000),
    ];
    let all = all_of(&checked(family()), &said);
    assert_eq!(
        opening(&all),
        ["DECEASED_MEMBER", "MEMBER_UNKNOWN", "UNDECLARED_SPOUSE"]
    );
    assert!(all.iter().any(|f| f.weight == Weight::Attention));
}

/// A department that puts personal data into every free text.
fn indiscreet(body: &mut RecordBody, secret: &str) {
    match body {
        RecordBody::Assistance(b) => b.programme = secret.into(),
        RecordBody::Marriage(b) => (b.spouse_id_number, b.spouse_name) = (secret.into(), secret.into()),
        RecordBody::Registration(b) => {
            (b.spouse_id_number, b.address, b.household_number) = (secret.into(), secret.into(), secret.into());
            (b.father_id_number, b.mother_id_number) = (secret.into(), secret.into());
        }
        RecordBody::Income(b) => b.payer_name = secret.into(),
        RecordBody::Employment(b) => b.employer_name = secret.into(),
        RecordBody::Business(b) => b.name = secret.into(),
        RecordBody::Subsidy(b) => b.project = secret.into(),
        RecordBody::FinancialAsset(b) => (b.institution, b.account_reference) = (secret.into(), secret.into()),
        RecordBody::RealEstate(b) => (b.unit_number, b.address) = (secret.into(), secret.into()),
        RecordBody::Vehicle(b) => (b.plate, b.identification_number) = (secret.into(), secret.into()),
        RecordBody::Land(b) => b.contract_number = secret.into(),
        _ => {}
    }
}

proptest! {
    /// Canaries: the members' numbers and names in every text and key that a department can fill, and none of them in what is found.
    #[test]
    fn findings_and_figures_hold_no_number_and_no_name(
        bodies in proptest::collection::vec(any_body(), 1..12), who in 0..3usize, by_name in any::<bool>(),
    ) {
        let input = family();
        let secrets: Vec<String> = input.members.iter().flat_map(|m| [m.id_number.clone(), m.name.clone()]).collect();
        let secret = &secrets[who * 2 + usize::from(by_name)];
        let mut bodies = bodies;
        bodies.iter_mut().for_each(|b| indiscreet(b, secret));
        let mut said = [says("all", T::ALL, bodies.clone()), says("copy", T::ALL, bodies)];
        for answer in said.iter_mut().flat_map(|s| &mut s.subjects) {
            if let AnswerState::Found { records } = &mut answer.state {
                records.iter_mut().zip(1..).for_each(|(r, n)| r.reference = format!("{secret}-{n}").into());
            }
        }
        let household = checked(input);
        let mut text = serde_json::to_string(&all_of(&household, &said)).unwrap();
        text += &format!("{:?}", all_of(&household, &said));
        let parts: Vec<_> = all_of(&household, &said).into_iter().flat_map(|f| f.parts).collect();
        text += &format!("{:?}", ask(&household, &said, |f| f.sources(&parts)));
        for fact in all_facts() {
            let (figure, sources) = ask(&household, &said, |f| {
                let figure = f.figure(fact, None, Months::before(as_of(), 12));
                let sources = f.sources(&figure.parts);
                (figure, sources)
            });
            prop_assert_eq!(figure.parts.is_empty(), sources.is_empty());
            text += &format!("{}{sources:?}", serde_json::to_string(&*figure).unwrap());
        }
        for secret in &secrets {
            prop_assert!(!text.contains(secret.as_str()), "personal data in a finding or figure");
        }
    }
}

fn conflicts(official: &str, relatives: &[&str], said: &[Said]) -> Vec<(Option<u32>, usize)> {
    let today = hedui_ids::Date::new(2026, 11, 22).unwrap();
    let parse = |text: &str| hedui_ids::ResidentId::parse(text, today).unwrap().id;
    let (own, relatives) = (parse(official), relatives.iter().map(|r| parse(r)).collect::<Vec<_>>());
    let household = checked(family());
    ask(&household, said, |facts| {
        let official = Official {
            id: &own,
            relatives: &relatives,
        };
        let found = conflicts_of_interest(facts, official);
        assert!(
            found
                .iter()
                .all(|f| f.code == CONFLICT_OF_INTEREST && f.weight == Weight::Attention)
        );
        found.iter().map(|f| (f.subject, f.parts.len())).collect()
    })
}

#[test]
fn an_official_in_the_household_or_close_to_it_is_a_conflict_of_interest() {
    let members: Vec<String> = family().members.iter().map(|m| m.id_number.clone()).collect();
    let (stranger, other) = (id(1970, 7), id(1971, 8));
    // Nothing to do with it.
    assert_eq!(conflicts(&stranger, &[&other], &[]), []);
    // A member; a relative of one; both.
    assert_eq!(conflicts(&members[1], &[], &[]), [(Some(1), 0)]);
    assert_eq!(conflicts(&stranger, &[&members[0]], &[]), [(Some(0), 0)]);
    assert_eq!(
        conflicts(&members[1], &[&members[0]], &[]),
        [(Some(0), 0), (Some(1), 0)]
    );
    // The spouse of a member by either register, also of a marriage that has ended, with the record behind it.
    for record in [
        marriage(Married, &stranger, "", "2005-01-01"),
        marriage(Divorced, &stranger, "", "2015-01-01"),
        booklet(&stranger, None),
    ] {
        assert_eq!(conflicts(&stranger, &[], &[civil(vec![record])]), [(Some(0), 1)]);
    }
    assert_eq!(conflicts(&other, &[], &[civil(vec![booklet(&stranger, None)])]), []);
}

/// One registration of the first member.
fn child_of(father: &str, mother: &str) -> [Said; 1] {
    [civil(vec![registered("", [father, mother], None)])]
}

#[test]
fn an_official_whom_registration_names_as_a_parent_is_a_conflict_of_interest() {
    let (stranger, other) = (id(1970, 7), id(1971, 8));
    for said in [
        child_of(&stranger, ""),
        child_of("", &stranger),
        child_of(&other, &stranger),
    ] {
        assert_eq!(conflicts(&stranger, &[], &said), [(Some(0), 1)]);
    }
    assert_eq!(conflicts(&other, &[], &child_of(&stranger, "")), []);
    // Numbers of fifteen digits, as old booklets have them, and such as are none.
    let today = hedui_ids::Date::new(2026, 11, 22).unwrap();
    let old = hedui_ids::ResidentId::parse(&stranger, today)
        .unwrap()
        .id
        .legacy_15()
        .unwrap();
    assert_eq!(conflicts(&stranger, &[], &child_of(old.expose(), "")), [(Some(0), 1)]);
    assert_eq!(conflicts(&stranger, &[], &child_of(&stranger[..17], "无")), []);
    // A parent of nobody here opens no verdict.
    let parents = registered("", [&stranger, &other], None);
    assert_eq!(codes(&[civil(vec![parents])]), [""; 0]);
}

#[test]
fn a_relative_of_the_official_whom_a_register_names_is_a_conflict_of_interest() {
    let (official, father, son) = (id(1970, 7), id(1945, 1), id(1995, 3));
    // A brother or sister: the same father. A grandchild: the official's child is its parent. One's son's wife.
    assert_eq!(conflicts(&official, &[&father], &child_of(&father, "")), [(Some(0), 1)]);
    assert_eq!(
        conflicts(&official, &[&father, &son], &child_of(&son, "")),
        [(Some(0), 1)]
    );
    let wife = [civil(vec![marriage(Married, &son, "", "2020-01-01")])];
    assert_eq!(conflicts(&official, &[&son], &wife), [(Some(0), 1)]);
    assert_eq!(conflicts(&official, &[], &child_of(&father, "")), []);
    // The nearest way is the one that is told, with its record alone.
    let both = [civil(vec![registered(&official, [&father, ""], None)])];
    assert_eq!(conflicts(&official, &[&father], &both), [(Some(0), 1)]);
}

#[test]
fn a_silent_register_of_people_marriages_or_help_opens_the_verdict_and_is_named() {
    for (of, code) in [
        (T::Registration, MEMBERS_UNCONFIRMED),
        (T::Marriage, MEMBERS_UNCONFIRMED),
        (T::Assistance, HELP_UNCONFIRMED),
    ] {
        let quiet = [silent("quiet", &[of]), says("b-other", &[of], vec![])];
        let all = all_of(&checked(family()), &quiet);
        assert_eq!(opening(&all), [code]);
        assert_eq!(all[0].departments, [quiet[0].profile.id.clone()]);
        // One member's answer is not another's.
        let one = [said(
            "quiet",
            &[of],
            vec![found(vec![]), AnswerState::Pending, found(vec![])],
        )];
        assert_eq!(codes(&one), [code]);
        // What nobody was asked for is not missed here.
        let programmes = [ProgrammeId::new("dibao").unwrap()];
        let unasked = ask_for(&checked(family()), &quiet, &[T::Vehicle], |facts| {
            findings(facts, &programmes, "511703", Tolerances::default())
        });
        assert_eq!(unasked, []);
        // A programme that needs it misses it, though it is silent to nobody.
        let missed = |asked: &[RecordType], needs: &[RecordType]| {
            ask_for(&checked(family()), &[says("quiet", &[of], vec![])], asked, |facts| {
                let codes: Vec<&str> = unasked_for(facts, needs).collect();
                let by = codes.iter().flat_map(|code| unheard_of(facts, code, needs)).collect();
                (codes, by)
            })
        };
        assert_eq!(
            missed(&[T::Vehicle], &[of, T::Vehicle]),
            (vec![code], vec![quiet[0].profile.id.clone()])
        );
        assert_eq!(missed(&[of], &[of]), (vec![], vec![]));
        assert_eq!(missed(&[T::Vehicle], &[T::Vehicle, T::Income]), (vec![], vec![]));
    }
    // Neither is another register's silence.
    assert_eq!(codes(&[silent("quiet", &[T::Vehicle, T::Income])]), [""; 0]);
    assert!(MEMBERS_OPEN.contains(&MEMBERS_UNCONFIRMED) && !MEMBERS_OPEN.contains(&HELP_UNCONFIRMED));
}

/// What registers of people, marriages and help say of one member: nothing on record, most often.
fn said_of_member(types: &'static [RecordType]) -> BoxedStrategy<AnswerState> {
    let one = prop::sample::select(types).prop_flat_map(body);
    prop_oneof![
        6 => Just(AnswerState::NoRecord),
        1 => prop::collection::vec(one, 1..3).prop_map(found),
        1 => silences(),
    ]
    .boxed()
}

const REGISTERS: &[RecordType] = &[T::Registration, T::Marriage, T::Assistance];

proptest! {
    /// Where nothing leaves a verdict open, nothing that a silent register could still say would.
    #[test]
    fn what_no_finding_leaves_open_no_silent_register_could_open(
        states in prop::collection::vec(said_of_member(REGISTERS), 6),
        later in prop::collection::vec(prop::sample::select(REGISTERS).prop_flat_map(body), 6),
    ) {
        let household = checked(family());
        let (first, second) = states.split_at(3);
        let mut both = [said("a", REGISTERS, first.to_vec()), said("b", REGISTERS, second.to_vec())];
        let before = opening(&all_of(&household, &both));
        let answers = both.iter_mut().flat_map(|s| &mut s.subjects);
        for (answer, body) in answers.zip(later) {
            if !matches!(answer.state, AnswerState::Found { .. } | AnswerState::NoRecord) {
                answer.state = found(vec![body]);
            }
        }
        let after = opening(&all_of(&household, &both));
        prop_assert!(!before.is_empty() || after.is_empty(), "{after:?}");
    }
}
