//! Imputed support: by each supporter, never below zero, and only where a pack says so.

use hedui_core::household::Relation;
use hedui_core::money::Fen;
use hedui_core::supporter::Supporter;
use hedui_core::verdict::Outcome;

use crate::Pack;
use crate::testing::{Case, PackText};

/// Half of what a child's household has above 1,000 a head.
const RULE: &str = "[support]\nformula = \"if(supporter.able and supporter.child, (supporter.income - living * supporter.persons) / 2, 0)\"\nreference = \"art 8\"\n";

/// A pack with a section and a test.
fn pack(section: &str, test: &str) -> Result<Pack, Vec<&'static str>> {
    PackText::new()
        .section(section)
        .parameter("living", "1_000", "yuan/person/month")
        .parameter("limit", "500", "yuan/month")
        .test("income", "support", &format!("{test} and living * persons + limit > 0"))
        .load()
}

fn supporter(relation: Relation, persons: u32, yuan: i64, unable: bool) -> Supporter {
    Supporter {
        relation,
        persons,
        monthly_income: Fen(yuan * 100),
        unable,
        document: "收入证明".to_owned(),
    }
}

/// The outcome, and what is imputed to each and in all.
fn judged(supporters: Vec<Supporter>) -> (Outcome, Vec<String>) {
    let mut case = Case::single("2026-11-22");
    case.household.supporters = supporters;
    let verdict = case.judge(&pack(RULE, "income.imputed_support < limit").unwrap());
    let is_support = |name: &str| name == "support" || name == "income.imputed_support";
    let lines = verdict.trace.iter().filter(|l| is_support(&l.name));
    (verdict.outcome, lines.map(|l| l.value.to_string()).collect())
}

#[test]
fn the_support_of_all_who_are_able_is_added_up() {
    use Relation::{Child, Parent};
    let all = |values: &[&str]| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>();
    assert_eq!(judged(vec![]), (Outcome::Qualifies, all(&["0"])));
    let below = supporter(Child, 3, 3_999, false);
    assert_eq!(
        judged(vec![below.clone()]),
        (Outcome::Qualifies, all(&["499.5", "499.5"]))
    );
    let at_limit = |unable| judged(vec![supporter(Child, 3, 4_000, unable)]);
    assert_eq!(at_limit(false), (Outcome::Exceeds, all(&["500", "500"])));
    assert_eq!(at_limit(true), (Outcome::Qualifies, all(&["0", "0"])));
    let parent = judged(vec![supporter(Parent, 1, 9_000, false)]);
    assert_eq!(parent, (Outcome::Qualifies, all(&["0", "0"])));
    // One who has too little takes nothing away from what another gives.
    let poor = supporter(Child, 4, 100, false);
    assert_eq!(
        judged(vec![below.clone(), poor]),
        (Outcome::Qualifies, all(&["499.5", "0", "499.5"]))
    );
    assert_eq!(
        judged(vec![below, supporter(Child, 1, 1_001, false)]).0,
        Outcome::Exceeds
    );
}

#[test]
fn the_trace_shows_the_formula_and_the_paper_of_each_supporter() {
    let mut case = Case::single("2026-11-22");
    let child = |persons, yuan| supporter(Relation::Child, persons, yuan, false);
    case.household.supporters = vec![child(3, 3_600), child(1, 1_100)];
    let pack = pack(RULE, "income.imputed_support < limit").unwrap();
    case.with_facts(|facts| {
        let verdict = pack.evaluate(facts, &[]);
        let lines: Vec<_> = verdict.trace.iter().filter(|l| l.name == "support").collect();
        assert_eq!(lines[0].numbers, "if(holds and holds, (3600 - 1000 * 3) / 2, 0)");
        assert_eq!(lines[1].value, "50");
        assert_eq!(
            (lines[0].reference.as_str(), lines[0].parts[0].amount),
            ("art 8", 360_000)
        );
        let origins = facts.origins(lines.iter().flat_map(|l| &l.parts));
        assert_eq!(origins.iter().map(|o| o.paper).collect::<Vec<_>>(), [Some(0), Some(1)]);
        let sum = verdict.trace.iter().find(|l| l.name == "income.imputed_support");
        let sum = sum.map(|l| (l.numbers.as_str(), l.value.as_str()));
        assert_eq!(sum, Some(("300 + 50", "350")));
    });
}

#[test]
fn a_supporter_is_meant_in_its_section_only() {
    let mistakes = |section: &str, test: &str| pack(section, test).err().unwrap_or_default();
    assert_eq!(mistakes(RULE, "income.imputed_support < limit"), [""; 0]);
    assert_eq!(mistakes("", "income.imputed_support < limit"), ["SUPPORT_MISSING"]);
    assert_eq!(mistakes(RULE, "supporter.income < limit"), ["SCOPE_WRONG"]);
    let of = |formula: &str| {
        let section = format!("[support]\nformula = \"{formula}\"\nreference = \"r\"\n");
        mistakes(&section, "income.imputed_support < limit")
    };
    assert_eq!(of("supporter.income"), [""; 0]);
    assert_eq!(of("0"), [""; 0]);
    assert_eq!(of("supporter.income / supporter.persons"), ["UNIT_MISMATCH"]);
    assert_eq!(of("supporter.able"), ["NUMBER_EXPECTED"]);
    assert_eq!(of("supporter.wealth"), ["NAME_UNKNOWN"]);
    assert_eq!(of("member.age * living"), ["SCOPE_WRONG"]);
}
