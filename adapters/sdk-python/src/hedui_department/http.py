"""A department over HTTP: POST /v1/describe, /v1/check, /v1/query. Leaves certificates to whoever stands in front."""

from __future__ import annotations

import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Optional

from .department import Department
from .protocol import called, refused

#: The largest question, 4 MiB.
MAX_BODY = 4 << 20
_STATUS = {"INVALID_REQUEST": 400, "TOO_MANY_SUBJECTS": 400, "RECORD_TYPES_NOT_HELD": 400}


def server(department: Department, port: int = 0, host: str = "127.0.0.1", token: Optional[str] = None) -> ThreadingHTTPServer:
    """The server, not yet running; with a token, every call must bring it as bearer."""

    places = threading.BoundedSemaphore(max(1, department.limits.max_concurrent_queries))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Addresses of calls say nothing that the broker does not know."""

        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > MAX_BODY:
                self.close_connection = True
                self._say(413, {"error": "too large"})
                return
            body = self.rfile.read(length)
            given = self.headers.get("authorization", "").encode()
            if token is not None and not hmac.compare_digest(given, b"Bearer " + token.encode()):
                self._say(401, {"error": "token"})
                return
            try:
                request = json.loads(body) if body else {}
            except ValueError:
                request = None
            if not isinstance(request, dict) or not self.path.startswith("/v1/"):
                self._say(400, {"error": "no such call"})
                return
            try:
                limit = int(self.headers.get("hedui-timeout-ms") or 30_000)
                with places:
                    status, answer = 200, called(department, self.path[4:], request, limit)
            except Exception as problem:
                failure = refused(problem)
                status, answer = _STATUS.get(failure["reason"], 500), {"failure": failure}
            self._say(status, answer)

        def _say(self, status: int, answer: Dict[str, Any]) -> None:
            body = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
            try:
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except ConnectionError:
                # Whoever asked waits no longer.
                self.close_connection = True

    return ThreadingHTTPServer((host, port), Handler)


def serve_http(department: Department, port: int, host: str = "127.0.0.1", token: Optional[str] = None) -> None:
    """Serves until interrupted."""
    with server(department, port, host, token) as running:
        running.serve_forever()
