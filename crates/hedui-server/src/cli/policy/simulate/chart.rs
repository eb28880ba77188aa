//! A simulation as an SVG chart that stands alone: bars for what becomes of households, with title, description and every number as text.
//! Leaves sums by town to the CSV file.

use hedui_proto::operations as wire;

use super::figures::{open, percent, sum};
use super::render::{histogram_label, pack};
use crate::cli::lang::Lang;

const WIDTH: u64 = 760;
const ROW: u64 = 26;
const LABEL: u64 = 240;
/// Longest bar; the number stands behind it.
const BAR: u64 = 400;

/// The file.
pub(super) fn svg(simulation: &wire::Simulation, lang: Lang) -> String {
    let total = simulation.total.clone().unwrap_or_default();
    let title = lang.pick("政策变动测算", "Effect of a change of policy");
    let (from, to) = (pack(simulation.from.as_ref()), pack(simulation.to.as_ref()));
    let counts = [
        (lang.pick("增加", "gain"), total.gains, "#2f7d4f"),
        (lang.pick("减少", "lose"), total.loses, "#b8552d"),
        (lang.pick("基本持平", "about the same"), total.little, "#6b7785"),
        (lang.pick("失去资格", "drop out"), total.drops_out, "#8c2f2f"),
        (lang.pick("新获资格", "enter"), total.enters, "#1f5f8b"),
        (lang.pick("仍不符合", "stay out"), total.stays_out, "#a0a7ae"),
        (lang.pick("金额未定", "amount open"), total.amount_open, "#b59b3b"),
        (lang.pick("结论未定", "inconclusive"), open(&total), "#c9b458"),
    ];
    let mut rows: Vec<(String, u64, &str)> = Vec::new();
    for (label, count, colour) in counts {
        rows.push((label.to_owned(), count, colour));
    }
    let classes = simulation.histogram.iter();
    let classes: Vec<(String, u64, &str)> = classes
        .map(|class| (histogram_label(class, lang), class.households, "#4a6fa5"))
        .collect();
    let describe = |rows: &[(String, u64, &str)]| {
        let parts: Vec<String> = rows
            .iter()
            .map(|(label, count, _)| format!("{label} {count}"))
            .collect();
        parts.join(lang.pick("，", ", "))
    };
    let households = total.households;
    let description = lang.pick(
        format!("{from} 改为 {to}，共 {households} 户：{}", describe(&rows)),
        format!("{from} replaced by {to}, {households} households: {}", describe(&rows)),
    );
    let mut body = String::new();
    let mut y = 84;
    let before = sum(total.before.as_ref(), 1);
    let after = sum(total.after.as_ref(), 1);
    let change = percent(&total).map(|change| lang.pick(format!("（{change}）"), format!(" ({change})")));
    let change = change.unwrap_or_default();
    let sums = lang.pick(
        format!("年支出（元）：{before} → {after}{change}"),
        format!("yuan a year: {before} → {after}{change}"),
    );
    text(&mut body, 20, 62, "13", &sums);
    bars(&mut body, &mut y, &rows);
    y += ROW;
    text(
        &mut body,
        20,
        y,
        "14",
        lang.pick("每月增减（元）的户数", "Households by change, yuan a month"),
    );
    y += 14;
    bars(&mut body, &mut y, &classes);
    let height = y + 20;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-labelledby=\"title description\" lang=\"{}\" font-family=\"sans-serif\">\n<title id=\"title\">{title}</title>\n\
         <desc id=\"description\">{}</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"20\" y=\"28\" font-size=\"18\" font-weight=\"bold\">{title}</text>\n\
         <text x=\"20\" y=\"46\" font-size=\"12\">{}</text>\n{body}</svg>\n",
        lang.pick("zh-CN", "en"),
        escaped(&description),
        escaped(&format!("{from} → {to}")),
    )
}

/// Bars of one group, each with its label and its number: the chart is its own table.
fn bars(body: &mut String, y: &mut u64, rows: &[(String, u64, &str)]) {
    let most = rows.iter().map(|(_, count, _)| *count).max().unwrap_or(0).max(1);
    for (label, count, colour) in rows {
        // The longest is drawn whole, whatever the counts are.
        let width = u64::try_from(u128::from(*count) * u128::from(BAR) / u128::from(most)).unwrap_or(BAR);
        body.push_str(&format!(
            "<g><title>{}: {count}</title><rect x=\"{LABEL}\" y=\"{}\" width=\"{width}\" height=\"16\" fill=\"{colour}\"/></g>\n",
            escaped(label),
            *y + 4,
        ));
        text(body, 20, *y + 17, "12", label);
        text(body, LABEL + width + 6, *y + 17, "12", &count.to_string());
        *y += ROW;
    }
}

fn text(body: &mut String, x: u64, y: u64, size: &str, content: &str) {
    body.push_str(&format!(
        "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{}</text>\n",
        escaped(content)
    ));
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
