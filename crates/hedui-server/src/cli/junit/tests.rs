//! Laws of JUnit XML: any text gives a document that a reader of XML takes, with every name, message and count as it was.

use proptest::collection::vec;
use proptest::prelude::*;
use roxmltree::{Document, Node};

use super::{Case, Suite, Went, document};

/// Any text, rich in what XML treats in its own way.
fn text() -> impl Strategy<Value = String> {
    let special = prop::sample::select(vec![
        '<',
        '>',
        '&',
        '"',
        '\'',
        ']',
        '\n',
        '\r',
        '\t',
        ' ',
        '\0',
        '\u{1}',
        '\u{1b}',
        '\u{7f}',
        '\u{85}',
        '\u{2028}',
        '\u{fffe}',
        '\u{ffff}',
        '\u{10ffff}',
        '核',
    ]);
    let c = prop_oneof![special, any::<char>()];
    vec(c, 0..12).prop_map(|chars| chars.into_iter().collect())
}

fn went() -> impl Strategy<Value = Went> {
    prop_oneof![
        Just(Went::Passed),
        (text(), text()).prop_map(|(message, about)| Went::Failed { message, about }),
        text().prop_map(Went::Skipped),
    ]
}

fn suites() -> impl Strategy<Value = Vec<Suite>> {
    let case = (text(), went()).prop_map(|(name, went)| Case { name, went });
    let suite = (text(), vec(case, 0..5)).prop_map(|(name, cases)| Suite { name, cases });
    vec(suite, 0..4)
}

/// What a reader finds where a text was written.
fn read(text: &str) -> String {
    let each = text.chars().map(|c| match c {
        '\n' | '\r' | '\t' => ' ',
        c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => '\u{fffd}',
        c => c,
    });
    each.collect()
}

fn attribute(node: Option<Node<'_, '_>>, name: &str) -> Option<String> {
    node.and_then(|node| node.attribute(name)).map(str::to_owned)
}

fn children<'a, 'input>(node: Node<'a, 'input>, tag: &str) -> Vec<Node<'a, 'input>> {
    let elements: Vec<_> = node.children().filter(Node::is_element).collect();
    assert!(elements.iter().all(|node| node.has_tag_name(tag)));
    elements
}

proptest! {
    #[test]
    fn any_text_gives_a_document_that_says_the_same(name in text(), suites in suites()) {
        let written = document(&name, &suites);
        let read_back = Document::parse(&written).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let root = read_back.root_element();
        prop_assert_eq!(attribute(Some(root), "name"), Some(read(&name)));
        let found = children(root, "testsuite");
        prop_assert_eq!(found.len(), suites.len());
        for (node, suite) in found.into_iter().zip(&suites) {
            let own = read(&suite.name);
            prop_assert_eq!(attribute(Some(node), "name"), Some(own.clone()));
            let cases = children(node, "testcase");
            let (mut failures, mut skipped) = (0, 0);
            prop_assert_eq!(cases.len(), suite.cases.len());
            for (node, case) in cases.into_iter().zip(&suite.cases) {
                prop_assert_eq!(attribute(Some(node), "classname"), Some(own.clone()));
                prop_assert_eq!(attribute(Some(node), "name"), Some(read(&case.name)));
                let inner = node.children().find(Node::is_element);
                let message = attribute(inner, "message");
                match &case.went {
                    Went::Passed => prop_assert!(inner.is_none()),
                    Went::Failed { message: said, about } => {
                        failures += 1;
                        prop_assert!(inner.is_some_and(|inner| inner.has_tag_name("failure")));
                        prop_assert_eq!(message, Some(read(said)));
                        prop_assert_eq!(inner.and_then(|inner| inner.text()).unwrap_or_default(), read(about));
                    }
                    Went::Skipped(why) => {
                        skipped += 1;
                        prop_assert!(inner.is_some_and(|inner| inner.has_tag_name("skipped")));
                        prop_assert_eq!(message, Some(read(why)));
                    }
                }
            }
            let counts = [("tests", suite.cases.len()), ("failures", failures), ("skipped", skipped)];
            for (name, count) in counts {
                prop_assert_eq!(attribute(Some(node), name), Some(count.to_string()));
            }
        }
    }
}
