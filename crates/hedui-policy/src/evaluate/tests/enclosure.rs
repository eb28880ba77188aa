//! Formulas on intervals enclose what they give on every point inside: an oracle that evaluates the syntax tree naively.

use std::collections::BTreeMap;

use hedui_core::verdict::Truth;
use proptest::prelude::*;

use super::super::known::{Causes, Known, Reasons};
use super::super::{Evaluation, Filling, Input};
use crate::formula::{self, Arithmetic, Comparison, Function, Kind, Node};
use crate::interval::{Interval, Trouble};
use crate::pack::Pack;
use crate::ratio::{Ratio, RoundMode};
use crate::testing::{Case, PackText};
use crate::value::Value;

/// What the oracle gives: a number, a truth, or nothing where it divides by zero.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Point {
    Number(Ratio),
    Truth(bool),
}

type Points = BTreeMap<&'static str, Ratio>;

fn number(node: &Node, points: &Points) -> Option<Ratio> {
    match oracle(node, points)? {
        Point::Number(value) => Some(value),
        Point::Truth(_) => None,
    }
}

fn truth(node: &Node, points: &Points) -> Option<bool> {
    match oracle(node, points)? {
        Point::Truth(value) => Some(value),
        Point::Number(_) => None,
    }
}

fn oracle(node: &Node, points: &Points) -> Option<Point> {
    Some(match &node.kind {
        Kind::Number(value) => Point::Number(*value),
        Kind::Name(name) => Point::Number(*points.get(name.as_str())?),
        Kind::Negate(inner) => Point::Number(number(inner, points)?.checked_neg()?),
        Kind::Arithmetic(operation, a, b) => {
            let (a, b) = (number(a, points)?, number(b, points)?);
            Point::Number(match operation {
                Arithmetic::Add => a.checked_add(b)?,
                Arithmetic::Subtract => a.checked_sub(b)?,
                Arithmetic::Multiply => a.checked_mul(b)?,
                Arithmetic::Divide => a.checked_mul(b.recip()?)?,
            })
        }
        Kind::Compare(comparison, a, b) => {
            let order = number(a, points)?.cmp(&number(b, points)?);
            Point::Truth(match comparison {
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
                Comparison::Equal => order.is_eq(),
                Comparison::NotEqual => order.is_ne(),
            })
        }
        Kind::And(a, b) => Point::Truth(truth(a, points)? & truth(b, points)?),
        Kind::Or(a, b) => Point::Truth(truth(a, points)? | truth(b, points)?),
        Kind::Not(inner) => Point::Truth(!truth(inner, points)?),
        Kind::Call(function, arguments) => {
            let numbers = || arguments.iter().map(|a| number(a, points)).collect::<Option<Vec<_>>>();
            match function {
                Function::Min => Point::Number(numbers()?.into_iter().min()?),
                Function::Max => Point::Number(numbers()?.into_iter().max()?),
                Function::Clamp => {
                    let numbers = numbers()?;
                    Point::Number(numbers[0].min(numbers[2]).max(numbers[1]))
                }
                Function::If if truth(&arguments[0], points)? => oracle(&arguments[1], points)?,
                Function::If => oracle(&arguments[2], points)?,
                Function::Sum | Function::Mean | Function::Count | Function::NetOf => return None,
            }
        }
    })
}

/// Formulas in pure numbers over a, b and c.
fn formulas() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("a".to_owned()),
        Just("b".to_owned()),
        Just("c".to_owned()),
        (0u32..9).prop_map(|n| n.to_string()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner);
        prop_oneof![
            (pair.clone(), prop::sample::select(vec!["+", "-", "*", "/"]))
                .prop_map(|((a, b), op)| format!("({a} {op} {b})")),
            (pair.clone(), prop::sample::select(vec!["min", "max"])).prop_map(|((a, b), f)| format!("{f}({a}, {b})")),
            pair.clone().prop_map(|(a, _)| format!("(-{a})")),
            three.clone().prop_map(|(a, b, c)| format!("clamp({a}, {b}, {c})")),
            (
                three,
                pair,
                prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]),
                prop::sample::select(vec!["and", "or", "and not"])
            )
                .prop_map(|((a, b, c), (d, e), op, join)| format!("if({a} {op} {b} {join} {d} < {e}, {c}, {a})")),
        ]
    })
}

fn bounded() -> impl Strategy<Value = (Interval, Ratio)> {
    (
        (-12i128..12, 1i128..4),
        (-12i128..12, 1i128..4),
        (-12i128..12, 1i128..4),
        any::<(bool, bool)>(),
    )
        .prop_map(|(a, b, c, open)| {
            let mut sorted = [a, b, c].map(|(n, d)| Ratio::new(n, d).unwrap());
            sorted.sort();
            let [lo, value, hi] = sorted;
            (
                Interval {
                    lo: (!open.0).then_some(lo),
                    hi: (!open.1).then_some(hi),
                },
                value,
            )
        })
}

