"""Instant and range queries: what the query API's two verbs answer."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from promql_parser import MatrixSelector

from watcher.sandbox.metrics.promql.evaluate import Moment, parse, unwrapped
from watcher.sandbox.metrics.promql.values import BadQuery, Track, Value
from watcher.sandbox.metrics.store import Labels, Point, Store


@dataclass(frozen=True, slots=True)
class Matrix:
    """Tracks, sorted by their labels."""

    tracks: list[Track]


def instant(store: Store, query: str, at: int) -> Value | Matrix:
    """Evaluate at one time, Unix milliseconds; a range selector gives raw samples.  Raises BadQuery, CannotEvaluate."""
    node, moment = parse(query), Moment(store, at)
    inner = unwrapped(node)
    if isinstance(inner, MatrixSelector):
        return Matrix(moment.tracks(inner))
    return moment.value(node)


def over(store: Store, query: str, start: int, end: int, step: int) -> Matrix:
    """Evaluate at start, start + step, ... up to end, Unix milliseconds.  Raises BadQuery, CannotEvaluate."""
    node = parse(query)
    if isinstance(unwrapped(node), MatrixSelector):
        raise BadQuery('invalid expression type "range vector" for range query, must be Scalar or instant Vector')
    tracks: defaultdict[Labels, list[Point]] = defaultdict(list)
    for at in range(start, end + 1, step):
        value = Moment(store, at).value(node)
        if isinstance(value, float):
            tracks[()].append((at, value))
        else:
            for element in value:
                tracks[element.labels].append((at, element.value))
    return Matrix([Track(labels, tracks[labels]) for labels in sorted(tracks)])
