"""Syncs of the GitOps controller, from the request in `.operation` to the history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.gitops_applying import Target
from watcher.sandbox.controllers.gitops_sources import Desired, SourceProblem, read
from watcher.sandbox.controllers.gitops_status import OUT_OF_SYNC, entry_of, surplus, with_history
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.kinds import APPLICATION, Kind
from watcher.sandbox.kubernetes.objects import Json, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.runtime import Key
    from watcher.sandbox.controllers.world import World

SYNC_SECONDS = 0.3
"""How long an operation takes, from its beginning until everything is applied."""

SUCCEEDED, FAILED, RUNNING, TERMINATING = "Succeeded", "Failed", "Running", "Terminating"


def automated(application: Json) -> bool:
    """Whether new commits are synced without being asked to."""
    policy = _automation(application)
    return policy is not None and policy.get("enabled") is not False


def self_healing(application: Json) -> bool:
    """Whether changes past Git are put back."""
    return bool((_automation(application) or {}).get("selfHeal"))


def _automation(application: Json) -> Json | None:
    policy = (application["spec"].get("syncPolicy") or {}).get("automated")
    return dict(policy) if policy is not None else None


class Operations:
    """Carries operations out in the name of the controller `manager`."""

    def __init__(self, world: World, manager: str) -> None:
        self._world, self._manager = world, manager
        self._began: dict[Key, datetime] = {}

    def step(self, application: Json) -> tuple[Json, float | None]:
        """Take the next step of what is asked for: the Application after it, and seconds until the step after that."""
        key = (namespace_of(application), name_of(application))
        if "operation" not in application:
            self._began.pop(key, None)
            return application, None
        if key not in self._began:
            self._began[key] = self._world.now()
            return self._started(application), SYNC_SECONDS
        left = (self._began[key] + timedelta(seconds=SYNC_SECONDS) - self._world.now()).total_seconds()
        terminating = application["status"]["operationState"]["phase"] == TERMINATING
        if left > 0.0 and not terminating:
            return application, left
        del self._began[key]
        return self._finished(application, terminating=terminating), None

    def attempted(self, application: Json) -> str | None:
        """How the sync to the commit that it is compared with has ended; None: there was none."""
        status = application["status"]
        state = status.get("operationState") or {}
        result = state.get("syncResult") or {}
        tried = (result.get("revision"), result.get("source"))
        if tried != (status["sync"]["revision"], application["spec"].get("source")):
            return None
        return str(state["phase"])

    def begin_full(self, application: Json) -> None:
        """Ask for a sync of everything."""
        self._begin(application, {})

    def begin_partial(self, application: Json, attempt: int) -> bool:
        """Ask for a sync of what has changed past Git, for the n-th time; false where that is nothing."""
        prune = _prunes(application)
        named = [
            {key: each[key] for key in ("group", "kind", "namespace", "name") if key in each}
            for each in application["status"]["resources"]
            if each["status"] == OUT_OF_SYNC and (prune or not each.get("requiresPruning"))
        ]
        if named:
            self._begin(application, {"resources": named, "autoHealAttemptsCount": attempt})
        return bool(named)

    def _begin(self, application: Json, more: Json) -> None:
        sync = {"revision": application["status"]["sync"]["revision"], "prune": _prunes(application), **more}
        operation = {"sync": sync, "initiatedBy": {"automated": True}, "retry": {"limit": 5}}
        self._world.modify(APPLICATION, application, lambda live: {**live, "operation": operation}, self._manager)

    def _started(self, application: Json) -> Json:
        state = {
            "operation": application["operation"],
            "phase": RUNNING,
            "message": "waiting for completion of the simulated sync",
            "startedAt": self._world.stamp(),
        }
        return self._write(application, {"operationState": state}, ended=False)

    def _finished(self, application: Json, *, terminating: bool) -> Json:
        operation: Json = application["operation"]
        sync: Json = operation.get("sync") or {}
        state = {**application["status"]["operationState"], "finishedAt": self._world.stamp()}
        try:
            desired = read(application, str(sync.get("revision", "")))
        except SourceProblem as error:
            state |= {"phase": FAILED, "message": str(error)}
            return self._write(application, {"operationState": state}, ended=True)
        results = [] if terminating else self._apply(application, sync, desired)
        failures = [each["message"] for each in results if each["status"] == "SyncFailed"]
        state |= {"phase": SUCCEEDED, "message": "successfully synced (all tasks run, by a simulated controller)"}
        if terminating or failures:
            state |= {"phase": FAILED, "message": failures[0] if failures else "Operation terminated"}
        source = application["spec"].get("source")
        state["syncResult"] = {"revision": desired.revision, "source": source, "resources": results}
        status: Json = {"operationState": state}
        if state["phase"] == SUCCEEDED and not sync.get("resources"):
            status["history"] = with_history(self._world, application, operation, desired.revision)
        self._tell(application, state, desired.revision)
        return self._write(application, status, ended=True)

    def _apply(self, application: Json, sync: Json, desired: Desired) -> list[Json]:
        chosen: Sequence[Json] = sync.get("resources") or ()
        results = [
            {**entry_of(target.kind, target.manifest), **self._attempt(target)}
            for target in desired.targets
            if _is_among(chosen, target.kind, target.manifest)
        ]
        if sync.get("prune"):
            for kind, live in surplus(self._world, application, desired.targets):
                if _is_among(chosen, kind, live):
                    self._world.delete(kind, live)
                    results.append({**entry_of(kind, live), "status": "Pruned", "message": "pruned"})
        return results

    def _attempt(self, target: Target) -> Json:
        try:
            return {"status": "Synced", "message": target.apply(self._world, self._manager)}
        except ApiError as error:
            return {"status": "SyncFailed", "message": str(error)}

    def _tell(self, application: Json, state: Json, revision: str) -> None:
        text = f"Sync operation to {revision} {str(state['phase']).lower()} (simulated)"
        self._world.events.normal(self._manager, application, "OperationCompleted", text)

    def _write(self, application: Json, status: Json, *, ended: bool) -> Json:
        def change(live: Json) -> Json:
            changed = {**live, "status": {**(live.get("status") or {}), **status}}
            if ended:
                changed.pop("operation", None)
            return changed

        return self._world.modify(APPLICATION, application, change, self._manager)


def _prunes(application: Json) -> bool:
    return bool((_automation(application) or {}).get("prune"))


def _is_among(chosen: Sequence[Json], kind: Kind, obj: Json) -> bool:
    """Whether a sync of these resources (empty: of all) has the object."""
    named = (kind.group, kind.kind, namespace_of(obj), name_of(obj))
    told = ((each.get("group", ""), each["kind"], each.get("namespace", ""), each["name"]) for each in chosen)
    return not chosen or named in told
