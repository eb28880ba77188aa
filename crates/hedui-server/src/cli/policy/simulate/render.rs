//! A simulation as an official reads it: who gains, who loses, what it costs, by town and kind of household.
//! Leaves exact decimals to `figures`.

use hedui_proto::operations as wire;

use super::By;
use super::figures::{fen, money, open, part_of_year, percent, sum};
use crate::cli::Context;
use crate::cli::lang::Lang;
use crate::cli::table::{Column, paragraph, table};

/// The report.
pub(super) fn report(simulation: &wire::Simulation, by: Option<By>, context: &Context) -> String {
    let (lang, width) = (context.lang, context.width);
    let total = simulation.total.clone().unwrap_or_default();
    let (from, to) = (pack(simulation.from.as_ref()), pack(simulation.to.as_ref()));
    let mut text = lang.pick(
        format!("测算：{from} 改为 {to}\n\n"),
        format!("{from} replaced by {to}\n\n"),
    );
    text.push_str(&paragraph(&headline(&total, lang), 0, width));
    text.push_str(&paragraph(&little(simulation, lang), 0, width));
    if open(&total) + total.amount_open > 0 {
        text.push_str(&paragraph(&open_ones(&total, lang), 0, width));
    }
    text.push('\n');
    text.push_str(&sums(simulation, &total, context));
    if by != Some(By::Type) && !simulation.towns.is_empty() {
        text.push('\n');
        let groups = simulation.towns.iter().map(|group| (town(group, lang), group));
        text.push_str(&groups_table(lang.pick("乡镇", "town"), groups, context));
    }
    if by != Some(By::Town) && !simulation.kinds.is_empty() {
        text.push('\n');
        let groups = simulation.kinds.iter().map(|group| (kind(&group.key, lang), group));
        text.push_str(&groups_table(lang.pick("家庭类型", "household"), groups, context));
    }
    text.push('\n');
    text.push_str(&histogram(simulation, context));
    text.push_str(&references(simulation, context));
    text.push_str(&found(simulation, context));
    text
}

/// Id and version.
pub(super) fn pack(pack: Option<&wire::PackRef>) -> String {
    pack.map(|pack| format!("{}@{}", pack.id, pack.version))
        .unwrap_or_default()
}

/// As the village of Changfa was told it.
fn headline(total: &wire::SimulationGroup, lang: Lang) -> String {
    let (all, more, less, same) = (total.households, total.gains, total.loses, total.little);
    let (out, into, never) = (total.drops_out, total.enters, total.stays_out);
    lang.pick(
        format!("共 {all} 户：{less} 户减少，{more} 户增加，{same} 户基本持平，{out} 户失去资格，{into} 户新获资格，{never} 户前后均不符合。"),
        format!(
            "Of {all} households {less} get less, {more} more, {same} about the same, {out} lose eligibility, {into} enter, {never} qualify neither \
             before nor after."
        ),
    )
}

fn little(simulation: &wire::Simulation, lang: Lang) -> String {
    let yuan = simulation
        .little_a_month
        .as_ref()
        .map(|amount| money(fen(amount)))
        .unwrap_or_default();
    let points = simulation.little_basis_points;
    let percent = format!("{}.{:02} %", points / 100, points % 100);
    lang.pick(
        format!("基本持平：每月增减不超过 {yuan} 元，或不超过原金额的 {percent}。"),
        format!("About the same: a change of at most {yuan} yuan a month, or of {percent} of what was paid."),
    )
}

fn open_ones(total: &wire::SimulationGroup, lang: Lang) -> String {
    let (becomes, stays) = (total.becomes_inconclusive, total.stays_inconclusive);
    let (into, out, amount) = (total.settles_in, total.settles_out, total.amount_open);
    lang.pick(
        format!(
            "未定的不算不符合：{becomes} 户由确定变为未定，{stays} 户前后均未定，{into} 户由未定变为符合，{out} 户由未定变为不符合，{amount} 户金额增减未定。"
        ),
        format!(
            "Open ones are not counted as refused: {becomes} become inconclusive, {stays} stay so, {into} settle as qualifying, {out} as exceeding; \
             of {amount} it is open whether they get more or less."
        ),
    )
}

