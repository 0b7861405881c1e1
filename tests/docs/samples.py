"""Messages as they are sent, of releases that are played by the simulated workload."""

from __future__ import annotations

from tests.core.world import World
from watcher.core.telling import report
from watcher.core.telling.message import Around, about_release
from watcher.core.words import Mode, Stage


def samples() -> dict[str, str]:
    """Title and text by stage."""
    acted, observed, held, failed = World.of(), World.of(), World.of(), World.of()
    observed.set(mode=Mode.OBSERVE)
    held.cluster.hold = "freeze until noon"
    failed.react("refused")
    for world in (acted, observed, held, failed):
        world.release("v2", errors=0.2)
    acted.run_until("roll_back")
    found = {Stage.ROLLING_BACK: _told(acted)}
    for stage, world, moved in (
        (Stage.RESTORED, acted, "restored"),
        (Stage.WOULD_ROLL_BACK, observed, "roll_back"),
        (Stage.HELD, held, "hold"),
        (Stage.FAILED, failed, "failed"),
    ):
        world.run_until(moved)
        found[stage] = _told(world)
    return {str(stage): text for stage, text in found.items()}


def _told(world: World) -> str:
    announced, watch = world.told[-1], world.watch
    around = Around(world.now, "prod-eu-1", view_age=3.0, metrics_age=12.0)
    decision, release = report.decision_body(watch, world.decision), report.release_body(watch)
    told = about_release(announced.stage, announced.text, release, decision, around)
    return f"{told.title}\n\n{told.text}\n"
