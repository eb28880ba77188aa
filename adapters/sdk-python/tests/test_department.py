"""What a department says is what the protocol means, and a slip is told without anybody's data."""

import datetime
import io
import json
import threading
import urllib.error
import urllib.request
from decimal import Decimal

import pytest

from hedui_department import (
    Answer,
    Department,
    Failed,
    Limits,
    fen,
    found,
    no_record,
    record,
    serve_lines,
    wan_yuan,
    yuan,
)
from hedui_department.http import server
from hedui_department.protocol import called, valid_id

KNOWN = "511703198406129811"
OTHER = "11010519491231002X"
NAME = "张建国"


def answer(person):
    if person.name == "boom":
        raise RuntimeError(f"no row for {person.id_number}")
    if person.id_number != KNOWN:
        return no_record()
    return found(record("vehicle", "V1", kind="car", usage="private", status="normal", value="75800.00"), registered_name=NAME)


DEPARTMENT = Department("d", "部门", "Department", ["vehicle"], answer, limits=Limits(max_subjects=3))


def query(*people, **more):
    subjects = [{"ordinal": i, "idNumber": number, "name": name} for i, (number, name) in enumerate(people)]
    return {"queryId": "q", "subjects": subjects, **more}


@pytest.mark.parametrize("cents", [0, 1, 99, 100, -1, -100, -12345, 10**15])
def test_money_is_exact_both_ways(cents):
    money = fen(cents)
    sent = money.to_json()
    assert int(sent["units"]) * 100 + sent["nanos"] // 10_000_000 == cents
    assert yuan(str(money.yuan)) == money == yuan(money.yuan)


@pytest.mark.parametrize("bad", ["", "x", "1.005", 7.58, True, "NaN", "Infinity", None])
def test_what_is_no_exact_amount_is_refused(bad):
    with pytest.raises((ValueError, TypeError)):
        yuan(bad)


def test_units():
    assert wan_yuan("7.58") == yuan(75_800) == yuan(Decimal("75800.00")) == fen(7_580_000)


def test_a_slip_names_the_field_and_never_the_value():
    for fields, place in [
        ({"plat": "川S"}, "plat"),
        ({"kind": "秘密"}, "vehicle.kind"),
        ({"value": 7.5}, "vehicle.value"),
        ({"registered_on": "2019-02-30"}, "vehicle.registered_on"),
        ({"registered_on": "2019-00-03"}, "vehicle.registered_on"),
        ({"plate": 5}, "vehicle.plate"),
    ]:
        with pytest.raises(ValueError) as told:
            record("vehicle", "V1", **fields)
        assert place in str(told.value) and "秘密" not in str(told.value)
    with pytest.raises(ValueError):
        record("spaceship")


def test_words_that_python_keeps_for_itself_have_an_underscore():
    assert record("enrolment", from_="2019").json["enrolment"] == {"from": {"year": 2019, "month": 0, "day": 0}}
    assert record("registration", class_="rural").json["registration"] == {"class": "REGISTRATION_CLASS_RURAL"}
    with pytest.raises(ValueError):
        record("registration", class__="rural")


def test_dates():
    for value in ["2019-05-03", "2019/5/3", datetime.date(2019, 5, 3), datetime.datetime(2019, 5, 3, 7)]:
        got = record("vehicle", registered_on=value).json["vehicle"]["registeredOn"]
        assert got == {"year": 2019, "month": 5, "day": 3}
    assert record("vehicle", registered_on="2019").json["vehicle"]["registeredOn"] == {"year": 2019, "month": 0, "day": 0}


def test_everybody_is_answered_in_their_order_and_a_mistake_is_a_failure_that_names_nobody(capsys):
    told = called(DEPARTMENT, "query", query((OTHER, "李"), (KNOWN, NAME), (KNOWN[:-1] + "1", "boom")))
    states = [result["state"] for result in told["results"]]
    assert states == ["RESULT_STATE_NO_RECORD", "RESULT_STATE_FOUND", "RESULT_STATE_FAILED"]
    assert [result["ordinal"] for result in told["results"]] == [0, 1, 2]
    assert KNOWN not in json.dumps(told["results"][2]["failure"])


