"""Messages as the bytes of `hedui.department.v1`, out of their proto3-JSON form and back. Leaves what they mean to `department` and `records`.

A signature is over bytes, and gRPC speaks them, so that both need no generated code. Numbers of fields follow the order of the tables; a test
compares them with `proto/`.
"""

from __future__ import annotations

import base64
import calendar
import re
import time
from typing import Any, Dict, Iterator, List, Tuple, Union

from .records import camel
from .schema import RECORDS

#: A field: its number, and what it holds: text, number, flag, bytes (base64 in JSON), moment (RFC 3339 in JSON), raw (a message that is
#: left unread), an enum as `PREFIX:word,word`, or the fields of a message; with `*` a list of those.
Kind = Union[str, "Fields"]
Fields = Dict[str, Tuple[int, bool, Any]]


def table(*named: Tuple[str, Any], first: int = 1) -> Fields:
    """Fields in the order of their numbers; a name that begins with `*` is a list."""
    return {
        camel(name.lstrip("*")): (number, name.startswith("*"), kind) for number, (name, kind) in enumerate(named, first)
    }


DATE = table(("year", "number"), ("month", "number"), ("day", "number"))
MONEY = table(("currency_code", "text"), ("units", "number"), ("nanos", "number"))
FAILURE = table(
    ("class", "FAILURE_CLASS:config,transient,system"),
    ("origin", "FAILURE_ORIGIN:department,adapter,broker"),
    ("reason", "text"),
    ("message", "text"),
)
STATES = "RESULT_STATE:found,no_record,over_limit,within_limit,identity_mismatch,not_authorized,pending,failed"


def _kind(kind: str) -> Any:
    return {"date": DATE, "money": MONEY}.get(kind, kind)


RECORD: Fields = {
    **table(("reference", "text")),
    **table(
        *((type, table(*((name, _kind(kind)) for name, kind in fields.items()))) for type, fields in RECORDS.items()),
        first=2,
    ),
}
RESULT = table(
    ("ordinal", "number"),
    ("id_number", "text"),
    ("state", STATES),
    ("*records", RECORD),
    ("data_on", DATE),
    ("failure", FAILURE),
    ("*notes", "text"),
    ("limit", MONEY),
    ("registered_name", "text"),
    ("due_at", "moment"),
)
RESPONSE = table(
    ("query_id", "text"),
    ("*results", RESULT),
    ("answered_at", "moment"),
    ("signature", "bytes"),
    ("signing_key_id", "text"),
    ("signed_answer", "bytes"),
)
RECORD_TYPES = "RECORD_TYPE:" + ",".join(RECORDS)
SUBJECT = table(("ordinal", "number"), ("id_number", "text"), ("name", "text"), ("legacy_id_number", "text"))
#: What is asked. The fields by which one hedui asks another are passed over, as everything that is not in a table.
QUERY = table(
    ("query_id", "text"),
    ("purpose", "text"),
    ("district_code", "text"),
    ("authorization_digest", "bytes"),
    ("as_of", DATE),
    ("period_from", DATE),
    ("period_until", DATE),
    ("*subjects", SUBJECT),
    ("*record_types", RECORD_TYPES),
)
DESCRIPTION = table(
    ("department", "text"),
    ("name_zh", "text"),
    ("name_en", "text"),
    ("*protocol_versions", "text"),
    ("*record_types", RECORD_TYPES),
    ("*lookup_keys", "LOOKUP_KEY:id_number,legacy_id_number,name"),
    ("limits", table(("max_subjects", "number"), ("max_concurrent_queries", "number"), ("max_response_bytes", "number"))),
    ("freshness_seconds", "number"),
    ("*checks", "text"),
    ("signing_key", "bytes"),
    ("build", "text"),
)
CHECK = table(("check", "text"))
CHECK_RESULT = table(("check", "text"), ("outcome", "CHECK_OUTCOME:pass,warn,fail"), ("message", "text"))
CHECKED = table(("*results", CHECK_RESULT))
#: The question is read by itself: one that is none spoils no other of its frame.
STREAM_QUERY = table(("id", "number"), ("timeout_ms", "number"), ("query", "raw"))
STREAM_REQUEST = table(("*queries", STREAM_QUERY), ("*cancelled", "number"))
STREAM_ANSWER = table(("id", "number"), ("response", RESPONSE), ("failure", FAILURE))
STREAM_RESPONSE = table(("*answers", STREAM_ANSWER))


def _varint(number: int) -> bytes:
    # A negative number is the same number of 64 bits without a sign.
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))\Z")


