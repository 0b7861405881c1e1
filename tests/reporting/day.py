"""A day of the daemon in observe mode, in virtual time; `python -m tests.reporting.day` writes examples/report.md anew.

The daemon is the real one, as `watcher run` wires it.  The cluster, its controllers, the traffic and the people are the
simulated ones of the daemon's tests.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import looptime

from tests.daemon.life import THRESHOLDS, Life
from tests.daemon.outside import DAY, START, Controlled, Outside
from watcher.core.model import PodCount, Revision, Workload, WorkloadView
from watcher.core.words import Kind
from watcher.ports import Commit, DecisionRow, Label
from watcher.reporting.compiling import Span
from watcher.reporting.markdown import markdown
from watcher.reporting.reading import report_from
from watcher.reporting.report import Report

PAGE = Path(__file__).parents[2] / "examples" / "report.md"
HOUR, MINUTE = 3600.0, 60.0
LENGTH = 24 * HOUR

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
SEARCH = Workload(Kind.DEPLOYMENT, "shop", "search")
PAY = Workload(Kind.DEPLOYMENT, "shop", "pay")
STOCK = Workload(Kind.STATEFUL_SET, "shop", "stock")
EXPORT = Workload(Kind.DEPLOYMENT, "shop", "export")
BATCH = Workload(Kind.DEPLOYMENT, "batch", "invoices")

MADE_FROM = """## What this was made from

A simulated day, not a real cluster: the daemon is the real one in observe mode, its judge, guards, ladder and decision
log included, driven for 24 hours of virtual time. Cluster, controllers and traffic are those of its tests: six
workloads, five of them with 40 requests a second and one with none, releases of which some fail a fixed share of their
requests, an outage of Prometheus, and people who go back or fix forward after a fixed time and label two of the
decisions. So it shows the form of a report and how the figures hang together. It says nothing of how well watcher
judges your services. To write it anew: `python -m tests.reporting.day`.
"""


class House(Controlled):
    """A simulated workload whose images bear its name."""

    def view(self, now: float) -> WorkloadView:
        seen = super().view(now)
        return replace(seen, revisions=tuple(replace(each, images=(_image(each),)) for each in seen.revisions))


def _image(revision: Revision) -> str:
    return f"shop/{revision.name.removeprefix('hash-').replace('-', ':')}"


class Town(Outside):
    """The simulated cluster, with one workload that nobody asks anything."""

    def settle(self, workload: Workload) -> None:
        """A workload that has run its first version for a day."""
        house = House(workload, f"uid-{workload.name}")
        house.apply(f"{workload.name}-1", self.clock.now() - DAY)
        house.settle(self.clock.now() - DAY)
        self.workloads[workload] = house

    def _counts(self, controlled: Controlled, start: float) -> Iterator[PodCount]:
        return iter(()) if controlled.workload == EXPORT else super()._counts(controlled, start)


@dataclass
class Day:
    """What people do in the course of a day; times are hours after its begin."""

    life: Life
    town: Town
    done: list[asyncio.Task[None]] = field(default_factory=list)

    def plan(self) -> None:
        """Everything that will happen."""
        for number, hour in enumerate((1.5, 4.0, 7.5, 11.0, 15.0), start=2):
            self.release(hour, SEARCH, f"search-{number}", errors=0.001)
            self.release(hour + 0.6, CART, f"cart-{number}")
        self.release(17.0, CART, "cart-7", errors=0.2)
        self.release(17.0 + 16 / 60, CART, "cart-6")
        self.release(20.0, CART, "cart-8", errors=0.06)
        self.release(20.0 + 38 / 60, CART, "cart-9")
        self.release(18.0, SEARCH, "search-7", errors=0.004)
        self.release(18.8, SEARCH, "search-6")
        for number, hour in enumerate((2.0, 6.0, 13.0), start=2):
            self.release(hour, EXPORT, f"export-{number}")
            self.release(hour + 0.3, STOCK, f"stock-{number}")
        self.release(9.0, PAY, "pay-2", errors=0.3)
        self.release(9.0 + 9 / 60, PAY, "pay-1")
        self.later(8.9, self.hold)
        self.later(13.315, self.blind, "connection refused")
        self.later(13.315 + 11 / 60, self.blind, "")

    def release(self, hour: float, workload: Workload, template: str, errors: float = 0.0) -> None:
        """Somebody releases this."""
        self.later(hour, self._release, workload, template, errors)

    def later(self, hour: float, do: object, *arguments: object) -> None:
        """Do this then."""
        assert callable(do)
        asyncio.get_running_loop().call_later(hour * HOUR, do, *arguments)

    def hold(self) -> None:
        """Somebody holds a workload."""
        self.town.workloads[PAY].hold = "migration of the ledger until noon"
        self.town.notify(PAY)

    def blind(self, why: str) -> None:
        """Prometheus goes away, or comes back."""
        self.town.blind = why

    def label(self) -> None:
        """Somebody says of what would have been undone whether that was right."""
        first: dict[str, DecisionRow] = {}
        for each in self.town.store.decided(0.0):
            if each.action == "roll_back":
                first.setdefault(each.release, each)
        labels = [
            Label(each.id, "right", "ada", each.at + HOUR, note)
            for each, note in zip(first.values(), ("", "broken client library"), strict=False)
        ]
        self.town.store.commit(Commit(labels=tuple(labels)))

    def _release(self, workload: Workload, template: str, errors: float) -> None:
        self.town.release(template, errors, workload)


def lived() -> Report:
    """The day, and the report on it."""
    loop = looptime.new_event_loop(noop_cycles=2)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(_live())


async def _live() -> Report:
    town = Town()
    for workload in (CART, SEARCH, PAY, STOCK, EXPORT, BATCH):
        town.settle(workload)
    with tempfile.TemporaryDirectory() as directory:
        thresholds = Path(directory) / "thresholds.yaml"
        thresholds.write_text(THRESHOLDS.replace("mode: act", "mode: observe"))
        living = asyncio.create_task(town.live())
        life = await Life.begin(town, thresholds)
        day = Day(life, town)
        day.plan()
        await asyncio.sleep(LENGTH)
        day.label()
        now = town.clock.now()
        await life.end()
        living.cancel()
    return report_from(town.store, Span(START, now, now))


def written(report: Report) -> str:
    """The page with what it was made from."""
    title, _, rest = markdown(report).partition("\n\n")
    return f"{title}\n\n{MADE_FROM}\n{rest}"


if __name__ == "__main__":
    PAGE.write_text(written(lived()))
