//! A second evaluator, written from the description of the pack format alone: reads the TOML again, walks syntax trees by name, on points.
//! Leaves parsing of formulas to `formula`; it shares nothing else with what it checks.

use std::collections::BTreeMap;

use hedui_core::dates::Date;
use hedui_core::facts::Fact;
use hedui_core::household::Relation;
use hedui_core::record::{DisabilityKind, IncomeKind, TransferNature};
use hedui_ids::Sex;
use toml::{Table, Value};

use super::fraction::Fraction;
use crate::formula::{self, Arithmetic, Comparison, Function, Kind, Node};
use crate::snapshot::{Reading, Supporter};
use crate::vocabulary;

/// A household of which everything is known: figures by word and window, in yuan or pieces.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub as_of: Date,
    pub figures: BTreeMap<(String, u8), Fraction>,
    pub members: Vec<MemberPoint>,
    pub supporters: Vec<Supporter>,
}

#[derive(Clone, Debug)]
pub(super) struct MemberPoint {
    pub age: i64,
    pub sex: Sex,
    pub student: bool,
    pub disability: Option<(DisabilityKind, u8)>,
    pub figures: BTreeMap<(String, u8), Fraction>,
}

/// The word of what is read, without `member.`; registered here with where: a snapshot may hold it for packs of several places.
pub(super) fn word(reading: &Reading) -> String {
    let text = match reading {
        Reading::Fact(fact) => of_fact(*fact),
        Reading::NewJobMonths => "new_job_months",
        Reading::RegisteredIn(division) => return format!("registered_here {division}"),
        Reading::Married => "married",
        Reading::Attends(stage) => return format!("stage.{}", stage.word()),
        Reading::Disabled(kind) => return format!("disabled.{}", kind.word()),
        Reading::Draws(programme) => return format!("draws.{}", programme.as_str().replace('-', "_")),
        Reading::Received(programme) => return format!("received.{}", programme.as_str().replace('-', "_")),
        Reading::Stated(circumstance, said) => {
            let before = match said {
                vocabulary::Said::Has => "has",
                vocabulary::Said::Number => "number",
                vocabulary::Said::Amount => "amount",
                vocabulary::Said::Years => "years_since",
                vocabulary::Said::Months => "months_since",
            };
            return format!("{before}.{}", circumstance.word());
        }
    };
    text.to_owned()
}

/// Whether a word is a condition.
fn is_condition(word: &str) -> bool {
    let before = word.split_once('.').map_or(word, |(before, _)| before);
    [
        "registered_here",
        "married",
        "stage",
        "disabled",
        "draws",
        "received",
        "has",
    ]
    .contains(&before)
}

fn of_fact(fact: Fact) -> &'static str {
    match fact {
        Fact::Income(IncomeKind::Wage) => "income.wage",
        Fact::Income(IncomeKind::Business) => "income.business",
        Fact::Income(IncomeKind::Property) => "income.property",
        Fact::Income(IncomeKind::Transfer) => "income.transfer",
        Fact::BasicPension => "income.basic_pension",
        Fact::Transfer(TransferNature::Pension) => "income.transfer.pension",
        Fact::Transfer(TransferNature::Scholarship) => "income.transfer.scholarship",
        Fact::Transfer(TransferNature::Honour) => "income.transfer.honour",
        Fact::Transfer(TransferNature::GovernmentRelief) => "income.transfer.government_relief",
        Fact::Transfer(TransferNature::SeniorityAllowance) => "income.transfer.seniority_allowance",
        Fact::Transfer(TransferNature::Support) => "income.transfer.support",
        Fact::Transfer(TransferNature::InsuranceBenefit) => "income.transfer.insurance_benefit",
        Fact::Transfer(TransferNature::Other) => "income.transfer.other",
        Fact::MedicalOwnCost => "expense.medical",
        Fact::FinancialAssets => "assets.financial",
        Fact::ProvidentFundBalance => "assets.provident_fund",
        Fact::Dwellings => "dwellings",
        Fact::DwellingArea => "dwelling_area",
        Fact::OtherRealEstate => "other_real_estate",
        Fact::RealEstateGivenUp => "real_estate_given_up",
        Fact::Vehicles => "vehicles",
        Fact::CommercialVehicles => "commercial_vehicles",
        Fact::Businesses => "businesses",
        Fact::PublicPayroll => "public_payroll",
        Fact::CasualWorkMonths => "casual_work_months",
    }
}

