"""An incident that the daemon has decided on is recorded with what is left of it, and judged again as it was."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.harness.daemon import PROGRAM
from tests.e2e.harness.permissions import READER

GOOD, BAD = "shop/cart:1.9", "shop/cart:1.10-err20"
BEFORE = 3.0  # seconds between the beginning of the recording and that of the release
POLL = 1.0  # seconds; pods are scraped every second
READ_LAG = 3.0  # seconds that a scrape may take; the replay reckons with one


@alongside
def test_a_recorded_incident_is_judged_as_it_was(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1.8")
    watcher.start()
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    cart.release(BAD)
    decision = watcher.restores(cart)
    began = watcher.watches(cart, BAD)["began"]
    directory = watcher.store.parent / "cart-1.10"

    started = time.monotonic()
    said = record(control_plane, watcher, cart, directory, began - BEFORE)
    took = time.monotonic() - started

    (row,) = replay(directory)
    assert (row["workload"], row["revision"]) == (cart.workload, decision["revision"])
    assert (row["verdict"], row["action"], row["mode"], row["rung"]) == ("breach", "roll_back", "act", "undo")
    assert row["target"] == decision["target"]["revision"]
    assert row["check"] == "errors"
    assert abs(row["at"] - decision["decided_at"]) <= POLL + READ_LAG
    assert f"the return of revision {row['target']}, which watcher itself brought about" in said
    assert control_plane.url not in "".join(each.read_text() for each in directory.glob("*.yaml"))
    measured(
        f"recorded in {took:.1f} s and replayed: decided {row['at'] - decision['decided_at']:+.1f} s from the daemon"
    )


def record(plane: ControlPlane, daemon: Daemon, service: Service, directory: Path, begin: float) -> str:
    """Record from `begin` on until now, with no more than the right to read; returns what it said was derived."""
    files = [f"--config={daemon.config}", f"--store={daemon.store}", f"--kubeconfig={plane.kubeconfig(READER)}"]
    period = [f"--from={begin}", f"--to={time.time()}"]
    return run("record", service.workload, str(directory), *files, *period).stderr


def replay(directory: Path) -> list[Json]:
    return [json.loads(line) for line in run("replay", str(directory), "-o", "json").stdout.splitlines()]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done
