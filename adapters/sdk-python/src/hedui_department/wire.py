"""Answers as the bytes of `hedui.department.v1`, out of their proto3-JSON form. Leaves what they mean to `department` and `records`.

A signature is over bytes, so that whoever signs has to write them. Numbers of fields follow the order of the tables; a test compares
them with `proto/`.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple, Union

from .records import camel
from .schema import RECORDS

#: A field: its number, and what it holds: text, number, flag, an enum as `PREFIX:word,word`, or the fields of a message; with `*` a list of those.
Kind = Union[str, "Fields"]
Fields = Dict[str, Tuple[int, bool, Any]]


def _fields(*named: Tuple[str, Any], first: int = 1) -> Fields:
    """Fields in the order of their numbers; a name that begins with `*` is a list."""
    return {
        camel(name.lstrip("*")): (number, name.startswith("*"), kind) for number, (name, kind) in enumerate(named, first)
    }


DATE = _fields(("year", "number"), ("month", "number"), ("day", "number"))
MONEY = _fields(("currency_code", "text"), ("units", "number"), ("nanos", "number"))
FAILURE = _fields(
    ("class", "FAILURE_CLASS:config,transient,system"),
    ("origin", "FAILURE_ORIGIN:department,adapter,broker"),
    ("reason", "text"),
    ("message", "text"),
)
STATES = "RESULT_STATE:found,no_record,over_limit,within_limit,identity_mismatch,not_authorized,pending,failed"


def _kind(kind: str) -> Any:
    return {"date": DATE, "money": MONEY}.get(kind, kind)


RECORD: Fields = {
    **_fields(("reference", "text")),
    **_fields(
        *((type, _fields(*((name, _kind(kind)) for name, kind in fields.items()))) for type, fields in RECORDS.items()),
        first=2,
    ),
}
RESULT = _fields(
    ("ordinal", "number"),
    ("id_number", "text"),
    ("state", STATES),
    ("*records", RECORD),
    ("data_on", DATE),
    ("failure", FAILURE),
    ("*notes", "text"),
    ("limit", MONEY),
    ("registered_name", "text"),
)
RESPONSE = _fields(("query_id", "text"), ("*results", RESULT))


def _varint(number: int) -> bytes:
    # A negative number is the same number of 64 bits without a sign.
    number &= (1 << 64) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _one(number: int, kind: Any, value: Any, listed: bool) -> bytes:
    if isinstance(kind, dict):
        body = encoded(kind, value)
    elif kind == "text":
        body = value.encode("utf-8")
        if not body and not listed:
            return b""
    else:
        if kind in ("number", "flag"):
            whole = int(value)
        else:
            prefix, words = kind.split(":")
            whole = words.split(",").index(value[len(prefix) + 1 :].lower()) + 1
        return _varint(number << 3) + _varint(whole) if whole else b""
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def encoded(fields: Fields, json: Dict[str, Any]) -> bytes:
    """A message. A field that the table does not know is a KeyError: what is signed must be all that is said."""
    parts: List[Tuple[int, bytes]] = []
    for name, value in json.items():
        number, listed, kind = fields[name]
        for one in value if listed else [value]:
            parts.append((number, _one(number, kind, one, listed)))
    return b"".join(part for _, part in sorted(parts, key=lambda part: part[0]))
