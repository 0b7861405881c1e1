"""Abort of an Argo Rollout in progress: traffic goes back to the stable version."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.model import RolloutStatus
from watcher.runbook.commands import Command, Step, patch
from watcher.runbook.facts import Facts

TITLE = "Abort the Rollout"


def aborting(facts: Facts) -> Step:
    """The quickest way back, and none that lasts."""
    rollout = facts.view.rollout
    if rollout is None:
        return Step("abort", TITLE, skip="it is no Argo Rollout")
    if not rollout.in_progress:
        return Step("abort", TITLE, skip="it is fully promoted: an abort would be taken and do nothing; undo it")
    if rollout.aborted_at:
        return Step("abort", TITLE, tuple(_afterwards()), skip=f"it was aborted at {rollout.aborted_at}")
    return Step("abort", TITLE, tuple(_texts(rollout)), tuple(_commands(rollout, facts)))


def _texts(rollout: RolloutStatus) -> Iterator[str]:
    yield f"Two versions stand beside each other: {rollout.current} is new, {rollout.stable} is stable and takes over."
    if rollout.invalid_spec:
        yield "**Its spec is invalid, so its controller never acts on an abort**: undo it instead."
    if rollout.paused:
        yield (
            "Its spec is paused: the abort is taken, and pods do not move until it is not; the last command mends that."
        )
    if rollout.analysis:
        yield f"An AnalysisRun is {rollout.analysis}: the controller may be about to abort it by itself."
    yield "No time under `abortedAt` after two seconds: the controller has missed it; send the second command."
    yield from _afterwards()


def _afterwards() -> Iterator[str]:
    yield (
        "Spec and Git still hold the bad version: any change of the template, or of the steps, sets it going again. "
        "Do not "
        "`retry` it. Go on with Git, or with the undo."
    )


def _commands(rollout: RolloutStatus, facts: Facts) -> Iterator[Command]:
    name = facts.name
    test: dict[str, object] = {"op": "test", "path": "/status/currentPodHash", "value": rollout.current}
    abort: list[dict[str, object]] = [test, {"op": "add", "path": "/status/abort", "value": True}]
    if rollout.promote_full:
        abort.append({"op": "add", "path": "/status/promoteFull", "value": False})
    again: list[dict[str, object]] = [*abort, {"op": "add", "path": "/status/message", "value": "aborted by hand"}]
    by_plugin = facts.call("argo", "rollouts", "abort", name)
    yield Command("With the plugin", f"# {by_plugin}", reads=True, needs="the plugin of Argo Rollouts")
    yield Command("Abort it", _patched(facts, *abort))
    seen = facts.call(
        "get", f"rollout/{name}", "--output=jsonpath={.status.abortedAt} {.status.phase} {.status.message}"
    )
    yield Command("It has acted on it when there is a time", seen, reads=True)
    yield Command(
        "Where there is none: once more, with a change that it sees", f"# {_patched(facts, *again)}", reads=True
    )
    if rollout.paused:
        unpaused = patch({"op": "replace", "path": "/spec/paused", "value": False})
        yield Command("Let pods move", facts.call("patch", f"rollout/{name}", "--type=json", f"--patch={unpaused}"))


def _patched(facts: Facts, *operations: dict[str, object]) -> str:
    body = f"--patch={patch(*operations)}"
    return facts.call("patch", f"rollout/{facts.name}", "--subresource=status", "--type=json", body)
