//! Figures that have been asked for before: findings, the report and the packs ask for many of the same.
//! Leaves reckoning to `facts`; since facts never change, a figure never grows old.

use std::cell::RefCell;
use std::rc::Rc;

use super::Fact;
use crate::bounds::Figure;
use crate::dates::Months;

/// What a figure is asked by, in numbers that are compared at once: fact and member, first and last month. A figure at the date is the same
/// for every window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question(u64, u64);

impl Question {
    pub(super) fn of(fact: Fact, subject: Option<u32>, window: Months) -> Question {
        let pair = |high: u32, low: u32| u64::from(high) << 32 | u64::from(low);
        let months = pair(
            window.from.number().cast_unsigned(),
            window.until.number().cast_unsigned(),
        );
        Question(
            // No household has so many members that the number of one could mean all of them.
            pair(fact.number(), subject.unwrap_or(u32::MAX)),
            if fact.is_at_date() { 0 } else { months },
        )
    }
}

/// The figures of one verification, at most some dozens: a list of short questions is faster than a map.
#[derive(Debug, Default)]
pub(super) struct Memo(RefCell<(Vec<Question>, Vec<Rc<Figure>>)>);

impl Memo {
    /// The figure for a question, reckoned at the first time.
    pub(super) fn get_or(&self, question: Question, reckon: impl FnOnce() -> Figure) -> Rc<Figure> {
        {
            let (questions, figures) = &*self.0.borrow();
            let at = questions.iter().position(|asked| *asked == question);
            if let Some(known) = at.and_then(|at| figures.get(at)) {
                return Rc::clone(known);
            }
        }
        // Not borrowed while reckoning: a figure may rest on others.
        let figure = Rc::new(reckon());
        let (questions, figures) = &mut *self.0.borrow_mut();
        questions.push(question);
        figures.push(Rc::clone(&figure));
        figure
    }
}
