"""One thing that is taken out of the code under test, and the histories in which it is needed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.prove.history import Event, History

Draw = Callable[[random.Random], list[Event]]
Apply = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Mutation:
    """`apply` takes the thing out, in a process that ends soon; `draw` makes the events of one history for it."""

    name: str
    removes: str
    apply: Apply
    draw: Draw
    world: str = "core"
    kinds: tuple[str, ...] = ("Deployment",)

    def history(self, seed: int) -> History:
        """The history of this seed."""
        chance = random.Random(seed)  # noqa: S311 - a history, nothing secret
        return History(self.world, seed, chance.choice(self.kinds), tuple(self.draw(chance)))


def put(*places: tuple[Any, str], to: Any) -> Apply:
    """Put this in the place of what is there.  Raises LookupError where nothing of that name is."""

    def apply() -> None:
        for owner, name in places:
            if not hasattr(owner, name):
                raise LookupError(f"{owner} has no {name} any more: where is now what it did?")
            setattr(owner, name, to)

    return apply


def nothing(*arguments: Any, **named: Any) -> None:
    """In place of a rule."""
    return


def yes(*arguments: Any, **named: Any) -> bool:
    """In place of a question."""
    return True


def empty(*arguments: Any, **named: Any) -> str:
    """In place of a question for a reason."""
    return ""
