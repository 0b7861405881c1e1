"""A watch may last for days: pods that are gone are forgotten, what they counted is not."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from types import FunctionType, ModuleType

import pytest

from tests.daemon.shop import BEGAN, ERRORS, pod, rising, scrapes, series, watched
from watcher.core.measuring.counter import Counter
from watcher.core.measuring.intake import Series
from watcher.core.measuring.series import Target
from watcher.core.model import Block, Pod
from watcher.daemon.folds import Folds
from watcher.ports import RawSeries

LIFE = 600.0
"""Seconds that a pod lives."""

POLL = 60.0
REMEMBERED = 7200.0
"""Seconds for which a view shows pods that were deleted."""

NAMES = {"Deployment": "checkout-{}", "StatefulSet": "checkout-0"}


def generation(number: int, name: str) -> tuple[Pod, list[RawSeries]]:
    born = BEGAN + number * LIFE
    times = scrapes(born + 10, born + LIFE - 5)
    labels = {"instance": f"10.0.0.{number}:80"}
    there = replace(pod(name.format(number)), uid=f"uid-{number}", created=born, ready_since=born + 5, started=(born,))
    return there, [
        series("http_requests_total", there.name, rising(times, 10.0), code="200", **labels),
        series("up", there.name, tuple((at, 1.0) for at in times), **labels),
    ]


def seen(pods: list[Pod], now: float) -> tuple[Pod, ...]:
    """The pods as a view shows them at `now`."""
    ends = [(each, each.created + LIFE) for each in pods if each.created <= now]
    return tuple(each if end > now else replace(each, deleted=end) for each, end in ends if end > now - REMEMBERED)


def life(name: str, hours: float, *, forgetting: bool) -> Iterator[tuple[float, Folds, list[Block]]]:
    """Counts pod after pod, and hands over the state each minute."""
    made = [generation(number, name) for number in range(int(hours * 3600 / LIFE))]
    template = watched([], ERRORS)
    folds = Folds(template.view.workload, BEGAN)
    blocks: list[Block] = []
    for minute in range(1, int(hours * 3600 / POLL)):
        now = BEGAN + minute * POLL
        view = replace(template.view, pods=seen([each for each, _ in made], now))
        folds.update(view, template.policy, {"main": 15.0})
        if forgetting:
            folds.forget()
        (counting,), presence = folds.countings.values(), folds.presences["main"]
        for labels, samples in ((each.labels, each.samples) for _, found in made for each in found):
            new = [sample for sample in samples if now - POLL < sample[0] <= now]
            if new:
                (presence if labels["__name__"] == "up" else counting).add(labels, new)
        blocks += counting.close(now - 3.0, folds.pods, presence)
        presence.forget(counting.read_from() - LIFE)
        yield now, folds, blocks


def held(folds: Folds) -> int:
    """Values of a pod that are reachable from the counting state."""
    found, todo = {id(folds): folds}, [folds]
    while todo:
        for each in gc.get_referents(todo.pop()):
            if id(each) not in found and not isinstance(each, type | ModuleType | FunctionType):
                found[id(each)] = each
                todo.append(each)
    return sum(isinstance(each, Pod | Target | Series | Counter) for each in found.values())


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_what_is_held_does_not_grow_with_the_days(name: str) -> None:
    sizes = [(now, held(folds)) for now, folds, _ in life(name, 6.0, forgetting=True) if now % 1800 < POLL]
    early, late = (max(size for now, size in sizes if 0 <= now - BEGAN - since < 7200) for since in (7200, 14400))
    assert early > 0
    assert late <= early


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_forgetting_changes_no_block(name: str) -> None:
    (*_, (_, _, forgetting)), (*_, (_, _, keeping)) = (life(name, 3.0, forgetting=each) for each in (True, False))
    assert forgetting == keeping
    assert sum(each.total for block in forgetting for each in block.pods) > 5000


def test_nothing_is_forgotten_that_was_not_counted() -> None:
    """While the source is away its samples may still come."""
    template = watched([], ERRORS)
    folds = Folds(template.view.workload, BEGAN)
    gone = replace(pod("checkout-1"), created=BEGAN, deleted=BEGAN + 60)
    folds.update(replace(template.view, pods=(gone,)), template.policy, {"main": 15.0})
    folds.forget()
    assert "checkout-1" in folds.pods

    (counting,) = folds.countings.values()
    counting.settle(BEGAN + 1000)
    folds.forget()
    assert "checkout-1" not in folds.pods
    folds.update(replace(template.view, pods=(gone,)), template.policy, {"main": 15.0})
    assert "checkout-1" not in folds.pods
