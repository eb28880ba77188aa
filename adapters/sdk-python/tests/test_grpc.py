"""Over gRPC a department says what it says over lines and HTTP; errors have stable reasons, and nothing waits for what nobody waits for."""

import base64
import datetime
import json
import pathlib
import queue
import re
import threading

import grpc
import pytest

from hedui_department import Department, Failed, Limits, Signer, found, no_record, pending, record, wire
from hedui_department import grpc as served
from hedui_department.protocol import called

KNOWN = "511703198406129811"
OTHER = "11010519491231002X"
NAME = "张建国"
PROTO = pathlib.Path(__file__).parents[3] / "proto" / "hedui" / "department" / "v1"
PATIENCE = 20
METHODS = "/hedui.department.v1.DepartmentService/"


def answer(person):
    if person.name == "boom":
        raise RuntimeError(f"no row for {person.id_number}")
    if person.name == "busy":
        raise Failed("SOURCE_TIMEOUT", "the register is asleep", "TRANSIENT")
    if person.id_number != KNOWN:
        return no_record("2019-06-30")
    vehicle = record("vehicle", "V1", plate="川S12345", kind="car", registered_on="2017-03", value="-75800.01")
    return found(vehicle, registered_name=NAME, notes=["one", "two"])


def department(of=answer, **more):
    return Department("d", "部门", "Department", ["vehicle", "land"], of, **{"limits": Limits(max_subjects=3), **more})


class Asker:
    """A client of raw bytes."""

    def __init__(self, serving):
        self.channel = grpc.insecure_channel(f"127.0.0.1:{serving.port}")

    def call(self, method, body=b"", timeout=PATIENCE):
        return self.channel.unary_unary(method if "/" in method else METHODS + method)(body, timeout=timeout)

    def refused(self, method, body=b"", timeout=PATIENCE):
        with pytest.raises(grpc.RpcError) as told:
            self.call(method, body, timeout)
        return told.value


@pytest.fixture
def asked():
    opened = []

    def open(of=None, **more):
        serving = served.server(of or department(**more))
        opened.append((serving, Asker(serving)))
        return opened[-1]

    yield open
    for serving, asker in opened:
        asker.channel.close()
        serving.stop(0)


def question(*people, **more):
    subjects = [{"ordinal": i, "idNumber": number, "name": name} for i, (number, name) in enumerate(people)]
    return {"queryId": "q", "purpose": "dibao", "asOf": {"year": 2019, "month": 7, "day": 1}, "subjects": subjects, **more}


def details(error):
    status = dict(error.trailing_metadata())["grpc-status-details-bin"]
    read = wire.decoded(served._STATUS, status)
    told = {}
    for one in read["details"]:
        fields = served._ERROR_INFO if one["typeUrl"].endswith("ErrorInfo") else served._BAD_REQUEST
        told.update(wire.decoded(fields, base64.b64decode(one["value"])))
    return read["code"], told


def numbers(text, message):
    body = re.search(r"^message %s \{(.*?)^\}" % message, text, re.S | re.M).group(1)
    return {name: int(number) for name, number in re.findall(r"(\w+) = (\d+);", body)}


