"""Mutations of the daemon and of its adapter for Kubernetes, shown on the sandbox."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import Any

from tests.prove import chance as sandbox
from tests.prove.history import Event
from tests.prove.mutation import Draw, Mutation, put
from watcher.adapters.kubernetes import abort, fresh, rollouts, undo
from watcher.adapters.kubernetes.client import Client
from watcher.core.model import Result
from watcher.daemon.journal import Journal
from watcher.daemon.leading import ByLease
from watcher.daemon.stepping import Stepping
from watcher.ports import Unanswered, results

SANDBOX = "sandbox"
BAD: Event = ("release", "v2", 0.3)


def _landing_late(*then: Event, first: tuple[str, ...] = ()) -> Draw:
    """The write was given up and lands all the same, after something else has happened.  `first`: writes before it."""

    def draw(chance: random.Random) -> list[Event]:
        after: list[Event] = [("wait", chance.choice((0.1, 1, 3))), *then, ("wait", 60)]
        return [("fault", *first, "late"), BAD, ("until_sent", 150.0), *after]

    return draw


def _between(*then: Event, before: tuple[Event, ...] = ()) -> Draw:
    """Something happens after the order and before the workload is read, which takes its time."""

    def draw(chance: random.Random) -> list[Event]:
        slow: list[Event] = [("lag", chance.choice((3.0, 6.0)))]
        return [*before, BAD, ("wait", 20), *slow, ("until_decided", 150.0), *then, ("wait", 40), ("lag", 0.0)]

    return draw


def _made_anew(chance: random.Random) -> list[Event]:
    """After the order, and before the workload is read, another one of its name has come to the same version."""
    found: list[Event] = [BAD, ("wait", 20), ("lag", 9.6), ("until_decided", 150.0), ("delete", "v1")]
    return [*found, ("wait", chance.choice((0.5, 1.0))), BAD, ("wait", 50), ("lag", 0.0)]


def _unseen_hold(chance: random.Random) -> list[Event]:
    """A hold is placed of which the watches tell nothing."""
    hold: Event = chance.choice((("hold", "wait"), ("hold_namespace", "audit"), ("hold_everything", True)))
    return [BAD, ("wait", chance.choice((5, 10, 15))), ("silently", True), hold, ("wait", 50), ("silently", False)]


def _unheard(chance: random.Random) -> list[Event]:
    """The answer to the undo is lost, and the watches bring nothing for a while."""
    found: list[Event] = [("fault", chance.choice(("lost", "500_applied"))), BAD, ("until_sent", 150.0)]
    return [*found, ("silently", True), ("wait", 25), ("silently", False), ("wait", 60)]


def _put_back(chance: random.Random) -> list[Event]:
    """The answer to the undo is lost, and somebody brings the bad version again before the next attempt, unseen."""
    found: list[Event] = [("fault", "lost"), BAD, ("until_sent", 150.0), ("silently", True), ("wait", 2)]
    return [*found, BAD, ("wait", 45), ("silently", False), ("wait", 30)]


def _crashes(chance: random.Random) -> list[Event]:
    moment = chance.choice(("before the commit of breach", "roll_back", "before the commit"))
    return [BAD, ("wait", chance.choice((15, 25))), ("crash_at", moment), ("wait", 90)]


def _taken_away(chance: random.Random) -> list[Event]:
    """Somebody takes the Lease away between the decision and the write."""
    found: list[Event] = [BAD, ("wait", 20), ("lag", chance.choice((0.5, 0.55, 0.6))), ("until_decided", 150.0)]
    return [*found, ("stolen",), ("wait", 40), ("lag", 0.0)]


def _taken_over(chance: random.Random) -> list[Event]:
    """Somebody takes the Lease away, and another process has it when there is something to do."""
    return [("second",), ("wait", 15), BAD, ("wait", chance.choice((3, 5, 8))), ("stolen",), ("wait", 90)]


def _stuck(chance: random.Random) -> list[Event]:
    """The delete of a stuck pod was given up, and lands when another one of its name is well."""
    late: list[Event] = [("fault", *["well"] * chance.randint(1, 4), "late"), ("later", 20.0)]
    return [*late, ("release", "v6-neverready", 0.0), ("wait", 800)]


def _without_tests(*paths: str) -> Any:
    """In place of `Client.patch`: the same without these preconditions."""
    patch = Client.patch

    async def patched(self: Client, path: str, operations: list[dict[str, Any]]) -> Any:
        left = [each for each in operations if each["op"] != "test" or each["path"] not in paths]
        return await patch(self, path, left)

    return patched


def _without_condition(self: Client, path: str, uid: str) -> Any:
    body = {"apiVersion": "v1", "kind": "DeleteOptions"}
    return self._call("DELETE", path, {}, body, "application/json", 10.0)


def _acts_before_it_writes() -> None:
    """What a step asks for is carried out at once, and recorded after that."""
    recorded = Stepping._recorded

    async def first(self: Stepping, worth_keeping: list[Any]) -> Any:
        for taken in worth_keeping:
            for command in taken.step.commands:
                self._executing.carry_out(command)
        await asyncio.sleep(0.5)
        return await recorded(self, worth_keeping)

    Stepping._recorded = first  # type: ignore[method-assign]


def _flushes_later() -> None:
    """A transaction counts as durable before it is."""
    write = Journal.write

    async def soon(self: Journal, taken: Any) -> dict[Any, str]:
        steps = list(taken)
        asyncio.get_running_loop().call_later(0.5, lambda: asyncio.ensure_future(write(self, steps)))
        return {}

    Journal.write = soon  # type: ignore[method-assign]


def _always_leads() -> None:
    """Whoever has led once goes on."""

    async def for_ever(self: ByLease) -> None:
        await asyncio.Event().wait()

    put((ByLease, "leads"), to=lambda self: True)()
    put((ByLease, "left"), to=lambda self: 60.0)()
    put((ByLease, "keep"), to=for_ever)()


def _forgets() -> None:
    """A new process does not take up what the log holds."""
    take_up = Stepping.take_up
    Stepping.take_up = lambda self, states, rollbacks: take_up(self, (), rollbacks)  # type: ignore[method-assign]


def _whoever_it_is() -> None:
    """The order is carried out on any object of that name."""
    perform = undo.Undo.perform

    async def performed(self: undo.Undo, order: Any) -> Any:
        live = await fresh.live(self.client, order.workload)
        return await perform(self, replace(order, uid=live.uid))

    undo.Undo.perform = performed  # type: ignore[method-assign]


def _whatever_it_runs() -> None:
    """The template that is there is taken for the one that was judged."""
    perform = undo.Undo.perform

    async def performed(self: undo.Undo, order: Any) -> Any:
        live = await fresh.live(self.client, order.workload)
        found = next(iter(live.template_ids() - {order.target_template}), order.bad_template)
        return await perform(self, replace(order, bad_template=found))

    undo.Undo.perform = performed  # type: ignore[method-assign]


def _whichever_is_current() -> None:
    """An abort is for any revision."""
    perform = abort.Abort.perform

    async def performed(self: abort.Abort, order: Any) -> Any:
        raw = await fresh.object_of(self.client, order.workload)
        return await perform(self, replace(order, pod_hash=rollouts.status(raw).current))

    abort.Abort.perform = performed  # type: ignore[method-assign]


async def _nobody_holds(self: fresh.Holds, workload: Any, raw: Any) -> str:
    return ""


UID, TEMPLATE, HASH = "/metadata/uid", "/spec/template", "/status/currentPodHash"

ALL = (
    Mutation(
        "Stepping._recorded",
        "the order of things: an intent is durable before its write is sent",
        _acts_before_it_writes,
        _crashes,
        SANDBOX,
    ),
    Mutation("Journal.write", "that a step counts only once it is durable", _flushes_later, _crashes, SANDBOX),
    Mutation("Stepping.take_up", "that a new process goes on from the log", _forgets, sandbox.crashing, SANDBOX),
    Mutation(
        "undo: test of the uid",
        "the precondition that it is the object that was judged",
        put((Client, "patch"), to=_without_tests(UID)),
        _landing_late(("delete", "v2")),
        SANDBOX,
    ),
    Mutation(
        "undo: test of the template",
        "the precondition that it is the version that was judged",
        put((Client, "patch"), to=_without_tests(TEMPLATE)),
        _landing_late(("release", "v8", 0.0)),
        SANDBOX,
        ("Deployment", "StatefulSet"),
    ),
    Mutation(
        "undo: the object's uid is read",
        "the look at which object it is, before anything is prepared",
        _whoever_it_is,
        _made_anew,
        SANDBOX,
    ),
    Mutation(
        "undo: the object's template is read",
        "the look at which version it runs, before anything is prepared",
        _whatever_it_runs,
        _between(("release", "v8", 0.0)),
        SANDBOX,
    ),
    Mutation(
        "undo: once by each decision",
        "that the same decision is not written again over what was put back since",
        put((fresh.Live, "undone_by"), to=lambda self, decision: False),
        _put_back,
        SANDBOX,
    ),
    Mutation(
        "abort: tests of template and revision",
        "the preconditions that it is the revision that was judged",
        put((Client, "patch"), to=_without_tests(TEMPLATE, HASH)),
        _landing_late(("release", "v8", 0.0), first=("well",)),
        SANDBOX,
        ("Rollout",),
    ),
    Mutation(
        "abort: the revision is read",
        "the look at which revision is current, before anything is prepared",
        _whichever_is_current,
        _between(("release", "v8", 0.0)),
        SANDBOX,
        ("Rollout",),
    ),
    Mutation(
        "abort: the decision's mark",
        "that an abort says by whose decision it is",
        put((abort, "decided"), to=lambda raw, decision: {"op": "test", "path": UID, "value": raw["metadata"]["uid"]}),
        sandbox.incident,
        SANDBOX,
        ("Rollout",),
    ),
    Mutation(
        "pods: uid in the delete",
        "the precondition that it is the pod that was stuck",
        put((Client, "delete"), to=_without_condition),
        _stuck,
        SANDBOX,
        ("StatefulSet",),
    ),
    Mutation(
        "holds are read before each write",
        "that a hold is looked for past the cache",
        put((fresh.Holds, "on"), to=_nobody_holds),
        _unseen_hold,
        SANDBOX,
        ("Deployment", "Rollout"),
    ),
    Mutation(
        "Client.fence",
        "that no write is sent which could outlive the Lease",
        put((Client, "fence"), to=lambda self, left: None),
        _taken_away,
        SANDBOX,
    ),
    Mutation("ByLease", "that only the holder of the Lease decides and writes", _always_leads, _taken_over, SANDBOX),
    Mutation(
        "an answer that never came",
        "that a request without an answer is unknown, not failed",
        put((results, "RESULTS"), to=((Unanswered, Result.REFUSED), *results.RESULTS)),
        _unheard,
        SANDBOX,
        ("Deployment", "StatefulSet"),
    ),
)
"""Preconditions, order of things, and leadership."""
