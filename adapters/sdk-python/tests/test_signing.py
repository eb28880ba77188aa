"""What is signed is all that is said, and nobody else can have said it."""

import base64
import os
import pathlib
import re
import subprocess
import sys

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hedui_department import Department, Signer, failed, found, no_record, pending, record, within_limit, yuan
from hedui_department import wire
from hedui_department.protocol import called
from hedui_department.records import camel
from hedui_department.schema import RECORDS
from hedui_department.signing import make_key

SECRET = bytes(range(32))
KNOWN = "511703198406129811"
OTHER = "11010519491231002X"
PROTO = pathlib.Path(__file__).parents[3] / "proto" / "hedui" / "department" / "v1"


def department(answer, **more):
    return Department("my-department", "部门", "Department", list(RECORDS), answer, signer=Signer("2026", SECRET), **more)


def asked(of):
    subjects = [{"ordinal": i, "idNumber": number, "name": "张建国"} for i, number in enumerate([KNOWN, OTHER])]
    return called(of, "query", {"queryId": "q-1", "subjects": subjects})


def numbers(text, message):
    body = re.search(r"^message %s \{(.*?)^\}" % message, text, re.S | re.M).group(1)
    return {name: int(number) for name, number in re.findall(r"(\w+) = (\d+);", body)}


def snake(name):
    return re.sub("([A-Z])", lambda match: "_" + match.group(1).lower(), name)


def test_the_numbers_of_fields_and_words_are_those_of_the_protocol():
    records = (PROTO / "records.proto").read_text(encoding="utf-8")
    service = (PROTO / "department_service.proto").read_text(encoding="utf-8")
    kinds = numbers(records, "Record")
    messages = dict((field, message) for message, field in re.findall(r"(\w+) (\w+) = \d+;", records))
    assert {snake(name): number for name, (number, _, _) in wire.RECORD.items()} == kinds
    for name in RECORDS:
        fields = wire.RECORD[camel(name)][2]
        assert {snake(f): n for f, (n, _, _) in fields.items()} == numbers(records, messages[name])
    for table, message in [(wire.RESPONSE, "QueryResponse"), (wire.RESULT, "SubjectResult"), (wire.FAILURE, "Failure")]:
        known = numbers(service, message)
        assert all(known[snake(name)] == number for name, (number, _, _) in table.items()), message
    # Words are numbered by their place, from 1.
    for prefix, words in [kind.split(":") for fields in RECORDS.values() for kind in fields.values() if ":" in kind] + [
        wire.STATES.split(":"),
        *(kind.split(":") for _, _, kind in wire.FAILURE.values() if ":" in kind),
    ]:
        for place, word in enumerate(words.split(","), 1):
            assert f"{prefix}_{word.upper()} = {place};" in records + service


def test_an_answer_is_signed_with_its_department_and_holds_nothing_unsigned():
    of = department(lambda person: found(record("vehicle", "V1", kind="car", value="75800.00"), registered_name="张建国"))
    assert base64.b64decode(of.describe()["signingKey"]) == of.signer.public_key
    answer = asked(of)
    assert set(answer) == {"queryId", "signature", "signingKeyId", "signedAnswer"}
    assert (answer["queryId"], answer["signingKeyId"]) == ("q-1", "2026")
    body, signature = base64.b64decode(answer["signedAnswer"]), base64.b64decode(answer["signature"])
    assert "川".encode() not in body and "张建国".encode() in body and KNOWN.encode() in body and b"q-1" in body
    key = Ed25519PublicKey.from_public_bytes(of.signer.public_key)
    message = b"hedui.department.v1 signed answer\nmy-department\n" + body
    key.verify(signature, message)
    for changed in [message.replace(b"my-", b"by-"), message[:-1] + bytes([message[-1] ^ 1]), message + b"\0"]:
        with pytest.raises(InvalidSignature):
            key.verify(signature, changed)


@pytest.mark.parametrize("answer", [no_record(), pending(), failed(), within_limit(yuan("50000")), within_limit(yuan("-0.01"))])
def test_every_answer_can_be_signed(answer):
    assert base64.b64decode(asked(department(lambda person: answer))["signedAnswer"])


def test_what_cannot_be_written_is_not_signed():
    with pytest.raises(KeyError):
        wire.encoded(wire.RESPONSE, {"queryId": "q", "news": 1})


def test_without_a_signer_nothing_is_signed():
    plain = Department("d", "部门", "D", ["vehicle"], lambda person: no_record())
    assert "signingKey" not in plain.describe() and "results" in asked(plain)


def test_a_key_is_made_once_and_read_only_where_nobody_else_may(tmp_path):
    path = tmp_path / "key"
    public = make_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    signer = Signer.from_file("2026", path)
    assert signer.public_key.hex() == public and path.read_text().strip() not in repr(signer)
    with pytest.raises(FileExistsError):
        make_key(path)
    os.chmod(path, 0o640)
    with pytest.raises(PermissionError):
        Signer.from_file("2026", path)
    os.chmod(path, 0o600)
    path.write_text("5ecre7\n")
    with pytest.raises(ValueError) as told:
        Signer.from_file("2026", path)
    assert "5ecre7" not in str(told.value)
    for key_id, secret in [("", SECRET), ("k", b"short")]:
        with pytest.raises(ValueError):
            Signer(key_id, secret)


def test_the_command_makes_a_key(tmp_path):
    command = [sys.executable, "-m", "hedui_department", "make-key", str(tmp_path / "key")]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert re.fullmatch(r'public_key = "[0-9a-f]{64}"\n', made.stdout) and not made.stderr, made
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 1
