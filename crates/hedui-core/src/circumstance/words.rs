//! The words of circumstances: what each means, of whom it is stated and which details it carries. Words are only ever added.
//! Leaves checking what a request states to the parent.

use super::{Detail, Of};

/// Whether and in which range a word carries a number.
const fn number(least: u32, most: u32) -> Option<(u32, u32)> {
    Some((least, most))
}

macro_rules! circumstances {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $of:ident, $zh:literal, $en:literal,
       $since:ident, $until:ident, $amount:ident, $number:expr;)+) => {
        /// What is stated on papers and no register answers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Circumstance { $($(#[$doc])* $variant),+ }

        impl Circumstance {
            /// Every word, in order.
            pub const ALL: &[Circumstance] = &[$(Circumstance::$variant),+];

            /// The word used in requests, packs and reports.
            pub const fn word(self) -> &'static str {
                match self { $(Circumstance::$variant => $text),+ }
            }

            /// The circumstance of a word.
            pub fn from_word(word: &str) -> Option<Circumstance> {
                Self::ALL.iter().copied().find(|c| c.word() == word)
            }

            /// Title in Chinese and English.
            pub const fn title(self) -> (&'static str, &'static str) {
                match self { $(Circumstance::$variant => ($zh, $en)),+ }
            }

            /// Of whom it is stated.
            pub const fn of(self) -> Of {
                match self { $(Circumstance::$variant => Of::$of),+ }
            }

            /// Whether the day since when is stated with it.
            pub const fn since(self) -> Detail {
                match self { $(Circumstance::$variant => Detail::$since),+ }
            }

            /// Whether the last day is stated with it.
            pub const fn until(self) -> Detail {
                match self { $(Circumstance::$variant => Detail::$until),+ }
            }

            /// Whether an amount is stated with it: that of the twelve months before the date.
            pub const fn amount(self) -> Detail {
                match self { $(Circumstance::$variant => Detail::$amount),+ }
            }

            /// The least and the greatest number where one must be stated with it.
            pub const fn number(self) -> Option<(u32, u32)> {
                match self { $(Circumstance::$variant => $number),+ }
            }
        }
    };
}

