//! The long calls of `OperationsService`: a pack tried on a district's households, and what is filed of them taken away.
//! Leaves simulating to the broker, and the form of the report to `simulation`.

use hedui_broker::{Broker, BrokerError, Gathered, Officer, PackChoice, SimulateAsk};
use hedui_core::{Date, FieldError, ProgrammeId, Town};
use hedui_policy::{Little, Terms};
use hedui_proto::operations as pb;
use tonic::Status;

use crate::grpc::audit::district;
use crate::grpc::caller::Known;
use crate::grpc::from_proto::fen;
use crate::grpc::long_calls::{LongCall, Replies, beside};
use crate::grpc::status::status;
use crate::simulation::simulation;

/// Largest threshold in hundredths of a percent: the whole.
const MOST_BASIS_POINTS: u32 = 10_000;

/// What is asked for, or all mistakes.
pub(super) fn ask(message: &pb::SimulatePolicyRequest) -> Result<SimulateAsk, Status> {
    let mut mistakes = Vec::new();
    let mut wrong = |field: &str, reason: &str, message: &str| mistakes.push(FieldError::new(field, reason, message));
    let code = district(&message.district_code)?.unwrap_or_default().to_owned();
    if code.is_empty() {
        wrong(
            "district_code",
            "DISTRICT_INVALID",
            "name the district, six digits by GB/T 2260",
        );
    }
    let mut terms = Terms::default();
    if !message.town.is_empty() {
        terms.town = Town::parse(&message.town).filter(|town| {
            let district = hedui_ids::DivisionCode::parse(&code);
            district
                .zip(town.district())
                .is_some_and(|(district, of)| district.contains(of))
        });
        if terms.town.is_none() {
            let text = "nine digits of a township or twelve of a village, beginning with the code of the district";
            wrong("town", "TOWN_INVALID", text);
        }
    }
    if let Some(on) = &message.on {
        terms.on = day(on);
        if terms.on.is_none() {
            wrong("on", "DATE_INVALID", "a whole date of the calendar");
        }
    }
    terms.little = little(message, &mut wrong);
    if let Some(references) = message.references {
        terms.references = references as usize;
        if terms.references > hedui_policy::MAX_REFERENCES {
            wrong("references", "NUMBER_OUT_OF_RANGE", "at most 100");
        }
    }
    let mut pack = |field: &str, given: &Option<pb::SimulatedPack>| {
        use pb::simulated_pack::Pack;
        match given.as_ref().and_then(|given| given.pack.as_ref()) {
            Some(Pack::Known(name)) => Some(PackChoice::Known {
                id: name.id.clone(),
                version: name.version.clone(),
            }),
            Some(Pack::File(file)) => Some(PackChoice::Text {
                name: file.name.clone(),
                text: file.text.clone(),
            }),
            None => {
                wrong(field, "REQUIRED", "a pack by id and version, or the text of one");
                None
            }
        }
    };
    let (from, to) = (pack("from", &message.from), pack("to", &message.to));
    match (from, to) {
        (Some(from), Some(to)) if mistakes.is_empty() => Ok(SimulateAsk {
            district: code,
            from,
            to,
            terms,
            purpose: message.purpose.clone(),
        }),
        _ => Err(status(&BrokerError::Invalid(mistakes))),
    }
}

/// A whole date of the wire.
fn day(date: &hedui_proto::gtype::Date) -> Option<Date> {
    let (year, month) = (i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?);
    let day = Date::new(year, month, i8::try_from(date.day).ok()?).ok();
    day.filter(|day| day.year() > 0)
}

fn little(message: &pb::SimulatePolicyRequest, wrong: &mut impl FnMut(&str, &str, &str)) -> Little {
    let mut little = Little::default();
    if let Some(money) = &message.little_a_month {
        match fen(money).filter(|fen| fen.0 >= 0) {
            Some(fen) => little.monthly = fen.0,
            None => wrong(
                "little_a_month",
                "AMOUNT_INVALID",
                "an amount in CNY, whole fen, not negative",
            ),
        }
    }
    if let Some(points) = message.little_basis_points {
        little.basis_points = points;
        if points > MOST_BASIS_POINTS {
            wrong(
                "little_basis_points",
                "NUMBER_OUT_OF_RANGE",
                "at most 10000, which is all of it",
            );
        }
    }
    little
}

