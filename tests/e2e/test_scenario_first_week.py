"""The first week, in short: installed with the chart in observe mode, told of what would have been undone, reported.

As the README's quick start says: `helm template | kubectl apply`, with the daemon's process in place of the pod.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Installed, Shop, alongside, thresholds
from tests.e2e.harness.daemon import PROGRAM
from tests.e2e.harness.receiver import Receiver

GOOD, BAD, FIXED = "shop/cart:2", "shop/cart:3-err20", "shop/cart:4"
SECRET = "a secret of the scenario"


@alongside
def test_from_nothing_to_a_notification_and_a_report(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus, measured: Callable[[str], None]
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    secret = installed.directory / "hook-secret"
    secret.write_text(SECRET)
    with Receiver(SECRET) as receiver:
        begun = time.time()
        hook = {"hook": {"webhook": {"url": receiver.url, "secretFile": str(secret)}}}
        observing = thresholds(prometheus.url, shop.namespace, mode="observe") | {"notifications": hook}
        installed.render({"thresholds": observing})
        installed.apply()
        installed.equip(pod)
        pod.start()
        ready = time.time()

        cart.release(GOOD)
        pod.passes(cart, GOOD)
        released = time.time()
        cart.release(BAD)
        told_at, event = eventually(lambda: receiver.told("would_roll_back")[-1:], 120, "the webhook is told")[0]
        decision = pod.decisions(cart)[0]
        tells_what_to_do(event, decision)
        cart.release(FIXED)
        pod.passes(cart, FIXED)
        assert cart.image == FIXED
        assert receiver.refused == []

    found = report(pod)
    (row,) = found["rollbacks"]
    assert (row["decision"], row["done"]) == (decision["id"], False)
    assert found["coverage"]["matched"] == 1
    assert decision["id"] in report_as_markdown(pod)
    measured(
        f"first week: from nothing to ready {ready - begun:.1f} s, from the bad release to the notification "
        f"{told_at - released:.1f} s, from nothing to the notification {told_at - begun:.1f} s"
    )


def tells_what_to_do(event: Json, decision: Json) -> None:
    """The message names the release, that nothing was done, and the command that does it."""
    data = event["data"]
    assert event["type"] == "dev.watcher.decision.v1"
    assert data["decision"]["id"] == decision["id"]
    assert data["title"].startswith("Would have rolled back")
    assert "nothing was done" in data["text"]
    assert "rollout undo" in data["text"]
    assert BAD in data["text"]


def report(pod: Daemon) -> Json:
    """`watcher report -o json`."""
    found: Json = json.loads(_run("report", "--since", "1h", "-o", "json", "--server", pod.url))
    return found


def report_as_markdown(pod: Daemon) -> str:
    """`watcher report -o markdown`."""
    return _run("report", "--since", "1h", "-o", "markdown", "--server", pod.url)


def _run(*arguments: str) -> str:
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
