//! From the wire to the domain: requests. All mistakes at once, each with its field; nothing is defaulted that was not left out on purpose.
//! Leaves checks that need the domain to the broker, and the way back to `to_proto`.

use hedui_broker::{Completion, Conflict, Create, Request, Reuse};
use hedui_core::authorization::{AuthorizationInput, EndEvent, Ended, Signature};
use hedui_core::circumstance::{Circumstance, StatedCircumstance};
use hedui_core::household::{Declared, DeclaredIncome, HouseholdInput, MemberInput, Relation, Residence};
use hedui_core::record::IncomeKind;
use hedui_core::{Date, Fen, FieldError, PartialDate, Supporter};
use hedui_proto::gtype;
use hedui_proto::verification as pb;

/// Collects mistakes under a field path.
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn wrong(&mut self, field: impl Into<String>, reason: &str, message: &str) {
        self.errors.push(FieldError::new(field, reason, message));
    }

    fn date(&mut self, field: &str, date: Option<&gtype::Date>) -> Option<Date> {
        let date = date?;
        let parts = (
            i16::try_from(date.year),
            i8::try_from(date.month),
            i8::try_from(date.day),
        );
        let found = match parts {
            (Ok(year), Ok(month), Ok(day)) if year > 0 => Date::new(year, month, day).ok(),
            _ => None,
        };
        if found.is_none() {
            self.wrong(field, "DATE_INVALID", "a whole date that exists");
        }
        found
    }

    fn partial(&mut self, field: &str, date: Option<&gtype::Date>) -> Option<PartialDate> {
        let found = date.and_then(|date| {
            let year = i16::try_from(date.year).ok()?;
            PartialDate::new(year, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?)
        });
        if found.is_none() {
            self.wrong(
                field,
                "DATE_INVALID",
                "a date that exists: year, or year and month, or a whole date",
            );
        }
        found
    }

    fn fen(&mut self, field: &str, money: Option<&gtype::Money>) -> Option<Fen> {
        let money = money?;
        let found = fen(money);
        if found.is_none() {
            self.wrong(field, "MONEY_INVALID", "CNY in whole fen, units and nanos of one sign");
        }
        found
    }
}

/// An amount in fen; `None` where it is not CNY in whole fen.
pub fn fen(money: &gtype::Money) -> Option<Fen> {
    const NANOS_PER_FEN: i32 = 10_000_000;
    let signs_agree = money.units == 0 || money.nanos == 0 || (money.units > 0) == (money.nanos > 0);
    let whole = money.nanos % NANOS_PER_FEN == 0 && money.nanos.unsigned_abs() < 1_000_000_000;
    if money.currency_code != "CNY" || !signs_agree || !whole {
        return None;
    }
    let fen = money
        .units
        .checked_mul(100)?
        .checked_add(i64::from(money.nanos / NANOS_PER_FEN))?;
    Some(Fen(fen))
}

/// A request to create, by an authenticated caller.
///
/// Errors: every mistake of form, with its field.
pub fn create(message: pb::CreateVerificationRequest, caller: String) -> Result<Create, Vec<FieldError>> {
    let mut reader = Reader { errors: Vec::new() };
    let household = match message.household {
        Some(household) => household_input(&mut reader, household),
        None => {
            reader.wrong("household", "REQUIRED", "state the household");
            None
        }
    };
    let authorizations: Vec<AuthorizationInput> = message
        .authorizations
        .into_iter()
        .enumerate()
        .filter_map(|(i, letter)| authorization(&mut reader, letter, i))
        .collect();
    let as_of = reader.date("as_of", message.as_of.as_ref());
    let deadline_ms = message.deadline.map(|d| millis(&mut reader, "deadline", &d));
    let completion = match pb::Completion::try_from(message.completion) {
        Ok(pb::Completion::Unspecified | pb::Completion::AllDepartments) => Completion::AllDepartments,
        Ok(pb::Completion::VerdictFinal) => Completion::VerdictFinal,
        Err(_) => unknown(&mut reader, "completion"),
    };
    let reuse = match pb::Reuse::try_from(message.reuse) {
        Ok(pb::Reuse::Unspecified | pb::Reuse::Fresh) => Reuse::Fresh,
        Ok(pb::Reuse::Never) => Reuse::Never,
        Err(_) => unknown(&mut reader, "reuse"),
    };
    let conflict = match pb::ConflictPolicy::try_from(message.conflict_policy) {
        Ok(pb::ConflictPolicy::Unspecified | pb::ConflictPolicy::Fail) => Conflict::Fail,
        Ok(pb::ConflictPolicy::UseExisting) => Conflict::UseExisting,
        Ok(pb::ConflictPolicy::RunBoth) => Conflict::RunBoth,
        Err(_) => unknown(&mut reader, "conflict_policy"),
    };
    let Some(household) = household.filter(|_| reader.errors.is_empty()) else {
        return Err(reader.errors);
    };
    Ok(Create {
        request: Request {
            district_code: message.district_code,
            household,
            programmes: message.programmes,
            authorizations,
            as_of,
            completion,
            reuse,
            deadline_ms,
            policy_variant: Some(message.policy_variant).filter(|v| !v.is_empty()),
            actor: message.actor,
            recheck: None,
            reevaluates: None,
        },
        request_id: Some(message.request_id).filter(|id| !id.is_empty()),
        conflict,
        caller,
        validate_only: message.validate_only,
    })
}

