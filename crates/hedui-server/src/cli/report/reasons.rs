//! A draft of the written reasons that a refusal needs (民发〔2021〕57号, article 21: in writing, with the reasons): the conditions that
//! are exceeded, their numbers, records and legal references, and how to object. Leaves deciding, and signing, to a person.

use std::collections::BTreeSet;

use hedui_proto::verification::{Outcome, Relation, Report, Test, TraceStep, Truth, Verdict, Verification};

use super::super::lang::Lang;
use super::super::table::{MAX_WIDTH, MIN_WIDTH, item, paragraph};
use super::super::values;
use super::names::Names;
use super::reading::Titles;
use super::{Page, figures, reading, verdict};

/// The draft for each programme whose limits are exceeded: all, or one. `None` where there is no such verdict, because nothing else can be
/// the reason of a refusal: an open verdict least of all.
pub fn draft(verification: &Verification, programme: Option<&str>, lang: Lang, width: usize) -> Option<String> {
    let width = u16::try_from(width).map_or(MAX_WIDTH, |width| width.clamp(MIN_WIDTH, MAX_WIDTH));
    let report: &Report = verification.report.as_ref()?;
    let names = Names::of(report, lang);
    let page = Page {
        verification,
        report,
        names: &names,
        lang,
        width,
    };
    let exceeded = |verdict: &&Verdict| {
        verdict.outcome() == Outcome::Exceeds && programme.is_none_or(|wanted| verdict.programme == wanted)
    };
    let letters: Vec<String> = verification
        .verdicts
        .iter()
        .filter(exceeded)
        .map(|verdict| letter(&page, verdict))
        .collect();
    (!letters.is_empty()).then(|| letters.join("\n"))
}

fn letter(page: &Page<'_>, verdict: &Verdict) -> String {
    let (lang, width) = (page.lang, page.width);
    let title = lang.choose(&verdict.title_zh, &verdict.title_en);
    let mut text = format!(
        "== {} ==\n",
        lang.pick(
            "（草稿）不符合条件告知书",
            "(Draft) Notice of a condition that is not met"
        )
    );
    let mut members = page.report.members.iter();
    let applicant = members.find(|member| member.relation() == Relation::Applicant);
    let applicant = applicant.map_or_else(String::new, |member| {
        format!("{} ({})", member.name, member.obfuscated_id_number)
    });
    let day = verdict.as_of.as_ref().map(values::date).unwrap_or_default();
    let opening = lang.pick(
        format!(
            "{applicant}：你家庭申请{title}。经授权核对各部门截至 {day} 的记录（核对编号 {}），以下条件未能满足：",
            page.verification.name
        ),
        format!(
            "To {applicant}: your household applied for {title}. On the departments' records as of {day}, looked at with your authorization \
             ({}), the following is not met:",
            page.verification.name
        ),
    );
    text.push_str(&paragraph(&opening, 0, width));
    let failing = verdict.tests.iter().filter(|test| test.result() == Truth::Fails);
    for (test, number) in failing.zip(1..) {
        text.push_str(&reason(page, verdict, test, number));
    }
    for line in closing(lang) {
        text.push('\n');
        text.push_str(&paragraph(line, 0, width));
    }
    text
}

fn reason(page: &Page<'_>, verdict: &Verdict, test: &Test, number: usize) -> String {
    let (lang, width) = (page.lang, page.width);
    let title = lang.choose(&test.title_zh, &test.title_en);
    let mut text = format!("\n{}", item(&format!("{number}."), title, 0, width));
    let titles = verdict::titles(verdict, lang);
    let condition = reading::formula(&test.formula, &titles, lang);
    if !condition.is_empty() {
        let line = format!("{}{condition}", lang.pick("条件：", "condition: "));
        text.push_str(&paragraph(&line, 3, width));
    }
    let numbers = reading::numbers(&test.numbers, lang);
    let line = lang.pick(
        format!("核算：{numbers}，不成立"),
        format!("reckoned: {numbers}, which does not hold"),
    );
    text.push_str(&paragraph(&line, 3, width));
    text.push_str(&paragraph(&basis(test, lang), 3, width));
    let behind = behind(verdict, test);
    for step in behind.iter().filter(|step| !says_nothing(step)) {
        text.push_str(&item("-", &reckoned(step, &titles, lang), 3, width));
    }
    text.push_str(&figures::counted(page, &behind, 3));
    let left_out = figures::left_out(page, &behind, 3);
    if !left_out.is_empty() {
        let heading = lang.pick("登记在册而未计入的：", "On record and not counted:");
        text.push_str(&paragraph(heading, 3, width));
        text.push_str(&left_out);
    }
    text
}

