"""A department over gRPC, with the extra `grpc`: calls, the long-lived stream, health. Leaves the meaning of a call to `protocol`, and certificates to
whoever stands in front.

Messages are read and written by `wire`, so that there is no generated code.
"""

from __future__ import annotations

import base64
import queue
import threading
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NoReturn, Optional, Set, Tuple

from . import wire
from .department import Department, Failed, failure_json
from .protocol import called, invalid, refused

SERVICE = "hedui.department.v1.DepartmentService"
#: The domain of the reasons in errors.
DOMAIN = "hedui.department.v1"
#: The largest question or frame of questions, 4 MiB.
MAX_REQUEST = 4 << 20
#: Where nobody says how long they wait.
DEFAULT_SECONDS = 30.0
#: Questions under way on one stream.
MAX_UNDER_WAY = 4_096
#: A frame is sent when it holds so much.
FRAME_BYTES = 64 << 10
#: Streams at once: each keeps a thread. A broker opens one.
MAX_STREAMS = 32
#: Calls at once, streams among them; they wait for a place of the department's own limit, which is less.
MAX_CALLS = 128

_ANY = wire.table(("type_url", "text"), ("value", "bytes"))
_STATUS = wire.table(("code", "number"), ("message", "text"), ("*details", _ANY))
_VIOLATION = wire.table(("field", "text"), ("description", "text"))
_BAD_REQUEST = wire.table(("*field_violations", _VIOLATION))
_ERROR_INFO = wire.table(("reason", "text"), ("domain", "text"))
_HEALTH = wire.table(("service", "text"))
_SERVING = wire.table(("status", "HEALTH:serving,not_serving,service_unknown"))


def _grpc() -> Any:
    try:
        import grpc  # type: ignore
    except ImportError:
        raise ImportError("serving gRPC needs the package grpcio: pip install hedui-department[grpc]") from None
    return grpc


def _code(failure: Dict[str, str]) -> str:
    """The class of error in the codes of gRPC."""
    reason, kind = failure["reason"], failure["class"]
    named = {
        "INVALID_REQUEST": "INVALID_ARGUMENT",
        "TOO_MANY_SUBJECTS": "INVALID_ARGUMENT",
        "SOURCE_TIMEOUT": "DEADLINE_EXCEEDED",
        "DEADLINE_EXCEEDED": "DEADLINE_EXCEEDED",
        "OVERLOADED": "RESOURCE_EXHAUSTED",
    }
    by_kind = {"FAILURE_CLASS_CONFIG": "FAILED_PRECONDITION", "FAILURE_CLASS_TRANSIENT": "UNAVAILABLE"}
    return named.get(reason) or by_kind.get(kind, "INTERNAL")


def _details(code: int, failure: Dict[str, str], field: str) -> bytes:
    """`google.rpc.Status` with the stable reason and the field that is wrong."""

    def detail(name: str, fields: wire.Fields, json: Dict[str, Any]) -> Dict[str, str]:
        value = base64.b64encode(wire.encoded(fields, json)).decode("ascii")
        return {"typeUrl": f"type.googleapis.com/google.rpc.{name}", "value": value}

    details = [detail("ErrorInfo", _ERROR_INFO, {"reason": failure["reason"], "domain": DOMAIN})]
    if field:
        violation = {"field": field, "description": "missing or malformed"}
        details.append(detail("BadRequest", _BAD_REQUEST, {"fieldViolations": [violation]}))
    return wire.encoded(_STATUS, {"code": code, "message": failure["message"], "details": details})


def _read(fields: wire.Fields, body: bytes, field: str) -> Dict[str, Any]:
    try:
        return wire.decoded(fields, body)
    except ValueError:
        raise invalid(field) from None


def _late() -> Failed:
    return Failed("DEADLINE_EXCEEDED", "no answer before the deadline", "TRANSIENT", "DEPARTMENT")


def _overloaded() -> Failed:
    return Failed("OVERLOADED", "too many questions are waiting for this department", "TRANSIENT", "ADAPTER")


