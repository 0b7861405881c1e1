"""What may happen in the shop: to workloads, to the network, to Prometheus, to processes, and by people's hands."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from tests.prove import thresholds
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.sandbox.kubernetes.kinds import LEASE
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch

if TYPE_CHECKING:
    from tests.prove.play import Scene

OTHERS = ("search", "pay")


async def wait(scene: Scene, seconds: float) -> None:
    await asyncio.sleep(seconds)


async def release(scene: Scene, tag: str, share: float) -> None:
    scene.shop.release(scene.cart, tag, share)


async def roll_forward_only(scene: Scene, tag: str, share: float) -> None:
    """A release that says of itself that it must not be undone."""
    scene.shop.barred.add(tag)
    scene.shop.release(scene.cart, tag, share, **{"watcher.dev/roll-forward-only": "new table"})


async def others(scene: Scene, tag: str, share: float, count: int) -> None:
    """Other workloads are released at the same time; they are there since the first time that this happens."""
    for name in OTHERS[:count]:
        workload = Workload(Kind.DEPLOYMENT, scene.cart.namespace, name)
        if workload in scene.shop.workloads:
            scene.shop.release(workload, tag, share)
        else:
            scene.shop.deploy(name)


async def fault(scene: Scene, *names: str) -> None:
    """The next writes meet this."""
    scene.shop.network.faults += names


async def until_sent(scene: Scene, seconds: float) -> None:
    """Until a process has sent a write, or for so long."""
    before = scene.shop.network.sent
    for _ in range(int(seconds * 20)):
        if scene.shop.network.sent > before:
            return
        await asyncio.sleep(0.05)


async def until_decided(scene: Scene, seconds: float) -> None:
    """Until a way back is intended, or for so long."""
    before = len(scene.shop.durable)
    for _ in range(int(seconds * 20)):
        if len(scene.shop.durable) > before:
            return
        await asyncio.sleep(0.05)


async def lag(scene: Scene, seconds: float) -> None:
    """What is read is read so much later."""
    scene.shop.network.lag = seconds


async def later(scene: Scene, seconds: float) -> None:
    """When writes that were given up land."""
    scene.shop.network.later = seconds


async def silently(scene: Scene, on: bool) -> None:
    """Watches stand and bring nothing, until they do again."""
    scene.shop.network.silent = on


async def crash(scene: Scene, after: int) -> None:
    """The process dies at so many moments from now: before or after a write, before or after a commit."""
    leader = scene.leader or next(iter(scene.processes), None)
    if leader is not None:
        leader.crashes.at = len(leader.crashes.passed) + after


async def crash_at(scene: Scene, moment: str) -> None:
    """The process dies at the next moment of which this is said."""
    leader = scene.leader or next(iter(scene.processes), None)
    if leader is not None:
        leader.dies_at = moment


async def kill(scene: Scene) -> None:
    for each in scene.processes[:1]:
        each.kill()


async def second(scene: Scene) -> None:
    """Another process stands by."""
    if len(scene.processes) < 2:
        scene.start()


async def pause(scene: Scene, seconds: float) -> None:
    """The leader stands still for so long: its Lease is over, and it does not know yet."""
    leader = scene.leader
    if leader is None:
        return
    leader.connections.cut_off = True
    await asyncio.sleep(min(seconds, 15.0))
    leader.connections.cut_off = False
    leader.paused += seconds


async def stolen(scene: Scene) -> None:
    """Somebody writes another holder into the Lease."""
    if scene.shop.store.get(LEASE, "watcher", "watcher") is None:
        return
    change = {"spec": {"holderIdentity": "somebody"}}
    scene.shop.registry.modify(
        LEASE, "watcher", "watcher", lambda live: dict(merge_patch(live, change)), Writer("kubectl")
    )
    scene.shop.leases.append((scene.shop.clock.now(), "somebody"))


async def down(scene: Scene, seconds: float) -> None:
    """The API server cannot be reached."""
    scene.shop.network.down = True
    scene.shop.network.cut()
    await asyncio.sleep(seconds)
    scene.shop.network.down = False


async def silent(scene: Scene, seconds: float) -> None:
    """Watches stand and bring nothing: the cache grows old."""
    scene.shop.network.silent = True
    await asyncio.sleep(seconds)
    scene.shop.network.silent = False


async def cut(scene: Scene, gone: int) -> None:
    """All watches end; so many of them get 410 when they begin again."""
    scene.shop.network.gone = gone
    scene.shop.network.cut()


async def slow(scene: Scene, seconds: float) -> None:
    """Every answer takes so long."""
    scene.shop.network.slow = seconds


async def blind(scene: Scene, why: str) -> None:
    """Prometheus does not answer; an empty reason: it does again."""
    scene.shop.blind = why
    scene.shop.note("blind", on=bool(why))


async def numbers(scene: Scene, what: str) -> None:
    """It answers with NaN, with nothing newer, or with a part of the pods; or well again."""
    scene.shop.numbers = what
    scene.shop.note("blind", on=what in ("nan", "stale") or bool(scene.shop.blind))


async def hold(scene: Scene, reason: str) -> None:
    scene.shop.hold(scene.cart, reason)


async def hold_namespace(scene: Scene, reason: str) -> None:
    scene.shop.hold_namespace(reason)


async def hold_everything(scene: Scene, on: bool) -> None:
    scene.shop.hold_everything(on=on)


async def mode(scene: Scene, wanted: str) -> None:
    """Somebody changes the thresholds file."""
    _in_force(scene, wanted, never=scene.shop.was("never", scene.shop.clock.now()))


async def never(scene: Scene, on: bool) -> None:
    """The namespace comes on the never list, or off it."""
    _in_force(scene, scene.shop.mode, never=on)


def _in_force(scene: Scene, wanted: str, *, never: bool) -> None:
    shop = scene.shop
    thresholds.write(scene.file, wanted, never=never)
    shop.note("never", on=never)
    if wanted != shop.mode:
        shop.note(f"mode {shop.mode}", on=False)
        shop.note(f"mode {wanted}", on=True)
    shop.mode = wanted


async def approve(scene: Scene) -> None:
    """Somebody approves the newest decision, by annotation."""
    rows = scene.shop.log.decisions(str(scene.cart))
    if rows:
        change = {"metadata": {"annotations": {"watcher.dev/approve": rows[0].id}}}
        scene.shop.change(scene.cart, change)
        scene.shop.approved.setdefault(rows[0].id, scene.shop.clock.now())


async def person_undoes(scene: Scene) -> None:
    """A person puts the first version back."""
    scene.shop.release(scene.cart, "v1")


async def scale(scene: Scene, replicas: int) -> None:
    if scene.cart.kind is not Kind.DAEMON_SET:
        scene.shop.change(scene.cart, {"spec": {"replicas": replicas}})


async def delete(scene: Scene, tag: str) -> None:
    """The workload is deleted, and made anew with this version a little later."""
    scene.shop.delete(scene.cart)
    await asyncio.sleep(8.0)
    if scene.shop.live(scene.cart) is None:
        scene.shop.deploy(scene.cart.name, scene.cart.kind, tag)


async def promote(scene: Scene) -> None:
    if scene.cart.kind is Kind.ROLLOUT:
        scene.shop.change(scene.cart, {"status": {"promoteFull": True}}, "status")


async def abort(scene: Scene) -> None:
    if scene.cart.kind is Kind.ROLLOUT:
        scene.shop.change(scene.cart, {"status": {"abort": True}}, "status")


async def retry(scene: Scene) -> None:
    if scene.cart.kind is Kind.ROLLOUT:
        scene.shop.change(scene.cart, {"status": {"abort": False}}, "status")


async def order(scene: Scene) -> None:
    """Everything outside is well again."""
    shop = scene.shop
    shop.network.faults.clear()
    shop.network.down = shop.network.silent = False
    shop.network.gone, shop.network.slow, shop.network.lag = 0, 0.0, 0.0
    shop.hold(scene.cart, "")
    shop.hold_namespace("")
    shop.hold_everything(on=False)
    await blind(scene, "")
    await numbers(scene, "good")
    _in_force(scene, "act", never=False)
    for each in scene.processes:
        each.connections.cut_off, each.dies_at = each.dead, ""


EVENTS: dict[str, Callable[..., Awaitable[None]]] = {
    each.__name__: each
    for each in (
        *(
            wait,
            release,
            roll_forward_only,
            others,
            fault,
            crash,
            crash_at,
            kill,
            second,
            until_sent,
            until_decided,
            lag,
            later,
            silently,
            pause,
            stolen,
            down,
            silent,
        ),
        *(cut, slow, blind, numbers, hold, hold_namespace, hold_everything, mode, never, approve, person_undoes),
        *(scale, delete, promote, abort, retry, order),
    )
}
"""By name, as histories call them."""