fn unknown<T: Default>(reader: &mut Reader, field: &str) -> T {
    reader.wrong(field, "UNKNOWN_VALUE", "a value that this version does not know");
    T::default()
}

/// A duration in milliseconds, rounded up, 0 where negative.
fn millis(reader: &mut Reader, field: &str, duration: &prost_types::Duration) -> u32 {
    if duration.seconds < 0 || duration.nanos < 0 {
        reader.wrong(field, "DURATION_NEGATIVE", "a positive time");
        return 0;
    }
    let ms = i128::from(duration.seconds) * 1_000 + (i128::from(duration.nanos) + 999_999) / 1_000_000;
    u32::try_from(ms).unwrap_or(u32::MAX)
}

fn household_input(reader: &mut Reader, household: pb::Household) -> Option<HouseholdInput> {
    let residence = match household.residence() {
        pb::Residence::Urban => Some(Residence::Urban),
        pb::Residence::Rural => Some(Residence::Rural),
        pb::Residence::Unspecified => {
            reader.wrong("household.residence", "REQUIRED", "RESIDENCE_URBAN or RESIDENCE_RURAL");
            None
        }
    };
    let members: Vec<MemberInput> = household
        .members
        .into_iter()
        .enumerate()
        .filter_map(|(i, m)| member(reader, m, i))
        .collect();
    let declared = household.declared.unwrap_or_default();
    let declared = Declared {
        financial_assets: reader.fen(
            "household.declared.financial_assets",
            declared.financial_assets.as_ref(),
        ),
        dwellings: declared.dwellings,
        vehicles: declared.vehicles,
        businesses: declared.businesses,
    };
    let circumstances = circumstances(reader, household.circumstances, "household");
    let supporters = household.supporters.into_iter().enumerate();
    let supporters = supporters.filter_map(|(i, one)| supporter(reader, one, i)).collect();
    Some(HouseholdInput {
        residence: residence?,
        members,
        declared,
        circumstances,
        supporters,
        town: Some(household.town).filter(|town| !town.is_empty()),
    })
}

fn supporter(reader: &mut Reader, stated: pb::Supporter, index: usize) -> Option<Supporter> {
    let field = format!("household.supporters[{index}]");
    let relation = relation(stated.relation());
    if relation.is_none() {
        reader.wrong(format!("{field}.relation"), "REQUIRED", "the relation to the applicant");
    }
    let monthly_income = reader.fen(&format!("{field}.monthly_income"), stated.monthly_income.as_ref());
    if stated.monthly_income.is_none() {
        reader.wrong(format!("{field}.monthly_income"), "REQUIRED", "the income a month");
    }
    Some(Supporter {
        relation: relation?,
        persons: stated.persons,
        monthly_income: monthly_income?,
        unable: stated.unable,
        document: stated.document,
    })
}

/// What papers state of a member or of the household at `field`.
fn circumstances(reader: &mut Reader, stated: Vec<pb::Circumstance>, field: &str) -> Vec<StatedCircumstance> {
    let each = stated.into_iter().enumerate().filter_map(|(i, one)| {
        let field = format!("{field}.circumstances[{i}]");
        let word = Circumstance::from_word(&one.word);
        if word.is_none() {
            let message = "a word of the table of circumstances in proto/README.md";
            reader.wrong(format!("{field}.word"), "UNKNOWN_CIRCUMSTANCE", message);
        }
        Some(StatedCircumstance {
            since: reader.date(&format!("{field}.since"), one.since.as_ref()),
            until: reader.date(&format!("{field}.until"), one.until.as_ref()),
            amount: reader.fen(&format!("{field}.amount"), one.amount.as_ref()),
            number: one.number,
            document: one.document,
            word: word?,
        })
    });
    each.collect()
}