/// Tries the pack on a thread beside the runtime's; progress and the result are streamed. A caller who goes away stops it.
pub(super) fn run(
    broker: Broker,
    place: LongCall,
    (ask, actor): (SimulateAsk, String),
    caller: Known,
) -> Replies<pb::SimulatePolicyResponse> {
    beside(move |replies| async move {
        let (_place, broker) = (place, broker);
        let mut tell = |gathered: Gathered| {
            let step = pb::SimulatePolicyResponse {
                gathered: Some(wire(gathered)),
                simulation: None,
            };
            replies.blocking_send(Ok(step)).is_ok()
        };
        let officer = Officer {
            caller: &caller.id,
            person: &actor,
        };
        let simulated = broker
            .simulate(&ask, officer, &mut tell)
            .await
            .map_err(|e| status(&e))?;
        let gathered = wire(simulated.gathered);
        let [from, to] = &simulated.packs;
        let end = pb::SimulatePolicyResponse {
            gathered: Some(gathered),
            simulation: Some(simulation(&simulated.tally, [from, to], &ask.terms, Some(gathered))),
        };
        let _ = replies.blocking_send(Ok(end));
        Ok(())
    })
}

/// Gives what is filed of a district's households, some at a time.
pub(super) fn export(
    broker: Broker,
    place: LongCall,
    message: pb::ExportSnapshotsRequest,
    caller: Known,
) -> Result<Replies<pb::ExportSnapshotsResponse>, Status> {
    let code = district(&message.district_code)?.unwrap_or_default().to_owned();
    let mut mistakes = Vec::new();
    if code.is_empty() {
        let text = "name the district, six digits by GB/T 2260";
        mistakes.push(FieldError::new("district_code", "DISTRICT_INVALID", text));
    }
    let programme = ProgrammeId::new(&message.programme).map_err(|error| error.to_string());
    let programme = match programme {
        Ok(programme) if mistakes.is_empty() => programme,
        Ok(_) => return Err(status(&BrokerError::Invalid(mistakes))),
        Err(text) => {
            mistakes.push(FieldError::new("programme", "UNKNOWN_PROGRAMME", text));
            return Err(status(&BrokerError::Invalid(mistakes)));
        }
    };
    Ok(beside(move |replies| async move {
        let (_place, broker) = (place, broker);
        let mut give = |gathered: Gathered, filed: Vec<hedui_broker::FiledHousehold>| {
            let households = filed.into_iter().map(|(case, filed)| pb::FiledHousehold {
                verification: case.0.to_vec().into(),
                filed: filed.into(),
            });
            let step = pb::ExportSnapshotsResponse {
                gathered: Some(wire(gathered)),
                households: households.collect(),
                whole: false,
            };
            replies.blocking_send(Ok(step)).is_ok()
        };
        let officer = Officer {
            caller: &caller.id,
            person: &message.actor,
        };
        let ask = (code.as_str(), &programme, message.purpose.as_str());
        let gathered = broker.filed_households(ask, officer, &mut give).await;
        let end = pb::ExportSnapshotsResponse {
            gathered: Some(wire(gathered.map_err(|e| status(&e))?)),
            households: Vec::new(),
            whole: true,
        };
        let _ = replies.blocking_send(Ok(end));
        Ok(())
    }))
}

fn wire(gathered: Gathered) -> pb::Gathered {
    pb::Gathered {
        households: gathered.households,
        filed: gathered.filed,
        again: gathered.again,
        frozen: gathered.frozen,
        destroyed: gathered.destroyed,
        never: gathered.never,
        unreadable: gathered.unreadable,
    }
}
