"""One history in a simulated world."""

from __future__ import annotations

from tests.prove.history import History, Told, Violation
from tests.prove.simulated import watched
from tests.prove.simulated_events import EVENTS
from watcher.core.words import Kind


def play(history: History) -> Told:
    """Let it happen.  Raises Violation."""
    world = watched(history.world, Kind(history.kind))
    try:
        for name, *parameters in history.events:
            world.told_of.note(f"event {name}")
            EVENTS[name](world, *parameters)
            world.run(10.0)
        EVENTS["order"](world)
        world.quieten()
        world.end()
    except Violation:
        raise
    except AssertionError as error:  # of the world itself: a step does not replay to the same bytes
        raise Violation(8, f"a record does not lead to the same bytes: {error}") from error
    except Exception as error:
        raise Violation(0, f"a fault of ours: {error!r}") from error
    return world.told_of
