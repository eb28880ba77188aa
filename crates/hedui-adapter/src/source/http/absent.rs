//! Who says that something is not there: the service of a person, or a gateway of the service, with the same number.
//! Leaves which statuses mean "no record" to the manifest.

use serde_json::Value as Json;

/// How deep an error may stand in an answer.
const MAX_DEPTH: usize = 6;

/// What gateways and frameworks say of an address that they do not know, whole.
const WHOLE: &[&str] = &[
    "not found",
    "404 not found",
    "404 page not found",
    "page not found",
    "404 route not found",
    "route not found",
    "api not found",
    "endpoint not found",
    "service not found",
    "resource not found",
    "the requested resource was not found",
    "the requested resource is not available",
    "no context found for request",
];

/// What they say with the address in it.
const PART: &[&str] = &[
    "no route matched",
    "no matching route",
    "no route found",
    "no handler found",
    "no static resource",
    "no mapping for",
    "cannot get /",
    "cannot post /",
    "could not be found on this server",
    "was not found on this server",
    "could not be found",
    "default backend",
    "接口不存在",
    "路径不存在",
    "路由不存在",
    "地址不存在",
    "页面不存在",
    "服务不存在",
    "资源不存在",
    "找不到页面",
    "未找到路由",
    "未找到接口",
];

/// Whether an answer reads as the error of a gateway or a framework that does not know the address: a usual text for that, or the time and the
/// path of the request, which say nothing of a person.
pub(super) fn is_of_a_gateway(tree: &Json) -> bool {
    within(tree, MAX_DEPTH)
}

fn within(tree: &Json, depth: usize) -> bool {
    if depth == 0 {
        return false;
    }
    match tree {
        Json::String(text) => is_usual(text),
        Json::Array(items) => items.iter().any(|item| within(item, depth - 1)),
        Json::Object(fields) => {
            let has = |name: &str| fields.keys().any(|key| key.eq_ignore_ascii_case(name));
            let is_framework = has("path") && (has("timestamp") || has("error") || has("status"));
            is_framework || fields.values().any(|value| within(value, depth - 1))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

fn is_usual(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!', '。', '！']).to_lowercase();
    WHOLE.contains(&text.as_str()) || PART.iter().any(|part| text.contains(part))
}
