//! An invented register of subsidies: who is in it, its rows, and what must come out of them.
//! Leaves where the rows are kept to the sources.

use std::collections::HashMap;

use anyhow::{Context as _, bail};
use hedui_adapter::samples::SampleRow;
use hedui_adapter::{Manifest, Row, Variables};
use hedui_core::{AnswerState, ProgrammeId, Query, Record, RecordBody, Subject, SubjectAnswer};
use hedui_ids::{DivisionCode, ResidentId};

/// Rows of each person.
pub const ROWS: u32 = 3;
/// Members of a household.
const MEMBERS: usize = 3;
/// The time of everything, in milliseconds since 1970: 2019-07-01, a day after the files.
pub const NOW: i64 = 1_561_939_200_000;

const NAMES: [&str; 5] = ["芳", "强", "秀英", "志明", "·苏和"];

/// What connector and bare driver ask.
pub const QUERY: &str = "SELECT who, name, what, amount, day FROM t WHERE who IN (:id_number, :legacy_id_number)";
const COLUMNS: [&str; 5] = ["who", "name", "what", "amount", "day"];

/// The texts of a row, in the order of the columns.
pub type RowTexts = [String; 5];

/// The register.
pub struct Register {
    pub rows: Vec<SampleRow>,
    pub queries: Vec<Query>,
    held: HashMap<String, Vec<RowTexts>>,
}

/// A department on such a register.
pub fn manifest(connector: &str) -> anyhow::Result<Manifest> {
    let text = format!(
        r#"
id = "subsidies"
name = {{ zh = "补贴", en = "Subsidies" }}
verifies = {{ zh = "补贴", en = "subsidies" }}
record_types = ["subsidy"]
lookup_keys = ["id_number", "legacy_id_number", "name"]
freshness = "24h"
deadline = "30s"
limits = {{ max_subjects = 20, max_concurrent_queries = 4, max_response_bytes = 1048576 }}
connector = {{ {connector} }}
identity = {{ id_number = "who", name = "name" }}
[[record]]
type = "subsidy"
fields = {{ project = "what", amount = "amount", paid_on = "day" }}
[source]
tables = [ {{ name = "t", columns = ["who", "name", "what", "amount", "day"] }} ]
"#
    );
    let variables = Variables::from([("password".to_owned(), "given later".to_owned())]);
    Manifest::parse(&text, &variables).map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))
}

impl Register {
    /// So many persons, in households of three.
    pub fn of(persons: u32) -> anyhow::Result<Register> {
        let (mut rows, mut people, mut held) = (Vec::new(), Vec::new(), HashMap::new());
        for number in 0..persons {
            let id = id(number)?;
            let name = format!("王{}", NAMES.get(number as usize % NAMES.len()).context("a name")?);
            let texts = (0..ROWS).map(|row| texts(&id, &name, number * ROWS + row));
            let texts: Vec<RowTexts> = texts.collect();
            for texts in &texts {
                let mut row = Row::new();
                COLUMNS
                    .iter()
                    .zip(texts)
                    .for_each(|(column, text)| row.set(column, text));
                rows.push(SampleRow { table: None, row });
            }
            held.insert(id.expose().to_owned(), texts);
            people.push((id, name));
        }
        let queries = people.chunks(MEMBERS).map(query).collect::<anyhow::Result<_>>()?;
        Ok(Register { rows, queries, held })
    }

    /// Whether these are the rows of these persons, in any order.
    pub fn is_held(&self, subjects: &[Subject], mut given: Vec<RowTexts>) -> bool {
        let held = subjects.iter().filter_map(|s| self.held.get(s.id.expose()));
        let mut held: Vec<RowTexts> = held.flatten().cloned().collect();
        held.sort_unstable();
        given.sort_unstable();
        !held.is_empty() && held == given
    }

    /// Whether each is found with what the rows say, without a doubt.
    ///
    /// # Errors
    /// Another answer than records.
    pub fn is_answered(&self, subjects: &[Subject], answers: &[SubjectAnswer]) -> anyhow::Result<bool> {
        for (subject, answer) in subjects.iter().zip(answers) {
            let mut found: Vec<(String, i64)> = Vec::new();
            for record in records(answer)? {
                let RecordBody::Subsidy(subsidy) = &record.body else {
                    bail!("a record of another type");
                };
                found.push((subsidy.project.to_string(), subsidy.amount.0));
            }
            let held = self.held.get(subject.id.expose()).context("a person")?;
            let amount = |text: &str| text.replace('.', "").parse::<i64>();
            let held = held.iter().map(|[_, _, what, fen, _]| Ok((what.clone(), amount(fen)?)));
            let mut held = held.collect::<anyhow::Result<Vec<_>>>()?;
            held.sort_unstable();
            found.sort_unstable();
            if held != found || !answer.notes.is_empty() {
                return Ok(false);
            }
        }
        Ok(subjects.len() == answers.len())
    }
}

/// The records of a person.
///
/// # Errors
/// There are none.
pub fn records(answer: &SubjectAnswer) -> anyhow::Result<&[Record]> {
    match &answer.state {
        AnswerState::Found { records } => Ok(records),
        other => bail!("{} {:?}", other.code(), answer.failure),
    }
}

fn id(number: u32) -> anyhow::Result<ResidentId> {
    let place = DivisionCode::new(511_703).context("a place")?;
    let (sequence, month, year) = (1 + number % 900, 1 + number / 900 % 12, 1950 + number / 10_800);
    let birth = hedui_ids::Date::new(u16::try_from(year)?, u8::try_from(month)?, 1).context("a day")?;
    ResidentId::compose(place, birth, u16::try_from(sequence)?).context("an id")
}

fn texts(id: &ResidentId, name: &str, number: u32) -> RowTexts {
    [
        id.expose().to_owned(),
        name.to_owned(),
        format!("退耕还林{number}"),
        format!("{}.{:02}", 100 + number % 1_000, number % 100),
        format!("2019-{:02}-{:02}", 1 + number % 6, 1 + number % 28),
    ]
}

fn query(people: &[(ResidentId, String)]) -> anyhow::Result<Query> {
    let as_of = hedui_core::Date::new(2019, 7, 1)?;
    let subjects = (0u32..).zip(people).map(|(ordinal, (id, name))| Subject {
        ordinal,
        id: *id,
        name: name.clone(),
    });
    Ok(Query {
        query_id: "bench".into(),
        purpose: ProgrammeId::new("dibao")?,
        district_code: "511703".into(),
        authorization_digest: [7; 32],
        as_of,
        period_from: as_of,
        period_until: as_of,
        subjects: subjects.collect(),
        record_types: Vec::new(),
    })
}
