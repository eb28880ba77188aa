//! What makes people needy without being income: school, illness, disability, and the help they already draw.
//! Leaves what they earn and own to `economy`.

use hedui_core::record::*;
use hedui_core::{Fen, PartialDate};

use super::draft::Draft;
use super::ledger::Scribe;
use super::people::Person;

/// What a pupil of a vocational school gets in a year, in fen.
const VOCATIONAL_GRANT: i64 = 200_000;
/// What medicine for a mental illness is paid with in a month, in fen.
const MEDICINE: i64 = 6_000;
/// What an operation on a cataract is paid with, in fen.
const CATARACT: i64 = 120_000;

/// Illness, disability, school and the help already drawn: reasons for being poor, none of them income.
pub(crate) fn befall(draft: &mut Draft<'_>) {
    for ordinal in 0..draft.members.len() {
        if draft.is_gone(ordinal) {
            continue;
        }
        school(draft, ordinal);
        illness(draft, ordinal);
        help(draft, ordinal);
    }
}

fn school(draft: &mut Draft<'_>, ordinal: usize) {
    let year = draft.as_of.year();
    let (name, place) = (draft.place.name.clone(), draft.place.code_text.clone());
    let Some((member, mut scribe)) = draft.member(ordinal) else {
        return;
    };
    let (stage, school, begins) = match member.age {
        4..=6 => (SchoolStage::Preschool, "幼儿园", 4),
        7..=15 => (SchoolStage::Compulsory, "第三小学", 7),
        16..=18 => scribe.dice.pick(
            (SchoolStage::SeniorSecondary, "中学", 16),
            &[(SchoolStage::Vocational, "职业高级中学", 16)],
        ),
        19..=22 if scribe.dice.percent(50) => (SchoolStage::Undergraduate, "学院", 19),
        _ => return,
    };
    let since = i16::try_from(i64::from(year) - (member.age - begins) - 1).ok();
    let enrolment = Enrolment {
        school: format!("{name}{school}").into(),
        stage,
        from: since.and_then(|y| PartialDate::new(y, 9, 1)),
        until: None,
        full_time: true,
    };
    scribe.at("education", member, RecordBody::Enrolment(enrolment));
    if stage == SchoolStage::SeniorSecondary && scribe.dice.percent(30) {
        let from = since.and_then(|y| PartialDate::new(y, 10, 0));
        let grant = once("adolescent-help", scribe.dice.range(5, 30) * 10_000, from);
        scribe.at("youth-league", member, RecordBody::Assistance(grant));
    }
    if stage == SchoolStage::Vocational {
        let from = since.and_then(|y| PartialDate::new(y, 10, 15));
        let grant = Assistance {
            period: AssistancePeriod::Yearly,
            ..drawing("vocational-grant", VOCATIONAL_GRANT, from, &place)
        };
        scribe.at("education", member, RecordBody::Assistance(grant));
    }
}

fn illness(draft: &mut Draft<'_>, ordinal: usize) {
    let place = draft.place.code_text.clone();
    let (bill_on, issued) = (draft.day_ago(5, 340), draft.day_ago(400, 4000));
    // Somebody else of age has to be able to sign for a member under guardianship.
    let guardian = draft
        .members
        .iter()
        .enumerate()
        .any(|(i, m)| i != ordinal && m.age >= 18 && !m.incapable);
    let Some((member, mut scribe)) = draft.member(ordinal) else {
        return;
    };
    let mut incapable = false;
    if (6..80).contains(&member.age) && scribe.dice.percent(14) {
        let kind = scribe.dice.weighted(
            (DisabilityKind::Physical, 50),
            &[
                (DisabilityKind::Vision, 12),
                (DisabilityKind::Hearing, 12),
                (DisabilityKind::Speech, 4),
                (DisabilityKind::Intellectual, 9),
                (DisabilityKind::Mental, 10),
                (DisabilityKind::Multiple, 3),
            ],
        );
        let grade = u32::try_from(scribe.dice.weighted((3, 35), &[(1, 12), (2, 25), (4, 28)])).unwrap_or(4);
        incapable = grade == 1
            && matches!(kind, DisabilityKind::Mental | DisabilityKind::Intellectual)
            && guardian
            && ordinal > 0;
        let certificate = Disability {
            kind,
            grade,
            certificate_number: format!("CJ{:010}", scribe.numbers.running("certificate")).into(),
            issued_on: Some(issued),
        };
        scribe.at("disabled-federation", member, RecordBody::Disability(certificate));
        let help = match kind {
            DisabilityKind::Mental => Some(drawing("mental-illness-medicine", MEDICINE, Some(issued), &place)),
            DisabilityKind::Vision if member.age >= 60 => Some(once("cataract-surgery", CATARACT, Some(bill_on))),
            _ => None,
        };
        if let Some(help) = help {
            scribe.at("disabled-federation", member, RecordBody::Assistance(help));
        }
        if grade <= 2 {
            let allowance = drawing(
                "nursing-allowance",
                scribe.dice.pick(5000, &[8000, 10_000]),
                Some(issued),
                &place,
            );
            scribe.at("civil-affairs", member, RecordBody::Assistance(allowance));
        }
    }
    if scribe.dice.percent(22) {
        bills(&mut scribe, member, bill_on);
    }
    if incapable && let Some(member) = draft.members.get_mut(ordinal) {
        member.incapable = true;
    }
}

