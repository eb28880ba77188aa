//! The same messages as proto3-JSON, for plugins that speak lines or HTTP: JSON becomes the bytes that every transport is read from, and back.
//! Leaves what is in the messages to the other readers: there is one meaning, whatever the transport.

use std::sync::LazyLock;

use bytes::Bytes;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions};
use serde_json::Value as Json;

use super::reader::Fault;
use crate::reason::Reason;

static POOL: LazyLock<Option<DescriptorPool>> = LazyLock::new(|| DescriptorPool::decode(hedui_proto::DESCRIPTORS).ok());

/// The messages of `hedui.department.v1` that transports exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    DescribeResponse,
    CheckRequest,
    CheckResponse,
    QueryRequest,
    QueryResponse,
    Failure,
}

impl Message {
    fn descriptor(self) -> Option<MessageDescriptor> {
        let name = match self {
            Message::DescribeResponse => "hedui.department.v1.DescribeResponse",
            Message::CheckRequest => "hedui.department.v1.CheckRequest",
            Message::CheckResponse => "hedui.department.v1.CheckResponse",
            Message::QueryRequest => "hedui.department.v1.QueryRequest",
            Message::QueryResponse => "hedui.department.v1.QueryResponse",
            Message::Failure => "hedui.department.v1.Failure",
        };
        POOL.as_ref()?.get_message_by_name(name)
    }
}

/// The JSON of a message. A field of a later version has no name here: that it is there is said as `field1000`.
///
/// # Errors
/// The bytes are not such a message.
pub(crate) fn to_json(of: Message, bytes: &[u8]) -> Result<Json, Fault> {
    let descriptor = of.descriptor().ok_or(Reason::MalformedAnswer)?;
    let message = DynamicMessage::decode(descriptor, bytes).map_err(|_| Reason::MalformedAnswer)?;
    let json = message.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new());
    let mut json = json.map_err(|_| Reason::MalformedAnswer)?;
    if let Json::Object(object) = &mut json {
        let unknown = message.unknown_fields().map(|field| format!("field{}", field.number()));
        object.extend(unknown.map(|name| (name, Json::Bool(true))));
    }
    Ok(json)
}

/// The first `dueAt` of a `QueryResponse` that is no moment of RFC 3339, by its place; for answers that `from_json` refuses.
pub(crate) fn misplaced_due(json: &Json) -> Option<String> {
    let moment = POOL.as_ref()?.get_message_by_name("google.protobuf.Timestamp")?;
    let is_moment = |value: &Json| value.is_null() || DynamicMessage::deserialize(moment.clone(), value).is_ok();
    let results = json.get("results")?.as_array()?;
    results.iter().enumerate().find_map(|(at, result)| {
        // Names of fields may be written either way.
        let due = result.get("dueAt").or_else(|| result.get("due_at"))?;
        (!is_moment(due)).then(|| format!("results[{at}].dueAt"))
    })
}

/// The bytes of a message; fields that this version does not know are passed over.
///
/// # Errors
/// The JSON is not such a message. What is wrong with it is not said: it may quote a person's data.
pub(crate) fn from_json(of: Message, json: &Json) -> Result<Bytes, Fault> {
    let descriptor = of.descriptor().ok_or(Reason::MalformedAnswer)?;
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(descriptor, json, &options);
    let message = message.map_err(|_| Reason::MalformedAnswer)?;
    Ok(Bytes::from(message.encode_to_vec()))
}
