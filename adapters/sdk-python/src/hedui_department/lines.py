"""A department over standard input and output, one JSON object a line. Leaves the meaning of a call to `protocol`."""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any, Dict, Optional

from .department import Department, failure_json
from .protocol import called, refused

#: The longest question, 4 MiB.
MAX_LINE = 4 << 20
#: Questions that wait or run.
MAX_UNDER_WAY = 4_096


def serve_lines(department: Department, source: Optional[IO[bytes]] = None, sink: Optional[IO[bytes]] = None) -> None:
    """Answers until the input ends. Questions run in threads, as many at once as the department's limits say."""
    reading = source if source is not None else sys.stdin.buffer
    writing = sink if sink is not None else sys.stdout.buffer
    # Whatever else prints goes to the log: a line on the output would be an answer.
    if sink is None:
        sys.stdout = sys.stderr
    lock = threading.Lock()
    running: Dict[str, "Future[None]"] = {}

    def say(answer: Dict[str, Any]) -> None:
        line = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8") + b"\n"
        with lock:
            writing.write(line)
            writing.flush()

    def work(question: Dict[str, Any]) -> None:
        answer: Dict[str, Any] = {"id": question["id"]}
        try:
            call = next((name for name in ("describe", "check", "query") if name in question), "")
            answer["answer"] = called(department, call, question.get(call), question.get("timeoutMs", 30_000))
        except Exception as problem:
            answer["failure"] = refused(problem)
        say(answer)

    with ThreadPoolExecutor(max_workers=max(1, department.limits.max_concurrent_queries)) as pool:
        while True:
            line = reading.readline(MAX_LINE + 1)
            if not line or len(line) > MAX_LINE:
                return
            try:
                question = json.loads(line)
            except ValueError:
                continue
            if not isinstance(question, dict) or not isinstance(question.get("id"), str):
                continue
            waiting = running.pop(question["id"], None)
            if "cancel" in question:
                if waiting is not None:
                    waiting.cancel()
                continue
            for key in [key for key, future in running.items() if future.done()]:
                del running[key]
            if len(running) >= MAX_UNDER_WAY:
                say({"id": question["id"], "failure": failure_json("OVERLOADED", "too many questions", "TRANSIENT", "ADAPTER")})
                continue
            running[question["id"]] = pool.submit(work, question)
