//! Figures that have been asked for before: findings, the report and the packs ask for many of the same.
//! Leaves reckoning to `facts`; since facts never change, a figure never grows old.

use std::cell::RefCell;
use std::rc::Rc;

use super::Fact;
use crate::bounds::Figure;
use crate::dates::Months;

/// What a figure is asked by.
type Question = (Fact, Option<u32>, Months);

/// The figures of one verification, at most some dozens: a list is faster than a map.
#[derive(Debug, Default)]
pub(super) struct Memo(RefCell<Vec<(Question, Rc<Figure>)>>);

impl Memo {
    /// The figure for a question, reckoned at the first time.
    pub(super) fn get_or(&self, question: Question, reckon: impl FnOnce() -> Figure) -> Rc<Figure> {
        if let Some((_, known)) = self.0.borrow().iter().find(|(asked, _)| *asked == question) {
            return Rc::clone(known);
        }
        // Not borrowed while reckoning: a figure may rest on others.
        let figure = Rc::new(reckon());
        self.0.borrow_mut().push((question, Rc::clone(&figure)));
        figure
    }
}
