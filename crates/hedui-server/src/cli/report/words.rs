//! The words of states, outcomes and relations in the two languages. "No record" and "no answer" share neither mark nor word.
//! Leaves sentences to the parts of the report that make them.

use hedui_proto::verification::{
    AmountPeriod, AnswerState, FindingWeight, Outcome, Relation, Residence, SubjectResult, Truth, UnreachableCause,
    VerificationState,
};

use hedui_proto::verification as wire;

use super::super::lang::Lang;
use super::super::values;

/// What an outcome is called.
pub fn outcome(outcome: Outcome, lang: Lang) -> &'static str {
    match outcome {
        Outcome::Qualifies => lang.pick("符合条件", "QUALIFIES"),
        Outcome::Exceeds => lang.pick("超出标准", "EXCEEDS"),
        Outcome::Inconclusive => lang.pick("尚不能定论", "INCONCLUSIVE"),
        Outcome::Unspecified => lang.pick("无结论", "NO VERDICT"),
    }
}

/// Where a verification stands.
pub fn state(state: VerificationState, lang: Lang) -> &'static str {
    match state {
        VerificationState::Running => lang.pick("进行中", "running"),
        VerificationState::Succeeded => lang.pick("已完成", "ended"),
        VerificationState::Cancelled => lang.pick("已取消", "cancelled"),
        VerificationState::Failed => lang.pick("失败", "failed"),
        VerificationState::Frozen => lang.pick("已封存", "frozen"),
        VerificationState::Shredded => lang.pick("已销毁", "destroyed"),
        VerificationState::Unspecified => lang.pick("未知", "unknown"),
    }
}

/// What a member is to the applicant.
pub fn relation(relation: Relation, lang: Lang) -> &'static str {
    match relation {
        Relation::Applicant => lang.pick("申请人", "applicant"),
        Relation::Spouse => lang.pick("配偶", "spouse"),
        Relation::Child => lang.pick("子女", "child"),
        Relation::Parent => lang.pick("父母", "parent"),
        Relation::Grandparent => lang.pick("祖父母", "grandparent"),
        Relation::Grandchild => lang.pick("孙子女", "grandchild"),
        Relation::Sibling => lang.pick("兄弟姐妹", "sibling"),
        Relation::Other | Relation::Unspecified => lang.pick("其他", "other"),
    }
}

/// What a paper states, in one line: what, since when, how much, by which paper.
pub fn circumstance(stated: &wire::Circumstance, lang: Lang) -> String {
    // A word of a newer server stands as it is.
    let known = hedui_core::Circumstance::from_word(&stated.word).map(hedui_core::Circumstance::title);
    let title = known.map_or(stated.word.as_str(), |(zh, en)| lang.pick(zh, en));
    let comma = lang.pick("，", ", ");
    let mut line = title.to_owned();
    let days = [
        (&stated.since, lang.pick("自", "since ")),
        (&stated.until, lang.pick("至", "until ")),
    ];
    for (day, before) in days {
        if let Some(day) = day {
            line = format!("{line}{comma}{before}{}", values::date(day));
        }
    }
    if let Some(number) = stated.number {
        line = format!("{line}{comma}{number}");
    }
    if let Some(amount) = &stated.amount {
        let yuan = values::grouped(&values::yuan(amount));
        line = format!(
            "{line}{comma}{}",
            lang.pick(format!("{yuan} 元"), format!("{yuan} yuan"))
        );
    }
    let paper = lang.pick("（材料：", " (paper: ");
    format!("{line}{paper}{}{}", stated.document, lang.pick("）", ")"))
}

/// Urban or rural.
pub fn residence(residence: Residence, lang: Lang) -> &'static str {
    match residence {
        Residence::Urban => lang.pick("城镇", "urban"),
        Residence::Rural => lang.pick("农村", "rural"),
        Residence::Unspecified => lang.pick("未说明", "not stated"),
    }
}

/// What a department said of one member. Marks: `+` found, `=` none on record, `!!` no answer, `..` not yet, `??` to be cleared up.
pub fn answer(result: &SubjectResult, lang: Lang) -> String {
    let records = result.records;
    match result.state() {
        AnswerState::Found => lang.pick(
            format!("+ {records} 条记录"),
            format!("+ {records} record{}", if records == 1 { "" } else { "s" }),
        ),
        AnswerState::NoRecord => lang.pick("= 查无记录", "= none on record").to_owned(),
        AnswerState::OverLimit => lang
            .pick("+ 超过限额（未告知金额）", "+ over its threshold (amount not told)")
            .to_owned(),
        AnswerState::WithinLimit => lang
            .pick("+ 未超限额（未告知金额）", "+ within its threshold (amount not told)")
            .to_owned(),
        AnswerState::IdentityMismatch => lang.pick("?? 号码与姓名不符", "?? ID under another name").to_owned(),
        AnswerState::NotAuthorized => lang.pick("?? 未获授权，未查询", "?? not authorized").to_owned(),
        AnswerState::NotAsked => lang.pick("- 无需查询", "- not asked").to_owned(),
        AnswerState::Pending => match &result.due_at {
            // To the minute: a clerk tells it the household.
            Some(due) => {
                let due = values::clock(due);
                let due = due.get(..16).unwrap_or(&due);
                lang.pick(format!(".. {due} 前答复"), format!(".. will answer until {due}"))
            }
            None => lang.pick(".. 待人工或批量答复", ".. will answer later").to_owned(),
        },
        AnswerState::Unreachable => {
            let cause = cause(result.cause(), lang);
            lang.pick(format!("!! 未答复（{cause}）"), format!("!! NO ANSWER ({cause})"))
        }
        AnswerState::Unspecified => lang.pick("?? 状态不明", "?? unknown state").to_owned(),
    }
}

