//! The verification report as a window clerk reads it: the verdict first, then who was asked, what they said, what it adds up to.
//! Leaves the wire's JSON form to `json.rs`. Advice only: the report is the basis of a decision that a person takes.

use std::borrow::Cow;
use std::sync::LazyLock;

use hedui_core::facts::OPEN_REASONS;
use hedui_policy::PackSet;
use hedui_proto::verification::{AnswerState, Difference, Part, Report, Verification, VerificationState};

use super::lang::Lang;
use super::table::{Column, MAX_WIDTH, MIN_WIDTH, item, paragraph, table};
use super::values;
use crate::cli::audit::retention;

mod also;
mod departments;
mod differences;
mod explain;
mod figures;
mod findings;
mod names;
mod reading;
mod reasons;
mod records;
mod verdict;
pub mod words;

pub use explain::explain;
use names::Names;
pub use reasons::draft;

/// Renders a verification in the full view, without colour, in lines of at most `width` columns (at least 60; single words that
/// are longer stand out). In the basic view, or before the end, what is there is shown. Ends with a line feed.
pub fn render(verification: &Verification, lang: Lang, width: usize) -> String {
    on_page(verification, lang, width, render_page)
}

/// Renders what a recheck changed: the verification is the new one, in the full view. Ends with a line feed.
pub fn differences(verification: &Verification, differences: &[Difference], lang: Lang, width: usize) -> String {
    on_page(verification, lang, width, |page| differences::render(page, differences))
}

/// What is rendered on the page of a verification.
fn on_page(verification: &Verification, lang: Lang, width: usize, of: impl FnOnce(&Page<'_>) -> String) -> String {
    let width = u16::try_from(width).map_or(MAX_WIDTH, |width| width.clamp(MIN_WIDTH, MAX_WIDTH));
    let nothing = Report::default();
    let report = verification.report.as_ref().unwrap_or(&nothing);
    let names = Names::of(report, lang);
    of(&Page {
        verification,
        report,
        names: &names,
        lang,
        width,
    })
}

fn render_page(page: &Page<'_>) -> String {
    let verification = page.verification;
    let mut text = page.head();
    text.push_str(&page.conclusion());
    if verification.report.is_some() {
        text.push_str(&page.household());
        text.push_str(&departments::render(page));
        text.push_str(&figures::render(page));
        text.push_str(&findings::render(page));
        text.push_str(&also::render(page));
    }
    for verdict in &verification.verdicts {
        text.push_str(&verdict::calculation(page, verdict));
    }
    text.push_str(&page.evidence());
    text
}

/// Colours a rendered report for a terminal: headings, and the marks of what needs a person's eye.
pub fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 256);
    for line in text.lines() {
        let style = if line.starts_with("== ") {
            "\u{1b}[1m"
        } else if line.contains("!! ") {
            "\u{1b}[31m"
        } else if line.contains(".. ") || line.contains("?? ") {
            "\u{1b}[33m"
        } else {
            ""
        };
        painted.push_str(style);
        painted.push_str(line);
        painted.push_str(if style.is_empty() { "\n" } else { "\u{1b}[0m\n" });
    }
    painted
}

/// What every part of the report needs.
struct Page<'a> {
    verification: &'a Verification,
    report: &'a Report,
    names: &'a Names<'a>,
    lang: Lang,
    width: u16,
}