/// The window of a word that is counted over months.
fn window(word: &str) -> Option<&'static str> {
    match word {
        "income.wage" => Some("wage"),
        "income.business" => Some("business"),
        "income.property" => Some("property"),
        "expense.medical" => Some("medical"),
        "real_estate_given_up" => Some("given_up"),
        "income.transfer" | "income.basic_pension" => Some("transfer"),
        word if word.starts_with("received.") => Some("received"),
        word if word.starts_with("income.transfer.") => Some("transfer"),
        _ => None,
    }
}

/// What a naive judge says: whether all tests hold, the band, the amount in fen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Said {
    pub qualifies: bool,
    pub band: Option<String>,
    pub amount: Option<i128>,
}

/// A pack file.
pub(super) struct Naive(Table);

#[derive(Clone, Copy, Debug)]
enum Point1 {
    Number(Fraction),
    Truth(bool),
}

/// Names defined so far: of the household, and of each member.
struct Names<'a> {
    pack: &'a Table,
    point: &'a Point,
    household: BTreeMap<String, Point1>,
    members: Vec<BTreeMap<String, Point1>>,
}

fn list<'a>(table: &'a Table, key: &str) -> impl Iterator<Item = &'a Table> {
    table
        .get(key)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|v| v.as_table().unwrap())
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table[key].as_str().unwrap()
}

fn number(value: &Value) -> Fraction {
    match value {
        Value::String(text) => Fraction::read(text),
        // The shortest decimal that reads as the same number is the one in the file.
        other => Fraction::read(&other.to_string()),
    }
}

fn date(table: &Table, key: &str) -> Option<Date> {
    Some(table.get(key)?.as_str()?.parse().unwrap())
}

impl Naive {
    pub fn new(pack: &str) -> Naive {
        Naive(pack.parse().unwrap())
    }

    pub fn judge(&self, point: &Point) -> Said {
        let mut names = Names {
            pack: &self.0,
            point,
            household: BTreeMap::new(),
            members: vec![BTreeMap::new(); point.members.len()],
        };
        names.parameters();
        names.tables();
        names.support();
        for step in list(&self.0, "step") {
            let members = match text(step, "scope") {
                "member" => (0..point.members.len()).map(Some).collect(),
                _ => vec![None],
            };
            for member in members {
                let value = names.rounded(step, member);
                let name = text(step, "name").to_owned();
                match member {
                    Some(member) => names.members[member].insert(name, value),
                    None => names.household.insert(name, value),
                };
            }
        }
        let mut qualifies = list(&self.0, "test").all(|test| names.truth(&formula(test), None));
        let mut bands = list(&self.0, "band");
        let band = bands.find(|band| names.truth(&formula(band), None));
        if self.0.contains_key("band") {
            let lets = |band: &Table| band.get("qualifies").is_none_or(|value| value.as_bool() == Some(true));
            qualifies &= band.is_some_and(lets);
        }
        let amount = self.0.get("amount").map(|amount| {
            let Point1::Number(yuan) = names.rounded(amount.as_table().unwrap(), None) else {
                panic!()
            };
            yuan.times(Fraction::new(100, 1)).floor().max(0)
        });
        Said {
            qualifies,
            band: band.map(|band| text(band, "name").to_owned()),
            amount,
        }
    }
}

fn formula(item: &Table) -> Node {
    formula::parse(text(item, "formula")).unwrap()
}

