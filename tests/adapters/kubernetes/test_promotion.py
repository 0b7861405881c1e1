"""A controller that overlooks a change is woken; Argo Rollouts up to 1.9.3 need that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from tests.adapters.kubernetes.scripted import LoopClock
from watcher.adapters.kubernetes import Client
from watcher.adapters.kubernetes.promotion import Promotion
from watcher.core.model import Workload
from watcher.core.orders import UndoOrder
from watcher.core.template import template_id
from watcher.core.words import Kind

pytestmark = pytest.mark.looptime

TEMPLATE = {"spec": {"containers": [{"name": "app", "image": "cart:1"}]}}
ORDER = UndoOrder(
    "d-1", 1, Workload(Kind.ROLLOUT, "shop", "cart"), "u1", "bad", template_id(TEMPLATE), "h1", "errors", True
)


@dataclass
class Overlooking:
    """A Rollout whose controller overlooks the first `sleepy` changes of its status, and the one of its template."""

    sleepy: int
    told: list[str] = field(default_factory=list)
    taken: bool = False
    promoted: bool = False

    async def get(self, path: str) -> dict[str, Any]:
        asked = "promoteFull" in self.told
        return {
            "metadata": {"namespace": "shop", "name": "cart", "uid": "u1", "generation": 3},
            "spec": {"template": TEMPLATE, "strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}}},
            "status": {
                "observedGeneration": "3" if self.taken else "2",
                "stableRS": "h2",
                "currentPodHash": "h1" if self.taken else "h2",
                "currentStepIndex": 2 if self.promoted else 1,
                "promoteFull": asked,
            },
        }

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
        test, change = operations
        assert path.endswith("/rollouts/cart/status")
        assert test == {"op": "test", "path": "/status/currentPodHash", "value": "h1" if self.taken else "h2"}
        self.told.append(change["path"].removeprefix("/status/"))
        self.sleepy -= 1
        if self.sleepy < 0:
            self.promoted = "promoteFull" in self.told
            self.taken = True
        return {}


@pytest.mark.parametrize(
    ("taken", "sleepy", "told"),
    [
        (True, 0, ["promoteFull"]),
        (True, 1, ["promoteFull", "message"]),
        (False, 0, ["message", "promoteFull"]),
        (False, 1, ["message", "message", "promoteFull"]),
    ],
)
async def test_a_change_that_was_overlooked_is_followed_by_another(taken: bool, sleepy: int, told: list[str]) -> None:
    rollout = Overlooking(sleepy, taken=taken)
    assert await Promotion(cast("Client", rollout), LoopClock()).skip_steps(ORDER) == "no steps to wait for"
    assert rollout.told == told


@dataclass
class Referring:
    """A Rollout with `workloadRef` that has taken its Deployment over and waits at a step."""

    template: dict[str, Any]
    current: str
    promoted: bool = False

    async def get(self, path: str) -> dict[str, Any]:
        if "/deployments/" in path:
            return {"metadata": {"name": "cart-template", "generation": 7}, "spec": {"template": self.template}}
        seen = {"rollout.argoproj.io/workload-generation": "7"}
        return {
            "metadata": {"namespace": "shop", "name": "cart", "uid": "u1", "generation": 3, "annotations": seen},
            "spec": {
                "workloadRef": {"kind": "Deployment", "name": "cart-template"},
                "strategy": {"canary": {"steps": [{"setWeight": 25}, {"pause": {}}]}},
            },
            "status": {
                "observedGeneration": "3",
                "workloadObservedGeneration": "7",
                "stableRS": "h2",
                "currentPodHash": self.current,
                "currentStepIndex": 2 if self.promoted else 1,
                "promoteFull": self.promoted,
            },
        }

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> dict[str, Any]:
        self.promoted |= any(each["path"] == "/status/promoteFull" for each in operations)
        return {}


ANOTHER = {"spec": {"containers": [{"name": "app", "image": "cart:3"}]}}


@pytest.mark.parametrize(
    ("template", "current", "promoted"),
    [(TEMPLATE, "h1", True), (ANOTHER, "h3", False), (ANOTHER, "h1", False), (TEMPLATE, "h3", False)],
)
async def test_only_the_template_that_was_put_back_is_promoted(
    template: dict[str, Any], current: str, promoted: bool
) -> None:
    rollout = Referring(template, current)
    said = await Promotion(cast("Client", rollout), LoopClock()).skip_steps(ORDER)
    assert (rollout.promoted, said == "no steps to wait for") == (promoted, promoted)


async def test_a_controller_that_is_down_is_not_waited_for() -> None:
    said = await Promotion(cast("Client", Overlooking(99)), LoopClock()).skip_steps(ORDER)
    assert said.startswith("the steps are not skipped yet")
