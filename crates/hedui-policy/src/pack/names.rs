//! Resolves the names of formulas: what a pack defined above, words of the vocabulary, lengths of windows.
//! Leaves units and scopes of whole formulas to `check`.

use hedui_core::names::ProgrammeId;
use hedui_core::record::RecordType;
use hedui_core::verdict::Text;
use smol_str::SmolStr;

use super::check::{Pass, Type};
use crate::formula::Node;
use crate::program::{Code, Filling, Place, Scope, SupporterWord};
use crate::ratio::Ratio;
use crate::unit::Unit;
use crate::vocabulary::{self, Help, WindowOf, Word};

impl Pass<'_, '_, '_> {
    /// A name as a place, if it is known here.
    pub(super) fn name(&mut self, node: &Node, name: &str, scope: Scope) -> Option<(Code, Type)> {
        if name.starts_with("supporter.") && !self.checker.in_support {
            let message = format!("`{name}` is about one supporter; only the formula of [support] is");
            let hint = "use income.imputed_support, the sum over all supporters".to_owned();
            self.mistake(node, "SCOPE_WRONG", message, Some(hint));
            return None;
        }
        if !self.checker.known.contains_key(name) {
            self.introduce(node, name)?;
        }
        let known = *self.checker.known.get(name)?;
        self.checker.used.insert(name.to_owned());
        match (known.scope, scope) {
            (Scope::Household, _) => Some((Code::Household(known.place), known.of)),
            (Scope::Member, Scope::Member) => Some((Code::Member(known.place), known.of)),
            (Scope::Member, Scope::Household) => {
                let message = format!("`{name}` is about one member; this formula is about the household");
                let hint = format!("write sum({name}), mean({name}) or count(...)");
                self.mistake(node, "SCOPE_WRONG", message, Some(hint));
                None
            }
        }
    }

    /// Gives a word of the vocabulary its place when it is first used.
    fn introduce(&mut self, node: &Node, name: &str) -> Option<()> {
        if let Some(of) = name.strip_prefix("window.") {
            return self.introduce_window(node, name, of);
        }
        if let Some((word, title, unit)) = super::support::word(name) {
            self.introduce_supporter(name, word, title, unit);
            return Some(());
        }
        if let Some((scope, help, programme)) = vocabulary::help(name) {
            return self.introduce_help(node, name, scope, help, programme);
        }
        let Some((scope, word)) = vocabulary::lookup(name) else {
            self.unknown(node, name);
            return None;
        };
        let (filling, unit) = self.filling(node, name, &word)?;
        for needed in word.needs {
            self.checker.needed.entry(*needed).or_insert(word.name);
        }
        let place = Place {
            name: name.into(),
            title: Text {
                zh: word.title.0.into(),
                en: word.title.1.into(),
            },
            unit: unit.map_or_else(|| "condition".into(), |unit| unit.to_string()).into(),
            law: SmolStr::default(),
            assumption: false,
            filling,
        };
        self.checker
            .define(scope, place, unit.map_or(Type::Condition, Type::Number));
        Some(())
    }

    fn filling(&mut self, node: &Node, name: &str, word: &Word) -> Option<(Filling, Option<Unit>)> {
        use vocabulary::Source as From;
        // Figures are in fen and in hundredths of a square metre.
        let is_in_hundredths = |unit: Unit| unit.is_money() || unit == Unit::SQUARE_METRES;
        let scale = if word.unit.is_some_and(is_in_hundredths) {
            100
        } else {
            1
        };
        Some(match word.source {
            From::Figure(fact) => (Filling::Figure { fact, months: 0, scale }, word.unit),
            From::Windowed(fact, of) => {
                let months = self.window(node, name, of)?;
                let unit = match months {
                    _ if scale == 1 => word.unit.unwrap_or_default(),
                    1 => Unit::YUAN_PER_MONTH,
                    12 => Unit::YUAN_PER_YEAR,
                    _ => Unit::YUAN,
                };
                (Filling::Figure { fact, months, scale }, Some(unit))
            }
            From::Persons => (Filling::Persons, word.unit),
            From::Age => (Filling::Age, word.unit),
            From::DisabilityGrade => (Filling::DisabilityGrade, word.unit),
            From::Student => (Filling::Student, None),
            From::Minor => (Filling::Minor, None),
            From::NewJobMonths => (Filling::NewJobMonths, word.unit),
            From::Female => (Filling::Female, None),
            From::Standing(standing) => (Filling::Standing(standing), None),
            From::Stated(circumstance, said) => (Filling::Stated(circumstance, said), word.unit),
            From::Constant(value) => (Filling::Fixed(value), word.unit),
        })
    }

    fn window(&mut self, node: &Node, name: &str, of: WindowOf) -> Option<u32> {
        let stated = self
            .checker
            .windows
            .iter()
            .find(|(window, _)| *window == of)
            .map(|(_, months)| *months);
        if stated.is_none() {
            let message = format!("`{name}` counts over months, but [windows] does not say which");
            let hint = format!(
                "add `{} = \"prior_month\"` or `\"twelve_months\"` to [windows]",
                of.word()
            );
            self.mistake(node, "WINDOW_MISSING", message, Some(hint));
        }
        stated.flatten()
    }

    fn introduce_window(&mut self, node: &Node, name: &str, of: &str) -> Option<()> {
        let Some((of, _)) = WindowOf::ALL.into_iter().find(|(_, word)| *word == of) else {
            self.unknown(node, name);
            return None;
        };
        let months = self.window(node, name, of)?;
        let place = Place {
            name: name.into(),
            title: Text {
                zh: "计算月数".into(),
                en: "months counted".into(),
            },
            unit: Unit::MONTHS.to_string().into(),
            law: SmolStr::default(),
            assumption: false,
            filling: Filling::Fixed(Ratio::from(i64::from(months))),
        };
        self.checker.define(Scope::Household, place, Type::Number(Unit::MONTHS));
        Some(())
    }

    /// `supporter.income` and the like, in the formula of `[support]`.
    fn introduce_supporter(&mut self, name: &str, word: SupporterWord, title: (&str, &str), unit: Option<Unit>) {
        let place = Place {
            name: name.into(),
            title: Text {
                zh: title.0.into(),
                en: title.1.into(),
            },
            unit: unit.map_or_else(|| "condition".into(), |unit| unit.to_string()).into(),
            law: SmolStr::default(),
            assumption: false,
            filling: Filling::Supporter(word),
        };
        let of = unit.map_or(Type::Condition, Type::Number);
        self.checker.define(Scope::Household, place, of);
    }

    /// `draws.PROGRAMME`, `received.PROGRAMME`: any programme, also one that no pack is about.
    fn introduce_help(
        &mut self,
        node: &Node,
        name: &str,
        scope: Scope,
        help: Help,
        programme: ProgrammeId,
    ) -> Option<()> {
        let (zh, en, of) = match help {
            Help::Draws => ("正在享受", "draws", "draws.PROGRAMME"),
            Help::Received => ("近期享受过", "received lately", "received.PROGRAMME"),
        };
        self.checker.needed.entry(RecordType::Assistance).or_insert(of);
        let title = Text {
            zh: format!("{zh}：{programme}").into(),
            en: format!("{en} {programme}").into(),
        };
        let filling = match help {
            Help::Draws => Filling::Draws(programme),
            Help::Received => Filling::Received(programme, self.window(node, name, WindowOf::Received)?),
        };
        let place = Place {
            name: name.into(),
            title,
            unit: "condition".into(),
            law: SmolStr::default(),
            assumption: false,
            filling,
        };
        self.checker.define(scope, place, Type::Condition);
        Some(())
    }

    fn unknown(&mut self, node: &Node, name: &str) {
        if self.checker.broken.contains(name) {
            return;
        }
        if let Some(path) = self.checker.cycle(name) {
            let now = path.last().copied().unwrap_or_default();
            let chain = path
                .iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", which needs ");
            let message = format!("`{now}` needs {chain}: no step may rest on itself");
            let hint = "reckon what both need in a step of its own above them".to_owned();
            self.mistake(node, "CYCLE", message, Some(hint));
            return;
        }
        if self.checker.later.contains_key(name) {
            let message = format!("`{name}` is defined further down; a formula uses only what stands above it");
            let hint = format!("move `{name}` above this step");
            self.mistake(node, "FORWARD_REFERENCE", message, Some(hint));
            return;
        }
        if name == vocabulary::IMPUTED_SUPPORT.0 {
            let message = format!("`{name}` is what [support] imputes, and this pack has none");
            self.mistake(node, "SUPPORT_MISSING", message, None);
            return;
        }
        let facts = vocabulary::fact_names();
        let names = self
            .checker
            .known
            .keys()
            .map(String::as_str)
            .chain(facts.iter().map(String::as_str));
        let hint = hedui_toml::hint::nearest(name, names);
        self.mistake(node, "NAME_UNKNOWN", format!("there is nothing called `{name}`"), hint);
    }
}