impl Names<'_> {
    fn parameters(&mut self) {
        for parameter in list(self.pack, "parameter") {
            let day = self.point.as_of;
            let mut periods = list(parameter, "periods");
            let period = periods.find(|period| {
                date(period, "from").is_none_or(|from| from <= day) && date(period, "to").is_none_or(|to| day <= to)
            });
            let value = number(&period.unwrap_or(parameter)["value"]);
            self.household
                .insert(text(parameter, "name").into(), Point1::Number(value));
        }
    }

    fn tables(&mut self) {
        for table in list(self.pack, "table") {
            for (names, member) in self.members.iter_mut().zip(&self.point.members) {
                let whole = |row: &Table, key: &str| row.get(key).and_then(Value::as_integer);
                let fits = |row: &&Table| match text(table, "by") {
                    "age" => {
                        whole(row, "from").is_none_or(|from| from <= member.age)
                            && whole(row, "to").is_none_or(|to| member.age < to)
                    }
                    "sex" => (text(row, "sex") == "female") == (member.sex == Sex::Female),
                    _ => member.disability.is_some_and(|(kind, grade)| {
                        whole(row, "grade") == Some(i64::from(grade))
                            && row.get("kind").is_none_or(|k| k.as_str() == Some(kind.word()))
                    }),
                };
                let row = list(table, "rows").find(fits);
                let value = number(row.map_or(&table["default"], |row| &row["value"]));
                names.insert(text(table, "name").into(), Point1::Number(value));
            }
        }
    }

    /// What is imputed to each supporter, where it is above zero, in all.
    fn support(&mut self) {
        let Some(support) = self.pack.get("support").and_then(Value::as_table) else {
            return;
        };
        let mut total = Fraction::ZERO;
        for supporter in &self.point.supporters {
            let numbers = [
                ("income", Fraction::new(i128::from(supporter.monthly_income), 100)),
                ("persons", Fraction::new(i128::from(supporter.persons), 1)),
            ];
            for (word, value) in numbers {
                self.household
                    .insert(format!("supporter.{word}"), Point1::Number(value));
            }
            let relations = Relation::ALL.iter().map(|r| (r.word(), *r == supporter.relation));
            for (word, holds) in relations.chain([("able", !supporter.unable)]) {
                self.household.insert(format!("supporter.{word}"), Point1::Truth(holds));
            }
            total = total.plus(self.number(&formula(support), None).max(Fraction::ZERO));
        }
        self.household
            .insert("income.imputed_support".into(), Point1::Number(total));
    }

    fn rounded(&self, item: &Table, member: Option<usize>) -> Point1 {
        let value = self.value(&formula(item), member);
        match (value, item.get("round").and_then(Value::as_table)) {
            (Point1::Number(value), Some(round)) => {
                Point1::Number(value.rounded(number(&round["to"]), text(round, "mode")))
            }
            (value, _) => value,
        }
    }

    fn months(&self, window: &str) -> u8 {
        match &self.pack["windows"].as_table().unwrap()[window] {
            Value::String(word) if word == "prior_month" => 1,
            Value::String(_) => 12,
            other => other["months"].as_integer().unwrap() as u8,
        }
    }

    fn figure(&self, figures: &BTreeMap<(String, u8), Fraction>, name: &str) -> Point1 {
        let months = window(name).map_or(0, |window| self.months(window));
        let word = match name {
            "registered_here" => format!("{name} {}", text(self.pack["pack"].as_table().unwrap(), "jurisdiction")),
            name => name.to_owned(),
        };
        let value = figures[&(word, months)];
        if is_condition(name) {
            Point1::Truth(value != Fraction::ZERO)
        } else {
            Point1::Number(value)
        }
    }

    fn name(&self, name: &str, member: Option<usize>) -> Point1 {
        if let Some(value) = member
            .and_then(|m| self.members[m].get(name))
            .or_else(|| self.household.get(name))
        {
            return *value;
        }
        let whole = |value: i64| Point1::Number(Fraction::new(i128::from(value), 1));
        if let (Some(word), Some(member)) = (name.strip_prefix("member."), member) {
            let member = &self.point.members[member];
            return match word {
                "age" => whole(member.age),
                "disability_grade" => whole(member.disability.map_or(0, |(_, grade)| i64::from(grade))),
                "student" => Point1::Truth(member.student),
                "minor" => Point1::Truth(member.age < 18),
                "female" => Point1::Truth(member.sex == Sex::Female),
                word => self.figure(&member.figures, word),
            };
        }
        match name {
            "persons" => whole(self.point.members.len() as i64),
            "months_per_year" => whole(12),
            _ => match name.strip_prefix("window.") {
                Some(window) => whole(i64::from(self.months(window))),
                None => self.figure(&self.point.figures, name),
            },
        }
    }

    fn number(&self, node: &Node, member: Option<usize>) -> Fraction {
        let Point1::Number(value) = self.value(node, member) else {
            panic!("a number")
        };
        value
    }

    fn truth(&self, node: &Node, member: Option<usize>) -> bool {
        let Point1::Truth(value) = self.value(node, member) else {
            panic!("a truth")
        };
        value
    }

    fn value(&self, node: &Node, member: Option<usize>) -> Point1 {
        let number = |node: &Node| self.number(node, member);
        let truth = |node: &Node| self.truth(node, member);
        match &node.kind {
            Kind::Number(value) => Point1::Number(Fraction::new(value.num(), value.den())),
            Kind::Name(name) => self.name(name, member),
            Kind::Negate(inner) => Point1::Number(Fraction::ZERO.minus(number(inner))),
            Kind::Arithmetic(operation, a, b) => {
                let (a, b) = (number(a), number(b));
                Point1::Number(match operation {
                    Arithmetic::Add => a.plus(b),
                    Arithmetic::Subtract => a.minus(b),
                    Arithmetic::Multiply => a.times(b),
                    Arithmetic::Divide => a.over(b),
                })
            }
            Kind::Compare(comparison, a, b) => {
                let order = number(a).cmp(&number(b));
                Point1::Truth(match comparison {
                    Comparison::Less => order.is_lt(),
                    Comparison::LessOrEqual => order.is_le(),
                    Comparison::Greater => order.is_gt(),
                    Comparison::GreaterOrEqual => order.is_ge(),
                    Comparison::Equal => order.is_eq(),
                    Comparison::NotEqual => order.is_ne(),
                })
            }
            Kind::And(a, b) => Point1::Truth(truth(a) && truth(b)),
            Kind::Or(a, b) => Point1::Truth(truth(a) || truth(b)),
            Kind::Not(inner) => Point1::Truth(!truth(inner)),
            Kind::Call(function, arguments) => self.call(*function, arguments, member),
        }
    }

    fn call(&self, function: Function, arguments: &[Node], member: Option<usize>) -> Point1 {
        let numbers = || arguments.iter().map(|node| self.number(node, member));
        let members = 0..self.members.len();
        let sum = || {
            let each = members.clone().map(|m| self.number(&arguments[0], Some(m)));
            each.fold(Fraction::ZERO, Fraction::plus)
        };
        match function {
            Function::Min => Point1::Number(numbers().min().unwrap()),
            Function::Max => Point1::Number(numbers().max().unwrap()),
            Function::Clamp => {
                let [x, lo, hi] = numbers().collect::<Vec<_>>()[..] else {
                    panic!()
                };
                Point1::Number(x.min(hi).max(lo))
            }
            Function::NetOf => {
                let [gross, off] = numbers().collect::<Vec<_>>()[..] else {
                    panic!()
                };
                Point1::Number(gross.minus(off).max(Fraction::ZERO))
            }
            Function::If if self.truth(&arguments[0], member) => self.value(&arguments[1], member),
            Function::If => self.value(&arguments[2], member),
            Function::Sum => Point1::Number(sum()),
            Function::Mean => Point1::Number(sum().over(Fraction::new(members.len() as i128, 1))),
            Function::Count => {
                let holds = members.clone().filter(|m| self.truth(&arguments[0], Some(*m)));
                Point1::Number(Fraction::new(holds.count() as i128, 1))
            }
        }
    }
}
