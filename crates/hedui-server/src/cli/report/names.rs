//! The names by which a report calls departments, members and figures.
//! Leaves the words of states and outcomes to `words.rs`.

use std::collections::HashMap;

use hedui_proto::verification::Report;

use super::super::lang::Lang;

/// Names in one language.
pub(super) struct Names<'a> {
    lang: Lang,
    departments: HashMap<&'a str, &'a str>,
    members: HashMap<u32, &'a str>,
}

impl<'a> Names<'a> {
    pub fn of(report: &'a Report, lang: Lang) -> Names<'a> {
        let departments = report.departments.iter();
        let members = report.members.iter();
        Names {
            lang,
            departments: departments
                .map(|d| (d.department.as_str(), lang.choose(&d.name_zh, &d.name_en)))
                .filter(|(_, name)| !name.is_empty())
                .collect(),
            members: members.map(|m| (m.ordinal, m.name.as_str())).collect(),
        }
    }

    /// A department by name, or by id where it has none.
    pub fn department<'b>(&'b self, id: &'b str) -> &'b str {
        self.departments.get(id).copied().unwrap_or(id)
    }

    /// Several departments.
    pub fn departments(&self, ids: &[String]) -> String {
        let names: Vec<&str> = ids.iter().map(|id| self.department(id)).collect();
        names.join(self.lang.pick("、", ", "))
    }

    /// A member by number and name: `2 李芳`.
    pub fn member(&self, ordinal: u32) -> String {
        let number = ordinal.saturating_add(1);
        match self.members.get(&ordinal) {
            Some(name) => format!("{number} {name}"),
            None => number.to_string(),
        }
    }

    /// Several members.
    pub fn members(&self, ordinals: &[u32]) -> String {
        let names: Vec<String> = ordinals.iter().map(|ordinal| self.member(*ordinal)).collect();
        names.join(self.lang.pick("、", ", "))
    }

    /// How many members there are.
    pub fn member_count(&self) -> usize {
        self.members.len()
    }

    /// A figure, by the vocabulary of the policy packs; unknown ones by their own name.
    pub fn figure<'b>(&self, name: &'b str) -> &'b str {
        let (zh, en) = match name {
            "income.wage" => ("工资性收入", "wages, net"),
            "income.business" => ("经营净收入", "business income, net"),
            "income.property" => ("财产净收入", "income from property, net"),
            "income.transfer" => ("转移净收入", "transfers, net"),
            "income.basic_pension" => ("城乡居民基础养老金", "basic pension of residents"),
            "expense.medical" => ("政策范围内自负医疗费用", "medical cost borne within the policy's scope"),
            "assets.financial" => ("金融资产", "financial assets"),
            "assets.provident_fund" => ("住房公积金余额", "housing provident fund balance"),
            "dwellings" => ("住房套数", "dwellings"),
            "other_real_estate" => ("非住宅房屋", "shops, garages and offices"),
            "vehicles" => ("受限自用车辆", "limited private vehicles"),
            "commercial_vehicles" => ("营运车船", "vehicles and ships in commercial operation"),
            "businesses" => ("在营市场主体", "businesses in operation"),
            "public_payroll" => ("财政供养人员", "members on a public payroll"),
            "casual_work_months" => ("零工月数", "months of casual work"),
            other => return other,
        };
        self.lang.pick(zh, en)
    }
}
