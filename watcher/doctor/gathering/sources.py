"""Asks each source of itself: does it answer, wholly, in time, and the same to everybody?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median

from watcher.adapters.prometheus.answers import Partial
from watcher.adapters.prometheus.selectors import quoted
from watcher.core.policy import CounterCheck, PartialResponse, QueryCheck, Source
from watcher.doctor.facts import CheckFacts, ClusterFacts, SourceFacts
from watcher.doctor.gathering.asked import Asked, Questioned
from watcher.doctor.gathering.measurements import Measurement, exposed, owners_query
from watcher.doctor.gathering.metrics import Measuring
from watcher.doctor.resolving import identity_labels
from watcher.ports import RawSeries, Rejected, Unavailable

READS = 6
"""Times that one question is asked anew: behind a Service each new connection may lead to another Prometheus."""

PAST, WINDOW = 30.0, 300.0
"""Seconds: samples older than `PAST` do not change any more; so many before are compared."""

LOOK = 600.0
"""Seconds of samples in which the scrape interval is looked for."""

Answer = tuple[SourceFacts, list[CheckFacts]]


async def ask(asked: Asked, source: Source, wanted: Sequence[Measurement], cluster: ClusterFacts) -> Answer:
    """One source and the checks that are counted from it.  What does not answer is a problem of its facts."""
    found = SourceFacts(source)
    strict = asked.connect(replace(source, partial_response=PartialResponse.REFUSE))
    lenient = asked.connect(replace(source, partial_response=PartialResponse.ALLOW))
    try:
        about = await lenient.about()
        found = replace(found, version=about.version, retention=about.retention, skew=about.skew)
        found = replace(found, warnings=await _warnings(strict, wanted, asked.now()))
        found = await _scrapes(asked, lenient, found, wanted)
        return found, await _checks(asked, lenient, found, wanted, cluster)
    except (Unavailable, Rejected) as error:
        return replace(found, problem=str(error)), [CheckFacts(each.check, each.users) for each in wanted]
    finally:
        await strict.close()
        await lenient.close()


async def _warnings(strict: Questioned, wanted: Iterable[Measurement], now: float) -> str:
    """What the source says is missing of its answers."""
    for check in _counted(wanted):
        try:
            await strict.instant(owners_query(check, exposed(check)), now)
        except Partial as error:
            return str(error).partition("partial: ")[2] or str(error)
        except Rejected:
            continue
        return ""
    return ""


async def _checks(
    asked: Asked, lenient: Questioned, found: SourceFacts, wanted: Iterable[Measurement], cluster: ClusterFacts
) -> list[CheckFacts]:
    interval = found.interval or found.source.interval or 15.0
    measuring = Measuring(lenient, cluster, asked.now(), asked.since, interval)
    answers = []
    for each in wanted:
        await asked.pause()
        asked.tell(f"asking source {found.source.name} for check {each.check.name}")
        answers.append(await measuring.facts(each))
    return answers


async def _scrapes(asked: Asked, lenient: Questioned, found: SourceFacts, wanted: Iterable[Measurement]) -> SourceFacts:
    """Interval, lag and sameness of answers, told from one group of series of the first check that has any."""
    for check in _counted(wanted):
        selector = await _one_of(lenient, check, asked.now())
        if not selector:
            continue
        now = asked.now()
        series = await lenient.raw(selector, LOOK, now)
        newest = await lenient.instant(f"max(timestamp({exposed(check)}))", now)
        return replace(
            found,
            interval=_interval(series),
            lag=max(0.0, now - newest[0].value) if newest else None,
            answers=await _answers(asked.connect, found.source, selector, now - PAST),
        )
    return found


async def _one_of(lenient: Questioned, check: CounterCheck, now: float) -> str:
    """A selector for the series of one server; empty where there is none."""
    metric = exposed(check)
    try:
        groups = await lenient.instant(owners_query(check, metric), now)
    except Rejected:
        return ""
    labels = identity_labels(check.identify)
    for each in groups:
        chosen = [f"{label}={quoted(each.labels[label])}" for label in labels if each.labels.get(label)]
        if not metric.endswith("}"):
            return f"{metric}{{{','.join(chosen)}}}" if chosen else metric
        return metric
    return ""


def _interval(series: Iterable[RawSeries]) -> float | None:
    """The usual distance between two samples, in seconds."""
    gaps = [
        later - earlier
        for each in series
        for (earlier, _), (later, _) in zip(each.samples, each.samples[1:], strict=False)
    ]
    return round(median(gaps), 1) if gaps else None


async def _answers(connect: Callable[[Source], Questioned], source: Source, selector: str, at: float) -> int:
    """How many different answers a question about the past gets over connections of their own."""
    seen: set[str] = set()
    for _ in range(READS):
        connection = connect(replace(source, partial_response=PartialResponse.ALLOW))
        try:
            series = await connection.raw(selector, WINDOW, at)
        finally:
            await connection.close()
        seen.add(repr(sorted((sorted(each.labels.items()), list(each.samples)) for each in series)))
    return len(seen)


def _counted(wanted: Iterable[Measurement]) -> list[CounterCheck]:
    return [each.check for each in wanted if not isinstance(each.check, QueryCheck)]
