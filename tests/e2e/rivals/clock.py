"""Passes queries on to a Prometheus as if it were another time, which goes on by what the asker waits in between."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx


@dataclass
class Clock:
    """The time of one release, in Unix seconds. The first query is asked at ``first``.

    A wait shorter than ``longest`` seconds stands for ``short`` seconds, a longer one for ``long``.
    ``asked`` are the times of all queries so far, ``waits`` is what passed in between.
    """

    first: float
    longest: float
    short: float
    long: float
    asked: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    _answered: float = 0.0

    def begin(self) -> float:
        """The time of the query that comes now."""
        if self.asked:
            self.waits.append(time.monotonic() - self._answered)
            self.asked.append(self.asked[-1] + (self.short if self.waits[-1] < self.longest else self.long))
        else:
            self.asked.append(self.first)
        return self.asked[-1]

    def end(self) -> None:
        """The query is answered."""
        self._answered = time.monotonic()


class Clocks:
    """An HTTP server before a Prometheus; ``address(name)`` is where that clock's queries go."""

    def __init__(self, prometheus: str, clocks: Mapping[str, Clock]) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(prometheus, clocks))
        self._thread = threading.Thread(target=self._server.serve_forever, name="clocks", daemon=True)

    def __enter__(self) -> Clocks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def address(self, name: str) -> str:
        """Of a Prometheus whose time is that clock's."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"


def _handler(prometheus: str, clocks: Mapping[str, Clock]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            _, name, path = self.path.split("/", 2)
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            clock = clocks[name]
            asked = {"query": form["query"][0], "time": f"{clock.begin():.3f}"}
            answer = httpx.post(f"{prometheus}/{path}", data=asked, trust_env=False, timeout=10)
            clock.end()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Say nothing."""

    return Handler
