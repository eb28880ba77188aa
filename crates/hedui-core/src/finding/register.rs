//! Registers that are missing: what a programme must know and no department of the catalogue holds.
//! Leaves departments that are there and silent to the figures.

use smol_str::{SmolStr, format_smolstr};

use super::{Finding, Weight};
use crate::plan::DepartmentProfile;
use crate::record::RecordType;
use crate::verdict::Text;

/// The code of the finding.
pub const NO_REGISTER: &str = "NO_REGISTER";

/// A finding for each type of record that must be known and that nobody holds. Nobody could be asked, so nobody has said that there is
/// nothing: a household may own it, and may be ill, disabled or registered here. No verdict is said until an operator has connected a
/// department or the rule does without.
pub fn unregistered(needs: &[RecordType], departments: &[DepartmentProfile]) -> Vec<Finding> {
    let is_held = |needed: &RecordType| departments.iter().any(|d| d.record_types.contains(needed));
    // In one order, however often and in which order the programmes name them.
    let missing = RecordType::ALL.iter().filter(|t| needs.contains(t) && !is_held(t));
    missing
        .map(|needed| Finding {
            code: SmolStr::new_static(NO_REGISTER),
            weight: Weight::OpensVerdict,
            subject: None,
            departments: Vec::new(),
            message: Text {
                zh: format_smolstr!("目录中没有部门掌握此类信息（{}），无从查询", needed.word()),
                en: format_smolstr!(
                    "no department of the catalogue holds records of this type ({}): nobody could be asked",
                    needed.word()
                ),
            },
            parts: Vec::new(),
        })
        .collect()
}
