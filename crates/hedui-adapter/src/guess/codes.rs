//! What registers write for the words of the protocol, and what a register without the column means.
//! Leaves choosing among them to `guess`; whoever connects a department checks the result.

use hedui_core::RecordType;

/// A code of a source and our word for it.
type Code = (&'static str, &'static str);

/// What registers write for the words of the protocol.
pub(super) const CODES: &[(RecordType, &str, &[Code])] = &[
    (
        RecordType::Registration,
        "status",
        &[
            ("正常", "active"),
            ("有效", "active"),
            ("迁出", "moved_out"),
            ("注销", "cancelled"),
        ],
    ),
    (
        RecordType::Registration,
        "class",
        &[
            ("城镇", "urban"),
            ("非农业", "urban"),
            ("农村", "rural"),
            ("农业", "rural"),
        ],
    ),
    (
        RecordType::Marriage,
        "status",
        &[
            ("已婚", "married"),
            ("初婚", "married"),
            ("再婚", "married"),
            ("离婚", "divorced"),
            ("丧偶", "widowed"),
        ],
    ),
    (
        RecordType::Vehicle,
        "kind",
        &[
            ("小型轿车", "car"),
            ("轿车", "car"),
            ("小型普通客车", "car"),
            ("小型客车", "car"),
            ("摩托车", "motorcycle"),
            ("普通二轮摩托车", "motorcycle"),
            ("货车", "truck"),
            ("轻型货车", "truck"),
            ("大型客车", "bus"),
            ("客车", "bus"),
            ("拖拉机", "farm_machine"),
            ("残疾人专用", "disabled_vehicle"),
            ("船舶", "ship"),
            ("其他", "other"),
            ("K3", "car"),
            ("K1", "bus"),
            ("M1", "motorcycle"),
            ("H1", "truck"),
            ("T1", "farm_machine"),
        ],
    ),
    (
        RecordType::Vehicle,
        "usage",
        &[
            ("非营运", "private"),
            ("家庭自用", "private"),
            ("营运", "commercial"),
            ("A", "private"),
            ("B", "commercial"),
        ],
    ),
    (
        RecordType::Vehicle,
        "status",
        &[
            ("正常", "normal"),
            ("报废", "scrapped"),
            ("注销", "scrapped"),
            ("转出", "transferred"),
            ("过户", "transferred"),
            ("A", "normal"),
            ("E", "scrapped"),
            ("B", "transferred"),
        ],
    ),
    (
        RecordType::RealEstate,
        "kind",
        &[
            ("住宅", "dwelling"),
            ("商铺", "shop"),
            ("商业", "shop"),
            ("车库", "garage"),
            ("车位", "garage"),
            ("办公", "office"),
            ("宅基地", "homestead"),
            ("其他", "other"),
        ],
    ),
    (
        RecordType::FinancialAsset,
        "kind",
        &[
            ("存款", "deposit"),
            ("活期", "deposit"),
            ("定期", "deposit"),
            ("证券", "security"),
            ("股票", "security"),
            ("基金", "fund"),
            ("保险", "insurance"),
            ("理财", "wealth_product"),
            ("支付账户", "payment_account"),
        ],
    ),
    (
        RecordType::Employment,
        "status",
        &[
            ("就业", "employed"),
            ("在职", "employed"),
            ("失业", "unemployed"),
            ("离职", "left"),
        ],
    ),
    (
        RecordType::Pension,
        "kind",
        &[
            ("职工", "employee"),
            ("企业职工", "employee"),
            ("城乡居民", "resident"),
            ("居民", "resident"),
            ("遗属", "survivor"),
        ],
    ),
    (
        RecordType::Income,
        "kind",
        &[
            ("工资薪金", "wage"),
            ("工资", "wage"),
            ("劳务报酬", "wage"),
            ("经营所得", "business"),
            ("财产租赁", "property"),
            ("利息股息", "property"),
            ("转移", "transfer"),
        ],
    ),
    (
        RecordType::Business,
        "role",
        &[
            ("经营者", "sole_trader"),
            ("法定代表人", "legal_representative"),
            ("股东", "shareholder"),
            ("高管", "officer"),
        ],
    ),
    (
        RecordType::Business,
        "status",
        &[
            ("存续", "active"),
            ("开业", "active"),
            ("在业", "active"),
            ("吊销", "revoked"),
            ("注销", "cancelled"),
        ],
    ),
    (RecordType::Land, "kind", &[("耕地", "farmland"), ("林地", "forest")]),
    (RecordType::Land, "leased_out", &[("是", "true"), ("否", "false")]),
    (
        RecordType::Enrolment,
        "stage",
        &[
            ("幼儿园", "preschool"),
            ("小学", "compulsory"),
            ("初中", "compulsory"),
            ("高中", "senior_secondary"),
            ("中职", "vocational"),
            ("大专", "undergraduate"),
            ("本科", "undergraduate"),
            ("研究生", "postgraduate"),
        ],
    ),
    (RecordType::Enrolment, "full_time", &[("是", "true"), ("否", "false")]),
    (
        RecordType::Disability,
        "kind",
        &[
            ("视力", "vision"),
            ("听力", "hearing"),
            ("言语", "speech"),
            ("肢体", "physical"),
            ("智力", "intellectual"),
            ("精神", "mental"),
            ("多重", "multiple"),
        ],
    ),
    (
        RecordType::Disability,
        "grade",
        &[("一级", "1"), ("二级", "2"), ("三级", "3"), ("四级", "4")],
    ),
    (
        RecordType::Assistance,
        "programme",
        &[
            ("低保", "dibao"),
            ("特困", "extreme-poverty"),
            ("临时救助", "temporary-assistance"),
        ],
    ),
    (
        RecordType::Assistance,
        "period",
        &[
            ("一次性", "once"),
            ("次", "once"),
            ("按月", "monthly"),
            ("月", "monthly"),
            ("按年", "yearly"),
            ("年", "yearly"),
        ],
    ),
    (
        RecordType::Assistance,
        "status",
        &[
            ("在享", "drawing"),
            ("在册", "drawing"),
            ("正常", "drawing"),
            ("停发", "ended"),
            ("终止", "ended"),
            ("已结", "ended"),
        ],
    ),
];

/// What a register without the column means: its rows are of this one kind. The first that a field's vocabulary has.
pub(super) const ASSUMED: &[&str] = &[
    "private", "normal", "active", "drawing", "other", "dwelling", "deposit", "once", "employed",
];
