"""Answers as the API's JSON: times in seconds, values as text."""

from __future__ import annotations

import math
from decimal import Decimal

from watcher.sandbox.metrics.promql.queries import Matrix
from watcher.sandbox.metrics.promql.values import Value
from watcher.sandbox.metrics.store import Point

Json = object


def number(value: float) -> str:
    """The shortest decimal that reads back as the same number, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{Decimal(repr(value)):f}".removesuffix(".0")


def _point(point: Point) -> Json:
    at, value = point
    return [at / 1000 if at % 1000 else at // 1000, number(value)]


def render(answer: Value | Matrix, at: int) -> Json:
    """`data` of a query's answer; `at` is the time of evaluation, Unix milliseconds."""
    match answer:
        case Matrix(tracks):
            series = [
                {"metric": dict(labels), "values": [_point(point) for point in points]} for labels, points in tracks
            ]
            return {"resultType": "matrix", "result": series}
        case float():
            return {"resultType": "scalar", "result": _point((at, answer))}
        case _:
            vector = [{"metric": dict(labels), "value": _point((at, value))} for labels, _, value in answer]
            return {"resultType": "vector", "result": vector}
