//! Laws of the way to the wire.

use super::*;
use crate::cli::file::HouseholdFile;

fn word(value: impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_uppercase()
}

#[test]
fn relations_keep_their_names() {
    for given in [
        Relation::Applicant,
        Relation::Spouse,
        Relation::Child,
        Relation::Parent,
        Relation::Grandparent,
        Relation::Grandchild,
        Relation::Sibling,
        Relation::Other,
    ] {
        assert_eq!(relation(given).as_str_name(), format!("RELATION_{}", word(given)));
    }
}

#[test]
fn incomes_keep_kind_amount_and_months() {
    for kind in IncomeKind::ALL {
        let wire = income(&DeclaredIncome {
            kind: *kind,
            amount: hedui_core::Fen(600_050),
            from: "2026-07".parse().unwrap(),
            until: "2026-09".parse().unwrap(),
        });
        assert_eq!(
            wire.kind().as_str_name(),
            format!("DECLARED_INCOME_KIND_{}", word(kind))
        );
        assert_eq!(
            wire.amount.as_ref().map(crate::cli::values::yuan).as_deref(),
            Some("6000.50")
        );
        assert_eq!(
            wire.from.as_ref().map(crate::cli::values::date).as_deref(),
            Some("2026-07")
        );
    }
}

#[test]
fn a_file_becomes_a_request_with_nothing_left_out() {
    let (file, _) = HouseholdFile::from_toml(include_str!("../../../examples/household.toml")).unwrap();
    let request = request(&file);
    let household = request.household.unwrap();
    assert_eq!(request.district_code, "511703");
    assert_eq!(household.residence(), wire::Residence::Urban);
    assert_eq!(household.members.len(), 3);
    assert_eq!(household.members[1].incomes.len(), 1);
    assert_eq!(household.members[1].casual_work_months, 3);
    let stated = &household.members[2].circumstances;
    assert_eq!(
        (stated[0].word.as_str(), stated[0].document.as_str()),
        ("boards_away", "寄宿证明")
    );
    assert_eq!(stated[0].since, Some(date_of("2026-09-01".parse().unwrap())));
    assert_eq!(household.declared.as_ref().unwrap().dwellings, Some(1));
    assert_eq!(request.authorizations.len(), 2);
    assert_eq!(
        request.authorizations[0].on_behalf_of,
        [file.household.members[2].id_number.clone()]
    );
    assert!(matches!(
        request.authorizations[0].signature,
        Some(WireSignature::Paper(_))
    ));
    assert_eq!(
        request.authorizations[1].valid_until,
        Some(date_of("2027-11-19".parse().unwrap()))
    );
}

#[test]
fn an_ended_letter_stays_ended() {
    let (mut file, _) = HouseholdFile::from_json(include_str!("../../../examples/household.json")).unwrap();
    for (event, name) in [
        (EndEvent::Withdrawn, "END_EVENT_WITHDRAWN"),
        (EndEvent::AidEnded, "END_EVENT_AID_ENDED"),
        (EndEvent::MembersChanged, "END_EVENT_MEMBERS_CHANGED"),
    ] {
        let on = "2026-11-10".parse().unwrap();
        file.authorizations[0].ended = Some(hedui_core::authorization::Ended { on, event });
        let wire = authorization(&file.authorizations[0]);
        assert_eq!(
            (wire.end_event().as_str_name(), wire.ended_on),
            (name, Some(date_of(on)))
        );
    }
}