def _moment(text: str) -> bytes:
    """`google.protobuf.Timestamp` of a moment of RFC 3339."""
    found = _MOMENT.match(text)
    if found is None:
        raise ValueError("is no moment of RFC 3339")
    day, fraction, sign, hours, minutes = found.groups()
    seconds = calendar.timegm(time.strptime(day, "%Y-%m-%dT%H:%M:%S"))
    if sign is not None:
        offset = int(hours) * 3_600 + int(minutes) * 60
        seconds += offset if sign == "-" else -offset
    return encoded(_TIMESTAMP, {"seconds": seconds, "nanos": int((fraction or "0").ljust(9, "0"))})


_TIMESTAMP = table(("seconds", "number"), ("nanos", "number"))


def _one(number: int, kind: Any, value: Any, listed: bool) -> bytes:
    if isinstance(kind, dict):
        body = encoded(kind, value)
    elif kind == "moment":
        body = _moment(value)
    elif kind in ("text", "bytes"):
        body = value.encode("utf-8") if kind == "text" else base64.b64decode(value)
        if not body and not listed:
            return b""
    else:
        if kind in ("number", "flag"):
            whole = int(value)
        else:
            prefix, words = kind.split(":")
            whole = words.split(",").index(value[len(prefix) + 1 :].lower()) + 1
        return _varint(number << 3) + _varint(whole) if whole or listed else b""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def encoded(fields: Fields, json: Dict[str, Any]) -> bytes:
    """A message. A field that the table does not know is a KeyError: what is signed must be all that is said."""
    parts: List[Tuple[int, bytes]] = []
    for name, value in json.items():
        number, listed, kind = fields[name]
        for one in value if listed else [value]:
            parts.append((number, _one(number, kind, one, listed)))
    return b"".join(part for _, part in sorted(parts, key=lambda part: part[0]))


def _number(body: bytes, at: int) -> Tuple[int, int]:
    """A varint, and where it ends."""
    whole = 0
    for place in range(10):
        if at >= len(body):
            break
        byte = body[at]
        at += 1
        whole |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return whole & ((1 << 64) - 1), at
    raise ValueError("a number does not end")


def raw_fields(body: bytes) -> Iterator[Tuple[int, Union[int, bytes]]]:
    """The fields of a message as they stand: numbers, and everything else as bytes. Not a message: a ValueError that quotes nothing of it."""
    at = 0
    while at < len(body):
        tag, at = _number(body, at)
        number, form = tag >> 3, tag & 7
        if number == 0 or number >= 1 << 29:
            raise ValueError("a field has no number")
        if form == 0:
            whole, at = _number(body, at)
            yield number, whole
            continue
        if form == 2:
            length, at = _number(body, at)
        elif form in (1, 5):
            length = 8 if form == 1 else 4
        else:
            raise ValueError("a field is of no known form")
        if length > len(body) - at:
            raise ValueError("a field does not end")
        yield number, body[at : at + length]
        at += length


def _plain(kind: Any, value: Union[int, bytes]) -> List[Any]:
    """What a field holds, in JSON; numbers of a list may stand packed in one field."""
    is_text = kind in ("text", "bytes", "raw") or isinstance(kind, dict)
    if is_text != isinstance(value, bytes):
        if is_text or not isinstance(value, bytes):
            raise ValueError("a field is of another form")
        numbers, at = [], 0
        while at < len(value):
            whole, at = _number(value, at)
            numbers += _plain(kind, whole)
        return numbers
    if isinstance(value, bytes):
        if isinstance(kind, dict):
            return [decoded(kind, value)]
        if kind == "raw":
            return [value]
        if kind == "bytes":
            return [base64.b64encode(value).decode("ascii")]
        try:
            return [value.decode("utf-8")]
        except UnicodeDecodeError:
            # The text of the error would hold what could not be read.
            raise ValueError("a text is not UTF-8") from None
    if kind == "number":
        return [value]
    if kind == "flag":
        return [value != 0]
    prefix, words = kind.split(":")
    known = words.split(",")
    # A word of a later version stays a number.
    return [f"{prefix}_{known[value - 1].upper()}" if 1 <= value <= len(known) else value]


def decoded(fields: Fields, body: bytes) -> Dict[str, Any]:
    """A message in JSON; fields that the table does not know are passed over. Not such a message: a ValueError that quotes nothing of it."""
    named = {number: (name, listed, kind) for name, (number, listed, kind) in fields.items()}
    json: Dict[str, Any] = {}
    for number, value in raw_fields(body):
        if number not in named:
            continue
        name, listed, kind = named[number]
        plain = _plain(kind, value)
        if listed:
            json.setdefault(name, []).extend(plain)
        elif plain:
            json[name] = plain[-1]
    return json
