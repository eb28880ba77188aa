"""One call in proto3-JSON, however it came here. Leaves reading and writing it to the transports."""

from __future__ import annotations

import re
import sys
import traceback
from typing import Any, Dict, List

from .department import Answer, Department, Failed, Person, Question, failed, failure_json

_ID = re.compile(r"\d{17}[\dX]\Z")
_WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def invalid(field: str) -> Failed:
    """A request that is none, by its field."""
    return Failed("INVALID_REQUEST", f"the request is malformed: {field}", "CONFIG", "BROKER", field)


def valid_id(number: object) -> bool:
    """Whether a text is a resident ID of 18 characters with its check character (GB 11643)."""
    if not isinstance(number, str) or not _ID.match(number):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS))
    return "10X98765432"[total % 11] == number[17]


def _question(department: Department, query: Any, timeout_ms: int) -> Question:
    if not isinstance(query, dict) or not query.get("queryId"):
        raise invalid("query_id")
    subjects = query.get("subjects") or []
    if not isinstance(subjects, list) or not subjects:
        raise invalid("subjects")
    people: List[Person] = []
    for subject in subjects:
        ordinal = subject.get("ordinal", 0) if isinstance(subject, dict) else None
        if not isinstance(ordinal, int) or not valid_id(subject.get("idNumber")):
            raise invalid("subjects")
        if any(person.ordinal == ordinal for person in people):
            raise invalid("subjects")
        people.append(Person(ordinal, subject["idNumber"], subject.get("name", ""), subject.get("legacyIdNumber", "")))
    if len(people) > department.limits.max_subjects:
        raise Failed("TOO_MANY_SUBJECTS", "more persons than the department takes in one query", "CONFIG", "BROKER")
    types = [str(name).replace("RECORD_TYPE_", "").lower() for name in query.get("recordTypes") or []]
    if types and not any(name in department.record_types for name in types):
        raise Failed("RECORD_TYPES_NOT_HELD", "the department holds none of the types of record asked for", "CONFIG", "BROKER")
    return Question(query["queryId"], query.get("purpose", ""), query.get("districtCode", ""), people, types, timeout_ms)


def _one(department: Department, person: Person, types: object) -> Dict[str, Any]:
    try:
        answer = department.answer(person)
        if answer.state == "FOUND" and types:
            kept = [record for record in answer.records if record.type in types]  # type: ignore[operator]
            if kept:
                answer = Answer("FOUND", kept, answer.registered_name, answer.data_on, answer.notes)
            else:
                answer = Answer("NO_RECORD", registered_name=answer.registered_name, data_on=answer.data_on)
        return answer.to_json(person)
    except Failed as problem:
        return Answer("FAILED", failure=problem.json).to_json(person)
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return failed("SOURCE_ERROR", "the department's source reports an error").to_json(person)


def called(department: Department, call: str, request: Any, timeout_ms: int = 30_000) -> Dict[str, Any]:
    """The answer to `describe`, `check` or `query`. Raises Failed where the whole call is refused."""
    if call == "describe":
        return department.describe()
    if call == "check":
        name = request.get("check", "") if isinstance(request, dict) else ""
        if name not in ("", "source"):
            return {"results": [_result(name, "FAIL", "there is no such check")]}
        return {"results": [_check(department)]}
    if call == "query":
        question = _question(department, request, timeout_ms)
        results = [_one(department, person, question.record_types) for person in question.people]
        answer: Dict[str, Any] = {"queryId": question.query_id, "results": results}
        return answer if department.signer is None else department.signer.sign(department.id, answer)
    raise invalid("there is no such call")


def _result(check: str, outcome: str, message: str) -> Dict[str, str]:
    return {"check": check, "outcome": f"CHECK_OUTCOME_{outcome}", "message": message}


def _check(department: Department) -> Dict[str, str]:
    try:
        if department.check is not None:
            department.check()
        return _result("source", "PASS", "the source can be used")
    except Exception:
        traceback.print_exc(file=sys.stderr)
        return _result("source", "FAIL", "the source cannot be used; see the program's log")


def refused(problem: Exception) -> Dict[str, str]:
    """The failure of a whole call; what is not foreseen is told to the log only."""
    if isinstance(problem, Failed):
        return problem.json
    traceback.print_exception(type(problem), problem, problem.__traceback__, file=sys.stderr)
    return failure_json("CONNECTOR_PANICKED", "the plugin failed unexpectedly", "SYSTEM", "ADAPTER")
