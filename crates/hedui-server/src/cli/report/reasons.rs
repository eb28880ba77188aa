//! A draft of the written reasons that a refusal needs (民发〔2021〕57号, article 21: in writing, with the reasons): the conditions that
//! are exceeded, their numbers, records and legal references, and how to object. Leaves deciding, and signing, to a person.

use hedui_proto::verification::{Outcome, Part, Relation, Report, Test, TraceStep, Truth, Verdict, Verification};

use super::super::lang::Lang;
use super::super::table::{MAX_WIDTH, MIN_WIDTH, item, paragraph};
use super::super::values;
use super::names::Names;
use super::{Page, figures};

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
    text.push_str(&paragraph(
        &format!("{}{}", lang.pick("核算：", "reckoned: "), test.numbers),
        3,
        width,
    ));
    text.push_str(&paragraph(&basis(test, lang), 3, width));
    for (unit, parts) in counted(verdict, test) {
        text.push_str(&figures::parts(page, &parts, unit, 3));
    }
    text
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

/// The records that count against a condition, through every step that its formula rests on.
fn counted<'v>(verdict: &'v Verdict, test: &'v Test) -> Vec<(&'v str, Vec<Part>)> {
    let mut open: Vec<&str> = super::explain::names(&test.formula);
    let mut seen: Vec<&str> = Vec::new();
    let mut found: Vec<(&str, Vec<Part>)> = Vec::new();
    while let Some(name) = open.pop() {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        for step in verdict.trace.iter().filter(|step| step.name == name) {
            open.extend(super::explain::names(&step.formula));
            take(step, &mut found);
        }
    }
    found
}

fn take<'v>(step: &'v TraceStep, found: &mut Vec<(&'v str, Vec<Part>)>) {
    let unit = if step.unit.contains("yuan") {
        "fen"
    } else {
        step.unit.as_str()
    };
    let known = |part: &Part, found: &[(&str, Vec<Part>)]| found.iter().any(|(_, parts)| parts.contains(part));
    for part in &step.parts {
        if !matches!(part.treatment.as_str(), "counted" | "declared") || part.amount == 0 || known(part, found) {
            continue;
        }
        match found.iter_mut().find(|(of, _)| *of == unit) {
            Some((_, parts)) => parts.push(part.clone()),
            None => found.push((unit, vec![part.clone()])),
        }
    }
}

/// How to object, and what this paper is.
fn closing(lang: Lang) -> [&'static str; 2] {
    lang.pick(
        [
            "如对上述记录有异议，可在收到之日起 5 日内向受理的乡镇人民政府（街道办事处）提出并附证据，由其组织复查；对正式决定不服的，可自知道之日起 \
             60 日内申请行政复议，或者在 6 个月内提起行政诉讼（行政复议法第二十条、行政诉讼法第四十六条；异议期限以当地规定为准）。",
            "本稿依据核对记录生成，仅供经办人员参考；是否批准由有权机关作出决定并署名盖章后方为有效。",
        ],
        [
            "Whoever holds a record to be wrong may say so with evidence within 5 days of receipt to the township or street office that took the \
             application, which then has it checked again. Against the decision itself: administrative reconsideration within 60 days of knowing it, or \
             a lawsuit within 6 months (Administrative Reconsideration Law, article 20; Administrative Litigation Law, article 46; local rules \
             decide on the days for objecting).",
            "A draft from the records for the official at work. It is no decision: that is taken, signed and sealed by the authority.",
        ],
    )
}
