"""Parameters of API calls: times, durations, selectors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import promql_parser

from watcher.sandbox.metrics.promql.evaluate import parse
from watcher.sandbox.metrics.promql.matchers import predicates
from watcher.sandbox.metrics.promql.values import BadQuery
from watcher.sandbox.metrics.store import Predicate

NOT_SPOKEN = ("limit", "lookback_delta")
"""Parameters that would change an answer, and that the embedded source does not know."""


class Parameters:
    """Values of one call, by name.  Everything raises BadQuery for what it cannot read."""

    def __init__(self, values: Mapping[str, Sequence[str]], now: float) -> None:
        self._values = values
        self._now = now
        for name in NOT_SPOKEN:
            if self.text(name):
                raise BadQuery(f'invalid parameter "{name}": the embedded source does not speak it; leave it out')

    def text(self, name: str) -> str:
        """The first value, or nothing."""
        return next(iter(self._values.get(name, ())), "")

    def time(self, name: str, default: float | None = None) -> int:
        """Unix seconds or RFC 3339, as Unix milliseconds; `default` (Unix seconds) where it is absent."""
        text = self.text(name)
        if not text and default is not None:
            return round(default * 1000)
        seconds = _number(text)
        if seconds is None:
            seconds = _moment(text)
        if seconds is None or not math.isfinite(seconds):
            raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid timestamp')
        return round(seconds * 1000)

    def time_or_now(self, name: str) -> int:
        """As `time`; the present where it is absent."""
        return self.time(name, self._now)

    def duration(self, name: str) -> int:
        """Seconds, or a duration such as `1m`, as milliseconds."""
        text = self.text(name)
        seconds = _number(text)
        try:
            length = promql_parser.parse_duration(text) if seconds is None else timedelta(seconds=seconds)
        except (ValueError, OverflowError):
            raise BadQuery(f'invalid parameter "{name}": cannot parse "{text}" to a valid duration') from None
        return length // timedelta(milliseconds=1)

    def selectors(self) -> list[list[tuple[str, Predicate]]]:
        """Every `match[]`, as predicates of labels."""
        found = []
        for text in self._values.get("match[]", ()):
            node = parse(text)
            if not isinstance(node, promql_parser.VectorSelector):
                raise BadQuery(f'invalid parameter "match[]": `{text}` is not a series selector')
            found.append(predicates(node))
        return found


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