/// A figure of nothing on which nothing is on record.
fn says_nothing(step: &TraceStep) -> bool {
    step.value == "0" && step.formula.is_empty() && step.parts.is_empty()
}

/// One line of the calculation: what, how, with which numbers, what it came to, by which rule.
fn reckoned(step: &TraceStep, titles: &Titles<'_>, lang: Lang) -> String {
    let mut line = titles
        .get(step.name.as_str())
        .map_or(step.name.as_str(), AsRef::as_ref)
        .to_owned();
    if !step.formula.is_empty() {
        line.push_str(&format!(" = {}", reading::formula(&step.formula, titles, lang)));
    }
    if !step.numbers.is_empty() && step.numbers != step.formula {
        line.push_str(&format!(" = {}", reading::numbers(&step.numbers, lang)));
    }
    line.push_str(&format!(" = {}", verdict::value(step, lang)));
    if !step.reference.is_empty() {
        line.push_str(&lang.pick(format!("（{}）", step.reference), format!(" ({})", step.reference)));
    }
    line
}

/// What a condition rests on. A rule may have a legal reference and leave a detail to an assumption of the pack: both are shown.
fn basis(test: &Test, lang: Lang) -> String {
    if test.reference.is_empty() {
        let none = lang.pick(
            "!! 本条为政策包的假定，没有法规依据：不能单独作为不予批准的理由，请先查明规定。",
            "!! This rule is an assumption of the pack without a legal reference: it cannot carry a refusal. Find the rule first.",
        );
        return none.to_owned();
    }
    let mark = if test.assumption {
        lang.pick(
            "（! 政策包对本条另有假定，请一并核实）",
            " (! the pack assumes something beside it: check that too)",
        )
    } else {
        ""
    };
    format!("{}{}{mark}", lang.pick("依据：", "basis: "), test.reference)
}

/// Every step that a condition rests on, as reckoned: what stands below comes first.
fn behind<'v>(verdict: &'v Verdict, test: &'v Test) -> Vec<&'v TraceStep> {
    let mut open: Vec<&str> = super::explain::names(&test.formula);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            let steps = verdict.trace.iter().filter(|step| step.name == name);
            open.extend(steps.flat_map(|step| super::explain::names(&step.formula)));
        }
    }
    let steps = verdict.trace.iter();
    steps.filter(|step| seen.contains(step.name.as_str())).collect()
}

/// How to object, and what this paper is.
fn closing(lang: Lang) -> [&'static str; 3] {
    lang.pick(
        [
            "如对上述记录有异议，可在收到之日起 5 日内向受理的乡镇人民政府（街道办事处）提出并附证据，由其组织复查；对正式决定不服的，可自知道之日起 \
             60 日内申请行政复议，或者在 6 个月内提起行政诉讼（行政复议法第二十条、行政诉讼法第四十六条；异议期限以当地规定为准）。",
            "本稿依据核对记录生成，仅供经办人员参考；是否批准由有权机关作出决定并署名盖章后方为有效。",
            "经办人：____________　　审核人：____________　　（印章）　　____年__月__日",
        ],
        [
            "Whoever holds a record to be wrong may say so with evidence within 5 days of receipt to the township or street office that took the \
             application, which then has it checked again. Against the decision itself: administrative reconsideration within 60 days of knowing it, or \
             a lawsuit within 6 months (Administrative Reconsideration Law, article 20; Administrative Litigation Law, article 46; local rules \
             decide on the days for objecting).",
            "A draft from the records for the official at work. It is no decision: that is taken, signed and sealed by the authority.",
            "Official: ____________   Checked by: ____________   (seal)   Date: ____________",
        ],
    )
}