impl Page<'_> {
    /// What a finding says, or why a figure is open, in place of its code.
    fn finding<'b>(&'b self, code: &'b str) -> &'b str {
        let finding = self.report.findings.iter().find(|finding| finding.code == code);
        if let Some(finding) = finding {
            return self.lang.choose(&finding.message_zh, &finding.message_en);
        }
        let reason = OPEN_REASONS.iter().find(|(known, _)| *known == code);
        reason.map_or(code, |(_, text)| self.lang.choose(&text.zh, &text.en))
    }

    /// Several findings.
    fn findings(&self, codes: &[String]) -> String {
        let texts: Vec<&str> = codes.iter().map(|code| self.finding(code)).collect();
        texts.join(self.lang.pick("；", "; "))
    }

    /// What a record is, in a few words.
    fn label<'b>(&self, part: &'b Part) -> Cow<'b, str> {
        let title = |id: &str| {
            let judged = self.verification.verdicts.iter().chain(&self.report.also);
            let mut of_programme = judged.filter(|verdict| verdict.programme == id);
            let judged = of_programme.next().map(|verdict| verdict.title_zh.clone());
            judged
                .filter(|title| !title.is_empty())
                .or_else(|| self.bundled_title(id))
        };
        let chinese = match self.lang {
            Lang::Zh => records::label(&part.label, &part.record_type, title),
            Lang::En => None,
        };
        chinese.map_or(Cow::Borrowed(part.label.as_str()), Cow::Owned)
    }

    /// The title of a programme that was not judged, by the packs compiled in for the district.
    fn bundled_title(&self, id: &str) -> Option<String> {
        static BUNDLED: LazyLock<Option<PackSet>> = LazyLock::new(|| PackSet::bundled().ok());
        let packs = BUNDLED.as_ref()?;
        let levels = packs.levels(&self.verification.district_code);
        let mut found = packs.packs().iter().filter(|pack| pack.programme().as_str() == id);
        let pack = found.find(|pack| levels.iter().any(|level| level == pack.jurisdiction()))?;
        Some(pack.title().zh.to_string())
    }

    /// Why a record counts as it does.
    fn because<'b>(&self, text: &'b str) -> &'b str {
        self.lang.pick(records::because(text).unwrap_or(text), text)
    }

    /// Whether some department has not said what it holds, for whatever reason.
    fn is_open(&self) -> bool {
        let mut subjects = self
            .report
            .departments
            .iter()
            .flat_map(|department| &department.subjects);
        !self.report.complete
            || subjects.any(|subject| matches!(subject.state(), AnswerState::Unreachable | AnswerState::Pending))
    }

    fn heading(&self, zh: &str, en: &str) -> String {
        format!("\n== {} ==\n", self.lang.pick(zh, en))
    }

    fn head(&self) -> String {
        let (v, lang) = (self.verification, self.lang);
        let mut text = format!(
            "== {} == {}\n",
            lang.pick("家庭经济状况核对报告", "Verification report"),
            v.name
        );
        let mut facts = vec![format!("{} {}", lang.pick("地区", "district"), v.district_code)];
        if let Some(as_of) = &v.as_of {
            facts.push(format!("{} {}", lang.pick("核对基准日", "as of"), values::date(as_of)));
        }
        if let Some(created) = &v.create_time {
            facts.push(format!("{} {}", lang.pick("发起", "created"), values::clock(created)));
        }
        if let Some(millis) = values::millis_between(v.create_time.as_ref(), v.end_time.as_ref()) {
            facts.push(format!("{} {}", lang.pick("用时", "took"), values::elapsed(millis)));
        }
        text.push_str(&paragraph(&facts.join(lang.pick("；", "; ")), 0, self.width));
        if !v.rechecks.is_empty() {
            let line = format!("{} {}", lang.pick("复核：", "a recheck of"), v.rechecks);
            text.push_str(&paragraph(&line, 0, self.width));
        }
        if !v.reevaluates.is_empty() {
            let line = format!("{} {}", lang.pick("再次评定：", "a re-evaluation of"), v.reevaluates);
            text.push_str(&paragraph(&line, 0, self.width));
        }
        text
    }

    /// The verdicts, or why there are none.
    fn conclusion(&self) -> String {
        let (v, lang, width) = (self.verification, self.lang, self.width);
        let mut text = self.heading("结论", "Verdict");
        let (answered, asked) = (v.departments_answered, v.departments_asked);
        match v.state() {
            VerificationState::Running => text.push_str(&paragraph(
                &lang.pick(
                    format!(".. 核对进行中：{asked} 个部门中 {answered} 个已答复，尚无结论。"),
                    format!(
                        ".. Still running: {answered} of {asked} departments have answered, there is no verdict yet."
                    ),
                ),
                0,
                width,
            )),
            VerificationState::Cancelled => text.push_str(&paragraph(
                lang.pick(
                    "!! 核对已取消，没有结论；已收到的答复仍作为证据保存。",
                    "!! Cancelled, without a verdict; what was answered is kept as evidence.",
                ),
                0,
                width,
            )),
            VerificationState::Failed => text.push_str(&paragraph(
                &lang.pick(
                    format!("!! 核对失败（{}），没有结论；请重新发起。", v.failure_reason),
                    format!(
                        "!! The verification failed ({}), without a verdict; start it again.",
                        v.failure_reason
                    ),
                ),
                0,
                width,
            )),
            VerificationState::Frozen | VerificationState::Shredded => {
                let kept = v.retention.clone().unwrap_or_default();
                // The name stands at the head of the report.
                for line in retention::lines(&kept, lang).iter().skip(1) {
                    text.push_str(&paragraph(line, 0, width));
                }
            }
            VerificationState::Succeeded | VerificationState::Unspecified => {}
        }
        for verdict in &v.verdicts {
            text.push_str(&verdict::conclusion(self, verdict));
        }
        if !v.verdicts.is_empty() {
            text.push_str(&paragraph(
                lang.pick(
                    "以上为依据部门记录得出的参考意见，由经办人员审核后作出决定。",
                    "This is advice from the departments' records, the basis of a decision that a person takes.",
                ),
                0,
                width,
            ));
        }
        text
    }

    fn household(&self) -> String {
        let lang = self.lang;
        let residence = words::residence(self.report.residence(), lang);
        let mut text = self.heading(&format!("家庭成员（{residence}）"), &format!("Household ({residence})"));
        let rows = self.report.members.iter().map(|member| {
            vec![
                (member.ordinal + 1).to_string(),
                member.name.clone(),
                member.obfuscated_id_number.clone(),
                words::relation(member.relation(), lang).to_owned(),
                member.age.to_string(),
            ]
        });
        let headers = [
            ("#", Column::Number),
            (lang.pick("姓名", "name"), Column::Text),
            (lang.pick("身份号码", "resident ID"), Column::Whole),
            (lang.pick("关系", "relation"), Column::Whole),
            (lang.pick("周岁", "age"), Column::Number),
        ];
        text.push_str(&table(&headers, rows.collect(), 0, self.width));
        text.push_str(&self.circumstances());
        for warning in &self.report.warnings {
            let odd = words::warning(warning, self.lang);
            let line = odd.map_or_else(|| warning.clone(), |odd| format!("{warning}: {odd}"));
            text.push_str(&item("?", &line, 0, self.width));
        }
        text
    }

    /// What papers state, each with its paper: on the household's word, which the window has seen.
    fn circumstances(&self) -> String {
        let lang = self.lang;
        let of_members = self.report.members.iter();
        let of_members = of_members.flat_map(|m| m.circumstances.iter().map(move |c| (Some(m.ordinal + 1), c)));
        let of_household = self.report.circumstances.iter().map(|c| (None, c));
        let mut text = String::new();
        for (member, stated) in of_members.chain(of_household) {
            let whom = member.map_or_else(|| lang.pick("家庭", "household").to_owned(), |n| format!("#{n}"));
            let line = format!("{whom}{}{}", lang.pick("：", ": "), words::circumstance(stated, lang));
            text.push_str(&item("-", &line, 0, self.width));
        }
        text
    }

    fn evidence(&self) -> String {
        let (lang, name) = (self.lang, &self.verification.name);
        if name.is_empty() {
            return String::new();
        }
        let mut text = self.heading("证据", "Evidence");
        text.push_str(&item(
            "-",
            &lang.pick(
                format!("每个部门的答复均已封存：hedui audit show {name}（加 --open 查看原始记录，查看将留痕）"),
                format!(
                    "every answer is sealed: hedui audit show {name} (--open shows the records; looking is recorded too)"
                ),
            ),
            0,
            self.width,
        ));
        for verdict in self
            .verification
            .verdicts
            .iter()
            .filter(|verdict| !verdict.pack.is_empty())
        {
            let pack = format!(
                "{} {} {}, {} {}",
                lang.pick("政策包", "policy pack"),
                verdict.pack,
                verdict.pack_version,
                lang.pick("摘要", "digest"),
                verdict.pack_digest,
            );
            text.push_str(&item("-", &pack, 0, self.width));
        }
        text
    }
}

#[cfg(test)]
mod tests;