// Per word: of whom, titles, then since, until, amount and number.
circumstances! {
    /// Serves a sentence.
    InPrison = "in_prison", Member, "在监狱服刑", "in prison", May, May, Never, None;
    /// In compulsory rehabilitation.
    CompulsoryRehabilitation = "compulsory_rehabilitation", Member, "强制隔离戒毒", "in compulsory rehabilitation", May, May, Never, None;
    /// Lives in a place of religion as its staff.
    ReligiousResident = "religious_resident", Member, "在宗教场所居住的宗教教职人员", "lives in a place of religion as its staff", Must, May, Never, None;
    /// Declared missing by a court.
    DeclaredMissing = "declared_missing", Member, "宣告失踪", "declared missing", May, May, Never, None;
    /// An adult who cannot live independently.
    UnableToLiveIndependently = "unable_to_live_independently", Member, "不能独立生活", "unable to live independently", May, May, Never, None;
    /// Boards at a school.
    BoardsAway = "boards_away", Member, "寄宿就读", "boards at a school", May, May, Never, None;
    /// A serious illness by the local list.
    SeriousIllness = "serious_illness", Member, "患重特大疾病", "seriously ill", May, May, Never, None;
    /// A mental illness.
    MentalIllness = "mental_illness", Member, "患精神疾病", "mentally ill", May, May, Never, None;
    /// Diagnosed with leukaemia; number: the hospital.
    Leukaemia = "leukaemia", Member, "白血病诊断（医院等级）", "diagnosed with leukaemia (grade of the hospital)", May, May, Never, number(1, 3);
    /// Diagnosed with uraemia; number: the hospital.
    Uraemia = "uraemia", Member, "尿毒症诊断（医院等级）", "diagnosed with uraemia (grade of the hospital)", May, May, Never, number(1, 3);
    /// Diagnosed with cancer; number: the hospital.
    Cancer = "cancer", Member, "癌症诊断（医院等级）", "diagnosed with cancer (grade of the hospital)", May, May, Never, number(1, 3);
    /// Recovered from the illness that help is asked for.
    Recovered = "recovered", Member, "已康复", "recovered", May, Never, Never, None;
    /// One of the groups that are entitled to preferential treatment.
    KeyEntitledGroup = "key_entitled_group", Member, "重点优抚对象", "of a key entitled group", May, May, Never, None;
    /// Recognised as extremely poor, formerly five-guarantee.
    FiveGuarantee = "five_guarantee", Member, "特困供养（五保）对象", "recognised as extremely poor (five guarantees)", May, May, Never, None;
    /// Assessed need of care; number: how far the person cares for themselves.
    CareNeed = "care_need", Member, "生活自理能力评估（0全自理，1半护理，2全护理）", "assessed need of care (0 none, 1 partial, 2 full)", May, May, Never, number(0, 2);
    /// Lives in an institution of care.
    InInstitution = "in_institution", Member, "集中供养", "lives in an institution", May, May, Never, None;
    /// Member of the Party.
    PartyMember = "party_member", Member, "中共党员", "member of the Party", May, May, Never, None;
    /// Member of a trade union.
    UnionMember = "union_member", Member, "工会会员", "member of a trade union", May, May, Never, None;
    /// Recognised as hard to place in work.
    RegisteredUnemployedHardToPlace = "registered_unemployed_hard_to_place", Member, "就业困难人员认定", "recognised as hard to place in work", May, May, Never, None;
    /// Diagnosed with cataract.
    Cataract = "cataract", Member, "白内障诊断", "diagnosed with cataract", May, May, Never, None;
    /// Wanders or begs without a livelihood.
    Vagrant = "vagrant", Member, "生活无着的流浪乞讨人员", "wanders or begs without a livelihood", May, May, Never, None;
    /// Lost a close relative by a disaster.
    DisasterDeath = "disaster_death", Member, "因灾遇难人员家属", "lost a close relative by a disaster", May, Never, Never, None;
    /// A case for which legal aid is asked.
    LegalAidCase = "legal_aid_case", Member, "法律援助事项", "a case for legal aid", May, May, Never, None;
    /// A dispute in the family or marriage.
    FamilyDispute = "family_dispute", Member, "婚姻家庭纠纷", "a dispute in the family", May, May, Never, None;
    /// Pays for care.
    NeedsCareExpense = "needs_care_expense", Member, "照料护理支出", "pays for care", May, May, Must, None;
    /// Pays for schooling, net of help.
    SchoolingExpense = "schooling_expense", Member, "就学支出（扣除资助）", "pays for schooling, net of help", May, May, Must, None;
    /// Medical cost that is in no register.
    SelfPaidMedical = "self_paid_medical", Member, "登记之外的自付医疗费用", "medical cost that is in no register", May, May, Must, None;
    /// Repaid by others than the insurance.
    ReimbursedElsewhere = "reimbursed_elsewhere", Member, "其他渠道报销或补助", "reimbursed by others", May, May, Must, None;
    /// Unable to work.
    UnableToWork = "unable_to_work", Member, "丧失劳动能力", "unable to work", May, May, Never, None;
    /// Applies alone, apart from the family.
    AppliesAlone = "applies_alone", Member, "单独提出申请", "applies alone", May, Never, Never, None;

    /// A fire burnt the whole house.
    FireHouseWhollyBurnt = "fire_house_wholly_burnt", Household, "火灾：房屋全部烧毁", "fire: house wholly burnt", May, Never, Never, None;
    /// A fire burnt a part of the house.
    FireHousePartlyBurnt = "fire_house_partly_burnt", Household, "火灾：房屋部分烧毁", "fire: house partly burnt", May, Never, Never, None;
    /// Needs help to live after a fire; number: persons at home at the time.
    FireLivingAtHome = "fire_living_at_home", Household, "火灾：受灾时在家人数", "fire: persons at home at the time", May, Never, Never, number(1, 50);
    /// A natural disaster destroyed the house.
    NaturalDisasterHouseDestroyed = "natural_disaster_house_destroyed", Household, "自然灾害：房屋倒损", "natural disaster: house destroyed", May, Never, Never, None;
    /// Needs help to live after a natural disaster.
    NaturalDisasterLiving = "natural_disaster_living", Household, "自然灾害：生活困难", "natural disaster: hard to live", May, Never, Never, None;
    /// In urgent need; number: the class.
    UrgentNeed = "urgent_need", Household, "急难类别（1至3）", "urgent need (class 1 to 3)", May, May, Never, number(1, 3);
    /// Lives here without being registered here.
    NewResident = "new_resident", Household, "非本地户籍常住", "resident without registration here", Must, May, Never, None;
    /// Recognised as a family of low income.
    LowIncomeRecognised = "low_income_recognised", Household, "低保边缘（低收入）家庭认定", "recognised as a family of low income", May, May, Never, None;
    /// The only home is unsafe.
    OnlyHomeUnsafe = "only_home_unsafe", Household, "唯一住房为危房", "the only home is unsafe", May, May, Never, None;
    /// Rents its home.
    Renting = "renting", Household, "租房居住", "rents its home", May, May, Never, None;
}
