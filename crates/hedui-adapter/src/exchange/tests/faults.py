"""A department of the Python kit that breaks one rule: FAULT names it. With a port it serves HTTP, else lines."""

import os
import sys

from hedui_department import Department, Limits, fen, found, identity_mismatch, no_record, record, serve_lines
from hedui_department import protocol
from hedui_department.http import server

FAULT = sys.argv[1]
KNOWN, NAME = sys.argv[2], sys.argv[3]


def answer(person):
    if FAULT == "prints whom it looks for":
        print("looking for", person.id_number)
    if FAULT == "logs whom it looks for":
        print("looking for", person.name, file=sys.stderr, flush=True)
    if FAULT == "knows everybody" and person.id_number != KNOWN:
        return identity_mismatch()
    if FAULT == "cannot take rare characters":
        person.name.encode("gbk")
    if person.id_number != KNOWN:
        return no_record()
    land = record("land", "A1", kind="farmland", annual_rent=fen(12300))
    if FAULT == "counts in tenths of a fen":
        land.json["land"]["annualRent"]["nanos"] += 1_000_000
    return found(land, registered_name="" if FAULT == "does not look at names" else NAME)


good = protocol.called


def called(department, call, request, timeout_ms=30_000):
    if call == "query" and FAULT == "dies of questions that are taken back":
        if request.get("queryId", "").startswith("conformance-cancel"):
            os._exit(1)
    if call == "query" and FAULT == "refuses unknown fields" and any(name.startswith("field") for name in request):
        raise protocol.Failed("INVALID_REQUEST", "the request is malformed", "CONFIG", "BROKER")
    try:
        told = good(department, call, request, timeout_ms)
    except protocol.Failed as problem:
        if FAULT == "repeats who was asked about in a failure":
            problem.json["message"] += " for " + ", ".join(s.get("name", "") for s in request.get("subjects", []))
        raise
    if call == "query" and FAULT == "leaves out the second person" and request["queryId"] == "conformance-everybody":
        del told["results"][1:]
    if call == "query" and FAULT == "answers another question" and request["queryId"] == "conformance-unknown":
        told["queryId"] = "another"
    return told


protocol.called = called
for module in ("hedui_department.lines", "hedui_department.http"):
    sys.modules[module].called = called

department = Department("testing", "测试", "Testing", ["land"], answer, limits=Limits(max_subjects=5, max_concurrent_queries=4))
if len(sys.argv) > 4:
    with server(department) as running:
        print(running.server_address[1], flush=True)
        running.serve_forever()
else:
    serve_lines(department)
