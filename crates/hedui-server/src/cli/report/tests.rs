//! Laws of the report, and its golden forms.

use hedui_proto::verification::{AnswerState, Outcome, SubjectResult, Truth, UnreachableCause, Verdict};

use super::*;

mod sample;

use sample::verification;

/// Columns of a line: Chinese characters and full-width marks take two.
fn columns(line: &str) -> usize {
    let wide = |c: char| matches!(u32::from(c), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6);
    line.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

fn every_answer(lang: Lang) -> Vec<(AnswerState, String)> {
    let mut all = Vec::new();
    for number in 0..=9 {
        let state = AnswerState::try_from(number).unwrap();
        let causes = if state == AnswerState::Unreachable {
            0..=5
        } else {
            0..=0
        };
        for cause in causes {
            let cause = UnreachableCause::try_from(cause).unwrap();
            let result = SubjectResult {
                state: state.into(),
                cause: cause.into(),
                records: 2,
                ..Default::default()
            };
            all.push((state, words::answer(&result, lang)));
        }
    }
    all
}

#[test]
fn the_report_in_english() {
    insta::assert_snapshot!("english", render(&verification(), Lang::En, 100));
}

#[test]
fn the_report_in_chinese() {
    insta::assert_snapshot!("chinese", render(&verification(), Lang::Zh, 100));
}

#[test]
fn a_verdict_explained() {
    insta::assert_snapshot!("explained", explain(&verification(), None, Lang::En, 100));
    let none = explain(&verification(), Some("no-such-programme"), Lang::En, 100);
    assert!(!none.contains("Explained"), "{none}");
}

#[test]
fn a_draft_speaks_to_the_applicant_wherever_they_stand_in_the_list() {
    let mut verification = exceeding();
    let report = verification.report.as_mut().unwrap();
    report.members.rotate_left(1);
    for (member, ordinal) in report.members.iter_mut().zip(0..) {
        member.ordinal = ordinal;
    }
    let text = draft(&verification, None, Lang::En, 100).unwrap();
    assert!(text.contains("To 测试甲 (") && !text.contains("To 测试乙"), "{text}");
}

#[test]
fn only_a_rule_without_a_reference_cannot_carry_a_refusal() {
    let drafted = |reference: &str, assumption: bool| {
        let mut verification = exceeding();
        for test in verification.verdicts.iter_mut().flat_map(|verdict| &mut verdict.tests) {
            test.reference = reference.to_owned();
            test.assumption = assumption;
        }
        let text = draft(&verification, None, Lang::En, 200).unwrap();
        let has = |what: &str| text.contains(what);
        (
            has("cannot carry a refusal"),
            has("basis: article 9"),
            has("assumes something"),
        )
    };
    assert_eq!(drafted("article 9", false), (false, true, false));
    assert_eq!(drafted("article 9", true), (false, true, true));
    assert_eq!(drafted("", true), (true, false, false));
    assert_eq!(drafted("", false), (true, false, false));
}

/// The sample, with every limit exceeded.
fn exceeding() -> Verification {
    let mut verification = verification();
    for verdict in &mut verification.verdicts {
        verdict.outcome = Outcome::Exceeds.into();
        for test in &mut verdict.tests {
            test.result = Truth::Fails.into();
        }
    }
    verification
}

#[test]
fn reasons_are_drafted_for_what_is_exceeded_and_for_nothing_else() {
    let mut verification = exceeding();
    insta::assert_snapshot!("draft", draft(&verification, None, Lang::Zh, 100).unwrap());
    for open in [Outcome::Qualifies, Outcome::Inconclusive, Outcome::Unspecified] {
        for verdict in &mut verification.verdicts {
            verdict.outcome = open.into();
        }
        assert_eq!(draft(&verification, None, Lang::Zh, 100), None);
    }
}

#[test]
fn the_report_as_json() {
    let json = serde_json::to_string_pretty(&crate::cli::json::verification(&verification())).unwrap();
    insta::assert_snapshot!("json", json);
}

#[test]
fn no_line_is_wider_than_the_page() {
    for lang in [Lang::Zh, Lang::En] {
        for width in [80, 100, 160] {
            for line in render(&verification(), lang, width).lines() {
                assert!(columns(line) <= width, "{} of {width} columns: {line}", columns(line));
            }
        }
    }
}

#[test]
fn a_department_without_a_letter_was_not_asked() {
    let counted = |states: &[AnswerState]| {
        let mut verification = verification();
        let department = &verification.report.as_ref().unwrap().departments[0];
        let departments = states.iter().map(|state| {
            let mut department = department.clone();
            for subject in &mut department.subjects {
                subject.state = (*state).into();
            }
            department
        });
        verification.report.as_mut().unwrap().departments = departments.collect();
        let text = render(&verification, Lang::En, 200);
        let line = text.lines().find(|line| line.contains("departments were asked"));
        line.unwrap().split(" gave").next().unwrap().to_owned()
    };
    use AnswerState as A;
    assert_eq!(
        counted(&[A::Found, A::Unreachable, A::NotAuthorized, A::NotAsked, A::Pending]),
        "3 departments were asked, 1"
    );
}

#[test]
fn no_two_answers_look_alike() {
    for lang in [Lang::Zh, Lang::En] {
        let all = every_answer(lang);
        for (index, (_, one)) in all.iter().enumerate() {
            assert!(all.iter().skip(index + 1).all(|(_, other)| other != one), "{one}");
        }
    }
}

#[test]
fn only_a_silent_department_carries_the_mark_of_silence() {
    for lang in [Lang::Zh, Lang::En] {
        for (state, text) in every_answer(lang) {
            assert_eq!(text.starts_with("!! "), state == AnswerState::Unreachable, "{text}");
            assert_eq!(text.starts_with("= "), state == AnswerState::NoRecord, "{text}");
        }
    }
}

#[test]
fn nothing_is_ever_granted_or_refused() {
    for lang in [Lang::Zh, Lang::En] {
        let text = render(&verification(), lang, 100).to_lowercase();
        for word in [
            "refus", "reject", "denied", "granted", "approved", "拒绝", "驳回", "不予", "批准",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }
}

#[test]
fn the_verdict_comes_before_everything_else_and_names_what_is_open() {
    for (lang, housing, finding) in [
        (Lang::En, "District Housing Management Bureau", "names a spouse"),
        (Lang::Zh, "达川区房产管理局", "有配偶未列入"),
    ] {
        let text = render(&verification(), lang, 160);
        let verdict = text.split("\n== ").nth(1).unwrap();
        assert!(verdict.contains(housing) && verdict.contains(finding), "{verdict}");
    }
}

#[test]
fn a_record_that_is_not_counted_says_why() {
    let text = render(&verification(), Lang::En, 300);
    for because in [
        "same as District Local Taxation Bureau T-88 (payer_credit_code)",
        "by the rule: one-off-bonus",
        "account number incomplete",
    ] {
        assert!(text.contains(because), "{because}");
    }
}

#[test]
fn a_verification_without_report_says_where_it_stands() {
    for (state, zh, en) in [
        (VerificationState::Running, "进行中", "Still running: 3 of 27"),
        (VerificationState::Cancelled, "已取消", "Cancelled"),
        (
            VerificationState::Failed,
            "EVIDENCE_UNAVAILABLE",
            "EVIDENCE_UNAVAILABLE",
        ),
    ] {
        let verification = Verification {
            state: state.into(),
            departments_asked: 27,
            departments_answered: 3,
            failure_reason: "EVIDENCE_UNAVAILABLE".to_owned(),
            ..Default::default()
        };
        assert!(render(&verification, Lang::Zh, 100).contains(zh));
        assert!(render(&verification, Lang::En, 100).contains(en));
    }
}

#[test]
fn an_early_verdict_says_that_not_all_were_waited_for() {
    let mut verification = verification();
    verification
        .verdicts
        .retain(|verdict: &Verdict| verdict.programme == "seniors");
    verification.report.as_mut().unwrap().complete = false;
    let text = render(&verification, Lang::En, 200);
    assert!(text.contains("whatever the departments without an answer would say"));
    assert!(text.contains("were not waited for"));
}

#[test]
fn colour_adds_nothing_to_the_text() {
    let text = render(&verification(), Lang::En, 100);
    let painted = paint(&text);
    let mut plain = painted.clone();
    for code in ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"] {
        plain = plain.replace(code, "");
    }
    assert_ne!(painted, text);
    assert_eq!(plain, text);
}

#[test]
fn a_department_cannot_steer_the_terminal() {
    let mut verification = verification();
    verification.report.as_mut().unwrap().departments[0].subjects[0].failure_message = "\u{1b}[2Jgone\r".to_owned();
    let text = crate::cli::printable(&render(&verification, Lang::En, 100));
    assert!(text.contains("gone") && !text.contains('\u{1b}') && !text.contains('\r'));
}
