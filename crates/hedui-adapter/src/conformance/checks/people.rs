//! The checks of what is said about people: known, unknown, under other names and numbers.
//! Leaves limits of time and number to `limits`.

use bytes::Bytes;
use hedui_core::{AnswerState, Subject, SubjectAnswer};
use hedui_ids::{Date, DivisionCode, ResidentId};
use tonic::Code;

use super::super::report::Finding;
use super::{Checks, code, must};
use crate::adapter::LookupKey;
use crate::reason::Reason;
use crate::wire::{decode_answer, encode_query};

fn reason(answer: &SubjectAnswer) -> &str {
    answer
        .failure
        .as_ref()
        .map_or(answer.state.code(), |failure| failure.reason.as_str())
}

/// Somebody whom nobody knows; the canary of the samples stays what it is.
fn nobody(year: u16, ordinal: u32, name: &str) -> Option<Subject> {
    let birth = Date::new(year, 2, 28)?;
    Some(Subject {
        ordinal,
        id: ResidentId::compose(DivisionCode::parse("511703")?, birth, 999)?,
        name: name.to_owned(),
    })
}

impl Checks<'_> {
    pub(in super::super) async fn unknown_person(&self) -> Finding {
        let answers = self.ask(&self.unknown("unknown")).await?;
        let wrong = answers
            .iter()
            .find(|a| a.state != AnswerState::NoRecord && !self.threshold(a));
        wrong.map_or(Ok(None), |answer| Err(format!("answered {}", reason(answer))))
    }

    /// A department that only says on which side of a threshold somebody is says so of everybody.
    fn threshold(&self, answer: &SubjectAnswer) -> bool {
        matches!(answer.state, AnswerState::WithinLimit { .. })
    }

    pub(in super::super) async fn everybody_answered(&self) -> Finding {
        let answers = self.ask(&self.known("everybody")).await?;
        // Odd money has a check of its own.
        let silent = answers
            .iter()
            .find(|a| !a.state.is_answer() && reason(a) != Reason::OddMoney.word());
        silent.map_or(Ok(None), |answer| {
            Err(format!("person {}: {}", answer.ordinal, reason(answer)))
        })
    }

    pub(in super::super) async fn whole_fen(&self) -> Finding {
        let answers = self.ask(&self.known("fen")).await?;
        let odd = answers.iter().find(|a| reason(a) == Reason::OddMoney.word());
        odd.map_or(Ok(None), |answer| {
            Err(format!("person {}: an amount is not whole fen in CNY", answer.ordinal))
        })
    }

    /// Everybody who is known, asked about under a name that nobody has.
    pub(in super::super) async fn name(&self) -> Finding {
        let by_name = self
            .description
            .as_ref()
            .is_some_and(|d| d.lookup_keys.contains(&LookupKey::Name));
        if !by_name {
            return Ok(Some("it does not compare names".to_owned()));
        }
        let known = self.ask(&self.known("names")).await?;
        let found: Vec<u32> = known
            .iter()
            .filter(|a| matches!(a.state, AnswerState::Found { .. }))
            .map(|a| a.ordinal)
            .collect();
        let mut other = self.known("other-names");
        other.subjects.retain(|s| found.contains(&s.ordinal));
        if other.subjects.is_empty() {
            return Ok(Some("nobody with records is known to the test".to_owned()));
        }
        for subject in &mut other.subjects {
            "欧阳探测".clone_into(&mut subject.name);
        }
        let answers = self.ask(&other).await?;
        let wrong = answers.iter().find(|a| a.state != AnswerState::IdentityMismatch);
        wrong.map_or(Ok(None), |answer| Err(format!("answered {}", reason(answer))))
    }

    /// Characters of four bytes and beyond the usual, and the dot in names of minorities.
    pub(in super::super) async fn rare_names(&self) -> Finding {
        let names = ["𠮷田䶮", "买买提·吐尔逊", "阿卜杜热合曼•麦麦提", "㛃", "O'Neil-李"];
        for (i, name) in names.iter().enumerate() {
            let subject = nobody(1980, 7, name).ok_or("no such person can be made")?;
            let query = self.about(&format!("rare-{i}"), vec![subject]);
            let answers = self.ask(&query).await?;
            if let Some(answer) = answers.iter().find(|a| !a.state.is_answer()) {
                return Err(format!("name {i}: {}", reason(answer)));
            }
        }
        Ok(None)
    }

    /// People with and without a 15-digit number are answered; a lower-case x is refused as malformed or read as what it is.
    pub(in super::super) async fn id_forms(&self) -> Finding {
        for year in [1950, 1999, 2000, 2015] {
            let subject = nobody(year, 3, "测试").ok_or("no such person can be made")?;
            let answers = self.ask(&self.about(&format!("born-{year}"), vec![subject])).await?;
            if let Some(answer) = answers.iter().find(|a| !a.state.is_answer()) {
                return Err(format!("born {year}: {}", reason(answer)));
            }
        }
        let x = (1..=200).filter_map(|n| {
            let id = ResidentId::compose(DivisionCode::parse("511703")?, Date::new(1980, 3, 1)?, n)?;
            id.expose().ends_with('X').then_some(id)
        });
        let id = x.into_iter().next().ok_or("no such person can be made")?;
        let subject = Subject {
            ordinal: 0,
            id,
            name: "测试".to_owned(),
        };
        let query = self.about("lower-case", vec![subject]);
        let mut message = encode_query(&query).to_vec();
        let at = message
            .windows(18)
            .position(|bytes| bytes == id.as_bytes())
            .ok_or("no id in the question")?;
        if let Some(last) = message.get_mut(at + 17) {
            *last = b'x';
        }
        match self.raw(Bytes::from(message)).await {
            Err(said) if said.code == Code::InvalidArgument => Ok(None),
            Err(said) => Err(format!("a lower-case x {}", code(&said))),
            // Whether it echoes the number as asked or as it is written: both say who is meant.
            Ok(bytes) => {
                let answers = decode_answer(&bytes, &query);
                let echoed = answers
                    .iter()
                    .all(|a| a.state.is_answer() || reason(a) == Reason::WrongSubject.word());
                must(echoed, "a lower-case x is answered with a failure")
            }
        }
    }
}