/// The sums before and after: a month, a quarter, a year.
fn sums(simulation: &wire::Simulation, total: &wire::SimulationGroup, context: &Context) -> String {
    let lang = context.lang;
    let parts: &[(&str, i64)] = if simulation.paid_once {
        &[(lang.pick("一次性", "once"), 1)]
    } else {
        &[
            (lang.pick("每月", "a month"), 12),
            (lang.pick("每季度", "a quarter"), 4),
            (lang.pick("每年", "a year"), 1),
        ]
    };
    let rows = parts.iter().map(|(label, parts)| {
        vec![
            (*label).to_owned(),
            sum(total.before.as_ref(), *parts),
            sum(total.after.as_ref(), *parts),
            percent(total).unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let headers = [
        (lang.pick("支出（元）", "yuan"), Column::Whole),
        (lang.pick("变动前", "before"), Column::Number),
        (lang.pick("变动后", "after"), Column::Number),
        (lang.pick("增减", "change"), Column::Number),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

fn groups_table<'g>(
    title: &str,
    groups: impl Iterator<Item = (String, &'g wire::SimulationGroup)>,
    context: &Context,
) -> String {
    let lang = context.lang;
    let rows = groups.map(|(label, group)| {
        let counts = [
            group.households,
            group.gains,
            group.loses,
            group.little,
            group.drops_out,
            group.enters,
            open(group) + group.amount_open,
        ];
        let amounts = [sum(group.before.as_ref(), 12), sum(group.after.as_ref(), 12)];
        let percent = percent(group).unwrap_or_else(|| "-".to_owned());
        let cells = std::iter::once(label).chain(counts.map(|count| count.to_string()));
        cells.chain(amounts).chain([percent]).collect()
    });
    let headers = [
        (title, Column::Whole),
        (lang.pick("户", "all"), Column::Number),
        (lang.pick("增加", "more"), Column::Number),
        (lang.pick("减少", "less"), Column::Number),
        (lang.pick("持平", "same"), Column::Number),
        (lang.pick("失去", "out"), Column::Number),
        (lang.pick("新进", "in"), Column::Number),
        (lang.pick("未定", "open"), Column::Number),
        (lang.pick("月支出前", "before/month"), Column::Number),
        (lang.pick("后", "after"), Column::Number),
        (lang.pick("增减", "change"), Column::Number),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

fn histogram(simulation: &wire::Simulation, context: &Context) -> String {
    let lang = context.lang;
    let rows = simulation
        .histogram
        .iter()
        .map(|class| vec![histogram_label(class, lang), class.households.to_string()]);
    let headers = [
        (lang.pick("每月增减（元）", "change, yuan a month"), Column::Whole),
        (lang.pick("户", "households"), Column::Number),
    ];
    table(&headers, rows.collect(), 0, context.width)
}

/// `-50 .. -20`: from the first up to below the second.
pub(super) fn histogram_label(class: &wire::HistogramClass, lang: Lang) -> String {
    let border = |money: &hedui_proto::gtype::Money| money.units.to_string();
    match (
        class.from_a_month.as_ref().map(border),
        class.below_a_month.as_ref().map(border),
    ) {
        (None, Some(below)) => lang.pick(format!("不足 {below}"), format!("below {below}")),
        (Some(from), None) => lang.pick(format!("{from} 及以上"), format!("{from} and more")),
        (Some(from), Some(below)) => format!("{from} .. {below}"),
        (None, None) => String::new(),
    }
}

/// Those who lose and gain most, by their verification: `hedui policy explain` says why.
fn references(simulation: &wire::Simulation, context: &Context) -> String {
    let lang = context.lang;
    let mut text = String::new();
    let lists = [
        (&simulation.losers, lang.pick("减少最多", "lose most")),
        (&simulation.gainers, lang.pick("增加最多", "gain most")),
    ];
    for (list, title) in lists.into_iter().filter(|(list, _)| !list.is_empty()) {
        let rows = list.iter().map(|moved| {
            let (change, before) = (
                moved.change.as_ref().map_or(0, fen),
                moved.before.as_ref().map_or(0, fen),
            );
            let parts = if simulation.paid_once { 1 } else { 12 };
            let amount = |fen| money(part_of_year(fen, parts));
            vec![
                moved.verification.clone(),
                amount(before),
                amount(before + change),
                amount(change),
            ]
        });
        let headers = [
            (title, Column::Whole),
            (lang.pick("变动前", "before"), Column::Number),
            (lang.pick("变动后", "after"), Column::Number),
            (lang.pick("增减", "change"), Column::Number),
        ];
        text.push('\n');
        text.push_str(&table(&headers, rows.collect(), 0, context.width));
    }
    text
}

/// Where the households came from, and which could not be judged.
fn found(simulation: &wire::Simulation, context: &Context) -> String {
    let (lang, width) = (context.lang, context.width);
    let mut lines = Vec::new();
    if let Some(found) = simulation.gathered {
        let wire::Gathered {
            households,
            filed,
            again,
            frozen,
            destroyed,
            never,
            unreadable,
        } = found;
        lines.push(lang.pick(
            format!(
                "本区 {households} 户：{filed} 户用存档数据，{again} 户由原答复重新提取，{frozen} 户已封存未读，{destroyed} 户已销毁，{never} 户无结论，\
                 {unreadable} 户无法读取。"
            ),
            format!(
                "{households} households of the district: {filed} as filed, {again} taken from the kept answers, {frozen} frozen and not read, \
                 {destroyed} destroyed, {never} without a verdict, {unreadable} unreadable."
            ),
        ));
    }
    for outside in &simulation.outside {
        let (reason, households) = (outside_word(&outside.reason, lang), outside.households);
        lines.push(lang.pick(
            format!("未计入：{households} 户，{reason}。"),
            format!("Left out: {households}, {reason}."),
        ));
    }
    for lacking in &simulation.lacking {
        let (reason, households) = (&lacking.reason, lacking.households);
        lines.push(lang.pick(
            format!("!! {households} 户存档数据不足，未能测算（{reason}）。"),
            format!("!! {households} could not be tried: too little is filed of them ({reason})."),
        ));
    }
    let mut text = String::from(if lines.is_empty() { "" } else { "\n" });
    for line in lines {
        text.push_str(&paragraph(&line, 0, width));
    }
    text
}

fn outside_word(reason: &str, lang: Lang) -> &'static str {
    match reason {
        "PROGRAMME" => lang.pick("未为此项目核对", "not verified for the programme"),
        "RESIDENCE" => lang.pick("城乡类别不同", "of another residence than the pack in force is for"),
        _ => lang.pick("不在所选地区", "of another place"),
    }
}

fn town(group: &wire::SimulationGroup, lang: Lang) -> String {
    if group.key.is_empty() {
        lang.pick("（未填）", "(not stated)").to_owned()
    } else {
        group.key.clone()
    }
}

fn kind(word: &str, lang: Lang) -> String {
    let text = match word {
        "elderly" => lang.pick("老年人家庭", "elderly only"),
        "disabled" => lang.pick("有残疾人", "with a disabled member"),
        "minors" => lang.pick("有未成年人", "with minors"),
        "single" => lang.pick("单人", "single"),
        "nobody" => lang.pick("无人计入", "nobody counts"),
        _ => lang.pick("其他", "other"),
    };
    text.to_owned()
}
