//! Records and the reasons for their treatment in Chinese: the server labels a record in English, from closed vocabularies.
//! Leaves choosing the label to `hedui_core::source`. What is not of these forms, a newer server's, stands as it is.

use hedui_core::circumstance::Circumstance;
use hedui_core::part::{Aspect, Because};

#[cfg(test)]
mod tests;

/// A record's label in Chinese. `programme` gives the title of a programme that is known here.
pub(super) fn label(label: &str, record_type: &str, programme: impl Fn(&str) -> Option<String>) -> Option<String> {
    let aspects = || Aspect::ALL.iter().copied().filter(|one| *one != Aspect::Whole);
    if let Some(whole) = aspects().find(|one| one.text() == label) {
        return Some(aspect(whole).to_owned());
    }
    let side = aspects().find_map(|one| Some((one, label.strip_suffix(one.text())?.strip_suffix(": ")?)));
    if let Some((one, of)) = side {
        return Some(format!("{}：{}", whole(of, record_type, programme)?, aspect(one)));
    }
    whole(label, record_type, programme)
}

/// Why a part counts as it does, in Chinese.
pub(super) fn because(text: &str) -> Option<&'static str> {
    let known = Because::ALL.iter().copied().find(|one| one.text() == text)?;
    Some(reason(known))
}

fn whole(label: &str, record_type: &str, programme: impl Fn(&str) -> Option<String>) -> Option<String> {
    let between = |before: &str, after: &str| label.strip_prefix(before)?.strip_suffix(after);
    Some(match record_type {
        "registration" => "户籍登记".to_owned(),
        "marriage" => match label {
            "marriage in force" => "婚姻登记（存续）".to_owned(),
            _ => format!("婚姻登记（{}）", word(between("marriage ", "")?)?),
        },
        "vehicle" => {
            let (what, status) = label.split_once(", ")?;
            let (usage, kind) = what.split_once(' ')?;
            format!("{}{}，{}", word(usage)?, word(kind)?, word(status)?)
        }
        "real_estate" => {
            let (kind, share) = label.split_once(", share ")?;
            format!("{}，份额 {share}", word(kind)?)
        }
        "financial_asset" => match label.split_once(" on ") {
            Some((kind, day)) => format!("{}（{day}）", word(kind)?),
            None => word(label)?.to_owned(),
        },
        "provident_fund" => "住房公积金".to_owned(),
        "employment" if label == "unemployment benefit a month" => "失业保险金（每月）".to_owned(),
        "employment" => "就业登记".to_owned(),
        "social_insurance" => "社会保险缴费".to_owned(),
        "pension" => format!("{}（每月）", pension(between("", " pension a month")?)?),
        "income" => {
            let (rest, until) = label.rsplit_once(" to ")?;
            let (what, from) = rest.rsplit_once(' ')?;
            let what = match what {
                "wage" => "工资",
                "business income" => "经营收入",
                "property income" => "财产收入",
                "transfer income" => "转移收入",
                _ => return None,
            };
            format!("{what}（{from} 至 {until}）")
        }
        "medical_expense" => format!("医疗费用（{}）", between("medical bill of ", "")?),
        "business" => {
            let (role, status) = label.split_once(", ")?;
            format!("{}，{}", word(role)?, business(status)?)
        }
        "public_payroll" => "财政供养工资（每月）".to_owned(),
        "land" => format!("{}流转租金（每年）", word(between("rent of ", " a year")?)?),
        "subsidy" => format!("补贴（{}）", between("subsidy of ", "")?),
        "enrolment" => format!("学籍：{}", word(between("enrolment ", "")?)?),
        "disability" => {
            let (kind, grade) = between("disability ", "")?.split_once(" grade ")?;
            format!("{}，{grade} 级", word(kind)?)
        }
        "assistance" => {
            let (id, period) = between("draws ", "")?.rsplit_once(", ")?;
            let title = match id {
                "another programme" => "其他项目".to_owned(),
                _ => programme(id).unwrap_or_else(|| id.to_owned()),
            };
            format!("享受{title}（{}）", word(period)?)
        }
        "" => return paper(label),
        _ => return None,
    })
}

