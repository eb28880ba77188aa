//! Laws of household files.

use proptest::prelude::*;

use super::*;

const TOML: &str = include_str!("../../../examples/household.toml");
const JSON: &str = include_str!("../../../examples/household.json");

fn found(text: &str) -> Vec<(Option<usize>, String, String)> {
    let mistakes = HouseholdFile::from_toml(text).unwrap_err();
    mistakes.into_iter().map(|m| (m.line, m.field, m.reason)).collect()
}

/// The household of the examples as one of the domain: what the files say is what the rules see.
#[test]
fn the_examples_are_households_that_the_rules_accept() {
    for (file, _) in [
        HouseholdFile::from_toml(TOML).unwrap(),
        HouseholdFile::from_json(JSON).unwrap(),
    ] {
        let as_of = file.as_of.unwrap_or("2026-11-22".parse().unwrap());
        let household = hedui_core::Household::check(file.household.clone(), as_of).unwrap();
        let programmes: Vec<_> = file
            .programmes
            .iter()
            .map(|p| hedui_core::ProgrammeId::new(p).unwrap())
            .collect();
        let scope = hedui_core::authorize(&household, &file.authorizations, &programmes, as_of, as_of, &|_| true);
        assert!(scope.is_ok());
    }
}

#[test]
fn the_readme_shows_the_example_that_is_tested() {
    assert!(include_str!("../../../README.md").contains(TOML));
}

#[test]
fn amounts_are_yuan() {
    let (file, _) = HouseholdFile::from_toml(TOML).unwrap();
    assert_eq!(file.household.declared.financial_assets, Some(hedui_core::Fen(320_050)));
    assert_eq!(file.household.members[1].incomes[0].amount, hedui_core::Fen(600_000));
}

#[test]
fn a_written_file_reads_back_the_same() {
    for (mut file, _) in [
        HouseholdFile::from_toml(TOML).unwrap(),
        HouseholdFile::from_json(JSON).unwrap(),
    ] {
        file.authorizations[0].ended = Some(authorization::Ended {
            on: "2026-11-21".parse().unwrap(),
            event: authorization::EndEvent::AidEnded,
        });
        file.household.circumstances = vec![StatedCircumstance {
            word: Circumstance::UrgentNeed,
            since: None,
            until: Some("2026-12-31".parse().unwrap()),
            amount: None,
            number: Some(2),
            document: "社区证明".to_owned(),
        }];
        file.household.members[0].circumstances = vec![StatedCircumstance {
            word: Circumstance::SchoolingExpense,
            since: None,
            until: None,
            amount: Some(hedui_core::Fen(120_050)),
            number: None,
            document: "收据".to_owned(),
        }];
        file.household.supporters = vec![Supporter {
            relation: hedui_core::household::Relation::Child,
            persons: 3,
            monthly_income: hedui_core::Fen(500_050),
            unable: true,
            document: "收入证明".to_owned(),
        }];
        let (again, _) = HouseholdFile::from_toml(&file.to_toml().unwrap()).unwrap();
        assert_eq!(again, file);
    }
}

#[test]
fn all_mistakes_come_at_once_with_line_and_field() {
    let text = r#"district = 511703
programme = ["dibao"]

[household]
residence = "suburban"
declared = { dwellings = -1, financial_assets = 3200 }

[[household.members]]
id_number = "201703198403120037"
nmae = "测试甲"
relation = "applicant"
incomes = [{ kind = "wage", amount = "1.005", from = "2026-13", until = "2026-09" }]
circumstances = [{ word = "in_jail", since = "2026-13-01", amount = 3 }]

[[authorization]]
authorization_id = "1"
signer_id_number = "201703198403120037"
programmes = ["dibao", 3]
signed_on = "tomorrow"
signature = { kind = "paper", scan_sha256 = "aa" }
"#;
    let expected = [
        (1, "district_code", "WRONG_VALUE"),
        (2, "programme", "UNKNOWN_KEY"),
        (5, "household.residence", "WRONG_VALUE"),
        (6, "household.declared.financial_assets", "WRONG_VALUE"),
        (6, "household.declared.dwellings", "WRONG_VALUE"),
        (8, "household.members[0].name", "MISSING"),
        (10, "household.members[0].nmae", "UNKNOWN_KEY"),
        (12, "household.members[0].incomes[0].amount", "WRONG_VALUE"),
        (12, "household.members[0].incomes[0].from", "WRONG_VALUE"),
        (13, "household.members[0].circumstances[0].word", "WRONG_VALUE"),
        (13, "household.members[0].circumstances[0].since", "WRONG_VALUE"),
        (13, "household.members[0].circumstances[0].amount", "WRONG_VALUE"),
        (13, "household.members[0].circumstances[0].document", "MISSING"),
        (18, "authorizations[0].programmes[1]", "WRONG_VALUE"),
        (19, "authorizations[0].signed_on", "WRONG_VALUE"),
        (20, "authorizations[0].signature.witnessed_by", "MISSING"),
    ];
    let mut found = found(text);
    let mut expected: Vec<_> = expected
        .map(|(line, field, reason)| (Some(line), field.to_owned(), reason.to_owned()))
        .to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn syntax_errors_come_with_their_lines() {
    let mistakes = found("district = \"511703\"\nprogrammes = [\"dibao\"\n[household\n");
    assert!(!mistakes.is_empty());
    assert!(
        mistakes
            .iter()
            .all(|(line, _, reason)| line.is_some() && reason == "TOML_SYNTAX")
    );
    let mistakes = HouseholdFile::from_json("{\n\"district\": }").unwrap_err();
    assert_eq!(
        (mistakes[0].line, mistakes[0].reason.as_str()),
        (Some(2), "JSON_SYNTAX")
    );
}

#[test]
fn a_field_that_the_server_names_is_found_in_the_file() {
    let (_, lines) = HouseholdFile::from_toml(TOML).unwrap();
    let line = |text: &str| TOML.lines().position(|l| l.contains(text)).map(|index| index + 1);
    assert_eq!(
        lines.of("household.members[1].casual_work_months"),
        line("casual_work_months")
    );
    assert_eq!(lines.of("authorizations[0].signature"), line("a1a1"));
    // A field that is not there: the table around it.
    assert_eq!(
        lines.of("authorizations[1].ended"),
        TOML.lines()
            .enumerate()
            .filter(|(_, l)| *l == "[[authorization]]")
            .nth(1)
            .map(|(index, _)| index + 1)
    );
    assert_eq!(lines.of("nowhere"), None);
}

#[test]
fn files_are_named_by_their_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("household.yaml");
    std::fs::write(&path, "x").unwrap();
    let error = HouseholdFile::load(&path).unwrap_err();
    assert_eq!(error.exit(), crate::cli::Exit::BadInput);
    assert!(error.text(crate::cli::Lang::En).contains("FILE_FORMAT"));
}

