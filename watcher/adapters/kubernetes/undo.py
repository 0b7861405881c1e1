"""Puts an earlier pod template back: one JSON patch that holds only for the object and template that were judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from watcher.adapters.kubernetes import fresh, ownership, resources
from watcher.adapters.kubernetes.client import Client, Json
from watcher.adapters.kubernetes.fields import at
from watcher.adapters.kubernetes.fresh import Holds, Kept, Live
from watcher.adapters.kubernetes.operations import decided, marked
from watcher.adapters.kubernetes.promotion import Promotion
from watcher.adapters.kubernetes.residue import describe, residue
from watcher.core.keepers.json_patch import Operation, pointer, replace, same_object, test
from watcher.core.model import Result
from watcher.core.orders import UndoOrder
from watcher.core.words import Kind
from watcher.ports import Clock


@dataclass(frozen=True, slots=True)
class Undo:
    """Performs undo orders.  Each call looks at the real state and does the next missing step."""

    client: Client
    clock: Clock
    holds: Holds

    async def perform(self, order: UndoOrder) -> tuple[str, str]:
        """Result and message.  Raises what the client raises."""
        live = await fresh.live(self.client, order.workload)
        if live.uid != order.uid:
            return Result.CONFLICT, f"{order.workload} was deleted and made anew"
        held = "" if order.past_hold else await self.holds.on(order.workload, live.raw)
        if order.target_template in live.template_ids() and live.decision == order.decision:
            note = f"left as it is: {held}" if held else await self._finish(order, live.source)
            return Result.ALREADY, _sentences(f"decision {order.decision} was applied before", note)
        if held:
            return Result.HELD, held
        if order.bad_template not in live.template_ids():
            return Result.CONFLICT, f"{order.workload} has another pod template by now"
        if live.undone_by(order.decision) and not order.again:
            return Result.CONFLICT, _put_back_since(order)
        target = live.kept(order.target_template)
        if target is None:
            return Result.REFUSED, _target_gone(order)
        return Result.APPLIED, await self._write(order, live, target)

    async def _write(self, order: UndoOrder, live: Live, target: Kept) -> str:
        if live.refers:
            await self._announce_intent(order, live)
        after = await self.client.patch(_path(live), changes(live, target.template, order.decision))
        left = () if _server_side(live) else _residue(order, live, target)
        done = f"pod template of revision {target.revision.number} ({target.revision.name}) put back"
        return _sentences(done, await self._finish(order, after), describe(left), _stands_still(live))

    async def _announce_intent(self, order: UndoOrder, live: Live) -> None:
        """With `workloadRef` the patch goes to the Deployment; the Rollout says by whose decision."""
        path = resources.ROLLOUTS.path(order.workload.namespace, order.workload.name)
        await self.client.patch(path, [same_object(live.raw), decided(live.raw, order.decision)])

    async def _finish(self, order: UndoOrder, source: Json) -> str:
        """What is due once the template is back: ownership of the fields, and no steps for what is known good."""
        resource = resources.DEPLOYMENTS if source["kind"] == "Deployment" else resources.WORKLOADS[order.workload.kind]
        path = resource.path(order.workload.namespace, source["metadata"]["name"])
        note = await ownership.give_back(self.client, path, source)
        if order.workload.kind is Kind.ROLLOUT and order.skip_steps:
            note = _sentences(note, await Promotion(self.client, self.clock).skip_steps(order))
        return note


def changes(live: Live, template: dict[str, Any], decision: str) -> list[Operation]:
    """The patch that puts `template` in the place of the live one, which it must find unchanged."""
    source = live.source
    operations = [
        same_object(source),
        test(pointer("spec", "template"), source["spec"]["template"]),
        replace(pointer("spec", "template"), template),
        *marked(source, decision),
    ]
    if source["kind"] == "Deployment" and at(source, "spec", "paused"):
        operations.append(replace(pointer("spec", "paused"), False))  # noqa: FBT003
    if at(source, "spec", "updateStrategy", "rollingUpdate", "partition"):
        operations.append(replace(pointer("spec", "updateStrategy", "rollingUpdate", "partition"), 0))
    return operations


def _path(live: Live) -> str:
    return live.source_resource.path(live.workload.namespace, live.source["metadata"]["name"])


def _server_side(live: Live) -> bool:
    return ownership.applied_by_server(at(live.source, "metadata", "managedFields") or ())


def _residue(order: UndoOrder, live: Live, target: Kept) -> tuple[str, ...]:
    """Compared with the bad version as its controller keeps it: a Rollout's own lacks the API server's defaults."""
    bad = live.kept(order.bad_template)
    return residue(bad.template if bad else live.source["spec"]["template"], target.template)


def _stands_still(live: Live) -> str:
    paused = live.workload.kind is Kind.ROLLOUT and at(live.raw, "spec", "paused")
    return "the Rollout is paused by its spec and does not move until someone unpauses it" if paused else ""


def _put_back_since(order: UndoOrder) -> str:
    return (
        f"decision {order.decision} was applied before and {order.workload} was changed back since;"
        " it is not written again over what may be meant so"
    )


def _target_gone(order: UndoOrder) -> str:
    return (
        f"no revision of {order.workload} holds the target's template ({order.target_revision}) any more;"
        " a larger revisionHistoryLimit keeps more of them"
    )


def _sentences(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
