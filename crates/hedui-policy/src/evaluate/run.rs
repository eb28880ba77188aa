//! Runs compiled formulas on intervals and on conditions of three truths.
//! Leaves rounding and the reasons for trouble to the evaluation.

use hedui_core::verdict::Truth;

use super::Evaluation;
use super::known::{Causes, Known};
use crate::interval::{self, Interval, Trouble};
use crate::program::Code;
use crate::ratio::Ratio;
use crate::value::Value;

impl Evaluation<'_, '_> {
    /// The value of a formula, for one member or for the household.
    pub(super) fn value(&self, code: &Code, member: Option<usize>, trouble: &mut Trouble) -> Known {
        match code {
            Code::Number(value) => Known::settled(Value::exactly(*value)),
            Code::Household(place) => self.household.get(*place).cloned().unwrap_or_default(),
            Code::Member(place) => self.of_member(*place, member),
            Code::Negate(inner) => {
                let inner = self.value(inner, member, trouble);
                Known::new(Value::Number(inner.value.interval().neg(trouble)), inner.causes)
            }
            Code::Arithmetic(operation, left, right) => {
                let (left, right) = (self.value(left, member, trouble), self.value(right, member, trouble));
                let result = Value::arithmetic(*operation, left.value, right.value, trouble);
                united(result, left, &right)
            }
            Code::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left, member, trouble), self.value(right, member, trouble));
                let truth = Value::compare(*comparison, left.value, right.value);
                united(truth, left, &right)
            }
            Code::And(left, right) => self.both(left, right, member, trouble, interval::and),
            Code::Or(left, right) => self.both(left, right, member, trouble, interval::or),
            Code::Not(inner) => {
                let inner = self.value(inner, member, trouble);
                Known::new(Value::Condition(interval::not(inner.value.truth())), inner.causes)
            }
            Code::Min(codes) => self.extreme(codes, member, trouble, Interval::min),
            Code::Max(codes) => self.extreme(codes, member, trouble, Interval::max),
            Code::If(branches) => self.choose(branches, member, trouble),
            Code::Sum(each) => self.sum(each, trouble),
            Code::Mean(each) => self.mean(each, trouble),
            Code::Count(each) => self.count(each, trouble),
        }
    }

    fn of_member(&self, place: usize, member: Option<usize>) -> Known {
        let at = member.map(|m| m * self.pack.member.len() + place);
        at.and_then(|at| self.member.get(at)).cloned().unwrap_or_default()
    }

    fn both(
        &self,
        left: &Code,
        right: &Code,
        member: Option<usize>,
        trouble: &mut Trouble,
        join: fn(Truth, Truth) -> Truth,
    ) -> Known {
        let (left, right) = (self.value(left, member, trouble), self.value(right, member, trouble));
        united(
            Value::Condition(join(left.value.truth(), right.value.truth())),
            left,
            &right,
        )
    }

    fn extreme(
        &self,
        codes: &[Code],
        member: Option<usize>,
        trouble: &mut Trouble,
        pick: fn(Interval, Interval) -> Interval,
    ) -> Known {
        let mut values = codes.iter().map(|code| self.value(code, member, trouble));
        let Some(first) = values.next() else {
            return Known::default();
        };
        values.fold(first, |best, next| {
            let picked = pick(best.value.interval(), next.value.interval());
            united(Value::Number(picked), best, &next)
        })
    }

    /// One branch where the condition is settled, the hull of both where it is open.
    fn choose(&self, branches: &[Code; 3], member: Option<usize>, trouble: &mut Trouble) -> Known {
        let [condition, then, other] = branches;
        let condition = self.value(condition, member, trouble);
        match condition.value.truth() {
            Truth::Holds => self.value(then, member, trouble),
            Truth::Fails => self.value(other, member, trouble),
            Truth::Open => {
                let (then, other) = (self.value(then, member, trouble), self.value(other, member, trouble));
                let mut causes = condition.causes;
                causes.unite(&then.causes);
                causes.unite(&other.causes);
                Known::new(then.value.either(other.value), causes)
            }
        }
    }

    fn sum(&self, each: &Code, trouble: &mut Trouble) -> Known {
        let (mut total, mut causes) = (Interval::ZERO, Causes::default());
        for member in self.members {
            let known = self.value(each, Some(member as usize), trouble);
            total = total.add(known.value.interval(), trouble);
            causes.unite(&known.causes);
        }
        Known::new(Value::Number(total), causes)
    }

    fn mean(&self, each: &Code, trouble: &mut Trouble) -> Known {
        let sum = self.sum(each, trouble);
        let persons = Ratio::from(i64::try_from(self.members.len()).unwrap_or(i64::MAX));
        let mean = sum.value.interval().div(Interval::exactly(persons), trouble);
        Known::new(Value::Number(mean), sum.causes)
    }

    fn count(&self, each: &Code, trouble: &mut Trouble) -> Known {
        let (mut sure, mut open, mut causes) = (0i64, 0i64, Causes::default());
        for member in self.members {
            let known = self.value(each, Some(member as usize), trouble);
            match known.value.truth() {
                Truth::Holds => sure += 1,
                Truth::Fails => {}
                Truth::Open => open += 1,
            }
            causes.unite(&known.causes);
        }
        Known::new(Value::counted(sure, open), causes)
    }
}

/// A value with the causes of both sides.
fn united(value: Value, left: Known, right: &Known) -> Known {
    if value.is_settled() {
        return Known::settled(value);
    }
    let mut causes = left.causes;
    causes.unite(&right.causes);
    Known::new(value, causes)
}
