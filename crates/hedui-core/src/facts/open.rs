//! Why a figure is open although every department answered: codes, each with what it says to people.
//! Leaves silent departments, which a figure names by themselves, to the figures.

use crate::verdict::Text;

macro_rules! reasons {
    ($($(#[$of:meta])* $code:ident, $zh:literal, $en:literal;)*) => {
        $($(#[$of])* pub const $code: &str = stringify!($code);)*

        /// Every code with what it says. Only ever added to.
        pub const OPEN_REASONS: &[(&str, Text)] = &[$(($code, Text::fixed($zh, $en))),*];
    };
}

reasons! {
    /// Two registers disagree about one thing beyond the tolerance.
    CONFLICTING_SOURCES, "登记来源互相矛盾", "registers disagree";
    /// A wage that a single contribution register suggests and no payer has declared.
    UNCORROBORATED_WAGE, "仅有缴费基数，没有工资记录", "a contribution base without a wage";
    /// A job without any wage on record.
    WAGE_UNKNOWN, "就业登记没有工资记录", "a job without a wage on record";
    /// A job paid month after month of whose last month no payer's statement is there, and may be late.
    WAGE_NOT_DECLARED_YET, "上月工资可能尚未申报", "a wage of last month that may not be declared yet";
    /// A dwelling without any area on record.
    AREA_UNKNOWN, "住房面积没有记录", "a dwelling without an area on record";
    /// Land leased out without any rent on record.
    RENT_UNKNOWN, "土地流转租金没有记录", "leased land without a rent on record";
    /// Two records that may or may not be the same thing.
    DOUBTFUL_MATCH, "无法确认两条记录是否为同一事物", "records that may or may not be one thing";
    /// An amount of which the record does not tell whether it belongs to the months that count.
    PERIOD_UNCERTAIN, "记录的时间不明", "a record that does not tell when";
    /// A record that cannot be true as it stands: a negative amount, a period that ends before it begins, a share of nothing.
    IMPLAUSIBLE_RECORD, "记录本身不合理", "a record that cannot be true as it stands";
    /// Property that the household declares and no register shows, where only some of its members count: whose it is is not stated.
    DECLARED_OWNER, "申报的财产未说明归谁所有", "declared property of which the owner is not stated";
    /// Income declared for more months than are counted, which no register explains.
    DECLARED_PERIOD, "申报收入的月份超出计算期", "income declared for more months than are counted";
}
