//! Writing and reading are inverse, for every department of the catalogue and for every form of value.

use hedui_core::{AnswerState, Date, Unreachable};
use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use crate::catalogue::Catalogue;
use crate::manifest::{Manifest, Variables};
use crate::testing::{partial_date, person, record_of, subject};

pub(crate) fn catalogue() -> Vec<Manifest> {
    let parse = |text: &str| {
        let value = |name: String| (name.clone(), format!("http://127.0.0.1/{name}"));
        let variables: Variables = Manifest::variables(text).into_iter().map(value).collect();
        Manifest::parse(text, &variables).unwrap()
    };
    Catalogue::bundled_folders()
        .iter()
        .map(|folder| parse(&folder.manifest))
        .collect()
}

fn mapped_records() -> impl Strategy<Value = (Manifest, hedui_core::Record)> {
    let sections: Vec<(Manifest, RecordType)> = catalogue()
        .into_iter()
        .flat_map(|m| {
            let types: Vec<_> = m
                .mapping
                .iter()
                .flat_map(|mapping| &mapping.records)
                .map(|r| r.record_type)
                .collect();
            types.into_iter().map(move |t| (m.clone(), t))
        })
        .collect();
    proptest::sample::select(sections).prop_flat_map(|(m, t)| (Just(m), record_of(t)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, max_global_rejects: 20_000, ..ProptestConfig::default() })]
    #[test]
    fn a_record_that_fits_a_source_survives_it((manifest, record) in mapped_records()) {
        let mapping = manifest.mapping.unwrap();
        let (id, name) = (person(901), "测试甲");
        let fitted = mapping.fit(&record, &id, name);
        // A record that lacks what the source needs, say a code that it does not have, does not fit at all.
        prop_assume!(fitted.is_some());
        let fitted = fitted.unwrap();
        let row = mapping.to_row(&fitted, &id, name).unwrap();
        let subject = hedui_core::Subject { ordinal: 0, id, name: name.to_owned() };
        let answer = mapping.read(&[row], &subject, &[fitted.body.record_type()]);
        prop_assert_eq!(answer.state, AnswerState::Found { records: vec![fitted.clone()] });
        prop_assert_eq!(mapping.fit(&fitted, &id, name), Some(fitted.clone()), "fitting again changes nothing");
        match mapping.to_row(&record, &id, name) {
            Ok(_) => prop_assert_eq!(record, fitted),
            Err(lost) => prop_assert!(record != fitted && !lost.fields.is_empty()),
        }
    }

    #[test]
    fn amounts_survive_every_unit_and_are_never_rounded(fen in any::<i64>(), unit in 0usize..3) {
        let codec = Codec { unit: [Unit::Natural, Unit::Fen, Unit::WanYuan][unit], ..Codec::default() };
        let text = codec.write(FieldKind::Money, &Json::from(fen));
        prop_assert_eq!(codec.read(FieldKind::Money, &text), Ok(Json::from(fen)));
        let finer = if text.contains('.') { format!("{text}1") } else { format!("{text}.0000001") };
        let digits = finer.split_once('.').unwrap().1.len();
        let allowed = [2, 0, 6][unit];
        prop_assert_eq!(codec.read(FieldKind::Money, &finer).is_err(), digits > allowed);
    }

    #[test]
    fn dates_survive_every_format_that_is_fine_enough(date in partial_date(), format in 0usize..7) {
        let (word, format) = DateFormat::ALL[format];
        let text = format.write(date);
        let cut = match word {
            "yyyy" => hedui_core::PartialDate::new(date.year(), 0, 0),
            "yyyymm" | "yyyy-mm" => hedui_core::PartialDate::new(date.year(), date.month(), 0),
            _ => Some(date),
        };
        match format.read(&text) {
            Ok(read) => prop_assert_eq!(Some(read), cut),
            Err(_) => prop_assert!(word == "yyyymm" && date.month() == 0),
        }
    }

    #[test]
    fn areas_in_mu_and_square_metres_agree_to_half_a_hundredth(metres in 1i64..100_000_000) {
        let mu = Codec { unit: Unit::SquareMetres, ..Codec::default() };
        let text = format!("{}.{:02}", metres / 100, metres % 100);
        let centimu = mu.read(FieldKind::Mu, &text).unwrap().as_i64().unwrap_or(0);
        // |3/2000 m - mu| <= 1/2, in hundredths.
        prop_assert!((3 * metres - 2_000 * centimu).abs() <= 1_000);
    }
}

