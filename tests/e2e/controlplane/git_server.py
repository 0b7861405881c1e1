"""Real Git repositories, reached as ``file://`` and over HTTP with a token, as a forge serves them.

Behind the HTTP server is ``git http-backend``, so what clients see of Git is Git's own.
"""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from tests.e2e.controlplane.held_requests import Asked, HeldRequest
from tests.e2e.controlplane.ports import free_ports
from tests.e2e.controlplane.repository import ISOLATED, Repository

USERNAME = "oauth2"  # forges take any name, or one like this, beside a token
PUSH = "git-receive-pack"


class GitServer:
    """A server of bare repositories; it keeps its port and its repositories while it is down.

    ``token`` may read and push, ``reading_token`` may read only; each is the password of basic authentication, with
    any user name.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.token, self.reading_token = secrets.token_hex(20), secrets.token_hex(20)
        self._port = free_ports(1)[0]
        self._held: list[HeldRequest] = []
        self._running: tuple[ThreadingHTTPServer, threading.Thread] | None = None

    @property
    def url(self) -> str:
        """Its address, without credentials and without a slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    def repository(self, name: str) -> Repository:
        """Make an empty repository with the branch ``main``; ``name`` may have slashes, as ``team/shop``."""
        return Repository.create(self.directory / f"{name}.git", f"{self.url}/{name}.git")

    def start(self) -> None:
        """Serve from now on."""
        server = _Server(("127.0.0.1", self._port), _handler_of(self))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="git server")
        thread.start()
        self._running = (server, thread)

    def hold(self, fits: Callable[[Asked], bool], *, done: bool = False) -> HeldRequest:
        """Hold the next request that fits back, until it is let go; ``done``: only its answer."""
        held = HeldRequest(fits, done=done)
        self._held.append(held)
        return held

    def held(self, asked: Asked) -> HeldRequest | None:
        """What holds this request back, or None."""
        return next((each for each in self._held if each.takes(asked)), None)

    def stop(self) -> None:
        """Be down: connections are refused until ``start``; what is held back is let go."""
        for held in self._held:
            held.let_go()
        if self._running is None:
            return
        (server, thread), self._running = self._running, None
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def _handler_of(owner: GitServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_GitHandler):
        git = owner

    return Handler


class _GitHandler(BaseHTTPRequestHandler):
    git: GitServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        self._serve(_body(self.headers.get("Transfer-Encoding"), self.headers.get("Content-Length"), self.rfile))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""

    def _serve(self, body: bytes) -> None:
        token, asked = self._token(), urlsplit(self.path)
        if token not in {self.git.token, self.git.reading_token}:
            self._answer(HTTPStatus.UNAUTHORIZED, {"WWW-Authenticate": 'Basic realm="git"'}, b"token required\n")
        elif token == self.git.reading_token and (PUSH in asked.query or asked.path.endswith(PUSH)):
            self._answer(HTTPStatus.FORBIDDEN, {}, b"this token may not push\n")
        else:
            self._carry_out(asked, body, may_push=token == self.git.token)

    def _carry_out(self, asked: SplitResult, body: bytes, *, may_push: bool) -> None:
        service = asked.query.partition("service=")[2] or asked.path.rpartition("/")[2]
        held = self.git.held(Asked(service, announced=bool(asked.query), may_push=may_push))
        if held is not None:
            held.before()
        answer = self._backend(asked.path, asked.query, body)
        if held is not None:
            held.after()
        with suppress(ConnectionError):  # a client that was killed meanwhile
            self._answer(*answer)

    def _token(self) -> str:
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return ""
        return base64.b64decode(credentials).decode().partition(":")[2]

    def _backend(self, path: str, query: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Ask ``git http-backend``, whose answer has a CGI header."""
        environment = {
            "GIT_PROJECT_ROOT": str(self.git.directory),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": USERNAME,  # pushes need one
            "REMOTE_ADDR": "127.0.0.1",
        }
        argv = ["git", "http-backend"]
        done = subprocess.run(
            argv, input=body, env=os.environ | ISOLATED | environment, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        status = headers.pop("Status", "200" if head else "500")
        return int(status.split()[0]), headers, content

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _body(coding: str | None, length: str | None, stream: BufferedIOBase) -> bytes:
    """The body of a request; Git sends larger ones in chunks."""
    if coding != "chunked":
        return stream.read(int(length or 0))
    chunks = []
    while size := int(stream.readline().partition(b";")[0], 16):
        chunks.append(stream.read(size))
        stream.readline()
    stream.readline()
    return b"".join(chunks)