class _Service:
    def __init__(self, department: Department) -> None:
        self.department = department
        self.grpc = _grpc()
        concurrent = max(1, department.limits.max_concurrent_queries)
        # Questions that run at once, over all connections.
        self.running = ThreadPoolExecutor(max_workers=concurrent, thread_name_prefix="query")
        self.streams = threading.BoundedSemaphore(MAX_STREAMS)
        self.closing = threading.Event()
        #: What is told when the service ends.
        self.ends: Set[Callable[[], None]] = set()
        self.lock = threading.Lock()

    def refuse(self, context: Any, problem: Exception) -> NoReturn:
        """Ends a call with the status of a failure."""
        failure = refused(problem)
        code = getattr(self.grpc.StatusCode, _code(failure))
        details = _details(code.value[0], failure, getattr(problem, "field", ""))
        context.set_trailing_metadata((("grpc-status-details-bin", details),))
        context.abort(code, failure["message"])
        raise AssertionError("abort raises")

    def call(self, context: Any, work: Callable[[], bytes]) -> bytes:
        try:
            return work()
        except Exception as problem:
            self.refuse(context, problem)

    def describe(self, _: bytes, context: Any) -> bytes:
        return self.call(context, lambda: wire.encoded(wire.DESCRIPTION, called(self.department, "describe", {})))

    def check(self, body: bytes, context: Any) -> bytes:
        def work() -> bytes:
            request = _read(wire.CHECK, body, "check")
            return wire.encoded(wire.CHECKED, called(self.department, "check", request))

        return self.call(context, work)

    def ask(self, query: Dict[str, Any], seconds: float) -> "Future[Dict[str, Any]]":
        """The answer to come. A question whose time is over when its turn comes is not asked any more."""
        deadline = time.monotonic() + seconds

        def work() -> Dict[str, Any]:
            left = deadline - time.monotonic()
            if left <= 0:
                raise _late()
            return called(self.department, "query", query, int(left * 1_000))

        return self.running.submit(work)

    def query(self, body: bytes, context: Any) -> bytes:
        def work() -> bytes:
            query = _read(wire.QUERY, body, "query")
            left = context.time_remaining()
            seconds = DEFAULT_SECONDS if left is None else min(left, threading.TIMEOUT_MAX)
            answer = self.ask(query, seconds)
            # Nobody waits for it any more: its place is free unless it runs already.
            context.add_callback(answer.cancel)
            try:
                return wire.encoded(wire.RESPONSE, answer.result(timeout=max(0.0, seconds)))
            except (Late, CancelledError):
                answer.cancel()
                raise _late() from None

        return self.call(context, work)

    def query_stream(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        if self.closing.is_set() or not self.streams.acquire(blocking=False):
            self.refuse(context, _overloaded())
        stream = _Stream(self)
        try:
            with self.told_of_the_end(context, stream.end):
                threading.Thread(target=stream.read, args=(requests,), daemon=True).start()
                yield from stream.frames(context)
        finally:
            stream.end()
            self.streams.release()

    @contextmanager
    def told_of_the_end(self, context: Any, tell: Callable[[], None]) -> Iterator[None]:
        """Tells once the asker is gone, or the service ends."""
        with self.lock:
            self.ends.add(tell)
        try:
            if not context.add_callback(tell) or self.closing.is_set():
                tell()
            yield
        finally:
            with self.lock:
                self.ends.discard(tell)

    def health(self, body: bytes, context: Any) -> bytes:
        status = self.status(body, context)
        if status == "SERVICE_UNKNOWN":
            context.abort(self.grpc.StatusCode.NOT_FOUND, "there is no such service")
        return wire.encoded(_SERVING, {"status": f"HEALTH_{status}"})

    def watch_health(self, body: bytes, context: Any) -> Iterator[bytes]:
        status = self.status(body, context)
        if not self.streams.acquire(blocking=False):
            self.refuse(context, _overloaded())
        try:
            ended = threading.Event()
            with self.told_of_the_end(context, ended.set):
                yield wire.encoded(_SERVING, {"status": f"HEALTH_{status}"})
                ended.wait()
                if status == "SERVING" and self.closing.is_set():
                    yield wire.encoded(_SERVING, {"status": "HEALTH_NOT_SERVING"})
        finally:
            self.streams.release()

    def status(self, body: bytes, context: Any) -> str:
        try:
            service = _read(_HEALTH, body, "service").get("service", "")
        except Failed as problem:
            self.refuse(context, problem)
        if service not in ("", SERVICE):
            return "SERVICE_UNKNOWN"
        return "NOT_SERVING" if self.closing.is_set() else "SERVING"

    def close(self) -> None:
        """Ends the streams, which would otherwise last for ever."""
        self.closing.set()
        with self.lock:
            ends = list(self.ends)
        for tell in ends:
            tell()


class _Stream:
    """One stream: questions come in frames, answers go out as they are ready, in any order."""

    def __init__(self, service: _Service) -> None:
        self.service = service
        #: An id with its answer or failure; a problem of the whole stream; None at its end.
        self.ready: "queue.Queue[Any]" = queue.Queue()
        self.under_way: Dict[int, "Future[Dict[str, Any]]"] = {}
        self.lock = threading.Lock()
        self.read_all = False

    def end(self) -> None:
        """Nobody reads any more."""
        with self.lock:
            waiting = list(self.under_way.values())
        for future in waiting:
            future.cancel()
        self.ready.put(None)

    def read(self, requests: Iterator[bytes]) -> None:
        """Takes questions until the asker ends the stream; those under way are still answered."""
        try:
            for body in requests:
                frame = _read(wire.STREAM_REQUEST, body, "queries")
                for asked in frame.get("queries", []):
                    self.ask(asked)
                for id in frame.get("cancelled", []):
                    with self.lock:
                        future = self.under_way.pop(id, None)
                    if future is not None:
                        future.cancel()
        except Failed as problem:
            # Nobody can say which question was meant.
            self.ready.put(problem)
            return
        except Exception:
            # The connection is gone; grpcio says so by an exception of its own.
            self.ready.put(None)
            return
        with self.lock:
            self.read_all = True
            last = not self.under_way
        if last:
            self.ready.put(None)

    def ask(self, asked: Dict[str, Any]) -> None:
        id = asked.get("id", 0)
        with self.lock:
            full = len(self.under_way) >= MAX_UNDER_WAY
        if full:
            self.ready.put((id, {"failure": refused(_overloaded())}))
            return
        seconds = asked.get("timeoutMs", 0) / 1_000 or DEFAULT_SECONDS
        try:
            future = self.service.ask(_read(wire.QUERY, asked.get("query", b""), "query"), seconds)
        except Failed as problem:
            self.ready.put((id, {"failure": refused(problem)}))
            return
        with self.lock:
            self.under_way[id] = future
        future.add_done_callback(lambda done: self.answered(id, done))

    def answered(self, id: int, done: "Future[Dict[str, Any]]") -> None:
        if not done.cancelled():
            problem = done.exception()
            if problem is None:
                self.ready.put((id, {"response": done.result()}))
            else:
                failed = problem if isinstance(problem, Exception) else RuntimeError("the plugin ends")
                self.ready.put((id, {"failure": refused(failed)}))
        with self.lock:
            if self.under_way.get(id) is done:
                del self.under_way[id]
            last = self.read_all and not self.under_way
        if last:
            self.ready.put(None)

    def frames(self, context: Any) -> Iterator[bytes]:
        """What is ready, as many answers in a frame as there are."""
        while True:
            told = self.ready.get()
            answers: List[bytes] = []
            while isinstance(told, tuple):
                id, outcome = told
                answers.append(wire.encoded(wire.STREAM_RESPONSE, {"answers": [{"id": id, **outcome}]}))
                if sum(map(len, answers)) >= FRAME_BYTES:
                    break
                try:
                    told = self.ready.get_nowait()
                except queue.Empty:
                    break
            if answers:
                # Messages of one kind after each other are one message with the lists of all.
                yield b"".join(answers)
            if told is None:
                return
            if isinstance(told, Exception):
                self.service.refuse(context, told)


class Serving:
    """A department that is being served."""

    def __init__(self, service: _Service, server: Any, port: int) -> None:
        self._service = service
        self._server = server
        #: The port that was bound.
        self.port = port

    def wait(self) -> None:
        """Until it is stopped."""
        self._server.wait_for_termination()

    def stop(self, seconds: float = 5.0) -> None:
        """Ends streams, lets calls finish for so long, and waits for that."""
        self._service.close()
        self._server.stop(seconds).wait()
        self._service.running.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _handlers(service: _Service) -> Tuple[Any, Any]:
    grpc = service.grpc
    one, stream, many = (
        grpc.unary_unary_rpc_method_handler,
        grpc.stream_stream_rpc_method_handler,
        grpc.unary_stream_rpc_method_handler,
    )
    department = {
        "Describe": one(service.describe),
        "Check": one(service.check),
        "Query": one(service.query),
        "QueryStream": stream(service.query_stream),
    }
    health = {"Check": one(service.health), "Watch": many(service.watch_health)}
    named = grpc.method_handlers_generic_handler
    return named(SERVICE, department), named("grpc.health.v1.Health", health)


def server(department: Department, port: int = 0, host: str = "127.0.0.1") -> Serving:
    """Starts serving; port 0 takes a free one."""
    service = _Service(department)
    running = service.grpc.server(
        ThreadPoolExecutor(max_workers=MAX_CALLS, thread_name_prefix="call"),
        handlers=_handlers(service),
        options=[
            ("grpc.max_receive_message_length", MAX_REQUEST),
            ("grpc.max_send_message_length", -1),
            # Two programs on one port would each get half of the questions.
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=MAX_CALLS,
    )
    bound: Optional[int] = running.add_insecure_port(f"{host}:{port}")
    if not bound:
        raise OSError("the port cannot be bound")
    running.start()
    return Serving(service, running, bound)


def serve_grpc(department: Department, port: int, host: str = "127.0.0.1") -> None:
    """Serves until interrupted."""
    with server(department, port, host) as serving:
        serving.wait()
