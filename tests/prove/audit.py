"""The eight invariants, asked of what really was: what the API server took, what the log held, what people did.

Nothing here asks the code under test for its opinion.  Numbers are those of `docs/proof.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.daemon.life import replayed
from tests.prove import thresholds
from tests.prove.history import Violation
from tests.prove.shop import Shop, tag_of, tag_of_pod
from tests.prove.wire import Sent
from watcher.core import record
from watcher.core.model import Workload
from watcher.core.state import WorkloadState
from watcher.core.words import Kind, Lane, Mode
from watcher.ports import DecisionRow

if TYPE_CHECKING:
    from tests.prove.play import Scene

SEEN = 6.0
"""Seconds after which a hold must have been seen: it is read just before each write, by requests that may be slow."""

RELOADED = 20.0
"""Seconds after which a changed thresholds file must hold for what is sent: an attempt under way may last so long."""

RENEWED = 2.2
"""Seconds within which a process sees that somebody, against the rules, has written over its Lease."""

SHORTEST_RUN = 60
"""Seconds of undisturbed service without which nothing can have become known good."""

LOST = ("lost", "500_applied")
"""Faults by which nobody hears of a write that was carried out."""

PLURALS = {kind.lower() + "s": kind for kind in Kind}
DECISION = "watcher.dev/decision"


@dataclass(frozen=True)
class Write:
    """A write that changed something, by whose decision, and what it did."""

    sent: Sent
    workload: Workload
    uid: str
    decision: str
    what: str  # undo, abort, mark, ownership, promote, delete

    @property
    def at(self) -> float:
        return self.sent.at


def check(scene: Scene) -> None:
    """Everything.  Raises Violation."""
    shop = scene.shop
    if scene.faults:
        raise Violation(0, f"a fault of ours: {scene.faults[0]}")
    _replays(shop)
    writes = list(_writes(shop))
    for write in writes:
        scene.told.note(f"write {write.what}")
        _intended(shop, write)
        _allowed(shop, write)
        if write.what in ("undo", "abort", "delete"):
            _of_the_current_release(shop, write)
    _once(shop, [write for write in writes if write.what == "undo"])
    _no_verdict_without_data(shop)
    _nothing_forgotten(scene, writes)
    _count(scene)


def under_way(shop: Shop) -> list[WorkloadState]:
    """Durable states with a rollback that has not come to its end."""
    states = (_decoded(each.state) for each in shop.log.states())
    return [each for each in states if each.watch is not None and each.watch.carrying_out]


def _decoded(data: bytes) -> WorkloadState:
    state: WorkloadState = record.decode(WorkloadState, data)
    return state


def _writes(shop: Shop) -> Iterator[Write]:
    for sent in shop.written:
        if sent.refused or (sent.after is sent.before and sent.method == "PATCH"):
            continue
        parts = sent.path.strip("/").split("/")
        place = parts.index("namespaces")
        namespace, plural, name = parts[place + 1], parts[place + 2], parts[place + 3]
        if plural == "pods":
            owner = str((sent.before or {})["metadata"]["labels"]["app"])
            workload = next(each for each in shop.workloads if each.name == owner)
        else:
            workload = Workload(Kind(PLURALS[plural]), namespace, name)
        marks = _annotations(sent.after if plural != "pods" else shop.live(workload))
        uid = str((sent.before or {})["metadata"]["uid"])
        yield Write(sent, workload, uid, _named(sent.body) or marks.get(DECISION, ""), _what(sent, parts))


def _what(sent: Sent, parts: list[str]) -> str:
    if sent.method == "DELETE":
        return "delete"
    touched = {operation["path"] for operation in sent.body if operation["op"] != "test"}
    if "/spec/template" in touched:
        return "undo"
    if "/status/abort" in touched and parts[-1] == "status":
        return "abort"
    if any(path.startswith("/metadata/managedFields") for path in touched):
        return "ownership"
    return "promote" if "/status/promoteFull" in touched else "mark"


def _named(body: Any) -> str:
    """The decision that a patch writes on the object."""
    for operation in body if isinstance(body, list) else ():
        if operation["op"] == "test":
            continue
        if operation["path"].endswith("watcher.dev~1decision"):
            return str(operation["value"])
        if operation["path"] == "/metadata/annotations" and isinstance(operation["value"], dict):
            return str(operation["value"].get(DECISION, ""))
    return ""


def _annotations(raw: Any) -> dict[str, str]:
    return dict((raw or {}).get("metadata", {}).get("annotations") or {})


def _row(shop: Shop, decision: str) -> DecisionRow | None:
    return next((row for row in shop.log.decisions() if row.id == decision), None)


def _intended(shop: Shop, write: Write) -> None:
    """1: the decision was durable before the write was sent."""
    durable = shop.durable.get(write.decision)
    if durable is None:
        raise Violation(1, f"{write.what} of {write.workload} by decision {write.decision!r}, which the log lacks")
    if durable > write.at:
        raise Violation(1, f"{write.what} of {write.workload} was sent {durable - write.at:.3f} s before its decision")


def _allowed(shop: Shop, write: Write) -> None:
    """5 and 7: no hold, mode or never list spoke against it, and the process was the one that may write."""
    at, row = write.at, _row(shop, write.decision)
    for what in (f"hold {write.workload}", "hold", "hold all"):
        if shop.was(what, at, SEEN):
            raise Violation(7, f"{write.what} of {write.workload} under {what}")
    for mode in ("observe", "none"):
        if shop.was(f"mode {mode}", at, RELOADED):
            raise Violation(7, f"{write.what} of {write.workload} in mode {mode}")
    if shop.was("never", at, RELOADED):
        raise Violation(5, f"{write.what} of {write.workload}, which is on the never list")
    if shop.was("mode propose", at, RELOADED) and row is not None and not _was_approved(shop, row):
        raise Violation(5, f"{write.what} of {write.workload} in mode propose, and nobody approved")
    since, holder = next(((since, name) for since, name in reversed(shop.leases) if since <= at), (0.0, ""))
    unknown = holder == "somebody" and at - since < RENEWED
    if holder != write.sent.by and not unknown:
        raise Violation(5, f"{write.what} of {write.workload} by {write.sent.by}, while {holder} held the Lease")


def _was_approved(shop: Shop, row: DecisionRow) -> bool:
    """Whether somebody approved of a decision on the same release before."""
    rows = {each.id: each for each in shop.log.decisions()}
    return any(at <= row.at + 1.0 and rows[given].release == row.release for given, at in shop.approved.items())


def _of_the_current_release(shop: Shop, write: Write) -> None:
    """2 and 3: what was replaced is the version that was judged, and what took its place had proven itself."""
    row = _row(shop, write.decision)
    assert row is not None
    uid, _, number = row.release.rpartition("/")
    judged = shop.revisions.get((uid, number.partition(".")[0]), "")  # of a Rollout that was set going again: 2.1
    if write.what == "delete":
        if tag_of_pod(write.sent.before or {}) != judged:
            raise Violation(2, f"pod {write.sent.path} was deleted, which is not of the version that was judged")
        return
    if uid != write.uid:
        raise Violation(2, f"{write.what} of {write.workload}: decided on {uid}, written to {write.uid}")
    before, after = tag_of(write.sent.before or {}), tag_of(write.sent.after or {})
    if before != judged:
        raise Violation(2, f"{write.what} of {write.workload} replaced {before}, and {judged} was judged")
    if judged in shop.barred:
        raise Violation(5, f"{write.what} of {write.workload}, whose version {judged} is for rolling forward only")
    if write.what == "undo" and shop.ran[write.workload, after] < SHORTEST_RUN:
        raise Violation(3, f"{write.workload} was taken to {after}, which ran {shop.ran[write.workload, after]} s")


def _once(shop: Shop, undone: list[Write]) -> None:
    """2: one rollback a release; 5: not more than the breaker allows, nor sooner than the cooldown."""
    seen: dict[str, Write] = {}
    for write in sorted(undone, key=lambda each: each.at):
        row = _row(shop, write.decision)
        assert row is not None
        if row.release in seen:
            raise Violation(2, f"release {row.release} was undone twice, by {seen[row.release].decision} and {row.id}")
        if sum(write.at - each.at < 3600.0 for each in seen.values()) >= thresholds.BREAKER:
            raise Violation(5, f"{write.workload} was undone while the breaker stood open")
        mine = [each for each in seen.values() if each.workload == write.workload and each.uid == write.uid]
        if mine and row.at - mine[-1].at < thresholds.COOLDOWN:
            raise Violation(5, f"{write.workload} was undone again {row.at - mine[-1].at:.0f} s later, in the cooldown")
        seen[row.release] = write


def _no_verdict_without_data(shop: Shop) -> None:
    """4: while nothing is known there is neither breach nor pass but for pods that are not available."""
    for each in shop.log.transitions():
        kinds = set(each.kind.split())
        if not kinds & {"breach", "pass"}:
            continue
        watch = _decoded(each.state_after).watch
        if watch is None:
            continue
        blind = any(
            stretch.what == "blind" and stretch.since <= watch.release.began and each.at < stretch.until
            for stretch in shop.truth
        )
        if blind and "pass" in kinds:
            raise Violation(4, f"{watch.release.id} passed, and nothing was known of it")
        lanes = {finding.lane for finding in watch.decision.findings} if watch.decision is not None else set()
        if blind and not lanes <= {Lane.AVAILABILITY, Lane.TRAFFIC}:
            raise Violation(4, f"{watch.release.id} stands at breach, and nothing was known of it")


def _nothing_forgotten(scene: Scene, writes: list[Write]) -> None:
    """6: every rollback has come to its end, and every write to an outcome."""
    for state in under_way(scene.shop):
        assert state.watch is not None
        raise Violation(6, f"the rollback of {state.watch.release.id} hangs: {state.watch.phase}")
    for write in writes:
        row = _row(scene.shop, write.decision)
        if write.what in ("undo", "abort") and row is not None and not row.outcome and not _stood_down(scene, row):
            raise Violation(6, f"decision {row.id} was carried out, and nobody knows what came of it")
        if write.sent.fault in LOST and row is not None and row.outcome == "failed":
            raise Violation(6, f"decision {row.id} was carried out unheard, and the log says that it failed")

    for workload in bad(scene.shop):
        if not scene.shop.settled_on(workload, scene.shop.tag(workload)):
            continue  # it has no pods, or is not rolled out
        if len({tag for (uid, _), tag in scene.shop.revisions.items() if uid == _uid(scene.shop, workload)}) < 2:
            continue  # its first version, made anew: there was no release
        watch = next((each.watch for each in _states(scene.shop) if each.workload == workload), None)
        if watch is None or watch.decision is None:
            raise Violation(6, f"{workload} runs {scene.shop.tag(workload)}, and nothing was decided")


def bad(shop: Shop) -> list[Workload]:
    """Workloads whose version fails for good, after one that did not: twice as bad as before is within the bounds."""
    return [each for each in shop.workloads if _share(shop, each, -1) >= 0.3 and _share(shop, each, -2) < 0.1]


def _share(shop: Shop, workload: Workload, place: int) -> float:
    """The share of requests that fail with the version that the spec asks for (-1), or asked for before (-2)."""
    asked = shop.tags.get(_uid(shop, workload), [])
    tag = asked[place][1] if len(asked) >= -place else ""
    return shop.errors.get(f"{workload.name}:{tag}", 0.0)


def _uid(shop: Shop, workload: Workload) -> str:
    live = shop.live(workload)
    return "" if live is None else str(live["metadata"]["uid"])


def _states(shop: Shop) -> list[WorkloadState]:
    return [_decoded(each.state) for each in shop.log.states()]


def _stood_down(scene: Scene, row: DecisionRow) -> bool:
    """Whether the log tells that the rest of it was given up, or that another decision took its place."""
    kinds = [each.kind for each in scene.shop.log.transitions() if each.release == row.release and each.at >= row.at]
    return any("stood_down" in kind or "closed" in kind for kind in kinds)


def _replays(shop: Shop) -> None:
    """8: every record leads to the same bytes, and every decision says why."""
    for each in shop.log.transitions():
        if not replayed(each, shop.log.policy(each.policy_hash)):
            raise Violation(8, f"the record of {each.kind!r} does not lead to the same bytes")
        watch = _decoded(each.state_after).watch
        decision = watch.decision if watch is not None else None
        if decision is None:
            continue
        if not decision.reason or any(not rung.reason for rung in decision.rungs):
            raise Violation(8, f"decision {decision.id} does not say why")
        if any(not guard.reason for guard in decision.guards):
            raise Violation(8, f"decision {decision.id} names a guard without its reason")


def _count(scene: Scene) -> None:
    shop, told = scene.shop, scene.told
    told.note("refused write", sum(bool(each.refused) for each in shop.written))
    for fault in shop.network.met:
        told.note(f"fault {fault}")
    for row in shop.log.decisions():
        told.note(f"decision {row.action}" + (f" ({row.mode})" if row.mode != Mode.ACT else ""))
        if row.guard:
            told.note(f"guard {row.guard}")
        if row.outcome:
            told.note(f"outcome {row.outcome}")
    for each in shop.log.transitions():
        for kind in each.kind.split():
            told.note(f"transition {kind}")
