//! The register is read whole or refused with every mistake, and no message holds a number.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

const TODAY: Date = Date::constant(2026, 11, 22);
const OWN: &str = "511703198001010018";

fn valid(year: u16) -> String {
    let division = hedui_ids::DivisionCode::new(511_703).unwrap();
    let born = hedui_ids::Date::new(year, 1, 1).unwrap();
    hedui_ids::ResidentId::compose(division, born, 1)
        .unwrap()
        .expose()
        .to_owned()
}

#[test]
fn a_register_is_read_and_one_that_others_can_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("staff.toml");
    let text = format!(
        "[[staff]]\nactor = \"0042\"\nid_number = \"{}\"\nrelatives = [\"{}\"]\n",
        valid(1980),
        valid(1981)
    );
    std::fs::write(&path, &text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let error = read(&path, TODAY).unwrap_err().to_string();
    assert!(error.contains("0644") && error.contains("chmod 600"), "{error}");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    assert!(!read(&path, TODAY).unwrap().is_empty());
}

#[test]
fn every_mistake_is_named_and_no_number_is_repeated() {
    let good = valid(1980);
    let wrong = format!("{}9", &good[..17]);
    for (text, says) in [
        (
            format!("[[staff]]\nactor = \"a\"\nid_number = \"{wrong}\""),
            "staff[0].id_number",
        ),
        (
            format!("[[staff]]\nactor = \"\"\nid_number = \"{good}\""),
            "staff[0].actor",
        ),
        (
            format!("[[staff]]\nactor = \"a\"\nid_number = \"{good}\"\nrelatives = [\"{OWN}x\"]"),
            "staff[0].relatives[0]",
        ),
        (
            format!(
                "[[staff]]\nactor = \"a\"\nid_number = \"{good}\"\n[[staff]]\nactor = \"a\"\nid_number = \"{good}\""
            ),
            "twice",
        ),
        (format!("[[staff]]\nactor = \"a\"\nid = \"{good}\""), "line"),
        (
            format!("[[staff]]\nactor = \"a\"\nid_number = {good}9999999999"),
            "line",
        ),
    ] {
        let error = format!("{:#}", parse(&text, TODAY).unwrap_err());
        assert!(error.contains(says), "{error}");
        for number in [&good, &wrong, OWN] {
            assert!(!error.contains(&number[..15]), "{error}");
        }
    }
}
