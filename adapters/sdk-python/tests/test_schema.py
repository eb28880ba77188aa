"""The table of fields is that of the protocol."""

import pathlib
import re

from hedui_department.schema import RECORDS

PROTO = pathlib.Path(__file__).parents[3] / "proto" / "hedui" / "department" / "v1" / "records.proto"
KINDS = {
    "string": "text",
    "google.type.Money": "money",
    "google.type.Date": "date",
    "bool": "flag",
    "uint32": "number",
    "int64": "number",
}


def test_the_table_is_that_of_the_protocol():
    text = PROTO.read_text(encoding="utf-8")
    enums = {}
    for name, body in re.findall(r"^enum (\w+) \{(.*?)^\}", text, re.S | re.M):
        prefix = re.search(r"([A-Z_]+)_UNSPECIFIED = 0", body).group(1)
        values = re.findall(r"^\s+([A-Z_]+) = [1-9]\d*;", body, re.M)
        enums[name] = prefix + ":" + ",".join(value[len(prefix) + 1 :].lower() for value in values)
    kinds = re.search(r"oneof kind \{(.*?)\}", text, re.S).group(1)
    wanted = {}
    for message, field in re.findall(r"(\w+) (\w+) = \d+;", kinds):
        body = re.search(r"^message %s \{(.*?)^\}" % message, text, re.S | re.M).group(1)
        fields = re.findall(r"^\s+([\w.]+) (\w+) = \d+;", body, re.M)
        wanted[field] = {name: KINDS.get(of) or enums[of] for of, name in fields}
    assert RECORDS == wanted
