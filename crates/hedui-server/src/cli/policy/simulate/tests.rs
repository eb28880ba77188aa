//! Exact decimals, thresholds as typed, and a report that adds up; CSV and chart of texts that need quoting.
//! Leaves simulations themselves to `hedui-policy` and to the tests of the running server.

use hedui_proto::operations as wire;
use proptest::prelude::*;

use super::figures::{part_of_year, percent_of};
use super::*;
use crate::cli::lang::Lang;
use crate::cli::values::money_of;

fn sum(least: i64, most: Option<i64>) -> Option<wire::SimulationSum> {
    Some(wire::SimulationSum {
        least: Some(money_of(Fen(least))),
        most: most.map(|most| money_of(Fen(most))),
    })
}

/// The village of the pilot, by its published counts and sums: a quarter's are a fourth of what stands here.
fn changfa() -> wire::Simulation {
    let pack = |id: &str| {
        Some(wire::PackRef {
            id: id.to_owned(),
            version: "1".to_owned(),
            has_amount: true,
            ..Default::default()
        })
    };
    let (before, after) = (4 * 9_093_925, 4 * 9_949_285);
    wire::Simulation {
        from: pack("old"),
        to: pack("new<&>"),
        little_a_month: Some(money_of(Fen(100))),
        little_basis_points: 100,
        total: Some(wire::SimulationGroup {
            households: 109,
            gains: 62,
            loses: 30,
            little: 15,
            drops_out: 2,
            before: sum(before, Some(before)),
            after: sum(after, None),
            ..Default::default()
        }),
        towns: vec![wire::SimulationGroup {
            key: "a,\"b\"".to_owned(),
            households: 109,
            ..Default::default()
        }],
        ..Default::default()
    }
}

#[test]
fn the_report_reads_as_the_village_was_told() {
    let surroundings = crate::cli::Surroundings {
        now: jiff::Timestamp::UNIX_EPOCH,
        request_id: [0; 16],
        locale: String::new(),
        no_colour: true,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        stdin_is_terminal: false,
    };
    let context = |lang| Context {
        output: Output::Table,
        lang,
        width: 160,
        surroundings: surroundings.clone(),
    };
    let text = render::report(&changfa(), None, &context(Lang::En));
    assert!(
        text.contains("Of 109 households 30 get less, 62 more, 15 about the same, 2 lose eligibility"),
        "{text}"
    );
    let line = text.lines().find(|line| line.starts_with("a quarter")).unwrap();
    for part in ["90,939.25", ">= 99,492.85", "+9.4 %"] {
        assert!(line.contains(part), "{line}");
    }
    let text = render::report(&changfa(), Some(By::Type), &context(Lang::Zh));
    assert!(
        text.contains("共 109 户：30 户减少，62 户增加，15 户基本持平，2 户失去资格"),
        "{text}"
    );
    assert!(!text.contains("a,\"b\""), "only kinds were asked for");
}

#[test]
fn csv_and_chart_take_any_text() {
    let csv = csv::csv(&changfa(), false);
    assert!(csv.contains("\r\ntown,\"a,\"\"b\"\"\",109,"), "{csv}");
    let svg = chart::svg(&changfa(), Lang::En);
    assert!(svg.contains("new&lt;&amp;&gt;@1") && !svg.contains("new<"), "{svg}");
}

#[test]
fn thresholds_are_read_digit_by_digit() {
    for (text, read) in [
        ("1", Some(100)),
        ("0.5", Some(50)),
        ("0.05", Some(5)),
        ("12.34", Some(1_234)),
    ] {
        assert_eq!(hundredths(text), read, "{text}");
    }
    for text in ["", "-1", ".5", "1.", "1.234", "1e2", "１", "99999999999999999999"] {
        assert_eq!(hundredths(text), None, "{text}");
    }
    assert!(percent("100.01").is_err() && percent("100") == Ok(10_000));
}

proptest! {
    #[test]
    fn parts_of_a_year_are_the_nearest_fen(yearly in -1_000_000_000_000i64..1_000_000_000_000, parts in prop::sample::select(vec![1i64, 4, 12])) {
        let part = part_of_year(yearly, parts);
        let twice = 2 * (part * parts - yearly);
        prop_assert!(-parts <= twice && twice <= parts, "{} {}", part, yearly);
        // At the half, up.
        prop_assert!(twice != -parts);
    }

    #[test]
    fn percentages_are_the_nearest_tenth(before in 1i64..1_000_000_000_000, after in 0i64..1_000_000_000_000) {
        let text = percent_of(before, after).unwrap();
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let tenths: i128 = digits.parse().unwrap();
        let (before, change) = (i128::from(before), i128::from(after) - i128::from(before));
        prop_assert!((2 * (tenths * before - 1_000 * change.abs())).abs() <= before);
        prop_assert_eq!(text.starts_with('-'), change < 0 && tenths > 0);
    }
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let mut names: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let path = folder.path().join("effect.csv");
    write_whole(&path, "before").unwrap();
    write_whole(&path, "after").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "after");
    // A folder stands in its place: nothing half written stays beside it.
    fs::create_dir(folder.path().join("chart.svg")).unwrap();
    assert!(write_whole(&folder.path().join("chart.svg"), "<svg/>").is_err());
    assert_eq!(names(), ["chart.svg", "effect.csv"]);
}