#[test]
fn a_file_in_another_encoding_says_how_to_convert_it_and_one_too_large_says_so_whatever_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("household.toml");
    let told = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        let error = HouseholdFile::load(&path).unwrap_err();
        assert_eq!(error.exit(), crate::cli::Exit::BadInput);
        error.text(crate::cli::Lang::En)
    };
    // `# 测试` in GB18030.
    let text = told(b"# \xB2\xE2\xCA\xD4\n");
    assert!(text.contains("NOT_UTF8") && text.contains("iconv"), "{text}");
    // The limit falls within a character.
    let text = told(
        "测"
            .repeat(usize::try_from(MAX_FILE_BYTES).unwrap() / 3 + 10)
            .as_bytes(),
    );
    assert!(text.contains("TOO_LARGE"), "{text}");
}

#[test]
fn a_file_beyond_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("household.toml");
    std::fs::write(&path, "#".repeat(usize::try_from(MAX_FILE_BYTES).unwrap() + 10)).unwrap();
    assert!(
        HouseholdFile::load(&path)
            .unwrap_err()
            .text(crate::cli::Lang::En)
            .contains("TOO_LARGE")
    );
}

proptest! {
    /// Whatever value stands at whatever place, no message repeats it: it may be somebody's number or name.
    #[test]
    fn no_mistake_repeats_a_value(place in 0_usize..12, form in 0_usize..3) {
        let secret = "201703198403120037";
        let lines: Vec<usize> = TOML
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(" = ") && !line.starts_with('#'))
            .map(|(index, _)| index)
            .collect();
        let chosen = lines[place % lines.len()];
        let value = [format!("\"{secret}\""), secret.to_owned(), format!("[\"{secret}\"]")][form].clone();
        let text: String = TOML
            .lines()
            .enumerate()
            .map(|(index, line)| match line.split_once(" = ") {
                Some((key, _)) if index == chosen => format!("{key} = {value}\n"),
                _ => format!("{line}\n"),
            })
            .collect();
        if let Err(mistakes) = HouseholdFile::from_toml(&text) {
            for mistake in mistakes {
                let shown = format!("{mistake:?}");
                prop_assert!(!shown.contains(secret), "repeated");
            }
        }
    }

    #[test]
    fn any_text_gives_a_file_or_mistakes(text in any::<String>()) {
        for read in [HouseholdFile::from_toml(&text), HouseholdFile::from_json(&text)] {
            if let Err(mistakes) = read {
                prop_assert!(!mistakes.is_empty());
            }
        }
    }
}

#[test]
fn a_key_that_stands_twice_is_refused_in_both_formats() {
    let first = |mistakes: Vec<Mistake>| {
        mistakes
            .into_iter()
            .next()
            .map(|m| (m.line, m.reason, m.message))
            .unwrap()
    };
    let toml = TOML.replacen("district = ", "district = \"150102\"\ndistrict = ", 1);
    let (_, reason, message) = first(HouseholdFile::from_toml(&toml).unwrap_err());
    assert_eq!((reason.as_str(), message.as_str()), ("TOML_SYNTAX", "duplicate key"));
    // At the top and in a table within lists; the number of a person is not quoted.
    for (text, line, column) in [
        ("{\"district\": \"511703\",\n \"district\": \"150102\"}", 2, 11),
        (
            "{\"a\": [\n{\"x\": 1,\n  \"201703198403120034\": 1, \"201703198403120034\": 2}]}",
            3,
            47,
        ),
    ] {
        let (at, reason, message) = first(HouseholdFile::from_json(text).unwrap_err());
        assert_eq!((at, reason.as_str()), (Some(line), "JSON_SYNTAX"));
        assert_eq!(message, format!("duplicate key at column {column}"));
    }
}
