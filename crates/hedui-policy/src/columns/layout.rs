//! Where the columns of a chunk stand: figures of the household, then of each member; sex, age, schooling and disability of each member.
//! Leaves filling them to `chunk` and reading them to `lower`.

use hedui_core::record::DisabilityKind;
use hedui_ids::Sex;

use super::ops::{Between, Byte, Num};
use super::outcome;
use crate::snapshot::{Disability, FigureKey, Needs, Person};

/// Greatest number of pieces, persons or months in a column.
const MAX_COUNT: i64 = 1 << 20;
/// Set in the code of a disability that a silent register could make more severe.
const OPEN: u8 = 0x40;
/// Columns of codes for each member.
pub(super) const TRAITS: usize = 4;

/// What a column of codes tells of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trait {
    Age = 0,
    Sex = 1,
    Student = 2,
    Disability = 3,
}

/// The shape of chunks: households of one size, either all settled or within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub persons: usize,
    /// Whether figures lie within bounds, of which the upper may be open.
    pub may_be_open: bool,
}

/// The columns of one shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout<'a> {
    pub needs: &'a Needs,
    pub shape: Shape,
}

impl Layout<'_> {
    /// How many figures a household and its members have.
    pub(super) fn figures(&self) -> usize {
        self.needs.household().len() + self.shape.persons * self.needs.member().len()
    }

    pub(super) fn number_columns(&self) -> usize {
        self.figures() * if self.shape.may_be_open { 2 } else { 1 }
    }

    pub(super) fn byte_columns(&self) -> usize {
        self.shape.persons * TRAITS + if self.shape.may_be_open { self.figures() } else { 0 }
    }

    /// A figure of the household, or of a member.
    pub(super) fn figure(&self, key: &FigureKey, member: Option<usize>) -> Option<Between> {
        let position = |keys: &[FigureKey]| keys.iter().position(|k| k == key);
        let at = match member {
            None => position(self.needs.household())?,
            Some(member) => {
                let before = self.needs.household().len() + member * self.needs.member().len();
                before + position(self.needs.member())?
            }
        };
        Some(if self.shape.may_be_open {
            Between {
                lo: Num::Given(2 * at),
                hi: Num::Given(2 * at + 1),
                lo_open: None,
                hi_open: Some(Byte::Given(self.shape.persons * TRAITS + at)),
            }
        } else {
            Between::settled(Num::Given(at))
        })
    }

    /// The codes of a member.
    pub(super) fn traits(&self, of: Trait, member: usize) -> Byte {
        Byte::Given(member * TRAITS + of as usize)
    }
}

/// The greatest number that columns take, by what a figure's whole numbers are divided by.
pub(super) fn most(scale: i128, money: i64) -> i64 {
    if scale == 1 { MAX_COUNT } else { money }
}

/// The codes of a member, in the order of the traits; `None` for an age that no table of ages holds.
pub(super) fn codes(person: &Person, age: u32) -> Option<[u8; TRAITS]> {
    Some([
        u8::try_from(age).ok()?,
        u8::from(person.sex == Sex::Female),
        outcome::code(person.student),
        disability_code(person.disability),
    ])
}

fn disability_code(disability: Disability) -> u8 {
    let known = disability.known.map_or(0, |(kind, grade)| {
        let kind = DisabilityKind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
        u8::try_from(kind).unwrap_or(0) * 4 + grade
    });
    known | if disability.is_open { OPEN } else { 0 }
}

/// Every disability with its code; the open ones only where they can be.
pub(super) fn disabilities(may_be_open: bool) -> Vec<(u8, Disability)> {
    let mut all = Vec::new();
    for is_open in [false, true].into_iter().filter(|open| may_be_open || !open) {
        let graded = |kind: &DisabilityKind| [1, 2, 3, 4].map(|grade| Some((*kind, grade)));
        let known = DisabilityKind::ALL.iter().flat_map(graded);
        for known in known.chain([None]) {
            let disability = Disability { known, is_open };
            all.push((disability_code(disability), disability));
        }
    }
    all
}

/// Every sex with its code.
pub(super) const SEXES: [(u8, Sex); 2] = [(0, Sex::Male), (1, Sex::Female)];