def snake(name):
    return re.sub("([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def test_the_tables_of_requests_and_descriptions_are_those_of_the_protocol():
    records = (PROTO / "records.proto").read_text(encoding="utf-8")
    service = (PROTO / "department_service.proto").read_text(encoding="utf-8")
    passed_over = {"QueryRequest": {"hops", "letters", "asked_as"}}
    for table, message in [
        (wire.QUERY, "QueryRequest"),
        (wire.SUBJECT, "Subject"),
        (wire.RESPONSE, "QueryResponse"),
        (wire.RESULT, "SubjectResult"),
        (wire.DESCRIPTION, "DescribeResponse"),
        (wire.DESCRIPTION["limits"][2], "Limits"),
        (wire.CHECK, "CheckRequest"),
        (wire.CHECKED, "CheckResponse"),
        (wire.CHECK_RESULT, "CheckResult"),
        (wire.STREAM_REQUEST, "QueryStreamRequest"),
        (wire.STREAM_QUERY, "StreamQuery"),
        (wire.STREAM_RESPONSE, "QueryStreamResponse"),
        (wire.STREAM_ANSWER, "StreamAnswer"),
    ]:
        known = {name: number for name, number in numbers(service, message).items() if name not in passed_over.get(message, ())}
        assert {snake(name): number for name, (number, _, _) in table.items()} == known, message
        lists = set(re.findall(r"repeated [\w.]+ (\w+) = ", re.search(r"^message %s \{(.*?)^\}" % message, service, re.S | re.M).group(1)))
        assert {snake(name) for name, (_, listed, _) in table.items() if listed} == lists - passed_over.get(message, set())
    for prefix, words in [kind.split(":") for table in (wire.QUERY, wire.DESCRIPTION, wire.CHECK_RESULT) for _, _, kind in table.values() if ":" in kind]:
        for place, word in enumerate(words.split(","), 1):
            assert f"{prefix}_{word.upper()} = {place};" in records + service


def test_what_is_written_is_read_again():
    asked = question((KNOWN, NAME), (OTHER, "李"), recordTypes=["RECORD_TYPE_VEHICLE"], authorizationDigest=base64.b64encode(b"\0\xff").decode())
    body = wire.encoded(wire.QUERY, asked)
    asked["subjects"][0].pop("ordinal")
    assert wire.decoded(wire.QUERY, body) == asked
    # A field of a later version, numbers packed and by themselves, a word of a later version.
    more = body + b"\xc2\x3e\x01x" + b"\x4a\x02\x01\x7f" + b"\x48\x02"
    known = ["RECORD_TYPE_VEHICLE", "RECORD_TYPE_REGISTRATION", 127, "RECORD_TYPE_MARRIAGE"]
    assert wire.decoded(wire.QUERY, more)["recordTypes"] == known
    for cut in range(1, len(body)):
        try:
            wire.decoded(wire.QUERY, body[:cut])
        except ValueError as told:
            assert KNOWN not in str(told)


@pytest.mark.parametrize("garbage", [b"\xff", b"\x0a\x05ab", b"\x80" * 11, b"\x0a\x02\xff\xfe", b"\x08\x01", b"\x0b", b"\x00\x00", b"\x42\x02\x0a\x00"])
def test_bytes_that_are_no_question_are_refused_with_their_field(asked, garbage):
    _, asker = asked()
    error = asker.refused("Query", garbage)
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    code, told = details(error)
    assert (code, told["reason"], told["domain"]) == (3, "INVALID_REQUEST", "hedui.department.v1")
    assert told["fieldViolations"][0]["field"] in ("query", "query_id", "subjects")


@pytest.mark.parametrize(
    "people, code, reason",
    [
        ([], grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ([(KNOWN[:-1] + "2", "x")], grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST"),
        ([(KNOWN, "x")] * 4, grpc.StatusCode.INVALID_ARGUMENT, "TOO_MANY_SUBJECTS"),
    ],
)
def test_a_refusal_has_a_code_and_a_reason_and_names_nobody(asked, people, code, reason):
    _, asker = asked()
    error = asker.refused("Query", wire.encoded(wire.QUERY, question(*people)))
    assert (error.code(), details(error)[1]["reason"]) == (code, reason)
    assert KNOWN[:15] not in repr(error) and KNOWN[:15].encode() not in dict(error.trailing_metadata())["grpc-status-details-bin"]
    unheld = question((KNOWN, NAME), recordTypes=["RECORD_TYPE_INCOME"])
    error = asker.refused("Query", wire.encoded(wire.QUERY, unheld))
    assert (error.code(), details(error)[1]["reason"]) == (grpc.StatusCode.FAILED_PRECONDITION, "RECORD_TYPES_NOT_HELD")


def test_calls_and_stream_say_what_the_other_transports_say(asked, capsys):
    of = department()
    _, asker = asked(of)
    for people in [[(KNOWN, NAME)], [(OTHER, "李"), (KNOWN, "boom"), (KNOWN, NAME)], [(KNOWN, "busy")], [(KNOWN, "别人")]]:
        people = [(number, name) for number, name in people]
        said = json.loads(json.dumps(called(of, "query", question(*people))))
        body = wire.encoded(wire.RESPONSE, said)
        assert asker.call("Query", wire.encoded(wire.QUERY, question(*people))) == body
        frame = wire.encoded(wire.STREAM_RESPONSE, {"answers": [{"id": 7, "response": said}]})
        assert list(stream(asker, [asking(7, people)])) == [frame]
    described = wire.decoded(wire.DESCRIPTION, asker.call("Describe"))
    expected = of.describe()
    assert described == {**expected, "freshnessSeconds": int(expected["freshnessSeconds"])}
    assert wire.decoded(wire.CHECKED, asker.call("Check")) == called(of, "check", {})
    named = wire.encoded(wire.CHECK, {"check": "nothing"})
    assert wire.decoded(wire.CHECKED, asker.call("Check", named)) == called(of, "check", {"check": "nothing"})
    capsys.readouterr()


def asking(id, people, timeout_ms=PATIENCE * 1_000):
    query = wire.encoded(wire.QUERY, question(*people))
    head = wire.encoded(wire.table(("id", "number"), ("timeout_ms", "number")), {"id": id, "timeoutMs": timeout_ms})
    return b"\x0a" + wire._varint(len(head) + 1 + len(wire._varint(len(query))) + len(query)) + head + b"\x1a" + wire._varint(len(query)) + query


def stream(asker, frames):
    return asker.channel.stream_stream(METHODS + "QueryStream")(iter(frames), timeout=PATIENCE)


def answers(frames):
    told = {}
    for frame in frames:
        for one in wire.decoded(wire.STREAM_RESPONSE, frame)["answers"]:
            assert one.get("id", 0) not in told
            told[one.get("id", 0)] = one
    return told


def test_a_stream_answers_every_question_once_and_a_broken_one_by_itself(asked):
    _, asker = asked(limits=Limits(max_subjects=3, max_concurrent_queries=4))
    many = b"".join(asking(id, [(KNOWN, NAME)]) for id in range(200))
    broken = b"\x0a\x07\x08\xe9\x07\x1a\x02\xff\xff"
    told = answers(stream(asker, [many + broken, asking(500, [(OTHER, "李")] * 4), asking(501, [(OTHER, "李")])]))
    assert set(told) == set(range(200)) | {500, 501, 1001}
    assert all(told[id]["response"]["results"][0]["state"] == "RESULT_STATE_FOUND" for id in range(200))
    assert told[1001]["failure"]["reason"] == "INVALID_REQUEST"
    assert told[500]["failure"]["reason"] == "TOO_MANY_SUBJECTS"
    assert told[501]["response"]["results"][0]["state"] == "RESULT_STATE_NO_RECORD"
    with pytest.raises(grpc.RpcError) as refusal:
        list(stream(asker, [b"\x0a\x7f"]))
    assert details(refusal.value)[1]["reason"] == "INVALID_REQUEST"


class Gate:
    """A department that answers when it is let."""

    def __init__(self):
        self.begun, self.open = queue.Queue(), threading.Event()

    def answer(self, person):
        self.begun.put(person.name)
        assert self.open.wait(PATIENCE)
        return no_record()


def test_what_nobody_waits_for_any_more_is_not_asked(asked):
    gate = Gate()
    _, asker = asked(department(gate.answer, limits=Limits(max_subjects=3, max_concurrent_queries=1)))
    held = asker.channel.unary_unary(METHODS + "Query").future(wire.encoded(wire.QUERY, question((KNOWN, "held"))), timeout=PATIENCE)
    assert gate.begun.get(timeout=PATIENCE) == "held"
    # The only place is taken: questions of a stream wait, one of them is taken back; the last one is none and says that all were read.
    frames = queue.Queue()
    frames.put(asking(1, [(KNOWN, "taken back")]) + asking(2, [(KNOWN, "late")], timeout_ms=1) + asking(3, [(KNOWN, "kept")]))
    frames.put(b"\x10\x01")
    frames.put(b"\x0a\x06\x08\x04\x1a\x02\xff\xff")
    replies = stream(asker, iter(frames.get, None))
    told = answers([next(replies)])
    assert told[4]["failure"]["reason"] == "INVALID_REQUEST" and len(told) == 1
    # A call that waits until its time is over.
    error = asker.refused("Query", wire.encoded(wire.QUERY, question((KNOWN, "late"))), timeout=0.2)
    assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    gate.open.set()
    assert wire.decoded(wire.RESPONSE, held.result())["results"][0]["state"] == "RESULT_STATE_NO_RECORD"
    frames.put(None)
    told = answers(replies)
    assert set(told) == {2, 3}
    assert told[2]["failure"]["reason"] == "DEADLINE_EXCEEDED"
    assert told[3]["response"]["results"][0]["state"] == "RESULT_STATE_NO_RECORD"
    names = [gate.begun.get() for _ in range(gate.begun.qsize())]
    assert names == ["kept"]


def test_streams_have_a_limit_and_give_their_place_back(asked):
    _, asker = asked()
    held = [queue.Queue() for _ in range(served.MAX_STREAMS)]
    open_streams = []
    for frames in held:
        frames.put(asking(1, [(KNOWN, NAME)]))
        replies = stream(asker, iter(frames.get, None))
        assert next(replies)
        open_streams.append(replies)
    with pytest.raises(grpc.RpcError) as refusal:
        list(stream(asker, [asking(1, [(KNOWN, NAME)])]))
    assert (refusal.value.code(), details(refusal.value)[1]["reason"]) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")
    # Calls go on beside them.
    assert asker.call("Describe")
    for frames, replies in zip(held, open_streams):
        frames.put(None)
        assert list(replies) == []
    assert len(answers(stream(asker, [asking(1, [(KNOWN, NAME)])]))) == 1


def test_health_follows_the_life_of_the_service(asked):
    serving, asker = asked()
    check, watch = "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"
    for service in ("", served.SERVICE):
        body = wire.encoded(served._HEALTH, {"service": service})
        assert asker.call(check, body) == b"\x08\x01"
    unknown = wire.encoded(served._HEALTH, {"service": "other"})
    assert asker.refused(check, unknown).code() == grpc.StatusCode.NOT_FOUND
    watching = asker.channel.unary_stream(watch)(b"", timeout=PATIENCE)
    assert next(watching) == b"\x08\x01"
    frames = queue.Queue()
    frames.put(asking(1, [(KNOWN, NAME)]))
    replies = stream(asker, iter(frames.get, None))
    assert next(replies)
    serving.stop()
    assert list(watching) == [b"\x08\x02"]
    # An open stream does not keep it alive.
    assert list(replies) == []
    frames.put(None)
    assert asker.refused("Describe").code() == grpc.StatusCode.UNAVAILABLE


def test_a_signed_answer_is_the_same_over_grpc(asked):
    of = department(signer=Signer("2026", bytes(range(32))))
    _, asker = asked(of)
    said = called(of, "query", question((KNOWN, NAME)))
    told = wire.decoded(wire.RESPONSE, asker.call("Query", wire.encoded(wire.QUERY, question((KNOWN, NAME)))))
    assert told == said and set(told) == {"queryId", "signature", "signingKeyId", "signedAnswer"}
    assert wire.decoded(wire.DESCRIPTION, asker.call("Describe"))["signingKey"] == of.describe()["signingKey"]


def test_an_answer_is_promised_for_a_time_to_come_or_it_is_a_slip():
    zone = datetime.timezone(datetime.timedelta(hours=8))
    soon = datetime.datetime.now(zone).replace(microsecond=0) + datetime.timedelta(days=3)
    told = pending(soon).to_json(type("P", (), {"ordinal": 0, "id_number": KNOWN}))
    assert datetime.datetime.fromisoformat(told["dueAt"].replace("Z", "+00:00")) == soon
    written = wire.encoded(wire.RESULT, told)
    seconds = dict(wire.raw_fields(dict(wire.raw_fields(written))[10]))[1]
    assert seconds == int(soon.timestamp())
    for bad in [soon.replace(tzinfo=None), soon - datetime.timedelta(days=4), soon + datetime.timedelta(days=400)]:
        with pytest.raises(ValueError) as slip:
            pending(bad)
        assert str(slip.value).startswith("due_at: ")


@pytest.mark.parametrize("text, seconds, nanos", [("2026-11-22T10:00:00+08:00", 1_795_312_800, 0), ("2026-11-21T21:00:00.5-05:00", 1_795_312_800, 500_000_000)])
def test_a_moment_is_written_with_its_zone(text, seconds, nanos):
    body = dict(wire.raw_fields(wire.encoded(wire.RESULT, {"dueAt": text})))[10]
    fields = dict(wire.raw_fields(body))
    assert (fields[1], fields.get(2, 0)) == (seconds, nanos)
    for bad in [text[:19], text[:10], "soon", "2026-02-30T10:00:00Z"]:
        with pytest.raises(ValueError):
            wire.encoded(wire.RESULT, {"dueAt": bad})


def test_a_port_that_is_taken_is_an_error_and_not_half_of_the_questions(asked):
    serving, _ = asked()
    with pytest.raises((OSError, RuntimeError)):
        served.server(department(), serving.port)
