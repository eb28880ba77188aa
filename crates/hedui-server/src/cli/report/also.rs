//! The part of the report on joint assistance: what else the household is entitled to, or may be, on the same evidence.
//! Leaves the programmes that were asked for to `verdict.rs`.

use hedui_proto::verification::{Outcome, Verdict};

use super::super::table::{item, paragraph};
use super::Page;
use super::verdict::amount;

/// More programmes that may be open than this are only counted.
const MAX_OPEN: usize = 12;

pub(super) fn render(page: &Page<'_>) -> String {
    let (lang, width) = (page.lang, page.width);
    let also = &page.report.also;
    if also.is_empty() {
        return String::new();
    }
    let (good, open): (Vec<&Verdict>, Vec<&Verdict>) = also.iter().partition(|v| v.outcome() == Outcome::Qualifies);
    let mut text = page.heading("还可申请的其他救助", "What else the household may apply for");
    if good.is_empty() {
        let none = lang.pick(
            "根据同一批记录，尚无可确定符合条件的其他项目。",
            "On the same records no other programme is certain.",
        );
        text.push_str(&paragraph(none, 0, width));
    }
    for verdict in good {
        let title = lang.choose(&verdict.title_zh, &verdict.title_en);
        let line = match amount(page, verdict) {
            Some(amount) => format!("{title} ({}): {amount}", verdict.programme),
            None => format!("{title} ({})", verdict.programme),
        };
        text.push_str(&item("+", &line, 0, width));
    }
    if open.is_empty() {
        return text;
    }
    let listed: Vec<String> = open
        .iter()
        .take(MAX_OPEN)
        .map(|verdict| {
            let title = lang.choose(&verdict.title_zh, &verdict.title_en);
            format!("{title} ({})", verdict.programme)
        })
        .collect();
    let more = open.len().saturating_sub(MAX_OPEN);
    let more = match more {
        0 => String::new(),
        more => lang.pick(format!("等，另有 {more} 项"), format!(" and {more} more")),
    };
    let listed = listed.join(lang.pick("；", "; "));
    let line = lang.pick(
        format!("尚需核对或补充材料才能确定：{listed}{more}。"),
        format!("Open until more is asked or shown: {listed}{more}."),
    );
    text.push_str(&item("?", &line, 0, width));
    text
}
