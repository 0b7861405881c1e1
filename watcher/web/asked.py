"""What a request asks for: the parameters that all lists have, and names of workloads, bounded and checked."""

from __future__ import annotations

import math

from aiohttp import web

from watcher.adapters.store.worker import LogReader
from watcher.core.model import Workload
from watcher.web.errors import BadRequest

MOST_ROWS = 1000
LONGEST_NAME = 600
"""Characters of Kind/namespace/name: names of objects have 253 at the most, namespaces 63."""

LOG = web.AppKey("log", LogReader)


def only(request: web.Request, known: set[str]) -> None:
    """Raises BadRequest for a parameter that there is not."""
    unknown = sorted(request.query.keys() - known)
    if unknown:
        raise BadRequest(f"there is no parameter {unknown[0][:80]!r}; use {', '.join(sorted(known))}")


def selection(request: web.Request) -> tuple[str, int, float]:
    """Workload (empty: all), limit and since (Unix seconds) of the query.  Raises BadRequest."""
    only(request, {"workload", "limit", "since"})
    limit, since = number(request, "limit", "100"), number(request, "since", "0")
    if not (limit.is_integer() and 1 <= limit <= MOST_ROWS):
        raise BadRequest(f"limit={request.query['limit'][:80]} is out of range; use 1 to {MOST_ROWS}")
    name = request.query.get("workload", "")
    return (str(workload(name)) if name else ""), int(limit), since


def number(request: web.Request, name: str, default: str) -> float:
    """The finite number that this parameter has, or the default.  Raises BadRequest."""
    text = request.query.get(name, default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadRequest(f"{name}={text[:80]} is no number")
    return value


def workload(text: str) -> Workload:
    """The workload that is named.  Raises BadRequest."""
    if len(text) > LONGEST_NAME:
        raise BadRequest(f"a name of {len(text)} characters is no workload's")
    try:
        return Workload.parse(text)
    except ValueError as error:
        raise BadRequest(str(error)) from error