/// What a paper of the household states.
fn paper(label: &str) -> Option<String> {
    if let Some(stated) = label.strip_prefix("stated supporter: ") {
        let (relation, rest) = stated.split_once(", household of ")?;
        let (persons, unable) = match rest.strip_suffix(", unable to support") {
            Some(persons) => (persons, "，无赡养能力"),
            None => (rest, ""),
        };
        return Some(format!(
            "申报的法定赡养（抚养、扶养）义务人：{}，家庭 {persons} 人{unable}",
            relative(relation)?
        ));
    }
    let stated = label.strip_prefix("stated: ")?;
    let (stated, number) = stated.split_once(", number ").unwrap_or((stated, ""));
    let (stated, until) = stated.split_once(" until ").unwrap_or((stated, ""));
    let (known, since) = stated.split_once(" since ").unwrap_or((stated, ""));
    let mut text = format!("申报：{}", Circumstance::from_word(known)?.title().0);
    for (before, detail) in [("，自 ", since), ("，至 ", until), ("，", number)] {
        if !detail.is_empty() {
            text.push_str(before);
            text.push_str(detail);
        }
    }
    Some(text)
}

fn relative(word: &str) -> Option<&'static str> {
    Some(match word {
        "spouse" => "配偶",
        "child" => "子女",
        "parent" => "父母",
        "grandparent" => "祖父母",
        "grandchild" => "孙子女",
        "sibling" => "兄弟姐妹",
        "other" => "其他",
        _ => return None,
    })
}

fn pension(word: &str) -> Option<&'static str> {
    Some(match word {
        "employee" => "职工养老金",
        "resident" => "城乡居民养老金",
        "survivor" => "遗属待遇",
        _ => return None,
    })
}

fn business(word: &str) -> Option<&'static str> {
    Some(match word {
        "active" => "在营",
        "cancelled" => "已注销",
        "revoked" => "已吊销",
        _ => return None,
    })
}

/// The words of records that mean the same in each of them.
fn word(word: &str) -> Option<&'static str> {
    Some(match word {
        "married" => "已婚",
        "divorced" => "离婚",
        "widowed" => "丧偶",
        "private" => "自用",
        "commercial" => "营运",
        "car" => "小型汽车",
        "motorcycle" => "摩托车",
        "truck" => "货车",
        "bus" => "客车",
        "farm_machine" => "农业机械",
        "disabled_vehicle" => "残疾人专用车",
        "ship" => "船舶",
        "other" => "其他",
        "normal" => "正常",
        "scrapped" => "已报废",
        "transferred" => "已过户",
        "dwelling" => "住房",
        "shop" => "商铺",
        "garage" => "车库（位）",
        "office" => "办公用房",
        "homestead" => "宅基地",
        "deposit" => "存款",
        "security" => "有价证券",
        "fund" => "基金",
        "insurance" => "商业保险",
        "wealth_product" => "理财产品",
        "payment_account" => "非银行支付账户余额",
        "sole_trader" => "个体工商户经营者",
        "legal_representative" => "法定代表人",
        "shareholder" => "股东",
        "officer" => "董事、监事或高管",
        "farmland" => "耕地",
        "forest" => "林地",
        "preschool" => "学前教育",
        "compulsory" => "义务教育",
        "senior_secondary" => "普通高中",
        "vocational" => "中等职业教育",
        "undergraduate" => "本专科",
        "postgraduate" => "研究生",
        "vision" => "视力残疾",
        "hearing" => "听力残疾",
        "speech" => "言语残疾",
        "physical" => "肢体残疾",
        "intellectual" => "智力残疾",
        "mental" => "精神残疾",
        "multiple" => "多重残疾",
        "once" => "一次性",
        "monthly" => "按月",
        "yearly" => "按年",
        _ => return None,
    })
}

fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Whole => "",
        Aspect::MonthlyBase => "月缴费基数",
        Aspect::Balance => "余额",
        Aspect::Deceased => "登记为死亡",
        Aspect::SpouseNamed => "登记有配偶",
        Aspect::BeyondRegisters => "登记以外的申报财产",
        Aspect::CasualWork => "零工月数",
        Aspect::WageDeclared => "申报的工资性收入",
        Aspect::BusinessDeclared => "申报的经营收入",
        Aspect::PropertyDeclared => "申报的财产收入",
        Aspect::TransferDeclared => "申报的转移收入",
        Aspect::WageBeyond => "登记以外的申报工资性收入",
        Aspect::BusinessBeyond => "登记以外的申报经营收入",
        Aspect::PropertyBeyond => "登记以外的申报财产收入",
        Aspect::TransferBeyond => "登记以外的申报转移收入",
        Aspect::ParentNamed => "登记有父母",
    }
}

fn reason(because: Because) -> &'static str {
    match because {
        Because::NegativeAmount => "负数金额不计",
        Because::OutsideMonths => "不在计算期内",
        Because::PartlyOutside => "部分在计算期外取得，不分摊到各月",
        Because::PeriodReversed => "起止时间颠倒",
        Because::MonthUnknown => "起止月份无登记",
        Because::PerhapsSameOrContradicted => "可能与另一登记相同或矛盾",
        Because::DeclaredLonger => "申报的月数超出计算期",
        Because::OtherRegisterDiffers => "与同一工作的另一登记不一致",
        Because::OlderBalance => "同一账户较早的余额",
        Because::BalanceInDoubt => "与另一记录不一致，或可能相同",
        Because::RentUnknown => "已流转，租金无登记",
        Because::ReliefNotIncome => "政府救助不计入收入",
        Because::MoreThanTheBill => "超过该账单中个人负担的金额",
        Because::NoSuchGrade => "无此残疾等级（应为 1 至 4 级）",
        Because::IssuedLater => "发证日期晚于基准日",
        Because::NotPaidAtDate => "基准日不在发放期内",
        Because::MemberCountedOnce => "同一成员只计一次",
        Because::PerhapsStillPaid => "记录未说明是否仍在发放",
        Because::PerhapsSameThing => "可能与另一记录为同一项",
        Because::LeftOpen => "登记或记录本身未能说明是否计入",
        Because::NoShare => "没有份额",
        Because::NoLongerOwned => "已不再拥有",
        Because::VehicleNotLimited => "此类车辆不计",
        Because::ScrappedOrTransferred => "已报废或过户",
        Because::OfficerWithoutShare => "任职而无出资",
        Because::NoLongerOperating => "已不再经营",
        Because::EmployerCode => "用人单位代码",
        Because::EmployerName => "用人单位名称",
        Because::PayerPeriodAmount => "支付方、期间和金额",
        Because::ContractNumber => "合同编号",
        Because::KindPeriodAmount => "类别、期间和金额",
        Because::PeriodAmount => "期间和金额",
        Because::ProjectDayAmount => "项目、日期和金额",
        Because::DayAmounts => "日期和金额",
        Because::AccountReference => "账户编号",
        Because::UnitNumber => "不动产单元号",
        Because::IdentificationNumber => "车辆识别代号",
        Because::CreditCode => "统一社会信用代码",
        Because::NotAtDate => "基准日不成立",
        Because::OwnerNotStated => "家庭申报，未说明归谁所有",
        Because::NoLongerRegistered => "已迁出或注销",
        Because::RegisteredElsewhere => "户籍在外地",
        Because::PlaceUnknown => "户籍地无登记",
        Because::StillOwned => "仍然拥有",
        Because::OtherKind => "该部门登记为其他类型",
    }
}
