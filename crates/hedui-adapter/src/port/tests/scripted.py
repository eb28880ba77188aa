"""The scripted department of the ports' contract, as a program that knows nothing but JSON and lines."""

import json
import sys

for line in sys.stdin:
    question = json.loads(line)
    query = question.get("query")
    if query is None:
        continue
    behaviour = query["queryId"].split("-")[0]
    answer = {"id": question["id"]}
    if behaviour == "silent":
        continue
    if behaviour in ("fail", "panic"):
        reason = {"fail": "SOURCE_UNAVAILABLE", "panic": "CONNECTOR_PANICKED"}[behaviour]
        answer["failure"] = {"class": 2, "origin": "FAILURE_ORIGIN_DEPARTMENT", "reason": reason, "message": "no"}
    else:
        results = [
            {"ordinal": s.get("ordinal", 0), "idNumber": s["idNumber"], "state": "RESULT_STATE_NO_RECORD"}
            for s in query["subjects"]
        ]
        results[0]["notes"] = [query["queryId"]]
        if behaviour == "short":
            results.pop()
        answer["answer"] = {"queryId": query["queryId"], "results": results}
    print(json.dumps(answer), flush=True)