#[test]
fn texts_that_are_no_date_are_refused() {
    let read = |word: &str, text: &str| DateFormat::from_word(word).unwrap().read(text);
    for (word, text) in [
        ("yyyymmdd", "2019-05-03"),
        ("yyyymmdd", "201905"),
        ("yyyymmdd", "20190230"),
        ("yyyymmdd", "2019130a"),
        ("yyyymmdd", "二〇一九年五"),
        ("yyyy-mm-dd", "03-05-2019"),
        ("yyyy-mm-dd", "2019-00-00"),
        ("yyyy-mm-dd", "19-05-03"),
        ("yyyy-mm", "2019-05-03"),
        ("yyyymm", "201900"),
        ("yyyymm", "201913"),
        ("yyyy", "19"),
        ("yyyy年mm月dd日", "2019-05-03"),
        ("yyyy年mm月dd日", "2019年5月3"),
    ] {
        assert!(read(word, text).is_err(), "{word} {text}");
    }
    let day = Date::new(2019, 5, 3).unwrap().into();
    for (word, text) in [
        ("yyyymmdd", "20190503"),
        ("yyyy-mm-dd", "2019-5-3"),
        ("yyyy-mm-dd", "2019-05-03 00:00:00"),
        ("yyyy-mm-dd", "2019-05-03T08:00:00"),
        ("yyyy/mm/dd", "2019/5/3"),
        ("yyyy年mm月dd日", "2019年05月03日"),
    ] {
        assert_eq!(read(word, text), Ok(day), "{word} {text}");
    }
}

fn land_mapping() -> Mapping {
    let manifests = catalogue();
    manifests
        .into_iter()
        .find(|m| m.id.as_str() == "traffic-police")
        .unwrap()
        .mapping
        .unwrap()
}

fn row(pairs: &[(&str, &str)]) -> Row {
    let mut row = Row::new();
    let id = subject(0).id;
    for (column, text) in [
        ("xh", "1"),
        ("sfzmhm", id.expose()),
        ("syr", subject(0).name.as_str()),
        ("cllx", "K3"),
        ("syxz", "A"),
        ("zt", "A"),
    ] {
        row.set(column, text);
    }
    for (column, text) in pairs {
        row.set(column, *text);
    }
    row
}

#[test]
fn what_cannot_be_read_is_said_and_never_no_record() {
    let mapping = land_mapping();
    let read = |rows: &[Row]| mapping.read(rows, &subject(0), &[]);
    let found = |answer: &hedui_core::SubjectAnswer| matches!(&answer.state, AnswerState::Found { records } if records.len() == 1);
    let plain = read(&[row(&[])]);
    assert!(found(&plain) && plain.notes.is_empty());
    for optional in [("ccdjrq", "20190230"), ("pgjz", "8万"), ("pgjz", "1.0000001")] {
        let answer = read(&[row(&[optional])]);
        assert!(found(&answer) && answer.notes.len() == 1, "{optional:?}");
        assert!(
            !answer.notes[0].contains(optional.1),
            "the value itself is not repeated"
        );
    }
    for required in [("syxz", "?"), ("syxz", ""), ("zt", "Z")] {
        let answer = read(&[row(&[]), row(&[required])]);
        assert_eq!(
            answer.state,
            AnswerState::Unreachable {
                cause: Unreachable::Failed
            },
            "{required:?}"
        );
        assert_eq!(answer.failure.unwrap().reason, "ROW_UNREADABLE");
    }
    let damaged = Row::of([("sfzmhm".into(), Cell::Unreadable)]);
    assert!(matches!(read(&[damaged]).state, AnswerState::Unreachable { .. }));
}

#[test]
fn rows_of_others_are_left_out_and_other_names_are_mismatches() {
    let mapping = land_mapping();
    let read = |rows: &[Row]| mapping.read(rows, &subject(0), &[]);
    let other = person(999);
    let stranger = read(&[row(&[]), row(&[("sfzmhm", other.expose())])]);
    assert!(matches!(stranger.state, AnswerState::Found { ref records } if records.len() == 1));
    assert_eq!(stranger.notes.len(), 1);
    let reason = |answer: &hedui_core::SubjectAnswer| answer.failure.as_ref().map(|f| f.reason.to_string());
    let unread = Some("ROW_UNREADABLE".to_owned());
    let only = read(&[row(&[("sfzmhm", other.expose())])]);
    assert_eq!(reason(&only), unread, "asked about one and answered about another");
    assert_eq!(read(&[row(&[("syr", "别人")])]).state, AnswerState::IdentityMismatch);
    let both = read(&[row(&[]), row(&[("syr", "别人")])]);
    assert_eq!(
        both.state,
        AnswerState::IdentityMismatch,
        "whose the second is nobody knows"
    );
    let own = subject(0).id.expose().to_owned();
    for doubtful in [
        format!("{}********{}", &own[..6], &own[14..]),
        format!("{own},{}", other.expose()),
        format!("身份证:{own}"),
        format!("{own}.0"),
        "5.11703199108265E+17".to_owned(),
        format!("{}{}", &own[..17], if own.ends_with('1') { '2' } else { '1' }),
    ] {
        let answer = read(&[row(&[]), row(&[("sfzmhm", &doubtful)])]);
        assert_eq!(reason(&answer), unread, "{doubtful}");
    }
    let legacy = subject(0).id.legacy_15().unwrap();
    for form in [
        legacy.expose().to_owned(),
        format!(" '{}", subject(0).id.expose().to_lowercase()),
        format!("{}-{}-{}\u{FEFF}", &own[..6], &own[6..14], &own[14..]),
    ] {
        assert!(
            matches!(read(&[row(&[("sfzmhm", &form)])]).state, AnswerState::Found { .. }),
            "another form of the id"
        );
    }
}

