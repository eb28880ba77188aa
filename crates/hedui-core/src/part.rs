//! Parts: the records and declarations behind a figure, small enough to be carried through every sum.
//! Leaves what a source says of itself to `source`, where it stands once however many figures rest on it.

pub mod sealed;
#[cfg(test)]
mod tests;

/// A closed vocabulary with a stable code and a text for people: codes are only ever added.
macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $code),+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[$name] = &[$($name::$variant),+];

            /// The code in sealed reports.
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The value of a code.
            pub const fn from_code(code: u8) -> Option<$name> {
                match code { $($code => Some($name::$variant),)+ _ => None }
            }

            /// For people; holds no personal data.
            pub const fn text(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }
    };
}

vocabulary!(
    /// Which side of its source a part shows.
    Aspect {
        /// The record as its label says.
        Whole = 0 "",
        /// The wage that a contribution is reckoned from.
        MonthlyBase = 1 "base a month",
        /// A balance.
        Balance = 2 "balance",
        /// A death in a household registration.
        Deceased = 3 "registered as deceased",
        /// A spouse in a household registration.
        SpouseNamed = 4 "names a spouse",
        /// Property that no register shows.
        BeyondRegisters = 5 "declared beyond the registers",
        /// Casual work.
        CasualWork = 6 "casual work, months",
        /// A wage on the household's word.
        WageDeclared = 7 "declared wage income",
        /// Business income on the household's word.
        BusinessDeclared = 8 "declared business income",
        /// Property income on the household's word.
        PropertyDeclared = 9 "declared property income",
        /// Transfer income on the household's word.
        TransferDeclared = 10 "declared transfer income",
        /// A wage that no register explains.
        WageBeyond = 11 "declared wage income beyond the registers",
        /// Business income that no register explains.
        BusinessBeyond = 12 "declared business income beyond the registers",
        /// Property income that no register explains.
        PropertyBeyond = 13 "declared property income beyond the registers",
        /// Transfer income that no register explains.
        TransferBeyond = 14 "declared transfer income beyond the registers",
        /// A father or mother in a household registration.
        ParentNamed = 15 "names a parent",
    }
);

vocabulary!(
    /// Why a part counts the way it does: the rule that leaves it out, the key that makes it a copy, the doubt that keeps it open.
    Because {
        /// An amount below zero.
        NegativeAmount = 1 "a negative amount is not counted",
        /// A period that does not meet the window.
        OutsideMonths = 2 "outside the months that count",
        /// A period that reaches beyond the window.
        PartlyOutside = 3 "earned partly outside the months that count; not spread over months",
        /// A period that ends before it begins.
        PeriodReversed = 4 "its period ends before it begins",
        /// An end known by its year only.
        MonthUnknown = 5 "the month in which it began or ended is not on record",
        /// Two registers that may mean the same.
        PerhapsSameOrContradicted = 6 "perhaps the same as, or contradicted by, another register's record",
        /// Declared for a longer time than the window.
        DeclaredLonger = 7 "declared for more months than are counted",
        /// Another register of the same job says otherwise.
        OtherRegisterDiffers = 8 "differs from another register of the same job",
        /// A newer balance of the same account is there.
        OlderBalance = 9 "an older balance of the same account",
        /// Another balance may be of the same account.
        BalanceInDoubt = 10 "differs from, or is perhaps the same as, another record",
        /// Land leased out without a rent.
        RentUnknown = 11 "leased out; the rent is not on record",
        /// Government relief (民发〔2021〕57号, article 13).
        ReliefNotIncome = 12 "government relief is not counted as income",
        /// More than a medical bill leaves.
        MoreThanTheBill = 13 "more than the bill leaves to the patient",
        /// A grade of disability that does not exist.
        NoSuchGrade = 14 "no such grade: 1 (most severe) to 4",
        /// A certificate of a later day.
        IssuedLater = 15 "issued after the date",
        /// A salary of another time.
        NotPaidAtDate = 16 "not paid at the date",
        /// Another record of the same member counts.
        MemberCountedOnce = 17 "the member is counted once",
        /// A salary without an end on record.
        PerhapsStillPaid = 18 "the record does not tell whether it is still paid",
        /// A thing without a key may be another one.
        PerhapsSameThing = 19 "perhaps the same as another record",
        /// Registers or dates leave open whether a thing counts.
        LeftOpen = 20 "the registers, or the record itself, leave open whether it counts",
        /// A share of nothing.
        NoShare = 21 "no share in it",
        /// Given up before the date.
        NoLongerOwned = 22 "no longer owned",
        /// Not among the vehicles that rules limit.
        VehicleNotLimited = 23 "this kind of vehicle is not counted",
        /// A vehicle that is gone.
        ScrappedOrTransferred = 24 "scrapped or transferred",
        /// A role without a share.
        OfficerWithoutShare = 25 "an officer without a share",
        /// A business that is closed.
        NoLongerOperating = 26 "no longer in operation",
        /// Matched by an employer's code.
        EmployerCode = 27 "employer's code",
        /// Matched by an employer's name.
        EmployerName = 28 "employer's name",
        /// Matched by payer, period and amount.
        PayerPeriodAmount = 29 "payer, period and amount",
        /// Matched by the number of a contract.
        ContractNumber = 30 "contract number",
        /// Matched by kind, period and amount.
        KindPeriodAmount = 31 "kind, period and amount",
        /// Matched by period and amount.
        PeriodAmount = 32 "period and amount",
        /// Matched by project, day and amount.
        ProjectDayAmount = 33 "project, day and amount",
        /// Matched by day and amounts.
        DayAmounts = 34 "day and amounts",
        /// Matched by an account's number.
        AccountReference = 35 "account reference",
        /// Matched by the number of a unit.
        UnitNumber = 36 "unit number",
        /// Matched by a vehicle's number.
        IdentificationNumber = 37 "identification number",
        /// Matched by a credit code.
        CreditCode = 38 "credit code",
        /// A paper that does not stand at the date.
        NotAtDate = 39 "does not stand at the date",
        /// Declared by the household, of which only some members count.
        OwnerNotStated = 40 "declared by the household; whose it is is not stated",
        /// A registration that is no longer in force.
        NoLongerRegistered = 41 "moved out or struck off",
        /// A registration in another place.
        RegisteredElsewhere = 42 "registered elsewhere",
        /// A registration without a place.
        PlaceUnknown = 43 "the place of registration is not on record",
        /// Real estate that nobody has given up.
        StillOwned = 44 "still owned",
        /// Real estate that another register has as another kind.
        OtherKind = 45 "this register has it as another kind",
    }
);

/// What became of one record in a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// Counted.
    Counted,
    /// The same thing as another record, counted there.
    Duplicate {
        /// Id of the source that is counted.
        of: u32,
        /// The identifying key by which they were matched.
        by: Because,
    },
    /// Not counted by a rule.
    Disregarded {
        /// The rule.
        rule: Because,
    },
    /// Counted on the word of the household: no register shows it.
    Declared,
    /// Known only within bounds.
    Uncertain {
        /// Why.
        why: Because,
    },
}

/// A record, or a declaration, behind a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Id of its source within the verification: see [`crate::source::Source`].
    pub source: u32,
    /// Which side of the source it shows.
    pub aspect: Aspect,
    /// Amount in the figure's unit.
    pub amount: i64,
    /// What became of it.
    pub treatment: Treatment,
}
