"""Counts recorded series in one go, for tests of counting."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from watcher.core.measuring.counting import Counting
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.presence import Presence
from watcher.core.model import Block, Pod, PodCount
from watcher.core.policy import CounterCheck, HistogramCheck, RatioCheck

T0 = 1_700_000_100.0
"""From when on blocks are wanted: a multiple of 60 s."""

ERRORS = RatioCheck("errors", "main", "requests", bad=((("code", "5.."),),))
FAILURES = RatioCheck("failures", "main", "requests", errors="failures")
LATENCY = HistogramCheck("latency", "main", "seconds", 0.5)

Samples = Sequence[tuple[float, float]]
Series = tuple[dict[str, str], Samples]


def pod(name: str = "a", revision: str = "old", created: float = T0 - 86400, uid: str = "", **more: object) -> Pod:
    values: dict[str, object] = {"ready_since": created + 5, "started": (created + 1,), **more}
    return Pod(name, uid or f"uid-{name}", revision, created, **values)  # type: ignore[arg-type]


def series(metric: str, samples: Samples, pod: str = "a", **labels: str) -> Series:
    base = {"__name__": metric, "namespace": "shop", "pod": pod, "instance": f"{pod}:80", "job": "pods"}
    return {**base, **labels}, samples


def steps(start: float, values: Iterable[float], step: float = 15.0) -> list[tuple[float, float]]:
    """Values at `start`, `start + step` and so on, counted from T0."""
    return [(T0 + start + step * n, value) for n, value in enumerate(values)]


def up(start: float, count: int, pod: str = "a", value: float = 1.0, **labels: str) -> Series:
    return series("up", steps(start, [value] * count), pod, **labels)


def fold(check: CounterCheck, found: Iterable[Series], interval: float | None = 15.0) -> tuple[Counting, Presence]:
    counting, presence = Counting(check, "shop", T0, interval), Presence()
    for labels, samples in found:
        if labels["__name__"] in {"up", "process_start_time_seconds"}:
            presence.add(labels, samples)
        else:
            counting.add(labels, samples)
    return counting, presence


def blocks(
    check: CounterCheck, found: Iterable[Series], *pods: Pod, until: float = 60.0, interval: float | None = 15.0
) -> list[Block]:
    """Blocks up to `until` seconds after T0, as long as the grid makes them."""
    counting, presence = fold(check, found, interval)
    table = PodTable()
    table.update(pods or (pod(),))
    return counting.close(T0 + until, table, presence)


def by_scrape(found: Iterable[Block], interval: float = 15.0) -> list[Block]:
    """Blocks as long as a scrape, put together from those of the grid: each pod has one sample in each of them."""
    return [_together(list(each), interval) for _, each in groupby(found, lambda block: block.start // interval)]


def _together(found: list[Block], interval: float) -> Block:
    pods: dict[tuple[str, str], PodCount] = {}
    for each in (pod for block in found for pod in block.pods):
        known = pods.get((each.pod, each.revision))
        if known is None:
            pods[each.pod, each.revision] = each
        else:
            total, bad = known.total + each.total, known.bad + each.bad
            pods[each.pod, each.revision] = replace(known, total=total, bad=bad)
    broken = next((block.broken for block in found if block.broken), "")
    gap = any(block.gap for block in found)
    return replace(found[0], length=interval, pods=tuple(pods.values()), gap=gap, broken=broken)


def scraped(check: CounterCheck, found: Iterable[Series], *pods: Pod, until: float = 60.0) -> list[Block]:
    """Blocks up to `until` seconds after T0, each as long as a scrape of 15 s."""
    return by_scrape(blocks(check, found, *pods, until=until))


def counts(found: Iterable[Block]) -> list[tuple[float, float]]:
    """Total and bad requests of each block."""
    return [(sum(each.total for each in block.pods), sum(each.bad for each in block.pods)) for block in found]


def gaps(found: Iterable[Block]) -> list[bool]:
    return [each.gap for each in found]