/// How a department could not be reached.
pub fn cause(cause: UnreachableCause, lang: Lang) -> &'static str {
    match cause {
        UnreachableCause::Timeout => lang.pick("超时", "too late"),
        UnreachableCause::Refused => lang.pick("不接受连接", "turned the call away"),
        UnreachableCause::Failed => lang.pick("查询出错", "failed"),
        UnreachableCause::Breaker => lang.pick("连续出错，暂停查询", "failed repeatedly, not called"),
        UnreachableCause::Cancelled => lang.pick("核对已结束", "ended before it answered"),
        UnreachableCause::Unspecified => lang.pick("原因不明", "cause unknown"),
    }
}

/// What a finding does.
pub fn weight(weight: FindingWeight, lang: Lang) -> &'static str {
    match weight {
        FindingWeight::OpensVerdict => lang.pick("须先查清", "settle first"),
        FindingWeight::Attention => lang.pick("请核实", "look into"),
        FindingWeight::Note | FindingWeight::Unspecified => lang.pick("提示", "note"),
    }
}

/// Whether a condition holds.
pub fn truth(truth: Truth, lang: Lang) -> &'static str {
    match truth {
        Truth::Holds => lang.pick("满足", "holds"),
        Truth::Fails => lang.pick("不满足", "fails"),
        Truth::Open | Truth::Unspecified => lang.pick("?? 未定", "?? open"),
    }
}

/// For what time an amount is paid, after the amount.
pub fn period(period: AmountPeriod, lang: Lang) -> &'static str {
    match period {
        AmountPeriod::Once => lang.pick("（一次性）", " once"),
        AmountPeriod::Month => lang.pick("/月", " a month"),
        AmountPeriod::Year => lang.pick("/年", " a year"),
        AmountPeriod::Unspecified => "",
    }
}

/// The type of a record.
pub fn record_type(word: &str, lang: Lang) -> &str {
    let (zh, en) = match word {
        "registration" => ("户籍", "registration"),
        "marriage" => ("婚姻", "marriage"),
        "vehicle" => ("车船", "vehicle"),
        "real_estate" => ("不动产", "real estate"),
        "financial_asset" => ("金融资产", "financial asset"),
        "provident_fund" => ("公积金", "provident fund"),
        "employment" => ("就业", "employment"),
        "social_insurance" => ("社保缴费", "social insurance"),
        "pension" => ("养老金", "pension"),
        "income" => ("收入", "income"),
        "medical_expense" => ("医疗费用", "medical expense"),
        "business" => ("工商登记", "business"),
        "public_payroll" => ("财政供养", "public payroll"),
        "land" => ("土地林权", "land"),
        "subsidy" => ("补贴", "subsidy"),
        "enrolment" => ("学籍", "enrolment"),
        "disability" => ("残疾", "disability"),
        "assistance" => ("救助", "assistance"),
        other => return other,
    };
    lang.pick(zh, en)
}

/// What is odd about a request that was accepted, told by the reason behind its field.
pub fn warning(warning: &str, lang: Lang) -> Option<&'static str> {
    let (_, reason) = warning.rsplit_once(": ")?;
    let (zh, en) = match reason {
        "NO_ADULT" => (
            "家庭成员均未成年，共同生活的父母应列为成员",
            "nobody here is of age: parents who live with them are members",
        ),
        "ID_NORMALISED" => ("写法已统一，请核对证件", "written otherwise; compare with the card"),
        "ID_LEGACY_15_DIGITS" => (
            "15位旧号码，请核对证件",
            "an old number of 15 digits; compare with the card",
        ),
        "ID_AMBIGUOUS_CENTURY" => (
            "15位旧号码的出生世纪不明，请核对证件",
            "an old number that does not tell the century of birth; compare with the card",
        ),
        "ID_UNKNOWN_PROVINCE" => (
            "未知的省份代码，请核对证件",
            "a province that is not known; compare with the card",
        ),
        "ID_UNKNOWN_DIVISION" => (
            "未收录的区划代码，请核对证件",
            "a division that is in no table; compare with the card",
        ),
        "ID_DIVISION_RETIRED_BEFORE_BIRTH" => (
            "区划代码在出生前已停用，请核对证件",
            "a division that was given up before the birth; compare with the card",
        ),
        "ID_SEQUENCE_ZERO" => (
            "顺序号为000，请核对证件",
            "a sequence number that is not given out; compare with the card",
        ),
        _ => return None,
    };
    Some(lang.pick(zh, en))
}
