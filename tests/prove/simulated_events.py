"""What may happen in the simulated worlds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.core.argo import MERGED
from tests.core.databases import after_down, note
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import FLAG
from tests.core.world import ALL_WELL, POLICY, TICK
from tests.prove.causes import CAUSES, UNSAFE
from tests.prove.simulated import Proving, ProvingGit
from watcher.core.deciding.approving import waits
from watcher.core.gitops import PullState, Route
from watcher.core.migrations import MigrationNote, Safety, When
from watcher.core.words import Mode

Happening = Callable[..., None]
NOTES: dict[str, tuple[MigrationNote, ...]] = {
    "none": (),
    "safe": (note("0041_add", Safety.SAFE),),
    "unsafe": (UNSAFE,),
    "automatic": (after_down("0042_down"),),
    "approved": (after_down("0042_down", automatic=False),),
    "after": (after_down("0042_down", when=When.AFTER),),
}


def run(world: Proving, ticks: int) -> None:
    world.run(ticks * TICK)


def release(world: Proving, template: str, share: float) -> None:
    if isinstance(world, ProvingGit):
        if not world.argo.pin:
            world.ship(template, share)
        return
    world.release(template, share)


def release_barred(world: Proving, template: str, share: float) -> None:
    """A release that says of itself that it must not be undone."""
    world.cluster.roll_forward_only[template] = "new table"
    release(world, template, share)


def flagged(world: Proving, template: str, share: float, without: float) -> None:
    """A release that is tied to a feature flag; `without` it this share of its requests fails."""
    world.cluster.flags[template] = str(FLAG)
    world.switch.covers[template] = without
    release(world, template, share)


def database(world: Proving, what: str) -> None:
    """What lies between the good version and the newest."""
    world.databases.notes = NOTES[what]


def jobs(world: Proving, ending: str) -> None:
    """How down migrations end."""
    world.databases.ending = ending


def switch(world: Proving, name: str, value: Any) -> None:
    """The flag, or what is seen of it, is otherwise from now on."""
    setattr(world.switch, name, value)


def command(world: Proving, to: str, *overrides: str) -> None:
    """A person commands a rollback, and names guards that may be passed."""
    world.command(to, *overrides)


def errors(world: Proving, template: str, share: float) -> None:
    world.errors[template] = share


def react(world: Proving, *reactions: str) -> None:
    """The next orders end so."""
    world.react(*reactions)


def crash(world: Proving) -> None:
    world.crash()


def begin(world: Proving, guard: str) -> None:
    """What a guard is there for begins."""
    CAUSES[guard].begin(world)
    world.told_of.note(f"cause {guard}")


def end(world: Proving, guard: str) -> None:
    CAUSES[guard].end(world)


def until(world: Proving, move: str, ticks: int) -> None:
    """Time passes until this transition, or for so long."""
    begun = len(world.moved)
    for _ in range(ticks):
        world.run(TICK)
        if move in world.moved[begun:]:
            return


def at_once(world: Proving, *events: Any) -> None:
    """All of this happens before the next step."""
    for name, *parameters in events:
        EVENTS[name](world, *parameters)


def amid(world: Proving, move: str, ticks: int, *events: Any) -> None:
    """Right after this transition, before the next step, all of this happens."""
    begun = len(world.moved)
    for _ in range(ticks):
        world.run(TICK)
        if move in world.moved[begun:]:
            at_once(world, *events)
            return


def mode(world: Proving, wanted: str) -> None:
    world.set(mode=Mode(wanted))


def rungs(world: Proving, wanted: str) -> None:
    world.set(rungs=tuple((rung, Mode(wanted)) for rung, _ in world.policy.rungs))


def setting(world: Proving, name: str, value: Any) -> None:
    """The cluster is otherwise from now on."""
    if hasattr(world.cluster, name):
        setattr(world.cluster, name, value)


def world_is(world: Proving, name: str, value: Any) -> None:
    setattr(world, name, value)


def never_ready(world: Proving, template: str) -> None:
    world.cluster.never_ready.symmetric_difference_update({template})


def promote(world: Proving) -> None:
    if isinstance(world.cluster, SimulatedRollout):
        world.cluster.promote()


def abort(world: Proving) -> None:
    if isinstance(world.cluster, SimulatedRollout) and world.cluster.in_progress:
        world.cluster.aborted = True


def retry(world: Proving) -> None:
    if isinstance(world.cluster, SimulatedRollout):
        world.cluster.retry()


def made_anew(world: Proving) -> None:
    world.cluster.uid += "+"


def gone(world: Proving) -> None:
    """The workload is deleted, and is there again a moment later."""
    world.step(gone=True)


def approve(world: Proving, which: str, way: str) -> None:
    """Somebody approves the newest decision, the one before it, or one that never was."""
    known = {"newest": world.decisions[-1:], "earlier": world.decisions[-2:-1]}.get(which, [])
    decision = known[0].id if known else "0123456789ab"
    world.approved[decision] = world.now
    if way == "http":
        world.approve(decision)
    else:
        world.annotate(decision)


def proposed(world: Proving, ticks: int) -> None:
    """Time passes until something is proposed."""
    for _ in range(ticks):
        world.run(TICK)
        watch = world.state.watch if world.state is not None else None
        if watch is not None and waits(watch):
            return


def git(world: Proving, name: str, value: Any) -> None:
    """Git, Argo CD or the forge are otherwise from now on."""
    if isinstance(world, ProvingGit):
        kinds: dict[str, Callable[[Any], Any]] = {
            "route": Route,
            "pull": lambda each: PullState(each) if each else None,
        }
        setattr(world.argo, name, kinds.get(name, lambda each: each)(value))
        world.argo.why = "as the history says"


def merge(world: Proving) -> None:
    """Somebody merges the pull request."""
    if isinstance(world, ProvingGit) and world.argo.pull is PullState.OPEN and MERGED not in dict(world.argo.commits):
        world.argo.merge()


def unseen(world: Proving, value: bool) -> None:
    """The Application cannot be read."""
    if isinstance(world, ProvingGit):
        world.seen = not value


def story(world: Proving, guard: str, template: str) -> None:
    """A version is released that is not to blame for what is seen then."""
    served: dict[str, tuple[tuple[float, float], ...]] = {
        "symptom_before": ((500.0, 0.0), (60.0, 0.3)),
        "flapping": ((400.0, 0.0), (30.0, 0.3), (180.0, 0.0), (30.0, 0.3), (630.0, 0.0)),
        "overload": ((500.0, 0.0),),
        "old_equally_bad": ((500.0, 0.0),),
    }
    old = world.cluster.current.template
    world.set(bake=replace(world.policy.bake, hold_for=1200.0))
    for seconds, share in served[guard]:
        world.errors[old] = share
        world.run(seconds)
    if guard == "overload":
        world.requests *= 2
    world.innocent[template] = guard
    world.told_of.note(f"cause {guard}")
    if guard == "old_equally_bad":
        world.release(template, 0.3)
        world.errors[old] = 0.3
    else:
        world.release(template, 0.3)


def order(world: Proving) -> None:
    """Everything outside is well again, and the cooldown is over."""
    world.actuator.reactions.clear()
    cluster = world.cluster
    cluster.hold, cluster.owner, cluster.trouble = "", "", ""
    cluster.numbered, cluster.desired, cluster.idle = True, 4, False
    cluster.never_ready.clear()
    cluster.waiting.clear()
    if isinstance(cluster, SimulatedRollout):
        cluster.analysis, cluster.deaf, cluster.invalid_spec, cluster.idle_when_aborted = "", 0, False, False
    world.blind, world.broken, world.requests = False, "", 600.0
    world.errors.clear()
    world.surroundings = ALL_WELL
    world.strays, world.canary = (), None
    databases, flag = world.databases, world.switch
    databases.notes, databases.problem, databases.unseen, databases.ending = (), "", False, "succeeded"
    flag.problem, flag.unseen, flag.stuck = "", False, False
    world.policy = replace(POLICY, cooldown=60.0)
    if isinstance(world, ProvingGit):
        world.seen, world.argo.down, world.argo.unknown, world.argo.window = True, False, False, False
        world.argo.route, world.argo.automated, world.argo.self_heal = Route.PUSH, True, True
        world.argo.waiting, world.argo.slow, world.argo.refused = False, 0.0, ""
        merge(world)
    world.run(90.0)


EVENTS: dict[str, Happening] = {
    each.__name__: each
    for each in (
        *(run, release, release_barred, flagged, errors, react, crash, begin, end, until, at_once, amid, mode, rungs),
        *(database, jobs, switch, command, setting, world_is, never_ready, promote, abort, retry, made_anew, gone),
        *(approve, proposed, git, merge, unseen, story, order),
    )
}
"""By name, as histories call them."""
