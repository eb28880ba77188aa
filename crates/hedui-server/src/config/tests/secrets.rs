//! Laws of secrets: what may be one is in no debug output, no setting shown and no mistake.
//! Leaves everything else to its neighbours.

use super::{TOKEN, load};

const PASSWORD: &str = "correct-horse-battery";

#[test]
fn neither_debug_nor_the_shown_settings_hold_a_token_hash_or_a_variable() {
    let text = format!(
        "catalogue.variables.housing_token = \"{PASSWORD}\"\n[[callers]]\nid = \"window-1\"\ntoken_sha256 = \"{TOKEN}\"\n\
         roles = [\"verifier\"]"
    );
    let loaded = load(&text, &[], &[]).unwrap();
    let shown = format!("{loaded:?}");
    assert!(shown.contains("window-1") && shown.contains("housing_token"), "{shown}");
    assert!(!shown.contains(PASSWORD) && !shown.contains(&TOKEN[..8]), "{shown}");
    // The bytes 0xba 0x78 as a list of numbers.
    assert!(!shown.contains("186, 120"), "{shown}");
    let value = |key: &str| {
        loaded
            .origins
            .iter()
            .find(|setting| setting.key == key)
            .unwrap()
            .value
            .as_str()
    };
    assert_eq!(value("callers[0].token_sha256"), "(hidden)");
    assert_eq!(value("catalogue.variables.housing_token"), "(hidden)");
}

/// Where a hash should stand, people paste the token; the message must not carry it into a log.
#[test]
fn no_mistake_repeats_what_stands_where_a_secret_should() {
    let caller = |token: &str| format!("[[callers]]\nid = \"a\"\nroles = [\"verifier\"]\ntoken_sha256 = {token}\n");
    let list = format!("[{{ id = \"a\", roles = [\"verifier\"], token_sha256 = \"{PASSWORD}\" }}]");
    let cases = [
        load(&caller(&format!("\"{PASSWORD}\"")), &[], &[]),
        load(&caller(&format!("[\"{PASSWORD}\"]")), &[], &[]),
        load(&caller(PASSWORD), &[], &[]),
        load(&caller(&format!("\"{PASSWORD}")), &[], &[]),
        load(&caller(&format!("{{ {PASSWORD} }}")), &[], &[]),
        load("", &[("HEDUI__CALLERS", &list)], &[]),
        load("", &[("HEDUI__CALLERS", PASSWORD)], &[]),
        load("", &[("HEDUI__CALLERS__0__TOKEN_SHA256", PASSWORD)], &[]),
        load("", &[("HEDUI__CATALOGUE__VARIABLES", PASSWORD)], &[]),
        load("", &[("HEDUI__CATALOGUE__VARIABLES__Ä", PASSWORD)], &[]),
        load(&format!("[catalogue.variables]\npassword = [\"{PASSWORD}\"]"), &[], &[]),
    ];
    for (case, loaded) in cases.into_iter().enumerate() {
        let errors = loaded.expect_err("a mistake");
        assert!(!errors.to_string().contains(PASSWORD), "case {case}: {errors}");
        assert!(!format!("{errors:?}").contains(PASSWORD), "case {case}: {errors:?}");
    }
}
