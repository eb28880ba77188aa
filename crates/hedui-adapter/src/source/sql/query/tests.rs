//! The scanner against queries made of known parts: what is a parameter is bound, what only looks like one stays as it is.

use proptest::prelude::*;

use super::*;

/// A part of a query: its text, what is left of it, and the parameter that it is.
type Part = (&'static str, Option<&'static str>, Option<Parameter>);

fn part(dialect: Dialect) -> impl Strategy<Value = Part> {
    let mut parts: Vec<Part> = vec![
        ("SELECT", None, None),
        ("'it''s :id_number'", None, None),
        ("'--'", None, None),
        ("'/*'", None, None),
        ("\"a \"\" :name\"", None, None),
        ("-- what's :this; ?\n", Some(" \n"), None),
        ("/* it's :that; $1 ? */", Some(" "), None),
        ("表.列", None, None),
        ("a::text", None, None),
        ("1 : 2", None, None),
        (":id_number", None, Some(Parameter::IdNumber)),
        (":lower_id_number", None, Some(Parameter::LowerIdNumber)),
        (":legacy_id_number", None, Some(Parameter::LegacyIdNumber)),
        (":name", None, Some(Parameter::Name)),
    ];
    parts.extend_from_slice(match dialect {
        Dialect::Sqlite => &[("[a ' :name]", None, None), ("`a '`", None, None), ("'\\'", None, None)],
        Dialect::Postgres => &[
            ("E'\\' :name'", None, None),
            ("'\\'", None, None),
            ("some'\\'", None, None),
            ("$$ ' :name $$", None, None),
            ("$t$ $$ ' :name $t$", None, None),
            ("a$b", None, None),
            ("a ? b", None, None),
            ("/* /* ' */ :name */", Some(" "), None),
        ],
        Dialect::Mysql => &[
            ("`a ' :name`", None, None),
            ("'\\' :name'", None, None),
            ("\"\\\" :name\"", None, None),
            ("# it's :name ?\n", Some(" \n"), None),
            ("@n := 1", None, None),
            ("1--1", None, None),
        ],
        Dialect::Odbc => &[("[a ' :name]", None, None), ("`a '`", None, None), ("'\\'", None, None)],
    });
    proptest::sample::select(parts)
}

fn dialect() -> impl Strategy<Value = Dialect> {
    proptest::sample::select(vec![Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql, Dialect::Odbc])
}

proptest! {
    #[test]
    fn parameters_are_bound_and_nothing_else_is_touched(
        (dialect, parts) in dialect().prop_flat_map(|d| (Just(d), prop::collection::vec(part(d), 1..12))),
        end in prop::sample::select(vec!["", ";", " ; ", "; -- end"]),
    ) {
        let text = parts.iter().map(|part| part.0).chain([":id_number"]).collect::<Vec<_>>().join(" ");
        let (mut expected, mut keys) = (Vec::new(), Vec::new());
        for (text, left, key) in parts.into_iter().chain([("", None, Some(Parameter::IdNumber))]) {
            let Some(key) = key else {
                expected.push(left.unwrap_or(text).to_owned());
                continue;
            };
            let known = keys.iter().position(|k| *k == key).filter(|_| !matches!(dialect, Dialect::Mysql | Dialect::Odbc));
            let index = known.unwrap_or(keys.len());
            if known.is_none() {
                keys.push(key);
            }
            expected.push(match dialect {
                Dialect::Mysql | Dialect::Odbc => "?".to_owned(),
                Dialect::Sqlite => format!("?{}", index + 1),
                Dialect::Postgres => format!("${}", index + 1),
            });
        }
        let bound = bind(&format!("{text}{end}"), dialect).unwrap();
        prop_assert_eq!(bound.text.trim_end(), expected.join(" "));
        prop_assert_eq!(bound.parameters, keys);
    }

    #[test]
    fn any_text_is_bound_or_refused(text in ".{0,60}", dialect in dialect()) {
        if let Ok(bound) = bind(&format!("{text} :id_number"), dialect) {
            prop_assert!(bound.parameters.contains(&Parameter::IdNumber));
        }
    }
}

#[test]
fn what_cannot_be_bound_is_refused_with_its_place() {
    use Dialect::{Mysql, Odbc, Postgres, Sqlite};
    for (dialect, text, at) in [
        (Odbc, "SELECT ?, :id_number", "line 1, column 8"),
        (Sqlite, "SELECT 'a", "line 1, column 8"),
        (Sqlite, "SELECT ? , :id_number", "line 1, column 8"),
        (Sqlite, "SELECT $a, :id_number", "line 1, column 8"),
        (Sqlite, "SELECT [a, :id_number", "line 1, column 8"),
        (Postgres, "SELECT 1\nWHERE a = :id", "line 2, column 11"),
        (Postgres, "SELECT $1, :id_number", "line 1, column 8"),
        (Postgres, "SELECT $a$ :id_number", "line 1, column 8"),
        (Postgres, "SELECT 汉 /* /* */ :id_number", "line 1, column 10"),
        (Postgres, "SELECT :id_number; DELETE FROM a", "line 1, column 20"),
        (Mysql, "SELECT /*! 1 */ :id_number", "line 1, column 8"),
        (Mysql, "SELECT ?, :id_number", "line 1, column 8"),
        (Mysql, "SELECT '\\', :id_number", "line 1, column 8"),
        (Mysql, "SELECT a FROM b WHERE n = :name", "must search by"),
        (Mysql, "SELECT ':id_number' -- :id_number", "must search by"),
    ] {
        let mistake = bind(text, dialect).unwrap_err();
        assert!(mistake.starts_with(at), "{text}: {mistake}");
    }
}

#[test]
fn each_form_of_a_number_is_bound_where_it_has_one() {
    let bound = bind(
        "SELECT * FROM t WHERE n IN (:id_number, :lower_id_number, :legacy_id_number)",
        Dialect::Sqlite,
    )
    .unwrap();
    let values = |id: &str| {
        let today = hedui_ids::Date::new(2026, 11, 23).unwrap();
        let id = hedui_ids::ResidentId::parse(id, today).unwrap().id;
        bound.values(&hedui_core::Subject {
            ordinal: 0,
            id,
            name: String::new(),
        })
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        values("11010519491231002X"),
        [
            some("11010519491231002X"),
            some("11010519491231002x"),
            some("110105491231002")
        ]
    );
    assert_eq!(values("511703199108265019")[1], None);
}
