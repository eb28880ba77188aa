//! The schema of packs against the packs and against the reader: what the one takes the other takes, key by key.

use hedui_policy::{Pack, PackSet};
use serde_json::Value;

use crate::run::run;

/// What of JSON Schema the pack's schema uses. Returns where a value does not fit.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return misfit(root, target, value, at);
    }
    let fits = |schema: &Value| misfit(root, schema, value, at).is_none();
    let any = schema["anyOf"].as_array().is_none_or(|all| all.iter().any(fits));
    let one = schema["oneOf"]
        .as_array()
        .is_none_or(|all| all.iter().filter(|s| fits(s)).count() == 1);
    let every = schema["allOf"].as_array().is_none_or(|all| all.iter().all(fits));
    let listed = schema["enum"].as_array().is_none_or(|all| all.contains(value));
    let typed = match schema["type"].as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        _ => true,
    };
    let length = value.as_str().is_none_or(|text| {
        let chars = text.chars().count() as u64;
        schema["minLength"].as_u64().is_none_or(|least| least <= chars)
            && schema["maxLength"].as_u64().is_none_or(|most| chars <= most)
    });
    let required = schema["required"].as_array().into_iter().flatten();
    let missing = required.filter_map(Value::as_str).find(|key| value.get(key).is_none());
    if !(any && one && every && listed && typed && length) || missing.is_some() {
        return Some(format!("{at}: {missing:?}"));
    }
    if let Some(fields) = value.as_object() {
        for (key, inner) in fields {
            let of_any = Some(&schema["additionalProperties"]).filter(|any| any.is_object());
            match schema["properties"].get(key).or(of_any) {
                Some(schema) => {
                    if let Some(misfit) = misfit(root, schema, inner, &format!("{at}.{key}")) {
                        return Some(misfit);
                    }
                }
                None if schema["additionalProperties"] == false => return Some(format!("{at}.{key} is unknown")),
                None => {}
            }
        }
    }
    let items = value.as_array().into_iter().flatten();
    items
        .enumerate()
        .find_map(|(i, item)| misfit(root, &schema["items"], item, &format!("{at}[{i}]")))
}

fn json_of(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

async fn schema() -> Value {
    run(&["policy", "schema"]).await.json()
}

#[tokio::test]
async fn every_shipped_pack_and_every_new_one_fits_the_schema() {
    let schema = schema().await;
    for file in PackSet::bundled_files() {
        assert_eq!(
            misfit(&schema, &schema, &json_of(&file.text), "pack"),
            None,
            "{}",
            file.name
        );
    }
    let begun = run(&["policy", "new", "dibao-x", "--jurisdiction", "511703"])
        .await
        .stdout;
    assert_eq!(misfit(&schema, &schema, &json_of(&begun), "pack"), None);
}

/// Every key of every table of a pack, as a path of keys and positions.
fn keys(value: &Value, path: &[String], found: &mut Vec<Vec<String>>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(k, v)| (k.clone(), v)).collect(),
        // Lists are of a kind: the first shows what each is.
        Value::Array(items) => items.iter().take(1).map(|v| ("0".to_owned(), v)).collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let mut inner = path.to_vec();
        inner.push(key.clone());
        if value.is_object() {
            found.push(inner.clone());
        }
        // The keys of these are words of formulas and names of steps: the reader knows them, the schema does not.
        if key != "facts" && key != "steps" {
            keys(child, &inner, found);
        }
    }
}

fn parent<'v>(value: &'v mut Value, path: &[String]) -> &'v mut serde_json::Map<String, Value> {
    let mut at = value;
    for key in &path[..path.len() - 1] {
        at = match at {
            Value::Array(items) => &mut items[0],
            Value::Object(fields) => fields.get_mut(key).unwrap(),
            _ => unreachable!(),
        };
    }
    at.as_object_mut().unwrap()
}

#[tokio::test]
async fn the_reader_and_the_schema_ask_for_the_same_keys() {
    let schema = schema().await;
    let files = PackSet::bundled_files();
    // Among them every section of the format has a pack.
    let mut tried = std::collections::BTreeSet::new();
    for file in files
        .iter()
        .filter(|f| f.name.contains("dibao") || f.name.contains("poverty"))
    {
        let whole = json_of(&file.text);
        let mut paths = Vec::new();
        keys(&whole, &[], &mut paths);
        for path in paths {
            let name: Vec<&str> = path.iter().map(String::as_str).collect();
            if !tried.insert(name.join(".")) {
                continue;
            }
            let mut without = whole.clone();
            parent(&mut without, &path).remove(path.last().unwrap());
            let by_schema = misfit(&schema, &schema, &without, "pack").is_some();
            let by_reader = reasons(&without)
                .iter()
                .any(|r| ["KEY_MISSING", "VALUE_INVALID"].contains(r));
            // Without a parameter or a step formulas miss a name, which no schema can know.
            assert_eq!(
                by_schema,
                by_reader,
                "{} without {path:?}: {:?}",
                file.name,
                reasons(&without)
            );
            let mut renamed = whole.clone();
            let fields = parent(&mut renamed, &path);
            let value = fields.remove(path.last().unwrap()).unwrap();
            fields.insert("no_such_key".to_owned(), value);
            assert!(misfit(&schema, &schema, &renamed, "pack").is_some());
            assert!(reasons(&renamed).contains(&"KEY_UNKNOWN"), "{path:?}");
        }
    }
    assert!(tried.len() > 60, "{}", tried.len());
}

fn reasons(pack: &Value) -> Vec<&'static str> {
    let table: toml::Table = serde_json::from_value(pack.clone()).unwrap();
    let text = toml::to_string(&table).unwrap();
    match Pack::parse("pack.toml", &text) {
        Ok(_) => Vec::new(),
        Err(mistakes) => mistakes.0.iter().map(|m| m.reason).collect(),
    }
}
