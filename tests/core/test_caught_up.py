"""What the writer met and the view does not show yet is not judged anew on that view."""

from __future__ import annotations

from tests.core.world import World
from watcher.core.model import Result


def test_a_changed_object_is_judged_anew_only_on_a_newer_view() -> None:
    """The undo was applied and nobody heard of it; somebody changed it back since, and watches bring nothing."""
    world = World.of()
    world.react(Result.CONFLICT)
    world.release("v2", errors=0.3)
    world.run_until("conflict")
    for age in range(5, 60, 5):
        world.around(cache_age=float(age))
        world.tick()
    assert len(world.orders) == 1
    world.around(cache_age=0.0)
    world.run_until("restored")
    assert len(world.orders) == 2
