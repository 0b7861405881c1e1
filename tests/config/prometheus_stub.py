"""A small HTTP server that answers as Prometheus does, for what `check --prometheus` asks."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Labels = dict[str, str]
POD: Labels = {"namespace": "shop", "pod": "checkout-1"}

_SELECTOR = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<matchers>.*)\})?\Z", re.DOTALL)
_MATCHER = re.compile(r'(\w+)(=~|!~|=)"([^"]*)"')


@dataclass(slots=True)
class Prometheus:
    """What the server holds: series by metric, answers to whole queries, and what it says in every answer."""

    series: dict[str, list[Labels]]
    queries: dict[str, list[Labels]] = field(default_factory=dict)
    histograms: dict[str, list[list[Any]]] = field(default_factory=dict)  # buckets of native ones, by metric
    warnings: list[str] = field(default_factory=list)
    status: int = 200
    body: str = ""
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def select(self, selector: str) -> list[Labels]:
        match = _SELECTOR.match(selector)
        assert match, f"the stub knows plain selectors only, not {selector}"
        matchers = _MATCHER.findall(match["matchers"] or "")
        found = self.series.get(match["name"], [])
        return [labels for labels in found if all(_fits(labels, *matcher) for matcher in matchers)]

    def query(self, query: str) -> list[Labels]:
        if query in self.queries:
            return self.queries[query]
        counted = re.fullmatch(r"count\((.*)\)", query, re.DOTALL)
        assert counted, f"the stub was not told what {query} returns"
        if counted[1].startswith("histogram_count("):
            return [POD for name in self.histograms if counted[1] == f"histogram_count({name})"]
        return [{}] if self.select(counted[1]) else []

    def answer(self, path: str, asked: dict[str, list[str]]) -> Any:
        selector = asked.get("match[]", [""])[0]
        chosen = self.select(selector) if selector else [labels for every in self.series.values() for labels in every]
        if path == "/api/v1/query":
            buckets = self.histograms.get(asked["query"][0])
            if buckets is not None:
                native = {"count": "9", "sum": "1", "buckets": buckets}
                return {"resultType": "vector", "result": [{"metric": POD, "histogram": [0, native]}]}
            vector = [{"metric": labels, "value": [0, "1"]} for labels in self.query(asked["query"][0])]
            return {"resultType": "vector", "result": vector}
        if path == "/api/v1/labels":
            return sorted({label for labels in chosen for label in labels} | ({"__name__"} if chosen else set()))
        label = unquote(path.removeprefix("/api/v1/label/").removesuffix("/values"))
        if label == "__name__":
            return sorted(self.series)
        return sorted({labels[label] for labels in chosen if label in labels})


def _fits(labels: Labels, label: str, operator: str, value: str) -> bool:
    actual = labels.get(label, "")
    if operator == "=":
        return actual == value
    return (re.fullmatch(value, actual) is not None) is (operator == "=~")


@contextmanager
def served(prometheus: Prometheus) -> Iterator[Prometheus]:
    """Serve it on a free port of the loopback interface."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            prometheus.headers.append(dict(self.headers))
            parts = urlsplit(self.path)
            if prometheus.status == 200 and not prometheus.body:
                data = prometheus.answer(parts.path, parse_qs(parts.query))
                body = json.dumps({"status": "success", "data": data, "warnings": prometheus.warnings}).encode()
            else:
                body = prometheus.body.encode()
            self.send_response(prometheus.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        prometheus.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield prometheus
        finally:
            server.shutdown()
            thread.join()
