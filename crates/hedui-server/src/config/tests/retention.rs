//! Laws of the periods: what the law forbids is refused and says why, and nothing contradicts itself.
//! Leaves types and bounds to `mistakes`.

use hedui_broker::RetentionPeriods;

use super::{from_file, load, mistakes};

#[test]
fn fewer_years_than_the_law_allows_are_refused_with_the_law() {
    for years in 0..RetentionPeriods::LEAST_YEARS {
        let text = format!("[retention]\nkeep_years = {years}\nfreeze_after_days = 1\n");
        let errors = load(&text, &[], &[]).unwrap_err();
        assert!(errors.to_string().contains("article 56"), "{errors}");
        let refused = mistakes(load(&text, &[], &[]));
        assert!(
            refused.contains(&"2:14 KEEP_TOO_SHORT retention.keep_years".to_owned()),
            "{refused:?}"
        );
    }
    let least = from_file("[retention]\nkeep_years = 3\n").retention;
    assert_eq!(least.keep_years, RetentionPeriods::LEAST_YEARS);
}

#[test]
fn a_case_is_frozen_before_it_is_due_or_never() {
    let text = "[retention]\nkeep_years = 3\nfreeze_after_days = 1096\n";
    let refused = mistakes(load(text, &[], &[]));
    assert_eq!(refused, ["3:21 FREEZE_TOO_LATE retention.freeze_after_days"]);
    assert_eq!(
        from_file("[retention]\nfreeze_after_days = 90\n")
            .retention
            .freeze_after_days,
        90
    );
}
