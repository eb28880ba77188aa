"""A department: what it says of itself, whom it is asked about, what it can answer. Leaves transports to `lines`, `http` and `grpc`."""

from __future__ import annotations

import base64
import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence

from .money import Money
from .records import Record, date_json
from .schema import RECORDS

if TYPE_CHECKING:
    from .signing import Signer


@dataclass(frozen=True)
class Person:
    """A person asked about."""

    ordinal: int
    id_number: str = field(repr=False)
    name: str = field(repr=False)
    legacy_id_number: str = field(default="", repr=False)


@dataclass(frozen=True)
class Question:
    """A question about one household."""

    query_id: str
    purpose: str
    district_code: str
    people: Sequence[Person]
    record_types: Sequence[str]
    timeout_ms: int


@dataclass(frozen=True)
class Answer:
    """What is said of one person."""

    state: str
    records: Sequence[Record] = ()
    registered_name: str = ""
    data_on: Optional[object] = None
    notes: Sequence[str] = ()
    limit: Optional[Money] = None
    failure: Optional[Dict[str, str]] = None
    due_at: Optional[datetime.datetime] = None

    def to_json(self, person: Person) -> Dict[str, Any]:
        """`SubjectResult`."""
        json: Dict[str, Any] = {
            "ordinal": person.ordinal,
            "idNumber": person.id_number,
            "state": f"RESULT_STATE_{self.state}",
        }
        if self.records:
            json["records"] = [record.json for record in self.records]
        if self.registered_name:
            json["registeredName"] = self.registered_name
        if self.data_on is not None:
            json["dataOn"] = date_json(self.data_on)
        if self.notes:
            json["notes"] = list(self.notes)
        if self.limit is not None:
            json["limit"] = self.limit.to_json()
        if self.failure is not None:
            json["failure"] = self.failure
        if self.due_at is not None:
            json["dueAt"] = self.due_at.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        return json


def found(*records: Record, registered_name: str = "", data_on: Optional[object] = None, notes: Sequence[str] = ()) -> Answer:
    """The register holds these records, under this name, as of this day."""
    if not records:
        raise ValueError("found() needs a record: without any it is no_record()")
    return Answer("FOUND", records, registered_name, data_on, notes)


def no_record(data_on: Optional[object] = None) -> Answer:
    """The register holds nothing of this person. Never say so of what could not be found out."""
    return Answer("NO_RECORD", data_on=data_on)


def over_limit(limit: Optional[Money] = None) -> Answer:
    """The person's balance is over the threshold: for departments that answer no more."""
    return Answer("OVER_LIMIT", limit=limit)


def within_limit(limit: Optional[Money] = None) -> Answer:
    """The person's balance is within the threshold: for departments that answer no more."""
    return Answer("WITHIN_LIMIT", limit=limit)


def identity_mismatch() -> Answer:
    """The number is in the register, under another name. `found(..., registered_name=...)` says so by itself."""
    return Answer("IDENTITY_MISMATCH")


#: No answer is promised for later than this; hedui takes such a promise for a failure.
LONGEST_PROMISE = datetime.timedelta(days=366)


def pending(due_at: Optional[datetime.datetime] = None) -> Answer:
    """A person or a batch answers later: until then, where that can be promised. A moment with its zone, to come, within 366 days."""
    if due_at is not None:
        if due_at.utcoffset() is None:
            raise ValueError("due_at: a moment has a zone")
        left = due_at - datetime.datetime.now(datetime.timezone.utc)
        if not datetime.timedelta(0) < left <= LONGEST_PROMISE:
            raise ValueError("due_at: is over, or more than 366 days away")
    return Answer("PENDING", due_at=due_at)


def failure_json(reason: str, message: str, kind: str = "SYSTEM", origin: str = "DEPARTMENT") -> Dict[str, str]:
    """`Failure`."""
    return {
        "class": f"FAILURE_CLASS_{kind}",
        "origin": f"FAILURE_ORIGIN_{origin}",
        "reason": reason,
        "message": message,
    }


def failed(reason: str = "SOURCE_ERROR", message: str = "the department's source reports an error", kind: str = "SYSTEM") -> Answer:
    """It could not be found out. `kind`: CONFIG, TRANSIENT or SYSTEM; neither text may name a person."""
    return Answer("FAILED", failure=failure_json(reason, message, kind))


class Failed(Exception):
    """A failure of the whole question, with a stable reason; its text must name nobody."""

    def __init__(self, reason: str, message: str, kind: str = "SYSTEM", origin: str = "DEPARTMENT", field: str = "") -> None:
        super().__init__(reason)
        self.json = failure_json(reason, message, kind, origin)
        #: The field of the request that is wrong, where one is.
        self.field = field


@dataclass(frozen=True)
class Limits:
    """How much the department can take."""

    max_subjects: int = 20
    max_concurrent_queries: int = 8
    max_response_bytes: int = 1 << 20


@dataclass(frozen=True)
class Department:
    """A department. `answer` is called for each person; `check` raises where the source cannot be used; a `signer` signs what is answered."""

    id: str
    name_zh: str
    name_en: str
    record_types: List[str]
    answer: Callable[[Person], Answer]
    check: Optional[Callable[[], None]] = None
    freshness_seconds: int = 86_400
    limits: Limits = Limits()
    build: str = "0"
    signer: Optional["Signer"] = None

    def __post_init__(self) -> None:
        for name in self.record_types:
            if name not in RECORDS:
                raise ValueError(f"{name!r} is no type of record: " + ", ".join(RECORDS))

    def describe(self) -> Dict[str, Any]:
        """`DescribeResponse`."""
        described: Dict[str, Any] = {
            "department": self.id,
            "nameZh": self.name_zh,
            "nameEn": self.name_en,
            "protocolVersions": ["v1"],
            "recordTypes": [f"RECORD_TYPE_{name.upper()}" for name in self.record_types],
            "lookupKeys": ["LOOKUP_KEY_ID_NUMBER", "LOOKUP_KEY_NAME"],
            "limits": {
                "maxSubjects": self.limits.max_subjects,
                "maxConcurrentQueries": self.limits.max_concurrent_queries,
                "maxResponseBytes": self.limits.max_response_bytes,
            },
            "freshnessSeconds": str(self.freshness_seconds),
            "checks": ["source"],
            "build": self.build,
        }
        if self.signer is not None:
            described["signingKey"] = base64.b64encode(self.signer.public_key).decode("ascii")
        return described
