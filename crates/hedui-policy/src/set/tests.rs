//! Laws of choosing a pack: nearest jurisdiction, right date, no two answers; and the shipped packs.

use hedui_core::household::Residence;
use hedui_core::names::ProgrammeId;

use super::{PackFile, PackSet};
use crate::SelectError;
use crate::testing::day;

/// A pack that only tests that nobody owns a vehicle.
fn pack(id: &str, jurisdiction: &str, more: &str) -> PackFile {
    let text = format!(
        "[pack]\nid = \"{id}\"\nversion = \"1\"\nprogramme = \"dibao\"\njurisdiction = \"{jurisdiction}\"\n\
         title = {{ zh = \"低保\", en = \"Dibao\" }}\nreference = \"a law\"\n{more}\n\n\
         [[test]]\nname = \"vehicles\"\ntitle = {{ zh = \"车\", en = \"vehicles\" }}\nkind = \"property\"\nformula = \"vehicles <= 0\"\nreference = \"a law\"\n"
    );
    PackFile {
        name: format!("{id}.toml"),
        text,
    }
}

const ALWAYS: &str = "valid_from = \"2018-01-01\"";

fn load(files: Vec<PackFile>) -> PackSet {
    PackSet::load(files).map_err(|m| m.to_string()).unwrap()
}

fn chosen<'p>(
    set: &'p PackSet,
    district: &str,
    residence: Residence,
    date: &str,
    variant: Option<&str>,
) -> Result<&'p str, &'static str> {
    let dibao = ProgrammeId::new("dibao").unwrap();
    set.select(district, &dibao, residence, day(date), variant)
        .map(super::Pack::id)
        .map_err(|e| e.reason())
}

#[test]
fn the_nearest_jurisdiction_judges() {
    let files = || {
        vec![
            pack("nation", "000000", ALWAYS),
            pack("province", "510000", ALWAYS),
            pack("city", "511700", ALWAYS),
            pack(
                "district",
                "511703",
                "valid_from = \"2018-01-01\"\nvalid_to = \"2019-12-31\"",
            ),
        ]
    };
    let set = load(files());
    let of = |district: &str, date: &str| chosen(&set, district, Residence::Urban, date, None);
    assert_eq!(of("511703", "2018-06-01"), Ok("district"));
    assert_eq!(
        of("511703", "2020-01-01"),
        Ok("city"),
        "an expired pack gives way to the one above"
    );
    assert_eq!(of("511702", "2018-06-01"), Ok("city"));
    assert_eq!(of("510104", "2018-06-01"), Ok("province"));
    assert_eq!(of("110101", "2018-06-01"), Ok("nation"));
    let mut reversed = files();
    reversed.reverse();
    assert_eq!(
        chosen(&load(reversed), "511703", Residence::Urban, "2018-06-01", None),
        Ok("district")
    );
}

#[test]
fn both_ends_of_the_validity_are_included() {
    let set = load(vec![pack(
        "one",
        "511703",
        "valid_from = \"2018-02-01\"\nvalid_to = \"2018-02-28\"",
    )]);
    let of = |date: &str| chosen(&set, "511703", Residence::Rural, date, None);
    assert_eq!(of("2018-01-31"), Err("NO_PACK_ON_DATE"));
    assert_eq!(of("2018-02-01"), Ok("one"));
    assert_eq!(of("2018-02-28"), Ok("one"));
    assert_eq!(of("2018-03-01"), Err("NO_PACK_ON_DATE"));
}

#[test]
fn a_variant_is_taken_when_named_or_when_nothing_else_is_valid() {
    let set = load(vec![
        pack(
            "plain",
            "511703",
            "valid_from = \"2018-01-01\"\nvalid_to = \"2018-12-31\"",
        ),
        pack("new", "511703", "valid_from = \"2018-06-01\"\nvariant = \"index\""),
    ]);
    let of = |date: &str, variant: Option<&str>| chosen(&set, "511703", Residence::Rural, date, variant);
    assert_eq!(of("2018-07-01", None), Ok("plain"));
    assert_eq!(of("2018-07-01", Some("index")), Ok("new"));
    assert_eq!(of("2019-07-01", None), Ok("new"));
    assert_eq!(of("2018-01-01", Some("index")), Err("NO_PACK_ON_DATE"));
    assert_eq!(of("2018-07-01", Some("other")), Err("UNKNOWN_VARIANT"));
    let rivals = load(vec![
        pack("a", "511703", "valid_from = \"2018-01-01\"\nvariant = \"a\""),
        pack("b", "511703", "valid_from = \"2018-01-01\"\nvariant = \"b\""),
    ]);
    assert_eq!(
        chosen(&rivals, "511703", Residence::Rural, "2018-07-01", None),
        Err("NO_PACK_ON_DATE")
    );
}

