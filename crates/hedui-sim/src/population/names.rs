//! Names as they occur: common surnames, plain and rare given names, minority names with a middle dot.
//! Leaves matching of spellings to `hedui_ids::name`.

use hedui_ids::Sex;

use super::dice::Dice;

const SURNAMES: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭", "何", "林", "高",
    "罗", "郑", "梁", "谢", "宋", "唐", "许", "邓", "冯", "韩", "曹", "曾", "彭", "萧", "蔡", "潘", "田", "董", "袁",
    "于", "余", "叶", "蒋", "杜", "苏", "魏", "程", "吕", "丁", "沈", "任", "姚", "卢", "傅", "钟", "姜", "崔", "谭",
    "廖", "范", "汪", "陆", "金", "石", "戴", "贾", "韦", "夏", "邱", "方", "侯", "邹", "熊", "孟", "秦", "白", "江",
    "阎", "薛", "尹", "段", "雷", "黎", "史", "龙", "贺", "陶", "顾", "毛", "郝", "龚", "邵", "万", "钱", "覃", "武",
    "欧阳", "上官", "诸葛", "司马", "仝", "乜", "逄", "亓",
];
const MALE: &[&str] = &[
    "伟", "强", "磊", "军", "勇", "杰", "涛", "明", "超", "刚", "平", "辉", "鹏", "华", "飞", "建国", "建军", "志强",
    "德福", "国栋", "永贵", "大山", "光明", "文斌", "小龙", "天佑", "家豪", "浩然", "子轩", "宇航", "俊杰", "福生",
    "有田", "长发", "春生", "金宝",
];
const FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "玲", "燕", "梅", "秀英", "桂兰", "玉珍", "淑华", "秀兰", "桂花",
    "春梅", "小红", "雪梅", "晓燕", "雨桐", "欣怡", "梓涵", "诗琪", "佳怡", "思雨", "月娥", "素芬", "菊香", "翠花",
    "凤英", "金凤", "冬梅",
];
/// Characters that old systems lose: outside GB 2312, outside GBK, outside the first plane.
const RARE: &[&str] = &[
    "喆", "堃", "昇", "淼", "犇", "㛃", "䶮", "㼆", "旸", "煊", "𠅤", "𬱖", "𣗋",
];
const MINORITY: &[&str] = &[
    "巴特尔·苏和",
    "娜仁·高娃",
    "阿依古丽·买买提",
    "古丽娜尔·阿不都",
    "迪丽拜尔·艾合买提",
    "吉克·阿牛",
    "阿卓·日古",
    "乌兰·其其格",
    "买买提·艾力",
    "额尔德·木图",
];

/// A surname.
pub(crate) fn surname(dice: &mut Dice) -> &'static str {
    dice.word(SURNAMES)
}

/// A full name with the given surname; now and then rare characters, and a minority name (which takes no surname).
pub(crate) fn full(dice: &mut Dice, surname: &str, sex: Sex) -> String {
    if dice.permille(15) {
        return dice.word(MINORITY).to_owned();
    }
    let given = match sex {
        Sex::Male => dice.word(MALE),
        Sex::Female => dice.word(FEMALE),
    };
    if dice.permille(30) {
        let (rare, first) = (dice.word(RARE), given.chars().next().unwrap_or('明'));
        return format!("{surname}{rare}{first}");
    }
    format!("{surname}{given}")
}

/// The name as a sloppy register writes it, still the same name to a careful reader.
pub(crate) fn sloppy(dice: &mut Dice, name: &str) -> String {
    match dice.range(0, 2) {
        0 => format!("{name}  "),
        1 => name.replace('·', "•"),
        _ => match name.chars().count() {
            2 => name.chars().map(String::from).collect::<Vec<_>>().join("　"),
            _ => format!(" {name}"),
        },
    }
}