/// A pack whose one step is the formula, rounded if asked.
fn pack(formula: &str) -> Option<Pack> {
    let text = PackText::new()
        .parameter("a", "1", "ratio")
        .parameter("b", "1", "ratio")
        .parameter("c", "1", "ratio")
        .step("household", "x", "ratio", formula)
        .test("income", "t", "x + a + b + c < 1");
    match text.load() {
        Ok(pack) => Some(pack),
        // Dividing by the number 0 is refused at load.
        Err(reasons) => {
            let known = ["DIVISION_BY_ZERO", "LIMIT", "FORMULA_SYNTAX"];
            assert!(reasons.iter().all(|reason| known.contains(reason)), "{reasons:?}");
            None
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_formula_on_intervals_encloses_the_formula_on_every_point(
        text in formulas(),
        values in (bounded(), bounded(), bounded()),
    ) {
        let Some(pack) = pack(&text) else { return Ok(()) };
        let points: Points = [("a", values.0.1), ("b", values.1.1), ("c", values.2.1)].into_iter().collect();
        let expected = oracle(&formula::parse(&text).unwrap(), &points);
        let case = Case::single("2018-06-15");
        let (value, trouble) = case.with_facts(|facts| {
            let mut evaluation = Evaluation::new(&pack, Input::of(facts));
            for (i, interval) in [values.0.0, values.1.0, values.2.0].into_iter().enumerate() {
                prop_assert!(matches!(pack.household[i].filling, Filling::Fixed(_)));
                evaluation.store(None, i, Known::new(Value::Number(interval), Causes::default()));
            }
            let mut trouble = Trouble::default();
            Ok((evaluation.value(&pack.steps[0].formula.code, None, &mut trouble).value, trouble))
        })?;
        prop_assert!(!trouble.overflow);
        match (value, expected) {
            (Value::Number(interval), Some(Point::Number(point))) => prop_assert!(interval.contains(point), "{interval} without {point}"),
            (Value::Number(interval), None) => prop_assert!(trouble.zero_divisor || interval.exact().is_some()),
            other => prop_assert!(false, "{other:?}"),
        }
    }
}

#[test]
fn a_choice_on_an_open_condition_gives_everything_that_either_branch_gives() {
    let pack = pack("if(a < 3, b, c)").unwrap();
    let case = Case::single("2018-06-15");
    case.with_facts(|facts| {
        let mut evaluation = Evaluation::new(&pack, Input::of(facts));
        let wide = |lo, hi| Interval {
            lo: Some(Ratio::whole(lo)),
            hi: Some(Ratio::whole(hi)),
        };
        for (i, interval) in [wide(1, 5), wide(10, 11), wide(20, 21)].into_iter().enumerate() {
            evaluation.store(None, i, Known::new(Value::Number(interval), Causes::default()));
        }
        let run = |evaluation: &Evaluation<'_, '_>| {
            evaluation
                .value(&pack.steps[0].formula.code, None, &mut Trouble::default())
                .value
        };
        assert_eq!(run(&evaluation), Value::Number(wide(10, 21)));
        evaluation.store(None, 0, Known::settled(Value::Number(wide(2, 2))));
        assert_eq!(run(&evaluation), Value::Number(wide(10, 11)));
    });
}

#[test]
fn trouble_leaves_the_verdict_open_and_names_itself() {
    let case = Case::single("2018-06-15");
    let large = pack(&format!("a * {}", "9".repeat(30))).unwrap();
    assert_eq!(
        case.judge(&large).tests[0].result,
        Truth::Fails,
        "thirty digits still fit"
    );
    let squared = pack(&format!("a * {0} * {0}", "9".repeat(30))).unwrap();
    let verdict = case.judge(&squared);
    assert_eq!(verdict.tests[0].result, Truth::Open);
    assert_eq!(verdict.undecided_because, [crate::ARITHMETIC_OVERFLOW]);
    let divided = pack("1 / (a - b)").unwrap();
    let verdict = case.judge(&divided);
    assert_eq!(verdict.tests[0].result, Truth::Open);
    assert_eq!(verdict.undecided_because, [crate::DIVISION_BY_ZERO]);
}

#[test]
fn a_settled_value_has_no_causes_and_rounding_settles_what_it_makes_equal() {
    let mut reasons = Reasons::default();
    let mut causes = Causes::default();
    causes.insert(reasons.intern(super::super::known::Reason::Code("X".into())));
    let narrow = Interval {
        lo: Ratio::parse("1.6"),
        hi: Ratio::parse("2.4"),
    };
    let open = Known::new(Value::Number(narrow), causes.clone());
    assert_eq!(reasons.codes(&open.causes), ["X"]);
    let rounded = narrow.round(Ratio::ONE, RoundMode::HalfUp, &mut Trouble::default());
    assert_eq!(
        reasons.codes(&Known::new(Value::Number(rounded), causes).causes),
        Vec::<String>::new()
    );
}