#[test]
fn every_question_without_an_answer_has_its_reason() {
    let set = load(vec![pack(
        "urban",
        "511703",
        "valid_from = \"2018-01-01\"\nresidence = \"urban\"",
    )]);
    let of = |district: &str, residence| chosen(&set, district, residence, "2018-06-01", None);
    assert_eq!(of("511703", Residence::Urban), Ok("urban"));
    assert_eq!(of("511703", Residence::Rural), Err("NO_PACK_FOR_RESIDENCE"));
    assert_eq!(of("511702", Residence::Urban), Err("UNKNOWN_DISTRICT"));
    assert_eq!(of("5117", Residence::Urban), Err("DISTRICT_INVALID"));
    let seniors = ProgrammeId::new("seniors").unwrap();
    let error = set
        .select("511703", &seniors, Residence::Urban, day("2018-06-01"), None)
        .unwrap_err();
    assert_eq!(
        (error.clone(), error.reason()),
        (SelectError::UnknownProgramme("seniors".into()), "UNKNOWN_PROGRAMME")
    );
}

fn reasons(files: Vec<PackFile>) -> Vec<(String, usize, &'static str)> {
    PackSet::load(files)
        .unwrap_err()
        .0
        .into_iter()
        .map(|m| (m.file, m.line, m.reason))
        .collect()
}

#[test]
fn two_packs_for_the_same_people_on_the_same_day_are_refused() {
    let until = |to: &str| format!("valid_from = \"2018-01-01\"\nvalid_to = \"{to}\"");
    let later = pack("b", "511703", "valid_from = \"2019-01-01\"");
    assert!(PackSet::load(vec![pack("a", "511703", &until("2018-12-31")), later.clone()]).is_ok());
    let found = reasons(vec![pack("a", "511703", &until("2019-01-01")), later]);
    assert_eq!(found, [("b.toml".to_owned(), 8, "PACK_OVERLAP")]);
    let both = reasons(vec![
        pack("all", "511703", ALWAYS),
        pack("rural", "511703", &format!("{ALWAYS}\nresidence = \"rural\"")),
    ]);
    assert_eq!(both, [("rural.toml".to_owned(), 8, "PACK_OVERLAP")]);
    let apart = ["urban", "rural"].map(|r| pack(r, "511703", &format!("{ALWAYS}\nresidence = \"{r}\"")));
    assert!(PackSet::load(apart).is_ok());
}

#[test]
fn an_id_and_version_stand_once() {
    let mut copy = pack("a", "511702", ALWAYS);
    copy.name = "copy.toml".into();
    assert_eq!(
        reasons(vec![pack("a", "511703", ALWAYS), copy]),
        [("copy.toml".to_owned(), 1, "PACK_TWICE")]
    );
}

#[test]
fn mistakes_of_all_files_are_told_at_once() {
    let bad = |name: &str| PackFile {
        name: name.into(),
        text: "[pack]\n".into(),
    };
    let found = reasons(vec![bad("b.toml"), bad("a.toml")]);
    let files: std::collections::BTreeSet<&str> = found.iter().map(|(file, ..)| file.as_str()).collect();
    assert_eq!(files.into_iter().collect::<Vec<_>>(), ["a.toml", "b.toml"]);
}

#[test]
fn all_shipped_packs_load_and_answer_for_their_pilots() {
    let set = load(PackSet::bundled_files());
    let of = |district: &str, residence, date: &str, variant| chosen(&set, district, residence, date, variant);
    for (district, urban, rural) in [
        ("511703", "dibao-dachuan-urban", "dibao-dachuan-rural"),
        ("220882", "dibao-daan-urban", "dibao-daan-rural"),
        ("150102", "dibao-xincheng", "dibao-xincheng"),
        ("320582", "dibao-zhangjiagang", "dibao-zhangjiagang"),
    ] {
        assert_eq!(of(district, Residence::Urban, "2018-06-15", None), Ok(urban));
        assert_eq!(of(district, Residence::Rural, "2018-06-15", None), Ok(rural));
        assert!(of(district, Residence::Urban, "2026-11-22", None).is_ok());
        assert!(of(district, Residence::Rural, "2026-11-22", None).is_ok());
    }
    let index = Some("capacity-index");
    assert_eq!(
        of("220882", Residence::Rural, "2018-06-15", index),
        Ok("dibao-daan-rural-capacity-index")
    );
    assert_eq!(
        of("220882", Residence::Urban, "2018-06-15", index),
        Ok("dibao-daan-urban-capacity-index")
    );
    assert_eq!(
        of("220882", Residence::Rural, "2026-11-22", None),
        Ok("dibao-daan-rural-capacity-index")
    );
    for pack in set.packs() {
        assert!(
            !pack.assumptions().is_empty(),
            "{}: a pilot's pack says what it assumes",
            pack.id()
        );
    }
}
