//! XML as the tree that the paths of rows are read from: elements by their local name, attributes as `@name`.
//! Leaves the paths to `http`. Document types and entities of one's own are refused: they can make a small answer a large one.

use encoding_rs::{Encoding, UTF_8};
use hedui_core::Failure;
use roxmltree::{Document, Node, ParsingOptions};
use serde_json::{Map, Value as Json};

use crate::reason::Reason;

/// Elements, attributes and texts of one answer: more than any person's.
const MAX_NODES: u32 = 500_000;

/// How deep elements may nest, the envelope included.
const MAX_DEPTH: usize = 32;

/// How much of the beginning may hold the declaration.
const DECLARATION_BYTES: usize = 200;

/// Reads a whole answer. An element without attributes and children is its text, one that occurs several times a list, an element that says it
/// is nil is nothing.
pub(super) fn tree(bytes: &[u8]) -> Result<Json, Failure> {
    let text = decode(bytes).ok_or_else(|| Reason::SourceUnreadable.failure_at("the encoding of the XML"))?;
    let options = ParsingOptions {
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(&text, options);
    let document = document.map_err(|_| Reason::SourceUnreadable.failure_at("not XML"))?;
    let root = document.root_element();
    let value = value(root, MAX_DEPTH).ok_or_else(|| Reason::SourceUnreadable.failure_at("the XML nests too deep"))?;
    Ok(Json::Object(Map::from_iter([(
        root.tag_name().name().to_owned(),
        value,
    )])))
}

/// By the byte order mark, else by the declaration, else UTF-8. One wrong byte makes the whole unreadable.
fn decode(bytes: &[u8]) -> Option<String> {
    let declared = || {
        let head = String::from_utf8_lossy(bytes.get(..DECLARATION_BYTES).unwrap_or(bytes)).into_owned();
        let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
        let label = declaration
            .split_once("encoding")?
            .1
            .trim_start()
            .strip_prefix('=')?
            .trim_start();
        let quote = label.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (label, _) = label.get(1..)?.split_once(quote)?;
        Some(Encoding::for_label(label.as_bytes()))
    };
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None => declared().unwrap_or(Some(UTF_8))?,
    };
    // GBK is a part of GB18030, and files that say GB2312 hold all of it.
    let encoding = if encoding == encoding_rs::GBK {
        encoding_rs::GB18030
    } else {
        encoding
    };
    let (text, damaged) = encoding.decode_with_bom_removal(bytes);
    (!damaged).then(|| text.into_owned())
}

fn value(element: Node<'_, '_>, depth: usize) -> Option<Json> {
    let depth = depth.checked_sub(1)?;
    let nil = |name: &roxmltree::Attribute<'_, '_>| name.name() == "nil" && matches!(name.value(), "true" | "1");
    if element.attributes().any(|attribute| nil(&attribute)) {
        return Some(Json::Null);
    }
    let mut object = Map::new();
    for attribute in element.attributes() {
        object.insert(format!("@{}", attribute.name()), Json::from(attribute.value()));
    }
    let mut text = String::new();
    for child in element.children() {
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
        if !child.is_element() {
            continue;
        }
        let (name, value) = (child.tag_name().name(), value(child, depth)?);
        match object.get_mut(name) {
            None => {
                object.insert(name.to_owned(), value);
            }
            Some(Json::Array(values)) => values.push(value),
            Some(first) => *first = Json::Array(vec![first.take(), value]),
        }
    }
    let text = text.trim();
    if object.is_empty() {
        return Some(Json::from(text));
    }
    if !text.is_empty() {
        object.insert("#text".to_owned(), Json::from(text));
    }
    Some(Json::Object(object))
}
