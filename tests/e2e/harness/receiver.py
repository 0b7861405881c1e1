"""A program that is told by the webhook: it takes what is signed, and keeps it in the order in which it came."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class Receiver:
    """An HTTP server on loopback.  `events` are CloudEvents whose signature by `secret` is right, with their time.

    What is not signed is answered with 401 and kept in `refused`.
    """

    def __init__(self, secret: str) -> None:
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.refused: list[bytes] = []
        self._secret = secret
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def told(self, stage: str) -> list[tuple[float, dict[str, Any]]]:
        """When it was told of a stage, and what."""
        return [(at, event) for at, event in self.events if event["data"]["stage"] == stage]

    def _take(self, headers: dict[str, str], body: bytes) -> int:
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        wanted = base64.b64encode(hmac.new(self._secret.encode(), signed, hashlib.sha256).digest()).decode()
        if f"v1,{wanted}" not in headers["webhook-signature"].split():
            self.refused.append(body)
            return 401
        self.events.append((time.time(), json.loads(body)))
        return 204

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                self.send_response(receiver._take(headers, body))
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: pytest shows the events."""

        return Handler