fn relation(value: pb::Relation) -> Option<Relation> {
    Some(match value {
        pb::Relation::Unspecified => return None,
        pb::Relation::Applicant => Relation::Applicant,
        pb::Relation::Spouse => Relation::Spouse,
        pb::Relation::Child => Relation::Child,
        pb::Relation::Parent => Relation::Parent,
        pb::Relation::Grandparent => Relation::Grandparent,
        pb::Relation::Grandchild => Relation::Grandchild,
        pb::Relation::Sibling => Relation::Sibling,
        pb::Relation::Other => Relation::Other,
    })
}

fn member(reader: &mut Reader, member: pb::Member, index: usize) -> Option<MemberInput> {
    let field = format!("household.members[{index}]");
    let relation = relation(member.relation());
    if relation.is_none() {
        reader.wrong(format!("{field}.relation"), "REQUIRED", "the relation to the applicant");
    }
    let incomes = member.incomes.into_iter().enumerate();
    let incomes = incomes.filter_map(|(i, income)| declared_income(reader, &income, &format!("{field}.incomes[{i}]")));
    let incomes = incomes.collect();
    let circumstances = circumstances(reader, member.circumstances, &field);
    Some(MemberInput {
        incomes,
        circumstances,
        id_number: member.id_number,
        name: member.name,
        relation: relation?,
        incapable: member.incapable,
        casual_work_months: member.casual_work_months,
    })
}

fn declared_income(reader: &mut Reader, income: &pb::DeclaredIncome, field: &str) -> Option<DeclaredIncome> {
    let kind = match income.kind() {
        pb::DeclaredIncomeKind::Wage => Some(IncomeKind::Wage),
        pb::DeclaredIncomeKind::Business => Some(IncomeKind::Business),
        pb::DeclaredIncomeKind::Property => Some(IncomeKind::Property),
        pb::DeclaredIncomeKind::Transfer => Some(IncomeKind::Transfer),
        pb::DeclaredIncomeKind::Unspecified => {
            reader.wrong(format!("{field}.kind"), "REQUIRED", "the kind of income");
            None
        }
    };
    let amount = reader.fen(&format!("{field}.amount"), income.amount.as_ref());
    if income.amount.is_none() {
        reader.wrong(format!("{field}.amount"), "REQUIRED", "the amount");
    }
    let from = reader.partial(&format!("{field}.from"), income.from.as_ref());
    let until = reader.partial(&format!("{field}.until"), income.until.as_ref());
    Some(DeclaredIncome {
        kind: kind?,
        amount: amount?,
        from: from?,
        until: until?,
    })
}

fn authorization(reader: &mut Reader, letter: pb::Authorization, index: usize) -> Option<AuthorizationInput> {
    let field = format!("authorizations[{index}]");
    let signed_on = reader.date(&format!("{field}.signed_on"), letter.signed_on.as_ref());
    if letter.signed_on.is_none() {
        reader.wrong(format!("{field}.signed_on"), "REQUIRED", "the day of the signature");
    }
    let valid_until = reader.date(&format!("{field}.valid_until"), letter.valid_until.as_ref());
    let period_from = reader.date(&format!("{field}.period_from"), letter.period_from.as_ref());
    let ended_on = reader.date(&format!("{field}.ended_on"), letter.ended_on.as_ref());
    let event = match letter.end_event() {
        pb::EndEvent::Unspecified => None,
        pb::EndEvent::Withdrawn => Some(EndEvent::Withdrawn),
        pb::EndEvent::AidEnded => Some(EndEvent::AidEnded),
        pb::EndEvent::MembersChanged => Some(EndEvent::MembersChanged),
    };
    if ended_on.is_some() != event.is_some() {
        reader.wrong(
            format!("{field}.end_event"),
            "REQUIRED",
            "ended_on and end_event belong together",
        );
    }
    let signature = match letter.signature {
        Some(pb::authorization::Signature::Paper(paper)) => Some(Signature::Paper {
            scan_sha256: paper.scan_sha256,
            witnessed_by: paper.witnessed_by,
        }),
        Some(pb::authorization::Signature::Electronic(e)) => Some(Signature::Electronic {
            key_id: e.key_id,
            signature: e.signature,
        }),
        None => {
            reader.wrong(format!("{field}.signature"), "REQUIRED", "how the letter was signed");
            None
        }
    };
    Some(AuthorizationInput {
        authorization_id: letter.authorization_id,
        signer_id_number: letter.signer_id_number,
        on_behalf_of: letter.on_behalf_of,
        programmes: letter.programmes,
        departments: letter.departments,
        signed_on: signed_on?,
        valid_until,
        period_from,
        ended: ended_on.zip(event).map(|(on, event)| Ended { on, event }),
        signature: signature?,
    })
}
