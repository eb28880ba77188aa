//! What is said of a department's health.

use hedui_adapter::manifest::BreakerLimits;
use hedui_adapter::{Ask, Port, ReplyTo, Settled};
use hedui_core::plan::DepartmentProfile;

use super::*;

struct Silent(DepartmentId);

impl Port for Silent {
    fn id(&self) -> &DepartmentId {
        &self.0
    }

    fn ask(&self, _: Ask, _: ReplyTo) {}
}

fn department_named(name: &str) -> Registered {
    let id = DepartmentId::new(name).unwrap();
    let profile = DepartmentProfile {
        id: id.clone(),
        name: hedui_core::verdict::Text {
            zh: name.into(),
            en: name.into(),
        },
        record_types: Vec::new(),
        deadline_ms: 1_000,
        freshness_ms: 0,
        threshold_only: false,
        signing_keys: Vec::new(),
    };
    Registered::new(profile, Arc::new(Silent(id)), BreakerLimits::default())
}

fn asked(department: &Registered, settled: Settled) {
    let permit = department.admit(1, 1).unwrap();
    department.settled(permit, settled, 2);
}

#[test]
fn passed_self_tests_count_until_a_question_fails() {
    use pb::DepartmentHealth as H;
    let department = department_named("housing");
    let stands = || health(&department.fared(), false);
    assert_eq!(stands(), H::Unknown);
    department.checked(true);
    assert_eq!(stands(), H::Answering, "the last self-test was answered");
    asked(&department, Settled::Failed);
    assert_eq!(stands(), H::Failing);
    department.checked(true);
    assert_eq!(stands(), H::Answering, "it is back");
    assert_eq!(health(&department.fared(), true), H::Paused);
    department.checked(false);
    assert_eq!(stands(), H::Failing);
    department.checked(true);
    asked(&department, Settled::Answered);
    assert_eq!(stands(), H::Answering);
    asked(&department, Settled::Failed);
    assert_eq!(stands(), H::Failing, "what failed since the self-tests counts again");
}

#[test]
fn passed_self_tests_do_not_say_that_it_is_asked_again() {
    let department = department_named("housing");
    while !matches!(department.fared().breaker, BreakerState::Open { .. }) {
        asked(&department, Settled::Failed);
    }
    department.checked(true);
    assert_eq!(health(&department.fared(), false), pb::DepartmentHealth::BreakerOpen);
}
