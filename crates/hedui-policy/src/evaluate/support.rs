//! Runs the formula of imputed support for each supporter, with a line of the trace for each, and adds it up.
//! Leaves who is a supporter to the household.

use hedui_core::supporter::Supporter;
use smol_str::SmolStr;

use super::Evaluation;
use super::known::{Causes, Known};
use crate::interval::{Interval, Trouble};
use crate::pack::Support;
use crate::program::{Filling, Place, SupporterWord};
use crate::ratio::Ratio;
use crate::unit::Unit;
use crate::value::Value;

impl Evaluation<'_, '_> {
    /// Fills the place of imputed support.
    pub(super) fn support(&mut self, rules: &Support) {
        let facts = self.input.facts;
        let (mut total, mut causes, mut numbers) = (Interval::ZERO, Causes::default(), String::new());
        let mut trouble = Trouble::default();
        let line = Place {
            name: rules.rule.name.clone(),
            title: rules.rule.title.clone(),
            unit: Unit::YUAN_PER_MONTH.to_string().into(),
            law: rules.rule.law.clone(),
            assumption: rules.rule.assumption,
            filling: Filling::Step,
        };
        for (nth, supporter) in facts.household.supporters.iter().enumerate() {
            for (place, word) in &rules.uses {
                self.store(None, *place, Known::settled(of(supporter, *word)));
            }
            let known = self.run(&rules.formula, None, None);
            // Nobody's support makes a household poorer.
            let amount = Interval::max(known.value.interval(), Interval::ZERO);
            let known = Known::new(Value::Number(amount), known.causes);
            let written = (rules.formula.text.clone(), self.numbers(&rules.formula, None));
            let parts = vec![facts.of_supporter(nth, supporter.monthly_income.0)];
            let step = self.traced(&line, None, written, &known, parts);
            self.trace.push(step);
            total = total.add(amount, &mut trouble);
            causes.unite(&known.causes);
            if nth > 0 {
                numbers.push_str(" + ");
            }
            known.value.write_to(&mut numbers);
        }
        let known = Known::new(Value::Number(total), causes);
        if let Some(place) = self.pack.household.get(rules.place) {
            let written = (SmolStr::default(), numbers.into());
            let step = self.traced(place, None, written, &known, Vec::new());
            self.trace.push(step);
        }
        self.store(None, rules.place, known);
    }
}

/// What a word says of a supporter.
fn of(supporter: &Supporter, word: SupporterWord) -> Value {
    match word {
        SupporterWord::Income => Value::yuan(supporter.monthly_income.0),
        SupporterWord::Persons => Value::exactly(Ratio::from(i64::from(supporter.persons))),
        SupporterWord::Able => Value::settled(!supporter.unable),
        SupporterWord::Is(relation) => Value::settled(supporter.relation == relation),
    }
}
