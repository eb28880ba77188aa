//! Places are where a reader of the file looks first, and hints name what is near.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn key(key: &str) -> Step {
    Step::Key(key.to_owned())
}

const TEXT: &str = "id = \"a\"\n名 = 1\n\n[[record]]\ntype = \"x\"\n[record.fields]\nplate = { column = \"p\", unit = \"z\" }\n\n[[record]]\n  type = 5\n";

#[test]
fn a_path_leads_to_its_value_or_to_the_last_thing_on_the_way() {
    let place = |path: &[Step], name| {
        let place = locate(TEXT, path, name);
        (place.line, place.column)
    };
    assert_eq!(place(&[key("id")], false), (1, 6));
    assert_eq!(place(&[key("id")], true), (1, 1));
    assert_eq!(place(&[key("名")], false), (2, 5));
    let second = [key("record"), Step::Item(1), key("type")];
    assert_eq!(place(&second, false), (10, 10));
    let unit = [key("record"), Step::Item(0), key("fields"), key("plate"), key("unit")];
    assert_eq!(place(&unit, false), (7, 32));
    assert_eq!(place(&unit, true), (7, 25));
    let missing = [key("record"), Step::Item(1), key("fields"), key("kind")];
    assert_eq!(place(&missing, false).0, 9);
    assert_eq!(place(&[key("nothing")], false), (1, 1));
}

#[test]
fn a_name_is_proposed_only_when_it_is_near() {
    let names = || ["record", "identity", "connector"].into_iter();
    assert_eq!(
        hint::nearest("conector", names()),
        Some("did you mean `connector`?".to_owned())
    );
    assert_eq!(hint::nearest("limits", names()), None);
}

proptest! {
    /// The place counts what an editor counts.
    #[test]
    fn the_place_of_a_byte_is_found_again_by_counting(text in "[a甲\n]{0,40}", at in 0usize..200) {
        let at = (0..=at.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap();
        let place = Place::of(&text, at);
        let line = text.split('\n').nth(place.line - 1).unwrap();
        let before: usize = text.split('\n').take(place.line - 1).map(|l| l.len() + 1).sum();
        let within: usize = line.chars().take(place.column - 1).map(char::len_utf8).sum();
        prop_assert_eq!(before + within, at);
    }

    /// Any path over any text has a place in it: nothing to index out of bounds.
    #[test]
    fn every_path_has_a_place_in_the_text(text in "[a-c=\\[\\]{}\"\n.1 ]{0,60}", path in proptest::collection::vec("[a-c]", 0..4)) {
        let steps: Vec<Step> = path.into_iter().map(Step::Key).collect();
        let place = locate(&text, &steps, false);
        prop_assert!(place.line <= text.split('\n').count());
    }
}