def test_types_that_were_not_asked_for_are_left_out():
    with pytest.raises(Failed):
        called(DEPARTMENT, "query", query((KNOWN, NAME), recordTypes=["RECORD_TYPE_LAND"]))
    both = Department("d", "部", "D", ["vehicle", "land"], answer)
    told = called(both, "query", query((KNOWN, NAME), recordTypes=["RECORD_TYPE_LAND"]))
    assert told["results"][0]["state"] == "RESULT_STATE_NO_RECORD"


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"queryId": "q"},
        query(("1", "x")),
        query((KNOWN[:-1] + "2", "x")),
        query((OTHER.lower(), "x")),
        {"queryId": "q", "subjects": [{"idNumber": KNOWN}, {"idNumber": KNOWN}]},
        query(*[(KNOWN, "x")] * 4),
        {"queryId": "q", "subjects": "all"},
    ],
)
def test_what_is_no_question_is_refused_with_a_reason_that_names_nobody(bad):
    with pytest.raises(Failed) as told:
        called(DEPARTMENT, "query", bad)
    assert told.value.json["reason"] in ("INVALID_REQUEST", "TOO_MANY_SUBJECTS")
    assert KNOWN not in json.dumps(told.value.json)


def test_check_characters():
    assert valid_id(KNOWN) and valid_id(OTHER)
    wrong = [OTHER[:17] + last for last in "0123456789"]
    assert not any(valid_id(number) for number in wrong)


def lines(*questions):
    source = io.BytesIO(b"".join(q if isinstance(q, bytes) else json.dumps(q).encode() + b"\n" for q in questions))
    sink = io.BytesIO()
    serve_lines(DEPARTMENT, source, sink)
    told = [json.loads(line) for line in sink.getvalue().splitlines()]
    return {answer["id"]: answer for answer in told}


def test_lines_answer_each_question_under_its_id_and_pass_over_what_is_none():
    told = lines(
        {"id": "1", "describe": {}},
        b"no json\n",
        b"[1]\n",
        {"describe": {}},
        {"id": "2", "check": {}},
        {"id": "3", "query": query((KNOWN, NAME))},
        {"id": "4", "query": {}},
        {"id": "5", "nothing": {}},
        {"id": "9", "cancel": True},
    )
    assert set(told) == {"1", "2", "3", "4", "5"}
    assert told["1"]["answer"]["department"] == "d"
    assert told["2"]["answer"]["results"][0]["outcome"] == "CHECK_OUTCOME_PASS"
    assert told["3"]["answer"]["results"][0]["registeredName"] == NAME
    assert told["4"]["failure"]["reason"] == told["5"]["failure"]["reason"] == "INVALID_REQUEST"


def test_a_source_that_cannot_be_used_fails_its_check(capsys):
    def broken():
        raise OSError(f"cannot find {KNOWN}")

    department = Department("d", "部", "D", ["vehicle"], answer, check=broken)
    result = called(department, "check", {})["results"][0]
    assert result["outcome"] == "CHECK_OUTCOME_FAIL" and KNOWN not in result["message"]


def test_http_answers_the_same_and_wants_the_token():
    with server(DEPARTMENT, token="secret") as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            address = f"http://127.0.0.1:{running.server_address[1]}/v1/query"

            def post(body, token="secret"):
                headers = {"authorization": f"Bearer {token}"}
                request = urllib.request.Request(address, json.dumps(body).encode(), headers)
                try:
                    with urllib.request.urlopen(request) as response:
                        return response.status, json.load(response)
                except urllib.error.HTTPError as refused:
                    return refused.code, json.load(refused)

            asked = query((KNOWN, NAME), (OTHER, "李"))
            assert post(asked) == (200, called(DEPARTMENT, "query", asked))
            assert post({})[0] == 400 and post({})[1]["failure"]["reason"] == "INVALID_REQUEST"
            assert post(asked, "other")[0] == 401
        finally:
            running.shutdown()
            thread.join()


def test_found_without_records_is_a_mistake():
    with pytest.raises(ValueError):
        found()
    assert isinstance(no_record(), Answer)
