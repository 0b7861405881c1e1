"""A Prometheus-compatible query API as a source of metrics."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Callable

import structlog
from asyncio_throttle.throttler import Throttler

from watcher.adapters.prometheus.about import About, retention_of, version_of
from watcher.adapters.prometheus.answers import Json, raw_series, result_of, samples
from watcher.adapters.prometheus.credentials import Address, Credentials
from watcher.adapters.prometheus.scope import scoped, spliced
from watcher.adapters.prometheus.transport import Answer, Transport
from watcher.core.policy import PartialResponse, Replicas, Source
from watcher.ports import RawSeries, Sample, Unavailable

RATE = 10.0
"""Queries a second, at the most, where nothing else is set."""

SKEW_WORTH_A_WARNING, SKEW_UNUSABLE = 10.0, 60.0
"""Seconds between the source's clock and ours."""

log = structlog.get_logger("watcher.prometheus")


class PrometheusSource:
    """Asks one API.  Credentials are read again when their files change; answers with parts missing are no answers.

    `clock_offset`: seconds by which its clock is ahead of ours, as of its last answer; None: it does not say.
    """

    def __init__(self, source: Source, rate: float = RATE, now: Callable[[], float] = time.time) -> None:
        """`rate`: queries a second; `now`: our clock, Unix seconds, held against the server's."""
        self.name = source.name
        self._scope = source.scope
        self._allow_partial = source.partial_response is PartialResponse.ALLOW
        self._options = _options(source)
        self._address = Address.of(source.url)
        self._where = f"source {source.name} ({self._address.url})"
        self._credentials = Credentials(source, self._address)
        self._transport: Transport | None = None
        self._throttle = Throttler(rate_limit=max(1, round(rate)), period=max(1.0, 1.0 / rate))
        self._now = now
        self._skewed = False
        self.clock_offset: float | None = None

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        """Samples of `selector` in (at - window, at], as scraped.

        Raises Unavailable when the source is down, times out, or answers partially; Rejected for a bad query.
        """
        query = f"{spliced(selector, self._scope)}[{round(window * 1000)}ms]"
        return raw_series(self._where, await self._query(query, at))

    async def instant(self, query: str, at: float) -> list[Sample]:
        """Evaluate a PromQL expression at one time.  Raises as `raw`."""
        return samples(self._where, await self._query(scoped(query, self._scope), at))

    async def range(self, query: str, start: float, end: float, step: float) -> list[RawSeries]:
        """Evaluate a PromQL expression at every `step` seconds from `start` to `end`.  Raises as `raw`."""
        times = {"start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}"}
        return raw_series(self._where, await self._ask("query_range", scoped(query, self._scope), times))

    async def about(self) -> About:
        """What the server says of itself.  Raises as `raw`; what it does not tell is left out."""
        build, answer, sent = await self._read("buildinfo")
        runtime, _, _ = await self._read("runtimeinfo")
        stated = _date(answer.headers.get("date", "")) if "age" not in answer.headers else None
        skew = None if stated is None else stated - min(max(stated, sent - 1.0), self._now())
        return About(version_of(build), retention_of(runtime), skew)

    async def _read(self, name: str) -> tuple[Json, Answer, float]:
        """A page below /api/v1/status, None where the server has no such; the answer; when it was asked for."""
        async with self._throttle:
            headers = self._credentials.headers()
            transport = await self._current_transport()
            sent = self._now()
            answer = await transport.get(f"/api/v1/status/{name}", headers)
        if answer.status in (404, 405, 501):
            return None, answer, sent
        return result_of(self._where, answer, allow_partial=True), answer, sent

    async def close(self) -> None:
        """Close all connections."""
        if self._transport is not None:
            await self._transport.close()
            self._transport = None

    async def _query(self, query: str, at: float) -> Json:
        return await self._ask("query", query, {"time": f"{at:.3f}"})

    async def _ask(self, verb: str, query: str, times: dict[str, str]) -> Json:
        form = {"query": query, **times, **self._options}
        async with self._throttle:
            headers = self._credentials.headers()
            transport = await self._current_transport()  # not before: it may be replaced while this waits
            sent = self._now()
            answer = await transport.post(f"/api/v1/{verb}", form, headers)
        data = result_of(self._where, answer, allow_partial=self._allow_partial)
        self._compare_clocks(answer, sent, self._now())
        return data

    async def _current_transport(self) -> Transport:
        if self._transport is None or self._credentials.tls_changed():
            old, self._transport = self._transport, Transport(self._address.url, self._credentials.tls())
            if old is not None:
                await old.retire()
        return self._transport

    def _compare_clocks(self, answer: Answer, sent: float, received: float) -> None:
        """Hold the server's clock, which tells whole seconds, against ours; a cached answer's date says nothing."""
        stated = _date(answer.headers.get("date", ""))
        if stated is None or "age" in answer.headers:
            return
        skew = self.clock_offset = stated - min(max(stated, sent - 1.0), received)
        if abs(skew) > SKEW_UNUSABLE:
            raise Unavailable(f"{self._where}: its clock is {skew:+.0f} s from ours; mend the clocks, then it is used")
        skewed = abs(skew) > SKEW_WORTH_A_WARNING
        if skewed and not self._skewed:
            log.warning("source_clock_skewed", source=self.name, seconds=round(skew))
        self._skewed = skewed


def _options(source: Source) -> dict[str, str]:
    """Parameters that Thanos and VictoriaMetrics know and others ignore."""
    options = {"timeout": "15s"}
    if source.partial_response is PartialResponse.REFUSE:
        options |= {"partial_response": "false", "deny_partial_response": "1"}
    if source.replicas is not Replicas.SINGLE:
        options["dedup"] = "true" if source.replicas is Replicas.DEDUPLICATED else "false"
    return options


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
