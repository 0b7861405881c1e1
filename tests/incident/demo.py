"""The incident of the examples in docs/examples: a bad commit that Argo CD brought, reverted and undone.

Made by the core in virtual time; only names are changed afterwards, into such as a cluster and a repository give.
`python -m tests.incident.demo` writes the examples anew.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from tests.core.argo import Argo
from tests.core.cluster import Cluster
from tests.incident.played import RecordedManaged
from watcher.adapters.store.memory import MemoryStore
from watcher.core.model import PodCount
from watcher.core.words import Outcome
from watcher.incident.note import Note, note
from watcher.ports import Commit, DecisionRow, Label, Notification, ReleaseRow, Transition

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAME = "incident-note"
COMMAND = "python -m tests.incident.demo"

NAMES = {
    "hash-v1": "7c4b5d6f8",
    "hash-v2": "6d5f7c9b84",
    "cart:v1": "registry.example.com/shop/cart:1.8.1",
    "cart:v2": "registry.example.com/shop/cart:1.9.0",
    "cart: v2": "cart: 1.9.0, one query for the whole basket",
    "https://git.example.com/shop.git": "https://git.example.com/shop/deploy.git",
}

SHAS = (
    "b81f2c7d90e34a5c6b7d8e9f0a1b2c3d4e5f6071",
    "5e0c4b1aa97d4f0e8c21b3d6f7a8091b2c3d4e5f",
    "c3a9d07e1f2b4c5d6e7f8091a2b3c4d5e6f70812",
)

T = TypeVar("T", Transition, DecisionRow, ReleaseRow, Notification)


@dataclass
class Repository(Argo):
    """Commits have ids as Git gives them."""

    def commit(self, template: str) -> str:
        sha = SHAS[len(self.commits)]
        self.commits.append((sha, template))
        return sha


@dataclass
class Shop(RecordedManaged):
    """Traffic that is not the same in each block."""

    argo: Argo = field(default_factory=lambda: Repository(Cluster()))
    now: float = 1772719560.0  # 2026-03-05T14:06:00Z

    def _counts(self, start: float) -> Iterable[PodCount]:
        for number, pod in enumerate(super()._counts(start)):
            wave = 1 + 0.12 * math.sin(start / 37 + number) + 0.08 * math.sin(start / 11)
            usual = 0.003 * (1 + math.sin(start / 23 + number))
            total = round(pod.total * wave)
            yield replace(pod, total=float(total), bad=float(round(total * usual + pod.bad * wave * wave)))


def example() -> Note:
    """The note, with its picture under the name that it has in the documentation."""
    commit, decision = written()
    log = MemoryStore()
    log.commit(commit)
    return note(log, decision, f"{NAME}.svg")


def written() -> tuple[Commit, str]:
    """All that the log holds of it, to be written into another one; and the id of the decision."""
    shop = Shop.under(Cluster(), seconds=300.0, slow=60.0)
    shop.run(600.0)
    shop.ship("v2", errors=0.23)
    shop.run_until(Outcome.RESTORED)
    steps = tuple(_row(each) for each in shop.log.transitions(shop.watch.release.id))
    (decision,) = shop.log.decisions()
    right = Label(decision.id, "right", "ada", shop.now + 3600, "the index was missing in production")
    commit = Commit(
        transitions=steps,
        decisions=(_row(decision),),
        releases=tuple(map(_row, shop.log.releases())),
        policies=tuple({each.policy_hash: shop.log.policy(each.policy_hash) or b"" for each in steps}.items()),
        notifications=tuple(map(_row, shop.log.notified(decision.id))),
        labels=(right,),
    )
    return commit, decision.id


def _row(row: T) -> T:
    changed: dict[str, Any] = {each.name: _text(getattr(row, each.name)) for each in fields(row)}
    return replace(row, **changed)


def _text(value: object) -> object:
    for old, new in NAMES.items():
        if isinstance(value, str):
            value = value.replace(old, new)
        elif isinstance(value, bytes):
            value = value.replace(old.encode(), new.encode())
    return value


if __name__ == "__main__":
    made = example()
    EXAMPLES.mkdir(exist_ok=True)
    (EXAMPLES / f"{NAME}.md").write_text(made.markdown)
    (EXAMPLES / f"{NAME}.svg").write_text(made.picture)