#[test]
fn a_reference_that_is_the_persons_own_number_is_left_out() {
    let answer = land_mapping().read(&[row(&[("xh", subject(0).id.expose())])], &subject(0), &[]);
    assert!(matches!(&answer.state, AnswerState::Found { records } if records[0].reference.is_empty()));
    assert_eq!(answer.notes.len(), 1);
}

#[test]
fn a_threshold_answer_is_over_as_soon_as_one_row_is_and_never_a_record() {
    let texts = |text: &str| vec![text.to_owned()];
    let limit = Some(hedui_core::Fen(5_000_000));
    let threshold = Threshold {
        column: "flag".to_owned(),
        over: texts("是"),
        within: texts("否"),
        limit,
    };
    let identity = Identity {
        id_number: "who".to_owned(),
        name: None,
    };
    let mapping = Mapping {
        identity,
        data_on: None,
        records: Vec::new(),
        ignored: Vec::new(),
        threshold: Some(threshold),
    };
    let row = |over| mapping.threshold_row(over, &subject(0).id, "测试甲").unwrap();
    let read = |rows: &[Row]| mapping.read(rows, &subject(0), &[]).state;
    assert_eq!(read(&[]), AnswerState::NoRecord);
    assert_eq!(read(&[row(false)]), AnswerState::WithinLimit { limit });
    assert_eq!(
        read(&[row(false), row(true), row(false)]),
        AnswerState::OverLimit { limit }
    );
    let mut odd = row(true);
    odd.set("flag", "也许");
    assert!(matches!(read(&[row(false), odd]), AnswerState::Unreachable { .. }));
}

#[test]
fn the_private_codes_of_old_systems_are_those_of_the_standard_in_force() {
    // Six that browsers' tables leave private, as the standard of 2022 has them.
    let left = [
        (0xE816, '\u{20087}'),
        (0xE817, '\u{20089}'),
        (0xE818, '\u{200CC}'),
        (0xE831, '\u{215D7}'),
        (0xE83B, '\u{2298F}'),
        (0xE855, '\u{241FE}'),
    ];
    let seconds = (0x50_u8..=0x7E).chain(0x80..=0xA0);
    for (code, second) in (0xE815_u32..).zip(seconds) {
        let bytes = [0xFE, second];
        let (text, _, damaged) = encoding_rs::GB18030.decode(&bytes);
        let private = char::from_u32(code).unwrap();
        let known = left.iter().find(|(known, _)| *known == code).map(|(_, c)| *c);
        let expected = known.or(text.chars().next());
        assert!(!damaged && (known.is_none() || text.starts_with(private)), "{code:X}");
        assert_eq!(Some(hedui_ids::name::encoded(private)), expected, "{code:X}");
    }
}

#[test]
fn a_name_in_an_old_private_code_is_the_person_with_a_note() {
    let mut mapping = crate::catalogue::Catalogue::bundled_folders()
        .into_iter()
        .find_map(|f| {
            Manifest::parse(&f.manifest, &Variables::from([("data".into(), "d".into())]))
                .ok()?
                .mapping
        })
        .unwrap();
    mapping.records.iter_mut().for_each(|section| section.when = None);
    let person = hedui_core::Subject {
        ordinal: 0,
        id: crate::testing::person(1),
        name: "张䶮".to_owned(),
    };
    for (name, expected) in [("张\u{E863}", false), ("张䶮", false), ("李\u{E863}", true)] {
        let mut row = Row::new();
        row.set(&mapping.identity.id_number, person.id.expose());
        row.set(mapping.identity.name.as_ref().unwrap(), name);
        let answer = mapping.read(&[row], &person, &[hedui_core::RecordType::Pension]);
        assert_eq!(answer.state == AnswerState::IdentityMismatch, expected, "{name}");
        let noted = answer
            .notes
            .iter()
            .any(|note| note.starts_with("name: written differently"));
        assert_eq!(noted, name == "张\u{E863}", "{name}");
    }
}
