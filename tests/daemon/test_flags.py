"""Flags of releases under watch are looked at: at once, slowly while all is well, quickly when it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.daemon import outside as o
from tests.daemon.life import THRESHOLDS, Life, alive, configure, virtual
from tests.flags.memory import MemoryFlags
from watcher.core.flags import Flag
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.daemon.flags import QUICKLY, SLOWLY, TRY_EVERY
from watcher.ports import Unavailable

pytestmark = virtual

FLAG = Flag("own", "new-cart", "production")
SEARCH = Workload(Kind.DEPLOYMENT, "shop", "search")
TIED = THRESHOLDS.replace("    judge:", f"    flag: {FLAG}\n    mode: observe\n    judge:") + (
    "flags: {providers: {own: {kind: webhook, url: 'https://flags.test', secretFile: s}}}\n"
)


@asynccontextmanager
async def tied(thresholds: Path) -> AsyncIterator[tuple[Life, MemoryFlags]]:
    """A daemon that has followed cart and search for a minute, and only observes."""
    configure(thresholds, TIED)
    async with alive() as outside:
        outside.deploy(SEARCH)
        flags = MemoryFlags(outside.clock.now)
        flags.put(FLAG, on=True)
        outside.flags = flags
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        yield life, flags
        assert life.daemon.stepping.failed == {}
        await life.end()


async def test_without_a_release_nobody_is_asked(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        assert (flags.looked, life.daemon.stepping.flags) == ([], {})


async def test_a_flag_is_looked_at_as_soon_as_a_release_is_under_watch(thresholds: Path) -> None:
    async with tied(thresholds) as (life, _flags):
        life.outside.release("v2")
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)
        sight = life.daemon.stepping.flags[o.CART]
        assert (sight.flag, sight.on, sight.problem) == (FLAG, True, "")


async def test_one_look_serves_all_that_share_it_and_is_repeated_slowly(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        life.outside.release("v2")
        life.outside.release("v2", workload=SEARCH)
        await life.until(lambda: len(life.daemon.stepping.flags) == 2, within=10.0)
        await asyncio.sleep(2 * SLOWLY)
        assert life.daemon.stepping.flags[o.CART] is life.daemon.stepping.flags[SEARCH]
        assert len(flags.looked) in (2, 3)


async def test_with_evidence_against_a_release_it_is_looked_at_quickly(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        life.outside.release("v2", errors=0.3)
        await life.until(lambda: o.CART in life.daemon.stepping.suspects)
        before = len(flags.looked)
        await asyncio.sleep(4 * (QUICKLY + 1.0))
        assert len(flags.looked) >= before + 3


async def test_a_provider_that_is_lost_is_told_once_and_once_that_it_is_back(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        flags.failing = Unavailable("https://flags.test: connection refused")
        life.outside.release("v2")
        await asyncio.sleep(4 * TRY_EVERY)
        sight = life.daemon.stepping.flags[o.CART]
        assert (sight.on, sight.problem) == (None, "https://flags.test: connection refused")
        assert len(flags.looked) >= 3
        assert len(life.outside.log_of("flag_not_seen")) == 1
        flags.failing = None
        await life.until(lambda: life.outside.log_of("flag_seen_again"), within=2 * TRY_EVERY)
        assert life.daemon.stepping.flags[o.CART].on


def healthy(life: Life) -> dict[str, float]:
    """By the names of providers."""
    families = life.daemon.telemetry.registry.collect()
    found = [each for family in families for each in family.samples if each.name == "watcher_flag_provider_healthy"]
    return {each.labels["provider"]: each.value for each in found}


async def test_a_provider_is_healthy_while_it_tells_and_has_no_health_while_nobody_asks(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        status = life.daemon.status
        assert healthy(life) == {}
        life.outside.release("v2")
        await life.until(lambda: healthy(life) == {"own": 1}, within=10.0)
        flags.failing = Unavailable("https://flags.test: connection refused")
        await life.until(lambda: healthy(life) == {"own": 0}, within=2 * SLOWLY)
        assert status.readiness() == (True, ["flag provider own: https://flags.test: connection refused"])
        flags.failing = None
        await life.until(lambda: healthy(life) == {"own": 1}, within=2 * TRY_EVERY)
        assert status.readiness() == (True, [])
        await life.until(lambda: o.CART not in life.daemon.stepping.open_watches())
        await life.until(lambda: healthy(life) == {}, within=10.0)


async def test_a_provider_is_not_healthy_that_does_not_know_one_of_its_flags(thresholds: Path) -> None:
    async with tied(thresholds) as (life, _flags):
        unknown = Flag("own", "old-cart", "production")
        life.outside.workloads[SEARCH].flags["v2"] = str(unknown)
        life.outside.release("v2")
        life.outside.release("v2", workload=SEARCH)
        await life.until(lambda: len(life.daemon.stepping.flags) == 2, within=10.0)
        await life.until(lambda: healthy(life) == {"own": 0}, within=10.0)
        assert life.daemon.status.readiness()[1] == [f"flag provider own: {unknown}: there is no such flag"]


async def test_nor_one_that_does_not_say_whether_a_flag_is_on(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        flags.standing[FLAG] = replace(flags.standing[FLAG], on=None)
        life.outside.release("v2")
        await life.until(lambda: healthy(life) == {"own": 0}, within=10.0)
        assert life.daemon.status.readiness()[1] == [f"flag provider own: {FLAG}: whether it is on is not known"]


async def test_a_provider_that_only_a_pod_template_names_has_no_health(thresholds: Path) -> None:
    async with tied(thresholds) as (life, _flags):
        life.outside.workloads[o.CART].flags["v2"] = "theirs/new-cart@production"
        life.outside.release("v2")
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)
        await asyncio.sleep(5.0)
        assert healthy(life) == {}


async def test_what_is_not_under_watch_any_more_is_forgotten(thresholds: Path) -> None:
    async with tied(thresholds) as (life, _flags):
        life.outside.release("v2")
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)
        await life.until(lambda: o.CART not in life.daemon.stepping.open_watches())
        await life.until(lambda: o.CART not in life.daemon.stepping.flags, within=10.0)


async def test_a_fault_in_looking_is_tried_again(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        right, flags.standing[FLAG] = flags.standing[FLAG], None  # type: ignore[assignment]
        life.outside.release("v2")
        await life.until(lambda: life.outside.log_of("prospect_failed"), within=10.0)
        flags.standing[FLAG] = right
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)


async def test_nor_where_a_person_wants_a_release_undone_that_is_not_under_watch(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        configure(
            thresholds, TIED.replace("{kind: webhook, url: 'https://flags.test', secretFile: s}", "{kind: openfeature}")
        )
        await life.until(lambda: life.outside.log_of("config_reloaded"), within=10.0)
        others = Flag("own", "new-cart", "payments/flags")
        flags.put(others, on=True)
        life.outside.workloads[o.CART].flags["v2"] = str(others)
        life.outside.release("v2")
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)
        stepping = life.daemon.stepping
        stepping._commanded, stepping._open = dict(stepping._open), {}  # as of a watch that has ended
        assert life.daemon.flags is not None
        life.daemon.flags.note(flags.standing[others])
        assert stepping.flags[o.CART].on is None


async def test_a_pod_template_names_no_flag_of_another_namespace(thresholds: Path) -> None:
    async with tied(thresholds) as (life, flags):
        configure(
            thresholds, TIED.replace("{kind: webhook, url: 'https://flags.test', secretFile: s}", "{kind: openfeature}")
        )
        await life.until(lambda: life.outside.log_of("config_reloaded"), within=10.0)
        own, others = Flag("own", "new-cart", "shop/flags"), Flag("own", "new-cart", "payments/flags")
        for each in (own, others):
            flags.put(each, on=True)
        life.outside.workloads[o.CART].flags["v2"] = str(others)
        life.outside.workloads[SEARCH].flags["v2"] = str(own)
        life.outside.release("v2")
        life.outside.release("v2", workload=SEARCH)
        await life.until(lambda: len(life.daemon.stepping.flags) == 2, within=10.0)
        assert life.daemon.stepping.flags[SEARCH].on
        refused = life.daemon.stepping.flags[o.CART]
        assert (refused.on, refused.problem) == (
            None,
            "it is a FeatureFlag of namespace payments; a pod template of shop may name those of its own only",
        )
