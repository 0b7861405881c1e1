"""What a query API answers: series and samples, or why there are none."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from watcher.adapters.prometheus.transport import Answer
from watcher.core.measuring.native import NativeSample, native_sample
from watcher.ports import RawSeries, Rejected, Sample, Unavailable

Json = Any  # JSON as it came, looked at piece by piece


class Partial(Unavailable):
    """The source answers, and says that parts of the answer are missing: the message names them."""


_ADVICE = ("PromQL warning", "PromQL info")  # notes on the query; they do not say that data are missing
_SHOWN = 300


def result_of(where: str, answer: Answer, *, allow_partial: bool) -> Json:
    """The `data` of a successful answer.

    Raises Unavailable for a server that is down or busy, Partial for one that answers partially, Rejected for one that
    refuses.
    """
    body = _parsed(answer.body)
    if answer.status >= 500 or answer.status == 429:
        raise Unavailable(f"{where}: HTTP {answer.status}{_reason(body)}")
    if answer.status in {401, 403}:
        raise Rejected(
            f"{where}: HTTP {answer.status}{_reason(body)}; see `auth`, `tenant` and `headers` of the source"
        )
    if not isinstance(body, dict) or "status" not in body:
        raise Rejected(f"{where}: HTTP {answer.status}, and no Prometheus API answered; see `url` of the source")
    if answer.status != 200 or body["status"] != "success":
        raise Rejected(f"{where}: HTTP {answer.status}{_reason(body)}")
    missing = _missing(body)
    if missing and not allow_partial:
        raise Partial(f"{where}: the answer is partial: {missing}")
    return body.get("data")


def _parsed(body: bytes) -> Json:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _reason(body: Json) -> str:
    text = body.get("error") if isinstance(body, dict) else None
    return f": {str(text)[:_SHOWN]}" if text else ""


def _missing(body: Json) -> str:
    warnings = [str(each) for each in body.get("warnings") or () if not str(each).startswith(_ADVICE)]
    if body.get("isPartial"):
        warnings.append("isPartial is set")
    return "; ".join(warnings)[:_SHOWN]


def raw_series(where: str, data: Json) -> list[RawSeries]:
    """Series of a range selector.  Raises Rejected for anything else."""
    with _as_promised(where):
        return [
            RawSeries(
                each["metric"],
                [(float(at), float(value)) for at, value in each.get("values", ())],
                [_native(at, body) for at, body in each.get("histograms", ())],
            )
            for each in _results(where, data, "matrix")
        ]


def samples(where: str, data: Json) -> list[Sample]:
    """Samples of an instant vector or a scalar.  Raises Rejected for anything else."""
    with _as_promised(where):
        if isinstance(data, dict) and data.get("resultType") == "scalar":
            at, value = data["result"]
            return [Sample({}, float(at), float(value))]
        return [
            Sample(each["metric"], float(each["value"][0]), float(each["value"][1]))
            for each in _results(where, data, "vector")
            if "value" in each
        ]


def _native(at: Json, body: Json) -> NativeSample:
    return native_sample(float(at), body["count"], body.get("buckets", ()))


@contextlib.contextmanager
def _as_promised(where: str) -> Iterator[None]:
    try:
        yield
    except (LookupError, TypeError, ValueError):
        raise Rejected(f"{where}: the answer is none of the Prometheus API; see `url` of the source") from None


def _results(where: str, data: Json, wanted: str) -> list[Json]:
    kind = data.get("resultType") if isinstance(data, dict) else None
    if kind != wanted:
        raise Rejected(f"{where}: the query gives a {kind or 'nothing'}, a {wanted} is needed")
    found: list[Json] = data["result"]
    return found