fn bills(scribe: &mut Scribe<'_>, member: &Person, paid_on: PartialDate) {
    for _ in 0..scribe.dice.range(1, 3) {
        let total = scribe.dice.range(8_000, 2_500_000);
        let reimbursed = total * scribe.dice.range(45, 80) / 100;
        let own = (total - reimbursed) * scribe.dice.range(50, 95) / 100;
        let bill = MedicalExpense {
            paid_on,
            total: Fen(total),
            reimbursed: Some(Fen(reimbursed)),
            own_cost_in_scope: Fen(own),
        };
        scribe.at("medical-insurance", member, RecordBody::MedicalExpense(bill));
    }
    let amount = scribe.dice.range(3, 40) * 10_000;
    let (department, programme) = match scribe.dice.range(0, 11) {
        0 => ("health", "health-poverty-fund"),
        1 => ("red-cross", "red-cross-medical"),
        2 => ("trade-unions", "union-medical"),
        _ => return,
    };
    scribe.at(
        department,
        member,
        RecordBody::Assistance(once(programme, amount, Some(paid_on))),
    );
}

/// Help already drawn from programmes that every district has.
fn help(draft: &mut Draft<'_>, ordinal: usize) {
    let place = draft.place.code_text.clone();
    let (recently, long_ago) = (draft.day_ago(10, 300), draft.day_ago(200, 1500));
    let Some((member, mut scribe)) = draft.member(ordinal) else {
        return;
    };
    let senior = match member.age {
        80..=89 => 6000,
        90..=99 => 12_000,
        100.. => 60_000,
        _ => 0,
    };
    if senior > 0 {
        let subsidy = drawing("senior-subsidy", senior, Some(long_ago), &place);
        scribe.at("benefit-center", member, RecordBody::Assistance(subsidy));
    }
    if ordinal > 0 || member.age < 18 {
        return;
    }
    let amount = scribe.dice.range(3, 15) * 10_000;
    if scribe.dice.percent(12) {
        let dibao = drawing("dibao", scribe.dice.range(90, 300) * 100, Some(long_ago), &place);
        scribe.at("civil-affairs", member, RecordBody::Assistance(dibao));
    }
    if scribe.dice.percent(6) {
        let temporary = Assistance {
            division_code: place.clone().into(),
            ..once("temporary-assistance", amount, Some(recently))
        };
        scribe.at("benefit-center", member, RecordBody::Assistance(temporary));
    }
    let (department, programme) = match scribe.dice.range(0, 99) {
        0 | 1 => ("trade-unions", "union-living"),
        2 | 3 => ("womens-federation", "family-counselling"),
        4 | 5 => ("justice", "legal-aid"),
        6 | 7 => ("party-work-committee", "party-member-help"),
        rented @ 8..=10 => {
            let programme = if rented == 8 {
                "public-rental-housing"
            } else {
                "rent-subsidy"
            };
            let monthly = drawing(programme, amount / 20, Some(long_ago), &place);
            scribe.at("housing", member, RecordBody::Assistance(monthly));
            return;
        }
        measure @ 11..=13 if member.age < 60 => {
            let programme = if measure == 11 {
                "public-welfare-post"
            } else {
                "social-insurance-subsidy"
            };
            let since = PartialDate::new(long_ago.year(), long_ago.month(), 0);
            let monthly = drawing(programme, amount / 2, since, &place);
            scribe.at("employment", member, RecordBody::Assistance(monthly));
            return;
        }
        _ => return,
    };
    scribe.at(
        department,
        member,
        RecordBody::Assistance(once(programme, amount, Some(recently))),
    );
}

/// Help given once, and over.
fn once(programme: &str, fen: i64, from: Option<PartialDate>) -> Assistance {
    Assistance {
        programme: programme.into(),
        amount: Fen(fen),
        period: AssistancePeriod::Once,
        from,
        until: None,
        division_code: Default::default(),
        status: AssistanceStatus::Ended,
    }
}

/// Help drawn every month.
pub(crate) fn drawing(programme: &str, fen: i64, from: Option<PartialDate>, place: &str) -> Assistance {
    Assistance {
        period: AssistancePeriod::Monthly,
        division_code: place.into(),
        status: AssistanceStatus::Drawing,
        ..once(programme, fen, from)
    }
}
