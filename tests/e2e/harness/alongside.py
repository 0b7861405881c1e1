"""Scenarios that disturb nobody else are played beside one another, since most of their time is waiting."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from tests.e2e.harness.stage import House, Stage

Scenario = Callable[..., None]
AT_ONCE = 4  # more of them slow each other down on two cores


class Scenes:
    """All scenarios of the session that are marked ``alongside``, from its beginning on. ``directory`` makes one each.

    What a scenario asks for by the names of its parameters is an attribute of its ``Stage``, or ``stage`` itself.
    """

    def __init__(self, house: House, scenarios: Iterable[Scenario], directory: Callable[[str], Path]) -> None:
        self._house, self._directory = house, directory
        self._stages: list[Stage] = []
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="scene")
        self._playing: dict[Scenario, Future[None]] = {
            scenario: self._pool.submit(self._play, scenario) for scenario in scenarios
        }

    def finish(self, scenario: Scenario) -> None:
        """Wait until this scenario has been played. Raises what it raised."""
        self._playing[scenario].result()

    def finish_all(self) -> None:
        """Wait until all have been played, however they ended."""
        wait(self._playing.values())

    def close(self) -> None:
        """End all; those that still play fail soon."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        for stage in self._stages:
            stage.abandon()
        self._pool.shutdown()

    def _play(self, scenario: Scenario) -> None:
        with Stage(self._house, self._directory(scenario.__name__)) as stage:
            self._stages.append(stage)
            asked = inspect.signature(scenario).parameters
            scenario(**{name: stage if name == "stage" else getattr(stage, name) for name in asked})


def alongside(scenario: Scenario) -> Callable[[Scenes], None]:
    """Make a test of a scenario that is played beside others: the test waits for it, and fails as it did."""

    def test(scenes: Scenes) -> None:
        scenes.finish(scenario)

    test.__name__, test.__module__ = scenario.__name__, scenario.__module__
    setattr(test, "scenario", scenario)  # noqa: B010 - functions have no attributes for mypy
    return test


def scenario_of(item: pytest.Item) -> Scenario | None:
    """The scenario of a test that ``alongside`` made."""
    return getattr(getattr(item, "obj", None), "scenario", None)


def scenarios(session: pytest.Session) -> list[Scenario]:
    """All such scenarios of the session, in the order of their tests."""
    return [found for item in session.items if (found := scenario_of(item)) is not None]
