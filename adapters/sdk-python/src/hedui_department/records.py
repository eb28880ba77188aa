"""Records of the protocol out of plain values. Leaves which records a person has to the department."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any, Dict, List

from .money import Money, yuan
from .schema import RECORDS

_DATE = re.compile(r"(\d{4})(?:[-/](\d{1,2})(?:[-/](\d{1,2}))?)?\Z")


@dataclass(frozen=True)
class Record:
    """One record of one person, as the protocol writes it."""

    type: str
    json: Dict[str, Any]


def camel(name: str) -> str:
    """The name of a field in proto3-JSON."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def date_json(value: object) -> Dict[str, int]:
    """A date: `datetime.date`, "2019-05-03", or "2019-05" and "2019" where a register keeps no more."""
    if isinstance(value, datetime.datetime):
        value = value.date()
    if isinstance(value, datetime.date):
        return {"year": value.year, "month": value.month, "day": value.day}
    match = _DATE.match(value.strip()) if isinstance(value, str) else None
    if not match:
        raise ValueError('a date is a datetime.date, "2019-05-03", "2019-05" or "2019"')
    year, month, day = (int(part) if part else 0 for part in match.groups())
    datetime.date(year, month or 1, day or 1)
    if month == 0 and match.group(2) or day == 0 and match.group(3):
        raise ValueError("this day does not exist")
    return {"year": year, "month": month, "day": day}


def _value(kind: str, value: object) -> Any:
    if kind == "money":
        return (value if isinstance(value, Money) else yuan(value)).to_json()  # type: ignore[arg-type]
    if kind == "date":
        return date_json(value)
    if kind == "text":
        if not isinstance(value, str):
            raise ValueError("a text")
        return value
    if kind == "flag":
        if not isinstance(value, bool):
            raise ValueError("True or False")
        return value
    if kind == "number":
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("an int")
        return value
    prefix, words = kind.split(":")
    if value not in words.split(","):
        raise ValueError("one of " + ", ".join(words.split(",")))
    return f"{prefix}_{str(value).upper()}"


def record(type: str, reference: str = "", **fields: object) -> Record:
    """A record: `record("vehicle", "V1", kind="car", usage="private", status="normal", value="75800.00")`.

    `reference` is the department's own key and holds no number or name of a person. Amounts are `Money`, or yuan as text; areas are
    hundredths (`area_centiares`, `area_centimu`); `None` leaves a field out; `from_` and `class_` stand for `from` and `class`.

    Raises ValueError that names the type or field which is wrong, never its value.
    """
    known = RECORDS.get(type)
    if known is None:
        raise ValueError(f"{type!r} is no type of record: " + ", ".join(RECORDS))
    body: Dict[str, Any] = {}
    for written, value in fields.items():
        # `from_` and `class_`: words that Python keeps for itself.
        name = written[:-1] if written.endswith("_") else written
        if name not in known:
            raise ValueError(f"{type} has no field {written}: " + ", ".join(known))
        if value is None:
            continue
        try:
            body[camel(name)] = _value(known[name], value)
        except (ValueError, TypeError) as problem:
            raise ValueError(f"{type}.{name}: {problem}") from None
    return Record(type, {"reference": reference, camel(type): body})


def types() -> List[str]:
    """Every type of record."""
    return list(RECORDS)
